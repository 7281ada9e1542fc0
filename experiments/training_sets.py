"""How many training sequences, and how many epochs?"""

from experiments.lab import Trial
from experiments.networks import tutorial

NUMBERS = 25, 50, 100, 200, 400, 800, 1600
TRIALS = [Trial(str(N), tutorial, N_train=N) for N in NUMBERS]
AXIS = 'Training sequences', 'log'
TEST_EVERY = 5
