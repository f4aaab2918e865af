"""A change is in the file and in the record, or in neither; kills are in tests/crash/test_edits.py."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from mutagen.mp4 import MP4

from auralarchive.audio import retag as tagging
from auralarchive.domain import events as e
from auralarchive.library import FilesystemDrafts
from auralarchive.pipeline.editing import BookChanged, Editor, StillImporting, UnknownBook
from auralarchive.ports.audio import RetagRequest, RetagResult
from auralarchive.ports.errors import Misconfigured, NoSpace, TransientError
from auralarchive.ports.work import CancelToken
from tests.contract.store.support import NOON, enqueue, step, to_downloading
from tests.support.audio import picture
from tests.support.editing import Desk, Tagger, a_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


def tags_of(desk: Desk) -> MP4:
    return MP4(desk.root / desk.book().files[0].path)


def test_file_and_record_change_together(desk: Desk) -> None:
    """The torrent's file is not touched, and what was not changed stays."""
    before, seeding = desk.book(), desk.seeding.read_bytes()
    after = desk.editor.change(before.id, 1, {"title": "Emma, neu", "year": 1815, "narrator": None})
    assert after == desk.book()
    assert (after.version, after.book.title, after.book.narrator) == (2, "Emma, neu", None)
    assert (after.files[0].method, after.files[1:]) == ("copy", before.files[1:])
    assert (tags_of(desk)["\xa9nam"], tags_of(desk)["\xa9day"]) == (["Emma, neu"], ["1815"])
    assert desk.seeding.read_bytes() == seeding
    assert desk.agrees()


def test_what_is_as_it_was_writes_nothing(desk: Desk) -> None:
    before = desk.book()
    assert desk.editor.change(before.id, 1, {"title": "Emma", "narrator": "Nora"}) == before
    assert (desk.root / before.files[0].path).samefile(desk.seeding)


def test_of_two_people_the_second_gets_to_see_the_first(desk: Desk) -> None:
    """Also where both press the button at once: one of them is the second."""
    number, refused = desk.book().id, []

    def change(title: str) -> None:
        try:
            desk.editor.change(number, 1, {"title": title})
        except BookChanged as changed:
            refused.append(changed.present)

    threads = [threading.Thread(target=change, args=(title,)) for title in ("One", "Two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == [desk.book()]
    assert desk.book().version == 2
    assert desk.agrees()


def test_a_cover_is_in_the_file_and_beside_it(desk: Desk) -> None:
    """The old one goes, whatever it was called; without one there is none in either place."""
    number = desk.book().id
    after = desk.editor.change_cover(number, 1, picture(600, colour=(0, 90, 0)))
    assert [file.path for file in after.files] == [
        "Jane Austen/Emma/Emma.m4b",
        "Jane Austen/Emma/cover.jpg",
        "Jane Austen/Emma/map.pdf",
    ]
    assert bytes(tags_of(desk)["covr"][0]) == (desk.root / after.files[1].path).read_bytes()
    assert sorted(os.listdir(desk.root / "Jane Austen/Emma")) == ["Emma.m4b", "cover.jpg", "map.pdf"]  # noqa: PTH208 - names
    assert desk.agrees()
    bare = desk.editor.change_cover(number, 2, None)
    assert [file.role for file in bare.files] == ["audio", "companion"]
    assert "covr" not in tags_of(desk)
    assert desk.agrees()
    (desk.root / "Jane Austen/Emma/cover.jpg").write_bytes(b"a person's own")
    again = desk.editor.change_cover(number, 3, picture())
    assert again.files[1].path == "Jane Austen/Emma/cover (2).jpg"
    assert (desk.root / "Jane Austen/Emma/cover.jpg").read_bytes() == b"a person's own"
    assert desk.agrees()


def test_a_full_disk_changes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where it is known before, nor where it fills up meanwhile."""
    before = desk.book()
    with pytest.raises(NoSpace):
        replace(desk.editor, drafts=FilesystemDrafts(desk.root, 1 << 60)).change(before.id, 1, {"title": "X"})

    def full(fd: int, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tagging, "write_all", full)
    with pytest.raises(NoSpace):
        desk.editor.change(before.id, 1, {"title": "X"})
    assert desk.book() == before
    assert desk.agrees()


def test_a_file_that_another_program_has_changed_is_left_alone(desk: Desk) -> None:
    before = desk.book()
    tags = tags_of(desk)
    tags["\xa9nam"] = ["by another program"]
    tags.save()
    with pytest.raises(Misconfigured, match="another program"):
        desk.editor.change(before.id, 1, {"title": "X"})
    assert desk.book() == before
    assert tags_of(desk)["\xa9nam"] == ["by another program"]


def test_a_book_whose_import_goes_on_has_to_wait(desk: Desk) -> None:
    download = step(desk.store, enqueue(desk.store), *to_downloading())
    early = desk.store.books.save(download.id, download.book, (), 1.0, (), NOON)
    with pytest.raises(StillImporting):
        desk.editor.change(early.id, 1, {"title": "X"})
    step(desk.store, download, e.CancelRequested())
    with pytest.raises(UnknownBook):
        desk.editor.change(999, 1, {"title": "X"})


class LateTagger(Tagger):
    """An import replaces the book while its new file is made."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def retag(self, request: RetagRequest, cancel: CancelToken) -> RetagResult:
        book = self._desk.book()
        self._desk.store.books.save(book.download_id, book.book, book.files, 2.0, (), NOON)
        return super().retag(request, cancel)


def test_a_record_that_moved_on_keeps_its_file(desk: Desk) -> None:
    editor = replace(desk.editor, tagger=LateTagger(desk))
    with pytest.raises(Exception, match="no longer at version"):
        editor.change(desk.book().id, 1, {"title": "X"})
    assert desk.book().book.title == "Emma"
    assert desk.agrees()


class StuckDrafts(FilesystemDrafts):
    """The disk fails just when the new file is to be put into place."""

    def place(self, book_id: int) -> None:
        raise TransientError("The disk fails.", "Look at it.")


def test_what_is_recorded_is_finished_later(desk: Desk) -> None:
    """By the housekeeping, or by the next change."""
    number = desk.book().id
    stuck: Editor = replace(desk.editor, drafts=StuckDrafts(desk.root, 0))
    with pytest.raises(TransientError):
        stuck.change(number, 1, {"title": "First"})
    stuck.settle()  # still failing: the next round tries again
    assert not desk.agrees()
    desk.editor.settle()
    assert desk.agrees()
    assert tags_of(desk)["\xa9nam"] == ["First"]
    with pytest.raises(TransientError):
        stuck.change(number, 2, {"title": "Second"})
    assert desk.editor.change(number, 3, {"author": "A"}).book.title == "Second"
    assert desk.agrees()


def test_a_library_that_is_away_has_nothing_to_settle(desk: Desk, tmp_path: Path) -> None:
    replace(desk.editor, drafts=FilesystemDrafts(tmp_path / "absent", 0)).settle()
    assert desk.agrees()
