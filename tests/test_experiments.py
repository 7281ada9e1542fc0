"""experiments/: its runs against plain Keras and what is published; what it writes and shows."""

import contextlib
import io
import multiprocessing
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import Future

from support.console import DataError

import numpy as np
import pytest
from conftest import PROJECT, contents, process, refused, script

import experiments.__main__ as main
from experiments import figures, pool, questions, report
from experiments.questions import EXPERIMENTS
from generate_data import make_sequences, random_streams

COMMAND = 'experiments/__main__.py'
PUBLISHED = PROJECT / 'experiments/results'
README = (PROJECT / 'experiments/README.md').read_text(encoding='utf-8')
NAMES = list(EXPERIMENTS)
ACCURACIES = ('training_accuracy', 'test_accuracy')


class Inline:
    """A pool that works at once, in this process."""

    def submit(self, work, *arguments):
        future = Future()
        future.set_result(work(*arguments))
        return future


@pytest.fixture
def inline(monkeypatch):
    """Let python -m experiments start no processes."""
    monkeypatch.setattr(pool, 'workers', lambda jobs: contextlib.nullcontext(Inline()))


def numbers(rows):
    """Return rows, those of a run or of a CSV file, as what must be the same in every run."""
    others = ('series', 'setting', 'seconds')
    return [{c: float(v) for c, v in r.items() if c not in others and v != ''} for r in rows]


def test_runs_are_those_of_keras():
    """Plain Keras with the same first weights finds the same, for a seed that comes second.

    They train with a single batch, whose order matters little, and test with unseen sequences."""
    import keras

    from experiments.run import first, runs, unseen_sequences

    rows, curves = runs([2, 3], 20, N_train=32, frequencies=[0.2, 0.3], test_every=8)
    assert [(r['setting'], r['seed']) for r in rows] == [(f, s) for s in (2, 3) for f in (0.2, 0.3)]
    tested = [(c['seed'], c['epoch']) for c in curves]
    assert tested == [(seed, epoch) for seed in (2, 3) for epoch in (8, 16, 20)]
    train_rng, rng = random_streams(3)
    X_train, Y_train = make_sequences(32, train_rng)
    X_test, Y_test = unseen_sequences(X_train, rng)
    assert X_test.shape == (2000, 128) and Y_test.sum() == 1000
    assert not {tuple(x) for x in X_train} & {tuple(x) for x in X_test}
    keras.utils.set_random_seed(3)
    layers = (keras.layers.Dense(n, a) for n, a in ((16, 'relu'), (8, 'tanh'), (1, 'sigmoid')))
    model = keras.Sequential([keras.Input((128,)), *layers])
    model.compile('rmsprop', 'binary_crossentropy', metrics=['accuracy'])
    fit = {'validation_data': (X_test, Y_test), 'validation_batch_size': 2000, 'verbose': 0}
    history = model.fit(X_train, Y_train, epochs=20, **fit).history
    for curve in curves[3:]:
        found = [history[name][curve['epoch'] - 1] for name in ('accuracy', 'val_accuracy')]
        assert [curve[name] for name in ACCURACIES] == pytest.approx(found, abs=1e-3)
    for row, f in zip(rows[2:], (0.2, 0.3), strict=True):
        X, Y = unseen_sequences(X_train, rng, f_min=f - 0.01, f_range=0.02)
        right = (np.array(model(X))[:, 0] > 0.5) == Y
        assert row['test_accuracy'] == pytest.approx(right.mean(), abs=1e-3)
        assert row['training_accuracy'] == curves[-1]['training_accuracy']
        assert row['test_99'] == np.inf
    assert first([5, 10, 12], [0.5, 0.95, 0.9], 0.95) == 10


def test_published_rows_are_found_again():
    """In all columns; other processors' rounding errors, tried with other weights, change none."""
    for name, setting in (
        ('memory', 'from the training set (as in 2018)'),
        ('baseline', ('random phase', 'always the same class')),
        ('baseline', ('random phase', 'mean of the squares')),
        ('noise', ('mean of the squares', 1)),
    ):
        rows, curves = pool.work(name, setting, [0], 300)
        which = {c: str(rows[0][c]) for c in ('series', 'setting', 'seed')}
        wanted = [row for row in report.load(PUBLISHED, name) if which.items() <= row.items()]
        assert numbers(rows) == numbers(wanted) and curves == []
        assert 0 <= rows[0]['seconds'] < 100


def test_results_come_in_order_and_the_longest_settings_begin(monkeypatch):
    """A worker takes up to five seeds of a setting, as long as none waits for it at the end."""
    began = []

    def work(name, setting, seeds, N_epochs):
        assert N_epochs == 7 and signal.getsignal(signal.SIGINT) == signal.SIG_IGN
        began.append((setting, len(seeds)))
        return [(setting, seed) for seed in seeds], list(seeds)

    monkeypatch.setattr(pool, 'work', work)
    memory = list(EXPERIMENTS['memory'].settings)
    recurrent = ['SimpleRNN', 'LSTM', "the tutorial's", 'Conv1D']
    sizes = [1600, 800, 400, 200, 100, 50, 25]
    for names, repeats, jobs, order, seeds in (
        (['memory', 'recurrent'], 5, 2, recurrent + memory, [3, 2]),
        (['training-sets'], 5, 1, sizes, [5]),
        (['memory'], 6, 9, memory, [1] * 6),
        (['memory'], 12, 1, memory, [5, 5, 2]),
    ):
        began.clear()
        found = pool.results(Inline(), jobs, names, repeats, 7)
        done, totals, finished = zip(*found, strict=True)
        assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
        assert began == [(setting, N) for setting in order for N in seeds]
        assert sorted(np.diff(done, prepend=0)) == sorted(seeds * len(order))
        assert set(totals) == {repeats * len(order)}
        for name, rows, curves in filter(None, finished):
            assert rows == [(s, i) for s in EXPERIMENTS[name].settings for i in range(repeats)]
            assert curves == [i for _, i in rows]
        assert sorted(name for name, _, _ in filter(None, finished)) == names


def test_jobs_by_default(monkeypatch):
    """The cores that it may use, and not more than there is memory for."""
    monkeypatch.setattr(os, 'sched_getaffinity', lambda pid: range(8 * (pid == 0)), raising=False)
    granted = ('SLURM_MEM_PER_NODE', 'SLURM_MEM_PER_CPU', 'SLURM_CPUS_PER_TASK')
    some = (100000, 0, 4, 4), (4608, 0, 9, 3), (4600, 0, 9, 2), (500, 0, 9, 1), (0, 800, 4, 2)
    for *values, jobs in (100000, 0, 9, 8), *some:
        for name, value in zip(granted, values, strict=True):
            monkeypatch.setenv(name, str(value))
        assert pool.default_jobs() == jobs
    for name in granted:
        monkeypatch.delenv(name)
    text = 'MemTotal: 99 kB\nMemAvailable: 3145728 kB\n'
    monkeypatch.setattr(pool, 'open', lambda path: io.StringIO(text), raising=False)
    assert pool.memory() == 3 and pool.default_jobs() == 2
    monkeypatch.setattr(pool, 'open', lambda path: open('/nowhere'))  # as on macOS
    assert 0.1 < pool.memory() < 1e5


def test_workers_have_one_thread_and_end_at_once(capfd):
    start = time.monotonic()
    with pytest.raises(ValueError, match='nonsense'), pool.workers(2) as executor:
        for name, value in (('TF_NUM_INTRAOP_THREADS', '1'), ('CUDA_VISIBLE_DEVICES', '-1')):
            assert executor.submit(os.getenv, name).result(timeout=60) == value
        assert executor.submit(os.write, 2, b'not to be seen').result() > 0
        executor.submit(time.sleep, 100)
        executor.submit(int, 'nonsense').result(timeout=60)
    assert time.monotonic() - start < 90
    with pytest.raises(DataError, match='--jobs'), pool.workers(1) as executor:
        executor.submit(os._exit, 9).result(timeout=60)  # as if killed
    assert multiprocessing.active_children() == [] and capfd.readouterr() == ('', '')


def test_workers_end_with_their_parent(folder):
    """Even if that is killed: process() waits until none of them has its stdout any more."""
    program = """
import os, signal, time
from experiments.pool import workers
if __name__ == '__main__':
    with workers(2) as pool:
        assert pool.submit(os.getpid).result() > 0
        pool.submit(time.sleep, 200), pool.submit(time.sleep, 200)
        os.kill(os.getpid(), signal.SIGKILL)
"""
    pathlib.Path('program.py').write_text(program, encoding='utf-8')
    process(folder / 'program.py', status=-signal.SIGKILL, env={'PYTHONPATH': str(PROJECT)})


@pytest.mark.slow
def test_processes_find_the_same_as_one_and_ctrl_c_keeps_it(folder, inline):
    """It begins with epochs, which has the settings that take longest, and ends with memory."""
    options = ('--epochs', '3', '--repeats', '1', '--jobs', '2')
    started = subprocess.Popen(
        [sys.executable, '-m', 'experiments', 'baseline', 'memory', 'epochs', *options],
        env=os.environ | {'PYTHONPATH': str(PROJECT), 'PYTHONIOENCODING': 'utf-8'},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding='utf-8',
        start_new_session=True,
    )
    shown = ''
    for line in started.stdout:
        shown += line
        if line.startswith('└'):  # the end of a table
            break
    os.killpg(started.pid, signal.SIGINT)  # as a terminal does, to all of its processes
    _, errors = started.communicate(timeout=30)  # when none of them is left
    assert (errors, started.returncode) == ('\nStopped.\n', -signal.SIGINT)
    finished = {f'epochs{end}' for end in ('.csv', '.png', '-curves.csv')}
    several = contents('results')
    assert finished <= several.keys() <= {*finished, 'baseline.csv', 'baseline.png'}
    assert script(COMMAND, 'epochs', *options, '--output', 'one') == (shown, '', 0)
    one = contents('one')
    assert one.keys() == finished and one['epochs-curves.csv'] == several['epochs-curves.csv']
    rows = report.load('one', 'epochs')
    assert numbers(rows) == numbers(report.load('results', 'epochs'))
    assert [row['setting'] for row in rows] == ['100', '200', '400']


def test_command_lines(folder, inline, monkeypatch):
    asked = []
    monkeypatch.setattr(pool, 'results', lambda _, *arguments: asked.append(arguments) or [])
    monkeypatch.setattr(pool, 'default_jobs', lambda: 6)
    for arguments, expected in (
        ('', (6, NAMES, 5, 300)),
        ('linear all', (6, NAMES, 5, 300)),
        ('memory linear memory --jobs 1', (1, ['memory', 'linear'], 5, 300)),
        ('memory --repeats 1 --epochs 1', (6, ['memory'], 1, 1)),
    ):
        assert script(COMMAND, *arguments.split()) == ('', '', 0) and asked.pop() == expected
    assert os.listdir() == ['results'] and os.listdir('results') == []
    listed = ''.join(f'{name:14} {EXPERIMENTS[name].question}\n' for name in NAMES)
    assert script(COMMAND, '--list') == (listed, '', 0)


def test_bad_command_lines(folder):
    pathlib.Path('file').write_text('not a folder', encoding='utf-8')
    for arguments, status, parts in (
        ('nonsense', 2, ('nonsense', *NAMES)),
        *((f'--{name} 0', 2, (f'--{name}', '0')) for name in ('jobs', 'repeats', 'epochs')),
        ('--output file', 1, ('file', '--output')),
        ('--output file/below', 1, ('file', '--output')),
    ):
        last = refused(COMMAND, 'memory', *arguments.split(), status=status, parts=parts)
        assert last.startswith('python -m experiments: ')
    assert contents(folder) == {'file': b'not a folder'}


def test_bar_on_a_terminal(folder, inline, monkeypatch, capsys):
    """It makes room for the tables on stdout, and gives the cursor back."""
    assert main.progress_bar() is None
    row = {'series': '', 'setting': 'new', 'training_accuracy': 1, 'test_accuracy': 0.75}
    steps = [(1, 4, None), (3, 4, ('memory', [row], [])), (4, 4, None)]
    monkeypatch.setattr(main, 'results', lambda *_: iter(steps))
    monkeypatch.setattr(main, 'workers', pool.workers)
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.setattr(sys, 'stderr', io.StringIO())
    sys.stderr.isatty = lambda: True
    main.run(['memory'], 1, 1, 1, '.')
    shown = sys.stderr.getvalue()
    assert re.findall(r'(\d+)%', shown)[-1] == '100' and ' 25%' in shown
    assert shown.count('\x1b[?25l') == shown.count('\x1b[?25h') == 2
    assert re.search(r'new.* 100.0 % .* 75.0 %', capsys.readouterr().out)
    assert sorted(os.listdir()) == ['memory.csv', 'memory.png'] and not figures.plt.get_fignums()


def test_readme_example_of_a_question_and_a_run_that_fails(folder, inline, monkeypatch):
    (example,) = re.findall(r"```python\n(    '.*?)```", README, re.DOTALL)
    ((name, experiment),) = eval('{' + example + '}', vars(questions)).items()
    asked = (COMMAND, name, '--epochs', 2, '--repeats', 1)
    wrong = {'wrong': {'network': questions.dense((1, 'no such function'))}}
    monkeypatch.setitem(EXPERIMENTS, name, experiment._replace(settings=wrong))
    refused(*asked, parts=['no such function'])
    assert os.listdir('results') == []
    monkeypatch.setitem(EXPERIMENTS, name, experiment)
    assert experiment.question in script(*asked).stdout
    assert sorted(os.listdir('results')) == [f'{name}.csv', f'{name}.png']
    assert [row['setting'] for row in report.load('results', name)] == [*experiment.settings]


def test_printed_table_and_missing_numbers(capsys):
    """Where there is no terminal, a table has room."""
    report.print_table(PUBLISHED, 'recurrent')
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].strip() == f'recurrent: {EXPERIMENTS["recurrent"].question}'
    assert 80 < max(map(len, lines)) <= 120
    assert any(re.search(r"the tutorial's .* 2209 .* never .* never ", line) for line in lines)
    assert report.summarise([{'series': '', 'setting': '', 'seed': ''}], ['seed']) == {('', ''): {}}
    assert report.text('parameters', None) == ''
    with pytest.raises(DataError, match=r'nowhere/memory.csv .*--output nowhere'):
        report.load('nowhere', 'memory')


@pytest.mark.parametrize('name', NAMES)
def test_figure_shows_the_numbers(name):
    """Marks at the medians of the CSV file, bars over the ranges, lines from epoch to epoch."""
    experiment, rows = EXPERIMENTS[name], report.load(PUBLISHED, name)
    curves = report.load(PUBLISHED, f'{name}-curves') if experiment.test_every else []
    figure = figures.draw(name, rows, curves)
    assert figure.get_suptitle().replace('\n', ' ') == experiment.question
    height, width, _ = figures.plt.imread(PUBLISHED / f'{name}.png').shape
    assert figure.get_size_inches() * 150 == pytest.approx((width, height), abs=1)
    for panel, axis in zip(experiment.panels, figure.axes, strict=True):
        legend = [text.get_text() for text in axis.get_legend().get_texts()]
        assert legend == axis.get_legend_handles_labels()[1]
        if panel == 'accuracy':
            check_marks(axis, experiment, report.summarise(rows, ACCURACIES))
        else:
            check_lines(axis, curves)
    figures.plt.close(figure)


def check_marks(axis, experiment, summary):
    expected, found = {}, {}
    for (series, setting), medians in summary.items():
        expected[series or 'test sequences', setting] = medians['test_accuracy']
        if not experiment.series and not experiment.trained:
            expected['training sequences', setting] = medians['training_accuracy']
    names = list(dict.fromkeys(setting for _, setting in summary))
    rowwise = axis.get_ylim() == (len(names) - 0.5, -0.5)  # else numbers, from left to right
    ticks = axis.get_yticklabels() if rowwise else axis.get_xticklabels()
    if rowwise or len(names) <= 10:
        assert [tick.get_text().replace('\n', ' ') for tick in ticks] == names
    if not rowwise:
        assert axis.get_xlabel() == experiment.varied
        assert axis.get_xscale() == ('log' if experiment.log else 'linear')
        places = [(float(names[0]), 1), (float(names[-1]), 1)]
        ends = (axis.transScale + axis.transLimits).transform(places)[:, 0]
        assert list(ends) == pytest.approx([1 / 22, 21 / 22])  # as parts of the axis's width
    assert (axis.get_xlim() if rowwise else axis.get_ylim()) == (0.45, 1)
    for container in axis.containers:
        marks, _, (bars,) = container.lines
        places, medians = marks.get_data()[:: -1 if rowwise else 1]
        for place, median, bar in zip(places, medians, bars.get_segments(), strict=True):
            setting = names[round(place)] if rowwise else f'{place:g}'
            found[container.get_label(), setting] = (median, *bar[:, 0 if rowwise else 1])
    assert found == {key: pytest.approx(value) for key, value in expected.items()}
    bands = [(band.get_x(), band.get_x() + band.get_width()) for band in axis.patches]
    assert bands == ([pytest.approx(experiment.trained)] if experiment.trained else [])


def check_lines(axis, curves):
    rows = [row | {'series': row['setting'], 'setting': row['epoch']} for row in curves]
    expected, found = [], []
    for (setting, epoch), medians in report.summarise(rows, ACCURACIES).items():
        expected.append((setting, int(epoch), *(medians[name][0] for name in ACCURACIES)))
    for dotted, solid in zip(axis.lines[:-1:2], axis.lines[1:-1:2], strict=True):
        assert (dotted.get_linestyle(), solid.get_linestyle()) == (':', '-')
        for point in zip(solid.get_xdata(), dotted.get_ydata(), solid.get_ydata(), strict=True):
            found.append((solid.get_label(), *point))
    assert found == expected and axis.get_xlabel() == 'Epoch'


@pytest.mark.parametrize('name', NAMES)
def test_published_files_are_those_of_the_questions(name):
    from keras import Sequential, layers

    expected = {}
    for key, options in EXPERIMENTS[name].settings.items():
        network = [] if 'rule' in options else options.get('network', questions.TUTORIAL)(layers)
        parameters = Sequential([layers.Input((128,)), *network]).count_params() if network else 0
        data = options.get('N_train', 200), options.get('phase', 0), options.get('noise', 0)
        for setting in options.get('frequencies', [key]):
            series, setting = setting if isinstance(setting, tuple) else ('', setting)
            for seed in '01234':
                row = (*data, 300 if network else 0, parameters)
                expected[series, str(setting), seed] = row
    columns = ('N_train', 'phase', 'noise', 'epochs', 'parameters')
    rows, found = report.load(PUBLISHED, name), {}
    for row in rows:
        found[row['series'], row['setting'], row['seed']] = tuple(float(row[c]) for c in columns)
    assert found == expected and len(rows) == len(found)
    if every := EXPERIMENTS[name].test_every:
        curves = report.load(PUBLISHED, f'{name}-curves')
        epochs = [*range(every, 300, every), 300]
        runs = [(row['setting'], row['seed'], epoch) for row in rows for epoch in epochs]
        assert runs == [(row['setting'], row['seed'], int(row['epoch'])) for row in curves]


def test_publish(folder):
    """In a copy: a table that was edited by hand is as before, and the figure is drawn anew."""
    shutil.copytree(PROJECT / 'experiments', 'experiments', ignore=lambda *_: ['__pycache__'])
    edited, figure = pathlib.Path('experiments/README.md'), 'experiments/results/memory.png'
    for name in NAMES:
        table, picture = f'<!-- table: {name} -->', f'](results/{name}.png)'
        assert all(part in README for part in (EXPERIMENTS[name].question, table, picture))
    assert '| 129 |' in README
    edited.write_text(README.replace('| 129 |', '| 130 |'), encoding='utf-8')
    size = figures.plt.imread(figure).shape
    os.unlink(figure)
    assert script(folder / COMMAND, '--publish', 'memory') == ('', '', 0)
    assert edited.read_text(encoding='utf-8') == README
    assert figures.plt.imread(figure).shape == size
    os.unlink('experiments/results/layers.csv')
    last = refused(folder / COMMAND, '--publish', 'memory', parts=['layers.csv'])
    assert last.startswith('python -m experiments: ')
