"""LibriVox: books of the public domain read by volunteers, found by its feed, fetched from the Internet Archive.

Nobody needs an account. The feed knows what the Archive does not: the sections with their titles and readers.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

from pydantic import Field

from auralarchive.domain.failures import FailureKind
from auralarchive.domain.release import ParsedTitle, Release, SearchQuery
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.status import DownloadType
from auralarchive.indexers.archive_manifest import FEW, BookFacts, manifest_of, readers_of
from auralarchive.indexers.archive_org import ARCHIVE, AUDIOBOOKS, Archive
from auralarchive.indexers.context import IndexerContext
from auralarchive.indexers.librivox_feed import Recording, beginning, recordings, steps
from auralarchive.indexers.site import OWN_MIRROR, FreeBooksSettings, Site, SiteAddress
from auralarchive.net.addresses import parse_link
from auralarchive.ports.clients import Finding, Payload, PayloadReader
from auralarchive.ports.errors import Gone, Unreachable
from auralarchive.ports.indexers import IndexerReport
from auralarchive.ports.work import CancelToken

_log = logging.getLogger(__name__)

LIBRIVOX = "https://librivox.org"
FEED = "api/feed/audiobooks/"
#: With all their sections these are large answers; without, an author's whole shelf is a small one.
_BY_TITLE, _BY_AUTHOR = 25, 200
_LOOKED_UP = 10  # books of a shelf whose sections are asked for, too, if one question does for all of them
_MAX_ITEMS = 6  # of the Archive that one book is spread over
_WORDS = re.compile(r"[^\W_]+")
_SILENT = frozenset(("a", "an", "and", "by", "in", "of", "the", "to"))


class LibriVoxSettings(FreeBooksSettings):
    """How LibriVox is searched."""

    url: SiteAddress = Field(default=LIBRIVOX, title="Address of LibriVox", description=OWN_MIRROR)
    archive_url: SiteAddress = Field(default=ARCHIVE, title="Address of the Internet Archive", description=OWN_MIRROR)


class LibriVoxIndexer:
    """`ports.indexers.Indexer` over LibriVox."""

    type = "librivox"
    seed_goal = SeedGoal()

    def __init__(self, name: str, settings: LibriVoxSettings, context: IndexerContext) -> None:
        self.name = name
        self._settings = settings
        self._new_id = context.new_id
        self._archive = Archive(settings.archive_url, settings, context)
        self._site = Site(name, settings.url, settings, context, typed=settings.url != LIBRIVOX)

    @property
    def origin(self) -> str:
        return str(self._site.origin)

    def search(self, query: SearchQuery, cancel: CancelToken) -> tuple[Release, ...]:
        self._site.check()
        for question in steps(query):
            found = self._found(question, query, cancel)
            if found:
                return tuple(self._release(recording) for recording in found)
        return ()

    def test(self) -> IndexerReport:
        found = self._ask({"limit": "1", "extended": "1"}, CancelToken())
        if not found:
            raise Unreachable(
                f"{self.name} answers, but lists no books.",
                "Check its address in the settings.",
                kind=FailureKind.INDEXERS_UNREACHABLE,
            )
        self._archive.item(found[0].items[0], CancelToken())
        finding = Finding(True, self.name, "It answers, and so does the Internet Archive; no account is needed.")
        return IndexerReport("LibriVox", (finding,))

    def close(self) -> None:
        """Nothing is kept open."""

    def payload(self, url: str, reader: PayloadReader, cancel: CancelToken) -> Payload | None:
        """The manifest of the recording whose link this is; None for any other. See `fetch.MakesPayload`."""
        link = parse_link(url)
        number = link.url.params.get("id", "")
        if not self._site.holds(link) or not link.url.path.rstrip("/").endswith(FEED.rstrip("/")):
            return None
        if not number.isascii() or not number.isdigit():
            return None
        recording = self._recording(number, cancel)
        items = tuple(self._archive.item(identifier, cancel) for identifier in recording.items[:_MAX_ITEMS])
        manifest, notes = manifest_of(
            _facts(recording, self.name), items, self._archive.base, self._settings.prefer, recording.sections
        )
        for note in notes:
            _log.warning("LibriVox %s: %s", recording.id, note)
        return reader.manifest(manifest.to_bytes())

    def _recording(self, number: str, cancel: CancelToken) -> Recording:
        found = self._ask({"id": number, "extended": "1"}, cancel)
        # A feed that does not understand the question gives its first books instead.
        recording = next((one for one in found if one.id == str(int(number))), None)
        if recording is None:
            raise Gone("LibriVox has this recording no longer.", "Choose another release.")
        return recording

    def _found(self, question: Mapping[str, str], query: SearchQuery, cancel: CancelToken) -> tuple[Recording, ...]:
        if "title" in question:
            return self._ask({**question, "extended": "1", "limit": str(_BY_TITLE)}, cancel)
        shelf = self._ask({**question, "limit": str(_BY_AUTHOR)}, cancel)
        fitting = [one for one in shelf if _fits(one, query)]
        start = beginning([one.title for one in fitting])
        if len(start) < 2 or len(fitting) > _LOOKED_UP:
            return tuple(fitting)
        full = self._ask({**question, "title": f"^{start}", "extended": "1", "limit": str(_BY_TITLE)}, cancel)
        known = {one.id: one for one in full}
        return tuple(known.get(one.id, one) for one in fitting)

    def _ask(self, question: Mapping[str, str], cancel: CancelToken) -> tuple[Recording, ...]:
        return recordings(self._site.ask(FEED, {**question, "format": "json", "coverart": "1"}, cancel))

    def _release(self, recording: Recording) -> Release:
        author, narrator = ", ".join(recording.authors), ", ".join(readers_of(recording.sections)[:FEW])
        kbps = 64 if self._settings.prefer == "small" else 128
        by = f" by {author}" if author else ""
        read = f" (read by {narrator})" if narrator else ""
        return Release(
            id=self._new_id(),
            title=f"{recording.title}{by}{read}",
            indexer=self.name,
            download_type=DownloadType.HTTP,
            download_url=f"{self._settings.url}/{FEED}?id={recording.id}",
            parsed=ParsedTitle(
                title=recording.plain_title,
                author=author or None,
                narrator=narrator or None,
                language=recording.language_code,
                file_format="m4b" if self._settings.prefer == "m4b" else "mp3",
                bitrate_kbps=kbps,
                abridged=True if "abridged" in recording.title.lower().split() else None,
            ),
            guid=f"archive.org/{recording.items[0]}",
            size=round(recording.seconds * kbps * 125) if recording.seconds else None,
            info_url=recording.page,
            categories=(AUDIOBOOKS,),
        )


def make_librivox(name: str, settings: LibriVoxSettings, context: IndexerContext) -> LibriVoxIndexer:
    """LibriVox as an indexer."""
    return LibriVoxIndexer(name, settings, context)


def _fits(recording: Recording, query: SearchQuery) -> bool:
    """Whether a book of a shelf is meant: its title has all words that were asked for and are not its author's."""
    asked = _words(query.title or query.text or "")
    names = _words(" ".join(recording.authors)) if not query.title else frozenset[str]()
    return asked - names - _SILENT <= _words(recording.title)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORDS.findall(text.casefold()))


def _facts(recording: Recording, source: str) -> BookFacts:
    return BookFacts(
        name=recording.title,
        title=recording.plain_title,
        authors=recording.authors,
        narrators=readers_of(recording.sections),
        language=recording.language_code,
        source=source,
        cover=recording.cover,
    )
