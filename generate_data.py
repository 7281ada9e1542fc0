"""Make sequences of sine and square waves, like the slides' Generate_Data(N).

    python generate_data.py                200 sequences in Train, 50 in Test
    python generate_data.py 1000 500       more of them
    python generate_data.py --classes 4    sawtooth and triangle waves as well
    python generate_data.py --noise 0.5    noise of that standard deviation
    python generate_data.py --packed       two files for each folder

Each sequence is x(t) = wave(f t), t = 1 to 128, with wave form and frequency f
drawn at random.
"""

from support.start import prepare

if __name__ == '__main__':
    prepare()

from support.command_lines import read_generate_options
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


def generate_data(
    N, rng, N_sequence=128, classes=2, phase=0, noise=0, f_min=0.1, f_range=0.3
):
    """Yield N sequences: x, float64 (N_sequence,), and its class y, a float.

    x(t) = wave(f t), t = 1 to N_sequence, f from f_min to f_min + f_range, in
    radians per step; with phase 1, wave(f t + phi), phi from 0 to 2 pi. noise
    is the standard deviation of what is added; the waves go from -1 to 1.
    """
    for i in range(N):
        # Three random numbers each time, used or not: so a larger set begins
        # with the smaller one, and a phase changes nothing but the phase.
        R = rng.random(3)
        y = int(classes * R[0])
        wave = list(WAVES.values())[y]
        f = f_min + f_range * R[1]
        t = np.arange(1, N_sequence + 1)
        x = wave(f * t + phase * 2 * np.pi * R[2])
        if noise:
            # From streams of its own, a new one every 128,000 values
            if i % max(1, 128_000 // N_sequence) == 0:
                (noise_rng,) = rng.spawn(1)
            x = x + noise * noise_rng.standard_normal(N_sequence)
        yield x, float(y)


def make_sequences(N, rng, *args, **options):
    """Return what generate_data yields: X (N, N_sequence) and Y (N,)."""
    X, Y = zip(*generate_data(N, rng, *args, **options), strict=True)
    return np.array(X), np.array(Y)


def random_streams(seed):
    """Return two independent random generators, for Train and for Test.

    With MATLAB, the 2018 workshop started both sets from the same random
    state, and so tested with sequences that it had trained with.
    """
    seeds = np.random.SeedSequence(seed).spawn(2)
    return [np.random.default_rng(s) for s in seeds]


if __name__ == '__main__':
    args, about = read_generate_options(__doc__, list(WAVES))
    options = args.N_sequence, args.classes, args.phase, args.noise
    N_train, N_test = args.N_train, args.N_test
    train_rng, test_rng = random_streams(args.seed)
    sets = {
        'Train': make_sequences(N_train, train_rng, *options),
        'Test': make_sequences(N_test, test_rng, *options),
    }
    names = list(WAVES)[: args.classes]
    if write_sets(sets, about, args.overwrite, names, packed=args.packed):
        print(f'Wrote {N_train} sequences to Train and {N_test} to Test.')
    else:
        print('Train and Test hold exactly these sequences already.')
