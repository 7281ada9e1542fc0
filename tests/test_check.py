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


NODES = {  # what answers, how, and what is said of it
    'kills Keras': ('keras.py', 'import os; os.abort()', 'FIX  Training: signal 6: '),
    'is too old': ('keras.py', 'raise ImportError("GLIBC")', 'FIX .*Error: GLIBC'),
    'takes no job': ('sbatch', 'echo Invalid a >&2; exit 1', 'FIX  Slurm: Invalid a'),
}


@pytest.fixture
def node(folder, monkeypatch):
    """Return what check.py says where one tool does what a text says."""

    def node(tool, text):
        monkeypatch.setenv('PATH', str(folder))
        Path('grep').symlink_to(shutil.which('grep', path='/usr/bin:/bin'))
        Path('keras.py').write_text('raise ImportError')
        Path(tool).write_text(text if tool == 'keras.py' else f'#!/bin/sh\n{text}\n')
        Path(tool).chmod(0o755)
        return script('check.py', status=1, env={'PYTHONPATH': str(folder)}).stdout

    return node


@pytest.mark.parametrize('name', NODES)
def test_a_node_that(node, name):
    tool, text, answer = NODES[name]
    said = node(tool, text)
    assert re.search(answer, said)
    assert said.endswith(f'\n{said.count("FIX ")} to fix\n')


def test_a_node_that_takes_a_job(node):
    said = node('sbatch', '[ $1 = --test-only ] && echo soon >&2')
    assert 'ok   Slurm: soon\n' in said


def test_a_disk_that_is_full(folder, monkeypatch):
    def full(**_):
        raise OSError(122, 'Disk quota exceeded')

    monkeypatch.setattr('tempfile.TemporaryFile', full)
    monkeypatch.setenv('PATH', str(folder))  # without Slurm
    out = script('check.py', status=1).stdout
    assert 'FIX  Disk: Disk quota exceeded here; work in a clone of your own\n' in out


@pytest.mark.slow
def test_a_gpu_unseen(data):
    out = script('check.py', *SHORT, status=1, env=JOB | {'SLURM_JOB_GPUS': '0'}).stdout
    assert 'FIX  Training: Warning: Slurm granted a GPU' in out
