"""The workshop's questions, answered by measurement.

    python -m experiments                       all of them
    python -m experiments training-sets linear  some of them
    python -m experiments --list                what there is
    python -m experiments --publish             update the README from the CSV files

Every setting is run with several seeds, each with training sequences of its own and
2,000 others for the test. An experiment writes its runs to NAME.csv and a figure to
NAME.png, and prints a table of medians and ranges.
"""

from support.start import prepare

if __name__ == '__main__':
    prepare()

import os
import pathlib
import signal
import tempfile

from support.console import DataError, make_parser, whole_number
from support.files import disk_errors, save_plot, whole_file

from experiments.questions import EXPERIMENTS, tasks

PUBLISHED = pathlib.Path(__file__).with_name('results')
LABELS = ['series', 'setting', 'seed']


def answer(names, repeats, N_epochs, jobs, folder):
    """Run these experiments; as each is done, write its files and print its table.

    What several of them ask for is run once.
    """
    import pandas as pd
    from rich.console import Console
    from rich.progress import track

    from experiments.run import run, workers
    from experiments.show import draw, print_answer

    console = Console(stderr=True)
    bar = {'console': console, 'transient': True, 'disable': not console.is_terminal}
    asked = {name: tasks(name, repeats, N_epochs) for name in names}
    with workers(jobs) as pool:
        once = dict.fromkeys(task for runs in asked.values() for task in runs.values())
        futures = {task: pool.submit(run, *task) for task in once}
        for name, runs in asked.items():
            waited = track(runs.values(), name, **bar)
            done = [futures[task].result() for task in waited]
            rows, curves = zip(*done, strict=True)
            index = pd.MultiIndex.from_tuples(runs, names=LABELS)
            tables = {name: pd.DataFrame(rows, index, dtype=object)}
            if EXPERIMENTS[name].test_every:
                tested = pd.concat(curves, keys=runs, names=LABELS).dropna()
                tables[f'{name}-curves'] = tested.round(4)
            for file, table in tables.items():
                with whole_file(f'{folder}/{file}.csv') as temporary:
                    table.to_csv(temporary)
            save_plot(draw(folder, name), f'{name}.png', folder)
            print_answer(folder, name)


def publish():
    """Update the README, and draw its figures, from the published CSV files.

    Raises DataError unless these files hold the runs of their questions.
    """
    from experiments.show import draw, load, updated

    for name, experiment in EXPERIMENTS.items():
        for file in [name] + [f'{name}-curves'] * (experiment.test_every > 0):
            runs = load(PUBLISHED, file)[LABELS].drop_duplicates()
            if [*runs.itertuples(index=False, name=None)] != [*tasks(name)]:
                command = f'python -m experiments {name} --output experiments/results'
                raise DataError(f'{file}.csv lacks some of its runs: type {command}')
        save_plot(draw(PUBLISHED, name), f'{name}.png', PUBLISHED)
    page = PUBLISHED.with_name('README.md')
    page.write_text(updated(page.read_text('utf-8'), PUBLISHED), 'utf-8')


if __name__ == '__main__':
    parser = make_parser(__doc__)
    add, number = parser.add_argument, whole_number(1)
    affinity = getattr(os, 'sched_getaffinity', None)  # macOS lacks it
    jobs = min(4, len(affinity(0)) if affinity else os.cpu_count())
    add('names', nargs='*', choices=[*EXPERIMENTS, 'all'], default='all')
    add('--list', action='store_true', help='list the experiments')
    add('--repeats', type=number, help='seeds (default: 5 or 20, as published)')
    add('--epochs', type=number, default=300, help='default: 300')
    add('--jobs', type=number, default=jobs, help=f'processes (default: {jobs})')
    add('--output', default='results', help='folder (default: results)')
    add('--publish', action='store_true', help='update the README and its figures')
    args = parser.parse_args()
    if args.list:
        for name, experiment in EXPERIMENTS.items():
            print(f'{name:14} {experiment.question}')
    elif args.publish:
        publish()
    else:
        with disk_errors(args.output):  # better now than after the runs
            os.makedirs(args.output, exist_ok=True)
            tempfile.TemporaryFile(dir=args.output).close()
        # kill ends this as Ctrl-C does, and its processes too.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        names = EXPERIMENTS if 'all' in args.names else dict.fromkeys(args.names)
        answer(names, args.repeats, args.epochs, args.jobs, args.output)
