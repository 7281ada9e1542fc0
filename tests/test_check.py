"""check.py: each of its answers, with stand-ins for what this machine is not."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from conftest import WORKSHOP, contents, process, script

SMALL = '--N_train', 20, '--N_test', 10


def lines(text, mark):
    """The lines that are ok, or are to be mended."""
    return [line[5:] for line in text.splitlines() if line.startswith(mark)]


def tool(name, text):
    """Put a program into the folder bin."""
    Path('bin').mkdir(exist_ok=True)
    Path('bin', name).write_text(f'#!/bin/sh\n{text}\n', encoding='utf-8')
    Path('bin', name).chmod(0o755)


def check(*options, status, **env):
    """Run it with the programs in the folder bin, and no others; return what it prints."""
    Path('bin').mkdir(exist_ok=True)
    (env := {**env}).setdefault('PATH', f'{os.getcwd()}/bin')
    done = process('check.py', *options, status=status, env=env)
    assert done.stderr == '', done.stderr
    return done.stdout


def test_ready(data):
    """On this machine all is well, and nothing is changed."""
    before = contents('.')
    out = check(*SMALL, status=0)
    names = 'Python Packages Environment Sequences Room Slurm Windows Device Training'
    assert [line.split(':')[0] for line in lines(out, 'ok')] == names.split()
    assert '20 of 20 + 10 of 10 sequences' in out and 'two epochs in' in out
    assert len(out.splitlines()) == 10 and out.endswith('\nReady.\n')
    assert contents('.') == before


def test_a_gpu_unseen_and_a_set_too_small(data):
    out = check('--N_test', 10, status=1, SLURM_JOB_ID='7', SLURM_JOB_GPUS='0')
    device, training = lines(out, 'MEND')
    assert (
        device.startswith('Device: Slurm granted a GPU')
        and '. ./script.sh --cuda' in device
    )
    assert training.startswith('Training: train.py: Train/X_21.dat is missing')
    assert any('job 7 on' in line for line in lines(out, 'ok'))
    assert out.endswith('\n2 things to mend\n')


def test_without_packages(folder):
    """No TensorFlow and no NumPy: an answer, and what to do."""
    python = [sys.executable, '-B', '-S', '-E', WORKSHOP / 'check.py']
    done = subprocess.run(
        python, env={'PATH': os.getcwd()}, capture_output=True, text=True
    )
    packages, sequences = lines(done.stdout, 'MEND')
    assert re.fullmatch(
        r'Packages: .*tensorflow.* not installed here; .*script\.sh', packages
    )
    assert 'python generate_data.py' in sequences
    assert (done.returncode, done.stderr) == (1, '')
    assert done.stdout.endswith('\n2 things to mend\n')


@pytest.mark.parametrize(
    ('keras', 'answer'),
    [
        (
            'import os; os.kill(os.getpid(), 4)',
            'TensorFlow: ended by SIGILL on this node: try',
        ),
        (
            'import os; os.kill(os.getpid(), 9)',
            'TensorFlow: ended by SIGKILL .* more memory',
        ),
        (
            'raise ImportError("GLIBC is\\n too old")',
            'Device: GLIBC is too old: try another node',
        ),
    ],
)
def test_a_node_that_tensorflow_does_not_fit(data, keras, answer):
    Path('keras.py').write_text(keras, encoding='utf-8')
    out = check(status=1, PYTHONPATH=os.getcwd())
    (found,) = lines(out, 'MEND')
    assert re.match(answer, found) and out.endswith('\n1 thing to mend\n')


@pytest.fixture
def parent(data, monkeypatch):
    """Run it in this process, with a TensorFlow that ends at once; return its lines to mend."""
    Path('keras.py').write_text('import os; os._exit(0)', encoding='utf-8')
    monkeypatch.setenv('PYTHONPATH', os.getcwd())
    Path('bin').mkdir()
    monkeypatch.setenv('PATH', f'{os.getcwd()}/bin')

    def run(status, **env):
        return script('check.py', status=status, env=env).stdout

    return run


def test_somebody_elses_environment(parent, monkeypatch):
    monkeypatch.setattr(os, 'geteuid', lambda: 12345)
    (found,) = lines(parent(1), 'MEND')
    assert found.startswith('Environment:') and 'chmod -R go-w' in found
    monkeypatch.setattr(os, 'access', lambda *_: False)
    assert 'which you cannot change' in parent(0)


def test_a_full_disk(parent, monkeypatch):
    def full(**_):
        raise OSError(122, 'Disk quota exceeded')

    monkeypatch.setattr(tempfile, 'TemporaryFile', full)
    (found,) = lines(parent(1), 'MEND')
    assert os.getcwd() in found and 'Disk quota exceeded' in found


@pytest.mark.parametrize(
    ('printed', 'status', 'answers'),
    [
        # lfs quota -q: kbytes, quota, limit, grace; files, quota, limit, grace
        (' / 14600 0 0 - 14 0 0 -', 0, []),
        (
            ' / 14600* 0 20971520 - 150000 0 200000 -',
            0,
            ['50,000 of 200,000 files are left'],
        ),
        (
            ' /long\\n 1 2 3 6d 199500* 190000 200000 6d',
            1,
            ['-9,500 of 190,000 files are left'],
        ),
        ('cannot resolve path', 0, []),
    ],
)
def test_quota(parent, printed, status, answers):
    """Of the user and of the group, where Lustre knows one."""
    tool('lfs', f"printf '{printed}\\n'")
    out = parent(status)
    found = [line for line in out.splitlines() if 'Quota' in line]
    assert len(found) == 2 * len(answers)
    assert all(
        answers[0] in line and (status == 1) == (line[:4] == 'MEND') for line in found
    )


def test_slurm(parent):
    """What sbatch --test-only says of train.slurm counts."""
    tool('sbatch', '[ "$1" = --test-only ] && [ "${2##*/}" = train.slurm ]')
    assert 'reservation ml; sbatch takes train.slurm' in parent(
        0, SBATCH_RESERVATION='ml'
    )
    tool('sbatch', 'echo "sbatch: error: Invalid account" >&2; exit 1')
    (found,) = lines(parent(1), 'MEND')
    assert (
        'reservation none; sbatch refuses train.slurm: ' in found and 'account' in found
    )


def test_other_versions(parent, monkeypatch):
    """They are told, and are no fault."""
    monkeypatch.setattr('importlib.metadata.version', lambda name: '0')
    assert 'Packages: not those of constraints.txt' in parent(0)
