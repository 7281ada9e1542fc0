"""Read tables with a sequence in each row, and split one into Train and Test."""

import os
import re
import sys
import warnings

from support.console import DataError, printable

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

TEXTS = {'class': str, 'star': str}


def read_csv(path):
    """Return a CSV as a pandas table: class and star as texts, '' where empty.

    Raises DataError if it cannot be read, or rows have more cells than columns.
    """
    options = {'index_col': False, 'keep_default_na': False, 'skipinitialspace': True}
    if not os.path.exists(path):
        raise DataError(f'{path} is missing')
    try:
        with warnings.catch_warnings(action='error', category=pd.errors.ParserWarning):
            return pd.read_csv(path, dtype=TEXTS, low_memory=False, **options)
    except (OSError, ValueError, pd.errors.ParserWarning) as error:
        raise DataError(f'{path} is no CSV: {error}') from None


def read_table(path, needs_class=False):
    """Return the sequences X (n, N) of a CSV with columns f0, f1, ..., and its rows.

    Rows are a pandas table: row, from 0; class and star, texts, '' if unknown; name, to
    be shown; and fault, why the row cannot be used, or ''. Raises DataError if the CSV
    is of another form.
    """
    table = read_csv(path)
    columns = [name for name in table if re.fullmatch(r'f\d+', name)]
    columns.sort(key=lambda name: int(name[1:]))
    if table.empty or len(columns) < 2 or (needs_class and 'class' not in table):
        found = f'{len(table)} rows with the columns {", ".join(table)[:100]}'
        wanted = 'class, f0, f1, f2, ... and perhaps star (docs/own-data.md)'
        if 'f0' not in table and 'star' in table and table['star'].duplicated().any():
            wanted += '; observations? docs/own-data.md#light-curves'
        raise DataError(f'{path} has {found}; wanted are {wanted}')
    others = table.columns.difference([*columns, *TEXTS], sort=False)
    if len(others):
        print(printable(f'{path}: ignored {", ".join(others)}'), file=sys.stderr)
    X = table[columns].apply(pd.to_numeric, errors='coerce').to_numpy(float)
    rows = table.reindex(columns=[*TEXTS], fill_value='').fillna('')
    rows = rows.apply(lambda texts: texts.str.strip())
    rows.insert(0, 'row', range(len(rows)))
    stars = rows['star'].where(rows['star'] == '', ', star ' + rows['star'])
    rows['name'] = f'{path} row ' + rows['row'].astype(str) + stars
    rows['fault'] = ''
    is_bad = ~(np.abs(X) < 3.4e38)  # beyond float32; NaN, too
    for i in np.flatnonzero(is_bad.any(axis=1)):
        column = columns[is_bad[i].argmax()]
        cell = table[column].iloc[i]
        rows.loc[i, 'fault'] = f'holds no number in {column}: {cell or "empty"}'
    return X, rows


def check_values(path, X, keep_codes):
    """Print the ends of the values X (n, N) of a table, and the next value to each.

    Raises DataError, unless keep_codes, for an end that repeats, and is farther from
    the next value than all others, ten or more, are apart: it may stand for no value.
    """
    values, counts = np.unique(X, return_counts=True)
    if len(values) == 1:
        raise DataError(f'{path}: all values are {values[0]:g}')
    ends = []
    codes = []
    for end, others in (0, values[1:]), (-1, values[:-1]):
        ends.append(f'{values[end]:.6g}, next {others[end]:.6g}')
        is_far = abs(values[end] - others[end]) > np.ptp(others)
        if is_far and counts[end] > 1 and len(others) >= 10:
            codes.append(f'{values[end]:g}')
    print(printable(f'{path}: {len(X):,} x {X.shape[1]} values: {"; to ".join(ends)}'))
    if codes and not keep_codes:
        why = f'does {codes[0]} stand for no value'
        remedy = f'if so, table.replace({codes[0]}, np.nan), as docs/own-data.md shows'
        raise DataError(f'{path}: {why}? {remedy}; if not, add --keep-codes')


def group_sequences(X, stars):
    """Return a number for each of X (n, N), the same if equal or of one star."""
    equal = pd.factorize(np.array([hash(x.astype('f4').tobytes()) for x in X]))[0]
    stars = pd.factorize(stars)[0] + len(X)
    links = coo_array((np.ones(len(X)), (equal, stars)), (2 * len(X), 2 * len(X)))
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
