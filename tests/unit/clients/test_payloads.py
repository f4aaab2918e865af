"""The reader as the pipeline knows it."""

from __future__ import annotations

from auralarchive.clients.payloads import Payloads
from auralarchive.domain.manifest import Manifest, ManifestFile
from auralarchive.ports.clients import PayloadReader
from tests.support.torrent_bytes import info_of, torrent_of, v1_hash


def test_it_is_the_port() -> None:
    """One object reads all four kinds."""
    reader: PayloadReader = Payloads()
    info = info_of()
    assert reader.torrent(torrent_of(info)).info_hash_v1 == v1_hash(info)
    assert reader.magnet(f"magnet:?xt=urn:btih:{v1_hash(info)}").info_hash_v1 == v1_hash(info)
    assert reader.nzb(b"<nzb><file><segment bytes='1'/></file></nzb>", "n").name == "n"
    book = Manifest("Emma", (ManifestFile("01.mp3", ("https://example.org/01.mp3",)),))
    assert reader.manifest(book.to_bytes()).name == "Emma"
