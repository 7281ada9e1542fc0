"""How two runs differ: in their numbers, their data, and the lines of their scripts.

A run is a dict, as support.runs reads it, with code, which code_lines returns.
"""

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


def changed_facts(old, new):
    """Return which numbers and data of two runs differ: 'N_train = 50, not 25'.

    Seeds are left out, and data of which another number was taken.
    """
    changes = []
    one, two = old['numbers'], new['numbers']
    for name in one | two:
        if name != 'seed' and one.get(name) != two.get(name):
            values = f'{two.get(name, "none")}, not {one.get(name, "none")}'
            changes.append(f'{name} = {values}')
    for key, data in ('train', 'training'), ('test', 'test'):
        if old[key] != new[key] and one.get(f'N_{key}') == two.get(f'N_{key}'):
            changes.append(f'other {data} data')
    return changes


def changed_lines(old, new):
    """Return the lines that are only in old, with '- ', or only in new, with '+ '."""
    diff = [*difflib.unified_diff(old['code'], new['code'], n=0, lineterm='')][2:]
    return [f'{line[0]} {line[1:]}' for line in diff if line[0] in '+-']
