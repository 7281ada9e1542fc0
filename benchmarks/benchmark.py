"""Measure what the documents say of speed and memory.

    python benchmarks/benchmark.py               all, about half an hour
    python benchmarks/benchmark.py process       or memory, experiments, fit
    python benchmarks/benchmark.py --repeats 9   more repeats for steadier medians

train.py and the tutorial's script do the same work: the same network, rmsprop, batches
of 32, shuffled in every epoch. They take turns, so that a busy machine slows both. A
ratio above 1 means that ours is faster.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))
QUIET = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}


def run(*command):
    subprocess.run([sys.executable, *map(str, command)], check=True, **QUIET)


def seconds(work, *arguments):
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start


def compare(what, repeats, ours, theirs):
    """Time two functions in turns; print the medians and the range of the ratios."""
    times = [(seconds(ours), seconds(theirs)) for _ in range(repeats)]
    ratios = sorted(b / a for a, b in times)
    ours, theirs = map(statistics.median, zip(*times, strict=True))
    print(f'{what}: {ours:.3g} s against {theirs:.3g} s,', end=' ')
    print(f'ratio {theirs / ours:.1f}', end=' ')
    print(f'({ratios[0]:.1f} to {ratios[-1]:.1f} in {repeats} repeats)', flush=True)


def process(repeats):
    """Time python train.py against the tutorial's own script."""
    ours, theirs = PROJECT / 'train.py', PROJECT / 'benchmarks/tutorial_train.py'
    what = 'python train.py, the whole process'
    compare(what, repeats, lambda: run(ours), lambda: run(theirs))


def peak_memory(script, N_train):
    """Return the peak memory of two epochs with so many sequences, in KiB."""
    command = [PROJECT / script, '--N_epochs', '2', '--N_train', str(N_train)]
    child = subprocess.Popen([sys.executable, *command], **QUIET)
    _, child.returncode, used = os.wait4(child.pid, 0)
    if child.returncode:
        raise SystemExit(f'{script} has failed')
    return used.ru_maxrss


def memory(repeats):
    """Print the peak memory with few and with many sequences."""
    few, many = 1000, 50_000
    run(PROJECT / 'generate_data.py', many, 50, '--overwrite')
    for script in 'train_large.py', 'train.py':
        least, most = peak_memory(script, few), peak_memory(script, many)
        print(f'{script}: {least / 1024:.0f} MiB with {few:,} sequences,', end=' ')
        print(f'{most / 1024:.0f} MiB with {many:,},', end=' ')
        print(f'{(most - least) / (many - few):.1f} KiB a sequence', flush=True)


def experiments(repeats):
    """Time all experiments, one seed each, with a process a core and with one."""
    command = ('-m', 'experiments', '--repeats', 1)
    one, several = seconds(run, *command, '--jobs', 1), seconds(run, *command)
    share = several / one
    print(f'all experiments: {several:.0f} s, {share:.2f} of the time of one job')


def fit(repeats):
    """Time train.py's fit against the slide's own call, in one process."""
    from support.start import import_keras

    keras = import_keras()
    import tensorflow as tf

    from generate_data import make_sequences, random_streams

    trained = keras.models.load_model('runs/last/model.keras')
    X, Y = make_sequences(200, random_streams(0)[0])

    def new_model():
        model = keras.models.clone_model(trained)
        model.compile('rmsprop', 'binary_crossentropy', metrics=['accuracy'])
        return model

    def ours():
        model = new_model()
        model.steps_per_execution = 100
        batches = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(len(X)).batch(32)
        model.fit(batches, epochs=300, shuffle=False, verbose=0)

    def theirs():
        new_model().fit(X, Y, epochs=300, batch_size=32, verbose=0)

    compare('200 sequences, the fit of 300 epochs', repeats, ours, theirs)


# The fit comes last: a child's peak memory begins with that of its parent.
PARTS = {f.__name__: f for f in (process, memory, experiments, fit)}

if __name__ == '__main__':
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=formatter)
    parser.add_argument('parts', nargs='*', choices=[*PARTS, 'all'], default='all')
    parser.add_argument('--repeats', type=int, default=5)
    args = parser.parse_args()
    paths = {'TF_CPP_MIN_LOG_LEVEL': '3', 'MPLBACKEND': 'agg', 'PYTHONPATH': PROJECT}
    os.environ |= {name: str(value) for name, value in paths.items()}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run(PROJECT / 'generate_data.py')
        run(PROJECT / 'train.py')  # makes runs/last, and fills the cache of files
        for name, part in PARTS.items():
            if name in args.parts or 'all' in args.parts:
                part(args.repeats)
