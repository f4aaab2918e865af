"""The note beside a staged book survives as it was written, and garbage counts as none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from auralarchive.library.intent import NAME, Intent, load, save


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_what_is_saved_is_loaded_and_can_be_replaced(folder: int, tmp_path: Path) -> None:
    for files in ({}, {"Émile.m4b": "ab" * 32}):
        intent = Intent(7, ("Author", "Title"), files)
        save(folder, intent)
        assert load(folder) == intent
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"download_id": null}', b"\xff", b'{"download_id": 1}'])
def test_garbage_counts_as_none(folder: int, tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    assert load(folder) is None


def test_no_note_is_none(folder: int) -> None:
    assert load(folder) is None
