"""The workshop's questions, answered by measurement.

    python -m experiments                           all of them
    python -m experiments training-sets linear      some of them
    python -m experiments --list                    what there is
    python -m experiments --output experiments/results && python -m experiments --publish
                                                    all of them, and their answers published anew

Every run draws new training sequences, and tests on 2,000 others, none of them among the former.
Every setting is run with several seeds; a table gives the median and the range of these.
An experiment writes all its runs to NAME.csv and a figure to NAME.png, and prints its table.
"""

from support.start import prepare

if __name__ == '__main__':
    prepare()

import os
import pathlib
import sys
import tempfile

from support.console import DataError, parser, whole_number
from support.files import whole_file

from experiments.pool import submit, workers
from experiments.questions import EXPERIMENTS

FOLDER = pathlib.Path(__file__).parent
PUBLISHED = FOLDER / 'results'


def default_jobs():
    """Return a process for each core that may be used, at most four: each takes about 1.5 GiB."""
    affinity = getattr(os, 'sched_getaffinity', None)  # macOS has none
    return min(4, len(affinity(0)) if affinity else os.cpu_count())


def check_writable(folder):
    """Make the folder; raise DataError if that or a file in it isn't possible."""
    try:
        os.makedirs(folder, exist_ok=True)
        tempfile.TemporaryFile(
            dir=folder
        ).close()  # better to fail now than after the runs
    except OSError as error:
        raise DataError(f'{folder}: {error.strerror}; give another --output') from None


def run(names, repeats, N_epochs, jobs, folder):
    """Run these experiments; write the files of each, and print its table, when it is done."""
    from rich.console import Console
    from rich.progress import Progress

    from experiments.figures import save_figure
    from experiments.report import print_table, save

    console, quiet = Console(stderr=True), not sys.stderr.isatty()
    with (
        workers(jobs) as pool,
        Progress(console=console, transient=True, disable=quiet) as bar,
    ):
        futures = submit(pool, names, repeats, N_epochs)
        task = bar.add_task('Runs', total=sum(map(len, futures.values())))
        for name in names:
            rows, curves = [], []
            for future in futures[name]:
                more_rows, more_curves = future.result()
                rows += more_rows
                curves += more_curves
                bar.advance(task)
            save(folder, name, rows, curves)
            save_figure(folder, name)
            bar.stop()
            print_table(folder, name)
            bar.start()


def publish(names):
    """Draw the published figures and write the README's tables, from the published CSV files."""
    from experiments.figures import save_figure
    from experiments.report import with_tables

    for name in names:
        save_figure(PUBLISHED, name)
    document = FOLDER / 'README.md'
    text = with_tables(document.read_text(encoding='utf-8'), PUBLISHED)
    with whole_file(document) as temporary:
        pathlib.Path(temporary).write_text(text, encoding='utf-8')


if __name__ == '__main__':
    script = parser(__doc__)
    add = script.add_argument
    add('names', nargs='*', choices=[*EXPERIMENTS, 'all'], default='all')
    add('--list', action='store_true', help='say what experiments there are')
    add(
        '--repeats',
        type=whole_number(1),
        help='seeds, default 5 or 20, as the question says',
    )
    add('--epochs', type=whole_number(1), default=300, help='default 300')
    add('--jobs', type=whole_number(1), help='processes, default one a core, at most 4')
    add('--output', default='results', help='folder, default results')
    add(
        '--publish',
        action='store_true',
        help='only renew the figures and tables of README.md',
    )
    args = script.parse_args()
    names = (
        list(EXPERIMENTS) if 'all' in args.names else list(dict.fromkeys(args.names))
    )
    if args.list:
        print(
            '\n'.join(
                f'{name:14} {entry.question}' for name, entry in EXPERIMENTS.items()
            )
        )
    elif args.publish:
        publish(names)
    else:
        check_writable(args.output)
        run(names, args.repeats, args.epochs, args.jobs or default_jobs(), args.output)
