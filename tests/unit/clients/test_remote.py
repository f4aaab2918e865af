"""The address of a client, however a person writes it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from auralarchive.clients.remote import RemoteSettings


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:80"),
        ({"host": "nas.local", "port": 9091}, "http://nas.local:9091"),
        ({"host": "https://nas.local/seed/"}, "https://nas.local:443/seed"),
        ({"url": "http://[::1]:9091"}, "http://[::1]:9091"),
        ({"host": "::1", "port": 1, "base_path": "/a/b/"}, "http://[::1]:1/a/b"),
    ],
)
def test_addresses(given: dict[str, Any], url: str) -> None:
    """The address of the page, pasted whole, is as good as its parts."""
    assert RemoteSettings.model_validate(given).url == url


@pytest.mark.parametrize(
    "host", ["", "a b", "me@nas", "nas/x", "169.254.169.254", "fe80::1", "http://me:pw@nas", "ftp://nas"]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    """A password in an address would end up in logs; link-local addresses answer with a cloud's secrets."""
    with pytest.raises(ValidationError):
        RemoteSettings.model_validate({"host": host})


def test_how_its_certificate_is_checked() -> None:
    """By the public authorities, by one's own, or not at all."""
    assert RemoteSettings().verification is True
    assert RemoteSettings(ca_file="/ca.pem").verification == "/ca.pem"
    assert RemoteSettings(ca_file="/ca.pem", verify_tls=False).verification is False
