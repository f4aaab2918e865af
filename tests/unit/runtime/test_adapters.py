"""The pool: what is saved is in use, what has not changed stays, and what is broken is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from auralarchive.domain.seeding import SeedGoal
from auralarchive.ports.adapters import AdapterType, adapter_type
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import Misconfigured, Unreachable
from auralarchive.ports.notifiers import NotifierReport
from auralarchive.ports.store import AdapterRow
from auralarchive.runtime.adapters import AdapterPool, LiveAdapters, state_folder
from tests.support.scripted import Bench, ScriptedClient, ScriptedIndexer, a_bench


class ClientSettings(BaseModel):
    folder: str
    password: SecretStr = SecretStr("")
    ban: str = ""


def _client(name: str, settings: ClientSettings, folder: Path) -> ScriptedClient:
    if settings.ban == "refuse":
        raise RuntimeError("the port is another's")
    client = ScriptedClient(folder / settings.folder, name)
    client.before["test"] = lambda: None
    return client


CLIENT = adapter_type("scripted", "Scripted", ClientSettings, _client)


class IndexerSettings(BaseModel):
    goal: float = 1.0


INDEXER: AdapterType[Any, Any] = adapter_type(
    "scripted",
    "Scripted",
    IndexerSettings,
    lambda name, settings, _: ScriptedIndexer(name, seed_goal=SeedGoal(settings.goal)),
)


class NotifierSettings(BaseModel):
    url: str = "http://127.0.0.1:9"


class ScriptedNotifier:
    """A notifier that says which one was tried."""

    def __init__(self, name: str, settings: NotifierSettings, _: Path) -> None:
        self.name, self.url, self.closed = name, settings.url, False

    def test(self) -> NotifierReport:
        if self.url == "away":
            raise Unreachable("Nobody answers.")
        return NotifierReport(f"{self.name} at {self.url}", (Finding(True, self.name, "Sent."),))

    def close(self) -> None:
        self.closed = True


NOTIFIER: AdapterType[Any, Any] = adapter_type("scripted", "Scripted", NotifierSettings, ScriptedNotifier)


class World:
    def __init__(self, bench: Bench) -> None:
        self.rows = bench.store.adapters
        self.hidden: list[str] = []
        self.pool: AdapterPool[Any, Path] = AdapterPool(
            "client", (CLIENT,), self.rows, lambda _: bench.folder, self.hidden.append
        )
        indexers: AdapterPool[Any, Path] = AdapterPool("indexer", (INDEXER,), self.rows, lambda _: bench.folder)
        self.trials: list[Path] = []

        def trial(type_: str, values: Mapping[str, Any], folder: Path) -> ScriptedClient:
            self.trials.append(folder)
            client = ScriptedClient(folder)
            if values.get("folder") == "away":
                client.faults["test"] = Unreachable("Nobody answers.")
            return client

        notifiers: AdapterPool[Any, Path] = AdapterPool("notifier", (NOTIFIER,), self.rows, lambda _: bench.folder)
        self.live = LiveAdapters(self.pool, indexers, notifiers, trial)

    def save(self, name: str, priority: int = 25, *, type_: str = "scripted", **settings: Any) -> AdapterRow:
        values = {"folder": name, "password": "", "ban": "", **settings}
        row = AdapterRow(0, "client", type_, name, enabled=True, priority=priority, settings=values)
        return self.rows.add(row, CLIENT.secret_keys)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_bench(tmp_path) as bench:
        yield World(bench)


def names(world: World) -> list[str]:
    return [client.name for client in world.pool.all()]


def change(row: AdapterRow, **changes: Any) -> AdapterRow:
    fields = {name: getattr(row, name) for name in AdapterRow.__dataclass_fields__}
    return AdapterRow(**{**fields, **changes})


def test_the_preferred_comes_first(world: World) -> None:
    world.save("Later", 50)
    world.save("First", 1)
    world.live.reload("client")
    assert names(world) == ["First", "Later"]


def test_what_has_not_changed_survives_a_reload(world: World) -> None:
    """Its connections, and its torrents; a changed one is closed first and built anew, a disabled one goes."""
    kept, changed, disabled = world.save("Kept"), world.save("Changed"), world.save("Disabled")
    world.pool.reload()
    before = {client.name: client for client in world.pool.all()}
    world.rows.update(change(changed, settings={**changed.settings, "folder": "elsewhere"}), CLIENT.secret_keys)
    world.rows.update(change(disabled, enabled=False), CLIENT.secret_keys)
    world.pool.reload()
    assert world.pool.get("Kept") is before["Kept"]
    assert world.pool.by_id(kept.id) is before["Kept"]
    assert world.pool.get("Changed") is not before["Changed"]
    assert world.pool.get("Disabled") is None
    closed = {name: client.closed for name, client in before.items()}
    assert closed == {"Kept": False, "Changed": True, "Disabled": True}


def test_a_broken_row_is_a_finding_and_not_a_crash(world: World) -> None:
    """The others are in use all the same, and the finding shows no secret."""
    world.save("Good")
    world.save("Unknown", type_="gone")
    world.save("Wrong", folder=None, password={"CANARY": 1})
    world.save("Refused", ban="refuse")
    world.pool.reload()
    assert names(world) == ["Good"]
    said = {finding.subject: finding.message for finding in world.pool.problems}
    assert set(said) == {"Unknown", "Wrong", "Refused"}
    assert "CANARY" not in str(said)
    assert "folder" in said["Wrong"]
    assert all(not finding.ok and finding.remedy for finding in world.pool.problems)


def test_secrets_are_hidden_before_anybody_gets_them(world: World) -> None:
    """Who is given a key may quote it back at once: also one that came while we run, also in a test."""
    world.save("New", password="CANARY-saved")
    world.live.reload("client")
    world.live.test("client", "scripted", {"folder": "x", "password": "CANARY-tried", "ban": ""})
    assert {"CANARY-saved", "CANARY-tried"} <= set(world.hidden)


def test_problems_that_are_mended_are_gone(world: World) -> None:
    row = world.save("Refused", ban="refuse")
    world.pool.reload()
    world.rows.update(change(row, settings={**row.settings, "ban": ""}), CLIENT.secret_keys)
    world.pool.reload()
    assert (names(world), world.pool.problems) == (["Refused"], ())


def test_a_reload_never_shows_less_than_there_is(world: World) -> None:
    """A grab in the midst of it would find no client, and fail: the unchanged ones are there all the time."""
    world.save("Kept")
    row = world.save("Changing")
    world.pool.reload()
    seen: set[bool] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            seen.add("Kept" in names(world))

    watcher = threading.Thread(target=look)
    watcher.start()
    for turn in range(30):
        row = world.rows.update(change(row, settings={**row.settings, "folder": str(turn)}), CLIENT.secret_keys)
        world.pool.reload()
    over.set()
    watcher.join()
    assert seen == {True}


def test_one_that_does_not_close_well_holds_up_nothing(world: World) -> None:
    row = world.save("Bad")
    world.pool.reload()
    (client,) = world.pool.all()
    client.close = _raising(OSError("busy"))
    world.rows.delete("client", row.id)
    world.pool.reload()
    assert names(world) == []


def _raising(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def test_a_test_of_the_one_in_use_asks_it(world: World) -> None:
    """A second one beside it would want the same port and folder; other settings get a trial of their own."""
    row = world.save("Mine")
    world.pool.reload()
    (client,) = world.pool.all()
    assert world.live.test("client", row.type, row.settings, row.id).version == "1.0"
    assert (client.calls["test"], world.trials) == (1, [])
    with pytest.raises(Unreachable):
        world.live.test("client", row.type, {**row.settings, "folder": "away"}, row.id)
    (folder,) = world.trials
    assert not folder.exists()


def test_indexers_are_tried_and_their_goals_known(world: World) -> None:
    world.rows.add(AdapterRow(0, "indexer", "scripted", "Feed", True, 1, {"goal": 3.0}), frozenset())
    world.live.reload("indexer")
    assert world.live.seed_goals() == {"Feed": SeedGoal(3.0)}
    assert world.live.test("indexer", "scripted", {}).version == "The indexer"
    assert [one.type for one in world.live.types("indexer")] == ["scripted"]
    with pytest.raises(Misconfigured, match="no indexer type"):
        world.live.test("indexer", "nonsense", {})


def test_closing_lets_go_of_all(world: World) -> None:
    world.save("Mine")
    world.live.reload("client")
    (client,) = world.pool.all()
    world.live.close()
    assert client.closed
    assert names(world) == []


def test_a_clients_folder_stays_below_its_root(tmp_path: Path) -> None:
    for name in ("../../etc", "a/b", "..", "Embedded"):
        assert state_folder(tmp_path, name).resolve().parent == tmp_path.resolve()


def _notifier(name: str, **settings: Any) -> AdapterRow:
    return AdapterRow(0, "notifier", "scripted", name, enabled=True, priority=1, settings=settings)


def test_a_notifier_is_tried_under_its_own_name(world: World) -> None:
    """Its message says which one it comes from; a new one has no name yet."""
    saved = world.rows.add(_notifier("Phone"), frozenset())
    world.live.reload("notifier")
    assert world.live.test("notifier", "scripted", {"url": "here"}, saved.id).version == "Phone at here"
    assert world.live.test("notifier", "scripted", {"url": "here"}).version == "The notifier at here"
    with pytest.raises(Unreachable):
        world.live.test("notifier", "scripted", {"url": "away"}, saved.id)


def test_whoever_tells_hears_of_changed_notifiers(world: World) -> None:
    """And of those that are switched on but cannot be used, so that nothing is lost until they are mended."""
    heard: list[dict[int, Any]] = []
    world.live.on_notifiers = lambda: heard.append(world.live.notifiers.by_ids())
    good = world.rows.add(_notifier("Good"), frozenset())
    broken = world.rows.add(AdapterRow(0, "notifier", "gone", "Broken", True, 1, {}), frozenset())
    world.rows.add(AdapterRow(0, "notifier", "scripted", "Off", False, 1, {}), frozenset())
    world.live.reload("client")
    assert heard == []
    world.live.reload("notifier")
    (seen,) = heard
    assert (seen[good.id].name, seen[broken.id]) == ("Good", None)
    assert len(seen) == 2
    assert [finding.subject for finding in world.live.problems] == ["Broken"]
