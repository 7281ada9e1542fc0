"""Look at single sequences, to check that the data are what you expect.

python view.py 2            plots training sequence 2
python view.py 1 2 3 4      plots four in a grid
python view.py --test 7     plots test sequence 7
"""

from support.start import prepare

prepare()

from support.console import parser, whole_number

from utilities import (
    plot_results,
    read_test_data,
    read_training_data,
    show_plots,
)

N_sequence = 128  # Length of each piece of data

script = parser(__doc__)
add = script.add_argument
add('ID', nargs='+', type=whole_number(1), help='the number i of X_i.dat')
add('--test', action='store_true', help='look in Test instead of Train')
add(
    '--N_sequence',
    type=whole_number(1),
    default=N_sequence,
    help=f'default {N_sequence}',
)
args = script.parse_args()
if len(args.ID) > 36:
    script.error('more than 36 plots are too small to read: give fewer IDs')

# Load these sequences and plot them
read = read_test_data if args.test else read_training_data
X, Y = zip(*[read(ID, args.N_sequence) for ID in args.ID], strict=True)
plot_results(args.ID, X, Y, folder='Test' if args.test else 'Train')
show_plots()
