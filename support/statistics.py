"""Is a difference larger than luck? Two settings, each trained with several seeds.

A p value is how often luck alone makes at least such a difference between settings that
are equal. How fast networks learn the same training sequences is the luck of their
seeds; how many test sequences they have right, that of the sequences as well.
"""

import numpy as np
from scipy.special import stdtr, stdtrit

MIN_SEEDS = 3  # fewer say too little of how far seeds scatter


def t_test(gap, samples, counted_twice=0):
    """Return Student's p value of a gap, and half its interval of 95 % confidence.

    The gap's variance is the sum of those of the samples' means, which may differ
    (Welch, Biometrika 34, 28, 1947). counted_twice is a variance that is in two means.
    """
    parts = [(np.var(x, ddof=1) / len(x), len(x) - 1) for x in samples]
    variances, freedoms = np.transpose(parts)
    if variances.sum() < 1e-20:  # nothing but rounding
        return float(abs(gap) < 1e-9), 0.0
    freedom = variances.sum() ** 2 / np.sum(variances**2 / freedoms)
    error = np.sqrt(max(variances.sum() - counted_twice, variances.max()))
    return 2 * stdtr(freedom, -abs(gap) / error), stdtrit(freedom, 0.975) * error


def luck_in_speed(first, other, last=np.inf):
    """Return the p value of epochs to 95 %, and the factor between the two settings.

    first (n,) and other (m,) are infinite for never. Some were not trained longer than
    for last epochs, so what is later counts as never, too. The test is of logarithms,
    because seeds scatter by a factor, much the same for slow and for fast networks.
    """
    first, other = (np.log(np.minimum(epochs, last)) for epochs in (first, other))
    gap = other.mean() - first.mean()
    return t_test(gap, [first, other])[0], np.exp(gap)


def luck_in_test(first, other):
    """Return the p value of answers, True where right, and the interval of their gap.

    first is (n, N), of n networks to N sequences, and other (m, N); the interval, low
    and high, is of how much larger the accuracy of other is. The variances of sequences
    and seeds add up, but for that of single answers, which is in both (Cameron, Gelbach
    and Miller, Journal of Business & Economic Statistics 29, 238, 2011). Two made-up
    gaps, up and down by the share of one network (by 1 if no other differs), keep it
    honest (Bonett and Price, Journal of Educational and Behavioral Statistics 37, 479,
    2012).
    """
    gaps = other.mean(axis=0) - first.mean(axis=0)
    extra = (1 / len(first) + 1 / len(other)) / 2 if gaps.any() else 1
    gaps = np.array([*gaps, extra, -extra])
    samples = [gaps, first.mean(axis=1), other.mean(axis=1)]
    twice = 0
    for right, accuracies in zip((first, other), samples[1:], strict=True):
        n, N = right.shape
        rest = right - right.mean(axis=0) - accuracies[:, None] + right.mean()
        twice += np.sum(rest**2) / (n - 1) / max(1, N - 1) / n / N
    p, half = t_test(gaps.mean(), samples, twice)
    return p, gaps.mean() - half, gaps.mean() + half
