"""The evening of docs/instructor.md, and what attendees type, by three Unix users.

Only with WORKSHOP_USERS=1, as root, because it makes and removes these users. Stand-ins
are srun and the packages: .venv finds those that these tests run with.
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
from edits import blocks
from test_script import make_wheel

NO_USERS = pytest.mark.skipif('WORKSHOP_USERS' not in os.environ, reason='makes users')
pytestmark = [pytest.mark.slow, NO_USERS]
# Python that other users may run
PYTHON = shutil.which(f'python3.{sys.version_info[1]}', path='/usr/bin')
PYTHON = PYTHON or os.path.realpath(sys.executable)
GROUP = f'ws{os.getpid()}'
OLGA, ADA, BOB = USERS = [f'{GROUP}{name}' for name in ('olga', 'ada', 'bob')]
SETUP = rf"""
groupadd {GROUP}
mkdir home bin fred
for user in {' '.join(USERS)}; do useradd -g {GROUP} -m -d $PWD/home/$user $user; done
printf '#!/bin/sh\nexec {PYTHON} "$@"\n' > bin/python3
printf '#!/bin/sh\nshift 4; exec "$@"\n' > bin/srun
chmod a+rx . bin/*
git clone -q {PROJECT} origin && cd origin
echo demo | tee requirements.txt constraints.txt
git -c user.name=me -c user.email=me@example.org commit -qam demo
chown -R {OLGA}:{GROUP} . ../fred && chmod 2770 ../fred
"""
CLEANUP = f'for user in {" ".join(USERS)}; do userdel $user; done; groupdel {GROUP}'


def test_a_workshop(request):
    """Three users type what the evening, the slides and the end of the day need."""
    base = tempfile.mkdtemp(prefix='workshop-')
    clean = ['bash', '-c', f'{CLEANUP}; rm -r {base}']
    request.addfinalizer(lambda: subprocess.run(clean))
    files = {'demo.pth': sysconfig.get_path('purelib')}
    make_wheel('demo', files=files, folder=base)
    subprocess.run(['bash', '-ec', SETUP], cwd=base, check=True)
    page = (PROJECT / 'docs/instructor.md').read_text('utf-8')
    evening, finished, slide = blocks(page, 'sh')[2:5]
    finished = f'cd /fred/oz000/workshop; . ./script.sh\n{finished}'
    (copy,) = re.findall('`(cp -rn [^`]*)`', page)
    compare = f'{slide.splitlines()[0]}\n{copy}\npython compare.py 1 base wide linear'
    (remove,) = re.findall('`(chmod [^`]* && rm [^`]*)`', page)
    for user, text, expected in (
        (OLGA, evening, 'Run: runs/check/0 with'),
        (OLGA, finished.replace('0 1 2 3 4', '0'), 'Plot: compare.png'),
        (ADA, slide, 'Run: runs/1 with'),
        (ADA, 'readlink workshop/.venv', f'{base}/fred/workshop/.venv'),
        (BOB, compare, 'Plot: compare.png'),
        (BOB, ': >> /fred/oz000/workshop/.venv/installed', 'Permission denied'),
        (BOB, ': >> /fred/oz000/workshop/runs/new', 'Permission denied'),
        (OLGA, f'cd /fred/oz000; {remove}', ''),
    ):
        text = re.sub(r'git clone \S+ work', f'git clone {base}/origin work', text)
        text = re.sub(r'/fred/\w+', f'{base}/fred', text)
        env = {'HOME': f'{base}/home/{user}', 'PATH': f'{base}/bin:/usr/bin:/bin'}
        env |= {'PIP_NO_INDEX': '1', 'PIP_FIND_LINKS': base}
        done = subprocess.run(
            ['bash', '-ec', text],
            user=user,
            group=GROUP,
            extra_groups=[],
            umask=0o002,
            cwd=env['HOME'],
            env=env,
            capture_output=True,
            text=True,
        )
        assert expected in done.stdout + done.stderr, done
    assert os.listdir(f'{base}/fred') == []
