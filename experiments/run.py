"""One setting of a question: trains and tests its network, from new weights for each seed."""

import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from experiments.questions import MLP, N_sequence
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
    chosen = np.hstack(
        [np.flatnonzero(unseen & (Y == y))[: N_test // 2] for y in (0, 1)]
    )
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


@keras.saving.register_keras_serializable()
def accuracy_2018(y, p):
    """Keras 2.1 called an answer right if it rounds to the class; 1.7 rounds to 2, and is wrong."""
    return keras.ops.round(p) == keras.ops.reshape(y, (-1, 1))


def build(network, steps, **options):
    """Return the compiled network, and its optimizer's variables with their first values."""
    model = keras.Sequential([layers.Input((N_sequence,)), *network(layers)])
    model.compile(
        'rmsprop', 'binary_crossentropy', steps_per_execution=steps, **options
    )
    model.optimizer.build(model.trainable_variables)
    return model, [
        (variable, variable.numpy()) for variable in model.optimizer.variables
    ]


def fit(
    model, optimizer_at_first, X_train, Y_train, X_test, Y_test, N_epochs, test_epochs
):
    """Train a network from new weights, test it after each of test_epochs; return the history."""
    model.set_weights(keras.models.clone_model(model).get_weights())
    for variable, value in optimizer_at_first:
        variable.assign(value)
    test_data = tf.data.Dataset.from_tensors((np.float32(X_test), np.float32(Y_test)))
    return model.fit(
        # One iterator for the whole fit rather than one for each epoch: a quarter less time.
        batches(X_train, Y_train).repeat(),
        shuffle=False,  # they are shuffled already
        steps_per_epoch=model.steps_per_execution,
        epochs=N_epochs,
        verbose=0,
        validation_data=without_tuner(test_data),
        validation_freq=test_epochs,
    ).history


def accuracies_at(test_epochs, history):
    """Return a dict for each of the epochs: the accuracies then."""
    rows = []
    for epoch, test in zip(test_epochs, history['val_accuracy'], strict=True):
        row = {
            'training_accuracy': history['accuracy'][epoch - 1],
            'test_accuracy': test,
        }
        if 'accuracy_2018' in history:
            row['accuracy_2018'] = history['accuracy_2018'][epoch - 1]
        rows.append(
            {'epoch': epoch, **{name: round(value, 4) for name, value in row.items()}}
        )
    return rows


def first_epoch_reaching(level, epochs, accuracies):
    """Return the first of the epochs with at least this accuracy, infinity if there is none."""
    return next(
        (e for e, a in zip(epochs, accuracies, strict=True) if a >= level), np.inf
    )


def run_setting(
    seeds,
    N_epochs,
    test_every=0,
    network=MLP,
    baseline=None,
    parameters=0,
    N_train=200,
    phase=False,
    noise=0.0,
    from_training_set=False,
    frequencies=(),
    jit=False,
    count_2018=False,
):
    """Train and test a network, or one of baselines.py, once for each of the seeds.

    parameters is how many numbers a baseline learns. A network is tested after every test_every
    epochs (0: never before the end) and after the last. from_training_set draws the test sequences
    from the training set, as in 2018. count_2018 adds the training accuracy as Keras counted then.
    Returns rows of results, dicts: one a seed, or one for each of the frequencies that it is tested
    with; and if test_every, the curves: a row for each seed and tested epoch.
    """
    if not baseline:
        # Once for all seeds: its translation to TensorFlow's graph takes half as long as a fit.
        metrics = ['accuracy', accuracy_2018] if count_2018 else ['accuracy']
        built = build(network, -(-N_train // 32), jit_compile=jit, metrics=metrics)
        parameters = built[0].count_params()
        test_epochs = [
            *(range(test_every, N_epochs, test_every) if test_every else ()),
            N_epochs,
        ]
    rows, curves = [], []
    for seed in seeds:
        keras.utils.set_random_seed(seed)
        train_rng, test_rng = random_streams(seed)
        X_train, Y_train = make_sequences(N_train, train_rng, N_sequence, phase=phase)
        X_test, Y_test = unseen_sequences(X_train, test_rng, phase=phase)
        if from_training_set:
            chosen = test_rng.integers(N_train, size=N_test)
            X_test, Y_test = X_train[chosen], Y_train[chosen]
        X_train, X_test = (
            noisy(X_train, noise, train_rng),
            noisy(X_test, noise, test_rng),
        )

        row = {'seed': seed, 'N_train': N_train, 'phase': int(phase), 'noise': noise}
        row |= {'epochs': 0 if baseline else N_epochs, 'parameters': parameters}
        start = time.perf_counter()
        if baseline:
            for which, X, Y in ('training', X_train, Y_train), ('test', X_test, Y_test):
                right = baseline(X_train, Y_train, X, noise) == Y
                row[f'{which}_accuracy'] = round(right.mean(), 4)
        else:
            history = fit(
                *built, X_train, Y_train, X_test, Y_test, N_epochs, test_epochs
            )
            tested = accuracies_at(test_epochs, history)
            row |= {
                name: value for name, value in tested[-1].items() if name != 'epoch'
            }
            if test_every:
                curves += [{'seed': seed, **accuracies} for accuracies in tested]
        row['seconds'] = round(time.perf_counter() - start, 2)
        if not baseline:
            for which, epochs, accuracies in (
                ('training', range(1, N_epochs + 1), history['accuracy']),
                ('test', test_epochs, history['val_accuracy']),
            ):
                for level in (95, 99):
                    reached = first_epoch_reaching(level / 100, epochs, accuracies)
                    row[f'{which}_{level}'] = reached
        for f in (
            frequencies
        ):  # a narrow band, because one frequency has but one wave of each form
            X, Y = unseen_sequences(X_train, test_rng, f_min=f - 0.01, f_range=0.02)
            right = (built[0](np.float32(X)).numpy()[:, 0] > 0.5) == Y
            rows.append({'setting': f, **row, 'test_accuracy': round(right.mean(), 4)})
        if not frequencies:
            rows.append(row)
    keras.utils.clear_session()  # Keras keeps what it has traced until it is told to let go
    return rows, curves
