"""SABnzbd's jobs in our words: the states and fields of its queue and of its history, and the name that we give a job.

SABnzbd keeps nothing of ours with a job but its name. So our mark stands there, tag and fingerprint of the NZB:
`Title [auralarchive-main-17-0123456789abcdef]`. It survives a restart, the move to the history, and a retry by hand,
which gives the job another id; and the folder of the finished job bears it, too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypedDict

from auralarchive.clients.display import display_text
from auralarchive.clients.values import text_of
from auralarchive.domain.client_item import ClientFile, ClientItem, ItemState
from auralarchive.domain.tags import mark_of, read_mark

#: Every status that a job in the queue can show. Any other is UNKNOWN: it waits and is shown.
QUEUE_STATES: Mapping[str, ItemState] = MappingProxyType(
    {
        "Idle": ItemState.WAITING,
        "Queued": ItemState.WAITING,
        "Grabbing": ItemState.WAITING,  # an NZB from a link, which we never send
        "Propagating": ItemState.WAITING,  # held back until the post has reached every server
        "Downloading": ItemState.WAITING,  # also of jobs further down the queue
        "Fetching": ItemState.WAITING,  # more par2 blocks for a repair
        "Checking": ItemState.WAITING,  # asks its servers for every article before it begins
        "QuickCheck": ItemState.WAITING,
        "Paused": ItemState.PAUSED,
    }
)
#: Every status in the history, where a job is from its last article on.
HISTORY_STATES: Mapping[str, ItemState] = MappingProxyType(
    {
        "Queued": ItemState.BUSY,  # waits for its post-processing
        "QuickCheck": ItemState.BUSY,
        "Verifying": ItemState.BUSY,
        "Repairing": ItemState.BUSY,
        "Fetching": ItemState.BUSY,
        "Extracting": ItemState.BUSY,
        "Moving": ItemState.BUSY,
        "Running": ItemState.BUSY,  # a script, which may still move the files
        "Completed": ItemState.READY,  # once its storage is told, a moment later
        "Failed": ItemState.FAILED,
    }
)
#: Jobs that are as good as gone: shown for a moment, and missing then.
GONE = "Deleted"

#: What SABnzbd says in its own language, and by `mode=translate` tells in that of its pages.
ENCRYPTED = "ENCRYPTED"
WITHOUT_KEY = "Unpacking failed, archive requires a password"
ABORTED_ENCRYPTED = "Aborted, encryption detected"
DISK_FULL = "Unpacking failed, write error or disk is full?"
MISSING = "%s articles were missing"
MALFORMED = "%s articles were malformed"
NO_PAR2 = "[%s] No par2 sets"
SENTENCES = (ENCRYPTED, WITHOUT_KEY, ABORTED_ENCRYPTED, DISK_FULL, MISSING, MALFORMED, NO_PAR2)

_ENCRYPTED_NAME = re.compile(r"ENCRYPTED\s*/\s*", re.IGNORECASE)  # before labels there was a prefix
#: A slash or braces make it read a password from the name; colons and the like become underscores in the folder's.
_UNSAFE = re.compile(r'[/\\<>?*|:"]|\{\{|\}\}|password=', re.IGNORECASE)
_LONGEST = 90  # bytes of a title: SABnzbd cuts long names at their end, where our mark is
_NOT_COMPLETE = re.compile(r"\s*-?\s*https?://\S+\s*$")  # a link to its wiki at the end of a reason
_MEGABYTE = 1024 * 1024
_LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class Words:
    """SABnzbd's own sentences, in English and in the language of its pages."""

    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def means(self, text: str, *sentences: str) -> bool:
        """Whether `text` begins with one of these sentences, in either language; a %s in it stands for anything."""
        forms = (form for each in sentences for form in (each, *self.known.get(each, ())))
        return any(re.match(re.escape(form.rstrip(". ")).replace("%s", ".+?"), text) for form in forms)


def job_name(title: str, mark: str) -> str:
    """The name of a job: a title that SABnzbd takes as it is and a file system as well, and our mark."""
    plain = " ".join(_UNSAFE.sub(" ", display_text(title)).split()).strip(". ")
    cut = plain.encode()[:_LONGEST].decode("utf-8", "ignore").strip(". ")
    return f"{cut or 'Audiobook'} [{mark}]"


def from_queue(slot: Any, queue: Mapping[str, Any], words: Words, *, first: bool = False) -> ClientItem | None:
    """A job of the queue; None for what is as good as gone. `first` is the one that the queue's speed belongs to."""
    job_id = text_of(slot, "nzo_id") if isinstance(slot, Mapping) else None
    if not isinstance(slot, Mapping) or not job_id:
        return None
    raw, name = text_of(slot, "status") or "", text_of(slot, "filename") or ""
    if raw == GONE:
        return None
    size, left = _megabytes(slot, "mb"), _megabytes(slot, "mbleft")
    loaded = max(size - left, 0) if size is not None and left is not None else None
    state, message = _queue_state(slot, queue, words, name, left)
    return ClientItem(
        id=job_id,
        name=_title(name, job_id),
        state=state,
        progress=min(loaded / size, 1.0) if size and loaded is not None else 0.0,
        size=size or None,
        downloaded=loaded,
        download_speed=_speed(queue) if first else 0,
        eta=seconds_of(text_of(slot, "timeleft") or "") if state is ItemState.WAITING else None,
        paused=state is ItemState.PAUSED,
        message=message,
        raw_state=display_text(raw),
        **_ours(name),
    )


def _queue_state(
    slot: Mapping[str, Any], queue: Mapping[str, Any], words: Words, name: str, left: int | None
) -> tuple[ItemState, str | None]:
    raw = text_of(slot, "status") or ""
    state = QUEUE_STATES.get(raw, ItemState.UNKNOWN)
    labels = [label for label in slot.get("labels") or () if isinstance(label, str)] if _is_list(slot, "labels") else []
    if state is ItemState.PAUSED:
        if _ENCRYPTED_NAME.match(name) or any(words.means(label, ENCRYPTED) for label in labels):
            # With all bytes there it goes on by itself and tries the passwords that it has.
            return (ItemState.FAILED, _ENCRYPTED_MESSAGE) if left != 0 else (ItemState.BUSY, None)
        return state, f"SABnzbd holds it back: {display_text(', '.join(labels))}" if labels else None
    stopped = queue.get("paused") in (True, "True", "true", 1)
    if state is ItemState.WAITING and stopped and text_of(slot, "priority") != "Force":
        # Not its own state, so no resume of ours would change it.
        return ItemState.WARNING, "its whole queue is paused. Press Resume there"
    return state, None


_ENCRYPTED_MESSAGE = "the archive is encrypted, and SABnzbd has no password for it"


def from_history(slot: Any, words: Words) -> ClientItem | None:
    """A job of the history, its archive included; None for what is as good as gone."""
    job_id = text_of(slot, "nzo_id") if isinstance(slot, Mapping) else None
    if not isinstance(slot, Mapping) or not job_id:
        return None
    raw, name, storage = text_of(slot, "status") or "", text_of(slot, "name") or "", text_of(slot, "storage") or ""
    if raw == GONE:
        return None
    state, message = _history_state(slot, raw, storage, words)
    folder = job_folder(storage, name)
    size = _whole(slot, "bytes")
    return ClientItem(
        id=job_id,
        name=_title(name, job_id),
        state=state,
        progress=0.0 if state is ItemState.UNKNOWN else 1.0,
        size=size or None,
        downloaded=size,
        download_speed=0,
        content_path=folder or storage or None,
        save_path=_parent(folder) if folder else None,
        message=message,
        raw_state=display_text(raw),
        **_ours(name),
    )


def _history_state(slot: Mapping[str, Any], raw: str, storage: str, words: Words) -> tuple[ItemState, str | None]:
    state = HISTORY_STATES.get(raw, ItemState.UNKNOWN)
    if state is ItemState.READY and not storage:
        return ItemState.BUSY, None  # Completed is said a moment before its place
    if state is ItemState.READY and (losses := _losses(slot, words)):
        # Up to five articles may be missing, and without par2 files nothing is checked.
        return ItemState.FAILED, f"{losses}, and the post brings nothing to repair them with"
    if state is not ItemState.FAILED:
        return state, display_text(text_of(slot, "action_line") or "") or None
    if slot.get("loaded") is True:
        return ItemState.BUSY, None  # still at it: a script may run, the folder gets its last name
    reason = display_text(_NOT_COMPLETE.sub("", text_of(slot, "fail_message") or "")).rstrip(". ")
    if words.means(reason, DISK_FULL):
        return ItemState.WARNING, f"{reason} Make room, then retry the job in SABnzbd"
    if words.means(reason, WITHOUT_KEY, ABORTED_ENCRYPTED):
        return ItemState.FAILED, f"{_ENCRYPTED_MESSAGE} ({reason})"
    return ItemState.FAILED, reason or "no reason given"


def _losses(slot: Mapping[str, Any], words: Words) -> str | None:
    """What SABnzbd says of missing articles, where neither par2 files nor an archive's checksums made them good."""
    stages = _stages(slot)
    told = [part for action in stages.get("Download", ()) for part in action.split("<br/>")]
    lost = [part for part in told if words.means(part, MISSING, MALFORMED)]
    unchecked = any(words.means(action, NO_PAR2) for action in stages.get("Repair", ()))
    return display_text("; ".join(lost)) if lost and unchecked and "Unpack" not in stages else None


def _stages(slot: Mapping[str, Any]) -> dict[str, list[str]]:
    """What each step of the post-processing has logged, by its name, which is the same in every language."""
    entries = slot.get("stage_log")
    found: dict[str, list[str]] = {}
    for entry in entries if isinstance(entries, list) else ():
        actions = entry.get("actions") if isinstance(entry, Mapping) else None
        if isinstance(actions, list) and isinstance(name := entry.get("name"), str):
            found[name] = [action for action in actions if isinstance(action, str)]
    return found


def is_final(slot: Any) -> bool:
    """Whether nothing more happens to a job of the history: it is in the database, with its last place."""
    if not isinstance(slot, Mapping) or slot.get("loaded") is True:
        return False
    return slot.get("status") == "Failed" or (slot.get("status") == "Completed" and bool(slot.get("storage")))


def needs_words(slot: Any) -> bool:
    """Whether a sentence in it has to be understood."""
    if not isinstance(slot, Mapping):
        return False
    # After speed and age there is a third part only where articles were lost.
    lost = any(action.count("<br/>") > 1 for action in _stages(slot).get("Download", ()))
    return lost or slot.get("status") == "Failed" or bool(slot.get("labels"))


def job_folder(storage: str, name: str) -> str | None:
    """The folder of one job: SABnzbd names what lies alone in it, however deep, and we go back up.

    It bears the job's name, perhaps with a number behind or a word before it. None where no part of the path does, as
    after sorting: then it may hold other jobs' files as well.
    """
    windows = re.match(r"[A-Za-z]:[\\/]|\\\\", storage) is not None
    mark = read_mark(name)
    plain = re.compile(rf"(?:_FAILED_|_UNPACK_)?{re.escape(name)}(?:\.\d+)?") if name.strip() else None
    for part in re.finditer(r"[^\\/]+" if windows else r"[^/]+", storage):
        if (mark and read_mark(part[0]) == mark) or (plain and plain.fullmatch(part[0])):
            return storage[: part.end()]
    return None


def as_files(answer: Any) -> tuple[ClientFile, ...]:
    """What `get_files` lists of a job in the queue; entries that make no sense are left out."""
    entries = answer.get("files") if isinstance(answer, Mapping) else None
    found = []
    for entry in entries if isinstance(entries, list) else ():
        name = text_of(entry, "filename") if isinstance(entry, Mapping) else None
        size = _number(entry, "bytes") if name else None
        if name and size is not None:
            left = _megabytes(entry, "mbleft") or 0
            found.append(ClientFile(name, int(size), progress=1 - min(left / size, 1.0) if size else 1.0))
    return tuple(found)


def seconds_of(timeleft: str) -> int | None:
    """`h:mm:ss` or `d:hh:mm:ss`; nothing for 0, which it says when it does not know."""
    parts = timeleft.strip().split(":")
    if len(parts) not in (3, 4) or not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        return None
    total = 0
    for part, size in zip(reversed(parts), (1, 60, 3600, 86_400), strict=False):
        total += int(part) * size
    return total or None


def speed_limit(queue: Mapping[str, Any]) -> int | None:
    """Its general limit in bytes per second, whatever share of whatever line that is."""
    return int(_number(queue, "speedlimit_abs") or 0) or None


class _Marks(TypedDict):
    """What a job's name says of whose it is."""

    hashes: frozenset[str]
    tags: frozenset[str]


def _ours(name: str) -> _Marks:
    tag, fingerprint = read_mark(name) or ("", "")
    return {"hashes": frozenset(filter(None, {fingerprint})), "tags": frozenset(filter(None, {tag}))}


def _title(name: str, fallback: str) -> str:
    mark = read_mark(name)
    return display_text(name.replace(f"[{mark_of(*mark)}]", "") if mark else name, fallback)


def _parent(path: str) -> str:
    return re.sub(r"[\\/]+[^\\/]+$" if re.match(r"[A-Za-z]:|\\\\", path) else r"/+[^/]+$", "", path) or "/"


def _speed(queue: Mapping[str, Any]) -> int | None:
    kilobytes = _number(queue, "kbpersec")
    return None if kilobytes is None else int(kilobytes * 1024)


def _is_list(fields: Mapping[str, Any], key: str) -> bool:
    return isinstance(fields.get(key), list)


def _number(fields: Mapping[str, Any], key: str) -> float | None:
    """A size or speed, as a number or in digits; what is negative or no number is unknown."""
    value = fields.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and 0 <= number < _LARGEST else None


def _whole(fields: Mapping[str, Any], key: str) -> int | None:
    value = _number(fields, key)
    return None if value is None else int(value)


def _megabytes(fields: Mapping[str, Any], key: str) -> int | None:
    value = _number(fields, key)
    return None if value is None or value * _MEGABYTE >= _LARGEST else int(value * _MEGABYTE)
