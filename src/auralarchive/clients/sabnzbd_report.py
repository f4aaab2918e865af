"""What `test` finds out about a SABnzbd: what is there, and which of its settings would lose data."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from auralarchive.clients.display import display_text
from auralarchive.clients.findings import library_findings, path_finding, space_finding
from auralarchive.clients.path_mapping import PathMapper
from auralarchive.clients.sabnzbd_api import Api
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import Misconfigured

_DEFAULT = "*"  # the category of whatever has none
_UNPACK = 3  # +Delete: repair, unpack, and delete the archives
_FEW_JOBS, _FEW_DAYS = 50, 7


def findings(api: Api, name: str, paths: PathMapper) -> Iterator[Finding]:
    """`name` is our category there."""
    misc = _mapping(api.config("misc"))
    categories = _categories(api)
    category = {**categories.get(_DEFAULT, {}), **_told(categories.get(name, {}))}
    yield _category_finding(name, categories, category)
    yield _unpack_finding(category)
    yield _script_finding(category)
    yield _sorting_finding(name, misc, api.config("sorters"))
    yield _names_finding(misc)
    yield _history_finding(misc)
    yield _duplicates_finding(misc)
    yield _check_finding(misc)
    yield from _path_findings(api, category, paths)
    yield space_finding(_free(api.queue(limit=1)[0]), " where SABnzbd loads and unpacks")


def finished_folders(api: Api, paths: PathMapper) -> list[Path]:
    """The folders, as we see them, into which it puts what is finished: the general one and each category's."""
    complete = _complete(api)
    folders = {complete, *(_folder(complete, category) for category in _categories(api).values())}
    # What is not visible from here is not ours to delete in.
    return [local for local in (_visible(folder, paths) for folder in folders) if local is not None]


def _complete(api: Api) -> str:
    return str(api.folders().get("completedir") or "")


def _categories(api: Api) -> dict[str, Mapping[str, Any]]:
    listed = api.config("categories")
    entries = [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []
    return {str(entry.get("name") or ""): entry for entry in entries}


def _told(category: Mapping[str, Any]) -> dict[str, Any]:
    """What a category sets itself; for the rest the default one counts."""
    return {key: value for key, value in category.items() if value not in ("", "Default", None)}


def _folder(complete: str, category: Mapping[str, Any]) -> str:
    """A category's folder: below the general one, or anywhere."""
    own = str(category.get("dir") or "").rstrip("*").strip()
    if not own or re.match(r"/|[A-Za-z]:[\\/]|\\\\", own):
        return own.rstrip("/\\") or complete
    separator = "\\" if re.match(r"[A-Za-z]:|\\\\", complete) else "/"
    return complete.rstrip("/\\") + separator + own.strip("/\\")


def _category_finding(name: str, categories: Mapping[str, Any], category: Mapping[str, Any]) -> Finding:
    if str(category.get("dir") or "").endswith("*"):
        return Finding(
            False,
            "Category",
            "The folder of its category ends in *: SABnzbd then puts the files of all jobs into one folder.",
            "Take the * away in Config, Categories: a book has to have a folder of its own.",
        )
    if name and name not in categories:
        return Finding(
            False,
            "Category",
            f"The category {name!r} is not there: SABnzbd takes its default one instead.",
            f"Add {name} in Config, Categories, with a folder of its own.",
        )
    return Finding(True, "Category", f"The category {name!r} is there." if name else "No category is used.")


def _unpack_finding(category: Mapping[str, Any]) -> Finding:
    steps = str(category.get("pp") or "")
    if steps.isdigit() and int(steps) < _UNPACK:
        return Finding(
            False,
            "Unpacking",
            "SABnzbd does not repair, unpack and clean up what it has loaded in this category.",
            "Set Processing to '+Delete' in Config, Categories.",
        )
    return Finding(True, "Unpacking", "What it loads is repaired and unpacked.")


def _script_finding(category: Mapping[str, Any]) -> Finding:
    script = display_text(str(category.get("script") or "None"))
    if script == "None":
        return Finding(True, "Script", "No script runs after a job.")
    # Most scripts only send a message: this is no fault, but the first thing to look at when files are missing.
    return Finding(True, "Script", f"The script {script} runs after each job; it must leave the files where they are.")


def _sorting_finding(name: str, misc: Mapping[str, Any], sorters: Any) -> Finding:
    entries = [entry for entry in sorters if isinstance(entry, Mapping)] if isinstance(sorters, list) else []
    active = [
        str(entry.get("name") or "?")
        for entry in entries
        if entry.get("is_active") and (name or _DEFAULT).lower() in map(str.lower, _list(entry.get("sort_cats")))
    ]
    # Up to 4.1 there were three of them, each with a switch and with categories of its own.
    active += [
        kind for kind in ("tv", "movie", "date") if misc.get(f"enable_{kind}_sorting") and _takes(misc, kind, name)
    ]
    if active:
        return Finding(
            False,
            "Sorting",
            f"SABnzbd's sorting ({display_text(', '.join(active))}) renames and moves what it has finished.",
            f"Take {name or 'the default category'} out of it in Config, Sorting.",
        )
    return Finding(True, "Sorting", "Finished jobs stay in folders of their own names.")


def _names_finding(misc: Mapping[str, Any]) -> Finding:
    if _number(misc.get("deobfuscate_final_filenames")):
        return Finding(
            False,
            "File names",
            "SABnzbd gives a chapter that is much larger than the others the name of its job: it would come last.",
            "Switch 'Deobfuscate final filenames' off in Config, Switches.",
        )
    return Finding(True, "File names", "Files keep the names that they were posted with.")


def _takes(misc: Mapping[str, Any], kind: str, name: str) -> bool:
    taken = _list(misc.get(f"{kind}_categories"))
    return not taken or name in taken


def _history_finding(misc: Mapping[str, Any]) -> Finding:
    option, number = str(misc.get("history_retention_option") or ""), _number(misc.get("history_retention_number"))
    old = str(misc.get("history_retention") or "") if not option else ""  # before 4.3: -1, a number, or days as in 7d
    number = _number(old.rstrip("d")) if old else number
    short = (
        option == "all-delete"
        or old.startswith("-")
        or (option == "number-delete" and number < _FEW_JOBS)
        or (option == "days-delete" and number < _FEW_DAYS)
        or (old.isdigit() and 0 < number < _FEW_JOBS)
        or (old.endswith("d") and number < _FEW_DAYS)
    )
    if short:
        return Finding(
            False,
            "History",
            "SABnzbd removes finished jobs from its history, perhaps before the book is imported.",
            "Set History Retention to 'Keep all jobs', or to more jobs or days, in Config, Switches.",
        )
    return Finding(True, "History", "Finished jobs stay in the history until the book is imported.")


def _duplicates_finding(misc: Mapping[str, Any]) -> Finding:
    if any(_number(misc.get(key)) in (1, 3) for key in ("no_dupes", "no_smart_dupes", "no_series_dupes")):
        return Finding(
            False,
            "Duplicates",
            "SABnzbd refuses what it has loaded before: a retry of the same release would fail.",
            "Set the detection of duplicates to 'Off', 'Tag job' or 'Pause' in Config, Switches.",
        )
    return Finding(True, "Duplicates", "A release can be loaded again.")


def _check_finding(misc: Mapping[str, Any]) -> Finding:
    if _number(misc.get("pre_check")):
        return Finding(
            False,
            "Check before download",
            "SABnzbd asks its servers for every article before it begins, which takes long and shows no progress.",
            "Switch 'Check before download' off in Config, Switches.",
        )
    return Finding(True, "Check before download", "Downloads begin at once.")


def _path_findings(api: Api, category: Mapping[str, Any], paths: PathMapper) -> Iterator[Finding]:
    complete = _complete(api)
    folder = _folder(complete, category)
    if folder != complete and folder.startswith(complete) and not _visible(folder, paths) and _visible(complete, paths):
        folder = complete  # the category's own is made by its first job
    try:
        local = paths.local(folder, folder)
    except Misconfigured as error:
        yield Finding(False, "Paths", error.reason, error.remedy)
        return
    yield path_finding(folder, local)
    yield from library_findings(local, paths.protected)


def _visible(folder: str, paths: PathMapper) -> Path | None:
    try:
        return paths.local(folder, folder)
    except Misconfigured:
        return None


def _free(queue: Mapping[str, Any]) -> int:
    """The smaller of the two: it loads into one folder and unpacks into the other."""
    return int(min(_number(queue.get("diskspace1")), _number(queue.get("diskspace2"))) * 1024**3)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[str]:
    entries = value if isinstance(value, list) else str(value or "").split(",")
    return [str(entry).strip() for entry in entries if str(entry).strip()]


def _number(value: Any) -> float:
    try:
        number = float(value or 0)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return number if math.isfinite(number) else 0.0
