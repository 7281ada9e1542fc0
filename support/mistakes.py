"""The mistakes that one makes while editing train.py, each told in one line with its remedy."""

import difflib
import itertools
import linecache
import os
import re
import sys
import traceback

from support.console import EXPLANATIONS, DataError, program

import numpy as np


def script_lines():
    """Return the lines of the script that runs, stripped, without its comments; the first is ''."""
    lines = linecache.getlines(sys.argv[0])  # none in a notebook
    return ['', *('' if x.lstrip().startswith('#') else x.strip() for x in lines)]


def line_with(text, otherwise='the network'):
    """Return 'line N, its text' of the last line of the script with this text, if there is one."""
    numbered = [f'line {i}, {line}' for i, line in enumerate(script_lines()) if text in line]
    return numbered[-1] if numbered else otherwise


# ---------------------------------------------------------------- a network that can't work


def misfit(model, N_classes):
    """Return (what marks the line to mend, what to do) if the last layer and the loss don't fit."""
    sigmoid, softmax = "Dense(1, activation='sigmoid')", f"Dense({N_classes}, activation='softmax')"
    if model.layers and len(model.output_shape) > 2:
        pooling = 'model.add(GlobalAveragePooling1D()), from keras.layers, before the last layer'
        return 'model.add(', f'this gives values for each time, but one is wanted: put {pooling}'
    if not model.layers:
        return 'model.add(', f'the last layer must give one value, as {sigmoid} does, or {softmax}'
    last, outputs = model.layers[-1], model.output_shape[1]
    # The activation may be a layer of its own: Softmax().
    activation = getattr(getattr(last, 'activation', None), '__name__', type(last).__name__)
    has_softmax = activation.lower() == 'softmax'
    if has_softmax and any(getattr(layer, 'units', 0) == 1 for layer in model.layers[:-1]):
        return 'Dense(1,', 'the softmax layer comes in the place of this one: comment it out'
    if model.loss == 'categorical_crossentropy':
        return 'loss=', "for classes 0, 1, 2, ... the loss is 'sparse_categorical_crossentropy'"
    if model.loss == 'binary_crossentropy':
        if outputs > 1 and has_softmax:
            return 'loss=', "the softmax layer needs loss='sparse_categorical_crossentropy'"
        if outputs > 1:
            return 'model.add(', f'the last layer must be {sigmoid}, or {softmax} with its loss'
        if has_softmax:
            return 'model.add(', f'one neuron with softmax always answers 1: make it {sigmoid}'
        if activation in ('linear', 'relu', 'tanh', 'softplus'):
            return 'model.add(', f'this loss needs an answer from 0 to 1: make it {sigmoid}'
    if model.loss == 'sparse_categorical_crossentropy' and not (outputs > 1 and has_softmax):
        return (
            'loss=',
            f"this loss needs the last layer {softmax}, or make it 'binary_crossentropy'",
        )
    return None


def check_network(model, X_train, Y_train, Y_test):
    """Raise DataError if the compiled model doesn't fit its loss or the classes.

    X_train is (n, N) or a StreamedSet, Y_train (n,), Y_test (m,). Prints a line if the values are
    so far from 0 or 1 that a network hardly learns from them.
    """
    if problem := misfit(model, int(max(2, Y_train.max() + 1, Y_test.max() + 1))):
        raise DataError(f'{line_with(problem[0])}: {problem[1]}')
    for folder, Y in (('Train', Y_train), ('Test', Y_test)):
        check_classes(folder, Y, model.output_shape[1])
    check_scale(X_train, any(type(layer).__name__ == 'Normalization' for layer in model.layers))


def check_classes(folder, Y, N_outputs):
    """Raise DataError if a network with N_outputs cannot express Y, the classes (n,) of folder.

    One output (a sigmoid) tells class 0 from class 1; more (a softmax) stand for a class each.
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
            ' output(s) cannot express: swap in the softmax output and its loss in train.py,'
            f' with {int(Y.max()) + 1} neurons'
        )


def check_scale(X, normalized=False, script=None):
    """Print a line if the first 1,000 sequences of X lie where the tutorial's network fails.

    normalized says that a Normalization layer takes care of all but the extremes of float32.
    Measured with the workshop's waves: adding 5 or multiplying by 30 costs ten per cent and more.
    """
    values = np.array(list(itertools.islice(X, 1000)))
    mean, spread = values.mean(), values.std()
    said = f'The values have a mean of {mean:.3g} and a spread of {spread:.3g}. '
    if values.min() == values.max():
        print(f'{said}They are all the same: there is nothing to learn.')
    elif not 5e-7 < spread < 1e15 or abs(mean) > 1e5 * spread:
        print(
            f'{said}This is too far from 0 and 1 for the float32 numbers of a network: subtract'
            f' {mean:.3g} from the data and divide them by {spread:.3g} before anything else.'
        )
    elif not normalized and (abs(mean) > 3 or not 0.001 < spread < 10):
        print(
            f'{said}A network learns best near 0 and 1: in {script or program()}, below'
            ' "Alternative: values far from 0 or 1", uncomment the three lines of Normalization.'
        )


# ---------------------------------------------------------------- Keras's errors

# What Keras says (a regular expression), and what to do about it.
REMEDIES = {
    r'Could not interpret': 'there is none of that name, see https://keras.io/api',
    r'expected (min_)?ndim=3': (
        'this layer reads series of values: put model.add(Reshape((N_sequence, 1))) before the'
        ' first of its kind, and return_sequences=True into an LSTM that another one follows'
    ),
    r'value for `units`': 'the number of neurons is a whole number from 1',
    r'positional argument|keyword argument|Only instances of': (
        "a layer looks like model.add(Dense(16, activation='relu'))"
    ),
    r'size of the tensor must be unchanged': (
        'Reshape((N_sequence, 1)) must be the first layer, as it takes all the values: take out'
        ' those above it'
    ),
    r'validation_split': 'it does not go with batches: see "Alternative: validation"',
    r'no defined output shape': 'the first layer must be model.add(Input(shape=(N_sequence,)))',
    r'cannot unpack non-iterable float': "model.compile needs metrics=['accuracy']",
    r'Unrecognized data type': "the tutorial's call needs the data in memory: leave out --stream",
}
NAMES = (
    *('relu', 'tanh', 'sigmoid', 'softmax', 'softplus', 'linear', 'elu', 'gelu', 'selu'),
    *('rmsprop', 'adam', 'sgd', 'binary_crossentropy', 'sparse_categorical_crossentropy'),
    'accuracy',
)


def explain(error):
    """Return a DataError that says which line of the script to mend, if we know how; else None."""
    text = re.sub(r'\x1b\[\d+m', '', str(error))
    remedy = next((REMEDIES[known] for known in REMEDIES if re.search(known, text)), None)
    frames = traceback.extract_tb(error.__traceback__)
    frames = [f for f in frames if os.path.abspath(f.filename) == os.path.abspath(sys.argv[0])]
    if not (isinstance(error, (ValueError, TypeError, AttributeError)) and remedy and frames):
        return None
    lines = [x for x in text.splitlines() if x]
    if lines[0].startswith('Exception encountered') and len(lines) > 1:
        lines.pop(0)
    said = lines[0].rstrip('.')
    line = f'line {frames[-1].lineno}, {script_lines()[frames[-1].lineno]}'
    if name := re.fullmatch(r'Could not interpret .* identifier: (\w+)', said):
        # Keras looks at the loss only in fit, but the name to mend stands in compile.
        line = line_with(f"'{name[1]}'", line)
        if similar := difflib.get_close_matches(name[1], NAMES, 1):
            remedy = f"did you mean '{similar[0]}'? Else {remedy}"
    return DataError(f'{line}: {remedy} ({said})')


EXPLANATIONS.append(explain)
