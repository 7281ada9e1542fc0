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

# Columns of these names say in which band an observation was made.
BANDS = ('band', 'passband', 'filter', 'filt', 'fid', 'flt')


def sequences_of(path, ids, X, labels, bad, args, new=False):
    """Return the Table of observations: each object's values (N,) on a grid of its own time span.

    ids (m,) are the objects' names, X (m, 2) times and values or (m, 3) these and periods, labels
    texts (m,) or None, and bad says what is wrong with some observations, {i: text}. With periods
    the grid is one of phases, beginning at the object's first observation. What is wrong with an
    object raises DataError; of new ones it goes into the Table.
    """
    if (ids == '').any():
        raise DataError(f'{path}: a row names no object (one of {np.sum(ids == ""):,})')
    times, values = X[:, 0], X[:, 1]
    if not bad:
        check_codes(path, values, args)
        check_codes(path, times, args, times=True)
    codes, names = pd.factorize(ids)
    missing = np.isnan(times) | np.isnan(values)
    wrong = {codes[i]: text for i, text in sorted(bad.items(), reverse=True)}
    if args.missing is None:
        for k in set(codes[missing]) - set(wrong):
            wrong[k] = (
                f'{path}: an observation of object {names[k]} has no time or no value (one of'
                f' {missing.sum():,}): --missing leaves these out'
            )
    if labels is not None and not new:
        different = pd.Series(labels).groupby(codes).nunique()
        for k in different.index[different > 1]:
            own = named(pd.unique(labels[codes == k])).replace(', ,', ', none,')
            wrong.setdefault(
                k, f'{path}: object {names[k]} has rows of several classes: {own}'
            )
    order = np.lexsort((times, codes))
    order = order[~missing[order]]
    t, code = times[order], codes[order]
    for i in np.flatnonzero((np.diff(t) == 0) & (np.diff(code) == 0)):
        text = f'{path}: object {names[code[i]]} has two observations at {t[i]:.10g}'
        wrong.setdefault(code[i], f'{text}: keep one of them, or their mean')
    counts = np.bincount(code, minlength=len(names))
    few = [k for k in np.flatnonzero(counts < 3) if k not in wrong]
    for k in few if new else ():
        wrong[k] = f'{path}: object {names[k]} has fewer than three observations'
    starts = np.r_[0, np.cumsum(counts)]
    found = np.zeros((len(names), args.length))
    for k in set(np.flatnonzero(counts >= 3)) - set(wrong):
        part = order[starts[k] : starts[k + 1]]
        time, value = times[part], values[part]
        if X.shape[1] == 2:
            found[k] = np.interp(
                np.linspace(time[0], time[-1], args.length), time, value
            )
            continue
        period = X[part, 2]
        if not (period[0] > 0 and (period == period[0]).all()):
            wrong[k] = f'{path}: object {names[k]} needs one period, a number above 0'
            continue
        phase, inverse = np.unique(
            (time - time[0]) / period[0] % 1, return_inverse=True
        )
        value = np.bincount(inverse, value) / np.bincount(
            inverse
        )  # of equal phases, the mean
        found[k] = np.interp(
            np.arange(args.length) / args.length, phase, value, period=1
        )
    if wrong and not new:
        raise DataError(wrong[min(wrong)])

    kept = [k for k in range(len(names)) if new or counts[k] >= 3]
    if not kept:
        raise DataError(
            f'{path}: no object has three observations: --long names its column first'
        )
    own = counts[kept]
    said = [
        f'{own.min()} to {own.max()} observations of each object, interpolated to {args.length}'
        f' values, equally spaced in {"its time span" if X.shape[1] == 2 else "phase"}'
    ]
    if few and not new:
        said.append(
            f'Left out, with fewer than three observations: {len(few):,} ({named(names[few])})'
        )
    if missing.any():
        said.append(
            f'Left out, without a time or a value: {missing.sum():,} observations'
        )
    first = np.unique(codes, return_index=True)[1][kept]
    ids = np.array(names, object)[kept]
    labels = None if labels is None else labels[first]
    bad = {i: wrong[k] for i, k in enumerate(kept) if k in wrong}
    return Table(
        found[kept], labels, ids, [f'object {name}' for name in ids], bad, {}, said
    )


def check_long(args):
    """Raise DataError unless --long goes with the other options."""
    if not args.length:
        raise DataError(
            '--long needs --length N, the number of values that each sequence gets'
        )
    if args.values or args.fill or (args.id and args.id != 'none'):
        raise DataError('--long names the columns: leave out --values, --id and --fill')


def check_bands(path, cells, column, ids):
    """Raise DataError if the objects of a column seem to be observed in several bands."""
    for i, name in enumerate(cells.header):
        if i != column and name.lower() in BANDS:
            if (cells.frame[i].astype(str).groupby(ids).nunique() > 1).any():
                one = cells.frame[i].iloc[0]
                raise DataError(
                    f'{path}: column {name} changes within an object, but a sequence is of one'
                    f' band: write a table of one, with table[table[{name!r}] == {one!r}] in'
                    ' pandas, or one without this column'
                )


def read_long(path, args, labelled=True):
    """Return the Table of a file with an observation in each row; see sequences_of."""
    check_long(args)
    cells = read_cells(path, args, [args.long.split(',')[0], args.label], labelled)
    columns = find(path, '--long', args.long, cells)
    if len(set(columns)) != 3 or len(columns) != 3:
        raise DataError(
            f'{path}: --long {args.long} must name three columns, ID,TIME,VALUE'
        )
    label, labels = None, None
    if args.label and (
        labelled or place(args.label, cells.header, cells.frame.shape[1]) is not None
    ):
        label = find_one(path, '--label', args.label, cells)
        labels = texts_of(cells.frame[label])
    elif labelled:
        ask_label(path, cells)
    if args.period:
        columns = [*columns, find_one(path, '--period', args.period, cells)]
    ids = texts_of(cells.frame[columns[0]])
    check_bands(path, cells, columns[0], ids)
    X, bad = numbers_of(path, cells, columns[1:], args)
    table = sequences_of(path, ids, X, labels, bad, args, not labelled)
    id_, time, value, *_ = (called(i, cells.header) for i in columns)
    about = {'header': bool(cells.header), 'values': [value], 'id': id_, 'time': time}
    about['label'] = None if label is None else called(label, cells.header)
    return table._replace(columns=about, skipped=cells.skipped)


# ---------------------------------------------------------------- files of one object


def object_name(path):
    """Return the object that a file is of, by the file's name."""
    return os.path.splitext(os.path.basename(path).removesuffix('.gz'))[0]


def observations(path, args):
    """Return the times and the values of a file with an observation a line: float64 (m, 2).

    And what is wrong with them, {i: text}.
    """
    options = {'label': None, 'id': None, 'values': None, 'fixed': None}
    cells = read_cells(
        path, argparse.Namespace(**vars(args) | options), labelled=False, ask=False
    )
    if all(map(is_number, args.long.split(','))):
        cells = cells._replace(header=[])
    columns = find(path, '--long', args.long, cells)
    if len(columns) != 2:
        raise DataError(f'{path}: --long {args.long} must name two columns, TIME,VALUE')
    return numbers_of(path, cells, columns, args)


def read_objects(paths, args, labels=None):
    """Return the Table of files with the observations of one object each.

    labels, {file: class}, are their classes; without, the objects are new.
    """
    check_long(args)
    if args.period:
        raise DataError(
            '--period is a column of a table: with a file an object there is none'
        )
    found, bad, N = [], {}, 0
    for path in progress(paths, 'Reading'):
        X, wrong = observations(path, args)
        bad |= {N + i: text for i, text in wrong.items()}
        found.append(X)
        N += len(X)
    X, sizes = np.concatenate(found), [len(x) for x in found]
    ids = np.repeat(np.array([object_name(path) for path in paths], object), sizes)
    where = paths[0] if len(paths) == 1 else os.path.dirname(paths[0]) or '.'
    if labels is not None:
        labels = np.repeat(np.array([labels[path] for path in paths], object), sizes)
    table = sequences_of(where, ids, X, labels, bad, args, labels is None)
    about = {
        'header': False,
        'values': args.long.split(',')[1:],
        'id': None,
        'label': None,
    }
    return table._replace(columns=about)


def files_of_objects(pattern):
    """Return the files that --objects means, a folder or a pattern, sorted."""
    folder = os.path.isdir(pattern)
    found = glob.iglob(f'{glob.escape(pattern)}/*' if folder else pattern)
    paths = sorted(path for path in found if not os.path.isdir(path))
    if not paths:
        raise DataError(
            f'{pattern}: there is no such file; put quotes around a pattern'
        )
    names = pd.Series([object_name(path) for path in paths])
    if names.duplicated().any():
        twice = names[names.duplicated()]
        raise DataError(
            f'{pattern}: two files are of one object each of {named(twice)}'
        )
    return paths


def read_classes(path, paths, args):
    """Return the files that have a class, their classes, {file: text}, and lines of what was done.

    path is a table with the names of the objects, those of the files, and their classes. Raises
    DataError for a file without a class or a class without a file, unless args.skip.
    """
    files = {os.path.basename(path): path for path in paths}
    files = {object_name(path): path for path in paths} | files
    options = argparse.Namespace(**dict.fromkeys(vars(args)))
    options.fixed, options.decimal = args.fixed, args.decimal
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
        raise DataError(
            f'{path}: say with --label which column holds the class of each object'
        )
    label = find_one(path, '--label', args.label, cells) if args.label else 1
    found, alone = {}, []
    for name, text in zip(ids, texts_of(cells.frame[label]), strict=True):
        file = files.get(os.path.basename(name))
        if file is None:
            alone.append(name)
        elif found.setdefault(file, text) != text:
            raise DataError(
                f'{path}: object {name} has two classes, {found[file]} and {text}'
            )
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
        raise DataError(
            f'{path}: its first column names none of the files, such as {paths[0]}'
        )
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
            raise DataError(
                f'{path} has no column {args.long.split(",")[0]}, as in training: give it that, or'
                ' two columns alone, time and value'
            )
    table = read_objects(
        [path], argparse.Namespace(**{**vars(args), 'long': ','.join(names)})
    )
    return table._replace(rows=[''])
