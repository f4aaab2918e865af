"""How far people have listened, over HTTP."""

from __future__ import annotations

import pytest

from auralarchive.ports.store import LibraryBook, NewDownload
from tests.support.records import NOON, a_book
from tests.support.web import World


@pytest.fixture
def book(world: World) -> LibraryBook:
    """A book that nobody has begun."""
    made = world.store.downloads.create(NewDownload(a_book(f"Heard {world.store.downloads.last_seq()}"), manual=False))
    return world.store.books.save(made.id, made.book, (), 600.0, [], NOON)


def test_two_devices_never_lose_the_later_place(world: World, book: LibraryBook) -> None:
    """The second to write is told where the first one is; having seen it, it may go its own way."""
    phone, desk, url = world.signed_in(), world.signed_in(), f"/api/library/books/{book.id}/position"
    empty = {"seconds": 0.0, "speed": 1.0, "device": None, "finished": False, "updated_at": None}
    assert phone.get(url).json() == empty
    first = phone.put(url, json={"seconds": 61.5, "speed": 1.5, "device": "Phone", "known": None}).json()
    assert first == desk.get(url).json()
    late = desk.put(url, json={"seconds": 3.0, "device": "Desk", "known": None})
    assert (late.status_code, late.json()["code"], late.json()["position"]) == (409, "position_moved", first)
    moved = desk.put(url, json={"seconds": 4.0, "device": "Desk", "known": first["updated_at"]})
    assert moved.status_code == 200
    assert moved.json()["updated_at"] > first["updated_at"]
    listed = phone.get("/api/library/listening").json()["items"]
    assert (listed[0]["book"]["id"], listed[0]["position"]) == (book.id, moved.json())


def test_a_clock_that_was_set_back_changes_nothing(world: World, book: LibraryBook) -> None:
    """Each position has a time of its own, later than the one before."""
    browser, url = world.signed_in(), f"/api/library/books/{book.id}/position"
    known = None
    for seconds in (1.0, 2.0):
        answer = browser.put(url, json={"seconds": seconds, "device": "Desk", "known": known})
        assert answer.status_code == 200
        world.clock.ahead -= 3600
        known = answer.json()["updated_at"]
    world.clock.ahead = 0.0
    assert browser.get(url).json()["seconds"] == 2.0


def test_a_key_without_an_account_is_told_so(world: World, book: LibraryBook) -> None:
    """Positions are people's: the environment's key is nobody's."""
    for answer in (
        world.keyed().get(f"/api/library/books/{book.id}/position"),
        world.keyed().put(f"/api/library/books/{book.id}/position", json={"seconds": 1, "device": "x"}),
        world.keyed().get("/api/library/listening"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "no_account")


@pytest.mark.parametrize(
    "body",
    [
        {"seconds": -1, "device": "x"},
        {"seconds": 1e9, "device": "x"},
        {"seconds": 1, "device": "  "},
        {"seconds": 1, "device": "x", "speed": 100},
        {"seconds": 1, "device": "x", "known": "2026-01-01T00:00:00"},
        {"seconds": 1, "device": "x", "extra": 1},
    ],
)
def test_a_place_that_no_book_has_is_refused(world: World, book: LibraryBook, body: dict[str, object]) -> None:
    assert world.signed_in().put(f"/api/library/books/{book.id}/position", json=body).status_code == 422
    assert world.signed_in().get("/api/library/books/999999/position").status_code == 404
