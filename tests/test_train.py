"""train.py as a user runs it, and as a user edits it by hand."""

import json
import pathlib
import re
import resource
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
    ENVIRONMENT,
    PROJECT,
    assert_one_line,
    assert_shows,
    contents,
    curve,
    run,
    run_all,
)

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
    epochs = [(int(e[1]), float(e[2])) for e in epochs if e]
    assert [e[0] for e in epochs] == list(range(1, 301))
    assert epochs[-1][1] > 0.99
    assert 'Plot: history.png' in lines and lines[-1] == 'Model: model.keras'
    assert_shows(curve('history.png'), [e[1] for e in epochs])
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


def test_memory_is_told(data):
    for path in (data / 'Test').glob('*.dat'):
        shutil.copy(data / 'Train' / path.name, path)
    process = run('train.py', *SHORT)
    accuracy(process)
    line = '10 of 10 test sequences also occur in the training set, so the accuracy below is partly'
    assert f'{line} memory.\nAccuracy: ' in process.stdout


# ---------------------------------------------------------------- edits by hand

RELU, TANH, SIGMOID = THREE = [
    "model.add(Dense(16, activation='relu'))\n",
    "model.add(Dense(8, activation='tanh'))\n",
    "model.add(Dense(1, activation='sigmoid'))\n",
]


def swap(text, old, new):
    assert text.count(f'\n{old}') == 1, old
    return text.replace(f'\n{old}', f'\n{new}')


def alternative(title):
    """Return the lines of the alternative with this title, as a user uncomments them."""
    block = TRAIN[TRAIN.index(f'# Alternative: {title}') :].split('\n\n')[0]
    return ''.join(f'{x[2:]}\n' for x in block.splitlines() if x.startswith('# model.add'))


def softmax():
    text = swap(TRAIN, SIGMOID, alternative('more classes'))
    text = swap(text, "    loss='binary_crossentropy',\n", '')
    return swap(text, "    # loss='sparse_cat", "    loss='sparse_cat")


def tutorials_call():
    start = TRAIN.index('history = model.fit(\n')
    text = TRAIN[:start] + TRAIN[TRAIN.index('# Plot the history') :]
    return swap(text, '# history = model.fit(', 'history = model.fit(')


D = 'Dense'
EDITS = {
    'no activations': (
        lambda: swap(TRAIN, ''.join(THREE), alternative('no activations')),
        [(D, 16, 'linear'), (D, 8, 'linear'), (D, 1, 'sigmoid')],
    ),
    'softplus': (
        lambda: swap(TRAIN, RELU, alternative('the smooth relu')),
        [(D, 16, 'softplus'), (D, 8, 'tanh'), (D, 1, 'sigmoid')],
    ),
    'LSTM, compiled': (
        lambda: swap(
            swap(TRAIN, ''.join(THREE), alternative('a recurrent network')),
            '    # jit_compile=True',
            '    jit_compile=True',
        ),
        [('Reshape', None, None), ('LSTM', 16, 'tanh'), (D, 1, 'sigmoid')],
    ),
    'LSTM': (
        lambda: swap(TRAIN, ''.join(THREE), alternative('a recurrent network')),
        [('Reshape', None, None), ('LSTM', 16, 'tanh'), (D, 1, 'sigmoid')],
    ),
    'softmax': (softmax, [(D, 16, 'relu'), (D, 8, 'tanh'), (D, 4, 'softmax')]),
    "the tutorial's call": (
        tutorials_call,
        [(D, 16, 'relu'), (D, 8, 'tanh'), (D, 1, 'sigmoid')],
    ),
    'a layer more': (
        lambda: swap(TRAIN, TANH, TANH + "model.add(Dense(5, activation='relu'))\n"),
        [(D, 16, 'relu'), (D, 8, 'tanh'), (D, 5, 'relu'), (D, 1, 'sigmoid')],
    ),
    'a layer less': (lambda: swap(TRAIN, TANH, ''), [(D, 16, 'relu'), (D, 1, 'sigmoid')]),
    'another width and other numbers': (
        lambda: swap(
            swap(swap(TRAIN, RELU, RELU.replace('16', '40')), 'N_train = 200', 'N_train = 30'),
            'batch_size = 32',
            'batch_size = 7',
        ),
        [(D, 40, 'relu'), (D, 8, 'tanh'), (D, 1, 'sigmoid')],
    ),
}


@pytest.fixture(scope='module')
def edited(tmp_path_factory):
    """Make each edit on a copy of the project and run it, two at a time; return the processes."""
    data = tmp_path_factory.mktemp('data')
    run('generate_data.py', 40, 20, '--classes', 4, cwd=data)
    two_classes = tmp_path_factory.mktemp('two')
    run('generate_data.py', 40, 20, cwd=two_classes)
    calls = []
    for name, (edit, _) in EDITS.items():
        copy = tmp_path_factory.mktemp('copy')
        shutil.copytree(data if name == 'softmax' else two_classes, copy, dirs_exist_ok=True)
        for module in ('utilities.py', 'batches.py'):
            shutil.copy(PROJECT / module, copy)
        (copy / 'train.py').write_text(edit())
        numbers = ('--N_test', 20, '--N_epochs', 2)
        numbers += () if 'other numbers' in name else ('--N_train', 40)
        # Streaming goes with any network; the tutorial's call needs the data in memory.
        numbers += ('--stream',) if name in ('LSTM', 'softmax', 'a layer more') else ()
        calls.append((('train.py', *numbers), {'cwd': copy, 'script_folder': copy}))
    return dict(
        zip(EDITS, zip(run_all(calls), (c[1]['cwd'] for c in calls), strict=True), strict=True)
    )


@pytest.mark.parametrize('name', EDITS)
def test_edits(edited, name):
    process, folder = edited[name]
    accuracy(process)
    assert layers(folder / 'model.keras') == EDITS[name][1]
    assert 'Epoch 2/2' in process.stdout


def test_every_alternative_is_tested():
    titles = re.findall(r'^# Alternative: (.*)', TRAIN, re.MULTILINE)
    assert len(titles) == 4
    assert all(alternative(title) for title in titles)


# ---------------------------------------------------------------- what can go wrong


def spoil(name, content):
    return lambda folder: (folder / name).write_bytes(content)


BAD = {
    'no data': (lambda folder: shutil.rmtree(folder / 'Train'), (), 'generate_data.py'),
    'too many': (None, ('--N_test', 11), 'Test/X_11.dat'),
    'other length': (None, ('--N_sequence', 64), 'instead of 64'),
    'class 2': (spoil('Train/Y_5.dat', struct.pack('<d', 2)), (), 'Train/Y_5.dat'),
    'class 2 in test': (spoil('Test/Y_5.dat', struct.pack('<d', 2)), (), 'Test/Y_5.dat'),
    'unfinished': (lambda folder: (folder / 'Test/.unfinished').mkdir(), (), '--overwrite'),
    'streamed missing': (lambda folder: (folder / 'Train/Y_9.dat').unlink(), ('--stream',), 'Y_9'),
    'streamed class 2': (spoil('Train/Y_5.dat', struct.pack('<d', 2)), ('--stream',), 'Y_5.dat'),
    'N_train 0': (None, ('--N_train', 0), 'N_train'),
}


def test_bad_input(generated, tmp_path):
    """Each ends in one line, and leaves every file as it was."""
    calls, before = [], {}
    for name, (spoiling, arguments, _) in BAD.items():
        folder = tmp_path / name
        shutil.copytree(generated, folder)
        (folder / 'model.keras').write_text('the old model')
        if spoiling:
            spoiling(folder)
        before[name] = contents(folder)
        calls.append((('train.py', *SHORT, *arguments), {'cwd': folder}))
    for (name, (_, _, part)), process in zip(BAD.items(), run_all(calls), strict=True):
        assert_one_line(process, part, status=2 if name == 'N_train 0' else 1)
        assert contents(tmp_path / name) == before[name]


def test_full_disk(data):
    pathlib.Path('model.keras').write_text('the old model')
    before = contents(data)
    full = {'preexec_fn': lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))}
    assert_one_line(run('train.py', *SHORT, **full), 'history.png', 'room')
    assert contents(data) == before


def started(*switches):
    """Start a long training; return its process when it has come to the fifth epoch."""
    process = subprocess.Popen(
        [sys.executable, PROJECT / 'train.py', *map(str, SHORT), '--N_epochs', '100000', *switches],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert any(line.startswith('Epoch 5/') for line in process.stdout)
    return process


def test_ctrl_c(data):
    pathlib.Path('model.keras').write_text('the old model')
    process = started()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode not in (0, 1)
    assert errors.endswith('\nStopped.\n') and 'Traceback' not in errors
    assert pathlib.Path('model.keras').read_text() == 'the old model'


def test_warns_of_an_unseen_gpu(data):
    process = run('train.py', *SHORT, env={'SLURM_JOB_GPUS': '0', 'CUDA_VISIBLE_DEVICES': ''})
    accuracy(process)
    (warning,) = [x for x in process.stderr.splitlines() if x.startswith('Warning: ')]
    assert 'GPU' in warning and 'tensorflow[and-cuda]' in warning
    assert process.stdout.startswith('Training on CPU\n')


# ---------------------------------------------------------------- batches.py


@pytest.mark.parametrize('streamed', [False, True])
def test_batches(folder, streamed):
    """Each epoch has every sequence once, with its own class, in another order."""
    from batches import shuffled_batches, streamed_batches

    X, Y = np.arange(100.0).reshape(50, 2), np.arange(50.0)
    if streamed:
        (folder / 'Train').mkdir()
        for i in range(50):
            X[i].tofile(f'Train/X_{i + 1}.dat')
            Y[i].tofile(f'Train/Y_{i + 1}.dat')
        data, steps_per_epoch, steps = streamed_batches('Train', 50, 2, 8)
        assert steps_per_epoch is None and data.cardinality() == steps
        epochs = [list(data) for _ in range(3)]
    else:
        data, steps_per_epoch, steps = shuffled_batches(X, Y, 8)
        assert steps_per_epoch == steps
        batches = iter(data)
        epochs = [[next(batches) for _ in range(steps)] for _ in range(3)]
    orders = []
    for epoch in epochs:
        assert [len(x) for x, _ in epoch] == [8, 8, 8, 8, 8, 8, 2]
        x, y = (np.concatenate([b[i].numpy() for b in epoch]) for i in (0, 1))
        assert x.dtype == y.dtype == np.float32
        assert (x == X[y.astype(int)]).all()
        assert sorted(y) == sorted(Y)
        orders.append(y)
    for a, b in ((orders[0], orders[1]), (orders[1], orders[2]), (orders[0], Y)):
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.5


def test_seeds_and_streaming(data):
    """The same seed gives the same result; streaming gives one as far off as another seed does."""
    run('generate_data.py', 200, 100, '--overwrite')
    numbers = ('--N_train', 200, '--N_test', 100, '--N_epochs', 60)
    switches = [(), (), ('--seed', 1), ('--stream',), ('--stream',)]
    processes = run_all([(('train.py', *numbers, *s), {}) for s in switches])
    memory, again, other, streamed, streamed_again = processes
    assert memory.stdout == again.stdout != other.stdout
    assert streamed.stdout == streamed_again.stdout != memory.stdout
    assert abs(accuracy(streamed) - accuracy(memory)) <= 8
    assert abs(accuracy(other) - accuracy(memory)) <= 8
    last = [re.findall(r'Epoch 60/60: accuracy (\S+),', p.stdout)[0] for p in (streamed, memory)]
    assert abs(float(last[0]) - float(last[1])) < 0.02
    seen = [re.findall(r'.*also occur.*', p.stdout) for p in (streamed, memory)]
    assert seen[0] == seen[1]


def test_streaming_ends_clearly_on_a_file_that_turns_bad(data):
    """The file is good when train.py starts and bad before the training ends."""
    process = started('--stream')
    pathlib.Path('Train/X_13.dat').write_bytes(struct.pack('<128d', *[float('nan')] * 128))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.splitlines()[-1].startswith('train.py: Train/X_13.dat holds NaN')
    assert 'Traceback' not in errors


def test_fit_is_faster_than_the_tutorials():
    """A rough check on few epochs; tests/benchmark.py measures it properly."""
    import keras
    from batches import shuffled_batches

    X, Y = np.random.default_rng(0).normal(size=(2000, 128)), np.arange(2000) % 2
    data, steps_per_epoch, steps = shuffled_batches(X, Y, 32)

    def seconds(fit_arguments, steps_per_execution):
        model = keras.Sequential([keras.Input((128,)), keras.layers.Dense(1, 'sigmoid')])
        model.compile('rmsprop', 'binary_crossentropy', steps_per_execution=steps_per_execution)
        model.fit(**fit_arguments, verbose=0)  # the first epoch also builds the training step
        start = time.perf_counter()
        model.fit(**fit_arguments, epochs=10, verbose=0)
        return time.perf_counter() - start

    ours = seconds({'x': data, 'steps_per_epoch': steps_per_epoch, 'shuffle': False}, steps)
    theirs = seconds({'x': X, 'y': Y, 'batch_size': 32}, 1)
    assert ours < 0.6 * theirs
