"""Check that this user, folder and node are ready: a line for each.

    . ./script.sh && python check.py

On a compute node, with the answer in slurm-JOB.out:
    sbatch --gres=gpu:1 --mem=8G --time=5 \\
        --wrap "bash -c '. ./script.sh && python check.py'"

It changes nothing. It ends with Ready. or the number of things to fix (exit
status 1). Options go to train.py, as your own data may need: --N_sequence 96
"""

from support.start import import_keras, prepare

if __name__ == '__main__':
    prepare()

import contextlib
import functools
import os
import platform
import re
import runpy
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from support.console import make_parser, printable
from support.runs import device

FOLDER = Path(__file__).resolve().parent
TRAINING = 'Now train.py'
run = functools.partial(subprocess.run, capture_output=True, text=True)

# The checks yield lines to print, and whether they are ok; if not, they say what to do.


def check_environment():
    """Say which Python this is, and whose: nobody but its owner may change it."""
    system = f'{platform.system()} {platform.machine()}'
    yield f'Python: {platform.python_version()} on {system}', True
    packages, place = sysconfig.get_path('purelib'), os.path.realpath(sys.prefix)
    is_mine = os.stat(packages).st_uid == os.geteuid()
    folders = Path(os.path.realpath(sys.executable)).parents
    closed = [folder for folder in folders if not folder.stat().st_mode & 1]
    if is_mine and closed:
        place += f', its Python where others may not go ({closed[-1]})'
    if not os.access(packages, os.W_OK):
        yield f'Environment: {place}, which you cannot change', True
    elif is_mine:
        yield f'Environment: {place}, which you can change', True
    else:
        yield f'Environment: {place}: its owner must type  chmod -R go-w', False


def check_folder():
    """Write to the disk, and look up how many files the quotas allow."""
    try:
        with tempfile.TemporaryFile(dir='.') as file:
            file.write(bytes(10**6))
        free = shutil.disk_usage('.').free / 1e9
        yield f'Disk: {free:.0f} GB free, and you may write here', True
    except OSError as error:
        yield f'Disk: {error.strerror} here; work in a clone of your own', False
    group = '-g', os.stat('.').st_gid
    for option, ID in (('-u', os.geteuid()), group) if shutil.which('lfs') else ():
        quota = run(['lfs', 'quota', '-q', option, str(ID), os.getcwd()])
        # It prints kilobytes, quota, limit, grace; files, quota, limit, grace
        if last := re.search(r'(\d+)\*?\s+(\d+)\s+(\d+)\s+\S+\s*$', quota.stdout):
            files, soft, hard = map(int, last.groups())
            most = soft or hard
            left = most - files
            text = f'Quota: {left:,} of {most:,} files are left ({option})'
            yield text, left > 1000 or not most


def check_slurm():
    """Say in which job this is, or whether sbatch would take train.slurm."""
    node, job = platform.node(), os.environ.get('SLURM_JOB_ID')
    if job:
        yield f'Slurm: job {job} on {node}', True
    elif shutil.which('sbatch'):
        sbatch = run(['sbatch', '--test-only', str(FOLDER / 'train.slurm')])
        takes = 'refuses' if sbatch.returncode else 'takes'
        answer = f'sbatch {takes} train.slurm: {" ".join(sbatch.stderr.split())}'
        yield f'Slurm: not in a job, on {node}; {answer}', not sbatch.returncode
    else:
        yield f'Slurm: none on {node}, so trainings run here', True


def check_training(options):
    """Try TensorFlow and two epochs, in a process of its own, which a node may kill."""
    with tempfile.TemporaryDirectory() as folder:
        for name in 'Train', 'Test':
            os.symlink(os.path.realpath(name), f'{folder}/{name}')
        command = [sys.executable, __file__, '--device', *options]
        tried = run(command, cwd=folder, env=os.environ | {'MPLBACKEND': 'agg'})
    error = (tried.stderr.strip() or 'no reason given').split('\n')[-1]
    if tried.returncode < 0:
        error = f'signal {-tried.returncode}: try another node, or more memory'
    computing, training, output = tried.stdout.partition(TRAINING)
    yield f'Device: {computing or error}', computing and 'Warning' not in computing
    if training:
        data = ' '.join(re.findall('Data: (.*)', output))
        result = error if tried.returncode else f'two epochs with {data}'
        yield f'Training: {result}', not tried.returncode


def try_keras(options):
    """Print which device computes, and TRAINING; then train."""
    keras = import_keras()
    lstm = keras.Sequential([keras.layers.LSTM(8)])  # on a GPU by cuDNN
    lstm.compile(loss='mse')
    lstm.train_on_batch(keras.ops.ones((1, 64, 64)), keras.ops.ones((1, 8)))
    with contextlib.redirect_stderr(sys.stdout):  # its warning, if there is one
        print(f'{device()}, an LSTM step works')
    print(TRAINING, flush=True)
    sys.argv = [str(FOLDER / 'train.py'), '--N_epochs', '2', *options]
    runpy.run_path(sys.argv[0], run_name='__main__')


def main():
    _, options = make_parser(__doc__).parse_known_args()
    if options[:1] == ['--device']:  # see check_training
        return try_keras(options[1:])
    checks = check_environment(), check_folder(), check_slurm(), check_training(options)
    N_fixes = 0
    for check in checks:
        for text, is_ok in check:
            N_fixes += not is_ok
            line = '; '.join(text.strip().splitlines())
            print('ok  ' if is_ok else 'FIX ', printable(line), flush=True)
    print(f'{N_fixes} to fix' if N_fixes else 'Ready.')
    return N_fixes > 0


if __name__ == '__main__':
    sys.exit(main())
