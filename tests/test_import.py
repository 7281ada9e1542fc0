"""import_data.py: what lands in Train and Test of a table, and what is refused."""

import gzip
import itertools
import pathlib
import re
from dataclasses import asdict

from support.console import DataError
from support.files import read_lines, read_set, sequence_numbers
from support.tables import Reading, read_table, resample

import h5py
import numpy as np
import pandas as pd
import pytest
from astropy.table import MaskedColumn, Table
from conftest import PROJECT, contents, refused, script

pytestmark = pytest.mark.usefixtures('folder')


def csv(header, *columns):
    rows = zip(*columns, strict=True)
    return '\n'.join([header, *(','.join(map(str, row)) for row in rows)])


# Ten sequences of four values, and a table of them with the class in the last column.
X = np.random.default_rng(0).normal(0, 1, (10, 4)).round(3)
NAMES = ['RRc', 'RRab'] * 5
TABLE = csv('t0,t1,t2,t3,shape', *X.T, NAMES)


def write(path, content):
    content = content if isinstance(content, bytes) else content.encode()
    pathlib.Path(path).write_bytes(content)


def imported(*arguments):
    return script('import_data.py', *arguments).stdout


def sequences(*folders):
    """Return the values and the class name of each sequence in the folders."""
    found = []
    for folder in folders:
        X, Y = read_set(folder, max(sequence_numbers(folder)), None)
        found += expected(X, np.array(read_lines(folder, 'classes.txt'))[Y.astype(int)])
    return sorted(found)


def expected(values=X, names=NAMES):
    return sorted(zip(map(tuple, values.tolist()), map(str, names), strict=True))


def read(path, options='', length=5):
    """Read a table as import_data.py does with these options."""
    given = dict(re.findall(r'--(\w+) (\S+)', options))
    if 'long' in given:
        given |= {'long': given['long'].split(','), 'length': length}
    return read_table(path, Reading(**given))


def test_formats(folder):
    """Also a column of vectors, names that float64 can't hold, and a masked cell."""
    rows = TABLE.split('\n', 1)[1]
    write('blanks.DAT', TABLE.replace(',', '  '))
    write('empty.csv', (f',,,,\n{TABLE}\n,,,,').replace('\n', ',\n') + ',\n')
    write('c.ts', '@data\n' + rows.replace(',R', ':R'))
    write('u_TRAIN.tsv', re.sub('(.*),(R.*)', r'\2,\1', rows).replace(',', '\t'))
    np.savez('a.npz', X=X, Y=NAMES, star=range(10), e=[7], n=range(12))
    masked = MaskedColumn(X[:, 0], mask=np.arange(10) == 3)
    stars = [1234567890123456789 + i for i in range(10)]
    table = Table({'star': stars, 't': X, 'm': masked, 'shape': NAMES})
    for name, kind in ('fits', 'fits'), ('ecsv', 'ascii.ecsv'), ('vot', 'votable'):
        table.write(f'a.{name}', format=kind)
        found = read(f'a.{name}', '--label shape --values t --id star')
        assert list(found.ids) == [str(star) for star in stars]
        with pytest.raises(DataError, match='row 4, column m holds no value'):
            read(f'a.{name}', '--label shape --values t3:m --id star')
    for path in folder.iterdir():
        named = path.suffix not in ('.ts', '.tsv', '.npz')
        found = read(path.name, '--label shape --values t --id none' * named)
        assert expected(found.X, found.labels) == expected(), path.name
    assert read('a.npz').notes == ['Not used: star, e, n']
    assert list(read('a.npz', '--id star').ids) == [*'0123456789']
    np.savez('b.npz', X=X, Y=NAMES, groups=[*'aabbccddee'])
    np.savez('c.npz', X=X[:, None], Y=NAMES)
    for name, message in ('b', 'column groups .* --id groups'), ('c', '2-d input'):
        with pytest.raises(DataError, match=message):
            read(f'{name}.npz')
    np.save('a.npy', np.c_[X, [3, 7] * 5])
    found = read('a.npy', '--label 5 --values 1:4')
    assert expected(found.X, found.labels) == expected(names=['3', '7'] * 5)


def test_what_is_printed(folder):
    """And written: the same a second time; without a label only the first rows."""
    stars = [f'V{i % 4}' for i in range(10)]
    write('a.csv', csv('star,mag,t0,t1,t2,t3,shape', stars, range(10), *X.T, NAMES))
    asked = script('import_data.py', 'a.csv', status=1).stdout
    assert ' star, mag, t0, ' in asked and asked.count('V') == 5
    options = 'a.csv', '--label', 'shape', '--values', 't0:t3', '--id', 'star'
    printed = imported(*options).splitlines()
    limits = f'Values: t0 to t3, 4 each, {X.min()} to {X.max()}'
    counts = 'Class 1 (RRc): 3 in Train, 2 in Test'
    assert {limits, counts, 'Not used: mag'} <= {*printed}
    assert printed[-2] == 'python view.py 1 2 3 4 --N_sequence 4'
    assert printed[-1] == 'python train.py --N_train 6 --N_test 4 --N_sequence 4'
    assert sequences('Train', 'Test') == expected() and len(sequences('Test')) == 4
    train, test = (read_lines(name, 'ids.txt') for name in ('Train', 'Test'))
    assert len(train) == 6 and not {*train} & {*test}
    first = X.tolist().index(np.fromfile('Test/X_1.dat').tolist())
    assert test[0] == stars[first]
    done = script(*printed[-1].split()[1:], '--N_epochs', 1)
    assert f'\nThese are of {len({*test})} objects: ' in done.stdout
    assert list(pd.read_csv('runs/1/predictions.csv')['id']) == test
    write('new.csv', 't0,t1,t2,t3\n1,2,-999,1')
    refused('infer.py', 'new.csv', parts=['column t2 holds -999'])
    assert 'hold exactly these sequences already' in imported(*options)
    text = pathlib.Path('a.csv').read_text()
    value = str(sorted(X.flat)[20])  # whose change does not change the range
    for old, new in ('RRc', 'Mira'), ('V3', 'V7'), (value, f'{value}1'):
        write('a.csv', text.replace(old, new))  # the same command finds another table
        refused('import_data.py', *options, parts=['already hold', '--overwrite'])


def test_two_tables():
    """The second is read as the first, and need not have all classes: texts, sorted."""
    second, names = X[:8] + 1, ['9', '10', '1.1', '1.10', '9'] * 2
    write('a.csv', csv('a,b,c,d,y', *X.T, names))
    write('b.csv', csv('b,a,c,d,y', *second.T[[1, 0, 2, 3]], ['9', '10'] * 4))
    how = 'a.csv', 'b.csv', '--label', 'y', '--values', 'a:d'
    printed = imported(*how)
    assert sequences('Train') == expected(names=names)
    assert sequences('Test') == expected(second, ['9', '10'] * 4)
    assert re.findall(r'Class \d \((.*)\)', printed) == ['1.1', '1.10', '9', '10']
    assert '(1.10): 2 in Train, 0 in Test\n' in printed and 'no exam' not in printed
    write('b.csv', csv('a,b,c,d,y', *X.T, ['9', '10'] * 5))
    assert '\n20 sequences, or their objects, ' in imported(*how, '--overwrite')


LONG = 'id,t,m,y\n007,3,30,A\n7,0,1,B\n007,1,10,A\n007,2,24,A\n7,4,5,B\n7,1,3,B\n'
LONG += 'c,1,1,A\nc,2,1,A\n'
FOUR = f'{LONG}d,1,1,A\nd,2,2,A\nd,3,3,A\ne,1,1,B\ne,2,1,B\ne,3,4,B'
BANDS = LONG.replace('y\n', 'y,Band\n').replace('A\n', 'A,g\n').replace('B\n', 'B,r\n')
# Options, and for each table what is printed or refused with them.
CASES = {
    '--label y': {
        'f0,f1,f2,y': 'Values: f0 to f2, 3 each',
        'f0,f1,f2,y\n-2e5,-999,3,a\n1,4,9e5,b\n3,5,3,a': 'import with --no-codes',
        'm0,e0,m1,y,e1': 'which of the columns m0, e0, m1, e1 hold values?',
        'y,f0,f1\n0,1,2,3\n1,1,2,3': 'does not match length',
        '4000,4005,y': 'add --header yes if these name the columns',
    },
    '--label y --values f': {
        'f8,g,f10,f9,y,x': 'Values: f8 to f10, 3 each',
        'f0,f2,f3,y': 'without a gap',
        's,f0,f1,y': 'column s repeats what it holds: add --id s if',
    },
    '--label y --values f --id none': {'s,f0,f1,y': 'Values: f0 to f1'},
    '--label x': {'f0,f1,y': 'has no column x: it has f0, f1, y'},
    '--label y --values f1:f9': {'f1,y,g,f9,f2': 'Values: f1 to f9, 3 each'},
    '--label y --values 1:3.5 --header yes': {'0,1,2,3.5,y': 'Values: 1 to 3.5, 3'},
    '--label 3 --header no': {'1.5,2,a\n2.5,3,b': 'which of the columns 1, 2 hold'},
    '--label 3 --header no --values 1:2 --no-codes': {
        '1,-999,a\n1,1e20,b\n2,3,a\n3,4,b': 'Values: 1 to 2, 2 each, -999 to',
    },
    '--label 3 --header no --values 1:2': {
        '1.5,2,a\n#1,2,a\n2.5,3,b': 'row 2 begins with a #',
        '1.5,2,a\n2.5,3,NA': 'row 2, column 3 holds no name',
        '1.5,2,a\n2.5,-4e38,b': "row 2, column 2 holds '-4e+38', which is not",
        '# A\n\n1.5,2,a\n\n2.5,?,b': 'row 5, column 2 holds no value',
        '1.5,2,a\n1.5,3,a\n2.5,4,a': 'holds only class a',
        '1,2.5,a\n2,3.5,b\n3,4.5,b\n1,2.5,a': 'Train would lack class a',
        '1,9000,a\n-9000,-5000,b\n0.1,-99.9,a': 'row 3, column 2 holds -99.9, ',
        '97,98,a\n98,99,b\n1,150,a\n9,9,b': 'Values: 1 to 2, 2 each, 1 to 150',
    },
    '--long id,t,m --label y --length 5': {
        FOUR: 'Values: id, t, m, 5 each, 1 (5 times) to 30\nClass: y, object: id\nLeft',
        f'{LONG}7,1,5,B': 'object 7 has two observations at one time',
        f'{LONG}7,5,5,A': 'object 7 has several values of y',
        f'{LONG}7,-99,5,B': 'column t holds -99, which may be a code',
        f'{LONG}7,5,999,B\nc,5,2000,A\nc,6,1,A': 'row 10, column m holds 999',
        f'{LONG}7,2400001,5,B': 'object 7 may mix JD and MJD: two times are 2,399,997',
        f'{BANDS}7,9,1,B,g': 'object 7 has several values of Band',
    },
    '--long id,t,m --label y --length 5 --period p': {
        'id,t,m,p,y\n1,1,3,5,A\n1,2,3,5,A\n1,3,4,6,A': 'several values of p',
        'id,t,m,p,y\n1,1,3,0,A\n1,2,3,0,A\n1,3,4,0,A': "column p holds '0', which",
    },
}
# The columns of a table of which only the first line is given, else fractions.
COLUMNS = {'y': 'ab' * 10, 'x': 'pq' * 10, 's': '0123456789' * 2}


@pytest.mark.parametrize('options', CASES)
def test_cases(folder, options):
    rng = np.random.default_rng(0)
    for content, wanted in CASES[options].items():
        if '\n' not in content:
            columns = [COLUMNS.get(x, rng.random(20)) for x in content.split(',')]
            content = csv(content, *columns)
        write('a.csv', content)
        arguments, before = ('a.csv', *options.split(), '--overwrite'), contents(folder)
        if wanted.startswith('Values'):
            assert wanted in imported(*arguments)
        else:
            refused('import_data.py', *arguments, parts=['a.csv', wanted])
            assert contents(folder) == before


def test_what_is_refused_at_once():
    wrong = 'a b c|a b --test 3|a --test=x|a --test 0|a --test nan'
    wrong += '|a --long a,b,c|a --long a,b|a --period p|a --length 9'
    for options in wrong.split('|'):
        refused('import_data.py', *options.split(), status=2)
    np.save('a.npy', np.array(NAMES, object))  # a pickle, which could run code
    refused('import_data.py', 'a.npy', '--label', '1', parts=['allow_pickle'])


def test_light_curves():
    """Sorted by time, onto each object's own span: interpolated, folded, averaged."""
    write('a.csv', BANDS)
    table = read('a.csv', '--long id,t,m --label y')
    assert table.X.tolist() == [[10, 17, 24, 27, 30], [1, 3, 11 / 3, 13 / 3, 5]]
    assert (list(table.ids), list(table.labels)) == (['007', '7'], ['A', 'B'])
    found = read('a.csv', '--long id,t,m --label y --id Band')  # of a star, say
    assert (list(found.ids), list(found.objects)) == (['007', '7'], ['g', 'r'])
    # With a period of 2: the phases are 0 (twice: the mean), 0.25 and 0.5.
    write('a.csv', 'id,t,m,P,y\na,.5,1,2,A\na,1.5,3,2,A\na,2.5,2,2,A\na,7,9,2,A')
    wanted = np.interp(np.arange(5) / 5, [0, 0.25, 0.5, 1], [1.5, 9, 3, 1.5])
    assert np.allclose(read('a.csv', '--long id,t,m --label y --period P').X, wanted)
    t = 100 + np.r_[:8, 17, 18]  # two for each value; bins of 3.6, two of them empty
    m = np.where(t % 2, 5, t - 100)
    write('a.csv', csv('id,t,m,P,y', ['d'] * 10, t, m, [10] * 10, 'A' * 10))
    table = read('a.csv', '--long id,t,m --label y')
    np.testing.assert_allclose(table.X, [[3, 5, 5 + 6.5 / 3, 11.5 - 6.5 / 3, 11.5]])
    folded = read('a.csv', '--long id,t,m --label y --period P')
    np.testing.assert_allclose(folded.X, [[2.5, 3.5, 4.5, 16 / 3, 18]])
    said = {' '.join(note.split()) for note in table.notes}
    bins = 'Each value is the mean in one of 5 equal bins of t'
    assert {'min 10 18 10', 'm: 0 to 18', bins} <= said
    write('a.csv', csv('id,t,m,y', [*'abcdef'] * 3, range(18), range(18), 'AB' * 9))
    few = '6 of 6 objects have fewer observations than values: fold them with --period'
    assert few in read('a.csv', '--long id,t,m --label y').notes[-1]


def test_the_program_elsewhere():
    """What the page shows makes the same values of light curves, with their names."""
    recipe = re.findall('```python\n(.*?)```', PAGE.split('## Elsewhere')[1], re.S)[1]
    t = np.random.default_rng(0).random(40) * 9
    table = pd.DataFrame({'id': [*'abcd'] * 10, 't': t, 'm': t % 2, 'P': 2.0, 'y': 'A'})
    table.to_csv('a.csv', index=False)
    for N, folded in itertools.product((5, 20), ('', '--period P')):
        wanted = read('a.csv', f'--long id,t,m --label y {folded}', length=N)
        known = {'how': asdict(wanted.reading), 'table': table, 'resample': resample}
        exec(recipe, known | {'np': np}, found := {})
        np.testing.assert_array_equal(found['X'], wanted.X)
        assert found['ids'] == [*wanted.ids] and wanted.reading.average == (N == 5)


def test_the_split():
    """Random, with each class in proportion."""
    labels = ['a'] * 30 + ['b'] * 20 + ['c'] * 10  # sorted, as tables often are
    values, drawn = np.random.default_rng(1).normal(size=(60, 4)).round(4), []
    write('a.csv', csv('t0,t1,t2,t3,y', *values.T, labels))
    for options in '', '--test 0.5', '--test 59', '--test 7', '--test 7 --seed 1':
        imported('a.csv', *f'--label y --overwrite {options}'.split())
        drawn.append(sequences('Test'))
    counts = [[[y for _, y in x].count(name) for name in 'abc'] for x in drawn]
    assert counts == [[6, 4, 2], [15, 10, 5], [29, 19, 9], [4, 2, 1], [4, 2, 1]]
    assert drawn[3] != drawn[4]
    first = int(read_lines('Test', 'ids.txt')[0].removeprefix('a.csv row '))
    assert np.fromfile('Test/X_1.dat').tolist() == values[first - 2].tolist()
    first = [pathlib.Path('Train', f'Y_{i}.dat').read_bytes() for i in range(1, 25)]
    assert len(set(first)) > 1 and first != sorted(first)  # their order is random
    # Equal sequences and the rows of a star stay together, also by way of others.
    i = np.arange(40)
    pairs, stars = i // 2, i // 4 * 10 + (i + 1) // 2
    write('a.csv', csv('f0,f1,star,y', pairs, pairs + 1, stars, i // 4 % 2))
    how = 'a.csv', *'--id star --label y --overwrite --test'.split()
    for test, seed in itertools.product((8, 1), range(3)):
        imported(*how, test, '--seed', seed)
        found = sequences('Test')  # the smallest that can be, if one is asked for
        assert sorted(y for _, y in found) == ['0'] * 4 + ['1'] * 4
        assert len({x[0] // 2 for x, _ in found}) == 2
    write('a.csv', pathlib.Path('a.csv').read_text() + '\n98,97,0,1')
    refused('import_data.py', *how, 8, parts=['object 0 has several values of y'])


@pytest.mark.parametrize('sep', [',', ';', '\t', '|', ' '])
@pytest.mark.parametrize('classes', ['RRab RRc', '1.1 1.10', 'Ä é,;|'])
def test_any_dialect(sep, classes):
    """What was written is what lands."""
    cells = pd.DataFrame(X).add_prefix('f').assign(y=classes.split() * 5, star=NAMES)
    bare = '--label 5 --id 6 --values 1:4 --header no'
    dialects = (0, '', '\n', 'utf-8-sig'), (1, '# 5" mirror\n\n', '\r\n', 'utf-8')
    cases = itertools.product(('--label y --id star --values f', bare), dialects)
    for how, (quoting, above, end, encoding) in cases:
        text = cells.to_csv(sep=sep, quoting=quoting, header=how != bare, index=False)
        text = (above + text).replace('\n', end)
        write('a.csv.gz', gzip.compress(text.encode(encoding)))
        found = read('a.csv.gz', how)
        assert expected(found.X, found.labels) == expected(names=cells['y'])
        assert list(found.ids) == NAMES


PAGE = (PROJECT / 'docs/own-data.md').read_text(encoding='utf-8')
CELLS = PAGE.split('\n## Recipes\n')[1].split('\n## ')[0]
BLOCKS = re.findall('```python\n(.*?)```', CELLS, re.S)
START, STRETCH, CHANNELS, VECTOR, OBJECTS, TESS = BLOCKS
RECIPES = dict(re.findall(r'^\| (.+?)(?:[,:] .+)? \| `(.*?[)\]])`[, ]', CELLS, re.M))
WIDE = 'star,class,f0,f1,f2\nsta0,Älong,0.5,1.5,2.5\nsta1,short,1.5,2.5,3.5\n'
WIDE += 'sta2,Älong,2.5,3.5,4.5\nsta3,short,3.5,4.5,5.5\n'
CURVE = '111222', 'AAABBB', [f'245775{x}.5' for x in '465465'], '465465'
CURVES = csv('star,class,mjd,mag', *CURVE) + '\n'
LIMITS = CURVES + '1,b,9,<14.5\n1,b,9,99.999\n'
FLAGS = csv('star,class,mjd,mag,catflags', *CURVE, [0] * 6)
FIXED = WIDE.replace('f0,f1,', 'f0 ,f1 ,')
IPAC = '|star|class|f0    |f1    |f2    |\n|char|char |double|double|double|\n'
# What two tables become in other dialects, which recipes bring back.
TO_MEND = {
    '`1,000` for 1000': WIDE.replace('0.5', '"0,000.5"'),
    'decimal commas': WIDE.replace(',', ';').replace('.', ','),
    'not UTF-8': WIDE.encode('latin-1'),
    'columns of a fixed width': FIXED.replace(',', '  ').replace('sta3', '    '),
    'the names behind a `#`': '# ' + WIDE.replace(',', ' '),
    'a line of units below the names': WIDE.replace('\n', '\n,x,mag,mag,mag\n', 1),
    'IPAC': IPAC + re.sub('(?m)^|,', ' ', WIDE[20:-1]).replace('.5', '.5   '),
    'rows without a class': f'{WIDE}V9,,1,2,3\n',
    'codes for no value + gaps in a sequence': WIDE.replace('1.5,2.5,3', '1.5,-999,3'),
    'gaps in a column of features': WIDE.replace('1.5,2.5,3', '1.5,,3'),
    'limits + codes for no value + observations without a value': LIMITS,
    'observations with a flag': f'{FLAGS}\n1,A,2457754.5,9,32768',
    'of several bands': csv('star,class,mjd,mag,band', *CURVE, 'g' * 6) + '\n1,b,9,9,r',
    'two observations at the same time': CURVES + CURVES.split('\n', 1)[1],
    'dates': re.sub(r'245775(\d).5', lambda x: f'2017-01-0{int(x[1]) - 3}', CURVES),
}


def carried_out(recipe, options):
    """Carry out a recipe here and read what it writes."""
    code = START.replace("pd.read_csv('mine.csv', dtype=text)", recipe)
    if not recipe.startswith(('pd.', 'Table.')):
        code = START.replace('table.to_csv', f'{recipe}\ntable.to_csv')
    exec(f'from astropy.table import Table\nfrom pathlib import Path\n{code}', {})
    table = read('plain.csv', f'--label class {options}')
    return table.X.tolist(), table.labels.tolist()


@pytest.mark.parametrize('kinds', TO_MEND)
def test_recipes(kinds):
    recipe = '\n'.join(RECIPES[kind] for kind in kinds.split(' + '))
    path = re.search(r"'(mine\.\w+)'", recipe + "'mine.csv'")[1]
    is_long = re.search('mjd|mag|band|flags', recipe)
    options = '--long star,mjd,mag' if is_long else '--values f --id none'
    write(path, TO_MEND[kinds])
    with pytest.raises(DataError):
        read(path, f'--label class {options}')
    wanted = carried_out(recipe, options)
    write('mine.csv', CURVES if is_long else WIDE)
    assert carried_out('pd.read_csv("mine.csv", dtype=text)', options) == wanted


def test_longer_recipes():
    """Rows of unequal lengths, channels, vectors and lists in cells; none is left."""
    others = 'Excel', 'Parquet', 'a list in each cell'
    assert len(RECIPES) == len({*' + '.join([*TO_MEND, *others]).split(' + ')})
    write('mine.csv', 'star,class,f0,f1,f2,f3\na,A,1,2,,\nb,B,0,0,9,5\nd,B,7,,,')
    X, labels = carried_out(STRETCH, '--values f --id star')
    assert labels == ['A', 'B', 'B'] and [x[-1] for x in X] == [2, 5, 7]
    assert X[0] == np.linspace(1, 2, 64).tolist()
    write('mine.ts', '#\n@data\n1,2,3:7,8:A\n4,5:9:B\n')
    with pytest.raises(DataError, match='#recipes, "Channels"'):
        read('mine.ts')
    X, labels = carried_out(CHANNELS + STRETCH, '--values f')
    assert labels == ['A', 'B'] and X[1] == np.linspace(4, 5, 64).tolist()
    flux = np.array([[1, np.nan, 3], [np.nan, 5, 6]], '>f4')
    cells = {'flux': flux, 'class': [b'AFP', b'PC'], 'star': [7, 8]}
    Table(cells).write('mine.fits')
    h5py.File('mine.h5', 'w').update(cells)
    hdf5 = VECTOR.replace("Table.read('mine.fits')", "h5py.File('mine.h5')")
    for recipe in VECTOR, f'import h5py\n{hdf5}':
        found = carried_out(recipe, '--values f --id star')
        assert found == ([[1, 2, 3], [5, 5, 6]], ['AFP', 'PC'])
    lists = {x: [[1, 2, 4], [3, 5, 6, 7]] for x in ('mjd', 'mag')}
    lists['catflags'] = [[0] * 3, [0] * 4]
    pd.DataFrame(lists | {'star': [1, 2], 'class': ['A', 'B']}).to_json('mine.json')
    recipe = "table = pd.read_json('mine.json')\n" + RECIPES['a list in each cell']
    recipe += '\n' + RECIPES['observations with a flag']
    assert carried_out(recipe, '--long star,mjd,mag')[0][1] == [3, 4, 5, 6, 7]


def test_a_file_for_each_object(folder):
    """As text, then as FITS; a class without a file is named."""
    write('mine.csv', WIDE)
    glob, assign = re.findall(r'(?:Write|and)\s`(\w+\(.*?|curve\.assign.*?)`', CELLS)
    recipe = OBJECTS.split('classes = ')[0].replace("Path('curves').iterdir()", glob)
    recipe = recipe.replace('curve.assign(star=path.stem)', assign)
    for i, name in ('12', 'RR'), ('7', 'EB'):
        (folder / 'curves' / name).mkdir(parents=True)
        write(f'curves/{name}/{i}.dat', '# time mag error\n2 5 1\n1 0 1\n5 5 1')
    wanted = [[0, 5, 5, 5, 5]] * 2
    assert carried_out(recipe, '--long star,mjd,mag') == (wanted, ['EB', 'RR'])
    for path in list(folder.glob('curves/*/*')):
        path.rename(folder / 'curves' / path.name)
        path.parent.rmdir()
    write('classes.csv', 'star,class\n7,EB\n12,RR\n')
    assert carried_out(OBJECTS, '--long star,mjd,mag') == (wanted, ['RR', 'EB'])
    flux, flags = np.array([2, np.nan, 3, 9, 4, 5], '>f4'), [0, 0, 0, 8, 0, 0]
    cells = {'TIME': [0, 1, 2, 2.5, 3, 4.0], 'PDCSAP_FLUX': flux, 'QUALITY': flags}
    for i in 12, 7:
        (folder / f'curves/{i}.dat').unlink()
        Table(cells, meta={'TICID': i}).write(f'curves/s{i}.fits')
    recipe = OBJECTS[: OBJECTS.index('def ')] + TESS
    recipe += OBJECTS[OBJECTS.index('\ntable = ') :]
    found = carried_out(recipe, '--long star,TIME,PDCSAP_FLUX')
    assert found == ([[2, 2.5, 3, 4, 5]] * 2, ['RR', 'EB'])
    write('classes.csv', 'star,class\n7,EB\n12,RR\n8,RR\n')
    with pytest.raises(AssertionError):
        carried_out(recipe, '')
