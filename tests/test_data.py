"""Sequences: their files, pictures and making. utilities, view, generate_data and their support."""

import ctypes
import errno
import io
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
from conftest import WORKSHOP, contents, made, process, refused, script
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.extra.numpy import arrays
from scipy.stats import kstest

import utilities
from generate_data import make_sequences, random_streams, sequences
from utilities import read_class_names, read_set, read_test_data, read_training_data

set_hypothesis_home_dir(os.devnull)  # or it makes a folder here
EXAMPLES = hypothesis.settings(
    derandomize=True, deadline=None, max_examples=20, suppress_health_check=hypothesis.HealthCheck
)


def doubles(*values):
    return struct.pack(f'<{len(values)}d', *values)


def write(path, content):
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
    """Each file is what struct packs; a whole set and a single sequence are read as they were."""
    size = abs(X).max(axis=1)
    hypothesis.assume(((size == 0) | (size > 1.2e-38)).all())
    (N, length), Y = X.shape, Y[: len(X)]
    assert sets.write_sets({name: (N, zip(X, Y, strict=True))}, overwrite=True) is True
    expected = {f'X_{i}.dat': doubles(*x) for i, x in enumerate(X, 1)}
    assert contents(name) == expected | {f'Y_{i}.dat': doubles(y) for i, y in enumerate(Y, 1)}
    X_read, Y_read = read_set(name, N, length)
    assert X_read.shape == X.shape and X_read.dtype == Y_read.dtype == np.float64
    assert X_read.tobytes() == X.tobytes() and Y_read.tolist() == Y
    x, y = {'Train': read_training_data, 'Test': read_test_data}[name](N, length)
    assert x.dtype == np.float64 and x.tobytes() == X[-1].tobytes()
    assert y == Y[-1] and type(y) is float
    assert sets.write_sets({name: (N, zip(X, Y, strict=True))}) is False  # they are there already


BAD_FILES = {
    'short': ('X_7', doubles(*range(5)), '5 value(s) instead of 128', 'N_sequence 5'),
    'long': ('X_7', bytes(8 * 129), '129 value(s)', 'N_sequence 129'),
    'empty': ('X_7', b'', 'is empty', ': correct the file'),
    'ragged': ('X_7', bytes(1021), '1021 bytes', ': correct the file'),
    'NaN': ('X_7', doubles(*[0.0] * 127, float('nan')), 'NaN'),
    'infinity': ('X_7', doubles(float('inf'), *[0.0] * 127), 'infinity'),
    'too large': ('X_7', doubles(*[0.0] * 127, -1e44), 'size 1e+44, outside'),
    'too small': ('X_7', doubles(*[1e-39] * 128), 'size 1e-39, outside'),
    'missing': ('X_7', None, 'middle'),
    'no label': ('Y_7', None, 'middle'),
    'empty label': ('Y_7', b'', 'empty', 'one class number'),
    'two labels': ('Y_7', bytes(16), '2 value', 'one class number'),
    'fraction': ('Y_7', doubles(0.5), '0.5'),
    'negative': ('Y_7', doubles(-1), '-1'),
    'large label': ('Y_7', doubles(1e6), 'holds 1e+06, but'),
    'NaN label': ('Y_7', doubles(float('nan')), 'holds nan, but'),
}


@pytest.mark.parametrize('kind', BAD_FILES)
def test_bad_files(data, kind):
    name, content, *parts = BAD_FILES[kind]
    path = Path(f'Train/{name}.dat')
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(DataError) as error:
        read_set('Train', 20, 128)
    text = str(error.value)
    assert text.startswith(str(path)) and len(text) < 200
    assert text.endswith(': correct the file') == (': correct the file' in parts)
    assert refused('view.py', 7, parts=parts) == f'view.py: {text}'


def test_half_of_the_last_sequence_is_missing(data):
    os.remove('Train/X_20.dat')
    with pytest.raises(DataError, match=r'X_20\.dat is missing.*put it back'):
        read_set('Train', 20, 128)


def test_missing_sets_and_too_large_numbers(data):
    for ask, why in (
        (lambda: read_set('Train', 21, 128), r'number 20, .*\(--N_train 20\).*generate_data\.py'),
        (lambda: read_training_data(99, 128), r'number 20, .*\(--N_train 20\).*generate_data\.py'),
        (lambda: read_test_data(11, 128), r'number 10, .*\(--N_test 10\).*generate_data\.py'),
        (lambda: utilities.read_series('./Train/X_21.dat', 1), 'no more, or .*generate_data'),
        (lambda: utilities.read_series('X_1.dat', 128), f'{data} holds no sequences yet'),
        (lambda: utilities.read_series('a.dat', 128), r'a\.dat is missing: check its name'),
        (lambda: os.mkdir('Train/.unfinished') or read_training_data(1, 9), 'unfinished set'),
        (lambda: shutil.rmtree('Train') or read_set('Train', 1, 1), r'no .* yet.*generate_data'),
    ):
        with pytest.raises(DataError, match=why):
            ask()
    os.mkdir('Train')
    refused('view.py', 1, parts=('Train holds no sequences yet', 'generate_data.py'))
    os.rmdir('Train')
    write('Train', b'a file')
    refused('view.py', 1, parts=('Train: ', 'must be a folder'))
    refused('generate_data.py', 5, 5, parts=('Train', 'folder'))
    refused('generate_data.py', 5, 5, '--overwrite', parts=('Train', 'a real folder'))
    assert Path('Train').read_bytes() == b'a file'


@pytest.fixture
def ordinary_user():
    """Take from root, in this thread, the right to read and write everything."""
    libc, header = ctypes.CDLL(None), (ctypes.c_uint32 * 2)(0x20080522)
    rights, fewer = (ctypes.c_uint32 * 6)(), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, rights) == 0
    fewer[:] = [rights[0] & ~0b110, *rights[1:]]  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
    assert libc.capset(header, fewer) == 0
    yield
    assert libc.capset(header, rights) == 0


def test_no_permission(data, ordinary_user):
    os.chmod('Train/X_2.dat', 0)
    refused('view.py', 2, parts=('Train/X_2.dat', 'Permission denied', 'may read'))
    os.chmod('.', 0o555)
    refused('view.py', 3, parts=('Train_3.png', 'permission'))
    script('generate_data.py', 3, 3, '--overwrite')  # Train itself may still be written
    os.chmod('Train', 0o555)
    refused('generate_data.py', 3, 3, '--overwrite', parts=('Train', 'permission'))
    os.chmod('Train', 0)
    refused('generate_data.py', 3, 3, parts=('Train: ', 'a folder that you may read'))
    os.chmod('.', 0o755)
    os.chmod('Train', 0o755)


def test_what_a_folder_holds(folder):
    for name in ('X_3', 'Y_12', 'X_0', 'X_07', 'X_mine', 'aX_5', 'X_6.dat~'):
        write(f'Train/{name}.dat', b'')
    assert files.sequence_numbers('Train') == {3, 12} and files.sequence_numbers('Test') == set()
    assert files.last_written('Train') is None
    write('Train/X_1.dat', b'')
    os.utime('Train/X_1.dat', ns=(5, 7))
    assert files.last_written('Train') == 7


def test_class_names(data):
    names, name, title = ['sine wave', ' ', 'a$b'], utilities.class_name, utilities.class_title
    assert [name(Y, names) for Y in (0, 1.0, 2, 3)] == ['sine wave', 'class 1', 'a$b', 'class 3']
    assert [title(Y, names) for Y in (0.0, 1)] == ['class 0 (sine wave)', 'class 1']
    assert title(1) == 'class 1'
    assert read_class_names('.') == read_class_names('nowhere') == []
    for content in (b'', b'one', b'\n\n', b'$\\frac$\n$', b'\xef\xbb\xbfone\r\n\xc3\xa4'):
        write('Train/classes.txt', content)
        assert script('view.py', 1, 2).stdout == 'Plot: Train_1_2.png\n'
    assert read_class_names('Train') == ['one', 'ä'] and read_class_names('Train/X_1.dat') == []
    write('Train/classes.txt', b'\xff')
    refused('view.py', 1, parts=('Train/classes.txt: is no UTF-8 text; ', 'remove it'))
    os.remove('Train/classes.txt')
    os.mkdir('Train/classes.txt')
    refused('view.py', 1, parts=('Train/classes.txt: Is a directory; ', 'remove it'))


def test_whole_file_is_whole_or_not_at_all(folder):
    write('a/b.txt', b'old')
    for error, kind, text in (
        (ZeroDivisionError(), ZeroDivisionError, None),
        (OSError(errno.ENOSPC, 'full'), DataError, r'^a/b\.txt could not be written \(full\)'),
        (OSError('odd'), DataError, r'^a/b\.txt could not be written \(odd\)'),
    ):
        with pytest.raises(kind, match=text), files.whole_file('a/b.txt') as temporary:
            write(temporary, b'half')
            raise error
    assert contents('.') == {'a/b.txt': b'old'}
    with files.whole_file('a/b.txt') as temporary:
        write(temporary, b'new')
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
    write('Train/X_3.dat', doubles(*range(50)))
    write('Train/X_4.dat', doubles(0.5))
    for command, name, read, IDs, N in (
        ('2', 'Train', read_training_data, '2', 128),
        ('--N_sequence 50 3', 'Train', read_training_data, '3', 50),
        ('--N_sequence 1 4', 'Train', read_training_data, '4', 1),
        ('--test 1 3 2 4', 'Test', read_test_data, '1324', 128),
        ('1 ' * 36, 'Train', read_training_data, '1' * 36, 128),
    ):
        script('view.py', *command.split())
        figure, path = plots[-1]
        assert path == (f'{name}_{"_".join(IDs)}.png' if len(IDs) < 7 else 'Train_1_to_1.png')
        for i, axis in zip(IDs, figure.axes, strict=True):
            X, Y = read(i, N)
            assert axis.lines[0].get_xydata().T.tolist() == [list(range(1, N + 1)), X.tolist()]
            kind = ['class 0 (sine wave)', 'class 1 (square wave)'][int(Y)]
            assert axis.get_title() == f'Data Set {i}: {kind}'
        labels = figure.get_supxlabel(), figure.get_supylabel()
        assert labels == ('Time Sequence (t)', 'Data X(t)')


def test_grid(folder, plots):
    write('Train/classes.txt', b'$a$')
    sizes = {1: (1, 1, 6.4, 4.8), 2: (1, 2, 8, 4.8), 6: (2, 3, 12, 6), 7: (3, 3, 12, 9)}
    for N, expected in sizes.items():
        utilities.plot_results(range(1, N + 1), np.eye(N, 4), np.zeros(N) if N == 6 else None)
        figure = plots[-1][0]
        grid = figure.axes[0].get_gridspec()
        assert (grid.nrows, grid.ncols, *figure.get_size_inches()) == expected
        title = figure.axes[N - 1].title
        assert title.get_text() == f'Data Set {N}' + (N == 6) * ': class 0 ($a$)'
        assert len(figure.axes) == N and not title.get_parse_math()
    assert [path for _, path in plots[2:]] == ['Train_1_2_3_4_5_6.png', 'Train_1_to_7.png']


def test_plot_history(plots):
    training = {'accuracy': [0.5, 0.75, 1.0], 'loss': [0.7, 0.6, 0.5]}
    both = training | {'val_accuracy': [0.6, 0.7, 0.8], 'val_loss': [0.6, 0.7, 0.8]}
    for values in (training, both, {'accuracy': [0.5], 'loss': [0.7]}):
        utilities.plot_history(type('History', (), {'history': values}))
    (figure, path), (validated, _), (single, _) = plots
    above, below = figure.axes
    assert path == 'history.png' and figure.get_size_inches().tolist() == [6.4, 7]
    assert above.get_title() == 'Accuracy Convergence History' and above.get_legend() is None
    labels = above.get_ylabel(), below.get_ylabel(), below.get_xlabel()
    assert labels == ('Accuracy', 'Loss', 'Epoch')
    assert above.lines[0].get_xydata().tolist() == [[1, 0.5], [2, 0.75], [3, 1.0]]
    assert below.lines[0].get_ydata().tolist() == [0.7, 0.6, 0.5]
    assert above.get_shared_x_axes().joined(above, below) and all(
        x == int(x) for x in below.get_xticks()
    )
    assert [axis.lines[1].get_ydata().tolist() for axis in validated.axes] == [[0.6, 0.7, 0.8]] * 2
    labels = [text.get_text() for text in validated.axes[0].get_legend().get_texts()]
    assert labels == ['training', 'validation']
    # A single epoch is a point, which has to be seen.
    assert [axis.lines[0].get_marker() for axis in (*single.axes, above)] == ['o', 'o', 'None']


def test_the_plot_is_saved_and_shown_where_there_is_a_display(data, monkeypatch):
    shown = []
    monkeypatch.setattr(plt, 'show', lambda: shown.append(plt.get_fignums()))
    assert script('view.py', 2) == ('Plot: Train_2.png\n', '', 0)
    assert set(os.listdir()) == {'Train', 'Test', 'Train_2.png'} and shown == []
    assert plt.imread('Train_2.png').shape[:2] == (720, 960)
    canvas = type(plt.figure().canvas)
    plt.close()
    monkeypatch.setattr(canvas, 'required_interactive_framework', 'headless')
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
    assert len(list(sequences(2, np.random.default_rng(seed), N_sequence=130_000))) == 2


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
        assert noise[-1].std() == pytest.approx(0.5, rel=0.03)  # 7,680 values: 0.8 % either way
        assert abs(noise[-1].mean()) < 0.03
        assert kstest(noise[-1].ravel() / 0.5, 'norm').pvalue > 1e-3
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.06


def test_default_set(folder):
    assert script('generate_data.py') == ('Wrote 200 sequences to Train and 50 to Test.\n', '', 0)
    for name, N in (('Train', 200), ('Test', 50)):
        found = contents(name)
        assert found.pop('classes.txt') == b'sine wave\nsquare wave\n'
        expected = {f'{c}_{i}.dat': n for c, n in (('X', 1024), ('Y', 8)) for i in range(1, N + 1)}
        assert {file: len(content) for file, content in found.items()} == expected
    X, Y = read_set('Train', 200, 128)
    assert 70 < sum(Y) < 130 and ((abs(X) == 1).all(axis=1) == Y).all()


OPTIONS = ['noise=0', 'noise=0.5', 'noise=1e6', 'phase=True', 'classes=2,seed=0', 'classes=3']
OPTIONS += ['N_sequence=1', 'seed=7', 'classes=4,phase=True,noise=0.1,N_sequence=300']


@pytest.mark.parametrize('given', OPTIONS)
def test_options(folder, given):
    arguments = [f'--{option}'.removesuffix('=True') for option in given.split(',')]
    script('generate_data.py', 20, 10, *arguments)
    options = {'N_sequence': 128, 'seed': 0} | eval(f'dict({given})')
    streams = random_streams(options.pop('seed'))
    for name, N, rng in zip(('Train', 'Test'), (20, 10), streams, strict=True):
        X, Y = make_sequences(N, rng, **options)
        X_read, Y_read = read_set(name, N, options['N_sequence'])
        assert (X_read == X).all() and (Y_read == Y).all()
        assert len(read_class_names(name)) == options.get('classes', 2)


VIEW = ['', '0', '-1', 'two', '1.5', '1 --N_sequence 0', '1 --N_seq 5', '1 ' * 37]
GENERATE = ['-5', 'many', '5 0', '5 5 6', '--classes 5', '--classes 1', '--N_sequence 0', '--over']
NOISE = [f'--noise {x}' for x in ('-0.1', 'nan', 'inf', '1.1e6', 'loud')]
CASES = [('view.py', VIEW), ('generate_data.py', [*GENERATE, *NOISE, '--seed -1', '--phase=0'])]


@pytest.mark.parametrize(('name', 'cases'), CASES)
def test_wrong_command_lines(folder, name, cases):
    for case in cases:
        said = refused(name, *case.split(), status=2)
        assert said.startswith(f'{name}: error: ')
        assert cases is VIEW or case.replace('=', ' ').split()[-1] in said
    assert contents(folder) == {}


# ---------------------------------------------------------------- sets written whole


def test_existing_data_are_safe(data, tmp_path_factory):
    mine = {'Train/notes.txt': b'mine', 'Train/X_mine.dat': b'mine too'}
    for name, content in mine.items():
        write(name, content)
    before = contents(data)
    refused('generate_data.py', 5, 3, parts=('Train already holds sequences', '--overwrite'))
    assert contents(data) == before
    script('generate_data.py', 5, 3, '--overwrite')
    assert contents(data) == contents(made(tmp_path_factory, 5, 3)) | mine
    shutil.rmtree('Train')
    refused('generate_data.py', 5, 4, parts=('Test already holds sequences',))


def test_the_same_again(data):
    before, make = contents(data), ('generate_data.py', 20, 10)
    again = 'Train and Test hold exactly these sequences already.\n'
    assert script(*make).stdout == again and contents(data) == before
    for name, content in {
        'Test/X_10.dat': bytes(1024),
        'Test/Y_10.dat': doubles(2),
        'Test/X_11.dat': bytes(1024),
        'Train/Y_3.dat': None,
        'Train/classes.txt': b'sine wave\n',
        'Train/.unfinished/X_1.dat': b'',
    }.items():
        os.remove(name) if content is None else write(name, content)
        refused(*make, parts=('Train', '--overwrite'))
        assert script(*make, '--overwrite').stdout.startswith('Wrote 20 sequences')
        assert contents(data) == before


@pytest.mark.parametrize('operation', 'open mkdir listdir rename remove replace rmdir'.split())
def test_wherever_the_disk_fails(folder, monkeypatch, operation):
    """The old sets stay; or one of them is refused, and the other is whole."""

    def write_both(N, seed, names):
        rng = np.random.default_rng(seed)
        drawn = {name: (n, sequences(n, rng)) for name, n in (('Train', N), ('Test', 2))}
        sets.write_sets(drawn, True, names)
        return {name: contents(name) for name in drawn}

    def fail(path, *arguments, **options):
        calls.append(str(path))
        if len(calls) == last:
            raise OSError(errno.ENOSPC, 'full', *calls[-1:] * (last % 2))
        return real(path, *arguments, **options)

    module = sets if operation == 'open' else os
    real = getattr(module, operation, open)
    new = write_both(2, 1, ['new', 'names'])
    calls, last = [''], 0
    while len(calls) >= last:
        old, calls, last = write_both(3, 0, ['old']), [], last + 1
        with monkeypatch.context() as patch:
            patch.setattr(module, operation, fail, raising=False)
            try:
                write_both(2, 1, ['new', 'names'])
            except DataError as error:
                named = calls[-1] if last % 2 else 'Train'
                assert str(error).startswith(f'{named}: full; get room')
        whole = {n: contents(n) for n in old if not os.path.exists(f'{n}/.unfinished')}
        assert whole in (old, new) or len(whole) < 2
        assert all(now in (old[n], new[n]) for n, now in whole.items())
        assert not list(folder.glob('*/.new')) and write_both(2, 1, ['new', 'names']) == new
    assert last > 2


def test_ctrl_c_while_writing(data):
    before = contents(data)
    write('Train/.new/X_9.dat', b'left by a script that was killed')
    with pytest.raises(KeyboardInterrupt), sets.exchanged(['Train', 'Test'], bool) as new:
        assert os.listdir(new[0]) == []
        raise KeyboardInterrupt
    assert contents(data) == before and not os.path.exists('Train/.new')


def test_one_writer_at_a_time(data, monkeypatch):
    before, handles = contents(data), len(os.listdir('/proc/self/fd'))
    lock = sets.lock('Test')
    refused('generate_data.py', 5, 5, '--overwrite', parts=('Test is being written by another',))
    os.close(lock)
    with pytest.raises(DataError, match='given twice'), sets.exchanged(['Train', 'Train'], bool):
        pytest.fail('the second lock was given')
    assert contents(data) == before and len(os.listdir('/proc/self/fd')) <= handles

    # As on some network disks, which have no locks.
    monkeypatch.setattr(sets.fcntl, 'flock', lambda *_: os.stat('no locks'))
    script('generate_data.py', 4, 4, '--overwrite')
    assert files.sequence_numbers('Train') == {1, 2, 3, 4}


# ---------------------------------------------------------------- the scripts and the terminal


def test_program_and_errors(monkeypatch):
    for path, name in (('me/train.py', 'train.py'), ('exps/__main__.py', 'python -m exps')):
        monkeypatch.setattr(sys, 'argv', [path])
        error = DataError('X is Y: do Z')
        assert (str(error), error.code) == ('X is Y: do Z', f'{name}: X is Y: do Z')
        assert console.program() == name and isinstance(error, SystemExit)


def test_whole_numbers_and_help():
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
    assert list(console.progress(many[:999], 'Writing Train')) == list(many[:999])
    assert terminal.getvalue() == ''
    assert list(console.progress(many, 'Writing Train')) == list(many)
    shown = terminal.getvalue()
    assert 'Writing Train' in shown and '100%' in shown
    assert shown.endswith('\x1b[2K')  # the line is empty again


def test_quick_scripts_load_no_tensorflow(data):
    for command in (
        'view.py 2',
        'generate_data.py 20 10',
        'import_data.py --help',
        'infer.py --help',
    ):
        loaded = process(*command.split(), env={'PYTHONPROFILEIMPORTTIME': '1'}).stderr
        assert ' numpy\n' in loaded and 'keras' not in loaded and 'tensorflow' not in loaded


def test_projected_scripts_have_79_columns():
    for name in ('train', 'train_large', 'generate_data', 'utilities', 'view'):
        lines = (WORKSHOP / f'{name}.py').read_text(encoding='utf-8').splitlines()
        assert lines and max(map(len, lines)) <= 79, name
