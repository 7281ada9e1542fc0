"""Report an error: the user's lines that led to it, Python's words, perhaps a hint.

The words can be looked up. A hint adds what they leave open; a wrong one is worse than
none, so a test tries each.
"""

import contextlib
import difflib
import inspect
import io
import linecache
import os
import pkgutil
import re
import sys
import traceback

from support.console import UserError, printable
from support.hints import HINTS, MODULES, OLD_NAMES

# Files that are not the user's: those of Python, of packages, and of this folder
NOT_OWN = rf'<|.*/lib(64)?/python3|{re.escape(os.path.dirname(__file__))}/'


def report_error(kind, error, trace):
    """Print an error that ends the script in a few lines: this is sys.excepthook."""
    lines = ['', 'Interrupted.'] if kind is KeyboardInterrupt else explain(error)
    print(*map(printable, lines), sep='\n', file=sys.stderr)


def explain(error):
    """Return lines: what led to an error, what it says, and perhaps a hint."""
    if isinstance(error, UserError):
        return [f'{os.path.basename(sys.argv[0])}: {error}']
    # The user's own error that was handled when this one came
    first = error.__cause__ if error.__suppress_context__ else error.__context__
    lines = explain(first) if first and own_lines(first) else []
    places = own_lines(error)
    words = own_words(error)
    code = next(reversed(places.values()), '')
    hint = suggest(error, words, code)
    return [*lines, *places, words, *([f'Hint: {hint}'] if hint else [])]


def own_lines(error):
    """Return {'train.py, line 7: code': code} of the user's lines, from first to last.

    Lines of a file that the script imports are left out if it raises the error itself:
    then its sentence is about the call.
    """
    places = [
        (frame.f_code.co_filename, number)
        for frame, number in traceback.walk_tb(error.__traceback__)
        if not re.match(NOT_OWN, frame.f_code.co_filename)
    ]
    if isinstance(error, SyntaxError):  # in a module that the script imports
        places.append((error.filename, error.lineno))
    lines = {}
    for path, number in places:
        code = re.sub('  +#.*', '', linecache.getline(path, number).strip())
        if path != places[0][0] and re.match(r'raise\b', code):
            name = f'{os.path.basename(path)}, '
            return {line: lines[line] for line in lines if not line.startswith(name)}
        lines[f'{os.path.basename(path)}, line {number}: {code}'] = code
    return lines


def own_words(error):
    """Return what Python prints below a traceback, as a line, with its suggestion."""
    error.__cause__ = None  # else Python prints the error before this one, too
    sys.tracebacklimit = 0
    with contextlib.redirect_stderr(io.StringIO()) as printed:
        sys.__excepthook__(type(error), error, error.__traceback__)
    del sys.tracebacklimit
    # Drop colours, where a SyntaxError is, paths of packages, and Keras's insides
    text = re.sub(r'\x1b\[[\d;]*m|^  File.*\n( .*\n)*', '', printed.getvalue())
    text = re.sub(r' \(/[^)]+\.py\)|\{\{.*?\}\} ', '', text)
    heads = 'Exception encountered|Graph execution error|Detected at|File "|<stack'
    text = re.sub(rf'(?m)^(\S*Error: )? *({heads}).*', r'\1', text)
    text = ' '.join(text.partition('\n\nArguments received')[0].split())
    return re.sub(r'^[\w.]+\.(?=\w+:)', '', text)  # without the error's module


# What stands before the name that is wrong, in errors of Python and of Keras
BEFORE = r"attribute '|named? '|argument '|KeyError: '|identifier: |monitor=|\w: {'"


def suggest(error, words, code):
    """Return a hint for what an error in a line of code says; '' without one."""
    for pattern, hint in HINTS.items():
        if re.search(pattern, f'{words} <- {code}'):
            return hint
    name = re.search(rf'(?:{BEFORE})([\w.]+)|$', words)[1] or ''
    if name in OLD_NAMES and not isinstance(error, NameError):
        return f"Keras 3 calls this '{OLD_NAMES[name]}'"
    if isinstance(error, NameError | ImportError):
        if 'keras.' in name:  # a module that Keras 2 had
            name = re.search(r' import (\w+)|$', code)[1] or ''
        if name in keras_texts() and re.search(rf'=\[?{name}\b(?!\()', code):
            return f"put it in quotes: '{name}'"
        # Of functions, such as add, web pages have others
        for module in ['utils'] if name[:1].islower() else MODULES:
            if name in keras_names(module):
                return f'write  from keras.{module} import {name}'
    known = {other.lower(): other for other in known_names(error, words, code)}
    near = difflib.get_close_matches(name.lower(), known, 3, 0.74)  # tahn has 0.75
    near.sort(key=lambda other: sorted(other) != sorted(name.lower()))  # swapped
    if near and name not in known.values() and 'Did you mean' not in words:
        return f"did you mean '{known[near[0]]}'?"
    if re.search(rf"No module named '{name}'", words) and name not in known.values():
        where = 'on a login node, ' if os.environ.get('MODULESHOME') else ''
        package = name.replace('sklearn', 'scikit-learn')
        return f'if the name is right, {where}type  pip install {package}'
    return ''


def known_names(error, words, code):
    """Return the names of which one may be meant; none where Python names one."""
    if isinstance(error, ModuleNotFoundError):
        packages = [module.name for module in pkgutil.iter_modules()]
        return [*sys.stdlib_module_names, *packages]
    if isinstance(error, ImportError):
        return dir(sys.modules.get(error.name))
    if isinstance(error, NameError | AttributeError):
        return []
    return keras_texts() if 'identifier: ' in words else keywords(code)


def keywords(code):
    """Return the parameters of what a line calls of Keras, such as Dense or fit."""
    places = [sys.modules.get(f'keras.{module}') for module in MODULES]
    places.append(getattr(places[0], 'Model', None))
    called = re.findall(r'(\w+)\(', code)
    found = [getattr(place, name, None) for name in called for place in places]
    return [x for call in found if call for x in inspect.signature(call).parameters]


def keras_texts():
    """Return what Keras takes as a text: relu, mse, adam, accuracy, ..."""
    optimizers = [x.lower() for x in keras_names('optimizers') if x != 'Optimizer']
    names = keras_names('activations') + keras_names('losses') + optimizers
    return [*names, 'accuracy']


def keras_names(module):
    """Return the names in a module of Keras; none of use if it is not imported."""
    return dir(sys.modules.get(f'keras.{module}'))
