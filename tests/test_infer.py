"""infer.py: what it says of files, arrays and tables, and of networks that are none."""

import io
import json
import os
import re
from pathlib import Path

from support.files import find_extent, marked_lines
from support.result import hash_set

import numpy as np
import pandas as pd
import pytest
from conftest import PROJECT, refused, script

from docs.edits import sections

pytestmark = pytest.mark.usefixtures('folder')
OWN = (PROJECT / 'import_data.py').read_text(encoding='utf-8')
WIDE = {'columns': ['f0', 'f1']}


def network(names=(), folder='runs/1', facts=None, reader=OWN, **run):
    """Save a network that turns logarithms of chances into chances, and its run."""
    import keras

    x = keras.Input((2,))
    model = keras.Model(x, keras.layers.Activation('sigmoid')(x[:, 1:] - x[:, :1]))
    Path(folder).mkdir(parents=True, exist_ok=True)
    model.save(f'{folder}/model.keras')
    table = f'{json.dumps(facts)}\n{marked_lines(reader)}\n' if facts else ''
    Path(folder, 'about.txt').write_text(f'python SCRIPT\n{table}')
    given = {'time': '2026-01-01T00:00:00', 'layers': '1', 'class_names': names}
    given |= {'scores': 'linear', 'extent': {'low': -50, 'high': 10}, 'test': ''}
    Path(folder, 'run.json').write_text(json.dumps(given | run))


def put(path, chance=0.9, label=None):
    """Write a sequence that is of class 1 with this chance, and its label."""
    Path(path).parent.mkdir(exist_ok=True)
    np.log([1 - chance, chance]).tofile(path)
    if label is not None:
        np.array([label], float).tofile(path.replace('X', 'Y', 1))


def plain(*arguments, status=0):
    """Return the lines that infer.py prints, with single blanks."""
    text = script('infer.py', *arguments, status=status).stdout
    return [' '.join(line.split()) for line in text.splitlines()]


def answers(*arguments, status=0):
    """Return the table that --csv prints, of texts, and what is said beside it."""
    done = script('infer.py', '--csv', *arguments, status=status)
    return pd.read_csv(io.StringIO(done.stdout), dtype=str).fillna(''), done.stderr


def test_files():
    """A number stands for a file in Test; the label is in Y_... beside X_..."""
    network(['sine', 'square'])
    put('Test/X_2.dat', 0.2, 0)
    put('X_MAX.dat', 0.1234567, 1)
    put('my data.dat', 0.75)
    assert plain(2, 'X_MAX.dat', 'my data.dat') == [
        'Model: runs/1/model.keras of 2026-01-01 00:00, 1',
        "The score is the network's output for that class, not a calibrated"
        ' probability.',
        'Test/X_2.dat: sine, score 0.800; label sine agrees',
        'X_MAX.dat: sine, score 0.877; label square DISAGREES',
        'my data.dat: square, score 0.750',
        'taken for sine taken for square recall',
        'sine 1 0 1 of 1',
        'square 1 0 0 of 1',
        'Accuracy: 50.00% of 2 labelled sequences',
        '(Only sequences that were not trained with make it a test.)',
    ]
    Path('Test/classes.txt').write_text('cat\x07\ndog\n')
    assert plain(2)[-1].endswith(r'label cat\x07 DISAGREES')


def test_what_cannot_be_used():
    """It is said, and the others are classified, in their order."""
    network()
    for i in (3, 4, 5, 6, 9, 10):
        put(f'Test/X_{i}.dat', 0.1, label=0)
    bad = {'X_3': [], 'X_4': [0] * 3, 'X_5': [np.inf] * 2, 'Y_6': [0.5]}
    for name, values in bad.items():
        np.array(values, float).tofile(f'Test/{name}.dat')
    np.save('a.npy', [[1, 2], [np.nan, 0], [2, 1]])
    np.save('b.npy', np.ones((2, 3)))
    table, said = answers('Test', 2, 'a.npy', 'b.npy', status=1)
    names = ['Test/X_9.dat', 'Test/X_10.dat', 'a.npy row 0', 'a.npy row 2']
    assert [*table['name']] == names and [*table['row']] == ['', '', '0', '2']
    for name in 'Test/X_2', 'a.npy row 1 holds NaN', 'b.npy', *bad:
        assert name in said


def test_which_run():
    """The newest, or that of a name; one whose network is cut short, or gone."""
    put('X_1.dat')
    refused('infer.py', 'X_1.dat', parts=['there is no run'])
    network(['A', '\x1b[31mB'])
    network(['A', 'C'], 'runs/wide/0', time='2027-01-01T00:00:00')
    assert plain('X_1.dat', '--run', 1)[-1].startswith(r'X_1.dat: \x1b[31mB')
    assert plain('X_1.dat')[-1].startswith('X_1.dat: C')
    for break_network in lambda path: os.truncate(path, 9000), os.remove:
        break_network('runs/1/model.keras')
        parts = ['runs/1/model.keras cannot be loaded']
        refused('infer.py', 'X_1.dat', '--run', 1, parts=parts)


TABLE = """z,f1,class,f0,star
1,2,A,-1,p
1,1,[b]B,2,q
,1,,0,007
1,,A,1,x
1,bad,A,1,x
1,2,Mira,1,y
"""


def test_tables():
    """Read by the names of the columns; merged into one's own by row, or by object."""
    Path('new.csv').write_text(TABLE)
    Path('stars.csv').write_text(TABLE)
    network(['A', '[b]B'], facts=WIDE)
    found, said = answers('new.csv', 'no.csv', status=1)
    assert [*found['answer']] == ['[b]B', 'A', '[b]B', '[b]B']
    assert [*found['class']] == ['A', '[b]B', '', 'Mira']
    for fault in 'new.csv row 3 column f1 holds', 'new.csv row 4 column f1', 'no.csv':
        assert fault in said
    last = 'new.csv row 5: [b]B, score 0.731; label Mira DISAGREES'
    assert last in plain('new.csv', status=1)
    printed = script('infer.py', '--csv', 'new.csv', status=1).stdout
    Path('answers.csv').write_text(printed)
    page = sections('docs/own-data.md')['New tables']
    for block in re.findall('```python\n(.*?)```', page, re.S):
        exec(block, {'pd': pd}, known := {})
        merged = known['table']['answer'].fillna('')
        assert [*merged] == ['[b]B', 'A', '[b]B', '', '', '[b]B']
    Path('b.csv').write_text('f0,f2\n1,2\n')
    refused('infer.py', 'b.csv', parts=['b.csv', 'differ in column f1'])
    network()
    refused(
        'infer.py',
        'new.csv',
        parts=['new.csv is a table, but runs/1 had none'],
    )


def test_other_marked_lines():
    """They are refused, comments aside."""
    Path('a.csv').write_text('f0,f1\n1,2\n')
    network(facts=WIDE, reader=OWN.replace('not_codes', '# a comment\n\nnot_codes'))
    assert answers('a.csv')[1] == ''
    network(facts=WIDE, reader=OWN.replace('not_codes = []', 'not_codes = [9]'))
    refused('infer.py', 'a.csv', parts=['paste those of runs/1/about.txt'])


def test_far_values():
    """Of all values together, or of each column of several quantities."""
    Path('a.csv').write_text('f0,f1\n0,3\n0,5.5\n-2,4\n')
    Path('Train').mkdir()
    X = np.array([[[0], [4]], [[1.5], [5]]])
    for columns, more, N_far in ('fg', {}, 1), ('fg', {'range': [0, 1]}, 0):
        facts = json.dumps({'columns': [*columns]} | more)
        Path('Train/about.txt').write_text(f'python\n{facts}\n')
        network(facts=WIDE, extent=find_extent(X))
        said = answers('a.csv')[1]
        assert ('1 of 3 sequences hold values far' in said) == N_far
        assert ('0 to 5; first a.csv row 2: -2 to 4' in said) == N_far


def test_another_test():
    """Test was made again, or the script has changed it after reading."""
    for i in (1, 2, 3):
        put(f'Test/X_{i}.dat', 0.1 * i, i % 2)
    X = np.log([[0.9, 0.1], [0.8, 0.2]])
    network(test=hash_set(X, np.array([1, 0])))
    Path('runs/1/predictions.csv').write_text('number\n1\n2\n')
    assert answers('Test')[1] == ''
    put('Test/X_2.dat', 0.3)
    assert 'Test is not that of runs/1' in answers('Test')[1]
