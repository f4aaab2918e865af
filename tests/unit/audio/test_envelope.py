"""The loudness over time, whatever pieces the samples come in."""

from __future__ import annotations

import numpy as np

from auralarchive.audio.envelope import Envelope


def test_windows_do_not_depend_on_the_pieces() -> None:
    sound = np.random.default_rng(1).standard_normal((44100, 2)).astype(np.float32)
    whole, pieces = Envelope(44100, 2), Envelope(44100, 2)
    whole.take(sound.tobytes())
    for start in range(0, 44100, 997):
        pieces.take(sound[start : start + 997].tobytes())
    assert len(whole.values()) == 10
    assert np.allclose(whole.values(), pieces.values())
    assert np.allclose(whole.values(), 1.0, atol=0.05)
    assert len(Envelope(44100, 1).values()) == 0
