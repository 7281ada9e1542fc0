"""What a test says of settings, each trained with one or several seeds.

The answers of a setting are right (n, N): which of N test sequences each of its n
networks, one for each seed, has right. Intervals have 95 % confidence. With three seeds
or more they hold for other test sequences and other seeds; with fewer, which say too
little of other seeds, for other test sequences and these networks alone.
"""

from math import sqrt

from support.runs import read_rows, wilson_interval

import numpy as np
from scipy.special import bdtr, stdtrit

MIN_SEEDS = 3  # fewer say too little of how far seeds scatter


def read_answers(runs):
    """Return the answers (n, N), True where right, of n runs to a test; its classes."""
    tests = [read_rows(run, 'predictions.csv') for run in runs]
    right = [[x['class'] == x['predicted'] for x in test] for test in tests]
    return np.array(right), np.array([int(x['class']) for x in tests[0]])


def margin(values, settings, level=0.95):
    """Return half the width of the interval for the mean of values, one per sequence.

    Two kinds of variance add up: of the values, over their number, and of each
    setting's accuracies with its seeds, over theirs. Their degrees of freedom are
    Welch's (Biometrika 34, 28, 1947), so that one setting may scatter more.
    """
    parts = [(np.var(values) / len(values), len(values) - 1)]
    if all(len(right) >= MIN_SEEDS for right in settings):
        for right in settings:
            accuracies = right.mean(axis=1)
            parts.append((accuracies.var(ddof=1) / len(right), len(right) - 1))
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / freedom for part, freedom in parts)
    return stdtrit(freedom, (1 + level) / 2) * sqrt(variance)


def accuracy_interval(right):
    """Return where the accuracy of a setting is: low, high, between 0 and 1.

    Several networks count as the number of sequences of which the accuracy of one would
    have the same margin, at most as many as there are (then Wilson's).
    """
    p, N, shares = right.mean(), right.shape[1], right.mean(axis=0)
    if len(right) > 1 and np.ptp(shares):
        N = min(N, p * (1 - p) * (1.96 / margin(shares, [right])) ** 2)
    return wilson_interval(p * N, N)


def difference(first, other, comparisons=1):
    """Return how much more accurate other is than first, and its interval: low, high.

    Both have answered the same sequences. Two made-up ones, on which one network of
    either setting is better, keep the interval honest where few differ (Bonett and
    Price, Journal of Educational and Behavioral Statistics 37, 479, 2012). Of several
    comparisons, all intervals hold at once (Bonferroni).
    """
    gaps = other.mean(axis=0) - first.mean(axis=0)
    extra = (1 / len(first) + 1 / len(other)) / 2
    values = np.array([*gaps, extra, -extra])
    half = margin(values, [first, other], 1 - 0.05 / comparisons)
    return gaps.mean(), values.mean() - half, values.mean() + half


def judge(first, other, comparisons=1):
    """Return what a test says of other against first, and the numbers, as texts.

    Of two single networks McNemar's exact test decides: of the sequences on which just
    one is right, either has as many but for chance (Psychometrika 12, 153, 1947). Else
    the interval of the difference.
    """
    gap, low, high = 100 * np.clip(difference(first, other, comparisons), -1, 1)
    is_sure = low > 0 or high < 0
    numbers = f'{gap:+.1f} points ({low:+.1f} to {high:+.1f})'
    if len(first) == len(other) == 1:
        n, m = np.sum(other & ~first), np.sum(first & ~other)
        p = min(1, comparisons * 2 * bdtr(min(n, m), n + m, 0.5))
        is_sure = p < 0.05
        numbers = f'alone right on {n} of {first.size}, the first on {m} (p = {p:.2g})'
    verdict = 'is better' if gap > 0 else 'is worse'
    verdict = verdict if is_sure else 'cannot be told apart'
    few = min(len(first), len(other)) < MIN_SEEDS
    return f'{verdict}, with these seeds' if few else verdict, numbers
