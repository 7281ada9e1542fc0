"""What support/explain.py adds to an error: data, to which you may add a line.

tests/test_errors.py has a row for each, with a line that ends in this error.
"""

# A regular expression on 'what an error says <- its line': the hint
HINTS = {
    # Networks
    'expected (min_)?ndim=3': 'a recurrent or convolutional layer reads a series: put'
    ' model.add(Reshape((N_sequence, 1))) before the first one. An LSTM before another'
    ' one needs return_sequences=True',
    r'same rank.*output\.shape=\(\w+, \w+, \w+': 'the last layer answers at each time'
    ' step: put model.add(GlobalAveragePooling1D()) or model.add(Flatten()) before it,'
    ' or leave out return_sequences=True in the last LSTM',
    r'size of the tensor.*input_shape=\((1|8|16),\)': 'Reshape comes first, in place of'
    ' the three Dense layers: comment these out',
    r'incompatible shape \(\d+,\)': 'the network takes a table of sequences: for the'
    ' first one alone, write X_test[:1]; a Dataset needs .batch(32)',
    r"Cannot convert '\d+' to a shape": 'a shape of one number needs a comma:'
    ' shape=(N_sequence,)',
    r"(units=|'str'|str\().*<- .*['\"]\d": 'write a number without quotes',
    r'add\(\) got an unexpected keyword': 'the options of a layer belong in its own'
    " brackets: model.add(Dense(16, activation='relu'))",
    "'NoneType' object has no attribute '(add|compile|fit|summary)'": 'this name was'
    ' set to what returns nothing, such as model.add( )',
    r"(add|set_model|get_config)\(\) missing|type <class 'type'>|tifier: <class": (
        'write brackets behind the name, as in Sequential() or Dense(8)'
    ),
    # Training
    'buffer_size must be': 'validation_split is a fraction, such as 0.25',
    "recognized: {'lr'|argument '(lr|learning_rate)'": 'the learning rate belongs to'
    ' the optimizer, as learning_rate: see exercise 13 of LESSON.md',
    r"fit\(\) got .*'nb_epoch'": "Keras 3 calls this 'epochs'",
    "KeyError: 'val_(loss|accuracy)'": 'fit gives it with validation_split or'
    " validation_data, under the metric's name in compile",
    "'predict_classes'": 'write (model.predict(X_test) > 0.5).astype(int); after a'
    ' softmax, model.predict(X_test).argmax(axis=1)',
    "NameError: name 'history'": 'write  history = model.fit( )',
    # Diffs
    "operand type for unary .: 'NoneType'": 'leave out the + of a diff, and the'
    ' lines with its -',
    # Imports
    "NameError: name 'np'": 'at the top, write  import numpy as np',
    "NameError: name 'plt'": 'at the top, write  import matplotlib.pyplot as plt',
    "NameError: name 'Model'": 'the network is called model, with a small m; for the'
    ' class, write  from keras.models import Model',
    "NameError: name 'keras'": 'at the top, write  import keras',
    "import name 'np_utils'": 'write  from keras import utils as np_utils',
    "'keras.backend' has no attribute": 'Keras 3 has this in ops: write  from keras'
    ' import ops',
    r"(module named|NameError: name) '(torch|nn)\b": 'this is PyTorch; the workshop'
    ' uses Keras',
    "module named '(numpy|scipy|matplotlib|tensorflow|keras|pandas|rich)'": 'in the'
    ' folder of the workshop, type  . ./script.sh',
}
# Names of Keras 1 and 2, and of the slides: those of Keras 3
OLD_NAMES = {
    'acc': 'accuracy',
    'val_acc': 'val_accuracy',
    'fit_generator': 'fit',
    'predict_proba': 'predict',
    'W_regularizer': 'kernel_regularizer',
    'b_regularizer': 'bias_regularizer',
    'W_constraint': 'kernel_constraint',
    'init': 'kernel_initializer',
    'border_mode': 'padding',
    'inner_activation': 'recurrent_activation',
    'CuDNNLSTM': 'LSTM',
    'CuDNNGRU': 'GRU',
    'SmoothReLU': 'softplus',
}
# Where Keras has the names that are imported
MODULES = 'models layers optimizers callbacks metrics utils regularizers'.split()
