"""Compare settings: which learns fastest, which is best, and may it be luck?

    python compare.py               the newest eight settings
    python compare.py 1 2 3 7 8 9   the settings of these runs
    python compare.py --all         all settings
    python compare.py --all --csv   a row for each run, for pandas

Runs that differ in `seed` alone are one setting. Each setting is compared
with the first. A table is printed, and compare.png shows up to 20 settings.
How two scripts differ: diff runs/3/train.py runs/7/train.py
"""

from support.start import prepare

prepare()

import difflib
import re
import textwrap

from support.console import make_parser, print_table, printable
from support.files import read_lines
from support.result import describe_baseline
from support.runs import ANSWERS, HISTORY, SCRIPT, all_runs, read_csv, read_run
from support.statistics import MIN_SEEDS, luck_in_speed, luck_in_test

import matplotlib.pyplot as plt
import numpy as np
from rich import box
from rich.table import Table

from utilities import save_plot, show_plots


def group_by_setting(runs):
    """Return lists of runs: the seeds of a setting, or one that is alone.

    Seeds have one hash, and each another seed and other initial weights: of a training
    made twice, the second is in another list.
    """
    groups, copies = {}, {}
    for run in runs:
        is_alone = run['stopped'] or run['not_judged'] or not run['setting']
        key = run['path'] if is_alone else (run['setting'], run['accuracy'] is None)
        starts = [(key, run['numbers'].get('seed')), (key, run['weights'])]
        copy = max(copies.get(start, 0) for start in starts)
        groups.setdefault((key, copy), []).append(run)
        copies |= dict.fromkeys(starts, copy + 1)
    return [*groups.values()]


def list_facts(runs):
    """Return what is known of how the runs of a setting were made, arrays as hashes."""
    run, fit = runs[0], dict(runs[0]['fit'])
    callbacks = fit.pop('callbacks', ())
    settings = {f'{x["class"]} {name}': x[name] for x in callbacks for name in x}
    arrays = 'x', 'y', 'validation_data'  # X_train, or split by fit
    fit = {x.replace('epochs', 'N_epochs'): fit[x] for x in fit if x not in arrays}
    facts = run['numbers'] | run['arrays'] | fit | settings
    return {x: facts[x] for x in facts if x != 'seed' or len(runs) == 1}


def list_changes(runs, firsts):
    """Return texts on the facts that differ from the first setting's, by name."""
    before, after, changes = list_facts(firsts), list_facts(runs), {}
    numbers = runs[0]['numbers']
    new = {x: None for x in numbers if x != 'seed'}  # not known of the first
    for name, old in (new | before).items():
        value = after.get(name, old)
        # Of N_train sequences X_train is another
        if value != old and f'N{name[1:]}' not in changes:
            is_hash = name not in numbers and isinstance(value, str | list)
            text = f'other {name}' if is_hash else f'{name} = {value}'
            changes[name] = text.replace("'", '')
    return changes


def list_code(run):
    """Return the lines of a run's script, but for comments, imports and its numbers."""
    lines = [x.split('#')[0].strip(' ,') for x in read_lines(run['path'], SCRIPT)]
    # Shorter, and with places to break the line
    lines = [re.sub(r'^model\.add\((.*)\)$', r'\1', line) for line in lines]
    lines = [re.sub(r"activation='(\w+)'", r'\1', line) for line in lines]
    lines = [re.sub(r'(?<=\w)=(?=\S)', ' = ', line) for line in lines]
    others = 'from ', 'import ', *(f'{name} =' for name in run['numbers'])
    return [x for x in lines if x and not x.startswith(others)]


def describe_changes(runs, firsts):
    """Return what is known to differ from the first setting, as a text."""
    changes, lines = list_changes(runs, firsts), []
    before, after = list_code(firsts[0]), list_code(runs[0])
    if before and after:  # else a script is gone
        diff = difflib.SequenceMatcher(None, before, after, autojunk=False)
        for kind, i, j, k, n in diff.get_opcodes():
            if kind != 'equal':
                lines += after[k:n] or [f'without {x}' for x in before[i:j]]
    lines = [x for x in lines if not any(f'{name} = ' in x for name in changes)]
    if not lines and runs[0]['layers'] != firsts[0]['layers']:
        lines = [runs[0]['layers']]  # of a script that makes several networks
    stopped = [f'stopped after {x["epochs"]}' for x in runs if x['stopped']]
    texts = *stopped, *changes.values(), *lines
    return textwrap.shorten('; '.join(texts), 120, placeholder=' ...')


class Setting:
    """What the table and the picture say of the runs of a setting.

    epochs (n,) are those to 95 % of the training sequences: infinite is never, NaN not
    counted. right, bool (n, N), says which of N test sequences its networks have right,
    and new, bool (N,), which of these no fit was given: accuracies (n,), in %, are on
    these, and Y are their classes. reason is why there are no verdicts, if so.
    """

    def __init__(self, runs):
        run, *others = self.runs = runs
        seeds = f' + {len(others)} seeds' if others[1:] else ' + 1 seed' * len(others)
        self.name, self.changes = run['name'] + seeds, run['layers']
        self.speed = self.test = self.reason = ''
        self.notes, self.lucks = [], {}
        numbers = {'never': np.inf, None: np.nan}
        self.epochs = [numbers.get(x['epochs_to_95'], x['epochs_to_95']) for x in runs]
        self.accuracies = [100 * x['accuracy'] for x in runs if x['N_test']]
        self.test_hash = run['arrays'].get('X_test'), run['arrays'].get('Y_test')
        unknown = '' if run['arrays'] else 'an older version has made it'
        self.obstacle = run['not_judged'] or unknown
        if self.obstacle:
            self.reason, self.epochs = f'not judged: {self.obstacle}', [np.nan]
            self.notes = [f'on {run["N_test"]}'] * len(self.accuracies)
        elif not self.accuracies:
            self.reason = 'not tested'
        else:
            tests = [read_csv(x, ANSWERS) for x in runs]
            right = [[x['class'] == x['predicted'] for x in test] for test in tests]
            given = [[x['given'] == '1' for x in test] for test in tests]
            self.right, self.new = np.array(right), ~np.any(given, axis=0)
            self.accuracies = [*100 * self.right[:, self.new].mean(axis=1)]
            self.Y = np.array([int(x['class']) for x in tests[0]])[self.new]


def judge(first, other):
    """Note how often luck alone makes such differences, where they are judged.

    Speed is where an epoch is as much training, the test on the sequences that are new
    to both: where these are others than their own, also note the accuracies on them.
    """
    has_seeds = min(len(first.runs), len(other.runs)) >= MIN_SEEDS
    epoch = 'x', 'y', 'batch_size', 'validation_split'
    fits = [[x.runs[0]['fit'].get(name) for name in epoch] for x in (first, other)]
    is_counted = not np.isnan([*first.epochs, *other.epochs]).any()
    if has_seeds and is_counted and fits[0] == fits[1]:
        runs = [*first.runs, *other.runs]
        never = [x['epochs'] for x in runs if x['epochs_to_95'] == 'never']
        p, factor = luck_in_speed(first.epochs, other.epochs, min([*never, np.inf]))
        other.lucks['speed'] = p, 'faster' if factor < 1 else 'slower'
    is_same = first.test_hash == other.test_hash and not (first.reason or other.reason)
    if not is_same or not (new := first.new & other.new).any():
        return
    one, two = first.right[:, new], other.right[:, new]
    if (new != other.new).any():
        other.notes.append(f'on {new.sum()}: {100 * two.mean():.1f}')
    if (first.new != other.new).any():
        other.notes.append(f'the first: {100 * one.mean():.1f}')
    if has_seeds:
        p, *interval = luck_in_test(one, two)
        other.lucks['test'] = p, 'better' if sum(interval) > 0 else 'worse'
        other.gap = two.mean() - one.mean(), *interval


def give_verdicts(settings, key):
    """Give the verdicts on 'speed' or 'test': where luck explains too little, a word.

    Of 100 tables of equal settings 5 have one (Holm, Scandinavian Journal of Statistics
    6, 65, 1979): the clearest has to pass for all, the next for the others, and so on.
    """
    judged = sorted((x for x in settings if key in x.lucks), key=lambda x: x.lucks[key])
    is_sure = True
    for i, setting in enumerate(judged):
        p, verdict = setting.lucks[key]
        is_sure = is_sure and p * (len(judged) - i) < 0.05
        setattr(setting, key, verdict if is_sure else 'may be luck')


def explain(settings):
    """Yield lines below the table; note in its rows if their test sequences differ."""
    tested = [x for x in settings if not x.reason]
    if len({(*x.test_hash, *x.new) for x in tested}) > 1:
        for x in reversed(tested):
            N, share = len(x.Y), f'{100 * np.bincount(x.Y).max() / len(x.Y):.0f}'
            x.notes.insert(0, f'on {N} (always: {share})')
        new = f'{N} sequences not seen in training'
        yield f'{x.notes[0]}: {new}, {share} % of one class.'
    elif tested:
        N, new = len(tested[0].new), len(tested[0].Y)
        if new < N:
            yield f'Test: the {new} of {N} sequences not seen in training.'
        yield describe_baseline(tested[0].Y, tested[0].runs[0]['class_names'])
    if any(x.lucks for x in settings):
        luck = 'luck of seeds and test sequences'
        yield f'faster, better, ...: than the first, beyond {luck}.'
    seeds = [len(x.runs) for x in settings if not x.obstacle]
    if len(seeds) > 1 and min(seeds) < MIN_SEEDS:
        yield 'A verdict needs three seeds of each.'
    if len(settings) == 2 and 'test' in settings[1].lucks:
        gap, low, high = (f'{100 * x:+.1f}' for x in np.clip(settings[1].gap, -1, 1))
        yield f'Difference in the test: {gap} points; 95 % confidence: {low} to {high}'


def spread(values, middle):
    """Return the middle of values and their range in ( ), or - where there is none."""
    if not len(values) or np.isnan(values).any():
        return '-'
    values = middle(values), min(values), max(values)
    middle, low, high = (f'{round(x, 1):g}'.replace('inf', 'never') for x in values)
    return middle if low == high else f'{middle} ({low}-{high})'


def print_settings(settings):
    """Print a table with a row for each setting, and its verdicts."""
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), show_edge=False)
    fast = 'How fast? Epochs\nto 95 %:\nmedian (range)'
    good = 'How good? Test\naccuracy in %:\nmean (range)'
    for name in 'run', 'what differs', fast, good:
        table.add_column(name, overflow='fold', min_width=16 * ('?' in name))
    for x in settings:
        fast = spread(x.epochs, np.median), x.speed
        good = spread(x.accuracies, np.mean), *x.notes, x.reason or x.test
        cells = ('\n'.join(filter(None, map(printable, y))) for y in (fast, good))
        table.add_row(printable(x.name), printable(x.changes), *cells)
    print_table(table)


def print_csv(runs):
    """Print a row for each run, with a column for each number and fact."""
    import pandas as pd

    rows = [{'name': run['name'], **run, **run['numbers']} for run in runs]
    for run, row in zip(runs, rows, strict=True):
        epochs = read_csv(run, HISTORY)
        for name, best in ('val_accuracy', max), ('val_loss', min):
            if values := [float(x[name]) for x in epochs if x.get(name)]:
                row |= {f'best_{name}': best(values), f'last_{name}': values[-1]}
    table = pd.json_normalize(rows).filter(regex=r'^(?!numbers\.)')
    print(table.convert_dtypes().to_csv(index=False), end='')


def plot_rows(axis, rows, middle):
    """Plot rows, pairs of values and a text above their dots; equal dots are stacked.

    A dashed line through all rows is at the middle of the first.
    """
    for i, (row, text) in enumerate(rows):
        step = min(0.14, 0.5 / max(1, len(row)))
        y = [i + 0.25 - step * row[:k].count(x) for k, x in enumerate(row)]
        axis.plot(row, y, 'o', color='C0', ms=9, alpha=0.7, mec='white')
        axis.axhline(i - 0.5, color='0.7', lw=1)
        text = textwrap.shorten(text, 48, placeholder=' ...')
        place = {'transform': axis.get_yaxis_transform(), 'va': 'top', 'fontsize': 12}
        white = {'fc': 'w', 'lw': 0, 'pad': 1}
        axis.text(0.02, i - 0.44, text, bbox=white, parse_math=False, **place)
    if rows[0][0]:
        axis.axvline(middle(rows[0][0]), color='k', ls='--', lw=1)
    axis.grid(axis='x', alpha=0.3)


def plot_settings(settings):
    """Draw compare.png: a row for each of up to 20 settings, how fast and how good."""
    settings = [settings[0], *settings[1:][-19:]]
    plt.rcParams['font.size'] = 13
    size = {'figsize': (13, 1.8 + 0.9 * len(settings)), 'layout': 'constrained'}
    figure, (speed, test) = plt.subplots(1, 2, sharey=True, **size)
    known = [y for x in settings for y in x.epochs if y < np.inf] or [1]
    low, high, never = min(known), max(known), 3 * max(known)  # where that stands
    rows = [([min(y, never) for y in x.epochs if y > 0], x.speed) for x in settings]
    plot_rows(speed, rows, np.median)
    speed.set(title='How fast? Epochs to 95 %', xscale='log')
    ticks = [k * 10**n for n in range(6) for k in (1, 2, 3, 5)]
    ticks = {x: x for x in ticks if low / 1.7 < x < 1.7 * high}
    ticks |= {never: 'never'} if any(never in row for row, _ in rows) else {}
    speed.set_xticks([*ticks], ticks.values())
    speed.minorticks_off()
    plot_rows(test, [(x.accuracies, x.reason or x.test) for x in settings], np.mean)
    test.set(title='How good? Test accuracy in %')
    wrap = textwrap.TextWrapper(38, max_lines=2, placeholder=' ...')
    labels = [f'{wrap.fill(x.name)}\n{wrap.fill(x.changes)}' for x in settings]
    speed.set_yticks(range(len(settings)), labels, parse_math=False, fontsize=11)
    speed.set_ylim(len(settings) - 0.5, -0.5)
    figure.supxlabel('a dot: a seed; dashed: the first setting', fontsize=12)
    save_plot(figure, 'compare.png')


if __name__ == '__main__':
    parser = make_parser(__doc__)
    parser.add_argument('runs', nargs='*', metavar='RUN', help='the name: 7 for runs/7')
    parser.add_argument('--all', action='store_true', help='all settings')
    parser.add_argument('--csv', action='store_true', help='a row for each run, as CSV')
    args = parser.parse_args()
    runs = [read_run(name) for name in dict.fromkeys(args.runs)] or all_runs()
    if args.csv:
        print_csv(runs)
        raise SystemExit
    groups = group_by_setting(runs)
    if not args.runs:
        groups.sort(key=lambda runs: runs[-1]['time'])
    older = 0 if args.runs or args.all else len(groups[:-8])
    first, *others = settings = [Setting(group) for group in groups[older:]]
    for other in others:
        other.changes = describe_changes(other.runs, first.runs)
        judge(first, other)
    changes = [list_changes(first.runs, other.runs) for other in others]
    changes = [y for x in changes for y in x.values() if not y.startswith('other ')]
    first.changes = '; '.join(dict.fromkeys([first.changes, *changes]))
    give_verdicts(others, 'speed')
    give_verdicts(others, 'test')
    lines = [*explain(settings)]
    print_settings(settings)
    for line in lines:
        print(textwrap.fill(printable(line), 79))
    if older:
        print(f'Older settings left out: {older}; --all shows them.')
    plot_settings(settings)
    show_plots()
