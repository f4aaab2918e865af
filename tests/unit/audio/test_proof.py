"""The gate: a file that is not what was planned never passes."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio.chapters import Part
from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.mp4.reader import read
from auralarchive.audio.mp4.writer import Movie
from auralarchive.audio.probe import probe
from auralarchive.audio.process import Limits
from auralarchive.audio.progress import Meter
from auralarchive.audio.proof import Expectation, Prover
from auralarchive.audio.sources import find_sources
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import Damaged, PermanentError
from auralarchive.ports.work import CancelToken
from tests.support.audio import make_m4b


@pytest.fixture
def prover(ffmpeg: Ffmpeg) -> Prover:
    cancel = CancelToken()
    return Prover(ffmpeg, Limits(), cancel, Meter(lambda part: None, cancel), (0.0, 1.0))


def _expected(path: Path) -> Expectation:
    (source,) = find_sources((path,), max_files=1).audio
    only = probe(source)
    with source.open() as fd:
        track = read(fd).audio[0]
    movie = Movie(b"", 44100, track.packets.sizes, track.deltas, *track.playing, ((0, "Chapter 1"),))
    return Expectation(movie, [Part(only, 0, movie.playing)])


def test_a_right_file_passes_with_its_digest(tmp_path: Path, prover: Prover) -> None:
    path = make_m4b(tmp_path / "x.m4b", 1)
    fd = os.open(path, os.O_RDONLY)
    expected = _expected(path)
    proof = prover.made(fd, expected, [expected.parts[0].probe.source])
    os.close(fd)
    assert proof.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() == proof.sources[0]
    assert proof.as_json()["packets"] == len(expected.movie.sizes)


def test_other_packets_or_other_sound_do_not_pass(tmp_path: Path, prover: Prover) -> None:
    path = make_m4b(tmp_path / "x.m4b", 1)
    fd = os.open(path, os.O_RDONLY)
    expected = _expected(path)
    with pytest.raises(PermanentError) as refused:
        prover.made(fd, replace(expected, copied=lambda: "another digest"), [])
    assert refused.value.kind is FailureKind.VERIFICATION_FAILED
    loud = np.random.default_rng(1).uniform(0.01, 0.9, 40).astype(np.float32)
    with pytest.raises(PermanentError, match="sound like"):
        prover.made(fd, replace(expected, loudness=loud), [])
    os.close(fd)


def test_a_kept_file_with_a_hole_is_damaged(tmp_path: Path, prover: Prover) -> None:
    path = make_m4b(tmp_path / "x.m4b", 1)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(bytes(3000))
    expected = _expected(path)
    fd = os.open(path, os.O_RDONLY)
    part = expected.parts[0]
    with pytest.raises(Damaged, match=r"x\.m4b"):
        prover.kept(fd, read(fd), part, part.probe.source)
    os.close(fd)
