"""What the pipeline and the web need of the database. Methods block: call them from threads.

Every write is one transaction. `Downloads.commit` is the only way to change a download's state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Protocol

from auralarchive.domain.book import Book
from auralarchive.domain.choice import Rule
from auralarchive.domain.download import Download
from auralarchive.domain.events import Event
from auralarchive.domain.release import Release, SearchQuery
from auralarchive.domain.status import DownloadStatus
from auralarchive.ports.clients import Payload
from auralarchive.ports.library import LibraryFile

Sort = Literal["id", "-id", "priority", "-priority", "title", "-title", "status", "-status", "progress", "-progress"]


class Conflict(Exception):
    """Another active download has the same book, info-hash or link."""

    def __init__(self, existing_id: int, what: Literal["book", "info_hash", "link"]) -> None:
        super().__init__(f"download {existing_id} is already active for this {what}")
        self.existing_id = existing_id
        self.what = what


class StaleRecord(Exception):
    """The row has moved on since it was read: read it again."""


class NewerPosition(Exception):
    """Another device has written how far its person has listened since this one looked."""

    def __init__(self, present: Position | None) -> None:
        super().__init__("the position has moved on")
        self.present = present


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One row of the event log. `seq` grows with every commit; `data` are the event's own fields."""

    seq: int
    download_id: int
    version: int
    event: str
    old_status: DownloadStatus | None
    new_status: DownloadStatus
    reason: str | None
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `cursor` of None is the last page."""

    items: tuple[Download, ...]
    total: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class NewDownload:
    """What a new row begins with: always QUEUED, version 1, with an `Enqueued` row in the log."""

    book: Book
    manual: bool
    priority: int = 0
    download_limit: int | None = None
    upload_limit: int | None = None
    sequential: bool = False
    client: str | None = None
    tags: tuple[str, ...] = ()
    start_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """One download on its way, or the book that it became (`book_id`).

    `release` is title, indexer and size of what was chosen; `hashes` are those under which a torrent is known.
    """

    download_id: int
    book_id: int | None
    book: Book
    release: tuple[str | None, str | None, int | None]
    hashes: frozenset[str]


class Downloads(Protocol):
    """The table `download_queue` and its event log."""

    def create(self, new: NewDownload, *events: Event, payload: Payload | None = None) -> Download:
        """Insert the row, apply `events`, keep the payload: all in one transaction. Raises `Conflict`."""

    def get(self, download_id: int) -> Download | None: ...

    def get_many(self, ids: Sequence[int]) -> tuple[Download, ...]: ...

    def commit(self, before: Download, after: Download, event: Event) -> LoggedEvent:
        """Write `after` and its event row where the row still is at `before`'s version and status.

        Raises `StaleRecord` where it is not, `Conflict` where a unique index says no.
        """

    def claim_renewed(self, download_id: int, token: str, lease_until: datetime) -> bool:
        """Extend the lease; False where the claim is no longer ours."""

    def claim_held(self, download_id: int, token: str) -> bool: ...

    def save_progress(self, rows: Mapping[int, float]) -> None:
        """Coarse progress (0 to 100) into the narrow table; no event, no version."""

    def in_status(self, statuses: Sequence[DownloadStatus]) -> tuple[Download, ...]:
        """All rows in these public statuses, by priority (high first), then id."""

    def claimable(self, now: datetime) -> tuple[Download, ...]:
        """Rows that a worker may take: a worker's status or a wanted removal, no living lease, no start to come."""

    def retries_due(self, now: datetime) -> tuple[Download, ...]: ...

    def claimed(self) -> tuple[Download, ...]:
        """Rows under a claim, living or expired."""

    def abandoned(self) -> tuple[Download, ...]:
        """Rows under a claim whose worker is certainly dead, asked before any work begins in this process.

        None where other processes may be at work on the same database.
        """

    def watched(self) -> tuple[Download, ...]:
        """Rows whose client item matters: DOWNLOADING, PAUSED with an item, a living torrent."""

    def active_with(self, *, asin: str | None = None, hashes: frozenset[str] = frozenset()) -> Download | None:
        """The active download of this book, or of a torrent under any of these hashes."""

    def active_link(self, url: str, *, but_not: int = 0) -> Download | None:
        """The active download, or seeding torrent, whose release has this link: the first there was."""

    def page(
        self,
        *,
        statuses: Sequence[DownloadStatus] = (),
        text: str | None = None,
        sort: Sort = "-id",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """Keyset pagination. Raises ValueError for a cursor that we did not make."""

    def counts(self) -> Mapping[DownloadStatus, int]: ...

    def holdings(self) -> tuple[Holding, ...]:
        """Every book of the library, and every download on its way there: not failed, not cancelled."""

    def events(self, download_id: int) -> tuple[LoggedEvent, ...]:
        """The audit trail, oldest first."""

    def events_after(self, seq: int, limit: int = 1000) -> tuple[LoggedEvent, ...]:
        """The live feed: committed events above `seq`, in order, none ever skipped."""

    def last_seq(self) -> int: ...

    def first_seq(self) -> int: ...

    def exclusive(self, name: str) -> AbstractContextManager[None]:
        """Only one process at a time is inside for this name (for decisions over several rows)."""


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which events: of these names, those that failed only, with all words in them, from `since` to before `until`."""

    events: tuple[str, ...] = ()
    failures: bool = False
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """An event, and the book that it is about."""

    event: LoggedEvent
    title: str
    author: str


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Newest first; `cursor` of None is the last page."""

    items: tuple[HistoryLine, ...]
    total: int
    cursor: int | None


class History(Protocol):
    """What happened, over all downloads."""

    def page(self, wanted: HistoryFilter, *, limit: int = 50, before: int | None = None) -> HistoryPage:
        """Events below the number `before`, the newest first."""


class Payloads(Protocol):
    """The original bytes of what we fetched, kept until another release is chosen: `ReleaseChosen` lets go of them."""

    def save(self, download_id: int, payload: Payload, *, token: str | None = None) -> None:
        """Keep it in place of an earlier one. With `token` only under that claim: raises `StaleRecord` without it."""

    def get(self, download_id: int) -> Payload | None: ...


class Releases(Protocol):
    """Search results, kept for at least 24 hours under opaque ids."""

    def save(self, query: SearchQuery, releases: Sequence[Release], now: datetime) -> None: ...

    def get(self, release_id: str) -> Release | None: ...

    def forget_before(self, moment: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class AdapterRow:
    """One configured client or indexer. `settings` are plain; secrets inside are encrypted at rest.

    `secrets_lost`: there are secrets, but the key file does not open them; `settings` are without them. Of a
    client, `rule` says which downloads it is for, and `steered` whether its general speed limits are ours to set.
    """

    id: int
    kind: Literal["client", "indexer", "notifier"]
    type: str
    name: str
    enabled: bool
    priority: int
    settings: Mapping[str, Any]
    secrets_lost: bool = False
    rule: Rule = field(default_factory=Rule)
    steered: bool = True


class Adapters(Protocol):
    """Configured clients and indexers; names are unique within a kind."""

    def list(self, kind: str) -> tuple[AdapterRow, ...]: ...

    def get(self, kind: str, adapter_id: int) -> AdapterRow | None: ...

    def add(self, row: AdapterRow, secret_keys: frozenset[str]) -> AdapterRow:
        """Insert (its id is ignored). Raises ValueError when the name is taken."""

    def update(self, row: AdapterRow, secret_keys: frozenset[str]) -> AdapterRow:
        """Replace it; secrets that are lost stay as they are sealed until a new one is given.

        Raises ValueError when the name is taken, LookupError when it is not there.
        """

    def delete(self, kind: str, adapter_id: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class LibraryBook:
    """One imported book with its manifest."""

    id: int
    download_id: int
    book: Book
    files: tuple[LibraryFile, ...]
    duration_seconds: float
    chapters: tuple[Mapping[str, Any], ...]
    added_at: datetime
    version: int = 1  # grows with each write


BookSort = Literal[
    "added", "-added", "title", "-title", "author", "-author", "series", "-series", "duration", "-duration"
]


@dataclass(frozen=True, slots=True)
class BookFilter:
    """Which books a list shows: every word of `text` in title, author, narrator or series; the rest is exact.

    `format` is what the book has a file of: `M4B`, or an ebook beside it, such as `PDF`.
    """

    text: str = ""
    author: str | None = None
    narrator: str | None = None
    series: str | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Shelved:
    """Where in the library a download's book stands."""

    book_id: int
    has_cover: bool


@dataclass(frozen=True, slots=True)
class BookList:
    """One page of the library; `cursor` of None is the last page."""

    items: tuple[LibraryBook, ...]
    total: int
    cursor: str | None


#: Values with the number of books that have them, in the order of the alphabet.
Counted = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class BookFacets:
    """What the whole library can be filtered by."""

    authors: Counted
    narrators: Counted
    series: Counted
    formats: Counted


class Books(Protocol):
    """The library's records."""

    def save(
        self,
        download_id: int,
        book: Book,
        files: Sequence[LibraryFile],
        duration_seconds: float,
        chapters: Sequence[Mapping[str, Any]],
        added_at: datetime,
        token: str | None = None,
    ) -> LibraryBook:
        """Insert or replace the book of this download.

        Raises `StaleRecord` where a `token` is given that is no longer the download's claim.
        """

    def remove(self, download_id: int) -> None:
        """Forget the book of this download, where there is one."""

    def of_download(self, download_id: int) -> LibraryBook | None: ...

    def shelved(self, download_ids: Sequence[int]) -> Mapping[int, Shelved]:
        """The books of these downloads, by download; those without one are left out."""

    def get(self, book_id: int) -> LibraryBook | None: ...

    def all(self) -> tuple[LibraryBook, ...]: ...

    def edit(self, book_id: int, version: int, book: Book, files: Sequence[LibraryFile]) -> LibraryBook:
        """Replace what is known of a book, and its manifest. Raises `StaleRecord` where it is past `version`."""

    def page(
        self, wanted: BookFilter = ..., *, sort: BookSort = "-added", limit: int = 50, cursor: str | None = None
    ) -> BookList:
        """Keyset pagination, whatever the sort. Raises ValueError for a cursor that we did not make."""

    def facets(self) -> BookFacets: ...

    def many(self, ids: Sequence[int]) -> tuple[LibraryBook, ...]:
        """Those of these books that are there, in the order asked for."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a person has listened to a book, and on which device last."""

    seconds: float
    speed: float
    device: str
    finished: bool
    updated_at: datetime


class Playback(Protocol):
    """How far each person has listened."""

    def get(self, account_id: int, book_id: int) -> Position | None: ...

    def save(self, account_id: int, book_id: int, position: Position, known: datetime | None) -> None:
        """Write it where the last one known, by its time, is the last one written; None: there was none.

        Raises `NewerPosition` with what is there instead.
        """

    def unfinished(self, account_id: int, limit: int) -> tuple[tuple[int, Position], ...]:
        """Books that were begun and not finished, by their ids, the latest first."""


class Recipes(Protocol):
    """How each book was made: the converter's result of one download, as JSON."""

    def save(self, download_id: int, recipe: Mapping[str, Any], token: str | None = None) -> None:
        """Keep it; raises `StaleRecord` where a `token` is given that is no longer the download's claim."""

    def get(self, download_id: int) -> Mapping[str, Any] | None: ...


class Role(StrEnum):
    """What a person may do: all, or all but administration."""

    ADMIN = "admin"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Account:
    """One person who may sign in."""

    id: int
    name: str
    password_hash: str
    role: Role
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser, by the hash of its secret."""

    account_id: int
    token_hash: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key of an account, by the hash of its secret. `last_used_at` is exact to the hour."""

    id: int
    account_id: int
    label: str
    key_hash: str
    created_at: datetime
    last_used_at: datetime | None = None


class Accounts(Protocol):
    """Who may come in."""

    def any(self) -> bool: ...

    def all(self) -> tuple[Account, ...]:
        """Everybody, by name."""

    def create(self, name: str, password_hash: str, now: datetime, role: Role = Role.ADMIN) -> Account:
        """Raises ValueError when the name is taken."""

    def by_name(self, name: str) -> Account | None: ...

    def get(self, account_id: int) -> Account | None: ...

    def set_password(self, account_id: int, password_hash: str) -> None: ...

    def set_role(self, account_id: int, role: Role) -> None: ...

    def delete(self, account_id: int) -> bool:
        """Forget a person with their sessions, keys and places in books; False where there is none."""

    def open_session(self, account_id: int, token_hash: str, now: datetime, expires_at: datetime) -> None: ...

    def session(self, token_hash: str, now: datetime) -> Session | None: ...

    def close_session(self, token_hash: str) -> None: ...

    def close_sessions_of(self, account_id: int) -> None: ...

    def add_api_key(self, account_id: int, label: str, key_hash: str, now: datetime) -> int: ...

    def account_of_api_key(self, key_hash: str) -> Account | None: ...

    def api_keys(self, account_id: int | None = None) -> tuple[ApiKey, ...]:
        """The keys of a person, or without one those of everybody."""

    def note_api_key_used(self, key_hash: str, now: datetime) -> None: ...

    def delete_api_key(self, key_id: int) -> bool: ...


class Cursors(Protocol):
    """How far readers of the log have come that must miss nothing, by their names."""

    def get(self, name: str) -> int | None: ...

    def save(self, name: str, seq: int) -> None: ...

    def names(self) -> frozenset[str]: ...

    def forget(self, name: str) -> None: ...


class SavedSettings(Protocol):
    """Settings that were saved in the pages: section -> key -> value."""

    def all(self) -> Mapping[str, Mapping[str, Any]]: ...

    def save(self, section: str, values: Mapping[str, Any]) -> None: ...


class Store(Protocol):
    """The database, by aggregates."""

    @property
    def downloads(self) -> Downloads: ...

    @property
    def history(self) -> History: ...

    @property
    def payloads(self) -> Payloads: ...

    @property
    def releases(self) -> Releases: ...

    @property
    def adapters(self) -> Adapters: ...

    @property
    def books(self) -> Books: ...

    @property
    def playback(self) -> Playback: ...

    @property
    def recipes(self) -> Recipes: ...

    @property
    def accounts(self) -> Accounts: ...

    @property
    def settings(self) -> SavedSettings: ...

    @property
    def cursors(self) -> Cursors: ...

    def on_commit(self, wake: Any) -> None:
        """Call `wake()` (thread-safe, returns at once) after every commit that wrote events.

        On PostgreSQL also after those of other processes.
        """

    def integrity(self) -> tuple[str, ...]:
        """The database's own check; empty when all is well."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class IndexerCooldown:
    """An indexer that asked us to stay away until then."""

    name: str
    until: datetime
    reason: str = field(default="")
