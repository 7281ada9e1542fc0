"""Trains and tests a setting of a question with a seed: the same result every time.

Each process has one thread, which adds numbers in one order: so any number of processes
finds the same results. They alone import TensorFlow.
"""

import math
import multiprocessing
import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from support.batches import make_batches
from support.console import DataError
from support.start import import_keras

import numpy as np
import pandas as pd

from generate_data import make_sequences, random_streams

N_test = 2000


def start_worker():
    """Prepare a new process, and import Keras there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process
    os.environ['TF_NUM_INTRAOP_THREADS'] = '1'
    os.environ['TF_NUM_INTEROP_THREADS'] = '1'
    os.environ['CUDA_VISIBLE_DEVICES'] = '-1'  # a GPU gains nothing with small networks
    # Each process would repeat TensorFlow's notices; errors come back with the results.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    import_keras()


def run_all(tasks, jobs):
    """Yield what run() returns for each of tasks, its arguments, in their order.

    TensorFlow never gives back the memory of a network, but a process does that ends.
    """
    context = multiprocessing.get_context('spawn')
    for i in range(0, len(tasks), 100 * jobs):
        pool = ProcessPoolExecutor(jobs, context, start_worker)
        futures = [pool.submit(run, *task) for task in tasks[i : i + 100 * jobs]]
        try:
            for future in futures:
                yield future.result()
        except BrokenProcessPool:
            why = 'a process was killed (memory?): type fewer --jobs'
            raise DataError(why) from None
        finally:
            for process in multiprocessing.active_children():
                process.kill()
            pool.shutdown(cancel_futures=True)


def unseen_sequences(X_train, rng, phase):
    """Draw N_test sequences, half of each class, of which none occurs in X_train.

    Without a phase there are only some hundreds of different square waves, so that many
    of those drawn are among the training sequences.
    """
    X, Y = make_sequences(10 * N_test, rng, phase=phase)
    seen = {x.tobytes() for x in X_train}
    unseen = np.array([x.tobytes() not in seen for x in X])
    chosen = [np.flatnonzero(unseen & (Y == y))[: N_test // 2] for y in (0, 1)]
    return X[np.hstack(chosen)], Y[np.hstack(chosen)]


def draw_data(setting, seed):
    """Return (X_train, Y_train) and (X_test, Y_test)."""
    train_rng, test_rng = random_streams(seed)
    X_train, Y_train = make_sequences(setting.N_train, train_rng, phase=setting.phase)
    X_test, Y_test = unseen_sequences(X_train, test_rng, setting.phase)
    for X, rng in (X_train, train_rng), (X_test, test_rng):
        (noise_rng,) = rng.spawn(1)  # its random numbers change no others
        X += setting.noise * noise_rng.standard_normal(X.shape)
    return (X_train, Y_train), (X_test, Y_test)


def compiled_network(layers, N_batches=1, count_2018=False):
    """Return a network of these layers, see questions.py, ready to be trained."""
    import keras

    def accuracy_2018(y, p):
        """As Keras 2.1 counted: right if it rounds to the class, so 1.7 is wrong."""
        return keras.ops.round(p) == keras.ops.reshape(y, (-1, 1))

    model = keras.Sequential([keras.Input((128,))])
    for name, *arguments in layers:
        model.add(getattr(keras.layers, name)(*arguments))
    model.compile(
        'rmsprop',
        'binary_crossentropy',
        metrics=['accuracy', accuracy_2018] if count_2018 else ['accuracy'],
        steps_per_execution=N_batches,  # a whole epoch in one call
        # Recurrent networks spend their time in 128 small steps: XLA takes a third.
        jit_compile=any(name in ('SimpleRNN', 'LSTM') for name, *_ in layers),
    )
    return model


def fit(setting, seed, training, test, N_epochs, test_every):
    """Train a new network with batches of 32, shuffled in every epoch.

    training and test are (X, Y). Returns the number of parameters, and the accuracies,
    a DataFrame with a row for each epoch; those of the test are missing where it was
    not tested.
    """
    import keras

    keras.utils.clear_session()  # else Keras keeps all that it has traced
    keras.utils.set_random_seed(seed)
    N_batches = math.ceil(setting.N_train / 32)
    model = compiled_network(setting.method, N_batches, setting.count_2018)
    step = test_every or N_epochs
    test_epochs = [*range(step, N_epochs, step), N_epochs]
    history = model.fit(
        # One iterator for the whole fit, not one for each epoch: a quarter less time.
        make_batches(training, 32, shuffle=True).repeat(),
        shuffle=False,  # they are shuffled already
        steps_per_epoch=N_batches,
        epochs=N_epochs,
        verbose=0,
        validation_data=make_batches(test, N_test, shuffle=False),
        validation_freq=test_epochs,
    ).history
    found = pd.DataFrame({'training_accuracy': history['accuracy']})
    found.index = pd.RangeIndex(1, N_epochs + 1, name='epoch')
    found['test_accuracy'] = pd.Series(history['val_accuracy'], test_epochs)
    if setting.count_2018:
        found['accuracy_2018'] = history['accuracy_2018']
    return model.count_params(), found


def run(setting, seed, N_epochs, test_every=0):
    """Run a setting with a seed: nothing else matters, so what is equal runs once.

    Returns what it achieves, a dict; and of a network its accuracies, see fit(), else
    None. test_every is the number of epochs between tests; 0 only tests at the end.
    """
    training, test = draw_data(setting, seed)
    row = {name: getattr(setting, name) for name in ('N_train', 'phase', 'noise')}
    if callable(setting.method):
        row |= {'epochs': 0, 'parameters': 0}
        for which, (X, Y) in ('training', training), ('test', test):
            right = setting.method(*training, X, setting.noise) == Y
            row[f'{which}_accuracy'] = round(right.mean(), 4)
        return row, None
    start = time.perf_counter()
    parameters, accuracies = fit(setting, seed, training, test, N_epochs, test_every)
    row |= {'epochs': N_epochs, 'parameters': parameters}
    row |= accuracies.iloc[-1].round(4).to_dict()
    row['seconds'] = round(time.perf_counter() - start, 2)
    for which in 'training', 'test':
        accuracy = accuracies[f'{which}_accuracy']
        for level in 95, 99:
            reached = accuracy.index[accuracy >= level / 100]
            row[f'{which}_{level}'] = min(reached, default=np.inf)
    return row, accuracies
