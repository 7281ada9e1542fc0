"""The commands of docs/instructor.md, as they stand there, typed by three Unix users on this machine.

Only where WORKSHOP_USERS is set, and as root, because it makes and removes these users. script.sh
makes the organiser's environment with the real pip, of one small package that is made here: through
it that environment finds the packages which these tests run with.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

import pytest
from conftest import PROJECT

if 'WORKSHOP_USERS' not in os.environ:
    reason = 'makes Unix users and removes them: only with WORKSHOP_USERS=1, as root'
    pytest.skip(reason, allow_module_level=True)

INSTRUCTOR = (PROJECT / 'docs/instructor.md').read_text(encoding='utf-8')
GROUP = f'ws{os.getpid()}'
ORGANISER, ADA, BOB = USERS = [GROUP + name for name in ('olga', 'ada', 'bob')]
PYTHON, PACKAGES = f'python3.{sys.version_info[1]}', sysconfig.get_path('purelib')


def commands(heading):
    """Return the commands in the first block of docs/instructor.md below a heading."""
    below = INSTRUCTOR[INSTRUCTOR.index(f'## {heading}\n') :]
    return re.search(r'```sh\n(.*?)```', below, re.S)[1]


class Room:
    """A folder with what the workshop needs of a cluster: bin, fred/oz000, home and origin."""

    def __init__(self, base):
        self.base, self.shared = base, base / 'fred/oz000'

    def types(self, user, text):
        """Let a user's shell carry out these lines; return it, still running."""
        for name, path in (
            ('/fred/oz000', self.shared),
            ('ADDRESS', self.base / 'origin'),
        ):
            text = text.replace(name, str(path))
        home = self.base / 'home' / user
        env = {
            'HOME': str(home),
            'PATH': f'{self.base}/bin:/usr/local/bin:/usr/bin:/bin',
        }
        env |= {'PIP_NO_INDEX': '1', 'PIP_FIND_LINKS': str(self.base)}
        who = {'user': user, 'group': GROUP, 'extra_groups': [], 'umask': 0o002}
        out = {
            'stdout': subprocess.PIPE,
            'stderr': subprocess.STDOUT,
            'encoding': 'utf-8',
        }
        return subprocess.Popen(['bash', '-ec', text], cwd=home, env=env, **who, **out)

    def all_but_homes(self):
        """Return size, mode and time of all files but those in the homes, by their paths."""
        paths = [
            p
            for name in ('bin', 'fred', 'origin')
            for p in (self.base / name).rglob('*')
        ]
        return {
            p: (s.st_size, s.st_mode, s.st_mtime_ns) for p in paths if (s := p.lstat())
        }


def ends(shell, status=0):
    """Wait for a shell; return what it has printed."""
    out = shell.communicate(timeout=200)[0]
    assert shell.returncode == status, out
    return out


def program(path, line):
    path.write_text(f'#!/bin/sh\n{line}\n', encoding='utf-8')
    path.chmod(0o755)


def make_package(base):
    """Make the wheel of demo, which brings a line to Python's path and no module."""
    about = 'Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n'
    with zipfile.ZipFile(base / 'demo-1.0-py3-none-any.whl', 'w') as wheel:
        wheel.writestr('demo.pth', PACKAGES)
        wheel.writestr('demo-1.0.dist-info/METADATA', about)
        wheel.writestr(
            'demo-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\nTag: py3-none-any'
        )
        wheel.writestr('demo-1.0.dist-info/RECORD', '')


def make_origin(origin):
    """Make a repository of this project's files, as they are now, that asks for demo alone."""
    listed = ['git', '-C', PROJECT, 'ls-files', '-co', '--exclude-standard']
    for name in subprocess.check_output(listed, text=True).splitlines():
        if (PROJECT / name).is_file():
            (origin / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, origin / name)
    (origin / 'requirements.txt').write_text('demo\n')
    (origin / 'constraints.txt').write_text('demo==1.0\n')
    git, me = (
        ['git', '-C', origin],
        ['-c', 'user.name=me', '-c', 'user.email=me@example.org'],
    )
    for command in ['init', '-qb', 'main'], ['add', '.'], [*me, 'commit', '-qm', 'all']:
        subprocess.run(git + command, check=True)
    subprocess.run(['chown', '-R', f'{ORGANISER}:{GROUP}', origin], check=True)


@pytest.fixture
def room():
    base = Path(tempfile.mkdtemp(prefix='workshop-users-'))
    base.chmod(0o755)
    room = Room(base)
    try:
        subprocess.run(['groupadd', GROUP], check=True)
        for name in 'home', 'bin', 'fred/oz000':
            (base / name).mkdir(parents=True)
        for user in USERS:
            home = ['-m', '-d', base / 'home' / user]
            subprocess.run(['useradd', '-g', GROUP, *home, user], check=True)
        shutil.chown(room.shared, ORGANISER, GROUP)
        room.shared.chmod(0o2770)  # the group may write there, as on OzSTAR
        for python in filter(
            None, (shutil.which(PYTHON, path='/usr/bin'), sys.executable)
        ):
            program(base / 'bin/python3', f'exec {python} "$@"')
            test = f"import sys, venv, ensurepip; sys.path.append('{PACKAGES}'); import numpy"
            if room.types(ADA, f'python3 -c "{test}" 2>/dev/null').wait() == 0:
                break
        else:
            pytest.skip(f'no {PYTHON} here that other users may run, with {PACKAGES}')
        program(base / 'bin/sbatch', '[ "$1" = --test-only ] || exec bash "$@"')
        make_package(base)
        make_origin(base / 'origin')
        yield room
    finally:
        for user in USERS:
            subprocess.run(['userdel', user], stderr=subprocess.DEVNULL)
        subprocess.run(['groupdel', GROUP], stderr=subprocess.DEVNULL)
        shutil.rmtree(base)


def test_a_workshop(room):
    """The evening before; two attendees at once, of whom one wants other packages; afterwards."""
    out = ends(room.types(ORGANISER, commands('The evening before')))
    assert (
        f'/workshop/.venv of {ORGANISER}, which you can change' in out
        and 'Ready.' in out
    )
    before, slide = room.all_but_homes(), commands('What attendees type')
    ada = room.types(
        ADA, f'{slide}python view.py 1; python infer.py Test; python compare.py'
    )
    change = 'echo other >> requirements.txt; . ./script.sh; python -c "import numpy"'
    out = ends(room.types(BOB, slide[: slide.index('. ./script.sh')] + change))
    assert 'going on without what requirements.txt asks for' in out
    assert f'ask the owner of {room.shared}/workshop/.venv' in out
    out = ends(ada)
    parts = [f'/workshop/.venv of {ORGANISER}, which you cannot change']
    parts += [
        '200 of 200 + 50 of 50',
        'reservation ml; sbatch takes train.slurm',
        'Ready.',
    ]
    parts += [
        'Training on',
        'Accuracy:',
        'Run: runs/1',
        'Plot: Train_1.png',
        'Plot: compare.png',
    ]
    assert [part for part in parts if part not in out] == []

    # Neither has written anywhere but at home.
    assert room.all_but_homes() == before
    for user in ADA, BOB:
        find = ['find', '/tmp', '/var/tmp', '/dev/shm', '-user', user]
        found = subprocess.run(find, capture_output=True, text=True).stdout.splitlines()
        assert found and all(
            path.startswith(f'{room.base}/home/{user}') for path in found
        )
    # Nor could they.
    for path in (
        '.venv/lib/new',
        '.venv/installed',
        'new',
        'Train/X_1.dat',
        '../workshop.bundle',
    ):
        denied = ends(room.types(BOB, f': >> /fred/oz000/workshop/{path}'), status=1)
        assert 'Permission denied' in denied
    (remove,) = re.findall('`(chmod -R u.w workshop && rm .*?)`', INSTRUCTOR)
    ends(room.types(ORGANISER, f'cd /fred/oz000; {remove}'))
    assert list(room.shared.iterdir()) == []
