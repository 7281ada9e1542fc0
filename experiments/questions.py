"""What is asked: each question is an entry of EXPERIMENTS, below, and so is a new one.

A network is a tuple of layers: each is its name in keras.layers, and its arguments.
"""

from collections.abc import Callable
from typing import NamedTuple

from experiments import baselines


def dense(*neurons_and_activations):
    """Return the option for a network of Dense layers."""
    return {'method': tuple(('Dense', *pair) for pair in neurons_and_activations)}


def stepwise(*inside):
    """Return the option for layers that get the sequence as a series of values."""
    return {'method': (('Reshape', (128, 1)), *inside, ('Dense', *OUTPUT))}


def each(all_series, settings):
    """Return the settings of every series, with the options of both."""
    return {
        (series, setting): all_series[series] | settings[setting]
        for series in all_series
        for setting in settings
    }


HIDDEN = ((16, 'relu'), (8, 'tanh'), (8, 'tanh'), (8, 'tanh'))
OUTPUT = (1, 'sigmoid')
MLP = dense(*HIDDEN[:2], OUTPUT)
NO_ACTIVATION = dense((16,), (1,))
ONLY_A_SIGMOID = dense((16, 'linear'), (8, 'linear'), OUTPUT)
LAYERS = {f'hidden layers: {N}': dense(*HIDDEN[:N], OUTPUT) for N in range(5)}
NEURONS = {
    f'neurons: {N}': dense((N, 'relu'), HIDDEN[1], OUTPUT)
    for N in (2, 4, 8, 16, 32, 64, 128, 256)
}
ACTIVATIONS = {
    f'activation: {name}': dense((16, name), (8, name), OUTPUT)
    for name in ('linear', 'relu', 'softplus', 'tanh', 'sigmoid')
}
CONVOLUTION = ('Conv1D', 16, 5), ('Activation', 'relu'), ('GlobalAveragePooling1D',)
STEPWISE = {
    'Conv1D': stepwise(*CONVOLUTION),
    'SimpleRNN': stepwise(('SimpleRNN', 16)),
    'LSTM': stepwise(('LSTM', 16)),
}
METHODS = {
    'always the same class': {'method': baselines.always_sine},
    'mean of the squares': {'method': baselines.mean_square},
    'mean of x⁴ / (mean of x²)²': {'method': baselines.flatness},
    'nearest neighbour': {'method': baselines.nearest_neighbour},
    'logistic regression (L2 = 1)': {'method': baselines.logistic_regression},
    'logistic regression on Fourier magnitudes (L2 = 1)': {
        'method': baselines.spectral_regression
    },
    'no hidden layer, 300 epochs': dense(OUTPUT),
    "the tutorial's network": MLP,
}

EASY_WAVES = {'same phase, 200 sequences': {}}
HARD_WAVES = {'random phase, 200 sequences': {'phase': 1}}
# What the network can do shows where the number of sequences doesn't limit it.
MANY_HARD_WAVES = {'random phase, 800 sequences': {'N_train': 800, 'phase': 1}}
NUMBERS = {N: {'N_train': N} for N in (25, 50, 100, 200, 400, 800, 1600)}


class Setting(NamedTuple):
    """The options of a setting, and what they are where it does not give them."""

    method: tuple | Callable = MLP['method']  # a network, or one of baselines.py
    N_train: int = 200
    phase: float = 0  # as of make_sequences
    noise: float = 0.0  # its standard deviation
    count_2018: bool = False  # also find the training accuracy as Keras 2 counted it


class Experiment(NamedTuple):
    question: str  # its heading in README.md
    varied: str  # what the settings are: the title of the figure's axis
    # {setting: options, see Setting}. A setting is a number, a name, or a pair: the
    # name of a series, which gets a colour of its own, and a number or name. Names
    # like 'neurons: 16' make a panel for each kind of networks.
    settings: dict
    seeds: int = 5  # how many
    test_every: int = 0  # epochs between points of the curves; 0: only test at the end


EXPERIMENTS = {
    'baseline': Experiment(
        'Does it need a neural network at all?',
        'Method',
        each(EASY_WAVES | HARD_WAVES | MANY_HARD_WAVES, METHODS),
    ),
    'training-sets': Experiment(
        'How many training sequences, and how many epochs?',
        'Training sequences',
        NUMBERS,
        test_every=5,
    ),
    'fastest': Experiment(
        'Which network learns fastest?',
        'Network',
        each(EASY_WAVES | MANY_HARD_WAVES, LAYERS | NEURONS | ACTIVATIONS),
        seeds=20,
    ),
    'flat': Experiment(
        'Why is the curve on the slide about activations flat?',
        'Network',
        {
            "the slide's (Dense 16, Dense 1)": NO_ACTIVATION | {'count_2018': True},
            'with a sigmoid (Dense 16, Dense 1 sigmoid)': (
                dense((16,), OUTPUT) | {'count_2018': True}
            ),
        },
        seeds=20,
        test_every=5,
    ),
    'linear': Experiment(
        'Is a network without activations incapable of learning?',
        'Network',
        each(
            EASY_WAVES | MANY_HARD_WAVES,
            {
                'no activation (Dense 16, Dense 1)': NO_ACTIVATION,
                'only a sigmoid at the end (Dense 16, Dense 8, sigmoid)': (
                    ONLY_A_SIGMOID
                ),
                "the tutorial's (relu, tanh, sigmoid)": MLP,
            },
        ),
        seeds=20,
    ),
    'recurrent': Experiment(
        'Does a recurrent network do better?',
        'Network',
        {"the tutorial's": MLP, **STEPWISE},
        test_every=10,
    ),
    'phase': Experiment(
        'What if every wave begins at a random phase?',
        'Training sequences',
        each({"the tutorial's, same phase": {}}, NUMBERS)
        | each({"the tutorial's, random phase": {'phase': 1}}, NUMBERS)
        | {
            (f'{name}, random phase', 200): network | {'phase': 1}
            for name, network in STEPWISE.items()
        },
    ),
    'noise': Experiment(
        'How robust is it to noise?',
        'Standard deviation of the noise',
        each(
            {
                'mean of the squares': METHODS['mean of the squares'],
                "the tutorial's": MLP,
                'Conv1D': STEPWISE['Conv1D'],
                'LSTM': STEPWISE['LSTM'],
            },
            {noise: {'noise': noise} for noise in (0, 0.25, 0.5, 1, 1.5, 2)},
        ),
    ),
}


def tasks(name, repeats=None, N_epochs=300):
    """Return what answers an experiment: {(series, setting, seed): arguments of run()}.

    repeats is the number of seeds; None stands for the experiment's.
    """
    experiment = EXPERIMENTS[name]
    found = {}
    for key, options in experiment.settings.items():
        series, setting = key if isinstance(key, tuple) else ('', key)
        for seed in range(repeats or experiment.seeds):
            task = Setting(**options), seed, N_epochs, experiment.test_every
            found[series, str(setting), seed] = task
    return found
