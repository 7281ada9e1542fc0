"""How a training ends: what it is worth is printed, and its run is kept."""

import math
import os
from datetime import UTC, datetime
from pathlib import Path

from support.answers import (
    curves_table,
    describe_baseline,
    first_epoch,
    predictions_table,
)
from support.console import print_table, printable
from support.network import (
    describe_layer,
    describe_output,
    first_metric,
    predict_scores,
)
from support.runs import Run, write_run
from support.sequences import class_name, hash_set
from support.statistics import wilson_interval

import numpy as np

from utilities import read_set


def save_run(training, model, history, X_train, Y_train, X_test, Y_test, **changed):
    """Print what the test accuracy is worth and what was wrong; make the run's folder.

    training is what read_command_line has returned, and history what fit has. The
    arrays are those that fit and evaluate were given: X (n, N, ...), and Y (n,) or
    one-hot (n, classes). changed are numbers that the script has changed since: in a
    loop over seeds, seed=seed. If a signal came since the fit began, this ends the
    script.
    """
    output = describe_output(model)
    curves = curves_table(history)
    not_counted = why_not_counted(curves, output, model, history)
    test = hash_set(X_test, Y_test)
    is_in_test = test == hash_of_test(len(X_test), np.size(X_test[0]))
    stars = read_stars(len(X_test)) if is_in_test else []
    scores = predict_scores(model, X_test, output.to_scores)
    predictions = predictions_table(scores, X_train, X_test, Y_test, stars)

    names = [*map(printable, training.class_names)]  # which may come from a file
    print(*describe_test(predictions, names), sep='\n')
    if not is_in_test:
        print(
            'X_test is not what Test holds: infer.py and view.py read Test, and may'
            ' differ'
        )
    print()
    speed = describe_training(curves, history.params['epochs'], not_counted)
    print(*speed, '', sep='\n')
    print_table(confusion_table(predictions, names))
    right = predictions['predicted'] == predictions['class']
    if not right.all():
        print(describe_wrong(predictions))

    run = Run(
        folder=None,
        time=datetime.now(UTC),
        numbers=training.numbers | changed,
        layers=', '.join(map(describe_layer, model.layers)),
        class_names=training.class_names,
        train=hash_set(X_train, Y_train),
        test=test,
        extent={'low': float(np.min(X_train)), 'high': float(np.max(X_train))},
        epochs=len(curves),
        updates=history.params.get('steps'),
        is_stopped=training.is_stopped,
        accuracy=float(right.mean()),
        epochs_to_95=math.nan if not_counted else first_epoch(curves, 0.95),
        to_scores=output.to_scores,
    )
    folder = write_run(run, training, model, curves, predictions)
    print(f'Run: {folder} with {", ".join(sorted(os.listdir(folder)))}')
    training.end_if_signalled()


# ------------------------------------------------------------------ what counts


def hash_of_test(n, N):
    """Return the hash of the first n sequences in Test; None if they are not of N."""
    try:
        return hash_set(*read_set('Test', n, N))
    except (OSError, ValueError):  # fewer, or of another length
        return None


def read_stars(N):
    """Return whose the first N sequences in Test are; [] if Test/ids.txt has no N."""
    path = Path('Test/ids.txt')
    stars = path.read_text('utf-8', 'replace').splitlines()[:N] if path.exists() else []
    return stars if len(stars) == N else []


def why_not_counted(curves, output, model, history):
    """Return why the epochs to 95 % of the training would mean nothing; or ''."""
    if curves.filter(like='acc').empty:
        return 'fit gives no accuracy'
    _, threshold = first_metric(model)
    if output.to_scores == 'sigmoid' and threshold != 0:
        return (
            "Keras's accuracy, as above, counts outputs over 0.5, not 0, as class 1:"
            ' write  metrics=[keras.metrics.BinaryAccuracy(threshold=0)]'
        )
    others = count_other_updates(curves, model, history)
    return f'the network has made {others:,} other updates' if others else ''


def count_other_updates(curves, model, history):
    """Return how often other fits have updated the weights; 0 if that is not known."""
    steps = history.params.get('steps')  # updates in an epoch
    if not steps:
        return 0
    return max(0, int(model.optimizer.iterations) - steps * len(curves))


# ------------------------------------------------------------------ the test


def describe_test(predictions, names):
    """Return lines: how many answers are right, what that is worth, and a baseline.

    Sequences that are in the training set are no test.
    """
    right = predictions['predicted'] == predictions['class']
    is_new = predictions['in_train'] == 0
    total = f'{right.sum()} of {len(right)} right, {100 * right.mean():.1f} %'
    if is_new.all():
        lines = [f'{total}; {describe_interval(right)}']
    else:
        lines = [total, *describe_copies(right, is_new)]
    if is_new.any():
        lines.append(describe_baseline(predictions['class'][is_new], names))
        lines += describe_stars(predictions)
    return lines


def describe_copies(right, is_new):
    """Return lines on a test some of whose sequences are not new, and on the others."""
    copies = f'{(~is_new).sum()} of {len(right)} test sequences'
    copies += ' also occur in the training set'
    if not is_new.any():
        return [copies, 'This measures memorisation only']
    others = right[is_new]
    share = f'{others.sum()} right, {100 * others.mean():.1f} %'
    return [
        copies,
        f'On the {len(others)} others: {share}; {describe_interval(others)}',
    ]


def describe_interval(right):
    """Return between which limits the accuracy is; right says so of each answer."""
    low, high = (100 * limit for limit in wilson_interval(right.sum(), len(right)))
    digits = 1 if high - low < 2 else 0
    return f'95 % confidence: {low:.{digits}f} % to {high:.{digits}f} %'


def describe_stars(predictions):
    """Return a line if several sequences are of one star; else none."""
    if 'star' not in predictions or predictions['star'].is_unique:
        return []
    N = predictions['star'].nunique()
    return [f'These are of {N} stars: for new stars the interval is wider']


# ------------------------------------------------------------------ the training


def describe_training(curves, N_epochs, not_counted):
    """Return lines: how fast a network learnt, and where its validation loss turned.

    N_epochs is what fit was asked for; not_counted, as why_not_counted returns it.
    """
    lines = []
    done = curves.index[-1]
    if done < N_epochs:
        lines.append(f'The training ended after epoch {done} of {N_epochs}')
    if not_counted:
        lines.append(f'Epochs to 95 % are not counted: {not_counted}')
    else:
        lines.append(describe_speed(curves))
    if 'val_loss' in curves:
        loss = curves['val_loss']
        best = f'lowest at epoch {loss.idxmin()}: {loss.min():.2g}'
        lines.append(f'Validation loss {best}; at the end {loss.iloc[-1]:.2g}')
    return lines


def describe_speed(curves):
    """Return in a line after which epochs 95 % and all of the sequences were right."""
    first = first_epoch(curves, 0.95)
    if first == math.inf:
        done = curves.index[-1]
        return f'Never 95 % of the training sequences right, to epoch {done}'
    last = first_epoch(curves, 1)
    end = 'never all' if last == math.inf else f'all after {last}'
    return f'95 % of the training sequences first right after epoch {first}, {end}'


# ------------------------------------------------------------------ the mistakes


def confusion_table(predictions, names):
    """Return a rich Table: a row for each class, a column for what it was taken for.

    Of more than ten classes it has the recall alone.
    """
    from rich.table import Table

    Y = predictions['class']
    predicted = predictions['predicted']
    classes = sorted({*Y, *predicted})
    shown = classes if len(classes) <= 10 else []  # for more there is no room
    heads = [f'taken for {class_name(j, names)}' for j in shown]
    table = Table('', *heads, 'recall', box=None)
    for i in classes:
        taken = predicted[Y == i]
        counts = [str((taken == j).sum()) for j in shown]
        recall = f'{(taken == i).sum()} of {len(taken)}'
        table.add_row(class_name(i, names), *counts, recall)
    return table


def describe_wrong(predictions):
    """Return in a line which test sequences are wrong; of many, the first."""
    wrong = predictions[predictions['predicted'] != predictions['class']]
    line = ' '.join(map(str, wrong['number'][:20]))
    if len(wrong) > 20:
        line += ' ...'
    return f'Wrong: {line}: python view.py --wrong'
