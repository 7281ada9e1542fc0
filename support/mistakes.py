"""The mistakes that one makes while editing train.py, each told in one line with its remedy."""

import itertools
import linecache
import os
import re
import sys
import traceback

import numpy as np

from support.console import EXPLANATIONS, DataError, program


def script_lines():
    """Return the lines of the script that runs, stripped, without its comments; the first is ''."""
    lines = linecache.getlines(sys.argv[0])  # none in a notebook
    return ['', *('' if x.lstrip().startswith('#') else x.strip() for x in lines)]


def line_with(text):
    """Return 'line N, its text' of the last line of the script with this text, or ''."""
    numbered = [f'line {i}, {line}' for i, line in enumerate(script_lines()) if text in line]
    return numbered[-1] if numbered else 'the network'


# ---------------------------------------------------------------- a network that can't work


def misfit(model, N_classes):
    """Return (what marks the line to mend, what to do) if the last layer and the loss don't fit."""
    sigmoid, softmax = "Dense(1, activation='sigmoid')", f"Dense({N_classes}, activation='softmax')"
    if not model.layers or len(model.output_shape) != 2:
        return 'model.add(', f'the last layer must give one value, as {sigmoid} does, or {softmax}'
    outputs, activation = model.output_shape[1], getattr(model.layers[-1], 'activation', None)
    has_softmax = getattr(activation, '__name__', None) == 'softmax'
    if model.loss == 'binary_crossentropy':
        if outputs > 1 and has_softmax:
            return 'loss=', "the softmax layer needs loss='sparse_categorical_crossentropy'"
        if outputs > 1:
            return 'model.add(', f'the last layer must be {sigmoid}, or {softmax} with its loss'
        if has_softmax:
            return 'model.add(', f'one neuron with softmax always answers 1: make it {sigmoid}'
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
    if 'Normalization' not in {type(layer).__name__ for layer in model.layers}:
        check_scale(X_train)


def check_classes(folder, Y, N_outputs):
    """Raise DataError if a network with N_outputs cannot express Y, the classes (n,) of folder.

    One output (a sigmoid) tells class 0 from class 1; more (a softmax) stand for a class each.
    """
    wrong = np.flatnonzero(Y >= max(2, N_outputs))
    if wrong.size:
        Y_wrong = int(Y[wrong[0]])
        raise DataError(
            f'{folder}/Y_{wrong[0] + 1}.dat holds class {Y_wrong}, which a network with {N_outputs}'
            ' output(s) cannot express: swap in the softmax output and its loss in train.py,'
            f' with {int(Y.max()) + 1} neurons'
        )


def check_scale(X, script=None):
    """Print a line if the first 1,000 sequences of X lie where the tutorial's network fails.

    Measured with the workshop's waves: adding 5 or multiplying by 30 costs ten per cent and more.
    """
    values = np.array(list(itertools.islice(X, 1000)))
    mean, spread = values.mean(), values.std()
    if abs(mean) > 3 or not 0.001 < spread < 10:
        print(
            f'The values have a mean of {mean:.3g} and a spread of {spread:.3g}. A network learns'
            f' best near 0 and 1: uncomment the lines with Normalization in {script or program()}.'
        )


# ---------------------------------------------------------------- Keras's errors

# What Keras says (a regular expression), and what to do about it.
REMEDIES = {
    r'Could not interpret': 'there is none of that name; see https://keras.io/api',
    r'expected (min_)?ndim=3': (
        'this layer reads series of values: put model.add(Reshape((N_sequence, 1))) before the'
        ' first of its kind, and return_sequences=True into an LSTM that another one follows'
    ),
    r'value for `units`': 'the number of neurons is a whole number from 1',
    r'positional argument|keyword argument|Only instances of': (
        "a layer looks like model.add(Dense(16, activation='relu'))"
    ),
    r'size of the tensor must be unchanged': 'Reshape((N_sequence, 1)) keeps all values',
}


def explain(error):
    """Return a DataError that says which line of the script to mend, if we know how; else None."""
    text = re.sub(r'\x1b\[\d+m', '', str(error))
    remedy = next((REMEDIES[known] for known in REMEDIES if re.search(known, text)), None)
    frames = traceback.extract_tb(error.__traceback__)
    frames = [f for f in frames if os.path.abspath(f.filename) == os.path.abspath(sys.argv[0])]
    if not (isinstance(error, (ValueError, TypeError)) and remedy and frames):
        return None
    said = next(x for x in text.splitlines() if x and not x.startswith('Exception encountered'))
    name = re.fullmatch(r'Could not interpret .* identifier: (\w+)', said)
    # Keras looks at the loss only in fit, but the name to mend stands in compile.
    named = line_with(f"'{name[1]}'") if name else 'the network'
    line = f'line {frames[-1].lineno}, {script_lines()[frames[-1].lineno]}'
    return DataError(f'{line if named == "the network" else named}: {said.rstrip(".")}: {remedy}')


EXPLANATIONS.append(explain)
