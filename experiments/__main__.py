"""The workshop's questions, answered by measurement.

    python -m experiments                       all of them
    python -m experiments training-sets linear  some of them

Every setting is run with several seeds, each with training sequences of its own and
2,000 others for the test. An experiment writes its runs to NAME.csv and its figures to
NAME.png, and prints a table of medians and ranges.
"""

from support.start import prepare

if __name__ == '__main__':
    prepare()

import os
import signal

from support.console import make_parser, whole_number

from experiments.questions import EXPERIMENTS, tasks

LABELS = ['series', 'setting', 'seed']


def answer(names, repeats, N_epochs, jobs, folder):
    """Run these experiments; as each is done, write its files and print its table.

    What several of them ask for is run once.
    """
    from rich.progress import track

    from experiments.draw import draw, print_answer
    from experiments.run import run_all

    found = {}
    for name in names:
        runs = tasks(name, repeats, N_epochs)
        new = [task for task in dict.fromkeys(runs.values()) if task not in found]
        results = track(run_all(new, jobs), name, len(new), transient=True)
        found |= zip(new, results, strict=True)
        write(folder, name, runs, [found[task] for task in runs.values()])
        print_answer(folder, name)
        draw(folder, name)


def write(folder, name, runs, results):
    """Write the CSV files of an experiment, from its labels and what run() returned."""
    import pandas as pd

    rows, curves = zip(*results, strict=True)
    index = pd.MultiIndex.from_tuples(runs, names=LABELS)
    pd.DataFrame(rows, index, dtype=object).to_csv(f'{folder}/{name}.csv')
    if EXPERIMENTS[name].test_every:
        tested = pd.concat(curves, keys=runs, names=LABELS).dropna().round(4)
        tested.to_csv(f'{folder}/{name}-curves.csv')


if __name__ == '__main__':
    parser = make_parser(__doc__)
    add, number = parser.add_argument, whole_number(1)
    affinity = getattr(os, 'sched_getaffinity', None)  # macOS lacks it
    jobs = min(4, len(affinity(0)) if affinity else os.cpu_count())
    add('names', nargs='*', choices=[*EXPERIMENTS, 'all'], default='all')
    add('--repeats', type=number, help='seeds (default: 5 or 20, as published)')
    add('--epochs', type=number, default=300, help='default: 300')
    add('--jobs', type=number, default=jobs, help=f'processes (default: {jobs})')
    add('--output', default='results', help='folder (default: results)')
    args = parser.parse_args()
    names = EXPERIMENTS if 'all' in args.names else dict.fromkeys(args.names)
    os.makedirs(args.output, exist_ok=True)
    # kill ends this as Ctrl-C does, and its processes too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    answer(names, args.repeats, args.epochs, args.jobs, args.output)
