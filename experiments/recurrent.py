"""Does a recurrent network do better?"""

from experiments.lab import Setting
from experiments.networks import conv1d, lstm, simple_rnn, tutorial

SETTINGS = [
    Setting("the tutorial's", tutorial),
    Setting('Conv1D', conv1d),
    Setting('SimpleRNN', simple_rnn),
    Setting('LSTM', lstm),
]
TEST_EVERY = 10
