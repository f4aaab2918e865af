"""Figures of quality must fall with quality."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.audio.quality import score
from tests.support.audio import encode, voice


def test_fewer_bits_score_worse(tmp_path: Path) -> None:
    source = encode(tmp_path / "source.flac", voice(1, 12.0), "flac")
    poor, good = (encode(tmp_path / f"{kbps}.m4a", voice(1, 12.0), "m4a", bitrate=kbps) for kbps in (24, 128))
    worse, better = (score(path, [source], pesq=False, folder=tmp_path) for path in (poor, good))
    assert better.distance_db < worse.distance_db
    assert better.segmental_db > worse.segmental_db + 3
    assert better.pesq is None


def test_the_same_sound_has_no_distance(tmp_path: Path) -> None:
    source = encode(tmp_path / "source.flac", voice(1, 6.0), "flac")
    same = score(source, [source], pesq=False, folder=tmp_path)
    assert same.distance_db == pytest.approx(0, abs=1e-6)
    assert same.segmental_db == pytest.approx(35)
