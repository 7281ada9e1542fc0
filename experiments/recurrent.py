"""Does a recurrent network do better?"""

from experiments.lab import Configuration
from experiments.networks import conv1d, lstm, simple_rnn, tutorial

SETTINGS = [
    Configuration("the tutorial's", tutorial),
    Configuration('Conv1D', conv1d),
    Configuration('SimpleRNN', simple_rnn),
    Configuration('LSTM', lstm),
]
TEST_EVERY = 10
