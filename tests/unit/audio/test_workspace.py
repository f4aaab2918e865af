"""The work folder is left as it was found, unless there is a result."""

from __future__ import annotations

import errno
import os
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from auralarchive.audio.workspace import workspace
from auralarchive.ports.errors import NoSpace, TransientError


def test_a_result_stays_and_scratch_goes(tmp_path: Path) -> None:
    with workspace(tmp_path) as work:
        os.close(work.create(work.scratch / "packets"))
        os.close(work.create(work.result))
        work.save("cover.jpg", b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book.m4b", "cover.jpg"]


def test_an_error_leaves_nothing_of_ours_and_everything_else(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"kept")
    with pytest.raises(KeyError):
        _fail_after_writing(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def _fail_after_writing(folder: Path) -> None:
    with workspace(folder) as work:
        os.close(work.create(work.result))
        raise KeyError


def test_leftovers_of_a_killed_attempt_are_replaced_never_followed(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "old").write_bytes(b"x")
    target = tmp_path / "precious"
    target.write_bytes(b"precious")
    (tmp_path / "book.m4b").symlink_to(target)
    with workspace(tmp_path) as work:
        assert list(work.scratch.iterdir()) == []
        os.close(work.create(work.result))
    assert target.read_bytes() == b"precious"


def test_a_disk_that_fills_up_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(NoSpace), workspace(tmp_path):
        raise OSError(errno.ENOSPC, "full")
    with pytest.raises(NoSpace, match="limit"), workspace(tmp_path):
        raise OSError(errno.EFBIG, "File too large")
    with pytest.raises(PermissionError), workspace(tmp_path):
        raise PermissionError(errno.EACCES, "no")
    with pytest.raises(NoSpace, match="MB are needed"), workspace(tmp_path) as work:
        work.need(10**18)


def test_a_file_that_is_taken_away_is_worth_another_attempt(tmp_path: Path) -> None:
    """Two at the same finished units: the one that is done first removes them."""
    with pytest.raises(TransientError, match="gone") as told, workspace(tmp_path):
        raise FileNotFoundError(errno.ENOENT, "gone")
    assert told.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_others_fill_meanwhile_ends_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked at once a second, since every step asks."""
    free, looked, now = 10**9, 0, 100.0

    def usage(_folder: Path) -> SimpleNamespace:
        nonlocal looked
        looked += 1
        return SimpleNamespace(free=free)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with workspace(tmp_path) as work:
        for now in (100.5, 101.1, 101.2, 101.9, 102.2):  # noqa: B007 - the clock that the workspace reads
            work.watch()
        assert looked == 2
        free, now = 15 * 2**20, 104.0
        with pytest.raises(NoSpace, match="15 MB left"):
            work.watch()
