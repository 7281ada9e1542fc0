"""Make Train and Test from your own sequences, in a table or in a file for each object.

    python import_data.py mine.csv                       shows what its columns look like
    python import_data.py mine.csv --label class --values f0:f99 --id star
                                                         a sequence in each row
    python import_data.py mine.csv --long star,mjd,mag --label class --length 64
                                                         an observation in each row
    python import_data.py --objects 'curves/*.dat' --long 1,2 --classes classes.csv --length 64
                                                         a file for each object
    python import_data.py GunPoint_TRAIN.ts GunPoint_TEST.ts
                                                         split into two files already

Takes CSV and its kin, NumPy's .npy and .npz (arrays X and Y), the .tsv and .ts files of the UCR
archive, and FITS, ECSV and VOTable. docs/own-data.md has more.
"""

from support.start import prepare

if __name__ == '__main__':
    prepare()

import argparse
import hashlib
import os
import shlex
import sys

from support.cells import is_number, named
from support.console import DataError, clean, parser, print_table, whole_number
from support.curves import files_of_objects, read_classes, read_objects, read_table
from support.mistakes import check_scale
from support.sets import write_sets
from support.tables import READING, add_columns

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


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

    Texts are different classes if they differ at all. If all are numbers, they are sorted as such.
    """
    names = sorted(set(labels))
    if all(is_number(name) for name in names):
        names.sort(key=lambda name: float(name.replace(',', '.')))
    number = {name: i for i, name in enumerate(names)}
    return names, np.array([number[label] for label in labels])


def content(X):
    """Return a number for each of X (n, N), the same for equal sequences: int (n,)."""
    seen = {}
    return np.array(
        [seen.setdefault(hashlib.sha1(x.tobytes()).digest(), len(seen)) for x in X]
    )


def belonging(X, ids):
    """Return a number for each of X (n, N), the same for those that must stay together: int (n,).

    Those are equal sequences, and those of the same object; ids are n texts, or None.
    """
    groups = content(X)
    if ids is not None:
        _, objects = np.unique(ids, return_inverse=True)
        links = coo_array((np.ones(len(X)), (groups, objects + groups.max() + 1)))
        size = max(links.shape)
        links = coo_array((links.data, links.coords), shape=(size, size))
        groups = connected_components(links, directed=False)[1][groups]
    return groups


def choose_test(groups, Y, size, rng):
    """Choose the test sequences: return whether each is one, bool (n,).

    Every class Y (n,) gives its share of size. Sequences of the same groups (n,) stay together, so
    that no test sequence is also a training sequence, or of the same object as one; only then a
    share may differ.
    """
    together = {}
    for i, group in enumerate(groups.tolist()):
        together.setdefault(group, []).append(i)
    own_groups = [[] for _ in range(Y.max() + 1)]
    for group in together.values():
        own_groups[Y[group[0]]].append(group)

    # Each class's share, rounded down; the sequences then still lacking come from the classes that
    # lost most by it. Both sets get at least one of each class.
    counts = np.bincount(Y)
    total = size if isinstance(size, int) else round(size * len(Y))
    shares = total * counts / len(Y)
    wanted = np.floor(shares).astype(int)
    wanted[np.argsort(wanted - shares, kind='stable')[: total - wanted.sum()]] += 1
    wanted = np.clip(wanted, 1, counts - 1)

    is_test = np.zeros(len(Y), bool)
    for own, left in zip(own_groups, wanted, strict=True):
        for i in rng.permutation(len(own)):
            if len(own[i]) <= left:
                is_test[own[i]] = True
                left -= len(own[i])
        if own and not is_test[[i for group in own for i in group]].any():
            is_test[min(own, key=len)] = True
    return is_test


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
            lacks = (
                'equals all others, or is of their object,'
                if len(own) > 1
                else 'is the only one'
            )
            raise DataError(
                f'{where[own[0]]} {lacks} of class {name} ({column}); one is needed to train with'
                ' and another to test with: add one or remove this (if it is the header, give'
                ' --label by its name or remove it; if that column is not the class, add --label)'
            )


def print_columns(table, names, options):
    """Print what the columns of a Table were taken for."""
    from rich.table import Table as Printed

    columns, printed = table.columns, Printed('', 'column', '', box=None)
    values = columns['values'] or ['']
    many = f'{table.X.shape[1]} in each sequence, {table.X.min():.6g} to {table.X.max():.6g}'
    rows = [('values', ' to '.join(dict.fromkeys([values[0], values[-1]])), many)]
    if columns.get('time'):
        rows.append(('time', columns['time'], ''))
    if table.ids is not None:
        objects = f'{len(set(table.ids))} objects, each on one side of the split'
        rows.append(('object', columns['id'] or 'the name of the file', objects))
    rows.append(
        ('class', columns['label'] or options.classes or '', f'{len(names)} classes')
    )
    if columns.get('left out'):
        rows.append(('left out', named(columns['left out']), ''))
    for row in rows:
        printed.add_row(*map(clean, row))
    print_table(printed)


if __name__ == '__main__':
    script = parser(__doc__)
    add = script.add_argument
    add(
        'tables',
        nargs='*',
        metavar='TABLE',
        help='one to split, or one for Train and one for Test',
    )
    add_columns(script)
    add(
        '--objects',
        metavar='FILES',
        help='a folder or a quoted pattern: a file for each object',
    )
    add(
        '--classes',
        metavar='TABLE',
        help='of --objects: the name and the class of each',
    )
    add('--skip', action='store_true', help='leave out what has no class, or no file')
    add(
        '--test',
        type=share,
        help='sequences to test with: a fraction or a number, default 0.2',
    )
    add(
        '--seed', type=whole_number(0), default=0, help='of the random split, default 0'
    )
    add('--overwrite', action='store_true', help='replace the sequences that are there')
    args = script.parse_args()
    if bool(args.tables) == bool(args.objects) or len(args.tables) > 2:
        script.error(
            'give one table, or one to train and one to test with, or --objects'
        )
    if len(args.tables) == 2 and args.test:
        script.error('--test splits a table, but two are split already: leave it out')
    if args.period and not args.long:
        script.error('--period is for an observation in each row, with --long')
    if (args.objects or args.classes) and not (
        args.objects and args.classes and args.long
    ):
        script.error(
            '--objects, --long TIME,VALUE, --length N and --classes TABLE go together'
        )

    # Read the tables, or the file of each object.
    said = []
    if args.objects:
        files = files_of_objects(args.objects)
        sources, read = [args.classes, *files], [args.objects]
        files, labels, said = read_classes(args.classes, files, args)
        tables = [read_objects(files, args, labels)]
    else:
        sources = read = args.tables
        tables = [read_table(path, args) for path in args.tables]
    for table in tables:
        if table.bad:
            raise DataError(next(iter(table.bad.values())))
    first, last = tables[0], tables[-1]
    if (
        first.X.shape[1] != last.X.shape[1]
        or first.columns['values'] != last.columns['values']
    ):
        raise DataError(
            f'{read[1]} has sequences of {last.X.shape[1]} values, {read[0]} of'
            f' {first.X.shape[1]}: both need the same columns in the same order, with the same'
            ' header, or --length N'
        )
    where = [
        f'{path}, {row}'
        for path, table in zip(read, tables, strict=True)
        for row in table.rows
    ]
    X = np.concatenate([table.X for table in tables]) if last is not first else first.X
    labels = np.concatenate([table.labels for table in tables])
    ids = None if first.ids is None else np.concatenate([table.ids for table in tables])
    in_first = np.arange(len(X)) < len(first.X)
    if (lacking := labels == '').any():
        if not args.skip:
            raise DataError(
                f'{where[lacking.argmax()]} has no class (one of {lacking.sum():,}; nothing, nan,'
                ' N/A, none, null, ?, - and -- are none): --skip leaves these out; if that is the'
                ' name of a class, give it another'
            )
        said.append(f'Left out, without a class: {lacking.sum():,}')
        where = [place for place, out in zip(where, lacking, strict=True) if not out]
        X, labels, in_first = X[~lacking], labels[~lacking], in_first[~lacking]
        ids = None if ids is None else ids[~lacking]
        if not len(X):
            raise DataError(
                f'{read[0]}: no row has a class: say with --label where it stands'
            )
    N_sequence = X.shape[1]

    # Number the classes, and choose which sequences are for the test.
    names, Y = number_classes(labels)
    rng = np.random.default_rng(args.seed)
    equal = content(X)
    if len(tables) == 2:
        is_test = ~in_first
        both = len(np.intersect1d(equal[is_test], equal[~is_test]))
        if both:
            said.append(
                f'Sequences in both tables, so that the test is no exam: {both:,}'
            )
        if (
            ids is not None
            and (both := np.intersect1d(ids[is_test], ids[~is_test])).size
        ):
            said.append(
                f'Objects in both tables, so that the test is no exam: {both.size:,}'
                f' ({named(both)})'
            )
    else:
        size = args.test or 0.2
        if size >= len(X):
            raise DataError(
                f'{read[0]} has {len(X)} sequences, so --test {size} leaves none to train with'
            )
        is_test = choose_test(belonging(X, ids), Y, size, rng)
    against = np.flatnonzero(pd.Series(Y).groupby(equal).nunique() > 1)
    if against.size:
        i, *_, j = np.flatnonzero(equal == against[0])
        said.append(
            f'Equal to one of another class: {np.isin(equal, against).sum():,} sequences, such as'
            f' {where[i]} and {where[j]}'
        )
    title = first.columns['label'] or args.classes or 'Y'
    check_classes(read, where, f'column {title}', names, Y, is_test)

    # Write them in random order, so that the first ones are a fair sample of a sorted table.
    IDs = {'Train': rng.permutation(np.flatnonzero(~is_test))}
    IDs['Test'] = rng.permutation(np.flatnonzero(is_test))
    sets = {folder: (len(i), zip(X[i], Y[i], strict=True)) for folder, i in IDs.items()}
    reading = {k: v for k in READING if (v := getattr(args, k)) is not None}
    about = {
        'script': 'import_data.py',
        'what': f'from {" and ".join(map(os.path.basename, read))}, class in column {title}',
        'command': shlex.join(['python', 'import_data.py', *sys.argv[1:]]),
        'tables': {path: sha256(path) for path in sources[:1000]},
        'table': {**reading, 'columns': first.columns},
        'test': None if len(tables) == 2 else size,
        'seed': args.seed,
    }
    about['command'] = about['command'].replace(' --overwrite', '')
    objects = {} if ids is None else {folder: ids[i] for folder, i in IDs.items()}
    written = write_sets(sets, about, args.overwrite, names, objects)

    N_train, N_test = (len(i) for i in IDs.values())
    print_columns(first._replace(X=X, ids=ids), names, args)
    for line in [line for table in tables for line in table.said] + said:
        print(f'{clean(line)}.')
    for number, name in enumerate(names):
        counts = (f'{np.sum(Y[i] == number)} in {folder}' for folder, i in IDs.items())
        print(f'Class {number} ({clean(name)}): {", ".join(counts)}')
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
    print(
        f'python train.py --N_train {N_train} --N_test {N_test} --N_sequence {N_sequence}'
    )
