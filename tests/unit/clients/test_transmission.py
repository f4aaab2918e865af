"""What the Transmission adapter decides without a server (the contract suite drives real ones)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from auralarchive.clients import patience, transmission
from auralarchive.clients.context import ClientContext
from auralarchive.clients.transmission import TRANSMISSION, TransmissionClient, TransmissionSettings
from auralarchive.clients.transmission_api import Declined
from auralarchive.domain.client_item import ClientFile, ClientItem, ItemState
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Ability, AddOptions, Payload
from auralarchive.ports.errors import InvalidInput, Misconfigured, Unreachable

ID = "a" * 40
V2 = "b" * 64
WHOLE = {
    "status": 6,
    "metadataPercentComplete": 1,
    "percentDone": 1,
    "leftUntilDone": 0,
    "sizeWhenDone": 5,
    "totalSize": 5,
}


class Daemon:
    """Answers calls as Transmission does, from a handful of torrents."""

    def __init__(self, rpc: int) -> None:
        self.session = "one"
        self.torrents: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.told: dict[str, Any] = {"rpc-version": rpc, "version": "9.9 (abc)"}
        self.loading = 0
        self.lose_add = self.clings = False

    def call(self, method: str, arguments: Mapping[str, Any] = {}) -> Mapping[str, Any]:
        self.calls.append((method, arguments))
        if method == "session-get":
            return self.told
        if method == "torrent-get":
            self.loading -= 1
            known = {} if self.loading >= 0 else self.torrents
            ids = arguments.get("ids", list(known))
            return {"torrents": [{"hashString": one, **known[one]} for one in ids if one in known]}
        if method == "torrent-add":
            return self._add(arguments)
        if method == "torrent-set":
            for one in arguments["ids"]:
                self.torrents.get(one, {}).update(labels=arguments.get("labels"))
        if method == "torrent-remove" and not self.clings:
            for one in arguments["ids"]:
                self.torrents.pop(one, None)
        if method == "free-space":
            raise Declined(method, "No such file or directory")
        return {}

    def _add(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        if ID in self.torrents:
            return {"torrent-duplicate": {"hashString": ID}}
        self.torrents[ID] = {
            "status": 0,
            "labels": arguments.get("labels", []) if self.told["rpc-version"] > 16 else [],
        }
        if self.lose_add:
            raise Unreachable("lost")
        return {"torrent-added": {"hashString": ID}}

    def of(self, method: str) -> list[Mapping[str, Any]]:
        return [arguments for name, arguments in self.calls if name == method]

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(params=[16, 19], ids=["3.00", "4.1"])
def daemon(request: pytest.FixtureRequest) -> Daemon:
    return Daemon(request.param)


@pytest.fixture
def client(daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TransmissionClient]:
    """A client of the daemon, with less patience than usual."""
    for name in ("_SEEN_WITHIN", "_GONE_WITHIN", "_LOADS_WITHIN"):
        monkeypatch.setattr(transmission, name, 0.2)
    monkeypatch.setattr(patience, "LOOK_EVERY", 0.001)
    made = TransmissionClient("tm", TransmissionSettings(), ClientContext(tmp_path))
    made.close()
    monkeypatch.setattr(made, "_api", daemon)
    yield made
    made.close()


def _payload(**changes: Any) -> Payload:
    return Payload(**{"download_type": DownloadType.TORRENT, "name": "x", "data": b"d", "info_hash_v1": ID, **changes})


OPTIONS = AddOptions(tag="auralarchive-main-1")


# --- settings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("http://nas.local:9091", "http://nas.local:9091/transmission"),
        ("http://nas.local:9091/transmission/web/", "http://nas.local:9091/transmission"),
        ("https://nas.local/tm/transmission/web/index.html", "https://nas.local:443/tm/transmission"),
        ("http://nas.local:9091/transmission/rpc", "http://nas.local:9091/transmission"),
        ("http://nas.local:9091/other/", "http://nas.local:9091/other"),
    ],
)
def test_addresses_as_people_paste_them(address: str, url: str) -> None:
    """The page's address, the RPC's, or only the host: the RPC is found."""
    assert TransmissionSettings.model_validate({"host": address}).url == url


def test_the_defaults_are_transmissions_own() -> None:
    """A fresh daemon on this machine needs no setting but the password."""
    assert TransmissionSettings().url == "http://127.0.0.1:9091/transmission"


def test_a_label_is_one_label() -> None:
    """Transmission declines a comma, at the first torrent and not before."""
    with pytest.raises(ValidationError):
        TransmissionSettings(label="one,two")
    assert TransmissionSettings(label=" books ").label == "books"


def test_secrets_are_not_shown() -> None:
    """Neither in a form's values nor in a traceback."""
    settings = TransmissionSettings.model_validate({"password": "hidden"})
    assert "hidden" not in repr(settings)
    assert "hidden" not in settings.model_dump_json()
    assert TRANSMISSION.secret_keys == {"password"}


# --- adding -----------------------------------------------------------------------------------------


def test_a_torrent_has_its_labels_from_the_beginning_or_soon_after(client: TransmissionClient, daemon: Daemon) -> None:
    """4.x takes them with the add; 3.00 gets them by a second call."""
    assert client.add(_payload(), OPTIONS).id == ID
    assert daemon.torrents[ID]["labels"] == ["auralarchive", "auralarchive-main-1"]
    assert ("labels" in daemon.of("torrent-add")[0]) == (daemon.told["rpc-version"] > 16)


def test_a_torrent_whose_label_did_not_follow_is_ours_still(client: TransmissionClient, daemon: Daemon) -> None:
    """The second call failed, and is made up for by the next attempt."""
    client.add(_payload(), OPTIONS)
    daemon.torrents[ID]["labels"] = []
    assert not client.add(_payload(), OPTIONS).adopted
    assert daemon.torrents[ID]["labels"] == ["auralarchive-main-1"]


def test_an_add_whose_answer_is_lost(client: TransmissionClient, daemon: Daemon) -> None:
    """It was not there a moment ago and is there now: it is ours."""
    daemon.lose_add = True
    assert not client.add(_payload(), OPTIONS).adopted
    assert "auralarchive-main-1" in daemon.torrents[ID]["labels"]


def test_somebody_else_was_quicker(client: TransmissionClient, daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between our look and our add: what the add calls a duplicate is adopted, not taken."""
    daemon.torrents[ID] = {"labels": ["films"]}
    found = client.find
    looks = iter([None])
    monkeypatch.setattr(client, "find", lambda keys: next(looks, None) or found(keys))
    daemon.loading = 0
    assert client.add(_payload(), OPTIONS).adopted
    assert daemon.torrents[ID]["labels"] == ["auralarchive-adopted", "films"]


def test_what_an_earlier_download_left_is_this_ones_now(client: TransmissionClient, daemon: Daemon) -> None:
    """Its tag is replaced; a label of a person stays."""
    daemon.torrents[ID] = {"labels": ["auralarchive-main-7", "mine"]}
    assert not client.add(_payload(), OPTIONS).adopted
    assert daemon.torrents[ID]["labels"] == ["auralarchive-main-1", "mine"]


def test_the_label_of_the_settings_is_no_earlier_download(daemon: Daemon, client: TransmissionClient) -> None:
    """Even where it looks like one of our tags."""
    client._settings = TransmissionSettings(label="auralarchive-main-books")
    daemon.torrents[ID] = {"labels": ["auralarchive-main-books"]}
    assert client.add(_payload(), OPTIONS).adopted


def test_deleted_files_are_loaded_again(client: TransmissionClient, daemon: Daemon) -> None:
    """Transmission believes that it has them: ours begins anew, without touching what may be left of the data."""
    daemon.torrents[ID] = {**WHOLE, "labels": ["auralarchive-main-1"], "name": "x", "downloadDir": "/nowhere"}
    assert not client.add(_payload(), OPTIONS).adopted
    assert daemon.of("torrent-remove") == [{"ids": [ID], "delete-local-data": False}]
    assert len(daemon.of("torrent-add")) == 1


def test_what_it_does_not_let_go_is_no_endless_loop(client: TransmissionClient, daemon: Daemon) -> None:
    """A daemon that answers yes and does nothing."""
    daemon.torrents[ID] = {**WHOLE, "labels": ["auralarchive-main-1"], "name": "x", "downloadDir": "/nowhere"}
    daemon.clings = True
    with pytest.raises(Unreachable, match="let go"):
        client.add(_payload(), OPTIONS)


@pytest.mark.parametrize(
    "payload",
    [
        Payload(DownloadType.NZB, "x", data=b"<nzb/>"),
        Payload(DownloadType.TORRENT, "x", data=b"d"),
        Payload(DownloadType.TORRENT, "x", data=b"d", info_hash_v2=V2),
    ],
)
def test_what_it_cannot_take_is_never_sent(client: TransmissionClient, daemon: Daemon, payload: Payload) -> None:
    """Another kind, or torrents of version 2 alone."""
    with pytest.raises(InvalidInput) as caught:
        client.add(payload, OPTIONS)
    assert caught.value.remedy
    assert not daemon.of("torrent-add")


def test_sequential_order_is_claimed_and_sent_only_where_it_exists(client: TransmissionClient, daemon: Daemon) -> None:
    """From 4.1 on."""
    client.add(_payload(), AddOptions(tag="auralarchive-main-1", sequential=True, priority=-3))
    knows = daemon.told["rpc-version"] >= 18
    assert (Ability.SEQUENTIAL in client.abilities) is knows
    sent = daemon.of("torrent-set")[0]
    assert ("sequential_download" in sent) is knows
    assert sent["bandwidthPriority"] == -1


# --- looking ----------------------------------------------------------------------------------------


def test_a_hybrid_is_found_by_any_hash_that_it_came_with(client: TransmissionClient) -> None:
    """Transmission itself shows the first alone."""
    client.add(_payload(info_hash_v2=V2), OPTIONS)
    for key in (ID, V2, V2[:40]):
        found = client.find(frozenset({key}))
        assert found is not None
        assert found.hashes == {ID, V2, V2[:40]}
    assert client.find(frozenset({"d" * 64})) is None


def test_only_ours_are_polled(client: TransmissionClient, daemon: Daemon) -> None:
    """By tag, by the label of the settings, or because they are asked for."""
    daemon.torrents = {
        str(n) * 40: {"labels": labels} for n, labels in enumerate([["films"], ["auralarchive"], [], []])
    }
    assert {item.id[0] for item in client.poll()} == {"1"}
    assert {item.id[0] for item in client.poll(frozenset({"2" * 40}))} == {"1", "2"}


def test_torrents_that_are_still_loaded_are_waited_for(client: TransmissionClient, daemon: Daemon) -> None:
    """3.00 answers before it knows them; without a new session, what is gone is gone at once."""
    daemon.torrents[ID] = {"labels": ["auralarchive"]}
    client.poll()
    daemon.session, daemon.loading = "two", 3
    assert [item.id for item in client.poll()] == [ID]
    daemon.session, daemon.loading = "three", 3
    assert client.find(frozenset({ID})) is not None
    client.poll()
    before = len(daemon.calls)
    daemon.torrents.clear()
    assert client.poll() == ()
    assert len(daemon.calls) == before + 1


def test_what_was_removed_during_a_restart_is_not_waited_for_long(client: TransmissionClient, daemon: Daemon) -> None:
    """And only once."""
    daemon.torrents[ID] = {"labels": ["auralarchive"]}
    client.poll()
    daemon.session = "two"
    daemon.torrents.clear()
    assert client.poll() == ()
    before = len(daemon.calls)
    assert client.poll() == ()
    assert len(daemon.calls) == before + 1


@pytest.mark.parametrize("item_id", ["", "all", "recently-active", "A" * 40, "a" * 39, "a" * 64, "1"])
def test_ids_that_could_mean_several_are_refused(client: TransmissionClient, daemon: Daemon, item_id: str) -> None:
    """Before anything is sent."""
    for action in (client.pause, client.resume, client.files):
        with pytest.raises(ValueError, match="id"):
            action(item_id)
    with pytest.raises(ValueError, match="id"):
        client.remove(item_id, with_data=True)
    with pytest.raises(ValueError, match="hash"):
        client.find(frozenset())
    assert client.find(frozenset({item_id})) is None
    assert not daemon.calls


@pytest.mark.parametrize("told", [{"rpc-version": 15, "version": "2.94 (d8e60ee44f)"}, {"rpc-version": "x"}, {}])
def test_a_version_that_we_cannot_drive(client: TransmissionClient, daemon: Daemon, told: dict[str, Any]) -> None:
    """Without labels nothing would be ours; without a version it is no Transmission."""
    daemon.told = told
    with pytest.raises(Misconfigured if told.get("rpc-version") == 15 else Unreachable) as caught:
        client.test()
    assert caught.value.remedy


def test_the_version_is_asked_again_after_a_new_session(client: TransmissionClient, daemon: Daemon) -> None:
    """Somebody may have updated it meanwhile."""
    client.test()
    daemon.session = "two"
    daemon.told["rpc-version"] = 17
    client.add(_payload(), OPTIONS)
    assert "labels" in daemon.of("torrent-add")[0]


# --- what is sent -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "sent"),
    [
        (SeedGoal(), {"seedRatioMode": 0, "seedIdleMode": 0}),
        (SeedGoal(1.5), {"seedRatioMode": 1, "seedRatioLimit": 1.5, "seedIdleMode": 2}),
        (SeedGoal(1.5, 60), {"seedRatioMode": 1, "seedRatioLimit": 1.5, "seedIdleMode": 2}),
        (SeedGoal(None, 60), {"seedRatioMode": 2, "seedIdleMode": 2}),
    ],
)
def test_a_goal_of_ours_stands_alone(
    client: TransmissionClient, daemon: Daemon, goal: SeedGoal, sent: dict[str, Any]
) -> None:
    """By time Transmission stops nothing: then it must not stop by anything else either."""
    client.set_seed_goal(ID, goal)
    assert daemon.of("torrent-set") == [{"ids": [ID], **sent}]


@pytest.mark.parametrize(("limit", "kilobytes"), [(1, 1), (999, 1), (1000, 1), (1999, 1), (204_800, 204)])
def test_limits_are_never_exceeded(client: TransmissionClient, daemon: Daemon, limit: int, kilobytes: int) -> None:
    """Rounded down; but 0 would stop it for good."""
    client.set_limits(ID, limit, None)
    client.set_global_limits(SpeedLimits(None, limit))
    assert daemon.of("torrent-set") == [
        {"ids": [ID], "downloadLimited": True, "downloadLimit": kilobytes, "uploadLimited": False}
    ]
    assert daemon.of("session-set") == [
        {"speed-limit-down-enabled": False, "speed-limit-up-enabled": True, "speed-limit-up": kilobytes}
    ]


def test_general_limits_that_are_off_or_odd_are_none(client: TransmissionClient, daemon: Daemon) -> None:
    """The number stays there while it is switched off."""
    daemon.told.update({"speed-limit-down": 100, "speed-limit-down-enabled": False, "speed-limit-up": "x"})
    daemon.told["speed-limit-up-enabled"] = True
    assert client.global_limits() == SpeedLimits()
    daemon.told.update({"speed-limit-down-enabled": True, "speed-limit-up": 7})
    assert client.global_limits() == SpeedLimits(100_000, 7_000)


@pytest.mark.parametrize(("priority", "calls"), [(5, ["queue-move-top"]), (-5, ["queue-move-bottom"]), (0, [])])
def test_priority(client: TransmissionClient, daemon: Daemon, priority: int, calls: list[str]) -> None:
    """Its share of the line, and its place in the queue."""
    client.set_priority(ID, priority)
    assert daemon.of("torrent-set") == [{"ids": [ID], "bandwidthPriority": (priority > 0) - (priority < 0)}]
    assert [method for method, _ in daemon.calls[1:]] == calls


# --- paths ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "found"), [(["A_ Book/1.mp3", "A_ Book/2.mp3"], "A_ Book"), (["1.mp3"], "1.mp3"), ([], "A: Book")]
)
def test_the_files_tell_the_name_on_disk(
    client: TransmissionClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str], found: str
) -> None:
    """3.00 writes another name than it shows."""
    (tmp_path / found).mkdir()
    monkeypatch.setattr(client, "files", lambda _: tuple(ClientFile(name, 1) for name in names))
    item = ClientItem(ID, "x", ItemState.READY, content_path=f"{tmp_path}/A: Book", save_path=str(tmp_path))
    assert client.local_path(item) == str(tmp_path / found)


@pytest.mark.parametrize("name", ["", ".", "/", "..", "/etc/passwd"])
def test_content_is_never_the_whole_folder_nor_outside_of_it(
    client: TransmissionClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Importing it would import every download, or somebody's secrets."""
    monkeypatch.setattr(client, "files", lambda _: (ClientFile(f"{name}/1.mp3", 1),))
    item = ClientItem(ID, "x", ItemState.READY, content_path=str(tmp_path), save_path=str(tmp_path))
    with pytest.raises(Misconfigured):
        client.local_path(item)


def test_content_without_a_place(client: TransmissionClient) -> None:
    """A magnet has none yet."""
    with pytest.raises(Misconfigured, match="does not say"):
        client.local_path(ClientItem(ID, "x", ItemState.METADATA))


def test_a_torrent_that_does_not_go_is_not_taken_for_gone(client: TransmissionClient, daemon: Daemon) -> None:
    """It would stay there for ever, with its data."""
    daemon.torrents[ID], daemon.clings = dict(WHOLE), True
    with pytest.raises(Unreachable, match="let go"):
        client.remove(ID, with_data=True)
    daemon.clings = False
    client.remove(ID, with_data=True)
    client.remove(ID, with_data=True)
