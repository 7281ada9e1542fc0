"""How two trainings differ: in their numbers, their data, and the lines of their code.

A training is a dict: numbers, those at the top of its script by their names; code, of
code_lines; about, the lines of about.txt; and, once the sequences are read, train and
test, which are the same for the same sequences.
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
    """Return what numbers and data are new: 'N_train = 50, not 25'; seeds are not."""
    changes = []
    one, two = old['numbers'], new['numbers']
    for name in one | two:
        if name != 'seed' and one.get(name) != two.get(name):
            values = f'{two.get(name, "none")}, not {one.get(name, "none")}'
            changes.append(f'{name} = {values}')
    for key, data in ('train', 'training'), ('test', 'test'):
        is_same = old.get(key) == new.get(key)
        if not is_same and one.get(f'N_{key}') == two.get(f'N_{key}'):
            changes.append(f'other {data} data')
    return changes


def changed_lines(old, new):
    """Return the lines that are only in old, with '- ', or only in new, with '+ '.

    Those of about.txt count unless the sequences are known, and the same.
    """
    lines = [old['code'], new['code']]
    if not all(key in old and old[key] == new[key] for key in ('train', 'test')):
        lines = [old['about'] + old['code'], new['about'] + new['code']]
    diff = [*difflib.unified_diff(*lines, n=0, lineterm='')][2:]
    return [f'{line[0]} {line[1:]}' for line in diff if line[0] in '+-']
