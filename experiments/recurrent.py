"""Does a recurrent network do better?"""

from experiments.lab import Trial
from experiments.networks import conv1d, lstm, simple_rnn, tutorial

TRIALS = [
    Trial("the tutorial's", tutorial),
    Trial('Conv1D', conv1d),
    Trial('SimpleRNN', simple_rnn),
    Trial('LSTM', lstm),
]
TEST_EVERY = 10
