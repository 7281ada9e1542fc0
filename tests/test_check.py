"""check.py: each of its answers, with stand-ins for what this machine is not."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import WORKSHOP, contents, process, script

SMALL = '--N_train', 20, '--N_test', 10
NO_TENSORFLOW = 'import os; os._exit(0)'  # which is quick


def lines(text, mark):
    """The lines that are ok, or to fix."""
    return [line[5:] for line in text.splitlines() if line.startswith(mark)]


def check(*options, status=0, keras=None, **env):
    """Run it with the programs in the folder bin, and no others; return what it prints."""
    if keras is not None:
        Path('keras.py').write_text(keras, encoding='utf-8')
        env |= {'PYTHONPATH': os.getcwd()}
    env = {'PATH': f'{os.getcwd()}/bin', **env}
    done = process('check.py', *options, status=status, env=env)
    assert done.stderr == '', done.stderr
    return done.stdout


def tool(name, text):
    """Put a program into the folder bin."""
    Path('bin').mkdir(exist_ok=True)
    Path('bin', name).write_text(f'#!/bin/sh\n{text}\n', encoding='utf-8')
    Path('bin', name).chmod(0o755)


def test_ready(data):
    """On this machine all is well, and nothing is changed."""
    before = contents('.')
    out = check(*SMALL)
    names = (
        'Python, Packages, Environment, Sequences, Disk, Slurm, Plot windows, Device'
    )
    assert [line.split(':')[0] for line in lines(out, 'ok')] == [
        *names.split(', '),
        'Training',
    ]
    assert '20 of 20 + 10 of 10 sequences' in out and 'two epochs in' in out
    assert 'LSTM step' in out and out.endswith('\nReady.\n')
    assert contents('.') == before


def test_a_gpu_unseen_and_a_set_too_small(data):
    out = check(status=1, SLURM_JOB_ID='7', SLURM_JOB_GPUS='0')
    device, *_, training = lines(out, 'FIX')
    assert device.startswith('Device: Slurm granted a GPU')
    assert training.startswith('Training: train.py: Train/X_21.dat is missing')
    assert any('job 7 on' in line for line in lines(out, 'ok'))
    assert out.endswith('\n2 things to fix\n')


def test_without_packages(folder):
    """No TensorFlow and no NumPy: an answer, and what to do."""
    python = [sys.executable, '-B', '-S', '-E', WORKSHOP / 'check.py']
    env = {'PATH': os.getcwd()}
    done = subprocess.run(python, env=env, capture_output=True, text=True)
    (packages,) = lines(done.stdout, 'FIX')
    assert re.match(r'Packages: .*tensorflow.* not installed here; .*script', packages)
    assert (done.returncode, done.stderr) == (1, '')


@pytest.mark.parametrize(
    ('keras', 'answer'),
    [
        (
            'import os; os.kill(os.getpid(), 9)',
            'Device: ended by signal 9 .* more memory',
        ),
        ('raise ImportError("GLIBC is too old")', 'Device: .*GLIBC is too old'),
    ],
)
def test_a_node_that_tensorflow_does_not_fit(data, keras, answer):
    (found,) = lines(check(status=1, keras=keras), 'FIX')
    assert re.match(answer, found)


def test_somebody_elses_environment(data, monkeypatch):
    """May be read, and not written."""
    Path('keras.py').write_text(NO_TENSORFLOW, encoding='utf-8')
    monkeypatch.setenv('PYTHONPATH', os.getcwd())
    monkeypatch.setenv('PATH', f'{os.getcwd()}/bin')
    monkeypatch.setattr(os, 'geteuid', lambda: 12345)
    assert 'chmod -R go-w' in script('check.py', status=1).stdout
    monkeypatch.setattr(os, 'access', lambda *_: False)
    assert 'which you cannot change' in script('check.py').stdout


@pytest.mark.parametrize(
    ('printed', 'status', 'answer'),
    [
        (' / 14600 0 0 - 14 0 0 -', 0, None),
        (' / 1* 0 2 - 150000 0 200000 -', 0, '50,000 of 200,000 files are left'),
        (' / 1 2 3 6d 199500* 190000 200000 6d', 1, '-9,500 of 190,000 files'),
        ('cannot resolve path', 0, None),
    ],
)
def test_quota(data, printed, status, answer):
    """Of the user and of the group, where Lustre knows one."""
    tool('lfs', f"printf '{printed}\\n'")
    out = check(status=status, keras=NO_TENSORFLOW)
    found = [line for line in out.splitlines() if 'Quota' in line]
    assert len(found) == (2 if answer else 0)
    assert all(answer in line and line[:3] == ['ok ', 'FIX'][status] for line in found)


def test_slurm(data):
    """What sbatch --test-only says of train.slurm counts."""
    tool('sbatch', '[ "$1" = --test-only ] && [ "${2##*/}" = train.slurm ]')
    out = check(keras=NO_TENSORFLOW, SBATCH_RESERVATION='ml')
    assert 'reservation ml; sbatch takes train.slurm' in out
    tool('sbatch', 'echo "sbatch: error: Invalid account" >&2; exit 1')
    out = check(status=1, keras=NO_TENSORFLOW)
    assert 'refuses train.slurm:\n     sbatch: error: Invalid account\n' in out
