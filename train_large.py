# train_large.py
# train.py for sets that are too large for the memory: the training files
# are read again in every epoch, 16 at a time, and none of them is kept.
# For smaller sets, train.py does the same in less time.

# Our own first line: from here on a mistake ends in two or three lines (where
# it is, what is wrong, perhaps a hint), and Keras starts without its notices
from support.start import prepare
prepare(keras=True)

# Import modules
import numpy as np
import tensorflow as tf
from keras.models import Sequential
from keras.layers import Dense
from keras.layers import Input
from keras.utils import set_random_seed
from utilities import read_training_data, read_test_data
from utilities import plot_history, show_plots
from support.mistakes import check_network
from support.runs import save_run
from support.training import ShowAndSave, read_command_line

# The numbers to play with. Change them here, or type them for one run:
# python train_large.py --N_train 50000 --N_epochs 20
N_train = 200        # Number of elements to train
N_test = 50          # Number of elements to test
N_sequence = 128     # Length of each piece of data
N_epochs = 300       # Number of epochs
batch_size = 32      # Number of sequences in a batch
seed = 0             # Seed of the random numbers

# Let the command line replace any number above
read_command_line(globals())

# The same seed gives the same network
set_random_seed(seed)

# The testing data set is small: it is loaded as in train.py
X_test = np.empty([N_test, N_sequence])
Y_test = np.empty(N_test)
for x in range(N_test):
    X_test[x,], Y_test[x] = read_test_data(x+1, N_sequence)

# The training data, one sequence after the other; none of them is kept
def training_data():
    for x in range(N_train):
        yield read_training_data(x+1, N_sequence)

# Read all files once, for the classes, and because a bad one is better
# found now than after an hour
Y_train = np.array([Y for X, Y in training_data()])

# Create our Keras model, as in train.py
model = Sequential()
model.add(Input(shape=(N_sequence,)))
model.add(Dense(16, activation='relu'))
model.add(Dense(8, activation='tanh'))
model.add(Dense(1, activation='sigmoid'))

# Compile model and print summary
model.compile(optimizer='rmsprop', loss='binary_crossentropy',
              metrics=['accuracy'])
model.summary()

# Only for speed: up to 100 batches in one go
model.steps_per_execution = 100

# Check that network, loss and data fit, before the training begins.
# X_train gives the sequences one after the other, once.
X_train = (X for X, Y in training_data())
check_network(model, X_train, Y_train, X_test, Y_test)

# How TensorFlow reads sequence x+1, many at a time
def read_file(x, Y):
    name = tf.strings.join(['Train/X_', tf.strings.as_string(x+1), '.dat'])
    X = tf.io.decode_raw(tf.io.read_file(name), tf.float64)
    X = tf.cast(X, tf.float32)
    # Drop NaN and infinity: then X is too short, which ends the training
    X = tf.boolean_mask(X, tf.math.is_finite(X))
    return tf.ensure_shape(X, [N_sequence]), Y

# Fit the model using the training set
# In each epoch the numbers of the files are shuffled, the files are read
# and cut into batches, and the next two batches are prepared in advance.
batches = tf.data.Dataset.from_tensor_slices((np.arange(N_train), Y_train))
batches = batches.shuffle(N_train).map(read_file, num_parallel_calls=16)
batches = batches.batch(batch_size).prefetch(2)

# Only for speed: do not tune the reading while it goes on
options = tf.data.Options()
options.autotune.enabled = False
batches = batches.with_options(options)
history = model.fit(batches, epochs=N_epochs, shuffle=False,
                    callbacks=[ShowAndSave(rereads='Train')])

# Plot the history
plot_history(history)

# Final evaluation of the model using the Test Data
print("Evaluating Test Set")
scores = model.evaluate(X_test, Y_test, verbose=0)
print("Accuracy: %.2f%%" % (scores[1]*100))

# How far to trust this number, what was wrong, and where all this is kept
X_train = (X for X, Y in training_data())
save_run(model, history, X_train, X_test, Y_test)

# Open the plot in a window, where there is a display
show_plots()
