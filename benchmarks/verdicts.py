"""In how many of 100 cases does compare.py give a verdict, where the truth is known?

    python benchmarks/verdicts.py    in two minutes or more

Epochs are drawn from experiments/results/fastest.csv: 36 settings of twenty seeds.
Answers are made up: a network has a sequence right if mean + easy[sequence] +
suits[setting, sequence] + luck[setting, seed] + rest[setting, seed, sequence] > 0. All
but mean are normal, as large as for ten seeds of train.py and ten with 64 neurons.
"""

import sys
from itertools import combinations_with_replacement, product
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from support.console import make_parser
from support.statistics import luck_in_speed, luck_in_test

import numpy as np
import pandas as pd
from scipy.stats import norm

RESULTS = PROJECT / 'experiments/results/fastest.csv'
WITHIN, BETWEEN = 0.930, 0.926  # correlations of networks of one setting, of two
LUCK = 0.097  # its standard deviation, where that of easy + suits + rest is 1
TUTORIAL, FAILING = (0.9, LUCK, 0), (0.93, 0, 0.1)  # accuracy, luck, seeds at 60 %
TRUTHS = {
    'test: equal': (TUTORIAL, TUTORIAL),
    'equal, one scatters four times as much': (TUTORIAL, (0.9, 4 * LUCK, 0)),
    'equal, but a seed in ten fails in one': ((0.897, LUCK, 0), FAILING),
    '5 points': (TUTORIAL, (0.95, LUCK, 0)),
    '10 points': ((0.85, LUCK, 0), (0.95, LUCK, 0)),
}
rng = np.random.default_rng(0)


def count_speeds(n):
    """Return how often n seeds give a verdict on speed, by the ratio of the medians."""
    shares = {}
    for _, series in pd.read_csv(RESULTS).groupby('series'):
        groups = [x.to_numpy() for _, x in series.groupby('setting')['training_95']]
        for one, two in combinations_with_replacement(groups, 2):
            low, high = sorted(min(300, np.median(x)) for x in (one, two))
            ratio = next(x for x in (1.5, 2, 3, np.inf) if high < x * low)
            draws = (rng.permutation(20) for _ in range(2000 if one is two else 100))
            p = [luck_in_speed(one[x[:n]], two[x[n : 2 * n]], 300)[0] for x in draws]
            kind = 'speed: equal' if one is two else f'ratio below {ratio}'
            shares.setdefault(kind, []).append(100 * np.mean(np.array(p) < 0.05))
    worst = {'equal, the worst of 36': max(shares['speed: equal'])}
    return worst | {x: round(np.mean(shares[x]), 1) for x in sorted(shares)}


def count_tests(n, N, truths):
    """Return how often n seeds give a verdict on N test sequences."""
    p = []
    for _ in range(1000):
        easy, answers = rng.normal(0, np.sqrt(BETWEEN), N), []
        for accuracy, luck, failing in truths:
            suits = rng.normal(0, np.sqrt(WITHIN - BETWEEN), N)
            rest = rng.normal(0, np.sqrt(1 - WITHIN), (n, N))
            mean = norm.ppf(np.where(rng.random((n, 1)) < failing, 0.6, accuracy))
            mean = rng.normal(mean * np.sqrt(1 + luck**2), luck)
            answers.append(mean + easy + suits + rest > 0)
        p.append(luck_in_test(*answers)[0])
    return f'{100 * np.mean(np.array(p) < 0.05):.0f}'


if __name__ == '__main__':
    make_parser(__doc__).parse_args()
    rates = {n: count_speeds(n) for n in (3, 5, 10)}
    for n, (name, truths) in product(rates, TRUTHS.items()):
        rates[n][name] = ' / '.join(count_tests(n, N, truths) for N in (50, 200, 2000))
    print(pd.DataFrame(rates).add_suffix(' seeds').to_string())
