"""What an error says: the user's lines, Python's or Keras's words, perhaps a hint."""

import linecache
import os
import re
import sys

from support.explain import HINTS, report_error

import pytest
from conftest import SHORT, TRAIN, restored, script

FIT = 'model.fit(X_train, Y_train, verbose=0'
LOSS = "loss='binary_crossentropy'"
SPARSE = "loss='sparse_categorical_crossentropy'"
SERIES = 'Input((128,)), Reshape((128, 1)), Conv1D(4, 3), Dense(1)'
INPUTS = 'inputs = Input((128,)); outputs = Dense(1)(inputs)'
EARLY = 'callbacks=[keras.callbacks.EarlyStopping'
LACKING = """raise ModuleNotFoundError("No module named '{}'")"""
# Lines of Python, separated by ; of which the last ends in the error of each hint
LINES = [
    [LACKING.format('numpy')],
    ['import torch.nn as nn', 'nn.Linear(128, 16)'],
    ['del np; np.empty(3)'],
    ['del plt; plt.show()'],
    ['del keras; keras.layers'],
    ['plot_history(history)'],
    ['Model.add(Dense(9))'],
    ['+Sequential().add(Dense(9))'],
    ['Sequential([Input((128,)), LSTM(4)])'],
    [f'model = Sequential([{SERIES}]); model.compile({LOSS}); {FIT})'],
    ['Sequential([Input((128,)), Dense(1), Reshape((128, 1))])'],
    ['model.predict(X_test[0])'],
    ['Input(shape=(128))'],
    ["Dense('9')", "LSTM(units='9')", "Conv1D(4, '3')"],
    ['Dense(9, activation=relu)', "model.compile('adam', loss=mse, metrics=['acc'])"],
    ['Dense(9, dropout=0.5)'],
    ['x = Dense(16); Dense(1)(x)', f'{INPUTS}; keras.Model(inputs, Dense(1))'],
    [f'{INPUTS}; keras.Model(input=inputs, output=outputs)'],
    ["Sequential().add(Dense(9), activation='tanh')"],
    [
        'model = Sequential; model.add(Dense(8))',
        'Sequential().add(Dense)',
        f'{FIT}, callbacks=[ShowProgress])',
        'model.compile(keras.optimizers.Adam)',
    ],
    ['model = Sequential().add(Dense(9)); model.add(Dense(9))'],
    [f'{FIT}, validation_split=25)'],
    ['keras.optimizers.Adam(lr=1)', "model.compile('adam', learning_rate=1)"],
    ["{}['acc']", "{}['val_accuracy']", f"{FIT}, {EARLY}('val_acc')])"],
    ["{}['val_loss']"],
    ['model.predict_classes(X_test)'],
    ['from keras.utils import np_utils'],
    ['from keras import backend as K; K.sum(X_train)'],
    ['from keras.layers import CuDNNLSTM'],
    [f'{FIT}, nb_epoch=3)'],
    ["Dense(9, W_regularizer='l2')"],
    ["Dense(9, b_regularizer='l2')"],
    ['Dense(9, W_constraint=None)'],
    ["Dense(9, init='uniform')"],
    ["Conv1D(4, 3, border_mode='same')"],
    ["LSTM(4, inner_activation='sigmoid')"],
    ["Dense(9, activation='SmoothReLU')"],
    ['model.predict_proba(X_test)'],
    ['model.fit_generator(X_train)'],
]
CASES = [
    (line, f'Hint: {hint}')
    for hint, lines in zip(HINTS.values(), LINES, strict=True)
    for line in lines
]
IMPORTS = {  # a line that needs a name of Keras: where this is
    'LSTM_ = GRU(4)': 'layers import GRU',
    'Adam(learning_rate=0.1)': 'optimizers import Adam',
    'EarlyStopping(patience=5)': 'callbacks import EarlyStopping',
    'to_categorical(Y_train)': 'utils import to_categorical',
    'from keras.layers.core import Dropout, Dense': 'layers import Dropout',
    'from keras.layers import RMSprop': 'optimizers import RMSprop',
}
CASES += [(line, f'write  from keras.{place}') for line, place in IMPORTS.items()]
NEAR = {  # what is near: what is meant
    "Dense(9, activation='tahn')": 'tanh',
    "Dense(9, activaton='relu')": 'activation',
    "model.compile('adma')": 'adam',
    f"model.compile({LOSS[:-2]}'); {FIT})": 'binary_crossentropy',
    f'{FIT}, batchsize=9)': 'batch_size',
    'keras.optimizers.Adam(learningrate=1)': 'learning_rate',
    'keras.callbacks.EarlyStopping(patence=5)': 'patience',
    'from keras.layers import Denes': 'Dense',
    'import utilites': 'utilities',
    'import timee': 'time',
}
# Newer Pythons ask some of this themselves
CASES += [(line, f"'{meant}'?") for line, meant in NEAR.items()]
CASES += [  # others have none: Python's and Keras's words say it
    ("Dense(9, activation='xyz')", 'ValueError: Could not interpret activation'),
    ('Desne(9)', "NameError: name 'Desne' is not defined. Did you mean: 'Dense'?"),
    ('Dense(units=unitz)', "NameError: name 'unitz' is not defined"),
    ("{}['val_acc_1']", "KeyError: 'val_acc_1'"),
    (LACKING.format('tkinter'), "'tkinter'"),
    (LACKING.format('keras.wrappers.own'), "'keras.wrappers.own'"),
    ('model.train_on_batch(X_train, nb_epoch=3)', "argument 'nb_epoch'"),
    ('model(X_train[:, :9])', 'have value 128, but received input with shape (20, 9)'),
    (f'model.compile({SPARSE}); {FIT})', 'InvalidArgumentError: '),  # in a graph
    ("raise ValueError('a\\7')", r'ValueError: a\x07'),
]


@pytest.fixture(scope='module')
def names(generated):
    """What train.py knows before its fit, and more."""
    names = {'__name__': '__main__', '__file__': 'train.py'}
    text = TRAIN[: TRAIN.index('# Fit the model')]
    text += 'import keras\nfrom keras.layers import Conv1D, LSTM, Reshape\n'
    with restored(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', ['train.py', *map(str, SHORT)])
        os.chdir(generated)
        exec(text, names)
    return names


@pytest.mark.parametrize(('line', 'wanted'), CASES)
def test_an_error_in_an_edit_shows_its_line_and_no_insides(
    names, folder, monkeypatch, capsys, line, wanted
):
    """Its file is named as it was typed."""
    monkeypatch.setattr(sys, 'argv', ['edit.py'])
    path = folder / 'edit.py'
    path.write_text(line.replace('; ', '\n'))
    linecache.checkcache(str(path))
    # Another line may have compiled it otherwise
    names['model'].compile('rmsprop', 'binary_crossentropy', metrics=['accuracy'])
    with pytest.raises(Exception) as caught:
        exec(compile(path.read_text(), path, 'exec'), dict(names))
    trace = caught.value.__traceback__.tb_next  # without this function
    capsys.readouterr()
    report_error(caught.type, caught.value.with_traceback(trace), trace)
    head, place, code, *others, last = capsys.readouterr().err.splitlines()
    assert head == 'Traceback (most recent call last):'
    assert place.startswith('  File "edit.py", line ')
    assert code.strip() == line.split('; ')[-1]
    assert wanted in last and len(others) < 3 and 'site-packages' not in str(others)


PLACES = {  # a script from its line 3 on, and what is reported
    'in utilities.py': (
        'from utilities import plot_history as f\nf(1)',
        ['own.py", line 4', 'utilities.py", line ', 'AttributeError: '],
    ),
    'said by utilities.py': (
        'from utilities import read_training_data as f\nf(1, 128)',
        ['own.py, line 4: ', '/Train holds no X_1.dat, '],
    ),
    'in support': (
        'from support.answers import wilson_interval as f\nf(1, 0)',
        ['own.py", line 4', 'ZeroDivisionError: '],
    ),
    'after another': (
        'try: [][1]\nexcept IndexError: 1 / 0',
        ['own.py", line 3', 'IndexError: ', 'own.py", line 4', 'ZeroDivisionError: '],
    ),
    'from another': (
        'try: [][1]\nexcept IndexError as error: raise OSError(1) from error',
        [
            'own.py", line 3',
            'IndexError: ',
            'direct cause',
            'own.py", line 4',
            'OSError: 1',
        ],
    ),
    'in a module that cannot be read': (
        'open("mine.py", "w").write("("); sys.path.append(".")\nimport mine',
        ['own.py", line 4', 'mine.py", line 1', 'SyntaxError: '],
    ),
    'edited since it began': (
        'import pathlib; pathlib.Path(__file__).write_text("#\\n" * 9)\n1 / 0',
        ['own.py", line 4, in <module>\n    1 / 0\n', 'ZeroDivisionError: '],
    ),
    'by the user': (
        'from support.runs import read_settings as f\nf(["a\\a"])',
        [r'own.py: there is no run in runs/a\x07'],
    ),
}


@pytest.mark.parametrize('name', PLACES)
def test_the_lines_of_the_user_s_files_are_shown(folder, monkeypatch, name):
    monkeypatch.setenv('FORCE_COLOR', '1')
    code, wanted = PLACES[name]
    prepare = 'import sys; from support.prepare import prepare\nprepare()\n'
    (folder / 'own.py').write_text(prepare + code)
    error = script(folder / 'own.py', status=1).stderr
    places = [error.index(part) for part in wanted]
    assert places == sorted(places) and '\x1b' not in error
    assert error.count('", line ') == str(wanted).count('", line ')
    assert len(re.findall(r'(?m)^\w+Error: ', error)) == str(wanted).count('Error: ')


@pytest.mark.parametrize('modules', ['', '/lmod'])
def test_packages_are_installed_on_a_login_node(folder, monkeypatch, modules):
    monkeypatch.setenv('MODULESHOME', modules)
    monkeypatch.setattr('pkgutil.iter_modules', lambda: [])
    code = LACKING.format('sklearn')
    path = folder / 'own.py'
    path.write_text(f'from support.prepare import prepare; prepare()\n{code}')
    hint = script(path, status=1).stderr.splitlines()[-1]
    assert ('on a login node' in hint) == bool(modules)
    assert hint.endswith('pip install scikit-learn')
