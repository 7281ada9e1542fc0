"""script.sh, sourced in real shells with the real pip and wheels of ours; batch jobs.

The tests work in a folder with bin, which is the PATH of all but one, and 'work shop'
with script.sh. Stand-ins are the Pythons of other versions, nvidia-smi and squeue.
"""

import datetime
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import PROJECT

pytestmark = pytest.mark.slow  # real environments are made
LMOD = Path('/usr/share/lmod/lmod')
TOOLS = 'bash cat dirname find flock grep head readlink realpath sed sh'
WORKSHOP, VENV = Path('work shop'), Path('work shop/.venv')


def write(path, text):
    """Write a file that can be run, in the place of what is there."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding='utf-8')
    Path(path).chmod(0o755)


def make_wheel(name, version='1.0', files=None, more='', folder='.'):
    """Make a wheel of files, {path: text}, or of a package; more is for METADATA."""
    info = f'{name}-{version}.dist-info'
    about = f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}'
    files = files or {f'{name}/__init__.py': ''}
    files |= {f'{info}/METADATA': about, f'{info}/RECORD': ''}
    files |= {f'{info}/WHEEL': 'Wheel-Version: 1.0\nTag: py3-none-any'}
    with zipfile.ZipFile(f'{folder}/{name}-{version}-py3-none-any.whl', 'w') as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


def start(text, shell='bash', **env):
    """Let a shell carry out these lines; return it, still running."""
    here = os.getcwd()
    known = {'PATH': f'{here}/bin', 'HOME': here, 'PIP_CONFIG_FILE': os.devnull}
    known |= {'PIP_NO_INDEX': '1', 'PIP_FIND_LINKS': here, 'PIP_USER': '1'}
    out = {'stdout': subprocess.PIPE, 'stderr': subprocess.STDOUT, 'text': True}
    command = [shutil.which(shell), '-c', text]
    return subprocess.Popen(command, env=known | env, **out)


def source(before='', shell='bash', after='', **env):
    """Return status, last line printed, and what follows, of sourcing script.sh."""
    text = f'{before}\n. "${{F-work shop}}/script.sh" ${{O-}}\necho "status $?"\n'
    text += after
    lines = start(text, shell, **env).communicate(timeout=100)[0].splitlines()
    (i,) = [i for i, line in enumerate(lines) if line.startswith('status ')]
    return int(lines[i].split()[1]), ''.join(lines[:i][-1:]), lines[i + 1 :]


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    """A folder where two strict shells have made .venv at once."""
    os.chdir(tmp_path_factory.mktemp('script'))
    write(WORKSHOP / 'requirements.txt', 'numpy<2\ntensorflow\n')
    write(WORKSHOP / 'constraints.txt', 'numpy<3')
    for name in 'script.sh', 'support/make_venv.sh':
        write(WORKSHOP / name, (PROJECT / name).read_text('utf-8'))
    write('bin/python3', f'#!/bin/sh\nexec "{os.path.realpath(sys.executable)}" "$@"\n')
    for tool in (*TOOLS.split(), 'uname'):
        Path('bin', tool).symlink_to(shutil.which(tool))
    for name, version in ('numpy', '1.0'), ('numpy', '2.0'), ('more', '1.0'):
        make_wheel(name, version)
    cuda = 'Provides-Extra: and-cuda\nRequires-Dist: more; extra == "and-cuda"\n'
    make_wheel('tensorflow', more=cuda)
    make_wheel('nvidia_cudnn_cu12', '9.10')
    strict = 'set -euf; IFS=/; unset HOME; . "work shop/script.sh"; command -v python'
    shells = [start(strict) for _ in range(2)]
    one, two = sorted((x.communicate(timeout=100)[0] for x in shells), key=len)
    assert 'waiting for another shell' in one and 'numpy-1.0 tensorflow-1.0' in two
    assert one.endswith(f'{VENV.absolute()}/bin/python\n')
    return Path.cwd()


@pytest.fixture
def ready(finished, monkeypatch):
    """A copy of it, at the same place, as .venv can't be moved."""
    shutil.copytree(finished, f'{finished}-kept', symlinks=True)
    monkeypatch.chdir(finished)
    yield finished / WORKSHOP
    shutil.rmtree(finished)
    os.rename(f'{finished}-kept', finished)


@pytest.mark.parametrize('shell', ['bash', 'zsh'])
def test_later_times(ready, shell):
    """The second time nothing is printed and changed, whatever a shell's habits are."""
    if not shutil.which(shell):
        pytest.skip(f'no {shell} here')
    Path('bin/python3').unlink()
    files = {path: path.stat().st_mtime_ns for path in VENV.rglob('*')}
    before = """shopt -s expand_aliases 2>/dev/null; export PYTHONPATH=/hidden
        cd /; cd() { echo no cd; }; alias cd='echo no cd' rm='rm -i' pip=pip3"""
    after, env = 'echo "${PYTHONPATH-unset}"; command -v python', {'F': str(ready)}
    done = source(before, shell, after, PIP_FIND_LINKS='', **env)
    assert done == (0, '', ['unset', f'{ready}/.venv/bin/python'])
    assert {path: path.stat().st_mtime_ns for path in VENV.rglob('*')} == files


# What happened before, as lines of a shell in 'work shop'
OFFLINE = {'PIP_FIND_LINKS': ''}
LINK = 'mkdir ../mine; cp -r [!.]* ../mine; ln -s "$PWD/.venv" ../mine/.venv'
OLD = 'rm -r .venv; printf "#!/bin/sh\necho Python 3.10.1" >../bin/python3'
NEXT = 'printf "#!/bin/sh\necho Python 3.12.1; [ \\$1 = -V ]" >../bin/python3.12'
COPY = 'rm -r .venv; cp -r . "../$F"'
CASES = {  # what happened, the environment, the status, and a part of the last line
    'new requirements': ('echo "numpy>1" >req*', {}, 0, 'installed numpy-2.0'),
    'a GPU': ('echo >../bin/nvidia-smi; chmod +x ../bin/*', {}, 0, 'nvidia-cudnn'),
    '--cuda': ('', {'O': '--cuda'}, 0, 'nvidia-cudnn'),
    'a link': (LINK, {'F': 'mine', **OFFLINE}, 0, '^$'),
    'an old link': (f'{LINK}; echo a >../mine/req*', {'F': 'mine'}, 0, 'ask the owner'),
    'an apostrophe': (COPY, {'F': "it's"}, 0, 'Successfully installed'),
    'a command': (COPY, {'F': 'x $(touch pwned)'}, 1, 'rename this folder'),
    'offline': ('echo new >>req*', OFFLINE, 1, 'Do it on a login node first'),
    'unfinished': ('rm .venv/ins*', {}, 1, r' rm -r /\S+/work\\ shop/.venv$'),
    'an unfinished link': (f'{LINK}; rm .venv/ins*', {'F': 'mine'}, 1, 'unfinished or'),
    'moved': ('cp -r . ../copied', {'F': 'copied'}, 1, 'moved from .*; to begin again'),
    'broken': ('rm -r .venv/lib/*/site-packages/numpy', {}, 1, 'not work.* rm -r'),
    'no Python': (OLD, {}, 1, 'there is no Python 3.11, 3.12 or 3.13 here'),
    'two Pythons': (f'{OLD}; {NEXT}; chmod +x ../bin/*', {}, 1, 'venv failed'),
}


@pytest.mark.parametrize('name', CASES)
def test_it_works_also_the_next_time_or_ends_with_a_reason(ready, name):
    """What works changes nothing the next time, and what ends has changed nothing."""
    before, env, wanted, last = CASES[name]
    here = {'cwd': WORKSHOP, 'env': os.environ | env, 'check': True}
    subprocess.run(['bash', '-c', before], **here)
    status, line, _ = source(**env)
    assert status == wanted and re.search(last, line)
    assert not [*ready.parent.rglob('pwned')]
    if name == 'offline':  # with the former file it works as before
        subprocess.run(['bash', '-c', 'printf "numpy<2\ntensorflow\n" >req*'], **here)
    if name == 'offline' or not wanted:
        again = source(after='python -c "import numpy, tensorflow"', **env)
        assert (again[0], again[2]) == (0, []) and again[1] in ('', line)


def test_without_the_dot(ready):
    for command in 'sh script.sh', 'bash ./script.sh', './script.sh':
        done = subprocess.run(command, shell=True, cwd=WORKSHOP, capture_output=True)
        assert done.returncode == 1 and b'type  . ./script.sh' in done.stderr


@pytest.mark.skipif(not LMOD.exists(), reason='no Lmod here')
def test_module_system(ready):
    """Lmod loads the module, also in a job that knows MODULESHOME alone."""
    text, here = (WORKSHOP / 'script.sh').read_text(), os.getcwd()
    (name,) = re.findall(r'(?m)^ *module load (python-scientific/[\w.-]+)', text)
    write(f'modules/{name}.lua', f'setenv("PYTHONPATH", "{here}")')
    write('modules/other/1.0.lua', 'setenv("OTHER", "loaded")')
    env = {'MODULEPATH': f'{here}/modules', 'PATH': f'{here}/bin:/usr/bin:/bin'}
    after = 'module -t list; echo "${OTHER-purged} ${PYTHONPATH-unset}"'
    for before in f'. {LMOD}/init/bash; module load other', f'MODULESHOME={LMOD}':
        status, _, follows = source(before, after=after, **env)
        assert (status, follows) == (0, [name, 'purged unset'])
    assert (VENV / 'installed').read_text().startswith('tensorflow[and-cuda]')
    write(WORKSHOP / 'script.sh', text.replace(name, 'python/3'))
    status, last, _ = source(f'. {LMOD}/init/bash', **env)
    assert status == 1 and 'type  module spider python  and put' in last


def test_jobs(ready):
    """A job runs a script with arguments, but not one edited after sbatch."""
    for name in 'own/mine.py', 'experiments/__main__.py', 'Train/X_1':
        write(WORKSHOP / name, 'import sys; print(sys.argv[1:]); sys.exit(7)')
    write('bin/squeue', '#!/bin/sh\necho 2020-02-01T09:00:00\necho and another')
    submitted = datetime.datetime(2020, 2, 1, 9, 0, 0, 900_000).timestamp()

    def job(file, *arguments):  # Slurm runs a copy elsewhere, in sbatch's folder
        shutil.copy(PROJECT / file, 'slurm_script')
        command = ['bash', '../slurm_script', *arguments]
        options = {'env': {'PATH': os.path.abspath('bin')}, 'text': True}
        options |= {'stdout': subprocess.PIPE, 'stderr': subprocess.STDOUT}
        done = subprocess.run(command, cwd=WORKSHOP, **options)
        return done.returncode, done.stdout.splitlines()[-1]

    done = job('experiments/experiments.slurm', 'linear', '--repeats', '20')
    assert done == (7, "['linear', '--repeats', '20']")
    for edited in '', 'own/mine.py', 'Train/X_1':
        for name in 'own/mine.py', 'Train/X_1', 'Train':
            late = 2 if name == edited else 0
            os.utime(WORKSHOP / name, (submitted, submitted + late))
        status, last = job('train.slurm', 'own/mine.py', '--N_epochs', 'a b')
        if edited:
            assert status == 1 and last.endswith('edited after sbatch: submit it again')
        else:
            assert (status, last) == (7, "['--N_epochs', 'a b']")
