"""Look at single sequences, to check that the data are what you expect.

python view.py 2            plots training sequence 2
python view.py 1 2 3 4      plots four in a grid
python view.py --test 7     plots test sequence 7
python view.py --hide 7     plots it without its class, for you to guess
python view.py noise.dat    plots a file of your own
python view.py --wrong      plots what the newest run got wrong, each beside
                            the most similar training sequences
"""

from support.start import prepare

prepare()

import os

from support.console import DataError, clean, parser, whole_number
from support.runs import (
    fingerprint,
    newest_run,
    read_rows,
    read_run,
)

import numpy as np

from utilities import (
    class_name,
    plot_mistakes,
    plot_results,
    read_series,
    read_set,
    read_test_data,
    read_training_data,
    show_plots,
)

N_sequence = 128  # Length of each piece of data


def number_or_file(text):
    """Return the number in text, or text itself if it names a file."""
    return text if text.endswith('.dat') else whole_number(1)(text)


def mistakes(run):
    """Return rows for plot_mistakes: what a run got wrong, and why it may be.

    Raises DataError if Train and Test are no longer those of the run.
    """
    N = run['numbers']
    X_train, Y_train = read_set('Train', N['N_train'], N['N_sequence'])
    X_test, Y_test = read_set('Test', N['N_test'], N['N_sequence'])
    answers = read_rows(run, 'predictions.csv')
    now = fingerprint(X_train), fingerprint(X_test, Y_test)
    if now != (run['lessons'], run['exam']):
        raise DataError(
            f'Train and Test are no longer those of {run["path"]}: train anew'
        )
    found = []
    for i, row in enumerate(answers):
        answer = row['predicted']
        if row['class'] == answer:
            continue
        names = [
            class_name(int(j), run['class_names']) for j in (Y_test[i], answer)
        ]
        distance = np.sqrt(np.sum((X_train - X_test[i]) ** 2, axis=1))
        own = np.where(Y_train == Y_test[i], distance, np.inf).argmin()
        score = row[f'score_{answer}']  # empty if it is no share of 1
        score = f' ({float(score):.3f})' if score else ''
        cells = [
            (
                f'Test {i + 1}: {names[0]}, taken for {names[1]}{score}',
                X_test[i],
            )
        ]
        for what, j in ('of its class', own), ('of all', distance.argmin()):
            name = class_name(int(Y_train[j]), run['class_names'])
            title = f'nearest {what}, {distance[j]:.1f}: Train {j + 1}, {name}'
            cells.append((title, X_train[j]))
        found.append(cells)
    return found


script = parser(__doc__)
add = script.add_argument
add(
    'ID',
    nargs='*',
    type=number_or_file,
    help='the number i of X_i.dat, or a file of your own',
)
add('--test', action='store_true', help='look in Test instead of Train')
add('--hide', action='store_true', help='hide the class')
add('--wrong', action='store_true', help='what a run got wrong')
add('--run', metavar='NAME', help='with --wrong: runs/NAME, else the newest')
add(
    '--N_sequence',
    type=whole_number(1),
    default=N_sequence,
    help=f'default {N_sequence}',
)
args = script.parse_args()
if len(args.ID) > 36:
    script.error('more than 36 plots are too small to read: give fewer IDs')
if bool(args.ID) == args.wrong:
    script.error('give either the numbers of sequences, or --wrong')
if args.hide and args.wrong:
    script.error('--wrong shows the classes: leave out --hide')

if args.wrong:
    run = read_run(args.run) if args.run else newest_run()
    rows = mistakes(run)
    path, N_test = clean(run['path']), run['N_test']
    print(f'{path}: {len(rows)} of {N_test} test sequences are wrong')
    if rows:
        plot_mistakes(rows[:12], 'wrong.png')
elif all(isinstance(ID, str) for ID in args.ID):
    size = {
        path: os.path.getsize(path) for path in filter(os.path.isfile, args.ID)
    }
    X = [read_series(path, size.get(path, 8) // 8 or 1) for path in args.ID]
    names = [os.path.basename(path)[:-4] for path in args.ID]
    plot_results(names, X, folder='file')
else:
    # Load these sequences and plot them
    read = read_test_data if args.test else read_training_data
    X, Y = zip(*[read(ID, args.N_sequence) for ID in args.ID], strict=True)
    folder = 'Test' if args.test else 'Train'
    plot_results(args.ID, X, None if args.hide else Y, folder)
show_plots()
