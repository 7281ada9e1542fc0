"""Draw the pictures of LESSON.md, the README and the slides that are made from runs.

    python -m docs.pictures.draw    trains six networks, draws history.png, ...

The trainings are those of train.py, as it is and with LESSON.md's edits. Of the other
pictures in this folder docs/CONTRIBUTING.md says where the code is.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import matplotlib.pyplot as plt
import pandas as pd

from docs.edits import PROJECT, edited, sections

PICTURES = PROJECT / 'docs/pictures'
# The panels of "Which is yours?", and the run that each shows
FOUR = {'A': 'leak', 'B': 'large', 'C': 'validation', 'D': 'small'}
STYLE = {
    'font.size': 14,  # on a slide, to be read from the last row
    'axes.grid': True,
    'grid.alpha': 0.3,
    'figure.constrained_layout.use': True,
}


def scripts():
    """Return {name of a run: text of train.py, as it is or with LESSON.md's edits}."""
    lesson = sections('LESSON.md')
    script = (PROJECT / 'train.py').read_text(encoding='utf-8')
    stop = edited(script, lesson['Exercise 9. When to stop?'])
    large = edited(stop, lesson['Exercise 13. The learning rate'])
    leak = 'validation_data=(X_train[150:], Y_train[150:])'
    return {
        'history': script,
        'validation': stop,
        'large': large,
        'small': large.replace('learning_rate=0.1', 'learning_rate=0.00001'),
        'leak': stop.replace('validation_split=0.25', leak),
    }


def train(folder):
    """Run each of the scripts in a folder, on its own data: runs/NAME/0 is in there."""
    quiet = {'cwd': folder, 'check': True, 'stdout': subprocess.DEVNULL}
    quiet['env'] = os.environ | {'MPLBACKEND': 'agg', 'PYTHONPATH': str(PROJECT)}
    subprocess.run([sys.executable, PROJECT / 'generate_data.py'], **quiet)
    for name, text in scripts().items():
        (folder / 'train.py').write_text(text, encoding='utf-8')
        subprocess.run([sys.executable, 'train.py', '--name', name], **quiet)
    # Of 16 test sequences one is wrong: view.py draws this one
    few = [sys.executable, PROJECT / 'train.py', '--N_test', '16', '--name', 'few']
    subprocess.run(few, **quiet)
    subprocess.run([sys.executable, PROJECT / 'view.py', '--wrong'], **quiet)


def draw_history(axes, run):
    """Draw accuracy and loss of a run's folder on two axes."""
    rows = pd.read_csv(run / 'history.csv', index_col='epoch')
    for axis, column in zip(axes, ('accuracy', 'loss'), strict=True):
        axis.plot(rows[column], label='training')
        if f'val_{column}' in rows:
            axis.plot(rows[f'val_{column}'], label='validation')
    axes[0].set(ylim=(-0.02, 1.02), yticks=(0, 0.5, 1))


def results(runs):
    """Draw the training of the lesson's run, in landscape, for a slide."""
    figure, axes = plt.subplots(1, 2, figsize=(7.5, 3))
    draw_history(axes, runs / 'history/0')
    axes[0].set(title='Accuracy', xlabel='Epoch')
    axes[1].set(title='Loss', xlabel='Epoch', ylim=(0, 1), yticks=(0, 0.5, 1))
    return figure


def stop(runs):
    """Draw exercise 9's losses, and where the validation loss turns."""
    figure, axis = plt.subplots(figsize=(6.2, 2.7))
    rows = pd.read_csv(runs / 'validation/0/history.csv', index_col='epoch')
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
    """Draw the four trainings of "Which is yours?"."""
    figure, axes = plt.subplots(2, 4, figsize=(10, 4.5), sharex=True, sharey='row')
    for column, (letter, name) in zip(axes.T, FOUR.items(), strict=True):
        draw_history(column, runs / name / '0')
        column[0].set_title(letter)
    axes[0, 0].set_ylabel('Accuracy')
    axes[1, 0].set(ylabel='Loss', ylim=(0, 1.2), yticks=(0, 0.5, 1))
    axes[1, 3].legend()
    figure.supxlabel('Epoch')
    return figure


if __name__ == '__main__':
    plt.rcParams.update(STYLE)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        train(folder)
        shutil.copy(folder / 'runs/history/0/history.png', PICTURES)
        shutil.copy(folder / 'wrong.png', PICTURES)
        for draw in (results, stop, curves):
            draw(folder / 'runs').savefig(PICTURES / f'{draw.__name__}.png', dpi=150)
