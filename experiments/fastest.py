"""Which network learns fastest?

Three comparisons: of the number of hidden layers, of the neurons in the first of them,
and of the activation of both.
"""

from functools import partial

from experiments.lab import EASY_AND_HARD, Trial
from experiments.networks import mlp

NETWORKS = {}
for N in range(5):
    NETWORKS[f'hidden layers: {N}'] = partial(mlp, hidden=N)
for N in (2, 4, 8, 16, 32, 64, 128, 256):
    NETWORKS[f'neurons: {N}'] = partial(mlp, neurons=N)
for name in ('linear', 'relu', 'softplus', 'tanh', 'sigmoid'):
    NETWORKS[f'activation: {name}'] = partial(mlp, activations=(name, name))
TRIALS = [
    Trial(name, network, series=waves, **data)
    for waves, data in EASY_AND_HARD.items()
    for name, network in NETWORKS.items()
]
SEEDS = 20
SPEED = True
