"""train.py and train_large.py as one runs and edits them, and what they have in support/."""

import contextlib
import io
import json
import os
import pathlib
import re
import sys
from unittest import mock

from support import mistakes, runs, training
from support.console import DataError

import keras
import numpy as np
import pytest
from conftest import SHORT, TRAIN, contents, one_line, refused, restored, script
from keras import layers

from utilities import read_set

SCRIPTS = ('train.py', 'train_large.py')
TUTORIALS = '16 relu, 8 tanh, 1 sigmoid'


def epochs(stdout, N):
    """Return the accuracy in each epoch's line of a log; there must be N lines."""
    lines = re.findall(
        r'^(Epoch .*): accuracy (\S+), loss \d\S*$', stdout, re.MULTILINE
    )
    assert [line for line, _ in lines] == [f'Epoch {i + 1}/{N}' for i in range(N)]
    return [float(value) for _, value in lines]


def saved():
    """Return the neurons and activation of each layer of the newest run, or its kind, as text."""
    return ', '.join(
        f'{x.units} {x.activation.__name__}'
        if hasattr(x, 'units')
        else type(x).__name__
        for x in keras.models.load_model('runs/last/model.keras').layers
    )


def printed(function, *arguments):
    """Return what a function prints, and the DataError that ends it."""
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        try:
            function(*arguments)
        except DataError as error:
            print(error)
    return shown.getvalue()


def table(text):
    """Return the rows of a table, whose cells | divides."""
    return [
        [cell.strip() for cell in row.split('|')] for row in text.strip().splitlines()
    ]


def test_the_lesson(lesson, monkeypatch):
    monkeypatch.chdir(lesson.folder)
    assert saved() == TUTORIALS and epochs(lesson.stdout, 300)[-1] > 0.99
    began = r' 2,209 [\s\S]*\nData: 200 of 200 \+ 50 of 50 sequences, sine and square waves, seed 0\n'
    assert re.search(rf'{began}Training on (CPU|GPU: .+)\nEpoch 1/300', lesson.stdout)
    X_test, Y_test = read_set('Test', 50, 128)
    network = keras.models.load_model('runs/1/model.keras')
    right = int(sum(runs.outputs(network, X_test).argmax(axis=1) == Y_test))
    assert right >= 40
    ended = f'\nEvaluating Test Set\nAccuracy: {2 * right}.00%\n{right} of 50 right; 95 % confidence'
    assert ended in lesson.stdout and sorted(os.listdir()) == ['Test', 'Train', 'runs']


@pytest.mark.slow
def test_train_large_is_as_good(folder):
    script('generate_data.py')
    stdout = script('train_large.py', '--N_epochs', 50).stdout
    assert epochs(stdout, 50)[-1] > 0.95 and re.search(
        '^Accuracy: ([89].|100)', stdout, re.M
    )


@pytest.mark.filterwarnings('error::UserWarning')
def test_the_same_seed_gives_the_same_network(data, monkeypatch):
    """And both scripts print the same, but for the numbers."""
    for name in 'Test/X_1.dat', 'Test/X_3.dat':
        (data / name).write_bytes((data / 'Train/X_20.dat').read_bytes())
    windows = mock.Mock()
    monkeypatch.setattr('utilities.show_plots', windows)
    small, large, *again = [script(name, *SHORT) for name in SCRIPTS * 2]
    assert windows.call_count == 4
    one, two, *more = [
        re.sub(r'runs/\d', 'runs/N', x.stdout) for x in (small, large, *again)
    ]
    assert more == [one, two] and small.stderr == large.stderr == ''
    other = script('train.py', *SHORT, '--seed', 1).stdout
    assert 'Epoch 3' in other and re.sub(r'runs/\d', 'runs/N', other) != one
    begins, result = (
        r'[\s\S]*\nTraining on [^\n]*',
        r'\n2 of 10 test sequences also occur in',
    )
    assert re.match(begins, one)[0] == re.match(begins, two)[0]
    assert re.search(result, one) and re.search(result, two)
    assert re.search(r'\nAccuracy: (\d+)0\.00%\n\1 of 10 right;', large.stdout)


def test_in_a_notebook(data):
    """The script pasted into cells, in a kernel that has arguments of its own."""
    (data / 'kernel.py').write_text('app.launch_new_instance()\n', encoding='utf-8')
    cells = (
        TRAIN.replace('= 200 ', '= 1 ')
        .replace('= 50 ', '= 10 ')
        .replace('= 300 ', '= 2 ')
    )
    with restored(), mock.patch.object(sys, 'argv', ['kernel.py', '-f', 'kernel.json']):
        shown = printed(
            exec, compile(cells, '<cell>', 'exec'), {'__name__': '__main__'}
        )
    assert epochs(shown, 2) and ' of 10 right' in shown and saved() == TUTORIALS
    assert '"script": null' in script('infer.py', '--about').stdout


NAN, HUGE = (np.array([0.0] * 127 + [value]).tobytes() for value in (np.nan, -1e44))
TWO = np.array(2.0).tobytes()
BAD = [
    ('Train/X_20.dat', HUGE, 'Train/X_20.dat holds a value of size 1e+44'),
    ('Train/Y_5.dat', TWO, 'Train/Y_5.dat holds class 2'),
    ('Test/Y_5.dat', TWO, 'Test/Y_5.dat holds class 2'),
    ('Test/X_10.dat', NAN, 'Test/X_10.dat holds NaN or infinity'),
]
MEANWHILE = [
    ('Train/X_13.dat', NAN, 'Train/X_13.dat holds NaN or infinity'),
    (
        'Train/X_1.dat',
        bytes(1024),
        'Train was written anew while it was read: run this again',
    ),
    pytest.param(
        'Train/X_13.dat', HUGE, 'Train/X_13.dat holds a value', marks=pytest.mark.slow
    ),
]


@pytest.mark.parametrize('script', SCRIPTS)
@pytest.mark.parametrize(('name', 'holds', 'said'), BAD)
def test_bad_data_end_in_one_line(data, script, name, holds, said):
    """Before the training; and each file stays as it was."""
    (data / name).write_bytes(holds)
    before = contents(data)
    refused(script, *SHORT, parts=[said])
    assert contents(data) == before


@pytest.mark.parametrize(('name', 'holds', 'said'), MEANWHILE)
def test_while_train_large_reads_them(data, monkeypatch, name, holds, said):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            (data / name).write_bytes(holds)

    monkeypatch.setattr(training.ShowAndSave, 'on_epoch_begin', on_epoch_begin)
    result = script('train_large.py', *SHORT, status=1)
    one_line(result, said)
    assert 'Epoch 1/3' in result.stdout and 'Epoch 2/3' not in result.stdout
    assert not os.path.exists('runs')


def test_help_shows_the_numbers(folder, monkeypatch):
    imported = mock.Mock()
    monkeypatch.setattr('support.start.import_keras', imported)
    for name in SCRIPTS:
        assert ' '.join(script(name, '--help').stdout.split()).endswith(
            ' --N_train N default 200 --N_test N default 50 --N_sequence N default 128'
            ' --N_epochs N default 300 --batch_size N default 32 --seed N default 0'
            ' --name NAME of the run, else a number: runs/NAME'
        )
    text = ' '.join(run(OWN_NUMBERS, '--help')[1].stdout.split())
    assert (
        ' --N_own N default 5 --rate X default 0.1 --bend TEXT default 5 % --on, --no-on'
        in text
    )
    assert imported.call_count == 3


# What stands in the script | what is typed | what comes out, or what is said
TYPED = """
{"N": 5, "r": 0.1, "on": true, "X": [1]} | | {"N": 5, "r": 0.1, "on": true, "X": [1]}
{"N_n": 5, "seed": 1}      | --N_n=1 --seed=0       | {"N_n": 1, "seed": 0}
{"n": -1}                  | --n=-2147483648        | {"n": -2147483648}
{"rate": 0.1, "a": "b"}    | --rate=2 --a=          | {"rate": 2.0, "a": ""}
{"on": true, "off": false} | --no-on --off          | {"on": false, "off": true}
{"N_n": 1}                 | --N_n=20.0             | N_n: 20.0 is not a whole number from 1
{"batch_size": 1}          | --batch_size=0         | batch_size: 0 is not a whole number from 1
{"seed": 0}                | --seed=-1              | seed: -1 is not a whole number from 0
{"n": 3}                   | --n=-2147483649        | whole number from -2147483648 to 2147483647
{"rate": 0.1}              | --rate=x               | rate: x is not a number
{"rate": 0.1}              | --rate=-inf            | rate: -inf is not a number
{"_own": 1, "n": 1}        | --_own=2               | unrecognized
{"N_train": 1}             | --N_tr=2               | unrecognized
"""


@pytest.mark.parametrize(('stands', 'typed', 'expected'), table(TYPED))
def test_typed_numbers_replace_those_of_the_script(
    monkeypatch, capsys, stands, typed, expected
):
    monkeypatch.setattr(sys, 'argv', ['mine.py', *typed.split()])
    monkeypatch.setattr(training, 'begin', lambda *_: None)
    variables = {'__file__': 'mine.py'} | json.loads(stands)
    if expected.startswith('{'):
        training.read_command_line(variables)
        assert json.dumps(variables) == expected.replace(
            '{', '{"__file__": "mine.py", '
        )
    else:
        with pytest.raises(SystemExit, match='2'):
            training.read_command_line(variables)
        errors = capsys.readouterr().err
        assert (
            errors.startswith('usage: mine.py') and expected in errors.splitlines()[-1]
        )


RELU = "model.add(Dense(16, activation='relu'))"
TANH = "model.add(Dense(8, activation='tanh'))"
SIGMOID = "model.add(Dense(1, activation='sigmoid'))"
SOFTMAX = "model.add(Dense(4, activation='softmax'))"
LOSS, SPARSE = "loss='binary_crossentropy'", "loss='sparse_categorical_crossentropy'"
RESHAPE, LSTM = 'model.add(Reshape((N_sequence, 1)))', 'model.add(LSTM(16))'
# Edits: what stands in train.py -> what is to stand there, & the next.
NO_LAYERS = f'{RELU} -> # & {TANH} -> # & {SIGMOID} -> #'
DENSE = '#model.add(Dense(1 -> model.add(Dense(1'  # the first such line
IMPORTS = '#from -> from & #from -> from'  # of LSTM and Reshape
LAYERS = f'#{RESHAPE} -> {RESHAPE} & #{LSTM} -> {LSTM} & #{SIGMOID} -> {SIGMOID}'
NO_FIT = 'history = model.fit(batches -> #( & callbacks=[ShowAndSave()]) -> #'
SLIDES_FIT = '#history = model.fit( -> history = model.fit('
KERAS = 'import numpy -> import keras, numpy'
OWN_NUMBERS = r"seed = 0 -> seed = 0\nN_own = 5\nrate = 0.1\nbend = '5 %'\non = True"
OWN_NETWORK = rf"{TANH} -> {TANH}\nmodel.add(Dense(N_own, activation=bend)) & {LOSS} -> loss='mse'"
OWN_METRIC = "['accuracy'] -> [keras.metrics.BinaryAccuracy('accuracy'), 'mse']"
SOFTMAX_LAYER = (
    rf'{KERAS} & {SIGMOID} -> model.add(Dense(4))\nmodel.add(keras.layers.Softmax())'
)
# The edits | the layers that come out | what is printed, a regular expression
EDITS = rf"""
{NO_LAYERS} & {DENSE} & {DENSE} & {NO_FIT} & {SLIDES_FIT} | 16 linear, 1 linear | Epoch 3/3\n.*━━
{NO_LAYERS} & {IMPORTS} & {LAYERS} | Reshape, 16 tanh, 1 sigmoid | Epoch 3/3:
{SOFTMAX_LAYER} & {LOSS} -> {SPARSE} | 16 relu, 8 tanh, 4 linear, Softmax | Epoch 3/3:
{OWN_NUMBERS} & {OWN_NETWORK} & {KERAS} & {OWN_METRIC} | 16 relu, 8 tanh, 9 gelu, 1 sigmoid | , mse
{SLIDES_FIT} & (X_test, Y_test, v -> (X_train, Y_train, v | {TUTORIALS} | twice[\s\S]*The accuracy above is not
"""
BROKEN = (
    "import tensorflow as tf; raise tf.errors.InvalidArgumentError(None, None, 'why')"
)
SET, EMPTY = 'N_train, N_sequence = 20, 128; ', "open('Train/X_20.dat', 'wb').close(); "
# The second line of a script | what is said, in one line of the script's or after a traceback
ERRORS = rf"""
def f(): return relu\nf() | small.py: line 2, def f(): return relu: put the name in quotes: 'relu'
raise ModuleNotFoundError(name='rich') | small.py: the package rich is not installed here
raise MemoryError | small.py: the memory is full
raise type('ResourceExhaustedError', (Exception,), {{}}) | small.py: the memory is full
{SET}{EMPTY}{BROKEN} | small.py: Train/X_20.dat is empty
from support.console import report_accuracy | small.py: this script is from an older version of the
from support.training import finish | small.py: this script is from an older version of the
from support.training import *; help = 1; read_command_line(globals()) | small.py: line 2, from
qwertz | small.py: line 2, qwertz: there is no qwertz: give it a value above
raise ModuleNotFoundError('No module', name='pandas') | small.py: line 2, raise ModuleNotFound
{SET}{BROKEN} | small.py: line 2, N_train, N_sequence = 20, 128; import tensor
{EMPTY}{BROKEN} | small.py: line 2, open(
raise TypeError('odd') | small.py: line 2, raise TypeError('odd'): odd (TypeError)
import keras; keras.ops.reshape([1.0], (7, 5)) | small.py: line 2, import keras; keras.ops.resh
def f(): raise ValueError({'wide ' * 50!r})\nf() | ValueError: {'wide ' * 50}
def f(): import keras; keras.ops.reshape([1.0], (7, 5))\nf() | InvalidArgumentError:
"""


def run(edits, *arguments, status=0):
    """Run train.py after these edits, each at the first place that fits; return text and Result."""
    text = TRAIN
    for edit in edits.split(' & '):
        old, new = (part.strip().replace(r'\n', '\n') for part in edit.split('->'))
        assert old in text, old
        text = text.replace(old, new, 1)
    pathlib.Path('train.py').write_text(text, encoding='utf-8')
    return text, script(os.path.abspath('train.py'), *arguments, status=status)


@pytest.mark.parametrize(('edits', 'expected', 'shown'), table(EDITS))
def test_edits(data, edits, expected, shown):
    own = ('--N_own', 9, '--bend=gelu', '--no-on', '--batch_size', 1)
    _, result = run(edits, *SHORT, *(own if 'bend' in edits else ()))
    assert result.stderr == '' and re.search(shown, result.stdout), result.stdout
    assert saved() == expected and re.search(r'\nAccuracy: \d+\.\d\d%\n', result.stdout)
    assert result.stdout.count('\nRun: runs/1 with ') == 1
    assert ('Without a sigmoid' in result.stdout) == ('16 linear' in expected)
    assert ('The last layer has 4 neurons' in result.stdout) == ('Softmax' in expected)


@pytest.mark.parametrize(('code', 'said'), table(ERRORS))
def test_errors_that_nobody_catches(data, code, said):
    """One line, or the traceback without Keras's own lines."""
    code = code.replace(r'\n', '\n')
    text = f'from support.start import prepare; prepare()\n{code}\n'
    pathlib.Path('small.py').write_text(text, encoding='utf-8')
    told = script(os.path.abspath('small.py'), status=1).stderr
    *others, last = told.splitlines()
    assert last.startswith(said) and bool(others) != said.startswith('small.py: ')
    if others:
        ours, *of_keras = told.split('/keras/', 1)
        assert f'❱ 2 {code[:30]}' in ours and '❱' not in ''.join(of_keras)
        assert bool(of_keras) == ('keras' in code)
    assert mistakes.explain(NameError('x', name='x')) is None  # typed after python -i


def test_the_device_is_told(monkeypatch, capsys):
    from tensorflow import config

    details = {'a': {'device_name': 'NVIDIA H100'}, 'b': {}}
    monkeypatch.setattr(config.experimental, 'get_device_details', details.get)
    for GPUs, expected in (
        ('', 'CPU'),
        ('ab', 'GPU: NVIDIA H100'),
        ('ba', 'GPU: unknown'),
    ):
        monkeypatch.setattr(config, 'list_physical_devices', {'GPU': GPUs}.get)
        for granted in 'SLURM_JOB_GPUS', 'SLURM_GPUS_ON_NODE', 'NOTHING':
            with mock.patch.dict(os.environ, {granted: '1'}):
                assert runs.device() == expected
            warned = capsys.readouterr().err.startswith(
                'Warning: Slurm granted a GPU, but Tensor'
            )
            assert warned == ('SLURM' in granted and not GPUs)


def fit(shown, callback, **looks):
    """Train a network of one neuron for two epochs of three batches, with this stdout."""
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1, 'sigmoid')])
    model.compile('sgd', 'binary_crossentropy', metrics=['accuracy'])
    callbacks = [callback, keras.callbacks.LambdaCallback(**looks)]
    with contextlib.redirect_stdout(shown):
        model.fit(
            np.ones((6, 2)), np.ones(6), batch_size=2, epochs=2, callbacks=callbacks
        )


def test_a_bar_on_a_terminal(folder, monkeypatch):
    monkeypatch.setenv('TERM', 'xterm')
    at_the_end, seen, show, shown = [], [], training.ShowAndSave(), io.StringIO()
    monkeypatch.setattr('support.training.atexit.register', at_the_end.append)
    monkeypatch.setattr('support.training.bars.callback', at_the_end.append)
    shown.isatty = lambda: True

    def look(batch, logs):
        (task,) = show.bar.tasks
        seen.append(
            (show.bar.live.is_started, task.completed, task.total, task.description[:9])
        )

    fit(shown, show, on_train_batch_end=look)
    assert seen == [
        (True, i, 6, 'Epoch 1' if i < 4 else 'Epoch 1/2') for i in range(1, 7)
    ]
    assert at_the_end[:2] == [show.bar.stop] * 2  # for Ctrl-C and errors
    assert show.bar.tasks[0].description.startswith('Epoch 2/2: accuracy ')
    assert shown.getvalue().endswith('\x1b[?25h')  # the cursor is back


@pytest.mark.parametrize(('terminal', 'kind'), [(False, 'xterm'), (True, 'dumb')])
def test_a_line_an_epoch_in_a_log(folder, monkeypatch, terminal, kind):
    """Also on a terminal that can't draw; and each line comes out at once."""
    monkeypatch.setenv('TERM', kind)
    shown, flushed = io.StringIO(), []
    shown.isatty = lambda: terminal
    shown.flush = lambda: flushed.append(shown.getvalue())
    fit(shown, training.ShowAndSave())
    lines = shown.getvalue().splitlines(keepends=True)
    assert flushed[:3] == [''.join(lines[:i]) for i in (2, 3, 4)]
    assert lines[1].startswith('Training on ') and epochs(flushed[2], 2)


def test_outputs_are_those_of_keras():
    """More than 1,000 sequences; an answer of exactly 0.5; layers that differ in training."""
    X = np.random.default_rng(0).normal(size=(2100, 3))
    X[7] = 0
    one = keras.Sequential(
        [keras.Input((3,)), layers.Dropout(0.9), layers.Dense(1, 'sigmoid')]
    )
    two = keras.Sequential([keras.Input((3,)), layers.Dense(2, 'softmax')])
    scores, share = runs.outputs(one, X), one.predict(X, verbose=0)[:, 0]
    np.testing.assert_allclose(scores, np.transpose([1 - share, share]), atol=1e-6)
    assert scores[7].argmax() == 0 and 0 < scores.argmax(axis=1).mean() < 1
    np.testing.assert_allclose(
        runs.outputs(two, X), two.predict(X, verbose=0), atol=1e-6
    )


def check(Y_train, Y_test, *network, X=((0, 1),)):
    """Return what is said when a network with these layers is checked."""
    model = keras.Sequential([keras.Input((2,)), *network])
    kind = 'binary' if model.output_shape[1] == 1 else 'sparse_categorical'
    model.compile(loss=f'{kind}_crossentropy', metrics=['accuracy'])
    X, Y_train, Y_test = (
        np.array(list(values), float) for values in (X, Y_train, Y_test)
    )
    X_test = np.resize(X, (len(Y_test), 2))
    with (
        mock.patch.object(sys, 'argv', ['mine.py']),
        mock.patch.object(mistakes, 'try_to_save'),
    ):
        return printed(mistakes.check_network, model, iter(X), Y_train, X_test, Y_test)


# Y_train | Y_test | neurons | what is said, a regular expression
CLASSES = r"""
00  | 00 | 2 | All training sequences are of class 0: there is nothing to tell\.
03  | 20 | 4 |
02  | 01 | 4 | The last layer has 4 neurons, but there are 3 classes: Dense\(3, .* is enough\.
0   | 2  | 4 | The last layer has 4 neurons, .* is enough\.\nAll training .*
012 | 01 | 1 | Train/Y_3.dat holds class 2, .* 1 output.* mine.py Dense\(3, .*'sparse_cat.*
01  | 40 | 1 | Test/Y_1.dat holds class 4, .* 1 output.* mine.py Dense\(5, .*'sparse_cat.*
032 | 01 | 3 | Train/Y_2.dat holds class 3, .* 3 output.* mine.py Dense\(4, .*'sparse_cat.*
121 | 01 | 1 | Train has no sequence of class 0, but Train/Y_2.dat holds class 2: number .*
"""
SAME, FAR, NEAR = (
    'there is nothing to learn',
    'too far from 0 and 1',
    'add to mine.py the Normali',
)
# What is said of a mean and a standard deviation.
SCALES = {
    '': [(0, 1), (3, 1), (-3, 1), (0, 9.5), (0, 0.002)],
    NEAR: [
        (3.5, 1),
        (-3.5, 1),
        (0, 10),
        (0, 10.5),
        (0, 0.001),
        (0, 6e-7),
        (0, 9e14),
        (1e5, 1),
    ],
    FAR: [(0, 5e-7), (0, 1e-7), (0, 1e15), (0, 1e20), (100_000.5, 1), (-2e5, 1)],
    SAME: [(7, 0)],
}


@pytest.mark.parametrize(('Y_train', 'Y_test', 'neurons', 'said'), table(CLASSES))
def test_classes_that_a_network_can_tell(Y_train, Y_test, neurons, said):
    last = layers.Dense(int(neurons), 'sigmoid' if neurons == '1' else 'softmax')
    assert re.fullmatch(said, check(Y_train, Y_test, last).strip())


def test_advice_on_the_scale():
    network = [layers.Normalization(mean=0, variance=1), layers.Dense(1, 'sigmoid')]
    for said, mean, spread in (
        (key, *scale) for key in SCALES for scale in SCALES[key]
    ):
        X = np.array([[mean - spread, mean + spread]])
        told = check('01', '01', network[1], X=X)
        begins = f'The values have a mean of {mean:.3g} and a standard deviation of {spread:.3g}. '
        assert said in told and (told.startswith(begins) if said else told == '')
        assert check('01', '01', *network, X=X) == (told if said in (FAR, SAME) else '')
        assert printed(mistakes.check_scale, X, False, 'mine.py') == told
    # The means of the sequences are far apart, against the values within one.
    for within, said in (
        (0.6, ''),
        (0.4, 'LayerNormal'),
        (2e-3, 'LayerNormal'),
        (1e-7, FAR),
        (0, ''),
    ):
        X = np.array([[mean - within, mean + within] for mean in (-1, 1)])
        told = check('01', '01', network[1], X=X)
        assert said in told and ('Each sequence has a mean of its own' in told) == bool(
            said
        )
        for layer in (
            network[0],
            layers.LayerNormalization(),
            layers.BatchNormalization(),
        ):
            assert check('01', '01', layer, network[1], X=X) == (
                told if said == FAR else ''
            )
        later = [layers.Dense(2), layers.BatchNormalization(), network[1]]
        assert check('01', '01', *later, X=X) == told
    X = np.array([[-1.0, 1.0]] * 1000 + [[-1e9, 1e9]])  # of which the first 1,000 count
    assert (
        printed(mistakes.check_scale, X) == '' != printed(mistakes.check_scale, X[1:])
    )
