"""Make Train and Test from your own table: one to split, or one for each.

    python import_data.py mine.csv                 shows how the table begins
    python import_data.py mine.csv --label class --values f0:f99 --id star
                                                   takes a sequence from each row
    python import_data.py mine.csv --label class --long star,mjd,mag --length 64
                                                   makes one of many observations
    python import_data.py GunPoint_TRAIN.ts GunPoint_TEST.ts
                                                   takes a table for each folder

It reads CSV and similar text, NumPy's .npy and .npz (X and Y), the .tsv and .ts
files of the UCR archive, FITS, ECSV and VOTable. docs/own-data.md has recipes
for all others.
"""

from support.start import prepare

if __name__ == '__main__':
    prepare()

import os
import shlex
import sys
from dataclasses import asdict

from support.checks import suggest_scaling
from support.console import DataError, make_parser, printable, whole_number
from support.sets import write_sets
from support.tables import (
    NUMBER,
    Reading,
    check_one_each,
    describe_range,
    read_table,
)

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def group_sequences(X, objects):
    """Return a number for each of X (n, N), the same if equal or of one object."""
    seen = [hash(x.astype('f4').tobytes()) for x in X]  # as a network sees them
    groups = pd.factorize(np.array(seen))[0]
    objects = pd.factorize(objects)[0] + len(X)
    links = coo_array((np.ones(len(X)), (groups, objects)), (2 * len(X), 2 * len(X)))
    return connected_components(links, directed=False)[1][groups]


def stratified_group_split(groups, Y, size, rng):
    """Choose the test sequences: return whether each is one, bool (n,).

    Every class Y (n,) gives its share of size, a fraction or a number, and at least
    one. Only to keep a group (n,) on one side there may be more or fewer than asked.
    """
    counts = np.bincount(Y)
    shares = counts * (size if size < 1 else size / len(Y))
    # Whole numbers whose sum is as near as can be to that of the shares
    wanted = np.diff(np.round(np.cumsum(shares)), prepend=0)
    wanted = np.minimum(wanted, counts - 1)
    _, first, groups, sizes = np.unique(groups, True, True, True)
    Y_of_group = Y[first]
    smallest = [sizes[Y_of_group == y].min(initial=len(Y)) for y in range(len(counts))]
    left, is_chosen = np.maximum(wanted, smallest), np.zeros(len(sizes), bool)
    for i in rng.permutation(len(sizes)):
        if sizes[i] <= left[Y_of_group[i]]:
            is_chosen[i] = True
            left[Y_of_group[i]] -= sizes[i]
    return is_chosen[groups]


def read_options():
    """Return the options of the command line."""
    parser = make_parser(__doc__)
    add = parser.add_argument
    tables = 'is split into Train and Test; two are taken as they are'
    add('tables', nargs='+', metavar='TABLE', help=tables)
    add('--label', metavar='COLUMN', help='holds the classes')
    add('--values', metavar='FIRST:LAST', help='hold the values; or mag, for mag0, ...')
    add('--id', metavar='COLUMN', help='names the objects; none: no column does')
    add('--header', choices=('yes', 'no'), help='does a line name the columns?')
    columns = 'ID,TIME,VALUE: each row is an observation'
    add('--long', metavar='COLUMNS', type=lambda text: text.split(','), help=columns)
    add('--length', metavar='N', type=whole_number(2), help='values for each curve')
    add('--period', metavar='COLUMN', help='holds the periods, to fold curves')
    add('--no-codes', action='store_true', help='takes -999 and so on as values')
    add('--test', type=float, help='fraction or number to test with (0.2)')
    add('--seed', type=whole_number(0), default=0, help='seed of the split (0)')
    add('--packed', action='store_true', help='writes all into X.npy and Y.npy')
    add('--overwrite', action='store_true', help='replaces the sequences there')
    args = parser.parse_args()
    if len(args.tables) > 2 or (len(args.tables) == 2 and args.test):
        parser.error('give one table, and --test to split it, or two that are split')
    if args.test is not None and not 0 < args.test < 1e9:
        parser.error(f'--test {args.test} is not a fraction or a number of sequences')
    if args.long and (len(args.long) != 3 or not args.length):
        parser.error('--long ID,TIME,VALUE goes with --length N')
    if not args.long and (args.length or args.period):
        parser.error('--length and --period go with --long ID,TIME,VALUE')
    return args


def main():
    args = read_options()
    given = {x: y for x, y in vars(args).items() if x in Reading.__annotations__}
    tables = [read_table(args.tables[0], Reading(**given))]
    reading = tables[0].reading  # the second is read as the first
    tables += [read_table(path, reading) for path in args.tables[1:]]
    X, labels, ids, objects, rows = (
        np.concatenate(arrays) for arrays in list(zip(*tables, strict=True))[:5]
    )
    ids, objects = (np.where(x == '', rows, x) for x in (ids, objects))
    check_one_each(args.tables[-1], reading.label, labels, objects)
    names = sorted({*labels})  # texts are different if they differ at all
    if all(map(NUMBER.fullmatch, names)):
        names.sort(key=float)
    Y = pd.Index(names).get_indexer(labels)

    # Split them, and put them in random order, so that the first ones are a fair sample
    rng = np.random.default_rng(args.seed)
    groups = group_sequences(X, objects)
    is_test = np.arange(len(X)) >= len(tables[0].X)
    if len(tables) == 1:
        is_test = stratified_group_split(groups, Y, args.test or 0.2, rng)
    if len(names) < 2:
        raise DataError(f'{args.tables[0]} holds only class {names[0]}: add others')
    for name in [name for y, name in enumerate(names) if is_test[Y == y].all()]:
        remedy = 'add more of it, no copies and not of one object'
        raise DataError(f'{args.tables[-1]}: Train would lack class {name}: {remedy}')
    IDs = {'Train': rng.permutation(np.flatnonzero(~is_test))}
    IDs['Test'] = rng.permutation(np.flatnonzero(is_test))

    # Say what the columns were taken for, write the sets, and say how to go on
    first, last = reading.values[0], reading.values[-1]
    columns = ', '.join(reading.long or [f'{first} to {last}'])
    lines = [f'Values: {columns}, {X.shape[1]} each, {describe_range(X)}']
    lines.append(f'Class: {reading.label}, object: {reading.id or "none"}')
    lines += [note for table in tables for note in table.notes]
    in_both = np.isin(groups, np.intersect1d(groups[is_test], groups[~is_test]))
    if in_both.any():
        leak = 'sequences, or their objects, are in both tables: this is not an exam'
        lines.append(f'{in_both.sum():,} {leak}')
    for y, name in enumerate(names):
        counts = ', '.join(f'{np.sum(Y[i] == y)} in {x}' for x, i in IDs.items())
        lines.append(f'Class {y} ({name}): {counts}')
    print(*map(printable, lines), sep='\n')
    typed = [text for text in sys.argv[1:] if text != '--overwrite']
    files = ' and '.join(map(os.path.basename, args.tables))
    about = {
        'script': 'import_data.py',
        'what': f'from {files}, class in column {reading.label}',
        'command': shlex.join(['python', 'import_data.py', *typed]),
        'table': asdict(reading),
    }
    sets = {x: (X[i], Y[i]) for x, i in IDs.items()}
    ids = {x: ids[i] for x, i in IDs.items()}
    write_sets(sets, about, args.overwrite, names, ids, args.packed)
    if advice := suggest_scaling(X[IDs['Train'][:1000]]):
        print(advice)
    N = ' '.join(f'--N_{x.lower()} {len(i)}' for x, i in IDs.items())
    print('Look at some, then train:')
    print(f'python view.py 1 2 3 4 --N_sequence {X.shape[1]}')
    print(f'python train.py {N} --N_sequence {X.shape[1]}')


if __name__ == '__main__':
    main()
