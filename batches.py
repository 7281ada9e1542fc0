"""How the sequences reach the network, and on which device it trains."""

import os
import sys

import keras
import tensorflow as tf

from utilities import DataError, read_each


def repeatable(seed):
    """Let the same seed give the same result on the same machine."""
    keras.utils.set_random_seed(seed)
    if tf.config.list_physical_devices('GPU'):
        # A GPU adds numbers in any order unless told not to; on a CPU these networks always repeat.
        tf.config.experimental.enable_op_determinism()


def device_name():
    """Return 'GPU: its name' or 'CPU', where TensorFlow will train.

    Warns on stderr if Slurm has granted a GPU that TensorFlow doesn't see.
    """
    GPUs = tf.config.list_physical_devices('GPU')
    if GPUs:
        return 'GPU: ' + tf.config.experimental.get_device_details(GPUs[0]).get(
            'device_name', 'unknown'
        )
    if os.environ.get('SLURM_JOB_GPUS') or os.environ.get('SLURM_GPUS_ON_NODE'):
        print(
            'Warning: Slurm granted a GPU, but TensorFlow sees none: on a login node, install its'
            " CUDA libraries with pip install 'tensorflow[and-cuda]'",
            file=sys.stderr,
        )
    return 'CPU'


def epoch_log(N_epochs):
    """Return model.fit's arguments for progress: Keras's own, or in a log one line an epoch."""
    if sys.stdout.isatty():
        return {'verbose': 1}

    def line(epoch, logs):
        values = ', '.join(f'{name} {value:.4g}' for name, value in logs.items())
        print(f'Epoch {epoch + 1}/{N_epochs}: {values}', flush=True)

    return {'verbose': 0, 'callbacks': [keras.callbacks.LambdaCallback(on_epoch_end=line)]}


def shuffled_batches(X, Y, batch_size):
    """Return the training data in the form from which model.fit learns fastest, for any network.

    X is (n, ...) and Y (n,). Returns a tf.data.Dataset of batches (X, Y) in float32, which starts
    again, newly shuffled, after each n sequences; and for it fit's steps_per_epoch and compile's
    steps_per_execution.
    Two things save the time: TensorFlow itself shuffles and cuts the batches, in one iterator for
    the whole run, and steps_per_execution lets it run each epoch in a single call.
    """
    data = tf.data.Dataset.from_tensor_slices((X.astype('float32'), Y.astype('float32')))
    steps = -(-len(X) // batch_size)
    return prefetched(data.shuffle(len(X)).batch(batch_size).repeat()), steps, steps


def streamed_batches(folder, N_files, N, batch_size):
    """Return the same as shuffled_batches, but read from the files of folder during the training.

    The sequences 1 to N_files, N values long, are read in parallel, in a new order every epoch, and
    never held all at once. Each epoch is an iterator of its own here (steps_per_epoch None), so
    that one call may run a part of an epoch: it can be interrupted, and shows progress.
    If a file turns out bad in mid-epoch, the script ends with the same one line as when it is
    read into memory.
    """

    def read(i, seed):
        # index_shuffle gives the place of i in a permutation, without storing one.
        place = tf.random.experimental.index_shuffle(i, [seed, 0], N_files - 1)
        ID = tf.strings.as_string(place + 1)
        X, Y = (
            tf.ensure_shape(
                tf.io.decode_raw(tf.io.read_file(folder + name + ID + '.dat'), tf.float64), [length]
            )
            for name, length in (('/X_', N), ('/Y_', 1))
        )
        X = tf.debugging.assert_all_finite(tf.cast(X, tf.float32), 'not finite')
        return X, tf.cast(Y[0], tf.float32)

    seeds = tf.data.Dataset.random(rerandomize_each_iteration=True).take(1)  # one for an epoch
    numbers = seeds.flat_map(lambda seed: tf.data.Dataset.range(N_files).map(lambda i: (i, seed)))
    data = numbers.map(read, num_parallel_calls=16).batch(batch_size)
    steps = -(-N_files // batch_size)
    name_bad_files(folder, N_files, N)
    return (
        prefetched(data.apply(tf.data.experimental.assert_cardinality(steps))),
        None,
        min(steps, 100),
    )


def prefetched(data):
    """Let the pipeline work ahead of the training."""
    # The pipeline's tuner gains nothing here, and waiting for its thread can add 0.6 s to a fit.
    options = tf.data.Options()
    options.autotune.enabled = False
    return data.prefetch(64).with_options(options)


def name_bad_files(folder, N_files, N):
    """If TensorFlow cannot read a file, let the error be that of utilities.py, which names it."""
    next_hook = sys.excepthook

    def hook(kind, error, traceback):
        if issubclass(kind, tf.errors.OpError):
            try:
                for _ in read_each(folder, N_files, N):
                    pass
            except DataError as found:
                kind, error = DataError, found
        next_hook(kind, error, traceback)

    sys.excepthook = hook
