"""Look at single sequences, to check that the data are what you expect.

python view.py 2            plots training sequence 2
python view.py 1 2 3 4      plots four in a grid
python view.py --test 7     plots test sequence 7
python view.py --hide 7     plots it without its class, for you to guess
python view.py noise.dat    plots a file of your own
python view.py --wrong      plots what the newest run got wrong
"""

from support.start import prepare

prepare()

from support.command_lines import read_view_options
from support.files import read_values
from support.wrong import plot_wrong

import numpy as np

from utilities import plot_results, read_sequence, show_plots

N_sequence = 128  # Length of each piece of data

args = read_view_options(__doc__, N_sequence)

if args.ID:
    # Load these sequences and plot them
    X = np.empty([len(args.ID), args.N_sequence])
    Y = np.empty(len(args.ID))
    for x in range(len(args.ID)):
        X[x,], Y[x] = read_sequence(args.folder, args.ID[x], args.N_sequence)
    plot_results(args.ID, X, None if args.hide else Y, args.folder)
elif args.files:  # of your own, which have no classes
    X = [read_values(path) for path in args.files]
    plot_results([path.stem for path in args.files], X, folder='file')
else:
    plot_wrong(args.run)
show_plots()
