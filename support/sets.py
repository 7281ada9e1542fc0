"""Sets of sequences, Train and Test: what they are, and how they are written.

A full disk leaves the old sets. A script that is killed leaves the old ones, the new
ones, or what train.py reports as changed or as not belonging together.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

from support.console import DataError, printable, progress
from support.files import (
    ABOUT_FILE,
    CLASSES_FILE,
    FILE_NAME,
    IDS_FILE,
    PACKED,
    disk_errors,
    last_written,
    read_lines,
    sequence_numbers,
)

import numpy as np

MOST_SEQUENCES = 20_000  # in Train and Test, unless they are packed


def data_files(folder):
    """Return the names of the files in folder that hold sequences; [] without it."""
    names = os.listdir(folder) if os.path.isdir(folder) else ()
    return sorted(name for name in names if FILE_NAME.fullmatch(name) or name in PACKED)


def hash_set(folder):
    """Return a text that changes when a file of the set is changed, added or removed.

    It stays if the set is copied. Of many files 2,000 are read, spread over all, and of
    a large file as many pieces.
    """
    names = data_files(folder)
    texts = [*names, *read_lines(folder, CLASSES_FILE)]
    digest = hashlib.sha256(' '.join(texts).encode())
    for path in (f'{folder}/{name}' for name in names[:: len(names) // 2000 + 1]):
        size = os.path.getsize(path)
        with open(path, 'rb') as file:
            for start in range(0, size, 1024 + size // 2000):
                file.seek(start)
                digest.update(file.read(1024))
    return digest.hexdigest()[:16]


def read_metadata(folder):
    """Return what the set in folder says of itself, and whether it was changed since.

    {} stands for a set that says nothing, such as those of 2018.
    """
    try:
        about = json.loads(Path(folder, ABOUT_FILE).read_text('utf-8'))
        return about, about['hashes'][folder] != hash_set(folder)
    except (OSError, ValueError, TypeError, LookupError):
        return {}, False


def when_written():
    """Return when Train and Test were written; this changes if they are replaced."""
    return last_written('Train'), last_written('Test')


def describe_sets(N_train, N_test, written=None):
    """Return what run.json says of N_train sequences of Train and N_test of Test.

    That is a line of text, the command that makes both sets as they are, or None, and
    what import_data.py has noted of its table, or None. written is what when_written
    returned before they were read. Raises DataError if they can't be used together.
    """
    (train, train_changed), (test, test_changed) = map(read_metadata, ('Train', 'Test'))
    if written not in (None, when_written()):
        raise DataError('Train or Test was replaced while it was read: run this again')
    if train and test and train['class_names'] != test['class_names']:
        raise DataError(
            'Train and Test are of different classes: make both again, with one command'
        )
    origin, command = '', None
    if train != test:
        origin = '; Train and Test do not belong together: make them again'
    elif train_changed or test_changed:
        origin = f', changed since they were made ({train["command"]})'
    elif train:
        origin, command = f', {train["what"]}', train['command']
    of_train, of_test = (len(sequence_numbers(x)) for x in ('Train', 'Test'))
    data = f'{N_train} of {of_train} + {N_test} of {of_test} sequences{origin}'
    data, table = printable(data), train.get('table')
    return {'data': data, 'data_command': command, 'table': table}


def check_count(N, command):
    """Raise DataError if N sequences are too many for files of their own."""
    if N > MOST_SEQUENCES:
        raise DataError(
            f'{N:,} sequences would be {2 * N:,} files, too many for most disks: put'
            f' them into four with  {command} --packed'
        )


def write_files(folder, sequences):
    """Write each sequence, (ID, (x, y)), into two files, X_ID.dat and Y_ID.dat."""
    for ID, (x, y) in sequences:
        Path(folder, f'X_{ID}.dat').write_bytes(np.asarray(x, '<f8').tobytes())
        Path(folder, f'Y_{ID}.dat').write_bytes(np.asarray(y, '<f8').tobytes())


def write_packed(folder, sequences, N):
    """Write all N sequences into two files, X.npy, float64 (N, n), and Y.npy (N,)."""
    X_file, Y_file = (open(f'{folder}/{name}', 'wb') for name in PACKED)
    with X_file, Y_file:
        for ID, (x, y) in sequences:
            for file, row, shape in (X_file, x, (N, len(x))), (Y_file, y, (N,)):
                if ID == 1:
                    header = {'descr': '<f8', 'fortran_order': False, 'shape': shape}
                    np.lib.format.write_array_header_1_0(file, header)
                file.write(np.asarray(row, '<f8').tobytes())


def move_set(new, folder):
    """Move a new set into folder, in place of the one there; all else there stays.

    about.json goes first: until all is moved, the hash in it is that of another set.
    The old sequences go before the new ones come, so that they are never mixed.
    """
    os.replace(f'{new}/{ABOUT_FILE}', f'{folder}/{ABOUT_FILE}')
    for name in (*data_files(folder), CLASSES_FILE, IDS_FILE):
        Path(folder, name).unlink(missing_ok=True)
    for name in os.listdir(new):
        os.replace(f'{new}/{name}', f'{folder}/{name}')
    os.utime(f'{folder}/{ABOUT_FILE}')  # see when_written


def make_folder(folder):
    """Make a folder, unless it is there; remove what dead scripts began in it."""
    Path(folder).mkdir(exist_ok=True)
    for new in Path(folder).glob('.new-*'):
        if time.time() - new.stat().st_mtime > 24 * 3600:
            shutil.rmtree(new, ignore_errors=True)


def is_replaceable(folder, script):
    """Return whether generate_data.py has made what folder holds, and does so again."""
    about, changed = read_metadata(folder)
    is_ours = script == about.get('script') == 'generate_data.py' and not changed
    return is_ours or not data_files(folder)


def write_sets(sets, about, overwrite=False, class_names=(), ids=None, packed=False):
    """Write new sets, each inside its folder, and then put them in place of the old.

    sets is {folder: (N, sequences)}, with N pairs of x, the values of a sequence (n,),
    and y, its class. about is a dict that says what they are: script, command, what,
    and more. class_names, in order, and ids, {folder: N names of objects}, go with
    them. packed puts the sequences of each folder into two files.
    Returns whether it has written them: False if the folders hold these sets already.
    overwrite writes them anyhow. Raises DataError if the folders hold others, without
    overwrite, or can't be written.
    """
    about = json.loads(json.dumps({**about, 'class_names': list(class_names)}))
    if not packed:
        command = about['command'] + ' --overwrite' * overwrite
        check_count(sum(N for N, _ in sets.values()), command)
    found = [read_metadata(folder) for folder in sets]
    is_there = [there | about == there and not changed for there, changed in found]
    if all(is_there) and not overwrite:
        return False
    if not overwrite and not all(is_replaceable(x, about['script']) for x in sets):
        raise DataError(
            'Train and Test already hold sequences that this command has not made:'
            ' add --overwrite to replace them'
        )
    new = {}
    with disk_errors('Train and Test'), contextlib.ExitStack() as stack:
        for folder, (N, sequences) in sets.items():
            make_folder(folder)
            path = tempfile.TemporaryDirectory(prefix='.new-', dir=folder)
            new[folder] = stack.enter_context(path)
            IDs = progress(range(1, N + 1), f'Writing {N} sequences')
            pairs = zip(IDs, sequences, strict=True)
            if packed:
                write_packed(new[folder], pairs, N)
            else:
                write_files(new[folder], pairs)
            texts = {CLASSES_FILE: class_names, IDS_FILE: ids[folder] if ids else ()}
            for name, lines in texts.items():
                if len(lines):
                    text = '\n'.join(lines) + '\n'
                    Path(new[folder], name).write_text(text, 'utf-8')
        about['hashes'] = {folder: hash_set(path) for folder, path in new.items()}
        for path in new.values():
            Path(path, ABOUT_FILE).write_text(json.dumps(about, indent=1), 'utf-8')
        for folder, path in new.items():
            move_set(path, folder)
    return True
