"""examples/light_curves.py: observations become curves of equal steps."""

from pathlib import Path

import numpy as np
import pandas as pd
from conftest import PROJECT, refused, script

from examples import light_curves

SCRIPT = PROJECT / 'examples/light_curves.py'
OBSERVATIONS = PROJECT / 'examples/observations.csv'


def test_curves_have_equal_steps_of_time_or_phase(monkeypatch):
    monkeypatch.setattr(light_curves, 'LENGTH', 4)
    t = np.array([0, 1, 2, 9.0])
    bands = (t, t**2), (t[2:], [4, 5])  # which keep their times
    found = [0, 15, 48, 81, 4, 4 + 1 / 7, 4 + 4 / 7, 5]
    assert np.allclose(light_curves.interpolate(bands), found)
    # Values of period 8, which are largest at phase 0.25: that comes first
    bands = [(np.array([0, 4, 10, 14]), [1, 2, 3, 0])]
    assert light_curves.fold(bands, 8).tolist() == [3, 2, 0, 1]


def test_light_curves_are_of_stars_with_one_class_and_period(folder):
    given = pd.read_csv(OBSERVATIONS, dtype=object)
    first = {star: rows.index[0] for star, rows in given.groupby('star')}
    given.loc[first['V1'], 'period'] = 0.5
    given.loc[first['V2'], 'class'] = 'Mira'
    given.to_csv('given.csv', index=False)
    assert script(SCRIPT, 'given.csv', 'curves.csv').stdout.splitlines() == [
        'Left out: V1 has more than one period',
        'Left out: V18 has 5 observations',
        'Left out: V2 has more than one class',
        '37 curves of 64 values: curves.csv',
    ]
    assert script('import_data.py', 'curves.csv').stderr == ''
    assert Path('Train/classes.txt').read_text() == 'RR Lyrae\neclipsing\n'


def test_a_copy_s_bands_follow_each_other_in_a_row(folder):
    """They keep their phase: where one is smallest, the other is largest."""
    green = pd.read_csv(OBSERVATIONS).query('band == "g"')
    mag = pd.to_numeric(green['mag'], errors='coerce')
    red = green.assign(band='r', mag=30 - mag)
    pd.concat([red, green]).to_csv('two.csv')
    copy = SCRIPT.read_text(encoding='utf-8')
    Path('mine.py').write_text(copy.replace("['g']", "['g', 'r']"), encoding='utf-8')
    assert '39 curves of 128' in script('mine.py', 'two.csv', 'curves.csv').stdout
    green, red = np.hsplit(pd.read_csv('curves.csv').filter(regex=r'f\d'), 2)
    np.testing.assert_allclose(red, 30 - green)


def test_a_column_that_is_missing_is_named(folder):
    Path('other.csv').write_text('star,class,period,mjd,magnitude,band,flag\n')
    refused(SCRIPT, 'other.csv', 'c.csv', parts=['lacks mag; it has star, class, per'])
