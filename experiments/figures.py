"""Draws what the runs found, from the rows of the CSV files; to be read at 800 pixels."""

import textwrap

import matplotlib

matplotlib.use('agg')  # writes files and needs no display
from support.files import whole_file

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MultipleLocator, NullLocator, PercentFormatter
from matplotlib.transforms import offset_copy

from experiments.questions import EXPERIMENTS
from experiments.report import load

# Colours that colour-blind people tell apart (Okabe and Ito), each with a mark of its own.
COLOURS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00')
MARKS = 'osD^v'
TRAINING = {'color': '0.5', 'marker': 's', 'markerfacecolor': 'white', 'zorder': 2}
ACCURACIES = (0.45, 1.0)  # the axis of accuracies in the figures, so that they compare
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


def accuracy_axis(axis, which, label='Accuracy', limits=ACCURACIES):
    """Prepare axis.xaxis or axis.yaxis (which is x or y) for accuracies, and mark chance."""
    axis.set(**{f'{which}lim': limits, f'{which}label': label})
    scale = getattr(axis, f'{which}axis')
    scale.set_major_locator(MultipleLocator(0.1))
    scale.set_major_formatter(PercentFormatter(1, 0))
    line, place, where = {
        'x': (axis.axvline, (0.5, 1), {'ha': 'center', 'va': 'bottom'}),
        'y': (axis.axhline, (1, 0.5), {'ha': 'left', 'va': 'center'}),
    }[which]
    line(0.5, color='0.3', linestyle='--', linewidth=1.2, zorder=1)
    coordinates = (
        axis.get_xaxis_transform() if which == 'x' else axis.get_yaxis_transform()
    )
    axis.text(*place, ' chance', transform=coordinates, color='0.3', **where)


def legend(axis, letters=70, title=None):
    """Put the legend below the axis, in as many columns as there is room for letters."""
    labels = axis.get_legend_handles_labels()[1]
    columns = max(1, min(len(labels), letters // (max(map(len, labels)) + 6)))
    below = offset_copy(
        axis.transAxes, axis.figure, y=-36, units='points'
    )  # below the labels
    place = {'loc': 'upper center', 'bbox_to_anchor': (0.5, 0), 'bbox_transform': below}
    axis.legend(ncols=columns, title=title, **place)


def is_number(name):
    return name.replace('.', '', 1).isdigit()


def draw_accuracies(axis, experiment, rows):
    """Draw the accuracies of all settings: numbers from left to right, names as rows."""
    names, all_series = rows.setting.unique(), rows.series.unique()
    numbers = all(map(is_number, names))
    place = {name: float(name) if numbers else i for i, name in enumerate(names)}
    in_band = any('frequencies' in options for options in experiment.settings.values())
    # What to draw: the test accuracies of each series, or of one those of the training, too.
    drawn = [
        (
            series,
            'test_accuracy',
            series or 'test sequences',
            {'color': colour, 'marker': mark},
        )
        for series, colour, mark in zip(all_series, COLOURS, MARKS, strict=False)
    ]
    if not experiment.series and not in_band:
        drawn.append(('', 'training_accuracy', 'training sequences', TRAINING))
    for i, (series, column, label, style) in enumerate(drawn):
        aside = (
            i - (len(drawn) - 1) / 2
        )  # so that marks of the same place don't hide each other
        by_setting = rows[rows.series == series].groupby('setting', sort=False)
        found = by_setting[column].agg(['median', 'min', 'max'])
        places = [place[name] + (0 if numbers else 0.3 * aside) for name in found.index]
        line = '' if not numbers else '-' if column == 'test_accuracy' else ':'
        style = {'label': label, 'zorder': 3, 'linestyle': line, **style}
        if numbers and experiment.series:
            to_the_side = {'x': 3.5 * aside, 'units': 'points'}
            style['transform'] = offset_copy(axis.transData, axis.figure, **to_the_side)
        # marks at the medians, bars for the range over the seeds
        along, across = 'yx' if numbers else 'xy'
        error = (found['median'] - found['min'], found['max'] - found['median'])
        style['clip_on'] = bool(
            found['min'].min() < ACCURACIES[0]
        )  # else marks at 100 % are cut
        axis.errorbar(
            **{along: found['median'], across: places, f'{along}err': error}, **style
        )
    if numbers:
        if in_band:
            axis.axvspan(0.1, 0.4, color='0.88', label='trained with these', zorder=0)
        x = sorted(place.values())
        if x[0] and len(set(np.divide(x[1:], x[:-1]))) == 1:  # 25, 50, 100, ...
            axis.set_xscale('log')
            margin = (x[-1] / x[0]) ** 0.05
            axis.set_xlim(x[0] / margin, x[-1] * margin)
        else:
            margin = 0.05 * (x[-1] - x[0])
            axis.set_xlim(x[0] - margin, x[-1] + margin)
        if len(names) <= 10:
            axis.set_xticks(x, names)
            axis.xaxis.set_minor_locator(NullLocator())
        axis.set_xlabel(experiment.varied)
    else:
        axis.set_yticks(
            range(len(names)), [name.replace(' (', '\n(') for name in names]
        )
        axis.set_ylim(len(names) - 0.5, -0.5)
        axis.grid(axis='y', visible=False)
    label = 'Accuracy' if drawn[-1][1] == 'training_accuracy' else 'Test accuracy'
    accuracy_axis(axis, 'y' if numbers else 'x', label)
    legend(axis, 70 if numbers else 50)  # the names of the rows take from its room


def draw_convergence(axis, experiment, curves):
    """Draw the median accuracies against the epoch, a colour for each setting."""
    settings = curves.setting.unique()
    colours = COLOURS
    if len(settings) > len(COLOURS):  # numbers in their order: from light to dark
        colours = plt.cm.viridis_r(np.linspace(0.1, 1, len(settings)))
    for setting, colour in zip(settings, colours, strict=False):
        by_epoch = curves[curves.setting == setting].groupby('epoch')
        for column, style in (('training_accuracy', ':'), ('test_accuracy', '-')):
            label = setting if style == '-' else None
            axis.plot(
                by_epoch[column].median(), style, color=colour, label=label, linewidth=2
            )
    axis.set_title(
        'Convergence: test sequences solid, training sequences dotted', loc='left'
    )
    axis.set_xlabel('Epoch')
    accuracy_axis(axis, 'y')
    legend(axis, title=experiment.varied)


def draw_seeds(axis, experiment, curves):
    """Draw the training accuracy of every seed against the epoch, as counted in 2018 and today.

    The seed that ends with the median as counted in 2018 is drawn bold.
    """
    slide, sigmoid = curves.setting.unique()
    ends = curves[(curves.setting == slide) & (curves.epoch == curves.epoch.max())]
    bold = ends.sort_values('accuracy_2018').seed.iloc[len(ends) // 2]
    for setting, column, label, colour in (
        (sigmoid, 'training_accuracy', 'with a sigmoid', COLOURS[2]),
        (
            slide,
            'training_accuracy',
            "the slide's, above one half is class 1",
            COLOURS[0],
        ),
        (slide, 'accuracy_2018', "the slide's, as Keras 2 counted", COLOURS[1]),
    ):
        lines = curves[curves.setting == setting].pivot(columns='seed', index='epoch')[
            column
        ]
        axis.plot(lines, color=colour, alpha=0.25, linewidth=1)
        axis.plot(lines[bold], color=colour, linewidth=2.5, label=label)
    axis.set_title('Training sequences: every seed, one of them bold', loc='left')
    axis.set_xlabel('Epoch')
    accuracy_axis(axis, 'y', limits=(0, 1))
    legend(axis)


PANELS = {
    'accuracy': draw_accuracies,
    'convergence': draw_convergence,
    'seeds': draw_seeds,
}


def draw(folder, name):
    """Return the figure that answers an experiment, from its CSV files in folder."""
    experiment, rows = EXPERIMENTS[name], load(folder, name)
    names = rows.setting.unique()
    with plt.rc_context(STYLE):
        rowwise = not all(map(is_number, names))
        heights = [
            1.9 + 0.6 * len(names) if panel == 'accuracy' and rowwise else 4.4
            for panel in experiment.panels
        ]
        figure, axes = plt.subplots(
            len(heights),
            figsize=(8, sum(heights) + 0.4),
            height_ratios=heights,
            squeeze=False,
            layout='constrained',
        )
        figure.suptitle(
            textwrap.fill(experiment.question, 64), x=0.02, ha='left', weight='bold'
        )
        for axis, panel in zip(axes.flat, experiment.panels, strict=True):
            data = rows if panel == 'accuracy' else load(folder, f'{name}-curves')
            PANELS[panel](axis, experiment, data)
    return figure


def save_figure(folder, name):
    """Draw NAME.png from the CSV files of an experiment in folder."""
    figure = draw(folder, name)
    with whole_file(f'{folder}/{name}.png') as temporary:
        figure.savefig(temporary, dpi=150, format='png')
    plt.close(figure)
