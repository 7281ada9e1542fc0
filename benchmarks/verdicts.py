"""How often does compare.py call equal settings different, and what can it see?

    python benchmarks/verdicts.py            the table, in a minute
    python benchmarks/verdicts.py --train    the four sizes at its top, in some minutes

Makes up answers of which the truth is known, and asks compare.py's own functions. The
network of a setting and a seed has a sequence right if

    mean[setting] + easy[sequence] + suits[setting, sequence] + luck[setting, seed]
        + rest[setting, seed, sequence] > 0

where each term but the first is normal. Their sizes are those of ten networks of
train.py and ten with 64 neurons in the first layer, tested with 2,000 sequences.
"""

import argparse
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from support.runs import read_run
from support.statistics import accuracy_interval, difference, read_answers

import numpy as np
from scipy.optimize import brentq
from scipy.stats import multivariate_normal, norm

ACCURACY = 0.938  # of the 20 networks, their mean
WITHIN = 0.930  # correlation of two networks of a setting: easy + suits
BETWEEN = 0.926  # correlation of two settings: easy
LUCK = 0.097  # standard deviation of luck; that of easy + suits + rest is 1

rng = np.random.default_rng(0)


# ---------------------------------------------------------------- how networks vary


def train(neurons):
    """Return the answers (10, 2000) of networks with so many neurons, True: right."""
    text = (PROJECT / 'train.py').read_text('utf-8')
    pathlib.Path('train.py').write_text(text.replace('Dense(16,', f'Dense({neurons},'))
    runs = []
    for seed in range(10):
        numbers = ['--N_test', '2000', '--seed', str(seed)]
        run(sys.executable, 'train.py', *numbers)
        runs.append(read_run('last'))
    return read_answers(runs)


def run(*command):
    env = os.environ | {'PYTHONPATH': str(PROJECT), 'MPLBACKEND': 'agg'}
    subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL)


def correlation(share, accuracy):
    """Return how two terms correlate if so large a share of sequences has both above 0.

    The tetrachoric correlation, for terms of which a share of accuracy is above 0.
    """
    z = np.full(2, norm.ppf(accuracy))

    def surplus(r):
        return multivariate_normal.cdf(z, cov=[[1, r], [r, 1]]) - share

    return brentq(surplus, 0, 0.9999)


def measure():
    """Train 20 networks and print the sizes at the top of this script."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        run(sys.executable, PROJECT / 'generate_data.py', '200', '2000')
        settings = [train(neurons) for neurons in (16, 64)]
    accuracy = np.mean(settings)
    within = []
    for right in settings:
        n, count = len(right), right.sum(axis=0)
        pairs = np.mean(count * (count - 1)) / (n * (n - 1))
        within.append(correlation(pairs, right.mean()))
    between = np.mean(settings[0].mean(axis=0) * settings[1].mean(axis=0))
    variance = np.mean([x.mean(axis=1).var(ddof=1) for x in settings])
    print(f'ACCURACY = {accuracy:.3f}\nWITHIN = {np.mean(within):.3f}')
    print(f'BETWEEN = {correlation(between, accuracy):.3f}')
    print(f'LUCK = {np.sqrt(variance) / norm.pdf(norm.ppf(accuracy)):.3f}')


# ---------------------------------------------------------------------- the table


def answer(easy, n, accuracy, luck, within, between):
    """Return the answers (n, N) of n networks of a setting, True where right."""
    N = len(easy)
    suits = rng.normal(0, np.sqrt(within - between), N)
    rest = rng.normal(0, np.sqrt(1 - within), (n, N))
    mean = norm.ppf(accuracy) * np.sqrt(1 + luck**2)
    return (
        mean + np.sqrt(between) * easy + suits + rng.normal(0, luck, (n, 1)) + rest > 0
    )


def simulate(title, N, first, other, settings=2, within=WITHIN, between=BETWEEN):
    """Print how often a verdict is given, and how often intervals miss the truth.

    N is the number of sequences; first and other are the number of seeds, the accuracy
    and the size of luck, of the first setting and of each of the others.
    """
    truth, found = other[1] - first[1], []
    for _ in range(2000 if N < 1000 else 500):
        easy = rng.normal(size=N)
        answers = [
            answer(easy, *sizes, within, between)
            for sizes in [first] + [other] * (settings - 1)
        ]
        compared = [difference(answers[0], x, settings - 1) for x in answers[1:]]
        _, low, high = np.transpose(compared)
        lowest, highest = accuracy_interval(answers[1])
        wrong = (low > truth) | (high < truth)
        outside = not lowest <= other[1] <= highest
        found.append([any(low > 0), any(high < 0), any(wrong), outside])
    shares = ''.join(f'{x:9.1f}' for x in 100 * np.mean(found, axis=0))
    print(f'{title:34}{first[0]:3} {other[0]:2} {N:5,}{shares}', flush=True)


def print_table():
    print('seeds, sequences; of 100: better, worse, difference missed, accuracy missed')
    usual, wild = LUCK, 4 * LUCK
    for n in (1, 1), (3, 3), (5, 5), (3, 10), (10, 3):
        for N in 50, 500, 2000:
            first = n[0], 0.9, usual
            simulate('equal', N, first, (n[1], 0.9, usual))
            simulate('equal, the second 4 times as lucky', N, first, (n[1], 0.9, wild))
    for n in 1, 3, 5, 10:
        for points in 5, 10:
            first, other = (n, 0.95 - points / 100, usual), (n, 0.95, usual)
            for N in 50, 200, 500:
                simulate(f'{points} points', N, first, other)
            simulate(
                f'{points} points, each fails elsewhere', 50, first, other, between=0.3
            )
    for N in 50, 2000:
        for n in 3, 5:
            first = n, 0.9, usual
            simulate('six equal settings: any', N, first, first, settings=6)


parser = argparse.ArgumentParser()
parser.add_argument('--train', action='store_true')
measure() if parser.parse_args().train else print_table()
