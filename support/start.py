"""The first call of every script: prepare(). Importing this does nothing.

prepare() reports a mistake in a few lines, without the insides of Keras. It lets a
training outlast its screen or log. For scripts that use Keras, it also imports Keras,
quickly and without TensorFlow's notices.
"""

# Only what Python itself has loaded, or has built in; see search_scripts_last.
import atexit
import contextlib
import gc
import io
import os
import sys


def prepare(keras=False):
    """Explain errors from here on; with keras, also import Keras."""
    search_scripts_last()
    sys.excepthook = report_error
    import linecache

    linecache.getlines(getattr(sys.modules['__main__'], '__file__', ''))  # as it is now
    outlast_outputs()
    if keras:
        import_keras()


def search_scripts_last():
    """Search the scripts' folder last, so that no csv.py there replaces Python's."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if folder in sys.path:
        sys.path.remove(folder)
        sys.path.append(folder)


# ------------------------------------------------------------------ the outputs


class Output(io.FileIO):
    """Where a script prints to. If that cannot be written, the script goes on.

    So no training is lost because | head has ended or the disk of a log is full.
    """

    error = None

    def write(self, data):
        try:
            return super().write(data)
        except OSError as error:
            Output.error = error
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            return len(data)


def outlast_outputs():
    """Let stdout and stderr outlast their readers, and escape what they cannot show."""
    for number, name in (1, 'stdout'), (2, 'stderr'):
        stream = getattr(sys, name)
        if type(stream) is io.TextIOWrapper and stream.fileno() == number:
            stream.flush()
            file = io.BufferedWriter(Output(number, 'w', closefd=False))
            lines = stream.line_buffering or stream.write_through  # python -u
            options = {'errors': 'backslashreplace', 'line_buffering': lines}
            setattr(sys, name, io.TextIOWrapper(file, stream.encoding, **options))
    atexit.register(flush)


def flush():
    """Write what is still to be printed; report if some of it could not be."""
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    if Output.error and not isinstance(Output.error, BrokenPipeError):
        why = Output.error.strerror
        print(f'Some output was not printed ({why}); all else is done', file=sys.stderr)
        os._exit(1)


# ------------------------------------------------------------------ errors

PACKAGES = 'numpy scipy matplotlib tensorflow keras rich pandas astropy'.split()


def report_error(kind, error, trace):
    """End a script: a mistake in its own lines, or Ctrl-C, without a traceback."""
    import traceback

    from support.console import DataError, printable
    from support.explain import explain

    if issubclass(kind, KeyboardInterrupt):
        message = '\nInterrupted.'
    elif issubclass(kind, ModuleNotFoundError) and error.name in PACKAGES:
        why = f'the package {error.name} is not installed here'
        remedy = 'in the folder of the workshop, type  . ./script.sh'
        message = DataError(f'{why}: {remedy}').code
    elif not (message := explain(error)):
        lines = ''.join(traceback.format_exception(error)).splitlines()
        message = '\n'.join(map(printable, lines))  # which may hold text from a file
    print(message, file=sys.stderr)


# ------------------------------------------------------------------ Keras

# What TensorFlow's C++ prints while it is imported and looks for a GPU.
NOTICES = """\
All log messages before absl::InitializeLog() is called
oneDNN custom operations are on
Could not find cuda drivers on your machine
This TensorFlow binary is optimized to use available CPU instructions
To enable the following instructions:
failed call to cuInit
Unable to register cu
computation placer already registered"""


@contextlib.contextmanager
def without_notices():
    """Let grep, a process of its own, take TensorFlow's notices out of stderr.

    Whatever else is written there comes out even if this process dies.
    """
    import subprocess

    stderr = os.dup(2)
    command = ['grep', '-a', '-v', '--line-buffered', '-F', NOTICES]
    # In a session of its own, because Ctrl-C is for this process alone.
    options = {'stdin': subprocess.PIPE, 'stdout': stderr, 'start_new_session': True}
    with subprocess.Popen(command, **options) as process:
        os.dup2(process.stdin.fileno(), 2)
        process.stdin.close()
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def import_keras():
    """Import Keras and return it; on a GPU, let a seed give the same result again."""
    from support.explain import script_lines

    os.environ['KERAS_BACKEND'] = 'tensorflow'
    os.environ['KERAS_HOME'] = '/dev/null/.keras'  # so no old keras.json is read
    # Keras imports scikit-learn for keras.wrappers alone: a tenth of a short training.
    if not any('wrappers' in line for line in script_lines()):
        sys.modules.setdefault('sklearn', None)
    gc.disable()  # which would walk over a million objects that stay
    with without_notices():
        import keras
        import tensorflow as tf

        GPUs = tf.config.list_physical_devices('GPU')  # the last notices come here
    gc.freeze()
    gc.enable()
    if sys.modules.get('sklearn', keras) is None:
        del sys.modules['sklearn']
    from support.batches import replace_slow_batches

    replace_slow_batches()
    if GPUs:  # a GPU adds numbers in any order; a CPU always in the same
        tf.config.experimental.enable_op_determinism()
    return keras


def device():
    """Return 'GPU: its name' or 'CPU', where TensorFlow will train.

    Warns on stderr if Slurm has granted a GPU that TensorFlow doesn't see.
    """
    import tensorflow as tf

    GPUs = tf.config.list_physical_devices('GPU')
    if GPUs:
        details = tf.config.experimental.get_device_details(GPUs[0])
        return f'GPU: {details.get("device_name", "unknown")}'
    if os.environ.get('SLURM_JOB_GPUS') or os.environ.get('SLURM_GPUS_ON_NODE'):
        print(
            'Warning: Slurm granted a GPU, but TensorFlow sees none: on a login node,'
            ' install its CUDA libraries with . ./script.sh --cuda',
            file=sys.stderr,
        )
    return 'CPU'
