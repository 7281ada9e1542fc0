"""Light curves as sequences: tables with an observation in each row, and files of one object."""

import argparse
import glob
import os

from support.cells import is_number, named, place, read_cells, texts_of
from support.console import DataError, progress
from support.tables import (
    Table,
    ask_label,
    called,
    check_codes,
    describe,
    find,
    find_one,
    numbers_of,
    read_wide,
)

import numpy as np
import pandas as pd


def sequences_of(path, ids, times, values, labels, periods, args):
    """Return the Table of observations: each object's values (N,) on a grid of its own time span.

    ids (m,) are the objects' names, times and values float64 (m,), labels texts (m,) or None,
    periods float64 (m,) or None, in units of the times. With a period the grid is one of phases,
    beginning at the object's first observation.
    """
    if (ids == '').any():
        raise DataError(
            f'{path}: a row names no object (one of {np.sum(ids == ""):,}): take it out'
        )
    missing = np.isnan(times) | np.isnan(values)
    if missing.any() and args.missing is None:
        raise DataError(
            f'{path}: an observation of object {ids[missing.argmax()]} has no time or no value (one'
            f' of {missing.sum():,}): --missing leaves these out'
        )
    codes, names = pd.factorize(ids)
    if labels is not None:
        different = pd.Series(labels).groupby(codes).nunique()
        if (different > 1).any():
            wrong = names[different.index[different > 1]]
            raise DataError(f'{path}: object {named(wrong)} has rows of two classes: correct them')
    order = np.lexsort((times, codes))
    order = order[~missing[order]]
    t, code = times[order], codes[order]
    if (twice := (np.diff(t) == 0) & (np.diff(code) == 0)).any():
        k = order[twice.argmax()]
        raise DataError(
            f'{path}: object {ids[k]} has two observations at {times[k]:.10g} (one of'
            f' {twice.sum():,} pairs): keep one of each, or their mean'
        )
    counts = np.bincount(code, minlength=len(names))
    enough = np.flatnonzero(counts >= 3)
    if not len(enough):
        raise DataError(f'{path}: no object has three observations: --long names its column first')
    starts = np.r_[0, np.cumsum(counts)]
    X = np.empty((len(enough), args.length))
    for row, k in enumerate(enough):
        part = order[starts[k] : starts[k + 1]]
        time, value = times[part], values[part]
        if periods is None:
            X[row] = np.interp(np.linspace(time[0], time[-1], args.length), time, value)
            continue
        period = periods[part]
        if not (period[0] > 0 and (period == period[0]).all()):
            raise DataError(f'{path}: object {names[k]} needs one period, a number above 0')
        phase, inverse = np.unique((time - time[0]) / period[0] % 1, return_inverse=True)
        value = np.bincount(inverse, value) / np.bincount(inverse)  # of equal phases, the mean
        X[row] = np.interp(np.arange(args.length) / args.length, phase, value, period=1)
    few = names[counts < 3]
    said = [
        f'{counts[enough].min()} to {counts[enough].max()} observations of each object,'
        f' interpolated to {args.length} values, equally spaced in '
        + ('its time span' if periods is None else 'phase')
    ]
    if len(few):
        said.append(f'Left out, with fewer than three observations: {len(few):,} ({named(few)})')
    if missing.any():
        said.append(f'Left out, without a time or a value: {missing.sum():,} observations')
    first = pd.Series(range(len(codes))).groupby(codes).first().to_numpy()[enough]
    ids = np.array(names, object)[enough]
    labels = None if labels is None else labels[first]
    return Table(X, labels, ids, [f'object {name}' for name in ids], {}, {}, said)


def check_long(args):
    """Raise DataError unless --long goes with the other options."""
    if not args.length:
        raise DataError('--long needs --length N, the number of values that each sequence gets')
    if args.values or args.fill or (args.id and args.id != 'none'):
        raise DataError('--long names the columns: leave out --values, --id and --fill')


def read_long(path, args, labelled=True):
    """Return the Table of a file with an observation in each row; see sequences_of."""
    check_long(args)
    cells = read_cells(path, args, [args.long.split(',')[0], args.label], labelled)
    columns = find(path, '--long', args.long, cells)
    if len(set(columns)) != 3 or len(columns) != 3:
        raise DataError(f'{path}: --long {args.long} must name three columns, ID,TIME,VALUE')
    label, labels, periods = None, None, None
    if args.label and (
        labelled or place(args.label, cells.header, cells.frame.shape[1]) is not None
    ):
        label = find_one(path, '--label', args.label, cells)
        labels = texts_of(cells.frame[label])
    elif labelled:
        ask_label(path, cells)
    if args.period:
        columns = [*columns, find_one(path, '--period', args.period, cells)]
    X, bad = numbers_of(path, cells, columns[1:], args)
    if bad:
        raise DataError(next(iter(bad.values())))
    if labelled:
        check_codes(path, X[:, 1], args)
    if args.period:
        periods = X[:, 2]
    ids = texts_of(cells.frame[columns[0]])
    table = sequences_of(path, ids, X[:, 0], X[:, 1], labels, periods, args)
    id_, time, value, *_ = (called(i, cells.header) for i in columns)
    about = {'header': bool(cells.header), 'values': [value], 'id': id_, 'time': time}
    about['label'] = None if label is None else called(label, cells.header)
    return table._replace(columns=about)


# ---------------------------------------------------------------- files of one object


def object_name(path):
    """Return the object that a file is of, by the file's name."""
    return os.path.splitext(os.path.basename(path).removesuffix('.gz'))[0]


def observations(path, args):
    """Return the times and the values, float64 (2, m), of a file with an observation a line."""
    options = argparse.Namespace(**{**vars(args), 'label': None, 'id': None, 'values': None})
    cells = read_cells(path, options, labelled=False, ask=False)
    if all(map(is_number, args.long.split(','))):
        cells = cells._replace(header=[])
    columns = find(path, '--long', args.long, cells)
    if len(columns) != 2:
        raise DataError(f'{path}: --long {args.long} must name two columns, TIME,VALUE')
    X, bad = numbers_of(path, cells, columns, args)
    if bad:
        raise DataError(next(iter(bad.values())))
    return X.T


def read_objects(paths, args, labels=None):
    """Return the Table of files with the observations of one object each.

    labels, {file: class}, are their classes, if these are known.
    """
    check_long(args)
    if args.period:
        raise DataError('--period is a column of a table: with a file an object there is none')
    bar = progress(paths, 'Reading')
    found = [observations(path, args) for path in bar]
    sizes = [x.shape[1] for x in found]
    ids = np.repeat(np.array([object_name(path) for path in paths], object), sizes)
    if labels is not None:
        labels = np.repeat(np.array([labels[path] for path in paths], object), sizes)
    times, values = np.concatenate(found, axis=1)
    where = paths[0] if len(paths) == 1 else os.path.dirname(paths[0]) or '.'
    if labels is not None:
        check_codes(where, values, args)
    table = sequences_of(where, ids, times, values, labels, None, args)
    about = {'header': False, 'values': args.long.split(',')[1:], 'id': None, 'label': None}
    return table._replace(columns=about)


def files_of_objects(pattern):
    """Return the files that --objects means, a folder or a pattern, sorted."""
    folder = os.path.isdir(pattern)
    found = glob.iglob(f'{glob.escape(pattern)}/*' if folder else pattern)
    paths = sorted(path for path in found if not os.path.isdir(path))
    if not paths:
        raise DataError(f'{pattern}: there is no such file; put quotes around a pattern')
    names = pd.Series([object_name(path) for path in paths])
    if names.duplicated().any():
        twice = names[names.duplicated()]
        raise DataError(f'{pattern}: two files are of one object each of {named(twice)}')
    return paths


def read_classes(path, paths, args):
    """Return the files that have a class, their classes, {file: text}, and lines of what was done.

    path is a table with the names of the objects, those of the files, and their classes. Raises
    DataError for a file without a class or a class without a file, unless args.skip.
    """
    files = {os.path.basename(path): path for path in paths}
    files = {object_name(path): path for path in paths} | files
    options = argparse.Namespace(**dict.fromkeys(vars(args)))
    for options.header in ('no', 'yes'):
        options.label = args.label if options.header == 'yes' else None
        texts = ['first', '2', args.label or 'last']
        cells = read_cells(path, options, texts)
        ids = texts_of(cells.frame[0])
        if any(os.path.basename(name) in files for name in ids[:1]):
            break
    width = cells.frame.shape[1]
    if width < 2 or (width > 2 and not args.label):
        describe(path, cells)
        raise DataError(f'{path}: say with --label which column holds the class of each object')
    label = find_one(path, '--label', args.label, cells) if args.label else 1
    found, alone = {}, []
    for name, text in zip(ids, texts_of(cells.frame[label]), strict=True):
        file = files.get(os.path.basename(name))
        if file is None:
            alone.append(name)
        elif found.setdefault(file, text) != text:
            raise DataError(f'{path}: object {name} has two classes, {found[file]} and {text}')
    lacking = [file for file in paths if not found.get(file)]
    said = []
    for many, what in (
        (lacking, 'files without a class'),
        (alone, f'objects of {path} without a file'),
    ):
        if many:
            said.append(f'{what}: {len(many):,} ({named(many)})')
    if said and not args.skip:
        raise DataError(f'{"; ".join(said)}: --skip leaves these out')
    if len(lacking) == len(paths):
        raise DataError(f'{path}: its first column names none of the files, such as {paths[0]}')
    return [file for file in paths if found.get(file)], found, said


# ---------------------------------------------------------------- any table


def read_table(path, args):
    """Return the Table of a file for training, wide or, with args.long, long.

    args are the options of add_columns. There must be a column of classes, and what args does not
    say of the columns is asked. Raises DataError.
    """
    return read_long(path, args) if args.long else read_wide(path, args)


def read_new(path, args, columns=None):
    """Return the Table of a file for a network, which need not hold classes.

    columns says what the columns of the table were that it was trained with, its Table.columns;
    those of this one must be the same. One number a line, or an array of one dimension, is a single
    sequence; a file with two columns, for a network trained with observations, is a single object.
    """
    if not args.long:
        return read_wide(path, args, False, columns)
    names = args.long.split(',')
    if len(names) == 3:
        options = argparse.Namespace(**{**vars(args), 'label': None, 'long': None})
        cells = read_cells(path, options, labelled=False, ask=False)
        width = cells.frame.shape[1]
        if width > 2 and place(names[0], cells.header, width) is not None:
            return read_long(path, args, False)
        names = names[1:] if cells.header and names[1] in cells.header else ['1', '2']
        if names == ['1', '2'] and width != 2:
            raise DataError(f'{path} has no column {args.long.split(",")[0]}, as in training')
    table = read_objects([path], argparse.Namespace(**{**vars(args), 'long': ','.join(names)}))
    return table._replace(rows=[''])
