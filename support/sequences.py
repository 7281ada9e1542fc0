"""Convert classes to numbers, name them, and compare sequences as float32 values."""

import hashlib

import numpy as np


def class_numbers(Y):
    """Return classes Y, (n,), (n, 1) or one-hot (n, classes), as numbers (n,)."""
    Y = np.asarray(Y, float)
    return Y.argmax(axis=1).astype(float) if has_one_hot(Y) else Y.reshape(len(Y))


def has_one_hot(Y):
    """Return whether classes Y are one-hot: (n, classes), not (n,) or (n, 1)."""
    return np.size(Y[0]) > 1


def class_name(y, names):
    """Return the name of class number y, such as 'class 2' if it has no name."""
    name = names[int(y)].strip() if y < len(names) else ''
    return name or f'class {int(y)}'


def as_bytes(values):
    """Return the float32 values as bytes, which are equal for equal values.

    -0.0 has the bytes of 0.0.
    """
    return (np.asarray(values, '<f4') + 0).tobytes()


def find_copies(X_test, X_train):
    """Return a boolean mask (n,) of the rows of X_test that also occur in X_train.

    Rows are compared as float32.
    """
    test = [as_bytes(row) for row in X_test]
    # The training rows one by one, because all together may exceed the memory
    copies = set(test).intersection(map(as_bytes, X_train))
    return np.array([row in copies for row in test])


def hash_set(X, Y):
    """Return a text that identifies a set by its float32 values and its classes.

    X is (n, N, ...), and its classes Y are (n,) or one-hot (n, classes).
    """
    digest = hashlib.sha256()
    for row in X:
        digest.update(as_bytes(row))
    digest.update(as_bytes(class_numbers(Y)))
    return digest.hexdigest()[:16]
