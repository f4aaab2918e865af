"""Content decides, names do not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auralarchive.audio.kinds import Kind
from auralarchive.audio.sniff import describe, sniff
from tests.support.audio import encode, voice

KINDS = {
    "mp3": Kind.MP3,
    "m4a": Kind.MP4,
    "aac": Kind.ADTS,
    "flac": Kind.FLAC,
    "ogg": Kind.OGG,
    "opus": Kind.OGG,
    "wma": Kind.ASF,
    "wav": Kind.WAV,
}


def _with(path: Path, question: str) -> Kind | str | None:
    fd = os.open(path, os.O_RDONLY)
    try:
        return sniff(fd) if question == "kind" else describe(fd)
    finally:
        os.close(fd)


@pytest.mark.parametrize("codec", KINDS)
def test_each_kind_is_known_under_a_false_name(tmp_path: Path, codec: str) -> None:
    path = encode(tmp_path / "x.txt", voice(1, 0.5), codec)
    assert _with(path, "kind") is KINDS[codec]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (bytes(1000), "nothing but zeros"),
        (b"#EXTM3U\n", "a playlist"),
        (b"ffconcat version 1.0\n", "a playlist"),
        (b"<!DOCTYPE html>", "a web page"),
        (b"hello there\n" * 9, "a text"),
        (b"PK\3\4" + bytes(range(128, 256)) * 4, "no audio that we know"),
    ],
)
def test_what_is_no_audio_gets_a_name(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "01.mp3"
    path.write_bytes(content)
    assert _with(path, "kind") is None
    assert _with(path, "name") == what
