"""The batches of model.fit(X, Y), evaluate and predict, without a slow detail of Keras.

For arrays, Keras 3 builds its batches with three functions of its own, and TensorFlow
prepares these again in every epoch. With 200 sequences that takes longer than training
with them. A plain shuffled and batched dataset does the same, in another random order.

Large arrays are read in blocks. So they may be on the disk, as those of
np.load('Train/X.npy', mmap_mode='r'), which Keras would first read into the memory.
"""

import mmap
import sys

import numpy as np

LARGE = 2**24  # bytes: larger arrays are quicker by blocks, and take less memory
RUN, RUNS = 64, 64  # rows that are read together, and how many of these make a block


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
        kinds = {x.dtype.kind if isinstance(x, np.ndarray) else '' for x in arrays}
        if kinds <= set('fiub') and self._shuffle in (True, False):
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
    if sum(x.nbytes for x in arrays) > LARGE:
        batches = read_blocks(arrays, types, shuffle).rebatch(batch_size).prefetch(2)
    else:
        arrays = [x.astype(kind) for x, kind in zip(arrays, types, strict=True)]
        rows = tf.data.Dataset.from_tensor_slices(tuple(arrays))
        rows = rows.shuffle(len(arrays[0])) if shuffle else rows
        batches = rows.batch(batch_size)
    options = tf.data.Options()
    options.autotune.enabled = False  # to tune each of many short epochs takes longer
    return batches.with_options(options)


def read_blocks(arrays, types, shuffle):
    """Return a tf.data.Dataset of blocks of some 4,000 rows of the arrays.

    They are runs of neighbours, for the disk; if shuffle, from all over, and mixed.
    """
    import tensorflow as tf

    starts = np.arange(0, len(arrays[0]), RUN)
    rng = np.random.default_rng(np.random.randint(2**31))  # follows the script's seed

    def read(number):
        if number == 0 and shuffle:  # a new epoch
            rng.shuffle(starts)
        chosen = starts[number * RUNS : (number + 1) * RUNS]
        runs = [[request_rows(x[i : i + RUN]) for i in chosen] for x in arrays]
        block = [np.concatenate(rows) for rows in runs]
        order = rng.permutation(len(block[0])) if shuffle else slice(None)
        return [x[order].astype(kind) for x, kind in zip(block, types, strict=True)]

    def read_block(number):
        shapes = [(None, *x.shape[1:]) for x in arrays]
        parts = tf.numpy_function(read, [number], types)
        return tuple(map(tf.ensure_shape, parts, shapes))

    return tf.data.Dataset.range(-(-len(starts) // RUNS)).map(read_block)


def request_rows(rows):
    """Return rows; ask the disk for them alone: a page fault reads much around it."""
    mapping = rows.base.base  # if they are a slice of what np.load has mapped
    if isinstance(mapping, mmap.mmap):
        start = rows.ctypes.data - np.frombuffer(mapping, np.uint8).ctypes.data
        page = start - start % mmap.PAGESIZE
        mapping.madvise(mmap.MADV_WILLNEED, page, start - page + rows.nbytes)
    return rows
