"""Why is the curve on the slide about activations flat?

The slide's network has no activations. Keras 2 rounded its outputs to get the classes.
"""

from functools import partial

from experiments.lab import Trial
from experiments.networks import two_layers


def accuracy_2018(y, p):
    """As Keras 2.1 counted: right if it rounds to the class, so 1.7 is wrong."""
    from keras import ops

    return ops.round(p) == ops.reshape(y, (-1, 1))


SLIDE = "the slide's (Dense 16, Dense 1)"
SIGMOID = 'with a sigmoid (Dense 16, Dense 1 sigmoid)'
TRIALS = [
    Trial(SLIDE, two_layers, metrics=(accuracy_2018,)),
    Trial(SIGMOID, partial(two_layers, 'sigmoid'), metrics=(accuracy_2018,)),
]
SEEDS = 20
TEST_EVERY = 5
CURVES = {
    'no activation, counted today': (SLIDE, 'training_accuracy'),
    'no activation, counted in 2018': (SLIDE, 'accuracy_2018'),
    'with a sigmoid': (SIGMOID, 'training_accuracy'),
}
