"""A run's folder, runs/7: what one training leaves, for infer.py, view.py and compare.py.

    model.keras      the network, plain Keras
    history.csv      accuracy, loss and seconds after each epoch
    history.png      the same, drawn
    predictions.csv  each test sequence: its class, the class predicted, the score of each class
    train.py         the script, as it was when it started
    run.json         everything else that one may want to know of it

It is written as runs/.new-HOST-PID and renamed when it is whole. No TensorFlow is needed here.
"""

import ast
import atexit
import contextlib
import csv
import errno
import hashlib
import json
import math
import os
import platform
import re
import shutil
import sys
from datetime import datetime

from support import files
from support.console import DataError, clean, print_table
from support.files import open_file, read_ids, whole_file
from support.sets import describe, read_about

import numpy as np

from utilities import class_name, read_class_names

RUNS = 'runs'
NAME = re.compile(r'\w[\w.-]*')  # of a run: it is the name of a folder
# What is known so far of the run of this process. Its folder, once there is one, is
# files.run_folder.
facts, script_text = {}, ''


# ---------------------------------------------------------------- writing


def begin(script, numbers, name=None):
    """Note how a training begins: the script's path, or None, its numbers, what to call the run.

    Makes a run of what a training has left whose script died after the fit. Raises ValueError if
    there can be no run of that name.
    """
    global script_text
    if name and (not NAME.fullmatch(name) or name == 'last'):
        raise ValueError(
            f'--name {name} is no name for a folder: take letters, digits, - and _'
        )
    if name and os.path.lexists(f'{RUNS}/{name}'):
        raise ValueError(f'{RUNS}/{name} exists already: give this run another --name')
    rescue()
    facts.clear()
    facts.update(name=name, time=now())
    facts.update(script=script and os.path.basename(script), numbers=numbers)
    files.run_folder, script_text = None, ''
    if script:
        with open(script, encoding='utf-8-sig') as file:
            script_text = file.read()


def now():
    return datetime.now().isoformat(timespec='seconds')


# Why weights or answers are no numbers, and what helps.
NOT_FINITE = (
    'bring the data nearer to 0 and 1 (divide them, or add the Normalization that README shows), or'
    ' take a smaller learning rate'
)


def is_finite(model):
    """Return whether all weights of a network are numbers."""
    return all(np.isfinite(weights).all() for weights in model.get_weights())


def new_folder():
    """Return where the run of this process is written before it has its name."""
    return files.run_folder or f'{RUNS}/.new-{platform.node()}-{os.getpid()}'


def try_to_save(model):
    """Raise DataError if the run of this network could not be written after its training.

    A file as large as the network, or 1 MB of it, is written where the run will be, and removed.
    """
    size = 12 * model.count_params() + 2**17  # with what the optimizer remembers
    new = new_folder()
    with told(f'{new}/model.keras'):
        os.makedirs(new, exist_ok=True)
        try:
            with open(f'{new}/.room', 'wb') as file:
                file.write(bytes(min(size, 2**20)))
            if shutil.disk_usage(new).free < size:
                raise OSError(
                    errno.ENOSPC, f'the network needs {size / 2**20:.0f} MB', new
                )
        finally:
            with contextlib.suppress(OSError):
                os.remove(f'{new}/.room')
            with contextlib.suppress(
                OSError
            ):  # not empty: it holds a network, or other runs
                os.rmdir(new)
                os.rmdir(RUNS)


def device():
    """Return 'GPU: its name' or 'CPU', where TensorFlow will train.

    Warns on stderr if Slurm has granted a GPU that TensorFlow doesn't see.
    """
    import tensorflow as tf

    if GPUs := tf.config.list_physical_devices('GPU'):
        details = tf.config.experimental.get_device_details(GPUs[0])
        return f'GPU: {details.get("device_name", "unknown")}'
    if os.environ.get('SLURM_JOB_GPUS') or os.environ.get('SLURM_GPUS_ON_NODE'):
        why = 'Warning: Slurm granted a GPU, but TensorFlow sees none: on a login node,'
        why += ' install its CUDA libraries with . ./script.sh --cuda'
        print(why, file=sys.stderr)
    return 'CPU'


def begin_fit():
    """Note what the fit that follows is done with."""
    about = {'device': device(), 'data': describe_data()}
    about |= {'class_names': read_class_names('Train')}
    facts.update(about, table=read_about('Train')[0].get('table'))


def keep(model, rows, stopped=False):
    """Keep a trained network and its history, rows of a dict for each epoch, in a new folder.

    stopped says whether Ctrl-C ended the fit.

    Raises DataError if it can't be written, or if weights are no numbers.
    """
    if not is_finite(model):
        raise DataError(
            f'the network holds NaN or infinity, so nothing is saved: {NOT_FINITE}'
        )
    new = new_folder()
    start = {
        'name': None,
        'time': now(),
        'script': None,
        'numbers': {},
    }  # in a notebook
    facts.update({**start, **facts, 'evaluated': False})
    accuracy = [row.get('accuracy', 0) for row in rows]
    facts.update(layers=aloud(model), parameters=model.count_params(), stopped=stopped)
    facts.update(optimizer=model.optimizer.name, loss=str(model.loss))
    facts['optimizer'] += f' {float(model.optimizer.learning_rate):g}'
    facts['seconds'] = rows[-1].get('seconds')
    facts.update(epochs=len(rows), of=facts['numbers'].get('N_epochs', len(rows)))
    for percent in 95, 100:
        reached = (i for i, value in enumerate(accuracy, 1) if value >= percent / 100)
        facts[f'epochs_to_{percent}'] = next(reached, None)
    facts['job'] = os.environ.get('SLURM_JOB_ID')
    facts['versions'] = {'Python': platform.python_version(), 'NumPy': np.__version__}
    for module in 'tensorflow', 'keras':
        facts['versions'][module] = getattr(
            sys.modules.get(module), '__version__', None
        )
    atexit.register(
        rescue
    )  # whatever ends the script before save_run, no hidden folder stays
    with told(new):
        os.makedirs(new, exist_ok=True)
        write_rows(f'{new}/history.csv', rows)
        write(f'{new}/train.py', script_text)
        write_facts(new)
        # Last, and whole: a folder with a network is worth a run.
        with whole_file(f'{new}/model.keras') as temporary:
            model.save(temporary, zipped=True)
    files.run_folder, model.kept_after = new, int(model.optimizer.iterations)


@contextlib.contextmanager
def told(path):
    """Raise DataError for what can't be written in path."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f'{error.filename or path} could not be written ({error.strerror or error}): make room'
            ' or get permission there, then run this again'
        ) from None


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def write_facts(where):
    with whole_file(f'{where}/run.json') as temporary:
        write(temporary, json.dumps(facts, indent=1, ensure_ascii=False) + '\n')


def write_rows(path, rows):
    """Write dicts as a CSV file, with the columns of all of them."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with open(path, 'w', encoding='utf-8', newline='') as file:
        table = csv.DictWriter(file, columns, lineterminator='\n')
        table.writeheader()
        table.writerows(rows)


def aloud(model):
    """Return the layers as one reads them aloud: 16 relu, 8 tanh, 1 sigmoid."""
    layers = []
    for layer in model.layers:
        size = getattr(layer, 'units', getattr(layer, 'filters', None))
        function = getattr(getattr(layer, 'activation', None), '__name__', None)
        kind = type(layer).__name__
        words = [] if kind == 'Dense' else [kind]
        words += [str(size)] if size else []
        if kind == 'Dense' or function not in (None, 'linear', 'tanh'):
            words += [function] if function != 'linear' else []
        layers.append(' '.join(words))
    return ', '.join(layers)


def publish(new, name=None):
    """Rename a whole folder to runs/NAME, or to the next free number; return that name."""
    numbers = [int(x) for x in os.listdir(RUNS) if re.fullmatch('[1-9][0-9]{0,8}', x)]
    number = max(numbers, default=0) + 1
    name = name or str(number)
    while True:
        try:
            os.rename(new, f'{RUNS}/{name}')
            break
        except OSError:  # another job has just taken it
            if not os.path.lexists(f'{RUNS}/{name}'):
                raise
            name, number = str(number), number + 1
    with contextlib.suppress(OSError):  # a disk without links
        link = f'{new}-last'
        os.symlink(name, link)
        try:
            os.replace(link, f'{RUNS}/last')
        except OSError:
            os.remove(link)
    return name


def rescue():
    """Make runs of networks whose scripts died on this host before the end; sweep what has none."""
    if not os.path.isdir(RUNS):
        return
    mine = f'.new-{platform.node()}-'
    for left in [name for name in os.listdir(RUNS) if name.startswith(mine)]:
        number, path = left[len(mine) :], f'{RUNS}/{left}'
        with contextlib.suppress(OSError, OverflowError):
            if not number.isdecimal() or os.path.islink(path) or alive(int(number)):
                continue
            if os.path.exists(f'{path}/model.keras'):
                print(
                    f'Run: {RUNS}/{publish(path)}, not evaluated: its script had ended before that'
                )
            else:
                shutil.rmtree(path)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return pid != os.getpid()


def describe_data():
    """Return in a line what the run's sequences are."""
    numbers = facts.get('numbers', {})
    return describe(numbers.get('N_train', '?'), numbers.get('N_test', '?'))


# ---------------------------------------------------------------- the result


def outputs(model, X, names=None):
    """Return the network's score of each class for sequences X (n, N): float (n, classes).

    Raises DataError for one that is no number, with the name of that sequence, if names are given;
    and for a network of NaN.
    """
    if not is_finite(model):
        raise DataError(
            f'the network holds NaN or infinity: {NOT_FINITE}, and train again'
        )
    parts = [
        model(X[i : i + 1000], training=False).numpy() for i in range(0, len(X), 1000)
    ]
    scores = np.concatenate(parts)
    wrong = np.flatnonzero(~np.isfinite(scores).all(axis=1))
    if wrong.size:
        name = names[wrong[0]] if names else f'sequence {wrong[0] + 1}'
        raise DataError(
            f"the network's answer to {name} is no number: {NOT_FINITE}, and train again"
        )
    # One output, a sigmoid, is the score of class 1; of several, each is for one class.
    return np.hstack([1 - scores, scores]) if scores.shape[1] == 1 else scores


def last_activation(model):
    """Return the name of the last layer's activation; it may be a layer of its own, Softmax()."""
    last = model.layers[-1]
    return getattr(
        getattr(last, 'activation', None), '__name__', type(last).__name__
    ).lower()


def are_shares(model, scores):
    """Return whether a network's scores (n, classes) are shares of 1, and so can be shown as such.

    Those of a last layer without bounds are not, though some may look like it.
    """
    bounded = last_activation(model) in (
        'sigmoid',
        'hard_sigmoid',
        'softmax',
        'sparsemax',
    )
    return bool(
        bounded
        and (scores >= 0).all()
        and np.allclose(scores.sum(axis=1), 1, atol=1e-3)
    )


def interval(right, N):
    """Return where, with 95 % confidence, the share lies of which right of N are a sample.

    Wilson's score interval. (scipy.stats.binomtest gives the same, but its import takes a tenth of
    train.py's time.)
    """
    p, z2 = right / N, 1.959964**2 / N
    middle, half = p + z2 / 2, math.sqrt(z2 * (p * (1 - p) + z2 / 4))
    return (middle - half) / (1 + z2), (middle + half) / (1 + z2)


def confidence(right, N):
    """Return that interval as a text."""
    low, high = interval(right, N)
    return f'95 % confidence: {100 * low:.0f} % to {100 * high:.0f} %'


def save_run(model, history, X_train, X_test, Y_test):
    """Print what the accuracy is worth and what was wrong, and save all of it as a run.

    model and history are those of the fit; X_train is (m, N), or any iterable of sequences (N,),
    X_test (n, N), and Y_test (n,) the classes. Ends the script with status 130 if Ctrl-C has ended
    the fit.
    """
    right_kinds = (
        hasattr(model, 'layers') and np.ndim(X_test) == 2 and np.ndim(Y_test) == 1
    )
    if not right_kinds or len(X_test) != len(Y_test):
        raise DataError(
            'it is save_run(model, history, X_train, X_test, Y_test), in this order'
        )
    if not int(model.optimizer.iterations):
        raise DataError(
            'the network has not been trained, so there is no run: model.fit( ) must come before'
            ' save_run( ), and no model.compile( ) between the two'
        )
    if getattr(model, 'saved_after', None) == int(model.optimizer.iterations):
        raise DataError(
            'save_run( ) has saved this run already: leave out the second one'
        )
    shown = model.get_metrics_result().get(
        'accuracy', math.nan
    )  # what evaluate has found
    names = facts.get('class_names') or read_class_names('Train')
    if getattr(model, 'kept_after', None) != int(model.optimizer.iterations):
        if hasattr(model, 'kept_after'):
            print(
                'The network was trained twice: comment out one of the two model.fit.'
            )
        values = history.history
        rows = [
            dict(zip(values, row, strict=True))
            for row in zip(*values.values(), strict=True)
        ]
        rows = [{'epoch': i, **row} for i, row in enumerate(rows, 1)]
        keep(model, rows)

    scores = outputs(model, X_test)
    predicted = scores.argmax(axis=1)
    right, N_test = predicted == Y_test, len(Y_test)
    N_right = int(right.sum())
    share = N_right / N_test
    printed = printed_accuracies() or [shown]
    if all(abs(value - share) > max(0.5 / N_test, 0.0001) for value in printed):
        print(
            f'That is not the accuracy on the test sequences, {100 * share:.2f}%: it takes'
            ' scores = model.evaluate(X_test, Y_test, verbose=0), and of these scores[1]*100'
        )
    seen, facts['lessons'] = seen_sequences(X_train, X_test)
    N_seen, seen_right = int(seen.sum()), int((seen & right).sum())
    facts.update(evaluated=True, accuracy=share, right=N_right, N_test=N_test)
    facts.update(
        seen=N_seen, right_of_seen=seen_right, exam=fingerprint(X_test, Y_test)
    )

    line = f'{N_right} of {N_test} right'
    if N_seen < N_test:
        line += f'; {confidence(N_right, N_test)}'
    print(line)
    if N_seen:
        line = f'{N_seen} of {N_test} test sequences also occur in the training set'
        if N_others := N_test - N_seen:
            others = N_right - seen_right
            line += (
                f'; on the {N_others} others: {others}, {100 * others / N_others:.1f} %'
            )
        else:
            line += ': this is memory, not an exam'
        print(line)
    print(learning(facts))
    larger = max(np.mean(Y_test == Y) for Y in set(Y_test))
    if larger * len(set(Y_test)) > 1.4:
        print(
            f'Always answering with the most frequent class would give {100 * larger:.2f}%'
        )
    print_mistakes(Y_test.astype(int), predicted, names)

    shown = are_shares(model, scores)
    if not shown:
        print(
            'The answers of this last layer are no shares of 1, as those of a sigmoid or a softmax'
            ' are: they are compared, but not kept as scores'
        )
    rows, ids = [], read_ids('Test')
    for i, (Y, answer, row) in enumerate(
        zip(Y_test, predicted, scores, strict=True), 1
    ):
        shares = {
            f'score_{j}': f'{score:.6g}' if shown else '' for j, score in enumerate(row)
        }
        id_ = {'id': ids[i - 1]} if i <= len(ids) else {}
        rows.append(
            {'number': i, **id_, 'class': int(Y), 'predicted': int(answer), **shares}
        )
    new = files.run_folder
    with told(new):
        write_rows(f'{new}/predictions.csv', rows)
        write_facts(new)
        name = publish(new, facts.pop('name'))
    files.run_folder, model.saved_after = None, model.kept_after
    print(f'Run: {RUNS}/{name} with {", ".join(sorted(os.listdir(f"{RUNS}/{name}")))}')
    if facts['epochs'] < facts['of']:
        print(f'(stopped at {facts["epochs"]} of {facts["of"]} epochs)')
        if facts['stopped']:
            sys.exit(130)


def printed_accuracies():
    """Return the numbers in what the script has printed as its accuracy, from 0 to 1; or [].

    [] also if it can't be worked out a second time, from the script's variables.
    """
    found = None
    for call in ast.walk(ast.parse(script_text)):
        if isinstance(call, ast.Call) and 'print' in ast.unparse(call.func):
            calls = [
                x for arg in call.args for x in ast.walk(arg) if isinstance(x, ast.Call)
            ]
            if 'ccuracy' in ast.unparse(call) and all(
                'format' in ast.unparse(x) for x in calls
            ):
                found = call
    try:
        variables = vars(sys.modules['__main__'])
        text = ' '.join(str(eval(ast.unparse(arg), variables)) for arg in found.args)
    except Exception:  # none was found, or its variables have changed meanwhile
        return []
    numbers = [float(x) for x in re.findall(r'\d+\.?\d*', text.partition('ccuracy')[2])]
    return [x / 100 if '%' in text or x > 1 else x for x in numbers]


def seen_sequences(X_train, X_test):
    """Return which of X_test (n, N) also occur in X_train: bool (n,); and X_train's fingerprint.

    As the network sees them, in float32. X_train is (m, N), or any iterable of sequences (N,).
    """

    def key(X):
        return X.astype(np.float32).tobytes()

    test, seen, lessons = {key(X) for X in X_test}, set(), hashlib.sha256()
    for X in X_train:
        lessons.update(X.tobytes())
        if (data := key(X)) in test:
            seen.add(data)
    return np.array([key(X) in seen for X in X_test]), lessons.hexdigest()[:16]


def fingerprint(*arrays):
    """Return a text that is the same for the same arrays alone."""
    return hashlib.sha256(b''.join(x.tobytes() for x in arrays)).hexdigest()[:16]


def learning(facts):
    """Return in a line how fast the network of a run has learnt its training sequences."""
    first, last = facts['epochs_to_95'], facts['epochs_to_100']
    if not first:
        return f'Never 95 % of the training sequences right in {facts["epochs"]} epochs'
    line = f'95 % of the training sequences right after {first} epochs'
    return f'{line}, all after {last}' if last else f'{line}, never all'


def print_mistakes(Y, predicted, names):
    """Print how many of each class were taken for which, and the numbers of the wrong ones.

    Y and predicted, int (n,), are the classes and what the network says.
    """
    from rich.table import Table

    classes = sorted({*Y, *predicted})
    titles = [class_name(j, names) for j in classes]
    many = len(classes) > 2
    table = Table('', *(f'taken for {x}' for x in titles), *['recall'] * many, box=None)
    for i, title in zip(classes, titles, strict=True):
        counts = [int(np.sum((Y == i) & (predicted == j))) for j in classes]
        N = sum(counts)
        few = f'{N} test sequences of this class say nothing' if N < 5 else ''
        recall = [few or f'{100 * np.mean(predicted[Y == i] == i):.0f} %'] * many
        table.add_row(title, *map(str, counts), *recall)
    print_table(table)
    wrong = np.flatnonzero(Y != predicted)
    if len(wrong):
        kinds = {(Y[i], predicted[i]) for i in wrong}
        line = (
            'Wrong: '
            + ' '.join(str(i + 1) for i in wrong[:20])
            + ' ...' * (len(wrong) > 20)
        )
        if len(kinds) == 1:
            ((label, answer),) = kinds
            line += f', all {class_name(label, names)} taken for {class_name(answer, names)}'
        print(f'{line}: python view.py --wrong')


# ---------------------------------------------------------------- reading


# What run.json says of every run, and of which kind it is.
FACTS = {'class_names': list, 'time': str, 'layers': str, 'data': str, 'numbers': dict}
FACTS |= {
    'versions': dict,
    'parameters': int,
    'epochs': int,
    'of': int,
    'evaluated': bool,
}


def read_run(name, path=None):
    """Return what run.json says of a run, with its name and path. Raises DataError without one."""
    path = path or f'{RUNS}/{name}'
    if not os.path.isdir(path):
        known = (
            ', '.join(run['name'] for run in all_runs()[-8:])
            or 'none yet: python train.py'
        )
        raise DataError(f'{path} is missing: the newest runs are {known}')
    try:
        with open_file(f'{path}/run.json', 'r', encoding='utf-8') as file:
            run = {'versions': {}, 'parameters': 0} | json.load(file)
        run |= {'name': str(name), 'path': path}
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise DataError(
            f'{path}/run.json cannot be read ({error}): train again'
        ) from None
    counted = (
        {'accuracy': float, 'right': int, 'N_test': int} if run.get('evaluated') else {}
    )
    for what, kind in (FACTS | counted).items():
        if type(run.get(what)) is not kind or any(
            type(x) is not str for x in run['class_names']
        ):
            raise DataError(
                f'{path}/run.json is damaged ({what}): remove that run, or train again'
            )
    return run


def all_runs():
    """Return what run.json says of every run, the oldest first; what is no run is left out."""
    runs = []
    for name in os.listdir(RUNS) if os.path.isdir(RUNS) else []:
        if NAME.fullmatch(name) and name != 'last':
            with contextlib.suppress(DataError):
                runs.append(read_run(name))
    return sorted(runs, key=lambda run: (run['time'], os.stat(run['path']).st_mtime_ns))


def newest_run():
    """Return what run.json says of the newest run; None if there is none."""
    return next(reversed(all_runs()), None)


def no_run():
    """Return the DataError for a folder without runs."""
    return DataError('there is no run yet: train a network with python train.py')


def read_rows(run, name):
    """Return the rows of a run's CSV file: a dict each, of texts."""
    path = f'{run["path"]}/{name}'
    try:
        with open_file(path, 'r', encoding='utf-8', newline='') as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            for column in set(row) - {'id'}:
                float(row[column] or 0)
    except OSError as error:
        raise DataError(
            f'{path}: {error.strerror}; that run was not evaluated'
        ) from None
    except (ValueError, TypeError, csv.Error) as error:
        raise DataError(f'{path} is damaged ({error}): train again') from None
    wanted = run['epochs'] if name == 'history.csv' else run.get('N_test')
    if len(rows) != wanted:
        raise DataError(f'{path} has {len(rows)} rows instead of {wanted}: train again')
    return rows


def script_of(run):
    """Return the text of the script that a run was made with; '' for a notebook's cells."""
    try:
        with open_file(f'{run["path"]}/train.py', 'r', encoding='utf-8') as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f'{run["path"]}/train.py cannot be read ({error})') from None


def about(run):
    """Return in some lines what a run is."""
    numbers = ', '.join(f'{name} {value}' for name, value in run['numbers'].items())
    lines = [
        f'{run["path"]}: {run["script"] or "a notebook"} of {run["time"].replace("T", " ")}',
        f'Layers: {run["layers"]}; {run["parameters"]:,} parameters',
        f'Numbers: {numbers}',
        f'Data: {run["data"]}',
        f'Classes: {", ".join(run["class_names"]) or "without names"}',
        f'Trained: {run["epochs"]} of {run["of"]} epochs on {run["device"] or "an unknown device"}',
        learning(run),
    ]
    if run['evaluated']:
        line = f'Accuracy: {100 * run["accuracy"]:.2f}%, {run["right"]} of {run["N_test"]} right; '
        lines.append(line + confidence(run['right'], run['N_test']))
    else:
        lines.append('Not evaluated: its script had ended before that')
    lines.append(
        ', '.join(f'{name} {version}' for name, version in run['versions'].items())
    )
    return '\n'.join(map(clean, lines))
