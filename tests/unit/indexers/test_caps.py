"""Capabilities are read leniently, and categories chosen by their names."""

from __future__ import annotations

import pytest

from auralarchive.indexers.caps import choose_categories, read_caps
from auralarchive.indexers.feed import read_feed


def caps(*categories: str, searching: str = "", limits: str = "") -> bytes:
    listed = "".join(categories)
    return f"<caps>{limits}<searching>{searching}</searching><categories>{listed}</categories></caps>".encode()


def test_missing_parts_have_the_usual_values() -> None:
    """An empty answer means plain search and pages of a hundred."""
    read = read_caps(read_feed(b"<caps/>"))
    assert (read.page_size, read.search, read.book, read.raw) == (100, frozenset({"q"}), None, False)


@pytest.mark.parametrize(
    ("limits", "size"),
    [('max="60" default="25"', 60), ('max="500" default="100"', 100), ('max="x"', 100), ('max="0"', 100)],
)
def test_pages_are_as_large_as_allowed(limits: str, size: int) -> None:
    """The larger of both limits, but never above a hundred."""
    assert read_caps(read_feed(caps(limits=f"<limits {limits}/>"))).page_size == size


def test_searches_tell_their_parameters() -> None:
    """What is not available is not asked; what lists no parameters takes plain words."""
    read = read_caps(
        read_feed(
            caps(
                searching='<search available="no"/><book-search available="yes" supportedParams="q,Author,title"/>'
                '<audio-search available="yes" searchEngine="raw"/>'
            )
        )
    )
    assert read.search is None
    assert read.book == frozenset({"q", "author", "title"})
    raw = read_caps(read_feed(caps(searching='<search available="yes" searchEngine="raw"/>')))
    assert (raw.search, raw.raw) == (frozenset({"q"}), True)


@pytest.mark.parametrize(
    ("categories", "chosen"),
    [
        ('<category id="3000" name="Audio"><subcat id="3030" name="Audio/Audiobook"/></category>', (3030,)),
        ('<category id="3000" name="Audio"><subcat id="3050" name="Audiobooks"/></category>', (3050,)),
        ('<category id="3030" name="Podcasts"/><category id="100030" name="AudioBook"/>', (100_030,)),
        ('<category id="3000" name="Audio"><subcat id="3010" name="MP3"/></category>', (3000,)),
        ('<category id="5000" name="TV"/>', ()),
        ("", (3030,)),
    ],
    ids=["usual", "other number", "own number", "parent", "none", "unknown"],
)
def test_audiobooks_are_found_by_name(categories: str, chosen: tuple[int, ...]) -> None:
    """Whatever number an indexer gives them; where it lists nothing, the usual number is tried."""
    assert choose_categories((3030,), read_caps(read_feed(caps(categories)))) == chosen


def test_own_numbers_are_kept() -> None:
    """A category of the indexer's own that its owner typed is sent as it is."""
    read = read_caps(read_feed(caps('<category id="100123" name="Fantasy"/>')))
    assert choose_categories((3030, 100_123), read) == (100_123,)
