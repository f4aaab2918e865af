"""A folder that somebody is about to choose is judged truly, and is as before afterwards."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auralarchive.library.candidate import as_folder, as_library
from auralarchive.ports.library import FolderReport


def messages(report: FolderReport) -> str:
    assert all(finding.remedy for finding in report.findings if not finding.ok)
    return "\n".join(finding.message for finding in report.findings)


def snapshot(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("content", [b"", b"seeding"])
def test_a_good_folder_is_told_with_its_disk_and_left_as_it_was(tmp_path: Path, content: bytes) -> None:
    """Links are really tried: with a file that is there, else with one that goes at once."""
    library, downloads = tmp_path / "library", tmp_path / "downloads"
    library.mkdir()
    downloads.mkdir()
    if content:
        (downloads / "book.m4b").write_bytes(content)
    before = snapshot(tmp_path)
    report = as_library(library, (downloads, tmp_path / "gone"), 0)
    assert report.exists
    assert all(finding.ok for finding in report.findings)
    assert "seeding files are linked" in messages(report)
    assert (report.free_bytes or 0) > 0
    assert (report.total_bytes or 0) > (report.free_bytes or 0)
    assert snapshot(tmp_path) == before


def test_the_kind_of_file_system_is_that_of_the_folder(tmp_path: Path, small_disk: Path) -> None:
    """And from another disk books are copied: told, with how to change it, but no fault."""
    inside = small_disk / "a b"
    inside.mkdir()
    (tmp_path / "downloads").mkdir()
    report = as_library(inside, (tmp_path / "downloads",), 0)
    assert report.file_system == "tmpfs"
    assert "copied" in messages(report)
    assert all(finding.ok for finding in report.findings)


def test_one_that_is_not_there_yet_is_not_made_by_asking(tmp_path: Path) -> None:
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    report = as_library(tmp_path / "new" / "library", (downloads,), 0)
    assert not report.exists
    assert "made when you save" in messages(report)
    assert "seeding files are linked" in messages(report)
    assert snapshot(tmp_path) == ["downloads"]


@pytest.mark.parametrize("path", ["library", "/", "/data/../etc"])
def test_a_folder_has_its_full_path(path: str) -> None:
    for report in (as_library(Path(path), (), 0), as_folder(Path(path))):
        assert "full path" in messages(report)
        assert not report.exists


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        assert "is a file" in messages(as_library(path, (), 0))


def test_a_name_that_no_file_system_takes_is_told(tmp_path: Path) -> None:
    assert "cannot be looked at" in messages(as_library(tmp_path / ("a" * 300), (), 0))


def test_too_little_room_is_told(tmp_path: Path) -> None:
    assert "free" in messages(as_library(tmp_path, (), 1 << 60))


@pytest.mark.parametrize("library", ["downloads", "downloads/books", "."])
def test_within_the_folder_of_downloads_it_would_import_itself(tmp_path: Path, library: str) -> None:
    (tmp_path / "downloads").mkdir()
    assert "within one another" in messages(as_library(tmp_path / library, (tmp_path / "downloads",), 0))


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "cannot be written" in messages(as_library(tmp_path, (), 0))
    assert "cannot be made" in messages(as_library(tmp_path / "new", (), 0))
    tmp_path.chmod(0o700)


def test_what_a_mapping_leads_to(tmp_path: Path) -> None:
    assert as_folder(tmp_path).findings[0].ok
    assert as_folder(tmp_path).exists
    gone = as_folder(tmp_path / "gone")
    assert (gone.exists, gone.findings[0].ok) == (False, False)
    assert "not there" in messages(gone)
