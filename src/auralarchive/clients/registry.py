"""Every kind of client there is. A new one is one file, one entry here, and one parameter of the tests."""

from __future__ import annotations

from auralarchive.clients.context import ClientContext
from auralarchive.clients.deluge import DELUGE
from auralarchive.clients.direct import DIRECT
from auralarchive.clients.embedded import EMBEDDED
from auralarchive.clients.nzbget import NZBGET
from auralarchive.clients.qbittorrent import QBITTORRENT
from auralarchive.clients.sabnzbd import SABNZBD
from auralarchive.clients.transmission import TRANSMISSION
from auralarchive.ports.adapters import AdapterType
from auralarchive.ports.clients import DownloadClient

CLIENT_TYPES: tuple[AdapterType[DownloadClient, ClientContext], ...] = (
    EMBEDDED,
    QBITTORRENT,
    TRANSMISSION,
    DELUGE,
    SABNZBD,
    NZBGET,
    DIRECT,
)
