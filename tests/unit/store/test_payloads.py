"""Details of payloads; the contract is in tests/contract/store/test_aggregates.py."""

from __future__ import annotations

from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Payload
from auralarchive.store import SqlStore
from tests.contract.store.support import enqueue


def test_bytes_with_nul_are_not_text(store: SqlStore) -> None:
    """Text is cleaned before it is stored, the original bytes are not touched."""
    download = enqueue(store)
    store.payloads.save(download.id, Payload(DownloadType.TORRENT, "a\x00b", data=b"a\x00b\xff"))
    assert store.payloads.get(download.id) == Payload(DownloadType.TORRENT, "a\ufffdb", data=b"a\x00b\xff")
