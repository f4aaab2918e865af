"""Reads the answers of LibriVox's feed of audiobooks, and makes the questions that it understands.

The feed searches titles from their beginning and authors by their last name, no more. Its titles are filed without
"The" or "A", which only the address of the book's page still has. It lists what is being recorded, too: a book
without files is none yet. The order of sections is not promised; the list of books may come as an object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from auralarchive.domain.languages import language_code
from auralarchive.domain.release import SearchQuery
from auralarchive.indexers.archive_manifest import Section, is_person
from auralarchive.indexers.archive_metadata import IDENTIFIER
from auralarchive.indexers.loose import Record, line, number, record, records, seconds

MAX_BOOKS = 200
_MAX_SECTIONS = 2_000
_PLACES = ("download", "details", "stream", "embed")
_ARTICLE = re.compile(
    r"(?:the|an|a|der|die|das|ein|eine|le|la|les|l'|un|une|el|los|las|il|lo|gli|i)[\s]+", re.IGNORECASE
)
_EDITION = re.compile(
    r"\s*[\[(]\s*((?:version|vers?\.?)\s*\d+|dramatic reading|solo|unabridged)\s*[\])]", re.IGNORECASE
)
_BETWEEN = re.compile(r"\s*(?:[:;(\[]|\s[-–—]\s|,\s(?:or|oder),?\s).*\Z", re.DOTALL)
_BY = re.compile(r"\s+by\s+", re.IGNORECASE)
_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Recording:
    """One audiobook of LibriVox; a text may have several."""

    id: str
    title: str
    authors: tuple[str, ...]
    language: str
    seconds: float | None
    items: tuple[str, ...]  # of the Internet Archive, the main one first
    page: str | None
    cover: str | None
    sections: tuple[Section, ...]
    translators: tuple[str, ...] = ()

    @property
    def plain_title(self) -> str:
        """The title of the text, without what tells its recordings apart."""
        return without_edition(self.title)

    @property
    def language_code(self) -> str | None:
        return language_code(self.language)


def recordings(answer: object) -> tuple[Recording, ...]:
    """The audiobooks of an answer that can be listened to by now."""
    read = (_recording(row) for row in records(record(answer).get("books"))[:MAX_BOOKS])
    return tuple(one for one in read if one is not None)


def steps(query: SearchQuery) -> Iterator[dict[str, str]]:
    """The questions for one search, the most exact first."""
    title, author = query.title, query.author
    if not title and query.text:
        title, author = _halves(query.text)
    asked: set[tuple[tuple[str, str], ...]] = set()
    for question in (*_by_title(title, author), *_by_words(query.text or "")):
        key = tuple(sorted(question.items()))
        if question and key not in asked:
            asked.add(key)
            yield question


def item_of(link: str) -> tuple[str, str] | None:
    """The Archive's item, and the file in it (or nothing), that a link leads to; None for links to elsewhere."""
    try:
        parts = urlsplit(link.strip())
    except ValueError:
        return None
    host = (parts.hostname or "").lower()
    pieces = [unquote(piece) for piece in parts.path.split("/") if piece]
    if host.removeprefix("www.") != "archive.org" and not host.endswith(".archive.org"):
        return None
    if len(pieces) < 2 or pieces[0] not in _PLACES or not IDENTIFIER.fullmatch(pieces[1]):
        return None
    return pieces[1], "/".join(pieces[2:])


def without_edition(title: str) -> str:
    """A title without "(version 2)" or "(dramatic reading)"."""
    return _EDITION.sub("", title).strip() or title


def beginning(titles: Sequence[str]) -> str:
    """What the filed titles of several books begin with, all of them."""
    filed = [filed_title(title).casefold() for title in titles]
    shortest = min(filed, key=len, default="")
    sizes = range(len(shortest), 0, -1)
    return next(
        (shortest[:size] for size in sizes if all(one.startswith(shortest[:size]) for one in filed)), ""
    ).strip()


def filed_title(title: str) -> str:
    """A title as it is filed: no article before it, no subtitle."""
    title = " ".join(title.replace("’", "'").split())
    main = _BETWEEN.sub("", title).strip() or title
    article = _ARTICLE.match(main)
    return main[article.end() :] if article else main


def last_name(author: str) -> str:
    """The last name of an author: "Austen, Jane" and "Jane Austen" alike, of several the first one's."""
    first = re.split(r"\s*(?:[;&/]|\band\b|\bund\b)\s*", author, maxsplit=1)[0].strip()
    # "Austen, Jane" is a name, "Jane Austen, Mark Twain" a list: the last name ends before the comma in both.
    words = [word for word in first.partition(",")[0].split() if word.strip(".")]
    return words[-1].strip(".") if words else ""


def _by_title(title: str | None, author: str | None) -> Iterator[dict[str, str]]:
    if not title or not title.strip():
        return
    filed = filed_title(title)
    yield {"title": f"^{filed}"}
    whole = " ".join(title.replace("’", "'").split())
    if whole.casefold() != filed.casefold():
        yield {"title": f"^{whole}"}  # an article that belongs to the name: "The The", "A"
    if author and last_name(author):
        yield {"author": f"^{last_name(author)}"}


def _by_words(text: str) -> Iterator[dict[str, str]]:
    """Typed words hold a name somewhere: "emma austen", "emma jane austen", "austen emma", "jane austen emma"."""
    words = text.split()
    if not 1 <= len(words) <= 12 or _BY.search(text):
        return
    for name in (words[-1], words[0], *words[1:2]):
        yield {"author": f"^{name}"}


def _halves(text: str) -> tuple[str, str]:
    """Title and author of "Emma by Jane Austen"; everything else may be a title."""
    by = list(_BY.finditer(text))
    return (text[: by[-1].start()].strip(), text[by[-1].end() :].strip()) if by else (text, "")


def _recording(row: Record) -> Recording | None:
    sections = [_section(one) for one in records(row.get("sections"))[:_MAX_SECTIONS]]
    sections.sort(key=lambda section: (section.number is None, section.number or 0))
    told = [item_of(line(row.get(name))) for name in ("url_iarchive", "url_zip_file")]
    items = [found[0] for found in told if found] + [section.item for section in sections if section.item]
    title, identifier = line(row.get("title")), number(row.get("id"))
    if not title or identifier is None or not items:
        return None
    page = line(row.get("url_librivox"))
    cover = item_of(line(row.get("coverart_jpg")))
    return Recording(
        id=str(identifier),
        title=_with_article(title, page),
        authors=_people(row.get("authors")),
        language=line(row.get("language")),
        seconds=seconds(row.get("totaltimesecs")) or seconds(row.get("totaltime")),
        items=tuple(dict.fromkeys(items)),
        page=page if page.startswith(("http://", "https://")) else None,
        cover=cover[1] if cover else None,
        sections=tuple(sections),
        translators=_people(row.get("translators")),
    )


def _section(row: Record) -> Section:
    place = item_of(line(row.get("listen_url")))
    order = number(row.get("section_number"))
    readers = (line(reader.get("display_name")) for reader in records(row.get("readers")))
    return Section(
        title=line(row.get("title")) or (f"Section {order}" if order is not None else "Untitled section"),
        number=order,
        item=place[0] if place else None,
        file=(place[1] or None) if place else None,
        alias=line(row.get("file_name")) or None,
        seconds=seconds(row.get("playtime")),
        readers=tuple(dict.fromkeys(name for name in readers if is_person(name))),
    )


def _people(value: object) -> tuple[str, ...]:
    names = (f"{line(one.get('first_name'))} {line(one.get('last_name'))}".strip() for one in records(value))
    return tuple(dict.fromkeys(name for name in names if name))


def _with_article(title: str, page: str) -> str:
    """The title with the article that only the address of its page has kept."""
    slug = page.rstrip("/").rpartition("/")[2].lower()
    for article in ("The", "A", "An"):
        filed = _SLUG.sub("-", title.lower().replace("'", "").replace("’", "")).strip("-")
        if filed and slug.startswith(f"{article.lower()}-{filed}"):
            return f"{article} {title}"
    return title
