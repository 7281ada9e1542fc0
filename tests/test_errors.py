"""What an error says: its lines, Python's or Keras's own words, perhaps a hint."""

import linecache
import os
import re
import sys

from support import explain
from support.hints import HINTS, OLD_NAMES

import pytest
from conftest import SHORT, TRAIN, restored, script

FIT = 'model.fit(X_train, Y_train, verbose=0'
LOSS = "loss='binary_crossentropy'"
SERIES = 'Input((128,)), Reshape((128, 1)), Conv1D(4, 3), Dense(1)'
# Lines for each hint, which end in its error: what comes before the last ; is right
LINES = [
    ['Sequential([Input((128,)), LSTM(4)])'],
    [f'model = Sequential([{SERIES}]); model.compile({LOSS}); {FIT})'],
    ['Sequential([Input((128,)), Dense(1), Reshape((128, 1))])'],
    ['model.predict(X_test[0])'],
    ['Input(shape=(128))'],
    ["Dense('9')"],
    ["Sequential().add(Dense(9), activation='tanh')"],
    ['model = Sequential().add(Dense(9)); model.summary()'],
    [
        'model = Sequential; model.add(Dense(8))',
        'model.add(Dense)',
        f'{FIT}, callbacks=[ShowProgress])',
        'model.compile(keras.optimizers.Adam)',
        'model.compile(loss=keras.losses.Poisson); model.get_compile_config()',
    ],
    [f'{FIT}, validation_split=25)'],
    ['keras.optimizers.Adam(lr=1)', "model.compile('adam', learning_rate=1)"],
    [f'{FIT}, nb_epoch=3)'],
    [f"{FIT}).history['val_accuracy']"],
    ['model.predict_classes(X_test)'],
    ['plot_history(history)'],
    ['+Sequential().add(Dense(9))'],
    ['del np; np.empty(3)'],
    ['del plt; plt.show()'],
    ['Model.add(Dense(9))'],
    ['del keras; keras.layers'],
    ['from keras.utils import np_utils'],
    ['from keras import backend as K; K.sum(X_train)'],
    ['import torch.nn as nn', 'nn.Linear(128, 16)'],
    ["""raise ModuleNotFoundError("No module named 'numpy'")"""],
]
OLD_LINES = {
    'acc': f"{FIT}).history['acc']",
    'val_acc': f"{FIT}, callbacks=[keras.callbacks.EarlyStopping('val_acc')])",
    'fit_generator': 'model.fit_generator(X_train)',
    'predict_proba': 'model.predict_proba(X_test)',
    'W_regularizer': "Dense(9, W_regularizer='l2')",
    'b_regularizer': "Dense(9, b_regularizer='l2')",
    'W_constraint': 'Dense(9, W_constraint=None)',
    'init': "Dense(9, init='uniform')",
    'border_mode': "Conv1D(4, 3, border_mode='same')",
    'inner_activation': "LSTM(4, inner_activation='sigmoid')",
    'CuDNNLSTM': 'from keras.layers import CuDNNLSTM',
    'CuDNNGRU': 'from keras.layers import CuDNNGRU',
    'SmoothReLU': "Dense(9, activation='SmoothReLU')",
}
REMEDIES = {
    'Dense(9, activation=relu)': "put it in quotes: 'relu'",
    "Dense(9, activation='tahn')": "did you mean 'tanh'?",
    "model.compile('adma')": "did you mean 'adam'?",
    "Dense(9, activaton='tanh')": "did you mean 'activation'?",
    f'{FIT}, batchsize=9)': "did you mean 'batch_size'?",
    f'{FIT}, epoch=9)': "did you mean 'epochs'?",
    'from keras.layers import Denes': "did you mean 'Dense'?",
    'import utilites': "did you mean 'utilities'?",
    'import mathh': "did you mean 'math'?",
    'import own_1': 'if the name is right, type  pip install own_1',
    'GRU(4)': 'write  from keras.layers import GRU',
    'to_categorical(Y_train)': 'write  from keras.utils import to_categorical',
    'from keras.layers.core import Dropout': 'write  from keras.layers import Dropout',
    'from keras.layers import RMSprop': 'write  from keras.optimizers import RMSprop',
}
for hint, lines in zip(HINTS.values(), LINES, strict=True):
    REMEDIES |= dict.fromkeys(lines, hint)
for old, new in OLD_NAMES.items():
    REMEDIES[OLD_LINES[old]] = f"Keras 3 calls this '{new}'"
NO_HINT = """
1 / 0
int('a')
X_train[300]
{}['val_acc_1']
(lambda x: x)(1, 2)
raise ValueError('lr')
acc
Dense()
from keras.layers import Nothing
raise ModuleNotFoundError("No module named 'tkinter'")
model.train_on_batch(X_train, Y_train, nb_epoch=3)
"""


@pytest.fixture(scope='module')
def names(generated):
    """What train.py knows before its fit, and more."""
    names = {'__name__': '__main__', '__file__': 'train.py'}
    text = TRAIN[: TRAIN.index('# Fit the model')]
    text += 'import keras\nfrom keras.layers import Conv1D, LSTM, Reshape'
    with restored(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', ['train.py', *map(str, SHORT)])
        os.chdir(generated)
        exec(text, names)
    return names


@pytest.fixture
def explained(names, tmp_path):
    """Run a line, which must end in an error; return Python's words, and the hint."""

    def explained(line):
        path = tmp_path / 'line.py'
        path.write_text(line.replace('; ', '\n'))
        linecache.checkcache(str(path))
        with pytest.raises(Exception) as caught:
            exec(compile(path.read_text(), path, 'exec'), dict(names))
        trace = caught.value.__traceback__.tb_next  # without this function
        place, words, *hint = explain.explain(caught.value.with_traceback(trace))
        assert place.startswith('line.py, ') and place.endswith(line.split('; ')[-1])
        assert re.match(r'\w+: .', words)
        return words, *hint

    return explained


@pytest.mark.parametrize('line', REMEDIES)
def test_an_error_has_a_hint_unless_python_has_said_it(explained, line):
    words, *hint = explained(line)
    assert hint == [f'Hint: {REMEDIES[line]}'] or (not hint and 'Did you mean' in words)


@pytest.mark.parametrize('line', NO_HINT.strip().splitlines())
def test_other_errors_have_none(explained, line):
    assert len(explained(line)) == 1


@pytest.mark.parametrize('line', ['Desne(9)', 'modle.add(1)', 'model.evalute(X_test)'])
def test_python_s_suggestions_are_shown(explained, line):
    (words,) = explained(line)
    assert re.search(r"Did you mean: '\w+'\?$", words)


@pytest.mark.parametrize('modules', ['', '/lmod'])
def test_packages_are_installed_on_a_login_node(explained, monkeypatch, modules):
    monkeypatch.setenv('MODULESHOME', modules)
    monkeypatch.setattr('pkgutil.iter_modules', lambda: [])
    hint = explained("""raise ModuleNotFoundError("No module named 'sklearn'")""")[-1]
    assert ('on a login node' in hint) == bool(modules)
    assert hint.endswith('pip install scikit-learn')


PLACES = {  # a script from its line 3 on, and how the reported lines begin
    'in utilities.py': (
        'from utilities import plot_history as f\nf(1)',
        ['own.py, line 4: f(1)', 'utilities.py, line ', 'AttributeError: '],
    ),
    'said by utilities.py': (
        'from utilities import read_values as f\nf("a")',
        ['own.py, line 4: f("a")', 'FileNotFoundError: a is missing'],
    ),
    'in support': (
        'from support.answers import wilson_interval as f\nf(1, 0)',
        ['own.py, line 4: f(1, 0)', 'ZeroDivisionError: '],
    ),
    'in functions': (
        'def f(): g()\ndef g(): raise OSError(1)\nf()',
        [f'own.py, line {i}: ' for i in (5, 3, 4)] + ['OSError: 1'],
    ),
    'in itself': (
        'def f(): f()\nf()',
        ['own.py, line 4: ', 'own.py, line 3: ', 'RecursionError: '],
    ),
    'after another': (
        'try: [][1]\nexcept IndexError as error: raise OSError(1) from error',
        ['own.py, line 3: ', 'IndexError: ', 'own.py, line 4: ', 'OSError: 1'],
    ),
    'several at once': (
        '\nraise ExceptionGroup("a", [OSError(1)])',
        ['own.py, line 4: ', '| ExceptionGroup: a (1 sub-exception) '],
    ),
    'in a module that cannot be read': (
        'open("mine.py", "w").write("("); sys.path.append(".")\nimport mine',
        ['own.py, line 4: ', 'mine.py, line 1: (', 'SyntaxError: '],
    ),
    'in a script that is gone': (
        'open(__file__, "w").close()\n1 / 0',
        ['own.py, line 4: 1 / 0', 'ZeroDivisionError: '],
    ),
    'by the user': (
        'from support.runs import read_runs as f\nf("a")',
        ['own.py: there is no run in runs/a'],
    ),
    'a code of the terminal': ('\n{}["\\a"]', ['own.py, line 4', r"KeyError: '\x07'"]),
}


@pytest.mark.parametrize('name', PLACES)
def test_all_lines_of_the_user_s_files_are_shown(folder, monkeypatch, name):
    """The lines that led to an error are shown in order, and without colours."""
    monkeypatch.setenv('FORCE_COLOR', '1')
    code, wanted = PLACES[name]
    prepare = 'import sys; from support.prepare import prepare\nprepare()\n'
    (folder / 'own.py').write_text(prepare + code)
    lines = script(folder / 'own.py', status=1).stderr.splitlines()
    for line, start in zip(lines, wanted, strict=True):
        assert line.startswith(start)
