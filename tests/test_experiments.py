"""experiments/: runs against plain Keras, what a user asks, and what is published."""

import multiprocessing
import os
import re
from contextlib import closing
from unittest import mock

from support.statistics import t_test

import numpy as np
import pytest
from conftest import PROJECT, script

from experiments import questions, run
from experiments.draw import PUBLISHED, load
from experiments.questions import EXPERIMENTS, Setting, tasks
from generate_data import make_sequences, random_streams

README = (PROJECT / 'experiments/README.md').read_text(encoding='utf-8')


def test_runs_are_those_of_keras(capfd):
    """Plain Keras finds the same with a seed, here with one batch, in any order."""
    import keras

    setting = Setting(**questions.NO_ACTIVATION, N_train=32, count_2018=True)
    row, accuracies = run.run(setting, 3, 16, 6)
    assert capfd.readouterr().out == ''
    train_rng, test_rng = random_streams(3)
    X_train, Y_train = make_sequences(32, train_rng)
    X_test, Y_test = run.unseen_sequences(X_train, test_rng, phase=0)
    assert X_test.shape == (2000, 128) and Y_test.sum() == 1000
    assert not {tuple(x) for x in X_train} & {tuple(x) for x in X_test}

    def accuracy_2018(y, p):
        return keras.ops.mean(keras.ops.round(p[:, 0]) == y)

    keras.utils.set_random_seed(3)
    layers = keras.layers.Dense(16), keras.layers.Dense(1)
    model = keras.Sequential([keras.Input((128,)), *layers])
    model.compile('rmsprop', 'binary_crossentropy', metrics=['accuracy', accuracy_2018])
    test = {'validation_data': (X_test, Y_test), 'validation_batch_size': 2000}
    history = model.fit(X_train, Y_train, epochs=16, verbose=0, **test).history
    assert list(accuracies.dropna().index) == [6, 12, 16]
    for column in accuracies:
        key = column.replace('training_', '').replace('test_', 'val_')
        found = accuracies[column].dropna()
        wanted = [history[key][epoch - 1] for epoch in found.index]
        assert [*found, row[column]] == pytest.approx([*wanted, wanted[-1]], abs=1e-3)
    reached = [i for i, value in enumerate(history['accuracy'], 1) if value >= 0.95]
    assert row['training_95'] == min(reached, default=np.inf) <= row['training_99']


@pytest.mark.slow
def test_processes(capfd):
    """They find what is published, in its order; and a killed one is reported."""
    asked = tasks('noise', 1)
    rules = {key: task for key, task in asked.items() if callable(task[0].method)}
    published = load(PUBLISHED, 'noise').set_index(['series', 'setting', 'seed'])
    endless = Setting(), 0, 10**6, 0
    with closing(run.run_all([*rules.values(), endless], 1)) as found:
        for key, (row, _) in zip(rules, found, strict=False):
            wanted = published.loc[key, :'test_accuracy'].to_dict()
            assert wanted == pytest.approx(row, abs=0.002)
        multiprocessing.active_children()[0].kill()
        with pytest.raises(SystemExit, match='--jobs'):
            next(found)
    assert capfd.readouterr() == ('', '')


@pytest.mark.drawn
def test_a_question(folder, monkeypatch):
    """The README's example runs, and what two questions ask runs once."""
    run_all = mock.Mock(side_effect=lambda some, jobs: [run.run(*x) for x in some])
    monkeypatch.setattr(run, 'run_all', run_all)  # in this process
    (example,) = re.findall(r"```python\n(    '.*?)```", README, re.DOTALL)
    ((name, experiment),) = eval('{' + example + '}', vars(questions)).items()
    for asked in name, 'twin':
        monkeypatch.setitem(EXPERIMENTS, asked, experiment._replace(test_every=1))
    typed = f'experiments/__main__.py {name} twin --epochs 2 --repeats 1'
    printed = script(*typed.split()).stdout
    assert all(text in printed for text in (experiment.question, *experiment.settings))
    assert [len(call.args[0]) for call in run_all.mock_calls] == [2, 0]
    assert {'shape.png', 'shape-curves.png', 'twin.png'} < {*os.listdir('results')}
    curves, rows = load('results', 'twin-curves'), load('results', 'twin')
    assert [*curves.epoch, *rows.setting] == [1, 2, 1, 2, *experiment.settings]
    assert [*curves[curves.epoch == 2].test_accuracy] == [*rows.test_accuracy]


@pytest.mark.parametrize('name', EXPERIMENTS)
def test_published_runs_are_those_of_the_questions(name):
    rows, asked = load(PUBLISHED, name), tasks(name)
    assert [*zip(rows.series, rows.setting, rows.seed, strict=True)] == [*asked]
    settings = [setting for setting, *_ in asked.values()]
    for column in 'N_train', 'phase', 'noise':
        assert list(rows[column]) == [getattr(setting, column) for setting in settings]
    networks = {x.method for x in settings if not callable(x.method)}
    weights = {x: run.compiled_network(x).count_params() for x in networks}
    assert list(rows.parameters) == [weights.get(x.method, 0) for x in settings]
    assert f'## {EXPERIMENTS[name].question}\n' in README
    assert f'(results/{name}.png)' in README


DIFFERENCES = [  # experiment, and of it the better setting and another
    ('linear', 'random.* the tutorial.*', 'random.* only.*'),
    ('recurrent', ': LSTM', ": the tutorial's"),
    ('noise', 'mean of the squares: 1', 'Conv1D: 1'),
]


@pytest.mark.parametrize('name, better, other', DIFFERENCES)
def test_what_is_called_a_difference(name, better, other):
    """It is one by statistics.py, and its range is the one in README.md."""
    rows = load(PUBLISHED, name)
    rows.index = rows.series + ': ' + rows.setting
    both = (rows.index.str.fullmatch(setting) for setting in (better, other))
    samples = [rows.test_accuracy[setting].to_numpy() for setting in both]
    gaps = samples[0] - samples[1]
    assert gaps.mean() > 0 and t_test(gaps.mean(), samples)[0] < 0.002
    spread = f'{100 * min(gaps):.1f} to {100 * max(gaps):.1f} points'
    assert spread in ' '.join(README.split())
