"""One setting of a question: trains and tests its network, anew for each seed."""

import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from experiments.questions import TUTORIAL, N_sequence
from generate_data import make_sequences, noisy, random_streams

N_test = 2000


def unseen_sequences(X_train, rng, **options):
    """Draw N_test sequences, half of each class, of which none occurs in X_train.

    Without a phase there are only some hundreds of different square waves, so that many of those
    drawn are among the training sequences. (If there are not enough others, it returns fewer.)
    """
    X, Y = make_sequences(10 * N_test, rng, N_sequence, **options)
    seen = {x.tobytes() for x in X_train}
    unseen = np.array([x.tobytes() not in seen for x in X])
    chosen = np.hstack([np.flatnonzero(unseen & (Y == y))[: N_test // 2] for y in (0, 1)])
    return X[chosen], Y[chosen]


def without_tuner(data):
    """Return a tf.data.Dataset without its pipeline's tuner, which gains nothing here.

    Waiting for its thread can add 0.6 s to a fit.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return data.with_options(options)


def batches(X, Y):
    """Return X (n, N) and Y (n,) as train.py does: in batches of 32, shuffled in every epoch."""
    data = tf.data.Dataset.from_tensor_slices((np.float32(X), np.float32(Y)))
    return without_tuner(data.shuffle(len(X)).batch(32))


class Fit:
    """A network that is trained anew for each seed, but translated to TensorFlow's graph once.

    That translation ("tracing", and with jit compiling) takes half as long as a fit, or longer.
    """

    def __init__(self, network, steps, jit):
        self.model = keras.Sequential([layers.Input((N_sequence,)), *network(layers)])
        self.model.compile(
            optimizer='rmsprop',
            loss='binary_crossentropy',
            metrics=['accuracy'],
            steps_per_execution=steps,
            jit_compile=jit,
        )
        self.steps, optimizer = steps, self.model.optimizer
        optimizer.build(self.model.trainable_variables)
        self.optimizer_at_first = [(v, v.numpy()) for v in optimizer.variables]

    def __call__(self, X_train, Y_train, X_test, Y_test, N_epochs, test_epochs):
        """Train from new weights; return the accuracies of each epoch and of each test epoch."""
        self.model.set_weights(keras.models.clone_model(self.model).get_weights())
        for variable, value in self.optimizer_at_first:
            variable.assign(value)
        history = self.model.fit(
            # One iterator for the whole fit rather than one for each epoch: a quarter less time.
            batches(X_train, Y_train).repeat(),
            shuffle=False,  # they are shuffled already
            steps_per_epoch=self.steps,
            epochs=N_epochs,
            verbose=0,
            validation_data=without_tuner(
                tf.data.Dataset.from_tensors((np.float32(X_test), np.float32(Y_test)))
            ),
            validation_freq=test_epochs,
        ).history
        return history['accuracy'], history['val_accuracy']

    def answers(self, X):
        """Return which of the sequences X (n, N) it takes for class 1, as booleans (n,)."""
        return self.model(np.float32(X)).numpy()[:, 0] > 0.5


def first(epochs, accuracies, level):
    """Return the first of the epochs with at least this accuracy, infinity if there is none."""
    return next((e for e, a in zip(epochs, accuracies, strict=True) if a >= level), np.inf)


def runs(
    seeds,
    N_epochs,
    test_every=0,
    network=TUTORIAL,
    rule=None,
    N_train=200,
    phase=False,
    noise=0.0,
    from_training_set=False,
    frequencies=(),
    jit=False,
):
    """Train and test a network, or only test a rule, once for each of the seeds.

    It is tested after every test_every epochs (0: never before the end) and after the last.
    from_training_set draws the test sequences from the training set, as in 2018.
    Returns rows of results, dicts: one a seed, or one for each of the frequencies that it is tested
    with; and if test_every, the curves: a row for each seed and tested epoch.
    """
    fit = None if rule else Fit(network, -(-N_train // 32), jit)
    test_epochs = sorted(
        {*(range(test_every, N_epochs, test_every) if test_every else ()), N_epochs}
    )
    rows, curves = [], []
    for seed in seeds:
        keras.utils.set_random_seed(seed)
        train_rng, test_rng = random_streams(seed)
        X_train, Y_train = make_sequences(N_train, train_rng, N_sequence, phase=phase)
        X_test, Y_test = unseen_sequences(X_train, test_rng, phase=phase)
        if from_training_set:
            chosen = test_rng.integers(N_train, size=N_test)
            X_test, Y_test = X_train[chosen], Y_train[chosen]
        X_train, X_test = noisy(X_train, noise, train_rng), noisy(X_test, noise, test_rng)

        row = {'seed': seed, 'N_train': N_train, 'phase': int(phase), 'noise': noise}
        start = time.perf_counter()
        if rule:
            training, test = (
                np.mean(rule(X, noise) == Y) for X, Y in ((X_train, Y_train), (X_test, Y_test))
            )
            row |= {'epochs': 0, 'parameters': 0}
        else:
            trainings, tests = fit(X_train, Y_train, X_test, Y_test, N_epochs, test_epochs)
            training, test = trainings[-1], tests[-1]
            row |= {'epochs': N_epochs, 'parameters': fit.model.count_params()}
            for level in (95, 99):
                row[f'training_{level}'] = first(range(1, N_epochs + 1), trainings, level / 100)
                row[f'test_{level}'] = first(test_epochs, tests, level / 100)
            if test_every:
                curves += [
                    {
                        'seed': seed,
                        'epoch': epoch,
                        'training_accuracy': round(trainings[epoch - 1], 4),
                        'test_accuracy': round(accuracy, 4),
                    }
                    for epoch, accuracy in zip(test_epochs, tests, strict=True)
                ]
        row['seconds'] = round(time.perf_counter() - start, 2)
        row |= {'training_accuracy': round(training, 4), 'test_accuracy': round(test, 4)}
        for f in frequencies:  # a narrow band, because one frequency has but one wave of each form
            X, Y = unseen_sequences(X_train, test_rng, f_min=f - 0.01, f_range=0.02)
            accuracy = round(np.mean(fit.answers(X) == Y), 4)
            rows.append({'setting': f, **row, 'test_accuracy': accuracy})
        if not frequencies:
            rows.append(row)
    keras.utils.clear_session()  # Keras keeps what it has traced until it is told to let go
    return rows, curves
