"""Settings: which runs count, and which trainings are seeds of one."""

import os
import re
from pathlib import Path

from support import settings
from support.console import UserError
from support.runs import FILES, NETWORK, RUNS, run_folder

import pytest
from conftest import TRAIN, edited, named, run_names, script, write_run

DAY = '2026-11-30'
STOPPED = edited('training.signal = 15\ntraining.is_stopped = True')


def test_a_seed_is_trained_once(data):
    """Whatever the data are now; a stopped or damaged run of it is no obstacle."""
    first, second = run_folder('a/0'), run_folder('a/0-2')
    taken = f'\n{first} is taken, so this run is {second}\nRun: {second} with '
    assert f'Run: {first} with' in named(code=STOPPED, status=143)
    assert ', stopped after epoch 3' in script('infer.py', 1).stdout
    assert taken in named(status=0)  # a stopped run may have had another script
    Path('Train/X_1.dat').write_bytes(bytes(1024))
    code = TRAIN.replace('N_test = 50', 'N_test = 40')  # which an option replaces
    again = named(code=f'# the same\nfrom os import path\n{code}', status=0)
    assert re.fullmatch(rf'Nothing is trained: {second} is there, .*--name\.\n', again)
    os.truncate(second / 'train.py', 2000)  # which is a script, too
    printed = named(status=0)
    assert printed.count(f'Left out: {second}/train.py is damaged: ') == 1
    assert f'Run: {RUNS}/a/0-3 with ' in printed


def test_other_numbers_or_lines_are_no_seed_of_a_setting(data):
    """They are compared with its oldest whole run."""
    named(status=0)
    last = named('--seed', 2, code=TRAIN.replace('(8, ', '(9, '))
    assert re.search(rf'no seed of {RUNS}/a \(- .*\(8, .*; \+ .*\(9, .*--name', last)
    assert f'no seed of {RUNS}/a (N_epochs = 4, not 3): ' in named('--N_epochs', 4)
    assert run_names() == ['a/0']


IMPORTS = """from support.prepare import prepare
import matplotlib.pyplot as plt
import numpy as np
from keras.models import Sequential
from keras.layers import Dense
from keras.layers import Input
from keras.utils import set_random_seed
from utilities import read_training_data, read_test_data, plot_history
from support.command_line import read_command_line
from support.checks import check_network
from support.progress import ShowProgress
from support.saving import save_run
"""  # of train.py at commit fa04c8e; its other lines are the same


def test_a_setting_that_an_earlier_train_py_began_is_continued(data):
    code = IMPORTS + re.sub('(?m)^(from|import) .*', '', TRAIN)
    numbers = {'N_train': 20, 'N_test': 10, 'N_sequence': 128, 'N_epochs': 3}
    numbers |= {'batch_size': 32, 'seed': 0}
    write_run('a/0', code=code, numbers=numbers, layers='16 relu, 8 tanh, 1 sigmoid')
    assert 'Run: ' in named('--seed', 1, status=0)
    (setting,) = settings.make_settings(settings.runs_of(['a']))
    assert [run.seed for run in setting.runs] == [0, 1] and not setting.stray


def newest(name, files=FILES):
    """Return the folder of the newest run of a setting that counts."""
    return settings.newest_run(name, files).folder


def test_stopped_runs_count_where_no_other_does(folder):
    for i, is_stopped in enumerate([False, False, True]):
        write_run(f'a/{i}', time=f'{DAY}T0{i}:00Z', is_stopped=is_stopped)
        write_run(f'b/{i}', time=f'{DAY}T1{i}:00Z', is_stopped=True)
    runs = settings.runs_of_newest()
    assert [run.is_stopped for run in runs['a']] == [False] * 2 and len(runs['b']) == 3
    assert newest('') == newest('b') == run_folder('b/2')
    assert newest('a/2') == run_folder('a/2')
    assert newest('a') == run_folder('a/1')
    os.remove(run_folder('a/1/predictions.csv'))
    assert newest('a') == run_folder('a/0')
    assert newest('a', [NETWORK]) == run_folder('a/1')  # all that is read


def test_a_run_that_is_not_there_may_have_a_near_name(folder):
    with pytest.raises(UserError, match=rf'no run in {RUNS}: python train\.py makes'):
        settings.runs_of_newest()
    write_run('old/3')
    with pytest.raises(UserError, match=f"no run in {RUNS}/Old: did you mean 'old'"):
        settings.newest_run(f'{RUNS}/Old/', FILES)


def test_the_newest_run_is_the_last_one_in_any_time_zone(folder):
    for name, time in ('before', '23:00:00+13:00'), ('after', '09:00:00-08:00'):
        write_run(name, time=f'{DAY}T{time}')
    assert [*settings.runs_of_newest()] == ['before', 'after']
