"""Sets of sequences, Train and Test: what they are, and how they are written.

A full disk leaves the old sets, unless Train is a link to it. A script that is killed
leaves the old ones, the new ones, or what train.py reports as changed or as not
belonging together.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

from support.console import DataError, printable, progress
from support.files import (
    CLASSES_FILE,
    IDS_FILE,
    data_files,
    disk_errors,
    last_written,
    read_lines,
    sequence_numbers,
)

import numpy as np


def hash_set(folder):
    """Return a text that changes when a file of the set does, and stays in a copy."""
    names = data_files(folder)
    texts = [*names, *read_lines(folder, CLASSES_FILE), *read_lines(folder, IDS_FILE)]
    digest = hashlib.sha256(' '.join(texts).encode())
    # Of many files 2,000 are read, spread over all, and of a large file as many pieces.
    for path in (f'{folder}/{name}' for name in names[:: len(names) // 2000 + 1]):
        size = os.path.getsize(path)
        with open(path, 'rb') as file:
            for start in range(0, size, 1024 + size // 2000):
                file.seek(start)
                digest.update(file.read(1024))
    return digest.hexdigest()[:16]


def read_metadata(folder):
    """Return what the set in folder says of itself, or {}, and if it was changed."""
    try:
        about = json.loads(Path(folder, 'about.json').read_text('utf-8'))
        return about, about.pop('set_hash') != hash_set(folder)
    except (OSError, ValueError, TypeError, LookupError):
        return {}, False


def when_written():
    """Return when Train and Test were written; this changes if they are replaced."""
    return last_written('Train'), last_written('Test')


def describe_sets(N_train, N_test, written=None):
    """Return what run.json says of N_train sequences of Train and N_test of Test.

    That is a line of text, the command that makes both as they are, or None, and what
    import_data.py noted of its table, or None. Raises DataError if they were replaced
    since when_written returned what is written.
    """
    (train, train_changed), (test, test_changed) = map(read_metadata, ('Train', 'Test'))
    if written not in (None, when_written()):
        raise DataError('Train or Test was replaced while it was read: run this again')
    origin, command = '', None
    if train != test:
        origin = '; Train and Test do not belong together: make them again'
    elif train_changed or test_changed:
        origin = f', changed since they were made ({train["command"]})'
    elif train:
        origin, command = f', {train["what"]}', train['command']
    of_train, of_test = (len(sequence_numbers(x)) for x in ('Train', 'Test'))
    line = f'{N_train} of {of_train} + {N_test} of {of_test} sequences{origin}'
    facts = {'data': printable(line), 'data_command': command}
    return facts | {'table': train.get('table')}


def check_count(N, command):
    """Raise DataError if N sequences are too many for files of their own."""
    if N > 20_000:
        why = f'{N:,} sequences would be {2 * N:,} files, too many for most disks'
        raise DataError(f'{why}: put them into four with  {command} --packed')


def write_files(folder, sequences):
    """Write each sequence, (ID, (x, y)), into two files, X_ID.dat and Y_ID.dat."""
    for ID, (x, y) in sequences:
        np.asarray(x, '<f8').tofile(f'{folder}/X_{ID}.dat')
        np.asarray(y, '<f8').tofile(f'{folder}/Y_{ID}.dat')


def write_packed(folder, sequences, N):
    """Write all N sequences into two files, X.npy, float64 (N, n), and Y.npy (N,)."""
    classes = []
    with open(f'{folder}/X.npy', 'wb') as file:
        for ID, (x, y) in sequences:
            if ID == 1:
                header = {'descr': '<f8', 'fortran_order': False, 'shape': (N, len(x))}
                np.lib.format.write_array_header_1_0(file, header)
            file.write(np.asarray(x, '<f8').tobytes())
            classes.append(y)
    np.save(f'{folder}/Y.npy', np.array(classes, '<f8'))


def move_set(new, folder):
    """Move a new set into folder, in place of the one there; all else there stays.

    Until all is moved, the hash in about.json is that of another set. The old sequences
    go before the new ones come, so that they are never mixed.
    """
    Path(folder).mkdir(exist_ok=True)
    for name in (*data_files(folder), CLASSES_FILE, IDS_FILE):
        Path(folder, name).unlink(missing_ok=True)
    for name in os.listdir(new):
        shutil.move(f'{new}/{name}', f'{folder}/{name}')
    os.utime(f'{folder}/about.json')  # see when_written


@disk_errors('Train and Test')
def write_sets(sets, about, overwrite=False, class_names=(), ids=None, packed=False):
    """Write new sets beside the old ones, then put them in their place.

    sets is {folder: (N, sequences)}, with N pairs of x, the values of a sequence (n,),
    and y, its class. about is a dict that says what they are: script, command, what,
    and more. class_names, in order, and ids, {folder: N names of objects}, go with
    them. Returns False if the folders hold these sets already, unless overwrite; else
    True. Raises DataError if they hold others, without overwrite, or can't be written.
    """
    about = json.loads(json.dumps({**about, 'class_names': list(class_names)}))
    if not packed:
        command = about['command'] + ' --overwrite' * overwrite
        check_count(sum(N for N, _ in sets.values()), command)
    if not overwrite:
        found = {folder: read_metadata(folder) for folder in sets}
        if all(metadata == (about, False) for metadata in found.values()):
            return False
        for folder, (there, is_changed) in found.items():
            is_ours = there.get('script') == about['script'] == 'generate_data.py'
            if data_files(folder) and (is_changed or not is_ours):
                raise DataError(
                    'Train and Test already hold sequences that this command has not'
                    ' made: add --overwrite to replace them'
                )
    for old in Path().glob('.new-sets-*'):  # which killed scripts have left
        if time.time() - old.stat().st_mtime > 24 * 3600:
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix='.new-sets-', dir='.') as new:
        for folder, (N, sequences) in sets.items():
            path = Path(new, folder)
            path.mkdir()
            IDs = progress(range(1, N + 1), f'Writing {N} sequences')
            pairs = zip(IDs, sequences, strict=True)
            if packed:
                write_packed(path, pairs, N)
            else:
                write_files(path, pairs)
            texts = {CLASSES_FILE: class_names, IDS_FILE: ids[folder] if ids else ()}
            for name, lines in texts.items():
                if len(lines):
                    Path(path, name).write_text('\n'.join([*lines, '']), 'utf-8')
            text = json.dumps(about | {'set_hash': hash_set(path)}, indent=1)
            Path(path, 'about.json').write_text(text, 'utf-8')
        for folder in sets:
            move_set(f'{new}/{folder}', folder)
    return True


def write_generated(train, test, args):
    """Write the sets (X, Y) of generate_data.py, made with args, and say so."""
    sets = {'Train': train, 'Test': test}
    sets = {name: (len(X), zip(X, Y, strict=True)) for name, (X, Y) in sets.items()}
    options = {'class_names': args.class_names, 'packed': args.packed}
    if write_sets(sets, args.about, args.overwrite, **options):
        print(f'Wrote {args.N_train} sequences to Train and {args.N_test} to Test.')
    else:
        print('Train and Test hold exactly these sequences already.')
