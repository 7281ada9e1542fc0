"""experiments/: a training against plain Keras, a question, and what is published."""

import multiprocessing
import pathlib
import re
import shutil
from contextlib import closing

from support.console import UserError
from support.statistics import t_test

import numpy as np
import pandas as pd
import pytest
from conftest import PROJECT, process, refused, script

from experiments import lab
from experiments.figures import load
from experiments.flat import accuracy_2018
from experiments.networks import tutorial, two_layers
from experiments.questions import find_questions, read_question
from experiments.rates import measure_rates

COMMAND = 'experiments/__main__.py'
PUBLISHED = PROJECT / 'experiments/results'
README = (PROJECT / 'experiments/README.md').read_text(encoding='utf-8')
SENTENCES = ' '.join(README.split())
EASY, HARD = lab.EASY_AND_HARD
RANDOM = 'random phase, 200 sequences'
MLP = "the tutorial's"
ACCURACIES = 'test_accuracy', 'training_accuracy'
ONLY_A_SIGMOID = 'only a sigmoid at the end (Dense 16, Dense 8, sigmoid)'
FOURIER = 'logistic regression on Fourier magnitudes (L2 = 1)'


@pytest.mark.slow
def test_plain_keras_finds_the_same_with_a_seed():
    import keras

    trial = lab.Trial('', two_layers, N_train=32, metrics=(accuracy_2018,))
    _, found = lab.run(trial, 3, [6, 12, 16])
    training, test = lab.draw_data(trial, 3)
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
    row, _ = lab.run(lab.Trial('', tutorial), 0, [2])
    assert (row['training_95'], row['test_99'], row['training_99']) == (2, 1, np.inf)


@pytest.mark.slow
def test_the_page_s_question_finds_with_two_processes_what_one_finds(folder):
    """Its file is all that it takes. A killed process ends in a line."""
    (text,) = re.findall(r'```python\n(""".*?)```', README, re.DOTALL)
    for name in 'experiments', 'support':
        shutil.copytree(PROJECT / name, name)
    shutil.copy(PROJECT / 'generate_data.py', '.')
    pathlib.Path('experiments/shape.py').write_text(text, encoding='utf-8')
    command = folder / COMMAND, 'shape', '--repeats', 1, '--epochs', 2, '--jobs', 2
    command += '--output', 'new/results'
    printed = process(*command, env={'PYTHONPATH': str(folder)}).stdout
    assert 'one of 20' in printed and pathlib.Path('new/results/shape.png').exists()
    runs = load('new/results/shape.csv')
    assert [*runs['parameters']] == [2209, 2601]
    trial = lab.Trial('', tutorial)
    tasks = [(trial, 0, [2]), (trial, 0, [10**6])]
    with closing(lab.run_all(tasks, 1)) as found:
        row, _ = next(found)
        names = ['training_accuracy', 'test_accuracy', 'training_95', 'test_99']
        assert [*runs.loc[0, names]] == [row[name] for name in names]
        multiprocessing.active_children()[0].kill()
        with pytest.raises(UserError, match='fewer --jobs'):
            next(found)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize('name', ['flt', 'results', 'lab'])
def test_what_is_no_question_is_refused_with_those_there_are(name):
    refused(COMMAND, name, status=2, parts=[name, 'baseline, fastest, flat'])


@pytest.mark.slow
@pytest.mark.parametrize('name', find_questions())
def test_published_runs_are_those_of_the_questions(name, figures):
    """--draw makes the page's figures, and changes no runs."""
    import keras

    question = read_question(name)
    path = PUBLISHED / f'{question.name}.csv'
    before = path.read_bytes()
    printed = draw(name)
    assert path.read_bytes() == before
    assert all(len(line) <= 80 for line in printed.splitlines())
    assert f'## {question.title}\n' in README
    assert {*re.findall(rf'results/({path.stem}[\w-]*\.png)', README)} == {*figures}
    asked = {(setting.series, setting.name): setting for setting in question.trials}
    runs = load(path).groupby(['series', 'setting'], sort=False)
    assert [key for key, _ in runs] == [*asked]
    for key, rows in runs:
        setting = asked[key]
        layers = setting.network() if setting.network else []
        model = keras.Sequential([keras.Input((128,)), *layers])
        assert {*rows['parameters']} == {model.count_params() if layers else 0}
        for column in 'N_train', 'phase', 'noise':
            assert {*rows[column]} == {getattr(setting, column)}


RULES = [
    ('baseline', 'same phase, 200 sequences', 'nearest neighbour'),
    ('baseline', RANDOM, 'nearest neighbour'),
    ('baseline', RANDOM, 'mean of x⁴ / (mean of x²)²'),
    ('baseline', RANDOM, FOURIER),
    ('noise', 'mean of the squares', '1'),
]


@pytest.mark.slow
@pytest.mark.parametrize(('name', 'series', 'rule'), RULES)
def test_a_rule_finds_again_what_is_published(name, series, rule):
    trials = read_question(name).trials
    (trial,) = [x for x in trials if (x.series, x.name) == (series, rule)]
    found, _ = lab.run(trial, 0, [])
    for column in ACCURACIES:
        wanted = by_seed(name, column)[series, rule][0]
        assert found[column] == pytest.approx(wanted, abs=2e-3)


def draw(name):
    return script(COMMAND, name, '--draw', '--output', PUBLISHED).stdout


def test_the_table_has_medians_and_ranges(figures):
    table = draw('recurrent')
    low, middle, high = by_seed('recurrent')['', MLP].quantile([0, 0.5, 1])
    assert f' {middle:g} ({low:g}-{high:g}) ' in table


def test_the_page_s_program_prints_what_the_page_says(monkeypatch, capsys):
    """The program goes on working when it is changed as the page says."""
    (text,) = re.findall(r'```python\n(import pandas.*?)```', README, re.DOTALL)
    monkeypatch.chdir(PROJECT)
    exec(text, {})
    assert re.search(r' 0\.0011\d* \S+\n', capsys.readouterr().out)
    text = text.replace('recurrent', 'noise')
    text = text.replace("'setting'", "['series', 'setting']")
    text = text.replace("\"the tutorial's\", 'LSTM'", "('Conv1D', 1), ('LSTM', 1)")
    exec(text, {})
    assert 'nan' not in capsys.readouterr().out


def by_seed(name, column='test_accuracy'):
    """Return a column of a published CSV: a row for each seed, (series, setting)s."""
    runs = load(PUBLISHED / f'{name}.csv')
    return runs.pivot(index='seed', columns=['series', 'setting'], values=column)


def extent(values, digits=1):
    """Return '3.1 to 10.5', the smallest and the largest value, with halves up."""
    low, high = np.min(values) + 1e-9, np.max(values) + 1e-9
    return f'{low:.{digits}f} to {high:.{digits}f}'


def percent(values, digits=0):
    """Return the median, in percent, with halves up."""
    return f'{100 * np.median(values) + 1e-9:.{digits}f} %'


BETTER = [  # of which file; the settings as (series, name)
    ('baseline', (EASY, 'logistic regression (L2 = 1)'), (EASY, f'{MLP} network')),
    ('linear', (HARD, f'{MLP} (relu, tanh, sigmoid)'), (HARD, ONLY_A_SIGMOID)),
    ('recurrent', ('', 'LSTM'), ('', MLP)),
    ('noise', ('mean of the squares', '1'), ('Conv1D', '1')),
    ('noise', ('mean of the squares', '1'), (MLP, '1')),
]


@pytest.mark.parametrize(('name', 'better', 'other'), BETTER)
def test_what_the_page_calls_a_difference_is_one(name, better, other):
    samples = [by_seed(name)[setting].to_numpy() for setting in (better, other)]
    gaps = samples[0] - samples[1]
    assert gaps.mean() > 0 and t_test(gaps.mean(), *samples)[0] < 0.002
    assert f'{extent(100 * gaps)} points' in SENTENCES


def test_the_page_s_numbers_are_those_of_its_csvs():
    numbers = by_seed('training-sets')['']
    waves = by_seed('baseline')[RANDOM]
    network = percent(waves[f'{MLP} network'])
    epochs = by_seed('fastest', 'training_95').stack('series', future_stack=True)
    wider = epochs['neurons: 256'] / epochs['neurons: 16']
    slide = by_seed('flat', 'training_accuracy')['', "the slide's (Dense 16, Dense 1)"]
    seconds = by_seed('recurrent', 'seconds')['']
    lowest = by_seed('phase')['LSTM, random phase', '200'].min()
    curves = load(PUBLISHED / 'training-sets-curves.csv')
    curves = curves.pivot(index=['setting', 'seed'], columns='epoch')['test_accuracy']
    late = abs(curves[300] - curves[100])[['200', '400']].max()
    for text in (
        f'{percent(waves[FOURIER])} of new waves right, the network {network}.',
        f'from {percent(numbers["25"], 1)} right with 25 to',
        f'to {percent(numbers["1600"])} with 1,600.',
        f'is within {100 * late + 1e-9:.1f} points of that at epoch 100.',
        f'it takes {extent(wider, 2)} times as many epochs as with 16.',
        f'networks get {percent(slide, 1)} of the training sequences right',
        f'they take {extent(seconds["LSTM"] / seconds[MLP])} times as long.',
        f'in {extent(seconds["Conv1D"] / seconds[MLP])} times its time.',
        f"one LSTM has {percent(lowest)}), the tutorial's {network}.",
    ):
        assert text in SENTENCES


@pytest.mark.slow
def test_rates():
    """Of equal settings, at most 5.5 of 100 get a verdict; the page has these rates."""
    rates = measure_rates()
    equal = rates.loc[['as fast', 'as good: 50', 'as good: 200']]
    assert equal.drop(columns='3, 4, ... 10').to_numpy().max() <= 5.5
    truths = rates.index.str.replace(r': \d+', '', regex=True)
    cells = rates.map('{:.0f}'.format).groupby(truths, sort=False).agg(', '.join)
    for truth, row in cells.iterrows():
        assert f'\n| {truth} | {" | ".join(row)} |\n' in README
