"""Unlocking with the owner's key, and only with it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from auralarchive.audio.drm import _keys_in, unlock
from auralarchive.audio.mp4.copying import read_packets
from auralarchive.audio.probe import Probe, probe
from auralarchive.audio.settings import AaxcKey, AudioSettings
from auralarchive.audio.sources import find_sources
from auralarchive.domain.failures import Disposition, FailureKind
from auralarchive.ports.errors import Damaged, Misconfigured
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
    for told in (missing.value, wrong.value):
        assert f"conversion.{'aax_activation_bytes' if kind == 'aax' else 'aaxc_keys'}" in told.remedy
        assert told.failure.disposition is Disposition.NEEDS_PERSON
        assert not any(secret in str(told) for secret in (KEY.hex(), IV.hex(), "11111111"))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("turned", [bits << 5 for bits in range(1, 8)])
def test_a_wrong_iv_is_told_by_what_elements_look_like(tmp_path: Path, channels: int, turned: int) -> None:
    """It spoils the first block of each packet, and all of them alike: here each looks like each other kind in turn."""
    plain = encode(tmp_path / "plain.m4a", voice(1, 4.0, 44100, channels), "m4a")
    locked = lock_aaxc(plain, tmp_path / "a.aaxc", KEY, IV)
    wrong = np.frombuffer(IV, np.uint8) ^ np.frombuffer(bytes([turned, 0x55]) * 8, np.uint8)
    with pytest.raises(Misconfigured, match="None of the keys fits"):
        _unlock(locked, AudioSettings(aaxc_keys=(AaxcKey(KEY, wrong.tobytes()),)))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("wrong", [AaxcKey(IV, KEY), AaxcKey(IV, IV), AaxcKey(KEY, KEY), AaxcKey(KEY, bytes(16))])
def test_no_half_of_a_key_is_enough(tmp_path: Path, channels: int, wrong: AaxcKey) -> None:
    """A wrong IV spoils only the first block of each packet: that is told as well."""
    plain = encode(tmp_path / "plain.m4a", voice(1, 4.0, 44100, channels), "m4a")
    locked = lock_aaxc(plain, tmp_path / "a.aaxc", KEY, IV)
    with pytest.raises(Misconfigured, match="None of the keys fits"):
        _unlock(locked, AudioSettings(aaxc_keys=(wrong,)))


_PAIR = {"key": KEY.hex(), "iv": IV.hex()}


@pytest.mark.parametrize(
    "voucher",
    [
        _PAIR,
        {"license_response": _PAIR},
        {"content_license": {"asin": "B00TEST000", "license_response": {**_PAIR, "rules": [{"name": "x"}]}}},
        {"content_license": {"license_response": json.dumps(_PAIR)}},
        {"status_code": 0, "response": {"content_license": {"license_response": _PAIR}}},
        [{"key": "of another kind"}, {"voucher": _PAIR}],
    ],
    ids=["bare", "response", "license", "text", "deeper", "list"],
)
@pytest.mark.parametrize("name", ["a.voucher", "a.aaxc.voucher", "A_license.Voucher", "licenseFile.voucher"])
def test_a_voucher_beside_the_file_is_read(tmp_path: Path, voucher: object, name: str) -> None:
    plain = encode(tmp_path / "plain.m4a", voice(1, 1.0), "m4a")
    locked = lock_aaxc(plain, tmp_path / "a.aaxc", KEY, IV)
    (tmp_path / name).write_text(json.dumps(voucher))
    assert _sound(_unlock(locked, AudioSettings()).source.path) == _sound(plain)


def test_the_own_voucher_is_found_among_many(tmp_path: Path) -> None:
    plain = encode(tmp_path / "plain.m4a", voice(1, 1.0), "m4a")
    locked = lock_aaxc(plain, tmp_path / "the book.aaxc", KEY, IV)
    for number in range(100):
        (tmp_path / f"book {number:03d}.voucher").write_text(json.dumps({"key": IV.hex(), "iv": f"{number:032x}"}))
    (tmp_path / "the book.voucher").write_text(json.dumps(_PAIR))
    assert _sound(_unlock(locked, AudioSettings()).source.path) == _sound(plain)


def test_a_useless_voucher_does_not_hide_the_settings(tmp_path: Path) -> None:
    """Links are not followed out of the folder, and an empty voucher is named where there is nothing else."""
    plain = encode(tmp_path / "plain.m4a", voice(1, 1.0), "m4a")
    (tmp_path / "book").mkdir()
    locked = lock_aaxc(plain, tmp_path / "book" / "a.aaxc", KEY, IV)
    (tmp_path / "good").write_text(json.dumps(_PAIR))
    (tmp_path / "book" / "a.voucher").symlink_to(tmp_path / "good")
    with pytest.raises(Misconfigured, match="voucher beside it holds no key"):
        _unlock(locked, AudioSettings())
    unlocked = _unlock(locked, AudioSettings(aaxc_keys=(AaxcKey(KEY, IV),)))
    assert _sound(unlocked.source.path) == _sound(plain)


def test_overwritten_packets_are_damage_and_no_wrong_key(tmp_path: Path) -> None:
    """The file is named, and the second; the key is not blamed for it."""
    plain = encode(tmp_path / "plain.m4a", voice(1, 20.0), "m4a")
    locked = lock_aaxc(plain, tmp_path / "a.aaxc", KEY, IV)
    data = bytearray(locked.read_bytes())
    at = data.index(b"mdat") + 80_000
    data[at : at + 20_000] = bytes(20_000)
    locked.write_bytes(data)
    with pytest.raises(Damaged, match=r"a\.aaxc is damaged at 0:00:(09|10)\.\d: its locked sound was overwritten"):
        _unlock(locked, AudioSettings(aaxc_keys=(AaxcKey(KEY, IV),)))


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000, b'{"key": 1, "iv": 2}'),
        *(b'{"key": "00", "iv": "00"}', b'{"key": ["a"], "iv": null}', b'{"license_response": "bG9ja2Vk"}', b'"{{{"'),
    ],
)
def test_a_broken_voucher_holds_no_key(data: bytes) -> None:
    assert _keys_in(data) == []


def test_a_voucher_s_keys_are_bounded() -> None:
    assert len(_keys_in(json.dumps([_PAIR] * 10_000).encode())) == 64
    deep: object = _PAIR
    for _ in range(50):
        deep = [deep]
    assert _keys_in(json.dumps(deep).encode()) == []
