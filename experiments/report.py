"""What the runs found: the CSV files, the tables on the terminal, the tables in the document."""

import re
import sys

from support.console import DataError
from support.files import whole_file

import pandas as pd

from experiments.questions import EXPERIMENTS

TITLES = {
    'training_accuracy': 'Training accuracy',
    'test_accuracy': 'Test accuracy',
    'accuracy_2018': 'Training accuracy as Keras 2 counted',
    'parameters': 'Weights',
    'seconds': 'Seconds',
    'training_95': 'Epochs to 95 % training',
    'training_99': 'to 99 % training',
    'test_95': 'Epochs to 95 % test',
    'test_99': 'to 99 % test',
}


def save(folder, name, rows, curves):
    """Write what an experiment found to NAME.csv, and its curves, if any, to NAME-curves.csv."""
    for path, lines in (
        (f'{folder}/{name}.csv', rows),
        (f'{folder}/{name}-curves.csv', curves),
    ):
        if lines:
            with whole_file(path) as temporary:
                frame = pd.DataFrame(lines, dtype=object)  # whole numbers stay whole
                frame.to_csv(temporary, index=False, lineterminator='\n')


def load(folder, name):
    """Return NAME.csv or NAME-curves.csv as a DataFrame; settings and series are texts.

    An epoch of infinity means that an accuracy was never reached.
    """
    try:
        frame = pd.read_csv(
            f'{folder}/{name}.csv', dtype={'setting': str, 'series': str}
        )
    except FileNotFoundError:
        raise DataError(
            f'{folder}/{name}.csv is missing: python -m experiments --output {folder} makes it'
        ) from None
    return frame.fillna({'series': ''})


def format_cell(values):
    """Return the median and the range over the seeds as a cell of a table says them."""
    if values.isna().all():
        return ''
    accuracy = 'accuracy' in values.name
    digits = int(accuracy or values.name == 'seconds')
    median, least, greatest = (
        'never' if number == float('inf') else f'{number * 100**accuracy:.{digits}f}'
        for number in (values.median(), values.min(), values.max())
    )
    return median + ' %' * accuracy + f' ({least} to {greatest})' * (least != greatest)


def table(folder, name):
    """Return an experiment's table, a DataFrame of texts."""
    experiment, rows = EXPERIMENTS[name], load(folder, name)
    if experiment.in_table:
        rows = rows[rows.setting.isin(map(str, experiment.in_table))]
    cells = rows.groupby(['series', 'setting'], sort=False)[list(experiment.columns)]
    titles = {'series': experiment.series, 'setting': experiment.varied, **TITLES}
    cells = cells.agg(format_cell).reset_index().rename(columns=titles)
    return cells.drop(columns='', errors='ignore')


def print_table(folder, name):
    from rich.console import Console
    from rich.table import Table

    frame = table(folder, name)
    title = f'{name}: {EXPERIMENTS[name].question}'
    shown = Table(*frame.columns, title=title, title_justify='left')
    for line in frame.to_numpy():
        shown.add_row(*line)
    # Where there is no terminal, as in a batch job, there is room.
    Console(width=None if sys.stdout.isatty() else 120).print(shown)


def with_tables(document, folder):
    """Return a document, a text, with its tables made anew from the CSV files of folder.

    A table stands between the lines <!-- table: NAME --> and <!-- end -->.
    """

    def make(match):
        frame = table(folder, match[1])
        lines = [frame.columns, ['---'] * frame.shape[1], *frame.to_numpy()]
        markdown = '\n'.join(f'| {" | ".join(line)} |' for line in lines)
        return f'<!-- table: {match[1]} -->\n{markdown}\n<!-- end -->'

    return re.sub(
        r'<!-- table: (\S+) -->\n.*?<!-- end -->', make, document, flags=re.DOTALL
    )
