"""Draws what the runs found, from the CSV files, to be read at 800 pixels."""

import textwrap

import matplotlib

matplotlib.use('agg')  # writes files and needs no display
from support.files import whole_file

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import MultipleLocator, NullLocator, PercentFormatter
from matplotlib.transforms import offset_copy

from experiments.questions import EXPERIMENTS
from experiments.report import load

# Colours that colour-blind people tell apart (Okabe and Ito), each with its own mark.
COLOURS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00')
MARKS = 'osD^v'
TRAINING = {'color': '0.5', 'marker': 's', 'markerfacecolor': 'white'}
ACCURACIES = (0.45, 1.0)  # the same axis in all figures, so that they compare
EPOCHS = (5, 10, 20, 50, 100, 200)  # the numbers on the axis of the learning speed
NEVER = 500  # where that axis has what was never reached
STYLE = {
    'font.size': 12,
    'axes.titlesize': 13,
    'figure.titlesize': 14,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.grid': True,
    'grid.alpha': 0.3,
    'legend.frameon': False,
    'errorbar.capsize': 4,
}


def has_numbers(rows):
    """Return whether the settings are numbers rather than names."""
    return pd.to_numeric(rows.setting, errors='coerce').notna().all()


def accuracy_axis(axis, which, label='Accuracy', limits=ACCURACIES):
    """Prepare the axis called which, x or y, for accuracies, and mark chance."""
    axis.set(**{f'{which}lim': limits, f'{which}label': label})
    scale = axis.xaxis if which == 'x' else axis.yaxis
    scale.set_major_locator(MultipleLocator(0.1))
    scale.set_major_formatter(PercentFormatter(1, 0))
    if which == 'x':
        line, place, transform = axis.axvline, (0.5, 1), axis.get_xaxis_transform()
        where = {'ha': 'center', 'va': 'bottom'}
    else:
        line, place, transform = axis.axhline, (1, 0.5), axis.get_yaxis_transform()
        where = {'ha': 'left', 'va': 'center'}
    line(0.5, color='0.3', linestyle='--', linewidth=1.2, zorder=1)
    axis.text(*place, ' chance', transform=transform, color='0.3', **where)


def legend(axis, letters=70, title=None):
    """Put the legend below, in as many columns as there is room for letters."""
    labels = axis.get_legend_handles_labels()[1]
    columns = max(1, min(len(labels), letters // (max(map(len, labels)) + 6)))
    below = offset_copy(axis.transAxes, axis.figure, y=-36, units='points')
    place = {'loc': 'upper center', 'bbox_to_anchor': (0.5, 0), 'bbox_transform': below}
    axis.legend(ncols=columns, title=title, **place)


def draw_ranges(axis, groups, places, along='y', **style):
    """Draw each group's median and range along an axis, at its place on the other."""
    found = groups.agg(['median', 'min', 'max'])
    error = (found['median'] - found['min'], found['max'] - found['median'])
    across = 'x' if along == 'y' else 'y'
    values = {along: found['median'], across: places, f'{along}err': error}
    axis.errorbar(**values, clip_on=False, **style)  # which would cut marks at 100 %


def draw_numbers(axis, experiment, drawn):
    """Draw settings that are numbers, from left to right."""
    numbers = sorted({float(name) for groups, _ in drawn for name in groups.groups})
    for i, (groups, style) in enumerate(drawn):
        # Side by side, so that series don't hide each other
        points = 3.5 * (i - (len(drawn) - 1) / 2) if experiment.series else 0
        shifted = offset_copy(axis.transData, axis.figure, points, units='points')
        places = [float(name) for name, _ in groups]
        draw_ranges(axis, groups, places, transform=shifted, **style)
    axis.update_datalim([(numbers[0], 0.5), (numbers[-1], 0.5)])  # which shifted aren't
    if numbers[0] and len(set(np.divide(numbers[1:], numbers[:-1]))) == 1:  # 2, 4, 8...
        axis.set_xscale('log')
    if len(numbers) <= 10:
        axis.set_xticks(numbers, [f'{number:g}' for number in numbers])
        axis.xaxis.set_minor_locator(NullLocator())
    axis.set_xlabel(experiment.varied)


def draw_names(axis, names, drawn):
    """Draw settings that are names, a row for each."""
    for i, (groups, style) in enumerate(drawn):
        aside = 0.3 * (i - (len(drawn) - 1) / 2)
        places = [names.index(name) + aside for name, _ in groups]
        draw_ranges(axis, groups, places, 'x', **style | {'linestyle': ''})
    axis.set_yticks(range(len(names)), [name.replace(' (', '\n(') for name in names])
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.grid(axis='y', visible=False)


def draw_accuracies(axis, experiment, rows):
    """Draw the test accuracies of each series, or of all and those of the training."""
    drawn, label = [], 'Test accuracy'
    series = rows.groupby('series', sort=False)
    for (name, found), colour, mark in zip(series, COLOURS, MARKS, strict=False):
        style = {'label': name or 'test sequences', 'color': colour, 'marker': mark}
        drawn.append((found.groupby('setting', sort=False).test_accuracy, style))
    if any('test' in options for options in experiment.settings.values()):
        axis.axvspan(0.1, 0.4, color='0.88', label='trained with these', zorder=0)
    elif not experiment.series:
        style = {'label': 'training sequences', 'linestyle': ':', **TRAINING}
        drawn.append((rows.groupby('setting', sort=False).training_accuracy, style))
        label = 'Accuracy'
    if has_numbers(rows):
        draw_numbers(axis, experiment, drawn)
        accuracy_axis(axis, 'y', label)
        legend(axis)
    else:
        draw_names(axis, list(rows.setting.unique()), drawn)
        accuracy_axis(axis, 'x', label)
        legend(axis, 50)  # the names take from its room


def draw_speed(axis, experiment, rows):
    """Draw the epochs to 95 % training, a panel for each kind of networks."""
    rows = rows.replace({'training_95': np.inf}, NEVER)
    rows[['kind', 'name']] = rows.setting.str.split(': ', expand=True)
    kinds, grid = rows.groupby('kind', sort=False), axis.get_subplotspec()
    axis.remove()
    axes = grid.subgridspec(1, len(kinds)).subplots(sharey=True)
    for axis, (kind, of_kind) in zip(axes, kinds, strict=True):
        for i, (series, found) in enumerate(of_kind.groupby('series', sort=False)):
            groups = found.groupby('name', sort=False).training_95
            places = np.arange(len(groups))
            style = {'label': series, 'color': COLOURS[i], 'marker': MARKS[i]}
            draw_ranges(axis, groups, places + 0.2 * i - 0.1, linestyle='', **style)
        axis.set(yscale='log', ylim=(4, NEVER), xlabel=kind.capitalize())
        axis.set_xticks(places, of_kind.name.unique())
        axis.set_yticks([*EPOCHS, NEVER], labels=[*EPOCHS, 'never'])
        axis.yaxis.set_minor_locator(NullLocator())
    axes[0].set_ylabel('Epochs to 95 % training')
    handles = axes[0].get_legend_handles_labels()
    axes[0].figure.legend(*handles, loc='outside lower center', ncols=len(handles[0]))


def draw_convergence(axis, experiment, curves):
    """Draw the median accuracies against the epoch, a colour for each setting."""
    settings, colours = curves.groupby('setting', sort=False), COLOURS
    if len(settings) > len(COLOURS):  # numbers in their order: from light to dark
        colours = plt.cm.viridis_r(np.linspace(0.1, 1, len(settings)))
    for (setting, rows), colour in zip(settings, colours, strict=False):
        medians = rows.groupby('epoch').median(numeric_only=True)
        style = {'color': colour, 'linewidth': 2}
        axis.plot(medians.training_accuracy, ':', **style)
        axis.plot(medians.test_accuracy, '-', label=setting, **style)
    title = 'Convergence: test sequences solid, training sequences dotted'
    axis.set_title(title, loc='left')
    axis.set_xlabel('Epoch')
    accuracy_axis(axis, 'y')
    legend(axis, title=experiment.varied)


def draw_seeds(axis, experiment, curves):
    """Draw every seed's training accuracy, as counted in 2018 and today.

    The seed that ends with the median as counted in 2018 is drawn bold.
    """
    slide, sigmoid = curves.setting.unique()
    ends = curves[(curves.setting == slide) & (curves.epoch == curves.epoch.max())]
    bold = ends.sort_values('accuracy_2018').seed.iloc[len(ends) // 2]
    today, of_2018 = 'training_accuracy', 'accuracy_2018'
    for setting, column, label, colour in (
        (sigmoid, today, 'with a sigmoid', COLOURS[2]),
        (slide, today, 'no sigmoid, above one half is class 1', COLOURS[0]),
        (slide, of_2018, 'no sigmoid, as Keras 2 counted', COLOURS[1]),
    ):
        rows = curves[curves.setting == setting]
        lines = rows.pivot(columns='seed', index='epoch', values=column)
        axis.plot(lines, color=colour, alpha=0.25, linewidth=1)
        axis.plot(lines[bold], color=colour, linewidth=2.5, label=label)
    axis.set_title('Training sequences: every seed, one of them bold', loc='left')
    axis.set_xlabel('Epoch')
    accuracy_axis(axis, 'y', limits=(0, 1))
    legend(axis)


PANELS = {
    'accuracy': draw_accuracies,
    'speed': draw_speed,
    'convergence': draw_convergence,
    'seeds': draw_seeds,
}
CURVES = ('convergence', 'seeds')  # panels that are drawn from NAME-curves.csv


def draw(folder, name):
    """Return the figure that answers an experiment, from its CSV files in folder."""
    experiment, rows = EXPERIMENTS[name], load(folder, name)
    height = 4.4 if has_numbers(rows) else 1.9 + 0.6 * rows.setting.nunique()
    heights = [height if panel == 'accuracy' else 4.4 for panel in experiment.panels]
    width = 12 if 'speed' in experiment.panels else 8
    size = {'figsize': (width, sum(heights) + 0.4), 'height_ratios': heights}
    with plt.rc_context(STYLE | {'figure.constrained_layout.use': True}):
        figure, axes = plt.subplots(len(heights), squeeze=False, **size)
        title = textwrap.fill(experiment.question, 64)
        figure.suptitle(title, x=0.02, ha='left', weight='bold')
        for axis, panel in zip(axes.flat, experiment.panels, strict=True):
            data = load(folder, f'{name}-curves') if panel in CURVES else rows
            PANELS[panel](axis, experiment, data)
    return figure


def save_figure(folder, name):
    """Draw NAME.png from the CSV files of an experiment in folder."""
    figure = draw(folder, name)
    with whole_file(f'{folder}/{name}.png') as temporary:
        figure.savefig(temporary, dpi=150, format='png')
    plt.close(figure)
