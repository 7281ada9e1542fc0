"""import_data.py: what lands in Train and Test of a table, and what is refused."""

import argparse
import gzip
import pathlib
import re
import shlex
import subprocess
import sys
import tracemalloc
import zipfile

from support.console import DataError
from support.tables import add_columns, codes_of, read_table

import numpy as np
import pandas as pd
import pytest
from conftest import PROJECT, contents, one_line, refused, script
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from import_data import choose_test, groups_of

pytestmark = pytest.mark.usefixtures('folder')

# Ten sequences of four values.
X = np.random.default_rng(0).normal(0, 1, (10, 4)).round(3)
NAMES = ['RRc', '#RRab'] * 5
HEADER = 't0,t1,t2,t3,shape'


def lines(separator=',', names=NAMES, values=X):
    """The rows of a table, as texts; the class is in the last column."""
    rows = zip(values, names, strict=True)
    return [separator.join(map(str, [*x, name])) for x, name in rows]


def write(path, *rows, end='\n', encoding='utf-8'):
    pathlib.Path(path).write_bytes(end.join(rows).encode(encoding))


def imported(*arguments):
    return script('import_data.py', *arguments).stdout


def trained(printed, *options):
    """Type the last command that import_data.py printed, train.py, with more options."""
    _, *command = shlex.split(printed.splitlines()[-1])
    return script(*command, *options).stdout


def sequences(*folders):
    """What lies in the folders, read without our code: sorted values and class names."""
    found = []
    for path in (x for name in folders for x in pathlib.Path(name).glob('X_*.dat')):
        (Y,) = np.fromfile(path.with_name(path.name.replace('X', 'Y')), '<f8')
        names = path.with_name('classes.txt').read_text(encoding='utf-8').splitlines()
        found.append((tuple(np.fromfile(path, '<f8').tolist()), names[int(Y)]))
    return sorted(found)


def expected(values=X, names=NAMES):
    """What sequences() returns for these."""
    return sorted(zip(map(tuple, values.tolist()), map(str, names), strict=True))


def read(path, options=''):
    """Read a table as import_data.py does with these options."""
    parser = argparse.ArgumentParser()
    add_columns(parser)
    table = read_table(path, parser.parse_args(shlex.split(options)))
    for text in table.bad.values():
        raise DataError(text)
    return table


def landed(table):
    """What sequences() would return of a Table."""
    return expected(table.X, table.labels)


# ------------------------------------------------------------------- plain tables

QUOTED = lines(names=['RRc', '"#RRab"'] * 5)
FIRST = [','.join([row.split(',')[-1], *row.split(',')[:-1]]) for row in QUOTED]
# The rows of a table, and the options with which they are read.
TABLES = {
    'HEADER.CSV': ([HEADER, *lines()], '--label shape'),
    'first.csv': (['class,f7,f8,f9,f10', *FIRST], '--label class'),
    'pandas.csv': (
        ['class,0,1,2,3', *FIRST],
        '--label class --values 0:3 --header yes',
    ),
    'blanks.dat': (
        ['# a comment', 'a b c d y', *(f'   {row}  ' for row in lines('   '))],
        '--label y --values a:d',
    ),
    'quoted.csv': (
        ['"t, 1","t;2",t3,"t ""4",c', *lines(', ', ['RRc', '"#RRab"'] * 5)],
        "--label c --values 't, 1:t \"4'",
    ),
    'spreadsheet.csv': (
        [',,,,,', f'{HEADER},', *(f'{row},' for row in lines()), ',,,,,', ''],
        '--label shape --values t',
    ),
    'c.ts': (['@data', *(':'.join(row.rsplit(',', 1)) for row in lines())], ''),
    'u_TRAIN.tsv': ([row.replace(',', '\t') for row in FIRST], ''),
}


@pytest.mark.parametrize('name', TABLES)
def test_text(name):
    rows, options = TABLES[name]
    for end, encoding in ('\n', 'utf-8'), ('\r\n', 'utf-8-sig'):
        write(name, *rows, end=end, encoding=encoding)
        assert landed(read(name, options)) == expected()


def test_what_is_printed(folder):
    """And written: the same a second time; without a label only the first rows."""
    write('a.csv', f'star,{HEADER}', *(f'V{i},{x}' for i, x in enumerate(lines())))
    before = contents(folder)
    done = script('import_data.py', 'a.csv', status=2)
    one_line(done, 'which column holds the class? Add --label')
    assert done.stdout.count('V') == 5 and contents(folder) == before
    options = 'a.csv', '--label', 'shape', '--values', 't0:t3'
    printed = imported(*options).splitlines()
    assert f'Values: t0 to t3, 4 each, {X.min()} to {X.max()}' in printed
    assert 'Left out: 1 (star)' in printed
    assert 'Class 1 (RRc): 4 in Train, 1 in Test' in printed
    assert printed[-1] == 'python train.py --N_train 8 --N_test 2 --N_sequence 4'
    assert sequences('Train', 'Test') == expected() and len(sequences('Test')) == 2
    assert 'Train and Test hold exactly these already.' in imported(*options)


def test_numpy(folder):
    """A pickle, which could run code, is not opened."""
    values, Y = np.c_[X, X[:, 0]], np.array([3, 7] * 5)
    np.save('last.npy', np.c_[X, Y])
    np.savez('a.npz', X=values, Y=Y)
    np.savez('names.npz', X=values, Y=np.array(NAMES)[:, None])
    assert landed(read('last.npy', '--label 5 --values 1:4')) == expected(names=Y)
    assert landed(read('a.npz')) == expected(values, Y)
    assert landed(read('names.npz')) == expected(values)
    harmful = type('Harmful', (), {'__reduce__': lambda self: (open, ('harm', 'w'))})()
    np.save('pickle.npy', [[harmful]])
    np.save('cube.npy', np.zeros((2, 2, 2)))
    np.savez('named.npz', data=X)
    np.savez('X.npz', X=X)
    np.savez('lengths.npz', X=X, Y=[1, 2, 3])
    for name in 'pickle.npy', 'cube.npy', 'named.npz', 'X.npz', 'lengths.npz':
        refused('import_data.py', name, parts=[f'{name} cannot be read'])
    assert not pathlib.Path('harm').exists()


def test_astropy():
    """Scalar columns and one of vectors; masked cells are missing."""
    from astropy.io import fits
    from astropy.table import MaskedColumn, Table

    masked = MaskedColumn(X[:, 0], mask=np.arange(10) == 3)
    stars = [1234567890123456789 + i for i in range(10)]
    table = Table({'star': stars, 'flux': X, 'c': NAMES, 'm': masked})
    for name in ('a.fits', 'a.ecsv', 'a.vot'):
        table.write(name, format={'t': 'votable'}.get(name[-1]))
        found = read(name, '--label c --values flux --id star')
        assert landed(found) == expected() and found.ids.tolist() == list(
            map(str, stars)
        )
        found = read(name, '--label c --values flux1:flux3')
        assert found.X.tolist() == X[:, 1:].tolist() and 'm' in found.left_out
        with pytest.raises(DataError, match='row 4, column m holds no value'):
            read(name, '--long star,m,flux0 --label c --length 3')
    both = fits.BinTableHDU(table['c', 'flux']), fits.BinTableHDU(table['c', 'flux'])
    fits.HDUList([fits.PrimaryHDU(), *both]).writeto('two.fits')
    pathlib.Path('bad.fits').write_bytes(b'SIMPLE')
    for name in 'two.fits', 'bad.fits':
        refused(
            'import_data.py', name, '--label', 'c', parts=[f'{name} cannot be read']
        )


def test_two_tables():
    """The second is read as the first, and need not have all classes."""
    second = X[:8] + 1
    write('a.csv', 'a,b,c,d,y', *lines(names=[1, 2, 1, 2, 3] * 2))
    write(
        'b.csv', 'b,a,c,d,y', *lines(names=[1, 2] * 4, values=second[:, [1, 0, 2, 3]])
    )
    how = 'a.csv', 'b.csv', '--label', 'y', '--values', 'a:d'
    printed = imported(*how)
    assert sequences('Train') == expected(names=[1, 2, 1, 2, 3] * 2)
    assert sequences('Test') == expected(second, [1, 2] * 4)
    assert 'Class 2 (3): 2 in Train, 0 in Test\n' in printed
    assert '--N_train 10 --N_test 8' in printed and 'no exam' not in printed
    write('b.csv', 'a,b,c,d,y', *lines(names=[1, 2] * 5))
    assert 'the test is no exam: 20\n' in imported(*how, '--overwrite')


def test_classes_are_texts():
    """1.1 and 1.10 are two. They are sorted as numbers if all are numbers."""
    long = ['1234567890123456788', '1234567890123456789']
    for names in (
        ['-1', '9', '10'],
        ['1.1', '1.10', '1.9'],
        ['10', '9', 'a', 'b', 'Ä b'],
        long,
    ):
        N = 2 * len(names)
        write('a.csv', HEADER, *lines(names=names[::-1] * 2, values=X[:N]))
        printed = imported('a.csv', '--overwrite', '--label', 'shape')
        assert re.findall(r'Class \d \((.*)\)', printed) == names
        assert ("activation='softmax'" in printed) == (len(names) > 2)
        assert sequences('Train', 'Test') == expected(X[:N], names[::-1] * 2)


# ------------------------------------------------------------- what the columns are

# A first line, options for --label y, and the values or what is said. In each of 20
# rows a name holds: y a class, s one of 10 stars, n the row's number, x a text, else
# a fraction.
RULES = {
    'f0,f1,f2,y': {'': 'f0 f1 f2', '--values f0:f1': 'f0 f1'},
    'a,b,c,y': {'': 'which of the columns a, b, c hold values?'},
    'f0,f2,f3,y': {'': 'which of the columns', '--values f': 'without a gap'},
    'f0,f1,g,y': {'': 'which', '--values f': 'f0 f1', '--values f1:g': 'f1 g'},
    'm0,e0,m1,e1,y': {
        '': 'which of the columns',
        '--values m': 'm0 m1',
        '--values m0:m1': '--values m takes m0',
        '--values m0:e1': 'm0 e0 m1 e1',
        '--values z': 'none is there',
    },
    'f1,f10,f2,f3,f4,f5,f6,f7,f8,f9,y': {
        '--values f': 'f1 f2 f3 f4 f5 f6 f7 f8 f9 f10',
        '--values f1:f9': '--values f takes f0',
    },
    'n,f0,f1,y': {'--values f': 'f0 f1', '--values f0:y': 'no --label', '': 'which'},
    's,f0,f1,y': {
        '--values f': 'column s holds some things several times',
        '--values f --id s': 'f0 f1',
        '--values f --id none': 'f0 f1',
        '--id s': 'f0 f1',
    },
    'x,f0,f1,y': {'--values f': 'f0 f1', '--values x:f1': 'take it out if this'},
    'f0,f1,y,f1': {'': 'two columns called f1'},
    'f0,f1,y': {'--values f1:f0': 'a first and a last', '--label z': 'no column z'},
    'n,4000,4002.5,4005,y': {
        '--values 4000:4005': '--header yes',
        '--values 4000:4005 --header yes': '4000 4002.5 4005',
        '--header yes': 'which of the columns',
    },
    '4000,4005,4002.5,y': {'--values 4000:4002.5 --header yes': 'do not rise'},
    '1.5,2.5,a': {
        '--label a': '--header yes, if these name the columns',
        '--label 3 --header no': 'which of the columns 1, 2 hold',
        '--label 3 --header no --values 1:2': '1 2',
    },
    'f,g,a': {'--label a --values f:g': 'a stands in the column a'},
}


@pytest.mark.parametrize('header', RULES)
def test_rules(header):
    rng, names = np.random.default_rng(0), header.split(',')
    cells = {'y': lambda i: 'ab'[i % 2], 'a': lambda i: 'ab'[i % 2]}
    cells |= {'s': lambda i: str(i // 2), 'n': str, 'x': lambda i: 'xyz'[i % 2]}
    rows = [[cells.get(x, lambda _: rng.random())(i) for x in names] for i in range(20)]
    write('a.csv', header, *(','.join(map(str, row)) for row in rows))
    for options, wanted in RULES[header].items():
        options = options if '--label' in options else f'--label y {options}'
        try:
            table = read('a.csv', options)
        except DataError as error:
            assert wanted in error.args[0], options
            continue
        assert ' '.join(table.columns['values']) == wanted, options
        assert (table.ids is not None) == ('--id s' in options)
        if '--header no' not in options:
            places = [names.index(name) for name in table.columns['values']]
            assert table.X.tolist() == [[row[j] for j in places] for row in rows]


# ------------------------------------------------------------------ what is refused

# What the table holds, and what is said of it with --label 3 --values 1:2 --header no.
BAD_TABLES = {
    'long row': ('1.5,2,a\n2.5,3,4,b\n1,2,a', 'row 2 has 4 cells, the first line 3'),
    'short row': ('1.5,2,a\n' * 120 + '2.5,b', 'row 121 has 2 cells'),
    'comment': ('1.5,2,a\n#1,2,a\n2.5,3,b', 'row 2 begins with a #'),
    'quotes': ('1.5,2,"a\n2.5,3,b"\n1,2,a', 'a quotation mark opens'),
    'empty cell': ('1.5,2,a\n2.5,,b', 'row 2, column 2 holds no value (one of 1)'),
    'no class': ('1.5,2,a\n2.5,3,NA', 'row 2, column 3 holds no name', 'pandas'),
    'text': ('1.5,2,a\n2.5,bad,b\n1,2,b', "row 2, column 2 holds 'bad'"),
    'underscore': ('1.5,2,a\n2.5,1_0,b\n1,2,a', "row 2, column 2 holds '1_0'"),
    'a switch': ('True,2,a\nTrue,3,b', "row 1, column 1 holds 'True'"),
    'infinity': ('1.5,2,a\n2.5,-inf,b', 'row 2, column 2 holds -inf'),
    'too large': ('1.5,2,a\n2.5,4e38,b', 'row 2, column 2 holds 4e+38, too large'),
    'below': ('# A\n\n1.5,2,a\n\n2.5,nan,b', 'row 5, column 2 holds no value'),
    'decimal comma': ('1,5;2;a\n2,5;3;b', 'row 1, column 1', 'decimal commas'),
    'thousands': ('1.5,"1,234",a\n2.5,3,b', 'column 2', '1,000 is written 1000'),
    'code': ('1,2,a\n3,-999,b\n', 'row 2, column 2 holds -999', 'or --no-codes'),
    'far': ('1,2,a\n3,1e20,b\n1,2,a\n2,3,b', 'row 2, column 2 holds 1e+20'),
    'a date': ('2017-01-01,2,a\n2017-01-02,3,b', 'row 1, column 1 holds', 'MJD'),
    'units': ('s,mag,a\n1.5,2,a\n1.5,4,b', 'row 1, column 1 holds', 'take it out'),
    'one class': ('1.5,2,a\n1.5,3,a\n2.5,4,a', 'all are of class a'),
    'single row': ('1.5,2,a\n2.5,3,Mira\n3.5,4,a', 'row 2 is of class Mira'),
    'equal rows': ('1,2.5,a\n2,3.5,b\n3,4.5,b\n1,2.5,a', 'row 1 is of class a'),
    'comments': ('# one\n\n# two\n', 'a.csv holds no rows'),
    'zeros': (bytes(100), 'a.csv'),
    'Latin-1': ('1,2,Ä\n'.encode('latin-1'), 'a.csv is not text in UTF-8'),
    'UTF-16': ('1,2,Ä\n'.encode('utf-16'), 'a.csv is not text in UTF-8'),
    'two.ts': ('@data\n1,2:3,4:a', 'row 2 is not a series'),
    'missing.ts': ('@data\n1,2:a\n?,3:b\n3,4:b', 'row 3, column 2 holds no value'),
    'unequal.ts': ('@data\n1,2,3:a\n3,4:b', 'row 3 is not a series'),
    'a.csv.gz': (b'\x1f\x8b nothing', 'a.csv.gz cannot be read'),
    'a.parquet': (b'PAR1\xff\xff', 'a.parquet is not text', 'pandas'),
}


@pytest.mark.parametrize('kind', BAD_TABLES)
def test_bad_tables(folder, kind):
    content, *parts = BAD_TABLES[kind]
    content = content if isinstance(content, bytes) else content.encode()
    name = kind if '.' in kind else 'a.csv'
    pathlib.Path(name).write_bytes(content)
    options = '--label 3 --header no --values 1:2'.split()
    options = [] if name.endswith('.ts') else options
    refused('import_data.py', name, *options, parts=[f'import_data.py: {name}', *parts])
    assert contents(folder) == {name: content}


def test_codes():
    """Nines that are apart or too many, and what is far from all else."""
    for values, found in (
        ([[1, 97, 98, 99, 99]], []),
        ([[1, 97, 98, 99, 99, 99]], [99]),
        ([[1, 2, 3, 99]], [99]),
        ([[0, 1, 2, 3, 4, 150]], []),
        ([[1, 2, 3, 150, -999]], [-999]),
        ([[1, 2, 3, 1e20, -999]], [-999, 1e20]),
        ([[1, 2, 3], [1, 2, 3e38]], [3e38]),
        ([[5000, 1000, -999], [1, 2, 3]], [-999]),
        ([[-5000, 1000, 0], [1, 2, -999]], [-999]),  # within all, apart in its row
        ([[15.2, 15.1, 99.99], [15, 14, 99.999]], [99.99, 99.999]),
        ([[7, 7, 7], [7, 7, 7]], []),
    ):
        values = np.array(values, float)
        assert sorted(codes_of(values, values, 100)) == found, values
    write('a.csv', 'f0,f1,y', '1,-999,a', '2,3,b')
    assert read('a.csv', '--label y --no-codes').X[0].tolist() == [1, -999]


def test_bad_pairs_and_arguments(folder):
    write('a.csv', HEADER, *lines())
    write('long.csv', *lines(values=np.hstack([X, X])))
    write('other.csv', HEADER, *lines(names=['RRc', 'Mira'] * 5))
    write('none.csv', 't0,t1,t2,t3', *(row.rsplit(',', 1)[0] for row in lines()))
    before = contents(folder)
    for status, arguments, part in (
        (1, 'a.csv long.csv --label shape', 'long.csv begins with'),
        (1, 'a.csv none.csv --label shape', 'none.csv lacks the class'),
        (1, 'a.csv other.csv --label shape', 'other.csv, row 3 is of class Mira'),
        (1, 'nowhere.csv', 'nowhere.csv is missing'),
        (1, 'a.csv --label shape --test 10', '--test 10 leaves none of 10'),
        (2, 'a.csv a.csv a.csv', 'give one table'),
        (2, 'a.csv other.csv --test 3', 'two that are split'),
        *((2, f'a.csv --test={x}', 'whole number') for x in (1.5, 0, -0.5, 'some')),
        (2, 'a.csv --seed=-1', '-1'),
        (2, 'a.csv --long a,b,c --label shape', '--length N'),
        (2, 'a.csv --long a,b --length 5', '--long ID,TIME,VALUE takes'),
        (2, 'a.csv --long a,b,c --length 5 --id a', '--long ID,TIME,VALUE takes'),
        (2, 'a.csv --period P', '--long'),
    ):
        refused('import_data.py', *arguments.split(), status=status, parts=[part])
    assert contents(folder) == before


# --------------------------------------------------------------------- light curves

LONG = """id,t,m,y
a,3,30,A
b,0,1,B
a,1,10,A
a,2,24,A
b,4,5,B
b,1,3,B
c,1,1,A
c,2,1,A
"""
OPTIONS = '--long id,t,m --label y --length 5'


def test_long_tables(folder):
    """Sorted by time, and interpolated onto each object's own span; too few left out."""
    write('a.csv', LONG)
    table = read('a.csv', OPTIONS)
    assert table.X.tolist() == [[10, 17, 24, 27, 30], [1, 3, 11 / 3, 13 / 3, 5]]
    assert (list(table.ids), list(table.labels)) == (['a', 'b'], ['A', 'B'])
    assert table.left_out == ['c']
    bands = LONG.replace('y\n', 'y,band\n').replace('A\n', 'A,g\n')
    bands = bands.replace('B\n', 'B,r\n')
    for text, said in (
        (f'{LONG}a,4,,A', 'row 10, column m holds no value'),
        (f'{LONG}a,2,5,A', 'object a has two observations at one time'),
        (f'{LONG}a,4,5,B', 'object a has several classes, A, B'),
        (f'{LONG}a,-99,5,A', 'column t holds -99, perhaps a code'),
        (f'{LONG}a,9,99.99,A', 'column m holds 99.99, perhaps a code'),
        (f'{LONG}a,4000,5,A', 'column t holds 4000, perhaps a code'),
        (f'{bands}a,9,1,A,r', 'one object has several bands'),
        (f'{LONG},4,5,B', 'row 10, column id holds no name'),
        (f'{LONG}c,2017-01-01,1,A', 'times are to be numbers, such as MJD'),
        ('\n'.join([*LONG.split()[:3], *LONG.split()[7:]]), 'no object has three'),
    ):
        write('a.csv', text)
        with pytest.raises(DataError, match=re.escape(said)):
            read('a.csv', OPTIONS)
    write('a.csv', bands.replace('band', 'filtercode') + 'a,9,1,A,r')
    with pytest.raises(DataError, match='several filtercodes'):
        read('a.csv', OPTIONS)
    write('a.csv', bands)
    assert len(read('a.csv', OPTIONS).X) == 2
    write('a.csv', LONG.replace('a,', '007,').replace('b,', '7,').replace('c,', '8,'))
    assert list(read('a.csv', OPTIONS).ids) == ['007', '7']


def test_folding():
    """With a period, each object is a curve of phases from 0; of equal ones the mean."""
    t = np.random.default_rng(0).uniform(0, 100, 400)
    rows = [f'a,{x},{np.sin(x - t.min())},{2 * np.pi},A' for x in t]
    rows += ['b,0,1,2,B', 'b,1,3,2,B', 'b,2,2,2,B']
    write('a.csv', 'id,t,m,P,y', *rows)
    table = read('a.csv', '--long id,t,m --label y --length 8 --period P')
    assert np.abs(table.X[0] - np.sin(np.arange(8) * np.pi / 4)).max() < 0.02
    assert table.X[1].tolist() == [1.5, 1.875, 2.25, 2.625, 3, 2.625, 2.25, 1.875]
    for periods in '000', '-1 -1 -1'.split(), '121':
        rows = [f'b,{i},1,{P},B' for i, P in enumerate(periods)]
        write('a.csv', 'id,t,m,P,y', *rows)
        with pytest.raises(DataError, match='object b needs one period'):
            read('a.csv', '--long id,t,m --label y --length 8 --period P')


# ------------------------------------------------------------------------ the split


def test_a_random_choice_with_each_class_in_proportion(folder):
    labels = ['a'] * 30 + ['b'] * 20 + ['c'] * 10  # sorted, as tables often are
    values = np.random.default_rng(1).normal(size=(60, 4)).round(4)
    write('a.csv', HEADER, *lines(names=labels, values=values))
    how = 'a.csv', '--label', 'shape'
    shares = {0.5: [15, 10, 5], 0.99: [29, 19, 9], 7: [4, 2, 1], 1: [1, 1, 1]}
    for test, counts in (shares | {0.2: [6, 4, 2]}).items():
        imported(*how, '--overwrite', '--test', test)
        found = [name for _, name in sequences('Test')]
        assert [found.count(name) for name in 'abc'] == counts
        assert sequences('Train', 'Test') == expected(values, labels)
    for name, N in ('Train', 48), ('Test', 12):  # their order is random
        paths = [pathlib.Path(name, f'Y_{i}.dat') for i in range(1, N // 2 + 1)]
        first = [path.read_bytes() for path in paths]
        assert len(set(first)) > 1 and first != sorted(first)
    before, drawn = contents(folder), sequences('Test')
    refused('import_data.py', *how, '--seed', 1, parts=['--overwrite'])
    assert contents(folder) == before
    imported(*how, '--overwrite', '--seed', 1)
    assert sequences('Test') != drawn


def test_what_belongs_together_stays_together():
    """Equal sequences and the rows of an object, also by way of others."""
    for seed in range(50):
        rng = np.random.default_rng(seed)
        values = rng.integers(0, 3, (60, 2)).astype(float)  # also across classes
        values[:6] += np.arange(10, 70, 10)[:, None]  # each class has some of its own
        Y = np.r_[0, 0, 0, 1, 1, 1, rng.integers(0, 2, 54)]
        is_test = choose_test(groups_of(values, None), Y, 0.2, rng)
        seen = {x.tobytes() for x in values[~is_test]}
        assert not any(x.tobytes() in seen for x in values[is_test])
        assert set(Y[is_test]) == set(Y[~is_test]) == {0, 1}
    values = np.array([[1], [1], [2], [3], [3], [4]])
    assert len(set(groups_of(values, np.array(list('aabbcd'))))) == 3
    chain = np.repeat(np.arange(20001), 2)  # which a loop would follow for minutes
    groups = groups_of(chain[1:-1, None], chain[:-2].astype(str))
    assert len(set(groups)) == 1
    # Where all groups are larger than the share, the class gives the smallest.
    same = X[[0, 0, 0, 1, 1, 2, 2, 2, 3, 3]]
    write('a.csv', HEADER, *lines(values=same, names=['a'] * 5 + ['b'] * 5))
    imported('a.csv', '--label', 'shape')
    assert sequences('Test') == expected(X[[1, 1, 3, 3]], 'aabb')
    same = X[[0, 1, 2, 3, 4, 5, 6, 0]]
    write('a.csv', HEADER, *lines(values=same, names='abababab'))
    said = imported('a.csv', '--label', 'shape', '--overwrite')
    assert 'Sequences that equal one of another class: 2\n' in said


def test_no_star_is_on_both_sides():
    rng, stars = np.random.default_rng(0), np.repeat(np.arange(60), 5)
    table = pd.DataFrame(rng.normal(size=(300, 8)).round(5)).add_prefix('f')
    table = table.assign(star=stars, y=np.array(list('ab'))[rng.integers(0, 2, 300)])
    table.to_csv('a.csv', index=False)
    imported('a.csv', '--label', 'y', '--id', 'star')
    ids = {x: pathlib.Path(x, 'ids.txt').read_text().split() for x in ('Train', 'Test')}
    assert not set(ids['Train']) & set(ids['Test'])
    assert len(ids['Train'] + ids['Test']) == 300
    values = table[table.star == int(ids['Test'][0])].filter(like='f').to_numpy()
    assert np.fromfile('Test/X_1.dat').tolist() in values.tolist()


# --------------------------------------------------------------------- any table

DIALECTS = {
    'sep': st.sampled_from([',', ';', '\t', '|', ' ']),
    'header': st.sampled_from(['yes', 'no', 'numbers', 'apart']),
    'quoting': st.sampled_from([0, 1]),  # csv.QUOTE_MINIMAL, csv.QUOTE_ALL
    'encoding': st.sampled_from(['utf-8', 'utf-8-sig']),
    'comment': st.sampled_from(['', '# a "comment\n\n']),
    'classes': st.sampled_from(['RRab RRc', '1.1 1.10', '0 1', 'Ä é,;|']),
    'damage': st.sampled_from([None, None, '', 'x', '-999', '1e30']),
    'star': st.booleans(),
    'N': st.integers(2, 12),
    'seed': st.integers(0, 2**32 - 1),
}


def dialect(d):
    """Write a table in the dialect d; return its options, X, classes and objects."""
    rng, N, header = np.random.default_rng(d['seed']), d['N'], d['header']
    values = np.round(rng.normal(size=(12, N)) * 10 ** rng.uniform(-3, 1), 5)
    names = [f'{i / 2}' if header == 'numbers' else f'f{i}' for i in range(N)]
    cells = pd.DataFrame(values, columns=names).map('{:.6g}'.format)
    values = cells.astype(float).to_numpy(copy=True)
    cells['class'] = labels = d['classes'].split() * 6
    ids = [f'V{i // 2}' for i in range(12)] if d['star'] else None
    if d['star']:
        cells.insert(0, 'star', ids)
    if header == 'apart':
        cells = cells[rng.permutation(cells.columns)]
    if d['damage'] is not None:
        cells.loc[rng.integers(12), rng.choice(names)] = d['damage']
    place = {x: str(i) if header == 'no' else x for i, x in enumerate(cells, 1)}
    options = f'--label {place["class"]}'
    ends = 'f' if header == 'apart' else f'{place[names[0]]}:{place[names[-1]]}'
    options += f' --values {ends}' + (f' --id {place["star"]}' if d['star'] else '')
    options += {'no': ' --header no', 'numbers': ' --header yes'}.get(header, '')
    how = {'sep': d['sep'], 'quoting': d['quoting'], 'header': header != 'no'}
    text = d['comment'] + cells.to_csv(index=False, **how)
    data = gzip.compress(text.encode(d['encoding']), 1)
    pathlib.Path('a.csv.gz').write_bytes(data)
    return options, values, labels, ids


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.fixed_dictionaries(DIALECTS))
def test_any_dialect(d):
    """What was written is what lands, or one line refuses it; with less said as well."""
    options, X, labels, ids = dialect(d)
    for more in options, re.search('--label [^ ]+', options)[0]:
        try:
            table = read('a.csv.gz', more)
        except DataError as error:
            assert 'a.csv.gz' in error.args[0]
            assert d['damage'] is not None or more != options
        else:
            assert d['damage'] is None and (table.X == X).all()
            assert list(table.labels) == labels
            assert ids is None or list(table.ids) == ids


# ------------------------------------------------------------------------- recipes

PAGE = (PROJECT / 'docs/own-data.md').read_text(encoding='utf-8')
START, STRETCH, OBJECTS = re.findall('```python\n(.*?)```', PAGE, re.DOTALL)
CELLS = PAGE[PAGE.index('## Recipes') : PAGE.index('## A network')]
RECIPES = dict(re.findall(r'^\| (.+?) \| `(.*?[)\]])`[, ]', CELLS, re.MULTILINE))
WIDE = [f'V{i},{"Äb"[i % 2]},{x[0]},{x[1]},{x[2]}' for i, x in enumerate(X)]
WIDE = '\n'.join(['star,class,f0,f1,f2', *WIDE, ''])
LONG_ROWS = [(i, 2457754.5 + t, (i + t) ** 2) for i in range(10) for t in range(4)]
CURVES = ''.join(f'V{i},{"ab"[i % 2]},{t},{m}\n' for i, t, m in LONG_ROWS)
CURVES = f'star,class,mjd,mag\n{CURVES}'
IPAC = '|star|class|f0    |f1    |f2    |\n|char|char |double|double|double|\n'
FIXED = [row.split(',') for row in WIDE.split()]
# Of each recipe what it mends: a table that is refused, made of a plain one.
TO_MEND = {
    'decimal commas': WIDE.replace(',', ';').replace('.', ','),
    'not UTF-8: Latin-1, UTF-16': WIDE.encode('latin-1'),
    'columns of a fixed width': '\n'.join(
        '{:5}{:7}{:9}{:9}{}'.format(*row).replace('V3', '  ', 1) for row in FIXED
    ),
    'the names behind a `#`': '# ' + WIDE.replace(',', ' '),
    'a line of units': WIDE.replace('\n', '\n,x,mag,mag,mag\n', 1),
    'IPAC': IPAC
    + ''.join(' {:4} {:5} {:6} {:6} {:6}\n'.format(*row) for row in FIXED[1:]),
    'rows without a class': f'{WIDE}V99,,1,2,3\n',
    'codes for no value': WIDE.replace(f',{X[0, 1]},', ',-999,'),
    'observations without a value': f'{CURVES}V1,b,9,\n',
    'limits': f'{CURVES}V1,b,9,<14.5\n',
    'of several bands, one': CURVES.replace('\n', ',g\n').replace('g,g', 'g,band')
    + CURVES.split('\n', 1)[1].replace('\n', ',r\n'),
    'two observations at a time: their mean': CURVES + CURVES.split('\n', 1)[1],
    'dates: Julian dates': re.sub(
        r'24577(54|55|56|57)\.5', lambda x: f'2017-01-0{int(x[1]) - 53}', CURVES
    ),
}


def carried_out(recipe, *options):
    """Carry out a recipe here and import what it writes; return what lands."""
    code = START.replace("pd.read_csv('mine.csv', dtype=text)", recipe)
    if not recipe.startswith(('pd.', 'Table.')):
        code = START.replace('table.to_csv', f'{recipe}\ntable.to_csv')
    exec(f'from astropy.table import Table\n{code}', {})
    imported('plain.csv', '--label', 'class', *options, '--overwrite')
    return sequences('Train', 'Test')


@pytest.mark.parametrize('kind', TO_MEND)
def test_recipes(kind):
    recipe = next(code for what, code in RECIPES.items() if what.startswith(kind))
    path = re.search(r"'(mine\.\w+)'", recipe + "'mine.csv'")[1]
    how = '--values', 'f', '--id', 'none'
    if re.search('mjd|mag|band', recipe):
        how = '--long', 'star,mjd,mag', '--length', 6
    write('good.csv', CURVES if '--long' in how else WIDE)
    imported('good.csv', '--label', 'class', *how)
    wanted, content = sequences('Train', 'Test'), TO_MEND[kind]
    content = content if isinstance(content, bytes) else content.encode()
    pathlib.Path(path).write_bytes(content)
    refused('import_data.py', path, '--label', 'class', *how, parts=['#recipes'])
    if kind == 'limits':  # are then observations without a value
        recipe += f'\n{RECIPES["observations without a value"]}'
    if kind == 'codes for no value':  # then there is a gap
        gap = next(code for what, code in RECIPES.items() if what.startswith('gaps'))
        recipe += f'\n{gap}'
        first, _, last = X[0, :3]
        wanted.remove((tuple(X[0, :3]), 'Ä'))
        wanted.append(((first, (first + last) / 2, last), 'Ä'))
    assert carried_out(recipe, *how) == sorted(wanted)


def test_longer_recipes(folder):
    """Rows of unequal lengths, and a file for each object; no recipe is left."""
    assert len(RECIPES) == len(TO_MEND) + 2  # gaps, and Excel, which isn't here
    rows = 'a,A,1,2,', 'b,B,0,0,5', 'c,A,2,2.5,3', 'd,B,7,,'
    write('mine.csv', 'star,class,f0,f1,f2', *rows)
    found = carried_out(STRETCH)
    assert [(x[0], x[-1], len(x), y) for x, y in found] == [
        (0, 5, 64, 'B'),
        (1, 2, 64, 'A'),
        (2, 3, 64, 'A'),
        (7, 7, 64, 'B'),
    ]
    assert found[1][0] == tuple(np.linspace(1, 2, 64))
    (folder / 'curves').mkdir()
    for i in range(6):
        write(
            f'curves/{i}.dat',
            '# time mag error',
            *(f'{t} {t * i} 0.1' for t in (2, 1, 4)),
        )
    write('classes.csv', 'star,class', *(f'{i},{"ab"[i % 2]}' for i in range(6)))
    how = '--long', 'star,mjd,mag', '--length', 4
    wanted = np.array([[i, 2 * i, 3 * i, 4 * i] for i in range(6)], float)
    assert carried_out(OBJECTS, *how) == expected(wanted, 'ababab')
    for line, error in (('7,a', AssertionError), ('1,a', pd.errors.MergeError)):
        write('classes.csv', 'star,class', *(f'{i},a' for i in range(6)), line)
        with pytest.raises(error, match='right_only' if '7' in line else 'unique'):
            carried_out(OBJECTS, *how)


# ------------------------------------------------------------------- large and real


@pytest.mark.slow
def test_large_tables():
    """Reading takes few times the memory of the values."""
    values = np.random.default_rng(0).normal(size=(4000, 500)).round(6)
    table = pd.DataFrame(values).add_prefix('f').assign(y=['a', 'b'] * 2000)
    table.to_csv('a.csv', index=False)
    tracemalloc.start()
    assert (read('a.csv', '--label y').X == values).all()
    assert tracemalloc.get_traced_memory()[1] < 4 * values.nbytes
    tracemalloc.stop()


@pytest.mark.slow
def test_from_a_table_to_an_answer():
    """Import a table with names, train as it says, and classify the rows again."""
    values = X + np.array([[3], [-3]] * 5)
    rows = [f'V{i},{row}' for i, row in enumerate(lines(values=values))]
    write('mine.csv', f'star,{HEADER}', *rows)
    printed = imported('mine.csv', '--id', 'star', '--label', 'shape')
    assert 'Accuracy: 100.00%\n' in trained(printed, '--N_epochs', 200)
    rows = pathlib.Path('runs/1/predictions.csv').read_text().splitlines()
    ids = pathlib.Path('Test/ids.txt').read_text().split()
    assert [row.split(',')[1] for row in rows] == ['id', *ids]
    answer = script('infer.py', 'mine.csv').stdout
    assert 'mine.csv row 2 (V0): class 1 (RRc), score' in answer
    assert answer.endswith('\nAccuracy: 100.00% of 10 labelled sequences\n')


@pytest.mark.slow
def test_real_data(folder):
    """As good as Ismail Fawaz et al. (2019) found their MLP: 93 and 95 %."""
    options = '--quiet --no-deps --timeout 5 --retries 0 aeon==1.6.0'.split()  # BSD
    command = [sys.executable, '-m', 'pip', 'download', *options]
    done = subprocess.run(command, capture_output=True)
    if done.returncode:
        pytest.skip(f'the package aeon could not be fetched: {done.stderr.decode()}')
    with zipfile.ZipFile(*folder.glob('aeon-*.whl')) as wheel:
        for name, least in ('GunPoint', 87), ('ItalyPowerDemand', 94):
            path = f'aeon/datasets/data/{name}/{name}_'
            files = [wheel.extract(f'{path}{x}.ts') for x in ('TRAIN', 'TEST')]
            printed = trained(imported(*files, '--overwrite'))
            accuracy = re.search('Accuracy: (.*)%', printed)[1]
            assert least < float(accuracy) < 99, name
