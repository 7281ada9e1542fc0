"""check.py: each of its answers, with stand-ins for what this machine is not."""

import os
import re
import shutil
from pathlib import Path

import pytest
from conftest import SHORT, contents, process, script

SHORT = SHORT[:4]  # the numbers of sequences
DIES, FAILS = 'import os; os.abort()', 'raise ImportError("GLIBC")'


@pytest.mark.slow
def test_ready(data):
    """On this machine all is well, and nothing is changed."""
    before = contents('.')
    done = process('check.py', *SHORT, env={'SLURM_JOB_ID': '7'})
    names = re.findall(r'^ok   (\w+)', done.stdout, re.M)
    assert names == 'Environment Disk Slurm Training'.split()
    assert 'job 7 on' in done.stdout and done.stdout.endswith('\nReady.\n')
    assert contents('.') == before


@pytest.mark.parametrize(
    ('answer', 'tool', 'text'),
    [
        ('FIX  Training: signal 6: ', 'keras', DIES),
        ('FIX  Training: .*ImportError: GLIBC', 'keras', FAILS),
        ('ok   Disk: .* free, 14 of 0 files', 'lfs', 'echo / "146 0 0 - 14 0 0 -"'),
        ('ok   .* 150,000 of 200,000', 'lfs', 'echo / "1* 0 2 - 150000 0 200000 -"'),
        ('FIX  .* 1,995 of 1,900', 'lfs', 'echo / "1 2 3 6d 1995* 1900 9000 6d"'),
        ('ok   Slurm: .*starts', 'sbatch', '[ $1 = --test-only ] && echo starts >&2'),
        ('FIX  Slurm: Invalid a', 'sbatch', 'echo Invalid a >&2; exit 1'),
    ],
)
def test_nodes(folder, monkeypatch, answer, tool, text):
    """Some kill TensorFlow; Lustre knows quotas, and Slurm whether it takes a job."""
    monkeypatch.setenv('PATH', str(folder))
    Path('grep').symlink_to(shutil.which('grep', path=os.defpath))
    Path(tool).write_text(f'#!/bin/sh\n{text}\n')
    Path(tool).chmod(0o755)
    Path('keras.py').write_text(text if tool == 'keras' else FAILS)
    out = script('check.py', status=1, env={'PYTHONPATH': str(folder)}).stdout
    assert re.search(answer, out)
    assert out.endswith(f'\n{out.count("FIX ")} to fix\n')


@pytest.mark.slow
def test_a_gpu_unseen(data):
    out = script('check.py', *SHORT, status=1, env={'SLURM_JOB_GPUS': '0'}).stdout
    assert 'FIX  Training: Warning: Slurm granted a GPU' in out
