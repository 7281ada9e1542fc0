"""The edits of train.py that documents show, for tests."""

import pathlib
import re

PROJECT = pathlib.Path(__file__).resolve().parents[1]


def sections(document):
    """Return {heading: text} of the sections of a document, such as LESSON.md."""
    text = (PROJECT / document).read_text(encoding='utf-8')
    return dict(re.findall(r'^##+ (.*?)\n(.*?)(?=^##|\Z)', text, re.M | re.S))


def edited(script, section):
    """Return a script's text with the edit, a block of diff, that a section shows.

    Raises ValueError if the lines to be edited are not there, once.
    """
    (block,) = re.findall(r'^```diff\n(.*?)^```', section, re.M | re.S)
    for change in block.split('@@\n'):
        lines = change.splitlines(keepends=True)
        old = '\n' + ''.join(line[1:] for line in lines if line[0] in ' -')
        new = '\n' + ''.join(line[1:] for line in lines if line[0] in ' +')
        if script.count(old) != 1:
            raise ValueError(f'train.py does not hold, once:{old}')
        script = script.replace(old, new)
    return script
