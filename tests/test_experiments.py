"""experiments/: a training against plain Keras, the questions, what is published."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from support.statistics import t_test

import numpy as np
import pandas as pd
import pytest
from conftest import PROJECT, refused, script
from edits import blocks
from matplotlib.testing.compare import compare_images

from experiments import lab
from experiments.figures import load
from experiments.flat import accuracy_2018
from experiments.networks import two_layers
from experiments.questions import QUESTIONS, read_question

COMMAND = 'experiments/__main__.py'
PUBLISHED = PROJECT / 'experiments/results'
README = (PROJECT / 'experiments/README.md').read_text(encoding='utf-8')
SENTENCES = ' '.join(README.split())
PROGRAM, QUESTION = blocks(README)
EASY, HARD = lab.EASY_AND_HARD
MLP = "the tutorial's"
ONLY_A_SIGMOID = 'only a sigmoid at the end (Dense 16, Dense 8, sigmoid)'


def test_the_test_is_2000_sequences_that_the_training_has_not():
    (X_train, _), (X_test, Y_test) = lab.draw_data(lab.Trial('', N_train=1600), 3)
    assert X_test.shape == (2000, 128) and Y_test.sum() == 1000
    assert not {*map(bytes, X_train)} & {*map(bytes, X_test)}


@pytest.mark.slow
def test_plain_keras_finds_the_same_with_a_seed():
    import keras

    trial = lab.Trial('', two_layers, N_train=40, batch_size=40)
    row, found = lab.run(trial, 3, [6, 12, 16])
    training, test = lab.draw_data(trial, 3)
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((128,)), *two_layers()])
    model.compile('rmsprop', 'binary_crossentropy', metrics=['accuracy'])
    fit = model.fit(*training, batch_size=40, epochs=16, validation_data=test)
    columns = ['accuracy', 'val_accuracy']
    wanted = pd.DataFrame(fit.history)[columns].loc[[5, 11, 15]]
    np.testing.assert_allclose(found.dropna(), wanted, atol=1e-3)
    assert row['batch_size'] == 40 and row['test_99'] == np.inf


@pytest.mark.slow
def test_in_2018_an_answer_of_1_7_for_class_1_was_wrong():
    right = accuracy_2018(np.array([1.0, 1, 0]), np.array([[1.7], [0.6], [0.4]]))
    assert [*np.ravel(right)] == [False, True, True]


@pytest.mark.slow
def test_a_question_takes_no_more_than_its_file(folder):
    for name in 'experiments', 'support':
        shutil.copytree(PROJECT / name, name)
    shutil.copy(PROJECT / 'generate_data.py', '.')
    Path('experiments/shape.py').write_text(QUESTION, encoding='utf-8')
    options = '--repeats 1 --epochs 2 --jobs 2 --output new/results'.split()
    command = [sys.executable, '-m', 'experiments', 'shape', *options]
    subprocess.run(command, check=True)
    assert Path('new/results/shape.png').exists()
    assert [*load('new/results/shape.csv')['parameters']] == [2209, 2601]


def test_what_is_no_question_is_refused_with_those_there_are():
    for name in 'flt', 'lab':
        refused(COMMAND, name, status=2, parts=[name, 'baseline, training_sets'])


@pytest.fixture
def redrawn(folder):
    """What --draw prints, in a folder with copies of the published runs."""
    for path in PUBLISHED.glob('*.csv'):
        shutil.copy(path, folder)
    return script(COMMAND, '--draw', '--output', folder).stdout


@pytest.mark.slow
@pytest.mark.drawn
def test_draw_makes_the_page_s_figures_again(redrawn, folder):
    names = re.findall(r'results/([\w-]+\.png)', README)
    assert {path.name for path in folder.glob('*.png')} == {*names}
    for name in names:
        assert not compare_images(PUBLISHED / name, folder / name, tol=1)


@pytest.mark.slow
def test_questions_are_in_the_order_of_the_page(redrawn):
    asked = re.findall(r'(?m)^\w+: (.*\?)$', redrawn)
    assert asked == re.findall(r'(?m)^## (.*)$', README)[: len(QUESTIONS)]


@pytest.mark.slow
@pytest.mark.parametrize('name', QUESTIONS)
def test_published_runs_are_those_of_the_questions(name):
    import keras

    question = read_question(name)
    asked = []
    for trial in question.trials:
        row = trial.series, trial.name, trial.N_train, trial.phase, trial.noise
        layers = trial.network() if trial.network else []
        model = keras.Sequential([keras.Input((128,)), *layers])
        asked += [(*row, sum(map(np.size, model.weights)))] * question.seeds
    columns = ['series', 'setting', 'N_train', 'phase', 'noise', 'parameters']
    runs = load(PUBLISHED / f'{question.name}.csv')[columns]
    assert [*runs.itertuples(index=False, name=None)] == asked


@pytest.mark.slow
@pytest.mark.parametrize('name', ['baseline', 'noise'])
def test_rules_find_again_what_is_published(name):
    for trial in read_question(name).trials:
        if trial.rule:
            found, _ = lab.run(trial, 0, [])
            wanted = by_seed(name)[trial.series, trial.name][0]
            assert found['test_accuracy'] == pytest.approx(wanted, abs=2e-3)


def test_the_page_s_program_prints_what_the_page_says(monkeypatch, capsys):
    """The program goes on working when it is changed as the page says."""
    monkeypatch.chdir(PROJECT)
    exec(PROGRAM, {})
    assert re.search(r' 0\.0011\d* \S+\n', capsys.readouterr().out)
    text = PROGRAM.replace('recurrent', 'noise')
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


@pytest.mark.parametrize(
    ('question', 'better', 'other'),  # settings: (series, name)
    [
        ('baseline', (EASY, 'logistic regression (L2 = 1)'), (EASY, f'{MLP} network')),
        ('linear', (HARD, f'{MLP} (relu, tanh, sigmoid)'), (HARD, ONLY_A_SIGMOID)),
        ('recurrent', ('', 'LSTM'), ('', MLP)),
        ('noise', ('mean of the squares', '1'), ('Conv1D', '1')),
        ('noise', ('mean of the squares', '1'), (MLP, '1')),
    ],
)
def test_what_the_page_calls_a_difference_is_one(question, better, other):
    samples = [by_seed(question)[setting].to_numpy() for setting in (better, other)]
    gaps = samples[0] - samples[1]
    assert t_test(gaps.mean(), *samples)[0] < 0.002
    assert f'{extent(100 * gaps)} points' in SENTENCES


def test_the_page_s_numbers_are_those_of_its_csvs():
    numbers = by_seed('training-sets')['']
    waves = by_seed('baseline')['random phase, 200 sequences']
    fourier = waves['logistic regression on Fourier magnitudes (L2 = 1)']
    network = percent(waves[f'{MLP} network'])
    epochs = by_seed('fastest', 'training_95').stack('series', future_stack=True)
    wider = epochs['neurons: 256'] / epochs['neurons: 16']
    flat = by_seed('flat', 'training_accuracy')['']
    slide = flat["the slide's (Dense 16, Dense 1)"]
    seconds = by_seed('recurrent', 'seconds')['']
    lowest = by_seed('phase')['LSTM, random phase', '200'].min()
    curves = load(PUBLISHED / 'training-sets-curves.csv')
    curves = curves.pivot(index=['setting', 'seed'], columns='epoch')['test_accuracy']
    late = abs(curves[300] - curves[100])[['200', '400']].max()
    for text in (
        f'{percent(fourier)} of new waves right, the network {network}.',
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
def test_the_rates_are_those_of_the_page():
    printed = ' '.join(script('experiments/rates.py').stdout.split())
    rows = re.findall(r'(?m)^\| ([a1-9].*\d) \|$', README)
    assert len(rows) == 5
    for row in rows:
        assert row.replace(' | ', ' ') in printed
