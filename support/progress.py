"""What shows a fit: a bar, or in a log a line a second. Importing this needs Keras."""

import atexit
import math
import os
import signal
import sys
import time

from support.console import DataError
from support.network import NOT_FINITE
from support.prepare import device

import keras
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class ShowProgress(keras.callbacks.ProgbarLogger):
    """Shows how far a fit is; Ctrl-C, or the end of a job, stops it after the epoch.

    The params of the history that fit returns keep the signal, for save_run. A loss of
    NaN ends the script. As this is a ProgbarLogger, Keras adds no bars of its own.
    """

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        print(f'Training on {device()}', flush=True)
        self.printed = 0  # when, in a log
        self.interrupt = signal.signal(signal.SIGINT, self.stop)
        signal.signal(signal.SIGTERM, self.stop)
        is_terminal = sys.stdout.isatty() and os.environ.get('TERM') != 'dumb'
        columns = TextColumn('{task.description}'), BarColumn(), TimeRemainingColumn()
        self.bar = Progress(*columns, disable=not is_terminal)
        self.task = self.bar.add_task('Epoch 1', total=self.epochs)
        atexit.register(self.bar.stop)  # so that an error gives the cursor back
        self.bar.start()

    def note_signal(self, number, _):
        self.model.history.params['signal'] = number

    def stop(self, number, _):
        """Let the fit stop after this epoch. A second Ctrl-C ends the script.

        A second SIGTERM does not: srun passes each on twice.
        """
        self.note_signal(number, _)
        text = '\nStopping after this epoch.'
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, self.interrupt)
            text += ' (Ctrl-C again ends the script.)'
        os.write(2, f'{text}\n'.encode())  # print may be what the signal interrupted

    def on_epoch_begin(self, epoch, logs=None):
        pass  # where ProgbarLogger prints

    def on_train_batch_end(self, batch, logs=None):
        pass

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        if not math.isfinite(logs.get('loss', 0)):
            why = f'the loss is {logs["loss"]} after epoch {epoch + 1}'
            raise DataError(f'{why}: {NOT_FINITE}')
        params = self.model.history.params
        if 'signal' in params and epoch + 1 < self.epochs:
            params['is_stopped'] = True
            self.model.stop_training = True  # any sooner, fit would stop after a batch
        values = ', '.join(f'{name} {value:.4g}' for name, value in logs.items())
        line = f'Epoch {epoch + 1}/{self.epochs}: {values}'
        self.bar.update(self.task, completed=epoch + 1, description=line)
        is_last = epoch + 1 == self.epochs or self.model.stop_training
        if self.bar.disable and (is_last or time.perf_counter() >= self.printed + 1):
            print(line, flush=True)
            self.printed = time.perf_counter()

    def on_train_end(self, logs=None):
        self.bar.stop()
        signal.signal(signal.SIGINT, self.interrupt)
        signal.signal(signal.SIGTERM, self.note_signal)  # until save_run is done
