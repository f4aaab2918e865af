"""Folders are walked below a descriptor, and no link on the way is followed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auralarchive.library import tree


def test_folders_are_made_and_opened(tmp_path: Path) -> None:
    with tree.opened_root(tmp_path) as root, tree.folder(root, ["a", "b"], mode=0o755) as below:
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=below))
        assert tree.listing(below) == ["file"]
    assert (tmp_path / "a/b/file").is_file()


def test_a_missing_folder_is_told_where_none_may_be_made(tmp_path: Path) -> None:
    with tree.opened_root(tmp_path) as root, pytest.raises(FileNotFoundError), tree.folder(root, ["a"]):
        pass


@pytest.mark.parametrize("names", [["link"], ["link", "deeper"], ["file"]])
def test_links_and_files_are_no_folders(tmp_path: Path, names: list[str]) -> None:
    (tmp_path / "real/deeper").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "file").touch()
    with tree.opened_root(tmp_path) as root, pytest.raises(OSError, match="director"), tree.folder(root, names):
        pass


def test_a_tree_is_removed_but_not_what_its_links_mean(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").touch()
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/link").symlink_to(tmp_path / "kept")
    with tree.opened_root(tmp_path) as root:
        tree.remove_tree(root, "tree")
        tree.remove_tree(root, "tree")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept/file").exists()


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for names in (["a", "b"], ["a", "b", "c"]):
        with tree.opened_root(tmp_path) as root, tree.folder(root, names, mode=0o755):
            pass
        with tree.opened_root(tmp_path) as root, pytest.raises(OSError, match="No such"), tree.folder(root, ["x"]):
            pass
    assert len(list(Path("/proc/self/fd").iterdir())) == before
