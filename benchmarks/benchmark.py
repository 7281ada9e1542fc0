"""Measure what the README says of speed: train.py against the tutorial's script and its fit.

    python benchmarks/benchmark.py               all, about half an hour
    python benchmarks/benchmark.py process       one part: process, fits, large, experiments
    python benchmarks/benchmark.py --repeats 9   more repeats for steadier medians

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

project = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(project))
os.environ |= {
    'TF_CPP_MIN_LOG_LEVEL': '3',
    'MPLBACKEND': 'agg',
    'PYTHONPATH': str(project),
}


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
    ours, theirs = project / 'train.py', project / 'benchmarks/tutorial_train.py'
    times = [(seconds(run, ours), seconds(run, theirs)) for _ in range(repeats)]
    report('python train.py, the whole process', *zip(*times, strict=True))


def fits(repeats):
    """Time the fits alone, in one process."""
    from support.start import import_keras

    keras = import_keras()
    import tensorflow as tf

    from generate_data import make_sequences, random_streams

    trained = keras.models.load_model('runs/last/model.keras')

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
        how = {
            'optimizer': 'rmsprop',
            'loss': 'binary_crossentropy',
            'metrics': ['accuracy'],
        }
        options = {'epochs': N_epochs, 'verbose': 0, 'callbacks': [clock]}
        start = time.perf_counter()
        model.compile(**how)
        if ours:
            model.steps_per_execution = 100
            batches = (
                tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(len(X)).batch(32)
            )
            history = model.fit(batches, shuffle=False, **options)
        else:
            history = model.fit(X, Y, batch_size=32, **options)
        whole = time.perf_counter() - start
        accuracy = history.history['accuracy']
        convergence = next(
            (i + 1 for i, a in enumerate(accuracy) if a >= 0.95), N_epochs
        )
        epochs = [b - a for a, b in zip(begun, ended, strict=True)]
        return whole, statistics.median(epochs[1:]), convergence

    for N, N_epochs in ((200, 300), (20_000, 6)):
        X, Y = make_sequences(N, random_streams(0)[0])
        runs = [
            [fit(X, Y, N_epochs, seed, ours) for ours in (True, False)]
            for seed in range(repeats)
        ]
        ours, theirs = zip(*runs, strict=True)
        for i, what in enumerate(
            (f'the whole fit of {N_epochs} epochs', 'a later epoch')
        ):
            report(
                f'{N} sequences, {what}', [r[i] for r in ours], [r[i] for r in theirs]
            )
        ours, theirs = (
            statistics.median(r[2] for r in runs) for runs in (ours, theirs)
        )
        print(f'  epochs to 95 % training accuracy: {ours} against {theirs}')


# Runs train_large.py with op determinism, which a GPU has.
DETERMINISTIC = """
import runpy, sys
from support.start import import_keras
import_keras()
import tensorflow as tf
tf.config.experimental.enable_op_determinism()
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""
READ = """
import sys
import numpy as np
print('Epoch 1', flush=True)
for i in range(1, int(sys.argv[1]) + 1):
    np.fromfile(f'Train/X_{i}.dat')
    np.fromfile(f'Train/Y_{i}.dat')
print('Epoch 2', flush=True)
"""
# Prints the peak memory of a script in MiB. It is a small process in between, because a child's
# peak begins with the memory of its parent.
WATCH = """
import resource, subprocess, sys
subprocess.run([sys.executable, *sys.argv[1:]], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


def second_epoch(*command):
    """Return the seconds between a program's lines Epoch 1 and Epoch 2: those of the second.

    The first also builds the training step.
    """
    ended = []
    command = [sys.executable, *map(str, command)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding='utf-8'
    ) as process:
        for line in process.stdout:
            if line.startswith('Epoch '):
                ended.append(time.perf_counter())
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    first, second = ended
    return second - first


def large(repeats):
    """Time an epoch of train_large.py against reading its files; measure its memory."""
    N = 50_000
    run(project / 'generate_data.py', str(2 * N), '50', '--overwrite')
    script = (project / 'train_large.py', '--N_epochs', 2, '--N_train', N)
    times = [
        (
            second_epoch(*script),
            second_epoch('-c', READ, N),
            second_epoch('-c', DETERMINISTIC, *script),
        )
        for _ in range(repeats)
    ]
    ours, read, deterministic = zip(*times, strict=True)
    report(f'{N} sequences, an epoch of train_large.py against np.fromfile', ours, read)
    report('  the same with op determinism against without', deterministic, ours)

    def peak_memory(script, N_train):
        command = (project / script, '--N_epochs', '2', '--N_train', str(N_train))
        return float(
            subprocess.run(
                [sys.executable, '-c', WATCH, *command],
                check=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            ).stdout
        )

    for script in 'train_large.py', 'train.py':
        small, full = peak_memory(script, 1000), peak_memory(script, 2 * N)
        print(
            f'{script}, peak memory: {small:.0f} MiB with 1,000 sequences, {full:.0f} MiB with'
            f' {2 * N:,}, ratio {full / small:.2f},'
            f' {1024 * (full - small) / (2 * N - 1000):.1f} KiB a sequence'
        )


def experiments(repeats):
    """Time all experiments, one seed each, with a process for each core against a single one."""
    one = seconds(run, '-m', 'experiments', '--repeats', '1', '--jobs', '1')
    all_cores = seconds(run, '-m', 'experiments', '--repeats', '1')
    print(
        f'all experiments: {all_cores:.0f} s, {all_cores / one:.2f} of the time with --jobs 1'
    )


if __name__ == '__main__':
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = {
        'process': process,
        'fits': fits,
        'large': large,
        'experiments': experiments,
    }
    parser.add_argument('parts', nargs='*', choices=[*parts, 'all'], default='all')
    parser.add_argument('--repeats', type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run(project / 'generate_data.py')
        run(
            project / 'train.py'
        )  # makes runs/last, and fills the machine's cache of files
        for name, part in parts.items():
            if name in args.parts or 'all' in args.parts:
                part(args.repeats)
