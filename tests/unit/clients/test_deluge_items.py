"""The table of states, and fields that no sane daemon would send."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.clients.deluge_items import (
    FIELDS,
    STATES,
    as_files,
    as_item,
    is_lost,
    joined,
    kib,
    label_of,
    limit_of,
)
from auralarchive.domain.client_item import ClientFile, ItemState
from auralarchive.domain.speed import SpeedLimits

V1, V2 = "a" * 40, "b" * 64
LOADING: dict[str, Any] = {
    "state": "Downloading",
    "name": "A book",
    "save_path": "/downloads",
    "is_finished": False,
    "total_size": 1000,
    "total_wanted": 1000,
    "total_remaining": 400,
    "progress": 60.0,
}
DONE = {**LOADING, "state": "Seeding", "is_finished": True, "total_remaining": 0, "progress": 100.0}


@pytest.mark.parametrize("raw", sorted(STATES))
def test_every_state_while_bytes_are_missing(raw: str) -> None:
    """Each word of Deluge's own list means what the table says."""
    assert as_item(V1, {**LOADING, "state": raw}).state is STATES[raw]


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        ("Seeding", ItemState.READY),
        ("Paused", ItemState.READY),
        ("Queued", ItemState.READY),
        ("Downloading", ItemState.WAITING),  # it has not noticed yet, or has begun anew
        ("Checking", ItemState.BUSY),  # at a start it believes what it believed before
        ("Moving", ItemState.BUSY),
        ("Allocating", ItemState.BUSY),
        ("Error", ItemState.WARNING),
        ("unused_enum_for_backwards_compatibility", ItemState.UNKNOWN),
        ("", ItemState.UNKNOWN),
    ],
)
def test_every_state_of_a_finished_one(raw: str, state: ItemState) -> None:
    """Finished is no more than a hope until the state is one of rest."""
    assert as_item(V1, {**DONE, "state": raw}).state is state


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"total_remaining": 1}, ItemState.BUSY),
        ({"is_finished": False}, ItemState.BUSY),
        ({"is_finished": "yes"}, ItemState.BUSY),
        ({"total_remaining": None}, ItemState.UNKNOWN),
        ({"total_wanted": -1}, ItemState.UNKNOWN),
        ({"total_size": "much"}, ItemState.UNKNOWN),
        ({"total_wanted": 0}, ItemState.WARNING),
    ],
)
def test_what_is_finished_has_all_its_bytes(changes: dict[str, Any], state: ItemState) -> None:
    """The word and the figures must agree; where no file is chosen nothing was loaded."""
    assert as_item(V1, {**DONE, **changes}).state is state


@pytest.mark.parametrize(
    ("raw", "state"),
    [("Downloading", ItemState.METADATA), ("Paused", ItemState.PAUSED), ("Queued", ItemState.WAITING)],
)
def test_a_magnet_without_metadata(raw: str, state: ItemState) -> None:
    """It has no size yet; one that waits for its turn is not late."""
    magnet = {**LOADING, "state": raw, "total_size": 0, "total_wanted": 0, "total_remaining": 0}
    item = as_item(V1, magnet)
    assert (item.state, item.size, item.content_path, item.progress) == (state, None, None, 0.0)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"total_remaining": 0, "is_seed": True}, ItemState.READY),
        ({"total_remaining": 0, "is_seed": True, "paused": True}, ItemState.READY),
        ({"is_seed": False}, ItemState.WAITING),
        ({"is_seed": False, "paused": True}, ItemState.PAUSED),
        ({"total_remaining": 0, "is_seed": False}, ItemState.WAITING),
    ],
)
def test_a_hybrid_that_deluge_lost(changes: dict[str, Any], state: ItemState) -> None:
    """Deluge's word is of the time before its metadata came; libtorrent's figures are not."""
    lost = {**LOADING, "total_size": 0, "name": "A book", **changes}
    assert is_lost(V1, lost)
    item = as_item(V1, lost)
    assert (item.state, item.content_path) == (state, "/downloads/A book")


def test_an_error_says_what_it_is() -> None:
    """Its progress is 100 then, whatever is there: ours is that of the bytes."""
    item = as_item(V1, {**LOADING, "state": "Error", "message": "No space left\non device", "progress": 100.0})
    assert (item.state, item.message, item.progress) == (ItemState.WARNING, "No space left on device", 0.6)


def test_the_fields_of_a_running_one() -> None:
    """Speeds and limits in bytes; what it does not know is None."""
    told = {
        **LOADING,
        "total_done": 600,
        "total_uploaded": 5,
        "download_payload_rate": 70,
        "upload_payload_rate": 3,
        "eta": 6,
        "ratio": -1.0,
        "finished_time": 0,
        "max_download_speed": 62.5,
        "max_upload_speed": -1,
    }
    item = as_item(V1, told, frozenset({V1, V2}), frozenset({"auralarchive-x-1"}))
    assert (item.downloaded, item.uploaded, item.download_speed, item.upload_speed) == (600, 5, 70, 3)
    assert (item.eta, item.ratio, item.seeding_seconds, item.size) == (6, None, 0, 1000)
    assert item.limits == SpeedLimits(64_000, None)
    assert item.hashes == {V1, V2}
    assert item.tags == {"auralarchive-x-1"}


@pytest.mark.parametrize("eta", [0, -1, 2**70, "soon", None, True, float("nan")])
def test_no_eta_is_no_eta(eta: object) -> None:
    """0 is Deluge's word for unknown, -1 for longer than a year."""
    assert as_item(V1, {**LOADING, "eta": eta}).eta is None


@pytest.mark.parametrize("limit", [None, 1, 1023, 64_000, 16_777_215, 20_000_000, 125_000_000])
def test_a_limit_survives_the_way_there_and_back(limit: int | None) -> None:
    """Otherwise it would be set again at every poll."""
    assert limit_of(kib(limit)) == limit


def test_labels() -> None:
    """No label is not the same as no plugin."""
    assert (label_of({"label": "films"}), label_of({"label": ""}), label_of({}), label_of(None)) == (
        "films",
        "",
        None,
        None,
    )


def test_files_of_any_shape() -> None:
    """A hybrid's padding is no file, and what makes no sense is left out."""
    told = {
        "files": [
            {"index": 0, "path": "Book\\01.mp3", "size": 3},
            {"index": 1, "path": "Book/.pad/16381", "size": 16381},
            {"index": 2, "path": "Book/.pad/notes.txt", "size": 4},
            {"path": 7, "size": 1},
            {"path": "x", "size": -1},
            "x",
        ],
        "file_priorities": [0, 4, 4],
        "file_progress": [0.5, 1.0],
    }
    assert as_files(told) == (
        ClientFile("Book/01.mp3", 3, wanted=False, progress=0.5),
        ClientFile("Book/.pad/notes.txt", 4, progress=0.0),
    )
    assert as_files(None) == as_files({"files": "all"}) == ()


def test_paths_of_either_system() -> None:
    """Deluge runs on Windows, too."""
    assert joined("/downloads/", "A book") == "/downloads/A book"
    assert joined("C:\\Downloads", "A book") == "C:\\Downloads\\A book"


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON) | JSON)
def test_any_answer_makes_an_item(fields: object) -> None:
    """No field of any type or size raises, and nothing but the table's words completes or fails an item."""
    item = as_item(V1, fields)
    assert item.id == V1
    assert 0 <= item.progress <= 1
    assert item.state is not ItemState.FAILED
    as_files(fields)
