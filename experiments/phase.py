"""What if every wave begins at a random phase?"""

from experiments.lab import Trial
from experiments.networks import conv1d, lstm, simple_rnn, tutorial
from experiments.training_sets import NUMBERS

PHASES = {"the tutorial's, same phase": 0, "the tutorial's, random phase": 1}
OTHERS = {
    'Conv1D, random phase': conv1d,
    'SimpleRNN, random phase': simple_rnn,
    'LSTM, random phase': lstm,
}
TRIALS = [
    Trial(str(N), tutorial, series=name, N_train=N, phase=phase)
    for name, phase in PHASES.items()
    for N in NUMBERS
] + [
    Trial('200', network, series=name, N_train=200, phase=1)
    for name, network in OTHERS.items()
]
AXIS = 'Training sequences', 'log'
