"""What the SABnzbd adapter decides without a server (the contract suite drives real ones)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from auralarchive.clients import sabnzbd
from auralarchive.clients.context import ClientContext
from auralarchive.clients.sabnzbd import SABNZBD, SABnzbdClient, SABnzbdSettings
from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Ability, AddOptions, Payload
from auralarchive.ports.errors import InvalidInput, Misconfigured, Unreachable


@pytest.fixture
def client() -> SABnzbdClient:
    """An adapter of a server that nobody ever asks."""
    return SABnzbdClient("SABnzbd", SABnzbdSettings(host="sab.invalid"), ClientContext(Path("/nonexistent")))


def test_what_it_is(client: SABnzbdClient) -> None:
    """Usenet only; its jobs cannot be slowed down one by one."""
    assert client.protocols == {DownloadType.NZB}
    assert client.abilities == {Ability.GLOBAL_LIMITS, Ability.PRIORITY}
    assert not client.seeds


def test_the_key_is_not_shown() -> None:
    """Neither in a form's values nor in a traceback."""
    settings = SABnzbdSettings.model_validate({"url": "http://127.0.0.1:8080/sabnzbd", "api_key": "hidden"})
    assert "hidden" not in repr(settings) + settings.model_dump_json()
    assert SABNZBD.secret_keys == {"api_key"}
    assert settings.url == "http://127.0.0.1:8080/sabnzbd"
    with pytest.raises(ValidationError):
        SABnzbdSettings.model_validate({"nzb_key": "x"})


@pytest.mark.parametrize(
    "item_id", ["", "all", "ALL", "failed", "Completed", "a,b", "SABnzbd_nzo_1,all", "x" * 65, "*"]
)
def test_an_id_that_could_mean_others_is_refused(client: SABnzbdClient, item_id: str) -> None:
    """SABnzbd takes lists, and words for every job, failed ones with their files included."""
    for action in (client.pause, client.resume, client.files):
        with pytest.raises(ValueError, match="id of a job"):
            action(item_id)
    with pytest.raises(ValueError, match="id of a job"):
        client.remove(item_id, with_data=True)
    with pytest.raises(ValueError, match="id of a job"):
        client.set_priority(item_id, 1)


def test_no_key_finds_nothing(client: SABnzbdClient) -> None:
    """It would mean every job."""
    with pytest.raises(ValueError, match="id"):
        client.find(frozenset())


@pytest.mark.parametrize(
    "payload", [Payload(DownloadType.TORRENT, "x", data=b"d", info_hash_v1="a" * 40), Payload(DownloadType.NZB, "x")]
)
def test_only_nzbs_are_taken(client: SABnzbdClient, payload: Payload) -> None:
    """And only by their bytes."""
    with pytest.raises(InvalidInput) as caught:
        client.add(payload, AddOptions("auralarchive-main-1"))
    assert caught.value.remedy


def test_a_place_that_may_hold_others_is_refused(client: SABnzbdClient, tmp_path: Path) -> None:
    """After sorting, or without folders for jobs; a single file is certain to be the job's own."""
    (tmp_path / "complete" / "Author").mkdir(parents=True)
    (tmp_path / "complete" / "01.mp3").write_bytes(b"x")
    sorted_away = ClientItem("1", "Emma", ItemState.READY, content_path=str(tmp_path / "complete" / "Author"))
    single = ClientItem("1", "Emma", ItemState.READY, content_path=str(tmp_path / "complete" / "01.mp3"))
    with pytest.raises(Misconfigured, match="others may be there"):
        client.local_path(sorted_away)
    assert client.local_path(single) == str(tmp_path / "complete" / "01.mp3")
    with pytest.raises(Misconfigured, match="where Emma is"):
        client.local_path(ClientItem("1", "Emma", ItemState.BUSY))


def test_a_job_that_stays_in_the_queue_is_not_taken_for_gone(
    client: SABnzbdClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused deletion is answered like that of a job that is not there."""
    job = "SABnzbd_nzo_1"
    slots: list[Any] = [{"nzo_id": job, "status": "Queued", "filename": "x"}]

    class Stubborn:
        def call(self, *_: object) -> dict[str, Any]:
            return {"status": False, "nzo_ids": []}

        def queue(self) -> tuple[dict[str, Any], list[Any]]:
            return {}, slots

        def history(self, *_: object, **__: object) -> list[Any]:
            return []

    monkeypatch.setattr(sabnzbd, "_GONE_WITHIN", 0.0)
    monkeypatch.setattr(client, "_api", Stubborn())
    with pytest.raises(Unreachable, match="let go"):
        client.remove(job, with_data=True)
    slots.clear()
    client.remove(job, with_data=True)
