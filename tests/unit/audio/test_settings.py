"""Settings keep their secrets to themselves."""

from __future__ import annotations

import pytest

from auralarchive.audio.settings import AaxcKey, AudioSettings


def test_no_secret_is_shown() -> None:
    settings = AudioSettings(aax_activation_bytes=("deadbeef",), aaxc_keys=(AaxcKey(b"k" * 16, b"i" * 16),))
    assert "deadbeef" not in repr(settings)
    assert "kkkk" not in repr(settings)
    assert "kkkk" not in repr(settings.aaxc_keys)


@pytest.mark.parametrize("secret", ["", "xyz", "deadbee", "deadbeef0"])
def test_malformed_keys_are_refused_early(secret: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        AudioSettings(aax_activation_bytes=(secret,))
    with pytest.raises(ValueError, match="hexadecimal"):
        AaxcKey(secret.encode(), b"i" * 16)
