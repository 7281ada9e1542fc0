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
        elif name[:2] == 'N_' or name in ('batch_size', 'seed'):
            least = 0 if name == 'seed' else 1
            # argparse reads a text that stands as default as if it were typed.
            about |= {'type': whole_number(least), 'default': str(value)}
            about['metavar'] = 'N'
        else:
            about['type'] = type(value)
            about['metavar'] = {int: 'N', float: 'X'}.get(type(value), 'TEXT')
        parser.add_argument(f'--{name}', **about)
    whose = 'of the run, else a number: runs/NAME'
    parser.add_argument('--name', metavar='NAME', help=whose)
    parser.add_argument('--overwrite', action='store_true', help='replace that run')
    typed = vars(parser.parse_args())
    name, overwrite = typed.pop('name'), typed.pop('overwrite')
    if name and (not NAME.fullmatch(name) or name == 'last'):
        parser.error(f'--name {name}: take letters, digits, - and _, but not last')
    if name and (RUNS / name).exists() and not overwrite:
        remedy = 'take another --name, or replace it with --overwrite'
        parser.error(f'runs/{name} exists already: {remedy}')
    Script(variables['__file__'], typed, name, overwrite)
    variables.update(typed)


def read_generate_options(description, waves):
    """Return the options of generate_data.py.

    waves are the names of the wave forms, in the order of the classes. class_names are
    those chosen, and about is what about.json will say of the sets.
    """
    parser = make_parser(description)
    add, count = parser.add_argument, whole_number(1)
    add('N_train', nargs='?', type=count, default=200, help='default 200')
    add('N_test', nargs='?', type=count, default=50, help='default 50')
    numbers = range(2, len(waves) + 1)
    forms = 'number of wave forms, default 2'
    add('--classes', type=int, choices=numbers, default=2, help=forms)
    add('--phase', action='store_true', help='random phases as well')
    add('--N_sequence', type=count, default=128, help='length, default 128')
    deviation = 'standard deviation of the noise, default 0'
    add('--noise', type=float, default=0.0, help=deviation)
    seed = 'seed of the random numbers, default 0'
    add('--seed', type=whole_number(0), default=0, help=seed)
    packed = 'all of a folder in two files, X.npy and Y.npy'
    add('--packed', action='store_true', help=packed)
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
    add('--wrong', action='store_true', help='what a run got wrong')
    add('--run', metavar='NAME', help='with --wrong: runs/NAME, else the newest')
    length = f'values in each sequence, default {N_sequence}'
    add('--N_sequence', type=whole_number(1), default=N_sequence, help=length)
    args = parser.parse_args()
    args.files = [ID for ID in args.ID if isinstance(ID, Path)]
    if len(args.ID) > 36:
        parser.error('more than 36 plots are too small to read: give fewer IDs')
    if bool(args.ID) == args.wrong:
        parser.error('give either the numbers of sequences, or --wrong')
    if args.files and args.files != args.ID:
        parser.error('give either the numbers of sequences, or files')
    if args.wrong and (args.hide or args.folder == 'Test'):
        parser.error('--wrong takes neither --hide nor --test')
    if args.run and not args.wrong:
        parser.error('--run goes with --wrong')
    args.ID = [] if args.files else args.ID
    return args
