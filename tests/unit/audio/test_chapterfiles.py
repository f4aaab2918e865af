"""Lists of chapters in each form that programs write mean the same."""

from __future__ import annotations

import json
import time

import pytest

from auralarchive.audio.chapterfiles import Listed, parse
from auralarchive.audio.mp4.reader import MAX_CHAPTERS, Mark

FFMETADATA = r""";FFMETADATA1
title=The Book
[CHAPTER]
TIMEBASE=1/1000
START=0
END=62500
title=Start
[CHAPTER]
TIMEBASE=1/44100
START=2756250
END=9
title=Next \= \#one\;
[STREAM]
title=no
"""
M4B_TOOL = "## total-duration: 00:10:00.000\n##\n00:00:00.000 Start\n00:01:02.500 Next = #one;\n"
FFPROBE = {
    "chapters": [
        {"id": 0, "start_time": "0.000000", "tags": {"title": "Start"}},
        {"id": 1, "start_time": "62.500000", "tags": {"title": "Next = #one;"}},
    ]
}
SHELF = {"title": "x", "chapters": [{"start": 0, "title": "Start"}, {"start": 62.5, "title": "Next = #one;"}]}
PODCAST = {"chapters": [{"startTime": 0, "title": "Start"}, {"startTime": 62.5, "title": "Next = #one;"}, 7, {}]}


@pytest.mark.parametrize(
    "text",
    [
        "0:00 Start\n00:01:02.5 Next = #one;\n",
        "[00:00:00] - Start\r\n(00:01:02,500) – Next = #one;\r\n",
        "CHAPTER01=00:00:00.000\nCHAPTER01NAME=Start\nCHAPTER02=00:01:02.5\nCHAPTER02NAME=Next = #one;\n",
        "0.000000\t62.500000\tStart\n62,500000\t90.000000\tNext = #one;\n",
        M4B_TOOL,
        FFMETADATA,
        json.dumps(FFPROBE),
        json.dumps(SHELF),
        json.dumps(PODCAST),
    ],
)
def test_every_form_means_the_same(text: str) -> None:
    assert parse(text, "x") == Listed("x", marks=(Mark(0.0, "Start"), Mark(62.5, "Next = #one;")))


@pytest.mark.parametrize("wrapped", [False, True])
def test_audible_s_and_audnexus_s_own(wrapped: bool) -> None:
    inner = {"runtimeLengthMs": 5000, "chapters": [{"startOffsetMs": 0, "lengthMs": 5000, "title": "A"}]}
    found = parse(json.dumps({"content_metadata": {"chapter_info": inner}} if wrapped else inner))
    assert found.catalogue is not None
    assert found.catalogue.chapters == ((0, "A"),)


def test_a_cue_sheet_is_known_by_its_content() -> None:
    (file,) = parse('FILE "a.mp3" MP3\nTRACK 01 AUDIO\nINDEX 01 00:01:00\n').files
    assert (file.name, file.marks) == ("a.mp3", [Mark(1.0, "")])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing",
        "{",
        "[1]",
        "{" * 100_000,
        '{"a":' * 100_000,
        '{"chapters": {"a": 1}}',
        '{"chapters": [{"start": NaN}, {"start": 1e999}, {"start": -1}, {"start": true}, {"start": "x"}]}',
        '{"chapters": [{"start": ' + "9" * 5000 + "}]}",
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/0\nSTART=5\n[CHAPTER]\nTIMEBASE=x\n[CHAPTER]\nSTART=-5\n",
        "99999999:00 far\n",
    ],
)
def test_what_is_no_list_is_an_empty_one(text: str) -> None:
    assert not parse(text)


def test_hostile_lists_cost_little() -> None:
    started = time.thread_time()
    assert len(parse("0:01 x\n" * 100_000).marks) == MAX_CHAPTERS
    rows = [{"start": number, "title": ["x"]} for number in range(30_000)]
    assert len(parse(json.dumps({"chapters": rows})).marks) == MAX_CHAPTERS
    for text in ("\n" * 1_000_000, " " * 1_000_000, "1:" * 500_000, "0:01" + " " * 1_000_000, "\t1.1" * 200_000):
        assert len(parse(text).marks) <= 1
    assert time.thread_time() - started < 5
