"""Is this person, in this folder, on this node ready for the workshop? A line for each thing.

    . ./script.sh && python check.py

On a compute node, with the answer in slurm-JOB.out:
    sbatch --gres=gpu:1 --mem=8G --time=5 --wrap "bash -c '. ./script.sh && python check.py'"

It changes nothing, and ends with Ready. (exit status 0) or the number of things to mend (1).
Options go to train.py, as one of your own sets may need: python check.py --N_sequence 96
"""

from support.start import import_keras, prepare

prepare()

import contextlib
import io
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
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from support.console import DataError, parser
from support.environment import how_it_ended
from support.explain import explain
from support.files import sequence_numbers

FOLDER = Path(__file__).resolve().parent
mends = 0


def line(text, ok=True):
    """Print a line at once; one that is not ok says what to do, and counts."""
    global mends
    mends += not ok
    print('ok  ' if ok else 'MEND', text, flush=True)


def run(*command):
    """Run a command; return whether it succeeded, and what it printed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        return done.returncode == 0, done.stdout + done.stderr.strip()
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)


def try_tensorflow(options):
    """Try the device, and train.py where there are links to Train and Test."""
    start = time.perf_counter()
    try:
        keras = import_keras()
        from support.runs import device

        with contextlib.redirect_stderr(io.StringIO()) as warning:
            text = (
                f'{device()}; TensorFlow starts in {time.perf_counter() - start:.0f} s'
            )
        ones = keras.ops.ones((64, 64))
        assert keras.ops.all(keras.ops.matmul(ones, ones) == 64), (
            '64 times 1 is not 64 here'
        )
        lstm = keras.Sequential([keras.layers.LSTM(8)])  # on a GPU by cuDNN
        lstm.compile(loss='mse')
        lstm.train_on_batch(ones[None], ones[:1, :8])
        why = warning.getvalue().strip().removeprefix('Warning: ')
    except Exception as error:
        text = ' '.join(str(error).split())[:300]
        return line(f'Device: {text}: try another node, or --gres=none', ok=False)
    line(f'Device: {why or text + ", a matrix product and an LSTM step work"}', not why)
    if not os.path.exists('Train'):
        return
    sys.argv, start, why = (
        ['train.py', '--N_epochs', '2', *options],
        time.perf_counter(),
        '',
    )
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()) as said,
            contextlib.redirect_stderr(said),
        ):
            runpy.run_path(str(FOLDER / 'train.py'), run_name='__main__')
    except SystemExit as end:
        why = said.getvalue().strip().rpartition('\n')[2] if end.code == 2 else end.code
    except Exception as error:
        why = ': '.join((explain(error) or repr(error)).splitlines()[:2])
    line(
        f'Training: {why or f"two epochs in {time.perf_counter() - start:.1f} s"}',
        not why,
    )


_, options = parser(__doc__).parse_known_args()
if options[:1] == ['--tensorflow']:
    try_tensorflow(options[1:])
    sys.exit(mends)

# Python, its packages, and whose they are
line(f'Python: {platform.python_version()} on {platform.system()} {platform.machine()}')
found = {}
exact = dict(
    re.findall(r'^([\w.-]+)==(.+)', (FOLDER / 'constraints.txt').read_text(), re.M)
)
wanted = re.findall(r'^[\w.-]+', (FOLDER / 'requirements.txt').read_text(), re.M)
for name in {*wanted, *exact}:
    with contextlib.suppress(PackageNotFoundError):
        found[name] = version(name)
missing = ', '.join(name for name in wanted if name not in found)
other = ', '.join(
    f'{name} {found[name]}' for name, v in exact.items() if found.get(name, v) != v
)
if missing:
    line(f'Packages: {missing} not installed here; type  . ./script.sh', ok=False)
elif other:
    line(
        f'Packages: not those of constraints.txt, so numbers may differ a little: {other}'
    )
else:
    line(f'Packages: {len(found)}, with the versions of constraints.txt')
packages, place = sysconfig.get_path('purelib'), os.path.realpath(sys.prefix)
mine, writable = os.stat(packages).st_uid == os.geteuid(), os.access(packages, os.W_OK)
with contextlib.suppress(KeyError):  # where the node knows no name for its owner
    place += f' of {Path(packages).owner()}'
if writable and not mine:
    line(
        f'Environment: {place}, which you can change: its owner types  chmod -R go-w',
        ok=False,
    )
else:
    hidden = [
        x
        for x in Path(os.path.realpath(sys.executable)).parents
        if not x.stat().st_mode & 1
    ]
    if mine and hidden:
        place += f', its Python where others may not go ({hidden[-1]})'
    line(f'Environment: {place}, which you can{"" if writable else "not"} change')

# This folder
counts = [len(sequence_numbers(folder)) for folder in ('Train', 'Test')]
if not all(counts):
    line('Sequences: none; type  python generate_data.py', ok=False)
elif not missing:
    from support.sets import describe

    try:
        line(f'Sequences: {describe(*counts)}')
    except DataError as error:
        line(f'Sequences: {error}', ok=False)
try:
    with tempfile.TemporaryFile(dir='.') as file:
        file.write(bytes(10**6))
    line(f'Room: {shutil.disk_usage(".").free / 1e9:.0f} GB, and you may write here')
except OSError as error:
    line(
        f'Room: {os.getcwd()}: {error.strerror}; work in a clone of your own', ok=False
    )
disk = Path.cwd()
while not disk.is_mount():
    disk = disk.parent
for option, ID in ('-u', os.geteuid()), ('-g', os.stat('.').st_gid):
    _, text = run('lfs', 'quota', '-q', option, str(ID), str(disk))
    match = re.search(r'\d+\*?\s+\d+\s+\d+\s+\S+\s+(\d+)\*?\s+(\d+)\s+(\d+)', text)
    if match and (most := int(match[2]) or int(match[3])):
        left = most - int(match[1])
        line(
            f'Quota: {left:,} of {most:,} files are left on {disk} ({option})',
            left > 1000,
        )

# Slurm and the display
node, job = platform.node(), os.environ.get('SLURM_JOB_ID')
name = 'SLURM_JOB_RESERVATION' if job else 'SBATCH_RESERVATION'
reservation = f'reservation {os.environ.get(name, "none")}'
if job:
    line(f'Slurm: job {job} on {node}, {reservation}')
elif shutil.which('sbatch'):
    accepted, text = run('sbatch', '--test-only', str(FOLDER / 'train.slurm'))
    text = 'takes train.slurm' if accepted else f'refuses train.slurm: {text}'
    line(f'Slurm: not in a job, on {node}; {reservation}; sbatch {text}', accepted)
else:
    line(f'Slurm: none on {node}, so trainings run here')
if not missing:
    import matplotlib.pyplot as plt

    window = plt.gcf().canvas.required_interactive_framework
    line(
        'Windows: '
        + (f'they open ({window})' if window else 'none here, plots are PNG files')
    )

    # TensorFlow, in a process of its own: a node that it does not fit may kill it
    with tempfile.TemporaryDirectory() as folder:
        for name in ('Train', 'Test') if all(counts) else ():
            os.symlink(os.path.realpath(name), f'{folder}/{name}')
        child = [sys.executable, __file__, '--tensorflow', *options]
        env = os.environ | {'MPLBACKEND': 'agg'}
        child = subprocess.run(child, cwd=folder, env=env, stderr=subprocess.DEVNULL)
    if child.returncode < 0:
        why = how_it_ended(child, '')
        line(
            f'TensorFlow: {why} on this node: try another, or ask for more memory',
            ok=False,
        )
    else:
        mends += child.returncode

print('Ready.' if not mends else f'{mends} thing{"s" * (mends > 1)} to mend')
sys.exit(mends > 0)
