"""Mistakes in train.py that make no error: it trains, but to a meaningless result.

check_network() ends the script for what is wrong for everybody, and prints a line for
what may be meant. What Keras says by itself is left to Keras.
"""

import ast
import re
import sys
import traceback

from support.console import DataError, program_name
from support.explain import script_lines, strip_comment
from support.files import read_sequence
from support.runs import (
    check_room,
    class_numbers,
    current_run,
    find_duplicates,
    last_activation,
)
from support.sets import find_extent

import numpy as np


def check_network(model, X_train, Y_train, X_test, Y_test):
    """Raise DataError for what can't give a meaningful result; print what may not.

    model is compiled. X_train is (n, N) and Y_train (n,), or (n, classes) as
    to_categorical makes it; X_test is (m, N) and Y_test as Y_train.
    """
    run = current_run()
    check_script(run)
    if not (model.layers and model.compiled):
        missing = 'model.compile( )' if model.layers else 'model.add( )'
        raise DataError(f'{missing} is missing above check_network( )')
    check_set('train', X_train, Y_train, run)
    check_set('test', X_test, Y_test, run)
    if not model.built:
        model.build((None, *X_train.shape[1:]))
    classes, classes_test = class_numbers(Y_train), class_numbers(Y_test)
    N_classes = int(max(1, classes.max(), classes_test.max())) + 1
    check_model(model, N_classes, Y_train.size > len(Y_train), run)
    for y in np.setdiff1d(classes_test, classes):
        run.note(f'No training sequence is of class {y:.0f}, so it cannot be learnt')
    X, kinds = X_train[:1000], [type(layer).__name__ for layer in model.layers]
    if kinds[0] in ('Normalization', 'LayerNormalization'):
        X, kinds = np.array(model.layers[0](X)), kinds[1:]  # as the others see it
    if not any('Normalization' in kind for kind in kinds):
        run.note(suggest_scaling(X, program_name()))
    run.X_test = X_test
    update_numbers(run, N_train=len(X_train), N_test=len(X_test))
    # More steps than an epoch has batches take longer, and more than steps_per_epoch
    # would be done all the same.
    batches = -(-len(X_train) // run.facts['numbers'].get('batch_size', 32))
    batches = 1 if 'steps_per_epoch' in ''.join(script_lines()) else batches
    model.steps_per_execution = min(model.steps_per_execution, batches)
    check_room(model)
    run.describe_data(N_train=len(X_train), N_test=len(X_test))
    run.facts['extent'] = find_extent(X_train, run.facts['table'])


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


def check_script(run):
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
    for name in run.facts['numbers']:
        if name not in used:
            run.note(with_line(rf'^{name} *=', f'no line below uses {name}'))


def update_numbers(run, **numbers):
    """Let a run hold the numbers of the script as they are now, or as given here.

    A line below read_command_line may have changed one, or there were fewer sequences.
    """
    values = vars(sys.modules['__main__']) | numbers
    for name, above in run.facts['numbers'].items():
        value = values.get(name)
        if isinstance(value, int | float | str) and value != above:
            run.facts['numbers'][name] = value
            run.note(f'{name} is {value} now, and not the {above} from above')


# ------------------------------------------------------------------ the fit


def find_fit(model):
    """Return the arguments of the model.fit( ) that is going on, {name: value}."""
    for frame, _ in traceback.walk_stack(None):
        if frame.f_code.co_name == 'fit' and frame.f_locals.get('self') is model:
            return dict(frame.f_locals)
    return {}  # a loop of one's own that calls our callback


def check_fit(model, run):
    """Add the sequences of a fit that begins to run.X_fits.

    Prints a line for what may not be meant. Raises DataError if they are of the test.
    """
    fit = find_fit(model)
    X, validation = fit.get('x'), fit.get('validation_data')
    if not isinstance(X, np.ndarray):
        run.note('What fit trains with is no array: it is not compared with the test')
        return
    run.X_fits = [*run.X_fits, X]
    used = {'N_epochs': fit['epochs'], 'batch_size': fit['batch_size'] or 32}
    for name, value in used.items():
        wanted = run.facts['numbers'].get(name, value)
        if wanted != value:
            name = name.removeprefix('N_')
            why = f'{name} is {value} here, at the top of the script {wanted}'
            run.note(with_line(r'model\.fit\(', why))
    if run.X_test is not None and np.shares_memory(X, run.X_test):
        why = 'this trains with X_test, which then tests nothing'
        raise DataError(with_line(r'model\.fit\(', why))
    if isinstance(validation, tuple | list) and isinstance(validation[0], np.ndarray):
        check_validation(X, *validation[:2], run)


def check_validation(X, X_validation, Y_validation, run):
    """Print a line if a fit with X is validated by what tells nothing new."""
    line = r'model\.fit\(|validation_(data|split)'
    if run.X_test is not None and find_duplicates(run.X_test, X_validation).all():
        why = 'what you choose by the test sequences, they can no longer test'
        run.note(with_line(line, why))
    N, same = len(X_validation), find_duplicates(X, X_validation).sum()
    if same > N / 4:  # some coincide by chance
        why = f'{same} of the {N} validation sequences are also trained with'
        run.note(with_line(line, why))
    if len(np.unique(class_numbers(Y_validation))) == 1:
        why = 'all of these are of one class: validation_split takes the last ones'
        run.note(with_line(line, why))


# ------------------------------------------------------------------ the data


def check_set(name, X, Y, run):
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
    for i in range(0, len(X), 4096):  # X may be larger than the memory
        finite = np.isfinite(X[i : i + 4096]).all(axis=1)
        if not finite.all():
            row = i + finite.argmin()
            raise DataError(f'X_{name}, row {row}: holds NaN or infinity')
    classes = class_numbers(Y)
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
            run.note(f'{differs}: unless you changed it on purpose, see its loop')
            return


def suggest_scaling(X, script='train.py'):
    """Return what to add to the script for sequences X (n, N); None if nothing.

    The first 1,000 count. Measured with the workshop's waves: adding 5 or multiplying
    by 30 costs ten per cent and more, as do means that scatter by twice the standard
    deviation within a sequence.
    """
    values = np.array(X[:1000], float)
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
        scales, axis = values.std(axis=0), ''
        if scales.max() > 30 * scales.min():
            axis = ', with axis=-1 if each column is a quantity of its own,'
        return (
            f'The values have a mean of {mean:.3g} and a standard deviation of'
            f' {deviation:.3g}. A network learns best near 0 and 1: add the'
            f' Normalization{axis} that docs/own-data.md shows to {script}'
        )
    return None


# ------------------------------------------------------------------ the network


def check_model(model, N_classes, is_one_hot, run):
    """Raise DataError if metrics, last layer, loss and how Y holds classes don't fit.

    Prints a line for what a network may lose.
    """
    from keras import losses

    metrics = model.get_compile_config()['metrics']
    if 'acc' not in str(list(metrics or [])[:1]):  # ['Accuracy'] is another one
        why = "the accuracy must be the first metric: metrics=['accuracy', ...]"
        raise DataError(with_line(r'\.compile\(|metrics ?=', why))
    last = r'model\.add\('
    if len(model.output_shape) != 2:
        why = 'an answer for each time: put Flatten() before this'
        raise DataError(with_line(last, why))
    learning = [layer for layer in model.layers if layer.weights]
    if any(getattr(layer, 'units', 0) == 1 for layer in learning[:-1]):
        one = 'A layer of one neuron has others below it, which see this number only'
        run.note(f'{one}: was one of them to be commented out?')
    loss = losses.get(model.loss)
    name = getattr(loss, 'name', None) or getattr(loss, '__name__', '')
    if not hasattr(losses, name):  # a loss of one's own, or none
        return
    neurons, activation = model.output_shape[1], last_activation(model)
    logits = getattr(loss, 'get_config', dict)().get('from_logits', False)
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
        run.note(with_line(last, why))
