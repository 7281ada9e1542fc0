"""The workshop's questions, answered by measurement.

    python -m experiments                       all of them
    python -m experiments training-sets linear  some of them
    python -m experiments --list                what there is
    python -m experiments --publish             redraw the README's figures and tables

Every setting is run with several seeds, each with training sequences of its own and
2,000 others for the test. An experiment writes its runs to NAME.csv and a figure to
NAME.png, and prints a table of medians and ranges.
"""

from support.start import prepare

if __name__ == '__main__':
    prepare()

import os
import pathlib
import tempfile
from itertools import chain

from support.console import make_parser, whole_number
from support.files import disk_errors

from experiments.pool import submit, workers
from experiments.questions import EXPERIMENTS

FOLDER = pathlib.Path(__file__).parent
PUBLISHED = FOLDER / 'results'


def default_jobs():
    """Return one process for each core that may be used, at most four."""
    affinity = getattr(os, 'sched_getaffinity', None)  # macOS has none
    return min(4, len(affinity(0)) if affinity else os.cpu_count())


def run(names, repeats, N_epochs, jobs, folder):
    """Run these experiments; as each is done, write its files and print its table."""
    from rich.console import Console
    from rich.progress import track

    from experiments.figures import save_figure
    from experiments.report import print_experiment, save

    console = Console(stderr=True)
    bar = {'console': console, 'transient': True, 'disable': not console.is_terminal}
    with workers(jobs) as pool:
        futures = [submit(pool, name, repeats, N_epochs) for name in names]
        for name, of_name in zip(names, futures, strict=True):
            done = [future.result() for future in track(of_name, name, **bar)]
            rows, curves = (list(chain(*part)) for part in zip(*done, strict=True))
            save(folder, name, rows, curves)
            save_figure(folder, name)
            print_experiment(folder, name)


def publish(names):
    """Redraw the figures and the README's tables from the published CSV files."""
    from experiments.figures import save_figure
    from experiments.report import with_tables

    for name in names:
        save_figure(PUBLISHED, name)
    document = FOLDER / 'README.md'
    text = with_tables(document.read_text(encoding='utf-8'), PUBLISHED)
    document.write_text(text, encoding='utf-8')


if __name__ == '__main__':
    parser = make_parser(__doc__)
    add, number = parser.add_argument, whole_number(1)
    add('names', nargs='*', choices=[*EXPERIMENTS, 'all'], default='all')
    add('--list', action='store_true', help='list the experiments')
    add('--repeats', type=number, help='seeds, default 5 or 20, as the question says')
    add('--epochs', type=number, default=300, help='default 300')
    add('--jobs', type=number, help='processes, default one a core, at most 4')
    add('--output', default='results', help='folder, default results')
    add('--publish', action='store_true', help="redraw the README's figures, tables")
    args = parser.parse_args()
    names = list(EXPERIMENTS if 'all' in args.names else dict.fromkeys(args.names))
    if args.list:
        for name, experiment in EXPERIMENTS.items():
            print(f'{name:14} {experiment.question}')
    elif args.publish:
        publish(names)
    else:
        with disk_errors(args.output):  # better now than after the runs
            os.makedirs(args.output, exist_ok=True)
            tempfile.TemporaryFile(dir=args.output).close()
        run(names, args.repeats, args.epochs, args.jobs or default_jobs(), args.output)
