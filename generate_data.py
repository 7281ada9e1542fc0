"""Make sequences of sine and square waves, like the slides' Generate_Data(N).

    python generate_data.py                writes 200 to Train and 50 to Test
    python generate_data.py 1000 500       writes more of them
    python generate_data.py --classes 4    adds sawtooth and triangle waves
    python generate_data.py --noise 0.5    adds noise, standard deviation 0.5
    python generate_data.py --packed       writes two files into each folder

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


if __name__ == '__main__':
    args = read_generate_options(__doc__, list(WAVES))
    options = args.N_sequence, args.classes, args.phase, args.noise
    train_rng, test_rng = random_streams(args.seed)
    train = make_sequences(args.N_train, train_rng, *options)
    test = make_sequences(args.N_test, test_rng, *options)
    sets = {'Train': train, 'Test': test}
    kind = {'class_names': args.class_names, 'packed': args.packed}
    write_sets(sets, args.about, args.overwrite, **kind)
