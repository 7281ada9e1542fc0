"""The command lines of train.py, generate_data.py and view.py."""

import argparse
import sys
from pathlib import Path

from support.console import DataError, make_parser, whole_number
from support.runs import NAME, RUNS, Script


def read_command_line(variables):
    """Let the command line change the numbers at the top of a script, its globals().

    Each int, float and string becomes an option, --NAME VALUE, what is True or
    False a switch, --NAME or --no-NAME.
    """
    if '__file__' not in variables:
        raise DataError('in a notebook, type  %run train.py  in a cell of its own')
    parser = make_parser('The numbers at the top of the script, for this run alone.')
    for name, value in variables.items():
        if name[0] == '_' or not isinstance(value, int | float | str):
            continue
        about = {'default': value, 'help': f'default {value}'.replace('%', '%%')}
        if isinstance(value, bool):
            about['action'] = argparse.BooleanOptionalAction
        else:
            is_count = name[:2] == 'N_' or name in ('batch_size', 'seed')
            kind = whole_number(int(name != 'seed')) if is_count else type(value)
            metavar = {int: 'N', float: 'X'}.get(type(value), 'TEXT')
            # argparse reads a text that stands as default as if it were typed.
            about |= {'type': kind, 'metavar': metavar, 'default': str(value)}
        parser.add_argument(f'--{name}', **about)
    parser.add_argument('--name', help="this run's name: runs/NAME (default: a number)")
    parser.add_argument('--overwrite', action='store_true', help='replace that run')
    typed = vars(parser.parse_args())
    name, overwrite = typed.pop('name'), typed.pop('overwrite')
    if name and not NAME.fullmatch(name):
        parser.error(f'--name {name}: take another, of letters, digits, - and _')
    if name and (RUNS / name).exists() and not overwrite:
        parser.error(f'runs/{name} exists: take another --name, or add --overwrite')
    Script(variables['__file__'], typed, name, overwrite)
    variables.update(typed)


def read_generate_options(description, waves):
    """Return the options of generate_data.py; waves are the names of the classes."""
    parser = make_parser(description)
    add, count = parser.add_argument, whole_number(1)
    add('N_train', nargs='?', type=count, default=200, help='in Train, default 200')
    add('N_test', nargs='?', type=count, default=50, help='in Test, default 50')
    numbers, forms = range(2, len(waves) + 1), 'number of wave forms, default 2'
    add('--classes', type=int, choices=numbers, default=2, help=forms)
    add('--phase', action='store_true', help='draw the phases at random, too')
    add('--N_sequence', type=count, default=128, help='length, default 128')
    add('--noise', type=float, default=0.0, help='its standard deviation, default 0')
    add('--seed', type=whole_number(0), default=0, help='random seed, default 0')
    add('--packed', action='store_true', help='write X.npy and Y.npy in each')
    add('--overwrite', action='store_true', help='replace what is there')
    args = parser.parse_args()
    if not 0 <= args.noise <= 1e6:  # NaN fails this, too
        parser.error(f'--noise {args.noise} is not a number from 0 to 1000000')

    args.class_names = waves[: args.classes]
    *kinds, last = (name.removesuffix(' wave') for name in args.class_names)
    phase = ', random phase' if args.phase else ''
    noise = f', noise {args.noise:g}' if args.noise else ''
    typed = [text for text in sys.argv[1:] if text != '--overwrite']
    args.about = {
        'script': 'generate_data.py',
        'what': f'{", ".join(kinds)} and {last} waves{phase}{noise}, seed {args.seed}',
        'command': ' '.join(['python generate_data.py', *typed]),
    }
    return args


def number_or_file(text):
    """Return the number in text, or a Path if it names a file."""
    return Path(text) if text.endswith('.dat') else whole_number(1)(text)


def read_view_options(description, N_sequence):
    """Return the options of view.py; ID are numbers, and files Paths."""
    parser = make_parser(description)
    add = parser.add_argument
    ID = 'the number i of X_i.dat, or a file of your own'
    add('ID', nargs='*', type=number_or_file, help=ID)
    test = {'action': 'store_const', 'const': 'Test', 'default': 'Train'}
    add('--test', dest='folder', help='look in Test instead of Train', **test)
    add('--hide', action='store_true', help='hide the class')
    add('--wrong', action='store_true', help='plot what a run got wrong')
    add('--run', metavar='NAME', help='with --wrong: runs/NAME (default: the newest)')
    length = f'values in each sequence, default {N_sequence}'
    add('--N_sequence', type=whole_number(1), default=N_sequence, help=length)
    args = parser.parse_args()
    args.files = [ID for ID in args.ID if isinstance(ID, Path)]
    if bool(args.ID) == args.wrong or args.files not in ([], args.ID):
        parser.error('give numbers of sequences, or files, or --wrong')
    args.ID = [] if args.files else args.ID
    return args
