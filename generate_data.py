"""Make sequences of sine and square waves, like the slides' Generate_Data(N).

    python generate_data.py                200 sequences in Train, 50 in Test
    python generate_data.py 1000 500       more of them
    python generate_data.py --classes 4    sawtooth and triangle waves as well
    python generate_data.py --noise 0.5    noise of that standard deviation

Each sequence is x(t) = wave(f t), t = 1 to 128, with wave form and frequency f
drawn at random.
"""

from support.start import prepare

if __name__ == '__main__':
    prepare()

import sys

from support.console import parser, whole_number
from support.sets import write_sets

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


def random_streams(seed):
    """Return two independent random generators, for Train and for Test.

    NumPy's SeedSequence.spawn makes them independent. With MATLAB, the 2018
    workshop started both sets from the same random state, and so tested with
    sequences that it had trained with.
    """
    seeds = np.random.SeedSequence(seed).spawn(2)
    return [np.random.default_rng(s) for s in seeds]


def noisy(X, noise, rng):
    """Return X (n, N) with Gaussian noise of this standard deviation added.

    The noise has a stream of random numbers of its own, split off from the
    generator rng: so it changes nothing else, and a larger set still begins
    with the smaller one.
    """
    if not noise:
        return X
    (noise_rng,) = rng.spawn(1)
    return X + noise * noise_rng.standard_normal(X.shape)


def make_sequences(
    N,
    rng,
    N_sequence=128,
    classes=2,
    phase=False,
    f_min=0.1,
    f_range=0.3,
    noise=0.0,
):
    """Draw N sequences from the random generator rng.

    Sequence i is wave(f t) with t = 1 to N_sequence and f = f_min + f_range R
    in radians per step, R uniform in [0, 1); with phase, wave(f t + 2 pi R'),
    as the tutorial's comment says. noise is the standard deviation of what is
    then added to each value; the waves go from -1 to 1.
    Returns X, float64 (N, N_sequence), and Y, float64 (N,), each class with
    equal chance.
    """
    # Three random numbers for each sequence, one after the other, whether or
    # not they are used: so a larger set begins with the smaller one, and a
    # phase changes nothing but the phase.
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
    """Yield what make_sequences draws, one x and y at a time.

    They are drawn in blocks, so that no set is too large for the memory: 1,000
    sequences of 128 values each, or fewer and longer ones.
    """
    block = max(1, 128_000 // options.get('N_sequence', 128))
    for start in range(0, N, block):
        X, Y = make_sequences(min(block, N - start), rng, **options)
        yield from zip(X, Y, strict=True)


if __name__ == '__main__':
    script = parser(__doc__)
    add, count = script.add_argument, whole_number(1)
    add('N_train', nargs='?', type=count, default=200, help='default 200')
    add('N_test', nargs='?', type=count, default=50, help='default 50')
    numbers = range(2, len(WAVES) + 1)
    waves = 'number of wave forms, default 2'
    add('--classes', type=int, choices=numbers, default=2, help=waves)
    add('--phase', action='store_true', help='random phases as well')
    add('--N_sequence', type=count, default=128, help='length, default 128')
    deviation = 'standard deviation of the noise, default 0'
    add('--noise', type=float, default=0.0, help=deviation)
    seed = 'seed of the random numbers, default 0'
    add('--seed', type=whole_number(0), default=0, help=seed)
    add('--overwrite', action='store_true', help='replace what is there')
    args = script.parse_args()
    if not 0 <= args.noise <= 1e6:  # NaN fails this, too
        script.error(f'--noise {args.noise} is not a number from 0 to 1000000')

    # Draw the sequences
    options = {'N_sequence': args.N_sequence, 'classes': args.classes}
    options |= {'phase': args.phase, 'noise': args.noise}
    N_train, N_test = args.N_train, args.N_test
    train_rng, test_rng = random_streams(args.seed)
    sets = {
        'Train': (N_train, sequences(N_train, train_rng, **options)),
        'Test': (N_test, sequences(N_test, test_rng, **options)),
    }

    # What they are, for about.json
    names = list(WAVES)[: args.classes]
    kinds = [name.removesuffix(' wave') for name in names]
    what = f'{", ".join(kinds[:-1])} and {kinds[-1]} waves'
    what += ', random phase' * args.phase
    what += f', noise {args.noise:g}' * (args.noise > 0)
    typed = [text for text in sys.argv[1:] if text != '--overwrite']
    about = {
        'script': 'generate_data.py',
        'what': f'{what}, seed {args.seed}',
        'command': ' '.join(['python generate_data.py', *typed]),
    }

    if write_sets(sets, about, args.overwrite, names):
        print(f'Wrote {N_train} sequences to Train and {N_test} to Test.')
    else:
        print('Train and Test hold exactly these sequences already.')
