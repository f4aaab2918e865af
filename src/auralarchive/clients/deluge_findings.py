"""What a look at a Deluge's settings tells: what is missing there, and what would lose or hold up a book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from auralarchive.clients.context import ClientContext
from auralarchive.clients.findings import remote_folder_findings
from auralarchive.clients.path_mapping import PathMapper
from auralarchive.ports.clients import Finding

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


def findings(told: Tells, paths: PathMapper, context: ClientContext, label: str, save_path: str) -> Iterator[Finding]:
    """All of them, the good ones too."""
    config = _mapping(told("core.get_config_values", _WANTED))
    options: Mapping[str, Any] = {}
    if label:
        plugins = told("core.get_enabled_plugins")
        on = isinstance(plugins, list) and "Label" in plugins
        there = on and label in (told("label.get_labels") or ())
        options = _mapping(told("label.get_options", label)) if there else {}
        yield _label_finding(label, options, on=on, there=there)
    else:
        yield Finding(True, "Label", "No label is used.")
    for folder in _folders(config, options, save_path):
        yield from remote_folder_findings(folder, paths, context, links=True)
    yield _ratio_finding(config)
    yield _queue_finding(config)
    yield _session_finding(told("core.is_session_paused"))


def _folders(config: Mapping[str, Any], options: Mapping[str, Any], save_path: str) -> tuple[str, ...]:
    """Where books are loaded, and where they go then: by the general setting, or by that of the label."""
    loaded = save_path or config.get("download_location")
    moved = config.get("move_completed_path") if config.get("move_completed") else loaded
    if options.get("apply_move_completed"):
        moved = options.get("move_completed_path") if options.get("move_completed") else loaded
    return tuple(dict.fromkeys(str(folder or "") for folder in (loaded, moved)))


def _label_finding(label: str, options: Mapping[str, Any], *, on: bool, there: bool) -> Finding:
    if not on:
        return Finding(
            False,
            "Label",
            f"Its plugin Label is off: downloads work, but do not get the label {label!r}.",
            "Enable the plugin 'Label' in Deluge's preferences, or leave the label in the settings empty.",
        )
    if not there:
        return Finding(True, "Label", f"The label {label!r} is not there yet; the first torrent makes it.")
    # A label brings settings of its own to whatever gets it.
    if options.get("apply_queue") and options.get("stop_at_ratio") and options.get("remove_at_ratio"):
        return Finding(
            False,
            "Label",
            f"The label {label!r} removes torrents at its seed ratio, perhaps before the book is imported.",
            "Switch off 'Remove at ratio' in the options of that label.",
        )
    return Finding(True, "Label", f"The label {label!r} is there.")


def _ratio_finding(config: Mapping[str, Any]) -> Finding:
    if config.get("stop_seed_at_ratio") and config.get("remove_seed_at_ratio"):
        return Finding(
            False,
            "Seeding limits",
            "Deluge removes torrents at its seed ratio. New ones of ours are excepted, those that were there before "
            "are not.",
            "Let it pause torrents at the ratio instead of removing them, in its preferences, Queue.",
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


def _mapping(told: Any) -> Mapping[str, Any]:
    return told if isinstance(told, Mapping) else {}
