"""train.py as a user runs it, and as a user edits it by hand."""

import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import (
    PROJECT,
    SHORT,
    accuracy,
    assert_one_line,
    assert_shows,
    curve,
    forked,
    layers,
    run,
    run_all,
)
from scipy.stats import binomtest

TRAIN = (PROJECT / 'train.py').read_text()


def test_the_lesson(folder):
    assert run('generate_data.py').returncode == 0
    process = run('train.py')
    percent = accuracy(process)
    assert 80 <= percent <= 100
    lines = process.stdout.splitlines()
    assert lines[0].startswith('Training on ')
    assert '2,209' in process.stdout  # 128*16+16 + 16*8+8 + 8*1+1 weights
    epochs = [re.fullmatch(r'Epoch (\d+)/300: accuracy (\S+), loss (\S+)', x) for x in lines]
    epochs = [(int(e[1]), float(e[2]), float(e[3])) for e in epochs if e]
    assert [e[0] for e in epochs] == list(range(1, 301))
    assert epochs[-1][1] > 0.99
    assert 'Model: model.keras' in lines and lines[-1] == 'Plot: history.png'
    assert_shows(curve('history.png', rows=2, row=0), [e[1] for e in epochs])
    assert_shows(curve('history.png', rows=2, row=1), [e[2] for e in epochs])
    assert layers('model.keras') == [
        ('Dense', 16, 'relu'),
        ('Dense', 8, 'tanh'),
        ('Dense', 1, 'sigmoid'),
    ]
    # What it says of seen test sequences and of the accuracy is so.
    X_train = {(folder / f'Train/X_{i}.dat').read_bytes() for i in range(1, 201)}
    X_test = [(folder / f'Test/X_{i}.dat').read_bytes() for i in range(1, 51)]
    seen = sum(x in X_train for x in X_test)
    assert (f'{seen} of 50 test sequences also occur' in process.stdout) == (seen > 0)
    import keras

    outputs = keras.models.load_model('model.keras')(np.array([np.frombuffer(x) for x in X_test]))
    labels = [np.fromfile(f'Test/Y_{i}.dat')[0] for i in range(1, 51)]
    agree = (outputs.numpy()[:, 0] > 0.5) == np.array(labels)
    assert percent == pytest.approx(100 * agree.mean(), abs=0.01)
    interval = binomtest(int(agree.sum()), 50).proportion_ci(method='wilson')
    low, high = (f'{100 * limit:.0f} %' for limit in interval)
    assert f'{agree.sum()} of 50 right; 95 % confidence: {low} to {high}' in lines


def test_memory_is_told(data):
    for path in (data / 'Test').glob('*.dat'):
        shutil.copy(data / 'Train' / path.name, path)
    process = forked('train.py', *SHORT)
    accuracy(process)
    line = '10 of 10 test sequences also occur in the training set, so the accuracy below is partly'
    assert f'{line} memory.\nAccuracy: ' in process.stdout


def test_a_quick_start(data):
    """The garbage collector leaves alone what Keras and TensorFlow brought."""
    program = f"""
import gc, runpy, sys
sys.path.insert(0, {str(PROJECT)!r})
sys.argv = ['train.py', '--help']
try:
    runpy.run_path({str(PROJECT / 'train.py')!r}, run_name='__main__')
except SystemExit:
    assert gc.isenabled() and gc.get_freeze_count() > 100_000, gc.get_freeze_count()
"""
    subprocess.run([sys.executable, '-c', program], check=True, stdout=subprocess.DEVNULL)


# ---------------------------------------------------------------- edits by hand

RELU, TANH, SIGMOID = THREE = [
    "model.add(Dense(16, activation='relu'))\n",
    "model.add(Dense(8, activation='tanh'))\n",
    "model.add(Dense(1, activation='sigmoid'))\n",
]
FIT = 'history = model.fit(training_data, epochs=N_epochs, callbacks=[FitProgress()])\n'
LOSS = "    loss='binary_crossentropy',\n"
SPARSE = "    loss='sparse_categorical_crossentropy',\n"


def swap(text, old, new):
    assert text.count(f'\n{old}') == 1, old
    return text.replace(f'\n{old}', f'\n{new}')


def alternative(title):
    """Return the lines of the alternative with this title, as a user uncomments them."""
    block = TRAIN[TRAIN.index(f'# Alternative: {title}') :].split('\n\n')[0]
    return ''.join(
        f'{x[2:]}\n' for x in block.splitlines() if re.match(r'# [\w.]+ ?[=(]|# [ )]', x)
    )


def softmax():
    return swap(swap(TRAIN, SIGMOID, alternative('more classes')), LOSS, SPARSE)


def recurrent():
    return swap(TRAIN, ''.join(THREE), alternative('a recurrent network'))


D = 'Dense'
TUTORIALS = [(D, 16, 'relu'), (D, 8, 'tanh'), (D, 1, 'sigmoid')]
# What is edited: (the edited script, what is typed, the layers that come out).
EDITS = {
    'no activations': (
        swap(TRAIN, ''.join(THREE), alternative('no activations')),
        (),
        [(D, 16, 'linear'), (D, 8, 'linear'), (D, 1, 'sigmoid')],
    ),
    'softplus': (
        swap(TRAIN, RELU, alternative('softplus')),
        (),
        [(D, 16, 'softplus'), *TUTORIALS[1:]],
    ),
    'LSTM, compiled': (
        swap(recurrent(), '    # jit_compile=True', '    jit_compile=True'),
        (),
        [('Reshape', None, None), ('LSTM', 16, 'tanh'), (D, 1, 'sigmoid')],
    ),
    'LSTM': (
        recurrent(),
        ('--stream',),
        [('Reshape', None, None), ('LSTM', 16, 'tanh'), (D, 1, 'sigmoid')],
    ),
    'softmax': (softmax(), ('--stream',), [*TUTORIALS[:2], (D, 4, 'softmax')]),
    'normalization': (
        swap(TRAIN, '# normalization = ', '\n' + alternative('values far from 0 or 1') + '# '),
        (),
        [('Normalization', None, None), *TUTORIALS],
    ),
    'normalization, streamed': (
        swap(TRAIN, '# normalization = ', '\n' + alternative('values far from 0 or 1') + '# '),
        ('--stream',),
        [('Normalization', None, None), *TUTORIALS],
    ),
    "the tutorial's call": (
        swap(TRAIN, FIT, alternative("the tutorial's own call")),
        (),
        TUTORIALS,
    ),
    'validation': (swap(TRAIN, FIT, alternative('validation')), (), TUTORIALS),
    'validation, streamed': (
        swap(TRAIN, FIT, alternative('validation')),
        ('--stream',),
        TUTORIALS,
    ),
    'a layer more': (
        swap(TRAIN, TANH, TANH + "model.add(Dense(5, activation='relu'))\n"),
        ('--stream',),
        [*TUTORIALS[:2], (D, 5, 'relu'), TUTORIALS[2]],
    ),
    'a layer less': (swap(TRAIN, TANH, ''), (), [TUTORIALS[0], TUTORIALS[2]]),
    'another width and other numbers': (
        swap(
            swap(swap(TRAIN, RELU, RELU.replace('16', '40')), 'N_train = 200', 'N_train = 30'),
            'batch_size = 32',
            'batch_size = 7',
        ),
        (),
        [(D, 40, 'relu'), *TUTORIALS[1:]],
    ),
    'a number of my own': (
        swap(
            swap(TRAIN, RELU, RELU.replace('16', 'N_neurons')),
            'N_train = 200',
            'N_neurons = 5\nmirrored = True\noffset = -1\nN_train = 200',
        ),
        ('--N_neurons', 9, '--no-mirrored', '--offset', -3),
        [(D, 9, 'relu'), *TUTORIALS[1:]],
    ),
}


def edited(text, folder):
    """Write an edited train.py into a folder beside the data; return the folder."""
    folder.mkdir(exist_ok=True)
    (folder / 'train.py').write_text(text)
    return folder


@pytest.fixture(scope='module')
def four_classes(tmp_path_factory):
    folder = tmp_path_factory.mktemp('four')
    run('generate_data.py', 40, 20, '--classes', 4, cwd=folder)
    return folder


@pytest.fixture(scope='module')
def edits(tmp_path_factory, four_classes):
    """Make each edit on a copy of train.py and run it; return the processes and folders."""
    two_classes = tmp_path_factory.mktemp('two')
    run('generate_data.py', 40, 20, cwd=two_classes)
    calls = []
    for name, (text, arguments, _) in EDITS.items():
        copy = tmp_path_factory.mktemp('copy')
        shutil.copytree(
            four_classes if name == 'softmax' else two_classes, copy, dirs_exist_ok=True
        )
        numbers = ('--N_test', 20, '--N_epochs', 2, *arguments)
        numbers += () if 'other numbers' in name else ('--N_train', 40)
        calls.append((('train.py', *numbers), {'cwd': copy, 'script_folder': edited(text, copy)}))
    return {
        name: (process, options['cwd'])
        for name, process, (_, options) in zip(EDITS, run_all(calls), calls, strict=True)
    }


@pytest.mark.parametrize('name', EDITS)
def test_edits(edits, name):
    process, folder = edits[name]
    accuracy(process)
    assert layers(folder / 'model.keras') == EDITS[name][2]
    assert 'Epoch 2/2' in process.stdout
    assert ('val_accuracy' in process.stdout) == name.startswith('validation')
    table = process.stdout.index('Epoch 1/2')
    assert ('━' in process.stdout[table:]) == (name == "the tutorial's call")  # Keras's own bars


def test_every_alternative_is_tested():
    titles = re.findall(r'^# Alternative: (.*)', TRAIN, re.MULTILINE)
    assert len(titles) == 7
    assert all(alternative(title) for title in titles)


def test_an_edited_copy_runs_as_it_is(data):
    """Once without forked: a copy of the project, edited, as on an attendee's disk."""
    for path in ('support', 'utilities.py', 'train.py'):
        copy = shutil.copytree if path == 'support' else shutil.copy
        copy(PROJECT / path, path)
    edited(EDITS['a number of my own'][0], data)
    process = run('train.py', *SHORT, '--N_neurons', 7, script_folder=data)
    accuracy(process)
    assert layers('model.keras')[0] == (D, 7, 'relu')
    assert '--N_neurons N' in run('train.py', '--help', script_folder=data).stdout


@pytest.mark.parametrize('switches', [(), ('--stream',)])
def test_normalization_makes_any_scale_the_same(folder, switches):
    """Raw values around 10,000 are told to need it, and then are learnt as well as waves are."""
    run('generate_data.py')
    for path in folder.glob('*/X_*.dat'):
        (10_000 + 100 * np.fromfile(path)).tofile(path)
    numbers = ('--N_epochs', 100, *switches)
    raw = forked('train.py', *numbers)
    assert accuracy(raw) < 70
    (said,) = re.findall('The values have .*', raw.stdout)
    assert 'mean of 1e+04' in said and 'Normalization' in said and 'train.py' in said
    edited(EDITS['normalization'][0], folder)
    normalized = forked('train.py', *numbers, script_folder=folder)
    assert accuracy(normalized) >= 80
    assert 'The values' not in normalized.stdout
    # The layer is in the model: infer.py takes raw values.
    process = forked('infer.py', *range(1, 51))
    assert f'Accuracy: {accuracy(normalized):.2f}% of 50' in process.stdout


# ---------------------------------------------------------------- wrong edits

MISTAKES = {
    'softmax without its loss': (
        swap(TRAIN, SIGMOID, alternative('more classes')),
        "loss='binary_crossentropy'",
        'sparse_categorical_crossentropy',
    ),
    'the loss without softmax': (
        swap(TRAIN, LOSS, SPARSE),
        "loss='sparse_categorical_crossentropy'",
        "make it 'binary_crossentropy'",
    ),
    'two neurons with a sigmoid': (
        swap(TRAIN, SIGMOID, SIGMOID.replace('1', '2')),
        "model.add(Dense(2, activation='sigmoid'))",
        "Dense(1, activation='sigmoid')",
    ),
    'two neurons with a sigmoid and the other loss': (
        swap(swap(TRAIN, SIGMOID, SIGMOID.replace('1', '2')), LOSS, SPARSE),
        "loss='sparse_categorical_crossentropy'",
        "Dense(2, activation='softmax')",
    ),
    'one neuron with softmax': (
        swap(TRAIN, SIGMOID, SIGMOID.replace('sigmoid', 'softmax')),
        "model.add(Dense(1, activation='softmax'))",
        'always answers 1',
    ),
    'no last layer': (
        swap(TRAIN, SIGMOID, ''),
        "model.add(Dense(8, activation='tanh'))",
        "Dense(1, activation='sigmoid')",
    ),
    'no layer': (swap(TRAIN, ''.join(THREE), ''), 'model.add(Input', 'the last layer'),
    'misspelt activation': (
        swap(TRAIN, RELU, RELU.replace('relu', 'rleu')),
        "model.add(Dense(16, activation='rleu'))",
        "did you mean 'relu'?",
    ),
    'softmax after the sigmoid': (
        swap(swap(TRAIN, SIGMOID, SIGMOID + alternative('more classes')), LOSS, SPARSE),
        "model.add(Dense(1, activation='sigmoid'))",
        'comment it out',
    ),
    'no sigmoid': (
        swap(TRAIN, SIGMOID, 'model.add(Dense(1))\n'),
        'model.add(Dense(1))',
        "Dense(1, activation='sigmoid')",
    ),
    'the loss for one-hot classes': (
        swap(TRAIN, LOSS, SPARSE.replace('sparse_', '')),
        "loss='categorical_crossentropy'",
        'sparse_categorical_crossentropy',
    ),
    'values for each time': (
        swap(TRAIN, RELU, 'model.add(Reshape((N_sequence, 1)))\n' + RELU),
        "model.add(Dense(1, activation='sigmoid'))",
        'GlobalAveragePooling1D',
    ),
    'validation_split': (
        swap(TRAIN, FIT, FIT.replace('callbacks', 'validation_split=0.25, callbacks')),
        'history = model.fit',
        'Alternative: validation',
    ),
    'no input': (
        swap(TRAIN, 'model.add(Input(shape=(N_sequence,)))\n', '\n'),
        'check_network(',
        'model.add(Input(shape=(N_sequence,)))',
    ),
    'no metrics': (
        swap(TRAIN, "    metrics=['accuracy'],\n", ''),
        '_, accuracy = model.evaluate',
        "metrics=['accuracy']",
    ),
    'misspelt optimizer': (
        TRAIN.replace("'rmsprop'", "'rmspop'"),
        "optimizer='rmspop'",
        'keras.io',
    ),
    'misspelt loss': (
        swap(TRAIN, LOSS, "    loss='binary_crossentropi',\n"),
        "loss='binary_crossentropi'",
        'keras.io',
    ),
    'misspelt argument': (
        swap(TRAIN, RELU, RELU.replace('activation', 'activate')),
        "activate='relu'",
        'a layer looks like',
    ),
    'no number': (swap(TRAIN, TANH, 'model.add(Dense())\n'), 'model.add(Dense())', 'looks like'),
    'minus three': (swap(TRAIN, TANH, 'model.add(Dense(-3))\n'), 'Dense(-3)', 'from 1'),
    'LSTM alone': (swap(TRAIN, RELU, 'model.add(LSTM(16))\n'), 'model.add(LSTM(16))', 'Reshape('),
    'another length': (
        swap(TRAIN, RELU, 'model.add(Reshape((100, 1)))\n' + RELU),
        'model.add(Reshape((100, 1)))',
        'must be the first layer',
    ),
}


@pytest.mark.parametrize('name', MISTAKES)
def test_wrong_edits_end_in_one_line(generated, tmp_path, name):
    text, line, remedy = MISTAKES[name]
    process = forked(
        'train.py', *SHORT, cwd=generated, script_folder=edited(text, tmp_path / 'copy')
    )
    assert_one_line(process, line, remedy)
    number = int(re.search(r': line (\d+), ', process.stderr.splitlines()[-1])[1])
    assert line in text.splitlines()[number - 1]
    if name == 'no metrics':  # seen after the training, whose network is saved
        (generated / 'model.keras').unlink()
    assert not (generated / 'model.keras').exists()


def test_untrained_network_is_not_saved(data, tmp_path):
    """model.fit commented out: the network that was trained before stays."""
    pathlib.Path('model.keras').write_text('the old model')
    text = swap(TRAIN, FIT, f'# {FIT}')
    process = forked('train.py', *SHORT, script_folder=edited(text, tmp_path / 'copy'))
    assert_one_line(process, 'model.keras stays', 'model.fit')
    assert pathlib.Path('model.keras').read_text() == 'the old model'


@pytest.mark.parametrize(
    ('title', 'arguments', 'part'),
    [
        ("the tutorial's own call", ('--stream',), 'leave out --stream'),
        ('validation', ('--N_train', 3), 'N_train'),
    ],
)
def test_alternatives_at_their_limits(data, tmp_path, title, arguments, part):
    folder = edited(swap(TRAIN, FIT, alternative(title)), tmp_path / 'copy')
    assert_one_line(forked('train.py', *SHORT, *arguments, script_folder=folder), part)


@pytest.mark.parametrize(
    ('old', 'new', 'error'),
    [
        (RELU, RELU.replace('))', ')'), 'SyntaxError'),
        (RELU, RELU.replace('Dense', 'Dnse'), 'NameError'),
        ('save(model', '1 / 0\nsave(model', 'ZeroDivisionError'),
    ],
)
def test_pythons_own_errors_stay(data, tmp_path, old, new, error):
    process = forked(
        'train.py', *SHORT, script_folder=edited(swap(TRAIN, old, new), tmp_path / 'copy')
    )
    assert process.returncode == 1 and error in process.stderr.splitlines()[-1]
    assert 'train.py", line ' in process.stderr
