"""docs/own-data.md: its recipes, loops and programs, carried out."""

import re
from pathlib import Path

from support.result import hash_set
from support.runs import read_runs

import numpy as np
import pandas as pd
import pytest
from conftest import SHORT, TRAIN, script

from docs.edits import edited, sections
from utilities import read_set

PAGE = sections('docs/own-data.md')
RECIPES = re.findall(r'^\| has .*? \| `(.*?)` \|$', PAGE['read_table'], re.M)
# As a survey might send it: with codes, limits, gaps; observations that occur twice
MESSY = pd.DataFrame({'star': [*'aaaabbbb'], 'mjd': [1, 2, 3, 3, 1, 2, 3, 4]})
MESSY['mag'] = [0, 1, 2, 2, 99.99, '<14', 4, 5]
MESSY = MESSY.assign(f0=1, f1=np.nan, f2=3)


def test_recipes(folder):
    """One after the other, they mend a table."""
    Path('classes.csv').write_text('star,class\nb,B\na,A\n')
    known = {'pd': pd, 'np': np, 'table': MESSY.copy()}
    for recipe in RECIPES:
        exec(recipe, known)
    found = known['table'][['star', 'class', 'mjd', 'mag']].to_numpy().tolist()
    assert found == [['a', 'A', 1, 0], ['a', 'A', 2, 1], ['a', 'A', 3, 2]]
    assert known['values'].to_numpy().tolist() == [[1, 2, 3]] * 3 and len(RECIPES) == 7


@pytest.mark.slow
def test_arrays(data):
    """Also those that stay on the disk give the sequences that the files gave."""
    for folder, N in ('Train', 20), ('Test', 10):
        X, Y = read_set(folder, N, 128)
        np.save(f'{folder}/X.npy', X)
        np.save(f'{folder}/Y.npy', Y)
    section = PAGE['More than 20,000 sequences']
    (batches,) = re.findall('```python\n(.*?)```', section, re.S)
    arrays = edited(TRAIN, section).replace(
        "Train/X.npy'", "Train/X.npy', mmap_mode='r'"
    )
    text = re.sub(r'(?s)history = model\.fit\(.*?\]\)\n', lambda _: batches, arrays)
    Path('train.py').write_text(text, encoding='utf-8')
    script('train.py', *SHORT)
    run = read_runs()[0]
    assert run['train'] == hash_set(*read_set('Train', 20, 128))
    assert run['test'] == hash_set(X, Y) and 'mmap' in text and batches in text


@pytest.mark.slow
def test_stars_stay_together(data):
    """In each of five folds, a run each."""
    pytest.importorskip('sklearn')
    Path('Train/ids.txt').write_text('\n'.join([*'aabbccddeeffgghhiijj']))
    (block,) = re.findall('```python\n(.*?)```', PAGE['Cross-validation'], re.S)
    text = TRAIN[: TRAIN.index('model = Sequential()')] + block
    Path('train.py').write_text(text, encoding='utf-8')
    script('train.py', *SHORT, '--name', 'fold')
    answers = [
        pd.read_csv(run['folder'] / 'predictions.csv') for run in read_runs('fold')
    ]
    assert len(answers) == 5 and sum(map(len, answers)) == 20


def test_the_program_elsewhere(lesson, monkeypatch):
    """It gives the scores of predictions.csv."""
    monkeypatch.chdir(lesson.folder / 'runs/1')
    X = [np.fromfile(f'../../Test/X_{i}.dat') for i in range(1, 51)]
    (program,) = re.findall('```python\n(.*?)```', PAGE['Elsewhere'], re.S)
    exec(program, found := {'X': np.array(X)})
    wanted = pd.read_csv('predictions.csv')[['score_0', 'score_1']]
    np.testing.assert_allclose(found['scores'], wanted, rtol=1e-4, atol=1e-5)
