"""The tables of states, and fields that no sane server would send."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.clients.nzbget_items import (
    OUTCOMES,
    STATES,
    from_history,
    from_queue,
    job_name,
    parent_of,
    places,
    unreadable,
)
from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.tags import read_mark

MARK = "auralarchive-main-7-0123456789abcdef"
FINE = {
    "NZBID": 7,
    "Name": "Emma",
    "Status": "SUCCESS/ALL",
    "DestDir": "/complete/Emma",
    "Health": 1000,
    "MarkStatus": "NONE",
    "DeleteStatus": "NONE",
    "UrlStatus": "NONE",
    "ParStatus": "SUCCESS",
    "UnpackStatus": "SUCCESS",
    "MoveStatus": "SUCCESS",
    "ScriptStatus": "NONE",
    "Parameters": [{"Name": "*Unpack:", "Value": "yes"}, {"Name": "auralarchive", "Value": MARK}],
}


def past(**changes: object) -> ClientItem:
    item = from_history({**FINE, **changes})
    assert item is not None
    return item


def queued(**fields: object) -> ClientItem:
    item = from_queue({"NZBID": 7, **fields})
    assert item is not None
    return item


@pytest.mark.parametrize("raw", sorted(STATES))
def test_every_state_of_the_queue(raw: str) -> None:
    """None of them is READY: what is complete has left the queue."""
    item = queued(Status=raw)
    assert item.state is STATES[raw]
    assert item.state is not ItemState.READY
    assert item.paused == (raw == "PAUSED")


@pytest.mark.parametrize("raw", ["DOWNLOADED", "", "downloading"])
def test_a_new_state_of_the_queue_is_unknown(raw: str) -> None:
    item = queued(Status=raw)
    assert (item.state, item.raw_state) == (ItemState.UNKNOWN, raw)


_ALL = [(status, value) for status, meanings in OUTCOMES.items() for value in meanings]


@pytest.mark.parametrize(("status", "value"), _ALL, ids=lambda text: text)
def test_every_single_status_of_the_history(status: str, value: str) -> None:
    """With all others well the one decides, and whoever must act is told why."""
    state, message = OUTCOMES[status][value]
    item = past(**{status: value})
    assert item.state is state
    assert message in (item.message or "")
    assert state is ItemState.READY or item.message


@pytest.mark.parametrize("status", sorted(OUTCOMES))
@pytest.mark.parametrize("value", ["SOMETHING_NEW", None, 3])
def test_a_status_that_is_new_or_missing_is_unknown(status: str, value: object) -> None:
    """It neither completes nor fails."""
    assert past(**{status: value}).state is ItemState.UNKNOWN


@pytest.mark.parametrize(
    ("summary", "fields", "state"),
    [
        ("SUCCESS/ALL", {"ScriptStatus": "SUCCESS"}, ItemState.READY),
        ("SUCCESS/UNPACK", {"ParStatus": "NONE"}, ItemState.READY),
        ("SUCCESS/PAR", {"UnpackStatus": "NONE"}, ItemState.READY),
        ("SUCCESS/HEALTH", {"ParStatus": "NONE", "UnpackStatus": "NONE"}, ItemState.READY),
        ("SUCCESS/GOOD", {"MarkStatus": "GOOD", "ParStatus": "FAILURE"}, ItemState.READY),
        ("SUCCESS/MARK", {"MarkStatus": "SUCCESS", "DeleteStatus": "HEALTH", "Health": 800}, ItemState.READY),
        ("WARNING/SCRIPT", {"ScriptStatus": "FAILURE"}, ItemState.READY),
        ("WARNING/SPACE", {"UnpackStatus": "SPACE"}, ItemState.WARNING),
        ("WARNING/PASSWORD", {"UnpackStatus": "PASSWORD"}, ItemState.FAILED),
        ("WARNING/DAMAGED", {"ParStatus": "MANUAL", "UnpackStatus": "NONE"}, ItemState.FAILED),
        ("WARNING/REPAIRABLE", {"ParStatus": "REPAIR_POSSIBLE", "UnpackStatus": "NONE"}, ItemState.FAILED),
        ("WARNING/HEALTH", {"ParStatus": "NONE", "UnpackStatus": "NONE", "Health": 998}, ItemState.FAILED),
        ("WARNING/SKIPPED", {"Kind": "URL", "UrlStatus": "SCAN_SKIPPED"}, ItemState.WARNING),
        ("DELETED/MANUAL", {"DeleteStatus": "MANUAL"}, ItemState.REMOVED),
        ("SUCCESS/GOOD", {"DeleteStatus": "MANUAL", "MarkStatus": "GOOD"}, ItemState.REMOVED),
        ("FAILURE/BAD", {"DeleteStatus": "MANUAL", "MarkStatus": "BAD"}, ItemState.FAILED),
        ("DELETED/GOOD", {"DeleteStatus": "GOOD"}, ItemState.REMOVED),
        ("DELETED/DUPE", {"DeleteStatus": "DUPE"}, ItemState.FAILED),
        ("DELETED/COPY", {"DeleteStatus": "COPY"}, ItemState.FAILED),
        ("FAILURE/BAD", {"DeleteStatus": "BAD"}, ItemState.FAILED),
        ("FAILURE/SCAN", {"DeleteStatus": "SCAN"}, ItemState.FAILED),
        ("FAILURE/HEALTH", {"DeleteStatus": "HEALTH", "Health": 800}, ItemState.FAILED),
        ("FAILURE/HEALTH", {"ParStatus": "NONE", "UnpackStatus": "NONE", "Health": 900}, ItemState.FAILED),
        ("FAILURE/PAR", {"ParStatus": "FAILURE"}, ItemState.FAILED),
        ("FAILURE/UNPACK", {"UnpackStatus": "FAILURE"}, ItemState.FAILED),
        ("FAILURE/MOVE", {"MoveStatus": "FAILURE"}, ItemState.WARNING),
        ("FAILURE/FETCH", {"Kind": "URL", "UrlStatus": "FAILURE"}, ItemState.FAILED),
        ("FAILURE/SCAN", {"Kind": "URL", "UrlStatus": "SCAN_FAILURE"}, ItemState.FAILED),
    ],
)
def test_every_summary_of_the_history(summary: str, fields: dict[str, object], state: ItemState) -> None:
    """Every one that NZBGet documents, with the single statuses that stand behind it."""
    assert past(Status=summary, **fields).state is state


def test_a_repaired_job_is_complete_whatever_its_health() -> None:
    """Articles were missing, and par2 made good for them."""
    assert past(Health=500).state is ItemState.READY
    assert past(Health=500, ParStatus="NONE").state is ItemState.READY, "an unpacker checks its files, too"


@pytest.mark.parametrize("health", [None, "1000", True])
def test_without_its_health_an_unchecked_job_is_unknown(health: object) -> None:
    item = past(Health=health, ParStatus="NONE", UnpackStatus="NONE")
    assert item.state is ItemState.UNKNOWN


def test_a_failure_names_the_clients_own_word_and_the_health() -> None:
    item = past(Status="FAILURE/HEALTH", DeleteStatus="HEALTH", Health=853)
    assert item.message == "too many of its articles are missing (FAILURE/HEALTH, health 85.3 %)"


def test_what_a_job_is_known_by() -> None:
    """Its mark is not part of what people read."""
    item = past(NZBName=f"Emma [{MARK}]")
    assert (item.id, item.name) == ("7", "Emma")
    assert item.tags == {"auralarchive-main-7"}
    assert item.hashes == {"0123456789abcdef"}


@pytest.mark.parametrize(
    "parameters", [None, {}, "x", [None], [{"Name": "auralarchive"}], [{"Name": "auralarchive", "Value": "mine"}]]
)
def test_a_job_without_our_mark_is_not_ours(parameters: object) -> None:
    item = past(Parameters=parameters)
    assert not item.tags | item.hashes


@pytest.mark.parametrize("number", [None, "7", 0, -1, True, 1.5])
def test_a_job_without_an_id_is_nobodys(number: object) -> None:
    """Nothing could be done with it that would not be done to another."""
    assert from_history({**FINE, "NZBID": number}) is None
    assert from_queue({"NZBID": number, "Status": "QUEUED"}) is None


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"FileSizeLo": 5, "FileSizeHi": 0, "FileSizeMB": 9}, 5),
        ({"FileSizeLo": 1, "FileSizeHi": 2}, 2 * 2**32 + 1),
        ({"FileSizeLo": 2**32 - 1, "FileSizeHi": 0}, 2**32 - 1),
        ({"FileSizeLo": -1, "FileSizeHi": 0}, 2**32 - 1),
        ({"FileSizeLo": 0, "FileSizeHi": 2**31}, None),
        ({"FileSizeLo": 2**32, "FileSizeHi": 0}, None),
        ({"FileSizeLo": 5}, None),
        ({"FileSizeMB": 3}, 3 * 1024 * 1024),
        ({"FileSizeMB": -3}, None),
        ({"FileSizeMB": 2**60}, None),
        ({"FileSizeLo": "5", "FileSizeHi": 0, "FileSizeMB": 2}, 2 * 1024 * 1024),
        ({}, None),
    ],
)
def test_sizes_in_two_halves(fields: dict[str, object], size: int | None) -> None:
    """32 bits each; some versions write half of them as negative, and whole megabytes are better than nothing."""
    assert queued(**fields).size == size


@pytest.mark.parametrize(
    ("left", "progress"), [(0, 1.0), (250, 0.75), (1000, 0.0), (5000, 0.0), (None, 0.0), ("x", 0.0)]
)
def test_progress_is_what_is_not_left(left: object, progress: float) -> None:
    item = queued(Status="DOWNLOADING", FileSizeLo=1000, FileSizeHi=0, RemainingSizeLo=left, RemainingSizeHi=0)
    assert item.progress == progress


def test_a_script_may_have_moved_the_files() -> None:
    """Its word counts where all went well; of what failed it is only where the files would have gone."""
    assert past(FinalDir="/moved/Emma").content_path == "/moved/Emma"
    failed = past(UnpackStatus="PASSWORD", FinalDir="/complete/Emma", DestDir="/inter/Emma.#7")
    assert (failed.content_path, failed.save_path) == ("/inter/Emma.#7", "/inter")
    assert places({"FinalDir": "/complete/Emma", "DestDir": "/inter/Emma.#7"}) == ("/complete/Emma", "/inter/Emma.#7")
    assert places({"FinalDir": "", "DestDir": None}) == ()


def test_a_job_of_the_queue_has_no_content_yet() -> None:
    """Its folder is that of unfinished jobs."""
    assert queued(Status="UNPACKING", DestDir="/inter/Emma.#7").content_path is None


@pytest.mark.parametrize(
    ("path", "parent"),
    [("/complete/Emma", "/complete"), ("/complete/Emma/", "/complete"), ("/Emma", "/"), (r"D:\nzb\Emma", r"D:\nzb")],
)
def test_the_folder_around(path: str, parent: str) -> None:
    assert parent_of(path) == parent


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Emma", f"Emma [{MARK}]"),
        ("../../etc/passwd", f"etc passwd [{MARK}]"),
        ('Emma {{secret}}: a "novel"?', f"Emma secret a novel [{MARK}]"),
        ("...", f"Audiobook [{MARK}]"),
        ("\x00\x1b[2J", f"[2J [{MARK}]"),
        ("Käpt'n Blaubär", f"Käpt'n Blaubär [{MARK}]"),
    ],
)
def test_names_that_a_file_system_takes(title: str, name: str) -> None:
    assert job_name(title, MARK) == name


def test_a_long_name_keeps_its_mark() -> None:
    """Cut between characters, not within one."""
    name = job_name("ß" * 300, MARK)
    assert read_mark(name) == ("auralarchive-main-7", "0123456789abcdef")
    assert len(name.encode()) < 200


def test_an_nzb_that_it_cannot_read() -> None:
    assert unreadable({"DeleteStatus": "SCAN"})
    assert not unreadable({"DeleteStatus": "MANUAL"})


_KEYS = [*FINE, "FileSizeLo", "FileSizeHi", "FileSizeMB", "RemainingSizeLo", "RemainingSizeHi", "NZBName", "FinalDir"]
_ANYTHING: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(_KEYS), _ANYTHING))
def test_garbage_is_unknown_and_never_fails(fields: dict[str, object]) -> None:
    """Whatever comes in whatever field: no error, and nothing that would complete, fail or remove."""
    for item in (from_history(fields), from_queue(fields)):
        if item is not None:
            assert item.state not in (ItemState.READY, ItemState.FAILED, ItemState.REMOVED)
            assert 0.0 <= item.progress <= 1.0
