"""A run's folder: what one training leaves for infer.py, view.py and compare.py.

It is runs/7, or runs/wide/0 for seed 0 of the setting wide. Its run.json is written
last: a folder without it is no run. Importing this needs no TensorFlow.
"""

import ast
import contextlib
import itertools
import json
import os
from datetime import datetime
from pathlib import Path

from support import result
from support.console import DataError, print_table, printable, script_lines
from support.files import read_text, whole_file

import numpy as np
import pandas as pd

from utilities import read_class_names

RUNS = Path('runs')
NETWORK = 'model.keras'
SCRIPT = 'train.py'  # as it was when it started
HISTORY = 'history.csv'  # accuracy and loss after each epoch
ANSWERS = 'predictions.csv'  # of each test sequence the class, the answer, the scores
ABOUT = 'about.txt'  # the command that made the sequences, and more of a table
FACTS = 'run.json'  # all else: see save_run


def read_runs(name='.'):
    """Return run.json of the runs in runs/NAME, or of all, the oldest first.

    runs/7 is one run, and runs/wide are those of all its seeds. Each dict also has
    folder, its Path. Raises DataError if there is none.
    """
    runs = []
    place = RUNS / name.removeprefix('runs/')
    for path in place.rglob(FACTS):
        try:
            run = json.loads(path.read_text('utf-8'))
        except ValueError:
            raise DataError(f'{path} is cut short: rm -r {path.parent}') from None
        runs.append(run | {'folder': path.parent})
    if not runs:
        raise DataError(f'there is no run in {place} (python train.py makes runs)')
    return sorted(runs, key=lambda run: run['time'])


def code_lines(script, numbers):
    """Return a script's lines, without comments and the first line of each number.

    numbers are those at the top of the script, by their names.
    """
    names = set(numbers)
    lines = []
    for line in ast.unparse(ast.parse(script)).splitlines():
        name = line.partition(' = ')[0]
        if name in names:
            names.remove(name)  # further down the same name is no number at the top
        elif line:
            lines.append(line)
    return lines


# ------------------------------------------------------------------ before a training


def find_setting(name, numbers):
    """Return 0 and '' for a new seed of runs/NAME; else an exit status and a line.

    Other jobs may be writing other seeds at the same time.
    """
    setting = RUNS / name
    remedy = 'take another --name, or  rm -r'
    code = code_lines(''.join(script_lines()), numbers)
    for path in setting.glob(f'*/{FACTS}'):
        difference = find_difference(path.parent, numbers, code)
        if difference:
            return 2, f'{path.parent} {difference}: {remedy} {setting}'
    own = setting / str(numbers.get('seed', 0))
    if not own.exists():
        return 0, ''
    if not (own / FACTS).exists():
        return 2, f'{own} is not whole, or another job writes it now: {remedy} {own}'
    facts = json.loads(read_text(own / FACTS))
    if facts['is_stopped']:
        return 2, f'{own} was stopped by Ctrl-C: {remedy} {own}'
    if facts['numbers'].get('seed') != numbers.get('seed'):
        return 2, f'{own} is of another seed: {remedy} {setting}'
    return 0, f'{own} is there already, by this script with these numbers.'


def find_difference(folder, numbers, code):
    """Return what a run has that no seed with these numbers and code has; or ''."""
    old = json.loads(read_text(folder / FACTS))['numbers']
    for name in {**old, **numbers}:
        if name != 'seed' and old.get(name) != numbers.get(name):
            return f'has {name} = {old.get(name)}'
    if code_lines(read_text(folder / SCRIPT), old) != code:
        return 'is of another script'
    about = read_text(folder / ABOUT)
    if about != read_text(Path('Train', ABOUT)):
        command = about.partition('\n')[0]
        return f'is of other sequences ({printable(command)})'
    return ''


# ------------------------------------------------------------------ after it


def make_folder(name, seed):
    """Make and return runs/NAME/SEED, or the next number in its place.

    Without name it is the next number in runs. Of several jobs that want a folder, the
    one whose mkdir succeeds has it.
    """
    place = RUNS / name if name else RUNS
    place.mkdir(parents=True, exist_ok=True)
    taken = [int(path.name) for path in place.glob('*') if path.name.isdecimal()]
    numbers = itertools.count(max(taken, default=0) + 1)
    for number in itertools.chain([seed] if name else [], numbers):
        folder = place / str(number)
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            if name and number != seed:
                print(f'{place / str(seed)} is taken, so this run is {folder}')
            return folder


def save_run(numbers, model, history, X_train, Y_train, X_test, Y_test):
    """Print what the test accuracy is worth and what was wrong; make the run's folder.

    numbers are those of read_command_line, history is what fit has returned. The arrays
    are those that fit and evaluate were given: X (n, N, ...), and Y (n,) or one-hot
    (n, classes). Ends the script with status 130 if Ctrl-C has stopped the fit.
    """
    numbers = dict(numbers)
    name = numbers.pop('name', None)
    class_names = read_class_names('Train')
    Y = result.class_numbers(Y_test).astype(int)
    activation = result.describe_output(model)[3]
    scores = result.predict_scores(model, X_test, activation)
    predicted = scores.argmax(axis=1)
    in_train = result.find_copies(X_test, X_train)

    epochs = pd.DataFrame({'epoch': [epoch + 1 for epoch in history.epoch]})
    for key, values in history.history.items():
        if len(values) == len(epochs):  # not of a validation in every fifth epoch
            epochs[key] = values
    speed = result.count_epochs(epochs, activation)
    answers = pd.DataFrame({'number': range(1, len(Y) + 1), 'class': Y})
    answers['predicted'] = predicted
    answers['in_train'] = in_train.astype(int)
    answers = answers.join(pd.DataFrame(scores).add_prefix('score_'))
    lines = result.describe_test(Y, predicted, in_train, class_names)
    ids = read_text(Path('Test/ids.txt')).splitlines()  # the object of each
    if len(ids) == len(Y):
        answers.insert(1, 'id', ids)
        if len(set(ids)) < len(ids):
            limit = 'the interval is not for sequences of new objects'
            lines.append(f'These are of {len(set(ids))} objects: {limit}')
    lines += result.describe_training(speed, epochs, history.params['epochs'])
    is_stopped = bool(history.params.get('is_stopped'))  # by Ctrl-C
    facts = {
        'time': datetime.now().isoformat(),
        'numbers': numbers,
        'layers': ', '.join(map(result.describe_layer, model.layers)),
        'class_names': class_names,
        'train': result.hash_set(X_train, Y_train),  # to see if data are others
        'test': result.hash_set(X_test, Y_test),
        'accuracy': float((predicted == Y).mean()),
        'epochs': len(epochs),
        'updates': history.params.get('steps'),  # in an epoch
        'is_stopped': is_stopped,
        'epochs_to_95': speed['epochs_to_95'],
        'scores': activation,  # what makes them of the outputs
        'extent': {'low': float(np.min(X_train)), 'high': float(np.max(X_train))},
    }

    print(*lines, sep='\n')
    print_table(result.confusion_table(Y, predicted, class_names))
    if any(predicted != Y):
        print(result.describe_wrong(Y, predicted, class_names))
    write_run(name, model, epochs, answers, facts)
    if is_stopped:
        raise SystemExit(130)


def write_run(name, model, epochs, answers, facts):
    """Write a run into a new folder, run.json last; print what is in it.

    Raises DataError if the disk refuses something.
    """
    try:
        folder = make_folder(name, facts['numbers'].get('seed', 0))
        save_figures(folder)
        model.save(folder / NETWORK)
        epochs.to_csv(folder / HISTORY, index=False)
        answers.to_csv(folder / ANSWERS, index=False, float_format='%.6g')
        (folder / SCRIPT).write_text(''.join(script_lines()), 'utf-8')
        about = Path('Train', ABOUT)
        if about.exists():
            (folder / ABOUT).write_bytes(about.read_bytes())
        with whole_file(folder / FACTS) as path:
            path.write_text(json.dumps(facts, indent=1), 'utf-8')
    except OSError as error:
        why = error.strerror or error
        raise DataError(f'the run could not be saved in {RUNS}: {why}') from None
    point_last_to(folder)
    print(f'Run: {folder} with {", ".join(sorted(os.listdir(folder)))}')


def save_figures(folder):
    """Save all open figures as PNGs, by their names: history.png, figure_2.png."""
    import matplotlib.pyplot as plt

    for number in plt.get_fignums():
        figure = plt.figure(number)
        name = figure.get_label() or f'figure_{number}'
        figure.savefig(folder / f'{name.replace("/", "_")}.png', dpi=150)


def point_last_to(folder):
    """Let runs/last be this folder, where the disk has links."""
    link = RUNS / f'.last-{os.getpid()}'
    with contextlib.suppress(OSError):
        os.symlink(folder.relative_to(RUNS), link)
        os.replace(link, RUNS / 'last')
