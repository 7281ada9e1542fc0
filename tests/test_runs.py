"""Runs: what is judged, what a training leaves, and who gets which folder."""

import json
import os
import re
from pathlib import Path

from support import result, runs
from support.console import DataError

import keras
import numpy as np
import pytest
from conftest import SHORT, TRAIN, contents, one_line, refused, script
from keras import Input, Sequential, layers
from scipy.stats import binomtest

# ------------------------------------------------------------------ what is judged

CHOSEN = 'chosen by the test sequences'
# A script of one's own, as quick as can be.
OWN = """
from support.start import prepare
prepare(keras=True)
import keras
import numpy as np
from keras import layers
from keras.callbacks import EarlyStopping, LambdaCallback, ModelCheckpoint
from support.command_lines import read_command_line
from support.mistakes import check_network
from support.runs import save_run
from support.training import ShowAndSave

seed = 0
read_command_line(globals())
keras.utils.set_random_seed(seed)
rng = np.random.default_rng(0)
X_train, X_test = rng.normal(size=(20, 4)), rng.normal(size=(10, 4))
Y_train, Y_test = X_train[:, 0] > 0, X_test[:, 0] > 0
loss, last = 'binary_crossentropy', 'sigmoid'

def build():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1, last)])
    model.compile('sgd', loss, metrics=['accuracy'], run_eagerly=True)
    return model

def check(model):
    check_network(model, X_train, Y_train, X_test, Y_test)

def fit(model, X=None, Y=None, more=(), ours=True, **options):
    X, Y = X_train if X is None else X, Y_train if Y is None else Y
    options |= {'epochs': 2, 'verbose': 0}
    return model.fit(X, Y, callbacks=[ShowAndSave()] * ours + [*more], **options)

def save(model, X=None):
    save_run(model, X_test if X is None else X, Y_test)

def change(model):
    model.set_weights(build().get_weights())

class Mine(keras.callbacks.Callback):
    def __init__(self, data):
        super().__init__()
        self.data = data

model = build()
"""
# What follows, and why the newest run is not judged; None if it is.
JUDGED = [
    ('check(model); fit(model); save(model)', None),
    ('check(model); fit(model, X_train[5:15], Y_train[5:15]); save(model)', None),
    ('check(model); fit(model, X_train[::-1] + 0, Y_train[::-1]); save(model)', None),
    ('check(model); fit(model, validation_split=0.25); save(model)', None),
    (
        """stop = EarlyStopping('accuracy', baseline=2, restore_best_weights=True)
check(model); fit(model, more=[stop]); save(model)""",
        None,
    ),
    (
        """best = ModelCheckpoint('best.keras', 'accuracy', save_best_only=True)
check(model); fit(model, more=[best])
save(keras.models.load_model('best.keras'))""",
        None,
    ),
    (
        """for seed in range(2):
    keras.utils.set_random_seed(seed)
    model = build(); check(model); fit(model); save(model)""",
        None,
    ),
    # Several fits of one network
    ('check(model); [fit(model) for fold in range(3)]; save(model)', 'by 3 fits'),
    (
        """for fold in range(2):
    check(model); fit(model); save(model)""",
        'trained by 2 fits',
    ),
    ('fit(model, ours=False); check(model); fit(model); save(model)', 'by 2 fits'),
    ('check(model); fit(model, ours=False); fit(model); save(model)', 'were changed'),
    ('check(model); fit(model); fit(model, ours=False); save(model)', 'other weights'),
    # Other weights
    ('check(model); change(model); fit(model); save(model)', 'were changed'),
    ('check(model); fit(model); change(model); save(model)', 'other weights'),
    # Several networks
    (
        """check(model); fit(model)
other = build(); check(other); fit(other); save(model)""",
        'another network was trained after it',
    ),
    ('check(model); model = build(); fit(model); save(model)', 'has not seen'),
    ('fit(model); save(model)', 'check_network( ) has not seen'),
    # Fits that nothing watches
    (
        'check(model); fit(model, ours=False); save(model)',
        'trained without ShowAndSave',
    ),
    (
        'check(model); model.train_on_batch(X_train, Y_train); save(model)',
        'trained without ShowAndSave',
    ),
    # Other data
    (
        """from tensorflow.data import Dataset
rows = Dataset.from_tensor_slices((X_train, Y_train)).batch(5)
check(model); model.fit(rows, callbacks=[ShowAndSave()]); save(model)""",
        'no arrays',
    ),
    ('check(model); fit(model, 2 * X_train); save(model)', 'other sequences'),
    ('check(model); fit(model, Y=~Y_train); save(model)', 'other sequences or classes'),
    ('check(model); fit(model); save(model, X_test + 1)', 'saw another test'),
    # Leaks
    (
        """check(model)
fit(model, np.r_[X_train, X_test], np.r_[Y_train, Y_test]); save(model)""",
        'other sequences',
    ),
    ('check(model); fit(model, validation_data=(X_test, Y_test)); save(model)', CHOSEN),
    (
        """check(model); fit(model, validation_data=[X_test, Y_test])
model = build(); check(model); fit(model); save(model)""",
        CHOSEN,
    ),
    ('check(model); fit(model, more=[Mine((X_test, Y_test))]); save(model)', CHOSEN),
    (
        'X_test, Y_test = X_train, Y_train; check(model); fit(model); save(model)',
        '20 of 20 test sequences also occur in the training set: this is memory',
    ),
    # A loss of one's own
    (
        """def loss(y, p):
    return keras.losses.binary_crossentropy(y, p, from_logits=True)
last = None; model = build(); check(model); fit(model); save(model)""",
        'may expect logits',
    ),
]


@pytest.mark.filterwarnings('ignore::UserWarning')  # of Keras, about such scripts
@pytest.mark.parametrize(('code', 'reason'), JUDGED)
def test_what_is_judged(folder, code, reason):
    """The lines below the accuracy, or the reason why there are none."""
    Path('own.py').write_text(OWN + code, encoding='utf-8')
    printed = script(folder / 'own.py', '--name', 'a').stdout
    last = printed.split('\nNot judged: ') if reason else [printed, '']
    run = runs.read_run()
    assert (run['not_judged'] or '').split('\n') == [last[1].partition('\n')[0]]
    assert (reason or '') in last[1] and bool(run['not_judged']) == bool(reason)
    assert re.search(r'^\d+ of \d+ right', printed, re.M) and ' recall ' in printed
    for text in '95 % confidence: ', 'Always answering ', 'of the training sequences':
        assert bool(reason) != (text in printed.rpartition('Training on')[2])


# ------------------------------------------------------------------ what it leaves


def own(code, *options, status=0):
    """Run a script of one's own with this code; return what it prints."""
    Path('own.py').write_text(OWN + code, encoding='utf-8')
    return script(os.path.abspath('own.py'), *options, status=status)


def read_own(code, *options):
    """Run such a script; return what run.json says, as it is in the file."""
    own(code, *options)
    return json.loads(Path('runs/last/run.json').read_text('utf-8'))


def test_what_run_json_holds(folder):
    """What compare.py needs to know whether two runs are seeds of one setting."""
    usual = 'check(model); fit(model, more=more); save(model)'
    first = read_own(f'more = []; {usual}')
    assert first.keys() == runs.FIELDS.keys() and first['setting']
    seed = read_own(f'# the same\nmore = []; {usual}', '--seed', 1)
    assert seed['setting'] == first['setting'] and seed['weights'] != first['weights']
    same = {'weights', 'arrays', 'fit', 'layers', 'learning_rate', 'numbers'}
    others = {
        'Y_train = ~Y_train': {'arrays', 'fit'},
        'X_test = -X_test': {'arrays'},
        'model.compile("sgd", "mse", metrics=["accuracy"])': set(),
        'model.optimizer.learning_rate = 0.5': {'learning_rate'},
        'more = [EarlyStopping("loss", patience=7)]': {'fit'},
    }
    for code, differ in others.items():
        run = read_own(f'more = []; {code}; {usual}')
        assert {x for x in same if run[x] != first[x]} == differ, code
        assert run['setting'] != first['setting']
    assert run['fit']['callbacks'][0]['patience'] == 7
    # A loop in one script: what run.json can't hold, and paths.
    loop = """for x in {}:
    model = build(); check(model); fit(model, more=[{}]); save(model)"""
    own(loop.format('0.1, 0.2', 'LambdaCallback(lambda *_: x)'))
    own(loop.format('0.1, 0.2', "ModelCheckpoint(f'{x}.keras', 'loss')"))
    own(loop.format('1, 2', "EarlyStopping('loss', patience=x)"))
    settings = [run['setting'] for run in runs.all_runs()[-6:]]
    assert settings[:2] == [None, None] and settings[2] == settings[3] is not None
    assert settings[4] != settings[5]


def test_folders(folder):
    """Each network has one, whoever is first; --overwrite replaces what was there."""
    loop = 'for i in range(2):\n    model = build(); check(model); fit(model)'
    loop += '; save(model)'
    usual = 'check(model); fit(model); save(model)'
    for name in 'last', '../x':
        assert name in own(usual, '--name', name, status=2).stderr
    own(loop, '--name', 'a')
    before = contents('runs')
    assert '--overwrite' in own(usual, '--name', 'a', status=2).stderr
    own(f'check(model); fit(model); fit(model); {usual}', '--name', 'a', '--overwrite')
    after = contents('runs')
    assert {*after} == {*before} and after['a-2/run.json'] == before['a-2/run.json']
    assert after['a/run.json'] != before['a/run.json']
    # Two jobs at once: one makes the folder while the other trains.
    taken = "import shutil; shutil.copytree('runs/a', 'runs/b')"
    printed = own(
        f'check(model); fit(model); {taken}; save(model)', '--name', 'c'
    ).stdout
    assert 'Run: runs/c with' in printed
    Path('runs/9').mkdir()
    again = "import os; os.utime('runs/a/run.json')"
    printed = own(f'{again}; {usual}', '--name', 'a', '--overwrite').stdout
    assert 'runs/a is that of another training: this one is runs/10' in printed
    printed = own(
        f'check(model); fit(model); {again}; save(model)', '--overwrite', '--name', 'a'
    ).stdout
    assert 'this one is runs/11' in printed and 'Run: runs/11 with' in printed
    assert {*os.listdir('runs')} == {'a', 'a-2', 'b', 'c', '9', '10', '11', 'last'}
    assert os.readlink('runs/last') == '11'


def test_runs_that_cannot_be_read(folder):
    """They are named, and the others are read."""
    own('check(model); fit(model); save(model)')
    for name in 'x', 'y':
        Path('runs', name).mkdir()
    Path('runs/x/run.json').write_text('{"time": ')
    compared = script('compare.py')
    assert '1 sigmoid' in compared.stdout
    one_line(compared, 'runs/x/run.json', 'mend it')


def test_a_script_that_dies_after_its_fit(data):
    """It leaves a whole run."""
    Path('bad.py').write_text(TRAIN.replace('plot_history(history)', 'plot(history)'))
    job = {'SLURM_JOB_ID': '123', 'SLURM_GPUS_ON_NODE': '1'}
    said = script(data / 'bad.py', *SHORT, status=1, env=job).stderr
    assert "name 'plot'" in said and 'TensorFlow sees none' in said
    files = {'history.csv', 'model.keras', 'run.json', 'train.py'}
    assert {*os.listdir('runs/1')} == files and {*os.listdir('runs')} == {'1', 'last'}
    assert runs.read_run()['job'] == '123'
    refused('view.py', '--wrong', parts=['was not evaluated'])


def test_the_slides_own_fit(trained):
    """It makes a run like others, but for history.png, which lies where it did."""
    ours = re.search(r'history = model\.fit\([\s\S]*?\)\]\)\n', TRAIN)[0]
    slides = 'history = model.fit(X_train, Y_train, epochs=N_epochs, batch_size=32)\n'
    Path('slide.py').write_text(TRAIN.replace(ours, slides))
    assert 'Plot: history.png' in script(trained / 'slide.py', '--N_epochs', 3).stdout
    assert {*os.listdir('runs/1')} == {*os.listdir('runs/2'), 'history.png'}
    history = runs.read_csv(runs.read_run(), 'history.csv')
    assert [row['epoch'] for row in history] == ['1', '2', '3']


# ------------------------------------------------------------------ what it is worth


def test_how_far_to_trust_it():
    for right, N in (0, 2), (2, 10), (46, 50):
        exact = binomtest(right, N).proportion_ci(method='wilson')
        assert result.wilson_interval(right, N) == pytest.approx([*exact])


def test_what_was_seen_and_what_is_wrong():
    """The interval is that of the sequences that fit was not given."""
    Y, predicted, names = np.array([0, 1, 0, 1]), np.array([0, 1, 1, 1]), ['[b]a', 'b']
    right, given = predicted == Y, np.array([True, True, False, False])
    lines = result.describe_test(right, given)
    assert lines[0] == '3 of 4 right' and lines[1].startswith('2 of 4 test sequences')
    assert lines[2] == 'On the 2 others: 1 right, 50.0 %; 95 % confidence: 9 % to 91 %'
    (line,) = result.describe_test(np.arange(50) < 46, np.zeros(50, bool))
    assert line == '46 of 50 right; 95 % confidence: 81 % to 97 %'
    assert result.describe_baseline(Y, names) == 'Always answering [b]a: 50 %'
    wrong = 'Wrong: 3, [b]a taken for b: python view.py --wrong'
    assert result.describe_wrong(Y, predicted, names) == wrong
    columns = result.confusion_table(Y, predicted, names).columns
    cells = [[*x.cells] for x in columns]
    assert cells == [['[b]a', 'b'], ['1', '0'], ['1', '2'], ['1 of 2', '2 of 2']]


def test_how_fast_it_learnt():
    """Only as the test counts: not that of a logit, nor another metric."""
    epochs = [{'epoch': i, 'accuracy': x} for i, x in enumerate((0.5, 0.95, 1, 0.9), 1)]
    logit = keras.losses.BinaryCrossentropy(from_logits=True)
    logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    counted = {(1, 'mse'): True, (1, logit): False, (2, logits): True}
    for (neurons, loss), is_counted in counted.items():
        model = Sequential([Input((2,)), layers.Dense(neurons)])
        for metric in 'accuracy', 'acc', 'categorical_accuracy':
            model.compile('sgd', loss, metrics=[metric])
            facts = result.count_epochs(model, epochs) | {'epochs': 4}
            line = result.describe_convergence(facts)
            plain = is_counted and metric != 'categorical_accuracy'
            assert ('right after 2 epochs, all after 3' in line) == plain
            assert ('are not counted' in line) != plain
    model.compile('sgd', logits, metrics=['accuracy'])
    never = result.count_epochs(model, epochs[:1]) | {'epochs': 1}
    assert result.describe_convergence(never).startswith('Never 95 % ')


def test_where_the_validation_loss_turns():
    """Also where it never does, and without validation."""
    losses = {1: 0.7, 3: 0.384, 5: 0.8712}
    epochs = [{'epoch': i, 'val_loss': losses[i]} for i in losses]
    epochs.insert(1, {'epoch': 2, 'loss': 0.1})
    turns = 'Validation loss lowest at epoch 3: 0.38'
    assert result.describe_validation(epochs) == f'{turns}; at the end 0.87'
    assert result.describe_validation(epochs[:3]) == turns
    assert result.describe_validation(epochs[1:2]) is None


def test_logits_become_scores(folder):
    """By a sigmoid or a softmax; what has no bounds has no scores."""
    X = np.array([[1.0, -2.0], [0.5, 3.0]])
    for neurons, activation in (1, 'sigmoid'), (2, 'softmax'):
        kind = 'Binary' if neurons == 1 else 'SparseCategorical'
        loss = getattr(keras.losses, f'{kind}Crossentropy')(from_logits=True)
        one, two = layers.Dense(neurons), layers.Dense(neurons, activation)
        logits, scores = (Sequential([Input((2,)), layer]) for layer in (one, two))
        two.set_weights(one.get_weights())
        logits.compile('sgd', loss)
        scores.compile('sgd', loss)
        found = [result.find_scores(x) for x in (logits, scores)]
        assert found == [activation, 'linear']
        answers = [
            result.predict_scores(x, X, y)
            for x, y in zip((logits, scores), found, strict=True)
        ]
        np.testing.assert_allclose(*answers, atol=1e-6)
    logits.compile('sgd', 'mse')
    assert result.find_scores(logits) is None


def test_answers_that_are_not_numbers():
    """Nor are those of a network of NaN, which TensorFlow may call 0."""
    network = Sequential([Input((2,)), layers.Dense(1, 'sigmoid')])
    X = np.array([[1, 1], [np.nan, 1]])
    with pytest.raises(DataError, match='answer to b is not a number: bring'):
        result.predict_scores(network, X, 'linear', ['a', 'b'])
    network.set_weights([np.full((2, 1), np.inf), np.zeros(1)])
    with pytest.raises(DataError, match='the network holds NaN or infinity'):
        result.predict_scores(network, X[:1], 'linear')
