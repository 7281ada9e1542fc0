"""Compare runs side by side: how fast they learnt, and how well they did.

    python compare.py               the newest eight settings
    python compare.py 3 7 wide64    these runs
    python compare.py --all         all runs
    python compare.py --diff 3 7    how the scripts of two runs differ

Draws compare.png and prints a table, the newest run last: the number of weights, the epochs until
95 and 100 % of the training sequences were right, the seconds that the fit took, the test
accuracy and in brackets its 95 % confidence. Runs that differ in the seed alone are gathered: the
median, and in brackets the range; of the same run twice the newer counts.
"""

from support.start import prepare

prepare()

import ast
import contextlib
import csv
import difflib
import sys
from statistics import median

from support.console import clean, parser, print_table
from support.runs import all_runs, interval, no_run, read_rows, read_run, script_of

from utilities import plot_runs, show_plots


def setting(run):
    """Return what is the same for runs that differ in the seed alone.

    Of the script its code: without comments, and without the numbers, which are those in run.json.
    """
    code = script_of(run)
    numbers = {name: value for name, value in run['numbers'].items() if name != 'seed'}
    with contextlib.suppress(
        SyntaxError, ValueError, RecursionError
    ):  # a damaged one: as it is
        tree = ast.parse(code)
        for statement in list(tree.body):
            if (
                getattr(getattr(statement, 'targets', [None])[0], 'id', None)
                in run['numbers']
            ):
                tree.body.remove(statement)
        code = ast.dump(tree)
    return code, str(numbers), run['layers'], run.get('lessons'), run.get('exam')


def features(run):
    """Return what may differ between runs, by its name: a text each."""
    layers = run['layers'].split(', ')
    found = {f'layer {i}': layer for i, layer in enumerate(layers)}
    found |= {
        name: f'{name} {value}'
        for name, value in run['numbers'].items()
        if name != 'seed'
    }
    for name in 'optimizer', 'loss':
        found[name] = f'{name} {run[name]}'
    return found | {'data': run['data']}


def differences(runs):
    """Return for each of the runs in a few words what it has that not all the others have."""
    found = [features(run) for run in runs]
    if (
        len({run['layers'].count(',') for run in runs}) > 1
    ):  # layers of different places
        found = [
            {'layers': run['layers']} | f for run, f in zip(runs, found, strict=True)
        ]
        found = [{k: v for k, v in f.items() if k[:6] != 'layer '} for f in found]
    names = dict.fromkeys(
        name for f in found for name in f
    )  # some have numbers of their own
    differ = [k for k in names if len({f.get(k) for f in found}) > 1]
    return [', '.join(f[k] for k in differ if k in f) or 'see --diff' for f in found]


def several(values):
    """Return the median of some values and, if they differ, their range; None stands for never."""
    values = sorted(float('inf') if value is None else value for value in values)

    def text(value):
        return 'never' if value == float('inf') else f'{value:.4g}'

    middle = text(median(values) if len(values) % 2 else values[len(values) // 2 - 1])
    ends = text(values[0]), text(values[-1])
    return middle if ends[0] == ends[1] else f'{middle} ({ends[0]}-{ends[1]})'


def accuracy(runs):
    """Return the test accuracy of runs of one setting in percent; of one run with its interval."""
    if not all(run['evaluated'] for run in runs):
        return 'not evaluated'
    if len(runs) > 1:
        return several([100 * run['accuracy'] for run in runs])
    low, high = interval(runs[0]['right'], runs[0]['N_test'])
    return f'{100 * runs[0]["accuracy"]:.4g} ({100 * low:.0f}-{100 * high:.0f})'


def told_apart(a, b):
    """Return in a sentence whether two runs can be told apart by the exam that both sat.

    By the exact McNemar test: of the sequences on which just one of them is right, either has as
    many but for chance. (McNemar, Psychometrika 12, 153, 1947)
    """
    from scipy.stats import binomtest

    right = [[row['class'] == row['predicted'] for row in read_rows(x, 'predictions.csv')]
             for x in (a, b)]  # fmt: skip
    only = [
        sum(x > y for x, y in zip(*pair, strict=True)) for pair in (right, right[::-1])
    ]
    if not sum(only):
        return f'{a["name"]} and {b["name"]} are right and wrong on the same sequences'
    p = binomtest(only[0], sum(only)).pvalue
    line = f'In the test, {a["name"]} and {b["name"]} differ on {sum(only)} of {len(right[0])}'
    line += f' sequences, {only[0]} to {only[1]}: '
    if p >= 0.05:
        return f'{line}they cannot be told apart'
    return f'{line}{(a, b)[only[0] < only[1]]["name"]} is better (p = {p:.2g})'


script = parser(__doc__)
script.add_argument(
    'runs', nargs='*', metavar='RUN', help='the name of a run: 7 for runs/7'
)
script.add_argument('--all', action='store_true', help='all runs')
script.add_argument('--csv', action='store_true', help='print comma-separated values')
script.add_argument(
    '--diff', action='store_true', help='how the scripts of two runs differ'
)
args = script.parse_args()
if (args.runs and args.all) or (args.diff and len(args.runs) != 2):
    script.error('give the names of runs or --all, and with --diff the names of two')

runs = [read_run(name) for name in dict.fromkeys(args.runs)] or all_runs()
if not runs:
    raise no_run()
if args.diff:
    texts = [script_of(run).splitlines(keepends=True) for run in runs]
    for line in difflib.unified_diff(
        *texts, *(f'{x["path"]}/train.py' for x in runs), n=1
    ):
        print(clean(line.rstrip('\n').expandtabs()))
    sys.exit()

# Gather the runs of one setting
groups = {}
for run in sorted(runs, key=lambda run: run['time']):
    groups.setdefault(setting(run), {})[run['numbers'].get('seed', run['name'])] = run
groups = [
    sorted(group.values(), key=lambda run: run['time']) for group in groups.values()
]
newest_last = sorted(groups, key=lambda group: group[-1]['time'])
if not args.runs and not args.all:
    newest_last = newest_last[-8:]
labels = differences([group[0] for group in newest_last])
if len(newest_last) == 1:
    labels = [newest_last[0][0]['layers']]

columns = [
    'run',
    'what differs',
    'weights',
    'N_train',
    '95 %',
    '100 %',
    'seconds',
    'test %',
]
rows = [
    [
        ' '.join(run['name'] for run in group),
        label,
        f'{group[0]["parameters"]:,}',
        str(group[0]['numbers'].get('N_train', '?')),
        several([run['epochs_to_95'] for run in group]),
        several([run['epochs_to_100'] for run in group]),
        f'{median([run["seconds"] for run in group]):.1f}',
        accuracy(group),
    ]
    for group, label in zip(newest_last, labels, strict=True)
]
if args.csv:
    csv.writer(sys.stdout, lineterminator='\n').writerows([columns, *rows])
else:
    from rich import box
    from rich.table import Table

    table = Table(*columns, box=box.SIMPLE, padding=(0, 1, 0, 0))
    for row in rows:
        table.add_row(*map(clean, row))
    for column, cells in zip(
        table.columns, zip(columns, *rows, strict=True), strict=True
    ):
        # Lines break between words; no word is cut.
        column.min_width = max(len(word) for cell in cells for word in cell.split())
    print_table(table)
    chosen = [run for group in newest_last for run in group]
    if len({run['exam'] for run in chosen if run['evaluated']}) > 1:
        print('Their test sequences are not the same, so neither are their exams.')
    elif len(chosen) == 2 and all(run['evaluated'] for run in chosen):
        print(clean(told_apart(*chosen)))
    plot_runs(
        [[read_rows(run, 'history.csv') for run in group] for group in newest_last],
        [clean(f'{row[0]}: {label}') for row, label in zip(rows, labels, strict=True)],
    )
    show_plots()
