"""The workshop's questions, answered by measurement.

    python experiments.py                           all of them, in ten minutes on two cores
    python experiments.py training-sets linear      some of them
    python experiments.py --list                    what there is

Every run draws new training sequences, and tests on 2,000 others, none of them among the former.
Every setting is run with several seeds, and accuracies are given as the median and range of these.
An experiment writes all its runs to NAME.csv and a figure to NAME.png, and prints a table and one
answer, which is computed from the numbers.
"""

import argparse
import csv
import os
import re
import sys
import tempfile
import time

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras.layers import LSTM, Conv1D, Dense, GlobalAveragePooling1D, Input, Reshape, SimpleRNN

from generate_data import make_sequences, random_streams
from support.console import DataError, progress, whole_number
from support.files import whole_file
from support.training import batches, keras, repeatable

N_sequence = 128
N_test = 2000

# ------------------------------------------------- networks: functions that return new layers


def dense(*neurons_and_activations):
    return lambda: [Dense(n, activation=a) for n, a in neurons_and_activations]


def stepwise(*layers):
    """These layers are given the sequence as a series of single values."""
    return lambda: [
        Reshape((N_sequence, 1)),
        *(layer() for layer in layers),
        Dense(1, activation='sigmoid'),
    ]


TUTORIAL = dense((16, 'relu'), (8, 'tanh'), (1, 'sigmoid'))
# A recurrent network's time goes into its 128 small steps: XLA (jit) makes these 3 times faster.
RECURRENT = {'jit': True, 'test_every': 10}
NETWORKS = {
    'Dense': {'network': TUTORIAL},
    'Conv1D': {
        'network': stepwise(lambda: Conv1D(16, 5, activation='relu'), GlobalAveragePooling1D)
    },
    'SimpleRNN': {'network': stepwise(lambda: SimpleRNN(16)), **RECURRENT},
    'LSTM': {'network': stepwise(lambda: LSTM(16)), **RECURRENT},
}

# ------------------------------------------------- one run


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


def run(
    seed,
    N_epochs,
    network=TUTORIAL,
    N_train=200,
    phase=False,
    from_training_set=False,
    frequencies=(),
    jit=False,
    test_every=5,
):
    """Train a network once, and test it after every test_every epochs.

    from_training_set draws the test sequences from the training set, as in 2018.
    Returns rows of results, one or one for each of the frequencies that it is also tested with, and
    the curves (epochs, training accuracies, test epochs, test accuracies).
    """
    repeatable(seed)
    train_rng, test_rng = random_streams(seed)
    X_train, Y_train = make_sequences(N_train, train_rng, N_sequence, phase=phase)
    X_test, Y_test = unseen_sequences(X_train, test_rng, phase=phase)
    if from_training_set:
        chosen = test_rng.integers(N_train, size=N_test)
        X_test, Y_test = X_train[chosen], Y_train[chosen]

    start = time.perf_counter()
    model = keras.Sequential([Input(shape=(N_sequence,)), *network()])
    training_data = batches(X_train, Y_train, 32)
    model.compile(
        optimizer='rmsprop',
        loss='binary_crossentropy',
        metrics=['accuracy'],
        steps_per_execution=len(training_data),
        jit_compile=jit,
    )
    test_epochs = sorted({*range(test_every, N_epochs, test_every), N_epochs})
    history = model.fit(
        training_data,
        epochs=N_epochs,
        verbose=0,
        validation_data=tf.data.Dataset.from_tensors((np.float32(X_test), np.float32(Y_test))),
        validation_freq=test_epochs,
    ).history
    epochs, training, test = range(1, N_epochs + 1), history['accuracy'], history['val_accuracy']
    row = {
        'seed': seed,
        'N_train': N_train,
        'phase': int(phase),
        'epochs': N_epochs,
        'parameters': model.count_params(),
        'training_accuracy': round(training[-1], 4),
        'test_accuracy': round(test[-1], 4),
        'seconds': round(time.perf_counter() - start, 2),
    }
    for what, when, accuracy in (('training', epochs, training), ('test', test_epochs, test)):
        for level in (95, 99):  # the first epoch with that accuracy, infinity if there is none
            reached = (e for e, a in zip(when, accuracy, strict=True) if a >= level / 100)
            row[f'{what}_{level}'] = next(reached, np.inf)
    rows = []
    for f in frequencies:  # in a narrow band, because one frequency has but one wave of each form
        X, Y = unseen_sequences(X_train, test_rng, f_min=f - 0.01, f_range=0.02)
        right = (model(np.float32(X)).numpy()[:, 0] > 0.5) == Y
        rows.append({'setting': f, **row, 'test_accuracy': round(right.mean(), 4)})
    return rows or [row], (epochs, training, test_epochs, test)


# ------------------------------------------------- the experiments


def each(m, template='{name}: {test_accuracy:.1%}', title='Median test accuracy'):
    """Answer with what the template says of each setting."""
    return f'{title}: {", ".join(template.format(name=name, **x) for name, x in m.items())}.'


# NAME: (question, what is varied, {setting: what run is given for it}[, answer]).
# An answer makes a text of m, the medians over the seeds: m['setting']['test_accuracy'] is one.
NUMBERS = (25, 50, 100, 200, 400, 800, 1600)
HIDDEN = ((16, 'relu'), (8, 'tanh'), (8, 'tanh'), (8, 'tanh'))
NEURONS = (2, 4, 8, 16, 32, 64, 128, 256)
ACTIVATIONS = ('linear', 'relu', 'softplus', 'tanh', 'sigmoid')
EXPERIMENTS = {
    'training-sets': (
        'How does the number of training sequences influence convergence and accuracy?',
        'Training sequences',
        {N: {'N_train': N} for N in NUMBERS},
    ),
    'epochs': (
        'How many epochs are required?',
        'Training sequences',
        {N: {'N_train': N, 'test_every': 1} for N in (100, 200, 400)},
        lambda m: each(
            m,
            '{name}: {training_95:g} and {training_99:g}, {test_95:g} and {test_99:g}',
            'Median epochs to 95 % and 99 % training accuracy, to 95 % and 99 % test accuracy',
        ),
    ),
    'layers': (
        'What does the number of hidden layers do?',
        'Hidden layers: first 16 neurons with relu, then 8 with tanh',
        {N: {'network': dense(*HIDDEN[:N], (1, 'sigmoid'))} for N in range(5)},
    ),
    'neurons': (
        'What does the number of neurons do?',
        'Neurons in the first hidden layer',
        {N: {'network': dense((N, 'relu'), (8, 'tanh'), (1, 'sigmoid'))} for N in NEURONS},
    ),
    'activations': (
        'What do the activation functions do?',
        'Activation of both hidden layers',
        {a: {'network': dense((16, a), (8, a), (1, 'sigmoid'))} for a in ACTIVATIONS},
    ),
    'linear': (
        'Is a network without activations incapable of learning?',
        'Network',
        {
            'no activation': {'network': dense((16, None), (1, None))},
            'only the final sigmoid': {'network': dense((16, None), (1, 'sigmoid'))},
            "the tutorial's": {},
        },
    ),
    'recurrent': (
        'Does a recurrent network do better?',
        'Network',
        NETWORKS,
        lambda m: each(
            m, '{name}: {test_accuracy:.1%} ({parameters:g} parameters, {seconds:.1f} s)'
        ),
    ),
    'phase': (
        'What if every wave begins at a random phase?',
        'Network (training sequences)',
        {f'Dense ({N})': {'N_train': N, 'phase': True} for N in NUMBERS}
        | {f'{name} (200)': {**NETWORKS[name], 'phase': True} for name in list(NETWORKS)[1:]},
    ),
    'frequency': (
        'Does it know waves of frequencies that it was not trained with?',
        'Frequency (radians per step)',
        {'trained with 0.1 to 0.4': {'frequencies': [round(0.02 * i, 2) for i in range(1, 41)]}},
        lambda m: each(
            {f: m[f] for f in m if float(f) in (0.04, 0.06, 0.1, 0.2, 0.3, 0.4, 0.5, 0.8)}
        ),
    ),
    'memory': (
        'What did the test of 2018 measure?',
        'Test sequences',
        {'from the training set, as in 2018': {'from_training_set': True}, 'new': {}},
    ),
}

# ------------------------------------------------- what comes out


def summarise(rows):
    """Return {setting: {column: median, column_min: least, column_max: most over the seeds}}."""
    summary = {str(row['setting']): {} for row in rows}
    for setting, m in summary.items():
        for column in [column for column in rows[0] if column != 'setting']:
            values = [float(row[column]) for row in rows if str(row['setting']) == setting]
            m[column], m[f'{column}_min'], m[f'{column}_max'] = (
                np.median(values),
                min(values),
                max(values),
            )
    return summary


TABLE_HEAD = f"""{'':36} accuracy: median (range)                          epochs to 95/99%
{'setting':36} training                  test                      training  test   weights     s"""
TABLE_LINE = (
    '{name:36}'
    ' {training_accuracy:6.1%} ({training_accuracy_min:6.1%} to {training_accuracy_max:6.1%})'
    ' {test_accuracy:6.1%} ({test_accuracy_min:6.1%} to {test_accuracy_max:6.1%})'
    ' {training_95:>4g}/{training_99:<4g} {test_95:>4g}/{test_99:<4g}'
    ' {parameters:5g} {seconds:4.1f}'
)


def draw(question, varied, summary, curves):
    """Draw the accuracies against what is varied (left) and against the epoch (right)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5), layout='constrained')
    figure.suptitle(question)
    x, numbers = list(summary), all(re.fullmatch(r'[\d.]+', name) for name in summary)
    if len(x) > len(curves):  # a trained network was tested with several frequencies
        x = [float(f) for f in x]
        left.axvspan(0.1, 0.4, color='grey', alpha=0.2, label='trained band')
    for column, marker in (('training_accuracy', 's'), ('test_accuracy', 'o')):
        mid, low, high = (
            np.array([m[column + which] for m in summary.values()])
            for which in ('', '_min', '_max')
        )
        label = f'{column.replace("_", " ")}: median, range'
        style = f'{marker}-' if numbers else marker  # no line between what is not in an order
        left.errorbar(x, mid, (mid - low, high - mid), fmt=style, capsize=3, label=label)
    if not numbers:
        plt.setp(left.get_xticklabels(), rotation=25, ha='right')
    left.set(xlabel=varied, ylabel='Accuracy after the last epoch')
    colours = plt.cm.viridis(np.linspace(0, 0.9, len(curves)))
    for colour, (setting, some) in zip(colours, curves.items(), strict=True):
        training, test = (np.median([curve[i] for curve in some], axis=0) for i in (1, 3))
        right.plot(some[0][0], training, ':', color=colour)
        right.plot(some[0][2], test, color=colour, label=setting)
    right.set(xlabel='Epoch', ylabel='Median accuracy: test solid, training dotted')
    for axis in (left, right):
        axis.grid(alpha=0.3)
        axis.legend(fontsize='small')
    return figure


def experiment(name, description, repeats, N_epochs, folder):
    """Run one experiment; write its CSV and PNG files, print its table and its answer."""
    question, varied, settings, answer = (*EXPERIMENTS[name], each)[:4]
    rows, curves = [], {setting: [] for setting in settings}
    runs = [(setting, seed) for setting in settings for seed in range(repeats)]
    for setting, seed in progress(runs, description):
        found, curve = run(seed, N_epochs, **settings[setting])
        rows += [{'setting': setting, **row} for row in found]
        curves[setting].append(curve)
    with whole_file(f'{folder}/{name}.csv') as temporary, open(temporary, 'w') as file:
        table = csv.DictWriter(file, rows[0], lineterminator='\n')
        table.writeheader()
        table.writerows(rows)
    summary = summarise(rows)
    with whole_file(f'{folder}/{name}.png') as temporary:
        draw(question, varied, summary, curves).savefig(temporary, dpi=100, format='png')
    plt.close('all')
    print(f'{name}: {question}\n{TABLE_HEAD}')
    for setting, m in summary.items():
        print(TABLE_LINE.format(name=setting, **m))
    print(answer(summary) + '\n', flush=True)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('names', nargs='*', choices=[*EXPERIMENTS, 'all'], default='all')
    parser.add_argument('--list', action='store_true', help='say what experiments there are')
    parser.add_argument('--repeats', type=whole_number(1), default=3, help='seeds, default 3')
    parser.add_argument('--epochs', type=whole_number(1), default=300, help='default 300')
    parser.add_argument('--output', default='results', help='folder, default results')
    args = parser.parse_args()
    if args.list:
        print('\n'.join(f'{name:14} {question}' for name, (question, *_) in EXPERIMENTS.items()))
        sys.exit()
    try:
        os.makedirs(args.output, exist_ok=True)
        tempfile.TemporaryFile(dir=args.output).close()  # rather fails now than after the runs
    except OSError as error:
        raise DataError(f'{args.output}: {error.strerror}; give another --output') from None
    names = list(EXPERIMENTS) if 'all' in args.names else args.names
    for i, name in enumerate(names, 1):
        description = f'{name} ({i} of {len(names)})'
        experiment(name, description, args.repeats, args.epochs, args.output)
