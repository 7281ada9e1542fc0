"""Does it need a neural network at all?

    python -m experiments.baseline

A rule gets the training set, X_train (n, 128) and Y_train (n,), the sequences X
(m, 128) to classify, and the noise's standard deviation. It returns classes, (m,).
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from scipy.special import expit

from experiments import lab


def always_sine(X_train, Y_train, X, noise):
    return np.zeros(len(X))


def mean_square(X_train, Y_train, X, noise):
    """A sine's mean square is 1/2, a square wave's is 1; noise adds its variance."""
    return (X**2).mean(axis=1) - noise**2 > 0.75


def flatness(X_train, Y_train, X, noise):
    """It is 3/2 for a sine and 1 for a square wave, however high the wave is."""
    return (X**4).mean(axis=1) / (X**2).mean(axis=1) ** 2 < 1.25


def nearest_neighbour(X_train, Y_train, X, noise):
    return Y_train[cdist(X, X_train).argmin(axis=1)]


def logistic_regression(X_train, Y_train, X, noise):
    """A neuron with a sigmoid, fitted to its optimum with the penalty L2 = 1.

    Without it there is none where a plane separates the classes: the weights would grow
    for ever, and the result depend on when you stop.
    """
    sign = 2 * Y_train - 1

    def loss_and_gradient(parameters):
        weights = parameters[:-1]
        bias = parameters[-1]
        margins = sign * (X_train @ weights + bias)
        slopes = -sign * expit(-margins)
        loss = np.logaddexp(0, -margins).sum() + weights @ weights / 2
        return loss, np.append(slopes @ X_train + weights, slopes.sum())

    start = np.zeros(X_train.shape[1] + 1)
    best = minimize(loss_and_gradient, start, jac=True, method='L-BFGS-B').x
    return X @ best[:-1] + best[-1] > 0


def spectral_regression(X_train, Y_train, X, noise):
    """Logistic regression on Fourier magnitudes, which no phase changes."""
    spectra = np.abs(np.fft.rfft(X))
    spectra_train = np.abs(np.fft.rfft(X_train))
    return logistic_regression(spectra_train, Y_train, spectra, noise)


def no_hidden_layer():
    from keras.layers import Dense

    return [Dense(1, activation='sigmoid')]


WAVES = {
    'same phase, 200 sequences': {},
    'random phase, 200 sequences': {'phase': 1},
    'random phase, 800 sequences': {'N_train': 800, 'phase': 1},
}
METHODS = {
    'always the same class': {'rule': always_sine},
    'mean of the squares': {'rule': mean_square},
    'mean of x⁴ / (mean of x²)²': {'rule': flatness},
    'nearest neighbour': {'rule': nearest_neighbour},
    'logistic regression (L2 = 1)': {'rule': logistic_regression},
    'logistic regression on Fourier magnitudes (L2 = 1)': {'rule': spectral_regression},
    'no hidden layer, 300 epochs': {'network': no_hidden_layer},
    "the tutorial's network": {'network': lab.tutorial},
}
SETTINGS = {
    (waves, name): method | data
    for waves, data in WAVES.items()
    for name, method in METHODS.items()
}

if __name__ == '__main__':
    runs, folder = lab.measure(__doc__, 'baseline', SETTINGS)
    plt.style.use(lab.STYLE)
    figure, axis = plt.subplots(figsize=(8, 6.3))
    lab.plot_beside(axis, runs)
    figure.legend(loc='outside lower center', ncols=2)
    figure.savefig(folder / 'baseline.png')
