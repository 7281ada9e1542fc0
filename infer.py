"""Tell sine waves from square waves, or your own classes, with the network of train.py.

    python infer.py 24                      classifies Test/X_24.dat, by the newest run's network
    python infer.py Test --run 7            all of Test, by that of runs/7
    python infer.py Train/X_3.dat a/b.dat   any files of float64 values
    python infer.py --csv Test              the same as a table for other programs
    python infer.py new.csv                 a table, with the columns that were imported to train
    python infer.py curves/*.dat            light curves, read as those that were imported
    python infer.py --about                 what the newest run is

Where the class is known, from Y_i.dat beside X_i.dat or from a column of the table, the network's
answer is compared with it. The names of the classes are those of the run.
"""

from support.start import import_keras, prepare

prepare()

import contextlib
import csv
import functools
import json
import os
import re
import sys
import zipfile
from collections import Counter
from datetime import datetime

from support.cells import OTHERS, TABLES
from support.console import DataError, clean, parser, whole_number
from support.curves import read_new
from support.files import (
    CLASSES_FILE,
    check_file,
    class_name,
    class_title,
    last_written,
    read_class,
    read_class_names,
    read_ids,
    read_values,
    sequence_numbers,
)
from support.runs import all_runs, are_shares, newest_run, outputs, read_run
from support.tables import READING, add_columns

import numpy as np


def sequence_file(text):
    """Return the file that is meant: Test/X_i.dat by a number, any other by its name."""
    return (
        f'Test/X_{whole_number(1)(text)}.dat' if re.fullmatch(r'-?\d+', text) else text
    )


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
script.add_argument(
    '--about', action='store_true', help='say what the run is, and no more'
)
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
elif not args.run and not all_runs() and os.path.exists('model.keras'):
    args.model = 'model.keras'
else:
    run = read_run(args.run) if args.run else newest_run()
    args.model = f'{run["path"]}/model.keras'
if args.about:
    print(
        clean(json.dumps(run, ensure_ascii=False))
        if run
        else f'{args.model} is in no run, so there is nothing known of it'
    )
    sys.exit()

# Load the model. Keras's safe mode, its default, refuses a file that brings code of its own.
if not os.path.exists(args.model):
    raise DataError(f'{args.model} is missing: train a network with python train.py')
check_file(args.model)

keras = import_keras()
try:
    model = keras.models.load_model(args.model, compile=False)
except (
    Exception
) as error:  # Keras raises many kinds, according to what is wrong with the file
    why = str(error).strip().split('\n')[0]
    raise DataError(
        f'{args.model} cannot be loaded as a Keras model ({why}): train one with python train.py'
    ) from None
shapes = model.input_shape, model.output_shape
if not all(
    isinstance(shape, tuple) and len(shape) == 2 and shape[1] for shape in shapes
):
    raise DataError(
        f'{args.model} classifies no sequences: train a network with python train.py'
    )
N_sequence = model.input_shape[1]
trained = os.stat(args.model)
class_names = run['class_names'] if run else []
if not class_names and zipfile.is_zipfile(
    args.model
):  # where they were before there were runs
    with zipfile.ZipFile(args.model) as archive:
        if CLASSES_FILE in archive.namelist():
            text = archive.read(CLASSES_FILE).decode('utf-8-sig', errors='replace')
            class_names = text.splitlines()

# How tables are read: as the one that the network was trained with, unless something else is said.
known = (run or {}).get('table') or {}
columns = None if args.values else known.get('columns')
if columns and args.label:
    columns = {**columns, 'label': args.label}
for option in READING:
    if getattr(args, option) is None and not (args.values and option == 'label'):
        setattr(args, option, known.get(option))

names_beside, ids_beside = functools.cache(read_class_names), functools.cache(read_ids)


def read_file(name):
    """Return a list of the one sequence in a file of float64 values: name, id, values and class."""
    folder, base = os.path.split(name)
    if os.path.isfile(name) and os.path.getsize(name) not in (0, 8 * N_sequence):
        values = os.path.getsize(name) / 8
        raise DataError(
            f'{name} holds {values:g} values of float64, {args.model} takes {N_sequence}'
        )
    x, label, id_ = read_values(name, N_sequence), None, ''
    label_file = os.path.join(folder, base.replace('X', 'Y', 1))
    if base.startswith('X_') and os.path.exists(label_file):
        label = int(read_class(label_file))
        others = names_beside(folder)
        if any(a != b for a, b in zip(others, class_names, strict=False)):
            raise DataError(
                f'{folder or "."} is of other classes ({", ".join(others[:5])}) than those that'
                f' {args.model} was trained with: train anew with python train.py'
            )
    if match := re.fullmatch(r'X_(\d+)\.dat', base):
        id_ = dict(enumerate(ids_beside(folder), 1)).get(int(match[1]), '')
    return [(name, id_, x, label)]


def class_number(name, label):
    """Return the number of the class that a table calls label; None if it calls it nothing."""
    if not label:
        return None
    if label in class_names:
        return class_names.index(label)
    if not class_names and label.isdecimal():
        return int(label)
    some = ', '.join(class_names[:5]) or 'numbers, as there is no classes.txt'
    raise DataError(
        f'{name}: {label} is none of the classes ({some}): correct it or --label'
    )


def read_rows(path):
    """Return a list of the sequences in a table or a text; what is wrong with a row is printed."""
    table = read_new(path, args, columns)
    if table.X.shape[1] != N_sequence:
        raise DataError(
            f'{path} holds {table.X.shape[1]} values in each row, but {args.model} takes'
            f' {N_sequence}: say with --values which columns these are'
        )
    for text in table.skipped:
        report(DataError(text))
    found = []
    for i, (row, x) in enumerate(zip(table.rows, table.X, strict=True)):
        name = f'{path} {row}'.rstrip()
        id_ = '' if table.ids is None else table.ids[i]
        try:
            if i in table.bad:
                raise DataError(table.bad[i])
            label = (
                None if table.labels is None else class_number(name, table.labels[i])
            )
            found.append((name, id_, x, label))
        except DataError as error:
            report(error)
    return found


def report(error):
    """Print what is wrong with one file or row; the others are classified."""
    if error.code not in failed:  # the same for many files is told once
        print(error.code, file=sys.stderr)
    failed.add(error.code)


def is_text(path):
    """Return whether a file holds text, such as a light curve, and not float64 values."""
    with contextlib.suppress(OSError), open(path, 'rb') as file:
        head = file.read(1000)
        return head != b'' and all(
            32 <= byte < 127 or byte in b'\t\r\n' for byte in head
        )
    return False


def natural(name):
    """Return a key that sorts X_2.dat before X_10.dat."""
    return [int(x) if x.isdecimal() else x for x in re.split('([0-9]+)', name)]


def files_of(names):
    """Return the files that are meant by names: of a folder, all sequences, or else all files."""
    if names == sorted(names):  # from Test/X_*.dat, which the shell sorts as text
        names = sorted(names, key=natural)
    for name in names:
        if not os.path.isdir(name):
            yield name
        elif numbers := sorted(sequence_numbers(name)):
            yield from (os.path.join(name, f'X_{i}.dat') for i in numbers)
        else:
            yield from (
                os.path.join(name, base)
                for base in sorted(os.listdir(name), key=natural)
            )


# Load the sequences. A bad file or row is reported, and the others are classified.
sequences, failed = [], set()
for name in files_of(args.files):
    try:
        is_table = name.lower().endswith((*TABLES, *OTHERS)) or is_text(name)
        sequences += read_rows(name) if is_table else read_file(name)
    except DataError as error:
        report(error)
if not sequences:
    sys.exit(1)
names, ids, X, labels = zip(*sequences, strict=True)

# Classify them all at once: the class with the largest score wins.
shares = outputs(model, np.array(X), names)
shown = are_shares(model, shares)  # else there are answers, but no scores
classes, scores = shares.argmax(axis=1), shares.max(axis=1)

which = (
    f'Model: {args.model} of {datetime.fromtimestamp(trained.st_mtime):%Y-%m-%d %H:%M}'
)
if run:
    which += f', {run["layers"]}'
if (last_written('Train') or 0) > trained.st_mtime_ns:
    which += ', older than the sequences in Train'
if args.csv:
    print(clean(which), file=sys.stderr)  # the table stays clean
    table = csv.writer(sys.stdout, lineterminator='\n')
    each = [f'score_{j}' for j in range(shares.shape[1])]
    table.writerow(['file', 'id', 'class', 'name', 'score', 'label', 'agrees', *each])
    for i, (name, Y, label) in enumerate(zip(names, classes, labels, strict=True)):
        compared = ('', '') if label is None else (label, int(label == Y))
        score, *each = (f'{x:.6g}' * shown for x in (scores[i], *shares[i]))
        title = class_names[Y] if Y < len(class_names) else f'class {Y}'
        table.writerow([name, ids[i], Y, title, score, *compared, *each])
else:
    print(clean(which))
    if shown:
        print(
            "The score is the network's output for that class, not a calibrated probability."
        )
    else:
        print(
            'This network gives answers, but no scores: those of a sigmoid or a softmax are.'
        )
    for name, id_, Y, score, label in zip(
        names, ids, classes, scores, labels, strict=True
    ):
        line = f'{name} ({id_})' if id_ and not name.endswith(f' {id_}') else name
        line += f': {class_title(Y, class_names)}' + f', score {score:.3f}' * shown
        if label is not None:
            line += f'; label {class_title(label, class_names).removeprefix("class ")} '
            line += 'agrees' if label == Y else 'DISAGREES'
        print(clean(line))

    # Count how many of each class were taken for which: the confusion matrix.
    labelled = [
        (label, Y)
        for label, Y in zip(labels, classes, strict=True)
        if label is not None
    ]
    if len(labelled) > 1:
        from rich.console import Console
        from rich.table import Table

        right = sum(label == Y for label, Y in labelled)
        counts = Counter(labelled)
        numbers = range(shares.shape[1])
        taken = (clean(f'taken for {class_name(Y, class_names)}') for Y in numbers)
        table = Table('label', *taken)
        for label in sorted({label for label, _ in labelled}):
            row = (str(counts[label, Y]) for Y in numbers)
            table.add_row(clean(class_name(label, class_names)), *row)
        Console(markup=False, emoji=False).print(table)  # names as they are
        print(
            f'Accuracy: {100 * right / len(labelled):.2f}% of {len(labelled)} labelled sequences'
        )

sys.exit(bool(failed))
