"""How the sequences reach the network, and on which device it trains."""

import os
import sys

import keras
import tensorflow as tf


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
    again, newly shuffled, after each n sequences, and the number of batches (steps) in an epoch.
    Two things save the time: TensorFlow itself shuffles and cuts the batches, in one iterator for
    the whole run, and compile(steps_per_execution=steps) lets it run each epoch in a single call.
    """
    data = tf.data.Dataset.from_tensor_slices((X.astype('float32'), Y.astype('float32')))
    data = data.shuffle(len(X)).batch(batch_size).repeat().prefetch(64)
    # The pipeline's tuner gains nothing here, and waiting for its thread can add 0.6 s to a fit.
    options = tf.data.Options()
    options.autotune.enabled = False
    return data.with_options(options), -(-len(X) // batch_size)
