"""The report of one conversion, for `auralarchive convert --json` and for people's eyes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auralarchive.ports.audio import ConvertResult


def report(result: ConvertResult, seconds: float) -> dict[str, Any]:
    """Everything about `result` as JSON can hold it; `seconds` is the wall time it took.

    Every key is told of in docs/reference/report.md.
    """
    recipe = result.recipe
    decisions = recipe.get("decisions", {})
    verification = recipe.get("verification", {})
    joints = _joints(decisions)
    return {
        "mode": result.mode,
        "reason": decisions.get("reason", ""),
        "path": str(result.path),
        "size": result.size,
        "sha256": result.sha256,
        "codec": result.codec,
        "bitrate_kbps": result.bitrate_kbps,
        "duration_seconds": result.duration_seconds,
        "seconds": round(seconds, 3),
        "speed": round(result.duration_seconds / seconds, 1) if seconds > 0 else None,
        "samples": _samples(recipe.get("inputs", []), recipe.get("output", {})),
        "packets": verification.get("packets"),
        "packets_touched": _touched(verification, decisions),
        "joints": joints,
        "joins": joints,
        "segments": _segments(result.mode, decisions),
        "chapters": [
            {"title": chapter.title, "start": chapter.start, "end": chapter.end} for chapter in result.chapters
        ],
        "chapters_from": result.chapters_from,
        "verification": verification,
        "timing": recipe.get("timing", {}),
        "cover": decisions.get("cover"),
        "companions": [str(path) for path in result.companions],
        "warnings": list(result.warnings),
        "rerun": recipe.get("rerun"),
        "recipe": recipe,
    }


def _joints(decisions: Mapping[str, Any]) -> list[Any]:
    """Where copied sources meet; those between the segments of an encode are only counted."""
    return [joint for joint in decisions.get("joints", []) if isinstance(joint, dict)]


def _segments(mode: str, decisions: Mapping[str, Any]) -> dict[str, int] | None:
    """The pieces that were encoded side by side, of all that was encoded."""
    encodes = [decisions] if mode == "encode" else decisions.get("encoded", [])
    if not encodes:
        return None
    return {
        "count": sum(each["units"] for each in encodes),
        "reused": sum(each["units_reused"] for each in encodes),
        "joints": sum(len(each["joints"]) for each in encodes),
        "joints_without_agreement": sum(each["joints_without_agreement"] for each in encodes),
    }


def _samples(inputs: Sequence[Mapping[str, Any]], output: Mapping[str, Any]) -> dict[str, int | None]:
    """What went in is only told where every source knows it exactly, at one rate."""
    counts = [each["samples"] for each in inputs]
    rates = {each["rate"] for each in inputs}
    known = bool(counts) and None not in counts and len(rates) == 1
    return {
        "in": sum(counts) if known else None,
        "in_rate": rates.pop() if known else None,
        "out": output.get("samples"),
        "out_rate": output.get("rate"),
    }


def _touched(verification: Mapping[str, Any], decisions: Mapping[str, Any]) -> int | None:
    """Packets that are not the sources' own bytes: after an encode, all."""
    packets = verification.get("packets")
    if packets is None:
        return None
    # Of a mixed book the proof compares with what was encoded for it, as with any source.
    ours: int = decisions.get("encoded_packets", 0)
    return int(packets - (verification["identical_packets"] or 0) + ours)
