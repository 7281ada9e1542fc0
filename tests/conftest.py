"""What the tests share: the real scripts, run in a temporary folder as a user runs them.

run starts Python anew, as a user does. forked, for the many runs that need TensorFlow, forks a
process that has imported it already: all the rest, from the command line to the exit status, is
the script's own.
"""

import json
import multiprocessing.forkserver
import os
import pathlib
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor

import matplotlib.pyplot as plt
import numpy as np
import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

# The tests run without a display and without what this shell knows of a batch system.
for name in list(os.environ):
    if name.startswith('SLURM_') or name in ('DISPLAY', 'WAYLAND_DISPLAY', 'MPLBACKEND'):
        del os.environ[name]

FORKS = multiprocessing.get_context('forkserver')
FORKS.set_forkserver_preload(['support.training', 'utilities', 'generate_data'])


STARTING = threading.Lock()


def start_to_fork():
    """Start the process that will be forked, unless it runs; it must find our modules."""
    with STARTING:
        own = os.environ.pop('PYTHONPATH', None)
        os.environ['PYTHONPATH'] = str(PROJECT)
        multiprocessing.forkserver.ensure_running()
        del os.environ['PYTHONPATH']
        if own is not None:
            os.environ['PYTHONPATH'] = own


def run(*command, cwd='.', script_folder=PROJECT, env=None, prefix=(), **options):
    """Run a script of the project with these arguments; return the finished process."""
    script, *arguments = map(str, command)
    return subprocess.run(
        [*prefix, sys.executable, str(script_folder / script), *arguments],
        cwd=cwd,
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
        timeout=150,
        **options,
    )


def run_in_fork(command, cwd, env, outputs):
    """What the forked process does: as python SCRIPT ARGUMENT ... would."""
    for number, path in zip((1, 2), outputs, strict=True):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), number)
    os.chdir(cwd)
    del os.environ['PYTHONPATH']  # the forked process needed it, to find our modules
    os.environ |= env
    sys.argv = command
    status = 0
    try:
        runpy.run_path(command[0], run_name='__main__')
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def forked(*command, cwd='.', script_folder=PROJECT, env=None):
    """Run a script as run does, in a process that has imported TensorFlow already."""
    script, *arguments = map(str, command)
    command = [str(script_folder / script), *arguments]
    start_to_fork()
    with tempfile.TemporaryDirectory() as folder:
        outputs = [f'{folder}/stdout', f'{folder}/stderr']
        process = FORKS.Process(
            target=run_in_fork, args=(command, os.path.abspath(cwd), env or {}, outputs)
        )
        process.start()
        process.join(150)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(command, 150)
        texts = [pathlib.Path(path).read_text() for path in outputs]
    return subprocess.CompletedProcess(command, process.exitcode, *texts)


def run_all(calls, how=forked):
    """Call forked or run for each (arguments, options) of a list; return the processes."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda call: how(*call[0], **call[1]), calls))


def assert_one_line(process, *parts, status=1):
    """The script ended with one line of its own on stderr, which contains the parts.

    TensorFlow's notices may stand above that line, and argparse's usage (status 2).
    """
    assert process.returncode == status, process.stderr
    assert 'Traceback' not in process.stderr
    script = pathlib.Path(next(a for a in process.args if a.endswith('.py'))).name
    *others, last = process.stderr.splitlines()
    assert last.startswith(f'{script}: ') and not any(x.startswith(f'{script}: ') for x in others)
    for part in parts:
        assert part in last, last


# The shortest training.
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


def curve(picture, column=0, row=0, columns=1, rows=1):
    """Read the curve back from a PNG: the mean height of the blue line, from left to right.

    Returns heights, upwards, in pixels, for one cell of a grid.
    """
    pixels = plt.imread(picture)[..., :3]
    height, width = pixels.shape[0] // rows, pixels.shape[1] // columns
    pixels = pixels[row * height : (row + 1) * height, column * width : (column + 1) * width]
    blue = np.abs(pixels - np.array([0x1F, 0x77, 0xB4]) / 255).max(axis=2) < 0.05
    heights = [-np.flatnonzero(c).mean() for c in blue.T if c.any()]
    assert len(heights) > 100, f'{picture} shows no curve'
    return np.array(heights)


def assert_shows(heights, values):
    """The heights in pixels follow the values."""
    at = np.linspace(0, len(values) - 1, len(heights))
    expected = np.interp(at, np.arange(len(values)), values)
    assert np.corrcoef(heights, expected)[0, 1] > 0.98


def contents(folder):
    """Return the bytes of every file below folder, by name."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob('*') if p.is_file()}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder, which the test and its scripts work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope='session')
def generated(tmp_path_factory):
    """20 training and 10 test sequences, made once."""
    folder = tmp_path_factory.mktemp('generated')
    assert run('generate_data.py', 20, 10, cwd=folder).returncode == 0
    return folder


@pytest.fixture
def data(folder, generated):
    """A folder with 20 training and 10 test sequences, which the test works in."""
    shutil.copytree(generated, folder, dirs_exist_ok=True)
    return folder
