"""Notes that no crash tears."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from auralarchive.clients.durable import NotesFolder, boot_id, disk_errors, replace_file
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import Misconfigured, NoSpace


def test_a_crash_while_writing_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new content is complete on disk before it takes the name."""
    target = tmp_path / "note"
    replace_file(target, b"old")

    def fail(_: int) -> None:
        raise OSError("the power went")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="power"):
        replace_file(target, b"new and longer")
    assert target.read_bytes() == b"old"


def test_errors_of_the_disk_have_a_remedy() -> None:
    """Full is one thing, forbidden another."""
    for number in (errno.ENOSPC, errno.EDQUOT):
        with pytest.raises(NoSpace, match="Make room"), disk_errors():
            raise OSError(number, os.strerror(number))
    with pytest.raises(Misconfigured, match="Check its permissions") as caught, disk_errors():
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    assert caught.value.kind is FailureKind.PERMISSION


def test_a_start_of_the_machine_has_a_name() -> None:
    assert boot_id() == boot_id() != ""


def test_a_machine_that_went_down_is_noticed(tmp_path: Path) -> None:
    """A kill alone loses nothing that was written; a power cut may."""
    notes = NotesFolder(tmp_path / "notes")
    assert not notes.went_down
    assert not NotesFolder(tmp_path / "notes").went_down
    (tmp_path / "notes" / "running").write_text("an earlier start")
    again = NotesFolder(tmp_path / "notes")
    assert again.went_down
    again.close()
    assert not NotesFolder(tmp_path / "notes").went_down
