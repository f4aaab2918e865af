"""Deleting what a client has left: exactly that, and nothing beside or around it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auralarchive.clients.leftovers import discard
from auralarchive.ports.errors import Misconfigured


@pytest.fixture
def complete(tmp_path: Path) -> Path:
    """A client's folder of finished downloads, with two jobs in it."""
    for name in ("one", "two"):
        (tmp_path / "complete" / "books" / name).mkdir(parents=True)
        (tmp_path / "complete" / "books" / name / "01.mp3").write_bytes(b"x")
    return tmp_path / "complete"


def test_one_job_goes_and_its_neighbour_stays(complete: Path) -> None:
    """A folder with all that is in it; a second time is no error."""
    discard(complete / "books" / "one", [complete], [])
    discard(complete / "books" / "one", [complete], [])
    assert [path.name for path in (complete / "books").iterdir()] == ["two"]


def test_a_single_file_goes(complete: Path) -> None:
    """Where the client makes no folder for a job, its file is all there is."""
    discard(complete / "books" / "one" / "01.mp3", [complete], [])
    assert list((complete / "books" / "one").iterdir()) == []


def test_of_a_link_the_link_goes(complete: Path, tmp_path: Path) -> None:
    """What it leads to is somebody else's."""
    (tmp_path / "elsewhere").mkdir()
    (complete / "books" / "link").symlink_to(tmp_path / "elsewhere")
    (complete / "books" / "one" / "inside").symlink_to(tmp_path / "elsewhere")
    discard(complete / "books" / "link", [complete], [])
    discard(complete / "books" / "one", [complete], [])
    assert (tmp_path / "elsewhere").is_dir()
    assert not os.path.lexists(complete / "books" / "link")


@pytest.mark.parametrize("name", ["", ".", "books", "books/../..", "../elsewhere", "books/out/x"])
def test_nothing_else_is_ever_deleted(complete: Path, tmp_path: Path, name: str) -> None:
    """The folder itself, one around it, a category's own, and whatever is outside of it, by whichever way."""
    (tmp_path / "elsewhere" / "x").mkdir(parents=True)
    (complete / "books" / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Misconfigured) as caught:
        discard(complete / name, [complete, complete / "books"], [])
    assert caught.value.remedy
    assert (complete / "books" / "one" / "01.mp3").exists()
    assert (tmp_path / "elsewhere" / "x").exists()


@pytest.mark.parametrize("library", ["complete/books/one/library", "complete/books/one", "complete", "complete/books"])
def test_the_library_is_never_touched(complete: Path, tmp_path: Path, library: str) -> None:
    """Neither it, nor what holds it, nor what is in it."""
    (tmp_path / library).mkdir(parents=True, exist_ok=True)
    with pytest.raises(Misconfigured):
        discard(complete / "books" / "one", [complete], [tmp_path / library])
    assert (complete / "books" / "one").is_dir()


def test_what_cannot_be_deleted_is_said(complete: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is read-only, or a right that is missing."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(Misconfigured, match="Permission denied"):
        discard(complete / "books" / "one", [complete], [])
