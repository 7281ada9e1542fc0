"""The documents: their commands and edits are carried out, what they say comes true.

Directions and ranges are checked, not digits: those differ from machine to machine. The
trainings are as short as what is claimed of them allows.
"""

import functools
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from support import result, runs

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import PROJECT, SHORT, TRAIN, contents, script

from benchmarks import own_data
from docs.edits import edited, sections
from docs.pictures import draw as pictures
from generate_data import WAVES, make_sequences, random_streams
from utilities import read_set

NAMES = ['README.md', 'LESSON.md', 'experiments/README.md']
NAMES += sorted(f'docs/{path.name}' for path in PROJECT.glob('docs/*.md'))
TEXTS = {name: (PROJECT / name).read_text(encoding='utf-8') for name in NAMES}
README, LESSON = TEXTS['README.md'], TEXTS['LESSON.md']
SECTIONS = {name: sections(name) for name in NAMES}
EXERCISE = re.compile(r'^### Exercise (\d+)\. .*\n((?s:.*?))(?=^##|\Z)', re.MULTILINE)
EXERCISES = {int(number): text for number, text in EXERCISE.findall(LESSON)}
CLUSTER = own_data.PAGE['On a cluster: many settings or sequences']
slow = pytest.mark.slow


def commands(text):
    """Return each python SCRIPT ARGUMENTS, also in a loop or as a job, as a pair."""

    def repeat(loop):
        return '\n'.join(loop[3].replace(f'${loop[1]}', x) for x in loop[2].split())

    text = re.sub(r'for (\w) in (.*?); do (.*?); done', repeat, text)
    text = text.replace('experiments/experiments.slurm', 'train.slurm -m experiments')
    job = r'sbatch (?:-J \w+ |--\S+ )*train\.slurm( -m| \w+\.py)?'
    text = re.sub(job, lambda match: f'python{match[1] or " train.py"}', text)
    return re.findall(r'\bpython ((?:-[mc] )?[\w./]+)([^`\n|&#;]*)', text)


def typed(commands, *more):
    """Type commands, more for train.py; return what is printed."""
    printed = ''
    for name, arguments in commands:
        options = more if name.startswith('train') else ()
        printed += script(name, *shlex.split(arguments), *options).stdout
    return printed


def edit(text):
    """Write train.py, with the edit that a text shows, into this folder."""
    Path('train.py').write_text(edited(TRAIN, text), encoding='utf-8')


def blocks(language, text):
    return re.findall(rf'```{language}\n(.*?)```', text, re.DOTALL)


def history(run='last'):
    """Return a run's accuracy, loss, ..., a row for each epoch."""
    return pd.read_csv(f'runs/{run}/history.csv', index_col='epoch')


# ---------------------------------------------------------------- the default run


def test_what_comes_out(lesson):
    """The last lines are those of README and LESSON, each number near theirs."""
    shown = re.search(r'\n```\n([^`]*%[^`]*)```', README)[1]
    assert shown.endswith(re.search(r'```text\n([^`]*)```', LESSON)[1])
    printed = re.sub(' +$', '', lesson.stdout, flags=re.MULTILINE)
    printed = ''.join(printed.splitlines(keepends=True)[-len(shown.splitlines()) :])
    texts = [re.sub('(?m)^Wrong: .*\n', '', text) for text in (printed, shown)]
    forms = [re.sub(r' *\d[\d ]*', ' 0 ', text) for text in texts]
    assert forms[0] == forms[1]
    a, b = (np.array(re.findall(r'\d+', text), int) for text in texts)
    # accuracy; right; leaks; others, confidence; baseline; epochs; confusion; the run
    least = [10, 0, 5, 0, 2, 0, 2, 6, 13, 9, 0, 12, 6, 0, 0, 11, 25]
    least += [2, 2, 2, 0, 5, 5, 5, 0, 0]
    assert (abs(a - b) <= least).all(), printed


def test_what_the_run_holds(lesson, monkeypatch):
    """What was printed, epoch by epoch and answer by answer, and the network."""
    monkeypatch.chdir(lesson.folder)
    assert sorted(os.listdir()) == ['Test', 'Train', 'runs']
    assert os.readlink('runs/last') == '1' and 'Stopped' not in lesson.stdout
    assert Path('runs/1/train.py').read_text('utf-8') == TRAIN
    run, curves = runs.read_run(1), history(1)
    numbers = {'N_train': 200, 'N_test': 50, 'N_sequence': 128, 'N_epochs': 300}
    assert run['numbers'] == numbers | {'batch_size': 32, 'seed': 0}  # the documents'
    lines = re.findall(r'(?m)^Epoch (\d+)/300: accuracy (\S+), loss \d', lesson.stdout)
    shown = [int(number) for number, _ in lines]
    assert [*curves.index] == [*range(1, 301)] and shown == sorted({*shown, 1, 300})
    accuracy = [float(x) for _, x in lines]
    np.testing.assert_allclose(curves.accuracy[shown], accuracy, 1e-3)
    # A line a second at most, and the last.
    assert (np.diff(curves.seconds[shown[:-1]]) > 0.99).all()
    for percent, words in (95, 'right after {} epochs,'), (100, ' all after {}\n'):
        first = curves.index[curves.accuracy >= percent / 100][0]
        assert first == run[f'epochs_to_{percent}']
        assert words.format(first) in lesson.stdout
    assert re.search(r' 2,209 [\s\S]*\nEpoch 1/', lesson.stdout)
    answers = pd.read_csv('runs/1/predictions.csv', index_col='number')
    (X, _), (X_test, Y_test) = read_set('Train', 200, 128), read_set('Test', 50, 128)
    assert [*answers.index] == [*range(1, 51)] and [*answers['class']] == [*Y_test]
    network = keras.models.load_model('runs/1/model.keras')
    scores = result.predict_scores(network, X_test, run['scores'])
    np.testing.assert_allclose(scores, answers[['score_0', 'score_1']], atol=1e-5)
    assert [*scores.argmax(axis=1)] == [*answers.predicted]
    right = answers.predicted == Y_test
    seen = np.array([x in X.tolist() for x in X_test.tolist()])
    assert (run['accuracy'], run['n_given']) == (right.mean(), seen.sum())
    assert [*answers.given] == [*seen.astype(int)]


def test_look(lesson, monkeypatch):
    """Which of the four are squares, and which have seven waves."""
    monkeypatch.chdir(lesson.folder)
    X, Y = read_set('Test', 4, 128)
    waves = np.sum(np.diff(np.sign(X)) != 0, axis=1) // 2
    assert [*Y] == [1, 0, 1, 1] and waves[1] == waves[3] == 7 > max(waves[[0, 2]])


def test_without_a_network(lesson, capsys, monkeypatch):
    monkeypatch.chdir(lesson.folder)
    exec(*blocks('python', EXERCISES[2]), {})
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in printed] == ['0.62', '1.0']


def test_the_wrong_ones(lesson, monkeypatch):
    """Squares, nearest to a sine; and the nearest training sequence does as well."""
    monkeypatch.chdir(lesson.folder)
    (X, Y), (X_test, Y_test) = read_set('Train', 200, 128), read_set('Test', 50, 128)
    distances = np.linalg.norm(X_test[:, None] - X, axis=2)
    nearest, squares = Y[distances.argmin(axis=1)], distances[:, Y == 1].min(axis=1)
    far = {i + 1 for i in np.flatnonzero((squares > 4) & (Y_test == 1))}
    copies = sum(distances.min(axis=1) == 0)
    assert (sum(Y_test), sum(nearest == Y_test), copies, len(far)) == (19, 46, 5, 8)
    wrong = re.search(r'^Wrong: ([\d ]*)', lesson.stdout, re.MULTILINE)[1].split()
    assert {int(i) for i in wrong} <= far


# ---------------------------------------------------------------- the commands

MODULES = {
    'train_wide.py': 'train.py',
    '-m experiments': 'experiments/__main__.py',
    '-m docs.pictures.draw': 'docs/pictures/draw.py',
}
QUICK = {
    (name, arguments)
    for name, arguments in itertools.chain(*map(commands, TEXTS.values()))
    if name in ('generate_data.py', 'import_data.py', 'view.py', 'infer.py')
    if not any(word in arguments for word in ('[', '$', 'noise.dat', 'LSTM'))
}


@functools.cache
def options(path):
    return {*re.findall(r'--[\w-]+', script(path, '--help').stdout)}


@pytest.mark.parametrize('name', TEXTS)
def test_every_option_and_link_exists(name):
    for command, arguments in commands(TEXTS[name]):
        path = MODULES.get(command, command)
        if path.endswith('.py'):  # not pytest and the like
            given = {*re.findall(r'--[\w-]+', arguments)} - {'--neurons', '--rate'}
            assert given <= options(path), arguments
    for target, anchor in re.findall(r'\]\((?!http)([^)#]*)#?([^)]*)\)', TEXTS[name]):
        path = (PROJECT / name).parent / target if target else PROJECT / name
        assert path.exists(), target
        if anchor:
            text = path.read_text(encoding='utf-8')
            headings = re.findall(r'^#+ (.*)', text, re.MULTILINE)
            anchors = [re.sub(r'[^\w -]', '', x).lower() for x in headings]
            assert anchor in [x.replace(' ', '-') for x in anchors], anchor


@pytest.mark.parametrize('name, arguments', sorted(QUICK))
def test_commands(folder, request, name, arguments):
    """All but the trainings: each does what it is for, with such tables, if smaller."""
    if name in ('view.py', 'infer.py'):
        request.getfixturevalue('trained')
    number, X = np.arange(40), np.random.default_rng(0).normal(size=(40, 128))
    rows = pd.DataFrame(X).add_prefix('f').assign(**{'class': number % 2})
    if 'star' in arguments:  # each has two rows
        rows['star'] = number % 20
    for path in ('mine.csv', 'train.csv', 'test.csv'):
        rows.to_csv(path, index=False)
    curves = pd.DataFrame(X[:, :9]).stack().rename_axis(['star', 'mjd'])
    curves = curves.reset_index(name='mag').assign(**{'class': number.repeat(9) % 2})
    curves.to_csv('survey.csv', index=False)
    before = contents(folder).keys()
    asks = (name, arguments.split()) == ('import_data.py', ['mine.csv'])
    few = shlex.split(arguments.replace('00 ', ' '))
    done = script(name, *few, status=int(asks))
    assert ('which column holds the class?' in done.stderr) == asks
    assert (contents(folder).keys() == before) == (asks or name == 'infer.py')


# ------------------------------------------------------- the edits and trainings

EDITS = [
    (name, title)
    for name in NAMES
    for title, text in SECTIONS[name].items()
    if '```diff\n' in text
]


@pytest.mark.parametrize('name, title', EDITS)
def test_edits(data, name, title, monkeypatch):
    """Each fits, and the network that it makes begins to train."""
    monkeypatch.setattr('keras.Model.fit', lambda *_, **__: sys.exit(7))
    edit(text := SECTIONS[name][title])
    if 'X.npy' in text:
        script('generate_data.py', 20, 10, '--packed', '--overwrite')
    Path('Train/ids.txt').write_text('a\nb\n' * 10)
    script('train.py', *SHORT, status=7)


def test_an_edit_that_does_not_fit():
    edit = '```diff\n-old\n+new\n```\n'
    for text in ('other\n', '#old\n', 'old\nother\nold\n'):
        with pytest.raises(ValueError, match='does not hold, once:\nold'):
            edited(f'\n{text}', edit)


@slow
def test_exercises_4_to_10(trained):
    """Each training once, as short as its claim allows; then what is claimed of it."""
    few, (_, one, *_, four, _) = commands(EXERCISES[4])[0], commands(EXERCISES[7])
    typed([few, one, four], '--N_epochs', 100)
    Path('train_wide.py').write_text(TRAIN.replace('Dense(16,', 'Dense(64,'))
    Path('train.py').write_text(re.sub("'(relu|tanh)'", "'sigmoid'", TRAIN))
    typed([*commands(EXERCISES[8])[:1], ('train.py', '--name slow')], '--N_epochs', 40)
    edit(EXERCISES[5])
    typed(commands(EXERCISES[5])[:1], '--N_epochs', 150)
    edit(EXERCISES[6])
    typed(commands(EXERCISES[6])[:1], '--N_epochs', 250)
    names = 'N25 seed1 seed4 wide0 slow linear single'.split()
    found = {name: runs.read_run(name) for name in ('1', *names)}
    accuracy = {name: run['accuracy'] for name, run in found.items()}
    to_95 = {name: run['epochs_to_95'] for name, run in found.items()}
    last = {name: history(name).accuracy.iloc[-1] for name in found}

    # 4, 7: few learn all and know less; other seeds are as good, within luck.
    assert last['N25'] == 1 == last['1']
    assert history('1').loss.iloc[-1] < 0.1 * history('1').loss[60]
    assert accuracy['N25'] < min(0.75, accuracy['1'] - 0.15)
    same = [accuracy[name] for name in ('1', 'seed1', 'seed4')]
    assert 0 < max(same) - min(same) <= 0.15
    # 8: the wider, the sooner, and sigmoids last.
    assert to_95['wide0'] < to_95['1'] < 40 and to_95['slow'] == 'never'
    # 5: it learns, and then stands exactly still.
    stands = history('linear')[['accuracy', 'loss']].tail(9)
    assert (np.ptp(stands, axis=0) < 1e-6).all() and 0.9 < last['linear'] < 1
    assert accuracy['linear'] >= 0.8
    # 6: few parameters, which learn slowly.
    single = keras.models.load_model('runs/single/model.keras')
    assert single.count_params() == 129
    assert to_95['single'] > 2 * to_95['1']
    assert last['single'] >= 0.97 and accuracy['single'] >= 0.7

    # 10: last year's exam.
    os.remove('train.py')
    honest = contents('Test') | {'about.json': None}
    copy = re.search(r'^cp Train.*', EXERCISES[10], re.MULTILINE)[0]
    subprocess.run(['bash', '-c', copy], check=True)
    assert ': 50 of 50 ' in typed(commands(EXERCISES[10]), '--N_epochs', 80)
    assert runs.read_run('last')['accuracy'] == 1
    assert contents('Test') | {'about.json': None} == honest


@slow
def test_exercises_9_13_and_14(trained, figures):
    """When to stop, two learning rates and a leak; and the pictures made of them."""
    callback = re.search(r'`(EarlyStopping\(.*?\))`', EXERCISES[9])[1]
    early = 'from keras.callbacks import EarlyStopping\n' + edited(TRAIN, EXERCISES[9])
    early = early.replace('[Sh', f'[{callback}, Sh')
    texts = pictures.scripts() | {'validation': early}
    epochs = {'validation': 300, 'leak': 60, 'large': 60, 'small': 60}
    for name, N in epochs.items():
        Path('train.py').write_text(texts[name], encoding='utf-8')
        printed = script('train.py', '--name', name, '--N_epochs', N).stdout
        turn = history(name).val_loss.idxmin()
        assert f'\nValidation loss lowest at epoch {turn}: ' in printed
    os.symlink('1', 'runs/history')
    stop, leak, large, small = map(history, epochs)
    # The validation loss falls, then rises; the best epoch's network is kept.
    losses, percent = stop.val_loss, stop.val_accuracy
    best, last = losses.idxmin(), len(losses)
    assert 20 < best == last - int(re.search(r'patience=(\d+)', callback)[1]) < 200
    assert losses[1] > 1.2 * losses[best] and losses[last] > 1.05 * losses[best]
    assert percent[last] > percent[best] - 0.1 and (stop.accuracy[-9:] > 0.99).all()
    # 0.1: the loss jumps about that of guessing; 0.00001: it falls, slowly.
    assert leak.val_accuracy.iloc[-1] > 0.97 and leak.val_loss.iloc[-1] < 0.3
    assert max(large.accuracy.max(), small.accuracy.max()) < 0.8
    large, small = large.loss[10:], small.loss[10:]
    assert 0.55 < large.mean() < 0.9 and 0.55 < small.iloc[-1] < small.iloc[0]
    assert large.diff().std() > 5 * small.diff().std()
    axes = pictures.curves(Path('runs')).axes
    for i, (letter, name) in enumerate(pictures.FOUR.items()):
        assert axes[i].get_title() == letter
        for axis, what in (axes[i], 'accuracy'), (axes[i + 4], 'loss'):
            lines = [line.get_ydata() for line in axis.lines]
            np.testing.assert_array_equal(lines, history(name)[[what, f'val_{what}']].T)
    texts = [x.get_text() for x in pictures.validation(Path('runs')).axes[1].texts]
    assert f'epoch {best}:' in texts[0] and f'epoch {last}:' in texts[1]
    pictures.results(Path('runs'))


@slow
def test_random_phase_and_new_questions(folder):
    """The dense network fails; the LSTM and the FCN of docs/own-data.md do not."""
    make, dense, LSTM, compare, *_ = commands(EXERCISES[11].replace('2000', '400'))
    typed([make, dense], '--N_epochs', 100)
    edit(EXERCISES[11])
    typed([LSTM, compare], '--N_epochs', 40)
    edit(own_data.FCN)
    script('train.py', '--N_test', 400, '--N_epochs', 20)
    assert history('shifted').accuracy[100] >= 0.97
    failed, *others = (
        runs.read_run(x)['accuracy'] for x in ('shifted', 'LSTM', 'last')
    )
    assert failed < 0.78 < 0.86 <= min(others)
    # It is sure of everything; and what the LSTM goes by is the height.
    os.remove('train.py')
    for line in re.findall('python -c "(.*)"', EXERCISES[12]):
        exec(line, {})
    said = typed(commands(EXERCISES[12]), '--N_epochs', 100)
    assert float(re.search(r'fast_sine\.dat: class 1 .*score (\S+)', said)[1]) > 0.9
    assert float(re.search(r'noise\.dat: class .*score (\S+)', said)[1]) > 0.7
    assert re.search(r'high_sine\.dat: class 1 .*\nhalf_square\.dat: class 0 ', said)


def test_more_than_two_classes(folder):
    """As many as generate_data.py has wave forms."""
    N = len(WAVES)
    script('generate_data.py', 200, 50, '--classes', N)
    edit(own_data.SOFTMAX.replace('Dense(4', f'Dense({N}'))
    script('train.py', '--N_epochs', 30)
    assert runs.read_run('last')['accuracy'] > 1.6 / N


@slow
@pytest.mark.parametrize(
    'make, text',
    [
        (own_data.far_waves, own_data.NORMALIZATION),
        (own_data.magnitudes, own_data.LAYER_NORMALIZATION),
        (own_data.rare_squares, own_data.WEIGHTS),
    ],
)
def test_edits_for_own_data(folder, make, text):
    """Without the edit one class is not recognised; with it both are."""
    few = functools.partial(make, 1000 if make is own_data.rare_squares else 200)
    options = own_data.import_sequences(make, 1000, lambda _, rng: few(rng))
    script('train.py', *options, '--N_epochs', 10)
    without = own_data.percent_right()
    edit(text)
    script('train.py', *options, '--N_epochs', 10)
    edited = own_data.percent_right()
    assert without.min() < 10 < 25 < edited.min() and edited.max() > 80


def test_cross_validation(data):
    """Each fold has a network and a run of its own, which is judged."""
    (block,) = blocks('python', SECTIONS['docs/own-data.md']['Cross-validation'])
    above = TRAIN[: TRAIN.index('model = Sequential()')]
    grouped = block.replace('StratifiedKFold', 'StratifiedGroupKFold')
    grouped = grouped.replace('Y_train):', 'Y_train, np.repeat(range(10), 2)):')
    for name, text in {'fold': block, 'star': grouped}.items():
        Path('train.py').write_text(above + text, encoding='utf-8')
        printed = typed([('train.py', f'--name {name}')], *SHORT)
        runs_of_it = [runs.read_run(f'{name}-{i}') for i in range(2, 6)]
        runs_of_it.insert(0, runs.read_run(name))
        percent = [100 * run['accuracy'] for run in runs_of_it]
        mean = f'{np.mean(percent):.1f}% ({min(percent):.1f} to {max(percent):.1f})'
        assert printed.endswith(f'Accuracy: {mean}\n')
        tested = [run['N_test'] for run in runs_of_it]
        assert sum(tested) == 20 and not any(run['not_judged'] for run in runs_of_it)


def typed_by(job, task):
    """Return what the text of a job types behind python, as a task of an array."""
    Path('script.sh').touch()
    bash = f'python() {{ echo "$@" >&2; }}\n{job}'
    env = os.environ | {'SLURM_ARRAY_TASK_ID': str(task)}
    done = subprocess.run(['bash', '-c', bash], env=env, capture_output=True, text=True)
    return done.stderr.split()


def test_a_sweep(data):
    """Each task has a pair of numbers of its own, and the network has them."""
    typed = [typed_by(blocks('sh', CLUSTER)[0], task) for task in range(9)]
    assert len({tuple(words[1:5]) for words in typed}) == 9
    edit(CLUSTER)
    script(*typed[5], *SHORT)
    _, _, neurons, _, size, *_ = typed[5]
    run = runs.read_run(f'{neurons}_{size}')
    assert run['layers'].startswith(f'{neurons} relu, ')
    assert run['numbers']['batch_size'] == int(size)


def test_a_survey(folder, monkeypatch):
    """Cut, classified in a job array; and by a program of one's own."""
    X, Y = make_sequences(60, random_streams(0)[0])
    table = pd.DataFrame(X).add_prefix('f').assign(shape=Y.astype(int))
    table.to_csv('survey.csv', index=False)
    printed = script('import_data.py', 'survey.csv', '--label', 'shape').stdout
    options = re.search(r'^python train\.py (.*)', printed, re.MULTILINE)[1].split()
    script('train.py', *options, '--N_epochs', 2)

    (cut,) = blocks('python', CLUSTER)
    exec(cut.replace('100_000', '25'), {})
    part = Path('part_2.csv')
    part.write_text(part.read_text().replace('.', 'x', 1))
    sweep, infer = blocks('sh', CLUSTER)
    job = ''.join(sweep.splitlines(keepends=True)[:-3]) + infer
    for task in (1, 2, 3):
        script(*typed_by(job, task), status=int(task == 2))
        assert Path(f'scores_part_{task}.csv').exists()
    answers = script('infer.py', 'part_1.csv', '--csv').stdout
    Path('scores_part_1.csv').write_text(answers)

    answers = pd.read_csv('scores_part_1.csv')
    shutil.copy('part_1.csv', 'runs/1/new.csv')
    monkeypatch.chdir('runs/1')
    program, _ = blocks('python', own_data.PAGE['Elsewhere'])
    imports = re.findall(r'^(?:import|from) (\w+)', program, re.MULTILINE)
    assert imports == ['json', 'keras', 'numpy', 'pandas']
    exec(program, found := {})
    wanted = answers[['score_0', 'score_1']]
    np.testing.assert_allclose(found['scores'], wanted, rtol=2e-6, atol=1e-6)
    assert (found['names'].astype(int) == answers['class']).all()


def test_no_light_curve_is_cut_in_two(folder):
    (cut,) = blocks('python', CLUSTER)
    lines = re.findall(r'`((?:table|parts) = .*?)`', CLUSTER)
    curves = pd.DataFrame({'star': [*'bacab'] * 3, 'mjd': range(15), 'mag': 1})
    curves.to_csv('survey.csv', index=False)
    code = re.sub('parts = .*', '\n'.join(lines).replace('10_000', '2'), cut, count=1)
    exec(code, {})
    parts = [pd.read_csv(f'part_{i}.csv') for i in (1, 2)]
    assert [sorted({*part['star']}) for part in parts] == [['a', 'b'], ['c']]
    assert [*map(len, parts)] == [12, 3] and not Path('part_3.csv').exists()


@slow
@pytest.mark.parametrize(
    'part', ['A set larger than the memory', 'Validation by object']
)
def test_other_fits(data, part):
    """From the disk, and validated by the sequences of other objects."""
    script('generate_data.py', 20, 10, '--packed', '--overwrite')
    Path('Train/ids.txt').write_text('\n'.join('aaaabbbbccccddddeeee'))
    (text,) = [text for title, text in own_data.PAGE.items() if title.startswith(part)]
    edit(text)
    script('train.py', *SHORT)
    assert len(history()) == 3 and ('val_loss' in history()) == (part[0] == 'V')


def test_weights(data):
    """Of each object of the sequences to train with, in their order."""
    text = own_data.PAGE['Validation by object, and weights']
    table, weights = re.findall(r'`(?:sample_weight=)?((?:table) ?[=.].*?)`', text)
    Path('weights.csv').write_text('star,weight\n07,2\n7,3\n')
    known = {'pd': pd, 'stars': ['7', '07', '7'], 'fit': [2, 1]}
    exec(table, known)
    assert eval(weights, known).tolist() == [3, 2]


# ---------------------------------------------------------------- the pictures


def test_pictures():
    """Each that is shown has its function, or is the lesson's own run."""
    shown = re.findall(r'pictures/(\S+)\.png\)', LESSON + TEXTS['docs/slides.md'])
    assert {*shown} == {path.stem for path in PROJECT.glob('docs/pictures/*.png')}
    for name in {*shown} - {'history', 'curves', 'validation', 'results', 'stop'}:
        assert getattr(pictures, name)().axes
    # The slide asks what is odd: it begins below one half, and ends exactly flat.
    y = pictures.flat_curve().axes[0].lines[0].get_ydata()
    assert y[0] < 0.5 and 0.78 < max(y) < 0.83 and set(y[-30:]) == {0.725}
