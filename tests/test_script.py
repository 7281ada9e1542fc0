"""script.sh, sourced in real shells with the real pip and wheels of ours; batch jobs.

The tests work in a folder with bin, which alone is on the PATH, and 'work shop' with
script.sh. Stand-ins are only the Pythons of other versions and nvidia-smi.
"""

import datetime
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from conftest import PROJECT

pytestmark = pytest.mark.slow  # real environments are made
SHELLS = [shell for shell in ('bash', 'zsh') if shutil.which(shell)]
OTHER = SHELLS[-1]
LMOD = Path('/usr/share/lmod/lmod')
# Those of script.sh, then those of the batch jobs.
TOOLS = 'cat dirname find flock grep mv readlink realpath rm sh tail test'
TOOLS += ' bash head ln mkdir tar uname'
OFFLINE = {'PIP_FIND_LINKS': ''}  # the real pip finds no wheels

WORKSHOP, VENV = Path('work shop'), Path('work shop/.venv')
SCRIPT, REQUIREMENTS = WORKSHOP / 'script.sh', WORKSHOP / 'requirements.txt'
INSTALLED = VENV / 'installed'
LIBRARY = VENV / f'lib/python3.{sys.version_info[1]}/site-packages'


def write(path, text):
    """Write a file that can be run, in the place of what is there."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding='utf-8')
    Path(path).chmod(0o755)


def make_wheel(name, version='1.0', more='', file='', text='', folder='.', modules=0):
    """Make a wheel of a package or of a file; more is for its METADATA."""
    path = Path(folder, f'{name}-{version}-py3-none-any.whl')
    about = f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}'
    with zipfile.ZipFile(path, 'w') as wheel:
        wheel.writestr(file or f'{name}/__init__.py', text)
        for module in range(modules):
            wheel.writestr(f'{name}/{module}.py', '')
        info = f'{name}-{version}.dist-info'
        wheel.writestr(f'{info}/METADATA', about)
        wheel.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\nTag: py3-none-any')
        wheel.writestr(f'{info}/RECORD', '')


def restore():
    """Write the scripts and the Python as they were at the beginning."""
    shutil.copy(PROJECT / 'script.sh', SCRIPT)
    write(REQUIREMENTS, 'numpy<2\ntensorflow\n')
    write(WORKSHOP / 'constraints.txt', 'numpy<3')
    python = os.path.realpath(sys.executable)
    write('bin/python3', f'#!/bin/sh\nexec "{python}" "$@"\n')


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A folder where two strict shells make .venv at once; each stays as it was."""
    place = tmp_path_factory.mktemp('script')
    before = 'set -euf; IFS=/; unset HOME; flags=$-'
    after = '[ "$flags" = "$-" ] && echo "${PWD}${remedy-}${made-}"; command -v python'
    cuda = 'Provides-Extra: and-cuda\nRequires-Dist: more; extra == "and-cuda"\n'
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for name in 'bin', WORKSHOP:
            Path(name).mkdir()
        for tool in TOOLS.split():
            Path('bin', tool).symlink_to(shutil.which(tool))
        make_wheel('numpy')
        make_wheel('numpy', '2.0', modules=1000)
        make_wheel('more')
        make_wheel('tensorflow', more=cuda)
        make_wheel('nvidia_cudnn_cu12', '9.10')
        restore()
        first = start('bash', before, after)
        until(VENV.exists)
        second = start(OTHER, before, after)
        active = [f'{place}', f'{place / VENV}/bin/python']
        installed = 'Successfully installed numpy-1.0 tensorflow-1.0'
        assert ends(first, installed) == active
        assert ends(second, 'script.sh: waiting for another shell') == active
        shutil.copytree(VENV, 'finished', symlinks=True)
    return place


@pytest.fixture
def ready(place, monkeypatch):
    """'work shop' as it was with this finished .venv, whatever a test before did."""
    monkeypatch.chdir(place)
    restore()
    shutil.rmtree(VENV)
    shutil.copytree('finished', VENV, symlinks=True)
    return place / WORKSHOP


def start(shell, before='', after='', option='', folder=WORKSHOP, **env):
    """Let a shell source the folder's script.sh; return it, still running."""
    here = os.getcwd()
    text = (
        f'{before}\n. "{here}/{folder}/script.sh" {option}; echo "status $?"; {after}'
    )
    known = {'PATH': f'{here}/bin', 'HOME': here, 'PIP_CONFIG_FILE': os.devnull}
    known |= {'PIP_NO_INDEX': '1', 'PIP_FIND_LINKS': here, 'PIP_USER': '1'}
    out = {'stdout': subprocess.PIPE, 'stderr': subprocess.STDOUT, 'text': True}
    out |= {'env': known | env, 'start_new_session': True}
    return subprocess.Popen([shutil.which(shell), '-c', text], **out)


def ends(shell, *parts, status=0):
    """Its last line has these parts, or it is silent; return what follows."""
    before, _, after = shell.communicate(timeout=100)[0].partition('status ')
    lines, (found, *follows) = before.splitlines(), after.splitlines()
    assert (found, bool(lines)) == (str(status), bool(parts)), before
    assert all(part in lines[-1] for part in parts), before
    return follows


def source(shell, *parts, status=0, **options):
    """Source script.sh in a new shell; see start and ends."""
    return ends(start(shell, **options), *parts, status=status)


def until(condition):
    """Wait until it holds; what takes a moment here may take long on a busy machine."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, 'waited in vain'
        time.sleep(0.01)


@pytest.mark.parametrize('shell', SHELLS)
def test_later_times(ready, shell):
    """Twice, from elsewhere, without network or a Python, with habits: silence."""
    Path('bin/python3').unlink()
    write('hidden/numpy.py', 'raise ImportError("another numpy")')
    files = {path: path.stat().st_mtime_ns for path in VENV.rglob('*')}
    before = """shopt -s expand_aliases 2>/dev/null; export PYTHONPATH="$PWD/hidden"
        cd /; cd() { echo no cd; }; alias cd='echo no cd' rm='rm -i' pip=pip3"""
    after = f'. "{ready}/script.sh"; echo "${{PYTHONPATH-unset}}"; command -v python'
    follows = source(shell, before=before, after=after, **OFFLINE)
    assert follows == ['unset', f'{ready}/.venv/bin/python']
    assert {path: path.stat().st_mtime_ns for path in VENV.rglob('*')} == files


def test_no_network(ready):
    """A finished .venv serves without it; the first time a line says where to go."""
    write(REQUIREMENTS, 'numpy\nunknown\n')
    source(OTHER, 'script.sh: going on with what .venv had', **OFFLINE)
    shutil.copytree(WORKSHOP, 'job', ignore=lambda *_: ['.venv'])
    parts = 'no network here? Source it on a login node first', "/job/.venv'"
    source('bash', *parts, status=1, folder='job', **OFFLINE)


def test_killed(ready):
    """In the middle of an upgrade: the next finishes it, and no half package stays."""
    write(REQUIREMENTS, 'numpy>1\ntensorflow\n')
    killed = start(OTHER)
    until((LIBRARY / '~umpy').exists)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert (LIBRARY / '~umpy').exists() and not INSTALLED.exists()
    # Another moment: half a package, which has no INSTALLER yet.
    (LIBRARY / 'tensorflow/__init__.py').unlink()
    (LIBRARY / 'tensorflow-1.0.dist-info/INSTALLER').unlink()
    source('bash', 'script.sh: no network here? Source it', status=1, **OFFLINE)
    source('bash', 'Successfully installed', 'numpy-2.0 tensorflow-1.0')
    assert len(list(LIBRARY.glob('numpy/*.py'))) == 1001
    assert (LIBRARY / 'tensorflow/__init__.py').exists() and not [*VENV.rglob('~*')]


def test_cuda(ready):
    """Brought by a GPU, or asked for; once installed, it stays."""
    write('bin/nvidia-smi', '#!/bin/sh\n')
    source(OTHER, 'Successfully installed', 'more', 'nvidia-cudnn')
    Path('bin/nvidia-smi').unlink()
    write(REQUIREMENTS, 'numpy<3\ntensorflow\n# new')
    source('bash', 'already satisfied: more')
    (VENV / 'before').unlink()
    INSTALLED.write_text('without CUDA')
    source(OTHER, 'already satisfied: more', option='--cuda')


def test_a_link_to_anothers_environment(ready):
    """It is used and never written to; what is wrong with it is told."""
    mine = shutil.copytree(WORKSHOP, 'mine', ignore=lambda *_: ['.venv'])
    Path(mine, '.venv').symlink_to(VENV.absolute())
    options = {'folder': mine, 'after': 'command -v python'}
    python, before = [f'{ready}/.venv/bin/python'], sorted(VENV.rglob('*'))
    assert source('bash', **OFFLINE, **options) == python
    write(f'{mine}/requirements.txt', 'other')
    parts = 'going on without what requirements.txt asks for', f'owner of {ready}'
    assert source(OTHER, *parts, option='--cuda', **options) == python
    assert sorted(VENV.rglob('*')) == before
    INSTALLED.unlink()
    source('bash', 'unfinished or out of reach', status=1, **options)


def test_moved_or_damaged(ready):
    """Nothing is changed, and a line says how to begin again."""
    copied = Path(shutil.copytree(WORKSHOP, 'copied', symlinks=True)).absolute()
    parts = f'moved from {ready}/.venv', f"rm -r '{copied}/.venv'"
    source(OTHER, *parts, status=1, folder='copied')
    (LIBRARY / 'numpy/__init__.py').write_text('raise ImportError("half of it")')
    parts = '.venv does not work', 'half of it', f"rm -r '{ready}/.venv'"
    source(OTHER, *parts, status=1)


def test_version_of_python(ready):
    """The first that fits makes .venv."""
    shutil.copytree(WORKSHOP, 'new', ignore=lambda *_: ['.venv'])
    write('bin/python3', '#!/bin/sh\necho Python 3.10.13\n')
    none = 'there is no Python 3.11, 3.12 or 3.13 here'
    source(OTHER, none, status=1, folder='new')
    write('bin/python3.12', '#!/bin/sh\necho Python 3.12.1, by ${0##*/}; [ $1 = -V ]\n')
    out = start('bash', folder='new').communicate()[0]
    assert 'by python3.12\n' in out and 'script.sh: venv failed' in out


WRONG = ['./script.sh', 'sh ./script.sh', 'sh -c ". ./script.sh"']
WRONG += [f'{shell} ./script.sh' for shell in SHELLS]


@pytest.mark.parametrize('command', WRONG)
def test_run_instead_of_sourced(ready, command):
    run = {'cwd': WORKSHOP, 'capture_output': True, 'encoding': 'utf-8'}
    done = subprocess.run(['sh', '-c', command], **run)
    assert (done.returncode, done.stdout) == (1, '')
    assert len(done.stderr.splitlines()) == 1 and '. ./script.sh' in done.stderr


@pytest.mark.skipif(not LMOD.exists(), reason='no Lmod here')
@pytest.mark.parametrize('shell', SHELLS)
def test_module_system(ready, shell):
    """Real Lmod with modules of ours, also where a job knows MODULESHOME alone."""
    here, pattern = os.getcwd(), r'^ *module load (python-scientific/[\w.-]+)'
    (name,) = re.findall(pattern, SCRIPT.read_text(), re.M)
    module = f'setenv("PYTHONPATH", "{here}"); setenv("LOADED", "1")'
    write(f'modules/{name}.lua', module)
    write('modules/other/1.0.lua', 'setenv("OTHER", "loaded")')
    env = {'MODULEPATH': f'{here}/modules', 'PATH': f'{here}/bin:/usr/bin:/bin'}
    before = f'. {LMOD}/init/{shell}; module load other'
    after = 'echo "$LOADED ${OTHER-purged} ${PYTHONPATH-unset}"; command -v python'
    follows = source(shell, 'more', before=before, after=after, **env)
    assert follows == ['1 purged unset', f'{ready}/.venv/bin/python']
    assert INSTALLED.read_text().startswith('tensorflow[and-cuda]')
    job = f'. "{VENV}/bin/activate"; MODULESHOME={LMOD}'
    assert source(shell, before=job, after=after, **env) == follows
    write(SCRIPT, SCRIPT.read_text().replace(name, 'python/3'))
    source(shell, 'no such module: name another', status=1, before=before, **env)


def job(file, *arguments, status=0, more='', error=''):
    """Run a batch job as Slurm does: a copy of it elsewhere, in sbatch's folder."""
    *lines, last = (PROJECT / file).read_text().splitlines()
    write('slurm_script', '\n'.join([*lines, more, last]))
    here = os.getcwd()
    env = {'PATH': f'{here}/bin', 'JOBFS': f'{here}/disk'}
    command = ['bash', f'{here}/slurm_script', *arguments]
    done = subprocess.run(command, cwd=WORKSHOP, env=env, capture_output=True)
    stderr = done.stderr.decode()
    assert done.returncode == status and stderr.endswith(error)
    assert len(stderr.splitlines()) == bool(error)
    return done.stdout.decode()


def test_train_slurm(ready):
    """It runs a script with the arguments."""
    text = """import os, sys
print(os.path.basename(sys.argv[0]), *sys.argv[1:], os.path.exists('Train/X_1.dat'))
os.makedirs(f'runs/{sys.argv[-1]}'), sys.exit(7 * ('7' in sys.argv))"""
    for name in 'train.py', 'own/mine.py':
        write(WORKSHOP / name, text)
    done = job('train.slurm', 'own/mine.py', '--N', '7', status=7)
    assert done.endswith(': python mine.py --N 7\nmine.py --N 7 False\n')


def test_a_job_refuses_what_was_edited_after_sbatch(ready):
    """Its script, Train and Test; not what was written in the second of sbatch."""
    write('bin/squeue', '#!/bin/sh\necho 2027-02-01T09:00:00\necho and another')
    at_once = datetime.datetime(2027, 2, 1, 9, 0, 0, 900_000).timestamp()
    paths = [WORKSHOP / name for name in ('mine.py', 'Train/X_1.dat', 'Test/Y_1.dat')]
    for path in paths:
        write(path, 'print("trained")')
    everything = [*paths, WORKSHOP / 'Train', WORKSHOP / 'Test']
    for path in everything:
        os.utime(path, (at_once, at_once))
    assert job('train.slurm', 'mine.py').endswith('\ntrained\n')
    for path in everything:
        os.utime(path, (at_once, at_once + 2))
        error = f'{path.name}: edited after sbatch: submit it again\n'
        assert job('train.slurm', 'mine.py', status=1, error=error) == ''
        os.utime(path, (at_once, at_once))


def test_experiments_slurm(ready):
    text = 'import sys; print(sys.argv[1:])'
    write(WORKSHOP / 'experiments/__main__.py', text)
    done = job('experiments/experiments.slurm', 'linear', '--repeats', '20')
    assert done.endswith(" linear --repeats 20\n['linear', '--repeats', '20']\n")
