"""What is drawn of runs: compare.png and wrong.png."""

import json
from types import SimpleNamespace

from support.pictures import plot_settings
from support.runs import RUNS, run_folder

import numpy as np
import pandas as pd
from conftest import refused, script

from utilities import read_set, read_test_data


def draw(figures, *settings):
    """Draw settings, (name, epochs to 95 %, accuracies); return the two plots."""
    plot_settings(
        [
            SimpleNamespace(
                name=name,
                runs=[SimpleNamespace(epochs=200)] * len(epochs),
                epochs_to_95=epochs,
                percent_right=accuracies,
            )
            for name, epochs, accuracies in settings
        ]
    )
    figures['compare.png'].draw_without_rendering()
    return figures['compare.png'].axes


def check_first_row(axis, values, middle):
    """Check that it has a dot for each value, side by side, and a line."""
    dots, line, *_ = axis.collections
    x, y = dots.get_offsets().T
    assert [*x] == values and len({*y}) == 3 and abs(y).max() < 0.4
    np.testing.assert_allclose(line.get_segments(), [[(middle, -0.4), (middle, 0.4)]])


def test_each_run_is_a_dot_and_each_setting_a_line_in_the_middle(folder, figures):
    """That is a median of epochs, from 0, and a mean of accuracies; a is on top."""
    epochs = [22, 21, 29]
    accuracies = [90, 92, 82]
    speed, test = draw(figures, ('a', epochs, accuracies), ('b', [11], [95]))
    check_first_row(speed, epochs, 22)
    check_first_row(test, accuracies, 88)
    for axis, value in (speed, 11), (test, 95):
        assert [*axis.collections[2].get_offsets()[0]] == [value, 1]
        assert axis.yaxis_inverted()
    assert speed.get_xlim()[0] < 0


def test_what_is_never_is_right_of_all_epochs(folder, figures):
    speed, _ = draw(figures, ('a', [90, np.inf], [50, 60]), ('b', [9], [70]))
    assert [label.get_text() for label in speed.get_yticklabels()] == ['a', 'b']
    *_, last = speed.get_xticks()
    assert speed.collections[0].get_offsets()[1][0] == last > 200
    assert speed.get_xticklabels()[-1].get_text() == 'never'


def change_facts(**facts):
    """Change facts of the run 1."""
    path = run_folder('1') / 'run.json'
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def make_wrong(N):
    """Make the first N answers of the run 1 wrong, and no other; return its table."""
    path = run_folder('1') / 'predictions.csv'
    rows = pd.read_csv(path)
    rows['predicted'] = rows['class'].where(rows['number'] > N, 1 - rows['class'])
    rows.to_csv(path, index=False)
    change_facts(accuracy=float((rows['predicted'] == rows['class']).mean()))
    return rows


def test_a_wrong_wave_is_over_the_nearest_of_its_class_and_of_the_other(
    trained, figures
):
    """On the left, marks show where they differ."""
    scores = make_wrong(9)[['score_0', 'score_1']].to_numpy()
    shown = script('view.py', '--wrong').stdout
    assert f'{RUNS}/1: 9 of 50 test sequences are wrong; the first 8 are drawn' in shown
    X_train, Y_train = read_set('Train', 200, 128)
    for i, axis in zip(range(16), figures['wrong.png'].axes, strict=True):
        test, taken_for = divmod(i, 2)  # left its class, right the other
        X, Y = read_test_data(test + 1, 128)
        kind = int(abs(Y - taken_for))
        apart = np.where(Y_train == kind, np.linalg.norm(X_train - X, axis=1), np.inf)
        near = X_train[apart.argmin()]
        np.testing.assert_array_equal(
            [line.get_ydata() for line in axis.lines], [X, near]
        )
        name = ['sine wave', 'square wave'][kind]
        marks = [mark for lines in axis.collections for mark in lines.get_segments()]
        marked = sum(low != high for (_, low), (_, high) in marks)
        if taken_for:
            name = f'taken for {name} (score {scores[test, kind]:.3f})'
            end = ''
        else:
            end = f', {marked} of 128 values differ'
        assert marked == (0 if taken_for else np.sum(near != X))
        first = f'Test {test + 1}, {name}, over the nearest one: Train'
        title = f'{first} {apart.argmin() + 1}\ndistance {apart.min():.1f}{end}'
        assert axis.get_title() == title


def test_as_many_as_fit_are_drawn_and_the_terminal_is_told(
    trained, figures, monkeypatch
):
    """Without scores, a title has none."""
    make_wrong(8)
    change_facts(to_scores=None, is_stopped=True)
    shown = script('view.py', '--wrong').stdout
    assert shown == (
        f'{RUNS}/1, stopped after epoch 300: 8 of 50 test sequences are wrong\n'
        'Plot: wrong.png\n'
    )
    assert 'score' not in figures['wrong.png'].axes[1].get_title()
    monkeypatch.setattr('matplotlib.pyplot.get_backend', lambda: 'support.drawing')
    assert 'fetch wrong.png' in script('view.py', '--wrong').stdout


def test_other_data_than_those_of_the_run_are_refused(trained):
    for other in ('--seed', 1), (5, 5):
        script('generate_data.py', *other, '--overwrite')
        lost = f'Train and Test are not those of {RUNS}/1'
        refused('view.py', '--wrong', parts=[lost])
