"""How full the disks are."""

from __future__ import annotations

import shutil
from pathlib import Path

from auralarchive.runtime.disks import Disks
from auralarchive.settings import Settings
from auralarchive.web.services import Disk


def one(disks: tuple[Disk, ...]) -> Disk:
    (found,) = disks
    return found


def test_folders_on_one_disk_are_told_together(tmp_path: Path) -> None:
    """Nobody is shown the same free space four times."""
    settings = Settings(data_dir=tmp_path, library_path=tmp_path / "library")
    for folder in (settings.library_root, settings.download_root, settings.work_root):
        folder.mkdir(parents=True)
    disks = Disks(lambda: settings)
    assert not disks.latest
    disks.measure()
    disk = one(disks.latest)
    assert [folder.role for folder in disk.folders] == ["library", "downloads", "work", "data"]
    assert disk.total == shutil.disk_usage(tmp_path).total
    assert 0 < disk.free <= disk.total


def test_a_folder_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    """The health checks tell it; the others are shown all the same."""
    disks = Disks(lambda: Settings(data_dir=tmp_path, library_path=tmp_path / "unplugged"))
    disks.measure()
    assert [folder.role for folder in one(disks.latest).folders] == ["data"]
