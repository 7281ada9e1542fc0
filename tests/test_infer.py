"""infer.py: what it says of files and tables, and of networks that are none."""

import csv
import json
import os
import re
from pathlib import Path

from support.sets import find_extent

import numpy as np
from conftest import refused, script

READING = dict(header='yes', width=4, values=['a', 'b'], label='y', id='star')


def network(names=(), folder='runs/1', activation='sigmoid', table=None, **facts):
    """Save a network that turns logarithms of chances into chances, and its run."""
    import keras

    x = keras.Input((2,))
    model = keras.Model(x, keras.layers.Activation(activation)(x[:, 1:] - x[:, :1]))
    model.compile(loss=put)  # stands for a loss of one's own, which Keras can't load
    Path(folder).mkdir(parents=True, exist_ok=True)
    model.save(f'{folder}/model.keras')
    run = {'time': '2026-01-01T00:00:00', 'layers': '1', 'class_names': names}
    run |= {'scores': 'linear' if activation == 'sigmoid' else None, 'table': table}
    Path(folder, 'run.json').write_text(json.dumps(run | facts))


def put(path, chance=0.9, label=None):
    """Write a sequence that is of class 1 with this chance, and its label."""
    Path(path).parent.mkdir(exist_ok=True)
    np.log([1 - chance, chance]).tofile(path)
    if label is not None:
        np.array([label], float).tofile(path.replace('X', 'Y', 1))


def plain(*arguments, status=0):
    """Return the lines that infer.py prints, with single blanks."""
    text = script('infer.py', *arguments, env={'COLUMNS': '200'}, status=status).stdout
    return [' '.join(line.split()) for line in text.splitlines()]


def answers(*arguments, status=0):
    """Return of each sequence its id, class and whether it agrees; and what is said."""
    done = script('infer.py', '--csv', *arguments, status=status)
    rows = list(csv.DictReader(done.stdout.splitlines()))
    return [(row['id'], row['name'], row['agrees']) for row in rows], done.stderr


def test_files(folder):
    """A number stands for a file in Test; the label is in Y_... beside X_..."""
    network(['sine wave', 'square wave'])
    put('Test/X_2.dat', 0.2, 0)
    put('X_MAX.dat', 0.1234567, 1)
    put('my data.dat', 0.75)
    files = 2, 'X_MAX.dat', 'my data.dat'
    model, about_scores, *lines = plain(*files)
    assert model == 'Model: runs/1/model.keras of 2026-01-01 00:00, 1'
    assert 'not a calibrated probability' in about_scores
    assert lines == [
        'Test/X_2.dat: class 0 (sine wave), score 0.800; label 0 (sine wave) agrees',
        'X_MAX.dat: class 0 (sine wave), score 0.877; label 1 (square wave) DISAGREES',
        'my data.dat: class 1 (square wave), score 0.750',
        'taken for sine wave taken for square wave recall',
        'sine wave 1 0 1 of 1',
        'square wave 1 0 0 of 1',
        'Accuracy: 50.00% of 2 labelled sequences',
        '(Only sequences that were not trained with make it a test.)',
    ]
    assert script('infer.py', '--csv', *files).stdout.splitlines() == [
        'file,id,class,name,score,label,agrees,score_0,score_1',
        'Test/X_2.dat,,0,sine wave,0.8,0,1,0.8,0.2',
        'X_MAX.dat,,0,sine wave,0.876543,1,0,0.876543,0.123457',
        'my data.dat,,1,square wave,0.75,,,0.25,0.75',
    ]
    Path('Test/ids.txt').write_text('V 0\nV\x07 1\n')
    assert plain(2)[-1].startswith(r'Test/X_2.dat (V\x07 1): class 0')
    Path('Test/classes.txt').write_text('cat\ndog\n')
    refused('infer.py', 2, parts=['Test holds other classes (cat, dog)', 'train.py'])


def test_bad_files_in_a_list(folder):
    """What is wrong with one is said, and the others are classified, in their order."""
    network()
    for i in (3, 4, 5, 6, 9, 10):
        put(f'Test/X_{i}.dat', 0.1, label=0)
    bad = {'X_3': [], 'X_4': [0] * 3, 'X_5': [np.inf] * 2, 'Y_6': [0.5]}
    for name, values in bad.items():
        np.array(values, float).tofile(f'Test/{name}.dat')
    done = script('infer.py', '--csv', 'Test', 2, status=1)
    assert re.findall('X_.*?dat', done.stdout) == ['X_9.dat', 'X_10.dat']
    assert all(f'/{name}' in done.stderr for name in ('X_2', *bad))
    assert 'X_4.dat holds 3 values, but the network takes 2\n' in done.stderr
    np.array([1, 2], 'f4').tofile('own.dat')
    refused('infer.py', 'own.dat', parts=['own.dat holds 1 values', 'float32?'])
    for arguments in ((), ('0',)):
        refused('infer.py', *arguments, status=2)


def test_what_limits_the_answer(folder):
    """Outputs that are no scores, a newer set, a network that was not judged."""
    network(
        activation='linear', not_judged='trained by 5 fits', notes=['row 3 differs']
    )
    put('Train/X_1.dat', 0.999, 1)
    Path('Train/about.json').touch()
    about, note, no_scores, answer = plain('Train/X_1.dat')
    older = ', older than the sequences in Train; not judged: trained by 5 fits'
    assert (
        about.endswith(older) and note == 'row 3 differs' and 'No scores' in no_scores
    )
    assert answer == 'Train/X_1.dat: class 1; label 1 agrees'
    rows = script('infer.py', 'Train/X_1.dat', '--csv').stdout
    assert rows.splitlines()[1] == 'Train/X_1.dat,,1,class 1,,1,1,,'
    np.array([-3e38, 3e38]).tofile('large.dat')
    refused('infer.py', 'large.dat', parts=['large.dat is not a number'])


def test_which_run(folder):
    """The newest, or that of a name, or in a folder."""
    put('X_1.dat')
    refused('infer.py', 'X_1.dat', parts=['there is no run yet'])
    network(['A', '\x1b[31mB'])
    network(['A', 'B'], 'elsewhere', time='2027-01-01T00:00:00')
    for options in (), ('--run', 1), ('--run', 'runs/1'), ('--run', folder / 'runs/1'):
        answer = plain('X_1.dat', *options)[-1]
        assert answer.startswith(r'X_1.dat: class 1 (\x1b[31mB)')
    os.rename('elsewhere', 'runs/2')
    assert plain('X_1.dat')[-1].startswith('X_1.dat: class 1 (B)')
    for break_network in lambda path: os.truncate(path, 9000), os.remove:
        break_network('runs/1/model.keras')
        parts = ['runs/1/model.keras cannot be loaded']
        refused('infer.py', 'X_1.dat', '--run', 1, parts=parts)


def test_tables(folder):
    """Read by the names of the columns; bad rows are named, the others go on."""
    good = '9,2,A,-1,p\n9,1,[b]B,2,q\n9,1,,0,r\n9,9.5,,9.99,s\n'
    good += '9,-9.99,,-9.5,t\n'  # within those of the training, so these are values
    bad = '9,,A,1,x\n9,bad,A,1,x\n9,-999,A,1,x\n9,2,C,1,x\n'
    Path('a.csv').write_text(f'z,b,y,a,star\n{good}{bad}')
    Path('b.csv').write_text('b,a\n-1,1\n')
    for n in (1, 2):
        limits = {'low': [-40] * n, 'high': [10] * n}
        network(['A', '[b]B'], extent=limits, table=READING)
        found, said = answers('a.csv', 'no.csv', 'b.csv', status=1)
        rows = ' '.join(map('|'.join, found))
        assert rows == 'p|[b]B|0 q|A|0 r|[b]B| s|A| t|A| |A|'
    for part in 'row 7, column b', 'row 8, column b', 'row 9, column b holds -999':
        assert f'infer.py: a.csv {part}' in said
    assert 'a.csv row 10: class C is none of A, [b]B' in said
    assert 'no.csv is missing' in said and 'a.csv: Not used: z (9)\n' in said
    answer = plain('a.csv', status=1)[2]
    assert answer.startswith('a.csv row 2 (p): class 1 ([b]B), score 0.953; label 0')
    Path('other.csv').write_text('a,c\n1,2\n')
    refused('infer.py', 'other.csv', parts=['other.csv has no column b'])
    network()
    refused('infer.py', 'a.csv', parts=['a.csv is a table'])


def test_another_world(folder):
    """Values far from the training's, and columns that held one value there."""
    table = READING | {'unused': {'flag': ['0'], 'z': ['1', '2']}}
    Path('a.csv').write_text('a,b,flag,z\n0,3,0,5\n1,5.5,2,1\n-2,4,0,1\n')
    flag = 'a.csv: column flag holds 0, 2, in the training always 0'
    for values, column, far in (
        (['a', 'b'], [4, 5], '1 of 3'),  # a quantity each: -2 is far from a
        (['f0', 'f1'], [4, 5], flag),
        (['f0', 'f1'], [3, 3], '2 of 3'),  # the other column held nothing but 3
    ):
        trained_with = np.transpose([[0, 1.5], column])
        extent = find_extent(trained_with, table | {'values': values, 'long': None})
        network(extent=extent, table=table)
        printed, said = plain('a.csv'), answers('a.csv')[1]
        assert flag in said and flag in printed[-2:] and printed[-1] in said
        assert printed[-1].startswith(far) and 'column z' not in said


def test_tables_without_a_header(folder):
    """Of as many columns as the training's, or nothing but the values."""
    reading = {'header': 'no', 'width': 3, 'values': ['2', '3'], 'label': '1'}
    network(['0', '1'], table=reading)
    for X, found in ([0, 1, 2], ('', '1', '0')), ([2, 1], ('', '0', '')):
        np.save('a.npy', [X])
        np.savetxt('a.dat', [X], delimiter=',', fmt='%g')
        assert answers('a.npy', 'a.dat')[0] == [found] * 2
    np.save('a.npy', np.ones((2, 4)))
    refused('infer.py', 'a.npy', parts=['4 columns, but needs 3'])
    reading = {'header': 'yes', 'values': ['X0', 'X1'], 'label': 'Y'}
    network(['0', '1'], table=reading)
    for labels, agrees in ({'Y': [0, 1]}, '0'), ({}, ''):
        np.savez('a.npz', X=[[1, 2], [1, 2]], **labels)
        assert answers('a.npz')[0][0] == ('', '1', agrees)


def test_light_curves(folder):
    """Prepared as those of the training; one alone is a table of one object."""
    reading = READING | {'long': ['star', 'mjd', 'mag'], 'length': 2}
    network(['A', 'B'], table=reading | {'values': ['mjd', 'mag']})
    good = 's1,1,0,A s1,3,5,A s1,2,-5,A s2,1,7,A s2,2,1,A s2,3,2,A'
    bad = 's3,1,0,A s3,3,0,A s4,1,bad,A s4,2,1,A s4,3,7,A'
    Path('a.csv').write_text(f'star,mjd,mag,y {good} {bad}'.replace(' ', '\n'))
    Path('one.csv').write_text('star,mjd,mag\ns1,1,0\ns1,3,5\ns1,2,-5\n')
    found, said = answers('a.csv', 'one.csv', status=1)
    assert found == [('s1', 'B', '0'), ('s2', 'A', '1'), ('s1', 'B', '')]
    assert 'a.csv: Left out, with fewer than three observations: 1 (s3)' in said
    assert said.count('\n') == 3 and "row 10, column mag holds 'bad'" in said
