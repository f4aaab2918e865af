"""What a release's link leads to, hop by hop."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import httpcore2
import pytest

from auralarchive.domain.status import DownloadType
from auralarchive.indexers.fetch import _Inside, _next
from auralarchive.net.addresses import IPAddress, parse_link, parse_origin
from auralarchive.net.http import GuardedClient, tcp_dial
from auralarchive.ports.errors import AuralError, AuthRefused, Gone, InvalidInput, RateLimited, Unreachable
from auralarchive.ports.work import CancelToken
from tests.support.indexing import PUBLIC, Names, Tripwire, a_fetcher, a_librivox, an_archive, an_indexer
from tests.support.libraries import EMMA, Libraries
from tests.support.torrent_bytes import info_of, torrent_of
from tests.support.torznab import Fault, Offer, TorznabServer

HEX = "0123456789abcdef0123456789abcdef01234567"
MAGNET = f"magnet:?xt=urn:btih:{HEX}&dn=Salt"
TORRENT = torrent_of(info_of(40_000), announce=b"http://tracker.example/announce")
NZB = (
    b'<?xml version="1.0"?><!DOCTYPE nzb PUBLIC "-//newzBin//DTD NZB 1.1//EN" "http://www.newzbin.com/DTD/nzb/nzb-1.1.dtd">'
    b'<nzb xmlns="http://www.newzbin.com/DTD/2003/nzb"><file poster="p" date="1" subject="s"><groups><group>g</group>'
    b'</groups><segments><segment bytes="10" number="1">a@b</segment></segments></file></nzb>'
)


@pytest.fixture
def server() -> Iterator[TorznabServer]:
    with TorznabServer() as running:
        yield running


@pytest.fixture
def offer(server: TorznabServer) -> Offer:
    return server.add("The Salt Harbour", TORRENT)


def test_a_torrent_arrives_unchanged(server: TorznabServer, offer: Offer) -> None:
    """The original bytes, with our own hash, from an indexer in the own network."""
    fetcher = a_fetcher(an_indexer(server))
    payload = fetcher.fetch(server.link(offer), indexer="Test indexer", cancel=CancelToken())
    assert payload.data == TORRENT
    assert payload.download_type is DownloadType.TORRENT
    assert payload.info_hash_v1
    assert len([seen for seen in server.requests if seen.path.startswith("/download")]) == 1


def test_an_nzb_bears_its_name(server: TorznabServer) -> None:
    """The name comes from the header, or from the link, without paths."""
    offer = server.add("Salt", NZB)
    fetcher = a_fetcher(an_indexer(server))
    assert fetcher.fetch(server.link(offer), indexer="Test indexer", cancel=CancelToken()).name
    server.download_fault = Fault(
        body=NZB, headers={"Content-Disposition": 'attachment; filename="The Salt Harbour.nzb"'}
    )
    payload = fetcher.fetch(server.link(offer), indexer="Test indexer", cancel=CancelToken())
    assert (payload.name, payload.download_type) == ("The Salt Harbour", DownloadType.NZB)


def test_magnets_need_no_request() -> None:
    """A magnet is read where it stands."""
    assert a_fetcher().fetch(MAGNET, indexer=None, cancel=CancelToken()).info_hash_v1 == HEX
    with pytest.raises(InvalidInput):
        a_fetcher().fetch("magnet:?" + "x" * 100_000, indexer=None, cancel=CancelToken())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_lead_on(server: TorznabServer, offer: Offer, status: int) -> None:
    """To a magnet, which is how Prowlarr hands them out, or to a relative place."""
    fetcher = a_fetcher(an_indexer(server))
    server.download_fault = Fault(status=status, headers={"Location": MAGNET})
    payload = fetcher.fetch(server.link(offer), indexer="Test indexer", cancel=CancelToken())
    assert payload.info_hash_v1 == HEX
    server.download_fault = Fault(status=status, headers={"Location": "../api?t=caps"})
    with pytest.raises(InvalidInput):  # the capabilities are no release, but they were reached
        fetcher.fetch(server.link(offer), indexer="Test indexer", cancel=CancelToken())
    assert server.requests[-1].path == "/api"


def test_redirects_end(server: TorznabServer, offer: Offer) -> None:
    """A link that leads to itself is followed five times."""
    server.download_fault = Fault(status=302, headers={"Location": "/download/1"})
    with pytest.raises(InvalidInput, match="passed on more than 5 times"):
        a_fetcher(an_indexer(server)).fetch(server.link(offer), indexer="Test indexer", cancel=CancelToken())
    assert len(server.requests) == 6
    server.download_fault = Fault(status=302)
    with pytest.raises(InvalidInput, match="does not say where"):
        a_fetcher(an_indexer(server)).fetch(server.link(offer), indexer="Test indexer", cancel=CancelToken())


@pytest.mark.parametrize(
    ("fault", "error", "text"),
    [
        (Fault(status=404), Gone, "no longer has"),
        (Fault(status=410, body=b'<error code="410" description="Indexer is disabled"/>'), Gone, "Indexer is disabled"),
        (Fault(status=429, headers={"Retry-After": "60"}), RateLimited, "no more releases"),
        (Fault(status=401), AuthRefused, "refuses"),
        (Fault(status=403), AuthRefused, "refuses"),
        (Fault(status=500), Unreachable, "HTTP 500"),
        (Fault(body=b"<!DOCTYPE html><html>Sign in</html>"), InvalidInput, "web page"),
        (Fault(body=b"d8:announce"), InvalidInput, "[Tt]orrent"),
        (Fault(body=b"hello"), InvalidInput, "neither a torrent nor an NZB"),
        (Fault(body=b""), InvalidInput, "neither"),
        (Fault(endless=b"d4:" * 20_000), InvalidInput, "larger than"),
        (Fault(body=TORRENT, length=len(TORRENT) + 9), Unreachable, "broke off"),
    ],
)
def test_what_is_wrong_is_said(
    server: TorznabServer, offer: Offer, fault: Fault, error: type[AuralError], text: str
) -> None:
    """Each wrong answer becomes one of our errors, with a remedy and without the key of the link."""
    server.download_fault = fault
    with pytest.raises(error, match=text) as raised:
        a_fetcher(an_indexer(server)).fetch(server.link(offer), indexer="Test indexer", cancel=CancelToken())
    assert raised.value.remedy
    assert server.api_key not in str(raised.value)


def test_other_inner_addresses_stay_closed(server: TorznabServer, offer: Offer) -> None:
    """Neither a link nor a redirect of a configured indexer opens anything else in the own network."""
    with Tripwire() as wire:
        target = f"http://127.0.0.1:{wire.port}/x.torrent"
        fetcher = a_fetcher(an_indexer(server))
        with pytest.raises(InvalidInput):
            fetcher.fetch(target, indexer="Test indexer", cancel=CancelToken())
        server.download_fault = Fault(status=302, headers={"Location": target})
        with pytest.raises(InvalidInput):
            fetcher.fetch(server.link(offer), indexer="Test indexer", cancel=CancelToken())
        assert wire.connections == 0


def test_one_indexer_opens_nothing_of_another(server: TorznabServer, offer: Offer) -> None:
    """A link that indexer A offered does not reach indexer B; a link of nobody's reaches both."""
    with TorznabServer() as other:
        fetcher = a_fetcher(an_indexer(server), an_indexer(other, name="Other"))
        with pytest.raises(InvalidInput):
            fetcher.fetch(server.link(offer), indexer="Other", cancel=CancelToken())
        assert server.requests == []
        assert fetcher.fetch(server.link(offer), indexer=None, cancel=CancelToken()).data == TORRENT


def test_the_way_back_inside_is_closed(server: TorznabServer, offer: Offer) -> None:
    """A public server that passes us back to the configured origin is not followed."""
    names = Names({"public.example": [[PUBLIC]]})

    def dial(address: IPAddress, port: int, seconds: float) -> httpcore2.NetworkStream:
        inside = parse_origin(server.url).port
        return tcp_dial(ip_address("127.0.0.1"), inside, seconds)

    server.download_fault = Fault(status=302, headers={"Location": server.link(offer)})
    fetcher = a_fetcher(an_indexer(server), client=GuardedClient(resolve=names.resolve, dial=dial))
    with pytest.raises(InvalidInput, match="private"):
        fetcher.fetch("http://public.example/download/1", indexer="Test indexer", cancel=CancelToken())
    assert len(server.requests) == 1


def test_downgrades_are_refused() -> None:
    """From https to http a key would be readable on the way."""
    with pytest.raises(InvalidInput, match="encrypted"):
        _next(parse_link("https://t.example/a"), "http://t.example/b", _Inside(frozenset()))


def test_this_machine_means_the_indexers_machine() -> None:
    """Prowlarr in a container writes links to localhost: with the same port they mean Prowlarr."""
    with TorznabServer() as server:
        offer = server.add("Salt", TORRENT)
        names = Names({"prowlarr": [["127.0.0.1"]]})
        port = parse_origin(server.url).port
        indexer = an_indexer(server, url=f"http://prowlarr:{port}/")
        fetcher = a_fetcher(indexer, client=GuardedClient(resolve=names.resolve))
        for host in ("localhost", "127.0.0.1"):
            link = f"http://{host}:{port}/download/{offer.number}"
            assert fetcher.fetch(link, indexer="Test indexer", cancel=CancelToken()).data == TORRENT
            assert server.requests[-1].headers["host"] == f"prowlarr:{port}"
        with pytest.raises(InvalidInput), Tripwire() as wire:
            fetcher.fetch(f"http://localhost:{wire.port}/", indexer="Test indexer", cancel=CancelToken())


def test_an_indexer_makes_the_payload_of_its_own_links() -> None:
    """Named or, where it has another name by now, whichever knows the link; others are fetched as always."""
    with Libraries() as libraries, TorznabServer() as server:
        libraries.add(EMMA)
        offer = server.add("The Salt Harbour", TORRENT)
        fetcher = a_fetcher(an_indexer(server), a_librivox(libraries), an_archive(libraries))
        links = (f"{libraries.url}/api/feed/audiobooks/?id=164", f"{libraries.url}/details/emma_0907_librivox")
        for link, name in (
            (links[0], "LibriVox"),
            (links[1], "Internet Archive"),
            (links[0], "Gone"),
            (links[1], None),
        ):
            payload = fetcher.fetch(link, indexer=name, cancel=CancelToken())
            assert payload.download_type is DownloadType.HTTP
            assert payload.name == "Emma"
            assert len(payload.files) == 5
        assert fetcher.fetch(server.link(offer), indexer="Test indexer", cancel=CancelToken()).data == TORRENT
        with pytest.raises(Gone):  # a page of another indexer is fetched like any link
            fetcher.fetch(f"{server.url}/details/emma", indexer="Test indexer", cancel=CancelToken())


def test_a_torrent_of_the_archive_is_fetched_through_its_redirect() -> None:
    """Its servers pass the link on; on the owner's own machine nothing else is reached by that."""
    with Libraries() as libraries:
        libraries.add(EMMA)
        libraries.mirror.put("1/items/emma_0907_librivox/emma_0907_librivox_archive.torrent", TORRENT)
        link = f"{libraries.url}/download/emma_0907_librivox/emma_0907_librivox_archive.torrent"
        fetcher = a_fetcher(an_archive(libraries))
        with pytest.raises(InvalidInput, match="private or reserved"):
            fetcher.fetch(link, indexer="Internet Archive", cancel=CancelToken())
