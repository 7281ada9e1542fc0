"""Compare settings: which learns fastest, and which does best in the test?

    python compare.py               the newest eight settings
    python compare.py 3 7           whether two runs can be told apart
    python compare.py 1 2 3 7 8 9   these settings, each against the first
    python compare.py --all         all settings
    python compare.py --all --csv   a row for each run, for pandas
    python compare.py --diff 3 7    how the scripts of two runs differ

Runs that differ in the seed alone are one setting. Prints a table, draws compare.png.
Intervals have 95 % confidence.
"""

from support.start import prepare

prepare()

import difflib
import sys
import textwrap
from collections import defaultdict
from math import inf, nan
from pathlib import Path

from support.console import make_parser, print_table, printable
from support.runs import all_runs, describe_baseline, newest_run, read_rows, read_run
from support.statistics import MIN_SEEDS, accuracy_interval, judge, read_answers

import matplotlib.pyplot as plt
import numpy as np
from rich import box
from rich.table import Table

from utilities import save_plot, show_plots

# What stands for a fact that a run.json lacks; for others, ''
MISSING = {'numbers': {}, 'epochs_to_95': nan, 'epochs': nan, 'updates': nan}
UNJUDGED = 'Which is better in the test? Name tested runs of two settings or more.'
LEGEND = """\
Epochs: until 95 % of the training sequences were right for the first time.
In ( ) the number of seeds, in [ ] their range, after median or mean.
Intervals and verdicts hold for new test sequences of the same objects and, from three \
seeds on, for new seeds (*, with these seeds: for these alone), but not for new \
training sequences.
What cannot be told apart need not be equal."""


def read_runs(names):
    """Return the runs with these names, or all of them, the oldest first."""
    names = dict.fromkeys(Path(name).name for name in names)  # runs/7/ is 7
    runs = [read_run(name) for name in names] or all_runs()
    runs = runs or [newest_run()]  # an error: there is none
    runs = [defaultdict(str, MISSING | run) for run in runs]
    for run in runs:
        run['losses'] = [float(row['loss']) for row in read_rows(run, 'history.csv')]
    return runs


def describe(run):
    """Return how a run was made, in texts: facts, and the lines of its script."""
    facts = [f'{name} = {value}' for name, value in run['numbers'].items()]
    facts += [run['layers'], run['optimizer'], str(run['loss'])]
    facts.append(f'data: {run["data"].partition(" sequences")[2].strip(",; ")}')
    facts.append(f'updates per epoch: {run["updates"] / run["epochs"]:g}')
    facts.append(f'stopped after {run["epochs"]}' if run['stopped'] else 'not stopped')
    path = Path(run['path'], 'train.py')
    text = path.read_text('utf-8') if path.exists() else ''
    lines = [line.split('#')[0].rstrip(' ,') for line in text.splitlines()]
    lines = [x for x in lines if not x.startswith(('from ', 'import '))]
    lines = [x for x in lines if x.split('=')[0].rstrip() not in ('', *run['numbers'])]
    return [*facts, *(lines or [f'script of run {run["name"]} unknown'])]


def group_by_setting(runs):
    """Return lists of runs that differ in the seed alone, and texts on runs left out.

    Of a training made twice the first counts: the seed is the same and, but for a GPU's
    rounding, the loss of the first epoch. (A script may not use its seed.)
    """
    settings, copies = {}, []
    for run in runs:
        hashes = [run.get(x) for x in ('network', 'train_hash', 'test_hash')]
        made = [x for x in describe(run) if not x.startswith('seed = ')]
        setting = settings.setdefault(str([made, hashes]), {})
        start = run['numbers'].get('seed'), f'{run["losses"][0]:.3f}'
        if start in setting:
            copies.append(f'{run["name"]} (as {setting[start]["name"]})')
        setting.setdefault(start, run)
    return [list(setting.values()) for setting in settings.values()], copies


def describe_difference(run, first):
    """Return what a diff of how two runs were made shows: what is new, or 'without'.

    Lines of the script that layers, optimizer or loss say in short are left out.
    """
    before, after, changes = describe(first), describe(run), []
    diff = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for kind, i, j, k, n in diff.get_opcodes():
        new = after[k:n] or [f'without {x}' for x in before[i:j]]
        changes += new if kind != 'equal' else []
    if run['layers'] in changes:
        changes = [x for x in changes if 'model.add(' not in x]
    if {run['optimizer'], str(run['loss'])} & {*changes}:
        changes = [x for x in changes if 'model.compile(' not in x]
    text = '; '.join(changes) or 'other sequences or network'
    return textwrap.shorten(text, 120, placeholder=' ...')


def find_obstacle(run, first):
    """Return why the test says nothing of a run against the first; '' if it does."""
    if not run['evaluated']:
        return 'was not tested'
    if run['n_duplicates'] == run['N_test']:
        return 'was trained with its test sequences: memory'
    if run['test_hash'] != first.get('test_hash'):
        return 'was not tested with the same sequences and classes'
    return ''


def describe_setting(runs, first):
    """Return what the table and the picture say of a setting, accuracies in %."""
    run, names = runs[0], [run['name'] for run in runs]
    reference = f'{run["layers"]}; N_train = {run["numbers"].get("N_train", "-")}'
    many = f'{names[0]} ... {names[-1]} ({len(names)})'
    setting = {
        'runs': runs,
        'name': many if len(names) > 1 else names[0],
        'change': reference if run is first else describe_difference(run, first),
        'epochs': [x['epochs_to_95'] or inf for x in runs],
        'accuracies': [],
        'verdict': find_obstacle(run, first),
    }
    if run['evaluated']:
        right, Y = read_answers(runs)
        setting['right'], setting['accuracies'] = right, 100 * right.mean(axis=1)
        setting['interval'] = [100 * x for x in accuracy_interval(right)]
        setting['baseline'] = 100 * np.bincount(Y).max() / len(Y)
        setting['always'] = describe_baseline(Y, run['class_names'])
    return setting


def judge_all(settings, are_named):
    """Return texts on what the test says of settings; note the verdict in each."""
    texts = [f'{x["name"]} {x["verdict"]}' for x in settings if x['verdict']]
    first, *others = settings
    others = [x for x in others if not x['verdict']]
    if first['verdict'] or not others or not are_named:
        return [*texts, 'So there is no verdict.' if texts and are_named else UNJUDGED]
    first['verdict'], N = 'reference', len(others)
    corrected = f', corrected for {N} comparisons' if N > 1 else ''
    texts.append(f'In the test, against {first["name"]}{corrected}:')
    for other in others:
        other['verdict'], numbers = judge(first['right'], other['right'], N)
        texts.append(f'  {other["name"]} {other["verdict"]}: {numbers}')
    return texts


def spread(values, middle):
    """Return the middle of values, infinite for never, and their range in [ ]."""
    shown = middle(values), min(values), max(values)
    middle, low, high = (
        f'{round(x, 1):g}'.replace('inf', 'never').replace('nan', '-') for x in shown
    )
    return middle if low == high else f'{middle} [{low}-{high}]'


def print_settings(settings):
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), show_edge=False)
    names = 'run', 'what differs', 'epochs to\nthe first\n95 %'
    for name in (*names, 'test\naccuracy\nin %', 'confidence\ninterval'):
        table.add_column(name, no_wrap='\n' in name, overflow='fold')
    for x in settings:
        cells = [x['name'], x['change'], spread(x['epochs'], np.median), 'not tested']
        if 'right' in x:
            few = ' *' if len(x['runs']) < MIN_SEEDS else ''
            interval = '{:.1f}-{:.1f}'.format(*x['interval'])
            cells[3:] = spread(x['accuracies'], np.mean), interval + few
        table.add_row(*map(printable, cells))
    print_table(table)


def print_csv(runs):
    """Print a row for each run, with a column for each number and fact."""
    import pandas as pd

    table = pd.DataFrame([run | run['numbers'] for run in runs], dtype=object)
    nested = ['numbers', 'class_names', 'versions', 'table', 'losses']
    table.set_index('name').drop(columns=nested, errors='ignore').to_csv(sys.stdout)


def print_diff(runs):
    """Print how the scripts of two runs differ."""
    paths = [f'{run["path"]}/train.py' for run in runs]
    scripts = [Path(path).read_text('utf-8').splitlines() for path in paths]
    lines = list(difflib.unified_diff(*scripts, *paths, n=1, lineterm=''))
    for line in lines or ['The scripts are the same.']:
        print(printable(line.expandtabs()))


def plot_setting(axes, i, setting, never):
    """Plot a setting's losses and, as row i of two panels, how fast and how good."""
    losses, speed, test = axes
    style = {'color': f'C{i}', 'marker': 'osD^'[i // 10 % 4]}
    for loss in (run['losses'] for run in setting['runs']):
        losses.plot(range(1, 1 + len(loss)), loss, ms=6, markevery=[-1], **style)
    epochs = np.minimum(setting['epochs'], never)
    for axis, values in (speed, epochs), (test, setting['accuracies']):
        axis.plot(values, [i] * len(values), ls='', alpha=0.6, **style)
    if 'right' in setting:
        fill = f'C{i}' if len(setting['runs']) >= MIN_SEEDS else 'none'
        bar = {'facecolor': fill, 'edgecolor': f'C{i}', 'alpha': 0.4}
        test.fill_between(setting['interval'], i - 0.3, i + 0.3, **bar)
        test.plot([setting['baseline']] * 2, [i - 0.5, i + 0.5], 'k--')
    right = {'transform': test.get_yaxis_transform(), 'va': 'center', 'fontsize': 12}
    test.text(1.03, i, textwrap.fill(setting['verdict'], 24), **right)


def plot_settings(settings):
    """Draw compare.png: losses above; below, a row for each setting."""
    plt.style.use('petroff10')
    plt.rcParams.update({'font.size': 14, 'axes.titlesize': 14, 'lines.markersize': 9})
    plt.rcParams.update({'axes.grid': True, 'grid.alpha': 0.3})
    panels, height = [['losses', 'losses'], ['speed', 'test']], 2 + 0.7 * len(settings)
    size = {'figsize': (13, 5 + height), 'height_ratios': (5, height)}
    figure, axes = plt.subplot_mosaic(panels, **size, layout='constrained')
    longest = max(len(run['losses']) for x in settings for run in x['runs'])
    never = 10 * longest  # where that stands
    for i, setting in enumerate(settings):
        plot_setting(axes.values(), i, setting, never)
    losses, speed, test = axes.values()
    losses.set(title='Loss on the training sequences, against the epoch', xscale='log')
    # All of it, however large; linear up to 1, so that slow falls are seen.
    losses.set_yscale('symlog', linthresh=1, linscale=3)
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1, 3, 10, 100, 1000]
    losses.set_yticks(ticks, ticks)
    losses.set_ylim(-0.05, losses.dataLim.y1 * 1.1)
    decades = [10**i for i in range(len(str(longest)))]
    losses.set_xticks(decades, decades)
    speed.set(title='How fast? Epochs to the first 95 %', xlabel='dot: a seed')
    speed.set_xscale('log')
    speed.set_xticks([*decades, never], [*decades, 'never'])
    wrap = {'width': 44, 'max_lines': 2, 'placeholder': ' ...'}
    labels = [
        '\n'.join(textwrap.fill(x[key], **wrap) for key in ('name', 'change'))
        for x in settings
    ]
    speed.set_yticks(range(len(settings)), labels, parse_math=False, fontsize=12)
    bars = 'bar: interval of the mean (filled: also for new seeds);\n'
    bars += 'dashed: baseline; overlapping bars may still differ'
    test.set(title='How good? Test accuracy in %', xlabel=bars, yticks=[])
    for axis in speed, test:
        axis.set_ylim(len(settings) - 0.5, -0.5)
    save_plot(figure, 'compare.png')


def main():
    parser = make_parser(__doc__)
    parser.add_argument('runs', nargs='*', metavar='RUN', help='its name: 7 for runs/7')
    parser.add_argument('--all', action='store_true', help='all settings')
    parser.add_argument('--csv', action='store_true', help='comma-separated values')
    parser.add_argument('--diff', action='store_true', help='how two scripts differ')
    args = parser.parse_args()
    if (args.runs and args.all) or (args.diff and len(args.runs) != 2):
        parser.error('give the names of runs or --all, and with --diff those of two')
    runs = read_runs(args.runs)
    if args.diff:
        return print_diff(runs)
    if args.csv:
        return print_csv(runs)
    groups, copies = group_by_setting(runs)
    if not args.runs:
        groups.sort(key=lambda runs: runs[-1]['time'])
    elif [len(group) for group in groups] == [2]:
        groups = [[run] for run in groups[0]]  # two seeds
    older = 0 if args.runs or args.all else len(groups[:-8])
    groups = groups[older:]
    settings = [describe_setting(group, groups[0][0]) for group in groups]
    notes = list(dict.fromkeys(x['always'] for x in settings if 'right' in x))
    notes += [*judge_all(settings, bool(args.runs)), *LEGEND.splitlines()]
    notes += [f'Made twice, so counted once: {", ".join(copies)}'] if copies else []
    notes += [f'Older settings left out: {older}; --all shows them.'] if older else []
    print_settings(settings)
    for note in notes:
        print(textwrap.fill(printable(note), 79, subsequent_indent='    '))
    plot_settings(settings)
    show_plots()


if __name__ == '__main__':
    main()
