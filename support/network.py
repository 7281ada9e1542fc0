"""Mistakes in train.py that raise no error: it trains, but to a meaningless result.

What can't be meant raises DataError, a line that ends the script; what may be meant is
printed. Nothing is changed, and what Keras reports is left to Keras.
"""

from support import result
from support.console import DataError

import numpy as np


def check_network(model, X_train, Y_train, X_test, Y_test):
    """Raise DataError if network and data don't go together, or print a line.

    X_train is (n, N, ...) and Y_train its classes, (n,) or one-hot (n, classes); X_test
    (m, N, ...) and Y_test likewise. model is compiled.
    """
    check_set('train', X_train, Y_train)
    check_set('test', X_test, Y_test)
    is_one_hot = np.size(Y_train[0]) > 1
    if is_one_hot != (np.size(Y_test[0]) > 1):
        why = 'only one of Y_train and Y_test is one-hot'
        raise DataError(f'{why}: use to_categorical for both, or for neither')
    if model.layers and model.compiled:  # else fit says so
        largest = max(result.class_numbers(Y).max() for Y in (Y_train, Y_test))
        check_output(model, max(2, int(largest) + 1), is_one_hot)
        check_metrics(model)
        advice = suggest_scaling(X_train)
        if advice and not has_scaling(model):
            print(advice)


def check_set(name, X, Y):
    """Raise DataError if X and its classes Y are no set; print how many are zeros."""
    if np.ndim(X) < 2 or np.ndim(Y) not in (1, 2) or len(X) != len(Y):
        wanted = f'X_{name} must be [N_{name}, N_sequence] and Y_{name} [N_{name}]'
        found = f'{[*np.shape(X)]} and {[*np.shape(Y)]}'
        raise DataError(f'{wanted}; they are {found}: see the loop that fills them')
    Y = np.asarray(Y)
    if Y.dtype.kind in 'OSU' or not ((Y >= 0) & (Y < 1e6) & (Y % 1 == 0)).all():
        raise DataError(f'Y_{name} must hold classes, 0, 1, 2, ...: see its loop')
    X = np.reshape(X, (len(X), -1))  # which may have more axes
    bad = np.flatnonzero(~np.isfinite(X).all(axis=1))
    if len(bad):
        raise DataError(f'X_{name}, row {bad[0]}, holds NaN or infinity')
    zeros = np.flatnonzero(~X.any(axis=1))
    if len(zeros):
        print(f'X_{name} has {len(zeros)} rows of zeros, the first is row {zeros[0]}')


def check_metrics(model):
    """Raise DataError if the first metric, scores[1] of evaluate, is no accuracy."""
    metrics = model.get_compile_config()['metrics'] or []
    first = str(list(metrics)[:1])
    neurons = result.describe_output(model)[0]
    if 'acc' not in first or (neurons == 1 and 'categorical' in first):
        raise DataError("metrics must begin with the accuracy: metrics=['accuracy']")


def check_output(model, N_classes, is_one_hot):
    """Raise DataError if last layer, loss and classes do not fit each other."""
    neurons, activation, loss, scores = result.describe_output(model)
    if not (neurons and loss):  # a subclassed model, or a loss of one's own
        return
    if neurons == 1:
        fits_loss = 'categorical' not in loss and not is_one_hot
        fits = activation != 'softmax' and N_classes == 2 and fits_loss
    elif loss == 'binary_crossentropy' and is_one_hot:
        fits = neurons >= N_classes
    else:
        is_softmax = 'softmax' in (activation, scores)
        fits_loss = loss.startswith('sparse') != is_one_hot
        fits = is_softmax and neurons >= N_classes and fits_loss
    if fits:
        return
    sparse = '' if is_one_hot else 'sparse_'
    remedy = f"Dense({N_classes}, activation='softmax') with"
    remedy += f" loss='{sparse}categorical_crossentropy'"
    if N_classes == 2 and not is_one_hot:
        remedy += " or Dense(1, activation='sigmoid') with loss='binary_crossentropy'"
    is_wide = neurons >= N_classes
    if loss == 'categorical_crossentropy' and is_wide and not is_one_hot:
        remedy += f', or Y_train = to_categorical(Y_train, {N_classes}), and Y_test'
    why = f'{neurons}-neuron {activation} with {loss} does not fit'
    raise DataError(f'{why} {N_classes} classes: take {remedy}')


def has_scaling(model):
    """Return whether a layer scales the values, also one in a model in the model."""
    for layer in model.layers:
        kind = type(layer).__name__
        if 'Normalization' in kind or kind == 'Rescaling':
            return True
        if hasattr(layer, 'layers') and has_scaling(layer):
            return True
    return False


def suggest_scaling(X):
    """Return advice on values X (n, ...) that are far from 0 and 1; None on others.

    The first 1,000 sequences count. Measured with the workshop's waves: adding 5 or
    multiplying by 30 costs ten percentage points and more.
    """
    X = np.asarray(X[:1000], float)
    mean = X.mean()
    deviation = X.std()
    if abs(mean) <= 3 and 0.001 < deviation < 10:
        return None
    found = f'a mean of {mean:.3g} and a standard deviation of {deviation:.3g}'
    remedy = 'docs/own-data.md shows a layer that scales them'
    return f'The values have {found}. A network learns best near 0 and 1: {remedy}'
