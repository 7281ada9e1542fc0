"""Sequences: their files, pictures and making; sets, whole or not at all."""

import builtins
import errno
import functools
import hashlib
import io
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

from support import files, sets
from support.console import DataError
from support.runs import read_csv, read_run, write_csv

import numpy as np
import pytest
from conftest import PROJECT, SHORT, TRAIN, contents, process, refused, script
from scipy.stats import kstest

import utilities
from generate_data import WAVES, make_sequences, random_streams
from utilities import read_set, read_test_data, read_training_data

MAKE = 'generate_data.py'
SINE = np.sin(np.arange(1.0, 129))
ABOUT = {'script': 'test', 'what': 'made for a test', 'command': 'none'}


def put(path, content):
    """Write a file of bytes, or of float64 values."""
    if not isinstance(content, bytes):
        content = np.array(content, '<f8').tobytes()
    Path(path).write_bytes(content)


def test_what_is_written_is_read(folder):
    """With the names of the classes and objects, which go when their set goes."""
    X = np.array([[1.5, -2.25, 3.39e38], [1e-300, 0, 1.21e-38]])
    both = dict.fromkeys(('Train', 'Test'), (X, np.array([0, 9])))
    for ids in {'Train': ['a', 'b'], 'Test': ['c', 'd']}, {}:
        sets.write_sets(both, ABOUT, True, ['x'], ids)
        for name, read in ('Train', read_training_data), ('Test', read_test_data):
            np.testing.assert_equal([read(1, 3), read(2, 3)], [(X[0], 0), (X[1], 9)])
            assert files.read_lines(name, 'classes.txt') == ['x']
            assert files.read_lines(name, 'ids.txt') == ids.get(name, [])


BAD = [
    ('X_7', [0] * 5, '5 values .*--N_sequence 5$'),
    ('X_7', SINE[:64], '64 values .*--N_sequence 64$'),
    ('X_7', SINE.astype('<f4').tobytes(), '128 values of float32'),
    ('X_7', bytes(128 * 8 + 4), '128.5 values .*write it again$'),
    *(('Y_7', bytes(n), f'{n / 8:g} values .*write it again$') for n in (0, 12, 16)),
    ('X_7', b'0.123, -4.56e-7\n' * 64, 'a value of size .*text'),
    ('X_7', [0] * 127 + [np.nan], 'NaN or infinity'),
    ('X_7', [-3.41e38] + [0] * 127, 'a value of size 3'),
    ('X_7', [1.19e-38] * 128, 'a value of size 1'),
    *(('Y_7', [Y], '.*, but a class is') for Y in (0.5, -1, 1e6)),
]


@pytest.mark.parametrize(('name', 'content', 'message'), BAD)
def test_bad_files(data, name, content, message):
    put(f'Train/{name}.dat', content)
    for read in read_set, lambda *_: read_training_data(7, 128):
        with pytest.raises(DataError, match=f'^Train/{name}.dat holds {message}'):
            read('Train', 20, 128)


def test_what_is_missing(data):
    """The line says what to do, with this script."""
    os.remove('Train/Y_7.dat')
    for ID, parts in {
        999: ('Train ends at number 20', MAKE),
        '\x07a.dat': (r'\x07a.dat is missing: check its name',),
        7: ('Train/Y_7.dat is missing', 'make them again', MAKE),
    }.items():
        refused('view.py', ID, parts=parts)
    with pytest.raises(DataError, match='numbered from 1'):
        read_training_data(0, 128)
    shutil.rmtree('Train')
    refused('view.py', 1, parts=[f'{data}/Train, in the current folder,', MAKE])


def test_view_shows_the_sequences(data, figures):
    """With the names of their classes, in which a $ is a $."""
    put('Test/classes.txt', b'\xef\xbb\xbfone\r\n$\\frac\xc3\xa4$')
    put('own.dat', [1, 2, 3])
    for arguments in '--test 1 3 2 4 6 5 7', '--test 7', '1 2 --hide', 'own.dat':
        script('view.py', *arguments.split())
    assert ' '.join(figures) == 'Test_1_to_7.png Test_7.png Train_1_2.png file_own.png'
    grid, one, hidden, own = figures.values()
    for i, axis in zip('1324657', grid.axes, strict=True):
        X, Y = read_test_data(i, 128)
        assert (axis.lines[0].get_xydata().T == [range(1, 129), X]).all()
        kind = ['class 0 (one)', r'class 1 (\$\fracä\$)'][int(Y)]
        assert axis.get_title() == f'Data Set {i}: {kind}'
    grid.draw_without_rendering()
    assert one.axes[0].get_title() == f'Data Set 7: {kind}'
    assert hidden.axes[0].get_title() == 'Data Set 1'
    assert own.axes[0].lines[0].get_ydata().tolist() == [1, 2, 3]


def test_plot_history(folder, figures):
    history = {'accuracy': [0.5, 0.75], 'val_accuracy': [0.5]}
    history |= {'loss': [0.7, 0.6], 'val_loss': [0.9]}
    utilities.plot_history(type('History', (), {'history': history}))
    lines = [line for axis in figures['history.png'].axes for line in axis.lines]
    assert [list(line.get_ydata()) for line in lines] == list(history.values())
    assert [list(line.get_xdata()) for line in lines] == [[1, 2], [1]] * 2


def test_wrong_shows_where_curves_differ(trained, figures):
    """Each is over the nearest of its class, and of that it was taken for."""
    rows = read_csv(read_run(1), 'predictions.csv')
    for row in rows[:9]:
        row['predicted'] = 1 - int(row['class'])
    write_csv('runs/1/predictions.csv', rows)
    shown = script('view.py', '--wrong').stdout
    assert ' of 50 test sequences are wrong; the first 8 are drawn\n' in shown
    X_train, Y_train = read_set('Train', 200, 128)
    for i, axis in zip(range(16), figures['wrong.png'].axes, strict=True):
        test, taken_for = i // 2 + 1, i % 2  # left its class, right the other
        X, Y = read_test_data(test, 128)
        kind = abs(Y - taken_for)
        apart = np.where(Y_train == kind, np.linalg.norm(X_train - X, axis=1), np.inf)
        near = apart.argmin()
        drawn = [line.get_ydata() for line in axis.lines]
        np.testing.assert_array_equal(drawn, [X, X_train[near]])
        differ = X != X_train[near]
        assert len(axis.collections[0].get_segments()) == differ.sum()
        name = 'taken for ' * taken_for + list(WAVES)[int(kind)]
        title = f'Test {test}, {name}.*: Train {near + 1}\ndistance {apart.min():.1f}'
        assert re.match(title, axis.get_title())
    rows = [row | {'predicted': row['class']} for row in rows]
    write_csv('runs/1/predictions.csv', rows)
    assert ' 0 of 50 test sequences are wrong\n' in script('view.py', '--wrong').stdout
    script(MAKE, '--seed', 1)  # The line names what makes the run's data again.
    again = 'python generate_data.py --overwrite'
    refused('view.py', '--wrong', parts=[again, 'runs/1'])
    script(*again.split()[1:])
    assert ' 0 of 50 ' in script('view.py', '--wrong', '--run', 1).stdout


def test_waves():
    """As in closed form; a small set begins a large one."""
    for options in ({}, {'classes': 4, 'phase': True}, {'f_min': 0.5, 'f_range': 1.4}):
        X, classes = make_sequences(20, np.random.default_rng(1), **options)
        Y, f, phase = np.random.default_rng(1).random((20, 3)).T
        f = options.get('f_min', 0.1) + options.get('f_range', 0.3) * f
        for i, (x, y) in enumerate(zip(X, classes, strict=True)):
            turn = f[i] * np.arange(1, len(x) + 1) / (2 * np.pi)
            turn = (turn + phase[i] * options.get('phase', 0)) % 1
            waves = [np.sin(2 * np.pi * turn), np.where(turn < 0.5, 1, -1)]
            waves += [2 * turn - 1, 1 - abs(4 * turn - 2)]
            assert y == int(Y[i] * options.get('classes', 2))
            np.testing.assert_allclose(x, waves[int(y)], atol=1e-6)
        small, _ = make_sequences(3, np.random.default_rng(1), **options)
        assert (small == X[:3]).all()
    # Noise: normal, another for each value, set and seed; it changes nothing else
    drawn = {0: [], 0.5: []}
    for noise in drawn:
        for rng in random_streams(0) + random_streams(1):
            drawn[noise] += [*make_sequences(5, rng, 60_000, noise=noise)[0]]
    noise = np.subtract(drawn[0.5], drawn[0])
    assert kstest(np.ravel(noise) / 0.5, 'norm').pvalue > 1e-3
    assert (abs(np.corrcoef(noise) - np.eye(20)) < 0.02).all()


def test_options(folder):
    script(MAKE, *'9 8 --classes 4 --phase --noise 0.1 --N_sequence 1 --seed 5'.split())
    for name, N, rng in zip(('Train', 'Test'), (9, 8), random_streams(5), strict=True):
        drawn = make_sequences(N, rng, 1, classes=4, phase=True, noise=0.1)
        np.testing.assert_equal(read_set(name, N, 1), drawn)
    assert files.read_lines('Test', 'classes.txt') == list(WAVES)[:4]
    line = 'sine, square, sawtooth and triangle waves, random phase, noise 0.1, seed 5'
    assert sets.describe_sets(1, 1)['data'].endswith(line)


def test_wrong_command_lines(folder):
    cases = {MAKE: '-5|5 5 6|--seed -1|--classes 1|--classes 5|--noise nan'}
    cases['view.py'] = '|0|two|1 --N_sequence 0|1 --wrong|1 a.dat'
    for name, options in cases.items():
        for typed in options.split('|'):
            refused(name, *typed.split(), status=2, parts=[': error: '])
    assert contents('.') == {}


def write_sets(packed=False, **sizes):
    """Write sets of so many sequences each."""
    rng = np.random.default_rng
    drawn = {f: make_sequences(N, rng(N)) for f, N in sizes.items()}
    sets.write_sets(drawn, ABOUT | {'of': sizes}, True, ['a', 'b'], packed=packed)


def test_who_replaces_what(data):
    """generate_data.py what it has made itself; else, with --overwrite, a set alone."""
    put('Train/notes.txt', b'mine')
    script(MAKE, 5, 3)
    line = '4 of 5 + 3 of 3 sequences, sine and square waves, seed 0'
    assert sets.describe_sets(4, 3)['data'] == line
    assert 'exactly these sequences' in script(MAKE, 5, 3).stdout
    edited = (PROJECT / MAKE).read_text().replace('f_min=0.1', 'f_min=0.2')
    put(MAKE, edited.encode())
    assert script(MAKE, 5, 3).stdout == 'Wrote 5 sequences to Train and 3 to Test.\n'
    os.remove(MAKE)
    script(MAKE, 5, 3)
    for change in 'Test/X_2.dat', 'Train/classes.txt', 'Train/ids.txt':
        put(change, b'changed')
        before = contents(data)
        refused(MAKE, 5, 3, parts=['already hold sequences', '--overwrite'])
        assert contents(data) == before
        assert 'changed since they were made' in sets.describe_sets(5, 3)['data']
        script(MAKE, 5, 3, '--overwrite')
    assert Path('Train/notes.txt').read_bytes() == b'mine'
    # What was killed in the middle is finished.
    unfinished = {'hashes': dict.fromkeys(('Train', 'Test'), 'not whole')}
    sets.write_about(sets.read_about('Train') | unfinished)
    os.remove('Train/Y_4.dat')
    script(MAKE, 5, 3)
    assert sets.describe_sets(4, 3)['data'] == line
    for name in 'Train', 'Test':
        os.remove(f'{name}/about.json')  # as those of 2018
    assert sets.describe_sets(5, 3)['data'] == '5 of 5 + 3 of 3 sequences'
    refused(MAKE, 5, 3, parts=['already hold sequences'])
    # What is replaced while it is read
    script(MAKE, 20, 10, '--overwrite')
    edit = "open('Test/about.json', 'w').close()\n#"
    put('train_other.py', TRAIN.replace('# Create our Keras', edit, 1).encode())
    refused(data / 'train_other.py', *SHORT, parts=['while it was read'])


@pytest.mark.parametrize('is_killed', [False, True])
def test_wherever_the_disk_fails_or_a_kill_comes(folder, monkeypatch, is_killed):
    """The sets are the old ones, the new ones, or a line says that they are not."""

    def call(real, *arguments, **options):
        nonlocal calls
        calls += 1
        # A full disk fails once; a killed script does nothing any more
        if calls == last or (calls > last and is_killed):
            raise KeyboardInterrupt if is_killed else OSError(errno.ENOSPC, 'full')
        return real(*arguments, **options)

    write_sets(is_killed, Train=2, Test=2)
    put('Train/notes', b'mine')
    new, calls, last = contents('.'), 0, 0
    while calls >= last:
        write_sets(Train=3, Test=2)
        old, calls, last = contents('.'), 0, last + 1
        with monkeypatch.context() as patch, suppress(DataError, KeyboardInterrupt):
            for name in ('listdir', 'mkdir', 'unlink', 'open'):
                patch.setattr(os, name, functools.partial(call, getattr(os, name)))
            for module in io, builtins:  # io's is pathlib's
                patch.setattr(module, 'open', functools.partial(call, open))
            write_sets(is_killed, Train=2, Test=2)
        assert Path('Train/notes').read_bytes() == b'mine'
        if contents('.') not in (old, new):
            with suppress(DataError):  # of two packed files one is not there
                line = sets.describe_sets(2, 2)['data']
                assert re.search('not belong together|changed since', line)
        write_sets(is_killed, Train=2, Test=2)  # what the next command does
        assert contents('.') == new
    assert last > 10


def test_packed_sets_are_the_same(data):
    """In what is read and in what the scripts print."""
    results = []
    for packed in [], ['--packed', '--overwrite']:
        script(MAKE, 20, 10, *packed)
        arrays = [*read_set('Train', 20, 128), *read_set('Test', 10, 128)]
        assert {x.dtype for x in arrays} == {np.dtype(float)}
        commands = ['train.py', *SHORT], ['infer.py', 'Test', 4, '--csv']
        printed = [script(*x).stdout for x in (*commands, ['view.py', '--wrong'])]
        results.append([*printed, *arrays])
        shutil.rmtree('runs')
    np.testing.assert_equal(*results)
    X, Y = np.load('Test/X.npy'), np.load('Test/Y.npy')
    for X_type, Y_type in ('float32', 'int64'), ('>f8', 'bool'), ('int8', 'uint8'):
        np.save('Test/X.npy', np.asfortranarray(X.astype(X_type)))
        np.save('Test/Y.npy', Y.astype(Y_type))
        found = read_set('Test', 10, 128)
        assert found[0].dtype == found[1].dtype == float
        assert (found[0] == X.astype(X_type)).all() and (found[1] == Y).all()
    printed = script(MAKE, 20_000, 1, '--N_sequence', 1, '--overwrite').stdout
    assert '40,002 files are too many' in printed  # and so they are packed
    assert np.load('Train/X.npy').shape == (20_000, 1)
    assert {*os.listdir('Train')} == {'X.npy', 'Y.npy', 'about.json', 'classes.txt'}


def test_bad_packed_sets(folder):
    """A line says what is wrong; --overwrite replaces either kind, and nothing else."""
    for name, content, message in (
        ('X.npy', np.zeros([20, 64]), 'Train/X_1.dat holds 64 .*--N_sequence 64'),
        ('X.npy', np.zeros([20, 2, 64]), r'X.npy and Y.npy cannot be read: .*\(20, 2'),
        ('X.npy', (), 'Train/X.npy and Y.npy cannot be read'),
        ('Y.npy', np.full(20, 0.5), 'Train/Y_1.dat holds 0.5, but a class'),
    ):
        script(MAKE, 20, 10, '--packed')
        put('Train/notes', b'mine')
        np.save(f'Train/{name}', content)
        assert re.search(message, refused('view.py', 1))
        refused(MAKE, 20, 10, '--packed', parts=['already hold sequences'])
        script(MAKE, 20, 10, '--overwrite')
        assert read_set('Train', 20, 128)[0].shape == (20, 128)
        assert Path('Train/notes').read_bytes() == b'mine'


def test_quick_scripts_load_no_tensorflow(data):
    text = 'import sys, generate_data, import_data, infer, view\n'
    put('all.py', f'{text}print({{"keras", "tensorflow"}} & {{*sys.modules}})'.encode())
    done = process(data / 'all.py', 2, env={'PYTHONPATH': str(PROJECT)})
    assert done.stdout == 'Plot: Train_2.png\nset()\n'


def test_the_sets_of_2018():
    """The slide's code, at MATLAB's first random state, makes the files given out."""
    random = np.random.RandomState(5489).random_sample
    waves, X, Y = (WAVES['sine wave'], WAVES['square wave']), [], []
    for _ in range(200):
        Y.append(float(random() >= 0.5))
        X.append(waves[int(Y[-1])]((0.1 + random() * 0.3) * np.arange(1, 129)))
    values = np.round(X, 9) + 0.0  # no -0
    digest = hashlib.sha256(values.tobytes() + np.array(Y).tobytes()).hexdigest()
    assert digest == '9d78f814f477594aa22e88e41150ad0e7d6113333d6bf32788741b90dbd5e6cb'
