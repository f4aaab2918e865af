"""What libtorrent is told, and which addresses no torrent may make us call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from auralarchive.clients.embedded_settings import EmbeddedSettings, ip_filter, session_settings


def settings(**changes: Any) -> EmbeddedSettings:
    return EmbeddedSettings(download_folder=Path("/downloads"), **changes)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "169.254.169.254",
        "10.1.2.3",
        "172.31.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:c0a8:101::",
    ],
)
def test_addresses_that_are_not_of_the_internet_are_blocked(address: str) -> None:
    """Also where an IPv4 address hides in an IPv6 one."""
    assert ip_filter(settings()).access(address) == 1


@pytest.mark.parametrize("address", ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1", "64:ff9b::808:808"])
def test_the_internet_is_open(address: str) -> None:
    """Neighbours of blocked networks are not."""
    assert ip_filter(settings()).access(address) == 0


def test_the_local_network_is_a_choice_and_loopback_is_not() -> None:
    """Peers in the house, when wanted; this machine itself only under the switch of the tests."""
    local = ip_filter(settings(local_network=True))
    assert (local.access("192.168.1.1"), local.access("127.0.0.1"), local.access("169.254.1.1")) == (0, 1, 1)
    assert ip_filter(settings(loopback=True)).access("127.0.0.1") == 0


def test_guards_stand_and_ports_stay_closed_by_default() -> None:
    """Nobody opens the router, and libtorrent's own mitigation is on."""
    told = session_settings(settings())
    assert told["ssrf_mitigation"]
    assert told["validate_https_trackers"]
    assert not told["enable_upnp"]
    assert told["listen_interfaces"] == "0.0.0.0:6881,[::]:6881"
    assert session_settings(settings(listen_interface="fd00::5"))["listen_interfaces"] == "[fd00::5]:6881"


def test_nothing_leaves_past_the_chosen_interface() -> None:
    """Who names the VPN's device means both ways: what peers open, and what we open."""
    told = session_settings(settings(listen_interface="tun0"))
    assert (told["listen_interfaces"], told["outgoing_interfaces"]) == ("tun0:6881", "tun0")
    assert "outgoing_interfaces" not in session_settings(settings())


@pytest.mark.parametrize(
    "changes", [{"download_folder": "x"}, {"download_folder": "/"}, {"listen_interface": "a,b"}, {"listen_port": 70000}]
)
def test_settings_that_make_no_sense(changes: dict[str, Any]) -> None:
    """Refused when they are saved."""
    with pytest.raises(ValidationError):
        EmbeddedSettings.model_validate({"download_folder": "/downloads", **changes})
