"""The files of a set of sequences, and files that are written whole or not at all."""

import contextlib
import functools
import os
import platform
import re
from pathlib import Path

from support.console import DataError, printable

import numpy as np

CLASSES_FILE = 'classes.txt'  # the names of the classes, a line each, class 0 first
IDS_FILE = 'ids.txt'  # the names of the objects that the sequences are of, X_1 first
ABOUT_FILE = 'about.json'  # what a set is and how it was made
FILE_NAME = re.compile(r'[XY]_([1-9][0-9]{0,9})\.dat')
PACKED = 'X.npy', 'Y.npy'  # in a packed set, X_1.dat is row 0 of X.npy


def sequence_numbers(folder):
    """Return the numbers of the sequences in folder: the i of X_i.dat or Y_i.dat."""
    if arrays := load_packed(folder):
        return range(1, 1 + len(arrays[0]))
    names = os.listdir(folder) if os.path.isdir(folder) else ()
    return {int(match[1]) for match in map(FILE_NAME.fullmatch, names) if match}


def last_written(folder):
    """Return when the set in folder was written, in ns; None without one."""
    for name in ABOUT_FILE, PACKED[0], 'X_1.dat':
        with contextlib.suppress(OSError):
            return os.stat(f'{folder}/{name}').st_mtime_ns
    return None


def load_packed(folder):
    """Return X (N, n) and Y (N,) of a packed set, mapped: read where they are used.

    None if the set is not packed. Raises DataError if they are not a set.
    """
    path = f'{folder}/{PACKED[0]}'
    if not os.path.exists(path):
        return None
    return map_arrays(folder, os.stat(path).st_mtime_ns)


@functools.lru_cache(4)
def map_arrays(folder, version):
    """Do what load_packed does, once for each version of the files."""
    both = f'{folder}/X.npy and Y.npy'
    try:  # allow_pickle=False: a pickle could run code of its own
        X, Y = (np.load(f'{folder}/{x}', 'r', allow_pickle=False) for x in PACKED)
        are_numbers = {X.dtype.kind, Y.dtype.kind} <= set('fiub')
    except Exception as error:  # of many kinds, according to what is wrong
        raise DataError(f'{both} cannot be read ({error}): write them again') from None
    if not are_numbers or X.ndim != 2 or X.shape[:1] != Y.shape:
        found = f'{X.dtype} {X.shape} and {Y.dtype} {Y.shape}'
        raise DataError(f'{both} must be numbers (N, n) and (N,), not {found}')
    if any(map(FILE_NAME.fullmatch, os.listdir(folder))):
        raise DataError(f'{folder} holds X.npy and X_i.dat: move either elsewhere')
    return X, Y


def read_lines(folder, name):
    """Return the lines of a text in folder, such as classes.txt; [] without it."""
    if not Path(folder, name).is_file():
        return []
    return Path(folder, name).read_text('utf-8-sig', errors='replace').splitlines()


def class_name(Y, names=()):
    """Return the name of class Y to show; 'class 2' if names has none."""
    name = printable(names[int(Y)].strip()) if Y < len(names) else ''
    return name or f'class {int(Y)}'


def class_title(Y, names=()):
    """Return 'class 1 (square wave)', or 'class 1' without a name."""
    number, name = class_name(Y), class_name(Y, names)
    return number if name == number else f'{number} ({name})'


def read_array(path):
    """Return what a file of float64, or a row of a packed set, holds; and its place.

    Train/X_5.dat stands for a row where Train is packed: float64 (n,).
    """
    folder, name = os.path.split(path)
    match, arrays = FILE_NAME.fullmatch(name), load_packed(folder or '.')
    if not match or not arrays or int(match[1]) > len(arrays[0]):
        check_file(path)
        return np.fromfile(path, '<f8'), path
    kind, i = name[0], int(match[1]) - 1
    place = os.path.join(folder, f'{kind}.npy, sequence {i + 1} ({kind}[{i}])')
    return np.array(arrays['XY'.index(kind)][i], '<f8', ndmin=1), place


def read_values(path, N=None):
    """Return the N values of a sequence, or all of them: float64 (N,).

    Raises DataError if they are not there, or networks can't compute with them.
    """
    X, place = read_array(path)
    check_values(place, X, N)
    return X


def read_class(path):
    """Return the class in a Y file, a float. Raises DataError if it is not one."""
    Y, place = read_array(path)
    check_class(place, Y)
    return float(Y[0])


def read_sequence(folder, ID, N):
    """Return the N values of sequence ID in folder, float64 (N,), and its class."""
    return read_values(f'{folder}/X_{ID}.dat', N), read_class(f'{folder}/Y_{ID}.dat')


def read_set(folder, N_files, N):
    """Read sequences 1 to N_files: X, float64 (N_files, N), Y (N_files,)."""
    both = [read_sequence(folder, x + 1, N) for x in range(N_files)]
    X, Y = zip(*both, strict=True)
    return np.array(X), np.array(Y)


def check_file(path):
    """Raise DataError unless path is a file that can be read."""
    if not os.path.isfile(path):
        raise DataError(f'{path} is missing: {hint_for_missing(path)}')
    if not os.access(path, os.R_OK):
        raise DataError(f'{path} cannot be read: get permission from its owner')


def count_values(place, X):
    """Return how many values X has: 1.5, say, if np.fromfile dropped half a one."""
    return os.path.getsize(place) / 8 if os.path.isfile(place) else len(X)


def check_values(place, X, N=None):
    """Raise DataError unless X, read at a place, are N numbers for a network, or some.

    Networks compute in float32, which holds sizes from 1e-38 to 3e38. A file of
    integers or of text, misread as float64, is mostly outside; and so is NaN.
    """
    N_found = count_values(place, X)
    if N_found != (N or max(1, len(X))):
        other = f', or ask for that length with --N_sequence {len(X)}'
        raise DataError(
            f'{place} holds {N_found:.9g} values of float64, not {N or max(1, len(X))}:'
            f' write it again{other if N_found % 1 == 0 else ""}'
        )
    size = np.abs(X).max()
    if not (size == 0 or 1.2e-38 < size < 3.4e38):
        found = f'a value of size {size:.3g}' if size < np.inf else 'NaN or infinity'
        raise DataError(
            f'{place} holds {found}: write it again, as finite values of float64, from'
            ' 1e-38 to 3e38 (is it text, or of another type?)'
        )


def check_class(place, Y):
    """Raise DataError unless Y, read at a place, is the number of a class: (1,)."""
    N = count_values(place, Y)
    if N != 1 or not 0 <= Y[0] < 1e6 or Y[0] % 1:
        found = f'{Y[0]:g}' if N == 1 else f'{N:g} values'
        needed = 'but a class is a whole number from 0, as float64'
        raise DataError(f'{place} holds {found}, {needed}')


def hint_for_missing(path):
    """Return what to do if the file path is missing."""
    folder, name = os.path.split(path)
    match, numbers = FILE_NAME.fullmatch(name), sequence_numbers(folder or '.')
    make = 'python generate_data.py'
    if name == 'X_0.dat':
        return 'the sequences are numbered from 1, so read x+1'
    if not match or not folder:
        return 'check its name and folder'
    if not numbers:
        none = f'{os.path.abspath(folder)} holds no sequences yet'
        return f'{none}: make them with {make}, or bring your own with import_data.py'
    if int(match[1]) < max(numbers):
        return 'put it back, or make the set again'
    end = f'{folder} ends at number {max(numbers)}, so ask for no more'
    return f'{end}, or make more with {make} N_train N_test'


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
        print(f'Plot: {printable(name)}')
