"""The callback of train.py's fit: it shows the training, watches it, and saves it."""

import ast
import atexit
import contextlib
import hashlib
import inspect
import json
import math
import os
import re
import signal
import sys
import time
import traceback

from support import result
from support.console import DataError
from support.mistakes import check_validation, with_line
from support.runs import current_script, hash_weights

import keras
import numpy as np
from keras.tree import flatten
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class ShowAndSave(keras.callbacks.ProgbarLogger):
    """Shows how the fit goes, and saves the network as a run when it ends.

    On a terminal a bar for all epochs; in a log at most a line a second, and the last.
    (As this is a ProgbarLogger, Keras adds no bars of its own.) A loss that is not a
    number ends the fit. Ctrl-C stops it after the epoch, and what was trained until
    then is evaluated and saved; a second one ends the script at once.
    """

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.script, self.fit = current_script(), find_fit(self.model)
        self.run = self.script.begin_fit(self.model)
        watch_fit(self.script, self.fit)
        facts = self.run.facts
        print(f'Data: {facts["data"]}\nTraining on {facts["device"]}', flush=True)
        self.began, self.printed, self.line = time.perf_counter(), 0, ''
        self.interrupt = signal.signal(signal.SIGINT, self.stop)
        is_terminal = sys.stdout.isatty() and os.environ.get('TERM') != 'dumb'
        columns = TextColumn('{task.description}'), BarColumn(), TimeRemainingColumn()
        self.bar = Progress(*columns, disable=not is_terminal)
        total = self.epochs * (self.target or 1)  # batches
        self.task = self.bar.add_task('Epoch 1', total=total)
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
        if not math.isfinite(logs['loss']):
            why = f'the loss is {logs["loss"]} after epoch {epoch + 1}'
            raise DataError(f'{why}: {result.NOT_FINITE}')
        for callback in self.fit.get('callbacks', ()) if epoch == 0 else ():
            if (name := getattr(callback, 'monitor', 'loss')) not in logs:
                why = f'does nothing: there is no {name}, but {", ".join(logs)}'
                self.script.note(f'{type(callback).__name__} {why}')
        for start in '', 'val_':  # also where it is called acc or binary_accuracy
            names = [x for x in logs if re.fullmatch(f'{start}([a-z]+_)*acc.*', x)]
            if names and f'{start}accuracy' not in names:
                logs[f'{start}accuracy'] = logs[names[0]]
        seconds = round(time.perf_counter() - self.began, 3)
        self.run.epochs.append({'epoch': epoch + 1, **logs, 'seconds': seconds})
        if self.fit.get('callbacks'):  # one of them may give these weights back
            self.run.weights.append(hash_weights(self.model))
        values = ', '.join(f'{name} {value:.4g}' for name, value in logs.items())
        self.line = f'Epoch {epoch + 1}/{self.epochs}: {values}'
        self.bar.update(self.task, description=self.line)
        if time.perf_counter() >= self.printed + 1:
            self.print_line()

    def print_line(self):
        if self.bar.disable and self.line:
            print(self.line, flush=True)
            self.line, self.printed = '', time.perf_counter()

    def on_train_end(self, logs=None):
        self.print_line()
        self.bar.stop()
        self.run.weights.append(hash_weights(self.model))
        self.run.facts |= result.count_epochs(self.model, self.run.epochs)
        self.script.save(self.model)
        signal.signal(signal.SIGINT, self.interrupt)


# ------------------------------------------------------------------ what fit is given


def find_fit(model):
    """Return the arguments of the model.fit( ) that is going on, {name: value}.

    callbacks are those besides ours and Keras's own.
    """
    for frame, _ in traceback.walk_stack(None):
        if frame.f_code.co_name == 'fit' and frame.f_locals.get('self') is model:
            names = inspect.signature(model.fit).parameters
            fit = {name: frame.f_locals[name] for name in names}
            ours = ShowAndSave, keras.callbacks.History
            others = [x for x in fit['callbacks'].callbacks if not isinstance(x, ours)]
            return fit | {'callbacks': others}
    return {}  # a loop of one's own that calls our callback


def watch_fit(script, fit):
    """Note in the run what its fit is given, and why that is not judged, if so."""
    run, callbacks = script.run, fit.get('callbacks', [])
    arguments = fit | {'callbacks': [describe_callback(x) for x in callbacks]}
    if isinstance(weights := fit.get('class_weight'), dict):
        arguments['class_weight'] = {str(y): weight for y, weight in weights.items()}
    run.facts['fit'] = json.loads(json.dumps(arguments, default=describe))
    run.facts['setting'] = hash_setting(script, run)
    X, Y, *validation = (fit.get(x) for x in ('x', 'y', 'validation_data'))
    validation = [x for x in flatten(validation) if x is not None]
    for x in validation + flatten([vars(callback) for callback in callbacks]):
        if is_array(x):
            script.validated.update(result.hash_rows(np.atleast_1d(x)))
    kinds = [type(x).__name__ for x in (X, Y, *validation) if not is_array(x)]
    if kinds:
        run.reason = f'fit was given no arrays, which are compared, but {kinds[0]}'
        return
    if run.facts['scores'] is None and not result.loss_name(run.model):
        run.reason = 'its loss is not one of Keras, and may expect logits'
    run.given = result.pair_rows(X, Y)
    rows = {row for row, _ in run.given}
    if rows - {row for row, _ in run.train} and rows <= {*run.test}:
        why = 'this trains with X_test, which then tests nothing'
        raise DataError(with_line(r'model\.fit\(', why))
    if validation:
        check_validation(script, *validation[:2])


def describe_callback(callback):
    """Return the class of a callback and its settings, without paths."""
    settings = {'class': type(callback).__name__}
    for name in inspect.signature(type(callback)).parameters:
        is_keras = type(callback).__module__.startswith('keras.')
        value = getattr(callback, name, None if is_keras else describe)
        if not isinstance(value, str) or name in ('monitor', 'mode'):
            settings[name] = value
    return settings


def describe(value):
    """Return what run.json holds of what JSON has no form for: '?' if it is unknown."""
    return result.hash_arrays(value) if is_array(value) else '?'


def is_array(value):
    """Return whether a value is an array of numbers."""
    return isinstance(value, np.ndarray | np.generic) and value.dtype.kind in 'biuf'


def hash_setting(script, run):
    """Return a text that is the same for the seeds of one setting alone.

    They have in common: the script, but for comments and the numbers at its top; these
    numbers, but for the seed; the sequences and their classes; the network, its loss
    and optimizer; the arguments of fit, and its callbacks. None if one is not known.
    """
    facts, model = run.facts, run.model
    if '"?"' in json.dumps(facts['fit']):
        return None
    script = ast.parse(script.text)
    script.body = [
        node
        for node in script.body
        if not isinstance(node, ast.Assign)
        or ast.unparse(node.targets[0]) not in facts['numbers']
    ]
    numbers = {x: y for x, y in facts['numbers'].items() if x != 'seed'}
    network = [model.get_config(), model.get_compile_config()]
    network = json.dumps(network, default=str)
    network = re.sub(r'"seed": \w+', '', network)
    network = re.sub(
        r'_\d+"', '"', network
    )  # Keras counts the layers: dense_1, dense_2
    made = [ast.dump(script), numbers, facts['arrays'], facts['fit'], network]
    return hashlib.sha256(json.dumps(made, default=str).encode()).hexdigest()[:16]
