"""Fetches what a release's link leads to, so that a download client never gets a link itself.

Each hop is judged anew. A link may lead into the own network only while we are still at the origin
that its owner configured for this indexer; once outside, never back inside. Downgrades from https to
http are refused, since links of releases carry keys.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable
from urllib.parse import unquote

from auralarchive.domain.failures import FailureKind
from auralarchive.indexers.pacing import parse_retry_after
from auralarchive.net.addresses import Link, Origin, Reach, join_link, parse_link, parse_origin, refused
from auralarchive.net.http import Answer, GuardedClient, Limits
from auralarchive.ports.clients import Payload, PayloadReader
from auralarchive.ports.errors import AuthRefused, Gone, InvalidInput, RateLimited, Unreachable
from auralarchive.ports.indexers import Indexer
from auralarchive.ports.work import CancelToken, Clock

#: The largest NZB of a long book has some 40 MiB, the largest .torrent far less.
FETCH_LIMITS = Limits(max_bytes=64 * 2**20, seconds=60.0)
MAX_HOPS = 5
MAX_MAGNET = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ACCEPT = "application/x-bittorrent, application/x-nzb, */*;q=0.5"
_FILENAME = re.compile(r"filename\*?=(?:UTF-8'')?\"?([^\";]{1,300})", re.IGNORECASE)
_ERROR_TEXT = re.compile(rb"<error[^>]{0,500}?description\s*=\s*[\"']([^\"']{1,300})")


@runtime_checkable
class HasTrust(Protocol):
    """An indexer whose certificate is verified in its own way."""

    @property
    def trust(self) -> ssl.SSLContext | None: ...


@runtime_checkable
class MakesPayload(Protocol):
    """An indexer whose links lead to pages about releases: it makes the payload itself, out of what its site tells."""

    def payload(self, url: str, reader: PayloadReader, cancel: CancelToken) -> Payload | None:
        """The payload behind one of its links; None for a link that is fetched like any other.

        It asks by the address rules and raises what `Fetcher.fetch` raises.
        """


@dataclass(frozen=True, slots=True)
class _Inside:
    """The configured origins that this fetch may still reach, and how they are verified."""

    origins: frozenset[Origin]
    trust: ssl.SSLContext | None = None

    def reach(self, link: Link) -> Reach:
        return Reach.CONFIGURED if link.origin in self.origins else Reach.PUBLIC

    def here(self, link: Link) -> Link:
        """A link to "this machine" by an indexer that runs elsewhere, in a container say, means the indexer's host."""
        if link.origin in self.origins or not link.origin.is_loopback:
            return link
        same = (o for o in self.origins if (o.scheme, o.port) == (link.origin.scheme, link.origin.port))
        own = next(same, None)
        return link if own is None else link.moved_to(own.host)


class LinkFetcher:
    """`ports.indexers.Fetcher` over the guarded client."""

    def __init__(
        self,
        client: GuardedClient,
        reader: PayloadReader,
        indexers: Callable[[], Iterable[Indexer]],
        clock: Clock,
        *,
        limits: Limits = FETCH_LIMITS,
    ) -> None:
        self._client = client
        self._reader = reader
        self._indexers = indexers
        self._clock = clock
        self._limits = limits

    def fetch(self, url: str, *, indexer: str | None, cancel: CancelToken) -> Payload:
        """See the port. A magnet is read at once, a link is asked at most once a hop."""
        if _is_magnet(url):
            return self._magnet(url)
        made = self._made(url, indexer, cancel)
        if made is not None:
            return made
        inside = self._inside(indexer)
        link = inside.here(parse_link(url))
        for _ in range(MAX_HOPS + 1):
            reach = inside.reach(link)
            answer = self._client.get(
                link,
                reach=reach,
                limits=self._limits,
                cancel=cancel,
                accept=_ACCEPT,
                tls=inside.trust if reach is Reach.CONFIGURED else None,
            )
            if answer.status not in _REDIRECTS:
                return self._payload(answer, link)
            location = answer.headers.get("location", "")
            if _is_magnet(location):
                return self._magnet(location)
            if reach is Reach.PUBLIC:
                inside = _Inside(frozenset())
            link = _next(link, location, inside)
        raise InvalidInput(
            f"The link of this release was passed on more than {MAX_HOPS} times.",
            "Choose another release, or check this indexer.",
            kind=FailureKind.FETCH_FAILED,
        )

    def _made(self, url: str, name: str | None, cancel: CancelToken) -> Payload | None:
        """What an indexer makes of its own link."""
        for indexer in self._offering(name):
            made = indexer.payload(url, self._reader, cancel) if isinstance(indexer, MakesPayload) else None
            if made is not None:
                return made
        return None

    def _offering(self, name: str | None) -> tuple[Indexer, ...]:
        """The indexer that offered a link; all of them where it is unknown."""
        indexers = tuple(self._indexers())
        return tuple(indexer for indexer in indexers if indexer.name == name) or indexers

    def _inside(self, name: str | None) -> _Inside:
        """The origins of whoever offered the link."""
        offering = self._offering(name)
        known = offering[0] if offering and offering[0].name == name else None
        trust = known.trust if isinstance(known, HasTrust) else None
        return _Inside(frozenset(parse_origin(indexer.origin) for indexer in offering), trust)

    def _magnet(self, uri: str) -> Payload:
        if len(uri) > MAX_MAGNET:
            raise InvalidInput("The magnet link is far too long.", "Choose another release.")
        return self._reader.magnet(uri.strip())

    def _payload(self, answer: Answer, link: Link) -> Payload:
        self._check_status(answer, link.origin.host)
        start = answer.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:512]
        if start.startswith(b"d") and start[1:2].isdigit():
            return self._reader.torrent(answer.body)
        if start[:8].lower() == b"magnet:?":
            return self._magnet(answer.body[: MAX_MAGNET + 1].decode("utf-8", "replace"))
        if _is_xml(answer.body, start):
            return self._reader.nzb(answer.body, _name(answer, link))
        raise _no_payload(answer, start, link.origin.host)

    def _check_status(self, answer: Answer, host: str) -> None:
        status = answer.status
        if status == 200:
            return
        said = _said(answer)
        if status in (404, 410):
            raise Gone(f"{host} no longer has this release{said}.", "Choose another release.")
        if status == 429:
            wait = parse_retry_after(answer.headers.get("retry-after"), self._clock.now())
            raise RateLimited(
                f"{host} gives out no more releases for now{said}.", "It is tried again later.", retry_after=wait
            )
        if status in (401, 403):
            raise AuthRefused(
                f"{host} refuses to give out this release (HTTP {status}){said}.",
                "Check the account and key of this indexer; links of some sites expire, so search anew.",
                kind=FailureKind.FETCH_FAILED,
            )
        raise Unreachable(
            f"{host} answered with HTTP {status} instead of the release{said}.",
            "Try again later, or choose another release.",
            kind=FailureKind.FETCH_FAILED,
        )


def _next(link: Link, location: str, inside: _Inside) -> Link:
    """Where a redirect leads, judged like any link. Raises `InvalidInput`."""
    if not location:
        raise refused(f"{link.origin.host} passes the link on, but does not say where to.")
    following = inside.here(join_link(link, location))
    if link.origin.scheme == "https" and following.origin.scheme == "http":
        raise refused(
            f"{link.origin.host} passes an encrypted link on to an unencrypted one, which would show its key."
        )
    return following


def _is_magnet(text: str) -> bool:
    return text.lstrip()[:8].lower() == "magnet:?"


def _is_xml(body: bytes, start: bytes) -> bool:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    lowered = start.lower()
    return lowered.startswith((b"<?xml", b"<nzb", b"<!doctype nzb", b"<error", b"<!--")) and b"<html" not in lowered


def _no_payload(answer: Answer, start: bytes, host: str) -> InvalidInput:
    if (
        b"<html" in start.lower()
        or b"<!doctype html" in start.lower()
        or "html" in answer.headers.get("content-type", "")
    ):
        return InvalidInput(
            f"{host} answered with a web page instead of the release.",
            "It may ask you to sign in or to pass a browser check: renew its cookie or key where it is configured.",
        )
    return InvalidInput(
        f"What {host} gave out is neither a torrent nor an NZB.", "Choose another release, or check this indexer."
    )


def _said(answer: Answer) -> str:
    """The words of an error element, where there is one."""
    found = _ERROR_TEXT.search(answer.body[:4_000])
    text = "".join(c for c in found[1].decode("utf-8", "replace") if c.isprintable()) if found else ""
    # A description could repeat the link with its key.
    return f': "{text}"' if text and "://" not in text and "apikey" not in text.lower() else ""


def _name(answer: Answer, link: Link) -> str:
    """The name that a file is offered under, as text: nobody makes a path of it."""
    header = _FILENAME.search(answer.headers.get("content-disposition", ""))
    name = unquote(header[1] if header else link.url.path.rsplit("/", 1)[-1])
    name = "".join(character for character in name if character.isprintable()).strip()
    return name.removesuffix(".nzb")[:200] or "release"
