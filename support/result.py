"""What a network answers to a test, and what these answers are worth: pure functions.

For train.py, infer.py and compare.py. Importing this needs no TensorFlow.
"""

import hashlib
import math

from support.console import DataError
from support.files import class_name

import numpy as np

# What helps where weights or scores are not numbers
NOT_FINITE = 'bring the values nearer to 0 and 1 (divide them, or add the Normalization'
NOT_FINITE += ' that docs/own-data.md shows), or take a smaller learning rate'
SCORES = 'sigmoid', 'hard_sigmoid', 'softmax', 'sparsemax'  # from 0 to 1
COPIES = 'test sequences also occur in the training set'


def class_numbers(Y):
    """Return classes as a float (n,): Y is that, (n, 1), or one-hot (n, classes)."""
    Y = np.asarray(Y, float)
    return Y.argmax(axis=1).astype(float) if Y[0].size > 1 else Y.reshape(len(Y))


def hash_rows(X):
    """Return a number for each row of X (n, ...), of its float32, for this process."""
    return [hash(np.asarray(x, np.float32).tobytes()) for x in X]


def pair_rows(X, Y):
    """Return a hash of each row of X (n, ...) with its class, a list of pairs."""
    return [*zip(hash_rows(X), class_numbers(Y).tolist(), strict=True)]


def hash_arrays(*arrays):
    """Return a text that is the same for arrays of the same values in float32 alone."""
    digest = hashlib.sha256()
    for array in arrays:
        for x in np.atleast_1d(array):  # by rows, as all may be larger than the memory
            digest.update(np.asarray(x, '<f4').tobytes())
    return digest.hexdigest()[:16]


def hash_set(name, X, Y):
    """Return the hashes of X_train and Y_train, by these names, or of the test."""
    return {f'X_{name}': hash_arrays(X), f'Y_{name}': hash_arrays(class_numbers(Y))}


def describe_output(model):
    """Return a network's number of outputs, last activation, loss and scores.

    The loss is None if it is not one of Keras's. Scores, from 0 to 1, are the outputs
    themselves ('linear'), or made of logits by 'sigmoid' or 'softmax'; else None.
    """
    from keras import losses

    last, loss = model.layers[-1], losses.get(getattr(model, 'loss', None))
    kind = getattr(getattr(last, 'activation', None), '__name__', type(last).__name__)
    name = getattr(loss, 'name', None) or getattr(loss, '__name__', '')
    neurons, scores = model.output_shape[-1], None
    if kind.lower() in SCORES:
        scores = 'linear'
    elif getattr(loss, 'get_config', dict)().get('from_logits'):
        scores = 'sigmoid' if neurons == 1 else 'softmax'
    return neurons, kind.lower(), name if hasattr(losses, name) else None, scores


def count_epochs(model, epochs):
    """Return after how many epochs 95 and 100 % of the training sequences were right.

    Or 'never'. None if fit counts in another way than the test: by another metric, or a
    logit as class 1 above one half instead of 0. epochs is a dict for each.
    """
    metrics = [*(model.get_compile_config()['metrics'] or ())][:1]
    is_logit = describe_output(model)[3] == 'sigmoid'
    is_counted = metrics in (['accuracy'], ['acc']) and not is_logit
    found = {}
    for percent in 95, 100:
        reached = (i for i, x in enumerate(epochs, 1) if x['accuracy'] >= percent / 100)
        found[f'epochs_to_{percent}'] = next(reached, 'never') if is_counted else None
    return found


def predict_scores(model, X, activation, names=None):
    """Return the network's scores of sequences X (n, N), one per class: (n, classes).

    activation makes the scores: see describe_output. Raises DataError for a score that
    is not a number, with its name in names, and for a network of NaN.
    """
    from keras import activations

    if not all(np.isfinite(weights).all() for weights in model.get_weights()):
        raise DataError(f'the network holds NaN or infinity: {NOT_FINITE}')
    X = np.reshape(X, (len(X), *model.input_shape[1:]))
    parts = [model(X[i : i + 1000], training=False) for i in range(0, len(X), 1000)]
    scores = np.array(activations.get(activation)(np.concatenate(parts)))
    for i in np.flatnonzero(~np.isfinite(scores).all(axis=1)):
        name = names[i] if names else f'sequence {i + 1}'
        raise DataError(f"the network's answer to {name} is not a number: {NOT_FINITE}")
    # One output, a sigmoid, is the score of class 1; of several, each is for one class.
    return np.hstack([1 - scores, scores]) if scores.shape[1] == 1 else scores


def wilson_interval(right, N):
    """Return where, with 95 % confidence, the accuracy is if right of N are right.

    Wilson's score interval, as in scipy.stats.binomtest (whose import takes a second).
    """
    p, z2 = right / N, 1.959964**2 / N
    middle, half = p + z2 / 2, math.sqrt(z2 * (p * (1 - p) + z2 / 4))
    return (middle - half) / (1 + z2), (middle + half) / (1 + z2)


def describe_test(right, given):
    """Return lines: how many answers are right, bool (n,), and what that is worth.

    given, bool (n,), is True where fit was given the sequence: there it is no test.
    """
    N, new = len(right), right[~given]
    low, high = (100 * x for x in wilson_interval(new.sum(), len(new)))
    digits = 1 if high - low < 2 else 0
    worth = f'95 % confidence: {low:.{digits}f} % to {high:.{digits}f} %'
    if not given.any():
        return [f'{right.sum()} of {N} right; {worth}']
    share = f'{new.sum()} right, {100 * new.mean():.1f} %'
    lines = [f'{right.sum()} of {N} right', f'{given.sum()} of {N} {COPIES}']
    return [*lines, f'On the {len(new)} others: {share}; {worth}']


def describe_baseline(Y, names):
    """Return in a line the accuracy of the most frequent of the classes Y, int (n,)."""
    frequent = np.bincount(Y).argmax()
    share = 100 * np.mean(frequent == Y)
    return f'Always answering {class_name(frequent, names)}: {share:.0f} %'


def describe_training(facts, epochs):
    """Return lines: how fast a network learnt, and where its validation loss turned."""
    first, last = facts['epochs_to_95'], facts['epochs_to_100']
    end = 'never all' if last == 'never' else f'all after {last}'
    line = f'95 % of the training sequences right after {first} epochs, {end}'
    if first == 'never':
        line = f'Never 95 % of the training sequences right in {len(epochs)} epochs'
    if not first:
        line = 'Epochs to 95 % are not counted: fit does not count as the test does'
    if not (tested := [x for x in epochs if 'val_loss' in x]):
        return [line]
    best, end = min(tested, key=lambda x: x['val_loss']), tested[-1]
    turn = 'Validation loss lowest at epoch {epoch}: {val_loss:.2g}'.format(**best)
    return [line, turn + f'; at the end {end["val_loss"]:.2g}' * (best is not end)]


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
    line = ' '.join(str(i + 1) for i in wrong[:20]) + ' ...' * (len(wrong) > 20)
    kinds = {(Y[i], predicted[i]) for i in wrong}
    if len(kinds) == 1:
        label, answer = (class_name(j, names) for j in kinds.pop())
        line += f', {"all " * (len(wrong) > 1)}{label} taken for {answer}'
    return f'Wrong: {line}: python view.py --wrong'
