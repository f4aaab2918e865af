"""What a look at a Deluge's settings tells: what is missing there, and what would lose or hold up a book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from auralarchive.clients.display import display_text
from auralarchive.clients.path_mapping import PathMapper
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import Misconfigured

_LEAST_SPACE = 10**9
_WANTED = [
    "download_location",
    "move_completed",
    "move_completed_path",
    "stop_seed_at_ratio",
    "remove_seed_at_ratio",
    "max_active_limit",
    "max_active_downloading",
    "dont_count_slow_torrents",
]


class Tells(Protocol):
    """Deluge's answer to a call."""

    def __call__(self, method: str, *arguments: Any) -> Any: ...


def findings(told: Tells, paths: PathMapper, label: str, save_path: str) -> Iterator[Finding]:
    """All of them, the good ones too."""
    config = _mapping(told("core.get_config_values", _WANTED))
    folder = save_path or str(config.get("download_location") or "")
    yield from _label_findings(told, paths, label)
    yield _path_finding(paths, "Paths", folder)
    if config.get("move_completed") is True:
        yield _path_finding(paths, "Completed downloads", str(config.get("move_completed_path") or ""))
    yield _ratio_finding(config)
    yield _queue_finding(config)
    yield _session_finding(told("core.is_session_paused"))
    free = told("core.get_free_space", folder)
    if isinstance(free, int) and free >= 0:  # -1: it cannot look there
        enough = free > _LEAST_SPACE
        yield Finding(enough, "Space", f"{free / 1e9:.1f} GB free.", "" if enough else "Make room.")


def _label_findings(told: Tells, paths: PathMapper, label: str) -> Iterator[Finding]:
    plugins = told("core.get_enabled_plugins")
    if not label:
        yield Finding(True, "Label", "No label is used.")
    elif not isinstance(plugins, list) or "Label" not in plugins:
        yield Finding(
            False,
            "Label",
            f"Its plugin Label is off: downloads work, but do not get the label {label!r}.",
            "Enable the plugin 'Label' in Deluge's preferences, or leave the label in the settings empty.",
        )
    elif label not in (told("label.get_labels") or ()):
        yield Finding(True, "Label", f"The label {label!r} is not there yet; the first torrent makes it.")
    else:
        yield from _label_options(_mapping(told("label.get_options", label)), paths, label)


def _label_options(options: Mapping[str, Any], paths: PathMapper, label: str) -> Iterator[Finding]:
    """A label brings settings of its own to whatever gets it."""
    if options.get("apply_queue") and options.get("stop_at_ratio") and options.get("remove_at_ratio"):
        yield Finding(
            False,
            "Label",
            f"The label {label!r} removes torrents at its seed ratio, perhaps before the book is imported.",
            "Switch off 'Remove at ratio' in the options of that label.",
        )
    else:
        yield Finding(True, "Label", f"The label {label!r} is there.")
    if options.get("apply_move_completed") and options.get("move_completed"):
        yield _path_finding(paths, "Folder of the label", str(options.get("move_completed_path") or ""))


def _ratio_finding(config: Mapping[str, Any]) -> Finding:
    if config.get("stop_seed_at_ratio") and config.get("remove_seed_at_ratio"):
        return Finding(
            False,
            "Seeding limits",
            "Deluge removes torrents at its seed ratio. New ones of ours are excepted, those that were there before "
            "are not.",
            "Let it pause torrents at the ratio instead of removing them.",
        )
    return Finding(True, "Seeding limits", "Nothing is removed before it is imported.")


def _queue_finding(config: Mapping[str, Any]) -> Finding:
    limits = [config.get(key) for key in ("max_active_downloading", "max_active_limit")]
    if 0 in limits:
        return Finding(
            False,
            "Queue",
            "Deluge's queue lets no torrent download at all.",
            "Raise 'Downloading' and 'Total active' in its queue settings; -1 is no limit.",
        )
    places = [limit for limit in limits if isinstance(limit, int) and limit > 0]
    if not places:
        return Finding(True, "Queue", "Nothing has to wait for its turn.")
    slow = (
        "those without any traffic do not count."
        if config.get("dont_count_slow_torrents")
        else ("one that nobody shares keeps its place. 'Ignore slow torrents' in its queue settings changes that.")
    )
    return Finding(True, "Queue", f"{min(places)} at a time; {slow}")


def _session_finding(paused: Any) -> Finding:
    if paused is True:
        return Finding(False, "Session", "Deluge is paused as a whole.", "Resume its session.")
    return Finding(True, "Session", "It is running.")


def _path_finding(paths: PathMapper, subject: str, folder: str) -> Finding:
    try:
        local = paths.local(folder, folder)
    except Misconfigured as error:
        return Finding(False, subject, error.reason, error.remedy)
    return Finding(True, subject, f"{display_text(folder)} is {local} here.")


def _mapping(told: Any) -> Mapping[str, Any]:
    return told if isinstance(told, Mapping) else {}
