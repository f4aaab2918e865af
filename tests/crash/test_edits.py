"""Kill -9 at every failpoint of a change of a book: after the next start, record and file agree, on old or on new."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mutagen.mp4 import MP4

from auralarchive.pipeline.editing import Editor
from tests.support.editing import a_desk

CHILD = """
import sys
from pathlib import Path
from tests.support.audio import picture
from tests.support.editing import a_desk
with a_desk(Path(sys.argv[1])) as desk:
    if sys.argv[2] == "tags":
        desk.editor.change(desk.book().id, 1, {"title": "Emma, neu"})
    elif sys.argv[2] == "cover":
        desk.editor.change_cover(desk.book().id, 1, picture(colour=(0, 90, 0)))
    else:
        desk.editor.settle()
"""

#: Before the record is written the old book is left, from then on it is the new one.
OLD = ("edit.before_seal", "edit.sealed", "edit.before_record")
NEW = ("edit.recorded", "edit.placed:1", "edit.before_discard")


def killed_at(folder: Path, failpoint: str, what: str) -> bool:
    environment = {**os.environ, "AURALARCHIVE_FAILPOINT": failpoint}
    command = [sys.executable, "-c", CHILD, str(folder), what]
    return subprocess.run(command, env=environment, cwd=Path.cwd(), check=False, capture_output=True).returncode == -9


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with a_desk(tmp_path) as desk:
        assert desk.agrees()
    return tmp_path


CASES = [(what, failpoint) for what in ("tags", "cover") for failpoint in (*OLD, *NEW)] + [("cover", "edit.placed:2")]


@pytest.mark.parametrize(("what", "failpoint"), CASES)
def test_a_change_killed_anywhere_is_whole_or_never_was(folder: Path, what: str, failpoint: str) -> None:
    assert killed_at(folder, failpoint, what), "the failpoint was not passed"
    with a_desk(folder) as desk:
        desk.editor.settle()
        _check(desk.editor, changed=failpoint not in OLD, what=what)
        assert desk.agrees()
        assert desk.seeding.read_bytes()


@pytest.mark.parametrize("failpoint", ["edit.placed:1", "edit.before_discard"])
def test_a_kill_while_finishing_is_finished_too(folder: Path, failpoint: str) -> None:
    assert killed_at(folder, "edit.recorded", "cover")
    assert killed_at(folder, failpoint, "settle")
    with a_desk(folder) as desk:
        desk.editor.settle()
        _check(desk.editor, changed=True, what="cover")
        assert desk.agrees()


def _check(editor: Editor, *, changed: bool, what: str) -> None:
    (book,) = editor.store.books.all()
    assert book.version == (2 if changed else 1)
    file = editor.drafts.begin(book.id, book.files[0])[0]
    editor.drafts.discard(book.id)
    tags = MP4(file)
    if what == "tags":
        assert (book.book.title, tags["\xa9nam"]) == (
            ("Emma, neu", ["Emma, neu"]) if changed else ("Emma", ["The Test Book"])
        )
    else:
        assert ("covr" in tags) == changed
        assert sorted(path.name for path in file.parent.iterdir() if path.stem == "cover") == (
            ["cover.jpg"] if changed else ["cover.png"]
        )
