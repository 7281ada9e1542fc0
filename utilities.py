"""Read the workshop's sequences from their files, and plot them. Needs no TensorFlow.

A sequence is two files of little-endian float64 values without a header, as MATLAB's
fwrite(fileID, x, 'double') writes them: X_i.dat holds the time series, Y_i.dat one value,
the number of its class. The training sequences are in ./Train, the test sequences in ./Test.
"""

import argparse
import contextlib
import os
import re
import sys
import time

import matplotlib.pyplot as plt
import numpy as np

# What the numbers in the Y files mean: class 0 is the first name, and so on.
CLASS_NAMES = ('sine wave', 'square wave', 'sawtooth wave', 'triangle wave')

FILE_NAME = re.compile(r'[XY]_([1-9][0-9]*)\.dat')
# generate_data.py keeps this folder in Train or Test while it exchanges an old set for a new one.
UNFINISHED = '.unfinished'


def class_name(Y):
    """Return the name of class number Y, for titles and tables."""
    return CLASS_NAMES[int(Y)] if Y < len(CLASS_NAMES) else f'class {int(Y)}'


# ---------------------------------------------------------------- reading the files


class DataError(Exception):
    """A file or a number that the user can put right; its text says in one line what and how."""


def numbers_in(folder):
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
    """Raise DataError if generate_data.py was stopped while it exchanged the set in folder."""
    if os.path.exists(f'{folder}/{UNFINISHED}'):
        raise DataError(
            f'{folder} holds an unfinished set: make it anew with'
            ' python generate_data.py N_train N_test --overwrite'
        )


def missing_file(path):
    """Return the DataError for a missing file; what else its folder holds decides the remedy."""
    folder, name = os.path.split(path)
    numbers, match = numbers_in(folder or '.'), FILE_NAME.fullmatch(name)
    if not match:
        return DataError(f'{path} is missing: check its name and folder')
    if not numbers:
        return DataError(f'{folder} holds no sequences yet: make them with python generate_data.py')
    if int(match[1]) > max(numbers):
        return DataError(
            f'{path} is missing: {folder} ends at number {max(numbers)}, so ask for no more'
            ' or make a larger set with python generate_data.py N_train N_test --overwrite'
        )
    return DataError(
        f'{path} is missing from the middle of the set: put the file back or make the set anew'
    )


def read_values(path, N):
    """Return the N float64 values of one .dat file; raise DataError if it holds anything else."""
    try:
        with open(path, 'rb', buffering=0) as file:
            data = file.read(8 * N + 1)
            size = len(data) if len(data) <= 8 * N else os.fstat(file.fileno()).st_size
    except (FileNotFoundError, NotADirectoryError):
        raise missing_file(path) from None
    except OSError as error:
        raise DataError(f'{path}: {error.strerror}; it must be a file that you may read') from None
    if size != 8 * N:
        problem = (
            'is empty'
            if size == 0
            else f'has {size} bytes, which is no whole number of 8-byte values'
            if size % 8
            else f'holds {size // 8} value(s)'
        )
        wanted = (
            f'{N}, the length of a sequence (N_sequence): correct one or the other'
            if N > 1
            else 'one class number: write the file again'
        )
        raise DataError(f'{path} {problem} instead of {wanted}')
    values = np.frombuffer(data, '<f8')
    if not np.isfinite(values).all():
        raise DataError(f'{path} holds NaN or infinity: write the file again with finite values')
    return values


def read_label(path):
    """Return the class number in one Y file, as a float; raise DataError if it isn't one."""
    Y = float(read_values(path, 1)[0])
    if Y < 0 or Y != int(Y):
        raise DataError(
            f'{path} holds {Y:g}, but a class is a whole number from 0: write the file again'
        )
    return Y


def read_files(folder, ID, N):
    """Return sequence ID (N,) and its class, without asking whether the set is finished."""
    return read_values(f'{folder}/X_{ID}.dat', N), read_label(f'{folder}/Y_{ID}.dat')


def read_sequence(folder, ID, N):
    """Read sequence ID of folder.

    Returns X, a float64 array (N,), and Y, its class as a float.
    Raises DataError where a file is missing, unreadable or not of this form.
    """
    check_finished(folder)
    return read_files(folder, ID, N)


def read_training_data(ID, N):
    """Read sequence ID of ./Train, N values long; see read_sequence."""
    return read_sequence('Train', ID, N)


def read_test_data(ID, N):
    """Read sequence ID of ./Test, N values long; see read_sequence."""
    return read_sequence('Test', ID, N)


def read_each(folder, N_files, N):
    """Yield X and Y of the sequences 1 to N_files of folder, as read_sequence returns them.

    Shows a progress bar where that takes long.
    """
    check_finished(folder)
    for i in progress(range(1, N_files + 1), f'Reading {folder}'):
        yield read_files(folder, i, N)


def read_set(folder, N_files, N):
    """Read the sequences 1 to N_files of folder into memory.

    Returns X, float64 (N_files, N), and Y, float64 (N_files,).
    Raises DataError as read_sequence does.
    """
    X, Y = np.empty((N_files, N)), np.empty(N_files)
    for i, (x, y) in enumerate(read_each(folder, N_files, N)):
        X[i], Y[i] = x, y
    return X, Y


def count_seen(X_train, X_test):
    """Return how many sequences of X_test (n, N) also occur, byte for byte, in X_train.

    X_train is (m, N) or any iterable of sequences (N,).
    """
    test = {X.tobytes() for X in X_test}
    seen = {data for data in (X.tobytes() for X in X_train) if data in test}
    return sum(X.tobytes() in seen for X in X_test)


def look_through(folder, N_files, N, X_test):
    """Check the sequences 1 to N_files of folder one at a time, without keeping them.

    Returns Y, float64 (N_files,), and how many of X_test also occur there.
    Raises DataError as read_sequence does.
    """
    Y = np.empty(N_files)

    def sequences():
        for i, (x, y) in enumerate(read_each(folder, N_files, N)):
            Y[i] = y
            yield x

    return Y, count_seen(sequences(), X_test)


def check_classes(folder, Y, N_outputs):
    """Raise DataError if a network with N_outputs cannot express Y, the classes (n,) of folder.

    One output (a sigmoid) tells class 0 from class 1; more (a softmax) stand for a class each.
    """
    wrong = np.flatnonzero(Y >= max(2, N_outputs))
    if wrong.size:
        Y_wrong = int(Y[wrong[0]])
        raise DataError(
            f'{folder}/Y_{wrong[0] + 1}.dat holds class {Y_wrong}, which a network with {N_outputs}'
            ' output(s) cannot express: swap in the softmax output and its loss in train.py,'
            f' with {int(Y.max()) + 1} neurons'
        )


# ---------------------------------------------------------------- what the scripts share


def one_line_errors():
    """Let a DataError or Ctrl-C end this script with one line on stderr and no traceback."""

    def hook(kind, error, traceback):
        if issubclass(kind, DataError):
            print(f'{os.path.basename(sys.argv[0])}: {error}', file=sys.stderr)
        elif issubclass(kind, KeyboardInterrupt):
            print('\nStopped.', file=sys.stderr)
        elif issubclass(kind, BrokenPipeError):  # whoever read our output, like head, has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        else:
            sys.__excepthook__(kind, error, traceback)

    sys.excepthook = hook


def whole_number(least, most=2**31 - 1):
    """Return a type for argparse: a whole number from least to most."""

    def convert(text):
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or not least <= number <= most:
            raise argparse.ArgumentTypeError(f'{text} is not a whole number from {least} to {most}')
        return number

    return convert


def command_line(description, **numbers):
    """Let the command line change a script's numbers: --NAME VALUE for each.

    The numbers are whole and at least 1, a seed at least 0; what is True or False becomes a switch,
    --NAME or --no-NAME. Returns them all, as a dict.
    """
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for name, value in numbers.items():
        if isinstance(value, bool):
            parser.add_argument(
                f'--{name}',
                action=argparse.BooleanOptionalAction,
                default=value,
                help=f'default {value}',
            )
            continue
        # As text, so that a number edited in the script is checked like one from the command line.
        parser.add_argument(
            f'--{name}',
            type=whole_number(0 if name == 'seed' else 1),
            default=str(value),
            metavar='N',
            help=f'default {value}',
        )
    return vars(parser.parse_args())


def progress(items, description):
    """Yield the items of a list; a bar appears on a terminal once that has taken over a second."""
    shown, bar = time.monotonic() + 1, None
    try:
        for i, item in enumerate(items):
            if time.monotonic() > shown and sys.stderr.isatty():
                if bar is None:
                    from rich.console import Console
                    from rich.progress import MofNCompleteColumn, Progress

                    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
                    bar = Progress(*columns, console=Console(stderr=True), transient=True)
                    task = bar.add_task(description, total=len(items))
                    bar.start()
                bar.update(task, completed=i)
                shown = time.monotonic() + 0.1
            yield item
    finally:
        if bar:
            bar.stop()


@contextlib.contextmanager
def whole_file(path):
    """Give a name to write to; once all is written, that file becomes path.

    If that fails, path stays as it was. Raises DataError if it can't be written.
    """
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f'.{os.getpid()}-{name}')
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


# ---------------------------------------------------------------- plotting


def show(figure, path):
    """Save the figure as path, a PNG, and print that name; open a window if there is a display."""
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=150, format='png')
    # Where there is no display, matplotlib has chosen a canvas that can only write files.
    if figure.canvas.required_interactive_framework is None:
        print(f'Plot: {path}')
    else:
        print(f'Plot: {path} (close its window to go on)', flush=True)
        plt.show()
    plt.close(figure)


def plot_results(ID, X, Y=None, folder='Train'):
    """Plot the sequence with number ID, or several in a grid.

    ID is a number and X its values (N,); or ID is a list of n numbers and X is (n, N).
    Y, the class or the n classes, goes into the titles. Saves folder_ID.png.
    """
    IDs, X = np.atleast_1d(ID), np.atleast_2d(X)
    classes = [None] * len(IDs) if Y is None else np.atleast_1d(Y)
    columns = int(np.ceil(np.sqrt(len(IDs))))
    rows = -(-len(IDs) // columns)
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
        axis.set_title(
            f'Data Set {i}' + ('' if y is None else f': {class_name(y)} (class {int(y)})')
        )
        axis.grid(alpha=0.3)
    figure.supxlabel('Time Sequence (t)')
    figure.supylabel('Data X(t)')
    some = IDs if len(IDs) <= 6 else (IDs[0], 'to', IDs[-1])
    show(figure, f'{folder}_{"_".join(map(str, some))}.png')


def plot_history(history):
    """Plot the training accuracy of each epoch: history comes from model.fit. Saves history.png."""
    accuracy = history.history['accuracy']
    figure, axis = plt.subplots(layout='constrained')
    axis.plot(np.arange(1, len(accuracy) + 1), accuracy)
    axis.set_title('Accuracy Convergence History')
    axis.set_xlabel('Epoch')
    axis.set_ylabel('Accuracy')
    axis.grid(alpha=0.3)
    show(figure, 'history.png')
