"""Report an error in an edited script: its line, what is wrong, and perhaps a hint.

Python's or Keras's own words say what is wrong, and can be looked up. A hint adds what
they leave open. A wrong hint is worse than none, so a test tries each.
"""

import builtins
import difflib
import linecache
import os
import re
import sys
import traceback

from support.console import printable
from support.hints import HINTS, MODULES, OLD_NAMES, PACKAGES

# The modules whose lines are shown
OURS = '__main__ utilities generate_data import_data compare experiments'.split()


def report_error(kind, error, trace):
    """Print an error that ends the script in a few lines: this is sys.excepthook."""
    if issubclass(kind, KeyboardInterrupt):
        print('\nInterrupted.', file=sys.stderr)
    else:
        print(*map(printable, explain(error)), sep='\n', file=sys.stderr)


def explain(error):
    """Return lines: where an error is, what it says, and perhaps a hint.

    Of its traceback they show the first line of ours, which is the script's, and the
    last, if it is another.
    """
    frames = [*traceback.walk_tb(error.__traceback__)]
    names = [frame.f_globals.get('__name__', '') for frame, _ in frames]
    modules = [name.partition('.')[0] for name in names]
    places = [place for place, x in zip(frames, modules, strict=True) if x in OURS]
    # A mistake in support, if Keras has nothing to do with it, shows its place, too
    if modules[-1:] == ['support'] and not {'keras', 'tensorflow'} & {*modules}:
        places.append(frames[-1])
    lines = []
    code = ''
    for frame, number in places[:1] + places[1:][-1:]:
        path = frame.f_code.co_filename
        code = re.sub('  +#.*', '', linecache.getline(path, number).strip())
        name = os.path.basename(path)
        if frame.f_globals['__name__'].startswith('support.'):
            name = f'support/{name}'
        lines.append(f'{name}, line {number}: {code}')
    message = own_words(error)
    hint = suggest(message, code, known_names(error, frame if places else None))
    return [*lines, message, f'Hint: {hint}'] if hint else [*lines, message]


def own_words(error):
    """Return what an error says, as a line: of Keras's paragraphs the first."""
    # Drop colours, paths of packages, and Keras's lines on its insides
    text = re.sub(r'\x1b\[[\d;]*m| \(/\S+\.py\)$|\{\{.*?\}\} ', '', str(error))
    heads = 'Exception encountered|Graph execution error|Detected at|File "|<stack'
    text = re.sub(rf'(?m)^ *({heads}).*', '', text).strip()
    first = ' '.join(re.split(r'\n\s*\n', text)[0].split())
    return f'{type(error).__name__}: {first[:300]}'


def known_names(error, frame):
    """Return the names that there are, where an error says that one is not."""
    if isinstance(error, NameError):
        return [*frame.f_locals, *frame.f_globals, *dir(builtins)] if frame else []
    if isinstance(error, AttributeError):
        return dir(error.obj)
    if isinstance(error, ModuleNotFoundError):
        return [*PACKAGES, *OURS, 'support']
    if isinstance(error, ImportError):
        return dir(sys.modules.get(error.name))
    return keras_texts() if 'identifier' in str(error) else []


# What stands before the name that is wrong, in errors of Python and of Keras
BEFORE = r"attribute '|named? '|argument '|KeyError: '|identifier: |passed to \w+: {'"


def suggest(message, code, names):
    """Return a hint for what an error in a line of code says; '' without one.

    names are those that there are, where one is unknown.
    """
    for pattern, hint in HINTS.items():
        if re.search(pattern, f'{message} <- {code}'):
            return hint
    found = re.search(rf'(?:{BEFORE}|monitor=)([\w.]+)', message)
    name = found[1] if found else ''
    is_unknown = message.startswith('NameError')
    if name in OLD_NAMES and not is_unknown:
        return f"Keras 3 calls this '{OLD_NAMES[name]}'"
    if name in keras_texts() and re.search(rf'=\[?{name}\b(?!\()', code):
        return f"put it in quotes: '{name}'"
    if "No module named 'keras." in message or 'tensorflow.keras.' in message:
        name = re.search(r' import (\w+)|$', code)[1] or ''  # as Keras 2 had it
    if is_unknown or 'import' in code:
        # Of functions, such as add, web pages have others
        modules = ['utils'] if name[:1].islower() else MODULES
        for module in modules:
            if name in keras_names(module):
                return f'write  from keras.{module} import {name}'
    if f"No module named '{name}'" in message and name in PACKAGES:
        return 'in the folder of the workshop, type  . ./script.sh'
    near = difflib.get_close_matches(name.lower(), map(str.lower, names), 1, 0.81)
    if near and name not in names:
        return f"did you mean '{next(x for x in names if x.lower() == near[0])}'?"
    if re.search(r"No module named '\w+'", message):
        where = 'on a login node, ' if os.environ.get('MODULESHOME') else ''
        package = name.replace('sklearn', 'scikit-learn')
        return f'if the name is right, {where}type  pip install {package}'
    return ''


def keras_texts():
    """Return what Keras takes as a text: relu, mse, adam, accuracy, ..."""
    optimizers = [x.lower() for x in keras_names('optimizers') if x != 'Optimizer']
    names = keras_names('activations') + keras_names('losses') + optimizers
    return [*names, 'accuracy']


def keras_names(module):
    """Return the names in a module of Keras; none of use if it is not imported."""
    return dir(sys.modules.get(f'keras.{module}'))
