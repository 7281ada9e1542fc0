"""Tables with a sequence in each row. What a column holds is said by the user, or asked.

Tables with an observation in each row, and light curves: support/curves.py.
"""

import argparse
import itertools
import re
import shlex
import sys
import warnings
from typing import NamedTuple

from support.cells import (
    Cells,
    is_missing,
    is_number,
    named,
    place,
    read_cells,
    texts_of,
)
from support.console import DataError, clean, print_table, program, whole_number

import numpy as np
import pandas as pd

COMMAS = '; decimal commas need --decimal ,'
# What columns of identifiers and of times are called, if they are called what they are.
IDS = {
    'id',
    'name',
    'star',
    'object',
    'source',
    'objid',
    'oid',
    'number',
    'index',
    'key',
    'unnamed',
}
TIMES = {'time', 'mjd', 'jd', 'hjd', 'bjd', 'date', 'epoch', 'phase', 'period', 't'}
LARGEST = float(np.finfo('float32').max)  # networks compute in float32
# What was said of a table that is to be said of another like it, too.
READING = ('label', 'decimal', 'fixed', 'missing', 'fill', 'length', 'long', 'period')


class Table(NamedTuple):
    """The sequences of a table."""

    X: np.ndarray  # float64 (n, N)
    labels: np.ndarray | None  # texts (n,), the class of each, '' where there is none
    ids: np.ndarray | None  # texts (n,), the object of each
    rows: list  # what messages call each: n texts
    bad: dict  # {i: what is wrong with sequence i}
    columns: dict  # what the columns are, by their names or else numbers from 1
    said: list  # lines that say what was done
    skipped: tuple = ()  # what is wrong with rows that are left out


def add_columns(script):
    """Add to an ArgumentParser what says how a table is to be read."""
    add = script.add_argument
    # So that --missing -999,99.9 holds no option called -9.
    script._negative_number_matcher = re.compile(r'-[.\d]')
    add(
        '--label',
        metavar='COLUMN',
        help='of the classes: a name, or without a header a number',
    )
    add(
        '--values',
        metavar='COLUMNS',
        help='of the sequences, such as f0:f99, 2:101 or 2:last',
    )
    add('--id', metavar='COLUMN', help='of the names of the objects, or none')
    add(
        '--header',
        choices=('yes', 'no'),
        help='whether the first line names the columns',
    )
    add('--decimal', choices=('.', ','), help='what stands before the decimals')
    add(
        '--fixed',
        action='store_true',
        default=None,
        help='columns of a fixed width, with blanks',
    )
    what = 'what stands for no value, such as -999,99.999; a long table does without these rows'
    add('--missing', metavar='CODES', nargs='?', const='', help=what)
    add(
        '--fill',
        action='store_true',
        default=None,
        help='interpolate missing values in each row',
    )
    add(
        '--length',
        type=whole_number(2),
        metavar='N',
        help='interpolate each sequence to N values',
    )
    add(
        '--long',
        metavar='ID,TIME,VALUE',
        help='each row is an observation, in these columns',
    )
    add('--period', metavar='COLUMN', help='of a long table, to fold each object with')


# ---------------------------------------------------------------- what the columns are


def find(path, option, text, cells):
    """Return the columns that text means: one, a range by its ends, or several with commas."""
    header, width = cells.header, cells.frame.shape[1]
    if text in cells.vectors:
        return cells.vectors[text]
    if header.count(text) > 1 or (text in ('first', 'last') and text in header):
        raise DataError(
            f'{path}: {option} {text} means several columns: give one another name'
        )
    if (column := place(text, header, width)) is not None:
        return [column]
    for colon in re.finditer(':', text):
        first, last = text[: colon.start()], text[colon.end() :]
        if any(header.count(end) > 1 for end in (first, last)):
            break
        ends = [place(end, header, width) for end in (first, last)]
        if None not in ends and ends[0] <= ends[1]:
            return list(range(ends[0], ends[1] + 1))
    if ',' in text:
        return [i for part in text.split(',') for i in find(path, option, part, cells)]
    known = f'a number from 1 to {width}, as there is no header'
    if header:
        known = f'a name in the header, {named(header)}'
    raise DataError(
        f'{path}: {option} {text} means no column: give first, last or {known}'
    )


def find_one(path, option, text, cells):
    """Return the column that text means."""
    columns = find(path, option, text, cells)
    if len(columns) > 1:
        raise DataError(f'{path}: {option} {text} means several columns: give one')
    return columns[0]


def called(i, header):
    """Return what column i is called: its name, or its number from 1."""
    return (header[i] if header else '') or str(i + 1)


def is_whole(column):
    """Return whether a column holds texts or whole numbers: classes, names, flags, counts."""
    return column.dtype.kind != 'f' or bool((column.dropna() % 1 == 0).all())


def is_text(column):
    """Return whether a column holds texts, other than a few among numbers or decimal commas."""
    if column.dtype.kind in 'iuf':
        return False
    cells = column.dropna().astype(str).head(1000)
    return 2 * cells.str.fullmatch(r'\s*[-+\d.,eE]+\s*').sum() < len(cells)


def numbers_of(path, cells, columns, args):
    """Return columns as float64 (n, N), NaN where a value is missing, and what is wrong, {i: text}.

    Each text names the file, the row i, the column and the remedy.
    """
    frame, bad = cells.frame, {}
    codes = [code.strip() for code in (args.missing or '').split(',') if code.strip()]
    kinds = frame.dtypes
    texts = [i for i in columns if kinds[i].kind not in 'iuf']
    decimal = '' if args.decimal != ',' else ', with a comma before the decimals alone'
    numbers = frame
    if texts:
        found = {i: frame[i].astype(str) for i in texts}
        if decimal:  # what pandas has not understood is no number with a dot either
            found = {
                i: cells.where(~cells.str.contains('.', regex=False))
                for i, cells in found.items()
            }
        found = {i: pd.to_numeric(cells, errors='coerce') for i, cells in found.items()}
        numbers = pd.DataFrame({i: found.get(i, frame[i]) for i in columns})
    X = np.empty((len(frame), len(columns)))
    for j in range(0, len(columns), 16):  # a few at a time, which needs little memory
        X[:, j : j + 16] = numbers[columns[j : j + 16]]
    for column in texts:
        for i in np.flatnonzero(np.isnan(X[:, columns.index(column)])):
            cell = str(frame[column].iloc[i]).strip()
            if is_missing(cell) or cell in codes:
                continue
            remedy = 'correct it, say with --values which columns hold values, or with --missing'
            remedy += f' {shlex.quote(cell)} that this stands for none'
            if re.search(r'\d[.,]\d+[.,]\d|\d,\d{3}$', cell) or (
                '.' in cell and decimal
            ):
                remedy = '1,000 and 1.000 are to be written 1000' + (decimal or COMMAS)
            elif re.search(r'\d,\d', cell):
                remedy = COMMAS.removeprefix('; ')
            elif re.match(r'\d{4}-\d\d', cell):
                remedy = "times are to be numbers, such as MJD (astropy's Time converts them)"
            elif cell in cells.header or (
                not i and len(texts) == len(columns) < len(frame)
            ):
                remedy = (
                    'if this line names the columns once more, or units, take it out'
                )
            bad.setdefault(int(i), (column, cell, remedy))
    for code in filter(is_number, codes):
        X[np.isclose(X, float(code), rtol=1e-6, atol=0)] = np.nan
    if 'inf' in codes:
        X[np.isinf(X)] = np.nan
    low, high = ends_of(X)
    for i, j in (
        np.argwhere(np.abs(X) > LARGEST) if low < -LARGEST or high > LARGEST else ()
    ):
        remedy = 'networks compute in float32, which ends at 3.4e38: rescale the values'
        if np.isinf(X[i, j]):
            remedy = 'correct it, or say with --missing inf that it stands for no value'
        bad.setdefault(int(i), (columns[j], f'{X[i, j]:g}', remedy))
    where = {
        i: f'{path}, row {frame.index[i]}, column {called(bad[i][0], cells.header)}'
        for i in bad
    }
    return X, {
        i: f'{where[i]} holds {bad[i][1][:20]!r}: {bad[i][2]}' for i in sorted(bad)
    }


def ends_of(X):
    """Return the smallest and the largest number of X; NaN where there is none."""
    return np.fmin.reduce(X, axis=None), np.fmax.reduce(X, axis=None)


def codes_of(X, args, times=False):
    """Return what numbers at the ends of X look like codes for no value.

    Such as -999, -32768 and 1e20: apart from all others, or more frequent than the next of them.
    """
    found, ends = [], [] if 'none' in (args.missing or '') else [*ends_of(X)]
    while ends:
        code = float(ends.pop())
        usual = re.fullmatch(r'-?9{2,}(\.9+)?|-32768', f'{code:.10g}')
        for part in (
            X[:: len(X) // 100 + 1],
            X,
        ):  # a few rows show mostly that it is none
            others = part[~np.isnan(part) & (part != code)]
            if not others.size:
                break
            next_ = others[abs(others - code).argmin()]
            apart = abs(next_ - code) / (np.ptp(others) or abs(next_) or 1)
            if not usual and apart <= (10 if times else 100):
                break
        else:
            if (
                usual
                and apart <= 1
                and np.sum(X == code) <= 2 * np.sum(others == next_)
            ):
                continue
            found.append(code)
            X, ends = others, [*ends_of(others)]  # of what is left
    return found


def check_codes(path, X, args, times=False):
    """Raise DataError if some numbers of X look like codes for no value."""
    if codes := codes_of(X, args, times):
        given = ','.join(
            [*filter(None, [args.missing]), *(f'{code:.10g}' for code in codes)]
        )
        many = ' and '.join(f'{code:.10g} {np.sum(X == code)} times' for code in codes)
        raise DataError(
            f'{path} holds {many}, at the end of all {"times" if times else "values"}: --missing'
            f' {given} if that stands for no value, else --missing {args.missing or ""}'
            f'{"," * bool(args.missing)}none'
        )


def describe(path, cells):
    """Print what each column of a table looks like; neighbours that look alike share a line."""
    from rich.table import Table as Printed

    frame = cells.frame

    def kind(i):
        if frame[i].dtype.kind not in 'iuf':
            return 'text', i
        return ('whole numbers' if is_whole(frame[i]) else 'numbers'), None

    printed = Printed('column', 'holds', 'range', 'different', 'missing', box=None)
    few = frame.shape[1] <= 20
    for (what, *_), group in itertools.groupby(frame, lambda i: (*kind(i), few and i)):
        group = list(group)
        part = frame[group]
        ends = dict.fromkeys(called(i, cells.header) for i in (group[0], group[-1]))
        if what == 'text':
            some = part[group[0]].dropna().unique()
            range_ = ', '.join(map(str, some[:3])) + ' ...' * (len(some) > 3)
        else:
            range_ = f'{part.min().min():.6g} to {part.max().max():.6g}'
        different = sorted({part[i].nunique() for i in group})
        different = ' to '.join(map(str, dict.fromkeys((different[0], different[-1]))))
        row = (
            ' to '.join(ends),
            what,
            range_[:60],
            different,
            str(int(part.isna().sum().sum())),
        )
        printed.add_row(*map(clean, row))
    print(f'{clean(path)} holds {len(frame)} rows of {frame.shape[1]} columns:')
    print_table(printed)


# ---------------------------------------------------------------- what is asked


def is_odd(X):
    """Return whether each column of X (n, N) lies far from all others: bool (N,)."""
    if X.shape[1] < 4:
        return np.zeros(X.shape[1], bool)
    X = X[:: len(X) // 1000 + 1]
    with warnings.catch_warnings():  # of columns without a number
        warnings.simplefilter('ignore')
        medians, spread = np.nanmedian(X, axis=0), np.nanmedian(np.nanstd(X, axis=0))
        distances = abs(medians - np.nanmedian(medians))
    usual = np.sort(distances)[-1 - max(1, X.shape[1] // 10)]
    return distances > 20 * (usual + spread)


def looks_long(cells, label):
    """Return --long as it may be meant if each row looks like an observation; else None."""
    frame, header = cells.frame, cells.header
    for i in frame if frame.shape[1] <= 12 else ():
        if (
            i == label
            or not is_whole(frame[i])
            or not 0 < 2 * frame[i].nunique() <= len(frame)
        ):
            continue
        for t in set(frame) - {i, label}:
            if (
                frame[t].dtype.kind in 'iuf'
                and not (frame[t].diff().dropna() == 1).all()
            ):
                steps = frame[t].groupby(frame[i], sort=False).diff().dropna()
                if ((steps > 0).all() and len(steps)) or (
                    header and header[t].lower() in TIMES
                ):
                    names = called(i, header), called(t, header), 'VALUE'
                    return f'--long {shlex.quote(",".join(names))} --length N'
    return None


def doubts(cells, values, X):
    """Return why some columns of values, X (n, N), may hold something else: {column: why}."""
    frame, header = cells.frame, cells.header
    few = max(3, len(values) // 10)  # what many columns are, none is by mistake
    words = {i: set(re.split(r'[\W_]+', header[i].lower())) for i in values if header}
    start = np.nan_to_num(X[:100]) % 1 == 0  # what ends the search for most columns
    whole = [i for i, maybe in zip(values, start.all(axis=0), strict=True) if maybe]
    whole = [i for i in whole if is_whole(frame[i]) and frame[i].dtype.kind in 'iuf']
    rising = (X[1:] > X[:-1]).all(axis=0) & (len(X) > 3)
    kinds = {
        'holds texts': [i for i in values if is_text(frame[i])],
        'is called like an identifier or a time': [
            i for i in words if words[i] & (IDS | TIMES)
        ],
        'has no name': [i for i in values if header and not header[i]],
        'numbers the rows': [
            i
            for i in whole
            if np.ptp(frame[i]) == len(frame) - 1 == frame[i].nunique() - 1 > 2
        ],
        'rises from row to row': [
            i for i, up in zip(values, rising, strict=True) if up
        ],
        'holds whole numbers, unlike the others': [
            i for i in whole if frame[i].nunique() > max(5, len(frame) / 20)
        ],
        'is unlike the others': [
            i for i, odd in zip(values, is_odd(X), strict=True) if odd
        ],
    }
    found = {}
    for why, columns in kinds.items():
        for i in columns if len(columns) <= few or why == 'holds texts' else ():
            found.setdefault(i, why)
    return found


def check_columns(path, cells, args, values, label, ident, X):
    """Raise DataError where a column may be something else than what it is taken for.

    X (n, N) are the numbers in the columns called values.
    """
    frame, header = cells.frame, cells.header
    if (not args.values or len(values) == 1) and (found := looks_long(cells, label)):
        raise DataError(
            f'{path} looks long, an observation in each row: {found} makes a sequence of N values'
            ' of each object; if each row is one, --values FIRST:LAST'
        )
    if not args.values:
        if found := doubts(cells, values, X):
            i = min(found)
            runs = [
                list(run) for _, run in itertools.groupby(values, lambda i: i in found)
            ]
            run = max(
                (run for run in runs if run[0] not in found), key=len, default=values
            )
            ends = f'{called(run[0], header)}:{called(run[-1], header)}'
            raise DataError(
                f'{path}: column {called(i, header)} {found[i]}: say which columns hold the values,'
                f' such as --values {shlex.quote(ends)}, and with'
                ' --id which one names the objects, if any does'
            )
    for i in set(frame) - {*values, label, ident} if args.id is None else ():
        many, name = frame[i].nunique(), called(i, header)
        is_id = header and IDS & set(re.split(r'[\W_]+', name.lower()))
        if (
            is_whole(frame[i])
            and many < len(frame)
            and (is_id or many > max(5, len(frame) / 20))
        ):
            raise DataError(
                f'{path}: column {name} holds values several times, as if it named objects: --id'
                f' {shlex.quote(name)} keeps the rows of each on one side of the split, --id none'
                ' does not'
            )


def ask_label(path, cells):
    """Print what the columns look like, and end the program with the command that it needs."""
    describe(path, cells)
    if found := looks_long(cells, None):
        print(clean(f'It looks long, an observation in each row: {found}'))
    error = DataError(
        f'which column holds the class? python {program()} {path} --label COLUMN'
        ' [--values FIRST:LAST] [--id COLUMN]'
    )
    print(error.code, file=sys.stderr)
    raise SystemExit(2)


# ---------------------------------------------------------------- a sequence in each row


def same_columns(path, cells, columns):
    """Return the columns of values, label and id in a table like that of which columns was said.

    Raises DataError if it is of another kind.
    """
    header, width = cells.header, cells.frame.shape[1]
    values = columns['values']
    others = [columns[x] and place(columns[x], header, width) for x in ('label', 'id')]
    if not columns['header']:
        if width == columns['width']:
            return [int(value) - 1 for value in values], *others
        if width == len(values):  # nothing but the values
            return list(range(width)), None, None
        raise DataError(
            f'{path} has {width} columns, but the network was trained with a table of'
            f' {columns["width"]}, {len(values)} of them values: give it the same columns'
        )
    found = [header.index(value) if value in header else -1 for value in values]
    if -1 in found:
        raise DataError(
            f'{path} has no column {values[found.index(-1)]}, which is one of the {len(values)}'
            ' values that the network was trained with: give it the same columns'
        )
    return found, *others


def read_wide(path, args, labelled=True, columns=None):
    """Return the Table of a file with a sequence in each row; see read_table and read_new."""
    texts = [args.label, args.id]
    if columns:
        texts = [columns['label'], columns['id']]
        args.header = 'yes' if columns['header'] else 'no'
    cells = read_cells(path, args, texts, labelled)
    if not labelled and cells.frame.shape[1] == 1:  # one number a line
        row = cells.frame.T.set_axis([cells.frame.index[0]])
        cells = Cells(row.set_axis(range(row.shape[1]), axis=1), [], {})
        args, columns = (
            argparse.Namespace(**{**vars(args), 'label': None, 'id': None}),
            None,
        )
    frame, header = cells.frame, cells.header
    label = ident = None
    if columns:
        values, label, ident = same_columns(path, cells, columns)
    else:
        if cells.label or args.label:
            label = find_one(path, '--label', cells.label or args.label, cells)
        elif labelled:
            ask_label(path, cells)
        if args.id not in (None, 'none'):
            ident = find_one(path, '--id', args.id, cells)
        values = [i for i in frame if i not in (label, ident)]
        if args.values:
            values = find(path, '--values', args.values, cells)
            for i, option in (label, '--label'), (ident, '--id'):
                if i in values:
                    raise DataError(
                        f'{path}: --values {args.values} also means that of {option}'
                    )
    if not values:
        raise DataError(
            f'{path} holds no values beside the class: give each row its sequence'
        )
    X, bad = numbers_of(path, cells, values, args)
    if labelled and not cells.label:
        check_columns(path, cells, args, values, label, ident, X)
    if labelled and not bad:
        check_codes(path, X, args)
    elif codes := codes_of(X, args):
        for i, j in np.argwhere(np.isin(X, codes)):
            where = f'{path}, row {frame.index[i]}, column {called(values[j], header)}'
            text = f'{where} holds {X[i, j]:.10g}, which looks like a code for no value'
            bad.setdefault(
                int(i), f'{text}: --missing {X[i, j]:.10g}, or --missing none'
            )
    X, said = whole_rows(path, cells, X, values, bad, args)
    about = {'header': bool(header), 'width': frame.shape[1]}
    about['values'] = [called(i, header) for i in values]
    about |= {
        k: None if i is None else called(i, header)
        for k, i in (('label', label), ('id', ident))
    }
    labels, ids = (None if i is None else texts_of(frame[i]) for i in (label, ident))
    if labelled and ids is not None and (ids == '').any():
        row = frame.index[(ids == '').argmax()]
        many = f'{path}, row {row} names no object in column {about["id"]}, one of'
        raise DataError(
            f'{many} {np.sum(ids == ""):,} (nothing, nan, NA ... are no names): name it'
        )
    rows = [f'row {row}' for row in frame.index]
    return Table(X, labels, ids, rows, bad, about, said, cells.skipped)


def whole_rows(path, cells, X, columns, bad, args):
    """Fill the gaps of X (n, N) and bring its rows to one length, as args say: return X and lines.

    What cannot be mended goes into bad, {i: text}.
    """
    missing, frame = np.isnan(X), cells.frame
    rows = np.flatnonzero(missing.any(axis=1))
    if not len(rows) and not args.length:
        return X, []
    N = X.shape[1]
    ends = N - missing[:, ::-1].argmin(axis=1) if args.length else np.full(len(X), N)
    many, said = 0, []
    for i in map(int, rows):
        gap = missing[i, : ends[i]]
        where = f'{path}, row {frame.index[i]}'
        if i in bad or not (gap.any() or ends[i] < 2):
            continue
        if gap.all() or ends[i] < 2:
            bad[i] = f'{where} holds no values, or one: take it out'
        elif args.fill:
            known = np.flatnonzero(~gap)
            X[i, : ends[i]] = np.interp(np.arange(ends[i]), known, X[i, known])
            many += gap.sum()
        else:
            name = called(columns[gap.argmax()], cells.header)
            bad[i] = (
                f'{where}, column {name} holds no value (one of {missing.sum():,}): --fill'
                ' interpolates along the row; if rows end early, --length N brings all to N values'
            )
    if many:
        said.append(
            f'Interpolated along their rows: {many:,} missing values; at an end, the nearest'
        )
    if args.length:
        grid, good = (
            np.linspace(0, 1, args.length),
            [n for i, n in enumerate(ends) if i not in bad],
        )
        X = np.array(
            [
                np.interp(grid * (n - 1), np.arange(n), x[:n])
                for x, n in zip(X, ends, strict=True)
            ]
        )
        lengths = f'{min(good, default=0)} to {max(good, default=0)}'
        said.append(f'{lengths} values in a row, interpolated to {args.length}')
    return X, said
