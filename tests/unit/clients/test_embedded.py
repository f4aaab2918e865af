"""What the embedded client says without any peer (the contract suite lets it download)."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import pytest

from auralarchive.clients.context import ClientContext
from auralarchive.clients.embedded import EMBEDDED
from auralarchive.clients.payloads import Payloads
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import AddOptions, Payload
from auralarchive.ports.errors import InvalidInput
from tests.support.torrent_bytes import info_of, torrent_of


def test_downloads_inside_the_library_are_reported(tmp_path: Path) -> None:
    """They would be imported over and over, or deleted with the torrent."""
    told = {"download_folder": str(tmp_path / "library" / "downloads"), "loopback": True}
    client = EMBEDDED.build("embedded", told, ClientContext(tmp_path / "state", (tmp_path / "library",)))
    wrong = [finding for finding in client.test().findings if not finding.ok]
    client.close()
    assert [finding.subject for finding in wrong] == ["Library"]
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


def test_what_libtorrent_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    """A note left behind would be met again at every start, and keep the whole client from starting."""
    told, context = (
        {"download_folder": str(tmp_path / "downloads"), "loopback": True},
        ClientContext(tmp_path / "state"),
    )
    nothing = "0" * 40
    payload = Payload(DownloadType.TORRENT, "x", magnet=f"magnet:?xt=urn:btih:{nothing}", info_hash_v1=nothing)
    client = EMBEDDED.build("embedded", told, context)
    with pytest.raises(InvalidInput, match="libtorrent"):
        client.add(payload, AddOptions("auralarchive-7"))
    client.close()
    assert not list((tmp_path / "state").glob(f"{nothing}*"))


def test_one_torrent_that_cannot_start_again_keeps_no_other_from_it(tmp_path: Path) -> None:
    """As left behind by a version, or a libtorrent, that took what this one refuses."""
    told, context = (
        {"download_folder": str(tmp_path / "downloads"), "loopback": True},
        ClientContext(tmp_path / "state"),
    )
    client = EMBEDDED.build("embedded", told, context)
    good = client.add(Payloads().torrent(torrent_of(info_of())), AddOptions("auralarchive-7", paused=True))
    client.close()
    nothing = "0" * 40
    note = json.loads((tmp_path / "state" / f"{good.id}.json").read_text())
    (tmp_path / "state" / f"{nothing}.json").write_text(json.dumps({**note, "id": nothing, "hashes": [nothing]}))
    (tmp_path / "state" / f"{nothing}.magnet").write_text(f"magnet:?xt=urn:btih:{nothing}")
    again = EMBEDDED.build("embedded", told, context)
    found = [item.id for item in again.poll()]
    again.close()
    assert found == [good.id]


def test_a_removal_that_cannot_be_finished_keeps_no_other_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is another user's now is left for the next start, and tried again then."""
    told = {"download_folder": str(tmp_path / "downloads"), "loopback": True}
    context = ClientContext(tmp_path / "state")
    client = EMBEDDED.build("embedded", told, context)
    added = client.add(Payloads().torrent(torrent_of(info_of())), AddOptions("auralarchive-7", paused=True))
    client.close()
    note = tmp_path / "state" / f"{added.id}.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "removing": True, "with_data": True}))

    def refused(_: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", refused)
        again = EMBEDDED.build("embedded", told, context)
    assert again.poll() == ()
    again.close()
    assert note.exists()
    EMBEDDED.build("embedded", told, context).close()
    assert not note.exists()


def test_a_limit_beyond_what_libtorrent_counts_is_no_error(tmp_path: Path) -> None:
    """Neither when it is set, nor at the next start."""
    told, context = (
        {"download_folder": str(tmp_path / "downloads"), "loopback": True},
        ClientContext(tmp_path / "state"),
    )
    client = EMBEDDED.build("embedded", told, context)
    options = AddOptions("auralarchive-7", download_limit=2**50, upload_limit=2**50)
    added = client.add(Payloads().torrent(torrent_of(info_of())), options)
    client.set_limits(added.id, 2**50, 2**50)
    client.close()
    again = EMBEDDED.build("embedded", told, context)
    found = [item.id for item in again.poll()]
    again.close()
    assert found == [added.id]
