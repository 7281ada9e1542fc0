"""Is a network without activations incapable of learning?"""

from experiments.lab import EASY_AND_HARD, Configuration
from experiments.networks import only_a_sigmoid, tutorial, two_layers

NETWORKS = {
    'no activation (Dense 16, Dense 1)': two_layers,
    'only a sigmoid at the end (Dense 16, Dense 8, sigmoid)': only_a_sigmoid,
    "the tutorial's (relu, tanh, sigmoid)": tutorial,
}
SETTINGS = [
    Configuration(name, network, series=waves, **data)
    for waves, data in EASY_AND_HARD.items()
    for name, network in NETWORKS.items()
]
SEEDS = 20
