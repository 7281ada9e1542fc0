"""Sequences: their files, pictures and making; the sets, and who replaces what."""

import errno
import hashlib
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import PROJECT, contents, process, refused, script
from scipy.stats import kstest

import generate_data
import utilities
from generate_data import WAVES, make_sequences, random_streams
from utilities import read_set, read_test_data, read_training_data

MAKE = 'generate_data.py'
SINE = np.sin(np.arange(1.0, 129))


def put(path, content):
    """Write a file of bytes, or of float64 values."""
    if not isinstance(content, bytes):
        content = np.array(content, '<f8').tobytes()
    Path(path).write_bytes(content)


# ------------------------------------------------------------------ files

# A file of Train, what is put there (None: it is removed), and what the line names
BAD = [
    ('X_7', None, 'is missing: .*generate_data.py'),
    ('Y_7', None, 'is missing'),
    ('X_7', SINE[:64], r'512 bytes \(64 values\), not 1024: change N_sequence'),
    ('X_7', SINE.astype('<f4').tobytes(), '512 bytes .* float64'),
    ('Y_7', b'', r'0 bytes \(0 values\), not 8'),
    ('X_7', b'0.123, -4.56e-7\n' * 64, r'holds \S+: write finite'),
    ('X_7', np.arange(128).tobytes(), r'holds \S+: write finite'),
    ('X_7', [0] * 127 + [np.nan], 'holds nan'),
    ('X_7', [-3.41e38] + [0] * 127, 'holds 3.41e'),
    ('Y_7', [0.5], 'holds 0.5: write 0, 1, 2'),
    ('Y_7', [-1], 'holds -1'),
]


@pytest.mark.parametrize(('name', 'content', 'message'), BAD)
def test_bad_files(data, name, content, message):
    path = f'Train/{name}.dat'
    os.remove(path)
    if content is not None:
        put(path, content)
    for read in read_set, lambda *_: read_training_data(7, 128):
        with pytest.raises(SystemExit, match=f'^Train/{name}.dat.*{message}'):
            read('Train', 20, 128)
    if content is None:
        np.save('Train/X.npy', [0])
        with pytest.raises(SystemExit, match='own-data'):
            read_training_data(7, 128)


def test_they_stand_alone(folder):
    """utilities.py and generate_data.py, in a folder with nothing else."""
    for name in MAKE, 'utilities.py':
        (folder / name).write_bytes((PROJECT / name).read_bytes())
    use = 'import generate_data, utilities; print(utilities.read_set("Test", 3, 128))'
    put('use.py', use.encode())
    process(folder / MAKE, 5, 3)
    done = process(folder / 'use.py', env={'PYTHONPATH': str(folder)})
    assert done.stdout == f'{read_set("Test", 3, 128)}\n' and not done.stderr


# ------------------------------------------------------------------ pictures


def test_view_shows_the_sequences(data, figures):
    """With the names of their classes, in which a $ is a $."""
    put('Test/classes.txt', b'\xef\xbb\xbfone\r\n$\\frac\xc3\xa4$')
    for arguments in '--test 1 3 2 4 6 5 7', '--test 7', '1 2 --hide':
        script('view.py', *arguments.split())
    grid, one, hidden = figures.values()
    assert [*figures] == ['Test_1_3_2_4_6_5.png', 'Test_7.png', 'Train_1_2.png']
    for i, axis in zip('1324657', grid.axes, strict=True):
        X, Y = read_test_data(i, 128)
        assert (axis.lines[0].get_xydata().T == [range(1, 129), X]).all()
        kind = ['class 0 (one)', r'class 1 ($\fracä$)'][int(Y)]
        assert axis.get_title() == f'Data Set {i}: {kind}'
    grid.draw_without_rendering()
    assert one.axes[0].get_title() == f'Data Set 7: {kind}'
    assert hidden.axes[0].get_title() == 'Data Set 1'


def test_plot_history(folder):
    history = {'acc': [0.5, 0.75], 'loss': [0.7, 0.6]}
    history |= {'val_acc': [0.5, 0.4], 'val_loss': [0.9, 1]}
    figure = type('History', (), {'history': history, 'epoch': [0, 1]})
    utilities.plot_history(figure)
    utilities.plot_history(figure)  # in place of the first
    assert utilities.plt.get_fignums() == [1] and contents('.') == {}
    axes = utilities.plt.gcf().axes
    lines = [line for axis in axes for line in axis.lines]
    names = 'acc', 'val_acc', 'loss', 'val_loss'
    assert [list(line.get_ydata()) for line in lines] == [history[x] for x in names]
    assert [line.get_label() for line in lines] == ['training', 'validation'] * 2


def test_wrong_shows_where_curves_differ(trained, figures):
    """Each is over the nearest of its class, and of that it was taken for."""
    path = 'runs/1/predictions.csv'
    rows = pd.read_csv(path)
    rows.loc[:8, 'predicted'] = 1 - rows['class']
    rows.to_csv(path, index=False)
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
        title = f'Test {test}, .*{list(WAVES)[int(kind)]}.*: Train {near + 1}\n'
        assert re.match(f'{title}distance {apart.min():.1f}', axis.get_title())
    rows.assign(predicted=rows['class']).to_csv(path, index=False)
    assert ' 0 of 50 test sequences are wrong\n' in script('view.py', '--wrong').stdout
    script(MAKE, '--seed', 1, '--overwrite')
    refused('view.py', '--wrong', parts=['runs/1', 'made anew'])


# ------------------------------------------------------------------ waves


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
    options = '--classes 4 --phase --noise 0.1 --N_sequence 1 --seed 5'
    script(MAKE, 9, 8, *options.split(), '--overwrite')
    for name, N, rng in zip(('Train', 'Test'), (9, 8), random_streams(5), strict=True):
        drawn = make_sequences(N, rng, 1, classes=4, phase=True, noise=0.1)
        np.testing.assert_equal(read_set(name, N, 1), drawn)
    assert utilities.read_class_names('Test') == list(WAVES)[:4]
    about = Path('Train/about.txt').read_text()
    assert about == f'python generate_data.py 9 8 {options}\n'


WRONG = {
    MAKE: '-5|0|5 0|5 5 6|--seed -1|--N_sequence 0|--classes 1|--classes 5|--noise nan',
    'view.py': '|two|--N_sequence 5|1 --wrong',
}


def test_wrong_command_lines(folder):
    for name, lines in WRONG.items():
        for typed in lines.split('|'):
            refused(name, *typed.split(), status=2, parts=[': error: '])
    assert contents('.') == {}


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


# ------------------------------------------------------------------ the sets


def test_who_replaces_what(data):
    """The same sets stay; others only go with --overwrite, and nothing but the sets."""
    put('Train/notes.txt', b'mine')
    before = contents('.')
    assert 'exactly these sequences' in script(MAKE, 20, 10).stdout
    assert contents('.') == before
    refused(MAKE, 5, 3, parts=['--overwrite'])
    for name in 'Test/X_2.dat', 'Train/classes.txt', 'Train/X_21.dat', 'Test/X.npy':
        put(name, b'changed')
        changed = contents('.')
        refused(MAKE, 20, 10, parts=['--overwrite'])
        assert contents('.') == changed
        script(MAKE, 20, 10, '--overwrite')
        assert contents('.') == before
    script(MAKE, 20, 10, '--seed', 0)  # Its command alone differs.
    assert contents('.') == before
    # In Python's own words what the disk refuses
    os.mkdir('Test/X_11.dat')
    refused(MAKE, 5, 3, '--overwrite', parts=['irectory', 'Test/X_11.dat'])
    os.rmdir('Test/X_11.dat')
    script(MAKE, 5, 3, '--overwrite')
    assert Path('Train/notes.txt').read_bytes() == b'mine'
    assert len(contents('.')) == 2 * (5 + 3) + 4


@pytest.mark.parametrize('last', [0, 1, 15, 28])
def test_a_writer_that_is_stopped(data, monkeypatch, last):
    """Leaves files missing, also about.txt, and never old sequences among new ones."""
    X, Y = read_set('Test', 10, 128)
    files = generate_data.as_files('Train', X, Y, 'ab')
    files |= generate_data.as_files('Test', X[:3], Y[:3], 'ab')

    def open_some(path, mode):
        if mode == 'wb' and len(contents('.')) == last:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return open(path, mode)

    monkeypatch.setattr(generate_data, 'open', open_some, raising=False)
    with pytest.raises(OSError, match='No space'):
        generate_data.write_sets(files, 'test', overwrite=True)
    left = contents('.')
    assert len(left) == last and left.items() <= files.items()
