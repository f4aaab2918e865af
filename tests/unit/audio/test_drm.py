"""Unlocking with the owner's key, and only with it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from auralarchive.audio.drm import _keys_in, unlock
from auralarchive.audio.mp4.copying import read_packets
from auralarchive.audio.probe import Probe, probe
from auralarchive.audio.settings import AaxcKey, AudioSettings
from auralarchive.audio.sources import find_sources
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import Misconfigured
from tests.support.audio import encode, ffmpeg, lock_aax, lock_aaxc, voice

KEY, IV, ACTIVATION = bytes(range(16)), bytes(range(60, 76)), bytes.fromhex("0badcafe")


def _unlock(locked: Path, settings: AudioSettings) -> Probe:
    (source,) = find_sources((locked,), max_files=1).audio
    target = locked.with_name("unlocked.m4a")
    fd = os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    try:
        return unlock(probe(source), settings, target, fd, lambda count: None)
    finally:
        os.close(fd)


def _sound(path: Path) -> bytes:
    (source,) = find_sources((path,), max_files=1).audio
    aac = probe(source).aac
    assert aac is not None
    with source.open() as fd:
        return read_packets(fd, aac.packets)


@pytest.mark.parametrize("channels", [1, 2])
def test_the_unlocked_packets_are_the_original_ones(tmp_path: Path, channels: int) -> None:
    plain = encode(tmp_path / "plain.m4a", voice(1, 2.0, 44100, channels), "m4a", bitrate=96)
    aaxc = lock_aaxc(plain, tmp_path / "a.aaxc", KEY, IV)
    aax = lock_aax(plain, tmp_path / "a.aax", ACTIVATION, KEY, IV)
    wrong_first = (AaxcKey(IV, KEY), AaxcKey(KEY, IV))
    assert _sound(_unlock(aaxc, AudioSettings(aaxc_keys=wrong_first)).source.path) == _sound(plain)
    codes = ("00000000", ACTIVATION.hex())
    assert _sound(_unlock(aax, AudioSettings(aax_activation_bytes=codes)).source.path) == _sound(plain)


def test_ffmpeg_agrees_about_the_fixtures(tmp_path: Path) -> None:
    """Our samples are real ones: another program unlocks them to the same packets."""
    plain = encode(tmp_path / "plain.m4a", voice(1, 1.0), "m4a")
    aaxc = lock_aaxc(plain, tmp_path / "a.aaxc", KEY, IV)
    aax = lock_aax(plain, tmp_path / "a.aax", ACTIVATION, KEY, IV)

    def digest(path: Path, *options: str) -> bytes:
        command = [ffmpeg(), "-v", "error", *options, "-i", str(path), "-map", "0:a", "-c", "copy", "-f", "md5", "-"]
        return subprocess.run(command, check=True, capture_output=True).stdout

    assert digest(aaxc, "-audible_key", KEY.hex(), "-audible_iv", IV.hex()) == digest(plain)
    assert digest(aax, "-activation_bytes", ACTIVATION.hex()) == digest(plain)


@pytest.mark.parametrize("kind", ["aax", "aaxc"])
def test_missing_and_wrong_keys_are_told_apart(tmp_path: Path, kind: str) -> None:
    plain = encode(tmp_path / "plain.m4a", voice(1, 1.0), "m4a")
    if kind == "aax":
        locked = lock_aax(plain, tmp_path / "a.aax", ACTIVATION, KEY, IV)
    else:
        locked = lock_aaxc(plain, tmp_path / "a.aaxc", KEY, IV)
    with pytest.raises(Misconfigured) as missing:
        _unlock(locked, AudioSettings())
    with pytest.raises(Misconfigured) as wrong:
        _unlock(locked, AudioSettings(aaxc_keys=(AaxcKey(IV, KEY),), aax_activation_bytes=("11111111",)))
    assert (missing.value.kind, wrong.value.kind) == (FailureKind.KEY_MISSING, FailureKind.KEY_WRONG)
    assert f"conversion.{'aax_activation_bytes' if kind == 'aax' else 'audible_key'}" in missing.value.remedy


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"[" * 100_000, b'{"key": 1, "iv": 2}', b'{"key": "00", "iv": "00"}']
)
def test_a_broken_voucher_holds_no_key(data: bytes) -> None:
    assert _keys_in(data) == []
