"""import_data.py: one table or two become Train and Test."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import PROJECT, refused, script

from import_data import choose_test, group_sequences

pytestmark = pytest.mark.usefixtures('folder')
# 30 sequences of four values from -1 to 1, three of each star
X = pd.DataFrame(np.sin(np.arange(120)).reshape(30, 4)).add_prefix('f')
STARS = pd.Series(range(30)) // 3
TABLE = X.assign(**{'class': STARS % 2, 'star': STARS})


def put(rows, columns, value):
    """Return a table with a value, or one for each column, in some of its cells."""
    table = TABLE.astype(object)
    table.loc[rows, columns] = value
    return table


def import_tables(*given, options=(), status=0):
    """Import one table or two; return what is printed, of errors one line."""
    names = ['0.csv', '1.csv'][: len(given)]
    for name, table in zip(names, given, strict=True):
        table.to_csv(name, index=False)
    done = script('import_data.py', *names, *options, '--overwrite', status=status)
    assert done.stderr.count('\n') <= 1
    return done.stdout + done.stderr


def test_all_values_land_in_the_order_of_their_columns_numbers():
    """Rows land in random order, with their classes and stars."""
    values = pd.DataFrame(np.random.default_rng(0).normal(20, 1, (30, 12)))
    table = TABLE[['class', 'star']].join(values.add_prefix('f'))
    import_tables(table[sorted(table)])  # f0, f1, f10, f11, f2, ...
    landed = []
    for folder in 'Train', 'Test':
        X, Y = (np.load(f'{folder}/{name}.npy') for name in 'XY')
        stars = np.loadtxt(f'{folder}/ids.txt')
        landed.append(np.column_stack([Y, stars, X]).tolist())
    train, test = landed
    assert sorted(train + test) == sorted(table.to_numpy().tolist())
    assert len(train) == 24 and train != sorted(train)
    assert not {row[1] for row in train} & {row[1] for row in test}
    refused('import_data.py', PROJECT / 'examples/mine.csv', parts=['--overwrite'])


def test_a_class_may_be_called_na_and_a_row_have_no_star():
    names = np.where(STARS % 2, ' NA ', 'null')
    named = X.assign(**{'class': names, 'z': 1, 'a': 1})
    printed = import_tables(named)
    assert 'NA       12     3' in printed and 'ignored z, a\n' in printed
    assert Path('Train/classes.txt').read_text() == 'NA\nnull\n'
    assert re.search(r'0\.csv row \d+\n', Path('Test/ids.txt').read_text())


@pytest.mark.parametrize(
    ('classes', 'names'),
    {'2 10.0 10': '2 10', 'b 10.0 10': '10 b', '1 1.0 1.5': '1 1.5'}.items(),
)
def test_whole_numbers_as_classes_are_sorted_as_numbers(classes, names):
    """A class 10.0 is 10, also in a column with a word; 1.5 is not 1."""
    classes = np.array(classes.split())[STARS % 3]
    import_tables(X.assign(**{'class': classes}))
    assert Path('Train/classes.txt').read_text().split() == names.split()


def test_two_tables_keep_their_values_and_what_both_have_is_counted():
    """Two tables are matched by the names of their columns."""
    other = TABLE[['class', 'f3', 'f0', 'f2', 'f1']].assign(f0=X['f0'] + 1000)
    printed = import_tables(TABLE, other)
    assert re.search(r'0\.csv: .* to 0\.99.*\n1\.csv: .* to 1000\.99', printed)
    assert 'leakage' not in printed
    assert sorted(np.load('Test/X.npy')[:, 0]) == sorted(other['f0'])
    printed = import_tables(TABLE, pd.concat([other, TABLE[:3], TABLE[:1]]))
    assert '4 of these test sequences, or their stars, are in 0.csv, too' in printed
    line = import_tables(TABLE, other.drop(columns='f3'), status=1)
    assert 'sequences of 4 and of 3 values' in line


@pytest.mark.parametrize(
    ('value', 'fault'),
    [
        (None, 'row 4, star 1 has no class'),
        (0, 'row 4, star 1 is of a star with several classes'),
        ('a\nb', 'has a line break in its class'),
    ],
)
def test_faults_of_classes_and_stars_are_named(value, fault):
    assert fault in import_tables(put(3, 'class', value), status=1)


@pytest.mark.parametrize(
    ('values', 'codes'),
    {(-4, 0): '-4', (0, 4): '4', (-999, 999.9): '-999 or 999.9'}.items(),
)
def test_ends_of_the_values_that_repeat_far_from_all_others_are_refused(values, codes):
    """They can be kept, as where values are cut off."""
    table = put([3, 5], ['f0', 'f1'], values)
    line = import_tables(table, status=1)
    assert f'does {codes} stand for no value? if so, see docs/own-data.md' in line
    import_tables(table, options=['--keep-codes'])


def test_an_end_that_is_nearer_or_occurs_once_is_a_value():
    import_tables(put([3, 5], ['f0', 'f1'], (-2.9, 2.9)))
    import_tables(put(3, 'f1', 99))


@pytest.mark.parametrize('rows', ['A,1,2\nA,2,3\n', 'A,1,2\nB,2,3\n'])
def test_two_classes_are_needed_in_both_sets(rows):
    Path('a.csv').write_text(f'class,f0,f1\n{rows}')
    refused('import_data.py', 'a.csv', parts=['stars of each of two classes or more'])


def test_equal_sequences_are_as_of_one_star():
    X = np.array([[1.0], [2], [2], [3]])
    one, *same = group_sequences(X, np.array([*'abcb']))
    assert {*same} == {same[0]} != {one}


def test_the_split_takes_whole_stars_a_fifth_of_each_class():
    """A class gives at least its smallest star."""
    stars = np.repeat(range(12), [40, 30, 20, 1, 2, 3] * 2)
    Y = stars // 6
    fives = np.repeat(range(4), 5)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        is_test = choose_test(np.arange(len(Y)), Y, rng)
        assert np.bincount(Y[is_test]).tolist() == [19, 19]
        is_test = choose_test(stars, Y, rng)
        assert all(0 < is_test[Y == y].mean() <= 0.2 for y in (0, 1))
        assert not {*stars[is_test]} & {*stars[~is_test]}
        assert sum(choose_test(fives, fives // 2, rng)) == 10
