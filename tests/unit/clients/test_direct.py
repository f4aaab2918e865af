"""The direct client as the pipeline knows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auralarchive.clients.context import ClientContext
from auralarchive.clients.direct import DIRECT
from auralarchive.clients.manifests import read_manifest
from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Ability, AddOptions, DownloadClient, Payload
from auralarchive.ports.errors import InvalidInput, Misconfigured, Unreachable
from tests.support.files import FileHost, Twist, book
from tests.support.processes import wait_for

TAG = "auralarchive-main-1"


@pytest.fixture
def host() -> Iterator[FileHost]:
    with FileHost() as running:
        yield running


@pytest.fixture
def client(tmp_path: Path) -> Iterator[DownloadClient]:
    told = {"download_folder": str(tmp_path / "downloads"), "loopback": True, "pause_seconds": 0, "reserve_bytes": 0}
    made = DIRECT.build("Direct", told, ClientContext(tmp_path / "state", (tmp_path / "library",)))
    yield made
    made.close()


def payload(host: FileHost, name: str = "Emma", *sizes: int) -> Payload:
    return read_manifest(host.manifest(name, book(*(sizes or (1_000,)), seed=len(name))).to_bytes())


def item_of(client: DownloadClient, item_id: str) -> ClientItem:
    return next(item for item in client.poll() if item.id == item_id)


def ready(client: DownloadClient, item_id: str) -> ClientItem:
    return wait_for(lambda: item if (item := item_of(client, item_id)).state is ItemState.READY else None)


def test_what_it_can_do(client: DownloadClient) -> None:
    assert client.protocols == {DownloadType.HTTP}
    assert not client.seeds
    assert Ability.SEED_GOAL not in client.abilities
    report = client.test()
    assert report.version.startswith("AuralArchive ")
    assert all(finding.ok for finding in report.findings)


def test_what_it_does_not_take_is_refused(client: DownloadClient) -> None:
    for wrong in (
        Payload(DownloadType.NZB, "x", data=b"<nzb/>"),
        Payload(DownloadType.HTTP, "x"),
        Payload(DownloadType.HTTP, "x", data=b"{}"),
    ):
        with pytest.raises(InvalidInput) as caught:
            client.add(wrong, AddOptions(TAG))
        assert caught.value.remedy
    assert client.poll() == ()


def test_a_book_is_loaded_and_lies_in_a_folder_of_its_own(
    client: DownloadClient, host: FileHost, tmp_path: Path
) -> None:
    wanted = payload(host, "Emma", 3_000, 2_000)
    added = client.add(wanted, AddOptions(TAG))
    assert not added.adopted
    item = ready(client, added.id)
    assert (item.hashes, item.progress, item.size) == (wanted.hashes, 1.0, 5_000)
    assert item.tags == {TAG}
    content = Path(client.local_path(item))
    assert content == tmp_path / "downloads" / added.id / "Emma"
    assert {path.name: path.stat().st_size for path in content.iterdir()} == {"01.mp3": 3_000, "02.mp3": 2_000}
    assert [(file.path, file.size) for file in client.files(added.id)] == [
        ("Emma/01.mp3", 3_000),
        ("Emma/02.mp3", 2_000),
    ]


def test_the_same_book_again_is_the_same_item(client: DownloadClient, host: FileHost) -> None:
    """As after a lost answer; what is wished now counts."""
    wanted = payload(host)
    first = client.add(wanted, AddOptions(TAG, paused=True, priority=1))
    again = client.add(wanted, AddOptions(TAG, download_limit=10**6))
    assert (again.id, again.adopted) == (first.id, False)
    item = ready(client, first.id)
    assert item.limits == SpeedLimits(10**6)


def test_two_downloads_of_one_book_have_their_own_items(client: DownloadClient, host: FileHost) -> None:
    """Each removes its files when it is done: the other one still needs its own."""
    wanted = payload(host)
    ids = [client.add(wanted, AddOptions(f"auralarchive-main-{number}")).id for number in (1, 2)]
    places = [Path(client.local_path(ready(client, item_id))) for item_id in ids]
    client.remove(ids[0], with_data=True)
    assert [place.exists() for place in places] == [False, True]
    assert item_of(client, ids[1]).tags == {"auralarchive-main-2"}


def test_found_by_id_and_fingerprint_and_nothing_else(client: DownloadClient, host: FileHost) -> None:
    wanted = payload(host)
    added = client.add(wanted, AddOptions(TAG, paused=True))
    for keys in (frozenset({added.id}), wanted.hashes, wanted.hashes | {"other"}):
        found = client.find(keys)
        assert found is not None
        assert found.id == added.id
    assert client.find(frozenset({"other", TAG})) is None
    with pytest.raises(ValueError, match="no key"):
        client.find(frozenset())


@pytest.mark.parametrize(
    "action",
    [
        lambda client, key: client.pause(key),
        lambda client, key: client.resume(key),
        lambda client, key: client.set_limits(key, 1, 1),
        lambda client, key: client.set_seed_goal(key, SeedGoal(1.0)),
        lambda client, key: client.set_priority(key, 1),
        lambda client, key: client.files(key),
        lambda client, key: client.remove(key, with_data=True),
    ],
)
def test_an_empty_id_means_nothing_and_an_unknown_one_changes_nothing(
    client: DownloadClient, host: FileHost, action: Callable[[DownloadClient, str], object]
) -> None:
    added = client.add(payload(host), AddOptions(TAG, paused=True))
    before = item_of(client, added.id)
    with pytest.raises(ValueError, match="empty id"):
        action(client, "")
    assert action(client, "ab" * 20) in (None, ())
    assert item_of(client, added.id) == before


def test_pause_and_resume(client: DownloadClient, host: FileHost) -> None:
    """What has come stays, and is not sent again."""
    wanted = payload(host, "Emma", 200_000)
    host.next("Emma/01.mp3", Twist(stall=50_000))
    added = client.add(wanted, AddOptions(TAG))
    wait_for(lambda: item_of(client, added.id).downloaded == 50_000)
    client.pause(added.id)
    paused = item_of(client, added.id)
    assert (paused.state, paused.paused, paused.download_speed) == (ItemState.PAUSED, True, 0)
    client.resume(added.id)
    ready(client, added.id)
    assert host.starts("Emma/01.mp3") == [0, 50_000]


def test_limits_hold_and_can_be_lifted(client: DownloadClient, host: FileHost) -> None:
    """An item's own and the general one, while it loads."""
    client.set_global_limits(SpeedLimits(100_000, 5))
    assert client.global_limits() == SpeedLimits(100_000, 5)  # what was set is told, so that nobody sets it again
    added = client.add(payload(host, "Emma", 3_000_000), AddOptions(TAG, download_limit=50_000))
    wait_for(lambda: (item_of(client, added.id).downloaded or 0) > 0)
    assert item_of(client, added.id).progress < 0.5
    client.set_limits(added.id, None, None)
    assert item_of(client, added.id).limits == SpeedLimits()
    client.set_global_limits(SpeedLimits())
    ready(client, added.id)


@pytest.mark.parametrize("with_data", [True, False])
def test_remove(client: DownloadClient, host: FileHost, tmp_path: Path, with_data: bool) -> None:
    """Its data only when asked for; removing what is gone is no error."""
    added = client.add(payload(host), AddOptions(TAG))
    content = Path(client.local_path(ready(client, added.id)))
    client.remove(added.id, with_data=with_data)
    assert client.poll() == ()
    assert client.find(frozenset({added.id})) is None
    assert content.exists() is not with_data
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["running"]
    client.remove(added.id, with_data=with_data)


def test_data_that_was_left_is_taken_up_again(client: DownloadClient, host: FileHost) -> None:
    """Removed without its data and added again: nothing is sent twice."""
    wanted = payload(host)
    added = client.add(wanted, AddOptions(TAG))
    ready(client, added.id)
    client.remove(added.id, with_data=False)
    client.add(wanted, AddOptions(TAG))
    ready(client, added.id)
    assert len(host.asked) == 1


def test_removed_in_the_middle_leaves_nothing(client: DownloadClient, host: FileHost, tmp_path: Path) -> None:
    host.always("Emma/01.mp3", Twist(stall=500))
    added = client.add(payload(host, "Emma", 1_000, 1_000), AddOptions(TAG))
    wait_for(lambda: (item_of(client, added.id).downloaded or 0) >= 500)
    client.remove(added.id, with_data=True)
    assert list((tmp_path / "downloads").iterdir()) == []


def test_data_that_cannot_be_deleted_is_told_and_tried_again(
    client: DownloadClient, host: FileHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The item stays in sight until it is really gone."""
    added = client.add(payload(host), AddOptions(TAG))
    ready(client, added.id)

    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("shutil.rmtree", fail)
    with pytest.raises(Misconfigured, match="cannot be deleted"):
        client.remove(added.id, with_data=True)
    left = item_of(client, added.id)
    assert (left.state, left.raw_state) == (ItemState.WARNING, "held")
    assert "cannot be deleted" in (left.message or "")
    monkeypatch.undo()
    client.remove(added.id, with_data=True)
    assert client.poll() == ()


def test_files_deleted_by_hand_are_loaded_again_when_wanted(client: DownloadClient, host: FileHost) -> None:
    """A retry sends the book once more: what is gone is fetched, what is there is not."""
    wanted = payload(host, "Emma", 1_000, 1_000)
    added = client.add(wanted, AddOptions(TAG))
    content = Path(client.local_path(ready(client, added.id)))
    (content / "01.mp3").unlink()
    client.add(wanted, AddOptions(TAG))
    ready(client, added.id)
    assert (host.starts("Emma/01.mp3"), host.starts("Emma/02.mp3")) == ([0, 0], [0])


def test_a_place_that_is_not_there_is_told(client: DownloadClient, host: FileHost) -> None:
    added = client.add(payload(host), AddOptions(TAG, paused=True))
    with pytest.raises(Misconfigured):
        client.local_path(item_of(client, added.id))


def test_a_closed_client_says_so(client: DownloadClient) -> None:
    client.close()
    for call in (client.poll, client.test, lambda: client.pause("x")):
        with pytest.raises(Unreachable):
            call()
