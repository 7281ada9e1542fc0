"""Runs, what a training leaves, and compare.py."""

import csv
import json
import os
import re
import signal
import time
from pathlib import Path
from unittest import mock

from support import files, runs

import numpy as np
import pytest
from conftest import SHORT, TRAIN, contents, refused, script
from scipy.stats import binomtest

from utilities import read_set


def rows(path):
    return list(csv.DictReader(Path(path).read_text('utf-8').splitlines()))


# ------------------------------------------------------------------ what a run is


def test_what_a_run_holds(lesson, monkeypatch):
    monkeypatch.chdir(lesson.folder)
    names = ['history.csv', 'history.png', 'model.keras']
    names += ['predictions.csv', 'run.json', 'train.py']
    assert sorted(os.listdir('runs/1')) == names and os.readlink('runs/last') == '1'
    assert lesson.stdout.endswith(f'\nRun: runs/1 with {", ".join(names)}\n')
    assert Path('runs/1/train.py').read_text('utf-8') == TRAIN
    run, history = runs.read_run(1), rows('runs/1/history.csv')
    assert [row['epoch'] for row in history] == [str(i) for i in range(1, 301)]
    seconds = [float(row['seconds']) for row in history]
    assert seconds == sorted(seconds) and seconds[-1] <= run['seconds'] < 100
    accuracy = [float(row['accuracy']) for row in history]
    for percent in 95, 100:
        first = run[f'epochs_to_{percent}'] - 1
        assert accuracy[first] >= percent / 100 > max(accuracy[:first])
    assert run['layers'] == '16 relu, 8 tanh, 1 sigmoid' and run['parameters'] == 2209
    assert run['numbers']['N_train'] == 200 and 'sine and square waves' in run['data']


def test_the_answers_of_a_run(lesson, monkeypatch):
    monkeypatch.chdir(lesson.folder)
    run, answers = runs.read_run(1), rows('runs/1/predictions.csv')
    (X, _), (X_test, Y_test) = read_set('Train', 200, 128), read_set('Test', 50, 128)
    assert [int(row['class']) for row in answers] == Y_test.tolist()
    for row in answers:
        scores = float(row['score_0']), float(row['score_1'])
        assert sum(scores) == pytest.approx(1)
        assert np.argmax(scores) == int(row['predicted'])
    right = np.array([row['class'] == row['predicted'] for row in answers])
    seen = np.array([any((x == y).all() for y in X) for x in X_test])
    found = [run[name] for name in ('accuracy', 'right', 'seen', 'right_of_seen')]
    assert found == [right.mean(), right.sum(), seen.sum(), (seen & right).sum()]


def test_names_and_numbers(data, monkeypatch):
    """A name is for one run; else the next free number, whoever is first."""
    monkeypatch.setenv('SLURM_JOB_ID', '123')
    script('train.py', *SHORT, '--name', 'wide-64')
    assert runs.newest_run()['job'] == '123'
    script('train.py', *SHORT)
    before = contents('runs')
    for name in 'last', '../x', '.x', 'a/b':
        refused('train.py', *SHORT, '--name', name, status=2, parts=[name])
    again = '--name', 'wide-64'
    refused('train.py', *SHORT, *again, status=2, parts=['rm -r runs/wide-64'])
    assert contents('runs') == before
    assert sorted(os.listdir('runs')) == ['1', 'last', 'wide-64']
    for path in 'a', 'b':
        Path('runs', path, 'x').mkdir(parents=True)
    assert runs.publish('runs/a', 'wide-64') == 'runs/2'
    with mock.patch.object(Path, 'iterdir', lambda _: iter([Path('runs/1')])):
        assert runs.publish('runs/b') == 'runs/3'  # of two jobs, both have seen 1


def test_a_script_that_dies_after_its_fit(data):
    """It leaves a whole run. What a kill left long ago is removed; what is new is not."""
    for name in 'old', 'new':
        Path('runs', f'.new-{name}', 'run').mkdir(parents=True)
    os.utime('runs/.new-old', (0, time.time() - 4000))
    Path('bad.py').write_text(TRAIN.replace('plot_history(history)', 'plot(history)'))
    assert "name 'plot'" in script(data / 'bad.py', *SHORT, status=1).stderr
    assert sorted(os.listdir('runs')) == ['.new-new', '1', 'last']
    assert {'history.csv', 'model.keras', 'run.json'} <= set(os.listdir('runs/1'))
    script('train.py', *SHORT)
    for names in [1], [1, 2]:
        assert 'not evaluated' in script('compare.py', *names).stdout
    refused('view.py', '--wrong', '--run', 1, parts=['was not evaluated'])


def test_ctrl_c_in_the_fit(data, monkeypatch):
    """The first stops after the epoch; the run says so; then Ctrl-C is as before."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            signal.raise_signal(signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    monkeypatch.setattr('support.training.ShowAndSave.on_epoch_begin', on_epoch_begin)
    printed = script('train.py', *SHORT, status=130).stdout
    assert 'Stopping after this epoch' in printed and 'Epoch 3/3' not in printed
    assert re.search(r'\nStopped after 2 of 3 epochs\nRun: runs/1 with .*\n$', printed)
    run = runs.read_run(1)
    assert run['stopped'] and run['epochs'] == 2 and run['evaluated']


OURS = re.search(r'history = model\.fit\(batches[\s\S]*?\)\]\)\n', TRAIN)[0]
SLIDES = re.search(r'#(history = model\.fit\(.*\n)', TRAIN)[1]


def test_the_slides_own_fit(data):
    """It makes a run like others; what lay there as history.png before stays."""
    text = TRAIN.replace(OURS, SLIDES)
    Path('slide.py').write_text(text)
    script(data / 'slide.py', *SHORT)
    script('train.py', *SHORT)
    one, two = runs.read_run(1), runs.read_run(2)
    assert sorted(os.listdir('runs/1')) == sorted(os.listdir('runs/2'))
    assert 0 < one['seconds'] < 100 and one.keys() == two.keys()
    assert (one['device'], one['data']) == (two['device'], two['data'])
    assert one['epochs'] == 3 and not os.path.exists('history.png')
    Path('history.png').write_text('mine')
    Path('slide.py').write_text(text.replace('plot_history(history)\n', ''))
    script(data / 'slide.py', *SHORT)
    assert Path('history.png').read_text() == 'mine'
    assert 'script: --diff' in script('compare.py').stdout
    Path('slide.py').write_text(TRAIN.replace(OURS, OURS + SLIDES))
    assert 'was trained twice' in script(data / 'slide.py', *SHORT).stdout


# ------------------------------------------------------- what an accuracy is worth


def saved(predicted, Y, X_train, X_test, capsys, classes=2, shown=None):
    """Return what save_run prints of these answers."""
    scores = np.eye(classes)[predicted]
    network = mock.Mock(optimizer=mock.Mock(iterations=1))
    network.get_metrics_result.return_value = {'accuracy': shown}
    facts = {'class_names': ['[b]a', 'b'], 'epochs': 2, 'of': 2, 'updates': 1}
    facts |= {'stopped': False, 'epochs_to_95': 1, 'epochs_to_100': None}
    os.makedirs('runs/1', exist_ok=True)
    with (
        mock.patch.object(files, 'run_folder', 'runs/1'),
        mock.patch.object(runs, 'facts', facts | {'evaluated': False}),
        mock.patch.object(runs, 'outputs', lambda *_: scores),
        mock.patch.object(runs, 'are_shares', lambda *_: True),
    ):
        runs.save_run(network, None, X_train, X_test, np.array(Y, float))
    return capsys.readouterr().out


@pytest.mark.parametrize(
    'right, text, frequent',
    [(0, '1', 0), (1, '01', 0), (2, '0000000111', 0), (2, '0000000011', 80)],
)
def test_how_far_to_trust_it(folder, capsys, right, text, frequent):
    """Wilson's interval, and the most frequent class if that is most of them."""
    Y = np.array([int(y) for y in text])
    predicted = np.where(np.arange(len(Y)) < right, Y, 1 - Y)
    printed = saved(predicted, Y, [], np.eye(len(Y)), capsys)
    exact = binomtest(right, len(Y)).proportion_ci(method='wilson')
    low, high = (100 * x for x in exact)
    worth = f'{right} of {len(Y)} right; 95 % confidence: {low:.0f} % to {high:.0f} %\n'
    assert printed.startswith(worth) and 'also occur' not in printed
    assert (f'frequent class would give {frequent}.00%' in printed) == bool(frequent)
    assert '95 % of the training sequences right after 1 epoch, never all\n' in printed


def test_what_was_seen_and_what_is_wrong(folder, capsys):
    printed = saved(np.array([0, 1, 1]), [0, 1, 0], np.eye(3)[:2], np.eye(3), capsys)
    assert '2 of 3 test sequences also occur' in printed
    assert 'on the 1 others: 0, 0.0 %' in printed
    assert re.search(r'taken for \[b\]a +taken for b *\n +\[b\]a +1 +1 *\n', printed)
    assert 'Wrong: 3, all [b]a taken for b: python view.py --wrong\n' in printed
    printed = saved(np.array([0, 1]), [0, 1], np.eye(2), np.eye(2), capsys)
    assert '2 of 2 right\n' in printed and 'memory, not an exam' in printed
    assert 'Wrong' not in printed and 'above is not' not in printed
    Y = np.repeat([0, 1, 2], [8, 8, 3])
    predicted = np.where(np.arange(19) < 4, 1, Y)
    printed = saved(predicted, Y, [], np.eye(19), capsys, classes=3, shown=0.99)
    assert re.search(r'\[b\]a +4 +4 +0 +4 of 8 *\n', printed)
    assert 'accuracy above is not that of X_test' in printed


def test_no_network_of_nan(folder):
    """Weights that are not numbers are not saved, nor are such answers an answer."""
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, 'sigmoid')])
    model.compile('sgd', 'mse')
    X = np.array([[1, 1], [np.nan, 1]])
    with pytest.raises(runs.DataError, match='answer to b is not a number: bring'):
        runs.outputs(model, X, ['a', 'b'])
    for bad in np.nan, np.inf:
        model.set_weights([np.full((2, 1), bad), np.zeros(1)])
        with pytest.raises(
            runs.DataError, match='NaN or infinity, so nothing is saved'
        ):
            runs.keep(model, [{'epoch': 1, 'loss': 0.1}])
        with pytest.raises(
            runs.DataError, match='NaN or infinity, so it has no answers'
        ):
            runs.outputs(model, X)
    assert not os.path.exists('runs')


def test_answers_that_are_not_scores(data):
    """A last layer without bounds has none, even where its answers look like some."""
    from keras import Input, Sequential
    from keras.layers import Dense, Softmax

    scores = [[Dense(1, 'sigmoid')], [Dense(2, 'softmax')], [Dense(2), Softmax()]]
    for layers in *scores, [Dense(1)], [Dense(1, 'elu')]:
        network = Sequential([Input((2,)), *layers])
        assert runs.are_shares(network, np.eye(2)) == (layers in scores)
    text = TRAIN.replace("Dense(1, activation='sigmoid')", 'Dense(1)', 1)
    Path('mine.py').write_text(text)
    printed = script(data / 'mine.py', *SHORT).stdout
    assert 'are not between 0 and 1, so no scores are stored' in printed
    assert {row['score_1'] for row in rows('runs/1/predictions.csv')} == {''}


def test_saving_is_tried_before_the_training(data):
    """And leaves nothing."""
    Path('runs').touch()
    result = script('train.py', *SHORT, status=1)
    assert 'runs/model.keras' in result.stderr and 'Epoch' not in result.stdout
    os.remove('runs')
    assert sorted(os.listdir()) == ['Test', 'Train']


def test_a_network_in_words():
    from keras import Input, Sequential, losses, optimizers
    from keras.layers import LSTM, Conv1D, Dense, Flatten, Reshape

    layers = [Reshape((8, 1)), Conv1D(4, 3, activation='relu')]
    layers += [LSTM(5, return_sequences=True), Flatten(), Dense(2)]
    network = Sequential([Input((8,)), *layers])
    network.compile(optimizers.RMSprop(learning_rate=1e-5), losses.MeanSquaredError())
    said = runs.describe_network(network)
    assert said['layers'] == 'Reshape, Conv1D 4 relu, LSTM 5, Flatten, 2 linear'
    assert said['optimizer'] == 'rmsprop 0.00001'
    assert said['loss'] == 'mean_squared_error'


# ------------------------------------------------------------------------ compare.py


def made_up(name, seed=0, right='1' * 10, accuracy=(0.5, 0.96, 1.0), code='', **more):
    """Make a run of ten test sequences, of which 1 stands for a right answer."""
    path = Path('runs', name)
    path.mkdir(parents=True)
    numbers = {'N_train': 20, 'seed': seed, **more.pop('numbers', {})}
    facts = {
        'time': f'2026-01-01T00:00:{len(os.listdir("runs")):02}',
        'numbers': numbers,
        'layers': '16 relu, 8 tanh, 1 sigmoid',
        'parameters': 2209,
        'seconds': 1.5,
        'epochs': len(accuracy),
        'of': len(accuracy),
        'stopped': False,
        'optimizer': 'rmsprop 0.001',
        'loss': 'mse',
        'data': '20 of 20 + 10 of 10 sequences, waves, seed 0',
        'lessons': 'a',
        'exam': 'b',
        'evaluated': True,
        'accuracy': right.count('1') / len(right),
        'right': right.count('1'),
        'N_test': len(right),
    }
    reached = [
        next((i for i, x in enumerate(accuracy, 1) if x >= y), None) for y in (0.95, 1)
    ]
    facts['epochs_to_95'], facts['epochs_to_100'] = reached
    (path / 'run.json').write_text(json.dumps(facts | more))
    (path / 'train.py').write_text(f'# notes {name}\nseed = {seed}  # my\n{code}\n')
    runs.write_rows(
        path / 'history.csv', [{'accuracy': x, 'loss': 1 - x} for x in accuracy]
    )
    runs.write_rows(
        path / 'predictions.csv', [{'class': '1', 'predicted': x} for x in right]
    )


def compared(*arguments):
    printed = script('compare.py', '--csv', *arguments).stdout
    return list(csv.DictReader(printed.splitlines()))


def labels(*arguments):
    return {row['run']: row['what differs'] for row in compared(*arguments)}


def test_a_table_of_runs(folder):
    refused('compare.py', parts=['there is no run yet'])
    made_up('1')
    slower = {'right': '1' * 8 + '00', 'accuracy': (0.5, 0.6, 0.97)}
    made_up('2', seed=1, code='# a note', **slower)
    made_up('wide', layers='64 relu, 8 tanh, 1 sigmoid', parameters=8785)
    made_up('4', numbers={'N_train': 10}, accuracy=(0.5,))
    made_up('5')  # 1 again
    Path('runs/6').mkdir()  # not a run
    wide, small, seeds = compared()
    assert [row['run'] for row in (wide, small, seeds)] == ['wide', '4', '2 5']
    assert seeds['test: accuracy in %'] == '80 [80-100]'
    assert wide['test: accuracy in %'] == '100 (72-100)'
    assert seeds['training: epochs to 95 %'] == '2 [2-3]'
    assert seeds['training: epochs to 100 %'] == '3 [3-never]'
    assert small['training: epochs to 95 %'] == 'never'
    assert (wide['parameters'], wide['seconds']) == ('8,785', '1.5')
    assert [row['run'] for row in compared('wide', 1, 4)] == ['wide', '1', '4']
    for name in 'abcdefgh':
        made_up(name, code=f'{name} = 1')
    assert list(labels()) == list('abcdefgh') and len(labels('--all')) == 11
    for arguments in (['--diff', '1'], ['1', '--all']):
        refused('compare.py', *arguments, status=2)
    refused('compare.py', '9', parts=['runs/9 is missing', 'e, f, g, h'])
    refused('compare.py', 'wibe', parts=['did you mean wide?'])
    diff = script('compare.py', '--diff', '1', '2').stdout
    assert '-seed = 0  # my\n' in diff and '+++ runs/2/train.py' in diff
    Path('runs/1/run.json').write_text('{}')
    refused('compare.py', parts=['runs/1/run.json cannot be read'])


PHASE = 'n of n + n of n sequences, waves, random phase, seed 0'
DIFFERENT = {
    '1': ({}, ''),
    'wide': ({'layers': '64 relu, 8 tanh, 1 sigmoid'}, '64 relu'),
    'deep': ({'layers': '16 relu, 16 relu, 8 tanh, 1 sigmoid'}, '+ 16 relu'),
    'flat': ({'layers': '1 sigmoid'}, 'no hidden layer'),
    'LSTM': ({'layers': 'Reshape, LSTM 16, 1 sigmoid'}, 'LSTM 16, 1 sigmoid'),
    'short': ({'numbers': {'N_train': 5}, 'optimizer': 'adam 1'}, 'N_train 5, adam 1'),
    'phase': ({'data': PHASE, 'lessons': 'c'}, 'random phase'),
    'ended': ({'stopped': True}, 'stopped after 3'),
    'weights': ({'code': 'class_weight'}, 'script: --diff'),
    'dropout': ({'code': 'model.add(Dropout(0.5))'}, 'script: --diff'),
}


def test_what_differs(folder):
    """From most of them, in as few words as say it; if there is a tie, all say it."""
    for name, (facts, _) in DIFFERENT.items():
        made_up(name, **facts)
    assert labels('--all') == {name: said for name, (_, said) in DIFFERENT.items()}
    assert labels(1, 'wide') == {'1': '16 relu', 'wide': '64 relu'}
    assert labels(1, 'flat') == {'1': '16 relu, 8 tanh', 'flat': 'no hidden layer'}
    assert labels('flat') == {'flat': '1 sigmoid'}
    said = script('compare.py', '--all').stdout.replace('\n', ' ')
    assert 'Where nothing else is said: 16 relu, 8 tanh, 1 sigmoid, N_train 20,' in said


def test_a_table_on_a_terminal(folder):
    """In 80 columns, one line a row; more where there is room."""
    for i in range(8):
        layers = f'{2**i} relu, 8 tanh, 1 sigmoid'
        made_up(f'{i}', layers=layers, numbers={'N_epochs': 300 + i})
    narrow = script('compare.py', env={'COLUMNS': '80'}).stdout
    assert (
        len(re.findall(r'(?m)^\d +\d+ relu, N_epochs 30\d .*100 \(72-100\)', narrow))
        == 8
    )
    assert max(map(len, narrow.splitlines())) <= 80 and 'seconds' not in narrow
    assert 'seconds' in script('compare.py', env={'COLUMNS': '120'}).stdout


def test_whether_two_can_be_told_apart(folder):
    made_up('1', right='1' * 10)
    made_up('b', right='1' * 10, code='x = 1')
    made_up('c', right='1111111000', code='x = 2')
    made_up('d', right='0000000000', code='x = 3')
    made_up('e', right='1' * 10, code='x = 4', exam='another')
    for pair, said in {
        '1b': 'run 1 and b are right and wrong on the same sequences',
        '1c': 'run 1 and c differ on 3 of 10 sequences: run 1 is right on 3 of these, c on'
        ' none: that may be chance',
        'd1': 'differ on 10 of 10 sequences: run 1 is right on 10 of these, d on none: run'
        ' 1 is better (p = 0.002)',
        '1e': 'Their test sequences are not the same',
    }.items():
        assert said in script('compare.py', *pair).stdout.replace('\n', ' ')
    assert 'differ on' not in script('compare.py', *'1bc').stdout


def test_the_picture(folder):
    """Curves of training, and below the names beside all test accuracies, in no curve."""
    import matplotlib.pyplot as plt

    made_up('1', right='1111111100')
    made_up('2', seed=1, accuracy=(0.4, 0.5, 0.6))
    made_up('3', layers='64 relu', accuracy=(0.7,))
    for i in range(9):
        name = f'a-long-name-as-people-like-to-give-{i}'
        made_up(name, numbers={'N_epochs_of_the_longer_training': i}, evaluated=False)
    drawn = []
    with mock.patch('utilities.save_plot', lambda figure, _: drawn.append(figure)):
        script('compare.py', '--all')
    accuracy, loss, test = drawn[0].axes
    assert loss.get_ylim() == accuracy.get_ylim() == pytest.approx((-0.02, 1.02))
    (one, two, three), *_ = (axis.lines[:3] for axis in (accuracy, loss))
    assert one.get_color() == two.get_color() != three.get_color()
    assert list(two.get_ydata()) == [0.4, 0.5, 0.6] and list(three.get_ydata()) == [0.7]
    assert three.get_marker() == 'o'
    dots = [list(x.get_xdata()) for x in test.lines if x.get_marker() == 'o']
    assert dots[:2] == [[80, 100], [100]]
    names = test.get_yticklabels()
    assert names[0].get_text().startswith('1 2') and names[1].get_text()[:2] == '3:'
    drawn[0].draw_without_rendering()
    figure, above = drawn[0].bbox, loss.get_tightbbox()
    for box in (name.get_window_extent() for name in names):
        assert figure.x0 <= box.x0 and box.x1 < test.bbox.x0 and box.y1 < above.y0
    plt.close('all')
