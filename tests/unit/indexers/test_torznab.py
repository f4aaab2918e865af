"""Searching an indexer over real HTTP: steps, pages, errors and manners."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import ValidationError

from auralarchive.domain.release import SearchQuery
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.status import DownloadType
from auralarchive.indexers.torznab import TorznabSettings
from auralarchive.ports.errors import (
    AuralError,
    AuthRefused,
    Misconfigured,
    PermanentError,
    RateLimited,
    Unreachable,
)
from auralarchive.ports.work import CancelToken
from tests.support.certificates import SelfSigned, https_server
from tests.support.indexing import an_indexer
from tests.support.torznab import Fault, TorznabServer

BOOK = SearchQuery(title="The Salt Harbour", author="Mira Okonjo")
TITLE = "The Salt Harbour by Mira Okonjo [ENG / M4B]"
NZB = b'<?xml version="1.0"?><nzb/>'


@pytest.fixture
def server() -> Iterator[TorznabServer]:
    with TorznabServer() as running:
        yield running


def asked(server: TorznabServer) -> list[dict[str, str]]:
    """The searches that came, without what all have."""
    common = {"apikey", "extended", "limit", "offset", "cat"}
    searches = [request.query for request in server.requests if request.query.get("t") != "caps"]
    return [{name: value for name, value in query.items() if name not in common} for query in searches]


def test_a_search_finds(server: TorznabServer) -> None:
    """One request for the capabilities, one for the book; the release bears its name and an opaque id."""
    server.add(TITLE, b"d4:infode", size=200 * 2**20, seeders=3)
    indexer = an_indexer(server)
    (release,) = indexer.search(BOOK, CancelToken())
    assert (release.title, release.indexer, release.id) == (TITLE, "Test indexer", "release-1")
    assert (release.seeders, release.size, release.parsed.file_format) == (3, 200 * 2**20, "m4b")
    assert asked(server) == [{"t": "book", "author": "Mira Okonjo", "title": "The Salt Harbour"}]
    assert server.requests[1].query["cat"] == "3030"
    indexer.search(BOOK, CancelToken())
    assert len(server.requests) == 3  # the capabilities are remembered


def test_steps_go_from_exact_to_loose(server: TorznabServer) -> None:
    """Each step is asked only after the one before it found nothing."""
    assert an_indexer(server).search(BOOK, CancelToken()) == ()
    assert asked(server) == [
        {"t": "book", "author": "Mira Okonjo", "title": "The Salt Harbour"},
        {"t": "book", "title": "The Salt Harbour"},
        {"t": "search", "q": "The Salt Harbour Mira Okonjo"},
        {"t": "search", "q": "Mira Okonjo The Salt Harbour"},
        {"t": "search", "q": "The Salt Harbour"},
    ]


def test_only_known_parameters_are_sent(server: TorznabServer) -> None:
    """An indexer that knows plain words only is asked by plain words, without signs; free text as typed."""
    server.caps = '<caps><searching><search available="yes" supportedParams="q"/></searching></caps>'
    indexer = an_indexer(server)
    indexer.search(SearchQuery(title="What? (Now!)"), CancelToken())
    indexer.search(SearchQuery(text="salt   harbour: okonjo"), CancelToken())
    assert asked(server) == [{"t": "search", "q": "What Now"}, {"t": "search", "q": "salt harbour okonjo"}]
    server.caps = '<caps><searching><search available="yes" searchEngine="raw"/></searching></caps>'
    an_indexer(server).search(SearchQuery(title="What? (Now!)"), CancelToken())
    assert asked(server)[-1] == {"t": "search", "q": "What? (Now!)"}


def test_pages_are_read_to_the_end(server: TorznabServer) -> None:
    """A full page is followed by the next, a short one by none."""
    for number in range(230):
        server.add(f"{TITLE} {number}", f"magnet:?xt=urn:btih:{number:040x}")
    assert len(an_indexer(server).search(BOOK, CancelToken())) == 230
    assert [request.query.get("offset") for request in server.requests[1:]] == ["0", "100", "200"]


def test_repeated_pages_end_the_search(server: TorznabServer) -> None:
    """Many torrent sites ignore the offset: the second page brings nothing new."""
    for number in range(100):
        server.add(f"{TITLE} {number}", f"magnet:?xt=urn:btih:{number:040x}")
    server.page = server.feed({})
    assert len(an_indexer(server).search(BOOK, CancelToken())) == 100
    assert len(server.requests) == 3


def test_newznab_offers_nzbs(server: TorznabServer) -> None:
    """The other kind of indexer is the same protocol."""
    server.add(TITLE, NZB)
    server.add(f"{TITLE} torrent", b"d4:infode")
    indexer = an_indexer(server, DownloadType.NZB)
    (release,) = indexer.search(BOOK, CancelToken())
    assert (release.download_type, indexer.type) == (DownloadType.NZB, "newznab")


@pytest.mark.parametrize(
    ("fault", "error", "text"),
    [
        (Fault(status=503), Unreachable, "HTTP 503"),
        (Fault(status=404), Unreachable, "HTTP 404"),
        (Fault(status=401), AuthRefused, "refuses the API key"),
        (Fault(status=302, headers={"Location": "/prowlarr/api"}), Misconfigured, "another address"),
        (
            Fault(body=b"<!DOCTYPE html><html><body>Just a moment...</body></html>"),
            Unreachable,
            "not answer with a feed",
        ),
        (Fault(body=b"<html><head><title>x</title></head></html>"), Unreachable, "not XML but a web page"),
        (Fault(body=b""), Unreachable, "not XML"),
        (Fault(body=b"<opml/>"), Unreachable, "not answer with a feed"),
        (Fault(body=b'<error code="101" description="Suspended"/>'), AuthRefused, "Suspended"),
        (Fault(status=403, body=b'<error code="910" description="API off"/>'), AuthRefused, "API off"),
        (Fault(body=b'<error code="910" description="API Disabled"/>'), Unreachable, "API Disabled"),
        (Fault(body=b'<error code="201" description="Bad parameter"/>'), PermanentError, "Bad parameter"),
        (Fault(body=b'<error code="500" description="Limit"/>'), RateLimited, "Limit"),
        (Fault(body=b'<error code="900" description="Request limit reached (50)"/>'), RateLimited, "limit reached"),
        (Fault(status=500, body=b'<error code="900" description="Boom"/>'), Unreachable, "Boom"),
    ],
)
def test_errors_say_what_is_wrong(server: TorznabServer, fault: Fault, error: type[AuralError], text: str) -> None:
    """Each wrong answer becomes one of our errors, with a remedy and without the key."""
    indexer = an_indexer(server)
    indexer.search(BOOK, CancelToken())
    server.fault = fault
    with pytest.raises(error, match=text) as raised:
        indexer.search(BOOK, CancelToken())
    assert raised.value.remedy
    assert server.api_key not in str(raised.value)


def test_no_item_is_no_error(server: TorznabServer) -> None:
    """Some say with an error that they found nothing."""
    indexer = an_indexer(server)
    indexer.search(BOOK, CancelToken())
    server.fault = Fault(body=b'<error code="300" description="No such item"/>')
    assert indexer.search(BOOK, CancelToken()) == ()


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (Fault(status=429, headers={"Retry-After": "120"}), 120),
        (Fault(status=429, headers={"Retry-After": "-5"}), 3600),
        (Fault(status=429, headers={"Retry-After": "999999999"}), 86_400),
        (Fault(body=b'<error code="429" description="Indexer is disabled till 02/11/2026 15:00:34."/>'), 300),
    ],
)
def test_a_request_for_silence_is_kept(server: TorznabServer, fault: Fault, seconds: float) -> None:
    """While it cools down the indexer is not asked at all."""
    indexer = an_indexer(server)
    server.fault = fault
    with pytest.raises(RateLimited) as first:
        indexer.search(BOOK, CancelToken())
    before = len(server.requests)
    with pytest.raises(RateLimited):
        indexer.search(BOOK, CancelToken())
    assert first.value.retry_after == seconds
    assert len(server.requests) == before


def test_a_wrong_key_is_tried_once(server: TorznabServer) -> None:
    """Some sites lock accounts that keep knocking; only a test asks again."""
    indexer = an_indexer(server, api_key="wrong-key-000")
    for _ in range(3):
        with pytest.raises(AuthRefused, match="Incorrect user credentials"):
            indexer.search(BOOK, CancelToken())
    assert len(asked(server)) == 1
    with pytest.raises(AuthRefused):
        indexer.test()
    assert len(asked(server)) == 2


def test_keys_in_errors_are_hidden(server: TorznabServer) -> None:
    """An indexer that repeats the key or a link in its error does not get it into our messages."""
    indexer = an_indexer(server)
    text = f"Key {server.api_key} unknown, see http://h/x?apikey={server.api_key}"
    server.fault = Fault(body=f'<error code="100" description="{text}"/>'.encode())
    with pytest.raises(AuthRefused) as error:
        indexer.search(BOOK, CancelToken())
    assert server.api_key not in str(error.value)
    assert "http://h/x?…" in str(error.value)


def test_a_missing_caps_function_is_no_obstacle(server: TorznabServer) -> None:
    """Without capabilities plain words still work."""
    server.add(TITLE, b"d4:infode")
    server.caps = '<error code="202" description="No such function"/>'
    assert len(an_indexer(server).search(BOOK, CancelToken())) == 1


def test_the_test_reports(server: TorznabServer) -> None:
    """It proves the key by a search and finds no fault in finding nothing; warnings come with remedies."""
    report = an_indexer(server).test()
    assert report.title == "Test indexer"
    assert [finding.ok for finding in report.findings] == [True]
    findings = an_indexer(server, verify_tls=False, categories=(100_999,)).test().findings
    assert [finding.ok for finding in findings] == [True, False, False]
    assert all(finding.remedy for finding in findings if not finding.ok)


def test_settings_are_checked() -> None:
    """What could never work is refused when it is entered; addresses as Prowlarr and Jackett show them work."""
    for url in ("prowlarr:9696", "ftp://h", "http://u:p@h", "http://h/api?apikey=x", ""):
        with pytest.raises(ValidationError):
            TorznabSettings(url=url)


@pytest.mark.parametrize(
    ("suffix", "path", "endpoint"),
    [("", "/api", "/api"), ("/1/", "/api", "/1/api"), ("/1/api", "/api", "/1/api"), ("/r/torznab", "", "/r/torznab")],
)
def test_the_path_is_found(server: TorznabServer, suffix: str, path: str, endpoint: str) -> None:
    """With or without the API path at its end, the address means the same."""
    indexer = an_indexer(server, url=server.url + suffix, api_path=path)
    with suppress(Unreachable):  # the test server knows /api alone
        indexer.test()
    assert server.requests[0].path == endpoint
    assert indexer.origin == server.url


def test_seed_goals_are_its_own(server: TorznabServer) -> None:
    """Minutes in the settings are seconds in the goal."""
    assert an_indexer(server, seed_ratio=1.5, seed_time_minutes=90).seed_goal == SeedGoal(1.5, 5_400)
    assert an_indexer(server).seed_goal == SeedGoal()


def test_its_own_authority_is_trusted(server: TorznabServer, tmp_path: Path) -> None:
    """A private certificate works by naming its authority, and by nothing less."""
    certificate = SelfSigned.make(tmp_path)
    with https_server(certificate) as port:
        url = f"https://127.0.0.1:{port}"
        with pytest.raises(Unreachable, match="cannot be trusted"):
            an_indexer(server, url=url).search(BOOK, CancelToken())
        with pytest.raises(Unreachable, match="not XML"):
            an_indexer(server, url=url, ca_file=str(certificate.file)).search(BOOK, CancelToken())
        with pytest.raises(Unreachable, match="not XML"):
            an_indexer(server, url=url, verify_tls=False).search(BOOK, CancelToken())
    with pytest.raises(Misconfigured):
        an_indexer(server, ca_file=str(tmp_path / "missing.pem"))
