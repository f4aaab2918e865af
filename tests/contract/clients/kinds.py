"""Every client under the one suite. A new one is a file in `rigs/` and its line here."""

from __future__ import annotations

from tests.contract.clients.rig import Kind
from tests.contract.clients.rigs import deluge, direct, embedded, nzbget, qbittorrent, sabnzbd, transmission

KINDS: tuple[Kind, ...] = (
    *embedded.KINDS,
    *direct.KINDS,
    *qbittorrent.KINDS,
    *transmission.KINDS,
    *deluge.KINDS,
    *sabnzbd.KINDS,
    *nzbget.KINDS,
)
