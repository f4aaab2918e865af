"""The table of situations, and fields that no sane server would send."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.clients.transmission_items import (
    FIELDS,
    STATES,
    as_files,
    as_item,
    inside,
    is_id,
    labels_of,
    torrents_of,
)
from auralarchive.domain.client_item import ClientFile, ItemState
from auralarchive.domain.speed import SpeedLimits
from auralarchive.ports.errors import Unreachable

ID = "a" * 40
#: A complete torrent of ten bytes as Transmission tells it.
WHOLE: dict[str, Any] = {
    "status": 6,
    "error": 0,
    "errorString": "",
    "metadataPercentComplete": 1,
    "percentDone": 1,
    "leftUntilDone": 0,
    "sizeWhenDone": 10,
    "totalSize": 10,
}
PART = {**WHOLE, "status": 4, "percentDone": 0.4, "leftUntilDone": 6}
MAGNET = {**PART, "metadataPercentComplete": 0, "percentDone": 0, "leftUntilDone": 0, "sizeWhenDone": 0, "totalSize": 0}
SITUATIONS: dict[str, dict[str, Any]] = {
    "local error": {**PART, "error": 3, "errorString": "No space left on device"},
    "tracker error": {**PART, "error": 2, "errorString": "Unregistered torrent"},
    "stopped": {**PART, "status": 0},
    "verify queued": {**PART, "status": 1},
    "verifying": {**PART, "status": 2},
    "download queued": {**PART, "status": 3},
    "fetching metadata": MAGNET,
    "downloading": PART,
    "stalled": {**PART, "isStalled": True},
    "completing": {**WHOLE, "status": 4},
    "not all wanted": {**WHOLE, "totalSize": 20},
    "seed queued": {**WHOLE, "status": 5},
    "seeding": WHOLE,
    "finished": {**WHOLE, "status": 0, "isFinished": True},
}


def test_every_situation_has_its_row_and_its_state() -> None:
    """Nothing of the table cannot be met, and nothing is met that is not in the table."""
    assert SITUATIONS.keys() == STATES.keys()
    for word, fields in SITUATIONS.items():
        item = as_item(ID, fields)
        assert (item.raw_state, item.state) == (word, STATES[word])


@pytest.mark.parametrize("status", range(7))
@pytest.mark.parametrize("error", [0, 1, 2, 3, 4, None, "much"])
@pytest.mark.parametrize("base", [WHOLE, PART, MAGNET], ids=["whole", "part", "magnet"])
def test_every_combination_is_known(base: dict[str, Any], status: int, error: object) -> None:
    """No number that Transmission has falls through, and only what is whole, unspoilt and not in work is ready."""
    item = as_item(ID, {**base, "status": status, "error": error, "errorString": "x" if error else ""})
    assert item.raw_state in STATES
    assert (item.state is ItemState.READY) == (base is WHOLE and status in (0, 5, 6) and error in (0, 1, 2, None))


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({**WHOLE, "status": 2, "isFinished": True}, "verifying"),  # the check may fail
        ({**WHOLE, "status": 2, "totalSize": 20}, "verifying"),
        ({**WHOLE, "leftUntilDone": 3}, "completing"),  # it says that it seeds while bytes are missing
        ({**WHOLE, "status": 4, "totalSize": 20}, "completing"),
        ({**WHOLE, "status": 0, "totalSize": 20}, "not all wanted"),
        ({**MAGNET, "status": 0}, "stopped"),
        ({**MAGNET, "status": 3}, "download queued"),
        ({**MAGNET, "error": 2}, "tracker error"),
        ({**PART, "error": 1, "errorString": "warned"}, "downloading"),  # a tracker's warning stops nobody
        ({**PART, "error": 2, "status": 0}, "stopped"),
        ({**WHOLE, "error": 2, "errorString": "gone"}, "seeding"),  # its data is there all the same
        ({**WHOLE, "error": 3, "status": 0}, "local error"),  # so it says when the disk is not mounted, on 3.00
        ({**PART, "errorString": "something", "error": None}, "local error"),
    ],
)
def test_odd_situations(fields: dict[str, Any], word: str) -> None:
    """The ones that cost others data, or hide why nothing happens."""
    assert as_item(ID, fields).raw_state == word


@pytest.mark.parametrize("status", [7, -1, "4", None, 2**70, True, 1e400])
def test_a_status_that_we_do_not_know_waits(status: object) -> None:
    """A new number, or none at all: shown as it is."""
    item = as_item(ID, {**WHOLE, "status": status})
    assert item.state is ItemState.UNKNOWN
    assert item.raw_state.startswith("status ")


@pytest.mark.parametrize("missing", ["leftUntilDone", "metadataPercentComplete", "status"])
def test_an_item_without_what_decides_is_unknown(missing: str) -> None:
    """Half an answer completes nothing."""
    assert as_item(ID, {key: value for key, value in WHOLE.items() if key != missing}).state is ItemState.UNKNOWN


def test_the_message_says_what_a_person_can_mend() -> None:
    """Transmission's own words, or what is to be chosen."""
    assert as_item(ID, SITUATIONS["local error"]).message == "No space left on device"
    assert "choose all of them" in (as_item(ID, SITUATIONS["not all wanted"]).message or "")
    assert as_item(ID, WHOLE).message is None


def test_all_fields_are_read() -> None:
    """What a poll asks for comes out where it belongs."""
    told = {
        **PART,
        "hashString": ID,
        "name": "A Book",
        "haveValid": 3,
        "haveUnchecked": 1,
        "isStalled": False,
        "rateDownload": 5,
        "rateUpload": 6,
        "uploadedEver": 7,
        "uploadRatio": 0.5,
        "secondsSeeding": 8,
        "eta": 9,
        "downloadDir": "/data",
        "downloadLimit": 100,
        "downloadLimited": True,
        "uploadLimit": 50,
        "uploadLimited": False,
        "labels": ["mine", 7],
    }
    assert told.keys() == set(FIELDS)
    item = as_item(ID, told, frozenset({"b" * 64}))
    assert (item.name, item.size, item.downloaded, item.uploaded) == ("A Book", 10, 4, 7)
    assert (item.download_speed, item.upload_speed, item.ratio, item.seeding_seconds, item.eta) == (5, 6, 0.5, 8, 9)
    assert (item.content_path, item.save_path) == ("/data/A Book", "/data")
    assert item.limits == SpeedLimits(100_000, None)
    assert item.tags == {"mine"}
    assert item.hashes == {ID, "b" * 64}


@pytest.mark.parametrize("eta", [-1, -2, 8_640_000, 2**40, "soon", None, True])
def test_no_eta_is_no_eta(eta: object) -> None:
    """Its words for unknown are negative, and a hundred days are nobody's forecast."""
    assert as_item(ID, {**PART, "eta": eta}).eta is None


def test_a_complete_one_has_no_eta() -> None:
    """What Transmission tells there is when the seeding ends."""
    assert as_item(ID, {**WHOLE, "eta": 60}).eta is None


def test_a_magnet_has_no_content_yet() -> None:
    """Its name is the link's, and nothing of that name is on the disk."""
    assert as_item(ID, {**MAGNET, "name": "x", "downloadDir": "/data"}).content_path is None


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("/data", "/data/x"),
        ("/data/", "/data/x"),
        ("C:\\Data", "C:\\Data\\x"),
        ("C:/Data", "C:/Data/x"),
        ("/a\\b", "/a\\b/x"),
    ],
)
def test_paths_of_either_system(folder: str, path: str) -> None:
    """A Windows Transmission names its folders its own way."""
    assert inside(folder, "x") == path


@pytest.mark.parametrize(
    "fields",
    [{}, {"downloadLimit": 5}, {"downloadLimit": 5, "downloadLimited": True, "uploadLimit": -5, "uploadLimited": 1}],
)
def test_limits_that_are_not_told(fields: dict[str, Any]) -> None:
    """Then nothing is put back either."""
    assert as_item(ID, fields).limits is None


def test_what_has_no_id_is_left_out() -> None:
    """It could neither be shown nor touched; the rest goes on."""
    entries: list[object] = [{"hashString": ID.upper()}, {"hashString": "short"}, {"hashString": 7}, {}, None, "x"]
    assert [item_id for item_id, _ in torrents_of({"torrents": entries})] == [ID]
    assert not is_id("")


@pytest.mark.parametrize("answer", [{}, {"torrents": None}, {"torrents": {"a": 1}}])
def test_an_answer_without_a_list_is_none(answer: dict[str, Any]) -> None:
    """From an empty one it would seem that every torrent is gone."""
    with pytest.raises(Unreachable):
        list(torrents_of(answer))


def test_names_that_cannot_be_written_are_none() -> None:
    """JSON can hold half a character; the file system cannot."""
    item = as_item(ID, {**WHOLE, "name": "Book \udcff", "downloadDir": "/data"})
    assert (item.name, item.content_path) == (ID, None)


def test_files_of_any_shape() -> None:
    """What makes no sense is left out, and so is the padding of a hybrid."""
    files = [
        {"name": "Book/01.mp3", "length": 4, "bytesCompleted": 2},
        {"name": "Book/.pad/12", "length": 12, "bytesCompleted": 12},
        {"name": "Book/empty", "length": 0, "bytesCompleted": 0},
        {"name": None, "length": 1},
        {"name": "b", "length": -1},
        "x",
    ]
    wanted = [{"wanted": False}, {"wanted": True}, {"wanted": 1}, {}, {}, None]
    assert as_files({"files": files, "fileStats": wanted}) == (
        ClientFile("Book/01.mp3", 4, wanted=False, progress=0.5),
        ClientFile("Book/empty", 0),
    )
    assert as_files({"files": files[:1], "fileStats": wanted}) == (ClientFile("Book/01.mp3", 4, progress=0.5),)
    assert as_files({"files": {"a": 1}}) == ()


def test_labels_of_any_shape() -> None:
    """3.00 has none where nobody has set any."""
    assert labels_of({"labels": None}) == frozenset()
    assert labels_of({"labels": ["a", "a", 1]}) == {"a"}


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters(), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*FIELDS, "files", "fileStats"]), JSON))
def test_any_answer_makes_an_item(fields: dict[str, Any]) -> None:
    """No field of any type or size raises, and no torrent is ever failed by it."""
    item = as_item(ID, fields)
    assert 0 <= item.progress <= 1
    assert item.state is not ItemState.FAILED
    (item.content_path or "").encode()
    assert all(file.size >= 0 and 0 <= file.progress <= 1 for file in as_files(fields))
