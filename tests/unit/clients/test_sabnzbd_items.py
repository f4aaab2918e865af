"""The tables of states, the mark in a job's name, and fields that no sane server would send."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.clients.sabnzbd_items import (
    DISK_FULL,
    ENCRYPTED,
    GONE,
    HISTORY_STATES,
    QUEUE_STATES,
    WITHOUT_KEY,
    Words,
    as_files,
    from_history,
    from_queue,
    is_final,
    job_folder,
    job_name,
    needs_words,
    seconds_of,
    speed_limit,
)
from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.tags import mark_of, read_mark

PRINT = "0123456789abcdef"
TAG = "auralarchive-main-17"
MARK = mark_of(TAG, PRINT)
NAME = f"Emma [{MARK}]"
PLACE = f"/downloads/complete/books/{NAME}"
ENGLISH = Words()
GERMAN = Words({ENCRYPTED: ("VERSCHLÜSSELT",), DISK_FULL: ("Entpacken fehlgeschlagen, Schreibfehler",)})


def queued(queue: dict[str, Any] | None = None, words: Words = ENGLISH, **fields: Any) -> ClientItem:
    slot = {"nzo_id": "SABnzbd_nzo_1", "filename": NAME, "mb": "2.00", "mbleft": "0.50", "priority": "Normal", **fields}
    item = from_queue(slot, queue or {}, words, first=True)
    assert item is not None
    return item


def done(words: Words = ENGLISH, **fields: Any) -> ClientItem:
    item = from_history({"nzo_id": "SABnzbd_nzo_1", "name": NAME, "storage": PLACE, "bytes": 1000, **fields}, words)
    assert item is not None
    return item


# --- states -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", sorted(QUEUE_STATES))
def test_every_status_of_the_queue(raw: str) -> None:
    """Every word of `sabnzbd/constants.py` that a job in the queue can show."""
    assert queued(status=raw).state is QUEUE_STATES[raw]


@pytest.mark.parametrize("raw", sorted(HISTORY_STATES))
def test_every_status_of_the_history(raw: str) -> None:
    """Nothing is ready in the midst of its post-processing."""
    assert done(status=raw).state is HISTORY_STATES[raw]


@pytest.mark.parametrize("raw", ["SomethingNew", "", None, 7])
def test_a_word_that_we_do_not_know(raw: object) -> None:
    """It waits and is shown."""
    assert queued(status=raw).state is ItemState.UNKNOWN
    assert done(status=raw).state is ItemState.UNKNOWN


def test_what_is_deleted_is_gone() -> None:
    """SABnzbd shows it for a moment more; for us it is missing already."""
    slot = {"nzo_id": "1", "filename": NAME, "name": NAME, "status": GONE}
    assert from_queue(slot, {}, ENGLISH) is None
    assert from_history(slot, ENGLISH) is None


@pytest.mark.parametrize("paused", [True, "True"])
def test_a_paused_queue_holds_all_but_what_is_forced(paused: object) -> None:
    """The jobs themselves still say that they wait."""
    assert queued({"paused": paused}, status="Queued").state is ItemState.WARNING
    assert "whole queue" in (queued({"paused": paused}, status="Queued").message or "")
    assert queued({"paused": paused}, status="Downloading", priority="Force").state is ItemState.WAITING
    assert queued({"paused": False}, status="Queued").state is ItemState.WAITING


@pytest.mark.parametrize(
    ("words", "label", "name"),
    [(ENGLISH, "ENCRYPTED", NAME), (GERMAN, "VERSCHLÜSSELT", NAME), (ENGLISH, "", f"ENCRYPTED / {NAME}")],
)
def test_encrypted_and_without_a_password(words: Words, label: str, name: str) -> None:
    """SABnzbd pauses it and waits for a person; we say why and try another release."""
    item = queued(words=words, status="Paused", labels=[label], filename=name)
    assert item.state is ItemState.FAILED
    assert "encrypted" in (item.message or "")


def test_encrypted_with_all_bytes_there_goes_on_by_itself() -> None:
    """For a moment it is paused, then its passwords are tried."""
    assert queued(status="Paused", labels=["ENCRYPTED"], mbleft="0.00").state is ItemState.BUSY


def test_other_labels_are_told() -> None:
    """A duplicate, or a job that is too large by SABnzbd's own rules."""
    item = queued(status="Paused", labels=["DUPLICATE", 7])
    assert (item.state, item.message) == (ItemState.PAUSED, "SABnzbd holds it back: DUPLICATE")


def test_completed_without_a_place_is_busy() -> None:
    """It says so a moment before it says where."""
    assert done(status="Completed", storage="").state is ItemState.BUSY
    assert not is_final({"status": "Completed", "storage": ""})
    assert is_final({"status": "Completed", "storage": PLACE})


def test_failed_while_a_script_runs_is_busy() -> None:
    """Its folder has not got its last name yet."""
    slot: dict[str, Any] = {"status": "Failed", "loaded": True}
    assert done(**slot).state is ItemState.BUSY
    assert not is_final(slot)
    assert not is_final("nonsense")


@pytest.mark.parametrize(
    ("words", "message", "state"),
    [
        (ENGLISH, f"{DISK_FULL} /x/01.mp3", ItemState.WARNING),
        (GERMAN, "Entpacken fehlgeschlagen, Schreibfehler", ItemState.WARNING),
        (ENGLISH, WITHOUT_KEY, ItemState.FAILED),
        (ENGLISH, "Aborted, cannot be completed - https://sabnzbd.org/not-complete", ItemState.FAILED),
        (ENGLISH, "", ItemState.FAILED),
    ],
)
def test_why_it_failed(words: Words, message: str, state: ItemState) -> None:
    """A full disk is not the release's fault; everything else is, with SABnzbd's own reason."""
    item = done(words, status="Failed", fail_message=message)
    assert item.state is state
    assert item.message
    assert "https" not in item.message
    assert ("encrypted" in item.message) is (message == WITHOUT_KEY)


def _log(**stages: str) -> list[dict[str, object]]:
    return [{"name": name, "actions": [text]} for name, text in stages.items()]


LOST = "Downloaded in 0 seconds at an average of 390 KB/s<br/>Age: 0m<br/>5 articles were missing"


@pytest.mark.parametrize(
    ("log", "state"),
    [
        (_log(Download=LOST, Repair=f"[{NAME}] No par2 sets"), ItemState.FAILED),
        (_log(Download=LOST.replace("missing", "malformed"), Repair="[x] No par2 sets"), ItemState.FAILED),
        (_log(Download=LOST, Repair="[x] Repaired in 3 seconds"), ItemState.READY),
        (_log(Download=LOST, Repair="[x] No par2 sets", Unpack="[x] Unpacked 1 files"), ItemState.READY),
        (_log(Download="Downloaded in 1 second<br/>Age: 0m", Repair="[x] No par2 sets"), ItemState.READY),
        ("nonsense", ItemState.READY),
        ([7, {"name": "Download"}, {"actions": [LOST]}, {"name": [], "actions": [LOST]}], ItemState.READY),
    ],
)
def test_complete_with_a_hole_is_not_complete(log: object, state: ItemState) -> None:
    """SABnzbd lets five articles go and checks nothing without par2 files: the book would have a gap."""
    slot = {"status": "Completed", "stage_log": log}
    assert done(**slot).state is state  # type: ignore[arg-type] # fields of a slot
    assert needs_words(slot) or state is ItemState.READY


# --- the name ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "title",
    [
        "Emma",
        "",
        "...",
        "a/b\\c",
        'x "y" <z>: ?*|',
        "{{secret}}",
        "x password=y",
        "http://x/y.nzb",
        "日本" * 200,
        "\ud800",
    ],
)
def test_a_title_becomes_a_name_that_stays_as_it_is(title: str) -> None:
    """SABnzbd reads passwords out of names, replaces what a folder may not hold, and cuts long ones at their end."""
    name = job_name(title, MARK)
    assert read_mark(name) == (TAG, PRINT)
    assert not set(name) & set('/\\<>?*|:"')
    assert "{{" not in name
    assert "password=" not in name
    assert len(name.encode("utf-8", "replace")) < 160
    assert name.strip(". ") == name


def test_name_tag_and_fingerprint_are_read_back() -> None:
    """The mark is no part of what people see."""
    item = queued(status="Queued")
    assert (item.name, item.tags, item.hashes) == ("Emma", frozenset({TAG}), frozenset({PRINT}))
    foreign = queued(status="Queued", filename="Films")
    assert (foreign.name, foreign.tags, foreign.hashes) == ("Films", frozenset(), frozenset())


@pytest.mark.parametrize(
    ("storage", "folder"),
    [
        (PLACE, PLACE),
        (f"{PLACE}/one/01.m4b", PLACE),
        (f"{PLACE}.1/01.m4b", f"{PLACE}.1"),
        (f"/complete/_FAILED_{NAME}", f"/complete/_FAILED_{NAME}"),
        (f"C:\\done\\{NAME}\\01.mp3", f"C:\\done\\{NAME}"),
        ("/complete/Author/Title.m4b", None),
        (f"/complete/Emma [{mark_of(TAG, 'f' * 16)}]/01.mp3", None),
        ("", None),
    ],
)
def test_from_a_lone_file_up_to_the_jobs_folder(storage: str, folder: str | None) -> None:
    """SABnzbd follows what lies alone in a folder down to the file."""
    assert job_folder(storage, NAME) == folder


def test_a_job_that_was_renamed_by_hand_is_found_by_its_name() -> None:
    """It lost our mark, and its folder bears the new name."""
    assert job_folder("/complete/Emma (2)/x/1.mp3", "Emma (2)") == "/complete/Emma (2)"
    assert job_folder("/complete/anything", " ") is None


# --- fields -----------------------------------------------------------------------------------------


def test_sizes_speed_and_time() -> None:
    """Megabytes as text; the queue's speed is that of its first running job."""
    item = queued({"kbpersec": "1000.50"}, status="Downloading", timeleft="1:02:03")
    assert (item.size, item.downloaded, item.progress) == (2 * 1024**2, 3 * 1024**2 // 2, 0.75)
    assert (item.download_speed, item.eta) == (1_024_512, 3_723)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0:00:00", None), ("0:00:09", 9), ("2:03:04:05", 183_845), ("soon", None), ("-1:00:00", None), ("1:2", None)],
)
def test_the_time_that_is_left(text: str, seconds: int | None) -> None:
    """Three or four parts, and 0 for unknown."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("size", ["-1", "nan", "inf", "1e400", "much", None, True, [], "9" * 400])
def test_a_size_that_makes_no_sense_is_unknown(size: object) -> None:
    """Nothing is computed from it."""
    item = queued(status="Downloading", mb=size, mbleft=size)
    assert (item.size, item.downloaded, item.progress) == (None, None, 0.0)
    assert done(status="Completed", bytes=size).size is None


def test_its_general_limit() -> None:
    """Bytes per second as text; 0 is none."""
    assert speed_limit({"speedlimit_abs": "200000"}) == 200_000
    assert speed_limit({"speedlimit_abs": "0"}) is None
    assert speed_limit({}) is None


def test_the_files_of_a_job_in_the_queue() -> None:
    """What makes no sense is left out."""
    listed = [{"filename": "a.mp3", "bytes": "2097152.00", "mbleft": "1.00"}, {"filename": 7}, {"bytes": "1"}, None]
    (file,) = as_files({"files": listed})
    assert (file.path, file.size, file.progress) == ("a.mp3", 2_097_152, 0.5)
    assert as_files("nonsense") == as_files({"files": None}) == ()


@pytest.mark.parametrize("slot", [None, "text", [], {}, {"nzo_id": ""}, {"nzo_id": 7, "status": "Completed"}])
def test_what_has_no_id_is_no_item(slot: object) -> None:
    """It could be named in no call."""
    assert from_queue(slot, {}, ENGLISH) is None
    assert from_history(slot, ENGLISH) is None


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)
_KEYS = [
    "status",
    "filename",
    "name",
    "mb",
    "mbleft",
    "bytes",
    "labels",
    "timeleft",
    "storage",
    "fail_message",
    "loaded",
]


@given(st.dictionaries(st.sampled_from(_KEYS), _JUNK))
def test_no_answer_breaks_it(fields: dict[str, Any]) -> None:
    """And none but "Completed" with a place is ever ready."""
    slot = {"nzo_id": "SABnzbd_nzo_1", **fields}
    for item in (from_queue(slot, fields, ENGLISH), from_history(slot, ENGLISH)):
        assert item is not None or fields.get("status") == GONE
        assert item is None or 0.0 <= item.progress <= 1.0
