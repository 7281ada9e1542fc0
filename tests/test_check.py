"""check.py: each of its answers, with stand-ins for what this machine is not."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from conftest import contents, process, script

QUICK = "import os; os.write(1, b'CPU'); os._exit(0)"


@pytest.fixture(autouse=True)
def programs(folder, monkeypatch):
    """A folder bin that is the PATH, with the one program that is needed, grep."""
    Path('bin').mkdir()
    Path('bin/grep').symlink_to(shutil.which('grep'))
    monkeypatch.setenv('PATH', f'{folder}/bin')


def check(keras=QUICK, status=0, **tools):
    """Return what it prints with this module keras and these programs."""
    for name, text in tools.items():
        Path('bin', name).write_text(f'#!/bin/sh\n{text}\n')
        Path('bin', name).chmod(0o755)
    Path('keras.py').write_text(keras)
    return script('check.py', status=status, env={'PYTHONPATH': os.getcwd()}).stdout


@pytest.mark.slow
def test_ready(data):
    """On this machine all is well, and nothing is changed."""
    before = contents('.')
    done = process('check.py', '--N_train', 20, '--N_test', 10)
    names = re.findall(r'^ok   (\w+)', done.stdout, re.M)
    assert names == 'Python Environment Disk Slurm Device Training'.split()
    assert 'LSTM step' in done.stdout and '20 of 20 + 10 of 10' in done.stdout
    assert done.stdout.endswith('\nReady.\n') and not done.stderr
    assert contents('.') == before


def test_a_gpu_unseen_and_a_set_too_small(data, monkeypatch):
    # What check.py starts is run in this process, which is quicker.
    def start(command, env=None, cwd='.', **_):
        if command[0] != sys.executable:
            raise FileNotFoundError
        return script(*command[1:], env=env, cwd=cwd, status=None)

    monkeypatch.setattr('subprocess.run', start)
    env = {'SLURM_JOB_ID': '7', 'SLURM_JOB_GPUS': '0'}
    out = script('check.py', status=1, env=env).stdout
    assert 'job 7 on' in out and 'FIX  Device: Warning: Slurm granted a GPU' in out
    assert 'FIX  Training: train.py: Train/X_21.dat is missing' in out


def test_environments(monkeypatch):
    """One's own can be changed; its Python may be where others may not go."""
    python = f'exec {sys.executable} "$@"'
    monkeypatch.setattr(sys, 'executable', '/bin/true')
    assert f'{os.path.realpath(sys.prefix)}, which you can' in check(status=1)
    monkeypatch.setattr(sys, 'executable', os.path.abspath('bin/python'))
    assert 'where others may not go' in check(python=python)


@pytest.mark.parametrize(
    ('status', 'answer', 'tools'),
    [
        (1, 'FIX  Device: signal 6: ', {'keras': 'import os; os.abort()'}),
        (1, 'FIX  Device: .*GLIBC', {'keras': 'raise ImportError("GLIBC")'}),
        (0, 'ok   Slurm: none', {'lfs': 'echo / "14600 0 0 - 14 0 0 -"'}),
        (0, '50,000 of 200,000', {'lfs': 'echo / "1* 0 2 - 150000 0 200000 -"'}),
        (1, '-95 of 1,900', {'lfs': 'echo / "1 2 3 6d 1995* 1900 2000 6d"'}),
        (0, 'sbatch takes', {'sbatch': '[ $1 = --test-only ] && [ -f $2 ]'}),
        (1, 'FIX  .* refuses .*: Invalid a', {'sbatch': 'echo Invalid a >&2; exit 1'}),
    ],
)
def test_nodes(status, answer, tools):
    """Some kill TensorFlow; Lustre knows quotas, and Slurm whether it takes a job."""
    assert re.search(answer, check(status=status, **tools))
