"""The clients, indexers and notifiers in use: built from what is saved, replaced when that changes."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from pydantic import ValidationError

from auralarchive.domain.naming import safe_component
from auralarchive.domain.seeding import SeedGoal
from auralarchive.ports.adapters import AdapterType
from auralarchive.ports.clients import DownloadClient, Finding
from auralarchive.ports.errors import AuralError, Misconfigured
from auralarchive.ports.indexers import Indexer
from auralarchive.ports.notifiers import Notifier
from auralarchive.ports.store import AdapterRow, Adapters
from auralarchive.web.services import AdapterReport

_log = logging.getLogger(__name__)


class Adapter(Protocol):
    """What all of them have in common."""

    @property
    def name(self) -> str: ...

    def close(self) -> None: ...


AdapterT = TypeVar("AdapterT", bound=Adapter)
ContextT = TypeVar("ContextT")


@dataclass(frozen=True, slots=True)
class _Built(Generic[AdapterT]):
    row: AdapterRow
    adapter: AdapterT


class AdapterPool(Generic[AdapterT, ContextT]):
    """The instances of one kind. `all` is cheap and may be called from any thread."""

    def __init__(
        self,
        kind: str,
        types: tuple[AdapterType[AdapterT, ContextT], ...],
        rows: Adapters,
        context: Callable[[str], ContextT],
        hide: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`hide` is told every secret before an adapter gets it: who is asked may quote it back."""
        self.types = types
        self._kind, self._rows, self._context, self._hide = kind, rows, context, hide
        self._lock = threading.Lock()
        self._built: dict[int, _Built[AdapterT]] = {}
        self._enabled: frozenset[int] = frozenset()
        self.problems: tuple[Finding, ...] = ()

    def reload(self, *, anew: bool = False) -> None:
        """Put what is saved into use. What has not changed keeps its connections, and its torrents.

        `anew` builds all of them again: what they were given besides their settings has changed.
        """
        with self._lock:
            rows = {row.id: row for row in self._rows.list(self._kind) if row.enabled}
            before = self._built
            kept = (
                {}
                if anew
                else {
                    key: _Built(rows[key], one.adapter)
                    for key, one in before.items()
                    if _as_before(rows.get(key), one.row)
                }
            )
            self._built = kept  # never changed in place: `all` is read without the lock
            for key in before.keys() - kept.keys():
                self._let_go(before[key])  # first: its successor may want the same port and folder
            self._built = {**kept, **self._build_new([row for key, row in rows.items() if key not in kept])}
            self._enabled = frozenset(rows)

    def _build_new(self, rows: list[AdapterRow]) -> dict[int, _Built[AdapterT]]:
        built: dict[int, _Built[AdapterT]] = {}
        problems: list[Finding] = []
        for row in rows:
            if row.secrets_lost:  # to knock without its password could get us locked out there
                problems.append(lost_secrets(row.name))
                continue
            try:
                built[row.id] = _Built(row, self.build(row.type, row.name, row.settings))
            except (AuralError, ValueError, OSError, RuntimeError, ArithmeticError) as error:
                _log.error("%s %s cannot be used: %s", self._kind, row.name, type(error).__name__)
                problems.append(Finding(False, row.name, f"It cannot be used: {_told(error)}", "Mend its settings."))
        self.problems = tuple(problems)
        return built

    def _let_go(self, one: _Built[AdapterT]) -> None:
        try:
            one.adapter.close()
        except (AuralError, OSError, RuntimeError) as error:  # it is on its way out: nothing depends on it
            _log.warning("%s %s did not close well: %s", self._kind, one.row.name, type(error).__name__)

    def all(self) -> tuple[AdapterT, ...]:
        """By priority: the smaller number is the preferred one."""
        return tuple(adapter for adapter, _ in self.configured())

    def configured(self) -> tuple[tuple[AdapterT, AdapterRow], ...]:
        """Each with the row that it was made of, the preferred first."""
        built = sorted(self._built.values(), key=lambda one: (one.row.priority, one.row.id))
        return tuple((one.adapter, one.row) for one in built)

    def get(self, name: str) -> AdapterT | None:
        return next((one.adapter for one in self._built.values() if one.row.name == name), None)

    def by_id(self, adapter_id: int) -> AdapterT | None:
        built = self._built.get(adapter_id)
        return built.adapter if built else None

    def by_ids(self) -> dict[int, AdapterT | None]:
        """All that are switched on; None for one that cannot be used."""
        built = self._built
        return {key: built[key].adapter if key in built else None for key in self._enabled | built.keys()}

    def row_of(self, adapter_id: int) -> AdapterRow | None:
        built = self._built.get(adapter_id)
        return built.row if built else None

    def build(self, type_: str, name: str, settings: Mapping[str, Any]) -> AdapterT:
        """A new instance. Raises `Misconfigured` (unknown type) or `ValidationError` (settings do not fit)."""
        for one in self.types:
            if one.type == type_:
                self.hide_secrets(type_, settings)
                return one.build(name, settings, self._context(name))
        raise Misconfigured(f'There is no {self._kind} type "{type_}".', "Choose one of the listed types.")

    def hide_secrets(self, type_: str, settings: Mapping[str, Any]) -> None:
        """Let no log and no answer show the secrets of these settings."""
        for key in {key for one in self.types if one.type == type_ for key in one.secret_keys}:
            self._hide(str(settings.get(key) or ""))

    def close(self) -> None:
        with self._lock:
            gone, self._built = self._built, {}
            for one in gone.values():
                self._let_go(one)


def _as_before(now: AdapterRow | None, before: AdapterRow) -> bool:
    """Whether it would be built just the same: what it is used for is not its own concern."""
    if now is None:
        return False
    return replace(now, priority=before.priority, rule=before.rule, steered=before.steered) == before


def lost_secrets(subject: str) -> Finding:
    """What is to be done about secrets that the key file does not open."""
    return Finding(
        False,
        subject,
        "Its secrets cannot be read: they were sealed with another key file.",
        "Enter them anew in its settings; or put the old secret.key back from your backup and start again.",
    )


def _told(error: Exception) -> str:
    """What is wrong, without the values that are: a secret may be among them."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    return str(error)


class LiveAdapters:
    """All pools, as the web and the pipeline see them."""

    def __init__(
        self,
        clients: AdapterPool[DownloadClient, Any],
        indexers: AdapterPool[Indexer, Any],
        notifiers: AdapterPool[Notifier, Any],
        trial_client: Callable[[str, Mapping[str, Any], Path], DownloadClient],
    ) -> None:
        self.clients, self.indexers, self.notifiers = clients, indexers, notifiers
        self._pools: Mapping[str, AdapterPool[Any, Any]] = {
            "client": clients,
            "indexer": indexers,
            "notifier": notifiers,
        }
        self._trial_client = trial_client
        #: Called when notifiers have changed.
        self.on_notifiers: Callable[[], None] = lambda: None

    def types(self, kind: str) -> tuple[AdapterType[Any, Any], ...]:
        return self._pools[kind].types

    def reload(self, kind: str) -> None:
        self._pools[kind].reload()
        if kind == "notifier":
            self.on_notifiers()

    @property
    def problems(self) -> tuple[Finding, ...]:
        """What is switched on and cannot be used."""
        return tuple(finding for pool in self._pools.values() for finding in pool.problems)

    def test(self, kind: str, type_: str, settings: Mapping[str, Any], existing_id: int | None = None) -> AdapterReport:
        """Build one, try it and let go of it. Raises `AuralError`."""
        if kind == "indexer":
            with closing(self.indexers.build(type_, "The indexer", settings)) as indexer:
                report = indexer.test()
                return AdapterReport(report.title, report.findings)
        if kind == "notifier":
            row = self.notifiers.row_of(existing_id) if existing_id is not None else None
            with closing(self.notifiers.build(type_, row.name if row else "The notifier", settings)) as notifier:
                told = notifier.test()
                return AdapterReport(told.title, told.findings)
        return self._test_client(type_, settings, existing_id)

    def _test_client(self, type_: str, settings: Mapping[str, Any], existing_id: int | None) -> AdapterReport:
        running = self.clients.by_id(existing_id) if existing_id is not None else None
        row = self.clients.row_of(existing_id) if existing_id is not None else None
        if running is not None and row is not None and (row.type, dict(row.settings)) == (type_, dict(settings)):
            # The very one in use: a second one beside it would want the same port and folder.
            report = running.test()
            return AdapterReport(report.version, report.findings)
        self.clients.hide_secrets(type_, settings)
        with (
            tempfile.TemporaryDirectory(prefix="auralarchive-test-") as folder,
            closing(self._trial_client(type_, settings, Path(folder))) as client,
        ):
            report = client.test()
            return AdapterReport(report.version, report.findings)

    def may_steer(self, client: str) -> bool:
        """Whether a client's general speed limits are ours to set."""
        return any(row.steered for _, row in self.clients.configured() if row.name == client)

    def seed_goals(self) -> Mapping[str, SeedGoal]:
        return {indexer.name: indexer.seed_goal for indexer in self.indexers.all()}

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()


def state_folder(root: Path, name: str) -> Path:
    """The private folder of a client of this name."""
    return root / safe_component(name)
