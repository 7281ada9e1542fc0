"""compare.py: settings side by side, how fast, how good, and whether it may be luck."""

import json
import re
from datetime import UTC, datetime
from io import StringIO
from unittest import mock

from support.runs import run_folder

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from conftest import TRAIN, refused, script

LAYER = "model.add(Dense(8, activation='tanh'))"
FACTS = {'layers': '16 relu, 1 sigmoid', 'class_names': ['sine wave', 'square wave']}
FACTS |= {'train': 'X', 'test': 'T', 'updates': 7, 'epochs': 300}
FACTS |= {'is_stopped': False, 'extent': None}
GOOD, BAD = (45, 46, 44), (0, 0, 0)  # of 50 answers are right
SLOW, FAST = (22, 21, 28), (11, 15, 12)  # epochs to 95 %


@pytest.fixture
def make(folder):
    """Make a setting, a run for each number of right answers; 30 of 50 are class 0."""

    def make(name, answers=GOOD, to_95=SLOW, code=TRAIN, seen=(), seed=0, **facts):
        for i, right in enumerate(answers):
            path = run_folder(f'{name}/{seed + i}')
            path.mkdir(parents=True)
            numbers = {'N_train': 20, 'seed': seed + i} | facts.get('numbers', {})
            run = FACTS | {'epochs_to_95': to_95[i]} | facts | {'numbers': numbers}
            run |= {'time': datetime.now(UTC).isoformat()}
            number = np.arange(50)
            table = pd.DataFrame({'class': number >= 30})
            table['in_train'] = np.isin(number, seen)
            table['predicted'] = (number < right) == table['class']
            table.astype(int).to_csv(path / 'predictions.csv', index=False)
            (path / 'train.py').write_text(f'# {name}\n{code}')
            (path / 'run.json').write_text(json.dumps(run))

    return make


def compare(*names):
    """Return {setting: {column: its lines}} of the table, and the lines below it."""
    with mock.patch('support.console.print_table') as shown:
        below = script('compare.py', *names).stdout
    (table,) = shown.call_args.args
    columns = {
        re.split('[?;]', column.header)[0]: [cell.split('\n') for cell in column.cells]
        for column in table.columns
    }
    rows = pd.DataFrame(columns).to_dict('records')
    return {row['setting'][0]: row for row in rows}, below


def verdicts(*names):
    """Return {setting: the word on its speed, and the one on its test}."""
    table, _ = compare(*names)
    return {
        name: (table[name]['How fast'][1], table[name]['How good'][1]) for name in table
    }


def test_each_setting_is_compared_with_the_first(make):
    make('a')
    make('b', GOOD[::-1], FAST)
    make('bad', BAD, ('never', 90, 120))
    table, below = compare('runs/b/', 'bad', 'a')
    assert [*table] == ['b', 'bad', 'a']
    assert table['b']['network'] == ['16 relu, 1 sigmoid']
    assert table['b']['How fast'] == ['12 (11-15)', '']
    assert table['b']['How good'] == ['90 (88-92)', '']
    assert table['bad']['How fast'] == ['120 (90-never)', 'slower']
    assert table['bad']['How good'] == ['0', 'worse']
    assert table['a']['How fast'] == ['22 (21-28)', 'slower']
    assert table['a']['How good'] == ['90 (88-92)', 'may be luck']
    assert 'seeds' not in below and 'points' not in below
    assert verdicts('bad', 'b')['b'] == ('faster', 'better')


def test_what_comes_later_than_a_training_without_95_percent_is_never(make):
    """Of trainings without 95 %, the shortest counts: here 100 epochs."""
    for seed, epochs in enumerate((100, 200, 300)):
        make('a', GOOD[:1], ['never'], seed=seed, epochs=epochs)
    make('b', to_95=(120, 130, 140))
    make('c', to_95=(11, 12, 13))
    assert [words[0] for words in verdicts(*'abc').values()] == [
        '',
        'may be luck',
        'faster',
    ]


def test_each_of_four_verdicts_must_be_four_times_as_sure(make):
    """What has no verdict is not counted."""
    make('a', to_95=(20, 21, 22))
    make('b', to_95=(23, 23, 25))  # p = 0.038
    make('c', to_95=(15, 22, 28))
    make('d', to_95=(22, 15, 28))
    make('e', to_95=(60, 61, 62))
    make('f', to_95=(None, 1, 1))
    words = [words[0] for words in verdicts(*'abcdef').values()]
    assert words == ['', *['may be luck'] * 3, 'slower', 'not counted']
    assert verdicts('a', 'b', 'f')['b'][0] == 'slower'
    assert verdicts('a', 'b', 'c')['b'][0] == 'may be luck'


def test_of_two_settings_the_means_and_their_interval_are_shown(make):
    """The means are those of the seeds that both settings have."""
    make('a', [*GOOD, 45, 0], [*SLOW, 1, 1])
    make('b', BAD, FAST, seed=1)
    make('b', BAD[:1], FAST, seed=0)
    table, below = compare('a', 'b')
    assert table['a']['How good'][0] == '72 (0-92)'
    assert 'b:\n  judged by the 4 seeds that both have\n' in below
    assert (
        'Test, b minus a, seeds 0, 1, 2, 3: 0.0 - 90.0 = -90.0 points,\n95 %' in below
    )
    assert re.search(r'\n95 % confidence: -9\d.\d to -8\d.\d\n', below)
    make('c', BAD)
    assert 'confidence' not in compare('b', 'c')[1]  # they answer alike
    make('d', (50, 40, 50))
    assert ' to 100.0\n' in compare('c', 'd')[1]


REASONS = {  # facts of the other setting, and the words on its speed and its test
    'mixed runs': ({'numbers': {'seed': 0, 'n': 1}}, 'mixed runs', 'mixed runs'),
    'other data': ({'train': 'Y', 'updates': 9}, 'other data', 'worse'),
    'other batches': ({'updates': 13, 'to_95': [None] * 3}, 'other batches', 'worse'),
    'epochs not counted': ({'to_95': [None] * 3}, 'not counted', 'worse'),
    'another test': ({'test': 'U', 'seen': range(50)}, 'faster', 'other test'),
    'a short test': ({'seen': range(9, 50)}, 'faster', 'test too short'),
    'two seeds': ({'answers': BAD[:2]}, 'needs 3 seeds', 'needs 3 seeds'),
    'two common seeds': ({'seed': 1}, *['needs 3 common seeds'] * 2),
}


@pytest.mark.parametrize('case', REASONS)
def test_a_setting_without_a_verdict_has_a_reason(make, case):
    facts, speed, test = REASONS[case]
    make('a')
    make('b', **{'answers': BAD, 'to_95': FAST} | facts)
    if case == 'mixed runs':
        make('b', BAD[:1], seed=3)
        assert verdicts('b', 'a')['a'] == ('b is mixed', 'b is mixed')
        line = 'b:\n  runs/b/3 is no seed of runs/b/0 (n = none, not 1)\n'
        assert line in compare('a', 'b')[1]
    assert verdicts('a', 'b')['b'] == (speed, test)
    assert ('points' in compare('a', 'b')[1]) == (test == 'worse')


def test_one_test_for_all_is_what_no_network_was_trained_with(make):
    """Of several tests, each is what no network with it was trained with."""
    make('a', [15] * 3, seen=range(5))
    table, below = compare('a')
    assert table['a']['How good'][0] == '22.2' and 'the 45 of 50 sequences' in below
    assert 'Always answering sine wave: 25 of these 45' in below
    make('leak', [45] * 3, seen=range(30, 50))
    make('other', [15] * 3, test='U', seen=range(10))
    table, below = compare('a', 'leak', 'other')
    cells = [row['How good'][0] for row in table.values()]
    assert cells == ['40', '100', '12.5']
    assert below.startswith('Tests differ; that of runs/a/0: the 25 of 50 ')
    make('all', seen=range(50))
    assert compare('all')[0]['all']['How good'][0] == '-'


def test_lines_that_differ_stand_below_the_table(make):
    make('a')
    make('b', code=TRAIN.replace('(8, ', '(9, '))
    lines = f'b:\n  - {LAYER}\n  + {LAYER.replace("8", "9")}\nTest: '
    assert compare('a', 'b')[1].startswith(lines)
    make('c', code=f'{TRAIN}N_train = 5\n')  # further down it is a line like others
    assert compare('a', 'c')[1].startswith('c:\n  + N_train = 5\nTest: ')
    make('d', code='x = 1\n' * 13)
    assert '  ...\nTest: ' in compare('a', 'd')[1]
    make('e', code=TRAIN.replace("'tanh'", '"tanh"') + 'import a')  # no difference
    assert compare('a', 'e')[1].startswith('Test: ')


def test_numbers_and_data_that_differ_stand_in_the_table(make):
    make('a')
    make('b', code=TRAIN.replace('N_train = 200', 'n = 3'), numbers={'n': 3})
    make('c', train='Z')
    table, below = compare('a', 'b', 'c')
    assert table['b']['network'] == [FACTS['layers'], 'n = 3, not none']
    assert table['c']['network'] == [FACTS['layers'], 'other training data']
    assert below.startswith('Test: ')


def test_without_names_the_newest_eight_settings_are_shown(make):
    """The overview judges nothing, and a stopped run is of no setting."""
    refused('compare.py', parts=['there is no run in runs', 'python train.py'])
    for name in 'wide', *(f'{"a-long-name" * 4}-{i}' for i in range(9)):
        make(name, numbers={'N_epochs_of_one_fit': 3})
    make('7', GOOD[:1], is_stopped=True, epochs=2)
    table, below = compare()
    assert len(table) == 8 and not {'wide', '7'} & {*table}
    assert table[f'{"a-long-name" * 4}-8']['How fast'] == ['22 (21-28)']
    assert below.startswith('Test: ') and 'For verdicts' in below
    refused('compare.py', 'wede', parts=['runs/wede: the nearest are wide, a-long'])
    network = compare('7')[0]['7']['network']
    assert network == [f'{FACTS["layers"]}, stopped after epoch 2']


def test_a_screen_of_80_columns_has_room_for_all(make):
    """A [b] in a name is no markup."""
    names = 'a[b]', 'c', 'a-long-name' * 4
    for name in names:
        make(name, numbers={'N_epochs_of_one_fit': 3})
    for typed in (), names, names[1:]:
        printed = script('compare.py', *typed, env={'COLUMNS': '80'}).stdout
        for part in 'How fast? Epochs', 'How good? Test', '22 (21-28)', '90 (88-92)':
            assert part in printed
        assert ('a[b]' in printed) == (len(typed) != 2)
        assert max(map(len, printed.splitlines())) <= 80


def test_csv_has_a_row_for_each_run_with_its_numbers_and_facts(make):
    make('wide', to_95=[22, 21, 'never'], numbers={'neurons': 64})
    for i in range(9):
        make(f'net-{i}')
    table = pd.read_csv(StringIO(script('compare.py', '--csv').stdout))
    assert len(table) == 30 and table.columns[0] == 'seed'
    assert not {'class_names', 'numbers', 'code'} & {*table}
    row = table.set_index('folder').loc['runs/wide/2']
    names = ['setting', 'seed', 'neurons', 'epochs_to_95', 'updates']
    assert [*row[names]] == ['wide', 2, 64, 'never', 7]


def test_the_picture_has_a_dot_for_each_seed_and_a_line_for_their_middle(make, figures):
    """The label never stands beyond the most epochs that were trained."""
    make('a', to_95=('never', 90, 120))
    make('b', BAD, FAST)
    compare('a', 'b')
    speed, test = figures['compare.png'].axes
    first, line, other, _ = speed.collections
    dots = np.concatenate([dots.get_offsets() for dots in (first, other)])
    assert [*dots[:, 0]] == [330, 90, 120, 11, 15, 12] and len({*dots[:, 1]}) == 6
    assert line.get_segments()[0][0, 0] == 120
    assert [*test.collections[2].get_offsets()[:, 0]] == [0, 0, 0]
    left, right = speed.get_xlim()
    assert left < 0 and right > 330 and test.get_xlim()[0] < 0
    assert [label.get_text() for label in speed.get_yticklabels()] == ['a', 'b']
    assert speed.get_ylim() == (1.5, -0.5)  # the first is on top
    assert speed.get_xticks()[-1] == 330 and min(speed.get_xticks()) == 0
    assert speed.get_xticklabels()[-1].get_text() == 'never'
    compare('b')
    labels = figures['compare.png'].axes[0].get_xticklabels()
    assert 'never' not in [label.get_text() for label in labels]


@pytest.mark.drawn
@pytest.mark.slow
def test_the_picture_of_eighty_settings_is_no_higher_than_41_inches(make):
    """A $ in a name is a $."""
    names = [f'a${i}_$' for i in range(80)]
    for name in names:
        make(name)
    compare(*names)
    assert 5000 < plt.imread('compare.png').shape[0] < 6200
