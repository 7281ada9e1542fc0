"""How often does compare.py call equal settings different, and what can it see?

    python benchmarks/verdicts.py                          the table, in a minute or two
    python benchmarks/verdicts.py runs/base? runs/wide?    the sizes that it uses

Makes up answers of which the truth is known, and asks compare.py's own functions. The
network of a setting and a seed has a sequence right if

    mean[setting] + easy[sequence] + suits[setting, sequence] + luck[setting, seed]
        + rest[setting, seed, sequence] > 0

where each term but the first is normal. Their sizes are those of real runs of two
settings, on 2,000 test sequences (python generate_data.py 200 2000): base0 to base9 by
train.py --N_test 2000 with the seeds 0 to 9, and wide0 to wide9 by the same with 64
neurons in the first layer. In some rows luck is not normal: one seed in five or ten
fails, at 60 %, and the others have 93 %. Two single runs are judged by McNemar's test.
"""

import argparse
import pathlib
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from support.statistics import MIN_SEEDS, accuracy_interval, difference, read_answers

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binomtest, multivariate_normal, norm

WITHIN = 0.930  # correlation of two networks of a setting: easy + suits
BETWEEN = 0.926  # correlation of two settings: easy
LUCK = 0.097  # standard deviation of luck, where that of easy + suits + rest is 1

rng = np.random.default_rng(0)


# ---------------------------------------------------------------- how networks vary


def correlation(both, accuracy):
    """Return how terms of two networks correlate if both are right on such a share.

    The tetrachoric correlation; each is right on a share of accuracy.
    """
    z, normal = np.full(2, norm.ppf(accuracy)), multivariate_normal.cdf
    return brentq(lambda r: normal(z, cov=[[1, r], [r, 1]]) - both, 0, 0.9999)


def print_sizes(folders):
    """Print the sizes as real runs have them: the first half is of one setting."""
    answers, _ = read_answers([{'path': folder} for folder in folders])
    settings, n = np.split(answers, 2), len(answers) // 2
    counts = [right.sum(axis=0) for right in settings]
    pairs = [np.mean(count * (count - 1)) / (n * (n - 1)) for count in counts]
    within = [correlation(*x) for x in zip(pairs, map(np.mean, settings), strict=True)]
    between = correlation(np.mean(counts[0] * counts[1]) / n**2, answers.mean())
    spread = np.sqrt(np.mean([x.mean(axis=1).var(ddof=1) for x in settings]))
    luck = spread / norm.pdf(norm.ppf(answers.mean()))
    print(f'WITHIN = {np.mean(within):.3f}, BETWEEN = {between:.3f}, LUCK = {luck:.3f}')


# ---------------------------------------------------------------------- the table


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
        compared = [difference(start, right, settings - 1)[1:3] for right in others]
        low, high = np.transpose(compared)
        gaps = np.subtract(truths[1:], truths[0])
        lowest, highest = accuracy_interval(others[0])
        wrong = any((low > gaps) | (high < gaps)), not lowest <= truths[1] <= highest
        better, worse = any(low > 0), any(high < 0)
        if first[0] == other[0] == 1:  # as compare.py: McNemar's exact test
            n, m = np.sum(start & ~others[0]), np.sum(others[0] & ~start)
            is_sure = n + m > 0 and binomtest(n, n + m).pvalue < 0.05
            better, worse = is_sure and m > n, is_sure and n > m
        found.append([better, worse, *wrong])
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
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=formatter)
    parser.add_argument('runs', nargs='*', help='of two settings, half of each')
    folders = parser.parse_args().runs
    print_sizes(folders) if folders else print_table()
