"""Digests are those of everyone else's tools."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from auralarchive.audio.digests import digests
from auralarchive.audio.sources import find_sources
from auralarchive.ports.errors import Cancelled
from auralarchive.ports.work import CancelToken
from tests.support.audio import make_book


def test_they_come_in_order(tmp_path: Path) -> None:
    paths = make_book(tmp_path / "book", seconds=1.0)
    found = find_sources((tmp_path / "book",), max_files=9).audio
    with digests(found, CancelToken().check) as running:
        assert running.all() == tuple(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)


def test_a_cancel_stops_the_reading(tmp_path: Path) -> None:
    make_book(tmp_path / "book", seconds=1.0)
    cancel = CancelToken()
    cancel.cancel()
    with (
        digests(find_sources((tmp_path / "book",), max_files=9).audio, cancel.check) as running,
        pytest.raises(Cancelled),
    ):
        running.all()
