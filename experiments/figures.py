"""Show the runs of a question: its table, its figures."""

import pathlib

from support.console import print_table
from support.statistics import describe_range

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from rich import box
from rich.table import Table

CHANCE = {'color': '0.3', 'linestyle': '--', 'label': 'chance'}


def use_style():
    """Let figures look as the published ones."""
    plt.style.use(pathlib.Path(__file__).with_name('lab.mplstyle'))


def load(path):
    """Return a CSV of runs or of curves as a table; settings and series are texts."""
    texts = {'setting': str, 'series': str}
    return pd.read_csv(path, dtype=texts).fillna({'series': ''})


def print_medians(runs):
    """Print the medians over the seeds, and the ranges, of each setting."""
    columns = ['training_accuracy', 'test_accuracy', 'training_95']
    columns = [name for name in columns if name in runs]  # rules have no epochs
    heads = 'setting', *(name.replace('_', '\n') for name in columns)
    table = Table(*heads, box=box.SIMPLE_HEAD, show_edge=False)
    for series, rows in runs.groupby('series', sort=False):
        if series:
            table.add_row(f'{series}:')
        for setting, seeds in rows.groupby('setting', sort=False):
            cells = [describe_range(seeds[name], np.median, 4) for name in columns]
            table.add_row(setting, *cells)
    print_table(table)


def summarise(runs, column):
    """Yield of each series its name, the medians of its settings, and their bars.

    A bar goes from the smallest to the largest value.
    """
    for series, rows in runs.groupby('series', sort=False):
        values = rows.groupby('setting', sort=False)[column]
        median = values.median()
        yield series, median, (median - values.min(), values.max() - median)


def draw_accuracy(runs, question, path):
    """Draw the test accuracy of each setting, along the question's axis if it has one.

    Settings without a series show the training accuracy as well.
    """
    label = 'Test accuracy'
    if not runs['series'].any():
        label = 'Accuracy'
        test = runs.assign(series='test sequences')
        training = runs.assign(
            series='training sequences', test_accuracy=runs['training_accuracy']
        )
        runs = pd.concat([test, training])
    if question.axis:
        figure, plot = plot_along(runs, *question.axis)
        show_accuracy(plot, label)
    else:
        figure, plots = plot_beside(runs, 'test_accuracy')
        for plot in plots:
            plot.axvline(0.5, **CHANCE)
            plot.set(xlim=(0.45, 1.02), xlabel=label)
            plot.xaxis.set_major_formatter('{x:.0%}')
    save(figure, path)


def draw_speed(runs, path):
    """Draw how many epochs each setting takes to 95 % of the training sequences."""
    never = 2 * runs['epochs'].max()
    ticks = [x for x in (5, 20, 100) if x < never]
    figure, plots = plot_beside(runs.replace(np.inf, never), 'training_95')
    for plot in plots:
        plot.set(xscale='log', xlim=(4, 1.3 * never), xlabel='Epochs to 95 %')
        plot.set_xticks([*ticks, never], [*ticks, 'never'])
        plot.minorticks_off()
    save(figure, path)


def draw_curves(curves, question, path):
    """Draw accuracies against the epoch: every seed, and their median bold."""
    in_full = (curves['series'] + ', ' + curves['setting']).str.removeprefix(', ')
    curves = curves.assign(setting=in_full)
    lines = question.curves or {name: (name, 'test_accuracy') for name in in_full}
    figure, plot = plt.subplots()
    if len(lines) > 5:  # more than the style has colours: from light to dark
        shades = plt.colormaps['viridis_r'](np.linspace(0.1, 1, len(lines)))
        plot.set_prop_cycle(color=shades)
    for label, (setting, column) in lines.items():
        rows = curves[curves['setting'] == setting]
        seeds = rows.pivot(index='epoch', columns='seed', values=column)
        (line,) = plot.plot(seeds.median(axis=1), marker='', linewidth=2.5, label=label)
        plot.plot(seeds, marker='', color=line.get_color(), linewidth=1, alpha=0.25)
    _, column = next(iter(lines.values()))
    show_accuracy(plot, column.replace('_', ' ').capitalize())
    plot.set_title('Every seed, and their median bold', loc='left')
    plot.set_xlabel('Epoch')
    save(figure, path, title=question.axis and question.axis[0])


def plot_along(runs, label, scale):
    """Plot test accuracies upwards, above an axis on which settings are numbers.

    A line joins a series. Single marks are shifted, as they would hide each other.
    """
    names = runs['setting'].unique()
    numbers = pd.Series(np.float64(names), names)
    place = np.log2(numbers) if scale == 'log' else numbers
    N_settings = runs.groupby('series', sort=False)['setting'].nunique()
    single = [*N_settings.index[N_settings == 1]]
    figure, plot = plt.subplots()
    for series, median, bars in summarise(runs, 'test_accuracy'):
        x = place[median.index]
        if series in single:
            x = x + 0.15 * (single.index(series) - (len(single) - 1) / 2)
        plot.errorbar(x, median, bars, label=series, fillstyle='none')
    plot.set_xticks(place, names)
    plot.set_xlabel(label)
    return figure, plot


def plot_beside(runs, column):
    """Plot a column to the right; the settings stand beside it.

    Those that are called 'neurons: 16' share a panel 'Neurons'.
    """
    parts = runs['setting'].str.rpartition(': ')
    panels = runs.assign(panel=parts[0], setting=parts[2].str.replace(' (', '\n('))
    panels = panels.groupby('panel', sort=False)
    all_series = runs['series'].unique()
    N = len(all_series)
    has_two_lines = runs['setting'].str.contains(' (', regex=False).any()
    row = 0.06 + max(0.11 * N, 0.5 if has_two_lines else 0.22)  # inches
    height = 1.3 + row * panels['setting'].nunique().max()
    # A setting's series stand below each other, as their marks would hide each other
    shift = pd.Series(0.75 / (N + 1) * (np.arange(N) - (N - 1) / 2), all_series)
    figure, plots = plt.subplots(1, len(panels), squeeze=False, figsize=(8, height))
    for plot, (panel, in_panel) in zip(plots[0], panels, strict=True):
        names = in_panel['setting'].unique()
        place = pd.Series(range(len(names)), names)
        for series, median, bars in summarise(in_panel, column):
            y = place[median.index] + shift[series]
            plot.errorbar(median, y, xerr=bars, label=series, linestyle='')
        plot.set_yticks(place, names)
        plot.set(ylim=(len(names) - 0.5, -0.5), title=panel.capitalize())
    return figure, plots[0]


def show_accuracy(plot, label):
    """Let the y axis show accuracies, in percent, and what chance achieves."""
    plot.axhline(0.5, **CHANCE)
    low = min(0.45, plot.get_ylim()[0])
    plot.set_yticks(np.linspace(0, 1, 11))
    plot.set(ylim=(low, 1.02), ylabel=label)
    plot.yaxis.set_major_formatter('{x:.0%}')


def save(figure, path, title=None):
    """Put the legend below a figure, unless it has no series, and save it."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    if labels:
        ncols = min(4, 80 // (7 + max(map(len, labels))))
        where = {'loc': 'outside lower center', 'ncols': ncols}
        figure.legend(handles, labels, title=title, **where)
    figure.savefig(path)
    plt.close(figure)
