"""Settings of the embedded client, and what they mean to libtorrent.

A torrent comes from a stranger and names trackers, web seeds and peers that we are to call. Left alone
it could make us call the machine itself or its neighbours. So two guards stand by default: libtorrent's
own mitigation of such requests, and a filter over every address that is not of the public internet.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any, TypeAlias

import libtorrent as lt
from pydantic import BaseModel, ConfigDict, Field, field_validator

from auralarchive.clients.folders import OwnFolder
from auralarchive.ports.adapters import SELDOM

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_MOST = 2**31 - 1  # libtorrent's numbers have 32 bits
_NEVER_V4 = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")
_PRIVATE_V4 = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15")
_NEVER_V6 = ("::/127", "::ffff:0:0/96", "fe80::/10", "fec0::/10", "ff00::/8", "2001::/32")
_PRIVATE_V6 = ("fc00::/7",)


class EmbeddedSettings(BaseModel):
    """The built-in BitTorrent client."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    download_folder: OwnFolder = Field(
        title="Download folder", description="Each torrent gets a folder of its own below it. Not inside the library."
    )
    listen_interface: str = Field(
        default="", title="Network interface", description="An IP address or a device, such as a VPN's; empty for all."
    )
    listen_port: int = Field(
        default=6881, title="Port for peers", ge=0, le=65535, description="0 lets the system choose."
    )
    download_limit: int = Field(
        default=0,
        title="Download limit",
        ge=0,
        le=_MOST,
        description="In all; 0 for none.",
        json_schema_extra={"unit": "bytes/s"},
    )
    upload_limit: int = Field(
        default=0,
        title="Upload limit",
        ge=0,
        le=_MOST,
        description="In all; 0 for none.",
        json_schema_extra={"unit": "bytes/s"},
    )
    seed_ratio: float | None = Field(
        default=None,
        title="Seed until ratio",
        ge=0,
        le=1e6,
        description="Stops a torrent that has no goal of its own; empty for none.",
    )
    seed_minutes: int | None = Field(
        default=None,
        title="Seed for minutes",
        ge=0,
        le=10_000_000,
        description="As the ratio; reaching either is enough.",
        json_schema_extra=SELDOM,
    )
    dht: bool = Field(
        default=True,
        title="DHT",
        description="Find peers without trackers. Private torrents never use it.",
        json_schema_extra=SELDOM,
    )
    lsd: bool = Field(
        default=False,
        title="Local peers",
        description="Look for peers in the local network.",
        json_schema_extra=SELDOM,
    )
    upnp: bool = Field(
        default=False,
        title="Open the port in the router",
        description="By UPnP and NAT-PMP.",
        json_schema_extra=SELDOM,
    )
    local_network: bool = Field(
        False,
        title="Allow private addresses",
        description="Trackers, web seeds and peers in the local network. A torrent could then call your own devices.",
        json_schema_extra=SELDOM,
    )
    loopback: bool = Field(
        default=False,
        title="For tests: this machine only",
        description="Peers on 127.0.0.1 and nothing else.",
        json_schema_extra=SELDOM,
    )

    @field_validator("listen_interface")
    @classmethod
    def _one_name(cls, value: str) -> str:
        if any(character in value for character in ", \t\r\n"):
            raise ValueError("name one address or device")
        return value


def session_settings(settings: EmbeddedSettings) -> dict[str, Any]:
    """What libtorrent is told."""
    told: dict[str, Any] = {
        "listen_interfaces": _interfaces(settings),
        "download_rate_limit": settings.download_limit,
        "upload_rate_limit": settings.upload_limit,
        "enable_dht": settings.dht,
        "enable_lsd": settings.lsd,
        "enable_upnp": settings.upnp,
        "enable_natpmp": settings.upnp,
        "ssrf_mitigation": True,
        "validate_https_trackers": True,
        "apply_ip_filter_to_trackers": True,
        "no_connect_privileged_ports": True,
        "alert_mask": lt.alert_category.status | lt.alert_category.error | lt.alert_category.storage,
        "alert_queue_size": 20_000,
        "user_agent": "AuralArchive",
        "tick_interval": 1000,  # half of what idling torrents cost
        "stop_tracker_timeout": 1,
    }
    if settings.listen_interface:
        # Or what we open ourselves would leave by the default route, past the VPN.
        told["outgoing_interfaces"] = settings.listen_interface
    return told | _LOOPBACK if settings.loopback else told


def _interfaces(settings: EmbeddedSettings) -> str:
    # Peers come from outside: a client that listens to nobody serves nobody.
    everywhere = ["0.0.0.0", "[::]"]  # noqa: S104 - the reason is above
    hosts = [_bracketed(settings.listen_interface)] if settings.listen_interface else everywhere
    return ",".join(f"{host}:{settings.listen_port}" for host in hosts)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


#: Nothing leaves the machine, several peers share its one address, and nobody waits a minute to dial again.
_LOOPBACK: dict[str, Any] = {
    "listen_interfaces": "127.0.0.1:0",
    "outgoing_interfaces": "127.0.0.1",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_outgoing_utp": False,
    "enable_incoming_utp": False,
    "allow_multiple_connections_per_ip": True,
    "ignore_limits_on_local_network": False,
    "ssrf_mitigation": False,
    "no_connect_privileged_ports": False,
    "announce_to_all_trackers": True,
    "announce_to_all_tiers": True,
    "min_announce_interval": 1,
    "min_reconnect_time": 1,
    "peer_connect_timeout": 3,
    "unchoke_interval": 1,
    "choking_algorithm": 0,
    "connection_speed": 200,
    "tick_interval": 100,
    "stop_tracker_timeout": 0,
}


def ip_filter(settings: EmbeddedSettings, neighbours: tuple[str, ...] = ()) -> lt.ip_filter:
    """Every address that no torrent may make us call; `neighbours` are let through."""
    rules = lt.ip_filter()
    if not settings.loopback:
        for network in _blocked(private=not settings.local_network):
            rules.add_rule(str(network[0]), str(network[-1]), 1)
        for address in neighbours:
            rules.add_rule(address, address, 0)
    return rules


def _blocked(*, private: bool) -> Iterator[Network]:
    for text in _NEVER_V4 + (_PRIVATE_V4 if private else ()):
        network = ipaddress.IPv4Network(text)
        yield network
        yield from _embedded_in_v6(network)
    for text in _NEVER_V6 + (_PRIVATE_V6 if private else ()):
        yield ipaddress.IPv6Network(text)


def _embedded_in_v6(network: ipaddress.IPv4Network) -> Iterator[ipaddress.IPv6Network]:
    """The same addresses through NAT64 (64:ff9b::/96) and 6to4 (2002::/16)."""
    address = int(network.network_address)
    yield ipaddress.IPv6Network(((0x64FF9B << 96) | address, 96 + network.prefixlen))
    yield ipaddress.IPv6Network(((0x2002 << 112) | (address << 80), 16 + network.prefixlen))
