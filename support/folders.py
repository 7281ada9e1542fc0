"""Where runs are: their folders, by their names, with the files in them.

A run is in runs/wide/3 for seed 3 of the setting wide, or without a name in the folder
of the next number, runs/7.
"""

import itertools
import os
from pathlib import Path

RUNS = Path('runs')
NETWORK = 'model.keras'
SCRIPT = 'train.py'  # as it was when it started
HISTORY = 'history.csv'  # accuracy and loss after each epoch
PREDICTIONS = 'predictions.csv'  # a row for each test sequence: class, answer, ...
FACTS = 'run.json'  # all else: the fields of Run in runs.py


def run_folder(name):
    """Return the folder of wide, 7 or wide/3, also typed as runs/wide/; of '', runs."""
    return RUNS / name.removeprefix(f'{RUNS}/').strip('/')


def run_name(folder):
    """Return the name of a folder, which run_folder takes: wide, 7 or wide/3."""
    return str(folder.relative_to(RUNS))


def new_folders(setting, numbers):
    """Yield the folders that a new run may have, in order, without end.

    They are runs/7, runs/8, ..., or of a setting runs/wide/3, runs/wide/3-2, ...
    """
    if setting:
        own = f'{setting}/{numbers.get("seed", 0)}'
        yield run_folder(own)
        for i in itertools.count(2):
            yield run_folder(f'{own}-{i}')
    else:
        taken = [int(path.name) for path in RUNS.iterdir() if path.name.isdecimal()]
        for i in itertools.count(max(taken, default=0) + 1):
            yield run_folder(str(i))


def find_folders(name):
    """Return the folders in runs/NAME, or in all of runs, that hold a run."""
    found = []
    for folder, inner, files in os.walk(run_folder(name)):
        inner[:] = [path for path in inner if path[0] != '.']  # still being written
        if FACTS in files or NETWORK in files:
            found.append(Path(folder))
    return found
