# The tutorial's train.py and the functions that it uses, for benchmark.py: as the
# slides print them, repaired only where today's libraries stop (marked).

import os

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'

# Import modules
import matplotlib.pyplot as plt
import numpy as np
from keras.layers import Dense
from keras.models import Sequential


def read_training_data(ID, N):
    print('Reading Train/X_%d.dat' % ID)
    with open('Train/X_%d.dat' % ID, 'rb') as file:
        X = np.fromfile(file, dtype=np.double)
    with open('Train/Y_%d.dat' % ID, 'rb') as file:
        Y = np.fromfile(file, dtype=np.double)
    return X, Y[0]  # repaired: was Y, an array, which NumPy 2 does not take as a number


def read_test_data(ID, N):
    print('Reading Test/X_%d.dat' % ID)
    with open('Test/X_%d.dat' % ID, 'rb') as file:
        X = np.fromfile(file, dtype=np.double)
    with open('Test/Y_%d.dat' % ID, 'rb') as file:
        Y = np.fromfile(file, dtype=np.double)
    return X, Y[0]  # repaired, as above


def plot_history(history):
    plt.plot(history.history['accuracy'])  # repaired: was 'acc'
    plt.title('Accuracy Convergence History')
    plt.ylabel('Accuracy')
    plt.xlabel('Epoch')
    plt.savefig('history.png')  # repaired: was plt.show(), with the tkagg backend


# Create training arrays
N_train = 200  # Number of elements to train
N_test = 50
N_sequence = 128  # Length of each piece of data
N_epochs = 300  # Number of epochs

# Create the training sequence data (X) and each set's classification (Y).
X_train = np.empty([N_train, N_sequence])
Y_train = np.empty(N_train)
for x in range(N_train):
    X_train[x,], Y_train[x] = read_training_data(x + 1, N_sequence)
X_test = np.empty([N_test, N_sequence])
Y_test = np.empty(N_test)
for x in range(N_test):
    X_test[x,], Y_test[x] = read_test_data(x + 1, N_sequence)

# Create our Keras model - an RNN (in Keras this is a Sequence)
model = Sequential()

# Configure our RNN by adding neural layers with activation functions
model.add(Dense(16, activation='relu', input_dim=N_sequence))
model.add(Dense(8, activation='tanh'))
model.add(Dense(1, activation='sigmoid'))

# Compile model and print summary
model.compile(optimizer='rmsprop', loss='binary_crossentropy', metrics=['accuracy'])
print(model.summary())

# Fit the model using the training set
history = model.fit(X_train, Y_train, epochs=N_epochs, batch_size=32)

# Plot the history
plot_history(history)

# Test the model
print('Accuracy: %.2f%%' % (100 * model.evaluate(X_test, Y_test)[1]))
