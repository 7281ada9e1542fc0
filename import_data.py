"""Make Train and Test from your own table: each row is a sequence and its class.

    python import_data.py mine.csv                       looks for the column of the classes
    python import_data.py mine.csv --label type          it is the column with this name
    python import_data.py mine.csv --drop 1 --label last   the first column is no value
    python import_data.py GunPoint_TRAIN.ts GunPoint_TEST.ts   split into two files already

Takes CSV and other text (tabs, semicolons or blanks between the columns), NumPy's .npy and .npz
(arrays X and Y), and the .tsv and .ts files of the UCR archive.
"""

from support.start import prepare

if __name__ == '__main__':
    prepare()

import argparse
import hashlib
import os
import shlex
import sys

from support.console import DataError, parser, whole_number
from support.mistakes import check_scale
from support.sets import write_sets
from support.tables import add_columns, is_number, read_table

import numpy as np


def sha256(path):
    """Return the SHA-256 of a file."""
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def share(text):
    """Return --test: a fraction of the sequences (a float) or their number (an int)."""
    try:
        if 0 < float(text) < 1:
            return float(text)
    except ValueError:
        pass
    try:
        return whole_number(1)(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f'{text} is neither a fraction between 0 and 1 nor a number of sequences'
        ) from None


def number_classes(labels):
    """Return the names of the classes, sorted, and the number of each label's class, int (n,).

    If all of them are numbers, they are sorted as such.
    """
    names = set(labels)
    names = sorted(names, key=float if all(map(is_number, names)) else None)
    number = {name: i for i, name in enumerate(names)}
    return names, np.array([number[label] for label in labels])


def choose_test(X, Y, size, rng):
    """Choose the test sequences: return whether each of X (n, N) is one, bool (n,).

    Every class Y (n,) gives its share of size. Sequences that are equal stay together, so that no
    test sequence is also a training sequence; only then a share may differ.
    """
    equal = {}
    for i, x in enumerate(X):
        equal.setdefault(x.tobytes(), []).append(i)
    groups = [[] for _ in range(Y.max() + 1)]
    for group in equal.values():
        groups[Y[group[0]]].append(group)

    # Each class's share, rounded down; the sequences then still lacking come from the classes that
    # lost most by it. Both sets get at least one of each class.
    counts = np.bincount(Y)
    total = size if isinstance(size, int) else round(size * len(Y))
    shares = total * counts / len(Y)
    wanted = np.floor(shares).astype(int)
    wanted[np.argsort(wanted - shares, kind='stable')[: total - wanted.sum()]] += 1
    wanted = np.clip(wanted, 1, counts - 1)

    is_test = np.zeros(len(Y), bool)
    for own, left in zip(groups, wanted, strict=True):
        for i in rng.permutation(len(own)):
            if len(own[i]) <= left:
                is_test[own[i]] = True
                left -= len(own[i])
        if own and not is_test[[i for group in own for i in group]].any():
            is_test[min(own, key=len)] = True
    return is_test


def odd_column(X):
    """Return the column of X (n, N) whose values are far from those of all others, or None.

    An identifier or a period, say, that stands beside the values of a sequence.
    """
    if X.shape[1] < 4:
        return None
    medians, spread = np.median(X, axis=0), np.median(X.std(axis=0))
    distances = abs(medians - np.median(medians))
    second, i = np.argsort(distances)[-2:]
    return i if distances[i] > 20 * (distances[second] + spread) else None


def check_classes(paths, where, column, names, Y, is_test):
    """Raise DataError unless there are two classes or more, all in Train, and in Test if we split.

    where[i] says where Y[i] stands, column which holds the classes.
    """
    if len(names) < 2:
        raise DataError(
            f'{paths[0]}: all rows are of class {names[0]} ({column}), but a network learns to tell'
            ' two or more apart: add rows of another, or say with --label where the class is'
        )
    for number, name in enumerate(names):
        own = np.flatnonzero(Y == number)
        if len(paths) == 2:
            if is_test[own].all():
                raise DataError(
                    f'{where[own[0]]} is of class {name} ({column}), of which {paths[0]} has no row'
                    ' to train with: add some there or remove this'
                )
        elif len(set(is_test[own])) < 2:
            lacks = 'equals all others' if len(own) > 1 else 'is the only one'
            raise DataError(
                f'{where[own[0]]} {lacks} of class {name} ({column}); one is needed to train with'
                ' and another to test with: add one or remove this (if it is the header, give'
                ' --label by its name or remove it; if that column is not the class, add --label)'
            )


if __name__ == '__main__':
    script = parser(__doc__)
    add = script.add_argument
    add(
        'tables', nargs='+', metavar='TABLE', help='one to split, or one for Train and one for Test'
    )
    add_columns(script)
    add('--test', type=share, help='sequences to test with: a fraction or a number, default 0.2')
    add('--seed', type=whole_number(0), default=0, help='of the random split, default 0')
    add('--overwrite', action='store_true', help='replace the sequences that are there')
    args = script.parse_args()
    if len(args.tables) > 2:
        script.error('more than two tables: give one, or one to train and one to test with')
    if len(args.tables) == 2 and args.test:
        script.error('--test splits a table, but two are split already: leave it out')

    # Read the tables. The second has the class where the first has it.
    tables = [read_table(args.tables[0], args.label, args.drop)]
    column, header = tables[0].label, tables[0].header
    if len(args.tables) == 2:
        tables.append(read_table(args.tables[1], args.label or column, args.drop))
        lengths = [table.X.shape[1] for table in tables]
        if lengths[0] != lengths[1] or tables[1].header != header:
            raise DataError(
                f'{args.tables[1]} has sequences of {lengths[1]} values, {args.tables[0]} of'
                f' {lengths[0]}: both need the same columns in the same order, with the same header'
            )
    X = np.concatenate([table.X for table in tables])
    N_sequence = X.shape[1]

    # Number the classes, and choose which sequences are for the test.
    names, Y = number_classes([label for table in tables for label in table.labels])
    rng = np.random.default_rng(args.seed)
    if len(tables) == 2:
        is_test = np.arange(len(X)) >= len(tables[0].X)
    else:
        size = args.test or 0.2
        if size >= len(X):
            raise DataError(
                f'{args.tables[0]} has {len(X)} rows, so --test {size} leaves none to train with'
            )
        is_test = choose_test(X, Y, size, rng)
    where = [
        f'{path}, row {row}'
        for path, table in zip(args.tables, tables, strict=True)
        for row in table.rows
    ]
    values = [header[i] for i in tables[0].kept] if header else []
    between = f', from column {values[0]} to {values[-1]}' if values else ''
    title = f'column {column + 1}' + (f', {header[column]}' if header else '')
    check_classes(args.tables, where, title, names, Y, is_test)

    # Write them in random order, so that the first ones are a fair sample of a sorted table.
    IDs = {'Train': rng.permutation(np.flatnonzero(~is_test))}
    IDs['Test'] = rng.permutation(np.flatnonzero(is_test))
    sets = {folder: (len(i), zip(X[i], Y[i], strict=True)) for folder, i in IDs.items()}
    about = {
        'script': 'import_data.py',
        'what': f'from {" and ".join(map(os.path.basename, args.tables))}, class in {title}',
        'command': shlex.join(['python', 'import_data.py', *sys.argv[1:]]),
        'tables': {path: sha256(path) for path in args.tables},
        'columns': values or [i + 1 for i in tables[0].kept],
        'test': None if len(tables) == 2 else size,
        'seed': args.seed,
    }
    about['command'] = about['command'].replace(' --overwrite', '')
    written = write_sets(sets, about, args.overwrite, names)

    N_train, N_test = (len(i) for i in IDs.values())
    if (odd := odd_column(X)) is not None:
        i = tables[0].kept[odd]
        name = f' ({header[i]})' if header else ''
        print(f'Column {i + 1}{name} is unlike the others: if it is no value, add --drop {i + 1}')
    print(f'The class is in {title}; the sequences are {N_sequence} values long{between}.')
    for number, name in enumerate(names):
        counts = (f'{np.sum(Y[i] == number)} in {folder}' for folder, i in IDs.items())
        print(f'Class {number} ({name}): {", ".join(counts)}')
    if written:
        print(f'Wrote {N_train} sequences to Train and {N_test} to Test.')
    else:
        print('Train and Test hold exactly these sequences already.')
    if len(names) > 2:
        print(
            f'{len(names)} classes: in train.py, make the last layer'
            f" Dense({len(names)}, activation='softmax') and the loss"
            " 'sparse_categorical_crossentropy'."
        )
    check_scale(X[IDs['Train'][:1000]], script='train.py')
    print('Look at some, then train:')
    print(f'python view.py 1 2 3 4 --N_sequence {N_sequence}')
    print(f'python train.py --N_train {N_train} --N_test {N_test} --N_sequence {N_sequence}')
