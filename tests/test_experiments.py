"""experiments/: what it writes against the runs, what its README says against what it wrote."""

import csv
import multiprocessing
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from support.console import DataError

import keras
import numpy as np
import pytest
from conftest import PROJECT, contents

from experiments import figures, pool, questions, report
from experiments.questions import EXPERIMENTS
from experiments.run import Fit, runs, unseen_sequences
from generate_data import make_sequences, random_streams

PUBLISHED = PROJECT / 'experiments' / 'results'
README = (PROJECT / 'experiments' / 'README.md').read_text()
NAMES = list(EXPERIMENTS)


def command(*arguments, project=PROJECT):
    """Return what subprocess needs to run python -m experiments in the folder where we are."""
    environment = os.environ | {'PYTHONPATH': str(project)}
    return {'args': [sys.executable, '-m', 'experiments', *map(str, arguments)], 'env': environment}


def run(*arguments, **options):
    return subprocess.run(
        **command(*arguments, **options), capture_output=True, text=True, timeout=150
    )


def run_both(*calls):
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(lambda call: run(*call[0], **call[1]), calls))


def read(path):
    with open(path) as file:
        return list(csv.DictReader(file))


def without_seconds(path):
    return [{c: v for c, v in row.items() if c != 'seconds'} for row in read(path)]


def gone(process_group):
    """Return whether all processes of a group have ended, at the latest after ten seconds."""
    for _ in range(100):
        try:
            os.killpg(process_group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


# ---------------------------------------------------------------- the runs


def test_any_number_of_processes_finds_the_same(folder):
    """Two workers take one seed of a setting at a time here, and a single one takes two."""
    asked = ('memory', 'epochs', '--epochs', 3, '--repeats', 2)
    one, two = run_both(((*asked, '--jobs', 1, '--output', 'one'), {}), ((*asked, '--jobs', 2), {}))
    assert (one.returncode, two.returncode) == (0, 0), one.stderr + two.stderr
    assert one.stderr == two.stderr == ''
    files = {f'{name}.{end}' for name in ('memory', 'epochs') for end in ('csv', 'png')}
    assert set(os.listdir('one')) == set(os.listdir('results')) == {*files, 'epochs-curves.csv'}
    for name in ('memory', 'epochs', 'epochs-curves'):
        assert without_seconds(f'one/{name}.csv') == without_seconds(f'results/{name}.csv')
    rows = read('results/memory.csv')
    found = [(row['setting'], row['seed']) for row in rows]
    assert found == [(setting, seed) for setting in EXPERIMENTS['memory'].settings for seed in '01']
    for row in rows:
        assert re.search(rf'{re.escape(row["setting"])}.*%', two.stdout)
    curves = read('results/epochs-curves.csv')
    assert [row['epoch'] for row in curves] == 3 * 2 * ['1', '2', '3']
    last = [row['test_accuracy'] for row in curves if row['epoch'] == '3']
    assert last == [row['test_accuracy'] for row in read('results/epochs.csv')]


def test_a_seed_finds_the_same_alone_and_after_another():
    """What a network has learnt with one seed is gone when it begins with the next."""
    together, _ = runs([0, 1], 4, N_train=50)
    alone, _ = runs([1], 4, N_train=50)
    assert [row.pop('seconds') > 0 for row in (*together, *alone)] == [True] * 3
    assert together[0] != together[1] == alone[0]


def test_training_is_that_of_keras():
    """Plain Keras, with the same first weights and its own order of the batches, converges as fast:
    the mean accuracy of 40 epochs agrees within a few per cent."""
    _, curves = runs(range(2), 40, test_every=1)
    ours = np.mean([row['training_accuracy'] for row in curves])
    theirs = []
    for seed in range(2):
        keras.utils.set_random_seed(seed)
        model = keras.Sequential([keras.Input((128,)), *questions.TUTORIAL(keras.layers)])
        model.compile('rmsprop', 'binary_crossentropy', metrics=['accuracy'])
        X, Y = make_sequences(200, random_streams(seed)[0])
        theirs += model.fit(X, Y, epochs=40, batch_size=32, verbose=0).history['accuracy']
    assert ours == pytest.approx(np.mean(theirs), abs=0.03)


def test_accuracies_are_those_of_the_network(monkeypatch):
    """The test accuracy again, from the network's answers to the same 2,000 sequences."""
    fits = []
    monkeypatch.setattr('experiments.run.Fit', lambda *a: fits.append(Fit(*a)) or fits[-1])
    (row,), curves = runs([3], 12, N_train=100, frequencies=[0.25], test_every=5)
    assert [c['epoch'] for c in curves] == [5, 10, 12]
    train_rng, rng = random_streams(3)
    X_train, _ = make_sequences(100, train_rng)
    assert curves[-1]['training_accuracy'] == row['training_accuracy']
    for found, options in (
        (curves[-1]['test_accuracy'], {}),
        (row['test_accuracy'], {'f_min': 0.24, 'f_range': 0.02}),
    ):
        X, Y = unseen_sequences(X_train, rng, **options)
        right = (fits[0].model.predict(X, verbose=0)[:, 0] > 0.5) == Y
        assert found == pytest.approx(right.mean(), abs=1e-3)
    assert row['setting'] == 0.25 and row['parameters'] == 2209


def test_first_epoch_with_an_accuracy():
    from experiments.run import first

    assert first([5, 10, 12], [0.5, 0.95, 1], 0.95) == 10
    assert first([5, 10, 12], [0.5, 0.94, 0.9], 0.95) == np.inf


def test_test_sequences_are_unseen():
    train_rng, test_rng = random_streams(0)
    X_train, _ = make_sequences(400, train_rng)
    X_test, Y_test = unseen_sequences(X_train, test_rng)
    assert X_test.shape == (2000, 128) and Y_test.sum() == 1000
    assert not {tuple(x) for x in X_train} & {tuple(x) for x in X_test}
    assert set(X_test[Y_test == 1].ravel()) == {-1, 1} != set(X_test[Y_test == 0].ravel())


def test_rules():
    """Always the same class is right half the time; the mean of the squares always, until noise
    comes, and then as often as theory says."""
    (row,), _ = runs([0], 1, rule=questions.always_sine, phase=True)
    assert row['test_accuracy'] == 0.5
    (row,), _ = runs([0], 1, rule=questions.mean_square, phase=True)
    assert row['test_accuracy'] == row['training_accuracy'] == 1
    # The variance of the mean of n values (w + e)^2, w a wave and e noise of variance v, is
    # (4 v mean(w^2) + 2 v^2) / n; the threshold is 1/4 away from either mean.
    from scipy.stats import norm

    (row,), _ = runs([0], 1, rule=questions.mean_square, noise=1)
    theory = np.mean([norm.cdf(0.25 / np.sqrt((4 * m + 2) / 128)) for m in (0.5, 1)])
    assert row['test_accuracy'] == pytest.approx(theory, abs=0.02)
    assert row['noise'] == 1


def test_the_claims_that_matter_most():
    """More sequences generalise better; with random phases a Conv1D beats the Dense network."""

    def accuracies(N_epochs, **options):
        return [row['test_accuracy'] for row in runs([0, 1], N_epochs, **options)[0]]

    few, many = accuracies(60, N_train=50), accuracies(60, N_train=400)
    assert min(many) > max(few) + 0.1
    dense = accuracies(60, phase=True)
    convolution = accuracies(150, phase=True, **questions.NETWORKS['Conv1D'])
    assert min(convolution) > max(dense) + 0.1


def layers_as_text(network):
    lines = []
    for layer in network(keras.layers):
        name = layer.activation.__name__
        activation = '' if name == 'linear' else f", activation='{name}'"
        lines.append(f'model.add(Dense({layer.units}{activation}))')
    return lines


def test_networks_are_those_of_train_py():
    script = (PROJECT / 'train.py').read_text()
    assert '\n'.join(layers_as_text(questions.TUTORIAL)) in script
    settings = EXPERIMENTS['linear'].settings
    (theirs,) = (s for s in settings if s[0].startswith('same') and "train.py's" in s[1])
    lines = layers_as_text(settings[theirs]['network'])
    assert '\n'.join(f'# {line}' for line in lines) in script


# ---------------------------------------------------------------- the processes


def test_jobs_by_default(monkeypatch):
    """The cores that it may use, and not more than there is memory for."""
    for name in ('SLURM_CPUS_PER_TASK', 'SLURM_MEM_PER_NODE', 'SLURM_MEM_PER_CPU'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, 'sched_getaffinity', lambda _: range(8), raising=False)
    assert 0.1 < pool.memory() < 1e5
    for granted, jobs in (
        ({'SLURM_MEM_PER_NODE': '100000'}, 8),
        ({'SLURM_MEM_PER_NODE': '100000', 'SLURM_CPUS_PER_TASK': '4'}, 4),
        ({'SLURM_MEM_PER_NODE': '4700'}, 3),
        ({'SLURM_MEM_PER_NODE': '500'}, 1),
        ({'SLURM_MEM_PER_CPU': '800', 'SLURM_CPUS_PER_TASK': '4'}, 2),
    ):
        with monkeypatch.context() as patch:
            for name, value in granted.items():
                patch.setenv(name, value)
            assert pool.default_jobs() == jobs


def test_a_killed_worker_is_one_error():
    with pytest.raises(DataError, match='--jobs'), pool.workers(1) as executor:
        executor.submit(os._exit, 9).result(timeout=60)
    assert multiprocessing.active_children() == []


def test_workers_end_with_their_parent(folder):
    """Even if that is killed."""
    program = """
import os, signal, time
from experiments.pool import workers
if __name__ == '__main__':
    with workers(2) as pool:
        assert pool.submit(os.getpid).result() > 0
        pool.submit(time.sleep, 60), pool.submit(time.sleep, 60)
        os.kill(os.getpid(), signal.SIGKILL)
"""
    pathlib.Path('program.py').write_text(program)
    environment = os.environ | {'PYTHONPATH': str(PROJECT)}
    process = subprocess.Popen(
        [sys.executable, 'program.py'], env=environment, start_new_session=True
    )
    assert process.wait(60) == -signal.SIGKILL
    assert gone(process.pid)


def test_ctrl_c_keeps_what_is_finished(folder):
    os.mkdir('results')
    for name in ('baseline.csv', 'baseline.png'):
        pathlib.Path('results', name).write_text('from an earlier run')
    # It begins with epochs, as that has the settings which take longest.
    process = subprocess.Popen(
        **command('baseline', 'epochs', '--epochs', 40, '--repeats', 1, '--jobs', 1),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for _ in range(1200):
        if pathlib.Path('results/epochs.png').exists() or process.poll() is not None:
            break
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all of its processes
    _, errors = process.communicate(timeout=30)
    assert errors == '\nStopped.\n'
    assert gone(process.pid)
    assert len(read('results/epochs.csv')) == 3
    files = {f'{name}.{end}' for name in ('baseline', 'epochs') for end in ('csv', 'png')}
    assert set(os.listdir('results')) == {*files, 'epochs-curves.csv'}
    assert pathlib.Path('results/baseline.csv').read_text() == 'from an earlier run'


# ---------------------------------------------------------------- the command line


def test_list_and_bad_command_lines(folder):
    pathlib.Path('file').write_text('not a folder')
    before = contents(folder)
    environment = os.environ | {'PYTHONPATH': str(PROJECT), 'PYTHONPROFILEIMPORTTIME': '1'}
    for arguments, status, words in (
        (['--list'], 0, ()),
        (['--help'], 0, ()),
        (['memory', 'nonsense'], 2, ('nonsense', *NAMES)),
        (['memory', '--jobs', '0'], 2, ('--jobs', '0')),
        (['memory', '--output', 'file'], 1, ('file', '--output')),
    ):
        process = run(*arguments)
        assert process.returncode == status
        if status:
            *_, last = process.stderr.splitlines()
            assert last.startswith('python -m experiments: ')
            assert all(word in last for word in words)
            assert 'Traceback' not in process.stderr
        else:
            assert process.stderr == ''
            assert all(name in process.stdout for name in NAMES)
        imported = subprocess.run(
            command(*arguments)['args'], env=environment, capture_output=True, text=True, timeout=60
        ).stderr
        assert 'experiments' in imported
        assert not re.search(r'\| +(keras|tensorflow|matplotlib)\b', imported)
    listed = run('--list').stdout.splitlines()
    assert listed == [f'{name:14} {EXPERIMENTS[name].question}' for name in NAMES]
    assert contents(folder) == before


def copy_of_the_project(folder, example):
    """Copy the modules, with an entry put where the README says."""
    copied = folder / 'project'
    for name in ('experiments', 'support'):
        ignored = shutil.ignore_patterns('results', '__pycache__')
        shutil.copytree(PROJECT / name, copied / name, ignore=ignored)
    for name in ('generate_data.py', 'utilities.py'):
        shutil.copy(PROJECT / name, copied)
    path = copied / 'experiments/questions.py'
    text = path.read_text()
    assert text.count('EXPERIMENTS = {\n') == 1
    path.write_text(text.replace('EXPERIMENTS = {\n', 'EXPERIMENTS = {\n' + example))
    return copied


def test_readme_example_of_a_question_and_a_run_that_fails(folder):
    (example,) = re.findall(r"```python\n(    '.*?)```", README, re.DOTALL)
    wrong = example.replace("'relu'", "'no such function'")
    for name, text in (('right', example), ('wrong', wrong)):
        copy_of_the_project(folder / name, text)
    name = re.match(r"    '(.*?)'", example)[1]
    asked = (name, '--epochs', 2, '--repeats', 2)
    right, wrong = run_both(
        (asked, {'project': folder / 'right/project'}),
        ((*asked, '--output', 'wrong'), {'project': folder / 'wrong/project'}),
    )
    assert right.returncode == 0, right.stderr
    assert len(read(f'results/{name}.csv')) == 4
    assert wrong.returncode == 1 and 'no such function' in wrong.stderr
    assert os.listdir('wrong') == ['project'] or os.listdir('wrong') == []


def test_job_array_has_a_task_for_each_experiment():
    script = (PROJECT / 'experiments/experiments.slurm').read_text()
    assert re.findall(r'^#SBATCH --array=1-(\d+)$', script, re.MULTILINE) == [str(len(NAMES))]


def test_job_runs_the_experiment_of_its_task(folder):
    """With a python that says what it is asked; script.sh is given the job's arguments, too."""
    pathlib.Path('script.sh').write_text('PATH=$PWD:$PATH\n')
    python = pathlib.Path('python')
    python.write_text("""#!/bin/sh
case $3 in --list) printf 'one Why?\\ntwo How?\\n' ;; *) echo "$@" ;; esac
""")
    python.chmod(0o755)
    for task, status, output in ((2, 0, '-m experiments two --repeats 20\n'), (3, 1, '')):
        process = subprocess.run(
            ['bash', PROJECT / 'experiments/experiments.slurm', '--repeats', '20'],
            env=os.environ | {'SLURM_ARRAY_TASK_ID': str(task)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (process.returncode, process.stdout) == (status, output)
        assert ('no experiment 3' in process.stderr) == (task == 3)


# ---------------------------------------------------------------- tables and figures


def test_summary_and_table():
    rows = [
        {'series': '', 'setting': s, 'seed': i, 'test_95': a}
        for s, values in (('x', (1, 5, 3)), ('y', ('2', 'inf', 'inf')))
        for i, a in enumerate(values)
    ]
    summary = report.summarise(rows, ['test_95'])
    assert summary['', 'x']['test_95'] == (3, 1, 5)
    assert summary['', 'y']['test_95'] == (np.inf, 2, np.inf)
    assert report.text('test_95', summary['', 'x']['test_95']) == '3 (1 to 5)'
    assert report.text('test_95', summary['', 'y']['test_95']) == 'never (2 to never)'
    assert report.text('test_95', (np.inf,) * 3) == 'never'
    assert report.text('test_accuracy', (0.9315, 0.9, 1)) == '93.2 % (90.0 to 100.0)'
    assert report.text('test_accuracy', (1, 1, 1)) == '100.0 %'


def load(name):
    curves = 'convergence' in EXPERIMENTS[name].panels
    return report.load(PUBLISHED, name), report.load(PUBLISHED, f'{name}-curves') if curves else []


@pytest.mark.parametrize('name', NAMES)
def test_figure_shows_the_numbers(name):
    """Every mark stands at a median of the CSV file, and every bar covers the range."""
    experiment, (rows, curves) = EXPERIMENTS[name], load(name)
    figure = figures.draw(name, rows, curves)
    figure.canvas.draw()
    panels = dict(zip(experiment.panels, figure.axes, strict=True))
    for axis in figure.axes:
        limits = {axis.get_xlim(), axis.get_ylim()}
        assert (0.45, 1.0) in limits
        # The legend covers no part of the plot, no label is slanted, and all is large enough.
        assert not axis.get_legend().get_window_extent().overlaps(axis.get_window_extent())
        for text in (*axis.get_xticklabels(), *axis.get_yticklabels(), axis.xaxis.label):
            assert text.get_rotation() == 0 and text.get_fontsize() >= 12
    assert figure.get_figwidth() == 8  # inches of 100 pixels

    if 'accuracy' in panels:
        axis = panels['accuracy']
        rowwise = axis.get_xlim() == (0.45, 1.0)
        names = list(dict.fromkeys(row['setting'] for row in rows))
        labels = [t.get_text().replace('\n', ' ') for t in axis.get_yticklabels()]
        assert labels == names if rowwise else axis.get_xlabel() == experiment.varied
        drawn = {c.get_label(): c for c in axis.containers}
        for series in dict.fromkeys(row['series'] for row in rows):
            accuracies = {}
            for row in rows:
                if row['series'] == series:
                    accuracies.setdefault(row['setting'], []).append(float(row['test_accuracy']))
            marks, _, (bars,) = drawn[series or 'test sequences'].lines
            x, y = marks.get_data()
            values, places = (x, y) if rowwise else (y, x)
            assert list(values) == [np.median(a) for a in accuracies.values()]
            expected = [names.index(s) if rowwise else float(s) for s in accuracies]
            assert places == pytest.approx(expected, abs=0.31)
            for bar, a in zip(bars.get_segments(), accuracies.values(), strict=True):
                assert bar[:, 0 if rowwise else 1] == pytest.approx([min(a), max(a)])
        assert ('training sequences' in drawn) == (not experiment.series and name != 'frequency')

    if 'convergence' in panels:
        lines = panels['convergence'].lines
        for setting in experiment.settings:
            (line,) = (line for line in lines if line.get_label() == str(setting))
            for epoch, value in zip(*line.get_data(), strict=True):
                accuracies = [
                    float(row['test_accuracy'])
                    for row in curves
                    if (row['setting'], row['epoch']) == (str(setting), str(epoch))
                ]
                assert value == np.median(accuracies)
    figures.plt.close(figure)


def test_figures_axes_fit_their_numbers():
    for name in ('training-sets', 'phase', 'neurons'):
        figure = figures.draw(name, *load(name))
        assert figure.axes[0].get_xscale() == 'log'
        ticks = [t.get_text() for t in figure.axes[0].get_xticklabels()]
        assert ticks == list(dict.fromkeys(row['setting'] for row in load(name)[0]))
        figures.plt.close(figure)
    figure = figures.draw('frequency', *load('frequency'))
    (band,) = figure.axes[0].patches
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((0.1, 0.4))
    assert figure.axes[0].get_xlim()[0] < 0.02 and figure.axes[0].get_xlim()[1] > 0.8
    figures.plt.close(figure)


# ---------------------------------------------------------------- what is published


@pytest.mark.parametrize('name', NAMES)
def test_published_rows_are_those_of_the_questions(name):
    rows, _ = load(name)
    experiment = EXPERIMENTS[name]
    expected = [s if isinstance(s, tuple) else ('', s) for s in experiment.settings]
    if name == 'frequency':
        (options,) = experiment.settings.values()
        expected = [('', f) for f in options['frequencies']]
    found = {}
    for row in rows:
        found.setdefault((row['series'], row['setting']), []).append(row)
    assert set(found) == {(series, str(setting)) for series, setting in expected}
    for (_, options), group in zip(experiment.settings.items(), found.values(), strict=False):
        assert [row['seed'] for row in group] == list('01234')
        for row in group:
            assert float(row['noise']) == options.get('noise', 0)
            assert row['phase'] == str(int(options.get('phase', False)))
            assert row['N_train'] == str(options.get('N_train', 200))
            assert row['epochs'] == ('0' if 'rule' in options else '300')
            assert 0 <= float(row['test_accuracy']) <= 1
            if 'rule' not in options:
                network = options.get('network', questions.TUTORIAL)
                model = keras.Sequential([keras.Input((128,)), *network(keras.layers)])
                assert row['parameters'] == str(model.count_params())
                break  # one of a setting is enough
    if experiment.test_every:
        curves = load(name)[1] or report.load(PUBLISHED, f'{name}-curves')
        last = [row['test_accuracy'] for row in curves if row['epoch'] == '300']
        assert last == [row['test_accuracy'] for row in rows]
        for row in rows:  # the epochs to an accuracy, from the curves
            own = [c for c in curves if (c['setting'], c['seed']) == (row['setting'], row['seed'])]
            reached = [c['epoch'] for c in own if float(c['test_accuracy']) >= 0.95]
            assert row['test_95'] == (reached[0] if reached else 'inf')


def sections():
    """Return {name: text} of the README's sections with the answers."""
    found = re.findall(r'^## (.*?)\n(.*?)(?=^## |\Z)', README, re.MULTILINE | re.DOTALL)
    questions = {experiment.question: name for name, experiment in EXPERIMENTS.items()}
    return {questions[title]: text for title, text in found if title in questions}


def test_readme_answers_every_question():
    assert list(sections()) == NAMES
    for name, text in sections().items():
        assert f'](results/{name}.png)' in text and (PUBLISHED / f'{name}.png').exists()
        assert f'<!-- table: {name} -->' in text


def test_readme_tables_are_those_of_the_runs():
    assert report.with_tables(README, PUBLISHED) == README
    some = re.search(r'\| 200 \| (\d+\.\d) %', sections()['training-sets'])
    assert float(some[1]) == 100  # the training accuracy, which is perfect there
    for name, text in sections().items():  # no number stands beside the table
        prose = re.sub(r'<!-- table.*?<!-- end -->|!\[.*?\]\(.*?\)', '', text, flags=re.DOTALL)
        prose = re.sub(r'\b2018\b|Conv1D|`[^`]*`', '', prose)
        assert not re.findall(r'\d+ %|\d+\.\d|\d+ s\b|\d+ second', prose), name


def test_publish(folder):
    """In a copy: a table that was edited by hand is as before, and the figure is drawn anew."""
    copied = copy_of_the_project(folder, '')
    shutil.copytree(PUBLISHED, copied / 'experiments/results')
    edited = README.replace('| 129 |', '| 130 |')
    assert edited != README
    (copied / 'experiments/README.md').write_text(edited)
    figure = copied / 'experiments/results/memory.png'
    figure.unlink()
    process = run('--publish', 'memory', project=copied)
    assert (process.returncode, process.stdout, process.stderr) == (0, '', '')
    assert (copied / 'experiments/README.md').read_text() == README
    assert figures.plt.imread(figure).shape[1] == 1200
    (copied / 'experiments/results/layers.csv').unlink()
    process = run('--publish', 'memory', project=copied)
    assert process.returncode == 1
    assert process.stderr.startswith('python -m experiments: ') and 'layers.csv' in process.stderr


# What the README says in words, each with what it means for m, the median test accuracies, and t,
# those of training, by (series, setting); a setting alone where there are no series.
SAME, RANDOM = 'same phase', 'random phase'
EASY, HARD = 'same phase, 200 sequences', 'random phase, 800 sequences'
LINEAR = (
    'no activation (Dense 16, Dense 1)',
    "train.py's alternative (Dense 16, Dense 8, sigmoid)",
)
BOTH = "the tutorial's (relu, tanh, sigmoid)"
NOISES = ('0', '0.25', '0.5', '1', '1.5', '2')
CLAIMS = [
    (
        'baseline',
        'always, wherever the wave begins',
        lambda m, t: m[SAME, 'mean of the squares'] == m[RANDOM, 'mean of the squares'] == 1,
    ),
    (
        'baseline',
        'does not get there, and with random phases it stays far below',
        lambda m, t: (
            m[SAME, "the tutorial's network"] < 0.97 and m[RANDOM, "the tutorial's network"] < 0.8
        ),
    ),
    (
        'training-sets',
        'More sequences are better, from little above guessing to all right',
        lambda m, t: list(m.values()) == sorted(m.values()) and m['25'] < 0.6 and m['1600'] > 0.995,
    ),
    (
        'training-sets',
        'The training accuracy becomes perfect with any number',
        lambda m, t: min(t.values()) == 1,
    ),
    (
        'layers',
        'Without a hidden layer the network fails even on the sequences that it trains with',
        lambda m, t: m['0'] < 0.7 and t['0'] < 0.8,
    ),
    (
        'layers',
        'One hidden layer is enough to learn the training sequences by heart',
        lambda m, t: t['1'] > 0.999,
    ),
    (
        'layers',
        "The second, the tutorial's, makes the network better on new ones; more bring nothing",
        lambda m, t: m['2'] > m['1'] and m['2'] > max(m['3'], m['4']) - 0.01,
    ),
    (
        'neurons',
        'Very few are too few, even for the training sequences',
        lambda m, t: t['2'] < 0.99 and m['2'] < m['16'] - 0.05,
    ),
    (
        'neurons',
        'many times more neurons bring little, and do no harm',
        lambda m, t: all(abs(m[str(2**i)] - m['16']) < 0.04 for i in range(5, 9)),
    ),
    (
        'activations',
        'With any of the others it learns the training sequences',
        lambda m, t: t.pop('linear') < 0.8 and min(t.values()) > 0.99,
    ),
    (
        'activations',
        'on new ones relu is the best',
        lambda m, t: sorted(m, key=m.get)[::-1][:2] == ['relu', 'softplus'],
    ),
    (
        'linear',
        "do as well as the tutorial's",
        lambda m, t: all(abs(m[EASY, network] - m[EASY, BOTH]) < 0.04 for network in LINEAR),
    ),
    (
        'linear',
        "they fail, and the tutorial's network does not",
        lambda m, t: all(m[HARD, network] < 0.7 < 0.9 < m[HARD, BOTH] for network in LINEAR),
    ),
    (
        'recurrent',
        'Yes',
        lambda m, t: min(m['LSTM'], m['SimpleRNN']) > m["the tutorial's"] + 0.03,
    ),
    (
        'recurrent',
        'does as well with the fewest weights',
        lambda m, t: m['Conv1D'] > max(m.values()) - 0.01,
    ),
    (
        'phase',
        "The tutorial's network needs many more sequences",
        lambda m, t: (
            m["the tutorial's, random phase", '400'] < m["the tutorial's, same phase", '200']
        ),
    ),
    (
        'phase',
        'hardly notice',
        lambda m, t: (
            min(m[f'{n}, {RANDOM}', '200'] for n in ('Conv1D', 'SimpleRNN', 'LSTM')) > 0.95
        ),
    ),
    (
        'noise',
        'its training accuracy stays perfect while it comes down to guessing',
        lambda m, t: (
            all(t["the tutorial's", s] > 0.99 for s in NOISES) and m["the tutorial's", '2'] < 0.55
        ),
    ),
    (
        'noise',
        'bear far more',
        lambda m, t: all(
            m[n, s] > m["the tutorial's", s] + 0.1
            for n in ('mean of the squares', 'Conv1D', 'LSTM')
            for s in NOISES[2:]
        ),
    ),
    (
        'noise',
        'none of them clearly more than the others',
        lambda m, t: all(
            abs(m[n, s] - m['mean of the squares', s]) < 0.06
            for n in ('Conv1D', 'LSTM')
            for s in NOISES
        ),
    ),
    (
        'frequency',
        'which is right for half of them',
        lambda m, t: all(abs(m[f] - 0.5) < 0.1 for f in m if float(f) > 0.42),
    ),
    (
        'frequency',
        'Inside the trained band it does well',
        lambda m, t: min(m[f] for f in m if 0.1 <= float(f) <= 0.36) > 0.75,
    ),
    (
        'memory',
        'Memory',
        lambda m, t: m['from the training set (as in 2018)'] > 0.999 > 0.97 > m['new'],
    ),
]


@pytest.mark.parametrize('name, sentence, holds', CLAIMS, ids=[f'{c[0]}-{c[1]}' for c in CLAIMS])
def test_readme_says_what_is_true(name, sentence, holds):
    assert sentence in ' '.join(sections()[name].split())
    summary = report.summarise(load(name)[0], ('test_accuracy', 'training_accuracy'))
    keyed = {key if key[0] else key[1]: found for key, found in summary.items()}
    m, t = (
        {key: found[column][0] for key, found in keyed.items()}
        for column in ('test_accuracy', 'training_accuracy')
    )
    assert holds(m, t)


def test_readme_says_how_many_epochs():
    text = ' '.join(sections()['epochs'].split())
    assert 'The more sequences, the fewer epochs' in text
    assert 'rises for about twice as long as the training accuracy does; after that' in text
    rows, curves = load('epochs')
    summary = report.summarise(rows, ('training_99',))
    epochs = {setting: round(found['training_99'][0]) for (_, setting), found in summary.items()}
    assert list(epochs.values()) == sorted(epochs.values(), reverse=True)
    for setting, epoch in epochs.items():
        once, twice, last = (
            np.median(
                [
                    float(c['test_accuracy'])
                    for c in curves
                    if (c['setting'], c['epoch']) == (setting, str(e))
                ]
            )
            for e in (epoch, 2 * epoch, 300)
        )
        assert once < last - 0.03 and abs(twice - last) < 0.02
