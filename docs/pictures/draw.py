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


def marked():
    """Draw one network without activations, marked as in 2018 and as today."""
    lines = show.draw(PROJECT / 'experiments/results', 'flat').axes[0].get_lines()
    figure, axis = plt.subplots(figsize=(6.2, 2.7))
    marks = ('Keras 2', 'C1', 'as in 2018', 0.62), ('today', 'C0', 'as today', 0.88)
    for part, color, name, y in marks:
        (bold,) = (line for line in lines if part in line.get_label())
        axis.plot(*bold.get_data(), color=color, linewidth=2.5)
        axis.text(298, y, f'marked {name}', color=color, ha='right')
    axis.axhline(0.5, color='grey', linestyle='--')
    axis.text(298, 0.41, 'guessing', color='grey', ha='right')
    axis.set(ylim=(0, 1.03), yticks=(0, 0.5, 1), xlim=(0, 300), xlabel='Epoch')
    axis.set(ylabel='Training accuracy', xticks=range(0, 301, 100))
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


def bare(figure, axis, **limits):
    """Leave nothing of an axis but what is drawn on it; return the figure."""
    axis.set(xticks=(), yticks=(), **limits)
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    return figure


def arrow(axis, start, end, **style):
    style = {'arrowstyle': '-|>', 'lw': 2, 'color': 'C0'} | style
    axis.annotate('', end, start, arrowprops=style)


def neuron():
    """Draw a neuron with two inputs: its weighted sum, and the bend of relu."""
    figure, axis = plt.subplots(figsize=(6.2, 2.6))
    for name, weight, y in ('x_1', '2', 2.75), ('x_2', '(-1)', 0.85):
        axis.text(0, y, f'${name}$ = 1', fontsize=17, va='center')
        arrow(axis, (1.3, y), (2.8, 1.8 + (y - 1.8) / 3))
        x, y = 2.05, 1.8 + (y - 1.8) * 1.25
        axis.text(x, y, rf'$\times {weight}$', color='C0', ha='center', va='center')
    for x, color, text in (3.45, 'C0', 'weighted\nsum'), (5.75, 'C1', 'bend\n(relu)'):
        axis.add_patch(plt.Circle((x, 1.8), 0.65, fc='white', ec=color, lw=2.5))
        axis.text(x, 1.0, text, ha='center', va='top', color=color)
        arrow(axis, (x + 0.7, 1.8), (x + 1.6, 1.8))
        axis.text(x + 1.1, 1.95, '1.5', ha='center', fontsize=17)
    axis.text(3.45, 1.8, '$2 - 1$\n$+\\ 0.5$', ha='center', va='center')
    axis.plot([5.35, 5.75, 6.1], [1.65, 1.65, 2.1], color='C1', linewidth=3)
    return bare(figure, axis, xlim=(0, 7.8), ylim=(0.1, 3.3), aspect='equal')


def valley():
    """Draw seven steps down a valley, with each of three learning rates."""
    figure, axes = plt.subplots(1, 3, figsize=(6.2, 2.6), sharey=True)
    w, rates = np.linspace(-3.5, 3.5, 200), (0.03, 0.3, 1.02)
    titles = 'too small', 'about right', 'too large'
    for axis, title, rate in zip(axes, titles, rates, strict=True):
        axis.plot(w, w**2, color='grey')
        steps = -2.6 * (1 - 2 * rate) ** np.arange(8)
        axis.plot(steps, steps**2, 'o-', color='C1', linewidth=1.2)
        axis.plot(steps[0], steps[0] ** 2, 'o', color='black', markersize=8)
        axis.set_title(title)
        bare(figure, axis, ylim=(-0.8, 13), xlabel='a weight')
    axes[0].set_ylabel('loss')
    return figure


def epochs():
    """Draw three epochs: 200 stripes in batches, and an update after each batch."""
    figure, axis = plt.subplots(figsize=(6.2, 2.5))
    rng, ends = np.random.default_rng(0), [*range(0, 200, 32), 200]
    rows = (0, 'epoch 1', '7'), (1.25, 'epoch 2', '14'), (3, 'epoch 300', '2,100')
    for y, name, updates in rows:
        stripes = {'extent': (0, 200, -y, 0.7 - y), 'aspect': 'auto'}
        axis.imshow([rng.permutation(200)], **stripes)
        for end in ends[1:]:
            axis.plot((end, end), (-0.05 - y, 0.75 - y), color='white', linewidth=5)
            arrow(axis, (end, -0.32 - y), (end, 0.02 - y), color='C3', lw=2)
        axis.text(-4, 0.15 - y, name, ha='right')
        axis.text(208, 0.15 - y, updates)
    for start, end in itertools.pairwise(ends):
        axis.text((start + end) / 2, 0.78, end - start, ha='center')
    axis.text(-4, 0.78, 'batches of', ha='right')
    axis.text(208, 0.78, 'updates', color='C3')
    axis.text(100, -2.05, '…', ha='center')
    return bare(figure, axis, xlim=(-55, 250), ylim=(-3.5, 1.2))


def recurrent():
    """Draw how a dense and a recurrent network see the values of a sequence."""
    figure, axes = plt.subplots(1, 2, figsize=(6.2, 2.7))
    t, x = np.arange(9), np.sin(0.75 * np.arange(1, 10)) / 2
    titles = 'Dense: all at once', 'Recurrent: one by one'
    for axis, title in zip(axes, titles, strict=True):
        axis.plot(t, x, 'o-', color='grey', markersize=7, linewidth=1)
        axis.set_title(title)
        bare(figure, axis, xlim=(-0.7, 9.4), ylim=(-0.7, 3.4))
    for start in zip(t, x + 0.1, strict=True):
        arrow(axes[0], start, (4, 2.35), lw=1.2)
        arrow(axes[1], start, (start[0], 2.3), lw=1.2)
        arrow(axes[1], (start[0], 2.5), (start[0] + 0.85, 2.5), color='C1')
    axes[0].plot(4, 2.5, 'o', color='C1', markersize=19)
    axes[1].plot(t, t * 0 + 2.5, 'o', color='C1', markersize=11)
    arrow(axes[0], (4.3, 2.5), (5.8, 2.5), color='C1')
    axes[0].text(5.9, 2.5, 'answer', va='center')
    axes[1].text(9.3, 2.95, 'answer', ha='right')
    axes[1].text(0, 2.95, 'memory', color='C1')
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


def stop(runs):
    """Draw exercise 9's losses, and where the validation loss turns, for a slide."""
    figure, axis = plt.subplots(figsize=(6.2, 2.7))
    rows = pd.read_csv(runs / 'validation/history.csv', index_col='epoch')
    best = rows.val_loss.idxmin()
    axis.plot(rows.loss, linewidth=2.5)
    axis.plot(rows.val_loss, linewidth=2.5)
    axis.axvline(best, color='black', linestyle=':')
    axis.text(best + 5, 0.92, f'stop here: epoch {best}', va='center')
    axis.text(298, 0.04, 'training', color='C0', ha='right')
    axis.text(298, 0.73, 'validation', color='C1', ha='right')
    axis.set(ylim=(0, 1), yticks=(0, 0.5, 1), xlim=(0, 300), xticks=range(0, 301, 100))
    axis.set(xlabel='Epoch', ylabel='Loss')
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
    plain = [waves, activations, network, formulas, flat_curve, marked]
    for draw in (*plain, neuron, valley, epochs, recurrent):
        draw().savefig(output / f'{draw.__name__}.png', dpi=150)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        train(folder)
        shutil.copy(folder / 'runs/history/history.png', output)
        for draw in (validation, stop, curves, results):
            draw(folder / 'runs').savefig(output / f'{draw.__name__}.png', dpi=150)
    print(f'Plots: {output}/*.png')
