"""Probes of files that need not exist: a path, its tags and its measures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from auralarchive.audio.kinds import Kind
from auralarchive.audio.mp4.reader import Mark
from auralarchive.audio.probe import Probe
from auralarchive.audio.sources import Source
from auralarchive.audio.sourcetags import SourceTags

_KINDS = {
    ".mp3": Kind.MP3,
    ".m4a": Kind.MP4,
    ".m4b": Kind.MP4,
    ".flac": Kind.FLAC,
    ".opus": Kind.OGG,
    ".aac": Kind.ADTS,
}
_CODECS = {".m4a": "aac", ".m4b": "aac", ".aac": "aac", ".flac": "flac", ".opus": "opus"}


def made(
    name: str,
    *,
    root: str = "/downloads/job",
    seconds: float = 600.0,
    kbps: float = 64.0,
    samples: int | None = None,
    chapters: int = 0,
    **tags: Any,
) -> Probe:
    """The file `name` below `root`; its suffix says what is in it, `tags` are fields of `SourceTags`."""
    suffix = Path(name).suffix.lower()
    source = Source(Path(root) / name, Path(name), _KINDS.get(suffix, Kind.MP3), int(seconds * kbps * 125), (0, 0, 0))
    marks = tuple(Mark(number * seconds / chapters, f"Chapter {number + 1}") for number in range(chapters))
    return Probe(
        source,
        _CODECS.get(suffix, "mp3"),
        44100,
        1,
        kbps,
        seconds,
        samples=samples,
        chapters=marks,
        tags=SourceTags(**tags),
        brand=b"M4B " if suffix == ".m4b" else b"",
    )


def names(probes: tuple[Probe, ...]) -> list[str]:
    """Their paths below the root, as text."""
    return [probe.source.relative.as_posix() for probe in probes]
