"""infer.py: what it says of files, arrays and tables."""

import io
import json
import re
from pathlib import Path

from support.answers import hash_set
from support.tables import marked_lines

import numpy as np
import pandas as pd
import pytest
from conftest import PROJECT, script

from docs.edits import sections

pytestmark = pytest.mark.usefixtures('folder')
READER = marked_lines((PROJECT / 'import_data.py').read_text(encoding='utf-8'))
WIDE = {'columns': ['f0', 'f1']}


def network(names=(), folder='runs/1', facts=None, reader=READER, **run):
    """Save a network that turns logarithms of chances into chances, and its run."""
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Softmax()])
    Path(folder).mkdir(parents=True, exist_ok=True)
    model.save(f'{folder}/model.keras')
    table = f'{json.dumps(facts)}\n{reader}\n' if facts else ''
    Path(folder, 'about.txt').write_text(f'python SCRIPT\n{table}')
    Path(folder, 'predictions.csv').write_text('number\n1\n2\n')
    given = {'time': '2026-01-01T00:00:00', 'numbers': {}, 'layers': '1'}
    given['class_names'] = names
    given |= {'scores': 'linear', 'extent': {'low': -50, 'high': 10}, 'test': ''}
    Path(folder, 'run.json').write_text(json.dumps(given | run))


def put(number, chance, label):
    """Write a sequence into Test that is of class 1 with this chance, and its label."""
    Path('Test').mkdir(exist_ok=True)
    np.log([1 - chance, chance]).tofile(f'Test/X_{number}.dat')
    np.array([label], float).tofile(f'Test/Y_{number}.dat')


def answers(*arguments, status=0):
    """Return the table that --csv prints, of texts, and what is said beside it."""
    done = script('infer.py', '--csv', *arguments, status=status)
    return pd.read_csv(io.StringIO(done.stdout), dtype=str).fillna(''), done.stderr


TABLE = """z,f1,class,f0,star
1,2,A,-1,p
1,1,B,2,q
,1,,0,007
1,,A,1,x
1,2,Mira,1,y
"""


def test_what_is_typed():
    """What cannot be used is said; the answers merge into one's own table."""
    network(['A', 'B'], facts=WIDE)
    network(['\x1b[31mA', 'B'], 'runs/old/0', time='2025-01-01T00:00:00')
    for i in (3, 6, 9, 10):
        put(i, 0.1, 0)
    np.array([1.0]).tofile('Test/X_3.dat')
    np.array([0.5]).tofile('Test/Y_6.dat')
    np.save('a.npy', [[1, 2], [np.nan, 0], [2, 1]])
    np.save('b.npy', [1, 2, 3])
    Path('new.csv').write_text(TABLE)
    Path('stars.csv').write_text(TABLE)
    found, said = answers('Test', 2, 'a.npy', 'b.npy', 'no.csv', 'new.csv', status=1)
    names = ['Test/X_9.dat', 'Test/X_10.dat', 'a.npy row 0', 'a.npy row 2']
    assert [*found['name'][:4]] == names and [*found['row'][:4]] == ['', '', '0', '2']
    assert [*found['answer']] == [*'AABABABB'] and found.columns[0] == 'name'
    assert [*found['class']] == ['A', 'A', '', '', 'A', 'B', '', 'Mira']
    for name in 'X_2', 'X_3', 'Y_6', 'a.npy row 1', 'b.npy', 'no.csv', 'new.csv row 3':
        assert name in said
    np.log([0.25, 0.75]).tofile('my data.dat')
    printed = script('infer.py', 9, 'my data.dat', 'new.csv', status=1).stdout
    assert 'my data.dat: B, score 0.750\n' in printed
    assert 'Test/X_9.dat: A, score 0.900; label A agrees\n' in printed
    assert 'new.csv row 4: B, score 0.731; label Mira DISAGREES\n' in printed
    assert 'taken for A' in printed and 'Accuracy: 33.33% of 3 labelled' in printed
    assert r': \x1b[31mA' in script('infer.py', 9, '--run', 'old').stdout
    found[4:].to_csv('answers.csv', index=False)
    page = sections('docs/own-data.md')['New tables']
    for block in re.findall('```python\n(.*?)```', page, re.S):
        exec(block, {'pd': pd}, known := {})
        assert [*known['table']['answer'].fillna('')] == ['B', 'A', 'B', '', 'B']


def test_light_curves(monkeypatch):
    """Means or not, as in the training; no observation is far from its range."""
    text = 'f0,f1,star\n0,1,a\n1,2,a\n2,1,a\n0,1,b\n1,2,b\n0,1,c\n1,99,c\n2,1,c\n'
    Path('a.csv').write_text(text)
    monkeypatch.setattr('import_data.length', 2)
    for average, score in (False, '0.5'), (True, '0.377541'):
        network(facts=WIDE | {'range': [0, 5], 'average': average})
        found, said = answers('a.csv', status=1)
        assert found[['object', 'score_0']].to_numpy().tolist() == [['a', score]]
        assert 'object b has 2 observations' in said and 'object c has 99, far' in said


# Facts of the run's table, its other fields, its reader, what is typed, what is said
FAR = {'extent': {'low': 0, 'high': 5}}
TEST = {'test': hash_set(np.log([[0.9, 0.1], [0.8, 0.2]]), np.array([1, 0]))}
SAID = [
    (None, {}, READER, 'a.csv', 'a.csv is a table, but runs/1 had none'),
    (WIDE, {}, READER, 'b.csv', 'column f1'),
    (WIDE, {}, f'{READER}\n9', 'a.csv', 'paste those of runs/1/about.txt'),
    (WIDE, {}, f'{READER}\n# 9', 'a.csv', ''),
    (WIDE, FAR, READER, 'a.csv', '1 of 3 sequences, such as a.csv row 2'),
    (None, TEST, READER, 'Test', ''),
    (None, {}, READER, 'Test', 'Test is not that of runs/1'),
]


@pytest.mark.parametrize('facts, run, reader, path, said', SAID)
def test_what_is_said(facts, run, reader, path, said):
    """Of another reader, comments aside; of far values; of another Test."""
    Path('a.csv').write_text('f0,f1\n0,3\n0,9\n0,11\n')
    Path('b.csv').write_text('f0,f2\n1,2\n')
    for i in (1, 2, 3):
        put(i, 0.1 * i, i % 2)
    network(facts=facts, reader=reader, **run)
    found = script('infer.py', path, status=None).stderr
    assert said in found and bool(said) == bool(found)
