"""Settings, and what a daemon of a few lines can say that the real ones of tests/contract/clients never do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from auralarchive.clients import deluge, deluge_api
from auralarchive.clients.context import ClientContext
from auralarchive.clients.deluge import ADOPTED, DELUGE, DelugeClient, DelugeSettings
from auralarchive.clients.deluge_notes import Note, Notes
from auralarchive.domain.client_item import ItemState
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import AddOptions, Payload
from auralarchive.ports.errors import AuthRefused, InvalidInput, Misconfigured, Unreachable
from tests.support.fake_deluge import FakeDeluge, Raised

V1, V2 = "a" * 40, "b" * 64
SEEDING: dict[str, Any] = {
    "name": "A book",
    "state": "Seeding",
    "is_finished": True,
    "total_size": 5,
    "total_wanted": 5,
    "total_remaining": 0,
    "save_path": "/downloads",
    "label": "auralarchive",
}
PAYLOAD = Payload(DownloadType.TORRENT, "A book", data=b"torrent", info_hash_v1=V1)
OPTIONS = AddOptions("auralarchive-x-1")


class Torrents(FakeDeluge):
    """A daemon with torrents: what it has is what it tells."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.held: dict[str, Any] = {}
        self.answers |= {
            "core.get_torrents_status": lambda wanted, _: {
                key: self.held[key] for key in wanted["id"] if key in self.held
            },
            "core.get_torrent_status": lambda item_id, _: self.held.get(item_id, {}),
            "core.add_torrent_file": lambda *_: self.held.setdefault(V1, {**SEEDING, "label": ""}) and V1,
            "label.set_torrent": lambda item_id, label: self.held[item_id].update(label=label),
            "core.force_recheck": lambda _: None,
            "core.resume_torrent": lambda _: None,
        }


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Torrents]:
    with Torrents(tmp_path) as running:
        yield running


@pytest.fixture
def client(daemon: Torrents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DelugeClient]:
    monkeypatch.setattr(deluge, "_SEEN_WITHIN", 0.1)
    monkeypatch.setattr(deluge, "_GONE_WITHIN", 0.1)
    monkeypatch.setattr(deluge_api, "TIMEOUT", 2.0)
    made = DelugeClient("Deluge", DelugeSettings(port=daemon.port), ClientContext(tmp_path / "state"))
    yield made
    made.close()


def _named(daemon: FakeDeluge, method: str) -> list[tuple[Any, ...]]:
    return [call[1:] for call in daemon.calls if call[0] == method]


# --- settings ---------------------------------------------------------------------------------------


def test_a_label_is_what_deluge_would_make_of_it() -> None:
    """It keeps them in lower case, and refuses most characters."""
    assert DelugeSettings(label=" Audio-Books_1.x ").label == "audio-books_1.x"
    for label in ("audio books", "bücher", "a/b"):
        with pytest.raises(ValidationError):
            DelugeSettings(label=label)


@pytest.mark.parametrize("host", ["http://nas:8112", "me@nas", "", "169.254.1.1", "nas/deluge"])
def test_a_host_is_no_address_of_a_page(host: str) -> None:
    """The daemon has no page: a pasted address would hide the wrong port."""
    with pytest.raises(ValidationError):
        DelugeSettings(host=host)


def test_its_password_is_a_secret() -> None:
    """Encrypted at rest, and never told again."""
    assert DELUGE.secret_keys == {"password"}


# --- adding -----------------------------------------------------------------------------------------


def test_an_add_is_noted_before_it_is_sent(client: DelugeClient, daemon: Torrents, tmp_path: Path) -> None:
    """After a crash in between, the note is all that tells our torrent from somebody's."""
    noted: list[Any] = []

    def add(*_: object) -> str:
        noted.append(Notes(tmp_path / "state").of({V1}))
        daemon.held[V1] = {**SEEDING, "label": ""}
        return V1

    daemon.answers["core.add_torrent_file"] = add
    assert client.add(PAYLOAD, OPTIONS).adopted is False
    assert noted == [Note(frozenset({V1}), "auralarchive-x-1")]
    assert Notes(tmp_path / "state").of({V1}) == Note(frozenset({V1}), "auralarchive-x-1", labelled=True)


def test_somebody_who_was_quicker_keeps_it(client: DelugeClient, daemon: Torrents) -> None:
    """The daemon's no is a clear one: the note that was written before it is taken back."""

    def refuse(*_: object) -> object:
        daemon.held[V1] = {**SEEDING, "label": "films"}
        raise Raised("AddTorrentError", "Torrent already in session")

    daemon.answers["core.add_torrent_file"] = refuse
    assert client.add(PAYLOAD, OPTIONS).adopted
    assert [item.tags for item in client.poll()] == [{ADOPTED}]
    assert daemon.held[V1]["label"] == "films"


def test_our_own_that_is_still_being_loaded_stays_ours(client: DelugeClient, daemon: Torrents) -> None:
    """After a start Deluge refuses what it has not shown yet; our note is older than that no."""
    client.add(PAYLOAD, OPTIONS)
    kept = daemon.held.pop(V1)

    def refuse(*_: object) -> object:
        daemon.held[V1] = kept
        raise Raised("AddTorrentError", "Torrent already being added")

    daemon.answers["core.add_torrent_file"] = refuse
    assert client.add(PAYLOAD, OPTIONS).adopted is False


def test_a_refused_torrent_leaves_no_note(client: DelugeClient, daemon: Torrents, tmp_path: Path) -> None:
    """It would claim the torrent if somebody adds it by another way."""
    daemon.answers["core.add_torrent_file"] = lambda *_: _raise(Raised("AddTorrentError", "decoding filedump failed"))
    with pytest.raises(InvalidInput, match="decoding filedump"):
        client.add(PAYLOAD, OPTIONS)
    assert Notes(tmp_path / "state").all() == frozenset()


def test_a_lost_answer_leaves_its_note(client: DelugeClient, daemon: Torrents, tmp_path: Path) -> None:
    """It may have been a yes: the next attempt tells."""
    client.poll()
    daemon.raw = b"nonsense"
    with pytest.raises(Unreachable):
        client.add(PAYLOAD, OPTIONS)
    assert Notes(tmp_path / "state").all() == frozenset(), "not even looked yet"
    daemon.raw = b""

    def lose(*_: object) -> object:
        daemon.held[V1] = dict(SEEDING)
        daemon.hangs_up = True
        raise OSError

    daemon.answers["core.add_torrent_file"] = lose
    with pytest.raises(Unreachable):
        client.add(PAYLOAD, OPTIONS)
    daemon.hangs_up = False
    assert client.add(PAYLOAD, OPTIONS).adopted is False


def test_another_instances_note_makes_it_somebody_elses(client: DelugeClient, daemon: Torrents, tmp_path: Path) -> None:
    """Two that were restored from one backup share the folder's past, and must not remove each other's."""
    daemon.held[V1] = dict(SEEDING)
    Notes(tmp_path / "state").keep(Note(frozenset({V1}), "auralarchive-other-1", labelled=True))
    assert client.add(PAYLOAD, OPTIONS).adopted


def test_an_account_without_rights_is_told_so(client: DelugeClient, daemon: Torrents) -> None:
    """It is no fault of the torrent, and no other release would fare better."""
    daemon.answers["core.add_torrent_file"] = lambda *_: _raise(Raised("NotAuthorizedError", "Auth level too low"))
    with pytest.raises(AuthRefused, match="level 10"):
        client.add(PAYLOAD, OPTIONS)
    daemon.answers["core.get_torrents_status"] = lambda *_: _raise(Raised("NotAuthorizedError", "Auth level too low"))
    with pytest.raises(AuthRefused):
        client.poll()


def _raise(error: Exception) -> object:
    raise error


# --- the label --------------------------------------------------------------------------------------


def test_a_missing_label_is_mended_once(client: DelugeClient, daemon: Torrents) -> None:
    """By the next poll, as after a crash; one that a person takes away afterwards stays away."""
    daemon.answers["label.set_torrent"] = lambda *_: _raise(OSError())
    with pytest.raises(Unreachable):
        client.add(PAYLOAD, OPTIONS)
    daemon.answers["label.set_torrent"] = lambda item_id, label: daemon.held[item_id].update(label=label)
    client.poll()
    assert daemon.held[V1]["label"] == "auralarchive"
    daemon.held[V1]["label"] = ""
    client.poll()
    assert daemon.held[V1]["label"] == ""


def test_without_its_plugin_nothing_is_labelled(client: DelugeClient, daemon: Torrents) -> None:
    """No call that would fail, until it is switched on."""
    daemon.held[V1] = {key: value for key, value in SEEDING.items() if key != "label"}
    client.add(PAYLOAD, OPTIONS)
    client.poll()
    assert _named(daemon, "label.set_torrent") == []
    daemon.held[V1]["label"] = ""
    client.poll()
    assert _named(daemon, "label.set_torrent") == [(V1, "auralarchive")]


# --- polling ----------------------------------------------------------------------------------------


def test_a_poll_is_one_message(client: DelugeClient, daemon: Torrents) -> None:
    """Also while magnets wait for their metadata, each of which is looked at anew."""
    client.add(PAYLOAD, OPTIONS)
    daemon.held |= {V2[:40]: {"state": "Downloading", "total_size": 0}}
    client.find(frozenset({V2}))
    before = daemon.messages
    assert {item.state for item in client.poll()} == {ItemState.READY, ItemState.UNKNOWN}
    assert daemon.messages == before + 1
    assert _named(daemon, "core.get_torrent_status")[-1][0] == V2[:40]


def test_only_what_is_asked_for_is_polled(client: DelugeClient, daemon: Torrents) -> None:
    """Without anything of ours the list of ids is empty, which to Deluge means none."""
    daemon.held[V1] = dict(SEEDING)
    assert client.poll() == ()
    assert _named(daemon, "core.get_torrents_status")[-1][0] == {"id": ()}
    assert [item.id for item in client.poll(frozenset({V1, "", "all"}))] == [V1]


def test_one_bad_item_does_not_hide_the_others(client: DelugeClient, daemon: Torrents) -> None:
    """Wrong types and unknown words make one item UNKNOWN."""
    for bad in (None, 7, "x", (), {"state": 7, "total_size": -1, "name": None, "ratio": float("inf")}):
        daemon.held |= {V1: dict(SEEDING), V2[:40]: bad}
        items = {item.id: item.state for item in client.poll(frozenset({V1, V2}))}
        assert items == {V1: ItemState.READY, V2[:40]: ItemState.UNKNOWN}


@pytest.mark.parametrize("answer", [None, 7, "x", ("a",), {7: {}, "short": {}, "": {}}])
def test_a_list_of_nonsense(client: DelugeClient, daemon: Torrents, answer: object) -> None:
    """No list is an error; ids that are none are left out."""
    daemon.answers["core.get_torrents_status"] = lambda *_: answer
    if isinstance(answer, dict):
        assert client.poll() == ()
    else:
        with pytest.raises(Unreachable):
            client.poll()


def test_a_note_without_its_torrent_is_forgotten_in_time(
    client: DelugeClient, daemon: Torrents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at once: after a start Deluge loads its torrents one by one. But who adds it next year is somebody else."""
    client.add(PAYLOAD, OPTIONS)
    daemon.held.clear()
    client.poll()
    client.poll()
    assert Notes(tmp_path / "state").of({V1}) is not None
    monkeypatch.setattr(deluge, "_FORGOTTEN_AFTER", 0.0)
    client.poll()
    assert Notes(tmp_path / "state").of({V1}) is None
    daemon.held[V1] = dict(SEEDING)
    assert client.add(PAYLOAD, OPTIONS).adopted


# --- one torrent ------------------------------------------------------------------------------------


def test_a_hybrid_is_called_by_the_id_that_deluge_has(client: DelugeClient, daemon: Torrents) -> None:
    """Which of the two it is depends on Deluge's version and on how the torrent came."""
    hybrid = Payload(DownloadType.TORRENT, "A book", data=b"torrent", info_hash_v1=V1, info_hash_v2=V2)
    daemon.answers["core.add_torrent_file"] = lambda *_: daemon.held.setdefault(V2[:40], dict(SEEDING)) and V2[:40]
    daemon.answers["core.pause_torrent"] = lambda _: None
    assert client.add(hybrid, OPTIONS).id == V2[:40]
    client.pause(V1)
    assert _named(daemon, "core.pause_torrent") == [(V2[:40],)]
    found = client.find(frozenset({V1}))
    assert found is not None
    assert found.hashes == {V1, V2, V2[:40]}


def test_a_refusal_that_is_no_missing_torrent_is_told(client: DelugeClient, daemon: Torrents) -> None:
    """A method that an old version does not have, say."""
    with pytest.raises(Unreachable, match="invalid function"):
        client.pause(V1)


def test_a_seed_goal_is_a_ratio(client: DelugeClient, daemon: Torrents) -> None:
    """Deluge counts no time, and no goal is Deluge's own."""
    daemon.answers["core.set_torrent_options"] = lambda *_: None
    daemon.answers["core.get_config_values"] = lambda _: {"stop_seed_at_ratio": True, "stop_seed_ratio": 3.5}
    for goal, stops, ratio in (
        (SeedGoal(ratio=1.25, seconds=60), True, 1.25),
        (SeedGoal(seconds=60), False, 2.0),
        (SeedGoal(), True, 3.5),
    ):
        client.set_seed_goal(V1, goal)
        assert _named(daemon, "core.set_torrent_options")[-1] == ((V1,), {"stop_at_ratio": stops, "stop_ratio": ratio})


def test_general_limits_of_nonsense_are_none(client: DelugeClient, daemon: Torrents) -> None:
    """What is no number is no limit."""
    for told in (None, {"max_download_speed": "fast", "max_upload_speed": -1.0}):
        daemon.answers["core.get_config_values"] = lambda _, told=told: told
        assert client.global_limits() == SpeedLimits()


def test_a_book_among_other_files_is_refused(client: DelugeClient, daemon: Torrents) -> None:
    """Its content would be the folder of all downloads."""
    files = ({"path": "01.mp3", "size": 2}, {"path": "02.mp3", "size": 3})
    daemon.held[V1] = {**SEEDING, "files": files}
    (item,) = client.poll(frozenset({V1}))
    with pytest.raises(Misconfigured, match="lies loose"):
        client.local_path(item)


def test_a_magnet_has_no_place_yet(client: DelugeClient, daemon: Torrents) -> None:
    """Until its metadata tells."""
    daemon.held[V1] = {**SEEDING, "state": "Downloading", "total_size": 0, "total_wanted": 0}
    (item,) = client.poll(frozenset({V1}))
    with pytest.raises(Misconfigured, match="does not say where"):
        client.local_path(item)


def test_a_torrent_that_does_not_go_stays_noted(client: DelugeClient, daemon: Torrents, tmp_path: Path) -> None:
    """Without its note it would be somebody's, and never be removed any more."""
    client.add(PAYLOAD, OPTIONS)
    daemon.answers["core.remove_torrent"] = lambda *_: True
    with pytest.raises(Unreachable, match="let go"):
        client.remove(V1, with_data=True)
    assert Notes(tmp_path / "state").of({V1}) is not None
    daemon.answers["core.remove_torrent"] = lambda item_id, _: bool(daemon.held.pop(item_id))
    client.remove(V1, with_data=True)
    assert Notes(tmp_path / "state").of({V1}) is None
