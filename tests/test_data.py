"""Sequences: their files, pictures and making; the sets, and who replaces what."""

import errno
import hashlib
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import PROJECT, contents, process, refused, script
from scipy.stats import kstest

import generate_data
from generate_data import WAVES, make_sequences, random_streams
from utilities import read_class_names, read_set, read_test_data, read_training_data

MAKE = 'generate_data.py'


def put(path, content):
    """Write a file of bytes, or of float64 values."""
    if not isinstance(content, bytes):
        content = np.array(content, '<f8').tobytes()
    Path(path).write_bytes(content)


# A file of Train, what is put there (None: it is removed), and what the line names
BAD = [
    ('X_7', None, 'is missing: .*generate_data.py'),
    ('X_7', [0] * 64, r'512 bytes \(64 values\), not 1024: .* or .* float64'),
    ('Y_7', b'', r'0 bytes \(0 values\), not 8'),
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
        shutil.copy(PROJECT / name, name)
    process(folder / MAKE, 5, 3)
    use = 'import utilities; print(utilities.read_set("Test", 3, 128))'
    Path('use.py').write_text(use)
    assert process(folder / 'use.py').stdout == f'{read_set("Test", 3, 128)}\n'


def test_view_shows_the_sequences(data, figures):
    """With the names of their classes, in which a $ is a $."""
    Path('Test/classes.txt').write_text('one\n$\\frac\xe4$', encoding='utf-8-sig')
    script('view.py', '--test', 1, 3, 2, 4, 6, 5, 7)
    script('view.py', 1, 2, '--hide')
    assert [*figures] == ['Test_1_3_2_4_6_5.png', 'Train_1_2.png']
    grid, hidden = figures.values()
    for i, axis in zip('1324657', grid.axes, strict=True):
        X, Y = read_test_data(i, 128)
        assert (axis.lines[0].get_xydata().T == [range(1, 129), X]).all()
        kind = ['class 0 (one)', r'class 1 ($\fracä$)'][int(Y)]
        assert axis.get_title() == f'Data Set {i}: {kind}'
    grid.draw_without_rendering()
    assert hidden.axes[0].get_title() == 'Data Set 1'


def test_wrong_shows_where_curves_differ(trained, figures):
    """Each is over the nearest of its class, and of that it was taken for."""
    rows = pd.read_csv('runs/1/predictions.csv')
    rows['predicted'] = np.where(rows['number'] < 10, 1 - rows['class'], rows['class'])
    rows.to_csv('runs/1/predictions.csv', index=False)
    shown = script('view.py', '--wrong').stdout
    assert ' 9 of 50 test sequences are wrong; the first 8 are drawn\n' in shown
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
    script(MAKE, '--seed', 1, '--overwrite')
    refused('view.py', '--wrong', parts=['runs/1', 'made anew'])


def test_waves():
    """As in closed form; a small set begins a large one."""
    usual = {'classes': 2, 'phase': 0, 'f_min': 0.1, 'f_range': 0.3}
    for given in {}, {'classes': 4, 'phase': 1}, {'f_min': 0.5, 'f_range': 1.4}:
        options = usual | given
        X, Y = make_sequences(20, np.random.default_rng(1), **given)
        kind, f, phase = np.random.default_rng(1).random((20, 3, 1)).swapaxes(0, 1)
        f = options['f_min'] + options['f_range'] * f
        turn = (f * np.arange(1, 129) / (2 * np.pi) + options['phase'] * phase) % 1
        waves = [np.sin(2 * np.pi * turn), np.where(turn < 0.5, 1, -1)]
        waves += [2 * turn - 1, 1 - abs(4 * turn - 2)]
        assert (Y == np.floor(options['classes'] * kind[:, 0])).all()
        wanted = np.choose(Y.astype(int)[:, None], waves)
        np.testing.assert_allclose(X, wanted, atol=1e-6)
        small, _ = make_sequences(3, np.random.default_rng(1), **given)
        assert (small == X[:3]).all()


def test_noise():
    """Normal, another for each value, set and seed; it changes nothing else."""
    drawn = {0: [], 0.5: []}
    for noise, sequences in drawn.items():
        for rng in random_streams(0) + random_streams(1):
            sequences.extend(make_sequences(5, rng, 60_000, noise=noise)[0])
    noise = np.subtract(drawn[0.5], drawn[0])
    assert kstest(np.ravel(noise) / 0.5, 'norm').pvalue > 1e-3
    assert (abs(np.corrcoef(noise) - np.eye(20)) < 0.02).all()


def test_options(folder):
    options = '9 8 --classes 4 --phase --noise 0.1 --N_sequence 1 --seed 5'
    script(MAKE, *options.split(), '--overwrite')
    for name, N, rng in zip(('Train', 'Test'), (9, 8), random_streams(5), strict=True):
        drawn = make_sequences(N, rng, 1, classes=4, phase=True, noise=0.1)
        np.testing.assert_equal(read_set(name, N, 1), drawn)
    assert read_class_names('Test') == list(WAVES)[:4]
    assert Path('Train/about.txt').read_text() == f'python {MAKE} {options}\n'


WRONG = '-5|0|5 0|5 5 6|--seed -1|--N_sequence 0|--classes 1|--classes 5|--noise nan'


def test_wrong_command_lines(folder):
    for typed in WRONG.split('|'):
        refused(MAKE, *typed.split(), status=2, parts=[': error: '])
    for typed in '', 'two', '--N_sequence 5', '1 --wrong':
        refused('view.py', *typed.split(), status=2, parts=[': error: '])
    assert contents('.') == {}


def test_the_sets_of_2018():
    """The slide's code, at MATLAB's first random state, makes the files given out."""
    kind, f = np.random.RandomState(5489).random_sample((200, 2)).T
    Y = np.array(kind >= 0.5, float)
    X = np.outer(0.1 + f * 0.3, np.arange(1, 129))
    X = np.where(Y[:, None], WAVES['square wave'](X), WAVES['sine wave'](X))
    X = np.round(X, 9) + 0.0  # no -0
    digest = hashlib.sha256(X.tobytes() + Y.tobytes()).hexdigest()
    assert digest == '9d78f814f477594aa22e88e41150ad0e7d6113333d6bf32788741b90dbd5e6cb'


def test_who_replaces_what(data):
    """The same sets stay; others only go with --overwrite, and nothing but the sets."""
    put('Train/notes.txt', b'mine')
    before = contents('.')
    script(MAKE, 20, 10, '--seed', 0)  # Its command alone differs.
    assert contents('.') == before
    refused(MAKE, 5, 3, parts=['--overwrite'])
    for name in 'Test/X_2.dat', 'Train/classes.txt', 'Train/X_21.dat', 'Test/X.npy':
        put(name, b'changed')
        changed = contents('.')
        refused(MAKE, 20, 10, parts=['--overwrite'])
        assert contents('.') == changed
        script(MAKE, 20, 10, '--overwrite')
        assert contents('.') == before
    script(MAKE, 5, 3, '--overwrite')
    assert Path('Train/notes.txt').read_bytes() == b'mine'
    assert len(contents('.')) == 2 * (5 + 3) + 4
    # In Python's own words what the disk refuses
    os.mkdir('Test/X_11.dat')
    refused(MAKE, 5, 3, '--overwrite', parts=['irectory', 'Test/X_11.dat'])


@pytest.mark.parametrize('last', [0, 1, 15, 28])
def test_a_writer_that_is_stopped(data, monkeypatch, last):
    """Leaves files missing, also about.txt, and never old sequences among new ones."""
    files = generate_data.as_files('Train', *read_set('Test', 10, 128), 'ab')
    files |= generate_data.as_files('Test', *read_set('Train', 3, 128), 'ab')

    def open_some(path, mode):
        if mode == 'wb' and len(contents('.')) == last:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return open(path, mode)

    monkeypatch.setattr(generate_data, 'open', open_some, raising=False)
    with pytest.raises(OSError, match='No space'):
        generate_data.write_sets(files, 'test', overwrite=True)
    left = contents('.')
    assert len(left) == last and left.items() <= files.items()
