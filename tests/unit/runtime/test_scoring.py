"""The scores of results: the domain's rules, and a comparison that forgives spelling."""

from __future__ import annotations

from auralarchive.domain.book import Book
from auralarchive.domain.quality import QualityPreferences
from auralarchive.domain.release import ParsedTitle, SearchQuery
from auralarchive.runtime.clock import SystemClock
from auralarchive.runtime.scoring import fit, score_with, similarity
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
