"""Asking a website that belongs to everybody: politely, by the rules, and prepared for its bad days."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpcore2
import pytest
from pydantic import ValidationError

from auralarchive.indexers.context import IndexerContext
from auralarchive.indexers.pacing import Manners
from auralarchive.indexers.site import FreeBooksSettings, Site
from auralarchive.net.addresses import IPAddress, Link, parse_link
from auralarchive.net.http import Answer, GuardedClient, tcp_dial
from auralarchive.ports.errors import AuralError, Cancelled, InvalidInput, RateLimited, Unreachable
from auralarchive.ports.work import CancelToken
from tests.support.indexing import PUBLIC, HeldClock, Names, Tripwire
from tests.support.libraries import EMMA, Libraries
from tests.support.torznab import Fault

QUICK = FreeBooksSettings(min_interval_seconds=0)
FEED = "api/feed/audiobooks/"
BOOK = {"id": "164"}


@pytest.fixture
def libraries() -> Iterator[Libraries]:
    with Libraries() as running:
        running.add(EMMA)
        yield running


def a_site(url: str, *, typed: bool = True, settings: FreeBooksSettings = QUICK, **more: object) -> Site:
    context = IndexerContext(more.get("client") or GuardedClient(), more.get("clock") or HeldClock())  # type: ignore[arg-type] # as the test says
    return Site("LibriVox", url, settings, context, typed=typed)


def test_an_answer_is_asked_for_once(libraries: Libraries) -> None:
    """And again after ten minutes; another question is another answer. It says who asks."""
    clock = HeldClock()
    site = a_site(libraries.url, clock=clock)
    first = site.ask(FEED, BOOK, CancelToken())
    assert isinstance(first, dict)
    assert first["books"][0]["title"] == "Emma"
    assert site.ask(FEED, BOOK, CancelToken()) == first
    assert len(libraries.requests) == 1
    site.ask(FEED, {"id": "1"}, CancelToken())
    clock.forward(601)
    site.ask(FEED, BOOK, CancelToken())
    assert len(libraries.requests) == 3
    headers = libraries.requests[0].headers
    assert headers["user-agent"].startswith("AuralArchive")
    assert headers["accept"] == "application/json"


def test_answers_are_not_kept_without_measure(libraries: Libraries) -> None:
    """Large answers push older ones out."""
    site = a_site(libraries.url)
    site.ask(FEED, BOOK, CancelToken())
    libraries.faults["/api"] = Fault(body=b'{"books": "' + b"x" * 4_000_000 + b'"}')
    site.ask(FEED, {"id": "2"}, CancelToken())
    site.ask(FEED, {"id": "3"}, CancelToken())
    asked = len(libraries.requests)
    site.ask(FEED, {"id": "3"}, CancelToken())
    site.ask(FEED, BOOK, CancelToken())
    assert len(libraries.requests) == asked + 1


def test_nothing_found_is_an_answer(libraries: Libraries) -> None:
    """LibriVox says it with an error and 404."""
    assert a_site(libraries.url).ask(FEED, {"id": "1"}, CancelToken()) == {"error": "Audiobooks could not be found"}


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (Fault(body=b"<html>Just a moment</html>"), Unreachable, "with something else"),
        (Fault(status=403, body=b"<html>Attention Required</html>"), Unreachable, "HTTP 403"),
        (Fault(status=404, body=b"<html>Not found</html>"), Unreachable, "HTTP 404"),
        (Fault(body=b'{"books": [{"id": "16'), Unreachable, "with something else"),
        (Fault(body=b"[" * 200_000), Unreachable, "with something else"),
        (Fault(status=500, body=b'{"error": "database <b>gone</b>"}'), Unreachable, "HTTP 500: database gone"),
        (Fault(status=503), Unreachable, "HTTP 503"),
        (Fault(status=503, headers={"Retry-After": "90"}), RateLimited, "90 s"),
        (Fault(status=429), RateLimited, "10 min"),
        (Fault(status=429, headers={"Retry-After": "120"}), RateLimited, "2 min"),
        (Fault(endless=b" " * 65_536), InvalidInput, "larger than 16 MiB"),
        (Fault(body=b"{}", length=4_000), Unreachable, "broke off"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_days_are_told(libraries: Libraries, fault: Fault, kind: type[AuralError], words: str) -> None:
    """Whatever comes instead of data, in words; nothing of it is kept for later."""
    libraries.faults["/api"] = fault
    site = a_site(libraries.url)
    with pytest.raises(kind, match=words) as raised:
        site.ask(FEED, BOOK, CancelToken())
    assert raised.value.remedy
    libraries.faults.clear()
    if kind is not RateLimited:
        assert "books" in str(site.ask(FEED, BOOK, CancelToken()))


def test_silence_is_kept(libraries: Libraries) -> None:
    """A site that wants to be left alone is, until it may be asked again."""
    clock = HeldClock()
    site = a_site(libraries.url, clock=clock)
    libraries.faults["/api"] = Fault(status=429, headers={"Retry-After": "60"})
    with pytest.raises(RateLimited):
        site.ask(FEED, BOOK, CancelToken())
    libraries.faults.clear()
    with pytest.raises(RateLimited):
        site.check()
    with pytest.raises(RateLimited):
        site.ask(FEED, BOOK, CancelToken())
    assert len(libraries.requests) == 1
    clock.forward(61)
    site.check()
    assert site.ask(FEED, BOOK, CancelToken())


def test_a_slow_site_is_given_up(libraries: Libraries) -> None:
    libraries.faults["/api"] = Fault(body=b" " * 600, drop_seconds=0.1)
    site = a_site(libraries.url, settings=FreeBooksSettings(min_interval_seconds=0, timeout_seconds=0.5))
    with pytest.raises(Unreachable, match=r"within 0\.5 s"):
        site.ask(FEED, BOOK, CancelToken())


def test_who_is_no_longer_wanted_stops(libraries: Libraries) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        a_site(libraries.url).ask(FEED, BOOK, cancel)


def test_a_host_is_asked_one_question_at_a_time(libraries: Libraries) -> None:
    """Whichever of our indexers asks it."""
    clock = HeldClock()
    context = IndexerContext(GuardedClient(), clock, manners=Manners(clock))
    sites = [Site("Mine", libraries.url, QUICK, context, typed=True) for _ in range(4)]
    threads = [
        threading.Thread(target=site.ask, args=(FEED, {"id": str(number)}, CancelToken()))
        for number, site in enumerate(sites)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(libraries.requests) == 4
    assert not libraries.crowded


def test_redirects_are_judged_each(libraries: Libraries) -> None:
    """Within what an owner typed they are followed, into anything else that is private they are not."""
    libraries.faults["/old"] = Fault(status=301, headers={"Location": f"/{FEED}?id=164&format=json"})
    assert "books" in str(a_site(libraries.url).ask("old", {}, CancelToken()))
    with Tripwire() as wire:
        libraries.faults["/old"] = Fault(status=302, headers={"Location": f"http://127.0.0.1:{wire.port}/"})
        with pytest.raises(InvalidInput, match="private or reserved"):
            a_site(libraries.url).ask("old", {}, CancelToken())
        assert wire.connections == 0
    libraries.faults["/old"] = Fault(status=302, headers={"Location": "/old"})
    with pytest.raises(Unreachable, match="without an end"):
        a_site(libraries.url).ask("old", {}, CancelToken())
    libraries.faults["/old"] = Fault(status=302)
    with pytest.raises(Unreachable, match="HTTP 302"):
        a_site(libraries.url).ask("old", {}, CancelToken())


def test_an_address_that_nobody_typed_is_public(libraries: Libraries) -> None:
    """Who controls our names cannot lead the sites that we know by ourselves into the own network."""
    names = Names({"librivox.org": [["127.0.0.1"]]})
    with pytest.raises(InvalidInput, match="private or reserved"):
        a_site("http://librivox.org", typed=False, client=GuardedClient(resolve=names.resolve)).ask(
            FEED, BOOK, CancelToken()
        )
    assert libraries.requests == []

    def dial(address: IPAddress, port: int, seconds: float) -> httpcore2.NetworkStream:
        assert str(address) == PUBLIC
        return tcp_dial(type(address)("127.0.0.1"), parse_link(libraries.url).origin.port, seconds)

    public = GuardedClient(resolve=Names({"librivox.org": [[PUBLIC]]}).resolve, dial=dial)
    assert "books" in str(a_site("http://librivox.org", typed=False, client=public).ask(FEED, BOOK, CancelToken()))


class Passing(GuardedClient):
    """Answers everything with a way to elsewhere."""

    def get(self, link: Link, **_: object) -> Answer:
        return Answer(301, {"location": "http://librivox.org/"}, b"")


def test_encryption_is_not_given_up() -> None:
    """From https to http no redirect is followed."""
    with pytest.raises(InvalidInput, match="unencrypted"):
        a_site("https://librivox.org", client=Passing()).ask(FEED, BOOK, CancelToken())


def test_links_of_a_site_are_known() -> None:
    site = a_site("https://archive.org/")
    assert site.holds(parse_link("https://www.archive.org/details/emma"))
    assert not site.holds(parse_link("https://archive.org.example/details/emma"))
    assert not site.holds(parse_link("https://archive.org:8443/details/emma"))
    assert (
        str(a_site("http://nas.local/mirror/").link("metadata/a%20b").url) == "http://nas.local/mirror/metadata/a%20b"
    )
    assert str(site.origin) == "https://archive.org:443"
    assert str(site.base.url) == "https://archive.org/"


@pytest.mark.parametrize("wrong", [{"prefer": "wav"}, {"timeout_seconds": 0}, {"min_interval_seconds": -1}])
def test_settings_are_bounded(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FreeBooksSettings.model_validate(wrong)
