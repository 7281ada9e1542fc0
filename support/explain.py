"""How an error is shown: Python's own traceback, cut to the user's lines, and a hint.

A wrong hint is worse than none, so tests/test_errors.py has a line for each.
"""

import contextlib
import inspect
import io
import os
import pkgutil
import re
import sys
import traceback

from support.console import UserError, did_you_mean, printable

# Files that are not the user's: those of Python, of packages, and of this folder
NOT_OWN = rf'<|.*/lib(64)?/python3|{re.escape(os.path.dirname(__file__))}/'

# What Keras and TensorFlow print around their words: what they did, and with what
INSIDES = (
    r'\x1b\[[\d;]*m'
    r'|Exception encountered when [\s\S]*?\n\n'
    r'|Graph execution error:\s+|Detected at node.*\s+|<stack traces.*\s+'
    r'| *File ".*\n\n|\n\t \[\[.*|\{\{.*?\}\} | \(/\S+/site-packages/\S+\.py\)'
    r'|\n\nArguments received[\s\S]*'
)
# What Python prints between two errors
CAUSE = 'The above exception was the direct cause of the following exception:'
CONTEXT = 'During handling of the above exception, another exception occurred:'

# A regular expression on the report, which ends with the user's line and with what is
# said of it: a hint. The first that matches is shown.
HINTS = {
    "No module named '(numpy|scipy|matplotlib|tensorflow|keras|pandas|rich)'": 'in the'
    ' folder of the workshop, type  . ./script.sh',
    r"(module named|name) '(torch|nn)\b": 'this is PyTorch; the workshop uses Keras',
    "name 'np' is not": 'at the top, write  import numpy as np',
    "name 'plt' is not": 'at the top, write  import matplotlib.pyplot as plt',
    "name 'keras' is not": 'at the top, write  import keras',
    "name 'history' is not": 'write  history = model.fit(...)',
    "name 'Model' is not": 'the network is called model, with a small m; for the class,'
    ' write  from keras.models import Model',
    r'unary \+.*NoneType': 'leave out the + of a diff, and the lines with its -',
    # Networks
    'expected (min_)?ndim=3': 'a recurrent or convolutional layer reads a series: put'
    ' model.add(Reshape((N_sequence, 1))) before the first one. An LSTM before another'
    ' one needs return_sequences=True',
    r'same rank.*output\.shape=\(\w+, \w+, \w+': 'the last layer answers at each time'
    ' step: put model.add(GlobalAveragePooling1D()) or model.add(Flatten()) before it,'
    ' or leave out return_sequences=True in the last LSTM',
    r'size of the tensor.*input_shape=\((1|8|16),\)': 'Reshape comes first, in place of'
    ' the three Dense layers: comment these out',
    r'incompatible shape \(\d+,\)': 'the network takes a table of sequences: for the'
    ' first one alone, write X_test[:1]; a Dataset needs .batch(32)',
    r"Cannot convert '\d+' to a shape": 'a shape of one number needs a comma:'
    ' shape=(N_sequence,)',
    r"""['"]\d+['"][\s\S]*(Received: \w+=\d|'str')""": 'write a number without quotes',
    r"(activation|loss|optimizer|metrics)=\[?([a-z]\w*)[\s\S]*name '\2' is not": (
        "put it in quotes, as in activation='relu'"
    ),
    r"passed to \w+: \{'dropout'": 'Dropout is a layer of its own, between two others:'
    ' model.add(Dropout(0.5))',
    'Only input tensors may be|must be KerasTensors.*<Dense': 'a layer above has no'
    ' input: write  x = Dense(16)(inputs), and of the next layer  x = Dense(8)(x)',
    "passed to Model: {'(in|out)put'": 'write Model(inputs=..., outputs=...), both with'
    ' an s',
    r'add\(\) got an unexpected keyword': 'the options of a layer belong in its own'
    " brackets: model.add(Dense(16, activation='relu'))",
    r"(add|set_model|get_config)\(\) missing|type <class 'type'>|tifier: <class": (
        'write brackets behind the name, as in Sequential() or Dense(8)'
    ),
    "'NoneType' object has no attribute '(add|compile|fit|summary)'": 'a line above'
    ' sets this name to what returns nothing, as  model = model.add(...)  does: leave'
    ' out  model =',
    # Training
    'buffer_size must be': 'validation_split is a fraction, such as 0.25',
    "ognized: {'lr'|argument '(lr|learning_rate)'": 'the learning rate belongs to the'
    ' optimizer, as learning_rate: see exercise 13 of LESSON.md',
    r"(KeyError: '|ed monitor=)(val_)?acc(uracy)?\b": "metrics=['accuracy'] is called"
    " 'accuracy', and metrics=['acc'] 'acc'. With validation_split=0.25 in fit there is"
    " 'val_accuracy' or 'val_acc' as well",
    "KeyError: 'val_loss'": 'this needs validation_split=0.25 in fit',
    # Keras 1 and 2, and the slides
    "'predict_classes'": 'write (model.predict(X_test) > 0.5).astype(int); after a'
    ' softmax, model.predict(X_test).argmax(axis=1)',
    "import name 'np_utils'": 'write  from keras import utils as np_utils',
    "'keras.backend' has no": 'Keras 3 has this in ops: write  from keras import ops',
    "import name 'CuDNN": 'leave out CuDNN: in Keras 3, LSTM and GRU are fast',
    "fit.* keyword argument 'nb_epoch'": "Keras 3 calls this 'epochs'",
    "{'W_regularizer'": "Keras 3 calls this 'kernel_regularizer'",
    "{'b_regularizer'": "Keras 3 calls this 'bias_regularizer'",
    "{'W_constraint'": "Keras 3 calls this 'kernel_constraint'",
    "{'init'": "Keras 3 calls this 'kernel_initializer'",
    "{'border_mode'": "Keras 3 calls this 'padding'",
    "{'inner_activation'": "Keras 3 calls this 'recurrent_activation'",
    'identifier: SmoothReLU': "Keras 3 calls this 'softplus'",
    "attribute 'predict_proba'": "Keras 3 calls this 'predict'",
    "attribute 'fit_generator'": "Keras 3 calls this 'fit'",
}
# Modules of Keras whose names are imported, and those whose names are typed as texts
MODULES = 'layers', 'callbacks', 'optimizers', 'utils', 'models'
TEXTS = 'activations', 'losses', 'optimizers'


def report_error(kind, error, trace):
    """Print an error that ends the script: this is sys.excepthook."""
    frames = own_frames(error)
    callers = [x for x in frames if not x.filename.endswith('/utilities.py')]
    if kind is KeyboardInterrupt:
        lines = ['', 'Interrupted.']
    elif kind is UserError:
        lines = [f'{os.path.basename(sys.argv[0])}: {error}']
    elif frames != callers and frames[-1].line.startswith('raise '):
        # A sentence of utilities.py about a file says it all
        name = os.path.basename(callers[-1].filename)
        lines = [f'{name}, line {callers[-1].lineno}: {error}']
    else:
        reports = own_tracebacks(error)
        hint = find_hint(reports[-1]) or find_near(error, reports[-1])
        lines = '\n\n'.join(reports).splitlines()
        lines += [f'Hint: {hint}'] if hint else []
    print(*map(printable, lines), sep='\n', file=sys.stderr)


def own_frames(error):
    """Return the user's lines that led to an error, as Python's FrameSummaries."""
    frames = traceback.extract_tb(error.__traceback__)
    return [x for x in frames if x.line and not re.match(NOT_OWN, x.filename)]


def own_tracebacks(error):
    """Return Python's tracebacks, with the user's lines alone: the error's comes last.

    Before it are those of the errors that it followed, and what Python says between.
    """
    first = error.__cause__ if error.__suppress_context__ else error.__context__
    reports = []
    if first and own_frames(first):
        reports = [*own_tracebacks(first), CAUSE if error.__cause__ else CONTEXT]
    # Python's own hook alone says "Did you mean" in Python 3.11. It would print the
    # errors before as well
    error.__cause__ = error.__context__ = None
    sys.tracebacklimit = 0  # as Python's reads the file again: you may have edited it
    with contextlib.redirect_stderr(io.StringIO()) as printed:
        sys.__excepthook__(type(error), error, error.__traceback__)
    del sys.tracebacklimit
    words = re.sub(INSIDES, '', printed.getvalue()).rstrip()
    report = ''.join(traceback.format_list(own_frames(error))) + words
    typed = os.path.dirname(sys.argv[0])  # the script's folder, as it was typed
    folder = os.path.join(os.path.abspath(typed), '')
    report = report.replace(f'File "{folder}', f'File "{os.path.join(typed, "")}')
    return [*reports, f'Traceback (most recent call last):\n{report}']


def find_hint(report):
    """Return the hint for a report; '' without one."""
    for pattern, hint in HINTS.items():
        if re.search(pattern, report):
            return hint
    found = re.search(r"name '(\w+)'|from keras\S* import (\w+).*\n.*No module", report)
    name = found[1] or found[2] if found else ''
    for module in MODULES:
        if hasattr(sys.modules.get(f'keras.{module}'), name):
            return f"for Keras's {name}, write  from keras.{module} import {name}"
    return ''


def known_names(error, report):
    """Return what may be meant: modules, names in one, or Keras's texts and options."""
    if isinstance(error, ModuleNotFoundError):
        return {*sys.stdlib_module_names, *(x.name for x in pkgutil.iter_modules())}
    if isinstance(error, ImportError):
        return dir(sys.modules.get(error.name))
    modules = {x: sys.modules.get(f'keras.{x}') for x in (*MODULES, *TEXTS)}
    names = ['accuracy', *(x.lower() for text in TEXTS for x in dir(modules[text]))]
    places = [*modules.values(), getattr(modules['models'], 'Model', None)]
    for called in re.findall(r'(\w+)\(', report):
        for call in filter(callable, (getattr(x, called, None) for x in places)):
            names += inspect.signature(call).parameters
    return names


def find_near(error, report):
    """Return what may be meant by a name that Keras or Python doesn't know; or ''."""
    before = "identifier: |argument '|passed to \\w+: {'|ognized: {'|name(?:d)? '"
    found = re.search(rf'(?:{before})([\w.]+)', report)
    if not found or isinstance(error, NameError) or 'Did you mean' in report:
        return ''
    name = found[1]
    known = known_names(error, report)
    near = did_you_mean(name, known)
    is_package = isinstance(error, ModuleNotFoundError) and '.' not in name
    if near or name in known or not is_package:
        return near
    where = 'on a login node, ' if os.environ.get('MODULESHOME') else ''
    package = name.replace('sklearn', 'scikit-learn')
    return f'if the name is right, {where}type  pip install {package}'
