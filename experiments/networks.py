"""Networks for the trials: functions that return layers, in the order of train.py.

Each function imports Keras itself, because only the processes that train need it.
"""


def tutorial():
    """Return the layers of train.py's network."""
    return mlp()


def mlp(hidden=2, neurons=16, activations=('relu', 'tanh')):
    """Return the tutorial's network with other hidden layers."""
    from keras.layers import Dense

    first, second = activations
    layers = []
    if hidden > 0:
        layers.append(Dense(neurons, activation=first))
    for _ in range(hidden - 1):
        layers.append(Dense(8, activation=second))
    layers.append(Dense(1, activation='sigmoid'))
    return layers


def two_layers(activation=None):
    """Return the network on the slide about activations, or add one at its end."""
    from keras.layers import Dense

    return [Dense(16), Dense(1, activation=activation)]


def only_a_sigmoid():
    from keras.layers import Dense

    return [Dense(16), Dense(8), Dense(1, activation='sigmoid')]


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
