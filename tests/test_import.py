"""import_data.py: sequences from tables and light curves, and what is asked or refused."""

import argparse
import contextlib
import io
import pathlib
import re
import shlex
import subprocess
import sys
import time
import tracemalloc
import zipfile

from support.console import DataError
from support.curves import read_new, read_table
from support.tables import LARGEST, add_columns, codes_of, is_odd

import numpy as np
import pandas as pd
import pytest
from conftest import contents, one_line, refused, script
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from import_data import belonging, choose_test

pytestmark = pytest.mark.usefixtures('folder')

# Ten sequences of four values.
X = np.random.default_rng(0).normal(0, 1, (10, 4)).round(3)
NAMES = ['RRc', '#RRab'] * 5
HEADER = 't0,t1,t2,t3,shape'


def lines(separator=',', names=NAMES, values=X, first=False):
    """The rows of a table, as texts; the class is in the last column, or in the first."""
    rows = [
        [name, *x] if first else [*x, name]
        for x, name in zip(values, names, strict=True)
    ]
    return [separator.join(map(str, row)) for row in rows]


def write(path, rows, end='\n', encoding='utf-8'):
    pathlib.Path(path).write_bytes(end.join(rows).encode(encoding))


def imported(*arguments):
    return script('import_data.py', *arguments).stdout


def trained(printed, *options):
    """Type the last command that import_data.py printed, train.py, with more options."""
    _, *command = shlex.split(printed.splitlines()[-1])
    return script(*command, *options).stdout


def sequences(*folders):
    """What lies in the folders, read without our code: a sorted list of values and class name."""
    found = []
    for path in (
        path for folder in folders for path in pathlib.Path(folder).glob('X_*.dat')
    ):
        (Y,) = np.fromfile(path.with_name(path.name.replace('X', 'Y')), '<f8')
        names = path.with_name('classes.txt').read_text(encoding='utf-8').splitlines()
        found.append((tuple(np.fromfile(path, '<f8').tolist()), names[int(Y)]))
    return sorted(found)


def expected(values=X, names=NAMES):
    """What sequences() returns for these."""
    return sorted(zip(map(tuple, values.tolist()), map(str, names), strict=True))


def read(path, options='', new=False, columns=None):
    """Read a table as import_data.py does with these options, or as infer.py does."""
    parser = argparse.ArgumentParser()
    add_columns(parser)
    args = parser.parse_args(shlex.split(options))
    return read_new(path, args, columns) if new else read_table(path, args)


def landed(table):
    """What sequences() would return of a Table."""
    return expected(table.X, table.labels)


# The rows of a table, and the options with which they are read.
TABLES = {
    'HEADER.CSV': ([HEADER, *lines()], '--label shape'),
    'numbered.csv': (
        ['class,0,1,2,3', *lines(first=True)],
        '--label class --values 0:3',
    ),
    'semicolon.csv': (['a;b;c;d;class', *lines(';')], '--label class'),
    'bars.csv': (['a|b|c|d|class', *lines('|')], '--label last'),
    'tab.tsv': (lines('\t', first=True), '--label first'),
    'blanks.txt': (
        ['  # a comment', *(f'   {row}  ' for row in lines('   '))],
        '--label 5 --header no',
    ),
    'comment.csv': (['# of 2018', f'# {HEADER}', *lines()], '--label shape'),
    'quoted.csv': (
        ['"t, 1","t;2",t3,t4,"of class"', *lines(', ', [f'"{n}"' for n in NAMES])],
        "--label 'of class' --values 't, 1:t4'",
    ),
    'spreadsheet.csv': (
        [',,', f'{HEADER},,', *(f'{row},,' for row in lines()), ',,,,,,'],
        '--label shape',
    ),
    'empty_lines.csv': (
        [line for row in lines() for line in (row, '', '  ')],
        '--label last',
    ),
    'times.csv': (['0.0,0.5,1.0,1.5,shape', *lines()], '--label shape --header yes'),
    'excel.csv': (['sep=;', 'a;b;c;d;class', *lines(';')], '--label class'),
    'all_times.csv': (
        ['0,.5,1,1.5,2', *lines(names=[1, 2] * 5)],
        '--label 2 --header yes',
    ),
    'c.ts': (
        ['#About', '@problemName c', '@classLabel true x', '@data']
        + [':'.join(row.rsplit(',', 1)) for row in lines()],
        '',
    ),
    'u.tsv': (lines('\t', [1, 2] * 5, first=True), ''),
}


@pytest.mark.parametrize('name', TABLES)
def test_text(name):
    rows, options = TABLES[name]
    names = [1, 2] * 5 if name in ('all_times.csv', 'u.tsv') else NAMES
    rows = [row.replace('#RRab', '"#RRab"') if row[:2] == '#R' else row for row in rows]
    for end, encoding in ('\n', 'utf-8'), ('\r\n', 'utf-8-sig'), ('\n', 'utf-16'):
        write(name, rows, end, encoding)
        assert landed(read(name, options)) == expected(names=names)
    with contextlib.suppress(
        DataError
    ):  # with less said, it is asked, or what lands is the same
        assert landed(read(name, '--label last')) == expected(names=names)


def test_what_is_printed():
    write('a.csv', [HEADER, *lines()])
    printed = imported('a.csv', '--label', 'shape').splitlines()
    assert [' '.join(line.split()) for line in printed[1:3]] == [
        f'values t0 to t3 4 in each sequence, {X.min()} to {X.max()}',
        'class shape 2 classes',
    ]
    assert printed[3:] == [
        'Class 0 (#RRab): 4 in Train, 1 in Test',
        'Class 1 (RRc): 4 in Train, 1 in Test',
        'Wrote 8 sequences to Train and 2 to Test.',
        'Look at some, then train:',
        'python view.py 1 2 3 4 --N_sequence 4',
        'python train.py --N_train 8 --N_test 2 --N_sequence 4',
    ]
    assert sequences('Train', 'Test') == expected() and len(sequences('Test')) == 2
    again = imported('a.csv', '--label', 'shape')
    assert 'Train and Test hold exactly these sequences already.' in again


def test_without_a_label_nothing_is_written(folder):
    """What each column looks like is shown, and the command that is needed."""
    rows = [
        f's{i % 4},{i + 0.5},{row}' for i, row in enumerate(lines(names=[1, 2] * 5))
    ]
    write('a.csv', ['star,mjd,a,b,c,d,y', *rows])
    before = contents(folder)
    done = script('import_data.py', 'a.csv', status=2)
    table = [' '.join(line.split()) for line in done.stdout.splitlines()]
    assert 'star text s0, s1, s2 ... 4 0' in table
    assert 'mjd numbers 0.5 to 9.5 10 0' in table
    assert 'y whole numbers 1 to 2 2 0' in table
    one_line(done, 'python import_data.py a.csv --label COLUMN')
    assert contents(folder) == before


def test_numpy():
    Y = np.array([3, 7] * 5)
    values = np.c_[X, X[:, 0]]
    values[3, 2] = LARGEST
    np.save('last.npy', np.c_[X, Y])
    np.savez('a.npz', x=values, Y=Y)
    np.savez('names.npz', X=values, y=np.array(NAMES)[:, None])
    np.savez('X.npz', X=X)
    assert landed(read('last.npy', '--label last')) == expected(names=Y)
    assert landed(read('a.npz', '--missing none')) == expected(values, Y)
    assert landed(read('names.npz', '--missing none')) == expected(values)
    assert read('X.npz', new=True).X.tolist() == X.tolist()


def test_astropy():
    """Scalar columns and one of vectors; masked cells are missing."""
    from astropy.table import MaskedColumn, Table

    masked = MaskedColumn(X[:, 0], mask=np.arange(10) == 3)
    table = Table(
        {'star': [f's{i}' for i in range(10)], 'flux': X, 'c': NAMES, 'm': masked}
    )
    for name in ('a.fits', 'a.ecsv', 'a.vot'):
        table.write(name, format={'t': 'votable'}.get(name[-1]))
        found = read(name, '--label c --values flux --id star')
        assert landed(found) == expected() and found.ids.tolist() == [
            f's{i}' for i in range(10)
        ]
        assert (
            read(name, '--label c --values flux[1]:flux[3] --id none').X.tolist()
            == X[:, 1:].tolist()
        )
        found = read(name, '--label c --values flux[0],m --id none')
        assert (
            list(found.bad) == [3]
            and 'column m holds no value (one of 1)' in found.bad[3]
        )
        assert script('import_data.py', name, status=2).stdout.count('flux[') == 4
    pathlib.Path('bad.fits').write_bytes(b'SIMPLE')
    refused('import_data.py', 'bad.fits', parts=['bad.fits cannot be read by astropy'])


def test_two_tables():
    """The second is read like the first, and need not have all classes."""
    second = X[:8].copy()
    second[:, 3] = 3 - second[:, 3]
    write('a.csv', ['y,a,b,c,d', *lines(first=True, names=[1, 2, 1, 2, 3] * 2)])
    write('b.csv', ['y,a,b,c,d', *lines(first=True, names=[1, 2] * 4, values=second)])
    printed = imported('a.csv', 'b.csv', '--label', 'y')
    assert sequences('Train') == expected(names=[1, 2, 1, 2, 3] * 2)
    assert sequences('Test') == expected(second, [1, 2] * 4)
    assert 'Class 2 (3): 2 in Train, 0 in Test\n' in printed
    assert '--N_train 10 --N_test 8' in printed
    printed = imported(
        'a.csv', 'b.csv', '--label', 'y', '--values', 'a:c', '--overwrite'
    )
    assert 'Sequences in both tables, so that the test is no exam: 8.' in printed


def test_classes_are_texts():
    """1.1 and 1.10 are two. They are sorted as numbers if all are numbers."""
    for cells, names in (
        (['10', '9', '-1'], ['-1', '9', '10']),
        (['1.10', '1.1', '1.9'], ['1.1', '1.10', '1.9']),
        (['b', '10', '9', 'Ä  b', 'a'], ['10', '9', 'a', 'b', 'Ä b']),
        (
            ['1234567890123456789', '1234567890123456788'],
            ['1234567890123456788', '1234567890123456789'],
        ),
    ):
        write('a.csv', lines(names=cells * 2, values=X[: 2 * len(cells)]))
        printed = imported('a.csv', '--overwrite', '--label', 'last', '--header', 'no')
        assert sorted(re.findall(r'Class \d \((.*)\)', printed)) == sorted(names)
        assert (f"Dense({len(names)}, activation='softmax')" in printed) == (
            len(names) > 2
        )
        assert sequences('Train', 'Test') == expected(
            X[: 2 * len(cells)], [' '.join(n.split()) for n in cells * 2]
        )


def test_encodings(capsys):
    write('a.csv', lines(names=['€', 'b'] * 5), encoding='cp1252')
    assert landed(read('a.csv', '--label last')) == expected(names=['€', 'b'] * 5)
    assert capsys.readouterr().out == 'a.csv is not UTF-8: read as Windows-1252.\n'
    write('a.csv', lines(names=['Ä', 'b'] * 5), encoding='latin-1')
    assert landed(read('a.csv', '--label last')) == expected(names=['Ä', 'b'] * 5)
    assert capsys.readouterr().out == 'a.csv is not UTF-8: read as Latin-1.\n'


# ---------------------------------------------------------------- what is asked

# A header, what a column holds (i the row's number, c a class, s one of 10 stars, t a text, else a
# fraction), options, and what is said; None where all but the class and what is named are values.
COLUMNS = {
    'all values': ('a,b,c,d,y', 'ffffc', '--label y', None),
    'of whole numbers': ('a,b,c,d,y', 'iiiic', '--label y --values a:d', None),
    'text': ('a,b,t,d,y', 'fftfc', '--label y', 'column t holds texts'),
    'identifier': ('star,b,c,d,y', 'sfffc', '--label y', 'column star is called like'),
    'stars, left out': ('star,b,c,d,y', 'sfffc', '--label y --values b:d', '--id star'),
    'stars by another name': ('z,b,c,d,y', 'sfffc', '--label y --values b:d', '--id z'),
    'no stars': ('star,b,c,d,y', 'sfffc', '--label y --values b:d --id none', None),
    'stars': ('star,b,c,d,y', 'sfffc', '--label y --values b:d --id star', None),
    'index': (',b,c,d,y', 'ifffc', '--label y', 'column 1 has no name'),
    'counted': ('a,b,c,d,y', 'ifffc', '--label y', 'column a numbers the rows'),
    'rising': ('a,b,c,d,y', 'rfffc', '--label y', 'column a rises from row to row'),
    'time': ('MJD,b,c,d,y', 'ffffc', '--label y', 'column MJD is called like'),
    'times': ('time_0,time_1,time_2,time_3,y', 'ffffc', '--label y', None),
    'unlike': (
        'a,b,c,d,e,f,y',
        'fffffFc',
        '--label y',
        'column f is unlike the others',
    ),
    'counts': (
        'a,b,c,d,y',
        'fffsc',
        '--label y',
        'column d holds whole numbers, unlike',
    ),
    'by numbers': ('', 'tffff', '--label 1 --header no', None),
    'no such name': ('a,b,c,d,y', 'ffffc', '--label 5', '--label 5 means no column'),
    'no such number': ('', 'fffft', '--label 6 --header no', 'a number from 1 to 5'),
    'label among values': (
        'a,b,c,d,y',
        'ffffc',
        '--label y --values a:y',
        'also means that of',
    ),
    'backwards': (
        'a,b,c,d,y',
        'ffffc',
        '--label y --values d:a',
        '--values d:a means no column',
    ),
    'two of a name': (
        'a,a,c,d,y',
        'ffffc',
        '--label y --values a:d',
        '--values a:d means no',
    ),
    'only the class': ('y', 'c', '--label y', 'holds no values beside the class'),
}


@pytest.mark.parametrize('kind', COLUMNS)
def test_which_columns_are_values(kind):
    header, columns, options, said = COLUMNS[kind]
    fractions = iter(np.random.default_rng(0).random(1000))
    cells = {'i': str, 'c': lambda i: 'ab'[i % 2], 't': lambda i: f'type {i % 2}'}
    cells |= {
        'r': lambda i: str(i + 0.5 * (i > 9)),
        's': lambda i: str(i // 2 + 100),
        'F': lambda i: str(2000 + next(fractions)),
    }
    rows = [
        [cells.get(c, lambda _: str(next(fractions)))(i) for c in columns]
        for i in range(20)
    ]
    write('a.csv', [header, *map(','.join, rows)])
    if said:
        with pytest.raises(DataError, match=re.escape(said)):
            read('a.csv', options)
        return
    table = read('a.csv', options)
    kept = [
        i
        for i, c in enumerate(columns)
        if c in 'fi' and not (c == 'i' and 'star' in header)
    ]
    assert table.X.tolist() == [[float(row[i]) for i in kept] for row in rows]
    assert (table.ids is not None) == (kind == 'stars')


def test_which_line_is_a_header():
    """Only names where numbers follow, or as pandas counts columns; else it is asked."""
    numbers = ['1.5,2.5,1', '2.5,3.5,2']
    for first, options, found in (
        ('a,b,y', '--label y', ['a', 'b']),
        ('0,1,y', '--label y', ['0', '1']),
        ('7,9,y', '--label y', ['7', '9']),
        ('0,1,y', '--label last', ['0', '1']),
        ('1,2,y', '--label last', ['1', '2']),
        ('7,9,y', '--label last', None),
        ('7,9,8', '--label last', None),
        ('7,9,8', '--label last --header yes', ['7', '9']),
        ('7,9,8', '--label last --header no', ['1', '2']),
        ('# a,b,y', '--label y', ['a', 'b']),
        ('# 7,9,8', '--label last', None),
        ('# 7,9,8', '--label last --header no', ['1', '2']),
        ('# 7,9,8', '--label last --header yes', ['7', '9']),
        ('# a,b', '--label last --header no', ['1', '2']),
    ):
        write('a.csv', [first, *numbers])
        if found is None:
            with pytest.raises(DataError, match='--header yes'):
                read('a.csv', options)
            continue
        table = read('a.csv', options)
        assert table.columns['values'] == found and len(table.X) == 2 + (
            first == '7,9,8' and found[0] == '1'
        )
    write(
        'a.csv', ['0.5,1.5,RR', '1.5,2.5,Mira', '2.5,2,RR']
    )  # of a class that comes again
    assert len(read('a.csv', '--label last').X) == 3


def test_unlike_columns():
    x = np.array([8, 10])
    for values in ([[0, 0]] * 5, 1e4 * X.T, [x, x, x, x + 19.5]):
        assert not is_odd(np.transpose(values)).any()
    assert is_odd(np.transpose([x, x, x, x + 20.5])).tolist() == [False] * 3 + [True]


# ---------------------------------------------------------------- missing values, unequal lengths


def test_missing_values():
    """Refused with their number, or interpolated along the row; never a value."""
    values = np.array([[0, 1, 2, 3.0], [5, 4, 3, 1], [7, 7, 7, 8], [2, 1, 0, -2]])
    cells = values.astype(str).tolist()
    for gap, options in (
        ('', ''),
        ('NaN', ''),
        ('--', ''),
        ('-999', '--missing -999,99.9'),
    ):
        cells[0][1] = cells[1][0] = cells[2][3] = gap
        write('a.csv', ['a,b,c,d,y', *lines(names='ABAB', values=cells)])
        table = read('a.csv', f'--label y {options}')
        assert list(table.bad) == [0, 1, 2]
        assert table.bad[0].startswith(
            'a.csv, row 2, column b holds no value (one of 3): --fill'
        )
        table = read('a.csv', f'--label y --fill {options}')
        assert not table.bad and table.said == [
            'Interpolated along their rows: 3 missing values; at an end, the nearest'
        ]
        assert table.X.tolist() == [
            [0, 1, 2, 3],
            [4, 4, 3, 1],
            [7, 7, 7, 7],
            [2, 1, 0, -2],
        ]
    with pytest.raises(DataError, match=r'holds -999 3 times.*--missing -999 if'):
        read('a.csv', '--label y')
    assert read('a.csv', '--label y --missing none').X[0, 1] == -999
    with pytest.raises(
        DataError, match=r'--missing 99\.9,-999 if that stands for no value, else'
    ):
        read('a.csv', '--label y --missing 99.9')
    write('a.csv', ['a,b,c,d,y', *lines(names='ABAB', values=cells), ',,,,A'])
    assert (
        'row 6 holds no values'
        in read('a.csv', '--label y --missing -999 --fill').bad[4]
    )


def test_codes():
    """Nines at the end of all values are asked about if they are apart, or too many for values."""
    args = argparse.Namespace(missing=None)
    for values, found in (
        ([1, 97, 98, 99, 99], []),
        ([1, 97, 98, 99, 99, 99], [99]),
        ([1, 2, 3, 99], [99]),
        ([1, 2, 3, 150], []),
        ([1, 2, 3, 150, -999], [-999]),
        ([1, 2, 3, 1e20, -999], [1e20, -999]),
    ):
        assert sorted(codes_of(np.array([values], float), args), reverse=True) == found
    times = np.array([[50000.0, 50001, 50003, 49980]])
    assert codes_of(times, args) == [] and codes_of(
        times - [[0, 0, 0, 100]], args, True
    ) == [49880]


def test_classes_that_are_missing(folder):
    for gap in ('', '--', 'N/A', '?', 'null', 'nan'):
        write('a.csv', [HEADER, *lines(names=['a', gap, 'b', 'a', 'b'] * 2)])
        refused(
            'import_data.py',
            'a.csv',
            '--label',
            'shape',
            parts=['a.csv, row 3 has no class (one of 2', '--skip'],
        )
        printed = imported('a.csv', '--label', 'shape', '--skip', '--overwrite')
        assert (
            'Left out, without a class: 2.' in printed
            and len(sequences('Train', 'Test')) == 8
        )


def test_unequal_lengths():
    rows = ['1,2,3.0,a', '1,3,5,7,9,b', '4,2,a', '0,0,0,1,b']
    write('last.csv', rows)
    write('first.csv', [','.join([row[-1], *row[:-2].split(',')]) for row in rows])
    write('a.ts', ['@data', *(':'.join(row.rsplit(',', 1)) for row in rows)])
    found = [[1, 2, 3], [1, 5, 9], [4, 3, 2], [0, 0, 1]]
    last, first = '--label last --header no', '--label first --header no'
    for name, options in ('last.csv', last), ('first.csv', first), ('a.ts', ''):
        table = read(name, f'{options} --length 3')
        assert table.X.tolist()[:3] == found[:3] and list(table.labels) == list('abab')
        assert table.said == ['2 to 5 values in a row, interpolated to 3']
        with pytest.raises(DataError, match='--length N'):
            table = read(name, options)
            raise DataError(table.bad[0])
    write('b.ts', ['@data', '1,2,3:1.10', '4:1.1'])
    table = read('b.ts', '--length 3')
    assert (
        list(table.labels) == ['1.10', '1.1']
        and 'row 3 holds no values, or one' in table.bad[1]
    )


def test_rows_with_too_few_cells():
    """Are named, and --length is no remedy where a line names the columns."""
    for text, part in (
        (
            't,u,class\n1.5,2,a\n2.5,b',
            'row 3 has 2 cells, the line with the names 3: correct it',
        ),
        ('t,u,class\n1,1.5,2,a\n2,2.5,3,b', 'as R writes it'),
    ):
        write('a.csv', [text])
        for options in '--label class', '--label class --length 3':
            with pytest.raises(DataError, match=part) as error:
                read('a.csv', options)
            assert '--length' not in error.value.code


# ---------------------------------------------------------------- objects


def test_rows_of_an_object_stay_together():
    """60 stars with five rows each and classes drawn at random: no star is on both sides."""
    rng = np.random.default_rng(0)
    stars = np.repeat(np.arange(60), 5)
    values = rng.normal(size=(60, 8))[stars] + rng.normal(0, 1e-3, (300, 8))
    table = pd.DataFrame(values).assign(
        star=stars, y=np.array(list('ab'))[rng.integers(0, 2, 300)]
    )
    table.to_csv('a.csv', index=False)
    refused(
        'import_data.py',
        'a.csv',
        '--label',
        'y',
        '--values',
        '0:7',
        parts=['--id star'],
    )
    imported('a.csv', '--label', 'y', '--values', '0:7', '--id', 'star')
    ids = [
        pathlib.Path(folder, 'ids.txt').read_text().split()
        for folder in ('Train', 'Test')
    ]
    assert not set(ids[0]) & set(ids[1]) and len(ids[0] + ids[1]) == 300
    first = np.fromfile('Test/X_1.dat')
    assert np.abs(values[stars == int(ids[1][0])] - first).max(axis=1).min() == 0
    write('a.csv', ['id,a,b,y', ',1,2,A', 's,2,1,B', 's,4,2,B', 't,0.5,2,A'])
    options = '--label', 'y', '--values', 'a:b', '--id', 'id'
    refused(
        'import_data.py',
        'a.csv',
        *options,
        parts=['row 2 names no object in column id'],
    )


LONG = 'id,t,m,y\na,3,30,A\nb,0,1,B\na,1,10,A\na,2,24,A\nb,4,5,B\nb,1,3,B\nc,1,1,A\nc,2,1,A\n'


BANDS = (
    LONG.replace(',y', ',y,band').replace('A\n', 'A,g\n').replace('B\n', 'B,r\n')
    + 'a,9,1,A,r'
)


def test_long_tables():
    """Sorted by time, and interpolated onto each object's own span; too few are left out."""
    write('a.csv', [LONG])
    table = read('a.csv', '--long id,t,m --label y --length 5')
    assert table.X.tolist() == [[10, 17, 24, 27, 30], [1, 3, 11 / 3, 13 / 3, 5]]
    assert (list(table.ids), list(table.labels)) == (['a', 'b'], ['A', 'B'])
    assert table.said == [
        '3 to 3 observations of each object, interpolated to 5 values,'
        ' equally spaced in its time span',
        'Left out, with fewer than three observations: 1 (c)',
    ]
    for text, options, said in (
        (
            LONG,
            '--label y',
            'a.csv looks long, an observation in each row: --long id,t,VALUE',
        ),
        (LONG, '--long id,t,m --label y', '--long needs --length N'),
        (LONG, '--long id,t --label y --length 5', 'must name three columns'),
        (LONG, '--long id,t,t --label y --length 5', 'must name three columns'),
        (LONG, '--long id,t,m,y --label y --length 5', 'must name three columns'),
        (
            f'{LONG}a,4,,A',
            '--long id,t,m --label y --length 5',
            'an observation of object a has no time or no value (one of 1): --missing',
        ),
        (
            f'{LONG}a,2,5,A',
            '--long id,t,m --label y --length 5',
            'object a has two observations at 2',
        ),
        (
            f'{LONG}a,4,5,B',
            '--long id,t,m --label y --length 5',
            'object a has rows of several classes: A, B',
        ),
        (
            f'{LONG}a,-99,5,A',
            '--long id,t,m --label y --length 5',
            '-99 1 times, at the end of all',
        ),
        (
            BANDS,
            '--long id,t,m --label y --length 5',
            'column band changes within an object',
        ),
        (
            f'{LONG},4,5,B',
            '--long id,t,m --label y --length 5',
            'a row names no object (one of 1)',
        ),
        (
            f'{LONG}a,4,bad,A',
            '--long id,t,m --label y --length 5',
            "row 10, column m holds 'bad'",
        ),
    ):
        write('a.csv', [text])
        with pytest.raises(DataError, match=re.escape(said)):
            read('a.csv', options)
    write('a.csv', [LONG.replace('a,', '007,').replace('b,', '7,')])
    assert list(read('a.csv', '--long id,t,m --label y --length 5').ids) == ['007', '7']
    write('a.csv', [f'{LONG}a,4,,A\na,5,-99,A'])
    table = read('a.csv', '--long id,t,m --label y --length 5 --missing -99')
    assert table.X[0].tolist() == [10, 17, 24, 27, 30]
    assert 'Left out, without a time or a value: 2 observations' in table.said


def test_folding():
    """With a period, each object is a curve of phases from 0."""
    t = np.random.default_rng(0).uniform(0, 100, 400)
    rows = [f'a,{x},{np.sin(x - t.min())},{2 * np.pi},A' for x in t] + [
        'b,0,1,2,B',
        'b,1,3,2,B',
        'b,2,2,2,B',
    ]
    write('a.csv', ['id,t,m,P,y', *rows])
    table = read('a.csv', '--long id,t,m --label y --length 8 --period P')
    assert np.abs(table.X[0] - np.sin(np.arange(8) * np.pi / 4)).max() < 0.02
    assert table.X[1].tolist() == [
        1.5,
        1.875,
        2.25,
        2.625,
        3,
        2.625,
        2.25,
        1.875,
    ]  # equal phases: mean
    write('a.csv', ['id,t,m,P,y', 'b,0,1,0,B', 'b,1,3,0,B', 'b,3,2,0,B'])
    with pytest.raises(DataError, match='object b needs one period, a number above 0'):
        read('a.csv', '--long id,t,m --label y --length 8 --period P')


def test_files_of_objects(folder):
    pathlib.Path('lc').mkdir()
    for i in range(10):
        rows = ['# time mag err', *(f'{t} {t * i} 0.1' for t in (2, 1, 4))]
        write(f'lc/s{i}.dat', [row.replace(' ', ',') if i % 2 else row for row in rows])
    names = [f's{i}.dat' if i % 3 else f's{i}' for i in range(10)]
    write(
        'classes.csv',
        ['star,type', *(f'{name},{"ab"[i % 2]}' for i, name in enumerate(names))],
    )
    options = [
        '--long',
        '1,2',
        '--classes',
        'classes.csv',
        '--length',
        4,
        '--overwrite',
    ]
    for pattern in ('lc', 'lc/*.dat'):
        imported('--objects', pattern, *options)
        assert sequences('Train', 'Test') == expected(
            np.array([[i, 2 * i, 3 * i, 4 * i] for i in range(10)]).astype(float),
            'ab' * 5,
        )
    assert set(pathlib.Path('Test/ids.txt').read_text().split()) < {
        f's{i}' for i in range(10)
    }
    write('lc/new.dat', ['1 2', '2 3', '3 5'])
    write('classes.csv', ['s1,x,a', 's2,x,b', 's3,y,a', 's4,x,b', 'gone,x,b'])
    refused(
        'import_data.py',
        '--objects',
        'lc',
        *options,
        parts=['say with --label which column'],
    )
    options += ['--label', 'last']
    said = refused('import_data.py', '--objects', 'lc', *options, parts=['--skip'])
    assert 'files without a class: 7 (lc/new.dat, lc/s0.dat' in said
    assert 'objects of classes.csv without a file: 1 (gone)' in said
    assert len(sequences('Train', 'Test')) == 10
    imported('--objects', 'lc', *options, '--skip')
    assert len(sequences('Train', 'Test')) == 4
    rows = [f's{i},x,{"ab"[i % 2]}' for i in range(10)]
    write('classes.csv', ['star,kind,type', *rows, 'new,x,a'])
    imported('--objects', 'lc', *options[:-1], 'type')
    assert len(sequences('Train', 'Test')) == 11
    write('classes.csv', ['s1,a', 's2,b', 's1,b'])
    refused(
        'import_data.py',
        '--objects',
        'lc',
        *options,
        parts=['object s1 has two classes'],
    )
    refused(
        'import_data.py',
        '--objects',
        'no/*',
        *options,
        parts=['no/*: there is no such file'],
    )
    refused(
        'import_data.py',
        '--objects',
        'lc',
        status=2,
        parts=['--objects, --long TIME,VALUE'],
    )


# ---------------------------------------------------------------- the split


def test_a_random_choice_with_each_class_in_proportion(folder):
    labels = ['a'] * 30 + ['b'] * 20 + ['c'] * 10  # sorted, as tables often are
    values = np.random.default_rng(1).normal(size=(60, 4)).round(4)
    write('a.csv', lines(names=labels, values=values))
    shares = {
        0.5: [15, 10, 5],
        0.99: [29, 19, 9],
        7: [4, 2, 1],
        1: [1, 1, 1],
        0.2: [6, 4, 2],
    }
    for test, counts in shares.items():
        imported('a.csv', '--label', 'last', '--overwrite', '--test', test)
        found = [name for _, name in sequences('Test')]
        assert [found.count(name) for name in 'abc'] == counts
        assert sequences('Train', 'Test') == expected(values, labels)
    for name, N in ('Train', 48), ('Test', 12):  # their order is random
        first = [
            pathlib.Path(name, f'Y_{i}.dat').read_bytes() for i in range(1, N // 2 + 1)
        ]
        assert len(set(first)) > 1 and first != sorted(first)
    before, drawn = contents(folder), sequences('Test')
    refused(
        'import_data.py', 'a.csv', '--label', 'last', '--seed', 1, parts=['--overwrite']
    )
    assert contents(folder) == before
    imported('a.csv', '--label', 'last', '--overwrite', '--seed', 1)
    assert sequences('Test') != drawn
    # Also of a class so small that its share is less than one.
    Y = np.r_[[0] * 9, [1] * 3]
    groups = np.arange(12)
    chosen = [
        choose_test(groups, Y, 1, np.random.default_rng(seed))[9:].argmax()
        for seed in range(20)
    ]
    assert set(chosen) == {0, 1, 2}


def test_equal_sequences_stay_together():
    for seed in range(50):
        rng = np.random.default_rng(seed)
        values = rng.integers(0, 3, (60, 2)).astype(
            float
        )  # nine different, also across classes
        Y = np.r_[0, 0, 0, 1, 1, 1, rng.integers(0, 2, 54)]
        values[:6] += [
            [10],
            [20],
            [30],
            [40],
            [50],
            [60],
        ]  # each class has some of its own
        is_test = choose_test(belonging(values, None), Y, 0.2, rng)
        seen = {x.tobytes() for x in values[~is_test]}
        assert not any(x.tobytes() in seen for x in values[is_test])
        assert set(Y[is_test]) == set(Y[~is_test]) == {0, 1}
    # Where all groups are larger than the share, the class gives the smallest.
    write(
        'a.csv',
        lines(values=X[[0, 0, 0, 1, 1, 2, 2, 2, 3, 3]], names=['a'] * 5 + ['b'] * 5),
    )
    imported('a.csv', '--label', 'last')
    assert sequences('Test') == expected(X[[1, 1, 3, 3]], 'aabb')
    write('a.csv', lines(values=X[[0, 1, 2, 3, 4, 5, 6, 0]], names='abababab'))
    said = imported('a.csv', '--label', 'last', '--overwrite')
    assert (
        'Equal to one of another class: 2 sequences, such as a.csv, row 1 and a.csv, row 8.'
        in said
    )
    # Rows that share an object or are equal belong together, also by way of others.
    values = np.array([[1], [1], [2], [3], [3], [4]])
    assert len(set(belonging(values, np.array(list('aabbcd'))))) == 3


# What the table holds, and what is said of it with --label last --header no.
BAD_TABLES = {
    'long row': (
        '1.5,2,a\n2.5,3,4,b\n1,2,a',
        'row 2 has 4 cells, most others 3',
        '--length N',
    ),
    'late long row': (
        '1.5,2,a\n' * 120 + '2.5,3,4,b',
        'row 121 has 4 cells, most others 3',
    ),
    'empty cell': ('1.5,2,a\n2.5,,b', 'row 2, column 2 holds no value'),
    'no class': ('1.5,2,a\n2.5,3,', 'row 2 has no class'),
    'text': ('1.5,2,3,a\n2.5,bad,b,c\n1,2,3,b\n2,3,4,a', "row 2, column 2 holds 'bad'"),
    'underscore': ('1.5,2,a\n2.5,1_0,b\n1,2,a', "row 2, column 2 holds '1_0'"),
    'infinity': (
        '1.5,2,a\n2.5,-inf,b',
        "row 2, column 2 holds '-inf'",
        '--missing inf',
    ),
    'too large': ('1.5,2,a\n2.5,4e38,b\n-4e38,3,b', 'row 2, column 2', 'rescale'),
    'below': ('# A\n\n1.5,2,a\n\n2.5,nan,b', 'row 5, column 2 holds no value'),
    'decimal comma': ('1,5;2;a\n2,5;3;b', 'row 1, column 1', '--decimal ,'),
    'thousands': (
        '1.5,"1,234",a\n2.5,"2,345",b',
        'row 1, column 2',
        'are to be written 1000',
    ),
    'codes': (
        '1,2,a\n3,-999,b\n1,99.99,a\n2,3,b',
        '-999 1 times and 99.99 1',
        '-999,99.99 if',
    ),
    'far': ('1,2,a\n3,1e20,b\n1,2,a\n2,3,b', 'a.csv holds 1e+20 1 times'),
    'a date': (
        '2017-01-01,2,a\n2017-01-02,3,b\n2017-01-03,3,b',
        'row 1, column 1 holds',
        'MJD',
    ),
    'units': ('s,mag,a\n1.5,2,a\n1.5,4,b', 'row 1, column 1 holds', 'take it out'),
    'one class': ('1.5,2,a\n1.5,3,a\n2.5,4,a', 'all rows are of class a'),
    'single row': (
        '1.5,2,a\n2.5,3,Mira\n3.5,4,a',
        'row 2 is the only one of class Mira',
    ),
    'equal rows': (
        '1,2.5,a\n2,3.5,b\n3,4.5,b\n1,2.5,a',
        'row 1 equals all others, or is of their object, of class a',
    ),
    'comments': ('# one\n\n# two\n', 'a.csv holds no rows'),
    'zeros': (bytes(100), 'a.csv is no text'),
    'two.ts': ('@data\n1,2:3,4:a', 'row 2 is not one series'),
    'missing.ts': ('@data\n1,2:a\n?,3:b\n3,4:b', 'row 3, column 2 holds no value'),
    'a.parquet': ('PAR1', 'a.parquet: save it as CSV, with table.to_csv'),
    'a.csv.gz': (b'\x1f\x8b nothing', 'a.csv.gz cannot be unpacked'),
}


@pytest.mark.parametrize('kind', BAD_TABLES)
def test_bad_tables(folder, kind):
    content, *parts = BAD_TABLES[kind]
    content = content if isinstance(content, bytes) else content.encode()
    name = kind if '.' in kind else 'a.csv'
    pathlib.Path(name).write_bytes(content)
    options = '--label', 'last', '--header', 'no'
    refused('import_data.py', name, *options, parts=[f'import_data.py: {name}', *parts])
    assert contents(folder) == {name: content}


def test_bad_arrays(folder):
    """And a pickle, which could run code, is not opened."""
    harmful = type('Harmful', (), {'__reduce__': lambda self: (open, ('harm', 'w'))})()
    np.save('cube.npy', np.zeros((2, 2, 2)))
    np.save('complex.npy', X * 1j)
    np.save('pickle.npy', [[harmful]])
    np.savez('named.npz', data=X)
    np.savez('half.npz', X=X, Y=['\ud800', 'b'] * 5)
    np.save('empty.npy', np.empty((5, 0)))
    np.savez('lengths.npz', X=X, Y=[1, 2, 3])
    for path in folder.iterdir():
        refused(
            'import_data.py', path.name, parts=[f'{path.name} must hold a NumPy array']
        )
    assert not pathlib.Path('harm').exists()


def test_bad_pairs_and_arguments(folder):
    write('a.csv', lines())
    write('long.csv', lines(values=np.hstack([X, X])))
    write('header.csv', ['a,b,c,d,class', *lines()])
    write('other.csv', lines(names=['RRc', 'Mira'] * 5))
    before = contents(folder)
    for status, arguments, part in (
        (1, 'a.csv long.csv --label last', 'long.csv has sequences of 8 values'),
        (1, 'a.csv header.csv --label last', 'the same header'),
        (1, 'a.csv other.csv --label last', 'other.csv, row 2 is of class Mira'),
        (1, 'nowhere.csv', 'nowhere.csv is missing'),
        (1, 'a.csv --label last --test 10', '--test 10 leaves none to train with'),
        (2, 'a.csv a.csv a.csv', 'give one table, or one to train'),
        (2, 'a.csv other.csv --test 3', 'two are split already'),
        *((2, f'a.csv --test={test}', 'neither a') for test in (1.5, 0, -0.5, 'some')),
        (2, 'a.csv --seed=-1', '-1'),
    ):
        refused('import_data.py', *arguments.split(), status=status, parts=[part])
    assert contents(folder) == before


# ---------------------------------------------------------------- any table, in any dialect

DIALECTS = {
    'sep': st.sampled_from([',', ';', '\t', ' ', 'fixed']),
    'decimal': st.sampled_from(['.', ',']),
    'header': st.sampled_from(['names', 'comment', 'none', 'times', 'pandas']),
    'index': st.sampled_from([None, 'counted', 'shuffled']),
    'quoting': st.sampled_from([0, 1]),  # csv.QUOTE_MINIMAL, csv.QUOTE_ALL
    'encoding': st.sampled_from(['utf-8', 'utf-8-sig', 'latin-1', 'utf-16']),
    'end': st.sampled_from(['\n', '\r\n']),
    'gz': st.booleans(),
    'classes': st.sampled_from(
        [['RRab', 'RRc'], ['1.1', '1.10'], ['0', '1'], ['Ä 1', 'é,;']]
    ),
    'gap': st.sampled_from([None, '', 'NaN', '-999', '99.999']),
    'star': st.booleans(),
    'whole': st.booleans(),
    'N': st.integers(2, 12),
    'seed': st.integers(0, 2**32 - 1),
}


def dialect(d):
    """Write a table in the dialect d; return its path, the options for it, X, labels and ids."""
    rng = np.random.default_rng(d['seed'])
    n, N = 12, d['N']
    values = np.round(rng.normal(size=(n, N)) * 10 ** rng.uniform(-3, 3), 5)
    values = values.round() if d['whole'] else values
    labels = [d['classes'][i % 2] for i in range(n)]
    gap = (
        rng.random((n, N)) < 0.2
        if d['gap'] is not None and N > 4
        else np.zeros((n, N), bool)
    )
    gap[:, [0, -1]] = False  # at an end the nearest value stands, which is tested above
    cells = pd.DataFrame(values).map(lambda x: f'{x:.6g}'.replace('.', d['decimal']))
    cells = cells.replace(
        dict.fromkeys(['-999', '99.999', '99,999'], '5')
    )  # which are codes
    values = cells.map(lambda x: float(x.replace(',', '.'))).to_numpy(copy=True)
    if gap.any():
        cells = cells.mask(gap, d['gap'].replace('.', d['decimal']))
    times = [f'{0.5 * i:.1f}' for i in range(N)]
    kinds = {'times': times, 'pandas': [str(i) for i in range(N)]}
    cells.columns = kinds.get(d['header'], [f'f{i}' for i in range(N)])
    first = [cells.columns[0], cells.columns[-1], 'class']
    cells['class'] = labels
    ids = [f'V{i // 2}' for i in range(n)] if d['star'] else None
    if d['star']:
        cells.insert(0, 'star', ids)
    if d['index']:
        order = np.arange(n) if d['index'] == 'counted' else rng.permutation(n)
        cells.insert(
            0, 'index' if d['sep'] in (' ', 'fixed') else '', order.astype(str)
        )
    options = []
    if d['header'] == 'none':
        place = [str(list(cells).index(name) + 1) for name in first]
        options = ['--header', 'no']
    else:
        place = first
        options = ['--header', 'yes'] if d['header'] == 'times' else []
    options += ['--label', place[2], '--values', f'{place[0]}:{place[1]}']
    star = 'star' if d['header'] != 'none' else str(1 + bool(d['index']))
    options += ['--id', star] if d['star'] else []
    options += ['--decimal', ','] * (d['decimal'] == ',') + ['--fixed'] * (
        d['sep'] == 'fixed'
    )
    options += ['--fill'] * bool(gap.any())
    if d['gap'] in ('-999', '99.999'):
        options += ['--missing', d['gap']]
    if d['sep'] == 'fixed':
        names = [list(cells)] if d['header'] != 'none' else []
        rows = [
            [x.replace(' ', '_') for x in row] for row in names + cells.values.tolist()
        ]
        width = [max(map(len, column)) + 1 for column in zip(*rows, strict=True)]
        text = '\n'.join(
            ''.join(x.rjust(w) for x, w in zip(row, width, strict=True)) for row in rows
        )
        labels = [x.replace(' ', '_') for x in labels]
    else:
        text = cells.to_csv(
            sep=d['sep'],
            index=False,
            header=d['header'] != 'none',
            quoting=d['quoting'],
        )
    text = '# ' * (d['header'] == 'comment' and d['sep'] != 'fixed') + text
    path = 'a.csv.gz' if d['gz'] else 'a.csv'
    data = text.replace('\r\n', '\n').replace('\n', d['end']).encode(d['encoding'])
    if d['gz']:
        import gzip

        data = gzip.compress(data, 1)
    pathlib.Path(path).write_bytes(data)
    for i in range(n):
        values[i, gap[i]] = np.interp(
            np.flatnonzero(gap[i]), np.flatnonzero(~gap[i]), values[i, ~gap[i]]
        )
    return path, shlex.join(options), values, labels, ids


def lands(d):
    """Read a table in the dialect d with its options: what was written is what lands.

    With the label alone that is so, too, or one line refuses it.
    """
    path, options, values, labels, ids = dialect(d)
    if d['sep'] == ' ' and d['gap'] == '':
        return  # two blanks are one
    with contextlib.redirect_stdout(io.StringIO()):
        table = read(path, options)
        assert not table.bad, table.bad
        assert (table.X == values).all() and list(table.labels) == labels
        assert ids is None or list(table.ids) == ids
        label = re.search('--label [^ ]+', options)[0]
        try:
            table = read(path, label)
        except DataError as error:
            assert len(error.code.splitlines()) == 1
        else:
            same = table.X.shape == values.shape and (table.X == values).all()
            few_codes = d['gap'] in ('-999', '99.999')  # one or two may be values
            assert table.bad or few_codes or (same and list(table.labels) == labels)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.fixed_dictionaries(DIALECTS))
def test_any_dialect(d):
    lands(d)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.fixed_dictionaries(DIALECTS))
def test_many_dialects(d):
    lands(d)


@pytest.mark.slow
def test_large_tables():
    """Reading and checking take few times pandas' own time, and the memory of the values."""
    values = np.random.default_rng(0).normal(size=(4000, 500)).round(6)
    pd.DataFrame(values).assign(y=['a', 'b'] * 2000).to_csv('a.csv', index=False)
    np.savez('a.npz', X=values, Y=['RRab', 'RRc'] * 2000)
    seconds = {'pandas': [], 'ours': []}
    for _ in range(3):
        for name, function in (
            ('pandas', pd.read_csv),
            ('ours', lambda path: read(path, '--label y')),
        ):
            start = time.process_time()
            function('a.csv')
            seconds[name].append(time.process_time() - start)
    assert min(seconds['ours']) < 3 * min(
        seconds['pandas']
    )  # 1.4 where tables are large
    for path in ('a.csv', 'a.npz'):
        tracemalloc.start()
        assert (read(path, '--label y' if path == 'a.csv' else '').X == values).all()
        assert tracemalloc.get_traced_memory()[1] < 4 * values.nbytes
        tracemalloc.stop()


@pytest.mark.slow
def test_from_a_table_to_an_answer():
    """Import a table with names, train as it says, and classify the rows again."""
    values = X + np.array([[3], [-3]] * 5)
    rows = [f'V{i},{row}' for i, row in enumerate(lines(values=values))]
    write('mine.csv', [f'star,{HEADER}', *rows])
    printed = imported('mine.csv', '--id', 'star', '--label', 'shape')
    assert 'Accuracy: 100.00%\n' in trained(printed, '--N_epochs', 200)
    rows = pathlib.Path('runs/1/predictions.csv').read_text().splitlines()
    assert [row.split(',')[1] for row in rows] == [
        'id',
        *pathlib.Path('Test/ids.txt').read_text().split(),
    ]
    answer = script('infer.py', 'mine.csv').stdout
    assert 'mine.csv row 2 (V0): class 1 (RRc), score' in answer
    assert answer.endswith('\nAccuracy: 100.00% of 10 labelled sequences\n')


@pytest.mark.slow
def test_real_data(folder):
    """The tutorial's network is as good as Ismail Fawaz et al. (2019) found their MLP: 93, 95 %."""
    options = (
        '--quiet --no-deps --timeout 5 --retries 0 aeon==1.6.0'.split()
    )  # BSD licence
    done = subprocess.run(
        [sys.executable, '-m', 'pip', 'download', *options], capture_output=True
    )
    if done.returncode:
        pytest.skip(
            f'the package aeon could not be fetched, no network? {done.stderr.decode()}'
        )
    with zipfile.ZipFile(*folder.glob('aeon-*.whl')) as wheel:
        for name, least in ('GunPoint', 87), ('ItalyPowerDemand', 94):
            files = [
                f'aeon/datasets/data/{name}/{name}_{part}.ts'
                for part in ('TRAIN', 'TEST')
            ]
            printed = imported(*map(wheel.extract, files), '--overwrite')
            accuracy = re.search('Accuracy: (.*)%', trained(printed))[1]
            assert least < float(accuracy) < 99, name
