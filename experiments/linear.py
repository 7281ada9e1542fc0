"""Is a network without activations incapable of learning?

python -m experiments.linear
"""

import matplotlib.pyplot as plt

from experiments import lab
from experiments.flat import two_layers


def only_a_sigmoid():
    from keras.layers import Dense

    return [Dense(16), Dense(8), Dense(1, activation='sigmoid')]


NETWORKS = {
    'no activation (Dense 16, Dense 1)': two_layers,
    'only a sigmoid at the end (Dense 16, Dense 8, sigmoid)': only_a_sigmoid,
    "the tutorial's (relu, tanh, sigmoid)": lab.tutorial,
}
SETTINGS = {
    (waves, name): {'network': network} | data
    for waves, data in lab.EASY_AND_HARD.items()
    for name, network in NETWORKS.items()
}

if __name__ == '__main__':
    runs, folder = lab.measure(__doc__, 'linear', SETTINGS, seeds=20)
    plt.style.use(lab.STYLE)
    figure, axis = plt.subplots(figsize=(8, 3.3))
    lab.plot_beside(axis, runs)
    figure.legend(loc='outside lower center', ncols=2)
    figure.savefig(folder / 'linear.png')
