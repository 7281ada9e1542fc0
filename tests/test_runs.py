"""Runs: what is judged, what a training leaves, and who gets which folder."""

import json
import os
import re
from pathlib import Path

from support import result, runs
from support.console import DataError

import keras
import numpy as np
import pytest
from conftest import SHORT, TRAIN, contents, one_line, refused, script
from keras import Input, Sequential, layers
from scipy.stats import binomtest

# ------------------------------------------------------------------ what is judged

# A script of one's own, as quick as can be.
OWN = """
from support.start import prepare
prepare(keras=True)
import keras
import numpy as np
from keras import layers
from keras.callbacks import EarlyStopping, LambdaCallback, ModelCheckpoint
from support.command_lines import read_command_line
from support.mistakes import check_network
from support.runs import save_run
from support.training import ShowAndSave

seed = 0
read_command_line(globals())
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(0)
X_train, X_test = rng.normal(size=(20, 4)), rng.normal(size=(10, 4))
Y_train, Y_test = X_train[:, 0] > 0, X_test[:, 0] > 0
loss, last = 'binary_crossentropy', 'sigmoid'

def build():
    global model
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1, last)])
    model.compile('sgd', loss, metrics=['accuracy'], run_eagerly=True)
    return model

def check():
    check_network(model, X_train, Y_train, X_test, Y_test)

def fit(X=None, Y=None, more=(), ours=True, **options):
    X, Y = X_train if X is None else X, Y_train if Y is None else Y
    callbacks = [ShowAndSave()] * ours + [*more]
    return model.fit(X, Y, epochs=2, verbose=0, callbacks=callbacks, **options)

def save(X=None):
    save_run(model, X_test if X is None else X, Y_test)

def change():
    model.set_weights(keras.models.clone_model(model).get_weights())

class Mine(keras.callbacks.Callback):
    def __init__(self, data):
        super().__init__()
        self.data = data

build()
"""
STOP = "EarlyStopping('accuracy', baseline=2, restore_best_weights=True)"
BEST = "[ModelCheckpoint('best.keras', 'accuracy', save_best_only=True)]"
LATE = '[LambdaCallback(on_train_begin=lambda logs: change())]'
LOAD = "model = keras.models.load_model('best.keras')"
USUAL = 'check(); fit(); save()'
LOGITS = """def loss(y, p):
    return keras.losses.binary_crossentropy(y, p, from_logits=True)
last = None; build()
"""
DATASET = 'from tensorflow.data import Dataset as D\nbatches = '
DATASET += 'D.from_tensor_slices((X_train, Y_train)).batch(5)\n'
# What follows, and why the newest run is not judged; None if it is.
JUDGED = {
    'check(); fit(X_train[15:5:-1] + 0, Y_train[15:5:-1]); save()': None,
    'check(); fit(validation_split=0.25); save()': None,
    f'check(); fit(more=[{STOP}]); save()': None,
    f'check(); fit(more={BEST}); {LOAD}; save()': None,
    f'for seed in 0, 1: keras.utils.set_random_seed(seed); build(); {USUAL}': None,
    # Several fits of one network, or other weights
    'check(); [fit() for fold in range(3)]; save()': 'trained by 3 fits',
    f'for i in 0, 1: w = model.get_weights(); build().set_weights(w); {USUAL}': 'by 2',
    f'model.train_on_batch(X_train, Y_train); {USUAL}': 'trained by 2 fits',
    f'check(); fit(more={LATE}); save()': 'weights were changed',
    'check(); change(); fit(); save()': 'weights were changed',
    'check(); fit(); change(); save()': 'other weights',
    # Several networks, or fits that nothing watches
    'check(); fit(); a = model; build(); check(); fit(); model = a; save()': 'last',
    'check(); build(); fit(); save()': 'no check_network( ) came right before',
    'check(); fit(ours=False); save()': 'no fit with ShowAndSave',
    # Other data
    f'{DATASET}check(); model.fit(batches, callbacks=[ShowAndSave()]); save()': (
        'BatchDataset data, not'
    ),
    'check(); fit(2 * X_train); save()': 'other sequences or classes than',
    'check(); fit(Y=~Y_train); save()': 'other sequences or classes than',
    'check(); fit(); save(X_test + 1)': 'saw other test',
    # Leaks
    'check(); fit(validation_data=(X_test, Y_test)); save()': 'fit saw all test',
    f'check(); fit(validation_data=[X_test, Y_test]); build(); {USUAL}': 'saw all',
    'check(); fit(more=[Mine((X_test, Y_test))]); save()': 'fit saw all test',
    f'X_test, Y_test = X_train, Y_train; {USUAL}': (
        '20 of 20 test sequences also occur in the training set: '
    ),
    f'{LOGITS}{USUAL}': 'may expect logits',
}


def own(code, *options, status=0):
    """Run a script of one's own with this code; return what it prints."""
    Path('own.py').write_text(OWN + code, encoding='utf-8')
    return script(os.path.abspath('own.py'), *options, status=status)


@pytest.mark.filterwarnings('ignore::UserWarning')  # of Keras, about such scripts
@pytest.mark.parametrize(('code', 'reason'), JUDGED.items())
def test_what_is_judged(folder, code, reason):
    """The lines below the accuracy, or the reason why there are none."""
    printed = own(code, '--name', 'a').stdout
    shown = re.findall('^Not judged: (.*)', printed, re.M)[-1:]
    assert [runs.read_run()['not_judged'] or ''] == (shown or [''])
    assert (reason or '') in ''.join(shown) and bool(shown) == bool(reason)
    assert re.search(r'^\d+ of \d+ right', printed, re.M) and ' recall ' in printed
    for text in '95 % confidence: ', 'Always answering ', 'of the training sequences':
        assert bool(reason) != (text in printed.rpartition('Training on')[2])


# ------------------------------------------------------------------ what it leaves


def read_own(code, *options):
    """Run such a script; return what run.json says, as it is in the file."""
    own(code, *options)
    return json.loads(Path('runs/last/run.json').read_text('utf-8'))


def test_what_run_json_holds(folder):
    """What compare.py needs to know whether two runs are seeds of one setting."""
    usual = 'check(); fit(more=more); save()'
    first = read_own(f'more = []; {usual}')
    assert first.keys() == runs.FIELDS.keys() and first['setting']
    seed = read_own(f'# the same\nmore = []; {usual}', '--seed', 1)
    assert seed['setting'] == first['setting'] and seed['weights'] != first['weights']
    same = {'weights', 'arrays', 'fit', 'layers', 'learning_rate', 'numbers'}
    others = {
        'Y_train = ~Y_train': {'arrays', 'fit'},
        'X_test = -X_test': {'arrays'},
        'model.compile("sgd", "mse", metrics=["accuracy"])': set(),
        'model.optimizer.learning_rate = 0.5': {'learning_rate'},
        'more = [EarlyStopping("loss", patience=7)]': {'fit'},
    }
    for code, differ in others.items():
        run = read_own(f'more = []; {code}; {usual}')
        assert {x for x in same if run[x] != first[x]} == differ, code
        assert run['setting'] != first['setting']
    assert run['fit']['callbacks'][0]['patience'] == 7
    # A loop in one script: what run.json can't hold, and paths.
    for callback in (
        'LambdaCallback(lambda *_: x)',
        "ModelCheckpoint(f'{x}.keras', 'loss')",
        "EarlyStopping('loss', patience=x)",
    ):
        own(f'for x in 1, 2: build(); check(); fit(more=[{callback}]); save()')
    settings = [run['setting'] for run in runs.all_runs()[-6:]]
    assert settings[:2] == [None, None] and settings[2] == settings[3] is not None
    assert settings[4] != settings[5]


def test_folders(folder):
    """Each network has one, whoever is first; --overwrite replaces what was there."""
    for name in 'last', '../x':
        assert name in own(USUAL, '--name', name, status=2).stderr
    own(f'for i in 1, 2: build(); {USUAL}', '--name', 'a')
    before = contents('runs')
    assert '--overwrite' in own(USUAL, '--name', 'a', status=2).stderr
    own('check(); fit(); fit(); save()', '--name', 'a', '--overwrite')
    after = contents('runs')
    assert {*after} == {*before} and after['a-2/run.json'] == before['a-2/run.json']
    assert after['a/run.json'] != before['a/run.json']
    # Two jobs at once: one makes the folder while the other trains.
    Path('runs/9').mkdir()
    again = "import os; os.utime('runs/a/run.json')"
    printed = own(f'{again}; {USUAL}', '--name', 'a', '--overwrite').stdout
    assert 'Another training has made runs/a' in printed and 'Run: runs/10 ' in printed
    code = f'check(); fit(); {again}; save()'
    assert 'Run: runs/11 with' in own(code, '--name', 'a', '--overwrite').stdout
    assert {*os.listdir('runs')} == {'a', 'a-2', '9', '10', '11', 'last'}
    assert os.readlink('runs/last') == '11'


def test_runs_that_cannot_be_read(folder):
    """They are named, and the others are read."""
    own(USUAL)
    for name in 'x', 'y':
        Path('runs', name).mkdir()
    Path('runs/x/run.json').write_text('{"time": ')
    compared = script('compare.py')
    assert '1 sigmoid' in compared.stdout
    one_line(compared, 'runs/x/run.json', 'fix it')


def test_a_script_that_dies_after_its_fit(data):
    """It leaves a whole run."""
    Path('bad.py').write_text(TRAIN.replace('plot_history(history)', 'plot(history)'))
    said = script(data / 'bad.py', *SHORT, status=1, env={'SLURM_JOB_GPUS': '1'}).stderr
    assert "name 'plot'" in said and 'TensorFlow sees none' in said
    files = {'history.csv', 'model.keras', 'run.json', 'train.py'}
    assert {*os.listdir('runs/1')} == files and {*os.listdir('runs')} == {'1', 'last'}
    refused('view.py', '--wrong', parts=['runs/1/predictions.csv is missing'])


def test_the_slides_own_fit(data):
    """It makes a run like others, but for history.png, which lies where it did."""
    ours = re.search(r'history = model\.fit\([\s\S]*?\)\]\)\n', TRAIN)[0]
    slides = 'history = model.fit(X_train, Y_train, epochs=N_epochs, batch_size=32)\n'
    Path('slide.py').write_text(TRAIN.replace(ours, slides))
    assert 'Plot: history.png' in script(data / 'slide.py', *SHORT).stdout
    files = {'history.csv', 'model.keras', 'predictions.csv', 'run.json', 'train.py'}
    assert {*os.listdir('runs/1')} == files


def test_a_test_of_ones_own(data):
    """It has no names of the objects in Test."""
    Path('Test/ids.txt').write_text('a\nb\n' * 5)
    fold = TRAIN.replace('# Create our', 'X_test = X_test[::-1]\n# Create our')
    Path('fold.py').write_text(fold)
    assert 'objects' not in script(data / 'fold.py', *SHORT).stdout
    assert 'id' not in runs.read_csv(runs.read_run(), 'predictions.csv')[0]


# ------------------------------------------------------------------ what it is worth


def test_how_far_to_trust_it():
    """The interval is that of the sequences that fit was not given."""
    for right, N in (0, 2), (2, 10), (46, 50):
        exact = binomtest(right, N).proportion_ci(method='wilson')
        assert result.wilson_interval(right, N) == pytest.approx([*exact])
    right, given = np.array([True, True, False, True]), np.arange(4) < 2
    first, second, third = result.describe_test(right, given)
    assert first == '3 of 4 right' and second.startswith('2 of 4 test sequences')
    assert third == 'On the 2 others: 1 right, 50.0 %; 95 % confidence: 9 % to 91 %'
    (line,) = result.describe_test(np.arange(50) < 46, np.zeros(50, bool))
    assert line == '46 of 50 right; 95 % confidence: 81 % to 97 %'


def test_how_fast_it_learnt():
    """Only as the test counts: not that of a logit, nor another metric."""
    epochs = [{'epoch': i, 'accuracy': x} for i, x in enumerate((0.5, 0.95, 1, 0.9), 7)]
    logit = keras.losses.BinaryCrossentropy(from_logits=True)
    logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def lines(epochs):
        return result.describe_training(result.count_epochs(model, epochs), epochs)

    for neurons, loss, is_counted in (1, 'mse', 1), (1, logit, 0), (2, logits, 1):
        model = Sequential([Input((2,)), layers.Dense(neurons)])
        for metric in 'accuracy', 'acc', 'categorical_accuracy':
            model.compile('sgd', loss, metrics=[metric])
            (line,) = lines(epochs)
            plain = is_counted and metric != 'categorical_accuracy'
            assert ('right after 2 epochs, all after 3' in line) == plain
            assert ('are not counted' in line) != plain
    model.compile('sgd', logits, metrics=['accuracy'])
    assert lines(epochs[:1])[0].startswith('Never 95 % ')
    # Where the validation loss turns, also where it never does.
    for epoch, loss in (0, 0.7), (2, 0.384), (3, 0.8712):  # of every other validation
        epochs[epoch]['val_loss'] = loss
    turns = 'Validation loss lowest at epoch 9: 0.38'
    assert lines(epochs)[1] == f'{turns}; at the end 0.87'
    assert lines(epochs[:3])[1] == turns


def test_logits_become_scores(folder):
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
        found = [result.describe_output(x)[3] for x in (logits, scores)]
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
