"""How two trainings differ: in their numbers, and in the lines that made them."""

import ast
import difflib

IMPORTS = 'import ', 'from '


def code_lines(script, numbers):
    """Return the lines of a script, a text, that two trainings are compared by.

    Comments, imports, and the first line of each of the numbers are not among them.
    numbers is a dict of the numbers at the top of the script, by their names.
    """
    names = set(numbers)
    lines = []
    for line in ast.unparse(ast.parse(script)).splitlines():
        name = line.partition(' = ')[0]
        if name in names:
            names.remove(name)  # further down the same name is no number at the top
        elif line and not line.lstrip().startswith(IMPORTS):
            lines.append(line)
    return lines


def changed_numbers(old, new):
    """Return what numbers are new, as in 'N_train = 50, not 25'; a seed is no change.

    old and new are dicts of numbers by their names.
    """
    changes = []
    for name in old | new:
        if name != 'seed' and old.get(name) != new.get(name):
            values = f'{new.get(name, "none")}, not {old.get(name, "none")}'
            changes.append(f'{name} = {values}')
    return changes


def changed_lines(old, new):
    """Return the lines that are only in old, with '- ', or only in new, with '+ '."""
    diff = [*difflib.unified_diff(old, new, n=0, lineterm='')][2:]
    return [f'{line[0]} {line[1:]}' for line in diff if line[0] in '+-']
