"""Is this person, in this folder, on this node ready? A line for each thing.

    . ./script.sh && python check.py

On a compute node, with the answer in slurm-JOB.out:
    sbatch --gres=gpu:1 --mem=8G --time=5 \\
        --wrap "bash -c '. ./script.sh && python check.py'"

It changes nothing, and ends with Ready. or the number of things to fix (exit status 1).
Options go to train.py, as one of your own sets may need: check.py --N_sequence 96
"""

from support.start import import_keras, prepare

prepare()

import contextlib
import os
import platform
import re
import runpy
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from importlib.metadata import distributions
from pathlib import Path

from support.console import DataError, clean, parser

FOLDER = Path(__file__).resolve().parent
TRAINING = 'Now train.py'
fixes = 0


def line(text, ok=True):
    """Print a line at once; one that is not ok says what to do, and counts."""
    global fixes
    fixes += not ok
    text = '\n     '.join(clean(part) for part in text.strip().split('\n'))
    print('ok  ' if ok else 'FIX ', text, flush=True)


def run(*command, **options):
    """Run a command; return it, with what it printed, or None if there is none such."""
    try:
        return subprocess.run(command, capture_output=True, text=True, **options)
    except OSError:
        return None


def why_not(tried):
    """Return why a process of ours failed."""
    if tried.returncode < 0:
        return f'signal {-tried.returncode}: try another node, or more memory'
    # Our own errors begin with the script's name; of others the last line says most
    said = tried.stderr.strip() or 'no reason given'
    ours = re.search(r'^(train\.py|check\.py:).*', said, re.M | re.S)
    return ours[0] if ours else said.split('\n')[-1]


def try_keras(options):
    """Print which device computes, and TRAINING; then train, if there are sequences."""
    keras = import_keras()
    from support.runs import device

    ones = keras.ops.ones((64, 64))
    if not keras.ops.all(keras.ops.matmul(ones, ones) == 64):
        raise DataError('64 times 1 is not 64 here: try another node')
    lstm = keras.Sequential([keras.layers.LSTM(8)])  # on a GPU by cuDNN
    lstm.compile(loss='mse')
    lstm.train_on_batch(ones[None], ones[:1, :8])
    with contextlib.redirect_stderr(sys.stdout):  # its warning, if there is one
        print(f'{device()}, a matrix product and an LSTM step work')
    if os.path.exists('Train'):
        print(TRAINING, flush=True)
        sys.argv = [str(FOLDER / 'train.py'), '--N_epochs', '2', *options]
        runpy.run_path(sys.argv[0], run_name='__main__')


_, options = parser(__doc__).parse_known_args()
if options[:1] == ['--device']:  # see below
    try_keras(options[1:])
    sys.exit()

# Python, its packages, and whose they are
line(f'Python: {platform.python_version()} on {platform.system()} {platform.machine()}')
wanted = re.findall(r'^[\w.-]+', (FOLDER / 'requirements.txt').read_text(), re.M)
tested = re.findall(r'^([\w.-]+)==(.+)', (FOLDER / 'constraints.txt').read_text(), re.M)
found = {x.name.lower().replace('_', '-'): x.version for x in distributions()}
missing = ', '.join(name for name in wanted if name not in found)
other = [f'{name} {found[name]}' for name, v in tested if found.get(name, v) != v]
if missing:
    line(f'Packages: {missing} not installed here; type  . ./script.sh', ok=False)
elif other:
    line(f'Packages: not as in constraints.txt, numbers may differ: {", ".join(other)}')
else:
    line('Packages: with the versions of constraints.txt')
packages, place = sysconfig.get_path('purelib'), os.path.realpath(sys.prefix)
mine, writable = os.stat(packages).st_uid == os.geteuid(), os.access(packages, os.W_OK)
python = Path(os.path.realpath(sys.executable))
closed = [folder for folder in python.parents if not folder.stat().st_mode & 1]
if mine and closed:
    place += f', its Python where others may not go ({closed[-1]})'
place += f', which you can{"" if writable else "not"} change'
if writable and not mine:
    line(f'Environment: {place}: its owner types  chmod -R go-w', ok=False)
else:
    line(f'Environment: {place}')

# This folder
counts = 0, 0
if not missing:
    from support.files import sequence_numbers
    from support.sets import describe_sets

    counts = [len(sequence_numbers(folder)) for folder in ('Train', 'Test')]
    try:
        if not all(counts):
            raise DataError('none; type  python generate_data.py')
        line(f'Sequences: {describe_sets(*counts)["data"]}')
    except DataError as error:
        line(f'Sequences: {error}', ok=False)
try:
    with tempfile.TemporaryFile(dir='.') as file:
        file.write(bytes(10**6))
    free = shutil.disk_usage('.').free / 1e9
    line(f'Disk: {free:.0f} GB free, and you may write here')
except OSError as error:
    line(f'Disk: {error.strerror} here; work in a clone of your own', ok=False)
# lfs quota: kilobytes, quota, limit, grace; files, quota, limit, grace
numbers = re.compile(r'\d+\*?\s+\d+\s+\d+\s+\S+\s+(\d+)\*?\s+(\d+)\s+(\d+)')
for option, ID in ('-u', os.geteuid()), ('-g', os.stat('.').st_gid):
    quota = run('lfs', 'quota', '-q', option, str(ID), os.getcwd())
    if quota and (match := numbers.search(quota.stdout)):
        used, soft, hard = map(int, match.groups())
        left, most = (soft or hard) - used, soft or hard
        if most:
            line(f'Quota: {left:,} of {most:,} files are left ({option})', left > 1000)

# Slurm and the display
node, job = platform.node(), os.environ.get('SLURM_JOB_ID')
name = 'SLURM_JOB_RESERVATION' if job else 'SBATCH_RESERVATION'
reservation = f'reservation {os.environ.get(name, "none")}'
if job:
    line(f'Slurm: job {job} on {node}, {reservation}')
elif sbatch := run('sbatch', '--test-only', str(FOLDER / 'train.slurm')):
    takes = 'refuses' if sbatch.returncode else 'takes'
    text = f'not in a job, on {node}; {reservation}; sbatch {takes} train.slurm:'
    line(f'Slurm: {text}\n{sbatch.stderr}', not sbatch.returncode)
else:
    line(f'Slurm: none on {node}, so trainings run here')
if not missing:
    import matplotlib.pyplot as plt

    window = plt.gcf().canvas.required_interactive_framework
    text = f'they open ({window})' if window else 'none here, plots are PNG files'
    line(f'Plot windows: {text}')

    # TensorFlow, in a process of its own: a node that it does not fit may kill it
    start, command = time.perf_counter(), (sys.executable, __file__, '--device')
    with tempfile.TemporaryDirectory() as folder:
        if all(counts):
            for name in 'Train', 'Test':
                os.symlink(os.path.realpath(name), f'{folder}/{name}')
        env = os.environ | {'MPLBACKEND': 'agg'}
        tried = run(*command, *options, cwd=folder, env=env)
    seconds = time.perf_counter() - start
    device, training, _ = tried.stdout.partition(TRAINING)
    works = device and 'Warning' not in device
    line(f'Device: {device or why_not(tried)}', works)
    if training:
        why = tried.returncode and why_not(tried)
        line(f'Training: {why or f"two epochs in {seconds:.1f} s"}', not why)

print('Ready.' if not fixes else f'{fixes} thing{"s" * (fixes > 1)} to fix')
sys.exit(fixes > 0)
