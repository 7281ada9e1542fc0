"""What train.py and train_large.py share: numbers on the command line, the callback."""

import argparse
import math
import os
import signal
import sys
import time

from support.console import DataError, parser, whole_number
from support.explain import meant_option
from support.files import last_written
from support.runs import NOT_FINITE, begin, begin_fit, facts, keep

import keras

# ------------------------------------------------------------------ the command line


def finite_number(text):
    """Return the number in a text, for argparse."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f'{text} is not a number')
    return number


def read_command_line(variables):
    """Let the command line change the numbers at the top of a script, its globals().

    Each int, float and string becomes an option, --NAME VALUE, what is True or
    False a switch, --NAME or --no-NAME. What stands in the script is checked like
    what is typed. Raises DataError if there is no number yet.
    """
    kinds = (bool, int, float, str)
    numbers = {
        name: value
        for name, value in variables.items()
        if name[0] != '_' and (isinstance(value, kinds) or name[:2] == 'N_')
    }
    if not numbers:
        raise DataError('put read_command_line(globals()) below the numbers it may set')
    script = parser('The numbers at the top of the script, for this run alone.')
    for name, value in numbers.items():
        if name in ('help', 'name'):
            raise DataError(f'the name {name} is taken: give that number another')
        script.add_argument(f'--{name}', **option(name, value))
    whose = 'of the run, else a number: runs/NAME'
    script.add_argument('--name', metavar='NAME', help=whose)
    typed, unknown = script.parse_known_args()
    if unknown:
        known = [*numbers, 'name']
        text = f'unrecognized arguments: {" ".join(unknown)}'
        script.error(text, meant_option(unknown, known))
    typed = vars(typed)
    name = typed.pop('name')
    try:
        begin(variables['__file__'], typed, name)
    except ValueError as error:
        script.error(str(error))
    variables.update(typed)


def option(name, value):
    """Return what add_argument takes to read a number of the script."""
    about = {'default': value, 'help': f'default {value}'.replace('%', '%%')}
    if name[:2] == 'N_' or name in ('batch_size', 'seed'):
        least = 0 if name == 'seed' else 1
        # argparse reads a text that stands as default as if it were typed.
        about |= {'type': whole_number(least), 'default': str(value), 'metavar': 'N'}
    elif isinstance(value, bool):
        about['action'] = argparse.BooleanOptionalAction
    elif isinstance(value, int):
        about |= {'type': whole_number(-(2**31)), 'metavar': 'N'}
    elif isinstance(value, float):
        about |= {'type': finite_number, 'metavar': 'X'}
    else:
        about['metavar'] = 'TEXT'
    return about


# ------------------------------------------------------------------ the training


class ShowAndSave(keras.callbacks.ProgbarLogger):
    """Shows how the fit goes, and keeps the network for its run when it ends.

    On a terminal a bar for all epochs, in a log one line an epoch. (As this is a
    ProgbarLogger, Keras adds no bars of its own.) A loss that is not a number ends the
    fit; so does rereads, a folder that is read in every epoch, if another set replaces
    it meanwhile. Ctrl-C stops the fit after the epoch, and what was trained until then
    is evaluated and saved; a second one ends the script at once.
    """

    def __init__(self, rereads=None):
        super().__init__()
        self.rereads = rereads

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        if 'fit_began' not in facts:  # without check_network
            begin_fit()
        if int(self.model.optimizer.iterations):  # as in a loop
            why = 'model.fit( ) comes once, after a new model = Sequential()'
            raise DataError(f'the network is trained already: {why}')
        print(f'Data: {facts["data"]}\nTraining on {facts["device"]}', flush=True)
        self.rows, self.began, self.stopped = [], time.perf_counter(), False
        self.interrupt = signal.signal(signal.SIGINT, self.stop)
        self.written = self.rereads and last_written(self.rereads)
        self.epoch, self.bar = 0, None
        if sys.stdout.isatty() and os.environ.get('TERM') != 'dumb':
            from rich.progress import BarColumn, Progress, TextColumn
            from rich.progress import TimeRemainingColumn

            text = TextColumn('{task.description}')
            self.bar = Progress(text, BarColumn(), TimeRemainingColumn())
            self.bar.start()
            self.excepthook, sys.excepthook = sys.excepthook, self.tell
            batches = self.epochs * (self.target or 1)
            self.task = self.bar.add_task('Epoch 1', total=batches)

    def stop(self, *_):
        signal.signal(signal.SIGINT, self.interrupt)
        self.stopped = self.model.stop_training = True
        text = '\nStopping after this epoch. (Ctrl-C once more ends at once.)\n'
        try:  # past print, as a print of the script may be under way
            os.write(sys.stdout.fileno(), text.encode())
        except OSError:  # no file, or nobody reads it
            print(text, end='')

    def tell(self, *error):
        """End the bar before an error is told, which it would be drawn over."""
        self.bar.stop()
        self.excepthook(*error)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.bar:
            # Keras counts up to 100 batches in one go, even where an epoch has fewer.
            done = self.epoch * (self.target or 1) + min(batch + 1, self.target or 1)
            self.bar.update(self.task, completed=done)

    def on_epoch_end(self, epoch, logs=None):
        if self.rereads and last_written(self.rereads) != self.written:
            self.end(f'{self.rereads} was replaced while it was read: run this again')
        if not math.isfinite(logs['loss']):
            self.end(
                f'the loss is {logs["loss"]} after epoch {epoch + 1}: {NOT_FINITE}'
            )
        seconds = round(time.perf_counter() - self.began, 3)
        self.rows.append({'epoch': epoch + 1, **logs, 'seconds': seconds})
        values = ', '.join(f'{name} {value:.4g}' for name, value in logs.items())
        line = f'Epoch {epoch + 1}/{self.epochs}: {values}'
        if self.bar:
            self.bar.update(self.task, description=line)
        else:
            print(line, flush=True)

    def end(self, why):
        """End the script with an error, and the bar before that."""
        if self.bar:
            self.bar.stop()
        raise DataError(why)

    def on_train_end(self, logs=None):
        if self.bar:
            self.bar.stop()
        signal.signal(signal.SIGINT, self.interrupt)
        if self.rows:
            keep(self.model, self.rows, stopped=self.stopped)
