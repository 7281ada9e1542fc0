"""What a network answers to a test, and what these answers are worth.

Importing this needs no TensorFlow.
"""

import contextlib
import hashlib
import math

from support.console import DataError
from support.files import class_name

import numpy as np

# What helps where weights or scores are not numbers
NOT_FINITE = 'bring the values nearer to 0 and 1 (divide them, or add the Normalization'
NOT_FINITE += ' that docs/own-data.md shows), or take a smaller learning rate'
SCORES = 'sigmoid', 'hard_sigmoid', 'softmax', 'sparsemax'  # from 0 to 1


def class_numbers(Y):
    """Return classes as a float (n,): Y is that, (n, 1), or one-hot (n, classes)."""
    Y = np.asarray(Y, float)
    return Y.argmax(axis=1).astype(float) if Y[0].size > 1 else Y.reshape(len(Y))


def find_copies(X_test, X_train):
    """Return whether each row of X_test is in X_train, in float32: bool (n,)."""
    train = {np.float32(row).tobytes() for row in X_train}
    return np.array([np.float32(row).tobytes() in train for row in X_test])


def hash_set(X, Y):
    """Return a text that is the same for sets of the same float32 values alone.

    X is (n, N, ...) and Y its classes, (n,) or one-hot.
    """
    digest = hashlib.sha256()
    for row in X:  # one by one, as all may be larger than the memory
        digest.update(np.asarray(row, '<f4').tobytes())
    digest.update(np.asarray(class_numbers(Y), '<f4').tobytes())
    return digest.hexdigest()[:16]


def describe_output(model):
    """Return a network's number of outputs, last activation, loss and scores.

    What it lacks is None: a subclassed model has no shape, a loss of one's own no name.
    Scores, from 0 to 1, are the outputs themselves ('linear'), or made of logits by
    'sigmoid' or 'softmax'; else None.
    """
    from keras import losses

    neurons = None
    scores = None
    with contextlib.suppress(AttributeError):  # of a subclassed model
        neurons = model.output_shape[-1]
    last = model.layers[-1] if model.layers else model
    loss = losses.get(model.loss)
    kind = getattr(getattr(last, 'activation', None), '__name__', type(last).__name__)
    name = getattr(loss, 'name', None) or getattr(loss, '__name__', '')
    if kind.lower() in SCORES:
        scores = 'linear'
    elif getattr(loss, 'get_config', dict)().get('from_logits'):
        scores = 'sigmoid' if neurons == 1 else 'softmax'
    return neurons, kind.lower(), name if hasattr(losses, name) else None, scores


def describe_layer(layer):
    """Return a layer as you read it aloud: 16 relu, LSTM 16 tanh."""
    kind = type(layer).__name__
    size = getattr(layer, 'units', getattr(layer, 'filters', ''))
    activation = getattr(getattr(layer, 'activation', None), '__name__', '')
    return f'{kind} {size} {activation}'.removeprefix('Dense ').strip()


def count_epochs(epochs, activation):
    """Return after how many epochs 95 and 100 % of the training sequences were right.

    Or 'never'; None without an accuracy, or with logits, which fit cuts at 0.5, not at
    0. epochs is a table, a row for each; activation makes the scores.
    """
    is_logit = activation == 'sigmoid'
    names = [name for name in epochs if 'acc' in name and not name.startswith('val_')]
    found = {}
    for percent in 95, 100:
        key = f'epochs_to_{percent}'
        found[key] = None
        if names and not is_logit:
            reached = epochs['epoch'][epochs[names[0]] >= percent / 100]
            found[key] = int(reached.iloc[0]) if len(reached) else 'never'
    return found


def predict_scores(model, X, activation, names=None):
    """Return the network's scores of sequences X (n, N), one per class: (n, classes).

    activation makes the scores: see describe_output. Raises DataError for a score that
    is not a number, with its name in names, and for a network of NaN.
    """
    from keras import activations

    if not all(np.isfinite(weights).all() for weights in model.get_weights()):
        raise DataError(f'the network holds NaN or infinity: {NOT_FINITE}')
    with contextlib.suppress(AttributeError):  # a subclassed model has no shape
        X = np.reshape(X, (len(X), *model.input_shape[1:]))
    parts = []
    for start in range(0, len(X), 1000):
        parts.append(model(np.float32(X[start : start + 1000]), training=False))
    scores = np.array(activations.get(activation)(np.concatenate(parts)))
    bad = np.flatnonzero(~np.isfinite(scores).all(axis=1))
    if len(bad):
        name = names[bad[0]] if names else f'sequence {bad[0] + 1}'
        raise DataError(f"the network's answer to {name} is not a number: {NOT_FINITE}")
    # One output, a sigmoid, is the score of class 1; of several, each is for one class.
    return np.hstack([1 - scores, scores]) if scores.shape[1] == 1 else scores


def wilson_interval(right, N):
    """Return where, with 95 % confidence, the accuracy is if right of N are right.

    Wilson's score interval, as in scipy.stats.binomtest (whose import takes a second).
    """
    p = right / N
    z2 = 1.959964**2 / N
    middle = p + z2 / 2
    half = math.sqrt(z2 * (p * (1 - p) + z2 / 4))
    return (middle - half) / (1 + z2), (middle + half) / (1 + z2)


def describe_test(Y, predicted, in_train, names):
    """Return lines: how many answers are right, what that is worth, and a baseline.

    Y and predicted are classes, int (n,). Where in_train, bool (n,), it is no test.
    """
    right = Y == predicted
    lines = [f'{right.sum()} of {len(Y)} right']
    if in_train.any():
        copies = f'{in_train.sum()} of {len(Y)} test sequences'
        lines.append(f'{copies} also occur in the training set')
    if in_train.all():
        return [*lines, 'This measures memorisation only']
    new = right[~in_train]
    low, high = (100 * x for x in wilson_interval(new.sum(), len(new)))
    digits = 1 if high - low < 2 else 0
    worth = f'; 95 % confidence: {low:.{digits}f} % to {high:.{digits}f} %'
    if in_train.any():
        share = f'{new.sum()} right, {100 * new.mean():.1f} %'
        lines.append(f'On the {len(new)} others: {share}')
    lines[-1] += worth
    return [*lines, describe_baseline(Y[~in_train], names)]


def describe_baseline(Y, names):
    """Return in a line the accuracy of the most frequent of the classes Y, int (n,)."""
    frequent = np.bincount(Y).argmax()
    right = np.sum(Y == frequent)
    share = f'{right} of these {len(Y)}, {100 * right / len(Y):.0f} %'
    return f'Always answering {class_name(frequent, names)}: {share}'


def describe_training(speed, epochs, N_epochs):
    """Return lines: how fast a network learnt, and where its validation loss turned.

    epochs is a table, a row for each; N_epochs were asked for.
    """
    lines = []
    done = epochs['epoch'].iloc[-1]
    if done < N_epochs:
        lines.append(f'The training ended after epoch {done} of {N_epochs}')
    first = speed['epochs_to_95']
    last = speed['epochs_to_100']
    if first is None:
        line = 'Epochs to 95 % are not counted: fit gives no accuracy, or one of logits'
    elif first == 'never':
        line = f'Never 95 % of the training sequences right, to epoch {done}'
    else:
        end = 'never all' if last == 'never' else f'all after {last}'
        line = f'95 % of the training sequences first right after epoch {first}, {end}'
    lines.append(line)
    if 'val_loss' in epochs:
        best = epochs.loc[epochs['val_loss'].idxmin()]
        lines.append(
            f'Validation loss lowest at epoch {best["epoch"]:.0f}:'
            f' {best["val_loss"]:.2g}; at the end {epochs["val_loss"].iloc[-1]:.2g}'
        )
    return lines


def confusion_table(Y, predicted, names):
    """Return a rich Table of how many of a class Y were taken for which, int (n,)."""
    from rich.table import Table

    classes = sorted({*Y, *predicted})
    titles = [class_name(j, names) for j in classes]
    table = Table('', *(f'taken for {title}' for title in titles), 'recall', box=None)
    for i, title in zip(classes, titles, strict=True):
        taken = predicted[Y == i]
        counts = (str(np.sum(taken == j)) for j in classes)
        table.add_row(title, *counts, f'{np.sum(taken == i)} of {len(taken)}')
    return table


def describe_wrong(Y, predicted, names):
    """Return in a line which test sequences are wrong; of many, the first."""
    wrong = np.flatnonzero(Y != predicted)
    line = ' '.join(str(i + 1) for i in wrong[:20])
    if len(wrong) > 20:
        line += ' ...'
    kinds = {(Y[i], predicted[i]) for i in wrong}
    if len(kinds) == 1:
        label, answer = (class_name(j, names) for j in kinds.pop())
        every = 'all ' if len(wrong) > 1 else ''
        line += f', {every}{label} taken for {answer}'
    return f'Wrong: {line}: python view.py --wrong'
