"""Sequences: their files, pictures and making. utilities, view, generate_data and their support."""

import errno
import io
import math
import os
import shutil
import struct
import sys
from argparse import ArgumentTypeError
from pathlib import Path

from support import console, files, sets
from support.console import DataError

import hypothesis
import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import WORKSHOP, contents, made, one_line, process, refused, script
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.extra.numpy import arrays
from scipy.stats import kstest

import utilities
from generate_data import make_sequences, random_streams, sequences
from utilities import read_class_names, read_set, read_test_data, read_training_data

set_hypothesis_home_dir(os.devnull)  # or it makes a folder here
EXAMPLES = hypothesis.settings(
    derandomize=True, deadline=None, max_examples=15, suppress_health_check=hypothesis.HealthCheck
)
MAKE = 'generate_data.py'


def doubles(*values):
    return struct.pack(f'<{len(values)}d', *values)


def put(path, content):
    """Write a file; or, with None, remove it."""
    if content is None:
        os.remove(path)
    else:
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_bytes(content)


# ---------------------------------------------------------------- the files

EXTREMES = np.array([[1.5, -2.25, 3.39e38], [-0.0, 0, 0], [1e-300, 0, 1.21e-38]])
TABLES = st.tuples(st.integers(1, 5), st.integers(1, 4))
TABLES = arrays(float, TABLES, elements=st.floats(-3e38, 3e38))
LABELS = st.lists(st.integers(0, 999_999), min_size=5, max_size=5)


@EXAMPLES
@hypothesis.example('Train', EXTREMES, [999_999] * 5)
@hypothesis.given(st.sampled_from(['Train', 'Test']), TABLES, LABELS)
def test_what_is_written_is_read(folder, name, X, Y):
    size = abs(X).max(axis=1)
    hypothesis.assume(((size == 0) | (size > 1.2e-38)).all())
    (N, length), Y = X.shape, Y[: len(X)]
    assert sets.write_sets({name: (N, zip(X, Y, strict=True))}, overwrite=True) is True
    expected = {f'X_{i}.dat': doubles(*x) for i, x in enumerate(X, 1)}
    assert contents(name) == expected | {f'Y_{i}.dat': doubles(y) for i, y in enumerate(Y, 1)}
    X_read, Y_read = read_set(name, N, length)
    assert X_read.tobytes() == X.tobytes() and Y_read.tolist() == Y
    x, y = {'Train': read_training_data, 'Test': read_test_data}[name](N, length)
    assert (x.dtype, x.tobytes(), y, type(y)) == (float, X[-1].tobytes(), Y[-1], float)
    assert sets.write_sets({name: (N, zip(X, Y, strict=True))}) is False  # they are there already


BAD_FILES = [
    ('X_7', doubles(*range(5)), r'holds 5 value\(s\) instead of 128 .* --N_sequence 5$'),
    ('X_7', bytes(8 * 129), r'holds 129 value\(s\) .* --N_sequence 129$'),
    ('X_7', b'', 'is empty .*: correct the file$'),
    ('X_7', bytes(1021), 'has 1021 bytes.*: correct the file$'),
    ('X_7', doubles(*[0.0] * 127, math.nan), 'holds NaN'),
    ('X_7', doubles(math.inf, *[0.0] * 127), 'holds NaN or infinity'),
    ('X_7', doubles(*[0.0] * 127, -3.41e38), r'holds a value of size 3.41e\+38, outside'),
    ('X_7', doubles(*[1.19e-38] * 128), 'holds a value of size 1.19e-38, outside'),
    ('X_7', None, 'is missing from the middle'),
    ('Y_7', None, 'is missing from the middle'),
    ('Y_7', b'', 'is empty instead of one class number: write the file again$'),
    ('Y_7', bytes(16), r'holds 2 value\(s\) instead of one class number: write the file again$'),
    *(('Y_7', doubles(y), f'holds {y}, but') for y in (0.5, -1, math.nan)),
    ('Y_7', doubles(1e6), r'holds 1e\+06, but'),
]


def test_bad_files(data):
    put('Train/X_9.dat', b'')  # the first one is told
    for name, content, said in BAD_FILES:
        path = f'Train/{name}.dat'
        good = Path(path).read_bytes()
        put(path, content)
        with pytest.raises(DataError, match=f'^{path} {said}') as error:
            read_set('Train', 20, 128)
        assert refused('view.py', 7) == f'view.py: {error.value}'
        put(path, good)


def test_what_is_missing(data):
    for path, said in {
        'Train/X_20.dat': '.* is missing from the middle',
        'Train/Y_21.dat': r'.* ends at number 20, .* \(--N_train 20\), .*generate_data\.py',
        'Test/X_11.dat': r'.* ends at number 10, .* \(--N_test 10\), ',
        './Train/X_21.dat': '.* ask for no more, or ',
        'Train/X_0.dat': '.* numbered from 1',
        'X_1.dat': f'{data} holds no sequences yet',
        'none/X_1.dat': '.*/none holds no sequences yet: .*generate_data',
        'a.dat': 'a.dat is missing: check its name',
        'Train': 'Train: Is a directory; it must be a file',
    }.items():
        os.path.exists('Train/X_20.dat') and os.remove('Train/X_20.dat')
        with pytest.raises(DataError, match=f'^{said}'):
            utilities.read_values(path, 128)
    os.mkdir('Train/.unfinished')
    refused('view.py', 1, parts=('Train holds an unfinished set',))
    refused(MAKE, 20, 10, parts=('Train holds an unfinished set',))
    shutil.rmtree('Train')
    put('Train', b'a file')
    refused('view.py', 1, parts=('Train: Not a directory; it must be a folder',))
    refused(MAKE, 5, 5, '--overwrite', parts=('Train', 'a real folder'))
    assert Path('Train').read_bytes() == b'a file'


def test_what_a_folder_holds(folder):
    for name in ('X_3', 'Y_12', 'X_0', 'X_07', 'X_mine', 'aX_5', 'X_6.dat~'):
        put(f'Train/{name}.dat', b'')
    assert files.sequence_numbers('Train') == {3, 12} and files.sequence_numbers('Test') == set()
    assert files.last_written('Train') is None
    put('Train/X_1.dat', b'')
    os.utime('Train/X_1.dat', ns=(5, 7))
    assert files.last_written('Train') == 7


def test_class_names(data):
    names = ['sine wave', ' ', 'a$b']
    titles = [utilities.class_title(Y, names) for Y in (0.0, 1, 2, 3)]
    assert titles == ['class 0 (sine wave)', 'class 1', 'class 2 (a$b)', 'class 3']
    assert read_class_names('nowhere') == read_class_names('Train/X_1.dat') == []
    put('Train/classes.txt', b'\xef\xbb\xbfone\r\n$\\frac\xc3\xa4$')
    assert read_class_names('Train') == ['one', '$\\fracä$']
    assert script('view.py', 1, 2, 3).stdout == 'Plot: Train_1_2_3.png\n'
    put('Train/classes.txt', b'\xff')
    refused('view.py', 1, parts=('Train/classes.txt: is no UTF-8 text; ', 'remove it'))
    put('Train/classes.txt', None)
    os.mkdir('Train/classes.txt')
    refused('view.py', 1, parts=('Train/classes.txt: Is a directory; ', 'remove it'))


def test_whole_file_is_whole_or_not_at_all(folder):
    put('a/b.txt', b'old')
    for error, kind, text in (
        (ZeroDivisionError(), ZeroDivisionError, None),
        (OSError(errno.ENOSPC, 'full'), DataError, r'^a/b\.txt could not be written \(full\)'),
        (OSError('odd'), DataError, r'^a/b\.txt could not be written \(odd\)'),
    ):
        with pytest.raises(kind, match=text), files.whole_file('a/b.txt') as temporary:
            put(temporary, b'half')
            raise error
    assert contents('.') == {'a/b.txt': b'old'}
    with files.whole_file('a/b.txt') as temporary:
        put(temporary, b'new')
        assert Path('a/b.txt').read_bytes() == b'old'
    assert contents('.') == {'a/b.txt': b'new'}


# ---------------------------------------------------------------- view.py and the plots


@pytest.fixture
def plots(monkeypatch):
    """The figures and paths of the plots, which are not saved."""
    plots = []
    monkeypatch.setattr(utilities, 'save_plot', lambda *plot: plots.append(plot))
    yield plots
    plt.close('all')


def test_view_shows_the_sequences(data, plots):
    put('Train/X_3.dat', doubles(*range(50)))
    for command, name, read, IDs, N in (
        ('2', 'Train_2', read_training_data, '2', 128),
        ('--N_sequence 50 3', 'Train_3', read_training_data, '3', 50),
        ('--test 1 3 2 4 6 5', 'Test_1_3_2_4_6_5', read_test_data, '132465', 128),
        ('7 6 5 4 2 1 2', 'Train_7_to_2', read_training_data, '7654212', 128),
        ('1 ' * 36, 'Train_1_to_1', read_training_data, '1' * 36, 128),
    ):
        script('view.py', *command.split())
        figure, path = plots.pop()
        assert path == f'{name}.png'
        for i, axis in zip(IDs, figure.axes, strict=True):
            X, Y = read(i, N)
            assert axis.lines[0].get_xydata().T.tolist() == [list(range(1, N + 1)), X.tolist()]
            kind = ['class 0 (sine wave)', 'class 1 (square wave)'][int(Y)]
            assert axis.get_title() == f'Data Set {i}: {kind}'
    utilities.plot_results(5, X)
    assert plots[0][0].axes[0].get_title() == 'Data Set 5'


def test_plot_history(plots):
    values = {'accuracy': [0.5, 0.75, 1.0], 'loss': [0.7, 0.6, 0.5]}
    for _ in range(2):
        utilities.plot_history(type('History', (), {'history': values}))
        figure, path = plots.pop()
        for name, axis in zip(('accuracy', 'loss'), figure.axes, strict=True):
            curves = [line.get_ydata().tolist() for line in axis.lines]
            assert curves == [values[name], values.get(f'val_{name}', [])]
            assert axis.lines[0].get_xdata().tolist() == [1, 2, 3]
            assert axis.get_ylabel().lower() == name
        values |= {'val_accuracy': [0.6, 0.7, 0.8], 'val_loss': [0.9, 0.4, 0.3]}
    assert path == 'history.png'


def test_the_plot_is_saved_and_shown_where_there_is_a_display(data, monkeypatch):
    shown = []
    monkeypatch.setattr(plt, 'show', lambda: shown.append(plt.get_fignums()))
    assert script('view.py', 2) == ('Plot: Train_2.png\n', '', 0) and shown == []
    assert (
        sorted(os.listdir()) == ['Test', 'Train', 'Train_2.png'] and plt.imread('Train_2.png').any()
    )
    monkeypatch.setattr(plt.FigureCanvasBase, 'required_interactive_framework', 'headless')
    plot, said = script('view.py', 2).stdout.splitlines()
    assert plot == 'Plot: Train_2.png' and 'window' in said and shown == [[1]]


# ---------------------------------------------------------------- generate_data.py


def closed_form(wave, x):
    """The four waves written down with modulo and comparison alone."""
    turn = np.mod(x / (2 * np.pi), 1)
    up = turn < 0.5
    forms = np.sin(x), np.where(up, 1, -1), 2 * turn - 1, np.where(up, 4 * turn - 1, 3 - 4 * turn)
    return forms[wave]


def frequency_and_phase(x):
    """Return f and p of x(t) = sin(f t + p): for a sine, x(t - 1) + x(t + 1) = 2 cos(f) x(t)."""
    f = np.arccos(np.sum(x[1:-1] * (x[:-2] + x[2:])) / 2 / np.sum(x[1:-1] ** 2))
    t = np.arange(1, len(x) + 1)
    a, b = np.linalg.lstsq(np.stack([np.sin(f * t), np.cos(f * t)], axis=1), x)[0]
    return f, np.arctan2(b, a) % (2 * np.pi)


def test_waves_frequencies_and_phases(seed=0):
    """Each is drawn uniformly, independent of the others; the waves are the closed forms."""

    def draw(**options):
        return make_sequences(1000, np.random.default_rng(seed), **options)

    f, p = np.transpose([frequency_and_phase(x) for x in draw(classes=1, phase=True)[0]])
    assert kstest((f - 0.1) / 0.3, 'uniform').pvalue > 1e-3
    assert kstest(p / (2 * np.pi), 'uniform').pvalue > 1e-3
    for phase in (False, True):
        X, Y = draw(classes=4, phase=phase)
        x = f[:, None] * np.arange(1, 129) + phase * p[:, None]
        expected = [closed_form(int(Y[i]), x[i]) for i in range(1000)]
        np.testing.assert_allclose(X, expected, atol=1e-6)
    assert (abs(np.bincount(Y.astype(int)) - 250) < 60).all()
    assert (abs(np.corrcoef([Y, f, p]) - np.eye(3)) < 0.15).all()


@EXAMPLES
@hypothesis.given(
    *(st.integers(0, 2**31), st.integers(1, 4), st.integers(2, 4), st.booleans()),
    *(st.floats(0.01, 10), st.floats(0.1, 1), st.floats(0, 1)),
)
def test_promises(seed, N, classes, phase, noise, f_min, f_range):
    def draw(N=N, **options):
        options = {'classes': classes, 'phase': phase} | options
        drawn = sequences(N, np.random.default_rng(seed), **options)
        return map(np.array, zip(*drawn, strict=True))

    X, Y = draw()
    assert X.shape == (N, 128) and abs(X).max() <= 1 and set(Y) <= set(range(classes))
    # A larger set begins with the smaller one, also where they are drawn in blocks of two.
    for options in ({}, {'noise': noise}, {'noise': noise, 'N_sequence': 60_000}):
        for small, large in zip(draw(**options), draw(N + 2, **options), strict=True):
            assert (large[:N] == small).all() and len(large) == N + 2
    # Length, noise, frequency and phase change nothing else.
    changes = {'N_sequence': 300}, {'noise': 1}, {'noise': noise}, {'f_min': f_min}, {'phase': True}
    (longer, one, noisy, *_), labels = zip(*(draw(**change) for change in changes), strict=True)
    assert all((Y == Y_too).all() for Y_too in labels) and (longer[:, :128] == X).all()
    np.testing.assert_allclose(noisy - X, noise * (one - X), atol=1e-9)
    sines, moved = (draw(classes=1, **f) for f in ({}, {'f_min': f_min, 'f_range': f_range}))
    for pair in zip(next(sines), next(moved), strict=True):
        (f, p), (g, q) = map(frequency_and_phase, pair)
        assert g == pytest.approx(f_min + f_range * (f - 0.1) / 0.3, abs=1e-6)
        assert np.cos(p - q) == pytest.approx(1)
    # Another seed, or the other set, draws others.
    streams = random_streams(seed) + random_streams(seed + 1)
    sines = [make_sequences(N, rng, classes=1)[0] for rng in streams]
    assert len({x.tobytes() for X in sines for x in X}) == 4 * N


def test_noise_is_normal(seed=0):
    noise = []
    for rng, rng_too in zip(random_streams(seed), random_streams(seed), strict=True):
        noise.append(make_sequences(60, rng, noise=0.5)[0] - make_sequences(60, rng_too)[0])
        assert kstest(noise[-1].ravel() / 0.5, 'norm').pvalue > 1e-3  # of 7,680 values
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.06


WAVES = ['sine wave', 'square wave', 'sawtooth wave', 'triangle wave']
OPTIONS = [
    ('', 200, 50, {}),
    ('5', 5, 50, {}),
    ('20 10 --noise 0', 20, 10, {}),
    ('20 10 --noise 1e6 --N_sequence 1', 20, 10, {'noise': 1e6, 'N_sequence': 1}),
    ('20 10 --seed 7 --classes 3', 20, 10, {'seed': 7, 'classes': 3}),
    ('9 9 --classes 4 --phase --noise 0.1', 9, 9, {'classes': 4, 'phase': True, 'noise': 0.1}),
]


def test_options(folder):
    for given, N_train, N_test, options in OPTIONS:
        said = f'Wrote {N_train} sequences to Train and {N_test} to Test.\n'
        assert script(MAKE, *given.split(), '--overwrite') == (said, '', 0)
        options = {'N_sequence': 128, 'seed': 0, 'classes': 2} | options
        streams = random_streams(options.pop('seed'))
        for name, N, rng in zip(('Train', 'Test'), (N_train, N_test), streams, strict=True):
            X, Y = make_sequences(N, rng, **options)
            X_read, Y_read = read_set(name, N, options['N_sequence'])
            assert (X_read == X).all() and (Y_read == Y).all()
            assert read_class_names(name) == WAVES[: options['classes']]


VIEW = ['', '0', '-1', 'two', '1.5', '1 --N_sequence 0', '1 --N_seq 5', '1 ' * 37]
GENERATE = ['-5', 'many', '5 0', '5 5 6', '--classes 5', '--classes 1', '--N_sequence 0', '--over']
NOISE = [f'--noise {x}' for x in ('-0.1', 'nan', 'inf', '1.1e6', 'loud')]


def test_wrong_command_lines(folder):
    for name, cases in (('view.py', VIEW), (MAKE, [*GENERATE, *NOISE, '--seed -1', '--phase=0'])):
        for case in cases:
            said = refused(name, *case.split(), status=2)
            assert said.startswith(f'{name}: error: ')
            assert cases is VIEW or case.replace('=', ' ').split()[-1] in said
    assert contents(folder) == {}


# ---------------------------------------------------------------- sets written whole


def test_existing_data_are_safe(data, tmp_path_factory):
    mine = {'Train/notes.txt': b'mine', 'Train/X_mine.dat': b'mine too'}
    for name, content in mine.items():
        put(name, content)
    before = contents(data)
    refused(MAKE, 5, 3, parts=('Train already holds sequences', '--overwrite'))
    assert contents(data) == before
    script(MAKE, 5, 3, '--overwrite')
    assert contents(data) == contents(made(tmp_path_factory, 5, 3)) | mine
    shutil.rmtree('Train')
    refused(MAKE, 5, 4, parts=('Test already holds sequences',))


def test_the_same_again(data):
    before = contents(data)
    again = 'Train and Test hold exactly these sequences already.\n'
    assert script(MAKE, 20, 10).stdout == again and contents(data) == before
    for name, content in {
        'Test/X_10.dat': bytes(1024),
        'Test/Y_10.dat': doubles(2),
        'Test/X_11.dat': bytes(1024),
        'Train/Y_3.dat': None,
        'Train/classes.txt': b'sine wave\n',
        'Train/.unfinished/X_1.dat': b'',
    }.items():
        put(name, content)
        refused(MAKE, 20, 10, parts=('Train', '--overwrite'))
        assert script(MAKE, 20, 10, '--overwrite').stdout.startswith('Wrote 20 sequences')
        assert contents(data) == before


def test_wherever_the_disk_fails(folder, monkeypatch):
    """The old sets stay; or one of them is refused, and the other is whole."""

    def write_both(N, seed, names):
        rng = np.random.default_rng(seed)
        drawn = {name: (n, sequences(n, rng)) for name, n in (('Train', N), ('Test', 2))}
        sets.write_sets(drawn, True, names)
        return {name: contents(name) for name in drawn}

    def failing(real):
        def call(path, *arguments, **options):
            calls.append(str(path))
            if len(calls) == last:
                raise OSError(errno.ENOSPC, 'full', *calls[-1:] * (last % 2))
            return real(path, *arguments, **options)

        return call

    new = write_both(2, 1, ['new', 'names'])
    calls, last = [''], 0
    while len(calls) >= last:
        old, calls, last = write_both(3, 0, ['old']), [], last + 1
        with monkeypatch.context() as patch:
            patch.setattr(sets, 'open', failing(open), raising=False)
            for operation in ('mkdir', 'listdir', 'rename', 'remove', 'replace', 'rmdir'):
                patch.setattr(os, operation, failing(getattr(os, operation)))
            try:
                write_both(2, 1, ['new', 'names'])
            except DataError as error:
                named = calls[last - 1] if last % 2 else 'Train'
                assert str(error).startswith(f'{named}: full; get room')
        whole = {n: contents(n) for n in old if not os.path.exists(f'{n}/.unfinished')}
        assert whole in (old, new) or len(whole) < 2
        assert all(now in (old[n], new[n]) for n, now in whole.items())
        assert not list(folder.glob('*/.new')) and write_both(2, 1, ['new', 'names']) == new
    assert last > 30


def test_ctrl_c_while_writing(data):
    before = contents(data)
    put('Train/.new/X_9.dat', b'left by a script that was killed')
    with pytest.raises(KeyboardInterrupt), sets.exchanged(['Train', 'Test'], bool) as new:
        assert os.listdir(new[0]) == []
        raise KeyboardInterrupt
    assert contents(data) == before and not os.path.exists('Train/.new')


def test_one_writer_at_a_time(data, monkeypatch):
    before, handles = contents(data), len(os.listdir('/proc/self/fd'))
    lock = sets.lock('Test')
    refused(MAKE, 5, 5, '--overwrite', parts=('Test is being written by another',))
    os.close(lock)
    with pytest.raises(DataError, match='given twice'), sets.exchanged(['Train', 'Train'], bool):
        pytest.fail('the second lock was given')
    assert contents(data) == before and len(os.listdir('/proc/self/fd')) <= handles

    # As on some network disks, which have no locks.
    monkeypatch.setattr(sets.fcntl, 'flock', lambda *_: os.stat('no locks'))
    script(MAKE, 4, 4, '--overwrite')
    assert files.sequence_numbers('Train') == {1, 2, 3, 4}


# ---------------------------------------------------------------- the scripts and the terminal


def test_errors_and_whole_numbers(monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['exps/__main__.py'])
    error = DataError('X is Y: do Z')
    assert (str(error), error.code) == ('X is Y: do Z', 'python -m exps: X is Y: do Z')
    for text, least in (('1', 1), ('0', 0), ('-5', -5), (' 7 ', 1), ('2147483647', 1)):
        assert console.whole_number(least)(text) == int(text)
    for text in ('0', '-3', 'x', '1.5', '', '2147483648'):
        with pytest.raises(ArgumentTypeError, match=f'^{text} is not a .* 1 to 2147483647'):
            console.whole_number(1)(text)
    assert 'as  it\n  is\n' in console.parser('as  it\n  is').format_help()


def test_progress(monkeypatch):
    many, terminal = range(1000), io.StringIO()
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.setattr(sys, 'stderr', terminal)
    assert console.progress(many, 'Writing Train') is many
    terminal.isatty = lambda: True
    assert console.progress(many[:999], 'Writing Train') == many[:999]
    assert list(console.progress(many, 'Writing Train')) == list(many)
    shown = terminal.getvalue()
    assert 'Writing Train' in shown and '100%' in shown
    assert shown.endswith('\x1b[2K')  # the line is empty again


def test_quick_scripts_load_no_tensorflow(data):
    said = "print([name for name in ('keras', 'tensorflow') if name in sys.modules])"
    script = f'import atexit, sys; atexit.register(lambda: {said}); '
    put('all.py', f'{script}import generate_data, import_data, view, infer'.encode())
    done = process(data / 'all.py', 2, env={'PYTHONPATH': str(WORKSHOP)}, status=1)
    assert done.stdout == 'Plot: Train_2.png\n[]\n' and one_line(done, 'model.keras is missing')
