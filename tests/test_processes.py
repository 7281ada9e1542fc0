"""What needs real processes: exit statuses, signals, terminals, full disks, closed outputs."""

import contextlib
import gc
import itertools
import os
import pathlib
import pty
import re
import resource
import signal
import subprocess
import sys
import threading
import time
import zipfile

from support import start

import keras
import pytest
import tensorflow as tf
from conftest import PROJECT, SHORT, WORKSHOP, contents, made, one_line, process, refused, script

slow = pytest.mark.slow
OLD = b'the old one'


def python(*command, prefix=(), env=None, **options):
    """Run Python with these arguments; return the finished process."""
    return subprocess.run(
        [*prefix, sys.executable, *map(str, command)],
        **{'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE} | options,
        env=os.environ | (env or {}),
        encoding='utf-8',
        errors='replace',
        timeout=100,
    )


def terminal(*command, when='', act=lambda process, keyboard: None, **options):
    """Run Python on a terminal of its own; return its status, what that shows, and its stderr.

    As soon as what is shown matches when, act(process, keyboard) is called once; keyboard is a file
    to write to. stderr is on the terminal, too, unless the options give another.
    """
    ours, theirs = pty.openpty()
    colours = {'TERM': 'xterm', 'COLUMNS': '100', 'COLORTERM': 'truecolor', 'NO_COLOR': ''}
    shown, acted = '', False
    with subprocess.Popen(
        ['setsid', '-c', sys.executable, *map(str, command)],
        **{'stdin': theirs, 'stdout': theirs, 'stderr': theirs} | options,
        env=os.environ | {'PYTHONIOENCODING': 'utf-8'} | colours,
    ) as process:
        os.close(theirs)
        limit = threading.Timer(100, process.kill)
        limit.start()
        with contextlib.suppress(OSError), os.fdopen(ours, 'r+b', buffering=0) as keyboard:
            while data := keyboard.read(65536):  # an OSError on Linux when all have closed it
                shown += data.decode(errors='replace')
                if not acted and re.search(when, shown):
                    acted = act(process, keyboard) or True
        limit.cancel()
        errors = process.stderr.read().decode() if process.stderr else None
    return process.returncode, shown.replace('\r\n', '\n'), errors


# ---------------------------------------------------------------- each script once

STARTED = {
    'generate_data.py 5 5 --overwrite': (0, ''),
    'import_data.py a.csv --overwrite': (0, ''),
    'view.py 1': (0, ''),
    'train.py': (1, 'Train/X_21.dat is missing'),
    'train.py --N_epochs 0': (2, 'argument --N_epochs: 0 is not'),
    'train_large.py --N_train 20 --N_test 10 --N_epochs 1': (0, ''),  # train.py: see below
}


@pytest.mark.parametrize(
    'command', [pytest.param(x, marks=[slow] if 'large' in x else []) for x in STARTED]
)
def test_status_and_errors(data, command):
    """As a user starts them; also where a display is named that cannot be used."""
    pathlib.Path('a.csv').write_text('1,2,a\n3,5,b\n1,3,a\n3,1,b\n', encoding='utf-8')
    status, said = STARTED[command]
    env = {'DISPLAY': ':987', 'MPLBACKEND': ''}
    done = process(*command.split(), status=status, env=env)
    if status:
        one_line(done, said)
        assert done.stderr.startswith('usage: ') == (status == 2) and done.stdout == ''
    else:
        assert done.stderr == '' and done.stdout


def test_forgotten_script_sh(folder):
    """Without the packages, as in a shell where script.sh was not sourced: one line says so."""
    names = 'train', 'train_large', 'view', 'generate_data', 'import_data', 'infer'
    scripts = [(WORKSHOP / f'{name}.py', 1) for name in names]
    for command in (*scripts, ('-m', 'experiments', 'memory', '--output', folder)):
        done = python('-B', '-S', '-E', *command, cwd=PROJECT)
        assert done.returncode == 1
        one_line(done, 'is not installed here', '. ./script.sh')
    assert contents(folder) == {}


# ---------------------------------------------------------------- TensorFlow's notices

NOTICE = 'I0000 port.cc:153] oneDNN custom operations are on. You may see'
FILTER = f"""
import os, signal, sys, time
sys.path.insert(0, {str(WORKSHOP)!r})
from support.start import without_notices
before = os.listdir('/proc/self/fd')
with without_notices():
    os.write(2, b'{NOTICE}\\nan error \\xff\\n')
    """
ENDS = {
    'pass': 0,
    'sys.exit(3)': 3,
    '1 / 0': 1,
    'os._exit(4)': 4,
    'os.abort()': -signal.SIGABRT,
    'signal.raise_signal(signal.SIGKILL)': -signal.SIGKILL,
    'signal.raise_signal(signal.SIGILL)': -signal.SIGILL,
}


def test_all_but_the_notices_comes_out(folder):
    """However the process ends while the filter is open."""
    for end, status in ENDS.items():
        done = python('-c', f"{FILTER}os.write(2, b'the last'); {end}")
        first, last, *trace = done.stderr.splitlines()
        assert done.returncode == status
        assert first.startswith('an error ') and last.startswith('the last')
        assert ('ZeroDivisionError' in done.stderr) == bool(trace) == (end == '1 / 0')


def test_without_a_filter(folder):
    """Without grep all comes out; with stderr closed nothing, but the rest works."""
    done = python('-c', FILTER, env={'PATH': str(folder)})
    assert done.returncode == 0 and done.stderr.startswith(f'{NOTICE}\nan error')
    closed = FILTER.replace('os.write', 'print')
    done = python('-c', closed, prefix=['sh', '-c', 'exec "$@" 2>&-', 'sh'])
    assert (done.returncode, done.stderr) == (0, '') and 'an error' in done.stdout


def test_the_filter_ignores_ctrl_c(folder):
    stopped = """
    try:
        os.killpg(0, signal.SIGINT)
        time.sleep(60)
    except KeyboardInterrupt:
        os.write(2, b'goes on')"""
    done = python('-c', FILTER + stopped, start_new_session=True)
    assert done.returncode == 0 and done.stderr.splitlines()[1:] == ['goes on']


def test_stderr_is_the_terminal_again(folder):
    """And nothing is left of the filter."""
    after = """
print(os.isatty(2), os.listdir('/proc/self/fd') == before)
try:
    print(os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print('no child')"""
    status, shown, _ = terminal('-c', f'{FILTER}print(os.isatty(2)){after}')
    assert status == 0 and 'an error' in shown
    assert re.sub('an error.*\n', '', shown) == 'False\nTrue True\nno child\n'


@pytest.mark.parametrize('GPUs', [[], ['a GPU']])
def test_import_keras(monkeypatch, GPUs):
    """The garbage collector leaves alone what Keras brought; on a GPU, a seed repeats itself."""
    called = []
    name = 'enable_op_determinism'
    monkeypatch.setattr(tf.config.experimental, name, lambda: called.append(name))
    found = lambda kind: called.append((kind, gc.isenabled())) or GPUs  # noqa: E731
    monkeypatch.setattr(tf.config, 'list_physical_devices', found)
    gc.unfreeze()
    assert start.import_keras() is keras
    assert called == [('GPU', False), name][: 1 + len(GPUs)]
    assert gc.isenabled() and gc.get_freeze_count() > 100_000


# ---------------------------------------------------------------- on a terminal


@pytest.fixture(scope='module')
def session(tmp_path_factory):
    """train.py on a terminal; while it trains, other names of classes are written."""
    folder = made(tmp_path_factory, 20, 10)

    def other_names(process, keyboard):
        process.send_signal(signal.SIGSTOP)
        (folder / 'Train/classes.txt').write_text('others\nothers too\n', encoding='utf-8')
        process.send_signal(signal.SIGCONT)

    command = WORKSHOP / 'train.py', *SHORT, '--N_epochs', 300
    options = {'when': r'Epoch \d+/', 'act': other_names, 'stderr': subprocess.PIPE}
    return folder, *terminal(*command, **options, cwd=folder)


def bars(shown):
    """What stands before each bar that is drawn, and how many of its 40 parts are full."""
    for drawn in re.split(r'[\r\n]', shown):
        if re.match(r'\x1b\[2K.*━', drawn):
            full = re.findall(r'\x1b\[38;2;[\d;]+m([━╸]+)', drawn)
            yield drawn.removeprefix('\x1b[2K').split(' \x1b')[0], sum(map(len, full))


def has_cursor(shown):
    return shown.rindex('\x1b[?25h') > shown.rindex('\x1b[?25l')


def test_one_bar(session):
    _, status, shown, errors = session
    assert (status, errors) == (0, '')
    texts, full = zip(*bars(shown), strict=True)
    assert texts[-1].startswith('Epoch 300/300: accuracy ')
    assert len(set(full)) > 2 and full[0] < 2 and full[-1] == 40
    # It is drawn again and again: no epoch leaves a line of its own.
    assert sum('Epoch' in line.split('\r')[-1] for line in shown.split('\n')) == 1
    assert has_cursor(shown) and '\nPlot: history.png\n' in shown and '\nAccuracy: ' in shown


def test_the_bar_keeps_pace(session):
    drawn = [(re.match(r'Epoch (\d+)/300', text), full) for text, full in bars(session[2])]
    assert all(abs(full - int(epoch[1]) * 40 / 300) < 3 for epoch, full in drawn if epoch)


def test_names_are_those_of_the_set_that_was_read(session):
    with zipfile.ZipFile(session[0] / 'model.keras') as archive:
        assert archive.read('classes.txt') == b'sine wave\nsquare wave\n'
    done = process('infer.py', 1, cwd=session[0])
    assert done.stderr == '' and re.search(r'class \d \((sine|square) wave\)', done.stdout)


@pytest.fixture(scope='module')
def interrupted(tmp_path_factory):
    """train.py on a terminal, where Ctrl-C is typed while it trains."""
    folder = made(tmp_path_factory, 20, 10)
    (folder / 'model.keras').write_bytes(OLD)
    command = WORKSHOP / 'train.py', *SHORT, '--N_epochs', 100_000
    ctrl_c = {'when': r'Epoch [1-9]\d', 'act': lambda process, keyboard: keyboard.write(b'\x03')}
    return folder, *terminal(*command, **ctrl_c, stderr=subprocess.PIPE, cwd=folder)


@slow
def test_ctrl_c(interrupted):
    folder, status, shown, errors = interrupted
    assert status not in (0, 1) and has_cursor(shown)
    assert 'Stopped.\n' in shown + errors and 'Traceback' not in shown + errors
    assert (folder / 'model.keras').read_bytes() == OLD
    assert {path.name for path in folder.iterdir()} == {'Train', 'Test', 'model.keras'}


@slow
@pytest.mark.xfail(strict=True, reason="rich's bar takes stderr, and is drawn again below the line")
def test_stopped_comes_last_and_on_stderr(interrupted):
    assert interrupted[3] == '\nStopped.\n'


@slow
def test_bars_of_many_files(folder):
    status, shown, _ = terminal(WORKSHOP / 'generate_data.py', 10_000, 1)
    assert status == 0 and shown.endswith('Wrote 10000 sequences to Train and 1 to Test.\n')
    texts, full = zip(*bars(shown), strict=True)
    assert set(texts) == {'Writing Train', 'Exchanging Train'} and len(set(full)) > 2
    assert has_cursor(shown)


# ---------------------------------------------------------------- windows and closed outputs

WINDOW = """
import os
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas
FigureCanvas.required_interactive_framework = 'headless'
def show(block=None):
    print('Window:', *sorted(os.listdir()))
    raise KeyboardInterrupt
"""


@slow
@pytest.mark.parametrize(
    ('command', 'said', 'written'),
    [
        (('view.py', 2), 'Plot: Train_2.png\n', 'Train_2.png'),
        (('train.py', *SHORT), '\nAccuracy: ', 'history.png model.keras'),
    ],
)
def test_window(data, command, said, written):
    """A stand-in for a window, in which Ctrl-C is typed: it comes last, and nothing is lost."""
    pathlib.Path('window.py').write_text(WINDOW, encoding='utf-8')
    env = {'MPLBACKEND': 'module://window', 'PYTHONPATH': str(data), 'PYTHONDONTWRITEBYTECODE': '1'}
    done = process(*command, status=None, env=env)
    assert done.returncode not in (0, 1) and done.stderr == '\nStopped.\n'
    before, window = done.stdout.split('Close the plot window to end the script\n')
    assert said in before and window == f'Window: Test Train {written} window.py\n'


AT_END = pytest.mark.xfail(strict=True, reason='what Python writes at its end fails noisily')


@pytest.mark.parametrize('at_once', [True, pytest.param(False, marks=AT_END)])
def test_output_may_be_closed(data, at_once):
    """... | head ends quietly; of infer.py, test_infer.py says it."""
    command = [WORKSHOP / 'view.py', 2]
    if at_once:
        imports = f'import sys; sys.path.insert(0, {str(WORKSHOP)!r}); from support import start'
        command = ['-c', f'{imports}; start.prepare(); print(1, flush=True)']
    read, write = os.pipe()
    os.close(read)
    done = python(*command, env={'PYTHONUNBUFFERED': ''}, stdout=write)
    os.close(write)
    assert done.stderr == '' and done.returncode in (0, 1)


# ---------------------------------------------------------------- no room


@contextlib.contextmanager
def limited(what, limit):
    """Limit this process meanwhile."""
    soft, hard = resource.getrlimit(what)
    resource.setrlimit(what, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(what, (soft, hard))


def test_no_room_in_memory(data):
    pages = int(pathlib.Path('/proc/self/statm').read_text(encoding='utf-8').split()[0])
    before, N = contents(data), 2**31 - 1
    with limited(resource.RLIMIT_AS, pages * resource.getpagesize() + 2**32):
        refused('train.py', '--N_train', N, parts=('memory is full', 'train_large.py'))
        refused('generate_data.py', 1, 1, '--N_sequence', N, '--overwrite', parts=('memory',))
    assert contents(data) == before


FULL = {
    'model.keras': (8192, ('train.py', *SHORT), []),
    'history.png': (50_000, ('train.py', *SHORT), ['model.keras']),
    'Train': (512, ('generate_data.py', 30, 5, '--overwrite'), []),
}


@pytest.mark.parametrize('name', FULL)
def test_full_disk(data, name):
    """A limit of the size of files stands for it: both fail in write()."""
    limit, command, written = FULL[name]
    for old in ('model.keras', 'history.png'):
        pathlib.Path(old).write_bytes(OLD)
    before = contents(data)
    with limited(resource.RLIMIT_FSIZE, limit):
        refused(*command, parts=(name, 'room'))
    after = contents(data)
    assert set(after) == set(before)
    assert [path for path in after if after[path] != before[path]] == written


# ---------------------------------------------------------------- sets and other processes


@slow
def test_two_writers_at_once(data):
    """The second is told so; the first, when it is killed, leaves the old set to the next."""
    before = contents(data)
    command = [sys.executable, WORKSHOP / 'generate_data.py', '1000000', '1', '--overwrite']
    with subprocess.Popen(command) as first:
        try:
            while not (data / 'Train/.new/X_50.dat').exists():
                assert first.poll() is None
                time.sleep(0.001)
            first.send_signal(signal.SIGSTOP)
            other = 'generate_data.py', 5, 5, '--overwrite', '--seed', 1
            refused(*other, parts=('Train is being written by another script',))
        finally:
            first.kill()
    after = contents(data)
    assert 'Train/.new/X_50.dat' in after
    assert {name: after[name] for name in after if '.new/' not in name} == before
    script(*other)


KILLED = """
import builtins, itertools, os, runpy, shutil, signal, sys
generate, *arguments = sys.argv[1:]
sys.path.insert(0, os.path.dirname(generate))
import generate_data
def mortal(call):
    def call_or_die(*arguments, **options):
        steps.append(call)
        if len(steps) == lifetime:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **options)
    return call_or_die
for lifetime in itertools.count(1):
    shutil.copytree('0', str(lifetime))
    if not os.fork():
        os.chdir(str(lifetime))
        steps, sys.argv = [], ['generate_data.py', *arguments]
        builtins.open = mortal(open)
        for name in ('mkdir', 'rmdir', 'rename', 'replace', 'remove'):
            setattr(os, name, mortal(getattr(os, name)))
        runpy.run_path(generate, run_name='__main__')
        os._exit(0)
    if os.waitstatus_to_exitcode(os.wait()[1]) != -signal.SIGKILL:
        break
"""


@slow
@pytest.mark.parametrize('old', [(), (4, 2)], ids=['empty', 'old'])
def test_killed_at_any_moment(folder, old):
    """Before each change on the disk: the old set is there, or it is refused until it is mended."""
    new = 'generate_data.py', 3, 3, '--overwrite', '--seed', 1
    (folder / '0').mkdir()
    if old:
        script('generate_data.py', *old, cwd='0')
    before, states = contents('0'), []
    python('-c', KILLED, WORKSHOP / new[0], *new[1:]).check_returncode()
    _, *killed, last = sorted(folder.iterdir(), key=lambda path: int(path.name))
    complete = contents(last)
    assert len(killed) > 30 and len(complete) == 14
    for path in killed:
        if unfinished := [*path.glob('*/.unfinished')]:
            refused(*new[:3], cwd=path, parts=('unfinished', '--overwrite'))
            refused('view.py', 1, *['--test'] * (unfinished[0].parent.name == 'Test'), cwd=path)
        else:
            found = {name: data for name, data in contents(path).items() if '/.new/' not in name}
            assert found == before
        states.append(bool(unfinished))
        script(*new, cwd=path)
        assert contents(path) == complete
    assert [state for state, _ in itertools.groupby(states)] == [False, True]
