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


def published(name, series, setting, seed):
    wanted = {'series': series, 'setting': setting, 'seed': str(seed)}
    return numbers(r for r in report.load(PUBLISHED, name) if r.items() >= wanted.items())


# ---------------------------------------------------------------- the runs


def test_runs_are_those_of_keras():
    """Plain Keras with the same first weights finds the same: with a single batch, whose order
    matters little, and although another seed was trained before."""
    import keras

    from experiments.run import runs, unseen_sequences

    rows, curves = runs([2, 3], 20, N_train=32, frequencies=[0.2, 0.3], test_every=8)
    assert [row['setting'] for row in rows] == [0.2, 0.3, 0.2, 0.3]
    assert [c['epoch'] for c in curves] == 2 * [8, 16, 20]
    assert [r['seed'] for r in rows + curves] == [2, 2, 3, 3, 2, 2, 2, 3, 3, 3]
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


def test_published_row_is_found_again():
    """In all columns; other processors' rounding errors, tried with other weights, change none."""
    from experiments.run import runs

    setting = 'from the training set (as in 2018)'
    rows, curves = runs([0], 300, **EXPERIMENTS['memory'].settings[setting])
    assert numbers(rows) == published('memory', '', setting, 0)
    assert 0 < rows[0]['seconds'] < 100 and curves == []


def test_rules_are_as_good_as_theory_says():
    """Also as good as published. (w + e)^2, w a wave and e noise of variance v, has a mean over n
    values whose variance is (4 v mean(w^2) + 2 v^2) / n; the threshold is 1/4 away from it."""
    from scipy.stats import norm

    from experiments.run import runs

    theory = np.mean([norm.cdf(0.25 / np.sqrt((4 * m + 2) / 128)) for m in (0.5, 1)])
    for name, setting, expected in (
        ('baseline', ('random phase', 'always the same class'), 0.5),
        ('baseline', ('random phase', 'mean of the squares'), 1),
        ('noise', ('mean of the squares', 1), pytest.approx(theory, abs=0.03)),
    ):
        rows, curves = runs([0], 1, **EXPERIMENTS[name].settings[setting])
        assert rows[0]['test_accuracy'] == expected and curves == []
        assert numbers(rows) == published(name, *map(str, setting), 0)


def test_first_epoch_with_an_accuracy():
    from experiments.run import first

    assert first([5, 10, 12], [0.5, 0.95, 1], 0.95) == 10
    assert first([5, 10, 12], [0.5, 0.94, 0.9], 0.95) == np.inf


def test_test_sequences_are_unseen():
    from experiments.run import unseen_sequences

    train_rng, test_rng = random_streams(0)
    X_train, _ = make_sequences(400, train_rng)
    X_test, Y_test = unseen_sequences(X_train, test_rng)
    assert X_test.shape == (2000, 128) and Y_test.sum() == 1000
    assert not {tuple(x) for x in X_train} & {tuple(x) for x in X_test}
    assert set(X_test[Y_test == 1].ravel()) == {-1, 1} != set(X_test[Y_test == 0].ravel())


def test_networks_are_those_of_train_py():
    from keras import layers

    linear = {network: options for (_, network), options in EXPERIMENTS['linear'].settings.items()}
    nothing = linear['no activation (Dense 16, Dense 1)']['network']
    for network, before in ((questions.TUTORIAL, '\n'), (nothing, '\n#')):
        lines = []
        for layer in network(layers):
            name = layer.activation.__name__
            activation = '' if name == 'linear' else f", activation='{name}'"
            lines.append(f'{before}model.add(Dense({layer.units}{activation}))')
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
        (['memory'], 5, 1, memory, [2, 2, 1]),
        (['memory'], 6, 9, memory, [1] * 6),
        (['memory'], 12, 1, memory, [5, 5, 2]),
    ):
        began.clear()
        found = list(pool.results(Inline(), jobs, names, repeats, 7))
        assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
        assert began == [(setting, N) for setting in order for N in seeds]
        done, totals, finished = zip(*found, strict=True)
        assert set(totals) == {repeats * len(order)} == {done[-1]} and sorted(done) == list(done)
        finished = {f[0]: f[1:] for f in finished if f}
        assert sorted(finished) == names
        for name, (rows, curves) in finished.items():
            assert rows == [
                (s, seed) for s in EXPERIMENTS[name].settings for seed in range(repeats)
            ]
            assert curves == [('curve', *row) for row in rows]


def test_jobs_by_default(monkeypatch):
    """The cores that it may use, and not more than there is memory for."""
    monkeypatch.setattr(
        os, 'sched_getaffinity', lambda process: [] if process else range(8), raising=False
    )
    for granted, jobs in (
        ({'SLURM_MEM_PER_NODE': '100000'}, 8),
        ({'SLURM_MEM_PER_NODE': '100000', 'SLURM_CPUS_PER_TASK': '4'}, 4),
        ({'SLURM_MEM_PER_NODE': '4608'}, 3),
        ({'SLURM_MEM_PER_NODE': '4600'}, 2),
        ({'SLURM_MEM_PER_NODE': '500'}, 1),
        ({'SLURM_MEM_PER_CPU': '800', 'SLURM_CPUS_PER_TASK': '4'}, 2),
    ):
        with monkeypatch.context() as patch:
            for name, value in granted.items():
                patch.setenv(name, value)
            assert pool.default_jobs() == jobs
    text = 'MemTotal: 99 kB\nMemAvailable: 3145728 kB\n'
    monkeypatch.setattr(pool, 'open', lambda path: io.StringIO(text), raising=False)
    assert pool.memory() == 3 and pool.default_jobs() == 2
    monkeypatch.setattr(pool, 'open', lambda path: open('/nowhere'))  # as on macOS
    assert 0.1 < pool.memory() < 1e5


def test_workers_have_one_thread_and_end_at_once():
    with pool.workers(1) as executor:
        assert executor.submit(os.getpid).result(timeout=60) != os.getpid()
    assert multiprocessing.active_children() == []
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
    assert multiprocessing.active_children() == []


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
    assert parent.wait(60) == -signal.SIGKILL
    assert gone(parent.pid)


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_finished(folder):
    os.mkdir('results')
    for name in ('baseline.csv', 'baseline.png'):
        pathlib.Path('results', name).write_text('from an earlier run', encoding='utf-8')
    # It begins with epochs, as that has the settings which take longest.
    asked = ('baseline', 'epochs', '--epochs', 20, '--repeats', 1, '--jobs', 1)
    process = started('-m', 'experiments', *asked)
    for _ in range(2400):
        if os.path.exists('results/epochs.png') or process.poll() is not None:
            break
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all of its processes
    _, errors = process.communicate(timeout=30)
    assert (errors, process.returncode) == ('\nStopped.\n', -signal.SIGINT)
    assert gone(process.pid)
    assert len(report.load('results', 'epochs')) == 3
    curves = report.load('results', 'epochs-curves')
    assert [int(row['epoch']) for row in curves] == 3 * list(range(1, 21))
    files = {f'{name}.{end}' for name in ('baseline', 'epochs') for end in ('csv', 'png')}
    assert set(os.listdir('results')) == {*files, 'epochs-curves.csv'}
    assert contents('results')['baseline.csv'] == b'from an earlier run'


@pytest.mark.slow
def test_any_number_of_processes_finds_the_same(folder, inline):
    """Two workers take one seed of a setting at a time here, and this process takes two."""
    asked = ('memory', '--epochs', 3, '--repeats', 2)
    process = started('-m', 'experiments', *asked, '--jobs', 2)
    here = script(COMMAND, *asked, '--jobs', 1, '--output', 'one')
    output, errors = process.communicate(timeout=150)
    assert (process.returncode, output, errors) == (0, here.stdout, here.stderr) and not errors
    assert (
        sorted(os.listdir('one')) == sorted(os.listdir('results')) == ['memory.csv', 'memory.png']
    )
    rows = report.load('one', 'memory')
    assert numbers(rows) == numbers(report.load('results', 'memory'))
    found = [(row['setting'], row['seed']) for row in rows]
    assert found == [(setting, seed) for setting in EXPERIMENTS['memory'].settings for seed in '01']


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


def test_list_and_bad_command_lines(folder):
    pathlib.Path('file').write_text('not a folder', encoding='utf-8')
    listed = ''.join(f'{name:14} {EXPERIMENTS[name].question}\n' for name in NAMES)
    assert script(COMMAND, '--list') == (listed, '', 0)
    assert all(name in script(COMMAND, '--help').stdout for name in (*NAMES, '--publish'))
    for arguments, status, parts in (
        (['memory', 'nonsense'], 2, ('nonsense', *NAMES)),
        (['memory', '--jobs', 0], 2, ('--jobs', '0')),
        (['memory', '--repeats', 0], 2, ('--repeats', '0')),
        (['memory', '--epochs', 0], 2, ('--epochs', '0')),
        (['memory', '--output', 'file'], 1, ('file', '--output')),
        (['memory', '--output', 'file/below'], 1, ('file', '--output')),
    ):
        last = refused(COMMAND, *arguments, status=status, parts=parts)
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
        {'series': '', 'setting': s, 'seed': i, 'test_95': a, 'parameters': ''}
        for s, values in (('x', (1, 5, 3)), ('y', ('2', 'inf', 'inf')))
        for i, a in enumerate(values)
    ]
    assert report.summarise(rows, ['test_95', 'parameters']) == {
        ('', 'x'): {'test_95': (3, 1, 5)},
        ('', 'y'): {'test_95': (np.inf, 2, np.inf)},
    }
    for column, found, text in (
        ('test_95', (3, 1, 5), '3 (1 to 5)'),
        ('test_95', (np.inf, 2, np.inf), 'never (2 to never)'),
        ('test_95', (np.inf,) * 3, 'never'),
        ('test_accuracy', (0.9315, 0.9, 1), '93.2 % (90.0 to 100.0)'),
        ('test_accuracy', (1, 1, 1), '100.0 %'),
        ('seconds', (1.26, 1, 2), '1.3 (1.0 to 2.0)'),
        ('parameters', (129, 129, 129), '129'),
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
    """Every mark stands at a median of the CSV file, and every bar covers the range."""
    experiment, rows = EXPERIMENTS[name], report.load(PUBLISHED, name)
    curves = report.load(PUBLISHED, f'{name}-curves') if experiment.test_every else []
    figure = figures.draw(name, rows, curves)
    figure.canvas.draw()
    assert figure.get_suptitle().replace('\n', ' ') == experiment.question
    assert figure.get_figwidth() == 8  # inches of 100 pixels
    panels = dict(zip(experiment.panels, figure.axes, strict=True))
    for panel, axis in panels.items():
        only_test = panel == 'accuracy' and (experiment.series or experiment.trained)
        check_axes(axis, 'Test accuracy' if only_test else 'Accuracy')
    if 'accuracy' in panels:
        summary = report.summarise(rows, ACCURACIES)
        check_marks(panels['accuracy'], experiment, summary)
        check_settings(panels['accuracy'], experiment, [setting for _, setting in summary])
    if 'convergence' in panels:
        check_lines(panels['convergence'].lines, experiment, curves)
    figures.plt.close(figure)


def rowwise(axis):
    """Whether its accuracies go from left to right, and what is varied is in rows."""
    return axis.get_xlim() == (0.45, 1.0)


def check_axes(axis, label):
    scale = axis.xaxis if rowwise(axis) else axis.yaxis
    assert tuple(scale.get_view_interval()) == (0.45, 1.0) and scale.get_label_text() == label
    assert {'50%', '60%', '100%'} <= {t.get_text() for t in scale.get_ticklabels()}
    (chance,), (text,) = [x for x in axis.lines if x.get_linestyle() == '--'], axis.texts
    assert (chance.get_xdata() if rowwise(axis) else chance.get_ydata()) == [0.5, 0.5]
    assert (*text.get_position(), text.get_text()) == (
        (0.5, 1, ' chance') if rowwise(axis) else (1, 0.5, ' chance')
    )
    # The legend is in the figure and covers no part of the plot, no label is slanted or too small.
    legend = axis.get_legend().get_window_extent()
    assert not legend.overlaps(axis.get_window_extent())
    assert legend.x0 >= 0 and legend.x1 <= axis.figure.bbox.x1
    for text in (*axis.get_xticklabels(), *axis.get_yticklabels(), axis.xaxis.label):
        assert text.get_rotation() == 0 and text.get_fontsize() >= 12


def check_marks(axis, experiment, summary):
    names = list(dict.fromkeys(setting for _, setting in summary))
    wanted = {(series, 'test'): series or 'test sequences' for series, _ in summary}
    if not experiment.series and not experiment.trained:
        wanted['', 'training'] = 'training sequences'
    drawn, shifts = {c.get_label(): c.lines for c in axis.containers}, []
    assert sorted(drawn) == sorted(wanted.values()) and len(drawn) == len(axis.containers)
    for (series, which), label in wanted.items():
        found = {s: f[f'{which}_accuracy'] for (of, s), f in summary.items() if of == series}
        marks, _, (bars,) = drawn[label]
        at = 1 if rowwise(axis) else 0
        assert list(marks.get_data()[1 - at]) == [f[0] for f in found.values()]
        for bar, f in zip(bars.get_segments(), found.values(), strict=True):
            assert list(bar[:, 1 - at]) == pytest.approx(f[1:])
        exact = [(f[0], names.index(s)) if at else (float(s), f[0]) for s, f in found.items()]
        drawn_at = marks.get_transform().transform(np.array(marks.get_data(), float).T)
        shift = (drawn_at - axis.transData.transform(exact))[:, at]
        assert shift == pytest.approx(shift[0])
        shifts.append(shift[0])
    # Marks of different series stand beside each other, evenly about their place.
    assert sum(shifts) == pytest.approx(0, abs=1e-6)
    if experiment.series:
        assert min(np.diff(sorted(shifts))) > 3 and max(shifts) - min(shifts) < 40


def check_settings(axis, experiment, settings):
    """Where what is varied is a number, all of them are inside the axis, near its ends."""
    names = list(dict.fromkeys(settings))
    if rowwise(axis):
        assert [t.get_text().replace('\n', ' ') for t in axis.get_yticklabels()] == names
        assert axis.get_ylim() == (len(names) - 0.5, -0.5)
        return
    assert axis.get_xlabel() == experiment.varied
    assert axis.get_xscale() == ('log' if experiment.log else 'linear')
    ends = [(float(name), 0.5) for name in (names[0], names[-1])]
    inside = axis.transAxes.inverted().transform(axis.transData.transform(ends))[:, 0]
    assert list(inside) == pytest.approx([0.045, 0.955], abs=0.005)
    if len(names) <= 10:
        assert [t.get_text() for t in axis.get_xticklabels()] == names
        assert len(axis.xaxis.get_minorticklocs()) == 0
    bands = [(band.get_x(), band.get_x() + band.get_width()) for band in axis.patches]
    assert bands == ([pytest.approx(experiment.trained)] if experiment.trained else [])


def check_lines(lines, experiment, curves):
    for setting in map(str, experiment.settings):
        own = [row | {'setting': row['epoch']} for row in curves if row['setting'] == setting]
        expected = report.summarise(own, ACCURACIES)
        (i,) = (i for i, line in enumerate(lines) if line.get_label() == setting)
        assert [line.get_linestyle() for line in lines[i - 1 : i + 1]] == [':', '-']
        assert lines[i - 1].get_color() is lines[i].get_color()
        for line, column in zip(lines[i - 1 : i + 1], ACCURACIES, strict=True):
            assert list(line.get_xdata()) == [int(epoch) for _, epoch in expected]
            assert list(line.get_ydata()) == [found[column][0] for found in expected.values()]


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
        epochs = [*range(every, 300, every), 300]
        assert [int(c['epoch']) for c in own] == epochs
        assert [own[-1][c] for c in ACCURACIES] == [row[c] for c in ACCURACIES]
        for level in (95, 99):
            reached = [c['epoch'] for c in own if float(c['test_accuracy']) >= level / 100]
            assert row[f'test_{level}'] == (reached[0] if reached else 'inf')


def test_readme_answers_every_question_with_its_table_and_figure():
    found = re.findall(r'^## (.*?)\n(.*?)(?=^## |\Z)', README, re.MULTILINE | re.DOTALL)
    asked = {experiment.question: name for name, experiment in EXPERIMENTS.items()}
    sections = {asked[title]: text for title, text in found if title in asked}
    assert list(sections) == NAMES
    for name, text in sections.items():
        assert f'](results/{name}.png)' in text and (PUBLISHED / f'{name}.png').exists()
        assert f'<!-- table: {name} -->' in text
    assert report.with_tables(README, PUBLISHED) == README


def test_publish(folder):
    """In a copy: a table that was edited by hand is as before, and the figure is drawn anew."""
    shutil.copytree(PROJECT / 'experiments', 'experiments', ignore=lambda *_: ['__pycache__'])
    edited, figure = pathlib.Path('experiments/README.md'), 'experiments/results/memory.png'
    assert '| 129 |' in README
    edited.write_text(README.replace('| 129 |', '| 130 |'), encoding='utf-8')
    os.unlink(figure)
    assert script(folder / COMMAND, '--publish', 'memory') == ('', '', 0)
    assert edited.read_text(encoding='utf-8') == README
    assert figures.plt.imread(figure).shape[1] == 1200
    os.unlink('experiments/results/layers.csv')
    last = refused(folder / COMMAND, '--publish', 'memory', parts=['layers.csv'])
    assert last.startswith('python -m experiments: ')
