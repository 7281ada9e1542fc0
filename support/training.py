"""How the sequences reach the network, on which device it trains, and what it says meanwhile.

Imported before any other module that needs Keras: see the first lines.
"""

import gc

# Keras and TensorFlow bring a million objects that stay to the end. Python's garbage collector
# would walk over them again and again, while they are imported and when Python ends: it need not.
gc.disable()
import atexit
import contextlib
import os
import sys
import warnings
import zipfile

import keras
import numpy as np
import tensorflow as tf

gc.freeze()
gc.enable()

from support.console import EXPLANATIONS, DataError
from support.files import CLASSES_FILE, whole_file

# model.fit would say that it leaves the shuffling to tf.data: see batches.
warnings.filterwarnings('ignore', '`shuffle=True` was passed')


def repeatable(seed):
    """Let the same seed give the same result on the same machine."""
    keras.utils.set_random_seed(seed)
    if tf.config.list_physical_devices('GPU'):
        # A GPU adds numbers in any order unless told not to; on a CPU these networks always repeat.
        tf.config.experimental.enable_op_determinism()


def device():
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


# ---------------------------------------------------------------- the data


STREAMED = []  # the StreamedSets that are trained with


def explain_stream(error):
    """If TensorFlow could not read a file, return the DataError of the reading by utilities.py."""
    if isinstance(error, tf.errors.OpError):
        try:
            for X in STREAMED:
                X.check()
                for _ in X:
                    pass
        except DataError as found:
            return found
    return None


EXPLANATIONS.append(explain_stream)


def count_seen(X_train, X_test):
    """Return how many sequences of X_test (n, N) also occur, byte for byte, in X_train.

    X_train is (m, N) or any iterable of sequences (N,).
    """
    test = {X.tobytes() for X in X_test}
    seen = {data for data in (X.tobytes() for X in X_train) if data in test}
    return sum(X.tobytes() in seen for X in X_test)


def batches(X, Y, batch_size):
    """Return the training data in the form from which model.fit learns fastest, for any network.

    X is (n, ...) and Y (n,), or X is a StreamedSet. Returns a tf.data.Dataset of batches (X, Y) in
    float32, newly shuffled every epoch.
    TensorFlow itself shuffles and cuts the batches, without coming back to Python for each: that
    saves most of the time. compile's steps_per_execution saves more; it need not divide the number
    of batches, because an epoch ends with its data.
    """
    if not len(X):
        raise DataError('no sequences are left for the batches: train with more, a larger N_train')
    if isinstance(X, np.ndarray):
        data = tf.data.Dataset.from_tensor_slices((X.astype('float32'), Y.astype('float32')))
        data = data.shuffle(len(X)).batch(batch_size)
    else:
        # Two batches are read ahead; from memory, that would only cost time.
        data = streamed_batches(X, Y, batch_size).prefetch(2)
    return without_tuner(data)


def without_tuner(data):
    """Return a tf.data.Dataset without its pipeline's tuner, which gains nothing here.

    Waiting for its thread can add 0.6 s to a fit.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return data.with_options(options)


def streamed_batches(X, Y, batch_size):
    """Return the batches of a StreamedSet X, whose files are read anew in every epoch; Y is (n,).

    They are read in parallel, in a new order every epoch, and never held all at once.
    """
    STREAMED.append(X)
    classes = tf.constant(Y, tf.float32)

    def read(i, seed):
        # index_shuffle gives the place of i in a permutation, without storing one.
        place = tf.random.experimental.index_shuffle(i, [seed, 0], len(X) - 1)
        ID = tf.strings.as_string(X.numbers.start + place * X.numbers.step)
        data = tf.io.read_file(X.folder + '/X_' + ID + '.dat')
        x = tf.ensure_shape(tf.io.decode_raw(data, tf.float64), [X.N])
        # Without its infinite values x is shorter than X.N, which stops the training. TensorFlow's
        # own assert_all_finite has a state, and with op determinism, which a GPU needs, a map with
        # state reads one file after the other.
        x = tf.cast(x, tf.float32)
        x = tf.ensure_shape(tf.boolean_mask(x, tf.math.is_finite(x)), [X.N])
        return x, tf.gather(classes, place)

    seeds = tf.data.Dataset.random(rerandomize_each_iteration=True).take(1)  # one for an epoch
    numbers = seeds.flat_map(lambda seed: tf.data.Dataset.range(len(X)).map(lambda i: (i, seed)))
    data = numbers.map(read, num_parallel_calls=16).batch(batch_size)
    steps = -(-len(X) // batch_size)
    return data.apply(tf.data.experimental.assert_cardinality(steps))


# ---------------------------------------------------------------- the training


def class_names():
    """Return what Train/classes.txt holds, as bytes: the names of the classes; b'' without it."""
    with contextlib.suppress(OSError), open(f'Train/{CLASSES_FILE}', 'rb') as file:
        return file.read()
    return b''


def save(model, path):
    """Save the trained model as path, whole or not at all, and print that name.

    The names of the classes, Train/classes.txt, go with it: its answers are of these classes.
    Raises DataError if it has not been trained, or can't be written.
    """
    if int(model.optimizer.iterations) == 0:
        raise DataError(f'the network has not been trained, so {path} stays: model.fit is missing')
    names = getattr(model, 'class_names', None) or class_names()
    with whole_file(path) as temporary:
        model.save(temporary)
        if names:
            with zipfile.ZipFile(temporary, 'a') as archive:
                archive.writestr(CLASSES_FILE, names)
    print(f'Model: {path}')


class FitProgress(keras.callbacks.ProgbarLogger):
    """Shows the progress of model.fit: a bar for all epochs, or in a log one line an epoch.

    As it is a ProgbarLogger, Keras adds none of its own.
    """

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.model.class_names = class_names()
        self.epoch, self.bar = 0, None
        if sys.stdout.isatty() and os.environ.get('TERM') != 'dumb':
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn('{task.description}'), BarColumn(), TimeRemainingColumn())
            self.bar = Progress(*columns)
            atexit.register(self.bar.stop)  # gives the cursor back, whatever ends the training
            self.bar.start()
            self.task = self.bar.add_task('Epoch 1', total=self.epochs * (self.target or 1))

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.bar:
            self.bar.update(self.task, completed=self.epoch * (self.target or 1) + batch + 1)

    def on_epoch_end(self, epoch, logs=None):
        for X in STREAMED:
            X.check()
        values = ', '.join(f'{name} {value:.4g}' for name, value in logs.items())
        line = f'Epoch {epoch + 1}/{self.epochs}: {values}'
        if self.bar:
            self.bar.update(self.task, description=line)
        else:
            print(line, flush=True)

    def on_train_end(self, logs=None):
        if self.bar:
            self.bar.stop()
