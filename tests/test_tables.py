"""support/tables.py: which CSV files are tables, and what is said of others."""

from pathlib import Path

import pytest
from conftest import refused
from test_import_data import TABLE, import_tables, put

pytestmark = pytest.mark.usefixtures('folder')
NO_TABLES = {
    'label,f0,f1\nA,1,2\n': 'lacks class; it has label, f0, f1; wanted are class, f0',
    'class;f0;f1\nA;1,5;2\n': 'no comma in its first line, class;f0;f1 (docs/own-da',
    '# mine\nclass,f0,f1\nA,1,2\n': 'first line, # mine (docs/own-data.md#other-tab',
    ','.join(f'value{i}' for i in range(11)): 'value8, value9, ...; wanted are class',
    'class,f1,f9,f7,f0\nA,1,2,3,4\n': 'lacks f2, f3; f9, f7 too many; wanted',
    'class,f0\nA,1\nB,2\n': 'lacks f1; it has class, f0; wanted',
    'star,mag\na,1\na,2\n': 'of observations: docs/own-data.md#light-curves',
    'class,f0,f1\n': 'lacks rows; it has class, f0, f1; wanted',
    'class,f0,f1\nA,1,2,3\n': 'a.csv is no CSV: ',
    'class,f0,f1\nA,1,2\nA,1,2,3\n': 'a.csv is no CSV: ',
    None: 'a.csv is missing',
}


@pytest.mark.parametrize('content', NO_TABLES)
def test_another_table_is_refused_in_one_line(content):
    if content is not None:
        Path('a.csv').write_text(content)
    refused('import_data.py', 'a.csv', parts=[NO_TABLES[content]])


@pytest.mark.parametrize(
    ('value', 'fault'),
    [
        (None, 'row 4, star 1 holds no number in f2: empty'),
        (1e39, 'row 4, star 1 holds no number in f2: 1e+39'),  # beyond float32
        ('\x1b[31m', r'row 4, star 1 holds no number in f2: \x1b[31m'),
    ],
)
def test_what_is_no_number_is_named(value, fault):
    assert fault in import_tables(put(3, 'f2', value), status=1)


def test_truth_values_are_no_numbers():
    printed = import_tables(TABLE.assign(f2=True), status=1)
    assert 'holds no number in f2: True' in printed
