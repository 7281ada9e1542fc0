"""A run's folder, runs/7: what one fit leaves, for infer.py, view.py and compare.py.

It is made when the fit ends, and completed by the test. Its run.json is written last: a
folder without it is no run. Importing this needs no TensorFlow.
"""

import contextlib
import csv
import itertools
import json
import linecache
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from support import result
from support.console import DataError, print_table
from support.files import CLASSES_FILE, IDS_FILE, disk_errors, read_lines, whole_file
from support.sets import describe_sets, find_extent, read_hashes
from support.start import device

import numpy as np

RUNS = Path('runs')
NAME = re.compile(r'\w[\w.-]*')  # of a run: it is the name of a folder

# The files of a run, and the script as it was when it started
NETWORK, SCRIPT = 'model.keras', 'train.py'
HISTORY = 'history.csv'  # accuracy, loss and seconds after each epoch
ANSWERS = 'predictions.csv'  # of each test sequence the class, and the scores
FACTS = 'run.json'  # all else, by these names; what one lacks is as it stands here
FIELDS = {
    'time': '',  # when it began
    'numbers': {},  # those at its top, as they were when the fit began
    'layers': '',  # as you read them aloud: 16 relu, 8 tanh, 1 sigmoid
    'learning_rate': None,  # when the fit began
    'weights': None,  # a hash of the initial ones
    'fit': {},  # its arguments, callbacks too: arrays by a hash, and '?' is a function
    'setting': None,  # a hash of all that its seeds have in common, if it is known
    'arrays': {},  # hashes of X_train, Y_train, X_test, Y_test
    'data': '',  # what these are, in a line
    'data_command': None,  # what makes them again
    'table': None,  # how import_data.py has read its table
    'extent': None,  # the range of X_train: see sets.find_extent
    'class_names': [],
    'device': '',
    'job': None,  # its number in Slurm
    'versions': {},
    'epochs': None,  # that were done
    'stopped': False,  # whether Ctrl-C has ended the fit
    'epochs_to_95': None,  # of the training sequences, or 'never'; not counted: None
    'epochs_to_100': None,
    'scores': 'linear',  # what makes scores of the outputs: see result.find_scores
    'accuracy': None,  # in the test, if there was one
    'N_test': None,
    'n_given': None,  # test sequences that fit was given as well
    'not_judged': None,  # why the accuracy proves nothing, in a line
    'notes': [],  # lines that limit what it proves
}


# ------------------------------------------------------------------ in the making


@dataclass
class Run:
    """One network in the making: what check_network saw, its one fit, and its folder.

    It is judged if that fit is all that has trained the network, and was given what
    check_network saw: see find_obstacle.
    """

    model: object
    facts: dict  # what run.json will say
    weights: list  # hashes: as check_network saw them, as fit did, after each epoch
    fits: int  # that have trained the network
    train: list = ()  # hash and class of each row of X_train that check_network saw
    test: list = ()  # hashes of the rows of X_test that it saw
    given: list = ()  # hash and class of each row that fit was given to train with
    reason: str = ''  # why it is not judged, as far as is known before the test
    epochs: list = ()  # a dict for each
    folder: Path | None = None
    saved: int | None = None  # when, as modified() says


class Script:
    """The script that trains: its text, numbers and --name, and the run that it makes.

    notes are the lines printed since check_network began, each with whether it limits
    the result; validated are hashes of the rows that its fits were validated with.
    """

    current = None  # that of this process, which read_command_line makes

    def __init__(self, path=None, numbers=(), name=None, overwrite=False):
        self.text = ''.join(linecache.getlines(path or ''))
        self.numbers, self.name = dict(numbers), name
        # What is there already is replaced, but not what a job beside this one makes.
        old = RUNS.glob(f'{name}*') if overwrite else ()
        self.replaced = {path: modified(path) for path in old}
        self.sets_written = read_hashes()  # before the script reads them
        self.run, self.folders, self.notes, self.validated = None, 0, {}, set()
        Script.current = self

    def note(self, text, limits=False):
        """Print a line, if any and new; save_run prints it again below the result."""
        if text and text not in self.notes:
            self.notes[text] = limits
            print(text)

    def begin_run(self, model, X_train=(), Y_train=(), X_test=(), Y_test=()):
        """Begin the run of a network, with the arrays that check_network has seen."""
        fits = 1 if len(X_train) and getattr(model, 'history', None) else 0
        run = Run(model, dict(FIELDS), [hash_weights(model)], fits)
        if self.run and self.run.model is model:
            run.fits = self.run.fits
            if self.run.facts['accuracy'] is None:  # the same network, not tested yet
                run.folder, run.saved = self.run.folder, self.run.saved
        lengths = (len(X) or '?' for X in (X_train, X_test))
        run.facts |= describe_sets(*lengths, self.sets_written)
        run.facts['class_names'] = read_lines('Train', CLASSES_FILE)
        if len(X_train):
            run.train = result.pair_rows(X_train, Y_train)
            run.test = result.hash_rows(X_test)
            run.facts['arrays'] = result.hash_set('train', X_train, Y_train)
            run.facts['arrays'] |= result.hash_set('test', X_test, Y_test)
            run.facts['extent'] = find_extent(X_train, run.facts['table'])
        self.run = run

    def begin_fit(self, model):
        """Begin a fit of a network, also of one that check_network has not seen.

        Returns its run. A network that was tested begins another one.
        """
        run = self.run
        if not run or run.model is not model or run.facts['accuracy'] is not None:
            self.begin_run(model)
        run, now = self.run, vars(sys.modules['__main__'])
        run.fits, run.epochs = run.fits + 1, []
        run.weights = [run.weights[0], hash_weights(model)]
        rate = getattr(model.optimizer, 'learning_rate', 0)
        run.facts |= {
            'time': datetime.now().isoformat(),
            'numbers': {x: now.get(x, y) for x, y in self.numbers.items()},
            'layers': ', '.join(map(describe_layer, model.layers)),
            'learning_rate': float(f'{float(rate):.7g}'),
            'weights': result.hash_arrays(*model.get_weights()),
            'scores': result.find_scores(model),
            'device': device(),
            'job': os.environ.get('SLURM_JOB_ID'),
        }
        return run

    def save(self, model, answers=()):
        """Write the run into its folder, with a dict for each test sequence, if any.

        Raises DataError if that fails.
        """
        run = self.run
        versions = {x: sys.modules[x].__version__ for x in ('tensorflow', 'keras')}
        run.facts['versions'] = {'Python': platform.python_version(), **versions}
        run.facts['notes'] = [text for text, limits in self.notes.items() if limits]
        run.facts['epochs'] = len(run.epochs)
        with disk_errors(RUNS):
            old = None
            if not run.folder or modified(run.folder) != run.saved:
                old = self.make_folder()
            # Answers never lie beside another network than the one that gave them.
            (run.folder / ANSWERS).unlink(missing_ok=True)
            with whole_file(run.folder / NETWORK) as path:
                model.save(path, zipped=True)
            write_csv(run.folder / HISTORY, run.epochs)
            if answers:
                write_csv(run.folder / ANSWERS, answers)
            (run.folder / SCRIPT).write_text(self.text, 'utf-8')
            with whole_file(run.folder / FACTS) as path:
                facts = json.dumps(run.facts, indent=1, default=str)
                path.write_text(f'{facts}\n', 'utf-8')
            run.saved = modified(run.folder)
            if old:
                shutil.rmtree(old, ignore_errors=True)

    def make_folder(self):
        """Make runs/NAME, for another network NAME-2, or one of the next free number.

        mkdir gives it to one of the jobs that want it. Returns where the old one is
        that --overwrite replaces, or None.
        """
        RUNS.mkdir(exist_ok=True)
        self.folders, old = self.folders + (not self.run.folder), None
        taken = [int(x.name) for x in RUNS.iterdir() if x.name.isdecimal()]
        folders = (RUNS / str(i) for i in itertools.count(max(taken, default=0) + 1))
        if self.name:
            end = f'-{self.folders}' if self.folders > 1 else ''
            wanted = RUNS / f'{self.name}{end}'
            if wanted in self.replaced and self.replaced[wanted] == modified(wanted):
                old = RUNS / f'.{wanted.name}-{time.time_ns()}'
                os.rename(wanted, old)
            folders = itertools.chain([wanted], folders)
        for folder in folders:
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                break
        if self.name and folder != wanted:
            print(f'{wanted} is that of another training: this one is {folder}')
        self.run.folder = folder
        with contextlib.suppress(OSError):  # a disk without links
            os.symlink(folder.name, RUNS / f'.{folder.name}')
            os.replace(RUNS / f'.{folder.name}', RUNS / 'last')
        return old


def current_script():
    """Return the script that this process runs; without read_command_line a new one."""
    return Script.current or Script()


def run_folder():
    """Return the folder of the run in the making; None without one."""
    run = current_script().run
    return run and run.folder


def save_run(model, X_test, Y_test):
    """Print what the accuracy is worth and what was wrong, and complete the run.

    X_test is (m, N), and Y_test (m,) the classes, or (m, classes) as to_categorical
    makes it. Ends the script with status 130 if Ctrl-C has ended the fit.
    """
    script, weights = current_script(), hash_weights(model)
    run = script.run if script.run and script.run.epochs else None
    if not run or (model is not run.model and weights not in run.weights):
        reason = 'trained without ShowAndSave'
        reason = 'another network was trained after it' if run else reason
        run = script.begin_fit(model)
        run.reason, run.epochs = reason, list_epochs(model)
    facts, names = run.facts, run.facts['class_names']
    Y, rows = result.class_numbers(Y_test).astype(int), result.hash_rows(X_test)
    scores = result.predict_scores(model, X_test, facts['scores'])
    predicted, trained = scores.argmax(axis=1), {row for row, _ in run.given}
    right, trained = predicted == Y, np.array([x in trained for x in rows])
    given = trained | [x in script.validated for x in rows]
    facts |= {'accuracy': right.mean(), 'N_test': len(Y), 'n_given': int(given.sum())}
    reason = find_obstacle(
        run, weights, result.hash_set('test', X_test, Y), trained, given
    )
    facts['not_judged'] = reason
    ids = read_lines('Test', IDS_FILE)[: len(Y)]
    # Also the network again: a callback may have restored other weights after the fit.
    script.save(model, list_answers(Y, scores, given, ids, facts['scores']))
    metrics = {}
    with contextlib.suppress(ValueError):  # there was no evaluate( )
        metrics = model.get_metrics_result()
    shown = [value for name, value in metrics.items() if 'acc' in name]
    if shown and abs(shown[0] - right.mean()) > 1e-4:
        why = 'of other data, or counted in another way'
        print(f'The accuracy above is {why}: see evaluate( ) and metrics')
    if reason:
        print(f'{right.sum()} of {len(Y)} right')
    else:
        print(*result.describe_test(right, given), sep='\n')
        if len({*ids}) < len(ids):
            objects = f'These are of {len({*ids})} objects'
            print(f'{objects}: the confidence is not about sequences of new objects')
        print(result.describe_baseline(Y, names))
        print(result.describe_convergence(facts))
        if line := result.describe_validation(run.epochs):
            print(line)
    print_table(result.confusion_table(Y, predicted, names))
    if reason:
        print(f'Not judged: {reason}')
    elif not right.all():
        print(result.describe_wrong(Y, predicted, names))
    if not facts['scores']:
        print('The network ends with no sigmoid or softmax, so no scores are stored')
    print(*script.notes, sep='\n', end='\n' * bool(script.notes))
    if facts['epochs'] < (wanted := facts['fit'].get('epochs', 0)):
        print(f'Stopped after {facts["epochs"]} of {wanted} epochs')
    print(f'Run: {run.folder} with {", ".join(sorted(os.listdir(run.folder)))}')
    if facts['stopped']:
        sys.exit(130)


def find_obstacle(run, weights, tested, trained, given):
    """Return why a tested network is not judged; None if it is.

    weights and tested are hashes of those of the network, and of the test. trained and
    given, bool (n,), say which test sequences fit trained with, or was given at all.
    """
    copies = f'{trained.sum()} of {len(trained)} {result.COPIES}'
    reasons = {
        run.reason: run.reason,
        f"trained by {run.fits} fits: train each fold's own model": run.fits > 1,
        'check_network( ) has not seen this network before its fit': not run.train,
        'its weights were changed between check_network( ) and fit': (
            run.weights[0] != run.weights[1]
        ),
        'fit was given other sequences or classes than check_network( )': (
            {*run.given} - {*run.train}
        ),
        'it has other weights than its fit has left': weights not in run.weights[2:],
        'check_network( ) saw another test': tested.items()
        - run.facts['arrays'].items(),
        f'{copies}: this is memory, not an exam': trained.all(),
        'chosen by the test sequences, which fit was given': given.all(),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


# ------------------------------------------------------------------ its parts


def modified(folder):
    """Return when the run in a folder was written, in ns; None if there is none."""
    with contextlib.suppress(OSError):
        return (folder / FACTS).stat().st_mtime_ns


def check_room(model):
    """Raise DataError if there is no room for the network where runs are."""
    size = 12 * model.count_params() + 2**17  # with what the optimizer remembers
    folder = RUNS if RUNS.exists() else '.'
    with disk_errors(RUNS / NETWORK), tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(min(size, 10**8)))


def hash_weights(model):
    """Return a hash for each array of a network's weights, as a tuple."""
    return (*(hash(weights.tobytes()) for weights in model.get_weights()),)


def describe_layer(layer):
    """Return a layer as you read it aloud: 16 relu, LSTM 16."""
    kind = type(layer).__name__
    size = getattr(layer, 'units', getattr(layer, 'filters', ''))
    function = getattr(getattr(layer, 'activation', None), '__name__', '')
    if kind == 'Dense':
        kind = ''
    elif function in ('linear', 'tanh'):  # as always there
        function = ''
    return ' '.join(filter(None, [kind, str(size), function]))


def list_epochs(model):
    """Return a dict for each epoch of a network's last fit, for history.csv."""
    columns = model.history.history if getattr(model, 'history', None) else {}
    rows = zip(*columns.values(), strict=False)
    return [
        {'epoch': i, **dict(zip(columns, row, strict=True))}
        for i, row in enumerate(rows, 1)
    ]


def list_answers(Y, scores, given, ids, has_scores):
    """Return the rows of predictions.csv: classes Y (n,), scores (n, classes)."""
    rows = []
    for i, (y, row) in enumerate(zip(Y, scores, strict=True)):
        answer = {'number': i + 1} | ({'id': ids[i]} if i < len(ids) else {})
        answer |= {'class': y, 'predicted': row.argmax(), 'given': int(given[i])}
        scores = {
            f'score_{j}': f'{x:.6g}' if has_scores else '' for j, x in enumerate(row)
        }
        rows.append(answer | scores)
    return rows


def write_csv(path, rows):
    """Write dicts as a CSV file; what one lacks is empty there."""
    names = dict.fromkeys(name for row in rows for name in row)
    with open(path, 'w', encoding='utf-8', newline='') as file:
        table = csv.DictWriter(file, names, lineterminator='\n')
        table.writeheader()
        table.writerows(rows)


# ------------------------------------------------------------------ reading


def read_run(name=None):
    """Return what run.json says of a run, or of the newest, with its name and path.

    name is that of a folder in runs, or the path of one. Raises DataError without it.
    """
    if name is None:
        return all_runs()[-1]
    path = Path(name) if os.sep in str(name) else RUNS / str(name)
    try:
        facts = json.loads((path / FACTS).read_text('utf-8'))
        return {**FIELDS, **facts, 'name': path.name, 'path': str(path)}
    except FileNotFoundError:
        newest = ', '.join(run['name'] for run in all_runs()[-8:])
        raise DataError(f'{path} is missing: the newest runs are {newest}') from None
    except (OSError, ValueError, TypeError):
        remedy = f'mend it, or move {path} elsewhere'
        raise DataError(f'{path}/{FACTS} cannot be read: {remedy}') from None


def all_runs():
    """Return what run.json says of every run, the oldest first.

    Prints a line for one that cannot be read. Raises DataError if there is none.
    """
    names = {path.parent.name for path in RUNS.glob(f'[!.]*/{FACTS}')} - {'last'}
    if not names:
        raise DataError('there is no run yet: train a network with python train.py')
    runs = []
    for name in names:
        try:
            runs.append(read_run(name))
        except DataError as error:
            print(error.code, file=sys.stderr)
    return sorted(runs, key=lambda run: run['time'])


def read_csv(run, name):
    """Return the rows of a run's CSV file: a dict each, of texts."""
    path = Path(run['path'], name)
    try:
        with open(path, encoding='utf-8', newline='') as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        why = 'that run was not evaluated, or is not whole'
        raise DataError(f'{path} is missing: {why}') from None
