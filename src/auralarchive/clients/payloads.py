"""The payload reader: what indexers and people hand us, read once, with our own hashes."""

from __future__ import annotations

from auralarchive.clients.magnets import read_magnet
from auralarchive.clients.manifests import read_manifest
from auralarchive.clients.nzb import read_nzb
from auralarchive.clients.torrents import read_torrent
from auralarchive.ports.clients import Payload


class Payloads:
    """`ports.clients.PayloadReader`."""

    def torrent(self, data: bytes) -> Payload:
        return read_torrent(data)

    def magnet(self, uri: str) -> Payload:
        return read_magnet(uri)

    def nzb(self, data: bytes, name: str) -> Payload:
        return read_nzb(data, name)

    def manifest(self, data: bytes) -> Payload:
        return read_manifest(data)
