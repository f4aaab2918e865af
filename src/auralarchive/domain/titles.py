"""Reads a release's title: who wrote what, in which series, form and language.

Titles are written by people and by their scripts, in a few habits:

    Title by Author, Second Author [ENG / M4B]
    Author - Series 03 - Title (2011) [MP3 64kbps]
    Author.Title.2019.Unabridged.Audiobook.MP3-GROUP
    Series 05 - Title - Author
    Author - Title [Narrator, 2019, 96 kbps, MP3]

So: brackets first, since what stands in them is mostly not the title; then tags at the end, which are
words of a small vocabulary; then the fields between dashes. What does not fit a habit stays in the
title: a long title still matches, a mutilated one does not. Work grows with the length, which is capped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from auralarchive.domain.languages import language_code
from auralarchive.domain.release import ParsedTitle
from auralarchive.domain.vocabulary import (
    abridged_of,
    bitrate_of,
    ends_titles,
    format_of,
    is_bitrate,
    is_format,
    is_tag,
    without_bitrates,
)

MAX_LENGTH = 1_000
_NARRATOR = re.compile(
    r"(?:\b(?:read|narrated|performed)\s+by|\bnarrators?\s*:|\bnarr\.?\s*:?|\bgelesen\s+von|\bsprecher\s*:|\blu\s+par"
    r")\s*(?P<who>[^\[\](){}]{2,120})",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:1[89]\d\d|20[0-3]\d)")
_NUMBER = r"\d{1,3}(?:\.\d{1,2})?"
_KEYWORD = r"(?:books?|bk\.?|band|teil|tome|livre|#|no\.|nr\.)"
#: "The Series, Book 6", "Discworld, #41", "Vampires #2"
_NAMED_PART = re.compile(
    rf"(?P<series>[^\d\W].{{0,99}}?)[\s,;:-]{{1,3}}(?:{_KEYWORD}\s?#?|(?:vol\.?|volume|part)\s)(?P<part>{_NUMBER})"
    r"(?:\s+of\s+\d{1,3})?",
    re.IGNORECASE,
)
#: "The Series, 6"
_COMMA_PART = re.compile(rf"(?P<series>[^\d\W][^,]{{0,99}}),\s?(?P<part>{_NUMBER})")
#: "Book 3 of The Expanse"
_PART_OF = re.compile(rf"{_KEYWORD}\s?#?(?P<part>{_NUMBER})\s+(?:of|in)\s+(?P<series>\D.{{0,99}})", re.IGNORECASE)
#: "Discworld 05": only where the place speaks for a series
_TRAILING_PART = re.compile(rf"(?P<series>[^\d\W].{{0,99}}?)\s+#?(?P<part>{_NUMBER})")
_PART_ALONE = re.compile(rf"(?:{_KEYWORD}\s?)?#?(?P<part>\d{{1,2}}(?:\.\d{{1,2}})?)", re.IGNORECASE)
#: "The Eye of the World: The Wheel of Time, Book 1"; "Title, Book 3"
_TITLE_PART = re.compile(
    rf"(?P<title>.{{1,300}}?)(?:[:;,]\s(?P<series>[^:;]{{1,100}}?))?,?\s{_KEYWORD}\s?#?(?P<part>{_NUMBER})",
    re.IGNORECASE,
)
_NOT_A_SERIES = re.compile(
    r"(?:cd|disc|disk|part|volume|vol\.?|book|chapters?|track|side|season|unabridged.*|edition|version|v\.?|top"
    r"|.*\b(?:kbps|khz|hours?|hrs?|mb|gb))",
    re.IGNORECASE,
)
_OF_MANY = re.compile(r"\d{1,3}\s?(?:of|/)\s?\d{1,3}", re.IGNORECASE)
_DASH = re.compile(r"\s+[-–—−]+\s+|\s+[–—]|[–—]\s+|(?<=\w)-\s+|\s+-(?=\w)")
_BY = re.compile(r"\s+(?:by|von)\s+", re.IGNORECASE)
_EXTENSION = re.compile(r"\.(mp3|m4b|m4a|flac|ogg|opus|aax|epub|pdf|mobi|azw3|zip|rar|nzb|torrent)\Z", re.IGNORECASE)
_GROUP_AFTER_TAG = re.compile(
    r"(?<!\w)(mp3|m4b|m4a|flac|aac|ogg|opus|\d{2,3}k(?:bps)?|audiobook|unabridged|retail|web)-[A-Za-z0-9]{2,20}\Z",
    re.IGNORECASE,
)
_GROUP_AFTER_BRACKET = re.compile(r"([\])}])-[A-Za-z0-9]{2,20}(?=\s|\Z)")
_YEAR_BETWEEN = re.compile(rf"\w-{_YEAR.pattern}-\w")
_PIECES = re.compile(r"\s*[/,;|+•]\s*|\s+-\s+")
_WORDS = re.compile(r"[^\s,;/|]+")
_OPEN, _CLOSE = "([{", ")]}"
_PARTICLE_WORDS = "de del der den van von la le du di da dos al el bin ibn st st. af zu ter y e and & the"
_PARTICLES = frozenset(_PARTICLE_WORDS.split())
#: Two letters that are words of titles as often as languages.
_AMBIGUOUS_CODES = frozenset({"IT", "NO", "IS", "HE", "LA", "DA", "CAT", "POR", "FIN", "VF", "EL"})


@dataclass(slots=True)
class _Facts:
    """What has been found so far; the first finding stays."""

    narrator: str | None = None
    series: str | None = None
    part: str | None = None
    year: int | None = None
    language: str | None = None
    tagged: bool = False  # whether brackets held tags: the habit of sites with rules for titles
    plain: list[str] = field(default_factory=list)

    def keep_series(self, match: re.Match[str] | None) -> bool:
        """Take series and part from a match; False where its name is no series' name."""
        if match is None:
            return False
        name = (match.groupdict().get("series") or "").strip(" ,;:-")
        if not name or not _begins_great(name) or _NOT_A_SERIES.fullmatch(name):
            return False
        if self.series is None:
            self.series, self.part = name, _part(match["part"])
        return True


def parse_title(text: str) -> ParsedTitle:
    """What `text` tells. Never fails: in the worst case all of it is the title."""
    line = _tidy(text)
    facts = _Facts()
    outer = _without_brackets(_spaced(_EXTENSION.sub("", line)), facts)
    outer = _take_narrator(without_bitrates(outer), facts)
    fields = _untagged_fields(outer, facts)
    author, title = _author_and_title(fields, facts)
    title = _take_title_part(title, facts) or line
    return ParsedTitle(
        title=title,
        author=author,
        narrator=facts.narrator,
        series=facts.series,
        series_part=facts.part,
        year=facts.year,
        language=facts.language,
        file_format=format_of(line),
        bitrate_kbps=bitrate_of(line, _bracketed(line)),
        abridged=abridged_of(line),
    )


def looks_like_name(text: str) -> bool:
    """Whether `text` could be a person's name: two to five words, all great or particles, no digits."""
    words = text.replace(",", " ").split()
    if not 2 <= len(words) <= 5 or any(character.isdigit() for character in text) or ":" in text:
        return False
    if words[0].casefold() in ("the", "a", "an", "of", "and"):
        return False
    return all(_begins_great(word) or word.casefold() in _PARTICLES - {"the", "and"} for word in words)


# --- the whole line ------------------------------------------------------------------------------


def _tidy(text: str) -> str:
    text = unicodedata.normalize("NFC", text[: 2 * MAX_LENGTH])
    visible = "".join(character for character in text if unicodedata.category(character) not in ("Cf", "Cs"))
    return " ".join(visible.split())[:MAX_LENGTH]


def _spaced(line: str) -> str:
    """Names of the scene have no blanks: dots or underscores stand for them, hyphens between fields."""
    if _YEAR_BETWEEN.search(line):
        return line.replace("_", " ").replace("-", " - ")
    line = _GROUP_AFTER_TAG.sub(r"\1", line)
    if " " in line:
        return _GROUP_AFTER_BRACKET.sub(r"\1 ", line)
    if line.count("_") >= 2 or ("_" in line and "." not in line):
        return line.replace("_", " ").replace("-", " - ")
    if line.count(".") >= 2 or ("." in line and "-" in line):
        return line.replace(".", " ").replace("-", " - ")
    return line.replace("-", " - ") if line.count("-") >= 3 else line


# --- brackets ------------------------------------------------------------------------------------


def _bracketed(line: str) -> Iterable[str]:
    """The content of each outermost pair of brackets."""
    return [content for content, inside in _split_brackets(line) if inside]


def _split_brackets(line: str) -> list[tuple[str, bool]]:
    """The line in pieces, each with whether it stands in brackets; nested ones belong to the outermost.

    One pass. An opening bracket that is never closed is a plain character.
    """
    pieces: list[tuple[str, bool]] = []
    depth, start = 0, 0
    for index, character in enumerate(line):
        if character in _OPEN:
            if depth == 0:
                pieces.append((line[start:index], False))
                start = index
            depth += 1
        elif character in _CLOSE and depth:
            depth -= 1
            if depth == 0:
                pieces.append((line[start + 1 : index].strip(), True))
                start = index + 1
    pieces.append((line[start:].replace("(", " ").replace("[", " ").replace("{", " "), False))
    return pieces


def _without_brackets(line: str, facts: _Facts) -> str:
    """The text outside of brackets; what stands in them goes into `facts`."""
    pieces = _split_brackets(line)
    for content, inside in pieces:
        if inside:
            _read_bracket(content, facts)
    # A year in brackets divides: "Author (2011) Title". Any other bracket is just taken out.
    outside = "".join((" - " if _YEAR.fullmatch(text) else " ") if inside else text for text, inside in pieces)
    return " ".join(outside.split()).strip(" -") or " ".join(content for content, inside in pieces if inside)


def _read_bracket(content: str, facts: _Facts) -> None:
    narrator = _NARRATOR.match(content)
    if narrator:
        facts.narrator = facts.narrator or _name(narrator["who"])
        return
    pieces = [piece for piece in _PIECES.split(content) if piece]
    tags = [piece for piece in pieces if _take_tags(piece, facts)]
    facts.tagged = facts.tagged or bool(tags)
    rest = [piece for piece in pieces if piece not in tags]
    if len(tags) >= 2 and len(rest) == 1 and looks_like_name(rest[0]):
        facts.narrator = facts.narrator or rest[0]
    elif not tags or len(rest) > 1:
        _read_series(content, facts)


def _read_series(content: str, facts: _Facts) -> None:
    first = content.partition(";")[0].strip()
    for pattern in (_PART_OF, _NAMED_PART, _COMMA_PART, _TRAILING_PART):
        if facts.keep_series(pattern.fullmatch(first)):
            return


def _take_tags(piece: str, facts: _Facts) -> bool:
    """Whether all words of a piece are tags; year and language among them are kept."""
    words = [word for word in re.split(r"[\s_@()\[\]{}-]+", piece) if word]
    if not words or not all(is_tag(word) or _YEAR.fullmatch(word) or _language(word) for word in words):
        return False
    for word in words:
        _take_word(word, facts)
    return True


def _take_word(word: str, facts: _Facts) -> None:
    if _YEAR.fullmatch(word):
        facts.year = facts.year or int(word)
    elif facts.language is None and not is_format(word):
        facts.language = _language(word)


def _language(word: str) -> str | None:
    return language_code(word) if len(word) > 3 or word.isupper() else None


# --- fields --------------------------------------------------------------------------------------


def _take_narrator(outer: str, facts: _Facts) -> str:
    found = _NARRATOR.search(outer)
    if found is None or found.start() == 0:
        return outer
    who, _, rest = found["who"].partition(" - ")
    facts.narrator = facts.narrator or _name(who)
    return f"{outer[: found.start()].rstrip(' -,;')}{f' - {rest}' if rest else ''}"


def _untagged_fields(outer: str, facts: _Facts) -> list[str]:
    """The fields between dashes, without those that are only tags, and without tags at the end."""
    fields = [text for text in (part.strip(" ,;") for part in _DASH.split(outer)) if text]
    while len(fields) > 1 and _is_last_tag(fields, facts):
        fields.pop()
    ends = (0, len(fields) - 1)
    fields = [text for index, text in enumerate(fields) if index in ends or not _is_lone_tag(text, facts)]
    if fields:
        fields[-1] = _without_trailing_tags(fields[-1], facts)
    return fields


def _is_last_tag(fields: list[str], facts: _Facts) -> bool:
    last = fields[-1]
    wordless = not any(character.isalpha() for character in last)
    if last in _AMBIGUOUS_CODES or (len(fields) == 2 and wordless and _could_be_author(fields[0])):
        return False  # "Stephen King - IT", "George Orwell - 1984"
    return bool(_OF_MANY.fullmatch(last)) or _take_tags(last, facts) or _is_group(fields, facts)


def _is_group(fields: list[str], facts: _Facts) -> bool:
    """Whether the last field names the group of the scene: one word after a field that ends in a tag."""
    if len(fields) < 3 or " " in fields[-1]:
        return False
    before = fields[-2].rsplit(" ", 1)[-1]
    tagged = is_tag(before) and not before.isdecimal()
    return tagged or bool(_YEAR.fullmatch(before)) or _YEAR.fullmatch(fields[1]) is not None


def _is_lone_tag(text: str, facts: _Facts) -> bool:
    """A year, a format or the like between two dashes; a small number alone is a series' part."""
    return not _PART_ALONE.fullmatch(text) and _take_tags(text, facts)


def _without_trailing_tags(text: str, facts: _Facts) -> str:
    words = [(match[0], match.start(), match.end()) for match in _WORDS.finditer(text)]
    end = len(text)
    while len(words) > 1 and _is_trailing_tag(words[-1][0], facts):
        end = words.pop()[1]
    kept = text[:end].rstrip(" ,;-/|")
    return kept or text


def _is_trailing_tag(word: str, facts: _Facts) -> bool:
    """Outside of brackets only unmistakable words count: no bare numbers, no two-letter words of titles."""
    if _YEAR.fullmatch(word) and facts.year in (None, int(word)):
        facts.year = int(word)
        return True
    if word.isupper() and 2 <= len(word) <= 3 and word not in _AMBIGUOUS_CODES and language_code(word):
        facts.language = facts.language or language_code(word)
        return True
    plain = word.strip(".,:;!").casefold()
    if plain.isdecimal():
        return is_bitrate(plain) and facts.year is not None
    return is_tag(word) and not ends_titles(word)


# --- who and what --------------------------------------------------------------------------------


def _author_and_title(fields: list[str], facts: _Facts) -> tuple[str | None, str]:
    joined = " - ".join(fields)
    byline = _byline(joined, facts)
    if byline is not None:
        return byline
    fields = _take_series_field(fields, facts)
    if len(fields) <= 1:
        # "Dune: Messiah" looks like "Tom Clancy: Without Remorse": a colon tells no author.
        return None, fields[0] if fields else ""
    first, last = fields[0], fields[-1]
    if not _could_be_author(first) and looks_like_name(last):
        return _name(last), " - ".join(fields[:-1])
    return _name(first), " - ".join(fields[1:])


def _byline(text: str, facts: _Facts) -> tuple[str | None, str] | None:
    """ "Title by Author, Second Author": of several, the last "by" that names follow."""
    for found in reversed(list(_BY.finditer(text))[-8:]):
        title, people = text[: found.start()].strip(" ,-"), text[found.end() :].strip(" ,-")
        names = [name for name in re.split(r"\s*(?:,|&|;|\band\b)\s*", people) if name]
        if title and names and " - " not in people and len(names) <= 12 and _are_people(names, title, facts):
            return ", ".join(names), title
    return None


def _are_people(names: list[str], title: str, facts: _Facts) -> bool:
    """A single word is a name only where tags in brackets tell that its site has rules for titles."""
    return looks_like_name(names[0]) or (facts.tagged and " - " not in title and _begins_great(names[0]))


def _take_series_field(fields: list[str], facts: _Facts) -> list[str]:
    """Of three fields and more, one that ends in a number is the series; a number alone follows its series."""
    if len(fields) < 2:
        return fields
    for index, text in enumerate(fields):
        alone = _PART_ALONE.fullmatch(text)
        if alone and 0 < index < len(fields) - 1:
            return _take_lone_part(fields, index, alone["part"], facts)
        if any(facts.keep_series(pattern.fullmatch(text)) for pattern in _series_patterns(fields, index)):
            return fields[:index] + fields[index + 1 :]
    return fields


def _series_patterns(fields: list[str], index: int) -> tuple[re.Pattern[str], ...]:
    """How a series may be written at this place: the last field is the title, unless an author cannot be first."""
    if index == len(fields) - 1:
        return () if _could_be_author(fields[0]) else (_NAMED_PART,)
    return (_NAMED_PART, _TRAILING_PART) if len(fields) > 2 or index == 0 else ()


def _take_lone_part(fields: list[str], index: int, part: str, facts: _Facts) -> list[str]:
    """ "Author - Series - 03 - Title", or "Author - 03 - Title" where the series has no name."""
    named = index >= 2 or not _could_be_author(fields[index - 1])
    if facts.series is None:
        facts.series = fields[index - 1] if named else None
        facts.part = _part(part)
    return fields[: index - 1 if named else index] + fields[index + 1 :]


def _take_title_part(title: str, facts: _Facts) -> str:
    found = _TITLE_PART.fullmatch(title)
    if found is None or facts.part is not None:
        return title.strip(" ,;-")
    series = found["series"]
    if series is None and "," not in title:
        return title.strip(" ,;-")
    facts.series = facts.series or series
    facts.part = _part(found["part"])
    return found["title"].strip(" ,;-")


def _could_be_author(text: str) -> bool:
    words = text.split()
    return looks_like_name(text) or (len(words) == 1 and _begins_great(text)) or bool(re.search(r"\b[A-Z]\.", text))


def _name(text: str) -> str:
    """A name in reading order: "Wells, H. G." is H. G. Wells."""
    text = text.strip(" ,;-–")
    last, comma, first = text.partition(",")
    if (
        comma
        and "," not in first
        and 1 <= len(first.split()) <= 2
        and len(last.split()) == 1
        and _begins_great(first.strip())
    ):
        return f"{first.strip()} {last}"
    return text


def _part(text: str) -> str:
    whole, dot, digits = text.partition(".")
    return f"{whole.lstrip('0') or '0'}{dot}{digits}"


def _begins_great(word: str) -> bool:
    """Whether it begins with a capital, or in a script that has none."""
    letter = next((character for character in word if character.isalnum()), "")
    return letter.isupper() or letter.isdecimal() or (letter.isalpha() and letter.lower() == letter.upper())
