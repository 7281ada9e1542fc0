"""view.py: sequences, with their classes."""

from pathlib import Path

import pytest
from conftest import contents, refused, script

from utilities import read_test_data


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


@pytest.mark.parametrize(
    'line', ['', '1 --wrong', '1 --run 1', '--wrong --hide', '--wrong --test']
)
def test_a_wrong_command_ends_below_the_usage_and_does_nothing(folder, line):
    refused('view.py', *line.split(), status=2, parts=[': error: '])
    assert contents('.') == {}
