# train.py
# Written by Dr. Matthew Smith, Swinburne University of Technology
# Prepared as training material for ADACS Machine Learning workshop
# This is an example of time series (sequence) classification
# for a binary classification problem. Ported to Keras 3.

# Report mistakes in a few lines, and start Keras: without its notices, and
# with a quicker way to make batches
from support.prepare import prepare
prepare(keras=True)

# Import modules
import matplotlib.pyplot as plt
import numpy as np
from keras.models import Sequential
from keras.layers import Dense
#from keras.layers import LSTM
#from keras.layers import Reshape
from keras.layers import Input
from keras.utils import set_random_seed
from utilities import read_training_data, read_test_data, plot_history
from support.command_line import read_command_line
from support.network import check_network
from support.progress import ShowProgress
from support.runs import save_run

# The numbers to play with. Change them here, or type them for one run:
# python train.py --N_train 50 --N_epochs 100
N_train = 200        # Number of elements to train
N_test = 50          # Number of elements to test
N_sequence = 128     # Length of each piece of data
N_epochs = 300       # Number of epochs
batch_size = 32      # Number of sequences in a batch
seed = 0             # Seed of the random numbers

# Let the command line replace any number above (globals() holds them all)
numbers = read_command_line(globals())

# The same seed gives the same network
set_random_seed(seed)

# Create training arrays
# In this demonstration I create our numpy arrays and then
# load each time sequence in one-by-one.

# Create the training sequence data (X) and each set's classification (Y).
X_train = np.empty([N_train, N_sequence])
Y_train = np.empty(N_train)

# Load the data from file
for x in range(N_train):
    # This will create x = 0, 1, 2...to N_train-1
    X_train[x,], Y_train[x] = read_training_data(x+1, N_sequence)

# Also create the numpy arrays for the testing data set
X_test = np.empty([N_test, N_sequence])
Y_test = np.empty(N_test)
for x in range(N_test):
    X_test[x,], Y_test[x] = read_test_data(x+1, N_sequence)

# Create our Keras model: layers that follow each other
# The slides of 2018 call it an RNN, but nothing in it recurs: the first
# layer sees all the values at once. The LSTM below reads them one by one.
model = Sequential()

# What goes in: the N_sequence values of a time series
model.add(Input(shape=(N_sequence,)))

# Configure our network by adding neural layers with activation functions
model.add(Dense(16, activation='relu'))
model.add(Dense(8, activation='tanh'))
model.add(Dense(1, activation='sigmoid'))

# The commented lines below are designed to offer some insight
# into the use of layers without activation functions.
# The 3 lines above should be commented out before uncommenting these.
# No activation layers (Can this learn? See section 6 of LESSON.md)
#model.add(Dense(16))
#model.add(Dense(1))

# A recurrent network, an LSTM (uncomment its two imports at the top, too)
#model.add(Reshape((N_sequence, 1)))
#model.add(LSTM(16))
#model.add(Dense(1, activation='sigmoid'))

# Compile model and print summary
model.compile(optimizer='rmsprop', loss='binary_crossentropy',
              metrics=['accuracy'])
model.summary()

# For speed, run all batches of an epoch in one call. A callback then sees
# only the last batch of an epoch. Leave this out with steps_per_epoch.
model.steps_per_execution = N_train // batch_size + 1

# Check that network, loss and data go together, before the training begins
check_network(model, X_train, Y_train, X_test, Y_test)

# Fit the model using the training set: in each epoch it is shuffled and cut
# into batches, and after each batch the weights are updated.
# ShowProgress shows a bar, and lets Ctrl-C stop the fit after the epoch.
history = model.fit(X_train, Y_train, epochs=N_epochs, batch_size=batch_size,
                    callbacks=[ShowProgress()])

# Plot the history
plot_history(history)

# Final evaluation of the model using the Test Data
print("Evaluating Test Set")
scores = model.evaluate(X_test, Y_test, verbose=0)
print("Accuracy: %.2f%%" % (scores[1]*100))

# Print how far to trust this number and what was wrong, and save the run
save_run(numbers, model, history, X_train, Y_train, X_test, Y_test)

# Show the plot in a window (close it to end the script), or in the terminal
plt.show()
