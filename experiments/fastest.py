"""Which network learns fastest?

    python -m experiments.fastest

Three comparisons: of the number of hidden layers, of the neurons in the first of them,
and of the activation of both.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np

from experiments import lab


def mlp(hidden=2, neurons=16, activations=('relu', 'tanh')):
    """The tutorial's, with other hidden layers: how many, how wide, how bent."""
    from keras.layers import Dense

    first, second = activations
    layers = []
    if hidden > 0:
        layers.append(Dense(neurons, activation=first))
    for _ in range(hidden - 1):
        layers.append(Dense(8, activation=second))
    layers.append(Dense(1, activation='sigmoid'))
    return layers


NETWORKS = {}
for N in range(5):
    NETWORKS[f'hidden layers: {N}'] = partial(mlp, hidden=N)
for N in (2, 4, 8, 16, 32, 64, 128, 256):
    NETWORKS[f'neurons: {N}'] = partial(mlp, neurons=N)
for name in ('linear', 'relu', 'softplus', 'tanh', 'sigmoid'):
    NETWORKS[f'activation: {name}'] = partial(mlp, activations=(name, name))
SETTINGS = {
    (waves, name): {'network': network} | data
    for waves, data in lab.EASY_AND_HARD.items()
    for name, network in NETWORKS.items()
}

if __name__ == '__main__':
    runs, folder = lab.measure(__doc__, 'fastest', SETTINGS, seeds=20)
    runs[['kind', 'setting']] = runs['setting'].str.split(': ', expand=True)
    runs = runs.replace({'training_95': np.inf}, 500)  # where the axis says never
    kinds = runs.groupby('kind', sort=False)
    plt.style.use(lab.STYLE)
    figures = {'training_95': 'fastest', 'test_accuracy': 'fastest-accuracy'}
    for column, name in figures.items():
        figure, axes = plt.subplots(1, 3, sharey=True)
        for axis, (kind, of_kind) in zip(axes, kinds, strict=True):
            lab.plot_below(axis, of_kind, column, linestyle='')
            axis.set_xlabel(kind.capitalize())
            axis.tick_params('x', rotation=45)
            if column == 'test_accuracy':
                lab.show_accuracy(axis)
                axis.label_outer()
        if column == 'training_95':
            epochs = 5, 10, 20, 50, 100, 200
            axes[0].set(yscale='log', ylim=(4, 600), ylabel='Epochs to 95 %')
            axes[0].set_yticks([*epochs, 500], [*epochs, 'never'])
            axes[0].minorticks_off()
        figure.align_xlabels()
        labels = axes[0].get_legend_handles_labels()
        figure.legend(*labels, loc='outside lower center', ncols=2)
        figure.savefig(folder / f'{name}.png')
