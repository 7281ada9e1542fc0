"""infer.py: what it says of files and tables, and of networks that are none."""

import csv
import json
import os
import re
import zipfile
from datetime import datetime
from pathlib import Path

import numpy as np
from conftest import contents, refused, script


def network(outputs, names=(), path='model.keras'):
    """Save a network, as train.py does and did, that turns logarithms of chances into chances."""
    import keras

    x = keras.Input((max(outputs, 2),))
    if outputs > 1:
        model = keras.Model(x, keras.layers.Softmax()(x))
    else:
        model = keras.Model(x, keras.layers.Activation('sigmoid')(x[:, 1:] - x[:, :1]))
    model.compile(loss=put)  # stands for a loss of one's own, which Keras can't load
    model.save(path)
    if names:
        with zipfile.ZipFile(path, 'a') as archive:
            archive.writestr('classes.txt', '\n'.join(names) + '\n')


def put(path, chance=0.9, label=None):
    """Write a sequence that is of class 1 with this chance, and its label."""
    Path(path).parent.mkdir(exist_ok=True)
    np.log([1 - chance, chance]).tofile(path)
    if label is not None:
        np.array([label], float).tofile(path.replace('X', 'Y', 1))


def plain(*arguments):
    """Return the lines that infer.py prints, without what rich draws in its table."""
    text = script('infer.py', *arguments, env={'COLUMNS': '200'}).stdout
    lines = [
        ' '.join(line.split()) for line in re.sub(r'[^ -~\n]', ' ', text).splitlines()
    ]
    return [line for line in lines if line]


def test_files(folder):
    """A number stands for a file in Test; the label is in Y_... beside X_..., and nowhere else."""
    network(1, ['sine wave', 'square wave'])
    put('Test/X_1.dat', 0.2, 0)
    put('X_MAX.dat', 0.1234567, 1)
    put('my data.dat', 0.75)
    put('X_alone.dat')
    time = datetime(2026, 1, 2, 3, 4)
    os.utime('model.keras', (time.timestamp(),) * 2)
    files, before = (1, 'X_MAX.dat', 'my data.dat', 'X_alone.dat'), contents('.')
    assert plain(*files) == [
        'Model: model.keras of 2026-01-02 03:04',
        "The score is the network's output for that class, not a calibrated probability.",
        'Test/X_1.dat: class 0 (sine wave), score 0.800; label 0 (sine wave) agrees',
        'X_MAX.dat: class 0 (sine wave), score 0.877; label 1 (square wave) DISAGREES',
        'my data.dat: class 1 (square wave), score 0.750',
        'X_alone.dat: class 1 (square wave), score 0.900',
        'label taken for sine wave taken for square wave',
        'sine wave 1 0',
        'square wave 1 0',
        'Accuracy: 50.00% of 2 labelled sequences',
    ]
    assert contents('.') == before
    os.rename('model.keras', 'my.keras')
    said = script('infer.py', '--csv', *files, '--model', 'my.keras')
    assert said.stderr == 'Model: my.keras of 2026-01-02 03:04\n'
    assert said.stdout.splitlines() == [
        'file,id,class,name,score,label,agrees,score_0,score_1',
        'Test/X_1.dat,,0,sine wave,0.8,0,1,0.8,0.2',
        'X_MAX.dat,,0,sine wave,0.876543,1,0,0.876543,0.123457',
        'my data.dat,,1,square wave,0.75,,,0.25,0.75',
        'X_alone.dat,,1,square wave,0.9,,,0.1,0.9',
    ]


def test_bad_files_in_a_list(folder):
    """What is wrong with one is said, and the others are classified."""
    network(1)
    for i in (1, 3, 4, 5, 6, 7):
        put(f'Test/X_{i}.dat', label=0)
    bad = {'X_3': [], 'X_4': [0] * 3, 'X_5': [np.inf] * 2, 'Y_6': [0.5]}
    for name, values in bad.items():
        np.array(values, float).tofile(f'Test/{name}.dat')
    put('other/X_1.dat')
    os.mkdir('other/.unfinished')
    files = *range(1, 8), 'nowhere/X_1.dat', 'other/X_1.dat'
    done = script('infer.py', '--csv', *files, status=1)
    assert re.findall('^Test/X_.', done.stdout, re.M) == ['Test/X_1', 'Test/X_7']
    *errors, _ = done.stderr.splitlines()
    for name, error in zip(['X_2', *bad, 'nowhere', 'other'], errors, strict=True):
        assert re.match(rf'infer\.py: .*\b{name}(\.dat)? ', error)
        assert error.endswith('holds 3 values of float64, model.keras takes 2') == (
            name == 'X_4'
        )
    refused('infer.py', 2, parts=['Test/X_2.dat is missing'])
    for arguments in ((), ('0',), ('-4',)):
        refused('infer.py', *arguments, status=2)


def test_networks_that_are_none(folder):
    """Each ends in one line that names the network and says to train one."""
    from keras import Input, Model, Sequential, layers

    network(1, path='damaged.keras')
    Path('damaged.keras').write_bytes(Path('damaged.keras').read_bytes()[:-500])
    x, y = Input((128,)), Input((128,))
    models = {
        'matrix': Sequential([Input((128, 1)), layers.Flatten()]),
        'series': Sequential([x, layers.Reshape((64, 2))]),
        'any length': Sequential([Input((None,)), layers.Rescaling(2)]),
        'two inputs': Model([x, y], layers.Add()([x, y])),
        'two outputs': Model(x, [x, x]),
        'code': Sequential([x, layers.Lambda(lambda x: x)]),
    }
    for name, model in models.items():
        model.save(f'{name}.keras')
    why = dict.fromkeys(models, 'classifies no sequences') | {'no': 'is missing'}
    why |= {'code': 'cannot be loaded', 'damaged': 'cannot be loaded'}
    for name, what in why.items():
        parts = f'infer.py: {name}.keras {what}', 'python train.py'
        refused('infer.py', 1, '--model', f'{name}.keras', parts=parts)


def test_names(folder):
    """Those that a network of before runs holds, and none that lie elsewhere; no others fit."""
    network(1)
    network(2, ['own 0', 'own 1'], 'own.keras')
    for name in ('Train', 'two'):
        put(f'{name}/X_1.dat')
        Path(name, 'classes.txt').write_text(f'{name} 0\n{name} 1\n', encoding='utf-8')
    for model, title in ('own.keras', 'class 1 (own 1)'), ('model.keras', 'class 1'):
        assert (
            plain('two/X_1.dat', '--model', model)[-1]
            == f'two/X_1.dat: {title}, score 0.900'
        )
    put('two/X_1.dat', label=1)
    parts = 'two is of other classes (two 0, two 1) than those', 'python train.py'
    refused('infer.py', 'two/X_1.dat', '--model', 'own.keras', parts=parts)


def test_a_folder_and_its_order(folder):
    """A folder stands for all of it; what the shell sorts as text is sorted by numbers."""
    network(1)
    for i in (1, 2, 10):
        put(f'Test/X_{i}.dat')
    names = [f'Test/X_{i}.dat' for i in (1, 2, 10)]
    for files in (['Test'], sorted(names)):
        assert [line.split(':')[0] for line in plain(*files)[2:]] == names


def test_a_network_and_a_newer_set(folder):
    network(1)
    put('Train/X_1.dat', label=1)
    for newer in (-1, 0, 1):
        time = os.stat('model.keras').st_mtime_ns + newer
        os.utime('Train/X_1.dat', ns=(time, time))
        model, _, answer = plain('Train/X_1.dat')
        assert model.endswith(', older than the sequences in Train') == (newer > 0)
        assert answer == 'Train/X_1.dat: class 1, score 0.900; label 1 agrees'


def test_tables(folder):
    """Names are no markup; what is wrong with one table keeps no other from its answers."""
    names = ['Mira', '[b]Cepheid', ':cat:', '4', '5', '6']
    network(6, names)
    Y, labels = [0, 1, 2, 1, 4, 5, 3], [0, 1, 2, 3, 4, 5, 3]
    X = np.log(0.1 + 0.4 * np.eye(6)[Y])
    rows = [
        f'V,{",".join(map(str, x))},{names[i]}' for x, i in zip(X, labels, strict=True)
    ]
    Path('mine.CSV').write_text(
        '\n'.join(['star,a,b,c,d,e,f,type', *rows]), encoding='utf-8'
    )
    np.save('new.npy', X)
    np.save('more.npy', np.hstack([X, [[12]] * 7]))

    how = '--label', 'type', '--values', 'a:f'
    lines = plain('mine.CSV', *how)[2:]
    assert (
        lines[0] == 'mine.CSV row 2: class 0 (Mira), score 0.500; label 0 (Mira) agrees'
    )
    said = 'row 5: class 1 ([b]Cepheid), score 0.500; label 3 (4) DISAGREES'
    assert lines[3] == f'mine.CSV {said}'
    assert lines[7] == ' taken for '.join(['label', *names])
    assert lines[9:12] == [
        '[b]Cepheid 0 1 0 0 0 0',
        ':cat: 0 0 1 0 0 0',
        '4 0 1 0 1 0 0',
    ]
    assert lines[14:] == ['Accuracy: 85.71% of 7 labelled sequences']

    done = script('infer.py', '--csv', 'mine.CSV', 'new.npy', 'no.csv', status=1)
    lines = [f'new.npy row {i},,{y},{names[y]},0.5,,' for i, y in enumerate(Y, 1)]
    assert [line.rsplit(',', 6)[0] for line in done.stdout.splitlines()[1:]] == lines
    assert [f'{x}' for x in done.stdout.splitlines()[1].split(',')[-6:]] == [
        '0.5',
        *['0.1'] * 5,
    ]
    assert re.match(
        'infer.py: mine.CSV holds 8 values .*\ninfer.py: no.csv ', done.stderr
    )
    parts = 'new.npy holds 5 values in each row, but model.keras takes 6', '--values'
    refused('infer.py', 'new.npy', '--values', '2:6', parts=parts)
    parts = [
        'more.npy row 1: 12 is none of the classes (Mira, [b]Cepheid, :cat:, 4, 5): '
    ]
    done = script('infer.py', 'more.npy', '--label', 'last', status=1)
    assert parts[0] in done.stderr and done.stderr.count('\n') == 7

    # Where the classes have no names, the labels are numbers.
    network(6)
    lines = plain('more.npy', '--label', 'last')
    assert lines[5] == 'more.npy row 4: class 1, score 0.500; label 12 DISAGREES'
    assert lines[-2:] == [
        'class 12 1 2 1 1 1 1',
        'Accuracy: 0.00% of 7 labelled sequences',
    ]
    said = script('infer.py', 'mine.CSV', *how, status=1).stderr
    assert (
        'row 2: Mira is none of the classes (numbers, as there is no classes.txt)'
        in said
    )


def run_of(columns, N=3, **reading):
    """A run whose network, of N values and classes A and B, was trained with such a table."""
    import keras

    x = keras.Input((N,))
    os.makedirs('runs/1', exist_ok=True)
    keras.Model(x, keras.layers.Activation('sigmoid')(x[:, 1:2])).save(
        'runs/1/model.keras'
    )
    table = {**reading, 'columns': columns}
    facts = {
        'time': '2026-01-01T00:00:00',
        'class_names': ['A', 'B'],
        'layers': '1',
        'data': '',
    }
    facts |= {
        'table': table,
        'numbers': {},
        'versions': {},
        'parameters': 0,
        'epochs': 1,
        'of': 1,
    }
    facts['evaluated'] = False
    Path('runs/1/run.json').write_text(json.dumps(facts))


def answers(*arguments, status=0):
    """What infer.py says of each: its id, the name of its class, and whether it agrees."""
    done = script('infer.py', '--csv', *arguments, status=status)
    rows = list(csv.DictReader(done.stdout.splitlines()))
    return [(row['id'], row['name'], row['agrees']) for row in rows], done.stderr


def test_the_columns_are_those_of_the_training(folder):
    """By their names, wherever they stand; another table is refused, and a bad row skipped."""
    names = {
        'values': ['a', 'b', 'c'],
        'label': 'y',
        'id': 'star',
        'width': 5,
        'header': True,
    }
    run_of(names)
    Path('a.csv').write_text(
        'z,a,y,b,star,c\n9,1,A,-1,s1,1\n9,1,A,2,s2,1\n9,1,,2,s3,1\n'
    )
    found = [('s1', 'A', '1'), ('s2', 'B', '0'), ('s3', 'B', '')]
    assert answers('a.csv')[0] == found
    Path('b.csv').write_text('a,b,c\n1,-1,2\n')
    assert answers('b.csv')[0] == [('', 'A', '')]
    Path('b.csv').write_text('b,a,c\n-1,1,2\n')
    assert answers('b.csv')[0] == [('', 'A', '')]
    rows = '1,-1,2,A\n1,,2,A\n1,bad,2,A\n1,2,2,C\n1,2,2,B\n1,2,2\n1,2,-999,B\n'
    Path('bad.csv').write_text(f'a,b,c,y\n{rows}')
    rows, said = answers('bad.csv', status=1)
    assert rows == [('', 'A', '1'), ('', 'B', '1')]
    assert 'bad.csv, row 7 has 3 cells, the line with the names 4: correct it' in said
    assert (
        'bad.csv, row 8, column c holds -999, which looks like a code for no value'
        in said
    )
    for part in (
        'row 3, column b holds no value',
        "row 4, column b holds 'bad'",
        'row 5: C is none',
    ):
        assert (
            f'infer.py: bad.csv {part}'.replace('csv row 3,', 'csv, row 3,').replace(
                'csv row 4,', 'csv, row 4,'
            )
            in said
        )
    for text, part in (
        ('a,b\n1,2\n', 'no column c'),
        ('1,2,3\n1,2,3\n', 'no column a'),
    ):
        Path('other.csv').write_text(text)
        refused('infer.py', 'other.csv', parts=['other.csv has', part])
    assert answers('other.csv', '--values', 'first:last', '--header', 'yes')[0] == [
        ('', 'B', '')
    ]

    run_of(
        {
            'values': ['2', '3', '4'],
            'label': '1',
            'id': None,
            'width': 4,
            'header': False,
        }
    )
    Path('a.csv').write_text('A,1,2,3\nB,1,2,3\n')
    assert answers('a.csv')[0] == [('', 'B', '0'), ('', 'B', '1')]
    Path('a.csv').write_text('1,-2,3\n')
    assert answers('a.csv')[0] == [('', 'A', '')]
    Path('a.csv').write_text('1,-2,3,4,5\n')
    refused(
        'infer.py',
        'a.csv',
        parts=['a.csv has 5 columns, but the network was trained with'],
    )


def test_light_curves(folder):
    """One number a line, an array, and times with values, prepared as those of the training."""
    run_of(
        {
            'values': ['a', 'b', 'c'],
            'label': 'y',
            'id': None,
            'width': 4,
            'header': True,
        }
    )
    Path('one.dat').write_text('1\n-2\n3\n')
    np.save('one.npy', np.array([1.0, 2, 3]))
    assert answers('one.dat', 'one.npy')[0] == [('', 'A', ''), ('', 'B', '')]
    columns = {
        'values': ['mag'],
        'time': 'mjd',
        'label': 'y',
        'id': 'star',
        'header': True,
    }
    run_of(columns, long='star,mjd,mag', length=3, label='y')
    Path('long.csv').write_text(
        'star,mjd,mag,y\ns1,1,0,A\ns1,3,0,A\ns1,2,-5,A\ns2,1,0,A\ns2,2,1,A\ns2,3,7,A\n'
    )
    assert answers('long.csv')[0] == [('s1', 'A', '1'), ('s2', 'B', '0')]
    more = 's1,1,0,A\ns1,3,0,A\ns1,2,-5,A\ns2,1,0,A\ns3,1,bad,A\ns3,2,1,A\ns3,3,7,A\n'
    Path('long.csv').write_text(f'star,mjd,mag,y\n{more}')
    rows, said = answers('long.csv', status=1)
    assert rows == [('s1', 'A', '1')] and said.count('\n') == 3
    assert (
        'object s2 has fewer than three observations' in said and "holds 'bad'" in said
    )
    Path('long.csv').write_text('star,mjd,mag\ns1,1,0\ns1,3,0\ns1,2,-5\n')
    Path('two.dat').write_text('# mjd mag\n1 0\n3 0\n2 -5\n')
    Path('bare.txt').write_text('1 0\n3 0\n2 5\n')
    Path('three.txt').write_text('1 0 9\n3 0 9\n2 5 9\n')
    refused(
        'infer.py',
        'three.txt',
        parts=['three.txt has no column star', 'two columns alone'],
    )
    found = [('s1', 'A', ''), ('two', 'A', ''), ('bare', 'B', '')]
    assert answers('long.csv', 'two.dat', 'bare.txt')[0] == found
    run_of(
        {'values': ['2'], 'label': None, 'id': None, 'header': False},
        long='1,2',
        length=3,
    )
    os.mkdir('lc')
    for i in range(1, 12):
        Path(f'lc/s{i}.dat').write_text(f'1 0 9\n3 0 9\n2 {5 - i} 9\n')
    found = [(f's{i}', 'BA'[i > 4], '') for i in range(1, 12)]
    assert answers('lc')[0] == found
    Path('lc/s2.dat').write_text('1 bad 9\n')
    rows, said = answers('lc', status=1)
    assert len(rows) == 10 and "lc/s2.dat, row 1, column 2 holds 'bad'" in said
