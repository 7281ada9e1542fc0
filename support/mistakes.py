"""Mistakes in train.py that raise no error: it trains, but to a meaningless result.

check_network() ends the script for what is always wrong, and prints a line for what may
be intended. What Keras reports is left to Keras.
"""

import ast
import re
import sys

from support import result
from support.console import DataError, program_name
from support.explain import script_lines, strip_comment
from support.files import IDS_FILE, read_lines, read_values
from support.runs import Script, check_room

import numpy as np


def check_network(model, X_train, Y_train, X_test, Y_test):
    """Raise DataError for what can't give a meaningful result; print what may not.

    model is compiled. X_train is (n, N) and Y_train (n,), or (n, classes) as
    to_categorical makes it; X_test is (m, N) and Y_test as Y_train.

    Besides, it builds a network without Input, sets its steps_per_execution to at most
    an epoch, which fit reads at once, and begins the run with what it has seen.
    """
    script = Script.current or Script()
    script.notes = {}
    check_script(script)
    if not (model.layers and model.compiled):
        missing = 'model.compile( )' if model.layers else 'model.add( )'
        raise DataError(f'{missing} is missing above check_network( )')
    check_set('train', X_train, Y_train, script)
    check_set('test', X_test, Y_test, script)
    if np.size(Y_train[0]) != np.size(Y_test[0]):
        raise DataError(
            'one of Y_train and Y_test is one-hot: make both so, or neither'
        )
    if not model.built:
        model.build((None, *X_train.shape[1:]))
    most = max(result.class_numbers(Y).max() for Y in (Y_train, Y_test))
    check_model(model, max(2, int(most) + 1), np.size(Y_train[0]) > 1, script)
    is_scaled = any('Normalization' in type(layer).__name__ for layer in model.layers)
    if not is_scaled and (advice := suggest_scaling(X_train, program_name())):
        script.note(advice)
    # With more steps than an epoch has batches, Keras is slower, or does more of them
    # than steps_per_epoch says.
    batches = -(-len(X_train) // script.numbers.get('batch_size', 32))
    batches = 1 if 'steps_per_epoch' in ''.join(script_lines()) else batches
    model.steps_per_execution = min(model.steps_per_execution, batches)
    check_room(model)
    script.begin_run(model, X_train, Y_train, X_test, Y_test)


def with_line(pattern, why):
    """Return why, behind the number and code of the last line with this pattern."""
    for i, line in reversed([*enumerate(script_lines(), 1)]):
        if re.search(pattern, line.partition('#')[0]):
            return f'line {i}, {strip_comment(line).rstrip(",")}: {why}'
    return why


def check_script(script):
    """Raise DataError for a layer that no line adds; note numbers that none uses."""
    used = set()
    for node in ast.walk(ast.parse(''.join(script_lines()))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            layer = ast.unparse(node.value.func).rpartition('.')[2]
            if layer[:1].isupper() and hasattr(sys.modules['keras.layers'], layer):
                why = 'this layer is not in the network: put model.add( ) around it'
                raise DataError(f'line {node.lineno}, {ast.unparse(node)}: {why}')
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            used.add(node.id)
    for name in [x for x in script.numbers if x not in used]:
        script.note(with_line(rf'^{name} *=', f'no line below uses {name}'))


def check_validation(script, X_validation, Y_validation):
    """Print a line if validation sequences, or their objects, are trained with."""
    line, run = r'model\.fit\(|validation_(data|split)', script.run
    rows, trained = result.hash_rows(X_validation), {row for row, _ in run.given}
    same = sum(row in trained for row in rows)
    if same > len(rows) / 4:  # some coincide by chance
        why = f'fit also trains with {same} of {len(rows)} validation sequences'
        script.note(with_line(line, why))
    ids = read_lines('Train', IDS_FILE)
    objects = {row: x for (row, _), x in zip(run.train, ids, strict=False)}
    both = {objects.get(x) for x in rows} & {objects.get(x) for x in trained} - {None}
    if both:
        why = f'{len(both)} objects have rows in training and in validation'
        script.note(with_line(line, f'{why}: docs/own-data.md splits by object'))


def check_set(name, X, Y, script):
    """Raise DataError if X and Y are no set; note if they are not as in their files."""
    if np.ndim(X) < 2 or np.ndim(Y) not in (1, 2) or len(X) != len(Y):
        why = f'X_{name} must be [N_{name}, N_sequence] and Y_{name} [N_{name}]'
        found = f'{[*np.shape(X)]} and {[*np.shape(Y)]}'
        raise DataError(f'{why}; they are {found}: see the loop that fills them')
    X = X.reshape(len(X), -1)  # recurrent and convolutional layers may have more axes
    if Y.dtype.kind in 'OSU' or not ((Y >= 0) & (Y < 1e6) & (Y % 1 == 0)).all():
        raise DataError(f'Y_{name} must hold classes, 0, 1, 2, ...: check its loop')
    for row in np.flatnonzero(~np.isfinite(X).all(axis=1)):
        raise DataError(f'X_{name}, row {row}, holds NaN or infinity: check its loop')
    classes = result.class_numbers(Y)
    for i in np.unique(np.linspace(0, len(Y) - 1, 100, dtype=int)):
        try:
            x = read_values(f'{name.title()}/X_{i + 1}.dat', X.shape[1])
            (y,) = read_values(f'{name.title()}/Y_{i + 1}.dat', 1)
        except DataError:  # the data are not from these files
            return
        same_X = np.allclose(X[i], x, 1e-5, 0)
        if not (same_X or X[i].any()):
            raise DataError(
                f'X_{name}, row {i}, is all zeros: its loop does not fill it'
            )
        if not same_X or classes[i] != y:
            differs = f'{"Y" if same_X else "X"}_{name}, row {i}, differs from its file'
            script.note(f'{differs}: if you did not change it, check its loop', True)
            return


def suggest_scaling(X, script='train.py'):
    """Return what to add to the script for sequences X (n, N); None if nothing.

    The first 1,000 count. Measured with the workshop's waves: adding 5 or multiplying
    by 30 costs ten per cent and more, as do means that scatter by twice the standard
    deviation within a sequence.
    """
    X = np.array(X[:1000], float).reshape(len(X[:1000]), -1)
    mean, deviation, of_means = X.mean(), X.std(), X.mean(axis=1).std()
    within, layer = np.median(X.std(axis=1)), 'Normalization'
    if of_means > 2 * within > 0:
        why = f"The sequences' means scatter by {of_means:.3g}, the values in one by"
        why += f' {within:.3g}. Unless the means tell the classes apart,'
        layer = 'LayerNormalization'
    elif abs(mean) > 3 or not 0.001 < deviation < 10:
        why = f'The values have a mean of {mean:.3g} and a standard deviation of'
        why += f' {deviation:.3g}. A network learns best near 0 and 1:'
    else:
        return None
    return f'{why} add to {script} the {layer} that docs/own-data.md shows'


def check_model(model, N_classes, is_one_hot, script):
    """Raise DataError if metrics, last layer, loss and classes do not fit together."""
    metrics = model.get_compile_config()['metrics']
    if 'acc' not in str(list(metrics or [])[:1]):  # ['Accuracy'] is another one
        why = "the accuracy must be the first metric: metrics=['accuracy', ...]"
        raise DataError(with_line(r'\.compile\(|metrics ?=', why))
    learning = [x for x in model.layers if x.weights]
    if any(getattr(x, 'units', 0) == 1 for x in learning[:-1]):
        one = 'The layers below a layer of one neuron see only its number'
        script.note(f'{one}: did you mean to comment one out?')
    if any(getattr(x, 'target_shape', (0,))[0] == 1 for x in model.layers):
        why = 'this is a series of one step: write Reshape((N_sequence, 1))'
        script.note(with_line('Reshape', why))
    neurons, activation, loss, scores = result.describe_output(model)
    if not loss:  # one of one's own
        return
    if neurons == 1:
        layer_fits = activation != 'softmax' and N_classes == 2
        loss_fits = 'categorical' not in loss
    else:
        layer_fits = neurons >= N_classes and 'softmax' in (activation, scores)
        loss_fits = loss.startswith('sparse') != is_one_hot
    if not (layer_fits and loss_fits):
        sparse = '' if is_one_hot else 'sparse_'
        take = f"Dense({N_classes}, activation='softmax') with"
        take += f" loss='{sparse}categorical_crossentropy'"
        if N_classes == 2:
            take += " or Dense(1, activation='sigmoid') with loss='binary_crossentropy'"
        why = f'{neurons}-neuron {activation} with {loss} does not fit'
        line = 'loss ?=' if layer_fits else r'model\.add\('
        raise DataError(with_line(line, f'{why} {N_classes} classes: take {take}'))
    if loss == 'binary_crossentropy' and not scores:
        why = 'without a sigmoid, outputs can leave 0 to 1 and stop training'
        script.note(with_line(r'model\.add\(', why))
