"""The documents: their commands and edits are carried out, what they say comes true.

Directions and ranges are checked, not digits: those differ from machine to machine. The
trainings are as short as what is claimed of them allows.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from support.runs import read_runs

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import PROJECT, SHORT, TRAIN, contents, script

from docs.edits import edited, sections
from docs.pictures.draw import scripts
from utilities import read_set

NAMES = ['README.md', 'LESSON.md', 'experiments/README.md']
NAMES += sorted(f'docs/{path.name}' for path in PROJECT.glob('docs/*.md'))
TEXTS = {name: (PROJECT / name).read_text(encoding='utf-8') for name in NAMES}
SECTIONS = {name: sections(name) for name in NAMES}
EXERCISES = {
    int(title.split()[1].rstrip('.')): text
    for title, text in SECTIONS['LESSON.md'].items()
    if title.startswith('Exercise ')
}
LOOP = r'(for (\w) in (.*?); do (.*?); done)'
slow = pytest.mark.slow


def commands(text):
    """Return each python SCRIPT ARGUMENTS, also in a loop, as a pair."""
    for loop, name, words, body in re.findall(LOOP, text):
        repeated = [body.replace(f'${name}', word) for word in words.split()]
        text = text.replace(loop, '\n'.join(repeated))
    return re.findall(r'\bpython ([\w/]+\.py)([^`\n|&#;>]*)', text)


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


def newest(name=''):
    """Return run.json, a dict, of the newest run, or of the newest in runs/NAME."""
    return read_runs(name)[-1]


def history(name=''):
    """Return accuracy, loss, ... of that run, a row for each epoch."""
    return pd.read_csv(newest(name)['folder'] / 'history.csv', index_col='epoch')


def test_what_comes_out(lesson):
    """README shows the last lines that are printed, but for their numbers."""
    shown = re.search(r'\n```\n([^`]*%[^`]*)```', TEXTS['README.md'])[1]
    texts = [re.sub('Wrong:.*', '', text) for text in (shown, lesson.stdout)]
    shown, printed = (re.sub(r'\d+', '0', text).split() for text in texts)
    assert printed[-len(shown) :] == shown


def test_exercises_1_to_3(lesson, capsys, monkeypatch):
    """The page says which are squares, how far no network gets, and what is wrong."""
    monkeypatch.chdir(lesson.folder)
    X, Y = read_set('Train', 200, 128)
    X_test, Y_test = read_set('Test', 50, 128)
    waves = np.sum(np.diff(np.sign(X_test[:4])) != 0, axis=1) // 2
    assert [*Y_test[:4]] == [1, 0, 1, 1]
    assert waves[1] == waves[3] == 7 > max(waves[0], waves[2])
    exec(re.search('```python\n(.*?)```', EXERCISES[2], re.DOTALL)[1], {})
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in printed] == ['0.62', '1.0']
    # Five squares are copies; the wrong ones are squares that are like no other.
    distances = np.linalg.norm(X_test[:, None] - X, axis=2)
    assert sum(Y_test) == 19 and [*Y_test[distances.min(axis=1) == 0]] == [1] * 5
    assert '31 of these 45, 69 %' in lesson.stdout
    assert sum(Y[distances.argmin(axis=1)] == Y_test) == 46
    to_square = distances[:, Y == 1].min(axis=1)
    far = {i + 1 for i in np.flatnonzero((to_square > 4) & (Y_test == 1))}
    wrong = re.search(r'^Wrong: ([\d ]*)', lesson.stdout, re.MULTILINE)[1].split()
    assert len(far) == 8 and {int(number) for number in wrong} <= far


def test_numbers_and_answers(data):
    """Section 4's lines for a loop over seeds, and for the answers, work."""
    section = SECTIONS['LESSON.md']['4. train.py from top to bottom']
    numbers, answers = re.findall(r'`(numbers \| .*?|model\.predict.*?)`', section)
    text = TRAIN.replace('save_run(numbers', f'seed = 2\nsave_run({numbers}')
    Path('train.py').write_text(f'{text}\nprint("answers", *{answers})\n')
    last = script('train.py', *SHORT, '--name', 'loop').stdout.splitlines()[-1]
    rows = pd.read_csv('runs/loop/2/predictions.csv')
    assert last.split() == ['answers', *map(str, rows['predicted'] == 1)]


@pytest.mark.parametrize('name', TEXTS)
def test_links(name):
    """Each link leads to a file, and to a heading of it."""
    for target, anchor in re.findall(r'\]\((?!http)([^)#]*)#?([^)]*)\)', TEXTS[name]):
        path = (PROJECT / name).parent / target if target else PROJECT / name
        assert path.exists(), target
        if anchor:
            headings = re.findall(r'(?m)^#+ (.*)', path.read_text(encoding='utf-8'))
            plain = [re.sub(r'[^\w -]', '', heading).lower() for heading in headings]
            assert anchor.replace('-', ' ') in [x.replace('-', ' ') for x in plain]


TYPED = {command for text in TEXTS.values() for command in commands(text)}
QUICK = {
    (name, arguments)
    for name, arguments in TYPED
    if re.search('generate_data|import_data|view|infer|light_curves', name)
    if not re.search(r'\[|\$|noise\.dat|LSTM', arguments)
}


def test_options():
    """The options of all commands that are not tried are those of the script."""
    for name, arguments in TYPED - QUICK:
        path = 'train.py' if name.startswith('train') else name
        given = {*re.findall(r'--[\w-]+', arguments)} - {'--neurons'}  # of an edit
        known = script(path, '--help').stdout if given else ''
        assert given <= {*re.findall(r'--[\w-]+', known)}, name + arguments


@pytest.mark.parametrize('name, arguments', sorted(QUICK))
def test_commands(folder, request, name, arguments):
    """Each command but the trainings ends well, with such tables, if smaller sets."""
    if name in ('view.py', 'infer.py'):
        request.getfixturevalue('trained')
    shutil.copytree(PROJECT / 'examples', 'examples')
    for path in 'train.csv', 'test.csv', 'curves.csv':
        shutil.copy('examples/mine.csv', path)
    pd.DataFrame(np.zeros([1, 128])).add_prefix('f').to_csv('new.csv')
    script(name, *shlex.split(arguments.replace('00 ', ' ')))


EDITS = [(x, y) for x in NAMES for y, text in SECTIONS[x].items() if '```diff' in text]


@pytest.mark.parametrize('name, title', EDITS)
def test_edits(data, name, title, monkeypatch):
    """Each edit fits train.py, and the network that it makes begins to train."""
    if 'sklearn' in SECTIONS[name][title]:
        pytest.importorskip('sklearn')
    monkeypatch.setattr('keras.Model.fit', lambda *_, **__: sys.exit(7))
    edit(SECTIONS[name][title])
    Path('Train/ids.txt').write_text('\n'.join('abcdefghij' * 2))  # ten objects
    script('train.py', *SHORT, status=7)


@slow
def test_exercises_4_to_8(trained):
    """Few sequences, seeds and layers matter as the lesson says."""
    few, (_, one, *_, four, _) = commands(EXERCISES[4])[0], commands(EXERCISES[7])
    typed([few, one, four], '--N_epochs', 100)
    Path('train_wide.py').write_text(TRAIN.replace('Dense(16,', 'Dense(64,'))
    Path('train.py').write_text(re.sub("'(relu|tanh)'", "'sigmoid'", TRAIN))
    typed([*commands(EXERCISES[8])[:1], ('train.py', '--name slow')], '--N_epochs', 40)
    for number, epochs in (5, 150), (6, 250):
        edit(EXERCISES[number])
        typed(commands(EXERCISES[number])[:1], '--N_epochs', epochs)
    names = '1 N25 base/1 base/4 wide slow linear single'.split()
    accuracy = {name: newest(name)['accuracy'] for name in names}
    to_95 = {name: newest(name)['epochs_to_95'] for name in names}
    last = {name: history(name).accuracy.iloc[-1] for name in names}
    assert last['N25'] == 1 == last['1']
    assert accuracy['N25'] < min(0.75, accuracy['1'] - 0.15)
    same = [accuracy[name] for name in ('1', 'base/1', 'base/4')]
    assert 0 < max(same) - min(same) <= 0.15
    assert to_95['wide'] < to_95['1'] < 40 and to_95['slow'] == 'never'
    stands = history('linear')[['accuracy', 'loss']].tail(9)  # exactly still
    assert (np.ptp(stands, axis=0) < 1e-6).all() and 0.9 < last['linear'] < 1
    assert accuracy['linear'] >= 0.8 and accuracy['single'] >= 0.7
    assert to_95['single'] > 2 * to_95['1'] and last['single'] >= 0.97
    network = keras.models.load_model(newest('single')['folder'] / 'model.keras')
    assert network.count_params() == 129


@slow
def test_exercises_9_and_13(trained):
    """The validation loss turns; with two learning rates hardly anything is learnt."""
    callback = re.search(r'`(EarlyStopping\(.*?\))`', EXERCISES[9])[1]
    early = 'from keras.callbacks import EarlyStopping\n' + scripts()['validation']
    texts = scripts() | {'validation': early.replace('[Sh', f'[{callback}, Sh')}
    epochs = {'validation': 300, 'large': 60, 'small': 60}
    for name, N in epochs.items():
        Path('train.py').write_text(texts[name], encoding='utf-8')
        script('train.py', '--name', name, '--N_epochs', N)
    stop, large, small = map(history, epochs)
    # The validation loss falls, then rises; the best epoch's network is kept.
    losses = stop.val_loss
    best, last = losses.idxmin(), len(losses)
    assert 20 < best == last - int(re.search(r'patience=(\d+)', callback)[1]) < 200
    assert losses[1] > 1.2 * losses[best] and losses[last] > 1.05 * losses[best]
    assert stop.val_accuracy[last] > stop.val_accuracy[best] - 0.1
    # 0.1: the loss jumps about that of chance; 0.00001: it falls, slowly.
    assert max(large.accuracy.max(), small.accuracy.max()) < 0.8
    large, small = large.loss[10:], small.loss[10:]
    assert 0.55 < large.mean() < 0.9 and 0.55 < small.iloc[-1] < small.iloc[0]
    assert large.diff().std() > 5 * small.diff().std()


@slow
def test_exercises_10_and_14(trained):
    """Last year's exam is memorisation, and a leak looks like success."""
    honest = contents('Train') | contents('Test')
    copy = re.search(r'^cp Train.*', EXERCISES[10], re.MULTILINE)[0]
    subprocess.run(['bash', '-c', copy], check=True)
    printed = typed(commands(EXERCISES[10]), '--N_epochs', 80)
    quoted = re.findall(r'`([^`]*)`', EXERCISES[10].partition('<details>')[2])
    assert len(quoted) == 2 and all(text in printed for text in quoted)
    assert newest()['accuracy'] == 1
    assert contents('Train') | contents('Test') == honest
    Path('train.py').write_text(scripts()['leak'], encoding='utf-8')
    script('train.py', '--N_epochs', 60)
    assert history().val_accuracy.iloc[-1] > 0.97 and history().val_loss.iloc[-1] < 0.3


@slow
def test_exercises_11_and_12(folder):
    """The dense network fails; the LSTM does not, but goes by the height."""
    make, dense, LSTM, *_ = commands(EXERCISES[11].replace('2000', '400'))
    typed([make, dense], '--N_epochs', 100)
    edit(EXERCISES[11])
    typed([LSTM], '--N_epochs', 40)
    failed, better = (newest(name)['accuracy'] for name in ('shifted', 'LSTM'))
    assert history('shifted').accuracy[100] >= 0.97 and failed < 0.78 < 0.86 <= better
    os.remove('train.py')
    for line in re.findall('python -c "(.*)"', EXERCISES[12]):
        exec(line, {})
    said = typed(commands(EXERCISES[12]), '--N_epochs', 100)
    assert float(re.search(r'fast_sine\.dat +square wave +(\S+)', said)[1]) > 0.9
    assert float(re.search(r'noise\.dat +.* wave +(\S+)', said)[1]) > 0.7
    assert re.search(r'high_sine\.dat +square .*\nhalf_square\.dat +sine ', said)
