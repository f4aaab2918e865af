"""What is made of bad sources is listened to: a return code of 0 is no proof."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from bench import report
from bench.audio.plan import Plan
from bench.audio.refusals import refusals


def test_ours_makes_no_wrong_book_of_three_bad_sources_and_ffmpeg_three(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results")
    refusals(Plan.quick(tmp_path))
    rows = json.loads((tmp_path / "results" / "bad-sources.json").read_text())["rows"]
    assert len(rows) == 6
    wrong = Counter(row["who"] for row in rows if row["wrong book taken for good"])
    assert wrong == {"plain ffmpeg": 3}
    told = {row["sources"]: row[""] for row in rows if row["who"] == "ours"}
    assert "AaxcKey" not in str(told)
    assert "key" in told["AAXC with a wrong key"]
    assert "cut.mp3 is damaged" in told["MP3 cut at 60 %"]
    assert "the right sound" in told["M4A of two sample rates"]
