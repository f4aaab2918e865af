"""Who asks, by which name and through which proxy: read from a request before anything else.

A page of another site can make a browser send requests here, and by DNS rebinding even under a name
of its own; so a Host that is not ours is refused. `X-Forwarded-…` can be written by anyone; it
counts only from proxies that the owner named, and then it can only take trust away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_FORWARDING = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class BadHost(Exception):
    """The Host header is missing, doubled or no host name at all."""


class HostNotAllowed(Exception):
    """A name that is not ours; `host` is what was asked for."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


@dataclass(frozen=True, slots=True)
class Boundary:
    """Names that we answer to (besides IP addresses, localhost and `.local`), and proxies we believe."""

    allowed_hosts: frozenset[str] = frozenset()
    trusted_proxies: tuple[Network, ...] = ()
    #: The path under which browsers find us, such as `/auralarchive`; empty at the root.
    base_path: str = ""

    @classmethod
    def of(cls, hosts: Iterable[str] = (), proxies: Iterable[str] = (), base_path: str = "") -> Boundary:
        """From settings. Raises ValueError for a proxy that is neither an address nor a network."""
        networks = tuple(ip_network(text.strip(), strict=False) for text in proxies)
        return cls(frozenset(name.strip().lower().rstrip(".") for name in hosts), networks, base_path)

    def allows(self, name: str) -> bool:
        """Whether we answer to this host name."""
        name = name.lower().rstrip(".")
        return name == "localhost" or name.endswith(".local") or name in self.allowed_hosts or _is_address(name)

    def trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self.trusted_proxies)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request's outside: `peer` is the address that counts, `local` a person at this machine."""

    host: str
    port: int | None
    secure: bool
    peer: str
    local: bool
    headers: Mapping[str, str]
    base_path: str = ""

    @property
    def same_origin(self) -> bool | None:
        """Whether the browser says that our own page sent this; None where it says nothing."""
        site = self.headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        origin = self.headers.get("origin")
        return None if origin is None else self.is_own_origin(origin)

    def is_own_origin(self, origin: str) -> bool:
        """Whether `origin` names the host and port that this request came to."""
        try:
            parts = urlsplit(origin)
            port = parts.port
        except ValueError:
            return False
        if parts.scheme not in ("http", "https") or parts.hostname is None:
            return False
        standard = _DEFAULT_PORTS[parts.scheme]
        # The scheme itself is not compared: a proxy that ends TLS need not be a trusted one.
        return parts.hostname == self.host.strip("[]").lower() and (port or standard) == (self.port or standard)


def read_visit(scope: MutableMapping[str, Any], boundary: Boundary) -> Visit:
    """The outside of an ASGI request or websocket. Raises `BadHost`, `HostNotAllowed`."""
    headers, hosts = _headers(scope)
    socket_peer = _address((scope.get("client") or ("",))[0])
    proxied = boundary.trusts(socket_peer)
    if len(hosts) != 1:
        raise BadHost
    host, port = _host(hosts[0], boundary)
    secure = scope.get("scheme") in ("https", "wss")
    if proxied:
        secure = headers.get("x-forwarded-proto", "https" if secure else "http").strip() == "https"
        if "x-forwarded-host" in headers:
            host, port = _host(headers["x-forwarded-host"].strip(), boundary)
    peer = _forwarded_for(headers, boundary, socket_peer) if proxied else socket_peer
    # A proxy that nobody told us of makes the whole world look local: its headers give it away.
    forwarded = any(name in headers for name in _FORWARDING)
    local = peer is not None and peer.is_loopback and not (forwarded and peer == socket_peer)
    return Visit(host, port, secure, _peer_name(peer), local, headers, boundary.base_path)


def _headers(scope: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    headers: dict[str, str] = {}
    hosts: list[str] = []
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name == "host":
            hosts.append(value)
        # Repeated headers join as they do everywhere, so that nobody hides one behind another.
        joint = "; " if name == "cookie" else ", "
        headers[name] = f"{headers[name]}{joint}{value}" if name in headers else value
    return headers, hosts


def _host(text: str, boundary: Boundary) -> tuple[str, int | None]:
    match = _HOST.fullmatch(text)
    if match is None:
        raise BadHost
    if not boundary.allows(match["name"]):
        raise HostNotAllowed(match["name"])
    return match["name"].lower(), int(match["port"]) if match["port"] else None


def _forwarded_for(headers: Mapping[str, str], boundary: Boundary, socket_peer: Address | None) -> Address | None:
    """The right-most address that is no trusted proxy: everything left of it may be invented."""
    peer = socket_peer
    for text in reversed(headers.get("x-forwarded-for", "").split(",")):
        address = _address(text.strip())
        if address is None:
            return peer
        peer = address
        if not boundary.trusts(address):
            return peer
    return peer


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _peer_name(address: Address | None) -> str:
    """One name for a peer; a whole IPv6 /64 is one, since its owner has all of it."""
    if isinstance(address, IPv6Address) and not address.is_loopback:
        return str(IPv6Network((address, 64), strict=False))
    return str(address) if address else "unknown"


def _is_address(name: str) -> bool:
    return _address(name.strip("[]")) is not None
