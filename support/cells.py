"""The cells of a file of any kind: texts by pandas, FITS and its kin by astropy, NumPy's arrays."""

import csv
import functools
import gzip
import io
import itertools
import re
import warnings
from typing import NamedTuple

from support.console import DataError, clean
from support.files import check_file

import numpy as np
import pandas as pd

ASTROPY = ('.fits', '.fit', '.fits.gz', '.ecsv', '.vot', '.votable')
TABLES = (
    '.csv',
    '.tsv',
    '.txt',
    '.csv.gz',
    '.tsv.gz',
    '.txt.gz',
    '.npy',
    '.npz',
    '.ts',
    *ASTROPY,
)
OTHERS = (
    '.parquet',
    '.feather',
    '.xlsx',
    '.xls',
    '.ods',
    '.h5',
    '.hdf5',
    '.pkl',
    '.pickle',
)

# What a text is in that is not UTF-8.
OLD = {'latin-1': 'Latin-1', 'cp1252': 'Windows-1252'}
# What stands for no value, beside what pandas takes for that: nothing, nan, NA, N/A, null, None ...
MISSING = ('--', '-', '?')


class Cells(NamedTuple):
    """What a file holds, before anybody has said what it means."""

    frame: (
        pd.DataFrame
    )  # columns 0, 1, ...: numbers or texts; the index is the row, from 1
    header: list  # the names of the columns; [] without
    vectors: dict  # the columns that each column of vectors has become, by its name
    label: str | None = (
        None  # the column of the classes, where this kind of file settles it
    )
    skipped: tuple = ()  # what is wrong with rows that are left out, texts


# ---------------------------------------------------------------- texts


def opener(path):
    """Return a function that opens a text file for reading, in whatever encoding it has."""
    check_file(path)
    with open(path, 'rb') as file:
        opened = gzip.open if file.read(2) == b'\x1f\x8b' else open
    try:
        with opened(path, 'rb') as file:
            if file.read(2) in (b'\xff\xfe', b'\xfe\xff'):
                return functools.partial(opened, path, 'rt', encoding='utf-16')
        encoding = 'utf-8-sig'
        with opened(path, 'rt', encoding=encoding) as file:
            if any('\0' in block for block in iter(lambda: file.read(1 << 20), '')):
                raise DataError(
                    f'{path} is no text: save the table as CSV (UTF-8), .npy or .npz'
                )
    except UnicodeDecodeError:
        with opened(
            path, 'rb'
        ) as file:  # between 0x80 and 0x9f, Latin-1 has no letters
            blocks = iter(lambda: file.read(1 << 20), b'')
            encoding = (
                'cp1252'
                if any(re.search(rb'[\x80-\x9f]', x) for x in blocks)
                else 'latin-1'
            )
    except (OSError, EOFError) as error:  # of gzip
        raise DataError(
            f'{path} cannot be unpacked ({error}): write it again'
        ) from None
    return functools.partial(opened, path, 'rt', encoding=encoding, errors='replace')


def split(path, line, delimiter):
    """Return the cells of a line of a text."""
    try:
        return next(
            csv.reader(
                [line.strip(' \r\n')], delimiter=delimiter, skipinitialspace=True
            )
        )
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
    texts = [
        i
        for i, cell in enumerate(first)
        if not is_number(cell) and not is_missing(cell)
    ]
    numbers = [cell for cell in first if is_number(cell)]
    if any(first[i] in asked for i in texts):
        return True
    if any(first[i] in below[i] for i in texts if i < len(below)):
        return False  # a class, of which more rows follow
    if not texts:
        return None
    counted = ([str(i + k) for i in range(len(numbers))] for k in (0, 1))
    return (
        True if not numbers or numbers in counted else None
    )  # as pandas numbers columns


def place(text, header, width):
    """Return the column, from 0, that text means; None if it means none."""
    if text in header:
        return header.index(text)
    if text in ('first', 'last'):
        return 0 if text == 'first' else width - 1
    if not header and text.isdecimal() and 1 <= int(text) <= width:
        return int(text) - 1
    return None


def read_text(path, args, texts, asked, labelled, ask):
    """Return the Cells of a text.

    The columns called texts hold no numbers, and asked are all names that the user has given. A
    first line of numbers is data, or with ask that is asked. Where there need be no classes, rows
    with too many or too few cells are skipped.
    """
    above, comments, lines = (
        0,
        [],
        [],
    )  # lines above the table, those with a #, and the table's
    marks, open_text = '\t;|,', opener(path)
    with open_text() as file:
        if file.encoding in OLD:
            print(f'{clean(path)} is not UTF-8: read as {OLD[file.encoding]}.')
        for line in file:
            if not lines and line.lstrip().startswith('#'):
                comments.append(line.lstrip().lstrip('#'))
            elif not lines and (
                found := re.fullmatch('sep=(.)', line.strip())
            ):  # by Excel
                marks = found[1]
            elif line.strip(' \t\r\n;,|'):
                lines.append(line)
            above += not lines
            if len(lines) == 100:
                break
    if not lines:
        raise DataError(f'{path} holds no rows: it needs one for each sequence')
    unquoted = [
        re.sub('"[^"]*"', '', line)
        for line in lines
        if line[0] != '#' or line is lines[0]
    ]
    if args.decimal == ',' and all(re.search(r'\S\s+\S', line) for line in unquoted):
        marks = '\t;|'  # and else blanks: then the commas are decimal ones
    delimiter = next((d for d in marks if all(d in line for line in unquoted)), ' ')
    if args.fixed:
        with open_text() as file:
            text = ''.join(itertools.islice(file, above, None))
        fixed = pd.read_fwf(
            io.StringIO(text), header=None, dtype=str, infer_nrows=10**9
        )
        rows = fixed.fillna('').values.tolist()
    else:
        rows = [split(path, line, delimiter) for line in lines]

    # Which line names the columns: the first of the table, the last above it with a #, or none.
    label, first = None, rows[0]
    names = split(path, comments[-1], delimiter) if comments else []
    named = is_header(rows, asked)
    if (
        args.header is None
        and args.label is None
        and path.lower().endswith(('.tsv', '.tsv.gz'))
    ):
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
    if args.fixed:
        frame = fixed.iloc[len(fixed) - len(rows) :].copy()
        frame.index = frame.index + above + (not named)
        for i in set(frame) - {place(text, header, len(first)) for text in texts}:
            column = frame[i].str.replace(',', '.') if args.decimal == ',' else frame[i]
            numbers = pd.to_numeric(column, errors='coerce')
            if (numbers.notna() | frame[i].map(is_missing)).all():
                frame[i] = numbers
        return Cells(frame, header, {}, label)

    with open_text() as file:
        width, wrong = count_cells(path, file, above, delimiter, header)
    ragged = args.length and not args.long and not header
    skipped, numbers = (), None
    with open_text() as file:
        for _ in range(above):
            file.readline()
        if wrong and (ragged or not labelled):
            lines = [line.strip(' \r\n') for line in file]
            if ragged:  # a class in the last cell is put first
                width = max([width, *(many for many, _ in wrong.values())])
                if 'last' in texts:
                    parts = (line.rpartition(delimiter) for line in lines)
                    lines = [cell + mark + rest for rest, mark, cell in parts]
                    label, texts = 'first', ['first']
            else:
                skipped = [text for _, text in wrong.values()]
                numbers = [
                    i
                    for i in range(above + 1, above + 1 + len(lines))
                    if i not in wrong
                ]
                lines = [lines[i - above - 1] for i in numbers]
            file = io.StringIO('\n'.join(lines) + '\n')
        elif wrong:
            raise DataError(next(iter(wrong.values()))[1])
        frame = parse(
            path,
            file,
            width,
            above,
            sep=r'\s+' if delimiter == ' ' else delimiter,
            decimal=args.decimal or '.',
            dtype={
                i: str
                for text in texts
                if (i := place(text, header, width)) is not None
            },
        )
    if numbers:
        frame.index = numbers[: len(frame)]
    if frame.isna().to_numpy().all(axis=1).any():
        frame = frame.dropna(how='all')
    for i in reversed(range(width)):  # spreadsheets leave empty columns at the end
        if (header and header[i]) or frame[i].notna().any():
            break
        frame, header = frame.drop(columns=i), header[:i]
    return Cells(frame, header, {}, label, tuple(skipped))


def count_cells(path, file, above, delimiter, header):
    """Return how many cells the rows of an opened text have, and those with another number of them.

    The latter as {row: (how many, what is wrong)}. above lines stand above the rows.
    """
    counts = {}
    for row, line in enumerate(file, 1):
        if row > above and line.strip(' \t\r\n;,|'):
            if '"' in line:
                many = len(split(path, line, delimiter))
            else:
                many = (
                    len(line.split()) if delimiter == ' ' else line.count(delimiter) + 1
                )
            counts.setdefault(many, []).append(row)
    width = len(header) or max(counts, key=lambda many: len(counts[many]))
    remedy = 'correct it (1,000 is written 1000, and blank cells between spaces need --fixed)'
    if not header:
        remedy += '; sequences of unequal lengths need --length N, which interpolates to N values'
    if len(counts) == 1 and header and width + 1 in counts:
        remedy = 'if the first cell is the name of the row, as R writes it, give it a name above'
    what = 'the line with the names' if header else 'most others'
    return width, {
        row: (many, f'{path}, row {row} has {many} cells, {what} {width}: {remedy}')
        for many in counts
        for row in counts[many]
        if many != width
    }


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
    except (
        pd.errors.ParserError,
        pd.errors.ParserWarning,
        ValueError,
        OverflowError,
    ) as error:
        why = ' '.join(str(error).split())[:200]
        raise DataError(
            f'{path} cannot be read ({why}): look at its quotation marks'
        ) from None
    frame.index = frame.index + above + 1
    return frame


def read_series(path):
    """Return the Cells of a .ts file: lines of @settings, then value,value,...:class."""
    numbers, lines = [], []
    with opener(path)() as file:
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


# ---------------------------------------------------------------- arrays, and files of astronomy


def texts_of(column):
    """Return a column's cells as texts (n,), '' where there is none, whole numbers without .0."""
    if column.dtype.kind in 'iub':
        return column.astype(str).to_numpy(object)
    if column.dtype.kind == 'f':
        return np.array(['' if np.isnan(x) else f'{x:.15g}' for x in column], object)
    return np.array(
        ['' if is_missing(x) else ' '.join(str(x).split()) for x in column], object
    )


def read_arrays(path, labelled):
    """Return the Cells of a NumPy file; those of .npz have the class in the first column."""
    check_file(path)
    try:
        X, Y = (
            np.load(path, allow_pickle=False),
            None,
        )  # a pickle could run code of its own
        if not isinstance(X, np.ndarray):
            arrays = {name.upper(): X[name] for name in X.files if name.upper() in 'XY'}
            X, Y = arrays['X'], arrays['Y'] if labelled else arrays.get('Y')
        X = X[:, None] if X.ndim == 1 else X
        if X.ndim != 2 or not X.size or X.dtype.kind not in 'biufU':
            raise ValueError
        for array in (X, Y):  # halves of characters can be written to no text
            if array is not None and array.dtype.kind == 'U':
                ''.join(array.ravel()).encode()
        frame = pd.DataFrame(X)
        if Y is not None:
            frame.columns = frame.columns + 1
            frame.insert(0, 0, texts_of(pd.Series(Y.reshape(len(X)))))
    except (
        Exception
    ):  # NumPy raises many kinds, according to what is wrong with the file
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
        raise DataError(
            f'{path} cannot be read by astropy ({why}): save it as CSV'
        ) from None
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
        raise DataError(
            f'{path} holds no rows of numbers: it needs one for each sequence'
        )
    frame = pd.DataFrame(dict(enumerate(columns)), index=range(1, len(table) + 1))
    return Cells(frame, header, vectors)


# ---------------------------------------------------------------- any kind


def named(names, most=5):
    """Return some names, for a message."""
    names = list(dict.fromkeys(map(str, names)))
    return ', '.join(names[:most]) + ', ...' * (len(names) > most)


def read_cells(path, args, texts=(), labelled=True, ask=True):
    """Return the Cells of a file of any kind; see read_text."""
    kind = path.lower()
    if kind.endswith(OTHERS):
        raise DataError(
            f'{path}: save it as CSV, with table.to_csv(name, index=False) in pandas'
        )
    if kind.endswith('.ts'):
        return read_series(path)
    if kind.endswith(('.npy', '.npz')):
        return read_arrays(path, labelled)
    if kind.endswith(ASTROPY):
        return read_astropy(path)
    named = [args.label, args.values, args.id, args.long, args.period]
    asked = {name for text in named if text for name in [text, *re.split('[,:]', text)]}
    asked = {
        name for name in asked if not is_number(name) and name not in ('first', 'last')
    }
    return read_text(path, args, [text for text in texts if text], asked, labelled, ask)
