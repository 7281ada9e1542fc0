"""Measure what the documents say of speed and memory.

    python benchmarks/benchmark.py               all, about half an hour
    python benchmarks/benchmark.py process       or memory, experiments, fit
    python benchmarks/benchmark.py --repeats 9   more repeats for steadier medians

train.py and the slides' own lines do the same work: the same network, rmsprop, batches
of 32, shuffled in every epoch. They take turns, so that a busy machine slows both. A
ratio above 1 means that ours is faster.
"""

import argparse
import csv
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))
from support.batches import replace_slow_batches

import numpy as np

from docs.edits import edited, sections

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
    """Time python train.py against the same script with the slides' lines alone."""
    text = (PROJECT / 'train.py').read_text(encoding='utf-8')
    ours = 'from support|prepare|read_command|set_random|check_net|save_run|show_plots'
    slides = re.sub(rf'(?m)^({ours}|model\.steps).*\n', '', text)
    slides = re.sub(r',\s*callbacks=\[ShowAndSave\(\)\]', '', slides)
    pathlib.Path('slides.py').write_text(slides, encoding='utf-8')
    what = 'python train.py, the whole process'
    train = PROJECT / 'train.py'
    compare(what, repeats, lambda: run(train), lambda: run('slides.py'))


def train_mapped(N_train, N_epochs):
    """Train with a packed set left on the disk; return the memory in MiB, and seconds.

    The memory is the peak of what the process holds itself, RssAnon, without pages of
    the file, which the system may take back; the seconds are those of each epoch.
    """
    edit = sections('docs/own-data.md')['A set larger than the memory']
    text = edited((PROJECT / 'train.py').read_text(encoding='utf-8'), edit)
    pathlib.Path('train_mapped.py').write_text(text, encoding='utf-8')
    numbers = '--N_epochs', str(N_epochs), '--N_train', str(N_train)
    command = [sys.executable, 'train_mapped.py', *numbers]
    peak, child = 0, subprocess.Popen(command, **QUIET)
    while child.poll() is None:
        status = pathlib.Path(f'/proc/{child.pid}/status').read_text()
        used = re.search(r'RssAnon:\s+(\d+)', status)
        peak = max(peak, int(used[1]) if used else 0)
        time.sleep(0.02)
    if child.returncode:
        raise SystemExit('train_mapped.py has failed')
    with open('runs/last/history.csv', encoding='utf-8') as file:
        seconds = [float(row['seconds']) for row in csv.DictReader(file)]
    return peak / 1024, (seconds[-1] - seconds[0]) / (N_epochs - 1)


def memory(repeats):
    """Print the memory and an epoch's time with few and with many packed sequences."""
    few, many = 20_000, 400_000
    run(PROJECT / 'generate_data.py', many, 50, '--packed', '--overwrite')
    for N_train in few, many:
        measured = np.array([train_mapped(N_train, 4) for _ in range(repeats)])
        memory, seconds = np.median(measured, axis=0)
        print(f'{N_train:,} sequences on the disk: {memory:.0f} MiB,', end=' ')
        print(f'{seconds:.2f} s an epoch', flush=True)


def experiments(repeats):
    """Time all experiments, one seed each, with a process a core and with one."""
    command = ('-m', 'experiments', '--repeats', 1)
    one, several = seconds(run, *command, '--jobs', 1), seconds(run, *command)
    share = several / one
    print(f'all experiments: {several:.0f} s, {share:.2f} of the time of one job')


def fit(repeats):
    """Time train.py's fit against the slide's own call, in one process."""
    import keras
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

    from generate_data import make_sequences, random_streams

    keras_way = ArrayDataAdapter.get_tf_dataset
    replace_slow_batches()
    our_way = ArrayDataAdapter.get_tf_dataset
    trained = keras.models.load_model('runs/last/model.keras')
    X, Y = make_sequences(200, random_streams(0)[0])

    def new_model():
        model = keras.models.clone_model(trained)
        model.compile('rmsprop', 'binary_crossentropy', metrics=['accuracy'])
        return model

    def ours():
        model = new_model()
        model.steps_per_execution = 100
        ArrayDataAdapter.get_tf_dataset = our_way
        model.fit(X, Y, epochs=300, batch_size=32, verbose=0)

    def theirs():
        ArrayDataAdapter.get_tf_dataset = keras_way
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
