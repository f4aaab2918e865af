"""Numbers that are not written in digits: Roman ones, and words of four languages up to a hundred."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

#: Only I, V, X, L and C in their one right order: MIX, CD and DC are words then, and CIVIL is no number.
_ROMAN = re.compile(r"(?=.)(?:C{0,2})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_LETTERS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}

#: The numbers from 0, the ordinals from 1, the tens from 20 (Spanish from 30: below, each has its own word).
_ENGLISH = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen"""
_ENGLISH_PLACES = """
    first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
    fifteenth sixteenth seventeenth eighteenth nineteenth"""
_ENGLISH_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_GERMAN = """
    null eins zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn
    siebzehn achtzehn neunzehn"""
_GERMAN_PLACES = """
    erste zweite dritte vierte funfte sechste siebte achte neunte zehnte elfte zwolfte dreizehnte vierzehnte
    funfzehnte sechzehnte siebzehnte achtzehnte neunzehnte"""
_GERMAN_TENS = "zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig"
_SPANISH = """
    cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis
    diecisiete dieciocho diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco veintiseis
    veintisiete veintiocho veintinueve"""
_SPANISH_PLACES = "primer segund tercer cuart quint sext septim octav noven decim"
_SPANISH_TENS = "treinta cuarenta cincuenta sesenta setenta ochenta noventa"
_FRENCH = """
    zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept
    dix-huit dix-neuf"""


def roman(word: str) -> int | None:
    """The value of a Roman number in capitals or in small letters, None for any other word."""
    capitals = word.upper()
    if word not in (capitals, word.lower()) or not _ROMAN.fullmatch(capitals):
        return None
    values = [_LETTERS[letter] for letter in capitals]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-value if value < following else value for value, following in pairs)


def fold(word: str) -> str:
    """`word` in small letters without accents."""
    word = word.casefold()
    if word.isascii():
        return word
    return "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter))


def _compounds(tens: list[str], ones: list[str], form: str, first: int = 20) -> Iterator[tuple[str, int]]:
    """ "twenty", "twenty one" and so on, from `first` in steps of ten; `ones` begin with the one for 1."""
    for index, ten in enumerate(tens):
        yield ten, first + 10 * index
        for unit, one in enumerate(ones, 1):
            yield form.format(ten=ten, one=one), first + 10 * index + unit


def _english() -> Iterator[tuple[str, int]]:
    words = _ENGLISH.split()
    places = _ENGLISH_PLACES.split()
    tens = _ENGLISH_TENS.split()
    yield from ((word, value) for value, word in enumerate(words))
    yield from ((word, value) for value, word in enumerate(places, 1))
    yield from _compounds(tens, words[1:10], "{ten} {one}")
    yield from _compounds(tens, places[:9], "{ten} {one}")
    yield from ((f"{ten[:-1]}ieth", 20 + 10 * index) for index, ten in enumerate(tens))
    yield from (("hundred", 100), ("one hundred", 100), ("hundredth", 100))


def _german() -> Iterator[tuple[str, int]]:
    words = _GERMAN.split()
    places = _GERMAN_PLACES.split()
    tens = _GERMAN_TENS.split()
    cardinals = [*enumerate(words), (1, "ein"), (100, "hundert"), (100, "einhundert")]
    cardinals += [(value, word) for word, value in _compounds(tens, ["ein", *words[2:10]], "{one}und{ten}")]
    ordinals = [*enumerate(places, 1), *((value, f"{word}ste") for value, word in cardinals if value >= 20)]
    forms = [*cardinals, *((value, word + end) for value, word in ordinals for end in ("", "r", "s", "n"))]
    for value, word in forms:
        yield word, value
        yield word.replace("funf", "fuenf").replace("zwolf", "zwoelf"), value


def _french() -> Iterator[tuple[str, int]]:
    below = [word.replace("-", " ") for word in _FRENCH.split()]
    cardinals = [*enumerate(below), (1, "une"), (80, "quatre vingts"), (100, "cent")]
    for first, ten, units in ((20, "vingt", 10), (30, "trente", 10), (40, "quarante", 10), (50, "cinquante", 10)):
        cardinals += _french_tens(first, ten, below[:units])
    cardinals += [*_french_tens(60, "soixante", below), *_french_tens(80, "quatre vingt", below)]
    yield from ((word, value) for value, word in cardinals)
    yield from (("premier", 1), ("premiere", 1), ("second", 2), ("seconde", 2), ("cinquieme", 5), ("neuvieme", 9))
    yield from ((f"{word.removesuffix('e').removesuffix('s')}ieme", value) for value, word in cardinals if value > 1)


def _french_tens(first: int, ten: str, ones: list[str]) -> Iterator[tuple[int, str]]:
    yield first, ten
    for unit, one in enumerate(ones[1:], 1):
        yield first + unit, f"{ten} {one}"
        yield first + unit, f"{ten} et {one}"


def _spanish() -> Iterator[tuple[str, int]]:
    words = _SPANISH.split()
    places = _SPANISH_PLACES.split()
    tens = _SPANISH_TENS.split()
    yield from ((word, value) for value, word in enumerate(words))
    yield from _compounds(tens, words[1:10], "{ten} y {one}", first=30)
    yield from ((place + end, value) for value, place in enumerate(places, 1) for end in ("", "o", "a"))
    yield from (("cien", 100), ("ciento", 100))


def _table() -> dict[str, int]:
    table: dict[str, int] = {}
    for language in (_english(), _german(), _french(), _spanish()):
        for word, value in language:
            table.setdefault(word, value)
    return table


#: Folded words, joined by single blanks, and their value.
WRITTEN = _table()
#: The words with which they begin, so that most words need one look only.
FIRST_WORDS = frozenset(phrase.partition(" ")[0] for phrase in WRITTEN)
LONGEST_WRITTEN = max(phrase.count(" ") + 1 for phrase in WRITTEN)
