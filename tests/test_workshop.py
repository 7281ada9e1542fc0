"""The evening of docs/instructor.md, and what attendees type, by three Unix users.

Only with WORKSHOP_USERS=1, as root, because it makes and removes these users. Stand-ins
are srun, sbatch, and the packages: .venv finds those that these tests run with.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile

import pytest
from conftest import PROJECT
from test_script import make_wheel

NO_USERS = pytest.mark.skipif('WORKSHOP_USERS' not in os.environ, reason='makes users')
pytestmark = [pytest.mark.slow, NO_USERS]
PYTHON = shutil.which(f'python3.{sys.version_info[1]}', path='/usr/bin')
PYTHON = PYTHON or os.path.realpath(sys.executable)  # which other users may run
BRINGS_PACKAGES = {'demo.pth': sysconfig.get_path('purelib')}
GROUP = f'ws{os.getpid()}'
OLGA, ADA, BOB = USERS = [f'{GROUP}{name}' for name in ('olga', 'ada', 'bob')]
SETUP = rf"""
groupadd {GROUP}
mkdir home bin fred
for user in {' '.join(USERS)}; do useradd -g {GROUP} -m -d $PWD/home/$user $user; done
printf '#!/bin/sh\nexec {PYTHON} "$@"\n' > bin/python3
printf '#!/bin/sh\n[ "$1" = --test-only ]\n' > bin/sbatch
printf '#!/bin/sh\nshift 4; exec "$@"\n' > bin/srun
chmod a+rx . bin/*
git clone -q {PROJECT} origin && cd origin
echo demo | tee requirements.txt constraints.txt
rm -r .git && git init -qb main && git add .  # GitHub's clone lacks the history
git -c user.name=me -c user.email=me@example.org commit -qm all
chown -R {OLGA}:{GROUP} . ../fred && chmod 2770 ../fred
"""
CLEANUP = f'for user in {" ".join(USERS)}; do userdel $user; done; groupdel {GROUP}'


@pytest.fixture
def base():
    """A folder with what a cluster has: programs, a project, homes and origin."""
    with tempfile.TemporaryDirectory(prefix='workshop-') as base:
        make_wheel('demo', files=BRINGS_PACKAGES, folder=base)
        try:
            subprocess.run(['bash', '-ec', SETUP], cwd=base, check=True)
            yield base
        finally:
            subprocess.run(['bash', '-c', CLEANUP])


def types(base, user, text, expected):
    """Let a user's shell carry out these lines; it must print what is expected."""
    text = re.sub(r'git clone \S+ workshop', f'git clone {base}/origin workshop', text)
    text = re.sub(r'/fred/\w+', f'{base}/fred', text)
    home = f'{base}/home/{user}'
    env = {'HOME': home, 'PATH': f'{base}/bin:/usr/local/bin:/usr/bin:/bin'}
    env |= {'PIP_NO_INDEX': '1', 'PIP_FIND_LINKS': base}
    who = {'user': user, 'group': GROUP, 'extra_groups': [], 'umask': 0o002}
    command = {'args': ['bash', '-ec', text], 'cwd': home, 'env': env}
    done = subprocess.run(**command, **who, capture_output=True, text=True)
    assert expected in done.stdout + done.stderr, done


def test_a_workshop(base):
    """The evening before; an attendee, and one with finished runs; afterwards."""
    page = (PROJECT / 'docs/instructor.md').read_text('utf-8')
    evening, finished, slide = re.findall(r'```sh\n(.*?)```', page, re.DOTALL)[2:5]
    types(base, OLGA, evening, 'Ready.')
    finished = 'cd /fred/oz000/workshop; . ./script.sh\n' + finished
    types(base, OLGA, finished.replace('0 1 2 3 4', '0'), 'Plot: compare.png')
    types(base, ADA, slide, 'Run: runs/1 with')
    types(base, ADA, 'readlink workshop/.venv', f'{base}/fred/workshop/.venv')
    (copy,) = re.findall('`(cp -rn [^`]*)`', page)
    compare = f'{slide.splitlines()[0]}\n{copy}\npython compare.py 1 base wide linear'
    types(base, BOB, compare, 'Plot: compare.png')
    for name in '.venv/installed', 'start.sh', 'runs/new', 'workshop.bundle':
        types(base, BOB, f': >> /fred/oz000/workshop/{name}', 'Permission denied')
    (remove,) = re.findall('`(chmod [^`]* && rm [^`]*)`', page)
    types(base, OLGA, f'cd /fred/oz000; {remove}', '')
    assert os.listdir(f'{base}/fred') == []
