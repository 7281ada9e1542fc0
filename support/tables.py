"""Reading tables of sequences: each row is a sequence, and one column may hold the classes.

Text with tabs, semicolons, commas or blanks between the columns, with or without a header; .npy,
an array of such rows; .npz, arrays X (n, N) and Y (n,); .ts, as aeon and the UCR archive write it.
"""

import csv
import itertools
import re
from typing import NamedTuple

from support.console import DataError

import numpy as np

EXTENSIONS = ('.csv', '.tsv', '.txt', '.npy', '.npz', '.ts')

# A column with one of these headers holds the classes, if no other is asked for.
LABEL_NAMES = {'class', 'label', 'target', 'type', 'category', 'y'}

LARGEST = float(np.finfo('float32').max)  # networks compute in float32
DECIMAL_COMMA = re.compile(r'[-+]?\d+,\d+')


def add_columns(script):
    """Add to an ArgumentParser what read_table is told of the columns: --label and --drop."""
    script.add_argument(
        '--label', metavar='COLUMN', help='of the classes: first, last, a number from 1 or a name'
    )
    script.add_argument(
        '--drop',
        metavar='COLUMN',
        action='append',
        default=[],
        help='no part of the sequences; may be repeated',
    )


class Table(NamedTuple):
    """The sequences of a table."""

    X: np.ndarray  # float64 (n, N)
    labels: list  # n texts, what the table calls the class of each; or [] without a label column
    rows: list  # n numbers: the row of the file that each stands in, from 1
    header: list  # the names of the columns; or [] without them
    label: int | None  # the column of the labels, from 0
    kept: list  # the columns of the values, from 0


# ---------------------------------------------------------------- the rows of each kind of file


def text_rows(path):
    """Yield the number of each row of a text file and its cells, each a str."""
    row, started = 0, False

    def lines(file):
        nonlocal row, started
        for line in file:
            row += 1
            if '\0' in line:
                raise UnicodeError
            # Comments stand above the table: later, a # may begin a name.
            comment = not started and line.lstrip().startswith('#')
            if line.strip() and not comment:
                started = True
                yield line.strip(' \r\n')

    try:
        with open(path, encoding='utf-8-sig', newline='') as file:
            text = lines(file)
            first = next(text, None)
            if first is None:
                return
            text = itertools.chain([first], text)
            if path.lower().endswith('.ts'):  # lines of @settings, then value,value,...:class
                for line in itertools.dropwhile(lambda line: line.startswith('@'), text):
                    series = line.split(':')
                    if len(series) != 2:
                        raise DataError(
                            f'{path}, row {row} is not one series, a colon and its class: of .ts'
                            ' files only those with univariate series and classes can be read'
                        )
                    yield row, [*series[0].split(','), series[1]]
                return
            unquoted = re.sub('"[^"]*"', '', first)
            delimiter = next((d for d in '\t;,' if d in unquoted), ' ')
            width = None
            for cells in csv.reader(text, delimiter=delimiter, skipinitialspace=True, strict=True):
                # Spreadsheets leave empty columns at the end, and rows of nothing but delimiters.
                while cells and cells[-1] == '' and (width is None or len(cells) > width):
                    cells.pop()
                width = width or len(cells)
                if any(cells):
                    yield row, cells
    except UnicodeError:
        raise DataError(
            f'{path} is not text in UTF-8: save the table as CSV (UTF-8), .npy or .npz'
        ) from None
    except csv.Error as error:
        raise DataError(f'{path}, row {row}: {error}; correct its quotation marks') from None


def array_rows(path, labelled):
    """Yield the number of each row of a NumPy file and its cells; of .npz the class comes last."""
    try:
        arrays = np.load(path, allow_pickle=False)  # a pickle could run code of its own
        if path.lower().endswith('.npy'):
            X = arrays
        else:
            names = {name.upper(): name for name in arrays.files}
            X = arrays[names['X']]
            if labelled:
                X = np.hstack([X, arrays[names['Y']].reshape(len(X), 1)])
        if X.ndim != 2 or X.dtype.kind not in 'biufU':
            raise ValueError
    except Exception:  # NumPy raises many kinds, according to what is wrong with the file
        raise DataError(
            f'{path} must hold a NumPy array of numbers (or text) with a row for each sequence; as'
            ' .npz, arrays X (n, N) and Y (n,), the classes: save it so'
        ) from None
    yield from ((row, cells.tolist()) for row, cells in enumerate(X, 1))


# ---------------------------------------------------------------- what the columns are


def is_number(cell):
    """Return whether a cell holds a number."""
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return '_' not in str(cell)  # float would read 1_0 as 10


def is_header(first, second, wanted):
    """Return whether the first row, given the second, holds the names of the columns.

    wanted are the columns that the user asks for, perhaps by a name.
    """
    names = [
        name
        for name, cell in zip(first, second, strict=False)
        if name and not is_number(name) and is_number(cell)
    ]
    return (
        2 * len(names) >= len(first)
        or any(name in first and not is_number(name) for name in wanted)
        or any(name.lower() in ('class', 'label', 'type') for name in first)
        or first == [str(i) for i in range(len(first))]  # as pandas numbers columns
    )


def find_column(path, option, text, width, header):
    """Return the column, from 0, that text means; raise DataError if that isn't exactly one."""
    numbers = {'first': 0, 'last': width - 1} | {str(i + 1): i for i in range(width)}
    found = {i for i, name in enumerate(header) if name == text}
    found |= {numbers[text]} if text in numbers else set()
    if len(found) != 1:
        names = f'the header begins {", ".join(header[:4])}' if header else 'there is no header'
        raise DataError(
            f'{path}: {option} {text} means {"several columns" if found else "no column"} of'
            f' {width}: give first, last, or the number or name of one ({names})'
        )
    return found.pop()


def guess_label(where, header, cells, dropped):
    """Return the column of labels by the header or the first row; None if all are numbers."""
    named = [i for i, name in enumerate(header) if name.lower() in LABEL_NAMES]
    text = [i for i, cell in enumerate(cells) if not is_number(cell)]
    for found in (named, text):
        found = [i for i in found if i not in dropped]
        if len(found) > 1:
            for i in found:
                if cells[i] == '' or DECIMAL_COMMA.fullmatch(cells[i]):
                    raise bad_cell(where, i, cells[i])
            columns = ' and '.join(str(i + 1) for i in found[:3])
            raise DataError(
                f'{where}: columns {columns} could hold the class: say which does and leave the'
                f' others out, like --label {found[-1] + 1} --drop {found[0] + 1}, or correct what'
                ' should be a number'
            )
        if found:
            return found[0]


def guess_whole_numbers(path, X):
    """Return the column of X (n, M), 0 or M - 1, that holds class numbers."""
    last = X.shape[1] - 1
    looks = []
    for i in (0, last):
        values = np.unique(X[:, i])
        looks.append(len(values) <= min(100, len(X) / 2) and (values == np.floor(values)).all())
    if looks[0] != looks[1]:
        return 0 if looks[0] else last
    if path.lower().endswith('.tsv'):  # those of the UCR archive
        return 0
    raise DataError(
        f'{path}: {"both" if looks[0] else "neither of"} the first and the last column look like'
        ' classes: say which column holds them with --label'
    )


# ---------------------------------------------------------------- the table


def plain(label):
    """Return a label as text on one line; a number in its shortest form, 1.0 as 1."""
    if is_number(label) and np.isfinite(float(label)):
        return f'{float(label):.15g}'
    return ' '.join(str(label).split())


def bad_cell(where, column, cell, label=None):
    """Return the DataError for a cell that holds no finite number; label is the class's column."""
    column, cell = column + 1, str(cell)
    if cell == '':
        return DataError(
            f'{where}, column {column} is empty: fill it, remove the row, or leave the column out'
            f' with --drop {column}'
        )
    if DECIMAL_COMMA.fullmatch(cell):
        return DataError(f'{where}, column {column} holds {cell}: write decimal points, not commas')
    if not is_number(cell):
        remedy = f'correct it, or leave column {column} out with --drop {column}'
        if label is None:
            remedy += f' (if it holds the class: --label {column})'
    elif np.isfinite(float(cell)):
        remedy = 'it is too large for the network (float32, 3.4e38): rescale the values'
    else:
        remedy = 'correct it or remove the row'
    return DataError(f'{where}, column {column} holds {cell[:20]!r}, not a finite number: {remedy}')


def read_table(path, label=None, drop=(), labelled=True):
    """Read a table of any of the kinds above.

    label says which column holds the classes, and drop which others are no part of the sequences:
    'first', 'last', a number from 1, or a name in the header; label may also be the column itself,
    an int from 0. Without label the column is guessed (or with labelled=False there is none).
    Raises DataError for what is no such table.
    """
    try:
        with open(path, 'rb'):
            pass
    except OSError as error:
        raise DataError(f'{path}: {error.strerror}; check its name and folder') from None
    kind = path.lower().rpartition('.')[2]
    if kind == 'ts' or (kind == 'npz' and (labelled or label)):
        label = 'last'
    all_rows = text_rows(path)
    if kind in ('npy', 'npz'):
        all_rows = array_rows(path, labelled or label)
    start = list(itertools.islice(all_rows, 2))
    header = []
    if len(start) == 2 and kind not in ('npy', 'npz', 'ts'):
        if is_header(start[0][1], start[1][1], [label, *drop]):
            header = [' '.join(name.split()) for name in start.pop(0)[1]]
    if not start:
        raise DataError(f'{path} holds no rows: it needs one for each sequence')
    width = len(header or start[0][1])

    def find(option, text):
        return find_column(path, option, text, width, header)

    dropped = {find('--drop', text) for text in drop}
    column = label
    if isinstance(label, str):
        column = find('--label', label)
    elif label is not None and label >= width:
        column = find('--label', str(label + 1))  # which is refused
    X, labels, rows = [], [], []
    for row, cells in itertools.chain(start, all_rows):
        where = f'{path}, row {row}'
        if len(cells) != width:
            raise DataError(
                f'{where} has {len(cells)} column(s), but those before have {width}: make all rows'
                ' equally long'
            )
        if not X and column is None and labelled:
            column = guess_label(where, header, cells, dropped)
        if not X:
            kept = [i for i in range(width) if i != column and i not in dropped]
        if column is not None:
            labels.append(plain(cells[column]))
            if labels[-1].lower() in ('', 'nan'):
                raise bad_cell(where, column, labels[-1])
        try:
            if any('_' in str(cells[i]) for i in kept):
                raise ValueError
            X.append(np.array([cells[i] for i in kept], float))
        except ValueError:
            i = next(i for i in kept if not is_number(cells[i]))
            raise bad_cell(where, i, cells[i], column) from None
        rows.append(row)
    X = np.array(X)
    if labelled and column is None:
        i = guess_whole_numbers(path, X)
        column, labels = kept.pop(i), [plain(value) for value in X[:, i].tolist()]
        X = np.delete(X, i, axis=1)
    if not kept:
        raise DataError(f'{path} holds no values beside the class: give each row its sequence')
    bad = np.argwhere(~(np.abs(X) <= LARGEST))  # true for NaN, too
    if bad.size:
        i, j = bad[0]
        raise bad_cell(f'{path}, row {rows[i]}', kept[j], X[i, j])
    counted = X[:, 0] - np.arange(len(X))
    if len(X) > 3 and (counted == counted[0]).all() and counted[0] in (0, 1):
        raise DataError(
            f'{path}: column {kept[0] + 1} only counts the rows: add --drop {kept[0] + 1}'
        )
    return Table(X, labels, rows, header, column, kept)
