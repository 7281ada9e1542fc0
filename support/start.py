"""The first call of every script: prepare(). Importing this does nothing.

prepare() lets every error that a user can put right end in one line on stderr, and what the shell
has set stand in nobody's way. For scripts that use Keras it also imports that, in two thirds of the
time and without TensorFlow's notices.
"""

# Only what Python itself has loaded, or has built in; see scripts_last.
import atexit
import contextlib
import gc
import io
import os
import sys

PACKAGES = ('numpy', 'scipy', 'matplotlib', 'tensorflow', 'keras', 'rich')
PACKAGES += ('pandas', 'astropy')

# Closed before an error is told: a bar would take its line, and be drawn again below it.
bars = contextlib.ExitStack()


def prepare(keras=False):
    """Explain errors from here on; with keras, import Keras quickly and quietly, too."""
    scripts_last()
    sys.excepthook = one_line
    atexit.register(flush)
    keep_outputs()
    end_with_cleaning()
    columns = os.environ.pop('COLUMNS', '')
    if (
        columns.isdecimal() and int(columns) >= 40
    ):  # some terminals say 0, and rich believes it
        os.environ['COLUMNS'] = columns
    import_matplotlib()
    if keras:
        import_keras()


def scripts_last():
    """Let the scripts' folder be searched last: no csv.py of yours there stands in for Python's."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if folder in sys.path:
        sys.path.remove(folder)
        sys.path.append(folder)


# ---------------------------------------------------------------- the outputs


class Output(io.FileIO):
    """Where a script prints to. If that can't be written, it goes nowhere, and the script goes on.

    So no training is lost because | head has enough or a log's disk is full. flush() tells it.
    """

    error = None

    def write(self, data):
        try:
            return super().write(data)
        except OSError as error:
            Output.error = error
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            return len(data)


def keep_outputs():
    """Let stdout and stderr outlast their readers, and show what they have no characters for."""
    for number, name in enumerate(('stdin', 'stdout', 'stderr')):
        stream = getattr(sys, name)
        if stream is None:
            # Where the shell has closed one (>&-): else the next file opened would get its number.
            setattr(sys, name, open(os.devnull, 'r+', encoding='utf-8'))
        elif number and type(stream) is io.TextIOWrapper and stream.fileno() == number:
            stream.flush()
            file = Output(number, 'w', closefd=False)
            how = {
                k: getattr(stream, k)
                for k in ('encoding', 'line_buffering', 'write_through')
            }
            if not stream.write_through:
                file = io.BufferedWriter(file)
            setattr(sys, name, io.TextIOWrapper(file, errors='backslashreplace', **how))


def flush():
    """At the end, write out what is still to be printed, and say what could not be."""
    sys.stdout.flush()
    sys.stderr.flush()
    if Output.error and not isinstance(Output.error, BrokenPipeError):
        from support.console import program

        why = Output.error.strerror
        print(
            f'{program()}: not all could be printed ({why}); the rest is done',
            file=sys.stderr,
        )
        os._exit(1)


ended = 0  # the signal that ends this script


def end_with_cleaning():
    """Let SIGTERM and SIGHUP end the script as errors do, so that no half-written file stays."""
    import signal

    with contextlib.suppress(ValueError):  # in a thread
        for number in signal.SIGTERM, signal.SIGHUP:
            if signal.getsignal(number) == signal.SIG_DFL:  # nohup ignores it
                signal.signal(number, end)


def end(number, _):
    """End the script after a signal."""
    global ended
    ended = number
    sys.exit(128 + number)


# ---------------------------------------------------------------- errors


def explain(error):
    """Return the DataError that explains an error which nobody caught; None if we know nothing."""
    from support.console import DataError

    if isinstance(error, ModuleNotFoundError) and error.name in PACKAGES:
        return DataError(
            f'the package {error.name} is not installed here: prepare this shell with'
            ' . ./script.sh in the folder of the workshop'
        )
    from support import mistakes  # here, because it needs packages that may be missing

    if found := mistakes.explain(error):
        return found
    if (
        isinstance(error, MemoryError)
        or type(error).__name__ == 'ResourceExhaustedError'
    ):
        return DataError(
            'the memory is full: ask for fewer or shorter sequences or a smaller network, or read'
            ' the sequences from their files with train_large.py'
        )
    return None


def one_line(kind, error, trace):
    """End a script: an error that we can explain, or Ctrl-C, with one line and no traceback."""
    from support.console import program

    bars.close()
    if ended:  # TensorFlow makes errors of its own of it
        os._exit(128 + ended)
    if issubclass(kind, KeyboardInterrupt):
        print('\nStopped.', file=sys.stderr)
    elif explanation := explain(error):
        print(f'{program()}: {explanation}', file=sys.stderr)
    else:
        show_traceback(error)


def show_traceback(error):
    """Show where an error that we can't explain comes from, without the insides of Keras."""
    from support.console import clean

    from rich.console import Console
    from rich.traceback import Traceback

    folded = [
        sys.modules[name] for name in ('keras', 'tensorflow') if name in sys.modules
    ]
    trace = Traceback.from_exception(
        type(error), error, error.__traceback__, suppress=folded
    )
    console = Console(stderr=True, soft_wrap=True, color_system=None)
    with console.capture() as shown:
        console.print(trace)
    for line in shown.get().strip('\n').split('\n'):
        print(clean(line), file=sys.stderr)


# ---------------------------------------------------------------- matplotlib


def import_matplotlib():
    """Import pyplot with a backend that is here, and let it write texts itself, without LaTeX."""
    backend = os.environ.pop('MPLBACKEND', None)
    import warnings

    try:
        import matplotlib.pyplot as plt
    except ModuleNotFoundError:  # whoever needs it says so
        return

    warnings.filterwarnings(
        'ignore', 'Glyph'
    )  # of a name in Chinese, say, a plot shows boxes
    plt.rcParams['text.usetex'] = False
    if backend:
        try:
            plt.rcParams['backend'] = backend
            plt.switch_backend(backend)
        except (
            Exception
        ):  # it is for the notebook that has started this, or lacks a package
            plt.switch_backend('agg')


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
    import shutil
    import subprocess

    grep = shutil.which('grep')
    if not grep:
        yield
        return
    stderr = os.dup(2)
    command = [
        grep,
        '-a',
        '-v',
        '--line-buffered',
        '-F',
        *(f'-e{notice}' for notice in NOTICES),
    ]
    # In a session of its own, because Ctrl-C is for this process alone.
    held = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=stderr, start_new_session=True
    )
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
    os.environ['KERAS_BACKEND'] = 'tensorflow'
    os.environ['KERAS_HOME'] = (
        '/dev/null/.keras'  # no keras.json, perhaps of 2018, counts here
    )
    import warnings

    warnings.filterwarnings(
        'ignore', module='keras'
    )  # about its own code; and -W error holds
    gc.disable()
    with without_notices():
        import keras
        import tensorflow as tf

        GPUs = tf.config.list_physical_devices(
            'GPU'
        )  # the last of the notices comes here
    gc.freeze()
    gc.enable()
    if GPUs:
        # A GPU adds numbers in any order unless told not to; a CPU repeats itself anyway.
        tf.config.experimental.enable_op_determinism()
    return keras
