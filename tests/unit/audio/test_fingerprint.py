"""The same sound at the same place is known again; anything else is not."""

from __future__ import annotations

import numpy as np
import pytest

from auralarchive.audio import fingerprint
from auralarchive.audio.fingerprint import KEPT, WINDOW, Collector, Prints
from tests.support.audio import voice


def _prints(sound: np.ndarray, stride: int = 2) -> Prints:
    """What FFmpeg's filters would let through of a whole book."""
    samples = (sound[:, 0] * 32767).astype("<i2")
    whole = samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW)[::stride]
    collector = Collector(0, len(samples), stride)
    for start in range(0, whole.size, 5001):
        collector.take(whole.reshape(-1)[start : start + 5001].tobytes())
    return collector.prints(0)


def _noisy(sound: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, 0.03, sound.shape)
    return np.asarray(0.9 * sound + noise, np.float32)


def test_a_coded_copy_is_the_same() -> None:
    sound = voice(1, 10.0)
    found = fingerprint.compare(_prints(sound), _prints(_noisy(sound)))
    assert found.same
    assert (found.windows, found.lag) == (len(sound) // WINDOW // 2 + 1, 0)
    assert found.alike == pytest.approx(0.98, abs=0.03)
    assert found.decibels == pytest.approx(-0.9, abs=0.3)


@pytest.mark.parametrize("late", [-40, -1, 1, 40])
def test_a_shift_of_a_single_sample_is_seen(late: int) -> None:
    sound = voice(1, 10.0)
    found = fingerprint.compare(_prints(sound), _prints(np.roll(sound, late, axis=0)))
    assert found.lag == late
    assert not found.same


def test_another_part_is_not_the_same() -> None:
    one, other = voice(1, 10.0), voice(2, 10.0)
    assert not fingerprint.compare(_prints(one), _prints(other[: len(one)])).same


def test_silence_must_stay_silent() -> None:
    silence = np.zeros((50_000, 1), np.float32)
    assert fingerprint.compare(_prints(silence), _prints(silence)).alike is None
    assert fingerprint.compare(_prints(silence), _prints(silence)).same
    assert not fingerprint.compare(_prints(silence), _prints(silence + 0.5)).same


def test_windows_of_other_places_cannot_be_compared() -> None:
    sound = voice(1, 5.0)
    with pytest.raises(ValueError, match="other places"):
        fingerprint.compare(_prints(sound), _prints(sound, stride=3))


def test_a_sample_too_few_or_too_many_is_noticed() -> None:
    collector = Collector(0, 2 * WINDOW + 5, 1)
    collector.take(bytes(2 * (2 * WINDOW + 5)))
    assert collector.prints(5).windows.shape == (2, KEPT)
    for rest in (4, 6):
        with pytest.raises(ValueError, match="samples"):
            collector.prints(rest)


def test_windows_lie_on_the_book_s_own_grid() -> None:
    assert list(fingerprint.taken(0, 10 * WINDOW, 4)) == [0, 4, 8]
    assert list(fingerprint.taken(3 * WINDOW, 9 * WINDOW - 1, 4)) == [4]
    assert fingerprint.select(6 * WINDOW, 4) == "not(mod(n+2\\,4))"


def test_long_books_take_no_more_windows_than_memory_bears_and_short_parts_have_one() -> None:
    hour = 3600 * 44100
    assert 20 * hour // WINDOW // fingerprint.stride_for([hour] * 20) < 16_384
    assert fingerprint.stride_for([2 * 44100] * 400) * WINDOW < 2 * 44100
    assert fingerprint.stride_for([100]) == 1
