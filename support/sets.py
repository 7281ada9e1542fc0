"""Writing sets so that a full disk, Ctrl-C or a killed job loses nothing.

What was there before stays; or, once sets are being exchanged, they are refused until that is done.
"""

import contextlib
import fcntl
import os
import shutil

from support.console import DataError, progress
from support.files import (
    CLASSES_FILE,
    FILE_NAME,
    UNFINISHED,
    check_finished,
    sequence_numbers,
)

import numpy as np

from utilities import read_class_names


def lock(folder):
    """Keep a folder to this process until the file that this returns, a number, is closed.

    It ends with the process, however that ends. Raises DataError if another has the folder.
    """
    lock_file = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock_file)
        raise DataError(
            f'{folder} is being written by another script, or given twice: run this again when that'
            ' has ended'
        ) from None
    except OSError:  # a network disk without locks: then without
        pass
    return lock_file


@contextlib.contextmanager
def exchanged(folders, is_old):
    """Give for each of the folders a folder to fill; then its files replace the old ones.

    The new files are first written into .new inside each, so that a failure there loses nothing.
    Only when all are written does .new become .unfinished, in every folder; then its files are
    moved up, and the other files there with is_old(name) are removed. Who begins to read the files
    then refuses a folder with .unfinished in it.
    Raises DataError if a folder can't be written, or if another script writes there.
    """
    new = [f'{folder}/.new' for folder in folders]
    unfinished = [f'{folder}/{UNFINISHED}' for folder in folders]
    locks = []
    try:
        for folder in folders:
            os.makedirs(folder, exist_ok=True)
            locks.append(lock(folder))
        for path in new:
            shutil.rmtree(path, ignore_errors=True)
            os.mkdir(path)
        yield new
        for path, becomes in zip(new, unfinished, strict=True):
            os.makedirs(becomes, exist_ok=True)
            for name in os.listdir(becomes):  # left by a run that was stopped
                os.remove(f'{becomes}/{name}')
            os.rename(path, becomes)
        for folder, path in zip(folders, unfinished, strict=True):
            names = os.listdir(path)
            for name in {name for name in os.listdir(folder) if is_old(name)} - set(names):
                os.remove(f'{folder}/{name}')
            for name in progress(names, f'Exchanging {folder}'):
                os.replace(f'{path}/{name}', f'{folder}/{name}')
            os.rmdir(path)
    except OSError as error:
        raise DataError(
            f'{error.filename or folders[0]}: {error.strerror};'
            ' get room, permission to write there, or a real folder'
        ) from None
    finally:
        for path in new[: len(locks)]:
            shutil.rmtree(path, ignore_errors=True)
        for lock_file in locks:
            os.close(lock_file)


def holds(folder, N, sequences, class_names):
    """Return whether folder holds this set, byte for byte, and no other sequence."""

    def is_file(name, values):
        with open(f'{folder}/{name}.dat', 'rb') as file:
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


def write_sets(sets, overwrite=False, class_names=()):
    """Write new sets, all of them or none; sets is {folder: (N, sequences)}.

    sequences yields N pairs of x, the values of a sequence (n,), and y, its class.
    class_names are the names of the classes, in order; they go with the sequences.
    Returns whether it has written them: False if the folders hold exactly these sets already.
    Raises DataError if they hold other sequences (unless overwrite) or can't be written.
    """
    if not overwrite:
        for folder in sets:
            check_finished(folder)
        filled = [folder for folder in sets if sequence_numbers(folder)]
        if filled and all(holds(folder, *sets[folder], class_names) for folder in sets):
            return False
        if filled:
            raise DataError(f'{filled[0]} already holds sequences: add --overwrite to replace them')

    def of_a_set(name):
        return name == CLASSES_FILE or FILE_NAME.fullmatch(name)

    with exchanged(list(sets), of_a_set) as new_folders:
        for new, (folder, (N, sequences)) in zip(new_folders, sets.items(), strict=True):
            IDs = progress(range(1, N + 1), f'Writing {folder}')
            for ID, (x, y) in zip(IDs, sequences, strict=True):
                for name, values in (('X', x), ('Y', y)):
                    with open(f'{new}/{name}_{ID}.dat', 'wb') as file:
                        file.write(np.asarray(values, '<f8').tobytes())
            if class_names:
                with open(f'{new}/{CLASSES_FILE}', 'w', encoding='utf-8') as file:
                    file.write('\n'.join(class_names) + '\n')
    return True
