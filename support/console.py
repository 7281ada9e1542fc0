"""What the scripts share to talk to the terminal: errors, command lines, tables."""

import argparse
import linecache
import re
import sys


def printable(text):
    """Return a text, perhaps from a file, as one line that is safe on a terminal.

    Characters that cannot be printed (line ends, marks of the direction, codes that
    move the cursor) are shown as Python writes them, like \\x1b. Of a text that would
    fill the screen, only the beginning and the end are shown.
    """
    text = str(text)
    if len(text) > 1000:
        text = f'{text[:500]} ... {text[-400:]}'
    return ''.join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class UserError(Exception):
    """A mistake that the user can mend; it says what is wrong and what to type.

    support/explain.py prints it after the program's name, as a line.
    """


def whole_number(least):
    """Return a type for argparse: a whole number from least to 2**31 - 1."""
    most = 2**31 - 1

    def convert(text):
        if re.fullmatch(r'-?\d+', text) and least <= int(text) <= most:
            return int(text)
        problem = f'{text} is not a whole number from {least} to {most}'
        raise argparse.ArgumentTypeError(problem)

    return convert


def make_parser(description):
    """Return an ArgumentParser that shows the description as it is written."""
    return argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def script_lines():
    """Return the lines of the script that runs, as they were when first asked for."""
    return linecache.getlines(getattr(sys.modules['__main__'], '__file__', ''))


def print_table(table):
    """Print a rich Table; text in it, such as [b] in a name, is not markup."""
    from rich.console import Console

    Console(markup=False, emoji=False, highlight=False).print(table)
