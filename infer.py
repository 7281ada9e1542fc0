"""Tell sine waves from square waves, or your own classes, with the network of train.py.

    python infer.py 24                      classifies Test/X_24.dat, by the newest run
    python infer.py Test --run 7            all of Test, by that of runs/7
    python infer.py Train/X_3.dat a/b.dat   any files of float64 values
    python infer.py --csv Test              the same as a table for other programs
    python infer.py new.csv                 a table with the columns of the training
    python infer.py --about                 what the newest run is

Where the class is known, from Y_i.dat beside X_i.dat or from a column of the table, the
network's answer is compared with it. The names of the classes are those of the run.
"""

from support.start import import_keras, prepare

prepare()

import csv
import os
import re
import sys
from datetime import datetime
from types import SimpleNamespace

from support.console import DataError, clean, parser, whole_number
from support.files import (
    CLASSES_FILE,
    FILE_NAME,
    IDS_FILE,
    check_file,
    class_title,
    exists,
    last_written,
    read_class,
    read_lines,
    read_values,
    sequence_numbers,
)
from support.runs import (
    are_probabilities,
    newest_run,
    predict_scores,
    print_confusion,
    read_run,
)
from support.tables import TABLES, read_table

import numpy as np


def sequence_file(text):
    """Return the file that is meant: Test/X_i.dat by a number, or any by its name."""
    number = re.fullmatch(r'-?\d+', text)
    return f'Test/X_{whole_number(1)(text)}.dat' if number else text


script = parser(__doc__)
what = 'a file, table or folder, or the number i of Test/X_i.dat'
script.add_argument('files', nargs='*', metavar='FILE', type=sequence_file, help=what)
which = script.add_mutually_exclusive_group()
which.add_argument('--run', metavar='NAME', help='runs/NAME, default the newest')
which.add_argument('--model', help='a network in a file of its own')
script.add_argument('--about', action='store_true', help='print what the run is')
script.add_argument('--csv', action='store_true', help='print comma-separated values')
args = script.parse_args()
if bool(args.files) == args.about:
    script.error('give either files to classify, or --about')

# The network that is asked, and its run, if it is of one
folder = os.path.dirname(args.model or '') or '.'
if not args.model:
    run = read_run(args.run) if args.run else newest_run()
else:
    run = read_run('', folder) if os.path.exists(f'{folder}/run.json') else {}
network = args.model or f'{run["path"]}/model.keras'
if args.about:
    if not run:
        raise DataError(f'{network} is in no run, so nothing is known of it')
    with open(f'{run["path"]}/run.json', encoding='utf-8') as file:
        print(*map(clean, file.read().splitlines()), sep='\n')
    sys.exit()
if not os.path.exists(network):
    raise DataError(f'{network} is missing: train a network with python train.py')
check_file(network)
try:  # Keras refuses a file that brings code of its own
    model = import_keras().models.load_model(network, compile=False)
except Exception as error:  # of many kinds, according to what is wrong
    why = str(error).strip().split('\n')[0]
    remedy = 'train one with python train.py'
    raise DataError(f'{network} cannot be loaded by Keras ({why}): {remedy}') from None
shapes = model.input_shape, model.output_shape
if not all(type(shape) is tuple and len(shape) == 2 and shape[1] for shape in shapes):
    raise DataError(f'{network} classifies no sequences: train one with train.py')
N_sequence, class_names = model.input_shape[1], run.get('class_names', [])


def read_file(path):
    """Return the sequence in a file of float64 values: name, id, values and class."""
    folder, name = os.path.split(path)
    x, label, id_ = read_values(path), None, ''
    if len(x) != N_sequence:
        what = f'{len(x)} values of float64, {network} takes {N_sequence}'
        raise DataError(f'{path} holds {what}')
    label_file = os.path.join(folder, name.replace('X', 'Y', 1))
    if name.startswith('X_') and exists(label_file):
        label, others = int(read_class(label_file)), read_lines(folder, CLASSES_FILE)
        if any(a != b for a, b in zip(others, class_names, strict=False)):
            what = f'is of other classes ({", ".join(others[:5])}) than {network}'
            raise DataError(f'{folder or "."} {what}: train again with python train.py')
    if match := re.fullmatch(r'X_(\d+)\.dat', name):
        id_ = dict(enumerate(read_lines(folder, IDS_FILE), 1)).get(int(match[1]), '')
    return path, id_, x, label


def read_rows(path):
    """Yield the sequences of a table, read as that of the training, as read_file does.

    What is wrong with one is printed.
    """
    known = run.get('table') or {}
    if not known:
        raise DataError(f'{path} is a table, but {network} was trained with files')
    columns = known['columns']
    options = SimpleNamespace(**known, label=columns['label'], id=columns['id'])
    options.header = 'yes' if columns['header'] else 'no'
    table = read_table(path, options, columns, labelled=False)
    for name in table.left_out if options.long else ():
        report(f'{path}: object {name} has fewer than three observations')
    for i, x in enumerate(table.X):
        label, name = table.labels[i], f'{path} {table.rows[i]}'
        if i in table.bad:
            report(table.bad[i])
        elif label and label not in class_names:
            report(f'{name}: {label} is none of the classes, {", ".join(class_names)}')
        else:
            Y = class_names.index(label) if label else None
            yield name, table.ids[i], x, Y


failed = set()


def report(text):
    """Print what is wrong with one file or row; the others are classified."""
    if text not in failed:  # the same for many files is told once
        print(DataError(text).code, file=sys.stderr)
    failed.add(text)


def natural(name):
    """Return a key that sorts X_2.dat before X_10.dat."""
    return [int(x) if x.isdecimal() else x for x in re.split('([0-9]+)', name)]


def files_of(names):
    """Yield the files that are meant: of a folder, all sequences, or else all files."""
    if names == sorted(names):  # from Test/X_*.dat, which the shell sorts as text
        names = sorted(names, key=natural)
    for name in names:
        if not os.path.isdir(name):
            yield name
        elif numbers := sorted(sequence_numbers(name)):
            yield from (os.path.join(name, f'X_{i}.dat') for i in numbers)
        else:
            files = sorted(os.listdir(name), key=natural)
            yield from (os.path.join(name, file) for file in files)


def is_table(path):
    """Return whether a file is a table, by its name or as text, and not float64."""
    if path.lower().endswith(TABLES):
        return True
    if FILE_NAME.fullmatch(os.path.basename(path)):
        return False
    with open(path, 'rb') as file:
        return re.fullmatch(rb'[\t\r\n -~]+', file.read(1000)) is not None


# Load the sequences, and classify them all at once: the class with the largest score
sequences, written = [], {}  # and when each folder's set was written
for path in files_of(args.files):
    folder = os.path.dirname(path) or '.'
    written.setdefault(folder, last_written(folder))
    try:
        check_file(path)
        sequences += read_rows(path) if is_table(path) else [read_file(path)]
    except DataError as error:
        report(error.args[0])
for folder, time in written.items():
    if last_written(folder) != time:
        raise DataError(f'{folder} was replaced while it was read: run this again')
if not sequences:
    sys.exit(1)
names, ids, X, labels = zip(*sequences, strict=True)
scores = predict_scores(model, np.array(X), names)
classes, best = scores.argmax(axis=1), scores.max(axis=1)
are_scores = are_probabilities(model, scores)  # else there are answers, but no scores

trained = os.stat(network).st_mtime_ns
line = f'Model: {network} of {datetime.fromtimestamp(trained / 1e9):%Y-%m-%d %H:%M}'
line += f', {run["layers"]}' if run else ''
if (last_written('Train') or 0) > trained:
    line += ', older than the sequences in Train'
print(clean(line), file=sys.stderr if args.csv else sys.stdout)
if args.csv:
    table = csv.writer(sys.stdout, lineterminator='\n')
    each = [f'score_{j}' for j in range(scores.shape[1])]
    table.writerow(['file', 'id', 'class', 'name', 'score', 'label', 'agrees', *each])
    for i, (Y, label) in enumerate(zip(classes, labels, strict=True)):
        compared = ('', '') if label is None else (label, int(label == Y))
        score, *each = (f'{x:.6g}' * are_scores for x in (best[i], *scores[i]))
        name = class_names[Y] if Y < len(class_names) else f'class {Y}'
        table.writerow([names[i], ids[i], Y, name, score, *compared, *each])
    sys.exit(bool(failed))

what = "The score is the network's output for that class, not a calibrated probability."
if not are_scores:
    what = 'This network gives no scores: those of a sigmoid or a softmax are.'
print(what)
for i, (Y, label) in enumerate(zip(classes, labels, strict=True)):
    told = ids[i] and not names[i].endswith(f' {ids[i]}')
    line = f'{names[i]} ({ids[i]})' if told else names[i]
    line += f': {class_title(Y, class_names)}' + f', score {best[i]:.3f}' * are_scores
    if label is not None:
        title = class_title(label, class_names).removeprefix('class ')
        line += f'; label {title} {"agrees" if label == Y else "DISAGREES"}'
    print(clean(line))
known = [i for i, label in enumerate(labels) if label is not None]
if len(known) > 1:
    Y = np.array([labels[i] for i in known])
    print_confusion(Y, classes[known], class_names)
    right = f'{100 * np.mean(Y == classes[known]):.2f}%'
    print(f'Accuracy: {right} of {len(known)} labelled sequences')
sys.exit(bool(failed))
