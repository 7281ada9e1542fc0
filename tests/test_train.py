"""train.py as people edit it: what ends in a few lines, what is said, what trains."""

import os
import pathlib
import re

from support import network, runs

import numpy as np
from conftest import SHORT, TRAIN, refused, script
from pytest import mark, param

pytestmark = mark.filterwarnings('ignore::UserWarning')  # of Keras, about edits
# Edits are dicts: what is replaced, once, and what takes its place.
RELU = "model.add(Dense(16, activation='relu'))"
TANH = "model.add(Dense(8, activation='tanh'))"
SIGMOID = "model.add(Dense(1, activation='sigmoid'))"
LOSS, METRICS = "'binary_crossentropy'", "['accuracy']"
DENSE = 'from keras.layers import Dense\n'
FIT = 'X_train, Y_train, epochs=N_epochs, batch_size=batch_size'
CALLBACKS = 'callbacks=[ShowProgress()]'
SOFTMAX = {SIGMOID: "model.add(Dense(2, activation='softmax'))"}
CATEGORICAL = SOFTMAX | {LOSS: "'categorical_crossentropy'"}
LAYERS = {DENSE: f'{DENSE}import keras\nfrom keras.layers import *\n'}


def before(line, *new):
    """Return the edit that puts new lines before one."""
    return {line: '\n'.join([*new, line])}


def loaded(*new):
    """Return the edit that puts new lines where all sequences are loaded."""
    return before('model = Sequential()', *new)


def train(edits, *arguments, status=0):
    """Write train.py with these edits, and run it."""
    text = TRAIN
    for old, new in edits.items():
        assert old in text, old
        text = text.replace(old, new, 1)
    pathlib.Path('train.py').write_text(text, encoding='utf-8')
    return script(os.path.abspath('train.py'), *arguments, status=status)


RESHAPE = 'model.add(Reshape((N_sequence, 1)))'
CONV = LAYERS | {RELU: f'{RESHAPE}\nmodel.add(Conv1D(4, 3))'}
LSTM = LAYERS | {RELU: f'{RESHAPE}\nmodel.add(LSTM(4))'}
MISSPELT = {TANH: "model.add(Dense(9, activaton='tanh'))"}
ONE_HOT = 'from keras.utils import to_categorical as one_hot'
ONE_HOT_TRAIN = loaded(ONE_HOT, 'Y_train = one_hot(Y_train)')
ONE_HOT_BOTH = loaded(ONE_HOT, 'Y_train, Y_test = one_hot(Y_train), one_hot(Y_test)')


@mark.parametrize(
    ('edits', 'line', 'words'),
    [
        param(
            {'import numpy as np\n': ''}, 'np.empty', 'write  import nump', id='import'
        ),
        param({f'#{RESHAPE}': RESHAPE}, RESHAPE, 'write  from keras.la', id='comment'),
        param({"'relu'": "'rlu'"}, "'rlu'", "did you mean 'relu'?", id='activation'),
        param({LOSS: "'b'"}, 'model.fit', 'not interpret loss', id='loss'),
        param({TANH: f'+{TANH}'}, f'+{TANH}', 'leave out the +', id='a pasted diff'),
        param(CONV, 'model.fit', 'Flatten()', id='a convolution alone'),
        param(MISSPELT, 'activaton', "Dense: {'activaton': ", id='argument'),
        param({FIT: FIT.replace('Y_train', 'Y_test')}, 'fit', "'y' sizes: 1", id='set'),
        param({'N_sequence,)': '100,)'}, 'model.fit', 'Input 0', id='shape'),
    ],
)
def test_an_error_names_its_line(data, edits, line, words):
    """Then come Python's or Keras's own words, and perhaps a hint; nothing is kept."""
    place, error, *hint = train(edits, *SHORT, status=1).stderr.splitlines()
    number, code = re.fullmatch(r'train\.py, line (\d+): (.*)', place).groups()
    assert line in code and words in ''.join([error, *hint]) and len(hint) <= 1
    lines = pathlib.Path('train.py').read_text().splitlines()
    assert code in lines[int(number) - 1] and not os.path.exists('runs')


@mark.parametrize(
    ('edits', 'words'),
    [
        param({'seed = 0 ': 'seed = -1 '}, 'line 34, seed = -1: -1 is not', id='seed'),
        param(
            {SIGMOID: SOFTMAX[SIGMOID].replace('2', '1')},
            'layer, 1 neuron with softmax, does',
            id='one',
        ),
        param(
            {TANH: f'{TANH}\n', SIGMOID: ''}, '8 neurons with tanh, does', id='no last'
        ),
        param(ONE_HOT_TRAIN, 'only one of Y_train and Y_test is one-hot', id='one-hot'),
        param(
            CATEGORICAL, "'binary_crossentropy', or Y_train = to_cat", id='categories'
        ),
        param(loaded('Y_test[3] = 2'), "loss='sparse_categ", id='a third class'),
        param(loaded('Y_test = 2 * Y_test - 1'), 'Y_test must hold cl', id='labels'),
        param(loaded('Y_train[:] = 0'), 'Y_train holds one class', id='one class'),
        param({METRICS: "['mse', 'accuracy']"}, "metrics=['accuracy']", id='metrics'),
        param(
            {'X_train[x,], Y_train[x]': 'X_train, Y_train'}, '[128] and []', id='loop'
        ),
        param(loaded('X_test = [*X_test]'), 'X_test = np.array(X_test)', id='a list'),
        param(loaded('X_train[7, 5] = np.nan'), 'X_train[7] holds NaN', id='NaN'),
        param(
            before('history = ', 'Y_train[:] = np.nan'), 'loss is nan', id='nan loss'
        ),
    ],
)
def test_what_keras_would_not_notice(data, edits, words):
    """Ends in one line of ours, and nothing is kept."""
    line = train(edits, *SHORT, status=1).stderr
    assert words in line and line.count('\n') == 1 and not os.path.exists('runs')


BATCHES = {FIT: 'Dataset.from_tensor_slices((X_train, Y_train)).batch(5), epochs=3'}
BATCHES |= loaded('from tensorflow.data import Dataset')
SCALED = {RELU: 'model.add(Sequential([BatchNormalization()]))'} | LAYERS
FAR = loaded('X_train, X_test = 9 + X_train, 9 + X_test')
SOME = loaded('X_test[:4], Y_test[:4] = X_train[:4], Y_train[:4]')
AGAIN = before('history = ', 'model.fit(X_train, Y_train, verbose=0)')
LOGIT = {SIGMOID: 'import keras\nmodel.add(Dense(1))'}
LOGIT |= {LOSS: 'keras.losses.BinaryCrossentropy(from_logits=True)'}
STOP = 'callbacks=[keras.callbacks.EarlyStopping("loss", min_delta=9, patience=1), '
STOP = LAYERS | {'callbacks=[': STOP}
NETWORK = """
class Network(keras.Model):
    last = keras.layers.Dense(1, 'sigmoid')
    def call(self, X):
        return self.last(X)
model = Network()"""
NETWORK = LAYERS | before('model.compile', NETWORK)
TWICE = {CALLBACKS: f'validation_split=0.2, validation_freq=2, {CALLBACKS}'}


@mark.parametrize(
    ('edits', 'remark'),
    [
        param(
            {},
            r'\n\d of 10 right, \d0.0 %; 95 %.*\nAlways .* of these 10,',
            id='as is',
        ),
        param(loaded('X_train[:2] = 0'), 'rows of zeros: 2, the first ', id='zeros'),
        param(FAR, 'The values have a mean of 9', id='values far from 0'),
        param(AGAIN, 'the network has made 1 other updates', id='a fit before'),
        param(LOGIT, 'may have used another thr', id='a logit'),
        param(
            {CALLBACKS: f'validation_split=0.2, {CALLBACKS}'}, 'n loss lo', id='valid.'
        ),
        param(STOP, 'ended after epoch 2 of 3', id='early stopping'),
        param(NETWORK, 'Run: runs/1', id='a class of their own'),
        param(BATCHES, '0 right, .* %; 95 %', id='a Dataset'),
        param(
            SOME, r'On the 6 others: \d right, .*\n.*: \d of these 6', id='duplicates'
        ),
        param(loaded('X_test, Y_test = X_train, Y_train'), 'memorisation', id='a leak'),
    ],
)
def test_what_is_remarked(data, edits, remark):
    """Is printed; the network trains, and the run is kept."""
    printed = train(edits, *SHORT).stdout
    assert re.search(remark, printed) and 'Run: runs/1 with history.csv' in printed


@mark.parametrize(
    'edits',
    [
        param({}, id='as is'),
        param(FAR | SCALED, id='far values, scaled in the network'),
        param(loaded('X_train, X_test = X_train / 2, X_test / 2'), id='half as high'),
        param({METRICS: "['acc']", "'relu'": 'lambda x: x * x'}, id='a lambda'),
        param({CALLBACKS: 'verbose=0'}, id='no bar'),
        param(CATEGORICAL | ONE_HOT_BOTH, id='one-hot'),
        param({METRICS: "['binary_accuracy']"}, id='another accuracy', marks=mark.slow),
        param(TWICE, id='validation every second epoch', marks=mark.slow),
        param(LSTM, id='an LSTM', marks=mark.slow),
    ],
)
def test_what_is_right_trains(data, edits):
    """Without a word about it."""
    done = train(edits, *SHORT)
    assert 'Run: runs/1 with history.csv, history.png, model.k' in done.stdout
    assert not re.search('(?m)^(X_|Y_|The |Valid)', done.stdout) and done.stderr == ''
    assert '/step' not in done.stdout  # no bar of Keras's


def test_numbers(data):
    """One's own are options; a run keeps what was typed."""
    own = "seed = 0\nN_own = 5\nrate = 0.1\nbend = '5 %'\non = True\n"
    edits = {'seed = 0 ': own, TANH: 'model.add(Dense(N_own, activation=bend))'}
    shown = ' '.join(train(edits, '--help').stdout.split())
    assert '--N_own N default 5 --rate X default 0.1 --bend TEXT' in shown
    for typed in '--batch_size=0', '--rate=x', '--epochs=5':
        refused(data / 'train.py', typed, status=2, parts=typed[2:].split('='))
    train(edits, *SHORT, '--N_own', 9, '--bend=gelu', '--no-on', '--rate=2')
    (run,) = runs.read_runs()
    assert run['layers'] == '16 relu, 9 gelu, 1 sigmoid'
    numbers = {'N_own': 9, 'rate': 2.0, 'bend': 'gelu', 'on': False}
    assert numbers.items() <= run['numbers'].items()


def test_a_second_run_is_the_same(data):
    one, two = (script('train.py', *SHORT).stdout for _ in range(2))
    assert one == two.replace('runs/2', 'runs/1')
    assert re.search(r'\nAccuracy: (\d+)0\.00%\n\1 of 10 right', one)


def test_a_granted_gpu_that_is_not_seen_is_said(data):
    done = script('train.py', *SHORT, env={'SLURM_JOB_GPUS': '0'})
    assert 'Warning: Slurm granted a GPU' in done.stderr
    assert 'Training on CPU' in done.stdout


def test_advice_on_the_scale():
    """For values far from 0 and 1."""
    for mean, spread in (3, 1), (0, 9.5), (0, 0.002):
        assert network.suggest_scaling(np.array([mean - spread, mean + spread])) is None
    for mean, spread in (-3.5, 1), (0, 10.5), (0, 0.0009), (7, 0):
        advice = network.suggest_scaling(np.array([mean - spread, mean + spread]))
        assert f'a mean of {mean:.3g} and a standard dev' in advice
