"""OverDrive marks a chapter again and again: it is one chapter."""

from __future__ import annotations

import time

from auralarchive.audio.mp4.reader import Mark
from auralarchive.audio.overdrive import merged, parse_markers


def _markers(*rows: tuple[str, str]) -> str:
    return "<Markers>" + "".join(f"<Marker><Name>{n}</Name><Time>{t}</Time></Marker>" for n, t in rows) + "</Markers>"


def test_markers_of_one_part() -> None:
    text = _markers(("Title Page", "0:00.000"), ("Tom & Jerry", "1:02.500"), ("A &amp; B", "1:00:00.000"), ("x", "no"))
    assert parse_markers(text) == (Mark(0.0, "Title Page"), Mark(62.5, "Tom & Jerry"), Mark(3600.0, "A & B"))


def test_what_is_no_list_is_none() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbb">]><Markers><Marker><Name>&b;</Name><Time>0:00</Time></Marker></Markers>'
    for text in ("", "x", "<Markers>", bomb, "<a/>" * 1_000_000, "<a>" * 100_000):
        assert parse_markers(text) == ()


def test_repeats_and_continued_chapters_are_one() -> None:
    parts = [
        [Mark(0, "Chapter 1"), Mark(300, "Chapter 1 (05:00)"), Mark(600, "Chapter 2"), Mark(900, "Chapter 2 (05:00)")],
        [Mark(0, "Chapter 2 (15:00)"), Mark(60, "Chapter 3")],
        [Mark(0, "Chapter 3 - continued"), Mark(10, "Chapter 4 (continued)")],
        [Mark(0.5, "Chapter 4"), Mark(50, "Interlude"), Mark(90, "Interlude")],
        [],
        [Mark(0, "Interlude (continued)"), Mark(1, "Discontinued")],
    ]
    assert merged(parts) == [
        [Mark(0, "Chapter 1"), Mark(600, "Chapter 2")],
        [Mark(60, "Chapter 3")],
        [Mark(10, "Chapter 4")],
        [Mark(50, "Interlude"), Mark(90, "Interlude")],
        [],
        [Mark(1, "Discontinued")],
    ]


def test_hostile_names_cost_little() -> None:
    started = time.thread_time()
    name = " ( " * 1300
    found = parse_markers(_markers(*[(name, "0:01")] * 200))
    assert merged([found])
    assert time.thread_time() - started < 5
