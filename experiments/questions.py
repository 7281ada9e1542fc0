"""What a question is, and which there are.

A question is a module of this folder with a docstring, whose first line asks it, and
TRIALS, a list of lab.Trial; it may also have SEEDS, TEST_EVERY, CURVES, AXIS and
SPEED, which Question explains.
"""

import pathlib
from dataclasses import dataclass
from importlib import import_module

# Those that README.md answers, in its order
QUESTIONS = [
    'baseline',
    'training_sets',
    'fastest',
    'flat',
    'linear',
    'recurrent',
    'phase',
    'noise',
]


@dataclass(frozen=True)
class Question:
    """What a module asks, and how its answer is drawn."""

    name: str  # of its files
    title: str
    trials: list
    seeds: int  # with which each trial is run
    test_every: int | None  # so many epochs, for a figure of curves; None: at the end
    curves: dict | None  # {label: (setting, column)}; None: the test accuracy of each
    axis: tuple | None  # a label, 'linear' or 'log': trials are numbers on this axis
    speed: bool  # whether there is a figure of the epochs to 95 %


def is_question(name):
    """Return whether a module of this name asks one, be it in the list or not."""
    path = pathlib.Path(__file__).parent / f'{name}.py'
    return path.exists() and hasattr(import_module(f'experiments.{name}'), 'TRIALS')


def read_question(name):
    """Return the Question that a module of this name asks."""
    module = import_module(f'experiments.{name}')
    return Question(
        name=name.replace('_', '-'),
        title=module.__doc__.splitlines()[0],
        trials=module.TRIALS,
        seeds=getattr(module, 'SEEDS', 5),
        test_every=getattr(module, 'TEST_EVERY', None),
        curves=getattr(module, 'CURVES', None),
        axis=getattr(module, 'AXIS', None),
        speed=getattr(module, 'SPEED', False),
    )
