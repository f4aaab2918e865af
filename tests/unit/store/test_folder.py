"""One instance a folder, and none on file systems that lose data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from auralarchive.store.errors import DatabaseBusy, NetworkFileSystem
from auralarchive.store.folder import InstanceLock, file_system, is_remote, refuse_network

MOUNTS = r"""
22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:30 / /mnt/nas rw shared:1 - nfs4 nas:/export rw
31 22 0:31 / /mnt/with\040blank rw - cifs //nas/share rw
32 30 8:2 / /mnt/nas/local rw - xfs /dev/sdb1 rw
33 22 0:33 / /mnt/twice rw - ext4 /dev/sdc1 rw
34 22 0:34 / /mnt/twice rw - fuse.sshfs me@there: rw
a line that means nothing
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me", "ext4"),
        ("/mnt/nas/data", "nfs4"),
        ("/mnt/nas2", "ext4"),
        ("/mnt/with blank/data", "cifs"),
        ("/mnt/nas/local/data", "xfs"),
        ("/mnt/twice/data", "fuse.sshfs"),
    ],
)
def test_the_nearest_and_latest_mount_counts(path: str, kind: str) -> None:
    """The type is that of the mount which really holds the path."""
    assert file_system(Path(path), MOUNTS) == kind


def test_what_is_remote() -> None:
    """Network and FUSE file systems are, local ones and a container's overlay are not."""
    remote = (
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "fuse.glusterfs",
        "fuse.rclone",
        "fuse.mergerfs",
        "glusterfs",
        "9p",
        "ceph",
    )
    local = ("ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "apfs", "fuseblk", "fuse.fuse-overlayfs")
    assert [kind for kind in remote + local if is_remote(kind)] == list(remote)


def test_network_folders_are_refused(tmp_path: Path) -> None:
    """The refusal names the folder, the type and the ways out; a system that tells nothing is trusted."""
    table = tmp_path / "mountinfo"
    table.write_text(f"30 22 0:30 / {tmp_path} rw - nfs4 nas:/export rw\n")
    with pytest.raises(NetworkFileSystem, match=r"network file system \(nfs4\).*--data-dir.*PostgreSQL"):
        refuse_network(tmp_path, table)
    refuse_network(tmp_path, tmp_path / "missing")


def test_a_second_instance_is_refused(tmp_path: Path) -> None:
    """Another process is told who has the folder, and gets it when that one has died without a word."""
    script = "import sys; from pathlib import Path; from auralarchive.store.folder import InstanceLock\n"
    script += "lock = InstanceLock(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DatabaseBusy, match=rf"process {holder.pid}.*Stop it first"):
            InstanceLock(tmp_path)
        holder.kill()
    InstanceLock(tmp_path).release()


def test_a_released_folder_is_free(tmp_path: Path) -> None:
    """A clean stop lets the next start in at once."""
    first = InstanceLock(tmp_path)
    with pytest.raises(DatabaseBusy):
        InstanceLock(tmp_path)
    first.release()
    InstanceLock(tmp_path).release()
