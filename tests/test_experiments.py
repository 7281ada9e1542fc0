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
from conftest import PROJECT, TRAIN, contents, refused, script

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
        try:
            future.set_result(work(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture
def inline(monkeypatch):
    """Let python -m experiments start no processes."""
    monkeypatch.setattr(pool, 'workers', lambda jobs: contextlib.nullcontext(Inline()))


def numbers(rows):
    """Return rows, those of a run or of a CSV file, as what must be the same in every run."""
    others = ('series', 'setting', 'seconds')
    return [{c: float(v) for c, v in r.items() if c not in others and v != ''} for r in rows]


# ---------------------------------------------------------------- the runs


def test_runs_are_those_of_keras():
    """Plain Keras with the same first weights finds the same: with a single batch, whose order
    matters little, and although another seed was trained before."""
    import keras

    from experiments.run import runs, unseen_sequences

    rows, curves = runs([2, 3], 20, N_train=32, frequencies=[0.2, 0.3], test_every=8)
    assert [(r['setting'], r['seed']) for r in rows] == [(f, s) for s in (2, 3) for f in (0.2, 0.3)]
    assert [(c['seed'], c['epoch']) for c in curves] == [
        (s, e) for s in (2, 3) for e in (8, 16, 20)
    ]
    train_rng, rng = random_streams(3)
    X_train, Y_train = make_sequences(32, train_rng)
    X_test, Y_test = unseen_sequences(X_train, rng)
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((128,)), *questions.TUTORIAL(keras.layers)])
    model.compile('rmsprop', 'binary_crossentropy', metrics=['accuracy'])
    fit = {'validation_data': (X_test, Y_test), 'validation_batch_size': 2000, 'verbose': 0}
    history = model.fit(X_train, Y_train, epochs=20, **fit).history
    for curve in curves[3:]:
        found = [history[name][curve['epoch'] - 1] for name in ('accuracy', 'val_accuracy')]
        assert [curve[name] for name in ACCURACIES] == pytest.approx(found, abs=1e-3)
    for row, f in zip(rows[2:], (0.2, 0.3), strict=True):
        X, Y = unseen_sequences(X_train, rng, f_min=f - 0.01, f_range=0.02)
        right = (model.predict(X, verbose=0)[:, 0] > 0.5) == Y
        assert row['test_accuracy'] == pytest.approx(right.mean(), abs=1e-3)
        assert row['training_accuracy'] == curves[-1]['training_accuracy']
        assert row['test_99'] == np.inf


def test_published_rows_are_found_again():
    """In all columns; other processors' rounding errors, tried with other weights, change none.

    Rules are as good as theory says. (w + e)^2, w a wave and e noise of variance v, has a mean over
    n values whose variance is (4 v mean(w^2) + 2 v^2) / n; the threshold is 1/4 away from it."""
    from scipy.stats import norm

    from experiments.run import first, runs

    theory = np.mean([norm.cdf(0.25 / np.sqrt((4 * m + 2) / 128)) for m in (0.5, 1)])
    for name, series, setting, accuracy in (
        ('memory', '', 'from the training set (as in 2018)', 1),
        ('baseline', 'random phase', 'always the same class', 0.5),
        ('baseline', 'random phase', 'mean of the squares', 1),
        ('noise', 'mean of the squares', 1, pytest.approx(theory, abs=0.03)),
    ):
        options = EXPERIMENTS[name].settings[(series, setting) if series else setting]
        rows, curves = runs([0], 300, **options)
        assert rows[0]['test_accuracy'] == accuracy and curves == []
        assert 0 <= rows[0]['seconds'] < 100
        wanted = {'series': series, 'setting': str(setting), 'seed': '0'}
        lines = report.load(PUBLISHED, name)
        assert numbers(rows) == numbers(r for r in lines if r.items() >= wanted.items())
    found = [first([5, 10, 12], [0.5, level, 0.9], 0.95) for level in (0.95, 0.94)]
    assert found == [10, np.inf]


def test_test_sequences_are_unseen():
    from experiments.run import unseen_sequences

    train_rng, test_rng = random_streams(0)
    X_train, _ = make_sequences(400, train_rng)
    X_test, Y_test = unseen_sequences(X_train, test_rng)
    assert X_test.shape == (2000, 128) and Y_test.sum() == 1000
    assert not {tuple(x) for x in X_train} & {tuple(x) for x in X_test}
    assert set(X_test[Y_test == 1].ravel()) == {-1, 1} != set(X_test[Y_test == 0].ravel())


def test_network_is_that_of_train_py():
    from keras import layers

    lines = [
        f"model.add(Dense({layer.units}, activation='{layer.activation.__name__}'))\n"
        for layer in questions.TUTORIAL(layers)
    ]
    assert ''.join(lines) in TRAIN


# ---------------------------------------------------------------- the processes


def test_results_come_in_order_and_the_longest_settings_begin(monkeypatch):
    """A worker takes up to five seeds of a setting, as long as none waits for it at the end."""
    began = []

    def work(name, setting, seeds, N_epochs):
        assert N_epochs == 7 and signal.getsignal(signal.SIGINT) == signal.SIG_IGN
        began.append((setting, len(seeds)))
        return [(setting, seed) for seed in seeds], [('curve', setting, seed) for seed in seeds]

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
        found = list(pool.results(Inline(), jobs, names, repeats, 7))
        assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
        assert began == [(setting, N) for setting in order for N in seeds]
        done, totals, finished = zip(*found, strict=True)
        assert sorted(np.diff(done, prepend=0)) == sorted(seeds * len(order))
        assert set(totals) == {repeats * len(order)}
        expected = []
        for name in names:
            rows = [(s, seed) for s in EXPERIMENTS[name].settings for seed in range(repeats)]
            expected.append((name, rows, [('curve', *row) for row in rows]))
        assert sorted(filter(None, finished)) == expected


def test_jobs_by_default(monkeypatch):
    """The cores that it may use, and not more than there is memory for."""
    monkeypatch.setattr(
        os, 'sched_getaffinity', lambda process: [] if process else range(8), raising=False
    )
    for granted, jobs in (
        ({'MEM_PER_NODE': '100000'}, 8),
        ({'MEM_PER_NODE': '100000', 'CPUS_PER_TASK': '4'}, 4),
        ({'MEM_PER_NODE': '4608'}, 3),
        ({'MEM_PER_NODE': '4600'}, 2),
        ({'MEM_PER_NODE': '500'}, 1),
        ({'MEM_PER_CPU': '800', 'CPUS_PER_TASK': '4'}, 2),
    ):
        with monkeypatch.context() as patch:
            for name, value in granted.items():
                patch.setenv(f'SLURM_{name}', value)
            assert pool.default_jobs() == jobs
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


def started(*command):
    """Start Python on a command, as the first of a new group of processes."""
    return subprocess.Popen(
        [sys.executable, *map(str, command)],
        env=os.environ | {'PYTHONPATH': str(PROJECT), 'PYTHONIOENCODING': 'utf-8'},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding='utf-8',
        start_new_session=True,
    )


def gone(process_group):
    """Return whether all processes of a group have ended, at the latest after ten seconds."""
    for _ in range(100):
        try:
            os.killpg(process_group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    os.killpg(process_group, signal.SIGKILL)
    return False


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
    pathlib.Path('program.py').write_text(program, encoding='utf-8')
    parent = started('program.py')
    parent.communicate(timeout=60)
    assert parent.returncode == -signal.SIGKILL
    assert gone(parent.pid)


@pytest.mark.slow
def test_processes_find_the_same_as_one_and_ctrl_c_keeps_it(folder, inline):
    """It begins with epochs, which has the settings that take longest, and ends with memory."""
    os.mkdir('results')
    pathlib.Path('results/memory.csv').write_text('from an earlier run', encoding='utf-8')
    options = ('--epochs', 3, '--repeats', 1, '--jobs', 2)
    process = started('-m', 'experiments', 'baseline', 'memory', 'epochs', *options)
    shown = []
    for line in process.stdout:
        shown.append(line)
        if line.startswith('└'):  # the end of a table
            break
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all of its processes
    _, errors = process.communicate(timeout=30)
    assert (errors, process.returncode) == ('\nStopped.\n', -signal.SIGINT)
    assert gone(process.pid)
    finished = {f'epochs{end}' for end in ('.csv', '.png', '-curves.csv')}
    possible = {*finished, 'baseline.csv', 'baseline.png', 'memory.csv'}
    assert {*finished, 'memory.csv'} <= set(os.listdir('results')) <= possible
    assert contents('results')['memory.csv'] == b'from an earlier run'
    assert script(COMMAND, 'epochs', *options, '--output', 'one') == (''.join(shown), '', 0)
    assert set(os.listdir('one')) == finished
    assert contents('one')['epochs-curves.csv'] == contents('results')['epochs-curves.csv']
    one, several = report.load('one', 'epochs'), report.load('results', 'epochs')
    assert numbers(one) == numbers(several)
    assert [row['setting'] for row in one] == ['100', '200', '400']


# ---------------------------------------------------------------- the command line


def test_command_lines(folder, inline, monkeypatch):
    asked = []
    monkeypatch.setattr(pool, 'results', lambda _, *arguments: asked.append(arguments) or [])
    monkeypatch.setattr(pool, 'default_jobs', lambda: 6)
    for arguments, expected in (
        ((), (6, NAMES, 5, 300)),
        (('linear', 'all'), (6, NAMES, 5, 300)),
        (('memory', 'linear', 'memory', '--jobs', 1), (1, ['memory', 'linear'], 5, 300)),
        (('memory', '--repeats', 1, '--epochs', 1), (6, ['memory'], 1, 1)),
    ):
        assert script(COMMAND, *arguments) == ('', '', 0) and asked.pop() == expected
    assert os.listdir() == ['results'] and os.listdir('results') == []
    listed = ''.join(f'{name:14} {EXPERIMENTS[name].question}\n' for name in NAMES)
    assert script(COMMAND, '--list') == (listed, '', 0)


def test_bad_command_lines(folder):
    pathlib.Path('file').write_text('not a folder', encoding='utf-8')
    for arguments, status, parts in (
        (['nonsense'], 2, ('nonsense', *NAMES)),
        (['--jobs', 0], 2, ('--jobs', '0')),
        (['--repeats', 0], 2, ('--repeats', '0')),
        (['--epochs', 0], 2, ('--epochs', '0')),
        (['--output', 'file'], 1, ('file', '--output')),
        (['--output', 'file/below'], 1, ('file', '--output')),
    ):
        last = refused(COMMAND, 'memory', *arguments, status=status, parts=parts)
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


# ---------------------------------------------------------------- tables and figures


def test_cells_of_a_table():
    rows = [
        {'series': '', 'setting': setting, 'test_95': epoch, 'parameters': ''}
        for setting, epochs in (('x', (1, 5, 3)), ('y', ('2', 'inf', 'inf')))
        for epoch in epochs
    ]
    summary = {('', 'x'): {'test_95': (3, 1, 5)}, ('', 'y'): {'test_95': (np.inf, 2, np.inf)}}
    assert report.summarise(rows, ['test_95', 'parameters']) == summary
    for column, found, text in (
        ('test_95', (3, 1, 5), '3 (1 to 5)'),
        ('test_95', (np.inf, 2, np.inf), 'never (2 to never)'),
        ('test_accuracy', (0.9315, 0.9, 1), '93.2 % (90.0 to 100.0)'),
        ('test_accuracy', (1, 1, 1), '100.0 %'),
        ('seconds', (1.26, 1, 2), '1.3 (1.0 to 2.0)'),
        ('parameters', None, ''),
    ):
        assert report.text(column, found) == text


def test_printed_table_and_a_missing_file(capsys):
    """Where there is no terminal, a table has room."""
    report.print_table(PUBLISHED, 'recurrent')
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].strip() == f'recurrent: {EXPERIMENTS["recurrent"].question}'
    assert 80 < max(map(len, lines)) <= 120
    assert any(re.search(r"the tutorial's .* 2209 .* never .* never ", line) for line in lines)
    report.print_table(PUBLISHED, 'frequency')
    shown = re.findall(r'^│ (\d\S*)', capsys.readouterr().out, re.MULTILINE)
    assert shown == [str(setting) for setting in EXPERIMENTS['frequency'].in_table]
    with pytest.raises(DataError, match=r'nowhere/memory.csv .*--output nowhere'):
        report.load('nowhere', 'memory')


@pytest.mark.parametrize('name', NAMES)
def test_figure_shows_the_numbers(name):
    """Marks at the medians of the CSV file, bars over the ranges, lines from epoch to epoch."""
    experiment, rows = EXPERIMENTS[name], report.load(PUBLISHED, name)
    curves = report.load(PUBLISHED, f'{name}-curves') if experiment.test_every else []
    figure = figures.draw(name, rows, curves)
    assert figure.get_suptitle().replace('\n', ' ') == experiment.question
    for panel, axis in zip(experiment.panels, figure.axes, strict=True):
        if panel == 'accuracy':
            check_marks(axis, experiment, report.summarise(rows, ACCURACIES))
        else:
            check_lines(axis, curves)
    figures.plt.close(figure)


def check_marks(axis, experiment, summary):
    expected, found = {}, {}
    for (series, setting), medians in summary.items():
        label = series or 'test sequences'
        expected.setdefault(label, {})[setting] = medians['test_accuracy']
        if not experiment.series and not experiment.trained:
            others = expected.setdefault('training sequences', {})
            others[setting] = medians['training_accuracy']
    names = list(dict.fromkeys(setting for _, setting in summary))
    rowwise = axis.get_ylim() == (len(names) - 0.5, -0.5)  # else numbers, from left to right
    if rowwise:
        assert [t.get_text().replace('\n', ' ') for t in axis.get_yticklabels()] == names
    else:
        assert axis.get_xlabel() == experiment.varied
        assert axis.get_xscale() == ('log' if experiment.log else 'linear')
        assert axis.get_xlim()[0] < float(names[0]) < float(names[-1]) < axis.get_xlim()[1]
    assert (axis.get_xlim() if rowwise else axis.get_ylim()) == (0.45, 1)
    for container in axis.containers:
        marks, _, (bars,) = container.lines
        places, medians = marks.get_data()[:: -1 if rowwise else 1]
        at = [names[round(place)] if rowwise else f'{place:g}' for place in places]
        ends = [bar[:, 0 if rowwise else 1] for bar in bars.get_segments()]
        found[container.get_label()] = {
            setting: pytest.approx((median, *end))
            for setting, median, end in zip(at, medians, ends, strict=True)
        }
    assert expected == found and len(found) == len(axis.containers)
    bands = [(band.get_x(), band.get_x() + band.get_width()) for band in axis.patches]
    assert bands == ([pytest.approx(experiment.trained)] if experiment.trained else [])


def check_lines(axis, curves):
    expected, found = {}, {}
    of_epochs = report.summarise(
        [row | {'series': row['setting'], 'setting': row['epoch']} for row in curves], ACCURACIES
    )
    for (setting, epoch), medians in of_epochs.items():
        numbers = [int(epoch), *(medians[name][0] for name in ACCURACIES)]
        expected.setdefault(setting, []).append(numbers)
    for dotted, solid in zip(axis.lines[:-1:2], axis.lines[1:-1:2], strict=True):
        assert (dotted.get_linestyle(), solid.get_linestyle()) == (':', '-')
        xyz = (solid.get_xdata(), dotted.get_ydata(), solid.get_ydata())
        found[solid.get_label()] = np.transpose(xyz).tolist()
    assert found == expected and axis.get_xlabel() == 'Epoch'


# ---------------------------------------------------------------- what is published


@pytest.mark.parametrize('name', NAMES)
def test_published_rows_are_those_of_the_questions(name):
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
    rows = report.load(PUBLISHED, name)
    found = {
        (r['series'], r['setting'], r['seed']): tuple(float(r[c]) for c in columns) for r in rows
    }
    assert found == expected and len(rows) == len(found)


@pytest.mark.parametrize('name', [name for name in NAMES if EXPERIMENTS[name].test_every])
def test_published_curves_end_in_the_rows(name):
    rows, curves = report.load(PUBLISHED, name), report.load(PUBLISHED, f'{name}-curves')
    every = EXPERIMENTS[name].test_every
    for row in rows:
        own = [c for c in curves if (c['setting'], c['seed']) == (row['setting'], row['seed'])]
        assert [int(c['epoch']) for c in own] == [*range(every, 300, every), 300]
        assert [own[-1][c] for c in ACCURACIES] == [row[c] for c in ACCURACIES]


def test_publish(folder):
    """In a copy: a table that was edited by hand is as before, and the figure is drawn anew."""
    shutil.copytree(PROJECT / 'experiments', 'experiments', ignore=lambda *_: ['__pycache__'])
    edited, figure = pathlib.Path('experiments/README.md'), 'experiments/results/memory.png'
    for name in NAMES:
        table, picture = f'<!-- table: {name} -->', f'](results/{name}.png)'
        assert all(part in README for part in (EXPERIMENTS[name].question, table, picture))
    assert '| 129 |' in README
    edited.write_text(README.replace('| 129 |', '| 130 |'), encoding='utf-8')
    os.unlink(figure)
    assert script(folder / COMMAND, '--publish', 'memory') == ('', '', 0)
    assert edited.read_text(encoding='utf-8') == README
    assert os.path.getsize(figure)
    os.unlink('experiments/results/layers.csv')
    last = refused(folder / COMMAND, '--publish', 'memory', parts=['layers.csv'])
    assert last.startswith('python -m experiments: ')
