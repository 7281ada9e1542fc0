"""Explain an error in an edited script: its line, what is wrong, and perhaps a hint.

Python's or Keras's own words say what is wrong, and can be looked up. A hint adds what
they leave open. A wrong hint is worse than none, so each answers to few errors, and a
test tries it.
"""

import builtins
import difflib
import linecache
import re
import sys
import traceback

from support.console import printable

# What an error says, as a regular expression: the hint for it
HINTS = {
    'expected (min_)?ndim=3': 'a recurrent or convolutional layer reads a series: put'
    ' model.add(Reshape((N_sequence, 1))) before the first one. An LSTM before another'
    ' one needs return_sequences=True',
    'total size of the tensor must be unchanged': 'Reshape comes first, in place of'
    ' the three Dense layers: comment these out',
    r"Cannot convert '\d+' to a shape": 'a shape of one number needs a comma:'
    ' shape=(N_sequence,)',
    r'add\(\) got an unexpected keyword': 'the options of a layer belong in its own'
    " brackets: model.add(Dense(16, activation='relu'))",
    "of type <class 'type'>|identifier: <class|argument: '(self|layer|model)'": 'a name'
    ' lacks its brackets, as in Sequential(), Dense(16) or ShowAndSave()',
    "'NoneType' object has no attribute '(add|compile|fit|summary)'": 'model.add( ) and'
    ' model.compile( ) return nothing: leave out "model =", and a second dot',
    'cardinality is ambiguous': 'X and Y belong together: X_train, Y_train',
    'buffer_size must be': 'validation_split is a fraction, such as 0.25',
    'identifier: SmoothReLU': "Keras calls this 'softplus'",
    r'interpret \w+ identifier: \w+\(': 'remove the quotes around it',
    "not recognized: {'lr'": 'in Keras 3 lr is called learning_rate',
    "keyword argument '(lr|learning_rate)'": 'the learning rate'
    ' belongs to the optimizer: at the top, write  from keras.optimizers import'
    ' RMSprop,  then optimizer=RMSprop(learning_rate=0.01)',
    r'operand type for unary \+': 'remove the + at the beginning of the line',
    r'operand type for unary -': 'delete the line, as the - at its beginning says',
    r"KeyError: 'val_": 'fit computes val_accuracy and val_loss only with'
    ' validation_split=0.25',
    r"KeyError: 'acc'|monitor=(val_)?acc,": 'it is called accuracy, or val_accuracy',
    'MemoryError|ResourceExhausted': 'the memory is full: use fewer or shorter'
    ' sequences or a smaller network, or leave the sequences on the disk, as'
    ' docs/own-data.md shows',
}
# Options of layers, compile and fit that train.py and docs/ show.
OPTIONS = """activation units shape loss optimizer metrics epochs batch_size callbacks
validation_data validation_split verbose learning_rate return_sequences""".split()
# Names that are given as text, and in which part of Keras they are.
CHOICES = {
    'activation': 'keras.activations',
    'loss': 'keras.losses',
    'optimizer': 'keras.optimizers',
}
# Where names are imported from.
IMPORTS = {'plt': 'import matplotlib.pyplot as plt', 'keras': 'import keras'}
MODULES = 'layers models optimizers losses callbacks metrics utils regularizers'.split()


def explain(error):
    """Return the script's line, what is wrong and perhaps a hint, as lines of a text.

    None for an error that another file of ours has raised, which needs its traceback.
    """
    frames = [*traceback.walk_tb(error.__traceback__)]
    own = [x for x in frames if x[0].f_globals.get('__name__') == '__main__']
    raised_in = frames[-1][0].f_globals.get('__name__', '') if frames else ''
    ours = raised_in.partition('.')[0] in ('support', 'utilities', 'experiments')
    ours = ours and raised_in != 'support.batches'  # which Keras calls with any arrays
    if not own or (ours and not isinstance(error, MemoryError)):
        return None
    frame, number = own[-1]
    path = frame.f_code.co_filename
    line = strip_comment(linecache.getline(path, number))
    message = f'{type(error).__name__}: {error_message(error)}'
    name = re.split(r'[/\\]', path)[-1]
    lines = [f'{name}, line {number}: {line}', message]
    if hint := suggest(error, message, line, frame):
        lines.append(f'Hint: {hint}')
    return '\n'.join(map(printable, lines))


def script_lines():
    """Return the lines of the script that runs."""
    return linecache.getlines(getattr(sys.modules['__main__'], '__file__', ''))


def strip_comment(line):
    """Return a line of a script without the comment behind it."""
    return re.sub('  +#.*', '', line.strip())


def error_message(error):
    """Return the line of an error's text that says what is wrong, of Keras's many."""
    text = re.sub(r'\x1b\[\d+m|\{\{.*?\}\} ', '', str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    heads = 'Exception encountered', 'Graph execution', 'Detected at', 'File "', '<'
    message = next((x for x in lines if not x.startswith(heads)), text)[:300]
    return re.sub(r' \(/\S+\.py\)$', '', message)  # where a package is


# ------------------------------------------------------------------ the hint


def suggest(error, message, line, frame):
    """Return a hint for an error in a line of the script; None without one."""
    if isinstance(error, NameError):
        return suggest_name(error.name, line, frame)
    if isinstance(error, AttributeError) and error.obj is not None:
        return did_you_mean(error.name, dir(error.obj))
    if found := re.search(r"cannot import name '(\w+)' from '([\w.]+)'", message):
        similar = did_you_mean(found[1], dir(sys.modules[found[2]]))
        return import_line(found[1]) or similar
    hints = [hint for pattern, hint in HINTS.items() if re.search(pattern, message)]
    if found := re.search(r'interpret (\w+).* identifier: ([\w -]+)$', message):
        hints.append(did_you_mean(found[2], choices(found[1])))
    if found := re.search(r"(?:keyword argument '|: \{')(\w+)", message):
        hints.append(did_you_mean(found[1], OPTIONS))
    return next(filter(None, hints), None)


def suggest_name(name, line, frame):
    """Return a hint for a name in a line of the script that is not defined there."""
    is_choice = name == 'accuracy' or any(name in choices(kind) for kind in CHOICES)
    if is_choice and f'{name}(' not in line:
        return f"put the name in quotes: '{name}'"
    if name == 'history':
        return 'give this name to what fit returns: history = model.fit( ... )'
    if name in IMPORTS:
        return f'at the top, write  {IMPORTS[name]}'
    return import_line(name) or did_you_mean(name, [*frame.f_globals, *dir(builtins)])


def import_line(name):
    """Return how to import a name of Keras; None if it isn't one."""
    modules = [f'keras.{x}' for x in MODULES]
    found = [x for x in modules if hasattr(sys.modules.get(x), name)]
    return f'at the top, write  from {found[0]} import {name}' if found else None


def choices(kind):
    """Return the names that Keras knows for a kind: an activation, a loss, ..."""
    names = dir(sys.modules.get(CHOICES.get(kind), object()))
    return {x.lower() if kind == 'optimizer' else x for x in names}


def did_you_mean(word, known):
    """Return a hint with the known word that is most like a wrong one; None without."""
    plain = {x.lower(): x for x in known if x != word}
    near = difflib.get_close_matches(word.lower(), plain, 3, 0.75)
    # A first letter is seldom mistyped: X_test is not what Y_test should have been.
    near = [plain[x] for x in near if x[0] == word[0].lower()]
    return f"did you mean '{near[0]}'?" if near else None
