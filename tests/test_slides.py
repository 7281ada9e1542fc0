"""docs/slides.md shows the scripts' own code, commands and output, on slides that fit.

Whoever changes one of these is told which slide to mend.
"""

import re
import subprocess
import textwrap

import pytest
from conftest import PROJECT

from docs.edits import sections

FENCE = re.compile(r'^```(\w*)\n(.*?)^```$', re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r'!\[[^]]*\]\(([^)]*)\)')


def read(name):
    return (PROJECT / name).read_text(encoding='utf-8')


def blocks(text, *languages):
    return [block for name, block in FENCE.findall(text) if name in languages]


def joined(text):
    """Return its lines; those broken after a comma, a bracket or do are one."""
    text = re.sub(r'([,(\[]|; do)\s+', r'\1', text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def commands(document):
    """Return the lines of sh of a document, and what it has in `...`, in its order."""
    text = FENCE.sub(lambda x: x[0] if x[1] == 'sh' else '', read(document))
    found = re.findall(r'^```sh\n(.*?)^```$|`([^`]+)`', text, re.M | re.S)
    return uncommented('\n'.join(x or ' '.join(y.split()) for x, y in found))


def uncommented(text):
    return '\n'.join(['', *joined(re.sub(' +#.*', '', text)), ''])


LESSON, INSTRUCTOR = read('LESSON.md'), read('docs/instructor.md')
EDITED = re.sub('(?m)^[-+ ]', '', '\n'.join(blocks(LESSON, 'diff')))
SCRIPTS = 'train.py', 'utilities.py', 'view.py', 'generate_data.py'
CODE = [*map(read, SCRIPTS), *blocks(LESSON, 'python'), EDITED]
CODE += [re.sub('(?m)^#(?! )', '', code) for code in CODE]  # lines to be uncommented
NAMED_THERE = 'docs/slides.md', 'docs/instructor.md', 'LESSON.md'
COMMANDS = [commands(x) for x in ('README.md', 'LESSON.md', 'docs/instructor.md')]
PRINTED = blocks(read('README.md') + LESSON, '', 'text')


def is_shown(block, text):
    """Whether its lines are in text, in that order; ... may end one, or be one."""
    rest = iter(joined(text))
    return all(
        any(a == b or (a.endswith('...') and b.startswith(a[:-3])) for b in rest)
        for a in joined(block)
    )


SLIDES = re.split('(?m)^---$', read('docs/slides.md'))[2:]
NAMED = [
    pytest.param(text, id=f'{i} {re.search("(?m)^#+ (.*)", text)[1]}')
    for i, text in enumerate(SLIDES, 1)
]


@pytest.mark.parametrize('slide', NAMED)
def test_slide(slide):
    for language, block in FENCE.findall(slide):
        if language == 'matlab':  # the original's
            continue
        assert max(map(len, block.splitlines())) <= 60, block
        if language == 'sh':
            is_known = any(uncommented(block) in text for text in COMMANDS)
        else:  # perhaps less indented
            texts = {'python': CODE, 'text': PRINTED}[language]
            indented = [textwrap.indent(block, ' ' * n) for n in (0, 4, 8)]
            is_known = any(is_shown(x, text) for x in indented for text in texts)
        assert is_known, f'not in the scripts and documents:\n{block}'
    for path in PICTURE.findall(slide):
        # In the release the HTML has just these folders beside it.
        assert path.startswith(('pictures/', '../experiments/results/'))
        assert (PROJECT / 'docs' / path).is_file(), path


def test_one_version_of_marp():
    builds = INSTRUCTOR + read('.github/workflows/slides.yml')
    versions = re.findall(r'marp-cli@([\w.]+)', builds)
    assert len(versions) > 2 and len({*versions}) == 1


def test_your_room(tmp_path):
    """One line puts it in, in place of each placeholder."""
    (line,) = blocks(sections('docs/instructor.md')['Your room'], 'sh')
    for old, new in ('oz000', 'oz42'), ('ADDRESS', 'https://a.org'), ('HOST', 'a.org'):
        assert f'={old}' in line
        line = line.replace(f'={old}', f'={new}')
    line = line.replace('=ml', '=hall_1')
    for name in NAMED_THERE:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(read(name), encoding='utf-8')
    subprocess.run(['bash', '-c', line], cwd=tmp_path, check=True)
    text = ''.join((tmp_path / name).read_text('utf-8') for name in NAMED_THERE)
    assert not re.search(r'oz000|\bADDRESS\b|\bHOST\b|[=`]ml\b', text)
    for new in ('/fred/oz42/workshop', 'USER@a.org:', '_RESERVATION=hall_1'):
        assert new in text
