"""What needs real processes: exit statuses, signals, a terminal, full disks."""

import contextlib
import os
import pty
import re
import resource
import shutil
import signal
import subprocess
import sys
from unittest import mock

import keras
import matplotlib.pyplot as plt
import pytest
from conftest import PROJECT, SHORT, TRAIN, contents, one_line, process, refused, script


def python(*command, **options):
    """Run Python in the workshop's folder; return the finished process."""
    command = [sys.executable, *command]
    options |= {'capture_output': True, 'encoding': 'utf-8', 'errors': 'replace'}
    return subprocess.run(command, cwd=PROJECT, timeout=100, **options)


# As ... | head, which has enough at the first line; a full disk under what a warning
# goes to; and one under a log.
SHELLS = [
    ('SLURM_JOB_GPUS=0 "$@" 2>/dev/full | head -1 | grep ^Model:', 0, ''),
    ('exec "$@" >/dev/full', 1, r'Some output was not printed \(No space .*\n'),
]


@pytest.mark.slow
@pytest.mark.parametrize(('shell', 'status', 'error'), SHELLS)
def test_no_training_is_lost(data, shell, status, error):
    """Also where a display is named that cannot be used."""
    env = {'DISPLAY': ':987', 'MPLBACKEND': '', 'PYTHONUNBUFFERED': ''}
    prefix = ['sh', '-c', shell, 'sh']
    done = process('train.py', *SHORT, status=status, env=env, prefix=prefix)
    assert re.fullmatch(error, done.stderr)
    assert os.path.exists('runs/1/predictions.csv')


@pytest.mark.slow
def test_whatever_the_shell_has_set(data):
    """And with the user's files beside train.py, as Windows Notepad may save it."""
    for path in PROJECT.glob('*.py'):
        shutil.copy(path, data)
    (data / 'support').symlink_to(PROJECT / 'support')
    (data / 'copy.py').write_text(f'\ufeff{TRAIN}', encoding='utf-8')
    for name in 'csv', 'keras', 'matplotlib', 'random', 'signal', 'statistics':
        (data / f'{name}.py').write_text('raise SystemExit("mine")')
    names = 'größer $_\n正 $^ [red]\n'
    (data / 'Train/classes.txt').write_text(names, encoding='utf-8')
    (data / '.keras').mkdir()
    (data / '.keras/keras.json').write_text('{"floatx": "float16"}')
    env = {'KERAS_BACKEND': 'torch', 'HOME': str(data), 'LC_ALL': 'C', 'TERM': ''}
    env |= {'PYTHONIOENCODING': 'ascii', 'SLURM_JOB_ID': 'odd\x1b'}
    done = process(data / 'copy.py', *SHORT, env=env)
    compared = process(data / 'compare.py', env=env)
    assert done.stdout.isascii() and compared.stdout.isascii()
    assert r'gr\xf6\xdfer $_' in done.stdout and r'\u6b63 $^ [red]' in done.stdout
    assert done.stderr == compared.stderr == ''
    network = keras.models.load_model('runs/1/model.keras')
    assert network.dtype_policy.name == 'float32'


def test_forgotten_script_sh(folder):
    """Without the packages, as where script.sh was not sourced: one line says so."""
    names = 'train view generate_data import_data infer compare'.split()
    experiment = f'-m experiments memory --output {folder}'
    for command in *(f'{name}.py 1' for name in names), experiment:
        done = python('-B', '-S', '-E', *command.split())
        one_line(done, 'is not installed here', '. ./script.sh')
        assert done.returncode == 1
    assert contents(folder) == {}


@pytest.mark.slow
def test_ctrl_c(data, monkeypatch):
    """On a terminal: the first stops the fit after the epoch, and a run is kept."""
    monkeypatch.setenv('TERM', 'xterm')
    ours, terminal = pty.openpty()
    command = sys.executable, PROJECT / 'train.py', *SHORT, '--N_epochs', 5000
    output, shown, is_sent = {'stdout': terminal, 'stderr': terminal}, b'', False
    with subprocess.Popen([*map(str, command)], **output) as training:
        os.close(terminal)
        with contextlib.suppress(OSError):  # when the training has ended
            while more := os.read(ours, 9999):
                shown += more
                if not is_sent and re.search(rb'Epoch [1-9]\d', shown):
                    training.send_signal(signal.SIGINT)
                    is_sent = True
    os.close(ours)
    fit, rest = shown.decode().split('\x1b[?25h')  # the cursor is back
    assert training.returncode == 130
    assert 'Stopping after this epoch' in fit
    assert re.search(r'of 10 right[\s\S]*Run: ', rest)
    # It is drawn again and again: no epoch leaves a line of its own.
    assert sum('Epoch' in line for line in fit.split('\n')) < 6


def test_a_second_ctrl_c_ends_at_once(data, monkeypatch, capfd):
    """In the middle of an epoch; there is no run of it."""

    def twice(*_, **logs):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr('support.training.ShowAndSave.on_train_batch_end', twice)
    assert script('train.py', *SHORT, status=1).stderr == '\nInterrupted.\n'
    assert '\nStopping after' in capfd.readouterr().err
    assert not os.path.exists('runs/1')


LINES = [
    'assert "sklearn" not in sys.modules; import sklearn.cluster',
    'from keras import wrappers; wrappers.SKLearnClassifier(print)',
]


@pytest.mark.slow
@pytest.mark.parametrize('line', LINES)
def test_scikit_learn_is_imported_where_it_is_used(folder, line):
    """Keras would import it in every script, for its wrappers alone."""
    start = f'import sys; sys.path.append({str(PROJECT)!r})\nimport support.start\n'
    (folder / 'own.py').write_text(
        f'{start}support.start.prepare(keras=True)\n{line}\n'
    )
    done = python(folder / 'own.py')
    assert done.returncode == 0, done.stderr


NOTICE = 'I0000 port.cc:153] oneDNN custom operations are on. You may see'
FILTER = f"""
import os, signal, time
from support.start import without_notices
with without_notices():
    os.write(2, b'{NOTICE}\\nan error \\xff\\n')
    """
ENDS = {'pass': 0, '1 / 0': 1, 'os.abort()': -signal.SIGABRT}
ENDS['os.killpg(0, signal.SIGINT); time.sleep(60)'] = -signal.SIGINT


def test_all_but_the_notices_comes_out():
    """However the process ends meanwhile; Ctrl-C does not end the filter."""
    for end, status in ENDS.items():
        code = f"{FILTER}os.write(2, b'the last'); {end}"
        done = python('-c', code, start_new_session=True)
        first, last, *trace = done.stderr.splitlines()
        assert done.returncode == status
        assert first.startswith('an error ') and last.startswith('the last')
        assert bool(trace) == (end == '1 / 0' or 'SIGINT' in end)


def test_ctrl_c_at_the_window(data, monkeypatch):
    """It opens last, when all is saved."""
    canvas = plt.FigureCanvasBase
    monkeypatch.setattr(canvas, 'required_interactive_framework', 'headless')
    monkeypatch.setattr(plt, 'show', mock.Mock(side_effect=KeyboardInterrupt))
    done = script('train.py', *SHORT, status=1)
    assert done.stderr == '\nInterrupted.\n'
    assert done.stdout.endswith('\nClose the plot window to end the script\n')
    assert os.path.exists('runs/1/predictions.csv')


def test_no_room(data):
    """In memory; on the disk, for which a limit of the size of files stands."""
    too_many = '--N_train', 2**31 - 1, '--N_sequence', 10**6
    message = script('train.py', *too_many, status=1).stderr
    assert 'memory is full' in message and 'own-data.md' in message
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        refused('train.py', *SHORT, parts=['model.keras', 'room'])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not os.path.exists('runs/1')
