"""What the pipeline needs of a download client. Every adapter passes one contract suite."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from auralarchive.domain.client_item import ClientFile, ClientItem
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.speed import SpeedLimits
from auralarchive.domain.status import DownloadType

FINGERPRINT_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Payload:
    """What is handed to a client: bytes or a magnet, never a URL that it would have to fetch.

    `data` holds the original bytes of the .torrent, .nzb or manifest, unchanged; `magnet` is set instead for a
    magnet link. Hashes are ours, computed from them, in lower-case hex (v1: 40, v2: 64 digits). `files`
    are what a .torrent or manifest lists, for display and judgement: the client decides what they are called on disk.
    """

    download_type: DownloadType
    name: str
    data: bytes | None = None
    magnet: str | None = None
    info_hash_v1: str | None = None
    info_hash_v2: str | None = None
    size: int | None = None
    files: tuple[ClientFile, ...] = field(default=(), compare=False)

    @property
    def hashes(self) -> frozenset[str]:
        """Every hash under which a client may know it; of what has no info-hash, a fingerprint of its bytes.

        Such items show it as their own `hashes`: with our tag it tells one release of a download from the next.
        """
        found = {value for value in (self.info_hash_v1, self.info_hash_v2) if value}
        if self.info_hash_v2:
            found.add(self.info_hash_v2[:40])
        if not found and self.data is not None:
            found.add(hashlib.sha256(self.data).hexdigest()[:FINGERPRINT_DIGITS])
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class AddOptions:
    """How the item should be added. `tag` is ours, unique to the download; limits in bytes per second."""

    tag: str
    paused: bool = False
    sequential: bool = False
    download_limit: int | None = None
    upload_limit: int | None = None
    seed_goal: SeedGoal = field(default_factory=SeedGoal)
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Added:
    """The client has it, under this id. `adopted`: it was there already and is not of our making.

    An item that carries our instance's tag is ours, whichever attempt or earlier download made it.
    """

    id: str
    adopted: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a test or the doctor found out; `remedy` is empty when all is well."""

    ok: bool
    subject: str
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ClientReport:
    """The answer of `test`: what is there and what would lose data."""

    version: str
    findings: tuple[Finding, ...] = ()


class Ability(StrEnum):
    """What not every client can do. A call that a client cannot follow is accepted and changes nothing."""

    ITEM_LIMITS = "item_limits"  # a speed limit for a single item
    GLOBAL_LIMITS = "global_limits"  # a speed limit for all of its items together
    SEQUENTIAL = "sequential"  # the beginning of an item before its end
    SEED_GOAL = "seed_goal"  # it stops by itself at a seed ratio
    PRIORITY = "priority"  # one item before another


class DownloadClient(Protocol):
    """One configured instance of a client.

    Methods block and are called from worker threads, several at once. Ids are what `add` returned.
    An empty id raises ValueError before anything is sent: it would mean "all" to some clients. Nothing
    but items that carry our tag or id is ever paused, changed or removed.

    Raises (all but `close`): `Unreachable`, `AuthRefused`, and of `add` also `InvalidInput`.
    """

    @property
    def name(self) -> str: ...

    @property
    def type(self) -> str: ...

    @property
    def protocols(self) -> frozenset[DownloadType]: ...

    @property
    def seeds(self) -> bool:
        """Whether a finished item goes on seeding here."""

    @property
    def abilities(self) -> frozenset[Ability]: ...

    def test(self) -> ClientReport: ...

    def add(self, payload: Payload, options: AddOptions) -> Added:
        """Add it, or adopt what is there with one of its hashes; returns once it is seen there.

        Idempotent: after a lost answer or a crash, the same call finds the item and adopts it.
        """

    def poll(self, ids: frozenset[str] = frozenset()) -> tuple[ClientItem, ...]:
        """Every item that is ours or was adopted, in one request (two where the client splits them).

        `ids` are those that the pipeline follows here, for clients that show finished items only by name.
        """

    def find(self, keys: frozenset[str]) -> ClientItem | None:
        """The item under any of these ids or hashes, whatever its category, tags or place (an archive included).

        A client of Usenet also takes our tags: a job that a person repeats there goes on under another id.
        Without any key it raises ValueError.
        """

    def files(self, item_id: str) -> tuple[ClientFile, ...]: ...

    def pause(self, item_id: str) -> None: ...

    def resume(self, item_id: str) -> None: ...

    def set_limits(self, item_id: str, download_limit: int | None, upload_limit: int | None) -> None: ...

    def global_limits(self) -> SpeedLimits:
        """The client's own limits for everything that it loads and shares."""

    def set_global_limits(self, limits: SpeedLimits) -> None: ...

    def set_seed_goal(self, item_id: str, goal: SeedGoal) -> None: ...

    def set_priority(self, item_id: str, priority: int) -> None:
        """Give it its place in the client's queue. What is paused stays so, though it may be awake for a moment."""

    def remove(self, item_id: str, *, with_data: bool) -> None:
        """Remove the item; an item that is already gone is no error."""

    def local_path(self, item: ClientItem) -> str:
        """Where we see the item's content, by the remote path mappings.

        Raises `Misconfigured` with one of five diagnoses: path of another system, not mapped,
        local folder missing, no permission, file missing though its folder is there.
        """

    def close(self) -> None:
        """Let go of connections and save what must survive."""


class PayloadReader(Protocol):
    """Reads what an indexer or a person hands us, and computes its hashes."""

    def torrent(self, data: bytes) -> Payload:
        """A .torrent file. Raises `InvalidInput`."""

    def magnet(self, uri: str) -> Payload:
        """A magnet link, hex or base32. Raises `InvalidInput`."""

    def nzb(self, data: bytes, name: str) -> Payload:
        """An NZB file. Raises `InvalidInput`, also with an indexer's own error text inside."""

    def manifest(self, data: bytes) -> Payload:
        """The manifest of a direct download (`domain.manifest`). Raises `InvalidInput`."""
