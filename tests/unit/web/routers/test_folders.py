"""What is told of a folder or a template while it is typed."""

from __future__ import annotations

from typing import Any

import pytest

from auralarchive.domain.naming import TOKENS
from auralarchive.ports.library import LibraryFile
from tests.support.records import NOON, a_book
from tests.support.web import World


def naming(world: World, template: str) -> dict[str, Any]:
    answer = world.keyed().post("/api/settings/library/naming", json={"template": template})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_folder_is_told_with_its_remedies(world: World) -> None:
    """One that is not good is an answer, not an error: the person is still typing."""
    told = world.keyed().post("/api/settings/library/check", json={"path": "/data/library"}).json()
    assert (told["exists"], told["ok"], told["free_bytes"], told["file_system"]) == (True, False, 10, "ext4")
    assert told["findings"][1] == {"ok": False, "subject": "Folder", "message": "No room.", "remedy": "Make some."}
    assert world.keyed().post("/api/settings/folder/check", json={"path": "/data"}).json()["ok"]


@pytest.mark.parametrize("body", [{"path": ""}, {"path": "/a\x00b"}, {"path": "/" + "a" * 5000}, {"path": 1}, {}])
def test_what_is_no_path_is_refused(world: World, body: dict[str, object]) -> None:
    for address in ("/api/settings/folder/check", "/api/settings/library/check"):
        if address.endswith("library/check") and body == {}:
            continue  # asks about the folder that is used where none is named
        assert world.keyed().post(address, json=body).status_code == 422


def test_a_template_is_tried_on_books_of_the_library_and_on_hard_ones(world: World) -> None:
    """Other people's words come out as harmless names: no slash of a title opens a folder."""
    book = a_book(title="A/B: C", author="../../etc")
    made = world.commands.enqueue(book)
    file = LibraryFile("a/b.m4b", "audio", 1, "0" * 64, "link")
    world.store.books.save(made.id, book, [file], 1.0, [], NOON)
    told = naming(world, "{author}/{series}/{series_part:02} {title}")
    mine, *others = told["samples"]
    assert told["error"] is None
    assert (mine["yours"], mine["title"]) == (True, "A/B: C")
    assert mine["path"].count("/") == 2
    assert not any(part.startswith(".") for part in mine["path"].split("/"))
    assert not any(one["yours"] for one in others)
    paths = [one["path"] for one in others]
    assert "L. M. Montgomery/Anne of Green Gables/02 Anne of Avonlea/Anne of Avonlea.m4b" in paths
    assert any(max(len(part.encode()) for part in path.split("/")) == 255 for path in paths)
    assert {one["token"] for one in told["tokens"]} == set(TOKENS)


@pytest.mark.parametrize(
    ("template", "marked"),
    [
        ("{author}/{titel}/{title}.m4b", "{titel}"),
        ("{author}/{title/{title}.m4b", "{title"),
        ("🎧 {author:02}/{title}/x {title}", "{author:02}"),
        ("{author}/{title}?/{title}", "?"),
        ("{author}/books/{title}.m4b", "books"),
        ("", ""),
    ],
)
def test_an_error_says_where_it_is(world: World, template: str, marked: str) -> None:
    """In the counting of browsers, where a picture sign counts two."""
    error = naming(world, template)["error"]
    units = template.encode("utf-16-le")
    assert units[2 * error["start"] : 2 * error["end"]].decode("utf-16-le") == marked
    assert error["reason"]
    assert error["remedy"]
