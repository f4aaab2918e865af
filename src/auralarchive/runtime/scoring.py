"""The scores of search results: the domain's rules with a fuzzy comparison of words."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module

from auralarchive.domain.book import Book
from auralarchive.domain.matching import match_score
from auralarchive.domain.quality import QualityPreferences, quality_score
from auralarchive.domain.release import Release, SearchQuery
from auralarchive.pipeline.searching import Score, Scores
from auralarchive.ports.work import Clock


def score_with(preferences: QualityPreferences, clock: Clock) -> Score:
    """A scorer for these preferences."""

    def score(query: SearchQuery, release: Release) -> Scores:
        match, match_reasons = match_score(query, release, similarity)
        quality, quality_reasons, rejections = quality_score(release, preferences, now=clock.now())
        return Scores(match, match_reasons, quality, quality_reasons, rejections)

    return score


def fit(book: Book, release: Release) -> float:
    """How well a release fits a book that is known, 0 to 100."""
    return match_score(book, release, similarity)[0]


def similarity(left: str, right: str) -> float:
    """How alike two texts are, 0.0 to 1.0."""
    return _ratio()(left, right) / 100


@cache
def _ratio() -> Callable[[str, str], float]:
    """Loaded by the first search: an idle server does not need its megabytes."""
    ratio: Callable[[str, str], float] = import_module("rapidfuzz.fuzz").ratio
    return ratio
