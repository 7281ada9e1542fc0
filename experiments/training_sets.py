"""How many training sequences, and how many epochs?

python -m experiments.training_sets
"""

import matplotlib.pyplot as plt
import numpy as np

from experiments import lab

NUMBERS = 25, 50, 100, 200, 400, 800, 1600
SETTINGS = {('', N): {'N_train': N} for N in NUMBERS}

if __name__ == '__main__':
    runs, folder = lab.measure(__doc__, 'training-sets', SETTINGS, test_every=5)
    plt.style.use(lab.STYLE)
    figure, axis = plt.subplots()
    lab.plot_below(axis, lab.test_and_training(runs))
    lab.show_accuracy(axis)
    axis.set(xlabel='Training sequences', ylabel='Accuracy')
    figure.legend(loc='outside lower center', ncols=3)
    figure.savefig(folder / 'training-sets.png')

    figure, axis = plt.subplots()
    light_to_dark = plt.colormaps['viridis_r'](np.linspace(0.1, 1, len(NUMBERS)))
    axis.set_prop_cycle(color=light_to_dark)
    curves = lab.load(folder, 'training-sets-curves')
    lab.plot_curves(axis, curves.groupby('setting', sort=False))
    axis.set_title('Test sequences: every seed, their median bold', loc='left')
    figure.legend(title='Training sequences', loc='outside lower center', ncols=4)
    figure.savefig(folder / 'training-sets-curves.png')
