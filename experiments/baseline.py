"""Does it need a neural network at all?"""

from functools import partial

from experiments.lab import Configuration
from experiments.networks import mlp, tutorial
from experiments.rules import (
    always_sine,
    flatness,
    logistic_regression,
    mean_square,
    nearest_neighbour,
    spectral_regression,
)

WAVES = {
    'same phase, 200 sequences': {'N_train': 200, 'phase': 0},
    'random phase, 200 sequences': {'N_train': 200, 'phase': 1},
    'random phase, 800 sequences': {'N_train': 800, 'phase': 1},
}
METHODS = {
    'always the same class': {'rule': always_sine},
    'mean of the squares': {'rule': mean_square},
    'mean of x⁴ / (mean of x²)²': {'rule': flatness},
    'nearest neighbour': {'rule': nearest_neighbour},
    'logistic regression (L2 = 1)': {'rule': logistic_regression},
    'logistic regression on Fourier magnitudes (L2 = 1)': {'rule': spectral_regression},
    'no hidden layer, 300 epochs': {'network': partial(mlp, hidden=0)},
    "the tutorial's network": {'network': tutorial},
}
SETTINGS = [
    Configuration(name, series=waves, **method, **data)
    for waves, data in WAVES.items()
    for name, method in METHODS.items()
]
