"""Sources are ordinary files, opened without following links. Special files are in tests/hostile/test_paths.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auralarchive.library.sources import opened_source
from auralarchive.ports.errors import AuralError, Gone, InvalidInput


def test_an_ordinary_file_is_opened(tmp_path: Path) -> None:
    (tmp_path / "book").write_bytes(b"x")
    for roots in ((), (tmp_path,)):
        with opened_source(tmp_path / "book", roots) as descriptor:
            assert os.pread(descriptor, 9, 0) == b"x"


@pytest.mark.parametrize(("name", "error"), [("link", InvalidInput), ("folder", InvalidInput), ("gone", Gone)])
def test_everything_else_is_refused_with_a_remedy(tmp_path: Path, name: str, error: type[AuralError]) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    with pytest.raises(error) as refused, opened_source(tmp_path / name, (tmp_path,)):
        pass
    assert refused.value.remedy
