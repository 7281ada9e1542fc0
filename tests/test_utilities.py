"""utilities.py and view.py: reading good and bad files, and the pictures."""

import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys

from support.console import DataError, command_line, program
from support.files import whole_file

import numpy as np
import pytest
from conftest import PROJECT, assert_one_line, assert_shows, curve, forked, run

from utilities import class_title, plot_history, read_set, read_test_data, read_training_data


def write(path, *values):
    pathlib.Path(path).parent.mkdir(exist_ok=True)
    pathlib.Path(path).write_bytes(struct.pack(f'<{len(values)}d', *values))


def test_reads_what_struct_wrote(folder):
    write('Train/X_3.dat', 1.5, -2.25, 3e38)
    write('Train/Y_3.dat', 1)
    write('Test/X_1.dat', 0.1, 0.2, 0.3)
    write('Test/Y_1.dat', 0)
    X, Y = read_training_data(3, 3)
    assert X.dtype == np.float64 and X.tolist() == [1.5, -2.25, 3e38]
    assert Y == 1 and np.ndim(Y) == 0
    X, Y = read_test_data(1, 3)
    assert X.tolist() == [0.1, 0.2, 0.3] and Y == 0


def test_reads_a_whole_set(data):
    X, Y = read_set('Train', 20, 128)
    assert X.shape == (20, 128) and Y.shape == (20,) and X.dtype == Y.dtype == np.float64
    for i in range(20):
        assert (X[i] == np.fromfile(f'Train/X_{i + 1}.dat', '<f8')).all()
        assert Y[i] == np.fromfile(f'Train/Y_{i + 1}.dat', '<f8')


BAD_FILES = {
    'short': ('X_7', struct.pack('<5d', *range(5)), '5 value'),
    'long': ('X_7', bytes(8 * 129), '129 value'),
    'empty': ('X_7', b'', 'empty'),
    'ragged': ('X_7', bytes(1021), '1021 bytes'),
    'NaN': ('X_7', struct.pack('<128d', *[0.0] * 127, float('nan')), 'NaN'),
    'infinity': ('X_7', struct.pack('<128d', float('inf'), *[0.0] * 127), 'infinity'),
    'too large': ('X_7', struct.pack('<128d', *[0.0] * 127, -1e44), '1e+44, too large'),
    'missing': ('X_7', None, 'middle'),
    'no label': ('Y_7', None, 'middle'),
    'empty label': ('Y_7', b'', 'empty'),
    'two labels': ('Y_7', bytes(16), '2 value'),
    'fraction': ('Y_7', struct.pack('<d', 0.5), '0.5'),
    'negative': ('Y_7', struct.pack('<d', -1), '-1'),
    'large label': ('Y_7', struct.pack('<d', 1e300), 'holds 1e+300, but'),
    'NaN label': ('Y_7', struct.pack('<d', float('nan')), 'holds nan, but'),
}


@pytest.mark.parametrize('kind', BAD_FILES)
def test_bad_files(data, kind):
    name, content, problem = BAD_FILES[kind]
    path = pathlib.Path(f'Train/{name}.dat')
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as error:
        read_set('Train', 20, 128)
    assert str(path) in str(error.value) and problem in str(error.value)
    assert '\n' not in str(error.value) and len(str(error.value)) < 200
    assert_one_line(forked('view.py', 7), str(path), problem)


def test_missing_sets_and_too_large_numbers(data):
    for ask in (lambda: read_set('Train', 21, 128), lambda: read_training_data(99, 128)):
        with pytest.raises(DataError, match=r'ends at number 20.*generate_data\.py'):
            ask()
    shutil.rmtree('Train')
    with pytest.raises(DataError, match=r'Train holds no sequences yet.*generate_data\.py'):
        read_set('Train', 20, 128)
    os.mkdir('Train')
    assert_one_line(run('view.py', 1), 'Train', 'generate_data.py')
    os.rmdir('Train')
    pathlib.Path('Train').write_text('a file')
    assert_one_line(run('view.py', 1), 'Train', 'folder')


def without_privileges():
    """A command prefix that takes from root the right to read and write everything."""
    if os.geteuid() != 0:
        return []
    if shutil.which('setpriv') is None:
        pytest.skip('root without setpriv')
    return ['setpriv', '--bounding-set=-dac_override,-dac_read_search']


def test_no_permission(data):
    prefix = without_privileges()
    os.chmod('Train/X_2.dat', 0)
    assert_one_line(run('view.py', 2, prefix=prefix), 'Train/X_2.dat', 'may read')
    os.chmod('.', 0o555)
    process = run('view.py', 3, prefix=prefix)
    write_process = run('generate_data.py', 3, 3, '--overwrite', prefix=prefix)
    os.chmod('.', 0o755)
    assert_one_line(process, 'Train_3.png', 'permission')
    assert write_process.returncode == 0  # Train itself may still be written
    os.chmod('Train', 0o555)
    process = run('generate_data.py', 3, 3, '--overwrite', prefix=prefix)
    os.chmod('Train', 0o755)
    assert_one_line(process, 'Train', 'permission')


def test_check_classes():
    from support.mistakes import check_classes

    check_classes('Train', np.array([0.0, 1.0]), 1)
    check_classes('Train', np.array([0.0, 3.0]), 4)
    for Y, outputs in (([0, 1, 2], 1), ([0, 0, 4], 4)):
        with pytest.raises(DataError, match=rf'Train/Y_3\.dat holds class {Y[2]}'):
            check_classes('Train', np.array(Y, float), outputs)
    with pytest.raises(DataError, match=r'no sequence of class 0.*Y_2\.dat holds class 2.* from 0'):
        check_classes('Train', np.array([1.0, 2.0]), 1)


def test_report_accuracy(capsys):
    from support.console import report_accuracy

    report_accuracy(0.92, np.array([0, 1] * 25), 0)
    report_accuracy(0.95, np.array([0] * 19 + [1]), 2)
    even, uneven = capsys.readouterr().out.split('2 of 20 test sequences also occur')
    assert even.splitlines() == [
        'Accuracy: 92.00%',
        '46 of 50 right; 95 % confidence: 81 % to 97 %',
    ]
    assert 'Accuracy: 95.00%' in uneven and uneven.endswith(' class would give 95.00%\n')


@pytest.mark.parametrize(
    ('mean', 'spread', 'told'),
    [
        (0, 1, 0),
        (2, 1, 0),
        (0, 5, 0),
        (0, 0.1, 0),
        (9, 1, 1),
        (0, 50, 1),
        (0, 1e-5, 1),
        (5, 0, 1),
        (0.7, 0, 1),
    ],
)
def test_check_scale(capsys, mean, spread, told):
    from support.mistakes import check_scale

    check_scale(mean + spread * np.array([[1.0, -1.0]] * 5))
    said = capsys.readouterr().out
    assert said.count('\n') == told
    if told:
        assert f'mean of {mean}' in said and ('Normalization' in said) == (spread > 0)
    check_scale(mean + spread * np.array([[1.0, -1.0]] * 5), normalized=True)
    assert not spread or capsys.readouterr().out == ''
    for extreme in (1e9 + np.eye(3), 1e-17 * np.eye(3), 1e30 * np.eye(3)):
        check_scale(extreme, normalized=True)
        assert 'divide them by' in capsys.readouterr().out


def test_command_line(monkeypatch, capsys):
    def parse(*arguments, **variables):
        monkeypatch.setattr(sys, 'argv', ['train.py', *arguments])
        return command_line('Description', variables)

    def refused(*arguments, **variables):
        with pytest.raises(SystemExit, match='2'):
            parse(*arguments, **variables)
        return capsys.readouterr().err

    # Of a script's globals(), the whole numbers and switches are taken.
    variables = {'N_epochs': 200, 'seed': 0, 'stream': False, 'os': os, 'rate': 0.1, '__doc__': 'x'}
    assert parse(**variables) == {'N_epochs': 200, 'seed': 0, 'stream': False}
    typed = parse('--N_epochs', '7', '--seed', '1', '--stream', **variables)
    assert typed == {'N_epochs': 7, 'seed': 1, 'stream': True}
    assert parse('--no-stream', stream=True) == {'stream': False}
    for wrong in ('0', '-3', 'x', '1.5', '', '99999999999'):
        assert 'train.py: error: argument --N_epochs: ' in refused('--N_epochs', wrong, N_epochs=2)
    assert 'seed' in refused('--seed', '-1', seed=0)
    assert 'N_train' in refused('--N_train', '-1', N_train=200)
    assert parse('--N_train', '0', N_train=200) == {'N_train': 0}  # all there are
    assert parse('--offset', '-4', offset=-3) == {'offset': -4}
    assert 'N_layers' in refused('--N_layers', '3', N_epochs=2)
    # A number edited in the script is checked, too.
    assert '--N_epochs' in refused(N_epochs=0)


@pytest.mark.parametrize(
    ('argv', 'name'),
    [
        ('/home/me/train.py', 'train.py'),
        ('/home/me/experiments/__main__.py', 'python -m experiments'),
    ],
)
def test_program(monkeypatch, argv, name):
    monkeypatch.setattr(sys, 'argv', [argv])
    assert program() == name


def test_whole_file_is_whole_or_not_at_all(folder):
    pathlib.Path('a.txt').write_text('old')
    with pytest.raises(ZeroDivisionError), whole_file('a.txt') as temporary:
        pathlib.Path(temporary).write_text('half')
        raise ZeroDivisionError
    assert {p.name: p.read_text() for p in folder.iterdir()} == {'a.txt': 'old'}
    with whole_file('a.txt') as temporary:
        pathlib.Path(temporary).write_text('new')
        assert pathlib.Path('a.txt').read_text() == 'old'
    assert {p.name: p.read_text() for p in folder.iterdir()} == {'a.txt': 'new'}


# ---------------------------------------------------------------- view.py and the pictures


def test_view_one(data):
    process = run('view.py', 2)
    assert (process.returncode, process.stderr) == (0, '')
    assert process.stdout == 'Plot: Train_2.png\n'
    assert_shows(curve('Train_2.png'), read_training_data(2, 128)[0])


def test_view_takes_the_files_own_length(folder):
    for i in (1, 2):
        write(f'Train/X_{i}.dat', *range(50))
        write(f'Train/Y_{i}.dat', 0)
    assert_one_line(run('view.py', 2), '50 value')
    assert run('view.py', 2, '--N_sequence', 0).returncode == 0
    assert_shows(curve('Train_2.png'), np.arange(50))


def test_forgotten_script_sh(folder):
    """Without the packages, as in a shell where script.sh was not sourced: one line says so."""
    python = [sys.executable, '-S', '-E']  # without site-packages
    for script in ('train.py', 'view.py', 'generate_data.py', 'import_data.py', 'infer.py'):
        command = [*python, PROJECT / script, '1']
        process = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=60)
        assert_one_line(process, 'not installed here', '. ./script.sh')
    command = [*python, '-m', 'experiments', 'memory', '--output', folder]
    process = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert process.returncode == 1 and '. ./script.sh' in process.stderr.splitlines()[-1]


def test_view_grid_of_test_sequences(data):
    process = forked('view.py', '--test', 1, 2, 3, 4)
    assert process.returncode == 0
    assert process.stdout == 'Plot: Test_1_2_3_4.png\n'
    for i in range(4):
        heights = curve('Test_1_2_3_4.png', i % 2, i // 2, 2, 2)
        assert_shows(heights, read_test_data(i + 1, 128)[0])


def test_titles_and_labels(data, monkeypatch):
    import utilities

    figures = []
    monkeypatch.setattr(utilities, 'show', lambda figure, path: figures.append((figure, path)))
    X, Y = read_training_data(2, 128)
    utilities.plot_results(2, X)
    utilities.plot_results([2, 3], [X, X], [Y, 1 - Y], folder='Test')
    accuracy, loss, validation = [0.5, 0.75, 1.0], [0.7, 0.6, 0.5], [0.6, 0.7, 0.8]
    training = {'accuracy': accuracy, 'loss': loss}
    both = training | {'val_accuracy': validation, 'val_loss': validation}
    for values in (training, both, {'accuracy': [0.5], 'loss': [0.7]}):
        plot_history(type('History', (), {'history': values}))
    (one, _), (two, path), (history, _), (with_validation, _), (single, _) = figures
    names = ['sine wave', 'square wave']
    assert [axis.get_title() for axis in one.axes] == ['Data Set 2']
    assert (one.get_supxlabel(), one.get_supylabel()) == ('Time Sequence (t)', 'Data X(t)')
    (line,) = one.axes[0].lines
    assert (line.get_xdata() == np.arange(1, 129)).all() and (line.get_ydata() == X).all()
    assert [axis.get_title() for axis in two.axes] == [
        f'Data Set 2: {class_title(Y, names)}',
        f'Data Set 3: {class_title(1 - Y, names)}',
    ]
    assert path == 'Test_2_3.png'
    above, below = history.axes
    assert above.get_title() == 'Accuracy Convergence History'
    assert (below.get_xlabel(), above.get_ylabel()) == ('Epoch', 'Accuracy')
    assert below.get_ylabel() == 'Loss'
    assert above.lines[0].get_xydata().tolist() == [[1, 0.5], [2, 0.75], [3, 1.0]]
    assert below.lines[0].get_ydata().tolist() == loss
    for axis in with_validation.axes:
        assert axis.lines[1].get_ydata().tolist() == validation
    labels = [text.get_text() for text in with_validation.axes[0].get_legend().get_texts()]
    assert labels == ['training', 'validation'] and history.axes[0].get_legend() is None
    # A single epoch is a point, which has to be seen.
    assert all(axis.lines[0].get_marker() == 'o' for axis in single.axes)


def test_window_opens_where_there_is_a_display(data):
    """A stand-in for a windowing backend notes that its window was opened."""
    pathlib.Path('window.py').write_text("""
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backend_bases import FigureManagerBase
class FigureManager(FigureManagerBase):
    @classmethod
    def pyplot_show(cls, *, block=None):
        open('window', 'w').close()
class FigureCanvas(FigureCanvasAgg):
    required_interactive_framework = 'headless'
    manager_class = FigureManager
""")
    window = {'MPLBACKEND': 'module://window', 'PYTHONPATH': str(data)}
    process = run('view.py', 2, env=window)
    assert 'Train_2.png' in process.stdout and 'window' in process.stdout
    assert pathlib.Path('window').exists()
    assert_shows(curve('Train_2.png'), read_training_data(2, 128)[0])


def test_unusable_display_is_no_trouble(data):
    process = run('view.py', 2, env={'DISPLAY': ':987'})
    assert (process.stdout, process.stderr) == ('Plot: Train_2.png\n', '')


@pytest.mark.parametrize('arguments', [(), ('0',), ('-1',), ('two',), ('1.5',), tuple('1' * 37)])
def test_view_wrong_command_line(folder, arguments):
    process = forked('view.py', *arguments)
    assert_one_line(process, status=2)
    assert 'usage: view.py' in process.stderr


@pytest.mark.parametrize('module', ['utilities', 'view', 'generate_data', 'import_data', 'infer'])
def test_no_tensorflow(module):
    program = f"""
import sys
sys.path.insert(0, {str(PROJECT)!r}); sys.argv = ['view.py', '--help']
try:
    import {module}
except SystemExit:
    pass
sys.exit(bool({{'tensorflow', 'keras'}} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, '-c', program], stdout=-3).returncode == 0


def test_imports_run_one_way():
    """support needs none of ours, utilities support alone, and no script another but its waves."""
    allowed = {
        'support': {'support'},
        'utilities.py': {'support'},
        'generate_data.py': {'support', 'utilities'},
        'import_data.py': {'support', 'utilities'},
        'view.py': {'support', 'utilities'},
        'train.py': {'support', 'utilities'},
        'infer.py': {'support', 'utilities'},
    }
    ours = {name.removesuffix('.py') for name in allowed} | {'experiments'}
    for name, may in allowed.items():
        path = PROJECT / name
        for file in path.glob('*.py') if path.is_dir() else [path]:
            imported = re.findall(r'^\s*(?:from|import) (\w+)', file.read_text(), re.MULTILINE)
            assert set(imported) & ours <= may, file
