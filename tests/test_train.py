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
LSTM = LAYERS | {RELU: f'{RESHAPE}\nmodel.add(LSTM(4))'}
ONE_HOT = 'from keras.utils import to_categorical as one_hot'
ONE_HOT_TRAIN = loaded(ONE_HOT, 'Y_train = one_hot(Y_train)')
ONE_HOT_BOTH = loaded(ONE_HOT, 'Y_train, Y_test = one_hot(Y_train), one_hot(Y_test)')


INFINITE = {LOSS: "'mse'"} | before('history = ', 'Y_train[:] = 1e30')
ERRORS = {  # the line of the error, and words that are said of it
    'loss': ({LOSS: "'b'"}, 'model.fit', 'Could not interpret loss'),
    'set': ({FIT: FIT.replace('Y_train', 'Y_test')}, 'fit', "'y' sizes: 1"),
}


@mark.parametrize('name', ERRORS)
def test_an_error_names_its_line_and_nothing_is_kept(data, name):
    edits, code, words = ERRORS[name]
    place, error, *hint = train(edits, *SHORT, status=1).stderr.splitlines()
    number, shown = re.fullmatch(r'train\.py, line (\d+): (.*)', place).groups()
    assert code in shown and words in ''.join([error, *hint]) and len(hint) <= 1
    lines = pathlib.Path('train.py').read_text().splitlines()
    assert shown in lines[int(number) - 1] and not os.path.exists('runs')


REFUSED = {
    'seed': ({'seed = 0 ': 'seed = -1 '}, ', seed = -1: -1 is not a whole number'),
    'one neuron': (
        {SIGMOID: SOFTMAX[SIGMOID].replace('2', '1')},
        '1 neuron with softm',
    ),
    'no last layer': ({SIGMOID: ''}, 'last layer, 8 neurons with ta'),
    'one-hot': (ONE_HOT_TRAIN, 'only one of Y_train and Y_test is one-hot'),
    'categories': (CATEGORICAL, "'binary_crossentropy', or Y_train = to_categorical"),
    'a third class': (loaded('Y_test[3] = 2'), "loss='sparse_categ"),
    'labels': (loaded('Y_test = 2 * Y_test - 1'), 'Y_test must hold classes'),
    'one class': (loaded('Y_train[:] = 0'), 'Y_train holds one class'),
    'metrics': ({METRICS: "['mse', 'accuracy']"}, "metrics=['accuracy']"),
    'loop': ({'X_train[x,], Y_train[x]': 'X_train, Y_train'}, '[128] and []'),
    'a list': (loaded('X_test = [*X_test]'), 'X_test = np.array(X_test)'),
    'NaN': (loaded('X_train[7, 5] = np.nan'), 'X_train[7] holds NaN'),
    'an infinite loss': (INFINITE, 'the loss is inf after epoch 1'),
}


@mark.parametrize('name', REFUSED)
def test_what_keras_would_not_notice_ends_in_a_line(data, name):
    edits, words = REFUSED[name]
    line = train(edits, *SHORT, status=1).stderr
    assert words in line and line.count('\n') == 1 and not os.path.exists('runs')


BATCHES = loaded('from tensorflow.data import Dataset')  # of a length not known
BATCHES[FIT] = (
    'Dataset.from_tensor_slices((X_train, Y_train))'
    '.filter(lambda *_: True).batch(5), epochs=3'
)
SCALED = {RELU: 'model.add(Sequential([BatchNormalization()]))'} | LAYERS
FAR = loaded('X_train, X_test = 9 + X_train, 9 + X_test')
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
REMARKS = {
    'zeros': (loaded('X_train[:2] = 0'), r'rows of zeros: 2, the first is X_train\[0'),
    'far from 0': (FAR, 'The values have a mean of 9'),
    'a fit before': (AGAIN, 'the network has made 1 other updates'),
    'a logit': (LOGIT, 'gives logits; fit may have used another threshold'),
    'validation': ({CALLBACKS: f'validation_split=0.2, {CALLBACKS}'}, 'Validation l'),
    'early stopping': (STOP, 'ended after epoch 2 of 3'),
    'a class of their own': (NETWORK, 'Run: runs/1'),
    'a Dataset': (BATCHES, r'\n(Never )?95 % of the training .* right'),
}


@mark.parametrize('name', REMARKS)
def test_a_remark_is_printed_and_the_run_is_kept(data, name):
    edits, remark = REMARKS[name]
    printed = train(edits, *SHORT).stdout
    assert re.search(remark, printed) and 'Run: runs/1 with history.csv' in printed


SLOW = 'an LSTM', 'validation every second epoch'
RIGHT = {
    'as is': {},
    'far values, scaled in the network': FAR | SCALED,
    'half as high': loaded('X_train, X_test = X_train / 2, X_test / 2'),
    'a lambda': {METRICS: "['acc']", "'relu'": 'lambda x: x * x'},
    'no bar': {CALLBACKS: 'verbose=0'},
    'one-hot': CATEGORICAL | ONE_HOT_BOTH,
    'validation every second epoch': TWICE,
    'an LSTM': LSTM,
}


@mark.parametrize(
    'name', [param(x, marks=mark.slow if x in SLOW else ()) for x in RIGHT]
)
def test_what_is_right_trains_without_a_remark(data, name):
    done = train(RIGHT[name], *SHORT)
    assert 'Run: runs/1 with history.csv, history.png, model.k' in done.stdout
    assert not re.search('(?m)^(X_|Y_|The |Valid)', done.stdout) and done.stderr == ''
    assert '/step' not in done.stdout  # no bar of Keras's


def test_a_number_of_one_s_own_is_an_option_and_the_run_keeps_it(data):
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
    epochs = re.findall(r'\nEpoch (\d)/3: accuracy', one)
    assert epochs[0] == '1' and epochs[-1] == '3'  # in a log a line a second


@mark.slow
def test_a_granted_gpu_that_is_not_seen_is_said(data):
    done = script('train.py', *SHORT, env={'SLURM_JOB_GPUS': '0'})
    assert 'Warning: Slurm granted a GPU' in done.stderr
    assert 'Training on CPU' in done.stdout


def test_values_far_from_0_and_1_are_to_be_scaled():
    for mean, spread in (3, 1), (0, 9.5), (0, 0.002):
        assert network.suggest_scaling(np.array([mean - spread, mean + spread])) is None
    for mean, spread in (-3.5, 1), (0, 10.5), (0, 0.0009), (7, 0):
        advice = network.suggest_scaling(np.array([mean - spread, mean + spread]))
        assert f'a mean of {mean:.3g} and a standard dev' in advice
