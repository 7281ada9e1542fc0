"""Whether network, loss, metrics and data go together: refusals and remarks."""

import re

from support.checks import check_network, suggest_scaling
from support.console import UserError

import keras
import numpy as np
import pytest
from keras import Input, Sequential
from keras.layers import BatchNormalization, Dense
from keras.losses import BinaryCrossentropy
from keras.metrics import BinaryAccuracy

X = np.random.default_rng(0).normal(size=(6, 4))
Y = np.arange(6) % 2
THREE = np.arange(6) % 3
ONE_HOT = np.eye(2)[Y]
FIRST = Dense(3)
SIGMOID = Dense(1, 'sigmoid')
SOFTMAX = Dense(2, 'softmax')
BINARY = 'binary_crossentropy'
SPARSE = 'sparse_categorical_crossentropy'
CATEGORICAL = 'categorical_crossentropy'
LOGIT = BinaryCrossentropy(from_logits=True)
OF_LOGITS = BinaryAccuracy(threshold=0)


def check(last=SIGMOID, loss=BINARY, Y=Y, metric='accuracy', first=FIRST, **other):
    """Check a network with this last layer, whose test set is its training set."""
    model = Sequential([Input((4,)), first, Dense(3), last])
    model.compile('rmsprop', loss, metrics=[metric, 'mse'])
    sets = {'X_train': X, 'Y_train': Y, 'X_test': X, 'Y_test': Y}
    check_network(model, **sets | other)


FITTING = {  # last layer, loss, classes, and what is given as the accuracy
    'a score of class 1': (SIGMOID, BINARY, Y, BinaryAccuracy(name='own')),
    'a logit': (Dense(1), LOGIT, Y, OF_LOGITS),
    'a score for each class': (SOFTMAX, SPARSE, Y, 'acc'),
    'more scores than classes': (Dense(5, 'softmax'), SPARSE, THREE),
    'one-hot classes': (SOFTMAX, CATEGORICAL, ONE_HOT, 'categorical_accuracy'),
    'yes or no for each class': (Dense(2, 'sigmoid'), BINARY, ONE_HOT),
    "a loss of one's own": (Dense(7), max, Y),
}


@pytest.mark.parametrize('case', FITTING)
def test_what_fits_is_not_remarked_on(case, capsys):
    check(*FITTING[case])
    assert capsys.readouterr().out == ''


ACCURACY = r"metrics=\['accuracy'\]"
UNFIT = {  # what is said, and what is given
    'one neuron with softmax': ('1 neuron with softm', Dense(1, 'softmax')),
    'no softmax': ('layer, 2 neurons with linear, does not', Dense(2), SPARSE),
    'a loss for more neurons': (r'take Dense\(2, .*or Dense\(1, ', SIGMOID, SPARSE),
    'numbers for categories': ('or Y_train = to_categor', SOFTMAX, CATEGORICAL),
    'one-hot for numbers': ("take .*loss='categorical_", SOFTMAX, SPARSE, ONE_HOT),
    'a third class': (r"Dense\(3, .*loss='sparse_ca", SIGMOID, BINARY, THREE),
    'a third class for two neurons': ('and 3 classes: take', SOFTMAX, SPARSE, THREE),
    'another metric first': (ACCURACY, SIGMOID, BINARY, Y, 'mse'),
    'the threshold of logits': (ACCURACY, SIGMOID, BINARY, Y, OF_LOGITS),
    'each score apart': (ACCURACY, SOFTMAX, CATEGORICAL, ONE_HOT, 'binary_accuracy'),
}


@pytest.mark.parametrize('case', UNFIT)
def test_what_does_not_fit_is_refused_with_what_does(case):
    words, *given = UNFIT[case]
    with pytest.raises(UserError, match=words):
        check(*given)


def test_a_network_with_two_outputs_is_refused():
    values = Input((4,))
    model = keras.Model(values, [Dense(1)(values), Dense(1)(values)])
    with pytest.raises(UserError, match='the network has 2 outputs'):
        check_network(model, X, [Y, Y], X, [Y, Y])


NO_SETS = {
    'one sequence': {'X_train': X[0]},
    'a class too few': {'Y_test': Y[1:]},
    'a list': {'X_test': [*X]},
    'infinity': {'X_train': np.where(X == X[4], np.inf, X)},
    'labels from -1': {'Y_test': 2 * Y - 1},
    'halves': {'Y_test': Y / 2},
    'words': {'Y_train': Y.astype(str)},
    'one class': {'Y_train': 0 * Y},
    'one of two one-hot': {'Y_train': ONE_HOT},
}


@pytest.mark.parametrize('case', NO_SETS)
def test_an_array_that_is_no_part_of_a_set_is_refused_by_its_name(case):
    (name,) = NO_SETS[case]
    with pytest.raises(UserError, match=name):
        check(**NO_SETS[case])


def test_rows_that_were_perhaps_not_filled_are_named(capsys):
    check(X_train=X * (np.arange(6) < 4)[:, None])
    shown = capsys.readouterr().out
    assert shown.startswith('X_train has rows of zeros: 2, the first is X_train[4]\n')


def test_a_layer_within_the_network_may_scale_the_values(capsys):
    check(X_train=9 + X)
    check(X_train=1e-9 * X)
    assert re.search('layer that scales them\n.* multiply all', capsys.readouterr().out)
    check(first=Sequential([BatchNormalization(), FIRST]), X_train=9 + X)
    assert capsys.readouterr().out == ''


def test_values_too_small_for_a_layer_that_scales_are_to_be_multiplied():
    assert 'multiply all by 1e' in suggest_scaling([-9e-4, 9e-4], 'BatchNormalization')
    assert suggest_scaling([-1e-17, 1e-17], 'Rescaling') == ''
