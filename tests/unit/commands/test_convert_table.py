"""The table after a conversion says all that matters, and stays within its width."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from auralarchive.commands.convert_table import table
from auralarchive.domain.chapters import ChapterSource


def _told(**changed: Any) -> dict[str, Any]:
    chapters = [{"title": f"Chapter {number}", "start": 600.0 * number, "end": 0.0} for number in range(12)]
    told = {
        "mode": "remux",
        "reason": "all sources are AAC of one kind: their packets are copied",
        "duration_seconds": 10804.2,
        "size": 89_000_000,
        "codec": "aac",
        "bitrate_kbps": 64,
        "seconds": 3.76,
        "speed": 2873.4,
        "samples": {"in": 1, "in_rate": 44100, "out": 1, "out_rate": 44100},
        "packets": 465_305,
        "packets_touched": 5,
        "joints": [],
        "segments": None,
        "chapters": chapters,
        "chapters_from": "cue",
        "cover": {"format": "jpeg", "size": 45_300, "sha256": ""},
        "verification": {"packets": 465_305, "identical_packets": 465_305, "decoded_samples": 9, "parts": []},
        "rerun": None,
    }
    return {**told, **changed}


def _lines(told: dict[str, Any], width: int = 80) -> list[str]:
    return [line.plain for line in table(told, width)]


def _values(told: dict[str, Any]) -> dict[str, str]:
    return {line[:11].strip(): line[11:] for line in _lines(told, 500)}


def test_a_copy() -> None:
    told = _values(_told())
    assert told["Way"] == "copied without loss: all sources are AAC of one kind: their packets are copied"
    assert (told["Length"], told["Size"]) == ("3:00:04", "89.0 MB, AAC at 64 kbit/s")
    assert told["Took"] == "3.8 s, 2,873 times real time"
    assert (told["Joints"], told["Cover"]) == ("none", "JPEG, 45 kB")
    assert told["Checked"] == "all 465,305 packets; decoded to the end; 465,300 packets are the sources' own"


def test_the_first_and_the_last_chapters_with_their_source() -> None:
    lines = _lines(_told())
    at = lines.index("Chapters   12 (a cue sheet beside it)")
    assert lines[at + 1 : at + 9] == [
        *(f"  0:{number}0:00  Chapter {number}" for number in range(4)),
        "  …        5 more",
        *(f"  {time}  Chapter {number}" for time, number in (("1:30:00", 9), ("1:40:00", 10), ("1:50:00", 11))),
    ]


def test_joints_of_copies() -> None:
    joints = [{"kind": "close", "gap": 441, "touched": 3}, {"kind": "plain", "gap": 1102, "touched": 0}]
    assert _values(_told(joints=joints))["Joints"] == (
        "2 between copied files (1 close, 1 plain); no gap is longer than 25 ms; 3 of 465,305 packets made anew there"
    )
    gapless = [{"kind": "gapless", "gap": 0, "touched": 3}]
    assert "(1 gapless); no gap;" in _values(_told(joints=gapless))["Joints"]


def test_an_encode_and_what_was_there_before() -> None:
    segments = {"count": 16, "reused": 5, "joints": 15, "joints_without_agreement": 0}
    proof: dict[str, Any] = {"packets": 9, "identical_packets": None, "decoded_samples": 9, "parts": [{}, {}]}
    told = _values(_told(mode="encode", segments=segments, verification=proof, cover=None))
    assert told["Joints"] == "16 segments encoded (5 of them by an earlier attempt), without a gap"
    assert told["Checked"].endswith("decoded to the end; 2 sources recognised by sound, each in its place")
    assert told["Cover"] == "none"


@pytest.mark.parametrize(("same", "text"), [(True, "the same file again, bit for bit"), (False, "not the same file")])
def test_a_recipe(same: bool, text: str) -> None:
    assert _values(_told(rerun={"same": same, "differences": []}))["Recipe"].startswith(text)


@pytest.mark.parametrize("source", ChapterSource)
def test_every_source_of_chapters_has_words(source: ChapterSource) -> None:
    line = _values(_told(chapters_from=source))["Chapters"]
    assert ("(" in line) == (source is not ChapterSource.NONE)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_it_folds_in_its_own_column(width: int) -> None:
    """Wide letters, no place to break, brackets as in markup: none of it makes a mess."""
    chapters: list[dict[str, Any]] = [
        {"title": title, "start": 0.0, "end": 0.0} for title in ("漢字" * 40, "x" * 90, "[bold]a[/x] b " * 9)
    ]
    lines = _lines(_told(chapters=chapters), width)
    assert max(cell_len(line) for line in lines) <= width
    assert all(line == line.rstrip() for line in lines)
    folded = "".join(line[11:].replace(" ", "") for line in lines)
    assert all(chapter["title"].replace(" ", "") in folded for chapter in chapters)
