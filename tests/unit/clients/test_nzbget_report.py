"""What `test` says about each setting that would lose data (the contract suite asks real servers)."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from auralarchive.clients.context import ClientContext
from auralarchive.clients.nzbget_api import Api
from auralarchive.clients.nzbget_report import findings, own_folders
from auralarchive.clients.path_mapping import PathMapper
from auralarchive.ports.clients import Finding


class FakeApi:
    """An NZBGet with these options."""

    def __init__(self, options: dict[str, str], version: tuple[int, int] = (21, 0)) -> None:
        self.generation, self._options = version, options

    def config(self) -> dict[str, str]:
        return self._options


@pytest.fixture
def options(tmp_path: Path) -> dict[str, str]:
    """A well-kept NZBGet."""
    (tmp_path / "complete" / "books").mkdir(parents=True)
    (tmp_path / "inter").mkdir()
    return {
        "DestDir": str(tmp_path / "complete"),
        "InterDir": str(tmp_path / "inter"),
        "KeepHistory": "30",
        "Unpack": "yes",
        "ParCheck": "auto",
        "ParRepair": "yes",
        "UnpackCleanupDisk": "yes",
        "DupeCheck": "yes",
        "Category1.Name": "films",
        "Category1.Unpack": "no",
        "Category2.Name": "auralarchive",
        "Category2.DestDir": str(tmp_path / "complete" / "books"),
        "Category2.Unpack": "",
    }


def asked(
    options: dict[str, str], *, libraries: tuple[Path, ...] = (), version: tuple[int, int] = (21, 0)
) -> dict[str, Finding]:
    api = cast("Api", FakeApi(options, version))
    context = ClientContext(Path("/nonexistent"), libraries)
    found = list(findings(api, "auralarchive", PathMapper("NZBGet"), context))
    assert all(finding.ok or finding.remedy for finding in found)
    return {finding.subject: finding for finding in found}


def bad(found: dict[str, Finding]) -> list[str]:
    return [subject for subject, finding in found.items() if not finding.ok]


def test_all_is_well(options: dict[str, str], tmp_path: Path) -> None:
    found = asked(options)
    assert bad(found) == []
    assert str(tmp_path / "complete" / "books") in found["Paths"].message


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"Category2.Name": "others"}, "Category"),
        ({"KeepHistory": "0"}, "History"),
        ({"Unpack": "no"}, "Unpacking"),
        ({"Category2.Unpack": "no"}, "Unpacking"),
        ({"ParCheck": "manual"}, "Repair"),
        ({"ParRepair": "no"}, "Repair"),
        ({"Category2.DestDir": "/nonexistent/books"}, "Paths"),
        ({"Category2.DestDir": r"D:\books"}, "Paths"),
    ],
)
def test_each_setting_that_loses_books(options: dict[str, str], changes: dict[str, str], subject: str) -> None:
    assert bad(asked({**options, **changes})) == [subject]


def test_a_version_whose_jobs_carry_no_mark(options: dict[str, str]) -> None:
    assert bad(asked(options, version=(15, 0))) == ["Version"]


def test_a_folder_inside_of_the_library(options: dict[str, str], tmp_path: Path) -> None:
    assert bad(asked(options, libraries=(tmp_path / "complete",))) == ["Library"]


@pytest.mark.parametrize("name", ["Extensions", "PostScript", "Category2.Extensions"])
def test_scripts_are_named(options: dict[str, str], name: str) -> None:
    """No fault, but the first thing to look at when files are missing."""
    assert "EMail.py" in asked({**options, name: "EMail.py"})["Scripts"].message


def test_archives_that_stay_are_no_fault(options: dict[str, str]) -> None:
    found = asked({**options, "UnpackCleanupDisk": "no"})["Archives"]
    assert found.ok
    assert "keeps" in found.message


def test_its_own_folders_are_those_that_can_be_seen(options: dict[str, str], tmp_path: Path) -> None:
    api = cast("Api", FakeApi({**options, "Category3.DestDir": "/nonexistent/x", "Category4.DestDir": ""}))
    assert set(own_folders(api, PathMapper("NZBGet"))) == {
        tmp_path / "complete",
        tmp_path / "inter",
        tmp_path / "complete" / "books",
    }
