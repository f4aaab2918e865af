"""The gate: a file that is not what was planned never passes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio import fingerprint
from auralarchive.audio.chapters import Part
from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.fingerprint import WINDOW, Collector, Prints
from auralarchive.audio.mp4.reader import read
from auralarchive.audio.mp4.writer import Movie
from auralarchive.audio.probe import probe
from auralarchive.audio.process import Limits
from auralarchive.audio.progress import Meter
from auralarchive.audio.proof import Copied, Expectation, Prover, Sounded
from auralarchive.audio.sources import find_sources
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import Damaged, PermanentError
from auralarchive.ports.work import CancelToken
from tests.support.audio import decode, encode, make_m4b, voice


@pytest.fixture
def prover(ffmpeg: Ffmpeg) -> Prover:
    cancel = CancelToken()
    meter = Meter(lambda part: None, cancel)
    return Prover(ffmpeg, Limits(), cancel, meter, (0.0, 1.0), jobs=2, complete=True, warnings=[])


@pytest.fixture
def book(tmp_path: Path) -> Iterator[int]:
    fd = os.open(make_m4b(tmp_path / "x.m4b", 1), os.O_RDWR)
    yield fd
    os.close(fd)


def _expected(path: Path) -> Expectation:
    (source,) = find_sources((path,), max_files=1).audio
    only = probe(source)
    with source.open() as fd:
        found = read(fd)
        track = found.audio[0]
    chapters = tuple((round(mark.start * 44100), mark.title) for mark in found.chapters)
    movie = Movie(b"", 44100, track.packets.sizes, track.deltas, *track.playing, chapters)
    return Expectation(movie, [Part(only, 0, movie.playing)])


def _prints(path: Path, *, late: int = 0) -> Prints:
    samples = (32767 * np.roll(decode(path)[:, 0], late)).astype("<i2")
    collector = Collector(0, len(samples), 1)
    collector.take(samples.tobytes())
    return collector.prints(len(samples) % WINDOW)


def test_a_right_copy_passes_with_its_digest(tmp_path: Path, prover: Prover, book: int) -> None:
    path = tmp_path / "x.m4b"
    expected = _expected(path)
    count = len(expected.movie.sizes)
    copied = Copied(expected.movie, expected.parts, lambda fd, track: count)
    proof = prover.copied(book, copied)
    assert proof.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (proof.packets, proof.identical_packets, proof.decoded_samples) == (count, count, 1024 * (count - 1))
    quick = replace(prover, complete=False).copied(
        book, Copied(expected.movie, expected.parts, lambda fd, track: count)
    )
    assert quick.decoded_samples is None


def test_an_encode_must_sound_like_its_sources(tmp_path: Path, prover: Prover, book: int) -> None:
    path = tmp_path / "x.m4b"
    expected = _expected(path)
    right = Sounded(expected.movie, expected.parts, _prints(path), 1)
    proof = prover.encoded(book, right)
    assert [(name, likeness.lag) for name, likeness in proof.parts] == [("x.m4b", 0)]
    with pytest.raises(PermanentError, match="does not sound") as refused:
        prover.encoded(book, replace(right, prints=_prints(path, late=3)))
    assert refused.value.kind is FailureKind.VERIFICATION_FAILED


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("byte", [b"\0", b"\x5a"])
def test_a_kept_file_with_a_hole_is_damaged_at_its_second(
    tmp_path: Path, prover: Prover, book: int, complete: bool, byte: bytes
) -> None:
    """Also where not all of it is decoded: the packets' ends show it."""
    path = tmp_path / "x.m4b"
    os.pwrite(book, byte * 3000, path.stat().st_size // 2)
    with pytest.raises(Damaged, match=r"x\.m4b is damaged at 0:00:0[12]"):
        replace(prover, complete=complete).kept(book, read(book), _expected(path))


def test_damage_that_a_person_accepts_is_told(tmp_path: Path, prover: Prover, book: int) -> None:
    path = tmp_path / "x.m4b"
    os.pwrite(book, b"\x5a" * 3000, path.stat().st_size // 2)
    tolerant = replace(prover, tolerant=True, warnings=[])
    tolerant.kept(book, read(book), _expected(path))
    assert any("x.m4b" in warning for warning in tolerant.warnings)


@pytest.mark.parametrize("complete", [True, False])
def test_a_long_silent_part_is_named_and_a_short_one_is_a_pause(tmp_path: Path, prover: Prover, complete: bool) -> None:
    sound = np.concatenate([voice(1, 5.0), np.zeros((70 * 44100, 1), np.float32)])
    path = encode(tmp_path / "x.m4b", sound, "m4b", extra=("-movflags", "+faststart"))
    encode(tmp_path / "silence.m4a", sound[-70 * 44100 :], "m4a")
    (source,) = find_sources((tmp_path / "silence.m4a",), max_files=1).audio
    expected = _expected(path)
    start = len(voice(1, 5.0))
    parts = [replace(expected.parts[0], length=start), Part(probe(source), start, expected.movie.playing - start)]
    fd = os.open(path, os.O_RDONLY)
    with pytest.raises(Damaged, match=r"silence\.m4a is silent"):
        replace(prover, complete=complete).kept(fd, read(fd), replace(expected, parts=parts))
    os.close(fd)
    assert fingerprint.stride_for([part.length for part in parts]) == 1
