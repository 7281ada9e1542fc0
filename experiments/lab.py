"""What the questions share: networks, data, training, files and a table, and plots.

A question compares settings: networks, rules, or what they learn from. Each setting is
run with several seeds. A seed means training sequences of its own, 2,000 others for the
test, and other initial weights.
"""

import multiprocessing
import os
import pathlib
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from support.answers import first_epoch
from support.batches import make_batches
from support.console import UserError, make_parser, print_table, whole_number
from support.prepare import import_keras, prepare
from support.statistics import describe_range

import numpy as np
import pandas as pd
from rich import box
from rich.progress import track
from rich.table import Table

from generate_data import make_sequences, random_streams

STYLE = pathlib.Path(__file__).with_name('lab.mplstyle')  # how the figures look
CHANCE = {'color': '0.3', 'linestyle': '--', 'label': 'chance'}
KEY = ['series', 'setting', 'seed']
# Two kinds of waves, as arguments of draw_data. What a network can do with the hard
# ones shows where the number of sequences doesn't limit it.
EASY_AND_HARD = {
    'same phase, 200 sequences': {},
    'random phase, 800 sequences': {'N_train': 800, 'phase': 1},
}


def tutorial():
    """Return the layers of train.py: a network is such a function.

    Only the processes that train import Keras.
    """
    from keras.layers import Dense

    return [
        Dense(16, activation='relu'),
        Dense(8, activation='tanh'),
        Dense(1, activation='sigmoid'),
    ]


def draw_data(seed, N_train, phase, noise):
    """Return (X_train, Y_train), and (X_test, Y_test), none of which occurs in it.

    The test is 1,000 sequences of each class, of 20,000 that are drawn: without a phase
    there are only some hundreds of different square waves.
    """
    train_rng, test_rng = random_streams(seed)
    X_train, Y_train = make_sequences(N_train, train_rng, phase=phase)
    X, Y = make_sequences(20_000, test_rng, phase=phase)
    seen = {x.tobytes() for x in X_train}
    unseen = np.array([x.tobytes() not in seen for x in X])
    chosen = np.hstack([np.flatnonzero(unseen & (Y == y))[:1000] for y in (0, 1)])
    X_test, Y_test = X[chosen], Y[chosen]
    for values, rng in (X_train, train_rng), (X_test, test_rng):
        (noise_rng,) = rng.spawn(1)  # its random numbers change no others
        values += noise * noise_rng.standard_normal(values.shape)
    return (X_train, Y_train), (X_test, Y_test)


def train(network, seed, training, test, epochs, test_every, metrics):
    """Train a network with batches of 32, shuffled in every epoch.

    Returns the number of parameters, and the accuracies, a table with a row for each
    epoch; those of the test are missing where it was not tested.
    """
    import keras

    keras.utils.clear_session()  # else Keras keeps all that it has traced
    keras.utils.set_random_seed(seed)
    layers = network()
    model = keras.Sequential([keras.Input((128,)), *layers])
    batches = make_batches(training, 32, shuffle=True)
    N_batches = len(batches)
    model.compile(
        'rmsprop',
        'binary_crossentropy',
        metrics=['accuracy', *metrics],
        steps_per_execution=N_batches,  # a whole epoch in one call
        # Recurrent networks spend their time in 128 small steps: XLA takes a third
        jit_compile=any(isinstance(layer, keras.layers.RNN) for layer in layers),
    )
    tested = [*range(test_every, epochs, test_every), epochs]
    history = model.fit(
        # One iterator for the whole fit, not one for each epoch: a quarter less time
        batches.repeat(),
        shuffle=False,  # they are shuffled already
        steps_per_epoch=N_batches,
        epochs=epochs,
        verbose=0,
        validation_data=make_batches(test, len(test[0]), shuffle=False),
        validation_freq=tested,
    ).history
    accuracies = pd.DataFrame({'training_accuracy': history['accuracy']})
    accuracies.index = pd.RangeIndex(1, epochs + 1, name='epoch')
    accuracies['test_accuracy'] = pd.Series(history['val_accuracy'], tested)
    for metric in metrics:
        accuracies[metric.__name__] = history[metric.__name__]
    return model.count_params(), accuracies


def run(seed, epochs, test_every, network=tutorial, rule=None, metrics=(), **data):
    """Return what a network achieves with a seed, a dict, and train's accuracies.

    Or what a rule achieves, as in baseline.py, and None. metrics are functions for
    Keras, data the arguments of draw_data.
    """
    data = {'N_train': 200, 'phase': 0, 'noise': 0.0} | data
    training, test = draw_data(seed, **data)
    if rule:
        row = data | {'epochs': 0, 'parameters': 0}
        for which, (X, Y) in ('training', training), ('test', test):
            right = rule(*training, X, data['noise']) == Y
            row[f'{which}_accuracy'] = round(right.mean(), 4)
        return row, None
    start = time.perf_counter()
    N, accuracies = train(network, seed, training, test, epochs, test_every, metrics)
    row = data | {'epochs': epochs, 'parameters': N}
    row |= accuracies.iloc[-1].round(4).to_dict()
    row['seconds'] = round(time.perf_counter() - start, 2)
    for which in 'training', 'test':
        accuracy = accuracies[[f'{which}_accuracy']]
        for percent in 95, 99:
            first = first_epoch(accuracy, percent / 100, never=np.inf)
            row[f'{which}_{percent}'] = first
    return row, accuracies


def start_worker():
    """Prepare a new process. One thread adds numbers in one order: the same results."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process
    os.environ['TF_NUM_INTRAOP_THREADS'] = '1'
    os.environ['TF_NUM_INTEROP_THREADS'] = '1'
    os.environ['CUDA_VISIBLE_DEVICES'] = '-1'  # a GPU gains nothing with small networks
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # TensorFlow's notices
    import_keras()


def run_all(tasks, jobs):
    """Yield what run returns for each of tasks, dicts of its arguments, in their order.

    TensorFlow never gives back the memory of a network, but a process does that ends.
    """
    context = multiprocessing.get_context('spawn')
    for i in range(0, len(tasks), 100 * jobs):
        pool = ProcessPoolExecutor(jobs, context, start_worker)
        futures = [pool.submit(run, **task) for task in tasks[i : i + 100 * jobs]]
        try:
            for future in futures:
                yield future.result()
        except BrokenProcessPool:
            why = 'a process was killed (memory?): type fewer --jobs'
            raise UserError(why) from None
        finally:  # also after Ctrl-C
            for process in multiprocessing.active_children():
                process.kill()
            pool.shutdown(cancel_futures=True)


def measure(question, name, settings, seeds=5, test_every=None):
    """Run {(series, setting): arguments of run} as the command line asks.

    Writes NAME.csv and, if test_every is a number of epochs, NAME-curves.csv, prints a
    table, and returns the rows of NAME.csv, and the folder. --help shows the question.
    """
    prepare()
    parser = make_parser(question)
    add, number = parser.add_argument, whole_number(1)
    cores = getattr(os, 'sched_getaffinity', lambda _: range(os.cpu_count()))(0)
    jobs = min(4, len(cores))
    add('--repeats', type=number, default=seeds, help=f'seeds (default: {seeds})')
    add('--epochs', type=number, default=300, help='default: 300')
    add('--jobs', type=number, default=jobs, help=f'processes (default: {jobs})')
    add('--output', default='results', help='folder (default: results)')
    add('--draw', action='store_true', help='draws the figures again, from the CSV')
    options = parser.parse_args()
    folder = pathlib.Path(options.output)
    if not options.draw:
        # kill ends this as Ctrl-C does, and its processes too
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        folder.mkdir(parents=True, exist_ok=True)
        shared = {'epochs': options.epochs, 'test_every': test_every or options.epochs}
        tasks = {
            (series, str(setting), seed): shared | arguments | {'seed': seed}
            for (series, setting), arguments in settings.items()
            for seed in range(options.repeats)
        }
        found = run_all([*tasks.values()], options.jobs)
        rows, curves = zip(*track(found, name, len(tasks), transient=True), strict=True)
        index = pd.MultiIndex.from_tuples(tasks, names=KEY)
        pd.DataFrame(rows, index, dtype=object).to_csv(folder / f'{name}.csv')
        if test_every:
            tested = pd.concat(curves, keys=tasks, names=KEY).dropna().round(4)
            tested.to_csv(folder / f'{name}-curves.csv')
    runs = load(folder, name)
    print(f'\n{name}: {question.splitlines()[0]}')
    print_ranges(runs)
    return runs, folder


def load(folder, name):
    """Return NAME.csv or NAME-curves.csv as a table; setting and series are texts."""
    texts = {'setting': str, 'series': str}
    return pd.read_csv(f'{folder}/{name}.csv', dtype=texts).fillna({'series': ''})


def print_ranges(runs):
    """Print the medians over the seeds, and the ranges, of each setting."""
    columns = ['training_accuracy', 'test_accuracy', 'training_95']
    heads = 'setting', *(name.replace('_', '\n') for name in columns)
    table = Table(*heads, box=box.SIMPLE_HEAD, show_edge=False)
    for series, rows in runs.groupby('series', sort=False):
        if series:
            table.add_row(f'{series}:')
        for setting, runs in rows.groupby('setting', sort=False):
            cells = [describe_range(runs[name], np.median, 4) for name in columns]
            table.add_row(setting, *cells)
    print_table(table)


def ranges(runs, column):
    """Yield of each series the name, settings, medians over the seeds, error bars."""
    for series, rows in runs.groupby('series', sort=False):
        values = rows.groupby('setting', sort=False)[column]
        low, middle, high = values.min(), values.median(), values.max()
        yield series, middle.index, middle, (middle - low, high - middle)


def test_and_training(runs):
    """Return runs of one series as two: of test and of training accuracies."""
    training = runs.assign(test_accuracy=runs['training_accuracy'])
    both = {'test sequences': runs, 'training sequences': training}
    return pd.concat([rows.assign(series=name) for name, rows in both.items()])


def plot_below(axis, runs, column='test_accuracy', places=None, linestyle='-'):
    """Plot medians and ranges upwards; the settings stand below, at their places.

    Marks without a line are shifted, as they would hide each other.
    """
    names = runs['setting'].unique()
    place = pd.Series(range(len(names)) if places is None else places, names)
    N_settings = runs.groupby('series', sort=False)['setting'].nunique()
    alone = [*N_settings.index[(N_settings == 1) | (linestyle == '')]]
    for series, settings, y, bars in ranges(runs, column):
        x = place[settings]
        if series in alone:
            x = x + 0.15 * (alone.index(series) - (len(alone) - 1) / 2)
        axis.errorbar(x, y, bars, label=series, linestyle=linestyle, fillstyle='none')
    axis.set_xticks(place, names)


def plot_beside(axis, runs):
    """Plot medians and ranges of test accuracies; the settings stand beside them."""
    names = runs['setting'].unique()
    place = pd.Series(range(len(names)), names)
    axis.axvline(0.5, **CHANCE)
    for i, (series, settings, x, bars) in enumerate(ranges(runs, 'test_accuracy')):
        y = place[settings] + 0.2 * i
        axis.errorbar(x, y, xerr=bars, label=series, linestyle='')
    axis.set_yticks(place, [name.replace(' (', '\n(') for name in names])
    axis.set(ylim=(len(names) - 0.3, -0.5), xlim=(0.45, 1.02), xlabel='Test accuracy')
    axis.xaxis.set_major_formatter('{x:.0%}')


def plot_curves(axis, lines, column='test_accuracy'):
    """Plot accuracies against the epoch: every seed, and their median bold.

    lines are pairs: a label, and its rows of NAME-curves.csv.
    """
    show_accuracy(axis)
    for label, rows in lines:
        seeds = rows.pivot(index='epoch', columns='seed', values=column)
        (line,) = axis.plot(seeds.median(axis=1), marker='', linewidth=2.5, label=label)
        axis.plot(seeds, marker='', color=line.get_color(), linewidth=1, alpha=0.25)
    axis.set_xlabel('Epoch')


def show_accuracy(axis):
    """Let the y axis show test accuracies, in percent, and what chance achieves."""
    axis.axhline(0.5, **CHANCE)
    ticks = np.linspace(0.5, 1, 6)
    axis.set(ylim=(0.45, 1.02), yticks=ticks, ylabel='Test accuracy')
    axis.yaxis.set_major_formatter('{x:.0%}')
