"""The demo inside a server: it goes the whole way, comes back after a restart, and leaves nothing but the book."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from auralarchive.demo.live import LiveDemo
from auralarchive.domain.book import Book
from auralarchive.domain.release import SearchQuery
from auralarchive.ports.errors import Misconfigured
from auralarchive.ports.store import AdapterRow
from auralarchive.runtime.core import Core, open_core


@contextmanager
def a_core(root: Path) -> Iterator[Core]:
    """An ordinary instance: its client calls the internet, and nobody on this machine."""
    core = open_core({"data_dir": root / "data", "embedded": {"listen_port": 0}, "free_books": {"enabled": False}})
    try:
        yield core
    finally:
        core.close()


def indexers(core: Core) -> list[str]:
    return [row.name for row in core.store.adapters.list("indexer")]


def test_it_offers_its_book_and_torrents_may_call_home_only_meanwhile(tmp_path: Path) -> None:
    with a_core(tmp_path) as core, LiveDemo(core) as demo:
        assert not demo.state().running
        assert core.neighbours == []
        for _ in range(2):  # starting it twice does no harm
            assert demo.start().running
        assert indexers(core) == ["Demo"]
        assert core.neighbours == ["127.0.0.1"]
        found = core.searcher.search(SearchQuery(text=demo.state().search))
        assert len(found.results) == 3
        assert demo.stop().running is False
        assert indexers(core) == []
        assert core.neighbours == []
        assert core.adapters.indexers.all() == ()
        assert not (tmp_path / "data" / "demo").exists()
        assert demo.stop().running is False


def test_ending_it_cancels_what_came_from_it_and_nothing_else(tmp_path: Path) -> None:
    with a_core(tmp_path) as core, LiveDemo(core) as demo:
        demo.start()
        release = core.searcher.search(SearchQuery(text="fables")).results[0]
        ours = core.commands.enqueue_release(release, Book("AA-1", "Three Fables", "Aesop"))
        other = core.commands.enqueue(Book("AA-2", "Emma", "Jane Austen"))
        demo.stop()
        events = {one.id: [row.event for row in core.store.downloads.events(one.id)] for one in (ours, other)}
        assert "CancelRequested" in events[ours.id]
        assert events[other.id] == ["Enqueued"]


def test_an_indexer_of_that_name_stays_what_it_is(tmp_path: Path) -> None:
    with a_core(tmp_path) as core, LiveDemo(core) as demo:
        row = AdapterRow(
            0, "indexer", "torznab", "Demo", enabled=True, priority=1, settings={"url": "http://127.0.0.1:9"}
        )
        core.store.adapters.add(row, frozenset())
        demo.start()
        assert indexers(core) == ["Demo", "Demo (2)"]
        demo.stop()
        assert indexers(core) == ["Demo"]


def test_after_a_restart_it_goes_on_as_the_same_indexer_on_the_same_port(tmp_path: Path) -> None:
    """A torrent that is not finished asks the tracker that it knows."""
    with a_core(tmp_path) as core, LiveDemo(core) as demo:
        demo.start()
        before = core.store.settings.all()["demo"]
        assert demo._running is not None
        url = demo._running.torznab_url
    with a_core(tmp_path) as core, LiveDemo(core) as demo:
        assert demo.state().running
        assert core.store.settings.all()["demo"] == before
        assert indexers(core) == ["Demo"]
        assert core.store.adapters.list("indexer")[0].settings["url"] != url  # the feed's port is another
        assert len(core.searcher.search(SearchQuery(text="fables")).results) == 3
        demo.stop()
    with a_core(tmp_path) as core, LiveDemo(core) as demo:
        assert not demo.state().running


def test_what_is_in_its_way_is_told_and_does_not_keep_the_server_from_starting(tmp_path: Path) -> None:
    with a_core(tmp_path) as core, LiveDemo(core) as demo:
        demo.start()
    (tmp_path / "data" / "demo").rename(tmp_path / "moved")
    (tmp_path / "data" / "demo").write_text("in the way")
    with a_core(tmp_path) as core, LiveDemo(core) as demo:
        assert not demo.state().running
        with pytest.raises(Misconfigured, match="cannot be started"):
            demo.start()
        assert core.neighbours == []
