"""What a network answers."""

from support import network
from support.console import UserError

import keras
import numpy as np
import pytest
from keras import Input, Sequential, layers

OUTPUTS = {  # neurons, loss, and what makes their scores
    'no logits': (1, 'mse', None),
    'a logit': (1, keras.losses.BinaryCrossentropy(from_logits=True), 'sigmoid'),
    'logits': (
        2,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        'softmax',
    ),
}


@pytest.mark.parametrize('case', OUTPUTS)
def test_logits_become_scores_of_all_sequences(case):
    """In a training a Dropout drops values; here it drops none."""
    neurons, loss, kind = OUTPUTS[case]
    X = np.random.default_rng(0).normal(size=(2001, 2))
    model = Sequential([Input((2,)), layers.Dropout(0.5), layers.Dense(neurons)])
    model.compile('sgd', loss, metrics=['accuracy'])
    assert network.describe_output(model).to_scores == kind
    scores = network.predict_scores(model, X, kind)
    wanted = keras.activations.get(kind)(model(X))
    np.testing.assert_allclose(scores[:, -1], wanted[:, -1], atol=1e-6)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)


def test_a_network_that_is_not_finite_answers_nothing():
    """TensorFlow may call such answers 0."""
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.set_weights([np.full((2, 1), np.inf), np.zeros(1)])
    with pytest.raises(UserError, match='the network holds NaN or infinity'):
        network.predict_scores(model, np.ones((1, 2)), 'linear')
    model.set_weights([np.full((2, 1), 1e30), np.zeros(1)])
    with pytest.raises(UserError, match='answer to sequence 2 is not a number'):
        network.predict_scores(model, np.array([[0, 0], [1e30, 1]]), 'linear')
