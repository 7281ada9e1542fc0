"""Train a neural network to tell sine waves from square waves, and test it.

After "Introduction to Sequence Classification Using Keras" by Dr. Matthew Smith,
Swinburne University of Technology, prepared for the ADACS Machine Learning workshop.
Every number can be given on the command line: python train.py --N_train 50 --N_epochs 100
"""

# Import modules: ours that prepare and check (first, so that errors are short), Keras's for the
# network, ours for the files and plots
from support.console import command_line, report_accuracy
from support.mistakes import check_network
from support.training import FitProgress, batches, count_seen, device, repeatable, save

from keras.models import Sequential
from keras.layers import Dense, Input
from keras.layers import LSTM, Normalization, Reshape  # for the alternatives below

from utilities import count_sets, plot_history, read_set

# The numbers to play with
N_train = 200  # Number of sequences to train with (0: all there are)
N_test = 50  # Number of sequences to test with (0: all there are)
N_sequence = 128  # Length of each sequence (0: that of the first)
N_epochs = 300  # Number of epochs: how often training goes through all the sequences
batch_size = 32  # Number of sequences after which the weights are corrected each time
seed = 0  # Start of the random numbers: another seed, another network
stream = False  # True: read the training files anew every epoch, for sets larger than the memory
# Let every whole number above, also one that you add, be typed: python train.py --N_train 50
globals().update(command_line(__doc__, globals()))

# Let the same seed give the same network again
repeatable(seed)
print(f'Training on {device()}')

# Load the sequences (X) and the class of each (Y): those to train with, and others to test with.
# Test sequences that are training sequences, too, are counted: these it may just remember.
N_train, N_test, N_sequence = count_sets(N_train, N_test, N_sequence)
X_train, Y_train = read_set('Train', N_train, N_sequence, stream)
X_test, Y_test = read_set('Test', N_test, N_sequence)
N_seen = count_seen(X_train, X_test)

# Cut the training data into batches, newly shuffled every epoch: 200 sequences make 7 batches.
training_data = batches(X_train, Y_train, batch_size)

# Create our Keras model. "Sequential" means that the layers follow each other. The tutorial calls
# this network an RNN, but it is not recurrent: each layer sees the whole sequence at once, as 128
# separate numbers, and nothing is fed back. The LSTM below is recurrent.
model = Sequential()
model.add(Input(shape=(N_sequence,)))

# Alternative: values far from 0 or 1. Uncomment these three lines: the layer learns the mean and
# the spread of the training data, and gives the others values of mean 0 and spread 1.
# normalization = Normalization(axis=None)
# normalization.adapt(training_data.map(lambda X, Y: X))
# model.add(normalization)

# Configure it by adding neural layers with activation functions: relu keeps what is above 0, tanh
# bends everything into -1 to 1, sigmoid into 0 to 1. Experiment here: add layers, remove them,
# change the numbers of neurons and the activations. The single neuron of the last layer answers
# with a number from 0 (sine) to 1 (square).
model.add(Dense(16, activation='relu'))
model.add(Dense(8, activation='tanh'))
model.add(Dense(1, activation='sigmoid'))

# Alternative: no activations but the last. Swap these lines for the three layers above.
# model.add(Dense(16))
# model.add(Dense(8))
# model.add(Dense(1, activation='sigmoid'))

# Alternative: softplus, the smooth relu, log(1 + exp(x)). Swap this line for the relu layer above.
# model.add(Dense(16, activation='softplus'))

# Alternative: a recurrent network, which reads the sequence value by value and remembers.
# Swap these lines for the three layers above. The whole run takes several times longer, and about
# half of that with the line jit_compile=True below (on an x86 CPU; on a GPU Keras leaves it off).
# model.add(Reshape((N_sequence, 1)))
# model.add(LSTM(16))
# model.add(Dense(1, activation='sigmoid'))

# Alternative: more classes, after python generate_data.py --classes 4 --overwrite. Swap this line,
# with a neuron for each class, for the last of the three layers, Dense(1, activation='sigmoid').
# Then swap the loss below for the one that follows it.
# model.add(Dense(4, activation='softmax'))

# Compile model and print summary. The loss is what training makes small: binary_crossentropy
# punishes a wrong answer the more, the surer it was. The optimizer, rmsprop, corrects the weights
# after each batch, in steps that it adapts to each weight.
model.compile(
    optimizer='rmsprop',
    loss='binary_crossentropy',
    # loss='sparse_categorical_crossentropy',
    metrics=['accuracy'],
    # jit_compile=True,
    steps_per_execution=100,  # at most 100 batches without coming back to Python: for speed
)
check_network(model, X_train, Y_train, Y_test)
model.summary()

# Fit the model using the training set, and show how it goes
history = model.fit(training_data, epochs=N_epochs, callbacks=[FitProgress()])

# Alternative: the tutorial's own call. Swap it for the one above: it does the same, with the
# sequences in another order, and several times slower.
# history = model.fit(X_train, Y_train, epochs=N_epochs, batch_size=batch_size)

# Alternative: validation. Swap these lines for model.fit above: the last quarter of the training
# sequences is kept apart, and the network is tried on it after each epoch.
# N_fit = N_train - N_train // 4
# training_data = batches(X_train[:N_fit], Y_train[:N_fit], batch_size)
# validation_data = batches(X_train[N_fit:], Y_train[N_fit:], N_train)
# history = model.fit(
#     training_data, epochs=N_epochs, callbacks=[FitProgress()], validation_data=validation_data
# )

# Save the model, test it with the sequences that it has not trained with, and plot the history
save(model, 'model.keras')
_, accuracy = model.evaluate(X_test, Y_test, verbose=0)
report_accuracy(accuracy, Y_test, N_seen)
plot_history(history)
