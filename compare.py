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
import sys
import textwrap
from collections import defaultdict
from math import inf, nan
from pathlib import Path
from statistics import mean, median

from support.console import DataError, make_parser, print_table, printable
from support.runs import all_runs, describe_baseline, newest_run, read_rows, read_run
from support.statistics import MIN_SEEDS, accuracy_interval, difference, read_answers

import matplotlib.pyplot as plt
import numpy as np

from utilities import save_plot, show_plots

# What stands for a field that a run.json lacks; for others, ''
MISSING = {'numbers': {}, 'epochs': nan, 'epochs_to_95': nan, 'updates': nan}
APART = 'cannot be told apart'
THESE_SEEDS = ', with these seeds'
UNJUDGED = 'Which is better in the test? Name tested runs of two settings or more.'


# --------------------------------------------------------------- runs and settings


def read_runs(names):
    """Return the runs with these names, or all of them, the oldest first."""
    newest = newest_run()['name']  # or an error if there is none
    names = [name.removeprefix('runs/').rstrip('/') for name in names]
    names = dict.fromkeys(newest if name == 'last' else name for name in names)
    runs = [read_run(name) for name in names] or all_runs()
    runs = [defaultdict(str, MISSING | run) for run in runs]
    for run in runs:
        history = read_rows(run, 'history.csv')
        run['losses'] = [float(row.get('loss', 'nan')) for row in history]
    return runs


def describe(run):
    """Return how a run was made: facts, a list of texts, and the lines of its script.

    Without comments, imports and the numbers on top. An unknown script has no lines.
    """
    facts = [f'{x} = {y}' for x, y in run['numbers'].items() if x != 'seed']
    facts += [run['layers'], run['optimizer'], run['loss']]
    facts.append(run['data'].partition(' sequences')[2].strip(',; '))
    facts[-1] = facts[-1].replace(', seed', ', data seed')
    facts += [f'stopped after {run["epochs"]}'] if run['stopped'] else []
    path = Path(run['path'], 'train.py')
    script = path.read_text('utf-8') if path.exists() else ''
    lines = ast.unparse(ast.parse(script)).splitlines()
    lines = [x for x in lines if x.split(' = ')[0] not in ('', *run['numbers'])]
    return facts, [x for x in lines if not x.strip().startswith(('from ', 'import '))]


def group_by_setting(runs):
    """Return lists of runs that differ in the seed alone, and texts on runs left out.

    Of a training made twice the first counts: the seed is the same and, but for a GPU's
    rounding, the loss of the first epoch. (A script may not use its seed.)
    """
    settings, copies = {}, []
    for run in runs:
        facts, script = describe(run)
        hashes = [run[x] for x in ('network', 'train_hash', 'test_hash')]
        setting = settings.setdefault(str([facts, script or run['name'], hashes]), {})
        start = run['numbers'].get('seed'), *(f'{x:.3f}' for x in run['losses'][:1])
        if start in setting:
            copies.append(f'{run["name"]} (as {setting[start]["name"]})')
        setting.setdefault(start, run)
    return [list(setting.values()) for setting in settings.values()], copies


def describe_difference(run, first):
    """Return the facts that the first run has not, and new pieces of the script.

    Scripts are cut at commas; the first two count. If nothing is new, a missing piece.
    """
    (facts, script), (known, before) = describe(run), describe(first)
    words = [x for x in facts if x and x not in known]
    other_network = {run['layers'], run['optimizer'], run['loss']} & {*words}
    left_out = ('model.add(', 'model.compile(') if other_network else ()
    words += [f'without {x}' for x in first['numbers'] if x not in run['numbers']]
    ours, theirs = (
        [piece for x in lines if not x.startswith(left_out) for piece in x.split(', ')]
        for lines in (script, before)
    )
    new = [x.strip(')] ') for x in ours if x not in theirs]
    new = new[:2] if script and before else [f'script of {first["name"]} unknown']
    new = new if script else ['script unknown']
    words += [shorten(', '.join(new), 64)] if new else []
    missing = [f'without {x}' for x in theirs if x not in ours]
    missing += ['other order of lines'] if script != before else []
    return '; '.join(words or [*missing, 'other or unknown sequences'][:1])


def describe_setting(runs, first):
    """Return what the table and the picture say of a setting, accuracies in %."""
    run, names = runs[-1], [run['name'] for run in runs]
    epochs = [inf if x['epochs_to_95'] is None else x['epochs_to_95'] for x in runs]
    many = f'{names[0]} ... {names[-1]} ({len(names)})'
    setting = {
        'runs': runs,
        'name': many if len(names) > 2 else ' '.join(names),
        'change': run['layers'] if run is first else describe_difference(run, first),
        'epochs': [x for x in epochs if x == x],  # without NaN, unknown
        'batches': run['updates'] / (run['epochs'] or nan),
        'accuracies': [],
        'verdict': 'was not tested',
    }
    if run['evaluated']:
        setting['right'], Y = read_answers(runs)
        setting['accuracies'] = list(100 * setting['right'].mean(axis=1))
        setting['interval'] = [100 * x for x in accuracy_interval(setting['right'])]
        setting['baseline'] = 100 * np.bincount(Y).max() / len(Y)
        setting['always'] = describe_baseline(Y, run['class_names'] or ())
        if all(x['n_duplicates'] == x['N_test'] != '' for x in runs):
            setting['verdict'] = 'was trained with its test sequences: memory'
        elif first['evaluated'] and run['test_hash'] == first['test_hash']:
            setting['verdict'] = ''
        else:
            setting['verdict'] += ' with the same sequences and classes'
    return setting


# -------------------------------------------------------------------- the verdicts


def judge_runs(one, two):
    """Return what the test says of the second of two runs, and a sentence.

    By the exact McNemar test: of the sequences on which just one of them is right,
    either has as many but for chance. (McNemar, Psychometrika 12, 153, 1947)
    """
    from scipy.stats import binomtest

    right, _ = read_answers([one, two])
    N, (n, m) = right.shape[1], (int(x) for x in (right & ~right[::-1]).sum(axis=1))
    p = binomtest(n, n + m).pvalue if n + m else 1
    one, two = f'run {one["name"]}', f'run {two["name"]}'
    verdict = APART if p >= 0.05 else 'is better' if m > n else 'is worse'
    if not n + m:
        return verdict, f'In the test {one} and {two} answer all {N:,} sequences alike'
    better = f'the network of {one if n > m else two} is better'
    result = better if p < 0.05 else 'that may be chance'
    return verdict, (
        f'In the test {one} and {two} differ on {n + m} of {N:,} sequences:'
        f' {one} is right on {n} of these, {two} on {m}: {result} (p = {p:.2g})'
    )


def judge_settings(first, other, comparisons):
    """Return what the test says of a setting against the first, and a sentence."""
    (n, N), (m, _) = first['right'].shape, other['right'].shape
    *values, from_seeds = difference(first['right'], other['right'], comparisons)
    gap, low, high = (100 * x for x in values)
    verdict = 'is better' if low > 0 else 'is worse' if high < 0 else APART
    by = f'{n + m} seeds' if from_seeds > 0.5 else f'{N:,} sequences'
    miss = f' by these {by}, which often miss even {(high - low) / 2:.2g} points'
    seeds = THESE_SEEDS * (min(n, m) < MIN_SEEDS)
    points = f'{gap:+.1f} points ({low:+.1f} to {high:+.1f})'
    return verdict + seeds, f'{verdict}{miss * (verdict == APART)}{seeds}: {points}'


def judge(settings):
    """Return lines on what the test says of settings; note the verdict in each."""
    first, *others = settings
    runs = [run for setting in settings for run in setting['runs']]
    N = sum(not x['verdict'] for x in others)  # that can be compared
    if first['verdict'] or not (others or len(runs) == 2):
        why = f'{first["name"]} {first["verdict"]}. ' if first['verdict'] else ''
        return [f'{why}{UNJUDGED}']
    if len(runs) == 2 and N == len(others):
        verdict, sentence = judge_runs(*runs)
        if not others:
            return [f'{sentence}. Both are of one setting: only their seeds differ.']
        first['verdict'], others[0]['verdict'] = 'reference', verdict + THESE_SEEDS
        return [f'{sentence}{THESE_SEEDS}.']
    first['verdict'] = 'reference'
    wide = f', so wide that all {N} hold at once' if N > 1 else ''
    interval = f' (interval of the difference{wide})' if N else ''
    lines = [f'In the test, against {first["name"]}{interval}:']
    for other in others:
        sentence = other['verdict']
        if not sentence:
            other['verdict'], sentence = judge_settings(first, other, N)
        lines.append(f'  {other["name"]} {sentence}')
    return lines


# --------------------------------------------------------------- table and picture


def spread(values, middle):
    """Return the middle of values, infinite for never, and their range in [ ]."""
    shown = [middle(values), min(values), max(values)] if values else [nan]
    middle, *ends = (f'{x:,.1f}'.removesuffix('.0') for x in shown)
    is_range = len(values) > 1 and min(values) < inf
    text = f'{middle} [{"-".join(ends)}]' if is_range else middle
    return text.replace('inf', 'never').replace('nan', '-')


def shorten(text, width):
    text = printable(text)
    return text if len(text) <= width else f'{text[: width - 4]} ...'


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
        cells = [x['name'], x['change'], spread(x['epochs'], median)]
        updates = x['batches'] * median(x['epochs'] or [nan])
        cells += [spread([updates], mean)] * has_updates
        cells += [spread(x['accuracies'], mean) if x['accuracies'] else 'not tested']
        if x['accuracies']:
            digits = int(np.ptp(x['interval']) < 2)
            interval = '-'.join(f'{end:.{digits}f}' for end in x['interval'])
            cells.append(interval + ' *' * (len(x['runs']) < MIN_SEEDS))
        table.add_row(*map(printable, cells))
    print_table(table)


def print_csv(settings):
    """Print a row for each run, with a column for each number and fact."""
    import pandas as pd

    rows = []
    for i, runs in enumerate(settings, 1):
        rows += [{'name': '', 'setting': i} | run | run['numbers'] for run in runs]
    nested = ['numbers', 'class_names', 'versions', 'losses']
    table = pd.DataFrame(rows, dtype=object).drop(columns=nested, errors='ignore')
    table.to_csv(sys.stdout, index=False)


def print_diff(runs):
    """Print how the scripts of two runs differ."""
    paths = [f'{run["path"]}/train.py' for run in runs]
    for path in paths:
        if not Path(path).exists():
            raise DataError(f'{path} is missing, so how it differs is unknown')
    scripts = [Path(path).read_text('utf-8').splitlines() for path in paths]
    lines = list(difflib.unified_diff(*scripts, *paths, n=1, lineterm=''))
    for line in lines or ['The scripts are the same.']:
        print(printable(line.expandtabs()))


def plot_setting(axes, i, setting, longest):
    """Plot a setting's losses and, as row i of two panels, how fast and how good."""
    losses, speed, test = axes
    style = {'color': f'C{i}', 'marker': 'osD^'[i // 10 % 4]}
    for loss in (run['losses'] for run in setting['runs']):
        losses.plot(range(1, 1 + len(loss)), loss, ms=6, markevery=[-1], **style)
    epochs = np.minimum(setting['epochs'], 4 * longest)  # of infinity, never
    for axis, values in (speed, epochs), (test, setting['accuracies']):
        axis.plot(values, [i] * len(values), ls='', alpha=0.6, **style)
    if setting['accuracies']:
        low, high = setting['interval']
        has_seeds = len(setting['runs']) >= MIN_SEEDS
        bar = {'color': f'C{i}', 'edgecolor': f'C{i}', 'alpha': 0.4}
        test.barh(i, high - low, 0.6, low, fill=has_seeds, **bar)
        test.plot([setting['baseline']] * 2, [i - 0.5, i + 0.5], 'k--')
    right = {'transform': test.get_yaxis_transform(), 'va': 'center', 'fontsize': 12}
    test.text(1.03, i, textwrap.fill(setting['verdict'], 24), **right)


def plot_settings(settings):
    """Draw compare.png: losses above; below, a row for each setting."""
    plt.style.use('petroff10')
    plt.rcParams.update({'font.size': 14, 'axes.titlesize': 14, 'lines.markersize': 9})
    plt.rcParams.update({'axes.grid': True, 'grid.alpha': 0.3})
    longest = max(len(run['losses']) for x in settings for run in x['runs'])
    panels, height = [['losses', 'losses'], ['speed', 'test']], 2 + 0.6 * len(settings)
    size = {'figsize': (13, 5 + height), 'height_ratios': (5, height)}
    figure, axes = plt.subplot_mosaic(panels, **size, layout='constrained')
    for i, setting in enumerate(settings):
        plot_setting(axes.values(), i, setting, longest)
    losses, speed, test = axes.values()
    ticks = [x for x in (1, 3, 10, 30, 100, 300, 1000, 3000, 10000) if x <= longest]
    for axis in losses, speed:
        axis.set(xscale='log', xlim=(0.8, 6 * longest))
        axis.set_xticks([*ticks, 4 * longest], [*ticks, 'never'])
        axis.minorticks_off()
    losses.set(title='Loss on the training sequences, against the epoch')
    losses.set_xlim(0.8, 1.5 * longest)
    # All of it, however large; linear up to 1, so that slow falls are seen.
    losses.set_yscale('symlog', linthresh=1, linscale=3)
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1, 3, 10, 100, 1000]
    losses.set_yticks(ticks, ticks)
    losses.set_ylim(-0.05, losses.dataLim.y1 * 1.1)
    labels = [f'{shorten(x["name"], 44)}\n{shorten(x["change"], 44)}' for x in settings]
    speed.set_yticks(range(len(settings)), labels, parse_math=False, fontsize=12)
    speed.set_ylim(len(settings) - 0.5, -0.5)
    speed.set(title='How fast? Epochs to 95 % of training', xlabel='dot: a seed')
    test.sharey(speed)
    test.tick_params(labelleft=False)
    test.use_sticky_edges = False
    test.margins(x=0.05)
    bars = 'bar: interval of the mean (filled: also for new seeds);\n'
    bars += 'dashed: baseline; overlapping bars may still differ'
    test.set(title='How good? Test accuracy in %', xlabel=bars)
    save_plot(figure, 'compare.png')


# ---------------------------------------------------------------- the command line


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
    groups, copies = group_by_setting(runs)
    if not args.runs:
        groups.sort(key=lambda runs: runs[-1]['time'])
    older = 0 if args.runs or args.all else len(groups[:-8])
    groups = groups[older:]
    if args.csv:
        for copy in copies:
            print(f'Made twice, left out: {printable(copy)}', file=sys.stderr)
        return print_csv(groups)
    settings = [describe_setting(group, groups[0][-1]) for group in groups]
    notes = dict.fromkeys(x['always'] for x in settings if x['accuracies'])
    notes = [*notes, *(judge(settings) if args.runs else [UNJUDGED])]
    if any(x['accuracies'] for x in settings):
        notes.append(
            'Intervals and verdicts hold for new test sequences and new seeds (*: for'
            ' these seeds alone), but not for new training sequences.'
        )
    if THESE_SEEDS in str(notes):
        notes.append('With these seeds: three seeds would tell about the settings.')
    if len(groups) < sum(map(len, groups)):
        notes.append('In ( ) the seeds, in [ ] their range, after median or mean.')
    notes += [f'Made twice, so counted once: {", ".join(copies)}'] if copies else []
    notes += [f'Older settings left out: {older}; --all shows them.'] if older else []
    print_settings(settings)
    for note in notes:
        print(textwrap.fill(printable(note), 79, subsequent_indent='    '))
    plot_settings(settings)
    show_plots()


if __name__ == '__main__':
    main()
