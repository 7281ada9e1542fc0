"""import_data.py: what lands in Train and Test of a table, and what is refused."""

import json
import re
from pathlib import Path

from support import tables
from support.console import DataError

import numpy as np
import pandas as pd
import pytest
from conftest import PROJECT, contents, refused, script

from utilities import read_class_names, read_set

pytestmark = pytest.mark.usefixtures('folder')
OWN = (PROJECT / 'import_data.py').read_text(encoding='utf-8')
# 30 sequences of four values, and 30 observations of stars; three rows of each star
X = pd.DataFrame(np.random.default_rng(0).normal(20, 1, (30, 4)).round(3))
X = X.add_prefix('f')
CURVES = pd.DataFrame({'t': range(30), 'm': X['f0']}).astype(float)
STARS = pd.Series(range(30)) // 3
CLASSES = STARS % 2


def make(X, classes=CLASSES, objects=None, length=None, not_codes=()):
    """Return the sequences, their rows and facts that a table becomes."""

    def read_table(path):
        return X, classes, objects

    return tables.read_tables(['a.csv'], read_table, length, not_codes)


def put(X, rows, columns, value):
    """Return a table with a value put into some of its cells."""
    X = X.astype(object)
    X.loc[rows, columns] = value
    return X


def write(path, table, classes=CLASSES, **more):
    table.assign(**{'class': classes}, **more).to_csv(path, index=False)


def edit(old, new, title=None):
    """Put another import_data.py here; the commented reader of a title is taken."""
    text = OWN.replace(old, new)
    if title:
        (part,) = re.findall(rf'^# {title}.*\n((?:# .*\n)+?)(?=\n|# -)', text, re.M)
        text = text.replace(part, re.sub('(?m)^# ', '', part))
    Path('import_data.py').write_text(text, encoding='utf-8')


def sequences(folder, N):
    """Return a table of the values and the class of each sequence, sorted."""
    values, Y = read_set(folder, len([*Path(folder).glob('X_*')]), N)
    names = np.array(read_class_names(folder))[Y.astype(int)]
    return sorted(zip(map(tuple, values), names, strict=True))


def test_the_page_s_table():
    """What is printed can be typed; the same a second time, and others are refused."""
    mine = PROJECT / 'docs/mine.csv'
    printed = script('import_data.py', mine).stdout
    page = (PROJECT / 'docs/own-data.md').read_text(encoding='utf-8')
    assert printed[: printed.index('Writing')] in page
    typed = printed.splitlines()[-1]
    assert typed in (PROJECT / 'README.md').read_text(encoding='utf-8')
    script(*typed.split()[1:], '--N_epochs', 1)
    edit("'star': str})\n", "'star': str}).dropna()\n")
    assert 'exactly these sequences' in script('import_data.py', mine).stdout
    assert '.dropna()' in Path('Train/about.txt').read_text()  # infer.py compares it
    before = contents('Train')
    write('a.csv', X)
    assert '--overwrite' in script('import_data.py', 'a.csv', status=1).stderr
    assert contents('Train') == before
    refused('import_data.py', 'a.csv', '--label', 'class', status=2)


def test_what_lands():
    """All values, with their classes, in random order; and whose they are."""
    edit('... to here', '... to there')
    write('a.csv', X, star=STARS)
    refused('import_data.py', 'a.csv', parts=['both marks'])
    Path('import_data.py').unlink()
    script('import_data.py', 'a.csv')
    wanted = sorted(zip(map(tuple, X.to_numpy()), CLASSES.map(str), strict=True))
    assert sorted(sequences('Train', 4) + sequences('Test', 4)) == wanted
    train, test = (Path(name, 'ids.txt').read_text().split() for name in SETS)
    assert len(train) == 24 and len({*train} - {*test}) == 8 and train != sorted(train)
    first = X.to_numpy().tolist().index(np.fromfile('Test/X_1.dat').tolist())
    assert test[0] == str(STARS[first])
    command, facts, *lines = Path('Train/about.txt').read_text().splitlines()
    assert command == 'python import_data.py a.csv'
    assert json.loads(facts) == {'columns': [*X]} and '\n'.join(lines) in OWN


SETS = 'Train', 'Test'


def test_two_tables():
    """Columns by their names; classes sorted, as numbers; what is in both, counted."""
    names = ['10', '9', '1.10'] * 10
    write('a.csv', X, names)
    write('b.csv', (X + 1)[['f3', 'f0', 'f2', 'f1']], names)
    assert 'leakage' not in script('import_data.py', 'a.csv', 'b.csv').stdout
    wanted = sorted(zip(map(tuple, X.to_numpy() + 1), names, strict=True))
    assert sequences('Test', 4) == wanted and len(sequences('Train', 4)) == 30
    assert read_class_names('Train') == ['1.10', '9', '10']
    write('b.csv', X[:12], names[:12])
    printed = script('import_data.py', 'a.csv', 'b.csv', '--overwrite').stdout
    assert '12 of these test sequences, or their objects, are in a.csv' in printed
    write('b.csv', X[:1], '9')
    refused(
        'import_data.py', 'a.csv', 'b.csv', parts=['objects of each of two classes']
    )
    write('b.csv', X[['f0', 'f1']], '9')
    refused('import_data.py', 'a.csv', 'b.csv', parts=['b.csv', 'column f2'])


def test_arrays():
    """Of more than 20,000 sequences; the page shows the lines that load them."""
    write('a.csv', X)
    edit('MOST_FILES = 20_000', 'MOST_FILES = 20')
    printed = script('import_data.py', 'a.csv').stdout
    assert not [*Path('Train').glob('X_*')] and np.load('Test/Y.npy').size == 6
    assert np.load('Train/X.npy').shape == (24, 4)
    assert read_class_names('Train') == ['0', '1']
    said = script('view.py', 1, '--N_sequence', 4, status=1).stderr
    assert 'docs/own-data.md shows' in said
    page = (PROJECT / 'docs/own-data.md').read_text(encoding='utf-8')
    lines = re.findall('[XY]_t.* = np.load.*', printed)
    assert len(lines) == 4 and all(f'\n+{line}\n' in page for line in lines)


def test_the_commented_readers():
    """One band without flagged rows; a folder; FITS."""
    curves = CURVES.set_axis(['mjd', 'mag'], axis=1).assign(period=2.5)
    good = curves.assign(star=STARS, band='g', flag=0)
    bad = pd.concat([good.assign(band='r', mag=0), good.assign(flag=1, mag=0)])
    write('a.csv', pd.concat([good, bad]), [*CLASSES] * 3)
    edit('length = None', 'length = 8', 'Light curves')
    script('import_data.py', 'a.csv')
    assert np.min(read_set('Train', 8, 8)[0]) > 10

    Path('curves').mkdir()
    for star, curve in curves.groupby(STARS):
        np.savetxt(f'curves/{star}.dat', curve)
    names = pd.DataFrame({'star': range(10), 'class': [0, 1] * 5})
    names.to_csv('classes.csv', index=False)
    edit('length = None', 'length = 3', 'A folder')
    script('import_data.py', 'curves', '--overwrite')
    wanted = sequences('Train', 3)

    Table = pytest.importorskip('astropy.table').Table
    cells = {'time': curves['mjd'].to_numpy('>f8'), 'flux': curves['mag'].to_numpy()}
    names = CLASSES.map(str).to_numpy('S')
    Table(cells | {'class': names, 'star': STARS.to_numpy()}).write('a.fits')
    edit('length = None', 'length = 3', 'FITS')
    script('import_data.py', 'a.fits', '--overwrite')
    assert sequences('Train', 3) == wanted


def test_errors_in_read_table():
    """The owner's own line; and what pandas would only warn of."""
    edit('return table.filter', 'return table.fliter')
    write('a.csv', X)
    parts = ['a.csv: import_data.py, line ', ': return table.fliter(', 'AttributeError']
    refused('import_data.py', 'a.csv', parts=parts)
    Path('a.csv').write_text('class,f0,f1\na,1,2,3\nb,1,2\n')  # a cell too many
    refused('import_data.py', 'a.csv', parts=['read_csv', 'loss of data'])


# What read_table returns, and how it is refused
REFUSED = [
    (X.filter(regex='g'), CLASSES, None, 'shape (30, 0)'),
    (X[['f0']], CLASSES, None, 'two or more columns'),
    (X[:0], CLASSES[:0], None, 'shape (0, 4)'),
    (X.to_numpy(), CLASSES, None, 'ndarray'),
    (pd.concat([X, X], axis=1), CLASSES, None, 'names of their own'),
    (X[X['f0'] > 20], CLASSES, None, 'other rows'),
    (X, ['RRc'] * 29, None, 'other rows'),
    (X, None, None, '30 rows'),
    (X, CLASSES.mask(STARS == 3), None, '3 rows'),
    (X, CLASSES, STARS.mask(STARS == 3), '3 rows'),
    (X, CLASSES.mask(CLASSES.index == 5, 0), STARS, '3 rows'),
    (put(X, 3, 'f2', None), CLASSES, None, '1 rows'),
    (put(X, 3, 'f2', 4e38), CLASSES, None, '1 rows'),
    (put(X, [3, 4], 'f2', '<14.5'), CLASSES, None, '2 rows'),
]


@pytest.mark.parametrize('table, classes, objects, message', REFUSED)
def test_what_is_refused(table, classes, objects, message):
    with pytest.raises(DataError, match=re.escape(message)):
        make(table, classes, objects)


# A table, numbers that are values, and the code that is found
WAVES = pd.DataFrame(np.sin(np.arange(120)).reshape(30, 4)).add_prefix('f')
TWO = ['f1', 'f2']
OTHERS = X.set_axis([*'abcd'], axis=1).assign(a=X['f0'] * 100)
CODES = [
    (put(X, [3, 5], TWO, -999), [], -999),
    (put(X, [3, 5], TWO, -999), [-999], None),
    (put(X, [3, 5], TWO, 0), [], 0),
    (put(X, [3, 5], TWO, 99.99), [], 99.99),
    (put(X, [3], ['f1'], -999), [], None),  # once: look at the printed ends
    (put(WAVES, [3, 5], TWO, 0), [], None),  # among the values
    (put(WAVES, [3, 5], TWO, -2.9), [], None),  # less far than the others are apart
    (put(WAVES, [3, 5], TWO, -3.1), [], -3.1),
    (np.sign(WAVES), [], None),
    (put(WAVES.round(), [3, 5], TWO, -9), [], None),  # three others
    (put(X, X.index, 'f1', 100), [], None),  # always
    (OTHERS, [], None),  # columns of their own
    (put(OTHERS, [3, 5], 'b', 99), [], 99),
]


@pytest.mark.parametrize('table, not_codes, code', CODES)
def test_codes(table, not_codes, code, capsys):
    """Refused with the line that drops it; both ends are printed."""
    if code is not None:
        with pytest.raises(DataError, match='is this a code') as refusal:
            make(table, not_codes=not_codes)
        line = re.search('Type  (.*?)  in', str(refusal.value))[1]
        known = {'table': table}
        exec(line, known)
        table = known['table']
        assert f'{code:g} (' in str(refusal.value) and len(table) == 28
    make(table, CLASSES[table.index], not_codes=not_codes)
    assert ', next ' in capsys.readouterr().out


def test_curves():
    """Equal steps of time, or of phase; means, with bins that are interpolated."""
    t, m = np.array([2.0, 3, 6]), np.array([1.0, 2, 5])
    assert tables.stretch(t, m, 5).tolist() == [1, 2, 3, 4, 5]
    assert tables.fold(t - [0, 0, 1], m, 4, 4).tolist() == [1, 2, 3.5, 5]
    t = np.array([0, 1, 2, 9, 10.0])
    assert tables.average(t, t, 5).tolist() == [0.5, 2, 4.5, 7, 9.5]
    # The phases are 0, 0.1, 0.2, 0.9, 0: two of four bins are empty
    found = tables.average(t, np.array([0, 1, 2, 9, 8]), 4, 10)
    assert np.allclose(found, [11 / 4, 29 / 6, 83 / 12, 9])


def test_light_curves(capsys):
    """Sorted by time; means with two observations for each value; faults are named."""
    shuffled = CURVES.sample(frac=1, random_state=0)
    i = shuffled.index
    made, rows, facts = make(shuffled, CLASSES[i], STARS[i], 2)
    ends = dict(zip(rows['object'], made.tolist(), strict=True))
    assert not facts['average'] and ends['3'] == [X['f0'][9], X['f0'][11]]
    assert facts['range'] == [X['f0'].min(), X['f0'].max()]
    made, _, facts = make(CURVES, STARS // 2, STARS // 2, 3)
    assert facts['average'] and np.allclose(made[0][0], X['f0'][:2].mean())
    bad = {
        '1 has two observations at one time': put(CURVES, 4, 't', 3).astype(float),
        '0 has the period 0 to 0': CURVES.assign(p=0),
        '0 has the period 1 to 2': CURVES.assign(p=[1, 2] * 15),
        '9 has 2 observations': CURVES[:-1],
    }
    for message, table in bad.items():
        with pytest.raises(DataError, match='rows or objects'):
            make(table, CLASSES[table.index], STARS[table.index], 2)
        assert f'a.csv object {message}' in capsys.readouterr().out
    for table, objects in (CURVES, None), (X, STARS):
        with pytest.raises(DataError, match='time, value, perhaps the period'):
            make(table, CLASSES, objects, 2)
    # infer.py lists what it cannot use
    table = put(CURVES, 4, 'm', 99).drop(29).iloc[::-1]

    def read_table(path):
        return table, None, STARS[table.index]

    found, rows = tables.read_new_table('b.csv', read_table, 2, facts | {'average': 0})
    faults = rows['name'] + ' ' + rows['fault']
    assert faults[0] == 'b.csv object 9 has 2 observations, but needs 3'
    assert faults[8].startswith('b.csv object 1 is far from the training, ')
    assert all(rows['fault'][1:8] == '') and found[6].tolist() == [*X['f0'][[9, 11]]]
    write('a.csv', X[['f0', 'f1']], star=STARS)
    assert 'Then set length' in script('import_data.py', 'a.csv').stdout


def test_the_split():
    """A fifth of each class, of whole objects, also of unequal ones."""
    values = np.array([[1.0], [2], [2 + 1e-9], [3], [4]])
    for objects, pairs in ('abbcd', {(1, 2)}), ('acdba', {(0, 4), (1, 2)}):
        groups = tables.group_sequences(values, np.array([*objects]))
        same = {
            (i, j) for i in range(5) for j in range(i + 1, 5) if groups[i] == groups[j]
        }
        assert same == pairs
    Y = np.repeat([0, 1, 2], [30, 20, 10])
    stars = np.repeat(range(12), [40, 30, 20, 1, 2, 3] * 2)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        is_test = tables.choose_test(np.arange(60), Y, 0.2, rng)
        assert np.bincount(Y[is_test]).tolist() == [6, 4, 2]
        is_test = tables.choose_test(stars, stars // 6, 0.2, rng)
        assert all(0 < is_test[stars // 6 == y].mean() <= 0.2 for y in (0, 1))
        assert all(np.ptp(is_test[stars == star].astype(int)) == 0 for star in stars)
