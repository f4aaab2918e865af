"""What the embedded client says without any peer (the contract suite lets it download)."""

from __future__ import annotations

from pathlib import Path

from auralarchive.clients.context import ClientContext
from auralarchive.clients.embedded import EMBEDDED
from auralarchive.clients.payloads import Payloads
from auralarchive.ports.clients import AddOptions
from tests.support.torrent_bytes import info_of, torrent_of


def test_downloads_inside_the_library_are_reported(tmp_path: Path) -> None:
    """They would be imported over and over, or deleted with the torrent."""
    told = {"download_folder": str(tmp_path / "library" / "downloads"), "loopback": True}
    client = EMBEDDED.build("embedded", told, ClientContext(tmp_path / "state", (tmp_path / "library",)))
    wrong = [finding for finding in client.test().findings if not finding.ok]
    client.close()
    assert [finding.subject for finding in wrong] == ["Folders"]
    assert wrong[0].remedy


def test_a_torrent_without_peers_is_there_at_once(tmp_path: Path) -> None:
    """Added is seen: the poll right after shows it under our hash, with our tag."""
    told = {"download_folder": str(tmp_path / "downloads"), "loopback": True}
    client = EMBEDDED.build("embedded", told, ClientContext(tmp_path / "state"))
    payload = Payloads().torrent(torrent_of(info_of()))
    added = client.add(payload, AddOptions("auralarchive-7", paused=True))
    (item,) = client.poll()
    client.close()
    assert (item.id, item.tags, item.progress) == (added.id, frozenset({"auralarchive-7"}), 0.0)
