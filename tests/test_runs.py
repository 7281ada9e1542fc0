"""Runs: what a training leaves."""

import os
import re
from pathlib import Path
from unittest import mock

from support import runs

import keras
import numpy as np
import pytest
from conftest import SHORT, TRAIN, contents, refused, script
from keras import Input, Sequential, layers
from scipy.stats import binomtest

from utilities import read_set


def test_how_fast_it_learnt():
    """Also of a network that unlearns what it had right."""
    ends = {
        (0.5, 1, 1): 'all after 2',
        (0.95, 1, 0.9): 'all after 2, but not at the end',
    }
    ends |= {(1, 0.9, 1): 'all after 1, for good after 3', (0.96, 0.99): 'never all'}
    for accuracies, end in ends.items():
        facts = runs.describe_epochs([{'accuracy': x} for x in accuracies])
        assert runs.describe_convergence(facts).endswith(f', {end}')


def test_names_and_numbers(trained):
    """A name is for one run; else the next free number, whoever is first."""
    for name, said in {'last': '--name', '../x': '--name', '1': '--overwrite'}.items():
        refused('train.py', *SHORT, '--name', name, status=2, parts=[said, name])
    for path in 'abcd':
        Path('runs', path, path).mkdir(parents=True)
    assert runs.move_to_runs('runs/a', '1') == 'runs/2'
    for path in 'cd':  # the old one is there until the next time
        assert runs.move_to_runs(f'runs/{path}', '1', True) == 'runs/1'
    assert os.listdir('runs/1') == ['d'] and os.listdir('runs/.old/1') == ['c']
    with mock.patch.object(Path, 'iterdir', lambda _: iter([])):  # two jobs see none
        assert runs.move_to_runs('runs/b') == 'runs/3'


def test_a_script_that_dies_after_its_fit(data):
    """It leaves a whole run."""
    Path('bad.py').write_text(TRAIN.replace('plot_history(history)', 'plot(history)'))
    job = {'SLURM_JOB_ID': '123', 'SLURM_GPUS_ON_NODE': '1'}
    said = script(data / 'bad.py', *SHORT, status=1, env=job).stderr
    assert "name 'plot'" in said and 'TensorFlow sees none' in said
    files = {'history.csv', 'model.keras', 'run.json', 'train.py'}
    assert {*os.listdir('runs/1')} == files and {*os.listdir('runs')} == {'1', 'last'}
    assert runs.newest_run()['job'] == '123'
    assert 'not tested' in script('compare.py').stdout
    refused('view.py', '--wrong', parts=['was not evaluated'])


def test_more_training_without_the_callback(data):
    """It is said; and epochs of a fit whose history is not passed on count once."""
    for callbacks, N_epochs in ('None', 3), ('[ShowAndSave()]', 5):
        fit = f'model.fit(X_test, Y_test, epochs=2, callbacks={callbacks})\n'
        fit = fit.replace('X_test, Y_test', 'X_train, Y_train') if N_epochs > 3 else fit
        Path('more.py').write_text(
            TRAIN.replace('plot_history(h', f'{fit}plot_history(h')
        )
        printed = script(data / 'more.py', *SHORT).stdout
        assert ('perhaps with X_test' in printed) == (N_epochs == 3)
        assert runs.newest_run()['epochs'] == N_epochs


def test_two_networks_of_one_script(data):
    """Each run holds its own; and --overwrite has moved the old run alone."""
    train = ['train.py', *SHORT, '--name', 'a']
    script(*train)
    before = contents('runs/a')
    again = TRAIN[TRAIN.index('model = Seq') : TRAIN.index('# Plot the history')]
    other = again.replace('Dense(16', 'Dense(9').replace('history =', 'other =')
    other = other.replace('model', 'second').replace('second.K', 'model.K')
    save = 'save_run(second, other, X_train, X_test, Y_test)\n'
    text = TRAIN.replace('# Plot the history', f'{other}# Plot the history') + save
    Path('two.py').write_text(text)
    script(data / 'two.py', *train[1:], '--overwrite')
    assert contents('runs/.old/a') == before
    layers = [run['layers'].split()[0] for run in runs.all_runs()]
    assert sorted(layers) == ['16', '16', '9', '9']  # by each fit, and with its test
    for run in runs.all_runs()[-2:]:
        network = keras.models.load_model(f'{run["path"]}/model.keras')
        answers = runs.predict_scores(network, read_set('Test', 10, 128)[0])
        rows = runs.read_rows(run, 'predictions.csv')
        assert [int(row['predicted']) for row in rows] == answers.argmax(
            axis=1
        ).tolist()


def test_the_slides_own_fit(trained):
    """It makes a run like others, but for history.png, which lies where it did."""
    ours = re.search(r'history = model\.fit\([\s\S]*?\)\]\)\n', TRAIN)[0]
    slides = 'history = model.fit(X_train, Y_train, epochs=N_epochs, batch_size=32)\n'
    Path('slide.py').write_text(TRAIN.replace(ours, slides))
    assert 'Plot: history.png' in script(trained / 'slide.py', '--N_epochs', 3).stdout
    one, two = runs.read_run(1), runs.newest_run()
    assert {*os.listdir('runs/1')} == {*os.listdir('runs/2'), 'history.png'}
    assert two['seconds'] is None and one.keys() == two.keys()
    history = runs.read_rows(two, 'history.csv')
    assert [row['epoch'] for row in history] == ['1', '2', '3']


def test_what_fit_was_given_counts(data):
    """Not what save_run is told of it."""
    leak = 'fit(np.r_[X_train, X_test], np.r_[Y_train, Y_test],'
    Path('leak.py').write_text(TRAIN.replace('fit(X_train, Y_train,', leak))
    printed = script(data / 'leak.py', *SHORT).stdout
    assert '10 of 10 test sequences also occur in the training set: this is' in printed


def test_how_far_to_trust_it():
    for right, N in (0, 2), (2, 10), (46, 50):
        exact = binomtest(right, N).proportion_ci(method='wilson')
        assert runs.wilson_interval(right, N) == pytest.approx([*exact])


def exam(capsys, predicted, Y, X_train=(), last='softmax'):
    """Return what save_run prints of a network with these answers to some sequences."""
    classes = 1 + max(*predicted, *Y)
    X = np.c_[np.eye(classes)[predicted], np.arange(len(Y))]
    layer = layers.Dense(classes, last, use_bias=False)
    network = Sequential([Input((classes + 1,)), layer])
    network.set_weights([np.eye(classes + 1, classes)])
    network.compile('sgd', 'sparse_categorical_crossentropy', metrics=['accuracy'])
    network.optimizer.learning_rate = 0
    runs.Run()
    history = network.fit(X, np.array(predicted), verbose=0)
    Path('Train').mkdir(exist_ok=True)
    Path('Train/classes.txt').write_text('[b]a\nb\n')
    runs.save_run(network, history, X[X_train,], X, np.array(Y))
    return capsys.readouterr().out


def test_what_was_seen_and_what_is_wrong(folder, capsys):
    printed = exam(capsys, [0, 1, 1, 1], [0, 1, 0, 1], X_train=[0, 1])
    assert '2 of 4 test sequences also occur' in printed
    assert 'on the 2 others: 1, 50.0 %' in printed
    assert 'Always answering [b]a: 50 %' in printed
    table = r'taken for \[b\]a +taken for b +recall *\n +\[b\]a +1 +1 +1 of 2'
    assert re.search(table, printed)
    assert 'Wrong: 3, [b]a taken for b: python view.py --wrong\n' in printed
    assert 'accuracy above is of other data' in printed  # that of the fit
    printed = exam(capsys, [0, 1], [0, 1], X_train=[0, 1])
    assert '2 of 2 right\n' in printed and 'memory, not an exam' in printed
    assert 'Wrong' not in printed and 'above is of' not in printed
    printed = exam(capsys, [1, 0, 0, 2, 1], [0, 0, 0, 2, 0])
    assert re.search(r'\[b\]a +2 +2 +0 +2 of 4 *\n', printed)
    assert 'also occur' not in printed and 'Always answering [b]a: 80 %' in printed
    assert len({run['test_hash'] for run in runs.all_runs()}) == 3
    never = {'epochs_to_95': 1, 'epochs_to_100': None}
    assert runs.describe_convergence(never).endswith('right after 1 epoch, never all')
    # A last layer without bounds has no scores, even where its answers look like some.
    printed = exam(capsys, [0, 1], [0, 1], last='linear')
    assert 'no sigmoid or softmax, so no scores are stored' in printed
    answers = runs.read_rows(runs.newest_run(), 'predictions.csv')
    assert [row['score_1'] for row in answers] == ['', '']


def test_answers_that_are_not_numbers():
    """Nor are those of a network of NaN, which TensorFlow may call 0."""
    network = Sequential([Input((2,)), layers.Dense(1, 'sigmoid')])
    X = np.array([[1, 1], [np.nan, 1]])
    with pytest.raises(runs.DataError, match='answer to b is not a number: bring'):
        runs.predict_scores(network, X, ['a', 'b'])
    network.set_weights([np.full((2, 1), np.inf), np.zeros(1)])
    with pytest.raises(runs.DataError, match='the network holds NaN or infinity'):
        runs.predict_scores(network, X[:1])
