"""Read a researcher's table: what its columns hold is said, or asked, never guessed.

What is not plain is refused in one line; docs/own-data.md mends it with pandas.
"""

import csv
import gzip
import io
import re
import warnings
from dataclasses import dataclass, replace
from string import digits
from typing import NamedTuple

from support.console import DataError, printable
from support.files import check_file

import numpy as np
import pandas as pd

ASTROPY = '.fits', '.fit', '.fits.gz', '.ecsv', '.vot', '.votable'
TEXTS = '.csv', '.tsv', '.txt', '.csv.gz', '.tsv.gz', '.txt.gz'
# The last two are refused; docs/own-data.md reads them with pandas.
TABLES = *TEXTS, *ASTROPY, '.ts', '.npy', '.npz', '.parquet', '.xlsx'
CLASS_FIRST = '_train.tsv', '_test.tsv', '.ts', '.npz'  # in column 1, without names
MISSING = ['-', '--', '?']  # are no values, like NaN, NA, null ... for pandas
PART = 20_000  # rows of a text that are read at a time
# Columns that say in which band an observation was made.
BANDS = re.compile('(?i).*(band|filt|colou?r|phot_sys).*|fid|flt|f')
NUMBER = re.compile(r'[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?', re.IGNORECASE)
LARGEST = float(np.finfo('float32').max)  # networks compute in float32
# What codes for no value look like: 99, 999, 99.9, 9.99, ... of up to 7 digits, 1e20
NINES = [float(f'{"9" * i}.{"9" * j}') for i in range(1, 8) for j in range(8 - i)]
CODES = np.float32([*NINES[2:], *np.negative(NINES[2:]), -32768, 1e20, 1e30])
SEE = 'mend it in pandas: docs/own-data.md#recipes'


@dataclass(frozen=True)
class Reading:
    """How a table is read: the options of import_data.py, and what it found."""

    label: str | None = None  # the column of the classes
    values: str | list | None = None  # FIRST:LAST, or mag for mag0, ...; the columns
    id: str | None = None  # the column of the objects' names; 'none': there is none
    header: str | None = None  # 'yes' or 'no': whether a line names the columns
    long: list | None = None  # the columns of curve, time and value, if it is long
    length: int | None = None  # of long: the number of values in each sequence
    period: str | None = None  # of long: the column of the periods, to fold with
    no_codes: bool = False  # whether -999 and the like are values
    width: int = 0  # how many columns there were; 0 if no table was read yet
    extent: list | None = None  # the smallest and the largest value of each column


class Table(NamedTuple):
    """The sequences of a table."""

    X: np.ndarray  # float64 (n, N)
    labels: np.ndarray  # texts (n,), the class of each; '' is none
    ids: np.ndarray  # texts (n,), the name of its curve or its object; '' is none
    objects: np.ndarray  # texts (n,), the object that each is of, or its row
    rows: list  # where each stands: 'a.csv row 5' or 'a.csv object V12'
    bad: dict  # {i: what is wrong with sequence i}
    reading: Reading  # for another table that is to be read in the same way
    not_used: list  # the names of columns
    too_short: list  # the names of objects that are left out


def shorten_list(names, most=5):
    """Return the first of some names, for a message."""
    return ', '.join(names[:most]) + ', ...' * (len(names) > most)


def number_columns(width):
    """Return 1, 2, 3, ... as texts: the names of columns that have none."""
    return [str(i) for i in range(1, width + 1)]


def find_first_row(path, file):
    """Return the first row of a text, and how many lines stand above it."""
    for above, line in enumerate(file):
        if line.strip(' \t;,|\n') and not line.lstrip(' ').startswith('#'):
            return line.strip(' \n'), above
    raise DataError(f'{path} holds no rows: it needs one for each sequence')


def as_csv(file):
    """Yield a .ts file, of @settings and lines of value,value:class, as CSV."""
    for line in file:
        values, _, label = line.strip().rpartition(':')
        if values and line[0] not in '#@':
            yield f'{label},{values}\n'


def read_text(path, header, texts):
    """Yield the cells of a text in parts; those of the columns in texts are texts."""
    opened = gzip.open if path.lower().endswith('.gz') else open
    with opened(path, 'rt', encoding='utf-8-sig') as file:
        if path.lower().endswith('.ts'):
            file = io.StringIO(''.join(as_csv(file)))
        first, above = find_first_row(path, file)
        bare = re.sub('"[^"]*"', '', first)
        mark = next((mark for mark in '\t;|,' if mark in bare), None)
        (names,) = csv.reader([first], delimiter=mark or ' ', skipinitialspace=True)
        names = [' '.join(name.split()) or f'({i})' for i, name in enumerate(names, 1)]
        if not header and any(map(NUMBER.fullmatch, names)):
            remedy = '--header yes, if these name the columns, else --header no'
            raise DataError(f'{path} begins with {shorten_list(names)}: {remedy}')
        numbers = range(1, len(names) + 1)
        dtype = {i: str for i, x in enumerate(names, 1) if {str(i), x} & texts}
        names = number_columns(len(names)) if header == 'no' else names
        N_read = above + (header != 'no')
        file.seek(0)
        for _ in range(N_read):
            file.readline()
        # Blank lines count, so that rows have the numbers that they have in the file.
        options = {'sep': mark or r'\s+', 'skipinitialspace': True, 'chunksize': PART}
        options |= {'skip_blank_lines': False, 'low_memory': False, 'dtype': dtype}
        options |= {'index_col': False}  # or a cell too many would shift all others
        warnings.filterwarnings('error', category=pd.errors.ParserWarning)
        for frame in pd.read_csv(file, names=numbers, na_values=MISSING, **options):
            rows = range(N_read + 1, N_read + 1 + len(frame))
            N_read += len(frame)
            frame = frame.set_axis(names, axis=1).set_axis(rows)
            is_comment = frame.iloc[:, 0].astype(str).str.startswith('#')
            for row in frame.index[is_comment][:1]:
                raise DataError(f'{path} row {row} begins with a #: take it out')
            yield frame.dropna(how='all')  # spreadsheets write empty rows


def read_arrays(path, reading):
    """Return the cells of a NumPy file; in .npz files the classes are put first."""
    arrays = np.load(path, allow_pickle=False)  # a pickle could run code of its own
    is_npz = not isinstance(arrays, np.ndarray)
    frame = pd.DataFrame(arrays['X'] if is_npz else arrays)
    if is_npz and (not reading.width or 'Y' in arrays):
        frame.insert(0, 'Y', arrays['Y'].reshape(len(frame)))
    return frame.set_axis(number_columns(frame.shape[1]), axis=1)


def read_astropy(path):
    """Return the cells of FITS, ECSV or VOTable; a vector v becomes v0, v1, ..."""
    from astropy.table import Table as AstropyTable

    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of units that it does not know
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


def read_frames(path, reading):
    """Yield the cells of a file, by rows and names of columns: of a text in parts."""
    check_file(path)
    kind = path.lower()
    header = reading.header or ('no' if kind.endswith(CLASS_FIRST) else None)
    texts = {reading.label or '1', reading.id, *(reading.long or [])[:1]}
    try:
        if kind.endswith(('.npy', '.npz', *ASTROPY)):
            is_array = kind.endswith(('.npy', '.npz'))
            frame = read_arrays(path, reading) if is_array else read_astropy(path)
            yield frame.set_axis(frame.index + 1)
        else:
            yield from read_text(path, header, texts)
    except Exception as error:  # each library has its own
        why = ' '.join(str(error).split())[:200] or type(error).__name__
        raise DataError(f'{path} cannot be read ({why}): {SEE}') from None


def check_names(path, names, known):
    """Raise DataError unless all names, None aside, are known."""
    for name in names:
        if name is not None and name not in known:
            found = shorten_list(list(known))
            raise DataError(f'{path} has no column {name}, but {found}')


def numbered_columns(names, stem):
    """Return f0, f1, f2, ... of the names, for the stem f; [] if there is a gap."""
    own = [name for name in names if stem and name.rstrip(digits) == stem != name]
    found = {int(name.removeprefix(stem)): name for name in own}
    numbers = sorted(found)
    return [found[i] for i in numbers] if (np.diff(numbers) == 1).all() else []


def value_columns(path, names, reading):
    """Return which of the names of columns, label and id left out, hold the values."""
    first, colon, last = (reading.values or '').partition(':')
    if colon:
        check_names(path, [first, last], names)
        return names[names.index(first) : names.index(last) + 1]
    if path.lower().endswith(CLASS_FIRST) and reading.label == '1':
        return names
    values = numbered_columns(names, first or ''.join(names[:1]).rstrip(digits))
    if values and (first or len(values) == len(names)):
        return values
    which = f'{path}: which of the columns {shorten_list(names)} hold values?'
    remedy = '--values f, for f0, f1, ... without a gap, or --values FIRST:LAST;'
    remedy += ' and --id COLUMN, if one names the objects'
    raise DataError(f'{which} {remedy}')


def find_columns(path, frame, reading):
    """Return the Reading of a first table, with all its columns."""
    if not reading.label and not path.lower().endswith(CLASS_FIRST):
        exit_with_preview(path, frame)
    label, width = reading.label or '1', frame.shape[1]
    id_column = None if reading.id == 'none' else reading.id
    check_names(path, [label, id_column], frame)
    is_named = list(frame) != number_columns(width)
    header = reading.header or ('yes' if is_named else 'no')
    others = [name for name in frame if name not in (label, id_column)]
    values = [*(reading.long or [])[1:], *filter(None, [reading.period])]
    values = values or value_columns(path, others, replace(reading, label=label))
    if not reading.id and not reading.long:
        check_not_used(path, frame, [name for name in others if name not in values])
    found = {'label': label, 'id': id_column, 'header': header, 'values': values}
    return replace(reading, width=width, **found)


def match_columns(path, frame, reading):
    """Name the columns of a table as an earlier one's, if no line names them."""
    width = frame.shape[1]
    if reading.header == 'no' and width == len(reading.values):
        frame.columns = reading.values  # and nothing else
    elif reading.header == 'no' and width != reading.width:
        raise DataError(f'{path} has {width} columns, the first table {reading.width}')


def check_not_used(path, frame, names):
    """Raise DataError if one of the columns repeats what it holds, as a star's name."""
    for name in names:
        cells = frame[name].dropna()
        is_whole = cells.dtype.kind != 'f' or (cells % 1 == 0).all()
        if is_whole and 2 < cells.nunique() < len(cells):
            repeats = f'column {name} repeats what it holds, as names of objects do'
            remedy = f'--id {name} keeps the rows of each on one side of the split'
            raise DataError(f'{path}: {repeats}: {remedy}; if not, --id none')


def check_one_each(path, name, cells, objects):
    """Raise DataError if an object, of the texts (n,), has several values in cells."""
    N_values = pd.Series(cells).groupby(objects).nunique()
    if N_values.max() > 1:
        several = f'{N_values.idxmax()} has several values of {name}, and may have one'
        raise DataError(f'{path}: object {several}: {SEE}')


def exit_with_preview(path, frame):
    """Print how a table begins, and end the program: somebody must name the class."""
    names = shorten_list(list(frame), 20)
    print(printable(f'{path} holds {len(frame)} rows of the columns {names}:'))
    with pd.option_context('display.max_columns', 0, 'display.width', 80):
        print(*map(printable, str(frame.head()).split('\n')), sep='\n')
    raise DataError('which column holds the class? Add --label')


def text_column(path, frame, name, needed=True):
    """Return a column's cells as texts, object (n,); '' is a missing one, or name."""
    if name not in frame:
        return np.full(len(frame), '', object)
    codes, cells = pd.factorize(frame[name].convert_dtypes())  # 1.0 is 1
    texts = [' '.join(str(cell).split()) for cell in cells]
    texts = np.array([*texts, ''], object)[codes]  # of a missing cell the code is -1
    if needed and '' in texts:
        row = frame.index[texts.tolist().index('')]
        none = 'holds no name (NA and None count as none)'
        raise DataError(f'{path} row {row}, column {name} {none}: {SEE}')
    return texts


def to_floats(path, frame, names):
    """Return columns as float64 (n, N), and what is wrong with some rows, {i: text}."""
    texts = [name for name in names if frame[name].dtype.kind not in 'iuf']
    X = np.empty((len(frame), len(names)))
    for i in range(0, len(frame), PART):  # a copy of all would double the memory
        cells = frame[i : i + PART][names]
        numbers = cells[texts].astype(str).apply(pd.to_numeric, errors='coerce')
        X[i : i + PART] = cells.assign(**numbers).to_numpy(float, na_value=np.nan)
    is_wrong, bad = ~((X >= -LARGEST) & (X <= LARGEST)), {}  # also NaN
    for i in np.flatnonzero(is_wrong.any(axis=1)):
        name = names[is_wrong[i].argmax()]
        cell = frame[name].iloc[i]
        problem = f'{str(cell).strip()[:20]!r}, no number that a network takes'
        problem = 'no value' if pd.isna(cell) else problem
        where = f'{path} row {frame.index[i]}, column {name}'
        bad[int(i)] = f'{where} holds {problem}: {SEE}'
    return X, bad


def are_far(X, low, high):
    """Return which of X are farther outside low to high than these are apart, and 1."""
    gap = np.maximum(low - X, X - high)
    return np.isfinite(gap) & (gap > np.maximum(high - low, 1))


def flag_missing_codes(table, names, X, groups, extent=None):
    """Add to table.bad the rows of X (n, N) that hold codes for no value, such as -999.

    That is a number of CODES that is far from all others of its group (n,), or of its
    column, where those of the training, within extent, count as well; or that alone is
    below 0.
    """
    with np.errstate(over='ignore'):  # rows of numbers that are too large are bad
        is_nines = np.isin(X.astype('f4'), CODES)
    if table.reading.no_codes or not is_nines.any():
        return
    is_other = np.isfinite(X) & ~is_nines
    low = X.min(axis=0, where=is_other, initial=np.inf)
    high = X.max(axis=0, where=is_other, initial=-np.inf)
    if extent:
        low, high = np.minimum(low, extent[0]), np.maximum(high, extent[1])
    rows = np.flatnonzero(np.isin(groups, groups[is_nines.any(axis=1)]))
    X, is_nines = X[rows], is_nines[rows]
    others = pd.DataFrame(X).mask(is_nines)
    own_low = others.min(axis=1).groupby(groups[rows]).transform('min')
    own_high = others.max(axis=1).groupby(groups[rows]).transform('max')
    is_code = are_far(X, own_low.to_numpy()[:, None], own_high.to_numpy()[:, None])
    is_code |= are_far(X, low, high) | ((X < 0) & (low.min() >= 0))
    for i, j in np.argwhere(is_code & is_nines):
        where = f'{table.rows[rows[i]]}, column {names[j]}'
        problem = f'{where} holds {X[i, j]:.7g}, perhaps a code for no value'
        remedy = f'{SEE}, or import with --no-codes if it is a value'
        table.bad.setdefault(int(rows[i]), f'{problem}: {remedy}')


def read_table(path, reading):
    """Return the Table of a file; reading may be that of another. Raises DataError."""
    table = make_table(path, pd.concat(read_frames(path, reading)), reading)
    for fault in table.bad.values():
        raise DataError(fault)
    return table


def read_parts(path, reading):
    """Yield Tables, perhaps without classes, of a file: of a wide text in parts."""
    frames = read_frames(path, reading)
    for frame in [pd.concat(frames)] if reading.long else frames:
        yield make_table(path, frame, reading, labelled=False)


def make_table(path, frame, reading, labelled=True):
    """Return the Table of a frame of cells, all or a part of those of a file."""
    if len(twice := frame.columns[frame.columns.duplicated()]):
        raise DataError(f'{path} has two columns called {twice[0]}: rename one')
    if reading.width:
        match_columns(path, frame, reading)
    else:
        reading = find_columns(path, frame, reading)
    needed = [*reading.values, *(reading.long or [])]
    check_names(path, needed + [reading.label, reading.id] * labelled, frame)
    not_used = [x for x in frame if x not in (*needed, reading.label, reading.id)]
    labels = text_column(path, frame, reading.label, labelled)
    ids = text_column(path, frame, reading.id, labelled)
    X, bad = to_floats(path, frame, reading.values)
    rows = [f'{path} row {row}' for row in frame.index]
    objects = ids if reading.id else np.array(rows, object)
    table = Table(X, labels, ids, objects, rows, bad, reading, not_used, [])
    if reading.long:
        return resample_objects(path, table, frame)
    flag_missing_codes(table, reading.values, X, np.arange(len(X)), reading.extent)
    return table


def resample_objects(path, table, frame):
    """Return the Table of curves from that of their observations, and its cells."""
    X, reading = table.X, table.reading
    ids = text_column(path, frame, reading.long[0])
    one_each = reading.label, reading.id, reading.period
    for name in [x for x in frame if x in one_each or BANDS.fullmatch(x)]:
        check_one_each(path, name, frame[name], ids)
    codes, names = pd.factorize(ids)
    for j, extent in enumerate((None, reading.extent)):  # the times and the values
        flag_missing_codes(table, [reading.values[j]], X[:, [j]], codes, extent)
    by_time = np.lexsort((X[:, 0], codes))  # one object after the other
    parts = np.split(by_time, np.bincount(codes).cumsum()[:-1])
    too_short = [names[i] for i, part in enumerate(parts) if len(part) < 3]
    parts = [part for part in parts if len(part) >= 3]
    if not parts:
        raise DataError(f'{path}: no object has three observations, as curves need')
    first = [part[0] for part in parts]
    rows = [f'{path} object {name}' for name in ids[first]]
    curves, bad = np.zeros((len(parts), reading.length)), {}
    for i, part in enumerate(parts):
        time, value, *period = X[part].T
        faults = [table.bad[row] for row in sorted(table.bad.keys() & {*part})]
        if not np.diff(time).all():
            faults.append(f'{rows[i]} has two observations at one time: {SEE}')
        if period and period[0][0] <= 0:
            faults.append(f'{rows[i]} needs a period above 0')
        if faults:
            bad[i] = faults[0]
        else:
            curves[i] = resample(time, value, reading.length, *period)
    return table._replace(
        X=curves,
        labels=table.labels[first],
        ids=ids[first],
        objects=(table.objects if reading.id else ids)[first],
        rows=rows,
        bad=bad,
        too_short=too_short,
    )


def resample(time, value, length, period=None):
    """Interpolate the values (m,) at times (m,), sorted: return float64 (length,).

    The new times are equally spaced from the first to the last. With a period (m,) they
    are phases, from the first time on; of equal phases, the mean is taken.
    """
    if period is None:
        return np.interp(np.linspace(time[0], time[-1], length), time, value)
    phase, equal = np.unique((time - time[0]) / period % 1, return_inverse=True)
    value = np.bincount(equal, value) / np.bincount(equal)
    return np.interp(np.arange(length) / length, phase, value, period=1)
