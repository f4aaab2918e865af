"""What the qBittorrent adapter decides without a server (the contract suite drives real ones)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from auralarchive.clients import qbittorrent
from auralarchive.clients.context import ClientContext
from auralarchive.clients.qbittorrent import QBITTORRENT, QBittorrentClient, QBittorrentSettings, _Mirror
from auralarchive.clients.wire import Answer
from auralarchive.domain.client_item import ClientFile, ClientItem, ItemState
from auralarchive.ports.errors import Misconfigured, Unreachable
from auralarchive.settings import QBittorrentSection


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8080", "ftp://x", "http://", "http://name:secret@host", "http://169.254.169.254", "http://h?x=1"],
)
def test_addresses_that_are_refused(url: str) -> None:
    """Only plain web addresses, and no cloud's metadata."""
    with pytest.raises(ValidationError):
        QBittorrentSettings.model_validate({"url": url})


def test_secrets_are_not_shown() -> None:
    """Neither in a form's values nor in a traceback."""
    settings = QBittorrentSettings.model_validate({"password": "hidden-1", "api_key": "hidden-2"})
    assert "hidden" not in repr(settings)
    assert "hidden" not in settings.model_dump_json()
    assert QBITTORRENT.secret_keys == {"password", "api_key"}


def test_the_category_is_the_same_wherever_the_client_is_set_up() -> None:
    """By file, by environment or in the pages: torrents of one person are not spread over two categories."""
    assert QBittorrentSettings.model_validate({}).category == QBittorrentSection().category == "auralarchive"


def test_the_mirror_follows_what_it_is_told() -> None:
    """Deltas merge into what is known, removals go, a full update begins anew."""
    mirror = _Mirror()
    mirror.merge({"rid": 1, "full_update": True, "torrents": {"a": {"state": "x", "size": 1}, "b": {}}})
    mirror.merge({"rid": 2, "torrents": {"a": {"state": "y"}, "c": 5}, "torrents_removed": ["b", 7]})
    assert (mirror.rid, mirror.torrents) == (2, {"a": {"state": "y", "size": 1}, "c": 5})
    mirror.merge({"rid": 3, "full_update": True})
    assert (mirror.rid, mirror.torrents) == (3, {})


def test_a_torrent_with_a_new_id_is_there_once() -> None:
    """The id of a hybrid's magnet changes with its metadata: the old one is no second torrent."""
    v1, v2 = "a" * 40, "b" * 64
    mirror = _Mirror()
    mirror.merge({"rid": 1, "full_update": True, "torrents": {v1: {"infohash_v1": v1, "state": "metaDL"}}})
    mirror.merge({"rid": 2, "torrents": {v2[:40]: {"infohash_v1": v1, "infohash_v2": v2, "state": "stalledUP"}}})
    assert list(mirror.torrents) == [v2[:40]]


@pytest.mark.parametrize("folder", ["single", "many"])
def test_content_that_is_the_save_path_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """Importing it would import every download: the one thing inside is named, or it is refused."""
    (tmp_path / "Book").mkdir()
    names = ["Book/1.mp3", "Book/2.mp3"] if folder == "single" else ["1.mp3", "2.mp3"]
    client = QBittorrentClient("qb", QBittorrentSettings(), ClientContext(tmp_path))
    monkeypatch.setattr(client, "files", lambda _: tuple(ClientFile(name, 1) for name in names))
    item = ClientItem("a" * 40, "x", ItemState.READY, content_path=f"{tmp_path}/", save_path=str(tmp_path))
    if folder == "single":
        assert client.local_path(item) == str(tmp_path / "Book")
    else:
        with pytest.raises(Misconfigured, match="loose"):
            client.local_path(item)
    client.close()


@pytest.mark.parametrize("item_id", ["", "all", "A" * 40, "a" * 39, "a" * 40 + "|" + "b" * 40])
def test_ids_that_could_mean_several_are_refused(tmp_path: Path, item_id: str) -> None:
    """Before anything is sent: nobody listens at this address."""
    client = QBittorrentClient("qb", QBittorrentSettings(port=1), ClientContext(tmp_path))
    with pytest.raises(ValueError, match="id"):
        client.remove(item_id, with_data=True)
    with pytest.raises(ValueError, match="hash"):
        client.find(frozenset())
    client.close()


def test_a_torrent_that_does_not_go_is_not_taken_for_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """qBittorrent says yes to any hash, known or not, and to what it does later or never."""
    item_id = "a" * 40
    told = {"rid": 1, "full_update": True, "torrents": {item_id: {}}}

    class Stubborn:
        def get(self, *_: str, **__: object) -> Answer:
            return Answer(200, json.dumps(told).encode())

        def post(self, *_: object) -> Answer:
            return Answer(200, b"")

        def close(self) -> None:
            """Nothing is open."""

    monkeypatch.setattr(qbittorrent, "_GONE_WITHIN", 0.0)
    client = QBittorrentClient("qb", QBittorrentSettings(port=1), ClientContext(tmp_path))
    client.close()
    monkeypatch.setattr(client, "_api", Stubborn())
    with pytest.raises(Unreachable, match="let go"):
        client.remove(item_id, with_data=True)
    told["torrents"] = {}
    client.remove(item_id, with_data=True)
