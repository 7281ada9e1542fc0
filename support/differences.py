"""How two trainings differ: in numbers, in data, and in lines of their scripts."""

import ast
import difflib


def code_lines(script, numbers):
    """Return a script's lines without comments, imports, and the first of each number.

    script is a text, numbers a dict of the numbers at its top.
    """
    names = set(numbers)
    lines = []
    for line in ast.unparse(ast.parse(script)).splitlines():
        name = line.partition(' = ')[0]
        if name in names:
            names.remove(name)  # further down the same name is no number at the top
        elif line and not line.lstrip().startswith(('import ', 'from ')):
            lines.append(line)
    return lines


def changed_numbers(old, new):
    """Return which numbers differ, but for the seed: 'N_train = 50, not 25'."""
    return [
        f'{name} = {new.get(name, "none")}, not {old.get(name, "none")}'
        for name in old | new
        if name != 'seed' and old.get(name) != new.get(name)
    ]


def changed_data(old, new):
    """Return which data differ, of two runs with equal numbers: 'other test data'."""
    changes = []
    for key, data in ('train', 'training'), ('test', 'test'):
        numbers = [run['numbers'].get(f'N_{key}') for run in (old, new)]
        if old[key] != new[key] and numbers[0] == numbers[1]:
            changes.append(f'other {data} data')
    return changes


def changed_lines(old, new):
    """Return the lines that are only in old, with '- ', or only in new, with '+ '."""
    diff = [*difflib.unified_diff(old, new, n=0, lineterm='')][2:]
    return [f'{line[0]} {line[1:]}' for line in diff if line[0] in '+-']
