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
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from auralarchive.audio.mp4.boxes import Span, children
from auralarchive.audio.mp4.config import AAC_LC
from auralarchive.audio.mp4.copying import OnBytes, batches, read_packets
from auralarchive.audio.mp4.track import Numbers
from auralarchive.audio.mp4.writer import Movie, aac_description, write
from auralarchive.audio.packets import begins_well, begins_with_sound, ends_well, plausible_headers
from auralarchive.audio.probe import Aac, Probe, damaged, probe
from auralarchive.audio.settings import AaxcKey, AudioSettings
from auralarchive.audio.sources import Source, open_regular, staged
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import InvalidInput, Misconfigured

_BLOCK = 16
#: Part of the format, the same in every file and every player; of no use without the owner's bytes.
_FIXED = bytes.fromhex("77214d4b196a87cd520045fd20a51d67")
_BLOB, _BLOB_AT, _CHECKSUM_AT = 48, 8, 68
_ENTRY_FIELDS = 28
_TRIED_PACKETS = 256
_MOSTLY, _HALF = 0.9, 0.5
_MAX_VOUCHER, _MOST_VOUCHERS, _MOST_ENTRIES = 1024 * 1024, 32, 10_000
_MOST_KEYS, _DEEPEST = 64, 8
_VOUCHER = ".voucher"
_SETTINGS = {"aax": "conversion.aax_activation_bytes", "aaxc": "conversion.aaxc_keys"}


def unlock(locked: Probe, settings: AudioSettings, target: Path, fd: int, on_bytes: OnBytes) -> Probe:
    """Write the unlocked sound of `locked` into the file `target`, open as `fd`; returns it in place of the source.

    Tags, chapters and names stay the source's. Raises: `Misconfigured` (key missing or wrong), `Damaged` (a
    key fits, and yet packets are none), `InvalidInput` (a codec that has no packets of this kind).
    """
    aac = locked.aac
    if aac is None or aac.config.object_type != AAC_LC:  # others have packets of another shape
        raise InvalidInput(
            f"{locked.source.name} is locked, and its sound is of a kind that cannot be unlocked.",
            "Choose a release in AAC.",
        )
    with locked.source.open() as source:
        key = _fitting(source, locked, aac, settings)
        config = aac.config
        movie = Movie(
            description=aac_description(
                aac.config_bytes, config.rate, config.channels, int(locked.bitrate_kbps * 1000)
            ),
            timescale=aac.timescale,
            sizes=aac.packets.sizes,
            deltas=aac.deltas,
            skip=aac.skip,
            playing=aac.playing,
        )
        write(fd, movie, lambda out: _decrypt_all(source, locked, aac, key, out, on_bytes))
    opened = probe(staged(target, locked.source))
    return replace(opened, tags=locked.tags, chapters=locked.chapters)


def _fitting(source: int, locked: Probe, aac: Aac, settings: AudioSettings) -> AaxcKey:
    """The one of the owner's keys that makes sense of the first packets."""
    first = aac.packets.slice(0, _TRIED_PACKETS)
    sample = read_packets(source, first)
    if locked.encrypted == "aax":
        keys, some = list(_aax_keys(aac, settings)), bool(settings.aax_activation_bytes)
    else:
        keys = list(_aaxc_keys(locked.source, settings))
        some = bool(keys)
    for key in keys:
        if _fits(_decrypt(sample, first.sizes, key), first.sizes, aac.config.channels):
            return key
    raise _wrong_key(locked) if some else _no_key(locked)


def _fits(clear: bytes, sizes: Numbers, channels: int) -> bool:
    """Whether packets make sense, decrypted so: those of a wrong key never do.

    The last bytes of most packets were never locked, so that their ends alone prove little. Of wrong IVs for
    a right key one in twenty passes, which changes no more than a few first bits: the proof, which decodes, refuses it.
    """
    good = begins_well(clear, sizes, channels) & plausible_headers(clear, sizes) & ends_well(clear, sizes)
    sound = begins_with_sound(clear, sizes)
    # A packet or two may be odd in a good file; and one without sound first is rare, but not all of them are.
    return float(good.mean()) >= _MOSTLY and float(sound.mean()) >= _HALF


def _no_key(locked: Probe) -> Misconfigured:
    setting = _SETTINGS[locked.encrypted]
    what = "there is no key for it"
    remedy = f"Enter the activation bytes of your account in the settings ({setting})."
    if locked.encrypted == "aaxc":
        what = "the voucher beside it holds no key" if _voucher_files(locked.source) else what
        remedy = f"Put the book's voucher beside it, or enter its key and IV in the settings ({setting})."
    return Misconfigured(f"{locked.source.name} is locked, and {what}.", remedy, kind=FailureKind.KEY_MISSING)


def _wrong_key(locked: Probe) -> Misconfigured:
    return Misconfigured(
        f"{locked.source.name} cannot be unlocked. None of the keys fits.",
        f"Enter the key of this book or account in the settings ({_SETTINGS[locked.encrypted]}); "
        "the file itself was not changed.",
        kind=FailureKind.KEY_WRONG,
    )


def _decrypt_all(source: int, locked: Probe, aac: Aac, key: AaxcKey, out: int, on_bytes: OnBytes) -> None:
    done = 0
    for group in batches(aac.packets):
        clear = _decrypt(read_packets(source, group), group.sizes, key)
        bad = np.flatnonzero(~begins_well(clear, group.sizes, aac.config.channels))
        if len(bad):
            second = (done + int(bad[0])) * aac.frame / aac.timescale
            raise damaged(locked.source, "its locked sound was overwritten", second)
        done += len(group)
        on_bytes(len(clear))
        rest = memoryview(clear)
        while rest:
            rest = rest[os.write(out, rest) :]


def _decrypt(data: bytes, sizes: Numbers, key: AaxcKey) -> bytes:
    """Many packets at once: as if all of them were one chain, and then the first block of each put right."""
    whole = sizes // _BLOCK * _BLOCK
    is_locked = np.repeat(np.tile([True, False], len(sizes)), np.stack([whole, sizes - whole], axis=1).ravel())
    clear = np.frombuffer(data, np.uint8).copy()
    locked = clear[is_locked].reshape(-1, _BLOCK)
    decryptor = Cipher(algorithms.AES(key.key), modes.CBC(key.iv)).decryptor()
    opened = (
        np.frombuffer(decryptor.update(locked.tobytes()) + decryptor.finalize(), np.uint8).reshape(-1, _BLOCK).copy()
    )
    # Each packet's chain begins anew with the IV, not with the last block of the packet before.
    first = ((np.cumsum(whole) - whole) // _BLOCK)[whole > 0][1:]
    opened[first] ^= locked[first - 1] ^ np.frombuffer(key.iv, np.uint8)
    clear[is_locked] = opened.ravel()
    return clear.tobytes()


def _aaxc_keys(source: Source, settings: AudioSettings) -> Iterator[AaxcKey]:
    """The voucher's first, then those of the settings."""
    for path in _voucher_files(source):
        yield from _keys_in(_content(path))
    yield from settings.aaxc_keys


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


def _voucher_files(source: Source) -> list[Path]:
    """Vouchers in the folder of `source`: those that are named like it first, then others, for any may fit."""
    own = {source.path.name.lower(), source.path.stem.lower()}

    def rank(name: str) -> tuple[bool, str]:
        bare = re.sub(r"[ ._-]*licen[cs]e$", "", name.lower().removesuffix(_VOUCHER))
        return bare not in own, name

    try:
        with os.scandir(source.path.parent) as entries:
            names = [entry.name for entry in islice(entries, _MOST_ENTRIES) if entry.name.lower().endswith(_VOUCHER)]
    except OSError:  # a folder that may be entered and not listed: the settings may have the key
        return []
    return [source.path.with_name(name) for name in sorted(names, key=rank)[:_MOST_VOUCHERS]]


def _content(path: Path) -> bytes:
    fd = open_regular(path)
    if fd is None:
        return b""
    with os.fdopen(fd, "rb") as file:
        return file.read(_MAX_VOUCHER)


def _keys_in(data: bytes) -> list[AaxcKey]:
    """Every pair of key and IV in a voucher: tools wrap it in `content_license`, in lists, as JSON inside of JSON."""
    try:
        return list(islice(_pairs(json.loads(data), _DEEPEST), _MOST_KEYS))
    except (ValueError, RecursionError):
        return []


def _pairs(voucher: object, depth: int) -> Iterator[AaxcKey]:
    if isinstance(voucher, str) and voucher.lstrip().startswith("{"):
        with suppress(ValueError, RecursionError):
            voucher = json.loads(voucher)
    if isinstance(voucher, dict):
        with suppress(ValueError, KeyError, TypeError):
            yield AaxcKey(bytes.fromhex(voucher["key"]), bytes.fromhex(voucher["iv"]))
        voucher = list(voucher.values())
    if isinstance(voucher, list) and depth:
        for inner in voucher:
            yield from _pairs(inner, depth - 1)
