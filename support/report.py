"""How a training ends: its result is printed, and its run is kept."""

import math
import os
from dataclasses import dataclass
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
import pandas as pd

from utilities import read_set


@dataclass(frozen=True)
class Result:
    """What a training has achieved, and what of it counts."""

    predictions: pd.DataFrame  # a row for each test sequence, of predictions_table
    is_in_test: bool  # whether these are the first sequences in Test
    curves: pd.DataFrame  # accuracy and loss by epochs, of curves_table
    N_epochs: int  # that fit was asked for
    not_counted: str  # why the epochs to 95 % would mean nothing; or ''

    @property
    def right(self):
        """Whether each answer is right."""
        return self.predictions['predicted'] == self.predictions['class']

    @property
    def epochs_to_95(self):
        """The first epoch with 95 % right; inf if never, nan if it is not counted."""
        return math.nan if self.not_counted else first_epoch(self.curves, 0.95)


def save_run(training, model, history, X_train, Y_train, X_test, Y_test, **changed):
    """Print what the test accuracy is worth and what was wrong; make the run's folder.

    training is what read_command_line has returned, and history what fit has. The
    arrays are those that fit and evaluate were given: X (n, N, ...), and Y (n,) or
    one-hot (n, classes). changed are numbers that the script has changed since: in a
    loop over seeds, seed=seed. If a signal came since the fit began, this ends the
    script.
    """
    training.note_signals('when the run is saved')
    output = describe_output(model)
    test = hash_set(X_test, Y_test)
    is_in_test = test == hash_of_test(X_test)
    stars = read_stars(len(X_test)) if is_in_test else []
    scores = predict_scores(model, X_test, output.to_scores)
    curves = curves_table(history)
    result = Result(
        predictions_table(scores, X_train, X_test, Y_test, stars),
        is_in_test,
        curves,
        N_epochs=history.params['epochs'],
        not_counted=why_not_counted(curves, output, model, history),
    )
    print_result(result, [*map(printable, training.class_names)])
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
        accuracy=float(result.right.mean()),
        epochs_to_95=result.epochs_to_95,
        to_scores=output.to_scores,
    )
    folder = write_run(run, training, model, curves, result.predictions)
    print(f'Run: {folder} with {", ".join(sorted(os.listdir(folder)))}', flush=True)
    training.end_if_signalled()


# ------------------------------------------------------------------ what counts


def hash_of_test(X):
    """Return the hash of the first sequences in Test, as many and as long as X has.

    Returns None if Test has no such sequences.
    """
    try:
        return hash_set(*read_set('Test', len(X), np.size(X[0])))
    except (OSError, ValueError):
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
    steps = history.params.get('steps')  # updates in an epoch, if that is known
    if not steps:
        return ''
    others = int(model.optimizer.iterations) - len(curves) * steps
    return f'the network has made {others:,} other updates' if others > 0 else ''


# ------------------------------------------------------------------ what is printed


def print_result(result, names):
    """Print every line on a result: its test, its training, its mistakes."""
    print(*describe_test(result, names), '', sep='\n')
    print(*describe_training(result), '', sep='\n')
    print_table(confusion_table(result.predictions, names))
    wrong = result.predictions['number'][~result.right]
    if len(wrong):
        first = ' '.join(map(str, wrong[:20]))
        more = ' ...' if len(wrong) > 20 else ''
        print(f'Wrong: {first}{more}: python view.py --wrong')


def describe_test(result, names):
    """Yield lines: how many answers are right, what that is worth, and a baseline."""
    predictions = result.predictions
    is_new = predictions['in_train'] == 0
    right = result.right
    new = right[is_new]
    share = f'{right.sum()} of {len(right)} right, {100 * right.mean():.1f} %'
    if is_new.all():
        yield f'{share}; {describe_interval(right)}'
    else:
        yield share
        yield (
            f'{(~is_new).sum()} of {len(right)} test sequences also occur in the'
            ' training set'
        )
        if is_new.any():
            share = f'{new.sum()} right, {100 * new.mean():.1f} %'
            yield f'On the {len(new)} others: {share}; {describe_interval(new)}'
        else:
            yield 'This measures memorisation only'
    if is_new.any():
        yield describe_baseline(predictions['class'][is_new], names)
        if 'star' in predictions and not predictions['star'].is_unique:
            N_stars = predictions['star'].nunique()
            yield f'These are of {N_stars} stars: for new stars the interval is wider'
    if not result.is_in_test:
        yield (
            'X_test is not what Test holds: infer.py and view.py read Test, and may'
            ' differ'
        )


def describe_interval(right):
    """Return the 95 % interval of the accuracy, as a text.

    right (n,) is whether each answer is right.
    """
    low, high = (100 * limit for limit in wilson_interval(right.sum(), len(right)))
    digits = 1 if high - low < 2 else 0
    return f'95 % confidence: {low:.{digits}f} % to {high:.{digits}f} %'


def describe_training(result):
    """Yield lines: how fast a network learnt, and where its validation loss turned."""
    curves = result.curves
    done = curves.index[-1]
    if done < result.N_epochs:
        yield f'The training ended after epoch {done} of {result.N_epochs}'
    if result.not_counted:
        yield f'Epochs to 95 % are not counted: {result.not_counted}'
    elif result.epochs_to_95 == math.inf:
        yield f'Never 95 % of the training sequences right, to epoch {done}'
    else:
        last = first_epoch(curves, 1)
        end = 'never all' if last == math.inf else f'all after {last}'
        yield (
            '95 % of the training sequences first right after epoch'
            f' {result.epochs_to_95}, {end}'
        )
    if 'val_loss' in curves:
        loss = curves['val_loss']
        best = f'lowest at epoch {loss.idxmin()}: {loss.min():.2g}'
        yield f'Validation loss {best}; at the end {loss.iloc[-1]:.2g}'


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
