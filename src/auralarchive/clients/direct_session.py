"""The items of the direct client, the threads that load them, and what survives both.

There is a thread for each file that is being loaded, and one that sleeps while something has to wait; where there
is nothing to do there is none. Whoever touches items holds `_lock`; nobody holds it while the network or a large
file is read.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from auralarchive.clients.context import ClientContext
from auralarchive.clients.direct_fetch import (
    DiskTrouble,
    Later,
    Loader,
    Neighbourhood,
    Order,
    Refused,
    WrongBytes,
    part_of,
)
from auralarchive.clients.direct_items import Item, Transfer, content_of
from auralarchive.clients.direct_pace import Bucket, pay
from auralarchive.clients.direct_settings import DirectSettings
from auralarchive.clients.direct_state import Record, StateFolder, Version
from auralarchive.clients.folders import remove_folder
from auralarchive.clients.path_mapping import PathMapper
from auralarchive.failpoints import failpoint
from auralarchive.net.http import GuardedClient
from auralarchive.ports.clients import AddOptions
from auralarchive.ports.errors import AuralError, Cancelled, Unreachable
from auralarchive.ports.work import CancelToken

_log = logging.getLogger(__name__)

PATIENCE = 10.0  # seconds for a file that is being loaded to stop
_MISSING = "Its files are missing. Mount the folder and restart, or resume to load them again."


class Session:
    """Everything but the port."""

    def __init__(
        self,
        name: str,
        settings: DirectSettings,
        context: ClientContext,
        client: GuardedClient | None = None,
    ) -> None:
        self.name = name
        self._settings = settings
        self._context = context
        self._paths = PathMapper(name, protected=context.library_roots)
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._items: dict[str, Item] = {}
        self._threads: set[threading.Thread] = set()
        self._sleeping = False
        self._closed = False
        self._hosts: Counter[str] = Counter()
        self._quiet_until: dict[str, float] = {}
        self._bucket = Bucket(settings.download_limit)
        self._upload_limit: int | None = None  # nothing is uploaded: it is kept to be told

        def reach() -> Neighbourhood:
            return Neighbourhood(context.neighbours(), settings.loopback)

        self._loader = Loader(client or GuardedClient(), reach)
        self._state = StateFolder(context.state_folder)
        self._load()
        with self._lock:
            self._dispatch()

    # --- items ------------------------------------------------------------------------------------

    def _load(self) -> None:
        for record in self._state.records():
            if record.removing:
                self._try_to_finish_removal(record)
            else:
                self._take_up(record)

    def _take_up(self, record: Record) -> Item | None:
        manifest = self._state.manifest(record.id)
        if manifest is None:
            return None
        item = Item(record, manifest, content_of(record, manifest), bucket=Bucket(record.download_limit))
        if self._state.went_down:
            _drop_unproved(item)
        item.look()
        gone = record.begun and not Path(record.folder).exists()
        if gone or (record.complete and item.pending):
            item.held = _MISSING
        elif not item.pending and not record.complete:
            self._try_to_wish(item, complete=True)  # a crash came before the note
        self._items[record.id] = item
        return item

    def _take_over(self, item: Item, options: AddOptions) -> None:
        """An earlier attempt left it here. What is gone is loaded again."""
        self._wish(
            item,
            paused=options.paused,
            priority=options.priority,
            download_limit=options.download_limit or None,
            upload_limit=options.upload_limit or None,
            removing=False,
        )
        item.bucket.allow(options.download_limit)
        self._let_go_on(item)

    def _let_go_on(self, item: Item) -> None:
        """Start it, whatever stopped it."""
        item.held = None
        if not any(transfer.active for transfer in item.pending):
            item.look()
        for transfer in item.pending:
            transfer.begin_again()
        item.grown_at = time.monotonic()
        complete = not item.pending
        if item.record.failed or item.record.complete is not complete:
            self._wish(item, failed=None, complete=complete)
        self._dispatch()

    def _wish(self, item: Item, **changes: object) -> None:
        item.record = replace(item.record, **changes)  # type: ignore[arg-type] # names of its fields
        self._state.save(item.record)

    def _try_to_wish(self, item: Item, **changes: object) -> None:
        """As `_wish`, in a thread: a full disk must not end it."""
        try:
            self._wish(item, **changes)
        except AuralError as error:
            _log.warning("The note on the direct download %s cannot be saved: %s", item.record.id, error)

    def _leave(self, item: Item, *, with_data: bool) -> None:
        """Noted first: a crash from here on is finished at the next start."""
        self._wish(item, removing=True, with_data=with_data)
        failpoint("direct.removal_noted")
        item.leaving = True
        item.cancel()
        self._changed.wait_for(lambda: not any(each.active for each in item.pending), PATIENCE)
        try:
            self._finish_removal(item.record)
        except AuralError as error:
            item.leaving, item.held = False, error.reason  # shown, and to be removed once more
            raise
        del self._items[item.record.id]

    def _gone(self, item_id: str) -> None:
        """Wait until an item that is being removed has left."""
        self._changed.wait_for(lambda: not (item := self._items.get(item_id)) or not item.leaving, 2 * PATIENCE)

    def _try_to_finish_removal(self, record: Record) -> None:
        """What cannot be deleted now is left for the next start: it must not keep the others from starting."""
        try:
            self._finish_removal(record)
        except AuralError as error:
            _log.warning("The direct download %s cannot be removed yet: %s", record.id, error)

    def _finish_removal(self, record: Record) -> None:
        if record.with_data:
            remove_folder(Path(record.folder))
        failpoint("direct.data_removed")
        self._state.forget(record.id)

    def _change(self, item_id: str, action: Callable[[Item], None]) -> None:
        """Do something to an item; one that is gone needs nothing any more."""
        if not item_id:
            raise ValueError("an empty id names no download")
        with self._running(), self._lock:
            item = self._items.get(item_id)
            if item is not None and not item.leaving:
                action(item)
                self._dispatch()

    @contextmanager
    def _running(self) -> Iterator[None]:
        if self._closed:
            raise Unreachable("The direct client is not running.", "Restart AuralArchive.")
        yield

    # --- threads ----------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        """Something changed: wake who sleeps, or begin a thread where there is work for one more."""
        self._changed.notify_all()
        if self._closed or self._sleeping or len(self._threads) >= self._settings.files_at_once:
            return
        found, due = self._next(time.monotonic())
        if found or due is not None:
            thread = threading.Thread(target=self._work, name=f"direct-{self.name}", daemon=True)
            self._threads.add(thread)
            thread.start()

    def _work(self) -> None:
        try:
            while (found := self._take()) is not None:
                self._attempt(*found)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _take(self) -> tuple[Item, Transfer, CancelToken] | None:
        """The next file to load, once it is time; None: this thread is not needed any more."""
        with self._lock:
            while not self._closed:
                found, due = self._next(time.monotonic())
                if found is not None:
                    item, transfer = found
                    transfer.active = cancel = CancelToken()
                    self._hosts[transfer.host] += 1
                    self._dispatch()
                    return item, transfer, cancel
                if due is None or self._sleeping:
                    break
                self._sleeping = True
                self._changed.wait(max(0.0, due - time.monotonic()))
                self._sleeping = False
            self._threads.discard(threading.current_thread())
            return None

    def _next(self, now: float) -> tuple[tuple[Item, Transfer] | None, float | None]:
        """A file that may be loaded now; else when one may be, None where none waits for the time."""
        first: float | None = None
        for item in sorted(self._items.values(), key=lambda each: (-each.record.priority, each.record.added)):
            for transfer in item.pending if item.runs else ():
                if transfer.active or self._hosts[transfer.host] >= self._settings.files_per_server:
                    continue
                due = max(transfer.due, self._quiet_until.get(transfer.host, 0.0))
                if due <= now:
                    return (item, transfer), None
                first = due if first is None else min(first, due)
        return None, first

    def _attempt(self, item: Item, transfer: Transfer, cancel: CancelToken) -> None:
        host, order = transfer.host, self._order(item, transfer, cancel)
        failure: Exception | None = None
        try:
            self._loader.load(order)
        except (Refused, Later, WrongBytes, DiskTrouble, Cancelled) as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - a bug that one file runs into must not end all others
            _log.exception("direct download %s: bug while %s is loaded", item.record.id, transfer.file.path)
            failure = Later(f"an error of our own: {type(error).__name__}")
        with self._lock:
            now = time.monotonic()
            transfer.active = None
            self._hosts[host] -= 1
            self._quiet_until[host] = max(self._quiet_until.get(host, 0.0), now + self._settings.pause_seconds)
            if isinstance(failure, Later) and failure.wait:
                self._quiet_until[host] = max(self._quiet_until[host], now + failure.wait)
            self._settle(item, transfer, failure, now)
            self._changed.notify_all()

    def _order(self, item: Item, transfer: Transfer, cancel: CancelToken) -> Order:
        def begun(version: Version) -> None:
            with self._lock:
                cancel.check()  # the note of what was removed meanwhile must not come back
                transfer.have = 0
                versions = {**item.record.versions, transfer.file.path: version}
                self._try_to_wish(item, versions=versions, begun=True)
            failpoint("direct.file_begun")

        def came(amount: int) -> None:
            with self._lock:
                item.meter.count(amount)
                if transfer.moved(amount):
                    item.grown_at = time.monotonic()
            pay(amount, (self._bucket, item.bucket), cancel)

        with self._lock:
            return Order(
                file=transfer.file,
                url=transfer.url,
                target=transfer.target,
                root=self._settings.download_folder,
                version=item.record.versions.get(transfer.file.path),
                most=self._settings.largest_file,
                needed=item.missing,
                reserve=self._settings.reserve_bytes,
                cancel=cancel,
                begun=begun,
                came=came,
            )

    def _settle(self, item: Item, transfer: Transfer, failure: Exception | None, now: float) -> None:
        """Draw the conclusion of one attempt."""
        if item.leaving:
            return
        if failure is None:
            self._note_done(item, transfer)
            return
        transfer.have = _size_of(part_of(transfer.target))
        what = f"{transfer.file.path}: {failure}"
        if isinstance(failure, Refused):
            if not transfer.refused():
                self._give_up(item, what)
        elif isinstance(failure, WrongBytes):
            if not transfer.spoilt():
                self._give_up(item, what)
        elif isinstance(failure, DiskTrouble):
            transfer.blocked(str(failure), now)
        elif isinstance(failure, Later):
            transfer.later(what, failure.wait, now)
            if transfer.failing_for(now) >= self._settings.give_up_hours * 3600:
                self._give_up(item, what)

    def _note_done(self, item: Item, transfer: Transfer) -> None:
        item.done += _size_of(transfer.target)
        item.grown_at = time.monotonic()
        item.pending.remove(transfer)
        versions = {path: known for path, known in item.record.versions.items() if path != transfer.file.path}
        item.record = replace(item.record, versions=versions)  # saved with the next change: nothing hangs on it
        if not item.pending:
            failpoint("direct.all_there")
            self._try_to_wish(item, complete=True)

    def _give_up(self, item: Item, reason: str) -> None:
        _log.warning("The direct download %s is given up: %s", item.record.id, reason)
        self._try_to_wish(item, failed=reason)
        item.cancel()

    def close(self) -> None:
        """Stop loading; what has arrived stays, and the next start goes on with it. Twice does nothing more."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for item in self._items.values():
                item.cancel()
            self._changed.notify_all()
            threads = tuple(self._threads)
        for thread in threads:
            thread.join(PATIENCE)
        self._state.close()


def _drop_unproved(item: Item) -> None:
    """After a power cut the end of a part may be zeros; where no checksum would find that, it is loaded anew."""
    for file in item.manifest.files:
        if not (file.md5 or file.sha1):
            with suppress(OSError):
                part_of(item.content / file.path).unlink(missing_ok=True)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
