"""experiments/: runs against plain Keras; the page's tables, sentences and figures."""

import contextlib
import itertools
import os
import pathlib
import re
import shutil
import time
from operator import gt, lt
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import PROJECT, refused, script
from matplotlib.testing.compare import compare_images
from scipy.stats import binomtest

from experiments import baselines, pool, questions, report
from experiments.questions import EXPERIMENTS, Setting
from generate_data import make_sequences, random_streams

COMMAND = 'experiments/__main__.py'
PUBLISHED = PROJECT / 'experiments/results'
README = (PROJECT / 'experiments/README.md').read_text(encoding='utf-8')
NAMES = list(EXPERIMENTS)
SAME, RANDOM = 'same phase, 200 sequences', 'random phase, 200 sequences'
MORE = 'random phase, 800 sequences'


# ---------------------------------------------------------------- the runs


def test_runs_are_those_of_keras(monkeypatch):
    """Plain Keras with the same first weights finds the same for the second seed.

    They train with one batch, whose order matters little, and test with unseen waves.
    The network is the slide's, whose answers round to 2, too: wrong in 2018.
    """
    import keras

    from experiments.run import run_setting, unseen_sequences

    options = {'N_train': 32, 'test': {'f_min': 0.2}, 'count_2018': True}
    settings = {'slide': questions.NO_ACTIVATION | options}
    experiment = questions.Experiment('', '', settings, test_every=6)
    monkeypatch.setitem(EXPERIMENTS, 'new', experiment)
    rows, curves = run_setting('new', 'slide', [2, 3], 16)
    assert [row['seed'] for row in rows] == [2, 3]
    tested = [(curve['seed'], curve['epoch']) for curve in curves]
    assert tested == [*itertools.product((2, 3), (6, 12, 16))]
    train_rng, test_rng = random_streams(3)
    X_train, Y_train = make_sequences(32, train_rng)
    X_test, Y_test = unseen_sequences(X_train, test_rng, f_min=0.2)
    assert X_test.shape == (2000, 128) and Y_test.sum() == 1000
    assert not {tuple(x) for x in X_train} & {tuple(x) for x in X_test}

    def accuracy_2018(y, p):
        return keras.ops.mean(keras.ops.round(p[:, 0]) == y)

    keras.utils.set_random_seed(3)
    layers = keras.layers.Dense(16), keras.layers.Dense(1)
    model = keras.Sequential([keras.Input((128,)), *layers])
    metrics = ['accuracy', accuracy_2018]
    model.compile('rmsprop', 'binary_crossentropy', metrics=metrics)
    test = {'validation_data': (X_test, Y_test), 'validation_batch_size': 2000}
    history = model.fit(X_train, Y_train, epochs=16, verbose=0, **test).history
    assert history['accuracy_2018'][-1] < history['accuracy'][-1]
    for curve in curves[3:]:
        keys = 'accuracy', 'val_accuracy', 'accuracy_2018'
        wanted = [history[key][curve['epoch'] - 1] for key in keys]
        assert list(curve.values())[4:] == pytest.approx(wanted, abs=1e-3)
    assert rows[1].items() >= {**curves[-1], 'epochs': 16}.items() - {('epoch', 16)}
    assert rows[1]['test_99'] == np.inf


def test_baselines():
    X, Y = make_sequences(40, np.random.default_rng(0), phase=True)
    learnt = baselines.nearest_neighbour, baselines.spectral_regression
    for rule in (baselines.flatness, *learnt):
        assert (rule(X, Y, X, 0) == Y).all()
    assert (baselines.flatness(X, Y, 7 * X, 0) == Y).all()
    assert (baselines.mean_square(X, Y, X, 0) == Y).all()
    x, y = np.repeat([[0.0], [1]], 4, axis=0), np.array([0, 0, 0, 1, 0, 1, 1, 1.0])
    for L2, classes in ((1e-6, [0, 1]), (1e9, [1, 1])):  # by the slope, by the bias
        y[0] = L2 > 1
        assert list(baselines.logistic_regression(x, y, x[[0, 4]], 0, L2)) == classes


def check_published(name, row):
    """Check what was found for a setting and seed 0: all columns are as in NAME.csv."""
    rows = report.load(PUBLISHED, name).set_index(['series', 'setting', 'seed'])
    wanted = rows.loc[row['series'], str(row['setting']), 0].dropna()
    wanted = wanted.drop('seconds').to_dict()
    assert wanted == {key: row[key] for key in wanted} and row.get('seconds', 0) < 100


@pytest.mark.parametrize(
    'name, setting',
    [
        ('baseline', (RANDOM, 'mean of x⁴ / (mean of x²)²')),
        ('baseline', (RANDOM, 'nearest neighbour')),
        ('noise', ('mean of the squares', 1)),
    ],
)
def test_published_rows_are_found_again(name, setting):
    """Some that another processor's rounding errors don't change."""
    (row,), curves = pool.work(name, setting, [0], 300)
    check_published(name, row)
    assert curves == []


@pytest.mark.slow
def test_a_process_finds_what_is_published(capfd):
    """With one thread, and without TensorFlow's notices; an error ends it at once."""
    setting, start = 'from the training set (as in 2018)', time.monotonic()
    with pytest.raises(ValueError, match='nonsense'), pool.workers(1) as executor:
        found = executor.submit(pool.work, 'memory', setting, [0], 300)
        check_published('memory', found.result()[0][0])
        wrong = executor.submit(int, 'nonsense')
        executor.submit(time.sleep, 300)
        wrong.result()
    assert time.monotonic() - start < 300 and capfd.readouterr() == ('', '')


def test_command_lines(folder):
    listed = ''.join(f'{name:14} {EXPERIMENTS[name].question}\n' for name in NAMES)
    assert script(COMMAND, '--list') == (listed, '', 0)
    pathlib.Path('file').touch()  # noticed before the runs, not after
    refused(COMMAND, 'memory', '--output', 'file/below', parts=['file/below'])


def test_readme_example_of_a_question(folder, monkeypatch):
    """What it has found is kept when the next question ends with an error."""

    def submit(work, *task):
        return SimpleNamespace(result=lambda: work(*task))  # in this process

    executor = contextlib.nullcontext(SimpleNamespace(submit=submit))
    monkeypatch.setattr(pool, 'workers', lambda jobs: executor)
    (example,) = re.findall(r"```python\n(    '.*?)```", README, re.DOTALL)
    ((name, experiment),) = eval('{' + example + '}', vars(questions)).items()
    monkeypatch.setitem(EXPERIMENTS, name, experiment._replace(test_every=1))
    settings = {'wrong': questions.dense((1, 'no such function'))}
    monkeypatch.setitem(EXPERIMENTS, 'next', experiment._replace(settings=settings))
    options = ('--epochs', 2, '--repeats', 1)
    shown = script(COMMAND, name, 'next', *options, status=1)
    assert 'no such function' in shown.stderr
    for part in (experiment.question, *experiment.settings):
        assert part in shown.stdout
    files = [f'{name}{end}' for end in ('-curves.csv', '.csv', '.png')]
    assert sorted(os.listdir('results')) == files
    rows = pathlib.Path('results', f'{name}.csv').read_text('utf-8').splitlines()
    assert rows[0].startswith('series,setting,seed,N_train,phase,noise,epochs,')
    assert rows[1].startswith(',one of 20,0,200,0,0.0,2,')  # whole numbers stay whole
    curves = report.load('results', f'{name}-curves')
    assert list(curves.epoch) == [1, 2, 1, 2]
    assert list(curves.setting.unique()) == list(experiment.settings)
    wrong = experiment._replace(settings={'misspelt': {'N_trian': 20}})
    monkeypatch.setitem(EXPERIMENTS, name, wrong)
    assert 'N_trian' in script(COMMAND, name, *options, status=1).stderr


# ---------------------------------------------------------------- the page's sentences

SLIDE = "the slide's (Dense 16, Dense 1)"
WITH_SIGMOID = 'with a sigmoid (Dense 16, Dense 1 sigmoid)'
SIGMOID = 'only a sigmoid at the end (Dense 16, Dense 8, sigmoid)'
MLP = "the tutorial's (relu, tanh, sigmoid)"
TUTORIALS, SQUARES = "the tutorial's", 'mean of the squares'
NETWORK, LOGISTIC = "the tutorial's network", 'logistic regression (L2 = 1)'
NEAREST, PHASE = 'nearest neighbour', f'{TUTORIALS}, random phase'
ACTIVATIONS = 'relu', 'softplus', 'sigmoid', 'tanh'


def results(name, series='', column='test_accuracy'):
    """Return a column of NAME.csv: a row for each seed, a column for each setting."""
    rows = report.load(PUBLISHED, name)
    if name == 'noise':  # methods are compared at each noise
        rows = rows.rename(columns={'series': 'setting', 'setting': 'series'})
    rows = rows[rows.series == series]
    return rows.pivot(index='seed', columns='setting', values=column)


def section(name):
    """Return the text below an experiment's question, or a heading, in one line."""
    heading = EXPERIMENTS[name].question if name in EXPERIMENTS else name
    text = README.split(f'## {heading}\n')[1]
    return ' '.join(text.split('\n## ')[0].split())


# Of which settings the page counts the seeds with which the first is better.
PAIRS = [
    ('flat', '', WITH_SIGMOID, SLIDE),
    *(('layers', '', '2', other) for other in '134'),
    *(('activations', '', *pair) for pair in itertools.pairwise(ACTIVATIONS)),
    ('neurons', '', '16', '2'),
    ('neurons', '', '256', '16'),
    ('linear', SAME, SIGMOID, MLP),
    ('linear', MORE, MLP, SIGMOID),
]
# Which takes more epochs than another.
SLOWER = [
    ('fastest', SAME, 'hidden layers: 2', 'hidden layers: 4'),
    ('fastest', MORE, 'hidden layers: 2', 'hidden layers: 4'),
    ('fastest', SAME, 'activation: relu', 'activation: tanh'),
    ('fastest', SAME, 'activation: relu', 'activation: linear'),
]
# By how many points one is better, as a range over the seeds.
POINTS = [
    ('baseline', SAME, LOGISTIC, NETWORK),
    *(('baseline', x, NETWORK, y) for x in (RANDOM, MORE) for y in (LOGISTIC, NEAREST)),
    ('linear', MORE, MLP, SIGMOID),
    ('neurons', '', '16', '2'),
    ('neurons', '', '256', '16'),
    ('recurrent', '', 'LSTM', TUTORIALS),
    ('noise', '1', SQUARES, 'Conv1D'),
]
MEDIANS = [
    *(('noise', noise, TUTORIALS) for noise in ('0.25', '0.5', '1', '2')),
    *(('noise', noise, SQUARES) for noise in ('0.5', '1', '2')),
    *(('phase', PHASE, N) for N in ('200', '1600')),
    ('phase', f'{TUTORIALS}, same phase', '400'),
]


def test_pairs_in_sentences():
    for claims, column in (PAIRS, 'test_accuracy'), (SLOWER, 'training_95'):
        for name, series, better, other in claims:
            found = results(name, series, column)
            wins, losses = (sum(f(found[better], found[other])) for f in (gt, lt))
            p = binomtest(wins, wins + losses).pvalue
            told = f'p = {p:.2g}' if p >= 0.001 else 'p < 0.001'
            told = f'{wins} of {len(found)} pairs ({told})'
            assert told in section(name), (name, series, better, other)


def test_ranges_and_medians_in_sentences():
    for name, series, better, other in POINTS:
        found = results(name, series)
        points = 100 * (found[better] - found[other])
        text = section(name).replace('\N{MINUS SIGN}', '-')
        ranges = re.findall(r'(-?[\d.]+) to ([\d.]+)', text)
        ends = points.min(), points.max()
        assert any(all(map(rounds, ends, x)) for x in ranges), (name, series, ends)
    for name, series, setting in MEDIANS:
        median = 100 * results(name, series)[setting].median()
        assert f'{median:.1f}' in section(name), (name, series, setting)


def rounds(number, printed):
    digits = len(printed.partition('.')[2])
    return abs(number - float(printed)) < 0.501 * 10**-digits


def test_other_numbers_in_sentences():
    seconds = results('recurrent', '', 'seconds')
    slower = seconds['LSTM'] / seconds["the tutorial's"]
    assert [round(slower.min()), round(slower.max())] == [4, 8]
    assert 'takes four to eight times as long' in section('recurrent')
    waves = results('frequency')  # a column for each frequency
    assert (waves.loc[:, '0.62':] == 0.5).all(axis=None)
    assert 'from 0.62 radians per step on, exactly half' in section('frequency')
    inside = 100 * waves.loc[:, '0.1':'0.4']
    *medians, edge = inside.median().round()
    told = f'{min(medians):.0f} to {max(medians):.0f} %, but {edge:.0f} % at the upper'
    assert told in section('frequency')
    assert (inside.shape[1], sum(inside.min() < 80)) == (16, 9)
    assert 'at nine of the sixteen frequencies' in section('frequency')
    sets = report.load(PUBLISHED, 'training-sets').query('N_train >= 100')
    updates = (sets.training_99 * np.ceil(sets.N_train / 32)).groupby(sets.N_train)
    assert updates.median().between(225, 275).all()
    assert '99 % of the training sequences take about 250' in section('epochs')
    as_2018 = results('flat', '', 'accuracy_2018')[SLIDE]
    assert as_2018.max() < 0.86 and as_2018.median() < 0.74


def test_which_network_learns_fastest():
    """Each doubling of the neurons does."""
    ratios = []
    for series in SAME, MORE:
        epochs = results('fastest', series, 'training_95')
        widths = [epochs[f'neurons: {N}'] for N in questions.NEURONS]
        for narrow, wide in itertools.pairwise(widths):
            wins, losses = sum(wide < narrow), sum(wide > narrow)
            assert wins >= 16 and binomtest(wins, wins + losses).pvalue < 0.005
        ratios += [*epochs['neurons: 256'] / epochs['neurons: 16']]
        wins = sum(epochs['neurons: 64'] < epochs['hidden layers: 4'])
        assert wins == (19 if series == SAME else 20)
        slowest = epochs.median().replace(np.inf, 0).filter(like='activation').idxmax()
        assert slowest == 'activation: sigmoid'
    assert f'need {min(ratios):.2f} to {max(ratios):.2f} of' in section('fastest')


# ---------------------------------------------------------------- what is published


@pytest.mark.parametrize('name', NAMES)
def test_published_files_are_those_of_the_questions(name):
    from experiments.run import new_network

    experiment, expected = EXPERIMENTS[name], {}
    for key, options in experiment.settings.items():
        setting = Setting(**options)
        weights = 0 if setting.baseline else new_network(setting).count_params()
        data = [setting.N_train, setting.phase, setting.noise, 300 * bool(weights)]
        series, key = key if isinstance(key, tuple) else ('', key)
        for seed in range(experiment.seeds):
            expected[series, str(key), seed] = [*data, weights]
    rows = report.load(PUBLISHED, name)
    columns = rows[['N_train', 'phase', 'noise', 'epochs', 'parameters']]
    runs = zip(rows.series, rows.setting, rows.seed, strict=True)
    found = dict(zip(runs, columns.to_numpy().tolist(), strict=True))
    assert found == expected and len(rows) == len(found)
    if every := experiment.test_every:
        curves = report.load(PUBLISHED, f'{name}-curves')
        epochs = [*range(every, 300, every), 300]
        settings = list(zip(rows.setting, rows.seed, strict=True))
        points = [(*setting, epoch) for setting in settings for epoch in epochs]
        assert points == [*zip(curves.setting, curves.seed, curves.epoch, strict=True)]


@pytest.mark.drawn
def test_publish(folder):
    """In a copy: tables edited by hand are as before, and so is each figure."""
    ignore = shutil.ignore_patterns('__pycache__', '*.png')
    shutil.copytree(PROJECT / 'experiments', 'experiments', ignore=ignore)
    page = pathlib.Path('experiments/README.md')
    assert '| 129 |' in README
    page.write_text(README.replace('| 129 |', '| 130 |'), encoding='utf-8')
    assert script(folder / COMMAND, '--publish') == ('', '', 0)
    assert page.read_text(encoding='utf-8') == README
    for name in NAMES:
        assert f'](results/{name}.png)' in README and section(name)
        assert f'<!-- table: {name} -->' in README or f'](results/{name}.csv)' in README
        picture = f'results/{name}.png'
        drawn = folder / 'experiments' / picture
        assert not compare_images(PROJECT / 'experiments' / picture, drawn, tol=0.5)
