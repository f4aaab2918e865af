"""Which torrents of another program are ours, on the way into a backup and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auralarchive.clients.deluge_notes import Note, Notes
from auralarchive.ports.errors import UnusableBackup
from auralarchive.runtime.client_notes import bring_back, gathered, understood

V1, V2, OTHER = "a" * 40, "b" * 64, "c" * 40
BOOK = Note(frozenset({V1, V2, V2[:40]}), "auralarchive-main-1", labelled=True)
NEWER = Note(frozenset({OTHER}), "auralarchive-main-2")


def test_the_notes_of_each_client_travel_to_another_machine(tmp_path: Path) -> None:
    """Two Deluges have their own; what clients inside of us keep, and a folder without a note, stay out."""
    Notes(tmp_path / "here" / "Deluge").keep(BOOK)
    Notes(tmp_path / "here" / "Bücher 2").keep(NEWER)
    (tmp_path / "here" / "Embedded").mkdir()
    (tmp_path / "here" / "Embedded" / f"{V1}.json").write_text("{}")
    Notes(tmp_path / "here" / "Empty").keep(BOOK)
    Notes(tmp_path / "here" / "Empty").drop(BOOK.hashes)
    content = gathered(tmp_path / "here")
    assert content is not None
    assert understood(content).keys() == {"Deluge", "Bücher 2"}
    bring_back(content, tmp_path / "there")
    assert Notes(tmp_path / "there" / "Deluge").all() == {BOOK}
    assert Notes(tmp_path / "there" / "Bücher 2").all() == {NEWER}
    assert not (tmp_path / "there" / "Embedded").exists()


def test_what_was_noted_since_stays(tmp_path: Path) -> None:
    """The torrents of the last day are ours as much as those of the backup."""
    Notes(tmp_path / "Deluge").keep(BOOK)
    content = gathered(tmp_path)
    assert content is not None
    Notes(tmp_path / "Deluge").drop(BOOK.hashes)
    Notes(tmp_path / "Deluge").keep(NEWER)
    bring_back(content, tmp_path)
    bring_back(content, tmp_path)
    assert Notes(tmp_path / "Deluge").all() == {BOOK, NEWER}


def test_without_notes_there_is_nothing_to_keep(tmp_path: Path) -> None:
    assert gathered(tmp_path / "not there") is None


def _of(name: str, *hashes: str) -> bytes:
    return json.dumps({name: [{"hashes": hashes, "tag": "auralarchive-main-1"}]}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[1]",
        b'{"Deluge": [{}]}',
        _of("../evil", V1),
        _of("a/b", V1),
        _of("", V1),
        _of("Deluge"),
        _of("Deluge", ""),
        _of("Deluge", V1, "all"),
    ],
)
def test_what_leads_elsewhere_or_names_no_torrent_is_refused(content: bytes) -> None:
    """A backup may come from anybody."""
    with pytest.raises(UnusableBackup) as refused:
        understood(content)
    assert refused.value.remedy
