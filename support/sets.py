"""Sets of sequences: written beside the old ones and renamed, and what they say of themselves.

A full disk, Ctrl-C or a killed job loses nothing: the old set is there, or the new one.
"""

import contextlib
import fcntl
import hashlib
import itertools
import json
import math
import os
import shutil
from collections import Counter

from support.console import DataError, clean, progress
from support.files import (
    CLASSES_FILE,
    FILE_NAME,
    IDS_FILE,
    UNFINISHED,
    beside,
    check_finished,
    check_same,
    open_file,
    sequence_numbers,
)

import numpy as np

from utilities import read_class_names

# Beside the sequences: what they are, by whom they were made, and a fingerprint of their files.
ABOUT = 'about.json'


# ---------------------------------------------------------------- what a set says of itself


def fingerprint(folder):
    """Return a text that changes when a file of the set in folder is changed, added or removed.

    It stays if the set is copied. Of a set of many files, 2,000 are read, spread over all.
    """
    names = sorted(filter(FILE_NAME.fullmatch, os.listdir(folder)))
    found = hashlib.sha256(' '.join([*names, *read_class_names(folder)]).encode())
    for name in names[:: len(names) // 2000 + 1]:
        with open_file(f'{folder}/{name}', buffering=0) as file:
            found.update(file.read())
    return found.hexdigest()[:16]


def read_about(folder):
    """Return what the set in folder says of itself, and whether it has been changed since.

    {} stands for a set that says nothing, such as those of 2018.
    """
    try:
        with open_file(f'{folder}/{ABOUT}', 'r', encoding='utf-8') as file:
            about = json.load(file)
        about['what'], about['command']  # which describe shows
        return about, about.pop('fingerprint') != fingerprint(folder)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}, False


def describe(N_train, N_test):
    """Return in a line what N_train sequences of Train and N_test of Test are."""
    for folder in 'Train', 'Test':
        check_same(folder)
    (train, changed), (test, also) = read_about('Train'), read_about('Test')
    counts = [
        f'{N} of {len(sequence_numbers(folder))}'
        for N, folder in ((N_train, 'Train'), (N_test, 'Test'))
    ]
    line = f'{counts[0]} + {counts[1]} sequences'
    if train.get('class_names') != test.get('class_names') and train and test:
        raise DataError(
            'Train and Test are of different classes: make both anew, with one command'
        )
    if train != test:
        return f'{line}; Train and Test do not belong together: make them again'
    if changed or also:
        return clean(f'{line}, changed since they were made ({train["command"]})')
    return clean(f'{line}, {train["what"]}') if train else line


# ---------------------------------------------------------------- writing


@contextlib.contextmanager
def locked(folders):
    """Keep the folders to this process; the lock ends with it, however it ends.

    Raises DataError if another has them.
    """
    with contextlib.ExitStack() as stack:
        for parent in {os.path.dirname(folder) for folder in folders}:
            lock = os.open(parent, os.O_RDONLY)
            stack.callback(os.close, lock)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DataError(
                    f'another script is writing sets in {parent}: run this again when it has ended'
                ) from None
            except OSError:  # a network disk without locks: then without
                pass
        yield


def copy_others(folder, new):
    """Give new what lies in folder beside its set, such as README.md, where possible as a link."""

    def link(source, target):
        try:
            os.link(source, target, follow_symlinks=False)
        except OSError:  # a disk without such links
            shutil.copy2(source, target, follow_symlinks=False)

    for name in os.listdir(folder):
        source, target = f'{folder}/{name}', f'{new}/{name}'
        if name in (CLASSES_FILE, IDS_FILE, ABOUT, UNFINISHED) or FILE_NAME.fullmatch(
            name
        ):
            continue
        if os.path.isdir(source) and not os.path.islink(source):
            shutil.copytree(source, target, symlinks=True, copy_function=link)
        else:
            link(source, target)


def check_beside(folder):
    """Raise DataError for what put_in_place would remove of folder, or beside it, and must not."""
    new, old = beside(folder)
    unfinished = f'{folder}/{UNFINISHED}'  # by the version before
    for path in folder, new, old, unfinished:
        if os.path.lexists(path) and (os.path.islink(path) or not os.path.isdir(path)):
            raise DataError(
                f'{path} is no real folder, but this script works there: move it away'
            )
    kept = folder if os.path.lexists(folder) else old
    if os.path.exists(f'{new}/{ABOUT}') and not (
        kept == folder and os.path.lexists(old)
    ):
        kept = new
    for left in {folder, new, old, unfinished} - {kept}:
        for name in os.listdir(left) if os.path.lexists(left) else ():
            ours = name in (
                CLASSES_FILE,
                IDS_FILE,
                ABOUT,
                UNFINISHED,
            ) or FILE_NAME.fullmatch(name)
            if not ours and not os.path.lexists(
                f'{kept}/{name}'
            ):  # of which that has a copy
                raise DataError(
                    f'{left} holds {name}, which is of no set: move it away'
                )


def put_in_place(folders):
    """Exchange folders for the new ones beside them, if whole; after a kill, do what is left.

    Raises DataError before the first is renamed, so that Train and Test stay of one kind.
    """
    for folder in folders:
        check_beside(folder)
    for folder in folders:
        new, old = beside(folder)
        if os.path.exists(f'{new}/{ABOUT}'):  # which is written last
            if os.path.lexists(folder) and not os.path.lexists(old):
                os.rename(folder, old)
            if not os.path.lexists(folder):
                os.rename(new, folder)
        elif not os.path.lexists(folder) and os.path.lexists(old):
            os.rename(old, folder)
        for left in new, old:
            if os.path.lexists(left):
                shutil.rmtree(left)


def holds(folder, N, sequences, class_names):
    """Return whether folder holds this set, byte for byte, and no other sequence."""

    def is_file(name, values):
        with open_file(f'{folder}/{name}.dat') as file:
            return file.read() == np.asarray(values, '<f8').tobytes()

    try:
        return (
            sequence_numbers(folder) == set(range(1, N + 1))
            and read_class_names(folder) == list(class_names)
            and all(
                is_file(f'X_{ID}', x) and is_file(f'Y_{ID}', y)
                for ID, (x, y) in enumerate(sequences, 1)
            )
        )
    except (OSError, DataError):
        return False


def made_again(folders, about):
    """Return whether what the folders hold, if anything, is generate_data.py's, and is to be anew.

    What that script has made it can make again.
    """
    for folder in folders:
        check_finished(folder)
        there, changed = read_about(folder)
        again = (
            about['script'] == there.get('script') == 'generate_data.py' and not changed
        )
        if sequence_numbers(folder) and not again:
            return False
    return True


def mark(folder, about):
    """Let the set in folder say what it is."""
    path = f'{folder}/{ABOUT}'
    if os.path.lexists(path):  # a link would lead elsewhere
        os.remove(path)
    with open(path, 'x', encoding='utf-8') as file:
        json.dump({**about, 'fingerprint': fingerprint(folder)}, file, indent=1)


def check_room(sets):
    """Raise DataError if sets, as write_sets takes them, are more than the disk holds."""
    needed = Counter()
    for folder, (N, sequences) in sets.items():
        sequences = iter(sequences)
        first = next(sequences)
        sets[folder] = N, itertools.chain([first], sequences)
        # Disks give space in blocks, mostly of 4 kB.
        blocks = sum(math.ceil(8 * np.size(values) / 4096) for values in first)
        needed[os.path.dirname(os.path.realpath(folder))] += 4096 * N * blocks
    for parent, size in needed.items():
        if size > (free := shutil.disk_usage(parent).free):
            raise DataError(
                f'these sets take {size / 1e9:.2g} GB, but {parent} has {free / 1e9:.2g} GB left:'
                ' make room there, or ask for fewer or shorter sequences'
            )


def write_sets(sets, about, overwrite=False, class_names=(), ids=None):
    """Write new sets, all of them or none; sets is {folder: (N, sequences)}.

    sequences yields N pairs of x, the values of a sequence (n,), and y, its class.
    about is a dict that says what they are: script, command, what, and more for other programs.
    class_names are the names of the classes, in order; they go with the sequences, as do ids,
    {folder: N texts}, the names of the objects that they are of.
    Returns whether it has written them: False if the folders hold exactly these sets already.
    Raises DataError if they hold other sequences (unless overwrite) or can't be written.
    """
    real, sets = {folder: os.path.realpath(folder) for folder in sets}, dict(sets)
    about = json.loads(json.dumps({**about, 'class_names': class_names}))
    try:
        with locked(real.values()):
            put_in_place(real.values())
            for folder, path in real.items():
                if os.path.ismount(path):
                    raise DataError(
                        f'{path} is a disk of its own, which cannot be renamed: let {folder} be a'
                        ' link to a folder on it'
                    )
                others = set(os.listdir(path) if os.path.isdir(path) else ()) - {
                    'README.md'
                }
                if os.path.islink(folder) and others and not sequence_numbers(path):
                    raise DataError(
                        f'{folder} leads to {path}, which holds no sequences, but other files: let'
                        ' it lead to a folder of its own'
                    )
            if all(read_about(folder) == (about, False) for folder in sets):
                return False
            if not overwrite and not made_again(sets, about):
                if all(holds(folder, *sets[folder], class_names) for folder in sets):
                    for folder in sets:  # made before sets had a mark
                        mark(folder, about)
                    return False
                raise DataError(
                    f'{" and ".join(filter(sequence_numbers, sets))} already hold sequences that'
                    ' this command has not made: add --overwrite to replace them'
                )
            check_room(sets)
            try:
                for folder, (N, sequences) in sets.items():
                    texts = {
                        CLASSES_FILE: class_names,
                        IDS_FILE: (ids or {}).get(folder, ()),
                    }
                    write_set(beside(folder)[0], N, sequences, texts)
                    if os.path.isdir(folder):
                        copy_others(folder, beside(folder)[0])
                for folder in sets:
                    mark(beside(folder)[0], about)
            except BaseException:
                for folder in sets:
                    shutil.rmtree(beside(folder)[0], ignore_errors=True)
                raise
            put_in_place(real.values())
    except OSError as error:
        raise DataError(
            f'{error.filename or "a set"}: {error.strerror}; get room, permission to write there,'
            ' or a real folder'
        ) from None
    return True


def write_set(folder, N, sequences, texts):
    """Write a set, and files of the texts {name: lines}, into a new folder; see write_sets."""
    os.makedirs(folder)
    IDs = progress(range(1, N + 1), f'Writing {folder}')
    for ID, (x, y) in zip(IDs, sequences, strict=True):
        for name, values in (('X', x), ('Y', y)):
            with open(f'{folder}/{name}_{ID}.dat', 'wb') as file:
                file.write(np.asarray(values, '<f8').tobytes())
    for name, lines in texts.items():
        if len(lines):
            with open(f'{folder}/{name}', 'w', encoding='utf-8') as file:
                file.write('\n'.join(lines) + '\n')
