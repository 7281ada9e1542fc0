"""script.sh, sourced in real shells, and the batch jobs; no network is needed.

The environments are real, but their packages and (except in test_first_time) pip are stand-ins.
Each test works in a folder with bin, which alone is on the PATH, and 'work shop' with script.sh.
"""

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

import pytest
from conftest import PROJECT

from experiments.questions import EXPERIMENTS

ZSH = pytest.param('zsh', marks=pytest.mark.skipif(not shutil.which('zsh'), reason='no zsh here'))
OTHER = 'zsh' if shutil.which('zsh') else 'bash'
in_each_shell = pytest.mark.parametrize('shell', ['bash', ZSH])
LMOD = Path('/usr/share/lmod/lmod')
HOST = os.uname().nodename
DEAD = 99999999  # no process has this number
OFFLINE = {'OFFLINE': '1'}  # for the stand-in of pip

WORKSHOP, VENV, LOCK = (Path('work shop', name) for name in ('', '.venv', '.venv.lock'))
REQUIREMENTS, SCRIPT, LOG = WORKSHOP / 'requirements.txt', WORKSHOP / 'script.sh', VENV / 'pip.log'
TOOLS = 'awk bash cat cp dirname find ls ln mkdir mv realpath rm rmdir sed sh tail touch uname wc'
PYTHON = f"'{os.path.realpath(sys.executable)}'"
# A Python of any version. It notes which environments it makes, and waits while there is a hold.
STAND_IN_PYTHON = """#!/bin/bash
case "$1 $2" in
    '-m venv') echo "${0##*/} $3" >> FOLDER/made
        while [ -e FOLDER/hold ]; do sleep 0.05; done
        PYTHON -m venv --without-pip "$3" && cp FOLDER/bin/pip.py "$3"/lib/*/site-packages ;;
    --version*) echo Python VERSION ;;
    *) exec PYTHON -c 'import sys
sys.version_info = (*map(int, "VERSION".split(".")), 0)
exec(sys.argv.pop(1))' "${@:2}" ;;
esac"""
# In the place of pip: python -m pip install ... -r FILE [PACKAGE]
STAND_IN_PIP = """
import os, pathlib, sys, sysconfig
print(*sys.argv, flush=True)
where = sys.argv.index('-r') + 1
wanted = pathlib.Path(sys.argv[where]).read_text() + ' '.join(sys.argv[where + 1 :])
for name in wanted.replace('[and-', ' ').replace(']', ' ').split():
    file = pathlib.Path(sysconfig.get_path('purelib'), f'{name}.py')
    if not file.exists() and 'OFFLINE' in os.environ:
        sys.exit(f'ERROR: No matching distribution found for {name}')
    file.touch()
    os.system('rmdir . 2>/dev/null')  # only for test_killed_at_any_moment"""


def write(path, text):
    """Write a file that can be run, in the place of what is there."""
    Path(path).unlink(missing_ok=True)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding='utf-8')
    Path(path).chmod(0o755)


def read(path):
    return Path(path).read_text(encoding='utf-8')


def stand_in_python(name='python3', version='3.12'):
    text = STAND_IN_PYTHON.replace('FOLDER', f"'{os.getcwd()}'").replace('VERSION', version)
    write(f'bin/{name}', text.replace('PYTHON', PYTHON))


@pytest.fixture
def workshop(folder):
    """The folder 'work shop', without .venv."""
    write(REQUIREMENTS, 'numpy\ntensorflow\n')
    shutil.copy(PROJECT / 'script.sh', WORKSHOP)
    write('bin/pip.py', STAND_IN_PIP)
    for tool in TOOLS.split():
        Path('bin', tool).symlink_to(shutil.which(tool))
    write('bin/sleep', f'#!/bin/sh\nexec {shutil.which("sleep")} 0.1\n')
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
    return ' '.join(sorted(path.stem for path in VENV.glob('lib/*/*/*.py') if path.stem != 'pip'))


def environment(**variables):
    here, pip = os.getcwd(), {'PIP_NO_INDEX': '1', 'PIP_CONFIG_FILE': os.devnull}
    return {'PATH': f'{here}/bin', 'HOME': here, 'PIP_FIND_LINKS': here, **pip, **variables}


class Shell(subprocess.Popen):
    """A shell that sources script.sh, and goes on meanwhile."""

    running = []  # noqa: RUF012

    def __init__(self, shell, option='', before='', after='', script=SCRIPT, **variables):
        text = f'{before}\n. "{script}" {option}; echo "status $?"; {after}'
        self.file = Path(f'{time.monotonic_ns()}.output').absolute()
        command, env = [shutil.which(shell), '-c', text], environment(**variables)
        with self.file.open('wb') as out:
            super().__init__(command, env=env, stdout=out, stderr=out, start_new_session=True)
        self.running.append(self)

    def says(self, *parts):
        """The lines with these parts that it has printed so far."""
        return [line for line in read(self.file).splitlines() if all(x in line for x in parts)]

    def ends(self, *parts, status=0):
        """It ends so, after one line with these parts or none; return what follows."""
        self.wait(timeout=100)
        lines = [line for line in self.says() if 'script.sh: installing' not in line]
        assert f'status {status}' in lines[bool(parts) :][:1], lines
        assert not parts or lines[0] in self.says('script.sh: ', *parts), lines
        return lines[bool(parts) + 1 :]

    def kill(self):
        if self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()


def source(shell, *parts, status=0, **options):
    """Source script.sh in a new shell; see Shell.ends."""
    follows = Shell(shell, **options).ends(*parts, status=status)
    assert not LOCK.exists()
    return follows


def until(condition):
    """Wait until it holds; what takes a moment here may take long on a busy machine."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, 'waited in vain'
        time.sleep(0.05)


def test_first_time(workshop):
    """With the real pip, by two strict shells at once; then without network."""
    write('bin/python3', f'#!/bin/sh\nexec {PYTHON} "$@"\n')
    for name in 'numpy', 'tensorflow':
        about = f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n'
        with zipfile.ZipFile(f'{name}-1.0-py3-none-any.whl', 'w') as wheel:
            wheel.writestr(f'{name}.py', '')
            wheel.writestr(f'{name}-1.0.dist-info/METADATA', about)
            wheel.writestr(f'{name}-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\nTag: py3-none-any')
            wheel.writestr(f'{name}-1.0.dist-info/RECORD', '')
    shells = []
    for shell in 'bash', OTHER:
        before = """trap 'echo' USR1; alias l=ls; set -eu; set -C
            state() { set +o; alias; pwd; trap; typeset -f | sed '/ ()/!d'
                typeset -p | sed 's/=.*//'; }
            state > before-$ME"""
        shells.append(Shell(shell, before=before, after='state > after-$ME', ME=str(len(shells))))
        until(VENV.exists)
    assert shells[0].ends() == shells[1].ends('waiting') == []
    assert shells[0].says('installing', f'{workshop}/.venv') and not shells[1].says('installing')
    for number in '01':  # .venv is active, and nothing else has changed
        before, after = (set(read(f'{x}-{number}').splitlines()) for x in ('before', 'after'))
        changes = [x for x in before ^ after if not re.search('deactivate|PS1|BASH|^_$', x)]
        assert len(changes) > 1 and all('VIRTUAL' in change for change in changes), changes
    assert packages() == 'numpy tensorflow'
    assert set(os.listdir(WORKSHOP)) == {'.venv', 'requirements.txt', 'script.sh'}
    write(REQUIREMENTS, 'numpy\nmore\n')
    parts = 'going on without what requirements.txt asks', 'failed (ERROR: No matching', 'for more)'
    source('bash', *parts)


@in_each_shell
def test_later_times(ready, shell):
    """Twice in one shell, without network or a Python: nothing to say, nothing changed."""
    Path('bin/python3').unlink()
    before = {path: path.stat().st_mtime_ns for path in VENV.iterdir()}
    again = f'. "{SCRIPT}"; echo $?; python -c "import tensorflow"; echo $?'
    assert source(shell, after=again, **OFFLINE) == ['0', '0']
    assert {path: path.stat().st_mtime_ns for path in VENV.iterdir()} == before


@pytest.mark.parametrize('error', ['No matching', 'Permission denied', 'No space left on device'])
def test_obstacles(workshop, error):
    """Without .venv it fails; a finished one serves; without the obstacle, it is completed."""
    parts, obstacle = ('pip failed', error, f'{workshop}/.venv/pip.log'), OFFLINE
    if error != 'No matching':  # a stand-in, as root may write everywhere
        write('obstacle/mkdir', f'#!/bin/sh\necho "mkdir: x: {error}" >&2\nexit 1\n')
        parts = f'{workshop} cannot be written ({error})', 'get room or permission'
        obstacle = {'PATH': f'{os.getcwd()}/obstacle:{os.getcwd()}/bin'}
    source('bash', *parts, status=1, **obstacle)
    if VENV.exists():
        write(VENV / 'bin/activate', 'echo half-made')
    python, after = [f'{workshop}/.venv/bin/python'], 'command -v python'
    assert source('bash', after=after) == python
    assert packages() == 'numpy tensorflow' and '--retries' not in read(LOG)
    write(REQUIREMENTS, 'numpy\nmore\n')
    parts += 'going on without what requirements.txt asks for', f'. "{workshop}/script.sh"'
    assert source(OTHER, *parts, after=after, **obstacle) == python
    source(OTHER, before='set -eu; set -C')
    assert packages() == 'more numpy tensorflow' and '--retries=1' in read(LOG)


def test_cuda(workshop):
    """Brought by a GPU, or asked for; once installed, the libraries stay."""
    gpu, python = {'before': 'nvidia-smi() { true; }'}, [f'{workshop}/.venv/bin/python']
    for shell in 'bash', OTHER:  # arguments of a script that sources it are not its own
        source(shell, before='set -- --N_train 100')
    parts = 'without the CUDA libraries', 'pip failed', f'. "{workshop}/script.sh" --cuda'
    assert source('bash', *parts, after='command -v python', **OFFLINE, **gpu) == python
    assert packages() == 'numpy tensorflow'
    source('bash', **gpu)
    assert packages() == 'cuda numpy tensorflow'
    shutil.rmtree(VENV)
    source(OTHER, option='--cuda')
    assert packages() == 'cuda numpy tensorflow'
    write(REQUIREMENTS, 'numpy\nmore\n')
    source('bash')
    assert read(LOG).endswith(' tensorflow[and-cuda]\n')
    for shell in 'bash', OTHER:
        source(shell, **OFFLINE)
        source(shell, **OFFLINE, **gpu)


def test_anothers_environment_is_left_alone(workshop):
    for kind, make in ('-d', 'mkdir -p .venv/mine'), ('-f', 'touch'), ('-L', 'ln -s nowhere'):
        before = f'cd "{WORKSHOP}"; rm -rf .venv; {make} .venv'
        options = {'after': f'[ {kind} .venv ] && echo left', 'script': './script.sh'}
        parts = f'{workshop}/.venv was not made', 'move it away'
        assert source('bash', *parts, status=1, before=before, **options) == ['left']


def test_finished_environment_is_never_removed(ready):
    def misfits(shell, *parts, folder=WORKSHOP):
        """It is left as it is; a line says what is wrong and how to make it anew."""
        before, where = sorted(folder.rglob('*')), folder.absolute()
        parts += f'{where}/.venv ', f'rm -r "{where}/.venv"; . "{where}/script.sh"'
        after, script = 'command -v python', folder / 'script.sh'
        assert source(shell, *parts, status=1, after=after, script=script) == []
        assert sorted(folder.rglob('*')) == before

    moved = WORKSHOP.rename('moved')
    WORKSHOP.symlink_to('moved')  # reached by another way: good
    source('bash', **OFFLINE)
    copied = Path(shutil.copytree('moved', 'copied', symlinks=True))
    misfits('bash', f'was made as {ready}/.venv', folder=copied)
    WORKSHOP.unlink()
    misfits(OTHER, f'was made as {ready}/.venv', folder=moved)
    moved.rename(WORKSHOP)
    # Another Python behind the same path; packages that are damaged; no Python any more.
    (library,) = VENV.glob('lib/*')
    old = library.rename(library.parent / 'python3.10')
    misfits('bash', "No module named 'numpy'", 'packages are for python3.10', 'now Python 3')
    old.rename(library)
    write(library / 'site-packages/numpy.py', 'raise ImportError("half of it")')
    misfits(OTHER, '(ImportError: half of it')
    (VENV / 'bin/python').unlink()
    misfits('bash', 'bin/python')
    source('bash', before=f'rm -r "{VENV}"')
    assert read('made') == f'python3 {ready}/.venv\n'


def test_version_of_python(workshop):
    Path('bin/python3').unlink()
    source('bash', 'no Python 3.11, 3.12 or 3.13', status=1)
    for version in '2.7.18', '3.8.10', '3.10', '3.14', '3.99', '4.12':
        stand_in_python(version=version)
        source(OTHER, 'no Python 3.11', f'python3 is Python {version})', status=1)
    for minor in '11', '12', '13':
        stand_in_python(f'python3.{minor}', f'3.{minor}')
        source('bash', after=f'rm -r "{VENV}" bin/python3.{minor}')
    assert re.findall('^[^ ]+', read('made'), re.M) == ['python3.11', 'python3.12', 'python3.13']
    for lacks, part in ('ensurepip', 'has no venv module'), ('-m venv', '-m venv failed: get room'):
        write('bin/python3', f'#!/bin/sh\ncase "$*" in *"{lacks}"*) exit 1; esac; {PYTHON} "$@"\n')
        source(OTHER, f'{os.getcwd()}/bin/python3', part, status=1)


@in_each_shell
def test_habits_of_a_shell(workshop, shell):
    """Aliases, functions, and the PYTHONPATH of other software, all from a start-up file."""
    write('hidden/numpy.py', 'raise ImportError("another numpy")')
    Path('hidden', WORKSHOP).mkdir()
    before = """shopt -s expand_aliases 2>/dev/null
        export PYTHONPATH="$PWD/hidden" CDPATH="$PWD/hidden"
        mkdir() { echo no mkdir; }; tail() { echo no tail; }; python3() { echo no Python; }
        alias python3='echo no Python' rm='rm -i' ls='ls --color=always' cat='echo no cat'"""
    after = 'echo "${PYTHONPATH:-unset}"; python -c "import numpy; print(numpy.__file__)"'
    follows = source(shell, before=before, after=after)
    assert follows == ['unset', *map(str, workshop.glob('.venv/lib/*/*/numpy.py'))]


@pytest.mark.xfail(strict=True, reason='script.sh starts Python without -P')
def test_modules_in_the_current_folder_do_no_harm(workshop):
    write('numpy.py', 'raise ImportError("mine")')
    source('bash')


@pytest.mark.parametrize('shell', ['bash', ZSH, 'sh'])
def test_run_instead_of_sourced(workshop, shell):
    done = subprocess.run([shell, SCRIPT], capture_output=True, encoding='utf-8', timeout=60)
    assert (done.returncode, done.stdout) == (1, '') and not VENV.exists()
    assert len(done.stderr.splitlines()) == 1 and '. ./script.sh' in done.stderr


@pytest.mark.skipif(not LMOD.exists(), reason='no Lmod here')
@in_each_shell
def test_module_system(workshop, shell):
    """Real Lmod with modules of ours."""
    here, (name,) = os.getcwd(), re.findall(r'\bpython-scientific/[\w.-]+', read(SCRIPT))
    text = f"""prepend_path("PATH", "{here}/module")
        setenv("PYTHONPATH", "{here}/hidden")
        setenv("LOADED", "yes")"""
    write(f'modules/{name}.lua', text)
    write('modules/other/1.0.lua', 'setenv("OTHER", "loaded")')
    write('module/tool', '#!/bin/sh\necho tool\n')
    Path('bin/python3').rename('module/python3')
    after = 'echo "$LOADED ${OTHER:-purged} ${PYTHONPATH:-unset}"; tool; command -v python'
    system = {'MODULEPATH': f'{here}/modules', 'PATH': f'{here}/bin:/usr/bin:/bin', 'after': after}
    expected = ['yes purged unset', 'tool', f'{workshop}/.venv/bin/python']
    init = f'. {LMOD}/init/{shell}; module load other'
    assert source(shell, before=init, **system) == expected
    assert packages() == 'cuda numpy tensorflow' and read('made') == f'python3 {workshop}/.venv\n'
    # In a job that knows the module system by a variable alone, with .venv active.
    before = f'. "{VENV}/bin/activate"; MODULESHOME={LMOD}'
    assert source(shell, before=before, **system) == expected
    # Without the module system, and with a module of another name: .venv works with both.
    assert source(shell, after='command -v python') == expected[2:]
    write(SCRIPT, read(SCRIPT).replace(name, 'python/3'))
    source(shell, 'no module python/3', 'module spider', status=1, before=init, **system)
    write('modules/python/3.lua', text)
    parts = f'works, but with {name} and not python/3', 'rm -r'
    assert source(shell, *parts, before=init, **system) == expected


def leave_lock(owner, minutes=0):
    """A lock whose owner touched its file so long ago."""
    LOCK.mkdir()
    if owner:
        write(LOCK / owner, '')
    for path in *LOCK.iterdir(), LOCK:
        os.utime(path, (time.time() - 60 * minutes,) * 2)


def test_many_at_once(workshop):
    """One is killed while it installs; then another installs, three wait and say so."""
    Path('hold').touch()
    killed = Shell('bash')
    until(Path('made').exists)
    shells = [Shell(shell) for shell in ('bash', OTHER, 'bash', OTHER)]
    host, pid = os.listdir(LOCK)[0].split(':')
    told = f'waiting for process {pid} on {host},', f'"{workshop}/.venv.lock"'
    until(lambda: all(shell.says(*told) for shell in shells))
    killed.kill()
    until(lambda: read('made').count('python3') == 2)
    # The one that installs shows that it lives, so that nobody takes its lock for an old one.
    (owner,) = LOCK.iterdir()
    then = time.time() - 60
    os.utime(owner, (then, then))
    until(lambda: owner.stat().st_mtime > then + 1)
    Path('hold').unlink()
    assert [shell.ends(*told) for shell in shells] == [[]] * 4
    assert sum(len(shell.says('installing')) for shell in shells) == 1
    assert read('made').count('python3') == 2 and not LOCK.exists()
    source('bash', **OFFLINE)


@pytest.mark.slow
@pytest.mark.parametrize('more', ['', 'more '])
def test_killed_at_any_moment(workshop, more):
    """After each call of a tool, while .venv is made or completed: the next shell repairs it."""
    Path('bin/python3').rename('python3')
    for name in 'mkdir', 'rm', 'rmdir', 'python3':
        text = f"""#!/bin/bash
            PATH="$PWD:/usr/bin:/bin" {name} "$@"; status=$?
            echo >> calls
            [ $(wc -l < calls) -ne "${{MOMENT:-0}}" ] || kill -9 0
            exit $status"""
        write(f'bin/{name}', text)
    for moment in itertools.count(1):
        if more:
            write(REQUIREMENTS, 'numpy tensorflow')
            source('bash')
        write(REQUIREMENTS, f'{more}numpy tensorflow')
        write('calls', '')
        killed = Shell('bash', MOMENT=str(moment))
        if killed.wait(timeout=100) != -signal.SIGKILL:
            break
        if LOCK.exists() and not os.listdir(LOCK):
            os.utime(LOCK, (0, 0))  # without its owner's name, it is respected for two minutes
        after = Shell(('bash', OTHER)[moment % 2])
        after.wait(timeout=100)
        assert after.says()[-1:] == ['status 0'], (moment, after.says())
        assert packages() == f'{more}numpy tensorflow'
        shutil.rmtree(VENV)
        shutil.rmtree(LOCK, ignore_errors=True)
    assert killed.ends() == [] and moment > 7


@in_each_shell
def test_signal_at_the_end_leaves_no_lock(workshop, shell):
    """scancel sends its signals one after the other; one may come while the lock is removed."""
    text = f'{shutil.which("rm")} "$@"; case "$*" in *.lock/*) kill $PPID; esac\n'
    write('bin/rm', f'#!/bin/sh\n{text}')
    source(shell)


def test_old_lock_stops_nobody(workshop):
    """Of a dead process, of another host, of a process number that is in use again, of nobody."""
    owners = {f'{HOST}:{DEAD}': 0, 'elsewhere:1': 3, f'{HOST}:{os.getpid()}': 3, '': 3}
    for owner, minutes in owners.items():
        leave_lock(owner, minutes)
        source('bash', after=f'rm -r "{VENV}"')


@pytest.mark.parametrize('host', ['elsewhere', HOST])
def test_fresh_lock_is_respected(ready, host):
    """A .venv with nothing to install needs no lock; otherwise one waits, even for another host."""
    pid = os.getpid() if host == HOST else DEAD
    leave_lock(f'{host}:{pid}', 1)
    assert Shell('bash', **OFFLINE).ends() == []
    write(REQUIREMENTS, 'numpy\nmore\n')
    waiting = Shell('bash')
    until(lambda: waiting.says(f'waiting for process {pid} on {host},'))
    assert waiting.poll() is None and packages() == 'numpy tensorflow'
    shutil.rmtree(LOCK)
    waiting.ends('waiting')
    assert packages() == 'more numpy tensorflow'


@in_each_shell
def test_ctrl_c(workshop, shell):
    """At a prompt: it ends the waiting or the installing, and leaves no lock and no noise."""
    Path('hold').touch()
    leave_lock(f'{HOST}:{os.getpid()}')
    flags, seen = ['--norc', '-i'] if shell == 'bash' else ['-fi'], ['']
    in_terminal = [sys.executable, '-c', 'import pty, sys; pty.spawn(sys.argv[1:])']
    command, env = [*in_terminal, shutil.which(shell), *flags], environment(TERM='dumb', PS1='> ')
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
        enter(line, 'waiting for')
        enter(b'\x03', 'ended 130')
        shutil.rmtree(LOCK)
        enter(line)
        until(Path('made').exists)
        enter(b'\x03', 'ended 130')
        assert not LOCK.exists()
        Path('hold').unlink()
        enter(line, 'ended 0')
        enter(b'typeset -f | awk /_workshop/; jobs; echo "at"" end"\n', 'at end')
    finally:
        terminal.kill()
        terminal.communicate()
    assert not re.search(r'Terminated|Done|\[1\]|Killed|job(?!s;)', ''.join(seen)), seen
    assert packages() == 'numpy tensorflow' and '_workshop_' not in seen[-1]


def job(file, number, *arguments, status=0):
    """Run a batch job as Slurm does: a copy of it from elsewhere, in the folder of sbatch."""
    command = ['bash', Path(shutil.copy(PROJECT / file, 'slurm_script')).absolute(), *arguments]
    env = environment(**OFFLINE, SLURM_JOB_ID=number, SLURM_ARRAY_TASK_ID=number)
    done = subprocess.run(command, cwd=WORKSHOP, env=env, capture_output=True, timeout=100)
    assert done.returncode == status and (status == 1) == bool(done.stderr), done
    return (done.stdout + done.stderr).decode()


def test_jobs_lose_nothing(ready):
    """Each works in a folder of its own, with the sequences of sbatch's folder."""
    text = """import pathlib, sys
pathlib.Path('history.png').write_text(' '.join([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]))
print(*(pathlib.Path(name, 'X_1.dat').read_text() for name in ('Train', 'Test')))
sys.exit(7 * ('7' in sys.argv))"""
    for name in 'train.py', 'train_large.py', 'own/mine.py':
        write(WORKSHOP / name, text)
    for name in 'Train', 'Test':
        write(f'data/{name}/X_1.dat', name)
        (WORKSHOP / name).symlink_to(Path('data', name).absolute())
    commands = 'train.py', 'train.py --N_train 100', 'train.py --seed 7 x.py', 'train_large.py 7'
    for number, command in enumerate([*commands, 'own/mine.py --N_train 100']):
        for arguments in command, command.removeprefix('train.py'):
            done = job('train.slurm', str(number), *arguments.split(), status=7 * ('7' in command))
            assert done == 'Train Test\n'
            assert read(WORKSHOP / f'train-{number}/history.png') == command.split('/')[-1]
    # It ends where it cannot go on.
    write(WORKSHOP / 'train-5', '')
    job('train.slurm', '5', status=1)
    assert not (WORKSHOP / 'history.png').exists()
    shutil.rmtree(VENV)
    Path('bin/python3').unlink()
    assert 'no Python' in job('train.slurm', '6', status=1)
    assert not (WORKSHOP / 'train-6').exists()


def test_job_array(ready):
    """Each task runs its experiment, and there is a task for each."""
    file = 'experiments/experiments.slurm'
    array = re.findall(r'^#SBATCH --array=(.*)', read(PROJECT / file), re.M)
    assert array == [f'1-{len(EXPERIMENTS)}']
    text = 'import sys\nprint("one Why?\\ntwo How?" if "--list" in sys.argv else sys.argv[1:])\n'
    write(WORKSHOP / 'experiments/__main__.py', text)
    assert job(file, '2', '--repeats', '20') == "['two', '--repeats', '20']\n"
    assert job(file, '3', status=1) == 'There is no experiment 3.\n'
    shutil.rmtree(VENV)
    Path('bin/python3').unlink()
    (line,) = job(file, '1', status=1).splitlines()
    assert 'no Python' in line
