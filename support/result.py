"""What a network answers to a test, and what these answers are worth: pure functions.

For train.py, infer.py and compare.py. Importing this needs no TensorFlow.
"""

import hashlib
import math

from support.console import DataError
from support.files import class_name

import numpy as np

# Why weights or answers are not numbers, and what helps.
NOT_FINITE = (
    'bring the data nearer to 0 and 1 (divide them, or add the Normalization that'
    ' docs/own-data.md shows), or take a smaller learning rate'
)
SCORES = 'sigmoid', 'hard_sigmoid', 'softmax', 'sparsemax'  # from 0 to 1
COPIES = 'test sequences also occur in the training set'


# ------------------------------------------------------------------ by content


def class_numbers(Y):
    """Return classes as a float (n,): Y is that, (n, 1), or one-hot (n, classes)."""
    Y = np.asarray(Y, float)
    return Y.argmax(axis=1).astype(float) if Y[0].size > 1 else Y.reshape(len(Y))


def hash_rows(X):
    """Return a number for each row of X (n, ...), the same for the same values alone.

    As a network sees them, in float32, of any shape. It holds for this process.
    """
    return [hash(np.asarray(x, np.float32).tobytes()) for x in X]


def pair_rows(X, Y):
    """Return a hash of each row of X (n, ...) with its class, a list of pairs."""
    return [*zip(hash_rows(X), class_numbers(Y).tolist(), strict=True)]


def hash_arrays(*arrays):
    """Return a text that is the same for arrays of the same values in float32 alone."""
    digest = hashlib.sha256()
    for x in arrays:
        digest.update(np.asarray(x, '<f4').tobytes())
    return digest.hexdigest()[:16]


def hash_set(name, X, Y):
    """Return the hashes of X_train and Y_train, by these names, or of the test."""
    return {f'X_{name}': hash_arrays(X), f'Y_{name}': hash_arrays(class_numbers(Y))}


# ------------------------------------------------------------------ the answers


def last_activation(model):
    """Return the name of the last activation, perhaps a layer, Softmax()."""
    last = model.layers[-1]
    name = getattr(getattr(last, 'activation', None), '__name__', type(last).__name__)
    return name.lower()


def loss_name(model):
    """Return the name of a network's loss, if it is one of Keras, else None."""
    from keras import losses

    loss = losses.get(getattr(model, 'loss', None))
    name = getattr(loss, 'name', None) or getattr(loss, '__name__', '')
    return name if hasattr(losses, name) else None


def has_logits(model):
    """Return whether the loss of a network takes its outputs for logits."""
    config = getattr(getattr(model, 'loss', None), 'get_config', dict)()
    return bool(config.get('from_logits'))


def find_scores(model):
    """Return which activation makes scores, from 0 to 1, of a network's outputs.

    'linear' if they are scores; 'sigmoid' or 'softmax' if they are logits; None if they
    are neither, as those of a last layer without bounds.
    """
    if last_activation(model) in SCORES:
        return 'linear'
    if has_logits(model):
        return 'sigmoid' if model.output_shape[-1] == 1 else 'softmax'
    return None


def count_epochs(model, epochs):
    """Return after how many epochs 95 and 100 % of the training sequences were right.

    epochs is a dict for each. 'never' if they never were; None if the accuracy that fit
    has shown counts in another way than the test: of a single output it calls a logit
    class 1 above one half, not above 0.
    """
    metrics = [*(model.get_compile_config()['metrics'] or ())][:1]
    is_half = model.output_shape[-1] == 1 and has_logits(model)
    is_plain = metrics in (['accuracy'], ['acc']) and not is_half
    found = {}
    for percent in 95, 100:
        reached = [
            x['epoch'] for x in epochs if is_plain and x['accuracy'] >= percent / 100
        ]
        found[f'epochs_to_{percent}'] = min(
            reached, default='never' if is_plain else None
        )
    return found


def predict_scores(model, X, activation, names=None):
    """Return the network's answers, one per class, to sequences X (n, N): (n, classes).

    activation is what find_scores returns. Raises DataError for an answer that is not a
    number, by its name in names, and for a network of NaN.
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


# ------------------------------------------------------------------ their worth


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


def describe_convergence(facts):
    """Return in a line how fast a network has learnt its training sequences."""
    epochs, first, last = (
        facts[x] for x in ('epochs', 'epochs_to_95', 'epochs_to_100')
    )
    if not first:
        return "Epochs to 95 % are not counted: the first metric is not 'accuracy'"
    if first == 'never':
        return f'Never 95 % of the training sequences right in {epochs} epochs'
    end = 'never all' if last == 'never' else f'all after {last}'
    return f'95 % of the training sequences right after {first} epochs, {end}'


def describe_validation(epochs):
    """Return in a line where the validation loss was lowest; None without validation.

    epochs is a dict for each; validation_freq leaves some without that loss.
    """
    tested = [x for x in epochs if 'val_loss' in x]
    if not tested:
        return None
    best, last = min(tested, key=lambda x: x['val_loss']), tested[-1]
    line = f'Validation loss lowest at epoch {best["epoch"]}: {best["val_loss"]:.2g}'
    return line if best is last else f'{line}; at the end {last["val_loss"]:.2g}'


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
