"""The encode route: many sources, one stream."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio.encoding import Encoded, EncodeRoute
from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.plan import Format
from auralarchive.audio.probe import probe
from auralarchive.audio.process import Limits
from auralarchive.audio.sources import find_sources
from auralarchive.ports.errors import Cancelled, PermanentError
from auralarchive.ports.work import CancelToken
from tests.support.audio import make_book, odd_length

TARGET = Format(44100, 1, 64, "fast")


def test_parts_lie_where_their_samples_do(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    make_book(tmp_path / "book", seconds=1.0, codec="flac")
    probes = [probe(source) for source in find_sources((tmp_path / "book",), max_files=9).audio]
    route = EncodeRoute(ffmpeg, Limits(), TARGET, 2, CancelToken())
    own, fed = route.work(probes)
    heard: list[float] = []
    fd = os.open(tmp_path / "packets", os.O_RDWR | os.O_CREAT)
    encoded = route.run(probes, fd, own, heard.append)
    os.close(fd)
    lengths = [odd_length(number, 1.0, 44100) for number in (1, 2, 3)]
    assert [part.length for part in encoded.parts] == lengths
    assert [part.start for part in encoded.parts] == [0, lengths[0], lengths[0] + lengths[1]]
    assert encoded.samples == sum(lengths)
    assert sum(heard) == pytest.approx(fed, rel=0.01)
    movie = encoded.movie(())
    assert (movie.skip, movie.playing, movie.media_duration) == (1024, sum(lengths), sum(lengths) + 1024)


def test_a_cancel_leaves_no_worker(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    make_book(tmp_path / "book", seconds=1.0, codec="flac")
    probes = [probe(source) for source in find_sources((tmp_path / "book",), max_files=9).audio]
    cancel = CancelToken()
    cancel.cancel()
    fd = os.open(tmp_path / "packets", os.O_RDWR | os.O_CREAT)
    with pytest.raises(Cancelled):
        EncodeRoute(ffmpeg, Limits(), TARGET, 2, cancel).run(probes, fd, 1000, lambda part: None)
    os.close(fd)


def test_packets_that_do_not_fit_the_samples_are_an_error() -> None:
    sizes = np.full(10, 100, np.int64)
    encoded = Encoded(TARGET, sizes, 50_000, (), np.zeros(0, np.float32), (), 0, ())
    with pytest.raises(PermanentError, match="packets"):
        encoded.movie(())
