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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process
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


def work(*task):
    """Call run_setting() in a worker."""
    import_keras()
    from experiments.run import run_setting

    return run_setting(*task)


def submit(pool, name, repeats, N_epochs):
    """Give an experiment's runs to a pool; return its futures, of run_setting().

    repeats is the number of seeds, None for the experiment's. A future has up to five
    seeds of a setting, so that its network is not built for each of them.
    """
    seeds = range(repeats or EXPERIMENTS[name].seeds)
    return [
        pool.submit(work, name, setting, seeds[i : i + 5], N_epochs)
        for setting in EXPERIMENTS[name].settings
        for i in range(0, len(seeds), 5)
    ]
