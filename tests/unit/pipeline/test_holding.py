"""A search result that is there already is known as such, and one that only looks like it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auralarchive.domain.book import Book
from auralarchive.domain.release import ParsedTitle, Release
from auralarchive.pipeline.holding import Held, Holdings
from auralarchive.ports.store import Holding
from auralarchive.runtime.scoring import fit
from tests.support.scripted import a_release

EMMA = Book("B0", "Emma", "Jane Austen", narrator="Ann Reader", language="eng")
QUEUED = Holding(7, None, EMMA, ("Emma [M4B]", "Feed", 1000), frozenset({"ab" * 20}))
IN_LIBRARY = replace(QUEUED, download_id=3, book_id=12, release=("Old", "Other", 5), hashes=frozenset())


def offer(**parsed: object) -> Release:
    facts = {"title": "Emma", "author": "Jane Austen", **parsed}
    return a_release(title="As uploaded", parsed=ParsedTitle(**facts))  # type: ignore[arg-type]  # a test's choice


@pytest.mark.parametrize(
    "release",
    [
        a_release(info_hash="ab" * 20),
        a_release(title="Emma [M4B]", size=1000),
        a_release(title="Emma [M4B]", size=999),  # the size of a torrent is known better once it is fetched
    ],
)
def test_the_same_release(release: Release) -> None:
    """By its hash, or by its title at its indexer."""
    assert Holdings([QUEUED], fit).of(release) == Held("queue", 7, "same_release")


def test_without_a_hash_the_size_counts() -> None:
    """Two uploads of one name are told apart by their sizes where nothing else is known."""
    linked = replace(QUEUED, hashes=frozenset())
    assert Holdings([linked], fit).of(a_release(title="Emma [M4B]", size=999)) is None
    assert Holdings([linked], fit).of(a_release(title="Emma [M4B]", size=1000)) is not None
    assert Holdings([linked], fit).of(a_release(title="Emma [M4B]", size=1000, indexer="Other")) is None


def test_the_same_book_in_the_library_goes_before_the_queue() -> None:
    assert Holdings([QUEUED, IN_LIBRARY], fit).of(offer()) == Held("library", 12, "same_book")


@pytest.mark.parametrize(
    "parsed",
    [{}, {"narrator": "Somebody Else"}, {"title": "EMMA: A Novel"}, {"title": "Jane Austen", "author": "Emma"}],
)
def test_the_same_book_in_another_edition(parsed: dict[str, object]) -> None:
    assert Holdings([QUEUED], fit).of(offer(**parsed)) == Held("queue", 7, "same_book")


@pytest.mark.parametrize(
    "parsed",
    [
        {"author": "Somebody Else"},
        {"author": None},
        {"title": "Emma and I"},
        {"language": "deu"},
        {"title": ""},
        {"title": "?" * 300},
    ],
)
def test_another_book_is_no_twin(parsed: dict[str, object]) -> None:
    """Another author, language or title; and a title that says nothing."""
    assert Holdings([QUEUED], fit).of(offer(**parsed)) is None
