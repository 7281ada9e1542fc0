"""Curves in a terminal: what is drawn, and where nothing is."""

import contextlib
import io
import re
import types

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


def test_waves(folder, monkeypatch):
    plot_waves(2)
    shown = re.sub(r'\x1b\[[\d;]*m', '', show(monkeypatch, 64))
    assert [line.rstrip() for line in shown.splitlines()] == WAVES.splitlines()


def test_history(folder, monkeypatch):
    """Each curve has the colour of its name; without colours, one is drawn."""
    history = {'accuracy': [1, 1], 'val_accuracy': [0, 0]}
    history |= {'loss': [0.5, 3e-5], 'val_loss': [0.5, 1.25]}
    fit = types.SimpleNamespace(history=history, epoch=[0, 1])
    utilities.plot_history(fit)
    utilities.plot_history(fit)  # in place of the first
    assert plt.get_fignums() == [1]
    lines = [line for axis in plt.gcf().axes for line in axis.lines]
    drawn = [line.get_xydata().T.tolist() for line in lines]
    assert drawn == [[[1, 2], values] for values in history.values()]
    assert [line.get_label() for line in lines] == ['training', 'validation'] * 2
    shown = show(monkeypatch)
    names, top, *_, bottom, _ = shown.splitlines()
    training, validation = re.findall(r'\x1b\[([\d;]+)m ▀ ', names)[:2]
    assert training != validation
    assert re.match(rf'1│\x1b\[{training}m▀', top)
    assert re.match(rf'0│\x1b\[{validation}m▄', bottom)
    utilities.plot_history(fit)
    shown = show(monkeypatch, NO_COLOR='1')
    assert '▀ training' in shown and '\n1│▀▀▀' in shown and '\n0│   ' in shown
    assert '\x1b' not in shown and 'validation' not in shown


def test_not_legible(folder, monkeypatch):
    """In a narrow terminal or a file, or with more panels, nothing is drawn."""
    for N, columns, stdout in (
        (4, 63, Terminal),
        (4, 80, io.StringIO),
        (5, 80, Terminal),
    ):
        plot_waves(N)
        assert show(monkeypatch, columns, stdout) == ''
