"""Read a researcher's table: what its columns hold is said, or asked, never guessed.

What is not plain is refused in one line; docs/own-data.md mends it with pandas.
"""

import csv
import gzip
import re
import sys
import warnings
from typing import NamedTuple

from support.console import DataError, clean, whole_number
from support.files import check_file

import numpy as np
import pandas as pd

ASTROPY = '.fits', '.fit', '.fits.gz', '.ecsv', '.vot', '.votable'
TEXTS = '.csv', '.tsv', '.txt', '.csv.gz', '.tsv.gz', '.txt.gz', '.ts'
TABLES = *TEXTS, *ASTROPY, '.npy', '.npz'
CLASS_FIRST = '_train.tsv', '_test.tsv', '.ts', '.npz'  # in column 1, without names
MISSING = ['-', '--', '?']  # are no values, like NaN, NA, null ... for pandas
BANDS = re.compile('.*(band|filt).*|fid|flt')  # such columns: of which band
LARGEST = float(np.finfo('float32').max)  # networks compute in float32
NINES = re.compile(r'-?(9{2,}(\.9+)?|9\.9{2,})|-32768')  # what codes look like
SEE = 'mend it in pandas: docs/own-data.md#recipes'
HINTS = {  # what stands in place of a number, and what to do
    r'.*\d[.,]\d+[.,]\d|\d+,\d{3}$': f'1,000 is written 1000; {SEE}',
    r'.*\d,\d': f'decimal commas: {SEE}',
    r'\d{4}-\d\d|\d+/\d': f'times are to be numbers, such as MJD; {SEE}',
    r'\D+$': f'take it out if this is a line of names or units; {SEE}',
    r'': SEE,
}


class Table(NamedTuple):
    """The sequences of a table."""

    X: np.ndarray  # float64 (n, N)
    labels: np.ndarray | None  # texts (n,), the class of each; '' is none
    ids: np.ndarray | None  # texts (n,), the object that each is of
    rows: list  # where each stands: 'row 5' or 'object V12'
    bad: dict  # {i: what is wrong with sequence i}
    columns: dict  # what the columns are, to read another table in the same way
    left_out: list  # the names of columns, or of objects, that are left out


def add_columns(script):
    """Add to an ArgumentParser what says how a table is to be read."""
    add = script.add_argument
    add('--label', metavar='COLUMN', help='of the classes')
    what = 'the columns of a sequence; or mag, for mag0, mag1, ...'
    add('--values', metavar='FIRST:LAST', help=what)
    add('--id', metavar='COLUMN', help="of the objects' names, or none")
    add('--header', choices=('yes', 'no'), help='whether a line names the columns')
    add('--long', metavar='ID,TIME,VALUE', help='each row is an observation')
    add('--length', metavar='N', type=whole_number(2), help='of --long: values in each')
    add('--period', metavar='COLUMN', help='of --long: fold each object with it')
    add('--no-codes', action='store_true', help='-999 and the like are values')


def some(names):
    """Return the first of some names, for a message."""
    return ', '.join(names[:5]) + ', ...' * (len(names) > 5)


# ----------------------------------------------------------------------- files


def is_number(name):
    """Return whether a name is a number, such as a wavelength."""
    try:
        return float(name) == float(name)
    except ValueError:
        return False


def split(line, mark):
    """Return the cells of a line, between marks or, if that is None, blanks."""
    if '"' not in line:
        return line.split(mark)
    return next(csv.reader([line], delimiter=mark or ' ', skipinitialspace=True))


def check_lines(path, file):
    """Return a text's rows, all of as many cells, the first's cells and their mark."""
    rows = []
    for row, line in enumerate(file, 1):
        line = line.strip(' \r\n')
        if not line or (not rows and (line[0] == '#' or not line.strip('\t;,|'))):
            continue
        if not rows:
            bare = re.sub('"[^"]*"', '', line)
            mark = next((mark for mark in '\t;|,' if mark in bare), None)
            first = split(line, mark)
        plain = mark and '"' not in line
        many = line.count(mark) + 1 if plain else len(split(line, mark))
        if line[0] == '#':
            raise DataError(f'{path}, row {row} begins with a #: take it out')
        if many != len(first):
            what = f'{path}, row {row} has {many} cells, the first line {len(first)}'
            raise DataError(f'{what} (R names no column of row names): {SEE}')
        rows.append(row)
    if not rows:
        raise DataError(f'{path} holds no rows: it needs one for each sequence')
    return rows, first, mark


def read_text(path, header, texts):
    """Return the cells of a text, by its rows; the columns called texts hold texts."""
    opened = gzip.open if path.lower().endswith('.gz') else open
    with opened(path, 'rt', encoding='utf-8-sig') as file:
        rows, first, mark = check_lines(path, file)
    names = [' '.join(name.split()) or f'({i})' for i, name in enumerate(first, 1)]
    if not header and any(map(is_number, names)):
        what = '--header yes, if these name the columns, else --header no'
        remedy = f'{what} (names behind a #: docs/own-data.md#recipes)'
        raise DataError(f'{path} begins with {some(names)}: {remedy}')
    names = range(1, len(names) + 1) if header == 'no' else names
    above = rows.pop(0) if header != 'no' else rows[0] - 1
    options = {'sep': mark or r'\s+', 'skipinitialspace': True, 'na_values': MISSING}
    options['dtype'] = {i: str for i, name in enumerate(names) if str(name) in texts}
    with opened(path, 'rt', encoding='utf-8-sig') as file, warnings.catch_warnings():
        warnings.simplefilter('ignore', pd.errors.DtypeWarning)  # in columns left out
        for _ in range(above):
            file.readline()
        frame = pd.read_csv(file, names=range(len(names)), index_col=False, **options)
    if len(frame) != len(rows):
        raise DataError(f'{path}: a quotation mark opens and closes in different lines')
    frame = frame.set_axis(map(str, names), axis=1).set_axis(rows)
    empty = frame.isna().all(axis=1)  # spreadsheets write such rows
    return frame[~empty] if empty.any() else frame


def read_series(path):
    """Return the cells of a .ts file: lines of @settings, then value,value:class."""
    rows = {}
    with open(path, encoding='utf-8-sig') as file:
        for row, line in enumerate(map(str.strip, file), 1):
            if not line or line[0] in '#@':
                continue
            values, _, label = line.replace('?', 'nan').rpartition(':')
            try:
                rows[row] = [label, *map(float, values.split(','))]
                if len(rows[row]) != len(next(iter(rows.values()))):
                    raise ValueError
            except ValueError:
                what = 'is not a series as long as the first, a colon and its class'
                raise DataError(f'{path}, row {row} {what}: {SEE}') from None
    return pd.DataFrame.from_dict(rows, orient='index')


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

    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # about units that are in no standard
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
    named = kind.endswith(ASTROPY)
    try:
        if kind.endswith('.ts'):
            frame = read_series(path)
        elif kind.endswith(('.npy', '.npz')):
            frame = read_arrays(path, labelled)
        elif named:
            frame = read_astropy(path)
        else:
            header = args.header or ('no' if kind.endswith(CLASS_FIRST) else None)
            texts = [args.label or '1', args.id, (args.long or '').split(',')[0]]
            frame, named = read_text(path, header, texts), header != 'no'
    except UnicodeDecodeError:
        raise DataError(f'{path} is not text in UTF-8: {SEE}') from None
    except Exception as error:  # each library has its own
        why = ' '.join(str(error).split())[:200] or type(error).__name__
        raise DataError(f'{path} cannot be read ({why}): {SEE}') from None
    if not len(frame):
        raise DataError(f'{path} holds no rows: it needs one for each sequence')
    if isinstance(frame.index, pd.RangeIndex):
        frame.index = range(1, len(frame) + 1)
    if not named:
        frame.columns = [str(i) for i in range(1, frame.shape[1] + 1)]
    if len(twice := frame.columns[frame.columns.duplicated()]):
        raise DataError(f'{path} has two columns called {twice[0]}: rename one')
    return frame, named


# --------------------------------------------- what the columns are, and hold


def check_names(path, names, frame):
    """Raise DataError unless all names are columns."""
    if lacking := [name for name in names if name not in frame]:
        known = f'{some(list(frame))} (--header no, if these are data)'
        raise DataError(f'{path} has no column {lacking[0]}, but {known}')


def counted(name):
    """Return what counts on in a name: mag and 12 of mag12, a and NaN of a."""
    stem, number = re.fullmatch('(.*?)([0-9]*)', name, re.DOTALL).groups()
    return stem, float(number or 'nan')


def count_on(names):
    """Return whether names have one stem, and each a number one more than the last."""
    stems, numbers = zip(*map(counted, names), strict=True)
    return len(set(stems)) == 1 and bool((np.diff(numbers) == 1).all())


def values_of(path, frame, args, label, ident):
    """Return the names of the columns that hold the values of a sequence."""
    others = [name for name in frame if name not in (label, ident)]
    first, colon, last = (args.values or '').partition(':')
    if not first:
        class_first = path.lower().endswith(CLASS_FIRST) and label == '1'
        if class_first or (others and count_on(others) and counted(others[0])[0]):
            return others
        what = '--values f, for f0, f1, ..., --values FIRST:LAST, or --long'
        raise DataError(
            f'{path}: which of the columns {some(others)} hold values? {what}'
        )
    if not colon:
        values = [name for name in others if counted(name)[0] == first != name]
        values.sort(key=lambda name: counted(name)[1])
        if not values or not count_on(values):
            what = f'do not count on without a gap: {some(values) or "none is there"}'
            raise DataError(f'{path}: --values {first} {what}; give FIRST:LAST')
        return values
    check_names(path, [first, last], frame)
    values, what = list(frame.loc[:, first:last]), f'{path}: --values {args.values}'
    if label in values or ident in values or not values:
        raise DataError(f'{what} needs a first and a last, no --label or --id between')
    if is_number(first) and is_number(last):
        numbers = [float(name) for name in values if is_number(name)]
        if len(numbers) < len(values) or min(np.diff(numbers), default=1) <= 0:
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
            what = f'{path}: column {name} holds some things several times, as names of'
            what += f' objects: --id {name} keeps the rows of each on one side of the'
            raise DataError(f'{what} split; if it names none, --id none')


def known_columns(path, frame, columns):
    """Return values, label and id as another table had them, with what is there."""
    values, width = columns['values'], frame.shape[1]
    if not columns['header'] and width == len(values):
        return list(frame), None, None  # nothing but the values
    lacking = [f'column {name}' for name in values if name not in frame]
    if not columns['header'] and width != columns['width']:
        lacking = [f'{columns["width"]} columns or {len(values)}']
    if lacking:
        raise DataError(f'{path} has no {lacking[0]}, as the table of the training had')
    others = (columns[key] for key in ('label', 'id'))
    return values, *(name if name in frame else None for name in others)


def texts_of(cells):
    """Return a column's cells as texts, object (n,); '' is a missing one."""
    if cells.dtype.kind == 'f':
        cells = cells.map('{:.15g}'.format, na_action='ignore')
    texts = np.array([' '.join(str(cell).split()) for cell in cells], object)
    texts[cells.isna() | np.isin(texts, MISSING)] = ''
    return texts


def numbers_of(path, frame, names):
    """Return columns as float64 (n, N), and what is wrong with some rows, {i: text}."""
    wrong, numbers = {}, {}
    for name in names:
        if frame[name].dtype.kind not in 'iuf':
            cells = frame[name].astype(str).str.strip()
            numbers[name] = pd.to_numeric(cells, errors='coerce')
            for i in np.flatnonzero(numbers[name].isna() & frame[name].notna()):
                cell = cells.iloc[i]
                hint = next(hint for x, hint in HINTS.items() if re.match(x, cell))
                what = f'{cell[:20]!r}, no number: {hint}'
                wrong.setdefault(i, (name, what))
    frame = frame.assign(**numbers) if numbers else frame
    X = np.empty((len(frame), len(names)))
    for j in range(0, len(names), 16):  # a few at a time, which needs little memory
        X[:, j : j + 16] = frame[names[j : j + 16]].to_numpy(float, na_value=np.nan)
    if not (X.min() >= -LARGEST and X.max() <= LARGEST):  # NaN is neither
        for i, j in np.argwhere(~((X >= -LARGEST) & (X <= LARGEST))):
            what = f'{X[i, j]:g}, too large for a network: {SEE}'
            if np.isnan(X[i, j]):
                what = f'no value (one of {np.isnan(X).sum():,}): {SEE}'
            wrong.setdefault(i, (names[j], what))
    where = {i: f'{path}, row {frame.index[i]}, column {wrong[i][0]}' for i in wrong}
    return X, {int(i): f'{where[i]} holds {wrong[i][1]}' for i in sorted(wrong)}


def codes_of(X, parts, far):
    """Return the numbers of X that look like codes for no value: -999, 1e20."""
    found = set()
    for part in parts:  # sequences or objects: nines that are far from their others
        ends = float(part.min()), float(part.max())
        nines = [code for code in ends if NINES.fullmatch(f'{code:.7g}')]
        others = part[~np.isin(part, nines)] if nines else part
        for code in nines:
            if not others.size or min(abs(others - code)) > max(np.ptp(others), 1):
                found.add(code)
    # Ends of X that are far from all others; nines, more frequent or alone below 0
    low, high = np.fmin.reduce(X, axis=None), np.fmax.reduce(X, axis=None)
    above = np.min(X, where=X > low, initial=np.inf)  # the next, without a copy of X
    below = np.max(X, where=X < high, initial=-np.inf)
    for code, next_ in ((low, above), (high, below)) if low < high else ():
        spread = below - above if above < below else abs(next_) or 1
        often = code < 0 <= next_ or np.sum(X == code) > 2 * np.sum(X == next_)
        nines = NINES.fullmatch(f'{code:.7g}')
        if abs(code - next_) > far * spread or (nines and often):
            found.add(float(code))
    return found


def add_codes(path, table, names, X, parts, far=100):
    """Add to table.bad the rows whose numbers X (m, N), of columns names, are codes."""
    for code in codes_of(X, parts, far):
        for i, j in np.argwhere(X == code):
            where = f'{path}, {table.rows[i]}, column {names[j]} holds {code:.7g}'
            what = f'perhaps a code for no value (one of {np.sum(X == code):,}): {SEE}'
            table.bad.setdefault(int(i), f'{where}, {what}')


# ------------------------------------------------------------------ all of it


def show(path, frame):
    """Print how a table begins, and end the program: somebody must name the class."""
    print(clean(f'{path} holds {len(frame)} rows of {frame.shape[1]} columns:'))
    with pd.option_context('display.max_columns', 0, 'display.width', 80):
        print(*map(clean, str(frame.head()).split('\n')), sep='\n')
    error = DataError('which column holds the class? Add --label COLUMN')
    print(error.code, file=sys.stderr)
    raise SystemExit(2)


def read_table(path, args, columns=None, labelled=True):
    """Return the Table of a file; args are the options of add_columns.

    columns, those of another Table, say what they are in this one. If it need not be
    labelled, as one to train with, there may be no classes. Raises DataError.
    """
    frame, named = read_frame(path, args, labelled)
    if columns:
        values, label, ident = known_columns(path, frame, columns)
    elif not args.label and (named or not path.lower().endswith(CLASS_FIRST)):
        show(path, frame)
    else:
        label, ident = args.label or '1', None if args.id == 'none' else args.id
        if args.long:
            ident, *values = args.long.split(',')
            values += [args.period] if args.period else []
        check_names(path, [label] + ([ident] if ident else []), frame)
        if not args.long:
            values = values_of(path, frame, args, label, ident)
        check_names(path, values, frame)
    texts = [None if x is None else texts_of(frame[x]) for x in (label, ident)]
    for name, cells in ((label, texts[0] if labelled else None), (ident, texts[1])):
        if cells is not None and '' in cells:
            where = f'{path}, row {frame.index[list(cells).index("")]}, column {name}'
            many = f'one of {np.sum(cells == ""):,}; NA, none and null are no names'
            raise DataError(f'{where} holds no name ({many}): {SEE}')
    if named and args.header != 'yes' and label and label in texts[0]:
        what = 'is that a class? --header no, if the first line is data, else yes'
        raise DataError(f'{path}: {label} stands in the column {label}: {what}')
    X, bad = numbers_of(path, frame, values)
    columns = {'header': named, 'width': frame.shape[1], 'values': values}
    columns |= {'label': label, 'id': ident}
    rows = [f'row {row}' for row in frame.index]
    left_out = [name for name in frame if name not in (*values, label, ident)]
    table = Table(X, *texts, rows, bad, columns, left_out)
    if args.long:
        return curves(path, table, frame, args, labelled)
    if len(values) < 2:
        raise DataError(f'{path}: a sequence has two values or more: see --long')
    if labelled and args.id is None:
        check_left_out(path, frame, left_out)
    if not args.no_codes:
        add_codes(path, table, values, X, X)
    return table


def curves(path, table, frame, args, labelled):
    """Return the Table of objects from that of their observations, and its cells."""
    X, ids, labels = table.X, table.ids, table.labels
    if ids is None:
        raise DataError(f'{path} has no column of objects, as that of the training had')
    for name in frame:
        is_band = BANDS.fullmatch(name.lower())
        if is_band and frame[name].groupby(ids).nunique().max() > 1:
            raise DataError(f'{path}: one object has several {name}s: {SEE}')
    codes = pd.factorize(ids)[0]
    order = np.lexsort((X[:, 0], codes))
    parts = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    if not args.no_codes:
        for j, far in ((0, 10), (1, 100)):  # the times and the values
            column = [X[part, j] for part in parts]
            add_codes(path, table, table.columns['values'][j:], X[:, [j]], column, far)
    if table.bad and labelled:
        return table
    few = [ids[part[0]] for part in parts if len(part) < 3]
    parts = [part for part in parts if len(part) > 2 or not labelled]
    if not parts:
        raise DataError(f'{path}: no object has three observations: see --long')
    found, bad = np.zeros((len(parts), args.length)), {}
    for k, part in enumerate(parts):
        classes = set() if labels is None else set(labels[part])
        try:
            if wrong := [table.bad[i] for i in part if i in table.bad]:
                raise DataError(wrong[0])
            where = f'{path}: object {ids[part[0]]}'
            found[k] = curve(where, X[part], classes, args.length)
        except DataError as error:
            bad[k] = error.args[0]
    first = [part[0] for part in parts]
    rows = [f'object {name}' for name in ids[first]]
    labels = None if labels is None else labels[first]
    return Table(found, labels, ids[first], rows, bad, table.columns, few)


def curve(where, X, classes, length):
    """Return length values of a curve, float64 (length,), or raise DataError.

    X (m, 2) holds times, sorted, and values: these are interpolated at times that are
    equally spaced from the first to the last. With X (m, 3) each row holds the period,
    too: then over the phases, from the first time on; of equal phases, the mean.
    """
    time, value, *period = X.T
    if len(X) < 3:
        raise DataError(f'{where} has fewer than three observations')
    if not np.diff(time).all():
        raise DataError(f'{where} has two observations at one time: {SEE}')
    if len(classes) > 1:
        raise DataError(f'{where} has several classes, {some(sorted(classes))}: {SEE}')
    if not period:
        return np.interp(np.linspace(time[0], time[-1], length), time, value)
    if not period[0].min() == period[0].max() > 0:
        raise DataError(f'{where} needs one period, a number above 0')
    phase, equal = np.unique((time - time[0]) / period[0] % 1, return_inverse=True)
    value = np.bincount(equal, value) / np.bincount(equal)
    return np.interp(np.arange(length) / length, phase, value, period=1)
