"""Spreads the runs over processes. These alone import TensorFlow, with one thread each.

One thread adds numbers in one order, so that any number of processes finds the same results.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
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
        'CUDA_VISIBLE_DEVICES': '-1',  # a GPU gains nothing with networks as small as these
    }
    # TensorFlow's notices would come once for each process; errors reach us in another way.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

    def end_with_parent():
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


@contextlib.contextmanager
def workers(jobs):
    """Give a ProcessPoolExecutor; an error or Ctrl-C ends its processes at once."""
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context('spawn'), start_worker)
    try:
        yield pool
    except BaseException as error:
        for process in multiprocessing.active_children():
            process.kill()
        if isinstance(error, BrokenProcessPool):
            raise DataError(
                'a process was killed, probably for want of memory: give fewer --jobs'
            ) from None
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def work(name, setting, seeds, N_epochs):
    """Run one setting of an experiment, in a worker; return run.py's rows and curves."""
    import_keras()
    from experiments.run import run_setting

    experiment = EXPERIMENTS[name]
    options = experiment.settings[setting]
    rows, curves = run_setting(seeds, N_epochs, experiment.test_every, **options)
    series, setting = setting if isinstance(setting, tuple) else ('', setting)
    named = {'series': series, 'setting': setting}
    return [named | row for row in rows], [named | row for row in curves]


def submit(pool, names, repeats, N_epochs):
    """Give all runs to a pool; return {name: futures of work()}, in the order of the settings.

    A future has up to five seeds of a setting, which saves building its network for each. repeats
    is the number of seeds, or None for that of the experiment.
    """
    futures = {}
    # The workers inherit that Ctrl-C is ignored: it is for this process to heed.
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
