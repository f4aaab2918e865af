"""Kill -9 at every failpoint of an import: afterwards nothing or all of the book is there, and a retry finishes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from auralarchive.ports.library import ImportRequest
from tests.unit.library.support import JPEG, Place

CHILD = """
import sys
from pathlib import Path
from tests.unit.library.support import Place
place = Place(Path(sys.argv[1]))
request = place.request(
    place.downloads / sys.argv[2], sys.argv[3],
    cover=place.downloads / "front.jpg", companions=(place.downloads / "notes.pdf",),
)
place.publish(request)
"""

EVERYWHERE = [
    "import.before_stage",
    "import.before_audio",
    "import.linked",
    "import.after_audio",
    "import.before_cover",
    "import.copied:1",
    "import.after_cover",
    "import.before_companion",
    "import.copied:2",
    "import.after_companion",
    "import.staged",
    "import.before_publish",
    "import.after_publish",
    "import.after_publish_synced",
    "import.after_publish_verified",
    "import.after_intent",
    "import.before_unstage",
    "import.after_unstage",
]
EXPECTED = {"Jane Austen/Emma/Emma.m4b", "Jane Austen/Emma/cover.jpg", "Jane Austen/Emma/notes.pdf"}


def killed_at(folder: Path, failpoint: str, audio: str = "book.m4b", token: str = "first") -> bool:
    environment = {**os.environ, "AURALARCHIVE_FAILPOINT": failpoint}
    command = [sys.executable, "-c", CHILD, str(folder), audio, token]
    return subprocess.run(command, env=environment, cwd=Path.cwd(), check=False, capture_output=True).returncode == -9


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.download()
    place.download("front.jpg", JPEG)
    place.download("notes.pdf", b"map of Highbury")
    return place


@pytest.mark.parametrize("failpoint", EVERYWHERE)
@pytest.mark.parametrize("discarded", [False, True])
def test_an_import_killed_anywhere_is_finished_by_the_next(place: Place, failpoint: str, discarded: bool) -> None:
    """Also where the reconciler has cleared the dead claim's folder away in between."""
    if not killed_at(place.root.parent, failpoint):
        assert failpoint.startswith("import.copied"), "the failpoint was not passed"
        pytest.skip("this file system shares blocks instead of copying")
    assert set(place.books()) in (set(), EXPECTED)
    if discarded:
        for token in place.library.staging():
            place.library.discard(token)
    published = place.publish(_request(place, "book.m4b"))
    assert set(place.books()) == EXPECTED
    assert place.library.verify(published.files) == ()
    assert place.library.staging() == ()
    assert (place.downloads / "book.m4b").read_bytes() == b"the audio of a book"


@pytest.mark.parametrize("failpoint", ["import.after_publish", "import.after_publish_verified"])
def test_other_content_after_a_crash_replaces_what_was_never_reported(place: Place, failpoint: str) -> None:
    assert killed_at(place.root.parent, failpoint)
    place.download("again.m4b", b"encoded once more")
    place.publish(_request(place, "again.m4b"))
    assert place.books()["Jane Austen/Emma/Emma.m4b"] == b"encoded once more"
    assert place.library.staging() == ()


@pytest.mark.parametrize("failpoint", ["import.before_take_back", "import.after_take_back"])
def test_a_crash_while_taking_back_is_finished_too(place: Place, failpoint: str) -> None:
    assert killed_at(place.root.parent, "import.after_publish")
    place.download("again.m4b", b"encoded once more")
    assert killed_at(place.root.parent, failpoint, "again.m4b", "second")
    place.publish(_request(place, "again.m4b"))
    assert place.books()["Jane Austen/Emma/Emma.m4b"] == b"encoded once more"
    assert set(place.books()) == EXPECTED
    assert place.library.staging() == ()


def _request(place: Place, audio: str) -> ImportRequest:
    return place.request(
        place.downloads / audio,
        "last",
        cover=place.downloads / "front.jpg",
        companions=(place.downloads / "notes.pdf",),
    )
