"""Look at single sequences, to check that the data are what you expect.

python view.py 2            plots training sequence 2
python view.py 1 2 3 4      plots four in a grid
python view.py --test 7     plots test sequence 7
python view.py --hide 7     plots it without its class, for you to guess
python view.py --wrong      plots what the newest run got wrong
"""

# Report mistakes in a few lines
from support.start import prepare

prepare()

import argparse

import matplotlib.pyplot as plt
import numpy as np

from utilities import plot_results, read_sequence

raw = argparse.RawDescriptionHelpFormatter
parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
add = parser.add_argument
add('ID', nargs='*', type=int, help='the number i of X_i.dat')
add('--test', action='store_true', help='look in Test instead of Train')
add('--hide', action='store_true', help='hide the class')
add('--wrong', action='store_true', help='plot what a run got wrong')
add('--run', default='.', metavar='NAME', help='with --wrong: runs/NAME')
add('--N_sequence', type=int, default=128, help='length, default 128')
args = parser.parse_args()
if bool(args.ID) == args.wrong:
    parser.error('type the number of a sequence, or --wrong')
folder = 'Test' if args.test else 'Train'

if args.wrong:
    from support.wrong import plot_wrong

    plot_wrong(args.run)
else:
    # Load these sequences and plot them
    X = np.empty([len(args.ID), args.N_sequence])
    Y = np.empty(len(args.ID))
    for x in range(len(args.ID)):
        X[x,], Y[x] = read_sequence(folder, args.ID[x], args.N_sequence)
    plot_results(args.ID, X, None if args.hide else Y, folder)
plt.show()
