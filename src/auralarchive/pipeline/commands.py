"""What a person wants, turned into events: the only door through which pages and terminal change a download."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from auralarchive.domain import events as e
from auralarchive.domain.book import Book
from auralarchive.domain.download import Download
from auralarchive.domain.lifecycle import allows
from auralarchive.domain.order import Place, moved
from auralarchive.domain.release import Release
from auralarchive.domain.seeding import SeedGoal, choose_goal
from auralarchive.domain.status import DownloadStatus, DownloadType
from auralarchive.failpoints import failpoint
from auralarchive.pipeline.record import Recorder, UnknownDownload
from auralarchive.pipeline.tools import SeedGoals
from auralarchive.ports.clients import Ability, Payload, PayloadReader
from auralarchive.ports.store import Conflict, NewDownload, Store

__all__ = ["ClientCannot", "Commands", "Extras", "NoPlace", "UnknownClient", "UnknownDownload", "seed_goal_of"]

#: Nobody waits for what is in the library, or given up.
_ENDED = (
    DownloadStatus.CANCELLED,
    DownloadStatus.IMPORTED,
    DownloadStatus.SEEDING,
    DownloadStatus.SEEDING_COMPLETE,
)
QUEUE = tuple(status for status in DownloadStatus if status not in _ENDED)
MOST_PRIORITY = 10_000
#: A move that would change more rows than this is refused: each change is a line of the log.
MOST_MOVED = 500

#: What a person may press, and the event that it becomes.
ACTIONS: dict[str, type[e.Event]] = {
    "pause": e.PauseRequested,
    "resume": e.ResumeRequested,
    "retry": e.RetryRequested,
    "cancel": e.CancelRequested,
    "stop_seeding": e.SeedingStopped,
}


class UnknownClient(LookupError):
    """There is no download client of this name, or it is switched off."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no download client called {name} that is enabled.")


class ClientCannot(Exception):
    """A client is asked for what it does not know."""

    _WORDS: ClassVar[Mapping[Ability, tuple[str, str]]] = {
        Ability.ITEM_LIMITS: (
            "knows no speed limit for a single download.",
            "Leave the limit empty; a limit for all of its downloads is set under Settings, Speed.",
        ),
        Ability.SEQUENTIAL: (
            "knows no order within a download.",
            "Leave the order to it, or choose another client.",
        ),
    }

    def __init__(self, client: str, ability: Ability) -> None:
        what, self.remedy = self._WORDS[ability]
        super().__init__(f"{client} {what}")


class NoPlace(Exception):
    """A download cannot be put where it was wanted; the message says why."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What a person may set for a new download besides the book. Limits in bytes per second, 0 is none.

    `client` is the name of a download client that is enabled; None leaves the choice to us. Nothing is handed to a
    client before `start_at`; an hour that is past is now.
    """

    priority: int = 0
    download_limit: int | None = None
    upload_limit: int | None = None
    sequential: bool = False
    client: str | None = None
    tags: tuple[str, ...] = ()
    start_at: datetime | None = None


def allowed_actions(download: Download) -> tuple[str, ...]:
    """The names of the `ACTIONS` that the download's status allows now."""
    return tuple(name for name, event in ACTIONS.items() if allows(download, event))


@dataclass(frozen=True, slots=True)
class Commands:
    """Every call returns the record as it is afterwards, and wakes whoever has to act on it.

    Raises: `UnknownDownload`, `IllegalTransition` (the status does not allow it), `Conflict` (book, link or
    info-hash already active, with the existing id), `InvalidInput` (a link or file that we refuse),
    `UnknownClient` (of extras).
    """

    store: Store
    recorder: Recorder
    payloads: PayloadReader
    goals: SeedGoals
    check_link: Callable[[str], object]  # raises `InvalidInput` for a link that would never be fetched
    client_abilities: Callable[[], Mapping[str, frozenset[Ability]]]  # of the clients that are enabled, by name

    def enqueue(self, book: Book, *, priority: int = 0, extras: Extras | None = None) -> Download:
        """An automatic download: it is searched for, and the best release is taken."""
        return self._create(book, extras or Extras(priority), manual=False)

    def enqueue_release(
        self, release: Release, book: Book, *, priority: int = 0, extras: Extras | None = None
    ) -> Download:
        """The release that a person picked from search results."""
        link = release.magnet or release.download_url
        chosen = chosen_event(release, self.goals)
        return self._start(link, chosen, book, extras or Extras(priority))

    def choose(self, download_id: int, release: Release, extras: Extras | None = None) -> Download:
        """The release that a person picked for a book which is still searched for.

        Whoever searches for it at the moment loses the claim: a person's choice comes first.
        """
        wishes = extras or Extras()
        self._check_extras(wishes)
        if self.recorder.get(download_id).acquisition is DownloadStatus.SEARCH_FAILED:
            self.recorder.record(download_id, e.RetryRequested())
        if wishes != Extras():
            self.recorder.record(
                download_id,
                e.Adjusted(
                    wishes.priority or None,
                    wishes.download_limit,
                    wishes.upload_limit,
                    wishes.sequential or None,
                    wishes.client,
                    wishes.tags or None,
                    wishes.start_at,
                ),
            )
        return self.recorder.record(download_id, chosen_event(release, self.goals))

    def enqueue_link(
        self,
        url: str,
        book: Book,
        *,
        download_type: DownloadType | None = None,
        indexer: str | None = None,
        size: int | None = None,
        file_format: str | None = None,
        quality_score: float | None = None,
        match_score: float | None = None,
        priority: int = 0,
        extras: Extras | None = None,
    ) -> Download:
        """A magnet or a link to a .torrent or .nzb that a person brought along."""
        chosen = e.ReleaseChosen(
            download_url=url,
            download_type=download_type or _guessed_type(url),
            release_title=book.title,
            indexer=indexer,
            size=size,
            file_format=file_format,
            quality_score=quality_score,
            match_score=match_score,
            seed_goal=self.goals.of(indexer),
        )
        return self._start(url, chosen, book, extras or Extras(priority))

    def enqueue_payload(
        self, payload: Payload, book: Book, *, priority: int = 0, extras: Extras | None = None
    ) -> Download:
        """An uploaded .torrent or .nzb."""
        chosen = e.ReleaseChosen(
            download_url="",
            download_type=payload.download_type,
            release_title=payload.name,
            size=payload.size,
            seed_goal=self.goals.of(None),
        )
        return self._create(book, extras or Extras(priority), chosen, _stored(payload), manual=True, payload=payload)

    def pause(self, download_id: int) -> Download:
        return self.recorder.record(download_id, e.PauseRequested())

    def resume(self, download_id: int) -> Download:
        return self.recorder.record(download_id, e.ResumeRequested())

    def retry(self, download_id: int, *, accept_damage: bool = False) -> Download:
        """Try the failed stage again; `accept_damage` makes the book of what the sources still have."""
        return self.recorder.record(download_id, e.RetryRequested(accept_damage))

    def cancel(self, download_id: int) -> Download:
        """Cancel it; of an imported book this ends the seeding and keeps the book."""
        download = self.recorder.get(download_id)
        if download.acquisition is DownloadStatus.IMPORTED:
            return self.recorder.record(download_id, e.SeedingStopped())
        return self.recorder.record(download_id, e.CancelRequested())

    def adjust(
        self,
        download_id: int,
        *,
        priority: int | None = None,
        download_limit: int | None = None,
        upload_limit: int | None = None,
        sequential: bool | None = None,
        client: str | None = None,
        tags: tuple[str, ...] | None = None,
        start_at: datetime | None = None,
        version: int | None = None,
    ) -> Download:
        """Change priority or limits; 0 lifts a limit, "" the choice of a client. The monitor hands limits on.

        `sequential`, `client` and `start_at` (an hour that is past is now) are chosen before a client has it: raises
        `lifecycle.TooLate` after that, and `ClientCannot` for what the one that has it cannot do. With `version` only
        where nothing has changed since: raises `StaleRecord` otherwise.
        """
        self._check_client(client)
        if download_limit or upload_limit:
            self._check_ability(self.recorder.get(download_id).download_client, Ability.ITEM_LIMITS)
        if start_at is not None:
            start_at = max(start_at, self.recorder.clock.now())
        event = e.Adjusted(priority, download_limit, upload_limit, sequential, client, tags, start_at)
        return self.recorder.record(download_id, event, expected_version=version)

    def move(self, download_id: int, *, before: int | None = None, after: int | None = None) -> tuple[Download, ...]:
        """Put it right before, or right after, another of the queue; the records that this changed.

        Raises `NoPlace` where one of both is not waiting for anything any more, or too many would have to move.
        """
        self.recorder.get(download_id)
        with self.store.downloads.exclusive("queue order"):
            queue = [Place(one.id, one.priority) for one in self.store.downloads.in_status(QUEUE)]
            try:
                changes = moved(queue, download_id, before=before, after=after)
            except ValueError as error:
                raise NoPlace("Only downloads that are not done yet have a place in the queue.") from error
            if len(changes) > MOST_MOVED or any(abs(place.priority) > MOST_PRIORITY for place in changes):
                raise NoPlace(f"More than {MOST_MOVED} downloads would have to make room.")
            return tuple(self.recorder.record(one.id, e.Adjusted(priority=one.priority)) for one in changes)

    def _start(self, link: str, chosen: e.ReleaseChosen, book: Book, extras: Extras) -> Download:
        if link.strip().lower().startswith("magnet:"):
            payload = self.payloads.magnet(link)
            return self._create(book, extras, chosen, _stored(payload), manual=True, payload=payload)
        self.check_link(link)
        return self._create(book, extras, chosen, manual=True, link=link)

    def _create(
        self,
        book: Book,
        extras: Extras,
        *events: e.Event,
        manual: bool,
        payload: Payload | None = None,
        link: str = "",
    ) -> Download:
        self._check_extras(extras)
        hashes = payload.hashes if payload else frozenset()
        existing = self.store.downloads.active_with(asin=book.asin)
        if existing is not None:
            raise Conflict(existing.id, "book")
        existing = self.store.downloads.active_with(hashes=hashes) if hashes else None
        if existing is not None:
            raise Conflict(existing.id, "info_hash")
        existing = self.store.downloads.active_link(link)
        if existing is not None:
            raise Conflict(existing.id, "link")
        new = NewDownload(
            book,
            manual,
            extras.priority,
            extras.download_limit or None,
            extras.upload_limit or None,
            extras.sequential,
            extras.client,
            extras.tags,
            extras.start_at if extras.start_at and extras.start_at > self.recorder.clock.now() else None,
        )
        failpoint("create.before")
        made = self.store.downloads.create(new, *events, payload=payload)
        failpoint("create.after")
        return made

    def _check_client(self, name: str | None) -> None:
        if name and name not in self.client_abilities():
            raise UnknownClient(name)

    def _check_extras(self, extras: Extras) -> None:
        """What a person wants of a client that they chose themselves, that client can do."""
        self._check_client(extras.client)
        if extras.download_limit or extras.upload_limit:
            self._check_ability(extras.client, Ability.ITEM_LIMITS)
        if extras.sequential:
            self._check_ability(extras.client, Ability.SEQUENTIAL)

    def _check_ability(self, client: str | None, ability: Ability) -> None:
        able = self.client_abilities().get(client or "")
        if client and able is not None and ability not in able:
            raise ClientCannot(client, ability)


def chosen_event(release: Release, goals: SeedGoals) -> e.ReleaseChosen:
    """The choice of a release, as it goes into the record."""
    return e.ReleaseChosen(
        download_url=release.magnet or release.download_url,
        download_type=release.download_type,
        release_id=release.id,
        release_title=release.title,
        indexer=release.indexer,
        size=release.size,
        file_format=release.parsed.file_format,
        quality_score=release.quality_score,
        match_score=release.match_score,
        seed_goal=seed_goal_of(release, goals),
        categories=release.categories,
    )


def seed_goal_of(release: Release, goals: SeedGoals) -> SeedGoal:
    """The seeding goal of a release: its indexer's over the general one, above the feed's floor."""
    floor = SeedGoal(release.minimum_ratio, release.minimum_seed_seconds)
    return choose_goal(goals.of(release.indexer), goals.general, floor)


def _stored(payload: Payload) -> e.PayloadStored:
    return e.PayloadStored(payload.download_type, payload.info_hash_v1, payload.info_hash_v2, payload.size)


def _guessed_type(url: str) -> DownloadType:
    """By the link's path; what the fetched bytes are decides in the end."""
    path = url.partition("?")[0].partition("#")[0]
    return DownloadType.NZB if path.lower().endswith(".nzb") else DownloadType.TORRENT
