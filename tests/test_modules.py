"""Check the order of the modules in support/, and that quick scripts import quickly."""

import re
import subprocess
import sys

import pytest
from conftest import PROJECT


def test_module_imports_only_modules_below_it_in_contributing():
    text = (PROJECT / 'docs/CONTRIBUTING.md').read_text()
    order = re.findall(r'(?m)^- `(\w+)\.py`:', text)
    assert {*order} == {path.stem for path in (PROJECT / 'support').glob('[a-z]*.py')}
    for i, name in enumerate(order):
        code = (PROJECT / f'support/{name}.py').read_text()
        imported = re.findall(r'(?m)^ *(?:from|import) support\.(\w+)', code)
        assert {*imported} <= {*order[i + 1 :]}, name


@pytest.mark.parametrize(
    ('modules', 'others'),
    {
        'compare, support.pictures': 'keras tensorflow',
        'experiments.lab, import_data': 'keras tensorflow matplotlib',
    }.items(),
)
def test_quick_script_does_not_import_slow_packages(modules, others):
    code = f'import sys, {modules}; print(sys.modules.keys() & {{*{others.split()}}})'
    options = {'cwd': PROJECT, 'capture_output': True, 'text': True}
    done = subprocess.run([sys.executable, '-c', code], **options)
    assert done.stdout == 'set()\n', done.stderr
