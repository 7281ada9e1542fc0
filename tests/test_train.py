"""train.py as people edit it: what ends in a line, what is said, what just trains."""

import os
import pathlib
import re

from support import mistakes, runs

import numpy as np
import pytest
from conftest import SHORT, TRAIN, refused, script


def test_wrong_command_lines(folder):
    write({SEED: 'seed = 0\nrate = 0.1'})
    for typed, part in {
        '--batch_size=0': 'size: 0 is not a whole number',
        '--seed=-1': 'seed: -1 is not a whole number',
        '--rate=x': "rate: invalid float value: 'x'",
        '--epochs 5': 'arguments: --epochs 5',
    }.items():
        refused(folder / 'train.py', *typed.split(), status=2, parts=[part])


# ------------------------------------------------------------------ edits of train.py

# What is replaced, as regular expressions; the first place that fits counts.
RELU, TANH, SIGMOID = (rf"model\.add\(.*'{x}'\)\)" for x in ('relu', 'tanh', 'sigmoid'))
RMSPROP, LOSS, METRICS = "'rmsprop'", "'binary_crossentropy'", r"\['accuracy'\]"
DENSE, CALLBACKS = 'import Dense', 'callbacks='
CHECK, SEED = 'check_network.model.*', 'seed = 0 '
FIT = r'model\.fit\(X_train, Y_train'
# Above this, something is added.
LOADED, BUILT, CHECKED = '(?=model = )', r'(?=model\.compile)', '(?=history = )'
ONE = "model.add(Dense(1, activation='sigmoid'))"
LSTM = {DENSE: 'import Dense, Reshape, LSTM, Conv1D'}
STOP = {DENSE: 'import Dense\nfrom keras.callbacks import EarlyStopping'}
NAN = "np.full(128, np.nan).tofile('Train/X_20.dat')"
ONE_HOT = """import keras
Y_train, Y_test = map(keras.utils.to_categorical, (Y_train, Y_test))
"""
IDS = {SEED: "open('Train/ids.txt', 'w').write('a\\nb\\n' * 10)\nseed = 0"}
SPLIT = {CALLBACKS: 'validation_split=0.25, callbacks='}
FAR = {LOADED: 'X_train, X_test = 9 + X_train, 9 + X_test\n'}
NORMALIZED = {DENSE: 'import Dense, LayerNormalization'}
NORMALIZED |= {'(?=model.add.Dense.16)': 'model.add(LayerNormalization())\n'}
UNCOUNTED = {'Epochs to 95 % are not counted': None}
UNCOMMENTED = LSTM | {'#(?=model.add.Reshape)': '', '#(?=model.add.LSTM)': ''}

# The edits; what the answer says; a text that the line named holds, where that is not
# a line edited, or None if no line is named.
MISTAKES = [
    ({RMSPROP: 'RMSprop(0.01)'}, 'write  from keras.optimizers import RMSprop'),
    ({RMSPROP: "'rmsporp'"}, "did you mean 'rmsprop'?", 'optimizer'),
    ({RMSPROP: "'RMSprop(learning_rate=0.2)'"}, 'remove the quotes'),
    ({BUILT: 'import keras\n', RMSPROP: 'keras.optimizers.Adam(lr=1)'}, 'lr is called'),
    ({RMSPROP: f'{RMSPROP}, learning_rate=0.1'}, 'belongs to the optimizer'),
    ({LOSS: "'binary_cross_entropy'"}, "did you mean 'binary_crossentropy'?", 'check'),
    ({METRICS: '[accuracy]'}, "quotes: 'accuracy'"),
    ({TANH: 'model.add(dense(9))'}, "did you mean 'Dense'?"),
    ({RELU: f'+{ONE}'}, 'remove the +'),
    ({RELU: f'-{ONE}'}, 'delete the line'),
    ({'plot_history\\(h': 'plt.plot(h'}, 'write  import matplotlib.pyplot as plt'),
    (
        {'plot_history\\(h': "print(history.history['val_loss'], h"},
        'with validation_split',
    ),
    ({'plot_history\\(h': "print(history.history['acc'], h"}, 'is called accuracy'),
    ({RELU: 'model.add(LSTM(16))'} | LSTM, 'Reshape((N_sequence, 1))'),
    (UNCOMMENTED, 'comment these out', 'Reshape'),
    ({'keras.models': 'keras.layers'}, 'write  from keras.models import Sequential'),
    ({DENSE: 'import dense'}, "did you mean 'Dense'?"),
    ({r'model\.summary': 'model.sumary'}, "did you mean 'summary'?"),
    ({TANH: "model.add(Dense(9, activaton='tanh'))"}, "did you mean 'activation'?"),
    ({TANH: "model.add(Dense(9), activation='tanh')"}, 'belong in its own brackets'),
    ({TANH: 'model.add(Dense)'}, 'lacks its brackets'),
    ({TANH: 'model = model.add(Dense(9))'}, 'return nothing', 'sigmoid'),
    ({FIT: 'model.fit(X_train, Y_test'}, 'belong together'),
    ({CALLBACKS: 'validation_split=25, callbacks='}, 'such as 0.25', 'model.fit'),
    (
        STOP | {r'\[ShowAndSave': "[EarlyStopping('val_acc'), ShowAndSave"},
        'val_accuracy',
        'model.fit',
    ),
    ({'history = ': ''}, 'history = model.fit(', 'plot_history'),
    ({"'relu'": "'SmoothReLU'"}, "'softplus'"),
    ({r'N_sequence,\)\)': 'N_sequence))'}, 'needs a comma'),
    # Keras's own sentence, without the lines around it, or Python's, and no hint.
    ({r'N_sequence,\)\)': '100,))'}, 'incompatible', 'model.fit'),
    ({TANH: 'model.add(Dense(9)), 1 / 0'}, 'ZeroDivisionError'),
    ({'Y_test = np.empty.*': ''}, 'NameError', 'Y_test[x]'),  # X_test is another
    # What only check_network or the callback notices.
    ({SIGMOID: ONE.replace('sigmoid', 'softmax')}, '1-neuron softmax'),
    (
        {LOADED: ONE_HOT.replace('Y_train, Y_test = map', 'Y_train, _ = map')},
        'is one-hot',
        None,
    ),
    ({LOSS: "'categorical_crossentropy'"}, 'does not fit 2 classes', 'loss='),
    ({BUILT: 'model.add(Dense(9))\n'}, '9-neuron linear'),
    ({LOADED: 'Y_test[3] = 2\n'}, 'take Dense(3, ', 'sigmoid'),
    ({METRICS: "['mse', 'accuracy']"}, "metrics=['accuracy', ...]"),
    ({RELU: '', TANH: '', SIGMOID: ''}, 'model.add( ) is missing', None),
    ({r'(?s)model.compile\(.*?\]\)': ''}, 'model.compile( ) is missing', None),
    ({TANH: 'Dense(8)'}, 'put model.add( ) around it'),
    ({FIT: 'model.fit(X_test, Y_test'}, 'test nothing: write X_train'),
    ({r'X_train\[.*, Y_train\[x\]': 'X_train, Y_train'}, 'are [128] and []', None),
    ({SEED: f'{NAN}\nseed = 0'}, 'Train/X_20.dat holds NaN or infinity', None),
    ({LOADED: 'X_train[:] = 0\n'}, 'row 0, is all zeros', None),
    ({LOADED: 'Y_test = 2 * Y_test - 1\n'}, 'Y_test must hold classes', None),
    ({LOADED: 'Y_train = Y_train.astype(str)\n'}, 'Y_train must hold classes', None),
    ({LOADED: 'X_train[7, 5] = np.nan\n'}, 'X_train, row 7, holds NaN', None),
    ({CHECKED: 'Y_train[:] = np.nan\n'}, 'loss is nan after epoch 1: bring', None),
]
# Right in Keras, if not always what people expect: the edits, and {what is said: what
# the line named holds}.
SAID = [
    (
        {SEED: 'seed = 0\nneurons = 16', LOADED: 'X_train[19] += 1\n'}
        | {CALLBACKS: 'validation_data=(X_train, Y_train), callbacks='},
        {'no line below uses neurons': 'neurons', 'X_train, row 19, differs': None}
        | {'fit also trains with 20 of 20 validation seq': 'validation_data'},
    ),
    (
        {LOADED: 'Y_test = 1 - Y_test\n', r'#(?=model\.add\(Dense\(1\))': ''},
        {'Y_test, row 0, differs': None, 'mean to comment': None}
        | {'without a sigmoid': 'Dense(1))'},
    ),
    (
        STOP | {r'\[ShowAndSave': '[EarlyStopping(), ShowAndSave'},
        {'only accuracy, loss: give it validation_split': None},
    ),
    (
        LSTM | {RELU: 'model.add(Reshape((1, N_sequence)))\nmodel.add(LSTM(4))'},
        {'a series of one step': 'Reshape'},
    ),
    ({r'\(X_test, Y_test, v': '(X_train, Y_train, v'}, {'above is of other': None}),
    (IDS | SPLIT, {'2 objects have rows in training': 'validation_split'}),
    (FAR, {'a mean of 9': None, 'X_train, row 0, differs': None}),
    (FAR | NORMALIZED, {'X_train, row 0, differs': None}),
    ({METRICS: "['binary_accuracy']"}, UNCOUNTED),
    ({CALLBACKS: 'steps_per_epoch=2, callbacks=', 'size = 32': 'size = 5'}, UNCOUNTED),
    ({METRICS: "['acc']", "'relu'": 'lambda x: x * x'}, {}),
    (
        {SIGMOID: "model.add(Dense(2, activation='softmax'))", LOADED: ONE_HOT}
        | {LOSS: "'categorical_crossentropy'"},
        {},
    ),
    (
        LSTM
        | {RELU: 'model.add(LSTM(4))', r'N_sequence,\)\)': 'N_sequence, 1))'}
        | {LOADED: 'X_train, X_test = X_train[:, :, None], X_test[:, :, None]\n'},
        {},
    ),
]


def write(edits):
    """Write train.py with these edits; return its lines, and the numbers of the new."""
    text = TRAIN
    for old, new in edits.items():
        assert re.search(old, text), old
        text = re.sub(old, lambda _, new=new: new, text, count=1)
    pathlib.Path('train.py').write_text(text, encoding='utf-8')
    lines, before = ['', *text.splitlines()], TRAIN.splitlines()
    return lines, [i for i, line in enumerate(lines) if line not in before]


def train(*arguments, status=0):
    return script(os.path.abspath('train.py'), *arguments, status=status)


def check_line(told, lines, new, text=''):
    """Check the line that an answer names: a new one, or one with this text."""
    if text is None:
        assert 'line ' not in told
        return
    number, shown = re.search(r'line (\d+)[:,] (.*)', told).groups()
    assert shown.startswith(re.sub('  +#.*', '', lines[int(number)].strip(' ,')))
    assert text in shown if text else int(number) in new


@pytest.mark.parametrize('row', MISTAKES)
def test_a_mistake_ends_in_a_few_lines(data, row):
    """The script's line, what is wrong, perhaps a hint; before the fit, if it can."""
    edits, said, *text = row
    lines, new = write(edits)
    told = train(*SHORT, status=1).stderr
    form = r'train\.py(: .*|, line \d+: .*\n\w+: (?!Exception).*(\nHint: .*)?)\n'
    hint = (re.fullmatch(form, told) or pytest.fail(told))[2]
    assert said in (hint or told.split(': ', 1)[1])
    assert os.path.exists('runs') == ('plot_history' in str([*edits, *text]))
    check_line(told, lines, new, *text)


@pytest.mark.filterwarnings('ignore::UserWarning')  # of Keras, about such edits
@pytest.mark.parametrize(('edits', 'said'), SAID)
def test_what_may_be_meant_trains(data, edits, said):
    """What is said stands above the training, and below the result; and no more."""
    lines, new = write(edits)
    above, below = train(*SHORT).stdout.split('Evaluating Test Set')
    for pattern, text in said.items():
        found = re.findall(f'(?m)^.*{pattern}.*$', above + below)
        is_result = 'above' in pattern or 'counted' in pattern
        assert len(found) == (1 if is_result else 2), found
        check_line(found[0], lines, new, text)
    run = runs.read_run()
    assert runs.read_csv(run, 'history.csv')[-1]['accuracy']
    assert run['data'].startswith('20 of 20 + 10 of 10') and not run['not_judged']
    assert bool(run['notes']) == any('differs' in pattern for pattern in said)
    assert '/step' not in above  # no bar of Keras's
    assert (' the Normal' in above) == ('a mean of 9' in said)
    if not said:
        assert f'\nAccuracy: {100 * run["accuracy"]:.2f}%\n' in below
        assert 'line ' not in above + below and 'row ' not in above + below


# ------------------------------------------------------------ what one may do with it

OWN = "seed = 0\nN_own = 5\nrate = 0.1\nbend = '5 %'\non = True\n"
OWN = {SEED: f'{OWN}own = N_own, rate, bend, on'}


def test_numbers_of_ones_own(data):
    """Those that the training used are in the run, also if the script changes them."""
    fewer = 'import keras\nX_test, Y_test, rate = X_test[:5], Y_test[:5], [rate]\n'
    write(
        OWN
        | {r'(?=set_random_seed\(s)': 'N_train = 15\n', LOADED: fewer}
        | {TANH: 'model.add(Dense(N_own, activation=bend))'}
        | {SIGMOID: "model.add(Dense(2, 'softmax'))", "'binary": "'sparse_categorical"}
        | {METRICS: "[keras.metrics.SparseCategoricalAccuracy('accuracy')]"}
    )
    shown = ' '.join(train('--help').stdout.split())
    own = '--N_own N default 5 --rate X default 0.1 --bend TEXT default 5 % --on,'
    assert own in shown and ' runs/NAME (default: a number) --ov' in shown
    typed = *SHORT, '--N_own', 9, '--bend=gelu', '--no-on', '--rate=2'
    stdout, stderr, _ = train(*typed)
    assert stderr == '' and 'line ' not in stdout and 'row ' not in stdout
    run = runs.read_run()
    assert run['layers'] == '16 relu, 9 gelu, 2 softmax'
    numbers = {'N_train': 15, 'N_own': 9, 'rate': [2.0], 'bend': 'gelu', 'on': False}
    assert numbers.items() <= run['numbers'].items()


def test_a_second_run_is_the_same(data):
    for name in 'Test/X_1.dat', 'Test/X_3.dat':
        (data / name).write_bytes((data / 'Train/X_20.dat').read_bytes())
    done = [script('train.py', *SHORT) for _ in range(2)]
    assert not any(x.stderr for x in done)
    one, two = (re.sub(r'runs/\d', 'runs/N', x.stdout) for x in done)
    assert one == two and '\n2 of 10 test sequences also occur in' in one
    assert re.search(r'\nAccuracy: (\d+)0\.00%\n\1 of 10 right\n', one)


def test_a_script_of_any_name(folder):
    """Its errors are explained; one in a file of ours has a safe traceback."""
    prepare = 'from support.start import prepare; prepare()\n'
    ours = "from support.console import whole_number as f; f(1)(chr(27) + '[red]')"
    told = {'[][1]': r'small.py, line 2: \[\]\[1\]\nIndexError: .*\n'}
    told |= {ours: r'Traceback[\s\S]*: \\x1b\[red\] is not a whole number .*\n'}
    for code, pattern in told.items():
        pathlib.Path('small.py').write_text(prepare + code, encoding='utf-8')
        assert re.fullmatch(pattern, script(folder / 'small.py', status=1).stderr)


def test_advice_on_the_scale():
    """For values far from 0 and 1, and means that differ more than what is within."""
    for mean, spread in (0, 1), (3, 1), (-3, 1), (0, 9.5), (0, 0.002):
        X = np.array([[mean - spread, mean + spread]])
        assert mistakes.suggest_scaling(X) is None
    for mean, spread in (3.5, 1), (-3.5, 1), (0, 10.5), (0, 0.0009), (7, 0):
        X = np.array([[mean - spread, mean + spread]])
        said = f'a mean of {mean:.3g} and a standard dev'
        assert said in mistakes.suggest_scaling(X)
    for within, is_said in (0, False), (0.6, False), (0.4, True), (2e-3, True):
        X = np.array([[mean - within, mean + within] for mean in (-1, 1)])
        assert ('LayerNormalization' in str(mistakes.suggest_scaling(X))) == is_said
