"""How often does compare.py call equal settings different, and what can it see?

    python benchmarks/verdicts.py    in a minute or two

Makes up answers of which the truth is known, and asks compare.py's own functions. The
network of a setting and a seed has a sequence right if

    mean[setting] + easy[sequence] + suits[setting, sequence] + luck[setting, seed]
        + rest[setting, seed, sequence] > 0

where each term but the first is normal. Their sizes are those of real runs of two
settings, on 2,000 test sequences (python generate_data.py 200 2000): ten seeds of
train.py --N_test 2000, and ten of the same with 64 neurons in the first layer. The
correlations follow from how often two networks are both right (tetrachoric), luck from
how far the accuracies of the seeds scatter. In some rows luck is not normal: one seed
in five or ten fails, at 60 %, and the others have 93 %.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.console import make_parser
from support.statistics import MIN_SEEDS, accuracy_interval, difference, judge

import numpy as np
from scipy.stats import norm

WITHIN = 0.930  # correlation of two networks of a setting: easy + suits
BETWEEN = 0.926  # correlation of two settings: easy
LUCK = 0.097  # standard deviation of luck, where that of easy + suits + rest is 1

rng = np.random.default_rng(0)


def answer(easy, between, n, accuracy, spread=LUCK, failing=0):
    """Return the answers (n, N) of n networks of a setting, and the accuracy of each.

    Those are for endless sequences; the setting's accuracy is for endless seeds, too.
    """
    suits = rng.normal(0, np.sqrt(WITHIN - between), len(easy))
    rest = rng.normal(0, np.sqrt(1 - WITHIN), (n, len(easy)))
    mean = norm.ppf(accuracy) * np.sqrt(1 + spread**2) + rng.normal(0, spread, (n, 1))
    if failing:
        mean = norm.ppf(np.where(rng.random((n, 1)) < failing, 0.6, 0.93))
    return mean + np.sqrt(between) * easy + suits + rest > 0, norm.cdf(mean)


def simulate(title, N, first, other, settings=2, between=BETWEEN):
    """Print how often a verdict is given, and how often an interval misses the truth.

    N is the number of sequences; first and other say of the first setting, and of each
    of the others, what answer wants to know: n, accuracy and perhaps more.
    """
    found = []
    for _ in range(2000 if N < 1000 else 1000):
        easy = rng.normal(size=N)
        made = [answer(easy, between, *x) for x in [first] + [other] * (settings - 1)]
        truths = [accuracies.mean() for _, accuracies in made]  # of these networks
        if min(first[0], other[0]) >= MIN_SEEDS:
            truths = [first[1], *[other[1]] * (settings - 1)]
        start, *others = (right for right, _ in made)
        verdicts = ' '.join(judge(start, right, settings - 1)[0] for right in others)
        low, high = np.transpose(
            [difference(start, right, settings - 1)[1:] for right in others]
        )
        gaps = np.subtract(truths[1:], truths[0])
        lowest, highest = accuracy_interval(others[0])
        wrong = any((low > gaps) | (high < gaps)), not lowest <= truths[1] <= highest
        found.append(['better' in verdicts, 'worse' in verdicts, *wrong])
    shares = ''.join(f'{x:9.1f}' for x in 100 * np.mean(found, axis=0))
    print(f'{title:38}{first[0]:3}{other[0]:3} {N:6,}{shares}', flush=True)


def print_table():
    """Print the table, in per cent: where some setting is called better or worse.

    And where its interval misses the true difference, or, alone, its true accuracy.
    """
    print(f'{"":38} seeds      N   better    worse   missed    alone')
    for n, m in (1, 1), (3, 3), (5, 5), (3, 10), (10, 3):
        for N in 50, 500, 2000:
            simulate('equal', N, (n, 0.9), (m, 0.9))
            wild = m, 0.9, 4 * LUCK
            simulate('equal, the second spreads 4 times', N, (n, 0.9), wild)
            for failing in (0.1, 0.2) if n == m > 1 else ():
                mean = 0.93 - failing * 0.33
                fails = m, mean, 0, failing
                title = f'equal, {failing:.0%} of the second fail'
                simulate(title, N, (n, mean), fails)
    for n in 1, 3, 5, 10:
        for points in 5, 10:
            first, other = (n, 0.95 - points / 100), (n, 0.95)
            for N in 50, 200, 500:
                simulate(f'{points} points', N, first, other)
            title = f'{points} points, each fails elsewhere'
            simulate(title, 50, first, other, between=0.3)
    for n in 3, 5:
        for N in 50, 2000:
            equal = n, 0.9
            simulate('six equal settings, any of them', N, equal, equal, settings=6)


if __name__ == '__main__':
    make_parser(__doc__).parse_args()
    print_table()
