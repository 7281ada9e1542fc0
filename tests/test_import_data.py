"""import_data.py: tables of every kind, good and bad; and the names and types of the classes."""

import functools
import os
import pathlib
import re
import runpy
import shlex
import struct
import subprocess
import sys
import zipfile
from collections import Counter

from support.tables import read_table

import numpy as np
import pytest
from conftest import PROJECT, assert_one_line, contents, forked, run, run_all

from import_data import choose_test
from utilities import (
    DataError,
    class_name,
    class_title,
    read_class_names,
    read_label,
    read_values,
    write_sets,
)

# Ten sequences of four values; the last columns could not be taken for classes.
X = np.random.default_rng(0).normal(0, 1, (10, 4)).round(3)
NAMES = ['RRab', 'RRc'] * 5


def rows(separator=',', names=NAMES, values=X, first=False):
    """The lines of a table."""
    cells = [[f'{v:g}' for v in x] for x in values]
    return [
        separator.join([name, *x] if first else [*x, name])
        for x, name in zip(cells, names, strict=True)
    ]


def write(path, lines, encoding='utf-8'):
    pathlib.Path(path).write_text('\n'.join(lines) + '\n', encoding=encoding)


@pytest.fixture
def script(folder, monkeypatch, capsys):
    """Run a script in this process; return what it prints, or raise what ends it."""

    def call(name, *arguments):
        monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
        runpy.run_path(str(PROJECT / name), run_name='__main__')
        return capsys.readouterr().out

    return call


@pytest.fixture
def import_data(script):
    """Run import_data.py so."""
    return functools.partial(script, 'import_data.py')


def sequences(*folders):
    """What lies in the folders, read without our code: a sorted list of values and class name."""
    found = []
    for folder in map(pathlib.Path, folders):
        names = (folder / 'classes.txt').read_text(encoding='utf-8').splitlines()
        N = len(list(folder.glob('X_*.dat')))
        for i in range(1, N + 1):
            data = (folder / f'X_{i}.dat').read_bytes()
            (Y,) = struct.unpack('<d', (folder / f'Y_{i}.dat').read_bytes())
            found.append((struct.unpack(f'<{len(data) // 8}d', data), names[int(Y)]))
    return sorted(found)


# ---------------------------------------------------------------- good tables

TIMES = [f't{i}' for i in range(4)]
TABLES = {
    'a.csv': rows(),
    'header.csv': [','.join([*TIMES, 'shape']), *rows()],
    'numbered.csv': ['class,0,1,2,3', *rows(first=True)],
    'semicolon.csv': ['a;b;c;d;class', *rows(';')],
    'tab.tsv': rows('\t', first=True),
    'blanks.txt': ['# a comment', *(f'   {row}  ' for row in rows('   ')), ''],
    'quoted.csv': ['"t, 1","t;2",t3,t4,"of class"', *rows(', ', [f'"{n}"' for n in NAMES])],
    'spreadsheet.csv': [
        ','.join([*TIMES, 'shape', '', '']),
        *(f'{row},,' for row in rows()),
        ',,,,,,',
    ],
    'empty_lines.csv': [line for row in rows() for line in (row, '', '  ')],
    'middle.csv': [re.sub(r'^([^,]*),(.*),(\w+)$', r'\1,\3,\2', row) for row in rows()],
    'c.ts': ['#About', '@problemName c', '@classLabel true x', '@data']
    + [
        ','.join(row.rsplit(',', 1)).rsplit(',', 1)[0] + ':' + row.rsplit(',', 1)[1]
        for row in rows()
    ],
}


@pytest.mark.parametrize('name', TABLES)
@pytest.mark.parametrize('end', ['\n', '\r\n'], ids=['', 'crlf'])
def test_text(import_data, name, end):
    pathlib.Path(name).write_bytes(
        end.join(TABLES[name]).encode('utf-8-sig' if end != '\n' else 'utf-8')
    )
    printed = import_data(name)
    assert sequences('Train', 'Test') == sorted(zip(map(tuple, X.tolist()), NAMES, strict=True))
    assert len(sequences('Test')) == 2 and 'the sequences are 4 values long' in printed
    assert 'python train.py --N_train 8 --N_test 2 --N_sequence 4\n' in printed
    assert 'Class 0 (RRab): 4 in Train, 1 in Test\nClass 1 (RRc): 4 in Train, 1 in' in printed
    assert 'softmax' not in printed and 'Normalization' not in printed


def test_numpy(import_data):
    Y = np.array([3, 7] * 5)
    expected = sorted((tuple(x), str(y)) for x, y in zip(X.tolist(), Y, strict=True))
    np.save('last.npy', np.c_[X, Y])
    np.save('first.npy', np.c_[Y, X].astype('f4'))
    np.savez('a.npz', x=X, Y=Y)
    np.savez('column.npz', X=X, y=Y[:, None].astype(float))
    for name in ('last.npy', 'a.npz', 'column.npz'):
        import_data(name, '--overwrite')
        assert sequences('Train', 'Test') == expected
    import_data('first.npy', '--overwrite')
    found = sequences('Train', 'Test')
    np.testing.assert_allclose([x for x, _ in found], [x for x, _ in expected], rtol=1e-6)
    assert read_table('a.npz', labelled=False).X.tolist() == X.tolist()
    np.savez('new.npz', X=X)
    assert read_table('new.npz', labelled=False).X.tolist() == X.tolist()
    np.savez('names.npz', X=X, Y=NAMES)
    import_data('names.npz', '--overwrite')
    assert sequences('Train', 'Test') == sorted(zip(map(tuple, X.tolist()), NAMES, strict=True))


def test_two_tables(import_data):
    write('a.csv', ['shape,a,b,c,d', *rows(first=True)])
    write('b.csv', ['shape,a,b,c,d', *rows(first=True, values=-X)])
    printed = import_data('a.csv', 'b.csv')
    assert sequences('Train') == sorted(zip(map(tuple, X.tolist()), NAMES, strict=True))
    assert sequences('Test') == sorted(zip(map(tuple, (-X).tolist()), NAMES, strict=True))
    assert '--N_train 10 --N_test 10' in printed


def test_classes_are_sorted(import_data):
    """As numbers if all are numbers, however they are written; otherwise as text."""
    for given, names in (
        (['10', '9', '9.0', '1e1', '-1'], ['-1', '9', '10']),
        (['b', '10', '9', 'Ä  b', 'a'], ['10', '9', 'a', 'b', 'Ä b']),
    ):
        write('a.csv', rows(names=given * 2))
        printed = import_data('a.csv', '--overwrite', '--label', 'last')
        for folder in ('Train', 'Test'):
            assert read_class_names(folder) == names
        assert re.findall(r'Class \d \((.*)\)', printed) == names
    assert '5 classes' in printed and 'softmax layer with 5 neurons' in printed
    assert 'sparse_categorical_crossentropy' in printed


@pytest.mark.parametrize('column', [0, 4], ids=['first', 'last'])
def test_a_column_unlike_the_others_is_told(import_data, column):
    numbers = np.random.default_rng(1).permutation(1000 + np.arange(10))
    values = np.insert(X, column, numbers, axis=1)
    header = [*TIMES[:column], 'number', *TIMES[column:], 'class']
    write('a.csv', [','.join(header), *rows(values=values)])
    said = import_data('a.csv')
    assert f'Column {column + 1} (number) is unlike the others' in said
    assert 'unlike' not in import_data('a.csv', '--drop', 'number', '--overwrite')


def test_a_single_value_in_each_row(import_data):
    write('a.csv', rows(values=X[:, :1]))
    assert 'the sequences are 1 values long' in import_data('a.csv')


def test_scaling_is_told(import_data):
    write('a.csv', rows(values=10000 + 100 * X))
    assert re.search(r'mean of (1e\+04|9\.9\de\+03) and', import_data('a.csv'))
    write('a.csv', rows(values=1e-5 * X))
    assert 'Normalization' in import_data('a.csv', '--overwrite')
    for values in (1e-17 * X, 1e30 * X):  # more than Normalization can mend
        write('a.csv', rows(values=values))
        said = import_data('a.csv', '--overwrite')
        assert 'Normalization' not in said and 'before anything else' in said and 'divide' in said


# A header, what a column holds (i the row's number, c a class, t a text of two, else fractions),
# arguments, and what is said.
GUESSES = {
    'two by name': ('y,b,c,type,e', 'cfftf', (), 'columns 1 and 4 could hold'),
    'name': ('y,b,c,type,e', 'cfftf', ('--drop', 'y'), 'in column 4, type;'),
    '--label': ('a,b,c,d,e', 'cfcfc', ('--label', 'c'), 'in column 3, c;'),
    'its number': ('', 'ccfff', ('--label', 2), 'in column 2;'),
    'two texts': ('', 'tffft', (), '--label 5 --drop 1'),
    'one text': ('', 'cftfc', (), 'in column 3;'),
    'both': ('', 'cfffc', (), 'both the first and the last'),
    'neither': ('', 'ffcff', (), 'neither of the first and the last'),
    'first': ('', 'cfffff', (), 'in column 1;'),
    'last': ('', 'ffffc', (), 'in column 5;'),
    'counted': (',b,c,d,class', 'ifffc', (), 'column 1 only counts the rows: add --drop 1'),
    'dropped': (',b,c,d,class', 'ifffc', ('--drop', 1), 'in column 5, class;'),
    'numbers as header': ('0,1,2,3,4', 'ffffc', (), 'in column 5, 4;'),
    'two meanings': ('0,1,2,3,4', 'ffffc', ('--label', 4), '--label 4 means several columns'),
}


@pytest.mark.parametrize('kind', GUESSES)
def test_which_column_is_the_class(import_data, kind):
    header, columns, arguments, expected = GUESSES[kind]
    cells = {'i': str, 'c': lambda i: str(i % 2), 't': lambda i: f'type {i % 2}'}
    fractions = iter(np.random.default_rng(0).random(100))
    lines = [
        ','.join(cells[c](i) if c in cells else f'{next(fractions)}' for c in columns)
        for i in range(20)
    ]
    write('a.csv', [header, *lines])
    try:
        assert expected in import_data('a.csv', *arguments)
    except DataError as error:
        assert expected in str(error)
        assert not os.path.exists('Train')


# ---------------------------------------------------------------- the split


@pytest.mark.parametrize('size, expected', [('0.2', [6, 4, 2]), ('7', [4, 2, 1]), ('2', [1, 1, 1])])
def test_each_class_in_proportion(import_data, size, expected):
    labels = ['a'] * 30 + ['b'] * 20 + ['c'] * 10  # sorted, as tables often are
    values = np.random.default_rng(1).normal(size=(60, 4)).round(4)
    write('a.csv', rows(names=labels, values=values))
    import_data('a.csv', '--test', size)
    counts = Counter(name for _, name in sequences('Test'))
    assert [counts[name] for name in 'abc'] == expected
    assert sequences('Train', 'Test') == sorted(
        zip(map(tuple, values.tolist()), labels, strict=True)
    )
    first = [read_label(f'Train/Y_{i}.dat') for i in range(1, 21)]
    assert len(set(first)) > 1  # the order is random


def test_seed(import_data):
    write('a.csv', rows())
    import_data('a.csv')
    first = contents(pathlib.Path('.'))
    assert 'exactly these sequences already' in import_data('a.csv')
    import_data('a.csv', '--overwrite', '--seed', 0)
    assert contents(pathlib.Path('.')) == first
    with pytest.raises(DataError, match='--overwrite'):
        import_data('a.csv', '--seed', 1)
    import_data('a.csv', '--seed', 1, '--overwrite')
    assert contents(pathlib.Path('.')) != first


def test_equal_sequences_stay_together():
    for seed in range(50):
        rng = np.random.default_rng(seed)
        X = rng.integers(0, 3, (60, 2)).astype(float)  # nine different ones, also across classes
        Y = np.r_[0, 0, 0, 1, 1, 1, rng.integers(0, 2, 54)]
        X[:6] += [[10], [20], [30], [40], [50], [60]]  # each class has some of its own
        is_test = choose_test(X, Y, 0.2, rng)
        seen = {x.tobytes() for x in X[~is_test]}
        assert not any(x.tobytes() in seen for x in X[is_test])
        assert set(Y[is_test]) == set(Y[~is_test]) == {0, 1}


def test_a_smaller_set_leaves_nothing_behind(import_data):
    run('generate_data.py', 40, 20)
    os.remove('Test/classes.txt')
    pathlib.Path('Train/notes.txt').write_text('mine')
    write('a.csv', rows())
    before = contents(pathlib.Path('.'))
    with pytest.raises(DataError, match='--overwrite'):
        import_data('a.csv')
    assert contents(pathlib.Path('.')) == before
    import_data('a.csv', '--overwrite')
    assert {len(x) for x, _ in sequences('Train', 'Test')} == {4}
    assert set(contents(pathlib.Path('Train'))) == {
        'notes.txt',
        'classes.txt',
        *(f'{c}_{i}.dat' for c in 'XY' for i in range(1, 9)),
    }


# ---------------------------------------------------------------- bad tables


def replaced(old, new):
    """The good table with one cell replaced."""
    text = '\n'.join(rows())
    assert old in text
    return text.replace(old, new, 1).encode()


CELL = f'{X[2, 1]:g}'  # row 3, column 2
BAD_TABLES = {
    'short row': (replaced(f',{CELL},', ','), 'row 3 has 4 column(s)', 'equally long'),
    'long row': (replaced(CELL, f'{CELL},5'), 'row 3 has 6 column(s)', 'equally long'),
    'empty cell': (replaced(f',{CELL},', ',,'), 'row 3, column 2 is empty', 'remove the row'),
    'no class': (replaced('RRc', ''), 'row 2, column 5 is empty', 'fill it'),
    'NaN as class': (replaced('RRc', 'NaN'), "row 2, column 5 holds 'NaN'", 'remove the row'),
    'text': (replaced(CELL, 'bad'), "row 3, column 2 holds 'bad'", 'correct it'),
    'missing': (replaced(CELL, '?'), "row 3, column 2 holds '?'", 'correct it'),
    'NaN': (replaced(CELL, 'nan'), "row 3, column 2 holds 'nan'", 'remove the row'),
    'infinity': (replaced(CELL, '-inf'), "row 3, column 2 holds '-inf'", 'remove the row'),
    'too large': (replaced(CELL, '4e38'), 'row 3, column 2', 'float32', 'rescale'),
    'far too large': (replaced(CELL, '1e999'), 'row 3, column 2', 'inf'),
    'decimal comma': ('\n'.join(rows(';')).replace('.', ',').encode(), 'row 1', 'decimal points'),
    'one class': (b'1.5,2,a\n1.5,3,a\n2.5,4,a', 'all rows are of class a', '--label'),
    'single row': (replaced('RRc', 'Mira'), 'row 2 is the only one of class Mira', 'add one'),
    'equal rows': (b'1,2.5,a\n2,3.5,b\n3,4.5,b\n1,2.5,a', 'row 1 equals all others of class a'),
    'only a header': (b'a,b,c,class\n', 'a.csv'),
    'only classes': (b'class\na\nb\na\nb', 'a.csv holds no values'),
    'empty': (b'', 'a.csv holds no rows', 'one for each sequence'),
    'comments': (b'# one\n\n# two\n', 'a.csv holds no rows'),
    'quotes': (b'1,2,"a\n1,3,b\n2,4,b', 'a.csv', 'quotation marks'),
    'more quotes': (b'1,2,"a"b\n1,3,b\n2,4,b', 'a.csv, row 1', 'quotation marks'),
    'binary': (bytes(range(256)), 'a.csv is not text', 'CSV (UTF-8)'),
    'UTF-16': ('\n'.join(rows()).encode('utf-16'), 'a.csv is not text', 'CSV (UTF-8)'),
    'Latin-1': (replaced('RRc', 'Ä').decode().encode('latin-1'), 'a.csv is not text'),
    'zeros': (bytes(100), 'a.csv is not text'),
    'a sequence': (np.arange(9.0).tobytes(), 'a.csv is not text'),
    'pickle': (b'\x80\x04N.', 'a.csv is not text'),
}


@pytest.mark.parametrize('kind', BAD_TABLES)
def test_bad_tables(import_data, kind):
    content, *parts = BAD_TABLES[kind]
    pathlib.Path('a.csv').write_bytes(content)
    with pytest.raises(DataError) as error:
        import_data('a.csv')
    assert '\n' not in str(error.value) and all(part in str(error.value) for part in parts)
    assert contents(pathlib.Path('.')) == {'a.csv': content}


def test_bad_numpy_and_ts_files(import_data):
    np.save('cube.npy', np.zeros((2, 2, 2)))
    np.save('objects.npy', np.array([[1, 'a', None]], object), allow_pickle=True)
    np.save('nan.npy', [[1, 2, 0], [3, np.nan, 1]])
    np.savez('named.npz', data=X)
    np.savez('lengths.npz', X=X, Y=[1, 2, 3])
    with zipfile.ZipFile('zip.npz', 'w') as file:
        file.writestr('X.npy', 'nothing')
    write('text.npy', ['text'])
    write('empty.ts', ['@data'])
    write('two.ts', ['@data', '1,2:3,4:a'])
    write('unlabelled.ts', ['@data', '1,2', '2,3'])
    write('missing.ts', ['@data', '1,2:a', '?,3:b', '3,4:b'])
    for name, parts in {
        'cube.npy': ['row for each sequence'],
        'objects.npy': ['row for each sequence'],
        'nan.npy': ["row 2, column 2 holds 'nan'"],
        'named.npz': ['arrays X'],
        'lengths.npz': ['arrays X'],
        'zip.npz': ['arrays X'],
        'text.npy': ['NumPy'],
        'empty.ts': ['no rows'],
        'two.ts': ['row 2', 'univariate'],
        'unlabelled.ts': ['row 2', 'class'],
        'missing.ts': ["row 3, column 1 holds '?'"],
        'nowhere.csv': ['No such file', 'check its name'],
        '.': ['directory'],
    }.items():
        with pytest.raises(DataError) as error:
            import_data(name, '--label', 'last')
        assert all(part in str(error.value) for part in [name, *parts]), error.value
    assert not os.path.exists('Train')


def test_bad_pairs_and_columns(import_data):
    write('a.csv', rows())
    write('long.csv', rows(values=np.hstack([X, X])))
    write('header.csv', ['a,b,c,d,class', *rows()])
    write('turned.csv', ['d,c,b,a,class', *rows()])
    write('other.csv', rows(names=['RRab', 'Mira'] * 5))
    for arguments, part in (
        (('a.csv', 'long.csv', '--label', 'last'), 'long.csv has sequences of 8 values'),
        (('header.csv', 'turned.csv'), 'the same header'),
        (('a.csv', 'other.csv'), 'other.csv, row 2 is of class Mira'),
        (('a.csv', '--label', 'type'), '--label type means no column of 5'),
        (('a.csv', '--label', 9), '--label 9 means no column of 5'),
        (('a.csv', '--drop', 0), '--drop 0 means no column of 5'),
        (('a.csv', '--test', 10), '--test 10 leaves none to train with'),
    ):
        with pytest.raises(DataError, match=re.escape(part)):
            import_data(*arguments)
    assert not os.path.exists('Train')


@pytest.mark.parametrize(
    'arguments',
    [(), ('a', 'b', 'c'), ('a', 'b', '--test', '3'), ('a', '--test', '1.5'), ('a', '--test', '0')],
)
def test_wrong_command_line(import_data, arguments, capsys):
    with pytest.raises(SystemExit, match='2'):
        import_data(*arguments)
    assert 'import_data.py: error: ' in capsys.readouterr().err


def test_errors_of_the_script_itself(folder):
    write('a.csv', [*rows(), '1,2'])
    assert_one_line(run('import_data.py', 'a.csv'), 'a.csv, row 11 has 2 column(s)')
    assert_one_line(run('import_data.py'), 'TABLE', status=2)
    assert set(contents(folder)) == {'a.csv'}


# ---------------------------------------------------------------- the sets and their classes


def test_class_names(folder):
    names = ['sine wave', '', 'a$b']
    assert [class_name(Y, names) for Y in (0, 1.0, 2, 3)] == [
        'sine wave',
        'class 1',
        'a$b',
        'class 3',
    ]
    assert [class_title(Y, names) for Y in (0.0, 1)] == ['class 0 (sine wave)', 'class 1']
    assert class_title(1) == 'class 1'
    assert read_class_names('.') == read_class_names('nowhere') == []
    write_sets({'Train': (1, [([1.5, 2.5], 0)])}, class_names=['ä', '漢'])
    assert pathlib.Path('Train/classes.txt').read_bytes() == 'ä\n漢\n'.encode()
    assert read_class_names('Train') == ['ä', '漢']
    write_sets({'Train': (1, [([1.5, 2.5], 0)])}, overwrite=True)
    assert read_class_names('Train') == []


def test_damaged_class_names(data, script):
    for content in (b'', b'one', b'\n\n', b'$\\frac$\n$'):
        pathlib.Path('Train/classes.txt').write_bytes(content)
        assert script('view.py', 1, 2, 3, 4) == 'Plot: Train_1_2_3_4.png\n'
    pathlib.Path('Train/classes.txt').write_bytes(b'\xff')
    with pytest.raises(DataError, match=r'Train/classes\.txt: is no UTF-8 text; .* remove it'):
        script('view.py', 1)


OTHER_TYPES = {
    'integer class': (np.array([1]), 'the integer 1: write it as float64'),
    'negative class': (np.array([-1]), 'the integer -1: write it as float64'),
    'short class': (np.array([1], 'f4'), '1 value(s) of 4 bytes'),
    'integers': (np.array([0, 5, -7]), 'the integer 5: write it as float64'),
    'negative integers': (np.array([-3, 5, -7]), 'the integer -3'),
    'float32': (X[:2].ravel().astype('f4'), '8 value(s) of 4 bytes, as of float32: write'),
    'half as many': (X[0], '4 value(s) instead of 8'),
    'half as many from float32': (X[0].astype('f4').astype(float), '4 value(s) instead of 8'),
    'half as many squares': (np.array([1.0, -1, 1, -1]), '4 value(s) instead of 8'),
}


@pytest.mark.parametrize('kind', OTHER_TYPES)
def test_other_types(folder, kind):
    values, problem = OTHER_TYPES[kind]
    values.tofile('X_1.dat')
    with pytest.raises(DataError, match=re.escape(problem)):
        read_values('X_1.dat', len(values) * (2 if 'half' in kind else 1))


def test_usual_values_are_no_other_type(folder):
    for values in ([0.0], [0, 0, 0], [-0.0, 0], [0, 1e-290], [-0.0, 5.0]):
        np.array(values, float).tofile('X_1.dat')
        assert (read_values('X_1.dat', len(values)) == values).all()


def test_generate_data_again(script):
    make = functools.partial(script, 'generate_data.py', 12, 5)
    assert make() == 'Wrote 12 sequences to Train and 5 to Test.\n'
    before = contents(pathlib.Path('.'))
    assert make() == 'Train and Test hold exactly these sequences already.\n'
    assert contents(pathlib.Path('.')) == before
    assert before['Test/classes.txt'] == b'sine wave\nsquare wave\n'
    for change in (
        lambda: pathlib.Path('Test/X_5.dat').write_bytes(bytes(1024)),
        lambda: pathlib.Path('Test/X_6.dat').write_bytes(bytes(1024)),
        lambda: pathlib.Path('Train/Y_3.dat').unlink(),
        lambda: pathlib.Path('Train/classes.txt').unlink(),
    ):
        change()
        with pytest.raises(DataError, match='Train already holds sequences: add --overwrite'):
            make()
        make('--overwrite')
        assert contents(pathlib.Path('.')) == before


# ---------------------------------------------------------------- the whole way


def test_from_a_table_to_an_answer(import_data):
    """Sixty light curves with names, as a researcher has them: import, train, classify new ones."""
    t, rng = np.arange(40), np.random.default_rng(2)
    curves = [np.sin(t / 4) if i % 2 else t % 20 / 10 - 1 for i in range(60)]
    curves = (np.array(curves) + rng.normal(0, 0.1, (60, 40))).round(4)
    names = ['Cepheid', 'Mira'] * 30
    write('mine.csv', [','.join(['star', *map(str, t), 'type'])])
    with open('mine.csv', 'a') as file:
        file.writelines(f'V{i},{row}\n' for i, row in enumerate(rows(names=names, values=curves)))
    printed = import_data('mine.csv', '--drop', 'star')
    command = shlex.split(printed.splitlines()[-1])
    process = forked(*command[1:], '--N_epochs', 100)
    assert float(re.search('Accuracy: (.*)%', process.stdout)[1]) == 100
    assert 'from column 0 to 39' in printed
    assert forked(*shlex.split(printed.splitlines()[-2])[1:]).returncode == 0  # view.py
    np.save('new.npy', curves)
    answer, table = run_all(
        [
            (('infer.py', 'mine.csv', '--drop', 'star', '--label', 'type'), {}),
            (('infer.py', '--csv', 'mine.csv', 'new.npy'), {}),
        ]
    )
    model, _, first, *_, last = answer.stdout.splitlines()
    assert re.fullmatch(r'Model: model\.keras of \d{4}-\d\d-\d\d \d\d:\d\d', model)
    start, _, end = first.partition(', score ')
    assert start == 'mine.csv row 2: class 0 (Cepheid)' and end.endswith('0 (Cepheid) agrees')
    assert last == 'Accuracy: 100.00% of 60 labelled sequences'
    header, *lines = table.stdout.splitlines()
    assert header.startswith('file,class')
    assert [line.split(',')[2] for line in lines] == names
    assert 'Model: model.keras of ' in table.stderr
    # The names are the network's, whatever is in Train later.
    write('others.csv', rows(names=['a', 'b'] * 30, values=curves))
    import_data('others.csv', '--overwrite')
    answer = forked('infer.py', 'new.npy')
    refused = forked('infer.py', 1)
    assert_one_line(refused, 'Test/X_1.dat is of other classes (a, b)', 'python train.py')
    assert 'older than the sequences in Train' in answer.stdout.splitlines()[0]
    assert 'class 0 (Cepheid)' in answer.stdout and '(a)' not in answer.stdout
    assert 'infer.py: mine.csv, row 2, column 1' in table.stderr and table.returncode == 1


@pytest.fixture(scope='module')
def archive(request):
    """Sets of the UCR archive inside the package aeon (BSD licence), fetched once with pip."""
    folder = pathlib.Path(request.config.cache.mkdir('ucr'))
    if not list(folder.glob('aeon-*.whl')):
        options = ['--quiet', '--no-deps', '--timeout', '5', '--retries', '0', '--dest', folder]
        command = [sys.executable, '-m', 'pip', 'download', *options, 'aeon==1.6.0']
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=60)
        except (subprocess.SubprocessError, OSError):
            pytest.skip('the package aeon could not be fetched: no network?')
    with zipfile.ZipFile(*folder.glob('aeon-*.whl')) as wheel:
        wheel.extractall(
            folder, [n for n in wheel.namelist() if n.endswith(('_TRAIN.ts', '_TEST.ts'))]
        )
    return folder / 'aeon/datasets/data'


@pytest.mark.parametrize('name, least', [('GunPoint', 87), ('ItalyPowerDemand', 94)])
def test_real_data(archive, import_data, name, least):
    """The tutorial's network is as good as Ismail Fawaz et al. (2019) found their MLP: 93, 95 %."""
    printed = import_data(*(archive / name / f'{name}_{part}.ts' for part in ('TRAIN', 'TEST')))
    process = forked(*shlex.split(printed.splitlines()[-1])[1:])
    assert least < float(re.search('Accuracy: (.*)%', process.stdout)[1]) < 99


def test_three_real_classes(archive, import_data):
    files = [archive / f'ArrowHead/ArrowHead_{part}.ts' for part in ('TRAIN', 'TEST')]
    printed = import_data(*files)
    assert printed.count('12 in Train') == 3 and 'softmax layer with 3 neurons' in printed
    assert '--N_train 36 --N_test 175 --N_sequence 251' in printed
