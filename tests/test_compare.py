"""compare.py: settings side by side, and what the test says of them."""

import json
import os
import re
import shutil
from io import StringIO
from pathlib import Path

from support.runs import wilson_interval
from support.statistics import accuracy_interval, difference, judge

import numpy as np
import pandas as pd
import pytest
from conftest import refused, script
from scipy.stats import binomtest, t, ttest_1samp, ttest_ind

# ---------------------------------------------------------------- the statistics


def test_one_network_each():
    """Two differ as McNemar's test says, by Bonett and Price's interval with t."""
    right = np.arange(50)[None] < 46
    assert accuracy_interval(right) == pytest.approx(wilson_interval(46, 50))
    for n, m, comparisons in np.ndindex(20, 5, 3):
        one, two = np.zeros((2, 1, 50), bool)
        one[0, :n] = two[0, n : n + m] = True  # each is right where the other isn't
        p = min(1, (comparisons + 1) * binomtest(n, n + m).pvalue) if n + m else 1
        verdict, numbers = judge(one, two, comparisons + 1)
        assert f'right on {m} of 50, the first on {n} (p = {p:.2g})' in numbers
        differs = 'is worse' if n > m else 'is better'
        expected = differs if p < 0.05 else 'cannot be told apart'
        assert verdict == f'{expected}, with these seeds'
        a, b = (n + 1) / 52, (m + 1) / 52
        half = t.ppf(1 - 0.025 / (comparisons + 1), 51)
        half *= np.sqrt((a + b - (a - b) ** 2) / 52)
        numbers = (m - n) / 50, b - a - half, b - a + half
        assert difference(one, two, comparisons + 1) == pytest.approx(numbers)


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
    rng, wrong = np.random.default_rng(1), 0
    for _ in range(400):
        first, other = rng.random((2, 5, 500)) < rng.normal(0.8, 0.02, (2, 5, 1))
        _, low, high = difference(first, other)
        is_sure = judge(first, other)[0] != 'cannot be told apart'
        assert is_sure == (low > 0 or high < 0)
        wrong += is_sure
    assert 0 < wrong <= 0.07 * 400  # 95 % confidence


# ---------------------------------------------------------------- made-up runs

FACTS = json.loads("""
{"data": "20 of 20 + 10 of 10 sequences, sine and square waves, seed 0",
 "layers": "16 relu, 8 tanh, 1 sigmoid", "optimizer": "rmsprop 0.001",
 "loss": "binary_crossentropy", "epochs": 3, "updates": 21, "epochs_to_95": 2,
 "stopped": false, "evaluated": true, "n_duplicates": 0, "N_test": 10,
 "class_names": ["sine wave", "square wave"], "versions": {"keras": "3"},
 "train_hash": "a", "network": "c"}
""")
CODE = """
model.add(Dense(8, 'relu'))
model.compile('rmsprop')
history = model.fit(X_train, Y_train,
                    callbacks=[ShowAndSave()])
"""
WIDE = {'layers': '64 relu, 8 tanh, 1 sigmoid'}


def make(name, right=10, N=10, code=CODE, loss=(0.7, 0.2, 0.1), **facts):
    """Make a run with the first answers of N right, of which six in ten are class 0."""
    path = Path('runs', name)
    path.mkdir(parents=True)
    facts = {'test_hash': f'of {N}', **FACTS, **facts}
    facts['numbers'] = {'N_train': 20, 'seed': 0} | facts.get('numbers', {})
    facts['time'] = f'2026-01-01T00:{len(os.listdir("runs")):04}'
    (path / 'run.json').write_text(json.dumps(facts))
    text = f'# notes {name}\nimport keras\nN_train = 20\nseed=0\n'
    (path / 'train.py').write_text(code and text + code)
    (path / 'history.csv').write_text('\n'.join(map(str, ['loss', *loss])))
    if facts.get('evaluated', True):
        Y, is_right = np.arange(N) >= 0.6 * N, np.arange(N) < right
        answers = pd.DataFrame({'class': Y, 'predicted': Y == is_right}).astype(int)
        answers.to_csv(path / 'predictions.csv', index=False)


def edited(old, new):
    return {'code': CODE.replace(old, new)}


# What a run's cell says, and in what it differs from run 1.
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
SOME, NONE = (45, 46, 44), (0, 0, 0)


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    """The folder of all these runs, which no test changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder := tmp_path_factory.mktemp('compare'))
        make('1')
        seed = [{'numbers': {'seed': i}} for i in range(4)]
        make('2', 0, code=f'import os\n{CODE}  # a note', epochs_to_95=None, **seed[1])
        make('3', 8, epochs_to_95=7, **seed[2])
        make('4', 8, epochs_to_95=4, **seed[3])
        make('5', loss=(0.70001, 0.3))  # 1 again, on a GPU
        make('free', 0, loss=(0.71, 0.2))  # differs, though the seed is the same
        make('c', 7, code='x = 2')
        make('e', code='x = 4', test_hash='another')
        make('f', code='x = 5', evaluated=False, test_hash=None)
        make('g', code='x = 6', n_duplicates=10)
        make('big', 1000, 1000, **WIDE)
        bad = {'layers': '1 relu', 'epochs_to_95': None, 'loss': (300, 299)}
        for name, rights, facts in (
            ('a', SOME, {'loss': (9, 0.2, 0.1)}),
            ('wide', SOME[::-1], WIDE),
            ('bad', NONE, bad),
        ):
            for i, right in enumerate(rights):
                make(f'{name}{i}', right, 50, **facts, **seed[i])
        make('one', 45, 50, loss=(0.5,), **WIDE)
        make('$x_', numbers={'N_train': 3}, evaluated=False, test_hash=None)
        for i, facts in enumerate(DIFFERENT.values()):
            make(f'r{i}', **facts)
        for i in range(8):
            make(f'long-{i}' * 9, numbers={'N_of_a_long_name_like_this': i})
        make('bare')
        Path('runs/bare/run.json').write_text('{"time": "2026-01-02"}')
        Path('runs/6').mkdir()  # not a run
    return folder


@pytest.fixture
def drawn(runs, monkeypatch):
    """The figures, which are not saved: that takes long."""
    drawn = []
    monkeypatch.setattr('utilities.save_plot', lambda figure, _: drawn.append(figure))
    monkeypatch.chdir(runs)
    return drawn


def shown(arguments, width=300):
    """Return what compare.py prints in a terminal, without the line ends of texts."""
    printed = script('compare.py', *arguments.split(), env={'COLUMNS': str(width)})
    return re.sub('\n +', ' ', printed.stdout)


A, B, W = 'a0 a1 a2', 'bad0 bad1 bad2', 'wide0 wide1 wide2'
UNJUDGED, NONE_OF_IT = 'Name tested runs of two settings', 'So there is no verdict.'
VERDICTS = [
    (f'{A} {W}', r'against a0 .*: wide0 ... wide2 \(3\) cannot be told apart: \+0.0 p'),
    (f'{A} {W}', r'\(-\d+\.\d to \+\d+\.\d\)\n.*\nWhat cannot be told apart need not'),
    (f'{B} {A} {W}', r'corrected for 2 comp.*a0 .* better: \+90\.0 .*better: \+90\.0'),
    (f'{A} {B}', r' is worse: -90\.0 points \('),
    # Fewer than three seeds say nothing of others.
    (f'{A} wide0', ' apart, with these seeds: '),
    (f'a0 {W}', ' apart, with these seeds: '),
    ('a0 a1 wide0 wide1', ' apart, with these seeds: '),
    # Two runs, also of one setting.
    ('1 c', 'c cannot .*, with these seeds: alone right on 0 of 10, the first on 3'),
    ('1 2', '2 +seed = 1 .* 2 is worse, with these seeds: '),
    # Nothing is chosen, or cannot be compared.
    (A, UNJUDGED),
    ('a0', UNJUDGED),
    ('', UNJUDGED),
    ('--all', f'f was not tested\n.*g was trained with its test .*{UNJUDGED}'),
    ('1 e', f'e was not tested with the same sequences and classes.*{NONE_OF_IT}'),
    ('1 g', f'g was trained with its test sequences: memory.*{NONE_OF_IT}'),
    ('f 1', f'f was not tested.*{NONE_OF_IT}'),
]


@pytest.mark.parametrize(('arguments', 'said'), VERDICTS)
def test_verdicts(drawn, arguments, said):
    printed = shown(arguments)
    assert re.search(f'(?s){said}', printed)
    ends = 'In the test, against ', NONE_OF_IT, UNJUDGED
    assert sum(end in printed for end in ends) == 1


LAYERS = f'{FACTS["layers"]}; N_train = 20'
ROWS = {
    '1 ... free (5)': ('--all', LAYERS, '4 [2-never]', '52 [0-100]'),
    '2 ... 3 (2)': ('2 3 c', LAYERS, 'never [7-never]', '40 [0-80]'),
    'big': ('big', f'{WIDE["layers"]}; N_train = 20', '2', '100', '99.6-100.0 *'),
    'a0 ... a2 (3)': (A, LAYERS, '2', '90 [88-92]'),
    'f': ('1 f', 'x = 5', '2', 'not tested'),
    'bare': (
        '1 bare',
        '; ; ; data: ; updates per epoch: nan; not stopped; seed=0',
        '-',
    ),
    '1': ('r0 1', 'without n = 5; updates per epoch: 7', '2', '100'),
}


@pytest.mark.parametrize('name', ROWS)
def test_rows(drawn, name):
    arguments, *cells = ROWS[name]
    (line,) = re.findall(rf'(?m)^{re.escape(name)}  .*', shown(arguments))
    assert re.split('  +', line.strip())[1:][: len(cells)] == cells


def test_what_differs_from_the_first(drawn):
    """It says its layers; others what a diff shows, in the script's words."""
    names = ['1', *(f'r{i}' for i in range(len(DIFFERENT)))]
    cells = re.findall('(?m)^\\w+ +(.*?) +2 +100', shown(' '.join(names)))
    assert cells == [LAYERS, *DIFFERENT]


def test_only_the_newest_and_in_80_columns(drawn):
    rows = []
    for width, arguments in (80, ''), (79, '--all'):
        printed = script('compare.py', *arguments.split(), env={'COLUMNS': str(width)})
        printed = printed.stdout
        assert max(map(len, printed.splitlines())) <= width
        rows.append(len(drawn.pop().axes[1].get_yticks()))
    assert rows[0] == 8 and f'left out: {rows[1] - 8};' in shown('')
    assert 'Made twice, so counted once: 5 (as 1)' in printed.replace('\n    ', ' ')
    assert 'Always answering sine wave: 60 %' in printed
    assert shown('runs/1 runs/c/') == shown('1 c')


def test_values_and_scripts(drawn, runs, tmp_path):
    """--csv has a row for each run, a column for each fact; --diff compares scripts."""
    table = pd.read_csv(StringIO(script('compare.py', '--csv').stdout), index_col=0)
    assert [*table.seed['a0':'a2']] == [0, 1, 2] and table.n['r0'] == 5
    assert np.isnan(table.epochs_to_95['bad0']) and table.epochs_to_95['1'] == 2
    assert not {'numbers', 'class_names', 'versions', 'losses'} & {*table}
    diff = script('compare.py', '--diff', '1', 'c').stdout
    assert '\n+x = 2\n' in diff and '+++ runs/c/train.py' in diff
    assert 'scripts are the same' in shown('--diff r10 r11')
    refused('compare.py', '--diff', 'a0', status=2)
    refused('compare.py', 'a0', '--all', status=2)
    refused(
        'compare.py', '9', parts=['runs/9 is missing', 'newest runs are ', ', bare']
    )
    refused('compare.py', parts=['there is no run yet'], cwd=tmp_path)
    shutil.copytree('runs/1', tmp_path / 'runs/1')
    (tmp_path / 'runs/1/run.json').write_text('{}')
    refused('compare.py', parts=['runs/1/run.json cannot be read'], cwd=tmp_path)


def test_the_picture(drawn):
    """Losses, none cut off; a row for each setting: how fast, how good, the verdict."""
    shown(f'{A} {B} one $x_')
    (figure,) = drawn
    figure.draw_without_rendering()
    losses, speed, test = figure.axes
    curves = [[9, 0.2, 0.1]] * 3 + [[300, 299]] * 3 + [[0.5], [0.7, 0.2, 0.1]]
    assert [list(line.get_ydata()) for line in losses.lines] == curves
    assert losses.get_ylim()[0] < 0 and 300 < losses.get_ylim()[1] < 400
    labels = [label.get_text().split('\n')[0] for label in speed.get_yticklabels()]
    assert labels == ['a0 ... a2 (3)', 'bad0 ... bad2 (3)', 'one', '$x_']
    fast, never, *_ = (list(line.get_xdata()) for line in speed.lines)
    assert fast == [2, 2, 2] and len({*never}) == 1 and never[0] > 3
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
