"""Looking at what is in the library never changes it. The rest is in test_filesystem.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auralarchive.library import tree
from auralarchive.library.compare import difference, is_untouched
from auralarchive.library.intent import Intent
from auralarchive.library.transfer import Meter
from auralarchive.ports.library import LibraryFile
from auralarchive.ports.work import CancelToken

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_book_is_untouched_only_with_just_its_files(tmp_path: Path) -> None:
    book = Intent(1, ("A", "B"), {"b.m4b": EMPTY})
    meter = Meter(lambda _: None, CancelToken())
    with tree.opened_root(tmp_path) as folder:
        assert not is_untouched(folder, book, meter)
        (tmp_path / "b.m4b").touch()
        assert is_untouched(folder, book, meter)
        (tmp_path / "more").touch()
        assert not is_untouched(folder, book, meter)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "", "a//b", "."])
def test_a_manifest_never_leads_out_of_the_library(tmp_path: Path, path: str) -> None:
    with tree.opened_root(tmp_path) as root:
        finding = difference(root, LibraryFile(path, "audio", 0, EMPTY, "copy"))
    assert finding is not None
    assert "leads out" in finding.message


def test_a_pipe_in_a_files_place_is_told_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "b.m4b")
    with tree.opened_root(tmp_path) as root:
        finding = difference(root, LibraryFile("b.m4b", "audio", 0, EMPTY, "copy"))
    assert finding is not None
    assert "no ordinary file" in finding.message
