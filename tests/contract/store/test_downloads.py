"""The contract of `ports.store.Downloads`: creating, committing, claiming, finding."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import pytest

from auralarchive.domain import events as e
from auralarchive.domain.book import Book
from auralarchive.domain.download import Attempts, Download
from auralarchive.domain.failures import Disposition, Failure, FailureKind
from auralarchive.domain.lifecycle import apply
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.status import DownloadStatus, DownloadType, Removal, SeedingStatus
from auralarchive.ports.clients import Payload
from auralarchive.ports.store import Conflict, NewDownload, StaleRecord
from auralarchive.store import SqlStore
from tests.contract.store.support import (
    NOON,
    HeldClock,
    a_book,
    a_hash,
    chosen,
    claim,
    enqueue,
    step,
    to_downloading,
    to_imported,
)

S = DownloadStatus
FAILURE = Failure(FailureKind.STALLED, "No bytes for an hour.", "Choose another release.", Disposition.TRANSIENT)


class TestCreate:
    def test_begins_queued_with_a_log(self, store: SqlStore) -> None:
        """A new row is QUEUED at version 1, and its log begins with `Enqueued`."""
        download = enqueue(store)
        assert (download.acquisition, download.version, download.created_at) == (S.QUEUED, 1, NOON)
        (event,) = store.downloads.events(download.id)
        assert (event.event, event.old_status, event.new_status, event.version) == ("Enqueued", None, S.QUEUED, 1)

    def test_applies_events_and_keeps_the_payload(self, store: SqlStore) -> None:
        """A manual download passes straight to FOUND, and its payload is there with it."""
        payload = Payload(DownloadType.TORRENT, "a name", data=b"\x00d8:announce", info_hash_v1=a_hash())
        download = store.downloads.create(NewDownload(a_book(), manual=True), chosen(), payload=payload)
        assert (download.acquisition, download.version) == (S.FOUND, 2)
        assert [event.event for event in store.downloads.events(download.id)] == ["Enqueued", "ReleaseChosen"]
        assert store.payloads.get(download.id) == payload

    def test_one_active_download_a_book(self, store: SqlStore) -> None:
        """The second gets a conflict with the id of the first, and leaves no trace."""
        book = a_book()
        first = enqueue(store, book=book)
        seq = store.downloads.last_seq()
        with pytest.raises(Conflict) as caught:
            enqueue(store, book=book)
        assert (caught.value.existing_id, caught.value.what) == (first.id, "book")
        assert store.downloads.last_seq() == seq
        assert store.downloads.page().total == 1

    @pytest.mark.parametrize("version", ["v1", "v2"])
    def test_one_active_download_a_torrent(self, store: SqlStore, version: str) -> None:
        """Two books cannot come from one torrent at a time, under either of its hashes."""
        shared = {version: a_hash(40 if version == "v1" else 64)}
        first = enqueue(store, chosen(**shared))
        with pytest.raises(Conflict) as caught:
            enqueue(store, chosen(**shared))
        assert (caught.value.existing_id, caught.value.what) == (first.id, "info_hash")

    def test_a_seeding_torrent_is_taken(self, store: SqlStore) -> None:
        """The book may be wanted once more, its seeding torrent may not be added twice."""
        v1 = a_hash()
        first = enqueue(store, *to_imported(seeds=True, v1=v1))
        with pytest.raises(Conflict) as caught:
            enqueue(store, chosen(v1=v1), book=first.book)
        assert caught.value.what == "info_hash"

    def test_a_finished_download_is_in_nobodys_way(self, store: SqlStore) -> None:
        """After a cancel the same book may be asked for again."""
        first = enqueue(store, e.CancelRequested())
        assert enqueue(store, book=first.book).id > first.id

    def test_cleans_what_no_database_takes(self, store: SqlStore) -> None:
        """NUL and lone surrogates are replaced, in the row and in its log; quotes are just text."""
        book = Book("AA-X", "A\x00B\ud800' OR 1=1 --", "😀 Author")
        download = enqueue(store, book=book)
        assert download.book.title == "A\ufffdB\ufffd' OR 1=1 --"
        assert store.downloads.get(download.id) == download
        assert store.downloads.events(download.id)[0].data["book"]["title"] == download.book.title

    def test_clamps_numbers_beyond_the_column(self, store: SqlStore) -> None:
        """A size that only a hostile feed has does not fail the transaction."""
        event = replace(chosen(), size=10**30)
        assert enqueue(store, event).file_size == 2**63 - 1


class TestCommit:
    def test_writes_row_and_event_together(self, store: SqlStore) -> None:
        """What `apply` made is what is read back, and the log says how it came to be."""
        before = enqueue(store, chosen())
        event = claim(e.GrabStarted)
        after = apply(before, event, NOON)
        logged = store.downloads.commit(before, after, event)
        assert store.downloads.get(before.id) == after
        assert store.downloads.events(before.id)[-1] == logged
        assert logged.data == {"token": "token", "lease_until": "2026-05-01T12:01:00+00:00"}

    def test_refuses_a_stale_record(self, store: SqlStore) -> None:
        """Whoever read before somebody else wrote changes nothing, and logs nothing."""
        before = enqueue(store)
        step(store, before, e.Waiting("first"))
        event = e.Waiting("second")
        seq = store.downloads.last_seq()
        with pytest.raises(StaleRecord):
            store.downloads.commit(before, apply(before, event, NOON), event)
        found = store.downloads.get(before.id)
        assert found is not None
        assert found.reason == "first"
        assert store.downloads.last_seq() == seq

    def test_is_one_step_of_one_record(self, store: SqlStore) -> None:
        """A mistake of the caller is not written down as history."""
        before = enqueue(store)
        with pytest.raises(ValueError, match="one step"):
            store.downloads.commit(before, replace(before, reason="no new version"), e.Waiting("x"))

    def test_retry_meets_its_successor(self, store: SqlStore) -> None:
        """A failed download whose book is wanted anew cannot come back beside it; nothing is logged."""
        failed = enqueue(store, e.StageFailed(FAILURE, NOON))
        successor = enqueue(store, book=failed.book)
        seq = store.downloads.last_seq()
        event = e.RetryDue()
        with pytest.raises(Conflict) as caught:
            store.downloads.commit(failed, apply(failed, event, NOON), event)
        assert (caught.value.existing_id, caught.value.what) == (successor.id, "book")
        assert store.downloads.last_seq() == seq
        assert store.downloads.get(failed.id) == failed

    def test_every_field_survives(self, store: SqlStore) -> None:
        """No field of the record is forgotten between the row and the record."""
        before = enqueue(store)
        after = Download(
            id=before.id,
            version=2,
            book=Book("AA-1", "T", "A", "N", "S", "3.5", 1999, "en", "P", "D"),
            acquisition=S.IMPORTED,
            created_at=NOON + timedelta(microseconds=1),
            seeding=SeedingStatus.SEEDED,
            removal=Removal.WANTED,
            manual=False,
            priority=7,
            reason="r",
            failure_kind=FailureKind.NO_SPACE,
            attempts=Attempts(1, 2, 3, 4, 5),
            retry_at=NOON,
            paused_from=S.FOUND,
            paused_in_client=True,
            claim_token="t",
            lease_until=NOON,
            release_id="rid",
            release_title="rt",
            indexer="i",
            download_url="magnet:?x",
            download_type=DownloadType.NZB,
            file_format="mp3",
            file_size=5,
            quality_score=1.5,
            match_score=2.5,
            info_hash_v1=a_hash(),
            info_hash_v2=a_hash(64),
            download_client="c",
            download_client_id="cid",
            adopted=True,
            seed_goal=SeedGoal(1.25, 60),
            download_limit=1,
            upload_limit=2,
            sequential=True,
            chosen_client="home",
            client_why="chosen",
            limited=True,
            categories=(3000, 3030),
            tags=("kids", "Hörspiel"),
            fetched=True,
            start_at=NOON,
            progress=12.5,
            temp_file_path="/t",
            converted_file_path="/c",
            final_file_path="/f",
            started_at=NOON,
            completed_at=NOON,
        )
        plain = Download(0, 0, before.book, S.QUEUED, NOON)
        same = [field.name for field in fields(Download) if getattr(after, field.name) == getattr(plain, field.name)]
        assert not same, f"give these fields a value of their own: {same}"
        store.downloads.commit(before, after, e.Waiting(None))
        assert store.downloads.get(before.id) == after

    def test_leaves_an_extended_lease_alone(self, store: SqlStore) -> None:
        """A heartbeat between a worker's read and its write is not undone by the write."""
        before = step(store, enqueue(store, chosen()), claim(e.GrabStarted))
        later = NOON + timedelta(hours=1)
        assert store.downloads.claim_renewed(before.id, "token", later)
        after = step(store, before, e.Waiting("still at it"))
        assert (after.lease_until, after.version) == (later, before.version + 1)

    def test_keeps_download_addresses_out_of_the_log(self, store: SqlStore) -> None:
        """An indexer's key inside an address is not shown with the history."""
        download = enqueue(store, chosen())
        assert download.download_url == "https://indexer.test/get?apikey=CANARY-KEY"
        assert "CANARY-KEY" not in repr(store.downloads.events(download.id))

    def test_logs_what_a_person_can_read(self, store: SqlStore) -> None:
        """The event's own reason comes first, else the record's; nested values are plain JSON."""
        download = step(store, enqueue(store), e.Waiting("No indexer answers."), e.StageFailed(FAILURE, NOON))
        waiting, failed = store.downloads.events(download.id)[1:]
        assert waiting.reason == "No indexer answers."
        assert failed.reason == "No bytes for an hour. Choose another release."
        assert failed.data["failure"]["kind"] == "stalled"
        assert failed.data["retry_at"] == NOON.isoformat()


class TestClaims:
    def test_only_the_holder_extends(self, store: SqlStore) -> None:
        """A worker whose claim was taken away learns it from its next heartbeat."""
        download = step(store, enqueue(store, chosen()), claim(e.GrabStarted))
        later = NOON + timedelta(hours=1)
        assert store.downloads.claim_held(download.id, "token")
        assert not store.downloads.claim_renewed(download.id, "another", later)
        step(store, download, e.Released())
        assert not store.downloads.claim_renewed(download.id, "token", later)
        assert not store.downloads.claim_held(download.id, "token")

    def test_claimable_is_work_without_a_living_lease(self, store: SqlStore) -> None:
        """Workers get the most urgent first, an expired claim again, and never what waits for others."""
        queued = enqueue(store)
        urgent = enqueue(store, chosen(), priority=9)
        expired = step(store, enqueue(store), claim(e.SearchStarted, seconds=-1))
        enqueue(store, claim(e.SearchStarted, seconds=60))
        enqueue(store, e.PauseRequested())
        enqueue(store, *to_downloading())
        enqueue(store, e.StageFailed(FAILURE))
        cancelled = enqueue(store, e.CancelRequested())
        found = [download.id for download in store.downloads.claimable(NOON)]
        assert found == [urgent.id, queued.id, expired.id, cancelled.id]

    def test_claimed_are_all_under_a_token(self, store: SqlStore) -> None:
        """The reconciler sees living and expired claims alike."""
        enqueue(store)
        living = enqueue(store, claim(e.SearchStarted))
        expired = enqueue(store, claim(e.SearchStarted, seconds=-1))
        assert [download.id for download in store.downloads.claimed()] == [living.id, expired.id]


class TestFinding:
    def test_retries_due(self, store: SqlStore) -> None:
        """Only failures whose time has come; those without a time wait for a person."""
        due = enqueue(store, e.StageFailed(FAILURE, NOON))
        enqueue(store, e.StageFailed(FAILURE, NOON + timedelta(seconds=1)))
        enqueue(store, e.StageFailed(FAILURE))
        assert [download.id for download in store.downloads.retries_due(NOON)] == [due.id]

    def test_watched_are_living_items(self, store: SqlStore) -> None:
        """The monitor asks for what is in a client, also while its book is already being converted."""
        downloading = enqueue(store, *to_downloading())
        paused = enqueue(store, *to_downloading(), e.PausedInClient())
        enqueue(store, e.PauseRequested())
        converting = enqueue(store, *to_downloading(), e.DownloadCompleted("/d", 1, seeds=True))
        seeding = enqueue(store, *to_imported(seeds=True))
        seeded = step(store, enqueue(store, *to_imported(seeds=True)), e.SeedingGoalReached(1.0, None))
        step(store, enqueue(store, *to_imported(seeds=True)), e.SeedingStopped())
        enqueue(store, *to_imported(seeds=False))
        expected = [downloading.id, paused.id, converting.id, seeding.id, seeded.id]
        assert [download.id for download in store.downloads.watched()] == expected

    def test_active_with_book_or_torrent(self, store: SqlStore) -> None:
        """A book or a torrent under way is found, a v2 torrent also by the short form of its hash."""
        v2 = "ab" * 32
        download = enqueue(store, chosen(v2=v2))
        assert store.downloads.active_with(asin=download.book.asin) == download
        assert store.downloads.active_with(hashes=frozenset({v2})) == download
        assert store.downloads.active_with(hashes=frozenset({v2[:40]})) == download
        assert store.downloads.active_with() is None
        assert store.downloads.active_with(asin="AA-OTHER", hashes=frozenset({a_hash()})) is None

    def test_by_id_and_by_status(self, store: SqlStore) -> None:
        """Unknown ids, also those beyond any column, are simply not there."""
        first, second = enqueue(store), enqueue(store, priority=1)
        assert store.downloads.get(10**30) is None
        assert store.downloads.get_many([second.id, 999_999, first.id, second.id]) == (second, first)
        assert store.downloads.get_many([]) == ()
        assert store.downloads.in_status([S.QUEUED]) == (second, first)
        assert store.downloads.in_status([]) == ()


class TestProgress:
    def test_is_live_until_an_event_decides(self, store: SqlStore) -> None:
        """Ticks show at once, without a version; a completion puts an end to them, also to late ones."""
        download = enqueue(store, *to_downloading())
        store.downloads.save_progress({download.id: 41.5, 999_999: 3.0})
        ticked = store.downloads.get(download.id)
        assert ticked == replace(download, progress=41.5)
        assert store.downloads.page().items == (ticked,)
        complete = step(store, ticked, e.DownloadCompleted("/d", 1, seeds=False))
        store.downloads.save_progress({download.id: 99.0})
        assert complete.progress == 100
        assert store.downloads.get(download.id) == complete

    def test_stays_between_nought_and_a_hundred(self, store: SqlStore) -> None:
        """A client's odd figure is cut, not refused."""
        over, under = enqueue(store, *to_downloading()), enqueue(store, *to_downloading())
        store.downloads.save_progress({over.id: 100.4, under.id: -1.0})
        assert [download.progress for download in store.downloads.get_many([over.id, under.id])] == [100.0, 0.0]


def test_time_is_the_clocks(store: SqlStore, clock: HeldClock) -> None:
    """The log's times come from the clock that the store was given."""
    download = enqueue(store)
    clock.pass_by(90)
    step(store, download, e.Waiting("x"))
    assert [event.at - NOON for event in store.downloads.events(download.id)] == [timedelta(0), timedelta(seconds=90)]
