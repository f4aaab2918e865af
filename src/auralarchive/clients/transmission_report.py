"""What the test of a Transmission finds out, from its own settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auralarchive.clients.display import display_text
from auralarchive.clients.findings import path_findings
from auralarchive.clients.path_mapping import PathMapper
from auralarchive.ports.clients import Finding

_LITTLE = 10**9


def findings(
    session: Mapping[str, Any], label: str, folder: str, paths: PathMapper, free: int | None
) -> Iterator[Finding]:
    """`session` is the answer of session-get, `folder` where new torrents go, `free` the bytes that it has left."""
    yield Finding(True, "Label", f"New torrents get the label {label!r}." if label else "No label is used.")
    yield from path_findings(folder, paths, paths.protected)
    if free is not None:
        room = free > _LITTLE
        yield Finding(room, "Space", f"{free / 1e9:.1f} GB free.", "" if room else "Make room.")
    yield _seeding_finding(session)
    yield from _speed_findings(session)
    yield from _file_findings(session)


def _seeding_finding(session: Mapping[str, Any]) -> Finding:
    limits = []
    if session.get("seedRatioLimited"):
        limits.append(f"at ratio {session.get('seedRatioLimit')}")
    if session.get("idle-seeding-limit-enabled"):
        limits.append(f"after {session.get('idle-seeding-limit')} idle minutes")
    if not limits:
        return Finding(True, "Seeding limits", "Nothing is stopped or removed before it is imported.")
    # It can only stop: torrents that seeded enough are still there to be imported, and so are their files.
    return Finding(True, "Seeding limits", display_text(f"Stops torrents {' or '.join(limits)}; it removes none."))


def _speed_findings(session: Mapping[str, Any]) -> Iterator[Finding]:
    if session.get("alt-speed-enabled"):
        down, up = session.get("alt-speed-down"), session.get("alt-speed-up")
        yield Finding(
            False,
            "Speed limits",
            display_text(f"Its turtle mode is on: {down} kB/s down and {up} kB/s up, whatever limits are set here."),
            "Switch off the alternative speed limits (the turtle) in Transmission.",
        )
    elif session.get("alt-speed-time-enabled"):
        yield Finding(
            True,
            "Speed limits",
            "Its turtle mode has a schedule of its own: in those hours it overrides the limits that are set here.",
        )


def _file_findings(session: Mapping[str, Any]) -> Iterator[Finding]:
    if session.get("incomplete-dir-enabled"):
        unfinished = display_text(str(session.get("incomplete-dir")))
        yield Finding(True, "Unfinished files", f"They lie in {unfinished} and are moved once they are complete.")
    elif session.get("rename-partial-files"):
        yield Finding(True, "Unfinished files", "They end in .part until they are complete.")
    if session.get("script-torrent-done-enabled"):
        script = display_text(str(session.get("script-torrent-done-filename")))
        yield Finding(
            True,
            "Script",
            f"Transmission runs {script} after each download: it must leave the files where they are.",
        )
    if session.get("trash-original-torrent-files"):
        yield Finding(
            True, "Torrent files", "It deletes .torrent files of its watched folder; ours are not among them."
        )
