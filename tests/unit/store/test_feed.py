"""Wake-ups within one process; those between processes are in tests/contract/store/test_log.py."""

from __future__ import annotations

import threading

import pytest

from auralarchive.store import SecretBox, open_store
from auralarchive.store.database import Database
from auralarchive.store.feed import Feed
from tests.contract.store.support import HeldClock, enqueue
from tests.support.postgres import Postgres


def test_everybody_is_woken(database: Database) -> None:
    """Each listener is called for each commit, in the order in which they came."""
    feed, heard = Feed(database), list[str]()
    feed.add(lambda: heard.append("a"))
    feed.add(lambda: heard.append("b"))
    feed.wake()
    feed.close()
    assert heard == ["a", "b"]


def test_the_listener_outlives_a_restart_of_the_server() -> None:
    """After PostgreSQL was away, commits of other processes are heard of again, and none was missed."""
    with Postgres() as server, server.database() as url:
        here, there = (
            open_store(url, secret_box=SecretBox.generate(), clock=HeldClock(), sole_instance=False) for _ in range(2)
        )
        woken = threading.Event()
        here.on_commit(woken.set)
        assert woken.wait(10)
        woken.clear()
        server.restart()
        assert woken.wait(20), "the listener looks once when it is back"
        woken.clear()
        enqueue(there)
        assert woken.wait(10)
        here.close()
        there.close()


@pytest.mark.parametrize("times", [1, 2])
def test_closing_is_harmless(database: Database, times: int) -> None:
    """A store that failed half-way may be closed more than once."""
    feed = Feed(database)
    for _ in range(times):
        feed.close()
