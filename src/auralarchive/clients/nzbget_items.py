"""NZBGet's jobs in our words: its states and fields.

A job in the queue has one state. One in the history has a status for each thing that can go wrong, and a summary of
them ("SUCCESS/ALL"); the summary hides what matters (a deleted job may read FAILURE, a complete one WARNING), so the
single ones decide. What is missing or unknown among them makes the whole job unknown: it waits and is shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from auralarchive.clients.display import display_text
from auralarchive.domain.client_item import ClientItem, ItemState
from auralarchive.domain.tags import mark_of, read_mark

MARK = "auralarchive"  # the parameter of a job that carries our mark

#: Every state of the queue. Any other is UNKNOWN.
STATES: Mapping[str, ItemState] = MappingProxyType(
    {
        "QUEUED": ItemState.WAITING,  # also while all of NZBGet is paused, which only `status` tells
        "DOWNLOADING": ItemState.WAITING,
        "FETCHING": ItemState.WAITING,  # an NZB by its address, which is never how we add one
        "PAUSED": ItemState.PAUSED,  # by a person, or by its health check (HealthCheck: pause)
        "PP_QUEUED": ItemState.BUSY,  # all is loaded, others are repaired and unpacked first
        "QS_QUEUED": ItemState.BUSY,  # a script of the queue shall see it first
        "QS_EXECUTING": ItemState.BUSY,
        "LOADING_PARS": ItemState.BUSY,
        "VERIFYING_SOURCES": ItemState.BUSY,
        "REPAIRING": ItemState.BUSY,
        "VERIFYING_REPAIRED": ItemState.BUSY,
        "RENAMING": ItemState.BUSY,
        "UNPACKING": ItemState.BUSY,
        "MOVING": ItemState.BUSY,
        "POST_UNPACK_RENAMING": ItemState.BUSY,  # from 24
        "EXECUTING_SCRIPT": ItemState.BUSY,
        "PP_FINISHED": ItemState.BUSY,
    }
)

#: What each status of a job in the history means, in the order in which they decide. READY goes on to the next one.
#: Any value that is not here is UNKNOWN.
OUTCOMES: Mapping[str, Mapping[str, tuple[ItemState, str]]] = MappingProxyType(
    {
        "MarkStatus": {
            "NONE": (ItemState.READY, ""),
            "GOOD": (ItemState.READY, ""),
            "SUCCESS": (ItemState.READY, ""),
            "BAD": (ItemState.FAILED, "somebody marked it as bad there"),
        },
        "DeleteStatus": {
            "NONE": (ItemState.READY, ""),
            "MANUAL": (ItemState.REMOVED, "somebody deleted it there"),
            "GOOD": (ItemState.REMOVED, "its duplicate check deleted it in favour of one marked as good"),
            "HEALTH": (ItemState.FAILED, "too many of its articles are missing"),
            "DUPE": (ItemState.FAILED, "its duplicate check took it for another release of the same book"),
            "COPY": (ItemState.FAILED, "the same NZB is in its queue or history already"),
            "BAD": (ItemState.FAILED, "a script marked it as bad there"),
            "SCAN": (ItemState.FAILED, "it cannot read the NZB file"),
        },
        "UrlStatus": {
            "NONE": (ItemState.READY, ""),
            "SUCCESS": (ItemState.READY, ""),
            "FAILURE": (ItemState.FAILED, "it could not fetch the NZB file"),
            "SCAN_SKIPPED": (ItemState.WARNING, "what it fetched is no NZB file"),
            "SCAN_FAILURE": (ItemState.FAILED, "it cannot read the NZB file that it fetched"),
        },
        "ParStatus": {
            "NONE": (ItemState.READY, ""),
            "SUCCESS": (ItemState.READY, ""),
            "FAILURE": (ItemState.FAILED, "it is damaged beyond repair"),
            "REPAIR_POSSIBLE": (ItemState.FAILED, "it is damaged, and repairing is switched off (ParRepair)"),
            "MANUAL": (ItemState.FAILED, "it is damaged, and repairing is left to a person (ParCheck: manual)"),
        },
        "UnpackStatus": {
            "NONE": (ItemState.READY, ""),
            "SUCCESS": (ItemState.READY, ""),
            "FAILURE": (
                ItemState.FAILED,
                "it could not be unpacked: it is damaged, or encrypted with a password that nobody told",
            ),
            "PASSWORD": (ItemState.FAILED, "it is encrypted, and its password is missing or wrong"),
            "SPACE": (ItemState.WARNING, "its disk is full: make room there, then post-process the job again"),
        },
        "MoveStatus": {
            "NONE": (ItemState.READY, ""),
            "SUCCESS": (ItemState.READY, ""),
            "FAILURE": (
                ItemState.WARNING,
                "it could not move the files to their place: mend its folder, then post-process the job again",
            ),
        },
        "ScriptStatus": {
            "NONE": (ItemState.READY, ""),
            "SUCCESS": (ItemState.READY, ""),
            "FAILURE": (ItemState.READY, "one of its scripts failed; the files are complete"),
        },
    }
)
_WHOLE = 1000  # health in thousandths
_LARGEST = 2**63
_HALF, _WORD = 2**31, 2**32
_MEGABYTE = 1024 * 1024
_UNSAFE = re.compile(r"[/\\:*?\"<>|{}]")  # {{…}} would be taken for a password
_LONGEST = 120  # bytes of the title in a job's name, which becomes that of a folder


def from_queue(fields: Mapping[str, Any]) -> ClientItem | None:
    """A job of the queue; None where it has no id. What is missing or of the wrong type is unknown."""
    raw = _text(fields, "Status")
    state = STATES.get(raw, ItemState.UNKNOWN)
    size, left = _size(fields, "FileSize"), _size(fields, "RemainingSize")
    done = 1 - min(left / size, 1.0) if size and left is not None else 0.0
    return _item(fields, state, raw, progress=done, paused=state is ItemState.PAUSED)


def from_history(fields: Mapping[str, Any]) -> ClientItem | None:
    """A job of the history; None where it has no id."""
    raw = _text(fields, "Status")
    state, message = _outcome(fields)
    progress = 1.0 if state is ItemState.READY else 0.0
    return _item(fields, state, raw, progress=progress, message=message or None, finished=True)


def job_name(title: str, mark: str) -> str:
    """The name of a job: a title that a file system takes, and our mark, so that no two jobs share a folder.

    NZBGet puts jobs of one name into the same folder, where their files lie among each other.
    """
    plain = " ".join(_UNSAFE.sub(" ", display_text(title)).split()).strip(". ")
    cut = plain.encode()[:_LONGEST].decode("utf-8", "ignore").strip(". ")
    return f"{cut or 'Audiobook'} [{mark}]"


def unreadable(fields: Mapping[str, Any]) -> bool:
    """Whether NZBGet could not make anything of the NZB."""
    return _text(fields, "DeleteStatus") == "SCAN"


def places(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Every folder in which a job may have data: of what failed, where it is and where it would have gone."""
    return tuple(dict.fromkeys(filter(None, (_text(fields, "FinalDir"), _text(fields, "DestDir")))))


def parent_of(path: str) -> str:
    """The folder around a job's own."""
    return re.sub(r"[\\/]+[^\\/]*$", "", path.rstrip("\\/")) or "/"


def _item(
    fields: Mapping[str, Any],
    state: ItemState,
    raw: str,
    *,
    progress: float,
    paused: bool = False,
    message: str | None = None,
    finished: bool = False,
) -> ClientItem | None:
    number = fields.get("NZBID")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        return None
    tag, fingerprint = read_mark(_mark(fields)) or ("", "")
    name = _text(fields, "NZBName") or _text(fields, "Name")
    # A script's place counts, but only where all went well: of what failed it is where the files would have been.
    place = (_text(fields, "FinalDir") if state is ItemState.READY else "") or _text(fields, "DestDir")
    return ClientItem(
        id=str(number),
        name=display_text(name.replace(f"[{mark_of(tag, fingerprint)}]", "") if tag else name, str(number)),
        state=state,
        hashes=frozenset(filter(None, {fingerprint})),
        progress=progress,
        size=_size(fields, "FileSize") or None,
        downloaded=_size(fields, "DownloadedSize"),
        content_path=place if place and finished else None,
        save_path=parent_of(place) if place and finished else None,
        paused=paused,
        message=message,
        raw_state=display_text(raw),
        tags=frozenset(filter(None, {tag})),
    )


def _outcome(fields: Mapping[str, Any]) -> tuple[ItemState, str]:
    remark = ""
    for status, meanings in OUTCOMES.items():
        state, message = meanings.get(_text(fields, status), (ItemState.UNKNOWN, ""))
        if state is not ItemState.READY and not (_vouched_for(fields) and state is ItemState.FAILED):
            return state, _with_health(fields, message) if message else message
        remark = remark or (message if state is ItemState.READY else "")
    if not _proved(fields):
        health = fields.get("Health")
        if not isinstance(health, int) or isinstance(health, bool):
            return ItemState.UNKNOWN, ""
        if health < _WHOLE:
            return ItemState.FAILED, _with_health(fields, "some of its articles are missing, and nothing repairs it")
    return ItemState.READY, remark


def _vouched_for(fields: Mapping[str, Any]) -> bool:
    """Whether a person has called it good there, whatever the program thinks."""
    return _text(fields, "MarkStatus") in ("GOOD", "SUCCESS")


def _proved(fields: Mapping[str, Any]) -> bool:
    """Whether its files passed par2 or an unpacker, or a person's eye."""
    return "SUCCESS" in (_text(fields, "ParStatus"), _text(fields, "UnpackStatus")) or _vouched_for(fields)


def _with_health(fields: Mapping[str, Any], message: str) -> str:
    """The client's own word for it, and how much of it was there."""
    told = [display_text(_text(fields, "Status"))]
    health = fields.get("Health")
    if isinstance(health, int) and not isinstance(health, bool) and 0 <= health < _WHOLE:
        told.append(f"health {health / 10:g} %")
    return f"{message} ({', '.join(filter(None, told))})"


def _mark(fields: Mapping[str, Any]) -> str:
    rows = fields.get("Parameters")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and row.get("Name") == MARK:
            return _text(row, "Value")
    return ""


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    return value if isinstance(value, str) else ""


def _size(fields: Mapping[str, Any], key: str) -> int | None:
    """A size in bytes, told as two halves of 32 bits, or in whole megabytes where these are missing."""
    low, high = _half(fields, f"{key}Lo"), _half(fields, f"{key}Hi")
    if low is not None and high is not None:
        size = high << 32 | low
        return size if size < _LARGEST else None
    megabytes = fields.get(f"{key}MB")
    if isinstance(megabytes, int) and not isinstance(megabytes, bool) and 0 <= megabytes < _LARGEST // _MEGABYTE:
        return megabytes * _MEGABYTE
    return None


def _half(fields: Mapping[str, Any], key: str) -> int | None:
    """Half of a number; some versions write the upper half of them as negative."""
    value = fields.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value % _WORD if -_HALF <= value < _WORD else None
