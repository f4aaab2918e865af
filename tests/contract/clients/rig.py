"""What the one suite needs of a client and of what surrounds it.

A `Rig` is a client that runs, with a `Hand` beside it where somebody else can reach it too, and a `Source` that makes
books and gives them to it. A `Kind` says how to start a rig and what to expect of it; `rigs/` holds one of each client.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from auralarchive.clients.context import ClientContext
from auralarchive.domain.status import DownloadType
from auralarchive.ports.adapters import AdapterType
from auralarchive.ports.clients import Ability, DownloadClient, Payload


@dataclass(frozen=True, slots=True)
class Book:
    """A release that nobody has seen before, and what must come out of it: `contents` by the files' names.

    `tag` is that of a download of its own. `release` is whatever its source made of it.
    """

    payload: Payload
    name: str
    tag: str
    contents: Mapping[str, bytes]
    magnet: str | None = None
    release: object = None

    @property
    def size(self) -> int:
        return sum(map(len, self.contents.values()))


class Source(ABC):
    """Where books come from. Its folder is of no interest to the client."""

    @abstractmethod
    def book(self, *sizes: int, limit: int = 0) -> Book:
        """A book of one file of random bytes for each size, handed out at `limit` bytes per second, 0 = none."""

    @abstractmethod
    def release(self, book: Book) -> None:
        """Take the limit off."""

    def push(self, book: Book) -> None:  # noqa: B027 - nothing is what most sources do
        """Help the client to it, as a seeder does that dials. Most sources are found by themselves."""


class Hand(ABC):
    """Somebody else at the same client, by calls that are not our adapter's. Ids are those of our items."""

    @abstractmethod
    def add(self, book: Book) -> str:
        """Add it stopped, in a category or with a label of somebody's own (`FOREIGN`); its id."""

    @abstractmethod
    def look(self, item_id: str) -> Mapping[str, object] | None:
        """What somebody cares about in an item (its place, category, labels, whether it is stopped); None: gone."""

    @abstractmethod
    def remove(self, item_id: str) -> None:
        """Remove the item with its data."""

    @abstractmethod
    def recategorise(self, item_id: str) -> None:
        """Give it another category or label than ours."""

    @abstractmethod
    def pause(self, item_id: str) -> None:
        """Stop it."""

    def limit(self, item_id: str, download: int) -> None:
        """Set its download limit in bytes per second, where the client can."""
        raise NotImplementedError

    def limit_all(self, download: int) -> None:
        """Set the client's general download limit in bytes per second, where the client can."""
        raise NotImplementedError


FOREIGN = "films"  # the category or label of what is none of our business


class Rig(ABC):
    """One client that runs, and what a test has to do to it from outside."""

    client: DownloadClient

    @property
    @abstractmethod
    def folders(self) -> tuple[Path, ...]:
        """Where its data lies, whole or not."""

    @abstractmethod
    def source(self, folder: Path) -> AbstractContextManager[Source]:
        """Books for it; they are made below `folder`."""

    @abstractmethod
    def restart(self) -> None:
        """Stop it in good order and start it again."""

    def revive(self) -> bool:
        """Start it again where it has died by itself; whether it had."""
        return False

    @abstractmethod
    def close(self) -> None:
        """End it."""


NOWHERE = ClientContext(Path("/nonexistent"))  # for adapters that keep nothing on disk


class Server(Protocol):
    """What a rig asks of the program behind it."""

    @property
    def port(self) -> int: ...

    @property
    def save_path(self) -> Path: ...

    def restart(self) -> None: ...

    def stop(self) -> None: ...

    def obituary(self) -> str | None: ...


class RemoteRig(Rig):
    """A program of its own: it has an address, asks for a password, and other people reach it too."""

    hand: Hand

    #: The settings that make its sign-in fail.
    wrong_secret: Mapping[str, Any] = {"password": "wrong"}

    #: The adapter under test, and the server that it reaches.
    adapter: AdapterType[DownloadClient, ClientContext]
    server: Server

    @property
    @abstractmethod
    def secrets(self) -> dict[str, object]:
        """The settings that sign an adapter in."""

    @property
    def settings(self) -> dict[str, object]:
        """Those with which an adapter reaches it."""
        return {"port": self.port, **self.secrets}

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 where its adapter reaches it."""
        return self.server.port

    @property
    def save_path(self) -> Path:
        """Where finished books lie."""
        return self.server.save_path

    @property
    def folders(self) -> tuple[Path, ...]:
        return (self.save_path,)

    def connected(self, context: ClientContext = NOWHERE, **settings: object) -> DownloadClient:
        """A new adapter of this server, with other settings than the usual ones."""
        return self.adapter.build(self.adapter.title, {**self.settings, **settings}, context)

    def revive(self) -> bool:
        if self.server.obituary() is None:
            return False
        self.restart()
        return True

    def restart(self) -> None:
        self.server.restart()

    def close(self) -> None:
        self.client.close()
        self.server.stop()


@dataclass(frozen=True, slots=True)
class Kind:
    """A client in one generation: how to start it below a folder, and what to expect of it.

    `hybrids`: it knows torrents of both versions.
    `optional`: it runs with --all-clients only.
    """

    name: str
    make: Callable[[Path], Rig]
    protocol: DownloadType
    abilities: frozenset[Ability]
    remote: bool = True
    hybrids: bool = False
    optional: bool = False

    @property
    def torrents(self) -> bool:
        return self.protocol is DownloadType.TORRENT
