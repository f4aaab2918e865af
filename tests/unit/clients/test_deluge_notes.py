"""The file that knows which torrents are ours, since Deluge cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auralarchive.clients.deluge_notes import Note, Notes
from auralarchive.ports.errors import Misconfigured

V1, V2, OTHER = "a" * 40, "b" * 64, "c" * 40
BOOK = Note(frozenset({V1, V2, V2[:40]}), "auralarchive-x-1")


def test_a_note_is_found_by_every_hash_and_survives(tmp_path: Path) -> None:
    """Deluge may have a hybrid under either of two ids; a new process reads what the last one wrote."""
    Notes(tmp_path / "deluge").keep(BOOK)
    again = Notes(tmp_path / "deluge")
    assert again.of({V1}) == again.of({V2}) == again.of({V2[:40]}) == BOOK
    assert again.of({OTHER}) is None
    assert again.all() == {BOOK}
    assert BOOK.ids == {V1, V2[:40]}


def test_a_note_replaces_the_one_of_the_same_torrent(tmp_path: Path) -> None:
    """A magnet names one hash of it, the file both."""
    notes = Notes(tmp_path)
    notes.keep(Note(frozenset({V1}), "auralarchive-x-1"))
    notes.keep(BOOK)
    notes.keep(Note(frozenset({OTHER}), "auralarchive-x-2", labelled=True))
    assert notes.all() == {BOOK, Note(frozenset({OTHER}), "auralarchive-x-2", labelled=True)}


def test_a_dropped_note_is_gone_by_all_its_hashes(tmp_path: Path) -> None:
    """Otherwise what somebody adds later would be taken for ours."""
    notes = Notes(tmp_path)
    notes.keep(BOOK)
    notes.drop({V1})
    notes.drop({OTHER})
    assert notes.all() == Notes(tmp_path).all() == frozenset()


def test_what_a_backup_knows_is_added_to_what_is_noted_since(tmp_path: Path) -> None:
    """A newer note of the same torrent stays, by whichever of its hashes; and nothing is written in vain."""
    notes = Notes(tmp_path)
    notes.keep(BOOK)
    old, other = Note(frozenset({V2, V2[:40]}), "auralarchive-x-0"), Note(frozenset({OTHER}), "auralarchive-x-2", True)
    notes.learn([old, other])
    written = (tmp_path / "torrents.json").stat().st_ino
    notes.learn([old, other])
    assert Notes(tmp_path).all() == {BOOK, other}
    assert (tmp_path / "torrents.json").stat().st_ino == written


def test_two_adapters_of_one_client_see_each_others_notes(tmp_path: Path) -> None:
    """After a change of the settings the one before may still finish its add."""
    before, after = Notes(tmp_path), Notes(tmp_path)
    assert after.all() == frozenset()
    before.keep(BOOK)
    after.keep(Note(frozenset({OTHER}), "auralarchive-x-2"))
    assert before.of({OTHER}) is not None
    assert after.of({V1}) == before.of({V1}) == BOOK


def test_nothing_is_written_before_there_is_something(tmp_path: Path) -> None:
    """Looking at a client in the settings leaves no folder behind."""
    notes = Notes(tmp_path / "deluge")
    assert notes.of({V1}) is None
    notes.drop({V1})
    assert not (tmp_path / "deluge").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"a": 1}', b'[{"tag": "x"}]', b"[1]", b"[" * 50_000])
def test_a_broken_file_claims_nothing(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Then every torrent counts as somebody else's, and none is removed."""
    (tmp_path / "torrents.json").write_bytes(content)
    notes = Notes(tmp_path)
    assert notes.all() == frozenset()
    assert "cannot be read" in caplog.text
    notes.keep(BOOK)
    assert Notes(tmp_path).all() == {BOOK}


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    """The torrent is not sent then: nobody would know it for ours."""
    (tmp_path / "deluge").write_text("a file stands in the way")
    with pytest.raises(Misconfigured) as caught:
        Notes(tmp_path / "deluge").keep(BOOK)
    assert caught.value.remedy


def test_the_file_is_private_and_whole(tmp_path: Path) -> None:
    """Nothing of the draft is left beside it."""
    Notes(tmp_path / "deluge").keep(BOOK)
    assert [path.name for path in (tmp_path / "deluge").iterdir()] == ["torrents.json"]
    assert (tmp_path / "deluge").stat().st_mode & 0o077 == 0
    assert json.loads((tmp_path / "deluge" / "torrents.json").read_bytes())[0]["tag"] == "auralarchive-x-1"
