"""import_data.py: sequences from tables of every kind, and what is wrong with other tables."""

import contextlib
import pathlib
import re
import shlex
import subprocess
import sys
import zipfile

from support.console import DataError
from support.tables import LARGEST, read_table

import numpy as np
import pytest
from conftest import contents, refused, script

from import_data import choose_test, odd_column

pytestmark = pytest.mark.usefixtures('folder')

# Ten sequences of four values; the first and last of these columns look like no classes.
X = np.random.default_rng(0).normal(0, 1, (10, 4)).round(3)
NAMES = ['RRc', '#RRab'] * 5
HEADER = 't0,t1,t2,t3,shape'


def lines(separator=',', names=NAMES, values=X, first=False):
    """The rows of a table, as texts; the class is in the last column, or in the first."""
    rows = [[name, *x] if first else [*x, name] for x, name in zip(values, names, strict=True)]
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
    for path in (path for folder in folders for path in pathlib.Path(folder).glob('X_*.dat')):
        (Y,) = np.fromfile(path.with_name(path.name.replace('X', 'Y')), '<f8')
        names = path.with_name('classes.txt').read_text(encoding='utf-8').splitlines()
        found.append((tuple(np.fromfile(path, '<f8').tolist()), names[int(Y)]))
    return sorted(found)


def expected(values=X, names=NAMES):
    """What sequences() returns for these."""
    return sorted(zip(map(tuple, values.tolist()), map(str, names), strict=True))


def told(found):
    """For with: what is done there raises a DataError that contains found, if that is a text."""
    is_text = isinstance(found, str)
    return pytest.raises(DataError, match=re.escape(found)) if is_text else contextlib.nullcontext()


TABLES = {
    'HEADER.CSV': [HEADER, *lines()],
    'numbered.csv': ['class,0,1,2,3', *lines(first=True)],
    'semicolon.csv': ['a;b;c;d;class', *lines(';')],
    'tab.tsv': lines('\t', first=True),
    'blanks.txt': ['  # a comment', *(f'   {row}  ' for row in lines('   '))],
    'quoted.csv': ['"t, 1","t;2",t3,t4,"of class"', *lines(', ', [f'"{n}"' for n in NAMES])],
    'spreadsheet.csv': [',,', f'{HEADER},,', *(f'{row},,' for row in lines()), ',,,,,,'],
    'empty_lines.csv': [line for row in lines() for line in (row, '', '  ')],
    'c.ts': ['#About', '@problemName c', '@classLabel true x', '@data']
    + [':'.join(row.rsplit(',', 1)) for row in lines()],
}


@pytest.mark.parametrize('name', TABLES)
def test_text(name):
    write(name, TABLES[name])
    first, *printed = imported(name).splitlines()
    assert sequences('Train', 'Test') == expected() and len(sequences('Test')) == 2
    assert ('values long, from column t0 to t3.' in first) == (HEADER in ''.join(TABLES[name]))
    assert printed == [
        'Class 0 (#RRab): 4 in Train, 1 in Test',
        'Class 1 (RRc): 4 in Train, 1 in Test',
        'Wrote 8 sequences to Train and 2 to Test.',
        'Look at some, then train:',
        'python view.py 1 2 3 4 --N_sequence 4',
        'python train.py --N_train 8 --N_test 2 --N_sequence 4',
    ]
    write(name, TABLES[name], '\r\n', 'utf-8-sig')  # as Windows writes it
    again = imported(name, '--seed', 0)
    assert 'Train and Test hold exactly these sequences already.' in again


def test_numpy():
    values, Y = np.c_[np.arange(10) // 4, X], np.array([3, 7] * 5)
    values[3, 2] = LARGEST
    np.save('last.npy', np.c_[X, Y])
    np.save('first.npy', np.c_[Y, X].astype('f4'))
    np.savez('a.npz', x=values, Y=Y)  # X begins with what looks like classes, too
    np.savez('names.npz', X=values, y=np.array(NAMES)[:, None])
    for name, found in (
        ('last.npy', expected(names=Y)),
        ('first.npy', expected(X.astype('f4').astype(float), Y)),
        ('a.npz', expected(values, Y)),
        ('names.npz', expected(values)),
    ):
        imported(name, '--overwrite')
        assert sequences('Train', 'Test') == found, name


def test_tables_without_classes():
    """As infer.py reads them, which also says where a column of classes is."""
    write('a.csv', ['# numbers', 't0,t1,t2,t3', '', *lines(values=X[:, :3], names=X[:, 3])])
    np.savez('X.npz', X=X)
    for name, first, header in ('a.csv', 4, ['t0', 't1', 't2', 't3']), ('X.npz', 1, []):
        found, *others = read_table(name, labelled=False)
        assert found.tolist() == X.tolist()
        assert others == [[], list(range(first, first + 10)), header, None, [0, 1, 2, 3]]
    np.savez('XY.npz', X=X, Y=NAMES)
    write('row.csv', lines()[:1])
    for name, N in ('XY.npz', 10), ('row.csv', 1):
        table = read_table(name, 'last', labelled=False)
        assert table.labels == NAMES[:N] and table.X.tolist() == X[:N].tolist()


def test_two_tables():
    """The second has the class where the first has it, and need not have all of them."""
    second = np.c_[X[:8, :3], np.arange(8) % 2]  # this could be the class, too
    for header in ['0,1,2,3,4'], [], ['y,a,b,c,d']:  # the first as pandas writes it
        write('a.csv', header + lines(first=True, names=[1, 2, 1, 2, 3] * 2))
        write('b.csv', header + lines(first=True, names=[1, 2] * 4, values=second))
        printed = imported('a.csv', 'b.csv', '--overwrite')
        assert sequences('Train') == expected(names=[1, 2, 1, 2, 3] * 2)
        assert sequences('Test') == expected(second, [1, 2] * 4)
        assert 'Class 2 (3): 2 in Train, 0 in Test\n' in printed
        assert '--N_train 10 --N_test 8' in printed
    imported('a.csv', 'b.csv', '--label', 'first', '--drop', 2, '--drop', 'd', '--overwrite')
    assert sequences('Test') == expected(second[:, 1:3], [1, 2] * 4)


def test_classes_are_sorted():
    """As numbers if all are numbers, however they are written; otherwise as text."""
    for given, names in (
        (['10', '9', '9.0', '1e1', '-1'], ['-1', '9', '10']),
        (['b', '10', '9', 'Ä  b', 'a'], ['10', '9', 'a', 'b', 'Ä b']),
        (['1_0', 'inf', '-Infinity'], ['-Infinity', '1_0', 'inf']),
    ):
        write('a.csv', lines(names=given * 2, values=X[: 2 * len(given)]))
        printed = imported('a.csv', '--overwrite', '--label', 'last')
        assert re.findall(r'Class \d \((.*)\)', printed) == names
        assert f"Dense({len(names)}, activation='softmax')" in printed
    assert sequences('Train', 'Test') == expected(X[:6], given * 2)


def test_unlike_columns_and_scale_are_told():
    rows = lines(values=np.insert(10000 + X, 4, range(5, 15), axis=1), first=True)
    for header, named in ([], '6 '), (['type,a,b,c,d,number'], '6 (number) '):
        write('a.csv', header + rows)
        said = imported('a.csv', '--overwrite')
        assert f'Column {named}is unlike' in said and 'Normalization' in said
    x = np.array([8, 10])
    for values in ([[0, 0]] * 5, [x, x, x + 1000], 1e4 * X.T, [x, x, x, x + 19.5]):
        assert odd_column(np.transpose(values)) is None
    assert odd_column(np.transpose([x, x, x, x + 20.5])) == 3


# A header, what a column holds (i the row's number, c a class, t one of two texts, else fractions),
# --label, --drop, and the class's column, from 1, or what is said.
COLUMNS = {
    'two by name': ('y,b,c,type,e', 'cfftf', None, '', 'columns 1 and 4 could hold'),
    'name': ('y,b,c,Type,e', 'cfftf', None, 'y', 4),
    'text, not the name': ('a,b,c,d,e', 'cfftf', None, '', 4),
    'by its name': ('a,b,c,d,e', 'cfcfc', 'c', '', 3),
    'by its number': ('', 'ccfff', '2', '', 2),
    'two texts': ('', 'tffft', None, '', '--label 5 --drop 1'),
    'one text': ('', 'cftfc', None, '', 3),
    'both': ('', 'cfffc', None, '', 'both the first and the last'),
    'neither': ('', 'ffcff', None, '', 'neither of the first and the last'),
    'last but the dropped': ('', 'ffffci', None, '6', 5),
    'counted, dropped': (',b,c,d,class', 'ifffc', None, '1', 5),
    'two meanings': ('0,1,2,3,4', 'ffffc', '4', '', '--label 4 means several columns'),
    'one meaning': ('1,b,c,d,e', 'cfffc', '1', '', 1),
    'no such name': ('', 'fffft', 'type', '', '--label type means no column of 5'),
    'not 0': ('', 'fffft', None, '0', '--drop 0 means no column of 5'),
}


@pytest.mark.parametrize('kind', COLUMNS)
def test_which_column_is_the_class(kind):
    header, columns, label, drop, found = COLUMNS[kind]
    cells = {'i': str, 'c': lambda i: str(i % 2), 't': lambda i: f'type {i % 2}'}
    fractions = iter(np.random.default_rng(0).random(100))
    rows = [[cells.get(c, lambda _: str(next(fractions)))(i) for c in columns] for i in range(20)]
    write('a.csv', [header, *map(','.join, rows)])
    with told(found):
        table = read_table('a.csv', label, list(drop))
        assert table.label == found - 1 and table.labels == [row[found - 1] for row in rows]
        assert table.X[:, -1].tolist() == [float(row[table.kept[-1]]) for row in rows]


def test_class_numbers_are_few():
    """The column has at most 100 different ones and each of them twice, on the average."""
    values = np.random.default_rng(0).normal(size=(300, 3))
    for N, classes, few in (20, 10, True), (20, 11, False), (300, 100, True), (300, 101, False):
        Y = np.arange(N) % classes
        for table, column in (np.c_[values[:N], Y], 3), (np.c_[Y, values[:N]], 0):
            np.save('a.npy', table)
            with told(None if few else 'neither'):
                assert read_table('a.npy').label == column
    for rows in lines('\t', [0, 1] * 5, X.round(), first=True), lines('\t', X[:, 0] + 0.5):
        write('ucr.tsv', rows)  # their class is in the first column
        assert read_table('ucr.tsv').label == 0


def test_which_row_is_a_header():
    for first, second, label, drop, rows in (
        ('a,b,2,0', '1,2,3,0', 'last', '', [2]),  # names above half of the numbers
        ('a,b,2,3,4,0', '1,2,3,4,5,0', 'last', '12', [1, 2]),
        ('v,shape,star,host', '1.5,a,s,h', 'shape', '34', [2]),  # the name that is asked for
        ('2.5,shape,star,host', '1.5,a,s,h', '2', '34', [1, 2]),
        ('0,1,2,4', '4,5,6,7', 'last', '', [1, 2]),
    ):
        write('a.csv', [first, second])
        table = read_table('a.csv', label, list(drop))
        assert table.rows == rows and table.header == (first.split(',') if rows == [2] else [])


def test_a_column_that_counts_the_rows():
    good = (1, 2, 3), (2, 3, 4, 5), (1, 2, 3, 5)
    for column in ((0, 1, 2, 3), (1, 2, 3, 4), *good):
        N = len(column)
        write('a.csv', lines(values=np.c_[column, X[:N]], names=NAMES[:N]))
        with told(None if column in good else 'column 1 only counts the rows: add --drop 1'):
            assert tuple(read_table('a.csv').X[:, 0]) == column


def test_a_random_choice_with_each_class_in_proportion(folder):
    labels = ['a'] * 30 + ['b'] * 20 + ['c'] * 10  # sorted, as tables often are
    values = np.random.default_rng(1).normal(size=(60, 4)).round(4)
    write('a.csv', lines(names=labels, values=values))
    shares = {0.5: [15, 10, 5], 0.99: [29, 19, 9], 7: [4, 2, 1], 1: [1, 1, 1], 0.2: [6, 4, 2]}
    for test, counts in shares.items():
        imported('a.csv', '--overwrite', '--test', test)
        found = [name for _, name in sequences('Test')]
        assert [found.count(name) for name in 'abc'] == counts
        assert sequences('Train', 'Test') == expected(values, labels)
    for name, N in ('Train', 48), ('Test', 12):  # their order is random
        first = [pathlib.Path(name, f'Y_{i}.dat').read_bytes() for i in range(1, N // 2 + 1)]
        assert len(set(first)) > 1 and first != sorted(first)
    before, drawn = contents(folder), sequences('Test')
    refused('import_data.py', 'a.csv', '--seed', 1, parts=['--overwrite'])
    assert contents(folder) == before
    imported('a.csv', '--overwrite', '--seed', 1)
    assert sequences('Test') != drawn
    # Also of a class so small that its share is less than one.
    X, Y = np.arange(12.0)[:, None], np.r_[[0] * 9, [1] * 3]
    chosen = [choose_test(X, Y, 1, np.random.default_rng(seed))[9:].argmax() for seed in range(20)]
    assert set(chosen) == {0, 1, 2}


def test_equal_sequences_stay_together():
    for seed in range(50):
        rng = np.random.default_rng(seed)
        values = rng.integers(0, 3, (60, 2)).astype(float)  # nine different, also across classes
        Y = np.r_[0, 0, 0, 1, 1, 1, rng.integers(0, 2, 54)]
        values[:6] += [[10], [20], [30], [40], [50], [60]]  # each class has some of its own
        is_test = choose_test(values, Y, 0.2, rng)
        seen = {x.tobytes() for x in values[~is_test]}
        assert not any(x.tobytes() in seen for x in values[is_test])
        assert set(Y[is_test]) == set(Y[~is_test]) == {0, 1}
    # Where all groups are larger than the share, the class gives the smallest.
    write('a.csv', lines(values=X[[0, 0, 0, 1, 1, 2, 2, 2, 3, 3]], names=['a'] * 5 + ['b'] * 5))
    imported('a.csv')
    assert sequences('Test') == expected(X[[1, 1, 3, 3]], 'aabb')


# What the table holds, and what is said.
BAD_TABLES = {
    'long row': ('1.5,2,a\n2.5,3,4,b', 'row 2 has 4 column(s)'),
    'empty cell': ('1.5,2,a\n2.5,,b', 'row 2, column 2 is empty'),
    'empty cell above': ('1.5,,a\n2.5,3,b', 'row 1, column 2 is empty'),
    'no class': ('1.5,2,a\n2.5,3,', 'row 2, column 3 is empty'),
    'NaN as class': ('1.5,2,a\n2.5,3,NaN', "row 2, column 3 holds 'NaN'"),
    'text': ('1.5,2,3,a\n2.5,bad,b,c', "row 2, column 2 holds 'bad'"),
    'underscore': ('1.5,2,a\n2.5,1_0,b', "row 2, column 2 holds '1_0'"),
    'NaNs': ('1.5,2,3,a\n2.5,nan,nan,b\nnan,3,4,b', 'row 2, column 2 holds'),
    'infinity': ('1.5,2,a\n2.5,-inf,b', "row 2, column 2 holds '-inf'", 'remove the row'),
    'too large': ('1.5,2,a\n2.5,4e38,b\n-4e38,3,b', 'row 2, column 2', 'rescale'),
    'below': ('# A\n\nt,u,class\n\n1.5,2,a\n2.5,nan,b', "row 6, column 2 holds 'nan'"),
    'text or class': ('0,1.5,2\n1,x,3\n0,2.5,4', "row 2, column 2 holds 'x'", '--label 2'),
    'decimal comma': ('1,5;2;a\n2,5;3;b', 'row 1, column 1', 'decimal points'),
    'one class': ('1.5,2,a\n1.5,3,a\n2.5,4,a', 'all rows are of class a'),
    'single row': ('1.5,2,a\n2.5,3,Mira\n3.5,4,a', 'row 2 is the only one of class Mira'),
    'equal rows': ('1,2.5,a\n2,3.5,b\n3,4.5,b\n1,2.5,a', 'row 1 equals all others of class a'),
    'only classes': ('class\na\nb\na\nb', 'a.csv holds no values'),
    'comments': ('# one\n\n# two\n', 'a.csv holds no rows'),
    'quotes': ('1,2,"a"b\n1,3,b\n2,4,b', 'a.csv, row 1', 'quotation marks'),
    'UTF-16': ('1.5,2,a\n2.5,3,b'.encode('utf-16'), 'a.csv is not text'),
    'zeros': (bytes(100), 'a.csv is not text'),
    'two.ts': ('@data\n1,2:3,4:a', 'row 2 is not one series'),
    'missing.ts': ('@data\n1,2:a\n?,3:b\n3,4:b', "row 3, column 1 holds '?'"),
}


@pytest.mark.parametrize('kind', BAD_TABLES)
def test_bad_tables(folder, kind):
    content, *parts = BAD_TABLES[kind]
    content = content if isinstance(content, bytes) else content.encode()
    name = kind if '.' in kind else 'a.csv'
    pathlib.Path(name).write_bytes(content)
    said = refused('import_data.py', name, parts=[f'import_data.py: {name}', *parts])
    assert ('if it holds the class' in said) == (kind == 'text or class')
    assert contents(folder) == {name: content}


def test_bad_arrays(folder):
    """And a pickle, which could run code, is not opened."""
    harmful = type('Harmful', (), {'__reduce__': lambda self: (open, ('harm', 'w'))})()
    np.save('cube.npy', np.zeros((2, 2, 2)))
    np.save('complex.npy', X * 1j)
    np.save('pickle.npy', [[harmful]])
    np.savez('named.npz', data=X)
    np.savez('lengths.npz', X=X, Y=[1, 2, 3])
    for path in folder.iterdir():
        refused('import_data.py', path.name, parts=[f'{path.name} must hold a NumPy array'])
    assert not pathlib.Path('harm').exists()


def test_bad_pairs_and_arguments(folder):
    write('a.csv', lines())
    write('long.csv', lines(values=np.hstack([X, X])))
    write('header.csv', ['a,b,c,d,class', *lines()])
    write('other.csv', lines(names=['RRc', 'Mira'] * 5))
    before = contents(folder)
    for status, arguments, part in (
        (1, 'a.csv long.csv --label last', 'long.csv has sequences of 8 values'),
        (1, 'a.csv header.csv', 'the same header'),
        (1, 'a.csv other.csv', 'other.csv, row 2 is of class Mira'),
        (1, 'nowhere.csv', 'nowhere.csv: No such file'),
        (1, 'a.csv --test 10', '--test 10 leaves none to train with'),
        (2, 'a.csv a.csv a.csv', 'more than two tables'),
        (2, 'a.csv other.csv --test 3', 'two are split already'),
        *((2, f'a.csv --test={test}', 'neither a') for test in (1.5, 0, -0.5, 'some')),
        (2, 'a.csv --seed=-1', '-1'),
    ):
        refused('import_data.py', *arguments.split(), status=status, parts=[part])
    assert contents(folder) == before


@pytest.mark.slow
def test_from_a_table_to_an_answer():
    """Import a table with names, train as it says, and classify the rows again."""
    values = X + np.array([[3], [-3]] * 5)
    rows = [f'V{i},{row}' for i, row in enumerate(lines(values=values))]
    write('mine.csv', [f'star,{HEADER}', *rows])
    printed = imported('mine.csv', '--drop', 'star', '--label', 'shape')
    assert 'Accuracy: 100.00%\n' in trained(printed, '--N_epochs', 200)
    answer = script('infer.py', 'mine.csv', '--drop', 'star', '--label', 'shape').stdout
    assert answer.endswith('\nAccuracy: 100.00% of 10 labelled sequences\n')


@pytest.mark.slow
def test_real_data(folder):
    """The tutorial's network is as good as Ismail Fawaz et al. (2019) found their MLP: 93, 95 %."""
    options = '--quiet --no-deps --timeout 5 --retries 0 aeon==1.6.0'.split()  # BSD licence
    done = subprocess.run([sys.executable, '-m', 'pip', 'download', *options], capture_output=True)
    if done.returncode:
        pytest.skip(f'the package aeon could not be fetched, no network? {done.stderr.decode()}')
    with zipfile.ZipFile(*folder.glob('aeon-*.whl')) as wheel:
        for name, least in ('GunPoint', 87), ('ItalyPowerDemand', 94):
            files = [f'aeon/datasets/data/{name}/{name}_{part}.ts' for part in ('TRAIN', 'TEST')]
            printed = imported(*map(wheel.extract, files), '--overwrite')
            accuracy = re.search('Accuracy: (.*)%', trained(printed))[1]
            assert least < float(accuracy) < 99, name
