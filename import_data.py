"""Make Train and Test from your own table: one to split, or one for each.

    python import_data.py mine.csv                       shows how it begins
    python import_data.py mine.csv --label class --values f0:f99 --id star
                                                         a sequence in each row
    python import_data.py mine.csv --long star,mjd,mag --label class --length 64
                                                         an observation in each row
    python import_data.py GunPoint_TRAIN.ts GunPoint_TEST.ts
                                                         split into two files already

Takes CSV and its kin, NumPy's .npy and .npz (X and Y), the .tsv and .ts files of the
UCR archive, and FITS, ECSV and VOTable. docs/own-data.md has recipes for all others.
"""

from support.start import prepare

if __name__ == '__main__':
    prepare()

import os
import shlex
import sys

from support.console import DataError, clean, parser, whole_number
from support.mistakes import suggest_scaling
from support.sets import check_count, write_sets
from support.tables import NUMBER, read_table, some

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def share(text):
    """Return --test: a fraction of the sequences, a float, or their number, an int."""
    is_share = NUMBER.fullmatch(text) and 0 < float(text) < 1
    return float(text) if is_share else whole_number(1)(text)


def groups_of(X, ids):
    """Return a number for each of X (n, N), the same for those that must stay together.

    Those are equal sequences, and those of one object; ids are n texts, or None.
    """
    groups = pd.factorize(np.array([hash(x.tobytes()) for x in X]))[0]
    if ids is None:
        return groups
    objects = pd.factorize(ids)[0] + len(X)
    links = coo_array((np.ones(len(X)), (groups, objects)), (2 * len(X), 2 * len(X)))
    return connected_components(links, directed=False)[1][groups]


def choose_test(groups, Y, size, rng):
    """Choose the test sequences: return whether each is one, bool (n,).

    Every class Y (n,) gives its share of size, a fraction or a number. Sequences of one
    group (n,) stay together; only then a share may differ.
    """
    counts = np.bincount(Y)
    shares = counts * (size if size < 1 else size / len(Y))
    wanted = np.floor(shares).astype(int)
    lacking = round(shares.sum()) - wanted.sum()  # they come from those who lost most
    wanted[np.argsort(wanted - shares, kind='stable')[:lacking]] += 1
    wanted = np.clip(wanted, 1, counts - 1)

    members = list(pd.Series(Y).groupby(groups).indices.values())
    is_test = np.zeros(len(Y), bool)
    for y, left in enumerate(wanted):
        own = [rows for rows in members if Y[rows[0]] == y]
        for i in rng.permutation(len(own)):
            if len(own[i]) <= left:
                is_test[own[i]] = True
                left -= len(own[i])
        if own and not is_test[np.concatenate(own)].any():  # all are larger
            is_test[min(own, key=len)] = True
    return is_test


def count_rows(paths):
    """Return how many rows there are in texts, without reading what stands in them."""
    N = 0
    for path in filter(os.path.isfile, paths):
        if path.lower().endswith(('.csv', '.tsv', '.txt')):
            with open(path, 'rb') as file:
                N += sum(line[:1] not in b'#\r\n' for line in file) - 1
    return N


def check_classes(paths, where, names, Y, is_test):
    """Raise DataError unless there are two classes or more, and no set lacks one.

    A Test of its own may. where[i] says where Y[i] stands.
    """
    if len(names) < 2:
        raise DataError(f'{paths[0]}: all are of class {names[0]}: add others')
    for y, name in enumerate(names):
        own = np.flatnonzero(Y == y)
        if is_test[own].all() or (len(paths) == 1 and not is_test[own].any()):
            what = f'of class {name}, of which Train or Test would have none'
            what += f' (of {len(own)}, perhaps equal or of one object)'
            raise DataError(f'{where[own[0]]} is {what}: add some, or remove it')


if __name__ == '__main__':
    script = parser(__doc__)
    add = script.add_argument
    what = 'one to split, or one for Train and one for Test'
    add('tables', nargs='+', metavar='TABLE', help=what)
    add('--label', metavar='COLUMN', help='of the classes')
    add('--values', metavar='FIRST:LAST', help='or mag, for mag0, mag1, ...')
    add('--id', metavar='COLUMN', help="of the objects' names, or none")
    add('--header', choices=('yes', 'no'), help='whether a line names the columns')
    what = 'each row is an observation'
    add('--long', metavar='ID,TIME,VALUE', type=lambda x: x.split(','), help=what)
    add('--length', metavar='N', type=whole_number(2), help='of --long: values in each')
    add('--period', metavar='COLUMN', help='of --long: fold each object with it')
    add('--no-codes', action='store_true', help='-999 and the like are values')
    add('--test', type=share, help='of the sequences, a fraction or a number (0.2)')
    add('--seed', type=whole_number(0), default=0, help='of the random split (0)')
    packed = 'all of a folder in two files, X.npy and Y.npy'
    add('--packed', action='store_true', help=packed)
    add('--overwrite', action='store_true', help='replace the sequences that are there')
    args = script.parse_args()
    if len(args.tables) > 2 or (len(args.tables) == 2 and args.test):
        script.error('give one table, and --test to split it, or two that are split')
    if bool(args.long) != bool(args.length) or (args.period and not args.long):
        script.error('--long, --length N and perhaps --period go together')
    if args.long and (len(args.long) != 3 or args.values or args.id):
        script.error('--long ID,TIME,VALUE takes the place of --values and --id')
    if args.label and not (args.long or args.packed):
        command = shlex.join(['python', 'import_data.py', *sys.argv[1:]])
        check_count(count_rows(args.tables), command)

    # Read the tables, the second as the first.
    tables = [read_table(args.tables[0], args)]
    columns = tables[0].columns
    tables += [read_table(path, args, columns) for path in args.tables[1:]]
    if bad := [text for table in tables for text in table.bad.values()]:
        remedy = ', or --no-codes if it is a value' * ('code for no value' in bad[0])
        raise DataError(bad[0] + remedy)
    rows = zip(args.tables, tables, strict=True)
    where = [f'{path}, {row}' for path, table in rows for row in table.rows]
    X = np.concatenate([table.X for table in tables])
    labels = np.concatenate([table.labels for table in tables])
    ids = np.concatenate([table.ids for table in tables]) if columns['id'] else None

    # Texts are different classes if they differ at all; numbers are sorted as such.
    names = sorted(set(labels))
    if all(map(NUMBER.fullmatch, names)):
        names.sort(key=float)
    Y = pd.Index(names).get_indexer(labels)
    rng = np.random.default_rng(args.seed)
    groups, size = groups_of(X, ids), None
    is_test = np.arange(len(X)) >= len(tables[0].X)
    if len(tables) == 1:
        size = args.test or 0.2
        is_test = choose_test(groups, Y, size, rng)
    check_classes(args.tables, where, names, Y, is_test)

    # Write them in random order, so that the first ones are a fair sample.
    IDs = {'Train': rng.permutation(np.flatnonzero(~is_test))}
    IDs['Test'] = rng.permutation(np.flatnonzero(is_test))
    of = ' and '.join(map(os.path.basename, args.tables))
    command = shlex.join(['python', 'import_data.py', *sys.argv[1:]])
    reading = {k: getattr(args, k) for k in ('long', 'length', 'period', 'no_codes')}
    about = {
        'script': 'import_data.py',
        'what': f'from {of}, class in column {columns["label"]}',
        'command': command.replace(' --overwrite', ''),
        'table': {**reading, 'columns': columns},
        'test': size,
        'seed': args.seed,
    }
    sets = {name: (len(i), zip(X[i], Y[i], strict=True)) for name, i in IDs.items()}
    objects = {} if ids is None else {name: ids[i] for name, i in IDs.items()}
    options = args.overwrite, names, objects, args.packed
    written = write_sets(sets, about, *options)

    # Say what the columns were taken for, and how to go on.
    N_sequence, values = X.shape[1], columns['values']
    ends = ', '.join(args.long or []) or f'{values[0]} to {values[-1]}'
    said = [f'Values: {ends}, {N_sequence} each, {X.min():.6g} to {X.max():.6g}']
    said.append(f'Class: {columns["label"]}, object: {columns["id"] or "none"}')
    few = ', with fewer than three observations' * bool(args.long)
    for left_out in [table.left_out for table in tables if table.left_out]:
        said.append(f'Left out{few}: {len(left_out)} ({some(left_out)})')
    both = np.isin(groups, np.intersect1d(groups[is_test], groups[~is_test]))
    if both.any():
        what = 'Sequences, or of objects, in both tables, so that the test is no exam'
        said.append(f'{what}: {both.sum():,}')
    for y, name in enumerate(names):
        counts = ', '.join(f'{np.sum(Y[i] == y)} in {side}' for side, i in IDs.items())
        said.append(f'Class {y} ({name}): {counts}')
    said.append('Written.' if written else 'Train and Test hold exactly these already.')
    print(*map(clean, said), sep='\n')
    if advice := suggest_scaling(X[IDs['Train'][:1000]]):
        print(advice)
    N = ' '.join(f'--N_{side.lower()} {len(i)}' for side, i in IDs.items())
    print('Look at some, then train:')
    print(f'python view.py 1 2 3 4 --N_sequence {N_sequence}')
    print(f'python train.py {N} --N_sequence {N_sequence}')
