"""Searching the Internet Archive over real HTTP, and making manifests of its items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from auralarchive.clients.payloads import Payloads
from auralarchive.domain.manifest import Manifest, parse
from auralarchive.domain.release import Release, SearchQuery
from auralarchive.domain.status import DownloadType
from auralarchive.indexers.archive_org import ArchiveIndexer, ArchiveSettings
from auralarchive.ports.errors import Gone, PermanentError, RateLimited, Unreachable
from auralarchive.ports.work import CancelToken
from tests.support.indexing import an_archive
from tests.support.libraries import CAROL, EMMA, EMMA_2, EMMA_PLAY, Libraries
from tests.support.torznab import Fault

WHERE = " AND mediatype:audio AND collection:(librivoxaudio OR audio_bookspoetry) AND -access-restricted-item:true"


@pytest.fixture
def libraries() -> Iterator[Libraries]:
    with Libraries() as running:
        running.add(EMMA, EMMA_2, EMMA_PLAY, CAROL)
        yield running


def search(libraries: Libraries, query: SearchQuery, **settings: Any) -> tuple[Release, ...]:
    return an_archive(libraries, **settings).search(query, CancelToken())


def asked(libraries: Libraries) -> list[str]:
    return [seen.query["q"].removesuffix(WHERE) for seen in libraries.requests]


def only(libraries: Libraries, **changes: Any) -> Release:
    """The release of a doc that differs in this from a usual one; None takes a field away."""
    doc = {**libraries.docs[0], **changes}
    libraries.docs = [{name: value for name, value in doc.items() if value is not None}]
    (release,) = an_archive(libraries, collections=()).search(SearchQuery(text="emma"), CancelToken())
    return release


def manifest(indexer: ArchiveIndexer, url: str) -> Manifest:
    payload = indexer.payload(url, Payloads(), CancelToken())
    assert payload is not None
    assert payload.data is not None
    return parse(payload.data)


def test_a_search_finds(libraries: Libraries) -> None:
    release = search(libraries, SearchQuery(title="Emma", author="Jane Austen"))[0]
    assert release.title == "Emma by Jane Austen (read by Sherry Crowther)"
    assert (release.parsed.title, release.parsed.author) == ("Emma", "Jane Austen")
    assert (release.parsed.narrator, release.parsed.language) == ("Sherry Crowther", "en")
    assert (release.parsed.file_format, release.parsed.bitrate_kbps) == ("mp3", 128)
    assert release.download_type is DownloadType.HTTP
    assert release.download_url == release.info_url == f"{libraries.url}/details/emma_0907_librivox"
    assert release.size == (16 * 3600 + 2 * 60 + 28) * 128 * 125  # not that of all its forms together
    assert release.published_at == datetime(2009, 7, 21, 10, 11, 12, tzinfo=UTC)
    assert (release.grabs, release.guid) == (123456, "archive.org/emma_0907_librivox")
    (request,) = libraries.requests
    assert request.query["sort[]"] == "downloads desc"
    assert (request.query["rows"], request.query["output"]) == ("50", "json")


def test_recordings_of_one_text_are_told_apart(libraries: Libraries) -> None:
    found = search(libraries, SearchQuery(title="Emma"))
    assert [release.title.partition(" by ")[0] for release in found] == [
        "Emma",
        "Emma (version 2)",
        "Emma (dramatic reading)",
    ]
    assert {release.parsed.title for release in found} == {"Emma"}


def test_questions_go_from_exact_to_loose(libraries: Libraries) -> None:
    """Signs that mean something to the search are taken out, silent words too; free text is words anywhere."""
    search(libraries, SearchQuery(title='The "Pride" and: (Prejudice)!', author="Austen, Jane"))
    search(libraries, SearchQuery(text="not OR everything* AND title:x"))
    search(libraries, SearchQuery(text="Alice's über 1984"))
    search(libraries, SearchQuery(text="the"))
    assert asked(libraries) == [
        "title:(pride AND prejudice) AND creator:(austen)",
        "title:(pride AND prejudice)",
        " AND ".join(f"(title:({word}) OR creator:({word}))" for word in ("everything", "title", "x")),
        " AND ".join(f"(title:({word}) OR creator:({word}))" for word in ("alice's", "über", "1984")),
        "(title:(the) OR creator:(the))",
    ]
    assert search(libraries, SearchQuery(text="?!")) == ()
    assert len(libraries.requests) == 5


def test_collections_are_a_choice(libraries: Libraries) -> None:
    search(libraries, SearchQuery(title="Emma"), collections=("lit2go",))
    search(libraries, SearchQuery(title="Emma"), collections=())
    queries = [seen.query["q"] for seen in libraries.requests]
    assert queries[0] == "title:(emma) AND mediatype:audio AND collection:(lit2go) AND -access-restricted-item:true"
    assert queries[1] == "title:(emma) AND mediatype:audio AND -access-restricted-item:true"
    with pytest.raises(ValidationError):
        ArchiveSettings.model_validate({"collections": ["a) OR (b"]})


def test_torrents_are_offered_by_choice(libraries: Libraries) -> None:
    """They hold all forms of the item, so their size is that of all of them."""
    files, torrent, *_ = search(libraries, SearchQuery(title="Emma"), offer="both")
    assert (files.download_type, torrent.download_type) == (DownloadType.HTTP, DownloadType.TORRENT)
    assert torrent.download_url == (f"{libraries.url}/download/emma_0907_librivox/emma_0907_librivox_archive.torrent")
    assert (torrent.size, len(torrent.info_hash or "")) == (1_234_567_890, 40)
    assert torrent.id != files.id
    found = search(libraries, SearchQuery(title="Emma"), offer="torrents")
    assert {release.download_type for release in found} == {DownloadType.TORRENT}
    assert an_archive(libraries).payload(torrent.download_url, Payloads(), CancelToken()) is None


def test_fields_come_in_many_shapes(libraries: Libraries) -> None:
    """One creator or several, a language as a code or a word, no length, no format, a title that says it all."""
    assert only(libraries, creator=["Jane Austen", "LibriVox Volunteers"]).parsed.author == "Jane Austen"
    bare = only(libraries, creator=None, language=None, runtime=None, format=None, description=None, publicdate="?")
    assert (bare.parsed.author, bare.parsed.language, bare.size, bare.parsed.file_format) == (None, None, None, None)
    assert (bare.published_at, bare.parsed.narrator, bare.title) == (None, None, "Emma")
    other = only(libraries, title="Jane Austen - Emma (read by Ruth Golding)", creator="Librivox", language="English")
    assert (other.parsed.title, other.parsed.author) == ("Emma", "Jane Austen")
    assert (other.parsed.narrator, other.parsed.language) == ("Ruth Golding", "en")
    assert other.title == "Jane Austen - Emma (read by Ruth Golding)"
    flac = only(libraries, format=["24bit Flac", "VBR MP3"], runtime="57748")
    assert (flac.parsed.file_format, flac.parsed.bitrate_kbps, flac.size) == ("mp3", None, None)


def test_items_without_a_usable_name_are_passed_over(libraries: Libraries) -> None:
    good = libraries.docs[0]
    libraries.docs = [{**good, "identifier": "../x"}, {**good, "identifier": "a b"}, {**good, "title": "emma<b>"}, good]
    assert len(search(libraries, SearchQuery(text="emma"))) == 2


def test_a_manifest_holds_the_item(libraries: Libraries) -> None:
    """Files, titles without their numbers, proofs; the reader is the one whom the description names."""
    indexer = an_archive(libraries)
    found = manifest(indexer, f"{libraries.url}/details/emma_0907_librivox")
    assert [file.title for file in found.files] == [part.title for part in EMMA.parts] + [None]
    assert [file.path for file in found.files] == [EMMA.file(at, 128) for at in (1, 2, 3, 4)] + ["emma_1002.jpg"]
    assert (found.name, found.title, found.authors, found.language) == ("Emma", "Emma", ("Jane Austen",), "en")
    assert (found.narrators, found.source) == (("Sherry Crowther",), "Internet Archive")
    assert all(file.size and file.md5 and file.sha1 and len(file.urls) == 2 for file in found.files)
    small = manifest(an_archive(libraries, prefer="small"), f"{libraries.url}/details/emma_0907_librivox")
    assert small.files[0].path == EMMA.file(1, 64)


def test_other_links_are_not_its_own(libraries: Libraries) -> None:
    indexer = an_archive(libraries)
    for url in ("/details/", "/details/a%2Fb", "/download/emma/a.mp3", "/emma", ""):
        assert indexer.payload(f"{libraries.url}{url}", Payloads(), CancelToken()) is None
    assert indexer.payload("https://archive.example/details/emma", Payloads(), CancelToken()) is None
    assert libraries.requests == []


def test_an_item_that_has_gone_is_told(libraries: Libraries) -> None:
    with pytest.raises(Gone):
        manifest(an_archive(libraries), f"{libraries.url}/details/never_was")


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (Fault(body=b'{"error": "syntax error near <b>)</b>"}'), PermanentError, r"syntax error near \)"),
        (Fault(body=b"[]"), PermanentError, "did not say why"),
        (Fault(body=b"<html>Temporarily offline</html>"), Unreachable, "something else"),
        (Fault(status=503, headers={"Retry-After": "60"}), RateLimited, "60 s"),
    ],
    ids=str,
)
def test_bad_answers_are_errors(libraries: Libraries, fault: Fault, kind: type[Exception], words: str) -> None:
    libraries.faults["/advancedsearch.php"] = fault
    with pytest.raises(kind, match=words):
        search(libraries, SearchQuery(title="Emma"))


def test_odd_answers_find_nothing(libraries: Libraries) -> None:
    for body in (b'{"response": null}', b'{"response": {"docs": {}}}', b'{"response": {"docs": [null, 7, "x", {}]}}'):
        libraries.faults["/advancedsearch.php"] = Fault(body=body)
        assert search(libraries, SearchQuery(title="Emma")) == ()


def test_its_test_asks_once(libraries: Libraries) -> None:
    indexer = an_archive(libraries)
    assert all(finding.ok for finding in indexer.test().findings)
    assert libraries.requests[0].query["rows"] == "1"
    libraries.faults["/"] = Fault(status=500)
    with pytest.raises(Unreachable):
        an_archive(libraries).test()
    assert (indexer.name, indexer.type, indexer.origin) == ("Internet Archive", "archive_org", libraries.url)
    indexer.close()


def test_m4b_is_told_where_it_is_wanted(libraries: Libraries) -> None:
    libraries.docs[0]["format"] = ["64Kbps MP3", "LibriVox Apple Audiobook"]
    release = search(libraries, SearchQuery(title="Emma"), prefer="m4b")[0]
    assert (release.parsed.file_format, replace(release.parsed, file_format=None).file_format) == ("m4b", None)
