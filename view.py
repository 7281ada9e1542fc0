"""Look at single sequences, to see that the data are what you think they are.

python view.py 2            plots training sequence 2
python view.py 1 2 3 4      plots four in a grid
python view.py --test 7     plots test sequence 7
"""

import argparse

from utilities import (
    one_line_errors,
    plot_results,
    read_test_data,
    read_training_data,
    whole_number,
)

N_sequence = 128  # Length of each sequence

one_line_errors()
parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
)
parser.add_argument('ID', nargs='+', type=whole_number(1), help='the number i of X_i.dat')
parser.add_argument('--test', action='store_true', help='look in Test instead of Train')
parser.add_argument(
    '--N_sequence', type=whole_number(1), default=N_sequence, help=f'default {N_sequence}'
)
args = parser.parse_args()
if len(args.ID) > 36:
    parser.error('more than 36 plots are too small to read: give fewer IDs')

read = read_test_data if args.test else read_training_data
X, Y = zip(*[read(ID, args.N_sequence) for ID in args.ID], strict=True)
plot_results(args.ID, X, Y, folder='Test' if args.test else 'Train')
