"""Chapters in the tags of real files, in every form that mutagen reads."""

from __future__ import annotations

from pathlib import Path

import mutagen
import pytest
from mutagen.flac import FLAC, CueSheet, CueSheetTrack, CueSheetTrackIndex
from mutagen.id3 import CHAP, CTOC, ID3, TIT2, TXXX

from auralarchive.audio.sourcechapters import Embedded, embedded
from auralarchive.domain.chapters import ChapterSource
from tests.support.audio import encode, voice


def _chapter(name: str, start: int, title: str) -> CHAP:
    return CHAP(element_id=name, start_time=start, end_time=start + 1, sub_frames=[TIT2(encoding=3, text=title)])


def _table(name: str, children: list[str], title: str = "", *, top: bool = False) -> CTOC:
    titles = [TIT2(encoding=3, text=title)] if title else []
    return CTOC(element_id=name, flags=3 if top else 1, child_element_ids=children, sub_frames=titles)


def _id3(path: Path, *frames: object) -> Embedded:
    tags = ID3()
    for frame in frames:
        tags.add(frame)
    tags.save(path)
    return embedded(None, ID3(path))


def _rows(found: Embedded) -> list[tuple[float, str]]:
    return [(mark.start, mark.title) for mark in found.marks]


def test_id3_chapters_without_a_table(tmp_path: Path) -> None:
    found = _id3(tmp_path / "x", _chapter("b", 1500, "Two"), _chapter("a", 0, "One"))
    assert (found.source, _rows(found)) == (ChapterSource.ID3, [(0.0, "One"), (1.5, "Two")])


def test_the_table_of_contents_decides_what_is_shown_and_names_parts(tmp_path: Path) -> None:
    """Podcasts hide marks that only change a picture: they are in no table."""
    frames = [_chapter(name, start, name.upper()) for name, start in (("a", 0), ("b", 5), ("c", 9), ("hidden", 7))]
    tables = [
        _table("toc", ["p1", "p2", "missing"], "The Book", top=True),
        _table("p1", ["a", "b"], "Part I"),
        _table("p2", ["c"], "Part II"),
    ]
    found = _id3(tmp_path / "x", *frames, *tables)
    assert _rows(found) == [(0.0, "Part I: A"), (0.005, "B"), (0.009, "Part II: C")]


def test_tables_that_name_each_other_end(tmp_path: Path) -> None:
    frames = [_chapter("a", 0, "A"), _table("t", ["u", "t", "a"], top=True), _table("u", ["t", "u"])]
    assert _rows(_id3(tmp_path / "x", *frames)) == [(0.0, "A")]
    deep = [_table(f"t{n}", [f"t{n + 1}"], top=n == 0) for n in range(2000)]
    assert _rows(_id3(tmp_path / "y", _chapter("a", 0, "A"), *deep)) == [(0.0, "A")]


def test_a_table_of_nothing_hides_nothing(tmp_path: Path) -> None:
    assert _rows(_id3(tmp_path / "x", _chapter("a", 0, "A"), _table("t", ["?"], top=True))) == [(0.0, "A")]


def test_overdrive_markers_are_kept_apart(tmp_path: Path) -> None:
    text = "<Markers><Marker><Name>One</Name><Time>0:01.000</Time></Marker></Markers>"
    found = _id3(tmp_path / "x", TXXX(encoding=3, desc="OverDrive MediaMarkers", text=text))
    assert (found.source, found.marks) == (ChapterSource.NONE, ())
    assert [(mark.start, mark.title) for mark in found.markers] == [(1.0, "One")]


@pytest.mark.parametrize("codec", ["flac", "ogg", "opus"])
def test_vorbis_comments(tmp_path: Path, codec: str) -> None:
    """Numbers of every width, also with gaps; what is no time is none."""
    path = encode(tmp_path / f"x.{codec}", voice(1, 0.3), codec)
    file = mutagen.File(path)
    file["CHAPTER000"], file["CHAPTER000NAME"] = "00:00:00.000", "One"
    file["CHAPTER07"], file["CHAPTER07NAME"] = "00:00:00.250", "Two 👨\u200d👩"
    file["CHAPTER009"] = "-1"
    file.save()
    file = mutagen.File(path)
    found = embedded(file, file.tags)
    assert (found.source, _rows(found)) == (ChapterSource.VORBIS, [(0.0, "One"), (0.25, "Two 👨\u200d👩")])


def test_a_cue_sheet_as_a_comment(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.flac", voice(1, 0.3), "flac")
    file = FLAC(path)
    file["CUESHEET"] = 'FILE "x.flac" WAVE\nTRACK 01 AUDIO\nTITLE "A"\nINDEX 01 00:00:00\n'
    file.save()
    file = FLAC(path)
    assert _rows(embedded(file, file.tags)) == [(0.0, "A")]


def test_flac_s_own_cue_sheet_in_samples(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.flac", voice(1, 1.0), "flac")
    file = FLAC(path)
    file.cuesheet = CueSheet(None)
    file.cuesheet.compact_disc = False
    for number, start in ((1, 0), (2, 20_001), (255, 44_000)):
        track = CueSheetTrack(number, start)
        if number != 255:
            track.indexes = [CueSheetTrackIndex(1, 100 * (number - 1))]
        file.cuesheet.tracks.append(track)
    file.metadata_blocks.append(file.cuesheet)
    file.save()
    file = FLAC(path)
    found = embedded(file, file.tags or {})
    assert found.source is ChapterSource.FLAC_CUE
    assert [round(mark.start * 44100) for mark in found.marks] == [0, 20_101]


def test_nothing_is_nothing() -> None:
    assert embedded(None, {}) == Embedded()
