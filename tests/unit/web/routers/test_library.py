"""The library over HTTP."""

from __future__ import annotations

import pytest

from auralarchive.ports.library import LibraryFile
from auralarchive.ports.store import LibraryBook, NewDownload
from tests.support.records import NOON, a_book
from tests.support.web import World

AUDIO = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def book(world: World) -> LibraryBook:
    """One imported book with its files."""
    folder = world.root / "library" / "Ann" / "Book"
    folder.mkdir(parents=True)
    (folder / "Book.m4b").write_bytes(AUDIO)
    (folder / "cover.jpg").write_bytes(b"\xff\xd8\xff jpeg")
    (world.root / "secret").write_bytes(b"canary")
    files = (
        LibraryFile("Ann/Book/Book.m4b", "audio", len(AUDIO), "0" * 64, "link"),
        LibraryFile("Ann/Book/cover.jpg", "cover", 8, "1" * 64, "copy"),
        LibraryFile("../secret", "companion", 6, "2" * 64, "copy"),
        LibraryFile("Ann/Book/gone.pdf", "companion", 6, "3" * 64, "copy"),
    )
    made = world.store.downloads.create(NewDownload(a_book("Filed"), manual=False))
    return world.store.books.save(made.id, a_book("Filed"), files, 60.0, [{"title": "1", "start": 0.0}], NOON)


def test_books_are_listed_and_shown(world: World, book: LibraryBook) -> None:
    """By the words of title, author or series."""
    keyed = world.keyed()
    listed = keyed.get("/api/library/books", params={"q": "filed"}).json()
    assert [one["id"] for one in listed["items"]] == [book.id]
    assert keyed.get("/api/library/books", params={"q": "absent"}).json()["total"] == 0
    brief = keyed.get("/api/library/books", params={"author": book.book.author, "sort": "title", "brief": "1"}).json()
    assert [(one["id"], one["chapters"], one["chapter_count"]) for one in brief["items"]] == [(book.id, [], 1)]
    assert keyed.get("/api/library/books", params={"format": "ogg"}).json()["total"] == 0
    for wrong in ({"sort": "size"}, {"cursor": "x"}, {"limit": "0"}):
        assert keyed.get("/api/library/books", params=wrong).status_code == 422
    assert keyed.get("/api/library/facets").json()["formats"] == [
        {"value": "M4B", "count": 1},
        {"value": "PDF", "count": 1},
    ]
    shown = keyed.get(f"/api/library/books/{book.id}").json()
    assert (shown["path"], shown["origin"]["download_id"]) == ("Ann/Book/Book.m4b", book.download_id)
    assert (shown["title"], shown["duration_seconds"], len(shown["files"])) == ("Filed", 60.0, 4)
    assert keyed.get("/api/library/books/999").status_code == 404


def test_the_cover_is_an_image(world: World, book: LibraryBook) -> None:
    """Shown in place, and nothing else than what it says."""
    answer = world.keyed().get(f"/api/library/books/{book.id}/cover")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [
        (None, 200, AUDIO),
        ("bytes=0-9", 206, AUDIO[:10]),
        ("bytes=-4", 206, AUDIO[-4:]),
        ("bytes=10000-", 206, AUDIO[10000:]),
        ("bytes=0-0,5-6", 200, AUDIO),
        ("bytes=5-2", 416, None),
        ("bytes=99999999-", 416, None),
    ],
)
def test_a_file_is_sent_whole_or_in_part(
    world: World, book: LibraryBook, asked: str | None, status: int, content: bytes | None
) -> None:
    """So that a player can seek."""
    headers = {"Range": asked} if asked else {}
    answer = world.keyed().get(f"/api/library/books/{book.id}/files/0", headers=headers)
    assert answer.status_code == status
    if content is not None:
        assert answer.content == content
        assert answer.headers["content-type"] == "audio/mp4"
    if status == 206:
        assert answer.headers["content-range"].endswith(f"/{len(AUDIO)}")


def test_a_player_learns_that_the_file_is_another(world: World, book: LibraryBook) -> None:
    """Its part of the old one is of no use with the new one: it gets the whole."""
    keyed, url = world.keyed(), f"/api/library/books/{book.id}/files/0"
    tag = keyed.get(url, headers={"Range": "bytes=0-0"}).headers["etag"]
    for given, status in ((tag, 206), ('"another"', 200)):
        assert keyed.get(url, headers={"Range": "bytes=1-2", "If-Range": given}).status_code == status
    cover = f"/api/library/books/{book.id}/cover"
    kept = keyed.get(cover, headers={"If-None-Match": keyed.get(cover).headers["etag"]})
    assert (kept.status_code, kept.content) == (304, b"")


@pytest.mark.parametrize("n", ["2", "3", "4", "-1", "99999999999999999999"])
def test_files_outside_or_gone_are_404(world: World, book: LibraryBook, n: str) -> None:
    """Even a record that names a path outside gets nothing from there."""
    answer = world.keyed().get(f"/api/library/books/{book.id}/files/{n}")
    assert answer.status_code == 404
    assert b"canary" not in answer.content


def test_a_file_is_offered_for_saving(world: World, book: LibraryBook) -> None:
    """With its own name."""
    answer = world.keyed().get(f"/api/library/books/{book.id}/files/0?download=true")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''Book.m4b"
