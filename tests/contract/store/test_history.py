"""The contract of the history: newest first, page by page, and found again by what a person remembers of it."""

from __future__ import annotations

from datetime import timedelta

from auralarchive.domain import events as e
from auralarchive.domain.failures import Disposition, Failure, FailureKind
from auralarchive.ports.store import HistoryFilter
from auralarchive.store import SqlStore
from tests.contract.store.support import NOON, HeldClock, a_book, enqueue, step

ALL = HistoryFilter()


def test_pages_follow_one_another_without_gap_or_double(store: SqlStore) -> None:
    """Also while something new happens in between."""
    assert store.history.page(ALL).items == ()
    first = enqueue(store, book=a_book("Emma"))
    second = enqueue(store, book=a_book("Persuasion"))
    for number in range(5):
        first = step(store, first, e.Waiting(f"reason {number}"))
    page = store.history.page(ALL, limit=3)
    assert (len(page.items), page.total) == (3, 7)
    second = step(store, second, e.Waiting("meanwhile"))
    seen = [line.event.seq for line in page.items]
    while page.cursor is not None:
        page = store.history.page(ALL, limit=3, before=page.cursor)
        seen += [line.event.seq for line in page.items]
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    assert store.history.page(ALL).total == 8
    oldest = page.items[-1]
    assert (oldest.title, oldest.author, oldest.event.event) == ("Emma", "Ada Author", "Enqueued")


def test_what_a_person_remembers_finds_it(store: SqlStore, clock: HeldClock) -> None:
    """The event's name, words of the title or the reason in any letter case, a day, and that it failed."""
    emma = enqueue(store, book=a_book("Émma"))
    emma = step(store, emma, e.SearchStarted("token", NOON + timedelta(hours=1)))
    clock.pass_by(3600)
    failure = Failure(FailureKind.NOTHING_FOUND, "No 100% match: Nothing Found.", "Wait.", Disposition.PERMANENT)
    step(store, emma, e.StageFailed(failure))
    enqueue(store, book=a_book("Dune"))

    def found(**wanted: object) -> list[str]:
        page = store.history.page(HistoryFilter(**wanted))  # type: ignore[arg-type]  # each test names its own
        assert page.total == len(page.items)
        return [line.event.event for line in page.items]

    assert found(text="émma") == ["StageFailed", "SearchStarted", "Enqueued"]
    assert found(text="nothing FOUND 100%") == ["StageFailed"]
    assert found(text="émma dune") == []
    assert found(events=("Enqueued",)) == ["Enqueued", "Enqueued"]
    assert found(failures=True) == ["StageFailed"]
    assert found(since=NOON + timedelta(minutes=1)) == ["Enqueued", "StageFailed"]
    assert found(until=NOON + timedelta(minutes=1)) == ["SearchStarted", "Enqueued"]
