"""From the client's path to ours, and the five diagnoses of why not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from auralarchive.clients.path_mapping import PathMapper, PathMapping, same_path
from auralarchive.ports.errors import Misconfigured


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A local folder with one downloaded book."""
    (tmp_path / "data" / "Book").mkdir(parents=True)
    (tmp_path / "data" / "Book" / "01.mp3").write_bytes(b"x")
    return tmp_path / "data"


def mapper(remote: str, local: Path, *protected: Path) -> PathMapper:
    return PathMapper("qb", (PathMapping(remote=remote, local=str(local)),), protected)


@pytest.mark.parametrize(
    ("prefix", "remote"),
    [
        ("/downloads", "/downloads/Book/01.mp3"),
        ("/downloads/", "/downloads//./Book/01.mp3/"),
        ("C:\\Downloads", "C:\\Downloads\\Book\\01.mp3"),
        ("c:/downloads", "C:\\Downloads/Book\\01.mp3"),
        ("\\\\nas\\share", "\\\\NAS\\Share\\Book\\01.mp3"),
    ],
)
def test_a_prefix_of_components_is_exchanged(here: Path, prefix: str, remote: str) -> None:
    """Whatever separators the client uses, and Windows without regard to case."""
    assert mapper(prefix, here).local(remote, prefix) == here / "Book" / "01.mp3"


def test_the_first_matching_mapping_wins_and_half_names_do_not_match(here: Path) -> None:
    """`/data` is no prefix of `/database`."""
    both = PathMapper("qb", (PathMapping(remote="/data", local="/x"), PathMapping(remote="/database", local=str(here))))
    assert both.local("/database/Book", None) == here / "Book"


def test_a_client_on_this_machine_needs_no_mapping(here: Path) -> None:
    """Its paths are ours."""
    assert PathMapper("qb").local(str(here / "Book"), str(here)) == here / "Book"


def test_diagnosis_path_of_another_system() -> None:
    """A Windows path without a mapping."""
    with pytest.raises(Misconfigured, match="another operating system") as caught:
        PathMapper("qb").local("D:\\Torrents\\Book", "D:\\Torrents")
    assert "D:\\Torrents" in caught.value.remedy


def test_diagnosis_not_mapped() -> None:
    """A container's path that nobody has mapped."""
    with pytest.raises(Misconfigured, match="no path mapping covers") as caught:
        PathMapper("qb").local("/container-downloads/Book", "/container-downloads")
    assert "/container-downloads" in caught.value.remedy


def test_diagnosis_local_folder_missing(here: Path) -> None:
    """Mapped onto a folder that is not there: not mounted, or mistyped."""
    with pytest.raises(Misconfigured, match="does not exist here"):
        mapper("/downloads", here / "nowhere").local("/downloads/Book", None)


def test_diagnosis_no_permission(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There, but not for us. (Root may read everything, so the system's answer is played.)"""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(Misconfigured, match="may not be read"):
        mapper("/downloads", here).local("/downloads/Book", None)

    def forbidden(_: Path, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "stat", forbidden)
    with pytest.raises(Misconfigured, match="may not be read"):
        mapper("/downloads", here).local("/downloads/Book", None)


def test_diagnosis_file_missing(here: Path) -> None:
    """The folder is there, the book is not in it."""
    with pytest.raises(Misconfigured, match="is not in it"):
        mapper("/downloads", here).local("/downloads/Other", None)


@pytest.mark.parametrize("remote", ["", "/", "//", "Book", "/downloads/../etc", "/downloads/a\x00b", "C:\\"])
def test_what_is_no_path_below_a_folder_is_refused(here: Path, remote: str) -> None:
    """Neither the root nor a way up nor an empty answer is ever a book."""
    with pytest.raises(Misconfigured):
        mapper("/downloads", here).local(remote, "/downloads")


def test_the_root_folder_is_no_save_path(here: Path) -> None:
    """A client that saves into / would make everything a download."""
    with pytest.raises(Misconfigured, match="root folder"):
        PathMapper("qb").local("/etc", "/")


def test_a_link_out_of_the_folder_is_refused(here: Path, tmp_path: Path) -> None:
    """A torrent may bring a symbolic link; what it points at is not the torrent's."""
    (tmp_path / "secret").mkdir()
    (here / "Link").symlink_to(tmp_path / "secret")
    with pytest.raises(Misconfigured, match="leads out"):
        mapper("/downloads", here).local("/downloads/Link", None)


def test_the_library_is_never_a_download(here: Path) -> None:
    """Neither itself nor a folder around it."""
    for library in (here / "Book", here / "Book" / "Library"):
        library.mkdir(exist_ok=True)
        with pytest.raises(Misconfigured, match="library"):
            mapper("/downloads", here, library).local("/downloads/Book", None)


@pytest.mark.parametrize(("remote", "local"), [("/", "/x"), ("x", "/x"), ("/x", "/"), ("/x", "y"), ("/x", "/a/..")])
def test_mappings_of_the_root_are_refused(remote: str, local: str) -> None:
    """They would open the whole machine."""
    with pytest.raises(ValidationError):
        PathMapping(remote=remote, local=local)


def test_same_path_ignores_separators_at_the_end() -> None:
    """As clients write their folders."""
    assert same_path("/a/b/", "/a/b")
    assert same_path("C:\\a\\", "C:/a")
    assert not same_path("/a", None)
