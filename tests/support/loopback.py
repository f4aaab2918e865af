"""Keeps this process's own connections on this machine: a test that meets a real tracker or indexer is a bug."""

from __future__ import annotations

import errno
import ipaddress
import sys


def stay_here() -> None:
    """From now on connecting to another machine fails as if there were no network. Can not be undone."""
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event != "socket.connect":
        return
    address = arguments[1]
    host = address[0] if isinstance(address, tuple) else None
    if isinstance(host, str) and not _here(host):
        raise OSError(errno.ENETUNREACH, f"tests stay on this machine, and {host} is another")


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name: what it resolves to is not known here, so only the one name is let through
        return host == "localhost"
