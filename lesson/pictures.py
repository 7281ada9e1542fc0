"""Draw the pictures of LESSON.md and the README.

    python -m lesson.pictures           into the folder results
    python -m lesson.pictures lesson    redraws those of the lesson

Those of the training come from train.py itself, as it is and with the edit that LESSON.md shows.
"""

from support.start import prepare

if __name__ == '__main__':
    prepare()

import csv
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from support.console import parser

import matplotlib.pyplot as plt
import numpy as np

from generate_data import WAVES

PROJECT = pathlib.Path(__file__).resolve().parents[1]


# The panels of "Which is yours?", and the run that each shows
FOUR = {'A': 'leak', 'B': 'large', 'C': 'validation', 'D': 'small'}


def exercises():
    """Return {title: text} of the exercises in LESSON.md."""
    text = (PROJECT / 'LESSON.md').read_text(encoding='utf-8')
    return dict(re.findall(r'^### (.*?)\n(.*?)(?=^##)', text, re.MULTILINE | re.DOTALL))


def edited(script, exercise):
    """Return the text of a script with the edit, a block of diff, that an exercise shows.

    Raises ValueError if the lines to be edited aren't there, once.
    """
    (block,) = re.findall(r'^```diff\n(.*?)^```', exercise, re.MULTILINE | re.DOTALL)
    for change in block.split('@@\n'):
        lines = change.splitlines(keepends=True)
        old = '\n' + ''.join(line[1:] for line in lines if line[0] in ' -')
        new = '\n' + ''.join(line[1:] for line in lines if line[0] in ' +')
        if script.count(old) != 1:
            raise ValueError(f'train.py does not hold, once:{old}')
        script = script.replace(old, new)
    return script


def waves():
    figure, axes = plt.subplots(
        2, 2, figsize=(8, 4), sharex=True, sharey=True, layout='constrained'
    )
    t = np.arange(1, 129)
    for row, (name, wave) in zip(axes, list(WAVES.items())[:2], strict=True):
        for axis, f in zip(row, (0.12, 0.38), strict=True):
            axis.plot(t, wave(f * t))
            axis.set_title(f'{name}, f = {f}')
            axis.grid(alpha=0.3)
    figure.supxlabel('Time Sequence (t)')
    figure.supylabel('Data X(t)')
    return figure


def activations():
    x = np.linspace(-4, 4, 801)
    curves = {
        'relu': np.maximum(0, x),
        'softplus': np.log(1 + np.exp(x)),
        'tanh': np.tanh(x),
        'sigmoid': 1 / (1 + np.exp(-x)),
    }
    figure, axes = plt.subplots(
        1, 4, figsize=(8, 2.6), sharey=True, layout='constrained'
    )
    for axis, (name, y) in zip(axes, curves.items(), strict=True):
        axis.plot(x, y, label='value')
        axis.plot(x, np.gradient(y, x), ':', label='slope')
        axis.set(title=name, ylim=(-1.2, 4.2), xticks=(-4, 0, 4))
        axis.grid(alpha=0.3)
    axes[0].legend(loc='upper left')
    return figure


def network():
    figure, axis = plt.subplots(figsize=(8, 4), layout='constrained')
    layers = [128, 16, 8, 1]
    heights = [np.linspace(1, 0, n) if n > 1 else np.array([0.5]) for n in layers]
    for i in range(3):
        for a in heights[i]:
            for b in heights[i + 1]:
                axis.plot(
                    (i, i + 1),
                    (a, b),
                    color='tab:blue',
                    alpha=(0.06, 0.25, 0.5)[i],
                    linewidth=0.5,
                )
    for i, (n, y) in enumerate(zip(layers, heights, strict=True)):
        axis.plot(
            [i] * n,
            y,
            'o',
            color='tab:orange' if i else 'grey',
            markersize=9 if i else 2,
        )
    labels = ['128 values', '16 neurons\nrelu', '8 neurons\ntanh', '1 neuron\nsigmoid']
    axis.set(xticks=range(4), xticklabels=labels, yticks=(), xlim=(-0.3, 3.3))
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    return figure


def scripts():
    """Return {name: text} of train.py as it is and with the edits of LESSON.md, each of a run."""
    edit = {title.split('. ')[1]: text for title, text in exercises().items()}
    script = (PROJECT / 'train.py').read_text(encoding='utf-8')
    stop = edited(script, edit['When to stop?'])
    large = edited(stop, edit['The learning rate'])
    return {
        'history': script,
        'validation': stop,
        'large': large,
        'small': large.replace('learning_rate=0.1', 'learning_rate=0.00001'),
        'leak': stop.replace('sequences.skip(N_fit)', 'sequences.take(N_fit)'),
    }


def train(folder):
    """Run each of the scripts in a folder of its own data; their runs are folder/runs/NAME."""
    for name in ('utilities.py', 'support'):
        (folder / name).symlink_to(PROJECT / name)
    subprocess.run(
        [sys.executable, PROJECT / 'generate_data.py'], cwd=folder, check=True
    )
    for name, text in scripts().items():
        (folder / 'train.py').write_text(text, encoding='utf-8')
        command = [sys.executable, 'train.py', '--name', name]
        subprocess.run(
            command, cwd=folder, check=True, env=os.environ | {'MPLBACKEND': 'agg'}
        )


def curves(runs):
    """Draw the four trainings of "Which is yours?", whose runs are in the folder runs."""
    figure, axes = plt.subplots(
        2, 4, figsize=(10, 4.5), sharex=True, sharey='row', layout='constrained'
    )
    for column, (letter, name) in zip(axes.T, FOUR.items(), strict=True):
        with open(runs / name / 'history.csv', encoding='utf-8') as file:
            rows = list(csv.DictReader(file))
        for axis, what in zip(column, ('accuracy', 'loss'), strict=True):
            for label, key in {'training': what, 'validation': f'val_{what}'}.items():
                epochs = [int(row['epoch']) for row in rows]
                axis.plot(epochs, [float(row[key]) for row in rows], label=label)
            axis.grid(alpha=0.3)
        column[0].set_title(letter)
    axes[0, 0].set(ylabel='Accuracy', ylim=(-0.02, 1.02))
    axes[1, 0].set(ylabel='Loss', yscale='log')
    axes[1, 0].legend()
    figure.supxlabel('Epoch')
    return figure


if __name__ == '__main__':
    script = parser(__doc__)
    script.add_argument(
        'output', nargs='?', default='results', help='folder, default results'
    )
    output = pathlib.Path(script.parse_args().output)
    output.mkdir(parents=True, exist_ok=True)
    for draw in (waves, activations, network):
        draw().savefig(output / f'{draw.__name__}.png', dpi=100)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        train(folder)
        for name in ('history', 'validation'):
            shutil.copy(folder / 'runs' / name / 'history.png', output / f'{name}.png')
        curves(folder / 'runs').savefig(output / 'curves.png', dpi=100)
    print(
        f'Plots: {output}/waves.png, activations, network, history, validation and curves'
    )
