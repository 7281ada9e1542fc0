"""docs/own-data.md: its recipes, loops and programs, carried out."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import SHORT, TRAIN, script

from docs.edits import edited, sections

PAGE = sections('docs/own-data.md')
RECIPES = dict(re.findall(r'^\| (\w.*?) \| `(.*?)` \|$', PAGE['read_table'], re.M))
CURVE = pd.DataFrame({'star': list('aaabb'), 'mjd': [1, 2, 3, 1, 2], 'mag': range(5)})
WIDE = pd.DataFrame({'class': ['1.10', 'b'], 'f0': [1.5, 2], 'f1': 3.0, 'f2': [5, 6]})
TEXT = WIDE.to_csv(index=False)
# What each recipe is given, a text or a table, and what comes out
MENDED = {
    'names in its first': (TEXT.split('\n', 1)[1], WIDE),
    'semicolons': (WIDE.to_csv(sep=';', decimal=',', index=False), WIDE),
    '`#` lines': (f'# a\n# b\n{TEXT}', WIDE),
    'another table': (CURVE, CURVE.assign(**{'class': list('AAABB')})),
    'codes': (CURVE.replace({'mag': {2: 99.99}}), CURVE.replace({'mag': {2: np.nan}})),
    'limits': (CURVE.assign(mag=[*'0123', '<14']), CURVE.replace({'mag': {4: np.nan}})),
    'without a value': (CURVE.replace({'mag': {2: np.nan}}), CURVE.drop(2)),
    'gaps': (WIDE.replace({'f1': {3: np.nan}}), WIDE.assign(f1=[3.25, 4])),
    'two observations at': (pd.concat([CURVE, CURVE[:1]]), CURVE),
    'one or two': (CURVE, CURVE[:3]),
    'list': (CURVE.groupby('star', as_index=False).agg(list), CURVE),
    'dates': (CURVE.assign(mjd='2017-01-01'), CURVE.assign(mjd=2457754.5)),
}


@pytest.mark.parametrize('kind', MENDED)
def test_recipes(kind, folder):
    (recipe,) = [RECIPES[title] for title in RECIPES if kind in title]
    given, wanted = MENDED[kind]
    Path('classes.csv').write_text('star,class\nb,B\na,A\n')
    known = {'pd': pd, 'np': np, 'path': 'mine.csv', 'table': given}
    if isinstance(given, str):
        Path('mine.csv').write_text(given)
    exec(recipe, known)
    if recipe.startswith('values'):
        known['table'] = given[['class']].join(known['values'])
    found = known['table'].reset_index(drop=True).convert_dtypes()
    wanted = wanted.reset_index(drop=True).convert_dtypes()
    pd.testing.assert_frame_equal(found, wanted, check_dtype=False)
    assert len(RECIPES) == len(MENDED) + 1


def test_vectors_of_fits(folder):
    """With gaps, as FITS holds them: most significant byte first."""
    Table = pytest.importorskip('astropy.table').Table
    Table({'flux': np.array([[1, np.nan], [3, 4]], '>f4')}).write('a.fits')
    known = {'pd': pd, 'np': np, 'table': Table.read('a.fits')}
    exec(RECIPES['is FITS with a vector `flux` in each row'], known)
    assert known['values'].fillna(0).to_numpy().tolist() == [[1, 0], [3, 4]]


def train(text):
    Path('train.py').write_text(text, encoding='utf-8')
    script('train.py', *SHORT, '--name', 'own')


@pytest.mark.slow
@pytest.mark.parametrize('title', ['More than 20,000 sequences', 'A set larger than'])
def test_arrays(data, title):
    """They give the sequences that the files gave."""
    train(TRAIN)
    facts = Path('runs/own/0/run.json').read_text()
    for folder in 'Train', 'Test':
        N = len(list(Path(folder).glob('X_*')))
        for name in 'XY':
            paths = [f'{folder}/{name}_{i + 1}.dat' for i in range(N)]
            array = np.array([np.fromfile(path) for path in paths])
            np.save(f'{folder}/{name}.npy', array if name == 'X' else array[:, 0])
    Path('runs').rename('before')
    (text,) = [PAGE[name] for name in PAGE if name.startswith(title)]
    train(edited(TRAIN, text))
    hashes = r'"(?:train|test)": "\w+"'
    now = Path('runs/own/0/run.json').read_text()
    assert re.findall(hashes, now) == re.findall(hashes, facts) != []


@pytest.mark.slow
def test_stars_stay_together(data):
    """In the validation, and in each of five folds, a run each."""
    pytest.importorskip('sklearn')
    stars = np.repeat([*'abcdefghij'], 2)
    Path('Train/ids.txt').write_text('\n'.join(stars))
    train(edited(TRAIN, PAGE['Validation by object']))
    assert 'val_loss' in Path('runs/own/0/history.csv').read_text()
    (block,) = re.findall('```python\n(.*?)```', PAGE['Cross-validation'], re.S)
    Path('runs').rename('before')
    train(TRAIN[: TRAIN.index('model = Sequential()')] + block)
    answers = [pd.read_csv(path) for path in Path('runs/own').glob('*/predictions.csv')]
    assert len(answers) == 5 and sum(map(len, answers)) == 20


def test_the_program_elsewhere(lesson, monkeypatch):
    """It gives the scores of predictions.csv."""
    monkeypatch.chdir(lesson.folder / 'runs/1')
    X = [np.fromfile(f'../../Test/X_{i}.dat') for i in range(1, 51)]
    (program,) = re.findall('```python\n(.*?)```', PAGE['Elsewhere'], re.S)
    exec(program, found := {'X': np.array(X)})
    wanted = pd.read_csv('predictions.csv')[['score_0', 'score_1']]
    np.testing.assert_allclose(found['scores'], wanted, rtol=1e-4, atol=1e-5)
