"""Progress grows, and every step hears of a cancel."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio.engine import Engine
from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.progress import LinkedToken, Meter, Pace, encode_share
from auralarchive.audio.settings import AudioSettings
from auralarchive.ports.audio import ConvertRequest
from auralarchive.ports.errors import Cancelled, NoSpace
from auralarchive.ports.work import CancelToken
from tests.support.audio import encode, make_book, voice


def test_it_never_goes_back_and_ends_at_one() -> None:
    seen: list[float] = []
    meter = Meter(seen.append, CancelToken())
    step = meter.span(0.2, 0.6, 100)
    for amount in (0.5, 30, 0.001, 90):
        step(amount)
    meter.at(0.1)
    meter.at(1.0)
    meter.at(1.0)
    assert seen == sorted(set(seen))
    assert (seen[-2], seen[-1]) == (0.6, 1.0)


def test_nothing_to_do_is_done_at_once() -> None:
    seen: list[float] = []
    Meter(seen.append, CancelToken()).span(0.0, 0.5, 0)(0)
    assert seen == [0.5]


def test_a_cancel_is_heard() -> None:
    cancel = CancelToken()
    step = Meter(lambda part: None, cancel).span(0.0, 1.0, 10)
    cancel.cancel()
    with pytest.raises(Cancelled):
        step(1)


def test_every_step_watches() -> None:
    """Whatever must end the work, such as a disk that is filling up, is asked by all that goes on."""

    def full() -> None:
        raise NoSpace("full")

    step = Meter(lambda part: None, CancelToken(), full).span(0.0, 1.0, 10)
    with pytest.raises(NoSpace):
        step(1)


def test_the_rest_is_told_by_the_pace_and_not_by_what_was_there() -> None:
    """A conversion that goes on has half of its units at once; the other half takes its time."""
    now = 0.0
    pace = Pace(lambda: now)
    assert (pace.rate, pace.left) == (None, None)
    pace.at(0.01)
    now = 0.5
    pace.at(0.5)
    for second in range(1, 51):
        now = 0.5 + second
        pace.at(0.5 + second / 200)
    assert pace.rate == pytest.approx(1 / 200)
    assert pace.left == pytest.approx(50)
    now += 3
    assert pace.left == pytest.approx(47)


def test_the_pace_is_that_of_the_last_minute() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    for second in range(200):
        now = float(second)
        pace.at(second / 1000 if second < 100 else 0.1 + (second - 100) / 500)
    assert pace.rate == pytest.approx(1 / 500)


def _watched(ffmpeg: Ffmpeg, source: Path, work: Path) -> tuple[list[tuple[float, float]], list[tuple[str, float]]]:
    """A real conversion: (time of all, part shown) as it went on, and the part at which each phase began."""
    work.mkdir()
    seen: list[tuple[float, float]] = [(0.0, 0.0)]
    phases: list[tuple[str, float]] = []
    began = time.monotonic()
    Engine(AudioSettings(coder="twoloop"), ffmpeg).convert(
        ConvertRequest((source,), work),
        lambda part: seen.append((time.monotonic() - began, part)),
        CancelToken(),
        lambda doing: phases.append((doing.phase, seen[-1][1])),
    )
    took = time.monotonic() - began
    return [(at / took, part) for at, part in seen], phases


def test_a_real_encode_is_where_it_says(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    """On a quiet machine and of hours it is near 2 % of the truth; here others work too, and the start counts."""
    encode(tmp_path / "book.flac", voice(1, 300), "flac")
    seen, phases = _watched(ffmpeg, tmp_path / "book.flac", tmp_path / "work")
    parts = [part for _, part in seen]
    assert parts == sorted(parts)
    assert float(np.median([abs(at - part) for at, part in seen])) < 0.3
    assert [phase for phase, _ in phases] == ["probe", "plan", "coder", "encode", "write", "verify"]


def test_nothing_is_done_before_its_time(tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    """In a mixed book the odd parts are proved first; the rest is still to come then."""
    make_book(tmp_path / "book", chapters=4, codec="m4a", seconds=30.0)
    encode(tmp_path / "book" / "03 - Chapter 3.mp3", voice(3, 20.0), "mp3")
    (tmp_path / "book" / "03 - Chapter 3.m4a").unlink()
    _, phases = _watched(ffmpeg, tmp_path / "book", tmp_path / "work")
    share = encode_share("twoloop", 20 / 110)
    began = dict(phases[:-1])  # of each phase the last time but for the last proof
    assert list(began) == ["probe", "plan", "coder", "encode", "verify", "joints", "write"]
    assert began["joints"] == pytest.approx(share, abs=0.02)
    assert began["encode"] < 0.01 < began["verify"] < began["joints"]


def test_helpers_can_be_ended_alone() -> None:
    outer = CancelToken()
    one, other = LinkedToken(outer), LinkedToken(outer)
    one.cancel()
    assert (one.cancelled, other.cancelled, outer.cancelled) == (True, False, False)
    outer.cancel()
    with pytest.raises(Cancelled):
        other.check()
