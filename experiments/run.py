"""One setting of a question: trains and tests its network, anew for each seed."""

import itertools
import time

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers

from experiments.questions import MLP, N_sequence
from generate_data import make_sequences, random_streams

N_test = 2000


def unseen_sequences(X_train, rng, **options):
    """Draw N_test sequences, half of each class, of which none occurs in X_train.

    Without a phase there are only some hundreds of different square waves, so that many
    of those drawn are among the training sequences. (It returns fewer than N_test if it
    finds too few others.)
    """
    X, Y = make_sequences(10 * N_test, rng, N_sequence, **options)
    seen = {x.tobytes() for x in X_train}
    unseen = np.array([x.tobytes() not in seen for x in X])
    classes = [np.flatnonzero(unseen & (Y == y))[: N_test // 2] for y in (0, 1)]
    chosen = np.hstack(classes)
    return X[chosen], Y[chosen]


def without_tuner(data):
    """Return a Dataset that does not tune itself, which would add 0.6 s to a fit."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return data.with_options(options)


@keras.saving.register_keras_serializable()
def accuracy_2018(y, p):
    """As Keras 2.1 counted: right if it rounds to the class, so 1.7, say, is wrong."""
    return keras.ops.round(p) == keras.ops.reshape(y, (-1, 1))


def build(network, steps, jit, metrics):
    """Return the compiled network, and its optimizer's variables with their values."""
    model = keras.Sequential([layers.Input((N_sequence,)), *network(layers)])
    how = {'steps_per_execution': steps, 'jit_compile': jit, 'metrics': metrics}
    model.compile('rmsprop', 'binary_crossentropy', **how)
    model.optimizer.build(model.trainable_variables)
    return model, [(v, v.numpy()) for v in model.optimizer.variables]


def fit(built, training, test, N_epochs, test_epochs):
    """Train a network from new weights, with batches of 32, shuffled in every epoch.

    training and test are (X, Y). Returns the accuracies, a DataFrame with a row for
    each epoch; those of the test are missing where it is not among test_epochs.
    """
    model, optimizer_at_first = built
    model.set_weights(keras.models.clone_model(model).get_weights())
    for variable, value in optimizer_at_first:
        variable.assign(value)
    X, Y = map(np.float32, training)
    batches = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(len(X)).batch(32)
    test = tf.data.Dataset.from_tensors(tuple(map(np.float32, test)))
    history = model.fit(
        # One iterator for the whole fit, not one for each epoch: a quarter less time.
        without_tuner(batches).repeat(),
        shuffle=False,  # they are shuffled already
        steps_per_epoch=model.steps_per_execution,
        epochs=N_epochs,
        verbose=0,
        validation_data=without_tuner(test),
        validation_freq=test_epochs,
    ).history
    found = pd.DataFrame(index=range(1, N_epochs + 1))
    found['training_accuracy'] = history['accuracy']
    found['test_accuracy'] = pd.Series(history['val_accuracy'], test_epochs)
    if 'accuracy_2018' in history:
        found['accuracy_2018'] = history['accuracy_2018']
    return found


def noisy(X, noise, rng):
    """Return X (n, N) with Gaussian noise of this standard deviation added.

    It has random numbers of its own, split off from rng, and so changes nothing else.
    """
    (noise_rng,) = rng.spawn(1)
    return X + noise * noise_rng.standard_normal(X.shape) if noise else X


def draw_data(seed, N_train, phase, noise, from_training_set=False):
    """Return (X_train, Y_train), (X_test, Y_test), and the test's random generator.

    from_training_set draws the test sequences from the training set, as in 2018.
    """
    train_rng, test_rng = random_streams(seed)
    X_train, Y_train = make_sequences(N_train, train_rng, N_sequence, phase=phase)
    X_test, Y_test = unseen_sequences(X_train, test_rng, phase=phase)
    if from_training_set:
        chosen = test_rng.integers(N_train, size=N_test)
        X_test, Y_test = X_train[chosen], Y_train[chosen]
    training = noisy(X_train, noise, train_rng), Y_train
    return training, (noisy(X_test, noise, test_rng), Y_test), test_rng


def run_setting(
    seeds,
    N_epochs,
    test_every=0,
    network=MLP['network'],
    baseline=None,
    frequencies=(),
    jit=False,
    count_2018=False,
    **data,
):
    """Train and test a network, or one of baselines.py, once for each of the seeds.

    A network is tested after every test_every epochs (0: never before the end) and
    after the last. count_2018 adds the training accuracy as Keras counted then. data
    are options of draw_data.
    Returns rows of results, dicts: one a seed, or one for each of the frequencies that
    it is tested with; and if test_every, the curves: one a seed and tested epoch.
    """
    data = {'N_train': 200, 'phase': 0, 'noise': 0.0} | data
    same, rows, curves = {'epochs': 0, 'parameters': 0}, [], []
    if not baseline:
        # Once for all seeds: translating it to a graph takes half as long as a fit.
        metrics = ['accuracy', accuracy_2018] if count_2018 else ['accuracy']
        built = build(network, -(-data['N_train'] // 32), jit, metrics)
        same = {'epochs': N_epochs, 'parameters': built[0].count_params()}
        between = range(test_every, N_epochs, test_every) if test_every else ()
        test_epochs = [*between, N_epochs]
    same = {name: data[name] for name in ('N_train', 'phase', 'noise')} | same
    for seed in seeds:
        keras.utils.set_random_seed(seed)
        training, test, rng = draw_data(seed, **data)
        row, reached, start = {'seed': seed} | same, {}, time.perf_counter()
        if baseline:
            for which, (X, Y) in ('training', training), ('test', test):
                right = baseline(*training, X, data['noise']) == Y
                row[f'{which}_accuracy'] = round(right.mean(), 4)
        else:
            found = fit(built, training, test, N_epochs, test_epochs)
            rounded = found.map(round, ndigits=4)
            row |= rounded.iloc[-1]
            if test_every:
                for epoch, accuracies in rounded.loc[test_epochs].iterrows():
                    curves.append({'seed': seed, 'epoch': epoch, **accuracies})
            for which, level in itertools.product(('training', 'test'), (95, 99)):
                epochs = found.index[found[f'{which}_accuracy'] >= level / 100]
                reached[f'{which}_{level}'] = min(epochs, default=np.inf)  # never
        row |= {'seconds': round(time.perf_counter() - start, 2)} | reached
        for f in frequencies:
            # A narrow band around it: of one frequency there is only one wave.
            X, Y = unseen_sequences(training[0], rng, f_min=f - 0.01, f_range=0.02)
            right = (built[0](np.float32(X)).numpy()[:, 0] > 0.5) == Y
            rows.append({'setting': f, **row, 'test_accuracy': round(right.mean(), 4)})
        if not frequencies:
            rows.append(row)
    keras.utils.clear_session()  # else Keras keeps all that it has traced
    return rows, curves
