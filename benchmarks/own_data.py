"""Measure what docs/own-data.md says: train.py with its edits, ten seeds each.

    python benchmarks/own_data.py               all, about half an hour
    python benchmarks/own_data.py sets          one part: sets, scales, rare
    python benchmarks/own_data.py --seeds 3     the seeds 0 to 2 instead of 0 to 9

Prints the tables of that page: the median over the seeds, and in brackets the smallest
and the largest. What counts is the network after the last epoch; nothing is chosen by
the test sequences. The real sets are those of the package aeon, in the folder aeon, as
the page gets them.
"""

import argparse
import contextlib
import io
import os
import pathlib
import re
import runpy
import statistics
import subprocess
import sys
import tempfile

project = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(project))

from support.runs import read_run

import numpy as np
import pandas as pd

from docs.edits import edited, sections
from generate_data import make_sequences, random_streams

# The page's edits of train.py.
PAGE = sections('docs/own-data.md')
SOFTMAX = PAGE['More than two classes']
NORMALIZATION = PAGE['Values far from 0 and 1']
LAYER_NORMALIZATION = PAGE['Sequences with a mean and a scale of their own']
FCN = PAGE['Shapes anywhere in the sequence']
WEIGHTS = PAGE['A rare class']
# In one batch, so that BatchNormalization sees the mean of all the training sequences.
FCN_NUMBERS = ('--N_epochs', 800, '--batch_size', 128)

# Sets of the UCR archive: the number of classes, and the accuracies in per cent of the
# multilayer perceptron and the FCN of Ismail Fawaz et al. (2019), means of ten.
SETS = {
    'GunPoint': (2, 93, 100),
    'ItalyPowerDemand': (2, 95, 96),
    'ArrowHead': (3, 78, 84),
}


# -------------------------------------------------- sequences that are not like waves


def magnitudes(N, rng):
    """Return waves as magnitudes of N stars, of different means and amplitudes.

    X is (N, 128), in mag: means of 15 +- 2, amplitudes from 0.1 to 1. Y is (N,).
    """
    X, Y = make_sequences(N, rng)
    return rng.normal(15, 2, (N, 1)) + rng.uniform(0.1, 1, (N, 1)) * X, Y


def rare_squares(N, rng):
    """Return N waves without 19 of 20 squares: X (n, 128) and Y (n,)."""
    X, Y = make_sequences(N, rng)
    kept = (Y == 0) | (np.cumsum(Y) % 20 == 0)
    return X[kept], Y[kept]


# ---------------------------------------------------------------- trainings


def imported(*tables):
    """Import two tables, to train and to test; return the options for train.py."""
    command = [sys.executable, project / 'import_data.py', *tables, '--overwrite']
    done = subprocess.run(command, stdout=subprocess.PIPE, encoding='utf-8')
    if done.returncode:
        sys.exit(done.returncode)
    return re.search(r'^python train\.py (.*)', done.stdout, re.MULTILINE)[1].split()


def made(train, test):
    """Import two sets of arrays X, Y in the same way."""
    for name, (X, Y) in ('train', train), ('test', test):
        np.savez(f'{name}.npz', X=X, Y=Y.astype(int))
    return imported('train.npz', 'test.npz')


def trained(seeds, edits, *numbers):
    """Run train.py with these edits and options, once a seed; return the runs."""
    script = (project / 'train.py').read_text(encoding='utf-8')
    for edit in edits:
        script = edited(script, edit)
    pathlib.Path('train.py').write_text(script, encoding='utf-8')
    runs = []
    for seed in seeds:
        # In this process: that spares the start of TensorFlow each time.
        sys.argv = ['train.py', *map(str, numbers), '--seed', str(seed)]
        with contextlib.redirect_stdout(io.StringIO()):
            runpy.run_path('train.py', run_name='__main__')
        sys.modules['keras'].utils.clear_session()
        rows = pd.read_csv('runs/last/predictions.csv')
        right = rows['class'] == rows['predicted']
        recall = right.groupby(rows['class']).mean()  # of each class, by its number
        runs.append(read_run('last') | {'recall': recall})
    return runs


def several(shares):
    """Return the median of some shares and their range: 92.7 (90.0 to 95.3)."""
    low, middle, high = (100 * f(shares) for f in (min, statistics.median, max))
    return f'{middle:.1f} ({low:.1f} to {high:.1f})'


def accuracy(runs):
    return several([run['accuracy'] for run in runs])


def row(*cells):
    print('|', ' | '.join(map(str, cells)), '|', flush=True)


# ---------------------------------------------------------------- the tables


def sets(seeds, folder):
    """The tutorial's network and the FCN on three sets of the UCR archive."""
    head = 'Set', "the tutorial's network", 'MLP, published'
    row(*head, 'FCN of six lines', 'FCN, published')
    row(*['---'] * 5)
    for name, (classes, MLP, published) in SETS.items():
        path = folder / 'aeon/datasets/data' / name / name
        numbers = imported(f'{path}_TRAIN.ts', f'{path}_TEST.ts')
        last = [SOFTMAX.replace('Dense(4', f'Dense({classes}')] if classes > 2 else []
        dense = accuracy(trained(seeds, last, *numbers))
        convolutions = accuracy(trained(seeds, [*last, FCN], *numbers, *FCN_NUMBERS))
        row(name, dense, MLP, convolutions, published)


def scales(seeds, folder):
    """Waves far from 0 and 1 without a layer that scales them, and with either."""
    edits = {'`train.py` as it is': [], 'with `Normalization`': [NORMALIZATION]}
    edits['with `LayerNormalization`'] = [LAYER_NORMALIZATION]
    row('The values', *edits)
    row(*['---'] * 4)

    def both(make):
        train_rng, test_rng = random_streams(0)
        return make(200, train_rng), make(1000, test_rng)

    waves = both(make_sequences)
    far = [(10_000 + 100 * X, Y) for X, Y in waves]
    kinds = {'waves': waves, '100 times as large, plus 10,000': far}
    for what, data in (kinds | {'magnitudes of many stars': both(magnitudes)}).items():
        numbers = made(*data)
        found = [trained(seeds, edit, *numbers) for edit in edits.values()]
        row(what, *map(accuracy, found))


def rare(seeds, folder):
    """Twenty times as many sines as squares, with and without weights."""
    streams = random_streams(0)
    numbers = made(rare_squares(1000, streams[0]), make_sequences(1000, streams[1]))
    head = 'Epochs', 'squares recognised', 'with `class_weight`'
    row(*head, 'sines recognised', 'with it')
    row(*['---'] * 5)
    for epochs in 10, 30, 300:
        more = *numbers, '--N_epochs', epochs
        both = trained(seeds, [], *more), trained(seeds, [WEIGHTS], *more)
        cells = []
        for number in 1, 0:
            for runs in both:
                cells.append(several([run['recall'][number] for run in runs]))
        row(epochs, *cells)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = {'sets': sets, 'scales': scales, 'rare': rare}
    parser.add_argument('parts', nargs='*', choices=[*parts, 'all'], default='all')
    parser.add_argument('--seeds', type=int, default=10)
    args = parser.parse_args()
    wheel = pathlib.Path('aeon').resolve()
    os.environ |= {'MPLBACKEND': 'agg', 'PYTHONPATH': str(project)}
    os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
    # Networks as small as these take half the processor's time with one thread.
    os.environ |= {'TF_NUM_INTRAOP_THREADS': '1', 'TF_NUM_INTEROP_THREADS': '1'}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, part in parts.items():
            if name in args.parts or 'all' in args.parts:
                part(range(args.seeds), wheel)
                print()
