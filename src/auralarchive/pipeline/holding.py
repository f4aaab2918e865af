"""Whether what a search found is in the library or on its way there already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from auralarchive.domain.book import Book
from auralarchive.domain.matching import title_words
from auralarchive.domain.release import Release
from auralarchive.ports.store import Holding

#: How well a release fits a book, 0 to 100.
Fit = Callable[[Book, Release], float]

#: From here on it is the same book: title and author agree; another narrator reads the same book, too.
_SAME_BOOK = 85.0


@dataclass(frozen=True, slots=True)
class Held:
    """Where a release is: the id of a download, or of a book in the library; and how it was recognised."""

    kind: Literal["queue", "library"]
    id: int
    how: Literal["same_release", "same_book"]


class Holdings:
    """What was held at one moment, to be asked about any number of releases.

    Only books under the same words of a title are compared letter by letter: there may be thousands.
    """

    def __init__(self, held: Iterable[Holding], fit: Fit) -> None:
        self._fit = fit
        self._by_hash: dict[str, Holding] = {}
        self._by_release: dict[tuple[str | None, str | None], list[Holding]] = defaultdict(list)
        self._by_title: dict[tuple[str, ...], list[Holding]] = defaultdict(list)
        for one in held:
            self._by_hash |= dict.fromkeys(one.hashes, one)
            self._by_title[title_words(one.book.title)].append(one)
            title, indexer, _ = one.release
            if title is not None:
                self._by_release[title, indexer].append(one)

    def of(self, release: Release) -> Held | None:
        """Where this release is held, or else its book; None: it is new."""
        same = self._same_release(release)
        if same is not None:
            return _held(same, "same_release")
        book = self._same_book(release)
        return None if book is None else _held(book, "same_book")

    def _same_release(self, release: Release) -> Holding | None:
        by_hash = self._by_hash.get(release.info_hash or "")
        if by_hash is not None:
            return by_hash
        named = self._by_release.get((release.title, release.indexer), ())
        return next((one for one in named if one.release[2] in (None, release.size) or one.hashes), None)

    def _same_book(self, release: Release) -> Holding | None:
        parsed = release.parsed
        words = {title_words(parsed.title), title_words(parsed.author or parsed.title)}
        alike = (one for key in words for one in self._by_title.get(key, ()))
        # The library before the queue: what can be heard is what a person would rather know.
        fitting = [one for one in alike if self._fit(one.book, release) >= _SAME_BOOK]
        return min(fitting, key=lambda one: (one.book_id is None, one.download_id), default=None)


def _held(one: Holding, how: Literal["same_release", "same_book"]) -> Held:
    if one.book_id is not None:
        return Held("library", one.book_id, how)
    return Held("queue", one.download_id, how)
