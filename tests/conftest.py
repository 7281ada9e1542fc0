"""What the tests share: the real scripts, run in a temporary folder as users do.

script() runs one in this process, which costs a hundredth of starting Python; process()
starts Python, for what is about processes: signals, terminals, full disks.
"""

import contextlib
import gc
import io
import linecache
import os
import pathlib
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections import namedtuple
from unittest import mock

import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

# The tests run without a display or what this shell knows of a batch system; and
# Ctrl-C works in what they start, also where they were started with & or nohup.
for name in list(os.environ):
    if name.startswith(('SLURM_', 'KERAS_', 'TF_', 'DISPLAY', 'WAYLAND_')):
        del os.environ[name]
os.environ['MPLBACKEND'] = 'agg'
signal.signal(signal.SIGINT, signal.default_int_handler)


# ------------------------------------------------------- train.py, edited or not


def pytest_addoption(parser):
    why = "test train.py even if it isn't HEAD's"
    parser.addoption('--as-is', action='store_true', help=why)


# An attendee edits train.py: then HEAD's is tested, in a copy of the rest.
WORKSHOP = PROJECT
TRAIN = (PROJECT / 'train.py').read_text(encoding='utf-8')
if '--as-is' in sys.argv:
    os.environ['AS_IS'] = '1'  # for the processes of pytest-xdist
if 'AS_IS' not in os.environ:
    git = ['git', '-C', str(PROJECT), 'show', 'HEAD:train.py']
    head = subprocess.run(git, capture_output=True, encoding='utf-8')
    if head.returncode == 0 and head.stdout != TRAIN:  # else there is no repository
        TRAIN, copy = head.stdout, tempfile.TemporaryDirectory(prefix='workshop-')
        WORKSHOP = pathlib.Path(copy.name, 'workshop')
        others = shutil.ignore_patterns('.git', '.venv', 'Train', 'Test', 'runs')
        shutil.copytree(PROJECT, WORKSHOP, ignore=others)
        (WORKSHOP / 'train.py').write_text(TRAIN, encoding='utf-8')


def pytest_report_header():
    line = 'train.py: that of HEAD, as yours is edited (--as-is: yours)'
    return line if WORKSHOP != PROJECT else None


# ---------------------------------------------------------------- running the scripts


# What a script has printed, and its exit status.
Result = namedtuple('Result', 'stdout stderr returncode')
# The lesson's first two commands: their folder, and what train.py printed.
Lesson = namedtuple('Lesson', 'folder stdout')


@contextlib.contextmanager
def restored():
    """Give back to this process what a script may change in it."""
    from support import runs

    import matplotlib.pyplot as plt

    signals = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
    handlers = {number: signal.getsignal(number) for number in signals}
    runs.Run.current = None
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a new process
    if 'keras' in sys.modules:  # the first network is called sequential
        sys.modules['keras'].utils.clear_session()
    context = contextlib.ExitStack()
    for name, value in (
        ('excepthook', sys.excepthook),
        ('argv', []),
        ('path', [*sys.path]),
    ):
        context.enter_context(mock.patch.object(sys, name, value))
    with context, mock.patch.dict(os.environ), contextlib.chdir('.'):
        with warnings.catch_warnings(), plt.rc_context():
            yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
    gc.enable()
    plt.close('all')


def script(*command, status=0, cwd='.', env=None):
    """Run a script in this process, as python SCRIPT ... would; return a Result.

    The script is one in that folder, or else one of ours. Fails unless the exit status
    is the one expected; None stands for any.
    """
    path, *arguments = map(str, command)
    stdout, stderr, code = io.StringIO(), io.StringIO(), 0
    out, err = contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr)
    with restored(), out, err:
        os.chdir(cwd)
        os.environ.update(env or {})
        path = os.path.abspath(path) if os.path.exists(path) else str(WORKSHOP / path)
        sys.argv = [path, *arguments]
        linecache.checkcache(path)
        try:
            runpy.run_path(path, run_name='__main__')
        except SystemExit as end:
            code = end.code or 0
            if not isinstance(code, int):
                print(code, file=sys.stderr)
                code = 1
        except BaseException:
            code = 1
            sys.excepthook(*sys.exc_info())
    result = Result(stdout.getvalue(), stderr.getvalue(), code)
    assert status in (None, code), f'{command}: {code}\n{result.stdout}{result.stderr}'
    return result


def process(*command, status=0, cwd='.', env=None, prefix=(), **options):
    """Run a script in a new Python; return the finished process.

    Fails unless the exit status is the one expected; None stands for any.
    """
    name, *arguments = map(str, command)
    done = subprocess.run(
        [*prefix, sys.executable, str(WORKSHOP / name), *arguments],
        cwd=cwd,
        env=os.environ | {'PYTHONIOENCODING': 'utf-8'} | (env or {}),
        capture_output=True,
        encoding='utf-8',
        timeout=150,
        **options,
    )
    assert status in (None, done.returncode), done.stderr
    return done


def one_line(result, *parts):
    """Return the one line that a script says on stderr, which contains the parts.

    Usage may stand above that line where the status is 2.
    """
    *others, last = result.stderr.splitlines()
    assert result.returncode == 2 or not others, result.stderr
    assert 'Traceback' not in result.stderr
    assert last.split(': ')[0].endswith(('.py', 'experiments')), last
    for part in parts:
        assert part in last, last
    return last


def refused(*command, parts=(), status=1, **options):
    """Run a script that must end in one line on stderr; return that line."""
    return one_line(script(*command, status=status, **options), *parts)


# ---------------------------------------------------------------- folders and files


def contents(folder):
    """Return the bytes of every file below folder, by name."""
    folder = pathlib.Path(folder)
    paths = [path for path in folder.rglob('*') if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder, which the test and its scripts work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(tmp_path_factory, *command):
    """Return a new folder with the sequences that generate_data.py makes there."""
    folder = tmp_path_factory.mktemp('made')
    script('generate_data.py', *command, cwd=folder)
    return folder


@pytest.fixture(scope='session')
def generated(tmp_path_factory):
    """20 training and 10 test sequences, made once; not to be changed."""
    return made(tmp_path_factory, 20, 10)


@pytest.fixture
def data(folder, generated):
    """A folder with 20 training and 10 test sequences, which the test works in."""
    shutil.copytree(generated, folder, dirs_exist_ok=True)
    return folder


# The shortest training.
SHORT = ('--N_train', 20, '--N_test', 10, '--N_epochs', 3)


@pytest.fixture(scope='session')
def lesson(tmp_path_factory):
    """200 and 50 sequences and their network, made once; not to be changed."""
    folder = made(tmp_path_factory)
    return Lesson(folder, script('train.py', cwd=folder).stdout)


@pytest.fixture
def trained(folder, lesson):
    """A copy of the lesson's folder, which the test works in."""
    shutil.copytree(lesson.folder, folder, dirs_exist_ok=True, symlinks=True)
    return folder
