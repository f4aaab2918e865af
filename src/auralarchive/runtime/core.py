"""Everything but the web: database, adapters, pipeline and runner, put together from the settings."""

from __future__ import annotations

import errno
import logging
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auralarchive import settings as tree
from auralarchive.audio.isolated import IsolatedEngine
from auralarchive.clients.context import ClientContext
from auralarchive.clients.payloads import Payloads
from auralarchive.clients.registry import CLIENT_TYPES
from auralarchive.domain.client_item import ClientFile
from auralarchive.domain.download import Download
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.quality import QualityPreferences
from auralarchive.engine.local import LocalRunner
from auralarchive.indexers.context import IndexerContext
from auralarchive.indexers.fetch import LinkFetcher
from auralarchive.indexers.pacing import Manners
from auralarchive.indexers.registry import INDEXER_TYPES
from auralarchive.library.checks import link_finding
from auralarchive.library.drafts import FilesystemDrafts
from auralarchive.net.addresses import parse_link
from auralarchive.net.http import GuardedClient
from auralarchive.notify.herald import Herald
from auralarchive.notify.registry import NOTIFIER_TYPES
from auralarchive.observability.redaction import Redactor
from auralarchive.observability.ring import LogRing
from auralarchive.pipeline.commands import Commands
from auralarchive.pipeline.completion import Completion
from auralarchive.pipeline.editing import Editor
from auralarchive.pipeline.live import LiveBoard
from auralarchive.pipeline.monitor import ClientHealth, Monitor
from auralarchive.pipeline.reconcile import Reconciler
from auralarchive.pipeline.record import Recorder
from auralarchive.pipeline.searching import Searcher
from auralarchive.pipeline.steering import OwnLimits, Steering
from auralarchive.pipeline.tools import SeedGoals, Tools
from auralarchive.pipeline.work import Workshop
from auralarchive.ports.clients import DownloadClient, Finding
from auralarchive.ports.errors import Misconfigured
from auralarchive.ports.indexers import Indexer
from auralarchive.ports.notifiers import Notifier, NotifierContext
from auralarchive.ports.store import AdapterRow
from auralarchive.runtime.about import VERSION
from auralarchive.runtime.adapters import AdapterPool, LiveAdapters, state_folder
from auralarchive.runtime.backup import Instance, Shelf
from auralarchive.runtime.clock import SystemClock
from auralarchive.runtime.derived import (
    audio_settings,
    backup_plan,
    general_goal,
    library_settings,
    monitor_settings,
    retry_policy,
    speed_plan,
    stage_settings,
    used_folders,
)
from auralarchive.runtime.free_books import set_up_free_books
from auralarchive.runtime.housekeeping import Housekeeper
from auralarchive.runtime.live_library import LiveLibrary
from auralarchive.runtime.posting import GuardedPost
from auralarchive.runtime.restore import Restorer, swap_in, sweep
from auralarchive.runtime.scoring import score_with
from auralarchive.runtime.settings_view import SettingsHolder, may_be_saved
from auralarchive.runtime.tasks import Chore, TaskList
from auralarchive.store import SecretBox, SqlStore, open_store
from auralarchive.store.folder import InstanceLock

_log = logging.getLogger(__name__)

#: Names of the clients that are set up from settings instead of in the pages.
EMBEDDED, DIRECT, QBITTORRENT = "Embedded", "Direct", "qBittorrent"


@dataclass(frozen=True, slots=True)
class Core:
    """The parts of one instance. `close` lets go of all of them, in the right order."""

    clock: SystemClock
    redactor: Redactor
    holder: SettingsHolder
    store: SqlStore
    adapters: LiveAdapters
    payloads: Payloads
    commands: Commands
    editor: Editor
    searcher: Searcher
    monitor: Monitor
    health: ClientHealth
    runner: LocalRunner
    housekeeper: Housekeeper
    herald: Herald
    tools: Tools
    ring: LogRing
    tasks: TaskList
    shelf: Shelf
    restorer: Restorer
    exits: ExitStack
    local_key: str  # of the terminal on this machine, new at each start
    neighbours: list[str]  # addresses on this machine that downloads may call: none but the demo's, while it runs

    @staticmethod
    def indexer_row(type_: str, name: str, settings: Mapping[str, Any]) -> AdapterRow:
        """A new indexer, enabled, as it is saved."""
        return AdapterRow(0, "indexer", type_, name, enabled=True, priority=25, settings=settings)

    def files_of(self, download: Download) -> tuple[ClientFile, ...]:
        """The files of a download as its client names them. Raises `AuralError`."""
        client = self.adapters.clients.get(download.download_client or "")
        if client is None or not download.download_client_id:
            return ()
        return client.files(download.download_client_id)

    def close(self) -> None:
        self.exits.close()


def open_core(
    given: Mapping[str, Any], *, toml: Path | None = None, redactor: Redactor | None = None, sole_instance: bool = True
) -> Core:
    """Open the database and build everything on it; nothing runs yet.

    `given` are settings of the command line. Raises `ValidationError` for settings that do not fit, and
    what `open_store` raises.
    """
    clock, redactor = SystemClock(), redactor or Redactor()
    first = tree.read(toml=toml, **given)
    make_folders(first)
    if sole_instance and finish_restore(first):
        first = tree.read(toml=toml, **given)  # the backup may have brought another config.toml
    with ExitStack() as exits:
        box = SecretBox.from_file(first.data_dir / "secret.key")
        store = open_store(
            first.database, secret_box=box, clock=clock, data_dir=first.data_dir, sole_instance=sole_instance
        )
        exits.callback(store.close)
        holder = SettingsHolder(lambda saved: tree.read(saved=saved, toml=toml, **given), store.settings, box)
        core = _assemble(clock, redactor, holder, store, exits)
        _register_secrets(core)
        core.exits.push(exits.pop_all())
        return core


def make_folders(settings: tree.Settings) -> None:
    """The folders that are ours, private to their owner; the library is made for others to read.

    Raises `Misconfigured` where one cannot be made, or the data folder not be written to.
    """
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (settings.download_root, settings.work_root, settings.data_dir / "clients"):
            folder.mkdir(parents=True, exist_ok=True)
        if not os.access(settings.data_dir, os.W_OK | os.X_OK):  # made by another user, or mounted read-only
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(settings.data_dir))
    except OSError as error:
        raise Misconfigured(
            f"The folder {error.filename} cannot be made or written to: {error.strerror}.",
            "Give its parent to the user that runs this, or choose another with --data-dir or in the settings.",
            kind=FailureKind.PERMISSION,
        ) from error
    make_library(settings)


def make_library(settings: tree.Settings) -> None:
    """Make its folder, if that can be: of a disk that is not mounted now the checks tell, it is no crash."""
    with suppress(OSError):
        settings.library_root.mkdir(parents=True, exist_ok=True)


def instance_of(settings: tree.Settings) -> Instance:
    """What a backup is made of, and what one replaces."""
    return Instance(settings.data_dir, settings.database, VERSION)


@contextmanager
def locked(settings: tree.Settings) -> Iterator[None]:
    """The data folder for us alone. Raises `DatabaseBusy` where a server has it."""
    lock = InstanceLock(settings.data_dir)
    try:
        yield
    finally:
        lock.release()


def finish_restore(settings: tree.Settings) -> bool:
    """Put a confirmed backup in place, before anything is opened. Raises `DatabaseBusy` and what `swap_in` raises."""
    if not any(settings.data_dir.glob("restore.*")):
        return False
    with locked(settings):
        sweep(settings.data_dir)
        replaced = swap_in(instance_of(settings))
    if replaced is not None:
        _log.warning("a backup was restored; what it replaced is in %s", replaced)
    return replaced is not None


def _assemble(
    clock: SystemClock, redactor: Redactor, holder: SettingsHolder, store: SqlStore, exits: ExitStack
) -> Core:
    settings = holder.current
    health, live, payloads = ClientHealth(), LiveBoard(), Payloads()
    recorder = Recorder(store.downloads, clock)
    neighbours: list[str] = []
    adapters = _adapters(holder, store, redactor, neighbours)
    exits.callback(adapters.close)
    goals = SeedGoals(general_goal(settings), adapters.seed_goals)
    searcher = Searcher(
        adapters.indexers.all,
        store.releases,
        score_with(QualityPreferences(), clock),
        clock,
        settings.search.deadline_seconds,
    )
    exits.callback(searcher.close)
    holder.on_change(lambda before, after: _library_moved(before, after, adapters))
    library = LiveLibrary(
        lambda: (holder.current.library_root, library_settings(holder.current)),
        lambda: used_folders(holder.current, store.adapters.list("client")),
    )
    engine = IsolatedEngine(audio_settings(settings))
    tools = Tools(
        store=store,
        clients=adapters.clients,
        health=health,
        fetcher=LinkFetcher(GuardedClient(), payloads, adapters.indexers.all, clock),
        searcher=searcher,
        goals=goals,
        converter=engine,
        library=library,
        live=live,
        clock=clock,
        settings=stage_settings(settings),
    )
    workshop = Workshop(
        tools,
        recorder,
        retry_policy(settings),
        settings.download_management.lease_seconds,
        lambda: holder.current.download_management.max_concurrent_downloads,
    )
    editor = Editor(store, FilesystemDrafts(settings.library_root, settings.library.reserve_bytes), engine)
    housekeeper = Housekeeper(Reconciler(tools, workshop), store.releases, clock, editor.settle)
    shelf = Shelf(instance_of(settings), lambda: backup_plan(holder.current), clock)
    housekeeper.chores.add(Chore("backup", shelf.make, due=lambda: shelf.next_at() if _worth_keeping(store) else None))
    runner = LocalRunner(workshop, store.downloads, clock)
    monitor = Monitor(
        store.downloads,
        recorder,
        adapters.clients,
        Completion(lambda: (holder.current.library_root,)),
        live,
        health,
        clock,
        lambda: monitor_settings(holder.current),
        Steering(clock, OwnLimits(store.settings), lambda: speed_plan(holder.current), adapters.may_steer),
        housekeeper.wake,
        workshop.retry_at,
    )
    commands = Commands(
        store,
        recorder,
        payloads,
        goals,
        parse_link,
        lambda: {client.name: client.abilities for client in adapters.clients.all()},
    )
    herald = Herald(store.downloads, store.cursors, adapters.notifiers.by_ids, redactor.redact, clock)
    adapters.on_notifiers = herald.attend
    for wake in (runner.wake, monitor.wake, herald.wake):
        store.on_commit(wake)
    return Core(
        clock, redactor, holder, store, adapters, payloads, commands, editor, searcher, monitor, health, runner,
        housekeeper, herald, tools, LogRing(redactor), TaskList(), shelf,
        Restorer(instance_of(settings), clock, may_be_saved), ExitStack(), secrets.token_urlsafe(24), neighbours,
    )  # fmt: skip


def _worth_keeping(store: SqlStore) -> bool:
    """Whether anybody has an account or a download: before that a backup holds nothing."""
    return store.accounts.any() or store.downloads.last_seq() > 0


def _library_moved(before: tree.Settings, after: tree.Settings, adapters: LiveAdapters) -> None:
    """Clients guard the library's folder: they are built anew for another one."""
    if before.library_root != after.library_root:
        make_library(after)
        adapters.clients.reload(anew=True)


def _adapters(holder: SettingsHolder, store: SqlStore, redactor: Redactor, neighbours: list[str]) -> LiveAdapters:
    settings = holder.current
    folders = settings.data_dir / "clients"

    def links(folder: Path) -> Finding | None:
        return link_finding(holder.current.library_root, folder)

    def context(name: str) -> ClientContext:
        library = holder.current.library_root
        return ClientContext(state_folder(folders, name), (library,), lambda: tuple(neighbours), links)

    def trial(type_: str, values: Mapping[str, Any], folder: Path) -> DownloadClient:
        chosen = next(one for one in CLIENT_TYPES if one.type == type_)
        return chosen.build(
            "The client", values, ClientContext(folder, (holder.current.library_root,), link_finding=links)
        )

    clients: AdapterPool[DownloadClient, ClientContext] = AdapterPool(
        "client", CLIENT_TYPES, store.adapters, context, redactor.register
    )
    manners = Manners(SystemClock())
    indexers: AdapterPool[Indexer, IndexerContext] = AdapterPool(
        "indexer",
        INDEXER_TYPES,
        store.adapters,
        lambda _: IndexerContext(GuardedClient(), SystemClock(), manners=manners),
        redactor.register,
    )
    notifiers: AdapterPool[Notifier, NotifierContext] = AdapterPool(
        "notifier",
        NOTIFIER_TYPES,
        store.adapters,
        lambda _: NotifierContext(GuardedPost(GuardedClient(), SystemClock()), SystemClock().now, redactor.register),
        redactor.register,
    )
    _set_up_clients(settings, store, fetch_books=set_up_free_books(settings, store))
    for pool in (clients, indexers, notifiers):
        pool.reload()
    return LiveAdapters(clients, indexers, notifiers, trial)


def _set_up_clients(settings: tree.Settings, store: SqlStore, *, fetch_books: bool) -> None:
    """The clients inside of us, at a first start, and a qBittorrent that file or environment give.

    `fetch_books`: free books can be found from now on, so what fetches them comes to an older instance, too.
    """
    known = {row.name: row for row in store.adapters.list("client")}
    given = settings.qbittorrent
    if given.qb_host:
        values = {
            "host": given.qb_host,
            "port": given.qb_port,
            "username": given.qb_username,
            "password": given.qb_password.get_secret_value(),
            "category": given.category,
        }
        _save_client(store, known, "qbittorrent", QBITTORRENT, priority=1, values=values)
    # Later one who has removed it, and has others, does not get it back.
    if not known or settings.embedded.model_fields_set:
        values = {
            "download_folder": str(settings.download_root),
            "listen_port": settings.embedded.listen_port,
            "loopback": settings.embedded.loopback,
        }
        enabled = settings.embedded.enabled
        _save_client(store, known, "embedded", EMBEDDED, priority=50, values=values, enabled=enabled)
    if not known or (fetch_books and DIRECT not in known) or settings.direct.model_fields_set:
        values = {
            "download_folder": str(settings.download_root),
            "reserve_bytes": settings.library.reserve_bytes,
            "loopback": settings.direct.loopback,
        }
        _save_client(store, known, "direct", DIRECT, priority=50, values=values, enabled=settings.direct.enabled)


def _save_client(
    store: SqlStore,
    known: Mapping[str, AdapterRow],
    type_: str,
    name: str,
    *,
    priority: int,
    values: Mapping[str, Any],
    enabled: bool = True,
) -> None:
    chosen = next(one for one in CLIENT_TYPES if one.type == type_)
    before = known.get(name)
    plain = chosen.plain({**(before.settings if before else {}), **values})
    if before is None:
        row = AdapterRow(0, "client", type_, name, enabled, priority, plain)
        store.adapters.add(row, chosen.secret_keys)
    else:
        row = AdapterRow(before.id, "client", type_, name, before.enabled and enabled, before.priority, plain)
        store.adapters.update(row, chosen.secret_keys)


def _register_secrets(core: Core) -> None:
    """Let no log show what we know to be secret."""
    settings = core.holder.current
    if settings.api_key is not None:
        core.redactor.register(settings.api_key.get_secret_value())
    core.redactor.register(backup_plan(settings).passphrase)
    for kind in ("client", "indexer", "notifier"):
        types = {one.type: one for one in core.adapters.types(kind)}
        for row in core.store.adapters.list(kind):
            for key in types[row.type].secret_keys if row.type in types else ():
                core.redactor.register(str(row.settings.get(key) or ""))
