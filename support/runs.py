"""A run's folder: what one training leaves for infer.py, view.py and compare.py.

It is runs/7, or runs/wide/0 for seed 0 of the setting wide. Its files are written into
a hidden folder, which gets that name when all are there. Importing this needs no
TensorFlow.
"""

import contextlib
import itertools
import json
import os
import platform
import shutil
import signal
import sys
from datetime import datetime
from pathlib import Path

from support import answers, network
from support.console import DataError, print_table, printable, script_lines
from support.differences import changed_facts, changed_lines, code_lines

import numpy as np
import pandas as pd

from utilities import read_class_names

RUNS = Path('runs')
NETWORK = 'model.keras'
SCRIPT = 'train.py'  # as it was when it started
HISTORY = 'history.csv'  # accuracy and loss after each epoch
ANSWERS = 'predictions.csv'  # of each test sequence the class, the answer, the scores
ABOUT = 'about.txt'  # the command that made the sequences
FACTS = 'run.json'  # all else: see save_run


def read_text(path):
    """Return the text of a file, '' without it."""
    return path.read_text('utf-8', 'replace') if path.exists() else ''


def read_run(folder):
    """Return run.json of a folder, a dict, with folder, its Path; None if it is no run.

    It is one if its run.json can be read, and has a time and numbers.
    """
    try:
        run = json.loads(read_text(folder / FACTS))
        must = {'time': str(run['time']), 'numbers': dict(run['numbers'])}
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return run | must | {'folder': folder}


def read_sources(run):
    """Return a run with code and about, the lines that made it: see differences.py."""
    code = code_lines(read_text(run['folder'] / SCRIPT), run['numbers'])
    about = read_text(run['folder'] / ABOUT).splitlines()
    return run | {'code': code, 'about': about}


def list_runs(place):
    """Return the runs in a folder, and in its folders, the oldest first."""
    folders = [path.parent for path in place.rglob(FACTS)]
    # One with a dot is not finished
    runs = [read_run(folder) for folder in folders if folder.name[0] != '.']
    return sorted(filter(None, runs), key=lambda run: run['time'])


def read_runs(name='.'):
    """Return the runs in runs/NAME, or all, the oldest first, as read_run does.

    runs/7 is one run, and runs/wide are those of all its seeds. Raises DataError if
    there is none.
    """
    place = RUNS / name.removeprefix('runs/')
    runs = list_runs(place)
    if not runs:
        raise DataError(f'there is no run in {place} (python train.py makes runs)')
    return runs


def describe_stop(run):
    """Return what is to be said of a run that was stopped; '' of another one."""
    return f', stopped after epoch {run["epochs"]}' if run.get('is_stopped') else ''


# ------------------------------------------------------------------ before a training


def check_place(name):
    """Raise DataError if no run could be written into runs, or runs/NAME."""
    place = RUNS / (name or '')
    while not place.exists():
        place = place.parent
    if not (place.is_dir() and os.access(place, os.W_OK)):
        raise DataError(f'you cannot write into {place.absolute()}: no run can be kept')


def is_trained(name, numbers):
    """Return whether runs/NAME has the seed of these numbers already.

    Raises DataError if this training is no seed of what is there, or something else has
    its folder. A run that was stopped does not count. Other jobs may be writing other
    seeds at the same time.
    """
    setting = RUNS / name
    new = {'numbers': numbers}
    new['code'] = code_lines(''.join(script_lines()), numbers)
    new['about'] = read_text(Path('Train', ABOUT)).splitlines()
    for run in list_runs(setting):
        if run.get('is_stopped'):
            continue
        old = read_sources({key: run[key] for key in ('folder', 'numbers')})
        changes = changed_facts(old, new) + changed_lines(old, new)
        if changes:
            more = '; ...' if len(changes) > 2 else ''
            why = f'this is no seed of {setting} ({"; ".join(changes[:2])}{more})'
            raise DataError(f'{why}: take another --name')
    own = setting / str(numbers.get('seed', 0))
    if not own.exists():
        return False
    run = read_run(own)
    if not run:
        raise DataError(f'{own} is no run: take another --name')
    seed = run['numbers'].get('seed')
    if seed != numbers.get('seed'):
        remedy = f'take another --name, or  rm -r {own}'
        raise DataError(f'{own} is of seed {seed}: {remedy}')
    return not run.get('is_stopped')


# ------------------------------------------------------------------ after it


def save_run(numbers, model, history, X_train, Y_train, X_test, Y_test):
    """Print what the test accuracy is worth and what was wrong; make the run's folder.

    numbers are those of read_command_line, history is what fit has returned. The arrays
    are those that fit and evaluate were given: X (n, N, ...), and Y (n,) or one-hot
    (n, classes). If a signal has stopped the fit, this ends the script: with status 130
    after Ctrl-C, 143 after the SIGTERM that ends a job.
    """
    output = network.describe_output(model)
    scores = network.predict_scores(model, X_test, output.scores)
    epochs = epochs_table(history)
    predictions = predictions_table(scores, X_train, X_test, Y_test)
    unclear = why_unclear(epochs, output, model, history)
    facts = list_facts(numbers, model, history, X_train, Y_train, X_test, Y_test)
    facts |= {
        'accuracy': float((predictions['predicted'] == predictions['class']).mean()),
        'epochs_to_95': None if unclear else answers.first_epoch(epochs, 0.95),
        'scores': output.scores,
    }
    training = answers.describe_training(epochs, history.params['epochs'], unclear)
    print_report(predictions, facts['class_names'], training)
    write_run(numbers.get('name'), model, epochs, predictions, facts)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # which ShowProgress only noted
    if 'signal' in history.params:
        raise SystemExit(128 + history.params['signal'])


def epochs_table(history):
    """Return a table of what fit has returned, a row for each epoch."""
    epochs = pd.DataFrame({'epoch': [epoch + 1 for epoch in history.epoch]})
    for key, values in history.history.items():
        if len(values) == len(epochs):  # not of a validation in every fifth epoch
            epochs[key] = values
    return epochs


def predictions_table(scores, X_train, X_test, Y_test):
    """Return a table with a row for each test sequence, of scores (n, classes)."""
    columns = {'number': range(1, len(scores) + 1)}
    ids = read_text(Path('Test/ids.txt')).splitlines()  # the object of each
    if len(ids) == len(scores):
        columns['id'] = ids
    columns['class'] = answers.class_numbers(Y_test).astype(int)
    columns['predicted'] = scores.argmax(axis=1)
    columns['in_train'] = answers.find_copies(X_test, X_train).astype(int)
    return pd.DataFrame(columns).join(pd.DataFrame(scores).add_prefix('score_'))


def why_unclear(epochs, output, model, history):
    """Return why the epochs to 95 % of the training would mean nothing; or ''."""
    if not any('acc' in name for name in epochs):
        return 'fit gives no accuracy'
    if output.scores == 'sigmoid':
        return 'fit and evaluate cut logits at 0.5, the lines above at 0'
    steps = history.params.get('steps')  # updates in an epoch, if that is known
    others = int(model.optimizer.iterations) - len(epochs) * steps if steps else 0
    return f'the network has made {others:,} other updates' if others > 0 else ''


def list_facts(numbers, model, history, X_train, Y_train, X_test, Y_test):
    """Return what run.json says of a training, as a dict."""
    return {
        'time': datetime.now().isoformat(),
        'numbers': {key: numbers[key] for key in numbers if key != 'name'},
        'layers': ', '.join(map(network.describe_layer, model.layers)),
        'class_names': read_class_names('Train'),
        'train': answers.hash_set(X_train, Y_train),  # to see if data are others
        'test': answers.hash_set(X_test, Y_test),
        'extent': {'low': float(np.min(X_train)), 'high': float(np.max(X_train))},
        'epochs': len(history.epoch),
        'updates': history.params.get('steps'),  # in an epoch
        'is_stopped': history.params.get('is_stopped', False),
    }


def print_report(predictions, class_names, training):
    """Print what the answers are worth, lines on the training, and what is wrong."""
    class_names = [*map(printable, class_names)]
    Y = predictions['class'].to_numpy()
    predicted = predictions['predicted'].to_numpy()
    in_train = predictions['in_train'].to_numpy(bool)
    print(*answers.describe_test(Y, predicted, in_train, class_names), sep='\n')
    if 'id' in predictions and not predictions['id'].is_unique:
        count = f'These are of {predictions["id"].nunique()} objects'
        print(f'{count}: the interval is not for sequences of new objects')
    print(*training, sep='\n')
    print_table(answers.confusion_table(Y, predicted, class_names))
    if any(predicted != Y):
        print(answers.describe_wrong(Y, predicted, class_names))


def write_run(name, model, epochs, predictions, facts):
    """Write a run, then give its folder its name, and print what is in it.

    Raises DataError if the disk refuses something.
    """
    new = RUNS / (name or '') / f'.{platform.node()}-{os.getpid()}'
    try:
        new.mkdir(parents=True, exist_ok=True)
        model.save(new / NETWORK)
        epochs.to_csv(new / HISTORY, index=False)
        predictions.to_csv(new / ANSWERS, index=False, float_format='%.6g')
        (new / SCRIPT).write_text(''.join(script_lines()), 'utf-8')
        about = Path('Train', ABOUT)
        if about.exists():
            (new / ABOUT).write_bytes(about.read_bytes())
        save_figures(new)
        (new / FACTS).write_text(json.dumps(facts, indent=1), 'utf-8')
        folder = name_folder(new, name, facts['numbers'].get('seed', 0))
    except OSError as error:
        why = error.strerror or error
        raise DataError(f'the run could not be saved in {RUNS}: {why}') from None
    finally:  # also after Ctrl-C; a whole one has its name by now
        shutil.rmtree(new, ignore_errors=True)
    point_last_to(folder)
    print(f'Run: {folder} with {", ".join(sorted(os.listdir(folder)))}')


def save_figures(folder):
    """Save all open figures as PNGs, by their names: history.png, figure_2.png."""
    import matplotlib.pyplot as plt

    for number in plt.get_fignums():
        figure = plt.figure(number)
        name = figure.get_label() or f'figure_{number}'
        try:
            figure.savefig(folder / f'{name.replace("/", "_")}.png', dpi=150)
        except Exception as error:  # a picture never costs a network
            why = f'{type(error).__name__}: {error}'.splitlines()[0]
            print(printable(f'{name}.png could not be saved: {why}'), file=sys.stderr)


def name_folder(new, name, seed):
    """Rename a whole folder to runs/NAME/SEED, or the next number; return its Path.

    Without name it is the next number in runs. A run of this seed that was stopped
    makes room. Of several jobs that want a name, the first to rename has it.
    """
    place = new.parent
    own = place / str(seed)
    old = read_run(own) if name else None
    if old and old.get('is_stopped'):
        shutil.rmtree(own)
    taken = [int(path.name) for path in place.glob('*') if path.name.isdecimal()]
    numbers = itertools.count(max(taken, default=0) + 1)
    for number in itertools.chain([seed] if name else [], numbers):
        try:
            folder = new.rename(place / str(number))
        except OSError:
            if not (place / str(number)).exists():
                raise
        else:
            if name and number != seed:
                print(f'{own} is taken, so this run is {folder}')
            return folder


def point_last_to(folder):
    """Let runs/last be this folder, where the disk has links."""
    link = RUNS / f'.last-{os.getpid()}'
    with contextlib.suppress(OSError):
        os.symlink(folder.relative_to(RUNS), link)
        os.replace(link, RUNS / 'last')
