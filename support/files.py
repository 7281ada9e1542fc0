"""The files of a set of sequences: their names, what is in them, what is wrong."""

import contextlib
import functools
import os
import platform
import re
from pathlib import Path

from support.console import DataError, printable

import numpy as np

CLASSES_FILE = 'classes.txt'  # the names of the classes, a line each, class 0 first
IDS_FILE = 'ids.txt'  # the name of each sequence's object, X_1's first
FILE_NAME = re.compile(r'[XY]_([1-9][0-9]{0,9})\.dat')
PACKED = 'X.npy', 'Y.npy'  # in a packed set, X_1.dat is row 0 of X.npy


def data_files(folder):
    """Return the names of the files in folder that hold sequences; [] without it."""
    names = os.listdir(folder) if os.path.isdir(folder) else ()
    return sorted(name for name in names if FILE_NAME.fullmatch(name) or name in PACKED)


def sequence_numbers(folder):
    """Return the numbers of the sequences in folder: the i of X_i.dat or Y_i.dat."""
    if arrays := load_packed(folder):
        return range(1, 1 + len(arrays[0]))
    return {int(x[2:-4]) for x in data_files(folder) if x not in PACKED}


def load_packed(folder):
    """Return X (N, n) and Y (N,) of a packed set, or None. Raises DataError."""
    path = Path(folder, PACKED[0])
    return map_arrays(folder, path.stat().st_mtime_ns) if path.exists() else None


@functools.lru_cache(4)
def map_arrays(folder, written):
    """Map the arrays of a packed set, once for each version of the files."""
    try:
        X, Y = (np.load(f'{folder}/{name}', 'r') for name in PACKED)
        if X.ndim != 2 or X.shape[:1] != Y.shape or X.dtype.kind not in 'fiub':
            raise ValueError(f'{X.dtype} {X.shape} and {Y.shape}, not (N, n) and (N,)')
    except (OSError, ValueError, EOFError) as error:  # also of a file cut short
        raise DataError(f'{folder}/X.npy and Y.npy cannot be read: {error}') from None
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


def plot_titles(ID, Y, folder):
    """Return the titles of n plots; Y holds the n classes, or None for none."""
    names, titles = read_lines(folder, CLASSES_FILE), []
    for number, y in zip(ID, [None] * len(ID) if Y is None else Y, strict=True):
        title = '' if y is None else f': {class_title(y, names)}'
        titles.append(f'Data Set {printable(number)}{title}'.replace('$', r'\$'))
    return titles


def plot_name(ID, folder):
    """Return the name of the file for plots of sequences: Train_1_2.png."""
    IDs = ID if len(ID) <= 6 else (ID[0], 'to', ID[-1])
    return f'{folder}_{"_".join(map(str, IDs))}.png'


def read_values(path, N=None):
    """Return the N values of a file of float64, or all: float64 (N,). Raises DataError.

    Train/X_5.dat stands for the row X[4] of X.npy where Train is packed. Y_5.dat must
    hold a class.
    """
    folder, name = os.path.split(path)
    match, arrays = FILE_NAME.fullmatch(name), load_packed(folder or '.')
    if match and arrays and int(match[1]) <= len(arrays[0]):
        row = arrays['XY'.index(name[0])][int(match[1]) - 1]
        X = np.array(row, '<f8', ndmin=1)
        check_values(path, X, N or len(X), len(X))
    else:
        check_file(path)
        X = np.fromfile(path, '<f8')  # drops what is left behind the last whole value
        check_values(path, X, N or max(1, len(X)), os.path.getsize(path) / 8)
    return X


def read_set(folder, N_files, N):
    """Read sequences 1 to N_files: X, float64 (N_files, N), Y (N_files,)."""
    X = [read_values(f'{folder}/X_{x + 1}.dat', N) for x in range(N_files)]
    Y = [read_values(f'{folder}/Y_{x + 1}.dat', 1)[0] for x in range(N_files)]
    return np.array(X), np.array(Y)


def check_file(path):
    """Raise DataError, which says what to do, if the file path is missing."""
    if os.path.isfile(path):
        return
    folder, name = os.path.split(path)
    numbers, make = sequence_numbers(folder or '.'), 'python generate_data.py'
    if name == 'X_0.dat':
        remedy = 'the sequences are numbered from 1, so read x+1'
    elif not FILE_NAME.fullmatch(name):
        remedy = 'check its name and folder'
    elif numbers:
        last = f'{folder} ends at number {max(numbers)}: read up to that'
        remedy = f'{last}, or make them again: {make} N_train N_test'
    else:
        here = f'{os.path.realpath(folder)}, in the current folder, holds no sequences'
        remedy = f'{here} yet: type {make}, or bring your own with import_data.py'
    raise DataError(f'{path} is missing: {remedy}')


def check_values(path, X, N, N_found):
    """Raise DataError unless the N_found values X are N that a network takes."""
    if N_found == N / 2:
        # Of float64 every other float32 would be random digits, of any size.
        size = np.abs(X.view('<f4')[::2])
        size = size[size > 0]
        if len(size) > 7 and size.max() < 1e12 * size.min():
            raise DataError(f'{path} holds {N} values of float32: write float64')
    if N_found != N:
        other = f', or type --N_sequence {len(X)}'
        remedy = 'write it again' + other * (N > 1 and N_found == len(X))
        raise DataError(
            f'{path} holds {N_found:.9g} values of float64, not {N}: {remedy}'
        )
    # Networks compute in float32. A text or integers, misread as float64, are mostly
    # outside its range; and so is NaN.
    size = np.abs(X).max()
    if not (size == 0 or 1.2e-38 < size < 3.4e38):
        found = f'a value of size {size:.3g}' if size < np.inf else 'NaN or infinity'
        remedy = 'write it again, as finite values of float64, from 1e-38 to 3e38'
        raise DataError(f'{path} holds {found}: {remedy} (is it text?)')
    is_class = os.path.basename(path).startswith('Y_')
    if is_class and (not 0 <= X[0] < 1e6 or X[0] % 1):
        needed = 'a class is a whole number from 0, as float64'
        raise DataError(f'{path} holds {X[0]:g}, but {needed}')


@contextlib.contextmanager
def disk_errors(path):
    """Raise a DataError of one line if path cannot be written."""
    try:
        yield
    except OSError as error:
        why = f'{path} could not be written ({error.strerror or error})'
        remedy = 'make room or get permission there, then run this again'
        raise DataError(f'{why}: {remedy}') from None


@contextlib.contextmanager
def whole_file(path):
    """Yield a name to write to; that file becomes path once all is written."""
    name = f'.{platform.node()}-{os.getpid()}-{Path(path).name}'
    temporary = Path(path).with_name(name)
    try:
        with disk_errors(path):
            yield temporary
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def save_plot(figure, name, folder=None):
    """Save a figure as a PNG; print its name, unless it goes into a run's folder."""
    with disk_errors(name):
        figure.savefig(os.path.join(folder or '', name), dpi=150, format='png')
    if not folder:
        print(f'Plot: {printable(name)}')
