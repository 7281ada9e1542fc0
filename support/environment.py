"""Makes or completes the virtual environment .venv beside script.sh, which runs this.

Needs the standard library alone, and parses in Python 3.6, so that an old one can say so. In .venv,
made-for says where it was made and for which module, installed what was asked for; unfinished is
there while packages are installed, so that half an environment is never taken for a whole one.
"""

import contextlib
import errno
import fcntl
import glob
import os
import shutil
import signal
import subprocess
import sys

FOLDER = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
VENV = FOLDER + '/.venv'
PYTHON = VENV + '/bin/python'
TMP = VENV + '/tmp'  # what a killed pip leaves there goes with the next
REQUIREMENTS, CONSTRAINTS = FOLDER + '/requirements.txt', FOLDER + '/constraints.txt'
# The module that Python comes from: the last one loaded, after those that it needs.
MODULE = (
    [''] + [m for m in os.environ.get('LOADEDMODULES', '').split(':') if 'python' in m]
)[-1]
# TensorFlow's CUDA libraries. OzSTAR's older nodes have P100 GPUs, for which cuDNN has no code
# from 9.11 on: so say NVIDIA's notes (not tried, for want of such a GPU).
CUDA = ['tensorflow[and-cuda]', 'nvidia-cudnn-cu12<9.11']
IN_JOB = 'SLURM_JOB_ID' in os.environ


def say(text):
    text = ''.join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    print('script.sh:', text, file=sys.stderr, flush=True)


def fail(text):
    say(text)
    sys.exit(1)


def read(path):
    """Return the text of a file; '' if there is none."""
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            return file.read().strip('\n')
    except (FileNotFoundError, NotADirectoryError):
        return ''


def write(name, text=''):
    with open(VENV + '/' + name, 'w', encoding='utf-8') as file:
        file.write(text + '\n')


def exists(name):
    return os.path.lexists(VENV + '/' + name)


def serves():
    """Return whether .venv, finished once and not half changed since, serves as it is."""
    return exists('made-for') and not exists('unfinished')


def wanted(cuda):
    """Return what .venv/installed says if all is there that is asked for."""
    return ' '.join([CUDA[0] * cuda, read(REQUIREMENTS), read(CONSTRAINTS)]).rstrip()


def lacks(cuda):
    return not serves() or read(VENV + '/installed') != wanted(cuda)


def go_on(why):
    """Say what .venv lacks, and why: it serves without."""
    lacking = 'what requirements.txt asks for now'
    if read(VENV + '/installed') == wanted(False):
        lacking = 'the CUDA libraries, so on the CPU (where there is network: . ./script.sh --cuda)'
    say(f'going on without {lacking}: {why}')


def in_the_way(path):
    return OSError(
        errno.EEXIST,
        'is in the way, as it was not made by this script: remove it',
        path,
    )


def how_it_ended(process, text):
    """Return in a few words why a process failed: its last line, or the signal that killed it."""
    if process.returncode < 0:
        return 'ended by ' + signal.Signals(-process.returncode).name
    return (text.strip().splitlines() or ['it said nothing'])[-1]


# ---------------------------------------------------------------- making and completing


def run(*command):
    """Run a command, with a dot every five seconds; return None, or why it failed."""
    env = dict(os.environ, TMPDIR=TMP, PIP_USER='0')
    with open(VENV + '/pip.log', 'w', encoding='utf-8') as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=env, close_fds=False
        )
    dots = ''
    while process.poll() is None:
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            dots += '.'
            print('.', end='', file=sys.stderr, flush=True)
    print(end=dots and '\n', file=sys.stderr)
    return (
        how_it_ended(process, read(VENV + '/pip.log')) if process.returncode else None
    )


def make():
    """Make .venv, without packages, in the place of a half-made one."""
    half = VENV + '-half'
    if os.path.islink(half) or os.path.isfile(half):
        raise in_the_way(half)
    if exists('unfinished'):
        shutil.rmtree(half, ignore_errors=True)
        os.rename(
            VENV, half
        )  # in one step: who is killed while he removes it leaves no other .venv
    shutil.rmtree(half, ignore_errors=True)
    with contextlib.suppress(OSError):
        os.rmdir(VENV)
    if ':' in VENV:
        fail(
            VENV
            + ' cannot be made: Python allows no colon in its path: rename that folder'
        )
    if os.path.lexists(VENV):
        fail(
            VENV + ' was not made by this script: move it away, then source this again'
        )
    os.mkdir(VENV)
    write('unfinished')
    os.mkdir(TMP)
    why = run(sys.executable, '-I', '-m', 'venv', VENV)
    if why:
        name = 'python{}.{}-venv'.format(*sys.version_info)
        fail(
            f'{sys.executable} -m venv failed ({why}); Debian, Ubuntu: apt install {name}'
        )


def sweep():
    """Remove what a killed pip has left: packages put aside, and halves, which have no RECORD."""
    for path in glob.glob(VENV + '/lib/*/site-packages/*'):
        half = path.endswith('.dist-info') and not os.path.exists(path + '/RECORD')
        if half or os.path.basename(path).startswith('~'):
            shutil.rmtree(path)


def install(cuda):
    """Install all that is wanted. A .venv that was whole serves without it, too."""
    finished, whole = exists('made-for'), serves()
    size = '; 6.5 GB, with the CUDA libraries' * cuda
    say(f'installing the packages into {VENV} (a few minutes the first time{size})')
    if not finished:
        make()
    shutil.rmtree(TMP, ignore_errors=True)
    os.mkdir(TMP)
    me = f'{os.uname().nodename} {os.getpid()}'
    write('unfinished', me)
    sweep()
    pip = [
        PYTHON,
        '-I',
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
    ]
    # Where there may be no network, it does not wait for it long. A .venv that others cannot
    # write needs its bytecode, or each start takes twice as long.
    pip += ['--retries=1'] * (finished or IN_JOB) + ['--compile', '-r', REQUIREMENTS]
    pip += CUDA * cuda
    why = run(*pip, '-c', CONSTRAINTS)
    fits, offline = not why, '(from versions: none)' in read(VENV + '/pip.log')
    if why and not offline:  # these very versions may not be there for this platform
        why = run(*pip)
    if read(VENV + '/unfinished') != me:  # where the disk has no locks
        fail(
            'another shell installs the packages, too: source this again when it is done'
        )
    if not why:
        write('installed', wanted(cuda))
        write('made-for', VENV + ' ' + MODULE)
    elif IN_JOB and offline:
        why = 'compute nodes download nothing: source this on a login node'
    elif offline:
        why = f'pip found nothing to download: is there a network? ({VENV}/pip.log)'
    else:
        why = f'pip failed ({why}); all it said is in {VENV}/pip.log'
    if why and not whole:
        fail(why)
    shutil.rmtree(TMP, ignore_errors=True)
    os.remove(VENV + '/unfinished')
    if why:
        go_on(why)
    elif not fits:
        say(
            'the very versions of constraints.txt could not be had, so others that requirements.txt'
            ' allows: your numbers may differ a little from ours'
        )


@contextlib.contextmanager
def lock():
    """Wait for another shell that installs. The lock ends with this process and its pip."""
    path = VENV + '-lock'
    if os.path.lexists(path) and (os.path.islink(path) or not os.path.isfile(path)):
        raise in_the_way(path)  # a FIFO would be waited for, silently and for ever
    with open(path, 'w') as file:
        os.set_inheritable(file.fileno(), True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say('waiting for another shell, which installs the packages')
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:  # a disk without locks, as Lustre may be mounted
            pass
        yield


def look_behind_the_link():
    """End with a line if .venv leads to none that is finished."""
    where = f'{VENV} leads to {os.path.realpath(VENV)}, which'
    try:
        os.listdir(VENV)
    except FileNotFoundError:
        fail(f'{where} does not exist: ask its owner, or remove this link')
    except PermissionError:
        fail(f'{where} you may not read: its owner types  chmod -R a+rX .venv  there')
    if not serves():
        fail(f'{where} is unfinished: its owner sources script.sh once more')


def complete(cuda):
    """Make or complete .venv, if it lacks something; somebody else's is used as it is."""
    if not lacks(cuda):
        return
    if os.path.islink(VENV):
        go_on(f'{os.path.realpath(VENV)} is for its owner to change')
        return
    for path in REQUIREMENTS, CONSTRAINTS:
        if not os.path.exists(path):
            (go_on if serves() else fail)(
                path + ' is missing: get it back, as with git checkout'
            )
            return
    try:
        with lock():
            if lacks(cuda):  # another shell may have done it meanwhile
                install(cuda)
    except OSError as error:
        if not serves():
            raise
        go_on(f'{error.filename}: {error.strerror}')


def check():
    """End with a line if .venv was moved, or does not work here."""
    anew = f'to make it anew: rm -r "{VENV}"; . "{FOLDER}/script.sh"'
    if os.path.islink(VENV):
        anew = 'ask its owner, or remove this link'
    place, _, module = read(VENV + '/made-for').rpartition(' ')
    if not os.path.exists(place) or not os.path.samefile(place, VENV):
        fail(f'{VENV} was made as {place} and moved or copied; {anew}')
    # In a job, TensorFlow as well: an older node may lack what it needs.
    names = 'numpy, tensorflow' if IN_JOB else 'numpy'
    try:
        test = subprocess.Popen(
            [PYTHON, '-I', '-B', '-c', 'import ' + names], stderr=subprocess.PIPE
        )
        why = how_it_ended(test, test.communicate()[1].decode(errors='replace'))
    except OSError as error:
        fail(f'{VENV} does not work ({PYTHON}: {error.strerror}); {anew}')
    if test.returncode < 0:
        hint = {
            'SIGILL': 'this processor is too old for it',
            'SIGKILL': 'ask for more memory',
        }
        hint = hint.get(why.split()[-1], 'try another node')
        fail(f'{PYTHON} was {why} at import {names}: {hint}')
    if test.returncode:
        fail(
            '{} does not work ({}; its packages are for {}, its Python is now {}); {}'.format(
                VENV,
                why,
                ', '.join(os.listdir(VENV + '/lib')),
                os.path.realpath(PYTHON),
                anew,
            )
        )
    if MODULE and module != MODULE:
        made = module or 'no module'
        say(f'{VENV} was made with {made}, now {MODULE} is loaded: it works; {anew}')


def main(arguments):
    for argument in arguments:
        if argument != '--cuda':
            say(f'there is no option {argument}, only --cuda: going on without it')
    if os.path.islink(VENV):
        look_behind_the_link()
    if not (3, 11) <= sys.version_info[:2] <= (3, 13) and not exists('made-for'):
        for name in ('python3.13', 'python3.12', 'python3.11'):
            if shutil.which(name):
                os.execvp(name, [name, '-I', *sys.argv])
        fail(
            f'no Python 3.11, 3.12 or 3.13 here (python3 is {sys.version.split()[0]}): install one'
            ' of them, then source this again'
        )
    cuda = '--cuda' in arguments or bool(MODULE or shutil.which('nvidia-smi'))
    complete(cuda or read(VENV + '/installed').startswith(CUDA[0]))
    check()


if __name__ == '__main__':
    try:
        main(sys.argv[1:])
    except OSError as error:
        room = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS)
        remedy = ': get room or permission there' * (error.errno in room)
        fail(f'{error.filename or VENV}: {error.strerror}{remedy}')
    except KeyboardInterrupt:
        print(file=sys.stderr)
        sys.exit(130)
