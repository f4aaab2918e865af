"""Kill -9 at every single system call with which an import changes the disk, one run for each of them.

The failpoints of test_import.py are where we thought of trouble; here strace picks the places.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auralarchive.ports.library import ImportRequest
from tests.crash.test_import import CHILD, EXPECTED
from tests.unit.library.support import JPEG, Place

CALLS = ["mkdirat", "linkat", "renameat", "unlinkat", "fsync", "write", "fchmod"]
_MOST = 200  # more places than any call has; the loop ends where the import is no longer hit

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace"),
    pytest.mark.timeout(300),
]


@pytest.mark.parametrize("call", CALLS)
def test_an_import_killed_in_any_call_is_finished_by_the_next(tmp_path: Path, call: str) -> None:
    """Nothing or all of the book is there, the retry completes it, and what seeds stays as it is."""
    hits = 0
    for number in range(1, _MOST):
        place = _fresh(tmp_path / str(number))
        if not _killed(place, call, number):
            break
        hits += 1
        assert set(place.books()) in (set(), EXPECTED)
        published = place.publish(_request(place))
        assert set(place.books()) == EXPECTED
        assert place.library.verify(published.files) == ()
        assert (place.downloads / "book.m4b").read_bytes() == b"the audio of a book"
        # Without its note a dead claim's folder has no owner that we could know: the reconciler's work.
        for token in place.library.staging():
            assert not (place.root / ".auralarchive" / token / "intent.json").exists()
    assert hits, f"the import makes no {call} here"


def _fresh(folder: Path) -> Place:
    folder.mkdir()
    place = Place(folder)
    place.download()
    place.download("front.jpg", JPEG)
    place.download("notes.pdf", b"map of Highbury")
    return place


def _killed(place: Place, call: str, number: int) -> bool:
    inject = ["-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}"]
    child = [sys.executable, "-B", "-c", CHILD, str(place.root.parent), "book.m4b", "first"]
    done = subprocess.run(["strace", "-f", "-o", "/dev/null", *inject, *child], capture_output=True, check=False)
    assert done.returncode in (0, -9, 137), done.stderr.decode()
    return done.returncode != 0


def _request(place: Place) -> ImportRequest:
    notes = (place.downloads / "notes.pdf",)
    return place.request(place.downloads / "book.m4b", "last", cover=place.downloads / "front.jpg", companions=notes)
