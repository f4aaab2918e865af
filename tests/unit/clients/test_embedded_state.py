"""The notes of the embedded client on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from auralarchive.clients.embedded_state import StateFolder, new_record
from auralarchive.clients.payloads import Payloads
from auralarchive.domain.seeding import SeedGoal
from auralarchive.ports.clients import AddOptions
from tests.support.torrent_bytes import info_of, torrent_of

PAYLOAD = Payloads().torrent(torrent_of(info_of()))
RECORD = new_record(PAYLOAD, AddOptions("auralarchive-1", seed_goal=SeedGoal(1.5, 60)), Path("/downloads"))


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    """Every wish survives; the folder is named by the hash."""
    state = StateFolder(tmp_path)
    state.save_new(RECORD, PAYLOAD)
    assert list(state.records()) == [RECORD]
    assert RECORD.goal == SeedGoal(1.5, 60)
    assert RECORD.folder == f"/downloads/{PAYLOAD.info_hash_v1}"
    state.forget(RECORD.id)
    assert list(state.records()) == []


def test_progress_of_a_forgotten_torrent_is_not_kept(tmp_path: Path) -> None:
    """An alert that comes late must not leave a file behind."""
    state = StateFolder(tmp_path)
    state.save_resume(RECORD.id, b"x")
    assert state.params(RECORD.id) is None


def test_a_record_of_another_version_is_read(tmp_path: Path) -> None:
    """Fields that came later are left out, ones that are missing take their defaults."""
    state = StateFolder(tmp_path)
    state.save(replace(RECORD, paused=True))
    note = tmp_path / f"{RECORD.id}.json"
    note.write_text(note.read_text().replace('"paused": true', '"invented": 1'))
    assert list(state.records()) == [RECORD]


def test_a_power_cut_is_noticed(tmp_path: Path) -> None:
    """Only an end in good order, or a crash within the same start of the machine, needs no check."""
    first = StateFolder(tmp_path)
    assert not first.went_down
    assert not StateFolder(tmp_path).went_down  # killed, but the machine went on: the disk's cache was not lost
    (tmp_path / "running").write_text("an earlier start of the machine")
    second = StateFolder(tmp_path)
    assert second.went_down
    second.close()
    assert not StateFolder(tmp_path).went_down
