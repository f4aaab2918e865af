"""What tests of indexers share: a clock to hold, names that resolve as told, and a watch on connections."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import count
from typing import Self

from pydantic import SecretStr

from auralarchive.clients.payloads import Payloads
from auralarchive.domain.status import DownloadType
from auralarchive.indexers.archive_org import ArchiveIndexer, ArchiveSettings
from auralarchive.indexers.context import IndexerContext
from auralarchive.indexers.fetch import LinkFetcher
from auralarchive.indexers.librivox import LibriVoxIndexer, LibriVoxSettings
from auralarchive.indexers.torznab import TorznabIndexer, TorznabSettings
from auralarchive.net.addresses import IPAddress
from auralarchive.net.http import GuardedClient, Limits, system_resolver
from auralarchive.ports.indexers import Indexer
from tests.support.libraries import Libraries
from tests.support.torznab import TorznabServer

PUBLIC = "93.184.215.14"


@dataclass
class HeldClock:
    """A clock that moves when it is told to."""

    seconds: float = 1_000.0
    start: datetime = datetime(2026, 11, 2, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds - 1_000.0)

    def monotonic(self) -> float:
        return self.seconds

    def forward(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Names:
    """A resolver that knows only these names; each answer is used once, the last one for ever."""

    known: dict[str, list[list[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def resolve(self, host: str, port: int) -> tuple[IPAddress, ...]:
        self.asked.append(host)
        answers = self.known.get(host)
        if answers is None:
            return system_resolver(host, port)  # numbers in odd notations, as the machine reads them
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return tuple(ip_address(address) for address in answer)


class Tripwire:
    """A port on 127.0.0.1 that counts the connections it gets: none may come."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.port: int = self._socket.getsockname()[1]
        self.connections = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            self.connections += 1
            connection.close()


def an_indexer(
    server: TorznabServer, kind: DownloadType = DownloadType.TORRENT, *, name: str = "Test indexer", **settings: object
) -> TorznabIndexer:
    """An indexer on the test server, without pauses between its requests."""
    values = {"url": server.url, "api_key": SecretStr(server.api_key), "min_interval_seconds": 0.0, **settings}
    return TorznabIndexer(name, kind, TorznabSettings.model_validate(values), _a_context())


def a_librivox(libraries: Libraries, *, name: str = "LibriVox", **settings: object) -> LibriVoxIndexer:
    """LibriVox as the test's libraries have it, without pauses between its requests."""
    values = {"url": libraries.url, "archive_url": libraries.url, "min_interval_seconds": 0.0, **settings}
    return LibriVoxIndexer(name, LibriVoxSettings.model_validate(values), _a_context())


def an_archive(libraries: Libraries, *, name: str = "Internet Archive", **settings: object) -> ArchiveIndexer:
    """The Internet Archive as the test's libraries have it, without pauses between its requests."""
    values = {"url": libraries.url, "min_interval_seconds": 0.0, **settings}
    return ArchiveIndexer(name, ArchiveSettings.model_validate(values), _a_context())


def _a_context() -> IndexerContext:
    numbers = count(1)
    return IndexerContext(GuardedClient(), HeldClock(), lambda: f"release-{next(numbers)}")


def a_fetcher(*indexers: Indexer, client: GuardedClient | None = None, seconds: float = 10.0) -> LinkFetcher:
    """A fetcher for these indexers, with the real reader of payloads."""
    limits = Limits(4 * 2**20, seconds)
    return LinkFetcher(client or GuardedClient(), Payloads(), lambda: indexers, HeldClock(), limits=limits)


def feed_of(items: Iterable[str]) -> bytes:
    """A feed around items."""
    return f'<?xml version="1.0"?><rss><channel>{"".join(items)}</channel></rss>'.encode()
