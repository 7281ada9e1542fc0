"""What is asked. A question is an entry of EXPERIMENTS, below: adding one is adding an entry.

Nothing here needs Keras: a network is a function that is given keras.layers where it is built.
"""

from typing import NamedTuple

from experiments import baselines

N_sequence = 128

# ---------------------------------------------------------------- networks


def dense(*neurons_and_activations):
    return lambda layers: [
        layers.Dense(n, activation=a) for n, a in neurons_and_activations
    ]


def stepwise(inside):
    """These layers are given the sequence as a series of single values."""
    return lambda layers: [
        layers.Reshape((N_sequence, 1)),
        *inside(layers),
        layers.Dense(1, activation='sigmoid'),
    ]


MLP = dense((16, 'relu'), (8, 'tanh'), (1, 'sigmoid'))
# A recurrent network's time goes into its 128 small steps: XLA (jit) makes these 3 times faster.
NETWORKS = {
    "the tutorial's": {},
    'Conv1D': {
        'network': stepwise(
            lambda layers: [
                layers.Conv1D(16, 5, activation='relu'),
                layers.GlobalAveragePooling1D(),
            ]
        )
    },
    'SimpleRNN': {
        'network': stepwise(lambda layers: [layers.SimpleRNN(16)]),
        'jit': True,
    },
    'LSTM': {'network': stepwise(lambda layers: [layers.LSTM(16)]), 'jit': True},
}

# ---------------------------------------------------------------- the questions


ACCURACY = ('training_accuracy', 'test_accuracy')
CONVERGENCE = ('training_95', 'training_99', 'test_95', 'test_99')


class Experiment(NamedTuple):
    question: str
    varied: str  # what the settings are: the name of the figure's axis
    # {setting: options of run.py's run_setting()}. A setting is a number, a name, or a pair: the
    # name of a series, which gets a colour of its own, and a number or name.
    settings: dict
    series: str = ''  # what the series are
    seeds: int = 5  # how many
    columns: tuple = ACCURACY  # columns of the CSV that the table shows
    panels: tuple = (
        'accuracy',
    )  # of the figure; 'convergence' and 'seeds' draw the curves
    test_every: int = (
        0  # epochs between the points of the curves; 0: only test at the end
    )
    in_table: tuple = ()  # the settings that the table shows; all if empty


NUMBERS = (25, 50, 100, 200, 400, 800, 1600)
PHASES = {'same phase': {}, 'random phase': {'phase': True}}
# What the network can do shows where the number of sequences doesn't limit it.
LARGE_RANDOM_PHASE = {'N_train': 800, 'phase': True}
OUTPUT = (1, 'sigmoid')
HIDDEN = ((16, 'relu'), (8, 'tanh'), (8, 'tanh'), (8, 'tanh'))
NEURONS = (2, 4, 8, 16, 32, 64, 128, 256)
ACTIVATIONS = ('linear', 'relu', 'softplus', 'tanh', 'sigmoid')

EXPERIMENTS = {
    'baseline': Experiment(
        'Does it need a neural network at all?',
        'Method',
        {
            (waves, method): data | options
            for waves, data in {
                'same phase, 200 sequences': {},
                'random phase, 200 sequences': {'phase': True},
                'random phase, 800 sequences': LARGE_RANDOM_PHASE,
            }.items()
            for method, options in {
                'always the same class': {'baseline': baselines.always_sine},
                'mean of the squares': {'baseline': baselines.mean_square},
                'mean of x⁴ / (mean of x²)²': {'baseline': baselines.flatness},
                'nearest neighbour': {'baseline': baselines.nearest_neighbour},
                'logistic regression (L2 = 1)': {
                    'baseline': baselines.logistic_regression,
                    'parameters': N_sequence + 1,
                },
                'logistic regression on Fourier magnitudes (L2 = 1)': {
                    'baseline': baselines.spectral_regression,
                    'parameters': N_sequence // 2 + 2,
                },
                'no hidden layer, 300 epochs': {'network': dense(OUTPUT)},
                "the tutorial's network": {},
            }.items()
        },
        series='Waves',
    ),
    'training-sets': Experiment(
        'How does the number of training sequences influence convergence and accuracy?',
        'Training sequences',
        {N: {'N_train': N} for N in NUMBERS},
        columns=(*ACCURACY, *CONVERGENCE),
        panels=('accuracy', 'convergence'),
        test_every=5,
    ),
    'epochs': Experiment(
        'How many epochs are required?',
        'Training sequences',
        {N: {'N_train': N} for N in (100, 200, 400)},
        columns=(*ACCURACY, *CONVERGENCE),
        panels=('convergence',),
        test_every=1,
    ),
    'layers': Experiment(
        'What does the number of hidden layers do?',
        'Hidden layers: 16 neurons with relu, then 8 with tanh each',
        {
            N: {'network': dense(*HIDDEN[:N], OUTPUT), **LARGE_RANDOM_PHASE}
            for N in range(5)
        },
        seeds=20,
        columns=(*ACCURACY, 'parameters'),
    ),
    'neurons': Experiment(
        'What does the number of neurons do?',
        'Neurons in the first hidden layer',
        {
            N: {
                'network': dense((N, 'relu'), (8, 'tanh'), OUTPUT),
                **LARGE_RANDOM_PHASE,
            }
            for N in NEURONS
        },
        columns=(*ACCURACY, 'parameters'),
    ),
    'activations': Experiment(
        'What do the activation functions do?',
        'Activation of both hidden layers',
        {
            a: {'network': dense((16, a), (8, a), OUTPUT), **LARGE_RANDOM_PHASE}
            for a in ACTIVATIONS
        },
        seeds=20,
        columns=(*ACCURACY, 'training_95'),
    ),
    'flat': Experiment(
        'Why is the curve on the slide about activations flat?',
        'Network',
        {
            "the slide's (Dense 16, Dense 1)": {
                'network': dense((16, None), (1, None)),
                'count_2018': True,
            },
            'with a sigmoid (Dense 16, Dense 1 sigmoid)': {
                'network': dense((16, None), OUTPUT),
                'count_2018': True,
            },
        },
        seeds=20,
        columns=('accuracy_2018', *ACCURACY),
        panels=('seeds',),
        test_every=5,
    ),
    'linear': Experiment(
        'Is a network without activations incapable of learning?',
        'Network',
        {
            (waves, network): data | options
            for waves, data in {
                'same phase, 200 sequences': {},
                'random phase, 800 sequences': LARGE_RANDOM_PHASE,
            }.items()
            for network, options in {
                'no activation (Dense 16, Dense 1)': {
                    'network': dense((16, None), (1, None))
                },
                'only a sigmoid at the end (Dense 16, Dense 8, sigmoid)': {
                    'network': dense((16, None), (8, None), OUTPUT)
                },
                "the tutorial's (relu, tanh, sigmoid)": {},
            }.items()
        },
        series='Waves',
        seeds=20,
    ),
    'recurrent': Experiment(
        'Does a recurrent network do better?',
        'Network',
        NETWORKS,
        columns=(*ACCURACY, 'parameters', 'test_95', 'test_99', 'seconds'),
        panels=('accuracy', 'convergence'),
        test_every=10,
    ),
    'phase': Experiment(
        'What if every wave begins at a random phase?',
        'Training sequences',
        {
            (f"the tutorial's, {phase}", N): {'N_train': N, **how}
            for phase, how in PHASES.items()
            for N in NUMBERS
        }
        | {
            (f'{name}, random phase', 200): {**NETWORKS[name], 'phase': True}
            for name in ('Conv1D', 'SimpleRNN', 'LSTM')
        },
        series='Network',
    ),
    'noise': Experiment(
        'How robust is it to noise?',
        'Standard deviation of the noise',
        {
            (name, noise): {**options, 'noise': noise}
            for name, options in {
                'mean of the squares': {'baseline': baselines.mean_square},
                **{
                    name: NETWORKS[name]
                    for name in ("the tutorial's", 'Conv1D', 'LSTM')
                },
            }.items()
            for noise in (0, 0.25, 0.5, 1, 1.5, 2)
        },
        series='Method',
    ),
    'frequency': Experiment(
        'Does it recognise frequencies outside the training range?',
        'Frequency (radians per step)',
        # One training run answers for all of them.
        {
            'trained band': {
                'frequencies': tuple(round(0.02 * i, 2) for i in range(1, 41))
            }
        },
        columns=('test_accuracy',),
        in_table=(0.04, 0.06, 0.1, 0.2, 0.3, 0.4, 0.5, 0.8),
    ),
    'memory': Experiment(
        'What did the test of 2018 measure?',
        'Test sequences',
        {'from the training set (as in 2018)': {'from_training_set': True}, 'new': {}},
    ),
}
