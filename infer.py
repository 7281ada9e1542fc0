"""Classify sequences with a network that train.py has trained.

    python infer.py 24                      classifies Test/X_24.dat
    python infer.py Test --run 7            classifies all of Test with runs/7
    python infer.py Train/X_3.dat a/b.dat   classifies files of float64 values
    python infer.py --csv Test              prints a table for other programs
    python infer.py new.csv                 reads a table as in the training

Where the class is known, from Y_i.dat beside X_i.dat or from a column of the
table, the network's answer is compared with it. The names of the classes are in
the run's run.json.
"""

from support.start import import_keras, prepare

if __name__ == '__main__':
    prepare()

import functools
import os
import re
import sys
from datetime import datetime

from support.console import DataError, make_parser, print_table, printable, whole_number
from support.files import (
    CLASSES_FILE,
    FILE_NAME,
    IDS_FILE,
    check_file,
    class_title,
    load_packed,
    read_lines,
    read_values,
    sequence_numbers,
)
from support.result import confusion_table, predict_scores
from support.runs import read_run
from support.tables import TABLES, Reading, read_table, shorten_list

import numpy as np
import pandas as pd


def sequence_file(text):
    """Return the file that is meant: Test/X_i.dat by a number, or any by its name."""
    number = re.fullmatch(r'-?\d+', text)
    return f'Test/X_{whole_number(1)(text)}.dat' if number else text


def read_options():
    """Return the options of the command line."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    file = 'a file, table or folder, or the number i of Test/X_i.dat'
    add('files', nargs='+', metavar='FILE', type=sequence_file, help=file)
    run = 'asks runs/NAME, or the path of such a folder (default: the newest run)'
    add('--run', metavar='NAME', help=run)
    add('--csv', action='store_true', help='prints comma-separated values')
    return parser.parse_args()


def load_network(path):
    """Return the network in a file. Raises DataError if there is none."""
    try:  # Keras refuses a file that brings code of its own
        return import_keras().models.load_model(path, compile=False)
    except Exception as error:  # of many kinds, according to what is wrong
        why = str(error).strip().split('\n')[0]
        raise DataError(f'{path} cannot be loaded ({why}): train again') from None


read_texts = functools.cache(read_lines)  # once for all the sequences of a folder


def read_file(path, run):
    """Return the sequence in a file of float64 values: name, id, values and label."""
    folder, name = os.path.split(path)
    folder, ID = folder or '.', name[2:-4]
    ids, names = read_texts(folder, IDS_FILE), read_texts(folder, CLASSES_FILE)
    has_id = FILE_NAME.fullmatch(name) and int(ID) <= len(ids)
    object_id = ids[int(ID) - 1] if has_id else ''
    has_label = load_packed(folder) or os.path.exists(f'{folder}/Y_{ID}.dat')
    if not name.startswith('X_') or not has_label:
        return path, object_id, read_values(path), None
    if any(a != b for a, b in zip(names, run['class_names'], strict=False)):
        others = f'holds other classes ({shorten_list(names)}) than the training'
        raise DataError(f'{folder} {others}: train again with train.py')
    (label,) = read_values(f'{folder}/Y_{ID}.dat', 1)
    return path, object_id, read_values(path), int(label)


def read_rows(path, run, errors, doubts):
    """Return those of a table, read as that of the training; add what is wrong."""
    if not run['table']:
        asked = 'was not trained with one: add --run NAME of one that was'
        raise DataError(f'{path} is a table, but {run["path"]} {asked}')
    reading = Reading(**run['table'])
    table = read_table(path, reading, labelled=False, extent=run['extent'])
    for note in table.notes:
        print(printable(f'{path}: {note}'), file=sys.stderr)
    for name, known in (reading.unused or {}).items():
        found = table.reading.unused.get(name) or known
        if len(known) == 1 and found != known:
            values = f'{shorten_list(found)}, in the training always {known[0]}'
            doubts.append(f'{path}: column {name} holds {values}')
    classes = {name: y for y, name in enumerate(run['class_names'])} | {'': None}
    sequences = []
    for i, row in enumerate(zip(table.names, table.ids, table.X, strict=True)):
        if i in table.faults:
            errors.append(table.faults[i])
        elif (label := table.labels[i]) not in classes:
            known = ', '.join(run['class_names'])
            errors.append(f'{row[0]}: class {label} is none of {known}')
        else:
            sequences.append((*row, classes[label]))
    return sequences


def is_table(path):
    """Return whether a file is a table, by its name or as text, and not float64."""
    if FILE_NAME.fullmatch(os.path.basename(path)):
        return False
    check_file(path)
    with open(path, 'rb') as file:
        is_text = re.fullmatch(rb'[\t\r\n -~]+', file.read(1000)) is not None
    return is_text or path.lower().endswith(TABLES)


def read_sequences(names, N, run):
    """Return the sequences, of N values, in files and tables; and errors and doubts."""
    sequences, errors, doubts = [], [], []
    for name in names:
        numbers = sorted(sequence_numbers(name)) or [1] * os.path.isdir(name)
        for path in [os.path.join(name, f'X_{i}.dat') for i in numbers] or [name]:
            try:
                if is_table(path):
                    found = read_rows(path, run, errors, doubts)
                else:
                    found = [read_file(path, run)]
                if (length := len(found[0][2]) if found else N) != N:
                    holds = f'{path} holds {length} values, but the network takes {N}'
                    raise DataError(holds + ' (is it float32?)' * (2 * length == N))
                sequences += found
            except DataError as error:
                errors += error.args
    return sequences, dict.fromkeys(errors), doubts  # the same of many files once


def find_far(names, X, extent):
    """Return a line if values X (n, N) are farther outside extent than it is wide."""
    X = X.astype('f4')  # as a network sees them
    low, high = (np.resize(np.float32(extent[x]), X.shape[1]) for x in ('low', 'high'))
    is_far = np.maximum(low - X, X - high) > high - low
    if not is_far.any():
        return []
    i, j = np.unravel_index(is_far.argmax(), X.shape)
    count = f'{is_far.any(axis=1).sum()} of {len(X)} sequences'
    value = f'value {j + 1} of {names[i]} is {X[i, j]:.5g}'
    limits = f'in the training {low[j]:.5g} to {high[j]:.5g}'
    return [f'{count} hold values far from those of the training: {value}, {limits}']


def describe_network(run):
    """Return lines: which network answers, and what limits its result."""
    time, about = datetime.fromisoformat(run['time']), 'Train/about.json'
    line = f'Model: {run["path"]}/model.keras of {time:%Y-%m-%d %H:%M}, {run["layers"]}'
    if os.path.exists(about) and os.stat(about).st_mtime > time.timestamp():
        line += ', older than the sequences in Train'
    if run['not_judged']:
        line += f'; not judged: {run["not_judged"]}'
    return [line, *run['notes']]


def list_answers(sequences, scores, class_names):
    """Return a row for each sequence, and in its columns what --csv prints."""
    names, ids, _, labels = zip(*sequences, strict=True)
    Y, titles = scores.argmax(axis=1), dict(enumerate(class_names))
    rows = pd.DataFrame({'file': names, 'id': ids, 'class': Y})
    rows['name'] = [titles.get(y, f'class {y}') for y in Y]
    rows['score'] = scores.max(axis=1)
    rows['label'] = pd.array(labels, 'Int64')
    rows['agrees'] = (rows['label'] == Y).astype('Int64')
    return rows.join(pd.DataFrame(scores).add_prefix('score_'))


def print_answers(rows, class_names):
    """Print a line for each row, and how many of those with a label are right."""
    if rows['score'].notna().all():
        output = "The score is the network's output for that class"
        print(f'{output}, not a calibrated probability.')
    else:
        print('No scores: the last layer has no sigmoid or softmax.')
    for name, object_id, Y, _, score, label, agrees, *_ in rows.itertuples(index=False):
        is_new = object_id and not name.endswith(f' {object_id}')
        line = name + f' ({object_id})' * bool(is_new)
        line += f': {class_title(Y, class_names)}'
        line += f', score {score:.3f}' if pd.notna(score) else ''
        if pd.notna(label):
            title = class_title(label, class_names).removeprefix('class ')
            line += f'; label {title} {"agrees" if agrees else "DISAGREES"}'
        print(printable(line))
    known = rows[rows['label'].notna()]
    if len(known) > 1:
        Y, predicted = known['label'].to_numpy(int), known['class'].to_numpy()
        print_table(confusion_table(Y, predicted, class_names))
        percent = f'{100 * np.mean(Y == predicted):.2f}%'
        print(f'Accuracy: {percent} of {len(Y)} labelled sequences')
        print('(Only sequences that were not trained with make it a test.)')


def main():
    options = read_options()
    run = read_run(options.run)
    class_names = run['class_names']
    model = load_network(f'{run["path"]}/model.keras')
    N = int(np.prod(model.input_shape[1:]))
    sequences, errors, doubts = read_sequences(options.files, N, run)
    for error in errors:
        print(DataError(error).code, file=sys.stderr)
    if not sequences:
        return 1
    names, _, X, _ = zip(*sequences, strict=True)
    X = np.array(X)
    doubts += find_far(names, X, run['extent']) if run['extent'] else []
    for doubt in doubts:
        print(DataError(doubt).code, file=sys.stderr)
    scores = predict_scores(model, X, run['scores'], names)
    rows = list_answers(sequences, scores, class_names)
    if not run['scores']:  # but answers alone
        rows[[x for x in rows if x.startswith('score')]] = None
    for line in describe_network(run):
        print(printable(line), file=sys.stderr if options.csv else sys.stdout)
    if options.csv:
        rows.to_csv(sys.stdout, index=False, float_format='%.6g', lineterminator='\n')
    else:
        print_answers(rows, class_names)
        print(*map(printable, doubts), sep='\n', end='\n' * bool(doubts))
    return int(bool(errors))


if __name__ == '__main__':
    sys.exit(main())
