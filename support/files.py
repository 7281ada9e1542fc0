"""Writing files so that a full disk, Ctrl-C or a killed job loses nothing.

What was there before stays; or, once sets are being exchanged, they are refused until that is done.
"""

import contextlib
import fcntl
import os
import platform
import shutil

from support.console import DataError, progress

# This folder is in one whose files are being exchanged for new ones: some are old and some new.
UNFINISHED = '.unfinished'
# The names of the classes, that of class 0 first, one on each line: beside a set, and in a network.
CLASSES_FILE = 'classes.txt'


@contextlib.contextmanager
def whole_file(path):
    """Give a name to write to; once all is written, that file becomes path.

    If that fails, path stays as it was. Raises DataError if it can't be written.
    """
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f'.{platform.node()}-{os.getpid()}-{name}')
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise DataError(
            f'{path} could not be written ({error.strerror or error}): make room or get permission'
            ' there, then run this again'
        ) from None
    finally:
        with contextlib.suppress(OSError):
            os.remove(temporary)


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
