"""Why is the curve on the slide about activations flat?

    python -m experiments.flat

The slide's network has no activations. Keras 2 rounded its outputs to get the classes.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np

from experiments import lab


def two_layers(activation=None):
    from keras.layers import Dense

    return [Dense(16), Dense(1, activation=activation)]


def accuracy_2018(y, p):
    """As Keras 2.1 counted: right if it rounds to the class, so 1.7 is wrong."""
    from keras import ops

    return ops.round(p) == ops.reshape(y, (-1, 1))


NETWORKS = {
    "the slide's (Dense 16, Dense 1)": two_layers,
    'with a sigmoid (Dense 16, Dense 1 sigmoid)': partial(two_layers, 'sigmoid'),
}
SETTINGS = {
    ('', name): {'network': network, 'metrics': [accuracy_2018]}
    for name, network in NETWORKS.items()
}

if __name__ == '__main__':
    _, folder = lab.measure(__doc__, 'flat', SETTINGS, seeds=20, test_every=5)
    curves = lab.load(folder, 'flat-curves')
    slide, sigmoid = (curves[curves['setting'] == name] for name in NETWORKS)
    in_2018 = slide.assign(training_accuracy=slide['accuracy_2018'])
    lines = {
        'no activation, counted today': slide,
        'no activation, counted in 2018': in_2018,
        'with a sigmoid': sigmoid,
    }
    plt.style.use(lab.STYLE)
    figure, axis = plt.subplots()
    lab.plot_curves(axis, lines.items(), 'training_accuracy')
    axis.set(ylim=(0, 1.02), yticks=np.linspace(0, 1, 6), ylabel='Accuracy')
    axis.set_title('Training sequences: every seed, their median bold', loc='left')
    figure.legend(loc='outside lower center', ncols=2)
    figure.savefig(folder / 'flat.png')
