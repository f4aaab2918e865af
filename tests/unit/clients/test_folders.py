"""Folders of clients inside of our own process."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from auralarchive.clients.folders import OwnFolder, remove_folder
from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import Misconfigured


@pytest.mark.parametrize("folder", ["", "downloads", "./downloads", "/"])
def test_a_folder_is_named_with_its_full_path(folder: str) -> None:
    """Whose folder a short one would be depends on where we were started; the root holds everything."""
    with pytest.raises(ValidationError, match="full path"):
        TypeAdapter(OwnFolder).validate_python(folder)
    assert TypeAdapter(OwnFolder).validate_python("/srv/downloads") == Path("/srv/downloads")


def test_a_folder_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    """What is gone already is no error: a removal may be tried again."""
    folder = tmp_path / "item"
    (folder / "Emma").mkdir(parents=True)
    (folder / "Emma" / "01.mp3").write_bytes(b"x")
    for _ in range(2):
        remove_folder(folder)
        assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_deleted_is_told(tmp_path: Path) -> None:
    """A file where a folder should be; root may delete everything else."""
    (tmp_path / "item").write_bytes(b"x")
    with pytest.raises(Misconfigured, match="cannot be deleted") as caught:
        remove_folder(tmp_path / "item")
    assert caught.value.kind is FailureKind.PERMISSION
    assert caught.value.remedy
