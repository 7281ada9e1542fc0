"""train.py as people edit it: what ends in a few lines, what is said, what trains."""

import os
import pathlib
import re

from support import network, runs

import numpy as np
import pytest
from conftest import SHORT, TRAIN, refused, script

# What is replaced, as regular expressions; the first place that fits counts.
RELU, TANH, SIGMOID = (rf"model\.add\(.*'{x}'\)\)" for x in ('relu', 'tanh', 'sigmoid'))
RMSPROP, LOSS, METRICS = "'rmsprop'", "'binary_crossentropy'", r"\['accuracy'\]"
DENSE, NUMPY, SEED = 'keras.layers import Dense', 'import numpy as np', 'seed = 0 '
FIT, CALLBACKS = r'model\.fit\(X_train, Y_train', 'callbacks='
PLOT, SHAPE = r'plot_history\(h', r'N_sequence,\)'
# Above this, something is added.
LOADED, BUILT = '(?=model = )', r'(?=model\.compile)'
LAYERS = {DENSE: 'keras.layers import Dense, Reshape, LSTM, Conv1D'}
ONE_HOT = 'import keras\nY_train, Y_test = map(keras.utils.to_categorical'
ONE_HOT += ', (Y_train, Y_test))\n'
SOFTMAX = {SIGMOID: "model.add(Dense(2, activation='softmax'))"}
CATEGORICAL = SOFTMAX | {LOSS: "'categorical_crossentropy'"}
SERIES = 'model.add(Reshape((N_sequence, 1)))\n'

# The edits; what the answer says; a text of the line that it names, if that isn't the
# last edit, or None if it names none.
MISTAKES = [
    # Hints: test_errors.py has them all
    ({NUMPY: ''}, 'write  import numpy as np', 'np.empty'),
    ({r'#(?=model.add.R)': ''}, 'write  from keras.layers import Reshape', 'Reshape'),
    ({"'relu'": "'rlu'"}, "did you mean 'relu'?"),
    ({LOSS: "'binary_cross_entropy'"}, "mean 'binary_crossentropy'?", 'model.fit'),
    ({'(?=model.add.Dense.8)': '+'}, 'leave out the +'),
    (LAYERS | {RELU: f'{SERIES}model.add(Conv1D(4, 3))'}, 'Flatten()', 'model.fit'),
    # Python's or Keras's own words, without the lines around them; and no hint
    ({TANH: "model.add(Dense(9, activaton='tanh'))"}, "Dense: {'activaton': 'tanh'}"),
    ({FIT: 'model.fit(X_train, Y_test'}, "'x' sizes: 20 'y' sizes: 10"),
    ({SHAPE: '100,)'}, 'ValueError: Input 0', 'model.fit'),
    # What only check_network or the callback notices
    ({SIGMOID: SOFTMAX[SIGMOID].replace('2', '1')}, '1-neuron softmax', None),
    ({LOADED: ONE_HOT.replace(', Y_test =', ', _ =')}, 'is one-hot', None),
    (CATEGORICAL, "'binary_crossentropy', or Y_train = to", None),
    ({BUILT: 'model.add(Dense(9))\n'}, '9-neuron linear', None),
    ({LOADED: 'Y_test[3] = 2\n'}, "'sparse_categorical_crossentropy'\n", None),
    ({METRICS: "['mse', 'accuracy']"}, "metrics=['accuracy']", None),
    ({r'X_train\[.*, Y_train\[x\]': 'X_train, Y_train'}, 'are [128] and []', None),
    ({LOADED: 'Y_test = 2 * Y_test - 1\n'}, 'Y_test must hold classes', None),
    ({LOADED: 'X_train[7, 5] = np.nan\n'}, 'X_train, row 7, holds NaN', None),
    ({'(?=history = )': 'Y_train[:] = np.nan\n'}, 'loss is nan after epoch 1', None),
    ({SEED: 'seed = -1 '}, 'is not a whole number', 'seed = -1'),
    ({LOADED: 'Y_train[:] = 0\n'}, 'Y_train holds one class only: more', None),
    ({LOADED: 'X_test = [*X_test]\n'}, 'X_test = np.array(X_test)', None),
]
# Right in Keras, if not always what people expect: the edits; what is printed of them,
# or not (!). Advice, on X_train or the values, comes only where a row has it.
NETWORK = """class Network(keras.Model):
    last = keras.layers.Dense(1, 'sigmoid')
    def call(self, X):
        return self.last(X)
model = Network()
"""
FAR = {LOADED: 'X_train, X_test = 9 + X_train, 9 + X_test\n'}
SCALED = 'model.add(Sequential([BatchNormalization()]))\n'
SCALED = {DENSE: f'{DENSE}, BatchNormalization', RELU: SCALED} | FAR
SOME = 'X_test[:4], Y_test[:4] = X_train[:4], Y_train[:4]\n'
BATCHES = 'from tensorflow.data import Dataset\nbatches = '
BATCHES += 'Dataset.from_tensor_slices((X_train, Y_train)).batch(5)\n'
STOP = "callbacks=[EarlyStopping('loss', patience=1, min_delta=9), "
STOP = {
    r'callbacks=\[': STOP,
    DENSE: f'{DENSE}\nfrom keras.callbacks import EarlyStopping',
}
LOGIT = {
    SIGMOID: 'import keras\nmodel.add(Dense(1))',
    LOSS: 'keras.losses.BinaryCrossentropy(from_logits=True)',
}
AGAIN = 'model.fit(X_train, Y_train, verbose=0)\n'
RIGHT = [
    ({}, r'\n\d of 10 right; 95 % conf.*\nAlways .* of these 10, '),
    ({LOADED: 'X_train[:2] = 0\n'}, 'X_train has 2 rows of zeros'),
    (FAR, 'The values have a mean of 9'),
    (SCALED, ''),
    ({LOADED: 'X_train, X_test = X_train / 2, X_test / 2\n'}, ''),
    ({METRICS: "['binary_accuracy']"}, ''),
    ({METRICS: "['acc']", "'relu'": 'lambda x: x * x'}, ''),
    ({'(?=history = )': AGAIN}, 'the network has made 1 other updates'),
    (LOGIT, 'cut logits at 0.5'),
    ({CALLBACKS: 'validation_data=(X_train, Y_train), callbacks='}, 'n loss lowest at'),
    ({CALLBACKS: 'validation_split=0.2, validation_freq=2, callbacks='}, '!n loss low'),
    ({r'callbacks=\[.*\]': 'verbose=0'}, '!Training on'),
    (STOP, 'ended after epoch 2 of 3'),
    (CATEGORICAL | {LOADED: ONE_HOT}, ''),
    (LAYERS | {RELU: f'{SERIES}model.add(LSTM(4))'}, ''),
    ({BUILT: f'import keras\n{NETWORK}'}, 'of these 10, '),
    (
        {LOADED: BATCHES, 'X_train, Y_train, epochs.*': 'batches, epochs=3,'},
        'these 10, ',
    ),
    ({LOADED: SOME}, r'On the 6 others: \d right, .*\n.*: \d of these 6, '),
    ({LOADED: 'X_test, Y_test = X_train, Y_train\n'}, 'memorisation'),
]


def write(edits):
    """Write train.py with these edits; return its lines, from 1."""
    text = TRAIN
    for old, new in edits.items():
        assert re.search(old, text), old
        text = re.sub(old, lambda _, new=new: new, text, count=1)
    pathlib.Path('train.py').write_text(text, encoding='utf-8')
    return ['', *text.splitlines()]


def train(*arguments, status=0):
    return script(os.path.abspath('train.py'), *arguments, status=status)


@pytest.mark.parametrize('row', MISTAKES, ids=lambda row: row[1])
def test_a_mistake_ends_in_a_few_lines(data, row):
    """The script's line, what is wrong, perhaps a hint; before the fit, if it can."""
    edits, said, shown = (*row, [*row[0].values()][-1])[:3]
    lines = write(edits)
    told = train(*SHORT, status=1).stderr
    place = r'train\.py, line \d+: .*\n(\w+\.py, line.*\n)?\w+: (?!Exc)'
    assert re.fullmatch(rf'({place})?.*\n(Hint: .*\n)?', told)
    found = re.search(r'line (\d+)[:,] ', told)
    assert bool(found) == (shown is not None)
    line = lines[int(found[1])].partition('  #')[0].strip(' ,') if found else ''
    assert line in told and (shown or '').strip(' ,\n').rpartition('\n')[2] in line
    assert said in told.replace(line, '', 1).rpartition('Hint: ')[2]
    assert not os.path.exists('runs')


@pytest.mark.filterwarnings('ignore::UserWarning')  # of Keras, about such edits
@pytest.mark.parametrize(('edits', 'said'), RIGHT, ids=lambda value: str(value)[-30:])
def test_what_is_right_trains(data, edits, said):
    write(edits)
    done = train(*SHORT)
    found = re.search(said.removeprefix('!'), done.stdout)
    assert bool(found) != said.startswith('!')
    advice = re.findall(r'(?m)^(?:X_|Y_|The values)', done.stdout)
    assert len(advice) == said.startswith(('X_', 'The values'))
    assert done.stderr == '' and '/step' not in done.stdout  # no bar of Keras's
    assert 'Run: runs/1 with about.txt, history.csv, history.png, mo' in done.stdout


def test_numbers(data):
    """One's own are options; a run keeps what was typed."""
    own = "seed = 0\nN_own = 5\nrate = 0.1\nbend = '5 %'\non = True\n"
    write({SEED: own, TANH: 'model.add(Dense(N_own, activation=bend))'})
    shown = ' '.join(train('--help').stdout.split())
    assert '--N_own N default 5 --rate X default 0.1 --bend TEXT' in shown
    for typed in '--batch_size=0', '--rate=x', '--epochs=5':
        refused(data / 'train.py', typed, status=2, parts=typed[2:].split('='))
    train(*SHORT, '--N_own', 9, '--bend=gelu', '--no-on', '--rate=2')
    (run,) = runs.read_runs()
    assert run['layers'] == '16 relu, 9 gelu, 1 sigmoid'
    numbers = {'N_own': 9, 'rate': 2.0, 'bend': 'gelu', 'on': False}
    assert numbers.items() <= run['numbers'].items()


def test_a_second_run_is_the_same(data):
    one, two = (script('train.py', *SHORT).stdout for _ in range(2))
    assert one == two.replace('runs/2', 'runs/1')
    assert re.search(r'\nAccuracy: (\d+)0\.00%\n\1 of 10 right', one)


def test_advice_on_the_scale():
    """For values far from 0 and 1."""
    for mean, spread in (3, 1), (0, 9.5), (0, 0.002):
        assert network.suggest_scaling(np.array([mean - spread, mean + spread])) is None
    for mean, spread in (-3.5, 1), (0, 10.5), (0, 0.0009), (7, 0):
        advice = network.suggest_scaling(np.array([mean - spread, mean + spread]))
        assert f'a mean of {mean:.3g} and a standard dev' in advice
