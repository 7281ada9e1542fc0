"""Train a neural network to tell sine waves from square waves, and test it.

After "Introduction to Sequence Classification Using Keras" by Dr. Matthew Smith,
Swinburne University of Technology, prepared for the ADACS Machine Learning workshop.
Every number can be given on the command line: python train.py --N_train 50 --N_epochs 100
"""

# Import modules: ours that prepare and check, then what we need of Keras, then the files and plots
from support.console import command_line, report_accuracy
from support.files import save
from support.training import FitProgress, batches, check_network, count_seen, device, repeatable

from keras.models import Sequential
from keras.layers import Dense, Input
from keras.layers import LSTM, Reshape  # for the alternatives below

from utilities import plot_history, read_set

# The numbers to play with. Add your own: the command line takes every number that stands here.
N_train = 200  # Number of sequences to train with
N_test = 50  # Number of sequences to test with
N_sequence = 128  # Length of each sequence
N_epochs = 300  # Number of epochs: how often training goes through all the sequences
batch_size = 32  # Number of sequences after which the weights are corrected each time
seed = 0  # Start of the random numbers: another seed, another network
stream = False  # True: read the training files anew every epoch, for sets larger than the memory
globals().update(command_line(__doc__, globals()))

repeatable(seed)
print(f'Training on {device()}')

# Load the sequences (X) and the class of each (Y): those to train with, and others to test with.
# Count the test sequences that are training sequences, too: these the network may just remember.
X_train, Y_train = read_set('Train', N_train, N_sequence, stream)
X_test, Y_test = read_set('Test', N_test, N_sequence)
N_seen = count_seen(X_train, X_test)

# Create our Keras model. "Sequential" means that the layers follow each other. The tutorial calls
# this network an RNN, but it is not recurrent: each layer sees the whole sequence at once, as 128
# separate numbers, and nothing is fed back. The LSTM below is recurrent.
model = Sequential()
model.add(Input(shape=(N_sequence,)))

# Configure it by adding neural layers with activation functions. Experiment here: add layers,
# remove them, change the numbers of neurons and the activations. The single neuron of the last
# layer answers with a number from 0 (sine) to 1 (square).
model.add(Dense(16, activation='relu'))
model.add(Dense(8, activation='tanh'))
model.add(Dense(1, activation='sigmoid'))

# Alternative: no activations. Swap these lines for the three layers above.
# model.add(Dense(16))
# model.add(Dense(8))
# model.add(Dense(1, activation='sigmoid'))

# Alternative: the smooth relu, log(1 + exp(x)). Swap this line for the relu layer above.
# model.add(Dense(16, activation='softplus'))

# Alternative: a recurrent network, which reads the sequence value by value and remembers.
# Swap these lines for the three layers above. It takes many times longer, about a third of that
# with the line jit_compile=True below.
# model.add(Reshape((N_sequence, 1)))
# model.add(LSTM(16))
# model.add(Dense(1, activation='sigmoid'))

# Alternative: more classes, after python generate_data.py --classes 4 --overwrite.
# Swap this line for the sigmoid layer above, and the loss below for the one that follows it.
# model.add(Dense(4, activation='softmax'))

# Cut the training data into batches, newly shuffled every epoch: 200 sequences make 7 batches.
training_data = batches(X_train, Y_train, batch_size)

# Compile model and print summary
model.compile(
    optimizer='rmsprop',
    loss='binary_crossentropy',
    # loss='sparse_categorical_crossentropy',
    metrics=['accuracy'],
    # jit_compile=True,
    steps_per_execution=min(len(training_data), 100),  # batches in one go: this makes it fast
)
check_network(model, Y_train, Y_test)
model.summary()

# Fit the model using the training set. The tutorial's own call, which may be swapped in, does the
# same several times slower:
# history = model.fit(X_train, Y_train, epochs=N_epochs, batch_size=batch_size)
history = model.fit(training_data, epochs=N_epochs, callbacks=[FitProgress()])

# Save the model, test it with the sequences that it has not trained with, and plot the history
save(model, 'model.keras')
_, accuracy = model.evaluate(X_test, Y_test, verbose=0)
report_accuracy(accuracy, N_test, N_seen)
plot_history(history)
