"""What a network's answers to a test are worth, in lines and tables.

Nothing here reads, writes or prints.
"""

import hashlib
import math

import numpy as np
import pandas as pd


def class_numbers(Y):
    """Return classes as a float (n,): Y is that, (n, 1), or one-hot (n, classes)."""
    Y = np.asarray(Y, float)
    return Y.argmax(axis=1).astype(float) if Y[0].size > 1 else Y.reshape(len(Y))


def class_name(Y, names=()):
    """Return the name of class Y; 'class 2' if names has none."""
    name = names[int(Y)].strip() if Y < len(names) else ''
    return name or f'class {int(Y)}'


def as_bytes(values):
    """Return bytes that are the same for the same float32 values; -0.0 is 0.0."""
    return (np.asarray(values, '<f4') + 0).tobytes()


def find_copies(X_test, X_train):
    """Return whether each row of X_test is in X_train, in float32: bool (n,)."""
    test = [as_bytes(row) for row in X_test]
    wanted = set(test)
    copies = set()
    for row in X_train:  # one by one, as all may be larger than the memory
        copies |= {as_bytes(row)} & wanted
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


def epochs_table(history):
    """Return what fit has returned as a table; its index are the epochs, from 1."""
    index = pd.Index(history.epoch, name='epoch') + 1
    columns = history.history.items()
    # Without those of a validation in every fifth epoch
    whole = {name: values for name, values in columns if len(values) == len(index)}
    return pd.DataFrame(whole, index)


def predictions_table(scores, X_train, X_test, Y_test, ids):
    """Return a table with a row for each test sequence, of scores (n, classes).

    ids, a text for each or none, say whose they are.
    """
    table = pd.DataFrame({'number': range(1, len(scores) + 1)})
    if ids:
        table['id'] = ids
    table['class'] = class_numbers(Y_test).astype(int)
    table['predicted'] = scores.argmax(axis=1)
    table['in_train'] = find_copies(X_test, X_train).astype(int)
    return table.join(pd.DataFrame(scores).add_prefix('score_'))


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
    lines = [f'{right.sum()} of {len(Y)} right, {100 * right.mean():.1f} %']
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


def first_epoch(epochs, fraction, never='never'):
    """Return the first epoch with this fraction of the sequences right, or never.

    epochs is a table with the epochs as index, and its first accuracy counts. Keras
    divides in float32, where 190 / 200 is less than 0.95: so fraction is a float32.
    """
    accuracy = epochs.filter(like='acc').iloc[:, 0]
    reached = epochs.index[np.float32(accuracy) >= np.float32(fraction)]
    return int(reached[0]) if len(reached) else never


def describe_training(epochs, N_epochs, unclear):
    """Return lines: how fast a network learnt, and where its validation loss turned.

    epochs is a table as first_epoch takes it; N_epochs were asked for. unclear says why
    the epochs to 95 % would mean nothing, or is ''.
    """
    lines = []
    done = epochs.index[-1]
    if done < N_epochs:
        lines.append(f'The training ended after epoch {done} of {N_epochs}')
    if unclear:
        lines.append(f'Epochs to 95 % are not counted: {unclear}')
    elif first_epoch(epochs, 0.95) == 'never':
        lines.append(f'Never 95 % of the training sequences right, to epoch {done}')
    else:
        first = first_epoch(epochs, 0.95)
        last = first_epoch(epochs, 1)
        line = f'95 % of the training sequences first right after epoch {first}, '
        lines.append(line + ('never all' if last == 'never' else f'all after {last}'))
    if 'val_loss' in epochs:
        loss = epochs['val_loss']
        best = f'lowest at epoch {loss.idxmin()}: {loss.min():.2g}'
        lines.append(f'Validation loss {best}; at the end {loss.iloc[-1]:.2g}')
    return lines


def confusion_table(Y, predicted, names):
    """Return a rich Table of how many of a class Y were taken for which, int (n,).

    Of more than ten classes it has the recall alone.
    """
    from rich.table import Table

    classes = sorted({*Y, *predicted})
    shown = classes if len(classes) <= 10 else []  # for more there is no room
    heads = [f'taken for {class_name(j, names)}' for j in shown]
    table = Table('', *heads, 'recall', box=None)
    for i in classes:
        taken = predicted[Y == i]
        counts = [str(np.sum(taken == j)) for j in shown]
        recall = f'{np.sum(taken == i)} of {len(taken)}'
        table.add_row(class_name(i, names), *counts, recall)
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
