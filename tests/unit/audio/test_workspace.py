"""The work folder is left as it was found, unless there is a result."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from auralarchive.audio.workspace import workspace
from auralarchive.ports.errors import NoSpace


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
    with pytest.raises(PermissionError), workspace(tmp_path):
        raise PermissionError(errno.EACCES, "no")
    with pytest.raises(NoSpace, match="MB are needed"), workspace(tmp_path) as work:
        work.need(10**18)
