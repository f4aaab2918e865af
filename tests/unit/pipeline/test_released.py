"""What the release of a direct download tells of its book."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auralarchive.clients.manifests import read_manifest
from auralarchive.domain.download import Download
from auralarchive.domain.manifest import Manifest, ManifestFile
from auralarchive.domain.status import DownloadStatus, DownloadType
from auralarchive.pipeline.released import book_of, manifest_of, sections_of
from auralarchive.pipeline.stages import convert, import_
from auralarchive.ports.audio import Section
from tests.support.scripted import Bench

URLS = ("https://archive.org/1.mp3",)
BOOK = Manifest(
    "Emma",
    (
        ManifestFile("b.mp3", URLS, title="Chapter 1", narrators=("Moira",), seconds=60.0),
        ManifestFile("a.mp3", URLS, narrators=("Sherry", "Moira")),
    ),
)


@pytest.fixture
def direct(bench: Bench) -> Download:
    """A direct download that has arrived."""
    download = bench.at(DownloadStatus.COMPLETE)
    bench.store.payloads.save(download.id, read_manifest(BOOK.to_bytes()))
    return replace(download, download_type=DownloadType.HTTP)


def test_what_was_kept_is_read_again(bench: Bench, direct: Download) -> None:
    assert manifest_of(direct, bench.tools) == BOOK
    assert sections_of(BOOK) == (Section("b.mp3", "Chapter 1", 60.0), Section("a.mp3"))
    assert book_of(direct, BOOK) == replace(direct.book, narrator="Moira, Sherry")


def test_other_downloads_have_none(bench: Bench, direct: Download) -> None:
    """A torrent's bytes are no manifest; and what cannot be read is of no use, but no error either."""
    assert manifest_of(replace(direct, download_type=DownloadType.TORRENT), bench.tools) is None
    bench.store.payloads.save(direct.id, replace(read_manifest(BOOK.to_bytes()), data=b"{"))
    assert manifest_of(direct, bench.tools) is None
    assert sections_of(None) == ()
    assert book_of(direct, None) == direct.book


def test_a_narrator_whom_a_person_names_stays(direct: Download) -> None:
    named = replace(direct, book=replace(direct.book, narrator="Karen Savage"))
    assert book_of(named, BOOK) == named.book


def test_many_readers_are_not_all_named(direct: Download) -> None:
    crowd = replace(BOOK, narrators=tuple("ABCDEF"))
    assert book_of(direct, crowd).narrator == "A, B, C, D and others"


def test_conversion_and_library_know_it(bench: Bench, direct: Download) -> None:
    """The stages read it by themselves: nothing of it is in the record."""
    job = bench.claim(direct.id)
    convert.run(replace(job, download=direct), bench.tools)
    [request] = bench.converter.requests
    assert request.sections == sections_of(BOOK)
    assert request.book == book_of(direct, BOOK)
    done = bench.at(DownloadStatus.CONVERTED, 2)
    bench.store.payloads.save(done.id, read_manifest(BOOK.to_bytes()))
    job = bench.claim(done.id)
    import_.run(replace(job, download=replace(job.download, download_type=DownloadType.HTTP)), bench.tools)
    book = bench.store.books.of_download(done.id)
    assert book is not None
    assert book.book.narrator == "Moira, Sherry"
