"""The end of a training: what it prints, and keeps."""

import os
import re
import signal
from pathlib import Path

from support import runs
from support.runs import run_folder

import pandas as pd
import pytest
from conftest import TRAIN, edited, named, run_names

TESTS = {  # a line of the script, and what is said of the test
    'as in Test': ('', 'These are of 2 stars: '),
    'other sequences': ('X_test = X_train[:8]', 'X_test is not what Test holds'),
    'other classes': ('Y_test = 1 - Y_test', 'X_test is not what Test holds'),
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


def test_a_second_ctrl_c_while_saving_leaves_nothing(data, monkeypatch):
    twice = map(signal.raise_signal, (2, 2))
    monkeypatch.setattr('keras.Model.save', lambda *_: [*twice])
    assert named().endswith('Interrupted.\n') and os.listdir(run_folder('a')) == []


@pytest.mark.slow
def test_each_network_of_a_loop_has_a_folder(data):
    (save,) = re.findall(r'save_run\(.*\n', TRAIN)
    again = save.replace(')\n', ', seed=np.int64(5))\n')
    named(code=TRAIN.replace(save, save + save + again), status=0)
    assert run_names() == ['a/0', 'a/0-2', 'a/5'] and runs.list_runs()[2].seed == 5
