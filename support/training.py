"""What train.py calls: numbers on the command line, and the callback of the fit."""

import argparse
import atexit
import contextlib
import math
import os
import re
import signal
import sys
import time

from support.console import DataError, make_parser, whole_number
from support.mistakes import check_fit
from support.runs import NOT_FINITE, Run, current_run

import keras
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

# ------------------------------------------------------------------ the command line


def read_command_line(variables):
    """Let the command line change the numbers at the top of a script, its globals().

    Each int, float and string becomes an option, --NAME VALUE, what is True or
    False a switch, --NAME or --no-NAME. What stands in the script is checked like
    what is typed.
    """
    kinds = (bool, int, float, str)
    numbers = {
        name: value
        for name, value in variables.items()
        if name[0] != '_' and (isinstance(value, kinds) or name[:2] == 'N_')
    }
    parser = make_parser('The numbers at the top of the script, for this run alone.')
    for name, value in numbers.items():
        parser.add_argument(f'--{name}', **option(name, value))
    whose = 'of the run, else a number: runs/NAME'
    parser.add_argument('--name', metavar='NAME', help=whose)
    old = 'replace the run of that name; the old one is then runs/.old/NAME'
    parser.add_argument('--overwrite', action='store_true', help=old)
    typed = vars(parser.parse_args())
    name, overwrite = typed.pop('name'), typed.pop('overwrite')
    try:
        Run(variables['__file__'], typed, name, overwrite)
    except ValueError as error:
        parser.error(str(error))
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
        remedy = f'; if it need not be one, write {name} = {value}.0 in the script'
        about |= {'type': whole_number(-(2**31), remedy=remedy), 'metavar': 'N'}
    elif isinstance(value, float):
        about |= {'type': float, 'metavar': 'X'}
    else:
        about['metavar'] = 'TEXT'
    return about


# ------------------------------------------------------------------ the training


class ShowAndSave(keras.callbacks.ProgbarLogger):
    """Shows how the fit goes, and saves the network as a run when it ends.

    On a terminal a bar for all epochs, in a log one line an epoch. (As this is a
    ProgbarLogger, Keras adds no bars of its own.) A loss that is not a number ends the
    fit. Ctrl-C stops it after the epoch, and what was trained until then is evaluated
    and saved; a second one ends the script at once. If fit goes on with a network that
    it has trained before, the epochs count on.
    """

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.run = current_run()
        self.run.begin_fit(self.model)
        check_fit(self.model, self.run)
        facts, rows = self.run.facts, self.run.epochs
        if int(self.model.optimizer.iterations) > facts['updates']:
            self.run.note('Epochs without ShowAndSave are not counted')
        print(f'Data: {facts["data"]}\nTraining on {facts["device"]}', flush=True)
        self.began = time.perf_counter() - (rows[-1].get('seconds', 0) if rows else 0)
        self.interrupt = signal.signal(signal.SIGINT, self.stop)
        is_terminal = sys.stdout.isatty() and os.environ.get('TERM') != 'dumb'
        columns = TextColumn('{task.description}'), BarColumn(), TimeRemainingColumn()
        self.bar = Progress(*columns, disable=not is_terminal)
        total = self.epochs * (self.target or 1)  # batches
        self.task = self.bar.add_task(f'Epoch {len(rows) + 1}', total=total)
        atexit.register(self.bar.stop)  # below an error, and the cursor is back
        self.bar.start()

    def stop(self, *_):
        signal.signal(signal.SIGINT, self.interrupt)
        self.run.facts['stopped'] = self.model.stop_training = True
        text = b'\nStopping after this epoch. (Ctrl-C once more ends at once.)\n'
        with contextlib.suppress(OSError):  # nobody reads it
            os.write(2, text)  # past print, which may be under way

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        # Keras counts up to 100 batches in one go, even where an epoch has fewer.
        done = self.epoch * (self.target or 1) + min(batch + 1, self.target or 1)
        self.bar.update(self.task, completed=done)

    def on_epoch_end(self, epoch, logs=None):
        rows = self.run.epochs
        number, last = len(rows) + 1, len(rows) - epoch + self.epochs
        if not math.isfinite(logs['loss']):
            why = f'the loss is {logs["loss"]} after epoch {number}'
            raise DataError(f'{why}: {NOT_FINITE}')
        for start in '', 'val_':  # also where it is called acc or binary_accuracy
            names = [x for x in logs if re.fullmatch(f'{start}([a-z]+_)*acc.*', x)]
            if names and f'{start}accuracy' not in names:
                logs[f'{start}accuracy'] = logs[names[0]]
        seconds = round(time.perf_counter() - self.began, 3)
        rows.append({'epoch': number, **logs, 'seconds': seconds})
        self.run.facts['of'] = last
        values = ', '.join(f'{name} {value:.4g}' for name, value in logs.items())
        line = f'Epoch {number}/{last}: {values}'
        self.bar.update(self.task, description=line)
        if self.bar.disable:
            print(line, flush=True)

    def on_train_end(self, logs=None):
        self.bar.stop()
        self.run.history = self.model.history
        self.run.save()
        signal.signal(signal.SIGINT, self.interrupt)
