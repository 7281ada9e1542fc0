"""script.sh, sourced in real shells with real pip and wheels made here; the batch jobs.

Each test works in a folder with bin, which alone is on the PATH, and 'work shop' with
script.sh. Stand-ins are only the Pythons of other versions and nvidia-smi.
"""

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

from experiments.questions import EXPERIMENTS

NO_ZSH = pytest.mark.skipif(not shutil.which('zsh'), reason='no zsh here')
SHELLS = ['bash', pytest.param('zsh', marks=NO_ZSH)]
OTHER = 'zsh' if shutil.which('zsh') else 'bash'
in_each_shell = pytest.mark.parametrize('shell', SHELLS)
LMOD = Path('/usr/share/lmod/lmod')
PYTHON = os.path.realpath(sys.executable)
TOOLS = (
    'awk bash cat dirname find flock grep ln mkdir mv readlink realpath rm sed sh tail'
)
TOOLS += ' tar test uname'
# The real pip finds no wheels, and nobody answers it.
OFFLINE = {'PIP_NO_INDEX': '0', 'PIP_INDEX_URL': 'http://127.0.0.1:9'}
OFFLINE |= {'PIP_RETRIES': '0', 'PIP_FIND_LINKS': ''}

WORKSHOP, VENV = Path('work shop'), Path('work shop/.venv')
SCRIPT, REQUIREMENTS = WORKSHOP / 'script.sh', WORKSHOP / 'requirements.txt'
INSTALLED = VENV / 'installed'


def write(path, text):
    """Write a file that can be run, in the place of what is there."""
    Path(path).unlink(missing_ok=True)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding='utf-8')
    Path(path).chmod(0o755)


def make_wheel(name, version='1.0', more='', modules=1):
    with zipfile.ZipFile(f'wheels/{name}-{version}-py3-none-any.whl', 'w') as wheel:
        info = f'{name}-{version}.dist-info/'
        about = f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}'
        wheel.writestr(f'{name}/__init__.py', f'version = "{version}"')
        for number in range(modules):
            wheel.writestr(f'{name}/m{number}.py', '')
        wheel.writestr(f'{info}METADATA', about)
        wheel.writestr(f'{info}WHEEL', 'Wheel-Version: 1.0\nTag: py3-none-any')
        wheel.writestr(f'{info}RECORD', '')


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """A folder with bin, wheels and 'work shop', where a finished .venv stays."""
    place = tmp_path_factory.mktemp('script')
    fill(place)
    return place


def fill(place):
    os.chdir(place)
    for name in 'bin', 'wheels', WORKSHOP:
        Path(name).mkdir()
    for tool in TOOLS.split():
        Path('bin', tool).symlink_to(shutil.which(tool))
    cuda = 'Provides-Extra: and-cuda\nRequires-Dist: more; extra == "and-cuda"\n'
    make_wheel('numpy')
    make_wheel('numpy', '2.0', modules=1000)
    make_wheel('more')
    make_wheel('tensorflow', more=cuda)
    make_wheel('nvidia_cudnn_cu12', '9.10')
    restore()


def restore():
    """All but .venv as it was at the beginning."""
    shutil.copy(PROJECT / 'script.sh', SCRIPT)
    write(REQUIREMENTS, 'numpy<2\ntensorflow\n')
    write(WORKSHOP / 'constraints.txt', 'numpy<3')
    write('bin/python3', f'#!/bin/sh\nexec "{PYTHON}" "$@"\n')


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    """The folder 'work shop', without .venv."""
    monkeypatch.chdir(tmp_path)
    fill(tmp_path)
    return tmp_path / WORKSHOP


@pytest.fixture
def ready(place, monkeypatch):
    """The same with a finished .venv."""
    monkeypatch.chdir(place)
    restore()
    if not INSTALLED.exists():
        source('bash', 'Successfully installed')
    finished = INSTALLED.read_text()
    yield place / WORKSHOP
    INSTALLED.write_text(finished)


def start(shell, before='', after='', option='', script=SCRIPT, **env):
    """Let a shell source script.sh; return it, still running."""
    here, text = (
        os.getcwd(),
        f'{before}\n. "{script}" {option}; echo "status $?"; {after}',
    )
    known = {'PATH': f'{here}/bin', 'HOME': here, 'PIP_CONFIG_FILE': os.devnull}
    known |= {'PIP_NO_INDEX': '1', 'PIP_FIND_LINKS': f'{here}/wheels', 'PIP_USER': '1'}
    known |= {'PIP_DISABLE_PIP_VERSION_CHECK': '1'}
    out = {'stdout': subprocess.PIPE, 'stderr': subprocess.STDOUT, 'text': True}
    command = [shutil.which(shell), '-c', text]
    return subprocess.Popen(command, env=known | env, start_new_session=True, **out)


def ends(shell, *parts, status=0):
    """It ends so, with these parts in its last line before; return what follows."""
    before, found, after = shell.communicate(timeout=100)[0].partition('status ')
    lines = before.splitlines()
    assert after.splitlines()[:1] == [str(status)], before + found + after
    assert bool(parts) == bool(lines), before
    assert all(part in lines[-1] for part in parts), before
    return after.splitlines()[1:]


def source(shell, *parts, status=0, **options):
    """Source script.sh in a new shell; without parts it must be silent. See ends."""
    return ends(start(shell, **options), *parts, status=status)


def until(condition):
    """Wait until it holds; what takes a moment here may take long on a busy machine."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, 'waited in vain'
        time.sleep(0.01)


def library():
    (library,) = VENV.glob('lib/*/site-packages')
    return library


# ---------------------------------------------------------------- the environment


def test_first_time(workshop):
    """By two strict shells at once; in each only .venv is active, nothing else changed."""
    shells = []
    for number, shell in enumerate(('bash', OTHER)):
        before = f"""trap 'echo' USR1; alias l=ls; set -eufC; IFS=/; unset HOME
            state() {{ set +o; alias; pwd; trap; typeset -f | sed '/ ()/!d'
                typeset -p | sed 's/=.*//'; }}
            state >| before-{number}"""
        shells.append(start(shell, before, f'state >| after-{number}'))
        until(VENV.exists)
    assert ends(shells[0], 'Successfully installed numpy-1.0') == []
    assert ends(shells[1], 'script.sh: waiting for another shell') == []
    for number in '01':
        before, after = (
            set(Path(f'{x}-{number}').read_text().splitlines())
            for x in ('before', 'after')
        )
        changes = [
            x for x in before ^ after if not re.search('deactivate|PS1|BASH|^_$', x)
        ]
        assert len(changes) > 1 and all('VIRTUAL' in x for x in changes), changes
    ours = ['.venv', 'constraints.txt', 'requirements.txt', 'script.sh']
    assert sorted(os.listdir(WORKSHOP)) == ours


@in_each_shell
def test_later_times(ready, shell):
    """Twice in one shell, from elsewhere, without network or a Python: silence."""
    Path('bin/python3').unlink()
    before = {path: path.stat().st_mtime_ns for path in VENV.rglob('*')}
    after = f'. "{ready}/script.sh"; echo $?; command -v python'
    options = {'script': ready / 'script.sh', **OFFLINE}
    there = source(shell, before='cd /', after=after, **options)
    assert there == ['0', f'{ready}/.venv/bin/python']
    assert {path: path.stat().st_mtime_ns for path in VENV.rglob('*')} == before


def test_no_network(ready, monkeypatch):
    """A finished .venv serves without what can't be had; half of one does not."""
    write(REQUIREMENTS, 'numpy\ntensorflow\nmore\n')
    for shell in 'bash', OTHER:
        going_on = 'script.sh: going on with what .venv had'
        assert source(shell, going_on, after='command -v python', **OFFLINE)
    INSTALLED.rename(VENV / 'away')
    parts = 'script.sh: no network', f"rm -r '{ready}/.venv'"
    source(OTHER, *parts, status=1, **OFFLINE)
    (VENV / 'away').rename(INSTALLED)


def test_killed(workshop):
    """While it makes .venv, and in the middle of an upgrade: the next finishes it."""
    killed = start('bash')
    until((VENV / 'bin/python').exists)
    os.killpg(killed.pid, signal.SIGKILL)
    source(OTHER, 'Successfully installed numpy-1.0')
    write(REQUIREMENTS, 'numpy>1\ntensorflow\n')
    killed = start(OTHER)
    until((library() / '~umpy').exists)
    os.killpg(killed.pid, signal.SIGKILL)
    time.sleep(0.5)
    assert (library() / '~umpy').exists() and not INSTALLED.exists()
    # Another moment: half a package, which has no INSTALLER yet.
    (library() / 'tensorflow/m0.py').unlink()
    (library() / 'tensorflow-1.0.dist-info/INSTALLER').unlink()
    source('bash', 'script.sh: no network', 'rm -r', status=1, **OFFLINE)
    source('bash', 'Successfully installed', 'numpy-2.0 tensorflow-1.0')
    assert len(list(library().glob('numpy/*.py'))) == 1001
    assert (library() / 'tensorflow/m0.py').exists() and not [*VENV.rglob('~*')]
    source(OTHER, **OFFLINE)


def test_cuda(ready):
    """Brought by a GPU, or asked for; once installed, it stays."""
    assert 'more' not in os.listdir(library())
    source('bash', 'script.sh: no option --cdua, only --cuda', option='--cdua')
    source(OTHER, 'Successfully installed', 'nvidia-cudnn', option='--cuda')
    assert {'more', 'nvidia_cudnn_cu12'} <= set(os.listdir(library()))
    write(REQUIREMENTS, 'numpy<2\ntensorflow\n\n# new')
    source('bash', 'Requirement already satisfied: more')
    write('bin/nvidia-smi', '#!/bin/sh\n')
    source('bash', **OFFLINE)
    INSTALLED.write_text(INSTALLED.read_text().partition(' ')[2])
    source(OTHER, 'Requirement already satisfied: more')
    Path('bin/nvidia-smi').unlink()


def test_a_link_to_anothers_environment(ready):
    """It is used and never written to; what is wrong with it is told."""
    ignore = shutil.ignore_patterns('.venv')
    mine = Path(shutil.copytree(WORKSHOP, 'mine', ignore=ignore, dirs_exist_ok=True))
    (mine / '.venv').symlink_to(VENV.absolute())
    options = {'script': mine / 'script.sh', 'after': 'command -v python'}
    python, before = [f'{ready}/.venv/bin/python'], sorted(VENV.rglob('*'))
    assert source('bash', **OFFLINE, **options) == python
    write(mine / 'requirements.txt', 'other')
    parts = 'going on without what requirements.txt asks for', f'owner of {ready}'
    for option in '', '--cuda':
        assert source(OTHER, *parts, option=option, **options) == python
    assert sorted(VENV.rglob('*')) == before
    parts = 'unfinished or out of reach', f'owner of {ready}'
    INSTALLED.rename(VENV / 'away')
    source('bash', *parts, status=1, **options)
    (VENV / 'away').rename(INSTALLED)
    VENV.rename('gone')
    source(OTHER, *parts, status=1, **options)
    Path('gone').rename(VENV)
    shutil.rmtree(mine)


def test_moved_or_damaged(ready):
    """Nothing is changed, and a line says how to begin again; it works by another way."""
    copied = Path(shutil.copytree(WORKSHOP, 'copied', symlinks=True))
    moved = f'moved from {ready}/.venv', f"rm -r '{copied.absolute()}/.venv'"
    write(copied / 'requirements.txt', 'more')
    for shell in 'bash', OTHER:
        source(shell, *moved, status=1, script=copied / 'script.sh')
    shutil.rmtree(copied)
    Path('way').symlink_to(WORKSHOP)
    source('bash', script='way/script.sh')
    Path('way').unlink()
    numpy, python = library() / 'numpy/__init__.py', VENV / 'bin/python'
    for path, why in (numpy, 'half of it'), (python, 'No such file'):
        path.rename('away')
        if path == numpy:
            write(numpy, 'raise ImportError("half of it")')
        parts = 'script.sh: .venv does not work', why, f"rm -r '{ready}/.venv'"
        source('bash', *parts, status=1)
        Path('away').rename(path)
    source(OTHER)


def test_version_of_python(workshop):
    """The first that fits makes .venv."""
    names = [Path('bin', f'python3{x}') for x in ('', '.13', '.12', '.11')]
    for name, version in zip(names, ('2.7.18', '3.10.0', '3.14.0', '3.8.1'), strict=1):
        write(name, f'#!/bin/sh\necho Python {version}\n')
    source(OTHER, 'no Python 3.11, 3.12 or 3.13 here: install one', status=1)
    for name, minor in zip(names[::-1], (11, 12, 13, 12), strict=True):
        text = f'#!/bin/sh\n[ $1 = -V ] || exit 1\necho Python 3.{minor}.0\n'
        write(name, text.replace('exit 1', f'{{ echo by {name.name}; exit 1; }}'))
        shell = start('bash')
        assert f'by {name.name}\n' in shell.communicate()[0]


# ---------------------------------------------------------------- the shell


@in_each_shell
def test_habits_of_a_shell(ready, shell):
    """Aliases, functions, the PYTHONPATH of other software, modules that lie here."""
    write('hidden/numpy.py', 'raise ImportError("another numpy")')
    write('numpy.py', 'raise ImportError("mine")')
    Path('hidden', WORKSHOP).mkdir(exist_ok=True)
    before = """shopt -s expand_aliases 2>/dev/null
        export PYTHONPATH="$PWD/hidden" CDPATH="$PWD/hidden" PYTHONHOME=/nowhere
        cd() { echo no cd; }; alias cd='echo no cd' rm='rm -i' mv='mv -i' pip=pip3"""
    after = """echo "${PYTHONPATH:-unset}"
        python -Pc "import numpy; print(numpy.__file__)\""""
    found = [str(path) for path in ready.glob('.venv/lib/*/*/numpy/__init__.py')]
    assert source(shell, before=before, after=after) == ['unset', *found]


@pytest.mark.parametrize('shell', [*SHELLS, 'sh', '', 'sh -c ". ./script.sh"'])
def test_run_instead_of_sourced(workshop, shell):
    command = f'exec {shell}' if '-c' in shell else f'{shell} ./script.sh'
    run = {'cwd': WORKSHOP, 'capture_output': True, 'encoding': 'utf-8', 'timeout': 60}
    done = subprocess.run(['sh', '-c', command], **run)
    assert (done.returncode, done.stdout) == (1, '') and not VENV.exists()
    assert len(done.stderr.splitlines()) == 1 and '. ./script.sh' in done.stderr


@pytest.mark.skipif(not LMOD.exists(), reason='no Lmod here')
@in_each_shell
def test_module_system(ready, shell):
    """Real Lmod with modules of ours, also where a job knows MODULESHOME alone."""
    here, pattern = os.getcwd(), r'^ *module load (python-scientific/[\w.-]+)'
    (name,) = re.findall(pattern, SCRIPT.read_text(), re.M)
    text = f'''prepend_path("PATH", "{here}/module")
        setenv("PYTHONPATH", "{here}/hidden")
        setenv("LOADED", "yes")'''
    write(f'modules/{name}.lua', text)
    write('modules/other/1.0.lua', 'setenv("OTHER", "loaded")')
    write('module/tool', '#!/bin/sh\necho tool\n')
    after = 'echo "$LOADED ${OTHER:-purged} ${PYTHONPATH:-unset}"; tool'
    system = {'MODULEPATH': f'{here}/modules', 'PATH': f'{here}/bin:/usr/bin:/bin'}
    system |= {'after': f'{after}; command -v python'}
    expected = ['yes purged unset', 'tool', f'{ready}/.venv/bin/python']
    init = f'. {LMOD}/init/{shell}; module load other'
    assert source(shell, '', before=init, **system) == expected
    assert INSTALLED.read_text().startswith('tensorflow[and-cuda]')
    before = f'. "{VENV}/bin/activate"; MODULESHOME={LMOD}'
    assert source(shell, before=before, **system, **OFFLINE) == expected
    write(SCRIPT, SCRIPT.read_text().replace(name, 'python/3'))
    parts = 'script.sh: ', "can't be loaded"
    source(shell, *parts, status=1, before=init, **system)


# ---------------------------------------------------------------- the jobs


def job(file, number, *arguments, status=0, more=''):
    """Run a batch job as Slurm does: a copy of it from elsewhere, in sbatch's folder."""
    *lines, last = (PROJECT / file).read_text().splitlines()
    write('slurm_script', '\n'.join([*lines, more, last]))
    here, command = os.getcwd(), ['bash', Path('slurm_script').absolute(), *arguments]
    env = OFFLINE | {'PATH': f'{here}/bin', 'JOBFS': f'{here}/disk'}
    env |= {'SLURM_JOB_ID': number, 'SLURM_ARRAY_TASK_ID': number}
    run = {'cwd': WORKSHOP, 'env': env, 'capture_output': True, 'text': True}
    done = subprocess.run(command, timeout=100, **run)
    assert done.returncode == status and (status == 1) == bool(done.stderr), done
    return done.stdout + done.stderr


def test_train_slurm(ready):
    """It runs a script with the arguments, or on the node's disk, as docs/ has it."""
    text = """import os, sys
print(os.path.basename(sys.argv[0]), *sys.argv[1:], os.path.exists('Train/X_1.dat'))
os.makedirs(f'runs/{sys.argv[-1]}'), sys.exit(7 * ('7' in sys.argv))"""
    for name in 'train.py', 'train_large.py', 'own/mine.py':
        write(WORKSHOP / name, text)
    commands = '--N_train 100', 'train_large.py a', 'own/mine.py --N_train 7'
    for number, command in enumerate(commands):
        name = command.split()[0].split('/')[-1] if '.py' in command else 'train.py'
        status = 7 * ('7' in command)
        done = job('train.slurm', str(number), *command.split(), status=status)
        said = f'{name} {command.partition(".py ")[2] or command}'
        assert done == f'On {os.uname().nodename}: python {said}\n{said} False\n'
    large_sets = (PROJECT / 'docs/large-sets.md').read_text(encoding='utf-8')
    (recipe,) = re.findall(r'^mkdir -p runs .*', large_sets, re.M)
    write(WORKSHOP / 'Train/X_1.dat', '')
    tar = ['tar', 'cf', WORKSHOP / 'data.tar', '-C', WORKSHOP, 'Train']
    subprocess.run(tar, check=True)
    for number in '1', '2':
        Path('disk').mkdir()
        done = job('train.slurm', number, f'disk{number}', more=recipe)
        assert done.endswith(' True\n') and (WORKSHOP / f'runs/disk{number}').is_dir()
        shutil.rmtree('disk')


def test_job_array(ready):
    """Each task runs its experiment, and there is a task for each."""
    file = 'experiments/experiments.slurm'
    array = re.findall(r'^#SBATCH --array=(.*)', (PROJECT / file).read_text(), re.M)
    assert array == [f'1-{len(EXPERIMENTS)}']
    text = 'print("one Why?\\ntwo How?" if "--list" in sys.argv else sys.argv[1:])'
    write(WORKSHOP / 'experiments/__main__.py', f'import sys\n{text}\n')
    first = f'On {os.uname().nodename}: python -m experiments two --repeats 20\n'
    assert job(file, '2', '--repeats', '20') == first + "['two', '--repeats', '20']\n"
    assert job(file, '3', status=1) == 'There is no experiment 3.\n'
    write(REQUIREMENTS, 'new')
    INSTALLED.rename(VENV / 'away')
    assert 'no network (as in jobs)' in job(file, '1', status=1)
    (VENV / 'away').rename(INSTALLED)
