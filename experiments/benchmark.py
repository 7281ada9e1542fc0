"""Measure how fast train.py is, and how often compare.py gives a verdict.

    python -m experiments.benchmark speed       train.py against the slides' lines alone
    python -m experiments.benchmark verdicts    compare.py, where the truth is known

Epochs are drawn from results/fastest.csv. Answers are made up: a network has a sequence
right if network[setting, seed] + easy[sequence] + suits[setting, sequence] +
rest[setting, seed, sequence] > 0. All are normal, and scatter as with train.py.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from itertools import combinations_with_replacement

from support.console import make_parser
from support.statistics import luck_in_speed, luck_in_test

import numpy as np
import pandas as pd
from scipy.stats import norm

PROJECT = pathlib.Path(__file__).resolve().parents[1]
# What the slides do not have: lines that begin like this, and the callback
OURS = 'from support|prepare|numbers =|set_random|model.steps|check|save_run'
WITHIN, BETWEEN = 0.930, 0.926  # correlations of networks of one setting, of two
LUCK = 0.097  # how far network scatters, where easy + suits + rest scatter by 1
# Of two settings the accuracy, and how many of their networks fail (60 % right)
TRUTHS = {
    'as good': ((0.9, 0), (0.9, 0)),
    'as good, but in one a network in ten fails': ((0.897, 0), (0.93, 0.1)),
    '5 points better': ((0.9, 0), (0.95, 0)),
}
# Seeds of the two settings; of several pairs, any that gives a verdict counts.
SEEDS = {f'{n} seeds': [(n, n)] for n in (3, 5, 10)}
SEEDS |= {'3 and 10': [(3, 10)], '3, 4, ... 10': [(n, n) for n in range(3, 11)]}
rng = np.random.default_rng(0)


def without_ours(text):
    """Return train.py's text with the slides' lines alone."""
    return re.sub(rf'(?m)^({OURS}).*\n|,\s*callbacks=\[ShowProgress\(\)\]', '', text)


def seconds(script):
    """Return the seconds of a script's process, and those of its fit."""
    start = time.perf_counter()
    text = subprocess.check_output([sys.executable, script], stderr=subprocess.DEVNULL)
    return time.perf_counter() - start, float(re.search(b'fit: (.*)', text)[1])


def compare_with_slides():
    """Print how many times as fast train.py is; the two scripts take turns."""
    os.environ |= {'MPLBACKEND': 'agg', 'PYTHONPATH': str(PROJECT)}
    text = (PROJECT / 'train.py').read_text(encoding='utf-8')
    text = text.replace('history =', 'import time\nstart = time.time()\nhistory =')
    text = text.replace('# Plot the history', "print('fit:', time.time() - start)")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        pathlib.Path('train.py').write_text(text, encoding='utf-8')
        pathlib.Path('slides.py').write_text(without_ours(text), encoding='utf-8')
        subprocess.run([sys.executable, PROJECT / 'generate_data.py'], check=True)
        pairs = [(seconds('train.py'), seconds('slides.py')) for _ in range(9)]
    for i, name in enumerate(('python train.py', 'its fit')):
        ours, slides = np.array(pairs)[:, :, i].T
        low, median, high = np.quantile(slides / ours, (0, 0.5, 1))
        print(f'{name}: {median:.1f} times ({low:.1f} to {high:.1f}) as fast')


def made_up_answers(settings, N):
    """Return who has N sequences right: two arrays, bool (10, N), of ten networks."""
    easy = rng.normal(0, np.sqrt(BETWEEN), N)
    answers = []
    for accuracy, failing in settings:
        suits = rng.normal(0, np.sqrt(WITHIN - BETWEEN), N)
        rest = rng.normal(0, np.sqrt(1 - WITHIN), (10, N))
        accuracies = np.where(rng.random((10, 1)) < failing, 0.6, accuracy)
        network = rng.normal(norm.ppf(accuracies) * np.sqrt(1 + LUCK**2), LUCK)
        answers.append(network + easy + suits + rest > 0)
    return answers


def comparisons():
    """Yield many: the truth, the function that gives its p value, and both settings."""
    runs = pd.read_csv(PROJECT / 'experiments/results/fastest.csv').replace(np.inf, 300)
    for _, series in runs.groupby('series'):
        groups = [rows.to_numpy() for _, rows in series.groupby('setting').training_95]
        for first, other in combinations_with_replacement(groups, 2):
            low, high = sorted((np.median(first), np.median(other)))
            truth = 'as fast' if first is other else '1.5 to 2 times as fast'
            if first is other or 1.5 <= high / low < 2:
                for drawn in (rng.permutation(20) for _ in range(200)):
                    yield truth, luck_in_speed, first[drawn[:10]], other[drawn[10:]]
    for truth, settings in TRUTHS.items():
        for N in [50] * 1000 + [200] * 1000:
            yield f'{truth}: {N}', luck_in_test, *made_up_answers(settings, N)


def verdicts(luck, first, other):
    """Return for each of SEEDS whether the runs of two settings get a verdict."""
    return [
        any(luck(first[:n], other[:m])[0] < 0.05 for n, m in pairs)
        for pairs in SEEDS.values()
    ]


if __name__ == '__main__':
    parser = make_parser(__doc__)
    parser.add_argument('what', choices=('speed', 'verdicts'))
    if parser.parse_args().what == 'speed':
        compare_with_slides()
    else:
        rows = [(truth, *verdicts(*options)) for truth, *options in comparisons()]
        found = pd.DataFrame(rows, columns=['The truth', *SEEDS])
        rates = 100 * found.groupby('The truth', sort=False).mean()
        print(rates.round(1).to_string())
