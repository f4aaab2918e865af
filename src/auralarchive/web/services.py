"""What the web is given, and all it uses; the runtime puts the real parts in.

Everything here blocks: the web calls it from worker threads only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from auralarchive.domain.client_item import ClientFile
from auralarchive.domain.download import Download
from auralarchive.domain.status import DownloadType
from auralarchive.pipeline.commands import Commands
from auralarchive.pipeline.editing import Editor
from auralarchive.pipeline.holding import Holdings
from auralarchive.pipeline.live import Live
from auralarchive.pipeline.searching import Searcher
from auralarchive.ports.adapters import AdapterType
from auralarchive.ports.clients import Ability, Finding, PayloadReader
from auralarchive.ports.library import FolderReport
from auralarchive.ports.store import Store
from auralarchive.ports.work import Clock
from auralarchive.web.auth import Authenticator
from auralarchive.web.boundary import Boundary
from auralarchive.web.upkeep import Upkeep


class ClientStatus(Protocol):
    """What the monitor last saw of one client."""

    @property
    def name(self) -> str: ...

    @property
    def type(self) -> str: ...

    @property
    def reachable(self) -> bool: ...

    @property
    def version(self) -> str | None: ...

    @property
    def error(self) -> str | None: ...

    @property
    def remedy(self) -> str | None: ...

    @property
    def protocols(self) -> frozenset[DownloadType]: ...

    @property
    def abilities(self) -> frozenset[Ability]: ...


class MonitorStatus(Protocol):
    """The monitor's own state; `last_tick_at` is None before the first poll."""

    @property
    def monitoring(self) -> bool: ...

    @property
    def polling_interval_seconds(self) -> float: ...

    @property
    def last_tick_at(self) -> datetime | None: ...

    @property
    def clients(self) -> Sequence[ClientStatus]: ...


class Monitor(Protocol):
    """Watches the clients."""

    def start_monitoring(self) -> None: ...

    def stop_monitoring(self) -> None: ...

    def status(self) -> MonitorStatus: ...

    def live(self, download_id: int, /) -> Live | None: ...

    def live_all(self) -> Mapping[int, Live]: ...


@dataclass(frozen=True, slots=True)
class AdapterReport:
    """What a test of an adapter found out; `version` is the client's version or the indexer's title."""

    version: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Folder:
    """One of our folders; its role is library, downloads, work or data."""

    role: str
    path: Path


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk with those of our folders that lie on it. Sizes in bytes."""

    folders: tuple[Folder, ...]
    free: int
    total: int


class AdapterManager(Protocol):
    """Kinds of clients and indexers, and the instances in use."""

    def types(self, kind: str) -> tuple[AdapterType[Any, Any], ...]: ...

    def test(self, kind: str, type_: str, settings: Mapping[str, Any], existing_id: int | None = None) -> AdapterReport:
        """Build one from complete settings, try it and let go of it. Raises `AuralError`."""

    def reload(self, kind: str) -> None:
        """Put what is saved now into use."""


@dataclass(frozen=True, slots=True)
class SettingValue:
    """One setting. A secret's `value` is None; `locked_by` names the environment variable that holds it.

    `needs_restart`: a change takes effect at the next start only.
    """

    value: Any
    secret: bool = False
    is_set: bool = True
    locked_by: str | None = None
    needs_restart: bool = False


class InvalidSettings(ValueError):
    """Values that do not fit; `errors` maps each key to what is wrong with it."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{key}: {message}" for key, message in errors.items()))
        self.errors = dict(errors)


class SettingsView(Protocol):
    """Typed settings, by sections."""

    def schema(self) -> Mapping[str, Mapping[str, Any]]:
        """JSON schema of each section."""

    def values(self) -> Mapping[str, Mapping[str, SettingValue]]: ...

    def save(self, section: str, values: Mapping[str, Any]) -> None:
        """Check and save some keys of a section. Raises `InvalidSettings`; nothing is saved then."""


class Folders(Protocol):
    """What is to be told of a folder that somebody is about to choose. Tells nothing of what is in it."""

    def as_library(self, path: Path | None, /) -> FolderReport:
        """None asks about the one that is used where none is named."""

    def as_folder(self, path: Path, /) -> FolderReport: ...


@dataclass(frozen=True, slots=True)
class FoundClient:
    """A download client that answers on this machine; `type` and `settings` are those to add it with."""

    type: str
    title: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DemoState:
    """The demo inside this server: whether it runs, and what to search for."""

    running: bool
    search: str = ""


class Demo(Protocol):
    """A small book, its swarm and an indexer on this machine. Both calls may be repeated; they raise `AuralError`."""

    def state(self) -> DemoState: ...

    def start(self) -> DemoState: ...

    def stop(self) -> DemoState:
        """End it, and remove all of it but what has come into the library."""


class Sockets(Protocol):
    """Open live connections, so that they end with their session."""

    def close_credential(self, credential: str) -> None: ...

    def close_account(self, account_id: int) -> None: ...


class Metrics(Protocol):
    """Counts requests, and shows all counters."""

    def request(self, method: str, route: str, status: int, seconds: float) -> None: ...

    def render(self) -> tuple[bytes, str]:
        """The exposition and its content type."""


@dataclass(frozen=True, slots=True)
class Services:
    """All that the web uses.

    `health` answers quickly or from memory, and `disks` are those that it measured last; `files` asks the
    client for a download's files and may raise `AuralError`; `redact` takes secrets out of text; `holdings`
    tells what is in library and queue now.
    """

    store: Store
    commands: Commands
    editor: Editor
    searcher: Searcher
    monitor: Monitor
    adapters: AdapterManager
    settings: SettingsView
    payloads: PayloadReader
    authenticator: Authenticator
    boundary: Boundary
    sockets: Sockets
    metrics: Metrics
    clock: Clock
    health: Callable[[], tuple[Finding, ...]]
    upkeep: Upkeep
    disks: Callable[[], tuple[Disk, ...]]
    files: Callable[[Download], Sequence[ClientFile]]
    runner_status: Callable[[], Mapping[str, Any]]
    redact: Callable[[str], str]
    holdings: Callable[[], Holdings]
    library_root: Callable[[], Path]
    folders: Folders
    find_clients: Callable[[], Sequence[FoundClient]]
    demo: Demo
    version: str
    static_dir: Path
