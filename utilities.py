"""Read and write the workshop's sequences, and plot them. Needs no TensorFlow.

A sequence is two files of little-endian float64 values without a header, as MATLAB's
fwrite(fileID, x, 'double') writes them: X_i.dat holds the time series, Y_i.dat one value,
the number of its class. The training sequences are in ./Train, the test sequences in ./Test.
Beside them classes.txt may hold the names of the classes: that of class 0 first, one on each line.
"""

import os
import re

from support.console import DataError, progress
from support.files import CLASSES_FILE, UNFINISHED, exchanged, whole_file
from support.tables import LARGEST

import matplotlib.pyplot as plt
import numpy as np

FILE_NAME = re.compile(r'[XY]_([1-9][0-9]*)\.dat')


def read_class_names(folder):
    """Return the names of the classes of the set in folder, a list; without names there, [].

    Raises DataError if the names can't be read.
    """
    path = os.path.join(folder, CLASSES_FILE)
    try:
        with open(path, encoding='utf-8-sig') as file:
            return file.read(1_000_000).splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f'{path}: {getattr(error, "strerror", "is no UTF-8 text")}; write the name of a class'
            ' on each line, or remove it'
        ) from None


def class_name(Y, names=()):
    """Return the name of class number Y, for tables: 'class 2' if names holds none for it."""
    return ''.join(names[int(Y) : int(Y) + 1]).strip() or f'class {int(Y)}'


def class_title(Y, names=()):
    """Return number and name of class number Y: 'class 1 (square wave)', or only 'class 1'."""
    number, name = class_name(Y), class_name(Y, names)
    return number if name == number else f'{number} ({name})'


# ---------------------------------------------------------------- reading the files


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
    """Raise DataError if a script was stopped while it exchanged the set in folder."""
    if os.path.exists(f'{folder}/{UNFINISHED}'):
        raise DataError(
            f'{folder} holds an unfinished set: make it anew with python generate_data.py'
            ' --overwrite, or with import_data.py if it is your own'
        )


def missing_file(path):
    """Return the DataError for a missing file; what else its folder holds decides the remedy."""
    folder, name = os.path.split(path)
    numbers, match = numbers_in(folder or '.'), FILE_NAME.fullmatch(name)
    if not match:
        return DataError(f'{path} is missing: check its name and folder')
    if not numbers:
        return DataError(
            f'{os.path.abspath(folder)} holds no sequences yet: make them with'
            ' python generate_data.py, or bring your own with import_data.py'
        )
    if int(match[1]) > max(numbers):
        return DataError(
            f'{path} is missing: {folder} ends at number {max(numbers)}, so ask for no more (or'
            ' make more waves with python generate_data.py N_train N_test --overwrite)'
        )
    return DataError(
        f'{path} is missing from the middle of the set: put the file back or make the set anew'
    )


def another_type(data, N):
    """Say what a file meant for N values holds if that isn't float64, or return None.

    data are its bytes. Files of integers and of float32 are common mistakes.
    """
    if len(data) == 8 * N:
        integers = np.frombuffer(data, '<i8')
        # The bits of a float64 begin with sign and exponent: as an integer it is 0, -(2**63) (that
        # is -0.0), -(2**51) (NaN as 0/0 makes it), or larger than this.
        if integers.any() and (abs(integers) < 2**51).all() and integers.min() > -(2**63):
            return f'the integer {integers[integers != 0][0]}'
    elif len(data) == 4 * N:
        singles = np.frombuffer(data, '<f4')
        sizes = abs(singles[singles != 0])
        # Half as many float64 values would look like this: every second one is of any size, or 0.
        if N == 1 or (singles[::2].any() and 1e-15 < sizes.min() and sizes.max() < 1e15):
            return f'{N} value(s) of 4 bytes, as of float32'


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
    # A first value that is no usual float64 is the sign of integers: their bits look like 0 or NaN.
    if (size != 8 * N or not abs(np.frombuffer(data, '<f8')[0]) > 1e-300) and (
        found := another_type(data, N)
    ):
        raise DataError(f'{path} holds {found}: write it as float64')
    if size != 8 * N:
        problem = (
            'is empty'
            if size == 0
            else f'has {size} bytes, which is no whole number of 8-byte values'
            if size % 8
            else f'holds {size // 8} value(s)'
        )
        wanted = (
            f'{N}, the length of a sequence: give --N_sequence {size // 8}, or correct the file'
            if N > 1 or not os.path.basename(path).startswith('Y_')
            else 'one class number: write the file again'
        )
        raise DataError(f'{path} {problem} instead of {wanted}')
    return np.frombuffer(data, '<f8')


def read_series(path, N):
    """Return the time series of one X file, float64 (N,); raise DataError if it isn't one."""
    values = read_values(path, N)
    largest = np.abs(values).max()
    if not np.isfinite(largest):
        raise DataError(f'{path} holds NaN or infinity: write the file again with finite values')
    if largest > LARGEST:
        raise DataError(
            f'{path} holds a value of size {largest:.3g}, too large for the float32 numbers that'
            ' networks compute with: divide all the data by a constant'
        )
    return values


def read_label(path):
    """Return the class number in one Y file, as a float; raise DataError if it isn't one."""
    Y = float(read_values(path, 1)[0])
    if not (0 <= Y < 1e6 and Y == int(Y)):  # NaN is not, either
        raise DataError(
            f'{path} holds {Y:g}, but a class is a whole number from 0: write the file again'
        )
    return Y


def read_files(folder, ID, N):
    """Return sequence ID (N,) and its class, without asking whether the set is finished."""
    return read_series(f'{folder}/X_{ID}.dat', N), read_label(f'{folder}/Y_{ID}.dat')


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


def count_sets(N_train, N_test, N_sequence):
    """Return the three numbers, each that is 0 replaced by what ./Train and ./Test hold.

    0 stands for all sequences of the set, or for the length of Train/X_1.dat. Says so where a set
    holds more sequences than are asked for.
    """
    counts = []
    for folder, N in (('Train', N_train), ('Test', N_test)):
        check_finished(folder)
        there = max(numbers_in(folder), default=0)
        if 0 < N < there:
            print(f'Using {N} of the {there} sequences in {folder}')
        counts.append(N or there or 1)  # without any, the reading says what is missing
    return *counts, N_sequence or own_length()


def own_length():
    """Return how many values Train/X_1.dat holds; at least 1, so that reading it tells the rest."""
    try:
        return max(1, os.path.getsize('Train/X_1.dat') // 8)
    except OSError:
        return 1


def numbers_to_read(folder, numbers):
    """Yield the numbers of sequences of folder; DataError if its set is exchanged meanwhile."""

    before = last_written(folder)
    check_finished(folder)
    yield from progress(numbers, f'Reading {folder}')
    check_finished(folder)
    check_unchanged(folder, before)


def last_written(folder):
    """Return when the set in folder was written, in ns; None without one."""
    path = f'{folder}/X_1.dat'
    return os.stat(path).st_mtime_ns if os.path.exists(path) else None


def check_unchanged(folder, before):
    """Raise DataError if the set in folder is no longer that of last_written's answer before."""
    if last_written(folder) != before:
        raise DataError(f'{folder} was written anew while it was read: run this again')


class StreamedSet:
    """The sequences of a set too large for the memory: read anew when one loops over it.

    It stands for X (n, N), of the sequences with these numbers, a range: each x is float64 (N,), in
    order, and never held here. A slice of it is a StreamedSet.
    """

    def __init__(self, folder, numbers, N):
        self.folder, self.numbers, self.N = folder, numbers, N
        self.written = last_written(folder)

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, part):
        return StreamedSet(self.folder, self.numbers[part], self.N)

    def __iter__(self):
        for i in numbers_to_read(self.folder, self.numbers):
            yield read_series(f'{self.folder}/X_{i}.dat', self.N)

    def check(self):
        """Raise DataError if another set is there by now."""
        check_unchanged(self.folder, self.written)

    def labels(self):
        """Return the classes Y, float64 (n,)."""
        numbers = numbers_to_read(self.folder, self.numbers)
        return np.array([read_label(f'{self.folder}/Y_{i}.dat') for i in numbers])


def read_set(folder, N_files, N, stream=False):
    """Read the sequences 1 to N_files of folder into memory, or with stream only their classes.

    Returns X, float64 (N_files, N), or with stream a StreamedSet, and Y, float64 (N_files,).
    Raises DataError as read_sequence does.
    """
    if stream:
        X = StreamedSet(folder, range(1, N_files + 1), N)
        return X, X.labels()
    X, Y = np.empty((N_files, N)), np.empty(N_files)
    for i in numbers_to_read(folder, range(1, N_files + 1)):
        X[i - 1], Y[i - 1] = read_files(folder, i, N)
    return X, Y


# ---------------------------------------------------------------- writing the files


def holds(folder, N, sequences, class_names):
    """Return whether folder holds this set, byte for byte, and no other sequence."""

    def is_file(name, values):
        with open(f'{folder}/{name}.dat', 'rb') as file:
            return file.read() == np.asarray(values, '<f8').tobytes()

    try:
        return (
            numbers_in(folder) == set(range(1, N + 1))
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
        filled = [folder for folder in sets if numbers_in(folder)]
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
    Y, the class or the n classes, goes into the titles, by its name in folder/classes.txt.
    Saves folder_ID.png.
    """
    names = read_class_names(folder)
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
        title = f'Data Set {i}' + ('' if y is None else f': {class_title(y, names)}')
        axis.set_title(title, parse_math=False)  # a $ in a name is a $
        axis.grid(alpha=0.3)
    figure.supxlabel('Time Sequence (t)')
    figure.supylabel('Data X(t)')
    some = IDs if len(IDs) <= 6 else (IDs[0], 'to', IDs[-1])
    show(figure, f'{folder}_{"_".join(map(str, some))}.png')


def plot_history(history):
    """Plot accuracy and loss of each epoch: history comes from model.fit. Saves history.png.

    If fit was given validation data, their curves are there, too.
    """
    figure, axes = plt.subplots(2, 1, sharex=True, figsize=(6.4, 7), layout='constrained')
    for axis, name in zip(axes, ('accuracy', 'loss'), strict=True):
        for which, label in ((name, 'training'), (f'val_{name}', 'validation')):
            values = history.history.get(which, [])
            # A single epoch makes no line: it needs a marker to be seen.
            marker = 'o' if len(values) == 1 else None
            axis.plot(np.arange(1, len(values) + 1), values, marker=marker, label=label)
        axis.set_ylabel(name.capitalize())
        axis.grid(alpha=0.3)
    if 'val_loss' in history.history:
        axes[0].legend()
    axes[0].set_title('Accuracy Convergence History')
    axes[1].set_xlabel('Epoch')
    axes[1].xaxis.set_major_locator(plt.MaxNLocator(integer=True))
    show(figure, 'history.png')
