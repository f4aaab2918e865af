"""Searching LibriVox over real HTTP, and making manifests of what was found."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import ValidationError

from auralarchive.clients.payloads import Payloads
from auralarchive.domain.manifest import Manifest, parse
from auralarchive.domain.release import Release, SearchQuery
from auralarchive.domain.status import DownloadType
from auralarchive.indexers.librivox import LibriVoxIndexer, LibriVoxSettings
from auralarchive.ports.errors import Gone, InvalidInput, RateLimited, Unreachable
from auralarchive.ports.work import CancelToken
from tests.support.indexing import a_librivox
from tests.support.libraries import CAROL, EMMA, EMMA_2, EMMA_PLAY, Libraries, Part
from tests.support.torznab import Fault

BOOK = SearchQuery(title="Emma", author="Jane Austen")


@pytest.fixture
def libraries() -> Iterator[Libraries]:
    with Libraries() as running:
        running.add(EMMA, EMMA_2, EMMA_PLAY, CAROL)
        yield running


def search(libraries: Libraries, **query: str) -> tuple[Release, ...]:
    return a_librivox(libraries).search(SearchQuery(**query), CancelToken())


def manifest(indexer: LibriVoxIndexer, url: str) -> Manifest:
    payload = indexer.payload(url, Payloads(), CancelToken())
    assert payload is not None
    assert payload.download_type is DownloadType.HTTP
    assert payload.data is not None
    return parse(payload.data)


def test_a_search_finds(libraries: Libraries) -> None:
    """One question; the release says who wrote and who reads it, and how large it will be."""
    release = search(libraries, title="Emma", author="Jane Austen")[0]
    assert release.title == "Emma by Jane Austen (read by Sherry Crowther, Ezwa, Elizabeth Klett)"
    assert (release.parsed.title, release.parsed.author) == ("Emma", "Jane Austen")
    assert release.parsed.narrator == "Sherry Crowther, Ezwa, Elizabeth Klett"
    assert (release.parsed.language, release.parsed.file_format, release.parsed.bitrate_kbps) == ("en", "mp3", 128)
    assert release.download_type is DownloadType.HTTP
    assert release.download_url == f"{libraries.url}/api/feed/audiobooks/?id=164"
    assert release.info_url == "https://librivox.org/emma-by-jane-austen/"
    assert release.size == 240 * 128 * 125
    assert (release.guid, release.seeders, release.categories) == ("archive.org/emma_0907_librivox", None, (3030,))
    (asked,) = libraries.requests
    assert asked.query == {"title": "^Emma", "extended": "1", "limit": "25", "format": "json", "coverart": "1"}


def test_many_readers_are_not_all_named(libraries: Libraries) -> None:
    """The first few in a result, all of them in the manifest."""
    parts = tuple(Part(f"Chapter {number}", number, (f"Reader {number}",)) for number in range(1, 8))
    libraries.add(replace(EMMA, id=8, item="many_librivox", title="Many Voices", parts=parts))
    (release,) = search(libraries, title="Many Voices")
    assert release.parsed.narrator == "Reader 1, Reader 2, Reader 3, Reader 4"
    assert len(manifest(a_librivox(libraries), release.download_url).narrators) == 7


def test_recordings_of_one_text_are_told_apart(libraries: Libraries) -> None:
    """Each is a release of its own, of the same book."""
    found = search(libraries, title="Emma")
    assert [release.title.partition(" by ")[0] for release in found] == [
        "Emma",
        "Emma (version 2)",
        "Emma (dramatic reading)",
    ]
    assert {release.parsed.title for release in found} == {"Emma"}
    assert len({release.download_url for release in found}) == 3


@pytest.mark.parametrize(
    "text",
    ["a christmas carol", "christmas carol", "Christmas Carol by Charles Dickens", "dickens", "carol dickens",
     "dickens carol", "charles dickens carol"],
)  # fmt: skip
def test_words_find_books_in_any_order(libraries: Libraries, text: str) -> None:
    """The feed knows the beginning of titles and last names only; the rest is looked for on an author's shelf."""
    (release,) = search(libraries, text=text)
    assert release.parsed.title == "A Christmas Carol"
    assert release.parsed.narrator == "Kristin Luoma"


def test_a_shelf_is_not_taken_for_the_book(libraries: Libraries) -> None:
    """Other books of the author do not fit, and their sections are not asked for."""
    libraries.add(replace(CAROL, id=9, item="oliver_librivox", title="Oliver Twist", filed="Oliver Twist"))
    assert search(libraries, title="Bleak House", author="Charles Dickens") == ()
    assert not any("extended" in seen.query for seen in libraries.requests[-1:])
    found = search(libraries, text="charles dickens")
    assert [release.parsed.title for release in found] == ["A Christmas Carol", "Oliver Twist"]
    assert [release.parsed.narrator for release in found] == [None, None]  # their titles have no common beginning
    assert search(libraries, text="unknown words") == ()


def test_a_manifest_holds_the_sections_in_order(libraries: Libraries) -> None:
    """The better files with the Archive's proofs, titles and readers of LibriVox, the cover after them."""
    found = manifest(a_librivox(libraries), f"{libraries.url}/api/feed/audiobooks/?id=164")
    assert [file.title for file in found.files] == [part.title for part in EMMA.parts] + [None]
    assert [file.narrators for file in found.files] == [part.readers for part in EMMA.parts] + [()]
    assert [file.path for file in found.files] == [EMMA.file(at, 128) for at in (1, 2, 3, 4)] + ["emma_1002.jpg"]
    assert found.narrators == ("Sherry Crowther", "Ezwa", "Elizabeth Klett")
    assert (found.name, found.title, found.authors, found.language) == ("Emma", "Emma", ("Jane Austen",), "en")
    assert found.source == "LibriVox"
    lasting, mirror = found.files[0].urls
    assert lasting == f"{libraries.url}/download/emma_0907_librivox/{EMMA.file(1, 128)}"
    assert mirror == f"{libraries.mirror.url}/1/items/emma_0907_librivox/{EMMA.file(1, 128)}"
    assert all(file.size and file.md5 and file.sha1 for file in found.files)


def test_small_files_are_a_choice(libraries: Libraries) -> None:
    indexer = a_librivox(libraries, prefer="small")
    (release, *_) = indexer.search(BOOK, CancelToken())
    assert (release.parsed.bitrate_kbps, release.size) == (64, 240 * 64 * 125)
    assert manifest(indexer, release.download_url).files[0].path == EMMA.file(1, 64)


def test_what_does_not_fit_together_is_told(libraries: Libraries, caplog: pytest.LogCaptureFixture) -> None:
    """A section that was never linked is in the log; the rest of the book comes."""
    libraries.add(replace(CAROL, id=7, item="gap_librivox", parts=(*CAROL.parts, Part("Stave 3", 9, linked=False))))
    rows = libraries.metadata["gap_librivox"]["files"]
    rows[:] = [row for row in rows if "_03_" not in row["name"]]
    with caplog.at_level(logging.WARNING):
        found = manifest(a_librivox(libraries), f"{libraries.url}/api/feed/audiobooks/?id=7")
    assert [file.title for file in found.files] == ["Stave 1", "Stave 2", None]
    assert 'no file for the section "Stave 3"' in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "/api/feed/audiobooks/",
        "/api/feed/audiobooks/?id=abc",
        "/api/feed/audiobooks/?id=-1",
        "/api/feed/audiobooks/?id=٣",
        "/details/emma_0907_librivox",
        "/x/?id=164",
    ],
)
def test_other_links_are_not_its_own(libraries: Libraries, url: str) -> None:
    assert a_librivox(libraries).payload(f"{libraries.url}{url}", Payloads(), CancelToken()) is None
    elsewhere = "https://librivox.example/api/feed/audiobooks/?id=164"
    assert a_librivox(libraries).payload(elsewhere, Payloads(), CancelToken()) is None
    assert libraries.requests == []


def test_a_recording_that_has_gone_is_told(libraries: Libraries) -> None:
    """Also where the feed does not understand the question and answers with its first books."""
    indexer = a_librivox(libraries)
    with pytest.raises(Gone):
        manifest(indexer, f"{libraries.url}/api/feed/audiobooks/?id=99999")
    libraries.faults["/api"] = Fault(
        body=b'{"books": [{"id": "1", "title": "Other", "url_iarchive": "https://archive.org/details/x"}]}'
    )
    with pytest.raises(Gone):
        manifest(indexer, f"{libraries.url}/api/feed/audiobooks/?id=164")


def test_the_archives_word_counts(libraries: Libraries) -> None:
    """An item that is dark, closed, or has lost its files says so; a busy Archive is left alone."""
    url = f"{libraries.url}/api/feed/audiobooks/?id=164"
    before = libraries.metadata["emma_0907_librivox"]
    for changed, kind in (
        ({**before, "is_dark": True}, Gone),
        ({**before, "metadata": {**before["metadata"], "access-restricted-item": "true"}}, InvalidInput),
        ({**before, "files": []}, InvalidInput),
        ({}, Gone),
    ):
        libraries.metadata["emma_0907_librivox"] = changed
        with pytest.raises(kind):
            manifest(a_librivox(libraries), url)
    libraries.metadata["emma_0907_librivox"] = before
    libraries.faults["/metadata"] = Fault(status=429, headers={"Retry-After": "60"})
    with pytest.raises(RateLimited):
        manifest(a_librivox(libraries), url)


def test_bad_answers_are_errors_not_empty_searches(libraries: Libraries) -> None:
    """A page instead of data must not look like a book that does not exist."""
    libraries.faults["/api"] = Fault(body=b"<html>Just a moment</html>")
    with pytest.raises(Unreachable, match="with something else"):
        search(libraries, title="Emma")
    libraries.faults["/api"] = Fault(status=429)
    indexer = a_librivox(libraries)
    with pytest.raises(RateLimited):
        indexer.search(BOOK, CancelToken())
    asked = len(libraries.requests)
    with pytest.raises(RateLimited):
        indexer.search(BOOK, CancelToken())
    assert len(libraries.requests) == asked


def test_its_test_asks_both_sites(libraries: Libraries) -> None:
    indexer = a_librivox(libraries)
    report = indexer.test()
    assert report.title == "LibriVox"
    assert all(finding.ok for finding in report.findings)
    assert libraries.paths() == ["/api/feed/audiobooks/", "/metadata/emma_0907_librivox"]
    libraries.faults["/metadata"] = Fault(status=500)
    with pytest.raises(Unreachable):
        a_librivox(libraries).test()
    libraries.faults["/api"] = Fault(body=b'{"books": []}')
    with pytest.raises(Unreachable, match="lists no books"):
        a_librivox(libraries).test()
    indexer.close()


def test_what_it_is(libraries: Libraries) -> None:
    indexer = a_librivox(libraries)
    assert (indexer.name, indexer.type, indexer.origin) == ("LibriVox", "librivox", libraries.url)
    assert indexer.seed_goal.ratio is None
    for wrong in ({"url": "librivox.org"}, {"url": "https://librivox.org/?id=1"}, {"archive_url": "https://u:p@a.org"}):
        with pytest.raises(ValidationError):
            LibriVoxSettings.model_validate(wrong)
    assert LibriVoxSettings(url=" https://librivox.org/ ").url == "https://librivox.org"
