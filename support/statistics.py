"""How far do seeds scatter, and is a difference between two settings larger than luck?

A p value is how often luck alone makes at least such a difference between settings that
are equal. How fast networks learn the same training sequences is the luck of their
seeds; how many test sequences they have right, that of the sequences as well.
"""

import numpy as np
from scipy.special import stdtr, stdtrit


def t_test(gap, *samples):
    """Return Student's p value of a gap, and half its interval of 95 % confidence.

    The gap's variance is the sum of those of the samples' means, and these may differ
    in size and in scatter (Welch, Biometrika 34, 28, 1947). gap is (...), each sample
    (..., n): of many comparisons at once.
    """
    samples = [np.asarray(x) for x in samples]
    freedoms = [x.shape[-1] - 1 for x in samples]
    variances = [np.var(x, axis=-1, ddof=1) / x.shape[-1] for x in samples]
    variances = [v + 1e-20 for v in variances]  # no 0, where nothing scatters
    total = sum(variances)
    pairs = zip(variances, freedoms, strict=True)
    freedom = total**2 / sum(v**2 / n for v, n in pairs)
    error = np.sqrt(total)
    return 2 * stdtr(freedom, -abs(gap) / error), stdtrit(freedom, 0.975) * error


def compare_epochs(first, other):
    """Return how much larger log(epochs) is in other, p, and half the interval.

    first is (..., n) and other (..., m). The test is of logarithms, because seeds
    scatter by a factor, much the same for slow and for fast networks.
    """
    first, other = np.log(first), np.log(other)
    gap = other.mean(axis=-1) - first.mean(axis=-1)
    return gap, *t_test(gap, first, other)


def compare_answers(first, other):
    """Return how much larger the accuracy is in other, p, and half the interval.

    first is (..., n, N), True where right, of n networks to N sequences, and other
    (..., m, N). With other seeds accuracies would be others, with other sequences the
    gaps between them: their variances add up. That of single answers is in each of
    them, which is on the safe side.
    """
    gaps = other.mean(axis=-2) - first.mean(axis=-2)
    gap = gaps.mean(axis=-1)
    return gap, *t_test(gap, gaps, first.mean(axis=-1), other.mean(axis=-1))


def describe_range(values, middle, digits):
    """Return '22 (18-43)', what the function middle makes of values, and their range.

    Infinite values are called never. If a value is NaN, it is '-'.
    """
    if np.isnan(values).any():
        return '-'
    numbers = map(float, (middle(values), min(values), max(values)))
    texts = [f'{round(x, digits):g}'.replace('inf', 'never') for x in numbers]
    center, low, high = texts
    return center if low == high else f'{center} ({low}-{high})'
