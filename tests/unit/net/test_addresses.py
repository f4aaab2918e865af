"""Links are read once, and only what may be reached is reached."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auralarchive.domain.failures import FailureKind
from auralarchive.net.addresses import Origin, Reach, is_public, join_link, parse_link, parse_origin, redact
from auralarchive.ports.errors import InvalidInput

INNER = """127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 100.100.100.200 0.0.0.0 224.0.0.1
    240.0.0.1 255.255.255.255 192.0.0.192 198.18.0.1 ::1 :: ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1
    64:ff9b::7f00:1 64:ff9b:1::1 2002:7f00:1:: 2001::1 2001:db8::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0
    ff02::1 fec0::1 100::1"""


@pytest.mark.parametrize(
    ("text", "origin", "path"),
    [
        ("https://Example.ORG/a?b=c#d", Origin("https", "example.org", 443), b"/a?b=c"),
        ("http://example.org:9696", Origin("http", "example.org", 9696), b"/"),
        ("http://[2606:4700::1111]:8080/x", Origin("http", "2606:4700::1111", 8080), b"/x"),
        (
            "http://example.org/Bücher/ein buch.torrent",
            Origin("http", "example.org", 80),
            b"/B%C3%BCcher/ein%20buch.torrent",
        ),
        ("http://bücher.example/", Origin("http", "xn--bcher-kva.example", 80), b"/"),
    ],
)
def test_ordinary_links_are_read(text: str, origin: Origin, path: bytes) -> None:
    """Links with ports, IPv6, blanks and letters of any script are everyday things."""
    link = parse_link(text)
    assert (link.origin, link.url.raw_path) == (origin, path)


def test_refusals_have_their_own_kind_and_a_remedy() -> None:
    """A person reads why an address was refused, and the record keeps a stable code."""
    with pytest.raises(InvalidInput) as refusal:
        parse_link("ftp://example.org/")
    assert refusal.value.kind is FailureKind.ADDRESS_REFUSED
    assert refusal.value.remedy


@pytest.mark.parametrize("address", INNER.split())
def test_inner_addresses_are_not_public(address: str) -> None:
    """Private, shared, reserved and tunnelled addresses lead inside, however they are wrapped."""
    assert not is_public(ip_address(address))
    assert not Reach.PUBLIC.permits(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_outer_addresses_are_public(address: str) -> None:
    """The internet stays reachable."""
    assert Reach.PUBLIC.permits(ip_address(address))


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("127.0.0.1", True),
        ("192.168.1.10", True),
        ("fd12::1", True),
        ("169.254.169.254", False),
        ("::ffff:169.254.169.254", False),
        ("fe80::1", False),
        ("fd00:ec2::254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
    ],
)
def test_owners_may_name_their_own_network_only(address: str, allowed: bool) -> None:
    """A configured origin may be private, but never a cloud's metadata or a link-local address."""
    assert Reach.CONFIGURED.permits(ip_address(address)) is allowed


def test_redirects_are_read_on_their_page() -> None:
    """Relative locations are common; those that hide a host are refused like any link."""
    base = parse_link("https://example.org:8443/a/b")
    assert str(join_link(base, "../c?d=1").url) == "https://example.org:8443/c?d=1"
    assert join_link(base, "//other.example/x").origin == Origin("https", "other.example", 443)
    for location in ("file:///etc/passwd", "/x\\y", "http://u:p@example.org/", "ht\ntp://example.org/"):
        with pytest.raises(InvalidInput):
            join_link(base, location)


def test_loopback_is_seen_by_name_and_number() -> None:
    """Links to "this machine" of an indexer in a container are recognised."""
    assert all(
        parse_origin(text).is_loopback for text in ("http://localhost:9696", "http://127.0.0.2", "http://[::1]:1")
    )
    assert not parse_origin("http://prowlarr:9696").is_loopback


def test_messages_lose_their_keys() -> None:
    """Queries of links and known secrets never get into logs."""
    text = redact("see https://t.example/api?apikey=SECRET&x=1 or SECRET2 and http://h/p?tok", "SECRET2")
    assert text == "see https://t.example/api?… or … and http://h/p?…"


@given(st.text(max_size=60))
@example("127.0.0.1")
@example("①②⑦.0.0.1")
@example("localhost\u3002")
def test_any_host_is_read_or_refused(host: str) -> None:
    """Whatever stands between the slashes: a link with one plain host comes out, or a refusal."""
    try:
        link = parse_link(f"http://{host}/path")
    except InvalidInput:
        return
    assert link.origin.host.isascii()
    assert link.url.raw_host.decode().lower().rstrip(".") == link.origin.host
    assert not set(link.origin.host) & set("/\\@?# \t\r\n")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the guard fall over."""
    try:
        link = parse_link(text)
    except InvalidInput:
        return
    assert link.url.scheme in ("http", "https")
