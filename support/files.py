"""What a folder of sequences holds and what is wrong with its files; files written whole."""

import contextlib
import errno
import os
import platform
import re
import shlex
import stat

from support.console import DataError

# This folder is in one whose files are being exchanged for new ones: some are old and some new.
UNFINISHED = '.unfinished'
# The names of the classes, that of class 0 first, one on each line: beside a set, and in a network.
CLASSES_FILE = 'classes.txt'
# The names of the objects that the sequences are of, if they have names: that of X_1 first.
IDS_FILE = 'ids.txt'
# The folder of the run that this process writes just now: plot_history draws there.
run_folder = None
FILE_NAME = re.compile(r'[XY]_([1-9][0-9]{0,9})\.dat')


# ---------------------------------------------------------------- a folder of sequences


def sequence_numbers(folder):
    """Return the set of the i for which folder holds an X_i.dat or a Y_i.dat."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise DataError(
            f'{folder}: {error.strerror}; it must be a folder that you may read'
        ) from None
    return {int(match[1]) for match in map(FILE_NAME.fullmatch, names) if match}


def check_finished(folder):
    """Raise DataError if a script was stopped while it exchanged the set in folder.

    One of the version before: this one's never leaves half of a set.
    """
    if os.path.exists(f'{folder}/{UNFINISHED}'):
        raise DataError(
            f'{folder} holds an unfinished set: make it again with python generate_data.py'
            ' --overwrite, or with import_data.py if it is your own'
        )


def open_file(path, mode='rb', **options):
    """Open a file to read it, as open does; OSError for what is none, like a folder or a device.

    A FIFO, which another program may write to or not, would else keep us waiting for ever.
    """

    def opener(path, flags):
        return os.open(path, flags | os.O_NONBLOCK)

    file = open(path, mode, opener=opener, **options)
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OSError(errno.EINVAL, 'Is no file', path)


def check_file(path):
    """Raise DataError unless path is a file that can be read."""
    try:
        open_file(path).close()
    except OSError as error:
        raise unreadable(path, error) from None


def read_ids(folder):
    """Return the names of the objects that the sequences in folder are of, X_1's first, or []."""
    try:
        with open_file(f'{folder or "."}/{IDS_FILE}', 'r', encoding='utf-8') as file:
            return file.read().splitlines()
    except (OSError, UnicodeDecodeError):
        return []


# Of each folder the sequence that was read last, and what the set was then.
last_read = {}


def identity(folder):
    """Return what changes when the set in folder is exchanged; None without a set."""
    try:
        first = os.stat(f'{folder}/X_1.dat')
    except OSError:  # whoever reads it says what is wrong
        return None
    return first.st_ino, first.st_mtime_ns


def check_same(folder, ID=None):
    """Raise DataError if folder was exchanged since the sequence before ID was read, or the last.

    Else what is read next, or the names of the classes, would be of another set.
    """
    path, now = os.path.abspath(folder), identity(folder)
    last, then = last_read.get(path, (0, now))
    if then != now and (ID is None or int(ID) == last + 1):
        raise DataError(f'{folder} was written anew while it was read: run this again')
    if ID is not None:
        last_read[path] = int(ID), now


def beside(folder):
    """Return the folders where the next set for folder is written, and where the old one waits."""
    parent, name = os.path.split(os.path.realpath(folder))
    return os.path.join(parent, f'.{name}.new'), os.path.join(parent, f'.{name}.old')


def last_written(folder):
    """Return when the set in folder was written, in ns; None without one."""
    path = f'{folder}/X_1.dat'
    return os.stat(path).st_mtime_ns if os.path.exists(path) else None


def unreadable(path, error):
    """Return the DataError for a file that could not be opened: what is there, and what to do."""
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return DataError(
            f'{path}: {error.strerror}; it must be a file that you may read'
        )
    folder, name = os.path.split(path)
    real, new = os.path.realpath(folder), beside(folder)[0]
    if not os.path.lexists(real) and os.path.isdir(new):
        return DataError(
            f'{folder} is missing, because a script was stopped while it was renamed: type'
            f'  mv {shlex.quote(os.path.relpath(new))} {shlex.quote(os.path.relpath(real))}'
        )
    numbers, match = sequence_numbers(folder or '.'), FILE_NAME.fullmatch(name)
    if name == 'X_0.dat':
        return DataError(
            f'{path} is missing: the sequences are numbered from 1, so read x+1'
        )
    if not match:
        return DataError(f'{path} is missing: check its name and folder')
    if not numbers:
        return DataError(
            f'{os.path.abspath(folder)} holds no sequences yet: make them with'
            ' python generate_data.py, or bring your own with import_data.py'
        )
    N = max(numbers)
    if int(match[1]) <= N:
        return DataError(
            f'{path} is missing from the middle of the set: put it back, or make the set again'
        )
    option = {'Train': f' (--N_train {N})', 'Test': f' (--N_test {N})'}.get(folder, '')
    return DataError(
        f'{path} is missing: {folder} ends at number {N}, so ask for no more{option}, or make more'
        ' with python generate_data.py N_train N_test --overwrite'
    )


def wrong_size(path, N):
    """Return the DataError for a file that does not hold N float64 values."""
    size = os.path.getsize(path)
    if size == 0:
        holds = 'is empty'
    elif size % 8:
        holds = f'has {size} bytes, which is no whole number of float64 values'
    else:
        holds = f'holds {size // 8} value(s)'
    if os.path.basename(path).startswith('Y_'):
        return DataError(
            f'{path} {holds} instead of one class number: write the file again'
        )
    remedy = 'correct the file'
    if size and not size % 8:
        remedy += f', or ask for that length with --N_sequence {size // 8}'
    return DataError(f'{path} {holds} instead of {N} of float64: {remedy}')


# ---------------------------------------------------------------- files written whole


@contextlib.contextmanager
def disk_errors(path):
    """Raise DataError, in one line, for what can't be written in path."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f'{path} could not be written ({error.strerror or error}): make room or get'
            ' permission there, then run this again'
        ) from None


@contextlib.contextmanager
def whole_file(path):
    """Give a name to write to; once all is written, that file becomes path.

    If that fails, path stays as it was. Raises DataError if it can't be written.
    """
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f'.{platform.node()}-{os.getpid()}-{name}')
    try:
        if os.path.lexists(temporary):  # a link would lead elsewhere
            os.remove(temporary)
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
