"""Torrents of the demo say what they hold, and its tracker brings peers together."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import libtorrent

from auralarchive.demo.swarm import Tracker, make_torrent

HASH = "%01" * 20


def test_a_torrent_of_a_folder_counts_its_files(tmp_path: Path) -> None:
    book = tmp_path / "book"
    book.mkdir()
    for name in ("1.mp3", "2.mp3"):
        (book / name).write_bytes(b"x" * 20_000)
    torrent = make_torrent(book, "http://127.0.0.1:1/announce")
    assert (torrent.name, torrent.size, torrent.files, len(torrent.info_hash)) == ("book", 40_000, 2, 40)
    assert libtorrent.load_torrent_buffer(torrent.data).trackers == ["http://127.0.0.1:1/announce"]


def test_the_tracker_tells_peers_of_each_other_until_they_leave() -> None:
    heard: list[int] = []
    with Tracker(lambda _, port: heard.append(port)) as tracker:
        seed = announce(tracker, 1001, left=0)
        leecher = announce(tracker, 1002, left=9)
        announce(tracker, 1001, left=0, event="stopped")
        alone = announce(tracker, 1002, left=9)
    assert (seed[b"complete"], seed[b"peers"]) == (1, b"")
    assert leecher[b"peers"] == b"\x7f\x00\x00\x01" + (1001).to_bytes(2, "big")
    assert (alone[b"complete"], alone[b"incomplete"], alone[b"peers"]) == (0, 1, b"")
    assert heard == [1002, 1002]


def announce(tracker: Tracker, port: int, left: int, event: str = "") -> dict[bytes, object]:
    url = f"{tracker.url}?info_hash={HASH}&peer_id=x&port={port}&left={left}&event={event}"
    with urllib.request.urlopen(url, timeout=5) as answer:
        found = libtorrent.bdecode(answer.read())
    assert isinstance(found, dict)
    return {bytes(key): value for key, value in found.items() if isinstance(key, bytes)}
