"""Walking frames tells the exact length, and finds cuts and holes with their place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auralarchive.audio import mpeg
from auralarchive.audio.mpeg import Walk, id3_length, parse, walk
from tests.support.audio import Tags, decode, encode, odd_length, tag, voice


def _walk(path: Path) -> Walk:
    fd = os.open(path, os.O_RDONLY)
    try:
        found = walk(fd)
        assert found is not None
        return found
    finally:
        os.close(fd)


def test_all_frames_of_a_whole_file_are_found(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.mp3", voice(1, 3.0), "mp3")
    tag(path, Tags("A", "B", "C", 1, 1), cover=True)
    found = _walk(path)
    assert found.promised == found.frames
    assert (found.holes, found.cut_bytes) == ((), 0)
    assert odd_length(1, 3.0, 44100) <= found.samples <= odd_length(1, 3.0, 44100) + 3 * 1152
    assert found.bitrate_kbps == pytest.approx(64, rel=0.05)


def test_raw_aac_packets_are_placed_behind_their_headers(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.aac", voice(1, 1.0, 22050, 2), "aac", rate=22050)
    found = _walk(path)
    assert (found.first.rate, found.first.channels, found.first.config) == (22050, 2, b"\x13\x90")
    assert found.samples == 1024 * found.frames
    assert (found.packets.sizes + 7).sum() == path.stat().st_size


def test_a_hole_is_found_at_its_second_and_the_rest_still_counts(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.mp3", voice(1, 10.0), "mp3")
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\x11" * 2000)
    found = _walk(path)
    (hole,) = found.holes
    assert hole.sample / 44100 == pytest.approx(5.0, abs=0.1)
    assert 1500 < hole.length < 2500
    assert found.seconds == pytest.approx(9.75, abs=0.2)


def test_tags_at_the_end_are_no_damage(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.mp3", voice(1, 1.0), "mp3")
    ape = b"APETAGEX" + (2000).to_bytes(4, "little") + (32).to_bytes(4, "little") + bytes(16)
    with path.open("ab") as file:
        file.write(ape + b"TAG" + bytes(125))
    found = _walk(path)
    assert (found.holes, found.cut_bytes) == ((), 0)


def test_a_cut_last_frame_and_a_missing_half_are_told_apart(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.mp3", voice(1, 3.0), "mp3")
    size = path.stat().st_size
    os.truncate(path, size - 50)
    found = _walk(path)
    assert found.cut_bytes > 0
    assert found.promised == found.frames + 1
    os.truncate(path, size // 2)
    found = _walk(path)
    assert found.promised is not None
    assert found.promised > found.frames + 50


@pytest.mark.parametrize(
    "head", [b"", b"\xff\xfb", b"\xff\xfb\xf0\x00", b"\xff\xfb\x0c\x00", b"\xff\xe9\x90\x00", b"\xff\xf1\xfc\0\0\0\0"]
)
def test_impossible_headers_are_no_frames(head: bytes) -> None:
    assert parse(head) is None


def test_several_id3_tags_in_front_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes((b"ID3\x04\0\0\0\0\x01\x00" + bytes(128)) * 2 + b"\xff\xfb")
    fd = os.open(path, os.O_RDONLY)
    assert id3_length(fd) == 276
    os.close(fd)


@pytest.mark.parametrize(
    ("rate", "channels", "seconds"), [(44100, 1, 3.0), (48000, 2, 2.0), (22050, 1, 4.0), (16000, 1, 1)]
)
def test_what_is_heard_of_an_mp3_is_known_to_the_sample(
    tmp_path: Path, rate: int, channels: int, seconds: float
) -> None:
    path = encode(tmp_path / "x.mp3", voice(1, seconds, rate, channels), "mp3", rate=rate)
    assert _walk(path).heard == len(decode(path))


def test_without_a_header_all_frames_are_heard(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.mp3", voice(1, 3.0), "mp3", extra=("-write_xing", "0"))
    found = _walk(path)
    assert found.promise is None
    assert found.heard == found.samples == len(decode(path))


def test_files_put_one_behind_the_other_are_told_and_no_damage(tmp_path: Path) -> None:
    one, other = (encode(tmp_path / f"{n}.mp3", voice(n, 2.0), "mp3") for n in (1, 2))
    for path in (one, other):
        tag(path, Tags("A", "B", "C", 1, 1))
    (tmp_path / "x.mp3").write_bytes(one.read_bytes() + other.read_bytes())
    found = _walk(tmp_path / "x.mp3")
    assert (found.pieces, found.holes, found.heard) == (2, (), None)
    assert found.frames == _walk(one).frames + _walk(other).frames + 1


def test_a_walk_is_the_same_wherever_its_windows_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = encode(tmp_path / "x.mp3", voice(1, 5.0), "mp3")
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\x11" * 2000)
    whole = _walk(path)
    for step in (1000, 4097, 20_000):
        monkeypatch.setattr(mpeg, "_STEP", step)
        found = _walk(path)
        assert (found.frames, found.holes, found.audio_bytes) == (whole.frames, whole.holes, whole.audio_bytes)
