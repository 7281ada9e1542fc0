"""The batches of model.fit(X, Y), evaluate and predict, without a slow detail of Keras.

For arrays, Keras 3 builds its batches with three functions of its own, and TensorFlow
prepares these again in every epoch. With 200 sequences that takes longer than training
with them. A plain shuffled and batched dataset does the same, in another random order.
Of large arrays, batches are made by Keras: there its way is the quicker one.
"""

import sys

import numpy as np

LARGE = 2**23  # bytes


def replace_slow_batches():
    """Let Keras take make_batches for NumPy arrays."""
    import keras

    if not keras.__version__.startswith('3.15.'):  # others may differ inside
        print(f'Note: fit takes longer with Keras {keras.__version__}', file=sys.stderr)
        return
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

    keras_way = ArrayDataAdapter.get_tf_dataset

    def get_tf_dataset(self):
        arrays = self._inputs if isinstance(self._inputs, tuple) else (self._inputs,)
        are_arrays = all(isinstance(x, np.ndarray) for x in arrays)
        are_small = are_arrays and sum(x.nbytes for x in arrays) < LARGE
        are_numbers = are_arrays and {x.dtype.kind for x in arrays} <= set('fiub')
        if are_small and are_numbers and self._shuffle in (True, False):
            return make_batches(arrays, self._batch_size, self._shuffle)
        return keras_way(self)

    if keras_way.__module__ != __name__:  # else it is replaced already
        ArrayDataAdapter.get_tf_dataset = get_tf_dataset


def make_batches(arrays, batch_size, shuffle):
    """Return a tf.data.Dataset of batches of all arrays, shuffled in each epoch."""
    import keras
    import tensorflow as tf

    floats = keras.config.floatx()  # those that networks compute in
    types = [floats if x.dtype.kind == 'f' else x.dtype.name for x in arrays]
    arrays = [x.astype(kind) for x, kind in zip(arrays, types, strict=True)]
    rows = tf.data.Dataset.from_tensor_slices(tuple(arrays))
    rows = rows.shuffle(len(arrays[0])) if shuffle else rows
    options = tf.data.Options()
    options.autotune.enabled = False  # to tune each of many short epochs takes longer
    return rows.batch(batch_size).with_options(options)
