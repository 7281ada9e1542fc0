"""Measure how much faster train.py is than the slides' lines alone.

    python benchmarks/benchmark.py               a few minutes
    python benchmarks/benchmark.py --repeats 9   more repeats for a steadier median

train.py and the same script without our lines take turns, so that a busy machine slows
both. Of the whole processes, and of the fit in them, it prints the median seconds, and
the median and the range of the ratios, which docs/differences.md states.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from support.console import make_parser

import numpy as np

# What the slides do not have: lines that begin like this, and the callback
OURS = 'from support|prepare|read_command|set_random|model.steps|check|save_run|show'
TIMED = """\
import time
def timed(fit, *args, **options):
    start = time.perf_counter()
    history = fit(*args, **options)
    print('seconds of fit:', time.perf_counter() - start)
    return history
"""


def without_ours(text):
    """Return train.py's text with the slides' lines alone."""
    text = re.sub(rf'(?m)^({OURS}).*\n', '', text)
    return re.sub(r',\s*callbacks=\[ShowAndSave\(\)\]', '', text)


def seconds(script):
    """Return the seconds of a script's process, and those of its fit."""
    start = time.perf_counter()
    command, quiet = [sys.executable, script], {'stderr': subprocess.DEVNULL}
    printed = subprocess.check_output(command, text=True, **quiet)
    whole = time.perf_counter() - start
    return whole, float(re.search('seconds of fit: (.*)', printed)[1])


if __name__ == '__main__':
    parser = make_parser(__doc__)
    parser.add_argument('--repeats', type=int, default=5)
    repeats = parser.parse_args().repeats
    os.environ |= {'MPLBACKEND': 'agg', 'PYTHONPATH': str(PROJECT)}
    text = (PROJECT / 'train.py').read_text(encoding='utf-8')
    text = TIMED + text.replace('model.fit(', 'timed(model.fit, ')
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        pathlib.Path('train.py').write_text(text, encoding='utf-8')
        pathlib.Path('slides.py').write_text(without_ours(text), encoding='utf-8')
        subprocess.run([sys.executable, PROJECT / 'generate_data.py'], check=True)
        seconds('train.py')  # fills the cache of files
        pairs = [(seconds('train.py'), seconds('slides.py')) for _ in range(repeats)]
    for i, name in enumerate(('python train.py', 'its fit')):
        ours, slides = np.array(pairs)[:, :, i].T
        ratios = slides / ours
        medians = f'{np.median(ours):.3g} s against {np.median(slides):.3g} s'
        spread = f'{min(ratios):.1f} to {max(ratios):.1f}'
        print(f'{name}: {medians}, {np.median(ratios):.1f} times ({spread}) as fast')
