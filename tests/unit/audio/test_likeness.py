"""The made sound is like speech and always the same; the scores say what ears would."""

from __future__ import annotations

import numpy as np
import pytest

from auralarchive.audio.likeness import SECONDS, compare, lag, speech


@pytest.mark.parametrize(("rate", "channels"), [(44100, 1), (48000, 2), (22050, 1), (8000, 1)])
def test_the_sound_is_always_the_same_and_has_voice_and_pauses(rate: int, channels: int) -> None:
    sound = speech(rate, channels)
    assert len(sound) / rate == pytest.approx(SECONDS, abs=0.03)
    assert sound.shape[1] == channels
    assert np.array_equal(sound, speech(rate, channels))
    frames = sound[: len(sound) // 512 * 512, 0].reshape(-1, 512)
    loudness = 20 * np.log10(np.sqrt(np.mean(frames**2, axis=1)))
    assert 0.1 < np.mean(loudness < -55) < 0.6, "pauses"
    assert np.abs(sound).max() < 1
    assert np.percentile(loudness, 95) > -25
    if channels == 2:
        assert not np.allclose(sound[:, 0], sound[:, 1], atol=0.05)


def test_more_noise_is_worse_and_a_lost_treble_too() -> None:
    sound = speech(44100, 1)
    noise = np.random.default_rng(1).standard_normal(sound.shape).astype(np.float32)
    some, more = (compare(sound, sound + loudness * noise, 44100) for loudness in (0.0003, 0.003))
    assert more.noise_db > some.noise_db + 10
    assert more.distance_db > some.distance_db + 1
    spectrum = np.fft.rfft(sound[:, 0])
    spectrum[len(spectrum) // 4 :] = 0
    dull = np.fft.irfft(spectrum, len(sound)).astype(np.float32)[:, None]
    assert compare(sound, dull, 44100).distance_db > compare(sound, sound, 44100).distance_db + 5
    assert compare(sound, sound, 44100).distance_db == 0


@pytest.mark.parametrize("late", [0, 1, 64, 1024, -300])
def test_a_lag_is_found_to_the_sample(late: int) -> None:
    sound = speech(44100, 1)
    moved = np.roll(sound, late, axis=0)
    assert lag(sound, moved) == late
