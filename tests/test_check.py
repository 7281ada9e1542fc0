"""check.py: each of its answers, with stand-ins for what this machine is not."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import WORKSHOP, contents, process, script

NO_TENSORFLOW = 'import os; os._exit(0)'  # which is quick


@pytest.fixture(autouse=True)
def programs(folder):
    """A folder bin with the one program that is needed, grep."""
    Path('bin').mkdir()
    Path('bin/grep').symlink_to(shutil.which('grep'))


def lines(text, mark):
    """Return the lines that are ok, or those to fix."""
    return [line[5:] for line in text.splitlines() if line.startswith(mark)]


def check(*options, keras=NO_TENSORFLOW, status=0, tools=(), **env):
    """Run it with these programs alone, {name: what they do}; return what it prints."""
    for name, text in dict(tools).items():
        Path('bin', name).write_text(f'#!/bin/sh\n{text}\n', encoding='utf-8')
        Path('bin', name).chmod(0o755)
    if keras:
        Path('keras.py').write_text(keras, encoding='utf-8')
        env['PYTHONPATH'] = os.getcwd()
    env['PATH'] = f'{os.getcwd()}/bin'
    return script('check.py', *options, status=status, env=env).stdout


def test_ready(data):
    """On this machine all is well, and nothing is changed."""
    before = contents('.')
    done = process(
        'check.py', '--N_train', 20, '--N_test', 10, env={'PATH': f'{os.getcwd()}/bin'}
    )
    names = 'Python Packages Environment Sequences Disk Slurm Plot Device Training'
    found = [re.match(r'\w+', line)[0] for line in lines(done.stdout, 'ok')]
    assert found == names.split() and contents('.') == before
    for part in '20 of 20 + 10 of 10 sequences', 'LSTM step', 'two epochs in':
        assert part in done.stdout
    assert done.stdout.endswith('\nReady.\n') and not done.stderr


@pytest.mark.slow
def test_a_gpu_unseen_and_a_set_too_small(data):
    out = check(keras=None, status=1, SLURM_JOB_ID='7', SLURM_JOB_GPUS='0')
    device, training = lines(out, 'FIX')
    assert device.startswith('Device: Slurm granted a GPU')
    assert training.startswith('Training: train.py: Train/X_21.dat is missing')
    assert 'job 7 on' in out and out.endswith('\n2 things to fix\n')


def test_without_packages(folder):
    """No TensorFlow and no NumPy: an answer, and what to do."""
    python = [sys.executable, '-B', '-S', '-E', WORKSHOP / 'check.py']
    done = subprocess.run(python, env={'PATH': ''}, capture_output=True, text=True)
    (packages,) = lines(done.stdout, 'FIX')
    assert re.match(r'Packages: .*tensorflow.* not installed here; .*script', packages)
    assert (done.returncode, done.stderr) == (1, '')


def test_somebody_elses_environment(data, monkeypatch):
    """May be read, and not written."""
    monkeypatch.setattr(os, 'geteuid', lambda: 12345)
    assert 'chmod -R go-w' in check(status=1)
    monkeypatch.setattr(os, 'access', lambda *_: False)
    assert 'which you cannot change' in check()


def test_a_node_that_tensorflow_does_not_fit(data):
    out = check(keras='import os; os.kill(os.getpid(), 9)', status=1)
    assert re.search('FIX  Device: ended by signal 9 .* more memory', out)
    out = check(keras='raise ImportError("GLIBC is too old")', status=1)
    assert re.search('FIX  Device: .*GLIBC is too old', out)


def test_quota(data):
    """Of the user and of the group, where Lustre knows one."""
    for printed, status, answer in (
        ('14600 0 0 - 14 0 0 -', 0, None),
        ('1* 0 2 - 150000 0 200000 -', 0, '50,000 of 200,000 files are left'),
        ('1 2 3 6d 199500* 190000 200000 6d', 1, '-9,500 of 190,000 files'),
    ):
        out = check(status=status, tools={'lfs': f'echo / "{printed}"'})
        found = [line for line in out.splitlines() if 'Quota' in line]
        assert len(found) == (2 if answer else 0)
        assert all(answer in line for line in found)
        assert len(lines(out, 'FIX')) == 2 * status


def test_slurm(data):
    """What sbatch --test-only says of train.slurm counts."""
    tools = {'sbatch': '[ "$1" = --test-only ] && [ "${2##*/}" = train.slurm ]'}
    out = check(tools=tools, SBATCH_RESERVATION='ml')
    assert 'reservation ml; sbatch takes train.slurm' in out
    out = check(status=1, tools={'sbatch': 'echo Invalid account >&2; exit 1'})
    assert 'refuses train.slurm:\n     Invalid account\n' in out
