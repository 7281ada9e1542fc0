"""How much faster is train.py than the slides' lines alone?

    python -m experiments.speed

The two take turns, with 200 and with 1,600 sequences; medians and ranges are printed.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import numpy as np

PROJECT = pathlib.Path(__file__).resolve().parents[1]
# What the slides do not have: lines that begin like this, and the callback
OURS = 'from support|prepare|numbers =|set_random|model.steps|check|save_run'


def seconds(script):
    """Return the seconds of a script's process, and those of its fit."""
    start = time.perf_counter()
    text = subprocess.check_output([sys.executable, script], stderr=subprocess.DEVNULL)
    return time.perf_counter() - start, float(re.search(b'fit: (.*)', text)[1])


def compare(N):
    """Print how many times as fast train.py is with N sequences, its fit by itself."""
    ours = (PROJECT / 'train.py').read_text(encoding='utf-8')
    ours = ours.replace('N_train = 200', f'N_train = {N}')
    ours = ours.replace('history =', 'import time\nstart = time.time()\nhistory =')
    ours = ours.replace('# Plot the history', "print('fit:', time.time() - start)")
    slides = re.sub(rf'(?m)^({OURS}).*\n|,\s*callbacks=\[ShowProgress\(\)\]', '', ours)
    pathlib.Path('train.py').write_text(ours, encoding='utf-8')
    pathlib.Path('slides.py').write_text(slides, encoding='utf-8')
    pairs = [(seconds('slides.py'), seconds('train.py')) for _ in range(9)]
    slides, ours = np.transpose(pairs, (1, 0, 2))  # each (9, 2): process and fit
    ratios = np.quantile(slides / ours, (0, 0.5, 1), axis=0).T
    for name, ratio in zip(('python train.py', 'its fit'), ratios, strict=True):
        low, median, high = (f'{x:.1f}' for x in ratio)
        print(f'{N} sequences, {name}: {median} times ({low} to {high}) as fast')


if __name__ == '__main__':
    os.environ |= {'MPLBACKEND': 'agg', 'PYTHONPATH': str(PROJECT)}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        make = [sys.executable, PROJECT / 'generate_data.py', '1600']
        subprocess.run(make, check=True)
        compare(200)
        compare(1600)
