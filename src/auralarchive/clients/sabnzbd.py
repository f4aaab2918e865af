"""SABnzbd, by its API (`sabnzbd_api` is the wire, `sabnzbd_items` the words, `sabnzbd_report` what `test` finds).

A job is in the queue until its last article has come, and in the history from then on, under the same id; a retry by
hand gives it another one. So it is followed by id, and known as ours by the mark in its name. Of the history nothing
is shown by itself: it is asked for the ids that we follow, however many newer jobs there are.

What is finished stays on disk until we delete it (`leftovers`): SABnzbd itself deletes only what has failed.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr

from auralarchive.clients.context import ClientContext
from auralarchive.clients.display import display_text
from auralarchive.clients.leftovers import discard
from auralarchive.clients.path_mapping import PathMapper
from auralarchive.clients.remote import ApiKey, RemoteSettings
from auralarchive.clients.sabnzbd_api import Api
from auralarchive.clients.sabnzbd_items import (
    Words,
    as_files,
    from_history,
    from_queue,
    is_final,
    job_name,
    needs_words,
    speed_limit,
)
from auralarchive.clients.sabnzbd_report import findings, finished_folders
from auralarchive.clients.wire import NothingSent
from auralarchive.domain.client_item import ClientFile, ClientItem, ItemState
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.status import DownloadType
from auralarchive.domain.tags import mark_of
from auralarchive.ports.adapters import AdapterType, adapter_type
from auralarchive.ports.clients import Ability, Added, AddOptions, ClientReport, DownloadClient, Payload
from auralarchive.ports.errors import InvalidInput, Misconfigured, Unreachable

_log = logging.getLogger(__name__)

TAG_PREFIX = "auralarchive"
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")  # SABnzbd_nzo_k3v9xq1a up to 4.5, a UUID in 5.1
_EVERY_JOB = frozenset({"all", "failed", "completed"})  # what SABnzbd takes for more than one job
_IN_NAMES = re.compile(r"[0-9a-f]{16}|auralarchive-[a-z0-9]+-[0-9]+")  # fingerprints and tags
_SEEN_WITHIN = 10.0  # seconds until an added job shows
_GONE_WITHIN = 20.0  # seconds until a removed one is gone: its unpacking has to be stopped first
_LOOK_EVERY = 0.1
_SLOWEST = 101  # bytes per second; a smaller number would be taken for percent
_PAUSED, _BY_CATEGORY = "-2", "-100"  # priorities


class SABnzbdSettings(RemoteSettings):
    """A SABnzbd that runs somewhere."""

    port: int = Field(default=8080, ge=1, le=65535, title="Port")
    api_key: ApiKey = Field(
        default=SecretStr(""), title="API key", description="From Config, General. Not the NZB key, which may only add."
    )
    category: str = Field(
        default="auralarchive",
        title="Category",
        description="Given to new jobs. Make it in SABnzbd first, with a folder of its own.",
    )


class SABnzbdClient:
    """`ports.clients.DownloadClient` over SABnzbd's API."""

    type = "sabnzbd"
    protocols = frozenset({DownloadType.NZB})
    seeds = False
    abilities = frozenset({Ability.GLOBAL_LIMITS, Ability.PRIORITY})

    def __init__(self, name: str, settings: SABnzbdSettings, context: ClientContext) -> None:
        self.name = name
        self._settings = settings
        self._libraries = context.library_roots
        self._api = Api(settings.url, settings.api_key.get_secret_value(), settings.verification)
        self._paths = PathMapper(name, settings.path_mappings, context.library_roots)
        self._lock = threading.Lock()
        self._prints: dict[str, str] = {}  # the fingerprint in the name of each job that was seen, by its id

    def test(self) -> ClientReport:
        version = display_text(self._api.version())
        self._api.check_key()
        return ClientReport(f"SABnzbd {version}", tuple(findings(self._api, self._settings.category, self._paths)))

    # --- adding -----------------------------------------------------------------------------------

    def add(self, payload: Payload, options: AddOptions) -> Added:
        if payload.download_type is not DownloadType.NZB or not payload.data:
            raise InvalidInput("SABnzbd takes NZB files only.", "Add a client that takes this kind.")
        mark = mark_of(options.tag, next(iter(payload.hashes)))
        there = self._left_there(payload, options.tag)
        if there is not None:
            return Added(there.id, adopted=False)
        refused = self._send(payload, options, mark)
        seen = self._wait_for(payload, options.tag, _LOOK_EVERY * 10 if refused else _SEEN_WITHIN)
        if seen is None:
            raise refused or Unreachable(
                "SABnzbd took the NZB but does not show it.", "It is looked for again at the next attempt."
            )
        return Added(seen.id, adopted=False)

    def _left_there(self, payload: Payload, tag: str) -> ClientItem | None:
        """The same NZB that an earlier attempt brought; whatever else this download has left there goes."""
        kept: ClientItem | None = None
        for item in self._with_tag(tag):
            if kept is None and item.hashes & payload.hashes and self._usable(item):
                kept = item
            else:
                self.remove(item.id, with_data=True)
        return kept

    def _usable(self, item: ClientItem) -> bool:
        """Whether it can still become a book: it did not fail, and its files were not deleted under it."""
        # In the queue a warning tells that the whole queue is paused, in the history of a failure that could be mended.
        if item.state is ItemState.FAILED or (item.state is ItemState.WARNING and item.raw_state == "Failed"):
            return False
        if item.state is not ItemState.READY or not item.content_path or not item.save_path:
            return True
        try:
            folder = self._paths.local(item.save_path, item.save_path)
        except Misconfigured:
            return True  # we cannot see where its files are; they may well be there
        return (folder / re.split(r"[\\/]", item.content_path)[-1]).exists()

    def _send(self, payload: Payload, options: AddOptions, mark: str) -> InvalidInput | Unreachable | None:
        """Hand it over; what spoke against it. Whether it arrived is for a look to decide."""
        urgency = "1" if options.priority > 0 else "-1" if options.priority < 0 else _BY_CATEGORY
        form = {
            "nzbname": job_name(payload.name, mark),
            "cat": self._settings.category,
            "priority": _PAUSED if options.paused else urgency,
        }
        # The file's own name counts where SABnzbd looks for duplicates: no two may be called alike.
        nzb = (f"{mark}.nzb", payload.data, "application/x-nzb")
        try:
            answer = self._api.call("addfile", {key: value for key, value in form.items() if value}, {"name": nzb})
        except NothingSent:
            raise
        except Unreachable as error:
            return error
        return None if answer.get("status") is True and answer.get("nzo_ids") else _refusal(answer)

    def _wait_for(self, payload: Payload, tag: str, patience: float) -> ClientItem | None:
        deadline = time.monotonic() + patience
        while True:
            found = next((item for item in self._with_tag(tag) if item.hashes & payload.hashes), None)
            if found is not None or time.monotonic() >= deadline:
                return found
            time.sleep(_LOOK_EVERY)

    def _with_tag(self, tag: str) -> list[ClientItem]:
        """Every job of one download, in the queue, the history, or its archive."""
        slots = [slot for archive in (False, True) for slot in self._api.history(search=tag, archive=archive)]
        return [item for item in self._merged(self._queued(), slots) if tag in item.tags]

    # --- looking ----------------------------------------------------------------------------------

    def poll(self, ids: frozenset[str] = frozenset()) -> tuple[ClientItem, ...]:
        queued = self._queued()
        if ids:
            found = self._merged(queued, self._api.history(filter(_is_id, ids - queued.keys())))
            found += self._retried(ids - {item.id for item in found}, found)
        else:
            found = self._merged(queued, self._api.history(search=TAG_PREFIX))
        items = [item for item in found if item.tags or item.id in ids]
        self._remember(items, ids)
        return tuple(items)

    def _retried(self, missing: frozenset[str], found: list[ClientItem]) -> list[ClientItem]:
        """Jobs that went on under other ids: retried by hand, and perhaps in the history again already."""
        with self._lock:
            prints = {self._prints[each] for each in missing if each in self._prints}
        prints -= {each for item in found for each in item.hashes}
        slots = [slot for each in prints for slot in self._api.history(search=each)]
        return self._merged({}, slots)

    def _remember(self, items: Iterable[ClientItem], ids: frozenset[str]) -> None:
        """Keep the fingerprints of what is followed or was just shown."""
        shown = {item.id: fingerprint for item in items for fingerprint in item.hashes}
        with self._lock:
            kept = {each: told for each, told in self._prints.items() if each in ids} if ids else self._prints
            self._prints = {**kept, **shown}

    def find(self, keys: frozenset[str]) -> ClientItem | None:
        if not keys:
            raise ValueError("no id names no job")
        found = self._among(keys, self._queued().values())
        for archive in (False, True):
            found = found or self._among(keys, self._merged({}, self._asked_for(keys, archive=archive)))
        return found

    def _asked_for(self, keys: frozenset[str], *, archive: bool) -> list[Any]:
        slots = self._api.history(filter(_is_id, keys), archive=archive)
        for word in filter(_IN_NAMES.fullmatch, keys):
            slots += self._api.history(search=word, archive=archive)
        return slots

    @staticmethod
    def _among(keys: frozenset[str], items: Iterable[ClientItem]) -> ClientItem | None:
        return next((item for item in items if item.id in keys or keys & (item.hashes | item.tags)), None)

    def _queued(self) -> dict[str, ClientItem]:
        """Every job of the queue, foreign ones included, by id."""
        queue, slots = self._api.queue()
        words = self._words(slots)
        found: dict[str, ClientItem] = {}
        active = False
        for slot in slots:
            item = from_queue(slot, queue, words, first=not active)
            if item is not None:
                active = active or item.state is ItemState.WAITING
                found[item.id] = item
        return found

    def _merged(self, queued: Mapping[str, ClientItem], slots: list[Any]) -> list[ClientItem]:
        """Queue and history as one: for a moment a job may be in both, and twice in the history."""
        words = self._words(slots)
        found = dict(queued)
        for item in (from_history(slot, words) for slot in slots):
            if item is not None and (item.id not in found or found[item.id].state is not ItemState.READY):
                found[item.id] = item
        return list(found.values())

    def _words(self, slots: list[Any]) -> Words:
        return self._api.words() if any(map(needs_words, slots)) else Words()

    def files(self, item_id: str) -> tuple[ClientFile, ...]:
        """Of a job in the queue what its NZB names; of a finished one what it has left on disk."""
        item = self.find(frozenset({_checked(item_id)}))
        if item is None:
            return ()
        if item.content_path is None:
            return as_files(self._api.call("get_files", {"value": item_id}))
        try:
            content = Path(self.local_path(item))
        except Misconfigured:
            return ()
        found = sorted(content.rglob("*")) if content.is_dir() else [content]
        regular = [file for file in found if file.is_file() and not file.is_symlink()]
        return tuple(ClientFile(file.relative_to(content.parent).as_posix(), file.stat().st_size) for file in regular)

    def local_path(self, item: ClientItem) -> str:
        if not item.content_path:
            raise Misconfigured(f"{self.name} does not say where {item.name} is.", "Wait until it is unpacked.")
        path = self._paths.local(item.content_path, item.save_path)
        if item.save_path is None and path.is_dir():
            raise Misconfigured(
                f"{item.name} is in {display_text(item.content_path)}, which is not of its name: others may be there.",
                "Switch SABnzbd's sorting off for this category, and let the category's folder not end in *.",
            )
        return str(path)

    # --- steering ---------------------------------------------------------------------------------

    def pause(self, item_id: str) -> None:
        self._api.call("queue", {"name": "pause", "value": _checked(item_id)})

    def resume(self, item_id: str) -> None:
        self._api.call("queue", {"name": "resume", "value": _checked(item_id)})

    def set_limits(self, item_id: str, download_limit: int | None, upload_limit: int | None) -> None:
        _checked(item_id)  # SABnzbd has no limit for a single job

    def set_seed_goal(self, item_id: str, goal: SeedGoal) -> None:
        _checked(item_id)  # nobody is seeded from here

    def set_priority(self, item_id: str, priority: int) -> None:
        level = (priority > 0) - (priority < 0)
        job = _checked(item_id)
        before = self._queued().get(job)
        self._api.call("queue", {"name": "priority", "value": job, "value2": str(level)})
        if before is not None and before.raw_state == "Paused":
            self.pause(job)  # a new priority wakes a paused job

    def global_limits(self) -> SpeedLimits:
        return SpeedLimits(download=speed_limit(self._api.queue(limit=1)[0]))

    def set_global_limits(self, limits: SpeedLimits) -> None:
        value = str(max(limits.download, _SLOWEST)) if limits.download else "0"
        self._api.call("config", {"name": "speedlimit", "value": value})

    # --- removing ---------------------------------------------------------------------------------

    def remove(self, item_id: str, *, with_data: bool) -> None:
        job = _checked(item_id)
        delete = {"name": "delete", "value": job, "del_files": str(int(with_data)), "archive": "0"}
        deadline = time.monotonic() + _GONE_WITHIN
        while True:
            self._api.call("queue", delete)
            waiting = job in self._queued()
            slots = [slot for archive in (False, True) for slot in self._api.history([job], archive=archive)]
            if not slots and not waiting:
                return
            if time.monotonic() >= deadline:
                raise Unreachable("SABnzbd does not let go of a job.", "It is removed at the next attempt.")
            self._forget(slots, delete, with_data=with_data)

    def _forget(self, slots: list[Any], delete: dict[str, str], *, with_data: bool) -> None:
        """One step towards a job that the history does not have any more."""
        if not any(map(is_final, slots)):
            # In the midst of its post-processing it cannot be deleted, and what comes of that would be left behind.
            self._api.call("cancel_pp", {"value": delete["value"]})
            time.sleep(_LOOK_EVERY)
            return
        if with_data:
            for slot in filter(is_final, slots):
                self._discard(slot)
        self._api.call("history", delete)

    def _discard(self, slot: Any) -> None:
        item = from_history(slot, Words())
        unfinished = slot.get("path")
        if item is None or item.content_path is None or (item.content_path == unfinished):
            return  # what never left the folder of unfinished jobs, SABnzbd deletes itself
        try:
            folders = finished_folders(self._api, self._paths)
            discard(Path(self.local_path(item)), folders, self._libraries)
        except Misconfigured as error:
            _log.warning("client %s: the data of %s stays where it is: %s", self.name, item.name, error)

    def close(self) -> None:
        self._api.close()


def _is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None and text.lower() not in _EVERY_JOB


def _checked(item_id: str) -> str:
    if not _is_id(item_id):
        raise ValueError(f"{item_id!r} is no id of a job")  # "", "all" or a list would mean others as well
    return item_id


def _refusal(answer: Mapping[str, Any]) -> InvalidInput:
    told = answer.get("error")
    reason = f": {display_text(told)}" if isinstance(told, str) and told else ""
    return InvalidInput(
        f"SABnzbd refuses the NZB{reason}.",
        "Its warnings tell why: no usable file in it, a duplicate by its own rules, or its pre-queue script.",
        kind=FailureKind.CLIENT_REFUSED,
    )


def _make(name: str, settings: SABnzbdSettings, context: ClientContext) -> DownloadClient:
    return SABnzbdClient(name, settings, context)


SABNZBD: AdapterType[DownloadClient, ClientContext] = adapter_type("sabnzbd", "SABnzbd", SABnzbdSettings, _make)
