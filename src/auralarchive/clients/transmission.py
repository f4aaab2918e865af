"""Transmission from 3.00 to 4.1, by its RPC (`transmission_api` is the wire, `transmission_items` the words).

A torrent is ours by a label that begins with our tag or is the one of the settings, or because we were asked for
it before. Labels may be changed by hand: the info-hash goes on. It is always the v1 hash: of a hybrid, Transmission
knows no other, so what we were given with it is remembered beside it.

An add is answered at once, with the torrent or its duplicate; that answer may be lost, so we look before and after.
Only 4.x takes labels with the add. On 3.00 they follow in a second call: killed between the two, we later take the
torrent for somebody else's, adopt it, and so never remove it. That is the harmless way to be wrong.

After its start 3.00 answers before it has loaded its torrents. Ours seem gone for a moment then; we wait for them.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, field_validator

from auralarchive.clients.context import ClientContext
from auralarchive.clients.display import display_text
from auralarchive.clients.findings import link_findings
from auralarchive.clients.path_mapping import PathMapper, same_path
from auralarchive.clients.patience import wait_until, wait_until_gone
from auralarchive.clients.remote import RemoteSettings
from auralarchive.clients.transmission_api import Api, Declined
from auralarchive.clients.transmission_items import FIELDS, KILO, as_files, as_item, inside, is_id, torrents_of
from auralarchive.clients.transmission_report import findings
from auralarchive.clients.wire import NothingSent
from auralarchive.domain.client_item import ClientFile, ClientItem
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.status import DownloadType
from auralarchive.ports.adapters import SELDOM, AdapterType, adapter_type
from auralarchive.ports.clients import Ability, Added, AddOptions, ClientReport, DownloadClient, Payload
from auralarchive.ports.errors import InvalidInput, Misconfigured, Unreachable

TAG_PREFIX = "auralarchive"
ADOPTED = f"{TAG_PREFIX}-adopted"  # on what somebody else had added: nothing with it is ever removed by us
_OLDEST_RPC = 16  # 3.00: the first with labels that can be read and set
_LABELS_WITH_ADD = 17  # 4.0
_SEQUENTIAL = 18  # 4.1
_SEEN_WITHIN = 3.0  # seconds until a torrent shows whose add was not answered
_GONE_WITHIN = 5.0  # seconds until a removed one is gone
_LOADS_WITHIN = 5.0  # seconds from the start of 3.00 until it shows its torrents
_ALWAYS = frozenset({Ability.ITEM_LIMITS, Ability.GLOBAL_LIMITS, Ability.SEED_GOAL, Ability.PRIORITY})


class TransmissionSettings(RemoteSettings):
    """A Transmission that runs somewhere."""

    port: int = Field(default=9091, ge=1, le=65535, title="Port")
    base_path: str = Field(
        default="/transmission",
        title="Base path",
        description="Its rpc-url. Behind a reverse proxy, with the proxy's path before it.",
        json_schema_extra=SELDOM,
    )
    username: str = Field(default="", title="User name", description="Empty where it asks nobody.")
    password: SecretStr = Field(default=SecretStr(""), title="Password")
    label: str = Field(default="auralarchive", title="Label", description="Given to new torrents; empty for none.")
    save_path: str = Field(
        default="",
        title="Save path",
        description="As Transmission sees it; empty for its own default.",
        json_schema_extra=SELDOM,
    )

    @field_validator("base_path")
    @classmethod
    def _of_the_rpc(cls, value: str) -> str:
        """People paste the address of its page, which lies beside the RPC, or one without any path."""
        parts = [part for part in value.split("/") if part]
        while parts and parts[-1] in ("rpc", "web", "index.html"):
            parts.pop()
        return "/" + "/".join(parts or ["transmission"])

    @field_validator("label")
    @classmethod
    def _one_label(cls, value: str) -> str:
        if "," in value:
            raise ValueError("one label, without a comma")
        return value.strip()


class TransmissionClient:
    """`ports.clients.DownloadClient` over the RPC."""

    type = "transmission"
    protocols = frozenset({DownloadType.TORRENT})
    seeds = True

    def __init__(self, name: str, settings: TransmissionSettings, context: ClientContext) -> None:
        self.name = name
        self._settings = settings
        password = settings.password.get_secret_value()
        self._api = Api(settings.url, settings.username, password, settings.verification)
        self._context = context
        self._paths = PathMapper(name, settings.path_mappings, context.library_roots)
        self._lock = threading.Lock()
        self._rpc, self._rpc_session = 0, ""  # its version, told in this session: after it, it may be another
        self._asked: set[str] = set()  # ids that we were asked for: ours whatever their labels say now
        self._sent: set[str] = set()  # ids that we have added: ours, even if the label did not follow
        self._hashes: dict[str, frozenset[str]] = {}  # by id: the others that it was added with
        self._shown: frozenset[str] = frozenset()  # ours at the latest poll,
        self._session = ""  # which was answered by this session

    @property
    def abilities(self) -> frozenset[Ability]:
        """Sequential order only once it has told that it knows it."""
        return _ALWAYS | {Ability.SEQUENTIAL} if self._rpc >= _SEQUENTIAL else _ALWAYS

    def test(self) -> ClientReport:
        session = self._session_told()
        folder = self._settings.save_path or str(session.get("download-dir") or "")
        report = findings(session, self._settings.label, folder, self._paths, self._free_space(folder))
        links = link_findings(folder, self._paths, self._context)
        return ClientReport(f"Transmission {_version(session)}", (*report, *links))

    def add(self, payload: Payload, options: AddOptions) -> Added:
        if payload.download_type is not DownloadType.TORRENT or not payload.hashes:
            raise InvalidInput("Transmission takes torrents only.", "Add a client that takes this kind.")
        if payload.info_hash_v1 is None:
            raise _refused("knows no torrents of version 2 alone")
        with self._lock:
            self._hashes[payload.info_hash_v1] = payload.hashes
        found = self.find(payload.hashes)
        return self._new(payload, options) if found is None else self._there_already(found, payload, options)

    def poll(self, ids: frozenset[str] = frozenset()) -> tuple[ClientItem, ...]:
        with self._lock:
            expected, known = self._shown, self._session
        torrents = self._torrents({}, expected)
        ours = {item_id: item for item_id, item in torrents.items() if item_id in ids or self._is_ours(item)}
        with self._lock:
            if (expected, known) == (self._shown, self._session):  # nobody has removed any meanwhile
                self._shown, self._session = frozenset(ours), self._api.session
        return tuple(ours.values())

    def find(self, keys: frozenset[str]) -> ClientItem | None:
        if not keys:
            raise ValueError("no hash names no torrent")
        with self._lock:
            aliases = {item_id for item_id, hashes in self._hashes.items() if keys & hashes}
            ids = {key for key in keys if is_id(key)} | aliases
            self._asked |= ids
            expected = self._shown & ids
        torrents = self._torrents({"ids": sorted(ids)}, expected) if ids else {}  # without ids it would be all
        return next(iter(torrents.values()), None)

    def files(self, item_id: str) -> tuple[ClientFile, ...]:
        fields = ["hashString", "files", "fileStats"]
        answer = self._api.call("torrent-get", {**self._only(item_id), "fields": fields})
        return next((as_files(found) for found_id, found in torrents_of(answer) if found_id == item_id), ())

    def pause(self, item_id: str) -> None:
        self._api.call("torrent-stop", self._only(item_id))

    def resume(self, item_id: str) -> None:
        self._api.call("torrent-start", self._only(item_id))

    def set_limits(self, item_id: str, download_limit: int | None, upload_limit: int | None) -> None:
        self._set(item_id, _item_limits(download_limit, upload_limit))

    def global_limits(self) -> SpeedLimits:
        told = self._session_told()
        return SpeedLimits(_general_limit(told, "down"), _general_limit(told, "up"))

    def set_global_limits(self, limits: SpeedLimits) -> None:
        arguments: dict[str, Any] = {}
        for direction, limit in (("down", limits.download), ("up", limits.upload)):
            arguments[f"speed-limit-{direction}-enabled"] = limit is not None
            if limit is not None:  # else the one that was there stays for whoever switches it on again
                arguments[f"speed-limit-{direction}"] = _kilobytes(limit)
        self._api.call("session-set", arguments)

    def set_seed_goal(self, item_id: str, goal: SeedGoal) -> None:
        self._set(item_id, _goal(goal))

    def set_priority(self, item_id: str, priority: int) -> None:
        """Its share of the line, and its place in the queue where there is one."""
        self._set(item_id, {"bandwidthPriority": _sign(priority)})
        if priority:
            self._api.call(f"queue-move-{'top' if priority > 0 else 'bottom'}", self._only(item_id))

    def remove(self, item_id: str, *, with_data: bool) -> None:
        self._api.call("torrent-remove", {**self._only(item_id), "delete-local-data": with_data})
        with self._lock:
            self._shown -= {item_id}
        wait_until_gone("Transmission", lambda: self.find(frozenset({item_id})) is None, _GONE_WITHIN)

    def local_path(self, item: ClientItem) -> str:
        folder = item.save_path
        if not folder or not item.content_path:
            raise Misconfigured(f"{self.name} does not say where {item.name} is.", "Wait for its metadata.")
        # Only its files tell the name on disk: 3.00 has no ":" in it, no dot or space at its end, and more.
        tops = {file.path.split("/")[0] for file in self.files(item.id)}
        remote = inside(folder, tops.pop()) if len(tops) == 1 else item.content_path
        if same_path(remote, folder):
            raise Misconfigured(f"{self.name} names no file or folder of {item.name}.", "Download it again.")
        return str(self._paths.local(remote, folder))

    def close(self) -> None:
        self._api.close()

    # --- adding -----------------------------------------------------------------------------------

    def _new(self, payload: Payload, options: AddOptions) -> Added:
        item_id = str(payload.info_hash_v1)
        labels = {options.tag, self._settings.label} - {""}
        if self._send(payload, options, labels):
            found = self.find(payload.hashes)  # somebody else was quicker
            if found is not None:
                return self._there_already(found, payload, options)
        self._equip(item_id, options, labels)
        return Added(item_id, adopted=False)

    def _send(self, payload: Payload, options: AddOptions, labels: set[str]) -> bool:
        """Hand it over, until it is there; whether it was there before."""
        arguments: dict[str, Any] = {"paused": options.paused}
        if self._settings.save_path:
            arguments["download-dir"] = self._settings.save_path
        if self._rpc_version() >= _LABELS_WITH_ADD:
            arguments["labels"] = sorted(labels)
        if payload.data is None:
            arguments["filename"] = payload.magnet or ""
        else:
            arguments["metainfo"] = base64.b64encode(payload.data).decode("ascii")
        try:
            answer = self._api.call("torrent-add", arguments)
        except Declined as error:
            raise _refused(f"declines the torrent: {error.result}") from error
        except NothingSent:
            raise
        except Unreachable:
            if not wait_until(lambda: self.find(payload.hashes) is not None, _SEEN_WITHIN):
                raise
            answer = {}  # it was not there when we looked a moment ago
        duplicate = "torrent-duplicate" in answer
        if not duplicate:
            with self._lock:
                self._sent.add(str(payload.info_hash_v1))
        return duplicate

    def _equip(self, item_id: str, options: AddOptions, labels: set[str]) -> None:
        """What a torrent of ours gets besides; the same call again does no harm."""
        arguments = {
            "labels": sorted(labels),
            **_item_limits(options.download_limit, options.upload_limit),
            **_goal(options.seed_goal),
        }
        if options.priority:
            arguments["bandwidthPriority"] = _sign(options.priority)
        if options.sequential and self._rpc_version() >= _SEQUENTIAL:
            arguments["sequential_download"] = True
        self._set(item_id, arguments)

    def _there_already(self, item: ClientItem, payload: Payload, options: AddOptions) -> Added:
        """Take over what is there: a label beside the others, that of our settings only where there is none."""
        instance = options.tag[: options.tag.rindex("-") + 1]
        earlier = {tag for tag in item.tags - {ADOPTED, self._settings.label} if tag.startswith(instance)}
        if earlier or item.id in self._sent:
            return self._own_again(item, payload, options, earlier)
        if ADOPTED not in item.tags:
            self._set(item.id, {"labels": sorted((item.tags or {self._settings.label} - {""}) | {ADOPTED})})
        return Added(item.id, adopted=True)

    def _own_again(self, item: ClientItem, payload: Payload, options: AddOptions, earlier: set[str]) -> Added:
        """What an earlier attempt, or an earlier download of ours, left behind: it is this one's now."""
        if item.progress >= 1 and not self._is_whole(item):
            # 3.00 does not load again what was deleted under it, 4.x only when told twice: both do with a new torrent.
            self.remove(item.id, with_data=False)
            return self._new(payload, options)
        self._equip(item.id, options, {*(item.tags - earlier), options.tag})
        return Added(item.id, adopted=False)

    def _is_whole(self, item: ClientItem) -> bool:
        """Whether its files are there; Transmission believes in what was deleted under it."""
        try:
            path = Path(self.local_path(item))
            found = sum(file.lstat().st_size for file in ([path] if path.is_file() else path.rglob("*")))
        except (Misconfigured, OSError):
            return False
        return found >= (item.size or 0)

    # --- looking ----------------------------------------------------------------------------------

    def _torrents(self, which: Mapping[str, Any], expected: frozenset[str]) -> dict[str, ClientItem]:
        """These torrents by id. After a start of Transmission it is asked until it shows those that it had."""
        torrents: dict[str, ClientItem] = {}

        def loaded() -> bool:
            answer = self._api.call("torrent-get", {**which, "fields": FIELDS})
            torrents.clear()
            for item_id, fields in torrents_of(answer):
                torrents[item_id] = as_item(item_id, fields, self._hashes.get(item_id, frozenset()))
            return self._api.session == self._session or expected <= torrents.keys()

        wait_until(loaded, _LOADS_WITHIN)
        return torrents

    def _is_ours(self, item: ClientItem) -> bool:
        return (
            any(tag.startswith(TAG_PREFIX) for tag in item.tags)
            or bool(self._settings.label and self._settings.label in item.tags)
            or item.id in self._asked
        )

    def _only(self, item_id: str) -> dict[str, Any]:
        """The argument that names one torrent. Without it, or with an empty one, a call would mean all of them."""
        if not is_id(item_id):
            raise ValueError(f"{item_id!r} is no id of a torrent")
        with self._lock:
            self._asked.add(item_id)
        return {"ids": [item_id]}

    def _set(self, item_id: str, arguments: Mapping[str, Any]) -> None:
        self._api.call("torrent-set", {**self._only(item_id), **arguments})

    def _session_told(self) -> Mapping[str, Any]:
        """Its settings. Raises `Misconfigured` where it is too old."""
        session = self._api.call("session-get")
        rpc = session.get("rpc-version")
        if not isinstance(rpc, int):
            raise Unreachable("Transmission does not tell its version.", "Check what listens at its address.")
        if rpc < _OLDEST_RPC:
            raise Misconfigured(
                f"Transmission {_version(session)} is too old: it has no labels, by which we know our torrents.",
                "Update it to 3.00 or later.",
            )
        self._rpc, self._rpc_session = rpc, self._api.session
        return session

    def _rpc_version(self) -> int:
        if not self._rpc or self._rpc_session != self._api.session:
            self._session_told()
        return self._rpc

    def _free_space(self, folder: str) -> int | None:
        try:
            free = self._api.call("free-space", {"path": folder}).get("size-bytes")
        except Declined:
            return None  # the folder is not there before the first torrent makes it
        return free if isinstance(free, int) and free >= 0 else None


def _version(session: Mapping[str, Any]) -> str:
    return display_text(str(session.get("version") or "").split(" ")[0], "of an unknown version")


def _refused(why: str) -> InvalidInput:
    return InvalidInput(
        f"Transmission {why}.",
        "Choose another release; 3.00 takes nothing of version 2, not even hybrids.",
        kind=FailureKind.CLIENT_REFUSED,
    )


def _item_limits(download: int | None, upload: int | None) -> dict[str, Any]:
    arguments: dict[str, Any] = {"downloadLimited": bool(download), "uploadLimited": bool(upload)}
    if download:
        arguments["downloadLimit"] = _kilobytes(download)
    if upload:
        arguments["uploadLimit"] = _kilobytes(upload)
    return arguments


def _kilobytes(limit: int) -> int:
    """Rounded down, so that it is never exceeded; but 0 would stop it for good."""
    return max(limit // KILO, 1)


def _general_limit(session: Mapping[str, Any], direction: str) -> int | None:
    limit = session.get(f"speed-limit-{direction}")
    if not session.get(f"speed-limit-{direction}-enabled") or not isinstance(limit, int) or limit < 0:
        return None
    return limit * KILO


def _goal(goal: SeedGoal) -> dict[str, Any]:
    """Mode 0 is the general setting, 1 its own, 2 none. It knows no seeding time: ours is watched by ourselves."""
    if goal == SeedGoal():
        return {"seedRatioMode": 0, "seedIdleMode": 0}
    if goal.ratio is None:
        return {"seedRatioMode": 2, "seedIdleMode": 2}
    return {"seedRatioMode": 1, "seedRatioLimit": goal.ratio, "seedIdleMode": 2}


def _sign(priority: int) -> int:
    return (priority > 0) - (priority < 0)


def _make(name: str, settings: TransmissionSettings, context: ClientContext) -> DownloadClient:
    return TransmissionClient(name, settings, context)


TRANSMISSION: AdapterType[DownloadClient, ClientContext] = adapter_type(
    "transmission", "Transmission", TransmissionSettings, _make
)
