"""The report is plain JSON, says what happened, and is what its page tells."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from auralarchive.audio.report import report
from auralarchive.ports.audio import ConvertResult
from tests.support.audio import encode, make_book, make_m4b, odd_length, voice
from tests.unit.audio.conftest import Convert

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "report.md"


def _report(result: ConvertResult, seconds: float = 2.0) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(json.dumps(report(result, seconds)))
    return told


def test_an_encode(tmp_path: Path, convert: Convert) -> None:
    make_book(tmp_path / "book", seconds=1.0)
    told = _report(convert(tmp_path / "book"), 1.23456)
    samples = sum(odd_length(number, 1.0, 44100) for number in (1, 2, 3))
    assert (told["mode"], told["seconds"], told["joins"], told["joints"]) == ("encode", 1.235, [], [])
    assert "mp3" in told["reason"]
    assert told["speed"] == round(samples / 44100 / 1.23456, 1)
    assert told["samples"] == {"in": samples, "in_rate": 44100, "out": samples, "out_rate": 44100}
    assert told["packets"] == told["packets_touched"] == -(-samples // 1024) + 1
    assert told["segments"] == {"count": 1, "reused": 0, "joints": 0, "joints_without_agreement": 0}
    assert [chapter["title"] for chapter in told["chapters"]] == ["Chapter 1", "Chapter 2", "Chapter 3"]
    assert told["chapters_from"] == "files"
    assert [part["lag"] for part in told["verification"]["parts"]] == [0, 0, 0]
    assert {"probe", "plan", "encode", "write", "verify"} <= set(told["timing"])


def test_copied_joints_are_told_one_by_one(tmp_path: Path, convert: Convert) -> None:
    make_book(tmp_path / "book", codec="m4a", seconds=2.0)
    told = _report(convert(tmp_path / "book", joints="close"))
    assert told["mode"] == "remux"
    assert [joint["at"] for joint in told["joints"]] == [chapter["start"] for chapter in told["chapters"][1:]]
    assert [joint["next"] for joint in told["joints"]] == ["02 - Chapter 2.m4a", "03 - Chapter 3.m4a"]
    assert sum(joint["touched"] for joint in told["joints"]) == told["packets_touched"] > 0
    gaps = sum(joint["gap"] for joint in told["joints"])
    assert told["samples"]["out"] == told["samples"]["in"] + gaps
    assert told["segments"] is None


def test_of_a_mixed_book_both_are_told(tmp_path: Path, convert: Convert) -> None:
    make_book(tmp_path / "book", chapters=4, codec="m4a", seconds=2.0)
    encode(tmp_path / "book" / "03 - Chapter 3.mp3", voice(3, 1.0), "mp3")
    (tmp_path / "book" / "03 - Chapter 3.m4a").unlink()
    told = _report(convert(tmp_path / "book"))
    assert (told["mode"], len(told["joints"]), told["segments"]["count"]) == ("mixed", 3, 1)
    new = sum(joint["touched"] for joint in told["joints"])
    # What was encoded is a source like the others to the joints and to the proof, and not to a person.
    assert told["verification"]["identical_packets"] == told["packets"] - new
    assert told["packets_touched"] - new == pytest.approx(odd_length(3, 1.0, 44100) / 1024, abs=3)


def test_nothing_of_a_kept_book_is_touched(tmp_path: Path, convert: Convert) -> None:
    told = _report(convert(make_m4b(tmp_path / "book.m4b", seconds=1.0)))
    assert (told["mode"], told["packets_touched"], told["joints"]) == ("keep", 0, [])
    assert told["samples"]["in"] == told["samples"]["out"]


def test_what_no_header_tells_is_not_made_up(tmp_path: Path, convert: Convert) -> None:
    (tmp_path / "book").mkdir()
    encode(tmp_path / "book" / "1.wma", voice(1, 1.0), "wma")
    told = _report(convert(tmp_path / "book"))
    assert told["samples"]["in"] is None
    assert told["samples"]["out"] > 40000


def _keys(told: object, before: str = "") -> set[str]:
    """Every key with those above it; of lists the first entry, of the recipe only itself."""
    if isinstance(told, list):
        return _keys(told[0], before) if told else set()
    if not isinstance(told, dict) or before == "recipe.":
        return set()
    return {f"{before}{key}" for key in told}.union(*(_keys(value, f"{before}{key}.") for key, value in told.items()))


def test_the_page_tells_of_every_key_and_of_no_other(tmp_path: Path, convert: Convert) -> None:
    """And its example has the very keys of a report: whoever builds on it can copy it."""
    make_book(tmp_path / "mp3", seconds=1.0, cover=True)
    encoded = _report(convert(tmp_path / "mp3"))
    make_book(tmp_path / "m4a", codec="m4a", seconds=2.0)
    copied = _report(convert(tmp_path / "m4a", joints="close"))
    again = _report(convert(tmp_path / "mp3", recipe=encoded["recipe"]))
    page = PAGE.read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert _keys(json.loads(example)) == _keys(copied)
    documented = set(re.findall(r"^\| `([^`]+)` \|", page.partition("\n## ")[0], re.MULTILINE))
    real = _keys(encoded) | _keys(copied) | _keys(again)
    assert documented == {key for key in real if not key.startswith("timing.")}
