"""The recipe of a result: everything needed to tell later how it was made, and from what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auralarchive.audio.ffmpeg import Ffmpeg
from auralarchive.audio.probe import Probe
from auralarchive.audio.proof import Proof
from auralarchive.audio.sources import printable
from auralarchive.ports.audio import Mode

FORMAT = 2


def recipe_of(
    mode: Mode,
    ffmpeg: Ffmpeg,
    originals: Sequence[Probe],
    hashes: Sequence[str],
    proof: Proof,
    size: int,
    decisions: dict[str, Any],
    seconds: dict[str, float],
) -> dict[str, Any]:
    """As JSON can hold it; no keys, no absolute paths. `hashes` are the originals', `seconds` those of each phase."""
    return {
        "format": FORMAT,
        "mode": mode,
        "ffmpeg": {"version": ffmpeg.version, "origin": ffmpeg.origin},
        "inputs": [_input(each, sha256) for each, sha256 in zip(originals, hashes, strict=True)],
        "decisions": decisions,
        "verification": proof.as_json(),
        "timing": seconds,
        "output": {"sha256": proof.sha256, "size": size},
    }


def _input(source: Probe, sha256: str) -> dict[str, Any]:
    return {
        "name": printable(str(source.source.relative)),
        "size": source.source.size,
        "sha256": sha256,
        "codec": source.codec,
        "rate": source.rate,
        "channels": source.channels,
        "bitrate_kbps": round(source.bitrate_kbps, 1),
        "seconds": round(source.seconds, 3),
        "encrypted": source.encrypted,
    }
