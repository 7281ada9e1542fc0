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


HIDDEN = ((16, 'relu'), (8, 'tanh'), (8, 'tanh'), (8, 'tanh'))
OUTPUT = (1, 'sigmoid')
MLP = dense(*HIDDEN[:2], OUTPUT)
NO_ACTIVATION = dense((16,), (1,))
LAYERS = {N: dense(*HIDDEN[:N], OUTPUT) for N in range(5)}
NEURONS = {2**i: dense((2**i, 'relu'), HIDDEN[1], OUTPUT) for i in range(1, 9)}
ACTIVATIONS = ('linear', 'relu', 'softplus', 'tanh', 'sigmoid')
ACTIVATIONS = {a: dense((16, a), (8, a), OUTPUT) for a in ACTIVATIONS}
CONVOLUTION = ('Conv1D', 16, 5), ('Activation', 'relu'), ('GlobalAveragePooling1D',)
STEPWISE = {
    'Conv1D': stepwise(*CONVOLUTION),
    'SimpleRNN': stepwise(('SimpleRNN', 16)),
    'LSTM': stepwise(('LSTM', 16)),
}

RANDOM_PHASE = {'phase': 1}
# What the network can do shows where the number of sequences doesn't limit it.
LARGE_RANDOM_PHASE = {'N_train': 800, **RANDOM_PHASE}
EASY_WAVES = {'same phase, 200 sequences': {}}
HARD_WAVES = {'random phase, 200 sequences': RANDOM_PHASE}
MANY_HARD_WAVES = {'random phase, 800 sequences': LARGE_RANDOM_PHASE}
NUMBERS = {N: {'N_train': N} for N in (25, 50, 100, 200, 400, 800, 1600)}

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


def each(all_series, settings):
    """Return the settings of every series, with the options of both."""
    return {
        (series, setting): all_series[series] | settings[setting]
        for series in all_series
        for setting in settings
    }


ACCURACY = ('training_accuracy', 'test_accuracy')
CONVERGENCE = ('training_95', 'training_99', 'test_95', 'test_99')


class Setting(NamedTuple):
    """The options of a setting, and what they are where it does not give them."""

    method: tuple | Callable = MLP['method']  # a network, or one of baselines.py
    N_train: int = 200
    phase: float = 0  # as of make_sequences
    noise: float = 0.0  # its standard deviation
    test_band: tuple = (0.1, 0.3)  # f_min and f_range of the test
    test_from_training: bool = False  # draw the test from the training set, as in 2018
    count_2018: bool = False  # also find the training accuracy as Keras 2 counted it


class Experiment(NamedTuple):
    question: str
    varied: str  # what the settings are: the name of the figure's axis
    # {setting: options, see Setting}. A setting is a number, a name, or a pair: the
    # name of a series, which gets a colour of its own, and a number or name.
    settings: dict
    series: str = ''  # what the series are
    seeds: int = 5  # how many
    columns: tuple = ACCURACY  # of the CSV that the table shows
    panels: tuple = ('accuracy',)  # of the figure: see show.py's PANELS
    test_every: int = 0  # epochs between points of the curves; 0: only test at the end


EXPERIMENTS = {
    'baseline': Experiment(
        'Does it need a neural network at all?',
        'Method',
        each(EASY_WAVES | HARD_WAVES | MANY_HARD_WAVES, METHODS),
        series='Waves',
    ),
    'training-sets': Experiment(
        'How does the number of training sequences influence convergence and accuracy?',
        'Training sequences',
        NUMBERS,
        columns=(*ACCURACY, *CONVERGENCE),
        panels=('accuracy', 'convergence'),
        test_every=5,
    ),
    'epochs': Experiment(
        'How many epochs are required?',
        'Training sequences',
        {N: NUMBERS[N] for N in (100, 200, 400)},
        columns=(*ACCURACY, *CONVERGENCE),
        panels=('convergence',),
        test_every=1,
    ),
    'layers': Experiment(
        'What does the number of hidden layers do?',
        'Hidden layers: 16 relu, then 8 tanh each',
        {x: LARGE_RANDOM_PHASE | LAYERS[x] for x in LAYERS},
        seeds=20,
        columns=(*ACCURACY, 'parameters'),
    ),
    'neurons': Experiment(
        'What does the number of neurons do?',
        'Neurons in the first hidden layer',
        {x: LARGE_RANDOM_PHASE | NEURONS[x] for x in NEURONS},
        seeds=20,
        columns=(*ACCURACY, 'parameters'),
    ),
    'activations': Experiment(
        'What do the activation functions do?',
        'Activation of both hidden layers',
        {x: LARGE_RANDOM_PHASE | ACTIVATIONS[x] for x in ACTIVATIONS},
        seeds=20,
    ),
    'fastest': Experiment(
        'Which network learns fastest?',
        'Network',
        each(
            EASY_WAVES | MANY_HARD_WAVES,
            {f'hidden layers: {N}': LAYERS[N] for N in LAYERS}
            | {f'neurons: {N}': NEURONS[N] for N in NEURONS}
            | {f'activation: {a}': ACTIVATIONS[a] for a in ACTIVATIONS},
        ),
        series='Epochs to 95 % training',
        seeds=20,
        columns=('training_95',),
        panels=('speed',),
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
        columns=('accuracy_2018', *ACCURACY),
        panels=('seeds',),
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
                    ACTIVATIONS['linear']
                ),
                "the tutorial's (relu, tanh, sigmoid)": MLP,
            },
        ),
        series='Waves',
        seeds=20,
    ),
    'recurrent': Experiment(
        'Does a recurrent network do better?',
        'Network',
        {"the tutorial's": MLP, **STEPWISE},
        columns=(*ACCURACY, 'parameters', 'test_95', 'test_99', 'seconds'),
        panels=('accuracy', 'convergence'),
        test_every=10,
    ),
    'phase': Experiment(
        'What if every wave begins at a random phase?',
        'Training sequences',
        each({"the tutorial's, same phase": {}}, NUMBERS)
        | each({"the tutorial's, random phase": RANDOM_PHASE}, NUMBERS)
        | {
            (f'{name}, random phase', 200): network | RANDOM_PHASE
            for name, network in STEPWISE.items()
        },
        series='Network',
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
        series='Method',
    ),
    'frequency': Experiment(
        'Does it recognise frequencies outside the training range?',
        'Frequency (radians per step)',
        # Narrow bands around them: of exactly one frequency there is only one wave.
        {i / 50: {'test_band': (i / 50 - 0.01, 0.02)} for i in range(1, 41)},
        columns=('test_accuracy',),
    ),
    'memory': Experiment(
        'What did the test of 2018 measure?',
        'Test sequences',
        {'from the training set (as in 2018)': {'test_from_training': True}, 'new': {}},
    ),
}


def tasks(name, repeats=None, N_epochs=300):
    """Return what answers an experiment: {(series, setting, seed): arguments of run()}.

    repeats is the number of seeds; None stands for the experiment's.
    """
    experiment, found = EXPERIMENTS[name], {}
    for key, options in experiment.settings.items():
        series, key = key if isinstance(key, tuple) else ('', key)
        for seed in range(repeats or experiment.seeds):
            task = Setting(**options), seed, N_epochs, experiment.test_every
            found[series, str(key), seed] = task
    return found
