"""What if every wave begins at a random phase?

python -m experiments.phase
"""

import matplotlib.pyplot as plt

from experiments import lab
from experiments.recurrent import conv1d, lstm, simple_rnn
from experiments.training_sets import NUMBERS

SETTINGS = {
    (f"the tutorial's, {name} phase", N): {'N_train': N, 'phase': phase}
    for name, phase in (('same', 0), ('random', 1))
    for N in NUMBERS
} | {
    ('Conv1D, random phase', 200): {'network': conv1d, 'phase': 1},
    ('SimpleRNN, random phase', 200): {'network': simple_rnn, 'phase': 1},
    ('LSTM, random phase', 200): {'network': lstm, 'phase': 1},
}

if __name__ == '__main__':
    runs, folder = lab.measure(__doc__, 'phase', SETTINGS)
    plt.style.use(lab.STYLE)
    figure, axis = plt.subplots()
    lab.plot_below(axis, runs)
    lab.show_accuracy(axis)
    axis.set_xlabel('Training sequences')
    figure.legend(loc='outside lower center', ncols=2)
    figure.savefig(folder / 'phase.png')
