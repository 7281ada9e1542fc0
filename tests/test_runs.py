"""Runs: what a training leaves, compare.py, and what view.py --wrong and infer.py make of it."""

import csv
import json
import os
import re
import shutil
import signal
from pathlib import Path
from unittest import mock

from support import files, runs, sets

import numpy as np
import pytest
from conftest import SHORT, TRAIN, contents, refused, script
from scipy.stats import binomtest

from utilities import read_set


def read(path):
    return Path(path).read_text(encoding='utf-8')


def rows(path):
    return list(csv.DictReader(read(path).splitlines()))


@pytest.fixture
def made(lesson, monkeypatch):
    """The folder of the lesson's first run; not to be changed."""
    monkeypatch.chdir(lesson.folder)
    return Path('runs/1')


def made_up(name, seed=0, right='1' * 10, accuracy=(0.5, 0.96, 1.0), code='', **more):
    """Make a run of ten test sequences, of which 1 stands for a right answer."""
    path = Path('runs', name)
    path.mkdir(parents=True)
    facts = {
        'time': f'2026-01-01T00:00:{len(os.listdir("runs")):02}',
        'script': 'train.py',
        'numbers': {'N_train': 20, 'seed': seed, **more.pop('numbers', {})},
        'layers': '16 relu, 8 tanh, 1 sigmoid',
        'parameters': 2209,
        'seconds': 1.5,
        'epochs': len(accuracy),
        'of': len(accuracy),
        'optimizer': 'rmsprop 0.001',
        'loss': 'mse',
        'data': 'waves',
        'lessons': 'a',
        'exam': 'b',
        'evaluated': True,
        'accuracy': right.count('1') / len(right),
        'right': right.count('1'),
        'N_test': len(right),
        'class_names': [],
    }
    for percent in 95, 100:
        reached = (i for i, x in enumerate(accuracy, 1) if x >= percent / 100)
        facts[f'epochs_to_{percent}'] = next(reached, None)
    (path / 'run.json').write_text(json.dumps(facts | more), encoding='utf-8')
    (path / 'train.py').write_text(
        f'# my notes {name}\nseed = {seed}\n{code}', encoding='utf-8'
    )
    history = [f'{i},{x},{1 - x}' for i, x in enumerate(accuracy, 1)]
    (path / 'history.csv').write_text('\n'.join(['epoch,accuracy,loss', *history]))
    answers = [f'{i},1,{x}' for i, x in enumerate(right, 1)]
    (path / 'predictions.csv').write_text(
        '\n'.join(['number,class,predicted', *answers])
    )


# ---------------------------------------------------------------- what a run is


def test_what_a_run_holds(lesson, made):
    names = [
        'history.csv',
        'history.png',
        'model.keras',
        'predictions.csv',
        'run.json',
        'train.py',
    ]
    assert sorted(os.listdir(made)) == names and os.readlink('runs/last') == '1'
    assert lesson.stdout.endswith(f'\nRun: runs/1 with {", ".join(names)}\n')
    assert read(made / 'train.py') == TRAIN
    run, history, answers = (
        runs.read_run(1),
        rows(made / 'history.csv'),
        rows(made / 'predictions.csv'),
    )
    assert [row['epoch'] for row in history] == [str(i) for i in range(1, 301)]
    seconds = [float(row['seconds']) for row in history]
    assert seconds == sorted(seconds) and run['seconds'] == seconds[-1] < 100
    accuracy = [float(row['accuracy']) for row in history]
    for percent in 95, 100:
        first = run[f'epochs_to_{percent}'] - 1
        assert accuracy[first] >= percent / 100 > max(accuracy[:first])
    assert run['layers'] == '16 relu, 8 tanh, 1 sigmoid' and run['parameters'] == 2209
    assert run['numbers'] == {
        'N_train': 200,
        'N_test': 50,
        'N_sequence': 128,
        'N_epochs': 300,
        'batch_size': 32,
        'seed': 0,
    }
    (X, _), (X_test, Y_test) = read_set('Train', 200, 128), read_set('Test', 50, 128)
    assert [int(row['class']) for row in answers] == Y_test.tolist()
    right = np.array([row['class'] == row['predicted'] for row in answers])
    for row in answers:
        shares = float(row['score_0']), float(row['score_1'])
        assert sum(shares) == pytest.approx(1) and np.argmax(shares) == int(
            row['predicted']
        )
    seen = np.array([any((x == y).all() for y in X) for x in X_test])
    assert [run[x] for x in ('right', 'N_test', 'seen', 'right_of_seen')] == [
        *(right.sum(), 50, seen.sum(), (seen & right).sum()),
    ]
    assert run['accuracy'] == right.mean() and run['class_names'] == [
        'sine wave',
        'square wave',
    ]
    others = f'on the {50 - seen.sum()} others: {(right & ~seen).sum()}, '
    assert (
        f'{seen.sum()} of 50 test sequences also occur in the training set; {others}'
        in lesson.stdout
    )
    wrong = ' '.join(str(i + 1) for i in np.flatnonzero(~right))
    assert f'\nWrong: {wrong}' in lesson.stdout
    assert (
        len(lesson.stdout.splitlines()) - 300 <= 38
    )  # all on a screen, with a bar for the epochs
    about = script('infer.py', '--about', '--run', 1).stdout
    right = f'Accuracy: {100 * run["accuracy"]:.2f}%, {run["right"]} of 50 right; 95 %'
    assert right in about and about.startswith('runs/1: train.py of 20')
    for part in (
        '16 relu, 8 tanh, 1 sigmoid; 2,209 parameters',
        'N_epochs 300',
        'seed 0\n',
        'keras',
    ):
        assert part in about


def test_names_and_numbers(data, monkeypatch):
    """A name is for one run; else the next free number, whoever is first."""
    monkeypatch.setattr(runs, 'rescue', lambda: None)
    monkeypatch.setenv('SLURM_JOB_ID', '123')
    script('train.py', *SHORT, '--name', 'wide-64')
    assert runs.newest_run()['job'] == '123'
    script('train.py', *SHORT)
    for name in 'wide-64', 'last', '../x', '.x', 'a/b':
        before = contents('runs')
        refused('train.py', *SHORT, '--name', name, status=2, parts=[name])
        assert contents('runs') == before
    assert sorted(os.listdir('runs')) == ['1', 'last', 'wide-64']
    for name in 'a', 'b', 'c':
        Path('runs', f'.new-{name}').mkdir()
        Path('runs', f'.new-{name}', 'x').touch()
    listed = iter([['1'], ['1'], []])  # of two jobs at once, both see the same
    monkeypatch.setattr(runs.os, 'listdir', lambda *_: next(listed))
    assert [runs.publish(f'runs/.new-{name}') for name in 'ab'] == ['2', '3']
    assert runs.publish('runs/.new-c', 'wide-64') == '4'


def test_a_script_that_dies_after_its_fit(data, monkeypatch):
    """The next command makes a run of what it has left; what has no network is swept."""
    Path('bad.py').write_text(TRAIN.replace('plot_history(history)', 'plot(history)'))
    assert "name 'plot'" in script(data / 'bad.py', *SHORT, status=1).stderr
    (left,) = Path('runs').iterdir()
    other = Path('runs/.new-elsewhere-1')
    swept, alive = (
        Path('runs', f'{left.name.rpartition("-")[0]}-{pid}') for pid in (99999999, 1)
    )
    for path in other, swept, alive:
        path.mkdir()
    dead = left.rename(left.with_name(swept.name[:-1]))
    printed = script('train.py', *SHORT).stdout
    assert printed.startswith(
        'Run: runs/1, not evaluated: its script had ended before that\n'
    )
    assert sorted(os.listdir('runs')) == sorted(
        [alive.name, other.name, '1', '2', 'last']
    )
    assert not dead.exists() and not runs.read_run(1)['evaluated']
    assert 'not evaluated' in script('compare.py').stdout
    assert 'Not evaluated' in script('infer.py', '--about', '--run', 1).stdout
    refused('view.py', '--wrong', '--run', 1, parts=['was not evaluated'])


def test_ctrl_c_in_the_fit(data, monkeypatch):
    """The first stops after the epoch; the run says so; from then on Ctrl-C is as before."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            signal.raise_signal(signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    monkeypatch.setattr('support.training.ShowAndSave.on_epoch_begin', on_epoch_begin)
    printed = script('train.py', *SHORT, status=130).stdout
    assert 'Stopping after this epoch' in printed and 'Epoch 3/3' not in printed
    assert printed.endswith('\n(stopped at 2 of 3 epochs)\n')
    assert 'Trained: 2 of 3 epochs' in script('infer.py', '--about').stdout


def saved(predicted, Y, X_train, X_test, capsys, classes=2, shares=True):
    """Return what save_run prints of these answers."""
    scores = np.eye(classes)[predicted]
    network = mock.Mock(
        kept_after=1, optimizer=mock.Mock(iterations=1), get_metrics_result=dict
    )
    facts = {'class_names': ['[b]a', 'b'], 'epochs': 2, 'of': 2, 'name': None}
    facts |= {'epochs_to_95': 1, 'epochs_to_100': None}
    files.run_folder = 'runs/.new'
    os.makedirs(files.run_folder, exist_ok=True)
    with (
        mock.patch.object(runs, 'facts', facts),
        mock.patch.object(runs, 'outputs', lambda *_: scores),
        mock.patch.object(runs, 'are_shares', lambda *_: shares),
    ):
        runs.save_run(network, None, X_train, X_test, np.array(Y, float))
    return capsys.readouterr().out


def test_what_an_accuracy_is_worth(folder, capsys):
    """Wilson's interval; the most frequent class, if high; what was seen; each class of many."""
    cases = (
        (0, '1', 0),
        (1, '01', 0),
        (2, '0000000111', 0),
        (2, '0000000011', 80),
        (399, '01' * 200, 0),
    )
    for right, text, frequent in cases:
        Y = np.array([int(y) for y in text])
        predicted = np.where(np.arange(len(Y)) < right, Y, 1 - Y)
        printed = saved(predicted, Y, [], np.eye(len(Y)), capsys)
        low, high = (
            100 * x for x in binomtest(right, len(Y)).proportion_ci(method='wilson')
        )
        worth = (
            f'{right} of {len(Y)} right; 95 % confidence: {low:.0f} % to {high:.0f} %\n'
        )
        assert printed.startswith(worth) and 'also occur' not in printed
        others = (
            f'Always answering with the most frequent class would give {frequent}.00%'
        )
        assert (others in printed) == bool(frequent)
        assert (
            '95 % of the training sequences right after 1 epochs, never all\n'
            in printed
        )
    printed = saved(np.array([0, 1, 1]), [0, 1, 0], np.eye(3)[:2], np.eye(3), capsys)
    assert (
        '2 of 3 test sequences also occur in the training set; on the 1 others: 0, 0.0 %'
        in printed
    )
    assert re.search(
        r'taken for \[b\]a +taken for b *\n +\[b\]a +1 +1 *\n +b +0 +1 *\n', printed
    )
    assert 'Wrong: 3, all [b]a taken for b: python view.py --wrong\n' in printed
    printed = saved(np.array([0, 1]), [0, 1], np.eye(2), np.eye(2), capsys)
    assert printed.startswith(
        '2 of 2 right\n2 of 2 test sequences also occur in the training set: this'
    )
    assert 'Wrong' not in printed
    Y = np.repeat([0, 1, 2], [8, 8, 3])
    printed = saved(
        np.where(np.arange(19) < 4, 1, Y), Y, [], np.eye(19), capsys, classes=3
    )
    assert (
        re.search(r'\[b\]a +4 +4 +0 +50 % *\n', printed)
        and '\nWrong: 1 2 3 4, all' in printed
    )
    assert '3 test sequences of this class say nothing' in ' '.join(printed.split())


def network(*layers, loss='binary_crossentropy'):
    """Return a compiled network for sequences of two values."""
    import keras

    model = keras.Sequential([keras.Input((2,)), *layers])
    model.compile('sgd', loss, metrics=['accuracy'])
    return model


def test_no_network_of_nan(folder):
    """Weights that are no numbers are not saved, and such answers not taken for an answer."""
    from keras.layers import Dense

    model = network(Dense(1, 'sigmoid'))
    X = np.array([[1, 1], [np.nan, 1]])
    with pytest.raises(
        runs.DataError, match='answer to b is no number: bring the data nearer'
    ):
        runs.outputs(model, X, ['a', 'b'])
    for bad in np.nan, np.inf:
        model.set_weights([np.full((2, 1), bad), np.zeros(1)])
        with pytest.raises(
            runs.DataError, match=r'NaN or infinity, so nothing is saved.*rate'
        ):
            runs.keep(model, [{'loss': 0.1}])
        with pytest.raises(
            runs.DataError, match='the network holds NaN or infinity: bring'
        ):
            runs.outputs(model, X)
    assert not os.path.exists('runs')


def test_scores_that_are_no_shares(folder, capsys):
    """A last layer without bounds has no scores, even where its answers look like some."""
    from keras.layers import Dense, Softmax

    answers = np.array([[0.3, 0.7], [0.5, 0.5]])
    for *layers, expected in (
        (Dense(1, 'sigmoid'), True),
        (Dense(2, 'softmax'), True),
        (Dense(2), Softmax(), True),
        (Dense(1), False),
        (Dense(1, 'elu'), False),
        (Dense(1, np.tanh), False),
    ):
        assert runs.are_shares(network(*layers), answers) == expected
    assert not runs.are_shares(
        network(Dense(2, 'softmax')), answers + 0.1
    )  # a wrong axis
    printed = saved(np.array([0, 1]), [0, 0], [], np.eye(2), capsys, shares=False)
    assert printed.count('no shares of 1') == 1
    assert [
        (x['predicted'], x['score_0'], x['score_1'])
        for x in rows('runs/1/predictions.csv')
    ] == [
        ('0', '', ''),
        ('1', '', ''),
    ]


def test_saving_is_tried_before_the_training(data, monkeypatch):
    """And leaves nothing, whether it works or not."""
    usage = shutil.disk_usage(data)
    monkeypatch.setattr(runs.shutil, 'disk_usage', lambda _: usage._replace(free=1000))
    refused('train.py', *SHORT, parts=['the network needs 0 MB', 'make room'])
    monkeypatch.undo()
    monkeypatch.chdir(data)
    Path('runs').touch()
    result = script('train.py', *SHORT, status=1)
    assert 'runs/.new' in result.stderr and 'Epoch' not in result.stdout
    os.remove('runs')
    assert not [name for name in os.listdir() if name not in ('Train', 'Test')]


def test_layers_aloud():
    from keras import Input, Sequential
    from keras.layers import LSTM, Conv1D, Dense, Flatten, Normalization, Reshape

    network = Sequential(
        [Input((8,)), Normalization(mean=0, variance=1), Reshape((8, 1))]
    )
    for layer in (
        Conv1D(4, 3, activation='relu'),
        LSTM(5, return_sequences=True),
        Flatten(),
        Dense(2),
    ):
        network.add(layer)
    aloud = 'Normalization, Reshape, Conv1D 4 relu, LSTM 5, Flatten, 2'
    assert runs.aloud(network) == aloud


# ---------------------------------------------------------------- compare.py


def compared(*arguments):
    return list(
        csv.DictReader(script('compare.py', '--csv', *arguments).stdout.splitlines())
    )


def test_a_table_of_runs(folder):
    refused('compare.py', parts=['there is no run yet'])
    made_up('1', seed=0)
    made_up(
        '2', seed=1, right='1' * 8 + '00', accuracy=(0.5, 0.6, 0.97), code='# a note\n'
    )
    made_up('wide', layers='64 relu, 8 tanh, 1 sigmoid', parameters=8785, seconds=2.25)
    made_up('4', layers='64 relu, 1 sigmoid', numbers={'N_train': 10}, accuracy=(0.5,))
    made_up('5', seed=0)  # 1 again
    Path('runs/6').mkdir()  # no run
    assert compared('1', 'wide') == [
        {
            'run': name,
            'what differs': differs,
            'weights': weights,
            'N_train': '20',
            '95 %': '2',
            '100 %': '3',
            'seconds': seconds,
            'test %': '100 (72-100)',
        }
        for name, differs, weights, seconds in (
            ('1', '16 relu', '2,209', '1.5'),
            ('wide', '64 relu', '8,785', '2.2'),
        )
    ]
    *others, last = compared()
    assert [row['run'] for row in others] == ['wide', '4'] and last['run'] == '2 5'
    assert last['test %'] == '80 (80-100)' and last['95 %'] == '2 (2-3)'
    assert last['100 %'] == '3 (3-never)' and others[1]['95 %'] == 'never'
    assert others[1]['what differs'] == '64 relu, 1 sigmoid, N_train 10'
    for name in 'abcdefgh':
        made_up(name, code=f'x{name} = 1\n')
    assert [row['run'] for row in compared()] == list('abcdefgh') and len(
        compared('--all')
    ) == 11
    assert compared()[0]['what differs'] == 'see --diff'
    printed = script('compare.py', '1', 'wide', env={'COLUMNS': '80'}).stdout
    assert (
        '2,209' in printed
        and 'Plot: compare.png' in printed
        and '\u2026' not in printed
    )
    diff = script('compare.py', '--diff', 'a', 'b').stdout
    assert '-xa = 1\n' in diff and '+xb = 1\n' in diff and '+++ runs/b/train.py' in diff
    for arguments in (['--diff', '1'], ['1', '--all']):
        refused('compare.py', *arguments, status=2)
    refused('compare.py', '9', parts=['runs/9 is missing', 'e, f, g, h'])
    refused('compare.py', '6', parts=['runs/6/run.json'])


def test_whether_two_can_be_told_apart(folder):
    made_up('a', right='1' * 10)
    made_up('b', right='1' * 10, code='x = 1')
    made_up('c', right='1111111000', code='x = 2')
    made_up('d', right='0000000000', code='x = 3')
    made_up('e', right='1' * 10, code='x = 4', exam='another')
    for pair, said in {
        'ab': 'a and b are right and wrong on the same sequences',
        'ac': 'In the test, a and c differ on 3 of 10 sequences, 3 to 0: they cannot be told apart',
        'da': 'In the test, a and d differ on 10 of 10 sequences, 10 to 0: a is better (p = 0.002)',
        'ae': 'Their test sequences are not the same, so neither are their exams.',
    }.items():
        assert said in script('compare.py', *pair, env={'COLUMNS': '200'}).stdout
    assert 'told apart' not in script('compare.py', *'abc').stdout


def test_the_picture(folder, monkeypatch):
    import matplotlib.pyplot as plt

    drawn = []
    monkeypatch.setattr(
        'utilities.save_plot', lambda figure, path: drawn.append((figure, path))
    )
    made_up('1', seed=0)
    made_up('2', seed=1, accuracy=(0.4, 0.5, 0.6))
    made_up('3', layers='64 relu', accuracy=(0.7,))
    script('compare.py')
    ((figure, path),) = drawn
    accuracy, loss = figure.axes
    assert (
        path == 'compare.png'
        and loss.get_yscale() == 'log'
        and accuracy.get_ylim()[1] > 1
    )
    curves = [(line.get_color(), list(line.get_ydata())) for line in accuracy.lines]
    (one, _), (two, _), (three, last) = curves
    assert one == two != three and last == [0.7] and curves[1][1] == [0.4, 0.5, 0.6]
    shown = [text.get_text() for text in accuracy.get_legend().texts]
    assert shown == ['1 2: 16 relu, 8 tanh, 1 sigmoid', '3: 64 relu']
    assert len(set(utilities_colours())) == 8
    plt.close('all')


def utilities_colours():
    import utilities

    return utilities.COLOURS


# ---------------------------------------------------------------- the wrong ones


def test_what_was_wrong(trained, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        'utilities.save_plot', lambda figure, path: drawn.append((figure, path))
    )
    answers = rows('runs/1/predictions.csv')
    wrong = [row for row in answers if row['class'] != row['predicted']]
    printed = script('view.py', '--wrong').stdout
    assert printed == f'runs/1: {len(wrong)} of 50 test sequences are wrong\n'
    ((figure, path),) = drawn
    assert path == 'wrong.png' and len(figure.axes) == 3 * len(wrong)
    (X, Y), (X_test, Y_test) = read_set('Train', 200, 128), read_set('Test', 50, 128)
    for row, axes in zip(wrong, np.reshape(figure.axes, (-1, 3)), strict=True):
        i = int(row['number']) - 1
        titles = [axis.get_title() for axis in axes]
        score = max(float(row['score_0']), float(row['score_1']))
        assert titles[0].startswith(f'Test {i + 1}: ') and f'({score:.3f})' in titles[0]
        distance = np.linalg.norm(X - X_test[i], axis=1)
        own = np.flatnonzero(Y == Y_test[i])
        nearest = own[distance[own].argmin()], distance.argmin()
        for axis, x in zip(axes, (X_test[i], *X[list(nearest)]), strict=True):
            assert (axis.lines[0].get_ydata() == x).all()
        for title, j in zip(titles[1:], nearest, strict=True):
            assert f', {distance[j]:.1f}: Train {j + 1}, ' in title
    for case in ([], ['1', '--wrong']):
        refused('view.py', *case, status=2)
    script('generate_data.py', '--seed', 1)
    refused(
        'view.py', '--wrong', parts=['Train and Test are no longer those of runs/1']
    )
    shutil.rmtree('runs')
    refused('view.py', '--wrong', parts=['there is no run yet'])


def test_a_file_of_ones_own(folder):
    np.arange(7.0).tofile('my noise.dat')
    assert script('view.py', 'my noise.dat').stdout == 'Plot: file_my noise.png\n'
    refused('view.py', 'nowhere.dat', parts=['nowhere.dat is missing'])


# ---------------------------------------------------------------- infer.py


def test_which_network_is_asked(trained):
    """The newest run's; one by its name; one that lies at the top if there is no run."""
    script('train.py', '--N_train', 20, '--N_epochs', 1, '--name', 'new')
    for options, model in {
        (): 'runs/new/model.keras of ',
        ('--run', '1'): 'runs/1/model.keras of ',
        ('--model', 'runs/1/model.keras'): 'runs/1/model.keras of ',
    }.items():
        first, *_, answer = script('infer.py', 1, *options).stdout.splitlines()
        assert first.startswith(f'Model: {model}') and first.endswith(
            ', 16 relu, 8 tanh, 1 sigmoid'
        )
        assert re.match(r'Test/X_1\.dat: class \d \(\w+ wave\), score', answer)
    refused(
        'infer.py',
        1,
        '--run',
        'old',
        parts=['runs/old is missing: the newest runs are 1, new'],
    )
    refused('infer.py', 1, '--run', '1', '--model', 'x', status=2)
    refused('infer.py', 1, '--about', status=2)
    shutil.copy('runs/1/model.keras', 'model.keras')
    assert 'Model: runs/new/' in script('infer.py', 1).stdout
    shutil.rmtree('runs')
    assert 'Model: model.keras of' in script('infer.py', 1).stdout
    answer = script('infer.py', 1).stdout.splitlines()[2]
    assert re.match(r'Test/X_1\.dat: class \d, score', answer)  # it knows no names
    assert 'in no run' in script('infer.py', '--about').stdout
    os.remove('model.keras')
    refused('infer.py', 1, parts=['there is no run yet'])
    assert sets.describe(1, 1).startswith('1 of 200 + 1 of 50')


DAMAGED = {
    'run.json': [
        '{}',
        '[' * 200_000,
        '{"time": 5}',
        '{"numbers": []}',
        '{"class_names": [1, 2]}',
    ],
    'predictions.csv': [
        'number,class,predicted\n1,1,1\n',
        'number,class,predicted\n1,1,x\n',
    ],
    'history.csv': ['x,y,z', '\udcff'],
    'train.py': ['\udcff'],
}


@pytest.mark.parametrize('name', DAMAGED)
def test_what_is_damaged_or_a_fifo_is_named(trained, name):
    """It ends in a line and waits for nobody; and a run that is no more stops no training."""
    whole = Path('runs/1', name).read_text(encoding='utf-8')
    command = (
        ['compare.py', '1']
        if name in ('history.csv', 'train.py')
        else ['view.py', '--wrong', '--run', '1']
    )
    for text in DAMAGED[name]:
        if text.startswith('{"'):
            text = json.dumps(json.loads(whole) | json.loads(text))
        Path('runs/1', name).write_text(text, 'utf-8', 'surrogateescape')
        refused(*command, parts=[f'runs/1/{name}'])
    os.remove(f'runs/1/{name}')
    os.mkfifo(f'runs/1/{name}')
    refused(*command, parts=[f'runs/1/{name}'])
