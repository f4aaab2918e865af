"""The doctor's questions about the library find the usual mistakes and leave nothing behind."""

from __future__ import annotations

from pathlib import Path

from auralarchive.library import FilesystemLibrary, LibrarySettings
from auralarchive.ports.clients import Finding
from tests.unit.library.support import Place


def failures(library: FilesystemLibrary) -> list[Finding]:
    findings = [finding for finding in library.check() if not finding.ok]
    assert all(finding.remedy for finding in findings)
    return findings


def test_all_is_well_and_nothing_stays_behind(place: Place) -> None:
    assert failures(place.library) == []
    assert place.library.staging() == ()
    assert list(place.downloads.iterdir()) == []


def test_links_are_tried_with_what_is_there(place: Place) -> None:
    audio = place.download()
    assert failures(place.library) == []
    assert audio.stat().st_nlink == 1


def test_a_missing_library_is_told(tmp_path: Path) -> None:
    assert "not there" in failures(FilesystemLibrary(tmp_path / "gone"))[0].message


def test_a_staging_area_that_cannot_be_used_is_told(place: Place) -> None:
    (place.root / ".auralarchive").write_text("a file in the way")
    assert "cannot be written" in failures(place.library)[0].message


def test_a_full_disk_is_told(place: Place) -> None:
    library = FilesystemLibrary(place.root, LibrarySettings(reserve_bytes=1 << 60))
    assert [finding.subject for finding in failures(library)] == ["Space for the library"]


def test_folders_within_one_another_are_told(place: Place) -> None:
    for folder in (place.root, place.root.parent, place.root / "below"):
        library = FilesystemLibrary(place.root, LibrarySettings(reserve_bytes=0, download_folders=(folder,)))
        assert any("within one another" in finding.message for finding in failures(library))


def test_another_disk_is_well_too_but_its_price_is_told(place: Place, small_disk: Path) -> None:
    """Copies work: the doctor says what they cost and how to change it, and does not call it a fault."""
    for content in (b"", b"a file to try with"):
        if content:
            (small_disk / "book.m4b").write_bytes(content)
        library = FilesystemLibrary(place.root, LibrarySettings(reserve_bytes=0, download_folders=(small_disk,)))
        assert failures(library) == []
        told = [finding.message for finding in library.check() if str(small_disk) in finding.message]
        assert len(told) == 1
        assert all(part in told[0] for part in ("copied", "space twice", "one file system"))


def test_only_folders_in_use_are_looked_at(place: Place) -> None:
    """A folder of a client that is switched off may be missing."""
    settings = LibrarySettings(reserve_bytes=0, download_folders=(place.downloads / "unmounted",))
    assert failures(FilesystemLibrary(place.root, settings, tuple)) == []
    used = FilesystemLibrary(place.root, settings, lambda: (place.downloads,))
    assert failures(used) == []
    assert any(str(place.downloads) in finding.message for finding in used.check())


def test_a_missing_download_folder_is_told(place: Place) -> None:
    missing = (place.downloads / "unmounted",)
    library = FilesystemLibrary(place.root, LibrarySettings(reserve_bytes=0, download_folders=missing))
    assert "not there" in failures(library)[0].message
