"""Curves in a terminal: what is drawn, and where nothing is."""

import contextlib
import io
import math
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

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


Latin1 = type('Latin1', (Terminal,), {'encoding': 'iso-8859-1'})


@pytest.fixture(autouse=True)
def backend():
    """The one that prepare() chooses in a terminal without a display."""
    plt.switch_backend('module://support.drawing')
    yield
    plt.switch_backend('agg')


def show(monkeypatch, columns=80, stdout=Terminal, **env):
    """Show the plots in a terminal; return what is printed."""
    for name, value in {'COLUMNS': f'{columns}', 'TERM': 'xterm', **env}.items():
        monkeypatch.setenv(name, value)
    with contextlib.redirect_stdout(stdout()) as shown:
        plt.show()
    return shown.getvalue()


def plot_waves(N):
    sine = np.sin(0.12 * np.arange(1, 129))
    with_gap = [*sine[:40], *[np.nan] * 19, *sine[59:]]
    X = [with_gap, np.sign(sine), sine, sine, sine]
    utilities.plot_results([*range(1, N + 1)], X[:N], range(N))


def plot_history():
    """All training sequences are right, and no validation sequence."""
    history = {'accuracy': [1, 1], 'val_accuracy': [0, 0]}
    history |= {'loss': [0.5, 3e-5], 'val_loss': [0.5, 1.25]}
    utilities.plot_history(type('History', (), {'history': history, 'epoch': [0, 1]}))


def plain(shown):
    return re.sub(r' *$', '', re.sub(r'\x1b\[[\d;]*m', '', shown), flags=re.MULTILINE)


def test_waves(folder, monkeypatch):
    plot_waves(2)
    assert plain(show(monkeypatch, 64)) == WAVES


def test_history(folder, monkeypatch, lesson):
    """Each curve has the colour of its name; with the results it fits a screen."""
    plot_history()
    shown = show(monkeypatch)
    names, top, *_, bottom, _ = shown.splitlines()
    training, validation = re.findall(r'\x1b\[([\d;]+)m ▀ ', names)[:2]
    assert training != validation
    assert re.match(rf'1│\x1b\[{training}m▀', top)
    assert re.match(rf'0│\x1b\[{validation}m▄', bottom)
    lines = (lesson.stdout.partition('Evaluating')[2] + plain(shown)).splitlines()
    assert sum(math.ceil(len(line) / 80) for line in lines) < 24
    # Without colour only the first curve, as a second would look the same.
    plot_history()
    shown = show(monkeypatch, NO_COLOR='1')
    assert '▀ training' in shown and '\n1│▀▀▀' in shown and '\n0│   ' in shown
    assert '\x1b' not in shown and 'validation' not in shown


def test_not_legible(folder, monkeypatch):
    """Narrow, in Latin-1, in a file, with more panels: nothing is drawn."""
    where = (4, 63, Terminal), (4, 80, Latin1), (4, 80, io.StringIO), (5, 80, Terminal)
    for N, columns, stdout in where:
        plot_waves(N)
        assert show(monkeypatch, columns, stdout) == ''
