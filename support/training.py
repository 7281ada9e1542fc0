"""The callback of train.py's fit: it shows the training, watches it, and saves it."""

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
from support.runs import Script, hash_weights

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
        self.script, self.fit = Script.current or Script(), find_fit(self.model)
        self.run = self.script.begin_fit(self.model)
        watch_fit(self.script, self.fit)
        facts = self.run.facts
        print(f'Data: {facts["data"]}\nTraining on {facts["device"]}', flush=True)
        self.began, self.printed = time.perf_counter(), 0
        self.interrupt = signal.signal(signal.SIGINT, self.stop)
        is_terminal = sys.stdout.isatty() and os.environ.get('TERM') != 'dumb'
        columns = TextColumn('{task.description}'), BarColumn(), TimeRemainingColumn()
        self.bar = Progress(*columns, disable=not is_terminal)
        self.task = self.bar.add_task('Epoch 1', total=self.epochs * (self.target or 1))
        atexit.register(self.bar.stop)  # so that an error gives the cursor back
        self.bar.start()

    def stop(self, *_):
        signal.signal(signal.SIGINT, self.interrupt)
        self.run.facts['stopped'] = self.model.stop_training = True
        text = b'\nStopping after this epoch. (Ctrl-C again ends the script at once.)\n'
        with contextlib.suppress(OSError):  # stderr may be closed
            os.write(2, text)  # not by print, which Ctrl-C may have interrupted

    def on_epoch_begin(self, epoch, logs=None):  # prints nothing
        if not self.run.epochs:  # a callback may have restored others by now
            self.run.weights[1] = self.run.facts['weights'] = hash_weights(self.model)

    def on_train_batch_end(self, batch, logs=None):
        done = len(self.run.epochs) * (self.target or 1) + batch + 1
        self.bar.update(self.task, completed=done)

    def on_epoch_end(self, epoch, logs=None):
        if not math.isfinite(logs['loss']):
            why = f'the loss is {logs["loss"]} after epoch {epoch + 1}'
            raise DataError(f'{why}: {result.NOT_FINITE}')
        for callback in self.fit.get('callbacks', ()):
            name = getattr(callback, 'monitor', 'loss')
            if name not in logs and getattr(callback, 'save_best_only', True):
                why = f'does nothing: fit gives no {name}, only {", ".join(logs)}'
                is_missing = 'val_' in name and 'val_loss' not in logs
                why += ': give it validation_split=0.25' * is_missing
                self.script.note(f'{type(callback).__name__} {why}')
        for name in [x for x in logs if 'acc' in x]:  # also acc, or binary_accuracy
            start = 'val_' * name.startswith('val_')
            logs.setdefault(f'{start}accuracy', logs[name])
        seconds = round(time.perf_counter() - self.began, 3)
        self.run.epochs.append({'epoch': epoch + 1, **logs, 'seconds': seconds})
        if self.fit.get('callbacks'):  # one of them may restore these weights
            self.run.weights.append(hash_weights(self.model))
        values = ', '.join(f'{name} {value:.4g}' for name, value in logs.items())
        line = f'Epoch {epoch + 1}/{self.epochs}: {values}'
        self.bar.update(self.task, description=line)
        is_last = epoch + 1 == self.epochs or self.model.stop_training
        if self.bar.disable and (is_last or time.perf_counter() >= self.printed + 1):
            print(line, flush=True)
            self.printed = time.perf_counter()

    def on_train_end(self, logs=None):
        self.bar.stop()
        self.run.weights.append(hash_weights(self.model))
        if not self.fit.get('steps_per_epoch'):  # else epochs are of some sequences
            self.run.facts |= result.count_epochs(self.model, self.run.epochs)
        self.script.save(self.model)
        signal.signal(signal.SIGINT, self.interrupt)


def find_fit(model):
    """Return the arguments of the model.fit( ) that is going on, with its callbacks."""
    for frame, _ in traceback.walk_stack(None):
        if frame.f_code.co_name == 'fit' and frame.f_locals.get('self') is model:
            names = inspect.signature(model.fit).parameters
            fit = {name: frame.f_locals[name] for name in names}
            ours = ShowAndSave, keras.callbacks.History
            others = [x for x in fit['callbacks'].callbacks if not isinstance(x, ours)]
            return fit | {'callbacks': others}
    return {}  # called by a loop of one's own


def watch_fit(script, fit):
    """Note in the run what its fit is given, and why that is not judged, if so."""
    run, callbacks = script.run, fit.get('callbacks', [])
    arguments = fit | {'callbacks': [describe_callback(x) for x in callbacks]}
    if isinstance(weights := fit.get('class_weight'), dict):
        arguments['class_weight'] = {str(y): weight for y, weight in weights.items()}
    text = json.dumps(
        arguments, default=lambda x: result.hash_arrays(x) if is_array(x) else '?'
    )
    run.facts['fit'] = json.loads(text)
    run.facts['setting'] = hash_setting(script, run)
    X, Y, *validation = (fit.get(x) for x in ('x', 'y', 'validation_data'))
    validation = [x for x in flatten(validation) if x is not None]
    for x in validation + flatten([vars(callback) for callback in callbacks]):
        if is_array(x):
            script.validated.update(result.hash_rows(np.atleast_1d(x)))
    kinds = [type(x).__name__ for x in (X, Y, *validation) if not is_array(x)]
    if kinds:
        run.reason = f'fit was given {kinds[0]} data, not compared with the test'
        return
    if not (run.facts['scores'] or result.describe_output(run.model)[2]):
        run.reason = "its loss is not one of Keras's, and may expect logits"
    run.given = result.pair_rows(X, Y)
    arrays = {'X_train': '', 'X_test': '', **run.facts['arrays']}
    if arrays['X_train'] != arrays['X_test'] == run.facts['fit']['x']:
        why = 'X_test would then test nothing: write X_train'
        raise DataError(with_line(r'model\.fit\(', why))
    if validation:
        check_validation(script, *validation[:2])


def describe_callback(callback):
    """Return the class of a callback and its settings, without paths."""
    names = inspect.signature(type(callback)).parameters
    unknown = None if type(callback).__module__.startswith('keras.') else object()
    values = {name: getattr(callback, name, unknown) for name in names}
    texts = [x for x in values if isinstance(values[x], str)]
    for name in {*texts} - {'monitor', 'mode'}:
        del values[name]
    return {'class': type(callback).__name__, **values}


def is_array(value):
    """Return whether a value is an array of numbers."""
    return isinstance(value, np.ndarray | np.generic) and value.dtype.kind in 'biuf'


def hash_setting(script, run):
    """Return a text that is the same for the seeds of one setting alone.

    They have in common: the script without comments and the numbers at its top; these
    numbers without the seed; the arrays; network, loss and optimizer; the arguments of
    fit, and its callbacks. None if one of them is not known.
    """
    facts, model = run.facts, run.model
    if '"?"' in json.dumps(facts['fit']):
        return None
    code = [line.partition('#')[0].rstrip() for line in script.text.splitlines()]
    code = [x for x in code if x and re.match(r'\w*', x)[0] not in facts['numbers']]
    numbers = {x: y for x, y in facts['numbers'].items() if x != 'seed'}
    network = json.dumps([model.get_config(), model.get_compile_config()], default=str)
    # Not the seeds of layers, nor their names, which Keras counts: dense_1, dense_2
    network = re.sub(r'"seed": \w+|_\d+(?=")', '', network)
    made = [code, numbers, facts['arrays'], facts['fit'], network]
    return hashlib.sha256(json.dumps(made, default=str).encode()).hexdigest()[:16]
