"""Indexers are not asked more often than they like."""

from __future__ import annotations

import threading

import pytest

from auralarchive.indexers.pacing import DEFAULT_PAUSE, LONGEST_PAUSE, Manners, Pace, parse_retry_after
from auralarchive.ports.errors import Cancelled, RateLimited
from auralarchive.ports.work import CancelToken
from tests.support.indexing import HeldClock


class PatientToken(CancelToken):
    """Remembers how long it was asked to wait, instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return False


def test_requests_keep_their_distance() -> None:
    """Each waits for its turn; after a quiet while there is nothing to wait for."""
    clock, token = HeldClock(), PatientToken()
    pace = Pace("Test", clock, 2.0)
    for _ in range(3):
        pace.wait(token)
    assert token.waits == [2.0, 4.0]
    clock.forward(60)
    pace.wait(token)
    assert token.waits == [2.0, 4.0]


def test_cooling_answers_at_once() -> None:
    """While an indexer cools down nobody waits for it; afterwards it is asked again."""
    clock = HeldClock()
    pace = Pace("Test", clock, 0.0)
    assert pace.cool(600, "Too many.").retry_after == 600
    with pytest.raises(RateLimited, match=r"Test is left alone for another 10 min: Too many\.") as error:
        pace.wait(CancelToken())
    assert error.value.retry_after == 600
    clock.forward(601)
    pace.wait(CancelToken())


def test_a_cancelled_wait_ends() -> None:
    """Whoever takes the work away does not wait for the turn."""
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        Pace("Test", HeldClock(), 0.0).wait(token)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3600", 3600),
        ("999999999", LONGEST_PAUSE),
        ("Mon, 02 Nov 2026 12:10:00 GMT", 600),
        ("Wed, 21 Oct 2099 07:28:00 GMT", LONGEST_PAUSE),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("-5", None),
        ("0", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(text: str | None, seconds: float | None) -> None:
    """Seconds or a date, at most a day; what makes no sense leaves the choice to us."""
    assert parse_retry_after(text, HeldClock().now()) == seconds


def test_silence_has_bounds() -> None:
    """Without a time it is an hour; nobody can silence us for longer than a day."""
    pace = Pace("Test", HeldClock(), 0.0)
    assert pace.cool(None, "x").retry_after == DEFAULT_PAUSE
    assert pace.cool(10**9, "x").retry_after == LONGEST_PAUSE


def test_turns_are_taken_one_after_the_other() -> None:
    """Nobody asks while another one does, and the pause begins when an answer has ended."""
    clock, token = HeldClock(), PatientToken()
    pace = Pace("Test", clock, 2.0)
    waiting, inside = CancelToken(), threading.Event()

    def second() -> None:
        with pytest.raises(Cancelled), pace.turn(waiting):
            inside.set()

    with pace.turn(token):
        other = threading.Thread(target=second)
        other.start()
        clock.forward(10)  # a slow answer
        waiting.cancel()
        other.join(5)
    assert not inside.is_set()
    assert token.waits == []
    with pace.turn(token):
        assert token.waits == [2.0]


def test_a_turn_that_fails_is_over() -> None:
    pace = Pace("Test", HeldClock(), 0.0)
    with pytest.raises(ValueError, match="broken"), pace.turn(CancelToken()):
        raise ValueError("broken")
    with pace.turn(CancelToken()):
        pass


def test_a_host_has_one_pace() -> None:
    """Two indexers that ask the same site share its silence."""
    manners = Manners(HeldClock())
    manners.towards("archive.org", 1.0).cool(60, "it is busy.")
    with pytest.raises(RateLimited, match=r"archive\.org"):
        manners.towards("archive.org", 1.0).check()
    manners.towards("librivox.org", 1.0).check()
