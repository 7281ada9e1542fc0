"""What an error says: its line, Python's or Keras's own words, perhaps a hint."""

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
# A line for each hint: what comes before the last ; must go well
LINES = [
    'Sequential([Input((128,)), LSTM(4)])',
    f'model = Sequential([{SERIES}]); model.compile({LOSS}); {FIT})',
    'Sequential([Input((128,)), Dense(1), Reshape((128, 1))])',
    'model.predict(X_test[0])',
    'Input(shape=(128))',
    "Dense('9')",
    "Sequential().add(Dense(9), activation='tanh')",
    'model = Sequential().add(Dense(9)); model.summary()',
    f'{FIT}, validation_split=25)',
    'keras.optimizers.Adam(lr=1)',
    'model.compile(keras.optimizers.Adam)',
    'model.compile(loss=keras.losses.Poisson); model.get_compile_config()',
    f'{FIT}, nb_epoch=3)',
    f'{FIT}, show_accuracy=True)',
    f"{FIT}).history['val_accuracy']",
    'model.predict_classes(X_test)',
    '+Sequential().add(Dense(9))',
    'del np; np.empty(3)',
    'del plt; plt.show()',
    'Model.add(Dense(9))',
    'del keras; keras.layers',
    'from keras.utils import np_utils',
    'import tensorflow as tf; tf.Session()',
]
OLD_LINES = {
    'acc': f"{FIT}).history['acc']",
    'val_acc': f"{FIT}, callbacks=[keras.callbacks.EarlyStopping('val_acc')])",
    'fit_generator': 'model.fit_generator(X_train)',
    'evaluate_generator': 'model.evaluate_generator(X_test)',
    'predict_generator': 'model.predict_generator(X_test)',
    'predict_proba': 'model.predict_proba(X_test)',
    'W_regularizer': "Dense(9, W_regularizer='l2')",
    'b_regularizer': "Dense(9, b_regularizer='l2')",
    'W_constraint': 'Dense(9, W_constraint=None)',
    'init': "Dense(9, init='uniform')",
    'border_mode': "Conv1D(4, 3, border_mode='same')",
    'subsample_length': 'Conv1D(4, 3, subsample_length=2)',
    'pool_length': 'MaxPooling1D(pool_length=2)',
    'inner_activation': "LSTM(4, inner_activation='sigmoid')",
    'CuDNNLSTM': 'from keras.layers import CuDNNLSTM',
    'CuDNNGRU': 'from keras.layers import CuDNNGRU',
    'SmoothReLU': "Dense(9, activation='SmoothReLU')",
}
OTHERS = {
    'Dense(9, activation=relu)': "put it in quotes: 'relu'",
    "Dense(9, activation='rlu')": "did you mean 'relu'?",
    'dense(9)': "did you mean 'Dense'?",
    'model.evalute(X_test)': "did you mean 'evaluate'?",
    'import utilites': "did you mean 'utilities'?",
    'import matplotib': "did you mean 'matplotlib'?",
    'import own_1': 'if the name is right, type  pip install own_1',
    'GRU(4)': 'write  from keras.layers import GRU',
    'to_categorical(Y_train)': 'write  from keras.utils import to_categorical',
    'from keras.layers.core import Dropout': 'write  from keras.layers import Dropout',
    'from keras.layers import RMSprop': 'write  from keras.optimizers import RMSprop',
}
NO_HINT = """
1 / 0
int('a')
open('no')
X_train[300]
X_train + 'a'
{}['seed']
{}['val_acc_1']
[].append(1, 2)
(lambda x: x)(1, 2)
raise ValueError('lr')
acc
accuracy
my_own
np.zeros(3).foo
Dense()
Dense(-1)
Dense(9, activaton='tanh')
Dense(9, activation='adma')
from keras.layers import Nothing
keras.predict_step
model.nothing()
model.fit(X_train, Y_test)
model.train_on_batch(X_train, Y_train, nb_epoch=3)
"""


@pytest.fixture(scope='module')
def names(generated):
    """What train.py knows before its fit, and more layers."""
    names = {'__name__': '__main__', '__file__': 'train.py'}
    text = TRAIN[: TRAIN.index('# Fit the model')]
    text += 'import keras\nfrom keras.layers import Conv1D, LSTM, MaxPooling1D, Reshape'
    with restored(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', ['train.py', *map(str, SHORT)])
        os.chdir(generated)
        exec(text, names)
    return names


@pytest.fixture
def explained(names, tmp_path):
    """Run a line, which must end in an error; return what is reported, as lines."""

    def explained(line):
        path = tmp_path / 'line.py'
        path.write_text(line.replace('; ', '\n'))
        linecache.checkcache(str(path))
        with pytest.raises(Exception) as error:
            exec(compile(path.read_text(), path, 'exec'), dict(names))
        return explain.explain(error.value)

    return explained


@pytest.mark.parametrize(('pattern', 'line'), [*zip(HINTS, LINES, strict=True)])
def test_hints(explained, pattern, line):
    place, words, hint = explained(line)
    assert place.startswith('line.py, line ') and place.endswith(line.split('; ')[-1])
    assert hint == f'Hint: {HINTS[pattern]}' and re.match(r'\w+: .', words)


@pytest.mark.parametrize('name', OLD_NAMES)
def test_old_names(explained, name):
    *_, hint = explained(OLD_LINES[name])
    assert hint == f"Hint: Keras 3 calls this '{OLD_NAMES[name]}'"


@pytest.mark.parametrize('line', OTHERS)
def test_other_hints(explained, line):
    assert explained(line)[-1].startswith('Hint: ')
    assert explained(line)[-1].endswith(OTHERS[line])


@pytest.mark.parametrize('line', NO_HINT.strip().splitlines())
def test_no_hint(explained, line):
    """The error's own words come last, and are not empty."""
    place, words = explained(line)
    assert place.endswith(line) and re.match(r'\w+: .', words)


@pytest.mark.parametrize('modules', ['', '/lmod'])
def test_where_packages_are_installed(explained, monkeypatch, modules):
    """On a login node, if there are modules."""
    monkeypatch.setenv('MODULESHOME', modules)
    hint = explained('import sklearn_own')[-1]
    assert ('on a login node' in hint) == bool(modules)


PLACES = {  # a script of two lines, and the lines of what is reported
    'in utilities.py': (
        'from utilities import plot_history as f\nf(1)',
        ['own.py, line 4: f(1)', 'utilities.py, line ', 'AttributeError: '],
    ),
    'in support': (
        'from support.answers import wilson_interval as f\nf(1, 0)',
        ['own.py, line 4: f(1, 0)', 'support/answers.py, line ', 'ZeroDivisionError: '],
    ),
    'in Keras, called by support': (
        'from support.network import predict_scores as f\nf(None, [1], None)',
        ['own.py, line 4: f(None', 'support/network.py, line ', 'AttributeError: '],
    ),
    'in a function': (
        'def f(): [][1]\nf()',
        ['own.py, line 4: f()', 'own.py, line 3: ', 'IndexError: '],
    ),
    'in a script that is gone': (
        'open(__file__, "w").close()\n1 / 0',
        ['own.py, line 4: 1 / 0', 'ZeroDivisionError: '],
    ),
    'Ctrl-C': ('\nraise KeyboardInterrupt', ['', 'Interrupted.']),
    'a code of the terminal': ('\n{}["\\a"]', ['own.py, line 4', r"KeyError: '\x07'"]),
}


@pytest.mark.parametrize('name', PLACES)
def test_places(folder, name):
    """The script's line comes first, then that of the mistake."""
    code, wanted = PLACES[name]
    prepare = 'from support.prepare import prepare\nprepare()\n'
    (folder / 'own.py').write_text(prepare + code)
    lines = script(folder / 'own.py', status=1).stderr.splitlines()
    for line, start in zip(lines, wanted, strict=True):
        assert line.startswith(start)
