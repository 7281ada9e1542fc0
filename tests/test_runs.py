"""Runs: what a training leaves and prints, who gets which folder, what goes again."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from support import answers, network, runs
from support.console import UserError

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import PROJECT, SHORT, TRAIN, refused, script
from keras import Input, Sequential, layers
from scipy.stats import binomtest


def named(*options, code=TRAIN, status=1):
    """Run a train.py with --name a; return what it prints, as a text."""
    Path('train.py').write_text(code, encoding='utf-8')
    done = script('train.py', *SHORT, '--name', 'a', *options, status=status)
    return done.stdout + done.stderr


def test_the_folder_of_a_setting_holds_its_seeds(data):
    """A seed that is there is not trained again, whatever the data are now."""
    for seed in 0, 1:
        named('--seed', seed, status=0)
    Path('Train/X_1.dat').write_bytes(bytes(1024))
    edited = TRAIN.replace('seed = 0 ', 'seed = 1 ')
    again = named(code=f'# the same\nimport os\n{edited}', status=0)
    assert re.fullmatch(r'Nothing is trained: runs/a/1 is there, .*--name\.\n', again)
    assert [str(run['folder']) for run in runs.read_runs()] == ['runs/a/0', 'runs/a/1']
    for name in 'last', '../x', '7':
        assert f'--name {name}' in named('--name', name, status=2)


def test_what_is_no_seed_of_a_setting(data):
    """A training is compared with the run of its seed, or with the newest run."""
    named(status=0)
    line = named('--seed', 2, code=TRAIN.replace('(8, ', '(9, '))
    assert "no seed of runs/a (- model.add(Dense(8, activation='tanh'))" in line
    for seed in 0, 2:
        line = named('--N_epochs', 4, '--seed', seed)
        assert 'no seed of runs/a (N_epochs = 4, not 3): take another --name' in line
    runs.run_folder('a/7').mkdir()
    assert 'runs/a/7 is no run: take another --name' in named('--seed', 7)


def test_a_stopped_run_gets_a_number(data):
    """A stopped run can be used, and its seed can be trained."""
    stop = "\nhistory.params |= {'is_stopped': True, 'signal': 15}\nsave_run("
    printed = named(code=TRAIN.replace('\nsave_run(', stop), status=143)
    assert 'stopped after epoch 3, so this run is runs/1\nRun: runs/1 with' in printed
    for command in ('view.py', '--wrong'), ('infer.py', 1):
        assert ', stopped after epoch 3' in script(*command).stdout
    assert 'Run: runs/a/0 with' in named(status=0)
    assert runs.list_settings() == ['a']


def test_the_classes_have_the_names_they_had_at_the_start(data):
    other = "\nopen('Train/classes.txt', 'w').write('A')\nsave_run("
    named(code=TRAIN.replace('\nsave_run(', other), status=0)
    assert runs.read_runs()[0]['class_names'] == ['sine wave', 'square wave']
    own = TRAIN.replace('\nsave_run(numbers', f"{other}{{'seed': 1}}")
    named('--name', 'b', code=own, status=0)
    assert runs.read_runs('1')[0]['class_names'] == ['A']


GOOD = '{"time": "2026-11-30T12:00:00+00:00", "numbers": {}}'
BAD = '{', '[]', GOOD.replace('numbers', 'n'), GOOD.replace('2026', '')


@pytest.mark.parametrize('text', BAD)
def test_what_is_no_run_is_left_out(folder, text):
    for name in 'good', 'bad', '.hidden':
        runs.run_folder(name).mkdir(parents=True)
        (runs.run_folder(name) / 'run.json').write_text(GOOD)
    Path('runs/bad/run.json').write_text(text)
    assert [str(run['folder']) for run in runs.read_runs()] == ['runs/good']
    with pytest.raises(UserError, match='no run in runs/bad: the nearest are good'):
        runs.read_runs('bad')


def test_the_newest_run_is_the_last_one_in_any_time_zone(folder):
    for name, time in ('before', 'T23:00:00+13:00'), ('after', 'T09:00:00-08:00'):
        runs.run_folder(name).mkdir(parents=True)
        text = re.sub(r'T[^"]*', time, GOOD)
        (runs.run_folder(name) / 'run.json').write_text(text)
    assert runs.list_settings() == ['before', 'after']


def test_no_place_for_runs_is_said_before_the_training(data, monkeypatch):
    Path('runs').touch()
    refused('train.py', *SHORT, parts=['you cannot write into', '/runs'])
    os.remove('runs')
    monkeypatch.setattr('os.access', lambda path, mode: mode != os.W_OK)
    refused('train.py', *SHORT, parts=['you cannot write into', str(data)])


@pytest.mark.slow
def test_each_network_of_a_loop_has_a_folder(data):
    (save,) = re.findall(r'save_run\(.*\n', TRAIN)
    again = save + save.replace('numbers', "numbers | {'seed': 5}")
    printed = named(code=TRAIN.replace(save, save + again), status=0)
    assert 'runs/a/0 is taken, so this run is runs/1' in printed
    script('train.py', *SHORT)
    found = [(str(run['folder']), run['numbers']['seed']) for run in runs.read_runs()]
    assert found[:3] == [('runs/a/0', 0), ('runs/1', 0), ('runs/a/5', 5)]
    assert found[3:] == [('runs/2', 0), ('runs/3', 0), ('runs/4', 5)]


@pytest.mark.slow
def test_of_two_jobs_of_one_seed_the_first_has_its_folder(data):
    command = [sys.executable, PROJECT / 'train.py', *map(str, SHORT), '--name', 'a']
    options = {'stdout': subprocess.PIPE, 'text': True}
    jobs = [subprocess.Popen(command, **options) for _ in range(2)]
    printed = ''.join(job.communicate()[0] for job in jobs)
    assert sorted(re.findall(r'Run: (\S*) ', printed)) == ['runs/1', 'runs/a/0']
    assert printed.count('runs/a/0 is taken, so this run is runs/1') == 1


def test_a_run_holds_its_network_answers_and_script(lesson):
    run = lesson.folder / 'runs/1'
    assert (run / 'train.py').read_text() == TRAIN
    epochs = pd.read_csv(run / 'history.csv')
    assert [*epochs] == ['epoch', 'accuracy', 'loss'] and len(epochs) == 300
    rows = pd.read_csv(run / 'predictions.csv')
    X = [np.fromfile(lesson.folder / f'Test/X_{i}.dat') for i in rows['number']]
    scores = keras.models.load_model(run / 'model.keras').predict(np.array(X))
    np.testing.assert_allclose(rows['score_1'], scores[:, 0], atol=1e-5)
    assert (rows['predicted'] == (scores[:, 0] > 0.5)).all()
    facts = json.loads((run / 'run.json').read_text())
    assert facts['accuracy'] == (rows['predicted'] == rows['class']).mean()
    assert facts['epochs_to_95'] == 1 + (epochs['accuracy'] >= 0.9499999).argmax()
    assert rows['in_train'].sum() == 5 and facts['time'].endswith('+00:00')


@pytest.mark.parametrize(
    ('before', 'ids', 'line'),
    [
        ('', ['a', 'b'] * 4, 'These are of 2 objects: '),
        ('X_test = X_train[:8]', None, 'X_test is not what Test holds'),
        ('Y_test = 1 - Y_test', None, 'X_test is not what Test holds'),
    ],
)
def test_test_sequences_have_the_ids_of_test(data, before, ids, line):
    """The first 8 of 10 sequences of Test have its ids, and others have none."""
    Path('Test/ids.txt').write_text('a\nb\n' * 5)
    code = TRAIN.replace('\nsave_run(', f'\n{before}\nsave_run(')
    assert f'\n{line}' in named('--N_test', 8, code=code, status=0)
    table = pd.read_csv('runs/a/0/predictions.csv')
    assert ids == ([*table['id']] if 'id' in table else None)


@pytest.mark.drawn
def test_a_run_holds_all_figures_and_none_costs_a_network(data):
    figures = 'plt.figure("a/b")\nplt.figure()\nplt.figure("c").suptitle("$x_$")\n'
    code = TRAIN.replace('\nsave_run(', f'\n{figures}\nsave_run(')
    printed = named(code=code, status=0)
    assert 'c.png could not be saved: ValueError' in printed
    assert {'a_b.png', 'figure_3.png', 'model.keras'} <= {*os.listdir('runs/a/0')}


def test_ctrl_c_while_saving_leaves_nothing(data, monkeypatch):
    monkeypatch.setattr('keras.Model.save', lambda *_: signal.raise_signal(2))
    assert named().endswith('Interrupted.\n') and os.listdir('runs') == []


def test_sets_are_the_same_if_all_values_and_classes_are():
    X, Y = np.random.default_rng(0).random((5, 3)), np.array([0, 1, 1, 0, 2])
    one = answers.hash_set(X, Y)
    assert one == answers.hash_set(np.float32(X), np.eye(3)[Y])  # one-hot
    assert len({one, answers.hash_set(X, Y[::-1]), answers.hash_set(X + 1, Y)}) == 3
    assert answers.hash_set(0 * X, Y) == answers.hash_set(-0.0 * X, Y)


def test_a_leak_a_slow_training_and_wrong_answers():
    one = np.ones(2, int)
    *_, last = answers.describe_test(one, one, one > 0, [])
    assert last == 'This measures memorisation only'
    slow = pd.DataFrame({'accuracy': [0.5]}, [1])
    (line,) = answers.describe_training(slow, 1, '')
    assert line == 'Never 95 % of the training sequences right, to epoch 1'
    for N, heads in (10, 12), (11, 2):  # more have no room
        table = answers.confusion_table(np.arange(N), np.arange(N), [])
        assert len(table.columns) == heads and table.row_count == N
    line = answers.describe_wrong(one, 0 * one, ['a', 'b'])
    assert line == 'Wrong: 1 2, all b taken for a: python view.py --wrong'


def test_the_interval_is_wilson_s_of_the_answers_to_what_is_new():
    for right, N, seen in (0, 2, 0), (46, 50, 0), (36, 50, 10), (1970, 2000, 0):
        number = np.arange(N)
        predicted = (number < right).astype(int)
        lines = answers.describe_test(np.ones(N, int), predicted, number < seen, [])
        exact = binomtest(right - seen, N - seen).proportion_ci(method='wilson')
        digits = 1 if N == 2000 else 0
        low, high = (f'{100 * limit:.{digits}f} %' for limit in exact)
        assert lines[0].startswith(f'{right} of {N} right, {100 * right / N:.1f} %')
        assert lines[-2].endswith(f'; 95 % confidence: {low} to {high}')
        if seen:
            assert lines[1] == '10 of 50 test sequences also occur in the training set'
            assert lines[2].startswith('On the 40 others: 26 right, 65.0 %')


@pytest.mark.parametrize(('right', 'N'), [(19, 20), (95, 100), (190, 200), (57, 60)])
def test_exactly_95_percent_count_as_keras_gives_them(right, N):
    accuracies = []
    for N_right in right - 1, right:
        metric = keras.metrics.BinaryAccuracy()
        metric.update_state(np.ones(N), np.arange(N) < N_right)
        accuracies.append(float(metric.result()))
    table = pd.DataFrame({'accuracy': accuracies}, [1, 2])
    assert answers.first_epoch(table, 0.95) == 2
    assert answers.first_epoch(table, 1) == 'never'


def test_logits_become_scores_and_epochs_to_95_percent_are_counted():
    """Epochs are not counted where that would mean nothing."""
    table = pd.DataFrame({'accuracy': [0.5, 0.95, 1, 0.9]}, [1, 2, 3, 4])
    table['val_loss'] = [0.7, 0.384, 0.5, 0.8712]
    X = np.array([[1.0, -2.0], [0.5, 3.0]])
    logit = keras.losses.BinaryCrossentropy(from_logits=True)
    logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    kinds = (1, 'mse', None), (1, logit, 'sigmoid'), (2, logits, 'softmax')
    for neurons, loss, kind in kinds:
        model = Sequential([Input((2,)), layers.Dense(neurons)])
        model.compile('sgd', loss, metrics=['accuracy'])
        assert network.describe_output(model).scores == kind
        scores = network.predict_scores(model, X, kind)
        wanted = keras.activations.get(kind)(model(X))
        np.testing.assert_allclose(scores[:, -1], wanted[:, -1], atol=1e-6)
        np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)
    first, turn = answers.describe_training(table, 4, '')
    assert first.endswith('right after epoch 2, all after 3')
    assert turn == 'Validation loss lowest at epoch 2: 0.38; at the end 0.87'
    assert answers.describe_training(table, 4, 'why')[0].endswith('not counted: why')
    # TensorFlow may call such answers 0
    model.set_weights([np.full((2, 2), np.inf), np.zeros(2)])
    with pytest.raises(UserError, match='the network holds NaN or infinity'):
        network.predict_scores(model, X, 'linear')
