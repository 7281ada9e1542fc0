"""compare.py: settings side by side, how fast, how good, and whether it may be luck."""

import json
import re
import time
from io import StringIO
from pathlib import Path
from unittest import mock

from support.statistics import luck_in_speed, luck_in_test

import numpy as np
import pandas as pd
import pytest
from conftest import TRAIN, refused, script
from scipy.stats import ttest_1samp, ttest_ind


def test_luck_in_speed():
    """Welch's test of logarithms; what is later than the last epoch is never."""
    epochs = [22, 21, 28, 30], [12, 11, 15]
    result = ttest_ind(*map(np.log, epochs), equal_var=False)
    assert luck_in_speed(*epochs)[0] == pytest.approx(result.pvalue)
    assert luck_in_speed([7, 7, 7], [8, 8, 8]) == (0, pytest.approx(8 / 7))
    assert luck_in_speed([7, 7, 7], [7, 7, 7])[0] == 1
    late = luck_in_speed([20, np.inf, 30], [80, 90, 99], 50)
    assert late == luck_in_speed([20, 50, 30], [50, 50, 50])


def test_luck_in_test():
    """Welch's where seeds differ; a paired one, with two more, where they agree."""
    rng = np.random.default_rng(2)
    first = rng.random((3, 50000)) < [[0.7], [0.9], [0.8]]
    other = rng.random((4, 50000)) < [[0.95], [0.93], [0.97], [0.9]]
    welch = ttest_ind(other.mean(axis=1), first.mean(axis=1), equal_var=False)
    expected = welch.pvalue, *welch.confidence_interval()
    assert luck_in_test(first, other) == pytest.approx(expected, rel=0.03)
    one, two = rng.random((2, 200)) < [[0.9], [0.7]]
    paired = ttest_1samp([*(two.astype(int) - one), 7 / 24, -7 / 24], 0)
    expected = paired.pvalue, *paired.confidence_interval()
    pair = np.tile(one, (3, 1)), np.tile(two, (4, 1))
    assert luck_in_test(*pair) == pytest.approx(expected)
    right = np.ones((3, 50), bool)
    assert luck_in_test(right, right) == pytest.approx((1, -0.055, 0.055), abs=1e-3)
    # The variance of single answers, which is in that of both, counts once
    answers = [rng.random((n, 2000)) < 0.8 for n in (5, 20)]
    _, low, high = luck_in_test(*answers)
    assert 1.8 < (high - low) / 2 / np.sqrt(0.16 / 2000 * (1 / 5 + 1 / 20)) < 2.3


LAYER = "model.add(Dense(8, activation='tanh'))"
FACTS = {'layers': '16 relu, 1 sigmoid', 'class_names': ['sine wave', 'square wave']}
FACTS |= {'train': 'X', 'test': 'T', 'updates': 7, 'epochs': 300}
FACTS |= {'is_stopped': False, 'extent': None}
SOME, NONE = (45, 46, 44), (0, 0, 0)  # of 50 answers are right
SLOW, FAST = (22, 21, 28), (11, 15, 12)  # epochs to 95 %


@pytest.fixture
def make(folder):
    """Make a setting, a run for each number of right answers; 30 of 50 are class 0."""

    def make(name, answers=SOME, to_95=SLOW, code=TRAIN, seen=0, seed=0, **facts):
        for i, right in enumerate(answers):
            path = Path('runs', name, str(seed + i))
            path.mkdir(parents=True)
            numbers = {'N_train': 20, 'seed': seed + i} | facts.get('numbers', {})
            run = FACTS | {'epochs_to_95': to_95[i], 'time': time.time()} | facts
            number = np.arange(50)
            table = pd.DataFrame({'class': number >= 30, 'in_train': number < seen})
            table['predicted'] = (number < right) == table['class']
            table.astype(int).to_csv(path / 'predictions.csv', index=False)
            (path / 'train.py').write_text(f'# {name}\n{code}')
            (path / 'about.txt').write_text(facts.get('about', 'generate_data.py'))
            (path / 'run.json').write_text(json.dumps(run | {'numbers': numbers}))

    return make


def compare(*names):
    """Return the cells of each setting in the table, and the lines below."""
    with mock.patch('support.console.print_table') as shown:
        below = script('compare.py', *names).stdout
    (table,) = shown.call_args.args
    rows = zip(*(column.cells for column in table.columns), strict=True)
    rows = [[cell.strip().replace('\n', '; ') for cell in row] for row in rows]
    return {row[0].partition(';')[0]: row[1:] for row in rows}, below


def test_verdicts(make, figures):
    """Each against the first: speed, and then the test; three seeds are needed."""
    make('a')
    make('b', SOME[::-1], FAST)
    make('bad', NONE, ('never', 90, 120))
    make('two', NONE[:2], FAST)
    table, _ = compare('runs/a/', 'b')
    assert table['a'] == ['16 relu, 1 sigmoid', '22 (21-28)', '90 (88-92)']
    assert table['b'][1:] == ['12 (11-15); faster', '90 (88-92); may be luck']
    table, below = compare('b', 'bad', 'a')
    assert table['bad'][1:] == ['120 (90-never); slower', '0; worse']
    assert 'Difference' not in below and 'three seeds' not in below
    table, below = compare('bad', 'b')
    assert table['b'][1:] == ['12 (11-15); faster', '90 (88-92); better']
    assert '+90.0 points; 95 % confidence: +7' in below
    dots = [axis.collections[0].get_offsets() for axis in figures['compare.png'].axes]
    assert [*dots[0][1:, 0]] == [90, 120, 11, 15, 12] and dots[0][0, 0] > 120  # never
    assert [*dots[1][:, 0]] == [0, 0, 0, 88, 92, 90]
    table, below = compare('a', 'two')
    assert table['two'][1:] == ['13 (11-15)', '0'] and 'three seeds of each' in below


def test_of_several_the_clearest(make):
    """What a pair is sure of, a table of five is not, but for what is clearer."""
    make('a', to_95=(20, 21, 22))
    make('b', to_95=(23, 24, 25))
    assert compare('a', 'b')[0]['b'][1] == '24 (23-25); slower'
    for name in 'cd':
        make(name, to_95=(15, 22, 28))
    make('e', to_95=(60, 61, 62))
    words = [row[1].partition('; ')[2] for row in compare()[0].values()]
    assert words == ['', *['may be luck'] * 3, 'slower']


NOT_JUDGED = [  # facts of a faster setting; what is other, and what of speed and test
    ({'updates': 13}, [], '12 (11-15)', '0; worse'),
    ({'train': 'flipped'}, ['other training data'], '12 (11-15)', '0; worse'),
    ({'test': 'U'}, ['other test data'], '12 (11-15); faster', '0'),
    (
        {'is_stopped': True},
        ['no verdict: a run stopped after 300 epochs'],
        '12 (11-15)',
        '0',
    ),
    ({'to_95': [None] * 3}, [], '-', '0; worse'),
    ({'to_95': ['never'] * 3, 'epochs': 20}, [], 'never; may be luck', '0; worse'),
]


@pytest.mark.parametrize('facts, changes, speed, test', NOT_JUDGED)
def test_what_is_not_judged(make, facts, changes, speed, test):
    """It has a row all the same, which says what is other."""
    make('a')
    make('b', NONE, **{'to_95': FAST} | facts)
    what, *cells = compare()[0]['b']
    assert what.split('; ')[1:] == changes and cells == [speed, test]


def test_one_test_for_all(make, figures):
    """The sequences that no network of the table was trained with, and one baseline."""
    make('a', [15] * 3, seen=5)
    table, below = compare()
    assert table['a'][2] == '22.2' and 'the 45 of 50 sequences' in below
    assert 'Always answering sine wave: 25 of these 45' in below
    make('leak', [45] * 3, seen=40)
    make('other', [15] * 3, test='U', seen=10)
    assert [row[2] for row in compare()[0].values()] == ['0', '50; better', '12.5']
    make('all', seen=50)
    assert compare('all')[0]['all'][2] == '-' and len(figures['compare.png'].axes) == 1


def test_what_a_setting_is(make):
    """Seeds, of one the newer run; no verdict if other things differ in a folder."""
    make('a')
    make('a', NONE[:1], [99], seed=3, numbers={'seed': 2})  # as a loop may leave it
    make('b', NONE, FAST)
    make('b', SOME[:1], [11], seed=3, code=f'{TRAIN}x = 1')
    table, below = compare()
    assert table['a'][1:] == ['22 (21-99)', '60.7 (0-92)']
    assert table['b'][1:] == ['11.5 (11-15)', '22.5 (0-90)']
    assert 'b:\n  not seeds of one setting (+ x = 1): no' in below


NEW = ['other training data', '- generate_data.py', r'+ new.py\x1b']
DIFFERENT = [  # what is replaced in the script, by what; facts; what is shown
    (LAYER, f'{LAYER}\n{LAYER}', {}, [f'+ {LAYER}']),
    ('8, ', '9, ', {}, [f'- {LAYER}', '+ ' + LAYER.replace('8', '9')]),
    ("'tanh'", ' "tanh" # no more than formatting\n', {}, []),
    ('import numpy as np', 'import numpy as np, keras', {}, []),
    ('N_train = 200', 'n = 3', {'numbers': {'n': 3}}, ['n = 3, not none']),
    ('', '', {'train': 'Z', 'about': 'new.py\x1b'}, NEW),
]


@pytest.mark.parametrize('old, new, facts, shown', DIFFERENT)
def test_what_differs_from_the_first(make, old, new, facts, shown):
    """Numbers and data in the table, and lines of the script below it."""
    make('a')
    make('b', code=TRAIN.replace(old, new), **facts)
    table, below = compare()
    assert table['b'][0].split('; ')[1:] + re.findall('(?m)^  (.*)', below) == shown
    Path('runs/a/0/train.py').unlink()
    assert 'a script is gone' in compare('a/0', 'b')[1]


def test_names_and_values(make):
    """None are the newest eight; --csv has all runs, with their numbers and facts."""
    refused('compare.py', parts=['there is no run in runs', 'python train.py'])
    make('wide', to_95=[22, 21, 'never'], numbers={'neurons': 64})
    for i in range(9):
        code = TRAIN + 'x = 1\n' * 2 * i
        make(f'{"a-long-name" * 4}-{i}', code=code, numbers={'N_epochs_of_one_fit': i})
    printed = script('compare.py', env={'COLUMNS': '80'}).stdout
    assert max(map(len, printed.splitlines())) <= 80
    assert printed.count('+ x = 1') == 2 + 4 + 6 + 8 + 10 + 12 + 12
    refused('compare.py', 'wede', parts=['runs/wede is missing', 'there are wide, '])
    table = pd.read_csv(StringIO(script('compare.py', '--csv').stdout), index_col=0)
    assert len(table) == 30 and not {'class_names', 'numbers'} & {*table}
    row = table.loc['runs/wide/2', ['seed', 'neurons', 'epochs_to_95', 'updates']]
    assert [*row] == [2, 64, 'never', 7]
    Path('runs/wide/0/run.json').write_text('{"time": ')
    assert 'runs: 2' in script('compare.py', 'wide').stdout
