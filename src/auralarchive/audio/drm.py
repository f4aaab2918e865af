"""Unlocks AAX and AAXC books with keys that their owner gives. No key is ever guessed or searched for.

Both encrypt each packet by AES-128-CBC, whole blocks of 16 bytes only, beginning anew with the same IV. The
key of an AAXC is given (settings, or a voucher beside the file); that of an AAX lies in the file itself,
locked with the activation bytes of its owner. Everything happens in this process: on a command line
other users of the machine could read the keys.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from auralarchive.audio.mp4.boxes import Span, children
from auralarchive.audio.mp4.copying import OnBytes, batches, read_packets
from auralarchive.audio.mp4.track import Packets
from auralarchive.audio.mp4.writer import Movie, aac_description, write
from auralarchive.audio.probe import Aac, Probe, probe
from auralarchive.audio.settings import AaxcKey, AudioSettings
from auralarchive.audio.sources import Source, open_regular, staged
from auralarchive.audio.verify import count_foreign
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import Misconfigured

_BLOCK = 16
#: Part of the format, the same in every file and every player; of no use without the owner's bytes.
_FIXED = bytes.fromhex("77214d4b196a87cd520045fd20a51d67")
_BLOB, _BLOB_AT, _CHECKSUM_AT = 48, 8, 68
_ENTRY_FIELDS = 28
_TRIED_PACKETS = 256
_MAX_VOUCHER = 1024 * 1024


def unlock(locked: Probe, settings: AudioSettings, target: Path, fd: int, on_bytes: OnBytes) -> Probe:
    """Write the unlocked sound of `locked` into the file `target`, open as `fd`; returns it in place of the source.

    Tags, chapters and names stay the source's. Raises `Misconfigured` (key missing or wrong).
    """
    aac = locked.aac
    if aac is None:
        raise _wrong(locked, "Its sound is of a kind that cannot be unlocked.")
    key = _key_of(locked, aac, settings)
    config = aac.config
    movie = Movie(
        description=aac_description(aac.config_bytes, config.rate, config.channels, int(locked.bitrate_kbps * 1000)),
        timescale=aac.timescale,
        sizes=aac.packets.sizes,
        deltas=aac.deltas,
        skip=aac.skip,
        playing=aac.playing,
    )
    with locked.source.open() as source:
        write(fd, movie, lambda out: _decrypt_all(source, aac.packets, key, out, on_bytes))
    opened = probe(staged(target, locked.source))
    if opened.aac is None or count_foreign(fd, opened.aac.packets, config.channels):
        raise _wrong(locked, "The key does not fit.")
    return replace(opened, tags=locked.tags, chapters=locked.chapters)


def _key_of(locked: Probe, aac: Aac, settings: AudioSettings) -> AaxcKey:
    """The one of the owner's keys that makes sense of the first packets."""
    with locked.source.open() as source:
        if locked.encrypted == "aax":
            candidates, missing = list(_aax_keys(aac, settings)), not settings.aax_activation_bytes
            remedy = "Enter the activation bytes of your account in the settings (conversion.aax_activation_bytes)."
        else:
            candidates = [*_vouchers(locked.source), *settings.aaxc_keys]
            missing = not candidates
            remedy = (
                "Put the book's voucher beside it, or enter its key and IV in the settings "
                "(conversion.audible_key and audible_iv)."
            )
        if missing:
            raise Misconfigured(
                f"{locked.source.name} is locked, and there is no key for it.", remedy, kind=FailureKind.KEY_MISSING
            )
        for key in candidates:
            if _fits(source, aac, key):
                return key
    raise _wrong(locked, "None of the keys fits.")


def _wrong(locked: Probe, what: str) -> Misconfigured:
    return Misconfigured(
        f"{locked.source.name} cannot be unlocked. {what}",
        "Check that the key belongs to this book or account; the file itself was not changed.",
        kind=FailureKind.KEY_WRONG,
    )


def _fits(source: int, aac: Aac, key: AaxcKey) -> bool:
    """A wrong key makes noise: nearly every packet then begins as no packet of this sound could."""
    first = aac.packets.slice(0, _TRIED_PACKETS)
    starts = np.cumsum(first.sizes) - first.sizes
    clear = np.frombuffer(_decrypt(read_packets(source, first), first, key), np.uint8)
    allowed = (0, 4, 5, 6) if aac.config.channels == 1 else (0, 1, 4, 5, 6)
    return bool(np.isin(clear[starts[first.sizes > 0]] >> 5, allowed).all())


def _decrypt_all(source: int, packets: Packets, key: AaxcKey, out: int, on_bytes: OnBytes) -> None:
    for group in batches(packets):
        clear = memoryview(_decrypt(read_packets(source, group), group, key))
        on_bytes(len(clear))
        while clear:
            clear = clear[os.write(out, clear) :]


def _decrypt(data: bytes, packets: Packets, key: AaxcKey) -> bytes:
    """CBC over many packets at once: one pass of the block cipher, then each block XOR the one before it."""
    sizes = packets.sizes
    starts = np.cumsum(sizes) - sizes
    blocks = sizes // _BLOCK
    cipher = np.frombuffer(data, np.uint8)
    first = np.cumsum(blocks) - blocks
    # Where each whole block begins in `data`; blocks of one packet follow each other.
    number = np.arange(int(blocks.sum()))
    place = np.repeat(starts, blocks) + (number - np.repeat(first, blocks)) * _BLOCK
    index = place[:, None] + np.arange(_BLOCK)
    locked = cipher[index]
    # ECB is the bare block cipher here; the chaining follows by hand.
    decryptor = Cipher(algorithms.AES(key.key), modes.ECB()).decryptor()  # noqa: S305 - building block of CBC
    opened = np.frombuffer(decryptor.update(locked.tobytes()) + decryptor.finalize(), np.uint8).reshape(-1, _BLOCK)
    before = np.empty_like(locked)
    before[1:] = locked[:-1]
    before[first[blocks > 0]] = np.frombuffer(key.iv, np.uint8)
    clear = cipher.copy()
    clear[index] = opened ^ before
    return clear.tobytes()


def _aax_keys(aac: Aac, settings: AudioSettings) -> Iterable[AaxcKey]:
    box = _locked_box(aac.description)
    if box is None:
        return
    for secret in settings.aax_activation_bytes:
        key = _aax_key(box, bytes.fromhex(secret))
        if key is not None:
            yield key


def _locked_box(description: bytes) -> bytes | None:
    """The `adrm` box inside the sample entry."""
    for _, entry in children(description, Span(16, len(description))):
        for name, span in children(description, Span(entry.start + _ENTRY_FIELDS, entry.end)):
            if name == b"adrm" and span.size >= _CHECKSUM_AT + 20:
                return description[span.start : span.end]
    return None


def _sha1(*parts: bytes) -> bytes:
    return hashlib.sha1(b"".join(parts), usedforsecurity=False).digest()  # the format's own derivation


def _aax_key(box: bytes, activation: bytes) -> AaxcKey | None:
    """The file's key and IV, or None where these activation bytes are not its owner's."""
    outer_key = _sha1(_FIXED, activation)
    outer_iv = _sha1(_FIXED, outer_key, activation)
    checksum = _sha1(outer_key[:16], outer_iv[:16])
    if not hmac.compare_digest(checksum, box[_CHECKSUM_AT : _CHECKSUM_AT + 20]):
        return None
    decryptor = Cipher(algorithms.AES(outer_key[:16]), modes.CBC(outer_iv[:16])).decryptor()
    blob = decryptor.update(box[_BLOB_AT : _BLOB_AT + _BLOB]) + decryptor.finalize()
    if blob[:4] != activation[::-1]:
        return None
    key = blob[8:24]
    return AaxcKey(key, _sha1(blob[26:42], key, _FIXED)[:16])


def _vouchers(source: Source) -> list[AaxcKey]:
    """The voucher of the same name beside the file, as download tools write it."""
    keys = []
    for path in (source.path.with_suffix(".voucher"), Path(f"{source.path}.voucher")):
        fd = open_regular(path) if path.is_file() else None
        if fd is None:
            continue
        with os.fdopen(fd, "rb") as file:
            keys += _keys_in(file.read(_MAX_VOUCHER))
    return keys


def _keys_in(data: bytes) -> list[AaxcKey]:
    try:
        voucher: Any = json.loads(data)
        inner = voucher.get("content_license", voucher)
        inner = inner.get("license_response", inner)
        return [AaxcKey(bytes.fromhex(inner["key"]), bytes.fromhex(inner["iv"]))]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []
