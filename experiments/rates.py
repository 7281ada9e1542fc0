"""How far can compare.py be trusted?

    python -m experiments.rates

Compares settings about which the truth is known, and prints how many of 100 comparisons
get a verdict: with 3, 5 or 10 seeds of both, or if seeds are added until there is one.
Two numbers are those with 50 and with 200 test sequences: README.md has this table.
"""

import pathlib

from support.statistics import compare_answers, compare_epochs

import numpy as np
import pandas as pd
from scipy.stats import norm

SEEDS = {'3 seeds': [3], '5': [5], '10': [10], '3, ... 10': range(3, 11)}
SPEEDS = {'as fast': 1, '1.5 times the epochs': 1.5}
# Of two settings the accuracy, and how many of their networks fail (60 % right)
TESTS = {
    'as good': ((0.9, 0), (0.9, 0)),
    'as good, but in one a network in ten fails': ((0.897, 0), (0.93, 0.1)),
    '5 points better': ((0.9, 0), (0.95, 0)),
}
M = 2000  # comparisons


def make_answers(rng, accuracy, failing, easy):
    """Return whether ten networks of a setting have N sequences right: (M, 10, N).

    easy is (M, 1, N). All is normal, and scatters as with train.py.
    """
    accuracies = np.where(rng.random((M, 10, 1)) < failing, 0.6, accuracy)
    good = rng.normal(norm.ppf(accuracies), 0.1)
    suits_setting = rng.normal(0, 0.06, easy.shape)
    luck = rng.normal(0, 0.27, (M, 10, easy.shape[-1]))
    return easy + suits_setting + good + luck > 0


def comparisons(rng):
    """Yield a truth, the function that compares, and both settings, M times each."""
    runs = pd.read_csv(pathlib.Path(__file__).parent / 'results/fastest.csv')
    runs = runs.groupby(['series', 'setting']).training_95
    epochs = np.stack([rows for _, rows in runs if rows.median() < 300])
    for truth, factor in SPEEDS.items():
        networks = np.minimum(epochs, 300)[rng.integers(len(epochs), size=M)]
        seeds = rng.permuted(networks, axis=1)
        slower = np.ceil(factor * seeds[:, 10:])
        yield (truth, ''), compare_epochs, seeds[:, :10], slower
    for truth, settings in TESTS.items():
        for N in 50, 200:
            easy = rng.normal(0, 0.96, (M, 1, N))
            answers = [make_answers(rng, *setting, easy) for setting in settings]
            yield (truth, N), compare_answers, *answers


def measure_rates():
    """Return a table: of each truth, how many of 100 comparisons get a verdict."""
    rates = {}
    for truth, compare, first, other in comparisons(np.random.default_rng(0)):
        p = {n: compare(first[:, :n], other[:, :n])[1] for n in range(3, 11)}
        rates[truth] = {
            name: 100 * np.mean(np.min([p[n] for n in ns], axis=0) < 0.05)
            for name, ns in SEEDS.items()
        }
    return pd.DataFrame(rates).T


if __name__ == '__main__':
    cells = measure_rates().map('{:.0f}'.format).groupby(level=0, sort=False)
    print(cells.agg(', '.join).to_string())
