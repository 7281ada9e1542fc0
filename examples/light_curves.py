"""Make a table of light curves, one in each row, of a table of observations.

    python examples/light_curves.py examples/observations.csv curves.csv

Copy this script and edit the copy: first read_observations, then the line in main that
makes a curve. Use it for the stars to train with, and as it is for new ones.
"""

import sys

import numpy as np
import pandas as pd

LENGTH = 64  # Values of each curve
LEAST = 8  # Observations that a star must have


def read_observations(path):
    """Return a table with a row for each observation: star, time and value.

    value is NaN where the observation is not to be used. class and period, if there are
    any, are the same in all rows of a star.
    """
    texts = {'star': str, 'class': str}
    options = {'keep_default_na': False, 'na_values': ['']}  # NA may be a class
    table = pd.read_csv(path, dtype=texts, **options)
    is_good = (table['band'] == 'g') & (table['flag'] == 0)
    value = pd.to_numeric(table['mag'], errors='coerce')  # a limit, <19.5, is none
    table['value'] = value.where(is_good & value.between(0, 30))  # -999 is none
    return table.rename(columns={'mjd': 'time'})


def interpolate(time, value):
    """Return values at LENGTH equal steps from the first time to the last."""
    return np.interp(np.linspace(time[0], time[-1], LENGTH), time, value)


def fold(time, value, period):
    """Return values at LENGTH equal steps of phase, from the largest one on.

    Of magnitudes, that is minimum light.
    """
    phases = np.arange(LENGTH) / LENGTH
    curve = np.interp(phases, time / period % 1, value, period=1)
    return np.roll(curve, -curve.argmax())


def average(time, value):
    """Return means in LENGTH equal bins of time; empty ones are interpolated."""
    edges = np.linspace(time[0], time[-1], LENGTH + 1)[1:-1]
    means = pd.Series(value).groupby(np.digitize(time, edges)).mean()
    return np.interp(np.arange(LENGTH), means.index, means)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    observations, curves = sys.argv[1:]
    rows = []
    for star, table in read_observations(observations).groupby('star'):
        good = table.dropna(subset=['time', 'value']).sort_values('time')
        facts = good[[name for name in ('class', 'period') if name in good]]
        faults = [f'more than one {x}' for x in facts if facts[x].nunique() > 1]
        if len(good) < LEAST:
            faults.append(f'{len(good)} observations')
        if faults:
            print(f'Left out: {star} has {" and ".join(faults)}')
            continue
        time, value = good['time'].to_numpy(), good['value'].to_numpy()
        row = {'star': star, **facts.bfill().iloc[0]}
        curve = fold(time, value, row['period'])  # or another of the three
        rows.append(row | {f'f{i}': x for i, x in enumerate(curve)})
    table = pd.DataFrame(rows).drop(columns='period', errors='ignore')
    table.to_csv(curves, index=False)
    print(f'{len(rows)} curves of {LENGTH} values: {curves}')


if __name__ == '__main__':
    main()
