"""Read the workshop's sequences from their files, and plot them.

Sequence 7 of Train is two files of float64 values, as MATLAB's
fwrite(fileID, x, 'double') writes them: Train/X_7.dat holds the time series
and Train/Y_7.dat its class, a whole number. Test holds the test sequences.
import_data.py writes two arrays in their place, X.npy and Y.npy: sequence 7
is row 7, which Python calls 6.
classes.txt beside them may name the classes, one per line, class 0 first.
"""

import functools
import os
import re
import sys

import matplotlib.pyplot as plt
import numpy as np


def read_training_data(ID, N):
    """Read sequence ID of Train: its N values, float64 (N,), and its class."""
    return read_sequence('Train', ID, N)


def read_test_data(ID, N):
    """Read sequence ID of Test, as read_training_data does."""
    return read_sequence('Test', ID, N)


def read_sequence(folder, ID, N=None):
    """Read sequence ID of a folder: its N values, float64 (N,), and its class.

    Without N, they may be any number. Raises FileNotFoundError if there is no
    such sequence, and ValueError if something in it is wrong.
    """
    arrays = open_arrays(folder)
    path = f'{folder}/X_{ID}.dat'
    if arrays and 1 <= ID <= len(arrays[0]):
        path = f'{folder}/X.npy, row {ID},'
        X = check_values(path, np.array(arrays[0][ID - 1], float))
        Y = arrays[1][ID - 1 : ID]
    elif not arrays and os.path.exists(path):
        X = read_values(path)
        Y = read_values(f'{folder}/Y_{ID}.dat')
    else:
        numbers = sequence_numbers(folder)
        count = f'{len(numbers)}, from {numbers[0]} to {numbers[-1]}'
        if N and ID > numbers[-1]:  # train.py asks for more than there are
            count += f': --N_{folder.lower()} {numbers[-1]}'
        why = f'{folder} has no sequence {ID}, but {count}'
        raise FileNotFoundError(why)
    if N and len(X) != N:
        remedy = f'--N_sequence {len(X)}, or write it as float64'
        raise ValueError(f'{path} holds {len(X)} values, not {N}: {remedy}')
    if len(Y) != 1 or Y[0] < 0 or Y[0] % 1 != 0:
        raise ValueError(f'{path} is of class {Y}: write 0, 1, 2, ...')
    return X, Y[0]


def read_values(path):
    """Read a file of float64 values, (N,). Raises as read_sequence does."""
    if not os.path.exists(path):
        raise FileNotFoundError(f'{path} is missing')
    size = os.path.getsize(path)
    if size == 0 or size % 8 != 0:
        raise ValueError(f'{path} has {size} bytes: write float64, 8 each')
    return check_values(path, np.fromfile(path, dtype='<f8'))


def check_values(name, X):
    """Return values X (N,). Raises ValueError, with their name, if wrong."""
    # Networks compute in float32. Text, or integers, read as float64 are
    # outside its range, and NaN fails every comparison.
    largest = np.abs(X).max()
    if not (largest == 0 or 1.2e-38 < largest < 3.4e38):
        remedy = 'write finite numbers as float64'
        raise ValueError(f'{name} holds {largest:g}: {remedy}')
    return X


def open_arrays(folder):
    """Return X.npy (n, N) and Y.npy (n,) of a folder; None without them."""
    path = f'{folder}/X.npy'
    if not os.path.exists(path):
        return None
    if os.path.exists(f'{folder}/X_1.dat'):
        raise ValueError(f'{folder} holds X.npy and X_1.dat: remove one')
    return load_arrays(folder, os.stat(path).st_mtime_ns)


@functools.cache  # because to open them for each sequence takes long
def load_arrays(folder, time):
    """Return X.npy and Y.npy, on the disk; new ones have another time."""
    return [np.load(f'{folder}/{name}.npy', mmap_mode='r') for name in 'XY']


def sequence_numbers(folder):
    """Return the numbers of a folder's sequences; raise if there are none."""
    arrays = open_arrays(folder)
    if arrays:
        return [*range(1, len(arrays[0]) + 1)]
    names = os.listdir(folder) if os.path.isdir(folder) else []
    found = [re.fullmatch(r'X_([1-9]\d*)\.dat', name) for name in names]
    if not any(found):
        remedy = 'python generate_data.py makes Train and Test'
        raise FileNotFoundError(f'{folder} holds no sequences: {remedy}')
    return sorted(int(match[1]) for match in found if match)


def read_set(folder, N_files, N):
    """Read sequences 1 to N_files: X, float64 (N_files, N), Y (N_files,)."""
    X = np.empty([N_files, N])
    Y = np.empty(N_files)
    for x in range(N_files):
        X[x,], Y[x] = read_sequence(folder, x + 1, N)
    return X, Y


def read_class_names(folder):
    """Read the names in classes.txt, class 0 first; [] without this file."""
    path = f'{folder}/classes.txt'
    if not os.path.exists(path):
        return []
    with open(path, encoding='utf-8-sig', errors='replace') as file:
        return file.read().splitlines()


def plot_results(ID, X, Y=None, folder='Train'):
    """Plot a sequence, number ID with values X (N,), or several in a grid.

    Several are IDs (n,) and X (n, N), or X of several lengths. Y, their
    classes (n,), goes into the titles, by its name in folder/classes.txt.
    Saves folder_ID.png.
    """
    X = X if np.ndim(ID) else [X]
    ID = np.atleast_1d(ID)
    names = read_class_names(folder)
    columns = int(np.ceil(np.sqrt(len(ID))))
    rows = int(np.ceil(len(ID) / columns))
    size = max(6.4, 4 * columns), max(4.8, 3 * rows)
    figure = plt.figure(figsize=size, layout='constrained')
    for x in range(len(ID)):
        axis = figure.add_subplot(rows, columns, x + 1)
        axis.plot(np.arange(1, len(X[x]) + 1), X[x])
        title = f'Data Set {ID[x]}'
        if Y is not None:
            y = int(np.atleast_1d(Y)[x])
            title += f': class {y}'
            if y < len(names):
                title += f' ({names[y]})'
        axis.set_title(title, parse_math=False)
        axis.grid(alpha=0.3)
    figure.supxlabel('Time Sequence (t)')
    figure.supylabel('Data X(t)')
    save_plot(figure, f'{folder}_{"_".join(map(str, ID[:6]))}.png')


def plot_history(history):
    """Plot accuracy and loss against the epoch; history comes from model.fit.

    With validation data, their curves are plotted as well. Runs have the same
    axes (unless the loss exceeds 1), so you can compare them. Saves
    history.png, and save_run puts it into the run as well.
    """
    figure = plt.figure('history', (6.4, 7), clear=True, layout='constrained')
    upper, lower = figure.subplots(2, 1, sharex=True)
    for axis, name in (upper, 'acc'), (lower, 'loss'):
        for key, values in history.history.items():
            if name in key and len(values) == len(history.epoch):
                label = 'validation' if key.startswith('val_') else 'training'
                axis.plot(np.arange(1, len(values) + 1), values, label=label)
        axis.grid(alpha=0.3)
    upper.set_title('Accuracy Convergence History')
    upper.set_ylabel('Accuracy')
    upper.set_ylim(-0.02, 1.02)
    lower.set_ylabel('Loss')
    lower.set_ylim(0, max(1, lower.dataLim.ymax))
    lower.legend()
    lower.set_xlabel('Epoch')
    save_plot(figure, 'history.png')


def save_plot(figure, path):
    """Save a figure as a PNG, and print its name; or why it cannot be saved.

    That ends no script, as a network may follow. The disk can refuse it, and
    matplotlib much else, such as the title $x_$, which is no formula.
    """
    try:
        figure.savefig(path, dpi=150)
    except Exception as error:  # of many kinds
        why = f'{type(error).__name__}: {error}'.splitlines()[0]
        print(f'{path} could not be saved: {why}', file=sys.stderr)
    else:
        print(f'Plot: {path}')
