"""Draw a picture of the pages, and save it in docs/pictures.

    MATPLOTLIBRC=docs/pictures python -m docs.pictures.draw waves

Each function draws the picture of its name.
"""

import itertools
import sys

import matplotlib.pyplot as plt
import numpy as np

from generate_data import WAVES

# A panel for a sketch has neither a frame nor ticks
BARE = {'frame_on': False, 'xticks': [], 'yticks': []}


def waves():
    t = np.arange(1, 129)
    panels = itertools.product(['sine wave', 'square wave'], [0.12, 0.38])
    for i, (name, f) in enumerate(panels):
        plt.subplot(2, 2, i + 1, title=f'{name}, f = {f}')
        plt.plot(t, WAVES[name](f * t))
    plt.gcf().supxlabel('Time Sequence (t)')
    plt.gcf().supylabel('Data X(t)')


def activations():
    x = np.linspace(-4, 4, 801)
    curves = {
        'relu': np.maximum(0, x),
        'softplus': np.log(1 + np.exp(x)),
        'tanh': np.tanh(x),
        'sigmoid': 1 / (1 + np.exp(-x)),
    }
    for i, (name, y) in enumerate(curves.items()):
        plt.subplot(1, 4, i + 1, title=name, ylim=(-1.2, 4.2), xticks=[-4, 0, 4])
        plt.plot(x, y, label='value')
        plt.plot(x, np.gradient(y, x), ':', label='slope')
    plt.legend(handlelength=1)


def network():
    plt.axes(**BARE)
    layers = [np.linspace(1 / n - 1, 1 - 1 / n, n) for n in (128, 16, 8, 1)]
    for x, layer in enumerate(layers[1:]):
        ends = [*itertools.product(layers[x], layer)]
        plt.plot([x, x + 1], np.transpose(ends), 'C0', lw=0.5, alpha=0.05 + x / 9)
        plt.plot([x + 1] * len(layer), layer, 'C1o')
    labels = ['128 values', '16 neurons\nrelu', '8 neurons\ntanh', '1 neuron\nsigmoid']
    plt.xticks(range(4), labels)


def epochs():
    """Draw three epochs: 200 stripes in batches, and an update after each batch."""
    plt.suptitle('200 sequences, in batches of 32 and a last one of 8')
    ends = [*range(32, 200, 32), 200]
    for i, epoch in enumerate([1, 2, 300]):
        plt.subplot(3, 1, i + 1, **BARE)
        plt.pcolormesh([np.random.default_rng(epoch).permutation(200)])
        plt.vlines(ends, 0, 1, 'w', linewidth=5)
        plt.xticks(ends, '▲' * 7, color='C3')
        plt.ylabel(f'epoch {epoch}', rotation=0, ha='right', va='center')
        plt.text(205, 0.3, f'{7 * epoch:,} updates', color='C3')


if __name__ == '__main__':
    globals()[sys.argv[1]]()
    plt.savefig(f'docs/pictures/{sys.argv[1]}.png')
