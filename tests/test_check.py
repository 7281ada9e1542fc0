"""check.py: each of its answers, with stand-ins for what this machine is not."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import WORKSHOP, contents, process, script

# Keras's stand-in, which is quick: the device alone, and no training.
QUICK = "import os; os.write(1, b'CPU'); os._exit(0)"


@pytest.fixture(autouse=True)
def programs(folder, monkeypatch):
    """A folder bin with the one program that is needed, grep, alone on the PATH."""
    Path('bin').mkdir()
    Path('bin/grep').symlink_to(shutil.which('grep'))
    monkeypatch.setenv('PATH', f'{folder}/bin')


def check(keras=QUICK, status=0, tools=(), **env):
    """Run it with these programs, {name: what they do}; return what it prints."""
    for name, text in dict(tools).items():
        Path('bin', name).write_text(f'#!/bin/sh\n{text}\n', encoding='utf-8')
        Path('bin', name).chmod(0o755)
    if keras:
        Path('keras.py').write_text(keras, encoding='utf-8')
        env['PYTHONPATH'] = os.getcwd()
    return script('check.py', status=status, env=env).stdout


@pytest.mark.slow
def test_ready(data):
    """On this machine all is well, and nothing is changed."""
    before = contents('.')
    done = process('check.py', '--N_train', 20, '--N_test', 10)
    names = 'Python Packages Environment Sequences Disk Slurm Plot Device Training'
    found = re.findall(r'^ok   (\w+)', done.stdout, re.M)
    assert found == names.split() and contents('.') == before
    for part in '20 of 20 + 10 of 10 sequences', 'LSTM step', 'two epochs in':
        assert part in done.stdout
    assert done.stdout.endswith('\nReady.\n') and not done.stderr


def test_a_gpu_unseen_and_a_set_too_small(data, monkeypatch):
    """What check.py starts is run in this process, which is quicker."""

    def start(command, env=None, cwd='.', **_):
        if command[0] != sys.executable:
            raise FileNotFoundError
        return script(*command[1:], env=env, cwd=cwd, status=None)

    monkeypatch.setattr(subprocess, 'run', start)
    out = check(keras=None, status=1, SLURM_JOB_ID='7', SLURM_JOB_GPUS='0')
    assert 'job 7 on' in out and 'FIX  Device: Warning: Slurm granted a GPU' in out
    assert 'FIX  Training: train.py: Train/X_21.dat is missing' in out
    assert out.endswith('\n2 things to fix\n')


def test_without_packages(folder):
    """No TensorFlow and no NumPy: an answer, and what to do."""
    python = [sys.executable, '-B', '-S', '-E', WORKSHOP / 'check.py']
    done = subprocess.run(python, env={'PATH': ''}, capture_output=True, text=True)
    missing = '\nFIX  Packages: .*tensorflow.* not installed here; .*script'
    assert re.search(missing, done.stdout)
    assert (done.returncode, done.stderr) == (1, '')


def test_environments(data, monkeypatch):
    """Somebody else's may be read and not written; one's own Python may be closed."""
    python = f'exec {sys.executable} "$@"'
    monkeypatch.setattr(sys, 'executable', os.path.abspath('bin/python'))
    Path('bin').chmod(0o700)
    assert 'where others may not go' in check(tools={'python': python})
    monkeypatch.setattr(os, 'geteuid', lambda: 12345)
    assert 'chmod -R go-w' in check(status=1)
    monkeypatch.setattr(os, 'access', lambda *_: False)
    assert 'which you cannot change' in check()


def test_a_node_that_tensorflow_does_not_fit(data):
    out = check(keras='import os; os.kill(os.getpid(), 9)', status=1)
    assert re.search('FIX  Device: signal 9: .* more memory', out)
    out = check(keras='raise ImportError("GLIBC is too old")', status=1)
    assert re.search('FIX  Device: .*GLIBC is too old', out)


def test_quota(data):
    """Of the user and of the group, where Lustre knows one."""
    for printed, status, answers in (
        ('14600 0 0 - 14 0 0 -', 0, []),
        ('1* 0 2 - 150000 0 200000 -', 0, ['ok   Quota: 50,000 of 200,000 files'] * 2),
        ('1 2 3 6d 1995* 1900 2000 6d', 1, ['FIX  Quota: -95 of 1,900 files'] * 2),
    ):
        out = check(status=status, tools={'lfs': f'echo / "{printed}"'})
        assert re.findall('.*Quota.* files', out) == answers


def test_slurm(data):
    """What sbatch --test-only says of train.slurm counts."""
    tools = {'sbatch': '[ "$1" = --test-only ] && [ "${2##*/}" = train.slurm ]'}
    out = check(tools=tools, SBATCH_RESERVATION='ml')
    assert 'reservation ml; sbatch takes train.slurm' in out
    out = check(status=1, tools={'sbatch': 'echo Invalid account >&2; exit 1'})
    assert 'refuses train.slurm:\n     Invalid account\n' in out
