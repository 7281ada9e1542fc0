"""The batches of model.fit(X, Y), evaluate and predict, without a slow detail of Keras.

For arrays, Keras 3 builds its batches with three functions of its own (they permute,
slice and gather), and TensorFlow prepares these again in every epoch. With 200
sequences that takes longer than training with them. A plain shuffled and batched
dataset does the same; only the random order is another one.

Large arrays are read in blocks. So they may be on the disk, as those of
np.load('Train/X.npy', mmap_mode='r'), which Keras would first read into the memory.
"""

import mmap
import sys

import numpy as np

LARGE = 2**24  # bytes: larger arrays are quicker by blocks, and take less memory
RUN, RUNS = 64, 64  # rows that are read together, and how many of these make a block


def replace_slow_batches():
    """Let Keras take make_batches for NumPy arrays, unless it has changed inside."""
    import keras

    try:
        from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

        keras_way = ArrayDataAdapter.get_tf_dataset
        example = vars(ArrayDataAdapter(np.zeros((1, 1)), batch_size=1))
    except (ImportError, AttributeError):
        example = {}
    if not {'_inputs', '_batch_size', '_shuffle'} <= example.keys():
        why = f'fit takes longer with Keras {keras.__version__}'
        print(f'Note: {why}: see support/batches.py', file=sys.stderr)
        return

    def get_tf_dataset(self):
        arrays = self._inputs if isinstance(self._inputs, tuple) else (self._inputs,)
        kinds = {x.dtype.kind if isinstance(x, np.ndarray) else '' for x in arrays}
        if kinds <= set('fiub') and self._shuffle in (True, False):
            return make_batches(arrays, self._batch_size, self._shuffle)
        return keras_way(self)

    if keras_way.__module__ != __name__:  # else it is replaced already
        ArrayDataAdapter.get_tf_dataset = get_tf_dataset


def make_batches(arrays, batch_size, shuffle):
    """Return a tf.data.Dataset of batches, tuples, of NumPy arrays of equal length.

    Floats become those that networks compute in. If shuffle, each epoch has an order of
    its own.
    """
    import keras
    import tensorflow as tf

    floats = keras.config.floatx()
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

    A block is made of runs of neighbouring rows, which a disk reads much faster than
    single rows. If shuffle, the runs are drawn from all over the arrays, and the rows
    of a block are mixed: a new order in each epoch.
    """
    import tensorflow as tf

    starts = np.arange(0, len(arrays[0]), RUN)
    rng = np.random.default_rng(np.random.randint(2**31))  # follows the script's seed

    def read(number):
        if number == 0 and shuffle:  # a new epoch
            rng.shuffle(starts)
        chosen, block = starts[number * RUNS : (number + 1) * RUNS], []
        for x, kind in zip(arrays, types, strict=True):
            runs = [x[i : i + RUN] for i in chosen]
            for run in runs:
                read_ahead(run)
            block.append(np.concatenate(runs).astype(kind))
        order = rng.permutation(len(block[0])) if shuffle else slice(None)
        return [rows[order] for rows in block]

    def block(number):
        parts = tf.numpy_function(read, [number], types)
        for part, x in zip(parts, arrays, strict=True):
            part.set_shape([None, *x.shape[1:]])
        return tuple(parts)

    return tf.data.Dataset.range(-(-len(starts) // RUNS)).map(block)


def read_ahead(rows):
    """Ask the disk for mapped rows alone: a page fault would read much around them."""
    root = rows
    while isinstance(root.base, np.ndarray):
        root = root.base
    if isinstance(root.base, mmap.mmap) and rows.flags.c_contiguous:
        start = root.offset % mmap.ALLOCATIONGRANULARITY  # of the array in the mapping
        start += rows.ctypes.data - root.ctypes.data
        page = start - start % mmap.PAGESIZE
        root.base.madvise(mmap.MADV_WILLNEED, page, start - page + rows.nbytes)
