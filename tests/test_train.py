"""train.py and train_large.py as one runs and edits them, and what they have in support/."""

import atexit
import contextlib
import io
import json
import os
import pathlib
import re
import shutil
import sys
import types
import zipfile
from unittest import mock

from support import mistakes, start
from support.console import DataError

import numpy as np
import pytest
from conftest import SHORT, TRAIN, contents, one_line, refused, restored, script
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

SCRIPTS = ('train.py', 'train_large.py')
TUTORIALS = '16 relu, 8 tanh, 1 sigmoid'
slow = pytest.mark.slow


@pytest.fixture(scope='module')
def training():
    """The module support.training, which imports Keras."""
    from support import training

    return training


@pytest.fixture
def old_model(data):
    """The folder data with a network that must stay as it is."""
    model = data / 'model.keras'
    model.write_text('the old model', encoding='utf-8')
    yield data
    assert model.read_text(encoding='utf-8') == 'the old model'


def accuracy(stdout):
    """Return the accuracy that train.py printed."""
    (text,) = re.findall(r'^Accuracy: (\d+\.\d\d)%$', stdout, re.MULTILINE)
    return float(text)


def epochs(stdout, N):
    """Return the accuracy in each epoch's line of a log; there must be N lines."""
    lines = re.findall(r'^(Epoch .*): accuracy (\S+), loss \d\S*$', stdout, re.MULTILINE)
    assert [line for line, _ in lines] == [f'Epoch {i + 1}/{N}' for i in range(N)]
    return [float(value) for _, value in lines]


def archived(name):
    """Return the text of a file in model.keras; None if it isn't there."""
    with zipfile.ZipFile('model.keras') as archive:
        return archive.read(name).decode() if name in archive.namelist() else None


def layers():
    """Return the neurons and activation of each layer of model.keras, or its name, as text."""
    found = json.loads(archived('config.json'))['config']['layers'][1:]  # without Input
    texts = ('{units} {activation}' if 'units' in x['config'] else x['class_name'] for x in found)
    return ', '.join(t.format(**x['config']) for t, x in zip(texts, found, strict=True))


def printed(function, *arguments):
    """Return what a function prints."""
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        function(*arguments)
    return shown.getvalue()


def table(text):
    """Return the rows of a table, whose cells | divides."""
    return [[cell.strip() for cell in row.split('|')] for row in text.strip().splitlines()]


# ---------------------------------------------------------------- the lesson

# What the slides print (but for input_dim, which Keras 3 has no more).
SLIDES = """
import numpy as np
from keras.models import Sequential
from keras.layers import Dense
from keras.layers import LSTM
N_train = 200
N_sequence = 128
N_epochs = 300
X_train = np.empty([N_train, N_sequence])
Y_train = np.empty(N_train)
for x in range(N_train):
    X_train[x,], Y_train[x] = read_training_data(x+1, N_sequence)
X_test = np.empty([N_test, N_sequence])
Y_test = np.empty(N_test)
for x in range(N_test):
    X_test[x,], Y_test[x] = read_test_data(x+1, N_sequence)
model = Sequential()
model.add(Dense(16, activation='relu'))
model.add(Dense(8, activation='tanh'))
model.add(Dense(1, activation='sigmoid'))
model.add(Dense(16))
model.add(Dense(1))
model.compile(optimizer='rmsprop', loss='binary_crossentropy', metrics=['accuracy'])
model.summary()
history = model.fit(X_train, Y_train, epochs=N_epochs, batch_size=32)
plot_history(history)
print("Evaluating Test Set")
scores = model.evaluate(X_test, Y_test, verbose=0)
print("Accuracy: %.2f%%" % (scores[1]*100))
"""


def test_the_slides_lines_stand_in_order():
    def tokens(text):
        return re.sub(r'^ *#|\s', '', text, flags=re.MULTILINE).replace('"', "'")

    text, at, lines = tokens(TRAIN), 0, SLIDES.strip().splitlines()
    assert len(lines) >= 24
    for line in lines:
        at = text.find(tokens(line), at)
        assert at >= 0, line


def test_the_lesson(lesson, monkeypatch, training):
    monkeypatch.chdir(lesson.folder)
    assert layers() == TUTORIALS
    assert '2,209' in lesson.stdout  # 128*16+16 + 16*8+8 + 8*1+1 weights
    assert epochs(lesson.stdout, 300)[-1] > 0.99 and 80 <= accuracy(lesson.stdout) <= 100
    # Its last lines, from the network's own answers and the files.
    X_train = {pathlib.Path(f'Train/X_{i}.dat').read_bytes() for i in range(1, 201)}
    X_test = [pathlib.Path(f'Test/X_{i}.dat').read_bytes() for i in range(1, 51)]
    Y_test = [np.fromfile(f'Test/Y_{i}.dat')[0] for i in range(1, 51)]
    model = training.keras.models.load_model('model.keras')
    outputs = model(np.array([np.frombuffer(x) for x in X_test])).numpy()[:, 0]
    right, seen = int(sum((outputs > 0.5) == Y_test)), sum(x in X_train for x in X_test)
    low, high = binomtest(right, 50).proportion_ci(method='wilson')
    assert lesson.stdout.splitlines()[-6:] == [
        'Model: model.keras',
        'Plot: history.png',
        'Evaluating Test Set',
        f'Accuracy: {2 * right}.00%',
        f'{right} of 50 right; 95 % confidence: {100 * low:.0f} % to {100 * high:.0f} %',
        f'{seen} of 50 test sequences also occur in the training set,'
        ' so part of this accuracy is memorisation.',
    ]


@slow
def test_train_large_is_as_good(trained, lesson):
    large = script('train_large.py', '--N_epochs', 100).stdout
    assert epochs(large, 100)[-1] > 0.95 and accuracy(large) >= 80 and layers() == TUTORIALS
    # The same but for the numbers: the summary, where it trains, how it ends.
    both = [re.sub(r'\nEpoch .*|\d', '', text) for text in (large, lesson.stdout)]
    assert both[0] == both[1]


@pytest.mark.filterwarnings('error::UserWarning')
@pytest.mark.parametrize('name', [SCRIPTS[0], pytest.param(SCRIPTS[1], marks=slow)])
def test_the_same_seed_gives_the_same_network(data, monkeypatch, name):
    window = mock.Mock()
    monkeypatch.setattr('utilities.show_plots', window)
    first = script(name, *SHORT)
    assert first.stderr == '' and window.call_count == 1
    assert re.search(r'Total params[\s\S]*^Training on (CPU|GPU: .+)$', first.stdout, re.MULTILINE)
    assert script(name, *SHORT) == first
    assert script(name, *SHORT, '--seed', 1).stdout != first.stdout


def test_a_plot_that_fails_does_not_lose_the_network(data, monkeypatch):
    plot = mock.Mock(side_effect=OSError('no such backend'))
    monkeypatch.setattr('utilities.plot_history', plot)
    result = script('train.py', *SHORT, status=1)
    assert layers() == TUTORIALS and 'Model: model.keras\n' in result.stdout
    assert result.stderr.endswith('OSError: no such backend\n')
    assert len(plot.call_args.args[0].history['loss']) == 3


def test_in_a_notebook(data, training):
    """The script pasted into cells, in a kernel that has arguments of its own."""
    (data / 'kernel.py').write_text('app.launch_new_instance()\n', encoding='utf-8')
    cells = TRAIN.replace('= 200 ', '= 20 ').replace('= 50 ', '= 10 ').replace('= 300 ', '= 2 ')
    with restored(), mock.patch.object(sys, 'argv', ['kernel.py', '-f', 'kernel.json']):
        shown = printed(exec, compile(cells, '<cell>', 'exec'), {'__name__': '__main__'})
    assert epochs(shown, 2) and ' of 10 right' in shown and layers() == TUTORIALS


# ---------------------------------------------------------------- numbers on the command line


@pytest.mark.parametrize('name', SCRIPTS)
def test_help_shows_the_numbers(monkeypatch, name):
    imported = mock.Mock()
    monkeypatch.setattr('support.start.import_keras', imported)
    text = ' '.join(script(name, '--help').stdout.split())
    assert text.endswith(
        ' --N_train N default 200 --N_test N default 50 --N_sequence N default 128'
        ' --N_epochs N default 300 --batch_size N default 32 --seed N default 0'
    )
    assert imported.call_count == 1


def read(training, variables, *arguments):
    """Let a script with these variables read its command line; return them."""
    variables |= {'__file__': 'mine.py'}
    with mock.patch.object(sys, 'argv', ['mine.py', *arguments]):
        training.read_command_line(variables)
    return variables


def test_help_of_own_numbers(training, capsys):
    with pytest.raises(SystemExit, match='0'):
        read(training, {'n': 3, 'rate': 0.1, 'unit': '5 %', 'on': True, '_own': 1}, '--help')
    text = ' '.join(capsys.readouterr().out.split())
    assert '--n N default 3 --rate X default 0.1 --unit TEXT default 5 % --on, --no-on' in text


OWN = {
    'N_own': (5, st.integers(1, 2**31 - 1)),
    'batch_size': (32, st.integers(1, 2**31 - 1)),
    'seed': (0, st.integers(0, 2**31 - 1)),
    'offset': (-1, st.integers(-(2**31), 2**31 - 1)),
    'rate': (0.1, st.floats(allow_nan=False, allow_infinity=False)),
    'activation': ('relu', st.text()),
    'mirrored': (True, st.booleans()),
    'noisy': (False, st.booleans()),
}


@settings(max_examples=50, deadline=None, database=None)
@given(st.fixed_dictionaries({}, optional={name: values for name, (_, values) in OWN.items()}))
def test_what_is_typed_replaces_what_stands_in_the_script(training, typed):
    variables = {name: default for name, (default, _) in OWN.items()} | {'_own': 7, 'X': [1]}
    switches = {True: '--{}', False: '--no-{}'}
    arguments = [
        switches[value].format(name) if isinstance(value, bool) else f'--{name}={value}'
        for name, value in typed.items()
    ]
    found = read(training, variables.copy(), *arguments)
    assert found == variables | typed | {'__file__': 'mine.py'}
    assert all(type(found[name]) is type(value) for name, value in variables.items())


# What stands in the script | what is typed | what is said
REFUSED = """
{"N_train": true}  |                      | N_train: True is not a whole number from 1
{"N_train": 20.0}  |                      | N_train: 20.0 is not a whole number from 1
{"batch_size": 0}  |                      | batch_size: 0 is not a whole number from 1
{"N_epochs": 300}  | --N_epochs=0         | N_epochs: 0 is not a whole number from 1
{"seed": 0}        | --seed=-1            | seed: -1 is not a whole number from 0
{"offset": 3}      | --offset=-2147483649 | is not a whole number from -2147483648 to 2147483647
{"rate": 0.1}      | --rate=x             | rate: x is not a number
{"rate": 0.1}      | --rate=nan           | rate: nan is not a number
{"rate": 0.1}      | --rate=-inf          | rate: -inf is not a number
{"_rate": 1, "a": 1} | --_rate=2            | unrecognized
{"N_train": 1}     | --N_tr=2             | unrecognized
"""


@pytest.mark.parametrize(('variables', 'typed', 'said'), table(REFUSED))
def test_numbers_that_are_none(training, capsys, variables, typed, said):
    with pytest.raises(SystemExit, match='2'):
        read(training, json.loads(variables), *typed.split())
    errors = capsys.readouterr().err
    assert errors.startswith('usage: mine.py') and said in errors.splitlines()[-1]


# ---------------------------------------------------------------- edits by hand

RELU = "model.add(Dense(16, activation='relu'))"
TANH = "model.add(Dense(8, activation='tanh'))"
SIGMOID = "model.add(Dense(1, activation='sigmoid'))"
SOFTMAX = "model.add(Dense(4, activation='softmax'))"
METRICS = "metrics=['accuracy']"
LOSS, SPARSE = "loss='binary_crossentropy'", "loss='sparse_categorical_crossentropy'"
RESHAPE, LSTM = 'model.add(Reshape((N_sequence, 1)))', 'model.add(LSTM(16))'
# Edits: what stands in train.py -> what is to stand there, & the next.
NO_LAYERS = f'{RELU} -> # & {TANH} -> # & {SIGMOID} -> #'
DENSE = '#model.add(Dense(1 -> model.add(Dense(1'  # the first such line
IMPORT_RESHAPE = '#from keras.layers import Reshape -> from keras.layers import Reshape'
IMPORT_LSTM = '#from keras.layers import LSTM -> from keras.layers import LSTM'
LAYERS = f'#{RESHAPE} -> {RESHAPE} & #{LSTM} -> {LSTM} & #{SIGMOID} -> {SIGMOID}'
NO_FIT = 'history = model.fit(batches -> #( & callbacks=[ShowAndSave()]) -> #'
SLIDES_FIT = '#history = model.fit( -> history = model.fit('
OWN_NUMBERS = r"seed = 0 -> N_neurons = 5\nbend = 'relu'\nmirrored = True\nseed = 0"
OWN_LAYER = rf'{TANH} -> {TANH}\nmodel.add(Dense(N_neurons, activation=bend))'


def run(edits, *arguments, status=0):
    """Run train.py after these edits, each at the first place that fits; return text and Result."""
    text = TRAIN
    for edit in edits.split(' & '):
        old, new = (part.strip().replace(r'\n', '\n') for part in edit.split('->'))
        assert old in text, old
        text = text.replace(old, new, 1)
    pathlib.Path('train.py').write_text(text, encoding='utf-8')
    return text, script(os.path.abspath('train.py'), *arguments, status=status)


# The edits | the layers that come out | what is printed
EDITS = rf"""
{NO_LAYERS} & {DENSE} & {DENSE} | 16 linear, 1 linear | ^Without a sigmoid the answers can leave
{NO_LAYERS} & {IMPORT_LSTM} & {IMPORT_RESHAPE} & {LAYERS} | Reshape, 16 tanh, 1 sigmoid | ^Epoch 3
{NO_FIT} & {SLIDES_FIT} | {TUTORIALS} | Epoch 3/3\n.*━━[\s\S]*^Model: model.keras\n\d+ of 10 right
{SIGMOID} -> {SOFTMAX} & {LOSS} -> {SPARSE} | 16 relu, 8 tanh, 4 softmax | ^The last layer has 4 n
{OWN_NUMBERS} & {OWN_LAYER} & N_train = 200 -> N_train = 15 | 16 relu, 8 tanh, 9 gelu, 1 sigmoid |
['accuracy'] -> ['accuracy', 'mse'] | {TUTORIALS} | ^Epoch 3/3: accuracy \S+, loss \S+, mse \S+$
"""


@pytest.mark.parametrize(('edits', 'expected', 'shown'), table(EDITS))
def test_edits(data, edits, expected, shown):
    own = ('--N_neurons', 9, '--bend=gelu', '--no-mirrored', *SHORT[2:])
    _, result = run(edits, *(own if 'bend' in edits else SHORT))
    assert result.stderr == '' and re.search(shown, result.stdout, re.MULTILINE), result.stdout
    assert layers() == expected and result.stdout.count('Model: model.keras\n') == 1
    assert 0 <= accuracy(result.stdout) <= 100
    assert ('Without a sigmoid' in result.stdout) == ('linear' in expected)
    assert ('The last layer has' in result.stdout) == ('softmax' in expected)


def test_an_untrained_network_is_not_saved(old_model):
    edits = f'{NO_FIT} & plot_history(history) -> '
    _, result = run(edits, *SHORT, status=1)
    one_line(result, 'model.keras stays: model.fit is missing')


def test_pythons_own_errors_stay(data):
    text, result = run(f'{RELU} -> {RELU[:-1]}', *SHORT, status=1)
    assert f'train.py", line {text[: text.index(RELU[:-1])].count(chr(10)) + 1}' in result.stderr
    assert result.stderr.splitlines()[-1].startswith('SyntaxError')


BELOW = TRAIN[: TRAIN.index('set_random_seed(seed)')].count('\n') + 2
# The edits | a part of the line that is named | what is said of it
MISTAKES = rf"""
{SIGMOID} -> {SOFTMAX} | {LOSS} | the softmax layer needs {SPARSE}
{LOSS} -> {SPARSE} | {SPARSE} | the last layer Dense(2, activation='softmax'), or make it 'binary
Dense(1, -> Dense(2, | Dense(2, a | the last layer must be Dense(1, activation='sigmoid'), or Dense
Dense(1, -> Dense(2, & {LOSS} -> {SPARSE} | {SPARSE} | last layer Dense(2, activation='softmax')
'sigmoid' -> 'softmax' | Dense(1, activation='softmax') | always answers 1
'sigmoid' -> 'softmax' & {LOSS} -> {SPARSE} | {SPARSE} | last layer Dense(2, activation='softmax')
'sigmoid' -> 'relu' | Dense(1, activation='relu') | needs an answer from 0 to 1
{SIGMOID} -> | {TANH} | the last layer must be Dense(1, activation='sigmoid')
{NO_LAYERS} | model.add(Input( | no layer follows: the last must be Dense(1,
{SIGMOID} -> {SIGMOID}\n{SOFTMAX} & {LOSS} -> {SPARSE} | {SIGMOID} | comment out this line or
Dense(16, -> Dense(1, & Dense(1, activation='s -> Dense(2, activation='s | 'relu' | must be the last
{DENSE} & {DENSE} | model.add(Dense(1)) | a single neuron stands before other layers
{LOSS} -> loss='categorical_crossentropy' | 'categorical_c | loss is 'sparse_categorical_crossen
{RELU} -> {RESHAPE}\n{RELU} & {IMPORT_RESHAPE} | {SIGMOID} | GlobalAveragePooling1D
{RELU} -> {LSTM} & {IMPORT_LSTM} | {LSTM} | put {RESHAPE} before
{RELU} -> model.add(Reshape((9, 1))) & {IMPORT_RESHAPE} | Reshape((9 | must be the first layer
Input(shape=(N_sequence,)) -> Input(shape=(64,)) | Input(shape=(64 | the sequences hold 128 values
model.compile( -> #( & {METRICS}) -> # | Sequential() | this network needs model.compile( ) as well
{LOSS}, -> | model.compile( | the loss is missing: {LOSS}
{SIGMOID} -> {SOFTMAX} & {LOSS} -> loss='mse' | loss='mse' | needs {SPARSE}
((X_train, Y_train)) -> (X_train, Y_train) | from_tensor_slices( | one pair, in its own brackets
((X_train, Y_train)) -> (X_train) | model.fit( | the batches do not fit the network
.batch(batch_size) -> | model.fit( | the batches do not fit the network
batch_size = 32 -> | .batch(batch_size) | the line that defines batch_size is missing
evaluate(X_test, Y_test, -> evaluate(Y_test, X_test, | (Y_test, X | takes the sequences, then the
import numpy -> import keras, numpy & 'rmsprop' -> keras.optimizers.SGD(lr=1) | SGD( | learning_rate
model.summary() -> model.sumary() | model.sumary() | did you mean summary?
'rmsprop' -> 'relu' | optimizer='relu' | : there is none of that name
shape=(N_sequence,) -> shape=(N_sequence) | Input( | put its comma: shape=(N_sequence,)
{TANH} -> Dense(8) | Dense(8) | this layer is in no network yet: put model.add( ) around it
{TANH} -> model.add(Dense(9), Dense(8)) | (Dense(9), Dense(8)) | give each a line of its own
{TANH} -> model.add('tanh') | model.add('tanh') | a layer looks like
activation='relu' -> activate='relu' | activate='relu' | a layer looks like
{TANH} -> model.add(Dense()) | Dense() | a layer looks like
Dense(8, -> Dense(-3, | Dense(-3, | the number of neurons is a whole number from 1
'relu' -> 'rleu' | 'rleu' | : did you mean 'relu'? Else there is none of that name
'relu' -> 'Relu' | 'Relu' | : did you mean 'relu'?
'relu' -> 'ReLU' | 'ReLU' | : did you mean 'relu'?
'relu' -> 'qqqq' | 'qqqq' | : there is none of that name, see https://keras.io/api (Could not
'rmsprop' -> 'rmspop' | 'rmspop' | did you mean 'rmsprop'?
{LOSS} -> loss='binary_crossentropi' | 'binary_crossentropi' | you mean 'binary_crossentropy'?
{METRICS} -> | model.compile( | the first metric must be the accuracy: metrics=['acc
['accuracy'] -> [] | model.compile( | the first metric must be the accuracy
['accuracy'] -> ['mse'] | model.compile( | the first metric must be the accuracy
['accuracy'] -> ['mse', 'accuracy'] | model.compile( | the first metric must be the accuracy
['accuracy'] -> 'accuracy' | model.compile( | put square brackets: metrics=['accuracy']
'relu' -> relu | activation=relu | put the name in quotes: 'relu'
'relu' -> ReLU | activation=ReLU | put the name in quotes: 'relu'
{TANH} -> model.add(Dropout(0.5)) | Dropout(0 | add the line from keras.layers import Dropout
{TANH} -> model.add(Softmax()) | Softmax() | add the line from keras.layers import Softmax
'rmsprop' -> RMSprop(0.01) | RMSprop(0 | add the line from keras.optimizers import RMSprop
ShowAndSave()] -> EarlyStopping()] | EarlyStopping() | from keras.callbacks import EarlyStopping
import numpy as np -> | X_train = np.e | np is not imported: at the top, add the line import numpy a
import tensorflow as tf -> | batches = tf. | add the line import tensorflow as tf
(seed) -> (N_seed)\n# N_seed = 3 | (N_seed) | line {BELOW}, which defines N_seed, is commented out
(seed) -> (N_seed)\nN_seed = 3 | (N_seed) | N_seed is defined only below, in line {BELOW}
shuffle(N_train) -> shuffle(N_trian) | shuffle(N_trian) | did you mean 'N_train'?
add(Dense(16, -> add(Dnse(16, | Dnse(16, | there is no Dnse: did you mean 'Dense'?
check_network( -> pritn( | pritn( | there is no pritn: did you mean 'print'?
epochs=N -> epoch=N | model.fit( | fit has no argument epoch: did you mean epochs=?
shuffle=False, -> foo=False, | model.fit( | fit has no argument foo: leave it out
optimizer= -> optimiser= | model.compile( | compile has no argument optimiser: did you mean opti
callbacks= -> validation_split=0.2, callbacks= | model.fit( | LESSON.md, "When to stop?"
ShowAndSave() -> ShowAndSave | model.fit( | put brackets: ShowAndSave()
"""


@pytest.mark.parametrize(('edits', 'line', 'said'), table(MISTAKES))
def test_wrong_edits_end_in_one_line(data, edits, line, said):
    text, result = run(edits, *SHORT, status=1)
    told = one_line(result, said)
    number, rest = re.match(r'train\.py: line (\d+), (.*)', told).groups()
    named = text.splitlines()[int(number) - 1].strip()
    assert line in named and rest.startswith(f'{named}: ')
    assert ('a layer looks like' in said) == ('a layer looks like' in told)
    trained = 'evaluate(' in edits
    assert trained == ('Epoch' in result.stdout) == pathlib.Path('model.keras').exists()


def test_arrays_that_no_loop_fills():
    """np.empty leaves in an array whatever stood there in the memory."""
    X, Y = np.eye(4), np.array([0.0, 1, 1, 0])
    mistakes.check_arrays(X, Y, X, Y)
    mistakes.check_arrays(iter(X), Y, X, Y)  # as train_large.py gives them
    for name, bad in (
        ('X_train', X * np.nan),
        ('X_train', X * 1e39),
        ('X_test', 0 * X),
        ('Y_train', Y * 0.5),
        ('Y_test', Y + 1e39),
    ):
        arrays = {'X_train': X, 'Y_train': Y, 'X_test': X, 'Y_test': Y, name: bad}
        with pytest.raises(DataError, match=f'{name} holds numbers that come from no file'):
            mistakes.check_arrays(**arrays)
    with pytest.raises(DataError, match='Y_train must hold one number for each sequence'):
        mistakes.check_arrays(X, np.eye(4), X, Y)


def test_edits_that_train_all_the_same(data):
    _, result = run('history = model.fit(b -> model.fit(b', *SHORT, status=1)
    one_line(result, 'makes it: begin it with history = model.fit(')
    _, result = run(
        'scores = model.evaluate(X_test, Y_test -> scores = model.evaluate(X_train, Y_train', *SHORT
    )
    assert 'evaluate was given others' in result.stdout
    _, result = run('#history = model.fit( -> history = model.fit(', *SHORT)
    assert 'The network was trained twice' in result.stdout
    assert 'trained twice' not in (plain := script('train.py', *SHORT).stdout)
    assert 'given others' not in plain


def test_read_command_line_above_the_numbers(data):
    edits = 'read_command_line( -> # & # The numbers -> read_command_line(globals())\n# The'
    _, result = run(edits, *SHORT, status=1)
    one_line(result, 'must stand below the numbers')


# ---------------------------------------------------------------- errors that nobody catches


def small(code):
    """Run this code after prepare(), as a script that fails; return what it says on stderr."""
    text = f'from support.start import prepare; prepare()\n{code}\n'
    pathlib.Path('small.py').write_text(text, encoding='utf-8')
    return script(os.path.abspath('small.py'), status=1).stderr


BROKEN = "import tensorflow as tf; raise tf.errors.InvalidArgumentError(None, None, 'why')"
SET, EMPTY = 'N_train, N_sequence = 20, 128; ', "open('Train/X_20.dat', 'wb').close(); "
EXPLAINED = {
    'def f(): return relu\nf()': "line 2, def f(): return relu: put the name in quotes: 'relu'",
    "raise ModuleNotFoundError(name='rich')": 'the package rich is not installed here',
    'raise MemoryError': 'the memory is full',
    "raise type('ResourceExhaustedError', (Exception,), {})": 'the memory is full',
    SET + EMPTY + BROKEN: 'Train/X_20.dat is empty',
    'from support.console import report_accuracy': 'this script is from an older version of the'
    ' workshop: start from the new train.py',
    'from support.training import *; help = 1; read_command_line(globals())': 'the name help is',
}
UNEXPLAINED = {
    '1 / 0': 'ZeroDivisionError: ',
    'qwertz': "NameError: name 'qwertz'",
    "raise ModuleNotFoundError('No module', name='pandas')": 'ModuleNotFoundError: No module',
    SET + BROKEN: 'InvalidArgumentError: why',
    EMPTY + BROKEN: 'InvalidArgumentError: why',
    "raise TypeError('positional argument')": 'TypeError: positional argument',
    "raise ValueError('wide ' * 50)": 'ValueError: ' + 'wide ' * 50,
    'import keras; keras.ops.reshape([1.0], (7, 5))': 'InvalidArgumentError: ',
}


@pytest.mark.parametrize('code', EXPLAINED)
def test_errors_that_are_explained(data, code):
    told = small(code)
    assert told.startswith(f'small.py: {EXPLAINED[code]}') and told.count('\n') == 1


@pytest.mark.parametrize('code', UNEXPLAINED)
def test_errors_that_are_not(data, code):
    told = small(code)
    assert 'Traceback' in told and told.splitlines()[-1].startswith(UNEXPLAINED[code])
    ours, *keras = told.split('/keras/', 1)
    assert f'❱ 2 {code[:30]}' in ours and '❱' not in ''.join(keras)  # of Keras, no lines
    assert bool(keras) == ('keras' in code)


def test_errors_from_elsewhere(folder, monkeypatch):
    """Of a line that isn't the script's, as in a notebook, nothing is said."""
    monkeypatch.setattr(sys, 'argv', ['kernel.py'])
    try:
        raise NameError('', name='relu')
    except NameError as error:
        assert mistakes.explain(error) is None
    assert mistakes.line_with('model.add(') == 'the network'


def test_ctrl_c_and_a_closed_output(folder, monkeypatch):
    assert small('raise KeyboardInterrupt') == '\nStopped.\n'
    with open('out', 'w', encoding='utf-8') as out:
        monkeypatch.setattr(sys, 'stdout', out)
        start.one_line(BrokenPipeError, BrokenPipeError(), None)
        out.write('for nobody')
    assert pathlib.Path('out').read_bytes() == b''


# ---------------------------------------------------------------- the training


def test_the_device_is_told(training, monkeypatch, capsys):
    GPUs, details = [], {'first': {'device_name': 'NVIDIA H100'}, 'second': {}}.get
    found = training.tf.config
    monkeypatch.setattr(found, 'list_physical_devices', lambda kind: GPUs * (kind == 'GPU'))
    monkeypatch.setattr(found.experimental, 'get_device_details', details)
    for GPUs[:], expected in ((), 'CPU'), (('first', 'second'), 'GPU: NVIDIA H100'):
        for name in ('SLURM_JOB_GPUS', 'SLURM_GPUS_ON_NODE'):
            with mock.patch.dict(os.environ, {name: '1'}):
                assert training.device() == expected
            warned = capsys.readouterr().err.startswith('Warning: Slurm granted a GPU, but Tensor')
            assert warned != bool(GPUs)
        assert training.device() == expected and capsys.readouterr().err == ''
    GPUs.reverse()
    assert training.device() == 'GPU: unknown'


def fit(training, callback, X=1.0, **looks):
    """Train a network of one neuron for two epochs of three batches."""
    keras = training.keras
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, 'sigmoid')])
    model.compile('sgd', 'binary_crossentropy', metrics=['accuracy'])
    callbacks = [callback, keras.callbacks.LambdaCallback(**looks)]
    model.fit(np.full((6, 2), X), np.ones(6), batch_size=2, epochs=2, callbacks=callbacks)


def test_a_bar_on_a_terminal(folder, training, monkeypatch):
    monkeypatch.setenv('TERM', 'xterm')
    at_the_end, seen, show, shown = [], [], training.ShowAndSave(), io.StringIO()
    monkeypatch.setattr(atexit, 'register', at_the_end.append)
    shown.isatty = lambda: True

    def look(batch, logs):
        (task,) = show.bar.tasks
        seen.append((show.bar.live.is_started, task.completed, task.total, task.description[:9]))

    with contextlib.redirect_stdout(shown):
        fit(training, show, on_train_batch_end=look)
    assert seen == [(True, i, 6, 'Epoch 1' if i < 4 else 'Epoch 1/2') for i in range(1, 7)]
    assert at_the_end == [show.bar.stop]  # for Ctrl-C
    assert show.bar.tasks[0].description.startswith('Epoch 2/2: accuracy ')
    assert shown.getvalue().endswith('\x1b[?25hModel: model.keras\n')  # the cursor is back


@pytest.mark.parametrize('terminal', [False, True])
def test_a_line_an_epoch_in_a_log(folder, training, monkeypatch, terminal):
    """Also on a terminal that can't draw; and each line comes out at once."""
    monkeypatch.setenv('TERM', 'dumb' if terminal else 'xterm')
    shown, flushed, looks = io.StringIO(), [], []
    shown.isatty = lambda: terminal
    shown.flush = lambda: flushed.append(shown.getvalue())

    def look(*arguments):
        looks.append(flushed[-1])

    with contextlib.redirect_stdout(shown):
        fit(training, training.ShowAndSave(), on_train_begin=look, on_epoch_end=look)
    *lines, last = shown.getvalue().splitlines(keepends=True)
    assert looks == [''.join(lines[:i]) for i in (1, 2, 3)] and last == 'Model: model.keras\n'
    assert lines[0].startswith('Training on ') and epochs(looks[-1], 2)
    assert archived('classes.txt') is None  # there is no Train, which may hold it


def test_a_loss_that_is_no_number_ends_the_fit(old_model, training):
    with pytest.raises(DataError, match='the loss is nan after epoch 1, so nothing is saved'):
        fit(training, training.ShowAndSave(), np.inf)


def test_predict_agrees_with_keras(training):
    """More than 1,000 sequences; an answer of exactly 0.5; layers that differ in training."""
    keras, layers = training.keras, training.keras.layers
    X = np.random.default_rng(0).normal(size=(2100, 3))
    X[7] = 0
    one = keras.Sequential([keras.Input((3,)), layers.Dropout(0.9), layers.Dense(1, 'sigmoid')])
    two = keras.Sequential([keras.Input((3,)), layers.Dense(2, 'softmax')])
    answers = training.predict(one, X)
    assert np.array_equal(answers, one.predict(X, verbose=0)[:, 0] > 0.5)
    assert answers[7] == 0 and 0 < answers.mean() < 1
    assert np.array_equal(training.predict(two, X), two.predict(X, verbose=0).argmax(axis=1))


def finished(training, right, Y, X_train=(), X_test=None):
    """Return the lines of finish() for a saved network that has so many right."""
    answers = np.where(np.arange(len(Y)) < right, Y, -1)
    model = types.SimpleNamespace(saved_after=3, optimizer=types.SimpleNamespace(iterations=3))
    model.get_metrics_result = dict
    X_test = np.arange(len(Y))[:, np.newaxis] if X_test is None else X_test
    with mock.patch.object(training, 'predict', lambda model, X: answers):
        return printed(training.finish, model, X_train, X_test, np.array(Y)).splitlines()


@pytest.mark.parametrize('N', [1, 2, 10, 57, 400])
def test_the_interval_is_wilsons(training, N):
    for right in {*range(0, N, max(1, N // 10)), N}:
        low, high = binomtest(right, N).proportion_ci(method='wilson')
        said = f'{right} of {N} right; 95 % confidence: {100 * low:.0f} % to {100 * high:.0f} %'
        assert finished(training, right, ([0, 1] * N)[:N]) == [said]


def test_the_most_frequent_class(training):
    said = 'Always answering with the most frequent class would give {}.00%'
    for Y, percent in ('0000000111', 0), ('0000000011', 80), ('02122', 60), ('0212', 50):
        expected = [said.format(percent)] if percent else []
        assert finished(training, 2, [int(y) for y in Y])[1:] == expected


def test_seen_sequences_are_counted(training):
    X = np.arange(20.0).reshape(10, 2)
    test = np.concatenate([X[:3], X[:1], -X[4:6]])
    assert training.count_seen((x for x in X), test) == 4 and training.count_seen(X[6:], test) == 0
    (said,) = finished(training, 3, [0, 1] * 3, X, test)[1:]
    assert said.startswith('4 of 6 test sequences also occur in the training set')


# ---------------------------------------------------------------- what a network is checked for


def check(training, Y_train, Y_test, *layers, X=((0, 1),), metric='accuracy'):
    """Return what is printed when a network with these layers is checked."""
    model = training.keras.Sequential([training.keras.Input((2,)), *layers])
    kind = 'binary' if model.output_shape[1] == 1 else 'sparse_categorical'
    model.compile(loss=f'{kind}_crossentropy', metrics=[metric])
    X, Y_train, Y_test = (np.array(list(values), float) for values in (X, Y_train, Y_test))
    with mock.patch.object(sys, 'argv', ['mine.py']):
        return printed(mistakes.check_network, model, iter(X), Y_train, X, Y_test)


# Y_train | Y_test | neurons | what is said
CLASSES = """
01  | 01 | 1 |
11  | 01 | 2 |
03  | 20 | 4 |
0   | 3  | 4 |
02  | 01 | 4 | The last layer has 4 neurons, but there are 3 classes.
0   | 2  | 4 | The last layer has 4 neurons, but there are 3 classes.
012 | 01 | 1 | Train/Y_3.dat holds class 2, which a network with 1 output(s) cannot express: make th
012 | 01 | 1 | make the last layer of mine.py Dense(3, activation='softmax') and the loss 'sparse_ca
01  | 40 | 1 | Test/Y_1.dat holds class 4, which a network with 1 output(s) cannot express: make the
01  | 40 | 1 | make the last layer of mine.py Dense(5, activation='softmax')
032 | 01 | 3 | Train/Y_2.dat holds class 3, which a network with 3 output(s) cannot express: make th
121 | 01 | 1 | Train has no sequence of class 0, but Train/Y_2.dat holds class 2: number the classes
"""


@pytest.mark.parametrize(('Y_train', 'Y_test', 'neurons', 'said'), table(CLASSES))
def test_classes_that_a_network_can_tell(training, Y_train, Y_test, neurons, said):
    layers = training.keras.layers
    last = [layers.Dense(1, 'sigmoid')]
    if neurons != '1':
        last = [layers.Dense(int(neurons)), layers.Softmax()]
    try:
        told = check(training, Y_train, Y_test, *last)
        assert told == '' or told.startswith('The last layer has')
    except DataError as error:
        told = str(error)
        assert ' holds class ' in told
    assert said in told and bool(said) == bool(told)


def test_normalization_takes_any_scale(training):
    layers, X = training.keras.layers, [[1e4, 1e4 + 1]]
    network = [layers.Normalization(mean=1e4, variance=1), layers.Dense(1, 'sigmoid')]
    assert 'Normalization' in check(training, '01', '01', *network[1:], X=X)
    assert check(training, '01', '01', *network, X=X) == ''


def test_an_accuracy_may_be_an_object(training):
    keras = training.keras
    accuracy, last = keras.metrics.BinaryAccuracy('accuracy'), keras.layers.Dense(1, 'sigmoid')
    assert check(training, '01', '01', last, metric=accuracy) == ''
    with pytest.raises(DataError, match='the first metric must be the accuracy'):
        check(training, '01', '01', last, metric=keras.metrics.Recall())


def test_no_input_layer(data):
    _, result = run('model.add(Input(shape=(N_sequence,))) -> ', *SHORT, status=1)
    one_line(result, 'the first layer must be model.add(Input(shape=(N_sequence,)))')


def test_an_activation_as_a_layer_of_its_own(training):
    layers = training.keras.layers
    assert check(training, '01', '01', layers.Dense(1), layers.Activation('sigmoid')) == ''


SAME, FAR, NEAR = 'there is nothing to learn', 'too far from 0 and 1', 'add to train.py the Normali'
# What is said of a mean and a standard deviation.
SCALES = {
    '': [(0, 1), (3, 1), (-3, 1), (0, 9.5), (0, 0.002)],
    NEAR: [(3.5, 1), (-3.5, 1), (0, 10), (0, 10.5), (0, 0.001), (0, 6e-7), (0, 9e14), (1e5, 1)],
    FAR: [(0, 5e-7), (0, 1e-7), (0, 1e15), (0, 1e20), (100_000.5, 1), (-2e5, 1)],
    SAME: [(7, 0)],
}


@pytest.mark.parametrize('said', SCALES)
def test_advice_on_the_scale(monkeypatch, said):
    monkeypatch.setattr(sys, 'argv', ['train.py'])
    for mean, spread in SCALES[said]:
        X = np.array([[mean - spread, mean + spread]])
        told = printed(mistakes.check_scale, iter(X))
        begins = f'The values have a mean of {mean:.3g} and a standard deviation of {spread:.3g}. '
        assert said in told and (told.startswith(begins) if said else told == '')
        mine = printed(mistakes.check_scale, X, False, 'mine.py')
        assert mine == told.replace('train.py', 'mine.py')
        assert printed(mistakes.check_scale, X, True) == (told if said in (FAR, SAME) else '')


def test_the_scale_is_that_of_the_first_thousand():
    X = np.array([[-1.0, 1.0]] * 1001)
    X[1000] *= 1e9
    assert printed(mistakes.check_scale, X) == ''
    X[999] *= 1e9
    assert 'Normalization' in printed(mistakes.check_scale, X)


# ---------------------------------------------------------------- the data, good and bad

ZEROS, TWO = bytes(8 * 127), np.array(2.0).tobytes()
NAN, HUGE = (ZEROS + np.array(value).tobytes() for value in (np.nan, -1e44))


def spoil(name, data):
    """Let the file hold these data, or be gone (None), or be written anew as it was."""
    if data is None:
        os.rename(name, 'gone')
    elif data == 'anew':
        os.utime(name, (1, 1))
    else:
        pathlib.Path('new').write_bytes(data)
        os.replace('new', name)


# The file that is spoilt, what it then holds, what is typed, what is said.
BAD = [
    ('Train', None, '', 'holds no sequences yet: make them with python generate_data.py'),
    ('Train/X_9.dat', None, '', 'Train/X_9.dat is missing'),
    ('Train/Y_9.dat', None, '', 'Train/Y_9.dat is missing'),
    ('Train/X_9.dat', ZEROS, '', 'Train/X_9.dat holds 127 value(s) instead of 128'),
    ('Train/X_9.dat', NAN, '', 'Train/X_9.dat holds NaN or infinity'),
    ('Train/X_20.dat', HUGE, '', 'Train/X_20.dat holds a value of size 1e+44'),
    ('Train/Y_5.dat', TWO, '', 'Train/Y_5.dat holds class 2'),
    ('Test/Y_5.dat', TWO, '', 'Test/Y_5.dat holds class 2'),
    ('Test/.unfinished', b'', '', 'Test holds an unfinished set'),
    ('same', b'', '--N_test=11', 'Test/X_11.dat is missing: Test ends at number 10'),
    ('same', b'', '--N_sequence=64', 'X_1.dat holds 128 value(s) instead of 64'),
    ('same', b'', '--N_epochs=0', 'N_epochs: 0 is not a whole number from 1'),
    ('same', b'', '--N_train=-1', 'N_train: -1 is not a whole number from 1'),
]


@pytest.mark.parametrize('script', SCRIPTS)
@pytest.mark.parametrize(('name', 'holds', 'typed', 'said'), BAD, ids=[row[-1] for row in BAD])
def test_bad_data_end_in_one_line(old_model, script, name, holds, typed, said):
    """Before the training; and each file stays as it was."""
    spoil(name, holds)
    before = contents(old_model)
    status = 2 if ' whole number' in said else 1
    refused(script, *SHORT, *typed.split(), parts=[said], status=status)
    assert contents(old_model) == before


MEANWHILE = [
    ('Train/X_13.dat', NAN, 'Train/X_13.dat holds NaN or infinity'),
    ('Train/X_1.dat', 'anew', 'Train was written anew while it was read: run this again'),
    pytest.param('Train/X_13.dat', ZEROS, 'Train/X_13.dat holds 127 value(s)', marks=slow),
    pytest.param('Train/X_13.dat', HUGE, 'Train/X_13.dat holds a value of size', marks=slow),
    pytest.param('Train/X_13.dat', None, 'Train/X_13.dat is missing', marks=slow),
]


@pytest.mark.parametrize(('name', 'holds', 'said'), MEANWHILE)
def test_while_train_large_reads_them(old_model, training, monkeypatch, name, holds, said):
    real = training.ShowAndSave.on_epoch_begin

    def on_epoch_begin(self, epoch, logs=None):
        real(self, epoch, logs)
        if epoch == 1:
            spoil(name, holds)

    monkeypatch.setattr(training.ShowAndSave, 'on_epoch_begin', on_epoch_begin)
    result = script('train_large.py', *SHORT, status=1)
    one_line(result, said)
    assert 'Epoch 1/3' in result.stdout and 'Epoch 2/3' not in result.stdout


EXTREMES = [
    ('train_large.py', 1, 32),
    ('train.py', 20, 1000),
    *[pytest.param('train.py', *numbers, marks=slow) for numbers in ((1, 32), (20, 1))],
    *[pytest.param('train_large.py', *numbers, marks=slow) for numbers in ((20, 1000), (20, 1))],
]


@pytest.mark.parametrize(('name', 'N_train', 'batch_size'), EXTREMES)
def test_extreme_numbers(data, name, N_train, batch_size):
    """The test sequence is the first training sequence, which both scripts notice."""
    shutil.copy('Train/X_1.dat', 'Test/X_1.dat')
    numbers = ('--N_train', N_train, '--batch_size', batch_size, '--N_test', 1, '--N_epochs', 2)
    stdout = script(name, *numbers).stdout
    assert epochs(stdout, 2) and accuracy(stdout) in (0, 100)
    assert '1 of 1 test sequences also occur in the training set' in stdout
