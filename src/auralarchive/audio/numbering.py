"""What a name says of its place: "Disc 2", "Part 03 of 12", "Chapter IV", "01-03", "Kapitel Einundzwanzig", "Prologue".

One pass over the words of a name; what it means is decided by `reading.py`, which sees all names together.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from auralarchive.audio.numerals import FIRST_WORDS, LONGEST_WRITTEN, WRITTEN, fold, roman

#: Longer names do not exist on any disk; titles in tags do, and their beginning is enough.
_LONGEST = 255
_TOKEN = re.compile(r"\d{1,18}|[^\W\d_]+")
_DIGITS = re.compile(r"(\d{1,18})")
#: Marks that end a field: a number alone between two of them needs no word in front of it.
_FIELD_END = re.compile(r"[^\w\s]|_")
#: What may stand between a label and its number: "Disc #2", "CD-1", "Kap. 3".
_JOINT = re.compile(r"[\s._#:°(-]*")
_OF = frozenset(("of", "von", "de", "sur", "di", "van"))
_ORDINAL_ENDS = frozenset(("st", "nd", "rd", "th", "er", "re", "e", "eme"))
#: Without a label only these are numbers: C and L are initials, and small letters are words.
_INITIALS = frozenset(("C", "L"))


class Label(IntEnum):
    """What a number counts, from the largest to the smallest."""

    VOLUME = 0
    DISC = 1
    PART = 2
    CHAPTER = 3
    TRACK = 4
    BARE = 5


_WORDS = {
    Label.VOLUME: "book bk buch band bd volume vol volumen livre tome libro tomo episode folge",
    Label.DISC: "cd disc disk disque disco scheibe cassette kassette tape dvd",
    Label.PART: "part pt parts teil tl partie parte section segment abschnitt side seite",
    Label.CHAPTER: "chapter chap ch chapters kapitel kap chapitre capitulo cap capitolo hoofdstuk",
    Label.TRACK: "track tr titel piste pista spur file datei",
}
_LABELS = {word: label for label, words in _WORDS.items() for word in words.split()}

#: Parts that stand in front of, or behind, the numbered ones when they have no number; each in its own order.
_FRONT = (
    "opening credits|credits opening|opening|vorspann|title|titel",
    "dedication|epigraph|widmung|motto",
    "foreword|preface|vorwort|avant propos|preambule|prefacio",
    "intro|introduction|einleitung|einfuhrung|introduccion",
    "prologue|prolog|prologo",
)
_BACK = (
    "epilogue|epilog|epilogo",
    "afterword|outro|conclusion|nachwort|postface|postscript",
    "appendix|appendices|glossary|anhang|glossar|annexe",
    "acknowledg(?:e)?ments?|danksagung|remerciements|author s note|authors? note|about the authors?|notes",
    "(?:bonus|interview|extras?)(?: .*)?|.* (?:bonus|interview|extras?)",
    "closing credits|end credits|credits|closing|credits end|abspann",
    "(?:.* )?(?:sample|trailer|preview|teaser|excerpt|leseprobe|horprobe|hoerprobe|extrait)(?: .*)?",
)
_FRONT_PLACES = [re.compile(words) for words in _FRONT]
_BACK_PLACES = [re.compile(words) for words in _BACK]
#: Names that have none of these are never looked at twice.
_MATTER_HINT = re.compile(
    r"open|credit|vorspann|tit|dedic|epig|widmung|motto|fore|pre|vorw|avant|intro|einl|einf|pro|epil|after|outro|concl"
    r"|nachw|post|app|glos|anhang|annex|ackn|dank|remer|author|note|bonus|interv|extra|clos|absp|sample|trailer|tease"
    r"|excerpt|probe"
)


@dataclass(frozen=True, slots=True)
class Numeral:
    """One number in a name: `suffix` of "12b" is "b", `total` of "3 of 12" is 12; the span is in `plain(name)`."""

    label: Label
    value: int
    suffix: str = ""
    total: int | None = None
    start: int = 0
    end: int = 0


def plain(name: str) -> str:
    """`name` with full-width and other compatible characters in their usual form."""
    name = name[:_LONGEST]
    return name if name.isascii() else unicodedata.normalize("NFKC", name)


def natural(name: str) -> tuple[tuple[int, int | str], ...]:
    """A key by which "2" comes before "10", and digits before words."""
    pieces = _DIGITS.split(plain(name).casefold())
    # Never compared with each other: (0, number) or (1, word).
    return tuple((0, int(piece)) if piece.isdecimal() else (1, piece.strip()) for piece in pieces if piece.strip())


@lru_cache(maxsize=4096)  # the names of one download are read several times: as a part, as a title, in order
def scan(name: str) -> tuple[Numeral, ...]:
    """All numbers of a name, in the order in which they stand."""
    text = plain(name)
    return _Scanner(text, list(_TOKEN.finditer(text))).run()


def matter(name: str) -> int:
    """Below zero for what stands in front of a book (prologue, opening credits), above for what stands behind it."""
    text = fold(plain(name))
    if not _MATTER_HINT.search(text):
        return 0
    fields = [text, *re.split(r"\s[-–—:]\s|[()\[\]]", text)]
    words = [" ".join(_TOKEN.findall(field)) for field in fields]
    for place, pattern in enumerate(_FRONT_PLACES):
        if any(pattern.fullmatch(field) for field in words):
            return place - len(_FRONT_PLACES)
    for place, pattern in enumerate(_BACK_PLACES, 1):
        if any(pattern.fullmatch(field) for field in words):
            return place
    return 0


def is_sample(name: str) -> bool:
    """Whether a file or folder of that name is a taste of the book, not a part of it."""
    return matter(name) == len(_BACK_PLACES)


class _Scanner:
    """Goes once over the words of one name."""

    def __init__(self, text: str, tokens: list[re.Match[str]]) -> None:
        self._text, self._tokens = text, tokens
        self._at = 0
        self._label: tuple[Label, int] | None = None  # a label that waits for its number, and where it begins
        self._found: list[Numeral] = []

    def run(self) -> tuple[Numeral, ...]:
        while self._at < len(self._tokens):
            if self._is_number(0):
                self._take_digits()
            else:
                self._take_word()
        return tuple(self._found)

    def _take_digits(self) -> None:
        value = int(self._tokens[self._at][0])
        if self._label is None and self._keep_place(value, 2 if fold(self._word(1)) in _ORDINAL_ENDS else 1):
            return
        self._keep(value, 1)

    def _take_word(self) -> None:
        word = fold(self._word(0))
        if self._label is not None or self._begins_field():
            value, count = self._spelt(word)
            if count and (self._label is not None or self._ends_field(count)):
                self._keep(value, count)
                return
        label = _LABELS.get(word)
        if label is None and word in FIRST_WORDS and self._keep_place(*self._written(word)):
            return
        self._label = (label, self._tokens[self._at].start()) if label is not None else None
        self._at += 1

    def _keep(self, value: int, count: int) -> None:
        """Take the number that `count` words make, with the label in front, a letter and a total behind."""
        label, begin = Label.BARE, self._tokens[self._at].start()
        if self._label is not None and _JOINT.fullmatch(self._gap(0)):
            label, begin = self._label
        self._label = None
        self._at += count
        suffix = self._take_suffix()
        total = self._take_total()
        self._found.append(Numeral(label, value, suffix, total, begin, self._tokens[self._at - 1].end()))

    def _keep_place(self, value: int, count: int) -> bool:
        """Take "Second Part", "Erster Teil", "2. Teil", "1st Disc": the label stands `count` words behind."""
        label = _LABELS.get(fold(self._word(count))) if count else None
        if label is None or self._is_number(count + 1) or not self._ends_field(count + 1):
            return False
        start, end = self._tokens[self._at].start(), self._tokens[self._at + count].end()
        self._at += count + 1
        if self._at < len(self._tokens) and self._spelt(fold(self._word(0)))[1]:
            self._at -= count + 1
            return False
        self._found.append(Numeral(label, value, start=start, end=end))
        return True

    def _take_suffix(self) -> str:
        """The single letter right behind digits ("12b"), unless a number follows it at once ("1x03")."""
        letter = self._word(0)
        glued = len(letter) == 1 and not self._gap(0) and self._tokens[self._at - 1][0].isdecimal()
        if not glued or (self._is_number(1) and not self._gap(1)):
            return ""
        self._at += 1
        return letter.casefold()

    def _take_total(self) -> int | None:
        """The number behind "of" or a slash."""
        if fold(self._word(0)) in _OF and self._is_number(1):
            self._at += 2
        elif self._is_number(0) and self._gap(0).strip() in ("/", "⁄"):
            self._at += 1
        else:
            return None
        return int(self._tokens[self._at - 1][0])

    def _spelt(self, word: str) -> tuple[int, int]:
        """The value of the Roman or written number at this place and its words; (0, 0) where there is none."""
        letters = self._word(0)
        alone = letters.isupper() and letters not in _INITIALS
        value = roman(letters) if self._label is not None or alone else None
        return (value, 1) if value is not None else self._written(word)

    def _written(self, word: str) -> tuple[int, int]:
        if word not in FIRST_WORDS:
            return 0, 0
        words = [word]
        while len(words) < LONGEST_WRITTEN and self._word(len(words)) and not self._gap(len(words)).strip(" -"):
            words.append(fold(self._word(len(words))))
        for count in range(len(words), 0, -1):
            written = WRITTEN.get(" ".join(words[:count]))
            if written is not None:
                return written, count
        return 0, 0

    # What stands where, counted from the place that is read next

    def _word(self, offset: int) -> str:
        """The word at `offset`; empty where there is none, or digits."""
        return "" if self._is_number(offset) or self._at + offset >= len(self._tokens) else self._token(offset)

    def _is_number(self, offset: int) -> bool:
        return self._at + offset < len(self._tokens) and self._token(offset)[0].isdecimal()

    def _token(self, offset: int) -> str:
        return self._tokens[self._at + offset][0]

    def _gap(self, offset: int) -> str:
        """What stands in front of the word at `offset`."""
        index = self._at + offset
        begin = self._tokens[index - 1].end() if index else 0
        end = self._tokens[index].start() if index < len(self._tokens) else len(self._text)
        return self._text[begin:end]

    def _begins_field(self) -> bool:
        return self._at == 0 or bool(_FIELD_END.search(self._gap(0)))

    def _ends_field(self, count: int) -> bool:
        return self._at + count >= len(self._tokens) or bool(_FIELD_END.search(self._gap(count)))
