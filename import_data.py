"""Make Train and Test from your own table.

    python import_data.py mine.csv                splits a table into Train and Test
    python import_data.py train.csv test.csv      takes two that are split already
    python import_data.py mine.csv --overwrite    replaces the sequences there

The lines between the marks say how a table is read: edit them. One with a column class
and a sequence in f0, f1, f2, ... needs no edit. infer.py reads new tables in the same
way. docs/own-data.md explains all this.
"""

from support.start import prepare

if __name__ == '__main__':
    prepare()

import json
import shlex
from pathlib import Path

from support.console import DataError, make_parser, printable
from support.files import marked_lines, npy_bytes
from support.tables import choose_test, group_sequences, read_tables

import numpy as np
import pandas as pd

from generate_data import ABOUT, as_files, write_sets

# ---------------------------------------------------- edit from here ...
length = None  # Light curves: the number of values that each becomes
not_codes = []  # Numbers like -999 that are values


def read_table(path):
    """Return the sequences, one in each row, their classes, and whose they are."""
    table = pd.read_csv(path, index_col=False, dtype={'class': str, 'star': str})
    return table.filter(regex=r'^f[0-9]+$'), table.get('class'), table.get('star')


# Light curves, a row for each observation: one band, and no flagged rows
# def read_table(path):
#     table = pd.read_csv(path, index_col=False, dtype={'class': str, 'star': str})
#     table = table[(table['band'] == 'g') & (table['flag'] == 0)]
#     return table[['mjd', 'mag', 'period']], table.get('class'), table['star']

# A folder with a file for each star (time, value), and a table of their classes
# def read_table(path):
#     files = sorted(Path(path).glob('*.dat'))
#     tables = {file.stem: pd.DataFrame(np.loadtxt(file, ndmin=2)) for file in files}
#     table = pd.concat(tables, names=['star', 'row']).reset_index()
#     classes = pd.read_csv('classes.csv', dtype=str).set_index('star')['class']
#     return table[[0, 1]], table['star'].map(classes), table['star']

# FITS (pip install astropy)
# def read_table(path):
#     from astropy.table import Table
#     table = Table.read(path)
#     table.convert_bytestring_to_unicode()
#     table = table.to_pandas()
#     return table[['time', 'flux']], table.get('class'), table['star']
# ---------------------------------------------------- ... to here

PART = 0.2  # What is split off a single table, to test with
SEED = 0  # Seed of this split
MOST_FILES = 20_000  # Sequences in files of their own; more become arrays
LOAD_ARRAYS = """\
X_train = np.load('Train/X.npy')[:N_train]
Y_train = np.load('Train/Y.npy')[:N_train]
X_test = np.load('Test/X.npy')[:N_test]
Y_test = np.load('Test/Y.npy')[:N_test]"""


def print_sequences(X, rows, names, sets):
    """Print how many sequences X (n, N) of each class go into which of the sets."""
    N_objects = rows['object'].nunique()
    print(f'{len(X):,} sequences of {X.shape[1]} values, of {N_objects:,} objects')
    if X.shape[1] <= 3 and N_objects < len(X):
        print('Are these light curves? Then set length')
    table = pd.crosstab(rows['class'], sets, rownames=[None], colnames=[None])
    table = table.reindex(names).reindex(columns=['Train', 'Test'], fill_value=0)
    print(*map(printable, table.to_string().split('\n')), sep='\n')
    if len(names) < 2 or not table.all(axis=None):
        remedy = 'add objects of a class, or leave it out in read_table'
        raise DataError(f'Train and Test need objects of each of two classes: {remedy}')


def main():
    parser = make_parser(__doc__)
    parser.add_argument('table')
    parser.add_argument('test_table', nargs='?')
    parser.add_argument('--overwrite', action='store_true')
    args = parser.parse_args()
    paths = [args.table, args.test_table] if args.test_table else [args.table]
    X, rows, facts = read_tables(paths, read_table, length, not_codes)
    names = sorted(rows['class'].unique())
    Y = pd.Index(names).get_indexer(rows['class'])

    # Split one table: an object, and what is equal, comes into one of the sets
    rng = np.random.default_rng(SEED)
    groups = group_sequences(X, rows['object'])
    if args.test_table:
        is_test = (rows['path'] == args.test_table).to_numpy()
        N_known = np.isin(groups[is_test], groups[~is_test]).sum()
        if N_known:
            known = f'{N_known:,} of these test sequences, or their objects,'
            print(f'{known} are in {args.table}, too (data leakage)')
    else:
        is_test = choose_test(groups, Y, PART, rng)
    sets = np.where(is_test, 'Test', 'Train')
    print_sequences(X, rows, names, sets)

    # Write them in random order, so that the first ones are a fair sample
    order = rng.permutation(len(X))
    files = {}
    for folder in 'Train', 'Test':
        i = order[sets[order] == folder]
        if len(X) <= MOST_FILES:
            files |= as_files(folder, X[i], Y[i], names)
        else:
            files |= as_files(folder, [], [], names)
            files[f'{folder}/X.npy'] = npy_bytes(X[i])
            files[f'{folder}/Y.npy'] = npy_bytes(Y[i])
        files[f'{folder}/ids.txt'] = ''.join(rows['object'].iloc[i] + '\n').encode()
    command = shlex.join(['python', 'import_data.py', *paths])
    own_lines = marked_lines(Path(__file__).read_text('utf-8'))
    about = f'{command}\n{json.dumps(facts)}\n{own_lines}'
    write_sets(files, about, args.overwrite)
    # Also where they are there already: read_table may be another now
    Path(ABOUT).write_text(f'{about}\n', 'utf-8')

    # Say how to go on
    N = f'--N_sequence {X.shape[1]}'
    if len(X) > MOST_FILES:
        print(f'Too many for files. Load them in train.py:\n{LOAD_ARRAYS}')
    print(f'python train.py --N_train {sum(~is_test)} --N_test {sum(is_test)} {N}')


if __name__ == '__main__':
    main()
