"""Sets of sequences: written beside the old ones and renamed; and what they are.

A full disk, Ctrl-C or a kill loses nothing: the old sets are there, or the new ones.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from pathlib import Path

from support.console import DataError, clean, progress
from support.files import (
    ABOUT_FILE,
    CLASSES_FILE,
    FILE_NAME,
    IDS_FILE,
    beside,
    check_same,
    disk_errors,
    read_class_names,
    sequence_numbers,
    whole_file,
)

import numpy as np

# ---------------------------------------------------------------- what a set is


def fingerprint(folder):
    """Return a text that changes when a file of the set is changed, added or removed.

    It stays if the set is copied. Of many files, 2,000 are read, spread over all.
    """
    names = sorted(filter(FILE_NAME.fullmatch, os.listdir(folder)))
    found = hashlib.sha256(' '.join([*names, *read_class_names(folder)]).encode())
    for name in names[:: len(names) // 2000 + 1]:
        found.update(Path(folder, name).read_bytes())
    return found.hexdigest()[:16]


def read_about(folder):
    """Return what the set in folder says of itself, and whether it was changed since.

    {} stands for a set that says nothing, such as those of 2018.
    """
    try:
        about = json.loads(Path(folder, ABOUT_FILE).read_text('utf-8'))
        return about, about.pop('fingerprint') != fingerprint(folder)
    except (OSError, ValueError, KeyError):
        return {}, False


def describe(N_train, N_test):
    """Return what run.json says of N_train sequences of Train and N_test of Test.

    data is a line of text, data_command the command that makes both sets as they are,
    or None, and table what import_data.py has noted of its table, or None.
    """
    check_same('Train')
    check_same('Test')
    (train, changed), (test, also) = read_about('Train'), read_about('Test')
    line = f'{N_train} of {len(sequence_numbers("Train"))} + '
    line += f'{N_test} of {len(sequence_numbers("Test"))} sequences'
    if train and test and train['class_names'] != test['class_names']:
        raise DataError(
            'Train and Test are of different classes: make both again, with one command'
        )
    command = None
    if train != test:
        line += '; Train and Test do not belong together: make them again'
    elif changed or also:
        line += f', changed since they were made ({train["command"]})'
    elif train:
        line += f', {train["what"]}'
        command = train['command']
    table = train.get('table')
    return {'data': clean(line), 'data_command': command, 'table': table}


# ---------------------------------------------------------------- writing


@contextlib.contextmanager
def only_writer():
    """Keep other scripts from writing sets in this folder meanwhile."""
    folder = os.open('.', os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataError(
            'another script is writing sets here: run this again when it has ended'
        ) from None
    except OSError:  # a network disk without locks: then without
        pass
    try:
        yield
    finally:
        os.close(folder)


def put_in_place(folders):
    """Exchange folders for the new sets beside them, if all are whole, and tidy up.

    Begun again after a kill, it does the rest. Files that are not of a set stay.
    """
    # Each says last what it is, and the last of them last of all.
    whole = os.path.exists(f'{beside(folders[-1])[0]}/{ABOUT_FILE}')
    for folder in map(os.path.realpath, folders):
        new, old = beside(folder)
        if whole and os.path.exists(new):
            if os.path.exists(folder):
                os.rename(folder, old)
            os.rename(new, folder)
    for folder in folders:
        new, old = beside(folder)
        for name in os.listdir(old) if os.path.exists(old) else ():
            of_set = name in (CLASSES_FILE, IDS_FILE, ABOUT_FILE)
            of_set = of_set or FILE_NAME.fullmatch(name)
            if not of_set and not os.path.lexists(f'{folder}/{name}'):
                os.rename(f'{old}/{name}', f'{folder}/{name}')
        for left in filter(os.path.exists, (new, old)):
            shutil.rmtree(left)


def write_set(folder, N, sequences, texts):
    """Write a set, and files of the texts {name: lines}, into a new folder."""
    os.makedirs(folder)
    IDs = progress(range(1, N + 1), f'Writing {N} sequences')
    for ID, (x, y) in zip(IDs, sequences, strict=True):
        Path(folder, f'X_{ID}.dat').write_bytes(np.asarray(x, '<f8').tobytes())
        Path(folder, f'Y_{ID}.dat').write_bytes(np.asarray(y, '<f8').tobytes())
    for name, lines in texts.items():
        if len(lines):
            Path(folder, name).write_text('\n'.join(lines) + '\n', 'utf-8')


def may_be_replaced(folder, about):
    """Return whether generate_data.py has made what folder holds, and does so again."""
    there, changed = read_about(folder)
    ours = about['script'] == there.get('script') == 'generate_data.py' and not changed
    return ours or not sequence_numbers(folder)


def write_sets(sets, about, overwrite=False, class_names=(), ids=None):
    """Write new sets, all of them or none; sets is {folder: (N, sequences)}.

    sequences yields N pairs of x, the values of a sequence (n,), and y, its class.
    about is a dict that says what they are: script, command, what, and more.
    class_names, in order, and ids, {folder: N names of objects}, go with the sequences.
    Returns whether it has written them: False if the folders hold these sets already.
    Raises DataError if they hold others (unless overwrite) or can't be written.
    """
    about = json.loads(json.dumps({**about, 'class_names': list(class_names)}))
    new = {folder: beside(folder)[0] for folder in sets}
    with disk_errors('Train and Test'), only_writer():
        put_in_place(list(sets))  # what a kill has left
        if all(read_about(folder) == (about, False) for folder in sets):
            return False
        replaced = [may_be_replaced(folder, about) for folder in sets]
        if not overwrite and not all(replaced):
            raise DataError(
                'Train and Test already hold sequences that this command has not made:'
                ' add --overwrite to replace them'
            )
        try:
            for folder, (N, sequences) in sets.items():
                texts = {CLASSES_FILE: class_names}
                texts[IDS_FILE] = ids[folder] if ids else ()
                write_set(new[folder], N, sequences, texts)
            for folder in new.values():
                mark = {**about, 'fingerprint': fingerprint(folder)}
                with whole_file(f'{folder}/{ABOUT_FILE}') as temporary:
                    Path(temporary).write_text(json.dumps(mark, indent=1), 'utf-8')
        except BaseException:
            for folder in new.values():
                shutil.rmtree(folder, ignore_errors=True)
            raise
        put_in_place(list(sets))
    return True
