"""The report is plain JSON."""

from __future__ import annotations

import json
from pathlib import Path

from auralarchive.audio.report import report
from tests.support.audio import make_book
from tests.unit.audio.conftest import Convert


def test_everything_of_a_result_is_in_it(tmp_path: Path, convert: Convert) -> None:
    make_book(tmp_path / "book", seconds=1.0)
    found = json.loads(json.dumps(report(convert(tmp_path / "book"), 1.23456)))
    assert (found["mode"], found["seconds"], found["joins"]) == ("encode", 1.235, [])
    assert [chapter["title"] for chapter in found["chapters"]] == ["Chapter 1", "Chapter 2", "Chapter 3"]
    assert found["chapters_from"] == "files"
    assert [part["lag"] for part in found["verification"]["parts"]] == [0, 0, 0]
