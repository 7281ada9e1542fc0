"""Report an error in an edited script: its line, what is wrong, and perhaps a hint.

Python's or Keras's own words say what is wrong, and can be looked up. A hint adds what
they leave open. A wrong hint is worse than none, so a test tries each.
"""

import contextlib
import difflib
import io
import linecache
import os
import re
import sys
import traceback

from support.console import printable

# A regular expression on 'what an error says <- its line': the hint
HINTS = {
    'expected (min_)?ndim=3': 'a recurrent or convolutional layer reads a series: put'
    ' model.add(Reshape((N_sequence, 1))) before the first one. An LSTM before another'
    ' one needs return_sequences=True',
    r'same rank.*output\.shape=\(\w+, \w+, \w+': 'the last layer answers at each time'
    ' step: put model.add(GlobalAveragePooling1D()) or model.add(Flatten()) before it,'
    ' or leave out return_sequences=True in the last LSTM',
    r'size of the tensor.*input_shape=\((1|8|16),\)': 'Reshape comes first, in place of'
    ' the three Dense layers: comment these out',
    r'incompatible shape \(\d+,\)': 'the network takes a table of sequences: for the'
    ' first one alone, write X_test[:1]',
    r"Cannot convert '\d+' to a shape": 'a shape of one number needs a comma:'
    ' shape=(N_sequence,)',
    r"(units=|'str'|str\().*<- .*['\"]\d": 'write a number without quotes',
    'buffer_size must be': 'validation_split is a fraction, such as 0.25',
    r'add\(\) got an unexpected keyword': 'the options of a layer belong in its own'
    " brackets: model.add(Dense(16, activation='relu'))",
    "'NoneType' object has no attribute '(add|compile|fit|summary)'": 'this name was'
    ' set to what returns nothing, such as model.add( )',
    "recognized: {'lr'|argument '(lr|learning_rate)'": 'the learning rate belongs to'
    ' the optimizer, as learning_rate: see exercise 13 of LESSON.md',
    "operand type for unary .: 'NoneType'": 'leave out the + of a diff, and the'
    ' lines with its -',
    'identifier: SmoothReLU': "Keras calls this 'softplus'",
}
# How to import what has no module of its name, in this lesson and in Keras 2
IMPORTS = {
    'np': 'import numpy as np',
    'plt': 'import matplotlib.pyplot as plt',
    'keras': 'import keras',
    'np_utils': 'from keras import utils as np_utils',
}
# Where Keras has the names that are imported
MODULES = 'models layers optimizers callbacks metrics utils regularizers'.split()
PACKAGES = 'numpy scipy matplotlib tensorflow keras pandas rich'.split()
# Where an error is shown: not in support, which nobody needs to open
OURS = '__main__ utilities generate_data import_data experiments'.split()


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
    places = [
        (frame.f_code.co_filename, number)
        for frame, number in traceback.walk_tb(error.__traceback__)
        if frame.f_globals.get('__name__', '').partition('.')[0] in OURS
    ]
    lines = []
    code = ''
    for path, number in places[:1] + places[1:][-1:]:
        code = re.sub('  +#.*', '', linecache.getline(path, number).strip())
        lines.append(f'{os.path.basename(path)}, line {number}: {code}')
    message = own_words(error)
    hint = suggest(message, code)
    return [*lines, message, f'Hint: {hint}'] if hint else [*lines, message]


def own_words(error):
    """Return what an error says, as a line: of Keras's paragraphs the first.

    Python's guess (Did you mean: ...?) follows, which only its own printing makes.
    """
    with contextlib.redirect_stderr(io.StringIO()) as printed:
        sys.__excepthook__(type(error), error, error.__traceback__)
    guess = re.search(r'[.;] [Dd]id you .*\?$', printed.getvalue().strip())
    # Drop colours, paths of packages, and Keras's lines on its insides
    text = re.sub(r'\x1b\[[\d;]*m| \(/\S+\.py\)$|\{\{.*?\}\} ', '', str(error))
    heads = 'Exception encountered|Graph execution error|Detected at|File "|<'
    text = re.sub(rf'(?m)^ *({heads}).*', '', text).strip()
    first = ' '.join(re.split(r'\n\s*\n', text)[0].split())
    return f'{type(error).__name__}: {first[:300]}{guess[0] if guess else ""}'


# ------------------------------------------------------------------ the hint


def suggest(message, code):
    """Return a hint for what an error in a line of code says; '' without one."""
    for pattern, hint in HINTS.items():
        if re.search(pattern, f'{message} <- {code}'):
            return hint
    # What Keras takes as text
    texts = [*keras_names('activations'), *keras_names('losses'), 'accuracy']
    texts += [name.lower() for name in keras_names('optimizers') if name != 'Optimizer']
    if found := re.search(r'identifier: (\w+)$', message):
        return did_you_mean(found[1], texts)
    if found := re.search(r"(?:NameError:|import) name '(\w+)'", message):
        name = found[1]
        if name in texts and re.search(rf'=\[?{name}\b(?!\()', code):
            return f"put it in quotes: '{name}'"
        return import_line(name, 'at the top, write  ')
    if re.search("No module named '.*keras[.]", message):  # as Keras 2 had it
        imported = re.search(r' import (\w+)(.*)', code)
        line = import_line(imported[1], 'write  ') if imported else ''
        return f'{line}{imported[2]}' if line else ''
    if found := re.search(r"No module named '(\w+)'", message):
        return suggest_package(found[1])
    return ''


def suggest_package(name):
    """Return what to do about a package that Python doesn't find."""
    if name in PACKAGES:
        return 'in the folder of the workshop, type  . ./script.sh'
    package = {'sklearn': 'scikit-learn'}.get(name, name)
    install = f'if the name is right, type on a login node  pip install {package}'
    return did_you_mean(name, [*PACKAGES, *OURS, 'support']) or install


def import_line(name, before):
    """Return a hint with the import of a name of Keras or of the lesson; or ''."""
    modules = [module for module in MODULES if name in keras_names(module)]
    if name[0].islower():  # functions, such as add, that web pages have from elsewhere
        modules = [module for module in modules if module == 'utils']
    lines = [f'from keras.{module} import {name}' for module in modules]
    line = IMPORTS.get(name) or ''.join(lines[:1])
    return f'{before}{line}' if line else ''


def keras_names(module):
    """Return the names in a module of Keras; none of use if it is not imported."""
    return dir(sys.modules.get(f'keras.{module}'))


def did_you_mean(word, known):
    """Return a hint with the known word that is most like a wrong one; '' without."""
    near = difflib.get_close_matches(word.lower(), known, 1, 0.75)
    return f"did you mean '{near[0]}'?" if near else ''
