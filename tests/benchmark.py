"""Measure what the README says of speed: train.py against the tutorial's script and its fit.

    python tests/benchmark.py               all, about half an hour
    python tests/benchmark.py process       one part: process, fits, stream, experiments
    python tests/benchmark.py --repeats 9   more repeats for steadier medians

Both do the same work: the network of train.py, rmsprop, batches of 32, newly shuffled every epoch.
They take turns, so that a busy machine slows both. A ratio above 1 means that ours is faster.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
project = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(project))


def report(what, ours, theirs):
    """Print the medians of two lists of seconds, the ratio of these and the range of all ratios."""
    ratios = sorted(b / a for a, b in zip(ours, theirs, strict=True))
    ours, theirs = statistics.median(ours), statistics.median(theirs)
    print(
        f'{what}: {ours:.3g} s against {theirs:.3g} s, ratio {theirs / ours:.1f}'
        f' ({ratios[0]:.1f} to {ratios[-1]:.1f} in {len(ratios)} repeats)',
        flush=True,
    )


def seconds(work, *arguments):
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start


def run(script, *arguments):
    subprocess.run(
        [sys.executable, script, *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def process(repeats):
    """Time python train.py against the tutorial's own script, tutorial_train.py."""
    ours, theirs = project / 'train.py', project / 'tests/tutorial_train.py'
    times = [(seconds(run, ours), seconds(run, theirs)) for _ in range(repeats)]
    report('python train.py, the whole process', *zip(*times, strict=True))


def fits(repeats):
    """Time the fits alone, in one process."""
    from support.training import batches, keras

    from generate_data import make_sequences, random_streams

    trained = keras.models.load_model('model.keras')

    def fit(X, Y, N_epochs, seed, ours):
        """Fit train.py's network from new; return the seconds, those of an epoch, and the epochs
        that it takes to a training accuracy of 95 %."""
        keras.utils.set_random_seed(seed)
        model = keras.models.clone_model(trained)
        begun, ended = [], []
        clock = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: begun.append(time.perf_counter()),
            on_epoch_end=lambda epoch, logs: ended.append(time.perf_counter()),
        )
        how = {'optimizer': 'rmsprop', 'loss': 'binary_crossentropy', 'metrics': ['accuracy']}
        start = time.perf_counter()
        if ours:
            model.compile(**how, steps_per_execution=100)
            history = model.fit(batches(X, Y, 32), epochs=N_epochs, verbose=0, callbacks=[clock])
        else:
            model.compile(**how)
            history = model.fit(X, Y, epochs=N_epochs, batch_size=32, verbose=0, callbacks=[clock])
        whole = time.perf_counter() - start
        accuracy = history.history['accuracy']
        convergence = next((i + 1 for i, a in enumerate(accuracy) if a >= 0.95), N_epochs)
        epochs = [b - a for a, b in zip(begun, ended, strict=True)]
        return whole, statistics.median(epochs[1:]), convergence

    for N, N_epochs in ((200, 300), (20_000, 6)):
        X, Y = make_sequences(N, random_streams(0)[0])
        runs = [
            [fit(X, Y, N_epochs, seed, ours) for ours in (True, False)] for seed in range(repeats)
        ]
        ours, theirs = zip(*runs, strict=True)
        for i, what in enumerate((f'the whole fit of {N_epochs} epochs', 'a later epoch')):
            report(f'{N} sequences, {what}', [r[i] for r in ours], [r[i] for r in theirs])
        ours, theirs = (statistics.median(r[2] for r in runs) for runs in (ours, theirs))
        print(f'  epochs to 95 % training accuracy: {ours} against {theirs}')


# Times an epoch of batches read from the files, with or without op determinism, which a GPU has.
STREAM = """
import sys, time
sys.path.insert(0, sys.argv[1])
from support.training import batches, keras, tf
from utilities import StreamedSet
if sys.argv[3] == 'deterministic':
    keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()
model = keras.models.clone_model(keras.models.load_model('model.keras'))
model.compile('rmsprop', 'binary_crossentropy', steps_per_execution=100)
X = StreamedSet('Train', range(1, int(sys.argv[2]) + 1), 128)
data = batches(X, X.labels(), 32)
model.fit(data, verbose=0)  # the first epoch also builds the training step
start = time.perf_counter()
model.fit(data, verbose=0)
print(time.perf_counter() - start)
"""
READ = """
import sys, time
import numpy as np
start = time.perf_counter()
for i in range(1, int(sys.argv[2]) + 1):
    np.fromfile(f'Train/X_{i}.dat')
    np.fromfile(f'Train/Y_{i}.dat')
print(time.perf_counter() - start)
"""


def stream(repeats):
    """Time an epoch of train.py --stream against reading its files; measure its memory."""
    N = 50_000
    run(project / 'generate_data.py', str(2 * N), '50', '--overwrite')

    def printed(program, how=''):
        command = [sys.executable, '-c', program, project, str(N), how]
        return float(subprocess.run(command, check=True, capture_output=True).stdout)

    times = [
        (printed(STREAM), printed(READ), printed(STREAM, 'deterministic')) for _ in range(repeats)
    ]
    streamed, read, deterministic = zip(*times, strict=True)
    report(f'{N} sequences streamed, an epoch against np.fromfile', streamed, read)
    report('  the same with op determinism against without', deterministic, streamed)

    # A small process in between, because a child's peak begins with the memory of its parent.
    watch = """
import resource, subprocess, sys
subprocess.run([sys.executable, *sys.argv[1:]], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""

    def peak_memory(N_train, *switches):
        command = [project / 'train.py', '--N_epochs', '2', '--N_train', str(N_train), *switches]
        return float(
            subprocess.run(
                [sys.executable, '-c', watch, *command],
                check=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            ).stdout
        )

    for switches in ('--stream',), ():
        small, large = peak_memory(1000, *switches), peak_memory(2 * N, *switches)
        print(
            f'{" ".join(["train.py", *switches])}, peak memory: {small:.0f} MiB with 1,000'
            f' sequences, {large:.0f} MiB with {2 * N:,}, ratio {large / small:.2f},'
            f' {1024 * (large - small) / (2 * N - 1000):.1f} KiB a sequence'
        )


def experiments(repeats):
    """Time all experiments, one seed each, with a process for each core against a single one."""
    os.environ['PYTHONPATH'] = str(project)
    one = seconds(run, '-m', 'experiments', '--repeats', '1', '--jobs', '1')
    all_cores = seconds(run, '-m', 'experiments', '--repeats', '1')
    print(f'all experiments: {all_cores:.0f} s, {all_cores / one:.2f} of the time with --jobs 1')


if __name__ == '__main__':
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = {'process': process, 'fits': fits, 'stream': stream, 'experiments': experiments}
    parser.add_argument('parts', nargs='*', choices=[*parts, 'all'], default='all')
    parser.add_argument('--repeats', type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run(project / 'generate_data.py')
        run(project / 'train.py')  # makes model.keras, and fills the machine's cache of files
        for name, part in parts.items():
            if name in args.parts or 'all' in args.parts:
                part(args.repeats)
