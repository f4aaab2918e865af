"""What books are called, by names and tags, in one spelling: so that "Dune (Disc 1) [64k]" and "Dune, Part 2" meet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from auralarchive.audio.numbering import Label, Numeral, plain, scan
from auralarchive.audio.numerals import fold
from auralarchive.audio.probe import Probe
from auralarchive.audio.reading import Value
from auralarchive.domain.vocabulary import ends_titles, is_tag

#: What counts the parts of one book; volumes and bare numbers may as well count books.
PARTS = (Label.DISC, Label.PART, Label.CHAPTER, Label.TRACK)
_MOST_AGREED = 0.6
_LONGEST = 255
#: "1984" and "2001" are titles, or years, and "20000 Leagues" counts none of its parts.
_YEARS, _HIGHEST_COUNTED = range(1800, 2101), 9999

_WORD = re.compile(r"\d+|[^\W\d_]+")
_BRACKETS = re.compile(r"[(\[{][^()\[\]{}]*[)\]}]")
#: Formats and rates hold digits that number nothing: "M4B", "64k", "128 kbps", "44.1kHz".
_FORMATS = re.compile(
    r"(?<![^\W_])(?:mp[34]|m4[abp]|flac\d*|aac|opus|ogg|aaxc?|\d{2,3}\s?k(?:b(?:it)?(?:/?p?s)?)?|[\d.]{1,6}\s?khz)(?![^\W_])",
    re.IGNORECASE,
)
_FRONT_NUMBER = re.compile(r"\A\s*[\[(#]?\d{1,3}[\])]?(?:\s*[-–—._:)]\s*|\s+)(?=\S*[^\W\d_]|\Z)")
_COPY = re.compile(r"[-_ ]*\b(?:copy|kopie)\b(?:\s*\d)?\s*\Z", re.IGNORECASE)
_GENERIC = frozenset(
    ("unknown", "unknown album", "album", "untitled", "various", "books", "horbucher", "misc", "new", "downloads")
)


@dataclass(frozen=True, slots=True)
class Call:
    """How something is called among its neighbours: what number it has of what, and the words around that.

    `before` are the words in front of the number only: what follows "Part 1" may be the part's own title. `leading`
    is the same as it is written.
    """

    label: Label | None
    number: Value | None
    before: str
    words: str
    leading: str

    @property
    def is_part(self) -> bool:
        return self.label in PARTS


def call(name: str) -> Call:
    """Read the name of a folder, or of a file without its suffix."""
    text = _FORMATS.sub(" ", plain(_COPY.sub("", name[:_LONGEST]))).strip()
    numbers = scan(text)
    number = _telling(numbers, text)
    if number is None:
        words = _spelt(text)
        return Call(None, None, words, words, text)
    parts = [each for each in numbers if each is number or each.label in PARTS]
    before = _without([each for each in parts if each.end <= number.start], text[: number.start])
    around = _without(parts, text)
    before, around = (_spelt(_FRONT_NUMBER.sub("", each)) for each in (before, around))
    return Call(number.label, (number.value, number.suffix), before, around, text[: number.start].rstrip(" -–—_.,:([#"))


def _telling(numbers: Sequence[Numeral], text: str) -> Numeral | None:
    """The number that counts: of a part, else of a volume, else a bare one at either end or before a dash."""
    for labels in (PARTS, (Label.VOLUME,)):
        for number in numbers:
            if number.label in labels:
                return number
    return next((number for number in numbers if _stands_apart(number, text)), None)


def _stands_apart(number: Numeral, text: str) -> bool:
    if number.value in _YEARS or number.value > _HIGHEST_COUNTED:
        return False
    before, after = text[: number.start].strip(" ([#"), text[number.end :].strip(" ()[]")
    return not before or not after or after.startswith(("-", "–", "—", ":"))


def key(text: str) -> str:
    """A title in one spelling: without parts, formats, what stands in brackets, case, accents and signs."""
    text = _FORMATS.sub(" ", plain(text))
    return _spelt(_without([number for number in scan(text) if number.label in PARTS], text))


def _without(numbers: Sequence[Numeral], text: str) -> str:
    for number in reversed(numbers):
        text = f"{text[: number.start]} {text[number.end :]}"
    return text


def _spelt(text: str) -> str:
    return " ".join(_words(_BRACKETS.sub(_kept_bracket, text)) or _words(text)) if text.strip() else ""


def _kept_bracket(match: re.Match[str]) -> str:
    """Of what stands in brackets only a volume tells books apart."""
    return match[0] if any(number.label is Label.VOLUME for number in scan(match[0])) else " "


def _words(text: str) -> list[str]:
    words = (word.lstrip("0") or "0" for word in _WORD.findall(fold(text)))
    return [word for word in words if word.isdecimal() or not is_tag(word) or ends_titles(word)]


@dataclass(frozen=True)
class Facts:
    """What a set of files says of itself, agreed upon by most of them; empty where they do not."""

    probes: tuple[Probe, ...]

    @cached_property
    def album(self) -> str:
        """The album of most files that name one."""
        return _agreed(albums(self.probes))

    @cached_property
    def title(self) -> str:
        """The title tag of a single file, in one spelling."""
        return key(self.probes[0].tags.title) if len(self.probes) == 1 else ""

    @cached_property
    def series_part(self) -> str:
        return _agreed(probe.tags.series_part for probe in self.probes)

    @cached_property
    def seconds(self) -> float:
        return sum(probe.seconds for probe in self.probes)


def albums(probes: Iterable[Probe]) -> list[str]:
    """The album of each file in one spelling; empty where it names none, or one that means nothing."""
    spelt: dict[str, str] = {}
    found = []
    for probe in probes:
        album = probe.tags.album
        if album not in spelt:
            words = key(album)
            spelt[album] = "" if words in _GENERIC else words
        found.append(spelt[album])
    return found


def _agreed(texts: Iterable[str]) -> str:
    """The most frequent, where it is by far; of equals none."""
    found = Counter(text for text in texts if text)
    top, count = found.most_common(1)[0] if found else ("", 0)
    return top if count >= _MOST_AGREED * found.total() else ""


def displayed(texts: Iterable[str]) -> str:
    """The most frequent text as people read it: without the part and what stands in brackets."""
    counted = Counter(text for text in texts if text)
    if not counted:
        return ""
    # Of equals the smallest, so that the sequence of the files does not matter.
    whole = plain(min(counted, key=lambda one: (-counted[one], one)))
    text = whole
    for number in reversed(scan(text)):
        if number.label in PARTS:
            text = f"{text[: number.start].rstrip(' ,;:-–(')} {text[number.end :].lstrip(' )')}"
    bare = " ".join(_BRACKETS.sub(_kept_bracket, text).split()).strip(" ,;:-–")
    return bare or whole.strip()
