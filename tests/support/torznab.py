"""A real Torznab and Newznab server on 127.0.0.1, with faults on demand.

    with TorznabServer() as server:
        server.add("The Salt Harbour by Mira Okonjo [ENG / M4B]", torrent.data, size=180_000_000)
        ...  # an indexer with server.url and server.api_key finds it and can fetch it
        server.fault = Fault(status=429, headers={"Retry-After": "60"})

`fault` answers API requests, `download_fault` answers downloads; None is the normal course. While `gate` is an
event that is not set, searches are not answered.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self, cast
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape, quoteattr

_RSS = (
    '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:torznab="http://torznab.com/schemas/2015/feed" '
    'xmlns:newznab="http://www.newznab.com/DTD/2010/feeds/attributes/"><channel><title>Test</title>{items}</channel></rss>'
)
_CAPS = (
    '<?xml version="1.0" encoding="UTF-8"?><caps><server title="Test indexer"/><limits default="100" max="100"/>'
    '<searching><search available="yes" supportedParams="q"/>'
    '<book-search available="yes" supportedParams="q,author,title"/></searching>'
    '<categories><category id="3000" name="Audio"><subcat id="3030" name="Audio/Audiobook"/></category>'
    '<category id="7000" name="Books"><subcat id="7020" name="Books/EBook"/></category></categories></caps>'
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A wrong answer: a whole one, an endless one (`endless` is repeated for ever), or one that comes drop by drop."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    endless: bytes = b""
    drop_seconds: float = 0.0  # pause before each byte of the body
    length: int | None = None  # a Content-Length that may be a lie


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing on offer."""

    number: int
    title: str
    payload: bytes | str  # the file, a magnet or another link
    size: int | None
    seeders: int | None
    categories: tuple[int, ...]
    attributes: dict[str, str]

    @property
    def is_nzb(self) -> bool:
        return isinstance(self.payload, bytes) and self.payload.lstrip()[:1] == b"<"


class TorznabServer:
    """Serves what was added. `requests` lists every request; `caps` and `page` replace the usual answers."""

    def __init__(self, api_key: str = "test-key-0123456789") -> None:
        self.api_key = api_key
        self.offers: list[Offer] = []
        self.requests: list[Seen] = []
        self.fault: Fault | None = None
        self.download_fault: Fault | None = None
        self.gate: threading.Event | None = None
        self.caps = _CAPS
        self.page: str | None = None  # a whole feed instead of the offers
        self.match_all = False  # offer everything, whatever is asked for
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        """The indexer's address, to be entered with the API path `/api`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(
        self,
        title: str,
        payload: bytes | str,
        *,
        size: int | None = None,
        seeders: int | None = 5,
        categories: Sequence[int] = (3030,),
        **attributes: str,
    ) -> Offer:
        """Offer a .torrent or .nzb (bytes), a magnet or another link (str); further attributes by their names."""
        offer = Offer(len(self.offers) + 1, title, payload, size, seeders, tuple(categories), attributes)
        self.offers.append(offer)
        return offer

    def link(self, offer: Offer) -> str:
        """Where an offer is fetched."""
        if isinstance(offer.payload, str):
            return offer.payload
        return f"{self.url}/download/{offer.number}?apikey={self.api_key}"

    def feed(self, query: dict[str, str]) -> str:
        """The answer to a search."""
        if self.page is not None:
            return self.page
        words = " ".join(query.get(name, "") for name in ("q", "author", "title")).casefold().split()
        found = [offer for offer in self.offers if self.match_all or _matches(offer, words)]
        offset, limit = int(query.get("offset", 0)), int(query.get("limit", 100))
        return _RSS.format(items="".join(self._item(offer) for offer in found[offset : offset + limit]))

    def _item(self, offer: Offer) -> str:
        link = self.link(offer)
        size = offer.size if offer.size is not None else len(offer.payload)
        kind = "application/x-nzb" if offer.is_nzb else "application/x-bittorrent"
        attributes = [("size", str(size)), *(("category", str(category)) for category in offer.categories)]
        if offer.seeders is not None and not offer.is_nzb:
            attributes += [("seeders", str(offer.seeders)), ("peers", str(offer.seeders + 1))]
        attributes += offer.attributes.items()
        return (
            f"<item><title>{escape(offer.title)}</title><guid>{self.url}/details/{offer.number}</guid>"
            f"<pubDate>Mon, 02 Nov 2026 10:00:00 +0000</pubDate><link>{escape(link)}</link>"
            f'<enclosure url={quoteattr(link)} length="{size}" type="{kind}"/>{_attrs(attributes)}</item>'
        )


def _attrs(attributes: Iterable[tuple[str, str]]) -> str:
    return "".join(f"<torznab:attr name={quoteattr(name)} value={quoteattr(value)}/>" for name, value in attributes)


def _matches(offer: Offer, words: list[str]) -> bool:
    return all(word in offer.title.casefold() for word in words)


def send_fault(handler: BaseHTTPRequestHandler, fault: Fault) -> None:
    """Answer by `fault`, for as long as the reader wants it."""
    handler.send_response(fault.status)
    for name, value in fault.headers.items():
        handler.send_header(name, value)
    if not fault.endless:
        handler.send_header("Content-Length", str(len(fault.body) if fault.length is None else fault.length))
    handler.send_header("Connection", "close")
    handler.end_headers()
    try:
        _write_fault(handler, fault)
    except OSError:
        return  # the reader had enough


def _write_fault(handler: BaseHTTPRequestHandler, fault: Fault) -> None:
    if fault.drop_seconds:
        for value in fault.body:
            time.sleep(fault.drop_seconds)
            handler.wfile.write(bytes([value]))
    else:
        handler.wfile.write(fault.body)
    while fault.endless:
        handler.wfile.write(fault.endless)


class _Server(ThreadingHTTPServer):
    owner: TorznabServer
    daemon_threads = True
    block_on_close = False  # an endless answer ends with its reader


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        owner = cast("_Server", self.server).owner
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        owner.requests.append(Seen(parts.path, query, {name.lower(): value for name, value in self.headers.items()}))
        self.close_connection = True
        if parts.path == "/api":
            self._api(owner, query)
        elif parts.path.startswith("/download/"):
            self._download(owner, int(parts.path.rpartition("/")[2]))
        else:
            self._send(404, b"nothing here", "text/plain")

    def _api(self, owner: TorznabServer, query: dict[str, str]) -> None:
        if owner.fault is not None:
            send_fault(self, owner.fault)
        elif query.get("t") == "caps":
            self._send(200, owner.caps.encode())
        elif query.get("apikey") != owner.api_key:
            self._send(200, b'<error code="100" description="Incorrect user credentials"/>')
        else:
            if owner.gate is not None:
                owner.gate.wait(20)
            self._send(200, owner.feed(query).encode())

    def _download(self, owner: TorznabServer, number: int) -> None:
        if owner.download_fault is not None:
            send_fault(self, owner.download_fault)
            return
        offer = owner.offers[number - 1]
        assert isinstance(offer.payload, bytes)
        self._send(200, offer.payload, "application/x-nzb" if offer.is_nzb else "application/x-bittorrent")

    def _send(self, status: int, body: bytes, content_type: str = "application/rss+xml") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 -- named by the base class
        """Nothing: the tests look at `requests`."""
