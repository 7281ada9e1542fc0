"""Draws what the runs of an experiment found, and prints it as a table.

python -m experiments.draw draws the published figures again, from the published runs.
"""

import pathlib

from support.console import print_table

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, PercentFormatter
from matplotlib.transforms import offset_copy
from rich import box
from rich.table import Table

from experiments.questions import EXPERIMENTS

PUBLISHED = pathlib.Path(__file__).with_name('results')
TITLES = {
    'training_accuracy': 'Training %',
    'test_accuracy': 'Test %',
    'training_95': 'Epochs to 95 %\ntraining',
}
# Colours that colour-blind people tell apart (Okabe and Ito), each with its own mark.
COLOURS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00')
MARKS = 'osD^v'
NEVER = 500  # where the axis of the learning speed has what was never reached
STYLE = {
    'font.size': 13,  # on a slide, 18 points: 8 inches are 1150 pixels of 1280
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.grid': True,
    'grid.alpha': 0.3,
    'legend.frameon': False,
    'errorbar.capsize': 4,
}


def load(folder, name):
    """Return NAME.csv or NAME-curves.csv as a DataFrame; setting and series are str."""
    texts = {'setting': str, 'series': str}
    return pd.read_csv(f'{folder}/{name}.csv', dtype=texts).fillna({'series': ''})


def format_cell(values):
    """Return the median over the seeds, and the range, as a table shows them."""
    is_accuracy = 'accuracy' in values.name
    numbers = (100 if is_accuracy else 1) * values.agg(['median', 'min', 'max'])
    texts = ' '.join(f'{number:{".1f" if is_accuracy else "g"}}' for number in numbers)
    median, low, high = texts.replace('inf', 'never').replace('nan', '-').split()
    return median if low == high else f'{median} ({low}-{high})'


def print_answer(folder, name):
    """Print an experiment's question, and a table with a row for each setting."""
    experiment = EXPERIMENTS[name]
    titles = experiment.varied, *TITLES.values()
    table = Table(*titles, box=box.SIMPLE_HEAD, padding=(0, 1), show_edge=False)
    for series, rows in load(folder, name).groupby('series', sort=False):
        if series:
            table.add_row(f'{series}:')
        settings = rows.groupby('setting', sort=False)[[*TITLES]]
        for setting, cells in settings.agg(format_cell).iterrows():
            table.add_row(setting, *cells)
    print(f'\n{name}: {experiment.question}')
    print_table(table)


def draw_ranges(axis, rows, column, along='y', to_scale=False):
    """Draw the medians and ranges of a column along an axis, a colour for each series.

    On the other axis are the settings, one after the other, or as numbers to scale.
    """
    names = rows.setting.unique()
    across = 'x' if along == 'y' else 'y'
    places = pd.Series(names.astype(float) if to_scale else range(len(names)), names)
    series = rows.groupby('series', sort=False)
    for i, (label, of_series) in enumerate(series):
        found = of_series.groupby('setting', sort=False)[column]
        low, median, high = found.min(), found.median(), found.max()
        # Side by side, so that series don't hide each other
        points = (i - (len(series) - 1) / 2) * (3.5 if along == 'y' else -11)
        aside = {across: points, 'units': 'points'}
        axis.errorbar(
            **{across: places[median.index], along: median},
            **{f'{along}err': (median - low, high - median)},
            transform=offset_copy(axis.transData, axis.figure, **aside),
            label=label,
            color=COLOURS[i],
            marker=MARKS[i],
            linestyle='-' if to_scale else '',
            clip_on=False,  # which would cut marks at 100 %
        )
    if to_scale:
        axis.update_datalim([(x, 0.5) for x in places])  # it ignores shifted marks
        axis.set_xscale('log' if min(places) > 1 else 'linear')  # such as 2, 4, 8
        axis.xaxis.set_minor_locator(NullLocator())
    else:
        ends = -0.5, len(names) - 0.5
        axis.set(**{f'{across}lim': ends if along == 'y' else ends[::-1]})
    labels = [name.replace(' (', '\n(') for name in names]
    axis.set(**{f'{across}ticks': places, f'{across}ticklabels': labels})


def accuracy_axis(axis, along='y', label='Accuracy'):
    """Prepare the axis called along, x or y, for accuracies, and mark chance."""
    axis.set(**{f'{along}lim': (0.45, 1), f'{along}ticks': np.linspace(0.5, 1, 6)})
    axis.set(**{f'{along}label': label})
    getattr(axis, f'{along}axis').set_major_formatter(PercentFormatter(1, 0))
    line = axis.axvline if along == 'x' else axis.axhline
    line(0.5, color='0.3', linestyle='--', linewidth=1.2, zorder=1, label='chance')


def draw_settings(rows, varied):
    """Return a figure of test accuracies; of a single series, those of training too.

    Numbers stand below it, and names beside it.
    """
    label = 'Test accuracy' if any(rows.series) else 'Accuracy'
    if not any(rows.series):
        test = rows.assign(series='test sequences')
        training = rows.assign(series='training sequences')
        training['test_accuracy'] = rows.training_accuracy
        rows = pd.concat([test, training])
    to_scale = rows.setting.str.fullmatch('[0-9.]+').all()
    height = 3.5 if to_scale else 1.5 + 0.6 * rows.setting.nunique()
    figure = Figure((8, height), layout='constrained')
    axis = figure.subplots()
    along = 'y' if to_scale else 'x'
    draw_ranges(axis, rows, 'test_accuracy', along, to_scale)
    accuracy_axis(axis, along, label)
    if to_scale:
        axis.set_xlabel(varied)
    return figure


def draw_panels(rows, column):
    """Return a figure of a column; settings like neurons: 16 make a panel a kind."""
    rows = rows.replace({'training_95': np.inf}, NEVER)
    rows[['kind', 'setting']] = rows.setting.str.split(': ', expand=True)
    kinds = rows.groupby('kind', sort=False)
    figure = Figure((8, 3.5), layout='constrained')
    axes = figure.subplots(1, len(kinds), sharey=True)
    for axis, (kind, of_kind) in zip(axes, kinds, strict=True):
        draw_ranges(axis, of_kind, column)
        axis.set_xlabel(kind.capitalize())
        axis.tick_params('x', rotation=45)
    figure.align_xlabels()
    if column == 'test_accuracy':
        for axis in axes:
            accuracy_axis(axis, label='')
        axes[0].set_ylabel('Test accuracy')
    else:
        epochs = 5, 10, 20, 50, 100, 200
        axes[0].set(yscale='log', ylim=(4, NEVER), ylabel='Epochs to 95 %')
        axes[0].set_yticks([*epochs, NEVER], labels=[*epochs, 'never'])
        axes[0].yaxis.set_minor_locator(NullLocator())
    return figure


def draw_curves(curves, is_flat):
    """Return a figure of test accuracies against the epoch: every seed, and medians.

    Those of the question why a curve is flat are training accuracies.
    """
    settings = curves.setting.unique()
    figure = Figure((8, 3.5), layout='constrained')
    axis = figure.subplots()
    accuracy_axis(axis)
    axis.set_xlabel('Epoch')
    axis.set_title('Test sequences: every seed, their median bold', loc='left')
    lines = {setting: (setting, 'test_accuracy') for setting in settings}
    colours = COLOURS
    if is_flat:
        slide, sigmoid = settings
        axis.set_title('Training sequences: every seed, their median bold', loc='left')
        axis.set(ylim=(0, 1), yticks=np.linspace(0, 1, 6))
        lines = {
            'no activation, counted today': (slide, 'training_accuracy'),
            'no activation, counted in 2018': (slide, 'accuracy_2018'),
            'with a sigmoid': (sigmoid, 'training_accuracy'),
        }
    elif curves.setting.str.isdecimal().all():  # from light to dark
        colours = matplotlib.colormaps['viridis_r'](np.linspace(0.1, 1, len(settings)))
    for i, (label, (setting, column)) in enumerate(lines.items()):
        seeds = curves[curves.setting == setting].pivot(index='epoch', columns='seed')
        median = seeds[column].median(axis=1)
        axis.plot(median, color=colours[i], linewidth=2.5, label=label)
        axis.plot(seeds[column], color=colours[i], alpha=0.25, linewidth=1)
    return figure


def draw(folder, name):
    """Draw the figures of an experiment from its CSV files in folder: NAME.png, ..."""
    rows = load(folder, name)
    every = EXPERIMENTS[name].test_every
    curves = load(folder, f'{name}-curves') if every else None
    figures = {}
    with matplotlib.rc_context(STYLE):
        if name == 'fastest':
            figures[name] = draw_panels(rows, 'training_95')
            figures['fastest-accuracy'] = draw_panels(rows, 'test_accuracy')
        elif name == 'flat':
            figures[name] = draw_curves(curves, is_flat=True)
        else:
            figures[name] = draw_settings(rows, EXPERIMENTS[name].varied)
            if every:
                figures[f'{name}-curves'] = draw_curves(curves, is_flat=False)
        for file, figure in figures.items():
            handles, labels = figure.axes[0].get_legend_handles_labels()
            columns = max(1, min(len(labels), 74 // (max(map(len, labels)) + 6)))
            title = EXPERIMENTS[name].varied if file.endswith('curves') else None
            place = {'ncols': columns, 'loc': 'outside lower center'}
            figure.legend(handles, labels, title=title, **place)
            figure.savefig(f'{folder}/{file}.png', dpi=150)


if __name__ == '__main__':
    for name in EXPERIMENTS:
        draw(PUBLISHED, name)
