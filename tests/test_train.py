"""train.py as a user runs it, and as a user edits it by hand."""

import contextlib
import json
import os
import pathlib
import pty
import re
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest
from conftest import (
    PROJECT,
    assert_one_line,
    assert_shows,
    contents,
    curve,
    forked,
    run,
    run_all,
)
from scipy.stats import binomtest

TRAIN = (PROJECT / 'train.py').read_text()
SHORT = ('--N_train', 20, '--N_test', 10, '--N_epochs', 3)


def accuracy(process):
    """Return the accuracy that train.py printed."""
    assert process.returncode == 0, process.stderr
    (text,) = re.findall(r'^Accuracy: (\d+\.\d\d)%$', process.stdout, re.MULTILINE)
    return float(text)


def layers(model):
    """Return (class, units, activation) of each layer of a .keras file, without Keras."""
    with zipfile.ZipFile(model) as file:
        config = json.loads(file.read('config.json'))
    found = [(layer['class_name'], layer['config']) for layer in config['config']['layers']]
    return [(n, c.get('units'), c.get('activation')) for n, c in found if n != 'InputLayer']


def test_the_lesson(folder):
    assert run('generate_data.py').returncode == 0
    process = run('train.py')
    percent = accuracy(process)
    assert 80 <= percent <= 100
    lines = process.stdout.splitlines()
    assert lines[0].startswith('Training on ')
    assert '2,209' in process.stdout  # 128*16+16 + 16*8+8 + 8*1+1 weights
    epochs = [re.fullmatch(r'Epoch (\d+)/300: accuracy (\S+), loss (\S+)', x) for x in lines]
    epochs = [(int(e[1]), float(e[2]), float(e[3])) for e in epochs if e]
    assert [e[0] for e in epochs] == list(range(1, 301))
    assert epochs[-1][1] > 0.99
    assert 'Model: model.keras' in lines and lines[-1] == 'Plot: history.png'
    assert_shows(curve('history.png', rows=2, row=0), [e[1] for e in epochs])
    assert_shows(curve('history.png', rows=2, row=1), [e[2] for e in epochs])
    assert layers('model.keras') == [
        ('Dense', 16, 'relu'),
        ('Dense', 8, 'tanh'),
        ('Dense', 1, 'sigmoid'),
    ]
    # What it says of seen test sequences and of the accuracy is so.
    X_train = {(folder / f'Train/X_{i}.dat').read_bytes() for i in range(1, 201)}
    X_test = [(folder / f'Test/X_{i}.dat').read_bytes() for i in range(1, 51)]
    seen = sum(x in X_train for x in X_test)
    assert (f'{seen} of 50 test sequences also occur' in process.stdout) == (seen > 0)
    import keras

    outputs = keras.models.load_model('model.keras')(np.array([np.frombuffer(x) for x in X_test]))
    labels = [np.fromfile(f'Test/Y_{i}.dat')[0] for i in range(1, 51)]
    agree = (outputs.numpy()[:, 0] > 0.5) == np.array(labels)
    assert percent == pytest.approx(100 * agree.mean(), abs=0.01)
    interval = binomtest(int(agree.sum()), 50).proportion_ci(method='wilson')
    low, high = (f'{100 * limit:.0f} %' for limit in interval)
    assert f'{agree.sum()} of 50 right; 95 % confidence: {low} to {high}' in lines


def test_memory_is_told(data):
    for path in (data / 'Test').glob('*.dat'):
        shutil.copy(data / 'Train' / path.name, path)
    process = forked('train.py', *SHORT)
    accuracy(process)
    line = '10 of 10 test sequences also occur in the training set, so the accuracy below is partly'
    assert f'{line} memory.\nAccuracy: ' in process.stdout


def test_a_quick_start(data):
    """The garbage collector leaves alone what Keras and TensorFlow brought."""
    program = f"""
import gc, runpy, sys
sys.path.insert(0, {str(PROJECT)!r})
sys.argv = ['train.py', '--help']
try:
    runpy.run_path({str(PROJECT / 'train.py')!r}, run_name='__main__')
except SystemExit:
    assert gc.isenabled() and gc.get_freeze_count() > 100_000, gc.get_freeze_count()
"""
    subprocess.run([sys.executable, '-c', program], check=True, stdout=subprocess.DEVNULL)


# ---------------------------------------------------------------- edits by hand

RELU, TANH, SIGMOID = THREE = [
    "model.add(Dense(16, activation='relu'))\n",
    "model.add(Dense(8, activation='tanh'))\n",
    "model.add(Dense(1, activation='sigmoid'))\n",
]
FIT = 'history = model.fit(training_data, epochs=N_epochs, callbacks=[FitProgress()])\n'
LOSS = "    loss='binary_crossentropy',\n"
SPARSE = "    loss='sparse_categorical_crossentropy',\n"


def swap(text, old, new):
    assert text.count(f'\n{old}') == 1, old
    return text.replace(f'\n{old}', f'\n{new}')


def alternative(title):
    """Return the lines of the alternative with this title, as a user uncomments them."""
    block = TRAIN[TRAIN.index(f'# Alternative: {title}') :].split('\n\n')[0]
    return ''.join(
        f'{x[2:]}\n' for x in block.splitlines() if re.match(r'# [\w.]+ ?[=(]|# [ )]', x)
    )


def softmax():
    return swap(swap(TRAIN, SIGMOID, alternative('more classes')), LOSS, SPARSE)


def recurrent():
    return swap(TRAIN, ''.join(THREE), alternative('a recurrent network'))


D = 'Dense'
TUTORIALS = [(D, 16, 'relu'), (D, 8, 'tanh'), (D, 1, 'sigmoid')]
# What is edited: (the edited script, what is typed, the layers that come out).
EDITS = {
    'no activations': (
        swap(TRAIN, ''.join(THREE), alternative('no activations')),
        (),
        [(D, 16, 'linear'), (D, 8, 'linear'), (D, 1, 'sigmoid')],
    ),
    'softplus': (
        swap(TRAIN, RELU, alternative('softplus')),
        (),
        [(D, 16, 'softplus'), *TUTORIALS[1:]],
    ),
    'LSTM, compiled': (
        swap(recurrent(), '    # jit_compile=True', '    jit_compile=True'),
        (),
        [('Reshape', None, None), ('LSTM', 16, 'tanh'), (D, 1, 'sigmoid')],
    ),
    'LSTM': (
        recurrent(),
        ('--stream',),
        [('Reshape', None, None), ('LSTM', 16, 'tanh'), (D, 1, 'sigmoid')],
    ),
    'softmax': (softmax(), ('--stream',), [*TUTORIALS[:2], (D, 4, 'softmax')]),
    'normalization': (
        swap(TRAIN, '# normalization = ', '\n' + alternative('values far from 0 or 1') + '# '),
        (),
        [('Normalization', None, None), *TUTORIALS],
    ),
    'normalization, streamed': (
        swap(TRAIN, '# normalization = ', '\n' + alternative('values far from 0 or 1') + '# '),
        ('--stream',),
        [('Normalization', None, None), *TUTORIALS],
    ),
    "the tutorial's call": (
        swap(TRAIN, FIT, alternative("the tutorial's own call")),
        (),
        TUTORIALS,
    ),
    'validation': (swap(TRAIN, FIT, alternative('validation')), (), TUTORIALS),
    'validation, streamed': (
        swap(TRAIN, FIT, alternative('validation')),
        ('--stream',),
        TUTORIALS,
    ),
    'a layer more': (
        swap(TRAIN, TANH, TANH + "model.add(Dense(5, activation='relu'))\n"),
        ('--stream',),
        [*TUTORIALS[:2], (D, 5, 'relu'), TUTORIALS[2]],
    ),
    'a layer less': (swap(TRAIN, TANH, ''), (), [TUTORIALS[0], TUTORIALS[2]]),
    'another width and other numbers': (
        swap(
            swap(swap(TRAIN, RELU, RELU.replace('16', '40')), 'N_train = 200', 'N_train = 30'),
            'batch_size = 32',
            'batch_size = 7',
        ),
        (),
        [(D, 40, 'relu'), *TUTORIALS[1:]],
    ),
    'a number of my own': (
        swap(
            swap(TRAIN, RELU, RELU.replace('16', 'N_neurons')),
            'N_train = 200',
            'N_neurons = 5\nmirrored = True\noffset = -1\nN_train = 200',
        ),
        ('--N_neurons', 9, '--no-mirrored', '--offset', -3),
        [(D, 9, 'relu'), *TUTORIALS[1:]],
    ),
}


def edited(text, folder):
    """Write an edited train.py into a folder beside the data; return the folder."""
    folder.mkdir(exist_ok=True)
    (folder / 'train.py').write_text(text)
    return folder


@pytest.fixture(scope='module')
def four_classes(tmp_path_factory):
    folder = tmp_path_factory.mktemp('four')
    run('generate_data.py', 40, 20, '--classes', 4, cwd=folder)
    return folder


@pytest.fixture(scope='module')
def edits(tmp_path_factory, four_classes):
    """Make each edit on a copy of train.py and run it; return the processes and folders."""
    two_classes = tmp_path_factory.mktemp('two')
    run('generate_data.py', 40, 20, cwd=two_classes)
    calls = []
    for name, (text, arguments, _) in EDITS.items():
        copy = tmp_path_factory.mktemp('copy')
        shutil.copytree(
            four_classes if name == 'softmax' else two_classes, copy, dirs_exist_ok=True
        )
        numbers = ('--N_test', 20, '--N_epochs', 2, *arguments)
        numbers += () if 'other numbers' in name else ('--N_train', 40)
        calls.append((('train.py', *numbers), {'cwd': copy, 'script_folder': edited(text, copy)}))
    return {
        name: (process, options['cwd'])
        for name, process, (_, options) in zip(EDITS, run_all(calls), calls, strict=True)
    }


@pytest.mark.parametrize('name', EDITS)
def test_edits(edits, name):
    process, folder = edits[name]
    accuracy(process)
    assert layers(folder / 'model.keras') == EDITS[name][2]
    assert 'Epoch 2/2' in process.stdout
    assert ('val_accuracy' in process.stdout) == name.startswith('validation')
    table = process.stdout.index('Epoch 1/2')
    assert ('━' in process.stdout[table:]) == (name == "the tutorial's call")  # Keras's own bars


def test_every_alternative_is_tested():
    titles = re.findall(r'^# Alternative: (.*)', TRAIN, re.MULTILINE)
    assert len(titles) == 7
    assert all(alternative(title) for title in titles)


def test_an_edited_copy_runs_as_it_is(data):
    """Once without forked: a copy of the project, edited, as on an attendee's disk."""
    for path in ('support', 'utilities.py', 'train.py'):
        copy = shutil.copytree if path == 'support' else shutil.copy
        copy(PROJECT / path, path)
    edited(EDITS['a number of my own'][0], data)
    process = run('train.py', *SHORT, '--N_neurons', 7, script_folder=data)
    accuracy(process)
    assert layers('model.keras')[0] == (D, 7, 'relu')
    assert '--N_neurons N' in run('train.py', '--help', script_folder=data).stdout


@pytest.mark.parametrize('switches', [(), ('--stream',)])
def test_normalization_makes_any_scale_the_same(folder, switches):
    """Raw values around 10,000 are told to need it, and then are learnt as well as waves are."""
    run('generate_data.py')
    for path in folder.glob('*/X_*.dat'):
        (10_000 + 100 * np.fromfile(path)).tofile(path)
    numbers = ('--N_epochs', 100, *switches)
    raw = forked('train.py', *numbers)
    assert accuracy(raw) < 70
    (said,) = re.findall('The values have .*', raw.stdout)
    assert 'mean of 1e+04' in said and 'Normalization' in said and 'train.py' in said
    edited(EDITS['normalization'][0], folder)
    normalized = forked('train.py', *numbers, script_folder=folder)
    assert accuracy(normalized) >= 80
    assert 'The values' not in normalized.stdout
    # The layer is in the model: infer.py takes raw values.
    process = forked('infer.py', *range(1, 51))
    assert f'Accuracy: {accuracy(normalized):.2f}% of 50' in process.stdout


# ---------------------------------------------------------------- wrong edits

MISTAKES = {
    'softmax without its loss': (
        swap(TRAIN, SIGMOID, alternative('more classes')),
        "loss='binary_crossentropy'",
        'sparse_categorical_crossentropy',
    ),
    'the loss without softmax': (
        swap(TRAIN, LOSS, SPARSE),
        "loss='sparse_categorical_crossentropy'",
        "make it 'binary_crossentropy'",
    ),
    'two neurons with a sigmoid': (
        swap(TRAIN, SIGMOID, SIGMOID.replace('1', '2')),
        "model.add(Dense(2, activation='sigmoid'))",
        "Dense(1, activation='sigmoid')",
    ),
    'two neurons with a sigmoid and the other loss': (
        swap(swap(TRAIN, SIGMOID, SIGMOID.replace('1', '2')), LOSS, SPARSE),
        "loss='sparse_categorical_crossentropy'",
        "Dense(2, activation='softmax')",
    ),
    'one neuron with softmax': (
        swap(TRAIN, SIGMOID, SIGMOID.replace('sigmoid', 'softmax')),
        "model.add(Dense(1, activation='softmax'))",
        'always answers 1',
    ),
    'no last layer': (
        swap(TRAIN, SIGMOID, ''),
        "model.add(Dense(8, activation='tanh'))",
        "Dense(1, activation='sigmoid')",
    ),
    'no layer': (swap(TRAIN, ''.join(THREE), ''), 'model.add(Input', 'the last layer'),
    'misspelt activation': (
        swap(TRAIN, RELU, RELU.replace('relu', 'rleu')),
        "model.add(Dense(16, activation='rleu'))",
        "did you mean 'relu'?",
    ),
    'softmax after the sigmoid': (
        swap(swap(TRAIN, SIGMOID, SIGMOID + alternative('more classes')), LOSS, SPARSE),
        "model.add(Dense(1, activation='sigmoid'))",
        'comment it out',
    ),
    'no sigmoid': (
        swap(TRAIN, SIGMOID, 'model.add(Dense(1))\n'),
        'model.add(Dense(1))',
        "Dense(1, activation='sigmoid')",
    ),
    'the loss for one-hot classes': (
        swap(TRAIN, LOSS, SPARSE.replace('sparse_', '')),
        "loss='categorical_crossentropy'",
        'sparse_categorical_crossentropy',
    ),
    'no input': (
        swap(TRAIN, 'model.add(Input(shape=(N_sequence,)))\n', '\n'),
        'check_network(',
        'model.add(Input(shape=(N_sequence,)))',
    ),
    'no metrics': (
        swap(TRAIN, "    metrics=['accuracy'],\n", ''),
        '_, accuracy = model.evaluate',
        "metrics=['accuracy']",
    ),
    'misspelt optimizer': (
        TRAIN.replace("'rmsprop'", "'rmspop'"),
        "optimizer='rmspop'",
        'keras.io',
    ),
    'misspelt loss': (
        swap(TRAIN, LOSS, "    loss='binary_crossentropi',\n"),
        "loss='binary_crossentropi'",
        'keras.io',
    ),
    'misspelt argument': (
        swap(TRAIN, RELU, RELU.replace('activation', 'activate')),
        "activate='relu'",
        'a layer looks like',
    ),
    'no number': (swap(TRAIN, TANH, 'model.add(Dense())\n'), 'model.add(Dense())', 'looks like'),
    'minus three': (swap(TRAIN, TANH, 'model.add(Dense(-3))\n'), 'Dense(-3)', 'from 1'),
    'LSTM alone': (swap(TRAIN, RELU, 'model.add(LSTM(16))\n'), 'model.add(LSTM(16))', 'Reshape('),
    'another length': (
        swap(TRAIN, RELU, 'model.add(Reshape((100, 1)))\n' + RELU),
        'model.add(Reshape((100, 1)))',
        'keeps all values',
    ),
}


@pytest.mark.parametrize('name', MISTAKES)
def test_wrong_edits_end_in_one_line(generated, tmp_path, name):
    text, line, remedy = MISTAKES[name]
    process = forked(
        'train.py', *SHORT, cwd=generated, script_folder=edited(text, tmp_path / 'copy')
    )
    assert_one_line(process, line, remedy)
    number = int(re.search(r': line (\d+), ', process.stderr.splitlines()[-1])[1])
    assert line in text.splitlines()[number - 1]
    if name == 'no metrics':  # seen after the training, whose network is saved
        (generated / 'model.keras').unlink()
    assert not (generated / 'model.keras').exists()


def test_untrained_network_is_not_saved(data, tmp_path):
    """model.fit commented out: the network that was trained before stays."""
    pathlib.Path('model.keras').write_text('the old model')
    text = swap(TRAIN, FIT, f'# {FIT}')
    process = forked('train.py', *SHORT, script_folder=edited(text, tmp_path / 'copy'))
    assert_one_line(process, 'model.keras stays', 'model.fit')
    assert pathlib.Path('model.keras').read_text() == 'the old model'


@pytest.mark.parametrize(
    ('title', 'arguments', 'part'),
    [
        ("the tutorial's own call", ('--stream',), 'leave out --stream'),
        ('validation', ('--N_train', 3), 'N_train'),
    ],
)
def test_alternatives_at_their_limits(data, tmp_path, title, arguments, part):
    folder = edited(swap(TRAIN, FIT, alternative(title)), tmp_path / 'copy')
    assert_one_line(forked('train.py', *SHORT, *arguments, script_folder=folder), part)


@pytest.mark.parametrize(
    ('old', 'new', 'error'),
    [
        (RELU, RELU.replace('))', ')'), 'SyntaxError'),
        (RELU, RELU.replace('Dense', 'Dnse'), 'NameError'),
        ('save(model', '1 / 0\nsave(model', 'ZeroDivisionError'),
    ],
)
def test_pythons_own_errors_stay(data, tmp_path, old, new, error):
    process = forked(
        'train.py', *SHORT, script_folder=edited(swap(TRAIN, old, new), tmp_path / 'copy')
    )
    assert process.returncode == 1 and error in process.stderr.splitlines()[-1]
    assert 'train.py", line ' in process.stderr


# ---------------------------------------------------------------- the numbers


def test_numbers_left_to_the_data(data):
    process = forked('train.py', '--N_train', 0, '--N_test', 0, '--N_sequence', 0, '--N_epochs', 1)
    accuracy(process)
    assert '2,209' in process.stdout and 'of 10 right' in process.stdout
    assert 'Using' not in process.stdout
    process = forked('train.py', *SHORT[:2], '--N_test', 7, '--N_epochs', 1)
    assert 'Using 7 of the 10 sequences in Test\n' in process.stdout
    assert 'sequences in Train' not in process.stdout


@pytest.mark.parametrize('numbers', [(1, 32), (20, 1000), (20, 1)], ids=str)
@pytest.mark.parametrize('switch', ['--stream', '--no-stream'])
def test_extreme_numbers(data, numbers, switch):
    N_train, batch_size = numbers
    process = forked(
        *('train.py', '--N_train', N_train, '--batch_size', batch_size),
        *('--N_test', 1, '--N_epochs', 2, switch),
    )
    accuracy(process)
    assert 'Epoch 2/2' in process.stdout


# ---------------------------------------------------------------- what can go wrong


def spoil(name, *values):
    return lambda folder: (folder / name).write_bytes(struct.pack(f'<{len(values)}d', *values))


def empty_sets_of_large_files(folder):
    """2,000 sequences of 12.5 million zeros, 200 GB, which take no room on the disk."""
    for i in range(1, 2001):
        for name, size in (('X', 100_000_000), ('Y', 8)):
            with open(folder / f'Train/{name}_{i}.dat', 'wb') as file:
                file.truncate(size)


BAD = {
    'no data': (lambda folder: shutil.rmtree(folder / 'Train'), (), 'generate_data.py'),
    'too many': (None, ('--N_test', 11), 'Test/X_11.dat'),
    'other length': (None, ('--N_sequence', 64), 'instead of 64'),
    'class 2': (spoil('Train/Y_5.dat', 2), (), 'Train/Y_5.dat'),
    'class 2 in test': (spoil('Test/Y_5.dat', 2), (), 'Test/Y_5.dat'),
    'unfinished': (lambda folder: (folder / 'Test/.unfinished').mkdir(), (), '--overwrite'),
    'too large': (spoil('Train/X_9.dat', *[0] * 127, -1e44), (), 'X_9.dat holds a value of size'),
    'streamed too large': (
        spoil('Train/X_9.dat', *[0] * 127, 1e44),
        ('--stream',),
        'divide all the data by a constant',
    ),
    'streamed missing': (lambda folder: (folder / 'Train/Y_9.dat').unlink(), ('--stream',), 'Y_9'),
    'streamed class 2': (spoil('Train/Y_5.dat', 2), ('--stream',), 'Y_5.dat'),
    'N_epochs 0': (None, ('--N_epochs', 0), 'N_epochs'),
    'N_train -1': (None, ('--N_train', -1), 'N_train'),
}


@pytest.mark.parametrize('name', BAD)
def test_bad_input(data, name):
    """Each ends in one line, and leaves every file as it was."""
    spoiling, arguments, part = BAD[name]
    pathlib.Path('model.keras').write_text('the old model')
    if spoiling:
        spoiling(data)
    before = contents(data)
    process = forked('train.py', *SHORT, *arguments)
    assert_one_line(process, part, status=2 if 'N_' in name else 1)
    assert contents(data) == before


def test_no_room_in_memory(data):
    empty_sets_of_large_files(data)
    limit = 40 * 2**30
    process = run(
        *('train.py', *SHORT, '--N_train', 2000, '--N_sequence', 12_500_000),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert_one_line(process, 'memory', '--stream')


def test_full_disk(data):
    pathlib.Path('model.keras').write_text('the old model')
    before = contents(data)
    full = {'preexec_fn': lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))}
    assert_one_line(run('train.py', *SHORT, **full), 'model.keras', 'room')
    assert contents(data) == before


def test_result_is_safe_when_the_plots_window_is_lost(data):
    """A stand-in for a window in which one types Ctrl-C."""
    pathlib.Path('window.py').write_text("""
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backend_bases import FigureManagerBase
class FigureManager(FigureManagerBase):
    @classmethod
    def pyplot_show(cls, *, block=None):
        raise KeyboardInterrupt
class FigureCanvas(FigureCanvasAgg):
    required_interactive_framework = 'headless'
    manager_class = FigureManager
""")
    process = run(
        'train.py', *SHORT, env={'MPLBACKEND': 'module://window', 'PYTHONPATH': str(data)}
    )
    assert process.stderr.endswith('\nStopped.\n')
    assert 'Accuracy: ' in process.stdout
    assert layers('model.keras') == TUTORIALS and pathlib.Path('history.png').exists()


@contextlib.contextmanager
def started(*switches):
    """A long training that has come to its fifth epoch; it doesn't outlive the test."""
    command = [sys.executable, PROJECT / 'train.py', *SHORT, '--N_epochs', 100_000, *switches]
    with subprocess.Popen(
        map(str, command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert any(line.startswith('Epoch 5/') for line in process.stdout)
            yield process
        finally:
            process.kill()


def test_ctrl_c(data):
    pathlib.Path('model.keras').write_text('the old model')
    with started() as process:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode not in (0, 1)
    assert errors.endswith('\nStopped.\n') and 'Traceback' not in errors
    assert pathlib.Path('model.keras').read_text() == 'the old model'


def test_warns_of_an_unseen_gpu(data):
    process = forked('train.py', *SHORT, env={'SLURM_JOB_GPUS': '0', 'CUDA_VISIBLE_DEVICES': ''})
    accuracy(process)
    (warning,) = [x for x in process.stderr.splitlines() if x.startswith('Warning: ')]
    assert 'GPU' in warning and 'tensorflow[and-cuda]' in warning
    assert process.stdout.startswith('Training on CPU\n')


# ---------------------------------------------------------------- on a terminal


def on_a_terminal(*command, seconds=100):
    """Run a script on a terminal of its own; return the exit status and what that shows."""
    ours, theirs = pty.openpty()
    environment = os.environ | {'COLUMNS': '100', 'TERM': 'xterm'}
    script, *arguments = map(str, command)
    with subprocess.Popen(
        [sys.executable, PROJECT / script, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    ) as process:
        os.close(theirs)
        shown, end = b'', time.monotonic() + seconds
        try:
            while (time.monotonic() < end and select.select([ours], [], [], 1)[0]) or (
                process.poll() is None and time.monotonic() < end
            ):
                with contextlib.suppress(BlockingIOError):
                    shown += os.read(ours, 65536)
        except OSError:  # what Linux says when the last who had the terminal has closed it
            pass
        finally:
            process.kill()
            os.close(ours)
    return process.returncode, shown.decode()


def test_one_bar_on_a_terminal(data):
    status, shown = on_a_terminal('train.py', *SHORT, '--N_epochs', 60)
    assert status == 0
    assert re.search(r'Epoch \d+/60', shown) and 'accuracy' in shown and '━' in shown
    assert 'Epoch 60/60: accuracy' in shown
    # One line is drawn again and again: no epoch leaves a line of its own.
    text = re.sub(r'\x1b\[[?\d;]*[A-Za-z]', '', shown)
    assert sum('Epoch' in line.split('\r')[-1] for line in text.split('\n')) <= 2
    assert shown.rindex('\x1b[?25h') > shown.rindex('\x1b[?25l')  # the cursor is back
    assert 'Accuracy: ' in text and 'history.png' in text


def test_bars_of_many_files_on_a_terminal(folder):
    status, shown = on_a_terminal('generate_data.py', 3000, 1)
    assert status == 0 and 'Writing Train' in shown and 'Wrote 3000' in shown
    assert shown.rindex('\x1b[?25h') > shown.rindex('\x1b[?25l')


# ---------------------------------------------------------------- batches


@pytest.fixture
def fifty(folder):
    """50 sequences (2 i, 2 i + 1) of class i, as arrays and in files."""
    X, Y = np.arange(100.0).reshape(50, 2), np.arange(50.0)
    (folder / 'Train').mkdir()
    for i in range(50):
        X[i].tofile(f'Train/X_{i + 1}.dat')
        Y[i].tofile(f'Train/Y_{i + 1}.dat')
    return X, Y


@pytest.mark.parametrize('streamed', [False, True])
def test_batches(fifty, streamed):
    """Each epoch has every sequence once, with its own class, in another order."""
    from support.training import batches

    from utilities import read_set

    X, Y = fifty
    data = batches(*(read_set('Train', 50, 2, stream=True) if streamed else (X, Y)), 8)
    assert data.cardinality() == 7
    orders = []
    for epoch in [list(data) for _ in range(3)]:
        assert [len(x) for x, _ in epoch] == [8, 8, 8, 8, 8, 8, 2]
        x, y = (np.concatenate([b[i].numpy() for b in epoch]) for i in (0, 1))
        assert x.dtype == y.dtype == np.float32
        assert (x == X[y.astype(int)]).all()
        assert sorted(y) == sorted(Y)
        orders.append(y)
    for a, b in ((orders[0], orders[1]), (orders[1], orders[2]), (orders[0], Y)):
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.5


@pytest.mark.parametrize('part', [slice(10, 40), slice(1, None, 4), slice(3)], ids=str)
def test_a_part_of_a_streamed_set(fifty, part):
    from support.training import batches

    from utilities import read_set

    X, Y = read_set('Train', 50, 2, stream=True)
    x, y = (np.concatenate(z) for z in zip(*batches(X[part], Y[part], 8), strict=True))
    assert sorted(y) == sorted(fifty[1][part]) and (x == fifty[0][y.astype(int)]).all()
    assert np.array_equal(list(X[part]), fifty[0][part])


def test_streaming_reads_in_parallel_with_determinism(fifty):
    """With op determinism tf.data maps in parallel only what has no state: no operation has."""
    from support.training import batches

    from utilities import read_set

    data = batches(*read_set('Train', 50, 2, stream=True), 8)
    while 'Parallel' not in type(data).__name__:
        data = data._input_dataset
    graph = data._map_func.function.graph.as_graph_def(add_shapes=True)
    from tensorflow.python.framework import op_def_registry

    operations = {
        node.op
        for part in (graph, *graph.library.function)
        for node in (part.node if part is graph else part.node_def)
    }
    assert {'ReadFile', 'DecodeRaw', 'EnsureShape', 'GatherV2'} <= operations
    stateful = {o for o in operations if (d := op_def_registry.get(o)) and d.is_stateful}
    assert not stateful


def test_every_batch_is_trained_with(fifty):
    """steps_per_execution, 100 in train.py, need not divide the number of batches."""
    from support.training import batches, keras

    X, Y = fifty
    losses = []
    for steps in (1, 3, 100):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile('rmsprop', 'mse', steps_per_execution=steps)
        losses += [model.fit(batches(X, Y, 8), epochs=3, verbose=0).history['loss']]
        assert int(model.optimizer.iterations) == 3 * 7
    assert losses[0] == pytest.approx(losses[1]) and losses[0] == pytest.approx(losses[2])


def test_seeds_and_streaming(data):
    """The same seed gives the same result; streaming gives one as far off as another seed does."""
    run('generate_data.py', 200, 100, '--overwrite')
    numbers = ('--N_train', 200, '--N_test', 100, '--N_epochs', 60)
    switches = [(), ('--no-stream',), ('--seed', 1), ('--stream',), ('--stream',)]
    processes = [forked('train.py', *numbers, *s) for s in switches]
    memory, again, other, streamed, streamed_again = processes
    assert memory.stdout == again.stdout != other.stdout
    assert streamed.stdout == streamed_again.stdout != memory.stdout
    assert abs(accuracy(streamed) - accuracy(memory)) <= 8
    assert abs(accuracy(other) - accuracy(memory)) <= 8
    last = [re.findall(r'Epoch 60/60: accuracy (\S+),', p.stdout)[0] for p in (streamed, memory)]
    assert abs(float(last[0]) - float(last[1])) < 0.02
    seen = [re.findall(r'.*also occur.*', p.stdout) for p in (streamed, memory)]
    assert seen[0] == seen[1]


def test_streaming_ends_when_the_set_is_exchanged(data):
    """No network of two sets, and the names are those of the set that it was trained with."""
    pathlib.Path('model.keras').write_text('the old model')
    with started('--stream') as process:
        assert run('generate_data.py', 20, 10, '--overwrite', '--seed', 1).returncode == 0
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert 'Train was written anew while it was read' in errors.splitlines()[-1]
    assert pathlib.Path('model.keras').read_text() == 'the old model'


def test_names_are_those_of_the_set_that_was_read(data):
    command = [sys.executable, PROJECT / 'train.py', *SHORT, '--N_epochs', 300]
    command = [str(part) for part in command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert any(line.startswith('Epoch 1/') for line in process.stdout)
            process.send_signal(signal.SIGSTOP)
            pathlib.Path('Train/classes.txt').write_text('others\nothers too\n')
            process.send_signal(signal.SIGCONT)
            assert 'Accuracy' in process.communicate(timeout=60)[0]
        finally:
            process.kill()
    with zipfile.ZipFile('model.keras') as archive:
        assert archive.read('classes.txt') == b'sine wave\nsquare wave\n'


def test_streaming_ends_clearly_on_a_file_that_turns_bad(data):
    """The file is good when train.py starts and bad before the training ends."""
    with started('--stream') as process:
        pathlib.Path('bad').write_bytes(struct.pack('<128d', *[float('nan')] * 128))
        os.replace('bad', 'Train/X_13.dat')
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.splitlines()[-1].startswith('train.py: Train/X_13.dat holds NaN')
    assert 'Traceback' not in errors
