"""What the tests share: the real scripts, run in a temporary folder as a user runs them."""

import os
import pathlib
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import matplotlib.pyplot as plt
import numpy as np
import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

# The scripts run without a display and without what this shell knows of a batch system.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith('SLURM_') and name not in ('DISPLAY', 'WAYLAND_DISPLAY', 'MPLBACKEND')
}


def run(*command, cwd='.', script_folder=PROJECT, **options):
    """Run a script of the project with these arguments; return the finished process."""
    script, *arguments = map(str, command)
    environment = ENVIRONMENT | options.pop('env', {})
    prefix = options.pop('prefix', [])
    return subprocess.run(
        [*prefix, sys.executable, str(script_folder / script), *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=150,
        **options,
    )


def run_all(calls):
    """Call run for each (arguments, options) of a list, two at a time; return the processes."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda call: run(*call[0], **call[1]), calls))


def assert_one_line(process, *parts, status=1):
    """The script ended with one line of its own on stderr, which contains the parts.

    TensorFlow's notices may stand above that line: they begin with a date, a WARNING or a feature
    list. A wrong command line (status 2) has argparse's usage above it.
    """
    assert process.returncode == status, process.stderr
    assert 'Traceback' not in process.stderr
    lines = process.stderr.splitlines()
    script = pathlib.Path(next(a for a in process.args if a.endswith('.py'))).name
    assert sum(line.startswith(f'{script}: ') for line in lines) == 1, process.stderr
    assert lines[-1].startswith(f'{script}: ')
    for part in parts:
        assert part in lines[-1]


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
