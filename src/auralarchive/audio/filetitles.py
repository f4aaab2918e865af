"""Words chapters: titles as they are shown, and titles for files that have none of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from auralarchive.audio.probe import Probe

#: UTF-8 bytes of a title in the chapter track, which our own reader takes whole.
LONGEST = 4000
#: They show nothing themselves, but join emoji, and letters of Persian and of Indian scripts.
_JOINERS = "\u200c\u200d"
_COUNTING = re.compile(
    "cd|dis[ck]|track|file|chapter|part|of|kapitel|teil|von|chapitre|partie|de|cap[ií]tulo|parte|capitolo"
)
_NUMBER_IN_FRONT = re.compile(
    r"^(?:(?:cd|dis[ck]|track)\s*\d{1,3}(?:\s*[-.)_:]+\s+|\s+(?=\d))(?:\d{1,4}(?:\s*[-.)_:]+\s*|\s+))?"
    r"|\d{1,4}(?:\s*[-/]\s*\d{1,4})?\s*[-.)_:]*\s+)",
    re.IGNORECASE,
)
_EDGE = " -–—:,._|~"


def chapter_title(text: str) -> str:
    """One line of visible text of bounded length; emoji and scripts of every direction stay whole."""
    text = text[:LONGEST]
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() or letter in _JOINERS else " " for letter in text)
    line = " ".join(text.split()).strip(_JOINERS)
    return line.encode()[:LONGEST].decode("utf-8", "ignore")


def says_nothing(title: str) -> bool:
    """Whether `title` only counts, as "Part 01", "CD 2 Track 3" and "007" do."""
    words = re.findall(r"[^\W\d_]+", title.casefold())
    counts = not words or re.search(r"\d", title) is not None
    return counts and all(map(_COUNTING.fullmatch, words))


def file_titles(probes: Sequence[Probe]) -> list[str]:
    """One title a file: its tag where these tell the files apart, else its only chapter's, else its name."""
    tagged = [chapter_title(probe.tags.title) for probe in probes]
    inner = [chapter_title(probe.chapters[0].title) if len(probe.chapters) == 1 else "" for probe in probes]
    named = [chapter_title(probe.source.relative.stem.replace("_", " ")) for probe in probes]
    books = {chapter_title(probe.tags.album) for probe in probes} - {""}
    for titles in (tagged, inner, _cleaned(named, books)):
        if _tell_apart(titles):
            cleaned = _cleaned(titles, books)
            return cleaned if _tell_apart(cleaned) else titles
    return [f"Chapter {number}" for number in range(1, len(probes) + 1)]


def _tell_apart(titles: Sequence[str]) -> bool:
    return all(titles) and len(set(titles)) == len(titles)


def _cleaned(titles: Sequence[str], books: set[str]) -> list[str]:
    """Without the book's title in front of each, and without numbers where all have one and words."""
    if len(titles) > 1:
        length = max(len(_common_front(titles)), *(_book_in_front(titles, book) for book in books), 0)
        titles = [title[length:].strip(_EDGE) for title in titles]
        bare = [_without_number(title) for title in titles]
        if all(short != title for short, title in zip(bare, titles, strict=True)):
            titles = bare
    return [_spelt(title) for title in titles]


def _common_front(titles: Sequence[str]) -> str:
    """What all titles begin with, if it is set off from the rest: "Chapter" alone stays."""
    first, last = min(titles), max(titles)
    differs = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    found = re.match(r".*(?:\s[-–—|~]\s|[:,]\s)", first[:differs])
    return found[0] if found else ""


def _book_in_front(titles: Sequence[str], book: str) -> int:
    size = len(book)
    common = all(title[:size].casefold() == book.casefold() and title[size:].strip(_EDGE) for title in titles)
    return size if common else 0


def _without_number(text: str) -> str:
    """Without the number in front of it, where words follow."""
    rest = _NUMBER_IN_FRONT.sub("", text)
    return rest if re.search(r"[^\W\d_]", rest) else text


def _spelt(title: str) -> str:
    return f"Chapter {int(title)}" if title.isdecimal() and len(title) <= 4 else title
