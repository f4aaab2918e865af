"""Deluge's torrents in our words: its states and fields, of both generations."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from auralarchive.clients.display import display_text
from auralarchive.clients.values import number_of, text_of, whole_of
from auralarchive.domain.client_item import ClientFile, ClientItem, ItemState
from auralarchive.domain.speed import SpeedLimits

#: What a poll asks for. `label` is the plugin's, and missing where that is off.
FIELDS = (
    "name",
    "state",
    "message",
    "is_finished",
    "is_seed",
    "paused",
    "total_size",
    "total_wanted",
    "total_remaining",
    "total_done",
    "total_uploaded",
    "download_payload_rate",
    "upload_payload_rate",
    "eta",
    "ratio",
    "finished_time",
    "save_path",
    "max_download_speed",
    "max_upload_speed",
    "label",
)

#: Put beside these fields where all of Deluge is paused, which is asked once for all torrents.
SESSION_PAUSED = "session_paused"

#: Every state of 2.x while bytes are missing. Any other is UNKNOWN: it waits and is shown.
STATES: Mapping[str, ItemState] = MappingProxyType(
    {
        "Downloading": ItemState.WAITING,  # also while a magnet has no metadata: then it has no size
        "Queued": ItemState.WAITING,  # its turn will come
        "Paused": ItemState.PAUSED,
        "Seeding": ItemState.BUSY,  # it says so while bytes are missing: between two of its own looks
        "Checking": ItemState.BUSY,  # also at each start, with whatever it believed before
        "Allocating": ItemState.BUSY,
        "Moving": ItemState.BUSY,  # to the folder of completed ones: the path is about to change
        "Error": ItemState.WARNING,  # disk full, files missing: not the release's fault
    }
)
#: The states in which a finished torrent may be read.
_AT_REST = frozenset({"Seeding", "Paused", "Queued"})
_NOTHING_CHOSEN = "No file of it is chosen in Deluge"
_SESSION_PAUSED = "its whole session is paused. Resume the session there"
_LARGEST = 2**63


def as_item(
    item_id: str,
    fields: Any,
    hashes: frozenset[str] = frozenset(),
    tags: frozenset[str] = frozenset(),
) -> ClientItem:
    """One torrent. What is missing or of the wrong type is unknown; it never fails.

    Deluge knows neither tags nor more than one hash: `tags` and `hashes` are what we have noted ourselves.
    """
    known = hashes | {item_id}
    if not isinstance(fields, Mapping):
        return ClientItem(item_id, item_id, ItemState.UNKNOWN, known, tags=tags)
    raw = text_of(fields, "state") or ""
    wanted, left = whole_of(fields, "total_wanted"), whole_of(fields, "total_remaining")
    name = text_of(fields, "name") or ""
    save_path = text_of(fields, "save_path") or None
    state = _lost(fields, wanted, left) if is_lost(item_id, fields) else _state(raw, fields, wanted, left)
    return ClientItem(
        id=item_id,
        name=display_text(name, item_id),
        state=state,
        hashes=known,
        # Its own figure is that of what it does at the moment: 100 in an error, the move's share while it moves.
        progress=max(0.0, 1 - left / wanted) if wanted and left is not None else 0.0,
        size=wanted or None,  # the whole size counts the padding of hybrids
        downloaded=whole_of(fields, "total_done"),
        uploaded=whole_of(fields, "total_uploaded"),
        download_speed=whole_of(fields, "download_payload_rate"),
        upload_speed=whole_of(fields, "upload_payload_rate"),
        eta=whole_of(fields, "eta") or None,  # 0: it does not know
        ratio=number_of(fields, "ratio"),
        seeding_seconds=whole_of(fields, "finished_time"),
        content_path=joined(save_path, name) if save_path and name and wanted else None,
        save_path=save_path,
        limits=_limits(fields),
        paused=raw == "Paused" or state is ItemState.PAUSED,
        message=_message(raw, fields, state),
        raw_state=display_text(raw),
        tags=tags,
    )


def is_lost(item_id: str, fields: Any) -> bool:
    """Whether Deluge lost track of a magnet of a hybrid torrent when its metadata came.

    libtorrent then tells of the torrent by its v2 hash, Deluge goes on with the v1 hash and hears nothing more: it
    stays "Downloading" with no size. Its name is there, though, and asked about this one torrent it looks again.
    """
    return (
        isinstance(fields, Mapping) and whole_of(fields, "total_size") == 0 and bool(whole_of(fields, "total_wanted"))
    )


def label_of(fields: Any) -> str | None:
    """Its label, empty for none; None where the plugin is off."""
    return text_of(fields, "label") if isinstance(fields, Mapping) else None


def as_files(told: Any) -> tuple[ClientFile, ...]:
    """The files of a torrent from `files`, `file_priorities` and `file_progress`, without a hybrid's padding."""
    if not isinstance(told, Mapping):
        return ()
    entries, chosen, shares = (_list(told, key) for key in ("files", "file_priorities", "file_progress"))
    return tuple(
        ClientFile(
            path=path,
            size=size,
            wanted=chosen[place] != 0 if place < len(chosen) else True,
            progress=_share(shares[place]) if place < len(shares) else 0.0,
        )
        for place, entry in enumerate(entries)
        if isinstance(entry, Mapping)
        and (path := (text_of(entry, "path") or "").replace("\\", "/"))
        and not _is_padding(path)
        and (size := whole_of(entry, "size")) is not None
    )


def joined(folder: str, name: str) -> str:
    """A path of the client's own system."""
    return folder.rstrip("/\\") + ("\\" if "\\" in folder else "/") + name


def kib(limit: int | None) -> float:
    """A limit in bytes per second as Deluge takes it."""
    return limit / 1024 if limit else -1.0


def limit_of(value: Any) -> int | None:
    """Deluge's KiB per second in bytes; -1 and 0 are none."""
    number = number_of({"value": value}, "value")
    return round(number * 1024) or None if number else None


def _state(raw: str, fields: Mapping[str, Any], wanted: int | None, left: int | None) -> ItemState:
    state, size = STATES.get(raw, ItemState.UNKNOWN), whole_of(fields, "total_size")
    if state in (ItemState.UNKNOWN, ItemState.WARNING) or raw in ("Checking", "Allocating", "Moving"):
        return state
    if size is None or left is None or wanted is None:
        return ItemState.UNKNOWN
    if size == 0:
        return ItemState.METADATA if raw == "Downloading" else state
    if wanted == 0:
        return ItemState.WARNING
    if fields.get("is_finished") is True and left == 0 and raw in _AT_REST:
        return ItemState.READY
    if raw == "Paused" and SESSION_PAUSED in fields:
        return ItemState.WARNING  # every torrent says so then, and no resume of ours would change it
    return state


def _lost(fields: Mapping[str, Any], wanted: int | None, left: int | None) -> ItemState:
    """By libtorrent's own figures, since Deluge's word is of the time before."""
    if fields.get("is_seed") is True and wanted and left == 0:
        return ItemState.READY
    if fields.get("paused") is not True:
        return ItemState.WAITING
    return ItemState.WARNING if SESSION_PAUSED in fields else ItemState.PAUSED


def _message(raw: str, fields: Mapping[str, Any], state: ItemState) -> str | None:
    if raw == "Error":
        return display_text(text_of(fields, "message") or "", "an error, without saying which")
    if state is not ItemState.WARNING:
        return None
    return _SESSION_PAUSED if SESSION_PAUSED in fields else _NOTHING_CHOSEN


def _limits(fields: Mapping[str, Any]) -> SpeedLimits | None:
    told = [fields.get(key) for key in ("max_download_speed", "max_upload_speed")]
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in told):
        return None
    return SpeedLimits(*map(limit_of, told))


def _is_padding(path: str) -> bool:
    """Zeros between the files of a hybrid (BEP 47), which no client writes."""
    parts = path.split("/")
    return len(parts) > 1 and parts[-2] == ".pad" and parts[-1].isdigit()


def _share(value: Any) -> float:
    return min(number_of({"value": value}, "value") or 0.0, 1.0)


def _list(fields: Mapping[str, Any], key: str) -> list[Any]:
    value = fields.get(key)
    return value if isinstance(value, list) else []
