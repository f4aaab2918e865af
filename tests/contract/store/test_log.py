"""The contract of the event log: gapless, in the order of commits, and heard of at once."""

from __future__ import annotations

import threading
import time

from auralarchive.domain import events as e
from auralarchive.store import SqlStore
from tests.contract.store.conftest import Opener
from tests.contract.store.support import enqueue, step


def test_reads_on_from_any_point(store: SqlStore) -> None:
    """A browser that saw event n gets n+1 and on, in order; an empty log is at 0."""
    assert (store.downloads.first_seq(), store.downloads.last_seq()) == (0, 0)
    assert store.downloads.events_after(0) == ()
    download = step(store, enqueue(store), e.Waiting("a"), e.Waiting("b"))
    everything = store.downloads.events_after(0)
    assert [event.seq for event in everything] == [1, 2, 3]
    assert everything == store.downloads.events(download.id)
    assert store.downloads.events_after(1, limit=1) == everything[1:2]
    assert (store.downloads.first_seq(), store.downloads.last_seq()) == (1, 3)


def test_a_reader_beside_writers_misses_nothing(opener: Opener) -> None:
    """Tailing while four writers commit gives every event once, in order, without a gap."""
    per_writer, writers = 40, [opener() for _ in range(4)]

    def write(store: SqlStore) -> None:
        download = enqueue(store)
        for number in range(per_writer - 1):
            download = step(store, download, e.Waiting(f"{number}"))

    threads = [threading.Thread(target=write, args=(store,)) for store in writers]
    for thread in threads:
        thread.start()
    reader, seen = opener(), list[int]()
    while (writing := any(thread.is_alive() for thread in threads)) or seen[-1] < reader.downloads.last_seq():
        seen += [event.seq for event in reader.downloads.events_after(seen[-1] if seen else 0, limit=7)]
        assert writing or seen
    for thread in threads:
        thread.join()
    assert seen == list(range(1, per_writer * len(writers) + 1))


def test_wakes_its_own_process_after_the_commit(store: SqlStore) -> None:
    """Whoever is woken finds the event already there; a failed write wakes nobody."""
    seen: list[int] = []
    store.on_commit(lambda: seen.append(store.downloads.last_seq()))
    seen.clear()  # on PostgreSQL the listener calls once as it begins
    enqueue(store)
    assert 1 in seen


def test_wakes_other_processes_on_postgresql(opener: Opener, database_url: str) -> None:
    """Another process's commit is heard of within moments, without polling."""
    if database_url.startswith("sqlite"):
        return  # one process only: there are no others
    here, there = opener(), opener()
    woken, began = threading.Event(), threading.Event()
    here.on_commit(lambda: woken.set() if began.is_set() else began.set())
    assert began.wait(10)
    started = time.monotonic()
    enqueue(there)
    assert woken.wait(10)
    assert time.monotonic() - started < 5
