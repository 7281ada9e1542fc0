"""Read the workshop's sequences from their files, and plot them.

A sequence is two files of float64 values, as MATLAB's
fwrite(fileID, x, 'double') writes them: X_i.dat holds the time series and
Y_i.dat its class, a whole number. Train holds the training sequences, Test
the test sequences. classes.txt beside them may name the classes, one on
each line, class 0 first.
"""

from support.drawing import draw_in_terminal
from support.files import (
    plot_name,
    plot_titles,
    read_set,  # for exercise 2
    read_values,
    save_plot,
)
from support.runs import run_folder

import matplotlib.pyplot as plt
import numpy as np


def read_training_data(ID, N):
    """Read sequence ID of Train: its N values, float64 (N,), and its class."""
    return read_sequence('Train', ID, N)


def read_test_data(ID, N):
    """Read sequence ID of Test, as read_training_data does."""
    return read_sequence('Test', ID, N)


def read_sequence(folder, ID, N):
    """Read the two files of a sequence: N values, float64 (N,), and its class.

    read_values is np.fromfile(path, '<f8'), which reads what MATLAB's fwrite
    has written. If these are not N numbers, a line says what is wrong.
    """
    X = read_values(f'{folder}/X_{ID}.dat', N)
    Y = read_values(f'{folder}/Y_{ID}.dat', 1)
    return X, Y[0]


def plot_results(ID, X, Y=None, folder='Train'):
    """Plot the sequence with number ID, or several in a grid.

    ID is a number and X its values (N,); or ID is a list of n numbers and
    X is (n, N). Y, the class or the n classes, goes into the titles, by its
    name in folder/classes.txt. Saves folder_ID.png.
    """
    if np.ndim(ID) == 0:
        ID, X, Y = [ID], [X], [Y]
    columns = int(np.ceil(np.sqrt(len(ID))))
    rows = int(np.ceil(len(ID) / columns))
    size = max(6.4, 4 * columns), max(4.8, 3 * rows)
    figure = plt.figure(figsize=size, layout='constrained')
    titles = plot_titles(ID, Y, folder)
    for x in range(len(ID)):
        axis = figure.add_subplot(rows, columns, x + 1)
        axis.plot(np.arange(1, len(X[x]) + 1), X[x])
        axis.set_title(titles[x])
        axis.grid(alpha=0.3)
    figure.supxlabel('Time Sequence (t)')
    figure.supylabel('Data X(t)')
    save_plot(figure, plot_name(ID, folder))


def plot_history(history):
    """Plot accuracy and loss against the epoch. Saves history.png.

    history comes from model.fit; with validation data, their curves are
    plotted as well. train.py saves it in the run's folder. Accuracy and loss
    have the same axes in all runs, so that you can compare pictures.
    """
    figure, axes = plt.subplots(2, 1, sharex=True, figsize=(6.4, 7))
    for axis, name in zip(axes, ('accuracy', 'loss'), strict=True):
        for label, key in ('training', name), ('validation', f'val_{name}'):
            if key in history.history:
                values = history.history[key]  # one for each epoch
                axis.plot(np.arange(1, len(values) + 1), values, label=label)
        axis.set_ylabel(name.capitalize())
        axis.grid(alpha=0.3)
    axes[0].set_title('Accuracy Convergence History')
    axes[0].set_ylim(-0.02, 1.02)
    axes[1].set_yscale('log')
    axes[1].set_ylim(1e-6, 10)
    axes[1].legend()
    axes[1].set_xlabel('Epoch')
    save_plot(figure, 'history.png', run_folder())


def show_plots():
    """Open a window for each plot; without a display, draw with characters."""
    if not plt.get_fignums():  # nothing was plotted
        return
    # Without a display, matplotlib's canvas can only write files.
    if plt.gcf().canvas.required_interactive_framework:
        print('Close the plot window to end the script', flush=True)
        plt.show()
    else:
        draw_in_terminal(plt.gcf())
