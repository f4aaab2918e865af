"""qBittorrent from 4.1 to 5.3, by its Web API (`qbittorrent_api` is the wire, `qbittorrent_items` the words).

What it answers to an add is never the truth: a duplicate is "Fails." or 409, a lost answer may have
been a yes. So we look it up by its hashes before and after, for up to ten seconds. A poll is one request
for what has changed since the last; a torrent is ours by our tag, our category, or because we were
asked for its hash before. Category and tags may be changed by hand: the hash goes on.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from pydantic import Field, SecretStr

from auralarchive.clients.context import ClientContext
from auralarchive.clients.display import display_text
from auralarchive.clients.findings import remote_folder_findings
from auralarchive.clients.path_mapping import PathMapper, same_path
from auralarchive.clients.patience import LOOK_EVERY, wait_until, wait_until_gone
from auralarchive.clients.qbittorrent_api import Api, Credentials
from auralarchive.clients.qbittorrent_items import as_files, as_item, category_of, hashes_of, tags_of
from auralarchive.clients.remote import RemoteSettings
from auralarchive.clients.wire import Answer, NothingSent
from auralarchive.domain.client_item import ClientFile, ClientItem
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.status import DownloadType
from auralarchive.ports.adapters import SELDOM, AdapterType, adapter_type
from auralarchive.ports.clients import Ability, Added, AddOptions, ClientReport, DownloadClient, Finding, Payload
from auralarchive.ports.errors import InvalidInput, Misconfigured, Unreachable

TAG_PREFIX = "auralarchive"
ADOPTED = f"{TAG_PREFIX}-adopted"  # on what somebody else had added: nothing with it is ever removed by us
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SEEN_WITHIN = 10.0  # seconds until an added torrent shows, magnets included
_GONE_WITHIN = 5.0  # seconds until a removed one is gone
_LARGEST_LIMIT = 2**31 - 1  # it reads 32 bits
_REMOVES = {1: "removes the torrent", 3: "removes the torrent and its files"}


class QBittorrentSettings(RemoteSettings):
    """A qBittorrent that runs somewhere."""

    port: int = Field(default=8080, ge=1, le=65535, title="Port")
    username: str = Field(default="", title="User name", description="Empty where it asks nobody, or with an API key.")
    password: SecretStr = Field(default=SecretStr(""), title="Password")
    api_key: SecretStr = Field(
        default=SecretStr(""), title="API key", description="Instead of a password, from 5.2 on."
    )
    category: str = Field(default="auralarchive", title="Category", description="Given to new torrents.")
    save_path: str = Field(
        default="",
        title="Save path",
        description="As qBittorrent sees it; empty for its own default or the category's.",
        json_schema_extra=SELDOM,
    )


@dataclass(slots=True)
class _Mirror:
    """What sync/maindata has told so far; `rid` 0 asks for everything."""

    rid: int = 0
    torrents: dict[str, Any] = field(default_factory=dict)

    def merge(self, answer: Mapping[str, Any]) -> None:
        """Take over an answer that `_is_update`."""
        if answer.get("full_update"):
            self.torrents = {}
        for item_id, fields in answer.get("torrents", {}).items():
            known = self.torrents.get(item_id)
            whole = {**known, **fields} if isinstance(known, Mapping) and isinstance(fields, Mapping) else fields
            self.torrents[item_id] = whole
            # 5.3 gives a hybrid's magnet a new id with its metadata and never says that the old one is gone.
            for former in hashes_of(item_id, whole) - {item_id}:
                self.torrents.pop(former, None)
        removed = answer.get("torrents_removed", ())
        for item_id in removed if isinstance(removed, list) else ():
            self.torrents.pop(str(item_id), None)
        self.rid = answer["rid"]


class QBittorrentClient:
    """`ports.clients.DownloadClient` over the Web API."""

    type = "qbittorrent"
    protocols = frozenset({DownloadType.TORRENT})
    seeds = True
    abilities = frozenset(Ability)

    def __init__(self, name: str, settings: QBittorrentSettings, context: ClientContext) -> None:
        self.name = name
        self._settings = settings
        self._api = Api(
            settings.url,
            Credentials(settings.username, settings.password.get_secret_value(), settings.api_key.get_secret_value()),
            settings.verification,
        )
        self._context = context
        self._paths = PathMapper(name, settings.path_mappings, context.library_roots)
        self._lock = threading.Lock()
        self._mirror = _Mirror()
        self._asked: set[str] = set()  # hashes that we were asked for: ours whatever their tags say now

    def test(self) -> ClientReport:
        version = self._must(self._api.get("app/version")).text
        return ClientReport(f"qBittorrent {display_text(version.removeprefix('v'))}", tuple(self._findings()))

    def add(self, payload: Payload, options: AddOptions) -> Added:
        if payload.download_type is not DownloadType.TORRENT or not payload.hashes:
            raise InvalidInput("qBittorrent takes torrents only.", "Add a client that takes this kind.")
        found = self.find(payload.hashes)
        if found is not None:
            return self._adopted(found, options)
        refused = self._send(payload, options)
        seen = self._seen(payload.hashes, patience=LOOK_EVERY * 10 if refused else _SEEN_WITHIN)
        if seen is None:
            raise refused or Unreachable(
                "qBittorrent took the torrent but does not show it.", "It is looked for again at the next attempt."
            )
        # "Fails." or 409 for something that is there: somebody else was quicker.
        return self._adopted(seen, options) if isinstance(refused, InvalidInput) else Added(seen.id, adopted=False)

    def poll(self, ids: frozenset[str] = frozenset()) -> tuple[ClientItem, ...]:
        with self._lock:
            torrents = self._synced()
            return tuple(
                as_item(item_id, fields) for item_id, fields in torrents.items() if self._ours(item_id, fields)
            )

    def find(self, keys: frozenset[str]) -> ClientItem | None:
        if not keys:
            raise ValueError("no hash names no torrent")
        with self._lock:
            self._asked |= keys
            for item_id, fields in self._synced().items():
                if keys & hashes_of(item_id, fields):
                    return as_item(item_id, fields)
        return None

    def files(self, item_id: str) -> tuple[ClientFile, ...]:
        answer = self._api.get("torrents/files", hash=self._current(item_id))
        return as_files(answer.json()) if answer.ok else ()

    def pause(self, item_id: str) -> None:
        self._either("torrents/stop", "torrents/pause", item_id)

    def resume(self, item_id: str) -> None:
        self._either("torrents/start", "torrents/resume", item_id)

    def set_limits(self, item_id: str, download_limit: int | None, upload_limit: int | None) -> None:
        hashes = self._current(item_id)
        self._must(self._api.post("torrents/setDownloadLimit", {"hashes": hashes, "limit": str(download_limit or 0)}))
        self._must(self._api.post("torrents/setUploadLimit", {"hashes": hashes, "limit": str(upload_limit or 0)}))

    def global_limits(self) -> SpeedLimits:
        preferences = self._mapping(self._api.get("app/preferences"))
        return SpeedLimits(_limit(preferences.get("dl_limit")), _limit(preferences.get("up_limit")))

    def set_global_limits(self, limits: SpeedLimits) -> None:
        # Not by transfer/setDownloadLimit: while the alternative limits are in force, that would change those.
        wanted = {
            "dl_limit": min(limits.download or 0, _LARGEST_LIMIT),
            "up_limit": min(limits.upload or 0, _LARGEST_LIMIT),
        }
        self._must(self._api.post("app/setPreferences", {"json": json.dumps(wanted)}))

    def set_seed_goal(self, item_id: str, goal: SeedGoal) -> None:
        ratio, minutes = _share_limits(goal)
        form = {
            "hashes": self._current(item_id),
            "ratioLimit": ratio,
            "seedingTimeLimit": minutes,
            "inactiveSeedingTimeLimit": "-2",  # from 4.6 on it must be there; -2 is the general setting
            "shareLimitAction": "Stop",  # 5.3 wants both; stopping loses nothing
            "shareLimitsMode": "MatchAny",
        }
        self._must(self._api.post("torrents/setShareLimits", form))

    def set_priority(self, item_id: str, priority: int) -> None:
        """To the top, or to the end: what is preferred no longer must not stay at the top."""
        hashes = self._current(item_id)
        # 409 says that queueing is off: then there is no order to change.
        self._api.post("torrents/topPrio" if priority > 0 else "torrents/bottomPrio", {"hashes": hashes})

    def remove(self, item_id: str, *, with_data: bool) -> None:
        hashes = self._current(item_id)
        self._must(self._api.post("torrents/delete", {"hashes": hashes, "deleteFiles": str(with_data).lower()}))
        wait_until_gone("qBittorrent", lambda: self.find(frozenset({hashes})) is None, _GONE_WITHIN)

    def local_path(self, item: ClientItem) -> str:
        remote = item.content_path
        if not remote:
            raise Misconfigured(f"{self.name} does not say where {item.name} is.", "Wait for its metadata.")
        if same_path(remote, item.save_path):
            remote = self._content_among_others(item, remote)
        return str(self._paths.local(remote, item.save_path))

    def close(self) -> None:
        self._api.close()

    # --- adding -----------------------------------------------------------------------------------

    def _send(self, payload: Payload, options: AddOptions) -> InvalidInput | Unreachable | None:
        """Hand it over; what spoke against it. Whether it arrived is for a look to decide."""
        ratio, minutes = _share_limits(options.seed_goal)
        form = {
            "tags": options.tag,
            "category": self._settings.category,
            "savepath": self._settings.save_path,
            "paused": str(options.paused).lower(),  # up to 4.6
            "stopped": str(options.paused).lower(),  # from 5.0
            "sequentialDownload": str(options.sequential).lower(),
            "dlLimit": str(options.download_limit or 0),
            "upLimit": str(options.upload_limit or 0),
            "ratioLimit": ratio,
            "seedingTimeLimit": minutes,
            "contentLayout": "Original",  # a folder of its own for what has several files
            "autoTMM": "false" if self._settings.save_path else "",
        }
        form = {key: value for key, value in form.items() if value}
        try:
            if payload.data is None:
                answer = self._api.post("torrents/add", {**form, "urls": payload.magnet or ""})
            else:
                torrent = ("release.torrent", payload.data, "application/x-bittorrent")
                answer = self._api.post("torrents/add", form, {"torrents": torrent})
        except NothingSent:
            raise
        except Unreachable as error:
            return error
        return _refusal(answer)

    def _seen(self, hashes: frozenset[str], patience: float) -> ClientItem | None:
        seen: list[ClientItem] = []

        def look() -> bool:
            seen.extend(item for item in [self.find(hashes)] if item is not None)
            return bool(seen)

        return seen[0] if wait_until(look, patience) else None

    def _adopted(self, item: ClientItem, options: AddOptions) -> Added:
        """Take over what is there: a tag beside the others, our category only where there is none."""
        instance = options.tag[: options.tag.rindex("-") + 1]
        earlier = {tag for tag in item.tags if tag.startswith(instance) and tag != ADOPTED}
        if earlier:
            return self._own_again(item, options, earlier - {options.tag})
        with self._lock:
            category = category_of(self._mirror.torrents.get(item.id))
        if ADOPTED not in item.tags:
            self._api.post("torrents/addTags", {"hashes": item.id, "tags": ADOPTED})
        if not category and self._settings.category:
            self._api.post("torrents/createCategory", {"category": self._settings.category})  # 409: it is there
            self._api.post("torrents/setCategory", {"hashes": item.id, "category": self._settings.category})
        return Added(item.id, adopted=True)

    def _own_again(self, item: ClientItem, options: AddOptions, earlier: set[str]) -> Added:
        """What an earlier attempt, or an earlier download of ours, left behind: it is this one's now."""
        if options.tag not in item.tags:
            self._must(self._api.post("torrents/addTags", {"hashes": item.id, "tags": options.tag}))
        if earlier:
            self._must(self._api.post("torrents/removeTags", {"hashes": item.id, "tags": ",".join(sorted(earlier))}))
        self._load_what_is_gone(item)
        return Added(item.id, adopted=False)

    def _load_what_is_gone(self, item: ClientItem) -> None:
        """qBittorrent believes in files that were deleted under it until it is told to look."""
        if item.progress < 1:
            return
        try:
            path = Path(self.local_path(item))
            whole = sum(file.lstat().st_size for file in ([path] if path.is_file() else path.rglob("*")))
        except (Misconfigured, OSError):
            whole = 0
        if whole < (item.size or 0):
            self._must(self._api.post("torrents/recheck", {"hashes": item.id}))
            self.resume(item.id)

    # --- looking ----------------------------------------------------------------------------------

    def _synced(self) -> dict[str, Any]:
        """All torrents, by one request for what has changed."""
        mirror, self._mirror = self._mirror, _Mirror()  # whatever goes wrong below: next time everything anew
        answer = self._must(self._api.get("sync/maindata", rid=mirror.rid)).json()
        if not _is_update(answer):
            raise Unreachable("qBittorrent's answer makes no sense.", "Check that the address is that of its Web UI.")
        mirror.merge(answer)
        self._mirror = mirror
        return mirror.torrents

    def _ours(self, item_id: str, fields: Any) -> bool:
        return (
            any(tag.startswith(TAG_PREFIX) for tag in tags_of(fields))
            or bool(self._settings.category and category_of(fields) == self._settings.category)
            or bool(self._asked & hashes_of(item_id, fields))
        )

    def _current(self, item_id: str) -> str:
        """The id under which the torrent is known now: that of a magnet may change with its metadata."""
        if not _ID.fullmatch(item_id):
            raise ValueError(f"{item_id!r} is no id of a torrent")  # "" and "all" would mean every torrent
        with self._lock:
            self._asked.add(item_id)
            if item_id in self._mirror.torrents:
                return item_id
            others = (key for key, fields in self._mirror.torrents.items() if item_id in hashes_of(key, fields))
            return next(others, item_id[:40])

    def _content_among_others(self, item: ClientItem, folder: str) -> str:
        """The content of a torrent that lies loose in its save path, where it is one file or folder."""
        tops = {file.path.split("/")[0] for file in self.files(item.id)}
        if len(tops) != 1:
            raise Misconfigured(
                f"{item.name} lies loose among other files in {display_text(folder)}.",
                "Set qBittorrent's content layout to 'Original' and download it again.",
            )
        return folder.rstrip("/\\") + ("\\" if "\\" in folder else "/") + tops.pop()

    def _either(self, new: str, old: str, item_id: str) -> None:
        """5.0 renamed two calls; each generation answers 404 to the other's."""
        hashes = {"hashes": self._current(item_id)}
        answer = self._api.post(new, hashes)
        self._must(self._api.post(old, hashes) if answer.status in (404, 405) else answer)

    def _must(self, answer: Answer) -> Answer:
        if not answer.ok:
            raise Unreachable(
                f"qBittorrent answers with status {answer.status}: {display_text(answer.text[:120])}",
                "Check its version (4.1 or later) and its log.",
            )
        return answer

    # --- the report -------------------------------------------------------------------------------

    def _findings(self) -> Iterator[Finding]:
        preferences = self._mapping(self._api.get("app/preferences"))
        categories = self._mapping(self._api.get("torrents/categories"))
        yield self._category_finding(categories)
        yield _removal_finding(preferences)
        yield from self._speed_findings(preferences)
        for folder in dict.fromkeys(self._folders(preferences, categories)):
            yield from remote_folder_findings(folder, self._paths, self._context, links=True)

    def _speed_findings(self, preferences: Mapping[str, Any]) -> Iterator[Finding]:
        """Its alternative limits, by hand or by its own timetable, stand above ours."""
        in_force = self._api.get("transfer/speedLimitsMode").text == "1"
        if in_force or preferences.get("scheduler_enabled") is True:
            when = "are in force now" if in_force else "have a timetable of their own"
            yield Finding(
                False,
                "Speed limits",
                f"Its alternative speed limits {when}: they stand above limits of AuralArchive.",
                "Switch them off in qBittorrent (the speedometer, and Options, Speed) if the plan here is to count.",
            )

    def _folders(self, preferences: Mapping[str, Any], categories: Mapping[str, Any]) -> Iterator[str]:
        """Where our torrents may go: our own path or its default one, and that of our category."""
        yield self._settings.save_path or str(preferences.get("save_path") or "")
        category = categories.get(self._settings.category)
        path = category.get("savePath") if isinstance(category, Mapping) else None
        if isinstance(path, str) and path.startswith("/") and not self._settings.save_path:
            yield path

    def _mapping(self, answer: Answer) -> Mapping[str, Any]:
        content = self._must(answer).json()
        return content if isinstance(content, Mapping) else {}

    def _category_finding(self, categories: Mapping[str, Any]) -> Finding:
        name = self._settings.category
        if not name or name in categories:
            return Finding(True, "Category", f"The category {name!r} is there." if name else "No category is used.")
        return Finding(True, "Category", f"The category {name!r} is not there yet; the first torrent makes it.")


def _is_update(answer: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether it is qBittorrent that speaks: from any other object it would seem that no torrent is there."""
    return (
        isinstance(answer, Mapping)
        and isinstance(answer.get("rid"), int)
        and isinstance(answer.get("torrents", {}), Mapping)  # left out where nothing has changed
    )


def _limit(told: Any) -> int | None:
    return told if isinstance(told, int) and not isinstance(told, bool) and told > 0 else None


def _removal_finding(preferences: Mapping[str, Any]) -> Finding:
    limited = preferences.get("max_ratio_enabled") or preferences.get("max_seeding_time_enabled")
    what = _REMOVES.get(preferences.get("max_ratio_act", 0))
    if limited and what:
        return Finding(
            False,
            "Seeding limits",
            f"qBittorrent {what} at its seeding limit, perhaps before the book is imported.",
            "Set the action at its seeding limit to 'Stop torrent' (before 5.0: 'Pause torrent').",
        )
    return Finding(True, "Seeding limits", "Nothing is removed before it is imported.")


def _refusal(answer: Answer) -> InvalidInput | None:
    if answer.status == 415:
        return InvalidInput("qBittorrent says that this is no valid torrent.", "Choose another release.")
    if not answer.ok or answer.text == "Fails.":
        return InvalidInput(
            f"qBittorrent refuses the torrent (status {answer.status}).",
            "Its log tells why; a v2 torrent needs 4.4 or later.",
            kind=FailureKind.CLIENT_REFUSED,
        )
    return None


def _share_limits(goal: SeedGoal) -> tuple[str, str]:
    """Ratio and minutes: -2 is the general setting, -1 none. A goal of ours stands alone."""
    if goal == SeedGoal():
        return "-2", "-2"
    ratio = "-1" if goal.ratio is None else f"{goal.ratio:g}"
    return ratio, "-1" if goal.seconds is None else str(-(-goal.seconds // 60))


def _make(name: str, settings: QBittorrentSettings, context: ClientContext) -> DownloadClient:
    return QBittorrentClient(name, settings, context)


QBITTORRENT: AdapterType[DownloadClient, ClientContext] = adapter_type(
    "qbittorrent", "qBittorrent", QBittorrentSettings, _make
)
