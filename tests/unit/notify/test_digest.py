"""Lines of the log, gathered."""

from __future__ import annotations

from datetime import timedelta

from auralarchive.domain.status import DownloadStatus as S
from auralarchive.notify.digest import NAMED, SINGLY, Digest, Told, told_by
from auralarchive.ports.notifiers import Topic
from auralarchive.ports.store import LoggedEvent
from tests.support.records import NOON

EVERYTHING = frozenset(Topic)


def failure(seq: int, reason: str = "The disk is full.", minutes: int = 0) -> LoggedEvent:
    data = {"failure": {"kind": "no_space", "reason": reason, "remedy": "Make room."}, "retry_at": None}
    at = NOON + timedelta(minutes=minutes)
    return LoggedEvent(seq, seq, 2, "StageFailed", S.FOUND, S.DOWNLOAD_FAILED, f"{reason} Make room.", at, data)


def digest(*events: LoggedEvent, told: frozenset[int] = frozenset()) -> Digest:
    made = Digest(EVERYTHING, NOON, told)
    made.take(events)
    return made


def test_what_is_chosen_is_kept_with_its_place() -> None:
    """The first number says up to where nothing has to be told."""
    made = digest(*(LoggedEvent(n, n, 1, "Waiting", S.QUEUED, S.QUEUED, None, NOON, {}) for n in (1, 2)), failure(3))
    assert (made.first_seq, made.since, made.storm) == (3, NOON, False)
    assert made.by_topic[Topic.FAILED].seqs == [3]
    nothing = Digest(frozenset({Topic.IMPORTED}), NOON)
    nothing.take([failure(1)])
    assert (nothing.first_seq, nothing.by_topic) == (None, {})


def test_a_storm_is_counted_and_not_kept() -> None:
    """However long it lasts: numbers, reasons, and a few to name."""
    made = digest(*(failure(n, "The disk is full." if n % 10 else f"Reason {n}.") for n in range(1, 5001)))
    gathered = made.by_topic[Topic.FAILED]
    assert made.storm
    assert len(gathered.seqs) == 5000
    assert len(gathered.first) == max(SINGLY, NAMED)
    assert gathered.reasons.most_common(1) == [(Told("The disk is full.", "Make room."), 4500)]
    assert len(gathered.reasons) <= 50


def test_a_few_are_no_storm() -> None:
    """They are told one by one."""
    made = digest(*(failure(n) for n in range(SINGLY)))
    assert not made.storm
    assert len(made.by_topic[Topic.FAILED].first) == SINGLY


def test_what_was_told_already_and_what_is_too_old_is_left_out() -> None:
    """The old is counted: its loss is told in the log."""
    made = digest(failure(1, minutes=-1), failure(2), failure(3), told=frozenset({2}))
    assert (made.by_topic[Topic.FAILED].seqs, made.late) == ([3], 1)


def test_a_reason_comes_with_its_remedy() -> None:
    """From the failure itself, not from the sentence that joins both."""
    assert told_by(failure(1)) == Told("The disk is full.", "Make room.")
    plain = LoggedEvent(1, 1, 1, "RetryAbandoned", S.FOUND, S.DOWNLOAD_FAILED, "Another has it.", NOON, {})
    assert told_by(plain) == Told("Another has it.", "")
    odd = LoggedEvent(1, 1, 1, "StageFailed", S.FOUND, S.DOWNLOAD_FAILED, "It failed.", NOON, {"failure": {}})
    assert told_by(odd) == Told("It failed.", "")
