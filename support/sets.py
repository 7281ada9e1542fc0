"""Sets of sequences, Train and Test: what they are, and how they are written.

about.json, the same in both, says what they are, and the hash of each. It is invalid
from before the old files go until all new ones are there: so train.py reports a set
that a full disk or a killed script has left, and the next command replaces it.
"""

import hashlib
import json
from pathlib import Path

from support.console import DataError, printable
from support.files import (
    CLASSES_FILE,
    IDS_FILE,
    PACKED,
    data_files,
    disk_errors,
    sequence_numbers,
)

import numpy as np

MOST_FILES = 20_000  # sequences in files of their own; more are packed


def set_files(folder):
    """Return the names of all files of the set in folder, but about.json."""
    texts = [x for x in (CLASSES_FILE, IDS_FILE) if Path(folder, x).exists()]
    return data_files(folder) + texts


def hash_set(folder):
    """Return a text that changes when a file of the set does, and stays in a copy."""
    digest = hashlib.sha256()
    for name in set_files(folder):
        with open(f'{folder}/{name}', 'rb') as file:
            content = hashlib.file_digest(file, 'sha256').hexdigest()
        digest.update(f'{name} {content}'.encode())
    return digest.hexdigest()[:16]


def read_about(folder):
    """Return what the set in folder says of itself; {} if it says nothing."""
    try:
        about = json.loads(Path(folder, 'about.json').read_text('utf-8'))
        return about if folder in about['hashes'] else {}
    except (OSError, ValueError, TypeError, LookupError):
        return {}


def read_hashes():
    """Return the hashes of Train and of Test, which change if they are replaced."""
    return [read_about(folder).get('hashes') for folder in ('Train', 'Test')]


def is_changed(folder, about):
    """Return whether a file of the set in folder is not as about, its own, says."""
    return bool(about) and about['hashes'][folder] != hash_set(folder)


def describe_sets(N_train, N_test, hashes=None):
    """Return what run.json says of N_train sequences of Train and N_test of Test.

    That is a line of text, the command that makes both as they are, or None, and what
    import_data.py noted of its table, or None. Raises DataError if they were replaced
    since read_hashes returned the hashes.
    """
    if hashes not in (None, read_hashes()):
        raise DataError('Train or Test was replaced while it was read: run this again')
    train, test = map(read_about, ('Train', 'Test'))
    origin, command = '', None
    if train != test:
        origin = '; Train and Test do not belong together: make them again'
    elif is_changed('Train', train) or is_changed('Test', test):
        origin = f', changed since they were made ({train["command"]})'
    elif train:
        origin, command = f', {train["what"]}', train['command']
    of_train, of_test = (len(sequence_numbers(x)) for x in ('Train', 'Test'))
    line = f'{N_train} of {of_train} + {N_test} of {of_test} sequences{origin}'
    facts = {'data': printable(line), 'data_command': command}
    return facts | {'table': train.get('table')}


def are_one_quantity(names):
    """Return whether names of columns are one with numbers, as of a sequence: f0, f1.

    If not, such as period and amplitude, each column is a quantity of its own.
    """
    return len({name.rstrip('.0123456789') for name in names}) == 1


def find_extent(X, table=None):
    """Return what run.json says of the range of the training sequences X (n, N).

    That is the smallest value, low, and the largest, high, of each column if these are
    quantities of their own in the table of import_data.py, or some hold one value
    alone; else of all.
    """
    X = X.reshape(len(X), -1)
    low, high = X.min(axis=0).astype('f4'), X.max(axis=0).astype('f4')
    if not table or table['long'] or are_one_quantity(table['values']):
        varies = low < high
        low[varies], high[varies] = low.min(), high.max()
        if varies.all():
            low, high = low[:1], high[:1]
    return {'low': low.tolist(), 'high': high.tolist()}


def write_arrays(folder, X, Y, packed):
    """Write X (N, n) and Y (N,): into two files, or two of each sequence."""
    if packed:
        np.save(f'{folder}/X.npy', X.astype('<f8', copy=False))
        np.save(f'{folder}/Y.npy', Y.astype('<f8'))
        return
    for i in range(len(X)):
        X[i].astype('<f8').tofile(f'{folder}/X_{i + 1}.dat')
        Y[i].astype('<f8').tofile(f'{folder}/Y_{i + 1}.dat')


@disk_errors('Train and Test')
def write_sets(sets, about, overwrite=False, class_names=(), ids=None, packed=False):
    """Write new sets in place of the old ones; what else is in their folders stays.

    sets is {folder: (X, Y)}, the sequences (N, n) and their classes (N,). about is a
    dict that says what they are: script, command, what, and more. class_names, in
    order, and ids, {folder: N names of objects}, go with them. Returns False if the
    folders hold these sets already, unless overwrite; else True. Raises DataError if
    they hold others, without overwrite, or can't be written.
    """
    about = json.loads(json.dumps({**about, 'class_names': list(class_names)}))
    unfinished = about | {'hashes': dict.fromkeys(sets, 'not whole')}
    if not overwrite:
        found = {folder: read_about(folder) for folder in sets}
        changed = {folder: is_changed(folder, found[folder]) for folder in sets}
        same = all(
            old | {'hashes': 0} == about | {'hashes': 0} for old in found.values()
        )
        if same and not any(changed.values()):
            return False
        for folder, old in found.items():
            is_ours = old.get('script') == about['script'] == 'generate_data.py'
            # Another task of a job array may be writing the same.
            may_replace = old == unfinished or (is_ours and not changed[folder])
            if data_files(folder) and not may_replace:
                raise DataError(
                    'Train and Test already hold sequences that this command has not'
                    ' made: add --overwrite to replace them'
                )
    N = sum(len(Y) for _, Y in sets.values())
    if N > MOST_FILES and not packed:
        print(f'Packed, as {2 * N:,} files are too many for most disks')
        packed = True
    write_about(unfinished)
    for folder, (X, Y) in sets.items():
        texts = {CLASSES_FILE: class_names, IDS_FILE: ids[folder] if ids else ()}
        texts = {name: lines for name, lines in texts.items() if len(lines)}
        IDs = range(1, len(X) + 1)
        names = PACKED if packed else [f'{x}_{ID}.dat' for x in 'XY' for ID in IDs]
        for name in {*set_files(folder)} - {*names, *texts}:
            Path(folder, name).unlink(missing_ok=True)
        for name, lines in texts.items():
            Path(folder, name).write_text('\n'.join([*lines, '']), 'utf-8')
        write_arrays(folder, X, Y, packed)
    write_about(about | {'hashes': {folder: hash_set(folder) for folder in sets}})
    return True


def write_about(about):
    """Write what the sets are into the folders of both."""
    for folder in about['hashes']:
        Path(folder).mkdir(exist_ok=True)
        Path(folder, 'about.json').write_text(json.dumps(about, indent=1), 'utf-8')


def write_generated(train, test, args):
    """Write the sets (X, Y) of generate_data.py, made with args, and say so."""
    sets = {'Train': train, 'Test': test}
    options = {'class_names': args.class_names, 'packed': args.packed}
    if write_sets(sets, args.about, args.overwrite, **options):
        print(f'Wrote {args.N_train} sequences to Train and {args.N_test} to Test.')
    else:
        print('Train and Test hold exactly these sequences already.')
