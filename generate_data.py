"""Make sequences of sine and square waves, as the tutorial's Generate_Data(N) does.

    python generate_data.py                 200 sequences in Train, 50 in Test
    python generate_data.py 1000 500        more of them
    python generate_data.py --classes 4     sawtooth and triangle waves as well

Each sequence is x(t) = wave(f t), t = 1 to 128, with wave form and frequency f drawn at random.
"""

import argparse
import contextlib
import os
import shutil

import numpy as np
from scipy.signal import sawtooth, square

from utilities import (
    CLASS_NAMES,
    UNFINISHED,
    DataError,
    check_finished,
    numbers_in,
    one_line_errors,
    progress,
    whole_number,
)


def triangle(x):
    """A triangle wave is a sawtooth that takes half of its period to rise and half to fall."""
    return sawtooth(x, width=0.5)


# The wave forms, in the order of the classes. All have the period 2 pi.
WAVES = dict(zip(CLASS_NAMES, (np.sin, square, sawtooth, triangle), strict=True))


def random_streams(seed):
    """Return two independent random generators, for the training and the test sequences.

    NumPy's SeedSequence.spawn makes them independent. With MATLAB, the 2018 workshop started both
    sets from the same random state, and so tested with sequences that it had trained with.
    """
    return [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2)]


def make_sequences(N, rng, N_sequence=128, classes=2, phase=False, f_min=0.1, f_range=0.3):
    """Draw N sequences from the random generator rng.

    Sequence i is wave(f t) with t = 1 to N_sequence and f = f_min + f_range R, R uniform in [0, 1),
    in radians per step; with phase, wave(f t + 2 pi R') as the tutorial's comment says.
    Returns X, float64 (N, N_sequence), and Y, float64 (N,), each class with equal chance.
    """
    # Three random numbers for each sequence, one after the other, whether or not they are used:
    # so a larger set begins with the smaller one, and a phase changes nothing but the phase.
    R = rng.random((N, 3))
    Y = np.floor(R[:, 0] * classes)
    f = f_min + f_range * R[:, 1]
    x = f[:, None] * np.arange(1, N_sequence + 1)
    if phase:
        x += 2 * np.pi * R[:, 2:]
    X = np.empty_like(x)
    for number, wave in enumerate(list(WAVES.values())[:classes]):
        X[Y == number] = wave(x[Y == number])
    return X, Y


def write_set(folder, N, rng, **options):
    """Write N new sequences into folder, X_i.dat and Y_i.dat with i from 1 to N."""
    for i in progress(range(N), f'Writing {os.path.dirname(folder)}'):
        if i % 1000 == 0:  # drawn in blocks, so that no set is too large for the memory
            X, Y = make_sequences(min(1000, N - i), rng, **options)
        for name, values in (('X', X[i % 1000]), ('Y', Y[i % 1000])):
            with open(f'{folder}/{name}_{i + 1}.dat', 'wb') as file:
                file.write(values.astype('<f8').tobytes())


def exchange(folder, N):
    """Put the N sequences of folder/.unfinished in the place of those that folder holds."""
    unfinished = f'{folder}/{UNFINISHED}'
    for i in progress(sorted(numbers_in(folder) | set(range(1, N + 1))), f'Exchanging {folder}'):
        for name in (f'X_{i}.dat', f'Y_{i}.dat'):
            if i <= N:
                os.replace(f'{unfinished}/{name}', f'{folder}/{name}')
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.remove(f'{folder}/{name}')
    os.rmdir(unfinished)


def generate(sets, overwrite=False, **options):
    """Write new sets: sets is a list of (folder, number of sequences, random generator).

    The new files are first written into a folder .new inside, so that a failure here loses nothing.
    Only when all are there does .new become .unfinished and its files replace the old ones;
    train.py refuses a folder with .unfinished in it, so it never sees half of each.
    Raises DataError if a folder holds sequences already (unless overwrite) or can't be written.
    """
    for folder, _, _ in sets:
        if not overwrite:
            check_finished(folder)
            if numbers_in(folder):
                raise DataError(
                    f'{folder} already holds sequences: add --overwrite to replace them'
                )
    try:
        for folder, N, rng in sets:
            shutil.rmtree(f'{folder}/.new', ignore_errors=True)
            os.makedirs(f'{folder}/.new')
            write_set(f'{folder}/.new', N, rng, **options)
        for folder, _, _ in sets:
            unfinished = f'{folder}/{UNFINISHED}'
            os.makedirs(unfinished, exist_ok=True)
            for name in os.listdir(unfinished):  # left by a run that was stopped
                os.remove(f'{unfinished}/{name}')
            os.rename(f'{folder}/.new', unfinished)
        for folder, N, _ in sets:
            exchange(folder, N)
    except OSError as error:
        raise DataError(
            f'{error.filename or folder}: {error.strerror}; get room or permission to write there'
        ) from None
    finally:
        for folder, _, _ in sets:
            shutil.rmtree(f'{folder}/.new', ignore_errors=True)


if __name__ == '__main__':
    one_line_errors()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('N_train', nargs='?', type=whole_number(1), default=200, help='default 200')
    parser.add_argument('N_test', nargs='?', type=whole_number(1), default=50, help='default 50')
    parser.add_argument(
        '--classes', type=int, choices=(2, 3, 4), default=2, help='wave forms, default 2'
    )
    parser.add_argument('--phase', action='store_true', help='start each wave at a random phase')
    parser.add_argument(
        '--seed', type=whole_number(0), default=0, help='of the random numbers, default 0'
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace the sequences that are there'
    )
    args = parser.parse_args()

    train_rng, test_rng = random_streams(args.seed)
    generate(
        [('Train', args.N_train, train_rng), ('Test', args.N_test, test_rng)],
        overwrite=args.overwrite,
        classes=args.classes,
        phase=args.phase,
    )
    print(f'Wrote {args.N_train} sequences to Train and {args.N_test} to Test.')
