"""Sequences: their files, pictures and making; sets that are written whole or not at all."""

import contextlib
import errno
import itertools
import json
import math
import os
import shutil
from pathlib import Path

from support import console, files, sets
from support.console import DataError

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import WORKSHOP, contents, one_line, process, refused, script
from scipy.stats import kstest

import utilities
from generate_data import WAVES, make_sequences, random_streams, sequences
from utilities import read_set, read_test_data, read_training_data

MAKE = 'generate_data.py'
ABOUT = {'script': 'test', 'what': 'made for a test', 'command': 'none'}


def put(path, content):
    """Write a file of bytes, or of float64 values; or, with None, remove it."""
    if content is None:
        return os.remove(path)
    Path(path).parent.mkdir(exist_ok=True)
    if not isinstance(content, bytes):
        content = np.array(content, '<f8').tobytes()
    Path(path).write_bytes(content)


# ---------------------------------------------------------------- the files


def test_what_is_written_is_read(folder):
    X = np.array([[1.5, -2.25, 3.39e38], [-0.0, 0, 0], [1e-300, 0, 1.21e-38]])
    Y = np.array([0, 2, 999_999.0])
    for name, read in (('Train', read_training_data), ('Test', read_test_data)):
        assert sets.write_sets({name: (3, zip(X, Y, strict=True))}, ABOUT)
        X_read, Y_read = read_set(name, 3, 3)
        assert X_read.tobytes() == X.tobytes() and Y_read.tolist() == Y.tolist()
        x, y = read(3, 3)
        assert (x.dtype, x.tobytes(), y) == (float, X[2].tobytes(), 999_999)
    assert Path('Train/X_1.dat').read_bytes() == X[0].astype('<f8').tobytes()


BAD_FILES = [
    ('X_7', [0] * 5, 'holds 5 values .*--N_sequence 5$'),
    ('X_7', b'', 'holds 0 values .*write the file again$'),
    ('X_7', bytes(1021), r'holds 127\.625 values .*write the file again$'),
    ('X_7', b'0.123, -4.56e-7\n' * 64, 'holds a value of size .*text'),
    ('X_7', [0] * 127 + [math.nan], 'holds NaN or infinity'),
    ('X_7', [-3.41e38] + [0] * 127, r'holds a value of size 3\.41e\+38'),
    ('X_7', [1.19e-38] * 128, 'holds a value of size 1.19e-38'),
    ('Y_7', None, 'is missing: put it back'),
    ('Y_7', [0, 0], 'holds 2 values .*write the file again$'),
    *(('Y_7', [Y], 'holds .*, but a class is') for Y in (0.5, -1, 1e6)),
]


def test_bad_files(data):
    for name, content, said in BAD_FILES:
        path = f'Train/{name}.dat'
        good = Path(path).read_bytes()
        put(path, content)
        with pytest.raises(DataError, match=f'^{path} {said}') as error:
            read_set('Train', 20, 128)
        assert refused('view.py', 7) == f'view.py: {error.value}'
        put(path, good)


def test_what_is_missing(data):
    """The line says what to do, in this folder and with this script."""
    end = refused('view.py', 999, parts=['Train ends at number 20', MAKE])
    assert '--N_' not in end  # view.py has no such option
    refused('view.py', '--test', 11, parts=['Test ends at number 10'])
    refused('view.py', 'a.dat', parts=['a.dat is missing: check its name'])
    with pytest.raises(
        DataError, match=r'^X_2\.dat is missing: check its name and folder'
    ):
        files.read_values('X_2.dat', 128)
    with pytest.raises(DataError, match='numbered from 1'):
        read_training_data(0, 128)
    refused('view.py', 1, cwd='Train', parts=['in a folder of sequences', 'cd ..'])
    shutil.rmtree('Train')
    refused('view.py', 1, parts=[f'{data}/Train holds no sequences yet', MAKE])
    put('Train', b'a file')
    refused('view.py', 1, parts=['Train: Not a directory; it must be a folder'])
    refused(MAKE, 5, 5, '--overwrite', parts=['it must be a folder'])


def test_class_names(data):
    names = ['sine wave', ' ', 'a$b']
    titles = [files.class_title(Y, names) for Y in (0.0, 1, 2, 3)]
    assert titles == ['class 0 (sine wave)', 'class 1', 'class 2 (a$b)', 'class 3']
    assert files.read_class_names('nowhere') == []
    put('Train/classes.txt', b'\xef\xbb\xbfone\r\n$\\frac\xc3\xa4$')
    assert files.read_class_names('Train') == ['one', '$\\fracä$']
    assert script('view.py', 1, 2, 3).stdout == 'Plot: Train_1_2_3.png\n'


def test_a_file_is_written_whole_or_not_at_all(folder):
    put('a/b.txt', b'old')
    with pytest.raises(DataError, match=r'b\.txt could not be written \(full\)'):
        with files.whole_file('a/b.txt') as temporary:
            put(temporary, b'half')
            raise OSError(errno.ENOSPC, 'full')
    assert contents('.') == {'a/b.txt': b'old'}


# ---------------------------------------------------------------- view.py and the plots


@pytest.fixture
def plots(monkeypatch):
    """The figures and paths of the plots, which are not saved."""
    plots = []
    monkeypatch.setattr(utilities, 'save_plot', lambda *plot: plots.append(plot))
    yield plots
    plt.close('all')


def test_view_shows_the_sequences(data, plots):
    put('Train/X_3.dat', [7])
    for command, name, read, IDs, N in (
        ('--N_sequence 1 3', 'Train_3', read_training_data, '3', 1),
        ('--test 1 3 2 4 6 5', 'Test_1_3_2_4_6_5', read_test_data, '132465', 128),
        ('7 6 5 4 2 1 2', 'Train_7_to_2', read_training_data, '7654212', 128),
    ):
        script('view.py', *command.split())
        figure, path = plots.pop()
        assert path == f'{name}.png'
        for i, axis in zip(IDs, figure.axes, strict=True):
            X, Y = read(i, N)
            shown = axis.lines[0].get_xydata().T.tolist()
            assert shown == [list(range(1, N + 1)), X.tolist()]
            kind = ['class 0 (sine wave)', 'class 1 (square wave)'][int(Y)]
            assert axis.get_title() == f'Data Set {i}: {kind}'
    script('view.py', 7, '--hide')
    assert plots.pop()[0].axes[0].get_title() == 'Data Set 7'
    put('own.dat', [1, 2, 3]), put('other.dat', [4, 5])
    script('view.py', 'own.dat', 'other.dat')
    figure, path = plots.pop()
    assert path == 'file_own_other.png'
    shown = [axis.lines[0].get_ydata().tolist() for axis in figure.axes]
    assert shown == [[1, 2, 3], [4, 5]]


def test_plot_history(plots):
    values = {'accuracy': [0.5, 0.75, 1.0], 'loss': [0.7, 0.6, 0.5]}
    validation = {'val_accuracy': [0.6, 0.7, 0.8], 'val_loss': [0.9, 0.4, 0.3]}
    for history in ({'accuracy': [0.5], 'loss': [0.7]}, values, values | validation):
        utilities.plot_history(type('History', (), {'history': history}))
        figure, path, _ = plots.pop()
        assert path == 'history.png'
        for name, axis in zip(('accuracy', 'loss'), figure.axes, strict=True):
            curves = [line.get_ydata().tolist() for line in axis.lines]
            assert curves == [history[n] for n in (name, f'val_{name}') if n in history]
            epochs = list(range(1, len(history[name]) + 1))
            assert axis.lines[0].get_xdata().tolist() == epochs
            assert (axis.lines[0].get_marker() == 'o') == (epochs == [1])
        shown = [text.get_text() for text in figure.axes[1].get_legend().texts]
        assert shown == ['training', 'validation'][: len(history) // 2]


def test_a_plot_is_saved_and_shown_where_there_is_a_display(data, monkeypatch):
    shown = []
    monkeypatch.setattr(plt, 'show', lambda: shown.append(plt.get_fignums()))
    assert script('view.py', 2) == ('Plot: Train_2.png\n', '', 0) and shown == []
    assert sorted(os.listdir()) == ['Test', 'Train', 'Train_2.png']
    canvas = plt.FigureCanvasBase
    monkeypatch.setattr(canvas, 'required_interactive_framework', 'headless')
    assert 'window' in script('view.py', 2).stdout and shown == [[1]]


def marks(axis):
    """How many values are marked as different in a panel of view.py --wrong."""
    return sum(len(lines.get_segments()) for lines in axis.collections)


def test_wrong_shows_where_curves_differ(trained, plots):
    """Each is over the nearest of its class, and of that it was taken for."""
    said = script('view.py', '--wrong').stdout
    rows = json.loads(Path('runs/last/run.json').read_text())
    wrong = rows['N_test'] - rows['right']
    assert f'{wrong} of 50 test sequences are wrong' in said
    ((figure, path),) = plots
    assert path == 'wrong.png' and len(figure.axes) == 2 * min(wrong, 8) > 0
    for axis in figure.axes:
        x, other = (line.get_ydata() for line in axis.lines)
        assert marks(axis) == (x != other).sum() > 0
        title = axis.get_title()
        assert f'distance {np.linalg.norm(x - other):.1f}' in title
        test = int(title.split(',')[0].removeprefix('Test '))
        near = int(title.split('\n')[0].rpartition(' ')[2])
        X, Y = read_training_data(near, 128)
        assert (X == other).all() and (read_test_data(test, 128)[0] == x).all()
        assert WAVES_NAMES[int(Y)] in title  # of its class, or that it was taken for
    for left, right in zip(figure.axes[::2], figure.axes[1::2], strict=True):
        assert (left.lines[0].get_ydata() == right.lines[0].get_ydata()).all()
        assert (left.lines[1].get_ydata() != right.lines[1].get_ydata()).any()


def test_wrong_after_other_data(trained):
    """The line names what makes the run's data again, whatever is missing now."""
    for other in ['20 10', '200 50 --seed 1', '200 50 --N_sequence 9']:
        script(MAKE, *other.split())
        parts = ['python generate_data.py --overwrite', 'runs/1']
        refused('view.py', '--wrong', parts=parts)
    shutil.rmtree('Test')
    refused('view.py', '--wrong', parts=['python generate_data.py --overwrite'])
    script(MAKE, '--overwrite')
    assert 'Plot: wrong.png' in script('view.py', '--wrong', '--run', 1).stdout


# ---------------------------------------------------------------- generate_data.py

WAVES_NAMES = ['sine wave', 'square wave', 'sawtooth wave', 'triangle wave']


def closed_form(R, N_sequence=128, classes=2, phase=False, f_min=0.1, f_range=0.3):
    """Return the sequences that rows of three random numbers stand for, and classes."""
    Y, f, p = np.floor(R[:, 0] * classes), f_min + f_range * R[:, 1], phase * R[:, 2]
    t = np.arange(1, N_sequence + 1)
    turn = np.mod(np.outer(f, t) / (2 * np.pi) + p[:, None], 1)
    up = turn < 0.5
    sine, square = np.sin(2 * np.pi * turn), np.where(up, 1, -1)
    sawtooth, triangle = 2 * turn - 1, np.where(up, 4 * turn - 1, 3 - 4 * turn)
    waves = sine, square, sawtooth, triangle
    return np.choose(Y.astype(int)[:, None], waves), Y


def test_waves():
    """A sequence depends on its random numbers alone; a small set begins a large one."""
    others = {'classes': 3, 'f_min': 0.5, 'f_range': 1.4, 'N_sequence': 130_000}
    for options in ({}, {'classes': 4, 'phase': True}, others):
        X, Y = closed_form(np.random.default_rng(1).random((20, 3)), **options)
        for N in (20, 3):
            drawn = sequences(N, np.random.default_rng(1), **options)
            for (x, y), x_closed, y_closed in zip(drawn, X[:N], Y[:N], strict=True):
                np.testing.assert_allclose(x, x_closed, atol=1e-6)
                assert y == y_closed


@pytest.mark.parametrize('seed', range(6))
def test_noise_and_size_change_nothing_else(seed):
    def drawn(N, **more):
        rng, kind = np.random.default_rng(seed), {'classes': 2 + seed % 3}
        return make_sequences(N, rng, phase=seed < 3, **kind, **more)

    X, Y = drawn(9)
    assert X.shape == (9, 128) and abs(X).max() <= 1 and set(Y) <= {0, 1, 2, 3}
    for more in ({}, {'noise': 0.5}):
        for small, large in zip(drawn(9, **more), drawn(16, **more), strict=True):
            assert (large[:9] == small).all()
    noisy, same = drawn(9, noise=0.5)
    assert (same == Y).all() and (noisy != X).all()


def test_noise():
    """Normal, and another for each value, set and seed."""

    def drawn(noise, seed, i):
        rng, long = random_streams(seed)[i], 60_000  # in blocks of two
        return np.array([x for x, _ in sequences(5, rng, N_sequence=long, noise=noise)])

    streams = list(itertools.product((0, 1), (0, 1)))
    noise = np.vstack([drawn(0.5, *s) - drawn(0, *s) for s in streams])
    assert kstest(np.ravel(noise) / 0.5, 'norm').pvalue > 1e-3
    assert (abs(np.corrcoef(noise) - np.eye(20)) < 0.02).all()


def test_options(folder):
    assert script(MAKE).stdout == 'Wrote 200 sequences to Train and 50 to Test.\n'
    for given, options in (
        ('--classes 2 --seed 0', {}),
        ('--noise 1e6 --N_sequence 1', {'noise': 1e6, 'N_sequence': 1}),
        ('--seed 2147483647 --classes 3', {'seed': 2147483647, 'classes': 3}),
        (
            '--classes 4 --phase --noise 0.1',
            {'classes': 4, 'phase': True, 'noise': 0.1},
        ),
    ):
        script(MAKE, 9, 9, *given.split())
        options = {'N_sequence': 128, 'seed': 0, 'classes': 2} | options
        streams = random_streams(options.pop('seed'))
        for name, rng in zip(('Train', 'Test'), streams, strict=True):
            X, Y = make_sequences(9, rng, **options)
            X_read, Y_read = read_set(name, 9, options['N_sequence'])
            assert (X_read == X).all() and (Y_read == Y).all()
            names = WAVES_NAMES[: options['classes']]
            assert files.read_class_names(name) == names
    line = 'sine, square, sawtooth and triangle waves, random phase, noise 0.1, seed 0'
    assert sets.describe(1, 1).endswith(line)


WRONG = {
    'view.py': ', 0, two, 1.5, 1 --N_sequence 0, 1 --wrong, --wrong --hide',
    MAKE: '-5, many, 5 0, 5 5 6, --over, --seed -1, --classes 1, --noise -0.1,'
    f' --noise nan, --noise inf, --noise loud, --classes {len(WAVES) + 1}',
}


def test_wrong_command_lines(folder):
    for name, cases in WRONG.items():
        for case in cases.split(','):
            refused(name, *case.split(), status=2, parts=[': error: '])
    refused('view.py', *range(1, 38), status=2, parts=['too small to read'])
    assert contents(folder) == {}


# ---------------------------------------------------------------- sets written whole


def write_sets(**sizes):
    """Write sets of so many sequences each."""
    drawn = {f: (N, sequences(N, np.random.default_rng(N))) for f, N in sizes.items()}
    return sets.write_sets(drawn, ABOUT | {'of': sizes}, True, ['a', 'b'])


def test_who_replaces_what(data):
    """generate_data.py what it has made itself; else, with --overwrite, a set alone."""
    names = 'notes.txt', 'X_mine.dat', 'X_0.dat', 'a/X_1.dat'
    mine = {f'Train/{name}': b'mine' for name in names}
    for path, content in mine.items():
        put(path, content)
    script(MAKE, 5, 3)
    line = sets.describe(4, 3)
    assert line == '4 of 5 + 3 of 3 sequences, sine and square waves, seed 0'
    assert contents(data).items() >= mine.items()
    assert files.sequence_numbers('Train') == {1, 2, 3, 4, 5}
    assert 'exactly these sequences' in script(MAKE, 5, 3).stdout
    for change in ('Test/X_3.dat', 'Train/Y_2.dat', 'Train/classes.txt'):
        put(change, b'changed')
        before = contents(data)
        refused(MAKE, 5, 3, parts=['already hold sequences', '--overwrite'])
        assert contents(data) == before
        assert 'changed since they were made' in sets.describe(5, 3)
        script(MAKE, 5, 3, '--overwrite')
    assert sets.made_by() == 'python generate_data.py 5 3'
    shutil.copytree('Train', 'copy')
    shutil.rmtree('Train')
    os.rename('copy', 'Train')
    assert sets.read_about('Train')[1] is False  # a copy is the same set
    os.remove('Test/about.json')
    assert 'do not belong together' in sets.describe(1, 1) and sets.made_by() is None
    os.remove('Train/about.json')  # as those of 2018
    assert sets.describe(5, 3) == '5 of 5 + 3 of 3 sequences'
    refused(MAKE, 5, 3, parts=['already hold sequences'])


def test_sets_of_other_classes_do_not_train(data):
    about = json.loads(Path('Test/about.json').read_text())
    put('Test/about.json', json.dumps(about | {'class_names': ['y']}).encode())
    with pytest.raises(DataError, match='of different classes'):
        sets.describe(1, 1)


def test_names_of_objects_go_with_their_set(folder):
    for ids in ({'Train': ['a'], 'Test': ['b']}, None):
        both = {name: (1, [(np.zeros(2), 0.0)]) for name in ('Train', 'Test')}
        sets.write_sets(both, ABOUT | {'what': str(ids)}, True, ['x'], ids)
        assert [files.read_ids(name) for name in both] == (
            [['a'], ['b']] if ids else [[], []]
        )


def test_train_may_be_a_link(folder):
    os.makedirs('disk/Train')
    put('disk/mine', b'mine')
    os.symlink('disk/Train', 'Train')
    for N in 2, 3:
        script(MAKE, N, 1)
        assert os.path.islink('Train') and sorted(os.listdir('disk')) == [
            'Train',
            'mine',
        ]
        assert files.sequence_numbers('disk/Train') == set(range(1, N + 1))


class Killed(BaseException):
    pass


def failing(real, state):
    """Return a function that does as real, until so many calls were made; then it fails."""

    def call(*arguments, **options):
        state['calls'] += 1
        # A full disk once; a killed script does nothing any more
        over = state['calls'] - state['last']
        if over == 0 or (over > 0 and state['error'] is Killed):
            raise state['error']
        return real(*arguments, **options)

    return call


def both():
    """Return the files of Train, without the user's notes, and those of Test."""
    return contents('Train') | {'notes': None}, contents('Test')


@pytest.mark.parametrize('error', [OSError(errno.ENOSPC, 'full'), Killed])
def test_wherever_the_disk_fails_or_a_kill_comes(folder, monkeypatch, error):
    """Both sets are old or both new, or reading ends in a line; the next command ends it."""
    write_sets(Train=2, Test=2)
    new = both()
    for last in itertools.count(1):
        write_sets(Train=3, Test=2)
        put('Train/notes', b'mine')
        old, state = both(), {'calls': 0, 'last': last, 'error': error}
        with monkeypatch.context() as patch:
            for operation in ('listdir', 'rename', 'mkdir', 'replace', 'rmdir', 'open'):
                patch.setattr(os, operation, failing(getattr(os, operation), state))
            patch.setattr(Path, 'write_bytes', failing(Path.write_bytes, state))
            with contextlib.suppress(DataError, Killed):
                write_sets(Train=2, Test=2)
        files.sets_read.clear()
        try:
            read_set('Train', 2, 128), read_set('Test', 2, 128)
        except DataError as error_:
            assert 'is being replaced' in str(error_)
        else:
            assert both() in (old, new)
        write_sets(Train=2, Test=2)
        assert both() == new and sorted(os.listdir()) == ['Test', 'Train']
        assert Path('Train/notes').read_bytes() == b'mine'
        if state['calls'] < last:
            break
    assert last > 20


def test_a_set_of_which_only_one_is_whole_is_not_exchanged(data):
    """A kill between the two last files, about.json, leaves the old sets."""
    before = contents('.')
    shutil.copytree('Test', '.Train.new')
    os.mkdir('.Test.new')
    sets.put_in_place(['Train', 'Test'])
    assert contents('.') == before and sorted(os.listdir()) == ['Test', 'Train']


def test_one_writer_at_a_time(data, monkeypatch):
    before = contents(data)
    with sets.only_writer():
        refused(MAKE, 5, 5, parts=['another script is writing sets'])
    assert contents(data) == before
    # As on some network disks, which have no locks.
    monkeypatch.setattr(sets.fcntl, 'flock', lambda *_: os.stat('no locks'))
    script(MAKE, 4, 4)
    assert files.sequence_numbers('Train') == {1, 2, 3, 4}


def test_replaced_while_it_is_read(data):
    for read in (lambda: read_training_data(3, 128), lambda: sets.describe(2, 2)):
        read_training_data(1, 128), read_test_data(1, 128)
        write_sets(Train=20, Test=20 + len(os.listdir('Test')))
        with pytest.raises(DataError, match='while it was read: run this again'):
            read()
        files.sets_read.clear()


# ---------------------------------------------------------------- the terminal


def test_text_from_files_is_safe_on_a_terminal(data):
    plain = 'größer, 正弦波, שלום, a$b [red] \\x1b 🙂'
    assert console.clean(plain) == plain
    odd = '\x1b[2J\x9b1m\r\u2028\u202e\u200b'
    shown = r'\x1b[2J\x9b1m\r\u2028\u202e\u200b'
    assert console.clean(odd) == str(DataError(odd)) == shown
    name = '\x1b[31mred\x1b[0m'
    assert files.class_title(1, [name, name]) == r'class 1 (\x1b[31mred\x1b[0m)'
    os.rename('Train/X_1.dat', 'a\nb\x1b[2J.dat')
    said = script('view.py', 'a\nb\x1b[2J.dat').stdout
    assert said == 'Plot: file_a\\nb\\x1b[2J.png\n'
    refused('view.py', '\x07a.dat', parts=[r'\x07a.dat is missing'])


def test_quick_scripts_load_no_tensorflow(data):
    said = "print([name for name in ('keras', 'tensorflow') if name in sys.modules])"
    text = f'import atexit, sys; atexit.register(lambda: {said}); '
    put('all.py', f'{text}import generate_data, import_data, view, infer'.encode())
    env = {'PYTHONPATH': str(WORKSHOP)}
    done = process(data / 'all.py', 2, env=env, status=1)
    assert done.stdout == 'Plot: Train_2.png\n[]\n'
    one_line(done, 'there is no run yet')
