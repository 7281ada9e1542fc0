"""Curves in a terminal: what is drawn, and where nothing is."""

import contextlib
import io
import math
import os
import pty
import re
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import PROJECT

import utilities

# A sine wave, of which a part is NaN, and a square wave.
WAVES = """\
Data Set 1: class 0             Data Set 2: class 1
 1│ ▗▀▚▖        ▛▀▖        ▟▀▙   1│▀▀▀▀▀▜     ▞▀▀▀▀▜     ▐▀▀▀▀▀
  │▗▘  ▜▖         ▝▖      ▟▘  ▚   │     ▐     ▌    ▐     ▐
  │▛    ▙          ▜     ▗▘   ▝   │     ▐     ▌    ▝▖    ▐
  │     ▝▖          ▚    ▞        │     ▐     ▌     ▌    ▐
  │      ▐          ▝▌  ▞         │     ▐     ▌     ▌    ▐
-1│       ▜▄         ▝▙▟▘       -1│     ▐▄▄▄▄▄▌     ▙▄▄▄▄▟
  └1 ────────────────────── 128   └1 ────────────────────── 128
"""


class Terminal(io.StringIO):
    encoding = 'utf-8'

    def isatty(self):
        return True


class Latin1(Terminal):
    encoding = 'iso-8859-1'


@pytest.fixture
def show(folder, monkeypatch):
    """A function that shows the last plot in a terminal and returns what is printed."""

    def show(columns=80, stdout=Terminal, **env):
        for name, value in {'COLUMNS': f'{columns}', 'TERM': 'xterm', **env}.items():
            monkeypatch.setenv(name, value)
        with contextlib.redirect_stdout(stdout()) as shown:
            utilities.show_plots()
        return shown.getvalue()

    yield show
    plt.close('all')


def plot_waves(N):
    t = np.arange(1, 129)
    sine = np.sin(0.12 * t)
    gap = np.where((t > 40) & (t < 60), np.nan, sine)
    X = [gap, np.sign(sine), *[t] * N][:N]
    utilities.plot_results([*range(1, N + 1)], X, range(N))


def plot_history():
    """All training sequences are right, and no validation sequence."""
    history = {'accuracy': [1, 1], 'val_accuracy': [0, 0]}
    history |= {'loss': [0.5, 3e-5], 'val_loss': [0.5, 1.25]}
    utilities.plot_history(type('History', (), {'history': history}))


def plain(shown):
    return re.sub(r' *$', '', re.sub(r'\x1b\[[\d;]*m', '', shown), flags=re.MULTILINE)


def test_waves(show):
    plot_waves(2)
    assert plain(show(64)) == WAVES


def test_history(show):
    """Each curve has the colour of its name, and the figure its limits."""
    plot_history()
    limits = [axis.get_ylim() for axis in plt.gcf().axes]
    shown = show()
    names, top, *_, bottom, _ = shown.splitlines()
    training, validation = re.findall(r'\x1b\[([\d;]+)m ▀ ', names)[:2]
    assert training != validation
    assert re.match(rf'1│\x1b\[{training}m▀', top)
    assert re.match(rf'0│\x1b\[{validation}m▄', bottom)
    assert [axis.get_ylim() for axis in plt.gcf().axes] == limits


def test_fits_a_screen(show, lesson):
    """The lesson's results, the curves and the prompt: 24 rows of 80 columns."""
    *_, results = lesson.stdout.partition('Evaluating')
    plot_history()
    lines = (results + plain(show())).splitlines()
    assert sum(math.ceil(len(line) / 80) for line in lines) < 24


@pytest.mark.parametrize('env', [{'NO_COLOR': '1'}, {'TERM': 'dumb'}])
def test_without_colour(show, env):
    """Only the first curve, as a second would look the same."""
    plot_history()
    shown = show(**env)
    assert '▀ training' in shown and '\n1│▀▀▀' in shown and '\n0│   ' in shown
    assert '\x1b' not in shown and 'validation' not in shown


def test_not_legible(show):
    """Narrow, in Latin-1, in a file; without a curve, with a text, with more panels."""
    plt.figure().subplots().plot([])
    assert not show()
    plot_waves(4)
    assert show()
    assert not (show(63) or show(stdout=Latin1) or show(stdout=io.StringIO))
    plt.gca().text(1, 0, 'text')
    assert not show()
    plot_waves(5)
    assert not show()


@pytest.mark.slow
def test_view_in_a_terminal(data):
    """Below the name of the PNG, which is all that a pipe is given."""
    command = [sys.executable, PROJECT / 'view.py', '2']
    ours, terminal = pty.openpty()
    env = os.environ | {'TERM': 'dumb', 'COLUMNS': '80'}
    subprocess.run(command, stdout=terminal, env=env, check=True)
    os.close(terminal)
    name, *drawn = os.read(ours, 9999).decode().splitlines()
    os.close(ours)
    assert name == 'Plot: Train_2.png' and len(drawn) == 14 and '▀' in drawn[1]
