"""What the scripts share between them and the terminal: errors, command lines, progress."""

import argparse
import os
import sys
import unicodedata


def clean(text):
    """Return a text, perhaps from a file, as one line that is safe to show on a terminal.

    What would move the cursor, hide or change what stands beside it (controls, line ends, marks of
    the direction, characters without width or sense) is shown as Python writes it, like \\x1b; of
    a text that would fill the screen the beginning and the end.
    """

    def shown(char):
        if char.isprintable():
            return char
        return ' ' if unicodedata.category(char) == 'Zs' else ascii(char)[1:-1]

    text = str(text)
    if len(text) > 1000:
        text = f'{text[:500]} ... {text[-400:]}'
    return ''.join(map(shown, text))


def program():
    """Return what the user typed to start this program, for messages."""
    folder, name = os.path.split(clean(sys.argv[0]))
    return f'python -m {os.path.basename(folder)}' if name == '__main__.py' else name


class DataError(SystemExit):
    """A file or a number that the user can put right; its text says in one line what and how.

    If nobody catches it, Python itself prints that line to stderr and ends with status 1.
    """

    def __init__(self, text):
        text = clean(text)
        super().__init__(text)
        self.code = f'{program()}: {text}'


def whole_number(least, most=2**31 - 1):
    """Return a type for argparse: a whole number from least to most."""

    def convert(text):
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or not least <= number <= most:
            raise argparse.ArgumentTypeError(
                f'{text} is not a whole number from {least} to {most}'
            )
        return number

    return convert


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that repeats what was typed in a safe way."""

    def error(self, message):
        super().error(clean(message))


def parser(description):
    """Return an ArgumentParser that shows description, a script's docstring, as it is written."""
    return Parser(
        prog=program(),
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def print_table(table):
    """Print a rich Table; what stands in it, such as [b] in a name, is no markup."""
    from rich.console import Console

    Console(markup=False, emoji=False, highlight=False).print(table)


def progress(items, description):
    """Return the items of a list to loop over; for many of them a bar appears on a terminal."""
    if len(items) < 1000 or not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import track

    return track(
        items, escape(clean(description)), console=Console(stderr=True), transient=True
    )


def __getattr__(name):
    """Say of a train.py whose lines are not yet those of the slides that it is an old one."""
    if name in ('command_line', 'report_accuracy', 'finish'):
        raise DataError(
            'this script is from an older version of the workshop: start from the new train.py'
            ' (git show HEAD:train.py) and make your edits again'
        )
    raise AttributeError(f'module {__name__} has no attribute {name}')
