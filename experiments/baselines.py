"""What a network is compared with: rules, and methods that learn without a network.

Each gets the training set, X_train (n, N) and Y_train (n,), the sequences X (m, N) to
classify, and the standard deviation of their noise; it returns their classes, (m,).
"""

import numpy as np
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from scipy.special import expit


def always_sine(X_train, Y_train, X, noise):
    return np.zeros(len(X))


def mean_square(X_train, Y_train, X, noise):
    """A sine's mean square is 1/2, a square wave's is 1.

    Noise adds its variance to both, so that is subtracted first.
    """
    return (X**2).mean(axis=1) - noise**2 > 0.75


def flatness(X_train, Y_train, X, noise):
    """The mean of x^4 over the square of the mean of x^2: 3/2 for a sine, else 1.

    The height of the wave cancels out.
    """
    return (X**4).mean(axis=1) / (X**2).mean(axis=1) ** 2 < 1.25


def nearest_neighbour(X_train, Y_train, X, noise):
    """The class of the nearest training sequence."""
    return Y_train[cdist(X, X_train).argmin(axis=1)]


def logistic_regression(X_train, Y_train, X, noise):
    """A neuron with a sigmoid, fitted to its optimum with the penalty L2 = 1.

    Without it there is none where a plane separates the classes: the weights would grow
    for ever, and the result depend on when you stop.
    """
    sign = 2 * Y_train - 1

    def loss_and_gradient(parameters):
        weights, bias = parameters[:-1], parameters[-1]
        margins = sign * (X_train @ weights + bias)
        slopes = -sign * expit(-margins)
        loss = np.logaddexp(0, -margins).sum() + weights @ weights / 2
        return loss, np.append(slopes @ X_train + weights, slopes.sum())

    start = np.zeros(X_train.shape[1] + 1)
    best = minimize(loss_and_gradient, start, jac=True, method='L-BFGS-B').x
    return X @ best[:-1] + best[-1] > 0


def spectral_regression(X_train, Y_train, X, noise):
    """Logistic regression on Fourier magnitudes, which no phase changes."""
    spectra, spectra_train = np.abs(np.fft.rfft(X)), np.abs(np.fft.rfft(X_train))
    return logistic_regression(spectra_train, Y_train, spectra, noise)
