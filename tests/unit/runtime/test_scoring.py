"""The scores of results: the domain's rules, and a comparison that forgives spelling."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auralarchive.domain.book import Book
from auralarchive.domain.quality import QualityPreferences
from auralarchive.domain.release import ParsedTitle, SearchQuery
from auralarchive.ports.work import CancelToken
from auralarchive.runtime.clock import SystemClock
from auralarchive.runtime.scoring import fit, score_with, similarity
from tests.support.indexing import a_librivox
from tests.support.libraries import EMMA, EMMA_2, EMMA_PLAY, Libraries
from tests.support.scripted import a_release


def test_alike_is_between_nothing_and_the_same() -> None:
    assert similarity("emma", "emma") == 1.0
    assert similarity("emma", "xyz") == 0.0
    assert 0.5 < similarity("hound of the baskervilles", "hound of the baskerviles") < 1.0


def test_the_wanted_book_scores_above_another() -> None:
    """With reasons that a person can read."""
    score = score_with(QualityPreferences(), SystemClock())
    query = SearchQuery(title="Emma", author="Jane Austen")
    right = score(query, a_release(title="Jane Austen - Emma", parsed=ParsedTitle("Emma", "Jane Austen")))
    wrong = score(query, a_release(title="Ada Author - Other", parsed=ParsedTitle("Other", "Ada Author")))
    assert 0 <= wrong.match < right.match <= 100
    assert right.match_reasons
    assert 0 <= right.quality <= 100


def test_a_book_is_fitted_with_all_that_is_known_of_it() -> None:
    """In another language it is another edition."""
    book = Book("B0", "Emma", "Jane Austen", language="deu")
    assert fit(book, a_release(title="Emma", parsed=ParsedTitle("Emma", "Jane Austen"))) > 85
    assert fit(book, a_release(title="Emma", parsed=ParsedTitle("Emma", "Jane Austen", language="eng"))) < 85


QUERIES = [{"title": "Emma", "author": "Jane Austen"}, {"text": "emma"}, {"text": "emma jane austen"}]


@pytest.mark.parametrize("text", QUERIES, ids=str)
def test_recordings_of_a_free_book_are_all_that_book(text: dict[str, str]) -> None:
    """A version, a dramatic reading: each is the wanted book. What only begins alike is not."""
    other = replace(EMMA, id=5, item="emmanuel", title="Emmanuel Burden", first_name="Hilaire", last_name="Belloc")
    with Libraries() as libraries:
        libraries.add(EMMA, EMMA_2, EMMA_PLAY, other)
        found = a_librivox(libraries).search(SearchQuery(title="Emma"), CancelToken())
    score = score_with(QualityPreferences(), SystemClock())
    *right, wrong = [score(SearchQuery(**text), release) for release in found]
    assert len(right) == 3
    assert min(one.match for one in right) >= 85
    assert wrong.match < 60
    assert min(one.quality for one in right) > 70
    assert not any(one.rejections for one in right)


def test_a_version_that_was_typed_is_the_first() -> None:
    with Libraries() as libraries:
        libraries.add(EMMA, EMMA_2, EMMA_PLAY)
        found = a_librivox(libraries).search(SearchQuery(title="Emma"), CancelToken())
    score = score_with(QualityPreferences(), SystemClock())
    for words, number in (("emma version 2", 1), ("emma dramatic reading", 2)):
        matches = [score(SearchQuery(text=words), release).match for release in found]
        assert matches.index(max(matches)) == number
