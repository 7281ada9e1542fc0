"""Tell sine waves from square waves, or your own classes, with the network of train.py.

    python infer.py 24                      classifies Test/X_24.dat, by the newest run's network
    python infer.py Test --run 7            all of Test, by that of runs/7
    python infer.py Train/X_3.dat a/b.dat   any files of float64 values
    python infer.py --csv Test              the same as a table for other programs
    python infer.py new.csv                 each row of a table, as import_data.py reads them
    python infer.py mine.csv --label last   a table with the class of each in its last column
    python infer.py --about                 what the newest run is

Where Y_i.dat lies beside X_i.dat, or --label says where a table holds the class, the network's
answer is compared with it. The names of the classes are those of the run.
"""

from support.start import import_keras, prepare

prepare()

import csv
import functools
import os
import re
import sys
import zipfile
from collections import Counter
from datetime import datetime

from support.console import DataError, parser, whole_number
from support.files import CLASSES_FILE, check_finished, last_written, sequence_numbers
from support.runs import about, newest_run, no_run, outputs, read_run
from support.tables import EXTENSIONS, add_columns, read_table

import numpy as np

from utilities import class_name, class_title, read_class_names, read_label, read_series


def sequence_file(text):
    """Return the file that is meant: Test/X_i.dat by a number, any other by its name."""
    return f'Test/X_{whole_number(1)(text)}.dat' if re.fullmatch(r'-?\d+', text) else text


script = parser(__doc__)
script.add_argument(
    'files',
    nargs='*',
    metavar='FILE',
    type=sequence_file,
    help='a file, table or folder, or the number i of Test/X_i.dat',
)
which = script.add_mutually_exclusive_group()
which.add_argument('--run', metavar='NAME', help='runs/NAME, default the newest')
which.add_argument('--model', help='a network in a file of its own')
script.add_argument('--about', action='store_true', help='say what the run is, and no more')
script.add_argument('--csv', action='store_true', help='print comma-separated values')
add_columns(script)
args = script.parse_args()
if bool(args.files) == args.about:
    script.error('give either files to classify, or --about')

# The run whose network is asked. One of before there were runs lies here as model.keras.
run = None
if args.model:
    folder = os.path.dirname(args.model)
    if os.path.exists(os.path.join(folder, 'run.json')):
        run = read_run(folder or '.', folder)
elif run := read_run(args.run) if args.run else newest_run():
    args.model = f'{run["path"]}/model.keras'
elif os.path.exists('model.keras'):
    args.model = 'model.keras'
else:
    raise no_run()
if args.about:
    print(about(run) if run else f'{args.model} is in no run, so there is nothing known of it')
    sys.exit()

# Load the model. Keras's safe mode, its default, refuses a file that brings code of its own.
if not os.path.exists(args.model):
    raise DataError(f'{args.model} is missing: train a network with python train.py')

keras = import_keras()
try:
    model = keras.models.load_model(args.model, compile=False)
except Exception as error:  # Keras raises many kinds, according to what is wrong with the file
    why = str(error).strip().split('\n')[0]
    raise DataError(
        f'{args.model} cannot be loaded as a Keras model ({why}): train one with python train.py'
    ) from None
shapes = model.input_shape, model.output_shape
if not all(isinstance(shape, tuple) and len(shape) == 2 and shape[1] for shape in shapes):
    raise DataError(f'{args.model} classifies no sequences: train a network with python train.py')
N_sequence = model.input_shape[1]
trained = os.stat(args.model)
class_names = run['class_names'] if run else []
if not class_names and zipfile.is_zipfile(args.model):  # where they were before there were runs
    with zipfile.ZipFile(args.model) as archive:
        if CLASSES_FILE in archive.namelist():
            text = archive.read(CLASSES_FILE).decode('utf-8-sig', errors='replace')
            class_names = text.splitlines()

names_beside = functools.cache(read_class_names)


def read_file(name):
    """Return a list of the one sequence in a file of float64 values: its name, values and class."""
    folder, base = os.path.split(name)
    check_finished(folder or '.')
    if os.path.isfile(name) and os.path.getsize(name) not in (0, 8 * N_sequence):
        values = os.path.getsize(name) / 8
        raise DataError(
            f'{name} holds {values:g} values of float64, {args.model} takes {N_sequence}'
        )
    x, label = read_series(name, N_sequence), None
    label_file = os.path.join(folder, base.replace('X', 'Y', 1))
    if base.startswith('X_') and os.path.exists(label_file):
        label = int(read_label(label_file))
        others = names_beside(folder)
        if any(a != b for a, b in zip(others, class_names, strict=False)):
            raise DataError(
                f'{name} is of other classes ({", ".join(others[:5])}) than those that {args.model}'
                ' was trained with: train anew with python train.py'
            )
    return [(name, x, label)]


def class_number(name, label):
    """Return the number of the class that a table calls label."""
    if label in class_names:
        return class_names.index(label)
    if not class_names and label.isdecimal():
        return int(label)
    known = ', '.join(class_names[:5]) or 'numbers, as there is no classes.txt'
    raise DataError(f'{name}: {label} is none of the classes ({known}): correct it or --label')


def read_rows(path):
    """Return a list of the sequences in a table: the name, values and class (or None) of each."""
    table = read_table(path, args.label, args.drop, labelled=False)
    if table.X.shape[1] != N_sequence:
        raise DataError(
            f'{path} holds {table.X.shape[1]} values in each row, but {args.model} takes'
            f' {N_sequence}: with --label and --drop say which columns are no values'
        )
    names = [f'{path} row {row}' for row in table.rows]
    labels = [None] * len(names)
    if table.labels:
        labels = list(map(class_number, names, table.labels))
    return list(zip(names, table.X, labels, strict=True))


def natural(name):
    """Return a key that sorts X_2.dat before X_10.dat."""
    return [int(x) if x.isdecimal() else x for x in re.split('([0-9]+)', name)]


def files_of(names):
    """Return the files that are meant by names: of a folder, all sequences in their order."""
    if names == sorted(names):  # from Test/X_*.dat, which the shell sorts as text
        names = sorted(names, key=natural)
    for name in names:
        numbers = sorted(sequence_numbers(name)) if os.path.isdir(name) else []
        yield from (os.path.join(name, f'X_{i}.dat') for i in numbers) if numbers else [name]


# Load the sequences. A bad file is reported, and the others are classified.
sequences, failed = [], False
for name in files_of(args.files):
    try:
        is_table = name.lower().endswith(EXTENSIONS)
        sequences += read_rows(name) if is_table else read_file(name)
    except DataError as error:
        print(f'infer.py: {error}', file=sys.stderr)
        failed = True
if not sequences:
    sys.exit(1)
names, X, labels = zip(*sequences, strict=True)

# Classify them all at once: the class with the largest score wins.
shares = outputs(model, np.array(X))
classes, scores = shares.argmax(axis=1), shares.max(axis=1)

which = f'Model: {args.model} of {datetime.fromtimestamp(trained.st_mtime):%Y-%m-%d %H:%M}'
if run:
    which += f', {run["layers"]}'
if (last_written('Train') or 0) > trained.st_mtime_ns:
    which += ', older than the sequences in Train'
if args.csv:
    print(which, file=sys.stderr)  # the table stays clean
    table = csv.writer(sys.stdout, lineterminator='\n')
    table.writerow(['file', 'class', 'name', 'score', 'label', 'agrees'])
    for name, Y, score, label in zip(names, classes, scores, labels, strict=True):
        compared = ('', '') if label is None else (label, int(label == Y))
        table.writerow([name, Y, class_name(Y, class_names), f'{score:.6g}', *compared])
else:
    print(which)
    print("The score is the network's output for that class, not a calibrated probability.")
    for name, Y, score, label in zip(names, classes, scores, labels, strict=True):
        line = f'{name}: {class_title(Y, class_names)}, score {score:.3f}'
        if label is not None:
            line += f'; label {class_title(label, class_names).removeprefix("class ")} '
            line += 'agrees' if label == Y else 'DISAGREES'
        print(line)

    # Count how many of each class were taken for which: the confusion matrix.
    labelled = [(label, Y) for label, Y in zip(labels, classes, strict=True) if label is not None]
    if len(labelled) > 1:
        from rich.console import Console
        from rich.table import Table

        right = sum(label == Y for label, Y in labelled)
        counts = Counter(labelled)
        numbers = range(shares.shape[1])
        taken = (f'taken for {class_name(Y, class_names)}' for Y in numbers)
        table = Table('label', *taken)
        for label in sorted({label for label, _ in labelled}):
            row = (str(counts[label, Y]) for Y in numbers)
            table.add_row(class_name(label, class_names), *row)
        Console(markup=False, emoji=False).print(table)  # names as they are
        print(f'Accuracy: {100 * right / len(labelled):.2f}% of {len(labelled)} labelled sequences')

sys.exit(failed)
