"""experiments/: runs against plain Keras, a new question, and what is published."""

import importlib
import multiprocessing
import os
import pathlib
import re
import shutil
from contextlib import closing

from support.console import UserError
from support.statistics import t_test

import numpy as np
import pandas as pd
import pytest
from conftest import PROJECT, process, script

from experiments import lab
from experiments.__main__ import QUESTIONS
from experiments.flat import accuracy_2018, two_layers

PUBLISHED = PROJECT / 'experiments/results'
README = (PROJECT / 'experiments/README.md').read_text(encoding='utf-8')


@pytest.mark.slow
def test_plain_keras_finds_the_same_with_a_seed():
    import keras

    _, found = lab.run(3, 16, 6, two_layers, metrics=[accuracy_2018], N_train=32)
    training, test = lab.draw_data(3, N_train=32, phase=0, noise=0)
    assert test[0].shape == (2000, 128) and test[1].sum() == 1000
    assert not {tuple(x) for x in training[0]} & {tuple(x) for x in test[0]}
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((128,)), *two_layers()])
    metrics = ['accuracy', accuracy_2018]
    model.compile('rmsprop', 'binary_crossentropy', metrics=metrics)
    options = {'validation_data': test, 'validation_batch_size': 2000, 'verbose': 0}
    history = pd.DataFrame(model.fit(*training, epochs=16, **options).history)
    wanted = history[['accuracy', 'val_accuracy', 'accuracy_2018']].loc[[5, 11, 15]]
    np.testing.assert_allclose(found.dropna(), wanted, atol=1e-3)
    right = accuracy_2018(np.array([1.0, 1, 0]), np.array([[1.7], [0.6], [0.4]]))
    assert np.array(right).ravel().tolist() == [False, True, True]


def test_epochs_to_an_accuracy_are_infinite_where_it_is_never_reached(monkeypatch):
    accuracy = np.float32([189, 190]) / np.float32(200)
    found = pd.DataFrame({'training_accuracy': accuracy, 'test_accuracy': 1}, [1, 2])
    monkeypatch.setattr(lab, 'train', lambda *_: (9, found))
    row, _ = lab.run(0, 2, 2)
    assert (row['training_95'], row['test_99'], row['training_99']) == (2, 1, np.inf)


@pytest.mark.slow
def test_the_page_s_question_finds_with_two_processes_what_one_finds(folder):
    """A killed process ends in a line that says what to do."""
    (text,) = re.findall(r'```python\n(""".*?)```', README, re.DOTALL)
    pathlib.Path('shape.py').write_text(text, encoding='utf-8')
    command = folder / 'shape.py', '--repeats', 1, '--epochs', 2, '--jobs', 2
    command += '--output', 'new/results'
    printed = process(*command, env={'PYTHONPATH': str(PROJECT)}).stdout
    assert 'one of 20' in printed and 'shape.png' in os.listdir('new/results')
    runs = lab.load('new/results', 'shape')
    assert [*runs['parameters']] == [2209, 2601]
    task = {'seed': 0, 'epochs': 10**6, 'test_every': 10**6}
    with closing(lab.run_all([task | {'epochs': 2}, task], 1)) as found:
        row, _ = next(found)
        names = ['training_accuracy', 'test_accuracy', 'training_95', 'test_99']
        assert [*runs.loc[0, names]] == [row[name] for name in names]
        multiprocessing.active_children()[0].kill()
        with pytest.raises(UserError, match='fewer --jobs'):
            next(found)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize('name', QUESTIONS)
def test_published_runs_are_those_of_the_questions(name, folder, figures):
    """The page's figures are drawn of them."""
    import keras

    question = importlib.import_module(f'experiments.{name}')
    file = name.replace('_', '-')
    shutil.copytree(PUBLISHED, 'results')
    script(f'experiments/{name}.py', '--draw')
    assert f'## {question.__doc__.splitlines()[0]}\n' in README
    assert {*re.findall(rf'results/({file}[\w-]*\.png)', README)} == {*figures}
    assert all(figure.axes[-1].get_xlabel() for figure in figures.values())
    runs = lab.load('results', file).groupby(lab.KEY[:2], sort=False)
    asked = {(x, str(y)): options for (x, y), options in question.SETTINGS.items()}
    assert [key for key, _ in runs] == [*asked]
    for key, rows in runs:
        wanted = {'N_train': 200, 'phase': 0, 'noise': 0, 'network': lab.tutorial}
        wanted |= asked[key]
        layers = [] if 'rule' in wanted else wanted['network']()
        model = keras.Sequential([keras.Input((128,)), *layers])
        assert {*rows['parameters']} == {model.count_params() if layers else 0}
        for column in 'N_train', 'phase', 'noise':
            assert {*rows[column]} == {wanted[column]}


def test_the_page_s_program_prints_what_the_page_says(monkeypatch, capsys):
    """The program goes on working when it is changed as the page says."""
    (text,) = re.findall(r'```python\n(import pandas.*?)```', README, re.DOTALL)
    monkeypatch.chdir(PROJECT)
    exec(text, {})
    assert re.search(r' 0\.0011\d* \S+\n', capsys.readouterr().out)
    text = text.replace('test_accuracy', 'training_95').replace('recurrent', 'noise')
    text = text.replace("'setting'", "['series', 'setting']")
    text = text.replace("\"the tutorial's\", 'LSTM'", "('Conv1D', 0), ('LSTM', 0)")
    text += 'from support.statistics import compare_epochs\n'
    text += 'print(*compare_epochs(first, other))'
    exec(text, {})
    assert 'nan' not in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize(
    ('name', 'better', 'other'),
    [
        ('linear', 'random.* the tutorial.*', 'random.* only.*'),
        ('recurrent', ': LSTM', ": the tutorial's"),
        ('noise', 'mean of the squares: 1', 'Conv1D: 1'),
    ],
)
def test_what_the_page_calls_a_difference_is_one(name, better, other):
    rows = lab.load(PUBLISHED, name)
    rows.index = rows['series'] + ': ' + rows['setting']
    both = (rows.index.str.fullmatch(setting) for setting in (better, other))
    samples = [rows['test_accuracy'][setting].to_numpy() for setting in both]
    gaps = samples[0] - samples[1]
    assert gaps.mean() > 0 and t_test(gaps.mean(), *samples)[0] < 0.002
    low, high = (100 * gap + 1e-9 for gap in (min(gaps), max(gaps)))  # halves up
    spread = f'{low:.1f} to {high:.1f} points'
    assert spread in ' '.join(README.split())
