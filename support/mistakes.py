"""Mistakes in train.py that make no error: it trains, but to a meaningless result.

check_network() ends the script for what is wrong for everybody, and prints a line for
what may be meant. It names the line to mend where it is certain which one that is.
"""

import ast
import itertools
import json
import re
import sys

from support import runs
from support.console import DataError, program
from support.explain import code, script_lines

import numpy as np

from utilities import read_test_data, read_training_data


def check_network(model, X_train, Y_train, X_test, Y_test):
    """Raise DataError for what can't give a meaningful result; print what may not.

    model is compiled. X_train is (n, N), or an iterator over sequences (N,); Y_train is
    (n,), X_test (m, N), Y_test (m,).
    """
    check_script(ast.parse(''.join(script_lines())))
    if not (model.layers and model.compiled):
        what = 'model.compile( )' if model.layers else 'model.add( )'
        raise DataError(f'{what} is missing above check_network( )')
    if not hasattr(X_train, '__next__'):  # which train_large.py reads one by one
        check_set('train', X_train, Y_train, read_training_data)
    check_set('test', X_test, Y_test, read_test_data)
    model.build((None, X_test.shape[1]))
    lines = lines_of_layers(model)
    check_layers(model, lines)
    check_output(model, int(max(2, Y_train.max() + 1, Y_test.max() + 1)), lines[-1])
    if Y_train.min() == Y_train.max():
        print(f'All training sequences are of class {Y_train[0]:.0f}: nothing to learn')
    if not any('Normalization' in type(layer).__name__ for layer in model.layers):
        check_scale(X_train)
    runs.try_to_save(model)
    runs.begin_fit()


# ------------------------------------------------------------------ the script


def at(number, why):
    """Return 'line NUMBER, its code: why'; why alone if it isn't known which line."""
    if not number:
        return why
    return f'line {number}, {code(script_lines()[number - 1])}: {why}'


def line_with(pattern):
    """Return the number of the script's last line with this pattern; None without."""
    lines = [line.partition('#')[0] for line in script_lines()]
    found = [i for i, line in enumerate(lines, 1) if re.search(pattern, line)]
    return found[-1] if found else None


def check_script(tree):
    """Raise DataError for lines of the script (its ast) that do nothing or harm."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and (why := without_effect(node.value)):
            raise DataError(at(node.lineno, why))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == 'model.fit':
            check_fit(node, tree)
    read, check = line_with(r'^read_command_line\('), line_with(r'^check_network\(')
    if check and not read:
        raise DataError('put read_command_line(globals()) below the numbers at the top')
    changed = line_with(r'^model\.(add|compile)\(')
    if check and changed and changed > check:
        raise DataError(at(changed, 'this must stand above check_network( )'))
    second = r'^model *=.*Sequential\('
    if re.search(rf'(?ms)^model\.add\(.*{second}', ''.join(script_lines())):
        print(at(line_with(second), 'the layers above this are not in the network'))
    numbers = runs.facts.get('numbers', {})
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            name, value = ast.unparse(node.targets[0]), node.value.value
            if read and node.lineno > read and numbers.get(name, value) != value:
                why = f'put it above read_command_line( ), which says {numbers[name]}'
                raise DataError(at(node.lineno, why))
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    for name in numbers:  # in the order of the script
        number = line_with(rf'^{name} *=')
        if name not in used and number:
            print(at(number, f'no line below uses {name}'))


def without_effect(value):
    """Return why a value alone on a line does nothing; None if it does something."""
    if isinstance(value, ast.Compare):
        return 'this only compares: a single = gives a value'
    if isinstance(value, ast.Name | ast.Attribute):
        return 'this does nothing: to call it, put brackets ( ) behind it'
    name = ast.unparse(value.func) if isinstance(value, ast.Call) else ''
    kind = name.rpartition('.')[2]
    if kind[:1].isupper() and hasattr(sys.modules['keras.layers'], kind):
        return 'this layer is in no network: put model.add( ) around it'
    return None


def check_fit(fit, tree):
    """Raise DataError if a call of fit trains with the test sequences."""
    used = {}  # what it trains with, and in which line
    for value in [*fit.args, *(x.value for x in fit.keywords if x.arg in ('x', 'y'))]:
        used |= dict.fromkeys(names_in(value), fit.lineno)
    arrays = {'X_train', 'Y_train', 'X_test', 'Y_test'}
    for node in reversed(tree.body):  # batches are made of sequences, these of arrays
        if isinstance(node, ast.Assign) and names_in(*node.targets) & {*used} - arrays:
            used |= dict.fromkeys(names_in(node.value) - {*used}, node.lineno)
    for name in used.keys() & {'X_test', 'Y_test'}:
        why = f'this trains with {name}, which then tests nothing'
        raise DataError(at(used[name], why))
    for option in fit.keywords:
        if option.arg == 'validation_data' and 'X_test' in names_in(option.value):
            why = 'what you choose by the test sequences, they can no longer test'
            print(at(option.value.lineno, why))


def names_in(*nodes):
    return {x.id for node in nodes for x in ast.walk(node) if isinstance(x, ast.Name)}


# ------------------------------------------------------------------ the data


def check_set(name, X, Y, read):
    """Raise DataError if no loop has filled X (n, N) and Y (n,).

    Prints a line if they are not what read gives, one of the functions of utilities.
    """
    if np.ndim(X) != 2 or np.ndim(Y) != 1 or len(X) != len(Y):
        why = f'X_{name} must be [N_{name}, N_sequence] and Y_{name} [N_{name}];'
        why += f' they are {[*np.shape(X)]} and {[*np.shape(Y)]}'
        array = 'X' if np.ndim(X) != 2 else 'Y' if np.ndim(Y) != 1 else '[XY]'
        raise DataError(at(line_with(rf'\b{array}_{name}\b[^[(]*=[^=]'), why))
    if Y.dtype.kind not in 'fiub' or not ((Y >= 0) & (Y < 1e6) & (Y % 1 == 0)).all():
        why = f'Y_{name} holds what is not a class, 0, 1, 2, ...: see its loop'
        raise DataError(why)
    for i in np.unique(np.linspace(0, len(Y) - 1, 100, dtype=int)):
        try:
            x, y = read(i + 1, X.shape[1])
        except DataError:  # the data are not from these files
            return
        same_X = np.allclose(X[i], x, 1e-5, 0)
        if not same_X and not 1e-37 < np.abs(X[i]).max() < 3.4e38:  # as np.empty leaves
            raise DataError(f'X_{name}, row {i}: not filled by the loop that reads it')
        if not same_X or Y[i] != y:
            differs = f'{"Y" if same_X else "X"}_{name}, row {i}, is not as in its file'
            print(f'{differs}: unless you changed it on purpose, see its loop')
            return


def check_scale(X, script=None):
    """Print a line if the first 1,000 sequences X (n, N) lie where a network fails.

    Measured with the workshop's waves: adding 5 or multiplying by 30 costs ten per cent
    and more, as do means that scatter by twice the deviation within a sequence.
    """
    values = np.array(list(itertools.islice(X, 1000)))
    mean, spread = values.mean(), values.std()
    within, of_means = np.median(values.std(axis=1)), values.mean(axis=1).std()
    if of_means > 2 * within > 0:
        why = f'The means of the sequences have a standard deviation of {of_means:.3g},'
        why += f' the values within a sequence {within:.3g}. Unless the means tell the'
        why += ' classes apart, add the LayerNormalization'
    elif abs(mean) > 3 or not 0.001 < spread < 10:
        why = f'The values have a mean of {mean:.3g} and a standard deviation of'
        why += f' {spread:.3g}. A network learns best near 0 and 1: add the'
        why += ' Normalization'
    else:
        return
    print(f'{why} that docs/own-data.md shows to {script or program()}')


# ------------------------------------------------------------------ the network


def lines_of_layers(model):
    """Return the script's line of each layer; None for each if that isn't certain."""
    kinds = [type(layer).__name__ for layer in model.layers]
    found = []
    for number, line in enumerate(script_lines(), 1):
        called = re.findall(r'(\w+)\(', line.partition('#')[0])
        found += [(number, kind) for kind in called if kind in kinds]
    found = found[-len(kinds) :]
    certain = [kind for _, kind in found] == kinds
    return [number for number, _ in found] if certain else [None] * len(kinds)


def check_layers(model, lines):
    """Raise DataError for what can't be saved; print which layer loses what came in."""
    parts = [layer.get_config for layer in model.layers] + [model.get_compile_config]
    for part, line in zip(parts, [*lines, line_with(r'\.compile\(')], strict=True):
        try:
            saved = json.loads(json.dumps(part()))
        except Exception as error:  # of many kinds
            why = f'this cannot be saved ({error}): take what Keras has, by its name'
            raise DataError(at(line, why)) from None
    if "'accuracy'" not in str(list(saved['metrics'] or [])[:1]):
        why = "the first metric must be the accuracy: metrics=['accuracy']"
        raise DataError(at(line_with('metrics ?=') or line, why))
    for i, layer in enumerate(model.layers):
        later = any(x.weights for x in model.layers[i + 1 :])
        if getattr(layer, 'units', 0) == 1 and later:
            why = 'the layers below see the one number of this neuron only'
            print(at(lines[i], why))


def check_output(model, N_classes, line):
    """Raise DataError if last layer, loss and number of classes don't fit."""
    from keras import losses

    if 'Dropout' in type(model.layers[-1]).__name__:
        raise DataError(at(line, 'this must stand above the last Dense'))
    if len(model.output_shape) != 2:
        raise DataError(at(line, 'an answer for each time: put Flatten() before this'))
    loss = losses.get(model.loss)
    name = getattr(loss, 'name', None) or getattr(loss, '__name__', '')
    if not hasattr(losses, name):  # a loss of one's own, or none
        return
    neurons, activation = model.output_shape[1], runs.last_activation(model)
    logits = getattr(loss, 'get_config', dict)().get('from_logits', False)
    if neurons == 1:
        layer_fits = activation != 'softmax' and N_classes == 2
        loss_fits = 'categorical' not in name and not logits
    else:
        fitting = 'linear' if logits else 'softmax'
        layer_fits = activation == fitting and neurons >= N_classes
        loss_fits = name == 'sparse_categorical_crossentropy'
    if not (layer_fits and loss_fits):
        take = f"Dense({N_classes}, activation='softmax') with"
        take += " loss='sparse_categorical_crossentropy'"
        if N_classes == 2:
            take += " or Dense(1, activation='sigmoid') with loss='binary_crossentropy'"
        why = f'{neurons} {activation} and {name} do not fit {N_classes} classes'
        mend = line_with('loss ?=') if layer_fits else line
        raise DataError(at(mend, f'{why}: take {take}'))
    if 'sigmoid' not in activation and name == 'binary_crossentropy':
        why = 'without a sigmoid this can leave 0 to 1, and training may stop'
        print(at(line, why))
