"""What view.py --wrong draws: each wrong answer over what the network had learnt."""

from support.console import DataError
from support.files import class_name, read_set, save_plot
from support.result import hash_arrays
from support.runs import ANSWERS, read_csv, read_run

import matplotlib.pyplot as plt
import numpy as np

MOST = 8  # rows of the picture


def load_run_sets(run):
    """Return the arrays of a run; raise DataError if Train or Test holds others now."""
    N = run['numbers']
    try:
        train = read_set('Train', N['N_train'], N['N_sequence'])
        test = read_set('Test', N['N_test'], N['N_sequence'])
        if [*map(hash_arrays, (*train, *test))] == [*run['arrays'].values()]:
            return *train, *test
    except (DataError, KeyError):  # fewer, shorter, none; or a script without numbers
        pass
    command = run['data_command']
    remedy = (
        f'type  {command} --overwrite  to make it again' if command else 'train again'
    )
    raise DataError(f'Train and Test do not hold the data of {run["path"]}: {remedy}')


def plot_pair(axis, x, other, title):
    """Plot a test over a training sequence, both (N,); mark where they differ."""
    t, differ = np.arange(1, len(x) + 1), x != other
    axis.plot(t, x, 'C0', linewidth=3, alpha=0.5, label='test sequence')
    axis.plot(t, other, 'k', linewidth=1, label='training sequence')
    mark = {'color': '#d55e00', 'zorder': 3, 'label': 'where they differ'}
    axis.vlines(t[differ], x[differ], other[differ], linewidth=2, **mark)
    distance = f'distance {np.linalg.norm(x - other):.1f}'
    title += f'\n{distance}, {differ.sum()} of {len(x)} values differ'
    axis.set_title(title, parse_math=False, fontsize='small')
    axis.grid(alpha=0.3)


def plot_wrong(name=None):
    """Plot what runs/NAME, or the newest run, got wrong; say how much. Saves wrong.png.

    Each is drawn over the nearest training sequence of its class, and over the nearest
    of the class it was taken for, by the Euclidean distance.
    """
    run = read_run(name)
    rows, names = read_csv(run, ANSWERS), run['class_names']
    X_train, Y_train, X_test, Y_test = load_run_sets(run)
    answers = np.array([int(row['predicted']) for row in rows])
    wrong = np.flatnonzero(answers != Y_test)
    drawn = f'; the first {MOST} are drawn' * (len(wrong) > MOST)
    print(f'{run["path"]}: {len(wrong)} of {len(rows)} test sequences are wrong{drawn}')
    if not len(wrong := wrong[:MOST]):
        return
    options = {'figsize': (12, 1 + 2.5 * len(wrong)), 'layout': 'constrained'}
    figure, axes = plt.subplots(len(wrong), 2, sharey='row', squeeze=False, **options)
    for i, (left, right) in zip(wrong, axes, strict=True):
        score = rows[i][f'score_{answers[i]}']
        score = f' (score {float(score):.3f})' if score else ''
        distance = np.linalg.norm(X_train - X_test[i], axis=1)
        taken = f'taken for {class_name(answers[i], names)}{score}'
        own = class_name(Y_test[i], names)
        for axis, Y, title in (left, Y_test[i], own), (right, answers[i], taken):
            if Y in Y_train:  # else this half stays empty
                near = np.where(Y_train == Y, distance, np.inf).argmin()
                title = f'Test {i + 1}, {title}, over the nearest one: Train {near + 1}'
                plot_pair(axis, X_test[i], X_train[near], title)
    labels = left.get_legend_handles_labels()
    figure.legend(*labels, loc='outside upper center', ncols=3)
    figure.supxlabel('Time Sequence (t)')
    figure.supylabel('Data X(t)')
    save_plot(figure, 'wrong.png')
