"""What the runs found: as CSV files, as tables on the terminal and in the README."""

import re

from support.console import print_table
from support.files import whole_file

import pandas as pd
from rich import box
from rich.table import Column, Table

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
    texts = {'setting': str, 'series': str}
    return pd.read_csv(f'{folder}/{name}.csv', dtype=texts).fillna({'series': ''})


def format_cell(values):
    """Return the median over the seeds, and the range, as a table shows them."""
    accuracy = 'accuracy' in values.name
    numbers = values.agg(['median', 'min', 'max']) * (100 if accuracy else 1)
    shown = [f'{number:.1f}'.replace('inf', 'never') for number in numbers]
    if not accuracy and values.name != 'seconds':
        shown = [number.removesuffix('.0') for number in shown]
    median, least, greatest = shown
    cell = f'{median} %' if accuracy else median
    return cell if least == greatest else f'{cell} ({least}\N{EN DASH}{greatest})'


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


def print_experiment(folder, name):
    frame = table(folder, name)
    columns = (Column(title, overflow='fold') for title in frame)
    shown = Table(*columns, box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    for line in frame.to_numpy():
        shown.add_row(*line)
    print(f'\n{name}: {EXPERIMENTS[name].question}')
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
