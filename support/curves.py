"""What the curves of a training say: how fast a network learnt.

Nothing here reads, writes or prints. curves is a table as curves_table returns it.
"""

import math

import numpy as np
import pandas as pd


def curves_table(history):
    """Return what fit has returned as a table of learning curves, by epochs from 1."""
    index = pd.Index(history.epoch, name='epoch') + 1
    columns = history.history.items()
    # Without those of a validation in every fifth epoch
    whole = {name: values for name, values in columns if len(values) == len(index)}
    return pd.DataFrame(whole, index)


def first_epoch(curves, fraction):
    """Return the first epoch with this fraction of the sequences right, or infinity.

    The first accuracy in the table counts. Keras divides in float32, where 190 / 200 is
    less than 0.95: so fraction becomes a float32.
    """
    accuracy = curves.filter(like='acc').iloc[:, 0]
    reached = curves.index[np.float32(accuracy) >= np.float32(fraction)]
    return int(reached[0]) if len(reached) else math.inf


def describe_speed(curves):
    """Return in a line how fast a network learnt."""
    first = first_epoch(curves, 0.95)
    if first == math.inf:
        done = curves.index[-1]
        return f'Never 95 % of the training sequences right, to epoch {done}'
    last = first_epoch(curves, 1)
    end = 'never all' if last == math.inf else f'all after {last}'
    return f'95 % of the training sequences first right after epoch {first}, {end}'


def describe_training(curves, N_epochs, not_counted):
    """Return lines: how fast a network learnt, and where its validation loss turned.

    N_epochs were asked for. not_counted says why the epochs to 95 % would mean nothing,
    or is ''.
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
