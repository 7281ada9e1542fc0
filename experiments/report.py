"""What the runs found: as CSV files, as tables on the terminal and in the README."""

import re

from support.console import DataError, print_table
from support.files import whole_file

import pandas as pd
from rich.table import Table

from experiments.questions import EXPERIMENTS

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


def save(folder, name, rows, curves):
    """Write an experiment's NAME.csv, and its NAME-curves.csv if it has curves."""
    for path, lines in ((name, rows), (f'{name}-curves', curves)):
        if lines:
            with whole_file(f'{folder}/{path}.csv') as temporary:
                frame = pd.DataFrame(lines, dtype=object)  # whole numbers stay whole
                frame.to_csv(temporary, index=False, lineterminator='\n')


def load(folder, name):
    """Return NAME.csv or NAME-curves.csv as a DataFrame; settings and series are texts.

    An epoch of infinity means that an accuracy was never reached.
    """
    path = f'{folder}/{name}.csv'
    try:
        frame = pd.read_csv(path, dtype={'setting': str, 'series': str})
    except FileNotFoundError:
        raise DataError(
            f'{path} is missing: python -m experiments --output {folder} makes it'
        ) from None
    return frame.fillna({'series': ''})


def format_cell(values):
    """Return the median over the seeds, and the range, as a table shows them."""
    percent = 'accuracy' in values.name

    def shown(number):
        if number == float('inf'):
            return 'never'
        if percent or values.name == 'seconds':
            return f'{100 * number if percent else number:.1f}'
        return f'{number:.1f}'.removesuffix('.0')

    median, least, greatest = map(shown, values.agg(['median', 'min', 'max']))
    cell = f'{median} %' if percent else median
    return cell if least == greatest else f'{cell} ({least}\N{EN DASH}{greatest})'


def table(folder, name):
    """Return an experiment's table, a DataFrame of texts."""
    experiment, rows = EXPERIMENTS[name], load(folder, name)
    if experiment.in_table:
        rows = rows[rows.setting.isin(map(str, experiment.in_table))]
    settings = rows.groupby(['series', 'setting'], sort=False)
    cells = settings[list(experiment.columns)].agg(format_cell).reset_index()
    if experiment.series and len(experiment.columns) == 1:  # the series side by side
        (column,) = experiment.columns
        cells = cells.pivot(index='setting', columns='series', values=column)
        return cells.loc[rows.setting.unique()].reset_index(names=experiment.varied)
    cells['series'] = cells.series.mask(cells.series.duplicated(), '')  # named once
    titles = {'series': experiment.series, 'setting': experiment.varied, **TITLES}
    return cells.rename(columns=titles).drop(columns='', errors='ignore')


def print_experiment(folder, name):
    frame = table(folder, name)
    title = f'{name}: {EXPERIMENTS[name].question}'
    shown = Table(*frame.columns, title=title, title_justify='left')
    for line in frame.to_numpy():
        shown.add_row(*line)
    print_table(shown)


def with_tables(document, folder):
    """Return a document, a text, with its tables made from the CSV files in folder.

    A table stands between the lines <!-- table: NAME --> and <!-- end -->.
    """

    def make(match):
        frame = table(folder, match[2])
        lines = [frame.columns, ['---'] * frame.shape[1], *frame.to_numpy()]
        rows = '\n'.join(f'| {" | ".join(line)} |' for line in lines)
        return f'{match[1]}\n{rows}\n<!-- end -->'

    marks = r'(<!-- table: (\S+) -->)\n.*?<!-- end -->'
    return re.sub(marks, make, document, flags=re.DOTALL)
