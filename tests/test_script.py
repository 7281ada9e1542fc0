"""script.sh, sourced in real shells, with small stand-ins for the packages: no network needed.

Making a virtual environment takes seconds. One is made for real, by two shells at once. The others
are copies of it, and where a test lets script.sh make one, its pip is quicker, too.
"""

import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import termios
import time
import zipfile

import pytest
from conftest import PROJECT

LMOD = pathlib.Path('/usr/share/lmod/lmod/init')
PYTHON = os.path.realpath(sys.executable)
HOST = os.uname().nodename
SHELLS = [
    'bash',
    pytest.param('zsh', marks=pytest.mark.skipif(not shutil.which('zsh'), reason='no zsh here')),
]
BOTH = ['bash', 'zsh' if shutil.which('zsh') else 'bash']

# A Python whose -m venv copies one made before, and can be held up.
QUICK_PYTHON = """#!/bin/bash
[ "$1 $2" = '-m venv' ] || exec '{python}' "$@"
echo "$3" >> '{folder}/made'
while [ -e '{folder}/hold' ]; do sleep 0.05; done
cp -r '{fresh}/.' "$3"
exec sed -i.old "s|{fresh}|$3|" "$3/bin/activate"
"""

# In the place of pip: python -m pip install ... -r FILE [PACKAGE]
QUICK_PIP = """
import os, pathlib, re, sys, sysconfig, zipfile
where = sys.argv.index('-r') + 1
wanted = pathlib.Path(sys.argv[where]).read_text().split() + sys.argv[where + 1 :]
for name in re.findall(r'[\\w-]+', ' '.join(wanted).replace('and-', '')):
    wheel = pathlib.Path(os.environ['PIP_FIND_LINKS'], f'{name}-1.0-py3-none-any.whl')
    if not wheel.exists():
        sys.exit(f'ERROR: No matching distribution found for {name}')
    zipfile.ZipFile(wheel).extractall(sysconfig.get_path('purelib'))
"""


def wheel(folder, name, *metadata):
    info = f'{name}-1.0.dist-info'
    with zipfile.ZipFile(folder / f'{name}-1.0-py3-none-any.whl', 'w') as file:
        file.writestr(f'{name}.py', '')
        file.writestr(
            f'{info}/METADATA',
            '\n'.join(['Metadata-Version: 2.1', f'Name: {name}', 'Version: 1.0', *metadata, '']),
        )
        file.writestr(
            f'{info}/WHEEL', 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
        )
        file.writestr(f'{info}/RECORD', '')


def make_workshop(folder, wheels):
    """A folder, with a space in its name, of script.sh and requirements for stand-in packages."""
    workshop = folder / 'work shop'
    workshop.mkdir()
    shutil.copy(PROJECT / 'script.sh', workshop)
    (workshop / 'requirements.txt').write_text('numpy\ntensorflow\n')
    (folder / 'wheels').symlink_to(wheels)
    # Only this Python and the usual tools are on the PATH: no module system, no GPU.
    (folder / 'bin').mkdir()
    tools = (
        'cat cp dirname find grep ls ln rm rmdir mkdir mv sed sh tail touch env uname bash ps expr'
    )
    for tool in tools.split():
        (folder / 'bin' / tool).symlink_to(shutil.which(tool))
    (folder / 'bin/sleep').write_text(f'#!/bin/sh\nexec {shutil.which("sleep")} 0.1\n')
    (folder / 'bin/sleep').chmod(0o755)
    (folder / 'bin/python3').symlink_to(PYTHON)
    return workshop


@pytest.fixture(scope='session')
def wheels(tmp_path_factory):
    folder = tmp_path_factory.mktemp('wheels')
    extra = ('Provides-Extra: and-cuda', 'Requires-Dist: cuda ; extra == "and-cuda"')
    wheel(folder, 'tensorflow', *extra)
    for name in ('numpy', 'cuda', 'more'):
        wheel(folder, name)
    return folder


@pytest.fixture(scope='session')
def first(tmp_path_factory, wheels):
    """A workshop that script.sh prepares for the first time, for real, in two shells at once."""
    workshop = make_workshop(tmp_path_factory.mktemp('first'), wheels)
    with first_time(BOTH[0], workshop) as one:
        until((workshop / '.venv').exists)
        with first_time(BOTH[1], workshop) as two:
            one.process.wait(timeout=100)
            two.process.wait(timeout=100)
    return workshop, one, two


def first_time(shell, workshop):
    options = 'set +o; alias; pwd' if shell == 'bash' else 'set -o; alias; pwd'
    return Shell(
        shell,
        workshop,
        before=f'set -eu; set -C; before=$({options})',  # the strictest shell
        after=f'command -v python; after=$({options}); [ "$before" = "$after" ] && echo same;'
        ' { set; typeset -f; } | grep ^_workshop || echo clean',
        path=f'{workshop.parent}/bin:/usr/bin:/bin',
    )


@pytest.fixture(scope='session')
def finished(first, tmp_path_factory):
    """A finished .venv with the quick pip."""
    venv = tmp_path_factory.mktemp('finished') / 'venv'
    unneeded = ('pip', 'pip-*', 'setuptools*', 'pkg_resources', '*distutils*')
    copy_environment(first[0] / '.venv', venv, ignore=shutil.ignore_patterns(*unneeded))
    (site_packages(venv) / 'pip.py').write_text(QUICK_PIP)
    return venv


@pytest.fixture(scope='session')
def fresh(finished, tmp_path_factory):
    """What python -m venv makes, without any of the packages."""
    venv = tmp_path_factory.mktemp('fresh') / 'venv'
    added = ('made-for', 'installed', 'pip.log', 'numpy*', 'tensorflow*')
    copy_environment(finished, venv, ignore=shutil.ignore_patterns(*added))
    return venv


@pytest.fixture
def workshop(folder, wheels, fresh):
    """A workshop without .venv; its python3 makes one in no time."""
    workshop = make_workshop(folder, wheels)
    python = folder / 'bin/python3'
    python.unlink()
    python.write_text(QUICK_PYTHON.format(python=PYTHON, folder=folder, fresh=fresh))
    python.chmod(0o755)
    return workshop


@pytest.fixture
def ready(workshop, finished):
    """A workshop with a finished .venv."""
    copy_environment(finished, workshop / '.venv')
    return workshop


def copy_environment(old, new, **options):
    """Copy a virtual environment as if it had been made there."""
    shutil.copytree(old, new, symlinks=True, **options)
    for file in (*new.glob('bin/activate'), *new.glob('made-for')):
        file.write_text(file.read_text().replace(str(old), str(new)))


def site_packages(venv):
    (folder,) = venv.glob('lib/python*/site-packages')
    return folder


def packages(workshop):
    found = workshop.glob('.venv/lib/python*/site-packages/*-1.0.dist-info')
    return {path.name.split('-')[0] for path in found}


def environment(workshop, path=None, wheels=True, **variables):
    folder = workshop.parent
    return {
        'PATH': str(path or folder / 'bin'),
        'HOME': str(folder),
        'PIP_CONFIG_FILE': os.devnull,
        'PIP_NO_INDEX': '1',
        'PIP_FIND_LINKS': str(folder / 'wheels') if wheels else '',
        **variables,
    }


class Shell:
    """A shell that sources script.sh from another folder and goes on meanwhile.

    Its stdout ends with 'status N', then what the commands after print.
    """

    def __init__(self, shell, workshop, after='', before='', arguments='', **options):
        folder = workshop.parent
        script = f'{before}\n. "{workshop}/script.sh" {arguments}; echo "status $?"; {after}'
        number = len(list(folder.glob('*.stderr')))
        self.files = [folder / f'{number}.{name}' for name in ('stdout', 'stderr')]
        with self.files[0].open('w') as stdout, self.files[1].open('w') as stderr:
            self.process = subprocess.Popen(
                [shutil.which(shell), '-c', script],
                cwd=folder,
                env=environment(workshop, **options),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )

    @property
    def stdout(self):
        return self.files[0].read_text()

    @property
    def stderr(self):
        return self.files[1].read_text()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def __repr__(self):
        return f'stdout:\n{self.stdout}stderr:\n{self.stderr}'


def source(*arguments, **options):
    """Source script.sh in a new shell to its end."""
    with Shell(*arguments, **options) as shell:
        shell.process.wait(timeout=100)
    return shell


def until(condition):
    """Wait until it holds; what takes a moment here may take long on a busy machine."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError('waited in vain')


def lines(shell, *parts):
    """The lines of its own on stderr that contain the parts."""
    own = [line for line in shell.stderr.splitlines() if line.startswith('script.sh: ')]
    return [line for line in own if all(part in line for part in parts)]


def assert_fails(shell, *parts):
    """It said why in one line, and the shell went on."""
    assert re.search(r'status [1-9]', shell.stdout), shell
    line = shell.stderr.splitlines()[-1]
    assert line.startswith('script.sh: ')
    assert len([x for x in shell.stderr.splitlines() if 'installing' not in x]) == 1, shell
    for part in parts:
        assert part in line
    assert not (shell.files[0].parent / 'work shop/.venv.lock').exists()


def assert_works(shell, workshop, *parts):
    """It is active, after one line with these parts, or none at all."""
    assert shell.stdout.startswith('status 0\n'), shell
    rest = [x for x in shell.stderr.splitlines() if 'installing' not in x]
    assert len(rest) == bool(parts), shell
    for part in parts:
        assert part in rest[0] and rest[0].startswith('script.sh: ')
    assert not (workshop / '.venv.lock').exists()


def test_first_time(first):
    workshop, one, two = first
    for shell in one, two:
        assert shell.stdout.splitlines() == [
            'status 0',
            f'{workshop}/.venv/bin/python',
            'same',
            'clean',
        ]
    assert len(lines(one, 'installing')) == len(one.stderr.splitlines()) == 1
    assert len(lines(two, 'waiting')) == len(two.stderr.splitlines()) == 1
    assert packages(workshop) == {'numpy', 'tensorflow'}
    assert {path.name for path in workshop.iterdir()} == {'.venv', 'requirements.txt', 'script.sh'}


@pytest.mark.parametrize('shell', SHELLS)
def test_later_times(ready, shell):
    """Twice in one shell, without packages or a Python to be had: nothing to say, nothing made."""
    (ready.parent / 'bin/python3').unlink()
    before = {path: path.stat().st_mtime_ns for path in (ready / '.venv').iterdir()}
    again = f'. "{ready}/script.sh"; echo "again $?"; python -c "import tensorflow"; echo $?'
    process = source(shell, ready, after=again, wheels=False)
    assert process.stdout.splitlines() == ['status 0', 'again 0', '0']
    assert process.stderr == ''
    assert {path: path.stat().st_mtime_ns for path in (ready / '.venv').iterdir()} == before


def test_what_the_real_pip_says(first):
    """Where there is no network, what was installed before serves."""
    workshop, requirements = first[0], first[0] / 'requirements.txt'
    before = requirements.read_text()
    requirements.write_text(before + 'more\n')
    try:
        process = source('bash', workshop, after='command -v python', wheels=False)
    finally:
        requirements.write_text(before)
    assert_works(
        process, workshop, 'pip failed (ERROR: No matching', 'for more)', requirements.name
    )
    assert process.stdout == f'status 0\n{workshop}/.venv/bin/python\n'


def test_changed_requirements(ready):
    (ready / 'requirements.txt').write_text('numpy\ntensorflow\nmore\n')
    assert_works(source('bash', ready, wheels=False), ready, 'pip failed')
    assert_works(source('bash', ready), ready)
    assert packages(ready) == {'numpy', 'tensorflow', 'more'}


def test_cuda(ready):
    """Asked for where there is no GPU; once installed, the libraries stay."""
    for shell in BOTH:
        # Arguments of a script that sources it are not its own.
        assert_works(source(shell, ready, before='set -- --N_train 100', wheels=False), ready)
    assert packages(ready) == {'numpy', 'tensorflow'}
    # A GPU node without them, and without network.
    nvidia_smi = ready.parent / 'bin/nvidia-smi'
    nvidia_smi.symlink_to('/bin/true')
    process = source('bash', ready, after='command -v python', wheels=False)
    assert_works(process, ready, 'CUDA libraries', 'pip failed', '--cuda')
    assert process.stdout == f'status 0\n{ready}/.venv/bin/python\n'
    nvidia_smi.unlink()
    assert_works(source(BOTH[1], ready, arguments='--cuda'), ready)
    assert packages(ready) == {'numpy', 'tensorflow', 'cuda'}
    (ready / 'requirements.txt').write_text('numpy\ntensorflow\nmore\n')
    assert_works(source('bash', ready), ready)
    for shell in BOTH:  # with and without a GPU
        process = source(shell, ready, wheels=False)
        assert_works(process, ready)
        assert process.stderr == ''
        if not nvidia_smi.exists():
            nvidia_smi.symlink_to('/bin/true')
    assert (ready / '.venv/installed').read_text().startswith('tensorflow[and-cuda] ')


def test_gpu_brings_cuda(workshop):
    (workshop.parent / 'bin/nvidia-smi').symlink_to('/bin/true')
    assert_works(source('bash', workshop), workshop)
    assert packages(workshop) == {'numpy', 'tensorflow', 'cuda'}


def test_failed_installation_is_not_taken_for_good(workshop):
    assert_fails(source('bash', workshop, wheels=False), 'pip failed', 'numpy')
    process = source('bash', workshop, after='command -v python')
    assert process.stdout == f'status 0\n{workshop}/.venv/bin/python\n'
    assert packages(workshop) == {'numpy', 'tensorflow'}


def test_unfinished_environment_is_made_anew(workshop):
    (workshop / '.venv/bin').mkdir(parents=True)
    (workshop / '.venv/unfinished').touch()
    (workshop / '.venv/bin/activate').write_text('echo half-made')
    process = source('bash', workshop)
    assert_works(process, workshop)
    assert 'half-made' not in process.stdout


def test_anothers_environment_is_left_alone(workshop):
    (workshop / '.venv').mkdir()
    (workshop / '.venv/mine').touch()
    assert_fails(source('bash', workshop), '.venv', 'move it away')
    assert (workshop / '.venv/mine').exists()


def misfits(workshop, shell, *parts):
    """The finished .venv is left as it is; a line says what is wrong and how to make it anew."""
    venv = workshop / '.venv'
    before = sorted(venv.rglob('*'))
    process = source(shell, workshop, after='command -v python')
    assert_fails(process, *parts, f'{venv} ', f'rm -r "{venv}"; . "{workshop}/script.sh"')
    assert process.stdout.splitlines()[1:] == []
    assert sorted(venv.rglob('*')) == before


def test_finished_environment_is_never_removed(ready):
    venv, folder = ready / '.venv', ready.parent
    # Reached by another way: good.
    moved = ready.rename(folder / 'moved')
    ready.symlink_to(moved)
    assert_works(source('bash', ready, wheels=False), moved)
    # Copied, and moved away: its commands are those of the other place.
    copied = folder / 'copied'
    shutil.copytree(moved, copied, symlinks=True)
    misfits(copied, 'bash', f'was made as {venv}')
    ready.unlink()
    misfits(moved, BOTH[1], f'was made as {venv}')
    moved.rename(ready)
    # Another Python behind the same path.
    (venv / 'lib').rename(folder / 'lib')
    (venv / 'lib').mkdir()
    (venv / 'lib/python3.10').symlink_to(next((folder / 'lib').iterdir()))
    misfits(ready, 'bash', "No module named 'numpy'", 'packages are for python3.10', 'now Python 3')
    shutil.rmtree(venv / 'lib')
    (folder / 'lib').rename(venv / 'lib')
    # Packages that are damaged.
    (site_packages(venv) / 'numpy.py').write_text('raise ImportError("half of it")')
    misfits(ready, BOTH[1], 'half of it')
    # No Python any more.
    (venv / 'bin/python').unlink()
    misfits(ready, 'bash', 'bin/python')
    # The command of the remedy.
    remedy = f'rm -r "{venv}"'
    assert_works(source('bash', ready, before=remedy, after='command -v python'), ready)
    assert (folder / 'made').read_text() == f'{venv}\n'


@pytest.mark.parametrize('shell', SHELLS)
def test_unsuitable_python(workshop, shell):
    python = workshop.parent / 'bin/python3'
    python.unlink()
    assert_fails(source(shell, workshop), 'Python 3.11')
    python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.8.10\nexit 1\n')
    python.chmod(0o755)
    assert_fails(source(shell, workshop), 'Python 3.8.10', '3.11')
    python.write_text(f'#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; esac\nexec {PYTHON} "$@"\n')
    assert_fails(source(shell, workshop), 'venv', 'python3-venv')
    assert not (workshop / '.venv').exists()


@pytest.mark.parametrize('shell', SHELLS)
def test_habits_of_a_shell(workshop, shell):
    """Aliases, functions, and the PYTHONPATH of other software, all from a start-up file."""
    hidden = workshop.parent / 'hidden'
    hidden.mkdir()
    (hidden / 'numpy.py').write_text('raise ImportError("another numpy")')
    before = f"""
        {'shopt -s expand_aliases' if shell == 'bash' else ''}
        export PYTHONPATH='{hidden}' CDPATH=/usr
        alias python3='echo no Python' rm='rm -i' ls='ls --color=always' cat='echo no cat'
        mkdir() {{ echo no mkdir; }}; tail() {{ echo no tail; }}; python3.12() {{ echo 3.12; }}"""
    after = 'echo "${PYTHONPATH:-unset}"; python -c "import numpy; print(numpy.__file__)"'
    process = source(shell, workshop, after, before)
    assert_works(process, workshop)
    numpy = site_packages(workshop / '.venv') / 'numpy.py'
    assert process.stdout.splitlines() == ['status 0', 'unset', str(numpy)]


@pytest.mark.parametrize('shell', SHELLS)
def test_run_instead_of_sourced(folder, shell):
    shutil.copy(PROJECT / 'script.sh', folder)
    process = subprocess.run([shell, 'script.sh'], capture_output=True, text=True, timeout=60)
    assert process.returncode != 0 and '. ./script.sh' in process.stderr
    assert not (folder / '.venv').exists()


def dead_process():
    process = subprocess.Popen(['true'])
    process.wait()
    return process.pid


def leave_lock(workshop, owner, minutes=0):
    """A lock whose owner touched its file so long ago."""
    lock = workshop / '.venv.lock'
    lock.mkdir()
    then = time.time() - 60 * minutes
    if owner:
        (lock / owner).touch()
        os.utime(lock / owner, (then, then))
    os.utime(lock, (then, then))


def test_four_at_once(workshop):
    """One installs, three wait and say so, although a killed one has left its lock."""
    hold = workshop.parent / 'hold'
    hold.touch()
    leave_lock(workshop, f'{HOST}:{dead_process()}')
    with contextlib.ExitStack() as stack:
        shells = [stack.enter_context(Shell(shell, workshop)) for shell in 2 * BOTH]
        until(lambda: sum(len(lines(shell, 'waiting')) for shell in shells) >= 3)
        # The one that installs shows that it lives, so that nobody takes its lock for an old one.
        (owner,) = (workshop / '.venv.lock').iterdir()
        then = time.time() - 60
        os.utime(owner, (then, then))
        until(lambda: owner.stat().st_mtime > then + 1)
        host, pid = owner.name.split(':')
        hold.unlink()
        for shell in shells:
            shell.process.wait(timeout=100)
    for shell in shells:
        assert shell.stdout == 'status 0\n'
        assert len(shell.stderr.splitlines()) == 1
    assert sum(len(lines(shell, 'installing')) for shell in shells) == 1
    assert sum(len(lines(shell, f'waiting for process {pid} on {host}')) for shell in shells) == 3
    assert (workshop.parent / 'made').read_text() == f'{workshop}/.venv\n'
    assert not list(workshop.glob('.venv?*'))


def test_killed_installer_stops_nobody(workshop):
    """Neither who waits already nor who comes later."""
    hold = workshop.parent / 'hold'
    hold.touch()
    with Shell('bash', workshop) as killed, contextlib.ExitStack() as stack:
        until(lambda: (workshop.parent / 'made').exists())
        waiting = stack.enter_context(Shell(BOTH[1], workshop))
        until(lambda: lines(waiting, 'waiting'))
        killed.kill()
        hold.unlink()
        waiting.process.wait(timeout=100)
    assert waiting.stdout == 'status 0\n', waiting
    assert len(lines(waiting, 'installing')) == 1
    assert_works(source('bash', workshop, wheels=False), workshop)


@pytest.mark.parametrize('shell', SHELLS)
def test_signal_at_the_end_leaves_no_lock(workshop, shell):
    """scancel sends its signals one after the other; one may come while the lock is removed."""
    rm = workshop.parent / 'bin/rm'
    rm.unlink()
    rm.write_text(
        f'#!/bin/sh\n{shutil.which("rm")} "$@"\ncase "$*" in *.lock/*) kill $PPID;; esac\n'
    )
    rm.chmod(0o755)
    assert_works(source(shell, workshop), workshop)


@pytest.mark.parametrize('owner', ['elsewhere:1', 'this host', ''])
def test_old_lock_stops_nobody(workshop, owner):
    """Of another host, of a process number that is in use again, of nobody."""
    leave_lock(workshop, f'{HOST}:{os.getpid()}' if owner == 'this host' else owner, minutes=3)
    assert_works(source('bash', workshop), workshop)


@pytest.mark.parametrize('host', ['elsewhere', HOST])
def test_fresh_lock_is_respected(ready, host):
    """A .venv with nothing to install needs no lock; otherwise one waits, even for another host."""
    pid = os.getpid()
    leave_lock(ready, f'{host}:{pid}', minutes=1)
    process = source('bash', ready, wheels=False)
    assert (process.stdout, process.stderr) == ('status 0\n', '')
    (ready / 'requirements.txt').write_text('numpy\n')
    with Shell('bash', ready) as process:
        until(lambda: lines(process, f'waiting for process {pid} on {host},'))
        assert process.process.poll() is None and packages(ready) == {'numpy', 'tensorflow'}
        shutil.rmtree(ready / '.venv.lock')
        process.process.wait(timeout=100)
    assert process.stdout == 'status 0\n' and len(process.stderr.splitlines()) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write everywhere')
def test_read_only_folder(ready):
    (ready / 'requirements.txt').write_text('numpy\ntensorflow\nmore\n')
    ready.chmod(0o555)
    try:
        assert_works(source('bash', ready), ready, 'cannot be written (Permission denied)')
    finally:
        ready.chmod(0o755)


@pytest.mark.parametrize('shell', SHELLS)
def test_ctrl_c(workshop, shell):
    """At a prompt: it ends the waiting or the installing, and leaves no lock and no noise."""
    folder, lock = workshop.parent, workshop / '.venv.lock'
    (folder / 'hold').touch()
    leave_lock(workshop, f'{HOST}:{os.getpid()}')
    terminal, inside = os.openpty()
    with subprocess.Popen(
        [shutil.which(shell), *(['--norc', '-i'] if shell == 'bash' else ['-fi'])],
        cwd=folder,
        env=environment(workshop, TERM='dumb', PS1='> ', PROMPT='> '),
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    ) as process:
        os.close(inside)
        os.set_blocking(terminal, False)
        seen = ''

        def shows(text):
            nonlocal seen
            with contextlib.suppress(BlockingIOError, OSError):
                seen += os.read(terminal, 10000).decode()
            return text in seen

        try:
            # '' keeps the terminal's echo of the command from being taken for its answer.
            line = f'. "{workshop}/script.sh"; echo "ended"" $?"\n'.encode()
            os.write(terminal, line)
            until(lambda: shows('waiting for'))
            os.write(terminal, b'\x03')
            until(lambda: shows('ended 130'))
            assert lock.exists()
            shutil.rmtree(lock)
            seen = ''
            os.write(terminal, line)
            until(lambda: (folder / 'made').exists())
            os.write(terminal, b'\x03')
            until(lambda: shows('ended 130'))
            assert not lock.exists()
            (folder / 'hold').unlink()
            os.write(terminal, line)
            until(lambda: shows('ended 0'))
            os.write(terminal, b'typeset -f | grep -c _workshop; jobs; echo "at"" end"\n')
            until(lambda: shows('at end'))
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            os.close(terminal)
    assert not re.search(r'Terminated|Done|\[1\]|Killed|job', seen.replace('jobs;', '')), seen
    assert re.search(r'^0\r?$', seen, re.M), seen
    assert packages(workshop) == {'numpy', 'tensorflow'}


@pytest.mark.skipif(not LMOD.exists(), reason='no Lmod here')
def test_module_system(workshop):
    """Real Lmod with a module of ours in the place of OzSTAR's."""
    folder, script = workshop.parent, workshop / 'script.sh'
    (name,) = re.findall(r'^_workshop_modules="(.*)"', script.read_text(), re.M)
    module = folder / 'modules' / f'{name}.lua'
    module.parent.mkdir(parents=True)
    (folder / 'module/bin').mkdir(parents=True)
    (folder / 'bin/python3').rename(folder / 'module/bin/python3')
    module.write_text(
        f'prepend_path("PATH", "{folder}/module/bin")\n'
        f'setenv("PYTHONPATH", "{folder}/module/hidden")\nsetenv("LOADED", "yes")\n'
    )
    other = folder / 'modules/other/1.0.lua'
    other.parent.mkdir()
    other.write_text('setenv("OTHER", "loaded")\n')
    after = 'echo "$LOADED/${OTHER:-purged}/${PYTHONPATH:-unset}"; command -v python'
    system = {'MODULEPATH': str(folder / 'modules'), 'path': f'{folder}/bin:/usr/bin:/bin'}
    expected = ['status 0', 'yes/purged/unset', f'{workshop}/.venv/bin/python']
    for shell in BOTH:
        before = f'. {LMOD}/{shell}; module load other'
        process = source(shell, workshop, after, before, **system)
        assert process.stdout.splitlines() == expected
    assert process.stderr == ''
    assert packages(workshop) == {'numpy', 'tensorflow', 'cuda'}
    assert (folder / 'made').read_text() == f'{workshop}/.venv\n'  # by the module's Python
    # A job without the module system, and a module of another name: .venv works with both.
    process = source('bash', workshop, after='command -v python', wheels=False)
    assert (process.stdout.splitlines(), process.stderr) == ([expected[0], expected[2]], '')
    script.write_text(script.read_text().replace(f'="{name}"', '="python/3"'))
    (folder / 'modules/python').mkdir()
    shutil.copy(module, folder / 'modules/python/3.lua')
    for shell in BOTH:
        before = f'. {LMOD}/{shell}'
        process = source(shell, workshop, after, before, wheels=False, **system)
        assert process.stdout.splitlines() == expected
        assert_works(process, workshop, name, 'python/3', 'rm -r')
    (folder / 'modules/python/3.lua').unlink()
    for shell in BOTH:
        before = f'. {LMOD}/{shell}'
        assert_fails(source(shell, workshop, before=before, **system), 'python/3', 'module spider')


def test_jobs_lose_nothing(ready):
    """train.slurm as a batch system runs it: a copy from elsewhere, in the folder of sbatch."""
    spool = ready.parent / 'spool'
    spool.mkdir()
    job = shutil.copy(PROJECT / 'train.slurm', spool / 'slurm_script')
    (ready / 'train.py').write_text(
        'import pathlib, sys\n'
        'pathlib.Path("history.png").write_text(" ".join(sys.argv[1:]))\n'
        'print(*(pathlib.Path(f"{name}/X_1.dat").read_text() for name in ("Train", "Test")))\n'
    )
    for name in ('Train', 'Test'):
        (ready / name).mkdir()
        (ready / name / 'X_1.dat').write_text(name)

    def run(number, *arguments):
        return subprocess.run(
            ['bash', job, *arguments],
            cwd=ready,
            env=environment(ready, wheels=False, SLURM_JOB_ID=number),
            capture_output=True,
            text=True,
            timeout=100,
        )

    for number, arguments in (('1', []), ('2', ['--N_train', '100']), ('2', ['--seed', '1'])):
        process = run(number, *arguments)
        assert (process.returncode, process.stderr) == (0, ''), process
        assert process.stdout == 'Train Test\n'
        assert (ready / f'train-{number}/history.png').read_text() == ' '.join(arguments)
    assert not (ready / 'history.png').exists()
    # It ends where it cannot go on, and with the status of train.py.
    (ready / 'train-3').touch()
    assert run('3').returncode != 0 and not (ready / 'history.png').exists()
    (ready / 'train.py').write_text('raise SystemExit(7)')
    assert run('4').returncode == 7
    (ready / '.venv').rename(ready.parent / 'away')
    (ready.parent / 'bin/python3').unlink()
    assert run('5').returncode == 1 and not (ready / 'train-5').exists()
