"""compare.py: settings side by side, and what the test says of them."""

import itertools
import json
import os
import re
import shutil
from io import StringIO
from pathlib import Path
from unittest import mock

from support.runs import wilson_interval
from support.statistics import accuracy_interval, difference, judge

import numpy as np
import pandas as pd
import pytest
from conftest import refused, script
from scipy.stats import binomtest, t, ttest_1samp, ttest_ind

MADE_UP = {
    'data': '20 of 20 + 10 of 10 sequences, sine and square waves, seed 0',
    'layers': '16 relu, 8 tanh, 1 sigmoid',
    'optimizer': 'rmsprop 0.001',
    'loss': 'binary_crossentropy',
    'epochs': 3,
    'updates': 21,
    'class_names': ['sine wave', 'square wave'],
    'stopped': False,
    'evaluated': True,
    'n_duplicates': 0,
    'N_test': 10,
    'train_hash': 'a',
    'test_hash': 'b',
    'network': 'c',
    'versions': {'keras': '3'},
}
N_TRAIN = '; N_train = 20'  # of the reference
CODE = """
model.add(Dense(8, 'relu'))
model.compile('rmsprop')
history = model.fit(X_train, Y_train,
                    callbacks=[ShowAndSave()])
"""


@pytest.fixture
def made_up(folder):
    """Make a run; of its answers to a test, six of ten of class 0, 1 is a right one."""

    def make(name, right='1' * 10, to_95=2, code=CODE, loss=(0.7, 0.2, 0.1), **more):
        path = Path('runs', name)
        path.mkdir(parents=True)
        facts = {**MADE_UP, **more, 'epochs_to_95': to_95}
        facts['time'] = f'2026-01-01T00:00:{len(os.listdir("runs")):02}'
        facts['numbers'] = {'N_train': 20, 'seed': 0} | more.get('numbers', {})
        (path / 'run.json').write_text(json.dumps(facts))
        text = f'# notes {name}\nimport keras\nN_train = 20\nseed=0\n'
        (path / 'train.py').write_text(code and text + code)
        (path / 'history.csv').write_text('\n'.join(map(str, ['loss', *loss])))
        if facts['evaluated']:
            classes = np.arange(len(right)) >= 0.6 * len(right)
            predicted = classes == (np.array([*right]) == '1')
            answers = pd.DataFrame({'class': classes, 'predicted': predicted})
            answers.astype(int).to_csv(path / 'predictions.csv', index=False)

    return make


def seeds(made_up, name, answers, **more):
    """Make a run for each of some answers, with the seeds 0, 1, ...; their names."""
    for i, right in enumerate(answers):
        made_up(f'{name}{i}', right=right, **more, numbers={'seed': i})
    return [f'{name}{i}' for i in range(len(answers))]


def shown(*arguments):
    """Return what compare.py prints in a wide terminal, without the line ends."""
    printed = script('compare.py', *arguments, env={'COLUMNS': '300'}).stdout
    return re.sub('\n +', ' ', printed)


def row(name, *arguments):
    """Return the cells of a setting in the table."""
    (line,) = re.findall(rf'(?m)^{name}  .*', shown(*arguments))
    return re.split('  +', line.strip())[1:]


def test_one_network_each():
    """Two differ as McNemar's test says, by Bonett and Price's interval with t."""
    right = np.arange(50)[None] < 46
    assert accuracy_interval(right) == pytest.approx(wilson_interval(46, 50))
    for n, m, comparisons in itertools.product(range(20), (0, 2, 4), (1, 3)):
        one, two = np.zeros((2, 1, 50), bool)
        one[0, :n] = two[0, n : n + m] = True  # each is right where the other isn't
        p = min(1, comparisons * (binomtest(n, n + m).pvalue if n + m else 1))
        verdict, numbers = judge(one, two, comparisons)
        assert f'right on {m} of 50, the first on {n} (p = {p:.2g})' in numbers
        differs = 'is worse' if n > m else 'is better'
        expected = differs if p < 0.05 else 'cannot be told apart'
        assert verdict == f'{expected}, with these seeds'
        a, b = (n + 1) / 52, (m + 1) / 52
        half = t.ppf(1 - 0.025 / comparisons, 51)
        half *= np.sqrt((a + b - (a - b) ** 2) / 52)
        numbers = (m - n) / 50, b - a - half, b - a + half
        assert difference(one, two, comparisons) == pytest.approx(numbers)


def test_with_many_sequences_the_seeds_count():
    """By Welch's test; of two, which say too little of others, the sequences alone."""
    rng = np.random.default_rng(2)
    accuracies = [[0.7, 0.9, 0.8, 0.6], [0.95, 0.93, 0.97]]
    first, other = (rng.random((len(x), 50000)) < np.c_[x] for x in accuracies)
    _, low, high = difference(first, other)
    means = [x.mean(axis=1) for x in (other, first)]
    theirs = ttest_ind(*means, equal_var=False).confidence_interval()
    assert [low, high] == pytest.approx([*theirs], rel=0.01)
    theirs = np.ptp(ttest_1samp(means[0], 0).confidence_interval())
    assert np.ptp(accuracy_interval(other)) == pytest.approx(theirs, rel=0.1)
    assert np.ptp(difference(first[:2], other)[1:]) < 0.1 * (high - low)
    # Their errors cancel out; yet it was not tested with more sequences.
    right = np.arange(50) < [[40], [0]]
    right[1, -40:] = True
    assert accuracy_interval(right) == pytest.approx(wilson_interval(40, 50))


def test_equal_settings_are_rarely_called_different():
    """Of made-up settings of the same accuracy, whose networks vary with the seed."""
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(400):
        accuracies = rng.normal(0.8, 0.02, (2, 5, 1))
        first, other = rng.random((2, 5, 500)) < accuracies
        _, low, high = difference(first, other)
        is_sure = judge(first, other)[0] != 'cannot be told apart'
        assert is_sure == (low > 0 or high < 0)
        wrong += is_sure
    assert 0 < wrong <= 0.07 * 400  # 95 % confidence


SOME = ['1' * 45 + '0' * 5, '1' * 46 + '0' * 4, '1' * 44 + '0' * 6]
NONE = ['0' * 50] * 3
WIDE = {'layers': '64 relu, 8 tanh, 1 sigmoid'}


def test_a_verdict_on_settings(made_up):
    """Each against the first, for other seeds as well if there are three of each."""
    first = seeds(made_up, 'a', SOME)
    wide = seeds(made_up, 'wide', SOME[::-1], **WIDE)
    bad = seeds(made_up, 'bad', NONE, layers='1 relu')
    printed = shown(*first, *wide)
    equal = r'wide0 ... wide2 \(3\) cannot be told apart: \+0.0 points'
    assert re.search(rf'against a0 .*: {equal} \(-\d+\.\d to \+\d+\.\d\)\n', printed)
    assert 'not for new training sequences.\nWhat cannot be told apart need' in printed
    printed = shown(*bad, *first, *wide)
    assert 'corrected for 2 comparisons' in printed
    assert printed.count(' is better: +90.0 points (') == 2
    assert ' is worse: -90.0 points (' in shown(*first, *bad)
    for few in (*first, 'wide0'), ('a0', *wide), ('a0', 'a1', 'wide0', 'wide1'):
        assert ' apart, with these seeds: ' in shown(*few)
    for nothing_chosen in [], ['--all'], first, first[:1]:
        printed = shown(*nothing_chosen)
        assert 'runs of two settings or more' in printed and 'against' not in printed


def test_a_verdict_on_two_runs(made_up):
    """Also of one setting; and none where they can't be compared."""
    made_up('1')
    made_up('2', numbers={'seed': 1}, right='0000000000')
    made_up('c', code='x = 2', right='1111111000')
    made_up('e', code='x = 4', test_hash='another')
    made_up('f', code='x = 5', evaluated=False, test_hash=None)
    made_up('g', code='x = 6', n_duplicates=10)
    for pair, verdict in {
        '1c': 'c cannot .*, with these seeds: alone right on 0 of 10, the first on 3',
        '12': '2 +seed = 1 .* 2 is worse, with these seeds: ',
        '1e': 'e was not tested with the same sequences',
        '': 'f was not tested\n.*g was trained with its test sequences: memory',
        '1g': 'g was trained with its test sequences: memory',
        'f1': 'f was not tested',
    }.items():
        printed = shown(*pair)
        assert re.search(f'(?s){verdict}', printed)
        assert ('Name tested runs' in printed) == (pair == '')
        assert ('no verdict' in printed) == (pair in ('1e', '1g', 'f1'))


def test_a_table_of_settings(made_up):
    refused('compare.py', parts=['there is no run yet'])
    made_up('1')
    made_up('2', code=f'import os\n{CODE}  # a note', numbers={'seed': 1}, to_95=None)
    made_up('3', right='1' * 8 + '00', numbers={'seed': 2}, to_95=7)
    made_up('4', right='1' * 8 + '00', numbers={'seed': 3}, to_95=4)
    made_up('wide', **WIDE, right='1' * 1000, test_hash='c')
    made_up('5', loss=(0.70001, 0.3))  # 1 again, on a GPU
    Path('runs/6').mkdir()  # not a run
    layers = MADE_UP['layers'] + N_TRAIN
    cells = row('wide', 'wide')
    assert cells == [WIDE['layers'] + N_TRAIN, '2', '100', '99.6-100.0 *']
    cells = row(r'1 ... 4 \(4\)', '--all')
    assert cells[:3] == [layers, '5.5 [2-never]', '90 [80-100]']
    cells = row(r'2 ... 3 \(2\)', 2, 3, 'wide')
    assert cells[:3] == [layers, 'never [7-never]', '90 [80-100]']
    printed = shown()
    assert 'Made twice, so counted once: 5 (as 1)' in printed
    assert 'in [ ]' in printed and 'Always answering sine wave: 60 %' in printed
    made_up('free', right='0' * 10, loss=(0.71, 0.2))  # not by the seed alone
    assert row(r'1 ... free \(2\)', 1, 'free', 'wide')[2] == '50 [0-100]'
    assert shown('runs/1', 'runs/wide/') == shown('1', 'wide')


def test_only_the_newest_and_in_80_columns(made_up):
    for i in range(10):
        name = f'a-long-name-as-people-like-to-give-{i}'
        made_up(name, numbers={'N_epochs_of_the_longer_training': i})
    for columns, arguments, n in ('80', [], 8), ('79', ['--all'], 10):
        printed = script('compare.py', *arguments, env={'COLUMNS': columns}).stdout
        assert max(map(len, printed.splitlines())) <= int(columns)
        assert len(re.findall('(?m)^a-long', printed)) == n
        assert ('left out: 2;' in printed) == (n == 8)


def edited(old, new):
    return {'code': CODE.replace(old, new)}


DIFFERENT = {
    'n = 5; updates per epoch: 2': {'numbers': {'n': 5}, 'updates': 6},
    f'{WIDE["layers"]}; x = 1': WIDE | edited("8, 'relu'))", '64))\nx = 1'),
    "adam 1; model.add(Dense(8, 'tanh'))": (
        {'optimizer': 'adam 1'}
        | edited("relu'))\nmodel.compile(", "tanh'))\nmodel.compile('adam'")
    ),
    'data: random phase, seed 1': {'data': '9 of 9 sequences, random phase, seed 1'},
    'other sequences or network': {'train_hash': 'other'},
    'stopped after 3': {'stopped': True},
    'validation_split=0.25': edited('Y_train,', 'Y_train,\n validation_split=0.25,'),
    'model.add(Dense(8, L2(0.1)))': {'network': 'other'} | edited("'relu'", 'L2(0.1)'),
    "without model.add(Dense(8, 'relu'))": edited("model.add(Dense(8, 'relu'))", ''),
    'callbacks=[ShowAndSave()])': {'code': f'{CODE}\ncallbacks=[ShowAndSave()])'},
    'script of run r10 unknown': {'code': ''},
    'script of run r11 unknown': {'code': ''},
}


def test_what_differs_from_the_first(made_up):
    """It says its layers; others what a diff shows, in the script's words."""
    made_up('1')
    for i, facts in enumerate(DIFFERENT.values()):
        made_up(f'r{i}', **facts)
    printed = shown('1', *(f'r{i}' for i in range(len(DIFFERENT))))
    cells = re.findall('(?m)^\\w+ +(.*?) +2 +100', printed)
    assert cells == [MADE_UP['layers'] + N_TRAIN, *DIFFERENT]
    assert row('1', 'r0', '1')[0] == 'without n = 5; updates per epoch: 7'


def test_values_and_scripts(made_up):
    """--csv has a row for each run, a column for each fact; --diff compares scripts."""
    names = seeds(made_up, 'a', SOME)
    made_up('wide', **WIDE, numbers={'neurons': 64}, code='x = 1', to_95=None)
    table = pd.read_csv(StringIO(script('compare.py', '--csv').stdout))
    assert list(table['name']) == [*names, 'wide']
    assert list(table['seed']) == [0, 1, 2, 0] and table['neurons'][3] == 64
    assert list(table['epochs_to_95'].isna()) == [False] * 3 + [True]
    assert not {'numbers', 'class_names', 'versions', 'losses'} & {*table}
    diff = script('compare.py', '--diff', 'a0', 'wide').stdout
    assert '\n+x = 1\n' in diff and '+++ runs/wide/train.py' in diff
    shutil.copy('runs/a0/train.py', 'runs/a1')
    assert 'scripts are the same' in shown('--diff', 'a0', 'a1')
    refused('compare.py', '--diff', 'a0', status=2)
    refused('compare.py', 'a0', '--all', status=2)
    refused('compare.py', '9', parts=['runs/9 is missing', 'are a0, a1, a2, wide'])
    Path('runs/a0/run.json').write_text('{}')
    refused('compare.py', parts=['runs/a0/run.json cannot be read'])


def test_runs_without_a_field(made_up):
    """It costs a dash at most, not the table."""
    fields = [*MADE_UP, 'epochs_to_95', 'numbers']
    for i, field in enumerate(fields):
        made_up(field, numbers={'N_train': i})
        path = Path('runs', field, 'run.json')
        facts = json.loads(path.read_text())
        path.write_text(json.dumps({x: facts[x] for x in facts if x != field}))
    for order in fields, fields[::-1]:
        assert re.findall(r'(?m)^(\w+)  +\S', shown(*order))[1:] == order
    assert re.search('(?m)^epochs_to_95  .*  -  ', shown())


def test_the_picture(made_up):
    """Losses, none cut off; a row for each setting: how fast, how good, the verdict."""
    names = seeds(made_up, 'a', SOME, loss=(9, 0.2, 0.1))
    names += seeds(made_up, 'bad', NONE, layers='1 relu', to_95=None, loss=(300, 299))
    made_up('one', **WIDE, right=SOME[0], loss=(0.5,))
    made_up('$x_', numbers={'N_train': 3}, evaluated=False, test_hash=None)
    with mock.patch('utilities.save_plot') as save_plot:
        script('compare.py', *names, 'one', '$x_')
    figure = save_plot.call_args[0][0]
    figure.draw_without_rendering()
    losses, speed, test = figure.axes
    curves = [[9, 0.2, 0.1]] * 3 + [[300, 299]] * 3 + [[0.5], [0.7, 0.2, 0.1]]
    assert [list(line.get_ydata()) for line in losses.lines] == curves
    assert losses.get_ylim()[0] < 0 and 300 < losses.get_ylim()[1] < 400
    labels = [label.get_text().split('\n')[0] for label in speed.get_yticklabels()]
    assert labels == ['a0 ... a2 (3)', 'bad0 ... bad2 (3)', 'one', '$x_']
    fast, never, *_ = (line.get_xdata() for line in speed.lines)
    assert list(fast) == [2, 2, 2] and len({*never}) == 1 and never[0] > 3
    assert [x.get_text() for x in speed.get_xticklabels()] == ['1', 'never']
    assert speed.get_xticks()[1] == never[0]
    dots = [line for line in test.lines if line.get_marker() == 'o']
    assert [list(x.get_xdata()) for x in dots] == [[90, 92, 88], [0, 0, 0], [90], []]
    assert [*dots[1].get_ydata()] == [1, 1, 1] and test.yaxis_inverted()
    colours = [line.get_color() for line in losses.lines[::3]]
    assert colours == [line.get_color() for line in speed.lines[:3]]
    bars = [bar.get_datalim(test.transData).intervalx for bar in test.collections]
    assert [*bars[2] / 100] == pytest.approx([*wilson_interval(45, 50)])
    filled = [len(bar.get_facecolor()) > 0 for bar in test.collections]
    assert filled == [True, True, False]
    left, right = test.get_xlim()
    assert left < np.min(bars) and np.max(bars) < right
    verdicts = [text.get_text().replace('\n', ' ') for text in test.texts]
    few = 'cannot be told apart, with these seeds'
    assert verdicts == ['reference', 'is worse', few, 'was not tested']
    for text in [*test.texts, *speed.get_yticklabels()]:
        box = text.get_window_extent()
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
