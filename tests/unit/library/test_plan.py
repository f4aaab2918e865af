"""The same book gets the same names each time. More about names is in tests/hostile/test_paths.py."""

from __future__ import annotations

import pytest

from auralarchive.domain.naming import DEFAULT_TEMPLATE, parse_template
from auralarchive.library.plan import COMPANION_SUFFIXES, Plan, make_plan
from auralarchive.ports.errors import InvalidInput
from auralarchive.ports.library import ImportRequest
from tests.unit.library.support import JPEG, Place


def plan(request: ImportRequest) -> Plan:
    return make_plan(request, parse_template(DEFAULT_TEMPLATE), ())


def test_the_order_of_companions_does_not_change_their_names(place: Place) -> None:
    files = tuple(place.download(f"{folder}/booklet.pdf") for folder in "cab")
    forwards, backwards = (plan(place.request(companions=order)) for order in (files, files[::-1]))
    assert forwards == backwards
    assert [piece.name for piece in forwards.pieces[1:]] == ["booklet.pdf", "booklet (2).pdf", "booklet (3).pdf"]


def test_the_cover_is_named_by_what_it_is(place: Place) -> None:
    pieces = plan(place.request(cover=place.download("cover.png", JPEG))).pieces
    assert [piece.name for piece in pieces] == ["Emma.m4b", "cover.jpg"]


@pytest.mark.parametrize("name", ["setup.exe", "run.lnk", "x.scr", "page.js", "noextension", "a.pdf.exe"])
def test_what_can_be_run_stays_outside(place: Place, name: str) -> None:
    with pytest.raises(InvalidInput):
        plan(place.request(companions=(place.download(name),)))


@pytest.mark.parametrize("suffix", sorted(COMPANION_SUFFIXES))
def test_what_belongs_to_a_book_is_taken(place: Place, suffix: str) -> None:
    companion = place.download(f"extra{suffix.upper()}")
    assert plan(place.request(companions=(companion,))).pieces[1].name == f"extra{suffix.upper()}"


def test_the_cover_is_not_taken_twice(place: Place) -> None:
    """Where the release's own picture became the cover, it is one file in the library."""
    cover, same = place.download("work/cover.jpg", JPEG), place.download("folder.jpg", JPEG)
    other = place.download("back.jpg", JPEG[::-1])
    pieces = plan(place.request(cover=cover, companions=(same, other))).pieces
    assert [piece.name for piece in pieces] == ["Emma.m4b", "cover.jpg", "back.jpg"]
