"""view.py: sequences, and what a run got wrong."""

import json
import re
from pathlib import Path

from support.runs import RUNS, run_folder

import numpy as np
import pandas as pd
import pytest
from conftest import contents, refused, script

from generate_data import WAVES
from utilities import read_set, read_test_data


def test_view_shows_the_sequences(data, figures):
    """Titles have the names of the classes, in which a $ is a $."""
    Path('Test/classes.txt').write_text('one\n$\\frac\xe4$', encoding='utf-8-sig')
    script('view.py', '--test', 1, 3, 2, 4, 6, 5, 7)
    script('view.py', 1, 2, '--hide')
    printed = script('view.py', *range(1, 19)).stdout
    assert printed.startswith('The first 16 of 18 sequences are drawn\n')
    assert [*figures][:2] == ['Test_1_3_2_4_6_5.png', 'Train_1_2.png']
    grid, hidden, many = figures.values()
    assert len(many.axes) == 16 and hidden.axes[0].get_title() == 'Data Set 1'
    for i, axis in zip('1324657', grid.axes, strict=True):
        X, Y = read_test_data(i, 128)
        assert (axis.lines[0].get_xydata().T == [range(1, 129), X]).all()
        kind = ['class 0 (one)', r'class 1 ($\fracä$)'][int(Y)]
        assert axis.get_title() == f'Data Set {i}: {kind}'
    grid.draw_without_rendering()


def test_a_wrong_wave_is_over_the_nearest_of_its_class_and_of_the_other(
    trained, figures
):
    rows = pd.read_csv(run_folder('1/predictions.csv'))
    rows['predicted'] = (rows['class'] + (rows['number'] < 10)) % 2
    rows.to_csv(run_folder('1/predictions.csv'), index=False)
    run = json.loads(run_folder('1/run.json').read_text())
    run_folder('1/run.json').write_text(json.dumps(run | {'accuracy': 41 / 50}))
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
        marks = [len(lines.get_segments()) for lines in axis.collections]
        assert marks == [[(X != X_train[near]).sum()], []][taken_for]  # on the left
        title = f'Test {test}, .*{list(WAVES)[int(kind)]}.*: Train {near + 1}\n'
        assert re.match(f'{title}distance {apart.min():.1f}', axis.get_title())


def test_the_waves_of_other_sets_are_not_drawn(trained):
    for other in ('--seed', 1), (5, 5):
        script('generate_data.py', *other, '--overwrite')
        line = f'Train and Test are not those of {RUNS}/1'
        refused('view.py', '--wrong', parts=[line])


@pytest.mark.parametrize(
    'line', ['', '1 --wrong', '1 --run 1', '--wrong --hide', '--wrong --test']
)
def test_a_wrong_command_ends_below_the_usage_and_does_nothing(folder, line):
    refused('view.py', *line.split(), status=2, parts=[': error: '])
    assert contents('.') == {}
