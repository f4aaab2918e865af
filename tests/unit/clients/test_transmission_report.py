"""Every setting of Transmission that a person should hear of, and what helps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auralarchive.clients.path_mapping import PathMapper
from auralarchive.clients.transmission_report import findings
from auralarchive.ports.clients import Finding


def _found(folder: Path, session: dict[str, Any], free: int | None = 10**12, **paths: Any) -> dict[str, Finding]:
    report = list(findings(session, "books", str(folder), PathMapper("tm", **paths), free))
    assert all(finding.ok or finding.remedy for finding in report)
    return {finding.subject: finding for finding in report}


def test_nothing_is_wrong_with_the_defaults(tmp_path: Path) -> None:
    """And nothing is said that a person need not know."""
    report = _found(tmp_path, {})
    assert all(finding.ok for finding in report.values())
    assert report.keys() == {"Label", "Paths", "Space", "Seeding limits"}
    assert "'books'" in report["Label"].message


def test_a_folder_that_is_not_here(tmp_path: Path) -> None:
    """Usually a container without a mapping."""
    finding = _found(tmp_path / "nowhere" / "else", {})["Paths"]
    assert not finding.ok
    assert "mapping" in finding.remedy


def test_a_download_folder_inside_the_library(tmp_path: Path) -> None:
    """Half a download would be scanned as a book, and one lies in the other's way."""
    (tmp_path / "downloads").mkdir()
    report = _found(tmp_path / "downloads", {}, protected=(tmp_path,))
    assert report["Paths"].ok
    assert not report["Library"].ok
    assert "Library" not in _found(tmp_path / "downloads", {}, protected=(tmp_path / "library",))


@pytest.mark.parametrize(("free", "ok"), [(10**12, True), (10**8, False), (0, False)])
def test_space(tmp_path: Path, free: int, ok: bool) -> None:
    """A book is some hundred megabytes."""
    assert _found(tmp_path, {}, free)["Space"].ok is ok
    assert "Space" not in _found(tmp_path, {}, None)


def test_seeding_limits_only_stop(tmp_path: Path) -> None:
    """Transmission never removes by itself: no reason to warn."""
    session = {
        "seedRatioLimited": True,
        "seedRatioLimit": 2,
        "idle-seeding-limit-enabled": True,
        "idle-seeding-limit": 30,
    }
    finding = _found(tmp_path, session)["Seeding limits"]
    assert finding.ok
    assert "ratio 2 or after 30 idle minutes" in finding.message


def test_turtle_mode_overrides_our_limits(tmp_path: Path) -> None:
    """While it is on it is wrong; its schedule is told."""
    on = _found(tmp_path, {"alt-speed-enabled": True, "alt-speed-down": 50, "alt-speed-up": 20})["Speed limits"]
    assert not on.ok
    assert "50 kB/s" in on.message
    assert _found(tmp_path, {"alt-speed-time-enabled": True})["Speed limits"].ok


def test_where_unfinished_files_are(tmp_path: Path) -> None:
    """So that nobody looks for them in vain."""
    session = {"rename-partial-files": True, "incomplete-dir": "/unfinished"}
    assert ".part" in _found(tmp_path, session)["Unfinished files"].message
    apart = _found(tmp_path, {**session, "incomplete-dir-enabled": True})
    assert "/unfinished" in apart["Unfinished files"].message


def test_what_else_touches_files_is_told(tmp_path: Path) -> None:
    """A script that moves books away would take them from under the import."""
    session = {
        "script-torrent-done-enabled": True,
        "script-torrent-done-filename": "/move.sh",
        "trash-original-torrent-files": True,
    }
    report = _found(tmp_path, session)
    assert "/move.sh" in report["Script"].message
    assert report["Torrent files"].ok
