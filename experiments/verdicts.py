"""How far can compare.py be trusted?

    python -m experiments.verdicts

Compares settings about which the truth is known, and prints how many of 100 comparisons
get a verdict. Epochs are drawn from results/fastest.csv, of settings that learn.
Answers are made up: a network has a sequence right if easy[sequence] + suits[setting,
sequence] + network + rest[network, sequence] > 0. All are normal, and scatter as those
of train.py do.
"""

import pathlib
from itertools import combinations_with_replacement

from support.statistics import compare_answers, compare_epochs

import numpy as np
import pandas as pd
from scipy.stats import norm

RUNS = pathlib.Path(__file__).with_name('results') / 'fastest.csv'
# Of two settings the accuracy, and how many of their networks fail (60 % right)
TRUTHS = {
    'as good': ((0.9, 0), (0.9, 0)),
    'as good, but in one a network in ten fails': ((0.897, 0), (0.93, 0.1)),
    '5 points better': ((0.9, 0), (0.95, 0)),
}
WITHIN, BETWEEN = 0.930, 0.926  # correlations of networks of one setting, of two
LUCK = 0.097  # how far networks scatter, where easy + suits + rest scatter by 1
# Seeds of both settings; of several numbers, any that gives a verdict counts.
SEEDS = {'3 seeds': [3], '5': [5], '10': [10], '3, 4, ... 10': range(3, 11)}
M = 1000  # comparisons
rng = np.random.default_rng(0)


def make_answers(accuracy, failing, easy):
    """Return whether ten networks of a setting are right: bool (M, 10, N).

    easy (M, 1, N) says how easy N sequences are, in each of M comparisons.
    """
    suits = rng.normal(0, np.sqrt(WITHIN - BETWEEN), easy.shape)
    rest = rng.normal(0, np.sqrt(1 - WITHIN), (M, 10, easy.shape[-1]))
    accuracies = np.where(rng.random((M, 10, 1)) < failing, 0.6, accuracy)
    network = rng.normal(norm.ppf(accuracies) * np.sqrt(1 + LUCK**2), LUCK)
    return easy + suits + network + rest > 0


def comparisons():
    """Yield a truth, the function that compares, and both settings, M times each."""
    runs = pd.read_csv(RUNS).replace(np.inf, 300)
    for _, series in runs.groupby('series'):
        groups = [rows.to_numpy() for _, rows in series.groupby('setting').training_95]
        groups = [epochs for epochs in groups if np.median(epochs) < 300]
        for first, other in combinations_with_replacement(groups, 2):
            low, high = sorted((np.median(first), np.median(other)))
            truth = 'as fast' if first is other else '1.5 to 2 times as fast'
            if first is other or 1.5 <= high / low < 2:
                drawn = rng.permuted(np.tile(np.arange(20), (M, 1)), axis=1)
                yield truth, compare_epochs, first[drawn[:, :10]], other[drawn[:, 10:]]
    for truth, settings in TRUTHS.items():
        for N in 50, 200:
            easy = rng.normal(0, np.sqrt(BETWEEN), (M, 1, N))
            answers = [make_answers(*setting, easy) for setting in settings]
            yield f'{truth}: {N}', compare_answers, *answers


if __name__ == '__main__':
    rows = []
    for truth, compare, first, other in comparisons():
        row = {'The truth': truth}
        for name, counts in SEEDS.items():
            p = [compare(first[:, :n], other[:, :n])[1] for n in counts]
            row[name] = 100 * np.mean(np.min(p, axis=0) < 0.05)
        rows.append(row)
    rates = pd.DataFrame(rows).groupby('The truth', sort=False).mean()
    print(rates.round(1).to_string())
