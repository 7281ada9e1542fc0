"""What train.py and train_large.py share: numbers on the command line, and the callback."""

import argparse
import atexit
import contextlib
import io
import math
import os
import signal
import sys
import time

from support import console
from support.console import DataError, parser, whole_number
from support.files import last_written, read_class_names
from support.mistakes import check_script, line_with
from support.runs import NOT_FINITE, begin, describe_data, keep
from support.sets import made_by, read_about
from support.start import bars

import keras
import tensorflow as tf

# ---------------------------------------------------------------- the command line


SIZES = ('N_train', 'N_test', 'N_sequence', 'N_epochs', 'batch_size', 'seed')


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
    if not isinstance(variables, dict):
        raise DataError('it is read_command_line(globals()), with both brackets')
    kinds = (bool, int, float, str)
    public = {name: value for name, value in variables.items() if name[0] != '_'}
    numbers = {k: v for k, v in public.items() if isinstance(v, kinds) or k in SIZES}
    if '__file__' not in variables:  # these are a notebook's cells
        begin(None, numbers)
        return
    if not numbers:
        raise DataError(
            'read_command_line must stand below the numbers that it may replace'
        )
    check_script()
    script = parser('The numbers at the top of the script, for this run alone.')
    for name, value in numbers.items():
        option = {'default': value, 'help': f'default {value}'.replace('%', '%%')}
        if name in SIZES or name.startswith('N_'):
            convert = whole_number(0 if name == 'seed' else 1)
            option |= {
                'type': convert,
                'default': standing(name, value, convert),
                'metavar': 'N',
            }
        elif isinstance(value, bool):
            option['action'] = argparse.BooleanOptionalAction
        elif isinstance(value, int):
            option |= {'type': whole_number(-(2**31)), 'metavar': 'N'}
        elif isinstance(value, float):
            option |= {'type': finite_number, 'metavar': 'X'}
        else:
            option['metavar'] = 'TEXT'
        if name in ('help', 'name'):
            raise DataError(
                f'{line_with(f"{name} = ", name)}: this name is taken: give it another'
            )
        script.add_argument(f'--{name}', **option)
    script.add_argument(
        '--name', metavar='NAME', help='of the run, else a number: runs/NAME'
    )
    typed = vars(script.parse_args())
    name = typed.pop('name')
    try:
        begin(variables['__file__'], typed, name)
    except ValueError as error:
        script.error(error)
    variables.update(typed)


def standing(name, value, convert):
    """Return the number that stands in the script, checked like one that is typed."""
    try:
        return convert(str(value))
    except argparse.ArgumentTypeError as error:
        raise DataError(f'{line_with(f"{name} = ", name)}: {error}') from None


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


def end_fit(text):
    """End the fit with an error of this text, and its bar before that."""
    bars.close()
    raise DataError(text)


class ShowAndSave(keras.callbacks.ProgbarLogger):
    """Shows how the fit goes, and keeps the network for its run when it ends.

    The progress is a bar for all epochs on a terminal, and in a log one line an epoch. (As this is
    a ProgbarLogger, Keras adds no bars of its own.) A loss that is no number any more ends the fit.
    rereads names a folder whose files are read again in every epoch: if its set is exchanged
    meanwhile, that ends the fit, too. Ctrl-C stops the fit after the epoch, and what was trained
    until then is evaluated and saved; a second one ends the script at once.
    """

    def __init__(self, rereads=None):
        super().__init__()
        self.rereads = rereads

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        if getattr(self.model, 'checked', len(self.model.layers)) != len(
            self.model.layers
        ):
            end_fit(
                'the network was changed after check_network( ): change it before that'
            )
        self.device, self.class_names = device(), read_class_names('Train')
        self.data, self.table = describe_data(), read_about('Train')[0].get('table')
        self.data_command = made_by()
        print(f'Data: {self.data}\nTraining on {self.device}', flush=True)
        self.rows, self.begin, self.stopped = [], time.perf_counter(), False
        self.interrupt = signal.getsignal(signal.SIGINT)
        with contextlib.suppress(ValueError):  # in a thread
            if self.interrupt is signal.default_int_handler:
                signal.signal(signal.SIGINT, self.stop)
        self.written = self.rereads and last_written(self.rereads)
        self.epoch, self.bar = 0, None
        if sys.stdout.isatty() and os.environ.get('TERM') != 'dumb':
            from rich.progress import (
                BarColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
            )

            columns = (
                TextColumn('{task.description}'),
                BarColumn(),
                TimeRemainingColumn(),
            )
            self.bar = Progress(*columns)
            atexit.register(
                self.bar.stop
            )  # gives the cursor back, whatever ends the training
            bars.callback(self.bar.stop)
            self.bar.start()
            self.task = self.bar.add_task(
                'Epoch 1', total=self.epochs * (self.target or 1)
            )

    def stop(self, *_):
        signal.signal(signal.SIGINT, self.interrupt)
        self.stopped = self.model.stop_training = True
        text = '\nStopping after this epoch. (Ctrl-C once more ends at once.)\n'
        with contextlib.suppress(OSError):
            try:  # past print, as this may come in the middle of another one, which then fails
                os.write(sys.stdout.fileno(), text.encode())
            except io.UnsupportedOperation:  # in a notebook
                print(text, end='')

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.bar:
            # Keras counts up to 100 batches in one go, even where an epoch has fewer.
            done = min(batch + 1, self.target or 1)
            self.bar.update(self.task, completed=self.epoch * (self.target or 1) + done)

    def on_epoch_end(self, epoch, logs=None):
        if self.rereads and last_written(self.rereads) != self.written:
            end_fit(
                f'{self.rereads} was written anew while it was read: run this again'
            )
        if not math.isfinite(logs['loss']):
            end_fit(
                f'the loss is {logs["loss"]} after epoch {epoch + 1}, so nothing is saved:'
                f' {NOT_FINITE}'
            )
        seconds = round(time.perf_counter() - self.begin, 3)
        self.rows.append({'epoch': epoch + 1, **logs, 'seconds': seconds})
        values = ', '.join(f'{name} {value:.4g}' for name, value in logs.items())
        line = f'Epoch {epoch + 1}/{self.epochs}: {values}'
        if self.bar:
            self.bar.update(self.task, description=line)
        else:
            print(line, flush=True)

    def on_train_end(self, logs=None):
        if self.bar:
            self.bar.stop()
        signal.signal(signal.SIGINT, self.interrupt)
        more = {
            'device': self.device,
            'data': self.data,
            'class_names': self.class_names,
        }
        more['table'] = self.table
        more['data_command'] = self.data_command
        if self.rows:
            keep(self.model, self.rows, stopped=self.stopped, **more)


def __getattr__(name):
    """Say of a train.py of an older version that it is one."""
    return getattr(console, name)
