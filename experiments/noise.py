"""How robust is it to noise?

    python -m experiments.noise

The noise has six strengths, given as its standard deviation; the waves go from -1 to 1.
"""

import matplotlib.pyplot as plt

from experiments import lab
from experiments.baseline import mean_square
from experiments.recurrent import conv1d, lstm

METHODS = {
    'mean of the squares': {'rule': mean_square},
    "the tutorial's": {'network': lab.tutorial},
    'Conv1D': {'network': conv1d},
    'LSTM': {'network': lstm},
}
NOISE = 0, 0.25, 0.5, 1, 1.5, 2
SETTINGS = {
    (name, noise): method | {'noise': noise}
    for name, method in METHODS.items()
    for noise in NOISE
}

if __name__ == '__main__':
    runs, folder = lab.measure(__doc__, 'noise', SETTINGS)
    plt.style.use(lab.STYLE)
    figure, axis = plt.subplots()
    lab.plot_below(axis, runs, places=NOISE)
    lab.show_accuracy(axis)
    axis.set_xlabel('Standard deviation of the noise')
    figure.legend(loc='outside lower center', ncols=3)
    figure.savefig(folder / 'noise.png')
