"""What view.py --wrong draws: wrong answers over the nearest training sequences."""

from support.answers import class_name, hash_set
from support.console import DataError, printable
from support.runs import ANSWERS, describe_stop, read_runs

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from utilities import read_set, save_plot

MOST = 8  # rows of the picture


def load_run_sets(run):
    """Return X_train, Y_train, X_test and Y_test of a run, from Train and Test.

    Raises DataError if these, by their hashes, are not what it was trained with.
    """
    numbers = run['numbers']
    for name in 'N_train', 'N_test', 'N_sequence':
        if name not in numbers:
            raise DataError(f'{run["folder"]}: its script has no {name}')
    try:
        train = read_set('Train', numbers['N_train'], numbers['N_sequence'])
        test = read_set('Test', numbers['N_test'], numbers['N_sequence'])
        is_same = [hash_set(*train), hash_set(*test)] == [run['train'], run['test']]
    except SystemExit:  # fewer sequences, or of another length
        is_same = False
    if not is_same:
        why = 'made anew, or changed by its script after reading'
        raise DataError(f'Train and Test are not those of {run["folder"]}: {why}')
    return *train, *test


def plot_pair(axis, x, other, title, is_marked):
    """Plot a test over a training sequence, both (N,); mark where they differ."""
    t = np.arange(1, len(x) + 1)
    axis.plot(t, x, 'C0', linewidth=3, alpha=0.5, label='test sequence')
    axis.plot(t, other, 'k', linewidth=1, label='training sequence')
    title += f'\ndistance {np.linalg.norm(x - other):.1f}'
    if is_marked:
        differ = x != other
        mark = {'color': '#d55e00', 'zorder': 3, 'label': 'where they differ'}
        axis.vlines(t[differ], x[differ], other[differ], linewidth=2, **mark)
        title += f', {differ.sum()} of {len(x)} values differ'
    axis.set_title(title, parse_math=False, fontsize='small')
    axis.grid(alpha=0.3)


def plot_wrong(name='.'):
    """Plot what the newest run, of runs/NAME or of all, got wrong. Saves wrong.png.

    Each is drawn over the nearest training sequence of its class, and over the nearest
    of the class it was taken for, by the Euclidean distance. The marks, where they
    differ, are for the class it is: two squares can differ at few values.
    """
    run = read_runs(name)[-1]
    rows = pd.read_csv(run['folder'] / ANSWERS)
    names = [*map(printable, run['class_names'])]
    X_train, Y_train, X_test, Y_test = load_run_sets(run)
    answers = rows['predicted'].to_numpy()
    wrong = np.flatnonzero(answers != Y_test)
    drawn = f'; the first {MOST} are drawn' if len(wrong) > MOST else ''
    count = f'{len(wrong)} of {len(rows)} test sequences are wrong'
    print(f'{run["folder"]}{describe_stop(run)}: {count}{drawn}')
    wrong = wrong[:MOST]
    if not len(wrong):
        return
    options = {'figsize': (12, 1 + 2.5 * len(wrong)), 'layout': 'constrained'}
    figure, axes = plt.subplots(len(wrong), 2, sharey='row', squeeze=False, **options)
    for i, (left, right) in zip(wrong, axes, strict=True):
        score = ''
        if run['scores']:
            score = f' (score {rows.loc[i, f"score_{answers[i]}"]:.3f})'
        distance = np.linalg.norm(X_train - X_test[i], axis=1)
        taken = f'taken for {class_name(answers[i], names)}{score}'
        own = class_name(Y_test[i], names)
        for axis, Y, title in (left, Y_test[i], own), (right, answers[i], taken):
            if Y in Y_train:  # else this half stays empty
                near = np.where(Y_train == Y, distance, np.inf).argmin()
                title = f'Test {i + 1}, {title}, over the nearest one: Train {near + 1}'
                plot_pair(axis, X_test[i], X_train[near], title, axis is left)
    labels = left.get_legend_handles_labels()
    figure.legend(*labels, loc='outside upper center', ncols=3)
    figure.supxlabel('Time Sequence (t)')
    figure.supylabel('Data X(t)')
    save_plot(figure, 'wrong.png')
    if plt.get_backend().endswith('drawing'):
        print('A terminal cannot show this plot: fetch wrong.png')
