"""experiments/: runs against plain Keras; the page's tables, sentences and figures."""

import contextlib
import functools
import itertools
import multiprocessing
import os
import pathlib
import re
import shutil
import signal
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace

from support.console import DataError

import numpy as np
import pytest
from conftest import PROJECT, contents, refused, script
from scipy.stats import binomtest

from experiments import baselines, figures, pool, questions, report
from experiments.questions import EXPERIMENTS
from generate_data import make_sequences, random_streams

COMMAND = 'experiments/__main__.py'
PUBLISHED = PROJECT / 'experiments/results'
README = (PROJECT / 'experiments/README.md').read_text(encoding='utf-8')
NAMES = list(EXPERIMENTS)
ACCURACIES = ['training_accuracy', 'test_accuracy']
SAME, RANDOM = 'same phase, 200 sequences', 'random phase, 200 sequences'
MORE = 'random phase, 800 sequences'


# ---------------------------------------------------------------- the runs


def test_runs_are_those_of_keras():
    """Plain Keras with the same first weights finds the same for the second seed.

    They train with one batch, whose order matters little, and test with unseen waves.
    The network is the slide's, whose answers round to 2, too: wrong in 2018.
    """
    import keras

    from experiments.run import run_setting, unseen_sequences

    options = {**questions.NO_ACTIVATION, 'N_train': 32, 'frequencies': [0.2, 0.3]}
    rows, curves = run_setting([2, 3], 16, test_every=6, count_2018=True, **options)
    found = [(row['setting'], row['seed']) for row in rows]
    assert found == [(0.2, 2), (0.3, 2), (0.2, 3), (0.3, 3)]
    tested = [(curve['seed'], curve['epoch']) for curve in curves]
    assert tested == [(seed, epoch) for seed in (2, 3) for epoch in (6, 12, 16)]
    train_rng, rng = random_streams(3)
    X_train, Y_train = make_sequences(32, train_rng)
    X_test, Y_test = unseen_sequences(X_train, rng)
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
        found = [curve[name] for name in (*ACCURACIES, 'accuracy_2018')]
        assert found == pytest.approx(wanted, abs=1e-3)
    for row, f in zip(rows[2:], (0.2, 0.3), strict=True):
        X, Y = unseen_sequences(X_train, rng, f_min=f - 0.01, f_range=0.02)
        right = (np.array(model(X))[:, 0] > 0.5) == Y
        assert row['test_accuracy'] == pytest.approx(right.mean(), abs=1e-3)
        assert row['training_accuracy'] == curves[-1]['training_accuracy']
        assert row['test_99'] == np.inf


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


def check_published(name, setting, found):
    """Check what pool.work has found for seed 0: all columns are as in NAME.csv."""
    ((row,), curves) = found
    series, setting = setting if isinstance(setting, tuple) else ('', setting)
    rows = report.load(PUBLISHED, name).set_index(['series', 'setting', 'seed'])
    wanted = rows.loc[series, str(setting), 0].dropna().drop('seconds').to_dict()
    named = {'series': series, 'setting': setting, 'seed': 0}
    assert 0 <= row.pop('seconds') < 100
    assert row == named | wanted and curves == []


def test_published_rows_are_found_again():
    """Some that another processor's rounding errors don't change."""
    for name, setting in (
        ('baseline', (RANDOM, 'mean of x⁴ / (mean of x²)²')),
        ('baseline', (SAME, 'nearest neighbour')),
        ('noise', ('mean of the squares', 1)),
    ):
        check_published(name, setting, pool.work(name, setting, [0], 300))


@pytest.mark.slow
def test_a_process_finds_what_is_published_and_ends_at_once(capfd):
    """With one thread, whose results don't depend on how many processes there are."""
    setting = 'from the training set (as in 2018)'
    with pytest.raises(ValueError, match='nonsense'), pool.workers(1) as executor:
        wanted = {'TF_NUM_INTRAOP_THREADS': '1', 'CUDA_VISIBLE_DEVICES': '-1'}
        for name, value in wanted.items():
            assert executor.submit(os.getenv, name).result(timeout=60) == value
        assert executor.submit(os.write, 2, b'not to be seen').result() > 0
        found = executor.submit(pool.work, 'memory', setting, [0], 300)
        check_published('memory', setting, found.result(timeout=100))
        wrong = executor.submit(int, 'nonsense')
        executor.submit(time.sleep, 100)
        start = time.monotonic()
        wrong.result()
    assert time.monotonic() - start < 90
    assert multiprocessing.active_children() == [] and capfd.readouterr() == ('', '')
    with pytest.raises(DataError, match='--jobs'), pool.workers(1):
        raise BrokenProcessPool  # as where a process was killed, for want of memory


# ---------------------------------------------------------------- the command line


def test_command_lines(folder, monkeypatch):
    """The questions in their order; a task has up to five seeds of a setting."""
    asked = []

    def submit(work, *task):  # starts a process, which inherits whether Ctrl-C counts
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
        asked.append(task)
        return SimpleNamespace(result=lambda: sys.exit(0))

    def workers(jobs):
        asked.append(jobs)
        return contextlib.nullcontext(SimpleNamespace(submit=submit))

    monkeypatch.setattr(pool, 'workers', workers)
    for arguments, cores, jobs, names, repeats, N_epochs in (
        ('', 9, 4, NAMES, None, 300),
        ('linear all', 2, 2, NAMES, None, 300),
        ('memory linear memory --jobs 6', 9, 6, ['memory', 'linear'], None, 300),
        ('memory --repeats 12 --epochs 1', 9, 4, ['memory'], 12, 1),
    ):
        usable = {'name': 'sched_getaffinity', 'value': lambda _, n=cores: range(n)}
        monkeypatch.setattr(os, **usable, raising=False)
        assert script(COMMAND, *arguments.split()) == ('', '', 0)
        assert asked.pop(0) == jobs
        assert all(len(seeds) <= 5 and N == N_epochs for *_, seeds, N in asked)
        assert [(*x, seed) for *x, seeds, _ in asked for seed in seeds] == [
            (name, setting, seed)
            for name in names
            for setting in EXPERIMENTS[name].settings
            for seed in range(repeats or EXPERIMENTS[name].seeds)
        ]
        asked.clear()
    assert os.listdir() == ['results'] and os.listdir('results') == []
    listed = ''.join(f'{name:14} {EXPERIMENTS[name].question}\n' for name in NAMES)
    assert script(COMMAND, '--list') == (listed, '', 0)


def test_bad_command_lines(folder):
    pathlib.Path('file').write_text('not a folder', encoding='utf-8')
    for arguments, status, *parts in (
        ('memory --repeats 0', 2, '--repeats'),
        ('memory --output file/below', 1, 'file/below'),
        ('nonsense', 2, 'nonsense', *NAMES),
    ):
        last = refused(COMMAND, *arguments.split(), status=status, parts=parts)
        assert last.startswith('python -m experiments: ')
    assert contents(folder) == {'file': b'not a folder'}


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


# ---------------------------------------------------------------- the page's sentences

SLIDE = "the slide's (Dense 16, Dense 1)"
WITH_SIGMOID = 'with a sigmoid (Dense 16, Dense 1 sigmoid)'
SIGMOID = 'only a sigmoid at the end (Dense 16, Dense 8, sigmoid)'
MLP = "the tutorial's (relu, tanh, sigmoid)"
TUTORIALS, SQUARES = "the tutorial's", 'mean of the squares'
NETWORK, LOGISTIC = "the tutorial's network", 'logistic regression (L2 = 1)'


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


@pytest.mark.parametrize(
    'name, series, better, other, column',
    [
        ('flat', '', WITH_SIGMOID, SLIDE, 'test_accuracy'),
        ('layers', '', '2', '1', 'test_accuracy'),
        ('layers', '', '2', '3', 'test_accuracy'),
        ('layers', '', '2', '4', 'test_accuracy'),
        ('activations', '', 'relu', 'softplus', 'test_accuracy'),
        ('activations', '', 'softplus', 'sigmoid', 'test_accuracy'),
        ('activations', '', 'sigmoid', 'tanh', 'test_accuracy'),
        ('neurons', '', '16', '2', 'test_accuracy'),
        ('neurons', '', '256', '16', 'test_accuracy'),
        # takes more epochs
        ('fastest', SAME, 'hidden layers: 2', 'hidden layers: 4', 'training_95'),
        ('fastest', MORE, 'hidden layers: 2', 'hidden layers: 4', 'training_95'),
        ('fastest', SAME, 'activation: relu', 'activation: tanh', 'training_95'),
        ('fastest', SAME, 'activation: relu', 'activation: linear', 'training_95'),
        ('linear', SAME, SIGMOID, MLP, 'test_accuracy'),
        ('linear', MORE, MLP, SIGMOID, 'test_accuracy'),
    ],
)
def test_pairs_that_the_page_counts(name, series, better, other, column):
    found = results(name, series, column)
    wins, losses = (found[better] > found[other]), (found[better] < found[other])
    p = binomtest(sum(wins), sum(wins) + sum(losses)).pvalue
    told = f'p = {p:.2g}' if p >= 0.001 else 'p < 0.001'
    assert f'{sum(wins)} of {len(wins)} pairs ({told})' in section(name)


@pytest.mark.parametrize(
    'name, series, better, other, told',
    [
        ('baseline', SAME, LOGISTIC, NETWORK, '3 to 10.5 points better'),
        ('baseline', RANDOM, NETWORK, LOGISTIC, '4 to 13 points with 200'),
        ('baseline', MORE, NETWORK, LOGISTIC, '28 to 36 with 800'),
        ('baseline', RANDOM, NETWORK, 'nearest neighbour', 'by 0.4 to 3.8'),
        ('baseline', MORE, NETWORK, 'nearest neighbour', '13 to 17 points'),
        ('linear', MORE, MLP, SIGMOID, '26 to 39 points'),
        ('neurons', '', '16', '2', 'by 0.45 to 25.7 points'),
        ('neurons', '', '256', '16', '\N{MINUS SIGN}0.6 to 5.5 points'),
        ('recurrent', '', 'LSTM', "the tutorial's", '5.7 to 10.9 points'),
        ('noise', '1', 'mean of the squares', 'Conv1D', '(2.1 to 6.4 points)'),
    ],
)
def test_ranges_of_differences(name, series, better, other, told):
    found = results(name, series)
    points = 100 * (found[better] - found[other])
    assert told in section(name)
    numbers = re.search(r'(-?[\d.]+) to ([\d.]+)', told.replace('\N{MINUS SIGN}', '-'))
    rounding = 0.06 if '.' in told else 0.51
    expected = pytest.approx(list(map(float, numbers.groups())), abs=rounding)
    assert [points.min(), points.max()] == expected


@pytest.mark.parametrize(
    'name, series, setting, told',
    [
        *(('noise', x, TUTORIALS, f'{{}} % at {x}') for x in ('0.25', '0.5', '1', '2')),
        ('noise', '0.5', SQUARES, '{} % right at 0.5'),
        ('noise', '1', SQUARES, '{} % at 1'),
        ('noise', '2', SQUARES, '{} % at 2'),
        ('phase', f'{TUTORIALS}, random phase', '1600', '(medians {} and'),
        ('phase', f'{TUTORIALS}, same phase', '400', 'and {} %)'),
        ('phase', f'{TUTORIALS}, random phase', '200', 'gets {} %'),
    ],
)
def test_medians_in_sentences(name, series, setting, told):
    median = 100 * results(name, series)[setting].median()
    assert told.format(f'{median:.1f}') in section(name)


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
    """Each doubling helps; the networks of the three other questions are the same."""
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
    others = {'layers': 'hidden layers', 'neurons': 'neurons'}
    for name, kind in (others | {'activations': 'activation'}).items():
        for column in 'training_95', 'test_accuracy':
            theirs, found = results(name, '', column), results('fastest', MORE, column)
            for setting in theirs:
                assert (theirs[setting] == found[f'{kind}: {setting}']).all()


# ---------------------------------------------------------------- the figures


@pytest.mark.parametrize('name', NAMES)
def test_figure_shows_the_numbers(name):
    """Marks at the medians of the CSV file, bars over the ranges, lines by epochs."""
    experiment, rows = EXPERIMENTS[name], report.load(PUBLISHED, name)
    figure = figures.draw(PUBLISHED, name)
    panels = zip(experiment.panels, figure.axes, strict=name != 'fastest')
    for panel, axis in panels:
        if panel == 'accuracy':
            columns = {series or 'test sequences': 'test' for series in rows.series}
            if not experiment.series and name != 'frequency':
                columns['training sequences'] = 'training'
            check_marks(axis, rows, {k: f'{v}_accuracy' for k, v in columns.items()})
            assert axis.yaxis_inverted() or axis.get_xlabel() == experiment.varied
        elif panel != 'speed':
            curves = report.load(PUBLISHED, f'{name}-curves')
            {'convergence': check_lines, 'seeds': check_seeds}[panel](axis, curves)
    if name == 'fastest':
        rows = rows.replace({'training_95': np.inf}, figures.NEVER)
        rows[['kind', 'setting']] = rows.setting.str.split(': ', expand=True)
        kinds = rows.groupby('kind', sort=False)
        for axis, (kind, found) in zip(figure.axes, kinds, strict=True):
            assert axis.get_xlabel().lower() == kind
            check_marks(axis, found, dict.fromkeys((SAME, MORE), 'training_95'))
    figures.plt.close(figure)


def check_marks(axis, rows, columns):
    """columns: which column of the CSV file each label's marks show."""
    rowwise = axis.yaxis_inverted()
    ticks = axis.get_yticklabels() if rowwise else axis.get_xticklabels()
    names = [tick.get_text().replace('\n', ' ') for tick in ticks]
    are_numbers = figures.has_numbers(rows) and axis.get_yscale() == 'linear'
    kinds = zip(axis.containers, columns.items(), strict=True)
    for container, (label, column) in kinds:
        assert not label or container.get_label() == label
        of_series = rows[rows.series.isin(['', label])].groupby('setting', sort=False)
        wanted = of_series[column].agg(['median', 'min', 'max'])
        marks, _, (bars,) = container.lines
        places, medians = marks.get_data()[:: -1 if rowwise else 1]
        found = [f'{x:g}' if are_numbers else names[round(x)] for x in places]
        assert found == list(wanted.index)
        ends = [bar[:, 0 if rowwise else 1] for bar in bars.get_segments()]
        assert np.column_stack([medians, ends]) == pytest.approx(wanted.to_numpy())


def check_lines(axis, curves):
    by_epoch = curves.groupby(['setting', 'epoch'], sort=False)
    found = []
    for dotted, solid in zip(axis.lines[:-1:2], axis.lines[1:-1:2], strict=True):
        assert (dotted.get_linestyle(), solid.get_linestyle()) == (':', '-')
        points = solid.get_xdata(), dotted.get_ydata(), solid.get_ydata()
        found += [(solid.get_label(), *point) for point in zip(*points, strict=True)]
    medians = by_epoch[ACCURACIES].median().reset_index()
    assert found == list(medians.itertuples(index=False, name=None))


def check_seeds(axis, curves):
    """Twenty thin lines and, bold, the median, as counted in 2018."""
    rows = curves[curves.setting == SLIDE]
    of_2018 = rows.pivot(index='epoch', columns='seed', values='accuracy_2018')
    drawn = np.array([line.get_ydata() for line in axis.lines[-22:-2]]).T
    assert (drawn == of_2018.to_numpy()).all()
    assert sorted(of_2018.iloc[-1])[10] == axis.lines[-2].get_ydata()[-1]  # bold


# ---------------------------------------------------------------- what is published


@functools.cache
def weights(network):
    from keras import Sequential, layers

    return Sequential([layers.Input((128,)), *network(layers)]).count_params()


@pytest.mark.parametrize('name', NAMES)
def test_published_files_are_those_of_the_questions(name):
    experiment, expected = EXPERIMENTS[name], {}
    for key, options in experiment.settings.items():
        epochs, parameters = 0, 0
        if 'baseline' not in options:
            epochs, parameters = 300, weights((questions.MLP | options)['network'])
        data = [options.get('N_train', 200), options.get('phase', 0)]
        data += [options.get('noise', 0), epochs, parameters]
        for setting in options.get('frequencies', [key]):
            series, setting = setting if isinstance(setting, tuple) else ('', setting)
            for seed in range(experiment.seeds):
                expected[series, str(setting), seed] = data
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


def test_publish(folder):
    """In a copy: a table edited by hand is as before, and the figure is drawn again."""
    ignore = shutil.ignore_patterns('__pycache__')
    shutil.copytree(PROJECT / 'experiments', 'experiments', ignore=ignore)
    for name in NAMES:
        short = name not in ('baseline', 'epochs', 'phase', 'noise')
        assert (f'<!-- table: {name} -->' in README) == short
        assert f'](results/{name}.png)' in README and section(name)
    edited = pathlib.Path('experiments/README.md')
    figure = pathlib.Path('experiments/results/memory.png')
    assert '| 129 |' in README
    edited.write_text(README.replace('| 129 |', '| 130 |'), encoding='utf-8')
    figure.unlink()
    assert script(folder / COMMAND, '--publish', 'memory') == ('', '', 0)
    assert edited.read_text(encoding='utf-8') == README and figure.exists()
    os.unlink('experiments/results/layers.csv')
    parts = 'layers.csv', '--output'
    refused(folder / COMMAND, '--publish', 'memory', parts=parts)
