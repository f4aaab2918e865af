"""The address of a client, however a person writes it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from auralarchive.clients.remote import ApiKey, RemoteSettings


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:80"),
        ({"host": "nas.local", "port": 9091}, "http://nas.local:9091"),
        ({"host": "https://nas.local/seed/"}, "https://nas.local:443/seed"),
        ({"url": "http://[::1]:9091"}, "http://[::1]:9091"),
        ({"host": "::1", "port": 1, "base_path": "/a/b/"}, "http://[::1]:1/a/b"),
        ({"host": "bücher.local", "base_path": "größe/%20a"}, "http://xn--bcher-kva.local:80/gr%C3%B6%C3%9Fe/%20a"),
    ],
)
def test_addresses(given: dict[str, Any], url: str) -> None:
    """The address of the page, pasted whole, is as good as its parts."""
    assert RemoteSettings.model_validate(given).url == url


@pytest.mark.parametrize(
    "host",
    [
        *("", "a b", "me@nas", "nas/x", "a\0b", "a%2fb", "ü" * 64),
        *("169.254.169.254", "fe80::1", "::ffff:169.254.169.254"),
        *("http://me:pw@nas", "ftp://nas", "nas:8080", "127.0.0.1:8080"),
    ],
)
def test_what_is_no_host_is_refused(host: str) -> None:
    """A password in an address would end up in logs; link-local addresses answer with a cloud's secrets."""
    with pytest.raises(ValidationError):
        RemoteSettings.model_validate({"host": host})


class WithKey(RemoteSettings):
    key: ApiKey = SecretStr("")


def test_a_key_is_taken_without_what_was_copied_along() -> None:
    """A line break would make no header, and the error about that would quote the key."""
    assert WithKey.model_validate({"key": " abc123\n"}).key.get_secret_value() == "abc123"
    for key in ("schlüssel", "a\x01b", "a\nb"):
        with pytest.raises(ValidationError) as caught:
            WithKey.model_validate({"key": key})
        assert "input" not in str(caught.value)


def test_how_its_certificate_is_checked() -> None:
    """By the public authorities, by one's own, or not at all."""
    assert RemoteSettings().verification is True
    assert RemoteSettings(ca_file="/ca.pem").verification == "/ca.pem"
    assert RemoteSettings(ca_file="/ca.pem", verify_tls=False).verification is False
