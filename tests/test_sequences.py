"""Tests of support/sequences.py."""

from support import sequences

import numpy as np


def test_hash_differs_if_values_or_any_class_differ():
    X, Y = np.random.default_rng(0).random((5, 3)), np.array([0, 1, 1, 0, 2])
    one = sequences.hash_set(X, Y)
    assert one == sequences.hash_set(np.float32(X), np.eye(3)[Y])  # one-hot
    last = np.eye(5)[4:].T  # changes the last sequence
    others = [(X + last, Y), (X, Y[::-1]), (X, np.array([0, 1, 1, 0, 1]))]
    assert len({one, *(sequences.hash_set(*other) for other in others)}) == 4
    assert sequences.hash_set(0 * X, Y) == sequences.hash_set(-0.0 * X, Y)


def test_small_differences_are_noticed():
    """The sequences differ in float32, but not in float16."""
    X = np.full((2, 3), 0.5)
    other = X + 1e-6
    assert sequences.hash_set(X, [0, 1]) != sequences.hash_set(other, [0, 1])
    assert [*sequences.find_copies([X[0], other[0]], X)] == [True, False]


def test_sequences_are_the_rows_of_a_square_array():
    X = np.arange(9).reshape(3, 3)
    assert all(sequences.find_copies(X, X[:2]) == [True, True, False])
    assert all(sequences.find_copies(X[:2], X))
    assert sequences.hash_set(X, X[0]) != sequences.hash_set(X.T, X[0])
