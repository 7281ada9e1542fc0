"""What a network is and gives, and whether it goes with its data.

check_network finds mistakes that raise no error: what can't be meant raises UserError,
a line that ends the script, and what may be meant is printed. Nothing is changed, and
what Keras reports is left to Keras. Importing this needs no TensorFlow.
"""

import contextlib
from typing import NamedTuple

from support.answers import class_numbers
from support.console import UserError

import numpy as np

# What helps where weights or scores are not numbers
NOT_FINITE = 'bring the values nearer to 0 and 1 (divide them, or add the Normalization'
NOT_FINITE += ' that docs/own-data.md shows), or take a smaller learning rate'
SCORES = 'sigmoid', 'hard_sigmoid', 'softmax', 'sparsemax'  # from 0 to 1


class Output(NamedTuple):
    """What a compiled network answers with."""

    neurons: int | None  # None of a subclassed model, which has no shape
    activation: str  # of the last layer, or that layer's kind
    loss: str | None  # None if it is not one of Keras's
    # What makes scores, from 0 to 1, of the outputs: 'linear' if they are scores,
    # 'sigmoid' or 'softmax' if they are logits; None if nothing does
    scores: str | None


def describe_output(model):
    """Return the Output of a compiled network."""
    from keras import losses

    neurons = None
    scores = None
    with contextlib.suppress(AttributeError):
        neurons = model.output_shape[-1]
    last = model.layers[-1] if model.layers else model
    kind = getattr(getattr(last, 'activation', None), '__name__', type(last).__name__)
    try:
        loss = losses.get(model.loss)
    except ValueError:  # fit says so, and shows its own line
        loss = None
    name = getattr(loss, 'name', None) or getattr(loss, '__name__', '')
    if kind.lower() in SCORES:
        scores = 'linear'
    elif isinstance(loss, losses.Loss) and loss.get_config().get('from_logits'):
        scores = 'sigmoid' if neurons == 1 else 'softmax'
    name = name if hasattr(losses, name) else None
    return Output(neurons, kind.lower(), name, scores)


def describe_layer(layer):
    """Return a layer as you read it aloud: 16 relu, LSTM 16 tanh."""
    kind = type(layer).__name__
    size = getattr(layer, 'units', getattr(layer, 'filters', ''))
    activation = getattr(getattr(layer, 'activation', None), '__name__', '')
    return f'{kind} {size} {activation}'.removeprefix('Dense ').strip()


def predict_scores(model, X, activation, names=None):
    """Return the network's scores of sequences X (n, N), one per class: (n, classes).

    activation makes the scores: see Output. Raises UserError for a score that
    is not a number, with its name in names, and for a network of NaN.
    """
    from keras import activations

    if not all(np.isfinite(weights).all() for weights in model.get_weights()):
        raise UserError(f'the network holds NaN or infinity: {NOT_FINITE}')
    with contextlib.suppress(AttributeError):  # a subclassed model has no shape
        X = np.reshape(X, (len(X), *model.input_shape[1:]))
    parts = []
    for start in range(0, len(X), 1000):
        parts.append(model(np.float32(X[start : start + 1000]), training=False))
    scores = np.array(activations.get(activation)(np.concatenate(parts)))
    bad = np.flatnonzero(~np.isfinite(scores).all(axis=1))
    if len(bad):
        name = names[bad[0]] if names else f'sequence {bad[0] + 1}'
        raise UserError(f"the network's answer to {name} is not a number: {NOT_FINITE}")
    # One output, a sigmoid, is the score of class 1; of several, each is for one class.
    return np.hstack([1 - scores, scores]) if scores.shape[1] == 1 else scores


# ------------------------------------------------------------------ the checks


def check_network(model, X_train, Y_train, X_test, Y_test):
    """Raise UserError if network and data don't go together, or print a line.

    X_train is (n, N, ...) and Y_train its classes, (n,) or one-hot (n, classes); X_test
    (m, N, ...) and Y_test likewise. model is compiled.
    """
    check_set('train', X_train, Y_train)
    check_set('test', X_test, Y_test)
    is_one_hot = np.size(Y_train[0]) > 1
    if is_one_hot != (np.size(Y_test[0]) > 1):
        why = 'only one of Y_train and Y_test is one-hot'
        raise UserError(f'{why}: use to_categorical for both, or for neither')
    if model.layers and model.compiled:  # else fit says so
        largest = max(class_numbers(Y).max() for Y in (Y_train, Y_test))
        check_output(model, int(largest) + 1, is_one_hot)
        check_metrics(model)
        advice = suggest_scaling(X_train)
        if advice and not has_scaling(model):
            print(advice)


def check_set(name, X, Y):
    """Raise UserError if X and its classes Y are no set; print how many are zeros."""
    for values, array in (X, f'X_{name}'), (Y, f'Y_{name}'):
        if isinstance(values, list | tuple):
            raise UserError(f'{array} is no array: write  {array} = np.array({array})')
    if np.ndim(X) < 2 or np.ndim(Y) not in (1, 2) or len(X) != len(Y):
        wanted = f'X_{name} must be [N_{name}, N_sequence] and Y_{name} [N_{name}]'
        found = f'{[*np.shape(X)]} and {[*np.shape(Y)]}'
        raise UserError(f'{wanted}; they are {found}: see the loop that fills them')
    Y = np.asarray(Y)
    if Y.dtype.kind in 'OSU' or not ((Y >= 0) & (Y < 1e6) & (Y % 1 == 0)).all():
        raise UserError(f'Y_{name} must hold classes, 0, 1, 2, ...: see its loop')
    if name == 'train' and (Y == Y[0]).all():
        remedy = 'more sequences, or see the loop that fills it'
        raise UserError(f'Y_train holds one class only: {remedy}')
    X = np.reshape(X, (len(X), -1))  # which may have more axes
    bad = np.flatnonzero(~np.isfinite(X).all(axis=1))
    if len(bad):
        raise UserError(f'X_{name}[{bad[0]}] holds NaN or infinity')
    zeros = np.flatnonzero(~X.any(axis=1))
    if len(zeros):
        first = f'X_{name}[{zeros[0]}]'
        print(f'X_{name} has rows of zeros: {len(zeros)}, the first is {first}')


def check_metrics(model):
    """Raise UserError if the first metric, scores[1] of evaluate, is no accuracy."""
    metrics = model.get_compile_config()['metrics'] or []
    first = str(list(metrics)[:1])
    neurons = describe_output(model).neurons
    if 'acc' not in first or (neurons == 1 and 'categorical' in first):
        raise UserError("metrics must begin with the accuracy: metrics=['accuracy']")


def check_output(model, N_classes, is_one_hot):
    """Raise UserError if last layer, loss and classes do not fit each other."""
    neurons, activation, loss, scores = describe_output(model)
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
    last = f'{neurons} {"neurons" if neurons > 1 else "neuron"} with {activation}'
    why = f'the last layer, {last}, does not fit {loss} and {N_classes} classes'
    raise UserError(f'{why}: take {remedy}')


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
