"""What the tests share: the real scripts, run in a temporary folder as users do.

script() runs one in this process, which costs a hundredth of starting Python; process()
starts Python, for what is about processes: signals, terminals, full disks.
"""

import contextlib
import io
import linecache
import os
import pathlib
import runpy
import shutil
import signal
import subprocess
import sys
import types
import warnings
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
SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGPIPE  # which scripts handle

TRAIN = (PROJECT / 'train.py').read_text(encoding='utf-8')

SHORT = ('--N_train', 20, '--N_test', 10, '--N_epochs', 3)  # the shortest training

# ---------------------------------------------------------------- running the scripts


@contextlib.contextmanager
def restored():
    """Give back to this process what a script may change in it."""
    import matplotlib.pyplot as plt

    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    if 'keras' in sys.modules:  # the first network is called sequential
        sys.modules['keras'].utils.clear_session()
    own = {'argv': sys.argv, 'path': [*sys.path], 'excepthook': sys.excepthook}
    folder, environment = contextlib.chdir('.'), mock.patch.dict(os.environ)
    try:
        with mock.patch.multiple(sys, **own), folder, environment:
            with warnings.catch_warnings(), plt.rc_context():
                yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        plt.close('all')


def script(*command, status=0, cwd='.', env=None):
    """Run a script in this process, as python SCRIPT ... would; return what it prints.

    The script is one in the folder cwd, or else one of ours. Fails unless it ends with
    this exit status; None stands for any.
    """
    path, *arguments = map(str, command)
    code, out, err = 0, io.StringIO(), io.StringIO()
    with restored(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        os.chdir(cwd)
        os.environ.update(env or {})
        path = os.path.abspath(path) if os.path.exists(path) else str(PROJECT / path)
        sys.argv = [path, *arguments]
        linecache.checkcache(path)
        try:
            runpy.run_path(path, run_name='__main__')
        except SystemExit as end:
            code = end.code or 0
            if not isinstance(code, int):
                print(code, file=sys.stderr)
                code = 1
        except BaseException as error:
            code = 1
            trace = error.__traceback__.tb_next  # without this function
            sys.excepthook(type(error), error.with_traceback(trace), trace)
    done = types.SimpleNamespace(stdout=out.getvalue(), stderr=err.getvalue())
    assert status in (None, code), f'{command}: {code}\n{done.stdout}{done.stderr}'
    return done


def process(*command, env=None):
    """Run a script in a new Python, which must end well; return what it prints."""
    name, *arguments = map(str, command)
    command = [sys.executable, PROJECT / name, *arguments]
    options = {'capture_output': True, 'encoding': 'utf-8', 'timeout': 150}
    done = subprocess.run(command, env=os.environ | (env or {}), **options)
    assert done.returncode == 0, done.stderr
    return done


def refused(*command, parts, status=1):
    """Run a script that must end in a line with these parts, 2 below its usage.

    Before it stands at most the script's line, where utilities.py raises an error.
    """
    *others, last = script(*command, status=status).stderr.splitlines()
    assert status == 2 or (len(others) < 2 and 'Traceback' not in ''.join(others))
    assert all(part in last for part in parts), last


def contents(folder):
    """Return the bytes of every file below folder, but the lock, by its path."""
    paths = pathlib.Path(folder).rglob('*')
    files = [path for path in paths if path.is_file() and path.name != '.lock']
    return {str(path): path.read_bytes() for path in files}


@pytest.fixture(autouse=True)
def figures(request, monkeypatch):
    """The figures, by the names of their files; none is drawn, as that takes long."""
    saved = {}

    def savefig(figure, path, **options):
        pathlib.Path(path).touch()
        saved[pathlib.Path(path).name] = figure

    if not request.node.get_closest_marker('drawn'):
        monkeypatch.setattr('matplotlib.figure.Figure.savefig', savefig)
    return saved


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder, which the test and its scripts work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope='session')
def generated(tmp_path_factory):
    """20 training and 10 test sequences, made once; not to be changed."""
    folder = tmp_path_factory.mktemp('generated')
    script('generate_data.py', 20, 10, cwd=folder)
    return folder


@pytest.fixture
def data(folder, generated):
    """A folder with 20 training and 10 test sequences, which the test works in."""
    shutil.copytree(generated, folder, dirs_exist_ok=True)
    return folder


@pytest.fixture(scope='session')
def lesson(tmp_path_factory):
    """The folder of the first two commands, not to be changed, and what is printed."""
    folder = tmp_path_factory.mktemp('lesson')
    script('generate_data.py', cwd=folder)
    printed = script('train.py', cwd=folder).stdout
    return types.SimpleNamespace(folder=folder, stdout=printed)


@pytest.fixture
def trained(folder, lesson):
    """A copy of the lesson's folder, which the test works in."""
    shutil.copytree(lesson.folder, folder, dirs_exist_ok=True, symlinks=True)
    return folder
