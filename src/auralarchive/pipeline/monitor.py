"""Watches the download clients: one batch poll a client and interval, then `domain.observe` decides.

Clients are polled side by side, so that a slow one holds up nobody; one that fails is left alone
for growing intervals, and nothing is concluded from its silence. The rows to watch are read again
only after something was committed: a thousand quiet torrents cost one poll and no query.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime

from auralarchive.domain import events as e
from auralarchive.domain import observe as o
from auralarchive.domain.client_item import ClientItem
from auralarchive.domain.download import Download
from auralarchive.domain.failures import Failure
from auralarchive.domain.lifecycle import IllegalTransition
from auralarchive.domain.schedule import backoff
from auralarchive.domain.status import DownloadStatus, DownloadType, SeedingStatus
from auralarchive.domain.tags import names_another, tag_of
from auralarchive.failpoints import failpoint
from auralarchive.pipeline.completion import Completion
from auralarchive.pipeline.live import Live, LiveBoard
from auralarchive.pipeline.record import Recorder, UnknownDownload
from auralarchive.pipeline.steering import Pair, Steering
from auralarchive.pipeline.tools import Clients
from auralarchive.ports.clients import Ability, DownloadClient
from auralarchive.ports.errors import AuralError, AuthRefused
from auralarchive.ports.store import Conflict, Downloads, StaleRecord
from auralarchive.ports.work import Clock

_log = logging.getLogger(__name__)

#: A client that refuses our password is not asked again for this long: it bans who keeps knocking.
AUTH_PAUSE_SECONDS = 30 * 60
#: Progress goes to the database this often: after a crash the pages begin with a figure not too old.
SAVE_SECONDS = 30.0
#: A paused download that its client no longer has is looked for this often: nothing hangs on the answer.
LOOK_AGAIN_SECONDS = 60.0


#: When a download that has just failed is tried again by itself; None: a person has to act.
RetryAt = Callable[[Download, Failure], datetime | None]


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """Intervals in seconds."""

    polling_interval: float = 2.0
    most_backoff: float = 60.0
    idle_seconds: float = 600.0
    timers: o.Timers = field(default_factory=o.Timers)
    remove_after_import: bool = False
    instance: str = "main"  # part of our tags


@dataclass(frozen=True, slots=True)
class ClientStatus:
    """How a client fared in its latest poll."""

    name: str
    type: str
    reachable: bool
    version: str | None = None
    error: str | None = None
    remedy: str | None = None
    protocols: frozenset[DownloadType] = frozenset()
    abilities: frozenset[Ability] = frozenset()


@dataclass(frozen=True, slots=True)
class MonitorStatus:
    """The answer of `/api/downloads/status`."""

    monitoring: bool
    polling_interval_seconds: float
    last_tick_at: datetime | None
    clients: tuple[ClientStatus, ...]


@dataclass(slots=True)
class _Neighbour:
    """What the monitor remembers of one client."""

    client: DownloadClient
    polling: bool = False
    failures: int = 0
    leave_until: float = 0.0
    version: str | None = None
    error: str | None = None
    remedy: str | None = None
    asked: bool = False


class ClientHealth:
    """Which clients are in trouble: written by the monitor, read by whoever would send them work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._trouble: dict[str, str] = {}

    def trouble(self, client: str) -> str | None:
        with self._lock:
            return self._trouble.get(client)

    def note(self, client: str, error: str | None) -> bool:
        """Remember; True when this changes whether the client is well."""
        with self._lock:
            before = self._trouble.pop(client, None)
            if error is not None:
                self._trouble[client] = error
            return (before is None) is not (error is None)


class Monitor:
    """Polls until stopped. `run` blocks; everything else may be called from any thread."""

    def __init__(
        self,
        downloads: Downloads,
        recorder: Recorder,
        clients: Clients,
        completion: Completion,
        live: LiveBoard,
        health: ClientHealth,
        clock: Clock,
        settings: Callable[[], MonitorSettings],
        steering: Steering,
        on_recovery: Callable[[], None] = lambda: None,
        retry_at: RetryAt = lambda _download, _failure: None,
    ) -> None:
        self._downloads, self._recorder, self._clients = downloads, recorder, clients
        self._completion, self._board, self._health, self._clock = completion, live, health, clock
        self._read_settings, self._steering = settings, steering
        self._on_recovery, self._retry_at = on_recovery, retry_at
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._enabled = True
        self._changed = True
        self._rows: tuple[Download, ...] = ()
        self._watches: dict[int, o.Watch] = {}
        self._neighbours: dict[str, _Neighbour] = {}
        self._last_tick: datetime | None = None
        self._saved_at = 0.0
        self._saved: dict[int, float] = {}
        self._look_again: dict[int, float] = {}

    # --- what others may call -----------------------------------------------------------------

    @property
    def _settings(self) -> MonitorSettings:
        return self._read_settings()

    @property
    def running(self) -> bool:
        return self._enabled and not self._stopping.is_set()

    def start_monitoring(self) -> None:
        self._enabled = True
        self._wake.set()

    def stop_monitoring(self) -> None:
        self._enabled = False

    def wake(self) -> None:
        """Something was committed, or a person changed something: look now, not at the next interval."""
        self._changed = True
        self._wake.set()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    def live(self, download_id: int) -> Live | None:
        return self._board.get(download_id)

    def live_all(self) -> Mapping[int, Live]:
        return self._board.all()

    def status(self) -> MonitorStatus:
        interval = self._settings.polling_interval
        clients = tuple(self._client_status(client) for client in self._clients.all())
        return MonitorStatus(self.running, interval, self._last_tick, clients)

    # --- the loop -----------------------------------------------------------------------------

    def run(self) -> None:
        """Block until `stop`. An error that gets out of here is a bug, and ends the process loudly."""
        with ThreadPoolExecutor(max_workers=8, thread_name_prefix="poll") as pool:
            while not self._stopping.is_set():
                if self._enabled:
                    self._try_tick(pool)
                self._rest()

    def _try_tick(self, pool: ThreadPoolExecutor) -> None:
        try:
            self.tick(pool)
        except AuralError as error:  # the database is away, or its disk full: it is asked again
            self._changed = True
            _log.warning("downloads cannot be followed at the moment: %s", error)

    def _rest(self) -> None:
        """Sleep for an interval; a wake-up cuts it short, but not below a quarter, so that a burst of
        commits does not become a burst of polls."""
        interval = self._settings.polling_interval
        if self._stopping.wait(interval / 4):
            return
        if self._wake.wait(interval * 3 / 4):
            self._wake.clear()

    def tick(self, pool: ThreadPoolExecutor) -> None:
        """Begin one poll of every client that is neither busy nor left alone."""
        self._last_tick = self._clock.now()
        if self._changed:
            self._changed = False
            self._read_rows()
        now = self._clock.monotonic()
        clients = self._clients.all()
        self._forget_neighbours({client.name for client in clients})
        for client in clients:
            neighbour = self._neighbour(client)
            if neighbour.polling or now < neighbour.leave_until:
                continue
            neighbour.polling = True
            pool.submit(self._visit, neighbour)
        self._save(now)

    def _read_rows(self) -> None:
        """Read what is to be watched, and let go of what was remembered of the others."""
        before, self._rows = self._rows, self._downloads.watched()
        watched = {row.id for row in self._rows}
        for gone in {row.id for row in before} - watched:
            self._watches.pop(gone, None)
            self._steering.forget(gone)
            self._look_again.pop(gone, None)
            self._saved.pop(gone, None)
            self._completion.forget(gone)
            self._board.forget(gone)

    def _forget_neighbours(self, configured: set[str]) -> None:
        for name in set(self._neighbours) - configured:
            del self._neighbours[name]
            self._steering.forget_client(name)
            self._health.note(name, None)
        for row in self._rows:
            if row.acquisition is DownloadStatus.DOWNLOADING and row.download_client not in configured:
                reason = f'Waiting: the client "{row.download_client}" is not enabled. Enable it in the settings.'
                if row.reason != reason:
                    self._record(row, e.Waiting(reason))

    def _neighbour(self, client: DownloadClient) -> _Neighbour:
        known = self._neighbours.get(client.name)
        if known is None or known.client is not client:
            known = self._neighbours[client.name] = _Neighbour(client)
            self._steering.forget_client(client.name)
            self._health.note(client.name, None)
        return known

    def _visit(self, neighbour: _Neighbour) -> None:
        client = neighbour.client
        try:
            if neighbour.version is None:
                neighbour.version = client.test().version
            items = client.poll(self._followed(client))
            self._evaluate(client, items)
            self._steering.general(client)
        except AuralError as error:
            self._trouble(neighbour, error)
        except Exception as error:  # noqa: BLE001 - a bug in one adapter must not end the watch of all others
            _log.exception("client %s: bug while polling", client.name)
            self._trouble(neighbour, error)
        else:
            self._recovered(neighbour)
        finally:
            neighbour.asked = True
            neighbour.polling = False

    def _followed(self, client: DownloadClient) -> frozenset[str]:
        """The ids of the items that we follow there."""
        rows = (row for row in self._rows if row.download_client == client.name)
        return frozenset(row.download_client_id for row in rows if row.download_client_id)

    def _trouble(self, neighbour: _Neighbour, error: Exception) -> None:
        neighbour.failures += 1
        pause = (
            AUTH_PAUSE_SECONDS
            if isinstance(error, AuthRefused)
            else backoff(neighbour.failures, first=self._settings.polling_interval, most=self._settings.most_backoff)
        )
        neighbour.leave_until = self._clock.monotonic() + pause
        neighbour.error = str(error) or type(error).__name__
        neighbour.remedy = error.remedy if isinstance(error, AuralError) else "See the server's log."
        if self._health.note(neighbour.client.name, neighbour.error):
            _log.warning("client %s is in trouble: %s", neighbour.client.name, neighbour.error)

    def _recovered(self, neighbour: _Neighbour) -> None:
        neighbour.failures, neighbour.error, neighbour.remedy = 0, None, None
        if self._health.note(neighbour.client.name, None):
            _log.info("client %s is well again", neighbour.client.name)
            self._steering.begin_anew(neighbour.client.name, self._rows)
            self._on_recovery()

    def _client_status(self, client: DownloadClient) -> ClientStatus:
        known = self._neighbours.get(client.name)
        status = ClientStatus(
            client.name,
            client.type,
            reachable=False,
            error="Not asked yet.",
            protocols=client.protocols,
            abilities=client.abilities,
        )
        if known is None or not known.asked:
            return status
        well = known.error is None
        return replace(status, reachable=well, version=known.version, error=known.error, remedy=known.remedy)

    # --- one poll -----------------------------------------------------------------------------

    def _evaluate(self, client: DownloadClient, items: tuple[ClientItem, ...]) -> None:
        by_key = {key: item for item in items for key in (*item.tags, *item.hashes, item.id)}
        figures: dict[int, Live] = {}
        there: list[Pair] = []
        for row in self._rows:
            if row.download_client != client.name:
                continue
            try:
                item = _match(row, by_key, self._settings.instance) or self._search(row, client)
                self._follow(row, client, item)
                if item is not None:
                    there.append((row, item))
                    figures[row.id] = _figures(row, item, self._board.get(row.id), idle=self._is_idle(row))
            except AuralError:
                raise  # it is the client that does not answer
            except Exception:  # noqa: BLE001 - what one row runs into must not hide all others of its client
                _log.exception("download %s: bug while it is followed", row.id)
        watched = {row.id for row in self._rows}  # some may have left while the client was thinking
        self._board.put({key: live for key, live in figures.items() if key in watched})
        self._steering.items(client, there)

    def _is_idle(self, row: Download) -> bool:
        """Whether it waits for bytes, and has for longer than its place is kept for it."""
        watch = self._watches.get(row.id)
        if watch is None or row.acquisition is not DownloadStatus.DOWNLOADING:
            return False
        return self._clock.monotonic() - watch.moved_at >= self._settings.idle_seconds

    def _search(self, row: Download, client: DownloadClient) -> ItemOrNone:
        """Not among ours: somebody may have taken our tag or category away, or it was adopted, or a job was repeated.

        A row that goes on is soon found or given up; a paused one that is gone would be asked for at every poll.
        """
        now, paused = self._clock.monotonic(), row.acquisition is DownloadStatus.PAUSED
        keys = _keys(row, self._settings.instance)
        if paused and now < self._look_again.get(row.id, now):
            return None
        found = client.find(frozenset(keys))
        if found is not None and not _may_be(row, found, self._settings.instance):
            found = None
        if found is None and paused:
            self._look_again[row.id] = now + LOOK_AGAIN_SECONDS
        return found

    def _follow(self, row: Download, client: DownloadClient, item: ItemOrNone) -> None:
        watch, decisions = o.observe(
            row, item, self._watches.get(row.id), self._clock.monotonic(), self._settings.timers
        )
        self._watches[row.id] = watch
        if o.removal_due(row, remove_after_import=self._settings.remove_after_import):
            decisions = (*decisions, o.Record(e.RemovalDue()))
        for decision in decisions:
            self._carry_out(decision, row, client, item)

    def _carry_out(self, decision: o.Decision, row: Download, client: DownloadClient, item: ItemOrNone) -> None:
        match decision:
            case o.Record(event):
                self._record(row, event)
            case o.PauseItem():
                failpoint("monitor.before_pause")
                client.pause(item.id if item else row.download_client_id or "")
                failpoint("monitor.after_pause")
            case o.ResumeItem():
                failpoint("monitor.before_resume")
                client.resume(item.id if item else row.download_client_id or "")
                failpoint("monitor.after_resume")
            case o.CheckCompletion():
                assert item is not None, "only an item that is there can be complete"
                self._complete(row, client, item)

    def _complete(self, row: Download, client: DownloadClient, item: ClientItem) -> None:
        judgement = self._completion.judge(row, client, item)
        if judgement is None:
            self._wake.set()  # the second look need not wait for a whole interval
        else:
            self._record(row, judgement)

    def _record(self, row: Download, event: e.Event) -> None:
        if isinstance(event, e.StageFailed):
            event = replace(event, retry_at=self._retry_at(row, event.failure))
        try:
            self._recorder.record(row.id, event, expected_version=row.version)
        except AuralError as error:  # the database is away, not the client: the next poll tells the same again
            _log.warning("download %s: %s cannot be recorded now: %s", row.id, type(event).__name__, error)
        except (IllegalTransition, StaleRecord, Conflict, UnknownDownload) as error:
            _log.debug("download %s moved on before %s: %s", row.id, type(event).__name__, error)
        self._changed = True

    def _save(self, now: float) -> None:
        if now - self._saved_at < SAVE_SECONDS:
            return
        self._saved_at = now
        active = {row.id for row in self._rows if row.acquisition is DownloadStatus.DOWNLOADING}
        current = {key: live.progress for key, live in self._board.all().items() if key in active}
        moved = {key: value for key, value in current.items() if abs(value - self._saved.get(key, -1.0)) >= 1.0}
        if moved:
            self._downloads.save_progress(moved)
            self._saved.update(moved)  # not `current`: what creeps would never have moved by one percent


ItemOrNone = ClientItem | None


def _keys(row: Download, instance: str) -> tuple[str, ...]:
    """Under what a client may know it; by our tag only what has no info-hash: a job repeated by hand has another id."""
    last = row.hashes or {tag_of(instance, row.id)}
    return (*filter(None, [row.download_client_id]), *last)


def _match(row: Download, by_key: Mapping[str, ClientItem], instance: str) -> ItemOrNone:
    found = (by_key[key] for key in _keys(row, instance) if key in by_key)
    return next((item for item in found if _may_be(row, item, instance)), None)


def _may_be(row: Download, item: ClientItem, instance: str) -> bool:
    """An info-hash tells for sure; an id alone may be another download's by now."""
    return bool(row.hashes) or not names_another(item.tags, instance, row.id)


def _figures(row: Download, item: ClientItem, before: Live | None, *, idle: bool) -> Live:
    """The client's figures; once the book is being worked on, the progress shown is the work's own."""
    seeding = row.seeding is not SeedingStatus.NONE
    live = Live(
        progress=round(item.progress * 100, 2),
        speed_bps=item.download_speed,
        upload_bps=item.upload_speed,
        eta_seconds=item.eta,
        downloaded_bytes=item.downloaded,
        total_bytes=item.size,
        seeding_ratio=item.ratio,
        seeding_seconds=item.seeding_seconds,
        raw_state=item.raw_state,
        idle=idle,
    )
    if not seeding:
        return live
    return replace(live, progress=before.progress if before else row.progress, speed_bps=None, eta_seconds=None)
