"""docs/slides.md shows the scripts' own lines, what people type, and what is printed.

Whoever changes one of these is told which slide to mend.
"""

import re
import subprocess

import pytest
from conftest import PROJECT

FENCE = re.compile(r'^```(\w+)\n(.*?)^```$', re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r'!\[[^]]*\]\(([^)]*)\)')
SOURCES = {
    'python': ['train.py', 'utilities.py', 'view.py', 'generate_data.py', 'LESSON.md'],
    'sh': ['docs/instructor.md', 'LESSON.md', 'script.sh'],
    'text': ['README.md'],
}
ROOM = 'docs/slides.md', 'docs/handout.md', 'docs/instructor.md', 'LESSON.md'
NAMES = {*ROOM, *SOURCES['python'], *SOURCES['sh'], *SOURCES['text']}
TEXTS = {name: (PROJECT / name).read_text('utf-8') for name in NAMES}
SLIDES = re.split('(?m)^---$', TEXTS['docs/slides.md'])[2:]


def code_lines(text):
    """Return a text's lines without indents, comments, and the + and - of a diff."""
    lines = re.sub(' +#.*', '', text).splitlines()
    return [line.lstrip('#+- ') for line in lines if line.strip()]


@pytest.mark.parametrize('slide', SLIDES, ids=range(1, len(SLIDES) + 1))
def test_slide(slide):
    for language, block in FENCE.findall(slide):
        sources = [TEXTS[name] for name in SOURCES.get(language, [])]
        if language == 'matlab':  # the original's
            sources = [block]
        rests = [iter(code_lines(text)) for text in sources]
        is_known = any(all(x in rest for x in code_lines(block)) for rest in rests)
        assert is_known, f'no script or page has these lines, in this order:\n{block}'
    for path in PICTURE.findall(slide):
        # In the release the HTML has just these folders beside it.
        assert path.startswith(('pictures/', '../experiments/results/'))
        assert (PROJECT / 'docs' / path).is_file(), path


def test_notes():
    """They have at most 60 words, and their minutes are the plan of instructor.md."""
    notes = [re.search(r'<!--\n((\d+) min.*?)-->', x, re.DOTALL) for x in SLIDES]
    assert all(len(note[1].split()) <= 60 for note in notes)
    plan = [note for note in notes if '## Optional:' not in note.string]
    rows = re.findall(r'^\| (\d+) \|', TEXTS['docs/instructor.md'], re.MULTILINE)
    assert sum(int(note[2]) for note in plan) == sum(map(int, rows)) == 150


def test_your_room(tmp_path):
    """One line puts in a room, and later another one."""
    (tmp_path / 'docs').mkdir()
    for name in ROOM:
        (tmp_path / name).write_text(TEXTS[name], encoding='utf-8')
    old = 'oz000 ADDRESS HOST HALL'
    for new in 'oz42 https://a.org b.org ml', 'oz7 c.org d.org ml_2':
        line = FENCE.search((tmp_path / 'docs/instructor.md').read_text('utf-8'))[2]
        line = line.replace(f"ROOM='{old}'", f"ROOM='{new}'")
        subprocess.run(['bash', '-c', line], cwd=tmp_path, check=True)
        text = ''.join((tmp_path / name).read_text('utf-8') for name in ROOM)
        for before, after in zip(old.split(), new.split(), strict=True):
            assert not re.search(rf'(?<!\w){before}\b', text), before
            assert text.count(after) > 1
        old = new
