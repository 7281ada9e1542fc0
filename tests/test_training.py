"""The training beside the lesson: extreme numbers, what can go wrong, the terminal, the batches."""

import contextlib
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
    SHORT,
    accuracy,
    assert_one_line,
    contents,
    forked,
    layers,
    run,
)

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
    assert [layer[1] for layer in layers('model.keras')] == [16, 8, 1] and pathlib.Path(
        'history.png'
    ).exists()


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
