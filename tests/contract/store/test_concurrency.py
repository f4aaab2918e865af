"""Many writers at once: nothing lost, nothing twice, nothing locked."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from auralarchive.domain import events as e
from auralarchive.domain.lifecycle import apply
from auralarchive.ports.store import Conflict, StaleRecord
from auralarchive.store import SqlStore
from tests.contract.store.claimer import claim_everything
from tests.contract.store.conftest import Opener
from tests.contract.store.support import NOON, a_book, enqueue

_ROOT = Path(__file__).parents[3]


def test_threads_share_the_work(store: SqlStore) -> None:
    """Four threads claim 60 rows: each row exactly once, and no error of a locked database."""
    ids = {enqueue(store).id for _ in range(60)}
    with ThreadPoolExecutor(4) as pool:
        claimed = [row for batch in pool.map(claim_everything, [store] * 4, "abcd") for row in batch]
    assert Counter(claimed) == Counter(ids)
    assert store.integrity() == ()


def test_processes_share_the_work(opener: Opener, database_url: str) -> None:
    """Two real processes claim the same rows: each row is exactly one's."""
    store = opener()
    ids = {enqueue(store).id for _ in range(60)}
    command = [sys.executable, "-W", "error", str(Path(__file__).with_name("claimer.py")), database_url]
    environment = {"PYTHONPATH": f"{_ROOT / 'src'}:{_ROOT}", "PATH": "/usr/bin:/bin"}
    workers = [
        subprocess.Popen([*command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for name in ("one", "two")
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    # Both are let go together, only now: their start takes longer than their work.
    answers = _let_go(workers)
    assert Counter(int(row) for answer in answers for row in answer.split()) == Counter(ids)
    assert len(store.downloads.events_after(0)) == 2 * len(ids)
    assert store.integrity() == ()


def _let_go(workers: list[subprocess.Popen[str]]) -> list[str]:
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    answers = [worker.communicate(timeout=60)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    return answers


def test_twins_become_one(store: SqlStore) -> None:
    """Ten identical requests at the same time make one row; all others learn its id."""
    book = a_book()

    def ask(_: int) -> int:
        try:
            return enqueue(store, book=book).id
        except Conflict as conflict:
            return conflict.existing_id

    with ThreadPoolExecutor(10) as pool:
        answers = set(pool.map(ask, range(10)))
    assert len(answers) == 1
    assert store.downloads.page().total == 1


def test_writers_of_one_row_take_turns(store: SqlStore) -> None:
    """Four threads add up in one row by read, apply, commit: every success counts, none is overwritten."""
    download_id = enqueue(store).id

    def raise_priority(times: int) -> None:
        while times:
            before = store.downloads.get(download_id)
            assert before is not None
            event = e.Adjusted(priority=before.priority + 1)
            try:
                store.downloads.commit(before, apply(before, event, NOON), event)
            except StaleRecord:
                continue
            times -= 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(raise_priority, [15] * 4))
    after = store.downloads.get(download_id)
    assert after is not None
    assert (after.priority, after.version) == (60, 61)


def test_exclusive_lets_one_in(opener: Opener, database_url: str) -> None:
    """Decisions over several rows are made one at a time, on PostgreSQL also among processes."""
    stores = [opener()] * 4 if database_url.startswith("sqlite") else [opener() for _ in range(4)]
    inside, most, guard = 0, 0, threading.Lock()

    def decide(store: SqlStore) -> None:
        nonlocal inside, most
        for _ in range(10):
            with store.downloads.exclusive("grab"):
                with guard:
                    inside += 1
                    most = max(most, inside)
                store.downloads.counts()
                with guard:
                    inside -= 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(decide, stores))
    assert most == 1


def test_exclusive_ends_with_an_error(store: SqlStore) -> None:
    """A decision that failed does not keep the next one out; another name never did."""
    with pytest.raises(KeyError), store.downloads.exclusive("grab"), store.downloads.exclusive("other"):
        raise KeyError
    with store.downloads.exclusive("grab"):
        assert store.downloads.counts() == {}
