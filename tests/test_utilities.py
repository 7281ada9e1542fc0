"""utilities.py: sequences are read from files and from arrays."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import refused

from utilities import plot_history, read_set, read_training_data


@pytest.mark.parametrize(
    ('file', 'content', 'line'),
    [
        ('X_7', np.zeros(64), 'Train/X_7.dat holds 64 values, not 128: --N_seq'),
        ('X_7', np.arange(128), r'X_7.dat holds \S+: write finite'),  # integers
        ('X_7', np.zeros(257, 'f4'), 'Train/X_7.dat has 1028 bytes: write float64'),
        ('Y_7', np.array([]), 'Train/Y_7.dat has 0 bytes: write float64'),
        ('Y_7', np.array([0.5]), 'X_7.dat is of class .0.5.: write 0, 1, 2'),
        ('Y_7', np.array([-1.0]), 'X_7.dat is of class .-1'),
    ],
)
def test_a_file_that_cannot_be_right_is_named(data, file, content, line):
    content.tofile(f'Train/{file}.dat')
    with pytest.raises(ValueError, match=line):
        read_training_data(7, 128)


def test_of_a_missing_sequence_it_is_said_which_there_are(data):
    line = 'Test has no sequence 11, but 10, from 1 to 10'
    refused('view.py', '--test', 11, parts=[line])
    refused('train.py', '--N_train', 20, parts=[f'{line}. Ask for no more (--N_'])
    os.remove('Train/Y_3.dat')
    refused('view.py', 3, parts=['Train/Y_3.dat is missing'])
    os.remove('Train/X_3.dat')
    with pytest.raises(FileNotFoundError, match=r'3, but 19, from 1 to 20$'):
        read_training_data(3, 128)


def test_arrays_are_read_as_files_are(data):
    """New arrays are read again."""
    X, Y = read_set('Train', 20, 128)
    shutil.rmtree('Train')
    os.mkdir('Train')
    np.save('Train/Y.npy', Y[:19])
    np.save('Train/X.npy', X)
    refused('view.py', 20, parts=['Train/X.npy, row 20, is of class []'])
    np.save('Train/Y.npy', Y)
    for values in X, X + 1:
        np.save('new.npy', values)
        os.replace('new.npy', 'Train/X.npy')
        np.testing.assert_equal(read_set('Train', 20, 128), (values, Y))
    refused('view.py', 0, parts=['no sequence 0, but 20, from 1 to'])
    np.save('Train/X.npy', X * np.nan)
    refused('view.py', 7, parts=['Train/X.npy, row 7, holds nan'])
    X[0].tofile('Train/X_1.dat')
    refused('view.py', 8, parts=['Train holds X.npy and X_1.dat: remove one'])


@pytest.mark.parametrize('name', ['X.npy', 'Y.npy'])
def test_an_array_that_is_cut_missing_or_not_of_numbers_is_named(folder, name):
    os.mkdir('Train')
    np.save('Train/X.npy', np.ones((20, 128)))
    np.save('Train/Y.npy', np.ones(20))
    path = Path('Train', name)
    path.write_bytes(path.read_bytes()[:200])
    line = f'{path} is missing, cut, or no array of numbers: write it again'
    refused('view.py', 1, parts=[line])
    for bad in np.array([{}], object), np.array(['1']), np.ones((0, 128)):
        np.save(path, bad)
        refused('view.py', 1, parts=[line])
    path.unlink()
    refused('view.py', 1, parts=[f'{path} is missing'])


def test_histories_have_the_same_axes_unless_a_loss_exceeds_1(folder, figures):
    """A validation is named beside the training."""
    for loss, top in (0.5, 1), (4, 4):
        history = {'accuracy': [0, 1], 'loss': [loss, 0], 'val_loss': [0, 0]}
        plot_history(SimpleNamespace(history=history, epoch=[0, 1]))
        upper, lower = figures['history.png'].axes
        assert upper.get_ylim() == (-0.02, 1.02) and lower.get_ylim() == (0, top)
        names = [text.get_text() for text in lower.get_legend().texts]
        assert names == ['training', 'validation']
