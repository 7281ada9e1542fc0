"""train.py and train_large.py as they are run and edited."""

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
from support.explain import explain

import keras
import numpy as np
import pytest
from conftest import PROJECT, SHORT, TRAIN, contents, one_line, process, refused, script
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
    """Return the neurons and activation of each layer of the newest run."""
    return ', '.join(
        f'{x.units} {x.activation.__name__}'
        if hasattr(x, 'units')
        else type(x).__name__
        for x in keras.models.load_model('runs/last/model.keras').layers
    )


def table(text):
    """Return the rows of a table, whose cells | divides."""
    return [
        [cell.strip() for cell in row.split('|')] for row in text.strip().splitlines()
    ]


def test_the_lesson(lesson, monkeypatch):
    monkeypatch.chdir(lesson.folder)
    assert saved() == TUTORIALS and epochs(lesson.stdout, 300)[-1] > 0.99
    began = r' 2,209 [\s\S]*\nData: 200 of 200 \+ 50 of 50 sequences, sine and square'
    began += r' waves, seed 0\n'
    assert re.search(rf'{began}Training on (CPU|GPU: .+)\nEpoch 1/300', lesson.stdout)
    X_test, Y_test = read_set('Test', 50, 128)
    network = keras.models.load_model('runs/1/model.keras')
    right = int(sum(runs.outputs(network, X_test).argmax(axis=1) == Y_test))
    assert right >= 40
    ended = (
        f'\nEvaluating Test Set\nAccuracy: {2 * right}.00%\n{right} of 50 right; 95 %'
    )
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


NAN, HUGE = (np.array([0.0] * 127 + [value]).tobytes() for value in (np.nan, -1e44))
TWO = np.array(2.0).tobytes()
BAD = [
    ('Train/X_20.dat', HUGE, 'Train/X_20.dat holds a value of size 1e+44'),
    ('Train/Y_5.dat', TWO, 'do not fit 3 classes'),
    ('Test/Y_5.dat', TWO, 'do not fit 3 classes'),
    ('Test/X_10.dat', NAN, 'Test/X_10.dat holds NaN or infinity'),
]
MEANWHILE = [
    (
        'Train/X_1.dat',
        bytes(1024),
        'Train was replaced while it was read: run this again',
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
    monkeypatch.setattr('support.start.import_keras', mock.Mock())
    numbers = {'N_train': 200, 'N_test': 50, 'N_sequence': 128, 'N_epochs': 300}
    numbers |= {'batch_size': 32, 'seed': 0}
    for name in SCRIPTS:
        shown = ' '.join(script(name, '--help').stdout.split())
        for number, value in numbers.items():
            assert f' --{number} N default {value} ' in shown
        assert shown.endswith('runs/NAME')
    write(OWN)
    shown = ' '.join(train('--help').stdout.split())
    own = ' --N_own N default 5 --rate X default 0.1 --bend TEXT default 5 % --on,'
    assert own in shown


# What stands in the script | what is typed | what comes out, or what is said
TYPED = """
{"N": 5, "r": 0.1, "on": true, "X": [1]} | | {"N": 5, "r": 0.1, "on": true, "X": [1]}
{"N_n": 5, "seed": 1}      | --N_n=1 --seed=0       | {"N_n": 1, "seed": 0}
{"n": -1}                  | --n=-2147483648        | {"n": -2147483648}
{"rate": 0.1, "a": "b"}    | --rate=2 --a=          | {"rate": 2.0, "a": ""}
{"on": true, "off": false} | --no-on --off          | {"on": false, "off": true}
{"N_n": 1}                 | --N_n=20.0             | N_n: 20.0 is not a whole number
{"batch_size": 1}          | --batch_size=0         | size: 0 is not a whole number
{"seed": 0}                | --seed=-1              | seed: -1 is not a whole number
{"n": 3}                   | --n=-2147483649        | not a whole number from
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


# ------------------------------------------------------------------ edits of train.py

# What is replaced, as regular expressions; the first place that fits counts.
RELU, TANH, SIGMOID = (rf"model\.add\(.*'{x}'\)\)" for x in ('relu', 'tanh', 'sigmoid'))
INPUT, SEQUENTIAL, SUMMARY = r'Input\(.*?,\)\)', r'Sequential\(\)', r'model\.summary'
RMSPROP, LOSS, METRICS = "'rmsprop'", "'binary_crossentropy'", r"\['accuracy'\]"
NUMPY, LAYERS, DENSE = 'import numpy as np', 'keras.layers import', 'import Dense'
FILL, LOOP = r'X_train\[x,\], Y_train\[x\]', r'for x in range\(N_train\)'
READ, EMPTY_Y = r'read_command_line\(globals\(\)\)', r'np.empty\(N_train\)'
CALLBACK, FIT, PAIR = r'\[ShowAndSave\(\)\]', r'model\.fit\(batches', r'\(X_.*, Y_.*?\)'
SHUFFLE, SEED = r'shuffle=False,\n', 'seed = 0 '
# Above this, something is added.
LOADED, BUILT, CHECKED = '# Create our Keras', '# Compile model', '# Fit the model'
ONE = "model.add(Dense(1, activation='sigmoid'))"
NINE = 'model.add(Dense(9))\n#'
LSTM = {DENSE: 'import Dense, Reshape, LSTM'}
ADAM = {DENSE: 'import Dense\nfrom keras.optimizers import Adam'}
SMALL = {'N_train = 200': 'N_train = 20', 'N_test = 50': 'N_test = 10'}
NO_LAYERS = {RELU: '', TANH: '', SIGMOID: ''}

# The edits; what the sentence or the hint says; a text that the line named holds, where
# that is not the line edited.
LOUD = [
    ({RMSPROP: 'RMSprop(0.01)'}, 'line  from keras.optimizers import RMSprop'),
    ({RMSPROP: 'rmsprop'}, "quotes: 'rmsprop'"),
    ({RMSPROP: "'rmsporp'"}, "did you mean 'rmsprop'?", 'optimizer'),
    (ADAM | {RMSPROP: 'Adam(lr=0.01)'}, 'optimizer=RMSprop(learning_rate=0.01)'),
    (ADAM | {RMSPROP: 'Adam'}, 'lacks its brackets', 'optimizer'),
    ({f'loss={LOSS}': 'loss="mse", learning_rate=0.1'}, 'belongs to the optimizer'),
    ({LOSS: 'binary_crossentropy'}, "quotes: 'binary_crossentropy'"),
    ({LOSS: "'binary_cross_entropy'"}, "did you mean 'binary_crossentropy'?", 'fit('),
    ({METRICS: '[accuracy]'}, "quotes: 'accuracy'"),
    ({"'relu'": 'relu'}, "quotes: 'relu'"),
    ({"'relu'": "'rleu'"}, "did you mean 'relu'?"),
    ({"'relu'": "'SmoothReLU'"}, "'softplus'"),
    ({"'relu'": 'SmoothReLU'}, "quotes: 'softplus'"),
    ({TANH: "model.add(Dense(9, activaton='tanh'))"}, "did you mean 'activation'?"),
    ({TANH: 'model.add(dense(9))'}, "did you mean 'Dense'?"),
    ({TANH: "model.add(Dense(9), activation='tanh')"}, 'in its own brackets'),
    ({TANH: 'model.add(Dense)'}, 'lacks its brackets'),
    ({TANH: 'model.add[Dense(9)]'}, 'round brackets'),
    ({TANH: 'model.add.Dense(16)'}, 'or around what it takes: model.add(Dense(16))'),
    ({TANH: f'model = {NINE}'}, 'leave out "model ="', 'sigmoid'),
    ({TANH: 'model.add(Dropout(0.2))'}, 'line  from keras.layers import Dropout'),
    ({RELU: 'model.add(LSTM(16))'} | LSTM, 'Reshape((N_sequence, 1))'),
    ({INPUT: 'Input(shape=(N_sequence))'}, 'shape=(N_sequence,)'),
    ({SEQUENTIAL: 'Sequential'}, 'lacks its brackets', 'Input('),
    ({'keras.models': 'keras.layers'}, 'write  from keras.models import Sequential'),
    ({LAYERS: 'keras.layer import'}, "did you mean 'keras.layers'?"),
    ({DENSE: 'import dense'}, "did you mean 'Dense'?"),
    ({NUMPY: ''}, 'line  import numpy as np', 'np.empty'),
    ({', read_test_data': ''}, 'from utilities import read_test_data', 'X_test[x,]'),
    ({', show_plots': ', show_plot'}, "did you mean 'show_plots'?"),
    ({'N_test = 50': 'N_test == 50'}, 'by a single ='),
    ({SUMMARY: 'model.sumary'}, "did you mean 'summary'?"),
    ({f'\\({PAIR}\\)': '(X_train, Y_train)'}, 'one pair, in brackets of its own'),
    ({'epochs=N_epochs': 'epoch=N_epochs'}, "did you mean 'epochs'?"),
    ({CALLBACK: '[ShowAndSave]'}, 'lacks its brackets', 'model.fit('),
    ({SHUFFLE: 'validation_data=X_test,\n'}, 'a pair, (X, Y)'),
]
# Advice that was wrong once, or would be.
NOT_SAID = [
    ({SEQUENTIAL: 'Sequential(Input(shape=(9,)), Dense(16))'}, 'comma'),
    ({SHUFFLE: 'validation_data=X_test,\n'}, 'batches'),
    ({'Y_test = np.empty.*': ''}, 'X_test'),
    ({'np.empty': 'np.nempty'}, 'nonempty'),
    ({TANH: 'model.add(Dense(9)), 1 / 0'}, 'Hint'),
]
# Only check_network notices.
REFUSED = [
    ({SIGMOID: ONE.replace('1', '2')}, '2 sigmoid'),
    ({SIGMOID: ONE.replace('sigmoid', 'softmax')}, '1 softmax'),
    ({LOSS: "'categorical_crossentropy'"}, 'do not fit 2 classes', 'loss='),
    ({BUILT: NINE}, '9 linear'),
    ({METRICS: "['acc']"}, "metrics=['accuracy']"),
    (NO_LAYERS, 'model.add( ) is missing', None),
    ({r'(?s)model.compile\(.*?\]\)': ''}, 'model.compile( ) is missing', None),
    ({INPUT: 'Input(shape=(100,))'}, 'shape=(N_sequence,)'),
    ({TANH: 'Dense(8)'}, 'put model.add( ) around it'),
    ({r'model.summary\(\)': 'model.summary'}, 'put brackets ( )'),
    ({SEED: 'seed = 0\nseed == 1'}, 'a single = gives a value'),
    ({READ: ''} | SMALL, 'put read_command_line(globals()) below', None),
    ({READ: 'read_command_line(globals())\nN_test = 7'}, 'above read_command_line( )'),
    ({CHECKED: NINE}, 'must stand above check_network( )'),
    ({PAIR: '(X_test, Y_test)'}, 'then tests nothing'),
    ({FIT: 'model.fit(X_test, Y_test'}, 'then tests nothing'),
    ({FILL: 'X_train, Y_train'}, 'they are [128] and []'),
    ({EMPTY_Y: 'np.empty([N_train, 1])'}, 'they are [20, 128] and [20, 1]'),
    ({LOADED: 'X_train = X_train[:9]\n#'}, 'they are [9, 128] and [20]'),
    ({LOADED: 'X_train[:] = 0\n#'}, 'row 0: not filled', None),
    ({LOADED: 'Y_test = Y_test + 0.5\n#'}, 'Y_test holds what is not a class', None),
    ({"'relu'": 'np.sin'}, 'cannot be saved'),
]
DROPOUT = {DENSE: 'import Dense, Dropout', TANH: 'model.add(Dropout(1.0))'}
UNCOMMENTED = {r'#(?=model.add\(Dense\(16)': '', r'#(?=model.add\(Dense\(1\))': ''}
# It says so, and trains.
SAID = [
    ({SIGMOID: 'model.add(Dense(1))'}, 'without a sigmoid'),
    (UNCOMMENTED, 'this neuron only', "1, activation='sigmoid'"),
    (DROPOUT, 'drops everything'),
    ({SHUFFLE: 'validation_data=(X_test, Y_test),\n'}, 'can no longer test'),
    (
        {LOOP: 'for x in range(N_train - 1)', 'np.empty': 'np.ones'},
        'X_train, row 19, is not as',
        None,
    ),
    ({LOADED: 'np.random.shuffle(X_train)\n#'}, 'X_train, row 0, is not as', None),
    ({LOADED: 'Y_test = 1 - Y_test\n#'}, 'Y_test, row 0, is not as', None),
    ({LOADED: 'Y_train = Y_train * 0\n#'}, 'are of class 0', None),
    ({LOADED: 'X_train = X_train * 100\n#'}, 'Normalization that docs', None),
]
SPARSE = "'sparse_categorical_crossentropy'"
OWN = {SEED: "seed = 0\nN_own = 5\nrate = 0.1\nbend = '5 %'\non = True"}
OWN_LAYER = {TANH: 'model.add(Dense(N_own, activation=bend))', LOSS: "'mse'"}
RECURRENT = {
    '#model.add.Reshape': 'model.add(Reshape',
    '#model.add.LSTM': 'model.add(LSTM',
}
RECURRENT = NO_LAYERS | RECURRENT | {f'#{SIGMOID}': ONE} | LSTM
MADE = 'made = tf.data.Dataset.from_tensor_slices((X_test, Y_test))\n#'
# What may be done, and the layers that come out.
RIGHT = [
    (RECURRENT, 'Reshape, 16 tanh, 1 sigmoid'),
    (
        {SIGMOID: ONE.replace("1, activation='sigmoid", "2, 'softmax"), LOSS: SPARSE},
        '2 s',
    ),
    (OWN | OWN_LAYER, '16 relu, 9 gelu, 1 sigmoid'),
    ({METRICS: "[tf.keras.metrics.BinaryAccuracy('accuracy'), 'mse']"}, TUTORIALS),
    ({FIT: 'model.fit(X_train, Y_train'}, TUTORIALS),
    ({LOADED: MADE, RMSPROP: "'adam'"}, TUTORIALS),
]


def write(edits):
    """Write train.py with these edits; return its lines, and the numbers of the new."""
    text = TRAIN
    for old, new in edits.items():
        assert re.search(old, text), old
        text = re.sub(old, lambda _, new=new: new, text, count=1)
    pathlib.Path('train.py').write_text(text, encoding='utf-8')
    lines, before = ['', *text.splitlines()], TRAIN.splitlines()
    return lines, [i for i, line in enumerate(lines) if line not in before]


def train(*arguments, status=0):
    return script(os.path.abspath('train.py'), *arguments, status=status)


def check_line(told, lines, new, text):
    """Check the line that an answer names: a new one, or one with this text."""
    number, shown = re.search(r'line (\d+)[:,] (.*)', told).groups()
    line = re.sub('  +#.*', '', lines[int(number)].strip())
    assert shown.startswith(line)
    assert text in line if text else int(number) in new


def cases(rows):
    return pytest.mark.parametrize(
        ('edits', 'said', 'text'), [row if len(row) > 2 else (*row, '') for row in rows]
    )


@cases(LOUD)
def test_an_error_in_two_or_three_lines(data, edits, said, text):
    """The script's line, Python's or Keras's sentence, perhaps a hint."""
    lines, new = write(edits)
    told = train(*SHORT, status=1).stderr
    assert re.fullmatch(r'train\.py, line \d+: .*\n\w+: .*\n(Hint: .*\n)?', told)
    assert said in told.split('\n', 1)[1] and not os.path.exists('runs')
    check_line(told, lines, new, text)


@pytest.mark.parametrize(('edits', 'said'), NOT_SAID)
def test_wrong_advice_is_not_given(data, edits, said):
    write(edits)
    assert said not in train(*SHORT, status=1).stderr.split('\n', 1)[1]


@cases(REFUSED)
def test_silent_mistakes_are_refused(data, edits, said, text):
    """Before the training, in one line; nothing is left."""
    lines, new = write(edits)
    told = one_line(train(*SHORT, status=1), said)
    assert not os.path.exists('runs')
    if text is not None:
        check_line(told, lines, new, text)


@cases(SAID)
def test_what_may_be_meant_is_said(data, edits, said, text):
    lines, new = write(edits)
    shown = train(*SHORT).stdout
    (told,) = [line for line in shown.splitlines() if said in line]
    assert 'Epoch 3/3' in shown and os.path.exists('runs/1')
    if text is not None:
        check_line(told, lines, new, text)


@pytest.mark.parametrize(('edits', 'expected'), RIGHT)
def test_right_edits(data, edits, expected):
    write(edits)
    own = ('--N_own', 9, '--bend=gelu', '--no-on') if SEED in edits else ()
    result = train(*SHORT, *own)
    assert result.stderr == '' and 'Epoch 3/3' in result.stdout
    assert expected in saved() and re.search(r'\nAccuracy: \d+\.\d\d%\n', result.stdout)
    assert 'line ' not in result.stdout and 'row ' not in result.stdout


# What is typed | what is said
OPTIONS = """
--epochs 50        | did you mean --N_epochs?
--N_Epochs 50      | did you mean --N_epochs?
N_train=50         | two dashes: --N_train 50
-N_train 50        | two dashes: --N_train 50
--n-train=50       | did you mean --N_train?
--name two words   | --name two_words
--neurons_of_mine  | arguments: --neurons_of_mine
"""


@pytest.mark.parametrize(('typed', 'said'), table(OPTIONS))
def test_mistyped_options(data, typed, said):
    told = script('train.py', *typed.split(), status=2).stderr
    assert told.startswith('usage: train.py') and said in told.splitlines()[-1]


def test_a_copy_of_any_name(data):
    """It trains, though Python has a module of that name, and is explained as well."""
    for name in 'support', 'utilities.py':
        os.symlink(PROJECT / name, name)
    for name in 'signal.py', 'copy.py':  # as Windows Notepad may save it
        pathlib.Path(name).write_text('\ufeff' + TRAIN, encoding='utf-8')
        assert 'Run: runs/' in process(data / name, *SHORT).stdout
    pathlib.Path('wide.py').write_text(
        TRAIN.replace("'relu'", 'relu'), encoding='utf-8'
    )
    told = process(data / 'wide.py', *SHORT, status=1).stderr.splitlines()
    assert told[0].startswith('wide.py, line ') and "quotes: 'relu'" in told[2]


def small(code):
    """Return what a script of this line tells of its error."""
    text = f'from support.start import prepare; prepare()\n{code}\n'
    pathlib.Path('small.py').write_text(text, encoding='utf-8')
    return script(os.path.abspath('small.py'), status=1).stderr


def test_other_errors(data):
    """Of the memory, of packages; and a bug in a file of ours keeps its traceback."""
    large = "from utilities import read_set; read_set('Train', 10**9, 10**6)"
    assert 'the memory is full' in small(large)
    missing = small("raise ModuleNotFoundError('no', name='rich')")
    assert missing.startswith('small.py: the package rich is not installed here')
    odd = 'import keras; keras.ops.reshape([1.0], (7, 5))'
    first, second = small(odd).splitlines()
    assert first == f'small.py, line 2: {odd}' and 'Error: ' in second
    ours = small('from support.runs import learning; learning({})')
    assert ours.startswith('Traceback') and "KeyError: 'epochs_to_95'" in ours
    assert explain(NameError('x', name='x')) is None  # typed after python -i


# ------------------------------------------------------------------ the fit


def fit(shown, callback, **looks):
    """Train a network for two epochs of three batches, with this stdout."""
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1, 'sigmoid')])
    model.compile('sgd', 'binary_crossentropy', metrics=['accuracy'])
    callbacks = [callback, keras.callbacks.LambdaCallback(**looks)]
    options = {'batch_size': 2, 'epochs': 2, 'callbacks': callbacks}
    with contextlib.redirect_stdout(shown):
        model.fit(np.ones((6, 2)), np.ones(6), **options)


def test_a_bar_on_a_terminal(folder, monkeypatch):
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.setattr(sys, 'excepthook', lambda *error: seen.append(error))
    seen, show, shown = [], training.ShowAndSave(), io.StringIO()
    shown.isatty = lambda: True

    def look(batch, logs):
        (task,) = show.bar.tasks
        seen.append((task.completed, task.total, task.description[:9]))

    fit(shown, show, on_train_batch_end=look)
    expected = [(i, 6, 'Epoch 1' if i < 4 else 'Epoch 1/2') for i in range(1, 7)]
    assert seen == expected
    assert show.bar.tasks[0].description.startswith('Epoch 2/2: accuracy ')
    assert shown.getvalue().endswith('\x1b[?25h')  # the cursor is back
    show.bar.start()
    sys.excepthook('an error')  # as in the middle of the fit
    assert not show.bar.live.is_started and seen[-1] == ('an error',)


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


# ------------------------------------------------------------------ the data


def check(Y, *network, X=((0, 1),)):
    """Return what is said when a network with these layers is checked."""
    model = keras.Sequential([keras.Input((2,)), *network])
    kind = 'binary' if model.output_shape[1] == 1 else 'sparse_categorical'
    model.compile(loss=f'{kind}_crossentropy', metrics=['accuracy'])
    X, Y = np.array(X, float), np.array([*Y], float)
    data = iter(X), Y, np.resize(X, (len(Y), 2)), Y
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        try:
            mistakes.check_network(model, *data)
        except DataError as error:
            print(error)
    return shown.getvalue()


@pytest.mark.parametrize(
    ('Y', 'neurons', 'said'),
    [
        ('00', 1, 'of class 0'),
        ('03', 4, ''),
        ('012', 1, 'Dense(3'),
        ('03', 3, 'Dense(4'),
    ],
)
def test_classes_that_a_network_can_tell(folder, Y, neurons, said):
    last = layers.Dense(neurons, 'sigmoid' if neurons == 1 else 'softmax')
    told = check(Y, last)
    assert said in told and bool(said) == bool(told)


def test_advice_on_the_scale(folder):
    last, normalized = (
        layers.Dense(1, 'sigmoid'),
        layers.Normalization(mean=0, variance=1),
    )
    near = [(0, 1), (3, 1), (-3, 1), (0, 9.5), (0, 0.002)]
    for mean, spread in [*near, (3.5, 1), (-3.5, 1), (0, 10.5), (0, 0.0009), (7, 0)]:
        X = [[mean - spread, mean + spread]]
        said = (
            '' if (mean, spread) in near else f'a mean of {mean:.3g} and a standard dev'
        )
        told = check('01', last, X=X)
        assert said in told and bool(said) == bool(told)
        assert check('01', normalized, last, X=X) == ''
    # The means of the sequences are far apart, against the values within one.
    for within, said in (0.6, False), (0.4, True), (2e-3, True):
        X = [[mean - within, mean + within] for mean in (-1, 1)]
        assert ('LayerNormalization' in check('01', last, X=X)) == said
