"""import_data.py: what lands in Train and Test of a table, and what is refused."""

import json
import re
from pathlib import Path

from support import tables
from support.console import DataError

import numpy as np
import pandas as pd
import pytest
from conftest import PROJECT, script

from utilities import read_set

pytestmark = pytest.mark.usefixtures('folder')
OWN = (PROJECT / 'import_data.py').read_text(encoding='utf-8')
PAGE = (PROJECT / 'docs/own-data.md').read_text(encoding='utf-8')
# 30 sequences of four values, three of each star; and ten light curves
X = pd.DataFrame(np.random.default_rng(0).normal(20, 1, (30, 4)).round(3))
X = X.add_prefix('f')
STARS = pd.Series(range(30)) // 3
CLASSES = STARS % 2
TABLE = X.assign(**{'class': CLASSES, 'star': STARS})
TWO = ['f1', 'f2']
CURVES = pd.DataFrame({'time': range(30), 'flux': X['f0'], 'period': 3.0})


def make(X, classes, objects=None, length=None):
    """Return the sequences, their rows and facts that a table becomes."""
    returned = X, classes, objects
    return tables.read_tables(['a.csv'], lambda path: returned, length, [-999])


def put(X, rows, columns, value):
    """Return a table with a value put into some of its cells."""
    X = X.astype(object)
    X.loc[rows, columns] = value
    return X


def landed(N_train, N_test, N):
    """Return the values and the class of all sequences in Train and Test, sorted."""
    sets = read_set('Train', N_train, N), read_set('Test', N_test, N)
    return sorted(np.concatenate([np.column_stack(pair) for pair in sets]).tolist())


def test_the_page_s_table():
    """What is printed can be typed; the marked lines are kept."""
    mine = PROJECT / 'docs/mine.csv'
    printed = script('import_data.py', mine).stdout
    assert printed[: printed.index('Wrote')] in PAGE
    readme = (PROJECT / 'README.md').read_text(encoding='utf-8')
    assert printed.splitlines()[-1] in readme
    Path('import_data.py').write_text(OWN.replace("'star': str", "'star': 'str'"))
    script('import_data.py', mine)
    assert "'star': 'str'" in Path('Train/about.txt').read_text()  # for infer.py


def test_what_lands():
    """All values, with their classes, in random order; and whose they are."""
    TABLE.to_csv('a.csv')
    script('import_data.py', 'a.csv')
    assert landed(24, 6, 4) == sorted(TABLE.drop(columns='star').to_numpy().tolist())
    train = Path('Train/ids.txt').read_text().split()
    test = Path('Test/ids.txt').read_text().split()
    assert len({*train} - {*test}) == 8 and train != sorted(train)
    first = X.to_numpy().tolist().index(np.fromfile('Test/X_1.dat').tolist())
    assert test[0] == str(STARS[first])
    command, facts, *lines = Path('Train/about.txt').read_text().splitlines()
    assert command == 'python import_data.py a.csv'
    assert json.loads(facts) == {'columns': [*X]} and '\n'.join(lines) in OWN
    # More than 20,000 become arrays, and the page shows how to load them
    Path('import_data.py').write_text(OWN.replace('20_000', '29'))
    printed = script('import_data.py', 'a.csv', '--overwrite').stdout
    assert not [*Path('Train').glob('X_*')] and np.load('Test/Y.npy').size == 6
    assert np.load('Train/X.npy').shape == (24, 4)
    loads = re.findall('[XY]_t.* = np.load.*', printed)
    assert len(loads) == 4 and all(f'\n+{line}\n' in PAGE for line in loads)


# An edit of the script, one table or two, and what is said
SAID = [
    ('table.filter', 'table.fliter', [TABLE], ': return table.fliter('),
    ('False, ', "False, names=['f0', 'f1'], ", [TABLE], 'loss of data'),
    ('... to here', '', [TABLE], 'hold each once'),
    ('', '', [TABLE.drop(columns='f3')], 'Then set length'),
    ('', '', [TABLE, TABLE[['class', 'f3', 'f0', 'f2', 'f1']]], '30 of these test'),
    ('', '', [TABLE, TABLE[TWO]], 'column f0'),
    ('', '', [TABLE[CLASSES == 0]], 'objects of each of two classes'),
    ('', '', [TABLE, TABLE[:1] + 1], 'objects of each of two classes'),
]


@pytest.mark.parametrize('old, new, given, said', SAID)
def test_what_is_said(old, new, given, said):
    """The owner's own line, pandas' warnings, what is in both tables and what lacks."""
    Path('import_data.py').write_text(OWN.replace(old, new, 1))
    for number, table in enumerate(given):
        table.to_csv(f'{number}.csv')
    result = script('import_data.py', *sorted(Path().glob('*.csv')), status=None)
    assert said in result.stdout + result.stderr


def test_the_commented_readers():
    """One band without flagged rows; a folder; FITS: each reads the same curves."""
    Table = pytest.importorskip('astropy.table').Table
    curves = CURVES.assign(**{'class': CLASSES.map(str), 'star': STARS})
    good = curves.rename(columns={'time': 'mjd', 'flux': 'mag'})
    good = good.assign(band='g', flag=0)
    pd.concat([good, good.assign(band='r'), good.assign(flag=1)]).to_csv('a.csv')
    Path('a').mkdir()
    for star, curve in CURVES.groupby(STARS):
        np.savetxt(f'a/{star}.dat', curve)
    curves.groupby('star').first().to_csv('classes.csv')
    Table.from_pandas(curves).write('a.fits')
    values = X['f0'].to_numpy().reshape(10, 3)
    wanted = sorted(np.column_stack([values, np.arange(10) % 2]).tolist())
    for title, path in ('Light', 'a.csv'), ('A folder', 'a'), ('FITS', 'a.fits'):
        (part,) = re.findall(rf'^# {title}.*\n((?:# .*\n)+?)(?=\n|# -)', OWN, re.M)
        text = OWN.replace(part, re.sub('(?m)^# ', '', part))
        Path('import_data.py').write_text(text.replace('length = None', 'length = 3'))
        script('import_data.py', path, '--overwrite')
        assert np.allclose(landed(8, 2, 3), wanted)


WAVES = pd.DataFrame(np.sin(np.arange(120)).reshape(30, 4)).add_prefix('f')
MIXED = X.assign(f1=0).set_axis([0, 'flux (Jy)', 1, 2], axis=1)
OTHERS = X.set_axis([*'abcd'], axis=1).assign(a=X['f0'] * 100)
# What read_table returns, perhaps the length, and how it is refused, if it is
RETURNED = [
    ([X.to_numpy(), CLASSES], 'ndarray'),
    ([X[['f0']], CLASSES], 'shape (30, 1)'),
    ([X[:0], CLASSES[:0]], 'shape (0, 4)'),
    ([X[X['f0'] > 20], CLASSES], 'other rows'),
    ([X, CLASSES.mask(STARS == 3)], 'row 9 has no class'),
    ([X, CLASSES.mask(CLASSES.index == 5, 0), STARS], 'row 3 is of an object'),
    ([put(X, 3, 'f2', None), CLASSES], 'row 3 column f2'),
    ([put(X, [3, 4], 'f2', '<1'), CLASSES], '2 rows'),
    ([put(CURVES, 4, 'time', 3), CLASSES, STARS, 2], '1 has two observations at'),
    ([put(CURVES, [3], 'period', 0), CLASSES, STARS, 2], 'object 1 has the period 0'),
    ([CURVES[:-1], CLASSES[:-1], STARS[:-1], 2], 'object 9 has 2 observations'),
    ([CURVES, CLASSES, None, 2], 'row 0 has 1 observations'),
    ([put(MIXED, [3, 5], [1, 2], 0), CLASSES], '0 to 2: 0 (4 times), next'),
    ([put(WAVES, [3, 5], TWO, -3.1), CLASSES], '-3.1 (4 times), next'),
    ([put(OTHERS, [3, 5], 'b', 99), CLASSES], '99 (2 times), next'),
    ([put(X, [3, 5], TWO, -999), CLASSES], ''),  # in not_codes
    ([put(X, [3], ['f1'], 99), CLASSES], ''),  # once
    ([put(WAVES, [3, 5], TWO, 0), CLASSES], ''),  # among the values
    ([put(WAVES, [3, 5], TWO, -2.9), CLASSES], ''),  # less far than these are apart
    ([np.sign(WAVES), CLASSES], ''),
    ([put(WAVES.round(), [3, 5], TWO, -9), CLASSES], ''),  # three others
    ([put(X, X.index, 'f1', 100), CLASSES], ''),  # always
    ([OTHERS, CLASSES], ''),  # of several columns
]


@pytest.mark.parametrize('given, message', RETURNED)
def test_what_is_refused(given, message, capsys):
    """Rows and objects are named, and counted; the line that drops a code is shown."""
    said = ''
    try:
        make(*given)
    except DataError as error:
        said = str(error)
    assert message in capsys.readouterr().out + said and bool(message) == bool(said)
    for line in re.findall('Type  (.*?)  in', said):
        exec(line, known := {'table': given[0]})
        assert known['table'].index.tolist() == [*{*range(30)} - {3, 5}]


def test_curves():
    """Equal steps of time, or of phase; means, with bins that are interpolated."""
    t = np.array([0, 1, 2, 9, 10.0])
    assert tables.stretch(t[:4], t[:4] ** 2, 4).tolist() == [0, 15, 48, 81]
    folded = tables.fold(t[1:4], t[1:4], 10, 10)
    assert np.allclose(folded, [1, 2, 3, 4, 5, 6, 7, 8, 9, 5])
    assert tables.average(t, t, 5).tolist() == [0.5, 2, 4.5, 7, 9.5]
    # The phases are 0, 0.1, 0.2, 0.9, 0: two of four bins are empty
    found = tables.average(t, np.array([0, 1, 2, 9, 8]), 4, 10)
    assert np.allclose(found, [11 / 4, 29 / 6, 83 / 12, 9])


def test_light_curves(capsys):
    """Sorted by time; means with two observations for each value."""
    shuffled = CURVES[['time', 'flux']].sample(frac=1, random_state=0)
    i = shuffled.index
    made, rows, facts = make(shuffled, CLASSES[i], STARS[i], 2)
    assert made[[*rows['object']].index('3')].tolist() == [X['f0'][9], X['f0'][11]]
    assert facts['range'] == [X['f0'].min(), X['f0'].max()] and not facts['average']
    made, _, facts = make(shuffled.sort_index(), STARS // 2, STARS // 2, 3)
    assert facts['average'] and np.allclose(made[0][0], X['f0'][:2].mean())
    assert 'Observations of each object: 6 to 6' in capsys.readouterr().out


def test_the_split():
    """A fifth of each class, of whole objects, also of unequal ones."""
    values = np.array([[1.0], [2], [2 + 1e-9], [3], [4]])
    groups = tables.group_sequences(values, np.array([*'acdba']))
    assert pd.factorize(groups)[0].tolist() == [0, 1, 1, 2, 0]
    stars = np.repeat(range(12), [40, 30, 20, 1, 2, 3] * 2)
    Y = stars // 6
    for seed in range(5):
        rng = np.random.default_rng(seed)
        is_test = tables.choose_test(np.arange(len(Y)), Y, 0.25, rng)
        assert np.bincount(Y[is_test]).tolist() == [24, 24]
        is_test = tables.choose_test(stars, Y, 0.2, rng)
        assert all(0 < is_test[Y == y].mean() <= 0.2 for y in (0, 1))
        assert len({*stars[is_test]} & {*stars[~is_test]}) == 0
