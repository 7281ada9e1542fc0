"""Shows what the runs found, from the CSV files: as tables, numbers and figures."""

import re

from support.console import print_table

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, PercentFormatter
from matplotlib.transforms import offset_copy
from rich import box
from rich.table import Column, Table
from scipy.stats import binomtest

from experiments.questions import EXPERIMENTS


def load(folder, name):
    """Return NAME.csv or NAME-curves.csv as a DataFrame; setting and series are str."""
    texts = {'setting': str, 'series': str}
    return pd.read_csv(f'{folder}/{name}.csv', dtype=texts).fillna({'series': ''})


TITLES = {
    'training_accuracy': 'Training accuracy',
    'test_accuracy': 'Test accuracy',
    'accuracy_2018': 'Training accuracy as Keras 2 counted',
    'parameters': 'Weights',
    'seconds': 'Seconds',
    'training_95': 'Epochs to 95 % training',
    'training_99': '99 %',
    'test_95': 'Epochs to 95 % test',
    'test_99': '99 %',
}


def format_cell(values):
    """Return the median over the seeds, and the range, as a table shows them."""
    scale, unit = (100, ' %') if 'accuracy' in values.name else (1, '')
    digits = '.1f' if unit or values.name == 'seconds' else 'g'
    numbers = scale * values.agg(['median', 'min', 'max'])
    median, low, high = (f'{x:{digits}}'.replace('inf', 'never') for x in numbers)
    return median + unit + (low != high) * f' ({low}\N{EN DASH}{high})'


def table(folder, name):
    """Return an experiment's table, a DataFrame of texts."""
    experiment, rows = EXPERIMENTS[name], load(folder, name)
    settings = rows.groupby(['series', 'setting'], sort=False)
    cells = settings[list(experiment.columns)].agg(format_cell).reset_index()
    if experiment.series and len(experiment.columns) == 1:  # the series side by side
        (column,) = experiment.columns
        cells = cells.pivot(index='setting', columns='series', values=column)
        cells = cells.loc[rows.setting.unique(), rows.series.unique()]
        return cells.reset_index(names=experiment.varied)
    cells['series'] = cells.series.mask(cells.series.duplicated(), '')  # named once
    titles = {'series': experiment.series, 'setting': experiment.varied, **TITLES}
    return cells.rename(columns=titles).drop(columns='', errors='ignore')


def print_answer(folder, name):
    """Print an experiment's question and table on the terminal."""
    frame = table(folder, name)
    columns = (Column(title, overflow='fold') for title in frame)
    shown = Table(*columns, box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    for line in frame.to_numpy():
        shown.add_row(*line)
    print(f'\n{name}: {EXPERIMENTS[name].question}')
    print_table(shown)


def number(folder, source):
    """Return a number of a sentence, a text, from a CSV file. Its source is one of

    NAME: A        the median test accuracy of a setting, in per cent
    NAME: A - B    the range over the seeds of how many points A is better than B
    NAME: A / B    the range over the seeds of how many times as large A is
    NAME: A > B    in how many pairs A is larger, and the p of a sign test

    A and B are settings, or their beginnings: those of the series that begin as in
    NAME, SERIES, or else SERIES: SETTING. NAME.COLUMN takes another column.
    """
    pattern = r'([\w-]+)(?:\.(\w+))?(?:, (.*?))?: (.*?)(?: ([-/>]) (.*))?'
    name, column, series, first, sign, other = re.fullmatch(pattern, source).groups()
    rows, column = load(folder, name), column or 'test_accuracy'
    if series:
        rows = rows[rows.series.str.startswith(series)]
    else:
        rows['setting'] = (rows.series + ': ' + rows.setting).str.removeprefix(': ')
    runs = rows.pivot(index='seed', columns='setting', values=column)

    def find(beginning):
        if names := [x for x in runs if x.startswith(beginning)]:
            return runs[min(names, key=len)]
        raise ValueError(f'{name}.csv has nothing for {source}')

    first, other = find(first), find(other or first)
    if sign is None:
        return f'{100 * first.median():.1f}'
    if sign == '>':
        larger, smaller = sum(first > other), sum(first < other)
        p = binomtest(larger, larger + smaller).pvalue
        shown = f'p = {p:.2g}' if p >= 0.001 else 'p < 0.001'
        return f'{larger} of {len(first)} pairs ({shown})'
    gaps = first / other if sign == '/' else 100 * (first - other)
    digits = '.2g' if sign == '/' else '.1f'
    shown = f'{min(gaps):{digits}} to {max(gaps):{digits}}'
    return shown.replace('-', '\N{MINUS SIGN}')


def updated(document, folder):
    """Return a document, a text, with its tables and numbers from the CSV files.

    A table stands between the lines <!-- table: NAME --> and <!-- end -->; behind a
    number stands <!-- its source -->, see number().
    """

    def make_table(match):
        frame = table(folder, match[2])
        lines = [frame.columns, ['---'] * frame.shape[1], *frame.to_numpy()]
        rows = '\n'.join(f'| {" | ".join(line)} |' for line in lines)
        return f'{match[1]}\n{rows}\n<!-- end -->'

    def make_number(match):
        return f'{number(folder, match[1])}<!-- {match[1]} -->'

    tables = r'(?s)(<!-- table: (\S+) -->)\n.*?<!-- end -->'
    shown = '[\N{MINUS SIGN}.0-9]+'
    shown = rf'(?:\d+ of \d+ pairs \(.*?\)|{shown} to {shown}|{shown})'
    document = re.sub(tables, make_table, document)
    return re.sub(f'{shown}<!-- (.*?) -->', make_number, document)


# Colours that colour-blind people tell apart (Okabe and Ito), each with its own mark.
COLOURS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00')
MARKS = 'osD^v'
NEVER = 500  # where the axis of the learning speed has what was never reached
STYLE = {
    'font.size': 13,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.grid': True,
    'grid.alpha': 0.3,
    'legend.frameon': False,
    'errorbar.capsize': 4,
}


def are_numbers(settings):
    return pd.to_numeric(settings, errors='coerce').notna().all()


def draw_ranges(axis, rows, column, along='y', to_scale=False):
    """Draw the medians and ranges of a column along an axis, a colour for each series.

    On the other axis are the settings, one after the other, or as numbers to scale.
    """
    names, across = rows.setting.unique(), 'x' if along == 'y' else 'y'
    places = pd.Series(names.astype(float) if to_scale else range(len(names)), names)
    series = rows.groupby('series', sort=False)
    for i, (label, runs) in enumerate(series):
        settings = runs.groupby('setting', sort=False)[column]
        low, median, high = settings.min(), settings.median(), settings.max()
        values = {along: median, f'{along}err': (median - low, high - median)}
        # Side by side, so that series don't hide each other
        points = (i - (len(series) - 1) / 2) * (3.5 if along == 'y' else -11)
        aside = {across: points, 'units': 'points'}
        axis.errorbar(
            **values | {across: places[median.index]},
            transform=offset_copy(axis.transData, axis.figure, **aside),
            label=label,
            color=COLOURS[i],
            marker=MARKS[i],
            linestyle='-' if to_scale else '',
            clip_on=False,  # which would cut marks at 100 %
        )
    if to_scale:
        ends = min(places), max(places)
        axis.update_datalim([(x, 0.5) for x in ends])  # which shifted marks are not in
        axis.set_xscale('log' if ends[0] > 1 else 'linear')  # such as 2, 4, 8
    else:
        ends = -0.5, len(names) - 0.5
        axis.set(**{f'{across}lim': ends if along == 'y' else ends[::-1]})
        axis.grid(axis=across, visible=along == 'y')
    if len(names) <= 10:
        names = [name.replace(' (', '\n(') for name in names]
        axis.set(**{f'{across}ticks': places, f'{across}ticklabels': names})
        axis.xaxis.set_minor_locator(NullLocator())


def accuracy_axis(axis, along='y', label='Accuracy'):
    """Prepare the axis called along, x or y, for accuracies, and mark chance."""
    axis.set(**{f'{along}lim': (0.45, 1), f'{along}label': label})
    getattr(axis, f'{along}axis').set_major_formatter(PercentFormatter(1, 0))
    line = axis.axvline if along == 'x' else axis.axhline
    line(0.5, color='0.3', linestyle='--', linewidth=1.2, zorder=1, label='chance')


def legend(figure, title):
    """Put the legend of a figure's first panel below it."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    columns = max(1, min(len(labels), 74 // (max(map(len, labels)) + 6)))
    place = {'ncols': columns, 'loc': 'outside lower center'}
    figure.legend(handles, labels, title=title, **place)


def draw_accuracies(figure, experiment, rows):
    """Draw the test accuracies of each series, or of all and those of the training."""
    axis, label = figure.subplots(), 'Test accuracy'
    if 'training_accuracy' not in experiment.columns:  # the question of frequencies
        rows = rows.assign(series='test sequences')
        axis.axvspan(0.1, 0.4, color='0.88', label='trained with these', zorder=0)
    elif not experiment.series:
        label = 'Accuracy'
        training = rows.assign(test_accuracy=rows.training_accuracy)
        both = {'test sequences': rows, 'training sequences': training}
        rows = pd.concat([x.assign(series=name) for name, x in both.items()])
    to_scale = are_numbers(rows.setting)
    along = 'y' if to_scale else 'x'
    draw_ranges(axis, rows, 'test_accuracy', along, to_scale)
    accuracy_axis(axis, along, label)
    if to_scale:
        axis.set_xlabel(experiment.varied)


def draw_speed(figure, experiment, rows):
    """Draw the epochs to 95 % training, a panel for each kind of networks."""
    rows = rows.replace({'training_95': np.inf}, NEVER)
    rows[['kind', 'setting']] = rows.setting.str.split(': ', expand=True)
    kinds = rows.groupby('kind', sort=False)
    axes = figure.subplots(1, len(kinds), sharey=True)
    for axis, (kind, of_kind) in zip(axes, kinds, strict=True):
        draw_ranges(axis, of_kind, 'training_95')
        axis.set(yscale='log', ylim=(4, NEVER), xlabel=kind.capitalize())
        epochs = 5, 10, 20, 50, 100, 200
        axis.set_yticks([*epochs, NEVER], labels=[*epochs, 'never'])
        axis.yaxis.set_minor_locator(NullLocator())
        axis.tick_params('x', rotation=45)
    axes[0].set_ylabel('Epochs to 95 %')
    figure.align_xlabels()


def draw_convergence(figure, experiment, curves):
    """Draw the median accuracies against the epoch, a colour for each setting."""
    axis, settings = figure.subplots(), curves.groupby('setting', sort=False)
    colours = COLOURS
    if are_numbers(curves.setting):  # from light to dark
        colours = matplotlib.colormaps['viridis_r'](np.linspace(0.1, 1, len(settings)))
    for (setting, rows), colour in zip(settings, colours, strict=False):
        medians = rows.groupby('epoch').median(numeric_only=True)
        axis.plot(medians.training_accuracy, ':', color=colour, linewidth=2)
        axis.plot(medians.test_accuracy, color=colour, linewidth=2, label=setting)
    axis.set_title('Test sequences solid, training sequences dotted', loc='left')
    axis.set_xlabel('Epoch')
    accuracy_axis(axis)


def median_seed(curves):
    """Return the seed of the slide's network that ends with the median, as of 2018."""
    ends = curves[curves.epoch == curves.epoch.max()]
    ends = ends[ends.setting == curves.setting[0]].sort_values('accuracy_2018')
    return ends.seed.iloc[len(ends) // 2]


def draw_seeds(figure, experiment, curves):
    """Draw every seed's training accuracy, as counted in 2018 and today."""
    axis, (slide, sigmoid) = figure.subplots(), curves.setting.unique()
    bold = median_seed(curves)
    for setting, column, label, colour in (
        (sigmoid, 'training_accuracy', 'with a sigmoid', COLOURS[2]),
        (slide, 'training_accuracy', 'without, as counted today', COLOURS[0]),
        (slide, 'accuracy_2018', 'without, as Keras 2 counted', COLOURS[1]),
    ):
        rows = curves[curves.setting == setting]
        lines = rows.pivot(columns='seed', index='epoch', values=column)
        axis.plot(lines, color=colour, alpha=0.25, linewidth=1)
        axis.plot(lines[bold], color=colour, linewidth=2.5, label=label)
    axis.set_title('Training sequences: every seed, one of them bold', loc='left')
    axis.set_xlabel('Epoch')
    accuracy_axis(axis)
    axis.set_ylim(0, 1)


PANELS = {  # what draws each, and from which file
    'accuracy': (draw_accuracies, ''),
    'speed': (draw_speed, ''),
    'convergence': (draw_convergence, '-curves'),
    'seeds': (draw_seeds, '-curves'),
}


def draw(folder, name):
    """Return the figure that answers an experiment, from its CSV files in folder."""
    experiment, rows = EXPERIMENTS[name], load(folder, name)
    heights = [3.5] * len(experiment.panels)
    if experiment.panels[0] == 'accuracy' and not are_numbers(rows.setting):
        heights[0] = 1.5 + 0.6 * rows.setting.nunique()
    with matplotlib.rc_context(STYLE):
        # On a slide its 8 inches are 1150 pixels of 1280, and this type has 18 points.
        figure = Figure((8, sum(heights)), layout='constrained')
        places = figure.subfigures(len(heights), squeeze=False, height_ratios=heights)
        for place, panel in zip(places.flat, experiment.panels, strict=True):
            draw_panel, file = PANELS[panel]
            draw_panel(place, experiment, load(folder, name + file))
            legend(place, experiment.varied if panel == 'convergence' else None)
    return figure
