"""Tells listeners that the event log has grown: their own reading of it says what is new."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import DBAPIError

from auralarchive.store.database import Database
from auralarchive.store.eventlog import CHANNEL

_LOOK_UP_SECONDS = 0.25  # how soon the listener sees that it is to stop
_RETRY_SECONDS = 1.0


class Feed:
    """Wake-ups after commits: from this process at once, on PostgreSQL also from all others."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wakes: tuple[Callable[[], Any], ...] = ()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._listener: threading.Thread | None = None

    def add(self, wake: Callable[[], Any]) -> None:
        """Call `wake` from now on; the first listener starts the listening."""
        with self._lock:
            self._wakes = (*self._wakes, wake)
            if self._database.is_postgresql and self._listener is None:
                self._listener = threading.Thread(target=self._listen, name="store-feed", daemon=True)
                self._listener.start()

    def wake(self) -> None:
        """Something was committed."""
        for wake in self._wakes:
            wake()

    def close(self) -> None:
        """Stop listening and wait for the listener's end."""
        self._stopping.set()
        if self._listener is not None:
            self._listener.join()

    def _listen(self) -> None:
        """Listen until closed; after a lost connection, once more, for what was missed meanwhile."""
        while not self._stopping.is_set():
            try:
                self._hear()
            except (DBAPIError, self._database.engine.dialect.loaded_dbapi.Error):
                self._stopping.wait(_RETRY_SECONDS)

    def _hear(self) -> None:
        with self._database.engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql(f"LISTEN {CHANNEL}")
            driver: Any = connection.connection.driver_connection
            self.wake()
            while not self._stopping.is_set():
                for _ in driver.notifies(timeout=_LOOK_UP_SECONDS, stop_after=1):
                    self.wake()
            connection.exec_driver_sql("UNLISTEN *")
