"""support/batches.py: fit with arrays gives what plain Keras gives, only sooner."""

import inspect
from unittest import mock

from support import batches
from support.start import import_keras

import numpy as np
import pytest

keras = import_keras()
from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

QUICK = ArrayDataAdapter.get_tf_dataset
KERAS = inspect.getclosurevars(QUICK).nonlocals['keras_way']
rng = np.random.default_rng(0)
X, W = rng.normal(size=(203, 20)), rng.random(203)
Y = (X[:, 0] > 0).astype(float)


def train(get_tf_dataset, **options):
    """Return all numbers that a fit, evaluate and predict give, with these batches."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(1, 'sigmoid')])
    model.compile('rmsprop', 'binary_crossentropy', metrics=['accuracy'])
    model.steps_per_execution = 100
    options = {'x': X, 'y': Y, 'epochs': 2, 'shuffle': False, 'verbose': 0} | options
    with mock.patch.object(ArrayDataAdapter, 'get_tf_dataset', get_tf_dataset):
        history = model.fit(**options).history
        scores = model.evaluate(X, Y, batch_size=7, sample_weight=W, verbose=0)
        return [*history.values(), scores, model.predict(X, verbose=0).ravel()]


WEIGHTED = {'validation_data': (X[:70], Y[:70], W[:70]), 'sample_weight': W}
TENSORS = {'x': keras.ops.convert_to_tensor(X), 'y': keras.ops.convert_to_tensor(Y)}
CASES = [
    (False, {'validation_split': 0.25, 'class_weight': {0: 1, 1: 20}}),
    (False, WEIGHTED),
    (False, {'x': X.astype('>f4'), 'y': Y.astype(bool), 'steps_per_epoch': 3}),
    (False, {'batch_size': 203, 'shuffle': True}),
    (False, TENSORS),
    (True, WEIGHTED),
    (True, {'validation_split': 0.25}),
]


@pytest.mark.slow
@pytest.mark.parametrize(('large', 'options'), CASES)
def test_the_same_as_plain_keras(large, options, monkeypatch):
    """In memory, and as blocks; only the random order of the batches is another."""
    for name, value in {'LARGE': 1000, 'RUN': 3, 'RUNS': 5}.items() if large else ():
        monkeypatch.setattr(batches, name, value)
    make = mock.Mock(wraps=batches.make_batches)
    monkeypatch.setattr(batches, 'make_batches', make)
    ours, theirs = train(QUICK, **options), train(KERAS, **options)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5 if options.get('shuffle') else 1e-6)
    assert make.call_count >= (2 if options is TENSORS else 3)  # the quick way is taken


def test_each_epoch_has_an_order_of_its_own(monkeypatch, tmp_path):
    """Each row comes once an epoch, also from a file; with its class."""
    rows = np.arange(1000.0)[:, None] * [1, 2]
    np.save(tmp_path / 'X.npy', np.concatenate([rows[:700], rows]))
    mapped = np.load(tmp_path / 'X.npy', mmap_mode='r')[700:]
    monkeypatch.setattr(batches, 'RUN', 4)  # so a block has a quarter of the rows
    for arrays, large in ((rows, rows[:, 0]), 2**24), ((mapped, rows[:, 0]), 0):
        monkeypatch.setattr(batches, 'LARGE', large)
        made = batches.make_batches(arrays, 32, shuffle=True)
        orders = []
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


def test_another_keras(monkeypatch, capsys):
    """Its own way remains, with a line."""
    monkeypatch.setattr(ArrayDataAdapter, 'get_tf_dataset', KERAS)
    monkeypatch.setattr(keras, '__version__', '3.99.0')
    batches.replace_slow_batches()
    assert ArrayDataAdapter.get_tf_dataset is KERAS
    assert 'takes longer with Keras' in capsys.readouterr().err
