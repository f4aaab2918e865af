"""The guarded client: pinned addresses, deadlines, caps, certificates."""

from __future__ import annotations

import gzip
import ssl
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from ipaddress import ip_address
from pathlib import Path

import httpcore2
import pytest

from auralarchive.net.addresses import IPAddress, Reach, parse_link
from auralarchive.net.http import Answer, GuardedClient, Limits, Stream, tcp_dial
from auralarchive.ports.errors import Cancelled, InvalidInput, Unreachable
from auralarchive.ports.work import CancelToken
from tests.support.certificates import SelfSigned, https_server
from tests.support.files import FileHost, Twist, book
from tests.support.indexing import PUBLIC, Names, Tripwire
from tests.support.torznab import Fault, TorznabServer

LIMITS = Limits(max_bytes=2**20, seconds=5.0)


@pytest.fixture
def server() -> Iterator[TorznabServer]:
    with TorznabServer() as running:
        yield running


def ask(server: TorznabServer, client: GuardedClient | None = None, limits: Limits = LIMITS) -> Answer:
    link = parse_link(f"{server.url}/api?t=caps")
    return (client or GuardedClient()).get(link, reach=Reach.CONFIGURED, limits=limits, cancel=CancelToken())


def test_an_answer_is_whole(server: TorznabServer) -> None:
    """Status, headers in lower case and body arrive."""
    answer = ask(server)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/rss+xml"
    assert b"<caps>" in answer.body


def test_a_name_that_changes_its_answer_gains_nothing() -> None:
    """A host is resolved once, and the connection goes to the address that was judged."""
    names = Names({"rebinding.example": [[PUBLIC], ["127.0.0.1"]]})
    dialled: list[str] = []

    def dial(address: IPAddress, port: int, seconds: float) -> httpcore2.NetworkStream:
        dialled.append(str(address))
        return tcp_dial(ip_address("127.0.0.1"), parse_link(running.url).origin.port, seconds)

    with Tripwire() as wire, TorznabServer() as running:
        link = parse_link(f"http://rebinding.example:{wire.port}/api?t=caps")
        client = GuardedClient(resolve=names.resolve, dial=dial)
        answer = client.get(link, reach=Reach.PUBLIC, limits=LIMITS, cancel=CancelToken())
        assert answer.status == 200
        assert dialled == [PUBLIC]
        assert names.asked == ["rebinding.example"]
        assert running.requests[0].headers["host"] == f"rebinding.example:{wire.port}"
        with pytest.raises(InvalidInput):
            client.get(link, reach=Reach.PUBLIC, limits=LIMITS, cancel=CancelToken())
        assert wire.connections == 0


def test_one_inner_address_spoils_a_name() -> None:
    """A name with a public and a private address is refused as a whole."""
    with Tripwire() as wire:
        client = GuardedClient(resolve=Names({"mixed.example": [[PUBLIC, "127.0.0.1"]]}).resolve)
        with pytest.raises(InvalidInput):
            client.get(
                parse_link(f"http://mixed.example:{wire.port}/"),
                reach=Reach.PUBLIC,
                limits=LIMITS,
                cancel=CancelToken(),
            )
        assert wire.connections == 0


def test_unknown_names_and_closed_ports_are_unreachable() -> None:
    """What does not answer says so, with a remedy."""

    def nobody(host: str, port: int) -> tuple[IPAddress, ...]:
        raise OSError("unknown")

    with pytest.raises(Unreachable, match=r"no server named nowhere\.example"):
        GuardedClient(resolve=nobody).get(
            parse_link("http://nowhere.example/"), reach=Reach.PUBLIC, limits=LIMITS, cancel=CancelToken()
        )
    with Tripwire() as wire:
        port = wire.port
    with pytest.raises(Unreachable, match="cannot be reached"):
        GuardedClient().get(
            parse_link(f"http://127.0.0.1:{port}/"), reach=Reach.CONFIGURED, limits=LIMITS, cancel=CancelToken()
        )


def test_endless_bodies_end_at_the_cap(server: TorznabServer) -> None:
    """A body without end costs the cap and no more."""
    server.fault = Fault(endless=b"x" * 65536)
    with pytest.raises(InvalidInput, match="larger than 1 MiB"):
        ask(server)


def test_packed_bodies_are_unpacked(server: TorznabServer) -> None:
    """Gzip is read, whole or not at all."""
    packed = gzip.compress(b"<caps/>")
    server.fault = Fault(body=packed, headers={"Content-Encoding": "gzip"})
    assert ask(server).body == b"<caps/>"
    server.fault = Fault(body=packed[:-6], headers={"Content-Encoding": "gzip"})
    with pytest.raises(Unreachable, match="ends in the middle"):
        ask(server)
    server.fault = Fault(body=b"no gzip", headers={"Content-Encoding": "gzip"})
    with pytest.raises(Unreachable, match="damaged"):
        ask(server)
    server.fault = Fault(body=b"?", headers={"Content-Encoding": "br"})
    with pytest.raises(Unreachable, match="not asked for"):
        ask(server)


def test_bombs_never_unfold(server: TorznabServer) -> None:
    """The cap counts unpacked bytes."""
    server.fault = Fault(body=gzip.compress(b"\0" * 50 * 2**20), headers={"Content-Encoding": "gzip"})
    with pytest.raises(InvalidInput, match="larger than"):
        ask(server)


def test_the_deadline_covers_every_byte(server: TorznabServer) -> None:
    """A server that sends drop by drop never reaches a time-out of single reads, but the deadline."""
    server.fault = Fault(body=b"x" * 1000, drop_seconds=0.1)
    with pytest.raises(Unreachable, match=r"within 0\.4 s"):
        ask(server, limits=Limits(2**20, 0.4))


def test_a_cancel_ends_the_wait(server: TorznabServer) -> None:
    """Who takes the work away does not wait for a slow server."""
    server.fault = Fault(body=b"x" * 1000, drop_seconds=0.05)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        GuardedClient().get(parse_link(f"{server.url}/api"), reach=Reach.CONFIGURED, limits=LIMITS, cancel=cancel)


def test_cut_bodies_are_noticed(server: TorznabServer) -> None:
    """A Content-Length that promises more than came is an error, not a short file."""
    server.fault = Fault(body=b"<rss>", length=5_000)
    with pytest.raises(Unreachable, match="broke off"):
        ask(server)


@pytest.mark.parametrize(
    "headers",
    [{f"X-{number}": "y" for number in range(1_000)}, {"X-Long": "y" * 200_000}],
    ids=["many", "long"],
)
def test_header_floods_are_cut(server: TorznabServer, headers: dict[str, str]) -> None:
    """Headers are capped in number and size."""
    server.fault = Fault(body=b"<rss/>", headers=headers)
    with pytest.raises(Unreachable):
        ask(server)


def test_certificates_are_verified(tmp_path: Path) -> None:
    """A self-signed certificate is refused unless its own authority is named for this service."""
    certificate = SelfSigned.make(tmp_path)
    with https_server(certificate) as port:
        link = parse_link(f"https://127.0.0.1:{port}/")
        with pytest.raises(Unreachable, match="cannot be trusted"):
            GuardedClient().get(link, reach=Reach.CONFIGURED, limits=LIMITS, cancel=CancelToken())
        trust = ssl.create_default_context(cafile=str(certificate.file))
        answer = GuardedClient().get(link, reach=Reach.CONFIGURED, limits=LIMITS, cancel=CancelToken(), tls=trust)
        assert answer.status == 200


# --- streams ------------------------------------------------------------------------------------------


@pytest.fixture
def host() -> Iterator[FileHost]:
    with FileHost() as running:
        yield running


def streaming(
    url: str, cancel: CancelToken | None = None, patience: float = 5.0, reach: Reach = Reach.CONFIGURED, **headers: str
) -> AbstractContextManager[Stream]:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return GuardedClient().stream(
        parse_link(url), reach=reach, headers=told, patience=patience, cancel=cancel or CancelToken()
    )


def test_a_stream_comes_as_it_is_sent(host: FileHost) -> None:
    """Status and headers first, then the bytes; our own headers go along, and nothing packed is asked for."""
    data = book(300_000)["01.mp3"]
    with streaming(host.put("a.mp3", data), Range="bytes=100000-") as stream:
        assert (stream.status, stream.reason) == (206, "Partial Content")
        assert stream.headers["content-range"] == "bytes 100000-299999/300000"
        assert b"".join(stream.chunks) == data[100_000:]
    assert host.asked[0].headers["accept-encoding"] == "identity"
    assert host.asked[0].headers["user-agent"] == "AuralArchive"


def test_a_streams_statuses_and_redirects_are_the_askers_business(host: FileHost) -> None:
    """Nothing is followed: each hop has to be judged first."""
    host.always("moved", Twist(status=302, headers={"Location": "http://169.254.169.254/"}))
    with streaming(f"{host.url}/moved") as stream:
        assert (stream.status, stream.headers["location"]) == (302, "http://169.254.169.254/")
    with streaming(f"{host.url}/nothing") as stream:
        assert stream.status == 404


def test_a_stream_goes_only_where_it_may(host: FileHost) -> None:
    with pytest.raises(InvalidInput, match="private or reserved"), streaming(host.put("a", b"a"), reach=Reach.PUBLIC):
        pass
    assert not host.asked


def test_a_stream_may_be_long_but_not_silent(host: FileHost) -> None:
    """The deadline is that of each wait: a slow body comes to its end, a silent one is given up."""
    host.next("a", Twist(rate=2_000))
    with streaming(host.put("a", b"x" * 1_200), patience=0.3) as stream:
        assert len(b"".join(stream.chunks)) == 1_200
    host.next("a", Twist(stall=600))
    with streaming(f"{host.url}/a", patience=0.3) as stream, pytest.raises(Unreachable, match=r"nothing for 0\.3 s"):
        list(stream.chunks)


def test_our_own_slowness_is_not_held_against_a_stream(host: FileHost) -> None:
    """A speed limit of ours may hold up the reading for longer than our patience."""
    with streaming(host.put("a", b"x" * 200_000), patience=0.2) as stream:
        got = next(stream.chunks)
        time.sleep(0.4)
        assert len(got) + len(b"".join(stream.chunks)) == 200_000


def test_a_cut_stream_is_noticed(host: FileHost) -> None:
    host.next("a", Twist(cut=1_000))
    with streaming(host.put("a", b"x" * 5_000)) as stream, pytest.raises(Unreachable, match="broke off"):
        list(stream.chunks)


def test_a_cancel_ends_a_stream(host: FileHost) -> None:
    host.next("a", Twist(stall=10))
    cancel = CancelToken()
    with streaming(host.put("a", b"x" * 5_000), cancel) as stream:
        next(stream.chunks)
        cancel.cancel()
        with pytest.raises(Cancelled):
            next(stream.chunks)


def test_errors_of_the_caller_stay_its_own(host: FileHost) -> None:
    """A full disk is no fault of the network."""
    with pytest.raises(OSError, match="disk full"), streaming(host.put("a", b"x")):
        raise OSError("disk full")
