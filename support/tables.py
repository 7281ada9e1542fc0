"""Tables of sequences, read by pandas or astropy. What a column holds is said, not guessed.

A wide table holds a sequence in each row. A long one holds an observation in each row: an object,
a time, a value. Or each object has a file of its own, with a time and a value in each line.
"""

import argparse
import csv
import glob
import gzip
import io
import itertools
import os
import re
import sys
import warnings
from typing import NamedTuple

from support.console import DataError, clean, program, progress, whole_number
from support.files import check_file

import numpy as np
import pandas as pd

ASTROPY = ('.fits', '.fit', '.fits.gz', '.ecsv', '.vot', '.votable')
TABLES = ('.csv', '.tsv', '.txt', '.csv.gz', '.tsv.gz', '.txt.gz', '.npy', '.npz', '.ts', *ASTROPY)
OTHERS = ('.parquet', '.feather', '.xlsx', '.xls', '.ods', '.h5', '.hdf5', '.pkl', '.pickle')

# What stands for no value, beside what pandas takes for that: nothing, nan, NA, N/A, null, None ...
MISSING = ('--', '-', '?')
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


class Cells(NamedTuple):
    """What a file holds, before anybody has said what it means."""

    frame: pd.DataFrame  # columns 0, 1, ...: numbers or texts; the index is the row, from 1
    header: list  # the names of the columns; [] without
    vectors: dict  # the columns that each column of vectors has become, by its name
    label: str | None = None  # the column of the classes, where this kind of file settles it


class Table(NamedTuple):
    """The sequences of a table."""

    X: np.ndarray  # float64 (n, N)
    labels: np.ndarray | None  # texts (n,), the class of each, '' where there is none
    ids: np.ndarray | None  # texts (n,), the object of each
    rows: list  # what messages call each: n texts
    bad: dict  # {i: what is wrong with sequence i}
    columns: dict  # what the columns are, by their names or else numbers from 1
    said: list  # lines that say what was done


def add_columns(script):
    """Add to an ArgumentParser what says how a table is to be read."""
    add = script.add_argument
    # So that --missing -999,99.9 holds no option called -9.
    script._negative_number_matcher = re.compile(r'-[.\d]')
    add('--label', metavar='COLUMN', help='of the classes: a name, or without a header a number')
    add('--values', metavar='COLUMNS', help='of the sequences, such as f0:f99, 2:101 or 2:last')
    add('--id', metavar='COLUMN', help='of the names of the objects, or none')
    add('--header', choices=('yes', 'no'), help='whether the first line names the columns')
    add('--decimal', choices=('.', ','), help='what stands before the decimals')
    add('--fixed', action='store_true', default=None, help='columns of a fixed width, with blanks')
    what = 'what stands for no value, such as -999,99.999; a long table does without these rows'
    add('--missing', metavar='CODES', nargs='?', const='', help=what)
    add('--fill', action='store_true', default=None, help='interpolate missing values in each row')
    add('--length', type=whole_number(2), metavar='N', help='interpolate each sequence to N values')
    add('--long', metavar='ID,TIME,VALUE', help='each row is an observation, in these columns')
    add('--period', metavar='COLUMN', help='of a long table, to fold each object with')


# ---------------------------------------------------------------- the cells of each kind of file


def open_text(path):
    """Return a text file opened for reading, in whatever encoding it has."""
    check_file(path)
    with open(path, 'rb') as file:
        opened = gzip.open if file.read(2) == b'\x1f\x8b' else open
    try:
        with opened(path, 'rb') as file:
            if file.read(2) in (b'\xff\xfe', b'\xfe\xff'):
                return opened(path, 'rt', encoding='utf-16')
        encoding = 'utf-8-sig'
        with opened(path, 'rt', encoding=encoding) as file:
            if any('\0' in block for block in iter(lambda: file.read(1 << 20), '')):
                raise DataError(f'{path} is no text: save the table as CSV (UTF-8), .npy or .npz')
    except UnicodeDecodeError:
        encoding = 'latin-1'
    except (OSError, EOFError) as error:  # of gzip
        raise DataError(f'{path} cannot be unpacked ({error}): write it again') from None
    return opened(path, 'rt', encoding=encoding)


def split(path, line, delimiter):
    """Return the cells of a line of a text."""
    try:
        return next(csv.reader([line.strip(' \r\n')], delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise DataError(f'{path} cannot be split into cells ({error})') from None


def is_number(cell):
    """Return whether a cell holds a number."""
    return bool(re.fullmatch(r'\s*[-+]?(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?\s*', cell))


def is_missing(cell):
    """Return whether a cell stands for no value."""
    text = str(cell).strip().lower()
    return text in (*MISSING, '', 'nan', 'na', 'n/a', '#n/a', '<na>', 'null', 'none')


def is_header(rows, asked):
    """Return whether the first of rows, lists of cells, holds names; None if that is to be asked.

    asked are the names of columns that the user has given.
    """
    first, below = rows[0], list(itertools.zip_longest(*rows[1:], fillvalue=''))
    texts = [i for i, cell in enumerate(first) if not is_number(cell) and not is_missing(cell)]
    numbers = [cell for cell in first if is_number(cell)]
    if any(first[i] in asked for i in texts):
        return True
    if any(first[i] in below[i] for i in texts if i < len(below)):
        return False  # a class, of which more rows follow
    if not texts:
        return None
    counted = ([str(i + k) for i in range(len(numbers))] for k in (0, 1))
    return True if not numbers or numbers in counted else None  # as pandas numbers columns


def read_text(path, args, texts, asked, ask):
    """Return the Cells of a text.

    The columns called texts hold no numbers, and asked are all names that the user has given. A
    first line of numbers is data, or with ask that is asked.
    """
    above, comments, lines = 0, [], []  # lines above the table, those with a #, and the table's
    with open_text(path) as file:
        if file.encoding == 'latin-1':
            print(f'{clean(path)} is not UTF-8: read as Latin-1.')
        for line in file:
            if not lines and line.lstrip().startswith('#'):
                comments.append(line.lstrip().lstrip('#'))
            elif line.strip(' \t\r\n;,|'):
                lines.append(line)
            above += not lines
            if len(lines) == 100:
                break
    if not lines:
        raise DataError(f'{path} holds no rows: it needs one for each sequence')
    unquoted = [re.sub('"[^"]*"', '', line) for line in lines]
    if args.decimal == ',':
        unquoted = [re.sub(r'\d,\d', '', line) for line in unquoted]
    delimiter = next((d for d in '\t;|,' if all(d in line for line in unquoted)), ' ')
    if args.fixed:
        with open_text(path) as file:
            text = ''.join(itertools.islice(file, above, None))
        fixed = pd.read_fwf(io.StringIO(text), header=None, dtype=str, infer_nrows=10**9)
        rows = fixed.fillna('').values.tolist()
    else:
        rows = [split(path, line, delimiter) for line in lines]

    # Which line names the columns: the first of the table, the last above it with a #, or none.
    label, first = None, rows[0]
    names = split(path, comments[-1], delimiter) if comments else []
    named = is_header(rows, asked)
    if args.header is None and args.label is None and path.lower().endswith(('.tsv', '.tsv.gz')):
        if all(is_number(cell) or is_missing(cell) for cell in first):
            label, named = 'first', False  # as the UCR archive has them
    if len(names) != len(first) or (named and not args.header):
        names = []
    single = len(first) == 1 and is_number(first[0])  # a sequence of one number a line
    if args.header and not single:
        names = names if args.header == 'yes' and not named else []
        named = args.header == 'yes' and not names
    elif any(map(is_number, names)):
        raise DataError(
            f'{path}, row {above}, begins with # and may hold names or a sequence: say with'
            ' --header yes that it names the columns, or take that line out'
        )
    elif named is None and not names and ask and not single:
        raise DataError(
            f'{path} begins with {", ".join(first[:3])[:60]}: say with --header yes that the first'
            ' line names the columns, or with --header no that it is data'
        )
    if named:
        names, above, rows = first, above + 1, rows[1:]
    header = [' '.join(name.split()) for name in names]
    if not rows:
        raise DataError(f'{path} holds no rows below the names of the columns')
    width = max(map(len, rows))
    ragged = args.length and not args.long and not args.fixed
    if (short := min(map(len, rows))) < width and not ragged:
        raise unequal(path, 'a row', short, 'another', width)
    while len(header) > width and not header[-1]:  # of a delimiter at the end of the line
        header.pop()
    if header and len(header) != width and not ragged:
        raise DataError(
            f'{path}: its first line names {len(header)} columns, but a row has {width} cells: each'
            ' column needs one name (and blank cells between spaces need --fixed)'
        )
    if args.fixed:
        frame = fixed.iloc[len(fixed) - len(rows) :].copy()
        frame.index = frame.index + above + (not named)
        for i in set(frame) - {place(text, header, width) for text in texts}:
            column = frame[i].str.replace(',', '.') if args.decimal == ',' else frame[i]
            numbers = pd.to_numeric(column, errors='coerce')
            if (numbers.notna() | frame[i].map(is_missing)).all():
                frame[i] = numbers
        return Cells(frame, header, {}, label)

    with open_text(path) as file:
        for _ in range(above):
            file.readline()
        if ragged:  # the cells are counted, and a class in the last one is put first
            lines = [line.strip(' \r\n') for line in file]
            counts = {len(split(path, line, delimiter)) for line in lines if line}
            width = max(len(header), *counts)
            header += [''] * (width - len(header)) if header else []
            if 'last' in texts and not header and len(counts) > 1:
                parts = (line.rpartition(delimiter) for line in lines)
                lines = [cell + mark + rest for rest, mark, cell in parts]
                label, texts = 'first', ['first']
            file = io.StringIO('\n'.join(lines))
        frame = parse(
            path,
            file,
            width,
            above,
            sep=r'\s+' if delimiter == ' ' else delimiter,
            decimal=args.decimal or '.',
            dtype={i: str for text in texts if (i := place(text, header, width)) is not None},
        )
    if frame.isna().to_numpy().all(axis=1).any():
        frame = frame.dropna(how='all')
    for i in reversed(range(width)):  # spreadsheets leave empty columns at the end
        if (header and header[i]) or frame[i].notna().any():
            break
        frame, header = frame.drop(columns=i), header[:i]
    return Cells(frame, header, {}, label)


def unequal(path, one, many, others, more):
    """Return the DataError for rows of different numbers of cells."""
    return DataError(
        f'{path}: {one} has {many} cells, {others} {more}: sequences of unequal lengths need'
        ' --length N, which interpolates them to N values; 1,000 is to be written 1000, and blank'
        ' cells between spaces need --fixed'
    )


def parse(path, file, width, above, **options):
    """Return the rest of an opened text, below that many lines, as a DataFrame of width columns."""
    try:
        frame = pd.read_csv(
            file,
            header=None,
            names=range(width),
            index_col=False,
            na_values=MISSING,
            skip_blank_lines=False,
            skipinitialspace=True,
            **options,
        )
    except (pd.errors.ParserError, pd.errors.ParserWarning, ValueError, OverflowError) as error:
        why = ' '.join(str(error).split())[:200]
        found = re.search(r'Expected (\d+) fields in line (\d+), saw (\d+)', why)
        if not found:
            raise DataError(f'{path} cannot be read ({why}): look at its quotation marks') from None
        wanted, line, saw = map(int, found.groups())
        raise unequal(path, f'row {above + line}', saw, 'those before', wanted) from None
    frame.index = frame.index + above + 1
    return frame


def read_series(path):
    """Return the Cells of a .ts file: lines of @settings, then value,value,...:class."""
    numbers, lines = [], []
    with open_text(path) as file:
        for number, line in enumerate(map(str.strip, file), 1):
            if not line or line[0] in '#@':
                continue
            values, _, label = line.rpartition(':')
            if not values or set(values) & set(':()'):
                raise DataError(
                    f'{path}, row {number} is not one series, a colon and its class: of .ts files'
                    ' only those with univariate series and classes can be read'
                )
            numbers.append(number)
            lines.append(f'"{label}",{values}')
    if not lines:
        raise DataError(f'{path} holds no rows: it needs one for each sequence')
    width = 1 + max(line.count(',') for line in lines)
    frame = parse(path, io.StringIO('\n'.join(lines)), width, 0, dtype={0: str})
    frame.index = numbers
    return Cells(frame, [], {}, 'first')


def read_arrays(path, labelled):
    """Return the Cells of a NumPy file; those of .npz have the class in the first column."""
    check_file(path)
    try:
        X, Y = np.load(path, allow_pickle=False), None  # a pickle could run code of its own
        if not isinstance(X, np.ndarray):
            arrays = {name.upper(): X[name] for name in X.files if name.upper() in 'XY'}
            X, Y = arrays['X'], arrays['Y'] if labelled else arrays.get('Y')
        X = X[:, None] if X.ndim == 1 else X
        if X.ndim != 2 or not X.size or X.dtype.kind not in 'biufU':
            raise ValueError
        frame = pd.DataFrame(X)
        if Y is not None:
            frame.columns = frame.columns + 1
            frame.insert(0, 0, texts_of(pd.Series(Y.reshape(len(X)))))
    except Exception:  # NumPy raises many kinds, according to what is wrong with the file
        raise DataError(
            f'{path} must hold a NumPy array of numbers (or text) with a row for each sequence; as'
            ' .npz, arrays X (n, N) and Y (n,), the classes: save it so'
        ) from None
    frame.index = frame.index + 1
    return Cells(frame, [], {}, None if Y is None else 'first')


def read_astropy(path):
    """Return the Cells of a FITS, ECSV or VOTable file."""
    from astropy.table import Table as AstropyTable

    check_file(path)
    try:
        with warnings.catch_warnings():  # about units that are in no standard
            warnings.simplefilter('ignore')
            table = AstropyTable.read(path)
    except Exception as error:  # astropy raises many kinds
        why = (str(error).strip() or type(error).__name__).split('\n')[0][:200]
        raise DataError(f'{path} cannot be read by astropy ({why}): save it as CSV') from None
    columns, header, vectors = [], [], {}
    for name in table.colnames:
        column = np.ma.asarray(table[name])
        if column.ndim > 2 or column.dtype.kind not in 'biufSU':
            print(
                f'{clean(path)}: column {clean(name)} holds no numbers or texts, so it is left out.'
            )
            continue
        if column.dtype.kind in 'SU':
            column = np.char.strip(column.astype(str).filled('')).astype(object)
        elif column.dtype.kind == 'f' or column.mask.any():
            column = column.astype(float).filled(np.nan)
        else:
            column = column.data.astype(int)
        if column.ndim == 2:
            vectors[name] = list(range(len(columns), len(columns) + column.shape[1]))
            header += [f'{name}[{i}]' for i in range(column.shape[1])]
            columns += list(column.T)
        else:
            columns.append(column)
            header.append(name)
    if not columns or not len(table):
        raise DataError(f'{path} holds no rows of numbers: it needs one for each sequence')
    frame = pd.DataFrame(dict(enumerate(columns)), index=range(1, len(table) + 1))
    return Cells(frame, header, vectors)


def read_cells(path, args, texts=(), labelled=True, ask=True):
    """Return the Cells of a file of any kind; see read_text."""
    kind = path.lower()
    if kind.endswith(OTHERS):
        raise DataError(f'{path}: save it as CSV, with table.to_csv(name, index=False) in pandas')
    if kind.endswith('.ts'):
        return read_series(path)
    if kind.endswith(('.npy', '.npz')):
        return read_arrays(path, labelled)
    if kind.endswith(ASTROPY):
        return read_astropy(path)
    named = [args.label, args.values, args.id, args.long, args.period]
    asked = {name for text in named if text for name in [text, *re.split('[,:]', text)]}
    asked = {name for name in asked if not is_number(name) and name not in ('first', 'last')}
    return read_text(path, args, [text for text in texts if text], asked, ask)


# ---------------------------------------------------------------- what the columns are


def place(text, header, width):
    """Return the column, from 0, that text means; None if it means none."""
    if text in header:
        return header.index(text)
    if text in ('first', 'last'):
        return 0 if text == 'first' else width - 1
    if not header and text.isdecimal() and 1 <= int(text) <= width:
        return int(text) - 1
    return None


def find(path, option, text, cells):
    """Return the columns that text means: one, a range by its ends, or several with commas."""
    header, width = cells.header, cells.frame.shape[1]
    if text in cells.vectors:
        return cells.vectors[text]
    if header.count(text) > 1 or (text in ('first', 'last') and text in header):
        raise DataError(f'{path}: {option} {text} means several columns: give one another name')
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
    raise DataError(f'{path}: {option} {text} means no column: give first, last or {known}')


def find_one(path, option, text, cells):
    """Return the column that text means."""
    columns = find(path, option, text, cells)
    if len(columns) > 1:
        raise DataError(f'{path}: {option} {text} means several columns: give one')
    return columns[0]


def called(i, header):
    """Return what column i is called: its name, or its number from 1."""
    return (header[i] if header else '') or str(i + 1)


def texts_of(column):
    """Return a column's cells as texts (n,), '' where there is none, whole numbers without .0."""
    if column.dtype.kind in 'iub':
        return column.astype(str).to_numpy(object)
    if column.dtype.kind == 'f':
        return np.array(['' if np.isnan(x) else f'{x:.15g}' for x in column], object)
    return np.array(['' if is_missing(x) else ' '.join(str(x).split()) for x in column], object)


def is_whole(column):
    """Return whether a column holds texts or whole numbers: classes, names, flags, counts."""
    return column.dtype.kind != 'f' or bool((column.dropna() % 1 == 0).all())


def is_text(column):
    """Return whether a column holds texts, other than a few among numbers or decimal commas."""
    if column.dtype.kind in 'iuf':
        return False
    cells = column.dropna().astype(str).head(1000)
    return 2 * sum(map(is_number, cells)) < len(cells)


def numbers_of(path, cells, columns, args):
    """Return columns as float64 (n, N), NaN where a value is missing, and what is wrong, {i: text}.

    Each text names the file, the row i, the column and the remedy.
    """
    frame, bad = cells.frame, {}
    codes = [code.strip() for code in (args.missing or '').split(',') if code.strip()]
    kinds = frame.dtypes
    texts = [i for i in columns if kinds[i].kind not in 'iuf']
    numbers = frame
    if texts:
        found = {i: pd.to_numeric(frame[i].astype(str), errors='coerce') for i in texts}
        numbers = pd.DataFrame({i: found.get(i, frame[i]) for i in columns})
    X = np.empty((len(frame), len(columns)))
    for j in range(0, len(columns), 16):  # a few at a time, which needs little memory
        X[:, j : j + 16] = numbers[columns[j : j + 16]]
    for column in texts:
        for i in np.flatnonzero(np.isnan(X[:, columns.index(column)])):
            cell = str(frame[column].iloc[i]).strip()
            if is_missing(cell) or cell in codes:
                continue
            remedy = f'correct it, say with --values which columns hold values, or --missing {cell}'
            if re.search(r'\d,\d', cell):
                remedy = 'decimal commas need --decimal , and 1,000 is to be written 1000'
            elif re.search(r'\d\.\d+,|\d\.\d{3}$', cell):
                remedy = '1.000 is to be written 1000'
            elif not i and len(texts) == len(columns) and len(frame) > 1:
                remedy = 'if this line names the columns once more, or units, take it out'
            bad.setdefault(int(i), (column, cell, remedy))
    for code in filter(is_number, codes):
        X[np.isclose(X, float(code), rtol=1e-6, atol=0)] = np.nan
    if 'inf' in codes:
        X[np.isinf(X)] = np.nan
    low, high = ends_of(X)
    for i, j in np.argwhere(np.abs(X) > LARGEST) if low < -LARGEST or high > LARGEST else ():
        remedy = 'networks compute in float32, which ends at 3.4e38: rescale the values'
        if np.isinf(X[i, j]):
            remedy = 'correct it, or say with --missing inf that it stands for no value'
        bad.setdefault(int(i), (columns[j], f'{X[i, j]:g}', remedy))
    where = {
        i: f'{path}, row {frame.index[i]}, column {called(bad[i][0], cells.header)}' for i in bad
    }
    return X, {i: f'{where[i]} holds {bad[i][1][:20]!r}: {bad[i][2]}' for i in sorted(bad)}


def ends_of(X):
    """Return the smallest and the largest number of X; NaN where there is none."""
    return np.fmin.reduce(X, axis=None), np.fmax.reduce(X, axis=None)


def check_codes(path, X, args):
    """Raise DataError if the largest or smallest number of X looks like a code for no value."""
    for code in ends_of(X) if args.missing is None else ():
        if not re.fullmatch(r'-?9{2,}(\.9+)?', f'{code:.10g}'):
            continue
        others, many = X[~np.isnan(X) & (X != code)], np.sum(X == code)
        if not others.size:
            continue
        next_ = others[abs(others - code).argmin()]
        far = abs(next_ - code) > np.ptp(others)
        if far or many > 2 * np.sum(others == next_) > 0:
            raise DataError(
                f'{path} holds {code:.10g} {many} times, at the end of all values: --missing'
                f' {code:.10g} if it stands for no value, else --missing none'
            )


def describe(path, cells):
    """Print what each column of a table looks like; neighbours that look alike share a line."""
    from rich.console import Console
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
        row = ' to '.join(ends), what, range_[:60], different, str(int(part.isna().sum().sum()))
        printed.add_row(*map(clean, row))
    print(f'{clean(path)} holds {len(frame)} rows of {frame.shape[1]} columns:')
    Console(markup=False, emoji=False, highlight=False).print(printed)


# ---------------------------------------------------------------- what is asked of a wide table


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
    """Return the columns of objects and times if each row looks like an observation; else None."""
    frame, header = cells.frame, cells.header
    for i in frame if frame.shape[1] <= 12 else ():
        if i == label or not is_whole(frame[i]) or not 0 < 2 * frame[i].nunique() <= len(frame):
            continue
        for t in set(frame) - {i, label}:
            if frame[t].dtype.kind in 'iuf':
                steps = frame[t].groupby(frame[i], sort=False).diff().dropna()
                if ((steps > 0).all() and len(steps)) or (header and header[t].lower() in TIMES):
                    return i, t
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
        'is called like an identifier or a time': [i for i in words if words[i] & (IDS | TIMES)],
        'has no name': [i for i in values if header and not header[i]],
        'numbers the rows': [
            i for i in whole if np.ptp(frame[i]) == len(frame) - 1 == frame[i].nunique() - 1 > 2
        ],
        'rises from row to row': [i for i, up in zip(values, rising, strict=True) if up],
        'holds whole numbers, unlike the others': [
            i for i in whole if frame[i].nunique() > max(5, len(frame) / 20)
        ],
        'is unlike the others': [i for i, odd in zip(values, is_odd(X), strict=True) if odd],
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
        i, t = (called(x, header) for x in found)
        raise DataError(
            f'{path} looks long, an observation in each row: --long {i},{t},VALUE --length N makes'
            ' a sequence of N values of each object; if each row is one, --values FIRST:LAST'
        )
    if not args.values:
        if found := doubts(cells, values, X):
            i = min(found)
            runs = [list(run) for _, run in itertools.groupby(values, lambda i: i in found)]
            run = max((run for run in runs if run[0] not in found), key=len, default=values)
            raise DataError(
                f'{path}: column {called(i, header)} {found[i]}: say which columns hold the values,'
                f' such as --values {called(run[0], header)}:{called(run[-1], header)}, and with'
                ' --id which one names the objects, if any does'
            )
    for i in set(frame) - {*values, label, ident} if args.id is None else ():
        many, name = frame[i].nunique(), called(i, header)
        is_id = header and IDS & set(re.split(r'[\W_]+', name.lower()))
        if is_whole(frame[i]) and many < len(frame) and (is_id or many > max(5, len(frame) / 20)):
            raise DataError(
                f'{path}: column {name} holds values several times, as if it named objects: --id'
                f' {name} keeps the rows of each on one side of the split, --id none does not'
            )


# ---------------------------------------------------------------- wide tables


def same_columns(path, cells, columns):
    """Return the columns of values, label and id in a table like that of which columns was said.

    Raises DataError if it is of another kind.
    """
    header, width = cells.header, cells.frame.shape[1]
    values, numbers = columns['values'], list(range(width))
    if not columns['header']:
        if width == columns['width']:
            numbers = [int(value) - 1 for value in values]
            return numbers, *(
                columns[x] and place(columns[x], header, width) for x in ('label', 'id')
            )
        if width == len(values):  # nothing but the values
            return numbers, None, None
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
    if found != sorted(found):
        raise DataError(f'{path} has the columns of the values in another order than in training')
    return found, *(columns[x] and place(columns[x], header, width) for x in ('label', 'id'))


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
        args, columns = argparse.Namespace(**{**vars(args), 'label': None, 'id': None}), None
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
                    raise DataError(f'{path}: --values {args.values} also means that of {option}')
    if not values:
        raise DataError(f'{path} holds no values beside the class: give each row its sequence')
    X, bad = numbers_of(path, cells, values, args)
    if labelled and not cells.label:
        check_columns(path, cells, args, values, label, ident, X)
    if labelled and not bad:
        check_codes(path, X, args)
    X, said = whole_rows(path, cells, X, values, bad, args)
    about = {'header': bool(header), 'width': frame.shape[1]}
    about['values'] = [called(i, header) for i in values]
    about |= {
        k: None if i is None else called(i, header) for k, i in (('label', label), ('id', ident))
    }
    labels, ids = (None if i is None else texts_of(frame[i]) for i in (label, ident))
    return Table(X, labels, ids, [f'row {row}' for row in frame.index], bad, about, said)


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
        if i in bad or not gap.any():
            continue
        if gap.all() or ends[i] < 2:
            bad[i] = f'{where} holds no values: take it out'
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
            f'{many:,} missing values interpolated along their rows; at an end, the nearest'
        )
    if args.length:
        grid, good = np.linspace(0, 1, args.length), [n for i, n in enumerate(ends) if i not in bad]
        X = np.array(
            [np.interp(grid * (n - 1), np.arange(n), x[:n]) for x, n in zip(X, ends, strict=True)]
        )
        lengths = f'{min(good, default=0)} to {max(good, default=0)}'
        said.append(f'{lengths} values in a row, interpolated to {args.length}')
    return X, said


# ---------------------------------------------------------------- long tables, files of one object


def named(names, most=5):
    """Return some names, for a message."""
    names = list(dict.fromkeys(map(str, names)))
    return ', '.join(names[:most]) + ', ...' * (len(names) > most)


def sequences_of(path, ids, times, values, labels, periods, args):
    """Return the Table of observations: each object's values (N,) on a grid of its own time span.

    ids (m,) are the objects' names, times and values float64 (m,), labels texts (m,) or None,
    periods float64 (m,) or None, in units of the times. With a period the grid is one of phases,
    beginning at the object's first observation.
    """
    if (ids == '').any():
        raise DataError(f'{path}: {(ids == "").sum():,} rows name no object: take them out')
    missing = np.isnan(times) | np.isnan(values)
    if missing.any() and args.missing is None:
        raise DataError(
            f'{path}: {missing.sum():,} observations have no time or no value, the first of object'
            f' {ids[missing.argmax()]}: --missing leaves these out'
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
            f'{path}: object {ids[k]} has two observations at {times[k]:.10g}, and'
            f' {twice.sum() - 1:,} more are like that: keep one of each, or their mean'
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
        said.append(
            f'{len(few):,} objects left out, with fewer than three observations: {named(few)}'
        )
    if missing.any():
        said.append(f'{missing.sum():,} observations left out, without a time or a value')
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
        (lacking, 'files have no class'),
        (alone, f'objects of {path} have no file'),
    ):
        if many:
            said.append(f'{len(many):,} {what}: {named(many)}')
    if said and not args.skip:
        raise DataError(f'{"; ".join(said)}: --skip leaves these out')
    if len(lacking) == len(paths):
        raise DataError(f'{path}: its first column names none of the files, such as {paths[0]}')
    return [file for file in paths if found.get(file)], found, said


# ---------------------------------------------------------------- any table


def ask_label(path, cells):
    """Print what the columns look like, and end the program with the command that it needs."""
    describe(path, cells)
    if found := looks_long(cells, None):
        i, t = (called(x, cells.header) for x in found)
        print(f'It looks long, an observation in each row: --long {i},{t},VALUE --length N')
    error = DataError(
        f'which column holds the class? python {program()} {path} --label COLUMN'
        ' [--values FIRST:LAST] [--id COLUMN]'
    )
    print(error.code, file=sys.stderr)
    raise SystemExit(2)


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
