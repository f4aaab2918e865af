"""Every kind of indexer there is. A new one is a file beside this one and a line here."""

from __future__ import annotations

from auralarchive.indexers.archive_org import ArchiveSettings, make_archive
from auralarchive.indexers.context import IndexerContext
from auralarchive.indexers.librivox import LibriVoxSettings, make_librivox
from auralarchive.indexers.torznab import TorznabSettings, make_newznab, make_torznab
from auralarchive.ports.adapters import AdapterType, adapter_type
from auralarchive.ports.indexers import Indexer

INDEXER_TYPES: tuple[AdapterType[Indexer, IndexerContext], ...] = (
    adapter_type("torznab", "Torznab (torrents: Prowlarr, Jackett, indexers)", TorznabSettings, make_torznab),
    adapter_type("newznab", "Newznab (Usenet: Prowlarr, indexers)", TorznabSettings, make_newznab),
    adapter_type("librivox", "LibriVox (free audiobooks)", LibriVoxSettings, make_librivox),
    adapter_type("archive_org", "Internet Archive (free audiobooks)", ArchiveSettings, make_archive),
)
