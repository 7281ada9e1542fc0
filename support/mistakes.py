"""The mistakes that one makes while editing train.py, each told in one line with its remedy."""

import ast
import builtins
import difflib
import importlib
import inspect
import itertools
import linecache
import os
import re
import sys
import traceback

from support.console import DataError, program

import numpy as np

from utilities import read_training_data

SIGMOID = "Dense(1, activation='sigmoid')"


def script_lines():
    """Return the lines of the script that runs, stripped; the first is ''. Line 7 is [7]."""
    return ['', *(line.strip() for line in linecache.getlines(sys.argv[0]))]  # none in a notebook


def line_with(text, otherwise='the network'):
    """Return 'line N, its text' of the script's last line with this text, comments aside."""
    lines = enumerate(script_lines())
    found = [f'line {i}, {line}' for i, line in lines if text in line and line[0] != '#']
    return found[-1] if found else otherwise


# ---------------------------------------------------------------- a network that can't work


def check_network(model, X_train, Y_train, X_test, Y_test):
    """Raise DataError if the compiled model doesn't fit its loss or the classes.

    X_train is (n, N), or any iterable of sequences (N,); Y_train is (n,), X_test (m, N), Y_test
    (m,). Prints a line if the network can be trained but will hardly learn.
    """
    check_added()
    if not model.compiled:
        raise DataError(f'{line_with("Sequential()")}: this network needs model.compile( ) as well')
    check_arrays(X_train, Y_train, X_test, Y_test)
    N_classes = int(max(2, Y_train.max() + 1, Y_test.max() + 1))
    if problem := check_layers(model, N_classes) or check_compile(model, N_classes):
        raise DataError(f'{line_with(problem[0])}: {problem[1]}')
    if model.input_shape[1] != X_test.shape[1]:
        raise DataError(
            f'{line_with("Input(")}: the sequences hold {X_test.shape[1]} values: make it'
            ' Input(shape=(N_sequence,))'
        )
    N_outputs = model.output_shape[1]
    for folder, Y in (('Train', Y_train), ('Test', Y_test)):
        check_classes(folder, Y, N_outputs, N_classes)
    if N_outputs > N_classes:
        print(
            f'The last layer has {N_outputs} neurons, but there are {N_classes} classes:'
            f" Dense({N_classes}, activation='softmax') is enough."
        )
    if model.loss == 'binary_crossentropy' and last_activation(model) == 'linear':
        print(
            'Without a sigmoid the answers can leave 0 to 1, where this loss has no slope, so that'
            f' training may stop by itself: {SIGMOID} avoids that.'
        )
    kinds = [type(layer).__name__ for layer in model.layers]
    first = next((kind for kind in kinds if kind != 'Reshape'), '')
    check_scale(X_train, normalized='Normalization' in first)


def check_arrays(X_train, Y_train, X_test, Y_test):
    """Raise DataError for arrays that were not filled from files as train.py does it."""
    arrays = {'X_train': X_train, 'Y_train': Y_train, 'X_test': X_test, 'Y_test': Y_test}
    for name, values in arrays.items():
        if not isinstance(values, np.ndarray):  # train_large.py
            continue
        if name[0] == 'Y' and values.ndim > 1:
            raise DataError(f'{name} must hold one number for each sequence, its class')
        # np.empty leaves in an array whatever stood there in the memory.
        usual = np.abs(values).max() < 3.4e38 and (name[0] == 'X' or (values % 1 == 0).all())
        if not usual or (name[0] == 'X' and not values.any()):
            raise DataError(
                f'{name} holds numbers that come from no file: the loop that fills it is missing'
            )


def check_added():
    """Raise DataError for a layer that was made but not added to the network.

    Such as a line Dense(8) of its own, or the second in model.add(Dense(16), Dense(8)).
    """
    lines = linecache.getlines(sys.argv[0])
    for statement in ast.parse(''.join(lines)).body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if not isinstance(call, ast.Call):
            continue
        line = f'line {statement.lineno}, {lines[statement.lineno - 1].strip()}'
        name = getattr(call.func, 'id', '')
        if name and where_in_keras(name) == 'keras.layers':
            raise DataError(f'{line}: this layer is in no network yet: put model.add( ) around it')
        if getattr(call.func, 'attr', '') == 'add' and len(call.args) > 1:
            raise DataError(f'{line}: model.add takes one layer: give each a line of its own')


def last_activation(model):
    """Return the name of the last layer's activation; it may be a layer of its own, Softmax()."""
    last = model.layers[-1]
    return getattr(getattr(last, 'activation', None), '__name__', type(last).__name__).lower()


def check_layers(model, N_classes):
    """Return (what marks the line to mend, what to do) if the layers don't fit; else None."""
    softmax = f"Dense({N_classes}, activation='softmax')"
    if not model.layers:
        return 'Input(', f'no layer follows: the last must be {SIGMOID}, or {softmax}'
    if len(model.output_shape) > 2:
        pooling = 'model.add(GlobalAveragePooling1D()), from keras.layers, before the last layer'
        return 'model.add(', f'this gives values for each time, but one is wanted: put {pooling}'
    ones = [i for i, layer in enumerate(model.layers) if getattr(layer, 'units', 0) == 1]
    if ones and any(layer.weights for layer in model.layers[ones[0] + 1 :]):
        return 'Dense(1', (
            'a single neuron stands before other layers: it must be the last, so comment out this'
            ' line or those after it'
        )
    return None


def check_compile(model, N_classes):
    """Return (what marks the line to mend, what to do) if last layer, loss and metrics don't fit.

    The layers are those that check_layers accepts.
    """
    outputs, activation = model.output_shape[1], last_activation(model)
    softmax, has_softmax = f"Dense({N_classes}, activation='softmax')", activation == 'softmax'
    if not model.loss:
        return 'compile(', "the loss is missing: loss='binary_crossentropy'"
    if model.loss == 'categorical_crossentropy':
        return 'loss=', "for classes 0, 1, 2, ... the loss is 'sparse_categorical_crossentropy'"
    if model.loss == 'binary_crossentropy':
        if outputs > 1 and has_softmax:
            return 'loss=', "the softmax layer needs loss='sparse_categorical_crossentropy'"
        if outputs > 1:
            return 'model.add(', f'the last layer must be {SIGMOID}, or {softmax} with its loss'
        if has_softmax:
            return 'model.add(', f'one neuron with softmax always answers 1: make it {SIGMOID}'
        if activation in ('relu', 'tanh', 'softplus'):
            return 'model.add(', f'this loss needs an answer from 0 to 1: make it {SIGMOID}'
    if outputs > 1 and model.loss in ('mse', 'mae', 'mean_squared_error', 'hinge'):
        return 'loss=', f"{softmax} needs loss='sparse_categorical_crossentropy'"
    if model.loss == 'sparse_categorical_crossentropy' and not (outputs > 1 and has_softmax):
        return (
            'loss=',
            f"this loss needs the last layer {softmax}, or make it 'binary_crossentropy'",
        )
    metrics = model.get_compile_config()['metrics']
    first = metrics[0] if isinstance(metrics, list) and metrics else None
    if isinstance(first, dict):  # a metric that is not given by its name
        first = first.get('config', {}).get('name')
    if first != 'accuracy':
        return 'compile(', "the first metric must be the accuracy: metrics=['accuracy']"
    return None


def check_classes(folder, Y, N_outputs, N_classes):
    """Raise DataError if a network with N_outputs cannot express Y, the classes (n,) of folder.

    One output (a sigmoid) tells class 0 from class 1; more (a softmax) stand for a class each.
    N_classes is how many it needs for Train and Test.
    """
    wrong = np.flatnonzero(Y >= max(2, N_outputs))
    if wrong.size and Y.min() > 0:
        raise DataError(
            f'{folder} has no sequence of class 0, but {folder}/Y_{wrong[0] + 1}.dat holds class'
            f' {Y[wrong[0]]:.0f}: number the classes from 0'
        )
    if wrong.size:
        Y_wrong = int(Y[wrong[0]])
        raise DataError(
            f'{folder}/Y_{wrong[0] + 1}.dat holds class {Y_wrong}, which a network with {N_outputs}'
            f' output(s) cannot express: make the last layer of {program()}'
            f" Dense({N_classes}, activation='softmax') and the loss"
            " 'sparse_categorical_crossentropy'"
        )


def check_scale(X, normalized=False, script=None):
    """Print a line if the first 1,000 sequences of X lie where the tutorial's network fails.

    X is (n, N), or any iterable of sequences (N,).
    normalized says that the first layer is one that takes care of all but the extremes of float32.
    Measured with the workshop's waves: adding 5 or multiplying by 30 costs ten per cent and more,
    and so do means of their own that scatter by twice the standard deviation within a sequence.
    """
    values = np.array(list(itertools.islice(X, 1000)))
    mean, spread = values.mean(), values.std()
    within, of_means = np.median(values.std(axis=1)), values.mean(axis=1).std()
    said = f'The values have a mean of {mean:.3g} and a standard deviation of {spread:.3g}. '
    remedy = f'subtract {mean:.3g} from the data and divide them by {spread:.3g}'
    advice = f'A network learns best near 0 and 1: add to {script or program()} the Normalization'
    if own_means := of_means > 2 * within > 0:
        said = (
            'Each sequence has a mean of its own: these means have a standard deviation of'
            f' {of_means:.3g}, the values within a sequence {within:.3g}. '
        )
        remedy = 'subtract from each sequence its mean and divide it by its standard deviation'
        advice = f'Unless the means tell the classes apart, add to {script or program()} the'
        advice += ' LayerNormalization'
        spread = within
    if values.min() == values.max():
        print(f'{said}They are all the same: there is nothing to learn.')
    elif not 5e-7 < spread < 1e15 or abs(mean) > 1e5 * spread:
        print(
            f'{said}This is too far from 0 and 1 for the float32 numbers of a network: {remedy}'
            ' before anything else.'
        )
    elif not normalized and (own_means or abs(mean) > 3 or not 0.001 < spread < 10):
        print(f'{said}{advice} that docs/own-data.md shows.')


# ---------------------------------------------------------------- errors while the script runs

# What Keras says (a regular expression), and what to do about it.
REMEDIES = {
    r'Could not interpret': 'there is none of that name, see https://keras.io/api',
    r'expected (min_)?ndim=3': (
        'this layer reads series of values: put model.add(Reshape((N_sequence, 1))) before the'
        ' first of its kind, and return_sequences=True into an LSTM that another one follows'
    ),
    r'value for `units`': 'the number of neurons is a whole number from 1',
    r'size of the tensor must be unchanged': (
        'Reshape((N_sequence, 1)) must be the first layer, as it takes all the values: take out'
        ' those above it'
    ),
    r'validation_split': 'it does not go with batches: LESSON.md, "When to stop?", shows what does',
    r'Expected `metrics` argument to be a list': "put square brackets: metrics=['accuracy']",
    r"not recognized: \{'lr'": 'the argument is called learning_rate',
    r'no defined output shape': 'the first layer must be model.add(Input(shape=(N_sequence,)))',
}
# The same, where the line holds a word.
REMEDIES_OF = {
    'Input(': {r"Cannot convert '\d+' to a shape": 'put its comma: shape=(N_sequence,)'},
    'from_tensor_slices(': {r'': 'this takes one pair, in its own brackets: ((X_train, Y_train))'},
    'model.evaluate(': {r'incompatible|shape': 'this takes the sequences, then the classes'},
    'model.add(': {
        r'positional argument|keyword argument|Only instances of': (
            "a layer looks like model.add(Dense(16, activation='relu'))"
        )
    },
    'model.fit(': {
        r'missing 1 required positional argument': 'put brackets: ShowAndSave()',
        r'incompatible|None values not supported|must have the same shape': (
            'the batches do not fit the network: they come from'
            ' from_tensor_slices((X_train, Y_train)) and .shuffle(N_train).batch(batch_size)'
        ),
    },
}
# What a script of ours imports, by its name there.
IMPORTS = {
    'np': 'import numpy as np',
    'tf': 'import tensorflow as tf',
    'plt': 'import matplotlib.pyplot as plt',
    'keras': 'import keras',
}
# What train.py itself defines.
OWN = ('N_train', 'N_test', 'N_sequence', 'N_epochs', 'batch_size', 'seed', 'X_train', 'Y_train')
OWN += ('X_test', 'Y_test', 'model', 'batches', 'history', 'scores')
NAMES = (
    *('relu', 'tanh', 'sigmoid', 'softmax', 'softplus', 'linear', 'elu', 'gelu', 'selu'),
    *('rmsprop', 'adam', 'sgd', 'binary_crossentropy', 'sparse_categorical_crossentropy'),
    'accuracy',
)
MODULES = ('layers', 'models', 'optimizers', 'losses', 'metrics', 'callbacks', 'regularizers')


def explain(error):
    """Return a DataError that says which line of the script to mend, if we know how; else None."""
    frames = [(f, number) for f, number in traceback.walk_tb(error.__traceback__)]
    script = os.path.abspath(sys.argv[0])
    frames = [x for x in frames if os.path.abspath(x[0].f_code.co_filename) == script]
    if not frames:
        return None
    frame, number = frames[-1]
    line = script_lines()[number]
    if isinstance(error, NameError):
        remedy = explain_name(error.name, number, frame.f_globals)
        return remedy and DataError(f'line {number}, {line}: {remedy}')
    if type(error).__module__.startswith('tensorflow'):
        return explain_file(frame.f_globals)
    if isinstance(error, (ValueError, TypeError, AttributeError)):
        if found := explain_keras(error, number, line):
            return found
    if isinstance(error, AttributeError) and error.name:
        public = [name for name in dir(error.obj) if name[0] != '_']
        if similar := difflib.get_close_matches(error.name, public, 1, cutoff=0.8):
            return DataError(f'line {number}, {line}: did you mean {similar[0]}? ({error})')
    return None


def where_in_keras(name):
    """Return which module of Keras has this name, as 'keras.layers'; None if none has."""
    for module in MODULES:
        if hasattr(importlib.import_module(f'keras.{module}'), name):
            return f'keras.{module}'
    return None


def explain_name(name, number, variables):
    """Say what to do about a name that is not defined in line number of the script; or None.

    variables are the script's globals().
    """
    lines = script_lines()
    if name.lower() in NAMES and not re.search(rf'\b{name}\(', lines[number]):
        return f"put the name in quotes: '{name.lower()}'"
    module = where_in_keras(name)
    if module or name in IMPORTS:
        needed = IMPORTS.get(name, f'from {module} import {name}')
        return f'{name} is not imported: at the top, add the line {needed}'
    for i, line in enumerate(lines):
        if name == 'history' and line.startswith('model.fit('):
            return f'line {i} makes it: begin it with history = model.fit('
        if re.match(rf'#\s*{name}\s*=[^=]', line):
            return f'line {i}, which defines {name}, is commented out: take away its #'
        if i > number and re.match(rf'{name}\s*=[^=]', line):
            return f'{name} is defined only below, in line {i}: that line must come first'
    if name in OWN:
        return f'the line that defines {name} is missing: git diff shows what was changed'
    for known in (list(variables), dir(builtins) if f'{name}(' in lines[number] else []):
        if similar := difflib.get_close_matches(name, known, 1):
            return f"there is no {name}: did you mean '{similar[0]}'?"
    return None


def explain_file(variables):
    """Return the DataError of utilities.py for a file that TensorFlow could not read; or None.

    variables are the globals() of the script, which has read N_train sequences.
    """
    try:
        for x in range(variables.get('N_train', 0)):
            read_training_data(x + 1, variables.get('N_sequence'))
    except DataError as found:
        return found
    return None


def explain_argument(name, line):
    """Say which argument of fit, compile or evaluate may be meant by name; None for other lines."""
    import keras

    for method in ('fit', 'compile', 'evaluate'):
        if f'model.{method}(' in line:
            known = inspect.signature(getattr(keras.Model, method)).parameters
            similar = difflib.get_close_matches(name, known, 1)
            remedy = f'did you mean {similar[0]}=?' if similar else 'leave it out'
            return f'{method} has no argument {name}: {remedy}'
    return None


def explain_keras(error, number, line):
    """Return the DataError for an error of Keras in this line of the script; or None."""
    text = re.sub(r'\x1b\[\d+m', '', str(error))
    remedies = REMEDIES.copy()
    for word in REMEDIES_OF:
        if word in line:
            remedies |= REMEDIES_OF[word]
    remedy = next((remedies[known] for known in remedies if re.search(known, text)), None)
    if unknown := re.search(r"unexpected keyword argument '(\w+)'", text):
        remedy = explain_argument(unknown[1], line) or remedy
    if not remedy:
        return None
    lines = [x for x in text.splitlines() if x]
    if lines[0].startswith('Exception encountered') and len(lines) > 1:
        lines.pop(0)
    said = lines[0].rstrip('.')
    where = f'line {number}, {line}'
    if name := re.fullmatch(r'Could not interpret .* identifier: (\w+)', said):
        # Keras looks at the loss only in fit, but the name to mend stands in compile.
        where = line_with(f"'{name[1]}'", where)
        similar = difflib.get_close_matches(name[1].lower(), NAMES, 1)
        if similar and name[1] not in NAMES:
            remedy = f"did you mean '{similar[0]}'? Else {remedy}"
    return DataError(f'{where}: {remedy} ({said})')
