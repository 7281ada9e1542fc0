"""How robust is it to noise?

The noise has six strengths, given as its standard deviation; the waves go from -1 to 1.
The rule is told which.
"""

from functools import partial

from experiments.lab import Trial
from experiments.networks import conv1d, lstm, tutorial
from experiments.rules import mean_square

NOISE = 0, 0.25, 0.5, 1, 1.5, 2
NETWORKS = {"the tutorial's": tutorial, 'Conv1D': conv1d, 'LSTM': lstm}
TRIALS = [
    Trial(
        str(x),
        rule=partial(mean_square, noise=x),
        series='mean of the squares',
        noise=x,
    )
    for x in NOISE
] + [
    Trial(str(x), network, series=name, noise=x)
    for name, network in NETWORKS.items()
    for x in NOISE
]
AXIS = 'Standard deviation of the noise', 'linear'
