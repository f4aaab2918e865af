"""Who asks: hosts that are ours, proxies that we believe, origins that are our own."""

from __future__ import annotations

from typing import Any

import pytest

from auralarchive.web.boundary import BadHost, Boundary, HostNotAllowed, Visit, read_visit

OURS = Boundary.of(["Books.example"], ["10.0.0.0/8"])


def visit(peer: str = "192.0.2.7", **headers: str) -> Visit:
    sent = {"host": "localhost:8765"} | {name.replace("_", "-"): value for name, value in headers.items()}
    scope: dict[str, Any] = {
        "client": (peer, 1234),
        "scheme": "http",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }
    return read_visit(scope, OURS)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:8765", "[::1]:8765", "192.168.1.9", "nas.local", "BOOKS.example:80", "localhost."]
)
def test_our_own_names_are_answered(host: str) -> None:
    """IP literals, localhost, .local and configured names pass, whatever the port."""
    assert visit(host=host).host == host.rsplit(":", 1)[0].lower() or host.startswith("[") or ":" not in host


@pytest.mark.parametrize("host", ["evil.test", "localhost.evil.test", "local", "xlocalhost", "127.0.0.1.evil.test"])
def test_names_of_others_are_refused(host: str) -> None:
    """DNS rebinding: a page under its own name that resolves to us gets nothing."""
    with pytest.raises(HostNotAllowed):
        visit(host=host)


@pytest.mark.parametrize("host", ["", "x/api/public?", "a b", "user@localhost", "localhost:99999999", "[::1", "évil"])
def test_what_is_no_host_is_refused(host: str) -> None:
    """A malformed Host is no way around the list."""
    with pytest.raises((BadHost, HostNotAllowed)):
        visit(host=host)


def test_two_hosts_are_refused() -> None:
    """Two parsers could believe two different ones."""
    scope = {"client": ("127.0.0.1", 1), "headers": [(b"host", b"localhost"), (b"Host", b"nas.local")]}
    with pytest.raises(BadHost):
        read_visit(scope, OURS)


def test_forwarded_headers_of_strangers_count_for_nothing() -> None:
    """Anybody can write X-Forwarded-For: 127.0.0.1."""
    stranger = visit(x_forwarded_for="127.0.0.1", x_forwarded_proto="https", x_forwarded_host="nas.local")
    assert (stranger.peer, stranger.local, stranger.secure, stranger.host) == ("192.0.2.7", False, False, "localhost")


def test_behind_a_trusted_proxy_the_rightmost_stranger_counts() -> None:
    """Everything to the left of the first address that is no proxy of ours may be invented."""
    proxied = visit("10.0.0.1", x_forwarded_for="127.0.0.1, 203.0.113.9, 10.0.0.2", x_forwarded_proto="https")
    assert (proxied.peer, proxied.local, proxied.secure) == ("203.0.113.9", False, True)


def test_a_trusted_proxy_names_a_host_within_the_list() -> None:
    """Also a proxy's word for the host has to be one of ours."""
    assert visit("10.0.0.1", x_forwarded_host="books.example").host == "books.example"
    with pytest.raises(HostNotAllowed):
        visit("10.0.0.1", x_forwarded_host="evil.test")


def test_an_unknown_proxy_on_this_machine_takes_localness_away() -> None:
    """A reverse proxy that nobody told us of makes all the world come from 127.0.0.1."""
    assert visit("127.0.0.1").local
    assert visit("::1").local
    assert not visit("127.0.0.1", x_forwarded_for="203.0.113.9").local
    assert not visit("127.0.0.1", via="1.1 proxy").local


def test_peers_of_one_ipv6_network_are_one() -> None:
    """Its owner has all the addresses of a /64 to try passwords from; a mapped IPv4 address is that address."""
    assert visit("2001:db8::1").peer == visit("2001:db8::ffff:2").peer
    assert visit("::ffff:192.0.2.7").peer == "192.0.2.7"


@pytest.mark.parametrize(
    ("headers", "same"),
    [
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "cross-site", "origin": "http://localhost:8765"}, False),
        ({"sec_fetch_site": "same-site"}, False),
        ({"origin": "http://localhost:8765"}, True),
        ({"origin": "https://localhost:8765"}, True),
        ({"origin": "http://localhost"}, False),
        ({"origin": "http://localhost:8765.evil.test"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://localhost:notaport"}, False),
        ({}, None),
    ],
)
def test_same_origin_is_what_the_browser_vouches_for(headers: dict[str, str], same: bool | None) -> None:
    """`Sec-Fetch-Site` wins over `Origin`; where neither is sent nothing is known."""
    assert visit(**headers).same_origin is same


def test_a_wrong_proxy_setting_is_an_error() -> None:
    """A typing mistake must not silently trust nobody, or everybody."""
    with pytest.raises(ValueError, match="nonsense"):
        Boundary.of([], ["nonsense"])
