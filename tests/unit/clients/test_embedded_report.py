"""What the test of the embedded client tells a person."""

from __future__ import annotations

from pathlib import Path

from auralarchive.clients.context import ClientContext
from auralarchive.clients.embedded_report import findings


def test_all_is_well(tmp_path: Path) -> None:
    """The folder is made where it is missing; free space is told."""
    found = list(findings(6881, tmp_path / "downloads", ClientContext(tmp_path, (tmp_path / "library",))))
    assert all(finding.ok for finding in found)
    assert (tmp_path / "downloads").is_dir()
    assert "GB free" in found[1].message


def test_what_is_wrong_has_a_remedy(tmp_path: Path) -> None:
    """No port, a folder that cannot be one, and a library inside the downloads."""
    (tmp_path / "file").write_text("")
    downloads = tmp_path / "file" / "downloads"
    found = list(findings(0, downloads, ClientContext(tmp_path, (downloads / "library",))))
    assert [finding.ok for finding in found] == [False, False, False]
    assert all(finding.remedy for finding in found)
