"""Which addresses we ask, and how a link is read. The rules are explained in docs/reference/address-rules.md.

A link is parsed once, here; what was judged is what is connected to. There are two kinds of addresses:

- **configured origins**, whose scheme, host and port their owner typed: private networks are fine there;
- **everything else**: each address that its host resolves to has to be a public one.

The name is resolved while connecting (`http.py`) and the connection goes to the very address that was
judged, so that a name which answers differently the second time gains nothing.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urljoin

import httpx2

from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import InvalidInput

MAX_URL_LENGTH = 8192
_DEFAULT_PORTS = {"http": 80, "https": 443}

_SHAPE = re.compile(r"(https?)://([^/?#]+)(.*)", re.IGNORECASE | re.DOTALL)
#: Blanks, control characters and invisible ones: none belongs into a link, some split it for another parser.
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\\\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ud800-\udfff]")
_NUMERIC_LABEL = re.compile(r"(?:\d+|0x[0-9a-f]*)", re.IGNORECASE)
_QUERY = re.compile(r"(https?://[^\s?#\"'<>]*)[?#][^\s\"'<>]*", re.IGNORECASE)

IPAddress = IPv4Address | IPv6Address

#: Ranges that `ipaddress` calls global although they lead inside, or to somebody else's tunnel.
_NEVER_PUBLIC = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",
        "224.0.0.0/3",  # multicast and reserved
        "::/96",  # IPv4-compatible, unspecified, loopback
        "64:ff9b::/96",  # NAT64 carries an IPv4 address of any kind
        "64:ff9b:1::/48",
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)
_GLOBAL_V6 = ip_network("2000::/3")
#: Where clouds answer with their machines' credentials, beside the link-local 169.254.169.254.
_METADATA = frozenset({ip_address("fd00:ec2::254"), ip_address("100.100.100.200"), ip_address("192.0.0.192")})


class Reach(Enum):
    """How far a request may go."""

    PUBLIC = "public"
    CONFIGURED = "configured"

    def permits(self, address: IPAddress) -> bool:
        """Whether a connection to `address` is allowed."""
        return is_public(address) if self is Reach.PUBLIC else _may_be_configured(address)


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port. The host is in lower case and ASCII, IPv6 without brackets."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether it names this very machine, or would seem to from inside a container."""
        address = _literal(self.host)
        return self.host == "localhost" or (address is not None and address.is_loopback)


@dataclass(frozen=True, slots=True)
class Link:
    """One judged http or https link."""

    url: httpx2.URL
    origin: Origin

    def moved_to(self, host: str) -> Link:
        """The same link on another host."""
        origin = Origin(self.origin.scheme, host, self.origin.port)
        return Link(self.url.copy_with(host=host), origin)


def parse_link(text: str) -> Link:
    """Read an absolute http(s) link.

    Raises:
        InvalidInput: it is anything else, carries a user name, or is written so that two programs could
            read two different hosts from it.
    """
    text = text.strip(" \t\r\n")
    if len(text) > MAX_URL_LENGTH:
        raise refused(f"The link is {len(text):,} characters long; at most {MAX_URL_LENGTH:,} are read.")
    if _FORBIDDEN.search(text):
        raise refused("The link contains control characters or a backslash.")
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise refused("Only complete links that begin with http:// or https:// are followed.")
    scheme, authority, rest = shape[1].lower(), _plain_authority(shape[2]), shape[3]
    try:
        url = httpx2.URL(f"{scheme}://{authority}{rest}")
    except (httpx2.InvalidURL, ValueError) as error:
        raise refused("The link's host or port cannot be read.") from error
    origin = _origin(url)
    if url.raw_host.endswith(b"."):
        url = url.copy_with(host=origin.host)  # what was judged is what is asked
    return Link(url.copy_with(fragment=None), origin)


def join_link(base: Link, location: str) -> Link:
    """What `location`, which may be relative, means on the page of `base`. Raises `InvalidInput`."""
    location = location.strip(" \t\r\n")
    # urljoin drops some control characters silently: refuse them before it does.
    if len(location) > MAX_URL_LENGTH or _FORBIDDEN.search(location):
        raise refused("The answer leads to a link that is too long or contains control characters.")
    try:
        return parse_link(urljoin(str(base.url), location))
    except ValueError as error:
        raise refused("The answer leads to a link that cannot be read.") from error


def parse_origin(text: str) -> Origin:
    """The origin of a link that an owner typed. Raises `InvalidInput`."""
    return parse_link(text).origin


def is_public(address: IPAddress) -> bool:
    """Whether anybody on the internet could reach `address`: nothing private, local, shared or tunnelled."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address not in _GLOBAL_V6 or address.scope_id is not None:
            return False
    if address in _METADATA or not address.is_global or address.is_multicast:
        return False
    return not any(address.version == net.version and address in net for net in _NEVER_PUBLIC)


def literal_address(host: str) -> IPAddress | None:
    """The address that `host` is, or None for a name."""
    return _literal(host)


def redact(text: str, *secrets: str) -> str:
    """`text` without the queries of its links and without `secrets`: fit for logs and messages."""
    for secret in secrets:
        if len(secret) >= 4:  # a shorter one would tear holes into ordinary words
            text = text.replace(secret, "…")
    return _QUERY.sub(r"\1?…", text)


def refused(reason: str) -> InvalidInput:
    """The error for an address that we do not ask."""
    return InvalidInput(
        reason,
        "Choose another release, or enter the address as an indexer if the server is your own.",
        kind=FailureKind.ADDRESS_REFUSED,
    )


def _may_be_configured(address: IPAddress) -> bool:
    """An owner may point us to the own network, but not to link-local addresses or cloud metadata."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return _may_be_configured(address.ipv4_mapped)
    return not (address.is_link_local or address.is_multicast or address.is_unspecified or address in _METADATA)


def _plain_authority(authority: str) -> str:
    """Host and port with look-alike characters folded, as a browser would, but never into another shape."""
    folded = unicodedata.normalize("NFKC", authority).replace("\u3002", ".")
    if "@" in folded:
        raise refused("The link contains a user name or password.")
    if "%" in folded or any(character in folded for character in "/?#\\ "):
        raise refused("The link's host is written in a way that could mean two different hosts.")
    return folded


def _origin(url: httpx2.URL) -> Origin:
    host = url.raw_host.decode("ascii").lower().rstrip(".")
    port = url.port or _DEFAULT_PORTS[url.scheme]
    if not host or not 0 < port < 65536 or url.port == 0:
        raise refused("The link has no host, or a port that does not exist.")
    # 2130706433, 0x7f.1 and 127.1 are addresses to some resolvers and names to others.
    if _NUMERIC_LABEL.fullmatch(host.rsplit(".", 1)[-1]) and _literal(host) is None:
        raise refused("The link's host is a number that is not written as an ordinary address.")
    return Origin(url.scheme, host, port)


def _literal(host: str) -> IPAddress | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
