"""infer.py: what a network answers to folders, numbers, arrays and tables."""

import io
from pathlib import Path

from support.runs import run_folder

import numpy as np
import pandas as pd
import pytest
from conftest import refused, script, write_run

pytestmark = pytest.mark.usefixtures('folder')


def make_run(name='1', N=2, **facts):
    """Make a run whose network turns logarithms of N chances into chances."""
    import keras

    model = keras.Sequential([keras.Input((N,)), keras.layers.Softmax()])
    given = {'extent': {'low': -50.0, 'high': 10.0}, 'class_names': ['A', 'B']}
    write_run(name, **given | facts)
    model.save(run_folder(name) / 'model.keras')


@pytest.fixture
def test_set():
    """A run; and sequences 9 and 10 of Test, of classes A and B, both taken for A."""
    make_run()
    Path('Test').mkdir()
    for y in 0, 1:
        np.log([0.9, 0.1]).tofile(f'Test/X_{9 + y}.dat')
        np.array([float(y)]).tofile(f'Test/Y_{9 + y}.dat')


def infer(*typed, status=0):
    """Return what infer.py --csv prints, a table of texts."""
    printed = script('infer.py', '--csv', *typed, status=status).stdout
    return pd.read_csv(io.StringIO(printed), dtype=str, keep_default_na=False)


def test_answers(test_set):
    """Folders, numbers, arrays and files have a row for each sequence, in order."""
    np.save('a.npy', [[-109, 69], [71, 1], [-111, 0]])  # trained from -50 to 10
    np.save('b.npy', [1, 2])
    found = infer('Test/', 10, 'a.npy', 'Test/X_9.dat', 'b.npy')
    assert [*found['score_1'][:3]] == ['0.1'] * 3
    columns = ['name', 'row', 'class', 'answer', 'remark']
    assert found[columns].to_csv(header=False, index=False).splitlines() == [
        'Test 9,,A,A,',
        'Test 10,,B,A,not its class',
        'Test 10,,B,A,not its class',
        'a.npy row 1,1,,B,',
        "a.npy row 2,2,,A,far outside the training's range",
        "a.npy row 3,3,,B,far outside the training's range",
        'Test/X_9.dat,,,A,',
        'b.npy row 1,1,,B,',
    ]


def test_what_cannot_be_used(test_set):
    """A sequence that cannot be used has a row, too, and a remark that says why."""
    np.save('e.npy', [[0, -1e39]])
    np.save('t.npy', np.ones((2, 5)))
    Path('d.dat').write_bytes(b'123')
    remarks = {
        8: 'Test has no sequence 8, but 2, from 9 to 10',
        'd.dat': 'd.dat has 3 bytes: write float64, 8 each',
        'e.npy': 'holds NaN, or more than float32 can',
        'no.csv': 'is missing',
        't.npy': 'has 2 rows of 5 values, the network takes rows of 2: is it '
        'transposed?',
    }
    assert [*infer(*remarks, status=1)['remark']] == [*remarks.values()]


def test_each_sequence_of_another_length_has_a_row(test_set):
    np.ones(3).tofile('Test/X_9.dat')
    np.save('a.npy', np.ones((3, 4)))
    Path('c.csv').write_text('f0, f1, f2\n1, 2, 3\n1, 2,\n')
    found = infer('Test', 'a.npy', 'c.csv', status=1)
    assert [*found['remark']] == [
        'has 3 values, the network takes 2',
        'not its class',
        *['has 4 values, the network takes 2'] * 3,
        'has 3 values, the network takes 2',
        'holds no number in f2: empty',
    ]


def test_a_table_s_rows_keep_their_order(test_set):
    """The order of its columns is no matter. Texts are safe for other programs."""
    rows = '=1+1,2,\x1b[31m,-1\n01,1,,2\n-12:30,1,B,\n'
    Path('new.csv').write_text(f'star,f1,class,f0\n{rows}')
    found = infer('new.csv', status=1)
    found = found[['row', 'star', 'class', 'answer']].to_csv(header=False, index=False)
    assert found.split() == [r"1,'=1+1,\x1b[31m,B", '2,01,,A', '3,-12:30,B,']


def test_the_screen(test_set):
    """Empty columns are left out, and of known classes the right ones are counted."""
    lines = script('infer.py', 9, 10, 9).stdout.splitlines()
    assert lines[1].split() == ['name', 'class', 'answer', 'score', 'remark']
    assert lines[3].split() == 'Test 10 B A 0.900 not its class'.split()
    assert lines[5].startswith('2 of 3 have their class; a test only if they are new')


def test_outputs_that_are_no_scores_are_not_shown_as_such(test_set):
    make_run('old/0', time='2025-01-01T00:00:00+00:00', scores=None)
    assert 'score' not in script('infer.py', 9, '--run', 'old').stdout


def test_a_folder_has_classes_of_its_own(test_set):
    Path('Test/classes.txt').write_text('B\nMira\n')
    assert 'have their' not in script('infer.py', 9, 10).stdout
    found = infer(9, 10)
    assert [*found['class']] == ['B', 'Mira']
    assert [*found['remark']] == ['not its class', '']


def test_a_network_has_a_name_for_each_class():
    """Train/classes.txt may have been lost, or be too short."""
    make_run(N=11)
    np.save('a.npy', np.eye(11)[[0, 1, 10]])
    found = infer('a.npy')
    assert [*found['answer']] == ['A', 'B', 'class 10']
    facts = 'name row star class answer score remark'.split()
    assert [*found] == facts + [f'score_{y}' for y in range(11)]


def test_a_network_that_cannot_be_loaded_is_named(test_set):
    path = run_folder('1/model.keras')
    path.write_text('')
    refused('infer.py', 9, parts=[f'{path} cannot be loaded (damaged'])
