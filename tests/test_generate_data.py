"""generate_data.py: waves are made, and sets written."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import PROJECT, contents, refused, script
from scipy.stats import kstest

import generate_data
from generate_data import WAVES, make_sequences, random_streams
from utilities import read_class_names, read_set

MAKE = 'generate_data.py'


def closed_form(draws, classes=2, phase=0):
    """Return the sequences and classes that three random numbers each make."""
    kind, f, phi = draws.T[:, :, np.newaxis]
    t = np.arange(1, 129)
    turn = ((0.1 + 0.3 * f) * t / (2 * np.pi) + phase * phi) % 1
    waves = [np.sin(2 * np.pi * turn), np.where(turn < 0.5, 1, -1)]
    waves += [2 * turn - 1, 1 - abs(4 * turn - 2)]
    Y = (classes * kind).astype(int)
    return np.choose(Y, waves), Y[:, 0]


@pytest.mark.parametrize('given', [{}, {'classes': 4, 'phase': 1}])
def test_waves_are_those_of_the_closed_form(given):
    """A small set begins a large one."""
    X, Y = closed_form(np.random.default_rng(1).random((20, 3)), **given)
    for N in 3, 20:
        made, classes = make_sequences(N, np.random.default_rng(1), **given)
        np.testing.assert_allclose(made, X[:N], atol=1e-6)
        np.testing.assert_equal(classes, Y[:N])


@pytest.mark.slow
def test_noise_is_normal_and_another_for_each_value_set_and_seed():
    """Noise changes nothing else, and Train and Test are drawn apart."""
    drawn = {0: [], 0.5: []}
    for noise, sequences in drawn.items():
        for rng in random_streams(0) + random_streams(1):
            sequences.extend(make_sequences(5, rng, 60_000, noise=noise)[0])
    noise = np.subtract(drawn[0.5], drawn[0])
    assert kstest(np.ravel(noise) / 0.5, 'norm').pvalue > 1e-3
    assert (abs(np.corrcoef(noise) - np.eye(20)) < 0.02).all()
    assert len({x.tobytes() for x in drawn[0]}) == 20


def test_the_options_make_what_the_functions_make(folder):
    options = '9 8 --classes 4 --phase --noise 0.1 --N_sequence 1 --seed 5'
    script(MAKE, *options.split())
    for name, N, rng in zip(('Train', 'Test'), (9, 8), random_streams(5), strict=True):
        drawn = make_sequences(N, rng, 1, classes=4, phase=True, noise=0.1)
        np.testing.assert_equal(read_set(name, N, 1), drawn)
    assert read_class_names('Test') == list(WAVES)[:4]


@pytest.mark.parametrize(
    'line', ['0', '5 0', '--N_sequence 0', '--seed -1', '--noise nan', '--noise -1']
)
def test_a_wrong_number_ends_below_the_usage_and_does_nothing(folder, line):
    refused(MAKE, *line.split(), status=2, parts=[': error: '])
    assert contents('.') == {}


def test_other_sets_go_with_overwrite_alone_and_nothing_but_the_sets(data):
    """The same sets stay as they are."""
    Path('Train/notes.txt').write_text('mine')
    before = contents('.')
    script(MAKE, 20, 10)
    for name in 'Test/X_2.dat', 'Train/classes.txt', 'Train/X_21.dat', 'Test/X.npy':
        Path(name).write_bytes(b'changed')
        changed = contents('.')
        refused(MAKE, 20, 10, parts=['--overwrite'])
        assert contents('.') == changed
        script(MAKE, 20, 10, '--overwrite')
        assert contents('.') == before


def test_a_writer_that_is_stopped_leaves_no_old_sequences(data, monkeypatch):
    files = {path: b'new' for path in contents('.')}
    write_bytes = Path.write_bytes

    def write(path, content):
        if len(contents('.')) == 15:
            raise OSError('No space')
        write_bytes(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, 'write_bytes', write)
        with pytest.raises(OSError, match='No space: Train and Test are incomplete'):
            generate_data.write_sets(files, overwrite=True)
    assert [*contents('.').values()] == [b'new'] * 15
    generate_data.write_sets(files, overwrite=True)
    assert contents('.') == files


@pytest.mark.slow
def test_of_two_writers_at_once_one_leaves_its_sets(folder):
    command = [sys.executable, PROJECT / MAKE, '900', '9', '--overwrite', '--seed']
    writers = [subprocess.Popen([*command, seed]) for seed in '01']
    assert [writer.wait() for writer in writers] == [0, 0]
    again = [script(MAKE, 900, 9, '--seed', i, status=None).stdout for i in (0, 1)]
    kept = 'Train and Test hold exactly these sequences already.\n'
    assert sorted(again) == ['', kept]
