"""Links from strangers: nothing inside is ever asked, no key is ever shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from auralarchive.domain.failures import FailureKind
from auralarchive.net.http import GuardedClient
from auralarchive.ports.errors import AuralError, InvalidInput
from auralarchive.ports.work import CancelToken
from tests.support.indexing import PUBLIC, Names, Tripwire, a_fetcher, an_indexer
from tests.support.torznab import Fault, TorznabServer

LINKS = [
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://LOCALHOST.:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://0x7f.1:{port}/",
    "http://127.1:{port}/",
    "http://0:{port}/",
    "http://0.0.0.0:{port}/",
    "http://127.0.0.1.:{port}/",
    "http://[::1]:{port}/",
    "http://[::]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[2001:0:7f00:1::]:{port}/",
    "http://[fe80::1%25lo]:{port}/",
    "http://[fe80::1%lo]:{port}/",
    "http://⑫⑦.0.0.1:{port}/",
    "http://１２７.０.０.１:{port}/",
    "http://127。0。0。1:{port}/",
    "http://ⓛocalhost:{port}/",
    "http://inside.example:{port}/",
    "http://half.example:{port}/",
    "http://metadata.example/latest/",
    "http://169.254.169.254/latest/",
    "http://[fd00:ec2::254]/latest/",
    "http://name:secret@127.0.0.1:{port}/",
    "http://name:secret@outside.example/",
    "http://outside.example@127.0.0.1:{port}/",
    "http://outside.example\\@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@outside.example/",
    "http://outside.example:80:{port}/",
    "http://outside.example:0/",
    "http://outside.example:99999/",
    "http://outside.example/\r\nX-More: 1",
    "http://outside.example/\tx",
    "http://out\u200bside.example/",
    "http://outside.example%2f@127.0.0.1:{port}/",
    "http://%31%32%37.0.0.1:{port}/",
    "http:127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "//127.0.0.1:{port}/x",
    "127.0.0.1:{port}/x",
    "file:///etc/passwd",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1:{port}/_FLUSHALL",
    "dict://127.0.0.1:{port}/",
    "data:text/html,<script>alert(1)</script>",
    "javascript:alert(1)",
    "unix:///run/docker.sock",
    "jar:http://127.0.0.1:{port}/!/",
    "",
    "http://",
    "http://outside.example/" + "a" * 100_000,
]


def names() -> Names:
    return Names(
        {
            "inside.example": [["127.0.0.1"]],
            "half.example": [[PUBLIC, "127.0.0.1"]],
            "metadata.example": [["169.254.169.254"]],
            "localhost": [["127.0.0.1"]],
            "outside.example": [[PUBLIC]],
        }
    )


@pytest.fixture(scope="module")
def wire() -> Iterator[Tripwire]:
    with Tripwire() as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Iterator[TorznabServer]:
    with TorznabServer() as running:
        running.add("Salt", b"d4:infode")
        yield running


@pytest.mark.parametrize("text", LINKS, ids=lambda text: repr(text[:40]))
@pytest.mark.parametrize("configured", [False, True], ids=["alone", "beside an indexer"])
def test_nothing_inside_is_asked(text: str, configured: bool, wire: Tripwire, server: TorznabServer) -> None:
    """Whether there is a configured indexer or not, such a link is refused before anything is sent."""
    indexers = [an_indexer(server)] if configured else []
    fetcher = a_fetcher(*indexers, client=GuardedClient(resolve=names().resolve))
    with pytest.raises(InvalidInput) as refusal:
        fetcher.fetch(text.format(port=wire.port), indexer="Test indexer", cancel=CancelToken())
    assert wire.connections == 0
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("text", [text for text in LINKS if "\r" not in text], ids=lambda text: repr(text[:40]))
def test_no_redirect_leads_inside(text: str, wire: Tripwire, server: TorznabServer) -> None:
    """A configured indexer that passes us on opens nothing; at most it leads to another page of its own."""
    location = text.format(port=wire.port).encode().decode("latin-1")[:60_000]
    server.download_fault = Fault(status=302, headers={"Location": location})
    fetcher = a_fetcher(an_indexer(server), client=GuardedClient(resolve=names().resolve))
    with pytest.raises(AuralError):
        fetcher.fetch(server.link(server.offers[0]), indexer="Test indexer", cancel=CancelToken())
    assert wire.connections == 0


def test_a_fragment_hides_no_host() -> None:
    """What follows a hash is never part of the host: one reader judges and connects."""
    with Tripwire() as wire:
        fetcher = a_fetcher(client=GuardedClient(resolve=Names({"out.example": [["10.0.0.1"]]}).resolve))
        with pytest.raises(InvalidInput, match=r"out\.example leads to"):
            fetcher.fetch(f"http://out.example#@127.0.0.1:{wire.port}/", indexer=None, cancel=CancelToken())
        assert wire.connections == 0


def test_the_configured_origin_must_match_in_all_parts() -> None:
    """Scheme, host and port: another port of the same machine is another server."""
    with Tripwire() as wire, TorznabServer() as server:
        indexer = an_indexer(server)
        for link in (
            f"http://127.0.0.1:{wire.port}/x",
            server.url.replace("http:", "https:"),
            f"http://127.0.0.2:{wire.port}/",
        ):
            with pytest.raises(InvalidInput) as refusal:
                a_fetcher(indexer).fetch(link, indexer="Test indexer", cancel=CancelToken())
            assert refusal.value.kind is FailureKind.ADDRESS_REFUSED
        assert wire.connections == 0


def test_a_configured_indexer_in_the_own_network_works() -> None:
    """The guard must not close the very door that its owner opened."""
    with TorznabServer() as server:
        server.download_fault = Fault(status=301, headers={"Location": "magnet:?xt=urn:btih:" + "ab" * 20})
        offer = server.add("Salt", b"d4:infode")
        payload = a_fetcher(an_indexer(server)).fetch(server.link(offer), indexer="Test indexer", cancel=CancelToken())
        assert payload.info_hash_v1 == "ab" * 20
