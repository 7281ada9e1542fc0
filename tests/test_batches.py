"""support/batches.py: fit with arrays gives what Keras gives of the same batches.

The reference is a tf.data.Dataset, which Keras takes as it is.
"""

from unittest import mock

from support import batches
from support.start import import_keras

import numpy as np
import pytest

keras = import_keras()
batches.use_quick_batches()
from tensorflow.data import Dataset

rng = np.random.default_rng(0)
X, W = rng.normal(size=(203, 20)), rng.random(203)
Y = (X[:, 0] > 0).astype(float)


def dataset(*arrays, batch_size=32):
    rows = tuple(x.astype(np.float32) for x in arrays)
    return Dataset.from_tensor_slices(rows).batch(batch_size)


def train(*data, exam=None, **options):
    """Return all numbers that fit, evaluate and predict give."""
    exam = exam or {'x': X, 'y': Y, 'sample_weight': W, 'batch_size': 7}
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(1, 'sigmoid')])
    model.compile('rmsprop', 'binary_crossentropy', metrics=['accuracy'])
    model.steps_per_execution = 100
    options = {'epochs': 2, 'shuffle': False, 'verbose': 0} | options
    history = model.fit(*data, **options).history
    scores = model.evaluate(**exam, verbose=0)
    return [*history.values(), scores, model.predict(X, verbose=0).ravel()]


@pytest.mark.slow
def test_the_same_as_plain_keras(monkeypatch):
    """Only the random order of the batches is another."""
    made = mock.Mock(wraps=batches.make_batches)
    monkeypatch.setattr(batches, 'make_batches', made)
    some, weights = (X[:70], Y[:70], W[:70]), {'class_weight': {0: 1, 1: 20}}
    ours = [
        ((X, Y), {'validation_split': 0.25} | weights),
        ((X, Y), {'sample_weight': W, 'validation_data': some}),
        ((X.astype('>f4'), Y.astype(bool)), {'batch_size': 203, 'shuffle': True}),
    ]
    theirs = [
        (dataset(X[:152], Y[:152]), {'validation_data': dataset(X[152:], Y[152:])}),
        (dataset(X, Y, W), {'validation_data': dataset(*some)}),
        (dataset(X, Y, batch_size=203), {}),
    ]
    theirs[0][1].update(weights)
    exam = {'x': dataset(X, Y, W, batch_size=7)}
    for (data, options), (batched, more) in zip(ours, theirs, strict=True):
        made.reset_mock()
        wanted = train(batched, exam=exam, **more)
        for a, b in zip(train(*data, **options), wanted, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)
        assert made.call_count >= 3  # the quick way is taken


def test_each_epoch_has_an_order_of_its_own():
    """Each row comes once an epoch, with its class."""
    rows = np.arange(1000.0)[:, None] * [1, 2]
    made, orders = batches.make_batches((rows, rows[:, 0]), 32, shuffle=True), []
    for _ in range(2):
        epoch = [*zip(*made.as_numpy_iterator(), strict=True)]
        assert [len(x) for x in epoch[0]] == [32] * 31 + [8]
        x, y = map(np.concatenate, epoch)
        assert x.dtype == np.float32 and sorted(y) == [*range(1000)]
        np.testing.assert_array_equal(x, y[:, None] * [1, 2])
        orders.append(y)
    assert (orders[0] != orders[1]).mean() > 0.9
    # The rows of a batch come from all over the array.
    assert np.ptp(orders[0][:32]) > 300


@pytest.mark.slow
def test_what_goes_the_way_of_keras(monkeypatch, capsys):
    """Tensors, and large arrays; and with another Keras all, with a line."""
    monkeypatch.setattr(batches, 'LARGE', 1000)
    monkeypatch.setattr(batches, 'make_batches', None)
    tensors = [*map(keras.ops.convert_to_tensor, (X, Y))]
    wanted = train(dataset(X, Y))[0]
    for data in tensors, (X, Y):
        np.testing.assert_allclose(train(*data)[0], wanted, atol=1e-6)
    monkeypatch.setattr(keras, '__version__', '3.99.0')
    batches.use_quick_batches()
    assert 'takes longer with Keras' in capsys.readouterr().err
