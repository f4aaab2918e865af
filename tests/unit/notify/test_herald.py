"""Who is told what, when, and how often, over a real store; the notifiers are scripted to fail as real ones do."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from auralarchive.domain import events as e
from auralarchive.domain.failures import Disposition, Failure, FailureKind
from auralarchive.notify.herald import AFTER_STORM, CALM, GIVE_UP_AFTER, LOOK_EVERY, PATIENCE, WAITS, Herald
from auralarchive.pipeline.record import Recorder
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import RateLimited, Unreachable
from auralarchive.ports.notifiers import Message, Notifier, NotifierReport, Topic
from auralarchive.ports.store import NewDownload
from auralarchive.ports.work import CancelToken
from auralarchive.store import SecretBox, SqlStore, open_store
from tests.support.indexing import HeldClock
from tests.support.processes import wait_for
from tests.support.records import a_book
from tests.support.scripted import Inline

EVERYTHING = frozenset(Topic)
AWAY = Unreachable("Nobody answers.", "Start it.")


@dataclass
class Told:
    """A notifier that keeps what it was told; `fault` is raised instead, as often as `faults` says."""

    name: str = "Phone"
    topics: frozenset[Topic] = EVERYTHING
    fault: Exception | None = None
    messages: list[Message] = field(default_factory=list)
    attempts: int = 0
    hook: Callable[[Message], None] | None = None

    def send(self, message: Message, cancel: CancelToken) -> None:
        self.attempts += 1
        if self.hook is not None:
            self.hook(message)
        if self.fault is not None:
            raise self.fault
        self.messages.append(message)

    def test(self) -> NotifierReport:
        return NotifierReport(self.name)

    def close(self) -> None:
        pass

    @property
    def titles(self) -> list[str]:
        return [message.title for message in self.messages]


class World:
    def __init__(self, folder: Path) -> None:
        self.clock = HeldClock()
        self.store: SqlStore = open_store(
            f"sqlite:///{folder / 'a.db'}", secret_box=SecretBox.generate(), clock=self.clock
        )
        self.recorder = Recorder(self.store.downloads, self.clock)
        self.notifiers: dict[int, Notifier | None] = {}
        self.herald = self.start()

    def start(self) -> Herald:
        """A process that begins."""
        self.herald = Herald(
            self.store.downloads, self.store.cursors, lambda: dict(self.notifiers), str, self.clock, tick=0.02
        )
        self.herald.attend()
        return self.herald

    def add(self, number: int = 1, **settings: object) -> Told:
        made = Told(**settings)  # type: ignore[arg-type]  # its own fields
        self.notifiers[number] = made
        self.herald.attend()
        return made

    def pass_by(self, seconds: float = 0.0) -> None:
        """Time passes, and the herald looks."""
        self.clock.forward(seconds)
        self.herald._round(Inline())  # type: ignore[arg-type]  # the one method of a pool that it uses

    def fail(self, title: str = "Emma", reason: str = "The disk is full.") -> int:
        """A download that needs somebody; its number."""
        made = self.store.downloads.create(NewDownload(a_book(title, f"Author of {title}"), manual=True))
        failure = Failure(FailureKind.NO_SPACE, reason, "Make room.", Disposition.NEEDS_PERSON)
        self.recorder.record(made.id, e.StageFailed(failure))
        return made.id

    def place(self, number: int = 1) -> int | None:
        """How far a notifier has come for good."""
        return self.store.cursors.get(f"notifier:{number}")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.store.close()


def test_a_new_notifier_begins_now(world: World) -> None:
    """The past is not told, also where it joins while things happen."""
    world.fail("Before")
    phone = world.add()
    world.fail("After")
    world.pass_by(CALM)
    assert phone.titles == ["Needs you: After"]
    assert world.place() == world.store.downloads.last_seq()


def test_only_what_was_chosen_is_told(world: World) -> None:
    phone, other = world.add(1, topics=frozenset({Topic.IMPORTED})), world.add(2)
    world.fail()
    world.pass_by(CALM)
    assert (phone.titles, other.titles) == ([], ["Needs you: Emma"])


def test_a_moment_of_calm_gathers_what_comes_together(world: World) -> None:
    """The place in the log stays before what is not told yet: a kill in this moment loses nothing."""
    phone = world.add()
    world.fail("First")
    before = world.place()
    world.pass_by(1)
    world.fail("Second")
    world.pass_by(1)
    assert (phone.titles, world.place()) == ([], before)
    world.pass_by(CALM)
    assert phone.titles == ["Needs you: First", "Needs you: Second"]


def test_a_storm_that_goes_on_is_told_after_a_while(world: World) -> None:
    """As long as more keeps coming it is gathered, but not for ever."""
    phone = world.add()
    for number in range(int(PATIENCE) // 2):
        world.fail(f"Book {number}")
        world.pass_by(2)
        told = len(phone.titles)
    assert told == 1
    assert phone.titles == ["15 downloads need you"]


def test_a_storm_is_one_message_and_then_a_minute_of_quiet(world: World) -> None:
    """Five hundred failures ring once; those that follow within the minute ring once more."""
    phone = world.add()
    for number in range(500):
        world.fail(f"Book {number}")
    world.pass_by(CALM)
    assert phone.titles == ["500 downloads need you"]
    world.fail("Late")
    world.pass_by(CALM)
    assert len(phone.titles) == 1
    world.pass_by(AFTER_STORM)
    assert phone.titles[1:] == ["Needs you: Late"]
    world.fail("Calm again")
    world.pass_by(CALM)
    assert phone.titles[2:] == ["Needs you: Calm again"]


def test_one_that_fails_waits_longer_each_time_and_holds_up_nobody(world: World) -> None:
    """Its place stays; the other one is told at once; what came meanwhile comes with the first success."""
    broken, other = world.add(1, fault=AWAY), world.add(2, name="Mail")
    world.fail("First")
    before = world.place()
    world.pass_by(CALM)
    assert (broken.attempts, other.titles, world.place()) == (1, ["Needs you: First"], before)
    for tries, wait in enumerate(WAITS, start=2):
        world.pass_by(wait - 1)
        assert broken.attempts == tries - 1
        world.pass_by(1)
        assert broken.attempts == tries
    world.pass_by(WAITS[-1])
    assert broken.attempts == len(WAITS) + 2
    world.fail("Second")
    broken.fault = None
    world.pass_by(WAITS[-1])
    assert broken.titles == ["Needs you: First", "Needs you: Second"]
    assert world.place() == world.store.downloads.last_seq()


def test_health_shows_one_that_fails_again_and_again(world: World) -> None:
    """Once may be anything; then with since when, why and what to do, until it works."""
    phone = world.add(fault=AWAY)
    world.fail()
    world.pass_by(CALM)
    assert not world.herald.findings
    world.pass_by(WAITS[0])
    (finding,) = world.herald.findings
    assert (finding.ok, finding.subject, finding.remedy) == (False, "Phone", "Start it.")
    assert finding.message.startswith("No message got through since 2026-11-02 12:00 UTC: Nobody answers.")
    phone.fault = None
    world.pass_by(WAITS[1])
    assert world.herald.findings == ()


def test_who_is_asked_to_wait_waits_as_long(world: World) -> None:
    """But never longer than half an hour, whatever it says."""
    phone = world.add(fault=RateLimited("Too many.", retry_after=100.0))
    world.fail()
    world.pass_by(CALM)
    world.pass_by(99)
    assert phone.attempts == 1
    phone.fault = RateLimited("Too many.", retry_after=1e9)
    world.pass_by(1)
    assert phone.attempts == 2
    phone.fault = None
    world.pass_by(WAITS[-1])
    assert len(phone.titles) == 1


def test_what_was_taken_does_not_come_again_when_the_rest_fails(world: World) -> None:
    """Of two messages the second one is refused: only that is tried again."""
    phone = world.add()

    def refuse_the_second(message: Message) -> None:
        if "Second" in message.title:
            raise AWAY

    phone.hook = refuse_the_second
    world.fail("First")
    world.fail("Second")
    world.pass_by(CALM)
    assert phone.titles == ["Needs you: First"]
    phone.hook = None
    world.pass_by(WAITS[0])
    assert phone.titles == ["Needs you: First", "Needs you: Second"]


def test_a_process_that_was_killed_goes_on_where_it_was(world: World) -> None:
    """What was taken is not told again; what was not, is."""
    phone = world.add()
    world.fail("Told")
    world.pass_by(CALM)
    world.fail("Not told")
    world.start()
    world.fail("Told to the next")
    world.pass_by(CALM)
    assert phone.titles == ["Needs you: Told", "Needs you: Not told", "Needs you: Told to the next"]


def test_a_kill_between_message_and_place_tells_it_once_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least once, with the same number, so that whoever counts knows it again."""
    phone = world.add()
    world.fail()

    class Killed(BaseException):
        pass

    def kill(name: str) -> None:
        if name == "notify.after_send":
            raise Killed

    monkeypatch.setattr("auralarchive.notify.herald.failpoint", kill)
    with pytest.raises(Killed):
        world.pass_by(CALM)
    monkeypatch.undo()
    world.start()
    world.pass_by()
    assert phone.titles == ["Needs you: Emma"] * 2
    assert phone.messages[0].items == phone.messages[1].items


def test_what_could_not_be_told_for_a_day_is_given_up(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """With one line in the log; what is younger still comes."""
    phone = world.add(fault=AWAY)
    world.fail("Old")
    world.pass_by(CALM)
    world.clock.forward(GIVE_UP_AFTER.total_seconds() - 60)
    world.fail("Young")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            world.pass_by(WAITS[-1])
    lines = [record.getMessage() for record in caplog.records if "gave up" in record.getMessage()]
    assert lines == ["Phone: gave up on 1 messages that could not be delivered for a day"]
    phone.fault = None
    world.pass_by(WAITS[-1])
    assert phone.titles == ["Needs you: Young"]


def test_one_that_was_switched_off_meanwhile_begins_anew(world: World) -> None:
    """But one that only cannot be used goes on where it was, once it is mended."""
    off, broken = world.add(1), world.add(2)
    world.notifiers = {2: None}
    world.herald.attend()
    assert (world.place(1), world.place(2)) == (None, 0)
    world.fail()
    world.notifiers = {1: off, 2: broken}
    world.herald.attend()
    world.pass_by(CALM)
    assert (off.titles, broken.titles) == ([], ["Needs you: Emma"])


def test_other_settings_take_effect_at_once(world: World) -> None:
    """Whoever mended the address does not want to wait for half an hour."""
    world.add(fault=AWAY)
    world.fail()
    world.pass_by(CALM)
    for wait in WAITS[:3]:
        world.pass_by(wait)
    mended = world.add()
    world.pass_by()
    assert mended.titles == ["Needs you: Emma"]
    assert world.herald.findings == ()


def test_a_database_that_was_put_back_is_followed(world: World) -> None:
    """A place beyond the end of the log is one of another log."""
    world.add()
    world.store.cursors.save("notifier:1", 10_000)
    phone = world.notifiers[1]
    world.start()
    world.fail()
    world.pass_by(CALM)
    assert isinstance(phone, Told)
    assert phone.titles == ["Needs you: Emma"]


def test_a_bug_in_one_adapter_is_a_finding_and_not_the_end(world: World) -> None:
    """Its library may raise what nobody foresaw."""
    odd, other = world.add(1, name="Odd", fault=ZeroDivisionError("inside")), world.add(2)
    world.fail()
    world.pass_by(CALM)
    world.pass_by(WAITS[0])
    assert (odd.attempts, other.titles) == (2, ["Needs you: Emma"])
    assert [finding.subject for finding in world.herald.findings] == ["Odd"]
    assert "log" in world.herald.findings[0].remedy


def test_a_database_that_is_away_is_no_fault_of_the_notifier(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = world.add()
    world.fail()

    def away(*_: object) -> tuple[()]:
        raise Unreachable("The database does not answer.")

    monkeypatch.setattr(world.store.downloads, "events_after", away)
    world.pass_by(CALM)
    world.pass_by(WAITS[0])
    assert (phone.attempts, world.herald.findings) == (0, ())
    monkeypatch.undo()
    world.pass_by(WAITS[0])
    assert phone.titles == ["Needs you: Emma"]


def test_lines_that_nobody_needs_cost_no_writes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipeline writes all day; a place that only moves on is written down now and then."""
    world.add(topics=frozenset({Topic.SEEDED}))
    saved: list[int] = []
    monkeypatch.setattr(world.store.cursors, "save", lambda _, seq: saved.append(seq))
    for number in range(20):
        world.fail(f"Book {number}")
        world.pass_by(1)
    assert saved == []


DISK = Finding(False, "Disk space", "1.0 GB free.", "Make room.")


def test_health_is_told_at_the_second_look_and_when_it_is_well(world: World) -> None:
    """A client that restarts is no news; what lasts is, once; and that it is over."""
    phone, deaf = world.add(1), world.add(2, topics=frozenset({Topic.IMPORTED}))
    world.herald.health = lambda: (DISK, Finding(True, "Library", "Well."))
    world.pass_by(LOOK_EVERY)
    assert phone.titles == []
    for _ in range(3):
        world.pass_by(LOOK_EVERY)
    assert phone.titles == ["Something is wrong: Disk space"]
    world.herald.health = tuple
    world.pass_by(LOOK_EVERY)
    world.pass_by(LOOK_EVERY)
    assert phone.titles == ["Something is wrong: Disk space", "Well again: Disk space"]
    world.herald.health = lambda: (DISK,)
    world.pass_by(LOOK_EVERY)
    world.herald.health = tuple
    world.pass_by(LOOK_EVERY)
    assert len(phone.titles) == 2
    assert deaf.titles == []


def test_nobody_is_told_that_they_cannot_be_told(world: World) -> None:
    """Another one is."""
    phone, mail = world.add(1, name="Phone"), world.add(2, name="Mail")
    world.herald.health = lambda: (Finding(False, "Phone", "No message got through.", "Mend it."),)
    world.pass_by(LOOK_EVERY)
    world.pass_by(LOOK_EVERY)
    assert (phone.titles, mail.titles) == ([], ["Something is wrong: Phone"])


def test_health_that_could_not_be_told_is_told_later(world: World) -> None:
    """As it is by then."""
    phone = world.add(fault=AWAY)
    world.herald.health = lambda: (DISK,)
    world.pass_by(LOOK_EVERY)
    world.pass_by(LOOK_EVERY)
    assert phone.attempts == 1
    phone.fault = None
    world.pass_by(WAITS[0])
    assert phone.titles == ["Something is wrong: Disk space"]


def test_nobody_looks_at_health_for_nobody(world: World) -> None:
    """The checks cost something."""
    looks: list[int] = []

    def look() -> tuple[Finding, ...]:
        looks.append(1)
        return ()

    world.herald.health = look
    world.add(topics=frozenset({Topic.IMPORTED}))
    world.pass_by(LOOK_EVERY)
    assert looks == []


def test_one_that_hangs_holds_up_neither_another_nor_the_end(world: World) -> None:
    """In the real loop with its threads; a stop is heard in the middle of a message."""
    waiting = threading.Event()
    hanging = world.add(1, name="Hanging")
    other = world.add(2)
    herald = world.herald
    world.store.on_commit(herald.wake)

    def hang(message: Message) -> None:
        waiting.set()
        while not herald._cancel.cancelled:
            herald._cancel.wait(0.05)
        herald._cancel.check()

    hanging.hook = hang
    thread = threading.Thread(target=herald.run)
    thread.start()
    try:
        world.fail("First")
        world.clock.forward(CALM)
        wait_for(lambda: waiting.is_set() and len(other.titles) == 1)
        world.fail("Second")
        world.clock.forward(CALM)
        wait_for(lambda: len(other.titles) == 2)
    finally:
        herald.stop()
        thread.join(10)
    assert not thread.is_alive()
    assert hanging.titles == []
    assert world.herald.findings == ()
