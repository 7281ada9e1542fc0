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
import pandas as pd
import pytest
from conftest import PROJECT, contents, process, refused, script
from scipy.signal import square
from scipy.stats import binomtest

import experiments.__main__ as main
from experiments import baselines, figures, pool, questions, report
from experiments.questions import EXPERIMENTS
from generate_data import make_sequences, random_streams

COMMAND = 'experiments/__main__.py'
PUBLISHED = PROJECT / 'experiments/results'
README = (PROJECT / 'experiments/README.md').read_text(encoding='utf-8')
NAMES = list(EXPERIMENTS)
ACCURACIES = ('training_accuracy', 'test_accuracy')
SAME, RANDOM, MORE = dict.fromkeys(
    series for series, _ in EXPERIMENTS['baseline'].settings
)
NETWORK = "the tutorial's network"


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
    """Return rows, of a run or of a CSV file, as what must be the same in every run."""
    frame = pd.DataFrame(rows).drop(columns=['series', 'setting', 'seconds'])
    return frame.astype(float).reset_index(drop=True)


def test_runs_are_those_of_keras():
    """Plain Keras with the same first weights finds the same, for a seed that comes second.

    They train with a single batch, whose order matters little, and test with unseen sequences."""
    import keras

    from experiments.run import first_epoch_reaching, run_setting, unseen_sequences

    rows, curves = run_setting(
        [2, 3], 20, N_train=32, frequencies=[0.2, 0.3], test_every=8
    )
    assert [(r['setting'], r['seed']) for r in rows] == [
        (f, s) for s in (2, 3) for f in (0.2, 0.3)
    ]
    tested = [(c['seed'], c['epoch']) for c in curves]
    assert tested == [(seed, epoch) for seed in (2, 3) for epoch in (8, 16, 20)]
    train_rng, rng = random_streams(3)
    X_train, Y_train = make_sequences(32, train_rng)
    X_test, Y_test = unseen_sequences(X_train, rng)
    assert X_test.shape == (2000, 128) and Y_test.sum() == 1000
    assert not {tuple(x) for x in X_train} & {tuple(x) for x in X_test}
    keras.utils.set_random_seed(3)
    layers = (
        keras.layers.Dense(n, a) for n, a in ((16, 'relu'), (8, 'tanh'), (1, 'sigmoid'))
    )
    model = keras.Sequential([keras.Input((128,)), *layers])
    model.compile('rmsprop', 'binary_crossentropy', metrics=['accuracy'])
    fit = {
        'validation_data': (X_test, Y_test),
        'validation_batch_size': 2000,
        'verbose': 0,
    }
    history = model.fit(X_train, Y_train, epochs=20, **fit).history
    for curve in curves[3:]:
        found = [
            history[name][curve['epoch'] - 1] for name in ('accuracy', 'val_accuracy')
        ]
        assert [curve[name] for name in ACCURACIES] == pytest.approx(found, abs=1e-3)
    for row, f in zip(rows[2:], (0.2, 0.3), strict=True):
        X, Y = unseen_sequences(X_train, rng, f_min=f - 0.01, f_range=0.02)
        right = (np.array(model(X))[:, 0] > 0.5) == Y
        assert row['test_accuracy'] == pytest.approx(right.mean(), abs=1e-3)
        assert row['training_accuracy'] == curves[-1]['training_accuracy']
        assert row['test_99'] == np.inf
    assert first_epoch_reaching(0.95, [5, 10, 12], [0.5, 0.95, 0.9]) == 10


def test_accuracy_of_2018():
    """What rounds to the class is right. In a fit it is counted beside today's."""
    from experiments.run import accuracy_2018, run_setting

    answers = np.array([[1.7], [0.6], [0.4], [-0.4], [-0.6]], 'float32')
    right = np.array(accuracy_2018(np.array([1, 1, 0, 0, 0], 'float32'), answers))
    assert right.ravel().tolist() == [False, True, True, True, False]
    linear = questions.dense((1, None))
    rows, curves = run_setting([0], 4, 2, linear, N_train=32, count_2018=True)
    assert [curve['epoch'] for curve in curves] == [2, 4]
    for last in rows[-1], curves[-1]:
        assert 0 < last['accuracy_2018'] < last['training_accuracy']


def test_baselines():
    X, Y = make_sequences(40, np.random.default_rng(0), phase=True)
    for rule in (
        baselines.flatness,
        baselines.nearest_neighbour,
        baselines.spectral_regression,
    ):
        assert (rule(X, Y, X, 0) == Y).all()
    assert (baselines.flatness(X, Y, 7 * X, 0) == Y).all()
    assert (baselines.mean_square(X, Y, X, 0) == Y).all()
    x, y = np.repeat([[0.0], [1]], 4, axis=0), np.array([0, 0, 0, 1, 0, 1, 1, 1.0])
    for L2, classes in ((1e-6, [0, 1]), (1e9, [1, 1])):  # by the slope, by the bias
        y[0] = L2 > 1
        assert list(baselines.logistic_regression(x, y, x[[0, 4]], 0, L2)) == classes


def test_the_leak_of_2018():
    """MATLAB's first random numbers in the slide's code: a fingerprint of the files of 2018.

    Train and Test began with the same, so that the 50 files of Test were the first 50 of Train.
    """
    random, t = np.random.RandomState(5489).random_sample, np.arange(1, 129)
    X, Y = np.empty((200, 128)), np.empty(200, bool)
    for i in range(200):
        Y[i] = not random() < 0.5
        wave = square if Y[i] else np.sin
        X[i] = wave((0.1 + random() * 0.3) * t)
    assert (
        np.packbits(Y).tobytes().hex()
        == 'ab7f34afdd7382220e089afb3d9098669077acfc5824d449fc'
    )
    found = X[1, 1], X[49, 127], X[190, 127], X[199, 127]
    values = (
        0.6801927225857528,
        0.5751343069825033,
        -0.924537324439616,
        0.7277706241213686,
    )
    assert found == pytest.approx(values, abs=1e-12)


def test_published_rows_are_found_again():
    """In all columns; other processors' rounding errors, tried with other weights, change none."""
    for name, setting in (
        ('memory', 'from the training set (as in 2018)'),
        ('baseline', ('random phase, 200 sequences', 'always the same class')),
        ('baseline', ('random phase, 200 sequences', 'mean of x⁴ / (mean of x²)²')),
        ('baseline', ('same phase, 200 sequences', 'nearest neighbour')),
        ('noise', ('mean of the squares', 1)),
    ):
        rows, curves = pool.work(name, setting, [0], 300)
        wanted = report.load(PUBLISHED, name)
        for column in 'series', 'setting', 'seed':
            wanted = wanted[wanted[column].astype(str) == str(rows[0][column])]
        columns = numbers(rows).columns
        pd.testing.assert_frame_equal(numbers(rows), numbers(wanted)[columns])
        assert curves == []
        assert 0 <= rows[0]['seconds'] < 100


def test_tasks(monkeypatch):
    """In the order of the questions, up to five seeds of a setting in each."""
    monkeypatch.setattr(
        pool,
        'work',
        lambda *task: (*task, signal.getsignal(signal.SIGINT) == signal.SIG_IGN),
    )
    for repeats, seeds in (
        (None, [range(5)]),
        (12, [range(5), range(5, 10), range(10, 12)]),
    ):
        futures = pool.submit(Inline(), ['recurrent', 'memory'], repeats, 7)
        assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
        for name, found in futures.items():
            expected = [
                (name, s, part, 7, True)
                for s in EXPERIMENTS[name].settings
                for part in seeds
            ]
            assert [future.result() for future in found] == expected
        assert list(futures) == ['recurrent', 'memory']
    assert len(pool.submit(Inline(), ['linear'], None, 7)['linear']) == 6 * 4


def test_workers_have_one_thread_and_end_at_once(capfd):
    start = time.monotonic()
    with pytest.raises(ValueError, match='nonsense'), pool.workers(2) as executor:
        for name, value in (
            ('TF_NUM_INTRAOP_THREADS', '1'),
            ('CUDA_VISIBLE_DEVICES', '-1'),
        ):
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
    process(
        folder / 'program.py', status=-signal.SIGKILL, env={'PYTHONPATH': str(PROJECT)}
    )


@pytest.mark.slow
def test_processes_find_the_same_as_one_and_ctrl_c_keeps_it(folder, inline):
    options = ('--epochs', '3', '--repeats', '1', '--jobs', '2')
    started = subprocess.Popen(
        [sys.executable, '-m', 'experiments', 'epochs', 'baseline', *options],
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
    assert (errors, started.returncode) == ('\nInterrupted.\n', -signal.SIGINT)
    finished = {f'epochs{end}' for end in ('.csv', '.png', '-curves.csv')}
    several = contents('results')
    assert finished <= several.keys() <= {*finished, 'baseline.csv', 'baseline.png'}
    assert script(COMMAND, 'epochs', *options, '--output', 'one') == (shown, '', 0)
    one = contents('one')
    assert (
        one.keys() == finished
        and one['epochs-curves.csv'] == several['epochs-curves.csv']
    )
    rows = report.load('one', 'epochs')
    pd.testing.assert_frame_equal(
        numbers(rows), numbers(report.load('results', 'epochs'))
    )
    assert list(rows.setting) == ['100', '200', '400']


def test_command_lines(folder, monkeypatch):
    asked = []

    def submit(*arguments):
        asked.extend(arguments)
        raise SystemExit(0)

    monkeypatch.setattr(pool, 'workers', contextlib.nullcontext)
    monkeypatch.setattr(pool, 'submit', submit)
    cores = 9
    monkeypatch.setattr(
        os, 'sched_getaffinity', lambda pid: range(cores), raising=False
    )
    for arguments, expected in (
        ('', [4, NAMES, None, 300]),
        ('linear all --jobs 6', [6, NAMES, None, 300]),
        ('memory linear memory --jobs 1', [1, ['memory', 'linear'], None, 300]),
        ('memory --repeats 1 --epochs 1', [4, ['memory'], 1, 1]),
    ):
        assert script(COMMAND, *arguments.split()) == ('', '', 0) and asked == expected
        asked.clear()
    cores = 2
    assert main.default_jobs() == 2
    assert os.listdir() == ['results'] and os.listdir('results') == []
    listed = ''.join(f'{name:14} {EXPERIMENTS[name].question}\n' for name in NAMES)
    assert script(COMMAND, '--list') == (listed, '', 0)


def test_bad_command_lines(folder):
    pathlib.Path('file').write_text('not a folder', encoding='utf-8')
    for arguments, status, parts in (
        ('nonsense', 2, ('nonsense', *NAMES)),
        *(
            (f'--{name} 0', 2, (f'--{name}', '0'))
            for name in ('jobs', 'repeats', 'epochs')
        ),
        ('--output file', 1, ('file', '--output')),
        ('--output file/below', 1, ('file', '--output')),
    ):
        last = refused(
            COMMAND, 'memory', *arguments.split(), status=status, parts=parts
        )
        assert last.startswith('python -m experiments: ')
    assert contents(folder) == {'file': b'not a folder'}


def test_bar_on_a_terminal(folder, inline, monkeypatch, capsys):
    """It makes room for the tables on stdout, and gives the cursor back."""
    row = {
        'series': '',
        'setting': 'new',
        'training_accuracy': 1,
        'test_accuracy': 0.75,
    }
    done = Inline().submit(lambda: ([row], []))
    monkeypatch.setattr(main, 'submit', lambda *_: {'memory': [done] * 4})
    monkeypatch.setattr(main, 'workers', contextlib.nullcontext)
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.setattr(sys, 'stderr', io.StringIO())
    sys.stderr.isatty = lambda: True
    main.run(['memory'], 1, 1, 1, '.')
    shown = sys.stderr.getvalue()
    assert re.findall(r'(\d+)%', shown)[-1] == '100'
    assert shown.count('\x1b[?25l') == shown.count('\x1b[?25h') == 2
    assert re.search(r'new.* 100.0 % .* 75.0 %', capsys.readouterr().out)
    assert (
        sorted(os.listdir()) == ['memory.csv', 'memory.png']
        and not figures.plt.get_fignums()
    )


def test_readme_example_of_a_question_and_a_run_that_fails(folder, inline, monkeypatch):
    (example,) = re.findall(r"```python\n(    '.*?)```", README, re.DOTALL)
    ((name, experiment),) = eval('{' + example + '}', vars(questions)).items()
    asked = (COMMAND, name, '--epochs', 2, '--repeats', 1)
    wrong = {'wrong': {'network': questions.dense((1, 'no such function'))}}
    monkeypatch.setitem(EXPERIMENTS, name, experiment._replace(settings=wrong))
    assert 'no such function' in script(*asked, status=1).stderr
    assert os.listdir('results') == []
    monkeypatch.setitem(EXPERIMENTS, name, experiment)
    assert experiment.question in script(*asked).stdout
    assert sorted(os.listdir('results')) == [f'{name}.csv', f'{name}.png']
    assert list(report.load('results', name).setting) == [*experiment.settings]


def test_printed_table_and_missing_numbers(capsys):
    """Where there is no terminal, a table has room."""
    report.print_table(PUBLISHED, 'recurrent')
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].strip() == f'recurrent: {EXPERIMENTS["recurrent"].question}'
    assert 80 < max(map(len, lines)) <= 120
    assert any(
        re.search(r"the tutorial's .* 2209 .* never .* never ", line) for line in lines
    )
    assert (
        report.format_cell(pd.Series([None, None], name='parameters', dtype=float))
        == ''
    )
    with pytest.raises(DataError, match=r'nowhere/memory.csv .*--output nowhere'):
        report.load('nowhere', 'memory')


def differences(name, series, better, other):
    """Return by how much a setting is better than another on new sequences, for each seed."""
    rows = report.load(PUBLISHED, name)
    rows = (
        rows[rows.series == series] if name != 'noise' else rows[rows.setting == series]
    )
    columns = 'series' if name == 'noise' else 'setting'
    accuracies = rows.pivot(index='seed', columns=columns, values='test_accuracy')
    return accuracies[better] - accuracies[other]


def section(name):
    """Return the text about an experiment in README.md, in one line."""
    return ' '.join(
        README.split(f'## {EXPERIMENTS[name].question}\n')[1].split('\n## ')[0].split()
    )


SIGMOID = 'only a sigmoid at the end (Dense 16, Dense 8, sigmoid)'
MLP = "the tutorial's (relu, tanh, sigmoid)"


@pytest.mark.parametrize(
    'name, series, better, other',
    [
        ('flat', '', *reversed(EXPERIMENTS['flat'].settings)),
        ('layers', '', '2', '1'),
        ('layers', '', '2', '3'),
        ('layers', '', '2', '4'),
        ('activations', '', 'relu', 'softplus'),
        ('activations', '', 'softplus', 'sigmoid'),
        ('activations', '', 'sigmoid', 'tanh'),
        ('linear', 'same phase, 200 sequences', SIGMOID, MLP),
        ('linear', 'random phase, 800 sequences', MLP, SIGMOID),
    ],
)
def test_pairs_that_the_readme_counts(name, series, better, other):
    difference = differences(name, series, better, other)
    wins = sum(difference > 0)
    p = binomtest(wins, sum(difference != 0)).pvalue
    told = f'p = {p:.2g}' if p >= 0.001 else 'p < 0.001'
    assert f'{wins} of {len(difference)} pairs ({told})' in section(name)


@pytest.mark.parametrize(
    'name, series, better, other, told',
    [
        (
            'baseline',
            SAME,
            'logistic regression (L2 = 1)',
            NETWORK,
            '3 to 10.5 points better',
        ),
        (
            'baseline',
            RANDOM,
            NETWORK,
            'logistic regression (L2 = 1)',
            '4 to 13 points with 200',
        ),
        (
            'baseline',
            MORE,
            NETWORK,
            'logistic regression (L2 = 1)',
            '28 to 36 with 800',
        ),
        ('baseline', RANDOM, NETWORK, 'nearest neighbour', 'by 0.4 to 3.8'),
        ('baseline', MORE, NETWORK, 'nearest neighbour', 'by 13 to 17 points'),
        ('linear', 'random phase, 800 sequences', MLP, SIGMOID, '26 to 39 points'),
        ('neurons', '', '16', '2', '6 to 26 points below'),
        ('recurrent', '', 'LSTM', "the tutorial's", '5.7 to 10.9 points'),
        ('noise', '1', 'mean of the squares', 'Conv1D', '(2.1 to 6.4 points)'),
    ],
)
def test_ranges_that_the_readme_tells(name, series, better, other, told):
    difference = 100 * differences(name, series, better, other)
    numbers = [float(number) for number in re.findall(r'[\d.]+', told)[:2]]
    assert told in section(name)
    rounding = 0.06 if '.' in told else 0.51
    assert [difference.min(), difference.max()] == pytest.approx(numbers, abs=rounding)


@pytest.mark.parametrize('name', NAMES)
def test_figure_shows_the_numbers(name):
    """Marks at the medians of the CSV file, bars over the ranges, lines from epoch to epoch."""
    experiment, rows = EXPERIMENTS[name], report.load(PUBLISHED, name)
    figure = figures.draw(PUBLISHED, name)
    assert figure.get_suptitle().replace('\n', ' ') == experiment.question
    height, width, _ = figures.plt.imread(PUBLISHED / f'{name}.png').shape
    assert figure.get_size_inches() * 150 == pytest.approx((width, height), abs=1)
    for panel, axis in zip(experiment.panels, figure.axes, strict=True):
        legend = [text.get_text() for text in axis.get_legend().get_texts()]
        assert legend == axis.get_legend_handles_labels()[1]
        if panel == 'accuracy':
            check_marks(axis, experiment, rows)
        else:
            curves = report.load(PUBLISHED, f'{name}-curves')
            {'convergence': check_lines, 'seeds': check_seeds}[panel](axis, curves)
    figures.plt.close(figure)


def check_marks(axis, experiment, rows):
    expected, found = {}, {}
    trained = {'trained with these'} & set(axis.get_legend_handles_labels()[1])
    for (series, setting), group in rows.groupby(['series', 'setting']):
        for column, label in (('test', series or 'test sequences'), ('training', None)):
            if column == 'test' or not (experiment.series or trained):
                values = group[f'{column}_accuracy']
                key = label or 'training sequences', setting
                expected[key] = (values.median(), values.min(), values.max())
    names = list(dict.fromkeys(rows.setting))
    rowwise = axis.get_ylim() == (
        len(names) - 0.5,
        -0.5,
    )  # else numbers, from left to right
    ticks = axis.get_yticklabels() if rowwise else axis.get_xticklabels()
    if rowwise or len(names) <= 10:
        assert [tick.get_text().replace('\n', ' ') for tick in ticks] == names
    if not rowwise:
        assert axis.get_xlabel() == experiment.varied
        doubling = experiment.question.startswith(
            ('How does', 'What does the number of neu', 'What if')
        )
        assert axis.get_xscale() == ('log' if doubling else 'linear')
        places = [(float(names[0]), 1), (float(names[-1]), 1)]
        ends = (axis.transScale + axis.transLimits).transform(places)[:, 0]
        assert list(ends) == pytest.approx(
            [1 / 22, 21 / 22]
        )  # as parts of the axis's width
    assert (axis.get_xlim() if rowwise else axis.get_ylim()) == (0.45, 1)
    for container in axis.containers:
        marks, _, (bars,) = container.lines
        places, medians = marks.get_data()[:: -1 if rowwise else 1]
        for place, median, bar in zip(
            places, medians, bars.get_segments(), strict=True
        ):
            setting = names[round(place)] if rowwise else f'{place:g}'
            found[container.get_label(), setting] = (
                median,
                *bar[:, 0 if rowwise else 1],
            )
    assert found == {key: pytest.approx(value) for key, value in expected.items()}
    bands = [(band.get_x(), band.get_x() + band.get_width()) for band in axis.patches]
    assert bands == ([pytest.approx((0.1, 0.4))] if trained else [])
    assert bool(trained) == (experiment is EXPERIMENTS['frequency'])


def check_lines(axis, curves):
    medians = curves.groupby(['setting', 'epoch'], sort=False)[
        list(ACCURACIES)
    ].median()
    found = []
    for dotted, solid in zip(axis.lines[:-1:2], axis.lines[1:-1:2], strict=True):
        assert (dotted.get_linestyle(), solid.get_linestyle()) == (':', '-')
        for point in zip(
            solid.get_xdata(), dotted.get_ydata(), solid.get_ydata(), strict=True
        ):
            found.append((solid.get_label(), *point))
    assert found == list(medians.reset_index().itertuples(index=False, name=None))
    assert axis.get_xlabel() == 'Epoch'


def check_seeds(axis, curves):
    """Twenty thin lines and one of them bold, as Keras 2 counted, and as Keras 3 does."""
    rows = curves[curves.setting.str.startswith('the slide')]
    bold = [line for line in axis.lines if line.get_linewidth() > 2]
    assert len(axis.lines) == 3 * 21 + 1 and len(bold) == 3
    of_2018 = rows.pivot(index='epoch', columns='seed', values='accuracy_2018')
    drawn = np.array([line.get_ydata() for line in axis.lines[-22:-2]]).T
    assert (drawn == of_2018.to_numpy()).all()
    last = of_2018.iloc[-1]
    assert sorted(last)[10] == bold[-1].get_ydata()[-1]


@pytest.mark.parametrize('name', NAMES)
def test_published_files_are_those_of_the_questions(name):
    from keras import Sequential, layers

    expected = {}
    for key, options in EXPERIMENTS[name].settings.items():
        network = (
            []
            if 'baseline' in options
            else options.get('network', questions.MLP)(layers)
        )
        parameters = options.get('parameters', 0)
        if network:
            parameters = Sequential([layers.Input((128,)), *network]).count_params()
        data = (
            options.get('N_train', 200),
            options.get('phase', 0),
            options.get('noise', 0),
        )
        for setting in options.get('frequencies', [key]):
            series, setting = setting if isinstance(setting, tuple) else ('', setting)
            for seed in range(EXPERIMENTS[name].seeds):
                row = (*data, 300 if network else 0, parameters)
                expected[series, str(setting), seed] = row
    columns = ('N_train', 'phase', 'noise', 'epochs', 'parameters')
    rows, found = report.load(PUBLISHED, name), {}
    for row in rows.itertuples():
        found[row.series, row.setting, row.seed] = tuple(
            getattr(row, c) for c in columns
        )
    assert found == expected and len(rows) == len(found)
    if every := EXPERIMENTS[name].test_every:
        curves = report.load(PUBLISHED, f'{name}-curves')
        epochs = [*range(every, 300, every), 300]
        runs = [
            (row.setting, row.seed, epoch)
            for row in rows.itertuples()
            for epoch in epochs
        ]
        assert runs == [*zip(curves.setting, curves.seed, curves.epoch, strict=True)]


def test_publish(folder):
    """In a copy: a table that was edited by hand is as before, and the figure is drawn anew."""
    shutil.copytree(
        PROJECT / 'experiments', 'experiments', ignore=lambda *_: ['__pycache__']
    )
    edited, figure = (
        pathlib.Path('experiments/README.md'),
        'experiments/results/memory.png',
    )
    for name in NAMES:
        table, picture = f'<!-- table: {name} -->', f'](results/{name}.png)'
        assert all(
            part in README for part in (EXPERIMENTS[name].question, table, picture)
        )
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
