"""check.py: each of its answers, with stand-ins for what this machine is not."""

import re
import shutil
from pathlib import Path

import pytest
from conftest import SHORT, contents, process, script

SHORT = SHORT[:4]  # the numbers of sequences
JOB = {'SLURM_JOB_ID': '7'}


@pytest.mark.slow
def test_ready(data):
    """On this machine all is well, and nothing is changed."""
    before = contents('.')
    done = process('check.py', *SHORT, env=JOB)
    names = re.findall(r'^ok   (\w+)', done.stdout, re.M)
    assert names == 'Environment Disk Slurm Training'.split()
    assert re.search(r'Disk: \d{1,5} GB free', done.stdout)
    assert 'job 7 on' in done.stdout and done.stdout.endswith('\nReady.\n')
    assert contents('.') == before


SH = '#!/bin/sh\n'
NODES = {  # what answers, how, and what is said of it
    'kills Keras': ('keras.py', 'import os; os.abort()', 'FIX  Training: signal 6: '),
    'is too old': ('keras.py', 'raise ImportError("GLIBC")', 'FIX .*Error: GLIBC'),
    'takes no job': ('sbatch', f'{SH}echo Invalid a >&2; exit 1', 'FIX .*: Invalid a'),
}


@pytest.fixture
def node(folder, monkeypatch):
    """A node without Slurm, on which Keras cannot be imported."""
    for name in 'PATH', 'PYTHONPATH':
        monkeypatch.setenv(name, str(folder))
    Path('grep').symlink_to(shutil.which('grep', path='/usr/bin:/bin'))
    Path('keras.py').write_text('raise ImportError')


def check_with(tool, text):
    """Return what check.py says on a node with this tool; something is to be fixed."""
    Path(tool).write_text(text)
    Path(tool).chmod(0o755)
    return script('check.py', status=1).stdout


@pytest.mark.parametrize('name', NODES)
def test_a_node_that(node, name):
    tool, text, answer = NODES[name]
    said = check_with(tool, text)
    assert re.search(answer, said)
    assert said.endswith(f'\n{said.count("FIX ")} to fix\n')


def test_a_node_that_takes_a_job(node):
    said = check_with('sbatch', f'{SH}[ $1 = --test-only ] && echo soon >&2')
    assert 'ok   Slurm: soon\n' in said


def test_a_disk_that_is_full(node, monkeypatch):
    def full(**_):
        raise OSError(122, 'Disk quota exceeded')

    monkeypatch.setattr('tempfile.TemporaryFile', full)
    out = script('check.py', status=1).stdout
    assert 'FIX  Disk: Disk quota exceeded here; work in a clone of your own\n' in out


@pytest.mark.slow
def test_a_gpu_unseen(data):
    out = script('check.py', *SHORT, status=1, env=JOB | {'SLURM_JOB_GPUS': '0'}).stdout
    assert 'FIX  Training: Warning: Slurm granted a GPU' in out
