"""Tells people what happens, by tailing the event log: nobody calls this to announce anything.

Each notifier has a place of its own in the log, kept in the database (`cursors`), so one that fails stays behind and
holds up neither another nor the pipeline. The place moves on once the messages were accepted. A process that is killed
in between tells once more what it had told: at least once, never not at all. A new notifier begins at the end of the
log, and so does one that was switched off meanwhile.

What happened is told after a moment of calm, so that many things at once become one message. A notifier that fails is
tried again after growing waits; what could not be told for a day is given up, with a line in the log.

Health is told beside that: what is wrong at two looks in a row, and what is well again. It is a state and no event, so
nothing is kept: what is still wrong after a restart is told anew.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auralarchive.failpoints import failpoint
from auralarchive.notify.digest import Digest
from auralarchive.notify.wording import Redact, Words
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import AuralError, Cancelled, RateLimited, Unreachable
from auralarchive.ports.notifiers import Message, Notifier, Topic
from auralarchive.ports.store import Cursors, Downloads
from auralarchive.ports.work import CancelToken, Clock

_log = logging.getLogger(__name__)

#: Messages are worth something for so long.
GIVE_UP_AFTER = timedelta(days=1)
#: Waits after the first, second … failure, in seconds; the last one stays.
WAITS = (5.0, 30.0, 120.0, 600.0, 1800.0)
#: Something is told after so many seconds in which nothing was added, or after so many in which it never ended.
CALM, PATIENCE = 3.0, 30.0
#: After a message about many, what follows is gathered for so long.
AFTER_STORM = 60.0
#: Health is looked at so often.
LOOK_EVERY = 60.0

_PAGE = 500
#: A place that moved on without anything to tell is written down after so many lines: it only saves reading them again.
_LAZY = 2000
#: Notifiers that hang at the same time hold up those beyond this number.
_THREADS = 8
_PREFIX = "notifier:"


@dataclass(slots=True)
class _Post:
    """One notifier's place and state. Used by one thread at a time: the loop's, or while `busy` a worker's."""

    id: int
    notifier: Notifier
    seq: int
    saved: int
    busy: bool = False
    due: float = 0.0
    stormy: bool = False
    failures: int = 0
    failing_since: datetime | None = None
    problem: AuralError | None = None
    told: set[int] = field(default_factory=set)
    told_sick: frozenset[str] = frozenset()

    @property
    def cursor(self) -> str:
        return f"{_PREFIX}{self.id}"


class Herald:
    """`run` blocks until `stop`. `attend` has to be called whenever notifiers have changed."""

    def __init__(
        self,
        downloads: Downloads,
        cursors: Cursors,
        notifiers: Callable[[], Mapping[int, Notifier | None]],
        redact: Redact,
        clock: Clock,
        *,
        tick: float = 1.0,
    ) -> None:
        """`notifiers` are those that are switched on, by their numbers; None for one that cannot be used now."""
        #: Put in by whoever knows all parts, once they are there.
        self.health: Callable[[], tuple[Finding, ...]] = tuple
        self._tick = tick
        self._downloads, self._cursors, self._notifiers, self._clock = downloads, cursors, notifiers, clock
        self._words = Words(redact)
        self._lock = threading.Lock()
        self._posts: dict[int, _Post] = {}
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._cancel = CancelToken()
        self._looked_at = 0.0
        self._seen_sick: dict[str, Finding] = {}
        self._sick: dict[str, Finding] = {}

    def attend(self) -> None:
        """Take note of who is there to tell. Whoever is new begins here and now."""
        with self._lock:
            notifiers = self._notifiers()
            for name in self._cursors.names():
                known = name.removeprefix(_PREFIX)
                if name.startswith(_PREFIX) and not (known.isdecimal() and int(known) in notifiers):
                    self._cursors.forget(name)
            self._posts = {key: self._post(key, one) for key, one in notifiers.items() if one is not None}
        self.wake()

    def wake(self) -> None:
        """Something was committed."""
        self._wake.set()

    def stop(self) -> None:
        self._stopping.set()
        self._cancel.cancel()
        self._wake.set()

    def run(self) -> None:
        self.attend()
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="notify") as workers:
            while not self._stopping.is_set():
                self._wake.wait(self._tick if self._posts else None)
                self._wake.clear()
                # A database that is away is asked again at the next tick.
                with suppress(AuralError):
                    self._round(workers)
                self._stopping.wait(self._tick / 2)  # a burst of commits is one look

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Notifiers that have failed more than once, with what to do."""
        posts = tuple(self._posts.values())
        return tuple(
            Finding(False, post.notifier.name, _complaint(post, post.problem), post.problem.remedy)
            for post in posts
            if post.problem is not None and post.failures > 1
        )

    def _post(self, key: int, notifier: Notifier) -> _Post:
        before = self._posts.get(key)
        if before is not None and before.notifier is notifier:
            return before
        last = self._downloads.last_seq()
        place = self._cursors.get(f"{_PREFIX}{key}")
        if place is None or place > last:  # new here, or the database is an older one than it was
            place = last
            self._cursors.save(f"{_PREFIX}{key}", place)
        # Another notifier of the same number is the same one with other settings: it goes on where it was.
        told = before.told_sick if before is not None else frozenset()
        return _Post(key, notifier, place, place, told_sick=told)

    def _round(self, workers: ThreadPoolExecutor) -> None:
        posts = tuple(self._posts.values())
        if not posts:
            return
        now = self._clock.monotonic()
        if now - self._looked_at >= LOOK_EVERY and any(Topic.HEALTH in post.notifier.topics for post in posts):
            self._looked_at = now
            self._look()
        last = self._downloads.last_seq()
        for post in posts:
            if not post.busy and now >= post.due and (last > post.seq or self._health_of(post, self._sick)):
                post.busy = True
                workers.submit(self._serve, post)

    # One notifier, in a thread of its own.

    def _serve(self, post: _Post) -> None:
        try:
            self._tell(post)
        except Cancelled:
            return
        except AuralError as error:
            _log.warning("the log cannot be read for %s: %s", post.notifier.name, error.reason)
            post.due = self._clock.monotonic() + WAITS[0]
        except Exception:  # noqa: BLE001 - a bug of one adapter, or of its library, ends neither the others nor the process
            _log.exception("notifier %s failed unexpectedly", post.notifier.name)
            self._failed(post, Unreachable("It failed in a way that nobody foresaw.", "See the server's log."))
        finally:
            post.busy = False

    def _tell(self, post: _Post) -> None:
        if not self._tell_health(post):
            return
        digest, end = self._read(post)
        if digest.first_seq is not None:
            self._move(post, digest.first_seq - 1, now=digest.late > 0)
            wait = self._wait(post, digest)
            if wait > 0:
                post.due = self._clock.monotonic() + wait
                return
            if not self._tell_all(post, digest):
                return
            post.stormy = digest.storm
        self._move(post, end, now=digest.first_seq is not None or digest.late > 0)
        post.told.clear()

    def _wait(self, post: _Post, digest: Digest) -> float:
        """Seconds until it is time to tell this."""
        now = self._clock.now()
        age, calm = ((now - (moment or now)).total_seconds() for moment in (digest.since, digest.until))
        if post.stormy:
            return min(AFTER_STORM, AFTER_STORM - age)
        return min(CALM, CALM - calm, PATIENCE - age)

    def _tell_health(self, post: _Post) -> bool:
        sick = self._sick
        message = self._health_of(post, sick)
        if message is not None:
            if not self._handed_over(post, message):
                return False
            post.told_sick = frozenset(sick)
        return True

    def _read(self, post: _Post) -> tuple[Digest, int]:
        """What this one has to be told, and up to where that is."""
        oldest = self._clock.now() - GIVE_UP_AFTER
        digest = Digest(post.notifier.topics, oldest, frozenset(post.told))
        end = post.seq
        while events := self._downloads.events_after(end, _PAGE):
            digest.take(events)
            end = events[-1].seq
            self._cancel.check()
        if digest.late:
            _log.warning(
                "%s: gave up on %d messages that could not be delivered for a day", post.notifier.name, digest.late
            )
        return digest, end

    def _tell_all(self, post: _Post, digest: Digest) -> bool:
        for seqs, message in self._messages(digest):
            if not self._handed_over(post, message):
                return False
            post.told.update(seqs)  # the rest may fail: these need not come twice
        return True

    def _messages(self, digest: Digest) -> Iterator[tuple[list[int], Message]]:
        for gathered in digest.by_topic.values():
            ids = sorted({event.download_id for event in gathered.first})
            downloads = {download.id: download for download in self._downloads.get_many(ids)}
            for message in self._words.messages(gathered, downloads, self._clock.now()):
                yield (gathered.seqs if gathered.many else _seqs(message)), message

    def _handed_over(self, post: _Post, message: Message) -> bool:
        """Whether the notifier took it. A failure is remembered, and waited for."""
        try:
            failpoint("notify.before_send")
            post.notifier.send(message, self._cancel)
            failpoint("notify.after_send")
        except Cancelled:
            raise
        except AuralError as error:
            self._failed(post, error)
            return False
        if post.failures:
            _log.info("%s takes messages again", post.notifier.name)
        post.failures, post.failing_since, post.problem = 0, None, None
        return True

    def _failed(self, post: _Post, error: AuralError) -> None:
        wait = WAITS[min(post.failures, len(WAITS) - 1)]
        if isinstance(error, RateLimited) and error.retry_after:
            wait = max(wait, min(error.retry_after, WAITS[-1]))
        post.failures += 1
        post.failing_since = post.failing_since or self._clock.now()
        post.problem = error
        post.due = self._clock.monotonic() + wait
        _log.warning("%s: %s Tried again in %d s.", post.notifier.name, error.reason, wait)

    def _move(self, post: _Post, seq: int, *, now: bool) -> None:
        """This one needs nothing up to `seq` any more."""
        post.seq = seq
        if now or seq - post.saved >= _LAZY:
            self._cursors.save(post.cursor, seq)
            post.saved = seq

    # Health.

    def _look(self) -> None:
        found: dict[str, Finding] = {}
        for finding in self.health():
            if not finding.ok:
                found.setdefault(finding.subject, finding)
        # Once may be a client that restarts; what was known before stays known until it is gone.
        self._sick = {name: one for name, one in found.items() if name in self._seen_sick}
        self._seen_sick = found

    def _health_of(self, post: _Post, sick: Mapping[str, Finding]) -> Message | None:
        """What has changed since this one was told, leaving out what is said of itself."""
        if Topic.HEALTH not in post.notifier.topics:
            return None
        worse = tuple(
            finding for name, finding in sick.items() if name not in post.told_sick and name != post.notifier.name
        )
        better = tuple(sorted(post.told_sick - sick.keys() - {post.notifier.name}))
        return self._words.health(worse, better, self._clock.now()) if worse or better else None


def _seqs(message: Message) -> list[int]:
    return [item.seq for item in message.items if item.seq is not None]


def _complaint(post: _Post, problem: AuralError) -> str:
    since = f" since {post.failing_since:%Y-%m-%d %H:%M} UTC" if post.failing_since else ""
    return f"No message got through{since}: {problem.reason}"
