"""One setting of a question: trains and tests its network, anew for each seed."""

import itertools
import time

from support.batches import make_batches

import keras
import numpy as np
import pandas as pd
from keras import layers

from experiments.questions import EXPERIMENTS, N_sequence, Setting
from generate_data import make_sequences, random_streams

N_test = 2000


def unseen_sequences(X_train, rng, **options):
    """Draw N_test sequences, half of each class, of which none occurs in X_train.

    Without a phase there are only some hundreds of different square waves, so that many
    of those drawn are among the training sequences.
    """
    X, Y = make_sequences(10 * N_test, rng, N_sequence, **options)
    seen = {x.tobytes() for x in X_train}
    unseen = np.array([x.tobytes() not in seen for x in X])
    chosen = [np.flatnonzero(unseen & (Y == y))[: N_test // 2] for y in (0, 1)]
    return X[np.hstack(chosen)], Y[np.hstack(chosen)]


def accuracy_2018(y, p):
    """As Keras 2.1 counted: right if it rounds to the class, so 1.7, say, is wrong."""
    return keras.ops.round(p) == keras.ops.reshape(y, (-1, 1))


def new_network(setting):
    return keras.Sequential([layers.Input((N_sequence,)), *setting.network(layers)])


def compiled(setting):
    """Return a network to be trained with all seeds.

    Translating it to a graph, anew for each, would take half as long as a fit.
    """
    model = new_network(setting)
    model.compile(
        'rmsprop',
        'binary_crossentropy',
        metrics=['accuracy', accuracy_2018] if setting.count_2018 else ['accuracy'],
        jit_compile=setting.jit,
    )
    return model


def fit(model, training, test, N_epochs, test_every):
    """Train with batches of 32, shuffled in every epoch; training and test are (X, Y).

    Returns the accuracies, a DataFrame with a row for each epoch; those of the test are
    missing where it was not tested.
    """
    step = test_every or N_epochs
    test_epochs = [*range(step, N_epochs, step), N_epochs]
    batches = make_batches(training, 32, shuffle=True)
    model.steps_per_execution = len(batches)  # a whole epoch in one call
    history = model.fit(
        # One iterator for the whole fit, not one for each epoch: a quarter less time.
        batches.repeat(),
        shuffle=False,  # they are shuffled already
        steps_per_epoch=len(batches),
        epochs=N_epochs,
        verbose=0,
        validation_data=make_batches(test, N_test, shuffle=False),
        validation_freq=test_epochs,
    ).history
    found = pd.DataFrame(index=pd.RangeIndex(1, N_epochs + 1, name='epoch'))
    found['training_accuracy'] = history['accuracy']
    found['test_accuracy'] = pd.Series(history['val_accuracy'], test_epochs)
    if 'accuracy_2018' in history:
        found['accuracy_2018'] = history['accuracy_2018']
    return found


def noisy(X, noise, rng):
    """Return X (n, N) with Gaussian noise, whose random numbers change no others."""
    (noise_rng,) = rng.spawn(1)
    return X + noise * noise_rng.standard_normal(X.shape) if noise else X


def draw_data(setting, seed):
    """Return (X_train, Y_train) and (X_test, Y_test)."""
    train_rng, test_rng = random_streams(seed)
    N_train, noise, phase = setting.N_train, setting.noise, setting.phase
    X_train, Y_train = make_sequences(N_train, train_rng, N_sequence, phase=phase)
    X_test, Y_test = unseen_sequences(X_train, test_rng, phase=phase, **setting.test)
    if setting.from_training_set:
        chosen = test_rng.integers(N_train, size=N_test)
        X_test, Y_test = X_train[chosen], Y_train[chosen]
    X_train, X_test = noisy(X_train, noise, train_rng), noisy(X_test, noise, test_rng)
    return (X_train, Y_train), (X_test, Y_test)


def first_epochs(accuracies):
    """Return the epochs at which accuracies first reach 95 and 99 %, or infinity."""
    first = {}
    for which, level in itertools.product(('training', 'test'), (95, 99)):
        epochs = accuracies.index[accuracies[f'{which}_accuracy'] >= level / 100]
        first[f'{which}_{level}'] = min(epochs, default=np.inf)
    return first


def run_baseline(setting, seed):
    """Return what a method of baselines.py achieves, a dict."""
    training, test = draw_data(setting, seed)
    row = {'epochs': 0, 'parameters': 0}
    for which, (X, Y) in ('training', training), ('test', test):
        right = setting.baseline(*training, X, setting.noise) == Y
        row[f'{which}_accuracy'] = round(right.mean(), 4)
    return row


def run_network(setting, seed, model, N_epochs, test_every):
    """Train a network from new weights, and test it.

    Returns what it achieves, a dict, and its accuracies, see fit().
    """
    keras.utils.set_random_seed(seed)
    training, test = draw_data(setting, seed)
    start = time.perf_counter()
    model.set_weights(new_network(setting).get_weights())
    for velocity in model.optimizer.variables[2:]:  # after iterations, learning_rate
        velocity.assign(0 * velocity)
    accuracies = fit(model, training, test, N_epochs, test_every)
    row = {
        'epochs': N_epochs,
        'parameters': model.count_params(),
        **accuracies.iloc[-1].round(4),
        'seconds': round(time.perf_counter() - start, 2),
        **first_epochs(accuracies),
    }
    return row, accuracies


def run_setting(name, key, seeds, N_epochs):
    """Run the setting of this key of an experiment, once for each of the seeds.

    Returns rows of results, dicts, one a seed; and if the experiment has a test_every,
    the curves: a dict for each seed and tested epoch.
    """
    experiment, rows, curves = EXPERIMENTS[name], [], []
    setting, test_every = Setting(**experiment.settings[key]), experiment.test_every
    series, key = key if isinstance(key, tuple) else ('', key)
    model = None if setting.baseline else compiled(setting)
    for seed in seeds:
        named = {'series': series, 'setting': key, 'seed': seed}
        data = {x: getattr(setting, x) for x in ('N_train', 'phase', 'noise')}
        if setting.baseline:
            found = run_baseline(setting, seed)
        else:
            found, accuracies = run_network(setting, seed, model, N_epochs, test_every)
            if test_every:
                tested = accuracies.dropna().round(4).reset_index()
                curves += [named | point for point in tested.to_dict('records')]
        rows.append(named | data | found)
    keras.utils.clear_session()  # else Keras keeps all that it has traced
    return rows, curves
