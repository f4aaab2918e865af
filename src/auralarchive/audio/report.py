"""The report of one conversion, for `auralarchive convert --json` and for people's eyes."""

from __future__ import annotations

from typing import Any

from auralarchive.ports.audio import ConvertResult


def report(result: ConvertResult, seconds: float) -> dict[str, Any]:
    """Everything about `result` as JSON can hold it; `seconds` is the wall time it took."""
    return {
        "mode": result.mode,
        "path": str(result.path),
        "size": result.size,
        "sha256": result.sha256,
        "codec": result.codec,
        "bitrate_kbps": result.bitrate_kbps,
        "duration_seconds": result.duration_seconds,
        "seconds": round(seconds, 3),
        "chapters": [
            {"title": chapter.title, "start": chapter.start, "end": chapter.end} for chapter in result.chapters
        ],
        "chapters_from": result.chapters_from,
        "joins": result.recipe.get("decisions", {}).get("joints", []),
        "verification": result.recipe.get("verification", {}),
        "cover": str(result.cover) if result.cover else None,
        "companions": [str(path) for path in result.companions],
        "warnings": list(result.warnings),
        "recipe": result.recipe,
    }
