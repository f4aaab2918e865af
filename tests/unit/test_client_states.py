"""The page of client states and the adapters' own tables say the same: a state that only one of them knows is a lie."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from auralarchive.clients import (
    deluge_items,
    direct_items,
    nzbget_items,
    qbittorrent_items,
    sabnzbd_items,
    transmission_items,
)
from auralarchive.domain.client_item import ItemState

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "client-states.md").read_text(encoding="utf-8")

#: By section of the page: what the adapter makes of each state, where nothing else of the item speaks against it.
TABLES: Mapping[str, Mapping[str, ItemState]] = {
    "qBittorrent": qbittorrent_items.STATES,
    "Transmission": transmission_items.STATES,
    "Deluge": deluge_items.STATES,
    "SABnzbd": {
        **{f"queue: {state}": ours for state, ours in sabnzbd_items.QUEUE_STATES.items()},
        **{f"history: {state}": ours for state, ours in sabnzbd_items.HISTORY_STATES.items()},
    },
    "NZBGet": {
        **nzbget_items.STATES,
        **{
            f"{status}: {value}": ours
            for status, meanings in nzbget_items.OUTCOMES.items()
            for value, (ours, _) in meanings.items()
            if not (value in ("NONE", "SUCCESS") and ours is ItemState.READY)  # the page's row of all that are well
        },
    },
    "Direct downloads": direct_items.STATES,
}
#: What the page says besides, in the place of a state: the rest, and what the item's other fields add to it.
REST = (
    "anything else",
    "anything",
    "any of them",
    "any other status",
    "all of them",
    "Deleted",
    "Health",
    "or an answer",
)
ADDED = re.compile(
    r"\s*\([^)]*\)|, (?:finished|without a size|no file chosen|encrypted and not complete|with articles lost.*"
    r"|write error or full disk|in either|while the whole (?:queue|session).*)$| with bytes missing$"
)


def _section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, f"the page has no section {title}"
    return found[1]


def _rows(title: str) -> Iterator[tuple[str, str]]:
    """Each state of a section's tables with ours."""
    for line in _section(title).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or cells[0] in ("State", "Situation", "Where and status", "Status"):
            continue
        if set(cells[0]) <= {"-"}:
            continue
        where = ""
        if len(cells) == 4:  # a status and its values
            where, cells = f"{cells[0]}: ", cells[1:]
        elif found := re.match(r"(queue|history): ", cells[0]):
            where, cells[0] = found[0], cells[0][found.end() :]
        for state in ADDED.sub("", cells[0]).split(","):
            if not (where + state.strip()).startswith(REST) and state.strip() not in REST:
                yield where + state.strip(), cells[1]


@pytest.mark.parametrize("title", TABLES)
def test_every_state_has_its_row(title: str) -> None:
    told = set(_rows(title))
    missing = {(state, str(ours)) for state, ours in TABLES[title].items()} - told
    # The word for what is unknown stands in the last row, with all that is.
    assert missing <= {("unknown", "unknown")}


@pytest.mark.parametrize("title", TABLES)
def test_every_row_is_of_a_state_that_there_is(title: str) -> None:
    known = {*TABLES[title], "unknown", "MarkStatus: SUCCESS"}
    assert {state for state, _ in _rows(title)} <= known


def test_our_own_states_are_all_explained() -> None:
    """The first table of the page."""
    explained = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert explained == {str(state) for state in ItemState}
