"""Sequences and classes in one form, float32 and numbers, and which are the same."""

import hashlib

import numpy as np


def class_numbers(Y):
    """Return the classes Y, (n,), (n, 1) or one-hot (n, classes), as numbers (n,)."""
    Y = np.asarray(Y, float)
    return Y.argmax(axis=1).astype(float) if has_one_hot(Y) else Y.reshape(len(Y))


def has_one_hot(Y):
    """Return whether classes are one-hot: Y is (n, classes)."""
    return np.size(Y[0]) > 1


def class_name(y, names):
    """Return the name of class y, a number; 'class 2' if names has none."""
    name = names[int(y)].strip() if y < len(names) else ''
    return name or f'class {int(y)}'


def as_bytes(values):
    """Return bytes that are the same for the same float32 values; -0.0 is 0.0."""
    return (np.asarray(values, '<f4') + 0).tobytes()


def find_copies(X_test, X_train):
    """Return whether each row of X_test is in X_train, in float32: bool (n,)."""
    test = [as_bytes(row) for row in X_test]
    # Train's rows one by one, as all may be larger than the memory
    copies = set(test).intersection(map(as_bytes, X_train))
    return np.array([row in copies for row in test])


def hash_set(X, Y):
    """Return a text that is the same for sets of the same float32 values alone.

    X is (n, N, ...) and Y its classes, (n,) or one-hot.
    """
    digest = hashlib.sha256()
    for row in X:
        digest.update(as_bytes(row))
    digest.update(as_bytes(class_numbers(Y)))
    return digest.hexdigest()[:16]
