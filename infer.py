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

if __name__ == '__main__':
    prepare()

import csv
import functools
import itertools
import json
import os
import re
import sys
from datetime import datetime
from typing import NamedTuple

from support.console import (
    DataError,
    make_parser,
    print_table,
    printable,
    whole_number,
)
from support.files import (
    CLASSES_FILE,
    FILE_NAME,
    IDS_FILE,
    check_file,
    class_title,
    last_written,
    load_packed,
    read_class,
    read_lines,
    read_values,
    sequence_numbers,
)
from support.result import confusion_table, predict_scores
from support.runs import read_run
from support.tables import PART, TABLES, Reading, read_parts, shorten_list

import numpy as np


class Sequence(NamedTuple):
    """A sequence to classify: float64 (N,), its class, or None, and its object."""

    name: str
    id: str
    x: np.ndarray
    label: int | None


def note_error(text, errors):
    """Print what is wrong with a file or row, and add it to errors, a set."""
    if text not in errors:  # the same for many files is printed once
        print(DataError(text).code, file=sys.stderr)
    errors.add(text)


def sequence_file(text):
    """Return the file that is meant: Test/X_i.dat by a number, or any by its name."""
    number = re.fullmatch(r'-?\d+', text)
    return f'Test/X_{whole_number(1)(text)}.dat' if number else text


def read_options():
    """Return the options of the command line."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    file = 'a file, table or folder, or the number i of Test/X_i.dat'
    add('files', nargs='*', metavar='FILE', type=sequence_file, help=file)
    which = parser.add_mutually_exclusive_group()
    which.add_argument('--run', metavar='NAME', help='runs/NAME, default the newest')
    which.add_argument('--model', help='a network in a file of its own')
    add('--about', action='store_true', help='print what the run is')
    add('--csv', action='store_true', help='print comma-separated values')
    options = parser.parse_args()
    if bool(options.files) == options.about:
        parser.error('give either files to classify, or --about')
    return options


def find_network(options):
    """Return the path of the network that is asked, and its run, {} if it has none."""
    if not options.model:
        run = read_run(options.run)
        return f'{run["path"]}/model.keras', run
    folder = os.path.dirname(options.model) or '.'
    has_run = os.path.exists(f'{folder}/run.json')
    return options.model, read_run(f'{folder}/') if has_run else {}


def load_network(path):
    """Return the network in a file. Raises DataError if there is none."""
    check_file(path)
    try:  # Keras refuses a file that brings code of its own
        return import_keras().models.load_model(path, compile=False)
    except Exception as error:  # of many kinds, according to what is wrong
        why = str(error).strip().split('\n')[0]
        raise DataError(f'{path} cannot be loaded ({why}): train again') from None


read_texts = functools.cache(read_lines)  # once for all the sequences of a folder


def read_file(path, N_sequence, class_names):
    """Return the Sequence in a file of float64 values."""
    folder, name = os.path.split(path)
    folder, number = folder or '.', FILE_NAME.fullmatch(name)
    x, label = read_values(path), None
    if len(x) != N_sequence:
        raise DataError(f'{path} holds {len(x)} values, the network takes {N_sequence}')
    ids, names = read_texts(folder, IDS_FILE), read_texts(folder, CLASSES_FILE)
    label_file = os.path.join(folder, name.replace('X', 'Y', 1))
    if name.startswith('X_') and (os.path.exists(label_file) or load_packed(folder)):
        label = int(read_class(label_file))
        if any(a != b for a, b in zip(names, class_names, strict=False)):
            others = f'of other classes ({shorten_list(names)}) than the network'
            raise DataError(f'{folder} is {others}: train again with train.py')
    has_id = number and int(number[1]) <= len(ids)
    return Sequence(path, ids[int(number[1]) - 1] if has_id else '', x, label)


def read_rows(path, network, run, errors):
    """Yield the Sequences of a table, read as that of the training."""
    if not run.get('table'):
        known = f'no run.json beside {network} says how to read it'
        raise DataError(f'{path} is a table, and {known}: train with such a table')
    class_names = run['class_names']
    not_used = []
    for table in read_parts(path, Reading(**run['table'])):
        if table.not_used != not_used:
            not_used = table.not_used
            columns = shorten_list(not_used, 20)
            print(printable(f'{path}, not used: {columns}'), file=sys.stderr)
        for name in table.too_short:
            few = 'has fewer than three observations'
            note_error(f'{path}: object {name} {few}', errors)
        for i, label in enumerate(table.labels):
            if i in table.bad:
                note_error(table.bad[i], errors)
            elif label and label not in class_names:
                known = ', '.join(class_names)
                found = f'{label} is none of the classes, {known}'
                note_error(f'{table.rows[i]}: {found}', errors)
            else:
                label = class_names.index(label) if label else None
                yield Sequence(table.rows[i], table.ids[i], table.X[i], label)


def list_files(names):
    """Yield the files that are meant: those of all sequences in a folder, or a file."""
    for name in names:
        numbers = sorted(sequence_numbers(name))
        yield from [os.path.join(name, f'X_{i}.dat') for i in numbers] or [name]


def is_table(path):
    """Return whether a file is a table, by its name or as text, and not float64."""
    if FILE_NAME.fullmatch(os.path.basename(path)):
        return False
    check_file(path)
    with open(path, 'rb') as file:
        is_text = re.fullmatch(rb'[\t\r\n -~]+', file.read(1000)) is not None
    return is_text or path.lower().endswith(TABLES)


def read_sequences(names, network, N_sequence, run, errors):
    """Yield the Sequences in files and tables; print what is wrong with some."""
    for path in list_files(names):
        try:
            if is_table(path):
                yield from read_rows(path, network, run, errors)
            else:
                yield read_file(path, N_sequence, run.get('class_names', []))
        except DataError as error:
            note_error(error.args[0], errors)


def print_header(options, network, run, scores, has_scores):
    """Print which network answers, and what its scores are or the columns of --csv."""
    trained, written = os.stat(network).st_mtime_ns, last_written('Train') or 0
    time = f'{datetime.fromtimestamp(trained / 1e9):%Y-%m-%d %H:%M}'
    layers = f', {run["layers"]}' if run else ''
    older = ', older than the sequences in Train' if written > trained else ''
    lines = [f'Model: {network} of {time}{layers}{older}', *run.get('notes', [])]
    if run.get('not_judged'):
        lines[0] += f'; not judged: {run["not_judged"]}'
    for line in map(printable, lines):
        print(line, file=sys.stderr if options.csv else sys.stdout)
    if options.csv:
        each = ''.join(f',score_{j}' for j in range(scores.shape[1]))
        print(f'file,id,class,name,score,label,agrees{each}')
    elif has_scores:
        output = "The score is the network's output for that class"
        print(f'{output}, not a calibrated probability.')
    else:
        print('This network gives no scores: those of a sigmoid or a softmax are.')


def print_csv(part, scores, class_names, has_scores):
    """Print a row for each Sequence: its class, score and label, and all scores."""
    table = csv.writer(sys.stdout, lineterminator='\n')
    best = scores.argmax(axis=1).tolist()
    for (name, id_, _, label), Y, row in zip(part, best, scores.tolist(), strict=True):
        compared = ('', '') if label is None else (label, int(label == Y))
        score, *each = (f'{x:.6g}' if has_scores else '' for x in (row[Y], *row))
        title = class_names[Y] if Y < len(class_names) else f'class {Y}'
        table.writerow([name, id_, Y, title, score, *compared, *each])


def print_answers(part, scores, class_names, has_scores):
    """Print a line for each Sequence."""
    for (name, id_, _, label), row in zip(part, scores, strict=True):
        Y, agrees = row.argmax(), ''
        object_name = f' ({id_})' if id_ and not name.endswith(f' {id_}') else ''
        score = f', score {row[Y]:.3f}' if has_scores else ''
        if label is not None:
            title = class_title(label, class_names).removeprefix('class ')
            agrees = f'; label {title} {"agrees" if label == Y else "DISAGREES"}'
        answer = f'{name}{object_name}: {class_title(Y, class_names)}{score}{agrees}'
        print(printable(answer))


def print_accuracy(Y, predicted, class_names):
    """Print how many of the sequences with a label Y, else -1, are right."""
    Y, predicted = Y[Y >= 0], predicted[Y >= 0]
    if len(Y) > 1:
        print_table(confusion_table(Y, predicted, class_names))
        percent = f'{100 * np.mean(Y == predicted):.2f}%'
        print(f'Accuracy: {percent} of {len(Y)} labelled sequences')
        print('(It is a test only of sequences that were not trained with.)')


def main():
    options = read_options()
    network, run = find_network(options)
    if options.about:
        text = json.dumps(run, indent=1, ensure_ascii=False)
        print(*map(printable, text.splitlines()), sep='\n')
        return 0
    model, class_names = load_network(network), run.get('class_names', [])
    N_sequence, errors = int(np.prod(model.input_shape[1:])), set()
    labels, answers = [], []
    sequences = read_sequences(options.files, network, N_sequence, run, errors)
    print_part = print_csv if options.csv else print_answers
    # In parts, so that memory is flat, and what was done is there if the job ends.
    while part := list(itertools.islice(sequences, PART)):
        X, names = np.array([x.x for x in part]), [x.name for x in part]
        scores = predict_scores(model, X, run.get('scores', 'linear'), names)
        has_scores = run.get('scores', 'linear')  # else there are answers alone
        if not answers:
            print_header(options, network, run, scores, has_scores)
        print_part(part, scores, class_names, has_scores)
        sys.stdout.flush()
        answers += scores.argmax(axis=1).tolist()
        labels += [-1 if x.label is None else x.label for x in part]
    if not options.csv:
        print_accuracy(np.array(labels), np.array(answers), class_names)
    return int(bool(errors) or not answers)


if __name__ == '__main__':
    sys.exit(main())
