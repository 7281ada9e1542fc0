"""infer.py with the networks that train.py saves, and with files that are none."""

import csv
import io
import os
import re
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest
from conftest import PROJECT, assert_one_line, contents, forked, run, run_all


@pytest.fixture(scope='module')
def networks(tmp_path_factory):
    """Two classes and a sigmoid network trained on them; four classes and a softmax network."""
    import keras

    from generate_data import make_sequences

    folders = []
    for classes in (2, 4):
        folder = tmp_path_factory.mktemp(f'classes{classes}')
        run('generate_data.py', 20, 40, '--classes', classes, cwd=folder)
        keras.utils.set_random_seed(0)
        X, Y = make_sequences(400, np.random.default_rng(1), classes=classes)
        model = keras.Sequential([keras.Input((128,)), keras.layers.Dense(16, 'relu')])
        if classes == 2:
            model.add(keras.layers.Dense(1, 'sigmoid'))
            model.compile('rmsprop', 'binary_crossentropy')
        else:
            model.add(keras.layers.Dense(4, 'softmax'))
            model.compile('rmsprop', 'sparse_categorical_crossentropy')
        model.fit(X, Y, epochs=20, batch_size=400, verbose=0)
        model.save(folder / 'model.keras')
        folders.append(folder)
    return folders


@pytest.fixture
def trained(networks, folder):
    """The folder with two classes, to work in."""
    shutil.copytree(networks[0], folder, dirs_exist_ok=True)
    return folder


def expected(names):
    """Classes and scores by Keras itself, one file at a time, and the labels."""
    import keras

    model = keras.models.load_model('model.keras')
    X = np.array([np.fromfile(name) for name in names])
    outputs = model(X).numpy()
    if outputs.shape[1] == 1:
        outputs = np.hstack([1 - outputs, outputs])
    labels = [int(np.fromfile(name.replace('X_', 'Y_'))[0]) for name in names]
    return outputs.argmax(axis=1), outputs.max(axis=1), np.array(labels)


@pytest.mark.parametrize('network', [0, 1], ids=['sigmoid', 'softmax'])
def test_classifies(networks, network, monkeypatch):
    monkeypatch.chdir(networks[network])
    before = contents(networks[network])
    names = [f'Test/X_{i}.dat' for i in range(1, 41)]
    classes, scores, labels = expected(names)
    plain, table = run_all([(('infer.py', *range(1, 41)), {}), (('infer.py', '--csv', *names), {})])
    assert plain.returncode == table.returncode == 0
    assert contents(networks[network]) == before
    waves = ('sine wave', 'square wave', 'sawtooth wave', 'triangle wave')
    model, *lines = plain.stdout.splitlines()
    assert re.fullmatch(r'Model: model\.keras of [\d: -]{16}', model)
    assert 'score' in lines[0] and 'not a calibrated probability' in lines[0]
    for name, line, Y, score, label in zip(names, lines[1:], classes, scores, labels, strict=False):
        assert line == (
            f'{name}: class {Y} ({waves[Y]}), score {score:.3f}; label {label} ({waves[label]}) '
            + ('agrees' if Y == label else 'DISAGREES')
        )
    right = (classes == labels).sum()
    assert lines[-1] == f'Accuracy: {100 * right / 40:.2f}% of 40 labelled sequences'
    rows = [re.split(r'\s*│\s*', line)[1:-1] for line in lines if line.startswith('│')]
    for row in rows:
        label = waves.index(row[0])
        counts = [((labels == label) & (classes == Y)).sum() for Y in range(len(row) - 1)]
        assert list(map(int, row[1:])) == counts
    assert {row[0] for row in rows} == {waves[label] for label in labels}
    rows = list(csv.DictReader(io.StringIO(table.stdout)))
    assert [r['file'] for r in rows] == names
    assert [int(r['class']) for r in rows] == classes.tolist()
    assert [r['name'] for r in rows] == [waves[Y] for Y in classes]
    np.testing.assert_allclose([float(r['score']) for r in rows], scores, rtol=1e-4)
    assert [int(r['label']) for r in rows] == labels.tolist()
    assert [int(r['agrees']) for r in rows] == (classes == labels).astype(int).tolist()


def test_any_file_without_a_label(trained):
    shutil.copy('Train/X_3.dat', 'my data.bin')
    process = forked('infer.py', 'my data.bin')
    assert process.returncode == 0
    (line,) = process.stdout.splitlines()[2:]
    assert re.fullmatch(r'my data\.bin: class \d \(\w+ wave\), score [01]\.\d{3}', line)


def test_bad_files_in_a_list(trained):
    os.remove('Test/X_2.dat')
    for name, content in {
        'X_3': b'',
        'X_4': bytes(1016),
        'X_5': struct.pack('<128d', *[float('inf')] * 128),
        'Y_6': struct.pack('<d', 0.5),
    }.items():
        with open(f'Test/{name}.dat', 'wb') as file:
            file.write(content)
    process = forked('infer.py', '--csv', *range(1, 8), 'nowhere/X_1.dat')
    assert process.returncode == 1
    errors = [x for x in process.stderr.splitlines() if x.startswith('infer.py: ')]
    bad = ['Test/X_2', 'Test/X_3', 'Test/X_4', 'Test/X_5', 'Test/Y_6', 'nowhere']
    assert len(errors) == len(bad) and all(b in e for b, e in zip(bad, errors, strict=True))
    assert 'Traceback' not in process.stderr
    rows = list(csv.DictReader(io.StringIO(process.stdout)))
    assert [r['file'] for r in rows] == ['Test/X_1.dat', 'Test/X_7.dat']


def test_bad_models(networks, tmp_path):
    """Each ends in one line that names the model and says to train one."""
    import keras

    good = (networks[0] / 'model.keras').read_bytes()
    keras.Sequential([keras.Input((4, 4)), keras.layers.LSTM(2)]).save(tmp_path / 'matrix.keras')
    code = keras.layers.Lambda(lambda x: x)
    keras.Sequential([keras.Input((128,)), code]).save(tmp_path / 'code.keras')
    (tmp_path / 'damaged.keras').write_bytes(good[: len(good) // 2])
    (tmp_path / 'text.keras').write_text('not a model')
    models = ['matrix.keras', 'code.keras', 'damaged.keras', 'text.keras', 'nowhere.keras']
    shutil.copytree(networks[0] / 'Test', tmp_path / 'Test')
    calls = [(('infer.py', 1, '--model', model), {'cwd': tmp_path}) for model in models]
    for model, process in zip(models, run_all(calls), strict=True):
        assert_one_line(process, model, 'train.py')
        assert process.stdout == ''


def test_model_for_another_length(trained):
    import keras

    keras.Sequential([keras.Input((64,)), keras.layers.Dense(1, 'sigmoid')]).save('short.keras')
    process = forked('infer.py', 1, '--model', 'short.keras')
    assert_one_line(process, 'Test/X_1.dat', '128 value', 'short.keras takes 64 values')


@pytest.mark.parametrize('arguments', [(), ('0',), ('-4',)])
def test_wrong_command_line(folder, arguments):
    assert_one_line(forked('infer.py', *arguments), status=2)


def test_output_may_be_cut_short(networks):
    """infer.py ... | head ends quietly."""
    files = ['Test/X_1.dat'] * 5000
    process = subprocess.Popen(
        [sys.executable, PROJECT / 'infer.py', *files],
        cwd=networks[0],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.wait()
    assert 'Error' not in errors and 'Traceback' not in errors
