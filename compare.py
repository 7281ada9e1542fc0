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

import ast
import difflib
import re
import sys
import textwrap
from collections import Counter
from math import inf, nan
from pathlib import Path
from statistics import mean, median

from support.console import clean, parser, print_table
from support.files import class_name
from support.runs import all_runs, newest_run, read_rows, read_run
from support.statistics import MIN_SEEDS, accuracy_interval, difference, read_answers

import matplotlib.pyplot as plt
import numpy as np

from utilities import save_plot, show_plots

# What stands for a field that a run.json lacks
UNKNOWN = dict.fromkeys(('layers', 'optimizer', 'loss', 'data'), '-')
UNKNOWN |= dict.fromkeys(('epochs', 'epochs_to_95', 'updates'), nan)
UNKNOWN |= dict.fromkeys(('evaluated', 'stopped', 'network', 'train_hash', 'test_hash'))
UNKNOWN |= {'numbers': {}, 'class_names': ()}
RANGES = 'In [ ] the range over seeds, after the median (epochs) or mean (accuracy).'
INTERVALS = 'Intervals hold for new sequences and, from three seeds on, for new seeds.'
UNJUDGED = 'Which is better in the test? Name runs of two settings or more.'
APART = 'cannot be told apart'
THESE_SEEDS = ', with these seeds'
THREE_SEEDS = 'three seeds would tell about the settings'


# --------------------------------------------------------------- runs and settings


def read_runs(names):
    """Return the runs with these names, or all of them, the oldest first."""
    newest = newest_run()['name']  # or an error if there is none
    names = [name.removeprefix('runs/').rstrip('/') for name in names]
    names = dict.fromkeys(newest if name == 'last' else name for name in names)
    return [UNKNOWN | run for run in [read_run(x) for x in names] or all_runs()]


def read_script(run):
    path, gone = Path(run['path'], 'train.py'), 'script_is_gone'
    return path.read_text('utf-8', errors='replace') if path.exists() else gone


def read_code(run, left_out='from|import'):
    """Return a run's script, cut at its commas, without comments and numbers on top.

    Without lines, too, that begin with left_out, a regular expression.
    """
    lines = ast.unparse(ast.parse(read_script(run))).splitlines()
    lines = [x for x in lines if x.split(' = ')[0] not in run['numbers']]
    lines = [x for x in lines if not re.match(rf'\s*({left_out})\b', x)]
    return [piece.strip(')] ') for piece in ', '.join(lines).split(', ')]


def group_by_setting(runs, newest_last):
    """Return lists of runs that differ in the seed alone, and a text for each copy.

    Of a training made twice, the later run counts.
    """
    settings, copies = {}, []
    for run in runs:
        facts = [run[x] for x in ('network', 'train_hash', 'test_hash')] + read_code(
            run
        )
        facts += [run['numbers'] | {'seed': None}, run['stopped'] and run['epochs']]
        key, seed = str(facts), run['numbers'].get('seed', run['name'])
        setting = settings.pop(key, {}) if newest_last else settings.get(key, {})
        if seed in setting:
            copies.append(f'{setting[seed]["name"]} (again as {run["name"]})')
        settings[key] = setting | {seed: run}
    return [list(setting.values()) for setting in settings.values()], copies


def describe(run):
    """Return what run.json says of how a run was made, a list, and of its network."""
    network = [run['layers'], run['optimizer'], run['loss']]
    numbers = [f'{x} = {y}' for x, y in run['numbers'].items() if x != 'seed']
    data = run['data'].partition(', ')[2].replace('seed', 'data seed')
    end = [f'stopped after {run["epochs"]}'] if run['stopped'] else []
    return [*numbers, *network, data, *end], network


def describe_difference(run, first):
    """Return in the script's words what is not as in the first run.

    Of code that run.json does not tell, that is the first argument that differs.
    """
    (ours, network), (theirs, known) = describe(run), describe(first)
    words = [x for x in ours if x not in theirs]
    left_out = ['from|import|model.add|model.compile'] if network != known else []
    ours, theirs = (read_code(x, *left_out) for x in (run, first))
    new = [x for x in ours if x not in theirs]
    old = [f'without {x}' for x in theirs if x not in ours]
    for piece in new[:1] or old[: not words]:
        piece = textwrap.shorten(piece, 48, placeholder=' ...')
        words.append(piece + ' ...' * (piece.count('(') > piece.count(')')))
    return '; '.join(words) or 'other sequences' * (
        run['test_hash'] != first['test_hash']
    )


def describe_setting(runs, first):
    """Return what the table and the picture say of a setting, accuracies in %."""
    run, names = runs[-1], [run['name'] for run in runs]
    epochs = [inf if x['epochs_to_95'] is None else x['epochs_to_95'] for x in runs]
    setting = {
        'runs': runs,
        'name': ' '.join(names) if len(names) < 3 else f'{names[0]} ... {names[-1]}',
        'text': run['layers'] if run is first else describe_difference(run, first),
        'epochs': [x for x in epochs if x == x],  # without NaN, unknown
        'batches': run['updates'] / (run['epochs'] or nan),
        'test_hash': run['evaluated'] and run['test_hash'],
        'accuracies': [],
        'verdict': '',
    }
    if run['evaluated']:
        setting['right'] = read_answers(runs)
        setting['accuracies'] = list(100 * setting['right'].mean(axis=1))
        setting['interval'] = [100 * x for x in accuracy_interval(setting['right'])]
        classes = [int(row['class']) for row in read_rows(run, 'predictions.csv')]
        ((most, count),) = Counter(sorted(classes)).most_common(1)
        setting['baseline'] = 100 * count / len(classes)
        setting['always'] = class_name(most, run['class_names'] or ())
    return setting


# -------------------------------------------------------------------- the verdicts


def judge_runs(runs):
    """Return what the test says of two runs: in short, and in a sentence.

    By the exact McNemar test: of the sequences on which just one of them is right,
    either has as many but for chance. (McNemar, Psychometrika 12, 153, 1947)
    """
    from scipy.stats import binomtest

    one, two = (x['name'] if x['name'][0] > '9' else f'run {x["name"]}' for x in runs)
    right = read_answers(runs)
    n, m = (int(x) for x in (right & ~right[::-1]).sum(axis=1))
    if n == m == 0:
        return APART, f'In the test {one} and {two} are right on the same sequences'
    p, better = binomtest(n, n + m).pvalue, one if n > m else two
    short = APART if p >= 0.05 else 'is better' if better == two else 'is worse'
    verdict = 'that may be chance' if p >= 0.05 else f'{better} is better'
    return short, (
        f'In the test {one} and {two} differ on {n + m} of {right.shape[1]:,}'
        f' sequences: {one} is right on {n} of these, {two} on {m}: {verdict}'
        f' (p = {p:.2g})'
    )


def judge_setting(first, other, comparisons):
    """Return what the test says of a setting against the first: in short, and more."""
    if not other['accuracies'] or other['test_hash'] != first['test_hash']:
        short = 'tested with other sequences' if other['accuracies'] else 'not tested'
        return short, f'was {short}'
    answers = first['right'], other['right']
    gap, low, high = (100 * x for x in difference(*answers, comparisons))
    short = 'is better' if low > 0 else 'is worse' if high < 0 else APART
    (n, N), (m, _) = (right.shape for right in answers)
    has_seeds = min(n, m) >= MIN_SEEDS
    these_seeds = '' if has_seeds else THESE_SEEDS
    by = f'{N:,} sequences and {n + m} seeds' if has_seeds else f'{N:,} sequences'
    miss = f' by these {by}, which often miss even {(high - low) / 2:.2g} points'
    points = f'{gap:+.1f} points ({low:+.1f} to {high:+.1f})'
    sentence = f'{short}{miss * (short == APART)}{these_seeds}: {points}'
    return short + these_seeds, sentence


def judge(settings):
    """Return lines on what the test says of settings; note it in short in each."""
    first, *others = sorted(settings, key=lambda x: not x['accuracies'])
    runs = [run for setting in settings for run in setting['runs']]
    comparable = [
        x for x in others if x['accuracies'] and x['test_hash'] == first['test_hash']
    ]
    if len(runs) == 2 and len(comparable) == len(others) and first['accuracies']:
        short, sentence = judge_runs(runs)
        for other in others:
            first['verdict'], other['verdict'] = 'reference', short + THESE_SEEDS
            sentence += f'{THESE_SEEDS}; {THREE_SEEDS}'
        return [f'{sentence}.']
    if not others or not first['accuracies']:
        return [UNJUDGED]
    first['verdict'], N = 'reference', len(comparable)
    corrected = f', corrected for {N} comparisons' if N > 1 else ''
    lines = [f'In the test, against {first["name"]} (confidence interval{corrected}):']
    for other in others:
        other['verdict'], sentence = judge_setting(first, other, N)
        lines.append(f'  {other["name"]} {sentence}')
    note = f'With these seeds: for these networks only; {THREE_SEEDS}.'
    return [*lines, note] if THESE_SEEDS in str(lines) else lines


# --------------------------------------------------------------- table and picture


def spread(values, middle):
    """Return the middle of values, infinite for never, and their range in [ ]."""
    shown = [middle(values), min(values), max(values)] if values else [nan]
    middle, *ends = (f'{x:,.1f}'.removesuffix('.0') for x in shown)
    text = f'{middle} [{"-".join(ends)}]' if len(values) > 1 else middle
    return text.replace('inf', 'never').replace('nan', '-')


def print_settings(settings):
    from rich import box
    from rich.table import Table

    has_updates = len({x['batches'] for x in settings if x['epochs']}) > 1
    names = ['run', 'what differs', 'epochs to\n95 % of\ntraining']
    names += ['updates\nuntil\nthen'] * has_updates
    names += ['test\naccuracy\nin %', 'confidence\ninterval']
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), show_edge=False)
    for name in names:
        table.add_column(name, no_wrap='\n' in name, overflow='fold')
    for x in settings:
        cells = [x['name'], x['text'], spread(x['epochs'], median)]
        updates = x['batches'] * median(x['epochs'] or [nan])
        cells += [spread([updates], mean)] * has_updates
        cells += [spread(x['accuracies'], mean) if x['accuracies'] else 'not tested']
        cells += ['{:.0f}-{:.0f}'.format(*x['interval'])] if x['accuracies'] else []
        table.add_row(*map(clean, cells))
    print_table(table)


def print_csv(settings):
    """Print a row for each run, with a column for each number and fact."""
    import pandas as pd

    rows = []
    for i, runs in enumerate(settings, 1):
        rows += [{'name': '', 'setting': i} | run | run['numbers'] for run in runs]
    nested = ['numbers', 'class_names', 'versions']
    table = pd.DataFrame(rows, dtype=object).drop(columns=nested, errors='ignore')
    table.to_csv(sys.stdout, index=False)


def print_diff(runs):
    """Print how the scripts of two runs differ."""
    paths = [f'{run["path"]}/train.py' for run in runs]
    scripts = [read_script(run).splitlines() for run in runs]
    lines = list(difflib.unified_diff(*scripts, *paths, n=1, lineterm=''))
    one, two = (run['numbers'] for run in runs)
    numbers = ', '.join(x for x in one | two if one.get(x) != two.get(x)) or 'none'
    for line in lines or [f'The scripts are the same. Numbers that differ: {numbers}']:
        print(clean(line.expandtabs()))


def wrap(text, width, n):
    """Return a text as up to n lines of a picture."""
    return textwrap.fill(clean(text), width, max_lines=n, placeholder=' ...')


def plot_setting(axes, i, setting, longest):
    """Plot a setting's losses and, as row i of two panels, how fast and how good."""
    losses, speed, test = axes
    style = {'color': f'C{i}', 'linestyle': ('-', '--', ':', '-.')[i // 10 % 4]}
    for run in setting['runs']:
        loss = [float(row.get('loss', 'nan')) for row in read_rows(run, 'history.csv')]
        epochs = range(1, 1 + len(loss))
        (line,) = losses.plot(epochs, loss, marker='o', ms=4, markevery=[-1], **style)
    line.set_label(wrap(setting['name'], 26, 2))
    reached = np.minimum(setting['epochs'], 4 * longest)
    for axis, values in (speed, reached), (test, setting['accuracies']):
        # Each a bit lower than the last, so that equal ones are seen.
        heights = i + 0.5 * (np.arange(1, len(values) + 1) / (len(values) + 1) - 0.5)
        axis.plot(values, heights, 'o', color=f'C{i}')
    if setting['accuracies']:
        low, high = setting['interval']
        has_seeds = len(setting['runs']) >= MIN_SEEDS
        bar = {'color': f'C{i}', 'edgecolor': f'C{i}', 'alpha': 0.4}
        test.barh(i, high - low, 0.6, low, fill=has_seeds, **bar)
        test.plot([setting['baseline']] * 2, [i - 0.5, i + 0.5], 'k--')
    right = {'transform': test.get_yaxis_transform(), 'va': 'center', 'fontsize': 12}
    test.text(1.03, i, wrap(setting['verdict'], 20, 3), **right)


def plot_settings(settings):
    """Draw compare.png: losses above; below, a row for each setting."""
    plt.style.use('petroff10')
    plt.rcParams.update({'font.size': 14, 'axes.titlesize': 14, 'lines.markersize': 9})
    runs = [run for setting in settings for run in setting['runs']]
    longest = max(len(read_rows(run, 'history.csv')) for run in runs)
    panels, height = [['losses', '.'], ['speed', 'test']], 1.5 + 0.6 * len(settings)
    size = {'figsize': (13, 5 + height), 'height_ratios': (5, height)}
    figure, axes = plt.subplot_mosaic(panels, **size, layout='constrained')
    for i, setting in enumerate(settings):
        plot_setting(axes.values(), i, setting, longest)
    losses, speed, test = axes.values()
    ticks = [x for x in (1, 3, 10, 30, 100, 300, 1000, 3000, 10000) if x <= longest]
    for axis, end in (losses, ''), (speed, 'never'):
        axis.set(xscale='log', xlim=(0.8, 6 * longest))
        axis.set_xticks([*ticks, 4 * longest], [*ticks, end])
        axis.minorticks_off()
    losses.set(title='Loss on the training sequences', xlabel='Epoch')
    # All of it, however large; linear up to 1, so that slow falls are seen.
    losses.set_yscale('symlog', linthresh=1, linscale=3)
    losses.yaxis.set_major_formatter('{x:g}')
    losses.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1, 3, 10, 100, 1000])
    losses.set_ylim(-0.05, losses.dataLim.y1 * 1.1)
    columns = 1 + len(settings) // 12
    legend = losses.legend(loc='center left', bbox_to_anchor=(1.05, 0.5), ncols=columns)
    legend.set_in_layout(False)
    labels = [f'{wrap(x["name"], 38, 2)}\n{wrap(x["text"], 38, 1)}' for x in settings]
    speed.set_yticks(range(len(settings)), labels, parse_math=False, fontsize=12)
    speed.set_ylim(len(settings) - 0.5, -0.5)
    speed.set_title('How fast? Epochs to 95 % of training')
    test.sharey(speed)
    test.tick_params(labelleft=False)
    test.use_sticky_edges = False
    test.margins(x=0.05)
    bars = 'bar: confidence interval (filled: also\nfor new seeds); dashed: baseline'
    test.set(title='How good? Test accuracy in %', xlabel=bars)
    for axis in axes.values():
        axis.grid(alpha=0.3)
    save_plot(figure, 'compare.png')


# ---------------------------------------------------------------- the command line


def main():
    script = parser(__doc__)
    script.add_argument('runs', nargs='*', metavar='RUN', help='its name: 7 for runs/7')
    script.add_argument('--all', action='store_true', help='all settings')
    script.add_argument('--csv', action='store_true', help='comma-separated values')
    script.add_argument('--diff', action='store_true', help='how two scripts differ')
    args = script.parse_args()
    if (args.runs and args.all) or (args.diff and len(args.runs) != 2):
        script.error('give the names of runs or --all, and with --diff those of two')
    runs = read_runs(args.runs)
    if args.diff:
        return print_diff(runs)
    groups, copies = group_by_setting(runs, newest_last=not args.runs)
    older = 0 if args.runs or args.all else len(groups[:-8])
    groups = groups[older:]
    if args.csv:
        return print_csv(groups)
    settings = [describe_setting(group, groups[0][-1]) for group in groups]
    tested = [x for x in settings if x['accuracies']]
    notes = [RANGES] if len(groups) < sum(map(len, groups)) else []
    notes += [INTERVALS] if tested else []
    notes += {f'Baseline: always {x["always"]}, {x["baseline"]:.3g} %' for x in tested}
    notes += judge(settings) if args.runs else [UNJUDGED]
    notes += (
        [f'A training made twice counts once: {", ".join(copies)}'] if copies else []
    )
    notes += [f'Older settings left out: {older}; --all shows them.'] if older else []
    print_settings(settings)
    for note in notes:
        print(textwrap.fill(clean(note), 79, subsequent_indent='    '))
    plot_settings(settings)
    show_plots()


if __name__ == '__main__':
    main()
