"""compare.py: settings side by side, how fast, how good, and whether it may be luck."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from unittest import mock

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

    def make(name, answers=GOOD, to_95=SLOW, code=TRAIN, seen=0, seed=0, **facts):
        for i, right in enumerate(answers):
            path = Path('runs', name, str(seed + i))
            path.mkdir(parents=True)
            numbers = {'N_train': 20, 'seed': seed + i} | facts.get('numbers', {})
            time = datetime.now(UTC).isoformat()
            run = FACTS | {'epochs_to_95': to_95[i], 'time': time} | facts
            number = np.arange(50)
            table = pd.DataFrame({'class': number >= 30, 'in_train': number < seen})
            table['predicted'] = (number < right) == table['class']
            table.astype(int).to_csv(path / 'predictions.csv', index=False)
            (path / 'train.py').write_text(f'# {name}\n{code}')
            (path / 'run.json').write_text(json.dumps(run | {'numbers': numbers}))

    return make


def compare(*names):
    """Return the three cells of each setting in the table, and the lines below."""
    with mock.patch('support.console.print_table') as shown:
        below = script('compare.py', *names).stdout
    (table,) = shown.call_args.args
    rows = zip(*(column.cells for column in table.columns), strict=True)
    rows = [[cell.strip().replace('\n', '; ') for cell in row] for row in rows]
    return {row[0].partition(';')[0]: row[1:] for row in rows}, below


def test_verdicts(make):
    """Each setting is compared with the first: its speed, and its test."""
    make('a')
    make('b', GOOD[::-1], FAST)
    make('bad', BAD, ('never', 90, 120))
    table, below = compare('runs/b/', 'bad', 'a')
    assert table['b'] == ['16 relu, 1 sigmoid', '12 (11-15)', '90 (88-92)']
    assert table['bad'][1:] == ['120 (90-never); slower', '0; worse']
    assert table['a'][1:] == ['22 (21-28); slower', '90 (88-92); may be luck']
    assert 'seeds' not in below and 'points' not in below
    table, below = compare('bad', 'b')
    assert table['b'][1:] == ['12 (11-15); faster', '90 (88-92); better']
    assert 'b minus bad, 3 seeds: +90.0 points; 95 % confidence: +81.' in below


def test_what_comes_later_is_never(make):
    """One run never got there in 100 epochs: 150 epochs are never, too."""
    make('a', to_95=('never', 150, 160), epochs=100)
    make('b', to_95=(120, 130, 140))
    assert compare('a', 'b')[0]['b'][1].endswith('may be luck')


def test_of_four_each_passes_a_quarter(make):
    """What a pair is sure of, four are not; what cannot be judged does not count."""
    make('a', to_95=(20, 21, 22))
    make('b', to_95=(23, 24, 25))
    make('c', to_95=(15, 22, 28))
    make('d', to_95=(22, 15, 28))
    make('e', to_95=(60, 61, 62))
    make('f', to_95=(None, 1, 1))
    words = [cells[1].partition('; ')[2] for cells in compare(*'abcdef')[0].values()]
    assert words == ['', *['may be luck'] * 3, 'slower', '']
    assert compare('a', 'b', 'f')[0]['b'][1] == '24 (23-25); slower'


def test_the_interval(make):
    """Ends at 100 points, and is not there where all networks answer alike."""
    make('a', BAD)
    make('b', (50, 40, 50))
    assert ' to +100.0\n' in compare('a', 'b')[1]
    assert ' confidence: -100.0 to -' in compare('b', 'a')[1]
    make('c', BAD)
    assert 'confidence' not in compare('a', 'c')[1]


NOT_JUDGED = {  # facts of the other setting; what is said of its speed and its test
    'other batches': ({'updates': 13}, '12 (11-15)', '0; worse'),
    'other training data': ({'train': 'flipped'}, '12 (11-15)', '0; worse'),
    'other test data': ({'test': 'U'}, '12 (11-15); faster', '0'),
    'epochs not counted': ({'to_95': [None] * 3}, '-', '0; worse'),
}


@pytest.mark.parametrize('name', NOT_JUDGED)
def test_what_is_not_judged(make, name):
    """Has a row all the same, and other data are said."""
    facts, speed, test = NOT_JUDGED[name]
    make('a')
    make('b', BAD, **{'to_95': FAST} | facts)
    changes, *cells = compare()[0]['b']
    assert cells == [speed, test] and (name in changes) == ('data' in name)


def test_a_stopped_run(make):
    """Ends the verdict on its setting, unless a whole run has its seed."""
    make('a')
    make('b', BAD, FAST)
    make('b', [50], [99], seed=3, numbers={'seed': 2}, is_stopped=True)
    assert compare()[0]['b'][1:] == ['12 (11-15); faster', '0; worse']
    make('b', [50], [99], seed=4, is_stopped=True, epochs=7)
    table, below = compare()
    assert table['b'][1:] == ['13.5 (11-99)', '25 (0-100)'] and 'three' not in below
    assert 'b:\n  no verdict: runs/b/4 stopped after epoch 7\n' in below


def test_seeds_that_both_have(make):
    """Only they are judged, and three of them are needed."""
    make('a', [*GOOD, 0, 0], [*SLOW, 1, 1])
    make('b', BAD, FAST)
    table, below = compare('a', 'b')
    assert table['b'][1:] == ['12 (11-15); faster', '0; worse']
    assert 'b:\n  judged by the 3 seeds that both have\n' in below
    make('c', BAD, FAST, seed=3)
    table, below = compare('a', 'c')
    assert table['c'][1:] == ['12 (11-15)', '0']
    assert 'A verdict needs three seeds that both have' in below


def test_seeds_of_one_setting(make):
    """Of several runs of one seed, the newest counts; other lines are no seeds."""
    make('a')
    make('a', BAD[:1], [99], seed=3, numbers={'seed': 2})  # as a loop may leave it
    make('b', BAD, FAST)
    make('b', GOOD[:1], [11], seed=3, code=f'{TRAIN}x = 1')
    table, below = compare()
    assert table['a'][1:] == ['22 (21-99)', '60.7 (0-92)']
    assert table['b'][1:] == ['11.5 (11-15)', '22.5 (0-90)']
    assert 'a:\n  of several runs with one seed, the newest whole one counts\n' in below
    assert 'b:\n  no verdict: not seeds of one setting (+ x = 1)\n' in below


def test_one_test_for_all(make):
    """The sequences that no network of the table was trained with, and one baseline."""
    make('a', [15] * 3, seen=5)
    table, below = compare()
    assert table['a'][2] == '22.2' and 'the 45 of 50 sequences' in below
    assert 'Always answering sine wave: 25 of these 45' in below
    make('leak', [45] * 3, seen=40)
    make('other', [15] * 3, test='U', seen=10)
    table, below = compare()
    assert [row[2] for row in table.values()] == ['0', '50; better', '12.5']
    assert 'Test of runs/a/0: the 10 of 50' in below and 'No verdict' not in below
    make('nine', [45] * 3, seen=41)
    table, below = compare('a', 'nine')
    assert table['nine'][1:] == ['22 (21-28); may be luck', '44.4']
    assert 'No verdict on a test of fewer than 10' in below and 'points' not in below
    make('all', seen=50)
    assert compare('all')[0]['all'][2] == '-'


def test_lines_that_differ(make):
    """Stand below the table; without names, a word in it must do."""
    make('a')
    make('b', code=TRAIN.replace('(8, ', '(9, '))
    lines = f'b:\n  - {LAYER}\n  + {LAYER.replace("8", "9")}\n'
    table, below = compare('a', 'b')
    assert below.startswith(lines) and table['b'][0] == FACTS['layers']
    table, below = compare()
    assert below.startswith('Test: ') and table['b'][0].endswith('; other lines')
    make('c', code=f'{TRAIN}N_train = 5\n')  # further down it is a line like others
    assert compare('a', 'c')[1].startswith('c:\n  + N_train = 5\n')


def test_numbers_and_data_that_differ(make):
    """Stand in the table."""
    make('a')
    make('b', code=TRAIN.replace('N_train = 200', 'n = 3'), numbers={'n': 3})
    make('c', train='Z')
    table, below = compare('a', 'b', 'c')
    assert table['b'][0].endswith('; n = 3, not none')
    assert table['c'][0].endswith('; other training data')
    assert below.startswith('Test: ')


def test_what_is_no_difference(make):
    """Formatting, and imports."""
    make('a')
    make('b', code=TRAIN.replace("'tanh'", '"tanh"') + 'import a')
    table, below = compare('a', 'b')
    assert table['b'][0] == FACTS['layers'] and below.startswith('Test: ')


def test_names(make):
    """None are the newest eight; of one that is not there, the most alike are named."""
    refused('compare.py', parts=['there is no run in runs', 'python train.py'])
    for name in 'wide', *(f'{"a-long-name" * 4}-{i}' for i in range(9)):
        make(name, numbers={'N_epochs_of_one_fit': 3})
    table, below = compare()
    assert len(table) == 8 and 'wide' not in table and 'at most 8' in below
    refused('compare.py', 'wede', parts=['no run in runs/wede: there are wide, a-'])


def test_the_screen(make):
    """Of 80 columns has room for all; a [b] in a name is no markup."""
    for name in 'a[b]', 'c', 'a-long-name' * 4:
        make(name, numbers={'N_epochs_of_one_fit': 3})
    printed = script('compare.py', env={'COLUMNS': '80'}).stdout
    for part in (
        'a[b]',
        'How fast? Epochs',
        'How good? Test',
        '22 (21-28)',
        '90 (88-92)',
    ):
        assert part in printed
    assert max(map(len, printed.splitlines())) <= 80


def test_csv(make):
    """Has a row for each run of all settings, with its numbers and facts."""
    make('wide', to_95=[22, 21, 'never'], numbers={'neurons': 64})
    for i in range(9):
        make(f'net-{i}')
    table = pd.read_csv(StringIO(script('compare.py', '--csv').stdout))
    assert len(table) == 30 and not {'class_names', 'numbers'} & {*table}
    row = table.set_index('folder').loc['runs/wide/2']
    names = ['setting', 'seed', 'neurons', 'epochs_to_95', 'updates']
    assert [*row[names]] == ['wide', 2, 64, 'never', 7]


def test_the_picture(make, figures):
    """A dot for each seed; the axis ends with the label never, if that happens."""
    make('a', to_95=('never', 90, 120))
    make('b', BAD, FAST)
    make('c', to_95=['never'] * 3)
    compare('a', 'b')
    speed, test = figures['compare.png'].axes
    dots = np.concatenate([row.get_offsets() for row in speed.collections])
    assert [*dots[:, 0]] == [144, 90, 120, 11, 15, 12] and len({*dots[:, 1]}) == 6
    assert [*test.collections[1].get_offsets()[:, 0]] == [0, 0, 0]
    for name, never in ('a', 144), ('c', 120):
        compare(name)
        axis = figures['compare.png'].axes[0]
        assert axis.get_xticks()[-1] == never
        assert axis.get_xticklabels()[-1].get_text() == 'never'
    compare('b')
    labels = figures['compare.png'].axes[0].get_xticklabels()
    assert 'never' not in [label.get_text() for label in labels]


@pytest.mark.drawn
@pytest.mark.slow
def test_the_picture_of_sixty_settings(make):
    """Is drawn, not higher than a page of 41 inches; a $ in a name is a $."""
    names = [f'a${i}$' * 12 for i in range(60)]
    for name in names:
        make(name)
    compare(*names)
    assert 5000 < plt.imread('compare.png').shape[0] < 6200
