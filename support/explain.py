"""Explain an error in an edited script: its line, what is wrong, and perhaps a hint.

What is wrong is said in Python's or Keras's own words, which can be looked up. A hint
is for what these leave open. A wrong one is worse than none: so each answers to as
little as it can, and tests/test_train.py tries it.
"""

import builtins
import difflib
import linecache
import re
import sys
import traceback

from support.console import printable

# What an error says, as a regular expression, and the hint for it.
HINTS = {
    'expected (min_)?ndim=3': 'a recurrent or convolutional layer reads series: put'
    ' model.add(Reshape((N_sequence, 1))) before the first one, and into an LSTM before'
    ' another one return_sequences=True',
    r"Cannot convert '\d+' to a shape": 'a shape of one number has a comma:'
    ' shape=(N_sequence,)',
    "not recognized: {'lr'": 'in Keras 3 lr is called learning_rate',
    "keyword argument '(lr|learning_rate)'": 'the learning rate'
    ' belongs to the optimizer: at the top, add the line  from keras.optimizers import'
    ' RMSprop,  then optimizer=RMSprop(learning_rate=0.01)',
    r'add\(\) got an unexpected keyword': 'what describes a layer stands in its own'
    " brackets: model.add(Dense(16, activation='relu'))",
    "of type <class 'type'>|identifier: <class|argument: '(self|layer|model)'": 'a name'
    ' lacks its brackets, as in Sequential(), Dense(16) or ShowAndSave()',
    r"'(function|method)' object has no attribute": 'what is called has its brackets'
    ' before the next dot, or around what it takes: model.add(Dense(16))',
    "'NoneType' object has no attribute '(add|compile|fit|summary)'": 'model.add( ) and'
    ' model.compile( ) give nothing back: leave out "model =", and a second dot',
    r'None values not supported.*\n.*fit\(': 'sequences without classes: fit takes'
    ' X, Y, and validation_data a pair, (X, Y)',
    r'bad operand type for unary': 'take away the sign at the beginning of the line',
    "KeyError: '(val_)?acc'": "in Keras this is 'accuracy', or 'val_accuracy'",
    'total size of the tensor must be unchanged': 'Reshape stands first, in place of'
    ' the three Dense layers: comment these out',
    'MemoryError|ResourceExhausted': 'the memory is full: take fewer or shorter'
    ' sequences or a smaller network, or leave the sequences on the disk, as'
    ' docs/own-data.md shows',
    '`?validation_split`? is only supported': 'a Dataset has no split: give fit the'
    ' arrays, X_train and Y_train',
    'keyword arguments.*input_(dim|length|shape)': 'what goes in has a line of its'
    ' own, the first one: model.add(Input(shape=(N_sequence,)))',
    'buffer_size must be': 'validation_split is a fraction, such as 0.25',
    r'\n.*output_dim=': 'the number of neurons comes first: Dense(16)',
}
# Names that are given as text, and in which part of Keras they are.
CHOICES = {'activation': 'keras.activations', 'loss': 'keras.losses'}
CHOICES |= {'optimizer': 'keras.optimizers', 'metric': 'keras.metrics'}
# What the slides or old pages on Keras call otherwise.
RENAMED = {'smoothrelu': 'softplus', 'np_utils': 'to_categorical'}
RENAMED |= {'nb_epoch': 'epochs', 'init': 'kernel_initializer'}
OPTIONS = """activation units shape name loss optimizer metrics epochs batch_size
shuffle callbacks validation_data verbose learning_rate rate return_sequences""".split()
# Where names are imported from.
SHORT = {'np': 'numpy as np', 'tf': 'tensorflow as tf', 'keras': 'keras'}
OURS = dict.fromkeys(['read_training_data', 'read_test_data'], 'utilities')
OURS |= dict.fromkeys(['plot_history', 'show_plots'], 'utilities')
OURS |= {'check_network': 'support.mistakes', 'save_run': 'support.runs'}
OURS |= dict.fromkeys(['ShowAndSave', 'read_command_line'], 'support.training')
KERAS = 'layers models optimizers losses callbacks metrics utils regularizers'.split()


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
    hints = (HINTS[x] for x in HINTS if re.search(x, f'{message}\n{line}'))
    if hint := suggest(error, message, line, frame) or next(hints, None):
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


# ------------------------------------------------------------------ wrong names


def suggest(error, message, line, frame):
    """Return a hint for a wrong name in an error; None if nothing is like it."""
    if isinstance(error, NameError):
        return suggest_name(error.name, line, frame)
    if isinstance(error, AttributeError) and error.name and error.obj is not None:
        return did_you_mean(error.name, dir(error.obj))
    if found := re.search(r"cannot import name '(\w+)' from '([\w.]+)'", message):
        similar = did_you_mean(found[1], dir(sys.modules[found[2]]))
        return imported(found[1], 'it is elsewhere: write') or similar
    if found := re.search(r"No module named '([\w.]+)'", message):
        public = [x for x in sys.modules if '.src' not in x]
        wanted = line.rpartition(' import ')[2]  # from an old place in Keras, perhaps
        elsewhere = imported(wanted, 'it is elsewhere: write')
        return elsewhere or did_you_mean(found[1], [*public, *OURS.values()])
    if found := re.search(r'interpret \w+ identifier: ((\w+)\(.*\))', message):
        return f'take away the quotes around {found[1]}; {imported(found[2])}'
    if found := re.search(r'interpret (\w+).* identifier: ([\w -]+)', message):
        return did_you_mean(found[2], choices(found[1]))
    if found := re.search(r"(?:keyword argument '|: \{')(\w+)", message):
        return did_you_mean(found[1], OPTIONS)
    return None


def suggest_name(name, line, frame):
    """Return a hint for a name in a line of the script that is not defined there."""
    text = RENAMED.get(name.lower(), name.lower())
    if f'{name}(' not in line and text in {'accuracy'}.union(*map(choices, CHOICES)):
        return f"put the name in quotes: '{text}'"
    return imported(name) or did_you_mean(name, [*frame.f_globals, *dir(builtins)])


def imported(name, how='at the top, add the line'):
    """Return how to import a name; None if it isn't one of Keras's or ours."""
    if name in SHORT:
        return f'{how}  import {SHORT[name]}'
    modules = [f'keras.{x}' for x in KERAS]
    found = (x for x in modules if hasattr(sys.modules.get(x), name))
    module = OURS.get(name) or next(found, None)
    return f'{how}  from {module} import {name}' if module else None


def choices(kind):
    """Return the names that Keras knows for a kind: an activation, a loss, ..."""
    names = dir(sys.modules.get(CHOICES.get(kind), None) or object())
    return {x.lower() if kind == 'optimizer' else x for x in names}


def did_you_mean(word, known):
    """Return a hint with the known word that is most like a wrong one; None without."""
    if today := RENAMED.get(word.lower()):
        return f"in Keras this is '{today}'"
    plain = {x.lower(): x for x in known if x != word}
    near = difflib.get_close_matches(word.lower(), plain, 3, 0.75)
    # A first letter is seldom mistyped: X_test is not what Y_test should have been.
    near = [plain[x] for x in near if x[0] == word[0].lower()]
    return f"did you mean '{near[0]}'?" if near else None
