"""How the packs of folders become books; whole downloads are in test_arrangement.py."""

from __future__ import annotations

from auralarchive.audio.grouping import divide
from auralarchive.audio.probe import Probe
from tests.support.probes import made


def _labels(*probes: Probe) -> list[tuple[str, int]]:
    packs, left = divide(probes)
    assert not left
    return sorted((pack.label, len(pack.probes)) for pack in packs)


def test_a_book_is_called_as_the_innermost_folder_that_says_more_than_its_part() -> None:
    files = [made(f"Herbert/Dune/CD{disc}/{n}.mp3") for disc in (1, 2) for n in (1, 2)]
    assert _labels(*files) == [("Dune", 4)]
    assert _labels(*(made(f"Dune/MP3/{n}.mp3") for n in (1, 2))) == [("Dune", 2)]
    assert _labels(made("Book 1 - Dust/x.m4b"), made("Book 2 - Rain/x.m4b")) == [
        ("Book 1 - Dust", 1),
        ("Book 2 - Rain", 1),
    ]


def test_the_folder_that_was_given_names_the_book() -> None:
    assert _labels(made("1.mp3", root="/x/Dune"), made("2.mp3", root="/x/Dune")) == [("Dune", 2)]


def test_folders_given_one_by_one_are_discs_or_books() -> None:
    assert len(_labels(*(made(f"{n}.mp3", root=f"/x/CD{disc}") for disc in (1, 2) for n in (1, 2)))) == 1
    assert len(_labels(*(made(f"{n}.mp3", root=f"/x/{book}") for book in ("Dune", "Emma") for n in (1, 2)))) == 2


def test_what_names_no_album_goes_where_its_name_tells() -> None:
    albums = [made(f"{album}{n}.mp3", album=album, track=n) for album in ("Dune", "Emma") for n in (1, 2)]
    assert [count for _, count in _labels(*albums, made("Emma - 3.mp3"))] == [2, 3]
    assert [count for _, count in _labels(*albums, made("Birch.mp3"))] == [1, 2, 2]


def test_books_of_one_folder_are_not_joined_with_those_of_another() -> None:
    files = [made(f"{shelf}/{book}.m4b") for shelf in ("Left", "Right") for book in ("Dune", "Emma " + shelf)]
    packs, left = divide([*files[:1], made("Left/Emma.m4b", seconds=700), *files[3:]])
    assert len(packs) == 3
    assert not left


def test_folders_as_deep_as_can_be_cost_no_recursion() -> None:
    assert len(_labels(made("/".join(["x"] * 1500) + "/1.mp3"), made("2.mp3"))) == 1
