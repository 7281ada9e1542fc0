"""How two runs differ, by their scripts."""

from types import SimpleNamespace

from support.differences import changed_network

import pytest

SCRIPTS = {  # two scripts, and what differs
    'a comment': ('fit()', '# Fit\nfit( )  # it', []),
    'a leftover import': ('fit()', 'import keras\nfrom a import b\nfit()', []),
    'a module that is used': ('a.fit()', 'import a.b\na.fit()', ['+ import a.b']),
    'order and grouping': (
        'import a, b as c\nfrom d import e, f\na(c, e, f)',
        'from d import f\nfrom d import e\nimport b as c\nimport a\na(c, e, f)',
        [],
    ),
    'modules of ours': (
        'from support.a import b\nb(c)',
        'from support.d import b\nfrom utilities import c\nb(c)',
        [],
    ),
    'another function by the same name': (
        'from a import l1 as reg\nreg()',
        'from a import l2 as reg\nreg()',
        ['- from a import l1 as reg', '+ from a import l2 as reg'],
    ),
    "a layer that is not Keras's": (
        'from keras.layers import Dense\nDense()',
        'def f():\n    from mine import Dense\nDense()',
        [
            '- from keras.layers import Dense',
            '+ from mine import Dense',
            '+ def f():',
        ],
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
