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
from experiments.report import load, summarise

# Colours that colour-blind people tell apart (Okabe and Ito), each with a mark of its own.
COLOURS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00')
MARKS = 'osD^v'
TRAINING = {'color': '0.5', 'marker': 's', 'markerfacecolor': 'white', 'zorder': 2}
ACCURACIES = (0.45, 1.0)  # the axis of accuracies in all figures, so that they compare
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


def accuracy_axis(axis, which, label='Accuracy'):
    """Prepare axis.xaxis or axis.yaxis (which is x or y) for accuracies, and mark chance."""
    axis.set(**{f'{which}lim': ACCURACIES, f'{which}label': label})
    scale = getattr(axis, f'{which}axis')
    scale.set_major_locator(MultipleLocator(0.1))
    scale.set_major_formatter(PercentFormatter(1, 0))
    line, place, where = {
        'x': (axis.axvline, (0.5, 1), {'ha': 'center', 'va': 'bottom'}),
        'y': (axis.axhline, (1, 0.5), {'ha': 'left', 'va': 'center'}),
    }[which]
    line(0.5, color='0.3', linestyle='--', linewidth=1.2, zorder=1)
    coordinates = axis.get_xaxis_transform() if which == 'x' else axis.get_yaxis_transform()
    axis.text(*place, ' chance', transform=coordinates, color='0.3', **where)


def legend(axis, letters=70, title=None):
    """Put the legend below the axis, in as many columns as there is room for letters."""
    labels = axis.get_legend_handles_labels()[1]
    columns = max(1, min(len(labels), letters // (max(map(len, labels)) + 6)))
    below = offset_copy(axis.transAxes, axis.figure, y=-36, units='points')  # below the labels
    place = {'loc': 'upper center', 'bbox_to_anchor': (0.5, 0), 'bbox_transform': below}
    axis.legend(ncols=columns, title=title, **place)


def errorbars(axis, places, found, column, along, **style):
    """Draw medians as marks at the places, with bars for their range over the seeds.

    found is [{column: (median, least, greatest)}]; along is the axis of the accuracies, x or y.
    """
    middle, least, greatest = np.array([f[column] for f in found]).T
    error = (middle - least, greatest - middle)
    style['clip_on'] = bool(least.min() < ACCURACIES[0])  # or marks at 100 % would be cut in two
    if along == 'x':
        axis.errorbar(middle, places, xerr=error, **style)
    else:
        axis.errorbar(places, middle, yerr=error, **style)


def varied(summary):
    """Return the names of what is varied, in their order, and whether all of them are numbers."""
    names = list(dict.fromkeys(setting for _, setting in summary))
    return names, all(name.replace('.', '', 1).isdigit() for name in names)


def draw_accuracies(axis, experiment, summary):
    """Draw the accuracies of all settings: numbers from left to right, names as rows."""
    names, numbers = varied(summary)
    place = {name: float(name) if numbers else i for i, name in enumerate(names)}
    all_series = list(dict.fromkeys(series for series, _ in summary))
    # What to draw: the test accuracies of each series, or of one those of the training, too.
    drawn = [
        (series, 'test_accuracy', series or 'test sequences', {'color': colour, 'marker': mark})
        for series, colour, mark in zip(all_series, COLOURS, MARKS, strict=False)
    ]
    if not experiment.series and not experiment.trained:
        drawn.append(('', 'training_accuracy', 'training sequences', TRAINING))
    for i, (wanted, column, label, style) in enumerate(drawn):
        aside = i - (len(drawn) - 1) / 2  # so that marks of the same place don't hide each other
        shift = 0 if numbers else 0.3 * aside
        keys = [(series, setting) for series, setting in summary if series == wanted]
        places = [place[setting] + shift for _, setting in keys]
        found = [summary[key] for key in keys]
        line = '' if not numbers else '-' if column == 'test_accuracy' else ':'
        style = {'label': label, 'zorder': 3, 'linestyle': line, **style}
        if numbers and experiment.series:
            style['transform'] = offset_copy(
                axis.transData, axis.figure, 3.5 * aside, units='points'
            )
        errorbars(axis, places, found, column, 'y' if numbers else 'x', **style)
    if numbers:
        if experiment.trained:
            axis.axvspan(*experiment.trained, color='0.88', label='trained with these', zorder=0)
        x = sorted(place.values())
        if experiment.log:
            axis.set_xscale('log')
            margin = (x[-1] / x[0]) ** 0.05
            axis.set_xlim(x[0] / margin, x[-1] * margin)
        else:
            margin = 0.05 * (x[-1] - x[0])
            axis.set_xlim(x[0] - margin, x[-1] + margin)
        if len(names) <= 10:
            axis.set_xticks([float(name) for name in names], names)
            axis.xaxis.set_minor_locator(NullLocator())
        axis.set_xlabel(experiment.varied)
    else:
        axis.set_yticks(range(len(names)), [name.replace(' (', '\n(') for name in names])
        axis.set_ylim(len(names) - 0.5, -0.5)
        axis.grid(axis='y', visible=False)
    label = 'Accuracy' if any(d[1] == 'training_accuracy' for d in drawn) else 'Test accuracy'
    accuracy_axis(axis, 'y' if numbers else 'x', label)
    legend(axis, 70 if numbers else 50)  # the names of the rows take from its room


def draw_convergence(axis, experiment, curves):
    """Draw the median accuracies against the epoch, a colour for each setting."""
    settings = list(dict.fromkeys(row['setting'] for row in curves))
    colours = COLOURS
    if len(settings) > len(COLOURS):  # numbers in their order: from light to dark
        colours = plt.cm.viridis_r(np.linspace(0.1, 1, len(settings)))
    for setting, colour in zip(settings, colours, strict=False):
        by_epoch = {}
        for row in curves:
            if row['setting'] == setting:
                by_epoch.setdefault(int(row['epoch']), []).append(row)
        for column, style in (('training_accuracy', ':'), ('test_accuracy', '-')):
            middle = [np.median([float(row[column]) for row in r]) for r in by_epoch.values()]
            label = setting if style == '-' else None
            axis.plot(list(by_epoch), middle, style, color=colour, label=label, linewidth=2)
    axis.set_title('Convergence: test sequences solid, training sequences dotted', loc='left')
    axis.set_xlabel('Epoch')
    accuracy_axis(axis, 'y')
    legend(axis, title=experiment.varied)


def draw(name, rows, curves):
    """Return the figure that answers an experiment; rows and curves are those of its CSV files."""
    experiment = EXPERIMENTS[name]
    summary = summarise(rows, ('training_accuracy', 'test_accuracy'))
    with plt.rc_context(STYLE):
        names, numbers = varied(summary)
        height = {'accuracy': 4.4 if numbers else 1.9 + 0.6 * len(names), 'convergence': 4.4}
        heights = [height[panel] for panel in experiment.panels]
        figure, axes = plt.subplots(
            len(heights),
            figsize=(8, sum(heights) + 0.4),
            height_ratios=heights,
            squeeze=False,
            layout='constrained',
        )
        figure.suptitle(textwrap.fill(experiment.question, 64), x=0.02, ha='left', weight='bold')
        for axis, panel in zip(axes.flat, experiment.panels, strict=True):
            if panel == 'accuracy':
                draw_accuracies(axis, experiment, summary)
            else:
                draw_convergence(axis, experiment, curves)
    return figure


def save_figure(folder, name):
    """Draw NAME.png from the CSV files of an experiment in folder."""
    converges = 'convergence' in EXPERIMENTS[name].panels
    curves = load(folder, f'{name}-curves') if converges else []
    figure = draw(name, load(folder, name), curves)
    with whole_file(f'{folder}/{name}.png') as temporary:
        figure.savefig(temporary, dpi=150, format='png')
    plt.close(figure)
