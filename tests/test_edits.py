"""Edits of train.py as beginners make them, wrong and right, and what each is answered."""

import os
import pathlib
import re

import numpy as np
import pytest
from conftest import TRAIN, one_line, script

# A short training, for which nothing has to be typed.
SHORT = TRAIN
for number, small in (
    ('N_train = 200', '20 '),
    ('N_test = 50', '10'),
    ('N_epochs = 300', '2  '),
):
    SHORT = SHORT.replace(number, f'{number.split("=")[0]}= {small}')
# Where the edit "+ CODE" puts a line: above this one.
PLACES = {
    '^': 'model.add(Dense(16',
    '+': 'model.add(Dense(8',
    '>': 'model = Sequential()',
}

COMPILE = (
    r"model.compile(optimizer='rmsprop', loss='binary_crossentropy',\n"
    r"              metrics=['accuracy'])"
)
FIT = (
    r'history = model.fit(batches, epochs=N_epochs, shuffle=False,\n'
    r'                    callbacks=[ShowAndSave()])'
)
CHECK = 'check_network(model, X_train, Y_train, X_test, Y_test)'
SAVE = 'save_run(model, history, X_train, X_test, Y_test)'
READ = 'read_training_data(x+1, N_sequence)'
EVALUATE = 'model.evaluate(X_test, Y_test, verbose=0)'
PRINT = 'print("Accuracy: %.2f%%" % (scores[1]*100))'
SIGMOID = "model.add(Dense(1, activation='sigmoid'))"
TANH = "model.add(Dense(8, activation='tanh'))"
EMPTY = 'np.empty([N_train, N_sequence])'
INPUT = 'Input(shape=(N_sequence,))'
PAIR = '((X_train, Y_train))'
BATCHES = '.shuffle(N_train).batch(batch_size)'
SPARSE = "'sparse_categorical_crossentropy'"
LOSS = "'binary_crossentropy'"
LOOP = 'for x in range(N_train):'
ONE = "Dense(1, activation='sigmoid')"
TWO = "Dense(2, activation='softmax')"
RESHAPE = 'model.add(Reshape((N_sequence, 1)))'
READERS = 'from utilities import read_training_data, read_test_data'
SEQUENTIAL = 'from keras.models import Sequential'
DENSE = 'from keras.layers import Dense'
RELU = "Dense(16, activation='relu')"
ACCURACY = "['accuracy']"
FILL = 'X_train[x,], Y_train[x]'
LOGITS = 'keras.losses.SparseCategoricalCrossentropy(from_logits=True)'

# Edits: "what stands in train.py -> what is to stand there", the next after &; "with Conv1D"
# imports it. Answers: behind |, or above, behind =. A * says that another line is named than the
# one changed.
WRONG = rf"""
## shapes
= write it Input(shape=(N_sequence,)), with this comma
{INPUT} -> Input(shape=(N_sequence))
{INPUT} -> Input(shape=N_sequence)
{INPUT} -> Input(N_sequence)
= the sequences hold 128 values: make it Input(shape=(N_sequence,))
{INPUT} -> Input(shape=(100,))
{INPUT} -> Input(shape=(N_train,))
= the sequences hold 128 values: make it Input(shape=(N_sequence,)), and for layers
{INPUT} -> Input(shape=(N_sequence, 1))
{INPUT} -> Input(shape=(1, N_sequence))
{INPUT} -> Input(shape=(N_train, N_sequence))
* {INPUT} -> Input(shape=(None,)) | the Input above must be Input(shape=(N_sequence,))
{INPUT} -> Input(input_shape=(N_sequence,)) | Input has no argument input_shape: did you mean
= the first layer must be Input(shape=(N_sequence,))
* model.add({INPUT}) ->
* model.add({INPUT}) -> inputs = {INPUT}
model.add({INPUT}) -> {INPUT} | this layer is in no network yet: put model.add( ) around it
* model.add({INPUT}) -> model.add({INPUT})\nmodel.add({INPUT}) | a network takes one Input: leave
N_sequence = 128 -> N_sequence = 100 | Train/X_1.dat holds 128 value(s) instead of 100
N_sequence = 128 -> N_sequence = 1024 | Train/X_1.dat holds 128 value(s) instead of 1024
= in train.py this line is X_train = np.empty([N_train, N_sequence]), Y_train =
{EMPTY} -> np.empty(N_train, N_sequence)
np.empty(N_train) -> np.empty('N_train')
= the arrays that it fills must be X_train = np.empty([N_train, N_sequence]), Y_train =
* {EMPTY} -> np.empty([N_sequence, N_train])
* {EMPTY} -> np.empty([N_train])
* {EMPTY} -> np.zeros((N_train, N_sequence, 1))
{EMPTY} -> np.empty([N_train, N_sequence], dtype=int) | X_train must be np.empty([N_train,
np.empty(N_train) -> np.empty([N_train, 1]) | Y_train must hold one number for each sequence, its
np.empty([N_test, N_sequence]) -> {EMPTY} | X_test holds 20 sequences, but Y_test 10 classes:
= the number of neurons is a whole number from 1
Dense(16, -> Dense(16.5,
Dense(16, -> Dense('16',
Dense(16, -> Dense(0,
= a layer looks like model.add(Dense(16, activation='relu'))
Dense(16, -> Dense(16, 8,
Dense(16, -> Dense(
= SyntaxError: positional argument follows keyword argument
{RELU} -> Dense(activation='relu', 16)
{ONE} -> Dense(1, activation='sigmoid', 1)
Dense(16, -> Dense(N_neurons, | there is no N_neurons: give it a value above, or, if it is a
* Dense(8, -> Dense(1, | a single neuron stands before other layers: it must be the last, so
= the last layer must be Dense(1, activation='sigmoid'), or Dense(2,
{ONE} -> Dense(10, activation='sigmoid')
{ONE} -> Dense(2, activation='sigmoid') & {LOSS} -> 'mse'
{ONE} -> Dense(128, activation='sigmoid')
= for classes 0, 1, 2, ... with a softmax the loss is 'sparse_categorical_crossentropy'
* {ONE} -> {TWO}
{ONE} -> {TWO} & {LOSS} -> 'mean_squared_error'
{ONE} -> Dense(1, activation='softmax') | one neuron with softmax always answers 1: make it
= this loss needs the last layer Dense(2, activation='softmax')
{ONE} -> Dense(1, activation='softmax') & {LOSS} -> {SPARSE}
{ONE} -> Dense(2) & {LOSS} -> {SPARSE}
= this loss needs an answer from 0 to 1: make it Dense(1, activation='sigmoid')
{ONE} -> Dense(1, activation='tanh')
{ONE} -> Dense(1, activation='elu')
{ONE} -> Dense(1, activation='exponential')
{ONE} -> Dense(2, activation='softmax', axis=0) | Dense has no argument axis: leave it out
## layers
+ {RESHAPE} & with Reshape | Reshape((N_sequence, 1)) must be the first layer, as it takes all
= put its second brackets: Reshape((N_sequence, 1))
^ model.add(Reshape((N_sequence))) & with Reshape
^ model.add(Reshape(N_sequence, 1)) & with Reshape
= this gives values for each time, but one is wanted: put
* ^ model.add(Reshape([N_sequence, 1])) & with Reshape
* with Conv1D, Reshape, Flatten, MaxPooling1D & ^ {RESHAPE}\nmodel.add(Conv1D(4, 3))
* with Embedding & ^ model.add(Embedding(10, 4))
^ model.add(LSTM(16)) | LSTM is not imported: at the top, add the line from keras.layers import
= this layer reads series of values: put model.add(Reshape((N_sequence, 1))) before the
^ model.add(LSTM(16)) & with LSTM
#model.add(LSTM(16)) -> model.add(LSTM(16)) & with LSTM
with LSTM, Reshape & ^ {RESHAPE}\nmodel.add(LSTM(4))\nmodel.add(LSTM(4))
= a layer looks like model.add(Dense(16, activation='relu'))
with Dropout & + model.add(Dropout())
with BatchNormalization & + model.add(BatchNormalization)
+ model.add([Dense(9), Dense(9)])
= no values are left: take a smaller number here, or in the layers before
with Conv2D, Reshape & ^ {RESHAPE}\nmodel.add(Conv2D(4, 3)) | this layer is for pictures: for
with Dropout & + model.add(Dropout(20)) | Invalid value received for argument `rate`. Expected a
with Dropout & + model.add(Dropout(1)) | this drops everything: take a rate such as 0.2
= this axis runs over the sequences: leave it out
with Softmax & {ONE} -> Dense(2))\nmodel.add(Softmax(axis=0) & 'binary_c -> 'sparse_categorical_c
= a network with a lambda function could not be loaded again: take layers and
with Lambda & ^ model.add(Lambda(lambda x: x * 2))
activation='relu' -> activation=lambda x: x * x
= this layer is in no network yet: put model.add( ) around it
+ Dense(9)
+ model.layers.append(Dense(9))
+ model.add(Dense(9), Dense(9)) | model.add takes one layer: give each a line of its own
+ model.add(Dense(9, activation)) | there is no activation: give it a value above, or, if it is a
+ model.add(Dense(9), activation='relu') | what describes a layer belongs into its brackets:
+ model = model.add(Dense(9)) | model.add changes model itself: leave out "model ="
+ model.add(Dense(9)).add(Dense(9)) | what stands before the last dot gives nothing: write the
+ model + Dense(9) | unsupported operand type(s) for +: 'Sequential' and 'Dense'
+ model.append(Dense(9)) | today this is add
+ model.add(dense(9)) | there is no dense: did you mean 'Dense'?
+ model.add(Dense(9, activation=='relu')) | to give activation a value, put one = sign
+ model.add[Dense(9)] | round brackets call it, ( ) in place of [ ]
+ model.add(Dense(9, metrics='relu')) | metrics= belongs into model.compile( )
+ model.add(Dense(9, epoch=3)) | epochs= belongs into model.fit( )
+ model.add(Dense(9, learning_rate=0.1)) | the learning rate belongs to the optimizer: import
+ model.add(Dense(9, kernel_initializer='uniforn')) | did you mean 'he_uniform'?
+ model.add(Dense(9, init='uniform')) | Dense has no argument init: did you mean
+ model.add(Dense(9, name='my layer'))\nmodel.add(Dense(9, name='my layer')) | All layers added
= a single neuron stands before other layers: it must be the last, so comment out this
* model.summary() -> model.summary()\n{SIGMOID}
* model.summary() -> model.summary()\nmodel.add({TWO})
batches = tf -> model.add(Dense(2))\nbatches = tf | the network was changed after check_network(
* model = Sequential() -> model = Sequential | line 64, model = Sequential: it lacks its
model = Sequential() -> model = sequential() | there is no sequential: did you mean 'Sequential'?
model = Sequential() -> model = Sequental() | there is no Sequental: did you mean 'Sequential'?
* model = Sequential() -> Sequential() | the line that defines model is missing: git diff shows
model = Sequential() -> model == Sequential() | two = signs compare; to give something a value,
model = Sequential() -> model = Sequential(Dense(4)) | in train.py this line is model =
* model = Sequential() -> model = Sequential([{INPUT}, Dense(4)]) | a network takes one Input:
* model.compile( -> model = Sequential()\nmodel.compile( | no layer follows: the last must be
## activations
= put the name in quotes: 'relu'
'relu' -> relu
'relu' -> ReLU
'relu' -> ReLU() | ReLU is not imported: at the top, add the line from keras.layers import ReLU
= did you mean 'relu'?
'relu' -> 'rleu'
'relu' -> 'ReLU'
'relu' -> 'RELU'
= there is no activation of that name, see https://keras.io/api/activations
'relu' -> 'rectified'
'relu' -> 'sine'
'relu' -> ''
'relu' -> 'adam' | this is one of keras.optimizers, but one of keras.activations is wanted
'relu' -> {LOSS} | this is one of keras.losses, but one of keras.activations is wanted
'relu' -> 'Softmax' | did you mean 'softmax'?
'relu' -> keras.activations.relu | keras is not imported: at the top, add the line import keras
* 'relu' -> np.sin | this network could not be saved
'relu' -> 'LeakyReLU' | did you mean 'leaky_relu'?
= did you mean 'sigmoid'?
'sigmoid' -> 'sigmod'
'sigmoid' -> 'Sigmoid'
'sigmoid' -> sigmoid | put the name in quotes: 'sigmoid'
'sigmoid' -> 'relu' | this loss needs an answer from 0 to 1: make it Dense(1,
= did you mean 'tanh'?
'tanh' -> 'tan'
'tanh' -> 'tahn'
activation='relu' -> activate='relu' | Dense has no argument activate: did you mean activation=?
activation='relu' -> Activation='relu' | Dense has no argument Activation: did you mean
= SyntaxError: invalid syntax
activation='relu' -> activation:'relu'
activation='relu' -> activation 'relu'
activation='relu' -> activaton='relu' | Dense has no argument activaton: did you mean activation=?
## losses
= did you mean 'binary_crossentropy'?
{LOSS} -> 'binary_cross_entropy'
{LOSS} -> 'binary crossentropy'
{LOSS} -> 'Binary_Crossentropy'
{LOSS} -> binary_crossentropy | put the name in quotes: 'binary_crossentropy'
{LOSS} -> 'sigmoid' | this is one of keras.activations, but one of keras.losses is wanted
{LOSS} -> 'accuracy' | there is no loss of that name, see https://keras.io/api/losses
{LOSS} -> 'rmsprop' | this is one of keras.optimizers, but one of keras.losses is wanted
= one neuron cannot learn with this loss: 'binary_crossentropy'
{LOSS} -> 'mape'
{LOSS} -> 'kl_divergence'
{LOSS} -> 'cosine_similarity'
= this loss needs the last layer Dense(2, activation='softmax')
{LOSS} -> 'categorical_crossentropy'
{LOSS} -> 'CategoricalCrossentropy'
{LOSS} -> 'categorical_hinge'
= the loss is missing: loss='binary_crossentropy'
{LOSS} -> ''
{LOSS} -> None
loss={LOSS}, ->
with keras & {LOSS} -> keras.losses.BinaryCrossentropy | put brackets: BinaryCrossentropy()
with keras & {LOSS} -> keras.losses.MeanSquaredError | put brackets: MeanSquaredError()
= leave out from_logits=True, with the last layer Dense(1, activation='sigmoid')
with keras & {LOSS} -> keras.losses.BinaryCrossentropy(from_logits=True)
with keras & {LOSS} -> keras.losses.BinaryCrossentropy(from_logits=True) & {ONE} -> Dense(1)
= the last layer has its softmax: leave out from_logits=True
with keras & {LOSS} -> {LOGITS} & {ONE} -> {TWO}
= SyntaxError: positional argument follows keyword argument
* loss={LOSS} -> {LOSS}
loss={LOSS} -> loss: {LOSS}
loss={LOSS} -> losses={LOSS} | compile has no argument losses: did you mean loss=?
loss={LOSS} -> Loss={LOSS} | compile has no argument Loss: did you mean loss=?
loss={LOSS}, -> loss={LOSS} | SyntaxError: invalid syntax. Perhaps you forgot a comma?
optimizer='rmsprop', loss={LOSS} -> optimizer={LOSS}, loss='rmsprop' | this is one of
## metrics
= the first metric must be the accuracy: metrics=['accuracy']
* {ACCURACY} -> ['acc']
* {ACCURACY} -> ['Accuracy']
* {ACCURACY} -> ['ACC']
= put the name in quotes: 'accuracy'
{ACCURACY} -> accuracy
{ACCURACY} -> [accuracy]
= put square brackets: metrics=['accuracy']
* {ACCURACY} -> 'accuracy'
* {ACCURACY} -> ('accuracy')
* {ACCURACY} -> {{'accuracy'}}
with keras & {ACCURACY} -> [keras.metrics.BinaryAccuracy] | put brackets after the name of the
* metrics={ACCURACY} -> metric={ACCURACY} | compile has no argument metric: did you mean metrics=?
= SyntaxError: positional argument follows keyword argument
metrics={ACCURACY} -> metrics{ACCURACY}
metrics={ACCURACY} -> {ACCURACY}
metrics={ACCURACY} -> metrics=={ACCURACY}
## optimizers
= did you mean 'rmsprop'?
'rmsprop' -> 'rmsporp'
'rmsprop' -> 'rms_prop'
'rmsprop' -> 'adma' | did you mean 'adam'?
= put the name in quotes: 'adam'
'rmsprop' -> adam
'rmsprop' -> Adam
'rmsprop' -> Adam() | Adam is not imported: at the top, add the line from keras.optimizers import
'rmsprop' -> 'relu' | this is one of keras.activations, but one of keras.optimizers is wanted
'rmsprop' -> 0.01 | there is no optimizer of that name, see https://keras.io/api/optimizers
'rmsprop' -> None | the optimizer is missing: optimizer='rmsprop'
with keras & 'rmsprop' -> keras.optimizers.adam() | did you mean Adam?
with keras & 'rmsprop' -> keras.optimizers.Adam | put brackets: Adam()
with keras & 'rmsprop' -> keras.optimizers.Adam(lr=0.01) | Adam has no argument lr: did you mean
= Argument `learning_rate` should be float, or an instance of LearningRateSchedule, or
with keras & 'rmsprop' -> keras.optimizers.Adam(learning_rate='0.01')
with keras & 'rmsprop' -> keras.optimizers.Adam(learning_rate=0)
with keras & 'rmsprop' -> keras.optimizers.Adam(learning_rate=-0.01) | the learning rate must be
with keras & 'rmsprop' -> keras.optimizers.Adam(rate=0.01) | Adam has no argument rate: did you
with keras & 'rmsprop' -> keras.optimizers.SGD(0.01, momentum=1.5) | `momentum` must be a float
optimizer='rmsprop' -> optimiser='rmsprop' | compile has no argument optimiser: did you mean
= the learning rate belongs to the optimizer: import keras, then
optimizer='rmsprop' -> optimizer='rmsprop', learning_rate=0.01
optimizer='rmsprop' -> optimizer='rmsprop', lr=0.01
optimizer='rmsprop' -> optimizer='rmsprop', epochs=3 | epochs= belongs into model.fit( )
optimizer='rmsprop' -> optimizer=rmsprop | put the name in quotes: 'rmsprop'
optimizer='rmsprop', loss -> loss='mse', optimizer='rmsprop', loss | SyntaxError: keyword
model.compile( -> model = model.compile( | model.compile changes model itself: leave out "model ="
model.compile( -> model.complie( | did you mean compile?
model.compile( -> compile( | put model and a dot before it: model.compile(
{COMPILE} -> model.compile() | the loss is missing: loss='binary_crossentropy'
{COMPILE} -> model.compile | this does nothing without its brackets: model.compile( )
* {COMPILE} -> | this network needs model.compile( ) as well, before check_network( )
## numbers
N_train = 20 -> N_train = True | True is not a whole number from 1 to 2147483647
= Train/X_21.dat is missing: Train ends at number 20
N_train = 20 -> N_train = '200'
N_train = 20 -> N_train = 20_0
read_command_line(globals()) -> N_train = 30
N_train = 20 -> N_train = 20.0 | 20.0 is not a whole number from 1 to 2147483647
N_train = 20 -> N_train = 2,000 | (2, 0) is not a whole number from 1 to 2147483647
N_train = 20 -> N_train = 2,500 | (2, 500) is not a whole number from 1 to 2147483647
N_train = 20 -> N_train = None | None is not a whole number from 1 to 2147483647
N_train = 20 -> N_train = [20] | [20] is not a whole number from 1 to 2147483647
N_train = 20 -> N_train == 20 | to give N_train a value, put one = sign
* N_train = 20 -> N_Train = 200 | there is no N_train: did you mean 'N_Train'?
* N_train = 20 -> Ntrain = 200 | there is no N_train: did you mean 'Ntrain'?
= SyntaxError: invalid syntax
N_train = 20 -> N train = 200
N_train = 20 -> int N_train = 20
N_train = 20 -> N_train = 20 000
N_train = 20 -> N-train = 200 | SyntaxError: cannot assign to expression here. Maybe you meant
N_train = 20 -> N_train: 200 | this sets nothing: put = in place of the colon
= SyntaxError: leading zeros in decimal integer literals are not permitted; use an 0o
N_train = 20 -> N_train = 0200
seed = 0 -> seed = 0\nlr = 0,01
N_train = 20 -> N_train = 2OO | SyntaxError: invalid decimal literal
* N_train = 20 -> | the line that defines N_train is missing: git diff shows what was changed
* N_test = 10 -> | the line that defines N_test is missing: git diff shows what was changed
* N_epochs = 2 -> | the line that defines N_epochs is missing: git diff shows what was changed
* N_sequence = 128 -> | the line that defines N_sequence is missing: git diff shows what was
* seed = 0 -> | the line that defines seed is missing: git diff shows what was changed
seed = 0 -> seed = 'a' | a is not a whole number from 0 to 2147483647
seed = 0 -> seed = None | None is not a whole number from 0 to 2147483647
seed = 0 -> seed = -1 | -1 is not a whole number from 0 to 2147483647
= this name is taken: give it another
seed = 0 -> seed = 0\nhelp = 5
seed = 0 -> seed = 0\nname = 5
* seed = 0 -> seed = 0\nrange = 5 | range is a value, 5: rename it
* seed = 0 -> seed = 0\nDense = 5 | Dense is a value, 5: rename it
batch_size = 32 -> batch_size = 0 | 0 is not a whole number from 1 to 2147483647
* batch_size = 32 -> batchsize = 32 | there is no batch_size: did you mean 'batchsize'?
read_command_line(globals()) -> | the line read_command_line(globals()) is missing: put it below
read_command_line(globals()) -> read_command_line() | in train.py this line is
read_command_line(globals()) -> read_command_line(globals) | it is read_command_line(globals()),
read_command_line(globals()) -> read_command_line | this does nothing without its brackets:
set_random_seed(seed) -> set_random_seed() | in train.py this line is set_random_seed(seed)
set_random_seed(seed) -> seed(seed) | seed is a value, 0: rename it
set_random_seed(seed) -> set_random_seed(sed) | there is no sed: did you mean 'seed'?
## reading
{READ} -> read_training_data(x, N_sequence) | Train/X_0.dat is missing: the sequences are
{READ} -> read_training_data(x+1) | in train.py this line is X_train[x,], Y_train[x] =
{READ} -> read_training_data(N_sequence, x+1) | Train/X_128.dat is missing
{READ} -> read_training_data(x+1, N_train) | Train/X_1.dat holds 128 value(s) instead of 20
= round brackets call it, ( ) in place of [ ]
{READ} -> read_training_data[x+1, N_sequence]
{LOOP} -> for x in range[N_train]:
{READ} -> read_training_data(X+1, N_sequence) | there is no X: did you mean 'x'?
= in train.py this line is X_train[x,], Y_train[x] = read_training_data(x+1, N_sequence)
{READ} -> read_training_data('x+1', N_sequence)
{READ} -> {READ}[0]
{FILL} -> Y_train[x], X_train[x,]
{READ} -> read_training_data(x-1, N_sequence) | Train/X_-1.dat is missing: check its name and
{READ} -> read_training_data(1, N_sequence) | row 1 of X_train is not what Train/X_2.dat holds:
{READ} -> read_train_data(x+1, N_sequence) | there is no read_train_data: did you mean
{READ} -> read_test_data(x+1, N_sequence) | Test/X_11.dat is missing
read_test_data(x+1, N_sequence) -> {READ} | row 2 of Y_test is not what Test/Y_3.dat holds: is it
{READ} -> Read_training_data(x+1, N_sequence) | there is no Read_training_data: did you mean
= row 0 of X_train is not what Train/X_1.dat holds: is it still, in its loop,
{FILL} -> X_train[0,], Y_train[x]
    {FILL} = {READ} ->     X_train = {EMPTY}\n    {FILL} = {READ}
{FILL} -> X_train[x,], Y_train[0] | row 1 of Y_train is not what Train/Y_2.dat holds: is it
{FILL} -> X_train, Y_train | X_train must be np.empty([N_train, N_sequence]), filled with what
{FILL} -> X_train(x), Y_train(x) | SyntaxError: cannot assign to function call here. Maybe you
{FILL} -> X_train[x,], Y_trian[x] | there is no Y_trian: did you mean 'Y_train'?
{FILL} -> X_train[x, Y_train[x] | SyntaxError: '[' was never closed
= row 2 of Y_train is not what Train/Y_3.dat holds: is it still, in its loop,
X_test[x,], Y_test[x] = -> {FILL} =
X_test[x,], Y_test[x] = -> X_test[x,], Y_train[x] =
{LOOP} -> for x in range(N_train) | SyntaxError: expected ':'
= in train.py this line is for x in range(N_train):
{LOOP} -> for x in N_train:
{LOOP} -> for x in range(X_train):
{LOOP} -> for x in range('N_train'):
{LOOP} -> for x in xrange(N_train): | there is no xrange: did you mean 'range'?
{LOOP} -> for x in range(N_train + 1): | Train/X_21.dat is missing: Train ends at number 20
{LOOP} -> for x in range(N_train - 1): | row 19 of Y_train is not what Train/Y_20.dat holds: is
{LOOP} -> for x in range(1, N_train): | row 0 of Y_train is not what Train/Y_1.dat holds: is it
{LOOP} -> for x in range(N_test): | row 10 of Y_train is not what Train/Y_11.dat holds: is it
* {LOOP} -> for i in range(N_train): | the loop above counts with i, not with x: write one in both
= SyntaxError: invalid syntax
{LOOP} -> For x in range(N_train):
{LOOP} -> {LOOP};
{LOOP} -> for x in rnage(N_train): | there is no rnage: did you mean 'range'?
{LOOP} -> while x < N_train: | there is no x: give it a value above, or, if it is a text, put it
{LOOP} -> | IndentationError: unexpected indent
= IndentationError: expected an indented block after 'for' statement
    X_train[x,] -> X_train[x,]
    {FILL} = {READ} ->
    X_test[x,], Y_test[x] = read_test_data(x+1, N_sequence) ->
= IndentationError: unindent does not match any outer indentation level
X_test = np.empty([N_test, N_sequence]) ->   X_test = np.empty([N_test, N_sequence])
* Y_test = np.empty(N_test) -> | the line that defines Y_test is missing: git diff shows what was
* X_train = {EMPTY} -> | the line that defines X_train is missing: git diff shows what was changed
## scaled
> np.random.shuffle(X_train) | row 0 of X_train is not what Train/X_1.dat holds: is it still, in
= X_train holds 10 sequences, but Y_train 20 classes: make both of N_train
> X_train = X_train[:10]
> X_train, X_test = X_test, X_train
> X_train = X_train.T | X_train holds 128 sequences, but Y_train 20 classes: make both of N_train
= X_train must be np.empty([N_train, N_sequence]), filled with what was read; it is
> X_train = X_train.reshape(N_train, N_sequence, 1)
> X_train, Y_train = Y_train, X_train
> Y_train = Y_train + 1 | Train has no sequence of class 0, but Train/Y_1.dat holds class 2:
> Y_train = Y_train * 2 - 1 | Y_train holds -1: number the classes from 0
> Y_train = Y_train.astype(str) | Y_train holds numbers that come from no file: the loop that
> Y_train = keras.utils.to_categorical(Y_train) | keras is not imported: at the top, add the line
> Y_train = tf.keras.utils.to_categorical(Y_train) | Y_train must hold one number for each
> Y_test = Y_train | X_test holds 10 sequences, but Y_test 20 classes: make both of N_test
## imports
= np is not imported: at the top, add the line import numpy as np
* import numpy as np -> import numpy
* import numpy as np ->
* import numpy as np -> import numpy as Np | there is no np: did you mean 'Np'?
import numpy as np -> import nunpy as np | did you mean numpy?
import numpy as np -> from numpy import np | numpy has no np
= tf is not imported: at the top, add the line import tensorflow as tf
* import tensorflow as tf ->
* import tensorflow as tf -> import tensorflow
import tensorflow as tf -> import tenserflow as tf | did you mean tensorflow?
= Sequential is not imported: at the top, add the line from keras.models import
* {SEQUENTIAL} ->
* {SEQUENTIAL} -> from keras import models
{SEQUENTIAL} -> from keras.model import Sequential | did you mean keras.models?
{SEQUENTIAL} -> from keras.models import sequential | did you mean Sequential?
{SEQUENTIAL} -> from tf.keras.models import Sequential | write keras in place of tf.keras
= SyntaxError: invalid syntax
{SEQUENTIAL} -> import Sequential from keras.models
{DENSE} -> {DENSE} Dropout
{READERS} -> from utilities import read_training_data read_test_data
{SEQUENTIAL} -> from Keras.models import Sequential | did you mean keras?
{SEQUENTIAL} -> from keras.layers import Sequential | write from keras.models import Sequential
= Dense is not imported: at the top, add the line from keras.layers import Dense
* {DENSE} ->
* {DENSE} -> from keras import layers
= did you mean Dense?
{DENSE} -> from keras.layers import dense
{DENSE} -> from keras.layers import Dence
= did you mean keras.layers?
{DENSE} -> from keras.layers.core import Dense
{DENSE} -> from keras.layer import Dense
{DENSE} -> import keras.layers.Dense | write from keras.layers import Dense
{DENSE} -> {DENSE}, CuDNNLSTM | keras.layers has no CuDNNLSTM, see https://keras.io/api
{DENSE} -> {DENSE}, Adam | write from keras.optimizers import Adam
* from keras.layers import Input -> | Input is not imported: at the top, add the line from
from keras.layers import Input -> from keras.layers import input | did you mean Input?
* from keras.utils import set_random_seed -> | set_random_seed is not imported: at the top, add
from keras.utils import set_random_seed -> from keras.utils import np_utils | keras.utils has no
= did you mean keras.utils?
from keras.utils import set_random_seed -> from keras.util import set_random_seed
= read_training_data is not imported: at the top, add the line from utilities import
* {READERS} ->
* {READERS} -> import utilities
{READERS} -> from utilities import read_train_data, read_test_data | did you mean
{READERS} -> from utilites import read_training_data, read_test_data | did you mean utilities?
* {READERS} -> from utilities import read_training_data | read_test_data is not imported: at the
* from support.mistakes import check_network -> | check_network is not imported: at the top, add
* from support.training import ShowAndSave, read_command_line -> | read_command_line is not
= ShowAndSave is not imported: at the top, add the line from support.training import
* import ShowAndSave, read -> import read
prepare(keras=True) -> prepare | this does nothing without its brackets: prepare( )
## fit
= in train.py this line is check_network(model, X_train, Y_train, X_test, Y_test)
{CHECK} -> check_network(model)
{CHECK} -> check_network(X_train, Y_train, X_test, Y_test, model)
{CHECK} -> check_network(model, Y_train, X_train, X_test, Y_test) | X_train must be
{CHECK} -> check_network | this does nothing without its brackets: check_network( )
= this takes one pair, in its own brackets: ((X_train, Y_train))
{PAIR} -> (X_train, Y_train)
{PAIR} -> ([X_train, Y_train])
= this trains with Y_test, which then tests nothing: take X_train and Y_train
* {PAIR} -> ((X_train, Y_test))
model.fit(batches, -> model.fit(X_train, Y_test,
= this trains with X_test, which then tests nothing: take X_train and Y_train
* {PAIR} -> ((X_test, Y_test))
model.fit(batches, -> model.fit(X_test, Y_test,
{FIT} -> & #history = model.fit(X_train, Y_train -> history = model.fit(X_test, Y_test
= SyntaxError: '(' was never closed
{PAIR} -> ((X_train, Y_train)
* callbacks=[ShowAndSave()]) -> callbacks=[ShowAndSave()]
from_tensor_slices -> from_tensor_slice | did you mean from_tensor_slices?
tf.data.Dataset -> tf.Data.Dataset | did you mean data?
tf.data.Dataset -> tf.data.dataset | did you mean Dataset?
= in train.py this line is batches = batches.shuffle(N_train).batch(batch_size)
{BATCHES} -> .shuffle().batch(batch_size)
{BATCHES} -> .shuffle(N_train).batch()
{BATCHES} -> .shuffle(N_train).batch(batch) | there is no batch: give it a value above, or, if it
{BATCHES} -> {BATCHES}.repeat() | this never ends: leave out .repeat(), or give model.fit its
{BATCHES} -> .shuffel(N_train).batch(batch_size) | did you mean shuffle?
{BATCHES} -> .shuffle(N_train).batches(batch_size) | did you mean batch?
{BATCHES} -> .shuffle(0).batch(batch_size) | buffer_size must be greater than zero or
* batches = tf.data.Dataset.from_tensor_slices{PAIR} -> | the line that defines batches is
history = model.fit( -> history = model.Fit( | did you mean fit?
= today this is fit
history = model.fit( -> history = model.train(
history = model.fit( -> history = model.fit_generator(
history = model.fit( -> history = fit( | put model and a dot before it: model.fit(
history = model.fit( -> model = model.fit( | model.fit changes model itself: leave out "model ="
= the batches do not fit the network: they come from from_tensor_slices((X_train,
model.fit(batches, -> model.fit(batches, Y_train,
model.fit(batches, -> model.fit(
epochs=N_epochs -> N_epochs
model.fit(batches, -> model.fit(batch, | there is no batch: did you mean 'batches'?
epochs=N_epochs -> epoch=N_epochs | fit has no argument epoch: did you mean epochs=?
epochs=N_epochs -> nb_epoch=N_epochs | fit has no argument nb_epoch: did you mean epochs=?
epochs=N_epochs -> N_epochs=N_epochs | fit has no argument N_epochs: did you mean epochs=?
epochs=N_epochs -> epochs=N_epoch | there is no N_epoch: did you mean 'N_epochs'?
epochs=N_epochs -> epochs==N_epochs | to give epochs a value, put one = sign
shuffle=False, -> shuffle=false, | there is no false: did you mean 'False'?
shuffle=False, -> shuffle=False | SyntaxError: invalid syntax. Perhaps you forgot a comma?
shuffle=False, -> validation_split=0.2, | it does not go with batches: LESSON.md, "When to
shuffle=False, -> learning_rate=0.1, | the learning rate belongs to the optimizer: import keras,
= put brackets: ShowAndSave()
* callbacks=[ShowAndSave()] -> callbacks=[ShowAndSave]
* callbacks=[ShowAndSave()] -> callbacks=['ShowAndSave']
* callbacks=[ShowAndSave()] -> callbacks=[ShowAndSave(), 'x']
* callbacks=[ShowAndSave()] -> callback=[ShowAndSave()] | fit has no argument callback: did you
callbacks=[ShowAndSave()] -> callbacks=[EarlyStopping()] | EarlyStopping is not imported: at the
callbacks=[ShowAndSave()] -> callbacks=[ShowandSave()] | there is no ShowandSave: did you mean
model.steps_per_execution = 100 -> model.steps_per_execution == 100 | two = signs compare; to
* {FIT} -> | line 107, which defines history, is commented out: take away its #
## result
% (scores[1]*100) -> % (scores[1]*100 | SyntaxError: '(' was never closed
{PRINT} -> print "Accuracy: %.2f%%" % (scores[1]*100) | SyntaxError: Missing parentheses in call
= did you mean summary?
model.summary() -> model.sumary()
model.summary() -> model.Summary()
model.summary() -> model.summary | this does nothing without its brackets: model.summary( )
model.summary() -> Model.summary() | there is no Model: did you mean 'model'?
model.summary() -> modle.summary() | there is no modle: did you mean 'model'?
## order
* model.summary() -> & > model.summary() | model is defined only below, in line 65: that line
= this network needs model.compile( ) as well, before check_network( )
* {SIGMOID} -> & ^ {SIGMOID} | a single neuron stands before other layers: it must be the last,
* model.add({INPUT}) -> & # Compile model and -> model.add({INPUT})\n# | the first layer must be
= history is defined only below, in line 105: that line must come first
* plot_history(history) -> & # Fit the model using -> plot_history(history)\n#
* {SAVE} -> & # Fit the model using -> {SAVE}\n#
* set_random_seed(seed) -> & seed = 0 -> set_random_seed(seed)\nseed = 0 | seed is defined only
= read_command_line must stand below the numbers that it may replace
read_command_line(globals()) -> & N_train = 20 -> read_command_line(globals())\nN_train = 20
* N_train = 20 -> & # Also create -> N_train = 20\n# Also create | N_train is defined only below,
## syntax
= SyntaxError: '(' was never closed
{TANH} -> model.add(Dense(8, activation='tanh')
{TANH} -> model.add(Dense(8, activation='tanh'
{TANH} -> {TANH}) | SyntaxError: unmatched ')'
{TANH} -> model.add(Dense(8 activation='tanh')) | SyntaxError: invalid syntax. Perhaps you forgot
= SyntaxError: unterminated string literal
{TANH} -> model.add(Dense(8, activation=tanh'))
{TANH} -> model.add(Dense(8, activation="tanh'))
{TANH} -> model.add(Dense(8, activation='ta\nnh'))
{TANH} -> model.add(Dense(8, activation=‘tanh’)) | SyntaxError: invalid character '‘' (U+2018)
{TANH} -> model.add(Dense(8, activation=“tanh”)) | SyntaxError: invalid character '“' (U+201C)
= SyntaxError: invalid syntax
{TANH} -> model.add(Dense(8, activation=`tanh`))
{TANH} -> model.add Dense(8, activation='tanh')
{TANH} -> model add(Dense(8, activation='tanh'))
{TANH} -> model.add(Dense(8, activation=’tanh’)) | SyntaxError: invalid character '’' (U+2019)
{TANH} ->   {TANH} | IndentationError: unexpected indent
= SyntaxError: invalid syntax. Maybe you meant '==' or ':=' instead of '='?
{TANH} -> model.add(Dense{{8, activation='tanh'}})
{TANH} -> if N_train = 20:\n    model.add(Dense(8))

= take away the sign at its beginning
{TANH} -> + {TANH}
{TANH} -> +{TANH}
{TANH} -> -{TANH}
{TANH} -> model.add(Dense(–8, activation='tanh')) | SyntaxError: invalid character '–' (U+2013)
{TANH} -> model.add(Dense(8，activation='tanh')) | SyntaxError: invalid character '，' (U+FF0C)
{TANH} -> model.add(Dense(8,\xa0activation='tanh')) | SyntaxError: invalid non-printable
{TANH} -> model.add(Dense(8., activation='tanh')) | the number of neurons is a whole number from 1
{TANH} -> if True:\nmodel.add(Dense(8)) | IndentationError: expected an indented block after 'if'
{TANH} -> model.add(Dense(8, activation='tanh'), name='a') | what describes a layer belongs into
{TANH} -> model.add(keras.layers.Dense(8)) | keras is not imported: at the top, add the line
{TANH} -> model.add(layers.Dense(8)) | layers is not imported: at the top, add the line from
{TANH} -> model.add(tf.layers.Dense(8)) | today this is keras.layers
{TANH} -> model.add(Dropout(0.2)) | Dropout is not imported: at the top, add the line from
{TANH} -> x = raw_input('Neurons: ') | there is no raw_input: did you mean 'input'?
{TANH} -> print model.layers | SyntaxError: Missing parentheses in call to 'print'. Did you mean
{TANH} -> K.clear_session() | there is no K: give it a value above, or, if it is a text, put it
{TANH} -> sess = tf.Session() | today this is nothing: what stands in the script is done at once
{TANH} -> tf.set_random_seed(1) | today this is set_random_seed(seed), from keras.utils
{TANH} -> 1/0 | division by zero
{TANH} -> open('notes.txt') | [Errno 2] No such file or directory: 'notes.txt'
{TANH} -> assert N_train == 7 | this failed
{TANH} -> import sklearn.preprocessing | there is no sklearn here: leave it out, or python -m pip
{TANH} -> os.environ['X'] = '1' | os is not imported: at the top, add the line import os
## others
(seed) -> (N_seed)\n# N_seed = 3 | line 41, which defines N_seed, is commented out: take away its
(seed) -> (N_seed)\nN_seed = 3 | N_seed is defined only below, in line 41: that line must come
shuffle(N_train) -> shuffle(N_trian) | there is no N_trian: did you mean 'N_train'?
check_network( -> pritn( | there is no pritn: did you mean 'print'?
model = S -> X_train[:] = 0\nmodel = S | X_train holds numbers that come from no file: the loop
model = S -> X_test[0, 0] = 1e39\nmodel = S | X_test holds numbers that come from no file: the
= Y_train holds numbers that come from no file: the loop that fills it is missing
model = S -> Y_train[0] = 0.5\nmodel = S
model = S -> Y_train[0] = np.nan\nmodel = S
model = S -> Y_test[0] = 1e39\nmodel = S | Y_test holds numbers that come from no file: the loop
* {RELU} -> Dense(16, activation=np.sin) | this network could not be saved
"""  # noqa: RUF001

# The same; these come to light after the training, which is kept. A ~ marks what is slow.
AFTER = rf"""
= in train.py this line is plot_history(history)
~plot_history(history) -> plot_history()
~plot_history(history) -> plot_history(history.history)
plot_history(history) -> plot_history(model)
~plot_history(history) -> plot_histroy(history) | there is no plot_histroy: did you mean
~* import plot_history, show_plots -> import show_plots | plot_history is not imported: at the top,
~* history = model.fit( -> model.fit( | line 104 makes it: begin it with history = model.fit(
~* history = model.fit( -> model.history = model.fit( | line 104 makes it: begin it with history =
~* history = model.fit( -> History = model.fit( | there is no history: did you mean 'History'?
= it holds 'loss' and 'accuracy'
~plot_history(history) -> print(history.history['acc'])
~plot_history(history) -> print(history.history['val_loss'])
~plot_history(history) -> print(history['accuracy']) | the dictionary is history.history
~plot_history(history) -> plt.plot(history) | plt is not imported: at the top, add the line
= in train.py this line is scores = model.evaluate(X_test, Y_test, verbose=0)
~{EVALUATE} -> model.evaluate(X_test, Y_train, verbose=0)
~{EVALUATE} -> model.evaluate(Y_test, X_test, verbose=0)
~{EVALUATE} -> model.evaluate(X_test, verbose=0)
~{EVALUATE} -> model.evaluate((X_test, Y_test), verbose=0)
~{EVALUATE} -> model.evaluate(X_test[0], Y_test[0], verbose=0)
~{EVALUATE} -> model.predict(X_test, Y_test, verbose=0)
~{EVALUATE} -> model.evaluate(X_test, Y_test, verbse=0) | evaluate has no argument verbse:
~{EVALUATE} -> model.eval(X_test, Y_test) | today this is evaluate
{EVALUATE} -> model.predict_classes(X_test) | today this is predict(X_test) > 0.5
~{EVALUATE} -> model.predict_proba(X_test) | today this is predict
~{EVALUATE} -> model.score(X_test, Y_test) | today this is evaluate
~* scores = model.eval -> model.eval | the line that defines scores is missing
~* scores = model.eval -> score = model.eval | the line that defines scores is missing
= it needs scores = model.evaluate(X_test, Y_test, verbose=0)
~* {EVALUATE} -> model.predict(X_test, verbose=0)
~* verbose=0) -> verbose=0, return_dict=True)
~* scores = model.eval -> loss, scores = model.eval
= in train.py this line is print("Accuracy: %.2f%%" % (scores[1]*100))
~scores[1]*100 -> scores[2]*100
~scores[1]*100 -> scores*100
~scores[1]*100 -> scores['accuracy']*100
~% (scores[1]*100) -> % (scores[1]*100, 3)
~"Accuracy: %.2f%%" -> "Accuracy: %.2f%"
~{PRINT} -> print("Accuracy: " + scores[1]*100)
~scores[1]*100 -> scores(1)*100 | scores is a value, [
~scores[1]*100 -> score[1]*100 | there is no score: did you mean 'scores'?
~{PRINT} -> Print("Accuracy:", scores[1]) | there is no Print: did you mean 'print'?
~* seed = 0 -> seed = 0\nprint = 5 | print is a value, 5: rename it
= in train.py this line is save_run(model, history, X_train, X_test, Y_test)
~{SAVE} -> save_run(model, history)
= it is save_run(model, history, X_train, X_test, Y_test), in this order
{SAVE} -> save_run(model, history, X_test, X_train, Y_test)
~{SAVE} -> save_run(model, history, X_train, Y_train, X_test)
~{SAVE} -> save_run(history, model, X_train, X_test, Y_test)
~* from support.runs import save_run -> | save_run is not imported: at the top
~# Plot -> model.compile('sgd', 'mse', metrics=['accuracy'])\n# Plot | no model.compile( ) between
"""
UNSEEN = 'X_train alone differs from what was read: infer.py reads files as they are'
NO_SHARES = 'The answers of this last layer are no shares of 1'
NOT_THAT = 'That is not the accuracy on the test sequences'
# Edits that may be made, and what is said about them, if anything is.
RIGHT = rf"""
shape=(N_sequence,) -> shape=[N_sequence] |
~{ONE} -> Dense(1, 'sigmoid') |
~with Activation & {ONE} -> Dense(1))\nmodel.add(Activation('sigmoid') |
~with BatchNormalization & + model.add(BatchNormalization()) |
~with Conv1D, Reshape, Flatten & ^ {RESHAPE}\nmodel.add(Conv1D(4, 3))\nmodel.add(Flatten()) |
~'relu' -> tf.nn.relu |
~{ONE} -> {TWO} & {LOSS} -> {SPARSE} |
~{LOSS} -> 'BinaryCrossentropy' |
~with keras & {LOSS} -> keras.losses.BinaryCrossentropy() |
~{LOSS} -> 'mse' |
~{ACCURACY} -> ['accuracy', 'precision', 'AUC'] |
~'rmsprop' -> 'Adam' |
~with keras & 'rmsprop' -> keras.optimizers.Adam(0.01) |
~N_train = 20 -> N_train = '20' |
~seed = 0 -> seed = 0\nx = 5\nlr = 0.01\nmodel = 'a' |
~set_random_seed(seed) -> |
~{FILL} -> X_train[x], Y_train[x] |
~{EMPTY} -> np.empty([N_train, N_sequence], dtype='float32') |
~np.empty(N_train) -> np.empty(N_train, dtype=int) |
~{DENSE} -> from tensorflow.keras.layers import Dense |
~from utilities import plot -> from utilities import *\nfrom utilities import plot |
~{BATCHES} -> .batch(batch_size) |
~model.fit(batches, -> model.fit(X_train, Y_train, |
~callbacks=[ShowAndSave()] -> callbacks=ShowAndSave() |
~shuffle=False,\n -> shuffle=False, validation_data=(X_test, Y_test),\n |
~{TANH} -> {TANH}; |
~{TANH} -> for i in range(3):\n    model.add(Dense(8)) |
~{PRINT} -> print(f"Accuracy: {{scores[1]:.2%}}") |
~"Accuracy: %.2f%%" -> "Accuracy: %d%%" |
~% (scores[1]*100) -> , (scores[1]*100) |
~{PRINT} -> |
~show_plots() -> |
> X_train = X_train / 255 | {UNSEEN}
~> X_train = X_train[::-1] | {UNSEEN}
~> X_train, X_test = X_train / 10, X_test / 10 | X_train and X_test differ from what was read
> Y_train = Y_train * 0 | Y_train holds other classes than the files of Train: 1 is 0
~> X_test, Y_test = X_train, Y_train | this is memory, not an exam
~> def act(x):\n    return x * x & 'relu' -> act | Dense is not all of Keras, so infer.py
{ONE} -> Dense(1) & {LOSS} -> 'mse' | {NO_SHARES}
~with keras & {ONE} -> Dense(2) & {LOSS} -> {LOGITS} | {NO_SHARES}
~{CHECK} -> | The line with check_network( ) is missing
~{EVALUATE} -> model.evaluate(X_train[:3], Y_train[:3], verbose=0) | {NOT_THAT}
~{EVALUATE} -> model.evaluate(X_test, Y_test, verbose=0)[::-1] | {NOT_THAT}
scores[1]*100 -> scores[0]*100 | {NOT_THAT}
~scores[1]*100 -> scores[1] | {NOT_THAT}
~% (scores[1]*100) -> % scores[1]*100 | {NOT_THAT}
~{PRINT} -> print("Test accuracy:", scores[0]) | {NOT_THAT}
~{PRINT} -> print("Accuracy: {{:.2f}}%".format(100 * scores[0])) | {NOT_THAT}
"""
# What is printed in every run.
USUAL = 'Model: |[┏┃┡│├└ ]|Data: 20 |Training on |Epoch |Evaluating |Accuracy: |[0-9]+ of |Never 95 '
USUAL += '|95 % |Always |sine|square|Wrong: |Run: runs/1 |$'


def table(text):
    """Return the cases in a table of edits: the edits, the answer."""
    cases, answer = [], ''
    for line in text.splitlines():
        if line.startswith('= '):
            answer = line[2:]
        elif line and not line.startswith('## '):
            edits, _, own = line.removeprefix('~').partition(' |')
            marks = [pytest.mark.slow] if line[0] == '~' else []
            case = edits.rstrip(), own.strip() or (answer if ' |' not in line else '')
            cases.append(pytest.param(*case, marks=marks))
    return cases


def run(edits, status):
    """Run train.py after these edits: return its lines, those that are new, and the Result."""
    text = SHORT
    for edit in edits.split(' & '):
        if edit.startswith('with '):
            old = 'import numpy' if edit == 'with keras' else 'import Dense'
            edit = f'{old} -> import {edit[5:]}, {old[7:]}'
        elif edit[:2] in ('^ ', '+ ', '> '):
            edit = f'{PLACES[edit[0]]} -> {edit[2:]}\n{PLACES[edit[0]]}'
        edit = edit.replace(r'\n', '\n').replace(r'\t', '\t').replace(r'\xa0', '\xa0')
        old, new = re.split(' ->(?: |$)', edit)
        assert old in text, old
        text = text.replace(old, new, 1)
    pathlib.Path('train.py').write_text(text, encoding='utf-8')
    lines, before = text.splitlines(), set(SHORT.splitlines())
    new = {i for i, line in enumerate(lines, 1) if line not in before}
    return lines, new, script(os.path.abspath('train.py'), status=status)


def check_answer(edits, said):
    """Run train.py with edits that end it in an answer, and return what it has printed."""
    lines, new, result = run(edits.removeprefix('* '), status=1)
    if re.match(
        '(Syntax|Indentation|Tab)Error', said
    ):  # Python's own, before any line is run
        assert said in result.stderr.splitlines()[-1]
        number = int(re.findall(r'train.py", line (\d+)', result.stderr)[-1])
        assert number in new or edits[0] == '*' or 'Indentation' in said
        return result.stdout
    told = one_line(result, said)
    if found := re.match(r'train\.py: line (\d+), (.*)', told):
        named = re.sub('  +#.*', '', lines[int(found[1]) - 1].strip())
        assert found[2].startswith(f'{named}: {said[:20]}')
        assert (int(found[1]) in new) != edits.startswith('* ')
    return result.stdout


@pytest.mark.parametrize(('edits', 'said'), table(WRONG))
def test_wrong_edits_end_in_one_line(data, monkeypatch, edits, said):
    """Before the training, and nothing is left."""

    def empty(shape, dtype=float):
        return np.full(shape, 7, dtype)  # as what may stand in the memory

    monkeypatch.setattr(np, 'empty', empty)
    assert 'Epoch' not in check_answer(edits, said) and not os.path.exists('runs')


@pytest.mark.parametrize(('edits', 'said'), table(AFTER))
def test_what_is_wrong_after_the_training(data, edits, said):
    assert 'Epoch 2/2' in check_answer(edits, said)
    assert [*pathlib.Path().glob('runs/.new-*/model.keras')]


@pytest.mark.parametrize(('edits', 'said'), table(RIGHT))
def test_right_edits(data, edits, said):
    """They make a run, and all that is worth a word is said, and only that."""
    _, _, result = run(edits, status=0)
    more = [line for line in result.stdout.splitlines() if not re.match(USUAL, line)]
    assert said in result.stdout and (said or not more), more
    assert os.path.isdir('runs/1')
