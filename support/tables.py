"""Read a researcher's table: what its columns hold is said, or asked, never guessed.

read_table is the one road from a file to sequences, for the training and for infer.py.
What is not plain is refused in one line; docs/own-data.md fixes it with pandas.
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
from support.sets import are_one_quantity

import numpy as np
import pandas as pd

ASTROPY = '.fits', '.fit', '.fits.gz', '.ecsv', '.vot', '.votable'
TABLES = *ASTROPY, *'.csv .tsv .txt .gz .ts .npy .npz .parquet .xlsx'.split()
CLASS_FIRST = '_train.tsv', '_test.tsv', '.ts'  # in column 1, without names
MISSING = ['-', '--', '?']  # are no values, like NaN, NA, null ... for pandas
# Columns that say in which band an observation was made.
BANDS = re.compile('(?i).*(band|filt|colou?r|phot_sys).*|fid|flt|f')
NUMBER = re.compile(r'[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?', re.IGNORECASE)
# What codes for no value look like: 99, 999, 99.9, 9.99, ... of up to 7 digits, 1e20
NINES = [float(f'{"9" * i}.{"9" * j}') for i in range(1, 8) for j in range(8 - i)]
CODES = np.float32([*NINES[2:], *np.negative(NINES[2:]), -32768, 1e20, 1e30])
SEE = 'fix it with pandas: docs/own-data.md#recipes'


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
    average: bool | None = None  # of long: whether a value is the mean of a bin
    width: int = 0  # how many columns there are
    unused: dict | None = None  # other columns, and at most six values of each


class Table(NamedTuple):
    """The sequences of a table."""

    X: np.ndarray  # float64 (n, N)
    labels: np.ndarray  # texts (n,), the class of each; '' is none
    ids: np.ndarray  # texts (n,), the name of its object or its curve; '' is none
    objects: np.ndarray  # texts (n,), the name of its object
    names: np.ndarray  # texts (n,), where it stands: 'a.csv row 5'
    faults: dict  # {i: what is wrong with sequence i}
    reading: Reading  # for another table that is to be read in the same way
    notes: list  # lines that say what was left out, or is to be known


def shorten_list(names, most=5):
    """Return the first of some names, for a message."""
    return ', '.join(names[:most]) + ', ...' * (len(names) > most)


def number_columns(width):
    """Return 1, 2, 3, ... as texts: the names of columns that have none."""
    return [str(i) for i in range(1, width + 1)]


def describe_range(values):
    """Return the smallest and the largest: '1 to 99 (20 times)', if that repeats."""
    limits = [(x, int(np.sum(values == x))) for x in (values.min(), values.max())]
    texts = [f'{x:.6g}' + f' ({count:,} times)' * (count > 1) for x, count in limits]
    return ' to '.join(texts)


def read_cells(path, reading):
    """Return the cells of a file, by numbers of rows and names of columns."""
    check_file(path)
    kind = path.lower()
    try:
        if kind.endswith(('.npz', *ASTROPY)):
            frame = read_vectors(path)
        elif kind.endswith('.npy'):
            X = np.load(path)
            frame = pd.DataFrame(
                X, np.arange(1, len(X) + 1), number_columns(X.shape[-1])
            )
        else:
            frame = read_text(path, reading)
    except Exception as error:  # each library has its own
        why = ' '.join(str(error).split())[:200] or type(error).__name__
        raise DataError(f'{path} cannot be read ({why}): {SEE}') from None
    if frame.empty:
        raise DataError(f'{path} holds no rows: it needs one for each sequence')
    return frame


def read_text(path, reading):
    """Return the cells of a text; those of classes and names stay texts."""
    kind = path.lower()
    header = reading.header or ('no' if kind.endswith(CLASS_FIRST) else None)
    opened = gzip.open if kind.endswith('.gz') else open
    with opened(path, 'rt', encoding='utf-8-sig') as file:
        if kind.endswith('.ts'):
            file = io.StringIO(as_csv(path, file.read()))
        above, first = 0, 'no row'
        for first in file:
            if first.strip(' \t;,|\n') and not first.lstrip(' ').startswith('#'):
                break
            above += 1
        first = first.strip(' \n')
        bare = re.sub('"[^"]*"', '', first)
        mark = next((mark for mark in '\t;|,' if mark in bare), None)
        (names,) = csv.reader([first], delimiter=mark or ' ', skipinitialspace=True)
        names = [' '.join(name.split()) or f'({i})' for i, name in enumerate(names, 1)]
        if not header and any(map(NUMBER.fullmatch, names)):
            remedy = 'add --header yes if these name the columns, else --header no'
            raise DataError(f'{path} begins with {shorten_list(names)}: {remedy}')
        names = number_columns(len(names)) if header == 'no' else names
        above += header != 'no'
        file.seek(0)
        for _ in range(above):
            file.readline()
        texts = {reading.label or '1', reading.id, *(reading.long or [])[:1]}
        warnings.filterwarnings('error', category=pd.errors.ParserWarning)
        # Blank lines count, so that rows have the numbers that they have in the file.
        frame = pd.read_csv(
            file,
            sep=mark or r'\s+',
            names=names,
            dtype={x: str for x in names if x in texts},
            na_values=MISSING,
            skipinitialspace=True,
            skip_blank_lines=False,
            low_memory=False,
            index_col=False,  # or a cell too many would shift all others
        )
    frame.index += above + 1
    is_comment = frame.iloc[:, 0].astype(str).str.startswith('#')
    for row in frame.index[is_comment][:1]:
        raise DataError(f'{path} row {row} begins with a #: delete this row')
    return frame.dropna(how='all')  # spreadsheets write empty rows


def as_csv(path, text):
    """Return a .ts file, of @settings and lines of value,value:class, as CSV."""
    lines = [re.sub('^[#@].*', '', line.strip()) for line in text.splitlines()]
    rows = [line for line in lines if line]
    channels, lengths = ({row.count(mark) for row in rows} for mark in ':,')
    if channels != {1} or len(lengths) > 1:
        others = 'several channels, or sequences of unequal lengths'
        remedy = 'see docs/own-data.md#recipes, "Channels"'
        raise DataError(f'{path} holds {others}: {remedy}')
    return '\n'.join(','.join(line.split(':')[::-1]) for line in lines)


def read_vectors(path):
    """Return the cells of .npz, FITS, ECSV or VOTable; a vector as v0, v1, ..."""
    from astropy.table import Table as AstropyTable
    from astropy.units import UnitsWarning

    if path.lower().endswith('.npz'):
        file = np.load(path)
        none = np.full(len(file['X']), np.nan)  # in place of what is not a column
        arrays = {x: y if y.shape[:1] == none.shape else none for x, y in file.items()}
        table = AstropyTable(arrays, copy=False)
    else:
        with warnings.catch_warnings(action='ignore', category=UnitsWarning):
            table = AstropyTable.read(path)
    table.convert_bytestring_to_unicode()
    frames = []
    for name in table.colnames:
        if table[name].ndim == 1:
            frames.append(table[[name]].to_pandas(index=False))
        else:
            X = np.ma.filled(np.ma.asarray(table[name], float), np.nan)
            frames.append(pd.DataFrame(X).add_prefix(name))
    return pd.concat(frames, axis=1).set_axis(range(1, len(table) + 1))


def check_names(path, names, known):
    """Raise DataError unless all names, None aside, are known."""
    for name in names:
        if name is not None and name not in known:
            found = shorten_list([*known])
            raise DataError(f'{path} has no column {name}: it has {found}')


def find_columns(path, frame, reading):
    """Return the Reading of a first table, with all its columns."""
    kind, label, wanted = path.lower(), reading.label, reading.values
    if kind.endswith('.npz'):
        label, wanted = label or 'Y', wanted or 'X'
    elif kind.endswith(CLASS_FIRST):
        label, wanted = label or '1', wanted or f'2:{frame.shape[1]}'
    if not label:
        names = shorten_list(list(frame), 20)
        print(printable(f'{path} holds {len(frame)} rows of the columns {names}:'))
        with pd.option_context('display.max_columns', 0, 'display.width', 80):
            print(*map(printable, str(frame.head()).split('\n')), sep='\n')
        raise DataError(f'{path}: which column holds the class? Add --label COLUMN')
    curve = reading.long[0] if reading.long else None
    id_column = curve if reading.id in (None, 'none') else reading.id
    check_names(path, [label, id_column, curve], frame)
    others = [name for name in frame if name not in (label, id_column)]
    if curve:
        values = [*reading.long[1:], *filter(None, [reading.period])]
    else:
        values = value_columns(path, others, wanted)
    for name in others if not reading.id and not curve else ():
        cells = frame[name].dropna()
        is_whole = cells.dtype.kind != 'f' or (cells % 1 == 0).all()
        if name not in values and is_whole and 2 < cells.nunique() < len(cells):
            asked = f'add --id {name} if it names objects such as stars, else --id none'
            raise DataError(f'{path}: column {name} repeats what it holds: {asked}')
    names = number_columns(frame.shape[1])
    found = {'label': label, 'values': values, 'id': id_column}
    found['header'] = reading.header or ('no' if [*frame] == names else 'yes')
    return replace(reading, width=frame.shape[1], **found)


def value_columns(path, names, wanted):
    """Return which of the names hold the values: FIRST:LAST, f for f0, ..., or all."""
    first, colon, last = (wanted or '').partition(':')
    if colon:
        check_names(path, [first, last], names)
        return names[names.index(first) : names.index(last) + 1]
    stem = first or ''.join(names[:1]).rstrip(digits)
    own = [name for name in names if stem and name.rstrip(digits) == stem != name]
    found = {int(name.removeprefix(stem)): name for name in own}
    if found and np.ptp([*found]) < len(found) and (first or len(own) == len(names)):
        return [found[i] for i in sorted(found)]
    which = f'{path}: which of the columns {shorten_list(names)} hold values?'
    remedy = 'Add --values f for f0, f1, ... without a gap, or --values FIRST:LAST; and'
    more = '--id COLUMN if one names the objects, or --long if a row is an observation'
    raise DataError(f'{which} {remedy} {more}')


def check_one_each(path, name, cells, objects):
    """Raise DataError if an object, of the texts (n,), has several values in cells."""
    N_values = pd.Series(cells).groupby(objects).nunique()
    if N_values.max() > 1:
        several = f'object {N_values.idxmax()} has several values of {name}'
        raise DataError(f'{path}: {several}, but needs a single one: {SEE}')


def read_table(path, reading, labelled=True, extent=None):
    """Return the Table of a file; reading may be that of another. Raises DataError.

    Unless labelled, it need have neither classes nor the names of objects, and what is
    wrong with some sequences is in faults. extent is the range of the training.
    """
    frame = read_cells(path, reading)
    width, known = frame.shape[1], reading.values
    if not isinstance(known, list):
        reading = find_columns(path, frame, reading)
    elif reading.header == 'no' and width == len(known):
        frame.columns = known  # and nothing else
    elif reading.header == 'no' and width != reading.width:
        raise DataError(f'{path} has {width} columns, but needs {reading.width}')
    needed, own = [*reading.values, *(reading.long or [])], [reading.label, reading.id]
    check_names(path, needed + own * labelled, frame)
    unused = {}
    for name in [name for name in frame if name not in {*needed, *own}]:
        texts = pd.unique(to_texts(path, frame, name, False))
        unused[name] = [text for text in texts if text][:6]
    reading, titles = replace(reading, unused=unused), unused.items()
    titles = [x + f' ({", ".join(y)})' * (0 < len(y) < 6) for x, y in titles]
    notes = [f'Not used: {shorten_list(titles, 20)}'] if titles else []
    X, curves = to_numbers(frame, reading.values), {}
    if reading.long:
        curves, few = split_curves(path, frame, X, reading)
        if reading.average is None:
            N = np.median([len(rows) for rows in curves.values()])
            reading = replace(reading, average=bool(N >= 2 * reading.length))
        notes += few + (describe_sampling(X, curves, reading) if labelled else [])
    faults = find_faults(path, frame, X, reading, curves, extent)
    if reading.long:
        X, faults = make_curves(path, X, faults, curves, reading)
        frame = frame.iloc[[rows[0] for rows in curves.values()]]
        names = [f'{path} object {name}' for name in curves]
    else:
        names = [f'{path} row {i}' for i in frame.index]
    for fault in faults.values() if labelled else ():
        raise DataError(fault)
    columns = reading.label, (reading.long or [reading.id])[0], reading.id
    texts = [to_texts(path, frame, name, labelled) for name in columns]
    return Table(X, *texts, np.array(names, object), faults, reading, notes)


def to_texts(path, frame, name, needed):
    """Return a column's cells as texts, object (n,); '' is a missing one, or column."""
    if name not in frame:
        return np.full(len(frame), '', object)
    codes, cells = pd.factorize(frame[name].convert_dtypes())  # 1.0 is 1
    texts = [' '.join(str(cell).split()) for cell in cells]
    texts = np.array([*texts, ''], object)[codes]  # of a missing cell the code is -1
    for row in frame.index[texts == ''][:1] if needed else ():
        empty = 'holds no name (NA and None count as empty)'
        raise DataError(f'{path} row {row}, column {name} {empty}: {SEE}')
    return texts


def to_numbers(frame, names):
    """Return columns as float64 (n, N), NaN where a cell is no number."""
    X = np.empty((len(frame), len(names)))
    for j, name in enumerate(names):
        cells = frame[name]
        if cells.dtype.kind not in 'iuf':
            cells = pd.to_numeric(cells.astype(str), errors='coerce')
        X[:, j] = cells.to_numpy(float, na_value=np.nan)
    return X


def find_faults(path, frame, X, reading, curves, extent):
    """Return what is wrong with rows of X (n, N), the values in frame: {i: text}."""
    is_code = find_codes(X, reading, curves, extent) & (not reading.no_codes)
    is_wrong, faults = is_code | ~(np.abs(X) < 3.4e38), {}  # of float32; also NaN
    if reading.period:
        is_wrong[:, 2] |= X[:, 2] <= 0
    for i in np.flatnonzero(is_wrong.any(axis=1)):
        j = is_wrong[i].argmax()
        column, cell = reading.values[j], frame[reading.values[j]].iloc[i]
        found = f'{str(cell).strip()[:20]!r}, which is not a usable number'
        if is_code[i, j]:
            remedy = 'if it is a value, import with --no-codes'
            found = f'{X[i, j]:.7g}, which may be a code for no value ({remedy})'
        elif pd.isna(cell):
            found = 'no value'
        row = frame.index[i]
        faults[int(i)] = f'{path} row {row}, column {column} holds {found}: {SEE}'
    return faults


def find_codes(X, reading, curves, extent):
    """Return which of X (n, N) may be codes for no value, such as -999: bool (n, N).

    They are nines alone in their column (and the training's extent) or in a sequence of
    one quantity: alone below 0, or farther off than the others are apart, and than 1.
    """
    with np.errstate(over='ignore'):  # what is too large is wrong anyway
        is_nines = np.isin(X.astype('f4'), CODES)
    is_code, limits = np.zeros(X.shape, bool), np.full((2, X.shape[1]), np.nan)
    if extent and not reading.long and len(extent['low']) in (1, X.shape[1]):
        limits[:] = extent['low'], extent['high']
    groups = [(np.s_[:, j], limits[:, j]) for j in range(X.shape[1])]
    if reading.long:
        groups += [((rows, 1), ()) for rows in curves.values()]
    elif are_one_quantity(reading.values):
        groups += [(i, ()) for i in np.flatnonzero(is_nines.any(axis=1))]
    for group, limit in groups:
        x, nines = X[group], is_nines[group]
        if nines.any():
            others = np.append(x[~nines], limit)
            others = others[np.isfinite(others)]
            low, high = others.min(initial=np.inf), others.max(initial=-np.inf)
            is_far = np.maximum(low - x, x - high) > max(high - low, 1)
            is_code[group] |= nines & (is_far | ((x < 0) & (low >= 0)))
    return is_code


def split_curves(path, frame, X, reading):
    """Return {name: its rows, by time} of all curves, and a note of who is left out."""
    ids = to_texts(path, frame, reading.long[0], True)
    one_each = reading.label, reading.id, reading.period
    for name in [x for x in frame if x in one_each or BANDS.fullmatch(x)]:
        check_one_each(path, name, frame[name].to_numpy(), ids)
    rows = pd.Series(X[:, 0]).groupby(ids).indices
    by_time = {x: rows[x][X[rows[x], 0].argsort()] for x in pd.unique(ids)}
    curves = {name: rows for name, rows in by_time.items() if len(rows) > 2}
    few = [name for name in by_time if name not in curves]
    if not curves:
        raise DataError(f'{path}: no object has the three observations that it needs')
    left_out = f'Left out, with fewer than three observations: {len(few)}'
    return curves, [f'{left_out} ({shorten_list(few)})'] * bool(few)


def describe_sampling(X, curves, reading):
    """Return lines that say how often, and for how long, the curves were observed."""
    (_, time, value), length = reading.long, reading.length
    axis = 'phase' if reading.period else time
    times = [X[rows, 0] for rows in curves.values()]
    each = [(len(t), t[-1] - t[0], np.diff(t).max()) for t in times]
    columns = 'observations', f'{time} from first to last', 'largest gap'
    table = pd.DataFrame(each, columns=columns).agg(['min', 'median', 'max'])
    notes = table.to_string(float_format='{:.5g}'.format).split('\n')
    notes.append(f'{value}: {describe_range(X[:, 1])}')
    if reading.average:
        notes.append(f'Each value is the mean in one of {length} equal bins of {axis}')
    elif few := sum(len(t) < length for t in times):
        remedy = '' if reading.period else ': fold them with --period if periodic'
        fewer = f'{few} of {len(times)} objects have fewer observations than values'
        notes.append(f'{fewer}{remedy}')
    return notes


def make_curves(path, X, faults, curves, reading):
    """Return the curves of observations X, (n, length), and what is wrong with some."""
    made, bad = np.zeros((len(curves), reading.length)), {}
    for i, (name, rows) in enumerate(curves.items()):
        time, value, *period = X[rows].T
        gaps, where = np.diff(time), f'{path} object {name}'
        if wrong := faults.keys() & {*rows}:
            bad[i] = faults[min(wrong)]
        elif not gaps.all():
            bad[i] = f'{where} has two observations at one time: {SEE}'
        elif ((gaps > 2.3e6) & (time[1:] < 2.5e6)).any():  # what JD is above MJD
            apart = f'two times are {gaps.max():,.0f} apart'
            bad[i] = f'{where} may mix JD and MJD: {apart}'
        else:
            options = reading.length, reading.average, *period
            made[i] = resample(time, value, *options)
    return made, bad


def resample(time, value, length, average=False, period=None):
    """Return length values for those (m,) at the times (m,), sorted: float64 (length,).

    The new times are equally spaced from the first to the last, and the values between
    them interpolated. With a period (m,) the times are phases, from the first time on;
    of equal phases, the mean is taken. With average, a value is the mean of one of as
    many equal bins, and interpolated if that is empty.
    """
    new, end = np.linspace(time[0], time[-1], length), None
    if period is not None:
        time, new, end = (time - time[0]) / period % 1, np.arange(length) / length, 1
    if average:
        span = end or time[-1] - time[0]
        time = np.minimum((time - new[0]) * length // span, length - 1)
        new, end = np.arange(length), end and length
    time, same = np.unique(time, return_inverse=True)
    value = np.bincount(same, value) / np.bincount(same)
    return np.interp(new, time, value, period=end)
