"""A folder of downloads is looked at in the same way for every client."""

from __future__ import annotations

from pathlib import Path

import pytest

from auralarchive.clients import findings
from auralarchive.clients.context import ClientContext
from auralarchive.clients.findings import (
    folder_findings,
    library_findings,
    own_folder_findings,
    path_finding,
    remote_folder_findings,
    space_finding,
)
from auralarchive.clients.path_mapping import PathMapper, PathMapping
from auralarchive.ports.clients import Finding

LINKED = Finding(True, "Download folder", "linked")


def context(tmp_path: Path) -> ClientContext:
    return ClientContext(tmp_path, (tmp_path / "library",), link_finding=lambda _: LINKED)


def test_a_good_folder_by_the_clients_own_name(tmp_path: Path) -> None:
    """Seen through the path mapping; whether links can be made is told where its items go on seeding."""
    (tmp_path / "downloads").mkdir()
    mapper = PathMapper("NAS", (PathMapping(remote="/data", local=str(tmp_path / "downloads")),))
    told = list(remote_folder_findings("/data", mapper, context(tmp_path), links=True))
    assert [(one.ok, one.subject) for one in told] == [(True, "Paths"), (True, "Space"), (True, "Download folder")]
    assert str(tmp_path / "downloads") in told[0].message
    assert LINKED not in remote_folder_findings("/data", mapper, context(tmp_path), links=False)


def test_a_folder_that_is_not_here_says_what_to_map(tmp_path: Path) -> None:
    """Nothing else can be told of it then."""
    (told,) = remote_folder_findings("/nowhere/downloads", PathMapper("NAS"), context(tmp_path), links=True)
    assert not told.ok
    assert "path mapping" in told.remedy


@pytest.mark.parametrize("place", ["library", "library/downloads", "."])
def test_a_library_within_the_downloads_or_around_them(tmp_path: Path, place: str) -> None:
    """Also behind a link: imported books would be downloads again, or deleted with them."""
    (tmp_path / "real" / "library" / "downloads").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (told,) = library_findings(tmp_path / "link" / place, (tmp_path / "real" / "library",))
    assert not told.ok
    assert told.remedy


def test_neighbours_are_no_trouble(tmp_path: Path) -> None:
    """A common beginning of the name is none of the folder."""
    assert list(library_findings(tmp_path / "library-downloads", (tmp_path / "library",))) == []


def test_little_room_is_told(tmp_path: Path) -> None:
    """Less than a book needs."""
    assert not space_finding(findings.ENOUGH - 1).ok
    assert space_finding(findings.ENOUGH - 1).remedy
    assert space_finding(findings.ENOUGH).ok


def test_a_folder_that_cannot_be_asked(tmp_path: Path) -> None:
    """It was there a moment ago."""
    told = list(folder_findings(tmp_path / "gone", context(tmp_path), links=True))
    assert [one.ok for one in told] == [False]
    assert told[0].remedy


def test_our_own_folder_is_made_and_has_to_be_ours(tmp_path: Path) -> None:
    """A client inside of our process makes its folder; where it cannot, the person is told before a download is."""
    here = context(tmp_path)
    assert all(one.ok for one in own_folder_findings(tmp_path / "downloads", here, links=False))
    assert (tmp_path / "downloads").is_dir()
    (tmp_path / "file").write_text("")
    told = list(own_folder_findings(tmp_path / "file" / "downloads", here, links=False))
    assert not told[0].ok
    assert told[0].remedy


def test_a_folder_of_the_same_name_is_named_once() -> None:
    assert path_finding("/srv/books", Path("/srv/books")).message == "/srv/books is here."
    assert path_finding("/books", Path("/srv/books")).message == "/books is /srv/books here."
