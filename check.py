"""Check that this user, folder and node are ready: a line for each.

    . ./script.sh && python check.py

On a compute node, with the answer in slurm-JOB.out:
    sbatch --gres=gpu:1 --mem=8G --time=5 \\
        --wrap "bash -c '. ./script.sh && python check.py'"

It changes nothing. It trains for a second, also on a login node, where that is little
even if thirty people do it. It ends with Ready. or the number of things to fix (exit
status 1). After import_data.py, add the options that it printed for train.py.
"""

from support.start import prepare

if __name__ == '__main__':
    prepare()

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from support.console import make_parser, printable

TRAIN = Path(__file__).resolve().with_name('train.py')


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


# Each check is given the options for train.py. It returns a line to print, and whether
# that is ok; if not, the line says what to do.


def check_environment(_):
    folder = os.path.realpath(sys.prefix)
    return f'Environment: Python {platform.python_version()} in {folder}', True


def check_disk(_):
    try:
        with tempfile.TemporaryFile(dir='.') as file:
            file.write(bytes(10**6))
    except OSError as error:
        return f'Disk: {error.strerror} here; work in a clone of your own', False
    free = f'{shutil.disk_usage(".").free / 1e9:.0f} GB free'
    if shutil.which('lfs'):  # Lustre, which also limits a group's number of files
        quota = run('lfs', 'quota', '-q', '-g', str(os.stat('.').st_gid), os.getcwd())
        # It prints kilobytes, quota, limit, grace; files, quota, limit, grace
        if found := re.search(r'(\d+)\*?\s+(\d+)\s+(\d+)\s+\S+\s*$', quota.stdout):
            used, soft, hard = map(int, found.groups())
            most = soft or hard
            is_ok = used + 1000 < most or not most
            return f'Disk: {free}, {used:,} of {most:,} files', is_ok
    return f'Disk: {free}, and you may write here', True


def check_slurm(_):
    job = os.environ.get('SLURM_JOB_ID')
    if job or not shutil.which('sbatch'):
        return f'Slurm: {f"job {job}" if job else "none"} on {platform.node()}', True
    done = run('sbatch', '--test-only', str(TRAIN.with_suffix('.slurm')))
    return f'Slurm: {" ".join(done.stderr.split())}', done.returncode == 0


def check_training(options):
    """Train for two epochs in another process, which a node may kill."""
    with tempfile.TemporaryDirectory() as folder:
        for name in 'Train', 'Test':
            os.symlink(os.path.realpath(name), f'{folder}/{name}')
        command = [sys.executable, str(TRAIN), '--N_epochs', '2', *options]
        done = run(*command, cwd=folder, env=os.environ | {'MPLBACKEND': 'agg'})
    if done.returncode < 0:
        why = f'signal {-done.returncode}: try another node, or more memory'
        return f'Training: {why}', False
    if done.returncode or 'Warning: Slurm' in done.stderr:  # see support.start.device
        return f'Training: {"; ".join(done.stderr.splitlines()[-3:])}', False
    device = re.findall('(?m)^Training (on .*)', done.stdout)
    return f'Training: two epochs {" ".join(device)}', True


def main():
    _, options = make_parser(__doc__).parse_known_args()
    N_fixes = 0
    for check in check_environment, check_disk, check_slurm, check_training:
        line, is_ok = check(options)
        N_fixes += not is_ok
        print('ok  ' if is_ok else 'FIX ', printable(line), flush=True)
    print(f'{N_fixes} to fix' if N_fixes else 'Ready.')
    return N_fixes > 0


if __name__ == '__main__':
    sys.exit(main())
