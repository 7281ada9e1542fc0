"""Mistakes in train.py that make no error: it trains, but to a meaningless result.

check_network() ends the script for what is wrong for everybody, and prints a line for
what may be meant. It names the line to mend where it is certain which one that is.
"""

import ast
import inspect
import re
import sys

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

import numpy as np


def check_network(model, X_train, Y_train, X_test, Y_test):
    """Raise DataError for what can't give a meaningful result; print what may not.

    model is compiled. X_train is (n, N) and Y_train (n,), or (n, classes) as
    to_categorical makes it; X_test is (m, N) and Y_test as Y_train.
    """
    run = current_run()
    tree = ast.parse(''.join(script_lines()))
    for check in check_statements, check_order, check_numbers_used:
        check(tree, run)
    if not (model.layers and model.compiled):
        missing = 'model.compile( )' if model.layers else 'model.add( )'
        raise DataError(f'{missing} is missing above check_network( )')
    check_set('train', X_train, Y_train, run)
    check_set('test', X_test, Y_test, run)
    if Y_train.ndim != Y_test.ndim:
        raise DataError('Y_train and Y_test must be alike: to_categorical for both')
    check_input(model, X_train, X_test)
    lines = find_layers(model)
    check_layers(model, lines, run)
    Y = np.concatenate([class_numbers(Y_train), class_numbers(Y_test)])
    is_one_hot = Y_train.size > len(Y_train)
    check_output(model, int(max(2, Y.max() + 1)), is_one_hot, lines[-1], run)
    for y in np.setdiff1d(Y[len(Y_train) :], Y[: len(Y_train)]):
        run.note(f'No training sequence is of class {y:.0f}, so it cannot be learnt')
    if not any('Normalization' in type(layer).__name__ for layer in model.layers):
        run.note(suggest_scaling(X_train, program_name()))
    run.X_test = X_test
    batches = -(-len(X_train) // run.facts['numbers'].get('batch_size', 32))
    model.steps_per_execution = min(model.steps_per_execution, batches)
    if find_line('steps_per_epoch') and model.steps_per_execution > 1:
        model.steps_per_execution = 1
        why = 'with this, steps_per_execution is 1, or fit would take more steps'
        run.note(with_line(find_line('steps_per_epoch'), why))
    check_room(model)
    run.describe_data(N_train=len(X_train), N_test=len(X_test))


# ------------------------------------------------------------------ the script


def with_line(number, why):
    """Return 'line NUMBER, its code: why'; why alone if it isn't known which line."""
    if not number:
        return why
    return f'line {number}, {strip_comment(script_lines()[number - 1])}: {why}'


def find_line(pattern):
    """Return the number of the script's last line with this pattern; None without."""
    lines = [line.partition('#')[0] for line in script_lines()]
    found = [i for i, line in enumerate(lines, 1) if re.search(pattern, line)]
    return found[-1] if found else None


def check_order(tree, run):
    """Raise DataError for lines of the script (its ast) that come too late to count."""
    read, check = find_line(r'^read_command_line\('), find_line(r'^check_network\(')
    if check and not read:
        raise DataError('put read_command_line(globals()) below the numbers at the top')
    changed = find_line(r'^model\.(add|compile)\(')
    if check and changed and changed > check:
        raise DataError(with_line(changed, 'this must stand above check_network( )'))
    numbers = run.facts['numbers']
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            name, value = ast.unparse(node.targets[0]), node.value.value
            if read and node.lineno > read and numbers.get(name, value) != value:
                why = f'put it above read_command_line( ), which says {numbers[name]}'
                raise DataError(with_line(node.lineno, why))
    second = r'^model *=.*Sequential\('
    if re.search(rf'(?ms)^model\.add\(.*{second}', ''.join(script_lines())):
        why = 'the layers above this are not in the network'
        run.note(with_line(find_line(second), why))


def check_numbers_used(tree, run):
    """Print a line for each number at the top that no line of the script uses."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    for name in run.facts['numbers']:  # in the order of the script
        number = find_line(rf'^{name} *=')
        if name not in used and number:
            run.note(with_line(number, f'no line below uses {name}'))


def check_statements(tree, run):
    """Check each value that stands alone on a line of the script."""
    values = vars(sys.modules['__main__'])
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            check_statement(node, values, run)


def check_statement(statement, values, run):
    """Raise DataError if a value alone on a line shows that something was forgotten."""
    node, number = statement.value, statement.lineno
    if isinstance(node, ast.Compare):
        why = 'this only compares: a single = gives a value'
        raise DataError(with_line(number, why))
    if isinstance(node, ast.Name | ast.Attribute):
        owner, _, name = ast.unparse(node).rpartition('.')
        value = getattr(values.get(owner), name, None) if owner else values.get(name)
        module = getattr(value, '__module__', None) or ''
        is_ours = module.partition('.')[0] in ('support', 'utilities')
        if inspect.isroutine(value) and (is_ours or owner == 'model'):
            why = 'this does nothing: to call it, put brackets ( ) behind it'
            raise DataError(with_line(number, why))
        run.note(with_line(number, 'a script prints only what print( ) is around'))
    if isinstance(node, ast.Call):
        kind = ast.unparse(node.func).rpartition('.')[2]
        if kind[:1].isupper() and hasattr(sys.modules['keras.layers'], kind):
            why = 'this layer is in no network: put model.add( ) around it'
            raise DataError(with_line(number, why))


def find_fit(model):
    """Return the arguments of the model.fit( ) that is going on, {name: value}."""
    frame = inspect.currentframe()
    while frame:
        if frame.f_code.co_name == 'fit' and frame.f_locals.get('self') is model:
            return dict(frame.f_locals)
        frame = frame.f_back
    return {}


def check_fit(model, run):
    """Add the sequences of a fit that begins to run.X_fits.

    Prints a line for what may not be meant. Raises DataError if they are of the test.
    """
    fit, line = find_fit(model), find_line(r'model\.fit\(')
    X, validation = fit.get('x'), fit.get('validation_data')
    for callback in getattr(fit.get('callbacks'), 'callbacks', ()):
        monitor = getattr(callback, 'monitor', '')
        if monitor.startswith('val_') and validation is None:
            why = f'{monitor} is watched: give fit  validation_split=0.25'
            run.note(with_line(line, why))
        elif monitor in ('acc', 'val_acc'):
            run.note(with_line(line, f'{monitor} is called {monitor}uracy in Keras 3'))
    if not isinstance(X, np.ndarray):
        run.note('What fit trains with is no array: it is not compared with the test')
        return
    run.X_fits, numbers = [*run.X_fits, X], run.facts['numbers']
    for name, value in ('epochs', fit['epochs']), ('batch_size', fit['batch_size']):
        wanted = numbers.get('N_epochs' if name == 'epochs' else name)
        if wanted not in (None, value or 32):
            why = f'{name} is {value or 32} here, at the top of the script {wanted}'
            run.note(with_line(line, why))
    if run.X_test is not None and np.shares_memory(X, run.X_test):
        why = 'this trains with X_test, which then tests nothing'
        raise DataError(with_line(line, why))
    if isinstance(validation, tuple | list) and isinstance(validation[0], np.ndarray):
        check_validation(X, *validation[:2], run, find_line('validation_data') or line)


def check_validation(X, X_validation, Y_validation, run, line):
    """Print a line if a fit with X is validated by what tells nothing new."""
    if run.X_test is not None and find_duplicates(run.X_test, X_validation).all():
        why = 'what you choose by the test sequences, they can no longer test'
        run.note(with_line(line, why))
    N, same = len(X_validation), find_duplicates(X, X_validation).sum()
    if same > N / 4:  # some coincide by chance
        why = f'{same} of the {N} validation sequences are also trained with'
        run.note(with_line(line, why))
    if len(np.unique(class_numbers(Y_validation))) == 1:
        why = 'all of these are of one class: validation_split takes the last ones'
        run.note(with_line(find_line('validation_split') or line, why))


# ------------------------------------------------------------------ the data


def check_set(name, X, Y, run):
    """Raise DataError if no loop has filled X (n, N) and Y (n,), or (n, classes).

    Prints a line if they are fewer than N_train or N_test, or not as in their files.
    """
    if np.ndim(X) > 2:  # as recurrent and convolutional layers take it
        X = X.reshape(len(X), -1)
    if np.ndim(X) != 2 or np.ndim(Y) not in (1, 2) or len(X) != len(Y):
        why = f'X_{name} must be [N_{name}, N_sequence] and Y_{name} [N_{name}];'
        why += f' they are {[*np.shape(X)]} and {[*np.shape(Y)]}'
        array = 'X' if np.ndim(X) != 2 else 'Y' if np.ndim(Y) not in (1, 2) else '[XY]'
        line = find_line(rf'^[^(]*\b{array}_{name}\b[^[(]*=[^=]')
        raise DataError(with_line(line, why))
    is_one_hot = Y.size > len(Y)
    are_classes = Y.dtype.kind in 'fiub' and ((Y >= 0) & (Y < 1e6) & (Y % 1 == 0)).all()
    if not are_classes or (is_one_hot and (Y.sum(axis=1) != 1).any()):
        why = f'Y_{name} holds what is not a class, 0, 1, 2, ...: see its loop'
        raise DataError(why)
    N = run.facts['numbers'].get(f'N_{name}', len(X))
    if N != len(X):
        run.note(f'X_{name} holds {len(X)} sequences, not the {N} of N_{name}')
    for i in range(0, len(X), 4096):  # X may be larger than the memory
        part = np.abs(X[i : i + 4096]).max(axis=1)
        bad = np.flatnonzero(~((part == 0) | ((part > 1.2e-38) & (part < 3.4e38))))
        if len(bad):  # np.empty leaves such values, too
            why = 'holds NaN, infinity or what no loop has filled'
            raise DataError(f'X_{name}, row {i + bad[0]}: {why}')
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
        scales = values.std(axis=0)
        axis = ', with axis=-1 if each column is a quantity of its own,'
        axis *= bool(scales.max() > 30 * scales.min())
        return (
            f'The values have a mean of {mean:.3g} and a standard deviation of'
            f' {deviation:.3g}. A network learns best near 0 and 1: add the'
            f' Normalization{axis} that docs/own-data.md shows to {script}'
        )
    return None


# ------------------------------------------------------------------ the network


def check_input(model, X_train, X_test):
    """Raise DataError if a network takes other sequences than there are."""
    if not model.built:
        model.build((None, *X_train.shape[1:]))
    taken, lengths = model.input_shape[1:], [X[0].size for X in (X_train, X_test)]
    if {*lengths} != {np.prod(taken)}:
        why = f'the sequences have {lengths[0]} values, the network takes {taken}'
        raise DataError(with_line(find_line(r'Input\('), why))


def find_layers(model):
    """Return the script's line of each layer; None for each if that isn't certain."""
    kinds = [type(layer).__name__ for layer in model.layers]
    found = []
    for number, line in enumerate(script_lines(), 1):
        called = re.findall(r'(\w+)\(', line.partition('#')[0])
        found += [(number, kind) for kind in called if kind in kinds]
    found = found[-len(kinds) :]
    certain = [kind for _, kind in found] == kinds
    return [number for number, _ in found] if certain else [None] * len(kinds)


def check_layers(model, lines, run):
    """Raise DataError if no accuracy is measured; print what a layer loses or lacks."""
    metrics = model.get_compile_config()['metrics']
    if 'acc' not in str(list(metrics or [])[:1]):  # ['Accuracy'] is another one
        why = "the accuracy must be the first metric: metrics=['accuracy', ...]"
        line = find_line('metrics ?=') or find_line(r'\.compile\(')
        raise DataError(with_line(line, why))
    for i, (layer, line) in enumerate(zip(model.layers, lines, strict=True)):
        try:
            type(layer).from_config(layer.get_config())
        except Exception as error:  # of many kinds: a function of one's own, a lambda
            why = str(error).strip().splitlines()[0][:100]
            why = f'infer.py will not be able to load this network ({why})'
            run.note(with_line(line, why))
        later = any(x.weights for x in model.layers[i + 1 :])
        if getattr(layer, 'units', 0) == 1 and later and hasattr(model, 'add'):
            why = 'the layers below see the one number of this neuron only'
            run.note(with_line(line, why))


def check_output(model, N_classes, is_one_hot, line, run):
    """Raise DataError if last layer, loss, classes and how Y holds them don't fit."""
    from keras import losses

    if 'Dropout' in type(model.layers[-1]).__name__:
        raise DataError(with_line(line, 'this must stand above the last Dense'))
    if len(model.output_shape) != 2:
        why = 'an answer for each time: put Flatten() before this'
        raise DataError(with_line(line, why))
    loss = losses.get(model.loss)
    name = getattr(loss, 'name', None) or getattr(loss, '__name__', '')
    if not hasattr(losses, name):  # a loss of one's own, or none
        return
    neurons, activation = model.output_shape[1], last_activation(model)
    logits = getattr(loss, 'get_config', dict)().get('from_logits', False)
    if neurons == 1:
        layer_fits = activation != 'softmax' and N_classes == 2
        layer_fits = layer_fits and (activation == 'linear' or not logits)
        loss_fits = 'categorical' not in name
    else:
        layer_fits = activation == ('linear' if logits else 'softmax')
        layer_fits = layer_fits and neurons >= N_classes
        loss_fits = name.startswith('sparse') != is_one_hot
    if not (layer_fits and loss_fits):
        sparse = '' if is_one_hot else 'sparse_'
        take = f"Dense({N_classes}, activation='softmax') with"
        take += f" loss='{sparse}categorical_crossentropy'"
        if N_classes == 2:
            take += " or Dense(1, activation='sigmoid') with loss='binary_crossentropy'"
        name += ' from_logits' * logits
        why = f'{neurons} {activation} and {name} do not fit {N_classes} classes'
        mend = find_line('loss ?=') if layer_fits else line
        raise DataError(with_line(mend, f'{why}: take {take}'))
    if logits and neurons == 1:
        why = 'here an answer above 0.5, not above 0, counts as class 1'
        run.note(with_line(line, why))
    elif 'sigmoid' not in activation and name == 'binary_crossentropy':
        why = 'without a sigmoid this can leave 0 to 1, and training may stop'
        run.note(with_line(line, why))
