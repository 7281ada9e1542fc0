"""Runs, what a training leaves, and compare.py."""

import csv
import json
import os
import re
import shutil
import time
from pathlib import Path
from unittest import mock

from support import runs

import numpy as np
import pytest
from conftest import SHORT, TRAIN, contents, refused, script
from scipy.stats import binomtest

from utilities import read_set

# ------------------------------------------------------------------ what a run is


def test_what_a_run_holds(lesson, monkeypatch):
    monkeypatch.chdir(lesson.folder)
    names = (
        'history.csv history.png model.keras predictions.csv run.json train.py'.split()
    )
    assert sorted(os.listdir('runs/1')) == names and os.readlink('runs/last') == '1'
    assert lesson.stdout.endswith(f'\nRun: runs/1 with {", ".join(names)}\n')
    assert 'Stopped' not in lesson.stdout
    assert Path('runs/1/train.py').read_text('utf-8') == TRAIN
    run = runs.read_run(1)
    history = runs.read_rows(run, 'history.csv')
    assert [row['epoch'] for row in history] == [str(i) for i in range(1, 301)]
    assert 0 < float(history[-1]['seconds']) <= run['seconds'] < 100
    accuracy = [float(row['accuracy']) for row in history]
    for percent in 95, 100:
        first = run[f'epochs_to_{percent}'] - 1
        assert accuracy[first] >= percent / 100 > max(accuracy[:first])
    optimizer, rate = run['optimizer'].split()
    assert f"optimizer='{optimizer}', loss='{run['loss']}'" in TRAIN and rate == '0.001'

    answers = runs.read_rows(run, 'predictions.csv')
    (X, _), (X_test, Y_test) = read_set('Train', 200, 128), read_set('Test', 50, 128)
    assert [int(row['class']) for row in answers] == Y_test.tolist()
    scores = np.array([[row['score_0'], row['score_1']] for row in answers], float)
    predicted = [int(row['predicted']) for row in answers]
    assert scores.argmax(axis=1).tolist() == predicted
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    right = predicted == Y_test
    seen = np.array([x in X.tolist() for x in X_test.tolist()])
    found = [
        run[name]
        for name in ('accuracy', 'n_correct', 'n_duplicates', 'n_correct_duplicates')
    ]
    assert found == [right.mean(), right.sum(), seen.sum(), (seen & right).sum()]


def test_names_and_numbers(trained):
    """A name is for one run; else the next free number, whoever is first."""
    before = contents('runs')
    for name, said in {'last': '--name', '../x': '--name', '1': '--overwrite'}.items():
        refused('train.py', *SHORT, '--name', name, status=2, parts=[said, name])
    assert contents('runs') == before
    for path in 'a', 'b':
        Path('runs', path, 'x').mkdir(parents=True)
    assert runs.move_to_runs('runs/a', '1') == 'runs/2'
    with mock.patch.object(Path, 'iterdir', lambda _: iter([])):
        assert (
            runs.move_to_runs('runs/b') == 'runs/3'
        )  # of two jobs, both have seen none


def test_a_script_that_dies_after_its_fit(data):
    """It leaves a whole run. What a kill left long ago is removed."""
    for name in '.new-old', '.new-new':
        Path('runs', name).mkdir(parents=True)
    os.utime('runs/.new-old', (0, time.time() - 4000))
    Path('bad.py').write_text(TRAIN.replace('plot_history(history)', 'plot(history)'))
    job = {'SLURM_JOB_ID': '123', 'SLURM_GPUS_ON_NODE': '1'}
    said = script(data / 'bad.py', *SHORT, status=1, env=job).stderr
    assert "name 'plot'" in said and 'TensorFlow sees none' in said
    assert sorted(os.listdir('runs')) == ['.new-new', '1', 'last']
    files = ['history.csv', 'model.keras', 'run.json', 'train.py']
    assert sorted(os.listdir('runs/1')) == files and runs.newest_run()['job'] == '123'
    assert 'not evaluated' in script('compare.py').stdout
    refused('view.py', '--wrong', parts=['was not evaluated'])


def test_the_slides_own_fit(trained):
    """It makes a run like others; what lay there as history.png before stays."""
    ours = re.search(r'history = model\.fit\([\s\S]*?\)\]\)\n', TRAIN)[0]
    slides = 'history = model.fit(X_train, Y_train, epochs=N_epochs, batch_size=32)\n'
    Path('slide.py').write_text(TRAIN.replace(ours, slides))
    script(trained / 'slide.py', '--N_epochs', 3)
    one, two = runs.read_run(1), runs.read_run(2)
    assert sorted(os.listdir('runs/1')) == sorted(os.listdir('runs/2'))
    assert not os.path.exists('history.png')
    assert 0 < two['seconds'] < 100 and one.keys() == two.keys()
    assert (two['device'], two['data']) == (one['device'], one['data'])
    history = runs.read_rows(two, 'history.csv')
    assert [row['epoch'] for row in history] == ['1', '2', '3']
    assert runs.newest_run() == two


@pytest.mark.parametrize(('right', 'N'), [(0, 2), (2, 10), (46, 50)])
def test_how_far_to_trust_it(right, N):
    exact = binomtest(right, N).proportion_ci(method='wilson')
    assert runs.wilson_interval(right, N) == pytest.approx([*exact])


def exam(capsys, predicted, Y, X_train=(), last='softmax', twice=False):
    """Return what save_run prints of a network with these answers to some sequences."""
    from keras import Input, Sequential
    from keras.layers import Dense

    classes = 1 + max(*predicted, *Y)
    X = np.c_[np.eye(classes)[predicted], np.arange(len(Y))]
    network = Sequential([Input((classes + 1,)), Dense(classes, last, use_bias=False)])
    network.set_weights([np.eye(classes + 1, classes)])
    network.compile('sgd', 'sparse_categorical_crossentropy', metrics=['accuracy'])
    network.optimizer.learning_rate = 0
    runs.Run()
    if twice:
        network.fit(X, np.array(predicted), verbose=0)
        runs.current_run().begin_fit()
        runs.current_run().save(network, [{'epoch': 1}])
    history = network.fit(X, np.array(predicted), verbose=0)
    Path('Train').mkdir(exist_ok=True)
    Path('Train/classes.txt').write_text('[b]a\nb\n')
    runs.save_run(network, history, X[X_train,], X, np.array(Y))
    return capsys.readouterr().out


def test_what_was_seen_and_what_is_wrong(folder, capsys):
    printed = exam(capsys, [0, 1, 1, 1], [0, 1, 0, 1], X_train=[0, 1])
    assert '2 of 4 test sequences also occur' in printed
    assert (
        'on the 2 others: 1, 50.0 %' in printed
        and 'Always answering [b]a: 50 %' in printed
    )
    assert re.search(r'taken for \[b\]a +taken for b *\n +\[b\]a +1 +1 *\n', printed)
    assert 'Wrong: 3, [b]a taken for b: python view.py --wrong\n' in printed
    assert 'accuracy above is not that of X_test' in printed  # but that of the fit
    printed = exam(capsys, [0, 1], [0, 1], X_train=[0, 1])
    assert '2 of 2 right\n' in printed and 'memory, not an exam' in printed
    assert 'Wrong' not in printed and 'above is not' not in printed
    printed = exam(capsys, [1, 0, 0, 2, 1], [0, 0, 0, 2, 0])
    assert re.search(r'\[b\]a +2 +2 +0 +2 of 4 *\n', printed)
    assert 'also occur' not in printed and 'Always answering [b]a: 80 %' in printed
    assert len({run['test_hash'] for run in runs.all_runs()}) == 3
    never = {'epochs_to_95': 1, 'epochs_to_100': None}
    assert runs.describe_convergence(never).endswith('right after 1 epoch, never all')


def test_answers_that_are_not_scores(folder, capsys):
    """A last layer without bounds has none, even where its answers look like some."""
    printed = exam(capsys, [0, 1], [0, 1], last='linear')
    assert 'not between 0 and 1, so no scores are stored' in printed
    answers = runs.read_rows(runs.read_run(1), 'predictions.csv')
    assert [row['score_1'] for row in answers] == ['', '']
    exam(capsys, [0, 1], [0, 1], twice=True)
    one, two = runs.all_runs()
    assert two['evaluated'] and two['epochs'] == 2
    assert one['test_hash'] == two['test_hash']


def test_no_network_of_nan(folder):
    """Weights that are not numbers are not saved, nor are such answers an answer."""
    from keras import Input, Sequential, layers

    network = Sequential([Input((2,)), layers.Dense(1, 'sigmoid')])
    X = np.array([[1, 1], [np.nan, 1]])
    with pytest.raises(runs.DataError, match='answer to b is not a number: bring'):
        runs.predict_scores(network, X, ['a', 'b'])
    network.set_weights([np.full((2, 1), np.inf), np.zeros(1)])
    for use in (runs.predict_scores, runs.Run().save):
        with pytest.raises(runs.DataError, match='the network holds NaN or infinity'):
            use(network, [])
    assert not os.path.exists('runs')


# ------------------------------------------------------------------------ compare.py


MADE_UP = {
    'data': '20 of 20 + 10 of 10 sequences, sine and square waves, seed 0',
    'layers': '16 relu, 8 tanh, 1 sigmoid',
    'parameters': 2209,
    'optimizer': 'rmsprop 0.001',
    'loss': 'binary_crossentropy',
    'seconds': 1.5,
    'epochs': 3,
    'stopped': False,
    'evaluated': True,
    'N_test': 10,
    'train_hash': 'a',
    'test_hash': 'b',
    'network': 'c',
}


@pytest.fixture
def made_up(folder):
    """Make a run of three epochs; of the ten answers 1 is a right one."""
    numbers = {'N_train': 20, 'N_epochs': 3, 'seed': 0}

    def make(name, right='1' * 10, accuracy=(0.5, 0.96, 1.0), code='', **more):
        path = Path('runs', name)
        path.mkdir(parents=True)
        facts = {**MADE_UP, 'n_correct': right.count('1'), **more}
        facts['network'] = more.get('network', facts['layers'])
        facts['time'] = f'2026-01-01T00:00:{len(os.listdir("runs")):02}'
        facts['numbers'] = numbers | more.get('numbers', {})
        facts['accuracy'] = facts['n_correct'] / 10
        for percent in 95, 100:
            there = [i for i, x in enumerate(accuracy, 1) if x >= percent / 100]
            facts[f'epochs_to_{percent}'] = min(there, default=None)
        (path / 'run.json').write_text(json.dumps(facts))
        (path / 'train.py').write_text(f'# notes {name}\n{code}\n')
        epochs = '\n'.join(f'{x},{1 - x}' for x in accuracy)
        (path / 'history.csv').write_text(f'accuracy,loss\n{epochs}\n')
        answers = '\n'.join(f'1,{x}' for x in right)
        (path / 'predictions.csv').write_text(f'class,predicted\n{answers}\n')

    return make


def compared(*arguments):
    """Return the rows of the table, by the names of the runs."""
    printed = script('compare.py', '--csv', *arguments).stdout
    return {row['run']: row for row in csv.DictReader(printed.splitlines())}


def labels(*arguments):
    return {name: row['what differs'] for name, row in compared(*arguments).items()}


def test_a_table_of_runs(made_up):
    refused('compare.py', parts=['there is no run yet'])
    made_up('1')
    slower = {'right': '1' * 8 + '00', 'accuracy': (0.5, 0.6, 0.97)}
    made_up('2', code='# a note', numbers={'seed': 1}, **slower)
    made_up('wide', layers='64 relu, 8 tanh, 1 sigmoid', parameters=8785)
    made_up('4', numbers={'N_train': 10}, accuracy=(0.5,))
    made_up('5')  # 1 again
    Path('runs/6').mkdir()  # not a run
    table = compared()
    assert list(table) == ['wide', '4', '2 5']
    wide, small, seeds = table.values()
    assert seeds['test: accuracy in %'] == '80 [80-100]'
    low, high = (100 * x for x in runs.wilson_interval(10, 10))
    assert wide['test: accuracy in %'] == f'100 ({low:.0f}-{high:.0f})'
    assert seeds['training: epochs to 95 %'] == '2 [2-3]'
    assert seeds['training: epochs to 100 %'] == '3 [3-never]'
    assert small['training: epochs to 95 %'] == 'never'
    assert (wide['parameters'], wide['seconds']) == ('8,785', '1.5')
    assert list(labels('wide', 1, 4)) == ['wide', '1', '4']  # as typed
    for i, name in enumerate('abcdefgh'):
        made_up(name, layers=f'{2**i} relu, 8 tanh, 1 sigmoid', code=f'{name} = 1')
    assert list(labels()) == list('abcdefgh') and len(labels('--all')) == 11
    for columns in '80', '120':  # one line a row; more where there is room
        shown = script('compare.py', env={'COLUMNS': columns}).stdout
        row = r'(?m)^[a-h] +\d+ relu, script: --diff .*100 \(\d\d-100\)'
        assert len(re.findall(row, shown)) == 8
        assert max(map(len, shown.splitlines())) <= int(columns)
        assert ('seconds' in shown) == (columns == '120')
        assert 'left out: 3;' in shown
    refused('compare.py', '--diff', 1, status=2)
    refused('compare.py', 'wibe', parts=['did you mean wide?'])
    refused('compare.py', '9', parts=['runs/9 is missing', 'are a, b, c, d'])
    assert '--diff RUN RUN' in shown
    diff = script('compare.py', '--diff', 'a', 'b').stdout
    assert '\n-a = 1\n' in diff and '+++ runs/b/train.py' in diff
    Path('runs/1/run.json').write_text('{}')
    refused('compare.py', parts=['runs/1/run.json cannot be read'])


OTHER = {'train_hash': 'other', 'test_hash': 'other'}
NEURONS = {'numbers': {'neurons': 4}, 'code': 'model.add(Dense(neurons, "relu"))'}
WIDE = {'layers': '64 relu, 8 tanh, 1 sigmoid'}
DIFFERENT = {
    '1': ({}, ''),
    '2': ({'numbers': {'batch_size': 5}}, 'batch_size 5'),
    'wide': (WIDE, '64 relu'),
    'n': ({'layers': '4 relu, 8 tanh, 1 sigmoid', **NEURONS}, '4 relu'),
    'flat': ({'layers': '1 sigmoid'}, 'no hidden layer'),
    'LSTM': ({'layers': 'Reshape, LSTM 16, 1 sigmoid'}, 'LSTM 16, 1 sigmoid'),
    'short': ({'numbers': {'N_train': 5}, 'optimizer': 'adam 1'}, 'N_train 5, adam 1'),
    'phase': ({'data': '9, sine and square waves, phase, seed 0', **OTHER}, 'phase'),
    'ended': ({'stopped': True}, 'stopped after 3'),
    'dropout': ({'network': 'other'}, 'script: --diff'),
    'weights': ({**WIDE, 'code': 'class_weight'}, '64 relu, script: --diff'),
}


def test_what_differs(made_up):
    """From most of them, in as few words as say it; if there is a tie, all say it."""
    for name, (facts, _) in DIFFERENT.items():
        made_up(name, **facts)
    assert labels('--all') == {name: said for name, (_, said) in DIFFERENT.items()}
    assert labels(1, 'wide') == {'1': '16 relu', 'wide': '64 relu'}
    assert labels(1, 'phase') == {'1': 'no phase', 'phase': 'phase'}
    assert labels(1, 'flat') == {'1': '16 relu, 8 tanh', 'flat': 'no hidden layer'}
    assert labels(1, 'dropout') == dict.fromkeys(['1', 'dropout'], 'script: --diff')
    shutil.copy('runs/1/train.py', 'runs/dropout')  # another number was typed
    assert labels(1, 'dropout') == {'1': '', 'dropout': ''}
    said = script('compare.py', '--all').stdout.replace('\n', ' ')
    assert 'Where nothing else is said: 16 relu, 8 tanh, 1 sigmoid, N_train 20,' in said
    assert 'In (' in said and 'In [' not in said


def test_whether_two_can_be_told_apart(made_up):
    made_up('1')
    made_up('b', code='x = 1')
    made_up('c', code='x = 2', right='1111111000')
    made_up('d', code='x = 3', right='0000000000')
    made_up('e', code='x = 4', test_hash='another')
    for pair, said in {
        '1b': 'run 1 and b are right and wrong on the same sequences',
        '1c': 'run 1 and c differ on 3 of 10 .* on 3 of these, c on none: that may be',
        'd1': r'right on 10 of these, d on none: run 1 is better \(p = 0.002\)',
        '1e': 'Their test sequences are not the same',
    }.items():
        assert re.search(said, script('compare.py', *pair).stdout.replace('\n', ' '))


def test_the_picture(made_up):
    """Curves of training, and below the names beside all test accuracies."""
    made_up('1', right='1111111100')
    made_up('2', numbers={'seed': 1}, right='1111111100', accuracy=(0.4, 0.5, 0.6))
    made_up('3', layers='64 relu', accuracy=(0.7,))
    for i in range(9):
        name = f'a-long-name-as-people-like-to-give-{i}'
        made_up(name, numbers={'N_epochs_of_the_longer_training': i}, evaluated=False)
    with mock.patch('utilities.save_plot') as save_plot:
        script('compare.py', '--all')
    figure = save_plot.call_args[0][0]
    accuracy, loss, test = figure.axes
    assert loss.get_ylim() == accuracy.get_ylim() == pytest.approx((-0.02, 1.02))
    one, two, three = accuracy.lines[:3]
    assert one.get_color() == two.get_color() != three.get_color()
    assert list(two.get_ydata()) == [0.4, 0.5, 0.6]
    assert (list(three.get_ydata()), three.get_marker()) == ([0.7], 'o')
    dots = [x for x in test.lines if x.get_marker() == 'o']
    assert [list(x.get_xdata()) for x in dots[:2]] == [[80, 80], [100]]
    low, high = dots[0].get_ydata()  # equal ones are seen, in their row
    assert -0.5 < low < high < 0.5 and test.yaxis_inverted()
    names = test.get_yticklabels()
    assert [name.get_text()[:3] for name in names[:2]] == ['1 2', '3: ']
    figure.draw_without_rendering()
    for box in (name.get_window_extent() for name in names):
        assert figure.bbox.x0 <= box.x0 and box.x1 < test.bbox.x0
        assert box.y1 < loss.get_tightbbox().y0
