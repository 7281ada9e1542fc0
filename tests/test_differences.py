"""How two runs differ, by their scripts."""

from types import SimpleNamespace

from support.differences import changed_network

import pytest

SCRIPTS = {  # two scripts, and what differs
    'a comment': ('fit()', '# Fit\nfit( )  # it', []),
    'a leftover import': ('fit()', 'from a import b\nfit()', []),
    'a module': ('fit()', 'import a\nfit()', ['+ import a']),
    'a name less': ('from a import b, c\nb()', 'from a import b\nb()', []),
    'another function by the same name': (
        'from a import l1 as reg\nreg()',
        'from a import l2 as reg\nreg()',
        ['- from a import l1 as reg', '+ from a import l2 as reg'],
    ),
    'all of a module': ('fit()', 'from a import *\nfit()', ['+ from a import *']),
    'a number': ('n = 1\nfit(n)', 'n = 2\nfit(n)', []),
    'a number further down': (
        'n = 1\nfit(n)',
        'n = 1\nn = 2\nfit(n)',
        ['+ n = 2'],
    ),
}


@pytest.mark.parametrize('case', SCRIPTS)
def test_scripts_differ_by_the_lines_that_do_something(case):
    """Numbers at the top count by their values alone."""
    *scripts, changes = SCRIPTS[case]
    old, new = (
        SimpleNamespace(script=script, numbers={'n': 1}, layers='')
        for script in scripts
    )
    assert changed_network(old, new) == changes
