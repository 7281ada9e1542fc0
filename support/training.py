"""What train.py and train_large.py share: numbers on the command line, the callback, the end."""

import argparse
import atexit
import math
import os
import sys
import zipfile

from support.console import DataError, parser, whole_number
from support.files import CLASSES_FILE, last_written, whole_file
from support.start import bars

import keras
import numpy as np
import tensorflow as tf

from utilities import read_class_names

# ---------------------------------------------------------------- the command line


def finite_number(text):
    """Return the number in text, for argparse."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f'{text} is not a number')
    return number


def read_command_line(variables):
    """Let the command line change the numbers at the top of a script, and print nothing.

    variables is the script's globals(). Each int, float and string in it becomes an option,
    --NAME VALUE, and what is True or False a switch, --NAME or --no-NAME. What stands in the script
    is checked like what is typed. In a notebook's cells, which have no command line, nothing
    happens. Raises DataError for a number that is none.
    """
    if '__file__' not in variables:  # these are a notebook's cells
        return
    kinds = (bool, int, float, str)
    numbers = {k: v for k, v in variables.items() if k[0] != '_' and isinstance(v, kinds)}
    if not numbers:
        raise DataError('read_command_line must stand below the numbers that it may replace')
    script = parser('The numbers at the top of the script, for this run alone.')
    for name, value in numbers.items():
        option = {'default': value, 'help': f'default {value}'.replace('%', '%%')}
        if name.startswith('N_') or name in ('batch_size', 'seed'):
            # As text, so that a number edited in the script is checked like one that is typed.
            least = 0 if name == 'seed' else 1
            option |= {'type': whole_number(least), 'default': str(value), 'metavar': 'N'}
        elif isinstance(value, bool):
            option['action'] = argparse.BooleanOptionalAction
        elif isinstance(value, int):
            option |= {'type': whole_number(-(2**31)), 'metavar': 'N'}
        elif isinstance(value, float):
            option |= {'type': finite_number, 'metavar': 'X'}
        else:
            option['metavar'] = 'TEXT'
        try:
            script.add_argument(f'--{name}', **option)
        except argparse.ArgumentError:
            raise DataError(f'the name {name} is taken: give your number another') from None
    variables.update(vars(script.parse_args()))


# ---------------------------------------------------------------- the training


def device():
    """Return 'GPU: its name' or 'CPU', where TensorFlow will train.

    Warns on stderr if Slurm has granted a GPU that TensorFlow doesn't see.
    """
    GPUs = tf.config.list_physical_devices('GPU')
    if GPUs:
        details = tf.config.experimental.get_device_details(GPUs[0])
        return f'GPU: {details.get("device_name", "unknown")}'
    if os.environ.get('SLURM_JOB_GPUS') or os.environ.get('SLURM_GPUS_ON_NODE'):
        print(
            'Warning: Slurm granted a GPU, but TensorFlow sees none: on a login node, install its'
            ' CUDA libraries with . ./script.sh --cuda',
            file=sys.stderr,
        )
    return 'CPU'


def save(model, class_names):
    """Save the trained model as model.keras, whole or not at all, and print that name.

    The names of the classes go with it: its answers are of these classes.
    Raises DataError if it has not been trained, or can't be written.
    """
    path, updates = 'model.keras', int(model.optimizer.iterations)
    if not updates:
        raise DataError(f'the network has not been trained, so {path} stays: model.fit is missing')
    with whole_file(path) as temporary:
        model.save(temporary)
        if class_names:
            with zipfile.ZipFile(temporary, 'a') as archive:
                archive.writestr(CLASSES_FILE, '\n'.join(class_names) + '\n')
    model.saved_after = updates
    print(f'Model: {path}')


def end_fit(text):
    """End the fit with an error of this text, and its bar before that."""
    bars.close()
    raise DataError(text)


class ShowAndSave(keras.callbacks.ProgbarLogger):
    """Shows how the fit goes and saves the network as model.keras when it ends.

    The progress is a bar for all epochs on a terminal, and in a log one line an epoch. (As this is
    a ProgbarLogger, Keras adds no bars of its own.) A loss that is no number any more ends the fit.
    rereads names a folder whose files are read again in every epoch: if its set is exchanged
    meanwhile, that ends the fit, too.
    """

    def __init__(self, rereads=None):
        super().__init__()
        self.rereads = rereads

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        print(f'Training on {device()}', flush=True)
        self.class_names = read_class_names('Train')
        self.written = self.rereads and last_written(self.rereads)
        self.epoch, self.bar = 0, None
        if sys.stdout.isatty() and os.environ.get('TERM') != 'dumb':
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn('{task.description}'), BarColumn(), TimeRemainingColumn())
            self.bar = Progress(*columns)
            atexit.register(self.bar.stop)  # gives the cursor back, whatever ends the training
            bars.callback(self.bar.stop)
            self.bar.start()
            self.task = self.bar.add_task('Epoch 1', total=self.epochs * (self.target or 1))

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.bar:
            # Keras counts up to 100 batches in one go, even where an epoch has fewer.
            done = min(batch + 1, self.target or 1)
            self.bar.update(self.task, completed=self.epoch * (self.target or 1) + done)

    def on_epoch_end(self, epoch, logs=None):
        if self.rereads and last_written(self.rereads) != self.written:
            end_fit(f'{self.rereads} was written anew while it was read: run this again')
        if not math.isfinite(logs['loss']):
            end_fit(
                f'the loss is {logs["loss"]} after epoch {epoch + 1}, so nothing is saved: bring'
                ' the data nearer to 0 and 1, or take a smaller learning rate'
            )
        values = ', '.join(f'{name} {value:.4g}' for name, value in logs.items())
        line = f'Epoch {epoch + 1}/{self.epochs}: {values}'
        if self.bar:
            self.bar.update(self.task, description=line)
        else:
            print(line, flush=True)

    def on_train_end(self, logs=None):
        if self.bar:
            self.bar.stop()
        save(self.model, self.class_names)


# ---------------------------------------------------------------- the result


def count_seen(X_train, X_test):
    """Return how many sequences of X_test (n, N) also occur, byte for byte, in X_train (m, N).

    X_train may be any iterable of sequences (N,).
    """
    test = {X.tobytes() for X in X_test}
    seen = {data for data in (X.tobytes() for X in X_train) if data in test}
    return sum(X.tobytes() in seen for X in X_test)


def predict(model, X):
    """Return the class that the network gives to each of the sequences X (n, N), int (n,)."""
    parts = [model(X[i : i + 1000], training=False).numpy() for i in range(0, len(X), 1000)]
    outputs = np.concatenate(parts)
    # One output, a sigmoid, tells class 0 from class 1; of several, the largest wins.
    return outputs.argmax(axis=1) if outputs.shape[1] > 1 else (outputs[:, 0] > 0.5).astype(int)


def finish(model, X_train, X_test, Y_test):
    """Print what the accuracy is worth; save the network if the fit had no ShowAndSave.

    How many of the test sequences X_test (n, N) of classes Y_test (n,) are right; the range in
    which, with 95 % confidence, the accuracy on very many such sequences lies (Wilson's score
    interval); how many occur in X_train (m, N), too; and if one class has many more sequences than
    the others, what answering with that alone would give.
    """
    shown = model.get_metrics_result().get('accuracy', math.nan)  # what evaluate has found
    if getattr(model, 'saved_after', None) != int(model.optimizer.iterations):
        if hasattr(model, 'saved_after'):
            print('The network was trained twice: comment out one of the two model.fit.')
        save(model, read_class_names('Train'))
    N_test, right = len(Y_test), int(np.sum(predict(model, X_test) == Y_test))
    if abs(shown - right / N_test) > 0.5 / N_test:
        print('That is not the accuracy on the test sequences: evaluate was given others.')
    # scipy.stats.binomtest gives the same, but takes a tenth of train.py's time to import.
    p, z2 = right / N_test, 1.959964**2 / N_test
    middle, half = p + z2 / 2, math.sqrt(z2 * (p * (1 - p) + z2 / 4))
    low, high = (middle - half) / (1 + z2), (middle + half) / (1 + z2)
    print(f'{right} of {N_test} right; 95 % confidence: {100 * low:.0f} % to {100 * high:.0f} %')
    if N_seen := count_seen(X_train, X_test):
        print(
            f'{N_seen} of {N_test} test sequences also occur in the training set,'
            ' so part of this accuracy is memorisation.'
        )
    larger = max(np.mean(Y_test == Y) for Y in set(Y_test))
    if larger * len(set(Y_test)) > 1.4:
        print(f'Always answering with the most frequent class would give {100 * larger:.2f}%')
