"""Compare runs side by side: how fast they learnt, and how well they did.

    python compare.py               the newest eight settings
    python compare.py 3 7 wide64    these runs
    python compare.py --all         all settings
    python compare.py --diff 3 7    how the scripts of two runs differ

Prints a table, draws compare.png, and says whether two runs can be told apart. Runs
that differ in the seed alone share a row; of the same run made twice, the newer counts.
"""

from support.start import prepare

prepare()

import csv
import difflib
import re
import shutil
import sys
import textwrap
from collections import Counter
from math import inf
from pathlib import Path
from statistics import median_low

from support.console import clean, parser, print_table
from support.runs import all_runs, newest_run, read_rows, read_run, wilson_interval

import matplotlib.pyplot as plt

from utilities import save_plot, show_plots


def read_script(run):
    """Return the lines of the script that a run was made with, a tuple."""
    text = Path(run['path'], 'train.py').read_text('utf-8', errors='replace')
    return tuple(text.splitlines())


def code_of(run):
    """Return what is left of a run's script, a tuple, without what run.json knows.

    That is the numbers at the top and the network; and without comments.
    """
    known = [rf'{re.escape(name)}\s*=' for name in run['numbers']]
    known += [r'\s*model\.(add|compile)\(', r'from keras[\w.]* import ']
    lines = [line.split('#')[0].rstrip() for line in run['script']]
    return tuple(x for x in lines if x and not re.match('|'.join(known), x))


def setting(run):
    """Return what is the same for runs that differ in the seed alone, as a text."""
    numbers = {name: value for name, value in run['numbers'].items() if name != 'seed'}
    facts = [run.get(x) for x in ('layers', 'network', 'train_hash', 'test_hash')]
    return str([numbers, facts, run['stopped'] and run['epochs'], run['code']])


def gather(runs, by):
    """Return lists of runs of one setting, the newest last; by the seed or by the name.

    Of two runs of the same setting and seed, the newer counts.
    """
    groups = {}
    for run in runs:
        key, seed = setting(run), run['numbers'].get(by, run['name'])
        group = groups.pop(key, {})
        group.pop(seed, None)
        groups[key] = group | {seed: run}
    return [list(group.values()) for group in groups.values()]


# ------------------------------------------------------------------- what differs


def usual(values):
    """Return the most frequent of some values; None for a tie."""
    (value, count), *others = Counter(values).most_common(2)
    return None if others and others[0][1] == count else value


def special(words, values):
    """Return which of words, one of values, the usual one lacks; else what they lack.

    If none is usual, what all of values have is left out. values are tuples of texts.
    """
    most = usual(values)
    others = values if most is None else [most]
    known = set.intersection(*map(set, others))
    new = [x for x in words if x not in known]
    missing = dict.fromkeys(x for each in others for x in each if x not in words)
    return new or [f'no {x}' for x in missing] or words


def special_layers(layers, values):
    """Return which layers are special; all of them where the number of layers is."""
    if len(layers) == 1 < max(map(len, values)):
        return ['no hidden layer']
    most = usual(values) or layers
    return special(layers, values) if len(layers) == len(most) else layers


def features(run):
    """Return what may differ between runs, by its name: each a tuple of texts."""
    layers, optimizer = run['layers'].replace('Reshape, ', ''), run['optimizer']
    found = {'layers': tuple(layers.split(', '))}
    network = [x for x in run['script'] if re.match(r'\s*model\.(add|compile)\(', x)]
    for name, x in run['numbers'].items():
        # Of Dense(neurons), the layers say how many; of RMSprop(rate), the optimizer.
        known = str(x) in f'{layers} {optimizer}'.replace(',', '').split()
        if not (known and re.search(rf'[(=] *{re.escape(name)}\b', ''.join(network))):
            found[name] = (f'{name} {x}',)
    found |= {'optimizer': (optimizer,), 'loss': (run['loss'],)}
    found['data'] = tuple(run['data'].replace(' seed', ' data seed').split(', ')[1:])
    if run['stopped']:
        found['N_epochs'] = (f'stopped after {run["epochs"]}',)
    return found | {'seed': ()}


def differences(runs):
    """Return what each run has that most have not, a text; and what most have."""
    found, texts, common = [features(run) for run in runs], [[] for _ in runs], []
    for name in dict.fromkeys(name for each in found for name in each):
        values = [each.get(name, ()) for each in found]
        if len(set(values)) > 1:
            most = usual(values)
            tell = special_layers if name == 'layers' else special
            common += most or ()
            for some, value in zip(texts, values, strict=True):
                if value != most:
                    some += tell(value, values)
    code = usual([run['code'] for run in runs])
    said = [(run['layers'], run['optimizer'], run['loss']) for run in runs]
    for run, words, some in zip(runs, said, texts, strict=True):
        alike = [x for x, other in zip(runs, said, strict=True) if other == words]
        is_special = run['network'] != usual([x['network'] for x in alike])
        is_edited = run['script'] != usual([x['script'] for x in alike])
        if run['code'] != code or (is_special and is_edited):
            some.append('script: --diff')
    return [', '.join(some) for some in texts], ', '.join(common)


# ----------------------------------------------------------------------- the table


def spread(values):
    """Return the median of values, of which None is never, and their range in [ ]."""
    ordered = sorted(inf if value is None else value for value in values)
    shown = [median_low(ordered), ordered[0], ordered[-1]]
    middle, low, high = (f'{x:.4g}'.replace('inf', 'never') for x in shown)
    is_range = len(values) > 1 and low != 'never'
    return f'{middle} [{low}-{high}]' if is_range else middle


def accuracy(runs):
    """Return the test accuracy of runs of one setting, of one with its interval."""
    if not all(run['evaluated'] for run in runs):
        return 'not evaluated'
    if len(runs) > 1:
        return spread([100 * run['accuracy'] for run in runs])
    low, high = (
        100 * x for x in wilson_interval(runs[0]['n_correct'], runs[0]['N_test'])
    )
    return f'{100 * runs[0]["accuracy"]:.4g} ({low:.0f}-{high:.0f})'


def print_runs(rows):
    """Print rows, a dict for each setting, as a table; what has no room is left out."""
    from rich import box
    from rich.table import Table

    shown = list(rows[0])
    if shutil.get_terminal_size().columns < 110:
        shown = [x for x in shown if x not in ('parameters', 'seconds')]
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), show_edge=False)
    for name in shown:
        wraps = name in ('run', 'what differs')
        table.add_column(name, no_wrap=not wraps, overflow='fold')
    for row in rows:
        table.add_row(*(clean(row[name]) for name in shown))
    print_table(table)
    measured = ' '.join(row[name] for row in rows for name in shown[2:])
    if '(' in measured:
        print('In ( ) the 95 % confidence interval of one run.')
    if '[' in measured:
        print('In [ ] the range over seeds, after the median.')


def told_apart(a, b):
    """Return in a sentence whether two runs can be told apart by the exam both sat.

    By the exact McNemar test: of the sequences on which just one of them is right,
    either has as many but for chance. (McNemar, Psychometrika 12, 153, 1947)
    """
    from scipy.stats import binomtest

    names = [f'run {x["name"]}' if x['name'].isdecimal() else x['name'] for x in (a, b)]
    both = ' and '.join(names)
    answers = [read_rows(run, 'predictions.csv') for run in (a, b)]
    right = [[row['class'] == row['predicted'] for row in rows] for rows in answers]
    pairs = list(zip(*right, strict=True))
    counts = [pairs.count((True, False)), pairs.count((False, True))]
    if not sum(counts):
        return f'In the test {both} are right and wrong on the same sequences.'
    (less, worse), (more, better) = sorted(zip(counts, names, strict=True))
    p = binomtest(more, more + less).pvalue
    so = f'{better} is better (p = {p:.2g})' if p < 0.05 else 'that may be chance'
    more, less = ({0: 'none', 1: 'one'}.get(x, x) for x in (more, less))
    line = f'In the test {both} differ on {sum(counts)} of {len(pairs)} sequences: '
    return line + f'{better} is right on {more} of these, {worse} on {less}: {so}.'


def plot_runs(groups, labels):
    """Plot how runs learnt and, below, their names and tests. Saves compare.png.

    groups is a list of lists of runs of one setting; labels has a text for each.
    """
    plt.style.use('petroff10')
    labels = [textwrap.fill(textwrap.shorten(clean(x), 120), 60) for x in labels]
    height = 0.8 + 0.45 * len(labels)  # of up to two lines each
    figure = plt.figure(figsize=(10, 4 + height), layout='constrained')
    above, below = figure.subfigures(2, 1, height_ratios=(4, height))
    axes, test = above.subplots(1, 2), below.subplots()
    for i, group in enumerate(groups):
        style = {'color': f'C{i}', 'linestyle': ('-', '--', ':', '-.')[i // 10 % 4]}
        for run in group:
            rows = read_rows(run, 'history.csv')
            for axis, name in zip(axes, ('accuracy', 'loss'), strict=True):
                epochs = range(1, len(rows) + 1)
                values = [float(row.get(name, 'nan')) for row in rows]
                axis.plot(epochs, values, marker='o' if len(rows) == 1 else '', **style)
        tested = [run for run in group if run['evaluated']]
        dots = ends = [100 * run['accuracy'] for run in tested]
        if len(tested) == 1:
            ends = [
                100 * x
                for x in wilson_interval(tested[0]['n_correct'], tested[0]['N_test'])
            ]
        test.plot(ends, [i] * len(ends), **style)
        # Equal accuracies are to be seen as several dots.
        heights = [i + 0.12 * dots[:j].count(x) for j, x in enumerate(dots)]
        test.plot(dots, heights, 'o', markersize=5, color=style['color'])
    longest = max(run['epochs'] for group in groups for run in group)
    for axis, title in zip(axes, ('accuracy', 'loss, up to 1'), strict=True):
        axis.set(xscale='log', xlabel='Epoch', title=f'Training {title}')
        axis.set_xticks([1, 3, 10, 30, 100, 300, 1000], minor=False)
        axis.xaxis.set_major_formatter('{x:g}')
        axis.minorticks_off()
        axis.set(xlim=(0.9, 1.1 * longest), ylim=(-0.02, 1.02))
        axis.grid(alpha=0.3)
    test.set_yticks(range(len(labels)), labels, fontsize='small', parse_math=False)
    test.set(ylim=(len(labels) - 0.5, -0.5), title='Test accuracy in %')
    test.set_xlim(right=101)
    what = 'A dot for each run; the line is the 95 % confidence interval of one run'
    below.supxlabel(f'{what}, or the range of several', fontsize='medium')
    test.grid(alpha=0.3)
    save_plot(figure, 'compare.png')


# ---------------------------------------------------------------- the command line

script = parser(__doc__)
script.add_argument('runs', nargs='*', metavar='RUN', help='its name: 7 for runs/7')
script.add_argument('--all', action='store_true', help='all settings')
script.add_argument('--csv', action='store_true', help='print comma-separated values')
script.add_argument('--diff', action='store_true', help='how two scripts differ')
args = script.parse_args()
if (args.runs and args.all) or (args.diff and len(args.runs) != 2):
    script.error('give the names of runs or --all, and with --diff the names of two')
newest_run()  # or an error if there is none
runs = [read_run(name) for name in dict.fromkeys(args.runs)] or all_runs()
for run in runs:
    run['script'] = read_script(run)
    run['code'] = code_of(run)
if args.diff:
    scripts = [run['script'] for run in runs]
    paths = [f'{run["path"]}/train.py' for run in runs]
    for line in difflib.unified_diff(*scripts, *paths, n=1, lineterm=''):
        print(clean(line.expandtabs()))
    sys.exit()

groups = gather(runs, by='name' if args.runs else 'seed')
N_settings = len(groups)
if not args.runs and not args.all:
    groups = groups[-8:]
texts, common = differences([group[-1] for group in groups])
rows = [
    {
        'run': ' '.join(run['name'] for run in group),
        'what differs': text,
        'parameters': f'{group[0]["parameters"]:,}',
        'training:\nepochs to\n95 %': spread([run['epochs_to_95'] for run in group]),
        'training:\nepochs to\n100 %': spread([run['epochs_to_100'] for run in group]),
        'seconds': f'{median_low([run["seconds"] for run in group]):.1f}',
        'test:\naccuracy\nin %': accuracy(group),
    }
    for group, text in zip(groups, texts, strict=True)
]
if args.csv:
    table = csv.writer(sys.stdout, lineterminator='\n')
    table.writerow(name.replace('\n', ' ') for name in rows[0])
    table.writerows(row.values() for row in rows)
    sys.exit()
print_runs(rows)
if common:
    print(textwrap.fill(clean(f'Where nothing else is said: {common}'), 79))
if any('--diff' in text for text in texts):
    print('How two scripts differ:  python compare.py --diff RUN RUN')
if N_settings > len(groups):
    print(f'Older settings left out: {N_settings - len(groups)}; --all shows them.')
chosen = [run for group in groups for run in group]
if len({run['test_hash'] for run in chosen if run['evaluated']}) > 1:
    print('Their test sequences are not the same, so neither are their exams.')
elif len(chosen) == 2 and all(run['evaluated'] for run in chosen):
    print(textwrap.fill(clean(told_apart(*chosen)), 79))
names = [row['run'] for row in rows]
plot_runs(groups, [': '.join(filter(None, x)) for x in zip(names, texts, strict=True)])
show_plots()
