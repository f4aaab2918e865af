"""What is found out about a SABnzbd, from settings as it tells them (the contract suite sets them on real ones)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auralarchive.clients.path_mapping import PathMapper, PathMapping
from auralarchive.clients.sabnzbd_report import findings, finished_folders
from auralarchive.ports.clients import Finding

GOOD: dict[str, Any] = {"history_retention_option": "all", "no_dupes": 0, "pre_check": 0}
CATEGORIES: list[dict[str, Any]] = [
    {"name": "*", "pp": "3", "script": "None", "dir": ""},
    {"name": "books", "pp": "", "script": "Default", "dir": "books"},
]


class Told:
    """What a SABnzbd tells, for `sabnzbd_api.Api`."""

    def __init__(self, complete: Path | str, **changes: Any) -> None:
        self._complete = str(complete)
        self._sections = {"misc": GOOD, "categories": CATEGORIES, "sorters": [], **changes}

    def config(self, section: str) -> Any:
        return self._sections[section]

    def folders(self) -> dict[str, str]:
        return {"completedir": self._complete}

    def queue(self, limit: int = 0) -> Any:
        return self._sections.get("queue", {"diskspace1": "70.5", "diskspace2": "30.2"}), []


def found(told: Told, name: str = "books", libraries: tuple[Path, ...] = ()) -> dict[str, Finding]:
    paths = PathMapper("SABnzbd", (), libraries)
    return {finding.subject: finding for finding in findings(told, name, paths)}  # type: ignore[arg-type] # what it needs of it


def wrong(told: Told, name: str = "books", libraries: tuple[Path, ...] = ()) -> set[str]:
    bad = {subject: finding for subject, finding in found(told, name, libraries).items() if not finding.ok}
    assert all(finding.remedy and finding.message for finding in bad.values())
    return set(bad)


@pytest.fixture
def complete(tmp_path: Path) -> Path:
    (tmp_path / "complete" / "books").mkdir(parents=True)
    return tmp_path / "complete"


def test_all_is_well(complete: Path) -> None:
    """Ten things are looked at."""
    assert wrong(Told(complete)) == set()
    assert len(found(Told(complete))) == 10
    assert wrong(Told(complete), name="") == set()


def _category(**changes: Any) -> list[dict[str, Any]]:
    return [CATEGORIES[0], {**CATEGORIES[1], **changes}]


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"categories": [CATEGORIES[0]]}, "Category"),
        ({"categories": "nonsense"}, "Category"),
        ({"categories": _category(dir="books*")}, "Category"),
        ({"categories": _category(pp="1")}, "Unpacking"),
        ({"categories": [{**CATEGORIES[0], "pp": "0"}, CATEGORIES[1]]}, "Unpacking"),
        ({"sorters": [{"name": "Series", "is_active": 1, "sort_cats": ["books"]}]}, "Sorting"),
        ({"sorters": [{"name": "All", "is_active": 1, "sort_cats": "tv, Books"}]}, "Sorting"),
        ({"misc": {**GOOD, "enable_movie_sorting": 1, "movie_categories": []}}, "Sorting"),
        ({"misc": {**GOOD, "deobfuscate_final_filenames": 1}}, "File names"),
        ({"misc": {**GOOD, "history_retention_option": "all-delete"}}, "History"),
        ({"misc": {**GOOD, "history_retention_option": "number-delete", "history_retention_number": 5}}, "History"),
        ({"misc": {**GOOD, "history_retention_option": "days-delete", "history_retention_number": 1}}, "History"),
        ({"misc": {"history_retention": "-1"}}, "History"),
        ({"misc": {"history_retention": "3d"}}, "History"),
        ({"misc": {**GOOD, "no_dupes": 1}}, "Duplicates"),
        ({"misc": {**GOOD, "no_smart_dupes": 3}}, "Duplicates"),
        ({"misc": {**GOOD, "pre_check": 1}}, "Check before download"),
        ({"queue": {"diskspace1": "0.30", "diskspace2": "50"}}, "Space"),
    ],
)
def test_each_thing_that_would_lose_data(complete: Path, changes: dict[str, Any], subject: str) -> None:
    """It is named, with what to do about it, and nothing else is."""
    assert wrong(Told(complete, **changes)) == {subject}


@pytest.mark.parametrize(
    "changes",
    [
        {"sorters": [{"name": "Series", "is_active": 1, "sort_cats": ["tv"]}, {"name": "Off", "sort_cats": ["books"]}]},
        {"sorters": [{"name": "Default", "is_active": 1, "sort_cats": ["*"]}]},
        {"misc": {**GOOD, "enable_tv_sorting": 1, "tv_categories": ["tv"]}},
        {"misc": {**GOOD, "history_retention_option": "all-archive"}},
        {"misc": {**GOOD, "history_retention_option": "days-delete", "history_retention_number": 90}},
        {"misc": {"history_retention": "0"}},
        {"misc": {**GOOD, "no_dupes": 2}},
        {"categories": _category(script="notify.py")},
    ],
)
def test_what_does_no_harm_is_left_in_peace(complete: Path, changes: dict[str, Any]) -> None:
    """A finding that cannot be mended would hide those that can."""
    assert wrong(Told(complete, **changes)) == set()


def test_without_a_category_the_default_one_counts(complete: Path) -> None:
    """Whatever has no category of its own is in it."""
    assert wrong(Told(complete, sorters=[{"is_active": 1, "sort_cats": ["*"]}]), name="") == {"Sorting"}


def test_a_script_is_named(complete: Path) -> None:
    """It is the first thing to look at when files are missing."""
    assert "notify.py" in found(Told(complete, categories=_category(script="notify.py")))["Script"].message


def test_a_folder_that_is_not_visible_here(tmp_path: Path) -> None:
    """As in a container; the remedy names a mapping."""
    assert "mapping" in found(Told("/somewhere/else"))["Paths"].remedy


def test_before_its_first_job_a_category_has_no_folder(complete: Path) -> None:
    """The general one says as much."""
    (complete / "books").rmdir()
    assert str(complete) in found(Told(complete))["Paths"].message
    assert wrong(Told(complete)) == set()


def test_the_library_and_the_downloads_stay_apart(complete: Path) -> None:
    """Neither inside of the other."""
    assert wrong(Told(complete), libraries=(complete,)) == {"Library"}
    assert wrong(Told(complete), libraries=(complete / "books" / "library",)) == {"Paths"}


def test_the_folders_of_finished_jobs(complete: Path, tmp_path: Path) -> None:
    """The general one and each category's, as they are seen from here; what is not visible is nobody's to delete in."""
    (tmp_path / "other").mkdir()
    categories = [*_category(dir=str(tmp_path / "other")), {"name": "gone", "dir": "/not/here"}]
    told = Told("C:\\done", categories=[*categories, CATEGORIES[1]])
    mapped = PathMapper("SABnzbd", (PathMapping(remote="C:\\done", local=str(complete)),))
    folders = finished_folders(told, mapped)  # type: ignore[arg-type] # what it needs of it
    assert set(folders) == {complete, complete / "books"}
    plain = finished_folders(Told(complete, categories=categories), PathMapper("SABnzbd"))  # type: ignore[arg-type] # as above
    assert set(plain) == {complete, tmp_path / "other"}
