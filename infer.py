"""Tell sine waves from square waves with the network that train.py has trained.

    python infer.py 24                      classifies Test/X_24.dat
    python infer.py Train/X_3.dat a/b.dat   any files of float64 values
    python infer.py --csv Test/X_*.dat      the same as a table for other programs

Where Y_i.dat lies beside X_i.dat, the network's answer is compared with it.
"""

import csv
import os
import re
import sys
from collections import Counter

import numpy as np

from support.console import DataError, parser, whole_number
from utilities import check_finished, class_name, read_label, read_series


def sequence_file(text):
    """Return the file that is meant: Test/X_i.dat by a number, any other by its name."""
    return f'Test/X_{whole_number(1)(text)}.dat' if re.fullmatch(r'-?\d+', text) else text


script = parser(__doc__)
script.add_argument(
    'files',
    nargs='+',
    metavar='FILE',
    type=sequence_file,
    help='a file, or the number i of Test/X_i.dat',
)
script.add_argument('--model', default='model.keras', help='default model.keras')
script.add_argument('--csv', action='store_true', help='print comma-separated values')
args = script.parse_args()

# Load the model. Keras's safe mode, its default, refuses a file that brings code of its own.
if not os.path.exists(args.model):
    raise DataError(f'{args.model} is missing: train a network with python train.py')

from support.training import keras

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

# Load the sequences. A bad file is reported, and the others are classified.
names, X, labels, failed = [], [], [], False
for name in args.files:
    try:
        folder, base = os.path.split(name)
        check_finished(folder or '.')
        x, label = read_series(name, N_sequence), None
        label_file = os.path.join(folder, base.replace('X', 'Y', 1))
        if base.startswith('X_') and os.path.exists(label_file):
            label = int(read_label(label_file))
    except DataError as error:
        if os.path.isfile(name) and os.path.getsize(name) != 8 * N_sequence:
            error = f'{error} ({args.model} takes {N_sequence} values)'
        print(f'infer.py: {error}', file=sys.stderr)
        failed = True
        continue
    names.append(name)
    X.append(x)
    labels.append(label)
if not X:
    sys.exit(1)

# Classify them all at once. One output, a sigmoid, tells class 0 from class 1;
# of the several outputs of a softmax, each is for one class, and the largest wins.
outputs = model.predict(np.array(X), batch_size=1024, verbose=0)
if outputs.shape[1] == 1:
    outputs = np.hstack([1 - outputs, outputs])
classes = outputs.argmax(axis=1)
scores = outputs.max(axis=1)

if args.csv:
    table = csv.writer(sys.stdout, lineterminator='\n')
    table.writerow(['file', 'class', 'name', 'score', 'label', 'agrees'])
    for name, Y, score, label in zip(names, classes, scores, labels, strict=True):
        compared = ('', '') if label is None else (label, int(label == Y))
        table.writerow([name, Y, class_name(Y), f'{score:.6g}', *compared])
else:
    print("The score is the network's output for that class, not a calibrated probability.")
    for name, Y, score, label in zip(names, classes, scores, labels, strict=True):
        line = f'{name}: class {Y} ({class_name(Y)}), score {score:.3f}'
        if label is not None:
            line += f'; label {label} ({class_name(label)}) '
            line += 'agrees' if label == Y else 'DISAGREES'
        print(line)

    # Count how many of each class were taken for which: the confusion matrix.
    labelled = [(label, Y) for label, Y in zip(labels, classes, strict=True) if label is not None]
    if len(labelled) > 1:
        from rich.console import Console
        from rich.table import Table

        right = sum(label == Y for label, Y in labelled)
        counts = Counter(labelled)
        table = Table('label', *(f'taken for {class_name(Y)}' for Y in range(outputs.shape[1])))
        for label in sorted({label for label, _ in labelled}):
            row = (str(counts[label, Y]) for Y in range(outputs.shape[1]))
            table.add_row(class_name(label), *row)
        Console().print(table)
        print(f'Accuracy: {100 * right / len(labelled):.2f}% of {len(labelled)} labelled sequences')

sys.exit(failed)
