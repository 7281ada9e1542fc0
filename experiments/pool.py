"""Spreads the runs over processes. These alone import TensorFlow, with one thread each.

One thread adds numbers in one order, so any number of processes finds the same results.
"""

import contextlib
import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from support.console import DataError
from support.start import import_keras

from experiments.questions import EXPERIMENTS


def start_worker():
    """Prepare a new process, before it imports TensorFlow."""
    os.environ |= {
        'TF_NUM_INTRAOP_THREADS': '1',
        'TF_NUM_INTEROP_THREADS': '1',
        'CUDA_VISIBLE_DEVICES': '-1',  # a GPU gains nothing with small networks
    }
    # Each process would repeat TensorFlow's notices; errors come back with the results.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


@contextlib.contextmanager
def workers(jobs):
    """Give a ProcessPoolExecutor, whose processes end with it, also after an error."""
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context('spawn'), start_worker)
    try:
        yield pool
    except BrokenProcessPool:
        raise DataError(
            'a process was killed, probably for want of memory: give fewer --jobs'
        ) from None
    finally:
        for process in multiprocessing.active_children():
            process.kill()
        pool.shutdown(cancel_futures=True)


def work(name, setting, seeds, N_epochs):
    """Run one setting of an experiment, in a worker; return its rows and curves."""
    import_keras()
    from experiments.run import run_setting

    experiment = EXPERIMENTS[name]
    options = experiment.settings[setting]
    rows, curves = run_setting(seeds, N_epochs, experiment.test_every, **options)
    series, setting = setting if isinstance(setting, tuple) else ('', setting)
    named = {'series': series, 'setting': setting}
    return [named | row for row in rows], [named | row for row in curves]


def submit(pool, names, repeats, N_epochs):
    """Give all runs to a pool; return {name: futures of work()}.

    repeats is the number of seeds, None for the experiment's. A future has up to five
    seeds of a setting, so that its network is not built for each of them.
    """
    futures = {}
    # The processes inherit that Ctrl-C is ignored: it is for this one.
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in names:
        seeds = range(repeats or EXPERIMENTS[name].seeds)
        futures[name] = [
            pool.submit(work, name, setting, seeds[i : i + 5], N_epochs)
            for setting in EXPERIMENTS[name].settings
            for i in range(0, len(seeds), 5)
        ]
    signal.signal(signal.SIGINT, previous)
    return futures
