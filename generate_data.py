"""Make sequences of sine and square waves, as the tutorial's Generate_Data(N) does.

    python generate_data.py                 200 sequences in Train, 50 in Test
    python generate_data.py 1000 500        more of them
    python generate_data.py --classes 4     sawtooth and triangle waves as well
    python generate_data.py --noise 0.5     with noise of that standard deviation

Each sequence is x(t) = wave(f t), t = 1 to 128, with wave form and frequency f drawn at random.
"""

import argparse

from support.console import parser, whole_number

import numpy as np
from scipy.signal import sawtooth, square

from utilities import write_sets


def triangle(x):
    """A triangle wave is a sawtooth that takes half of its period to rise and half to fall."""
    return sawtooth(x, width=0.5)


# The wave forms, in the order of the classes. All have the period 2 pi.
WAVES = {
    'sine wave': np.sin,
    'square wave': square,
    'sawtooth wave': sawtooth,
    'triangle wave': triangle,
}


def random_streams(seed):
    """Return two independent random generators, for the training and the test sequences.

    NumPy's SeedSequence.spawn makes them independent. With MATLAB, the 2018 workshop started both
    sets from the same random state, and so tested with sequences that it had trained with.
    """
    return [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2)]


def noisy(X, noise, rng):
    """Return X (n, N) with Gaussian noise of this standard deviation added to each value.

    Its random numbers are a stream of their own, split off from the generator rng: so noise changes
    nothing else, and a larger set still begins with the smaller one.
    """
    return X + noise * rng.spawn(1)[0].standard_normal(X.shape) if noise else X


def make_sequences(
    N, rng, N_sequence=128, classes=2, phase=False, f_min=0.1, f_range=0.3, noise=0.0
):
    """Draw N sequences from the random generator rng.

    Sequence i is wave(f t) with t = 1 to N_sequence and f = f_min + f_range R, R uniform in [0, 1),
    in radians per step; with phase, wave(f t + 2 pi R') as the tutorial's comment says. noise is
    the standard deviation of what is then added to each value; the waves go from -1 to 1.
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
    return noisy(X, noise, rng), Y


def sequences(N, rng, **options):
    """Yield what make_sequences draws, one x and y at a time, so that no set is too large."""
    block = max(1, 128_000 // options.get('N_sequence', 128))
    for start in range(0, N, block):
        yield from zip(*make_sequences(min(block, N - start), rng, **options), strict=True)


def standard_deviation(text):
    """Return the number in text, for argparse; the waves are of size 1, so a million is ample."""
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number <= 1e6:
        raise argparse.ArgumentTypeError(f'{text} is not a number from 0 to 1000000')
    return number


if __name__ == '__main__':
    script = parser(__doc__)
    add = script.add_argument
    add('N_train', nargs='?', type=whole_number(1), default=200, help='default 200')
    add('N_test', nargs='?', type=whole_number(1), default=50, help='default 50')
    add('--classes', type=int, choices=(2, 3, 4), default=2, help='wave forms, default 2')
    add('--phase', action='store_true', help='start each wave at a random phase')
    add('--N_sequence', type=whole_number(1), default=128, help='values in each, default 128')
    add(
        '--noise',
        type=standard_deviation,
        default=0.0,
        metavar='S',
        help='add Gaussian noise of standard deviation S, default 0',
    )
    add('--seed', type=whole_number(0), default=0, help='of the random numbers, default 0')
    add('--overwrite', action='store_true', help='replace the sequences that are there')
    args = script.parse_args()

    train_rng, test_rng = random_streams(args.seed)
    options = {'N_sequence': args.N_sequence, 'classes': args.classes}
    options |= {'phase': args.phase, 'noise': args.noise}
    train = args.N_train, sequences(args.N_train, train_rng, **options)
    test = args.N_test, sequences(args.N_test, test_rng, **options)
    names = list(WAVES)[: args.classes]
    if write_sets({'Train': train, 'Test': test}, args.overwrite, names):
        print(f'Wrote {args.N_train} sequences to Train and {args.N_test} to Test.')
    else:
        print('Train and Test hold exactly these sequences already.')
