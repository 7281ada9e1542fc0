"""The files beside the sequences, how files are written, and what about.txt says.

Train/about.txt holds the command that made the sets. That of import_data.py goes on
with facts of the table, a line of JSON, and with its marked lines.
"""

import ast
import contextlib
import io
import json
import os
import platform
import re
from pathlib import Path

from support.console import DataError, printable

import numpy as np

MARKS = 'edit from here ...', '... to here'  # ends of lines in import_data.py


def sequence_numbers(folder):
    """Return the numbers of the sequences in folder, sorted: the i of X_i.dat."""
    names = os.listdir(folder) if os.path.isdir(folder) else []
    found = [re.fullmatch(r'X_([1-9]\d*)\.dat', name) for name in names]
    return sorted(int(match[1]) for match in found if match)


def read_text(path):
    """Return the text of a file, '' without it."""
    return path.read_text('utf-8', 'replace') if path.exists() else ''


def class_name(Y, names=()):
    """Return the name of class Y to show; 'class 2' if names has none."""
    name = printable(names[int(Y)].strip()) if Y < len(names) else ''
    return name or f'class {int(Y)}'


# ------------------------------------------------------------------ own tables


def marked_lines(script):
    """Return the lines from mark to mark of import_data.py's text, as a text."""
    lines = script.splitlines()
    marks = [i for i, line in enumerate(lines) if line.endswith(MARKS)]
    if len(marks) != 2:
        raise DataError(f'import_data.py must hold each once: {" and ".join(MARKS)}')
    return '\n'.join(lines[marks[0] : marks[1] + 1])


def read_facts(folder):
    """Return what about.txt in folder says of a table; {} if there was none."""
    lines = read_text(Path(folder, 'about.txt')).splitlines()
    return json.loads(lines[1]) if len(lines) > 1 else {}


def is_same_reader(script, folder):
    """Return whether import_data.py's marked lines are those of about.txt in folder.

    Comments and blank lines don't count.
    """
    now = marked_lines(Path(script).read_text('utf-8'))
    then = '\n'.join(read_text(Path(folder, 'about.txt')).splitlines()[2:])
    return ast.dump(ast.parse(now)) == ast.dump(ast.parse(then))


def find_far(X, low, high):
    """Return where values X are farther outside low to high than these are apart."""
    X, low, high = map(np.float32, (X, low, high))  # as a network sees them
    return np.maximum(low - X, X - high) > high - low


def npy_bytes(X):
    """Return the bytes of a .npy file that holds an array as float64."""
    file = io.BytesIO()
    np.save(file, X.astype('<f8'))
    return file.getvalue()


# ------------------------------------------------------------------ writing


@contextlib.contextmanager
def whole_file(path):
    """Yield a name to write to; that file becomes path once all is written."""
    name = f'.{platform.node()}-{os.getpid()}-{Path(path).name}'
    temporary = Path(path).with_name(name)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
