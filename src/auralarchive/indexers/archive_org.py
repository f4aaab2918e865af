"""The Internet Archive: audiobooks of its collections, found by its advanced search, fetched by their files.

Nobody needs an account. A release is an item; what is handed to the direct client is a manifest of the item's
files in one form, with the Archive's own sizes and checksums. By choice its torrents are offered, too, which hold
all forms of the item at once and are shared by the Archive's own servers.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import Field, StringConstraints

from auralarchive.domain.failures import FailureKind
from auralarchive.domain.languages import language_code
from auralarchive.domain.release import ParsedTitle, Release, SearchQuery
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.status import DownloadType
from auralarchive.domain.titles import parse_title
from auralarchive.indexers.archive_manifest import BookFacts, is_person, manifest_of, reader_in
from auralarchive.indexers.archive_metadata import IDENTIFIER, Item, Prefer, read_item
from auralarchive.indexers.context import IndexerContext
from auralarchive.indexers.librivox_feed import last_name, without_edition
from auralarchive.indexers.loose import Record, line, lines, number, record, records, seconds
from auralarchive.indexers.site import OWN_MIRROR, FreeBooksSettings, Site, SiteAddress
from auralarchive.indexers.values import parse_date, parse_hash
from auralarchive.net.addresses import parse_link
from auralarchive.ports.clients import Finding, Payload, PayloadReader
from auralarchive.ports.errors import PermanentError
from auralarchive.ports.indexers import IndexerReport
from auralarchive.ports.work import CancelToken

_log = logging.getLogger(__name__)

ARCHIVE = "https://archive.org"
AUDIOBOOKS = 3030
ROWS = 50
_FIELDS = ("identifier", "title", "creator", "language", "description", "publicdate", "format", "runtime", "btih")
_COUNTS = ("downloads", "item_size")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
#: Words that the search leaves out of its index, or takes for signs of its own language.
_SILENT_WORDS = "a an and by der die das für in la le les not of or the to und von"
_SILENT = frozenset(_SILENT_WORDS.split())
_OPERATORS = frozenset({"and", "or", "not"})
_MAX_WORDS = 12

Collection = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,100}$")]


class ArchiveSettings(FreeBooksSettings):
    """How the Internet Archive is searched."""

    offer: Literal["files", "torrents", "both"] = Field(
        default="files",
        title="Offered",
        description="files: fetched directly. torrents: need a torrent client, and hold a book in all its forms.",
    )
    collections: tuple[Collection, ...] = Field(
        default=("librivoxaudio", "audio_bookspoetry"),
        title="Collections",
        description="Empty: everything that can be listened to.",
    )
    url: SiteAddress = Field(default=ARCHIVE, title="Address of the Internet Archive", description=OWN_MIRROR)


class Archive:
    """The Archive's items by their metadata; whoever finds books there shares it."""

    def __init__(self, url: str, settings: FreeBooksSettings, context: IndexerContext) -> None:
        self.site = Site("The Internet Archive", url, settings, context, typed=url != ARCHIVE)
        self.base = url

    def item(self, identifier: str, cancel: CancelToken) -> Item:
        """Raises what `Site.ask` and `read_item` raise."""
        answer = self.site.ask(f"metadata/{quote(identifier)}", {}, cancel)
        return read_item(answer, identifier, self.site.origin.host)


class ArchiveIndexer:
    """`ports.indexers.Indexer` over the Internet Archive."""

    type = "archive_org"
    seed_goal = SeedGoal()

    def __init__(self, name: str, settings: ArchiveSettings, context: IndexerContext) -> None:
        self.name = name
        self._settings = settings
        self._new_id = context.new_id
        self._archive = Archive(settings.url, settings, context)

    @property
    def origin(self) -> str:
        return str(self._archive.site.origin)

    def search(self, query: SearchQuery, cancel: CancelToken) -> tuple[Release, ...]:
        self._archive.site.check()
        for step in _steps(query):
            found = [release for doc in self._found(step, ROWS, cancel) for release in self._releases(doc)]
            if found:
                return tuple(found)
        return ()

    def test(self) -> IndexerReport:
        self._found("mediatype:audio", 1, CancelToken())
        finding = Finding(True, self.name, "It answers; no account is needed.")
        return IndexerReport("Internet Archive", (finding,))

    def close(self) -> None:
        """Nothing is kept open."""

    def payload(self, url: str, reader: PayloadReader, cancel: CancelToken) -> Payload | None:
        """The manifest of the item whose page this is; None for any other link. See `fetch.MakesPayload`."""
        link = parse_link(url)
        pieces = [piece for piece in link.url.path.split("/") if piece]
        if not self._archive.site.holds(link) or len(pieces) < 2 or pieces[-2] != "details":
            return None
        if not IDENTIFIER.fullmatch(pieces[-1]):
            return None
        item = self._archive.item(pieces[-1], cancel)
        manifest, notes = manifest_of(_facts(item, self.name), (item,), self._archive.base, self._settings.prefer)
        for note in notes:
            _log.warning("%s: %s", item.id, note)
        return reader.manifest(manifest.to_bytes())

    def _found(self, step: str, rows: int, cancel: CancelToken) -> tuple[Record, ...]:
        query: Mapping[str, str | Sequence[str]] = {
            "q": f"{step}{self._where()}",
            "fl[]": [*_FIELDS, *_COUNTS],
            "sort[]": "downloads desc",
            "rows": str(rows),
            "page": "1",
            "output": "json",
        }
        answer = record(self._archive.site.ask("advancedsearch.php", query, cancel))
        if "response" not in answer:
            said = line(answer.get("error"))[:200] or "it did not say why"
            raise PermanentError(
                f"{self.name} does not understand the search: {said}.",
                "Search by other words.",
                kind=FailureKind.INDEXERS_UNREACHABLE,
            )
        return records(record(answer["response"]).get("docs"))

    def _where(self) -> str:
        """Where is searched: audio of the chosen collections that everybody may have."""
        collections = " OR ".join(self._settings.collections)
        inside = f" AND collection:({collections})" if collections else ""
        return f" AND mediatype:audio{inside} AND -access-restricted-item:true"

    def _releases(self, doc: Record) -> Iterator[Release]:
        identifier, title = line(doc.get("identifier")), line(doc.get("title"))
        if not IDENTIFIER.fullmatch(identifier) or not title:
            return
        offer, base = self._settings.offer, self._archive.base
        page = f"{base}/details/{identifier}"
        parsed, size = self._parsed(doc, title), self._size(doc)
        title = title if not parsed.author or parsed.author in title else f"{title} by {parsed.author}"
        title = title if not parsed.narrator or parsed.narrator in title else f"{title} (read by {parsed.narrator})"
        common = Release(
            id=self._new_id(),
            title=title,
            indexer=self.name,
            download_type=DownloadType.HTTP,
            download_url=page,
            parsed=parsed,
            guid=f"archive.org/{identifier}",
            size=size,
            grabs=number(doc.get("downloads")),
            published_at=parse_date(line(doc.get("publicdate"))),
            info_url=page,
            categories=(AUDIOBOOKS,),
        )
        if offer != "torrents":
            yield common
        if offer != "files":
            yield replace(
                common,
                id=self._new_id(),
                download_type=DownloadType.TORRENT,
                download_url=f"{base}/download/{identifier}/{identifier}_archive.torrent",
                info_hash=parse_hash(line(doc.get("btih"))),
                size=number(doc.get("item_size")),
            )

    def _parsed(self, doc: Record, title: str) -> ParsedTitle:
        told = parse_title(title)
        creators = [name for name in lines(doc.get("creator")) if is_person(name)]
        forms = " ".join(lines(doc.get("format")))
        kbps = self._kbps(forms)
        return replace(
            told,
            title=without_edition(told.title),
            author=", ".join(creators) or told.author,
            narrator=told.narrator or reader_in(line(doc.get("description"))),
            language=language_code(line(doc.get("language"))) or told.language,
            file_format=_form_of(forms, self._settings.prefer) or told.file_format,
            bitrate_kbps=kbps or told.bitrate_kbps,
        )

    def _size(self, doc: Record) -> int | None:
        """By its length: the size that the search tells is that of all forms together."""
        length, kbps = seconds(doc.get("runtime")), self._kbps(" ".join(lines(doc.get("format"))))
        return round(length * kbps * 125) if length and kbps else None

    def _kbps(self, forms: str) -> int | None:
        if self._settings.prefer == "small" and "64Kbps MP3" in forms:
            return 64
        return next((speed for speed in (128, 64) if f"{speed}Kbps MP3" in forms), None)


def make_archive(name: str, settings: ArchiveSettings, context: IndexerContext) -> ArchiveIndexer:
    """The Internet Archive as an indexer."""
    return ArchiveIndexer(name, settings, context)


def _steps(query: SearchQuery) -> Iterator[str]:
    """The questions for one search, the most exact first."""
    title = _all_of(query.title or "")
    author = _all_of(last_name(query.author or ""))
    if title and author:
        yield f"title:({title}) AND creator:({author})"
    if title:
        yield f"title:({title})"
    words = _words(query.text or "")
    if words:
        yield " AND ".join(f"(title:({word}) OR creator:({word}))" for word in words)


def _all_of(text: str) -> str:
    return " AND ".join(_words(text))


def _words(text: str) -> list[str]:
    """The words that are searched for, free of all signs that mean something to the search."""
    words = [word.replace("’", "'").casefold() for word in _WORD.findall(text)][:_MAX_WORDS]
    telling = [word for word in words if word not in _SILENT]
    return telling or [word for word in words if word not in _OPERATORS]


def _facts(item: Item, source: str) -> BookFacts:
    parsed = parse_title(item.title)
    creators = tuple(name for name in item.creators if is_person(name))
    reader = parsed.narrator or reader_in(item.description)
    return BookFacts(
        name=item.title,
        title=without_edition(parsed.title),
        authors=creators or ((parsed.author,) if parsed.author else ()),
        narrators=(reader,) if reader else (),
        language=language_code(item.language) or parsed.language,
        source=source,
    )


def _form_of(forms: str, prefer: Prefer) -> str | None:
    if prefer == "m4b" and "audiobook" in forms.lower():
        return "m4b"
    known = {"MP3": "mp3", "MPEG-4 Audio": "m4a", "Flac": "flac", "FLAC": "flac", "Ogg": "ogg", "WAVE": "wav"}
    return next((form for word, form in known.items() if word in forms), None)
