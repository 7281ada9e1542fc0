"""The commands of docs/instructor.md, as they stand there, typed by three Unix users.

Only where WORKSHOP_USERS is set, and as root, because it makes and removes these users.
script.sh makes the organiser's environment with the real pip, of one small package made
here: through it that environment finds the packages which these tests run with.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest
from conftest import PROJECT
from test_script import make_wheel, write

from docs.edits import sections

if 'WORKSHOP_USERS' not in os.environ:
    reason = 'makes Unix users and removes them: only with WORKSHOP_USERS=1, as root'
    pytest.skip(reason, allow_module_level=True)

SECTIONS = sections('docs/instructor.md')
COMMANDS = re.compile(r'```sh\n(.*?)```', re.S)
GROUP = f'ws{os.getpid()}'
ORGANISER, ADA, BOB = USERS = [GROUP + name for name in ('olga', 'ada', 'bob')]
# As the page names them, also where a room was put in.
PLACES = re.search(r'cd (\S+) && git clone (\S+)', SECTIONS['The evening before'])
PYTHON, PACKAGES = f'python3.{sys.version_info[1]}', sysconfig.get_path('purelib')


def types(base, user, text):
    """Let a user's shell carry out these lines; return it, still running."""
    for place, ours in zip(PLACES.groups(), ('fred', 'origin'), strict=True):
        text = text.replace(place, f'{base}/{ours}')
    home = f'{base}/home/{user}'
    env = {'HOME': home, 'PATH': f'{base}/bin:/usr/local/bin:/usr/bin:/bin'}
    env |= {'PIP_NO_INDEX': '1', 'PIP_FIND_LINKS': str(base)}
    who = {'user': user, 'group': GROUP, 'extra_groups': [], 'umask': 0o002}
    pipe = {'stdout': subprocess.PIPE, 'stderr': subprocess.STDOUT, 'encoding': 'utf-8'}
    return subprocess.Popen(['bash', '-ec', text], cwd=home, env=env, **who, **pipe)


def all_but_homes(base):
    """Return path, size, mode and time of all files outside the homes."""
    find = ['find', 'bin', 'fred', 'origin', '-printf', '%p %s %M %T@\n']
    return subprocess.check_output(find, cwd=base)


def ends(shell, status=0):
    """Wait for a shell; return what it has printed."""
    out = shell.communicate(timeout=200)[0]
    assert shell.returncode == status, out
    return out


# A cluster's group and users, and a repository as it is committed, but for packages.
SETUP = f"""
groupadd {GROUP}
mkdir home bin fred
for user in {' '.join(USERS)}; do useradd -g {GROUP} -m -d $PWD/home/$user $user; done
git clone -q {PROJECT} origin
cd origin
echo demo >requirements.txt
echo demo==1.0 >constraints.txt
rm -r .git && git init -qb main && git add .  # GitHub's clone lacks the history
git -c user.name=me -c user.email=me@example.org commit -qm all
chown -R {ORGANISER}:{GROUP} . ../fred
chmod 2770 ../fred  # the group may write there, as on OzSTAR
"""


@pytest.fixture
def room():
    """A folder with what a cluster has: programs, a project, homes and origin."""
    base = Path(tempfile.mkdtemp(prefix='workshop-users-'))
    base.chmod(0o755)
    try:
        subprocess.run(['bash', '-ec', SETUP], cwd=base, check=True)
        for python in shutil.which(PYTHON, path='/usr/bin'), sys.executable:
            write(base / 'bin/python3', f'#!/bin/sh\nexec {python} "$@"\n')
            test = 'import sys, venv, ensurepip;'
            test += f"sys.path.append('{PACKAGES}'); import numpy"
            if types(base, ADA, f'python3 -c "{test}" 2>/dev/null').wait() == 0:
                break
        else:
            pytest.skip(f'no {PYTHON} here that other users may run, with {PACKAGES}')
        write(base / 'bin/sbatch', '#!/bin/sh\n[ "$1" = --test-only ]\n')
        options = 'while [ "${1#-}" != "$1" ]; do shift; done'
        write(base / 'bin/srun', f'#!/bin/sh\n{options}; exec "$@"\n')
        # It brings a line to Python's path, and no module.
        make_wheel('demo', files={'demo.pth': PACKAGES}, folder=base)
        yield base
    finally:
        for command in (*(f'userdel {user}' for user in USERS), f'groupdel {GROUP}'):
            subprocess.run(command.split(), stderr=subprocess.DEVNULL)
        shutil.rmtree(base)


def test_a_workshop(room):
    """The evening before; two attendees at once, one with a change; afterwards."""
    evening = COMMANDS.search(SECTIONS['The evening before'])[1]
    slide = COMMANDS.search(SECTIONS['What attendees type'])[1]
    assert 'Ready.' in ends(types(room, ORGANISER, evening))
    before = all_but_homes(room)
    ada = types(room, ADA, slide + 'python view.py 1; python compare.py')
    change = 'echo other >> requirements.txt; . ./script.sh; python -c "import numpy"'
    out = ends(types(room, BOB, slide[: slide.index('. ./script.sh')] + change))
    assert f'owner of {room}/fred/workshop/.venv' in out
    out = ends(ada)
    parts = 'Ready.', 'runs/1', 'Train_1.png', 'compare.png'
    assert all(part in out for part in parts), out

    # Neither has written anywhere but at home, nor could they.
    assert all_but_homes(room) == before
    for user in ADA, BOB:
        find = ['find', '/tmp', '/var/tmp', '/dev/shm', '-user', user]
        found = subprocess.run(find, capture_output=True, text=True).stdout.splitlines()
        assert found and all(path.startswith(f'{room}/home/{user}') for path in found)
    for path in '.venv/installed', 'Train/new', '../workshop.bundle':
        ends(types(room, BOB, f': >> {PLACES[1]}/workshop/{path}'), status=1)
    remove = re.search('`(chmod -R u.w workshop && rm .*?)`', SECTIONS['Afterwards'])[1]
    ends(types(room, ORGANISER, f'cd {PLACES[1]}; {remove}'))
    assert list((room / 'fred').iterdir()) == []
