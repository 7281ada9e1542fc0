"""experiments.py: what it writes against the runs, what the README says against what it wrote."""

import csv
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import ENVIRONMENT, PROJECT, assert_one_line, contents, run, run_all

import experiments

README = (PROJECT / 'README.md').read_text()
NAMES = list(experiments.EXPERIMENTS)
TRAIN_LINES = [
    f"model.add(Dense({layer.units}, activation='{layer.activation.__name__}'))"
    for layer in experiments.TUTORIAL()
]


def read(path):
    with open(path) as file:
        return list(csv.DictReader(file))


def answer(name, rows):
    text = (*experiments.EXPERIMENTS[name], experiments.each)[3]
    return text(experiments.summarise(rows))


@pytest.fixture(scope='module')
def short(tmp_path_factory):
    """All experiments with 2 epochs and 1 repeat, half of them in each of two processes."""
    folder = tmp_path_factory.mktemp('experiments')
    halves = ['recurrent', 'memory', 'linear', 'layers'], None
    halves = halves[0], [name for name in NAMES if name not in halves[0]]
    numbers = ('--epochs', 2, '--repeats', 1)
    calls = [(('experiments.py', *names, *numbers), {'cwd': folder}) for names in halves]
    processes = run_all(calls)
    assert all(p.returncode == 0 for p in processes), processes
    return folder / 'results', ''.join(p.stdout for p in processes)


@pytest.mark.parametrize('name', NAMES)
def test_experiment(short, name):
    folder, output = short
    rows = read(folder / f'{name}.csv')
    question, _, settings = experiments.EXPERIMENTS[name][:3]
    if name == 'frequency':
        assert [float(r['setting']) for r in rows] == list(np.round(np.arange(1, 41) * 0.02, 2))
    else:
        assert [r['setting'] for r in rows] == [str(setting) for setting in settings]
    assert all(0 <= float(r[c]) <= 1 for r in rows for c in ('training_accuracy', 'test_accuracy'))
    assert all(float(r['seconds']) > 0 for r in rows)
    assert f'{name}: {question}' in output
    assert f'\n{answer(name, rows)}\n' in output
    picture = plt.imread(folder / f'{name}.png')
    assert picture.shape[0] >= 400 and picture.shape[1] >= 1000
    orange = np.abs(picture[..., :3] - np.array([0xFF, 0x7F, 0x0E]) / 255).max(axis=2) < 0.05
    assert orange.sum() > 50  # the test accuracies


def test_rows_are_those_of_the_runs(short):
    """The same runs again, in this process."""
    for name, setting in (('training-sets', 50), ('memory', 'new'), ('phase', 'Dense (25)')):
        (row,), _ = experiments.run(0, 2, **experiments.EXPERIMENTS[name][2][setting])
        (written,) = (r for r in read(short[0] / f'{name}.csv') if r['setting'] == str(setting))
        for column in set(row) - {'seconds'}:
            assert float(written[column]) == pytest.approx(float(row[column])), column


def test_accuracies_are_those_of_the_network(monkeypatch):
    """The test accuracy again, from the network's answers to the same 2,000 sequences."""
    from generate_data import make_sequences, random_streams

    models = []
    sequential = experiments.keras.Sequential
    monkeypatch.setattr(
        experiments.keras, 'Sequential', lambda *a: models.append(sequential(*a)) or models[-1]
    )
    rows, (epochs, training, test_epochs, test) = experiments.run(
        3, 12, N_train=100, frequencies=[0.25], test_every=5
    )
    assert list(test_epochs) == [5, 10, 12] and len(test) == 3
    assert len(epochs) == len(training) == 12
    train_rng, rng = random_streams(3)
    X_train, _ = make_sequences(100, train_rng)
    X, Y = experiments.unseen_sequences(X_train, rng)
    right = (models[0].predict(X, verbose=0)[:, 0] > 0.5) == Y
    assert test[-1] == pytest.approx(right.mean(), abs=1e-3)
    X, Y = experiments.unseen_sequences(X_train, rng, f_min=0.24, f_range=0.02)
    right = (models[0].predict(X, verbose=0)[:, 0] > 0.5) == Y
    assert rows[0]['test_accuracy'] == pytest.approx(right.mean(), abs=1e-3)
    reached = [e for e, a in zip(epochs, training, strict=True) if a >= 0.95]
    assert rows[0]['training_95'] == (reached[0] if reached else np.inf)


def test_test_sequences_are_unseen():
    from generate_data import make_sequences, random_streams

    train_rng, test_rng = random_streams(0)
    X_train, _ = make_sequences(400, train_rng)
    X_test, Y_test = experiments.unseen_sequences(X_train, test_rng)
    assert X_test.shape == (2000, 128) and Y_test.sum() == 1000
    assert not {tuple(x) for x in X_train} & {tuple(x) for x in X_test}
    assert set(X_test[Y_test == 1].ravel()) == {-1, 1} != set(X_test[Y_test == 0].ravel())


def test_summary():
    rows = [
        {'setting': s, 'seed': i, 'a': a}
        for s, v in (('x', (1, 5, 3)), ('y', (2, 'inf', 'inf')))
        for i, a in enumerate(v)
    ]
    summary = experiments.summarise(rows)
    assert [summary['x'][c] for c in ('a', 'a_min', 'a_max')] == [3, 1, 5]
    assert [summary['y'][c] for c in ('a', 'a_min', 'a_max')] == [np.inf, 2, np.inf]


def test_the_two_claims_that_matter_most():
    """More sequences generalise better; with random phases a Conv1D beats the Dense network."""

    def accuracies(N_epochs, **options):
        return [
            experiments.run(seed, N_epochs, **options)[0][0]['test_accuracy'] for seed in (0, 1)
        ]

    few, many = accuracies(60, N_train=50), accuracies(60, N_train=400)
    assert min(many) > max(few) + 0.1
    dense = accuracies(60, phase=True)
    convolution = accuracies(150, phase=True, **experiments.NETWORKS['Conv1D'])
    assert min(convolution) > max(dense) + 0.1


def test_the_network_is_that_of_train_py():
    assert '\n'.join(TRAIN_LINES) in (PROJECT / 'train.py').read_text()


def test_list_and_bad_command_lines(folder):
    pathlib.Path('file').write_text('not a folder')
    before = contents(folder)
    calls = [
        ('--list',),
        ('memory', 'nonsense'),
        ('memory', '--output', 'file'),
    ]
    listed, unknown, file = run_all([(('experiments.py', *c), {}) for c in calls])
    assert [line.split()[0] for line in listed.stdout.splitlines()] == NAMES
    assert_one_line(unknown, 'nonsense', *NAMES, status=2)
    assert_one_line(file, 'file', '--output')
    assert contents(folder) == before


def test_ctrl_c_keeps_what_is_finished(folder):
    os.mkdir('results')
    for name in ('layers.csv', 'layers.png'):
        pathlib.Path('results', name).write_text('from an earlier run')
    process = subprocess.Popen(
        [sys.executable, PROJECT / 'experiments.py', 'memory', 'layers', '--epochs', '30'],
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not pathlib.Path('results/memory.png').exists():
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert errors.endswith('\nStopped.\n') and 'Traceback' not in errors
    assert len(read('results/memory.csv')) == 6
    assert set(os.listdir('results')) == {
        f'{n}.{e}' for n in ('memory', 'layers') for e in ('csv', 'png')
    }
    assert pathlib.Path('results/layers.csv').read_text() == 'from an earlier run'


# ---------------------------------------------------------------- the README and the job script


def sections():
    """Return {name: text} of the README's sections with the answers."""
    found = re.findall(r'^### (.*?)\n(.*?)(?=^##)', README, re.MULTILINE | re.DOTALL)
    questions = {experiments.EXPERIMENTS[name][0]: name for name in NAMES}
    return {questions[title]: text for title, text in found if title in questions}


@pytest.mark.parametrize('name', NAMES)
def test_readme_says_what_was_measured(name):
    """The answer is that of the committed runs, and no other number stands in the section."""
    rows = read(PROJECT / 'results' / f'{name}.csv')
    seeds = {float(r['seed']) for r in rows}
    assert seeds == {0, 1, 2} and {r['epochs'] for r in rows} == {'300'}
    text = sections()[name].replace('\n', ' ')
    assert f'](results/{name}.png)' in text and (PROJECT / 'results' / f'{name}.png').exists()
    assert answer(name, rows) in text
    rest = text.replace(answer(name, rows), '')
    rest = re.sub(r'!\[.*?\]\(.*?\)|\b2018\b|Conv1D', '', rest)
    assert not re.findall(r'\d+', rest)


def test_readme_example_of_an_experiment(folder):
    (example,) = re.findall(r"```python\n(    '.*?)```", README, re.DOTALL)
    for path in PROJECT.glob('*.py'):
        shutil.copy(path, folder)
    text = (folder / 'experiments.py').read_text()
    (folder / 'experiments.py').write_text(
        text.replace('EXPERIMENTS = {\n', 'EXPERIMENTS = {\n' + example)
    )
    name = re.match(r"    '(.*?)'", example)[1]
    process = run('experiments.py', name, '--epochs', 2, '--repeats', 2, script_folder=folder)
    assert process.returncode == 0, process.stderr
    assert len(read(f'results/{name}.csv')) == 4


def test_job_array_has_a_task_for_each_experiment():
    script = (PROJECT / 'experiments.slurm').read_text()
    assert re.findall(r'^#SBATCH --array=1-(\d+)$', script, re.MULTILINE) == [str(len(NAMES))]
