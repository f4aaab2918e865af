"""Torznab and Newznab: one protocol, two kinds of releases. Prowlarr and Jackett speak it, too.

A search goes from the exact to the loose and stops at the first step that finds something:
book search by author and title, by title alone, then plain words. Only parameters that the indexer's
capabilities list are sent. Keys stand in links only while asking; no message ever carries one.
"""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from auralarchive.domain.failures import FailureKind
from auralarchive.domain.release import Release, SearchQuery
from auralarchive.domain.seeding import SeedGoal
from auralarchive.domain.status import DownloadType
from auralarchive.indexers.caps import Caps, choose_categories, read_caps
from auralarchive.indexers.context import IndexerContext
from auralarchive.indexers.feed import MAX_ITEMS, Feed, FeedRefused, read_feed
from auralarchive.indexers.pacing import Pace, parse_retry_after
from auralarchive.indexers.releases import FeedContext, releases_of
from auralarchive.net.addresses import Link, Reach, parse_link, redact
from auralarchive.net.http import Answer, Limits
from auralarchive.ports.adapters import SELDOM
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import (
    AuthRefused,
    InvalidInput,
    Misconfigured,
    PermanentError,
    Unreachable,
)
from auralarchive.ports.indexers import IndexerReport
from auralarchive.ports.work import CancelToken

_MAX_PAGES = 30
_MAX_FEED = 32 * 2**20
_CAPS_SECONDS = 12 * 3600.0
_REFUSED_SECONDS = 3600.0
_DISABLED_SECONDS = 300.0  # "disabled till …": Prowlarr tells a local time, so just look again soon
_NO_ITEM = 300  # an error that is none: so some say that they found nothing
_SIGNS = re.compile(r"[^\w\s'’.&+-]+")
_TOO_OFTEN = re.compile(r"limit reached|too many requests|rate limit|disabled till|recent failures", re.IGNORECASE)


class TorznabSettings(BaseModel):
    """How one Torznab or Newznab indexer is asked."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    url: str = Field(title="URL", description="As Prowlarr, Jackett or the indexer itself shows it.", min_length=1)
    api_key: SecretStr = Field(default=SecretStr(""), title="API key")
    categories: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(3030,), title="Categories", description="3030 are audiobooks; chosen by name where numbers differ."
    )
    api_path: str = Field(default="/api", title="API path", pattern=r"^[A-Za-z0-9_./-]*$")
    minimum_seeders: int = Field(default=1, title="Minimum seeders", ge=0, le=1_000_000)
    seed_ratio: float | None = Field(
        default=None, title="Seed ratio", ge=0, le=1e6, description="Empty: the general setting."
    )
    seed_time_minutes: int | None = Field(
        default=None, title="Seed time (minutes)", ge=0, le=10_000_000, json_schema_extra=SELDOM
    )
    timeout_seconds: float = Field(default=30.0, title="Time-out (seconds)", gt=0, le=300, json_schema_extra=SELDOM)
    min_interval_seconds: float = Field(
        default=0.5, title="Pause between requests (seconds)", ge=0, le=3600, json_schema_extra=SELDOM
    )
    verify_tls: bool = Field(
        default=True, title="Verify the certificate", description="Off lets others listen.", json_schema_extra=SELDOM
    )
    ca_file: str | None = Field(default=None, title="File of its certificate authority", json_schema_extra=SELDOM)

    @field_validator("url")
    @classmethod
    def _is_link(cls, value: str) -> str:
        try:
            link = parse_link(value)
        except InvalidInput as error:
            raise ValueError(error.reason) from error
        if link.url.query:
            raise ValueError("Enter the address without anything after a question mark, and the key in its own field.")
        return value.strip()


class TorznabIndexer:
    """One configured indexer that speaks Torznab or Newznab."""

    def __init__(self, name: str, kind: DownloadType, settings: TorznabSettings, context: IndexerContext) -> None:
        self._name = name
        self._kind = kind
        self._settings = settings
        self._context = context
        self._endpoint = _endpoint(settings)
        self._pace = Pace(name, context.clock, settings.min_interval_seconds)
        self._lock = threading.Lock()
        self._caps: tuple[float, Caps] | None = None
        self._refused: tuple[float, AuthRefused] | None = None
        self._tls = _tls(settings, name)

    @property
    def name(self) -> str:
        return self._name

    @property
    def type(self) -> str:
        return "torznab" if self._kind is DownloadType.TORRENT else "newznab"

    @property
    def origin(self) -> str:
        return str(self._endpoint.origin)

    @property
    def seed_goal(self) -> SeedGoal:
        minutes = self._settings.seed_time_minutes
        return SeedGoal(self._settings.seed_ratio, None if minutes is None else minutes * 60)

    @property
    def trust(self) -> ssl.SSLContext | None:
        """How its certificate is verified; None is the usual way."""
        return self._tls

    def search(self, query: SearchQuery, cancel: CancelToken) -> tuple[Release, ...]:
        self._check_refusal()
        self._pace.check()
        caps = self._capabilities(cancel)
        categories = choose_categories(self._settings.categories, caps)
        for step in _steps(query, caps):
            found = self._pages(step, categories, caps, cancel)
            if found:
                return found
        return ()

    def test(self) -> IndexerReport:
        cancel = CancelToken()
        self._caps = self._refused = None
        caps = self._capabilities(cancel)
        # Capabilities are often free for all: only a search proves the key. Finding nothing is fine.
        categories = choose_categories(self._settings.categories, caps)
        self._ask(self._parameters({"t": "search"}, categories, 1, 0), cancel)
        return IndexerReport(caps.title or self._name, tuple(self._findings(caps, categories)))

    def close(self) -> None:
        """Nothing is kept open."""

    def _findings(self, caps: Caps, categories: tuple[int, ...]) -> Iterator[Finding]:
        how = "by author and title" if caps.book else "by words"
        yield Finding(True, self._name, f"It answers, accepts the key and can be searched {how}.")
        if not categories:
            yield Finding(
                False,
                self._name,
                "It lists none of the chosen categories, so all of them are searched.",
                "Choose categories that it has; audiobooks are mostly 3030.",
            )
        if not self._settings.verify_tls:
            yield Finding(
                False,
                self._name,
                "Its certificate is not verified: others on the network could read the key.",
                "Name the file of its certificate authority instead, and verify again.",
            )

    def _pages(
        self, step: Mapping[str, str], categories: tuple[int, ...], caps: Caps, cancel: CancelToken
    ) -> tuple[Release, ...]:
        """All pages of one search; many ignore the offset and repeat the first, which ends it, too."""
        found: dict[str, Release] = {}
        for page in range(_MAX_PAGES):
            parameters = self._parameters(step, categories, caps.page_size, page * caps.page_size)
            feed = self._ask(parameters, cancel)
            releases = self._releases(feed, caps)
            fresh = {_identity(release): release for release in releases if _identity(release) not in found}
            found.update(fresh)
            if len(feed.items) < caps.page_size or not fresh or len(found) >= MAX_ITEMS:
                break
        return tuple(found.values())[:MAX_ITEMS]

    def _releases(self, feed: Feed, caps: Caps) -> tuple[Release, ...]:
        context = FeedContext(
            indexer=self._name,
            download_type=self._kind,
            base=self._endpoint,
            new_id=self._context.new_id,
            category_ids=caps.category_ids,
            minimum_seeders=self._settings.minimum_seeders,
        )
        return releases_of(feed.items, context)

    def _parameters(
        self, step: Mapping[str, str], categories: tuple[int, ...], limit: int, offset: int
    ) -> dict[str, str]:
        parameters = {**step, "extended": "1", "limit": str(limit), "offset": str(offset)}
        if categories:
            parameters["cat"] = ",".join(str(category) for category in categories)
        return parameters

    def _capabilities(self, cancel: CancelToken) -> Caps:
        now = self._context.clock.monotonic()
        with self._lock:
            if self._caps is not None and now - self._caps[0] < _CAPS_SECONDS:
                return self._caps[1]
        try:
            feed = self._ask({"t": "caps"}, cancel)
        except PermanentError:
            feed = Feed()  # it has no such function: what everybody can do will do
        caps = read_caps(feed)
        with self._lock:
            self._caps = (now, caps)
        return caps

    def _check_refusal(self) -> None:
        """A wrong key is not tried again and again: some lock the account for that."""
        if self._refused is not None and self._context.clock.monotonic() - self._refused[0] < _REFUSED_SECONDS:
            error = self._refused[1]
            raise AuthRefused(error.reason, error.remedy, kind=error.kind)

    def _ask(self, parameters: Mapping[str, str], cancel: CancelToken) -> Feed:
        self._pace.wait(cancel)
        key = self._settings.api_key.get_secret_value()
        query = {**parameters, "apikey": key} if key else dict(parameters)
        answer = self._context.client.get(
            Link(self._endpoint.url.copy_merge_params(query), self._endpoint.origin),
            reach=Reach.CONFIGURED,
            limits=Limits(_MAX_FEED, self._settings.timeout_seconds),
            cancel=cancel,
            accept="application/rss+xml, application/xml, text/xml",
            tls=self._tls,
        )
        return self._understood(answer)

    def _understood(self, answer: Answer) -> Feed:
        """The feed of an answer, or what is wrong with it as an error. Sites send errors with any status."""
        try:
            feed = read_feed(answer.body)
        except FeedRefused as refusal:
            self._check_status(answer)
            raise self._unreachable(
                f"{self._name} did not answer with a feed: {refusal}.",
                "Check its URL and API path; it may be down, or ask for a browser in between.",
            ) from refusal
        if feed.error_code == _NO_ITEM and answer.status == 200:
            return Feed(root="rss")
        if feed.error_code is not None:
            self._raise_error(feed, answer)
        self._check_status(answer)
        if feed.root not in ("rss", "caps", "feed", "rdf"):
            raise self._unreachable(
                f"{self._name} did not answer with a feed.", "Check its URL and API path in the settings."
            )
        return feed

    def _check_status(self, answer: Answer) -> None:
        status = answer.status
        if status == 200:
            return
        if status == 429:
            raise self._pace.cool(self._retry_after(answer), "it was asked too often.")
        if status in (401, 403):
            raise self._refuse(f"{self._name} refuses the API key (HTTP {status}).")
        if 300 <= status < 400:
            raise Misconfigured(
                f"{self._name} moves us to another address (HTTP {status}).",
                "Enter the address that it leads to, with its URL base, in the indexer's settings.",
                kind=FailureKind.INDEXERS_UNREACHABLE,
            )
        raise self._unreachable(
            f"{self._name} answered with HTTP {status}.", "Check its URL and API path, and whether it is enabled there."
        )

    def _raise_error(self, feed: Feed, answer: Answer) -> None:
        """The error element, by its code (see the Newznab specification) and by what it says."""
        code = feed.error_code or 900
        text = (
            redact(feed.error_text, self._settings.api_key.get_secret_value()).strip().rstrip(".") or "no reason given"
        )
        if code in (429, 500, 501) or answer.status == 429 or _TOO_OFTEN.search(text):
            pause = self._retry_after(answer)
            if pause is None and "disabled" in text.lower():
                pause = _DISABLED_SECONDS
            raise self._pace.cool(pause, f"{text}.")
        if 100 <= code < 200 or answer.status in (401, 403):
            raise self._refuse(f"{self._name} refuses the API key or account: {text}.")
        if 200 <= code < 300:
            raise PermanentError(
                f"{self._name} does not understand the request: {text}.",
                "Check its type, API path and categories in the settings.",
                kind=FailureKind.INDEXERS_UNREACHABLE,
            )
        raise self._unreachable(f"{self._name} reports an error: {text}.", "Try again later, or look at its own page.")

    def _retry_after(self, answer: Answer) -> float | None:
        return parse_retry_after(answer.headers.get("retry-after"), self._context.clock.now())

    def _refuse(self, reason: str) -> AuthRefused:
        remedy = "Enter the current key in the indexer's settings, and test it there."
        error = AuthRefused(reason, remedy, kind=FailureKind.INDEXERS_UNREACHABLE)
        self._refused = (self._context.clock.monotonic(), error)
        return error

    def _unreachable(self, reason: str, remedy: str) -> Unreachable:
        return Unreachable(reason, remedy, kind=FailureKind.INDEXERS_UNREACHABLE)


def make_torznab(name: str, settings: TorznabSettings, context: IndexerContext) -> TorznabIndexer:
    """An indexer of torrents."""
    return TorznabIndexer(name, DownloadType.TORRENT, settings, context)


def make_newznab(name: str, settings: TorznabSettings, context: IndexerContext) -> TorznabIndexer:
    """An indexer of NZBs."""
    return TorznabIndexer(name, DownloadType.NZB, settings, context)


def _endpoint(settings: TorznabSettings) -> Link:
    base = settings.url.rstrip("/")
    path = settings.api_path.strip("/")
    complete = not path or base.endswith(f"/{path}")
    return parse_link(base if complete else f"{base}/{path}")


def _tls(settings: TorznabSettings, name: str) -> ssl.SSLContext | None:
    if not settings.verify_tls:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if settings.ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(
            f"The certificate authority of {name} cannot be read from {settings.ca_file}.",
            "Name a file in PEM format that this program may read.",
            kind=FailureKind.PERMISSION,
        ) from error


def _steps(query: SearchQuery, caps: Caps) -> Iterator[dict[str, str]]:
    """The requests of one search, the most exact first."""
    title, author = _terms(query.title, caps), _terms(query.author, caps)
    book = caps.book or frozenset()
    if title and author and {"author", "title"} <= book:
        yield {"t": "book", "author": author, "title": title}
    if title and "title" in book:
        yield {"t": "book", "title": title}
    words = [_terms(query.text, caps)] if query.text else [f"{title} {author}", f"{author} {title}", title or author]
    kind = "search" if caps.search is not None else "book"
    for text in dict.fromkeys(text.strip() for text in words):
        if text:
            yield {"t": kind, "q": text}


def _terms(text: str | None, caps: Caps) -> str:
    """Words as the indexer's search engine likes them: without signs, except where it takes them raw."""
    if not text:
        return ""
    return " ".join((text if caps.raw else _SIGNS.sub(" ", text)).split())[:300]


def _identity(release: Release) -> str:
    return release.guid or release.info_hash or release.download_url
