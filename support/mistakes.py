"""Mistakes in train.py that make no error: it trains, but to a meaningless result.

check_network() ends the script for what is wrong for everybody, and prints a line for
what may be meant. What Keras says by itself is left to Keras.
"""

import ast
import re
import sys

from support import result
from support.console import DataError, program_name
from support.explain import script_lines, strip_comment
from support.files import IDS_FILE, read_lines, read_sequence
from support.runs import check_room, current_script

import numpy as np


def check_network(model, X_train, Y_train, X_test, Y_test):
    """Raise DataError for what can't give a meaningful result; print what may not.

    model is compiled. X_train is (n, N) and Y_train (n,), or (n, classes) as
    to_categorical makes it; X_test is (m, N) and Y_test as Y_train.

    Besides, it builds a network without Input, sets its steps_per_execution to at most
    an epoch, which fit reads at once, and begins the run with what it has seen.
    """
    script = current_script()
    script.notes = {}
    check_script(script)
    if not (model.layers and model.compiled):
        missing = 'model.compile( )' if model.layers else 'model.add( )'
        raise DataError(f'{missing} is missing above check_network( )')
    check_set('train', X_train, Y_train, script)
    check_set('test', X_test, Y_test, script)
    if np.size(Y_train[0]) != np.size(Y_test[0]):
        raise DataError('one of Y_train and Y_test is one-hot: make both so, or none')
    if not model.built:
        model.build((None, *X_train.shape[1:]))
    most = max(result.class_numbers(Y).max() for Y in (Y_train, Y_test))
    check_model(model, max(2, int(most) + 1), np.size(Y_train[0]) > 1, script)
    X, kinds = X_train[:1000], [type(layer).__name__ for layer in model.layers]
    if kinds[0] in ('Normalization', 'LayerNormalization'):
        X, kinds = np.array(model.layers[0](X)), kinds[1:]  # as the others see it
    if not any('Normalization' in kind for kind in kinds):
        script.note(suggest_scaling(X, program_name()))
    # More steps than an epoch has batches take longer, and more than steps_per_epoch
    # would be done all the same.
    batches = -(-len(X_train) // script.numbers.get('batch_size', 32))
    batches = 1 if 'steps_per_epoch' in ''.join(script_lines()) else batches
    model.steps_per_execution = min(model.steps_per_execution, batches)
    check_room(model)
    script.begin_run(model, X_train, Y_train, X_test, Y_test)


# ------------------------------------------------------------------ the script


def with_line(pattern, why):
    """Return 'line NUMBER, its code: why' of the script's last line with this pattern.

    Return why alone if there is none.
    """
    lines = [line.partition('#')[0] for line in script_lines()]
    found = [i for i, line in enumerate(lines, 1) if re.search(pattern, line)]
    if not found:
        return why
    return f'line {found[-1]}, {strip_comment(script_lines()[found[-1] - 1])}: {why}'


def check_script(script):
    """Raise DataError for a layer of the script that is not added to the network.

    Prints a line for each number at the top that no line of the script uses.
    """
    nodes = [*ast.walk(ast.parse(''.join(script_lines())))]
    for node in nodes:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            layer = ast.unparse(node.value.func).rpartition('.')[2]
            if layer[:1].isupper() and hasattr(sys.modules['keras.layers'], layer):
                why = 'this layer is in no network: put model.add( ) around it'
                raise DataError(f'line {node.lineno}, {ast.unparse(node)}: {why}')
    names = [node for node in nodes if isinstance(node, ast.Name)]
    used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    for name in script.numbers:
        if name not in used:
            script.note(with_line(rf'^{name} *=', f'no line below uses {name}'))


def check_validation(script, X_validation, Y_validation):
    """Print a line if validation tells nothing new, or tells it of one class alone."""
    line, run = r'model\.fit\(|validation_(data|split)', script.run
    rows = result.hash_rows(X_validation)
    trained = {row for row, _ in run.given}
    same = sum(row in trained for row in rows)
    if same > len(rows) / 4:  # some coincide by chance
        why = f'{same} of the {len(rows)} validation sequences are also trained with'
        script.note(with_line(line, why))
    if len(np.unique(result.class_numbers(Y_validation))) == 1:
        why = 'all of these are of one class: validation_split takes the last ones'
        script.note(with_line(line, why))
    trained_with = zip(
        (row for row, _ in run.train), read_lines('Train', IDS_FILE), strict=False
    )
    objects = dict(trained_with)
    both = {objects.get(x) for x in rows} & {objects.get(x) for x in trained}
    if both - {None}:
        why = f'{len(both - {None})} objects have rows in training and in validation'
        script.note(with_line(line, f'{why}: docs/own-data.md splits by object'))


# ------------------------------------------------------------------ the data


def check_set(name, X, Y, script):
    """Raise DataError if no loop has filled X (n, N) and Y (n,), or (n, classes).

    Prints a line if they are not as in their files.
    """
    if np.ndim(X) > 2:  # as recurrent and convolutional layers take it
        X = X.reshape(len(X), -1)
    if np.ndim(X) != 2 or np.ndim(Y) not in (1, 2) or len(X) != len(Y):
        raise DataError(
            f'X_{name} must be [N_{name}, N_sequence] and Y_{name} [N_{name}];'
            f' they are {[*np.shape(X)]} and {[*np.shape(Y)]}'
        )
    if not ((Y >= 0) & (Y < 1e6) & (Y % 1 == 0)).all():
        why = 'holds what is not a class, 0, 1, 2, ...: see its loop'
        raise DataError(f'Y_{name} {why}')
    for row in np.flatnonzero(~np.isfinite(X).all(axis=1)):
        raise DataError(f'X_{name}, row {row}: holds NaN or infinity')
    classes = result.class_numbers(Y)
    for i in np.unique(np.linspace(0, len(Y) - 1, 100, dtype=int)):
        try:
            x, y = read_sequence(name.title(), i + 1, X.shape[1])
        except DataError:  # the data are not from these files
            return
        same_X = np.allclose(X[i], x, 1e-5, 0)
        if not same_X and np.abs(X[i]).max() == 0:
            raise DataError(f'X_{name}, row {i}: not filled by the loop that reads it')
        if not same_X or classes[i] != y:
            differs = f'{"Y" if same_X else "X"}_{name}, row {i}, is not as in its file'
            why = f'{differs}: unless you changed it on purpose, see its loop'
            script.note(why, limits=True)
            return


def suggest_scaling(X, script='train.py'):
    """Return what to add to the script for sequences X (n, N); None if nothing.

    The first 1,000 count. Measured with the workshop's waves: adding 5 or multiplying
    by 30 costs ten per cent and more, as do means that scatter by twice the standard
    deviation within a sequence.
    """
    values = np.array(X[:1000], float).reshape(len(X[:1000]), -1)
    mean, deviation = values.mean(), values.std()
    within, of_means = np.median(values.std(axis=1)), values.mean(axis=1).std()
    if of_means > 2 * within > 0:
        return (
            f'The means of the sequences have a standard deviation of {of_means:.3g},'
            f' the values within a sequence {within:.3g}. Unless the means tell the'
            ' classes apart, add the LayerNormalization that docs/own-data.md shows'
            f' to {script}'
        )
    if abs(mean) > 3 or not 0.001 < deviation < 10:
        return (
            f'The values have a mean of {mean:.3g} and a standard deviation of'
            f' {deviation:.3g}. A network learns best near 0 and 1: add the'
            f' Normalization that docs/own-data.md shows to {script}'
        )
    return None


# ------------------------------------------------------------------ the network


def check_model(model, N_classes, is_one_hot, script):
    """Raise DataError if metrics, last layer, loss and how Y holds classes don't fit.

    Prints a line for what a network may lose.
    """
    metrics = model.get_compile_config()['metrics']
    if 'acc' not in str(list(metrics or [])[:1]):  # ['Accuracy'] is another one
        why = "the accuracy must be the first metric: metrics=['accuracy', ...]"
        raise DataError(with_line(r'\.compile\(|metrics ?=', why))
    last, learning = r'model\.add\(', [x for x in model.layers if x.weights]
    if any(getattr(layer, 'units', 0) == 1 for layer in learning[:-1]):
        one = 'A layer of one neuron has others below it, which see this number only'
        script.note(f'{one}: was one of them to be commented out?')
    if any(getattr(layer, 'target_shape', (0,))[0] == 1 for layer in model.layers):
        why = 'a series of one step: a recurrent layer needs Reshape((N_sequence, 1))'
        script.note(with_line('Reshape', why))
    name, logits = result.loss_name(model), result.has_logits(model)
    if not name:  # a loss of one's own
        return
    neurons, activation = model.output_shape[-1], result.last_activation(model)
    if neurons == 1:
        layer_fits = activation != 'softmax' and N_classes == 2
        loss_fits = 'categorical' not in name
    else:
        layer_fits = neurons >= N_classes and (activation == 'softmax' or logits)
        loss_fits = name.startswith('sparse') != is_one_hot
    if not (layer_fits and loss_fits):
        sparse = '' if is_one_hot else 'sparse_'
        take = f"Dense({N_classes}, activation='softmax') with"
        take += f" loss='{sparse}categorical_crossentropy'"
        if N_classes == 2:
            take += " or Dense(1, activation='sigmoid') with loss='binary_crossentropy'"
        why = f'{neurons} {activation} and {name} do not fit {N_classes} classes'
        line = 'loss ?=' if layer_fits else last
        raise DataError(with_line(line, f'{why}: take {take}'))
    if 'sigmoid' not in activation and name == 'binary_crossentropy' and not logits:
        why = 'without a sigmoid this can leave 0 to 1, and training may stop'
        script.note(with_line(last, why))
