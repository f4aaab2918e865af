"""Free books are there from the start, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auralarchive.runtime.core import Core
from auralarchive.runtime.free_books import OFFERED
from auralarchive.runtime.settings_view import may_be_saved

OpenCore = Callable[..., Core]
ON = {"free_books": {"enabled": True}}


def indexers(core: Core) -> list[tuple[str, str, bool]]:
    return [(row.type, row.name, row.enabled) for row in core.store.adapters.list("indexer")]


def test_a_first_start_finds_free_books(opened: OpenCore) -> None:
    """Both sites, enabled, under their own addresses; LibriVox first, since it tells more of a book that both have."""
    core = opened(**ON)
    assert indexers(core) == [("librivox", "LibriVox", True), ("archive_org", "Internet Archive", True)]
    assert [indexer.origin for indexer in core.adapters.indexers.all()] == [
        "https://librivox.org:443",
        "https://archive.org:443",
    ]
    assert not core.holder.problems


def test_an_indexer_that_was_removed_stays_away(opened: OpenCore) -> None:
    core = opened(**ON)
    core.store.adapters.delete("indexer", core.store.adapters.list("indexer")[0].id)
    core.close()
    core = opened(**ON)
    assert [name for _, name, _ in indexers(core)] == ["Internet Archive"]
    core.store.adapters.delete("indexer", core.store.adapters.list("indexer")[0].id)
    core.close()
    assert indexers(opened(**ON)) == []


def test_an_instance_from_before_gets_them_once(opened: OpenCore) -> None:
    """Beside what it has, with the client that fetches them; a name that is taken is left to its owner."""
    core = opened()
    core.store.adapters.add(core.indexer_row("torznab", "LibriVox", {"url": "http://prowlarr:9696/1/"}), frozenset())
    (direct,) = [row for row in core.store.adapters.list("client") if row.type == "direct"]
    core.store.adapters.delete("client", direct.id)
    core.close()
    for _ in range(2):
        core = opened(direct=None, **ON)  # as for most people: nothing is said of it
        assert sorted(indexers(core)) == [("archive_org", "Internet Archive", True), ("torznab", "LibriVox", True)]
        found = [(row.type, row.enabled) for row in core.store.adapters.list("client")]
        assert found == [("embedded", False), ("direct", True)]
        core.close()
    core = opened(**ON)
    core.store.adapters.delete("client", core.store.adapters.list("client")[-1].id)
    core.close()
    assert [row.type for row in opened(direct=None, **ON).store.adapters.list("client")] == ["embedded"]


def test_the_note_comes_back_with_a_backup() -> None:
    """Else a restore would bring back what was removed."""
    assert may_be_saved(*OFFERED)
    assert not may_be_saved("offered", "anything_else")


def test_both_share_their_manners(opened: OpenCore) -> None:
    """LibriVox's books lie at the Internet Archive: the two ask it one after the other."""
    core = opened(**ON)
    librivox, archive = core.adapters.indexers.all()
    paces: list[Any] = [indexer._archive.site._pace for indexer in (librivox, archive)]  # type: ignore[attr-defined] # both have one
    assert paces[0] is paces[1]
