"""train.py and train_large.py as they are run and edited, and what they have in support/."""

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


NAN, HUGE = (np.array([0.0] * 127 + [value]).tobytes() for value in (np.nan, -1e44))
TWO = np.array(2.0).tobytes()
BAD = [
    ('Train/X_20.dat', HUGE, 'Train/X_20.dat holds a value of size 1e+44'),
    ('Train/Y_5.dat', TWO, 'Train/Y_5.dat holds class 2'),
    ('Test/Y_5.dat', TWO, 'Test/Y_5.dat holds class 2'),
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
    write(OWN_NUMBERS)
    shown = ' '.join(train('--help').stdout.split())
    own = ' --N_own N default 5 --rate X default 0.1 --bend TEXT default 5 % --on, --no-on'
    assert own in shown


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


# ------------------------------------------------------------------ edits of train.py

# What is replaced, as regular expressions; the first place that fits counts.
RELU, TANH, SIGMOID = (rf"model\.add\(.*'{x}'\)\)" for x in ('relu', 'tanh', 'sigmoid'))
INPUT, EMPTY_X = r'Input\(.*,\)\)', r'np.empty\(\[N_train, N_sequence\]\)'
OPTIMIZER, LOSS, METRICS = "'rmsprop'", "'binary_crossentropy'", r"\['accuracy'\]"
IMPORT, KERAS = 'import Dense', 'import numpy as np'
FILL, LOOP = r'X_train\[x,\], Y_train\[x\]', r'for x in range\(N_train\)'
READ, CHECK = r'read_command_line\(globals\(\)\)', r'check_network\(model.*\)'
CALLBACK, FIT, PAIR = r'\[ShowAndSave\(\)\]', r'model\.fit\(', r'\(X_train, Y_train\)'
BELOW = '# Compile model and print summary'  # below the layers
SIGMOID_LAYER = "model.add(Dense(1, activation='sigmoid'))"
LAYER = 'model.add(Dense(9))'
FILLED = '# Create our Keras model'  # below the loops
ADAM = {IMPORT: 'import Dense\nfrom keras.optimizers import Adam'}
RESHAPE = {IMPORT: 'import Dense, Reshape, LSTM'}
OWN_NUMBERS = {
    'seed = 0 ': "seed = 0\nN_own = 5\nrate = 0.1\nbend = '5 %'\non = True  "
}

# Errors: the edits, what the sentence or the hint says, what is in the line named (else
# it is the line edited).
LOUD = [
    ({OPTIMIZER: 'RMSprop(0.01)'}, 'line  from keras.optimizers import RMSprop'),
    ({OPTIMIZER: 'rmsprop'}, "quotes: 'rmsprop'"),
    ({OPTIMIZER: "'rmsporp'"}, "did you mean 'rmsprop'?", 'optimizer'),
    (ADAM | {OPTIMIZER: 'Adam(lr=0.01)'}, 'optimizer=RMSprop(learning_rate=0.01)'),
    (ADAM | {OPTIMIZER: 'Adam'}, 'lacks its brackets', 'optimizer'),
    ({f'loss={LOSS}': f'loss={LOSS}, learning_rate=0.1'}, 'belongs to the optimizer'),
    ({LOSS: 'binary_crossentropy'}, "quotes: 'binary_crossentropy'"),
    ({LOSS: "'binary_cross_entropy'"}, "did you mean 'binary_crossentropy'?", 'fit('),
    ({METRICS: '[accuracy]'}, "quotes: 'accuracy'"),
    ({"'relu'": 'relu'}, "quotes: 'relu'"),
    ({"'relu'": "'rleu'"}, "did you mean 'relu'?"),
    ({"'relu'": "'SmoothReLU'"}, "'softplus'"),
    ({"'relu'": 'SmoothReLU'}, "quotes: 'softplus'"),
    ({'Dense\\(8, ': 'Dense(8, activaton='}, 'expression'),
    ({'8, activation=': '8, activaton='}, "did you mean 'activation'?"),
    ({TANH: 'model.add(dense(9))'}, "did you mean 'Dense'?"),
    ({TANH: "model.add(Dense(9), activation='tanh')"}, 'in its own brackets'),
    ({TANH: 'model.add(Dense)'}, 'lacks its brackets'),
    ({TANH: 'model.add[Dense(9)]'}, 'round brackets'),
    ({TANH: 'model.add.Dense(16)'}, 'or around what it takes: model.add(Dense(16))'),
    ({TANH: f'model = {LAYER}'}, 'leave out "model ="', 'sigmoid'),
    ({TANH: 'model.add(Dropout(0.2))'}, 'line  from keras.layers import Dropout'),
    ({RELU: 'model.add(LSTM(16))'}, 'line  from keras.layers import LSTM'),
    (RESHAPE | {RELU: 'model.add(LSTM(16))'}, 'Reshape((N_sequence, 1))'),
    ({INPUT: 'Input(shape=(N_sequence)))'}, 'shape=(N_sequence,)'),
    ({r'Sequential\(\)': 'Sequential'}, 'lacks its brackets', 'Input('),
    ({r'Sequential\(\)': 'sequential()'}, "did you mean 'Sequential'?"),
    ({'keras.models': 'keras.layers'}, 'write  from keras.models import Sequential'),
    ({'keras.layers import': 'keras.layer import'}, "did you mean 'keras.layers'?"),
    ({'import Dense': 'import dense'}, "did you mean 'Dense'?"),
    ({KERAS: 'import nunpy as np'}, "did you mean 'numpy'?"),
    ({KERAS: ''}, 'line  import numpy as np', 'np.empty'),
    ({', read_test_data': ''}, 'from utilities import read_test_data', 'X_test[x,]'),
    ({'show_plots': 'show_plot'}, "did you mean 'show_plots'?"),
    ({'N_epochs =': 'N_epochs =='}, 'without a single =?'),
    ({r'\nhistory = ': '\n#history = '}, 'unexpected indent'),
    ({'summary': 'sumary'}, "did you mean 'summary'?"),
    ({f'\\({PAIR}\\)': '(X_train, Y_train)'}, 'one pair, in brackets of its own'),
    ({'epochs=N_epochs': 'epoch=N_epochs'}, "did you mean 'epochs'?"),
    ({CALLBACK: '[ShowAndSave]'}, 'lacks its brackets', 'model.fit('),
    ({'shuffle=False': 'validation_data=X_test'}, 'a pair, (X, Y)'),
]
# The advice that was wrong once: what must not appear.
NOT_SAID = [
    ({INPUT: 'Input(shape=(N_sequence,)), 5)'}, 'comma'),
    ({r'Sequential\(\)': 'Sequential(Input(shape=(9,)), Dense(16))'}, 'comma'),
    ({'shuffle=False': 'validation_data=X_test'}, 'batches do not fit'),
    ({'Y_test = np.empty.*': ''}, "X_test'?"),
    ({'N_test = 50': ''}, 'N_train'),
    ({TANH: 'model.add(Dense(9)), 1 / 0'}, 'Hint'),
]
# Nothing but check_network notices: the edits, what it says, what is in the line named.
REFUSED = [
    ({SIGMOID: SIGMOID_LAYER.replace('1', '2')}, '2 sigmoid'),
    ({SIGMOID: SIGMOID_LAYER.replace('sigmoid', 'softmax')}, '1 softmax'),
    ({SIGMOID: SIGMOID_LAYER.replace('sigmoid', 'relu')}, '1 relu'),
    ({LOSS: "'categorical_crossentropy'"}, 'do not fit 2 classes', 'loss='),
    ({BELOW: f'{LAYER}\n#'}, '9 linear'),
    ({METRICS: "['acc']"}, "metrics=['accuracy']"),
    ({RELU: f'#{RELU}', TANH: '', SIGMOID: ''}, 'model.add( ) is missing', None),
    ({r'(?s)model.compile\(.*?\]\)': ''}, 'model.compile( ) is missing', None),
    ({INPUT: 'Input(shape=(100,)))'}, 'shape=(N_sequence,)'),
    ({TANH: 'Dense(8)'}, 'put model.add( ) around it'),
    ({r'model.summary\(\)': 'model.summary'}, 'put brackets ( )'),
    ({'seed = 0': 'seed = 0\nseed == 1'}, 'a single = gives a value'),
    ({READ: ''}, 'put read_command_line(globals()) below', None),
    ({READ: 'read_command_line(globals())\nN_test = 7'}, 'above read_command_line( )'),
    ({'# Fit the model': f'{LAYER}\n#'}, 'must stand above check_network( )'),
    ({'# Fit the model': "model.compile(loss='mse')\n#"}, 'must stand above'),
    ({PAIR: '(X_test, Y_test)'}, 'then tests nothing'),
    ({f'{FIT}batches': 'model.fit(X_test, Y_test'}, 'then tests nothing'),
    ({FILL: 'X_train, Y_train'}, 'they are [128] and []'),
    ({r'np.empty\(N_train\)': 'np.empty([N_train, 1])'}, '[20, 1]'),
    ({f'{FILLED}': 'X_train = X_train[:10]\n#'}, 'they are [10, 128] and [20]'),
    ({FILLED: 'X_train[:] = 0\n#'}, 'row 0: not filled', None),
    ({FILLED: 'Y_test = Y_test + 0.5\n#'}, 'Y_test holds what is not a class', None),
    ({"'relu'": 'np.sin'}, 'cannot be saved'),
]
# It says so, and trains.
SAID = [
    ({SIGMOID: 'model.add(Dense(1))'}, 'without a sigmoid'),
    (
        {
            '#model.add.Dense.16': 'model.add(Dense(16',
            '#model.add.Dense.1\\)': LAYER[:16] + '1)',
        },
        'this neuron only',
        "1, activation='sigmoid'",
    ),
    (
        {IMPORT: 'import Dense, Dropout', TANH: 'model.add(Dropout(1.0))'},
        'drops everything',
    ),
    ({'shuffle=False': 'validation_data=(X_test, Y_test)'}, 'can no longer test'),
    ({LOOP: 'for x in range(N_train - 1)'}, 'X_train, row 19, is not as', None),
    ({FILLED: 'np.random.shuffle(X_train)\n#'}, 'X_train, row 0, is not as', None),
    ({FILLED: 'Y_test = 1 - Y_test\n#'}, 'Y_test, row 0, is not as', None),
    ({FILLED: 'Y_train = Y_train * 0\n#'}, 'are of class 0', None),
    ({FILLED: 'X_train = X_train * 100\n#'}, 'Normalization that docs', None),
]
# What may be done: the edits, the layers that come out.
RIGHT = [
    (
        {
            'seed = 0 ': "seed = 0\noptimizer = 'adam'  ",
            f'optimizer={OPTIMIZER}': 'optimizer=optimizer',
        },
        TUTORIALS,
    ),
    (
        {
            RELU: '#',
            TANH: '#',
            SIGMOID: '#',
            '#model.add.Reshape': 'model.add(Reshape',
            '#model.add.LSTM': 'model.add(LSTM',
            f'#{SIGMOID}': SIGMOID_LAYER,
        }
        | RESHAPE,
        'Reshape, 16 tanh, 1 sigmoid',
    ),
    (
        {
            SIGMOID: "model.add(Dense(2, 'softmax'))",
            LOSS: "'sparse_categorical_crossentropy'",
        },
        '16 relu, 8 tanh, 2 softmax',
    ),
    (
        OWN_NUMBERS | {TANH: 'model.add(Dense(N_own, activation=bend))', LOSS: "'mse'"},
        '16 relu, 9 gelu, 1 sigmoid',
    ),
    ({METRICS: "[tf.keras.metrics.BinaryAccuracy('accuracy'), 'mse']"}, TUTORIALS),
    ({f'{FIT}batches': 'model.fit(X_train, Y_train'}, TUTORIALS),
    (
        {
            FILLED: 'validation = tf.data.Dataset.from_tensor_slices((X_test, Y_test))\n#'
        },
        TUTORIALS,
    ),
]


def write(edits):
    """Write train.py with these edits; return the numbers of its new lines, and all."""
    text = TRAIN
    for old, new in edits.items():
        assert re.search(old, text), old
        text = re.sub(old, lambda _, new=new: new, text, count=1)
    pathlib.Path('train.py').write_text(text, encoding='utf-8')
    lines = ['', *text.splitlines()]
    before = TRAIN.splitlines()
    return [i for i, line in enumerate(lines) if line not in before], lines


def train(*arguments, status=0):
    return script(os.path.abspath('train.py'), *arguments, status=status)


def check_named(told, edits, *wanted):
    """Check that an answer names and shows the line edited, or one that holds a text."""
    new, lines = write(edits)
    number, shown = re.search(r'line (\d+)[:,] (.*)', told).groups()
    line = re.sub('  +#.*', '', lines[int(number)].strip())
    assert shown.startswith(line)
    assert wanted[0] in line if wanted else int(number) in new


@pytest.fixture
def filled(monkeypatch):
    """np.empty leaves something in its arrays, as it may."""

    def empty(shape, dtype=float):
        return np.full(shape, 7, dtype)

    monkeypatch.setattr(np, 'empty', empty)


@pytest.mark.parametrize(('edits', 'said', 'line'), [(*x, None)[:3] for x in LOUD])
def test_errors_in_two_or_three_lines(data, edits, said, line):
    """The script's line, Python's or Keras's sentence, perhaps a hint."""
    write(edits)
    told = train(*SHORT, status=1).stderr
    if 'SyntaxError' in told or 'IndentationError' in told:  # Python's own
        assert said in told
        return
    assert re.match(r'train\.py, line \d+: .*\n\w+: .*(\nHint: .*)?\n$', told)
    assert said in told.split('\n', 1)[1] and not os.path.exists('runs')
    check_named(told, edits, *filter(None, [line]))


@pytest.mark.parametrize(('edits', 'said'), NOT_SAID)
def test_wrong_advice_is_not_given(data, edits, said):
    write(edits)
    told = train(*SHORT[2:4], *SHORT[4:], status=None).stderr
    assert said not in told.split('\n', 1)[1]


@pytest.mark.parametrize('case', REFUSED)
def test_silent_mistakes_are_refused(data, filled, case):
    """Before the training, in one line that names the one to mend; nothing is left."""
    edits, said, *line = case
    write(edits)
    told = one_line(train(*SHORT, status=1), said)
    assert not os.path.exists('runs')
    if line != [None]:
        check_named(told, edits, *line)


@pytest.mark.parametrize('case', SAID)
def test_what_may_be_meant_is_said(data, filled, case):
    edits, said, *line = case
    write(edits)
    shown = train(*SHORT).stdout
    (told,) = [x for x in shown.splitlines() if said in x]
    assert 'Epoch 3/3' in shown and os.path.exists('runs/1')
    if line != [None]:
        check_named(told, edits, *line)


@pytest.mark.parametrize(('edits', 'expected'), RIGHT)
def test_edits(data, edits, expected):
    write(edits)
    own = ('--N_own', 9, '--bend=gelu', '--no-on') if 'N_own' in str(edits) else ()
    result = train(*SHORT, *own)
    assert result.stderr == '' and 'Epoch 3/3' in result.stdout
    assert saved() == expected and re.search(r'\nAccuracy: \d+\.\d\d%\n', result.stdout)
    assert 'line ' not in result.stdout


# What is typed | what is said
OPTIONS = """
--epochs 50        | did you mean --N_epochs?
--N_Epochs 50      | did you mean --N_epochs?
-N_train 50        | two dashes: --N_train 50
N_train=50         | two dashes: --N_train 50
--n-train=50       | did you mean --N_train?
--name two words   | --name two_words
--neurons 5        | arguments: --neurons 5
--N_train 2.5      | 2.5 is not a whole number
--name runs/x      | letters, digits
"""


@pytest.mark.parametrize(('typed', 'said'), table(OPTIONS))
def test_mistyped_options(data, typed, said):
    told = script('train.py', *typed.split(), status=2).stderr
    assert told.startswith('usage: train.py') and said in told.splitlines()[-1]


def test_a_copy_of_any_name(data):
    """It is explained as well, and trains though Python has a module of that name."""
    for name in 'signal.py', 'copy.py', 'wide.py':
        pathlib.Path(name).write_text('\ufeff' + TRAIN, encoding='utf-8')
    for name in 'support', 'utilities.py':
        os.symlink(PROJECT / name, name)
    for name in 'signal.py', 'copy.py':
        assert 'Run: runs/' in process(data / name, *SHORT).stdout
    assert not contents('runs/1')['train.py'].startswith(b'\xef\xbb\xbf')
    wide = pathlib.Path('wide.py')
    wide.write_text(TRAIN.replace("'relu'", 'relu'), encoding='utf-8')
    told = process(data / 'wide.py', *SHORT, status=1).stderr.splitlines()
    assert told[0].startswith('wide.py, line ') and "quotes: 'relu'" in told[2]


def run_small(code):
    text = f'from support.start import prepare; prepare()\n{code}\n'
    pathlib.Path('small.py').write_text(text, encoding='utf-8')
    return script(os.path.abspath('small.py'), status=1).stderr


def test_other_errors(data):
    """Of the memory, of packages; and a bug in a file of ours keeps its traceback."""
    assert 'the memory is full' in run_small('raise MemoryError')
    missing = "raise ModuleNotFoundError('no rich', name='rich')"
    assert run_small(missing).startswith('small.py: the package rich is not installed')
    odd = 'import keras; keras.ops.reshape([1.0], (7, 5))'
    first, second, *hint = run_small(odd).splitlines()
    assert first == f'small.py, line 2: {odd}' and 'Error' in second and not hint
    shown = run_small('from support.runs import learning; learning({})')
    assert shown.startswith('Traceback') and "KeyError: 'epochs_to_95'" in shown
    assert explain(NameError('x', name='x')) is None  # typed after python -i


def test_the_device_is_told(monkeypatch, capsys):
    config, details = training.tf.config, {'a': {'device_name': 'NVIDIA H100'}, 'b': {}}
    monkeypatch.setattr(config.experimental, 'get_device_details', details.get)
    for GPUs, expected in (
        ('', 'CPU'),
        ('ab', 'GPU: NVIDIA H100'),
        ('ba', 'GPU: unknown'),
    ):
        monkeypatch.setattr(config, 'list_physical_devices', {'GPU': GPUs}.get)
        for granted in 'SLURM_JOB_GPUS', 'SLURM_GPUS_ON_NODE', 'NOTHING':
            with mock.patch.dict(os.environ, {granted: '1'}):
                assert training.device() == expected
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
