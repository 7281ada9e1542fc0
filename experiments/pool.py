"""Spreads the runs over processes. These alone import TensorFlow, with one thread each.

One thread adds numbers in one order, so that any number of processes finds the same results.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from itertools import chain

from support.console import DataError
from support.start import import_keras

from experiments.questions import EXPERIMENTS

MEMORY = 1.5  # GiB that a process may come to need; 1.2 was seen


def cores():
    """Return how many cores this process may use: what Slurm granted, or its affinity."""
    affinity = getattr(os, 'sched_getaffinity', None)  # macOS has none
    here = len(affinity(0)) if affinity else os.cpu_count()
    return min(here, int(os.environ.get('SLURM_CPUS_PER_TASK', here)))


def memory():
    """Return how many GiB this process may use: what Slurm granted, or what is free."""
    for name, times in (('SLURM_MEM_PER_NODE', 1), ('SLURM_MEM_PER_CPU', cores())):
        if granted := int(os.environ.get(name, 0)):  # in MiB; 0 is all that there is
            return times * granted / 1024
    with contextlib.suppress(OSError), open('/proc/meminfo') as file:
        return next(int(line.split()[1]) for line in file if 'MemAvailable' in line) / 2**20
    return os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30


def default_jobs():
    return max(1, min(cores(), int(memory() / MEMORY)))


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
    from experiments.run import runs

    experiment = EXPERIMENTS[name]
    rows, curves = runs(seeds, N_epochs, experiment.test_every, **experiment.settings[setting])
    series, setting = setting if isinstance(setting, tuple) else ('', setting)
    named = {'series': series, 'setting': setting}
    return [named | row for row in rows], [named | row for row in curves]


def cost(options):
    """Return roughly how long a setting takes, to begin with the longest."""
    return options.get('N_train', 200) + 5000 * options.get('jit', False)


def results(pool, jobs, names, repeats, N_epochs):
    """Yield, as the runs end, (runs done, runs in all, finished).

    finished is None, or what an experiment found with these last runs: (name, rows, curves), in the
    order of its settings and of the seeds.
    """
    settings = {name: EXPERIMENTS[name].settings for name in names}
    N_runs = repeats * sum(map(len, settings.values()))
    # A worker takes several seeds of a setting at once, which saves translating its network for
    # each, but not so many that other workers wait for it at the end.
    N = max(1, min(5, N_runs // (4 * jobs)))
    chunks = [range(repeats)[i : i + N] for i in range(0, repeats, N)]
    longest = sorted(names, key=lambda name: -max(map(cost, settings[name].values())))
    futures, done = {}, 0
    # The workers inherit that Ctrl-C is ignored: it is for this process to heed.
    heeded = signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in longest:
        by_cost = sorted(settings[name], key=lambda setting: -cost(settings[name][setting]))
        futures[name] = {
            (setting, seeds): pool.submit(work, name, setting, seeds, N_epochs)
            for setting in by_cost
            for seeds in chunks
        }
    signal.signal(signal.SIGINT, heeded)
    where = {f: (name, seeds) for name in names for (_, seeds), f in futures[name].items()}
    for future in as_completed(where):
        future.result()  # raises here what was raised there
        name, seeds = where[future]
        done += len(seeds)
        finished = None
        if name in futures and all(f.done() for f in futures[name].values()):
            found = futures.pop(name)
            parts = [found[s, seeds].result() for s in settings[name] for seeds in chunks]
            finished = name, *(list(chain(*part)) for part in zip(*parts, strict=True))
        yield done, N_runs, finished
