"""How well a release fits the book that is wanted: a score and what it is made of.

Titles are compared whole: the words of "It" stand in "You Like It Darker", too, and that is no match.
A subtitle, the series' name or the author's in a title are no strangers; other words are. A known
author who is somebody else, another volume or another language cost more than any likeness brings.
Unknown is neither: it costs a little where the title alone could mean many books.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from auralarchive.domain.book import Book
from auralarchive.domain.languages import language_code
from auralarchive.domain.release import Reason, Release, SearchQuery

#: How alike two texts are, 0.0 to 1.0, letter by letter and in order (an edit distance, not sets of words).
Similarity = Callable[[str, str], float]

TITLE_POINTS = 60.0
AUTHOR_POINTS = 35.0
EXTRA_POINTS = 5.0

_ALIKE = 0.86  # words that differ by a letter in seven
_MAX_WORDS = 60
_ARTICLES = frozenset(("the", "a", "an", "der", "die", "das", "le", "la", "les", "el", "il"))
_FILLERS = _ARTICLES | {"of", "and", "in", "by", "und", "von", "et", "de"}
_KINDS = frozenset(("novel", "book", "story", "tale", "thriller", "memoir", "unabridged", "series", "roman"))
_SAME = {"vol": "volume", "bk": "book", "pt": "part", "no": "number", "nr": "number"}
_SUBTITLE = re.compile(r"\s*(?:[:;(\[]|\s[-–—]\s)")
_PEOPLE = re.compile(r"\s*(?:[,;&/]|\band\b|\bund\b)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Wanted:
    title: str
    author: str | None
    narrator: str | None = None
    series: str | None = None
    series_part: str | None = None
    language: str | None = None


def match_score(
    wanted: SearchQuery | Book, release: Release, similarity: Similarity
) -> tuple[float, tuple[Reason, ...]]:
    """The score, 0 to 100, and its parts; their points add up to it, but for the limits at both ends."""
    book = _wanted(wanted)
    if book is None:
        assert isinstance(wanted, SearchQuery)
        reasons: Sequence[Reason] = [_free_text(wanted.words, release, similarity)]
    else:
        reasons = _reasons(book, release, similarity)
    score = sum(reason.points for reason in reasons)
    return round(min(100.0, max(0.0, score)), 1), tuple(reasons)


def _wanted(wanted: SearchQuery | Book) -> _Wanted | None:
    if isinstance(wanted, Book):
        return _Wanted(
            wanted.title, wanted.author or None, wanted.narrator, wanted.series, wanted.series_part, wanted.language
        )
    if not wanted.title:
        return None
    return _Wanted(wanted.title, wanted.author or None, wanted.narrator, language=wanted.language)


def _reasons(book: _Wanted, release: Release, similarity: Similarity) -> list[Reason]:
    likeness = _title_likeness(book, release, similarity)
    weight = TITLE_POINTS if book.author else TITLE_POINTS + AUTHOR_POINTS
    reasons = [Reason("title", round(weight * _steep(likeness), 1), _title_text(likeness))]
    if book.author:
        reasons.append(_author_reason(book, release, similarity))
    reasons.append(_narrator_reason(book, release, similarity))
    reasons += _penalties(book, release, similarity)
    return reasons


def title_words(title: str) -> tuple[str, ...]:
    """The words of a main title in one spelling: what two titles of one book have in common."""
    return _words(_split(title)[0])


# --- title ---------------------------------------------------------------------------------------


def _title_likeness(book: _Wanted, release: Release, similarity: Similarity) -> float:
    swapped = release.parsed.author is not None and _is_swapped(book, release, similarity)
    offered = str(release.parsed.author) if swapped else release.parsed.title
    pairs = _title_pairs(book, offered)
    best = max((_words_likeness(left, right, book, release, similarity) for left, right in pairs), default=0.0)
    return min(best, _subtitle_likeness(book.title, offered, similarity))


def _subtitle_likeness(wanted: str, offered: str, similarity: Similarity) -> float:
    """1.0 unless both have subtitles that differ: "Far Coasts: The Ferry" is not "Far Coasts: The Storm"."""
    left, right = _split(wanted)[1], _split(offered)[1]
    shared = min(len(left), len(right))
    return 1.0 if left[:shared] == right[:shared] else similarity(" ".join(left), " ".join(right))


def _title_pairs(book: _Wanted, offered: str) -> set[tuple[tuple[str, ...], tuple[str, ...]]]:
    """What may be compared: whole titles, main titles unless both have subtitles, a subtitle that stands alone."""
    (main, subtitle), (offered_main, offered_subtitle) = _split(book.title), _split(offered)
    pairs = {(_words(book.title), _words(offered))}
    if not (subtitle and offered_subtitle):
        pairs.add((_words(main), _words(offered_main)))
    if len(subtitle) >= 2 and not offered_subtitle:
        pairs.add((subtitle, _words(offered_main)))
    author = _words(book.author or "")
    if author:
        pairs |= {(left, _without(right, author)) for left, right in pairs}
    return {(left, right) for left, right in pairs if left and right}


def _split(title: str) -> tuple[str, tuple[str, ...]]:
    """Main title, and the words of its subtitle unless that only says that it is a book."""
    parts = _SUBTITLE.split(title, maxsplit=1)
    words = _words(parts[1]) if len(parts) > 1 and parts[0].strip() else ()
    telling = [word for word in words if word not in _FILLERS | _KINDS]
    return (parts[0] if parts[0].strip() else title), words if telling else ()


def _is_swapped(book: _Wanted, release: Release, similarity: Similarity) -> bool:
    """Whether what looked like the author is the title: "Title - Author" reads like "Author - Title"."""
    author, title = release.parsed.author or "", release.parsed.title
    if book.author:
        return _people_likeness(book.author, title, similarity) > max(
            0.7, _people_likeness(book.author, author, similarity)
        )
    return similarity(_joined(book.title), _joined(author)) > max(0.9, similarity(_joined(book.title), _joined(title)))


def _words_likeness(
    wanted: tuple[str, ...], offered: tuple[str, ...], book: _Wanted, release: Release, similarity: Similarity
) -> float:
    if _numbers(wanted) != _numbers(offered) and not _number_is_part(wanted, offered, book):
        return min(0.4, similarity(" ".join(wanted), " ".join(offered)))
    rest = _strangers(wanted, offered, book, release)
    if rest is not None and not rest:
        return 1.0 if wanted == offered else 0.97
    plain = similarity(" ".join(wanted), " ".join(offered))
    distinctive = len(wanted) >= 3 and len(" ".join(wanted)) >= 12
    return max(plain, 0.88) if rest is not None and distinctive and len(rest) <= len(wanted) else plain


def _strangers(
    wanted: tuple[str, ...], offered: tuple[str, ...], book: _Wanted, release: Release
) -> tuple[str, ...] | None:
    """The words around `wanted` inside `offered` that nothing explains; None where it does not stand in it."""
    size = len(wanted)
    at = next((start for start in range(len(offered) - size + 1) if offered[start : start + size] == wanted), None)
    if at is None:
        return None
    around = offered[:at] + offered[at + size :]
    known = {word for name in (book.series, book.author, release.parsed.series) for word in _words(name or "")}
    known |= {"book", "volume", "part", "novel", "series"} if known else set()
    return tuple(word for word in around if word not in known and word not in _ARTICLES and not _is_part(word, book))


def _number_is_part(wanted: tuple[str, ...], offered: tuple[str, ...], book: _Wanted) -> bool:
    """Whether the numbers differ only by the wanted book's own number in its series."""
    return all(_is_part(number, book) for number in set(_numbers(wanted)) ^ set(_numbers(offered)))


def _is_part(word: str, book: _Wanted) -> bool:
    return book.series_part is not None and word == book.series_part.strip().lstrip("0")


def _numbers(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if word.isdecimal())


def _without(words: tuple[str, ...], name: tuple[str, ...]) -> tuple[str, ...]:
    """`words` without `name` at their beginning or end."""
    if words[: len(name)] == name:
        return words[len(name) :]
    return words[: -len(name)] if words[-len(name) :] == name else words


def _steep(likeness: float) -> float:
    """Half alike is not half right: below 0.6 nothing, then ever more."""
    return max(0.0, (likeness - 0.6) / 0.4)


def _title_text(likeness: float) -> str:
    if likeness >= 0.97:
        return "The title is the wanted one."
    if likeness >= 0.85:
        return "The title is very much like the wanted one."
    return "The title resembles the wanted one." if likeness > 0.6 else "The title is another one."


# --- people --------------------------------------------------------------------------------------


def _author_reason(book: _Wanted, release: Release, similarity: Similarity) -> Reason:
    assert book.author is not None
    offered = release.parsed.author
    if offered and _is_swapped(book, release, similarity):
        offered = release.parsed.title
    likeness = _people_likeness(book.author, offered, similarity) if offered else 0.0
    if likeness < 0.7 and _named_in(book.author, release.title):
        likeness, offered = 0.95, book.author
    if offered is None:
        return _unknown_author(book, release, similarity)
    if likeness >= 0.7:
        return Reason("author", round(AUTHOR_POINTS * likeness, 1), f"The author is {offered}.")
    return Reason("author", 0.0, f"The author seems to be {offered}, not {book.author}.")


def _unknown_author(book: _Wanted, release: Release, similarity: Similarity) -> Reason:
    """A long title speaks for itself, and so does the series; a short one is the title of many books."""
    series = release.parsed.series
    if book.series and series and similarity(_joined(book.series), _joined(series)) >= _ALIKE:
        return Reason("author", round(AUTHOR_POINTS * 0.8, 1), "The release names its series, but not its author.")
    words = _words(release.parsed.title)
    telling = [word for word in words if word not in _FILLERS]
    share = 0.6 if len(telling) >= 2 and len(words) >= 3 else 0.1
    return Reason("author", round(AUTHOR_POINTS * share, 1), "The release does not name its author.")


def _narrator_reason(book: _Wanted, release: Release, similarity: Similarity) -> Reason:
    offered = release.parsed.narrator
    if not book.narrator:
        return Reason("narrator", EXTRA_POINTS, "Any narrator will do.")
    if offered is None and not _named_in(book.narrator, release.title):
        return Reason("narrator", EXTRA_POINTS / 2, "The release does not name its narrator.")
    if offered is None or _people_likeness(book.narrator, offered, similarity) >= 0.7:
        return Reason("narrator", EXTRA_POINTS, f"The narrator is {book.narrator}.")
    return Reason("narrator", -10.0, f"The narrator is {offered}, not {book.narrator}.")


def _people_likeness(wanted: str, offered: str, similarity: Similarity) -> float:
    """The best pair of one person each: one of several authors is enough."""
    pairs = ((left, right) for left in _people(wanted) for right in _people(offered))
    return max((_person_likeness(left, right, similarity) for left, right in pairs), default=0.0)


def _people(text: str) -> list[tuple[str, ...]]:
    """The names in a list of people. "Wells, H. G." is one person: its parts are tried together, too."""
    names = [_words(name) for name in _PEOPLE.split(text)[:8]]
    return [name for name in (*names, _words(text)) if name]


def _person_likeness(left: tuple[str, ...], right: tuple[str, ...], similarity: Similarity) -> float:
    left, right = _initials(left), _initials(right)
    if sorted(left) == sorted(right) or "".join(left) == "".join(right):
        return 1.0
    short, long = (left, right) if len(left) <= len(right) else (right, left)
    found = [word for word in short if any(_same_name(word, other, similarity) for other in long)]
    if len(found) < len(short) or not any(len(word) > 1 for word in found):
        return 0.0
    surname = any(_same_name(short[-1], other, similarity) and len(short[-1]) > 1 for other in long[-1:] + long[:1])
    if not surname:
        return 0.0
    return 0.95 if len(short) > 1 else 0.8


def _initials(words: tuple[str, ...]) -> tuple[str, ...]:
    """ "HG Wells" as "H G Wells"."""
    first = words[0] if words else ""
    split = len(words) > 1 and 2 <= len(first) <= 3 and not set(first) & set("aeiouy")
    return (*first, *words[1:]) if split else words


def _same_name(left: str, right: str, similarity: Similarity) -> bool:
    if left == right or (1 in (len(left), len(right)) and left[:1] == right[:1]):
        return True
    return min(len(left), len(right)) >= 5 and similarity(left, right) >= _ALIKE


def _named_in(person: str, title: str) -> bool:
    name, words = _words(person), _words(title)
    return bool(name) and any(words[at : at + len(name)] == name for at in range(len(words) - len(name) + 1))


# --- what speaks against it ----------------------------------------------------------------------


def _penalties(book: _Wanted, release: Release, similarity: Similarity) -> list[Reason]:
    parsed = release.parsed
    reasons = []
    if _is_other_part(book, release, similarity):
        reasons.append(Reason("series", -35.0, f"It is part {parsed.series_part}, not {book.series_part}."))
    wanted, offered = language_code(book.language or ""), language_code(parsed.language or "")
    if wanted and offered and wanted != offered:
        reasons.append(Reason("language", -40.0, f"Its language is {offered}, not {wanted}."))
    if parsed.abridged:
        reasons.append(Reason("abridged", -10.0, "It is an abridged edition."))
    return reasons


def _is_other_part(book: _Wanted, release: Release, similarity: Similarity) -> bool:
    parsed = release.parsed
    if book.series_part is None or parsed.series_part is None:
        return False
    if book.series and parsed.series and similarity(_joined(book.series), _joined(parsed.series)) < 0.6:
        return False  # a book may stand in two series, with a number in each
    return book.series_part.strip().lstrip("0") != parsed.series_part.strip().lstrip("0")


# --- free text -----------------------------------------------------------------------------------


def _free_text(text: str, release: Release, similarity: Similarity) -> Reason:
    """Of the words that were typed, how many are there; and of those that are there, how many were meant."""
    typed = [word for word in _words(text) if word not in _FILLERS] or list(_words(text))
    parsed = release.parsed
    title = [word for word in _words(parsed.title) if word not in _FILLERS] or list(_words(parsed.title))
    author = list(_words(parsed.author or ""))
    everything = set(_words(release.title)) | set(title) | set(author)
    if not typed or not everything:
        return Reason("words", 0.0, "There is nothing to compare.")
    found = [word for word in typed if any(_same_word(word, other, similarity) for other in everything)]
    meant = max(_share(title, typed, similarity), _share(title + author, typed, similarity))
    points = 100.0 * (len(found) / len(typed)) * (0.3 + 0.7 * meant)
    return Reason("words", round(points, 1), f"{len(found)} of {len(typed)} words of the search are in its title.")


def _share(words: list[str], typed: list[str], similarity: Similarity) -> float:
    if not words:
        return 0.0
    return sum(any(_same_word(word, other, similarity) for other in typed) for word in words) / len(words)


def _same_word(left: str, right: str, similarity: Similarity) -> bool:
    return left == right or (min(len(left), len(right)) >= 5 and similarity(left, right) >= _ALIKE)


# --- words ---------------------------------------------------------------------------------------


def _joined(text: str) -> str:
    return " ".join(_words(text))


def _words(text: str) -> tuple[str, ...]:
    """The words of a text in one spelling: no case, accents, apostrophes, leading article or zeros."""
    folded = unicodedata.normalize("NFKD", text[:600]).casefold().replace("&", " and ")
    letters = "".join(
        character if character.isalnum() else " "
        for character in folded
        if not unicodedata.combining(character) and character not in "'’`"
    )
    words = [_SAME.get(word, word) for word in letters.split()[:_MAX_WORDS]]
    words = [word.lstrip("0") or "0" if word.isdecimal() else word for word in words]
    if len(words) > 1 and words[0] in _ARTICLES:
        words = words[1:]
    # A title of nothing but signs ("?", "+") is compared as it stands.
    return tuple(words) or tuple(folded.split()[:_MAX_WORDS])
