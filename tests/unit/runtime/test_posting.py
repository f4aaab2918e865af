"""Messages leave by the address rules of what an administrator typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from auralarchive.domain.failures import FailureKind
from auralarchive.net.http import GuardedClient
from auralarchive.ports.errors import Misconfigured, Unreachable
from auralarchive.ports.work import CancelToken
from auralarchive.runtime.posting import GuardedPost
from tests.support.certificates import SelfSigned, https_server
from tests.support.indexing import HeldClock, Names
from tests.support.receiver import receiving


def post(url: str, *, ca_file: str | None = None, client: GuardedClient | None = None) -> int:
    sender = GuardedPost(client or GuardedClient(), HeldClock())
    return sender(url, b"{}", {"Content-Type": "application/json"}, ca_file, CancelToken()).status


def test_the_own_network_is_fine() -> None:
    """That is where most of these servers are."""
    with receiving() as receiver:
        assert post(receiver.url) == 200
        assert receiver.received[0].body == b"{}"


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/",
        "http://100.100.100.200/",
        "http://0.0.0.0/",
        "http://[::ffff:169.254.169.254]/",
        "http://2852039166/",
        "http://224.0.0.1/",
    ],
)
def test_metadata_and_link_local_addresses_are_not(url: str) -> None:
    """Also not for an administrator: clouds hand out their machines' credentials there."""
    with pytest.raises(Misconfigured) as caught:
        post(url)
    assert caught.value.kind is FailureKind.ADDRESS_REFUSED
    assert "indexer" not in caught.value.remedy


def test_a_name_that_leads_there_is_refused_at_its_address() -> None:
    """What was judged is what is connected to."""
    client = GuardedClient(resolve=Names({"inner.example": [["169.254.169.254"]]}).resolve)
    with pytest.raises(Misconfigured):
        post("http://inner.example/hook", client=client)


def test_certificates_are_verified(tmp_path: Path) -> None:
    """By the public authorities, or by the one that is named; a file that is none is told."""
    certificate = SelfSigned.make(tmp_path)
    with https_server(certificate) as port:
        url = f"https://127.0.0.1:{port}/"
        with pytest.raises(Unreachable, match="cannot be trusted"):
            post(url)
        # That server knows no POST: its refusal came through the verified connection.
        assert post(url, ca_file=str(certificate.file)) == 501
        with pytest.raises(Misconfigured, match="cannot be read"):
            post(url, ca_file=str(tmp_path / "absent.pem"))
