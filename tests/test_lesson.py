"""LESSON.md: every command and edit in it is carried out, and what it says comes true.

Directions and ranges are checked, not digits.
"""

import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import PROJECT, forked, run

from lesson.pictures import edited, exercises

LESSON = (PROJECT / 'LESSON.md').read_text(encoding='utf-8')
TRAIN = (PROJECT / 'train.py').read_text(encoding='utf-8')
EXERCISES = {int(title.split()[1][:-1]): text for title, text in exercises().items()}


def blocks(text, language):
    return re.findall(rf'^```{language}\n(.*?)^```', text, re.MULTILINE | re.DOTALL)


def type_lines(lines, folder):
    """Type these lines of a shell; return the processes of our scripts."""
    processes = []
    for line in lines.splitlines():
        if loop := re.fullmatch(r'for (\w+) in ([\d ]+); do (.*); done', line):
            each = [loop[3].replace(f'${loop[1]}', value) for value in loop[2].split()]
            processes += type_lines('\n'.join(each), folder)
        elif script := re.match(r'python (\w+\.py)([^|]*)', line):
            arguments = script[2].replace('2>/dev/null', '').split()
            processes.append(forked(script[1], *arguments, script_folder=folder))
            assert processes[-1].returncode == 0, (line, processes[-1].stderr)
        else:
            line = re.sub(r'^python\b', sys.executable, line)
            subprocess.run(['bash', '-c', f'set -e; {line}'], check=True, cwd=folder)
    return processes


@pytest.fixture(scope='module')
def first_run(tmp_path_factory):
    """A copy of the project after the lesson's first two commands, and the second's process."""
    folder = tmp_path_factory.mktemp('lesson')
    for name in ('support', 'lesson'):
        shutil.copytree(PROJECT / name, folder / name)
    for path in PROJECT.glob('*.py'):
        shutil.copy(path, folder)
    assert run('generate_data.py', cwd=folder, script_folder=folder).returncode == 0
    process = forked('train.py', cwd=folder, script_folder=folder)
    assert process.returncode == 0
    return folder, process


@pytest.fixture
def copy(first_run, tmp_path, monkeypatch):
    """A copy of that copy, to work in."""
    shutil.copytree(first_run[0], tmp_path / 'workshop')
    monkeypatch.chdir(tmp_path / 'workshop')
    return tmp_path / 'workshop'


def accuracy(process):
    return float(re.search(r'^Accuracy: ([\d.]+)%$', process.stdout, re.MULTILINE)[1])


def history(process):
    """Return {name: its value after each epoch} of what train.py printed."""
    epochs = re.findall(r'^Epoch \d+/\d+: (.*)', process.stdout, re.MULTILINE)
    pairs = [pair.split() for line in epochs for pair in line.split(', ')]
    return {name: np.array([float(v) for n, v in pairs if n == name]) for name, _ in pairs}


def do(number, folder):
    """Edit train.py as exercise number says, and run it; return the process."""
    text = edited(TRAIN, EXERCISES[number])
    (folder / 'train.py').write_text(text, encoding='utf-8')
    process = forked('train.py', script_folder=folder)
    assert process.returncode == 0, process.stderr
    return process


def test_what_comes_out(first_run):
    folder, process = first_run
    assert blocks(LESSON, 'sh')[0] == 'python generate_data.py\npython train.py\n'
    for line in blocks(LESSON, 'text')[0].splitlines():
        pattern = re.sub(r'\d+(\\\.\d+)?', r'[\\d.]+', re.escape(line))
        assert re.search(pattern, process.stdout), line
    assert (folder / 'history.png').exists()
    # All right within 40 epochs or so, while the loss falls to the end.
    got = history(process)
    assert 10 <= np.flatnonzero(got['accuracy'] == 1)[0] <= 60
    assert (got['accuracy'][60:] > 0.99).all()
    assert got['loss'][-1] < 0.1 * got['loss'][60]
    assert 80 <= accuracy(process) < 100


def test_arithmetic_of_the_lesson(first_run):
    """The numbers of weights are those of model.summary, the batches those of train.py."""
    stdout = first_run[1].stdout
    for number in ('2,064', '136', '2,209'):
        assert number in LESSON and f' {number} ' in stdout
    assert '16 = 2,064' in LESSON and 128 * 16 + 16 == 2064
    assert 'so 7 in all' in LESSON and '2,100 times' in LESSON and -(-200 // 32) * 300 == 2100
    for p, cost in ((0.9, '0.11'), (0.5, '0.69'), (0.01, '4.6')):
        assert f'{-np.log(p):.2f}'.startswith(cost) and cost in LESSON
    assert '4,401' in EXERCISES[3] and 128 * 32 + 32 + 32 * 8 + 8 + 9 == 4401
    assert '128 + 1 = 129' in EXERCISES[5]


def test_look(copy):
    type_lines(blocks(LESSON, 'sh')[1] + blocks(EXERCISES[1], 'sh')[0], copy)
    assert pathlib.Path('Train_1_2_3_4.png').exists() and pathlib.Path('Test_1_2_3_4.png').exists()


def test_without_a_network(copy):
    (code,) = blocks(EXERCISES[2], 'python')
    printed = subprocess.run(
        [sys.executable, '-c', code], cwd=copy, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    larger, squares = (float(line.split(':')[1]) for line in printed)
    assert 0.5 <= larger <= 0.65 and squares == 1
    for i in range(1, 201):  # what the lesson says of the first value
        first, Y = np.fromfile(f'Train/X_{i}.dat')[0], np.fromfile(f'Train/Y_{i}.dat')[0]
        assert first == 1 if Y else first < 0.4


@pytest.mark.parametrize(('number', 'weights'), [(3, '4,401'), (4, '2,209'), (5, '129')])
def test_networks_that_do_about_as_well(copy, first_run, number, weights):
    process = do(number, copy)
    assert f'Total params: {weights} ' in process.stdout
    assert 80 <= accuracy(process) and abs(accuracy(process) - accuracy(first_run[1])) <= 8


def test_luck(copy):
    processes = type_lines(*blocks(EXERCISES[6], 'sh'), copy)
    percent = [accuracy(process) for process in processes]
    assert len(percent) == 5 and 1 <= max(percent) - min(percent) <= 15


def test_when_to_stop(copy):
    got = history(do(7, copy))
    loss, best = got['val_loss'], got['val_loss'].argmin()
    assert 20 < best < 150 and loss[0] > 1.2 * loss[best] and loss[-1] > 1.3 * loss[best]
    assert (got['accuracy'][best + 30 :] > 0.99).all()
    assert abs(got['val_accuracy'][best] - got['val_accuracy'][-1]) <= 0.1
    assert got['val_accuracy'][-1] < got['accuracy'][-1]


def test_last_years_exam(copy):
    honest = {path.name: path.read_bytes() for path in (copy / 'Test').iterdir()}
    train, _ = type_lines(*blocks(EXERCISES[8], 'sh'), copy)
    assert '50 of 50 test sequences also occur in the training set' in train.stdout
    assert accuracy(train) == 100
    assert {path.name: path.read_bytes() for path in (copy / 'Test').iterdir()} == honest


def test_random_phase(copy, first_run):
    _, dense = type_lines(*blocks(EXERCISES[9], 'sh'), copy)
    assert history(dense)['accuracy'][-1] == 1
    assert accuracy(dense) < accuracy(first_run[1])
    assert accuracy(do(9, copy)) > max(95, accuracy(dense))


def test_a_question_it_has_never_heard(copy):
    *_, process = type_lines(*blocks(EXERCISES[10], 'sh'), copy)
    for name, answer in (('fast_sine.dat', 'class 1'), ('noise.dat', r'class \d')):
        (score,) = re.findall(rf'{name}: {answer} \(\w+ wave\), score (\S+)', process.stdout)
        assert float(score) > 0.9


def test_every_exercise_is_tested():
    assert list(EXERCISES) == list(range(1, 11))
    assert all('<details><summary>' in text for text in EXERCISES.values())


@pytest.mark.parametrize('name', ['LESSON.md', 'README.md', 'experiments/README.md'])
def test_every_command_and_link_exists(name):
    text = (PROJECT / name).read_text(encoding='utf-8')
    known = {}
    for script, arguments in re.findall(r'\bpython (\w+\.py|-m experiments)([^`\n|&]*)', text):
        if script not in known:
            command = [sys.executable, *script.split(), '--help']
            known[script] = subprocess.run(
                command, cwd=PROJECT, check=True, capture_output=True, text=True
            ).stdout
        for option in re.findall(r'--\w+', arguments):
            assert option in known[script], (script, option)
    for target, anchor in re.findall(r'\]\((?!http)([^)#]*)#?([^)]*)\)', text):
        path = (PROJECT / name).parent / target if target else PROJECT / name
        assert path.exists(), target
        if anchor:
            headings = re.findall(r'^#+ (.*)', path.read_text(encoding='utf-8'), re.MULTILINE)
            anchors = [re.sub(r'[^\w -]', '', h).lower().replace(' ', '-') for h in headings]
            assert anchor in anchors, anchor


def test_pictures(folder):
    """All pictures of the lesson are drawn by its command, and none other is in its folder."""
    command = [sys.executable, '-m', 'lesson.pictures', folder]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    drawn = {path.name for path in folder.glob('*.png')}
    assert drawn == {path.name for path in (PROJECT / 'lesson').glob('*.png')}
    assert set(re.findall(r'\]\(lesson/(\S+)\)', LESSON)) == drawn
