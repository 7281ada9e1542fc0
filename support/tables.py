"""Read a researcher's table: what its columns hold is said, or asked, never guessed.

What is not plain is refused in one line; docs/own-data.md mends it with pandas.
"""

import csv
import gzip
import io
import re
import sys
import warnings
from typing import NamedTuple

from support.console import DataError, clean
from support.files import check_file

import numpy as np
import pandas as pd

ASTROPY = '.fits', '.fit', '.fits.gz', '.ecsv', '.vot', '.votable'
TEXTS = '.csv', '.tsv', '.txt', '.csv.gz', '.tsv.gz', '.txt.gz'
TABLES = *TEXTS, *ASTROPY, '.ts', '.npy', '.npz'
CLASS_FIRST = '_train.tsv', '_test.tsv', '.ts', '.npz'  # in column 1, without names
MISSING = ['-', '--', '?']  # are no values, like NaN, NA, null ... for pandas
# Columns that say in which band an observation was made.
BANDS = re.compile('(?i).*(band|filt|colou?r|phot_sys).*|fid|flt|f')
NUMBER = re.compile(r'[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?', re.IGNORECASE)
LARGEST = float(np.finfo('float32').max)  # networks compute in float32
NINES = re.compile(r'-?(9{2,}(\.9+)?|9\.9{2,})|-32768')  # what codes look like
SEE = 'mend it in pandas: docs/own-data.md#recipes'


class Table(NamedTuple):
    """The sequences of a table."""

    X: np.ndarray  # float64 (n, N)
    labels: np.ndarray  # texts (n,), the class of each; '' is none
    ids: np.ndarray  # texts (n,), the object that each is of; '' is none
    rows: list  # where each stands: 'row 5' or 'object V12'
    bad: dict  # {i: what is wrong with sequence i}
    columns: dict  # what the columns are, to read another table in the same way
    left_out: list  # the names of columns, or of objects, that are left out


def some(names):
    """Return the first of some names, for a message."""
    return ', '.join(names[:5]) + ', ...' * (len(names) > 5)


def check_lines(path, file):
    """Return a text's rows, all of as many cells, the first's cells and their mark."""
    rows, first, mark = [], [], None
    for row, line in enumerate(file, 1):
        line = line.strip(' \r\n')
        if not line or (not rows and (line[0] == '#' or not line.strip('\t;,|'))):
            continue
        if line[0] == '#':
            raise DataError(f'{path}, row {row} begins with a #: take it out')
        bare = re.sub('"[^"]*"', 'x', line) if '"' in line else line
        if not rows:
            mark = next((mark for mark in '\t;|,' if mark in bare), None)
            sep = mark or ' '
            first = next(csv.reader([line], delimiter=sep, skipinitialspace=True))
        many = bare.count(mark) + 1 if mark else len(bare.split())
        if many != len(first):
            what = f'{path}, row {row} has {many} cells, the first line {len(first)}'
            raise DataError(f'{what}: {SEE}')
        rows.append(row)
    return rows, first, mark


def as_csv(file):
    """Yield a .ts file, of @settings and lines of value,value:class, as CSV."""
    for line in file:
        values, _, label = line.strip().rpartition(':')
        yield '\n' if line[0] in '#@\n' else f'{label},{values}\n'


def read_text(path, header, texts):
    """Return the cells of a text, by its rows; the columns called texts hold texts."""
    opened = gzip.open if path.lower().endswith('.gz') else open
    with opened(path, 'rt', encoding='utf-8-sig') as file:
        if path.lower().endswith('.ts'):
            file = io.StringIO(''.join(as_csv(file)))
        rows, first, mark = check_lines(path, file)
        if not rows:
            return pd.DataFrame()
        names = [' '.join(name.split()) or f'({i})' for i, name in enumerate(first, 1)]
        if not header and any(map(NUMBER.fullmatch, names)):
            what = '--header yes, if these name the columns, else --header no'
            raise DataError(f'{path} begins with {some(names)}: {what}')
        above = rows[0] - 1 if header == 'no' else rows.pop(0)
        file.seek(0)
        for _ in range(above):
            file.readline()
        options = {'sep': mark or r'\s+', 'skipinitialspace': True}
        options |= {'names': range(1, len(names) + 1), 'index_col': False}
        places = [i for i, name in enumerate(names, 1) if {name, str(i)} & texts]
        options['dtype'] = dict.fromkeys(places, str)
        frame = pd.read_csv(file, na_values=MISSING, **options)
    # pandas has fewer rows if a quotation mark closes in another one.
    frame = frame.set_axis(names, axis=1).set_axis(rows)
    return frame.dropna(how='all')  # spreadsheets write empty rows


def read_arrays(path, labelled):
    """Return the cells of a NumPy file; in .npz files the classes are put first."""
    X = np.load(path, allow_pickle=False)  # a pickle could run code of its own
    if isinstance(X, np.ndarray):
        return pd.DataFrame(X)
    frame = pd.DataFrame(X['X'])
    if labelled or 'Y' in X:
        frame.insert(0, 'Y', X['Y'].reshape(len(frame)))
    return frame


def read_astropy(path):
    """Return the cells of FITS, ECSV or VOTable; a vector v becomes v0, v1, ..."""
    from astropy.table import Table as AstropyTable

    warnings.filterwarnings('error', '.*multiple tables')
    table, parts = AstropyTable.read(path), []
    table.convert_bytestring_to_unicode()
    for name in table.colnames:
        if table[name].ndim == 1:
            parts.append(table[[name]].to_pandas(index=False))
        else:
            X = np.ma.filled(np.ma.asarray(table[name], float), np.nan)
            parts.append(pd.DataFrame(X.reshape(len(X), -1)).add_prefix(name))
    return pd.concat(parts, axis=1)


def read_frame(path, args, labelled):
    """Return a file's cells, by its rows, and whether it names them or 1, 2, 3 do."""
    check_file(path)
    kind = path.lower()
    header = args.header or ('no' if kind.endswith(CLASS_FIRST) else None)
    texts = {args.label or '1', args.id, *(args.long or [])[:1]}
    try:
        with warnings.catch_warnings():  # of mixed columns, and of units not known
            warnings.simplefilter('ignore')
            if kind.endswith(('.npy', '.npz')):
                frame, named = read_arrays(path, labelled), False
            elif kind.endswith(ASTROPY):
                frame, named = read_astropy(path), True
            else:
                frame, named = read_text(path, header, texts), header != 'no'
    except Exception as error:  # each library has its own
        why = ' '.join(str(error).split())[:200] or type(error).__name__
        raise DataError(f'{path} cannot be read ({why}): {SEE}') from None
    if not len(frame):
        raise DataError(f'{path} holds no rows: it needs one for each sequence')
    if isinstance(frame.index, pd.RangeIndex):
        frame.index += 1
    if not named:
        frame.columns = [str(i) for i in range(1, frame.shape[1] + 1)]
    if len(twice := frame.columns[frame.columns.duplicated()]):
        raise DataError(f'{path} has two columns called {twice[0]}: rename one')
    return frame, named


def check_names(path, names, known):
    """Raise DataError unless all names, None aside, are known."""
    lacking = [name for name in names if name is not None and name not in known]
    if lacking:
        raise DataError(f'{path} has no column {lacking[0]}, but {some(list(known))}')


def counted(name):
    """Return what counts on in a name: mag and 12 of mag12, a and NaN of a."""
    stem, number = re.fullmatch('(.*?)([0-9]*)', name, re.DOTALL).groups()
    return stem, float(number or 'nan')


def count_on(names):
    """Return whether names have one stem, and each a number one more than the last."""
    stems = {counted(name)[0] for name in names}
    numbers = [counted(name)[1] for name in names]
    return len(stems) == 1 and bool((np.diff(numbers) == 1).all())


def values_of(path, frame, args, label, ident):
    """Return the names of the columns that hold values, those of --long sorted so."""
    if args.long:
        return args.long[1:] + ([args.period] if args.period else [])
    others = [name for name in frame if name not in (label, ident)]
    first, colon, last = (args.values or '').partition(':')
    what = f'{path}: --values {args.values}'
    if not first:
        class_first = path.lower().endswith(CLASS_FIRST) and label == '1'
        if class_first or (count_on(others) and counted(others[0])[0]):
            return others
        what = f'{path}: which of the columns {some(others)} hold values?'
        raise DataError(f'{what} --values f, for f0, f1, ..., or --values FIRST:LAST')
    if not colon:
        values = [name for name in others if counted(name)[0] == first != name]
        values.sort(key=lambda name: counted(name)[1])
        if not count_on(values):
            what += f' do not count on without a gap: {some(values) or "none is there"}'
            raise DataError(f'{what}; give FIRST:LAST')
        return values
    check_names(path, [first, last], frame)
    values = [name for name in frame.loc[:, first:last] if name not in (label, ident)]
    if NUMBER.fullmatch(first) and NUMBER.fullmatch(last):
        numbers = pd.to_numeric(pd.Series(values), errors='coerce')
        if not (np.diff(numbers) > 0).all():
            raise DataError(f'{what} are numbers that do not rise: sort the columns')
    elif (stem := counted(first)[0]) == counted(last)[0] and not count_on(values):
        raise DataError(f'{what} do not count on: --values {stem} takes {stem}0, ...')
    return values


def check_left_out(path, frame, names):
    """Raise DataError if one of the columns repeats what it holds, as a star's name."""
    for name in names:
        cells = frame[name].dropna()
        whole = cells.dtype.kind != 'f' or (cells % 1 == 0).all()
        if whole and 2 < cells.nunique() < len(cells):
            what = f'{path}: column {name} repeats what it holds, as names of objects'
            what += f' do: --id {name} keeps the rows of each on one side of the split;'
            raise DataError(f'{what} if it names none, --id none')


def known_columns(path, frame, columns, labelled):
    """Return values, label and id as another table had them, with what is there."""
    values, width = columns['values'], frame.shape[1]
    if not columns['header'] and width == len(values):
        frame.columns = values  # and nothing else
    elif not columns['header'] and width != columns['width']:
        what = f'{width} columns, not {columns["width"]}'
        raise DataError(f'{path} has {what}, as the table of the training')
    others = columns['label'], columns['id']
    return values, *(x if x in frame or labelled else None for x in others)


def texts_of(path, frame, name, needed=True):
    """Return a column's cells as texts, object (n,); '' is a missing one, or name."""
    if name is None:
        return np.full(len(frame), '', object)
    cells = frame[name].convert_dtypes()  # 1.0 is 1
    texts = np.array([' '.join(str(cell).split()) for cell in cells], object)
    texts[cells.isna() | np.isin(texts, MISSING)] = ''
    if needed and '' in texts:
        where = f'{path}, row {frame.index[list(texts).index("")]}, column {name}'
        raise DataError(f'{where} holds no name (one of {sum(texts == ""):,}): {SEE}')
    return texts


def numbers_of(path, frame, names):
    """Return columns as float64 (n, N), and what is wrong with some rows, {i: text}."""
    X, bad = np.empty((len(frame), len(names))), {}
    for j, name in enumerate(names):
        cells = frame[name]
        if cells.dtype.kind not in 'iuf':
            cells = pd.to_numeric(cells.astype(str).str.strip(), errors='coerce')
        X[:, j] = cells.to_numpy(float, na_value=np.nan)
    is_wrong = ~(np.abs(X) <= LARGEST)  # also NaN
    count = is_wrong.sum()
    for i in np.flatnonzero(is_wrong.any(axis=1)):
        name = names[is_wrong[i].argmax()]
        where, cell = f'row {frame.index[i]}, column {name}', frame[name].iloc[i]
        what = f'{str(cell).strip()[:20]!r}, no number that a network takes'
        if pd.isna(cell):
            what = f'no value (one of {count:,})'
        bad[int(i)] = f'{path}, {where} holds {what}: {SEE}'
    return X, bad


def add_codes(path, table, names, X, parts, far=100):
    """Add to table.bad the rows of X (m, N) that hold codes for no value: -999, 1e20.

    These are nines that are far from all others in a part, a sequence or an object, or
    alone below 0 in X; and what is as far from all others in X as far times their span.
    """
    codes = set()
    for part in (X, *parts):
        values = np.unique(part[np.isfinite(part)])
        span = np.ptp(values[1:-1]) if len(values) > 2 else 0
        if len(values) < 2:
            continue
        # The least and the largest, each with its neighbour.
        for code, next_ in (values[:2], values[:-3:-1]):
            gap = abs(code - next_)
            if NINES.fullmatch(f'{code:.7g}'):
                alone_below_0 = part is X and code < 0 <= next_
                is_code = alone_below_0 or gap > max(span, 1)
            else:
                is_code = part is X and gap > far * (span or abs(next_) or 1)
            if is_code:
                codes.add(float(code))
    for code in codes:
        places = np.argwhere(X == code)
        for i, j in places:
            where = f'{path}, {table.rows[i]}, column {names[j]} holds {code:.7g}'
            what = f'perhaps a code for no value (one of {len(places):,}): {SEE}'
            table.bad.setdefault(int(i), f'{where}, {what}')


def show(path, frame):
    """Print how a table begins, and end the program: somebody must name the class."""
    print(clean(f'{path} holds {len(frame)} rows of {frame.shape[1]} columns:'))
    with pd.option_context('display.max_columns', 0, 'display.width', 80):
        print(*map(clean, str(frame.head()).split('\n')), sep='\n')
    print(DataError('which column holds the class? Add --label').code, file=sys.stderr)
    raise SystemExit(2)


def read_table(path, args, columns=None, labelled=True):
    """Return the Table of a file; args are the options of import_data.py.

    columns, those of another Table, say what they are in this one. If it need not be
    labelled, as one to train with, there may be no classes. Raises DataError.
    """
    frame, named = read_frame(path, args, labelled)
    if columns:
        values, label, ident = known_columns(path, frame, columns, labelled)
    elif not args.label and not path.lower().endswith(CLASS_FIRST):
        show(path, frame)
    else:
        label, ident = args.label or '1', args.long[0] if args.long else args.id
        ident = None if ident == 'none' else ident
        check_names(path, [label, ident], frame)
        values = values_of(path, frame, args, label, ident)
    check_names(path, [label, ident, *(args.long or []), *values], frame)
    labels = texts_of(path, frame, label, labelled)
    ids = texts_of(path, frame, ident)
    X, bad = numbers_of(path, frame, values)
    columns = {'header': named, 'width': frame.shape[1], 'values': values}
    columns |= {'label': label, 'id': ident}
    rows = [f'row {row}' for row in frame.index]
    left_out = [name for name in frame if name not in (*values, label, ident)]
    table = Table(X, labels, ids, rows, bad, columns, left_out)
    if args.long:
        return curves(path, table, frame, args)
    if labelled and args.id is None:
        check_left_out(path, frame, left_out)
    if not args.no_codes:
        add_codes(path, table, values, X, X)
    return table


def curves(path, table, frame, args):
    """Return the Table of objects from that of their observations, and its cells."""
    X, labels, ids = table.X, table.labels, table.ids
    for name in filter(BANDS.fullmatch, frame):
        if frame[name].groupby(ids).nunique().max() > 1:
            raise DataError(f'{path}: one object has several values of {name}: {SEE}')
    time = X[:, 0]
    if ((time % 1 == 0) & (time > 18_000_000) & (time < 21_000_000)).all():
        raise DataError(f'{path}: {time[0]:.0f} is a date: {SEE}')
    objects = pd.Series(ids).groupby(pd.factorize(ids)[0]).indices.values()
    parts = [rows[X[rows, 0].argsort(kind='stable')] for rows in objects]
    if not args.no_codes:
        for j, far in ((0, 10), (1, 100)):  # the times and the values
            column = [X[part, j] for part in parts]
            add_codes(path, table, table.columns['values'][j:], X[:, [j]], column, far)
    few = [ids[part[0]] for part in parts if len(part) < 3]
    parts = [part for part in parts if len(part) > 2]
    if not parts:
        raise DataError(f'{path}: no object has three observations, as curves need')
    found, bad = np.zeros((len(parts), args.length)), {}
    for k, part in enumerate(parts):
        time, value, *period = X[part].T
        classes = sorted(set(labels[part]))
        where = f'{path}: object {ids[part[0]]}'
        if wrong := [table.bad[i] for i in part if i in table.bad]:
            bad[k] = wrong[0]
        elif not np.diff(time).all():
            bad[k] = f'{where} has two observations at one time: {SEE}'
        elif len(classes) > 1:
            bad[k] = f'{where} has several classes, {some(classes)}: {SEE}'
        elif period and not period[0].min() == period[0].max() > 0:
            bad[k] = f'{where} needs one period, a number above 0'
        else:
            found[k] = curve(time, value, args.length, *period)
    first = [part[0] for part in parts]
    rows = [f'object {name}' for name in ids[first]]
    return Table(found, labels[first], ids[first], rows, bad, table.columns, few)


def curve(time, value, length, period=None):
    """Interpolate the values (m,) at times (m,), sorted: return float64 (length,).

    The new times are equally spaced from the first to the last. With a period (m,) they
    are phases, from the first time on; of equal phases, the mean is taken.
    """
    if period is None:
        return np.interp(np.linspace(time[0], time[-1], length), time, value)
    phase, equal = np.unique((time - time[0]) / period % 1, return_inverse=True)
    value = np.bincount(equal, value) / np.bincount(equal)
    return np.interp(np.arange(length) / length, phase, value, period=1)
