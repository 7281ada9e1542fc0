"""Train networks of several trials, each with several seeds, in several processes.

A seed means training sequences of its own, 2,000 others for the test, and other initial
weights.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from support.answers import first_epoch
from support.batches import make_batches
from support.console import UserError
from support.start import import_keras

import numpy as np
import pandas as pd
from rich.progress import track

from generate_data import make_sequences, random_streams

# Two kinds of waves. What a network can do with the hard ones shows where the number of
# sequences doesn't limit it.
EASY_AND_HARD = {
    'same phase, 200 sequences': {'N_train': 200, 'phase': 0},
    'random phase, 800 sequences': {'N_train': 800, 'phase': 1},
}


@dataclass(frozen=True)
class Trial:
    """What a question compares: a network or a rule, and its data."""

    name: str  # "neurons: 16" stands in a panel of the figure, Neurons
    network: Callable | None = None  # returns layers, as those in networks.py
    rule: Callable | None = None  # or this in its place, as those in rules.py
    series: str = ''  # trials of one series have one colour
    N_train: int = 200  # training sequences; with phase 0, 1,600 at most
    batch_size: int = 32  # sequences in a batch, of a network
    phase: int = 0  # 1: each begins at a random phase
    noise: float = 0.0  # its standard deviation; the waves go from -1 to 1
    metrics: tuple = ()  # functions for Keras, besides the accuracy


def draw_data(trial, seed):
    """Return (X_train, Y_train), and (X_test, Y_test), none of which occurs in it.

    The test is 1,000 sequences of each class, of 20,000 that are drawn: without a phase
    there are only some hundreds of different square waves.
    """
    train_rng, test_rng = random_streams(seed)
    X_train, Y_train = make_sequences(trial.N_train, train_rng, phase=trial.phase)
    X, Y = make_sequences(20_000, test_rng, phase=trial.phase)
    seen = {x.tobytes() for x in X_train}
    unseen = np.array([x.tobytes() not in seen for x in X])
    chosen = np.hstack([np.flatnonzero(unseen & (Y == y))[:1000] for y in (0, 1)])
    X_test, Y_test = X[chosen], Y[chosen]
    for values, rng in (X_train, train_rng), (X_test, test_rng):
        (noise_rng,) = rng.spawn(1)  # its random numbers change no others
        values += trial.noise * noise_rng.standard_normal(values.shape)
    return (X_train, Y_train), (X_test, Y_test)


def train(trial, seed, training, test, test_epochs):
    """Train a network with batches, shuffled in every epoch.

    It is tested after some epochs, and ends with the last of these. Returns the number
    of parameters, and the accuracies, a table with a row for each epoch; those of the
    test are missing where it was not tested.
    """
    import keras

    keras.utils.clear_session()  # else Keras keeps all that it has traced
    keras.utils.set_random_seed(seed)
    layers = trial.network()
    model = keras.Sequential([keras.Input((128,)), *layers])
    batches = make_batches(training, trial.batch_size, shuffle=True)
    N_batches = len(batches)
    N_epochs = test_epochs[-1]
    model.compile(
        'rmsprop',
        'binary_crossentropy',
        metrics=['accuracy', *trial.metrics],
        steps_per_execution=N_batches,  # a whole epoch in one call
        # Recurrent networks spend their time in 128 small steps: XLA takes a third
        jit_compile=any(isinstance(layer, keras.layers.RNN) for layer in layers),
    )
    history = model.fit(
        # One iterator for the whole fit, not one for each epoch: a quarter less time
        batches.repeat(),
        shuffle=False,  # they are shuffled already
        steps_per_epoch=N_batches,
        epochs=N_epochs,
        verbose=0,
        validation_data=make_batches(test, len(test[0]), shuffle=False),
        validation_freq=test_epochs,
    ).history
    accuracies = pd.DataFrame({'training_accuracy': history['accuracy']})
    accuracies.index = pd.RangeIndex(1, N_epochs + 1, name='epoch')
    accuracies['test_accuracy'] = pd.Series(history['val_accuracy'], test_epochs)
    for metric in trial.metrics:
        accuracies[metric.__name__] = history[metric.__name__]
    return model.count_params(), accuracies


def run(trial, seed, test_epochs):
    """Return a dict, what a trial achieves with a seed, and train's accuracies.

    Of a rule, the latter are an empty table.
    """
    training, test = draw_data(trial, seed)
    row = {'N_train': trial.N_train, 'phase': trial.phase, 'noise': trial.noise}
    if trial.rule:
        row |= {'epochs': 0, 'parameters': 0}
        for which, (X, Y) in ('training', training), ('test', test):
            right = trial.rule(*training, X) == Y
            row[f'{which}_accuracy'] = round(right.mean(), 4)
        return row, pd.DataFrame()
    start = time.perf_counter()
    N_parameters, accuracies = train(trial, seed, training, test, test_epochs)
    row['batch_size'] = trial.batch_size
    row |= {'epochs': test_epochs[-1], 'parameters': N_parameters}
    row |= accuracies.iloc[-1].round(4).to_dict()
    row['seconds'] = round(time.perf_counter() - start, 2)
    for which in 'training', 'test':
        accuracy = accuracies[[f'{which}_accuracy']]
        for percent in 95, 99:
            row[f'{which}_{percent}'] = first_epoch(accuracy, percent / 100)
    return row, accuracies


def start_worker():
    """Prepare a new process. One thread adds numbers in one order: the same results."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process
    os.environ['TF_NUM_INTRAOP_THREADS'] = '1'
    os.environ['TF_NUM_INTEROP_THREADS'] = '1'
    os.environ['CUDA_VISIBLE_DEVICES'] = '-1'  # a GPU gains nothing with small networks
    os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'  # without the words that there is none
    import_keras()


def run_all(tasks, jobs):
    """Yield what run returns for each task, a tuple of its arguments, in their order.

    After 100 trainings each, new processes start: TensorFlow never gives back the
    memory of a network. (max_tasks_per_child may wait for ever: Python's issue 115634.)
    """
    context = multiprocessing.get_context('spawn')
    for i in range(0, len(tasks), 100 * jobs):
        pool = ProcessPoolExecutor(jobs, context, start_worker)
        futures = [pool.submit(run, *task) for task in tasks[i : i + 100 * jobs]]
        try:
            for future in futures:
                yield future.result()
        except BrokenProcessPool:
            raise UserError(
                'a process was killed (memory?): type fewer --jobs'
            ) from None
        finally:  # also after Ctrl-C
            for process in multiprocessing.active_children():
                process.kill()
            pool.shutdown(cancel_futures=True)


def measure(trials, seeds, test_epochs, jobs):
    """Run trials with as many seeds; return a table of runs, and one of their curves.

    The first has a row for each run, the other one for each epoch that was tested.
    """
    tasks = [(trial, seed, test_epochs) for trial in trials for seed in range(seeds)]
    found = run_all(tasks, jobs)
    shown = track(found, 'Running', len(tasks), transient=True)
    rows, accuracies = zip(*shown, strict=True)
    keys = [(trial.series, trial.name, seed) for trial, seed, _ in tasks]
    index = pd.MultiIndex.from_tuples(keys, names=['series', 'setting', 'seed'])
    curves = pd.concat(accuracies, keys=index).dropna().round(4)
    return pd.DataFrame(rows, index, dtype=object), curves
