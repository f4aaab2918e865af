"""Sets up the indexers of free books: once in the life of an instance, and never again.

Whoever removes one does not get it back, so what tells that they have been offered is kept with the settings. An
instance from before there were any gets them at its next start.
"""

from __future__ import annotations

from contextlib import suppress

from auralarchive import settings as tree
from auralarchive.indexers.registry import INDEXER_TYPES
from auralarchive.ports.store import AdapterRow, Store

#: Section and key of the note that they have been offered.
OFFERED = ("offered", "free_books")
#: Type, name and priority; LibriVox tells more of a book that both have, so it comes first.
_INDEXERS = (("librivox", "LibriVox", 40), ("archive_org", "Internet Archive", 45))


def set_up_free_books(settings: tree.Settings, store: Store) -> bool:
    """Whether they were set up just now."""
    section, key = OFFERED
    if not settings.free_books.enabled or store.settings.all().get(section, {}).get(key):
        return False
    types = {one.type: one for one in INDEXER_TYPES}
    for type_, name, priority in _INDEXERS:
        row = AdapterRow(0, "indexer", type_, name, enabled=True, priority=priority, settings=types[type_].plain({}))
        with suppress(ValueError):  # somebody has given this name to an indexer already
            store.adapters.add(row, types[type_].secret_keys)
    store.settings.save(section, {key: True})
    return True
