"""Train a neural network to tell sine waves from square waves, and test it.

After "Introduction to Sequence Classification Using Keras" by Dr. Matthew Smith,
Swinburne University of Technology, prepared for the ADACS Machine Learning workshop.
Every number can be given on the command line: python train.py --N_train 50 --N_epochs 100
"""

# Import modules: our own first, so that from then on any error is one clear line
from utilities import (
    check_classes,
    command_line,
    count_seen,
    look_through,
    one_line_errors,
    plot_history,
    read_set,
    whole_file,
)

one_line_errors()

# LSTM and Reshape are for the alternatives below
from keras.layers import LSTM, Dense, Input, Reshape  # noqa: F401
from keras.models import Sequential

from batches import device_name, epoch_log, repeatable, shuffled_batches, streamed_batches

# The numbers to play with
N_train = 200  # Number of sequences to train with
N_test = 50  # Number of sequences to test with
N_sequence = 128  # Length of each sequence
N_epochs = 300  # Number of epochs: how often training goes through all the sequences
batch_size = 32  # Number of sequences after which the weights are corrected each time
seed = 0  # Start of the random numbers: another seed, another network
stream = False  # True: read the training files anew every epoch, for sets larger than the memory

# Each can also be given on the command line, so that a batch job needs no editing.
globals().update(
    command_line(
        __doc__,
        N_train=N_train,
        N_test=N_test,
        N_sequence=N_sequence,
        N_epochs=N_epochs,
        batch_size=batch_size,
        seed=seed,
        stream=stream,
    )
)
repeatable(seed)
print(f'Training on {device_name()}')

# Load the sequences (X) and the class of each (Y), to train with in shuffled batches.
# They are small, so all fit into memory at once; if not, they are streamed from the files.
# Test sequences that are also training sequences are counted: these, the network may just remember.
X_test, Y_test = read_set('Test', N_test, N_sequence)
if stream:
    Y_train, N_seen = look_through('Train', N_train, N_sequence, X_test)
    training_data, steps_per_epoch, steps_per_execution = streamed_batches(
        'Train', N_train, N_sequence, batch_size
    )
else:
    X_train, Y_train = read_set('Train', N_train, N_sequence)
    N_seen = count_seen(X_train, X_test)
    training_data, steps_per_epoch, steps_per_execution = shuffled_batches(
        X_train, Y_train, batch_size
    )

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

N_outputs = model.output_shape[-1]
check_classes('Train', Y_train, N_outputs)
check_classes('Test', Y_test, N_outputs)

# Compile model and print summary
model.compile(
    optimizer='rmsprop',
    loss='binary_crossentropy',
    # loss='sparse_categorical_crossentropy',
    metrics=['accuracy'],
    steps_per_execution=steps_per_execution,
    # jit_compile=True,
)
model.summary()

# Fit the model using the training set. The tutorial's own call, which may be swapped in, does the
# same several times slower:
# history = model.fit(X_train, Y_train, epochs=N_epochs, batch_size=batch_size)
history = model.fit(
    training_data,
    epochs=N_epochs,
    steps_per_epoch=steps_per_epoch,
    shuffle=False,  # the batches are shuffled already
    **epoch_log(N_epochs),
)

# Plot the history
plot_history(history)

# Test the model
if N_seen:
    print(
        f'{N_seen} of {N_test} test sequences also occur in the training set,'
        ' so the accuracy below is partly memory.'
    )
_, accuracy = model.evaluate(X_test, Y_test, verbose=0)
print(f'Accuracy: {100 * accuracy:.2f}%')

# Save the model, whole or not at all
with whole_file('model.keras') as temporary:
    model.save(temporary)
print('Model: model.keras')
