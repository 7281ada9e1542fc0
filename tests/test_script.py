"""script.sh, sourced in real shells, with small stand-ins for the packages: no network needed."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import zipfile

import pytest
from conftest import PROJECT

LMOD = pathlib.Path('/usr/share/lmod/lmod/init')
SHELLS = [
    'bash',
    pytest.param('zsh', marks=pytest.mark.skipif(not shutil.which('zsh'), reason='no zsh here')),
]


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


@pytest.fixture
def workshop(folder):
    """A folder, with a space in its name, of script.sh and requirements for stand-in packages."""
    (folder / 'wheels').mkdir()
    extra = ('Provides-Extra: and-cuda', 'Requires-Dist: cuda ; extra == "and-cuda"')
    wheel(folder / 'wheels', 'tensorflow', *extra)
    wheel(folder / 'wheels', 'cuda')
    wheel(folder / 'wheels', 'more')
    workshop = folder / 'work shop'
    workshop.mkdir()
    shutil.copy(PROJECT / 'script.sh', workshop)
    (workshop / 'requirements.txt').write_text('tensorflow\n')
    # Only this Python and the usual tools are on the PATH: no module system, no GPU.
    (folder / 'bin').mkdir()
    for tool in ('cat', 'dirname', 'rm', 'mkdir', 'tail', 'env', 'uname', 'bash', 'ps', 'expr'):
        (folder / 'bin' / tool).symlink_to(shutil.which(tool))
    (folder / 'bin/python3').symlink_to(os.path.realpath(sys.executable))
    return workshop


def source(shell, workshop, after='', before='', path=None, wheels=True, **variables):
    """Source script.sh in a new shell, from another folder; return the process.

    Its stdout ends with 'status N', then what the commands after print.
    """
    folder = workshop.parent
    environment = {
        'PATH': str(path or folder / 'bin'),
        'HOME': str(folder),
        'PIP_CONFIG_FILE': os.devnull,
        'PIP_NO_INDEX': '1',
        'PIP_FIND_LINKS': str(folder / 'wheels') if wheels else '',
        **variables,
    }
    script = f'{before}\n. "{workshop}/script.sh"; echo "status $?"; {after}'
    return subprocess.run(
        [shutil.which(shell), '-c', script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )


def packages(workshop):
    found = workshop.glob('.venv/lib/python*/site-packages/*-1.0.dist-info')
    return {path.name.split('-')[0] for path in found}


def assert_fails(process, *parts):
    """It said why in one line, and the shell went on."""
    assert re.search(r'status [1-9]', process.stdout), process
    line = process.stderr.splitlines()[-1]
    assert line.startswith('script.sh: ')
    assert len([x for x in process.stderr.splitlines() if 'installing' not in x]) == 1
    for part in parts:
        assert part in line


@pytest.mark.parametrize('shell', SHELLS)
def test_first_and_later_times(workshop, shell):
    options = 'set +o; alias; pwd' if shell == 'bash' else 'set -o; alias; pwd'
    process = source(
        shell,
        workshop,
        before=f'set -eu; set -C; before=$({options})',  # the strictest shell
        after=f'command -v python; after=$({options}); [ "$before" = "$after" ] && echo same;'
        ' set | grep ^_workshop || echo clean',
        path=f'{workshop.parent}/bin:/usr/bin:/bin',
    )
    assert 'status 0' in process.stdout
    assert process.stdout.splitlines()[1:] == [f'{workshop}/.venv/bin/python', 'same', 'clean']
    assert 'cuda' not in packages(workshop) and 'tensorflow' in packages(workshop)
    # A second time, twice in one shell, without packages to be had: quick, and nothing to say.
    start = time.perf_counter()
    again = f'. "{workshop}/script.sh"; echo "again $?"; python -c "import tensorflow"; echo $?'
    process = source(shell, workshop, after=again, wheels=False)
    assert process.stdout.split('\n')[:3] == ['status 0', 'again 0', '0']
    assert process.stderr == ''
    assert time.perf_counter() - start < 2


def test_changed_requirements(workshop):
    assert 'status 0' in source('bash', workshop).stdout
    (workshop / 'requirements.txt').write_text('tensorflow\nmore\n')
    assert_fails(source('bash', workshop, wheels=False), 'pip failed')
    assert 'status 0' in source('bash', workshop).stdout
    assert packages(workshop) >= {'tensorflow', 'more'}


def test_gpu_brings_cuda(workshop):
    (workshop.parent / 'bin/nvidia-smi').symlink_to('/bin/true')
    assert 'status 0' in source('bash', workshop).stdout
    assert packages(workshop) >= {'tensorflow', 'cuda'}


def test_failed_installation_is_not_taken_for_good(workshop):
    assert_fails(source('bash', workshop, wheels=False), 'pip failed', 'tensorflow')
    process = source('bash', workshop, after='command -v python')
    assert process.stdout == f'status 0\n{workshop}/.venv/bin/python\n'
    assert 'tensorflow' in packages(workshop)


def test_killed_installation_is_not_taken_for_good(workshop):
    (workshop / '.venv/bin').mkdir(parents=True)
    (workshop / '.venv/unfinished').touch()
    (workshop / '.venv/bin/activate').write_text('echo half-made')
    process = source('bash', workshop)
    assert 'status 0' in process.stdout and 'half-made' not in process.stdout


def test_moved_folder_gets_a_new_environment(workshop):
    assert 'status 0' in source('bash', workshop).stdout
    moved = workshop.rename(workshop.parent / 'moved')
    process = source('bash', moved, after='command -v python')
    assert process.stdout == f'status 0\n{moved}/.venv/bin/python\n'


def test_anothers_environment_is_left_alone(workshop):
    (workshop / '.venv').mkdir()
    (workshop / '.venv/mine').touch()
    assert_fails(source('bash', workshop), '.venv', 'move it away')
    assert (workshop / '.venv/mine').exists()


@pytest.mark.parametrize('shell', SHELLS)
def test_unsuitable_python(workshop, shell):
    python = workshop.parent / 'bin/python3'
    python.unlink()
    assert_fails(source(shell, workshop), 'Python 3.11')
    python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.8.10\nexit 1\n')
    python.chmod(0o755)
    assert_fails(source(shell, workshop), 'Python 3.8.10', '3.11')
    real = os.path.realpath(sys.executable)
    python.write_text(f'#!/bin/sh\ncase "$*" in *ensurepip*) exit 1;; esac\nexec {real} "$@"\n')
    assert_fails(source(shell, workshop), 'venv', 'python3-venv')
    assert not (workshop / '.venv').exists()


@pytest.mark.parametrize('shell', SHELLS)
def test_run_instead_of_sourced(workshop, shell):
    process = subprocess.run([shell, workshop / 'script.sh'], capture_output=True, text=True)
    assert process.returncode != 0 and '. ./script.sh' in process.stderr
    assert not (workshop / '.venv').exists()


@pytest.mark.skipif(not LMOD.exists(), reason='no Lmod here')
@pytest.mark.parametrize('shell', SHELLS)
def test_module_system(workshop, shell):
    """Real Lmod with a module of ours in the place of OzSTAR's."""
    folder = workshop.parent
    (name,) = re.findall(r'^_workshop_modules="(.*)"', (workshop / 'script.sh').read_text(), re.M)
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
    before = f'. {LMOD}/{shell}; module load other'
    after = 'echo "$LOADED/${OTHER:-purged}/${PYTHONPATH:-unset}"; command -v python'
    system = {'MODULEPATH': str(folder / 'modules'), 'path': f'{folder}/bin:/usr/bin:/bin'}
    for _ in range(2):
        process = source(shell, workshop, after, before, **system)
        assert process.stdout.splitlines() == [
            'status 0',
            'yes/purged/unset',
            f'{workshop}/.venv/bin/python',
        ]
    assert process.stderr == ''
    assert packages(workshop) >= {'tensorflow', 'cuda'}
    home = re.search(r'^home = (.*)$', (workshop / '.venv/pyvenv.cfg').read_text(), re.M)[1]
    assert home == f'{folder}/module/bin'
    module.unlink()
    assert_fails(source(shell, workshop, before=before, **system), name, 'module spider')
