"""The command line of train.py."""

import argparse
import re
import sys

from support.console import UserError, make_parser, script_lines, whole_number
from support.runs import check_place, find_trained

from utilities import read_class_names

COUNTS = 'N_train', 'N_test', 'N_sequence', 'N_epochs', 'batch_size', 'seed'


def read_command_line(variables):
    """Let the command line change the numbers at the top of a script, its globals().

    Each int, float and string becomes an option, --NAME VALUE, what is True or False a
    switch, --NAME or --no-NAME. Returns the numbers by their names, and for save_run
    name, that of --name, and class_names, those of Train now. Ends the script if there
    is such a run. Raises UserError as check_place and find_trained do.
    """
    if '__file__' not in variables:
        raise UserError('in a notebook, type  %run train.py  in a cell of its own')
    parser = make_parser('The numbers at the top of the script, for this run alone.')
    for name, value in variables.items():
        if name in COUNTS:
            check_count(name, value)
        if name[0] == '_' or not isinstance(value, int | float | str):
            continue
        about = {'default': value, 'help': f'default {value}'.replace('%', '%%')}
        if isinstance(value, bool):
            about['action'] = argparse.BooleanOptionalAction
        else:
            about['type'] = count_type(name) if name in COUNTS else type(value)
            about['metavar'] = {int: 'N', float: 'X'}.get(type(value), 'TEXT')
        parser.add_argument(f'--{name}', **about)
    parser.add_argument('--name', help='runs/NAME/SEED (default: the next number)')
    numbers = vars(parser.parse_args())
    name = numbers.pop('name')
    if name == 'last' or (name and not re.fullmatch(r'[A-Za-z][\w.-]*', name)):
        # runs/last was a link to the newest run
        allowed = 'a letter, then letters, digits, . - and _, and not last'
        parser.error(f'--name {name}: {allowed}')
    variables.update(numbers)
    check_place(name)
    run = find_trained(name, numbers) if name else None
    if run:
        what = f'{run["folder"]} is there, by this script with these numbers'
        remedy = 'For other data take another --name.'
        print(f'Nothing is trained: {what} ({run["time"]:%-d %B, %H:%M}). {remedy}')
        sys.exit()
    return numbers | {'name': name, 'class_names': read_class_names('Train')}


def count_type(name):
    """Return the type, for argparse, of a number that counts: at least 1, a seed 0."""
    return whole_number(0 if name == 'seed' else 1)


def check_count(name, value):
    """Raise UserError, with its line, for a number at the top that does not count."""
    try:
        count_type(name)(str(value))
    except argparse.ArgumentTypeError as error:
        for i, line in enumerate(script_lines(), 1):
            if re.match(rf'{name}\s*=', line):
                code = line.partition('#')[0].strip()
                raise UserError(f'line {i}, {code}: {error}') from None
        raise UserError(f'{name}: {error}') from None
