"""Changes of books over HTTP; what happens to file and record is in tests/unit/pipeline/test_editing.py."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx2
import pytest
from mutagen.mp4 import MP4

from auralarchive.ports.library import LibraryFile
from auralarchive.ports.store import LibraryBook
from tests.contract.store.support import NOON, enqueue, step, to_downloading, to_imported
from tests.support.audio import make_m4b, picture
from tests.support.web import World


@pytest.fixture
def book(world: World) -> LibraryBook:
    """An imported book of its own for each test."""
    download = step(world.store, enqueue(world.store), *to_imported(seeds=False))
    path = f"Ed/{download.id}/Book.m4b"
    file = world.root / "library" / path
    file.parent.mkdir(parents=True)
    make_m4b(file, chapters=2, seconds=1)
    data = file.read_bytes()
    entry = LibraryFile(path, "audio", len(data), hashlib.sha256(data).hexdigest(), "copy")
    return world.store.books.save(download.id, download.book, (entry,), 2.0, (), NOON)


def file_of(world: World, book: LibraryBook) -> Path:
    return world.root / "library" / book.files[0].path


def change(world: World, book: LibraryBook, **body: object) -> httpx2.Response:
    return world.keyed().patch(f"/api/library/books/{book.id}", json={"version": 1, **body})


def test_tags_are_changed_in_record_and_file(world: World, book: LibraryBook) -> None:
    """Text arrives clean; what was not sent stays, and null empties."""
    answer = change(world, book, title="  New\u0007 Title ", series="Saga", description="One.\n\n\n\nTwo.\r\nThree.")
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["title"], shown["version"], shown["author"]) == ("New Title", 2, book.book.author)
    assert shown["description"] == "One.\n\nTwo.\nThree."
    assert MP4(file_of(world, book))["\xa9nam"] == ["New Title"]
    emptied = world.keyed().patch(f"/api/library/books/{book.id}", json={"version": 2, "series": None})
    assert emptied.json()["series"] is None
    assert emptied.json() == world.keyed().get(f"/api/library/books/{book.id}").json()


def test_who_comes_second_gets_what_the_first_has_saved(world: World, book: LibraryBook) -> None:
    assert change(world, book, title="First").status_code == 200
    late = change(world, book, title="Second")
    assert (late.status_code, late.json()["code"]) == (409, "book_changed")
    assert (late.json()["book"]["title"], late.json()["book"]["version"]) == ("First", 2)


@pytest.mark.parametrize(
    "body",
    [{"title": ""}, {"title": None}, {"year": 0}, {"year": "x"}, {"asin": "B0"}, {"version": 0}, {"version": 2**60}],
)
def test_what_no_book_can_be_is_refused(world: World, book: LibraryBook, body: dict[str, object]) -> None:
    assert change(world, book, **body).status_code == 422
    assert world.store.books.get(book.id) == book


def test_a_cover_is_taken_given_and_taken_away(world: World, book: LibraryBook) -> None:
    keyed, url = world.keyed(), f"/api/library/books/{book.id}/cover"
    given = keyed.put(url, files={"file": ("x.png", picture(kind="PNG"))}, data={"version": "1"})
    assert given.status_code == 200, given.text
    assert (given.json()["has_cover"], keyed.get(url).headers["content-type"]) == (True, "image/jpeg")
    assert "covr" in MP4(file_of(world, book))
    late = keyed.put(url, files={"file": ("x.png", picture())}, data={"version": "1"})
    assert (late.status_code, late.json()["code"]) == (409, "book_changed")
    assert keyed.delete(url, params={"version": 2}).json()["has_cover"] is False
    assert keyed.get(url).status_code == 404


@pytest.mark.parametrize("data", [b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n", b""])
def test_what_is_no_picture_is_told(world: World, book: LibraryBook, data: bytes) -> None:
    """It is looked at in a process of its own, and nothing is changed."""
    url = f"/api/library/books/{book.id}/cover"
    answer = world.keyed().put(url, files={"file": ("cover.jpg", data)}, data={"version": "1"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert "picture" in answer.json()["detail"]
    assert world.store.books.get(book.id) == book


def test_a_form_that_is_none_is_told(world: World, book: LibraryBook) -> None:
    keyed, url = world.keyed(), f"/api/library/books/{book.id}/cover"
    assert keyed.put(url, json={"version": 1}).status_code == 415
    assert keyed.put(url, files={"file": ("x", picture())}).status_code == 422
    assert keyed.put(url, files={"file": ("x", picture())}, data={"version": "first"}).status_code == 422
    assert keyed.put(url, files={"other": ("x", picture())}, data={"version": "1"}).status_code == 422
    assert keyed.put(url, files={"file": ("x", bytes(33 << 20))}, data={"version": "1"}).status_code == 413


def test_books_that_are_not_there_or_not_yet_are_told(world: World, book: LibraryBook) -> None:
    assert world.keyed().patch("/api/library/books/999999", json={"version": 1, "title": "X"}).status_code == 404
    download = step(world.store, enqueue(world.store), *to_downloading("9" * 40))
    early = world.store.books.save(download.id, download.book, (), 1.0, (), NOON)
    answer = change(world, early, title="X")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_allowed_now")
