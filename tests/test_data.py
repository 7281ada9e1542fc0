"""Sequences: their files, pictures and making. utilities, view, generate_data and their support."""

import errno
import io
import itertools
import json
import math
import os
import platform
import shutil
import sys
from argparse import ArgumentTypeError
from pathlib import Path

from support import console, files, sets
from support.console import DataError

import hypothesis
import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import WORKSHOP, contents, one_line, process, refused, script
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import kstest

import utilities
from generate_data import make_sequences, random_streams, sequences
from utilities import read_class_names, read_set, read_test_data, read_training_data

MAKE = 'generate_data.py'
ABOUT = {'script': 'test', 'what': 'made for a test', 'command': 'none'}
# Fresh examples are for a developer; in a test, the same ones each time.
EXAMPLES = hypothesis.settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)


def put(path, content):
    """Write a file of bytes, or of float64 values; or, with None, remove it."""
    if content is None:
        os.remove(path)
    else:
        Path(path).parent.mkdir(exist_ok=True)
        content = (
            content
            if isinstance(content, bytes)
            else np.array(content, '<f8').tobytes()
        )
        Path(path).write_bytes(content)


# ---------------------------------------------------------------- the files


def test_what_is_written_is_read(folder):
    X = np.array([[1.5, -2.25, 3.39e38], [-0.0, 0, 0], [1e-300, 0, 1.21e-38]])
    Y = np.array([0, 2, 999_999.0])
    expected = {f'X_{i}.dat': x.tobytes() for i, x in enumerate(X, 1)}
    expected |= {f'Y_{i}.dat': y.tobytes() for i, y in enumerate(Y, 1)}
    for name, read in (('Train', read_training_data), ('Test', read_test_data)):
        assert sets.write_sets({name: (3, zip(X, Y, strict=True))}, ABOUT)
        assert {
            n: d for n, d in contents(name).items() if n != 'about.json'
        } == expected
        X_read, Y_read = read_set(name, 3, 3)
        assert X_read.tobytes() == X.tobytes() and Y_read.tolist() == Y.tolist()
        x, y = read(3, 3)
        assert (x.dtype, x.tobytes(), y, type(y)) == (
            float,
            X[2].tobytes(),
            999_999,
            float,
        )


@EXAMPLES
@hypothesis.given(
    arrays(
        '<f8',
        st.tuples(st.integers(1, 4), st.integers(1, 6)),
        elements=st.floats(-3e38, 3e38),
    ),
    st.integers(0, 999_999),
)
def test_any_values_come_back(folder, X, Y):
    size = abs(X).max(axis=1)
    hypothesis.assume(((size == 0) | (size > 1.2e-38)).all())
    sets.write_sets(
        {'Train': (len(X), [(x, Y) for x in X])}, ABOUT | {'of': repr((X, Y))}, True
    )
    X_read, Y_read = read_set('Train', *X.shape)
    assert X_read.tobytes() == X.tobytes() and set(Y_read) == {Y}


@EXAMPLES
@hypothesis.given(st.integers())
def test_any_number_on_the_command_line(number):
    if 1 <= number < 2**31:
        assert console.whole_number(1)(str(number)) == number
    else:
        with pytest.raises(ArgumentTypeError, match=f'^{number} is not a whole number'):
            console.whole_number(1)(str(number))


BAD_FILES = [
    ('X_7', [0] * 5, r'holds 5 value\(s\) instead of 128 .* --N_sequence 5$'),
    ('X_7', [0] * 129, r'holds 129 value\(s\) .* --N_sequence 129$'),
    ('X_7', b'', 'is empty .*: correct the file$'),
    ('X_7', bytes(1021), 'has 1021 bytes.*: correct the file$'),
    ('X_7', b'0.123, -4.56e-7\n' * 64, 'is text, .*import_data.py'),
    ('X_7', [0] * 127 + [math.nan], 'holds NaN or infinity'),
    ('X_7', [-3.41e38] + [0] * 127, r'holds a value of size 3.41e\+38, outside'),
    ('X_7', [1.19e-38] * 128, 'holds a value of size 1.19e-38, outside'),
    ('X_7', None, 'is missing from the middle'),
    ('Y_7', None, 'is missing from the middle'),
    ('Y_7', b'', 'is empty instead of one class number: write the file again$'),
    (
        'Y_7',
        [0, 0],
        r'holds 2 value\(s\) instead of one class number: write the file again$',
    ),
    *(('Y_7', [y], f'holds {y}, but') for y in (0.5, -1, math.nan)),
    ('Y_7', [1e6], r'holds 1e\+06, but'),
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


def test_a_pipe_or_device_is_no_file(data):
    """Opened as a file, a FIFO would wait for ever for somebody who writes into it."""
    for name in 'X_7.dat', 'Y_7.dat', 'classes.txt', 'about.json':
        path = f'Train/{name}'
        os.remove(path)
        os.mkfifo(path)
        with pytest.raises(DataError, match=f'^{path}: Is no file; it must be a file'):
            files.check_file(path)
        if name == 'about.json':
            assert sets.read_about('Train') == ({}, False)
        else:
            refused('view.py', 7, parts=(f'{path}: Is no file',))
        shutil.copy('Test/' + name.replace('7', '1'), f'{path}.new')
        os.replace(f'{path}.new', path)
    for path in '/dev/null', '/dev/tty', 'Train', 'gone.dat':
        with pytest.raises(DataError, match=f'^{path}(:| is missing)'):
            files.check_file(path)
    files.check_file('Train/X_7.dat')
    os.remove('Train/X_7.dat')
    os.mkfifo('Train/X_7.dat')
    refused(MAKE, 20, 10, parts=('already hold sequences',))
    script(MAKE, 20, 10, '--overwrite')


def test_what_is_missing(data):
    os.utime('Train/X_1.dat', ns=(5, 7))
    assert files.last_written('Train') == 7 and files.sequence_numbers('none') == set()
    put('Train/X_20.dat', None)
    put(f'Train/X_{10**20}.dat', b'a number for the user alone')
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
        with pytest.raises(DataError, match=f'^{said}'):
            utilities.read_values(path, 128)
    os.mkdir('Train/.unfinished')
    for command in (('view.py', 1), (MAKE, 20, 10)):
        refused(*command, parts=('Train holds an unfinished set',))
    shutil.rmtree('Train')
    put('Train', b'a file')
    refused('view.py', 1, parts=('Train: Not a directory; it must be a folder',))
    refused(MAKE, 5, 5, '--overwrite', parts=('Train', 'no real folder'))
    assert Path('Train').read_bytes() == b'a file'


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
    for error, why in (
        (OSError(errno.ENOSPC, 'full'), 'full'),
        (OSError('odd'), 'odd'),
    ):
        said = rf'^a/b\.txt could not be written \({why}\)'
        with (
            pytest.raises(DataError, match=said),
            files.whole_file('a/b.txt') as temporary,
        ):
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
    put('Train/X_3.dat', [7])
    for command, name, read, IDs, N, size in (
        ('2', 'Train_2', read_training_data, '2', 128, [6.4, 4.8]),
        ('--N_sequence 1 3', 'Train_3', read_training_data, '3', 1, [6.4, 4.8]),
        (
            '--test 1 3 2 4 6 5',
            'Test_1_3_2_4_6_5',
            read_test_data,
            '132465',
            128,
            [12, 6],
        ),
        ('7 6 5 4 2 1 2', 'Train_7_to_2', read_training_data, '7654212', 128, [12, 9]),
        ('1 ' * 36, 'Train_1_to_1', read_training_data, '1' * 36, 128, [24, 18]),
    ):
        script('view.py', *command.split())
        figure, path = plots.pop()
        assert path == f'{name}.png' and figure.get_size_inches().tolist() == size
        for i, axis in zip(IDs, figure.axes, strict=True):
            X, Y = read(i, N)
            assert axis.lines[0].get_xydata().T.tolist() == [
                list(range(1, N + 1)),
                X.tolist(),
            ]
            kind = ['class 0 (sine wave)', 'class 1 (square wave)'][int(Y)]
            assert axis.get_title() == f'Data Set {i}: {kind}'
    utilities.plot_results(5, X)
    assert plots[0][0].axes[0].get_title() == 'Data Set 5'


def test_plot_history(plots):
    values = {'accuracy': [0.5, 0.75, 1.0], 'loss': [0.7, 0.6, 0.5]}
    validation = {'val_accuracy': [0.6, 0.7, 0.8], 'val_loss': [0.9, 0.4, 0.3]}
    for history in ({'accuracy': [0.5], 'loss': [0.7]}, values, values | validation):
        utilities.plot_history(type('History', (), {'history': history}))
        figure, path, _ = plots.pop()
        assert path == 'history.png' and figure.get_size_inches().tolist() == [6.4, 7]
        for name, axis in zip(('accuracy', 'loss'), figure.axes, strict=True):
            curves = [line.get_ydata().tolist() for line in axis.lines]
            assert curves == [history[n] for n in (name, f'val_{name}') if n in history]
            epochs = [1, 2, 3][: len(history[name])]
            assert axis.lines[0].get_xdata().tolist() == epochs
            assert (axis.lines[0].get_marker() == 'o') == (epochs == [1])
            assert axis.get_ylabel().lower() == name
        shown = [text.get_text() for text in figure.axes[1].get_legend().texts]
        assert shown == ['training', 'validation'][: len(history) // 2]
        assert figure.axes[1].get_yscale() == 'log' and figure.axes[0].get_ylim() == (
            -0.02,
            1.02,
        )
    assert [axis.get_title() for axis in figure.axes] == [
        'Accuracy Convergence History',
        '',
    ]
    assert [axis.get_xlabel() for axis in figure.axes] == ['', 'Epoch']
    assert all(tick == int(tick) for tick in axis.get_xticks())


def test_the_plot_is_saved_and_shown_where_there_is_a_display(data, monkeypatch):
    shown = []
    monkeypatch.setattr(plt, 'show', lambda: shown.append(plt.get_fignums()))
    assert script('view.py', 2) == ('Plot: Train_2.png\n', '', 0) and shown == []
    assert sorted(os.listdir()) == ['Test', 'Train', 'Train_2.png']
    assert plt.imread('Train_2.png').shape == (720, 960, 4)
    monkeypatch.setattr(
        plt.FigureCanvasBase, 'required_interactive_framework', 'headless'
    )
    plot, said = script('view.py', 2).stdout.splitlines()
    assert plot == 'Plot: Train_2.png' and 'window' in said and shown == [[1]]


# ---------------------------------------------------------------- generate_data.py


def closed_form(R, N_sequence=128, classes=2, phase=False, f_min=0.1, f_range=0.3):
    """Return the sequences that rows of three random numbers stand for, and their classes."""
    Y, f, p = np.floor(R[:, 0] * classes), f_min + f_range * R[:, 1], phase * R[:, 2]
    turn = np.mod(
        np.outer(f, np.arange(1, N_sequence + 1)) / (2 * np.pi) + p[:, None], 1
    )
    up = turn < 0.5
    sine, square = np.sin(2 * np.pi * turn), np.where(up, 1, -1)
    sawtooth, triangle = 2 * turn - 1, np.where(up, 4 * turn - 1, 3 - 4 * turn)
    return np.choose(Y.astype(int)[:, None], (sine, square, sawtooth, triangle)), Y


def test_waves():
    """A sequence depends on its three random numbers alone; a small set begins a large one."""
    others = {'classes': 3, 'f_min': 0.5, 'f_range': 1.4, 'N_sequence': 130_000}
    for options in ({}, {'classes': 4, 'phase': True}, others):
        X, Y = closed_form(np.random.default_rng(1).random((20, 3)), **options)
        for N in (20, 3):
            drawn = sequences(N, np.random.default_rng(1), **options)
            for (x, y), x_closed, y_closed in zip(drawn, X[:N], Y[:N], strict=True):
                np.testing.assert_allclose(x, x_closed, atol=1e-6)
                assert y == y_closed


@EXAMPLES
@hypothesis.given(
    st.integers(0, 2**31),
    st.integers(1, 40),
    st.integers(2, 4),
    st.booleans(),
    st.floats(0.01, 10),
)
def test_promises(seed, N, classes, phase, noise):
    """Whatever is asked for: a larger set begins with the smaller one; noise changes no class."""

    def drawn(N, **more):
        rng = np.random.default_rng(seed)
        return make_sequences(N, rng, classes=classes, phase=phase, **more)

    X, Y = drawn(N)
    assert X.shape == (N, 128) and abs(X).max() <= 1 and set(Y) <= set(range(classes))
    for more in ({}, {'noise': noise}):
        for small, large in zip(drawn(N, **more), drawn(N + 7, **more), strict=True):
            assert (large[:N] == small).all()
    noisy, same = drawn(N, noise=noise)
    assert (same == Y).all() and (noisy != X).mean() > 0.99


def test_noise():
    """Normal, and another for each value, set and seed; but a small set begins a large one."""

    def drawn(N, noise, seed, i):
        rng, long = random_streams(seed)[i], 60_000  # in blocks of two
        return np.array([x for x, _ in sequences(N, rng, N_sequence=long, noise=noise)])

    noise = []
    for stream in itertools.product((0, 1), (0, 1)):
        noisy = drawn(5, 0.5, *stream)
        assert (noisy[:3] == drawn(3, 0.5, *stream)).all()
        noise.extend(noisy - drawn(5, 0, *stream))
    assert kstest(np.ravel(noise) / 0.5, 'norm').pvalue > 1e-3
    assert (abs(np.corrcoef(noise) - np.eye(20)) < 0.02).all()


WAVES = ['sine wave', 'square wave', 'sawtooth wave', 'triangle wave']
OPTIONS = [
    ('--classes 2 --seed 0', {}),
    ('--noise 1e6 --N_sequence 1', {'noise': 1e6, 'N_sequence': 1}),
    ('--seed 2147483647 --classes 3 --noise 0', {'seed': 2147483647, 'classes': 3}),
    ('--classes 4 --phase --noise 0.1', {'classes': 4, 'phase': True, 'noise': 0.1}),
]


def test_options(folder):
    assert script(MAKE).stdout == 'Wrote 200 sequences to Train and 50 to Test.\n'
    assert (
        script(MAKE, 5, '--overwrite').stdout
        == 'Wrote 5 sequences to Train and 50 to Test.\n'
    )
    for given, options in OPTIONS:
        script(MAKE, 9, 9, '--overwrite', *given.split())
        options = {'N_sequence': 128, 'seed': 0, 'classes': 2} | options
        for name, rng in zip(
            ('Train', 'Test'), random_streams(options.pop('seed')), strict=True
        ):
            X, Y = make_sequences(9, rng, **options)
            X_read, Y_read = read_set(name, 9, options['N_sequence'])
            assert (X_read == X).all() and (Y_read == Y).all()
            assert read_class_names(name) == WAVES[: options['classes']]


VIEW = [
    '',
    '0',
    '-1',
    'two',
    '1.5',
    '2147483648',
    '1 --N_sequence 0',
    '1 --N_seq 5',
    '1 ' * 37,
]
GENERATE = [
    '-5',
    'many',
    '5 0',
    '5 5 6',
    '--classes 5',
    '--classes 1',
    '--N_sequence 0',
    '--over',
]
NOISE = [f'--noise {x}' for x in ('-0.1', 'nan', 'inf', '1.1e6', 'loud')]


def test_wrong_command_lines(folder):
    for name, cases in (
        ('view.py', VIEW),
        (MAKE, [*GENERATE, *NOISE, '--seed -1', '--phase=0']),
    ):
        for case in cases:
            said = refused(name, *case.split(), status=2)
            assert said.startswith(f'{name}: error: ')
            assert cases is VIEW or case.replace('=', ' ').split()[-1] in said
    assert contents(folder) == {}


# ---------------------------------------------------------------- sets written whole


def write_sets(overwrite=False, names=(), **sizes):
    """Write sets of so many sequences each, with as many classes."""
    drawn = {f: (N, sequences(N, np.random.default_rng(N))) for f, N in sizes.items()}
    return sets.write_sets(drawn, ABOUT, overwrite, names)


def files_of_sets():
    return {name: data for name, data in contents('.').items() if name.startswith('T')}


def test_who_replaces_what(data):
    """generate_data.py what it has made itself; else, with --overwrite, a set, and nothing else."""
    mine = {
        f'Train/{name}': b'mine'
        for name in ('notes.txt', 'X_mine.dat', 'X_0.dat', 'a/X_1.dat')
    }
    (data / 'Train/a').mkdir()
    for name, content in mine.items():
        put(name, content)
    script(MAKE, 5, 3)
    assert (
        sets.describe(4, 3)
        == '4 of 5 + 3 of 3 sequences, sine and square waves, seed 0'
    )
    assert (
        contents(data).items() >= mine.items() and len(contents(data)) == 4 + 16 + 2 + 2
    )
    assert (
        script(MAKE, 5, 3).stdout
        == 'Train and Test hold exactly these sequences already.\n'
    )
    for change in ('Test/X_3.dat', 'Train/Y_2.dat', 'Train/classes.txt'):
        put(change, b'changed')
        before = contents(data)
        refused(
            MAKE,
            5,
            3,
            parts=('Train and Test already hold sequences that', '--overwrite'),
        )
        assert contents(
            data
        ) == before and 'changed since they were made' in sets.describe(5, 3)
        script(MAKE, 5, 3, '--overwrite')
    os.remove('Test/about.json')
    assert sets.describe(1, 1).endswith(
        '; Train and Test do not belong together: make them again'
    )
    os.remove('Train/about.json')  # as those of the version before, and of 2018
    assert sets.describe(5, 3) == '5 of 5 + 3 of 3 sequences'
    assert 'exactly these sequences' in script(MAKE, 5, 3).stdout
    assert sets.describe(5, 3).endswith(', seed 0')  # now they say so
    write_sets(True, Train=2, Test=2)
    refused(MAKE, 5, 3, parts=('already hold sequences',))
    script(
        MAKE,
        5,
        3,
        '--phase',
        '--noise',
        0.5,
        '--classes',
        3,
        '--seed',
        7,
        '--overwrite',
    )
    assert sets.describe(5, 3).endswith(
        'sine, square and sawtooth waves, random phase, noise 0.5, seed 7'
    )


def test_a_copy_is_the_same_set(data):
    shutil.copytree('Train', 'copy')
    shutil.rmtree('Train')
    os.rename('copy', 'Train')
    assert sets.read_about('Train')[1] is False
    script(MAKE, 4, 4)
    put('Train/.unfinished/X_1.dat', b'')  # by the version before
    refused(MAKE, 4, 4, '--seed', 1, parts=('unfinished', '--overwrite'))
    script(MAKE, 4, 4, '--seed', 1, '--overwrite')
    assert not os.path.exists('Train/.unfinished')


def test_links(folder, monkeypatch):
    """Train may be one; what this script works with may not."""
    os.makedirs('disk/Train')
    put('disk/mine', b'mine')
    os.symlink('disk/Train', 'Train')
    script(MAKE, 2, 1)
    assert os.path.islink('Train') and len(os.listdir('disk/Train')) == 6
    os.unlink('Train')
    os.symlink('disk/none', 'Train')  # and may lead to none
    script(MAKE, 2, 1)
    assert (
        len(os.listdir('disk/none')) == 6 and Path('disk/mine').read_bytes() == b'mine'
    )
    shutil.rmtree('Test')
    os.symlink('disk', 'Test')  # a folder for other things is none for sequences
    refused(
        MAKE,
        2,
        1,
        '--overwrite',
        parts=('Test leads to', 'disk, which holds no sequences'),
    )
    assert sorted(os.listdir('disk')) == ['Train', 'mine', 'none']
    monkeypatch.setattr(os.path, 'ismount', lambda path: path.endswith('none'))
    refused(
        MAKE, 3, 1, '--overwrite', parts=('disk/none is a disk of its own', 'a link')
    )


def test_what_is_in_the_way(data):
    """A link, a file or a folder of the user's under a helper's name; moved away, all works."""
    put('mine/Y_1.dat', b'mine'), put('mine/deep/X_1.dat', b'mine')
    (
        shutil.copytree('Train', 'Train.old'),
        shutil.copytree('Train', 'Train.new'),
    )  # backups
    mine = os.path.abspath('mine')
    kinds = {
        lambda path: os.symlink(mine, path): 'is no real folder',
        lambda path: os.symlink('nowhere', path): 'is no real folder',
        lambda path: put(path, b'mine'): 'is no real folder',
        os.mkfifo: 'is no real folder',
        lambda path: shutil.copytree(mine, path): 'holds deep, which is of no set',
    }
    paths = '.Train.new', '.Test.old', 'Train/.unfinished'
    for i, (path, (make, said)) in enumerate(itertools.product(paths, kinds.items())):
        make(path)
        before = contents(data)
        refused(MAKE, 3, 1, '--overwrite', parts=(f'{path} {said}', 'move it away'))
        assert contents(data) == before
        os.rename(path, f'away{i}')
        script(MAKE, 3, 1, '--overwrite'), script(MAKE, 20, 10)
    # A set of before sets said what they are, with a link where they say so now.
    os.remove('Train/about.json')
    os.symlink(data / 'mine/Y_1.dat', 'Train/about.json')
    assert 'exactly these' in script(MAKE, 20, 10).stdout
    assert sets.read_about('Train')[1] is False and not os.path.islink(
        'Train/about.json'
    )
    assert (
        Path('mine/Y_1.dat').read_bytes() == b'mine'
        and len(os.listdir('Train.old')) == 42
    )
    # The name under which a file is written whole.
    os.symlink(data / 'mine/Y_1.dat', f'.{platform.node()}-{os.getpid()}-Train_1.png')
    script('view.py', 1)
    assert Path('mine/Y_1.dat').read_bytes() == b'mine' and not os.path.islink(
        'Train_1.png'
    )


def test_more_than_the_disk_holds(data, monkeypatch):
    """It is seen before anything is written."""
    before = contents(data)
    monkeypatch.setattr(sets, 'write_set', None)
    refused(
        MAKE,
        2**31 - 1,
        '--overwrite',
        parts=('take 1.8e+04 GB, but', 'GB left: make room'),
    )
    assert contents(data) == before


def test_wherever_the_disk_fails_or_a_kill_comes(folder, monkeypatch):
    """Each set is the old one or the new one; after a kill the next command makes it so."""

    class Killed(BaseException):
        pass

    def ending(real, error):
        def call(path, *arguments, **options):
            calls.append(str(path))
            if len(calls) == last:
                raise error
            if len(calls) > last and error is Killed:
                raise Killed  # a killed script cleans nothing up
            return real(path, *arguments, **options)

        return call

    def both():
        return [
            {
                n[len(f) :]: d
                for n, d in files_of_sets().items()
                if n.startswith(f'{f}/')
            }
            for f in ('Train', 'Test')
        ]

    write_sets(True, ['a'], Train=2, Test=2)
    new = both()
    for error in OSError(errno.ENOSPC, 'full'), Killed:
        for last in itertools.count(1):
            write_sets(True, ['a', 'b'], Train=3, Test=2)
            put('Train/notes', b'mine')
            old, calls = both(), []
            with monkeypatch.context() as patch:
                patch.setattr(sets, 'open', ending(open, error), raising=False)
                for operation in ('makedirs', 'listdir', 'rename', 'link'):
                    patch.setattr(os, operation, ending(getattr(os, operation), error))
                patch.setattr(shutil, 'rmtree', ending(shutil.rmtree, error))
                try:
                    write_sets(True, ['a'], Train=2, Test=2)
                except DataError as said:
                    assert 'full; get room' in str(said)
                except Killed:
                    pass
            ended = len(calls) < last
            gone = [name for name in ('Train', 'Test') if not os.path.exists(name)]
            for name in gone:
                test = ['--test'] * (name == 'Test')
                parts = f'{name} is missing, because', f'mv .{name}.new {name}'
                refused('view.py', 1, *test, parts=parts)
            if not gone:
                for now, was, becomes in zip(both(), old, new, strict=True):
                    assert {**now, '/notes': b''} in (
                        {**was, '/notes': b''},
                        {**becomes, '/notes': b''},
                    )
            write_sets(True, ['a'], Train=2, Test=2)
            assert both() == [new[0] | {'/notes': b'mine'}, new[1]]
            assert sorted(os.listdir()) == ['Test', 'Train']
            if ended:
                break
        assert last > 20


def test_one_writer_at_a_time(data, monkeypatch):
    before, handles = contents(data), len(os.listdir('/proc/self/fd'))
    with sets.locked([str(data / 'Train')]):
        refused(MAKE, 5, 5, parts=('another script is writing sets in',))
    assert contents(data) == before and len(os.listdir('/proc/self/fd')) <= handles
    # As on some network disks, which have no locks.
    monkeypatch.setattr(sets.fcntl, 'flock', lambda *_: os.stat('no locks'))
    script(MAKE, 4, 4)
    assert files.sequence_numbers('Train') == {1, 2, 3, 4}


def test_exchanged_while_it_is_read(data):
    read_training_data(1, 128), read_training_data(2, 128)
    script(MAKE, 4, 4)
    said = 'Train was written anew while it was read: run this again'
    with pytest.raises(DataError, match=said):
        read_training_data(3, 128)
    with pytest.raises(
        DataError, match=said
    ):  # and so, perhaps, were the names of the classes
        sets.describe(2, 2)
    read_training_data(1, 128), read_test_data(1, 128), read_training_data(2, 128)
    assert sets.describe(2, 2).startswith('2 of 4 + 2 of 4 sequences')


# ---------------------------------------------------------------- the scripts and the terminal


def test_a_package_is_called_as_it_was_started(monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['exps/__main__.py'])
    error = DataError('X is Y: do Z')
    assert (str(error), error.code) == ('X is Y: do Z', 'python -m exps: X is Y: do Z')
    usage = console.parser('as  it\n  is').format_help()
    assert 'as  it\n  is\n' in usage and 'python -m exps' in usage
    assert not hasattr(console, 'no_such_name')


SHOWN = {
    'sine wave, größer, 正弦波, שלום, a$b [red] \\x1b 🙂': None,
    '\x1b[2Ja\x9b1m\x07\b\x7f': r'\x1b[2Ja\x9b1m\x07\x08\x7f',
    'two\nlines\r\u2028\tmore': r'two\nlines\r\u2028\tmore',
    '\u202egnp.\u2066\u200f\u200b\ufeff\xad': r'\u202egnp.\u2066\u200f\u200b\ufeff\xad',
    '\udcff \ue000 \U000e0041': r'\udcff \ue000 \U000e0041',
    '9' * 5000: f'{"9" * 500} ... {"9" * 400}',
}


def test_text_from_files_is_safe_on_a_terminal(data):
    for text, shown in SHOWN.items():
        assert console.clean(text) == (shown or text)
        assert str(DataError(text)) == (shown or text)
    name = '\x1b[31mred\x1b[0m \u202e'
    put('Train/classes.txt', f'{name}\n{name}\n'.encode())
    assert read_class_names('Train') == [name, name]  # in files they stay as they are
    assert (
        utilities.class_title(1, [name, name]) == r'class 1 (\x1b[31mred\x1b[0m \u202e)'
    )
    os.rename('Train/X_1.dat', 'a\nb\x1b[2J.dat')
    assert (
        script('view.py', 'a\nb\x1b[2J.dat').stdout == 'Plot: file_a\\nb\\x1b[2J.png\n'
    )
    refused('view.py', '\x07\x1b]0;a.dat', parts=(r'\x07\x1b]0;a.dat is missing',))
    refused(
        'view.py',
        '\x07\u202e\nb',
        status=2,
        parts=(r'\x07\u202e\nb is not a whole number',),
    )


def test_progress(monkeypatch):
    many, terminal = range(1000), io.StringIO()
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.setattr(sys, 'stderr', terminal)
    assert console.progress(many, 'Writing Train') is many
    terminal.isatty = lambda: True
    assert console.progress(many[:999], 'Writing Train') == many[:999]
    assert list(console.progress(many, 'Writing [red]/\x07Train')) == list(many)
    shown = terminal.getvalue()
    assert r'Writing [red]/\x07Train' in shown and '100%' in shown
    assert shown.endswith('\x1b[2K')  # the line is empty again


def test_quick_scripts_load_no_tensorflow(data):
    said = "print([name for name in ('keras', 'tensorflow') if name in sys.modules])"
    script = f'import atexit, sys; atexit.register(lambda: {said}); '
    put('all.py', f'{script}import generate_data, import_data, view, infer'.encode())
    done = process(data / 'all.py', 2, env={'PYTHONPATH': str(WORKSHOP)}, status=1)
    assert done.stdout == 'Plot: Train_2.png\n[]\n' and one_line(
        done, 'there is no run yet'
    )


def test_a_set_with_ids_gives_way(data):
    """Names of objects are of the set, also of one that was left beside it."""
    for ids in ({}, {'Train': ['a'], 'Test': ['b']}, {}):
        both = {folder: (1, [(np.zeros(2), 0.0)]) for folder in ('Train', 'Test')}
        os.makedirs('.Train.new', exist_ok=True)
        Path('.Train.new/ids.txt').write_text('left by a kill')
        sets.write_sets(
            both, {'script': str(ids), 'what': '', 'command': ''}, True, ['x'], ids
        )
        assert [os.path.exists(f'{folder}/ids.txt') for folder in both] == [
            bool(ids)
        ] * 2
    about = json.loads(Path('Test/about.json').read_text())
    Path('Test/about.json').write_text(json.dumps(about | {'class_names': ['y']}))
    with pytest.raises(DataError, match='Train and Test are of different classes'):
        sets.describe(1, 1)


def test_a_refusal_comes_before_the_first_rename(data):
    """What is in the way of Test leaves Train as it was, too."""
    os.mkdir('.Test.old')
    Path('.Test.old/thesis.tex').write_text('mine')
    before = contents(data)
    refused(
        'generate_data.py', 30, 20, '--overwrite', parts=['.Test.old holds thesis.tex']
    )
    assert contents(data) == before
    os.mkdir('.Train.new')
    Path('.Train.new/about.json').write_text('{}')  # whole, and left by a kill
    before = contents(data)
    refused(
        'generate_data.py', 30, 20, '--overwrite', parts=['.Test.old holds thesis.tex']
    )
    assert contents(data) == before
