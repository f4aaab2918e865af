"""What a report of a bug begins with."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from auralarchive import settings as tree
from auralarchive.runtime.about import VERSION, about


def test_versions_of_what_is_at_work(tmp_path: Path) -> None:
    """Nothing is loaded for it, and nothing tells whose instance it is."""
    told = about(tree.read(data_dir=tmp_path))
    assert told["version"] == VERSION
    assert told["python"] == ".".join(map(str, sys.version_info[:3]))
    assert told["database"].startswith("SQLite 3.")
    assert told["ffmpeg"].startswith(tuple("0123456789nN"))
    assert told["libtorrent"]
    assert told["licence"] == "GPL-3.0-or-later"
    assert str(tmp_path) not in "".join(told.values())


def test_what_is_not_there_is_told_as_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing FFmpeg is told by the checks; a PostgreSQL's address may hold a password."""
    monkeypatch.setenv("AURALARCHIVE_DATABASE_URL", "postgresql://me:secret-word@host/db")
    told = about(tree.read(data_dir=tmp_path, conversion={"ffmpeg": tmp_path / "none"}))
    assert told["ffmpeg"] == ""
    assert told["database"].startswith("PostgreSQL")
    assert "secret-word" not in "".join(told.values())
