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


def describe_sets(N_train, N_test, hashes=None):
    """Return what run.json says of N_train sequences of Train and N_test of Test.

    Raises DataError if they were replaced since read_hashes returned the hashes.
    """
    if hashes not in (None, read_hashes()):
        raise DataError('Train or Test was replaced while it was read: run this again')
    train, test = map(read_about, ('Train', 'Test'))
    origin, command = '', None
    if train != test:
        origin = '; Train and Test do not belong together: make them again'
    elif train and train['hashes'] != {x: hash_set(x) for x in train['hashes']}:
        origin = f', changed since they were made ({train["command"]})'
    elif train:
        origin, command = f', {train["what"]}', train['command']
    of_train, of_test = (len(sequence_numbers(x)) for x in ('Train', 'Test'))
    line = f'{N_train} of {of_train} + {N_test} of {of_test} sequences{origin}'
    facts = {'data': printable(line), 'data_command': command}
    return facts | {'table': train.get('table')}


def are_one_quantity(names):
    """Return whether all names of columns are one with numbers: f0, f1, f2."""
    return len({name.rstrip('.0123456789') for name in names}) == 1


def find_extent(X, table=None):
    """Return what run.json says of the range of the training sequences X (n, N).

    That is the smallest value, low, and the largest, high: of all if these are one
    quantity in the table of import_data.py, else of each column.
    """
    X = X.reshape(len(X), -1)
    low, high = X.min(axis=0).astype('f4'), X.max(axis=0).astype('f4')
    if not table or table['long'] or are_one_quantity(table['values']):
        varies = low < high  # what always was the same has an extent of its own
        low[varies], high[varies] = low.min(), high.max()
        if varies.all():
            low, high = low[:1], high[:1]
    return {'low': low.tolist(), 'high': high.tolist()}


@disk_errors('Train and Test')
def write_sets(sets, about, overwrite=False, class_names=(), ids=None, packed=False):
    """Write new sets in place of the old ones; what else is in their folders stays.

    sets is {'Train': (X, Y), 'Test': (X, Y)}, sequences (N, n) and their classes (N,).
    about is a dict that says what they are: script, command, what, and more. The names
    of the classes, in order, and ids, {folder: N names of objects}, go with them. Sets
    that are there already are not written again, unless overwrite. Prints what it did.
    Raises DataError if the folders hold others, without overwrite, or can't be written.
    """
    sets = {x: [np.asarray(y, '<f8', order='C') for y in sets[x]] for x in sets}
    texts = {x: {CLASSES_FILE: [*class_names]} for x in sets}
    for folder, names in (ids or {}).items():
        texts[folder][IDS_FILE] = [*names]
    digest = hashlib.sha256(repr(texts).encode())
    for X, Y in sets.values():
        digest.update(X)
        digest.update(Y)
    about = json.loads(json.dumps(about | {'content': digest.hexdigest()[:16]}))
    unfinished = about | {'hashes': dict.fromkeys(sets, 'not whole')}
    old, other = map(read_about, sets)
    hashes = {} if overwrite else {x: hash_set(x) for x in sets}
    is_whole = old == other and old.get('hashes') == hashes
    if is_whole and old == about | {'hashes': hashes}:
        print('Train and Test hold exactly these sequences already.')
        return
    is_ours = is_whole and old['script'] == about['script'] == 'generate_data.py'
    # Another task of a job array may be writing the same.
    may_replace = overwrite or is_ours or unfinished in (old, other)
    if any(map(data_files, sets)) and not may_replace:
        raise DataError(
            'Train and Test already hold sequences that this command has not made:'
            ' add --overwrite to replace them'
        )
    N_train, N_test = (len(Y) for _, Y in sets.values())
    if (N := N_train + N_test) > MOST_FILES and not packed:
        print(f'Packed, because {2 * N:,} files are too many for most disks.')
        packed = True
    write_about(unfinished)
    for folder, (X, Y) in sets.items():
        IDs = range(1, len(X) + 1)
        names = PACKED if packed else [f'{x}_{ID}.dat' for x in 'XY' for ID in IDs]
        for name in {*set_files(folder)} - {*names, *texts[folder]}:
            Path(folder, name).unlink(missing_ok=True)
        for name, lines in texts[folder].items():
            Path(folder, name).write_text('\n'.join([*lines, '']), 'utf-8')
        for name, values in zip(names, (X, Y) if packed else [*X, *Y], strict=True):
            if packed:
                np.save(f'{folder}/{name}', values)
            else:
                values.tofile(f'{folder}/{name}')
    write_about(about | {'hashes': {folder: hash_set(folder) for folder in sets}})
    print(f'Wrote {N_train} sequences to Train and {N_test} to Test.')


def write_about(about):
    """Write what the sets are into the folders of both."""
    for folder in about['hashes']:
        Path(folder).mkdir(exist_ok=True)
        Path(folder, 'about.json').write_text(json.dumps(about, indent=1), 'utf-8')
