"""script.sh, sourced in real shells with the real pip and wheels of ours; batch jobs.

The tests work in a folder with bin, which alone is on the PATH, and 'work shop' with
script.sh. Stand-ins are only the Pythons of other versions and nvidia-smi.
"""

import contextlib
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
HAS_ZSH = bool(shutil.which('zsh'))
ZSH = pytest.param('zsh', marks=pytest.mark.skipif(not HAS_ZSH, reason='no zsh here'))
SHELLS, OTHER = ['bash', ZSH], 'zsh' if HAS_ZSH else 'bash'
LMOD = Path('/usr/share/lmod/lmod')
TOOLS = 'bash cat dirname find flock grep head mv readlink realpath rm sh tail test'
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


def make_wheel(name, version='1.0', files=None, more='', folder='.'):
    """Make a wheel of files, {path: text}, or of a package; more is for METADATA."""
    info = f'{name}-{version}.dist-info'
    about = f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}'
    files = files or {f'{name}/__init__.py': ''}
    files |= {f'{info}/METADATA': about, f'{info}/RECORD': ''}
    files |= {f'{info}/WHEEL': 'Wheel-Version: 1.0\nTag: py3-none-any'}
    path = Path(folder, f'{name}-{version}-py3-none-any.whl')
    with zipfile.ZipFile(path, 'w') as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A folder where two strict shells make .venv at once; each stays as it was."""
    place = tmp_path_factory.mktemp('script')
    before = 'set -euf; IFS=/; unset HOME; flags=$-'
    after = '[ "$flags" = "$-" ] && echo "${PWD}${remedy-}${made-}"; command -v python'
    cuda = 'Provides-Extra: and-cuda\nRequires-Dist: more; extra == "and-cuda"\n'
    modules = {f'numpy/{x}.py': '' for x in ('__init__', *range(1000))}
    with contextlib.chdir(place):
        write(REQUIREMENTS, 'numpy<2\ntensorflow\n')
        write(WORKSHOP / 'constraints.txt', 'numpy<3')
        for name in 'script.sh', 'support/make_venv.sh':
            write(WORKSHOP / name, (PROJECT / name).read_text('utf-8'))
        python = os.path.realpath(sys.executable)
        write('bin/python3', f'#!/bin/sh\nexec "{python}" "$@"\n')
        for tool in (*TOOLS.split(), 'uname'):
            Path('bin', tool).symlink_to(shutil.which(tool))
        make_wheel('numpy')
        make_wheel('numpy', '2.0', modules)
        make_wheel('more')
        make_wheel('tensorflow', more=cuda)
        make_wheel('nvidia_cudnn_cu12', '9.10')
        first = start('bash', before, after)
        until(VENV.exists)
        second = start(OTHER, before, after)
        active = [f'{place}', f'{place / VENV}/bin/python']
        assert ends(first, 'Successfully installed numpy-1.0 tensorflow-1.0') == active
        assert ends(second, 'script.sh: waiting for another shell') == active
    shutil.copytree(place, f'{place}-finished', symlinks=True)
    return place


@pytest.fixture
def ready(place, monkeypatch):
    """'work shop' as it was with this finished .venv, whatever a test before did."""
    shutil.rmtree(place)
    shutil.copytree(f'{place}-finished', place, symlinks=True)
    monkeypatch.chdir(place)
    return place / WORKSHOP


def start(shell, before='', after='', option='', folder=WORKSHOP, **env):
    """Let a shell source the folder's script.sh; return it, still running."""
    here = os.getcwd()
    text = f'. "{here}/{folder}/script.sh" {option}\necho "status $?"'
    known = {'PATH': f'{here}/bin', 'HOME': here, 'PIP_CONFIG_FILE': os.devnull}
    known |= {'PIP_NO_INDEX': '1', 'PIP_FIND_LINKS': here, 'PIP_USER': '1'}
    out = {'stdout': subprocess.PIPE, 'stderr': subprocess.STDOUT, 'text': True}
    out |= {'env': known | env, 'start_new_session': True}
    command = [shutil.which(shell), '-c', f'{before}\n{text}\n{after}']
    return subprocess.Popen(command, **out)


def ends(shell, *parts, status=0):
    """Its last line has these parts, or it is silent; return what follows."""
    before, _, after = shell.communicate(timeout=100)[0].partition('status ')
    lines, (found, *follows) = before.splitlines(), after.splitlines()
    assert (found, bool(lines)) == (str(status), bool(parts)), before
    assert all(part in lines[-1] for part in parts), before
    return follows


def source(shell, *parts, status=0, **options):
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


def test_an_upgrade(ready):
    """Without a network .venv stays as it was; killed, the next shell finishes it."""
    write(REQUIREMENTS, 'numpy\nunknown\n')
    source(OTHER, 'script.sh: going on with what .venv had', **OFFLINE)
    assert INSTALLED.exists()
    write(REQUIREMENTS, 'numpy>1\ntensorflow\n')
    killed = start(OTHER)
    until((LIBRARY / '~umpy').exists)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert (LIBRARY / '~umpy').exists() and not INSTALLED.exists()
    # Another moment: half a package, which has no INSTALLER yet.
    (LIBRARY / 'tensorflow/__init__.py').unlink()
    (LIBRARY / 'tensorflow-1.0.dist-info/INSTALLER').unlink()
    parts = 'no network? Do it on a login node first', f"rm -r '{ready}/.venv'"
    source('bash', *parts, status=1, **OFFLINE)
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


def test_refusals(ready):
    """Nothing is changed, and a line says what to do."""
    for command in (f'{shell} ./script.sh' for shell in ('', 'sh', 'bash', OTHER)):
        run = ['sh', '-c', command]
        done = subprocess.run(run, cwd=WORKSHOP, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (1, '')
        assert len(done.stderr.splitlines()) == 1 and '. ./script.sh' in done.stderr
    copied = Path(shutil.copytree(WORKSHOP, 'copied', symlinks=True)).absolute()
    parts = f'moved from {ready}/.venv', f"rm -r '{copied}/.venv'"
    source(OTHER, *parts, status=1, folder='copied')
    (LIBRARY / 'numpy/__init__.py').write_text('raise ImportError("half of it")')
    parts = '.venv does not work', 'half of it', f"rm -r '{ready}/.venv'"
    source(OTHER, *parts, status=1)
    # The first Python that fits makes .venv.
    shutil.rmtree('copied/.venv')
    write('bin/python3', '#!/bin/sh\necho Python 3.10.13\n')
    none = 'there is no Python 3.11, 3.12 or 3.13 here'
    source(OTHER, none, status=1, folder='copied')
    write('bin/python3.12', '#!/bin/sh\necho Python 3.12.1, by ${0##*/}; [ $1 = -V ]\n')
    out = start('bash', folder='copied').communicate()[0]
    assert 'by python3.12\n' in out and 'script.sh: venv failed' in out


@pytest.mark.skipif(not LMOD.exists(), reason='no Lmod here')
@pytest.mark.parametrize('shell', SHELLS)
def test_module_system(ready, shell):
    """Real Lmod with modules of ours, also where a job knows MODULESHOME alone."""
    here, pattern = os.getcwd(), r'^ *module load (python-scientific/[\w.-]+)'
    (name,) = re.findall(pattern, SCRIPT.read_text(), re.M)
    write(f'modules/{name}.lua', f'setenv("PYTHONPATH", "{here}")')
    write('modules/other/1.0.lua', 'setenv("OTHER", "loaded")')
    env = {'MODULEPATH': f'{here}/modules', 'PATH': f'{here}/bin:/usr/bin:/bin'}
    before = f'. {LMOD}/init/{shell}; module load other'
    after = (
        'module -t list; echo "${OTHER-purged} ${PYTHONPATH-unset}"; command -v python'
    )
    follows = source(shell, 'more', before=before, after=after, **env)
    assert follows == [name, 'purged unset', f'{ready}/.venv/bin/python']
    assert INSTALLED.read_text().startswith('tensorflow[and-cuda]')
    job = f'. "{VENV}/bin/activate"; MODULESHOME={LMOD}'
    assert source(shell, before=job, after=after, **env) == follows
    write(SCRIPT, SCRIPT.read_text().replace(name, 'python/3'))
    source(shell, 'no such module: name another', status=1, before=before, **env)


def job(file, *arguments, status=0, error=''):
    """Run a batch job as Slurm does: a copy of it elsewhere, in sbatch's folder."""
    here = os.getcwd()
    shutil.copy(PROJECT / file, 'slurm_script')
    run = {'env': {'PATH': f'{here}/bin'}, 'cwd': WORKSHOP}
    command = ['bash', f'{here}/slurm_script', *arguments]
    done = subprocess.run(command, **run, capture_output=True, text=True)
    assert done.returncode == status and done.stderr.endswith(error)
    assert len(done.stderr.splitlines()) == bool(error)
    return done.stdout


def test_train_slurm(ready):
    """It runs a script with arguments; not what was edited a second after sbatch."""
    write(WORKSHOP / 'experiments/__main__.py', 'import sys; print(sys.argv[1:])')
    done = job('experiments/experiments.slurm', 'linear', '--repeats', '20')
    assert done.endswith(" linear --repeats 20\n['linear', '--repeats', '20']\n")
    write('bin/squeue', '#!/bin/sh\necho 2020-02-01T09:00:00\necho and another')
    at_once = datetime.datetime(2020, 2, 1, 9, 0, 0, 900_000).timestamp()
    names = 'train.py', 'own/mine.py', 'Train/X_1.dat', 'Test/Y_1.dat', 'Train', 'Test'
    paths = [WORKSHOP / name for name in names]
    for path in paths[:4]:
        write(path, 'import sys; print(sys.argv[1:]); sys.exit(7)')
    for path in paths:
        os.utime(path, (at_once, at_once))
    done = job('train.slurm', 'own/mine.py', '--cuda', 'a b', status=7)
    assert done.endswith(": python mine.py --cuda a b\n['--cuda', 'a b']\n")
    assert job('train.slurm', '--N', '7', status=7).endswith("['--N', '7']\n")
    for path in paths[1:]:
        os.utime(path, (at_once, at_once + 2))
        error = f'{path.name}: edited after sbatch: submit it again\n'
        assert job('train.slurm', 'own/mine.py', status=1, error=error) == ''
        os.utime(path, (at_once, at_once))
