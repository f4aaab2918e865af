"""The table of states, and fields that no sane server would send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.clients.qbittorrent_items import STATES, as_files, as_item, hashes_of, tags_of
from auralarchive.domain.client_item import ClientFile, ItemState

V1, V2 = "a" * 40, "b" * 64


@pytest.mark.parametrize("raw", sorted(STATES))
def test_every_state_of_every_generation(raw: str) -> None:
    """Complete items are READY in a seeding state only; every known word means what the table says."""
    assert as_item(V1, {"state": raw, "progress": 1, "amount_left": 0}).state is STATES[raw]


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        ("pausedDL", ItemState.PAUSED),
        ("stoppedDL", ItemState.PAUSED),
        ("checkingUP", ItemState.BUSY),
        ("moving", ItemState.BUSY),
        ("missingFiles", ItemState.WARNING),
        ("somethingNew", ItemState.UNKNOWN),
        ("", ItemState.UNKNOWN),
    ],
)
def test_odd_states(raw: str, state: ItemState) -> None:
    """The ones that cost others data, by name."""
    assert as_item(V1, {"state": raw, "progress": 1.0}).state is state


def test_seeding_with_bytes_missing_is_not_ready() -> None:
    """As after a forced recheck: the word says seeding, the bytes say no."""
    assert as_item(V1, {"state": "stalledUP", "progress": 1, "amount_left": 7}).state is ItemState.BUSY
    assert as_item(V1, {"state": "stalledUP", "progress": 0.99}).state is ItemState.BUSY
    assert as_item(V1, {"state": "stalledUP"}).state is ItemState.UNKNOWN


def test_stopped_after_completion_is_ready_and_paused() -> None:
    """What the seeding limit leaves behind."""
    item = as_item(V1, {"state": "stoppedUP", "progress": 1})
    assert (item.state, item.paused) == (ItemState.READY, True)


@pytest.mark.parametrize("eta", [8_640_000, 2**40, -1, "soon", None, True])
def test_no_eta_is_no_eta(eta: object) -> None:
    """A hundred days is qBittorrent's word for unknown."""
    assert as_item(V1, {"eta": eta}).eta is None


def test_hashes_and_tags() -> None:
    """A hybrid is known by three hashes."""
    assert hashes_of(V1, {"infohash_v1": "", "infohash_v2": V2.upper()}) == {V1, V2, V2[:40]}
    assert tags_of({"tags": "one, auralarchive-2 ,"}) == {"one", "auralarchive-2"}


def test_files_of_any_shape() -> None:
    """Backslashes become slashes; what makes no sense is left out."""
    listed = [
        {"name": "Book\\01.mp3", "size": 3, "priority": 0, "progress": 0.5},
        {"name": None, "size": 1},
        "x",
        {"name": "b", "size": -1},
    ]
    assert as_files(listed) == (ClientFile("Book/01.mp3", 3, wanted=False, progress=0.5),)
    assert as_files({"error": 1}) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = ["state", "progress", "eta", "size", "completed", "ratio", "tags", "name", "infohash_v2", "amount_left"]
KEYS = st.sampled_from(NAMES)


@given(st.dictionaries(KEYS, JSON) | JSON)
def test_any_answer_makes_an_item(fields: object) -> None:
    """No field of any type or size raises, and nothing but the table's words completes or fails an item."""
    item = as_item(V1, fields)
    assert item.id == V1
    assert 0 <= item.progress <= 1
    assert item.state is not ItemState.FAILED
