"""Make sequences of sine and square waves, like the slides' Generate_Data(N).

    python generate_data.py                writes 200 to Train and 50 to Test
    python generate_data.py 1000 500       writes more of them
    python generate_data.py --classes 4    adds sawtooth and triangle waves
    python generate_data.py --noise 0.5    adds noise, standard deviation 0.5

Each sequence is x(t) = wave(f t), t = 1 to 128, with wave form and frequency f
drawn at random. Add --overwrite to replace what Train and Test already hold.
"""

import argparse
import contextlib
import fcntl
import os
import pathlib
import re
import signal
import sys

import numpy as np
from scipy.signal import sawtooth, square


def triangle(x):
    """A triangle wave is a sawtooth that rises and falls equally fast."""
    return sawtooth(x, width=0.5)


# The wave forms, in the order of the classes. All have the period 2 pi.
WAVES = {
    'sine wave': np.sin,
    'square wave': square,
    'sawtooth wave': sawtooth,
    'triangle wave': triangle,
}


def make_sequences(
    N, rng, N_sequence=128, classes=2, phase=0, noise=0, f_min=0.1, f_range=0.3
):
    """Return N sequences, X, float64 (N, N_sequence), and classes, Y (N,).

    x(t) = wave(f t), t = 1 to N_sequence, f from f_min to f_min + f_range, in
    radians per step; with phase 1, wave(f t + phi), phi from 0 to 2 pi. noise
    is the standard deviation of what is added; the waves go from -1 to 1.
    """
    X, Y = np.empty([N, N_sequence]), np.empty(N)
    t = np.arange(1, N_sequence + 1)
    for i in range(N):
        # Always draw three random numbers: then a larger set begins with the
        # smaller one, and a phase changes nothing but the phase.
        R = rng.random(3)
        Y[i] = int(classes * R[0])
        wave = list(WAVES.values())[int(Y[i])]
        f = f_min + f_range * R[1]
        X[i,] = wave(f * t + phase * 2 * np.pi * R[2])
    if noise:  # from a random stream of its own
        (noise_rng,) = rng.spawn(1)
        X += noise * noise_rng.standard_normal(X.shape)
    return X, Y


def random_streams(seed):
    """Return two independent random generators, for Train and for Test.

    With MATLAB, the 2018 workshop started both sets from the same random
    state, and so tested with sequences that it had trained with.
    """
    seeds = np.random.SeedSequence(seed).spawn(2)
    return [np.random.default_rng(s) for s in seeds]


# The files of a set. What else is in Train and Test is left alone.
SET_FILE = r'[XY]_\d+\.dat|[XY]\.npy|(classes|ids)\.txt'


def as_files(folder, X, Y, class_names):
    """Return a set as {path: bytes}: X_i.dat, Y_i.dat, and classes.txt."""
    files = {}
    for i in range(len(X)):
        files[f'{folder}/X_{i + 1}.dat'] = X[i].astype('<f8').tobytes()
        files[f'{folder}/Y_{i + 1}.dat'] = Y[i].astype('<f8').tobytes()
    lines = [f'{name}\n' for name in class_names]
    files[f'{folder}/classes.txt'] = ''.join(lines).encode()
    return files


def find_set_files():
    """Return the paths of the sets' files in Train and Test; make these."""
    paths = set()
    for folder in 'Train', 'Test':
        os.makedirs(folder, exist_ok=True)
        for name in os.listdir(folder):
            if re.fullmatch(SET_FILE, name):
                paths.add(f'{folder}/{name}')
    return paths


def write_sets(files, overwrite=False):
    """Write {path: bytes} into Train and Test.

    Raises FileExistsError if other sets are there, unless overwrite, and
    OSError if the disk refuses something. Of several writers at once, each
    waits for the one before.
    """
    os.makedirs('Train', exist_ok=True)
    with open('Train/.lock', 'a') as lock:
        with contextlib.suppress(OSError):  # some disks have no locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        old = find_set_files()
        if old == set(files) and all(
            pathlib.Path(path).read_bytes() == files[path] for path in files
        ):
            print('Train and Test hold exactly these sequences already.')
            return
        if old and not overwrite:
            raise FileExistsError(
                'Train and Test hold others: --overwrite replaces them'
            )
        # First remove all: then a writer that is killed leaves files missing,
        # and no old sequence stands among new ones.
        try:
            for path in old:
                os.remove(path)
            for path, content in files.items():
                # A full disk is noticed here, but not by X.tofile(path)
                pathlib.Path(path).write_bytes(content)
        except OSError as error:
            raise OSError(
                f'{error}: Train and Test are incomplete: type the command'
                ' again, with --overwrite'
            ) from None
    print(f'Wrote {len(files)} files into Train and Test.')


if __name__ == '__main__':
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # | head ends it quietly
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    add = parser.add_argument
    add('N_train', nargs='?', type=int, default=200, help='default 200')
    add('N_test', nargs='?', type=int, default=50, help='default 50')
    forms = range(2, len(WAVES) + 1)
    add('--classes', type=int, choices=forms, default=2, help='default 2')
    add('--phase', action='store_true', help='draw the phases at random, too')
    add('--N_sequence', type=int, default=128, help='length, default 128')
    add('--noise', type=float, default=0.0, help='its standard deviation')
    add('--seed', type=int, default=0, help='of the random numbers')
    add('--overwrite', action='store_true', help='replace what is there')
    args = parser.parse_args()
    if min(args.N_train, args.N_test, args.N_sequence) < 1 or args.seed < 0:
        parser.error('the numbers begin at 1, and the seed at 0')
    if not 0 <= args.noise <= 1e6:  # NaN fails this, too
        parser.error(f'--noise {args.noise} is not a number from 0 to 1000000')
    options = args.N_sequence, args.classes, args.phase, args.noise
    train_rng, test_rng = random_streams(args.seed)
    names = list(WAVES)[: args.classes]
    try:
        train = make_sequences(args.N_train, train_rng, *options)
        test = make_sequences(args.N_test, test_rng, *options)
        files = as_files('Train', *train, names)
        files |= as_files('Test', *test, names)
        write_sets(files, args.overwrite)
    except (MemoryError, ValueError):  # NumPy's, of too large an array
        sys.exit('these are too many values for the memory')
    except OSError as error:  # others are there; no room, or no permission
        sys.exit(error)
