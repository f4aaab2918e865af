"""The demo inside a server: it comes and goes while the server runs, and leaves nothing but the book.

Its indexer stands among the others, under a name that is free. Torrents may call 127.0.0.1 only while it
runs. A server that is stopped with its demo goes on with it at the next start, on the same port: torrents
that are not finished ask its tracker.
"""

from __future__ import annotations

import logging
import shutil
import threading
from contextlib import suppress
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from auralarchive.demo import DemoInfo
from auralarchive.domain.lifecycle import IllegalTransition
from auralarchive.domain.naming import distinct
from auralarchive.ports.errors import AuralError, Misconfigured
from auralarchive.ports.store import AdapterRow
from auralarchive.runtime.core import Core
from auralarchive.web.services import DemoState

if TYPE_CHECKING:
    from auralarchive.demo.demo import Demo

_log = logging.getLogger(__name__)

_SECTION = "demo"  # of the saved settings; no page shows it
_ADDRESS = "127.0.0.1"
_PAGE = 500


class LiveDemo:
    """`web.services.Demo` over one core. Leaving the block ends the swarm, and forgets nothing."""

    info = DemoInfo()

    def __init__(self, core: Core) -> None:
        self._core = core
        self._folder = core.holder.current.data_dir / "demo"
        self._lock = threading.Lock()
        self._running: Demo | None = None

    def __enter__(self) -> Self:
        if self._remembered().get("indexer"):
            try:
                self.start()
            except AuralError as error:
                _log.warning("the demo does not go on: %s", error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._end_swarm()

    def state(self) -> DemoState:
        """Whether it runs."""
        return DemoState(self._running is not None, self.info.search)

    def start(self) -> DemoState:
        """Start it, if it does not run. Raises `Misconfigured`."""
        with self._lock:
            if self._running is None:
                self._running = self._entered()
                self._core.neighbours.append(_ADDRESS)
                self._core.adapters.clients.reload(anew=True)
                self._offer(self._running)
        return self.state()

    def stop(self) -> DemoState:
        """End it: the indexer and what is not finished go, the book stays."""
        with self._lock:
            name = self._withdraw()
            if name is not None:
                self._cancel(name)
            if self._end_swarm():
                self._core.adapters.clients.reload(anew=True)
            shutil.rmtree(self._folder, ignore_errors=True)
        return self.state()

    def _entered(self) -> Demo:
        port = int(self._remembered().get("tracker_port") or 0)
        demo = import_module("auralarchive.demo.demo")  # few servers ever start it
        try:
            entered: Demo = demo.Demo(self._folder / "seed", tracker_port=port).__enter__()
        except (OSError, RuntimeError) as error:
            raise Misconfigured(
                f"The demo cannot be started: {error}.", "Check that the data folder can be written to, then try again."
            ) from error
        return entered

    def _end_swarm(self) -> bool:
        running, self._running = self._running, None
        if running is None:
            return False
        self._core.neighbours.remove(_ADDRESS)
        running.__exit__(None, None, None)
        return True

    def _offer(self, shared: Demo) -> None:
        """Put its feed among the indexers: its own row, where an earlier start has left one."""
        rows = self._core.store.adapters
        made = next(one for one in self._core.adapters.types("indexer") if one.type == "torznab")
        settings = made.plain({"url": shared.torznab_url, "api_key": shared.api_key})
        before = self._row()
        if before is None:
            name = distinct("Demo", [row.name for row in rows.list("indexer")])
            row = rows.add(self._core.indexer_row("torznab", name, settings), made.secret_keys)
        else:
            row = rows.update(
                AdapterRow(before.id, "indexer", "torznab", before.name, True, before.priority, settings),
                made.secret_keys,
            )
        self._remember(indexer=row.id, tracker_port=shared.tracker_port)
        self._core.adapters.reload("indexer")

    def _withdraw(self) -> str | None:
        """Take its feed from the indexers; returns its name there."""
        row = self._row()
        self._remember(indexer=None)
        if row is None:
            return None
        self._core.store.adapters.delete("indexer", row.id)
        self._core.adapters.reload("indexer")
        return row.name

    def _cancel(self, indexer: str) -> None:
        """Cancel what came from it; a book that has arrived stays, and is no longer seeded."""
        cursor = None
        while True:
            page = self._core.store.downloads.page(sort="id", limit=_PAGE, cursor=cursor)
            for download in page.items:
                if download.indexer == indexer:
                    with suppress(IllegalTransition):  # it is over already
                        self._core.commands.cancel(download.id)
            cursor = page.cursor
            if cursor is None:
                return

    def _row(self) -> AdapterRow | None:
        known = self._remembered().get("indexer")
        return self._core.store.adapters.get("indexer", int(known)) if known else None

    def _remembered(self) -> dict[str, Any]:
        return dict(self._core.store.settings.all().get(_SECTION, {}))

    def _remember(self, **values: Any) -> None:
        self._core.store.settings.save(_SECTION, values)
