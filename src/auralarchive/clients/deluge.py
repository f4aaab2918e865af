"""Deluge 2.0 to 2.2, by its daemon's own protocol (`deluge_api` is the wire, `deluge_items` the words).

A poll is one message that asks for our torrents by their ids: those that we have noted (`deluge_notes` says why we
must), that we were asked for, and that the pipeline follows. Deluge could tell only what has changed since
the last time, but it confuses whom it has told what when two ask at once, as a web page that is open does.

The label comes after the add, by a plugin that may be off. A crash in between, or a plugin that is switched on
later, is mended by the next poll, once: a label that a person took away stays away.
"""

from __future__ import annotations

import base64
import os
import re
import stat
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, field_validator

from auralarchive.clients.context import ClientContext
from auralarchive.clients.deluge_api import Api, Credentials, Refused
from auralarchive.clients.deluge_findings import findings
from auralarchive.clients.deluge_items import (
    FIELDS,
    SESSION_PAUSED,
    as_files,
    as_item,
    is_lost,
    joined,
    kib,
    label_of,
    limit_of,
)
from auralarchive.clients.deluge_notes import Note, Notes
from auralarchive.clients.display import display_text
from auralarchive.clients.path_mapping import PathMapper, PathMapping
from auralarchive.clients.patience import LOOK_EVERY, wait_until, wait_until_gone
from auralarchive.clients.remote import HostSettings
from auralarchive.clients.wire import NothingSent
from auralarchive.domain.client_item import ClientFile, ClientItem, ItemState
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.status import DownloadType
from auralarchive.failpoints import failpoint
from auralarchive.ports.adapters import SELDOM, AdapterType, adapter_type
from auralarchive.ports.clients import Ability, Added, AddOptions, ClientReport, DownloadClient, Payload
from auralarchive.ports.errors import AuthRefused, InvalidInput, Misconfigured, Unreachable

ADOPTED = "auralarchive-adopted"  # noted of what somebody else had added: nothing with it is ever removed by us
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_LABEL = re.compile(r"[a-z0-9_.-]*")
_SEEN_WITHIN = 10.0  # seconds until an added torrent shows
_STARTED_WITHIN = 2.0  # seconds until it says that it runs
_GONE_WITHIN = 5.0  # seconds until a removed one is gone
_FORGOTTEN_AFTER = 600.0  # seconds without a torrent until its note goes: after a start Deluge loads them one by one
_FILE_FIELDS = [
    "files",
    "file_priorities",
    "file_progress",
    "is_seed",
    "total_size",
    "total_wanted",
    "save_path",
    "name",
]
_GLOBAL = ("max_download_speed", "max_upload_speed")
_DEFAULT_RATIO = 2.0
_FORBIDDEN = "NotAuthorizedError"


class DelugeSettings(HostSettings):
    """A Deluge daemon that runs somewhere."""

    host: str = Field(default="127.0.0.1", title="Host", description="Name or address of its daemon (deluged).")
    port: int = Field(
        default=58846, ge=1, le=65535, title="Port", description="Of the daemon, not of its web page (8112)."
    )
    username: str = Field(default="localclient", title="User name", description="As in Deluge's file auth.")
    password: SecretStr = Field(default=SecretStr(""), title="Password", description="As in Deluge's file auth.")
    certificate: str = Field(
        default="",
        title="Certificate",
        description="A copy of its ssl/daemon.cert: nobody else is then believed. Empty: encrypted, but not checked.",
        json_schema_extra=SELDOM,
    )
    label: str = Field(default="auralarchive", title="Label", description="Given to new torrents; needs its plugin.")
    save_path: str = Field(
        default="",
        title="Save path",
        description="As Deluge sees it; empty for its own download folder.",
        json_schema_extra=SELDOM,
    )
    path_mappings: tuple[PathMapping, ...] = Field(
        default=(),
        title="Path mappings",
        description="Where the client names its folders by other paths than we.",
        json_schema_extra=SELDOM,
    )

    @field_validator("label")
    @classmethod
    def _possible_label(cls, value: str) -> str:
        label = value.strip().lower()
        if not _LABEL.fullmatch(label):
            raise ValueError("letters, digits, and . - _ are all that a label of Deluge may have")
        return label


class DelugeClient:
    """`ports.clients.DownloadClient` over the daemon's protocol."""

    type = "deluge"
    protocols = frozenset({DownloadType.TORRENT})
    seeds = True
    abilities = frozenset(Ability)

    def __init__(self, name: str, settings: DelugeSettings, context: ClientContext) -> None:
        self.name = name
        self._settings, self._context = settings, context
        credentials = Credentials(settings.username, settings.password.get_secret_value(), settings.certificate)
        self._api = Api(settings.host, settings.port, credentials)
        self._paths = PathMapper(name, settings.path_mappings, context.library_roots)
        self._notes = Notes(context.state_folder)
        self._lock = threading.Lock()
        self._asked: set[str] = set()  # ids that we were asked for: followed whatever their label says
        self._present: set[str] = set()  # ids that Deluge has, as of the last look at them
        self._sizeless: set[str] = set()  # ids without a size: waiting for metadata, or lost by Deluge
        self._missing: dict[Note, float] = {}

    def test(self) -> ClientReport:
        version = display_text(str(self._told("daemon.get_version")))
        found = findings(self._told, self._paths, self._context, self._settings.label, self._settings.save_path)
        return ClientReport(f"Deluge {version}", tuple(found))

    def add(self, payload: Payload, options: AddOptions) -> Added:
        if payload.download_type is not DownloadType.TORRENT or not payload.hashes:
            raise InvalidInput("Deluge takes torrents only.", "Add a client that takes this kind.")
        found = self.find(payload.hashes)
        if found is not None:
            added = self._there(found, payload, options)
            if not added.adopted:
                self._load_what_is_gone(found)
            return added
        fresh = self._notes.of(payload.hashes) is None
        if fresh:
            self._notes.keep(Note(payload.hashes, options.tag))
        failpoint("deluge.noted")
        refused = self._sent(payload, options, fresh=fresh)
        failpoint("deluge.added")
        seen = self._seen(payload.hashes, LOOK_EVERY * 10 if refused else _SEEN_WITHIN)
        if isinstance(refused, InvalidInput) and fresh:
            self._notes.drop(payload.hashes)  # whatever is there now, somebody else was quicker
        if seen is None:
            raise refused or Unreachable(
                "Deluge took the torrent but does not show it.", "It is looked for again at the next attempt."
            )
        if not options.paused:
            # Deluge adds every torrent paused, starts it, and hears of that a moment later.
            wait_until(lambda: not self._is_paused(seen.id), _STARTED_WITHIN)
        return self._there(seen, payload, options)

    def poll(self, ids: frozenset[str] = frozenset()) -> tuple[ClientItem, ...]:
        notes = self._notes.all()
        with self._lock:
            asked = self._asked | {item_id[:40] for item_id in ids if _ID.fullmatch(item_id)}
        wanted = asked.union(*(note.ids for note in notes))
        told = self._looked(wanted)
        self._forget_missing(notes, told)
        for note in notes:
            self._mend_label(note, told)
        noted = {item_id: note for note in notes for item_id in note.ids}
        return tuple(_item(item_id, fields, noted.get(item_id)) for item_id, fields in told.items())

    def find(self, keys: frozenset[str]) -> ClientItem | None:
        if not keys:
            raise ValueError("no hash names no torrent")
        ids = {key[:40] for key in keys if _ID.fullmatch(key)}
        note = self._notes.of(ids)
        ids |= note.ids if note else frozenset()
        with self._lock:
            self._asked |= ids
        told = self._looked(ids)
        return next((_item(item_id, fields, self._notes.of({item_id})) for item_id, fields in told.items()), None)

    def files(self, item_id: str) -> tuple[ClientFile, ...]:
        current = self._current(item_id)
        told = self._told("core.get_torrent_status", current, _FILE_FIELDS)
        return as_files(told) or self._files_on_disk(current, told)

    def pause(self, item_id: str) -> None:
        self._stop_or_start("core.pause_torrent", self._current(item_id))

    def resume(self, item_id: str) -> None:
        self._stop_or_start("core.resume_torrent", self._current(item_id))

    def set_limits(self, item_id: str, download_limit: int | None, upload_limit: int | None) -> None:
        limits = {"max_download_speed": kib(download_limit), "max_upload_speed": kib(upload_limit)}
        self._change("core.set_torrent_options", [self._current(item_id)], limits)

    def global_limits(self) -> SpeedLimits:
        told = self._told("core.get_config_values", list(_GLOBAL))
        values = told if isinstance(told, Mapping) else {}
        return SpeedLimits(*(limit_of(values.get(key)) for key in _GLOBAL))

    def set_global_limits(self, limits: SpeedLimits) -> None:
        values = (kib(limits.download), kib(limits.upload))
        self._told("core.set_config", dict(zip(_GLOBAL, values, strict=True)))

    def set_seed_goal(self, item_id: str, goal: SeedGoal) -> None:
        current = self._current(item_id)
        self._change("core.set_torrent_options", [current], _share_limits(goal) or self._own_share_limits())

    def set_priority(self, item_id: str, priority: int) -> None:
        current = self._current(item_id)
        if priority:
            self._change("core.queue_top" if priority > 0 else "core.queue_bottom", [current])

    def remove(self, item_id: str, *, with_data: bool) -> None:
        current = self._current(item_id)
        note = self._notes.of({current})
        self._change("core.remove_torrent", current, with_data)
        wait_until_gone("Deluge", lambda: not self._looked({current}), _GONE_WITHIN)
        self._notes.drop({current})
        with self._lock:
            self._asked -= note.ids if note else {current}

    def local_path(self, item: ClientItem) -> str:
        if not item.content_path or not item.save_path:
            raise Misconfigured(f"{self.name} does not say where {item.name} is.", "Wait for its metadata.")
        # By its files: its name is what Deluge displays, and a person may change that.
        tops = {file.path.split("/")[0] for file in self.files(item.id)}
        if len(tops) > 1:
            raise Misconfigured(
                f"{item.name} lies loose among other files in {display_text(item.save_path)}.",
                "Put its files into one folder in Deluge, or download it again.",
            )
        remote = joined(item.save_path, tops.pop()) if tops else item.content_path
        return str(self._paths.local(remote, item.save_path))

    def close(self) -> None:
        self._api.close()

    # --- adding -----------------------------------------------------------------------------------

    def _sent(self, payload: Payload, options: AddOptions, *, fresh: bool) -> InvalidInput | Unreachable | None:
        """Hand it over; what spoke against it. Whether it arrived is for a look to decide."""
        wishes = self._wishes(options)
        try:
            if payload.data is None:
                self._api.call("core.add_torrent_magnet", payload.magnet or "", wishes)
            else:
                data = base64.b64encode(payload.data)
                self._api.call("core.add_torrent_file", "release.torrent", data, wishes)
        except NothingSent:
            if fresh:
                self._notes.drop(payload.hashes)
            raise
        except Unreachable as error:
            return error
        except Refused as refused:
            if refused.kind == _FORBIDDEN:
                if fresh:
                    self._notes.drop(payload.hashes)
                raise self._refusal(refused) from refused
            return InvalidInput(
                f"Deluge refuses the torrent: {display_text(refused.message)}.",
                "Choose another release; of a v2 torrent Deluge takes the file only, no magnet link.",
                kind=FailureKind.CLIENT_REFUSED,
            )
        return None

    def _wishes(self, options: AddOptions) -> dict[str, Any]:
        wishes = {
            "add_paused": options.paused,
            "sequential_download": options.sequential,
            "max_download_speed": kib(options.download_limit),
            "max_upload_speed": kib(options.upload_limit),
            "remove_at_ratio": False,  # whatever is usual there: the book would be gone before it is imported
            **_share_limits(options.seed_goal),
        }
        return {**wishes, "download_location": self._settings.save_path} if self._settings.save_path else wishes

    def _seen(self, hashes: frozenset[str], patience: float) -> ClientItem | None:
        seen: list[ClientItem] = []

        def look() -> bool:
            seen.extend(item for item in [self.find(hashes)] if item is not None)
            return bool(seen)

        return seen[0] if wait_until(look, patience) else None

    def _there(self, item: ClientItem, payload: Payload, options: AddOptions) -> Added:
        """It is in Deluge: ours where a note of this instance says so, else somebody's whom we join."""
        hashes = payload.hashes | item.hashes
        note = self._notes.of(hashes)
        instance = options.tag[: options.tag.rindex("-") + 1]
        ours = note is not None and note.tag.startswith(instance) and note.tag != ADOPTED
        kept = Note(hashes, options.tag if ours else ADOPTED, labelled=note is not None and note.labelled)
        if kept != note:
            self._notes.keep(kept)
        self._mend_label(kept, self._looked({item.id}))
        return Added(item.id, adopted=not ours)

    def _mend_label(self, note: Note, told: Mapping[str, Any]) -> None:
        """Our label for what has none and never had ours; nothing where the plugin is off."""
        if note.labelled or not self._settings.label:
            return
        for item_id in note.ids & told.keys():
            label = label_of(told[item_id])
            if label is None:
                return
            if not label:
                # The first is refused where the label is there, in words of the daemon's own language.
                self._api.calls(
                    ("label.add", self._settings.label), ("label.set_torrent", item_id, self._settings.label)
                )
            self._notes.keep(replace(note, labelled=True))

    def _load_what_is_gone(self, item: ClientItem) -> None:
        """Deluge believes in files that were deleted under it until it is told to look."""
        if item.progress < 1:
            return
        try:
            found = _sizes(Path(self.local_path(item)))
        except (Misconfigured, OSError):
            found = {}
        if sum(found.values()) < (item.size or 0):
            self._change("core.force_recheck", [item.id])
            self.resume(item.id)

    def _is_paused(self, item_id: str) -> bool:
        return any(as_item(key, fields).state is ItemState.PAUSED for key, fields in self._looked({item_id}).items())

    # --- looking ----------------------------------------------------------------------------------

    def _looked(self, ids: Iterable[str]) -> dict[str, Any]:
        """What Deluge tells of the torrents with these ids; of those without a size it is asked to look anew."""
        wanted = sorted(ids)
        with self._lock:
            sizeless = sorted(self._sizeless.intersection(wanted))
        told, stopped, *again = self._api.calls(
            ("core.get_torrents_status", {"id": wanted}, list(FIELDS)),
            ("core.is_session_paused",),
            *(("core.get_torrent_status", item_id, list(FIELDS)) for item_id in sizeless),
        )
        if isinstance(told, Refused):
            raise self._refusal(told)
        if not isinstance(told, dict):
            raise Unreachable("Deluge's answer makes no sense.", "Check that the address is that of its daemon.")
        told |= {key: fields for key, fields in zip(sizeless, again, strict=True) if key in told and _is_full(fields)}
        seen = {key: fields for key, fields in told.items() if _ID.fullmatch(str(key))}
        if stopped is True:
            seen = {
                key: {**fields, SESSION_PAUSED: True} if _is_full(fields) else fields for key, fields in seen.items()
            }
        vague = {key for key, fields in seen.items() if _is_full(fields) and not fields.get("total_size")}
        with self._lock:
            self._present = self._present.difference(wanted) | seen.keys()
            self._sizeless = self._sizeless.difference(wanted) | vague
        return seen

    def _forget_missing(self, notes: frozenset[Note], told: Mapping[str, Any]) -> None:
        """A note whose torrent is gone for long would claim what somebody adds later."""
        now = time.monotonic()
        since = {note: self._missing.get(note, now) for note in notes if not note.ids & told.keys()}
        for note in [note for note, at in since.items() if now - at >= _FORGOTTEN_AFTER]:
            self._notes.drop(note.hashes)
            del since[note]
        self._missing = since

    def _files_on_disk(self, item_id: str, told: Any) -> tuple[ClientFile, ...]:
        """The files of a complete torrent that Deluge has lost track of: what lies there, if it is all of it."""
        if not is_lost(item_id, told) or told.get("is_seed") is not True:
            return ()
        save_path, name = str(told.get("save_path")), str(told.get("name"))
        try:
            content = self._paths.local(joined(save_path, name), save_path)
            sizes = _sizes(content)
        except (Misconfigured, OSError):
            return ()
        if sum(sizes.values()) != told.get("total_wanted"):
            return ()
        return tuple(ClientFile(str(path.relative_to(content.parent)), size) for path, size in sorted(sizes.items()))

    # --- calling ----------------------------------------------------------------------------------

    def _current(self, item_id: str) -> str:
        """The id as Deluge has it: of a hybrid's two one. An empty one would be all torrents to some of its calls."""
        if not _ID.fullmatch(item_id):
            raise ValueError(f"{item_id!r} is no id of a torrent")
        current = item_id[:40]
        note = self._notes.of({current})
        with self._lock:
            self._asked.add(current)
            if note is None or current in self._present:
                return current
            return next(iter(note.ids & self._present), current)

    def _told(self, method: str, *arguments: Any) -> Any:
        try:
            return self._api.call(method, *arguments)
        except Refused as refused:
            raise self._refusal(refused) from refused

    def _stop_or_start(self, method: str, item_id: str) -> None:
        """Deluge judges by its last look at the torrent, which may be of before it began: so it has to look first."""
        _, answer = self._api.calls(("core.get_torrent_status", item_id, ["paused"]), (method, item_id))
        if isinstance(answer, Refused) and not answer.item_is_gone:
            raise self._refusal(answer)

    def _change(self, method: str, *arguments: Any) -> None:
        """A call about one torrent; that it is gone is no error."""
        try:
            self._api.call(method, *arguments)
        except Refused as refused:
            if not refused.item_is_gone:
                raise self._refusal(refused) from refused

    def _refusal(self, refused: Refused) -> AuthRefused | Unreachable:
        if refused.kind == _FORBIDDEN:
            return AuthRefused(
                f"Deluge's account {self._settings.username} may not do that.",
                "Give it the level 10 in Deluge's file auth.",
            )
        return Unreachable(
            f"Deluge refuses: {display_text(refused.message)}.", "Check its version (2.0 or later) and its log."
        )

    def _own_share_limits(self) -> dict[str, Any]:
        told = self._told("core.get_config_values", ["stop_seed_at_ratio", "stop_seed_ratio"])
        values = told if isinstance(told, Mapping) else {}
        ratio = values.get("stop_seed_ratio")
        return {
            "stop_at_ratio": values.get("stop_seed_at_ratio") is True,
            "stop_ratio": ratio if isinstance(ratio, int | float) else _DEFAULT_RATIO,
        }


def _share_limits(goal: SeedGoal) -> dict[str, Any]:
    """A goal of ours stands alone; nothing without one. Deluge counts no time: that is the pipeline's."""
    if goal == SeedGoal():
        return {}
    return {"stop_at_ratio": goal.ratio is not None, "stop_ratio": _DEFAULT_RATIO if goal.ratio is None else goal.ratio}


def _item(item_id: str, fields: Any, note: Note | None) -> ClientItem:
    return as_item(item_id, fields, note.hashes, frozenset({note.tag})) if note else as_item(item_id, fields)


def _is_full(fields: Any) -> bool:
    return isinstance(fields, Mapping) and bool(fields)


def _sizes(content: Path) -> dict[Path, int]:
    """The regular files of a torrent's content, links left out."""
    paths = [Path(folder) / name for folder, _, names in os.walk(content) for name in names] or [content]
    found = {path: path.lstat() for path in paths}
    return {path: status.st_size for path, status in found.items() if stat.S_ISREG(status.st_mode)}


def _make(name: str, settings: DelugeSettings, context: ClientContext) -> DownloadClient:
    return DelugeClient(name, settings, context)


DELUGE: AdapterType[DownloadClient, ClientContext] = adapter_type("deluge", "Deluge", DelugeSettings, _make)
