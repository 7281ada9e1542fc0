"""import_data.py: one table or two become Train and Test."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import PROJECT, contents, refused, script

import import_data
from utilities import read_set

pytestmark = pytest.mark.usefixtures('folder')
# 30 sequences of four values, three of each star; and others, from -1 to 1
X = pd.DataFrame(np.random.default_rng(0).normal(20, 1, (30, 4)).round(3))
X = X.add_prefix('f')
STARS = pd.Series(range(30)) // 3
TABLE = X.assign(**{'class': STARS % 2, 'star': STARS})
WAVES = pd.DataFrame(np.sin(np.arange(120)).reshape(30, 4)).add_prefix('f')
WAVES['class'] = TABLE['class']


def put(rows, columns, value, table=TABLE):
    """Return a table with a value in some of its cells."""
    table = table.astype(object)
    table.loc[rows, columns] = value
    return table


def import_tables(*given, options=(), status=0):
    """Import one table or two; return what is printed, of errors one line."""
    for number, table in enumerate(given):
        table.to_csv(f'{number}.csv', index=False)
    paths = [f'{number}.csv' for number in range(len(given))]
    done = script('import_data.py', *paths, *options, '--overwrite', status=status)
    assert done.stderr.count('\n') <= 1
    return done.stdout + done.stderr


def test_other_sets_are_replaced_with_overwrite_alone():
    script('import_data.py', PROJECT / 'examples/mine.csv')
    TABLE.to_csv('other.csv', index=False)
    before = contents('.')
    refused('import_data.py', 'other.csv', parts=['--overwrite'])
    assert contents('.') == before


def test_all_values_land_in_the_order_of_their_columns_numbers():
    """Rows land in random order, with their classes and stars."""
    names = [f'f{i}' for i in range(12)]
    values = np.random.default_rng(0).normal(20, 1, (30, 12))
    table = TABLE[['star', 'class']].join(pd.DataFrame(values, columns=names))
    import_tables(table[sorted(table)])  # f0, f1, f10, f11, f2, ...
    sets = [read_set('Train', 24, 12), read_set('Test', 6, 12)]
    landed = np.concatenate([np.column_stack(pair) for pair in sets])
    wanted = table[[*names, 'class']].to_numpy()
    assert sorted(landed.tolist()) == sorted(wanted.tolist())
    train, test = (Path(f'{x}/ids.txt').read_text().split() for x in ('Train', 'Test'))
    assert len({*train} - {*test}) == 8 and train != sorted(train)
    first = wanted[:, :12].tolist().index(np.load('Test/X.npy')[0].tolist())
    assert test[0] == str(STARS[first])


def test_a_class_may_be_called_na_and_a_row_have_no_star():
    names = np.where(STARS % 2, ' NA ', 'null')
    named = WAVES.assign(**{'class': names, 'z': 1, 'a': 1})
    printed = import_tables(named)
    assert 'NA       12     3' in printed and 'ignored z, a\n' in printed
    assert Path('Train/classes.txt').read_text() == 'NA\nnull\n'
    assert re.search(r'0\.csv row \d+\n', Path('Test/ids.txt').read_text())


@pytest.mark.parametrize(
    ('first', 'second', 'third', 'names'),
    [
        ('2', '10.0', '10', '2\n10\n'),
        ('b', '10.0', '10', '10\nb\n'),
        ('1', '1.0', '1.5', '1\n1.5\n'),
    ],
)
def test_whole_numbers_as_classes_are_sorted_as_numbers(first, second, third, names):
    """A class 10.0 is 10, also in a column with a word; 1.5 is not 1."""
    classes = np.array([first, second, third])[STARS % 3]
    printed = import_tables(WAVES.assign(**{'class': classes}))
    assert Path('Train/classes.txt').read_text() == names
    assert re.search(r'\n{} .*\n{} .*\n'.format(*names.split()), printed)


def test_two_tables_keep_their_values_and_what_both_have_is_counted():
    """Two tables are matched by the names of their columns."""
    other = TABLE[['class', 'f3', 'f0', 'f2', 'f1']].assign(f0=X['f0'] + 1000)
    printed = import_tables(TABLE, other)
    assert re.search(r'0\.csv: .* to 22\.\d+, next .*\n1\.csv: .* to 102', printed)
    assert 'leakage' not in printed and len(np.load('Test/Y.npy')) == 30
    assert sorted(np.load('Test/X.npy')[:, 0]) == sorted(other['f0'])
    printed = import_tables(TABLE, pd.concat([other[:20], TABLE[:3], TABLE[:1]]))
    assert '4 of these test sequences, or their stars, are in 0.csv, too' in printed
    line = import_tables(TABLE, other.drop(columns='f3'), status=1)
    assert 'sequences of 4 and of 3 values' in line


@pytest.mark.parametrize(
    ('row', 'column', 'value', 'fault'),
    [
        (3, 'class', None, 'row 4, star 1 has no class'),
        (5, 'class', 0, 'row 4, star 1 is of a star with several classes'),
        (3, 'class', 'a\x85b', 'has a line break in its class'),
        (3, 'star', 'a\u2028b', 'has a line break in its star'),
    ],
)
def test_faults_of_classes_and_stars_are_named(row, column, value, fault):
    printed = import_tables(put(row, column, value), status=1)
    assert fault in printed and 'rows to drop or mend: ' in printed


TEN = WAVES.assign(**pd.DataFrame(np.arange(120).reshape(30, 4) % 10).add_prefix('f'))


def with_codes(table, *codes):
    """Return a table with each of the codes in two of its cells."""
    for column, code in enumerate(codes):
        table = put([3, 5], f'f{column}', code, table)
    return table


@pytest.mark.parametrize(
    ('table', 'codes'),
    [
        (TABLE, [-999]),
        (TABLE, [999]),
        (WAVES, [-4]),  # waves go from -1 to 1
        (TEN, [-99]),
        (TABLE, [-99.99, 99.99]),
        (WAVES, [-999, 999.9]),
    ],
)
def test_ends_of_the_values_that_repeat_far_from_all_others_are_refused(table, codes):
    """They can be kept, as where values are cut off."""
    table = with_codes(table, *codes)
    line = import_tables(table, status=1)
    shown = ' or '.join(map(str, codes))
    assert f'does {shown} stand for no value? if so, see docs/own-data.md' in line
    assert f'{codes[0]}, next' in import_tables(table, options=['--keep-codes'])


@pytest.mark.parametrize(
    ('table', 'codes'),
    [
        (WAVES, [0]),
        (WAVES, [-2.9]),
        (WAVES, [-2.9, 2.9]),
        (TEN, [-8]),
        (TEN.replace(9, 8), [-99]),  # beside nine other values
    ],
)
def test_nearer_ends_are_values(table, codes):
    import_tables(with_codes(table, *codes))


def test_a_code_that_occurs_once_is_a_value():
    import_tables(put(3, 'f1', 99))


@pytest.mark.parametrize(
    'table', ['class,f0,f1\nA,1,2\nA,2,3\n', 'class,f0,f1\nA,1,2\nB,2,3\n']
)
def test_each_of_two_classes_has_stars_in_both_sets(table):
    Path('a.csv').write_text(table)
    refused('import_data.py', 'a.csv', parts=['stars of each of two classes or more'])


def test_equal_values_alone_are_refused():
    assert 'all values are 7' in import_tables(put(range(30), [*X], 7), status=1)


def test_the_split_takes_whole_stars_a_fifth_of_each_class():
    """A class gives at least its smallest star, and what is equal is of one star."""
    values = np.array([[1.0], [2], [2 + 1e-9], [3], [4], [0], [-0.0]])
    groups = import_data.group_sequences(values, np.array([*'acdbaef']))
    assert pd.factorize(groups)[0].tolist() == [0, 1, 1, 2, 0, 3, 3]
    stars = np.repeat(range(12), [40, 30, 20, 1, 2, 3] * 2)
    Y = stars // 6
    for seed in range(5):
        rng = np.random.default_rng(seed)
        is_test = import_data.choose_test(np.arange(len(Y)), Y, rng)
        assert np.bincount(Y[is_test]).tolist() == [19, 19]
        is_test = import_data.choose_test(stars, Y, rng)
        assert all(0 < is_test[Y == y].mean() <= 0.2 for y in (0, 1))
        assert len({*stars[is_test]} & {*stars[~is_test]}) == 0
        fives = np.repeat(range(4), 5)  # of each class two stars, with five rows each
        assert sum(import_data.choose_test(fives, fives // 2, rng)) == 10
