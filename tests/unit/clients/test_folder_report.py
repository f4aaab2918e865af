"""What the test of a client inside of our own process tells of its folder."""

from __future__ import annotations

from pathlib import Path

from auralarchive.clients.folder_report import folder_findings


def test_a_folder_is_made_and_its_space_told(tmp_path: Path) -> None:
    [found] = folder_findings(tmp_path / "downloads", (tmp_path / "library",))
    assert found.ok
    assert "GB free" in found.message
    assert (tmp_path / "downloads").is_dir()


def test_a_library_around_or_inside_is_told(tmp_path: Path) -> None:
    """What is removed there could be somebody's book."""
    for downloads, library in ((tmp_path / "a", tmp_path), (tmp_path, tmp_path / "a"), (tmp_path, tmp_path)):
        folder, other = folder_findings(downloads, (library,))
        assert folder.ok
        assert not other.ok
        assert other.remedy
