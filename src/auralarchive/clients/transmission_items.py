"""Transmission's torrents in our words: its states and fields, of 3.00 and 4.x."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from auralarchive.clients.display import display_text
from auralarchive.clients.values import number_of, whole_of
from auralarchive.domain.client_item import ClientFile, ClientItem, ItemState
from auralarchive.domain.speed import SpeedLimits
from auralarchive.ports.errors import Unreachable

#: What a poll asks of each torrent.
FIELDS = (
    "hashString",
    "name",
    "status",
    "error",
    "errorString",
    "metadataPercentComplete",
    "percentDone",
    "leftUntilDone",
    "sizeWhenDone",
    "totalSize",
    "haveValid",
    "haveUnchecked",
    "isStalled",
    "rateDownload",
    "rateUpload",
    "uploadedEver",
    "uploadRatio",
    "secondsSeeding",
    "eta",
    "downloadDir",
    "downloadLimit",
    "downloadLimited",
    "uploadLimit",
    "uploadLimited",
    "labels",
)

#: Every situation that `_situation` knows: Transmission's own number alone does not tell enough. Any other is UNKNOWN.
STATES: Mapping[str, ItemState] = MappingProxyType(
    {
        "local error": ItemState.WARNING,  # disk full, no permission, data gone: not the release's fault
        "tracker error": ItemState.WARNING,  # while it downloads; what is complete does not need its tracker
        "stopped": ItemState.PAUSED,
        "verify queued": ItemState.BUSY,
        "verifying": ItemState.BUSY,  # it may still fail and go back to downloading, even if finished before
        "download queued": ItemState.WAITING,  # its turn will come
        "fetching metadata": ItemState.METADATA,  # size 0, nothing left, and the name is that of the link
        "downloading": ItemState.WAITING,
        "stalled": ItemState.STALLED,  # its queue has given up waiting for it; bytes decide, not this word
        "completing": ItemState.BUSY,  # everything is there but it does not seed yet, or seeds with bytes missing
        "not all wanted": ItemState.WARNING,  # complete, but for files that a person has left out
        "seed queued": ItemState.READY,
        "seeding": ItemState.READY,
        "finished": ItemState.READY,  # complete and stopped, by a person or at its seeding limit
    }
)
#: By its numbers 0 to 6.
_STATUS = ("stopped", "verify queued", "verifying", "download queued", "downloading", "seed queued", "seeding")
_STOPPED, _DOWNLOADING = 0, 4
_NOT_ALL = "files of it are not wanted in Transmission: choose all of them there, or it stays incomplete"
_FINE, _TRACKER_WARNING, _TRACKER_ERROR = 0, 1, 2
#: What fills up the pieces of a hybrid; 4.x loads it like any file, and it is nobody's.
_PADDING = re.compile(r"(?:.*/)?\.pad/[0-9]+")
_ID = re.compile(r"[0-9a-f]{40}")
_NO_ETA = 8_640_000  # a hundred days is nobody's forecast
_LARGEST = 2**63
KILO = 1000  # its limits are in kB/s


def torrents_of(answer: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Id and fields of each torrent of an answer; what has no id can neither be shown nor touched.

    Raises `Unreachable` where it lists none at all: all of them would seem to be gone.
    """
    listed = answer.get("torrents")
    if not isinstance(listed, list):
        raise Unreachable("Transmission's answer lists no torrents.", "Check what listens at its address.")
    for fields in listed:
        item_id = _text(fields, "hashString") if isinstance(fields, Mapping) else None
        if item_id is not None and is_id(item_id.lower()):
            yield item_id.lower(), fields


def is_id(text: str) -> bool:
    """Whether it is the v1 info-hash of one torrent, which is all that Transmission goes by."""
    return _ID.fullmatch(text) is not None


def as_item(item_id: str, fields: Mapping[str, Any], also: frozenset[str] = frozenset()) -> ClientItem:
    """One torrent; `also` are other hashes of it. What is missing or of the wrong type is unknown; it never fails."""
    situation = _situation(fields)
    has_metadata = number_of(fields, "metadataPercentComplete") == 1
    name, folder = _text(fields, "name"), _text(fields, "downloadDir") or None
    left = whole_of(fields, "leftUntilDone")
    return ClientItem(
        id=item_id,
        name=display_text(name or "", item_id),
        state=STATES.get(situation, ItemState.UNKNOWN),
        hashes=frozenset({item_id}) | also,
        progress=min(number_of(fields, "percentDone") or 0.0, 1.0),
        size=whole_of(fields, "sizeWhenDone") or None,
        downloaded=_sum(whole_of(fields, "haveValid"), whole_of(fields, "haveUnchecked")),
        uploaded=whole_of(fields, "uploadedEver"),
        download_speed=whole_of(fields, "rateDownload"),
        upload_speed=whole_of(fields, "rateUpload"),
        eta=_eta(fields) if left else None,  # of a complete one it tells when the seeding ends
        ratio=number_of(fields, "uploadRatio"),
        seeding_seconds=whole_of(fields, "secondsSeeding"),
        content_path=inside(folder, name) if folder and name and has_metadata else None,
        save_path=folder,
        limits=_limits(fields),
        paused=fields.get("status") == _STOPPED,
        message=_NOT_ALL if situation == "not all wanted" else display_text(_text(fields, "errorString") or "") or None,
        raw_state=situation,
        tags=labels_of(fields),
    )


def labels_of(fields: Mapping[str, Any]) -> frozenset[str]:
    listed = fields.get("labels")
    return frozenset(label for label in listed if isinstance(label, str)) if isinstance(listed, list) else frozenset()


def inside(folder: str, name: str) -> str:
    """The path of what lies in a folder, by the separator of Transmission's own system."""
    separator = "\\" if "\\" in folder and not folder.startswith("/") else "/"
    return folder.rstrip("/\\") + separator + name


def as_files(fields: Mapping[str, Any]) -> tuple[ClientFile, ...]:
    """The files of a torrent by `files` and `fileStats`; padding and entries that make no sense are left out."""
    files, stats = fields.get("files"), fields.get("fileStats")
    if not isinstance(files, list):
        return ()
    told = stats if isinstance(stats, list) and len(stats) == len(files) else [{}] * len(files)
    return tuple(
        ClientFile(
            path=name,
            size=size,
            wanted=not isinstance(stat, Mapping) or stat.get("wanted") not in (False, 0),
            progress=min((whole_of(file, "bytesCompleted") or 0) / size, 1.0) if size else 1.0,
        )
        for file, stat in zip(files, told, strict=True)
        if isinstance(file, Mapping)
        and (name := _text(file, "name")) is not None
        and _PADDING.fullmatch(name) is None
        and (size := whole_of(file, "length")) is not None
    )


def _situation(fields: Mapping[str, Any]) -> str:
    """One word for status, error, metadata and what is left; the first that applies."""
    status, left = whole_of(fields, "status"), whole_of(fields, "leftUntilDone")
    metadata = number_of(fields, "metadataPercentComplete")
    if status is None or status >= len(_STATUS) or left is None or metadata is None:
        return f"status {display_text(str(fields.get('status')))[:20]}"
    error = _error(fields)
    if error not in (_FINE, _TRACKER_WARNING, _TRACKER_ERROR):
        return "local error"
    if metadata < 1:  # nothing is left then, but neither is anything there
        return "fetching metadata" if status == _DOWNLOADING and error != _TRACKER_ERROR else _incomplete(status, error)
    return _incomplete(status, error, stalled=fields.get("isStalled") is True) if left else _complete(status, fields)


def _incomplete(status: int, error: int, *, stalled: bool = False) -> str:
    word = _STATUS[status]
    if word in ("seed queued", "seeding"):
        return "completing"  # as after a recheck by force: not for us to read yet
    if error == _TRACKER_ERROR and word in ("download queued", "downloading"):
        return "tracker error"
    return "stalled" if stalled and word == "downloading" else word


def _complete(status: int, fields: Mapping[str, Any]) -> str:
    word = _STATUS[status]
    if word in ("verify queued", "verifying"):
        return word
    if word in ("download queued", "downloading"):
        return "completing"  # for a moment after the last piece
    if (whole_of(fields, "sizeWhenDone") or 0) < (whole_of(fields, "totalSize") or 0):
        return "not all wanted"
    return "finished" if word == "stopped" else word


def _error(fields: Mapping[str, Any]) -> int:
    """0 none, 1 a tracker's warning, 2 a tracker's error, 3 one of its own machine; what we do not know is worst."""
    error = fields.get("error")
    if error is None and not fields.get("errorString"):
        return _FINE
    return error if isinstance(error, int) else -1


def _limits(fields: Mapping[str, Any]) -> SpeedLimits | None:
    """Its own limits, where it tells both."""
    told = [_limit(fields, "downloadLimit", "downloadLimited"), _limit(fields, "uploadLimit", "uploadLimited")]
    download, upload = told
    if download is None or upload is None:
        return None
    return SpeedLimits(*(value if value >= 0 else None for value in (download, upload)))


def _limit(fields: Mapping[str, Any], key: str, switch: str) -> int | None:
    """Bytes per second, -1 for no limit, None for not told."""
    limit, limited = whole_of(fields, key), fields.get(switch)
    if limit is None or not isinstance(limited, bool | int):
        return None
    return limit * KILO if limited else -1


def _eta(fields: Mapping[str, Any]) -> int | None:
    eta = whole_of(fields, "eta")  # -1 and -2 are its words for unknown
    return eta if eta is not None and eta < _NO_ETA else None


def _sum(*parts: int | None) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _text(fields: Mapping[str, Any], key: str) -> str | None:
    """A text that can be written again: halves of characters in it, which JSON can hold, make it none."""
    value = fields.get(key)
    return (
        value if isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value) else None
    )
