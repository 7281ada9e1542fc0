"""Draw the pictures of LESSON.md, the README and the slides.

    python -m docs.pictures.draw                  into the folder results
    python -m docs.pictures.draw docs/pictures    redraws those of the documents

Those of the training come from train.py itself, as it is and with LESSON.md's edits;
flat_curve.png from the runs of experiments/.
"""

from support.start import prepare

if __name__ == '__main__':
    prepare()

import itertools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from support.console import make_parser

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from docs.edits import PROJECT, edited, sections
from experiments import show
from generate_data import WAVES

# The panels of "Which is yours?", and the run that each shows
FOUR = {'A': 'leak', 'B': 'large', 'C': 'validation', 'D': 'small'}
STYLE = {
    'font.size': 14,  # on a slide, to be read from the last row
    'axes.grid': True,
    'grid.alpha': 0.3,
    'figure.constrained_layout.use': True,
}


def waves():
    figure, axes = plt.subplots(2, 2, figsize=(6.4, 3.4), sharex=True, sharey=True)
    t = np.arange(1, 129)
    for row, (name, wave) in zip(axes, list(WAVES.items())[:2], strict=True):
        for axis, f in zip(row, (0.12, 0.38), strict=True):
            axis.plot(t, wave(f * t))
            axis.set_title(f'{name}, f = {f}')
        figure.supxlabel('Time Sequence (t)')
    figure.supylabel('Data X(t)')
    return figure


def formulas():
    """Draw a sine and a square wave with their formulas, for a slide."""
    figure, axes = plt.subplots(1, 2, figsize=(7.5, 3), sharey=True)
    t, names = np.linspace(0, 128, 2000), ('sin', 'square')
    for axis, name, wave in zip(axes, names, WAVES.values(), strict=False):
        axis.plot(t, wave(0.15 * t), linewidth=2.5)
        axis.set_title(rf'$x(t) = \mathrm{{{name}}}(f\;t)$', fontsize=22, pad=12)
        axis.set(xticks=(0, 64, 128), yticks=(-1, 0, 1), xlabel='t')
    return figure


def flat_curve():
    """Draw a network without activations, its accuracy counted as in 2018."""
    curves = show.load(PROJECT / 'experiments/results', 'flat-curves')
    slide, seed = curves.setting[0], show.median_seed(curves)
    curve = curves[(curves.setting == slide) & (curves.seed == seed)]
    figure, axis = plt.subplots(figsize=(7.5, 3.5))
    axis.plot(curve.epoch, curve.accuracy_2018, color='C1', linewidth=2.5)
    axis.set(ylim=(0, 1), yticks=np.linspace(0, 1, 5))
    axis.set(xlabel='Epoch', ylabel='Training accuracy')
    axis.yaxis.set_major_formatter('{x:.0%}')
    return figure


def activations():
    x = np.linspace(-4, 4, 801)
    curves = {
        'relu': np.maximum(0, x),
        'softplus': np.log(1 + np.exp(x)),
        'tanh': np.tanh(x),
        'sigmoid': 1 / (1 + np.exp(-x)),
    }
    figure, axes = plt.subplots(1, 4, figsize=(7, 2.4), sharey=True)
    for axis, (name, y) in zip(axes, curves.items(), strict=True):
        axis.plot(x, y, label='value')
        axis.plot(x, np.gradient(y, x), ':', label='slope')
        axis.set(title=name, ylim=(-1.2, 4.2), xticks=(-4, 0, 4))
    axes[3].legend(loc='upper left')
    return figure


def network():
    figure, axis = plt.subplots(figsize=(6.4, 3.4))
    heights = [np.linspace(1, 0, n) if n > 1 else [0.5] for n in (128, 16, 8, 1)]
    for i, alpha in enumerate((0.06, 0.25, 0.5)):
        ends = np.array([*itertools.product(heights[i], heights[i + 1])]).T
        axis.plot((i, i + 1), ends, color='tab:blue', alpha=alpha, linewidth=0.5)
    for i, y in enumerate(heights):
        colour, size = ('tab:orange', 9) if i else ('grey', 2)
        axis.plot([i] * len(y), y, 'o', color=colour, markersize=size)
    labels = ['128 values', '16 neurons\nrelu', '8 neurons\ntanh', '1 neuron\nsigmoid']
    axis.set(xticks=range(4), xticklabels=labels, yticks=(), xlim=(-0.3, 3.3))
    axis.tick_params(length=0)
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    return figure


def scripts():
    """Return {name of a run: text of train.py, as it is or with LESSON.md's edits}."""
    lesson = sections('LESSON.md')
    script = (PROJECT / 'train.py').read_text(encoding='utf-8')
    stop = edited(script, lesson['Exercise 9. When to stop?'])
    large = edited(stop, lesson['Exercise 13. The learning rate'])
    return {
        'history': script,
        'validation': stop,
        'large': large,
        'small': large.replace('learning_rate=0.1', 'learning_rate=0.00001'),
        'leak': stop.replace(
            'validation_split=0.25', 'validation_data=(X_train[150:], Y_train[150:])'
        ),
    }


def train(folder):
    """Run each of the scripts in a folder, on its own data: runs/NAME is in there."""
    quiet = {'cwd': folder, 'check': True, 'stdout': subprocess.DEVNULL}
    quiet['env'] = os.environ | {'MPLBACKEND': 'agg', 'PYTHONPATH': str(PROJECT)}
    subprocess.run([sys.executable, PROJECT / 'generate_data.py'], **quiet)
    for name, text in scripts().items():
        (folder / 'train.py').write_text(text, encoding='utf-8')
        subprocess.run([sys.executable, 'train.py', '--name', name], **quiet)


def draw_history(axes, run):
    """Draw accuracy and loss of a run's folder on two axes; return its history.csv."""
    rows = pd.read_csv(run / 'history.csv', index_col='epoch')
    for axis, what in zip(axes, ('accuracy', 'loss'), strict=True):
        axis.plot(rows[what], label='training')
        if f'val_{what}' in rows:
            axis.plot(rows[f'val_{what}'], label='validation')
    axes[0].set_ylim(-0.02, 1.02)
    return rows


def validation(runs):
    """Draw exercise 9's training: where the validation loss is lowest, and its end."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 4))
    loss = draw_history(axes, runs / 'validation').val_loss
    for epoch, ha, points in (loss.idxmin(), 'left', -18), (loss.index[-1], 'right', 8):
        place, text = (epoch, loss[epoch]), f'epoch {epoch}: {loss[epoch]:.2f}'
        axes[1].plot(*place, 'o', color='C1')
        beside = {'textcoords': 'offset points', 'xytext': (0, points), 'ha': ha}
        axes[1].annotate(text, place, **beside)
    axes[0].set(title='Accuracy', xlabel='Epoch')
    axes[1].set(title='Loss', xlabel='Epoch', ylim=(0, 1))
    axes[0].legend(loc='lower right')
    return figure


def curves(runs):
    """Draw the four trainings of "Which is yours?", from their runs in a folder."""
    figure, axes = plt.subplots(2, 4, figsize=(10, 4.5), sharex=True, sharey='row')
    for column, (letter, name) in zip(axes.T, FOUR.items(), strict=True):
        draw_history(column, runs / name)
        column[0].set_title(letter)
    axes[0, 0].set_ylabel('Accuracy')
    axes[1, 0].set(ylabel='Loss', yscale='log')
    axes[1, 3].legend()
    figure.supxlabel('Epoch')
    return figure


def results(runs):
    """Draw the training of the lesson's run, in landscape, for a slide."""
    figure, axes = plt.subplots(1, 2, figsize=(7.5, 3))
    draw_history(axes, runs / 'history')
    axes[0].set(title='Accuracy', xlabel='Epoch')
    axes[1].set(title='Loss', xlabel='Epoch', yscale='log')
    return figure


if __name__ == '__main__':
    parser = make_parser(__doc__)
    default = {'nargs': '?', 'default': 'results', 'type': pathlib.Path}
    parser.add_argument('output', help='folder, default results', **default)
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    plt.rcParams.update(STYLE)
    for draw in (waves, activations, network, formulas, flat_curve):
        draw().savefig(output / f'{draw.__name__}.png', dpi=150)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        train(folder)
        shutil.copy(folder / 'runs/history/history.png', output)
        for draw in (validation, curves, results):
            draw(folder / 'runs').savefig(output / f'{draw.__name__}.png', dpi=150)
    print(f'Plots: {output}/*.png')
