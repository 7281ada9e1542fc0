"""Look at single sequences, to check that the data are what you expect.

python view.py 2            plots training sequence 2
python view.py 1 2 3 4      plots four in a grid
python view.py --test 7     plots test sequence 7
python view.py --hide 7     plots it without its class, for you to guess
python view.py noise.dat    plots a file of your own
python view.py --wrong      plots what the newest run got wrong, each over
                            the training sequences most like it
"""

from support.start import prepare

prepare()

import os

from support.console import parser, whole_number
from support.files import read_values
from support.wrong import plot_wrong

import numpy as np

from utilities import (
    plot_results,
    read_test_data,
    read_training_data,
    show_plots,
)

N_sequence = 128  # Length of each piece of data


def number_or_file(text):
    """Return the number in text, or text itself if it names a file."""
    return text if text.endswith('.dat') else whole_number(1)(text)


# Read the command line
script = parser(__doc__)
add = script.add_argument
what = 'the number i of X_i.dat, or a file of your own'
add('ID', nargs='*', type=number_or_file, help=what)
add('--test', action='store_true', help='look in Test instead of Train')
add('--hide', action='store_true', help='hide the class')
add('--wrong', action='store_true', help='what a run got wrong')
add('--run', metavar='NAME', help='with --wrong: runs/NAME, else the newest')
length = f'values in each sequence, default {N_sequence}'
add('--N_sequence', type=whole_number(1), default=N_sequence, help=length)
args = script.parse_args()
ID, N_sequence = args.ID, args.N_sequence
N = len(ID)
if N > 36:
    script.error('more than 36 plots are too small to read: give fewer IDs')
if bool(ID) == args.wrong:
    script.error('give either the numbers of sequences, or --wrong')
if args.wrong and (args.hide or args.test):
    script.error('--wrong takes neither --hide nor --test')
if args.run and not args.wrong:
    script.error('--run goes with --wrong')

if args.wrong:
    plot_wrong(args.run)
elif all(isinstance(path, str) for path in ID):
    names = [os.path.basename(path)[:-4] for path in ID]
    plot_results(names, [read_values(path) for path in ID], folder='file')
else:
    # Load these sequences and plot them
    X, Y = np.empty([N, N_sequence]), np.empty(N)
    for x in range(N):
        if args.test:
            X[x,], Y[x] = read_test_data(ID[x], N_sequence)
        else:
            X[x,], Y[x] = read_training_data(ID[x], N_sequence)
    folder = 'Test' if args.test else 'Train'
    plot_results(ID, X, None if args.hide else Y, folder)
show_plots()
