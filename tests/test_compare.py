"""compare.py: settings side by side, and what the test says of them."""

import json
import os
import re
import shutil
from io import StringIO
from pathlib import Path
from unittest import mock

from support.runs import wilson_interval
from support.statistics import accuracy_interval, difference

import numpy as np
import pandas as pd
import pytest
from conftest import refused, script
from scipy.stats import binomtest, ttest_ind

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
    'train_hash': 'a',
    'test_hash': 'b',
    'versions': {'keras': '3'},
}
FIT = 'model.fit(X_train, Y_train, epochs=N_epochs, {}callbacks=[ShowAndSave()])'


@pytest.fixture
def made_up(folder):
    """Make a run; of its answers to a test, six of ten of class 0, 1 is a right one."""
    numbers = {'N_train': 20, 'seed': 0}

    def make(name, right='1' * 10, to_95=2, code='', loss=(0.7, 0.2, 0.1), **more):
        path = Path('runs', name)
        path.mkdir(parents=True)
        facts = {**MADE_UP, **more, 'epochs_to_95': to_95}
        facts['network'] = more.get('network', facts['layers'] + facts['optimizer'])
        facts['time'] = f'2026-01-01T00:00:{len(os.listdir("runs")):02}'
        facts['numbers'] = numbers | more.get('numbers', {})
        (path / 'run.json').write_text(json.dumps(facts))
        text = f'# notes {name}\nimport keras\nN_train = 20\nseed = 0\n'
        (path / 'train.py').write_text(f'{text}{code or FIT.format("")}\n')
        (path / 'history.csv').write_text('\n'.join(map(str, ['loss', *loss])))
        if facts['evaluated']:
            classes = [int(i >= 0.6 * len(right)) for i in range(len(right))]
            rows = [
                f'{y},{y if x == "1" else 1 - y}'
                for x, y in zip(right, classes, strict=True)
            ]
            (path / 'predictions.csv').write_text('\n'.join(['class,predicted', *rows]))

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


# --------------------------------------------------------------------- the statistics


def test_intervals_agree_with_those_of_others():
    """One network's is train.py's; two networks differ as McNemar's exact test says."""
    right = np.arange(50)[None] < 46
    assert accuracy_interval(right) == pytest.approx(wilson_interval(46, 50))
    for n in range(12):
        other = right.copy()
        other[0, :n] = False  # n sequences on which only the first is right
        is_worse = n > 0 and binomtest(0, n).pvalue < 0.05
        assert (difference(right, other)[2] < 0) == is_worse


def test_with_many_sequences_it_is_welchs_test():
    """Then the seeds alone say how far apart two settings may be."""
    rng = np.random.default_rng(2)
    accuracies = [[0.7, 0.9, 0.8, 0.6], [0.95, 0.93, 0.97]]
    first, other = (rng.random((len(x), 50000)) < np.c_[x] for x in accuracies)
    _, low, high, _ = difference(first, other)
    means = [x.mean(axis=1) for x in (other, first)]
    theirs = ttest_ind(*means, equal_var=False).confidence_interval()
    assert [low, high] == pytest.approx([*theirs], rel=0.01)
    assert difference(first, other)[3] > 0.9
    assert difference(first[:2], other)[3] == 0


def test_more_say_more():
    """Intervals narrow with sequences and seeds, and widen with comparisons."""
    rng = np.random.default_rng(0)
    sizes = (3, 50), (5, 200), (20, 1000)
    made = [rng.random((2, *size)) < 0.9 for size in sizes]
    for widths in (
        [np.ptp(difference(*answers)[1:3]) for answers in made],
        [np.ptp(accuracy_interval(answers[0])) for answers in made],
        [np.ptp(difference(*made[0], n)[1:3]) for n in (5, 2, 1)],
    ):
        assert widths == sorted(widths, reverse=True) and widths[0] > 1.1 * widths[-1]
    # Three seeds that scatter count as few sequences; two stand for themselves alone.
    lucky = np.arange(1000) < [[990], [880], [950]]
    assert np.ptp(accuracy_interval(lucky)) > 5 * np.ptp(accuracy_interval(lucky[:2]))


@pytest.mark.parametrize('seeds, spread', [(3, 0.02), (5, 0.02), (5, 0.05)])
def test_equal_settings_are_rarely_called_different(seeds, spread):
    """Of made-up settings of the same accuracy, whose networks vary with the seed."""
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(400):
        accuracies = rng.normal(0.8, spread, (2, seeds, 1))
        first, other = rng.random((2, seeds, 500)) < accuracies
        _, low, high, _ = difference(first, other)
        wrong += low > 0 or high < 0
    assert wrong <= 0.07 * 400  # 95 % confidence; four of a hundred seen


# ----------------------------------------------------------------------- what it says


SOME = ['1' * 45 + '0' * 5, '1' * 46 + '0' * 4, '1' * 44 + '0' * 6]
NONE = ['0' * 50] * 3
WIDE = {'layers': '64 relu, 8 tanh, 1 sigmoid'}


def test_a_verdict_on_settings(made_up):
    """Each against the first, for other seeds as well if there are three of each."""
    first = seeds(made_up, 'a', SOME)
    wide = seeds(made_up, 'wide', SOME[::-1], **WIDE)
    bad = seeds(made_up, 'bad', NONE, layers='1 relu')
    shifted = seeds(made_up, 'shifted', ['00000' + '1' * 45] * 3, layers='2 relu')
    printed = shown(*first, *wide)
    half, low, high = re.search(
        r'wide0 ... wide2 \(3\) cannot be told apart by these 6 seeds, which often miss'
        r' even ([\d.]+) points: \+0.0 points \(-(\d+\.\d) to \+(\d+\.\d)\)',
        printed,
    ).groups()
    assert float(half) == pytest.approx((float(high) + float(low)) / 2, abs=0.1)
    assert 'with these seeds:' not in printed and 'hold at once' not in printed
    assert 'not for new training sequences' in printed
    assert 'apart by these 50 sequences, which' in shown(*first, *shifted)
    printed = shown(*bad, *first, *wide)
    assert 'so wide that all 2 hold at once' in printed
    assert printed.count(' is better: +90.0 points (') == 2
    assert 'is worse: -90.0' in shown(*first, *bad)
    for few in (*first, 'wide0'), ('a0', *wide), ('a0', 'a1', 'wide0', 'wide1'):
        printed = shown(*few)
        assert ', with these seeds: ' in printed and 'three seeds would tell' in printed


def test_a_verdict_on_two_runs(made_up):
    """By McNemar's exact test; of one setting it is luck, of two, with these seeds."""
    made_up('1')
    made_up('b', code='x = 1')
    made_up('c', code='x = 2', right='1111111000')
    made_up('d', code='x = 3', right='0000000000')
    made_up('2', numbers={'seed': 1}, right='0000000000')
    made_up('e', code='x = 4', test_hash='another')
    made_up('f', code='x = 5', evaluated=False, test_hash=None)
    made_up('g', code='x = 6', n_duplicates=10, N_test=10)
    for pair, verdict in {
        '1b': r'1 and run b answer all 10 sequences alike, with these seeds',
        '1c': 'differ on 3 of 10 .* 1 is right on 3 of these, run c on 0: that may be',
        'd1': r'on 10: the network of run 1 is better \(p = 0.002\), with these',
        '12': r'the network of run 1 is better \(p = 0.002\)\. .*seeds differ',
        '1e': 'e was not tested with the same sequences',
        '1f': 'f was not tested',
        '1g': 'g was trained with its test sequences: memory',
        'f1': 'Name tested runs',
    }.items():
        printed = shown(*pair)
        assert re.search(verdict, printed)
        assert (', with these seeds' in printed) == (pair in ('1b', '1c', 'd1'))
        assert ('In [ ]' in printed or 'in [ ]' in printed) == (pair == '12')


def test_no_verdict_where_nobody_has_chosen(made_up):
    first = seeds(made_up, 'a', SOME)
    seeds(made_up, 'bad', NONE, layers='1 relu')
    for arguments in [], ['--all'], first, first[:1]:
        printed = shown(*arguments)
        assert 'runs of two settings or more' in printed
        assert 'In the test' not in printed


# ---------------------------------------------------------------------- the table


def test_a_table_of_settings(made_up):
    refused('compare.py', parts=['there is no run yet'])
    made_up('1')
    made_up('2', code=f'{FIT.format("")}  # a note', numbers={'seed': 1}, to_95=None)
    made_up('3', right='1' * 8 + '00', numbers={'seed': 2}, to_95=7)
    made_up('4', right='1' * 8 + '00', numbers={'seed': 3}, to_95=4)
    made_up('wide', **WIDE, right='1' * 1000, test_hash='c')
    made_up('5', loss=(0.70001, 0.3))  # 1 again, on a GPU
    Path('runs/6').mkdir()  # not a run
    layers, (low, _) = MADE_UP['layers'], wilson_interval(1000, 1000)
    interval = f'{100 * low:.1f}-100.0 *'
    assert row('wide', 'wide') == [WIDE['layers'], '2', '100', interval]
    name, cells = r'1 ... 4 \(4\)', [layers, '5.5 [2-never]', '90 [80-100]']
    assert row(name, '--all')[:3] == cells
    assert row('2 3', 2, 3, 'wide')[:3] == [layers, 'never [7-never]', '90 [80-100]']
    printed = shown()
    assert 'Made twice, so counted once: 5 (as 1)' in printed
    assert 'in [ ]' in printed and 'Always answering sine wave: 60 %' in printed
    assert 'updates' not in printed
    made_up('free', right='0' * 10, loss=(0.71, 0.2))  # not by the seed alone
    assert row('1 free', 1, 'free')[:3] == [layers, '2 [2-2]', '50 [0-100]']
    assert shown('runs/1', 'runs/wide/', 'last') == shown('1', 'wide', 'free')
    made_up('batches', numbers={'batch_size': 1}, updates=60)
    assert row('batches', 1, 'batches')[:3] == ['batch_size = 1', '2', '40']
    assert row('1', 1, 'batches')[:3] == [layers, '2', '14']


def test_only_the_newest_and_in_80_columns(made_up):
    for i in range(10):
        name = f'a-long-name-as-people-like-to-give-{i}'
        made_up(name, numbers={'N_epochs_of_the_longer_training': i})
    for columns, arguments, n in ('80', [], 8), ('79', ['--all'], 10):
        printed = script('compare.py', *arguments, env={'COLUMNS': columns}).stdout
        assert max(map(len, printed.splitlines())) <= int(columns)
        assert len(re.findall('(?m)^a-long', printed)) == n
        assert ('left out: 2;' in printed) == (n == 8)


CODE = f'model.add(Dense(8, "relu"))\n{FIT}'
STOP = 'EarlyStopping(patience=30, restore_best_weights=True), '
DIFFERENT = {
    'batch': ({'numbers': {'batch_size': 5}}, 'batch_size = 5'),
    'wide': (WIDE, WIDE['layers']),
    'adam': ({'numbers': {'N_train': 5}, 'optimizer': 'adam 1'}, 'N_train = 5; adam 1'),
    'phase': (
        {'data': '9 of 9 sequences, sine and square waves, seed 1', 'test_hash': 'c'},
        'sine and square waves, data seed 1',
    ),
    'sets': ({'data': '9 of 9 sequences; Test is of others'}, 'Test is of others'),
    'sequences': ({'train_hash': 'other'}, 'other or unknown sequences'),
    'ended': ({'stopped': True}, 'stopped after 3'),
    'held': ({'code': CODE.format('validation_split=0.25, ')}, 'validation_split=0.25'),
    'stop': (
        {'code': CODE.format('').replace('[S', f'[{STOP}S')},
        'callbacks=[EarlyStopping(patience=30, restore_best_weights=True',
    ),
    'metric': (
        WIDE | {'code': f'def accuracy(y, p):\n    return y\n{CODE.format("")}'},
        f'{WIDE["layers"]}; def accuracy(y, p):',
    ),
    'l2': (
        {'network': 'other', 'code': CODE.format('').replace('"relu"', 'L2(0.1)')},
        'L2(0.1',
    ),
    'less': ({'code': CODE.format('').replace('Y_train, ', '')}, 'without Y_train'),
    'twice': ({'code': f'{CODE}\n{FIT}'.format('', '')}, 'other order of lines'),
    'gone': ({}, 'script unknown'),
    'gone2': ({}, 'script unknown'),
}


def test_what_differs_from_the_first(made_up):
    """It says its layers; others what is not as there, in the script's words."""
    made_up('1', code=CODE.format(''))
    for name, (facts, _) in DIFFERENT.items():
        made_up(name, **{'code': CODE.format('')} | facts)
    for name in 'gone', 'gone2':
        Path('runs', name, 'train.py').unlink()
    cells = dict(re.findall('(?m)^(\\w+) +(.*?) +2 +100', shown('1', *DIFFERENT)))
    words = {name: words for name, (_, words) in DIFFERENT.items()}
    assert cells == {'1': MADE_UP['layers'], **words}
    assert row('1', 'batch', '1')[0] == 'without batch_size'
    gone = script('compare.py', '--diff', '1', 'gone', status=1)
    assert 'runs/gone/train.py' in gone.stderr and not gone.stdout


def test_values_and_scripts(made_up):
    """--csv has a row for each run, a column for each fact; --diff compares scripts."""
    names = seeds(made_up, 'a', SOME)
    made_up('wide', **WIDE, numbers={'neurons': 64}, code='x = 1', to_95=None)
    table = pd.read_csv(StringIO(script('compare.py', '--csv').stdout))
    assert list(table['name']) == [*names, 'wide']
    assert list(table['seed']) == [0, 1, 2, 0]
    assert list(table['setting']) == [1, 1, 1, 2] and table['neurons'][3] == 64
    assert list(table['epochs_to_95'].isna()) == [False] * 3 + [True]
    assert list(table['layers'])[2:] == [MADE_UP['layers'], WIDE['layers']]
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
    made_up('whole')
    fields = [*MADE_UP, 'epochs_to_95', 'numbers', 'network']
    for i, field in enumerate(fields):
        made_up(field, numbers={'N_train': i})
        path = Path('runs', field, 'run.json')
        facts = json.loads(path.read_text())
        del facts[field]
        path.write_text(json.dumps(facts))
    for order in ['whole', *fields], [*fields, 'whole']:
        printed = shown(*order)
        assert re.findall(r'(?m)^(\w+)  +\S', printed)[1:] == order
    assert re.search('(?m)^epochs_to_95  .*  -  ', printed)
    assert re.search('(?m)^evaluated  .*  not tested', printed)
    printed = script('compare.py', '--csv', *fields).stdout
    assert len(printed.splitlines()) == 1 + len(fields)


# -------------------------------------------------------------------- the picture


def test_the_picture(made_up):
    """Losses, none cut off; a row for each setting: how fast, how good, the verdict."""
    names = seeds(made_up, 'a', SOME, loss=(9, 0.2, 0.1))
    seeds(made_up, 'bad', NONE, layers='1 relu', to_95=None, loss=(300, 299))
    made_up('one', **WIDE, right=SOME[0], loss=(0.5,))
    made_up('$x_', numbers={'N_train': 3}, evaluated=False, test_hash=None)
    names += ['bad0', 'bad1', 'bad2', 'one', '$x_']
    with mock.patch('utilities.save_plot') as save_plot:
        script('compare.py', *names)
    figure = save_plot.call_args[0][0]
    figure.draw_without_rendering()
    losses, speed, test = figure.axes
    curves = [list(line.get_ydata()) for line in losses.lines]
    assert curves == [[9, 0.2, 0.1]] * 3 + [[300, 299]] * 3 + [[0.5], [0.7, 0.2, 0.1]]
    assert losses.get_ylim()[0] < 0 and 300 < losses.get_ylim()[1]
    labels = [label.get_text().split('\n')[0] for label in speed.get_yticklabels()]
    assert labels == ['a0 ... a2 (3)', 'bad0 ... bad2 (3)', 'one', '$x_']
    fast, never, *_ = (line.get_xdata() for line in speed.lines)
    assert list(fast) == [2, 2, 2] and len({*never}) == 1 and never[0] > 3
    assert [*speed.get_xticks()] == [1, 3, never[0]]
    assert [x.get_text() for x in speed.get_xticklabels()] == ['1', '3', 'never']
    dots = [line for line in test.lines if line.get_marker() == 'o']
    assert [list(x.get_xdata()) for x in dots] == [[90, 92, 88], [0, 0, 0], [90], []]
    assert [*dots[1].get_ydata()] == [1, 1, 1] and test.yaxis_inverted()
    colours = [line.get_color() for line in losses.lines[::3]]
    assert colours == [line.get_color() for line in speed.lines[:3]]
    bars = [bar.get_bbox().intervalx / 100 for bar in test.patches]
    assert [bar.get_fill() for bar in test.patches] == [True, True, False]
    assert [*bars[2]] == pytest.approx([*wilson_interval(45, 50)])
    left, right = test.get_xlim()
    assert left < 100 * np.min(bars) and 100 * np.max(bars) < right
    verdicts = [text.get_text().replace('\n', ' ') for text in test.texts]
    assert verdicts[:2] == ['reference', 'is worse'] and verdicts[3] == 'was not tested'
    assert verdicts[2] == 'cannot be told apart, with these seeds'
    for text in [*test.texts, *speed.get_yticklabels()]:
        box = text.get_window_extent()
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
