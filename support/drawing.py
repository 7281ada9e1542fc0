"""A backend of matplotlib that draws curves with characters, without a display.

prepare() chooses it, where there is no display; then plt.show() draws here.
"""

import shutil
import sys
from contextlib import suppress

import numpy as np
from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cbook import simple_linear_interpolation
from matplotlib.colors import to_hex
from matplotlib.transforms import Bbox

# Of the quarters of a character, 1 and 2 are above, 4 and 8 below.
BLOCKS = np.array([*' ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█'])


def draw_in_terminal(figure):
    """Print a figure of 1 to 4 panels of curves on a terminal that can show it."""
    axes, columns = figure.axes, shutil.get_terminal_size().columns
    others = [axis.collections or axis.texts or axis.patches for axis in axes]
    has_more = len(axes) > 4 or any(others)
    has_blocks = sys.stdout.isatty() and sys.stdout.encoding.lower().startswith('utf')
    if has_more or columns < 64 or not has_blocks:
        return
    from rich.columns import Columns
    from rich.console import Console
    from rich.text import Text

    console = Console(width=columns, height=24)
    # Without colour all curves look alike: of each panel, the first.
    curves = None if console.color_system and not console.no_color else 1
    width, height = (columns - 1, 12) if len(axes) == 1 else (columns // 2 - 1, 6)
    with suppress(Exception):  # all is saved already, also as a better picture
        panels = [draw_panel(axis, width, height, curves) for axis in axes]
        texts = [Text.assemble(*parts, no_wrap=True) for parts in panels]
        console.print(Columns(texts, width=width, padding=(0, 1)))


def draw_panel(axis, width, height, curves=None):
    """Return title, curves and x-axis in parts: a text, or a text and its colour."""
    limits = Bbox.intersection(axis.dataLim, axis.viewLim) or axis.viewLim
    limits = Bbox(np.where(limits.size, limits, axis.viewLim))  # if it is flat
    left, right = (f'{x:.6g}' for x in limits.intervalx)
    digits = 3 + int(np.floor(np.log10(abs(limits.intervaly).max() / limits.height)))
    low, high = (f'{y:.{digits}g}' for y in limits.intervaly)
    margin = max(len(low), len(high))
    shape = height, width - margin - 1
    cells = np.zeros(shape, int)
    colors = np.full(shape, '', object)
    _, upper, lower, _ = axis.transScale.transform(limits.corners())  # left, right
    last = 2 * np.array(shape[::-1]) - 1
    name = axis.get_ylabel() or axis.get_title()
    parts = [f'{name} (log)' if axis.get_yscale() == 'log' else name]
    for line in axis.lines[:curves]:
        dots = axis.transScale.transform(line.get_xydata()) - upper
        dots = (dots / (lower - upper) * last).clip(-1, last + 1)
        steps = 1 + int(np.nanmax(np.abs(np.diff(dots, axis=0)), initial=0))
        dots = np.rint(simple_linear_interpolation(dots, steps))  # no gaps
        x, y = dots[((dots >= 0) & (dots <= last)).all(axis=1)].astype(int).T  # no NaN
        np.bitwise_or.at(cells, (y // 2, x // 2), 1 << (x % 2 + 2 * (y % 2)))
        colors[y // 2, x // 2] = color = to_hex(line.get_color())
        if not line.get_label().startswith('_'):
            parts.append((f' ▀ {line.get_label()}', color))
    sides = [high, *[''] * (height - 2), low]
    for side, *row in zip(sides, BLOCKS[cells], colors, strict=True):
        parts += [f'\n{side:>{margin}}│', *zip(*row, strict=True)]
    label = f'{axis.get_xlabel():─^{shape[1] - len(left) - len(right) - 2}}'
    return [*parts, f'\n{"":>{margin}}└{left} {label} {right}']


class FigureManager(FigureManagerBase):
    """What plt.show() calls: it draws all open figures and closes them."""

    @classmethod
    def pyplot_show(cls, *, block=None):
        for manager in Gcf.get_all_fig_managers():
            draw_in_terminal(manager.canvas.figure)
        Gcf.destroy_all()


class FigureCanvas(FigureCanvasAgg):
    """What matplotlib looks for in a backend, beside the manager."""

    manager_class = FigureManager
