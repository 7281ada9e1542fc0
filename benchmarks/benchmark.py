"""Measure what the documents say of speed and memory.

    python benchmarks/benchmark.py               all, about half an hour
    python benchmarks/benchmark.py process       or memory, experiments, fit
    python benchmarks/benchmark.py --repeats 9   more repeats for steadier medians

train.py and the slides' own lines do the same work: the same network, rmsprop, batches
of 32, shuffled in every epoch. They take turns, so that a busy machine slows both. A
ratio above 1 means that ours is faster.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from timeit import timeit

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))
from support.batches import make_batches
from support.console import make_parser

import numpy as np
import pandas as pd

from docs.edits import edited, sections
from experiments.questions import Setting
from generate_data import make_sequences, random_streams

QUIET = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}


def run(*command):
    subprocess.run([sys.executable, *map(str, command)], check=True, **QUIET)


def compare(name, repeats, ours, theirs):
    """Time two functions in turns; print the medians and the range of the ratios."""
    times = [(timeit(ours, number=1), timeit(theirs, number=1)) for _ in range(repeats)]
    ratios = [b / a for a, b in times]
    a, b = np.median(times, axis=0)
    print(f'{name}: {a:.3g} s against {b:.3g} s, ratio {b / a:.1f}', end=' ')
    print(f'({min(ratios):.1f} to {max(ratios):.1f} in {repeats} repeats)', flush=True)


def process(repeats):
    """Time python train.py against the same script with the slides' lines alone."""
    text = (PROJECT / 'train.py').read_text(encoding='utf-8')
    ours = 'from support|prepare|read_command|set_random|check_net|save_run|show_plots'
    slides = re.sub(rf'(?m)^({ours}|model\.steps).*\n', '', text)
    slides = re.sub(r',\s*callbacks=\[ShowAndSave\(\)\]', '', slides)
    pathlib.Path('slides.py').write_text(slides, encoding='utf-8')
    name, train = 'python train.py, the whole process', PROJECT / 'train.py'
    compare(name, repeats, lambda: run(train), lambda: run('slides.py'))


def train_mapped(N_train):
    """Train with a packed set left on the disk; return MiB, and seconds of an epoch.

    The memory is the peak of what the process holds itself, RssAnon, without pages of
    the file, which the system may take back.
    """
    numbers = '--N_epochs', '4', '--N_train', str(N_train)
    command = [sys.executable, 'train_mapped.py', *numbers]
    peak, child = 0, subprocess.Popen(command, **QUIET)
    while child.poll() is None:
        status = pathlib.Path(f'/proc/{child.pid}/status').read_text()
        used = re.search(r'RssAnon:\s+(\d+)', status)
        peak = max(peak, int(used[1]) if used else 0)
        time.sleep(0.02)
    if child.returncode:
        raise SystemExit('train_mapped.py has failed')
    return peak / 1024, pd.read_csv('runs/last/history.csv').seconds.diff().mean()


def memory(repeats):
    """Print the memory and an epoch's time with few and with many packed sequences."""
    edit = sections('docs/own-data.md')['A set larger than the memory']
    text = edited((PROJECT / 'train.py').read_text(encoding='utf-8'), edit)
    pathlib.Path('train_mapped.py').write_text(text, encoding='utf-8')
    few, many = 20_000, 400_000
    run(PROJECT / 'generate_data.py', many, 50, '--packed', '--overwrite')
    for N in few, many:
        used, seconds = np.median([train_mapped(N) for _ in range(repeats)], axis=0)
        print(f'{N:,} sequences on the disk: {used:.0f} MiB, {seconds:.2f} s an epoch')


def experiments(repeats):
    """Time all experiments, one seed each, with a process a core and with one."""
    command = ('-m', 'experiments', '--repeats', 1)
    one = timeit(lambda: run(*command, '--jobs', 1), number=1)
    several = timeit(lambda: run(*command), number=1)
    share = several / one
    print(f'all experiments: {several:.0f} s, {share:.2f} of the time of one job')


def fit(repeats):
    """Time train.py's fit against the slide's own call, in one process."""
    from experiments.run import new_network

    X, Y = make_sequences(200, random_streams(0)[0])

    def new_model():
        model = new_network(Setting())
        model.compile('rmsprop', 'binary_crossentropy', metrics=['accuracy'])
        return model

    def ours():
        model = new_model()
        model.steps_per_execution = 100
        batches = make_batches((X, Y), 32, shuffle=True)
        model.fit(batches, epochs=300, shuffle=False, verbose=0)

    def theirs():
        new_model().fit(X, Y, epochs=300, batch_size=32, verbose=0)

    compare('200 sequences, the fit of 300 epochs', repeats, ours, theirs)


PARTS = {'process': process, 'memory': memory, 'experiments': experiments, 'fit': fit}

if __name__ == '__main__':
    parser = make_parser(__doc__)
    parser.add_argument('part', nargs='?', choices=[*PARTS])
    parser.add_argument('--repeats', type=int, default=5)
    args = parser.parse_args()
    paths = {'TF_CPP_MIN_LOG_LEVEL': '3', 'MPLBACKEND': 'agg', 'PYTHONPATH': PROJECT}
    os.environ |= {name: str(value) for name, value in paths.items()}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run(PROJECT / 'generate_data.py')
        run(PROJECT / 'train.py')  # makes runs/last, and fills the cache of files
        for name in [args.part] if args.part else PARTS:
            PARTS[name](args.repeats)
