"""experiments/: runs against plain Keras; what is published, and what a user sees."""

import itertools
import os
import pathlib
import re
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import numpy as np
import pytest
from conftest import PROJECT, refused, script
from matplotlib.testing.compare import compare_images

from benchmarks.benchmark import without_ours
from experiments import questions, run, show
from experiments.questions import EXPERIMENTS, Setting, tasks
from generate_data import make_sequences, random_streams

COMMAND = 'experiments/__main__.py'
PUBLISHED = PROJECT / 'experiments/results'
README = (PROJECT / 'experiments/README.md').read_text(encoding='utf-8')

# ---------------------------------------------------------------- the runs


def test_runs_are_those_of_keras():
    """Plain Keras finds the same with the same seed.

    They train with one batch, whose order matters little, and test with unseen waves.
    The network is the slide's, whose answers round to 2, too: wrong in 2018.
    """
    import keras

    options = {'N_train': 32, 'test_band': (0.2, 0.3), 'count_2018': True}
    setting = Setting(**questions.NO_ACTIVATION, **options)
    run.run(setting, 2, 16)  # leaves nothing behind
    row, accuracies = run.run(setting, 3, 16, 6)
    train_rng, test_rng = random_streams(3)
    X_train, Y_train = make_sequences(32, train_rng)
    X_test, Y_test = run.unseen_sequences(X_train, test_rng, f_min=0.2)
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
    assert list(accuracies.dropna().index) == [6, 12, 16]
    for column in accuracies:
        key = column.replace('training_', '').replace('test_', 'val_')
        found = accuracies[column].dropna()
        wanted = [history[key][epoch - 1] for epoch in found.index]
        assert list(found) == pytest.approx(wanted, abs=1e-3)
        assert row[column] == pytest.approx(wanted[-1], abs=1e-3)
    assert row.items() >= {'N_train': 32, 'epochs': 16, 'parameters': 2081}.items()
    assert row['test_99'] == np.inf


def check_published(name, series, setting, row):
    """Check what was found with seed 0: all columns but the seconds are published."""
    rows = show.load(PUBLISHED, name).set_index(['series', 'setting', 'seed'])
    wanted = rows.loc[series, setting, 0].drop('seconds').dropna().to_dict()
    assert wanted == {key: row[key] for key in wanted} and row.get('seconds', 0) < 100


def test_baselines():
    """They find what is published: some that rounding errors don't change."""
    RANDOM, L2 = 'random phase, 200 sequences', 'logistic regression{} (L2 = 1)'
    for name, series, setting in (
        ('noise', 'mean of the squares', '0.5'),
        ('baseline', RANDOM, 'mean of x⁴ / (mean of x²)²'),
        ('baseline', RANDOM, 'nearest neighbour'),
        ('baseline', RANDOM, L2.format(' on Fourier magnitudes')),
        ('baseline', 'same phase, 200 sequences', L2.format('')),
    ):
        row, _ = run.run(*tasks(name)[series, setting, 0])
        check_published(name, series, setting, row)


@pytest.mark.slow
def test_processes(capfd):
    """They find what is published, without notices; an error or a death ends all."""
    setting, start = 'from the training set (as in 2018)', time.monotonic()
    with pytest.raises(ValueError, match='nonsense'), run.workers(1) as pool:
        done = pool.submit(run.run, *tasks('memory')['', setting, 0])
        check_published('memory', '', setting, done.result()[0])
        pool.submit(os.write, 2, b'notice').result()
        wrong = pool.submit(int, 'nonsense')
        pool.submit(time.sleep, 300)
        wrong.result()
    assert time.monotonic() - start < 300
    with pytest.raises(SystemExit, match='--jobs'), run.workers(1) as pool:
        pool.submit(os._exit, 1).result()
    assert capfd.readouterr() == ('', '')


# ---------------------------------------------------------------- the command


def test_command_lines(folder):
    listed = [line.split()[0] for line in script(COMMAND, '--list').stdout.splitlines()]
    assert listed == [*EXPERIMENTS]
    pathlib.Path('file').touch()  # noticed before the runs, not after
    refused(COMMAND, 'memory', '--output', 'file/below', parts=['file/below'])


def test_kill(folder, monkeypatch):
    """It ends like Ctrl-C: so the processes end, too."""
    monkeypatch.setattr(run, 'workers', lambda _: signal.raise_signal(signal.SIGTERM))
    assert script(COMMAND, 'memory', status=1).stderr == '\nInterrupted.\n'


def test_readme_example_of_a_question(folder, monkeypatch):
    """It runs; what it has found is kept when the next question ends with an error."""
    runs = mock.Mock(side_effect=run.run)
    monkeypatch.setattr(run, 'run', runs)
    monkeypatch.setattr(run, 'workers', ThreadPoolExecutor)  # in this process
    (example,) = re.findall(r"```python\n(    '.*?)```", README, re.DOTALL)
    ((name, experiment),) = eval('{' + example + '}', vars(questions)).items()
    asked = {name: experiment._replace(test_every=1)}
    asked['twin'] = asked[name]._replace(question='Again?')
    asked['wrong'] = experiment._replace(settings={'wrong': {'N_trian': 20}})
    options = '--epochs', 2, '--repeats', 1, '--jobs', 1
    with mock.patch.dict(EXPERIMENTS, asked):
        done = script(COMMAND, name, 'wrong', *options, status=1)
        assert 'N_trian' in done.stderr and not os.listdir('results')
        wrong = {'wrong': questions.dense((1, 'no such function'))}
        EXPERIMENTS['wrong'] = experiment._replace(settings=wrong)
        done = script(COMMAND, *asked, *options, status=1)
        assert 'no such function' in done.stderr and '%' not in done.stderr  # no bar
        assert runs.call_count == 3  # what is the same runs once
        for part in (experiment.question, 'Again?', *experiment.settings):
            assert part in done.stdout
        curves, found = (show.load('results', name + x) for x in ('-curves', ''))
    ends = ['-curves.csv', '.csv', '.png']
    files = [f'{x}{end}' for x in (name, 'twin') for end in ends]
    assert sorted(os.listdir('results')) == files
    rows = pathlib.Path('results', f'{name}.csv').read_text('utf-8').splitlines()
    assert rows[0].startswith('series,setting,seed,N_train,phase,noise,epochs,')
    assert rows[1].startswith(',one of 20,0,200,0,0.0,2,')  # integers stay integers
    assert [*found.setting] == [*experiment.settings]
    assert [*curves.epoch] == [1, 2] * 2
    assert [*curves.setting[::2]] == [*found.setting]
    assert [*curves[curves.epoch == 2].test_accuracy] == [*found.test_accuracy]


# ---------------------------------------------------------------- what is published


@pytest.mark.drawn
def test_publish(folder):
    """In a copy it changes nothing but what was edited; and refuses missing runs."""
    ignore = shutil.ignore_patterns('__pycache__', '*.png')
    shutil.copytree(PROJECT / 'experiments', 'experiments', ignore=ignore)
    page = pathlib.Path('experiments/README.md')
    wrong = README.replace('| 129 |', '| 130 |')
    wrong = re.sub(r'[\d.]+( of \d+ pairs \(.*?\))?<!-- ', '0<!-- ', wrong)
    page.write_text(wrong, encoding='utf-8')
    assert script(folder / COMMAND, '--publish') == ('', '', 0)
    assert page.read_text(encoding='utf-8') == README != wrong
    for name in EXPERIMENTS:
        assert f'](results/{name}.png)' in README
        assert f'<!-- table: {name} -->' in README or f'](results/{name}.csv)' in README
        picture = f'results/{name}.png'
        drawn = folder / 'experiments' / picture
        assert not compare_images(PROJECT / 'experiments' / picture, drawn, tol=0.5)
    # A CSV file that lacks a run is no answer.
    path = pathlib.Path('experiments/results/layers.csv')
    path.write_text(path.read_text('utf-8').rsplit('\n', 2)[0], 'utf-8')
    refused(folder / COMMAND, '--publish', parts=['layers.csv', 'experiments layers'])
    assert page.read_text(encoding='utf-8') == README


@pytest.mark.parametrize('name', EXPERIMENTS)
def test_published_files_are_those_of_the_questions(name):
    """--publish checks the settings and seeds; these are the data, and the networks."""
    rows, settings = show.load(PUBLISHED, name), [x[0] for x in tasks(name).values()]
    for column in 'N_train', 'phase', 'noise':
        assert list(rows[column]) == [getattr(x, column) for x in settings]
    networks = {x.method for x in settings if not callable(x.method)}
    weights = {x: run.new_network(x).count_params() for x in networks}
    weights = [weights.get(x.method, 0) for x in settings]
    assert list(rows.parameters) == weights
    assert list(rows.epochs) == [300 * (N > 0) for N in weights]
    if every := EXPERIMENTS[name].test_every:
        epochs = show.load(PUBLISHED, f'{name}-curves').epoch
        assert list(epochs) == [*range(every, 300, every), 300] * len(rows)


def results(name, column='test_accuracy'):
    """Return a column of NAME.csv, in per cent: a row a seed, a column a setting."""
    rows = show.load(PUBLISHED, name)
    rows['setting'] = (rows.series + ' ' + rows.setting).str.strip()
    return 100 * rows.pivot(index='seed', columns='setting', values=column)


def test_other_numbers():
    """Those of the README's sentences that --publish does not write."""
    frequencies = results('frequency')
    inside = frequencies.loc[:, '0.1':'0.4']
    *medians, edge = inside.median().round()
    assert (min(medians), max(medians), edge) == (88, 100, 63)
    assert (inside.shape[1], sum(inside.min() < 80)) == (16, 9)
    assert (frequencies.loc[:, '0.62':] == 50).all(axis=None)
    curves = show.load(PUBLISHED, 'epochs-curves').set_index(['setting', 'seed'])
    test = 100 * curves.pivot(columns='epoch', values='test_accuracy')
    change = (test[300] - test[100]).groupby('setting').agg(['min', 'max']).round(1)
    assert change.loc[['200', '400']].to_numpy().min() == -0.2
    assert change.loc[['200', '400']].to_numpy().max() == 1.3
    assert [*change.loc['100']] == [-0.2, 5.1] and test.loc['100'].max(axis=None) < 90
    rows = show.load(PUBLISHED, 'training-sets').query('N_train >= 100')
    updates = (rows.training_99 * np.ceil(rows.N_train / 32)).groupby(rows.N_train)
    assert updates.median().between(225, 275).all()
    assert results('flat', 'accuracy_2018').iloc[:, 0].max() < 86
    # Each doubling of the neurons learns faster, and sigmoids are the slowest to learn.
    for series in 'same phase, 200 sequences', 'random phase, 800 sequences':
        epochs = results('fastest', 'training_95').filter(like=series)
        widths = [epochs[f'{series} neurons: {N}'] for N in questions.NEURONS]
        for narrow, wide in itertools.pairwise(widths):
            assert sum(wide < narrow) >= 16 and sum(wide > narrow) <= 3
        slowest = epochs.median().replace(np.inf, 0).filter(like='activation').idxmax()
        assert slowest.endswith('sigmoid')


# ---------------------------------------------------------------- the benchmark


def test_slides_lines_alone(data):
    """The script that train.py is timed against runs, and has nothing of ours."""
    text = without_ours((PROJECT / 'train.py').read_text(encoding='utf-8'))
    assert 'from support' not in text
    numbers = {'N_train': 20, 'N_test': 10, 'N_epochs': 2}
    for name, N in numbers.items():
        text = re.sub(rf'(?m)^{name} = \d+', f'{name} = {N}', text)
    pathlib.Path('slides.py').write_text(text, encoding='utf-8')
    assert re.search(r'Epoch 2/2[\s\S]*Accuracy: ', script('slides.py').stdout)
