"""The file system of a folder is read as Linux tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from auralarchive.library import mounts
from auralarchive.library.mounts import Mount, mount_of

TOLD = r"""22 1 0:21 / / rw,relatime shared:1 - overlay overlay rw
30 22 0:25 / /mnt/nas\040books rw - nfs4 nas:/books rw
31 22 8:1 / /mnt/disk rw - ext4 /dev/sda1 rw
32 22 8:2 / /mnt/disk rw - xfs /dev/sdb1 rw
nonsense
"""


@pytest.fixture(autouse=True)
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "mountinfo"
    file.write_text(TOLD)
    monkeypatch.setattr(mounts, "_MOUNTS", file)
    return file


@pytest.mark.parametrize(
    ("folder", "mount"),
    [
        ("/srv/library", Mount(Path("/"), "overlay")),
        ("/mnt/nas books/a", Mount(Path("/mnt/nas books"), "nfs4")),
        ("/mnt/disk", Mount(Path("/mnt/disk"), "xfs")),
        ("/mnt/diskette", Mount(Path("/"), "overlay")),
    ],
)
def test_the_nearest_mount_that_was_made_last(folder: str, mount: Mount) -> None:
    assert mount_of(Path(folder)) == mount


def test_elsewhere_nothing_is_known(told: Path) -> None:
    """Another system has no such file."""
    told.unlink()
    assert mount_of(Path("/")) is None


def test_it_is_told_in_words() -> None:
    assert str(Mount(Path("/mnt/nas"), "nfs4")) == "/mnt/nas (nfs4)"
