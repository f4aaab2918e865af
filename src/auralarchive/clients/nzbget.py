"""NZBGet from 16 on, by its JSON-RPC (`nzbget_api` is the wire, `nzbget_items` the words).

A job is ours by our mark, which it carries as a post-processing parameter of its own: it is there as soon as the job
is, comes back in the queue and in the history, and nobody takes it away. Ids are numbers that begin anew when somebody
empties NZBGet's folders, so nothing is ever changed by its id alone: the job under it must bear our mark.

NZBGet unpacks, forgets the job when told to, and leaves the files to us. Of a job that failed it names two folders.
A job in the midst of its post-processing is never deleted but waited for: 21.0 may crash of that ("PostDelete" between
two of its steps leaves it with a job that is gone), and would forget where the files are.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr

from auralarchive.clients.context import ClientContext
from auralarchive.clients.leftovers import discard
from auralarchive.clients.nzbget_api import Api
from auralarchive.clients.nzbget_items import (
    MARK,
    from_history,
    from_queue,
    job_name,
    parent_of,
    places,
    unreadable,
)
from auralarchive.clients.nzbget_report import findings, own_folders
from auralarchive.clients.path_mapping import PathMapper
from auralarchive.clients.remote import RemoteSettings
from auralarchive.clients.wire import NothingSent
from auralarchive.domain.client_item import ClientFile, ClientItem, ItemState
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.status import DownloadType
from auralarchive.domain.tags import mark_of, read_mark
from auralarchive.ports.adapters import AdapterType, adapter_type
from auralarchive.ports.clients import Ability, Added, AddOptions, ClientReport, DownloadClient, Payload
from auralarchive.ports.errors import InvalidInput, Misconfigured, Unreachable

_log = logging.getLogger(__name__)

_SEEN_WITHIN = 10.0  # seconds until an added job shows
_GONE_WITHIN = 20.0  # seconds until a removed one is gone: its unpacking has to end first
_LOOK_EVERY = 0.1
_ASK_WHY_EVERY = 15.0  # seconds between two questions why nothing moves
_PACE_OVER = 2.0  # seconds over which a speed is measured
_LEVEL = 50  # "high"; 900 and more would load it even while NZBGet is paused
_STEERABLE = (ItemState.WAITING, ItemState.PAUSED)


class NZBGetSettings(RemoteSettings):
    """An NZBGet that runs somewhere."""

    port: int = Field(default=6789, ge=1, le=65535, title="Port")
    username: str = Field(
        default="nzbget", title="User name", description="NZBGet's ControlUsername: the other users may not do enough."
    )
    password: SecretStr = Field(default=SecretStr(""), title="Password")
    category: str = Field(
        default="auralarchive",
        title="Category",
        description="Given to new jobs. Make it in NZBGet first, with a folder of its own.",
    )


@dataclass(frozen=True, slots=True)
class _Job:
    """A job as NZBGet tells it, and what we make of that."""

    item: ClientItem
    fields: Mapping[str, Any]
    finished: bool  # it is in the history


@dataclass(frozen=True, slots=True)
class _Pace:
    """How far a job was, and when."""

    at: float
    downloaded: int
    speed: int | None = None


class NZBGetClient:
    """`ports.clients.DownloadClient` over JSON-RPC."""

    type = "nzbget"
    protocols = frozenset({DownloadType.NZB})
    seeds = False
    abilities = frozenset({Ability.GLOBAL_LIMITS, Ability.PRIORITY})

    def __init__(
        self,
        name: str,
        settings: NZBGetSettings,
        context: ClientContext,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._settings = settings
        self._context = context
        self._api = Api(settings.url, settings.username, settings.password.get_secret_value(), settings.verification)
        self._paths = PathMapper(name, settings.path_mappings, context.library_roots)
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._paces: dict[str, _Pace] = {}
        self._obstacles: tuple[float, dict[str, str]] | None = None

    def test(self) -> ClientReport:
        version = self._api.version()
        found = findings(self._api, self._settings.category, self._paths, self._context)
        return ClientReport(f"NZBGet {version}", tuple(found))

    # --- adding -----------------------------------------------------------------------------------

    def add(self, payload: Payload, options: AddOptions) -> Added:
        if payload.download_type is not DownloadType.NZB or not payload.data:
            raise InvalidInput("NZBGet takes NZB files only.", "Add a client that takes this kind.")
        there = self._left_there(payload, options.tag)
        if there is not None:
            return Added(there.item.id, adopted=False)
        refused = self._send(payload, payload.data, options)
        seen = self._wait_for(payload, options.tag, _LOOK_EVERY * 10 if refused else _SEEN_WITHIN)
        if seen is None:
            raise refused or Unreachable(
                "NZBGet took the NZB but does not show it.", "It is looked for again at the next attempt."
            )
        if unreadable(seen.fields):
            self.remove(seen.item.id, with_data=True)
            raise InvalidInput("NZBGet cannot read this NZB file.", "Choose another release.")
        return Added(seen.item.id, adopted=False)

    def _left_there(self, payload: Payload, tag: str) -> _Job | None:
        """The same NZB that an earlier attempt brought; whatever else this download has left there goes."""
        kept: _Job | None = None
        for job in self._of_download(tag):
            if kept is None and job.item.hashes & payload.hashes and self._usable(job.item):
                kept = job
            else:
                self.remove(job.item.id, with_data=True)
        return kept

    def _usable(self, item: ClientItem) -> bool:
        """Whether it can still become a book: it did not fail, and its files were not deleted under it."""
        if item.state in (ItemState.FAILED, ItemState.REMOVED, ItemState.WARNING):
            return False
        if item.state is not ItemState.READY or not item.content_path:
            return True
        # Where its folder cannot be seen from here, its files may well be there.
        place = self._place(item.content_path)
        return place is None or place.exists()

    def _send(self, payload: Payload, data: bytes, options: AddOptions) -> InvalidInput | Unreachable | None:
        """Hand it over; what spoke against it. Whether it arrived is for a look to decide."""
        mark = mark_of(options.tag, next(iter(payload.hashes)))
        try:
            job = self._api.append(
                f"{job_name(payload.name, mark)}.nzb",
                data,
                self._settings.category,
                _level(options.priority),
                paused=options.paused,
                parameters={MARK: mark},  # the password in an NZB's head it finds itself
            )
        except NothingSent:
            raise
        except Unreachable as error:
            return error
        return None if job > 0 else _refusal()

    def _wait_for(self, payload: Payload, tag: str, patience: float) -> _Job | None:
        deadline = time.monotonic() + patience
        while True:
            found = next((job for job in self._of_download(tag) if job.item.hashes & payload.hashes), None)
            if found is not None or time.monotonic() >= deadline:
                return found
            time.sleep(_LOOK_EVERY)

    def _of_download(self, tag: str) -> list[_Job]:
        return [job for job in self._ours() if tag in job.item.tags]

    # --- looking ----------------------------------------------------------------------------------

    def poll(self, ids: frozenset[str] = frozenset()) -> tuple[ClientItem, ...]:
        jobs = self._jobs()
        moving = any(job.item.raw_state in ("DOWNLOADING", "FETCHING") for job in jobs)
        ours = [job.item for job in jobs if job.item.tags]
        if not moving and any(item.raw_state in _WAITING_FOR for item in ours):
            obstacles = self._what_stands_in_the_way()
            ours = [_held_up(item, obstacles) for item in ours]
        return tuple(self._paced(ours))

    def find(self, keys: frozenset[str]) -> ClientItem | None:
        if not keys:
            raise ValueError("no id names no job")
        ours = (job.item for job in self._ours())
        return next((item for item in ours if keys & {item.id, *item.hashes, *item.tags}), None)

    def _ours(self) -> list[_Job]:
        return [job for job in self._jobs() if job.item.tags]

    def _jobs(self) -> list[_Job]:
        """Every job, foreign ones included. The queue first: what leaves it meanwhile is seen in the history."""
        found: dict[str, _Job] = {}
        for finished, read, rows in (
            (False, from_queue, self._api.groups()),
            (True, from_history, self._api.history()),
        ):
            for fields in rows:
                item = read(fields)
                if item is not None:
                    found[item.id] = _Job(item, fields, finished)
        return list(found.values())

    def _what_stands_in_the_way(self) -> dict[str, str]:
        """Why jobs do not move, by their state. Asked only while nothing does, and not at every poll."""
        now = self._monotonic()
        with self._lock:
            if self._obstacles is not None and now - self._obstacles[0] < _ASK_WHY_EVERY:
                return self._obstacles[1]
        status = self._api.status()
        found = {}
        if status.get("QuotaReached") is True:
            found["QUEUED"] = "its download quota is used up. Raise it there, or wait for the next day or month"
        elif status.get("DownloadPaused") is True:
            free = status.get("FreeDiskSpaceMB")
            room = f" ({free} MB are free on its disk)" if isinstance(free, int) else ""
            found["QUEUED"] = f"all of its downloads are paused{room}. Press Resume there"
        if status.get("PostPaused") is True:
            found["PP_QUEUED"] = "its post-processing is paused. Resume it there"
        with self._lock:
            self._obstacles = (now, found)
        return found

    def _paced(self, items: Iterable[ClientItem]) -> list[ClientItem]:
        """With speeds: NZBGet tells only how far a job is."""
        now, paces, told = self._monotonic(), {}, []
        with self._lock:
            for item in items:
                if item.raw_state != "DOWNLOADING" or item.downloaded is None:
                    told.append(item)
                    continue
                pace = _next_pace(self._paces.get(item.id), item.downloaded, now)
                paces[item.id] = pace
                left = item.size * (1 - item.progress) if item.size else None
                eta = int(left / pace.speed) if left is not None and pace.speed else None
                told.append(replace(item, download_speed=pace.speed, eta=eta))
            self._paces = paces
        return told

    def files(self, item_id: str) -> tuple[ClientFile, ...]:
        """What a finished job has left on disk; a job of the queue has no files yet."""
        job = self._job(item_id)
        if job is None or not job.item.content_path:
            return ()
        try:
            content = Path(self.local_path(job.item))
        except Misconfigured:
            return ()
        regular = [file for file in sorted(content.rglob("*")) if file.is_file() and not file.is_symlink()]
        return tuple(ClientFile(file.relative_to(content.parent).as_posix(), file.stat().st_size) for file in regular)

    def local_path(self, item: ClientItem) -> str:
        if not item.content_path:
            raise Misconfigured(f"{self.name} does not say where {item.name} is.", "Wait until it is unpacked.")
        return str(self._paths.local(item.content_path, item.save_path))

    def _job(self, item_id: str) -> _Job | None:
        """The job with this id, if it is ours."""
        if not item_id:
            raise ValueError("no id names no job")
        return next((job for job in self._ours() if job.item.id == item_id), None)

    # --- steering ---------------------------------------------------------------------------------

    def pause(self, item_id: str) -> None:
        self._edit(item_id, "GroupPause")

    def resume(self, item_id: str) -> None:
        self._edit(item_id, "GroupResume")

    def set_limits(self, item_id: str, download_limit: int | None, upload_limit: int | None) -> None:
        _some(item_id)  # NZBGet has no limit for a single job

    def set_seed_goal(self, item_id: str, goal: SeedGoal) -> None:
        _some(item_id)  # nobody is seeded from here

    def set_priority(self, item_id: str, priority: int) -> None:
        self._edit(item_id, "GroupSetPriority", str(_level(priority)))

    def _edit(self, item_id: str, command: str, value: str = "") -> None:
        """Change a job that still waits for bytes; what is past that, or gone, has nothing to change."""
        job = self._job(item_id)
        if job is not None and job.item.state in _STEERABLE:
            self._api.edit(command, int(job.item.id), value)

    def global_limits(self) -> SpeedLimits:
        limit = self._api.status().get("DownloadLimit")
        return SpeedLimits(download=limit if isinstance(limit, int) and limit > 0 else None)

    def set_global_limits(self, limits: SpeedLimits) -> None:
        self._api.call("rate", -(-limits.download // 1024) if limits.download else 0)

    # --- removing ---------------------------------------------------------------------------------

    def remove(self, item_id: str, *, with_data: bool) -> None:
        deadline = time.monotonic() + _GONE_WITHIN
        left: dict[str, None] = {}
        while (job := self._job(item_id)) is not None:
            if time.monotonic() >= deadline:
                raise Unreachable(
                    "NZBGet does not let go of a job: it may still be unpacking it.",
                    "It is removed at the next attempt.",
                )
            left |= dict.fromkeys(places(job.fields))
            self._take_away(job, left if with_data else {})
            time.sleep(_LOOK_EVERY)
        if with_data:
            # What went into its post-processing just then leaves files, but no record.
            self._discard(item_id, left)

    def _take_away(self, job: _Job, left: Collection[str]) -> None:
        """One step towards a job that is gone. Its data goes first: without its record nobody finds it again."""
        if job.finished:
            self._discard(job.item.name, left)
            self._api.edit("HistoryFinalDelete", int(job.item.id))
        elif job.item.state in _STEERABLE:
            self._api.edit("GroupFinalDelete", int(job.item.id))

    def _discard(self, name: str, remote: Collection[str]) -> None:
        if not remote:
            return
        folders = own_folders(self._api, self._paths)
        for content in filter(None, map(self._place, remote)):
            try:
                _check_bears_our_mark(content)
                discard(content, folders, self._context.library_roots)
            except Misconfigured as error:
                _log.warning("client %s: the data of %s stays where it is: %s", self.name, name, error)

    def _place(self, remote: str) -> Path | None:
        """A job's folder as we see it, whether it is there or not; None where its surroundings are not visible."""
        parent = parent_of(remote)
        try:
            return self._paths.local(parent, parent) / remote.rstrip("\\/").replace("\\", "/").rpartition("/")[2]
        except Misconfigured:
            return None

    def close(self) -> None:
        self._api.close()


_WAITING_FOR = frozenset({"QUEUED", "PP_QUEUED"})


def _refusal() -> InvalidInput:
    return InvalidInput(
        "NZBGet refuses the NZB.",
        "Its log tells why: no usable file in it, or one of its scripts did not want it.",
        kind=FailureKind.CLIENT_REFUSED,
    )


def _check_bears_our_mark(content: Path) -> None:
    """A script, or whoever gave the job another name, may have chosen a folder that holds others' files as well."""
    if read_mark(content.name) is None:
        raise Misconfigured(
            f"{content} is not of the job's name: others' files may be there.", "Delete it by hand if it is of no use."
        )


def _some(item_id: str) -> None:
    if not item_id:
        raise ValueError("no id names no job")


def _level(priority: int) -> int:
    return _LEVEL * ((priority > 0) - (priority < 0))


def _held_up(item: ClientItem, obstacles: Mapping[str, str]) -> ClientItem:
    message = obstacles.get(item.raw_state)
    return replace(item, state=ItemState.WARNING, message=message) if message else item


def _next_pace(before: _Pace | None, downloaded: int, now: float) -> _Pace:
    if before is None or downloaded < before.downloaded:
        return _Pace(now, downloaded)
    if now - before.at < _PACE_OVER:
        return before
    return _Pace(now, downloaded, int((downloaded - before.downloaded) / (now - before.at)))


def _make(name: str, settings: NZBGetSettings, context: ClientContext) -> DownloadClient:
    return NZBGetClient(name, settings, context)


NZBGET: AdapterType[DownloadClient, ClientContext] = adapter_type("nzbget", "NZBGet", NZBGetSettings, _make)
