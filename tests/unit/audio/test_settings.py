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


@pytest.mark.parametrize("label", ["", "Anna=", " Anna's book = "])
def test_keys_of_books_may_have_a_label(label: str) -> None:
    key = AaxcKey.parse(f"{label}{'0a' * 16}:{'0B' * 16}")
    assert (key.key, key.iv) == (b"\x0a" * 16, b"\x0b" * 16)


@pytest.mark.parametrize("text", ["", "a", "C4N4RY:" + "00" * 16, "00" * 16, "00" * 16 + ":" + "00" * 15, "é" * 65])
def test_a_mistyped_key_is_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="32 hexadecimal digits") as refused:
        AaxcKey.parse(text)
    assert "C4N4RY" not in str(refused.value)
