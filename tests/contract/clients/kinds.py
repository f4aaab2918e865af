"""Every client under the one suite. A new one is a file in `rigs/` and its line here."""

from __future__ import annotations

from tests.contract.clients.rig import Kind
from tests.contract.clients.rigs import deluge, embedded, qbittorrent

KINDS: tuple[Kind, ...] = (*embedded.KINDS, *qbittorrent.KINDS, *deluge.KINDS)
