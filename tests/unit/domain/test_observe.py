"""What a poll means: decisions from observations, without a client, a clock or a database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auralarchive.domain import events as e
from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.download import Download
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.observe import (
    CheckCompletion,
    Decision,
    PauseItem,
    Record,
    ResumeItem,
    Timers,
    Watch,
    observe,
    removal_due,
)
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.status import DownloadStatus, DownloadType, SeedingStatus
from tests.support.records import a_download

S = DownloadStatus
TIMERS = Timers(missing_polls=3, missing_seconds=10)
DOWNLOADING = replace(a_download(S.DOWNLOADING), download_client="qBittorrent", download_client_id="abc")
SEEDING = replace(
    a_download(S.CONVERTING),
    download_client="qBittorrent",
    seeding=SeedingStatus.SEEDING,
    seed_goal=SeedGoal(ratio=1.0),
)
PAUSED = replace(a_download(S.PAUSED), paused_from=S.DOWNLOADING, download_client="qBittorrent", reason="Paused.")


def item(
    state: ItemState = ItemState.WAITING, downloaded: int = 0, *, paused: bool = False, ratio: float = 0.0
) -> ClientItem:
    return ClientItem("abc", "Book", state, downloaded=downloaded, paused=paused, ratio=ratio, raw_state="rawState")


def polls(download: Download, *seen: tuple[float, ClientItem | None]) -> tuple[Decision, ...]:
    """The decisions of the last of several polls at these times."""
    watch: Watch | None = None
    decisions: tuple[Decision, ...] = ()
    for now, one in seen:
        watch, decisions = observe(download, one, watch, now, TIMERS)
    return decisions


def the_failure(decisions: tuple[Decision, ...]) -> FailureKind:
    (decision,) = decisions
    assert isinstance(decision, Record)
    assert isinstance(decision.event, e.StageFailed)
    assert decision.event.failure.remedy, "every failure names a remedy"
    return decision.event.failure.kind


def test_only_the_clients_own_word_leads_to_the_gate() -> None:
    assert polls(DOWNLOADING, (0, item(ItemState.READY))) == (CheckCompletion(),)
    full = replace(item(ItemState.BUSY), progress=1.0)
    assert polls(DOWNLOADING, (0, full)) == ()


def test_an_unknown_state_waits_and_says_so() -> None:
    (decision,) = polls(DOWNLOADING, (0, item(ItemState.UNKNOWN)), (10**9, item(ItemState.UNKNOWN)))
    assert isinstance(decision, Record)
    assert isinstance(decision.event, e.Waiting)
    assert '"rawState"' in str(decision.event.reason)


def test_a_warning_is_shown_and_never_fails() -> None:
    warned = replace(item(ItemState.WARNING), message="disk full")
    (decision,) = polls(DOWNLOADING, (0, warned), (10**9, warned))
    assert isinstance(decision, Record)
    assert decision.event == e.Waiting("The client reports: disk full. Still watching.")


def test_the_same_reason_is_said_once() -> None:
    said = replace(DOWNLOADING, reason="The client reports: rawState. Still watching.")
    assert polls(said, (0, item(ItemState.WARNING))) == ()


def test_missing_needs_several_polls_and_some_time() -> None:
    gone = None
    assert polls(DOWNLOADING, (0, gone), (1, gone), (2, gone)) == (), "three polls, but two seconds only"
    assert polls(DOWNLOADING, (0, gone), (20, gone)) == (), "long enough, but two polls only"
    assert the_failure(polls(DOWNLOADING, (0, gone), (5, gone), (11, gone))) is FailureKind.SOURCE_LOST


def test_an_item_that_comes_back_was_never_missing() -> None:
    assert polls(DOWNLOADING, (0, None), (5, None), (6, item()), (11, None), (12, None)) == ()


def test_a_seeding_torrent_that_vanishes_only_ends_its_seeding() -> None:
    assert polls(SEEDING, (0, None), (5, None), (11, None)) == (Record(e.ItemGone()),)


def test_bytes_restart_the_stall_timer() -> None:
    week = TIMERS.stall_fail
    assert (
        polls(DOWNLOADING, (0, item(downloaded=1)), (week - 1, item(downloaded=2)), (week + 1, item(downloaded=2)))
        == ()
    )
    assert the_failure(polls(DOWNLOADING, (0, item()), (1, item()), (week + 2, item()))) is FailureKind.STALLED


def test_the_time_of_an_error_does_not_count() -> None:
    """A disk that was full for a week, or a queue that was paused, is no reason to give the release up at once."""
    week, warned = TIMERS.stall_fail, item(ItemState.WARNING)
    seen = [(0, item()), (1, item()), (2, warned), (week + 2, warned), (week + 3, item())]
    assert polls(replace(DOWNLOADING, reason=None), *seen) == ()
    assert the_failure(polls(DOWNLOADING, *seen, (2 * week + 4, item()))) is FailureKind.STALLED


def test_two_hours_without_a_byte_are_told() -> None:
    (decision,) = polls(DOWNLOADING, (0, item()), (1, item()), (3 * 3600, item(ItemState.STALLED)))
    assert isinstance(decision, Record)
    assert isinstance(decision.event, e.Waiting)
    assert "No data for 3 hours" in str(decision.event.reason)


@pytest.mark.parametrize(
    ("kind", "who"),
    [(DownloadType.TORRENT, "this torrent"), (DownloadType.NZB, "news servers"), (DownloadType.HTTP, "the site")],
)
def test_who_sends_nothing_is_told_in_the_words_of_the_download(kind: DownloadType, who: str) -> None:
    """Nobody shares a post of Usenet."""
    silent = item(ItemState.STALLED)
    seen = [(0, silent), (1, silent), (3 * 3600, silent), (TIMERS.stall_fail + 2, silent)]
    (waiting,) = polls(replace(DOWNLOADING, download_type=kind), *seen[:3])
    (failed,) = polls(replace(DOWNLOADING, download_type=kind), *seen)
    assert isinstance(waiting, Record)
    assert isinstance(waiting.event, e.Waiting)
    assert who in str(waiting.event.reason)
    assert isinstance(failed, Record)
    assert isinstance(failed.event, e.StageFailed)
    assert who in failed.event.failure.reason


def test_the_wait_is_told_in_few_words() -> None:
    """Each other wording is a line in the log: a magnet that nobody shares writes thirty a day, not one a minute."""
    waiting = item(ItemState.METADATA)
    said = set()
    for minute in range(30, 24 * 60):
        (decision,) = polls(DOWNLOADING, (0, waiting), (1, waiting), (minute * 60 + 1, waiting))
        assert isinstance(decision, Record)
        said.add(str(getattr(decision.event, "reason", "")))
    assert len(said) < 40
    assert any("No metadata for 30 minutes" in text for text in said)


def test_a_magnet_without_metadata_is_given_up_after_a_day() -> None:
    waiting = item(ItemState.METADATA)
    day = TIMERS.metadata_fail
    assert (
        the_failure(polls(DOWNLOADING, (0, waiting), (1, waiting), (day + 1, waiting))) is FailureKind.METADATA_TIMEOUT
    )


def test_paused_time_does_not_count() -> None:
    paused = item(ItemState.PAUSED, paused=True)
    week = TIMERS.stall_fail
    assert polls(DOWNLOADING, (0, item()), (week, paused), (week + 10, item())) == ()


def test_a_pause_by_hand_in_the_client_is_taken_over() -> None:
    paused = item(ItemState.PAUSED, paused=True)
    assert polls(DOWNLOADING, (0, item()), (2, paused)) == (Record(e.PausedInClient()),)


def test_a_resume_that_the_client_has_not_heard_of_is_repeated() -> None:
    assert polls(DOWNLOADING, (0, item(ItemState.PAUSED, paused=True))) == (ResumeItem(),)


def test_our_pause_is_carried_to_the_client_until_it_stands_still() -> None:
    assert polls(PAUSED, (0, item())) == (PauseItem(),)
    assert polls(PAUSED, (0, item(ItemState.PAUSED, paused=True))) == ()


def test_a_person_who_paused_in_the_client_may_resume_there() -> None:
    theirs = replace(PAUSED, paused_in_client=True)
    assert polls(theirs, (0, item())) == (Record(e.ResumedInClient()),)


def test_a_client_that_gives_up_is_believed() -> None:
    assert (
        the_failure(polls(DOWNLOADING, (0, replace(item(ItemState.FAILED), message="par2 failed"))))
        is FailureKind.CLIENT_ERROR
    )


def test_what_a_person_removed_there_waits_for_a_person_here() -> None:
    """The client says so itself: there is nothing to wait for."""
    assert the_failure(polls(DOWNLOADING, (0, item(ItemState.REMOVED)))) is FailureKind.SOURCE_LOST


@pytest.mark.parametrize(("ratio", "reached"), [(0.9, False), (1.0, True)])
def test_the_seeding_goal_is_seen_while_the_book_is_still_converted(ratio: float, reached: bool) -> None:
    decisions = polls(SEEDING, (0, item(ItemState.READY, ratio=ratio)))
    assert decisions == ((Record(e.SeedingGoalReached(ratio, None)),) if reached else ())


def test_removal_needs_goal_import_and_the_owners_wish() -> None:
    due = replace(a_download(S.IMPORTED), seeding=SeedingStatus.SEEDED)
    assert removal_due(due, remove_after_import=True)
    assert not removal_due(due, remove_after_import=False)
    assert not removal_due(replace(due, acquisition=S.CONVERTED), remove_after_import=True)
    assert not removal_due(replace(due, seeding=SeedingStatus.SEEDING), remove_after_import=True)
    assert not removal_due(replace(due, adopted=True), remove_after_import=True)
