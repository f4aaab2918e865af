"""The scores of results: the domain's rules, and a comparison that forgives spelling."""

from __future__ import annotations

from auralarchive.domain.quality import QualityPreferences
from auralarchive.domain.release import ParsedTitle, SearchQuery
from auralarchive.runtime.clock import SystemClock
from auralarchive.runtime.scoring import score_with, similarity
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
