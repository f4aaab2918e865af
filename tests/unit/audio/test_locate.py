"""The place of a damage is found near where it is, however fast the decode was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auralarchive.audio.ffmpeg import Ffmpeg, base_command, pcm_output, source_arguments
from auralarchive.audio.kinds import Kind
from auralarchive.audio.locate import first_complaint
from auralarchive.audio.mp4.reader import read
from auralarchive.audio.process import Limits
from auralarchive.ports.work import CancelToken
from tests.support.audio import encode, voice


def _second(ffmpeg: Ffmpeg, fd: int) -> float | None:
    command = [*base_command(ffmpeg), *source_arguments(fd, Kind.MP4), *pcm_output(44100, 1)]
    return first_complaint(command, limits=Limits(), cancel=CancelToken(), fd=fd, bytes_per_second=4 * 44100)


def test_the_second_is_right_within_a_quarter(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    fd = os.open(encode(tmp_path / "x.m4a", voice(1, 60.0), "m4a"), os.O_RDWR)
    assert _second(ffmpeg, fd) is None
    packets = read(fd).audio[0].packets
    os.pwrite(fd, b"\x55" * 2000, int(packets.offsets[40 * 44100 // 1024]))
    assert _second(ffmpeg, fd) == pytest.approx(40.0, abs=0.25)
    os.close(fd)
