"""Batches: fit with arrays gives what Keras gives of the same batches.

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


def dataset(*arrays):
    rows = tuple(x.astype(np.float32) for x in arrays)
    return Dataset.from_tensor_slices(rows).batch(32)


def make_network():
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(1, 'sigmoid')])
    model.compile('rmsprop', 'binary_crossentropy', metrics=['accuracy'])
    return model


def train(*data, **options):
    """Return all numbers that fit and predict give."""
    model = make_network()
    history = model.fit(*data, epochs=2, shuffle=False, verbose=0, **options).history
    return np.hstack([*history.values(), model.predict(X, verbose=0).ravel()])


@pytest.mark.slow
def test_the_same_as_plain_keras(monkeypatch, capsys):
    """Small arrays take the quick way, and with another Keras a line says so."""
    some = X[:70], Y[:70], W[:70]
    wanted = train(dataset(X, Y, W), validation_data=dataset(*some))
    arrays = X.astype('>f4'), Y.astype(bool)
    tensors = [*map(keras.ops.convert_to_tensor, (X, Y))]
    made = mock.Mock(wraps=batches.make_batches)
    monkeypatch.setattr(batches, 'make_batches', made)
    for data, large in (arrays, batches.LARGE), (arrays, 1000), (tensors, 1000):
        monkeypatch.setattr(batches, 'LARGE', large)
        found = train(*data, sample_weight=W, validation_data=some)
        np.testing.assert_allclose(found, wanted, atol=1e-5)
        assert made.call_count == 3  # by the first: fit, validation and predict
    module = 'keras.src.trainers.data_adapters.array_data_adapter'
    monkeypatch.delattr(f'{module}.ArrayDataAdapter.get_tf_dataset')
    batches.use_quick_batches()
    assert 'takes longer with this version' in capsys.readouterr().err


def test_fit_updates_the_weights_after_each_batch():
    model = make_network()
    model.fit(X, Y, batch_size=50, epochs=2, verbose=0)
    assert int(model.optimizer.iterations) == 2 * 5


def test_each_epoch_has_an_order_of_its_own():
    """A row comes once an epoch, with its class, from all over the array."""
    rows = np.arange(1000.0)
    made = batches.make_batches((rows, 2 * rows), 32, shuffle=True)
    orders = []
    for _ in range(2):
        x, y = zip(*made.as_numpy_iterator(), strict=True)
        assert [*map(len, x)] == [32] * 31 + [8]
        orders.append(np.concatenate(x))
        np.testing.assert_array_equal(np.concatenate(y), 2 * orders[-1])
    x, other = orders
    assert x.dtype == np.float32 and sorted(x) == [*range(1000)]
    assert (x != other).mean() > 0.9 and np.ptp(x[:32]) > 300
