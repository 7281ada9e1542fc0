"""The files of a set of sequences, and files that are written whole or not at all."""

import contextlib
import os
import platform
import re
from pathlib import Path

from support.console import DataError, clean

import numpy as np

# The names of the classes, that of class 0 first, one on each line.
CLASSES_FILE = 'classes.txt'
# The names of the objects that the sequences are of, that of X_1 first.
IDS_FILE = 'ids.txt'
# What a set is and how it was made. It is written last: a new set that has it is whole.
ABOUT_FILE = 'about.json'
FILE_NAME = re.compile(r'[XY]_([1-9][0-9]{0,9})\.dat')
# The folder of the run that this process makes: plot_history draws there.
run_folder = None
# {folder: when the set was written that this process has begun to read}
sets_read = {}


# ---------------------------------------------------------------- a folder of sequences


def sequence_numbers(folder):
    """Return the set of the i for which folder holds an X_i.dat or a Y_i.dat."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise DataError(f'{folder}: {error.strerror}; it must be a folder') from None
    return {int(match[1]) for match in map(FILE_NAME.fullmatch, names) if match}


def last_written(folder):
    """Return when the set in folder was written, in ns; None without one."""
    try:
        return os.stat(os.path.join(folder, 'X_1.dat')).st_mtime_ns
    except OSError:
        return None


def beside(folder):
    """Return where the next set for folder is written, and where the old one waits."""
    parent, name = os.path.split(os.path.realpath(folder))  # Train may be a link
    return os.path.join(parent, f'.{name}.new'), os.path.join(parent, f'.{name}.old')


def check_same(folder):
    """Raise DataError if folder was replaced since this process has first read it.

    Its sequences would be of two sets; or of one more, while it is being replaced.
    """
    path, written = os.path.abspath(folder), last_written(folder)
    if path not in sets_read and os.path.exists(f'{beside(folder)[0]}/{ABOUT_FILE}'):
        raise DataError(
            f'{folder} is being replaced by another script: wait for that to end, or,'
            ' if it was stopped, start it again'
        )
    if written != sets_read.setdefault(path, written):
        del sets_read[path]
        raise DataError(f'{folder} was replaced while it was read: run this again')


def read_lines(path):
    """Return the lines of a small text, such as classes.txt; [] if there is none."""
    if not os.path.isfile(path):
        return []
    return Path(path).read_text('utf-8-sig', errors='replace').splitlines()


def read_ids(folder):
    """Return the names of the objects in folder, that of X_1 first, or []."""
    return read_lines(os.path.join(folder, IDS_FILE))


def read_class_names(folder):
    """Return the names of the classes in folder, that of class 0 first, or []."""
    return read_lines(os.path.join(folder, CLASSES_FILE))


def class_name(Y, names=()):
    """Return the name of class Y to show; 'class 2' if names has none."""
    name = clean(names[int(Y)].strip()) if Y < len(names) else ''
    return name or f'class {int(Y)}'


def class_title(Y, names=()):
    """Return 'class 1 (square wave)', or 'class 1' without a name."""
    number, name = class_name(Y), class_name(Y, names)
    return number if name == number else f'{number} ({name})'


# ---------------------------------------------------------------- reading a file


def check_file(path):
    """Raise DataError unless path is a file that can be read."""
    if not os.path.isfile(path):
        raise DataError(f'{path} is missing: {advice(path)}')
    if not os.access(path, os.R_OK):
        raise DataError(f'{path} cannot be read: get permission from its owner')


def check_size(path, N=None):
    """Raise DataError unless path is a file of N values of float64, or of some."""
    check_same(os.path.dirname(path))
    check_file(path)
    size = os.path.getsize(path) / 8
    N = N or max(1, int(size))
    if size != N:
        remedy = 'write the file again'
        if os.path.basename(path).startswith('X_') and size >= 1 and size % 1 == 0:
            remedy += f', or ask for that length with --N_sequence {size:.0f}'
        raise DataError(f'{path} holds {size:.9g} values of float64, not {N}: {remedy}')


def check_values(path, X):
    """Raise DataError if networks can't compute with the values X (N,) of a file."""
    # Networks compute in float32, which holds sizes from 1e-38 to 3e38. A file of
    # integers or of text, misread as float64, is mostly outside; and so is NaN.
    size = np.abs(X).max()
    if not (size == 0 or 1.2e-38 < size < 3.4e38):
        what = f'a value of size {size:.3g}' if np.isfinite(size) else 'NaN or infinity'
        raise DataError(
            f'{path} holds {what}: write it again, as finite values of float64, of'
            ' sizes from 1e-38 to 3e38 (is it text, or of another type?)'
        )

    is_class = 0 <= X[0] < 1e6 and X[0] == int(X[0])
    if os.path.basename(path).startswith('Y_') and not is_class:
        raise DataError(
            f'{path} holds {X[0]:g}, but a class is a whole number from 0, as float64'
        )


def read_values(path, N=None):
    """Return the N values of a file of float64, or all of them: float64 (N,).

    Raises DataError if they are not there, or networks can't compute with them.
    """
    check_size(path, N)
    X = np.fromfile(path, '<f8')
    check_values(path, X)
    return X


def read_sequence(folder, ID, N):
    """Return the N values of sequence ID in folder, float64 (N,), and its class."""
    X = read_values(f'{folder}/X_{ID}.dat', N)
    return X, read_values(f'{folder}/Y_{ID}.dat', 1)[0]


def read_set(folder, N_files, N):
    """Read sequences 1 to N_files: X, float64 (N_files, N), Y (N_files,)."""
    X, Y = np.empty([N_files, N]), np.empty(N_files)
    for x in range(N_files):
        X[x], Y[x] = read_sequence(folder, x + 1, N)
    return X, Y


def advice(path):
    """Return what to do if the file path is missing."""
    folder, name = os.path.split(path)
    match, numbers = FILE_NAME.fullmatch(name), sequence_numbers(folder or '.')
    if name == 'X_0.dat':
        return 'the sequences are numbered from 1, so read x+1'
    if not match or not folder:
        return 'check its name and folder'
    if not numbers and sequence_numbers('.'):
        return 'you are in a folder of sequences, so leave it first, with cd ..'
    if not numbers:
        return (
            f'{os.path.abspath(folder)} holds no sequences yet: make them with python'
            ' generate_data.py, or bring your own with import_data.py'
        )
    if int(match[1]) < max(numbers):
        return 'put it back, or make the set again'
    return (
        f'{folder} ends at number {max(numbers)}, so ask for no more, or make more with'
        ' python generate_data.py N_train N_test'
    )


# ---------------------------------------------------------------- writing a file


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
    """Give a name to write to; once all is written, that file becomes path."""
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f'.{platform.node()}-{os.getpid()}-{name}')
    try:
        with disk_errors(path):
            yield temporary
            os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            os.remove(temporary)


def save_plot(figure, name, folder=None):
    """Save a figure as a PNG, whole or not at all.

    Prints its name, unless it goes into a run's folder, which save_run lists.
    """
    with whole_file(os.path.join(folder or '', name)) as temporary:
        figure.savefig(temporary, dpi=150, format='png')
    if not folder:
        print(f'Plot: {clean(name)}')
