"""The mistakes that one makes while editing train.py, each told in one line with its remedy."""

import ast
import builtins
import difflib
import importlib
import inspect
import itertools
import json
import linecache
import os
import re
import sys
import traceback
import warnings

from support.console import DataError, program
from support.runs import begin_fit, last_activation, try_to_save

import numpy as np

from utilities import read_test_data, read_training_data

SIGMOID = "Dense(1, activation='sigmoid')"


def script_lines():
    """Return the lines of the script that runs, stripped; the first is ''. Line 7 is [7].

    Without the comments behind them. There are none in a notebook.
    """
    lines = linecache.getlines(sys.argv[0])
    return ['', *(re.sub('  +#.*', '', line.strip()) for line in lines)]


def line_with(text, otherwise='the network'):
    """Return 'line N, its text' of the script's last line with this text, comments aside."""
    lines = enumerate(script_lines())
    found = [
        f'line {i}, {line}' for i, line in lines if text in line and line[0] != '#'
    ]
    return found[-1] if found else otherwise


# ---------------------------------------------------------------- lines that do nothing


def check_script():
    """Raise DataError for a line of the script that Python accepts, but that does nothing.

    Or nothing but harm: one that trains with the test sequences.
    """
    lines = linecache.getlines(sys.argv[0])
    tree = ast.parse(''.join(lines))
    if line_with('model.fit(', ''):
        for needed in ('check_network(', 'save_run('):
            if not line_with(needed, ''):
                print(
                    f'The line with {needed} ) is missing: git diff shows what was changed.'
                )
    for statement in ast.walk(tree):
        if remedy := check_statement(statement) or check_training(statement, tree):
            number = statement.lineno
            raise DataError(f'line {number}, {script_lines()[number]}: {remedy}')


def check_statement(statement):
    """Say what to do about a statement (of ast) without an effect; None for all others."""
    value = getattr(statement, 'value', None)
    method = getattr(getattr(value, 'func', None), 'attr', '')
    if isinstance(statement, ast.AnnAssign) and value is None:
        return 'this sets nothing: put = in place of the colon'
    if isinstance(statement, ast.Assign) and method in (
        'add',
        'compile',
        'fit',
        'summary',
    ):
        if {ast.unparse(x) for x in (*statement.targets, value.func.value)} == {
            'model'
        }:
            return f'model.{method} changes model itself: leave out "model ="'
    if method == 'repeat' and not value.args and not line_with('steps_per_epoch', ''):
        return 'this never ends: leave out .repeat(), or give model.fit its steps_per_epoch'
    if not isinstance(statement, ast.Expr):
        return None
    if isinstance(value, ast.Compare):
        return 'two = signs compare; to give something a value, put one'
    named = getattr(value, 'id', '') or getattr(value, 'attr', '')
    if named in CALLED:
        return f'this does nothing without its brackets: {ast.unparse(value)}( )'
    if isinstance(value, ast.UnaryOp):
        return 'take away the sign at its beginning'
    if isinstance(value, ast.Tuple) and isinstance(value.elts[0], ast.Name):
        return 'put a dot in place of the comma'
    if not isinstance(value, ast.Call):
        return None
    name = getattr(value.func, 'id', '')
    added = method == 'append' and ast.unparse(value.func.value).endswith('.layers')
    if added or (name and where_in_keras(name) == 'keras.layers'):
        return 'this layer is in no network yet: put model.add( ) around it'
    if method == 'add' and len(value.args) > 1:
        return 'model.add takes one layer: give each a line of its own'
    return None


def check_training(call, tree):
    """Say that a call of fit (of ast, in tree) trains with the test sequences; None for others."""
    if not isinstance(call, ast.Call) or getattr(call.func, 'attr', '') != 'fit':
        return None

    def names_in(nodes):
        return {
            x.id for node in nodes for x in ast.walk(node) if isinstance(x, ast.Name)
        }

    seen = names_in(
        [*call.args, *(x.value for x in call.keywords if x.arg in ('x', 'y'))]
    )
    # Such as batches, made of sequences, and these of X_train in the line before
    for made in reversed(list(ast.walk(tree))):
        names = names_in(made.targets) if isinstance(made, ast.Assign) else set()
        if any(name in seen and name[:2] not in ('X_', 'Y_') for name in names):
            seen |= names_in([made.value])
    if found := seen & {'X_test', 'Y_test'}:
        return f'this trains with {min(found)}, which then tests nothing: take X_train and Y_train'
    return None


# ---------------------------------------------------------------- a network that can't work


def check_network(model, X_train, Y_train, X_test, Y_test):
    """Raise DataError if the compiled model doesn't fit its loss or the classes, or can't be saved.

    X_train is (n, N), or any iterable of sequences (N,); Y_train is (n,), X_test (m, N), Y_test
    (m,). Prints a line for what can be trained but will hardly learn, or differs from the files.
    """
    if line_with('check_network(', '') and not line_with('read_command_line(', ''):
        check_script()
        raise DataError(
            'the line read_command_line(globals()) is missing: put it below the numbers'
        )
    if not model.compiled:
        raise DataError(
            f'{line_with("Sequential()")}: this network needs model.compile( ) as well, before'
            ' check_network( )'
        )
    check_arrays(X_train, Y_train, X_test, Y_test)
    changed = (
        check_files('Train', X_train, Y_train),
        check_files('Test', X_test, Y_test),
    )
    N_classes = int(max(2, Y_train.max() + 1, Y_test.max() + 1))
    N = X_test.shape[1]
    if problem := check_layers(model, N, N_classes) or check_compile(model, N_classes):
        raise DataError(f'{line_with(problem[0])}: {problem[1]}')
    N_outputs = model.output_shape[1]
    for folder, Y in (('Train', Y_train), ('Test', Y_test)):
        check_classes(folder, Y, N_outputs, N_classes)
    if any(changed):
        print(
            ' and '.join(
                x for x, was in zip(('X_train', 'X_test'), changed, strict=True) if was
            ),
            'differ from what was read:'
            if all(changed)
            else 'alone differs from what was read:',
            'infer.py reads files as they are. Let a layer make such a change, as the Normalization'
            ' of docs/own-data.md.',
        )
    if N_outputs > N_classes:
        print(
            f'The last layer has {N_outputs} neurons, but there are {N_classes} classes:'
            f" Dense({N_classes}, activation='softmax') is enough."
        )
    if Y_train.min() == Y_train.max():
        print(
            f'All training sequences are of class {Y_train[0]:.0f}: there is nothing to tell.'
        )
    if (
        loss_name(model.loss) == 'binary_crossentropy'
        and last_activation(model) == 'linear'
    ):
        print(
            'Without a sigmoid the answers can leave 0 to 1, where this loss has no slope, so that'
            f' training may stop by itself: {SIGMOID} avoids that.'
        )
    kinds = [type(layer).__name__ for layer in model.layers]
    first = next((kind for kind in kinds if kind != 'Reshape'), '')
    check_scale(X_train, normalized='Normalization' in first)
    check_saving(model)
    model.checked = len(model.layers)
    begin_fit()


def check_arrays(X_train, Y_train, X_test, Y_test):
    """Raise DataError for arrays that no network can be trained or tested with."""
    arrays = {
        'X_train': X_train,
        'Y_train': Y_train,
        'X_test': X_test,
        'Y_test': Y_test,
    }
    for name, values in arrays.items():
        if not isinstance(values, np.ndarray):
            if name == 'X_train' and not isinstance(values, float):  # train_large.py
                continue
            raise DataError(
                f'{name} must be an array: put {name}[x] where the loop fills it'
            )
        if name[0] == 'Y' and values.ndim > 1:
            raise DataError(f'{name} must hold one number for each sequence, its class')
        if name[0] == 'X' and (values.ndim != 2 or values.dtype.kind != 'f'):
            raise DataError(
                f'{name} must be np.empty([{name.replace("X", "N")}, N_sequence]), filled with what'
                f' was read; it is {values.dtype} {values.shape}'
            )
        # np.empty leaves in an array whatever stood there in the memory.
        usual = (
            values.dtype.kind in 'fiub'
            and values.size
            and np.abs(values).max() < 3.4e38
        )
        if not usual or (values % 1 if name[0] == 'Y' else ~values.any()).any():
            raise DataError(
                f'{name} holds numbers that come from no file: the loop that fills it is missing'
            )
        if name[0] == 'Y' and values.min() < 0:
            raise DataError(f'{name} holds {values.min():g}: number the classes from 0')
    for X, Y in (('X_train', 'Y_train'), ('X_test', 'Y_test')):
        if isinstance(arrays[X], np.ndarray) and len(arrays[X]) != len(arrays[Y]):
            raise DataError(
                f'{X} holds {len(arrays[X])} sequences, but {Y} {len(arrays[Y])} classes: make both'
                f' of {Y.replace("Y", "N")}'
            )


def check_files(folder, X, Y):
    """Raise DataError if a loop has not filled X (n, N) and Y (n,) from the files of folder.

    Returns whether all of X was changed after that; says so itself if classes were. It looks at the
    first and the last sequences, and is silent where X is no array, or there are no such files.
    """
    read, name, n = (
        (read_training_data, read_test_data)[folder == 'Test'],
        folder.lower(),
        len(Y),
    )
    rows = sorted({*range(n)[:50], n // 2, *range(n)[-50:]})
    try:
        found = [read(i + 1, X.shape[1]) for i in rows if isinstance(X, np.ndarray)]
    except DataError:
        return False
    pairs = list(zip(rows, found, strict=False))
    other = [i for i, (x, _) in pairs if not np.allclose(X[i], x, 1e-6)]
    classes = {(y, Y[i]) for i, (_, y) in pairs}
    alike = len({X[i].tobytes() for i, _ in pairs}) < len(
        {x.tobytes() for _, (x, _) in pairs}
    )
    kind, wrong = 'X', other if alike or len(other) < len(pairs) else []
    if len({y for y, _ in classes}) < len(classes):  # not only renamed
        kind, wrong = 'Y', [i for i, (_, y) in pairs if Y[i] != y]
    if wrong:
        raise DataError(
            f'row {wrong[0]} of {kind}_{name} is not what {folder}/{kind}_{wrong[0] + 1}.dat holds:'
            f' is it still, in its loop, {LINES[read.__name__]}?'
        )
    changes = ', '.join(f'{a:.0f} is {b:.0f}' for a, b in sorted(classes) if a != b)
    if changes:
        print(f'Y_{name} holds other classes than the files of {folder}: {changes}.')
    return bool(other)


def check_layers(model, N, N_classes):
    """Return (what marks the line to mend, what to do) if the layers don't fit; else None.

    The sequences have N values.
    """
    softmax = f"Dense({N_classes}, activation='softmax')"
    if not model.layers:
        twice = sum('Sequential()' in line for line in script_lines()) > 1
        return (
            'Sequential()' if twice else 'Input(',
            f'no layer follows: the last must be {SIGMOID}, or {softmax}',
        )
    if model.input_shape[1:] != (N,):
        series = ', and for layers that read series Reshape((N_sequence, 1)) below it'
        return (
            'Input(',
            f'the sequences hold {N} values: make it Input(shape=(N_sequence,))'
            + (series if len(model.input_shape) > 2 else ''),
        )
    if len(model.output_shape) > 2:
        pooling = 'model.add(GlobalAveragePooling1D()), from keras.layers, before the last layer'
        return (
            'model.add(',
            f'this gives values for each time, but one is wanted: put {pooling}',
        )
    ones = [
        i for i, layer in enumerate(model.layers) if getattr(layer, 'units', 0) == 1
    ]
    if ones and any(layer.weights for layer in model.layers[ones[0] + 1 :]):
        return 'Dense(1', (
            'a single neuron stands before other layers: it must be the last, so comment out this'
            ' line or those after it'
        )
    for layer in model.layers:
        if getattr(layer, 'rate', 0) == 1:
            return (
                f'{type(layer).__name__}(',
                'this drops everything: take a rate such as 0.2',
            )
        if type(layer).__name__ == 'Softmax' and layer.axis not in (-1, 1):
            return 'Softmax(', 'this axis runs over the sequences: leave it out'
    return None


# The losses for one neuron; those for several take the place of one.
LOSSES = (
    'binary_crossentropy',
    'binary_focal_crossentropy',
    'crossentropy',
    'ce',
    'poisson',
)
LOSSES += (
    'mean_squared_error',
    'mean_absolute_error',
    'mean_squared_logarithmic_error',
    'huber',
)
LOSSES += ('huber_loss', 'log_cosh', 'hinge', 'squared_hinge')
SPARSE = 'sparse_categorical_crossentropy'


def loss_name(loss):
    """Return the name of a loss as Keras writes it in full, however the loss was given."""
    from keras import losses

    if isinstance(loss, list) and len(loss) == 1:
        loss = loss[0]
    if isinstance(loss, str) and loss not in LOSSES:
        loss = losses.get(loss)
    return getattr(loss, 'name', None) or getattr(loss, '__name__', str(loss))


def check_compile(model, N_classes):
    """Return (what marks the line to mend, what to do) if last layer, loss and metrics don't fit.

    The layers are those that check_layers accepts.
    """
    from keras import activations, losses

    outputs, activation = model.output_shape[1], last_activation(model)
    softmax, has_softmax = (
        f"Dense({N_classes}, activation='softmax')",
        activation == 'softmax',
    )
    if not model.optimizer:
        return 'compile(', "the optimizer is missing: optimizer='rmsprop'"
    if not model.loss:
        return 'compile(', "the loss is missing: loss='binary_crossentropy'"
    if isinstance(model.loss, type):
        return 'loss=', f'put brackets: {model.loss.__name__}()'
    try:
        loss = loss_name(model.loss)
        config = model.get_compile_config()
    except ValueError:
        return 'loss=', explain_unknown('loss', str(model.loss))
    except TypeError:
        return 'metrics=', 'put brackets after the name of the metric'
    except Exception as error:
        return 'compile(', f'this could not be saved ({first_line(repr(error))})'
    logits = getattr(model.loss, 'get_config', dict)().get('from_logits')
    if outputs == 1:
        if 'categorical' in loss:
            return 'loss=', (
                f"this loss needs the last layer {softmax} and the name '{SPARSE}'; one neuron"
                " needs 'binary_crossentropy'"
            )
        if has_softmax:
            return (
                'model.add(',
                f'one neuron with softmax always answers 1: make it {SIGMOID}',
            )
        if hasattr(losses, loss) and loss not in LOSSES:
            return (
                'loss=',
                "one neuron cannot learn with this loss: 'binary_crossentropy'",
            )
        if logits:
            return (
                'from_logits',
                f'leave out from_logits=True, with the last layer {SIGMOID}',
            )
        bounded = ('sigmoid', 'hard_sigmoid', 'sparse_sigmoid', 'linear')
        if (
            'crossentropy' in loss
            and activation not in bounded
            and hasattr(activations, activation)
        ):
            return (
                'model.add(',
                f'this loss needs an answer from 0 to 1: make it {SIGMOID}',
            )
    elif loss == SPARSE:
        if logits and has_softmax:
            return (
                'from_logits',
                'the last layer has its softmax: leave out from_logits=True',
            )
        if not has_softmax and not (logits and activation == 'linear'):
            return 'model.add(', f'this loss needs the last layer {softmax}'
    elif loss.startswith('categorical') or (has_softmax and hasattr(losses, loss)):
        return (
            'loss=',
            f"for classes 0, 1, 2, ... with a softmax the loss is '{SPARSE}'",
        )
    elif hasattr(losses, loss):
        return (
            'model.add(',
            f'the last layer must be {SIGMOID}, or {softmax} with its loss',
        )
    metrics = config['metrics']
    first = metrics[0] if isinstance(metrics, list | tuple) and metrics else None
    if isinstance(first, dict) and first['class_name'].endswith(
        ('BinaryAccuracy', 'lAccuracy')
    ):
        first = first.get('config', {}).get('name')
    if first != 'accuracy':
        return 'compile(', "the first metric must be the accuracy: metrics=['accuracy']"
    if not float(model.optimizer.learning_rate) > 0:
        return 'optimizer=', 'the learning rate must be above 0, such as 0.001'
    return None


def check_saving(model):
    """Raise DataError if the trained network could not be saved; say if infer.py can't load it."""
    import keras

    for layer in model.layers:
        functions = [x for x in vars(layer).values() if inspect.isfunction(x)]
        name = type(layer).__name__
        if any(x.__name__ == '<lambda>' for x in functions):
            raise DataError(
                f'{line_with("lambda", name)}: a network with a lambda function could not be loaded'
                ' again: take layers and activations of Keras, or a function with a name'
            )
        if not all(
            x.__module__.startswith(('keras', 'tensor'))
            for x in (type(layer), *functions)
        ):
            print(
                f'{name} is not all of Keras, so infer.py cannot load it. A script of your own can,'
                ' if it defines the same, and gives load_model its custom_objects.'
            )
    try:
        with warnings.catch_warnings(
            record=True
        ):  # there is nothing wrong with a loss of one's own
            json.dumps(keras.saving.serialize_keras_object(model))
    except Exception as error:  # of many kinds, according to what it is
        raise DataError(
            f'{line_with("compile(")}: this network could not be saved ({first_line(str(error))}):'
            ' take activations, loss, optimizer and metrics by their names'
        ) from None
    try_to_save(model)


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
        advice = (
            f'Unless the means tell the classes apart, add to {script or program()} the'
        )
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

# What is said (a regular expression), and what to do about it.
REMEDIES = {
    r'expected (min_)?ndim=3': (
        'this layer reads series of values: put model.add(Reshape((N_sequence, 1))) before the'
        ' first of its kind, and return_sequences=True into an LSTM that another one follows'
    ),
    r'expected (min_)?ndim=[45]': 'this layer is for pictures: for series, take that with 1D',
    r'value for `units`': 'the number of neurons is a whole number from 1',
    r'size of the tensor must be unchanged': (
        'Reshape((N_sequence, 1)) must be the first layer, as it takes all the values: take out'
        ' those above it'
    ),
    r'size would be zero|Negative dimension|output dimension': (
        'no values are left: take a smaller number here, or in the layers before'
    ),
    r'symbolic tf.Tensor': "a function here is one of keras.ops, or a name in quotes: 'relu'",
    r'validation_split': 'it does not go with batches: LESSON.md, "When to stop?", shows what does',
    r'Expected `metrics` argument to be a list': "put square brackets: metrics=['accuracy']",
    r'no defined (in|out)put shape': 'the first layer must be Input(shape=(N_sequence,))',
    r'fully-defined': 'the Input above must be Input(shape=(N_sequence,))',
    r'already been configured': 'a network takes one Input: leave out the other',
    r"argument 'source'": 'put model and a dot before it: model.compile(',
    r'(method|function|type).* is not subscriptable': 'round brackets call it, ( ) in place of [ ]',
}
# The same, where the line holds a word.
REMEDIES_OF = {
    'Input(': {r'': 'write it Input(shape=(N_sequence,)), with this comma'},
    'Reshape(': {
        r'iterable|positional': 'put its second brackets: Reshape((N_sequence, 1))'
    },
    'from_tensor_slices(': {
        r'': 'this takes one pair, in its own brackets: ((X_train, Y_train))'
    },
    'model.add(': {
        r'positional argument|Only instances of|multiple values': (
            "a layer looks like model.add(Dense(16, activation='relu'))"
        )
    },
    'model.fit(': {
        r'missing 1 required positional argument|set_model': 'put brackets: ShowAndSave()',
        r'interpreted as an integer': 'how many is a whole number: epochs=N_epochs',
        r'same rank': 'the last layer is not that which check_network( ) saw: add none after that',
        r'incompatible|None values|same shape|[Ii]nvalid.* shape|empty set|should not be passed': (
            'the batches do not fit the network: they come from'
            ' from_tensor_slices((X_train, Y_train)) and .shuffle(N_train).batch(batch_size)'
        ),
    },
    "history['": {
        r'': 'the dictionary is history.history, with loss, accuracy and, if given, val_'
    },
    'history.history[': {
        r'': "it holds 'loss' and 'accuracy', and val_loss with validation_data"
    },
}
# How lines of train.py stand there, by a word of theirs.
LINES = {
    'Sequential': 'model = Sequential()',
    'read_command_line': 'read_command_line(globals())',
    'set_random_seed': 'set_random_seed(seed)',
    'np.empty': 'X_train = np.empty([N_train, N_sequence]), Y_train = np.empty(N_train)',
    'read_training_data': 'X_train[x,], Y_train[x] = read_training_data(x+1, N_sequence)',
    'read_test_data': 'X_test[x,], Y_test[x] = read_test_data(x+1, N_sequence)',
    'for x in': 'for x in range(N_train):',
    'check_network': 'check_network(model, X_train, Y_train, X_test, Y_test)',
    '.batch(': 'batches = sequences.shuffle(N_train).batch(batch_size)',
    'plot_history': 'plot_history(history)',
    'scores = ': 'scores = model.evaluate(X_test, Y_test, verbose=0)',
    'scores': 'print("Accuracy: %.2f%%" % (scores[1]*100))',
    'save_run': 'save_run(model, history, X_train, X_test, Y_test)',
}
# What does nothing without its brackets.
CALLED = {*LINES, 'prepare', 'show_plots', 'compile', 'fit', 'summary'}
# What a script of ours imports, by its name there.
IMPORTS = {
    'np': 'import numpy as np',
    'tf': 'import tensorflow as tf',
    'plt': 'import matplotlib.pyplot as plt',
    'keras': 'import keras',
    'os': 'import os',
}
# What train.py itself defines.
OWN = (
    'N_train',
    'N_test',
    'N_sequence',
    'N_epochs',
    'batch_size',
    'seed',
    'X_train',
    'Y_train',
)
OWN += ('X_test', 'Y_test', 'model', 'sequences', 'batches', 'history', 'scores')
MODULES = (
    'layers',
    'models',
    'optimizers',
    'losses',
    'metrics',
    'callbacks',
    'regularizers',
    'utils',
)
OURS = ('utilities', 'support.mistakes', 'support.runs', 'support.training')
# What is chosen by its name, and the module of Keras that holds those names.
KINDS = {'activation': 'activations', 'loss': 'losses', 'optimizer': 'optimizers'}
KINDS |= {'metric': 'metrics', 'initializer': 'initializers'}
USUAL = {'relu', 'tanh', 'sigmoid', 'softmax', 'linear', 'rmsprop', 'adam', 'sgd'}
# What other versions of Keras and TensorFlow, and other libraries, call what is called so here.
TODAY = {
    'predict_classes': 'predict(X_test) > 0.5, which gives True for class 1',
    'predict_proba': 'predict',
    'fit_generator': 'fit',
    'train': 'fit',
    'score': 'evaluate',
    'eval': 'evaluate',
    'append': 'add',
    'layers': 'keras.layers',
    'Session': 'nothing: what stands in the script is done at once',
    'set_random_seed': 'set_random_seed(seed), from keras.utils',
}


HERE = os.path.dirname(os.path.abspath(__file__))


def explain(error):
    """Return a DataError that says which line of the script to mend; None for other errors.

    None, so that there is a traceback, also for an error in a function of the script's own, or in
    one of ours that was called as it should be.
    """
    files = [
        (f.f_code.co_filename, f, n) for f, n in traceback.walk_tb(error.__traceback__)
    ]
    script = os.path.abspath(sys.argv[0])
    frames = [
        (f, number) for name, f, number in files if os.path.abspath(name) == script
    ]
    folder, name = os.path.split(script)
    other = folder == os.path.dirname(HERE) and not name.startswith(
        'train'
    )  # nobody edits that
    if not frames or not isinstance(error, Exception) or other:
        return None
    frame, number = frames[-1]
    line, variables = script_lines()[number], frame.f_globals
    if type(error).__module__.startswith('tensorflow') and (
        found := explain_file(variables)
    ):
        return found
    text = re.sub(r'\x1b\[\d+m|{{.*?}} ', '', str(error))
    where, said = f'line {number}, {line}', first_line(text)
    if isinstance(error, NameError):
        remedy, said = explain_name(error.name, number, variables), ''
    elif isinstance(error, ImportError):
        remedy, said = explain_import(error), ''
    elif (
        isinstance(error, MemoryError)
        or type(error).__name__ == 'ResourceExhaustedError'
    ):
        remedy = (
            'model.add(' in line
            and 'this layer is too large for the memory: take a smaller one'
        )
        said = ''
        if not remedy:
            return None
    elif unknown := re.search(
        r'Could not interpret (\w+).* identifier: ([^\n]*)', text
    ):
        kind, name = unknown.groups()
        remedy = explain_unknown(kind, name)
        # Keras looks at loss and metrics only in fit, but the name to mend stands in compile.
        where = line_with(
            {'loss': 'loss=', 'metric': 'metrics='}.get(kind, '\n'), where
        )
    else:
        remedy = explain_argument(text, line) or explain_attribute(error, line)
        remedy = (
            remedy or explain_keras(text, line, variables) or explain_line(error, line)
        )
    if remedy:
        return DataError(f'{where}: {remedy}' + f' ({said})' * bool(said))
    inside = os.path.relpath(files[-1][0], os.path.dirname(HERE))
    if (
        len(frames) > 1
        or inside == 'utilities.py'
        or inside.startswith('support' + os.sep)
    ):
        return None
    return DataError(f'{where}: {said or "this failed"} ({type(error).__name__})')


def first_line(text):
    """Return the line of an error's text that says what is wrong."""
    lines = [x.strip() for x in text.splitlines() if x.strip()] or ['']
    if (
        lines[0].startswith(('Exception encountered', 'Graph execution'))
        and len(lines) > 1
    ):
        pairs = itertools.pairwise(lines)  # TensorFlow names the node below that line
        return next((a for a, b in pairs if b.startswith('[[{{node')), lines[1]).rstrip(
            '.'
        )
    return lines[0].rstrip('.')


def where_in_keras(name):
    """Return which module of Keras has this name, as 'keras.layers'; None if none has."""
    modules = [f'keras.{module}' for module in MODULES]
    found = (
        x for x in [*modules, 'keras'] if hasattr(importlib.import_module(x), name)
    )
    return next(found, None)


def nearest(name, known, cutoff=0.6):
    """Return which of the known names is meant by name, in whatever case; None if none is."""
    plain = {x.replace('_', '').lower(): x for x in known}
    found = difflib.get_close_matches(
        re.sub(r'[\W_]', '', name).lower(), plain, 1, cutoff
    )
    return plain[found[0]] if found else None


def explain_name(name, number, variables):
    """Say what to do about a name that is not defined in line number of the script.

    variables are the script's globals().
    """
    lines = script_lines()
    if re.search(rf'\b{name}\s*==', lines[number]):
        return f'to give {name} a value, put one = sign'
    for known in variables:
        if known.lower() == name.lower():
            return f"there is no {name}: did you mean '{known}'?"
    if not re.search(rf'\b{name}\(', lines[number]):
        if name == 'accuracy' or any(name.lower() in names_of(kind) for kind in KINDS):
            return f"put the name in quotes: '{name.lower()}'"
    ours = {x: getattr(importlib.import_module(x), name, None) for x in OURS}
    module = next((x for x in ours if getattr(ours[x], '__module__', '') == x), None)
    module = module or where_in_keras(name)
    if module or name in IMPORTS:
        needed = IMPORTS.get(name, f'from {module} import {name}')
        return f'{name} is not imported: at the top, add the line {needed}'
    for i, line in enumerate(lines):
        if name == 'history' and 'model.fit(' in line and line[0] not in '#h':
            return f'line {i} makes it: begin it with history = model.fit('
        if re.match(rf'#\s*{name}\s*=[^=]', line):
            return f'line {i}, which defines {name}, is commented out: take away its #'
        if i > number and re.match(rf'{name}\s*=[^=]', line):
            return (
                f'{name} is defined only below, in line {i}: that line must come first'
            )
    loops = [re.match(r'for (\w+) in', line) for line in lines[number - 2 : number]]
    if len(name) == 1 and (counters := [loop[1] for loop in loops if loop]):
        return f'the loop above counts with {counters[-1]}, not with {name}: write one in both'
    known = [x for x in variables if x[0] != '_']
    if f'{name}(' in lines[number]:
        if hasattr(variables.get('model'), name):
            return f'put model and a dot before it: model.{name}('
        known = [x for x in known if callable(variables[x])] + dir(builtins)
    if similar := nearest(
        name, [*known, 'True', 'False'], 0.99 if name in OWN else 0.7
    ):
        return f"there is no {name}: did you mean '{similar}'?"
    if name in OWN:
        return (
            f'the line that defines {name} is missing: git diff shows what was changed'
        )
    return f'there is no {name}: give it a value above, or, if it is a text, put it in quotes'


def explain_import(error):
    """Say what to do about a module, or a name in one, that can't be imported."""
    name = re.search(r"cannot import name '(\w+)'", str(error))
    if not name:
        top, _, last = (error.name or '').rpartition('.')
        known = {'keras', 'tensorflow', 'numpy', 'matplotlib', *OURS}
        if top.startswith('keras') and (module := where_in_keras(last)):
            return f'write from {module} import {last}'
        if top:
            module = importlib.import_module('keras')
            known = [f'keras.{x}' for x in dir(module) if x.islower()]
        similar = nearest(error.name, known)
        if error.name == 'tf':
            return 'write keras in place of tf.keras'
        if similar:
            return f'did you mean {similar}?'
        return (
            f'there is no {error.name} here: leave it out, or python -m pip install it'
        )
    name = name[1]
    public = [x for x in dir(importlib.import_module(error.name)) if x[0] != '_']
    if module := where_in_keras(name):
        return f'write from {module} import {name}'
    if similar := nearest(name, public, 0.7):
        return f'did you mean {similar}?'
    return f'{error.name} has no {name}' + ', see https://keras.io/api' * (
        'keras' in error.name
    )


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


def names_of(kind):
    """Return the names that Keras has for a kind of thing: activation, loss, optimizer, metric."""
    names = dir(importlib.import_module(f'keras.{KINDS[kind]}'))
    names = {x.lower() if kind == 'optimizer' else x for x in names}
    names -= {'get', 'serialize', 'deserialize', 'legacy', 'schedules', 'optimizer'}
    return {x for x in names if x[0] != '_' and x.islower()}


def explain_unknown(kind, name):
    """Say what to do about a name that Keras does not know: of an activation, a loss, ..."""
    if given := re.search(r"<class '.*?(\w+)'>", name):
        return f'put brackets: {given[1]}()'
    if kind not in KINDS:
        return 'there is none of that name, see https://keras.io/api'
    known = names_of(kind)
    if similar := nearest(name, known & USUAL, 0.7) or nearest(name, known, 0.7):
        return f"did you mean '{similar}'?"
    for other in KINDS:
        if nearest(name, names_of(other), 1):
            return f'this is one of keras.{KINDS[other]}, but one of keras.{KINDS[kind]} is wanted'
    return f'there is no {kind} of that name, see https://keras.io/api/{KINDS[kind]}'


def explain_argument(text, line):
    """Say what to do about an argument, by the text of the error; None for other errors."""
    import keras

    found = re.search(
        r"(?P<call>\w+)(\.__init__)?\(\) got an unexpected keyword argument '(?P<name>\w+)'"
        r"|passed to (?P<layer>\w+): \{'(?P<other>\w+)'|not recognized: \{'(?P<last>\w+)'",
        text,
    )
    if not found:
        return None
    call = found['call'] or found['layer'] or re.findall(r'(\w+)\(', line)[-1]
    name = found['name'] or found['other'] or found['last']
    methods = {x: getattr(keras.Model, x) for x in ('compile', 'fit', 'evaluate')}
    known = {x: inspect.signature(methods[x]).parameters for x in methods}
    if name in ('lr', 'learning_rate') and not hasattr(keras.optimizers, call):
        optimizer = 'optimizer=keras.optimizers.RMSprop(learning_rate=0.01)'
        return f'the learning rate belongs to the optimizer: import keras, then {optimizer}'
    places = [keras.layers, keras.optimizers, sys.modules['__main__']]
    function = methods.get(call) or next(
        (getattr(x, call) for x in places if hasattr(x, call)), None
    )
    own = list(inspect.signature(function).parameters) if function else []
    if similar := nearest(
        {'lr': 'learning_rate', 'init': 'kernel_initializer'}.get(name, name), own
    ):
        return f'{call} has no argument {name}: did you mean {similar}=?'
    for method in methods:
        if call != method and (similar := nearest(name, known[method], 0.8)):
            return f'{similar}= belongs into model.{method}( )'
    if call == 'add':
        return "what describes a layer belongs into its brackets: Dense(16, activation='relu')"
    if longer := next((x for x in own if name in x), None):
        return f'{call} has no argument {name}: did you mean {longer}=?'
    return f'{call} has no argument {name}: leave it out'


def explain_attribute(error, line):
    """Say what to do about a name after a dot, or something else that is not there; or None."""
    if (
        not isinstance(error, AttributeError)
        or not error.name
        or f'.{error.name}' not in line
    ):
        return None
    if error.obj is None:
        return 'what stands before the last dot gives nothing: write the two in lines of their own'
    if error.name in TODAY:
        return f'today this is {TODAY[error.name]}'
    public = [name for name in dir(error.obj) if name[0] != '_']
    if similar := nearest(error.name, public, 0.8):
        return f'did you mean {similar}?'
    if module := where_in_keras(error.name):
        return f'write {error.name} alone, and at the top from {module} import {error.name}'
    return None


def explain_keras(text, line, variables):
    """Say what to do about an error with this text in a line of the script; or None."""
    if 'object is not callable' in text:
        for name in re.findall(r'(\w+)\(', line):
            if name in variables and not callable(variables[name]):
                return f'{name} is a value, {variables[name]!r:.20}: rename it, or pick with [ ]'
    if isinstance(variables.get('model'), type) and 'model.' in line:
        return f'{line_with("model = ", "model")}: it lacks its brackets, Sequential()'
    remedies = REMEDIES.copy()
    for word in REMEDIES_OF:
        if word in line:
            remedies |= REMEDIES_OF[word]
    return next((remedies[known] for known in remedies if re.search(known, text)), None)


def explain_line(error, line):
    """Say how a line stands in train.py, if it was changed, or what it fills; None for others."""
    kinds = TypeError, ValueError, AttributeError, LookupError
    if not isinstance(error, kinds) or not line_with('read_command_line', ''):
        return None
    word = next((word for word in LINES if word in line), None)
    if word and LINES[word] != line:
        return f'in train.py this line is {LINES[word]}'
    if word == 'scores':
        return f'it needs {LINES["scores = "]}'
    if word in ('read_training_data', 'read_test_data'):
        return (
            f'the arrays that it fills must be {LINES["np.empty"]} (for Test, N_test)'
        )
    return None
