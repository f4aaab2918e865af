"""Asks a website that belongs to everybody for its JSON: politely, by the address rules, nothing twice in ten minutes.

One request at a time and host, with a pause after each answer, whichever of our indexers asks; silence for as long
as the site wants. An address that nobody typed has to be a public one; only what an owner typed may be private.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from auralarchive.domain.failures import FailureKind
from auralarchive.indexers.archive_metadata import Prefer
from auralarchive.indexers.context import IndexerContext
from auralarchive.indexers.loose import NotJson, line, read_json, record
from auralarchive.indexers.pacing import Manners, parse_retry_after
from auralarchive.net.addresses import Link, Origin, Reach, join_link, parse_link, refused
from auralarchive.net.http import Answer, Limits
from auralarchive.ports.errors import AuralError, InvalidInput, Unreachable
from auralarchive.ports.work import CancelToken, Clock

MAX_ANSWER = 16 * 2**20
_MAX_HOPS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY_SECONDS = 600.0  # of silence after "too often", where the site names none
_KEPT_SECONDS = 600.0
_KEPT_BYTES = 4 * 2**20


def _address(value: str) -> str:
    try:
        link = parse_link(value)
    except InvalidInput as error:
        raise ValueError(error.reason) from error
    if link.url.query:
        raise ValueError("Enter the address without anything after a question mark.")
    return value.strip().rstrip("/")


SiteAddress = Annotated[str, AfterValidator(_address)]
OWN_MIRROR = "Only to be changed for a mirror of your own."


class FreeBooksSettings(BaseModel):
    """What the sites of free books have in common."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    prefer: Prefer = Field(
        default="mp3",
        title="Files",
        description="mp3: 128 kbit/s mostly. small: 64 kbit/s. original: as it was uploaded. m4b: where there is one.",
    )
    timeout_seconds: float = Field(default=30.0, title="Time-out (seconds)", gt=0, le=300)
    min_interval_seconds: float = Field(default=1.0, title="Pause between requests (seconds)", ge=0, le=3600)


class Site:
    """One website under the address `url`; `typed` tells whether its owner entered that himself."""

    def __init__(
        self, name: str, url: str, settings: FreeBooksSettings, context: IndexerContext, *, typed: bool
    ) -> None:
        self.name = name
        self._base = parse_link(url)
        self._typed = typed
        self._seconds = settings.timeout_seconds
        self._context = context
        manners = context.manners or Manners(context.clock)
        self._pace = manners.towards(self._base.origin.host, settings.min_interval_seconds)
        self._kept = _Kept(context.clock)

    @property
    def base(self) -> Link:
        return self._base

    @property
    def origin(self) -> Origin:
        return self._base.origin

    def link(self, path: str, query: Mapping[str, str | Sequence[str]] | None = None) -> Link:
        """The link of a page: `path` below the address, its parts quoted already."""
        url = self._base.url
        raw = f"{str(url).split('?')[0].rstrip('/')}/{path.lstrip('/')}"
        page = parse_link(raw)
        return Link(page.url.copy_merge_params(dict(query)), page.origin) if query else page

    def holds(self, link: Link) -> bool:
        """Whether a link leads to a page of this site, however its host is spelled."""
        return _plain_host(link.origin) == _plain_host(self.origin)

    def check(self) -> None:
        """Raise `RateLimited` while the site wants to be left alone."""
        self._pace.check()

    def ask(self, path: str, query: Mapping[str, str | Sequence[str]], cancel: CancelToken) -> object:
        """What the page answers, also where it says with 404 that there is nothing.

        Raises: `Unreachable` (down, slow, not JSON), `RateLimited`, `InvalidInput` (far too long), `Cancelled`.
        """
        link = self.link(path, query)
        key = str(link.url)
        body = self._kept.get(key)
        if body is not None:
            return read_json(body)
        self._pace.check()
        with self._pace.turn(cancel):
            answer = self._follow(link, cancel)
        found = self._understood(answer)
        self._kept.keep(key, answer.body)
        return found

    def _follow(self, link: Link, cancel: CancelToken) -> Answer:
        """The answer behind at most three redirects; away from what an owner typed only public ones."""
        inside = self._typed
        for _ in range(_MAX_HOPS + 1):
            inside = inside and link.origin == self.origin
            answer = self._context.client.get(
                link,
                reach=Reach.CONFIGURED if inside else Reach.PUBLIC,
                limits=Limits(MAX_ANSWER, self._seconds),
                cancel=cancel,
                accept="application/json",
            )
            location = answer.headers.get("location", "")
            if answer.status not in _REDIRECTS or not location:
                return answer
            following = join_link(link, location)
            if link.origin.scheme == "https" and following.origin.scheme == "http":
                raise refused(f"{link.origin.host} passes an encrypted link on to an unencrypted one.")
            link = following
        raise self._unreachable("leads from one page to the next without an end")

    def _understood(self, answer: Answer) -> object:
        """The JSON of an answer, or what is wrong with it as an error."""
        try:
            found = read_json(answer.body)
        except NotJson as error:
            self._check_status(answer, "")
            raise self._unreachable("did not answer with data, but with something else") from error
        if answer.status == 404 and isinstance(found, dict):
            return found
        self._check_status(answer, line(record(found).get("error")))
        return found

    def _check_status(self, answer: Answer, said: str) -> None:
        status = answer.status
        if status == 200:
            return
        why = f"HTTP {status}{': ' + said[:200] if said else ''}"
        wait = parse_retry_after(answer.headers.get("retry-after"), self._context.clock.now())
        if status == 429 or (status == 503 and wait is not None):
            raise self._pace.cool(_BUSY_SECONDS if wait is None else wait, f"{why}.")
        raise self._unreachable(f"answered with {why}")

    def _unreachable(self, what: str) -> AuralError:
        return Unreachable(
            f"{self.name} {what}.",
            "It may be down or busy: try again later, or check its address in the settings.",
            kind=FailureKind.INDEXERS_UNREACHABLE,
        )


class _Kept:
    """Answers of the last minutes, as they came."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._bodies: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            since, body = self._bodies.get(key, (0.0, None))
        return body if body is not None and self._clock.monotonic() - since < _KEPT_SECONDS else None

    def keep(self, key: str, body: bytes) -> None:
        with self._lock:
            self._bodies.pop(key, None)
            self._bodies[key] = (self._clock.monotonic(), body)
            while self._bodies and sum(len(body) for _, body in self._bodies.values()) > _KEPT_BYTES:
                self._bodies.popitem(last=False)


def _plain_host(origin: Origin) -> tuple[str, int]:
    return origin.host.removeprefix("www."), origin.port
