"""compare.py: settings side by side, how fast, how good, and whether it may be luck."""

import itertools
import json
import os
import re
from io import StringIO
from pathlib import Path

from support.statistics import luck_in_speed, luck_in_test

import numpy as np
import pandas as pd
import pytest
from conftest import refused, script
from scipy.stats import ttest_1samp, ttest_ind


def test_luck_of_the_seeds():
    """Welch's test: of the logarithms of epochs, and of answers to very many."""
    epochs = [22, 21, 28, 30], [12, 11, 15]
    logs = [np.log(x) for x in epochs]
    p, factor = luck_in_speed(*epochs)
    assert p == pytest.approx(ttest_ind(*logs, equal_var=False).pvalue)
    assert np.log(factor) == pytest.approx(logs[1].mean() - logs[0].mean())
    rng, accuracies = np.random.default_rng(2), ([0.7, 0.9, 0.8], [0.95, 0.93, 0.97])
    first, other = (rng.random((len(x), 50000)) < np.c_[x] for x in accuracies)
    result = ttest_ind(other.mean(axis=1), first.mean(axis=1), equal_var=False)
    expected = result.pvalue, *result.confidence_interval()
    assert luck_in_test(first, other) == pytest.approx(expected, rel=0.03)


def test_luck_of_the_sequences():
    """Student's paired test, with two made-up ones, where the seeds all agree."""
    one, two = np.random.default_rng(0).random((2, 200)) < [[0.9], [0.7]]
    result = ttest_1samp([*(two.astype(int) - one), 1 / 3, -1 / 3], 0)
    expected = result.pvalue, *result.confidence_interval()
    assert luck_in_test(*np.tile([[one], [two]], (1, 3, 1))) == pytest.approx(expected)
    right = np.ones((3, 50), bool)
    assert luck_in_test(right, right) == pytest.approx((1, -0.055, 0.055), abs=1e-3)
    assert luck_in_test(right, ~right)[0] < 1e-9


def test_luck_of_single_answers_counts_once():
    """Though it is in what varies between sequences, and between seeds."""
    answers = np.random.default_rng(1).random((2, 10, 2000)) < 0.8
    _, low, high = luck_in_test(*answers)
    binomial = np.sqrt(2 * 0.8 * 0.2 / answers[0].size)
    assert 1.8 < (high - low) / 2 / binomial < 2.3


def test_an_epoch_that_was_never_reached():
    """It is as late as the last epoch that was trained, and so are all later ones."""
    never, slow = [np.inf] * 3, [200, 250, 220]
    assert luck_in_speed(slow, never, 300)[0] < 0.05
    assert luck_in_speed(slow, never, 20) == luck_in_speed(never, slow, 20) == (1, 1)
    assert luck_in_speed([7, 7, 7], [8, 8, 8])[0] == 0
    assert luck_in_speed(never, [*never, 30, *never], 3) == (1, pytest.approx(1))


FIT = {'x': 'X', 'y': 'Y', 'batch_size': 32, 'epochs': 300, 'validation_split': 0.0}
FIT |= {'callbacks': [{'class': 'EarlyStopping', 'patience': 2}], 'class_weight': None}
FACTS = {
    'layers': '16 relu, 8 tanh, 1 sigmoid',
    'arrays': {'X_train': 'X', 'Y_train': 'Y', 'X_test': 'T', 'Y_test': 'C'},
    'class_names': ['sine wave', 'square wave'],
    'epochs': 300,
}
CODE = """
import keras
N_train = 20
model.add(Dense(8, activation='tanh'))
model.compile('rmsprop')
history = model.fit(X_train, Y_train,
                    callbacks=[ShowAndSave()])
"""


@pytest.fixture
def make(folder):
    """Make a run. Of its answers to a test 1 is a right one; six of ten are class 0."""

    def make(name, right='1' * 10, to_95=22, seed=0, code=CODE, given=0, **facts):
        path = Path('runs', name)
        path.mkdir(parents=True)
        time = f'2026-01-01T00:00:{len(os.listdir("runs")):02}'
        facts = FACTS | {'setting': code, 'epochs_to_95': to_95, 'time': time} | facts
        facts['weights'] = facts.get('weights', str(seed))
        facts['numbers'] = {'N_train': 20, 'seed': seed, **facts.get('numbers', {})}
        facts['fit'] = FIT | facts.get('fit', {})
        (path / 'train.py').write_text(f'# {name}\n{code}')
        (path / 'history.csv').write_text('epoch,loss\n1,0.5\n')
        if N := len(right):
            Y, is_right = np.arange(N) >= 0.6 * N, np.array([*right]) == '1'
            facts = {'N_test': N, 'accuracy': is_right.mean(), **facts}
            answers = {'class': Y, 'predicted': Y == is_right}
            answers = pd.DataFrame(answers | {'given': np.arange(N) < given})
            answers.astype(int).to_csv(path / 'predictions.csv', index=False)
        (path / 'run.json').write_text(json.dumps(facts))

    return make


@pytest.fixture
def seeds(make):
    """Make a run for each of some answers, with seeds 0, 1, ...; return their names."""

    def seeds(name, answers, speed=(22, 21, 28), **facts):
        for i, (right, to_95) in enumerate(zip(answers, speed, strict=True)):
            make(f'{name}{i}', right, to_95, i, **facts)
        return [f'{name}{i}' for i in range(len(answers))]

    return seeds


def compare(*arguments):
    """Return the rows of the table, with their cells by name, and the lines below."""
    printed = script('compare.py', *arguments, env={'COLUMNS': '300'}).stdout
    head, body = re.split('─+ *\n', printed)
    starts = [head.splitlines()[-1].index(x) for x in ('what', 'median', 'mean')]
    table, below = {}, []
    for line in body.splitlines():
        if not line.endswith(' '):  # those of the table do
            below.append(line)
            continue
        if name := line[: starts[0]].strip():
            row = table[name] = [[], [], []]
        for cell, start, end in zip(row, starts, [*starts[1:], None], strict=True):
            cell += filter(None, [line[start:end].strip()])
    table = {x: ['; '.join(cell) for cell in row] for x, row in table.items()}
    return table, '\n'.join(below)


SOME = '1' * 45 + '0' * 5, '1' * 46 + '0' * 4, '1' * 44 + '0' * 6  # 90, 92, 88 %
NONE, FAST = ['0' * 50] * 3, (11, 15, 12)


def test_verdicts(seeds):
    """Each against the first: speed, and then the test."""
    a, b = seeds('a', SOME), seeds('b', SOME[::-1], FAST, code='x = 1')
    bad = seeds('bad', NONE, ('never', 90, 120), code='x = 2')
    table, below = compare(*a, *b)
    assert table['a0 + 2 seeds'][1:] == ['22 (21-28)', '90 (88-92)']
    faster = '12 (11-15); faster'
    assert table['b0 + 2 seeds'][1:] == [faster, '90 (88-92); may be luck']
    assert 'beyond luck' in below and 'three seeds' not in below
    table, below = compare(*b, *bad, *a)
    assert table['bad0 + 2 seeds'][1:] == ['120 (90-never); slower', '0; worse']
    assert 'Difference' not in below
    table, below = compare(*bad, *b)
    assert table['b0 + 2 seeds'][1:] == [faster, '90 (88-92); better']
    right = np.array([[[x == '1' for x in y] for y in z] for z in (NONE, SOME)])
    low, high = (f'{100 * x:+.1f}' for x in luck_in_test(*right)[1:])
    assert f'+90.0 points; 95 % confidence: {low} to {high}' in below


def test_of_several_the_clearest(seeds):
    """What a pair is sure of, a table of five is not, but for what is clearer."""
    names = seeds('a', SOME, (20, 21, 22))
    names += seeds('b', SOME, (23, 24, 25), code='x = 1')
    assert compare(*names)[0]['b0 + 2 seeds'][1] == '24 (23-25); slower'
    for i in 3, 4, 5:
        seeds(f'c{i}', SOME, (60, 61, 62) if i == 5 else (15, 22, 28), code=f'x = {i}')
    words = [row[1].split('; ')[1] for row in compare()[0].values() if ';' in row[1]]
    assert words == [*['may be luck'] * 3, 'slower']


@pytest.mark.parametrize('n, m', [(1, 1), (2, 3), (10, 1)])
def test_a_verdict_needs_three_seeds(seeds, n, m):
    seeds('a', [SOME[0]] * n, [22] * n)
    seeds('b', [NONE[0]] * m, [11] * m, code='x = 1')
    table, below = compare()
    assert [row[1:] for row in table.values()] == [['22', '90'], ['11', '0']]
    assert 'three seeds of each' in below and 'luck' not in below
    assert 'three seeds' not in compare('a0')[1]


def test_speed_is_not_judged(seeds):
    """Where an epoch is other training, or they were not counted: that is not never."""
    seeds('a', SOME)
    others = {'batch_size': 8}, {'validation_split': 0.25}, {'y': 'flipped'}
    for i, argument in enumerate(others):
        seeds(f'b{i}', NONE, FAST, code=f'x = {i}', fit=argument)
    seeds('c', NONE, [None] * 3, code='x = 3')
    seeds('d', NONE, ['never'] * 3, code='x = 4', epochs=20)
    rows = [row[1:] for row in compare()[0].values()][1:]
    assert rows[:4] == [*[['12 (11-15)', '0; worse']] * 3, ['-', '0; worse']]
    assert rows[4] == ['never; may be luck', '0; worse']  # 20 epochs say nothing


def test_what_fit_was_given_is_no_test(seeds):
    """Accuracies are on the others; of a pair, on those that neither was given."""
    first = seeds('a', ['1' * 15 + '0' * 35] * 3, given=5)
    table, below = compare()
    assert table['a0 + 2 seeds'][2] == '22.2' and '45 of 50' in below
    assert 'Always answering sine wave: 56 %' in below  # 25 of 45
    leak = seeds('leak', ['1' * 45 + '0' * 5] * 3, code='x = 1', given=40)
    table, below = compare()
    a, other = '22.2; on 45 (always: 56)', '50; on 10 (always: 100)'
    assert table['a0 + 2 seeds'][2] == a and 'Always answering' not in below
    assert table['leak0 + 2 seeds'][2] == f'{other}; the first: 0.0; better'
    row = compare(*leak, *first)[0]['a0 + 2 seeds'][2]
    assert row == f'{a}; on 10: 0.0; the first: 50.0; worse'


def test_what_is_not_judged(make, seeds):
    """A reason in place of verdicts, and all else that is known; the others go on."""
    first = seeds('a', SOME)
    seeds('other', NONE, code='x = 1', arrays=FACTS['arrays'] | {'Y_test': 'other'})
    seeds('untested', [''] * 3, FAST, code='x = 2')
    make('leak', '1' * 50, given=50, not_judged='fit saw all test')
    make('old', SOME[0], setting=None, arrays={})
    table, below = compare('--all')
    other = ['22 (21-28); may be luck', '0; on 50 (always: 60)']
    assert table['other0 + 2 seeds'][1:] == other
    assert table['untested0 + 2 seeds'][1:] == ['12 (11-15); faster', '-; not tested']
    leak = ['-', '100; on 50; not judged: fit saw all test']
    assert table['leak'][1:] == leak
    assert table['old'][1] == '-' and '90; on 50; not judged: ' in table['old'][2]
    assert 'three seeds' not in below
    table, below = compare('leak', *first)
    assert table['a0 + 2 seeds'][1:] == ['22 (21-28)', '90 (88-92)']
    assert table['leak'] == [FACTS['layers'], *leak] and 'luck' not in below
    assert compare('leak')[1] == 'Plot: compare.png'


def test_what_one_setting_is(make):
    """One hash, and other seeds and initial weights; all else is a row of its own."""
    for i, to_95 in enumerate([2, 'never', 7, 4]):
        make(f's{i}', '1' * (10 - i) + '0' * i, to_95, i)
    make('twice', seed=3)
    make('same_seed', seed=3, weights='new')
    make('same_weights', seed=4, weights='3')
    make('stopped', seed=5, stopped=True, epochs=20)
    make('unjudged', seed=6, not_judged='no')
    make('untested', '', seed=7)
    make('unknown', seed=8, setting=None)
    make('unknown_too', seed=9, setting=None)
    Path('runs/6').mkdir()  # not a run
    table, _ = compare('--all')
    seeds, alone = 's0 + 3 seeds, twice, same_seed + 1 seed', 'unknown, unknown_too'
    assert ', '.join(table) == f'{seeds}, stopped, unjudged, untested, {alone}'
    assert table['s0 + 3 seeds'] == [FACTS['layers'], '5.5 (2-never)', '85 (70-100)']
    assert table['stopped'][0] == 'stopped after 20'
    assert compare('runs/s0', 'runs/twice/') == compare('s0', 'twice')


EARLY = [{'class': 'EarlyStopping', 'patience': 40}]
SPLIT = {'validation_split': 0.25}
DIFFERENT = {
    'n = adam; Dense(64, tanh)': {'numbers': {'n': 'adam'}, 'code': ('8,', '64,')},
    'N_train = 9': {'numbers': {'N_train': 9}, 'arrays': {'X_train': 'few'}},
    'N_epochs = 9': {'numbers': {'N_epochs': 9}, 'fit': {'epochs': 9}},
    'seed = 1; other Y_train': {'seed': 1, 'arrays': {'Y_train': 'flipped'}},
    'validation_split = 0.25': {
        'fit': SPLIT,
        'code': (',\n', ',\nvalidation_split=0.25'),
    },
    'class_weight = {0: 1, 1: 5}': {'fit': {'class_weight': {'0': 1, '1': 5}}},
    'EarlyStopping patience = 40': {'fit': {'callbacks': EARLY}},
    'Dense(8); x = 1': {'code': (", activation='tanh'))", '))\nx = 1')},
    'model.compile(SGD(rate = 0.1))': {'code': ("'rmsprop'", 'SGD(rate=0.1)')},
    "without model.compile('rmsprop')": {'code': ("model.compile('rmsprop')", '')},
    '64 relu, 1 sigmoid': {'layers': '64 relu, 1 sigmoid'},
    '': {},
}


def test_what_differs_from_the_first(make):
    """Numbers, data, arguments of fit, settings of callbacks, lines of the script."""
    make('first')
    for i, facts in enumerate(DIFFERENT.values()):
        code = CODE.replace(*facts.get('code', ('', '')))
        arrays = FACTS['arrays'] | facts.get('arrays', {})
        make(f'r{i}', **facts | {'setting': f'{i}', 'code': code, 'arrays': arrays})
    table, _ = compare('--all')
    assert [row[0] for row in table.values()][1:] == [*DIFFERENT]
    layers, *shown = table['first'][0].split('; ')
    known = 'N_train = 20, N_epochs = 300, seed = 0, validation_split = 0.0'
    known += ', class_weight = None, EarlyStopping patience = 2'
    assert layers == FACTS['layers'] and {*shown} == {*known.split(', ')}
    os.remove('runs/first/train.py')
    assert compare('first', 'r7')[0]['r7'][0] == ''


def test_only_the_newest_and_in_80_columns(make, figures):
    """The table has the newest settings, the picture the first and the newest ones."""
    for i in range(22):
        name = f'{i}-a-name-as-long-as-people-like-to-give'
        make(name, numbers={'N_epochs_of_the_longer_training': i}, setting=f'{i}')
    make('z', numbers={'N_epochs_of_the_longer_training': 0}, setting='0', seed=1)
    for columns, arguments, N in (80, [], 8), (79, ['--all'], 22):
        printed = script('compare.py', *arguments, env={'COLUMNS': str(columns)}).stdout
        assert max(map(len, printed.splitlines())) <= columns
        assert len(re.findall(r'(?m)^\d+-a-name', printed)) == N
        assert ('settings left out: 14;' in printed) == (N == 8)
        *_, figure = figures.values()
        figure.draw_without_rendering()
        labels = figure.axes[0].get_yticklabels()
        assert len(labels) == min(N, 20) and labels[-1].get_text().startswith('0-a')
        boxes = [label.get_window_extent() for label in labels]
        assert min(box.x0 for box in boxes) >= 0
        assert all(a.y0 > b.y1 for a, b in itertools.pairwise(boxes))


def test_values(make, seeds):
    """--csv has a row for each run, a column for each number and fact."""
    refused('compare.py', parts=['there is no run yet'])
    names = seeds('a', SOME)
    make('wide', numbers={'neurons': 64}, to_95='never', fit={'class_weight': {'1': 5}})
    history = 'val_accuracy,val_loss\n0.5,0.9\n0.8,0.3\n0.7,0.4\n'
    Path('runs/wide/history.csv').write_text(history)
    table = pd.read_csv(StringIO(script('compare.py', '--csv').stdout), index_col=0)
    assert list(table.index) == [*names, 'wide']
    assert list(table.seed) == [0, 1, 2, 0] and table.neurons['wide'] == 64
    assert table.epochs_to_95['wide'] == 'never' and table.accuracy['a0'] == 0.9
    names = [f'{x}_val_{y}' for y in ('accuracy', 'loss') for x in ('best', 'last')]
    assert list(table[names].loc['wide']) == [0.8, 0.7, 0.3, 0.4]
    assert table['fit.class_weight.1']['wide'] == 5
    refused('compare.py', '9', parts=['runs/9 is missing', 'are a0, a1, a2, wide'])


def test_the_picture(make, seeds, figures):
    """A row for each setting, a dot for each seed, and nothing is cut off."""
    seeds('a', SOME)
    seeds('bad', NONE, ('never', 7, 7), code='x = 1')
    make('one' * 20, SOME[0], code='x = 2' * 20)
    make('$x_', '', None, code='x = 3', not_judged='trained by 5 fits ' * 9)
    script('compare.py')
    (figure,) = figures.values()
    figure.draw_without_rendering()
    speed, test = figure.axes
    labels = [label.get_text() for label in speed.get_yticklabels()]
    assert labels[0] == f'a0 + 2 seeds\n{FACTS["layers"]}' and labels[3] == '$x_\nx = 3'
    fast, good = ([x for x in y.lines if x.get_marker() == 'o'] for y in figure.axes)
    assert [[*x.get_xdata()] for x in good] == [[90, 92, 88], [0, 0, 0], [90], []]
    assert len({*good[1].get_ydata()}) == 3 and speed.yaxis_inverted()
    never, *others = fast[1].get_xdata()
    assert others == [7, 7] and 2 * 28 < never < speed.get_xlim()[1]
    ticks = {x.get_position()[0]: x.get_text() for x in speed.get_xticklabels()}
    assert ticks[never] == 'never' and ticks[20] == '20'
    for axis, middle in (speed, 22), (test, 90):
        (dashed,) = (x for x in axis.lines if x.get_linestyle() == '--')
        assert [*dashed.get_xdata()] == [middle, middle]
    texts = [[text.get_text() for text in axis.texts] for axis in figure.axes]
    assert texts[0] == ['', 'may be luck', '', ''] and texts[1][:3] == ['', 'worse', '']
    assert 'not judged: trained by' in texts[1][3]
    for i, (text, dots) in enumerate(zip(test.texts, good, strict=True)):
        heights = [text.get_position()[1], *sorted(dots.get_ydata()), i + 0.5]
        assert i - 0.5 < heights[0] and heights == sorted(heights)  # in its own row
    for text in [*test.texts, *speed.texts, *speed.get_yticklabels()]:
        box = text.get_window_extent()
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
