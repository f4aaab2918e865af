"""What `test` finds out about an NZBGet: what is there, and which of its settings would lose data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from auralarchive.clients.context import ClientContext
from auralarchive.clients.display import display_text
from auralarchive.clients.findings import remote_folder_findings
from auralarchive.clients.nzbget_api import OLDEST, Api
from auralarchive.clients.path_mapping import PathMapper
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import Misconfigured

_CATEGORY = re.compile(r"Category\d{1,3}\.Name")


def findings(api: Api, name: str, paths: PathMapper, context: ClientContext) -> Iterator[Finding]:
    """`name` is our category there."""
    yield _version_finding(api)
    config = api.config()
    own = _category(config, name)
    yield _category_finding(name, own)
    yield _history_finding(config)
    yield _unpack_finding({**config, **own})
    yield _repair_finding(config)
    yield _archives_finding(config)
    yield _script_finding({**config, **own})
    folder = own.get("DestDir") or config.get("DestDir", "")
    # Its files are removed once they are in the library: nothing is gained by a link.
    yield from remote_folder_findings(folder, paths, context, links=False)


def own_folders(api: Api, paths: PathMapper) -> list[Path]:
    """The folders, as we see them, into which it puts jobs: finished ones, those of categories, and unfinished ones."""
    config = api.config()
    remote = {config.get("DestDir", ""), config.get("InterDir", "")}
    remote |= {value for key, value in config.items() if re.fullmatch(r"Category\d{1,3}\.DestDir", key)}
    found = []
    for folder in filter(None, remote):
        try:
            found.append(paths.local(folder, folder))
        except Misconfigured:
            continue  # not visible from here: nothing in it is ours to delete
    return found


def _category(config: Mapping[str, str], name: str) -> dict[str, str]:
    """The options of a category, by their general names; empty where it is not there."""
    for key, value in config.items():
        if name and value.casefold() == name.casefold() and _CATEGORY.fullmatch(key):
            prefix = key.partition(".")[0] + "."
            own = {option.removeprefix(prefix): told for option, told in config.items() if option.startswith(prefix)}
            return {option: told for option, told in own.items() if told}
    return {}


def _version_finding(api: Api) -> Finding:
    major, minor = api.generation
    if (major, minor) < OLDEST:
        return Finding(False, "Version", f"NZBGet {major}.{minor} is too old.", "Update it to 16 or later.")
    return Finding(True, "Version", f"NZBGet {major}.{minor} is new enough.")


def _category_finding(name: str, own: Mapping[str, str]) -> Finding:
    if not name or own:
        return Finding(True, "Category", f"The category {name!r} is there." if name else "No category is used.")
    return Finding(
        False,
        "Category",
        f"The category {name!r} is not there: its jobs lie among those of others, and follow none of its settings.",
        f"Add {name} in Settings, Categories, and save and reload NZBGet.",
    )


def _history_finding(config: Mapping[str, str]) -> Finding:
    if config.get("KeepHistory") == "0":
        return Finding(
            False,
            "History",
            "NZBGet keeps no history (KeepHistory is 0): a finished job vanishes before its book is imported.",
            "Set KeepHistory in Settings, Incoming NZBs, to some days, such as 30.",
        )
    return Finding(True, "History", "Finished jobs stay in the history until the book is imported.")


def _unpack_finding(config: Mapping[str, str]) -> Finding:
    if config.get("Unpack", "yes") == "no":
        return Finding(
            False,
            "Unpacking",
            "NZBGet does not unpack the jobs of this category: most books would stay in their archives.",
            "Set Unpack to 'yes' in Settings, Unpack, and in the category.",
        )
    return Finding(True, "Unpacking", "What it loads is unpacked.")


def _repair_finding(config: Mapping[str, str]) -> Finding:
    if config.get("ParCheck") == "manual" or config.get("ParRepair") == "no":
        return Finding(
            False,
            "Repair",
            "NZBGet does not repair damaged jobs: each of them fails.",
            "Set ParCheck to 'auto' and ParRepair to 'yes' in Settings, Check and Repair.",
        )
    return Finding(True, "Repair", "Damaged jobs are repaired.")


def _archives_finding(config: Mapping[str, str]) -> Finding:
    if config.get("UnpackCleanupDisk") == "no":
        return Finding(True, "Archives", "NZBGet keeps archives beside what it has unpacked, until the import is over.")
    return Finding(True, "Archives", "Archives are deleted once they are unpacked.")


def _script_finding(config: Mapping[str, str]) -> Finding:
    # `PostScript` was its name before 18.
    scripts = display_text(config.get("Extensions") or config.get("PostScript") or "")
    if not scripts:
        return Finding(True, "Scripts", "No script runs after a job.")
    # Most of them only send a message: this is no fault, but the first thing to look at when files are missing.
    return Finding(True, "Scripts", f"{scripts} may run after each job; what moves files must tell NZBGet where to.")
