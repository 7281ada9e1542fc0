"""Does a recurrent network do better?

python -m experiments.recurrent
"""

import matplotlib.pyplot as plt

from experiments import lab


def conv1d():
    from keras.layers import Conv1D, Dense, GlobalAveragePooling1D, Reshape

    return [
        Reshape((128, 1)),
        Conv1D(16, 5, activation='relu'),
        GlobalAveragePooling1D(),
        Dense(1, activation='sigmoid'),
    ]


def simple_rnn():
    from keras.layers import Dense, Reshape, SimpleRNN

    return [Reshape((128, 1)), SimpleRNN(16), Dense(1, activation='sigmoid')]


def lstm():
    from keras.layers import LSTM, Dense, Reshape

    return [Reshape((128, 1)), LSTM(16), Dense(1, activation='sigmoid')]


NETWORKS = {
    "the tutorial's": lab.tutorial,
    'Conv1D': conv1d,
    'SimpleRNN': simple_rnn,
    'LSTM': lstm,
}
SETTINGS = {('', name): {'network': network} for name, network in NETWORKS.items()}

if __name__ == '__main__':
    runs, folder = lab.measure(__doc__, 'recurrent', SETTINGS, test_every=10)
    plt.style.use(lab.STYLE)
    figure, axis = plt.subplots(figsize=(8, 3.9))
    lab.plot_beside(axis, lab.test_and_training(runs))
    axis.set_xlabel('Accuracy')
    figure.legend(loc='outside lower center', ncols=3)
    figure.savefig(folder / 'recurrent.png')

    figure, axis = plt.subplots()
    curves = lab.load(folder, 'recurrent-curves')
    lab.plot_curves(axis, curves.groupby('setting', sort=False))
    axis.set_title('Test sequences: every seed, their median bold', loc='left')
    figure.legend(loc='outside lower center', ncols=3)
    figure.savefig(folder / 'recurrent-curves.png')
