"""docs/slides.md shows the scripts' own code, commands and output, on slides that fit.

Whoever changes one of these is told which slide to mend.
"""

import re
import subprocess

import pytest
from conftest import PROJECT

from docs.edits import sections

FENCE = re.compile(r'^```(\w*)\n(.*?)^```$', re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r'<!--(?! _)(.*?)-->', re.DOTALL)  # not Marp's own, as _class
PICTURE = re.compile(r'!\[[^]]*\]\(([^)]*)\)')


def read(name):
    return (PROJECT / name).read_text(encoding='utf-8')


def blocks(text, *languages):
    return [block for name, block in FENCE.findall(text) if name in languages]


def joined(text):
    """Return its lines; those broken after a comma, a bracket or do are one."""
    text = re.sub(r'([,(\[]|; do)\s+', r'\1', text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def stand_in(shown, source):
    """Whether the lines are in source, in that order; ... may end one, or be one."""
    rest = iter(source)
    return all(
        any(a == b or (a.endswith('...') and b.startswith(a[:-3])) for b in rest)
        for a in shown
    )


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


def is_shown(block, sources):
    """As it stands, perhaps less indented."""
    indented = ([' ' * n + line for line in joined(block)] for n in (0, 4, 8))
    return any(stand_in(lines, joined(text)) for lines in indented for text in sources)


CHECKS = {
    'python': lambda block: is_shown(block, CODE),
    'text': lambda block: is_shown(block, PRINTED),
    'sh': lambda block: any(uncommented(block) in text for text in COMMANDS),
    'matlab': lambda block: True,
}
SLIDES = re.split('(?m)^---$', read('docs/slides.md'))[2:]
NAMED = [
    pytest.param(text, id=f'{i} {re.search("(?m)^#+ (.*)", text)[1]}')
    for i, text in enumerate(SLIDES, 1)
]


@pytest.mark.parametrize('slide', NAMED)
def test_slide(slide):
    for language, block in FENCE.findall(slide):
        assert max(map(len, block.splitlines())) <= 60, block
        assert CHECKS[language](block), f'not in the scripts and documents:\n{block}'
    for path in PICTURE.findall(slide):
        # In the release the HTML has just these folders beside it.
        assert path.startswith(('pictures/', '../experiments/results/'))
        assert (PROJECT / 'docs' / path).is_file(), path


def test_one_version_of_marp():
    builds = INSTRUCTOR + read('.github/workflows/slides.yml')
    versions = re.findall(r'marp-cli@([\w.]+)', builds)
    assert len(versions) > 2 and len({*versions}) == 1


def test_minutes():
    """The plan of the morning has a row for each part, its slides and their minutes."""
    parts = []
    for i, slide in enumerate(SLIDES, 1):
        minutes = int(re.match(r'\s*(\d+) min\. ', COMMENT.findall(slide)[0])[1])
        if re.search('(?m)^# ', slide):
            parts.append([0, i, i])
        parts[-1] = [parts[-1][0] + minutes, parts[-1][1], i]
    rows = re.findall(r'(?m)^\| (\d+) \| \d+ \| (\d+)(?: to (\d+))?: ', INSTRUCTOR)
    assert parts == [[int(n or row[1]) for n in row] for row in rows]


def test_your_room(tmp_path):
    """One line puts it in: the placeholders are gone, and no longer called a sample."""
    for name in NAMED_THERE:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(read(name), encoding='utf-8')
    (line,) = blocks(sections('docs/instructor.md')['Your room'], 'sh')
    names = {'G=oz000': 'G=oz42', 'A=ADDRESS': 'A=https://a.org/b', 'H=HOST': 'H=a.org'}
    for old, new in (names | {'R=ml': 'R=hall_1'}).items():
        assert old in line
        line = line.replace(old, new)
    subprocess.run(['bash', '-c', line], cwd=tmp_path, check=True)
    text = ''.join((tmp_path / name).read_text('utf-8') for name in NAMED_THERE)
    assert not re.search(r'oz000|\bADDRESS\b|\bHOST\b|[=`]ml\b|A sample: ', text)
    for new in ('/fred/oz42/workshop', 'USER@a.org:', '_RESERVATION=hall_1'):
        assert new in text
    assert read('docs/slides.md').count('*A sample: ') == 1
