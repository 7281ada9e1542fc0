"""What the runs found: the CSV files, the tables on the terminal, the tables in the document."""

import csv
import re
import statistics
import sys

from support.console import DataError
from support.files import whole_file

from experiments.questions import EXPERIMENTS

# The columns of NAME.csv and of NAME-curves.csv. An epoch of infinity means never.
COLUMNS = (
    *('series', 'setting', 'seed', 'N_train', 'phase', 'noise', 'epochs', 'parameters'),
    *('training_accuracy', 'test_accuracy', 'seconds'),
    *('training_95', 'training_99', 'test_95', 'test_99'),
)
CURVE_COLUMNS = ('series', 'setting', 'seed', 'epoch', 'training_accuracy', 'test_accuracy')

TITLES = {
    'training_accuracy': 'Training accuracy',
    'test_accuracy': 'Test accuracy',
    'parameters': 'Weights',
    'seconds': 'Seconds',
    'training_95': 'Epochs to 95 % training',
    'training_99': 'to 99 % training',
    'test_95': 'Epochs to 95 % test',
    'test_99': 'to 99 % test',
}


def save(folder, name, rows, curves):
    """Write what an experiment found to NAME.csv, and its curves, if any, to NAME-curves.csv."""
    for path, columns, lines in (
        (f'{folder}/{name}.csv', COLUMNS, rows),
        (f'{folder}/{name}-curves.csv', CURVE_COLUMNS, curves),
    ):
        if lines:
            with (
                whole_file(path) as temporary,
                open(temporary, 'w', newline='', encoding='utf-8') as file,
            ):
                table = csv.DictWriter(file, columns, lineterminator='\n')
                table.writeheader()
                table.writerows(lines)


def load(folder, name):
    """Return the rows of NAME.csv or NAME-curves.csv, as dicts of texts."""
    try:
        with open(f'{folder}/{name}.csv', newline='', encoding='utf-8') as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        raise DataError(
            f'{folder}/{name}.csv is missing: python -m experiments --output {folder} makes it'
        ) from None


def summarise(rows, columns):
    """Return {(series, setting): {column: (median, least, greatest over the seeds)}}."""
    groups = {}
    for row in rows:
        groups.setdefault((row['series'], row['setting']), []).append(row)
    summary = {}
    for key, group in groups.items():
        values = {c: [float(row[c]) for row in group if row[c] != ''] for c in columns}
        summary[key] = {c: (statistics.median(v), min(v), max(v)) for c, v in values.items() if v}
    return summary


def text(column, numbers):
    """Return the median and range as a cell of a table says them; nothing if there are none."""
    if numbers is None:
        return ''
    if column.endswith('_accuracy'):
        middle, least, greatest = (f'{100 * number:.1f}' for number in numbers)
        unit = ' %'
    else:
        digits = 1 if column == 'seconds' else 0
        middle, least, greatest = (
            'never' if number == float('inf') else f'{number:.{digits}f}' for number in numbers
        )
        unit = ''
    spread = '' if least == greatest else f' ({least} to {greatest})'
    return f'{middle}{unit}{spread}'


def table(name, rows):
    """Return the titles and the lines of an experiment's table, lists of texts."""
    experiment = EXPERIMENTS[name]
    columns = experiment.columns
    titles = [experiment.varied, *(TITLES[column] for column in columns)]
    shown = {str(setting) for setting in experiment.in_table}
    lines = []
    for (series, setting), found in summarise(rows, columns).items():
        if not shown or setting in shown:
            cells = [text(column, found.get(column)) for column in columns]
            lines.append([series, setting, *cells] if experiment.series else [setting, *cells])
    return [experiment.series, *titles] if experiment.series else titles, lines


def print_table(folder, name):
    from rich.console import Console
    from rich.table import Table

    titles, lines = table(name, load(folder, name))
    shown = Table(title=f'{name}: {EXPERIMENTS[name].question}', title_justify='left')
    for title in titles:
        shown.add_column(title)
    for line in lines:
        shown.add_row(*line)
    # Where there is no terminal, as in a batch job, there is room.
    Console(width=None if sys.stdout.isatty() else 120).print(shown)


def markdown(name, rows):
    """Return the table as Markdown."""
    titles, lines = table(name, rows)
    rule = ['---'] * len(titles)
    return '\n'.join(f'| {" | ".join(line)} |' for line in (titles, rule, *lines))


def with_tables(document, folder):
    """Return a document, a text, with its tables made anew from the CSV files of folder.

    A table stands between the lines <!-- table: NAME --> and <!-- end -->.
    """

    def make(match):
        rows = load(folder, match[1])
        return f'<!-- table: {match[1]} -->\n{markdown(match[1], rows)}\n<!-- end -->'

    return re.sub(r'<!-- table: (\S+) -->\n.*?<!-- end -->', make, document, flags=re.DOTALL)
