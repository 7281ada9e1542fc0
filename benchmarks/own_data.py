"""Measure what docs/own-data.md says: train.py with its edits, ten seeds each.

    python benchmarks/own_data.py                   all, about an hour
    python benchmarks/own_data.py rare --seeds 3    one table, with the seeds 0 to 2

Prints the rows of that page's tables: the median over the seeds, and in brackets the
smallest and the largest. The real sets are those of the package aeon, in the folder
aeon of this project.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from support.console import make_parser

import numpy as np
import pandas as pd

from docs.edits import edited, sections
from generate_data import make_sequences, random_streams

PAGE = sections('docs/own-data.md')  # its edits of train.py
SOFTMAX = PAGE['More than two classes']
NORMALIZATION = PAGE['Values far from 0 and 1']
LAYER_NORMALIZATION = PAGE['Sequences with a mean and a scale of their own']
FCN = PAGE['Shapes anywhere in the sequence']
WEIGHTS = PAGE['A rare class']
ARCHIVE = PROJECT / 'aeon/aeon/datasets/data'


def far_waves(N, rng):
    """Return N waves that are far from 0 and 1: X (N, 128) and Y (N,)."""
    X, Y = make_sequences(N, rng)
    return 10_000 + 100 * X, Y


def magnitudes(N, rng):
    """Return waves in mag of N stars, means of 15 +- 2: X (N, 128) and Y (N,)."""
    X, Y = make_sequences(N, rng)
    return rng.normal(15, 2, (N, 1)) + rng.uniform(0.1, 1, (N, 1)) * X, Y


def rare_squares(N, rng):
    """Return N waves without 19 of 20 squares: X (n, 128) and Y (n,)."""
    X, Y = make_sequences(N, rng)
    kept = (Y == 0) | (np.cumsum(Y) % 20 == 0)
    return X[kept], Y[kept]


def run(*command):
    """Run a script, a process of its own; return the last line that it prints."""
    command = [sys.executable, *map(str, command)]
    return subprocess.check_output(command, text=True).splitlines()[-1]


def import_tables(*tables):
    """Import two tables, to train and to test; return the options for train.py."""
    return run(PROJECT / 'import_data.py', *tables, '--overwrite').split()[2:]


def import_sequences(make_train, N_train, make_test):
    """Make and import N_train and 1,000 sequences; return the options for train.py."""
    train, test = random_streams(0)
    both = {'train': make_train(N_train, train), 'test': make_test(1000, test)}
    for name, (X, Y) in both.items():
        np.savez(f'{name}.npz', X=X, Y=Y.astype(int))
    return import_tables('train.npz', 'test.npz')


def percent_right():
    """Return what the last run has right of each class and of all, a Series."""
    rows = pd.read_csv('runs/last/predictions.csv')
    right = 100 * (rows['class'] == rows['predicted'])
    return pd.Series({'all': right.mean(), **right.groupby(rows['class']).mean()})


def measure(seeds, edits, *options):
    """Train once a seed; return the median and the range of what is right, by class."""
    script = (PROJECT / 'train.py').read_text(encoding='utf-8')
    for edit in edits:
        script = edited(script, edit)
    pathlib.Path('train.py').write_text(script, encoding='utf-8')
    found = []
    for seed in range(seeds):
        run('train.py', *options, '--seed', seed)
        found.append(percent_right())
    columns = pd.DataFrame(found).items()
    return {x: f'{y.median():.1f} ({y.min():.1f} to {y.max():.1f})' for x, y in columns}


def sets(seeds):
    """Yield rows: the tutorial's network and the FCN on three sets of the archive."""
    for name in 'GunPoint', 'ItalyPowerDemand', 'ArrowHead':
        path = f'{ARCHIVE}/{name}/{name}'
        options = import_tables(f'{path}_TRAIN.ts', f'{path}_TEST.ts')
        last = [SOFTMAX.replace('Dense(4', 'Dense(3')] * (name == 'ArrowHead')
        dense = measure(seeds, last, *options)['all']
        # One batch: BatchNormalization sees the mean of all the training sequences.
        options += ['--N_epochs', 800, '--batch_size', 128]
        yield name, dense, measure(seeds, [*last, FCN], *options)['all']


def scales(seeds):
    """Yield rows: waves far from 0 and 1, without a layer that scales, or with one."""
    for make in make_sequences, far_waves, magnitudes:
        options = import_sequences(make, 200, make)
        edits = [], [NORMALIZATION], [LAYER_NORMALIZATION]
        yield make.__name__, *(measure(seeds, x, *options)['all'] for x in edits)


def rare(seeds):
    """Yield rows: twenty times as many sines as squares, without weights or with."""
    options = import_sequences(rare_squares, 1000, make_sequences)
    for epochs in 10, 30, 300:
        more = *options, '--N_epochs', epochs
        both = [measure(seeds, edits, *more) for edits in ([], [WEIGHTS])]
        yield epochs, *(x[Y] for Y in (1, 0) for x in both)


if __name__ == '__main__':
    parser, parts = make_parser(__doc__), {'sets': sets, 'scales': scales, 'rare': rare}
    parser.add_argument('parts', nargs='*', default=[*parts], help=', '.join(parts))
    parser.add_argument('--seeds', type=int, default=10)
    args = parser.parse_args()
    # Networks as small as these take half the processor's time with one thread.
    os.environ |= {'TF_NUM_INTRAOP_THREADS': '1', 'TF_NUM_INTEROP_THREADS': '1'}
    os.environ |= {'MPLBACKEND': 'agg', 'PYTHONPATH': str(PROJECT)}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for part in args.parts:
            for cells in parts[part](args.seeds):
                print('|', ' | '.join(map(str, cells)), '|', flush=True)
