"""The libtorrent session behind the embedded client: its torrents, its thread, and what survives it.

One thread hears libtorrent's alerts and keeps `Torrent.status` of every torrent up to date, so that a poll
is a walk over what is known. libtorrent reports only what changed: a thousand idle torrents cost next
to nothing.

libtorrent stops a torrent whose disk is full or forbidden and leaves it at that. We show the item as
WARNING and let it try again every few seconds: when the cause is gone, it goes on by itself.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import libtorrent as lt

from auralarchive.clients.context import ClientContext
from auralarchive.clients.embedded_items import Torrent, learn_metadata, listed_files, name_of
from auralarchive.clients.embedded_settings import EmbeddedSettings, ip_filter, session_settings
from auralarchive.clients.embedded_state import Record, StateFolder
from auralarchive.clients.folders import remove_folder
from auralarchive.clients.path_mapping import PathMapper
from auralarchive.domain.seeding import SeedGoal, goal_reached
from auralarchive.failpoints import failpoint
from auralarchive.ports.clients import AddOptions
from auralarchive.ports.errors import AuralError, Unreachable

_log = logging.getLogger(__name__)

_TICK = 1.0  # seconds between looks at what changed
_SAVE_EVERY = 10.0  # seconds of progress that kill -9 can cost
_SAVE_SEEDING_EVERY = 600.0  # seconds of seeding time that kill -9 can cost
_RETRY_EVERY = 10.0  # seconds until a torrent with a full disk tries again
PATIENCE = 10.0  # seconds for libtorrent to answer
_NEEDS_SPACE = 16 * 1024 * 1024
_MOST_BYTES_PER_SECOND = 2**31 - 1
_Farewell: TypeAlias = lt.torrent_removed_alert | lt.torrent_deleted_alert | lt.torrent_delete_failed_alert
_STOPPED = lt.torrent_flags.upload_mode | lt.torrent_flags.paused  # how libtorrent reacts to a failing disk


def rate(limit: int | None) -> int:
    """A limit in libtorrent's words: -1 for none, and no more than its 32 bits hold."""
    return min(limit, _MOST_BYTES_PER_SECOND) if limit else -1


def general_rate(limit: int | None) -> int:
    """A limit of the whole session in libtorrent's words: 0 for none."""
    return min(limit, _MOST_BYTES_PER_SECOND) if limit else 0


class Session:
    """Everything but the port. Whoever touches torrents holds `_lock`."""

    def __init__(self, name: str, settings: EmbeddedSettings, context: ClientContext) -> None:
        self.name = name
        self._settings = settings
        self._context = context
        self._paths = PathMapper(name, protected=context.library_roots)
        self._lock = threading.RLock()
        self._heard = threading.Condition(self._lock)
        self._torrents: dict[str, Torrent] = {}
        self._leaving: dict[str, Torrent] = {}
        self._closing = threading.Event()
        self._state = StateFolder(context.state_folder)
        params = self._state.session()
        params.settings = {**params.settings, **session_settings(settings)}  # type: ignore[typeddict-item] # its keys are ours
        self._session = lt.session(params)
        self._session.set_ip_filter(ip_filter(settings, context.neighbours()))
        self._load()
        self._thread = threading.Thread(target=self._listen, name=f"libtorrent-{name}", daemon=True)
        self._thread.start()

    # --- torrents ---------------------------------------------------------------------------------

    def _load(self) -> None:
        for record in self._state.records():
            if record.removing:
                self._try_to_finish_removal(record)
                continue
            params = self._state.params(record.id)
            if params is not None:
                self._try_to_start_again(record, params)

    def _start(self, record: Record, params: lt.add_torrent_params) -> Torrent:
        flags = lt.torrent_flags
        params.save_path = record.folder
        params.flags &= ~(flags.auto_managed | flags.paused | flags.sequential_download | flags.upload_mode)
        params.flags |= flags.update_subscribe | flags.apply_ip_filter
        params.flags |= flags.paused if record.paused else 0
        params.flags |= flags.sequential_download if record.sequential else 0
        params.download_limit = rate(record.download_limit)
        params.upload_limit = rate(record.upload_limit)
        handle = self._session.add_torrent(params)
        torrent = Torrent(record, handle, handle.status(0))
        self._torrents[record.id] = torrent
        return torrent

    def _try_to_start_again(self, record: Record, params: lt.add_torrent_params) -> None:
        """One torrent that libtorrent refuses must not keep all the others from starting."""
        try:
            self._start_again(record, params)
        except RuntimeError as error:
            _log.warning("Torrent %s cannot be started again: %s", record.id, error)

    def _start_again(self, record: Record, params: lt.add_torrent_params) -> None:
        missing = record.complete and not Path(record.folder).exists()
        if self._state.went_down and not missing:
            # To forget what it has: a check that is asked for later begins after a moment as a seed.
            params.have_pieces, params.verified_pieces, params.unfinished_pieces = [], [], {}
            params.flags &= ~lt.torrent_flags.seed_mode
        torrent = self._start(replace(record, paused=True) if missing else record, params)
        torrent.record = record
        if missing:
            self._hold(torrent)

    def _take_over(self, torrent: Torrent, options: AddOptions) -> None:
        """An earlier attempt or download left it here: it is this one's now. What is gone is loaded again."""
        self._wish(torrent, tag=options.tag, paused=options.paused)
        if torrent.complete and not _is_whole(torrent):
            torrent.held, torrent.flushed, torrent.flush_asked = None, False, False
            self._try_to_wish(torrent, complete=False)
            torrent.handle.force_recheck()
        if not options.paused:
            torrent.let_go_on()

    def _known(self, hashes: frozenset[str]) -> Torrent | None:
        return next((each for each in self._torrents.values() if hashes.intersection(each.record.hashes)), None)

    def _wish(self, torrent: Torrent, **changes: object) -> None:
        torrent.record = replace(torrent.record, **changes)  # type: ignore[arg-type] # names of its fields
        self._state.save(torrent.record)

    def _try_to_finish_removal(self, record: Record) -> None:
        """What cannot be deleted now is left for the next start: it must not keep the others from starting."""
        try:
            self._finish_removal(record)
        except AuralError as error:
            _log.warning("Torrent %s cannot be removed yet: %s", record.id, error)

    def _finish_removal(self, record: Record) -> None:
        if record.with_data:
            remove_folder(Path(record.folder))
        else:
            with suppress(OSError):
                Path(record.folder).rmdir()  # only where it is empty
        failpoint("embedded.data_removed")
        self._state.forget(record.id)

    def _change(self, item_id: str, action: Callable[[Torrent], None]) -> None:
        """Do something to a torrent; one that is gone needs nothing any more."""
        checked(item_id)
        with self._running(), self._lock:
            torrent = self._torrents.get(item_id)
            if torrent is not None:
                action(torrent)

    @contextmanager
    def _running(self) -> Iterator[None]:
        if self._closing.is_set() or not self._thread.is_alive():
            raise Unreachable("The embedded client is not running.", "Restart AuralArchive.")
        yield

    # --- the thread -------------------------------------------------------------------------------

    def _listen(self) -> None:
        next_tick = next_save = 0.0
        while not self._closing.is_set():
            self._session.wait_for_alert(250)
            with self._heard:
                for alert in self._session.pop_alerts():
                    self._hear(alert)
                self._heard.notify_all()
                now = time.monotonic()
                if now >= next_tick:
                    next_tick = now + _TICK
                    self._tick(now)
                if now >= next_save:
                    next_save = now + _SAVE_EVERY
                    self._ask_for_progress(_SAVE_SEEDING_EVERY)

    def _hear(self, alert: lt.alert) -> None:
        if isinstance(alert, lt.state_update_alert):
            for status in alert.status:
                self._learn(status)
        elif isinstance(alert, _Farewell):
            self._hear_farewell(alert)
        elif isinstance(alert, lt.torrent_alert):
            torrent = self._of(alert.handle.info_hashes())
            if torrent is not None:
                self._hear_of(torrent, alert)

    def _hear_of(self, torrent: Torrent, alert: lt.torrent_alert) -> None:
        if isinstance(alert, lt.save_resume_data_alert):
            torrent.saving = False
            self._keep_progress(torrent, alert.params)
        elif isinstance(alert, lt.save_resume_data_failed_alert):
            torrent.saving = False  # nothing had changed
        elif isinstance(alert, lt.cache_flushed_alert):
            self._note_flushed(torrent)
        elif isinstance(alert, lt.metadata_received_alert):
            self._note_metadata(torrent)
        elif isinstance(alert, lt.torrent_finished_alert | lt.torrent_paused_alert | lt.torrent_checked_alert):
            torrent.unsaved = True
            self._learn(torrent.handle.status(0))
            self._save(torrent)
        elif isinstance(alert, lt.file_error_alert | lt.torrent_error_alert):
            self._note_error(torrent, alert)
        elif isinstance(alert, lt.fastresume_rejected_alert) and torrent.record.complete:
            self._hold(torrent)

    def _hear_farewell(self, alert: _Farewell) -> None:
        torrent = self._of(alert.info_hashes)
        if torrent is not None:
            deleted = not isinstance(alert, lt.torrent_removed_alert)
            torrent.gone = torrent.gone or deleted == torrent.record.with_data

    def _learn(self, status: lt.torrent_status) -> None:
        torrent = self._of(status.info_hashes)
        if torrent is None:
            return
        torrent.learn(status)
        if torrent.content is None and status.has_metadata:
            learn_metadata(torrent)
        if torrent.complete and not torrent.flush_asked:
            torrent.flush_asked = True
            torrent.handle.flush_cache()
        elif not torrent.complete:
            torrent.flushed = torrent.flush_asked = False

    def _note_flushed(self, torrent: Torrent) -> None:
        if torrent.complete and torrent.flush_asked:
            torrent.flushed = True
            if not torrent.record.complete:
                self._try_to_wish(torrent, complete=True)

    def _note_metadata(self, torrent: Torrent) -> None:
        """A magnet has become a torrent: it may have a second hash and another name."""
        found = torrent.handle.info_hashes()
        v1 = {str(found.v1)} if found.has_v1() else set()
        v2 = {str(found.v2), str(found.v2)[:40]} if found.has_v2() else set()
        name = name_of(torrent) or torrent.record.name
        self._try_to_wish(torrent, hashes=tuple(sorted({*torrent.record.hashes, *v1, *v2})), name=name)
        learn_metadata(torrent)
        self._save(torrent)

    def _note_error(self, torrent: Torrent, alert: lt.file_error_alert | lt.torrent_error_alert) -> None:
        what = f"{alert.error.message()} ({torrent.record.folder})"
        if torrent.trouble != what:
            _log.warning("Torrent %s of the embedded client has to wait: %s", torrent.record.id, what)
        torrent.trouble = what
        torrent.retry_at = time.monotonic() + _RETRY_EVERY

    def _hold(self, torrent: Torrent) -> None:
        """Its files were complete and are not there now: fetching them again is for a person to decide."""
        torrent.held = (
            "Its files are missing or were changed. Mount the folder and restart, or resume to load them again."
        )
        torrent.handle.pause()

    def _tick(self, now: float) -> None:
        self._session.post_torrent_updates(0)
        for torrent in self._torrents.values():
            if torrent.trouble and now >= torrent.retry_at and not torrent.record.paused:
                self._try_again(torrent, now)
            if torrent.complete and not torrent.stopped and self._has_seeded_enough(torrent):
                self._try_to_wish(torrent, paused=True)
                torrent.handle.pause()

    def _try_again(self, torrent: Torrent, now: float) -> None:
        """Start a stopped torrent; one that was started a while ago and is still well is mended."""
        torrent.retry_at = now + _RETRY_EVERY
        status = torrent.handle.status(0)
        if not (status.errc.value() or status.flags & _STOPPED):
            torrent.trouble = None
        elif _has_space(self._settings.download_folder):
            torrent.let_go_on()

    def _has_seeded_enough(self, torrent: Torrent) -> bool:
        minutes, goal = self._settings.seed_minutes, torrent.record.goal
        general = SeedGoal(self._settings.seed_ratio, None if minutes is None else minutes * 60)
        return goal_reached(general if goal == SeedGoal() else goal, torrent.ratio, torrent.seeding_seconds)

    def _ask_for_progress(self, seeding_time: float) -> None:
        """Save what changed, and of seeding torrents the time where it was saved `seeding_time` seconds ago."""
        since = time.monotonic() - seeding_time
        for torrent in self._torrents.values():
            if torrent.unsaved or (torrent.complete and not torrent.stopped and torrent.saved_at < since):
                self._save(torrent)

    def _save(self, torrent: Torrent) -> None:
        torrent.unsaved, torrent.saving, torrent.saved_at = False, True, time.monotonic()
        torrent.handle.save_resume_data(lt.save_resume_flags_t.save_info_dict)

    def _save_all(self) -> None:
        with self._heard:
            self._ask_for_progress(_SAVE_EVERY)
            self._heard.wait_for(lambda: not any(each.saving for each in self._torrents.values()), PATIENCE)

    def _keep_progress(self, torrent: Torrent, params: lt.add_torrent_params) -> None:
        try:
            self._state.save_resume(torrent.record.id, lt.write_resume_data_buf(params))
        except AuralError as error:
            torrent.unsaved = True
            _log.warning("The progress of torrent %s cannot be saved: %s", torrent.record.id, error)

    def _try_to_wish(self, torrent: Torrent, **changes: object) -> None:
        """As `_wish`, in the thread: a full disk must not end it."""
        try:
            self._wish(torrent, **changes)
        except AuralError as error:
            _log.warning("The note on torrent %s cannot be saved: %s", torrent.record.id, error)

    def _of(self, hashes: lt.info_hash_t) -> Torrent | None:
        for item_id in (str(hashes.v1), str(hashes.v2)):
            torrent = self._torrents.get(item_id) or self._leaving.get(item_id)
            if torrent is not None:
                return torrent
        return None

    def close(self) -> None:
        """Save what changed and end the session. Calling it again does nothing."""
        if self._closing.is_set():
            return
        self._save_all()
        self._closing.set()
        self._thread.join()
        self._state.save_session(self._session.session_state(lt.save_state_flags_t.save_dht_state))
        self._state.close()
        with self._lock:
            self._torrents.clear()
            del self._session  # waits for libtorrent's threads


def _is_whole(torrent: Torrent) -> bool:
    """Whether every file is there in its full size: libtorrent does not look again once it has written them."""
    try:
        files = listed_files(torrent)
        return all((Path(torrent.record.folder) / file.path).stat().st_size == file.size for file in files)
    except OSError:
        return False


def _has_space(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free >= _NEEDS_SPACE
    except OSError:
        return not folder.exists()  # libtorrent makes it, or says why it cannot


def checked(item_id: str) -> str:
    """The id, which must not be empty: that would name no torrent, or all."""
    if not item_id:
        raise ValueError("an empty id names no torrent")
    return item_id
