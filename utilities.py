"""Read the workshop's sequences from their files, and plot them.

A sequence is two files of float64 values, as MATLAB's
fwrite(fileID, x, 'double') writes them: X_i.dat holds the time series and
Y_i.dat its class, a whole number. Train holds the training sequences, Test
the test sequences. classes.txt beside them may name the classes, one on
each line, class 0 first.
"""

import os
import re

from support import files
from support.console import DataError, clean
from support.files import (
    CLASSES_FILE,
    check_finished,
    check_same,
    open_file,
    unreadable,
    whole_file,
    wrong_size,
)

import matplotlib.pyplot as plt
import numpy as np

# ------------------------------------------------------- reading the files


def read_training_data(ID, N):
    """Read sequence ID of Train: X, float64 (N,), and its class Y, a float.

    Raises DataError if a file is missing, unreadable or holds anything else.
    """
    return read_sequence('Train', ID, N)


def read_test_data(ID, N):
    """Read sequence ID of Test, as read_training_data does."""
    return read_sequence('Test', ID, N)


def read_sequence(folder, ID, N):
    """Read sequence ID of a folder, as read_training_data does."""
    check_finished(folder)
    check_same(folder, ID)
    X = read_series(f'{folder}/X_{ID}.dat', N)
    Y = read_label(f'{folder}/Y_{ID}.dat')
    return X, Y


def read_set(folder, N_files, N):
    """Read sequences 1 to N_files: X, float64 (N_files, N), Y (N_files,)."""
    X, Y = np.empty((N_files, N)), np.empty(N_files)
    for i in range(N_files):
        X[i], Y[i] = read_sequence(folder, i + 1, N)
    return X, Y


def read_series(path, N):
    """Return the N values of an X file, float64 (N,), or raise DataError."""
    X = read_values(path, N)
    if re.fullmatch(rb'[\t\n\r -~]{16,}', X[:512].tobytes()):
        raise DataError(
            f'{path} is text, not numbers of float64: write them as those, or'
            ' make a table of all sequences, for import_data.py'
        )
    # Networks compute in float32, which holds sizes from 1e-38 to 3e38. A
    # file of integers or of text, misread as float64, is mostly outside.
    size = np.abs(X).max()
    if not np.isfinite(size):
        raise DataError(
            f'{path} holds NaN or infinity: write the file again with finite'
            ' values, as float64'
        )
    if size != 0 and not 1.2e-38 < size < 3.4e38:
        raise DataError(
            f'{path} holds a value of size {size:.3g}, outside what float32'
            ' holds: write the file as float64 (or divide all the data by a'
            ' constant)'
        )
    return X


def read_label(path):
    """Return the class in a Y file, a float, or raise DataError."""
    Y = float(read_values(path, 1)[0])
    if not (0 <= Y < 1e6 and Y == int(Y)):  # NaN fails this, too
        raise DataError(
            f'{path} holds {Y:g}, but a class is a whole number from 0,'
            ' written as float64: write the file again'
        )
    return Y


def read_values(path, N):
    """Return the N float64 values of a file, or raise DataError."""
    try:
        with open_file(path, 'rb', buffering=0) as file:
            data = file.read(8 * N + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    if len(data) != 8 * N:
        raise wrong_size(path, N)
    return np.frombuffer(data, '<f8')


# ------------------------------------------------ the names of the classes


def read_class_names(folder):
    """Return the names in folder/classes.txt, a list; [] if there is none.

    Raises DataError if the file can't be read.
    """
    path = os.path.join(folder, CLASSES_FILE)
    try:
        with open_file(path, 'r', encoding='utf-8-sig') as file:
            return file.read(1_000_000).splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, 'strerror', 'is no UTF-8 text')
        raise DataError(
            f'{path}: {why}; write the name of a class on each line, or remove'
            ' it'
        ) from None


def class_name(Y, names=()):
    """Return the name of class Y to show; 'class 2' if names has none."""
    name = clean(names[int(Y)].strip()) if Y < len(names) else ''
    return name or f'class {int(Y)}'


def class_title(Y, names=()):
    """Return 'class 1 (square wave)', or 'class 1' without a name."""
    number, name = class_name(Y), class_name(Y, names)
    return number if name == number else f'{number} ({name})'


# ---------------------------------------------------------------- plotting


def plot_results(ID, X, Y=None, folder='Train'):
    """Plot the sequence with number ID, or several in a grid.

    ID is a number and X its values (N,); or ID is a list of n numbers and
    X is (n, N). Y, the class or the n classes, goes into the titles, by its
    name in folder/classes.txt. Saves folder_ID.png.
    """
    names = read_class_names(folder)
    IDs, X = np.atleast_1d(ID), np.atleast_2d(X)
    classes = [None] * len(IDs) if Y is None else np.atleast_1d(Y)
    columns = int(np.ceil(np.sqrt(len(IDs))))
    rows = int(np.ceil(len(IDs) / columns))
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(max(6.4, 4 * columns), max(4.8, 3 * rows)),
        squeeze=False,
        layout='constrained',
    )
    for axis in axes.flat[len(IDs) :]:
        axis.remove()
    for axis, i, x, y in zip(axes.flat, IDs, X, classes, strict=False):
        axis.plot(np.arange(1, len(x) + 1), x)
        title = f'Data Set {clean(i)}'
        if y is not None:
            title += f': {class_title(y, names)}'
        axis.set_title(title, parse_math=False)  # a $ in a name is a $
        axis.grid(alpha=0.3)
    figure.supxlabel('Time Sequence (t)')
    figure.supylabel('Data X(t)')
    some = IDs if len(IDs) <= 6 else (IDs[0], 'to', IDs[-1])
    save_plot(figure, f'{folder}_{"_".join(map(str, some))}.png')


def plot_history(history):
    """Plot accuracy and loss against the epoch. Saves history.png.

    history comes from model.fit; if that was given validation data, their
    curves are there, too. In train.py history.png belongs to the run. The
    axes are the same for all runs, so that two pictures compare.
    """
    figure, axes = plt.subplots(2, 1, sharex=True, figsize=(6.4, 7))
    for axis, name in zip(axes, ('accuracy', 'loss'), strict=True):
        curves = {'training': name, 'validation': f'val_{name}'}
        for label, key in curves.items():
            values = history.history.get(key)
            if not values:
                continue
            # A single epoch makes no line: it needs a marker to be seen.
            marker = 'o' if len(values) == 1 else None
            epochs = np.arange(1, len(values) + 1)
            axis.plot(epochs, values, marker=marker, label=label)
        axis.set_ylabel(name.capitalize())
        axis.grid(alpha=0.3)
    axes[0].set_ylim(-0.02, 1.02)
    axes[1].set_yscale('log')
    axes[1].set_ylim(1e-6, 10)
    axes[1].minorticks_off()
    axes[1].legend()
    axes[0].set_title('Accuracy Convergence History')
    axes[1].set_xlabel('Epoch')
    axes[1].xaxis.set_major_locator(plt.MaxNLocator(integer=True))
    save_plot(figure, 'history.png', files.run_folder)


def plot_mistakes(mistakes, path):
    """Plot wrongly classified sequences, each beside the nearest it had seen.

    mistakes is a list of rows, each a list of (title, x): the sequence, and
    what it is to be compared with. Saves path.
    """
    columns = len(mistakes[0])
    size = (4 * columns, max(4.8, 2.4 * len(mistakes)))
    figure, axes = plt.subplots(
        len(mistakes),
        columns,
        figsize=size,
        squeeze=False,
        sharey='row',
        layout='constrained',
    )
    for row, cells in zip(axes, mistakes, strict=True):
        for axis, (title, x) in zip(row, cells, strict=True):
            axis.plot(np.arange(1, len(x) + 1), x)
            axis.set_title(title, parse_math=False, fontsize='small')
            axis.grid(alpha=0.3)
    figure.supxlabel('Time Sequence (t)')
    figure.supylabel('Data X(t)')
    save_plot(figure, path)


def save_plot(figure, name, run_folder=None):
    """Save a figure as a PNG, whole or not at all, and print its name.

    That of a run is printed when the run is whole.
    """
    with whole_file(os.path.join(run_folder or '', name)) as temporary:
        figure.savefig(temporary, dpi=150, format='png')
    if not run_folder:
        print(f'Plot: {clean(name)}')


def show_plots():
    """Open a window for each plot, where there is a display."""
    # Without one, matplotlib has chosen a canvas that can only write files.
    if plt.gcf().canvas.required_interactive_framework:
        print('Close the plot window to end the script', flush=True)
        plt.show()
