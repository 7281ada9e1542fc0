"""Make sequences of what read_table of import_data.py returns, and check all of it.

A row is named by pandas' index: row 0 of a CSV is its second line. Of each row there
are its file (path), row, name, object, class, and its fault, a text, '' if it has none.
A row without an object is one of its own.
"""

import ast
import io
import json
import re
import traceback
import warnings
from pathlib import Path

from support.console import DataError, printable
from support.runs import read_text

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

MARKS = 'edit from here ...', '... to here'  # ends of lines in import_data.py


def call_reader(path, read_table):
    """Return what read_table returns: a table, the classes and the objects."""
    try:
        with warnings.catch_warnings(action='error', category=pd.errors.ParserWarning):
            table, classes, objects = read_table(path)
    except Exception as error:  # of many kinds, according to what its owner wrote
        where = 'read_table must return a table, the classes and the objects'
        for call in traceback.extract_tb(error.__traceback__):
            if call.filename.endswith('import_data.py'):
                where = f'import_data.py, line {call.lineno}: {call.line}'
        why = f'{type(error).__name__}: {error}'
        raise DataError(f'{path}: {where}: {why}') from None
    if not isinstance(table, pd.DataFrame) or table.empty or table.shape[1] < 2:
        found = f'{type(table).__name__} of the shape {np.shape(table)}'
        needed = 'a table with rows and two or more columns'
        raise DataError(f'{path}: read_table returns a {found}, but needs {needed}')
    return table.set_axis(table.columns.map(str), axis=1), classes, objects


def as_texts(path, cells, index):
    """Return classes or objects as texts, one for each row of index; '' if empty."""
    cells = pd.Series('', index) if cells is None else pd.Series(cells)
    if not cells.index.equals(index):
        raise DataError(f'{path}: classes or objects are of other rows than the table')
    cells = cells.convert_dtypes().astype('string')  # 1.0 becomes 1
    return cells.fillna('').str.strip().to_numpy()


def read_cells(path, read_table, columns=None):
    """Return the numbers X (n, N) of a table, its rows, and its columns.

    With columns, those of the training, it must have the same, in any order.
    """
    table, classes, objects = call_reader(path, read_table)
    columns = columns or list(table)
    others = sorted({*columns} ^ {*table})
    if others:
        raise DataError(f'{path}: only this or the training has column {others[0]}')
    table = table[columns]
    X = table.apply(pd.to_numeric, errors='coerce').to_numpy(float, na_value=np.nan)
    rows = pd.DataFrame({'path': path, 'row': table.index.map(str)})
    rows['name'] = f'{path} row ' + rows['row']
    names = as_texts(path, objects, table.index)
    rows['object'] = rows['name'].where(names == '', names)
    rows['class'] = as_texts(path, classes, table.index)
    is_bad = ~(np.abs(X) < 3.4e38)  # of float32; also NaN
    faults = [''] * len(X)
    for i, j in np.argwhere(is_bad):
        faults[i] = f'column {columns[j]} holds no number: {table.iat[i, j]}'
    rows['fault'] = faults
    return X, rows, columns


def check_codes(X, columns, not_codes, length):
    """Print both ends of the values X (n, N); raise DataError for a code for no value.

    That is an end that repeats, and is farther from the next value than all others are
    apart, if these have ten values or more. Columns that differ only in digits are one
    group, except constant ones and those of light curves.
    """
    groups = pd.Series(columns).map(re.escape)
    if not length:
        stems = groups.str.replace(r'\d+', r'\\d+', regex=True)
        groups = stems.mask(np.ptp(X, axis=0) == 0, groups)
    for regex, j in groups.groupby(groups, sort=False).indices.items():
        name = columns[j[0]] if len(j) == 1 else f'{columns[j[0]]} to {columns[j[-1]]}'
        cells = X[:, j][~np.isin(X[:, j], not_codes)]
        values, counts = np.unique(cells, return_counts=True)
        ends = []
        for end, beside in [(0, 1), (-1, -2)] if len(values) > 1 else []:
            times = f' ({counts[end]:,} times)' if counts[end] > 1 else ''
            ends.append(f'{values[end]:.9g}{times}, next {values[beside]:.9g}')
            others = np.delete(values, end)
            is_far = abs(values[end] - values[beside]) > np.ptp(others)
            if counts[end] > 1 and len(others) >= 10 and is_far:
                why = f'{name}: {ends[-1]}: is this a code for no value?'
                is_value = f"table.filter(regex=r'^{regex}$') != {values[end]}"
                remedy = f'Type  table = table[({is_value}).all(axis=1)]  in read_table'
                raise DataError(f'{why} {remedy}, or add it to not_codes')
        text = '; to '.join(ends) or f'always {X[0, j[0]]:.9g}'
        print(printable(f'Values of {name}: {text}'))


def stretch(time, value, length):
    """Return values at equal steps from the first time to the last, interpolated."""
    return np.interp(np.linspace(time[0], time[-1], length), time, value)


def fold(time, value, length, period):
    """Return values at equal steps of the phase, which is 0 at the first time."""
    phase = (time - time[0]) / period % 1
    return np.interp(np.arange(length) / length, phase, value, period=1)


def average(time, value, length, period=None):
    """Return means in equal bins of time, or of phase; empty ones are interpolated."""
    position = (time - time[0]) / (period or time[-1] - time[0])
    position = position % 1 if period else position.clip(max=1 - 1e-9)
    means = pd.Series(value).groupby((position * length).astype(int)).mean()
    return np.interp(range(length), means.index, means, period=period and length)


def find_fault(time, periods):
    """Return why no curve can be made of observations at these times; or ''."""
    if len(periods) > 1:
        return 'has more columns than time, value and period'
    if len(time) < 3:
        return f'has {len(time)} observations, but needs 3'
    if not np.diff(time).all():
        return 'has two observations at one time'
    if periods and periods[0][0] <= 0:
        return f'has the period {periods[0][0]:g}'
    return ''


def make_curves(X, rows, length, is_average):
    """Return curves (n, length) of observations X (m, 2 or 3), and their rows.

    The columns of X are time, value and, to fold, the period.
    """
    number = rows.groupby(['path', 'object'], sort=False).ngroup().to_numpy()
    order = np.lexsort([X[:, 0], number])
    curves = np.split(order, np.flatnonzero(np.diff(number[order])) + 1)
    made = np.zeros((len(curves), length))
    faults = rows.groupby(number)['fault'].max().to_list()
    for n, curve in enumerate(curves):
        time, value, *periods = X[curve].T
        faults[n] = faults[n] or find_fault(time, periods)
        if faults[n]:
            continue
        first = [period[0] for period in periods]
        if is_average:
            made[n] = average(time, value, length, *first)
        elif periods:
            made[n] = fold(time, value, length, *first)
        else:
            made[n] = stretch(time, value, length)
    rows = rows.drop_duplicates(['path', 'object']).reset_index(drop=True)
    rows['name'] = rows['path'] + ' object ' + rows['object']
    return made, rows.assign(row='', fault=faults)


def refuse_faults(rows):
    """Raise DataError if rows have faults, after printing the first five."""
    bad = rows[rows['fault'] != '']
    if len(bad):
        print(*map(printable, (bad['name'] + ' ' + bad['fault'])[:5]), sep='\n')
        remedy = 'drop or mend them in read_table (docs/own-data.md)'
        raise DataError(f'{len(bad):,} rows or objects like this: {remedy}')


def read_tables(paths, read_table, length, not_codes):
    """Return the sequences X (n, N) of one or two tables, their rows, and facts.

    Facts are what infer.py must know: the columns and, of light curves, whether values
    are means, and the range of the observations. Raises DataError for any fault.
    """
    X, rows, columns = read_cells(paths[0], read_table)
    for path in paths[1:]:
        more_X, more_rows, _ = read_cells(path, read_table, columns)
        X = np.concatenate([X, more_X])
        rows = pd.concat([rows, more_rows], ignore_index=True)
    N_classes = rows.groupby('object')['class'].transform('nunique')
    rows.loc[N_classes > 1, 'fault'] = 'is of an object with several classes'
    rows.loc[rows['class'] == '', 'fault'] = 'has no class'
    refuse_faults(rows)
    check_codes(X, columns, not_codes, length)
    if any(rows['object'] == rows['name']):
        print('Rows without an object count as one object each')
    facts = {'columns': columns}
    if length:
        sizes = rows.groupby(['path', 'object']).size()
        ends = f'{sizes.min()} to {sizes.max()}, median {sizes.median():g}'
        print(f'Observations of each object: {ends}')
        facts['average'] = bool(sizes.median() >= 2 * length)
        facts['range'] = [X[:, 1].min(), X[:, 1].max()]
        X, rows = make_curves(X, rows, length, facts['average'])
        refuse_faults(rows)
    return X, rows, facts


def group_sequences(X, objects):
    """Return a number for each of X (n, N), the same if equal or of one object."""
    equal = pd.factorize(np.array([hash(x.astype('f4').tobytes()) for x in X]))[0]
    objects = pd.factorize(objects)[0] + len(X)
    links = coo_array((np.ones(len(X)), (equal, objects)), (2 * len(X), 2 * len(X)))
    return connected_components(links, directed=False)[1][equal]


def choose_test(groups, Y, fraction, rng):
    """Choose the test sequences, whole groups (n,): return whether each is one, (n,).

    Every class Y (n,) gives at most its fraction, or its smallest group.
    """
    table = pd.Series(Y).groupby(groups).agg(['first', 'size'])
    chosen = []
    for _, own in table.sample(frac=1, random_state=rng).groupby('first'):
        left = max(round(fraction * own['size'].sum()), own['size'].min())
        for group, size in own['size'].items():
            if size <= left:
                chosen.append(group)
                left -= size
    return np.isin(groups, chosen)


def marked_lines(script):
    """Return the lines from mark to mark of import_data.py's text, as a text."""
    lines = script.splitlines()
    marks = [i for i, line in enumerate(lines) if line.endswith(MARKS)]
    if len(marks) != 2:
        raise DataError(f'import_data.py must hold each once: {" and ".join(MARKS)}')
    return '\n'.join(lines[marks[0] : marks[1] + 1])


def read_facts(folder):
    """Return what about.txt in folder says of a table; {} if there was none."""
    lines = read_text(Path(folder, 'about.txt')).splitlines()
    return json.loads(lines[1]) if len(lines) > 1 else {}


def is_same_reader(script, folder):
    """Return whether import_data.py's marked lines are those of about.txt in folder.

    Comments and blank lines don't count.
    """
    now = marked_lines(Path(script).read_text('utf-8'))
    then = '\n'.join(read_text(Path(folder, 'about.txt')).splitlines()[2:])
    return ast.dump(ast.parse(now)) == ast.dump(ast.parse(then))


def find_far(X, low, high):
    """Return where values X are farther outside low to high than these are apart."""
    X, low, high = map(np.float32, (X, low, high))  # as a network sees them
    return np.maximum(low - X, X - high) > high - low


def npy_bytes(X):
    """Return the bytes of a .npy file that holds an array as float64."""
    file = io.BytesIO()
    np.save(file, X.astype('<f8'))
    return file.getvalue()
