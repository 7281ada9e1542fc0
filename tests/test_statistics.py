"""support/statistics.py, beside scipy's."""

from support.statistics import compare_answers, compare_epochs

import numpy as np
import pytest
from scipy.stats import t, ttest_ind

rng = np.random.default_rng(2)


def test_speed():
    """The comparison of epochs is Welch's test of their logarithms."""
    epochs = [22, 21, 28, 30], [12, 11, 15]
    welch = ttest_ind(*map(np.log, epochs[::-1]), equal_var=False)
    gap, p, half = compare_epochs(*epochs)
    interval = welch.confidence_interval()
    assert (p, gap - half, gap + half) == pytest.approx((welch.pvalue, *interval))
    assert compare_epochs([7, 7, 7], [8, 8, 8])[1] < 1e-9
    assert compare_epochs([7, 7, 7], [7, 7, 7])[1] == 1


def test_answers():
    """The variances of seeds and of sequences add up, and so do Welch's freedoms."""
    first, other = (rng.random((n, 60)) < 0.8 for n in (4, 6))
    gaps = other.mean(axis=0) - first.mean(axis=0)
    samples = gaps, first.mean(axis=1), other.mean(axis=1)
    parts = np.array([np.var(x, ddof=1) / len(x) for x in samples])
    student = t(sum(parts) ** 2 / sum(parts**2 / [59, 3, 5]))
    error = np.sqrt(sum(parts))
    p, half = 2 * student.sf(abs(gaps.mean()) / error), student.ppf(0.975) * error
    assert compare_answers(first, other) == pytest.approx((gaps.mean(), p, half))
    first, other = (rng.random((n, 50000)) < rng.random((n, 1)) for n in (4, 6))
    welch = ttest_ind(other.mean(axis=1), first.mean(axis=1), equal_var=False)
    assert compare_answers(first, other)[1] == pytest.approx(welch.pvalue, rel=0.03)


def test_many_comparisons_at_once():
    """Many comparisons at once give what each gives."""
    epochs = rng.random((6, 3)) + 1, rng.random((6, 5)) + 1
    answers = rng.random((6, 3, 99)) < 0.9, rng.random((6, 4, 99)) < 0.8
    for compare_many, pairs in (compare_epochs, epochs), (compare_answers, answers):
        each = [compare_many(*pair) for pair in zip(*pairs, strict=True)]
        np.testing.assert_allclose(compare_many(*pairs), np.transpose(each))
