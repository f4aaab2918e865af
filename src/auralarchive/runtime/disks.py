"""How full the disks are: measured with the health checks, so that a disk that hangs holds up nobody else."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from auralarchive.settings import Settings
from auralarchive.web.services import Disk, Folder


class Disks:
    """`measure` asks the disks and may wait for them; `latest` is what it found last."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self.latest: tuple[Disk, ...] = ()

    def measure(self) -> None:
        """Each disk once, with the folders on it; what cannot be asked is left out."""
        settings = self._settings()
        folders = (
            Folder("library", settings.library_root),
            Folder("downloads", settings.download_root),
            Folder("work", settings.work_root),
            Folder("data", settings.data_dir),
        )
        by_device: defaultdict[int, list[Folder]] = defaultdict(list)
        for folder in folders:
            device = _device(folder.path)
            if device is not None:
                by_device[device].append(folder)
        self.latest = tuple(_disk(tuple(there)) for there in by_device.values())


def _device(path: Path) -> int | None:
    try:
        return path.stat().st_dev
    except OSError:
        return None  # a finding of the health checks says so


def _disk(folders: tuple[Folder, ...]) -> Disk:
    usage = shutil.disk_usage(folders[0].path)
    return Disk(folders, usage.free, usage.total)
