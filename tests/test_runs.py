"""Runs: what a training leaves and prints, who gets which folder, what goes again."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from support import result, runs
from support.console import DataError

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import PROJECT, SHORT, TRAIN, refused, script
from keras import Input, Sequential, layers
from scipy.stats import binomtest

# A script of one's own, as quick as can be.
OWN = """
from support.start import prepare
prepare(keras=True)
import keras
import numpy as np
from keras import layers
from support.checks import check_network
from support.command_line import read_command_line
from support.progress import ShowProgress
from support.runs import save_run

seed = 0
size = 20
numbers = read_command_line(globals())
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(0)
X_train, X_test = rng.normal(size=(size, 4)), rng.normal(size=(10, 4))
Y_train, Y_test = X_train[:, 0] > 0, X_test[:, 0] > 0

def build(network=None):
    global model
    model = network or keras.Sequential([keras.Input((4,)), layers.Dense(1, 'sigmoid')])
    model.compile('sgd', 'binary_crossentropy', metrics=['accuracy'], run_eagerly=True)

def fit(callbacks=(), **options):
    global history
    check_network(model, X_train, Y_train, X_test, Y_test)
    options = {'epochs': 2, 'verbose': 0} | options
    callbacks = [ShowProgress(), *callbacks]
    history = model.fit(X_train, Y_train, callbacks=callbacks, **options)

def save(**other):
    save_run(numbers | other, model, history, X_train, Y_train, X_test, Y_test)

build()
"""


def own(code, *options, status=0):
    """Run a script of one's own with this code; return what it prints."""
    Path('own.py').write_text(OWN + code, encoding='utf-8')
    return script(os.path.abspath('own.py'), *options, status=status)


def folders():
    """Return the folders of all runs, the oldest first."""
    return [str(run['folder'].relative_to('runs')) for run in runs.read_runs()]


# ------------------------------------------------------------------ what is printed

USUAL = 'fit(); save()'
SUBCLASS = """
class Network(keras.Model):
    last = layers.Dense(1, 'sigmoid')
    def call(self, X):
        return self.last(X)
build(Network())
"""
DATASET = """
from tensorflow.data import Dataset
batches = Dataset.from_tensor_slices((X_train, Y_train)).batch(5)
history = model.fit(batches, epochs=2, validation_data=(X_test, Y_test))
"""
STOP = "keras.callbacks.EarlyStopping('loss', patience=1, min_delta=9)"
FAR = 'X_train += 15; X_test += 15; X_train[3] = 0; '
SCALED = 'inner = keras.Sequential([layers.BatchNormalization()]); '
SCALED += 'build(keras.Sequential([inner, layers.Dense(1)])); '
COPIES = 'X_test[:4] = X_train[:4]; Y_test[:4] = Y_train[:4]; '
# What is right, and what is printed of it, or not (!)
RIGHT = {
    USUAL: [r'\d of 10 right; 95 % conf', 'of these 10, ', '!mean of', '!also occur'],
    'X_train *= 0.5; X_test *= 0.5; fit(); save()': ['of these 10, ', '!mean of'],
    'history = model.fit(X_train, Y_train); save()': ['of these 10, ', '!Training on'],
    'fit(validation_data=(X_test, Y_test)); save()': ['Validation loss', '!also occur'],
    'fit(validation_split=0.2, validation_freq=2); save()': ['of these', '!Validation'],
    f'fit(callbacks=[{STOP}], epochs=9); save()': ['ended after epoch 2 of 9'],
    f'{DATASET}save()': ['Validation loss lowest at'],
    f'{SUBCLASS}{USUAL}': ['of these 10, '],
    'model.compile("sgd", "mse", metrics=["acc"]); fit(); save()': [
        'Never 95 %.* to epoch 2'
    ],
    f'{FAR}{USUAL}': ['1 rows of zeros, the first is row 3', 'mean of 14'],
    f'{FAR}{SCALED}{USUAL}': ['1 rows of zeros', '!mean of'],
    f'{COPIES}{USUAL}': [r'On the 6 others: \d right, .*\n.*: \d of these 6, '],
    'X_test, Y_test = X_train, Y_train; fit(); save()': ['memorisation', '!95 % conf'],
}


@pytest.mark.filterwarnings('ignore::UserWarning')  # of Keras, about such scripts
@pytest.mark.parametrize(('code', 'lines'), RIGHT.items())
def test_what_is_right(folder, code, lines):
    done = own(code)
    assert not done.stderr and 'Run: runs/1 with history.csv, mo' in done.stdout
    for line in lines:
        found = re.search(line.removeprefix('!'), done.stdout)
        assert bool(found) != line.startswith('!'), done.stdout


# ------------------------------------------------------------------ the folders


def named(*options, code=USUAL, status=2):
    """Run a script of one's own with --name a; return what it prints, as a text."""
    done = own(code, '--name', 'a', *options, status=status)
    return done.stdout + done.stderr


def test_a_setting_is_a_folder(folder):
    """Its seeds are in it; what is there already is not trained again."""
    for seed in 0, 1:
        named('--seed', seed, status=0)
    again = named('--seed', 1, code=f'# the same\n\n{USUAL}', status=0)
    assert 'runs/a/1 is there already' in again and 'Epoch' not in again
    assert folders() == ['a/0', 'a/1'] and os.readlink('runs/last') == 'a/1'
    line = named('--seed', 2, code=f'1; {USUAL}')
    assert 'is of another script' in line and 'rm -r runs/a' in line
    assert 'has size = 20' in named('--size', 21)
    Path('Train').mkdir()
    Path('Train/about.txt').write_text('python make.py\n')
    assert 'is of other sequences' in named('--seed', 2)
    os.remove('Train/about.txt')
    # What is not whole, or was stopped
    facts = json.loads(Path('runs/a/1/run.json').read_text())
    Path('runs/a/1/run.json').write_text(json.dumps(facts | {'is_stopped': True}))
    assert 'Ctrl-C' in named('--seed', 1)
    Path('runs/a/1/run.json').unlink()
    assert 'not whole' in named('--seed', 1)
    for name in 'last', '../x', '7':
        assert f'--name {name}' in named('--name', name)


def test_edited_numbers(folder, monkeypatch):
    """A number edited at the top is the same as one typed."""
    named('--size', 21, status=0)
    monkeypatch.setitem(globals(), 'OWN', OWN.replace('size = 20', 'size = 21'))
    assert 'runs/a/0 is there already' in named(status=0)


def test_folds_and_loops(folder):
    """Each network has a folder of its own, by its seed or the next number."""
    own('for seed in 4, 5: build(); fit(); save(seed=seed)', '--name', 'loop')
    fold = 'build(); fit(); save()'
    printed = own(f'for fold in 0, 1, 2: {fold}', '--name', 'folds').stdout
    assert 'runs/folds/0 is taken, so this run is runs/folds/2' in printed
    own(f'for fold in 0, 1: {fold}')
    assert folders() == 'loop/4 loop/5 folds/0 folds/1 folds/2 1 2'.split()
    assert [run['numbers']['seed'] for run in runs.read_runs('loop')] == [4, 5]


@pytest.mark.slow
def test_jobs_at_once(data):
    """Six of one name: mkdir decides, and each says what it has got."""
    command = [sys.executable, PROJECT / 'train.py', *map(str, SHORT), '--name', 'a']
    options = {'stdout': subprocess.PIPE, 'text': True}
    jobs = [subprocess.Popen(command, **options) for _ in range(6)]
    printed = ''.join(job.communicate()[0] for job in jobs)
    made = re.findall(r'Run: (runs/a/\d) ', printed)
    assert sorted(made) == [f'runs/a/{i}' for i in range(6)]
    assert printed.count('runs/a/0 is taken, so this run is') == 5


# ------------------------------------------------------------------ what a run holds


def test_what_a_run_holds(lesson):
    """The network that was tested, its answers, its script, its pictures."""
    run = lesson.folder / 'runs/1'
    names = 'about.txt history.csv history.png model.keras predictions.csv'
    assert sorted(os.listdir(run)) == f'{names} run.json train.py'.split()
    assert (run / 'train.py').read_text() == TRAIN
    assert (run / 'about.txt').read_text() == 'python generate_data.py\n'
    epochs = pd.read_csv(run / 'history.csv')
    assert [*epochs] == ['epoch', 'accuracy', 'loss'] and len(epochs) == 300
    answers = pd.read_csv(run / 'predictions.csv')
    X = [np.fromfile(lesson.folder / f'Test/X_{i}.dat') for i in answers['number']]
    scores = keras.models.load_model(run / 'model.keras').predict(np.array(X))
    np.testing.assert_allclose(answers['score_1'], scores[:, 0], atol=1e-5)
    assert (answers['predicted'] == (scores[:, 0] > 0.5)).all()
    facts = json.loads((run / 'run.json').read_text())
    assert facts['accuracy'] == (answers['predicted'] == answers['class']).mean()
    assert facts['epochs_to_95'] == 1 + (epochs['accuracy'] >= 0.95).argmax()
    assert answers['in_train'].sum() == 5


def test_figures_and_objects(folder):
    """All open figures are kept; of several sequences of one object there is a line."""
    Path('Test').mkdir()
    Path('Test/ids.txt').write_text('a\nb\n' * 5)
    draw = 'import matplotlib.pyplot as plt; plt.figure("a/b"); plt.figure(); '
    assert 'These are of 2 objects' in own(f'{draw}{USUAL}').stdout
    assert {'a_b.png', 'figure_2.png'} <= {*os.listdir('runs/1')}
    assert [*pd.read_csv('runs/1/predictions.csv')['id']] == ['a', 'b'] * 5


def test_runs_that_cannot_be_read(folder):
    refused('compare.py', parts=['no run in runs', 'python train.py'])
    Path('runs/x').mkdir(parents=True)
    Path('runs/x/run.json').write_text('{"time": ')
    refused('compare.py', parts=['runs/x/run.json is cut short'])


# ------------------------------------------------------------------ what it is worth


def test_how_far_to_trust_it():
    """Wilson's interval."""
    for right, N in (0, 2), (2, 10), (46, 50):
        exact = binomtest(right, N).proportion_ci(method='wilson')
        assert result.wilson_interval(right, N) == pytest.approx([*exact])


def test_how_fast_it_learnt():
    """Only as the test counts: not that of a logit."""
    epochs = {'accuracy': [0.5, 0.95, 1, 0.9], 'val_loss': [0.7, 0.384, 0.5, 0.8712]}
    table = pd.DataFrame({'epoch': range(1, 5)} | epochs)
    logit = keras.losses.BinaryCrossentropy(from_logits=True)
    logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    for neurons, loss, is_counted in (1, 'mse', 1), (1, logit, 0), (2, logits, 1):
        model = Sequential([Input((2,)), layers.Dense(neurons)])
        model.compile('sgd', loss, metrics=['accuracy'])
        speed = result.count_epochs(model, table)
        first, turn = result.describe_training(speed, table, 4)
        assert ('right after epoch 2, all after 3' in first) == is_counted
        assert ('are not counted' in first) != is_counted
        assert turn == 'Validation loss lowest at epoch 2: 0.38; at the end 0.87'


def test_logits_become_scores():
    """By a sigmoid or a softmax; what has no bounds has no scores."""
    X = np.array([[1.0, -2.0], [0.5, 3.0]])
    for neurons, activation in (1, 'sigmoid'), (2, 'softmax'):
        kind = 'Binary' if neurons == 1 else 'SparseCategorical'
        loss = getattr(keras.losses, f'{kind}Crossentropy')(from_logits=True)
        one, two = layers.Dense(neurons), layers.Dense(neurons, activation)
        logits, scores = (Sequential([Input((2,)), layer]) for layer in (one, two))
        two.set_weights(one.get_weights())
        for network in logits, scores:
            network.compile('sgd', loss)
        found = [result.describe_output(network)[3] for network in (logits, scores)]
        assert found == [activation, 'linear']
        answers = map(result.predict_scores, (logits, scores), (X, X), found)
        np.testing.assert_allclose(*answers, atol=1e-6)
    logits.compile('sgd', 'mse')
    assert result.describe_output(logits)[3] is None


def test_a_network_of_NaN():
    """TensorFlow may call its answers 0."""
    network = Sequential([Input((2,)), layers.Dense(1, 'sigmoid')])
    network.set_weights([np.full((2, 1), np.inf), np.zeros(1)])
    with pytest.raises(DataError, match='the network holds NaN or infinity'):
        result.predict_scores(network, np.ones((1, 2)), 'linear')
