"""A run's folder, runs/7: what one training leaves, for infer.py, view.py, compare.py.

    model.keras      the network, plain Keras
    history.csv      accuracy, loss and seconds after each epoch
    history.png      the same, drawn
    predictions.csv  each test sequence: its class, the class predicted, the scores
    train.py         the script, as it was when it started
    run.json         everything else that you may want to know of it

It appears, whole, when the fit ends; the test adds predictions.csv and its numbers.
Importing this needs no TensorFlow.
"""

import contextlib
import csv
import hashlib
import itertools
import json
import linecache
import math
import os
import platform
import re
import shutil
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from support.console import DataError, print_table
from support.files import CLASSES_FILE, IDS_FILE, class_name, disk_errors, read_lines
from support.sets import describe_sets, read_hashes

import numpy as np

RUNS = Path('runs')
NAME = re.compile(r'\w[\w.-]*')  # of a run: it is the name of a folder
# Why weights or answers are not numbers, and what helps.
NOT_FINITE = (
    'bring the data nearer to 0 and 1 (divide them, or add the Normalization that'
    ' docs/own-data.md shows), or take a smaller learning rate'
)


# ---------------------------------------------------------------- a run in the making


class Run:
    """A run in the making, of the script at a path, its numbers, with a name or none.

    It is of the model trained last, with all fits of that. epochs holds a dict for each
    epoch, history what the last saved fit has returned, X_fits the sequences of the
    fits, X_test those of the test. facts is what run.json will say, folder where it
    is, and notes are the lines that the checks have printed.
    Raises ValueError if there can be no run of that name.
    """

    current = None  # that of this process, which read_command_line makes

    def __init__(self, script=None, numbers=(), name=None, overwrite=False):
        if name and (not NAME.fullmatch(name) or name == 'last'):
            why = 'take letters, digits, - and _, but not last'
            raise ValueError(f'--name {name}: {why}')
        if name and (RUNS / name).exists() and not overwrite:
            remedy = 'take another --name, or replace it with --overwrite'
            raise ValueError(f'runs/{name} exists already: {remedy}')
        self.script_text = ''.join(linecache.getlines(script or ''))
        self.overwrite, self.notes = overwrite, []
        self.sets_written = read_hashes()  # before the script reads them
        self.model = self.history = self.folder = self.X_test = None
        self.epochs, self.X_fits = [], []
        self.facts = {
            'name': name,
            'script': script and os.path.basename(script),
            'numbers': dict(numbers),
            'time': datetime.now().isoformat(timespec='seconds'),
        }
        Run.current = self

    def note(self, text):
        """Print a line, if any and new; save_run prints it again below the result."""
        if text and text not in self.notes:
            self.notes.append(text)
            print(text)

    def describe_data(self, **lengths):
        """Note which sequences are used, N_train and N_test of them, and the device."""
        numbers = {'N_train': '?', 'N_test': '?'} | self.facts['numbers'] | lengths
        N_train, N_test = numbers['N_train'], numbers['N_test']
        self.facts |= describe_sets(N_train, N_test, self.sets_written)
        self.facts['class_names'] = read_lines('Train', CLASSES_FILE)
        self.facts['device'] = device()
        self.sets_written = None  # another network may have other sequences

    def begin_fit(self, model):
        """Go on with the network of this run, or begin a run if it is another one."""
        if 'data' not in self.facts:  # there was no check_network
            self.describe_data()
        if self.model is not model:
            self.model, self.epochs, self.X_fits, self.folder = model, [], [], None
            self.facts['updates'] = 0
        self.facts |= {'stopped': False, 'of': 0, 'evaluated': False}

    def save(self, answers=()):
        """Write network, history and facts, and the answers to the test, if any.

        answers is a dict for each test sequence. Raises DataError if that fails.
        """
        self.facts |= describe_network(self.model) | describe_epochs(self.epochs)
        self.facts['job'] = os.environ.get('SLURM_JOB_ID')
        packages = 'tensorflow', 'keras', 'numpy'
        versions = {name: sys.modules[name].__version__ for name in packages}
        self.facts['versions'] = {'Python': platform.python_version()} | versions
        facts = json.dumps(self.facts, indent=1, ensure_ascii=False)
        with disk_errors(RUNS):
            RUNS.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(prefix='.new-', dir=RUNS) as new:
                new = Path(new, 'run')
                new.mkdir()
                self.model.save(new / 'model.keras', zipped=True)
                write_rows(new / 'history.csv', self.epochs)
                (new / 'train.py').write_text(self.script_text, 'utf-8')
                (new / 'run.json').write_text(f'{facts}\n', 'utf-8')
                if answers:
                    write_rows(new / 'predictions.csv', answers)
                if self.folder:
                    Path(self.folder, 'predictions.csv').unlink(missing_ok=True)
                    for path in new.iterdir():
                        os.replace(path, f'{self.folder}/{path.name}')
                else:
                    name = self.facts['name']
                    self.folder = move_to_runs(new, name, self.overwrite)
                    self.overwrite = False  # another network gets a number


def current_run():
    """Return the run that this process makes; without read_command_line a new one."""
    return Run.current or Run()


def device():
    """Return 'GPU: its name' or 'CPU', where TensorFlow will train.

    Warns on stderr if Slurm has granted a GPU that TensorFlow doesn't see.
    """
    import tensorflow as tf

    GPUs = tf.config.list_physical_devices('GPU')
    if GPUs:
        details = tf.config.experimental.get_device_details(GPUs[0])
        return f'GPU: {details.get("device_name", "unknown")}'
    if os.environ.get('SLURM_JOB_GPUS') or os.environ.get('SLURM_GPUS_ON_NODE'):
        print(
            'Warning: Slurm granted a GPU, but TensorFlow sees none: on a login node,'
            ' install its CUDA libraries with . ./script.sh --cuda',
            file=sys.stderr,
        )
    return 'CPU'


def check_room(model):
    """Raise DataError if there is no room for the network where runs are."""
    size = 12 * model.count_params() + 2**17  # with what the optimizer remembers
    folder = RUNS if RUNS.exists() else '.'
    with disk_errors(RUNS / 'model.keras'), tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(min(size, 10**8)))


def describe_epochs(epochs):
    """Return what run.json says of the epochs of a network, a dict for each."""
    accuracies = [row.get('accuracy', 0) for row in epochs]
    facts = {'seconds': epochs[-1].get('seconds'), 'epochs': len(epochs)}
    for percent in 95, 100:
        reached = [i for i, x in enumerate(accuracies, 1) if x >= percent / 100]
        facts[f'epochs_to_{percent}'] = min(reached, default=None)
    last_below = max((i for i, x in enumerate(accuracies, 1) if x < 1), default=0)
    facts['stays_at_100'] = last_below + 1 if last_below < len(epochs) else None
    return facts


def describe_network(model):
    """Return what run.json says of a network, by the names that a script uses."""
    loss, optimizer = model.loss, type(model.optimizer).__name__.lower()
    rate = np.float32(model.optimizer.learning_rate)
    details = json.dumps([model.get_config(), model.get_compile_config()], default=str)
    details = re.sub(r'_\d+"', '"', details)  # Keras counts: dense_1, dense_2
    return {
        'network': hashlib.sha256(details.encode()).hexdigest()[:16],
        'layers': ', '.join(map(describe_layer, model.layers)),
        'parameters': model.count_params(),
        'optimizer': f'{optimizer} {np.format_float_positional(rate, trim="-")}',
        'loss': getattr(loss, 'name', getattr(loss, '__name__', loss)),
        'updates': int(model.optimizer.iterations),
    }


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


def move_to_runs(new, name=None, overwrite=False):
    """Rename a whole folder to runs/NAME or the next free number; return its path.

    With overwrite, what was runs/NAME is runs/.old/NAME until the next time.
    """
    if name and overwrite and (RUNS / name).exists():
        old = RUNS / '.old' / name
        shutil.rmtree(old, ignore_errors=True)
        old.parent.mkdir(exist_ok=True)
        os.rename(RUNS / name, old)
    taken = [int(x.name) for x in RUNS.iterdir() if x.name.isdecimal()]
    free = map(str, itertools.count(max(taken, default=0) + 1))
    for path in (RUNS / x for x in itertools.chain([name] if name else [], free)):
        try:
            os.rename(new, path)
            break
        except OSError:  # another job has just taken it
            if not path.exists():
                raise
    with contextlib.suppress(OSError):  # a disk without links
        os.symlink(path.name, f'{new}-last')
        os.replace(f'{new}-last', RUNS / 'last')
    return str(path)


def write_rows(path, rows):
    """Write dicts as a CSV file; what one lacks is empty there."""
    names = dict.fromkeys(name for row in rows for name in row)
    with open(path, 'w', encoding='utf-8', newline='') as file:
        table = csv.DictWriter(file, names, lineterminator='\n')
        table.writeheader()
        table.writerows(rows)


# ----------------------------------------------------------------------- the result


def predict_scores(model, X, names=None):
    """Return the network's answers, one per class, to sequences X (n, N): (n, classes).

    Raises DataError for one that is not a number, by its name in names, and for a
    network of NaN.
    """
    if not all(np.isfinite(weights).all() for weights in model.get_weights()):
        raise DataError(f'the network holds NaN or infinity: {NOT_FINITE}')
    X = np.reshape(X, (len(X), *model.input_shape[1:]))
    parts = [model(X[i : i + 1000], training=False) for i in range(0, len(X), 1000)]
    scores = np.concatenate(parts)
    for i in np.flatnonzero(~np.isfinite(scores).all(axis=1)):
        name = names[i] if names else f'sequence {i + 1}'
        raise DataError(f"the network's answer to {name} is not a number: {NOT_FINITE}")
    # One output, a sigmoid, is the score of class 1; of several, each is for one class.
    return np.hstack([1 - scores, scores]) if scores.shape[1] == 1 else scores


def last_activation(model):
    """Return the name of the last activation, perhaps a layer, Softmax()."""
    last = model.layers[-1]
    name = getattr(getattr(last, 'activation', None), '__name__', type(last).__name__)
    return name.lower()


def are_probabilities(model, scores):
    """Return whether a network's answers (n, classes) are scores, from 0 to 1.

    Those of a last layer without bounds are not, though some may look like it.
    """
    bounded = ('sigmoid', 'hard_sigmoid', 'softmax', 'sparsemax')
    return last_activation(model) in bounded and bool((scores <= 1).all())


def wilson_interval(right, N):
    """Return where, with 95 % confidence, the accuracy is if right of N are right.

    Wilson's score interval, as in scipy.stats.binomtest (whose import takes a second).
    """
    p, z2 = right / N, 1.959964**2 / N
    middle, half = p + z2 / 2, math.sqrt(z2 * (p * (1 - p) + z2 / 4))
    return (middle - half) / (1 + z2), (middle + half) / (1 + z2)


def save_run(model, history, X_train, X_test, Y_test):
    """Print what the accuracy is worth and what was wrong, and complete the run.

    model and history are those of the fit; X_train is (n, N), X_test (m, N), and Y_test
    (m,) the classes, or (m, classes) as to_categorical makes it. Ends the script with
    status 130 if Ctrl-C has ended the fit.
    """
    shown = model.get_metrics_result()  # what evaluate has found
    shown = next((value for name, value in shown.items() if 'acc' in name), None)
    run = current_run()
    is_its_own = run.model is model
    if not is_its_own or int(model.optimizer.iterations) > run.facts['updates']:
        # It was trained by a fit without ShowAndSave.
        if not is_its_own or history is not run.history:
            save_history(run, model, history)
        if run.X_fits:
            run.note('It was also trained without ShowAndSave: perhaps with X_test')
    facts, names = run.facts, run.facts['class_names']
    Y, scores = class_numbers(Y_test).astype(int), predict_scores(model, X_test)
    predicted = scores.argmax(axis=1)
    right, duplicate = predicted == Y, np.zeros(len(Y), bool)
    for X in run.X_fits or [X_train]:
        duplicate |= find_duplicates(X, X_test)
    facts |= {
        'evaluated': True,
        'accuracy': right.mean(),
        'n_correct': int(right.sum()),
        'N_test': len(Y),
        'n_duplicates': int(duplicate.sum()),
        'n_correct_duplicates': int((duplicate & right).sum()),
        'train_hash': hash_arrays(X_train),
        'test_hash': hash_arrays(X_test, Y),
    }
    if shown is not None and abs(shown - right.mean()) > 1e-4:
        why = 'of other data, or counted in another way'
        print(f'The accuracy above is {why}: see evaluate( ) and metrics')
    print_test_result(facts)
    ids = read_lines('Test', IDS_FILE)[: len(Y)]
    if len({*ids}) < len(ids):
        objects = f'These are of {len({*ids})} objects'
        print(f'{objects}: the confidence is not about sequences of new objects')
    print(describe_baseline(Y, names))
    print(describe_convergence(facts))
    print_mistakes(Y, predicted, names)
    has_scores = are_probabilities(model, scores)
    if not has_scores:
        print('The network ends with no sigmoid or softmax, so no scores are stored')
    # Also the network again: a callback may have restored other weights after the fit.
    run.save(list_answers(Y, scores, ids, has_scores))
    print(*run.notes, sep='\n', end='\n' * bool(run.notes))
    if facts['epochs'] < facts['of']:
        print(f'Stopped after {facts["epochs"]} of {facts["of"]} epochs')
    print(f'Run: {run.folder} with {", ".join(sorted(os.listdir(run.folder)))}')
    if facts['stopped']:
        sys.exit(130)


def save_history(run, model, history):
    """Save the network of a fit without ShowAndSave, with the history it returned."""
    run.begin_fit(model)
    values = zip(*history.history.values(), strict=True)
    for i, row in enumerate(values, len(run.epochs) + 1):
        run.epochs.append({'epoch': i} | dict(zip(history.history, row, strict=True)))
    run.history = history
    run.save()


def list_answers(Y, scores, ids, has_scores):
    """Return the rows of predictions.csv: classes Y (n,), scores (n, classes)."""
    rows = []
    for i, (y, row) in enumerate(zip(Y, scores, strict=True)):
        answer = {'number': i + 1} | ({'id': ids[i]} if i < len(ids) else {})
        answer |= {'class': y, 'predicted': row.argmax()}
        answer |= {f'score_{j}': f'{x:.6g}' * has_scores for j, x in enumerate(row)}
        rows.append(answer)
    return rows


def class_numbers(Y):
    """Return classes as a float (n,): Y is that, (n, 1), or one-hot (n, classes)."""
    Y = np.asarray(Y, float)
    return Y.argmax(axis=1).astype(float) if Y[0].size > 1 else Y.reshape(len(Y))


def print_test_result(facts):
    """Print how many test sequences are right, and what that is worth."""
    right, N, seen = facts['n_correct'], facts['N_test'], facts['n_duplicates']
    low, high = (100 * x for x in wilson_interval(right, N))
    digits = 1 if high - low < 2 else 0
    interval = f'{low:.{digits}f} % to {high:.{digits}f} %'
    worth = f'; 95 % confidence: {interval}' if seen < N else ''
    print(f'{right} of {N} right{worth}')
    line = f'{seen} of {N} test sequences also occur in the training set'
    if seen == N:
        print(f'{line}: this is memory, not an exam')
    elif seen:
        others = right - facts['n_correct_duplicates']
        share = 100 * others / (N - seen)
        print(f'{line}; on the {N - seen} others: {others}, {share:.1f} %')


def describe_baseline(Y, names):
    """Return in a line the accuracy of the most frequent of the classes Y, int (n,)."""
    frequent = np.bincount(Y).argmax()
    share = 100 * np.mean(frequent == Y)
    return f'Always answering {class_name(frequent, names)}: {share:.0f} %'


def find_duplicates(X_train, X_test):
    """Return which of X_test (n, N) also occur in X_train (m, N): bool (n,).

    As the network sees them, in float32.
    """

    def keys(X):
        return (np.asarray(x, np.float32).tobytes() for x in X)

    test = [*keys(X_test)]
    seen = set(test).intersection(keys(X_train))
    return np.array([key in seen for key in test])


def hash_arrays(*arrays):
    """Return a text that is the same for arrays of the same numbers alone."""
    digest = hashlib.sha256()
    for x in map(np.atleast_1d, arrays):
        for i in range(0, len(x), 4096):  # it may be larger than the memory
            digest.update(np.asarray(x[i : i + 4096], '<f8').tobytes())
    return digest.hexdigest()[:16]


def describe_convergence(facts):
    """Return in a line how fast a network has learnt its training sequences."""
    first, last = facts['epochs_to_95'], facts['epochs_to_100']
    epochs = first or facts['epochs']
    epochs = '1 epoch' if epochs == 1 else f'{epochs} epochs'
    if not first:
        return f'Never 95 % of the training sequences right in {epochs}'
    end = f'all after {last}' if last else 'never all'
    if last and last != facts['stays_at_100']:
        stays = facts['stays_at_100']
        end += f', for good after {stays}' if stays else ', but not at the end'
    return f'95 % of the training sequences right after {epochs}, {end}'


def print_confusion(Y, predicted, names):
    """Print how many of each class Y were taken for which, both int (n,)."""
    from rich.table import Table

    classes = sorted({*Y, *predicted})
    titles = [class_name(j, names) for j in classes]
    columns = '', *(f'taken for {title}' for title in titles), 'recall'
    table = Table(*columns, box=None)
    for i, title in zip(classes, titles, strict=True):
        taken = predicted[Y == i]
        counts = (str(np.sum(taken == j)) for j in classes)
        table.add_row(title, *counts, f'{np.sum(taken == i)} of {len(taken)}')
    print_table(table)


def print_mistakes(Y, predicted, names):
    """Print the confusion matrix of Y and predicted, int (n,), and what is wrong."""
    print_confusion(Y, predicted, names)
    wrong = np.flatnonzero(Y != predicted)
    if not len(wrong):
        return
    kinds = {(Y[i], predicted[i]) for i in wrong}
    line = ' '.join(str(i + 1) for i in wrong[:20]) + ' ...' * (len(wrong) > 20)
    if len(kinds) == 1:
        label, answer = (class_name(j, names) for j in kinds.pop())
        every = 'all ' if len(wrong) > 1 else ''
        line += f', {every}{label} taken for {answer}'
    print(f'Wrong: {line}: python view.py --wrong')


# -------------------------------------------------------------------------- reading


def read_run(name, path=None):
    """Return what run.json says of a run, by its name or the path of its folder."""
    path = str(path or (name if os.sep in str(name) else RUNS / str(name)))
    try:
        run = json.loads(Path(path, 'run.json').read_text('utf-8'))
        return {**run, 'time': run['time'], 'name': str(name), 'path': path}
    except FileNotFoundError:
        newest = ', '.join(run['name'] for run in all_runs()[-8:])
        known = newest or 'none yet: python train.py'
        raise DataError(f'{path} is missing: the newest runs are {known}') from None
    except (OSError, ValueError, TypeError, LookupError):
        remedy = f'mend it, or move {path} elsewhere'
        raise DataError(f'{path}/run.json cannot be read: {remedy}') from None


def all_runs():
    """Return what run.json says of every run, the oldest first."""
    names = [path.parent.name for path in RUNS.glob('*/run.json')]
    runs = [read_run(x) for x in names if NAME.fullmatch(x) and x != 'last']
    return sorted(runs, key=lambda run: (run['time'], os.stat(run['path']).st_mtime_ns))


def newest_run():
    """Return what run.json says of the newest run, or raise DataError."""
    if runs := all_runs():
        return runs[-1]
    raise DataError('there is no run yet: train a network with python train.py')


def read_rows(run, name):
    """Return the rows of a run's CSV file: a dict each, of texts."""
    path = Path(run['path'], name)
    try:
        with open(path, encoding='utf-8', newline='') as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        why = 'that run was not evaluated, or is not whole'
        raise DataError(f'{path} is missing: {why}') from None
