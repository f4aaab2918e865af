"""The demo's indexer: a small Torznab feed that knows one book in three editions."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import SplitResult, parse_qs, urlencode
from xml.etree import ElementTree as ET

from auralarchive.demo.loopback import Reply
from auralarchive.demo.swarm import DemoTorrent

_NAMESPACE = "http://torznab.com/schemas/2015/feed"
_AUDIOBOOK = "3030"
_XML = "application/rss+xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Offer:
    """One search result: a release's title as uploaders write them, and the torrent behind it."""

    title: str
    author: str
    book: str
    torrent: DemoTorrent
    seeders: int


class TorznabFeed:
    """Answers `/api?t=caps|search|book` and `/download/N.torrent`, all but the caps by key."""

    def __init__(self, offers: Sequence[Offer], api_key: str, published_at: datetime | None = None) -> None:
        self._offers = offers
        self._api_key = api_key
        self._published_at = published_at or datetime.now(UTC)

    def page(self, url: SplitResult, base: str) -> Reply:
        """The answer to a GET of `url`; `base` is where links of the feed shall lead."""
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/api" and query.get("t") == "caps":
            return _xml(_caps())
        if not hmac.compare_digest(query.get("apikey", "").encode(), self._api_key.encode()):
            return _error(100, "Incorrect user credentials: copy the demo's API key from its terminal.")
        if url.path.startswith("/download/"):
            return self._download(url.path)
        if url.path != "/api":
            return Reply(b"no such page", status=404)
        if query.get("t") not in ("search", "book"):
            return _error(202, "No such function: the demo knows caps, search and book.")
        return _xml(self._results(query, base))

    def _download(self, path: str) -> Reply:
        number = path.removeprefix("/download/").removesuffix(".torrent")
        if not number.isdecimal() or int(number) >= len(self._offers):
            return Reply(b"no such torrent", status=404)
        return Reply(self._offers[int(number)].torrent.data, "application/x-bittorrent")

    def _results(self, query: dict[str, str], base: str) -> ET.Element:
        found = [(number, offer) for number, offer in enumerate(self._offers) if _matches(offer, query)]
        offset, limit = _number(query.get("offset"), 0), _number(query.get("limit"), 100)
        rss = ET.Element("rss", {"version": "2.0", "xmlns:torznab": _NAMESPACE})
        channel = ET.SubElement(rss, "channel")
        _text(channel, "title", "AuralArchive demo")
        for number, offer in found[offset : offset + limit]:
            self._add_item(channel, number, offer, base)
        return rss

    def _add_item(self, channel: ET.Element, number: int, offer: Offer, base: str) -> None:
        link = f"{base}/download/{number}.torrent?{urlencode({'apikey': self._api_key})}"
        item = ET.SubElement(channel, "item")
        _text(item, "title", offer.title)
        _text(item, "guid", f"auralarchive-demo-{offer.torrent.info_hash}")
        _text(item, "link", link)
        _text(item, "pubDate", format_datetime(self._published_at))
        _text(item, "size", str(offer.torrent.size))
        attributes = {"url": link, "length": str(offer.torrent.size), "type": "application/x-bittorrent"}
        ET.SubElement(item, "enclosure", attributes)
        for name, value in _attributes(offer).items():
            ET.SubElement(item, "torznab:attr", {"name": name, "value": value})


def _attributes(offer: Offer) -> dict[str, str]:
    return {
        "category": _AUDIOBOOK,
        "size": str(offer.torrent.size),
        "files": str(offer.torrent.files),
        "seeders": str(offer.seeders),
        "peers": str(offer.seeders),
        "infohash": offer.torrent.info_hash,
        "author": offer.author,
        "booktitle": offer.book,
        "downloadvolumefactor": "0",
        "uploadvolumefactor": "1",
    }


def _matches(offer: Offer, query: dict[str, str]) -> bool:
    """Every word of the query is somewhere in the offer, and the category is wanted."""
    wanted = query.get("cat")
    if wanted and not {"3000", _AUDIOBOOK} & set(wanted.split(",")):
        return False
    there = f"{offer.title} {offer.author} {offer.book}".casefold()
    words = " ".join(query.get(name, "") for name in ("q", "author", "title")).casefold().split()
    return all(word in there for word in words)


def _caps() -> ET.Element:
    caps = ET.Element("caps")
    ET.SubElement(caps, "server", {"title": "AuralArchive demo"})
    ET.SubElement(caps, "limits", {"default": "100", "max": "100"})
    searching = ET.SubElement(caps, "searching")
    ET.SubElement(searching, "search", {"available": "yes", "supportedParams": "q"})
    ET.SubElement(searching, "book-search", {"available": "yes", "supportedParams": "q,author,title"})
    audio = ET.SubElement(ET.SubElement(caps, "categories"), "category", {"id": "3000"})
    audio.set("name", "Audio")
    ET.SubElement(audio, "subcat", {"id": _AUDIOBOOK, "name": "Audio/Audiobook"})
    return caps


def _error(code: int, description: str) -> Reply:
    return _xml(ET.Element("error", {"code": str(code), "description": description}))


def _xml(root: ET.Element) -> Reply:
    return Reply(ET.tostring(root, encoding="utf-8", xml_declaration=True), _XML)


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else default
