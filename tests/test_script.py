"""script.sh, sourced in real shells, with support/environment.py, and the batch jobs.

No network is needed: the environments are real, but their packages and (except in test_first_time)
pip are stand-ins. Each test works in a folder with bin, which alone is on the PATH, and 'work shop'
with script.sh.
"""

import contextlib
import itertools
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from support import environment

import pytest
from conftest import PROJECT

from experiments.questions import EXPERIMENTS

ZSH = pytest.param(
    'zsh', marks=pytest.mark.skipif(not shutil.which('zsh'), reason='no zsh here')
)
OTHER = 'zsh' if shutil.which('zsh') else 'bash'
in_each_shell = pytest.mark.parametrize('shell', ['bash', ZSH])
LMOD = Path('/usr/share/lmod/lmod')
OFFLINE = {'OFFLINE': '1'}  # for the stand-in of pip

WORKSHOP, VENV = Path('work shop'), Path('work shop/.venv')
REQUIREMENTS, CONSTRAINTS = WORKSHOP / 'requirements.txt', WORKSHOP / 'constraints.txt'
SCRIPT, LOG = WORKSHOP / 'script.sh', VENV / 'pip.log'
TOOLS = 'awk bash cp dirname ln mkdir tar mv realpath rm sed sh uname'
PYTHON = os.path.realpath(sys.executable)
# A Python of any version. Where a variable asks for it, a change on the disk fails, or kills all.
STAND_IN_PYTHON = f"""#!/bin/bash
[ "$1" = -I ] || exec '{PYTHON}' "$@"
exec '{PYTHON}' -I - "$0" "${{@:2}}" <<'END'
import builtins, errno, fcntl, os, runpy, shutil, signal, subprocess, sys
sys.executable, *sys.argv = sys.argv[1:]
true_version = sys.version_info
sys.version_info, sys.version = VERSION, '.'.join(map(str, VERSION))
def watch(module, name):
    call = getattr(module, name)
    def watched(*arguments, **options):
        if name == 'open' and 'w' not in arguments[1:]:
            return call(*arguments, **options)
        if name == FAULT[0]:
            raise OSError(getattr(errno, FAULT[1]), 'the fault', *arguments[:1])
        result = call(*arguments, **options)
        with os.fdopen(os.open('calls', os.O_APPEND | os.O_CREAT | os.O_RDWR), 'a+') as calls:
            calls.write(f'{{name}} {{arguments}}\\n')
            calls.seek(0)
            if len(calls.readlines()) == int(os.environ['MOMENT']):
                os.killpg(0, signal.SIGKILL)
        return result
    setattr(module, name, watched)
FAULT = os.environ.get('FAULT', ' ').split(' ')
if {{'MOMENT', 'FAULT'}} & {{*os.environ}}:
    os.environ.setdefault('MOMENT', '0')
    for name in 'mkdir', 'rmdir', 'rename', 'remove', 'listdir':
        watch(os, name)
    watch(fcntl, 'flock'), watch(shutil, 'rmtree'), watch(builtins, 'open')
    watch(subprocess.Popen, 'wait')
if sys.argv[:2] != ['-m', 'venv']:
    sys.path.insert(0, os.path.dirname(os.path.dirname(sys.argv[0])))
    runpy.run_path(sys.argv[0], run_name='__main__')
elif 'NO_VENV' in os.environ:
    sys.exit('no venv')
else:
    with open('FOLDER/made', 'a') as made:
        print(os.path.basename(sys.executable), file=made)
    sys.executable, sys.version_info = '{PYTHON}', true_version
    import venv
    venv.create(sys.argv[2], symlinks=True)
    (packages,) = venv.os.scandir(sys.argv[2] + '/lib')
    shutil.copy('FOLDER/bin/pip.py', packages.path + '/site-packages')
END
"""
# In the place of pip. It can be held, and fails at the constraint numpy==0.
STAND_IN_PIP = """
import os, pathlib, sys, sysconfig, time
print(*sys.argv, flush=True)
while os.path.exists('FOLDER/hold'):
    time.sleep(0.05)
words = iter(sys.argv[sys.argv.index('--compile') + 1 :])
wanted, constraints = [], ''
for word in words:
    if word == '-r':
        wanted += pathlib.Path(next(words)).read_text().split()
    elif word == '-c':
        constraints = pathlib.Path(next(words)).read_text()
    else:
        wanted.append(word)
for name in ' '.join(wanted).replace('[and-', ' ').replace(']', ' ').split():
    file = pathlib.Path(sysconfig.get_path('purelib'), f'{name}.py')
    if offline := not file.exists() and 'OFFLINE' in os.environ:
        print('(from versions: none)', flush=True)
    if offline or constraints == 'numpy==0':
        sys.exit(f'ERROR: No matching distribution found for {name}')
    file.touch()
    if 'SIGNAL' in os.environ:
        os.kill(os.getpid(), int(os.environ['SIGNAL']))
"""


def write(path, text):
    """Write a file that can be run, in the place of what is there."""
    Path(path).unlink(missing_ok=True)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text.replace('FOLDER', os.getcwd()), encoding='utf-8')
    Path(path).chmod(0o755)


def read(path):
    return Path(path).read_text(encoding='utf-8')


def stand_in_python(name='python3', version=(3, 12, 0)):
    write(f'bin/{name}', STAND_IN_PYTHON.replace('VERSION', str(version)))


@pytest.fixture
def workshop(folder):
    """The folder 'work shop', without .venv."""
    write(REQUIREMENTS, 'numpy\ntensorflow\n')
    write(CONSTRAINTS, 'numpy==1')
    (WORKSHOP / 'support').mkdir()
    for name in 'script.sh', 'support/environment.py':
        shutil.copy(PROJECT / name, WORKSHOP / name)
    write('bin/pip.py', STAND_IN_PIP)
    for tool in TOOLS.split():
        Path('bin', tool).symlink_to(shutil.which(tool))
    stand_in_python()
    yield folder / WORKSHOP
    while Shell.running:
        Shell.running.pop().kill()


@pytest.fixture
def ready(workshop):
    """The same with a finished .venv."""
    source('bash')
    Path('made').unlink()
    return workshop


def packages():
    return ' '.join(
        sorted(path.stem for path in VENV.glob('lib/*/*/*.py') if path.stem != 'pip')
    )


def variables(**more):
    here, pip = os.getcwd(), {'PIP_NO_INDEX': '1', 'PIP_CONFIG_FILE': os.devnull}
    return {'PATH': f'{here}/bin', 'HOME': here, 'PIP_FIND_LINKS': here, **pip, **more}


class Shell(subprocess.Popen):
    """A shell that sources script.sh, and goes on meanwhile."""

    running = []  # noqa: RUF012

    def __init__(self, shell, option='', before='', after='', script=SCRIPT, **more):
        text = f'{before}\n. "{script}" {option}; echo "status $?"; {after}'
        self.file = Path(f'{time.monotonic_ns()}.output').absolute()
        command, env = [shutil.which(shell), '-c', text], variables(**more)
        with self.file.open('wb') as out:
            super().__init__(
                command, env=env, stdout=out, stderr=out, start_new_session=True
            )
        self.running.append(self)

    def says(self, *parts):
        """The lines with these parts that it has printed so far."""
        return [
            line
            for line in read(self.file).splitlines()
            if all(x in line for x in parts)
        ]

    def ends(self, *parts, status=0):
        """It ends so, after one line with these parts or none; return what follows."""
        self.wait(timeout=100)
        lines = [
            x for x in self.says() if 'script.sh: installing' not in x and x.strip('.')
        ]
        assert f'status {status}' in lines[bool(parts) :][:1], lines
        assert not parts or lines[0] in self.says('script.sh: ', *parts), lines
        return lines[bool(parts) + 1 :]

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()


def source(shell, *parts, status=0, **options):
    """Source script.sh in a new shell; see Shell.ends."""
    return Shell(shell, **options).ends(*parts, status=status)


def until(condition):
    """Wait until it holds; what takes a moment here may take long on a busy machine."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, 'waited in vain'
        time.sleep(0.05)


# ---------------------------------------------------------------- the environment


def test_first_time(workshop):
    """With the real pip, by two strict shells at once; then without network."""
    write('bin/python3', f'#!/bin/sh\nexec {PYTHON} "$@"\n')
    for name in 'numpy', 'tensorflow':
        about = f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n'
        with zipfile.ZipFile(f'{name}-1.0-py3-none-any.whl', 'w') as wheel:
            wheel.writestr(f'{name}.py', '')
            wheel.writestr(f'{name}-1.0.dist-info/METADATA', about)
            wheel.writestr(
                f'{name}-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\nTag: py3-none-any'
            )
            wheel.writestr(f'{name}-1.0.dist-info/RECORD', '')
    shells = []
    for shell in 'bash', OTHER:
        before = """trap 'echo' USR1; alias l=ls; set -eufC; IFS=/; unset HOME
            state() { set +o; alias; pwd; trap; typeset -f | sed '/ ()/!d'
                typeset -p | sed 's/=.*//'; }
            state >| before-$ME"""
        shells.append(
            Shell(shell, before=before, after='state >| after-$ME', ME=str(len(shells)))
        )
        until(VENV.exists)
    assert shells[0].ends() == shells[1].ends('waiting') == []
    assert shells[0].says('installing', f'{workshop}/.venv') and not shells[1].says(
        'installing'
    )
    for number in '01':  # .venv is active, and nothing else has changed
        before, after = (
            set(read(f'{x}-{number}').splitlines()) for x in ('before', 'after')
        )
        changes = [
            x for x in before ^ after if not re.search('deactivate|PS1|BASH|^_$', x)
        ]
        assert len(changes) > 1 and all('VIRTUAL' in change for change in changes), (
            changes
        )
    assert packages() == 'numpy tensorflow' and list(
        VENV.glob('lib/*/*/*/tensorflow.*.pyc')
    )
    ours = {
        '.venv',
        '.venv-lock',
        'requirements.txt',
        'constraints.txt',
        'script.sh',
        'support',
    }
    assert set(os.listdir(WORKSHOP)) == ours and not (VENV / 'tmp').exists()
    # What a killed pip leaves: it would take half a package for a whole one.
    (library,) = VENV.glob('lib/*/site-packages')
    (library / 'numpy.py').unlink()
    (library / 'numpy-1.0.dist-info/RECORD').unlink()
    (library / '~umpy').mkdir()
    write(REQUIREMENTS, 'numpy\ntensorflow\n\n# new')
    source('bash')
    assert packages() == 'numpy tensorflow' and not (library / '~umpy').exists()
    write(REQUIREMENTS, 'numpy\nmore\n')
    parts = 'going on without what requirements.txt asks', 'is there a network?'
    source('bash', *parts)


@in_each_shell
def test_later_times(ready, shell):
    """Twice in one shell, without network or a Python: nothing to say, nothing changed."""
    Path('bin/python3').unlink()
    before = {path: path.stat().st_mtime_ns for path in VENV.iterdir()}
    again = f'. "{SCRIPT}"; echo $?; python -c "import tensorflow"; echo $?'
    assert source(shell, after=again, **OFFLINE) == ['0', '0']
    assert {path: path.stat().st_mtime_ns for path in VENV.iterdir()} == before


@pytest.mark.parametrize(
    'obstacle, parts',
    [
        (OFFLINE, ['pip found nothing to download', 'network', '.venv/pip.log']),
        (
            {**OFFLINE, 'SLURM_JOB_ID': '1'},
            ['compute nodes download nothing', 'login node'],
        ),
        ({'SIGNAL': '9'}, ['pip failed (ended by SIGKILL)']),
        ({'FAULT': 'open ENOSPC'}, ['the fault']),
        ({'FAULT': 'mkdir EACCES'}, ['the fault']),
    ],
    ids=['offline', 'compute node', 'killed', 'full', 'read-only'],
)
def test_obstacles(workshop, obstacle, parts):
    """Without .venv it fails; a finished one serves; without the obstacle, it is completed."""
    source('bash', *parts, status=1, **obstacle)
    if VENV.exists():
        write(VENV / 'bin/activate', 'echo half-made')
    python, after = [f'{workshop}/.venv/bin/python'], 'command -v python'
    assert source('bash', after=after) == python
    assert packages() == 'numpy tensorflow' and '--retries' not in read(LOG)
    write(REQUIREMENTS, 'numpy\nmore\n')
    parts = 'going on without what requirements.txt asks for', *parts
    assert source(OTHER, *parts, after=after, **obstacle) == python
    source(OTHER, before='set -eu; set -C')
    assert packages() == 'more numpy tensorflow' and '--retries=1' in read(LOG)


def test_of_the_version_before(ready):
    """Its .venv is completed, not made again; so is one whose packages fit no constraints."""
    write(VENV / 'made-for', f'{ready}/.venv \n')
    write(VENV / 'installed', f' {read(REQUIREMENTS)}')
    source('bash')
    assert read(VENV / 'installed') == ' numpy\ntensorflow numpy==1\n'
    write(CONSTRAINTS, 'numpy==0')
    source(OTHER, 'versions of constraints.txt could not be had', 'differ')
    assert 'constraints' not in read(LOG)
    source(OTHER, **OFFLINE)
    assert not Path('made').exists()


def test_it_shows_that_it_goes_on(folder, monkeypatch, capfd):
    """With a dot every five seconds, here a fiftieth of that."""
    wait = subprocess.Popen.wait
    monkeypatch.setattr(
        subprocess.Popen, 'wait', lambda self, seconds: wait(self, seconds / 50)
    )
    monkeypatch.setattr(environment, 'VENV', str(folder))
    for seconds, dots in (0, r'(\.+\n)?'), (1, r'\.{2,}\n'):
        python = [
            sys.executable,
            '-c',
            f'import time; print("done"); time.sleep({seconds})',
        ]
        assert environment.run(*python) is None and read('pip.log') == 'done\n'
        assert re.fullmatch(dots, capfd.readouterr().err)


def test_cuda(workshop):
    """Brought by a GPU, or asked for; once installed, the libraries stay."""
    write('gpu/nvidia-smi', '#!/bin/sh\n')
    here = os.getcwd()
    gpu, cuda = (
        {'PATH': f'{here}/gpu:{here}/bin'},
        'cuda numpy nvidia-cudnn-cu12<9.11 tensorflow',
    )
    for option in '--gpu', '--cdua':
        source('bash', f'no option {option}', '--cuda', option=option)
    parts = 'without the CUDA libraries', '. ./script.sh --cuda', 'network'
    assert source(OTHER, *parts, after='command -v python', **OFFLINE, **gpu) == [
        f'{workshop}/.venv/bin/python'
    ]
    assert packages() == 'numpy tensorflow'
    source('bash', **gpu)
    assert packages() == cuda
    shutil.rmtree(VENV)
    source(OTHER, option='--cuda')
    assert packages() == cuda
    write(REQUIREMENTS, 'numpy\nmore\n')
    source('bash')
    assert 'tensorflow[and-cuda]' in read(LOG)
    for options in {}, gpu:
        source('bash', **OFFLINE, **options)


def test_anothers_folder_is_left_alone(workshop):
    for kind, make in ('-d', 'mkdir -p .venv/mine'), ('-f', 'sh -c ": > .venv" #'):
        before = f'cd "{WORKSHOP}"; rm -rf .venv; {make} .venv'
        options = {'after': f'[ {kind} .venv ] && echo left', 'script': './script.sh'}
        parts = f'{workshop}/.venv was not made', 'move it away'
        assert source('bash', *parts, status=1, before=before, **options) == ['left']


def test_what_is_in_the_way(ready):
    """Whether a finished .venv serves or not; what is removed or opened is reached by no link."""
    kinds = 'mkfifo', 'mkdir', 'ln -s precious', 'ln -s /dev/null', 'ln -s nowhere/x'
    system = {'PATH': f'{os.getcwd()}/bin:{os.environ["PATH"]}'}
    write(ready / 'precious', 'thesis')
    write(REQUIREMENTS, 'numpy\nmore\n')
    for kind in kinds:
        before = f'rm -r "{VENV}-lock"; {kind} "{VENV}-lock"'
        parts = 'going on without', '.venv-lock: is in the way', 'remove it'
        source('bash', *parts, before=before, **system)
    write(VENV / 'unfinished', '')
    source('bash', '.venv-lock: is in the way', status=1)
    (VENV / 'made-for').unlink()
    before = f'rm "{VENV}-lock"; ln -s precious "{VENV}-half"'
    source(OTHER, '.venv-half: is in the way', status=1, before=before)
    assert read(ready / 'precious') == 'thesis'
    source('bash', before=f'rm "{VENV}-half"')
    assert packages() == 'more numpy'


def test_missing_files_and_a_colon(ready):
    for path in REQUIREMENTS, CONSTRAINTS:
        before, after = f'mv "{path}" away', f'mv away "{path}"'
        parts = 'going on without', f'{path} is missing: get it back'
        source('bash', *parts, before=before, after=after)
    shutil.rmtree(VENV)
    source(
        'bash', f'{path} is missing: get it back', status=1, before=before, after=after
    )
    shutil.copytree(WORKSHOP, 'a:b')
    source(
        'bash', 'a:b/.venv cannot be made', 'no colon', status=1, script='a:b/script.sh'
    )
    bell = Path(shutil.copytree(WORKSHOP, 'be\all'))
    source('bash', r'be\x07ll/', status=1, script=bell / 'script.sh', **OFFLINE)


def test_a_link_to_anothers_environment(ready):
    """It is used and never written to; what is wrong with it is told."""
    mine = Path(
        shutil.copytree(
            WORKSHOP, 'mine', symlinks=True, ignore=lambda *_: ['.venv', '.venv-lock']
        )
    )
    (mine / '.venv').symlink_to(VENV.absolute())
    options = {'script': mine / 'script.sh', 'after': 'command -v python'}
    python, before = [f'{ready}/.venv/bin/python'], sorted(VENV.rglob('*'))
    assert source('bash', **OFFLINE, **options) == python
    write(mine / 'requirements.txt', 'other')
    parts = (
        'going on without what requirements.txt',
        f'{ready}/.venv is for its owner to change',
    )
    assert source(OTHER, *parts, **options) == python
    assert sorted(VENV.rglob('*')) == before
    assert not (mine / '.venv-lock').exists()
    (VENV / 'unfinished').touch()
    link = f'{mine.absolute()}/.venv leads to {ready}/.venv'
    for part in (
        'is unfinished: its owner sources',
        'does not exist: ask its owner, or remove',
    ):
        source('bash', link, part, status=1, **options)
        shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir()
    fault = {'FAULT': 'listdir EACCES'}  # for root may read everything
    source(
        'bash', 'which you may not read', 'chmod -R a+rX', status=1, **fault, **options
    )


def test_finished_environment_is_never_removed(ready):
    def misfits(shell, *parts, folder=WORKSHOP, **options):
        """It is left as it is; a line says what is wrong and how to make it anew."""
        before, where = sorted(folder.rglob('*')), folder.absolute()
        parts += (f'{where}/.venv',)
        after, script = 'command -v python', folder / 'script.sh'
        assert (
            source(shell, *parts, status=1, after=after, script=script, **options) == []
        )
        assert sorted(folder.rglob('*')) == before

    moved = WORKSHOP.rename('moved')
    WORKSHOP.symlink_to('moved')  # reached by another way: good
    source('bash', **OFFLINE)
    copied = Path(shutil.copytree('moved', 'copied', symlinks=True))
    anew = f'rm -r "{copied.absolute()}/.venv"; . "{copied.absolute()}/script.sh"'
    misfits('bash', f'was made as {ready}/.venv', anew, folder=copied)
    WORKSHOP.unlink()
    misfits(OTHER, f'was made as {ready}/.venv', folder=moved)
    moved.rename(WORKSHOP)
    # Another Python behind the same path; packages that are damaged or die; no Python any more.
    (library,) = VENV.glob('lib/*')
    old = library.rename(library.parent / 'python3.10')
    misfits(
        'bash',
        "No module named 'numpy'",
        'packages are for python3.10',
        f'now {PYTHON})',
    )
    old.rename(library)
    deadly = 'import os; os.kill(os.getpid(), 4)'
    write(library / 'site-packages/tensorflow.py', deadly)
    source('bash', **OFFLINE)
    misfits(
        'bash',
        'was ended by SIGILL at import numpy, tensorflow: this processor',
        SLURM_JOB_ID='1',
    )
    write(library / 'site-packages/numpy.py', 'raise ImportError("half of it")')
    misfits(OTHER, '(ImportError: half of it', 'rm -r')
    (VENV / 'bin/python').unlink()
    misfits('bash', 'bin/python: No such file', 'rm -r')
    source('bash', before=f'rm -r "{VENV}"')
    assert read('made') == 'python3\n'


def test_version_of_python(workshop):
    """Too old or too new a one looks for another; one made with it serves with any."""
    Path('bin/python3').rename('python3')
    done = Shell('bash')
    done.wait(timeout=60)
    assert done.says('python: No such file') and done.says('status 127')
    for version in (3, 8, 10), (3, 10, 0), (3, 14, 0), (3, 99, 0), (4, 12, 0):
        stand_in_python(version=version)
        name = '.'.join(map(str, version))
        source(OTHER, 'no Python 3.11', f'python3 is {name})', status=1)
    for minor in 11, 12, 13:
        stand_in_python(f'python3.{minor}', (3, minor, 0))
        source('bash', after=f'rm -r "{VENV}" bin/python3.{minor}')
    assert read('made').split() == ['python3.11', 'python3.12', 'python3.13']
    stand_in_python(version=(3, 13, 1))
    part = (
        f'{os.getcwd()}/bin/python3 -m venv failed (no venv); ',
        'apt install python3.13-venv',
    )
    source(OTHER, *part, status=1, NO_VENV='1')
    source(OTHER)
    stand_in_python(version=(3, 8, 10))
    source('bash', **OFFLINE)


# ---------------------------------------------------------------- the shell


@in_each_shell
def test_habits_of_a_shell(workshop, shell):
    """Aliases, functions, the PYTHONPATH of other software, and modules in the current folder."""
    write('hidden/numpy.py', 'raise ImportError("another numpy")')
    write('numpy.py', 'raise ImportError("mine")')
    Path('hidden', WORKSHOP).mkdir()
    Path('linked').symlink_to(SCRIPT)
    before = """shopt -s expand_aliases 2>/dev/null
        export PYTHONPATH="$PWD/hidden" CDPATH="$PWD/hidden" PYTHONHOME=/nowhere PYTHONSAFEPATH=1
        cd() { echo no cd; }; python3() { echo no Python; }
        alias python3='echo no Python' cd='echo no cd'"""
    after = """echo "${PYTHONPATH:-${PYTHONSAFEPATH:-unset}}"
        python -Pc "import numpy; print(numpy.__file__)\""""
    follows = source(shell, before=before, after=after)
    assert follows == ['unset', *map(str, workshop.glob('.venv/lib/*/*/numpy.py'))]
    assert source(shell, before=before, after=after, script='./linked') == follows


@pytest.mark.parametrize('shell', ['bash', ZSH, 'sh', 'sh -c ". ./script.sh"'])
def test_run_instead_of_sourced(workshop, shell):
    command = f'exec {shell}' if '-c' in shell else f'exec {shell} ./script.sh'
    run = {'cwd': WORKSHOP, 'capture_output': True, 'encoding': 'utf-8', 'timeout': 60}
    done = subprocess.run(['sh', '-c', command], **run)
    assert (done.returncode, done.stdout) == (1, '') and not VENV.exists()
    assert len(done.stderr.splitlines()) == 1 and '. ./script.sh' in done.stderr


@pytest.mark.skipif(not LMOD.exists(), reason='no Lmod here')
@in_each_shell
def test_module_system(workshop, shell):
    """Real Lmod with modules of ours."""
    here = os.getcwd()
    (name,) = re.findall(
        r'^ *module load (python-scientific/[\w.-]+)', read(SCRIPT), re.M
    )
    text = f"""prepend_path("PATH", "{here}/module")
        setenv("PYTHONPATH", "{here}/hidden")
        setenv("LOADED", "yes")"""
    write(f'modules/{name}.lua', text)
    write('modules/other/1.0.lua', 'setenv("OTHER", "loaded")')
    write('module/tool', '#!/bin/sh\necho tool\n')
    Path('bin/python3').rename('module/python3')
    after = (
        'echo "$LOADED ${OTHER:-purged} ${PYTHONPATH:-unset}"; tool; command -v python'
    )
    system = {
        'MODULEPATH': f'{here}/modules',
        'PATH': f'{here}/bin:/usr/bin:/bin',
        'after': after,
    }
    expected = ['yes purged unset', 'tool', f'{workshop}/.venv/bin/python']
    init = f'. {LMOD}/init/{shell}; module load other'
    assert source(shell, before=init, **system) == expected
    assert packages().startswith('cuda numpy nvidia') and read('made') == 'python3\n'
    # In a job that knows the module system by a variable alone, with .venv active.
    before = f'. "{VENV}/bin/activate"; MODULESHOME={LMOD}'
    assert source(shell, before=before, **system) == expected
    # Without the module system, and with a module of another name: .venv works with both.
    assert source(shell, after='command -v python') == expected[2:]
    write(SCRIPT, read(SCRIPT).replace(name, 'python/3'))
    gone = Shell(shell, before=init, **system)
    gone.wait(timeout=100)
    assert gone.says(
        'script.sh: ', "can't be loaded here", 'module spider'
    ) and gone.says('status 1')
    assert gone.says('python/3')  # Lmod's own words
    write('modules/python/3.lua', text)
    parts = f'was made with {name}, now python/3 is loaded', 'rm -r'
    assert source(shell, *parts, before=init, **system) == expected


# ---------------------------------------------------------------- more than one, and kills


def test_many_at_once(workshop):
    """One waits for another, and for its pip if it is killed; then one installs."""
    Path('hold').touch()
    killed = Shell('bash')
    until(LOG.exists)
    until(lambda: 'install' in read(LOG))
    shells = [Shell(shell) for shell in ('bash', OTHER, 'bash', OTHER)]
    until(lambda: all(shell.says('waiting for another shell') for shell in shells))
    os.kill(killed.pid, signal.SIGKILL)
    for path in Path('/proc').glob('[0-9]*'):  # all but pip
        with contextlib.suppress(OSError):
            command = (path / 'cmdline').read_bytes()
            ours = os.getsid(int(path.name)) == killed.pid and b'pip' not in command
            if ours and path.name != str(killed.pid):
                os.kill(int(path.name), signal.SIGKILL)
    time.sleep(0.5)
    assert read('made') == 'python3\n' and not any(
        shell.says('installing') for shell in shells
    )
    Path('hold').unlink()
    assert [shell.ends('waiting') for shell in shells] == [[]] * 4
    assert sum(len(shell.says('installing')) for shell in shells) == 1
    assert read('made') == 'python3\n' * 2 and packages() == 'numpy tensorflow'
    source('bash', **OFFLINE)


def test_a_disk_without_locks(workshop):
    """Two at once: one of them, or the next, ends with a whole environment."""
    Path('hold').touch()
    first = Shell('bash', FAULT='flock ENOLCK')
    until(LOG.exists)
    until(lambda: 'install' in read(LOG))
    second = Shell(OTHER, FAULT='flock ENOLCK')
    until(
        lambda: (
            read('made') == 'python3\n' * 2 and LOG.exists() and 'install' in read(LOG)
        )
    )
    Path('hold').unlink()
    first.ends('', status=1)
    second.ends()
    source('bash', **OFFLINE)
    assert packages() == 'numpy tensorflow'


@pytest.mark.slow
@pytest.mark.parametrize('more', ['', 'more '])
def test_killed_at_any_moment(workshop, more):
    """After each change on the disk, while .venv is made or completed: the next repairs it."""
    for moment in itertools.count(1):
        if more:
            write(REQUIREMENTS, 'numpy tensorflow')
            source('bash')
        write(REQUIREMENTS, f'{more}numpy tensorflow')
        Path('calls').unlink(missing_ok=True)
        killed = Shell('bash', MOMENT=str(moment))
        if killed.wait(timeout=100) != -signal.SIGKILL:
            break
        source(('bash', OTHER)[moment % 2])
        assert packages() == f'{more}numpy tensorflow'
        assert not Path(f'{VENV}-half').exists() and not (VENV / 'tmp').exists()
        shutil.rmtree(VENV)
    assert killed.ends() == [] and moment > 10


@in_each_shell
def test_ctrl_c(workshop, shell):
    """At a prompt: it ends the installing without noise, and the next goes on."""
    Path('hold').touch()
    flags, seen = ['--norc', '-i'] if shell == 'bash' else ['-fi'], ['']
    in_terminal = [sys.executable, '-c', 'import pty, sys; pty.spawn(sys.argv[1:])']
    command, env = (
        [*in_terminal, shutil.which(shell), *flags],
        variables(TERM='dumb', PS1='> '),
    )
    terminal = subprocess.Popen(command, env=env, stdin=-1, stdout=-1, bufsize=0)

    def enter(line, answer=''):
        terminal.stdin.write(line)
        seen.append('')
        while answer not in seen[-1]:
            assert select.select([terminal.stdout], [], [], 60)[0], seen
            seen[-1] += terminal.stdout.read(10000).decode()

    try:
        # "" keeps the terminal's echo of the command from being taken for its answer.
        line = f'. "{SCRIPT}"; echo "ended"" $?"\n'.encode()
        enter(line, 'installing')
        until(LOG.exists)
        until(lambda: 'install' in read(LOG))
        enter(b'\x03', 'ended 130')
        Path('hold').unlink()
        enter(line, 'ended 0')
        enter(b'jobs; echo "at"" end"\n', 'at end')
    finally:
        terminal.kill()
        terminal.communicate()
    assert not re.search(
        r'Terminated|Done|\[1\]|Killed|Traceback|job(?!s;)', ''.join(seen)
    ), seen
    assert packages() == 'numpy tensorflow'


# ---------------------------------------------------------------- the jobs


def job(file, number, *arguments, status=0, more=''):
    """Run a batch job as Slurm does: a copy of it from elsewhere, in the folder of sbatch."""
    *lines, last = read(PROJECT / file).splitlines()
    write('slurm_script', '\n'.join([*lines, more, last]))
    command = ['bash', Path('slurm_script').absolute(), *arguments]
    env = variables(
        **OFFLINE,
        SLURM_JOB_ID=number,
        SLURM_ARRAY_TASK_ID=number,
        JOBFS=f'{os.getcwd()}/disk',
    )
    done = subprocess.run(
        command, cwd=WORKSHOP, env=env, capture_output=True, timeout=100
    )
    assert done.returncode == status and (status == 1) == bool(done.stderr), done
    return (done.stdout + done.stderr).decode()


def test_train_slurm(ready):
    """It runs a script here, with the arguments; or on the node's disk, as docs/ has it."""
    text = """import os, sys
print(os.path.basename(sys.argv[0]), *sys.argv[1:], os.path.exists('Train/X_1.dat'))
os.makedirs(f'runs/{sys.argv[-1]}'), sys.exit(7 * ('7' in sys.argv))"""
    for name in 'train.py', 'train_large.py', 'own/mine.py':
        write(WORKSHOP / name, text)
    commands = '--N_train 100', 'train_large.py a', 'own/mine.py --N_train 7'
    for number, command in enumerate(commands):
        name = command.split()[0].split('/')[-1] if '.py' in command else 'train.py'
        done = job(
            'train.slurm', str(number), *command.split(), status=7 * ('7' in command)
        )
        said = f'{name} {command.partition(".py ")[2] or command}'
        assert done == f'On {os.uname().nodename}: python {said}\n{said} False\n'
        assert (WORKSHOP / 'runs' / command.split()[-1]).is_dir()
    (recipe,) = re.findall(
        r'^mkdir -p runs .*', read(PROJECT / 'docs/large-sets.md'), re.M
    )
    write(WORKSHOP / 'Train/X_1.dat', '')
    subprocess.run(
        ['tar', 'cf', WORKSHOP / 'data.tar', '-C', WORKSHOP, 'Train'], check=True
    )
    for number in '1', '2':
        Path('disk').mkdir()
        assert job('train.slurm', number, f'disk{number}', more=recipe).endswith(
            ' True\n'
        )
        assert (WORKSHOP / f'runs/disk{number}').is_dir()
        shutil.rmtree('disk')
    shutil.rmtree(VENV)
    assert 'compute nodes' in job('train.slurm', '6', status=1)


def test_job_array(ready):
    """Each task runs its experiment, and there is a task for each."""
    file = 'experiments/experiments.slurm'
    array = re.findall(r'^#SBATCH --array=(.*)', read(PROJECT / file), re.M)
    assert array == [f'1-{len(EXPERIMENTS)}']
    text = 'import sys\nprint("one Why?\\ntwo How?" if "--list" in sys.argv else sys.argv[1:])\n'
    write(WORKSHOP / 'experiments/__main__.py', text)
    first = f'On {os.uname().nodename}: python -m experiments two --repeats 20\n'
    assert job(file, '2', '--repeats', '20') == first + "['two', '--repeats', '20']\n"
    assert job(file, '3', status=1) == 'There is no experiment 3.\n'
    shutil.rmtree(VENV)
    assert 'compute nodes' in job(file, '1', status=1)
