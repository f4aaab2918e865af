"""How a torrent of the embedded client looks from outside."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import libtorrent as lt
import pytest

from auralarchive.clients.embedded_items import Torrent, content_path, state_of
from auralarchive.domain.client_item import ClientFile, ItemState

States = lt.torrent_status.states


def torrent(state: int, *, finished: bool = False, flags: int = 0, peers: int = 0, **own: Any) -> Torrent:
    """A torrent with the fields of libtorrent's status that decide: states like checking pass too fast to catch."""
    status: Any = SimpleNamespace(state=state, is_finished=finished, flags=flags, num_peers=peers)
    handle: Any = None
    record: Any = None
    return Torrent(record, handle, status, **own)


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (torrent(States.checking_files), ItemState.BUSY),
        (torrent(States.checking_resume_data), ItemState.BUSY),
        (torrent(States.downloading_metadata), ItemState.METADATA),
        (torrent(States.downloading_metadata, flags=lt.torrent_flags.paused), ItemState.PAUSED),
        (torrent(States.downloading), ItemState.STALLED),
        (torrent(States.downloading, peers=1), ItemState.WAITING),
        (torrent(States.downloading, flags=lt.torrent_flags.paused), ItemState.PAUSED),
        (torrent(States.seeding, finished=True), ItemState.BUSY),
        (torrent(States.seeding, finished=True, flushed=True), ItemState.READY),
        (torrent(States.seeding, finished=True, flushed=True, flags=lt.torrent_flags.paused), ItemState.READY),
        (torrent(States.downloading, trouble="disk full"), ItemState.WARNING),
        (torrent(States.seeding, finished=True, flushed=True, held="missing"), ItemState.WARNING),
        (torrent(99), ItemState.UNKNOWN),
    ],
    ids=lambda value: value.value if isinstance(value, ItemState) else "",
)
def test_states(seen: Torrent, state: ItemState) -> None:
    """Complete is READY only once libtorrent's cache is on disk; what is unknown never completes."""
    assert state_of(seen)[0] is state


def test_content_is_the_file_or_the_folder_around_all() -> None:
    """By the names on disk."""
    assert content_path("/d/x", (ClientFile("book.m4b", 1),)) == "/d/x/book.m4b"
    assert content_path("/d/x", (ClientFile("Book/1.mp3", 1), ClientFile("Book/2.mp3", 1))) == "/d/x/Book"
