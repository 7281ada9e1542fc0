"""The end of a training: what it prints, and keeps."""

import re
from dataclasses import replace
from pathlib import Path

from support.report import Result, print_result
from support.runs import list_runs, run_folder
from support.statistics import wilson_interval

import numpy as np
import pandas as pd
import pytest
from conftest import TRAIN, edited, named

TESTS = {  # a line of the script, and what is said of the test
    'as in Test': ('', 'These are of 2 stars: '),
    'other sequences': ('X_test = X_train[:8]', 'X_test is not what Test holds'),
    'one id': ('open("Test/ids.txt", "w").write("a")', 'Always answering'),
}


@pytest.mark.slow
@pytest.mark.parametrize('case', TESTS)
def test_test_sequences_have_the_ids_of_test(data, case):
    """The first 8 of 10 sequences of Test have its ids, and others have none."""
    before, line = TESTS[case]
    Path('Test/ids.txt').write_text('a\nb\n' * 5)
    assert f'\n{line}' in named('--N_test', 8, code=edited(before), status=0)
    table = pd.read_csv(run_folder('a/0') / 'predictions.csv')
    stars = ['a', 'b'] * 4 if case == 'as in Test' else []
    assert [*table.get('star', [])] == stars


def test_updates_of_another_fit_are_counted_in_a_training_that_ends_early(data):
    fits = 'model.fit(X_train, Y_train, verbose=0)\ntraining.signal = 2\nhistory = '
    printed = named(code=TRAIN.replace('history = ', fits), status=130)
    assert 'The training ended after epoch 1 of 3\nEpochs to 95 %' in printed
    assert 'not counted: the network has made 1 other updates' in printed
    assert np.isnan(list_runs()[0].epochs_to_95)
    assert 'not counted' not in named('--seed', 1, status=0)


def test_an_accuracy_with_another_threshold_counts_no_epochs(data):
    loss = '__import__("keras").losses.BinaryCrossentropy(from_logits=True)'
    code = TRAIN.replace("'binary_crossentropy'", loss)
    code = code.replace("Dense(1, activation='sigmoid'", 'Dense(1')
    assert "not counted: Keras's accuracy" in named(code=code, status=0)


def answers(Y, predicted, in_train=0):
    """Return a table of answers, as predictions_table does."""
    columns = {'number': np.arange(len(Y)) + 1, 'class': Y, 'predicted': predicted}
    return pd.DataFrame(columns | {'in_train': in_train})


CURVES = pd.DataFrame({'accuracy': [1.0]}, [1])
RESULT = Result(answers([0], [0]), True, CURVES, N_epochs=1, not_counted='')


@pytest.fixture
def lines(capsys):
    """A function that returns the lines that are printed on a result."""

    def print_lines(**facts):
        print_result(replace(RESULT, **facts), ['sine', 'square'])
        return capsys.readouterr().out.splitlines()

    return print_lines


@pytest.mark.parametrize(('right', 'N', 'digits'), [(0, 2, 0), (1970, 2000, 1)])
def test_a_narrow_interval_has_a_digit_more(lines, right, N, digits):
    predicted = np.repeat([1, 0], [right, N - right])
    first, *_ = lines(predictions=answers(np.ones(N, int), predicted))
    low, high = (f'{100 * limit:.{digits}f} %' for limit in wilson_interval(right, N))
    share = f'{right} of {N} right, {100 * right / N:.1f} %'
    assert first == f'{share}; 95 % confidence: {low} to {high}'


EXACTLY = np.float32(190) / np.float32(200)  # as Keras divides: less than 0.95
TRAININGS = {  # accuracies after each epoch, and how fast that is called
    'all': ([0.5, EXACTLY, 1, 0.9], '95 % of the .* after epoch 2, all after 3'),
    'never all': ([0.95, 0.9], '95 % of the .* right after epoch 1, never all'),
    'never 95 %': ([0.5], 'Never 95 % of the training sequences right, to epoch 1'),
}


@pytest.mark.parametrize('case', TRAININGS)
def test_how_fast_a_network_learnt_is_that_of_the_training_set(lines, case):
    accuracies, wanted = TRAININGS[case]
    index = np.arange(len(accuracies)) + 1
    curves = pd.DataFrame({'accuracy': accuracies, 'val_accuracy': 0.96}, index)
    shown = lines(curves=curves, N_epochs=len(index))
    assert re.fullmatch(wanted, shown[3]) and shown[4] == ''


def test_an_early_end_and_the_lowest_validation_loss_are_named(lines):
    losses = [0.7, 0.384, 0.5, 0.8712]
    curves = pd.DataFrame({'accuracy': 1, 'val_loss': losses}, [1, 2, 3, 4])
    _, _, _, end, _, turn, *_ = lines(curves=curves, N_epochs=9)
    assert end == 'The training ended after epoch 4 of 9'
    assert turn == 'Validation loss lowest at epoch 2: 0.38; at the end 0.87'


def test_a_row_of_the_confusion_matrix_is_a_class(lines):
    """A column is what it was taken for."""
    shown = lines(predictions=answers([0, 0, 0, 1], [0, 1, 1, 1]))
    _, sine, square, wrong = [' '.join(line.split()) for line in shown[-4:]]
    assert (sine, square) == ('sine 1 2 1 of 3', 'square 0 1 1 of 1')
    assert wrong == 'Wrong: 2 3: python view.py --wrong'
