"""What the release of a direct download tells of its book: it is read again wherever it is of use."""

from __future__ import annotations

from dataclasses import replace

from auralarchive.domain.book import Book
from auralarchive.domain.download import Download
from auralarchive.domain.manifest import Manifest, parse
from auralarchive.domain.status import DownloadType
from auralarchive.pipeline.tools import Tools
from auralarchive.ports.audio import Section

#: More readers than these are told as so many "and others": a book read by forty people names no forty.
_MOST_NAMED = 4


def manifest_of(download: Download, tools: Tools) -> Manifest | None:
    """Its manifest; None where it is no direct download, or nothing readable was kept."""
    if download.download_type is not DownloadType.HTTP:
        return None
    payload = tools.store.payloads.get(download.id)
    try:
        return parse(payload.data) if payload and payload.data else None
    except ValueError:
        return None


def sections_of(manifest: Manifest | None) -> tuple[Section, ...]:
    """Its files in the book's order, with what the release says of each."""
    files = manifest.files if manifest else ()
    return tuple(Section(file.path, file.title or "", file.seconds) for file in files)


def book_of(download: Download, manifest: Manifest | None) -> Book:
    """The book as its person knows it, with the readers that only the release names."""
    readers = manifest.readers if manifest else ()
    if download.book.narrator or not readers:
        return download.book
    named = ", ".join(readers[:_MOST_NAMED]) + (" and others" if len(readers) > _MOST_NAMED else "")
    return replace(download.book, narrator=named)
