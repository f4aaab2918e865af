"""A decode in ranges gives what a decode from the beginning gives, and nothing passes unheard."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio import listen
from auralarchive.audio.ffmpeg import Ffmpeg, examine
from auralarchive.audio.fingerprint import KEPT, WINDOW
from auralarchive.audio.listen import Listener, Unclean, can_listen
from auralarchive.audio.mp4.config import AacConfig
from auralarchive.audio.mp4.config import parse as parse_config
from auralarchive.audio.mp4.reader import read
from auralarchive.audio.process import Limits
from auralarchive.ports.work import CancelToken
from tests.support.audio import decode, encode, ffmpeg_programs, voice


@pytest.fixture
def book(tmp_path: Path) -> Iterator[int]:
    # Without bands of noise: those a decoder fills by chance, and each time otherwise.
    path = encode(tmp_path / "x.m4a", voice(1, 60.0, channels=2), "m4a", extra=("-aac_pns", "0"))
    fd = os.open(path, os.O_RDWR)
    yield fd
    os.close(fd)


def _listener(ffmpeg: Ffmpeg, jobs: int, heard: list[float] | None = None) -> Listener:
    return Listener(ffmpeg, Limits(), CancelToken(), jobs, (heard if heard is not None else []).append)


@pytest.mark.parametrize("program", ffmpeg_programs())
@pytest.mark.parametrize(("jobs", "stride"), [(1, 1), (2, 3), (7, 5)])
def test_ranges_sound_like_the_whole(
    tmp_path: Path, book: int, program: Path, jobs: int, stride: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen, "_SHORTEST_FRAMES", 64)
    found = examine(program, "test")
    assert found is not None
    track = read(book).audio[0]
    done: list[float] = []
    heard = _listener(found, jobs, done).listen(book, track.packets, parse_config(track.config), stride)
    assert heard.samples == 1024 * (len(track.packets) - 1) == sum(done)
    whole = decode(tmp_path / "x.m4a") @ np.asarray([0.6, 0.4], np.float32)
    windows = whole[: len(whole) // WINDOW * WINDOW].reshape(-1, WINDOW)[::stride, :KEPT]
    assert np.abs(heard.prints.windows[: len(windows)] - 32768 * windows).max() <= 2


def test_a_hole_is_heard(ffmpeg: Ffmpeg, book: int) -> None:
    track = read(book).audio[0]
    os.pwrite(book, b"\x5a" * 3000, int(track.packets.offsets[2000]))
    with pytest.raises(Unclean):
        _listener(ffmpeg, 2).listen(book, track.packets, parse_config(track.config), 1)


def test_other_packets_than_promised_are_noticed(ffmpeg: Ffmpeg, book: int) -> None:
    """A decoder that was told of mono hears an error, or gives another number of samples."""
    track = read(book).audio[0]
    with pytest.raises(Unclean):
        _listener(ffmpeg, 1).listen(book, track.packets, AacConfig(2, 22050, 1, sbr=True), 1)


def test_only_plain_streams_can_be_listened_to() -> None:
    assert can_listen(AacConfig(2, 44100, 1))
    assert not can_listen(AacConfig(2, 22050, 1, sbr=True))
    assert not can_listen(AacConfig(2, 44100, 0))
    assert not can_listen(AacConfig(2, 44123, 2))
