"""What the scripts share between them and the terminal: errors, the command line, progress.

Importing this lets every error that a user can put right end in one line on stderr.
"""

import argparse
import math
import os
import sys


class DataError(Exception):
    """A file or a number that the user can put right; its text says in one line what and how."""


PACKAGES = ('numpy', 'scipy', 'matplotlib', 'tensorflow', 'keras', 'rich')


def explain_machine(error):
    """Return the DataError that explains a missing package or a full memory; else None."""
    if isinstance(error, ModuleNotFoundError) and error.name in PACKAGES:
        return DataError(
            f'the package {error.name} is not installed here: prepare this shell with'
            ' . ./script.sh in the folder of the workshop'
        )
    if isinstance(error, MemoryError) or type(error).__name__ == 'ResourceExhaustedError':
        return DataError(
            'the memory is full: ask for fewer or shorter sequences, or let train.py read them from'
            ' the files with --stream'
        )
    return None


# Each is shown an error that nobody caught, and returns the DataError that explains it, or None.
EXPLANATIONS = [explain_machine]


def program():
    """Return what the user typed to start this program, for messages."""
    folder, name = os.path.split(sys.argv[0])
    return f'python -m {os.path.basename(folder)}' if name == '__main__.py' else name


def one_line(kind, error, traceback):
    """End a script: an error that we can explain, or Ctrl-C, with one line and no traceback."""
    if not isinstance(error, DataError):
        error = next(filter(None, (explain(error) for explain in EXPLANATIONS)), error)
    if isinstance(error, DataError):
        print(f'{program()}: {error}', file=sys.stderr)
    elif issubclass(kind, KeyboardInterrupt):
        print('\nStopped.', file=sys.stderr)
    elif issubclass(kind, BrokenPipeError):  # whoever read our output, like head, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    else:
        sys.__excepthook__(kind, error, traceback)


sys.excepthook = one_line


def whole_number(least, most=2**31 - 1):
    """Return a type for argparse: a whole number from least to most."""

    def convert(text):
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or not least <= number <= most:
            raise argparse.ArgumentTypeError(f'{text} is not a whole number from {least} to {most}')
        return number

    return convert


def parser(description):
    """Return an ArgumentParser that shows description, a script's docstring, as it is written."""
    return argparse.ArgumentParser(
        prog=program(),
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def command_line(description, variables):
    """Let the command line change a script's numbers: --NAME VALUE for each.

    variables is the script's globals(): each whole number in it becomes --NAME N, and what is True
    or False becomes a switch, --NAME or --no-NAME. Returns all of them, as a dict.
    """
    script = parser(description)
    for name, value in variables.items():
        option = {'help': f'default {value}', 'default': value}
        if isinstance(value, bool):
            script.add_argument(f'--{name}', action=argparse.BooleanOptionalAction, **option)
        elif isinstance(value, int) or name.startswith('N_') or name in ('batch_size', 'seed'):
            may_be_0 = name in ('N_train', 'N_test', 'N_sequence', 'seed')  # see count_sets
            least = 0 if may_be_0 else 1 if name in ('N_epochs', 'batch_size') else -(2**31)
            # As text, so that a number edited in the script is checked like one that is typed.
            option |= {'default': str(value), 'metavar': 'N'}
            script.add_argument(f'--{name}', type=whole_number(least), **option)
    return vars(script.parse_args())


def report_accuracy(accuracy, Y_test, N_seen):
    """Print the accuracy on test sequences of classes Y_test (n,); N_seen are training ones, too.

    And what it is worth: the range in which, with 95 % confidence, the true accuracy lies, that on
    very many such sequences (Wilson's score interval); and if one class has many more sequences
    than the others, what answering with that alone would give.
    """
    N_test, larger = len(Y_test), max((Y_test == y).mean() for y in set(Y_test))
    if N_seen:
        print(
            f'{N_seen} of {N_test} test sequences also occur in the training set,'
            ' so the accuracy below is partly memory.'
        )
    right = round(accuracy * N_test)
    # scipy.stats.binomtest gives the same, but takes a tenth of train.py's time to import.
    p, z2 = right / N_test, 1.959964**2 / N_test
    middle, half = p + z2 / 2, math.sqrt(z2 * (p * (1 - p) + z2 / 4))
    low, high = (middle - half) / (1 + z2), (middle + half) / (1 + z2)
    print(f'Accuracy: {100 * accuracy:.2f}%')
    print(f'{right} of {N_test} right; 95 % confidence: {100 * low:.0f} % to {100 * high:.0f} %')
    if larger * len(set(Y_test)) > 1.4:
        print(f'Always answering with the most frequent class would give {100 * larger:.2f}%')


def progress(items, description):
    """Return the items of a list to loop over; for many of them a bar appears on a terminal."""
    if len(items) < 1000 or not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, description, console=Console(stderr=True), transient=True)
