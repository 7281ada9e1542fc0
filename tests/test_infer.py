"""infer.py: what it says of files and tables, and of networks that are none."""

import csv
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from conftest import WORKSHOP, contents, refused, script

WAVES = ['sine wave', 'square wave', 'sawtooth wave', 'triangle wave']


def own_loss(truth, answer):  # known here, but not to who loads the network
    return answer - truth


def network(outputs, names=(), path='model.keras', N=128):
    """Save a network of random weights as train.py does, and did before; return its weights."""
    import keras

    start = keras.initializers.RandomNormal(stddev=0.1, seed=1)
    last = keras.layers.Dense(outputs, 'softmax' if outputs > 1 else 'sigmoid', True, start)
    model = keras.Sequential([keras.Input((N,)), last])
    model.compile(loss=own_loss)
    model.save(path)
    if names:
        with zipfile.ZipFile(path, 'a') as archive:
            archive.writestr('classes.txt', '\n'.join(names) + '\n')
    return model.get_weights()[0]


def expected(W, X):
    """Return the class of each of X and its score, as a network with the weights W answers."""
    z = X @ W
    outputs = np.exp(z if z.shape[1] > 1 else np.hstack([0 * z, z]))
    return outputs.argmax(axis=1).tolist(), outputs.max(axis=1) / outputs.sum(axis=1)


def answers(*arguments, status=0):
    """Return the rows that infer.py --csv prints, each a dict, and what is on stderr."""
    result = script('infer.py', '--csv', *arguments, status=status)
    return list(csv.DictReader(io.StringIO(result.stdout))), result.stderr


def matrix(lines):
    """Return {first cell: the other cells} of each row of a table that rich has drawn."""
    rows = [re.split(r'\s*[┃│]\s*', line)[1:-1] for line in lines if line[0] in '┃│']
    return {name: cells for name, *cells in rows}


@pytest.mark.parametrize('outputs', [1, 4])
def test_classifies(folder, outputs):
    waves = WAVES[: max(outputs, 2)]
    script('generate_data.py', 2, 40, '--classes', len(waves))
    W = network(outputs, waves)
    before = contents(folder)
    names = [f'Test/X_{i}.dat' for i in range(1, 41)]
    plain = script('infer.py', *range(1, 41), env={'COLUMNS': '200'})
    rows, stderr = answers(*names)
    assert contents(folder) == before
    Y, scores = expected(W, np.array([np.fromfile(name) for name in names]))
    labels = [int(np.fromfile(name.replace('X', 'Y'))[0]) for name in names]
    pairs = list(zip(Y, labels, strict=True))

    model, note, *lines = plain.stdout.splitlines()
    assert re.fullmatch(r'Model: model\.keras of \d{4}-\d\d-\d\d \d\d:\d\d', model)
    assert stderr == model + '\n' and not plain.stderr
    assert 'score' in note and 'not a calibrated probability' in note
    for name, (y, label), score, line in zip(names, pairs, scores, lines[:40], strict=True):
        said = re.fullmatch(r'(.*), score (\d\.\d{3}); (.*)', line)
        assert said[1] == f'{name}: class {y} ({waves[y]})' and abs(float(said[2]) - score) < 6e-4
        assert (
            said[3] == f'label {label} ({waves[label]}) {"agrees" if y == label else "DISAGREES"}'
        )
    counts = {'label': [f'taken for {wave}' for wave in waves]}
    for label in sorted(set(labels)):
        counts[waves[label]] = [str(pairs.count((y, label))) for y in range(len(waves))]
    assert list(matrix(lines[40:]).items()) == list(counts.items())
    right = sum(y == label for y, label in pairs)
    assert lines[-1] == f'Accuracy: {100 * right / 40:.2f}% of 40 labelled sequences'

    np.testing.assert_allclose([float(row.pop('score')) for row in rows], scores, rtol=1e-4)
    for name, (y, label), row in zip(names, pairs, rows, strict=True):
        assert list(row) == ['file', 'class', 'name', 'label', 'agrees']
        assert list(row.values()) == [name, str(y), waves[y], str(label), str(int(y == label))]


def test_labels_beside_files(data):
    """Y_... beside X_... is the label, and no file else; one alone makes no accuracy."""
    network(1, WAVES[:2])
    for old, new in {'X_3': 'my data', 'X_4': 'X_MAX', 'Y_4': 'Y_MAX', 'X_5': 'X_alone'}.items():
        shutil.copy(f'Train/{old}.dat', f'{new}.dat')
    said = script('infer.py', 'my data.dat', 'X_MAX.dat', 'X_alone.dat').stdout
    answer = r'\.dat: class \d \(\w+ wave\), score [01]\.\d{3}'
    label = r'; label \d \(\w+ wave\) (agrees|DISAGREES)'
    assert re.search(rf'\.\nmy data{answer}\nX_MAX{answer}{label}\nX_alone{answer}\n$', said)
    (row, other), _ = answers('my data.dat', 1)
    assert row['label'] == row['agrees'] == '' and other['label'] in ('0', '1')
    assert script('infer.py', 1, 2).stdout.endswith(' of 2 labelled sequences\n')


def test_bad_files_in_a_list(data):
    """What is wrong with one is said, and the others are classified."""
    network(1)
    os.remove('Test/X_2.dat')
    bad = {'X_3': [], 'X_4': [0] * 127, 'X_5': [np.inf] * 128, 'Y_6': [0.5]}
    for name, values in bad.items():
        np.array(values, float).tofile(f'Test/{name}.dat')
    os.makedirs('other/.unfinished')
    shutil.copy('Test/X_1.dat', 'other/X_1.dat')
    rows, stderr = answers(*range(1, 8), 'nowhere/X_1.dat', 'other/X_1.dat', status=1)
    errors = stderr.splitlines()[:-1]
    for name, error in zip(['X_2', *bad, 'nowhere', 'other'], errors, strict=True):
        assert re.match(rf'infer\.py: .*\b{name}(\.dat)? ', error)
        assert error.endswith('(model.keras takes 128 values)') == (name in ('X_3', 'X_4'))
    assert [row['file'] for row in rows] == ['Test/X_1.dat', 'Test/X_7.dat']
    refused('infer.py', 2, parts=['Test/X_2.dat is missing'])


def test_networks_that_are_none(data):
    """Each ends in one line that names the network and says to train one."""
    from keras import Input, Model, Sequential, layers

    network(1, path='good.keras')
    whole = (data / 'good.keras').read_bytes()
    (data / 'damaged.keras').write_bytes(whole[:-500])
    (data / 'text.keras').write_bytes(b'no network')
    (data / 'folder.keras').mkdir()
    two = [Input((128,)), Input((128,))]
    others = {
        'matrix': Sequential([Input((128, 1)), layers.LSTM(2)]),
        'series': Sequential([two[0], layers.Reshape((64, 2))]),
        'any length': Sequential([Input((None,)), layers.Rescaling(2)]),
        'two inputs': Model(two, layers.Add()(two)),
        'two outputs': Model(two[0], [layers.Dense(1)(two[0]), layers.Dense(1)(two[0])]),
    }
    code = {'code': Sequential([two[0], layers.Lambda(lambda x: x)])}
    for name, model in (others | code).items():
        model.save(f'{name}.keras')
    why = dict.fromkeys(others, 'classifies no sequences') | {'no': 'is missing'}
    why |= dict.fromkeys(['code', 'damaged', 'text', 'folder'], 'cannot be loaded')
    for name, what in why.items():
        parts = f'infer.py: {name}.keras {what}', 'python train.py'
        refused('infer.py', 1, '--model', f'{name}.keras', parts=parts)
    refused('infer.py', 1, parts=['model.keras is missing'])
    network(1, path='short.keras', N=64)
    parts = 'Test/X_1.dat', '128 value', 'short.keras takes 64 values'
    refused('infer.py', 1, '--model', 'short.keras', parts=parts)


def test_where_the_names_come_from(folder):
    """From the network, or else from Train, or else from beside the first file."""
    for name in ('Train', 'one', 'two'):
        os.mkdir(name)
        np.ones(128).tofile(f'{name}/x.dat')
        (folder / name / 'classes.txt').write_text(f'{name} 0\n{name} 1\n', encoding='utf-8')
    network(1, ['own 0', 'own 1'])
    for source in ('own', 'Train', 'one', 'class'):
        rows, _ = answers('one/x.dat', 'two/x.dat')
        assert [row['name'] for row in rows] == [f'{source} {row["class"]}' for row in rows]
        if source == 'own':
            network(1)
        elif source != 'class':
            os.remove(f'{source}/classes.txt')


def test_a_network_and_a_newer_set(data):
    """It is said that Train is newer; the names are the network's, and no others are compared."""
    network(2, ['Cepheid', 'Mira'])
    parts = 'Test/X_1.dat is of other classes (sine wave, square wave)', 'python train.py'
    refused('infer.py', 1, parts=parts)
    os.remove('Test/Y_1.dat')
    for newer in (-1, 0, 1):
        time = os.stat('model.keras').st_mtime_ns + newer
        os.utime('Train/X_1.dat', ns=(time, time))
        model, _, answer = script('infer.py', 1).stdout.splitlines()
        assert model.endswith(', older than the sequences in Train') == (newer > 0)
        assert re.match(r'Test/X_1\.dat: class \d \((Cepheid|Mira)\)', answer)


def test_tables(folder):
    names = ['Mira', '[b]Cepheid', ':cat:', '4', '5', '6']
    kinds = [0, 1, 2, 3, 4, 5, 3]
    X = np.random.default_rng(0).uniform(-1, 1, (7, 5)).round(4)
    Y, _ = expected(network(6, names, N=5), X)
    rows = [['V', *x, names[kind]] for x, kind in zip(X.tolist(), kinds, strict=True)]
    with open('mine.CSV', 'w', encoding='utf-8') as file:
        csv.writer(file).writerows([['star', *'abcde', 'type'], *rows])
    np.save('new.npy', X)

    columns = '--label', 'type', '--drop', 'star'
    lines = script('infer.py', 'mine.CSV', *columns, env={'COLUMNS': '200'}).stdout.splitlines()
    for i, (y, kind) in enumerate(zip(Y, kinds, strict=True)):
        assert lines[i + 2].startswith(f'mine.CSV row {i + 2}: class {y} ({names[y]}), score ')
        assert f'; label {kind} ({names[kind]}) ' in lines[i + 2]
    counts = matrix(lines)
    assert list(counts) == ['label', *names]
    assert counts['4'] == [str([Y[3], Y[6]].count(y)) for y in range(6)]
    assert lines[-1].endswith(' of 7 labelled sequences')

    # Without labels; and what is wrong with one table keeps no other from its answers.
    rows, stderr = answers('mine.CSV', 'new.npy', 'no.csv', status=1)
    assert [(row['file'], row['class'], row['label']) for row in rows] == [
        (f'new.npy row {i}', str(y), '') for i, y in enumerate(Y, 1)
    ]
    assert re.match('infer.py: mine.CSV, row 2, column 1 .*\ninfer.py: no.csv: ', stderr)
    wrong = 'new.npy holds 4 values in each row, but model.keras takes 5', '--label and --drop'
    refused('infer.py', 'new.npy', '--drop', '1', parts=wrong)
    np.save('more.npy', np.hstack([X, [[7]] * 7]))
    parts = ['more.npy row 1: 7 is none of the classes (Mira, [b]Cepheid, :cat:, 4, 5): ']
    refused('infer.py', 'more.npy', '--label', 'last', parts=parts)


def test_labels_that_are_numbers(folder):
    network(2, N=2)
    np.save('numbers.npy', [[1.0, 2, 0], [3, 4, 1], [5, 6, 12]])
    rows, _ = answers('numbers.npy', '--label', 'last')
    assert [row['label'] for row in rows] == ['0', '1', '12']
    assert [row['agrees'] for row in rows] == [str(int(r['class'] == r['label'])) for r in rows]
    (folder / 'names.csv').write_text('1,2,a\n3,4,b\n', encoding='utf-8')
    parts = ['names.csv row 1: a is none of the classes (numbers, as there is no classes.txt)']
    refused('infer.py', 'names.csv', '--label', 'last', parts=parts)


@pytest.mark.parametrize('arguments', [(), ('0',), ('-4',)])
def test_wrong_command_line(folder, arguments):
    refused('infer.py', *arguments, status=2)


def test_stopped(data, monkeypatch):
    """Ctrl-C ends in one word."""
    network(1)
    monkeypatch.setattr('keras.Model.predict', lambda *a, **k: signal.raise_signal(signal.SIGINT))
    assert script('infer.py', 1, status=1).stderr == '\nStopped.\n'


@pytest.mark.slow
def test_output_may_be_cut_short(data):
    """infer.py ... | head ends quietly."""
    network(1)
    files = ' '.join(['Test/X_1.dat'] * 5000)
    command = f'"{sys.executable}" "{WORKSHOP}/infer.py" {files} | head -1'
    done = subprocess.run(['bash', '-c', command], capture_output=True, encoding='utf-8')
    assert done.stdout.startswith('Model: ') and not done.stderr
