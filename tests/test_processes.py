"""What needs real processes: Ctrl-C, a terminal, no packages, no room."""

import contextlib
import operator
import os
import pty
import re
import resource
import signal
import subprocess
import sys

from support.runs import read_runs

import keras
import pytest
from conftest import PROJECT, SHORT, TRAIN, contents, process, refused, script

EPOCH = 'callbacks.History.on_epoch_end'


def python(*command):
    """Run Python in the workshop's folder; return the finished process."""
    options = {'capture_output': True, 'encoding': 'utf-8', 'errors': 'replace'}
    return subprocess.run([sys.executable, *command], cwd=PROJECT, **options)


def run_in_terminal(*command, send=None, **env):
    """Run Python on a terminal; return its exit status and what is shown there.

    When epoch 10 is shown, it gets the signal send.
    """
    ours, terminal = pty.openpty()
    options = {'stdout': terminal, 'stderr': terminal, 'env': os.environ | env}
    shown = b''
    with subprocess.Popen([sys.executable, *map(str, command)], **options) as running:
        os.close(terminal)
        with contextlib.suppress(OSError):  # when it has ended
            while more := os.read(ours, 9999):
                shown += more
                if send and re.search(rb'Epoch [1-9]\d', shown):
                    running.send_signal(send)
                    send = None
    os.close(ours)
    return running.returncode, shown.decode()


def test_forgotten_script_sh():
    """Where the packages are missing, a hint says to source script.sh."""
    for name in 'train view import_data infer compare'.split():
        done = python('-B', '-S', '-E', f'{name}.py', '1')
        assert re.search(r'No module named .*\nHint: .*type {2}\. \./scr', done.stderr)
        assert done.returncode == 1 and 'Traceback' not in done.stderr


@pytest.mark.slow
def test_ctrl_c(data):
    """Ctrl-C on a terminal stops the training after the epoch, and the run is kept."""
    command = PROJECT / 'train.py', *SHORT, '--N_epochs', 5000
    status, shown = run_in_terminal(*command, send=signal.SIGINT, TERM='xterm')
    fit, rest = shown.split('\x1b[?25h')  # the cursor is back
    assert status == 130 and 'Stopping after this epoch' in fit
    assert re.search(r'The training ended after[\s\S]*Run: ', rest)
    assert read_runs()[0]['is_stopped']
    assert fit.count('\n') < 30  # no epoch leaves a line of its own


def test_a_second_ctrl_c_ends_at_once(data, monkeypatch, capfd):
    """A second Ctrl-C ends the script in an epoch, and there is no run of it."""

    def twice(*_, **logs):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr('support.progress.ShowProgress.on_train_batch_end', twice)
    assert script('train.py', *SHORT, status=1).stderr == '\nInterrupted.\n'
    assert '\nStopping after' in capfd.readouterr().err
    assert not os.path.exists('runs/1')


@pytest.mark.parametrize(
    ('places', 'epochs', 'is_stopped'),
    [
        pytest.param([EPOCH, EPOCH], 2, True, id='in the fit'),
        pytest.param([EPOCH, 'Model.evaluate'], 2, True, id='0.1 seconds apart'),
        pytest.param(['Model.save', 'Model.save'], 3, False, id='while saving'),
    ],
)
def test_two_sigterms_leave_a_whole_run(data, monkeypatch, places, epochs, is_stopped):
    """A job that srun ends gets SIGTERM twice."""
    for place in places:
        method = operator.attrgetter(place)(keras)

        def terminated(*arguments, method=method, **options):
            signal.raise_signal(signal.SIGTERM)
            return method(*arguments, **options)

        monkeypatch.setattr(f'keras.{place}', terminated)
    script('train.py', *SHORT, status=143)
    (run,) = read_runs()
    assert (run['epochs'], run['is_stopped']) == (epochs, is_stopped)


def test_a_stop_waits_for_all_batches(data):
    """SIGTERM stops a fit after the epoch, and acts at once before and after it."""
    stop = 'import signal\nfrom keras.callbacks import LambdaCallback as L\n'
    stop += 'stop = L(on_train_batch_begin=lambda *_, **__: signal.raise_signal(15))\n'
    text = re.sub(r'(?m)^model\.steps_per.*', stop, TRAIN)
    text = text.replace('callbacks=[', 'callbacks=[stop, ')
    shown = 'print(signal.getsignal(15), model.optimizer.iterations.numpy())\n'
    text = re.sub('(history = )', rf'{shown}\1', text)
    text = re.sub(r'(save_run\(.*)', rf'try:\n    \1\nfinally:\n    {shown}', text)
    (data / 'train.py').write_text(text)
    out = script('train.py', *SHORT, '--batch_size', 5, status=143).stdout
    assert re.findall(r'(?m)^(\S+) (\d)$', out) == [('0', '0'), ('0', '4')]


@pytest.mark.slow
def test_nobody_reads(data):
    """Behind | head, a run and all sequences are finished, and no error is shown."""
    workshop = f'{sys.executable} {PROJECT}'
    numbers = ' '.join(map(str, SHORT))
    for command in (
        f'{workshop}/generate_data.py 20 10 --seed 1 --overwrite',
        f'{workshop}/train.py {numbers}',
        f'{workshop}/compare.py',
    ):
        shell = f'{command} | head -n 1'
        done = subprocess.run(['bash', '-c', shell], capture_output=True, text=True)
        assert done.stderr == '' and done.stdout.count('\n') == 1
    assert len(contents('Train')) == 41 and len(read_runs()) == 1


@pytest.mark.slow
def test_whatever_the_user_has(data):
    """A user's keras.py, random.py or other backend does not disturb the training."""
    for name in 'train.py', 'utilities.py', 'support':
        subprocess.run(['cp', '-r', PROJECT / name, '.'], check=True)
    for name in 'keras.py', 'random.py':
        (data / name).write_text('raise SystemExit("mine")')
    done = process(data / 'train.py', *SHORT, env={'KERAS_BACKEND': 'torch'})
    assert done.stderr == ''


def test_where_plots_are_drawn(monkeypatch):
    """Plots are drawn in a terminal if there is no display and no other choice."""
    monkeypatch.chdir(PROJECT)
    monkeypatch.delenv('MPLBACKEND')
    code = 'import os; from support.prepare import prepare; prepare()\n'
    code += 'print(os.environ.get("MPLBACKEND"))'
    assert run_in_terminal('-c', code)[1] == 'module://support.drawing\r\n'
    assert run_in_terminal('-c', code, DISPLAY=':9')[1] == 'None\r\n'
    assert run_in_terminal('-c', code, MPLBACKEND='a')[1] == 'a\r\n'
    assert python('-c', code).stdout == 'None\n'


@pytest.mark.slow
def test_a_gpu_needs_no_seed():
    """A GPU works, too, where the line with set_random_seed is commented out."""
    code = 'import tensorflow as tf; tf.config.list_physical_devices = lambda _: [1]\n'
    code += 'from support.prepare import import_keras; import_keras()\n'
    assert python('-c', f'{code}tf.random.shuffle([1])').returncode == 0


def test_all_but_the_notices_comes_out():
    """TensorFlow's notices are left out, and all else is shown, even at an abort."""
    code = 'import os; from support.prepare import without_notices as w\nwith w(): '
    code += r'os.write(2, b"I00 oneDNN custom operations are on\nan error \xff\n"); '
    assert python('-c', f'{code}os.abort()').stderr.startswith('an error ')


def test_no_room(data, request):
    """A full disk, here a limit of the size of files, leaves no half run."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    request.addfinalizer(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits))
    refused('train.py', *SHORT, parts=['could not be saved', 'File too large'])
    assert not os.path.exists('runs/1/run.json')
