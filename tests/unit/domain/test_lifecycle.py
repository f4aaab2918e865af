"""The law: what the tables promise, checked against every status, event and random course of events."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auralarchive.domain import events as e
from auralarchive.domain.download import Attempts, Download
from auralarchive.domain.failures import Disposition, Failure, FailureKind
from auralarchive.domain.lifecycle import (
    ACQUISITION,
    ACQUISITION_STATUSES,
    ACTIVE_STATUSES,
    RETRY_TO,
    IllegalTransition,
    TooLate,
    acquisition_of,
    allows,
    apply,
    owner,
    public_status,
)
from auralarchive.domain.status import DownloadStatus, DownloadType, Owner, Removal, SeedingStatus
from tests.support.records import NOON, a_download

S = DownloadStatus
LATER = NOON + timedelta(minutes=1)
FAILURE = Failure(FailureKind.ENCODER_FAILED, "FFmpeg ended with 1.", "See the log.", Disposition.TRANSIENT)
LOST = Failure(FailureKind.SOURCE_LOST, "The files are gone.", "Retry.", Disposition.NEEDS_PERSON)

SAMPLES: dict[type[e.Event], e.Event] = {
    e.SearchStarted: e.SearchStarted("t1", LATER),
    e.GrabStarted: e.GrabStarted("t2", LATER),
    e.ConversionStarted: e.ConversionStarted("t3", LATER),
    e.ImportStarted: e.ImportStarted("t4", LATER),
    e.CleanupStarted: e.CleanupStarted("t5", LATER),
    e.Released: e.Released("Shutting down."),
    e.ReleaseChosen: e.ReleaseChosen("https://indexer.test/1", DownloadType.TORRENT, release_id="r"),
    e.PayloadStored: e.PayloadStored(DownloadType.TORRENT, "1" * 40, None, 10),
    e.SentToClient: e.SentToClient("qBittorrent", "1" * 40),
    e.DownloadCompleted: e.DownloadCompleted("/downloads/book", 10, seeds=True),
    e.ConversionDone: e.ConversionDone("/conversions/book.m4b", "encode", 3, 60.0),
    e.ImportDone: e.ImportDone("/library/a/b/b.m4b", 1, "link"),
    e.StageFailed: e.StageFailed(FAILURE, LATER),
    e.RetryDue: e.RetryDue(),
    e.RetryAbandoned: e.RetryAbandoned("Another download has the book."),
    e.RetryRequested: e.RetryRequested(),
    e.PauseRequested: e.PauseRequested(),
    e.ResumeRequested: e.ResumeRequested(),
    e.PausedInClient: e.PausedInClient(),
    e.ResumedInClient: e.ResumedInClient(),
    e.CancelRequested: e.CancelRequested(),
    e.SeedingStopped: e.SeedingStopped(),
    e.SeedingGoalReached: e.SeedingGoalReached(2.0, 60),
    e.RemovalDue: e.RemovalDue(),
    e.ItemGone: e.ItemGone(),
    e.StrayFound: e.StrayFound(),
    e.CleanedUp: e.CleanedUp(),
    e.Waiting: e.Waiting("Waiting for a place."),
    e.Adjusted: e.Adjusted(priority=5),
}


def walk(*events: e.Event, start: Download | None = None) -> Download:
    """Where a course of events leads."""
    download = start or a_download()
    for event in events:
        download = apply(download, event, LATER)
    return download


def of(*kinds: type[e.Event]) -> list[e.Event]:
    return [SAMPLES[kind] for kind in kinds]


TO_DOWNLOADING = of(e.ReleaseChosen, e.GrabStarted, e.PayloadStored, e.GrabStarted, e.SentToClient)
TO_CONVERTED = [*TO_DOWNLOADING, *of(e.DownloadCompleted, e.ConversionStarted, e.ConversionDone)]
TO_IMPORTED = [*TO_CONVERTED, *of(e.ImportStarted, e.ImportDone)]


def test_every_event_is_sampled() -> None:
    assert set(SAMPLES) == set(ACQUISITION)


def test_a_manual_download_passes_straight_from_queued_to_found() -> None:
    assert walk(SAMPLES[e.ReleaseChosen]).acquisition is S.FOUND


def test_an_automatic_download_passes_searching() -> None:
    searching = walk(SAMPLES[e.SearchStarted])
    assert searching.acquisition is S.SEARCHING
    assert walk(SAMPLES[e.ReleaseChosen], start=searching).acquisition is S.FOUND


def test_the_whole_way_ends_in_seeding_and_then_in_seeding_complete() -> None:
    imported = walk(*TO_IMPORTED)
    assert public_status(imported.acquisition, imported.seeding) is S.SEEDING
    seeded = walk(SAMPLES[e.SeedingGoalReached], start=imported)
    assert public_status(seeded.acquisition, seeded.seeding) is S.SEEDING_COMPLETE
    gone = walk(*of(e.RemovalDue, e.CleanupStarted, e.CleanedUp), start=seeded)
    assert (gone.seeding, gone.removal) == (SeedingStatus.REMOVED, Removal.DONE)
    assert public_status(gone.acquisition, gone.seeding) is S.SEEDING_COMPLETE


def test_what_is_not_seeded_leaves_its_client_with_the_import() -> None:
    """In the step of the import itself: no crash can come between."""
    done = e.DownloadCompleted("/usenet/book", 100, seeds=False)
    imported = walk(*TO_DOWNLOADING, done, *of(e.ConversionStarted, e.ConversionDone, e.ImportStarted))
    imported = walk(e.ImportDone("/library/a/b/b.m4b", 1, "copy", remove_source=True), start=imported)
    assert (imported.acquisition, imported.removal, owner(imported)) == (S.IMPORTED, Removal.WANTED, Owner.WORKER)
    gone = walk(*of(e.CleanupStarted, e.CleanedUp), start=imported)
    assert (gone.seeding, gone.removal, owner(gone)) == (SeedingStatus.NONE, Removal.DONE, Owner.NOBODY)


def test_a_torrent_seeds_while_its_book_is_converted() -> None:
    converting = walk(*TO_DOWNLOADING, *of(e.DownloadCompleted, e.ConversionStarted, e.SeedingGoalReached))
    assert (converting.acquisition, converting.seeding) == (S.CONVERTING, SeedingStatus.SEEDED)
    assert converting.claim_token == "t3", "the worker goes on undisturbed"


def test_nothing_is_removed_by_itself_before_the_import() -> None:
    for events in (TO_DOWNLOADING, TO_CONVERTED):
        with pytest.raises(IllegalTransition):
            walk(SAMPLES[e.RemovalDue], start=walk(*events))


@pytest.mark.parametrize(("failed", "settled"), RETRY_TO.items())
def test_a_retry_returns_to_the_settled_status_before_the_stage(failed: S, settled: S) -> None:
    for event in of(e.RetryDue, e.RetryRequested):
        assert walk(event, start=a_download(failed)).acquisition is settled
        assert settled.owner is Owner.WORKER


def test_lost_files_are_downloaded_again_whatever_stage_missed_them() -> None:
    converting = walk(*TO_DOWNLOADING, *of(e.DownloadCompleted, e.ConversionStarted))
    failed = walk(e.StageFailed(LOST), start=converting)
    assert failed.acquisition is S.CONVERSION_FAILED
    assert walk(SAMPLES[e.RetryRequested], start=failed).acquisition is S.FOUND


def test_an_automatic_download_may_choose_another_release() -> None:
    assert walk(e.RetryDue(other_release=True), start=a_download(S.DOWNLOAD_FAILED)).acquisition is S.QUEUED


@pytest.mark.parametrize("status", [S.QUEUED, S.FOUND, S.DOWNLOADING])
def test_a_pause_goes_back_to_where_it_came_from(status: S) -> None:
    paused = walk(SAMPLES[e.PauseRequested], start=a_download(status))
    assert paused.acquisition is S.PAUSED
    assert paused.reason == "Paused by a person."
    assert walk(SAMPLES[e.ResumeRequested], start=paused).acquisition is status


def test_a_paused_search_begins_again() -> None:
    paused = walk(*of(e.SearchStarted, e.PauseRequested))
    assert paused.claim_token is None
    assert walk(SAMPLES[e.ResumeRequested], start=paused).acquisition is S.QUEUED


def test_a_pause_in_the_client_belongs_to_the_client_and_ours_to_a_person() -> None:
    theirs = walk(SAMPLES[e.PausedInClient], start=a_download(S.DOWNLOADING))
    ours = walk(SAMPLES[e.PauseRequested], start=a_download(S.DOWNLOADING))
    assert (owner(theirs), owner(ours)) == (Owner.CLIENT, Owner.PERSON)
    assert walk(SAMPLES[e.ResumedInClient], start=theirs).acquisition is S.DOWNLOADING


def test_cancelling_takes_the_work_away_and_wants_the_item_gone() -> None:
    converting = walk(*TO_DOWNLOADING, *of(e.DownloadCompleted, e.ConversionStarted))
    cancelled = walk(SAMPLES[e.CancelRequested], start=converting)
    assert (cancelled.acquisition, cancelled.removal, cancelled.claim_token) == (S.CANCELLED, Removal.WANTED, None)
    assert owner(cancelled) is Owner.WORKER
    assert owner(walk(*of(e.CleanupStarted, e.CleanedUp), start=cancelled)) is Owner.NOBODY


def test_an_imported_book_cannot_be_cancelled_but_its_seeding_can_end() -> None:
    imported = walk(*TO_IMPORTED)
    with pytest.raises(IllegalTransition) as refusal:
        walk(SAMPLES[e.CancelRequested], start=imported)
    assert refusal.value.status is S.SEEDING
    assert walk(SAMPLES[e.SeedingStopped], start=imported).removal is Removal.WANTED


def test_failures_count_for_their_own_stage_only_and_a_person_starts_afresh() -> None:
    failed = walk(*TO_DOWNLOADING, *of(e.DownloadCompleted, e.ConversionStarted, e.StageFailed))
    assert failed.attempts == Attempts(conversion=1)
    assert failed.reason == "FFmpeg ended with 1. See the log."
    assert walk(SAMPLES[e.RetryDue], start=failed).attempts == Attempts(conversion=1)
    assert walk(SAMPLES[e.RetryRequested], start=failed).attempts == Attempts()


def test_a_full_disk_costs_no_attempt() -> None:
    full = Failure(FailureKind.NO_SPACE, "Full.", "", Disposition.TRANSIENT)
    failed = walk(e.StageFailed(full, LATER), start=a_download(S.CONVERTING))
    assert failed.attempts == Attempts(surroundings=1)
    assert owner(failed) is Owner.TIMER


def test_faults_of_the_surroundings_are_counted_in_a_row() -> None:
    """The waits grow while the disk is full; once the stage succeeds, fails for another reason, or a person
    asks, they begin anew."""
    full = e.StageFailed(Failure(FailureKind.NO_SPACE, "Full.", "", Disposition.TRANSIENT), LATER)
    again = of(e.RetryDue, e.ConversionStarted)
    worn = walk(full, *again, full, *again, start=a_download(S.CONVERTING))
    assert worn.attempts == Attempts(surroundings=2)
    assert walk(SAMPLES[e.ConversionDone], start=worn).attempts == Attempts()
    assert walk(SAMPLES[e.StageFailed], start=worn).attempts == Attempts(conversion=1)
    assert walk(full, SAMPLES[e.RetryRequested], start=worn).attempts == Attempts()


def test_another_release_forgets_the_client_of_the_last_one() -> None:
    failed = walk(*TO_DOWNLOADING, e.StageFailed(LOST))
    chosen = walk(e.RetryDue(other_release=True), *of(e.SearchStarted, e.ReleaseChosen), start=failed)
    assert (chosen.download_client, chosen.download_client_id) == (None, None)


def test_limits_are_kept_changed_or_lifted() -> None:
    limited = walk(e.Adjusted(download_limit=1000, sequential=True))
    assert (limited.download_limit, limited.upload_limit, limited.sequential) == (1000, None, True)
    assert walk(e.Adjusted(priority=3), start=limited).download_limit == 1000
    assert walk(e.Adjusted(download_limit=0), start=limited).download_limit is None


@pytest.mark.parametrize("events", [TO_DOWNLOADING[:2], TO_DOWNLOADING, [*TO_DOWNLOADING, e.PauseRequested()]])
def test_the_order_of_pieces_is_chosen_before_a_client_has_it(events: list[e.Event]) -> None:
    """No client would hear of it any more: refused, not kept in silence. What stays as it is does no harm."""
    gone = walk(*events)
    with pytest.raises(TooLate, match="add it again"):
        walk(e.Adjusted(sequential=True), start=gone)
    with pytest.raises(TooLate, match="which one"):
        walk(e.Adjusted(client="Other"), start=gone)
    assert walk(e.Adjusted(priority=3, sequential=False, client=""), start=gone).priority == 3


@pytest.mark.parametrize("events", [[], TO_DOWNLOADING[:1], [*TO_DOWNLOADING[:1], e.PauseRequested()]])
def test_the_order_of_pieces_may_be_chosen_until_then(events: list[e.Event]) -> None:
    assert walk(*events, e.Adjusted(sequential=True)).sequential
    assert walk(*events, e.Adjusted(client="Other")).chosen_client == "Other"
    assert walk(*events, e.Adjusted(client="Other"), e.Adjusted(client="")).chosen_client is None
    failed = walk(*TO_DOWNLOADING, e.StageFailed(LOST))
    assert walk(e.Adjusted(sequential=True), start=failed).sequential, "a retry sends it again"


@pytest.mark.parametrize("status", sorted(ACQUISITION_STATUSES))
@pytest.mark.parametrize("kind", ACQUISITION, ids=lambda kind: kind.__name__)
def test_what_is_not_in_the_table_is_refused_and_changes_nothing(status: S, kind: type[e.Event]) -> None:
    download = a_download(status)
    if allows(download, kind):
        assert apply(download, SAMPLES[kind], LATER).version == 2
    else:
        with pytest.raises(IllegalTransition):
            apply(download, SAMPLES[kind], LATER)
        assert download == a_download(status)


def test_the_public_status_can_be_turned_back_into_the_course_of_the_book() -> None:
    for acquisition in ACQUISITION_STATUSES:
        for seeding in SeedingStatus:
            assert acquisition_of(public_status(acquisition, seeding)) is acquisition


def test_active_means_under_way() -> None:
    assert {S.QUEUED, S.DOWNLOADING, S.PAUSED, S.IMPORTING} < ACTIVE_STATUSES
    assert not {S.IMPORTED, S.SEEDING, S.CANCELLED, S.DOWNLOAD_FAILED} & ACTIVE_STATUSES


courses = st.lists(st.sampled_from(sorted(SAMPLES.values(), key=repr)), max_size=60)


@settings(max_examples=300)
@given(courses)
def test_in_every_course_of_events_the_invariants_hold(course: list[e.Event]) -> None:
    """Whatever happens in whatever order: an owner, a legal status, no removal of what is still needed."""
    download = a_download()
    for event in course:
        try:
            after = apply(download, event, LATER)
        except IllegalTransition:
            continue
        assert after.version == download.version + 1
        assert after.acquisition in ACQUISITION_STATUSES
        status = public_status(after.acquisition, after.seeding)
        assert owner(after) is not Owner.NOBODY or status.terminal
        if after.removal is Removal.WANTED:
            assert after.acquisition in (S.CANCELLED, S.IMPORTED)
        if status.failed or status is S.PAUSED:
            assert after.reason, "every status that waits carries a reason"
        if isinstance(event, e.Claimed):
            assert after.claim_token == event.token
        elif after.acquisition is not download.acquisition:
            assert after.claim_token is None, "a step ends the claim of whoever worked before"
        download = after


def test_a_claim_is_kept_by_what_concerns_others() -> None:
    searching = walk(SAMPLES[e.SearchStarted])
    assert walk(e.Adjusted(priority=9), start=searching).claim_token == "t1"
    assert walk(e.Waiting("Slow."), start=searching).claim_token == "t1"
    assert replace(searching, claim_token=None) != searching
