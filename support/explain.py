"""Report an error: Python's own traceback without the insides of Keras, and a hint."""

import contextlib
import inspect
import io
import os
import pkgutil
import re
import sys
import traceback

from support.console import UserError, ask, printable

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

# A regular expression on a report, which ends with the user's line and with what is
# said of it: a hint. The first that matches is shown.
HINTS = {
    "No module named '(numpy|scipy|matplotlib|tensorflow|keras|pandas|rich)'": 'in the'
    ' folder of the workshop, type  . ./script.sh',
    'partially initialized module|is not a package': 'a file of yours has the name of a'
    ' module of Python or of a package: rename it',
    # Networks
    'expected (min_)?ndim=3': 'a recurrent or convolutional layer reads a series: put'
    ' model.add(Reshape((N_sequence, 1))) before the first one. An LSTM before another'
    ' one needs return_sequences=True',
    r'same rank.*output\.shape=\(\w+, \w+, \w+': 'the last layer answers at each time'
    ' step: put model.add(GlobalAveragePooling1D()) or model.add(Flatten()) before it,'
    ' or leave out return_sequences=True in the last LSTM',
    r'size of the tensor.*input_shape=\((1|8|16),\)': 'Reshape comes first, in place of'
    ' the three Dense layers: comment these out',
    r"Cannot convert '\d+' to a shape": 'a shape of one number needs a comma:'
    ' shape=(N_sequence,)',
    r"""['"]\d+['"][\s\S]*(Received: \w+=\d|'str')""": 'write a number without quotes',
    r"(activation|loss|optimizer|metrics)=\[?([a-z]\w*)[\s\S]*name '\2' is not": (
        "put it in quotes, as in activation='relu'"
    ),
    r"passed to \w+: \{'dropout'": 'Dropout is a layer of its own, between two others:'
    ' model.add(Dropout(0.5))',
    r'incompatible shape \(\d+,\)': 'the network takes a table of sequences: for the'
    ' first one alone, write X_test[:1]',
    'Only input tensors may be passed': 'a layer above has no input: write'
    '  x = Dense(16)(inputs), and of the next layer  x = Dense(8)(x)',
    "passed to Model: {'(in|out)puts?'": 'write Model(inputs=..., outputs=...), both'
    ' with an s',
    r'add\(\) got an unexpected keyword': 'the options of a layer belong in its own'
    " brackets: model.add(Dense(16, activation='relu'))",
    r"type <class 'type'>|(add|set_model)\(\) missing": (
        'write brackets behind the name, as in Flatten()'
    ),
    "'NoneType' object has no attribute '(add|compile|fit|summary)'": 'a line above'
    ' sets this name to what returns nothing, as  model = model.add(...)  does: leave'
    ' out  model =',
    # Training
    'buffer_size must be': 'validation_split is a fraction, such as 0.25',
    "ognized: {'lr'|argument '(lr|learning_rate)'": 'the learning rate belongs to the'
    ' optimizer, as learning_rate: see exercise 13 of LESSON.md',
    "import name 'np_utils'": 'write  from keras import utils as np_utils',
    "import name 'CuDNN": 'leave out CuDNN: in Keras 3 LSTM and GRU are fast',
    "(KeyError: '|ed monitor=|metric `)(val_)?acc": "metrics=['accuracy'] is known"
    " as 'accuracy', and metrics=['acc'] as 'acc'. With validation_split=0.25 in fit"
    " there is 'val_accuracy', or 'val_acc', too",
    "KeyError: 'val_loss'": 'this needs validation_split=0.25 in fit',
    "no attribute 'predict_classes'": 'write (model.predict(X_test) > 0.5).astype(int);'
    ' after a softmax, model.predict(X_test).argmax(axis=1)',
}
# Names of Keras 1 and 2: those of Keras 3
OLD_NAMES = {
    'nb_epoch': 'epochs',
    'W_regularizer': 'kernel_regularizer',
    'W_constraint': 'kernel_constraint',
    'init': 'kernel_initializer',
    'border_mode': 'padding',
    'inner_activation': 'recurrent_activation',
    'predict_proba': 'predict',
    'fit_generator': 'fit',
}
# Where Keras has the names that are imported, and what it takes as a text
MODULES = 'layers', 'callbacks', 'optimizers', 'utils', 'models'
TEXTS = 'activations', 'losses', 'metrics', 'initializers', 'optimizers'
# What stands before a wrong name in errors of Keras and Python
BEFORE = r"identifier: |argument '|passed to \w+: \{'|ognized: \{'|name(?:d)? '"
BEFORE += "|attribute '"


def report_error(kind, error, trace):
    """Print an error that ends the script: this is sys.excepthook."""
    if kind is KeyboardInterrupt:
        lines = ['', 'Interrupted.']
    elif kind is UserError or is_about_data(trace):
        lines = [f'{os.path.basename(sys.argv[0])}: {error}']
    else:
        report = own_traceback(error)
        hint = find_hint(report) or find_near(error, report)
        lines = [*report.splitlines(), *([f'Hint: {hint}'] if hint else [])]
    print(*map(printable, lines), sep='\n', file=sys.stderr)


def report_warning(message, kind, path, number, file=None, line=None):
    """Print a warning, without its place if that is in Keras: warnings.showwarning."""
    own = f'{os.path.basename(path)}, line {number}: '
    place = '' if re.match(NOT_OWN, path) else own
    text = f'{place}{kind.__name__}: {message}'
    hint = find_hint(text)
    lines = [*text.splitlines(), *([f'Hint: {hint}'] if hint else [])]
    print(*map(printable, lines), sep='\n', file=file or sys.stderr)


def is_about_data(trace):
    """Return whether utilities.py raises the error itself: its sentence says it all."""
    return any(
        os.path.basename(frame.filename) == 'utilities.py' and 'raise ' in frame.line
        for frame in traceback.extract_tb(trace)[-1:]
    )


def own_traceback(error):
    """Return what Python prints of an error, with the user's lines alone."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not re.match(NOT_OWN, frame.filename)]
    error.__cause__ = error.__context__ = None  # which Python would print as well
    sys.tracebacklimit = 0  # as Python's reads the file again: you may have edited it
    with contextlib.redirect_stderr(io.StringIO()) as printed:
        sys.__excepthook__(type(error), error, error.__traceback__)
    del sys.tracebacklimit
    report = ''.join(traceback.format_list(own)) + printed.getvalue()
    typed = os.path.dirname(sys.argv[0])  # the script's folder, as it was typed
    folder = os.path.join(os.path.abspath(typed), '')
    report = report.replace(f'File "{folder}', f'File "{os.path.join(typed, "")}')
    return 'Traceback (most recent call last):\n' + re.sub(INSIDES, '', report).rstrip()


def find_hint(report):
    """Return the hint for a report; None without one."""
    for pattern, hint in HINTS.items():
        if re.search(pattern, report):
            return hint
    pattern = r"(?s)name '(\w+)'|from keras\S* import (\w+)\n.*No module"
    found = re.search(pattern, report)
    name = found[1] or found[2] if found else ''
    for module in MODULES:
        if hasattr(sys.modules.get(f'keras.{module}'), name):
            return f"for Keras's {name}, write  from keras.{module} import {name}"
    return None


def find_near(error, report):
    """Return what may be meant by a name that Keras or Python does not know; or ''."""
    name = re.search(rf'(?:{BEFORE})([\w.]+)|$', report)[1] or ''
    if name in OLD_NAMES:
        return f"Keras 3 calls this '{OLD_NAMES[name]}'"
    if isinstance(error, NameError) or 'Did you mean' in report:
        return ''
    near = ask(name, known_names(error, report))
    if near or not isinstance(error, ModuleNotFoundError):
        return near
    where = 'on a login node, ' if os.environ.get('MODULESHOME') else ''
    package = name.replace('sklearn', 'scikit-learn')
    return f'if the name is right, {where}type  pip install {package}'


def known_names(error, report):
    """Return the names of which a wrong one may be meant."""
    if isinstance(error, ModuleNotFoundError):
        return [*sys.stdlib_module_names, *(x.name for x in pkgutil.iter_modules())]
    if isinstance(error, ImportError):
        return dir(sys.modules.get(error.name))
    if 'identifier: ' in report:
        texts = [x for module in TEXTS for x in dir(sys.modules.get(f'keras.{module}'))]
        return ['accuracy', *map(str.lower, texts)]
    places = [sys.modules.get(f'keras.{module}') for module in MODULES]
    places.append(getattr(places[-1], 'Model', None))
    called = re.findall(r'\b([a-zA-Z]\w*)\(', report)
    found = [getattr(place, name, None) for name in called for place in places]
    return [x for call in found if call for x in inspect.signature(call).parameters]
