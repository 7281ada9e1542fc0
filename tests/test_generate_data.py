"""generate_data.py, against closed forms that are not ours."""

import os
import resource
import signal
import struct
import subprocess
import sys
import time

from support.console import DataError

import numpy as np
import pytest
from conftest import PROJECT, assert_one_line, contents, forked, run
from scipy.optimize import minimize_scalar
from scipy.stats import kstest

from utilities import read_set


def closed_form(wave, x):
    """The four waves written down with modulo and comparison alone."""
    turn = np.mod(x / (2 * np.pi), 1)
    return (
        np.sin(x),
        np.where(turn < 0.5, 1, -1),
        2 * turn - 1,
        np.where(turn < 0.5, 4 * turn - 1, 3 - 4 * turn),
    )[wave]


def read(path):
    data = path.read_bytes()
    return np.array(struct.unpack(f'<{len(data) // 8}d', data))


def distance(X, wave, phase=False):
    """How far X is from the nearest wave of this form with a frequency from 0.1 to 0.4."""
    t = np.arange(1, 129)
    f = np.linspace(0.1, 0.4, 601 if phase else 1501)[:, None]
    starts = np.linspace(0, 2 * np.pi, 64, endpoint=False) if phase else [0]
    return min(np.abs(closed_form(wave, f * t + p) - X).mean(axis=1).min() for p in starts)


def test_default_set(folder):
    process = run('generate_data.py')
    assert process.stderr == ''
    assert process.stdout == 'Wrote 200 sequences to Train and 50 to Test.\n'
    for name, N in (('Train', 200), ('Test', 50)):
        expected = {f'{c}_{i}.dat' for c in 'XY' for i in range(1, N + 1)}
        assert set(os.listdir(name)) == expected | {'classes.txt'}
        assert all(os.path.getsize(f'{name}/{f}') == (1024 if f[0] == 'X' else 8) for f in expected)
    labels = [read(folder / f'Train/Y_{i}.dat')[0] for i in range(1, 201)]
    assert set(labels) == {0, 1}
    assert 70 < sum(labels) < 130
    for i in range(1, 21):
        X, Y = read(folder / f'Train/X_{i}.dat'), int(labels[i - 1])
        assert distance(X, Y) < 0.02 < 0.1 < distance(X, 1 - Y)


def test_sine_is_exact(folder):
    """Each sine is sin(f t) for one f from 0.1 to 0.4, to the last digits."""
    forked('generate_data.py', 20, 1)
    t = np.arange(1, 129)
    sines = [i for i in range(1, 21) if read(folder / f'Train/Y_{i}.dat')[0] == 0]
    assert sines
    for i in sines:
        X = read(folder / f'Train/X_{i}.dat')
        start = np.arcsin(X[0])
        fit = minimize_scalar(
            lambda f, X=X: np.sum((np.sin(f * t) - X) ** 2),
            bounds=(start - 1e-3, start + 1e-3),
            method='bounded',
            options={'xatol': 1e-12},
        )
        assert 0.1 <= fit.x <= 0.4
        np.testing.assert_allclose(X, np.sin(fit.x * t), atol=1e-6)


@pytest.mark.parametrize('phase', [False, True])
def test_four_classes(folder, phase):
    forked('generate_data.py', 40, 1, '--classes', 4, *['--phase'] * phase)
    labels = [int(read(folder / f'Train/Y_{i}.dat')[0]) for i in range(1, 41)]
    assert set(labels) == {0, 1, 2, 3}
    for i in range(1, 5 if phase else 21):
        X = read(folder / f'Train/X_{i}.dat')
        distances = [distance(X, wave, phase) for wave in range(4)]
        assert np.argmin(distances) == labels[i - 1]
        assert min(distances) < 0.06


def test_two_writers_at_once(data):
    """The second is told so; the first goes on, and its set is whole."""
    command = [sys.executable, PROJECT / 'generate_data.py', '30000', '10', '--overwrite']
    with subprocess.Popen(command) as first:
        try:
            while not (data / 'Train/.new/X_50.dat').exists():
                assert first.poll() is None
                time.sleep(0.001)
            first.send_signal(signal.SIGSTOP)
            process = forked('generate_data.py', 5, 5, '--overwrite', '--seed', 1)
            assert_one_line(process, 'Train is being written by another script')
            assert (data / 'Train/.new/X_50.dat').exists()
        finally:
            first.kill()
    read_set('Train', 20, 128)
    assert forked('generate_data.py', 5, 5, '--overwrite', '--seed', 1).returncode == 0


def test_a_set_exchanged_while_it_is_read(data):
    from utilities import numbers_to_read

    with pytest.raises(DataError, match='Train was written anew while it was read'):
        for i in numbers_to_read('Train', range(1, 21)):
            if i == 7:
                assert (
                    forked('generate_data.py', 20, 10, '--overwrite', '--seed', 1).returncode == 0
                )


def test_no_room_in_memory(folder):
    limit = {'preexec_fn': lambda: resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))}
    assert_one_line(run('generate_data.py', 1, 1, '--N_sequence', 2**31 - 1, **limit), 'memory')


def test_another_length(folder):
    """The longer sequences begin with the shorter ones."""
    forked('generate_data.py', 20, 1)
    short, labels = read_set('Train', 20, 128)
    assert forked('generate_data.py', 20, 1, '--N_sequence', 300, '--overwrite').returncode == 0
    long, labels_too = read_set('Train', 20, 300)
    assert (labels == labels_too).all()
    np.testing.assert_allclose(long[:, :128], short)


def test_phase_changes_the_phase_alone(folder):
    forked('generate_data.py', 40, 1)
    plain, labels = read_set('Train', 40, 128)
    forked('generate_data.py', 40, 1, '--phase', '--overwrite')
    shifted, labels_too = read_set('Train', 40, 128)
    assert (labels == labels_too).all()
    starts = shifted[labels == 0, 0]
    assert starts.min() < -0.5 and starts.max() > 0.5  # without a phase all start from 0.1 to 0.4
    assert plain[labels == 0, 0].min() > 0
    for a, b in zip(plain[labels == 0], shifted[labels == 0], strict=True):
        spectra = [np.abs(np.fft.rfft(x * np.hanning(128))) for x in (a, b)]
        assert abs(int(spectra[0].argmax()) - int(spectra[1].argmax())) <= 1


def test_seeds_and_prefixes(folder):
    forked('generate_data.py', 200, 50)
    first = contents(folder)
    forked('generate_data.py', 200, 50, '--overwrite')
    assert contents(folder) == first
    forked('generate_data.py', 2100, 60, '--overwrite')  # crosses blocks of the drawing
    larger = contents(folder)
    assert {name: larger[name] for name in first} == first
    assert len(larger) == 2 * 2160 + 2  # and the names of the classes
    forked('generate_data.py', 200, 50, '--overwrite', '--seed', 1)
    other = contents(folder)
    assert len({other[n] for n in first if 'X' in n} & {first[n] for n in first if 'X' in n}) < 80
    sines = [first[f'Test/X_{i}.dat'] for i in range(1, 51) if first[f'Test/Y_{i}.dat'] == bytes(8)]
    assert sines
    assert not {x for n, x in larger.items() if n.startswith('Train/X')} & set(sines)


def test_noise_is_added_and_changes_nothing_else(folder):
    forked('generate_data.py', 2100, 60)
    clean = contents(folder)
    forked('generate_data.py', 2100, 60, '--noise', 0, '--overwrite')
    assert contents(folder) == clean
    waves = {name: read_set(name, 60, 128) for name in ('Train', 'Test')}
    forked('generate_data.py', 2100, 60, '--noise', 0.5, '--overwrite')
    larger = contents(folder)
    noise = []
    for name, (X, Y) in waves.items():
        X_noisy, Y_noisy = read_set(name, 60, 128)
        assert (Y_noisy == Y).all()
        noise.append(X_noisy - X)
        assert noise[-1].std() == pytest.approx(0.5, rel=0.03)  # 7,680 values: 0.8 % either way
        assert abs(noise[-1].mean()) < 0.03
        assert kstest(noise[-1].ravel() / 0.5, 'norm').pvalue > 1e-3
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.06
    forked('generate_data.py', 60, 10, '--noise', 0.5, '--overwrite')
    assert {(name, data) for name, data in contents(folder).items()} <= set(larger.items())


@pytest.mark.parametrize('noise', ['-0.1', 'nan', 'inf', '1e7', 'loud'])
def test_wrong_noise(folder, noise):
    process = forked('generate_data.py', f'--noise={noise}')
    assert_one_line(process, '--noise', noise, status=2)
    assert contents(folder) == {}


def test_existing_data_are_safe(data):
    (data / 'Train/notes.txt').write_text('mine')
    (data / 'Train/X_mine.dat').write_text('mine too')
    before = contents(data)
    assert_one_line(forked('generate_data.py', 5, 3), 'Train', 'already', '--overwrite')
    assert contents(data) == before
    assert forked('generate_data.py', 5, 3, '--overwrite').returncode == 0
    after = contents(data)
    assert set(after) == {
        'Train/notes.txt',
        'Train/X_mine.dat',
        'Train/classes.txt',
        'Test/classes.txt',
        *(f'Train/{c}_{i}.dat' for c in 'XY' for i in range(1, 6)),
        *(f'Test/{c}_{i}.dat' for c in 'XY' for i in range(1, 4)),
    }
    for name in ('Train/notes.txt', 'Train/X_mine.dat'):
        assert after[name] == before[name]


def test_full_disk_loses_nothing(data):
    """A file size limit of 512 bytes stands for a full disk: both fail in write()."""
    before = contents(data)
    full = {'preexec_fn': lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))}
    assert_one_line(run('generate_data.py', 30, 5, '--overwrite', **full), 'room')
    assert contents(data) == before


def test_killed_while_writing_leaves_the_old_set_or_none(folder):
    def kill_early(*arguments):
        command = [sys.executable, PROJECT / 'generate_data.py', *map(str, arguments)]
        process = subprocess.Popen(command)
        try:
            while not (folder / 'Train/.new/X_50.dat').exists():
                assert process.poll() is None
                time.sleep(0.001)
        finally:
            process.kill()
            process.wait()

    kill_early(50_000, 10)
    with pytest.raises(DataError, match='no sequences yet'):
        read_set('Train', 10, 128)
    assert forked('generate_data.py', 20, 10).returncode == 0
    before = read_set('Train', 20, 128)
    kill_early(50_000, 10, '--overwrite', '--seed', 1)
    for a, b in zip(before, read_set('Train', 20, 128), strict=True):
        assert (a == b).all()
    assert forked('generate_data.py', 20, 10, '--overwrite').returncode == 0
    assert not (folder / 'Train/.new').exists()


@pytest.mark.parametrize('files_moved', [1, 40])
def test_killed_while_exchanging_is_refused(data, files_moved):
    """Killed after any number of the 40 + 20 files has been moved, one of the sets is refused."""
    program = f"""
import os, runpy, sys
sys.path.insert(0, {str(PROJECT)!r})
move, moved = os.replace, []
def replace(source, target):
    if len(moved) == {files_moved}:
        os._exit(9)
    moved.append(source)
    move(source, target)
os.replace = replace
sys.argv = ['generate_data.py', '20', '10', '--overwrite', '--seed', '1']
runpy.run_path({str(PROJECT / 'generate_data.py')!r}, run_name='__main__')
"""
    assert subprocess.run([sys.executable, '-c', program]).returncode == 9
    with pytest.raises(DataError, match='unfinished'):
        read_set('Train', 20, 128)
        read_set('Test', 10, 128)
    assert_one_line(forked('generate_data.py', 20, 10), 'Train', '--overwrite')
    assert forked('generate_data.py', 20, 10, '--overwrite').returncode == 0
    read_set('Train', 20, 128)
    names = ['classes.txt', *(f'{c}_{i}.dat' for c in 'XY' for i in range(1, 21))]
    assert sorted(os.listdir('Train')) == sorted(names)


@pytest.mark.parametrize('arguments', [('-5',), ('many',), ('5', '0'), ('--classes', '5')])
def test_wrong_command_line(folder, arguments):
    assert_one_line(forked('generate_data.py', *arguments), arguments[-1], status=2)
    assert contents(folder) == {}


def test_train_is_a_file(folder):
    (folder / 'Train').write_text('not a folder')
    assert_one_line(forked('generate_data.py', 5, 5), 'Train')
    assert contents(folder) == {'Train': b'not a folder'}
