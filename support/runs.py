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
NAME = re.compile(r'(?!last$)\w[\w.-]*')  # of a run: it is the name of a folder

# The files of a run, and the script as it was when it started
NETWORK, SCRIPT = 'model.keras', 'train.py'
HISTORY = 'history.csv'  # accuracy, loss and seconds after each epoch
ANSWERS = 'predictions.csv'  # of each test sequence the class, and the scores
FACTS = 'run.json'  # all else, by these names; what one lacks is as it stands here
FIELDS = {
    'time': '',  # when the fit began
    'numbers': {},  # those at the top of the script, as they were then
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
    'epochs': None,  # how many were done, if ShowAndSave saw them
    'stopped': False,  # whether Ctrl-C has ended the fit
    'epochs_to_95': None,  # of the training sequences, or 'never'; not counted: None
    'epochs_to_100': None,
    'scores': 'linear',  # what makes scores of the outputs: see result.describe_output
    'accuracy': None,  # in the test, if there was one
    'N_test': None,
    'n_given': None,  # test sequences that fit was given as well
    'not_judged': None,  # why the accuracy proves nothing, in a line
    'notes': [],  # lines that limit what it proves
}


@dataclass
class Run:
    """One network in the making: what check_network saw, its one fit, and its folder.

    It is judged if that fit is all that has trained the network, and was given what
    check_network saw: see find_obstacle.
    """

    model: object
    facts: dict  # what run.json will say
    weights: list  # hashes: as check_network saw them, as fit did, after each epoch
    fits: int  # how many have trained it, with the one that goes on
    train: list = ()  # hash and class of each row of X_train that check_network saw
    given: list = ()  # hash and class of each row that fit was given to train with
    reason: str = ''  # why it is not judged, if that is known before the test
    epochs: list = ()  # a dict for each
    folder: Path | None = None
    saved: int | None = None  # when, as modified() says


class Script:
    """The script that trains: its text, numbers and --name, and the run that it makes.

    notes are the lines since check_network began, each with whether it limits the
    result; validated are hashes of the rows that fits were given beside X and Y.
    """

    current = None  # that of this process, which read_command_line makes

    def __init__(self, path=None, numbers=(), name=None, overwrite=False):
        self.text = ''.join(linecache.getlines(path or ''))
        self.numbers, self.name = dict(numbers), name
        # What is there already is replaced, but not what a job beside this one makes.
        old = RUNS.glob(f'{name}*') if overwrite else ()
        self.replaced = {path: modified(path) for path in old}
        self.sets_written = read_hashes()  # before the script reads them
        self.run, self.N_folders, self.notes, self.validated = None, 0, {}, set()
        Script.current = self

    def note(self, text, limits=False):
        """Print a line, if it is new; save_run prints it again below the result."""
        if text not in self.notes:
            self.notes[text] = limits
            print(text)

    def begin_run(self, model, X_train=(), Y_train=(), X_test=(), Y_test=()):
        """Begin the run of a network, with the arrays that check_network has seen."""
        last, weights = self.run, hash_weights(model)
        goes_on = last and (model is last.model or weights in last.weights[2:])
        # train_on_batch( ) leaves no history, and a second compile no iterations
        updates = getattr(getattr(model, 'optimizer', None), 'iterations', 0)
        trained = getattr(model, 'history', None), int(updates)
        fits = (goes_on and last.fits) or int(any(trained))
        run = self.run = Run(model, dict(FIELDS), [weights], fits)
        lengths = (len(X) or '?' for X in (X_train, X_test))
        run.facts |= describe_sets(*lengths, self.sets_written)
        run.facts['class_names'] = read_lines('Train', CLASSES_FILE)
        if len(X_train):
            run.train = result.pair_rows(X_train, Y_train)
            run.facts['arrays'] = result.hash_set('train', X_train, Y_train)
            run.facts['arrays'] |= result.hash_set('test', X_test, Y_test)
            run.facts['extent'] = find_extent(X_train, run.facts['table'])

    def begin_fit(self, model):
        """Begin a fit; return its run, a new one of a new or a tested network."""
        run = self.run
        if not run or run.model is not model or run.facts['accuracy'] is not None:
            self.begin_run(model)
        run, now = self.run, vars(sys.modules['__main__'])
        run.fits, run.epochs = run.fits + 1, []
        run.weights = [run.weights[0], hash_weights(model)]
        rate = getattr(getattr(model, 'optimizer', None), 'learning_rate', 0)
        run.facts |= {
            'time': datetime.now().isoformat(),
            'numbers': {x: now.get(x, y) for x, y in self.numbers.items()},
            'layers': ', '.join(map(describe_layer, model.layers)),
            'learning_rate': float(f'{float(rate):.7g}'),
            'weights': run.weights[1],
            'scores': result.describe_output(model)[3],
            'device': device(),
        }
        return run

    def save(self, model, answers=()):
        """Write the run into its folder, with its answers to the test, if any."""
        run, old = self.run, None
        run.facts['notes'] = [text for text, limits in self.notes.items() if limits]
        run.facts['epochs'] = len(run.epochs) or None
        with disk_errors(RUNS):
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
                path.write_text(json.dumps(run.facts, indent=1, default=str), 'utf-8')
            run.saved = modified(run.folder)
            if old:
                shutil.rmtree(old, ignore_errors=True)

    def make_folder(self):
        """Make runs/NAME, NAME-2, or else the next number; return the old one's place.

        Of several jobs that want a folder, the one whose mkdir succeeds has it.
        """
        RUNS.mkdir(exist_ok=True)
        self.N_folders, old = self.N_folders + (not self.run.folder), None
        taken = [int(x.name) for x in RUNS.iterdir() if x.name.isdecimal()]
        folders = (RUNS / str(i) for i in itertools.count(max(taken, default=0) + 1))
        if self.name:
            wanted = RUNS / f'{self.name}-{self.N_folders}'.removesuffix('-1')
            if wanted in self.replaced and self.replaced[wanted] == modified(wanted):
                old = RUNS / f'.{wanted.name}-{time.time_ns()}'
                os.rename(wanted, old)
            folders = itertools.chain([wanted], folders)
        for folder in folders:
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                break
        if self.name and folder != wanted:
            print(f'Another training has made {wanted}, so this run is {folder}')
        self.run.folder = folder
        with contextlib.suppress(OSError):  # a disk without links
            os.symlink(folder.name, RUNS / f'.{folder.name}')
            os.replace(RUNS / f'.{folder.name}', RUNS / 'last')
        return old


def run_folder():
    """Return the folder of the run in the making; None without one."""
    return getattr(Script.current and Script.current.run, 'folder', None)


def save_run(model, X_test, Y_test):
    """Print what the accuracy is worth and what was wrong, and complete the run.

    X_test is (m, N), and Y_test (m,) the classes, or (m, classes) as to_categorical
    makes it. Ends the script with status 130 if Ctrl-C has ended the fit.
    """
    script, weights = Script.current or Script(), hash_weights(model)
    last = run = script.run if script.run and script.run.epochs else None
    if not run or (model is not run.model and weights not in run.weights):
        reason = 'it is not the network that was trained last' if run else ''
        run = script.begin_fit(model)
        run.reason = reason or 'no fit with ShowAndSave after check_network( )'
    facts, names = run.facts, run.facts['class_names']
    Y, rows = result.class_numbers(Y_test).astype(int), result.hash_rows(X_test)
    scores = result.predict_scores(model, X_test, facts['scores'])
    predicted = scores.argmax(axis=1)
    right, trained = predicted == Y, np.isin(rows, [row for row, _ in run.given])
    given = trained | np.isin(rows, [*script.validated])
    facts |= {'accuracy': right.mean(), 'N_test': len(Y), 'n_given': int(given.sum())}
    tested = result.hash_set('test', X_test, Y)
    reason = facts['not_judged'] = find_obstacle(run, weights, tested, trained, given)
    is_Test = not any('X_test' in note for note in script.notes)  # and no fold of Train
    ids = read_lines('Test', IDS_FILE)[: len(Y)] if is_Test else []
    answers = {'number': range(1, len(Y) + 1)}
    answers |= {'id': ids + [''] * (len(Y) - len(ids))} if ids else {}
    answers |= {'class': Y, 'predicted': predicted, 'given': given.astype(int)}
    for j, column in enumerate(scores.T):
        answers[f'score_{j}'] = np.char.mod('%.6g', column) if facts['scores'] else ''
    # Also the network again: a callback may have restored other weights after the fit.
    script.save(model, answers)
    with contextlib.suppress(ValueError):  # there was no evaluate( )
        shown = [x for name, x in model.get_metrics_result().items() if 'acc' in name]
        if shown and abs(shown[0] - right.mean()) > 1e-4:
            why = 'is of other data, or counted in another way'
            print(f'An accuracy above {why}: look at evaluate( ) and metrics')
    if reason:
        lines = [f'{right.sum()} of {len(Y)} right']
    else:
        lines = result.describe_test(right, given)
        if len({*ids}) < len(ids):
            why = 'the interval is not for sequences of new objects'
            lines.append(f'These are of {len({*ids})} objects: {why}')
        lines.append(result.describe_baseline(Y, names))
        lines += result.describe_training(facts, run.epochs)
    print(*lines, sep='\n')
    print_table(result.confusion_table(Y, predicted, names))
    if reason:
        print(f'Not judged: {reason}')
    elif not right.all():
        print(result.describe_wrong(Y, predicted, names))
    print(*script.notes, sep='\n', end='\n' * bool(script.notes))
    print(f'Run: {run.folder} with {", ".join(sorted(os.listdir(run.folder)))}')
    script.run = last or run  # which may be tested later
    if facts['stopped']:
        sys.exit(130)


def find_obstacle(run, weights, tested, trained, given):
    """Return why a tested network is not judged; None if it is."""
    copies = f'{trained.sum()} of {len(trained)} {result.COPIES}'
    seen, initial, *later = run.weights
    is_same_test = tested.items() <= run.facts['arrays'].items()
    others = {*run.given} - {*run.train}
    reasons = {
        run.reason: run.reason,
        'no check_network( ) came right before its fit': not run.train,
        f'trained by {run.fits} fits: make a new model for each': run.fits > 1,
        'its weights were changed between check_network( ) and fit': seen != initial,
        'fit was given other sequences or classes than check_network( )': others,
        'it has other weights than its fit gave it': weights not in later,
        'check_network( ) saw other test sequences or classes': not is_same_test,
        f'{copies}: this measures memorisation only': trained.all(),
        'fit saw all test sequences: validate with others': given.all(),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


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
    """Return a hash of a network's weights."""
    return result.hash_arrays(*model.get_weights())


def describe_layer(layer):
    """Return a layer as you read it aloud: 16 relu, LSTM 16 tanh."""
    kind = type(layer).__name__
    size = getattr(layer, 'units', getattr(layer, 'filters', ''))
    activation = getattr(getattr(layer, 'activation', None), '__name__', '')
    return f'{kind} {size} {activation}'.removeprefix('Dense ').strip()


def write_csv(path, rows):
    """Write columns by their names, or a dict for each row, as a CSV file."""
    import pandas as pd  # which takes view.py too long, and Keras has imported already

    pd.DataFrame(rows).to_csv(path, index=False, lineterminator='\n')


def read_run(name=None):
    """Return run.json of runs/NAME, a path, or the newest run, with its name and path.

    Raises DataError if it is missing or cannot be read.
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
        why = f'fix it, or move {path} out of {RUNS}'
        raise DataError(f'{path}/{FACTS} cannot be read: {why}') from None


def all_runs():
    """Return what run.json says of every run, the oldest first.

    Prints a line for one that cannot be read. Raises DataError if there is none.
    """
    runs = []
    for name in {path.parent.name for path in RUNS.glob(f'[!.]*/{FACTS}')} - {'last'}:
        try:
            runs.append(read_run(name))
        except DataError as error:
            print(error.code, file=sys.stderr)
    if not runs:
        raise DataError('there is no run yet: train a network with python train.py')
    return sorted(runs, key=lambda run: run['time'])


def read_csv(run, name):
    """Return the rows of a run's CSV file: a dict each, of texts."""
    path = Path(run['path'], name)
    try:
        with open(path, encoding='utf-8', newline='') as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        why = 'its script ended before save_run( ), so train again'
        raise DataError(f'{path} is missing: {why}') from None
