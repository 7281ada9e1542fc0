"""The first call of every script: prepare(). Importing this does nothing.

prepare() lets every error that a user can put right end in one line on stderr. For scripts that use
Keras it also imports that, in two thirds of the time and without TensorFlow's notices.
"""

import atexit
import contextlib
import gc
import os
import shutil
import subprocess
import sys

from support.console import DataError, program

PACKAGES = ('numpy', 'scipy', 'matplotlib', 'tensorflow', 'keras', 'rich')

# Closed before an error is told: a bar would take its line, and be drawn again below it.
bars = contextlib.ExitStack()


def prepare(keras=False):
    """Explain errors from here on; with keras, import Keras quickly and quietly, too."""
    sys.excepthook = one_line
    atexit.register(flush)
    for name in ('stdin', 'stdout', 'stderr'):
        # Where the shell has closed one (>&-): else the next file opened would get its number.
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, 'r+', encoding='utf-8'))
    if keras:
        import_keras()


def flush():
    """Write out what is still to be printed: a reader who has enough is no error there, either."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        close_stdout()
    except OSError:  # Python says so itself
        pass


def close_stdout():
    """Let what is printed go nowhere: who reads it, like head, has enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# ---------------------------------------------------------------- errors


def explain(error):
    """Return the DataError that explains an error which nobody caught; None if we know nothing."""
    if isinstance(error, ModuleNotFoundError) and error.name in PACKAGES:
        return DataError(
            f'the package {error.name} is not installed here: prepare this shell with'
            ' . ./script.sh in the folder of the workshop'
        )
    if isinstance(error, MemoryError) or type(error).__name__ == 'ResourceExhaustedError':
        return DataError(
            'the memory is full: ask for fewer or shorter sequences or a smaller network, or read'
            ' the sequences from their files with train_large.py'
        )
    from support import mistakes  # here, because it needs packages that may be missing

    return mistakes.explain(error)


def one_line(kind, error, trace):
    """End a script: an error that we can explain, or Ctrl-C, with one line and no traceback."""
    bars.close()
    if issubclass(kind, KeyboardInterrupt):
        print('\nStopped.', file=sys.stderr)
    elif issubclass(kind, BrokenPipeError):
        close_stdout()
    elif explanation := explain(error):
        print(f'{program()}: {explanation}', file=sys.stderr)
    else:
        show_traceback(error)


def show_traceback(error):
    """Show where an error that we can't explain comes from, without the insides of Keras."""
    from rich.console import Console
    from rich.traceback import Traceback

    folded = [sys.modules[name] for name in ('keras', 'tensorflow') if name in sys.modules]
    trace = Traceback.from_exception(type(error), error, error.__traceback__, suppress=folded)
    Console(stderr=True, soft_wrap=True).print(trace)


# ---------------------------------------------------------------- Keras

# What TensorFlow says in every run while it is imported and looks for a GPU; none of it matters.
NOTICES = (
    'All log messages before absl::InitializeLog() is called',
    'oneDNN custom operations are on',
    'Could not find cuda drivers on your machine',
    'This TensorFlow binary is optimized to use available CPU instructions',
    'To enable the following instructions:',
    'failed call to cuInit',
    # With CUDA's libraries (from their documentation; not tried)
    'Unable to register cu',
    'computation placer already registered',
)


@contextlib.contextmanager
def without_notices():
    """Hold back TensorFlow's notices, which come from C++ and heed no setting, on stderr.

    grep does it, as a process of its own: so all the rest comes out even if this one dies.
    """
    grep = shutil.which('grep')
    if not grep:
        yield
        return
    stderr = os.dup(2)
    command = [grep, '-a', '-v', '--line-buffered', '-F', *(f'-e{notice}' for notice in NOTICES)]
    # In a session of its own, because Ctrl-C is for this process alone.
    held = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stderr, start_new_session=True)
    os.dup2(held.stdin.fileno(), 2)
    held.stdin.close()
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        held.wait()


def import_keras():
    """Import Keras and return it; on a GPU, let the same seed give the same result again.

    Keras and TensorFlow bring a million objects that stay to the end. Python's garbage collector
    would walk over them again and again, while they are imported and when Python ends: it need not.
    """
    gc.disable()
    with without_notices():
        import keras
        import tensorflow as tf

        GPUs = tf.config.list_physical_devices('GPU')  # the last of the notices comes here
    gc.freeze()
    gc.enable()
    if GPUs:
        # A GPU adds numbers in any order unless told not to; a CPU repeats itself anyway.
        tf.config.experimental.enable_op_determinism()
    return keras
