"""A run's folder: what one training leaves for infer.py, view.py and compare.py.

It is runs/wide/0 for seed 0 of the setting wide, or else the next number, runs/7. Its
files are written into a hidden folder, which gets that name when all are there. Nothing
is ever replaced. Only this module knows where runs are; it needs no TensorFlow.
"""

import difflib
import json
import os
import platform
import shutil
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from support import answers, network
from support.console import UserError, print_table, printable, script_lines
from support.differences import changed_facts, changed_lines, code_lines

import numpy as np

from utilities import read_class_names, read_set

RUNS = Path('runs')
NETWORK = 'model.keras'
SCRIPT = 'train.py'  # as it was when it started
HISTORY = 'history.csv'  # accuracy and loss after each epoch
ANSWERS = 'predictions.csv'  # of each test sequence the class, the answer, the scores
FACTS = 'run.json'  # all else: see save_run

# ------------------------------------------------------------------ to read runs


def read_text(path):
    """Return the text of a file, '' without it."""
    return path.read_text('utf-8', 'replace') if path.exists() else ''


def read_run(folder):
    """Return run.json of a folder, a dict, with folder, its Path; None if it is no run.

    It is one if its run.json can be read, and has numbers and a time, which is a
    datetime here. setting is the name of its setting: wide of runs/wide/0, 7 of runs/7.
    """
    try:
        run = json.loads(read_text(folder / FACTS))
        time = datetime.fromisoformat(run['time']).astimezone()
        run |= {'time': time, 'numbers': dict(run['numbers']), 'folder': folder}
        return run | {'setting': run_name(folder).partition('/')[0]}
    except (OSError, ValueError, TypeError, KeyError):
        return None


def list_runs(name=''):
    """Return the runs in runs/NAME, or all, the oldest first, as read_run does."""
    folders = [path.parent for path in run_folder(name).rglob(FACTS)]
    # One with a dot is not finished
    runs = [read_run(folder) for folder in folders if folder.name[0] != '.']
    return sorted(filter(None, runs), key=lambda run: run['time'])


def read_runs(name=''):
    """Return what list_runs does; raise UserError, with like names, if that is none."""
    runs = list_runs(name)
    if not runs:
        near = ', '.join(difflib.get_close_matches(name, list_settings(), 8, 0))
        remedy = f'the nearest are {near}' if near else 'python train.py makes runs'
        raise UserError(f'there is no run in {run_folder(name)}: {remedy}')
    return runs


def list_settings():
    """Return the names of all settings, the oldest first; a stopped run is of none."""
    whole = [run for run in reversed(list_runs()) if not run.get('is_stopped')]
    return [*dict.fromkeys(run['setting'] for run in whole)][::-1]


def read_settings(names):
    """Return {name: its runs, with code}, of names as run_folder takes them."""
    names = [run_name(run_folder(name)) for name in names]
    return {name: [*map(read_code, read_runs(name))] for name in names}


def read_code(run):
    """Return a run with code, the lines of its script that count (differences.py)."""
    script = read_text(run['folder'] / SCRIPT)
    return run | {'code': code_lines(script, run['numbers'])}


def describe_stop(run):
    """Return what is to be said of a run that was stopped; '' of another one."""
    return f', stopped after epoch {run["epochs"]}' if run.get('is_stopped') else ''


# ------------------------------------------------------------------ the place of a run


def run_folder(name):
    """Return the folder of wide, 7 or wide/0, also typed as runs/wide/; of '', runs."""
    return RUNS / name.removeprefix(f'{RUNS}/').strip('/')


def run_name(folder):
    """Return the name of a folder, which run_folder takes: wide, 7 or wide/0."""
    return str(folder.relative_to(RUNS))


def seed_folder(name, numbers):
    """Return runs/NAME/SEED, the folder of a training with a name; None without one."""
    return run_folder(name) / str(numbers.get('seed', 0)) if name else None


def check_place(name):
    """Raise UserError if no run could be written into runs, or into runs/NAME."""
    for place in RUNS, run_folder(name or ''):
        while not place.exists():
            place = place.parent
        if not (place.is_dir() and os.access(place, os.W_OK)):
            why = f'you cannot write into {place.absolute()}'
            raise UserError(f'{why}: no run can be kept')


def find_trained(name, numbers):
    """Return the run of this name and seed; None if it is to be trained.

    The numbers and lines of the script that runs are those of this run, or else of the
    newest run in runs/NAME: if not, this raises UserError, which says what differs. The
    data may be others. It raises UserError, too, if something else has the run's place.
    """
    runs = list_runs(name)
    folder = seed_folder(name, numbers)
    trained = next((run for run in runs if run['folder'] == folder), None)
    if folder.exists() and not trained:
        raise UserError(f'{folder} is no run: take another --name')
    if runs:
        old = read_code(trained or runs[-1])
        code = code_lines(''.join(script_lines()), numbers)
        new = old | {'numbers': numbers, 'code': code}
        changes = changed_facts(old, new) + changed_lines(old, new)
        if changes:
            more = '; ...' if len(changes) > 2 else ''
            why = f'this is no seed of {folder.parent} ({"; ".join(changes[:2])}{more})'
            raise UserError(f'{why}: take another --name')
    return trained


def name_folder(new, folder=None):
    """Rename the folder new to this one, or to the next number in runs; return which.

    Of several jobs that want a folder, the first to rename has it.
    """
    if not folder:
        taken = [int(path.name) for path in RUNS.iterdir() if path.name.isdecimal()]
        folder = run_folder(str(max(taken, default=0) + 1))
    folder.parent.mkdir(exist_ok=True)
    try:
        return new.rename(folder)
    except OSError:
        if not folder.exists():
            raise
    return name_folder(new)


# ------------------------------------------------------------------ to save one


def save_run(numbers, model, history, X_train, Y_train, X_test, Y_test):
    """Print what the test accuracy is worth and what was wrong; make the run's folder.

    numbers are those of read_command_line, history is what fit has returned. The arrays
    are those that fit and evaluate were given: X (n, N, ...), and Y (n,) or one-hot
    (n, classes). If a signal has stopped the fit, this ends the script: with status 130
    after Ctrl-C, 143 after the SIGTERM that ends a job.
    """
    numbers = {'name': None, 'class_names': read_class_names('Train')} | numbers
    name = numbers.pop('name')
    class_names = numbers.pop('class_names')
    output = network.describe_output(model)
    scores = network.predict_scores(model, X_test, output.scores)
    epochs = answers.epochs_table(history)
    unclear = why_unclear(epochs, output, model, history)
    ids = read_ids(X_test, Y_test)
    predictions = answers.predictions_table(scores, X_train, X_test, Y_test, ids)
    training = answers.describe_training(epochs, history.params['epochs'], unclear)
    print_report(predictions, [*map(printable, class_names)], training)
    facts = {
        'time': datetime.now(UTC).isoformat(),
        'numbers': numbers,
        'layers': ', '.join(map(network.describe_layer, model.layers)),
        'class_names': class_names,
        'train': answers.hash_set(X_train, Y_train),  # to see if data are others
        'test': answers.hash_set(X_test, Y_test),
        'extent': {'low': float(np.min(X_train)), 'high': float(np.max(X_train))},
        'epochs': len(epochs),
        'updates': history.params.get('steps'),  # in an epoch
        'is_stopped': history.params.get('is_stopped', False),
        'accuracy': float((predictions['predicted'] == predictions['class']).mean()),
        'epochs_to_95': None if unclear else answers.first_epoch(epochs, 0.95),
        'scores': output.scores,
    }
    write_run(name, model, epochs, predictions, facts)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # which ShowProgress only noted
    if 'signal' in history.params:
        raise SystemExit(128 + history.params['signal'])


def why_unclear(epochs, output, model, history):
    """Return why the epochs to 95 % of the training would mean nothing; or ''."""
    if epochs.filter(like='acc').empty:
        return 'fit gives no accuracy'
    if output.scores == 'sigmoid':
        return 'the network gives logits; fit may have used another threshold'
    steps = history.params.get('steps')  # updates in an epoch, if that is known
    others = int(model.optimizer.iterations) - len(epochs) * steps if steps else 0
    return f'the network has made {others:,} other updates' if others > 0 else ''


def read_ids(X_test, Y_test):
    """Return whose the test sequences are, if Test has ids.txt and they are its first.

    Else this is unknown: [].
    """
    ids = read_text(Path('Test/ids.txt')).splitlines()[: len(X_test)]
    if not ids:
        return []
    try:
        first = read_set('Test', len(ids), X_test[0].size)
    except (OSError, ValueError):  # fewer, or of another length
        return []
    return ids if answers.hash_set(*first) == answers.hash_set(X_test, Y_test) else []


def print_report(predictions, class_names, training):
    """Print what the answers are worth, lines on the training, and what is wrong."""
    Y = predictions['class'].to_numpy()
    predicted = predictions['predicted'].to_numpy()
    in_train = predictions['in_train'].to_numpy(bool)
    print(*answers.describe_test(Y, predicted, in_train, class_names), sep='\n')
    if 'id' not in predictions and Path('Test/ids.txt').exists():
        why = 'X_test is not what Test holds'
        print(f'{why}: for new objects the interval may be wider')
    elif 'id' in predictions and not predictions['id'].is_unique:
        N = predictions['id'].nunique()
        print(f'These are of {N} objects: for new objects the interval is wider')
    print(*training, sep='\n')
    print_table(answers.confusion_table(Y, predicted, class_names))
    if any(predicted != Y):
        print(answers.describe_wrong(Y, predicted, class_names))


def write_run(name, model, epochs, predictions, facts):
    """Write a run, then give its folder its name, and print what is in it.

    One that was stopped gets a number. Raises UserError if the disk refuses something.
    """
    own = seed_folder(name, facts['numbers'])
    new = RUNS / f'.{platform.node()}-{os.getpid()}'
    try:
        new.mkdir(parents=True, exist_ok=True)
        model.save(new / NETWORK)
        epochs.to_csv(new / HISTORY)
        predictions.to_csv(new / ANSWERS, index=False, float_format='%.6g')
        (new / SCRIPT).write_text(''.join(script_lines()), 'utf-8')
        save_figures(new)
        (new / FACTS).write_text(json.dumps(facts, indent=1), 'utf-8')
        folder = name_folder(new, None if facts['is_stopped'] else own)
    except OSError as error:
        why = error.strerror or error
        raise UserError(f'the run could not be saved in {RUNS}: {why}') from None
    finally:  # also after Ctrl-C; a whole one has its name by now
        shutil.rmtree(new, ignore_errors=True)
    if folder != own and name:
        why = describe_stop(facts).removeprefix(', ') or f'{own} is taken'
        print(f'{why}, so this run is {folder}')
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
