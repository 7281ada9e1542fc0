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
import difflib
import hashlib
import itertools
import json
import math
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from support import files
from support.console import DataError, print_table
from support.files import (
    CLASSES_FILE,
    IDS_FILE,
    class_name,
    disk_errors,
    read_lines,
    whole_file,
)
from support.sets import describe_sets, when_written

import numpy as np

RUNS = Path('runs')
NAME = re.compile(r'\w[\w.-]*')  # of a run: it is the name of a folder
# What run.json will say of the run of this process, and the text of its script. The
# run's folder, once there is one, is files.run_folder.
facts = {}
script_text = ''
# When Train and Test were written that it reads.
sets_written = None

# Why weights or answers are not numbers, and what helps.
NOT_FINITE = (
    'bring the data nearer to 0 and 1 (divide them, or add the Normalization that'
    ' docs/own-data.md shows), or take a smaller learning rate'
)


# ------------------------------------------------------------------------- writing


def begin(script, numbers, name=None):
    """Note how a training begins: the script's path, its numbers, the run's name.

    Raises ValueError if there can be no run of that name.
    """
    global script_text, sets_written
    if name and (not NAME.fullmatch(name) or name == 'last'):
        raise ValueError(f'--name {name}: take letters, digits, - and _, but not last')
    if name and (RUNS / name).exists():
        again = f'to begin it again: rm -r runs/{name}'
        raise ValueError(f'runs/{name} exists already: take another --name, or {again}')
    facts.clear()
    facts.update(name=name, script=script and os.path.basename(script), numbers=numbers)
    facts['time'] = datetime.now().isoformat(timespec='seconds')
    script_text = Path(script).read_text('utf-8-sig') if script else ''
    sets_written = when_written()
    files.run_folder = None


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


def begin_fit(began=None):
    """Note what a fit will train with, where, and when it began: at a time, or now."""
    global sets_written
    if not facts:  # without read_command_line
        begin(None, {})
    N_train, N_test = (facts['numbers'].get(x, '?') for x in ('N_train', 'N_test'))
    facts.update(
        fit_began=began or datetime.now().isoformat(),
        device=device(),
        class_names=read_lines('Train', CLASSES_FILE),
        updates=0,
        **describe_sets(N_train, N_test, sets_written),
    )
    files.run_folder, sets_written = None, None  # a second fit may have read others


def try_to_save(model):
    """Raise DataError if there is no room for the network where runs are."""
    size = 12 * model.count_params() + 2**17  # with what the optimizer remembers
    folder = RUNS if RUNS.exists() else '.'
    with disk_errors(RUNS / 'model.keras'), tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(min(size, 10**8)))


def keep(model, rows, stopped=False):
    """Save a trained network and its history, a dict for each epoch, as a new run.

    stopped says that Ctrl-C ended the fit. Raises DataError if the run can't be
    written, or if weights are not numbers.
    """
    check_finite(model, 'so nothing is saved')
    if 'fit_began' not in facts:  # without check_network
        begin_fit(facts.get('time'))
    facts.update(describe_network(model) | describe_fit(rows), stopped=stopped)
    facts.update(evaluated=False, job=os.environ.get('SLURM_JOB_ID'))
    versions = {x: sys.modules[x].__version__ for x in ('tensorflow', 'keras', 'numpy')}
    facts['versions'] = {'Python': platform.python_version(), **versions}
    with disk_errors(RUNS):
        RUNS.mkdir(exist_ok=True)
        sweep()
        with tempfile.TemporaryDirectory(prefix='.new-', dir=RUNS) as new:
            run = Path(new, 'run')
            run.mkdir()
            model.save(run / 'model.keras', zipped=True)
            write_rows(run / 'history.csv', rows)
            (run / 'train.py').write_text(script_text, 'utf-8')
            write_facts(run)
            files.run_folder = publish(run, facts['name'])


def check_finite(model, then):
    """Raise DataError if weights of a network are not numbers."""
    if not all(np.isfinite(weights).all() for weights in model.get_weights()):
        raise DataError(f'the network holds NaN or infinity, {then}: {NOT_FINITE}')


def describe_network(model):
    """Return what run.json says of a network, by the names that a script uses."""
    loss, optimizer = model.loss, type(model.optimizer).__name__.lower()
    rate = np.float32(model.optimizer.learning_rate)
    details = json.dumps([model.get_config(), model.get_compile_config()], default=str)
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


def describe_fit(rows):
    """Return what run.json says of the epochs of a fit, a dict for each."""
    began = datetime.fromisoformat(facts['fit_began'])
    seconds = round((datetime.now() - began).total_seconds(), 3)
    of = facts['numbers'].get('N_epochs', len(rows))
    told = {'seconds': seconds, 'epochs': len(rows), 'of': of}
    for percent in 95, 100:
        there = [x['epoch'] for x in rows if x.get('accuracy', 0) >= percent / 100]
        told[f'epochs_to_{percent}'] = min(there, default=None)
    return told


def sweep():
    """Remove what killed scripts have left of runs that they were writing."""
    for left in RUNS.glob('.new-*'):
        with contextlib.suppress(OSError):  # another script has just done it
            if time.time() - left.stat().st_mtime > 3600:
                shutil.rmtree(left)


def publish(new, name=None):
    """Rename a whole folder to runs/NAME or the next free number; return its path."""
    taken = [int(x.name) for x in RUNS.iterdir() if re.fullmatch('[1-9][0-9]*', x.name)]
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


def write_facts(run):
    with whole_file(f'{run}/run.json') as temporary:
        text = json.dumps(facts, indent=1, ensure_ascii=False)
        Path(temporary).write_text(f'{text}\n', 'utf-8')


def write_rows(path, rows):
    """Write dicts with the same keys as a CSV file."""
    with open(path, 'w', encoding='utf-8', newline='') as file:
        table = csv.DictWriter(file, rows[0], lineterminator='\n')
        table.writeheader()
        table.writerows(rows)


# ----------------------------------------------------------------------- the result


def outputs(model, X, names=None):
    """Return the network's answers, one per class, to sequences X (n, N): (n, classes).

    Raises DataError for one that is not a number, by its name in names, and for a
    network of NaN.
    """
    check_finite(model, 'so it has no answers')
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


def are_shares(model, scores):
    """Return whether a network's answers (n, classes) are scores, from 0 to 1.

    Those of a last layer without bounds are not, though some may look like it.
    """
    bounded = ('sigmoid', 'hard_sigmoid', 'softmax', 'sparsemax')
    return last_activation(model) in bounded and bool((scores <= 1).all())


def interval(right, N):
    """Return where, with 95 % confidence, the accuracy is if right of N are right.

    Wilson's score interval, as in scipy.stats.binomtest (whose import takes a second).
    """
    p, z2 = right / N, 1.959964**2 / N
    middle, half = p + z2 / 2, math.sqrt(z2 * (p * (1 - p) + z2 / 4))
    return (middle - half) / (1 + z2), (middle + half) / (1 + z2)


def save_run(model, history, X_train, X_test, Y_test):
    """Print what the accuracy is worth and what was wrong, and complete the run.

    model and history are those of the fit; X_train is (m, N), or any iterable of (N,),
    X_test (n, N), and Y_test (n,) the classes. Ends the script with status 130 if
    Ctrl-C has ended the fit.
    """
    updates = int(model.optimizer.iterations)
    kept = facts.get('updates') == updates
    if not updates or (kept and facts['evaluated']):
        raise DataError(
            'save_run( ) comes once, after model.fit( ) and with no model.compile( )'
            ' between'
        )
    shown = model.get_metrics_result().get('accuracy')  # what evaluate has found
    if not kept:
        keep_history(model, history.history)
    run = files.run_folder
    scores = outputs(model, X_test)
    predicted = scores.argmax(axis=1)
    right, N = predicted == Y_test, len(Y_test)
    if shown is not None and abs(shown - right.mean()) > 1e-4:
        print('The accuracy above is not that of X_test and Y_test: see evaluate( )')
    seen, facts['lessons'] = seen_sequences(X_train, X_test)
    facts.update(right=int(right.sum()), N_test=N, accuracy=float(right.mean()))
    facts.update(seen=int(seen.sum()), right_of_seen=int((seen & right).sum()))
    facts.update(exam=fingerprint(X_test, Y_test), evaluated=True)
    print_worth(facts)
    print(learning(facts))
    frequent = np.bincount(Y_test.astype(int)) / N
    if frequent.max() * np.count_nonzero(frequent) > 1.4:
        largest = f'{100 * frequent.max():.2f}%'
        print(f'Always answering with the most frequent class would give {largest}')
    print_mistakes(Y_test.astype(int), predicted, facts['class_names'])
    if not (shares := are_shares(model, scores)):
        print("The network's answers are not between 0 and 1, so no scores are stored")

    rows, ids = [], read_lines('Test', IDS_FILE)
    for i in range(N):
        row = {'number': i + 1} | ({'id': ids[i]} if i < len(ids) else {})
        row |= {'class': int(Y_test[i]), 'predicted': int(predicted[i])}
        answers = {f'score_{j}': f'{x:.6g}' * shares for j, x in enumerate(scores[i])}
        rows.append(row | answers)
    with whole_file(f'{run}/predictions.csv') as temporary:
        write_rows(temporary, rows)
    write_facts(run)
    if facts['epochs'] < facts['of']:
        print(f'Stopped after {facts["epochs"]} of {facts["of"]} epochs')
    print(f'Run: {run} with {", ".join(sorted(os.listdir(run)))}')
    if facts['stopped']:
        sys.exit(130)


def keep_history(model, history):
    """Keep what a fit without our callback has trained, and its picture.

    history is a dict of lists, as Keras returns it.
    """
    if files.run_folder:
        print('The network was trained twice: comment out one of the two model.fit.')
    columns = {'epoch': range(1, 1 + len(history['loss'])), **history}
    values = zip(*columns.values(), strict=True)
    keep(model, [dict(zip(columns, row, strict=True)) for row in values])
    began = datetime.fromisoformat(facts['fit_began']).timestamp()
    picture = Path('history.png')
    if picture.exists() and picture.stat().st_mtime > began:
        shutil.move(picture, files.run_folder)


def print_worth(facts):
    """Print how many test sequences are right, and what that is worth."""
    right, N, seen = facts['right'], facts['N_test'], facts['seen']
    low, high = (f'{100 * x:.0f} %' for x in interval(right, N))
    worth = f'; 95 % confidence: {low} to {high}' if seen < N else ''
    print(f'{right} of {N} right{worth}')
    line = f'{seen} of {N} test sequences also occur in the training set'
    if seen == N:
        print(f'{line}: this is memory, not an exam')
    elif seen:
        others = right - facts['right_of_seen']
        share = 100 * others / (N - seen)
        print(f'{line}; on the {N - seen} others: {others}, {share:.1f} %')


def seen_sequences(X_train, X_test):
    """Return which of X_test (n, N) also occur in X_train, and X_train's fingerprint.

    As the network sees them, in float32. X_train is (m, N), or any iterable of (N,).
    """

    def key(x):
        return np.asarray(x, np.float32).tobytes()

    test, seen, found = set(map(key, X_test)), set(), hashlib.sha256()
    for x in X_train:
        found.update(x.tobytes())
        seen |= {key(x)} & test
    return np.array([key(x) in seen for x in X_test]), found.hexdigest()[:16]


def fingerprint(*arrays):
    """Return a text that is the same for the same arrays alone."""
    return hashlib.sha256(b''.join(x.tobytes() for x in arrays)).hexdigest()[:16]


def learning(facts):
    """Return in a line how fast a network has learnt its training sequences."""
    first, last = facts['epochs_to_95'], facts['epochs_to_100']
    epochs = first or facts['epochs']
    epochs = '1 epoch' if epochs == 1 else f'{epochs} epochs'
    if not first:
        return f'Never 95 % of the training sequences right in {epochs}'
    line = f'95 % of the training sequences right after {epochs}'
    return f'{line}, all after {last}' if last else f'{line}, never all'


def print_confusion(Y, predicted, names):
    """Print how many of each class Y were taken for which, both int (n,)."""
    from rich.table import Table

    classes = sorted({*Y, *predicted})
    titles = [class_name(j, names) for j in classes]
    table = Table('', *(f'taken for {title}' for title in titles), box=None)
    if len(classes) > 2:
        table.add_column('recall')
    for i, title in zip(classes, titles, strict=True):
        taken = predicted[Y == i]
        row = [title, *(str(np.sum(taken == j)) for j in classes)]
        row.append(f'{np.sum(taken == i)} of {len(taken)}')
        table.add_row(*row[: len(table.columns)])
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
    """Return what run.json says of a run, with its name and path (DataError: none)."""
    path = str(path or RUNS / str(name))
    try:
        run = json.loads(Path(path, 'run.json').read_text('utf-8'))
        return {**run, 'time': run['time'], 'name': str(name), 'path': path}
    except FileNotFoundError:
        names = [run['name'] for run in all_runs()]
        close = difflib.get_close_matches(str(name), names, 1)
        known = ', '.join(names[-8:]) or 'none yet: python train.py'
        known = f'did you mean {close[0]}?' if close else f'the newest runs are {known}'
        raise DataError(f'{path} is missing: {known}') from None
    except (OSError, ValueError, TypeError, LookupError):
        raise DataError(f'{path}/run.json cannot be read: train again') from None


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
        raise DataError(f'{path} is missing: that run was not evaluated') from None
