"""How a training starts, and how it is stopped."""

import operator
import re
import signal
from signal import SIGINT, SIGTERM
from unittest import mock

from support.console import UserError
from support.runs import RUNS, list_runs
from support.training import read_command_line

import keras
import pytest
from conftest import SHORT, TRAIN, contents, edited, named, refused, script

SEED = 'seed = 0 '
LINE = 1 + TRAIN[: TRAIN.index(SEED)].count('\n')
NO_OPTIONS = {  # what stands in place of the seed, and what is said of it
    'seed = -1': 'seed: -1 is not a whole number from 0',
    "N_test = 'all'": "N_test: 'all' is not a whole number from 1",
    "N_neurons = '16'": 'N_neurons: write 16 without quotes',
    "rate = '1e-3'": 'rate: write 1e-3 without quotes',
    "name = 'x'": 'name: --name is another option',
    'help = 3': 'help: --help is another option',
}


@pytest.mark.parametrize('line', NO_OPTIONS)
def test_what_cannot_be_an_option_is_named_with_its_line(data, line):
    code = TRAIN.replace('\nN_test = 50', '\n').replace(SEED, line)
    place = f'train.py: line {LINE}, {NO_OPTIONS[line]}'
    printed = named(code=code)
    assert printed.startswith(place) and printed.count('\n') == 1


def test_a_number_of_one_s_own_is_an_option_and_the_run_keeps_it(data):
    own = "N_own = 5\nrate = 0.1\nbend = '5 %'\nID = '007'\non = True\n"
    code = TRAIN.replace(SEED, f'{own}{SEED}').replace(
        "8, activation='tanh'", 'N_own, bend'
    )
    shown = ' '.join(named('--help', code=code, status=0).split())
    assert '--N_own N default 5 --rate X default 0.1 --bend TEXT default 5 %' in shown
    refused('train.py', '--batch_size=0', status=2, parts=['0 is not a whole number'])
    named('--N_own', 9, '--bend=gelu', '--no-on', '--rate=2', code=code, status=0)
    (run,) = list_runs()
    assert run.layers == '16 relu, 9 gelu, 1 sigmoid'
    numbers = {'N_own': 9, 'rate': 2.0, 'bend': 'gelu', 'ID': '007', 'on': False}
    assert numbers.items() <= run.numbers.items()


def test_in_a_notebook_a_script_is_run_from_its_file():
    with pytest.raises(UserError, match='%run train'):
        read_command_line({})


def test_a_loss_that_is_not_finite_ends_the_training(data):
    code = TRAIN.replace("'binary_crossentropy'", "'mse'")
    code = code.replace('\nhistory = ', '\nY_train[:] = 1e30\nhistory = ')
    assert 'the loss is inf after epoch 1: ' in named(code=code)


@pytest.mark.slow
def test_a_granted_gpu_that_is_not_seen_is_said(data):
    done = script('train.py', *SHORT, env={'SLURM_JOB_GPUS': '0'})
    assert 'Warning: Slurm granted a GPU' in done.stderr
    assert 'Training on CPU' in done.stdout


def test_a_log_has_a_line_a_second(lesson):
    assert 'Epoch 300/300: ' in lesson.stdout and lesson.stdout.count('\nEpoch') < 60


# ---------------------------------------------------------------- signals

EPOCH = 'callbacks.History.on_epoch_begin'
TEST = 'Model.evaluate'
SAVING = 'Model.save'


def signalled(monkeypatch, number, places):
    """Let a signal come when these methods of Keras begin."""
    for place in places:
        method = operator.attrgetter(place)(keras)

        def begin(*arguments, method=method, **options):
            signal.raise_signal(number)
            return method(*arguments, **options)

        monkeypatch.setattr(f'keras.{place}', begin)


NOTED = {  # a signal, when it comes, and of how many epochs
    'SIGTERM in an epoch and 0.1 seconds later': (SIGTERM, [EPOCH, TEST], 2),
    'SIGTERM, twice, while saving': (SIGTERM, [SAVING, SAVING], 1),
    'Ctrl-C in an epoch': (SIGINT, [EPOCH], 2),
    'Ctrl-C in the last epoch': (SIGINT, [EPOCH], 1),
    'Ctrl-C after the fit': (SIGINT, [TEST], 1),
}


@pytest.mark.parametrize('case', NOTED)
def test_a_signal_leaves_a_whole_run_and_ends_the_script(
    data, monkeypatch, capfd, case
):
    """A job that srun ends gets SIGTERM twice."""
    number, places, N_epochs = NOTED[case]
    signalled(monkeypatch, number, places)
    script('train.py', *SHORT, '--N_epochs', N_epochs, status=128 + number)
    assert ('(Ctrl-C again ends' in capfd.readouterr().err) == (number == SIGINT)
    (run,) = list_runs()
    assert (run.epochs, run.is_stopped) == (1, N_epochs > 1)


@pytest.mark.slow
@pytest.mark.parametrize('places', [[EPOCH, EPOCH], [EPOCH, TEST], [TEST, SAVING]])
def test_a_second_ctrl_c_ends_at_once_and_leaves_nothing(data, monkeypatch, places):
    signalled(monkeypatch, SIGINT, places)
    done = script('train.py', *SHORT, '--N_epochs', 1, status=1)
    assert done.stderr == '\nInterrupted.\n' and not contents(RUNS)


def test_only_a_script_that_saves_its_run_is_waited_for(data, monkeypatch):
    signalled(monkeypatch, SIGINT, [TEST])
    code = TRAIN.replace('\nsave_run(', '\n# save_run(')
    assert named(code=code).endswith('\nInterrupted.\n')


@pytest.mark.slow
def test_a_script_without_save_run_goes_on_with_its_next_fit(data, monkeypatch):
    signalled(monkeypatch, SIGINT, [EPOCH])
    loop = '\nfor _ in range(2): history = model.fit('
    code = TRAIN.replace('\nsave_run(', '\n# save_run(')
    printed = named(code=code.replace('\nhistory = model.fit(', loop), status=0)
    assert printed.count('\nEpoch 1/3: ') == 2  # each Ctrl-C is a first one


@pytest.mark.slow
def test_a_run_is_kept_though_nobody_reads_of_the_signal(data, monkeypatch):
    signalled(monkeypatch, SIGINT, [EPOCH])
    monkeypatch.setattr('os.write', mock.Mock(side_effect=BrokenPipeError))
    script('train.py', *SHORT, status=130)
    assert len(list_runs()) == 1


@pytest.mark.slow
def test_save_run_notes_signals_itself(data, monkeypatch):
    """Keras's own bar, or none, has noted none."""
    signalled(monkeypatch, SIGINT, [SAVING])
    code = TRAIN.replace('callbacks=[ShowProgress(training)]', 'verbose=0')
    assert f'Run: {RUNS}/a/0' in named(code=code, status=130)


def test_a_stop_waits_for_all_batches_of_the_epoch(data, monkeypatch):
    signalled(monkeypatch, SIGTERM, ['callbacks.History.on_train_batch_begin'])
    code = edited("print(int(model.optimizer.iterations), 'updates')")
    code = re.sub('model.steps_per.*', '', code)
    assert '\n4 updates\n' in named('--batch_size', 5, code=code, status=143)
