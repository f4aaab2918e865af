"""What of a direct download is on the disk after any crash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auralarchive.clients.direct_state import StateFolder, Version, id_of, new_record
from auralarchive.clients.manifests import read_manifest
from auralarchive.domain.manifest import Manifest, ManifestFile
from auralarchive.ports.clients import AddOptions

BOOK = Manifest("Emma", (ManifestFile("1.mp3", ("https://archive.org/1.mp3",)),))
PAYLOAD = read_manifest(BOOK.to_bytes())
RECORD = new_record(PAYLOAD, AddOptions("auralarchive-main-1", download_limit=5), Path("/downloads"))


def test_the_same_bytes_are_the_same_item() -> None:
    """An add that is repeated after a crash finds what it made; another book or download never does."""
    assert RECORD.id == id_of(PAYLOAD, RECORD.tag) == id_of(read_manifest(BOOK.to_bytes()), RECORD.tag)
    assert id_of(read_manifest(replace(BOOK, name="Emma 2").to_bytes()), RECORD.tag) != RECORD.id
    assert id_of(PAYLOAD, "auralarchive-main-2") != RECORD.id
    assert RECORD.folder == f"/downloads/{RECORD.id}"
    assert RECORD.hashes == tuple(PAYLOAD.hashes)


def test_what_was_noted_is_read(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    record = replace(RECORD, begun=True, versions={"1.mp3": Version("https://archive.org/1.mp3", '"a"', "today")})
    state.save_new(record, PAYLOAD)
    assert list(StateFolder(tmp_path).records()) == [record]
    assert state.manifest(record.id) == BOOK
    state.forget(record.id)
    assert [path.name for path in tmp_path.iterdir()] == ["running"]


@pytest.mark.parametrize("torn", [b"", b"{", b"[]", b'{"id": "x"}', b'{"hashes": 5}', b"\xff"])
def test_a_torn_note_costs_no_other(tmp_path: Path, torn: bytes, caplog: pytest.LogCaptureFixture) -> None:
    state = StateFolder(tmp_path)
    state.save_new(RECORD, PAYLOAD)
    (tmp_path / "0.json").write_bytes(torn)
    assert list(state.records()) == [RECORD]
    assert "0.json" in caplog.text


def test_notes_of_other_versions_are_read(tmp_path: Path) -> None:
    """Fields that came later are left out, ones that are missing take their defaults."""
    state = StateFolder(tmp_path)
    state.save(replace(RECORD, paused=True))
    note = tmp_path / f"{RECORD.id}.json"
    note.write_text(note.read_text().replace('"paused": true', '"invented": 1'))
    assert list(state.records()) == [RECORD]


def test_a_manifest_that_cannot_be_read_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    state = StateFolder(tmp_path)
    assert state.manifest("missing") is None
    (tmp_path / "torn.manifest").write_bytes(BOOK.to_bytes()[:-3])
    assert state.manifest("torn") is None
    assert "is lost" in caplog.text


def test_a_power_cut_is_noticed(tmp_path: Path) -> None:
    """Only an end in good order, or a crash within the same start of the machine, loses no byte."""
    assert not StateFolder(tmp_path).went_down
    assert not StateFolder(tmp_path).went_down
    (tmp_path / "running").write_text("an earlier start of the machine")
    again = StateFolder(tmp_path)
    assert again.went_down
    again.close()
    assert not StateFolder(tmp_path).went_down


@pytest.mark.parametrize(
    ("version", "condition"),
    [
        (Version("u", '"a"', "today"), '"a"'),
        (Version("u", 'W/"a"', "today"), "today"),  # weak: perhaps not the same bytes
        (Version("u", 'W/"a"'), ""),
        (Version("u", "", "today"), "today"),
        (Version("u", "\u00e9"), ""),  # cannot be sent back
        (Version("u", "a\r\nHost: b"), ""),
    ],
)
def test_only_a_promise_of_the_same_bytes_is_a_condition(version: Version, condition: str) -> None:
    assert version.condition == condition
