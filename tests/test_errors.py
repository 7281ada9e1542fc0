"""What an error says: the user's lines, Python's or Keras's words, perhaps a hint."""

import linecache
import os
import re
import sys

from support.errors import report_error
from support.hints import HINTS
from support.runs import RUNS

import pytest
from conftest import SHORT, TRAIN, restored, script
from keras import Input, Sequential
from keras.layers import Dense

from utilities import read_set

FIT = 'model.fit(X_train, Y_train, verbose=0'
LACKING = """raise ModuleNotFoundError("No module named '{}'")"""
CASES = [(edit, f'Hint: {hint.words}') for hint in HINTS for edit in hint.edits]
IMPORTS = {  # a line that needs a name of Keras: what is to be imported
    'EarlyStopping(patience=5)': 'keras.callbacks import EarlyStopping',
    'from keras.layers.core import Dropout, Dense': 'keras.layers import Dropout',
    'model.add(layers.Dense(9))': 'keras import layers',
    'model.compile(loss=losses.Huber())': 'keras import losses',
}
CASES += [(line, f'write  from {place}') for line, place in IMPORTS.items()]
QUOTED = 'Dense(9, activation=relu)', 'model.compile(metrics=[accuracy], loss=mse)'
CASES += [(line, 'put it in quotes') for line in QUOTED]
NEAR = {  # what is near: what is meant
    'Desne(9)': 'Dense',
    'model.sumary()': 'summary',
    "Dense(9, activation='tahn')": 'tanh',
    "Dense(9, activation='swsh')": 'swish',
    "Dense(9, bias_initialiser='ones')": 'bias_initializer',
    'Conv1D(4, 3, dilation_rat=2)': 'dilation_rate',
    f'{FIT}, batchsize=9)': 'batch_size',
    f'{FIT}, epoch=9)': 'epochs',
    "model.compile(metric=['accuracy'])": 'metrics',
    'from keras.layers import Denes': 'Dense',
    'import utilites': 'utilities',
}
# Newer Pythons ask some of this themselves
CASES += [(line, f"'{meant}'?") for line, meant in NEAR.items()]
CASES += [  # others have none: Python's and Keras's words say it
    ('model.compile(metrics=[accuracy_score])', "name 'accuracy_score' is not"),
    ('X_train.train()', "object has no attribute 'train'"),
    ('x = None; -x', 'unary -'),
    ('plt.plot(accuracy)', "name 'accuracy' is not"),
    ("history.history['val_acc_1']", "KeyError: 'val_acc_1'"),
    (LACKING.format('tkinter'), "'tkinter'"),
    (LACKING.format('keras.wrappers.own'), "'keras.wrappers.own'"),
    ('model(X_train[:, :9])', 'have value 128, but received input with shape (20, 9)'),
    (
        f"model.compile(loss='sparse_categorical_crossentropy'); {FIT})",
        'InvalidArgumentError: ',  # in a graph
    ),
]
CASES += [  # an error of Python's in Keras: its line there
    (f'{FIT}, epochs=2.5)', 'for epoch in range(initial_epoch, epochs)'),
    (f"{FIT}, batch_size='a')", 'math.ceil(num_samples / batch_size)'),
]


@pytest.fixture(scope='module')
def names(generated):
    """What train.py knows before its fit, and more."""
    names = {'__file__': 'train.py'}
    text = TRAIN[: TRAIN.index('# Fit the model')]
    text += 'import keras\nfrom keras.layers import Conv1D, Conv2D, LSTM, Reshape\n'
    text += 'history = keras.callbacks.History(); history.history = {}\n'
    with restored():
        sys.argv = ['train.py', *map(str, SHORT)]
        os.chdir(generated)
        exec(text, names)
    return names


@pytest.mark.parametrize(('line', 'wanted'), CASES)
def test_an_error_in_an_edit_shows_its_line_and_a_hint(
    names, folder, capsys, line, wanted
):
    path = folder / 'edit.py'
    path.write_text(line)
    linecache.checkcache(str(path))
    with restored():
        model = Sequential([Input((128,)), Dense(1, activation='sigmoid')])
        model.compile('rmsprop', 'binary_crossentropy', metrics=['accuracy'])
        with pytest.raises(Exception) as caught:
            exec(compile(line, path, 'exec'), names | {'model': model})
    trace = caught.value.__traceback__.tb_next  # without this function
    capsys.readouterr()
    report_error(caught.type, caught.value.with_traceback(trace), trace)
    head, place, code, *others = capsys.readouterr().err.splitlines()
    assert head == 'Traceback (most recent call last):'
    assert place.startswith('  File "edit.py", line 1') and code.strip() == line
    report = '\n'.join(others)
    assert wanted in report and 'site-packages' not in report
    assert len(others) < 6 and report.count('  File "') < 2


def test_an_error_that_cannot_be_asked_is_python_s(capsys):
    class Own(AttributeError):
        obj = property(lambda self: 1 / 0)

    error = Own("no attribute 'a'")
    report_error(Own, error, None)
    assert "no attribute 'a'" in capsys.readouterr().err


def test_an_error_of_utilities_alone_is_reported(folder, capsys):
    with pytest.raises(FileNotFoundError) as caught:
        read_set('Train', 1, 1)
    trace = caught.tb.tb_next  # without this function
    report_error(caught.type, caught.value.with_traceback(trace), trace)
    assert 'Train holds no X_1.dat' in capsys.readouterr().err


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
        'from support.statistics import wilson_interval as f\nf(1, 0)',
        ['own.py", line 4', 'ZeroDivisionError: '],
    ),
    'after another': (
        'try: __import__("fractions").Fraction("")\nexcept ValueError: 1 / 0',
        ['own.py", line 3', 'ValueError: ', 'own.py", line 4', 'ZeroDivisionError: '],
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
        'from support.settings import runs_of as f\nf(["a\\a"])',
        [rf'own.py: there is no run in {RUNS}/a\x07'],
    ),
}


@pytest.mark.parametrize('name', PLACES)
def test_the_lines_of_the_user_s_files_are_shown(folder, monkeypatch, name):
    monkeypatch.setenv('FORCE_COLOR', '1')
    code, wanted = PLACES[name]
    prepare = 'import sys; from support.start import prepare\nprepare()\n'
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
    path.write_text(f'from support.start import prepare; prepare()\n{code}')
    hint = script(path, status=1).stderr.splitlines()[-1]
    assert ('on a login node' in hint) == bool(modules)
    assert hint.endswith('pip install scikit-learn')
